"""Answers of notebooks/methods/effect_sizes.ipynb: ratios, medians, and an SMD carried back to centimetres."""

from __future__ import annotations

import numpy as np

from mscmeta import (
    data,
    mean_difference,
    mean_sd_from_quartiles,
    odds_ratio,
    pool,
    risk_difference,
    risk_ratio,
    standardized_mean_difference,
)
from mscmeta.exercises import Answer

ARMS = ["mean_1", "sd_1", "n_1", "mean_2", "sd_2", "n_2"]
METHODS = ["Luo-Wan", "Wan", "Shi-log", "QE", "BC"]
TABLE = (40, 50, 20, 50)


def _three():
    return np.exp(risk_ratio(*TABLE).y), np.exp(odds_ratio(*TABLE).y), risk_difference(*TABLE).y


def _changed(part="mean"):
    """Methods whose mean (or SD) is another when the same quartiles come from 100 patients instead of 10."""
    rows = data.table("outcomes").query("trial == 'lamoespinosa2016' and instrument == 'womac_pain_20' and month == 12")
    row = rows.set_index("arm").loc["control"]
    made = {m: [mean_sd_from_quartiles(row.q1, row["median"], row.q3, n, method=m) for n in (10, 100)] for m in METHODS}
    return frozenset(m for m, (few, many) in made.items() if abs(getattr(few, part) - getattr(many, part)) > 1e-6)


def _pain():
    trials = data.contrasts("cochrane2025", "pain", 6).query("kind == 'final'")
    return [trials[name] for name in ARMS]


def _pooled(effect=standardized_mean_difference):
    made = effect(*_pain())
    return pool(made.y, made.v, tau2="REML").estimate


def _sd(choose=np.median):
    _, sd_1, n_1, _, sd_2, n_2 = _pain()
    return float(choose(np.sqrt(((n_1 - 1) * sd_1**2 + (n_2 - 1) * sd_2**2) / (n_1 + n_2 - 2))))


ANSWERS = {
    1: Answer(
        _three,
        tolerance=0.01,
        wrong={
            lambda: (_three()[1], _three()[0], _three()[2]): "risk ratio and odds ratio have changed places",
            lambda: (*(np.log(x) for x in _three()[:2]), _three()[2]): "those are logarithms; take them back to ratios",
            lambda: (*_three()[:2], -_three()[2]): "the difference is the risk with cells minus the one without",
            lambda: (*(1 / x for x in _three()[:2]), _three()[2]): "the arm with cells stands above the line",
        },
    ),
    2: Answer(
        _changed,
        wrong={
            lambda: _changed("sd"): "those are the methods whose SD changes",
            lambda: frozenset(METHODS): "not all of them know how many patients there were",
            lambda: _changed() - {"Luo-Wan"}: "one more weighs the three numbers by n",
        },
    ),
    3: Answer(
        lambda: _pooled() * _sd(),
        tolerance=0.01,
        unit="cm",
        wrong={
            _pooled: "that is the SMD itself",
            lambda: _pooled(mean_difference): "that is the pooled mean difference, without the detour",
            lambda: _pooled() * _sd(np.mean): "that is with the mean of the SDs; take their median",
            lambda: -_pooled() * _sd(): "the sign: below zero favours cells",
        },
    ),
}
