"""Answers of notebooks/comparison/multiverse.ipynb: smaller universes, shares and the choice that matters."""

from __future__ import annotations

from functools import cache

from mscmeta.exercises import Answer
from mscmeta.multiverse import importance, multiverse_of, shares


@cache
def _placebo():
    return multiverse_of("pain", 6, choices={"comparator": ["placebo"]})


def _by(column):
    found = importance(multiverse_of("function", 12))
    return found.sort_values(column, ascending=False).choice.iloc[0]


ANSWERS = {
    1: Answer(
        lambda: _placebo().distinct,
        tolerance=0,
        wrong={
            lambda: _placebo().combinations: "those are the combinations; many are the same analysis",
            lambda: multiverse_of("pain", 12, choices={"comparator": ["placebo"]}).distinct: "that is at twelve months",
            lambda: multiverse_of("pain", 6).distinct: "that is the whole universe",
        },
    ),
    2: Answer(
        lambda: shares(_placebo())["beyond"],
        tolerance=0.0005,
        wrong={
            lambda: shares(multiverse_of("pain", 6))["beyond"]: "that is the share among all analyses",
            lambda: 1 - shares(_placebo())["beyond"]: "that is the share on the other side of the MID",
            lambda: shares(_placebo())["better"]: "that is the share in favour of cells, however small the benefit",
        },
    ),
    3: Answer(
        lambda: _by("change"),
        wrong={
            "trials": "the set of trials moves it, but another choice moves it more",
            "weak": "leaving out weak rows moves it less",
            "tau2": "the estimator of tau squared hardly moves it",
        },
    ),
}
