"""Answers of notebooks/methods/heterogeneity.ipynb: pain at six months against any control, cm of ten, REML."""

from __future__ import annotations

from mscmeta import data, pool, tau2_interval
from mscmeta.exercises import Answer


def _trials(comparator=None):
    trials = data.contrasts("cochrane2025", "pain", 6)
    if comparator:
        trials = trials[trials.comparator_class == comparator]
    return trials.y.to_numpy(), trials.v.to_numpy()


def _typical(v):
    """Typical variance of a trial (Higgins and Thompson 2002, equation 9)."""
    w = 1 / v
    return (len(v) - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum())


def _share(tau2, v, times=1.0):
    return tau2 / (tau2 + _typical(v) / times)


def _larger(times, tau2_times=1.0):
    y, v = _trials()
    return _share(tau2_times * pool(y, v, tau2="REML").tau2, v, times)


def _span(method="QP", comparator="placebo"):
    y, v = _trials(comparator)
    return tuple(_share(tau2, v) for tau2 in tau2_interval(y, v, method))


def _tau(comparator):
    return tuple(tau2**0.5 for tau2 in tau2_interval(*_trials(comparator), "QP"))


def _common():
    return pool(*_trials(), tau2="FE", ci="Wald")


ANSWERS = {
    1: Answer(
        lambda: 1 - _common().q_df / _common().q,
        tolerance=0.0005,
        wrong={
            lambda: _common().q_df / _common().q: "that is the share of chance; I² is the rest",
            lambda: 1 - _common().k / _common().q: "subtract k - 1, not k",
            lambda: 100 * (1 - _common().q_df / _common().q): "give a share from 0 to 1, not a percentage",
        },
    ),
    2: Answer(
        lambda: {"Q", "I2"},
        wrong={
            frozenset({"I2"}): "one more has no unit",
            frozenset({"I2", "tau"}): "tau is in the unit of the outcome",
            frozenset({"Q", "I2", "tau", "tau2"}): "only what has no unit stays",
        },
    ),
    3: Answer(
        lambda: _larger(4),
        tolerance=0.002,
        wrong={
            lambda: _larger(1): "that is I² as it is; the typical variance shrinks when trials grow",
            lambda: _larger(0.25): "more patients make the variance smaller, not larger",
            lambda: _larger(2): "it is the variance that becomes four times smaller, not the standard error",
        },
    ),
    4: Answer(
        _span,
        tolerance=0.005,
        wrong={
            lambda: _span(comparator=None): "that is for all trials; take those against placebo",
            lambda: _tau("placebo"): "that is the interval of tau; turn tau² into I²",
            lambda: _span("BJ"): "that is the interval of Biggerstaff and Jackson; take the Q-profile",
        },
    ),
}
