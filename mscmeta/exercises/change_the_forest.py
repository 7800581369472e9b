"""Answers of notebooks/methods/change_the_forest.ipynb: pain at six months, cm of ten; WOMAC function at 12 months."""

from __future__ import annotations

import numpy as np

from mscmeta import data, leave_one_out, pool
from mscmeta.exercises import Answer

SADRI = "sadri2023"


def _trials():
    return data.contrasts("cochrane2025", "pain", 6)


def _fit(keep=None, tau2="REML", ci="HK-floor"):
    trials = _trials()
    trials = trials if keep is None else trials[keep(trials)]
    return pool(trials.y, trials.v, tau2=tau2, ci=ci)


def _without(tau2="REML"):
    return _fit(lambda trials: trials.trial != SADRI, tau2=tau2).estimate


def _label(of):
    return _trials().label.iloc[int(of(_trials()))]


def _shifts(trials, tau2="FE"):
    return np.abs(leave_one_out(trials.y, trials.v, tau2=tau2).estimate - _fit(tau2=tau2).estimate)


def _width(ci, classes=("placebo",)):
    limits = _fit(lambda trials: trials.comparator_class.isin(classes or trials.comparator_class), ci=ci).ci
    return limits.high - limits.low


def _weight(arms, doses=2):
    trials = data.contrasts("qu2021", "womac_function", 12, arms=arms)
    weights = pool(trials.y, trials.v, tau2="REML").weights[trials.trial == "lamoespinosa2016"]
    return float(weights[:doses].sum())


ANSWERS = {
    1: Answer(
        lambda: _without() - _fit().estimate,
        tolerance=0.005,
        unit="cm",
        wrong={
            lambda: _fit().estimate - _without(): "the size is right, the direction is not: take new minus old",
            _without: "that is the new estimate; the exercise asks how far it moved",
            lambda: _without("FE") - _fit(tau2="FE").estimate: "that is the move under a common effect; take REML",
        },
    ),
    2: Answer(
        lambda: _label(lambda trials: _shifts(trials).argmax()),
        wrong={
            lambda: _label(lambda trials: np.argmin(trials.v)): "that trial weighs most, but lies near the estimate",
            lambda: _label(lambda trials: np.argmin(trials.y)): "that trial has the largest effect, but less weight",
            lambda: _label(lambda trials: _shifts(trials, "REML").argmax()): "that is the answer under REML; take FE",
        },
    ),
    3: Answer(
        lambda: _width("HK-floor") / _width("Wald"),
        tolerance=0.01,
        wrong={
            lambda: _width("Wald") / _width("HK-floor"): "turn the ratio round",
            lambda: _width("HK-floor"): "that is a width in cm; the exercise asks how many times",
            lambda: _width("HK-floor", ()) / _width("Wald", ()): "that is the ratio for all trials",
        },
    ),
    4: Answer(
        lambda: _weight("split"),
        tolerance=0.001,
        wrong={
            lambda: _weight("combine"): "that is the weight of the doses put together",
            lambda: _weight("split", doses=1): "that is the weight of one dose; add the other",
            lambda: _weight("as_published"): "that counts the whole control group for each dose",
        },
    ),
}
