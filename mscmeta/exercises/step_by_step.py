"""Answers of notebooks/comparison/step_by_step.ipynb: contributions in one order and averaged over orders."""

from __future__ import annotations

from mscmeta.between import STEPS, way
from mscmeta.exercises import Answer
from mscmeta.steps import contributions, walk

_BY_HAND = [[0, 5], [2, 6]]


def _way(outcome):
    return way(outcome, 12, tau2="DL", ci="Wald")


def _scale(position):
    """What "one scale" adds when it is made at this place (-1: last)."""
    keys = [key for key in STEPS if key != "units"]
    keys.insert(len(keys) if position < 0 else position, "units")
    answers = walk(_way("pain").estimate, [list(STEPS).index(key) for key in keys])
    at = keys.index("units")
    return answers[at + 1] - answers[at]


ANSWERS = {
    1: Answer(
        lambda: _scale(-1),
        tolerance=0.005,
        unit="cm",
        wrong={
            lambda: _scale(1): "that is what it adds early, in the order of the waterfall",
            lambda: float(_way("pain").seen.average[list(STEPS).index("units")]): "that is the average over all orders",
            lambda: -_scale(-1): "a contribution is the answer after the step minus the one before",
        },
    ),
    2: Answer(
        lambda: tuple(contributions(_BY_HAND).average),
        tolerance=0.001,
        wrong={
            lambda: tuple(contributions(_BY_HAND).average[::-1]): "that is the right pair in the other order",
            (2, 5): "that is what each adds when it is made first",
            (2, 4): "that is the one order in which A comes first",
            (1, 5): "that is the one order in which B comes first",
        },
    ),
    3: Answer(
        lambda: sum(_way("function").hidden),
        tolerance=0.005,
        unit="points",
        wrong={
            lambda: sum(abs(x) for x in _way("function").hidden): "that counts the two parts without their signs",
            lambda: _way("function").seen.gap: "that is what the visible choices make",
            lambda: _way("function").gap: "that is the whole way",
            lambda: -sum(_way("function").hidden): "second answer minus first: mind the sign",
        },
    ),
}
