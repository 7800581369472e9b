"""Answers of notebooks/methods/meta_regression.ipynb: pain at six months, REML, Hartung-Knapp with floor."""

from __future__ import annotations

import numpy as np

from mscmeta import data, meta_regression, pool
from mscmeta.exercises import Answer


def _trials():
    return data.contrasts("cochrane2025", "pain", 6)


def _dosed():
    arms = data.table("arms").query("role == 'msc'").dropna(subset=["dose_million"])
    n, trials = arms.n.astype(float), _trials()
    log_dose = (np.log10(arms.dose_million.astype(float)) * n).groupby(arms.trial).sum() / n.groupby(arms.trial).sum()
    return trials.assign(log_dose=trials.trial.map(log_dose)).dropna(subset=["log_dose"])


def _slope():
    dosed = _dosed()
    return meta_regression(dosed.y, dosed.v, dosed.log_dose, tau2="REML", ci="HK-floor").coefficients[1]


def _tau2():
    trials = _trials()
    left = meta_regression(trials.y, trials.v, trials.year, tau2="REML", ci="HK-floor").tau2
    return left, pool(trials.y, trials.v, tau2="REML").tau2


ANSWERS = {
    1: Answer(
        lambda: len(_dosed()) - 3,
        tolerance=0,
        wrong={
            lambda: len(_dosed()) - 2: "count the coefficients again: the intercept is one of them",
            lambda: len(_trials()) - 3: "not all trials print a dose; those that do not cannot enter",
            lambda: len(_dosed()) - 1: "that is right for a mean; two slopes were estimated as well",
        },
    ),
    2: Answer(
        lambda: _slope() * np.log10(2),
        tolerance=0.002,
        unit="cm",
        wrong={
            lambda: _slope(): "that is for ten times the dose",
            lambda: _slope() * 2: "the moderator is a logarithm: doubling the dose does not double it",
            lambda: _slope() / 5: "a tenfold dose is not five times a doubling; it is more than three doublings",
            lambda: _slope() * np.log(2): "the logarithm of the moderator has base ten",
        },
    ),
    3: Answer(
        lambda: max(0.0, 1 - _tau2()[0] / _tau2()[1]),
        tolerance=0.002,
        wrong={
            lambda: min(1.0, _tau2()[0] / _tau2()[1]): "that is the share that is left over",
            lambda: 100.0: "give a share from 0 to 1, and of tau squared",
            lambda: -1.0: "a share cannot be negative: it is cut off at zero",
        },
    ),
    4: Answer(
        lambda: 1 - 0.95**5,
        tolerance=0.002,
        wrong={
            0.25: "adding five times the level counts reviews with two false alarms twice",
            lambda: 0.95**5: "that is the chance of none",
            0.05: "that is the chance for one moderator",
            lambda: 0.05**5: "that is the chance that all five are significant",
        },
    ),
}
