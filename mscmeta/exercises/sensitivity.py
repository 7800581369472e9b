"""Answers of notebooks/methods/sensitivity.ipynb: pain at three to six months, the trials of Sadeghirad 2024."""

from __future__ import annotations

from functools import cache

import numpy as np

from mscmeta import data, gosh, leave_one_out, pool
from mscmeta.exercises import Answer


def _trials():
    return data.contrasts("sadeghirad2024", "pain", 6)


def _shifts(tau2="FE", ci="Wald"):
    trials = _trials()
    return abs(
        leave_one_out(trials.y, trials.v, tau2=tau2, ci=ci).estimate - pool(trials.y, trials.v, tau2=tau2).estimate
    )


def _name(values, rank=0):
    return _trials().label.iloc[np.argsort(-np.asarray(values))[rank]]


@cache
def _without_two(pick=np.argmax):
    trials = _trials()
    subsets = gosh(trials.y, trials.v, tau2="DL", ci="Wald")
    pairs = subsets.k == len(trials) - 2
    out = ~subsets.mask[:, pairs][:, pick(subsets.estimate[pairs])]
    return frozenset(trials.label[out])


def _strongest(number=2):
    trials = _trials()
    return frozenset(trials.label.iloc[np.argsort(trials.y.to_numpy())[:number]])


def _one_less(tau2="REML"):
    trials = _trials()
    estimates = leave_one_out(trials.y, trials.v, tau2=tau2, ci="HK-floor").estimate
    return float(estimates.min()), float(estimates.max())


ANSWERS = {
    1: Answer(
        lambda: _name(_shifts()),
        wrong={
            lambda: _name(_shifts(), 2): "that shifts it, but others shift it more",
            lambda: _name(_shifts(), -1): "that one hardly matters",
            lambda: _name(1 / _trials().v): "that is the heaviest; weight alone does not decide",
        },
    ),
    2: Answer(
        _without_two,
        wrong={
            lambda: _without_two(np.argmin): "without these it moves away from no difference",
            lambda: _strongest(1): "two are asked for",
            lambda: _strongest(3): "that is one too many",
        },
    ),
    3: Answer(
        _one_less,
        tolerance=0.01,
        unit="cm",
        wrong={
            lambda: _one_less()[::-1]: "the lowest comes first: the more negative one",
            lambda: _one_less("FE"): "that is with a common effect",
            lambda: tuple(pool(_trials().y, _trials().v, tau2="REML", ci="HK-floor").ci): "that is the interval of all "
            "trials; the effects without one trial are asked for",
        },
    ),
}
