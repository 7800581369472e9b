"""Answers of notebooks/methods/small_study_effects.ipynb: pain at six months, REML, Hartung-Knapp with floor."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from mscmeta import begg, data, egger, trim_and_fill
from mscmeta.exercises import Answer


def _trials(comparators="all"):
    trials = data.contrasts("cochrane2025", "pain", 6, comparators=comparators)
    return trials.y.to_numpy(), trials.v.to_numpy()


def _beyond(level):
    y, v = _trials()
    return int((np.abs(y) > ndtri(0.5 + level / 2) * np.sqrt(v)).sum())


def _placebo():
    return egger(*_trials("placebo")).p_value


def _filled(sign):
    y, v = _trials()
    found = trim_and_fill(sign * y, v, tau2="REML", ci="HK-floor")
    return found.k_missing, found.side


ANSWERS = {
    1: Answer(
        lambda: _beyond(0.95),
        tolerance=0,
        wrong={
            lambda: _beyond(0.90): "that is at the 10% level",
            lambda: len(_trials()[0]) - _beyond(0.95): "those are the ones that are not",
            lambda: int((np.abs(_trials()[0]) > 1.96 * _trials()[1]).sum()): "take the standard error",
        },
    ),
    2: Answer(
        lambda: egger(*_trials()).bias,
        tolerance=0.001,
        wrong={
            lambda: egger(*_trials()).limit: "that is the slope of that regression",
            lambda: egger(*_trials()).statistic: "that is its t value; divide by nothing",
            lambda: -egger(*_trials()).bias: "the sign is the other one",
        },
    ),
    3: Answer(
        _placebo,
        tolerance=0.001,
        wrong={
            lambda: egger(*_trials()).p_value: "that is with all comparators",
            lambda: _placebo() / 2: "that is one-sided",
            lambda: begg(*_trials("placebo")).p_value: "that is Begg's test",
        },
    ),
    4: Answer(
        lambda: _filled(-1),
        tolerance=0,
        wrong={
            lambda: _filled(1): "that is for the effects as they are; the mirror image of a funnel leans the other way",
            lambda: (_filled(1)[0] + 1, _filled(-1)[1]): "a mirror image has as many gaps",
            lambda: (-_filled(1)[0] - 1, _filled(1)[1]): "a number of trials is not negative",
        },
    ),
}
