"""Answers of notebooks/methods/pooling.ipynb: pain at six months against placebo, cm of ten."""

from __future__ import annotations

from mscmeta import data, pool
from mscmeta.exercises import Answer


def _effects():
    trials = data.contrasts("cochrane2025", "pain", 6, comparators="placebo")
    return trials.y.to_numpy(), trials.v.to_numpy()


def _by(tau2):
    return pool(*_effects(), tau2=tau2)


def _factors():
    y, v = _effects()
    cm, mm = pool(y, v, tau2="REML"), pool(10 * y, 100 * v, tau2="REML")
    return 100.0, mm.tau2 / cm.tau2, mm.i2 / cm.i2


ANSWERS = {
    1: Answer(
        lambda: _effects()[0].mean(),
        tolerance=0.005,
        unit="cm",
        wrong={
            lambda: pool(*_effects(), tau2="FE", ci="Wald").estimate: "that is for tau² = 0, the other end",
            lambda: _by("REML").estimate: "that is for the estimated tau²; make it far larger",
            0: "the weights become equal, not nought",
        },
    ),
    2: Answer(
        _factors,
        tolerance=0.0001,
        wrong={
            (10, 10, 1): "variances are squares",
            (100, 10, 1): "tau² is a variance, too",
            (100, 100, 100): "I² has no unit",
        },
    ),
    3: Answer(
        lambda: _by("DL").tau2,
        tolerance=1e-4,
        unit="cm²",
        wrong={
            lambda: _by("REML").tau2: "that is by REML",
            lambda: _by("DL").tau2 ** 0.5: "that is tau; its square is asked for",
            lambda: _by("HE").tau2: "that is with equal weights; DL takes one over the variance",
            lambda: pool(*_effects(), tau2="DL").q - len(_effects()[0]) + 1: "that is the numerator; divide it",
        },
    ),
}
