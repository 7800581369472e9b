"""Answers of notebooks/methods/few_trials.ipynb: WOMAC function at six months, and simulated meta-analyses."""

from __future__ import annotations

from functools import cache

import numpy as np

from mscmeta import data, pool
from mscmeta.exercises import Answer


def _width(trials=2, ci="HK-floor"):
    held = data.contrasts("qu2021", "womac_function", 6)
    interval = pool(held.y[:trials], held.v[:trials], tau2="REML", ci=ci).ci
    return interval.high - interval.low


@cache
def _covered(tau2="DL", ci="Wald", spread=1.0):
    """Share of 95% intervals that hold 0: four trials of variance 1, true effects of variance `spread`."""
    draws = np.random.default_rng(11).normal(0, np.sqrt(1 + spread), (4, 40_000))
    many = pool(draws, np.ones_like(draws), tau2=tau2, ci=ci)
    return float(np.mean((many.ci.low <= 0) & (many.ci.high >= 0)))


def _missed(k=4, method="DL + Wald", i2=0.5):
    held = data.table("coverage").set_index(["i2", "k", "method"]).coverage
    return 1 - float(held[i2, k, method])


ANSWERS = {
    1: Answer(
        _width,
        tolerance=0.5,
        unit="points",
        wrong={
            lambda: _width(3): "that is from all three trials",
            lambda: _width(ci="Wald"): "that is the Wald interval",
            lambda: _width() / 2: "that is half of it, from the estimate to one limit",
        },
    ),
    2: Answer(
        _covered,
        tolerance=0.01,
        wrong={
            0.95: "that is what the interval promises; count how often it keeps it",
            lambda: _covered(spread=0.0): "that is without any spread of true effects",
            lambda: 1 - _covered(): "that is how often it misses",
        },
    ),
    3: Answer(
        _missed,
        tolerance=0.0015,
        wrong={
            0.05: "that is what the interval promises",
            lambda: 1 - _missed(): "that is how often it holds the truth",
            lambda: _missed(k=3): "that is with three trials",
            lambda: _missed(method="REML + HK-floor"): "that is Hartung-Knapp with floor",
        },
    ),
}
