"""Answers of notebooks/methods/forest_plot.ipynb: pain at six months against placebo, cm of ten."""

from __future__ import annotations

import numpy as np

from mscmeta import data, pool
from mscmeta.exercises import Answer


def _trials(comparators="placebo"):
    return data.contrasts("cochrane2025", "pain", 6, comparators=comparators)


def _pooled(trials, tau2="REML", ci="HK-floor"):
    return pool(trials.y, trials.v, tau2=tau2, ci=ci)


def _by_weight(rank):
    """Label of the trial with the rank-th largest weight; -1 is the smallest."""
    trials = _trials()
    return trials.label.iloc[np.argsort(-_pooled(trials).weights)[rank]]


def _furthest(trials):
    return int(np.abs(trials.y - _pooled(trials).estimate).to_numpy().argmax())


def _width(tau2, ci):
    interval = _pooled(_trials(), tau2, ci).ci
    return interval.high - interval.low


def _i2_without(place):
    trials = _trials()
    return _pooled(trials.drop(index=trials.index[place(trials)])).i2


def _old_over(tau2="REML", ci="HK-floor"):
    return _width("DL", "Wald") / _width(tau2, ci)


ANSWERS = {
    1: Answer(
        lambda: _by_weight(0),
        wrong={
            lambda: _by_weight(-1): "that one has the longest bar and the smallest square; a long bar says least",
            lambda: _trials().label.iloc[
                _furthest(_trials())
            ]: "that one lies furthest out; look for the largest square",
            lambda: _by_weight(1): "that is the second largest square",
        },
    ),
    2: Answer(
        _old_over,
        tolerance=0.005,
        wrong={
            lambda: 1 / _old_over(): "turn the ratio round: the old width over the new one",
            lambda: 1 - _old_over(): "that is by how much it is narrower; give the old width over the new one",
            lambda: _old_over(ci="Wald"): "that changes the estimator only; the interval's rule changed as well",
        },
    ),
    3: Answer(
        lambda: _i2_without(_furthest),
        tolerance=0.005,
        wrong={
            lambda: _pooled(_trials()).i2: "that is with all trials",
            lambda: _i2_without(lambda trials: int(_pooled(trials).weights.argmax())): "that leaves out the heaviest "
            "trial; leave out the one that lies furthest from the diamond",
            lambda: 100 * _i2_without(_furthest): "give a share, not a percentage",
        },
    ),
    4: Answer(
        lambda: _pooled(_trials("hyaluronic acid")).estimate,
        tolerance=0.01,
        unit="cm",
        wrong={
            lambda: _pooled(_trials()).estimate: "that is against placebo",
            lambda: _pooled(_trials("hyaluronic acid"), "FE", "Wald").estimate: "that is with a common effect",
            lambda: -_pooled(_trials("hyaluronic acid")).estimate: "the sign: cells minus control, below zero favours "
            "cells",
        },
    ),
}
