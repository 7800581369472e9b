"""Answers of notebooks/comparison/small_early.ipynb: pain at six months, independent extraction, cm of ten."""

from __future__ import annotations

import numpy as np

from mscmeta import data, egger, pool
from mscmeta.exercises import Answer
from mscmeta.small_study import pet_peese


def _trials(comparator=None):
    trials = data.contrasts("cochrane2025", "pain", 6)
    return trials if comparator is None else trials[trials.comparator_class == comparator]


def _egger():
    return egger(_trials().y, _trials().v)


def _q_between(ci="Wald", power=2):
    one, other = (pool(g.y, g.v, tau2="REML", ci=ci) for g in (_trials(c) for c in ("placebo", "hyaluronic acid")))
    return abs(one.estimate - other.estimate) ** power / (one.se**2 + other.se**2) ** (power / 2)


def _without(index):
    rest = _trials().drop(index=index)
    return pet_peese(rest.y, rest.v)


def _most_precise():
    return _trials().v.idxmin()


ANSWERS = {
    1: Answer(
        lambda: _egger().bias,
        tolerance=0.005,
        unit="cm for each cm",
        wrong={
            lambda: _egger().limit: "that is the slope of Egger's picture, which is the intercept of the weighted line",
            lambda: -_egger().bias: "the sign is turned; below zero, smaller trials favour the cells more",
            lambda: float(np.polyfit(_trials().v ** 0.5, _trials().y, 1)[0]): "that line is not weighted; regress the "
            "effect over its standard error on one over the standard error",
            lambda: _egger().statistic: "that is the t statistic; the number itself is asked for",
        },
    ),
    2: Answer(
        _q_between,
        tolerance=0.001,
        wrong={
            lambda: _q_between(power=1): "square the difference and its standard error",
            lambda: _q_between("HK"): "those are Hartung-Knapp standard errors; pool with ci='Wald'",
            lambda: _q_between() / 2: "do not halve: each squared standard error counts once",
        },
    ),
    3: Answer(
        lambda: _without(_most_precise()).pet.limit,
        tolerance=0.005,
        unit="cm",
        wrong={
            lambda: _egger().limit: "that is with all trials; leave out the one with the smallest variance",
            lambda: _without(_most_precise()).peese.limit: "that is PEESE; PET has the standard error on its axis",
            lambda: _without(_trials().v.idxmax()).pet.limit: "that leaves out the least precise trial",
            lambda: _without(_most_precise()).pet.bias: "that is the slope; the effect at a standard error of zero is "
            "asked for",
        },
    ),
}
