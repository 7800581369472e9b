"""Answers of notebooks/methods/prediction.ipynb: pain at six months, all comparators, cm of ten."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from mscmeta import data, pool
from mscmeta.exercises import Answer


def _pooled(times=1, ci="HK-floor", **fewer):
    trials = data.contrasts("cochrane2025", "pain", 6)
    if fewer:
        trials = trials[trials.comparator_class == fewer["comparator"]]
    return pool(np.tile(trials.y, times), np.tile(trials.v, times), tau2="REML", ci=ci)


def _width(interval):
    return interval.high - interval.low


def _placebo(rule, ci="HK"):
    return _width(_pooled(ci=ci, comparator="placebo").prediction_interval(rule))


def _mid():
    return data.contrasts("cochrane2025", "pain", 6).attrs["mid"]


def _beyond(spread):
    return float(ndtr((-_mid() - _pooled().estimate) / spread(_pooled())))


ANSWERS = {
    1: Answer(
        lambda: _width(_pooled(times=10).prediction_interval()),
        tolerance=0.01,
        unit="cm",
        wrong={
            lambda: _width(_pooled(times=10).ci): "that is the confidence interval; it shrinks, the other one hardly",
            lambda: _width(_pooled().prediction_interval()): "that is the width for the trials as they are",
            lambda: _width(_pooled().prediction_interval()) / np.sqrt(10): "only the standard error shrinks with the "
            "root of the number of trials; tau stays",
        },
    ),
    2: Answer(
        lambda: _pooled().prediction_interval(),
        tolerance=0.005,
        unit="cm",
        wrong={
            lambda: _pooled().ci: "that is the confidence interval; tau squared is missing under the root",
            lambda: _pooled().prediction_interval("z"): "that has the normal quantile; take t with k - 1",
            lambda: _pooled().prediction_interval("t(k-2)"): "that has k - 2 degrees of freedom; the formula has k - 1",
        },
    ),
    3: Answer(
        lambda: _beyond(lambda fit: fit.tau2**0.5),
        tolerance=0.005,
        wrong={
            lambda: 1 - _beyond(lambda fit: fit.tau2**0.5): "that is the share on the other side: below zero favours "
            "cells",
            lambda: _beyond(lambda fit: fit.tau2): "tau squared is a variance; divide by tau",
            lambda: _beyond(lambda fit: fit.se): "the standard error is about the mean; true effects scatter by tau",
            lambda: 100 * _beyond(lambda fit: fit.tau2**0.5): "give a share from 0 to 1, not a percentage",
        },
    ),
    4: Answer(
        lambda: _placebo("t(k-2)") / _placebo("t(k-1)"),
        tolerance=0.005,
        wrong={
            lambda: _placebo("t(k-1)") / _placebo("t(k-2)"): "turn the ratio round: the wider over the narrower",
            lambda: _placebo("t(k-2)") / _placebo("z"): "that compares with the normal quantile, not with t(k-1)",
            lambda: _placebo("t(k-2)") - _placebo("t(k-1)"): "that is a difference in cm; a ratio is asked for",
        },
    ),
}
