"""Answers of notebooks/methods/many_scales.ipynb: one scale out of several, REML with the HK-floor interval."""

from __future__ import annotations

import numpy as np

from mscmeta import data, pool, standardized_mean_difference
from mscmeta.exercises import Answer
from mscmeta.scales import Instrument, rescale_effect

ARMS = ["mean_1", "sd_1", "n_1", "mean_2", "sd_2", "n_2"]
KOOS, WOMAC = Instrument(0, 100, "better"), Instrument(0, 20, "worse")


def _pool(y, v):
    return pool(y, v, tau2="REML", ci="HK-floor")


def _trials(*instruments):
    trials = data.contrasts("cochrane2025", "pain", 6).query("kind == 'final'")
    return trials[trials.instrument.isin(instruments)]


def _koos():
    rows = data.table("outcomes").query("trial == 'ruane2021' and arm == 'control' and month == 0")
    return float(rows[rows.instrument == "koos_pain_100"]["mean"].item())


def _womac_as_koos():
    moved = rescale_effect(-1.0, 0.81, WOMAC, KOOS)
    return moved.y, moved.v**0.5


def _sds(trials):
    squares = (trials.n_1 - 1) * trials.sd_1**2 + (trials.n_2 - 1) * trials.sd_2**2
    return np.sqrt(squares / (trials.n_1 + trials.n_2 - 2))


def _smd():
    trials = _trials("vas_pain_10")
    effects = standardized_mean_difference(*(trials[name] for name in ARMS))
    return _pool(effects.y, effects.v).estimate


def _vas_sd(choose=np.median):
    return float(choose(_sds(_trials("vas_pain_10"))))


def _in_mids(womac_times=0.1):
    """In MID units; the MID of WOMAC pain is printed for 0 to 100, the trials stand on 0 to 10."""
    mid = data.table("instruments").set_index("instrument").mid
    trials = _trials("vas_pain_10", "womac_pain_10")
    sizes = trials.instrument.map(
        {"vas_pain_10": mid["vas_pain_10"], "womac_pain_10": womac_times * mid["womac_pain_100"]}
    )
    return _pool(trials.y / sizes, trials.v / sizes**2).ci


def _in_cm():
    trials = _trials("vas_pain_10", "womac_pain_10")
    return _pool(trials.y, trials.v)


ANSWERS = {
    1: Answer(
        lambda: 10 - _koos() / 10,
        tolerance=0.005,
        unit="cm",
        wrong={
            lambda: _koos() / 10: "stretched, but not turned round: on KOOS more is better",
            lambda: 100 - _koos(): "turned round, but not stretched",
            lambda: _koos() / 10 - 10: "a score lies between the ends of the scale; mind the order",
        },
    ),
    2: Answer(
        _womac_as_koos,
        tolerance=0.005,
        unit="points",
        wrong={
            lambda: (-_womac_as_koos()[0], _womac_as_koos()[1]): "the direction: on KOOS more is better",
            lambda: (_womac_as_koos()[0], _womac_as_koos()[1] ** 2): "that is the variance; take its root",
            lambda: (_womac_as_koos()[0], 0.9): "the standard error is stretched too",
            lambda: (_womac_as_koos()[0], 5 * 0.81): "the variance takes the square of the factor",
        },
    ),
    3: Answer(
        lambda: _smd() * _vas_sd(),
        tolerance=0.01,
        unit="cm",
        wrong={
            _smd: "that is the SMD itself; multiply it by the SD",
            lambda: _smd() * _vas_sd() ** 2: "multiply by the SD, not by its square",
            lambda: _pool(_trials("vas_pain_10").y, _trials("vas_pain_10").v).estimate: "that is the mean difference "
            "without the detour through SDs",
            lambda: -_smd() * _vas_sd(): "the sign: below zero favours cells",
        },
    ),
    4: Answer(
        _in_mids,
        tolerance=0.005,
        unit="MIDs",
        wrong={
            lambda: _in_cm().ci: "that is in centimetres",
            lambda: _in_mids(1): "the MID of WOMAC is printed for 0 to 100; these trials stand on 0 to 10",
            lambda: tuple(limit / _in_cm().estimate for limit in _in_cm().ci): "divide by the MIDs, not by the effect",
        },
    ),
}
