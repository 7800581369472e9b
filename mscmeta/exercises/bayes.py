"""Answers of notebooks/methods/bayes.ipynb: pain at twelve months against placebo, cm of ten."""

from __future__ import annotations

from scipy.special import ndtri

from mscmeta import data, normal_normal, pool
from mscmeta.exercises import Answer


def _trials():
    trials = data.contrasts("cochrane2025", "pain", 12, comparators="placebo")
    return trials.y, trials.v


def _mid():
    return data.contrasts("cochrane2025", "pain", 12).attrs["mid"]


def _fit(scale=1.0, **prior):
    return normal_normal(*_trials(), scale=scale, **prior)


ANSWERS = {
    1: Answer(
        lambda: float(ndtri(0.75)),
        tolerance=0.002,
        unit="cm",
        wrong={
            1.0: "two thirds lie below the scale; that is true of the half-Cauchy, whose median is its scale",
            0.0: "tau is never negative, so zero is its lowest value and not its middle",
            lambda: float(ndtri(0.975)): "that leaves one in twenty above it",
        },
    ),
    2: Answer(
        lambda: 1 - _fit().probability_below(0),
        tolerance=0.002,
        wrong={
            lambda: _fit().probability_below(0): "below zero favours cells; harm is on the other side",
            lambda: 1 - _fit().predictive_probability_below(0): "that is for the true effect of a new trial",
            lambda: 1 - _fit().probability_below(-_mid()): "that counts small benefits as harm",
        },
    ),
    3: Answer(
        lambda: _fit(mu_sd=1.0).probability_below(-_mid()),
        tolerance=0.002,
        wrong={
            lambda: _fit().probability_below(-_mid()): "that is with the flat prior",
            lambda: 1 - _fit(mu_sd=1.0).probability_below(-_mid()): "that is the chance of less than that",
            lambda: _fit(mu_sd=1.0).predictive_probability_below(-_mid()): "that is for a new trial, not for the mean",
        },
    ),
    4: Answer(
        lambda: _fit(scale=0.001).ci.high,
        tolerance=0.002,
        unit="cm",
        wrong={
            lambda: _fit(scale=1.0).ci.high: "that is with a scale of one",
            lambda: _fit(scale=0.001).ci.low: "that is the lower limit",
            lambda: pool(*_trials(), tau2="REML", ci="HK-floor").ci.high: "that is REML with Hartung-Knapp",
        },
    ),
}
