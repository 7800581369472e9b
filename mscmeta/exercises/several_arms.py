"""Answers of notebooks/methods/several_arms.ipynb: two doses and one control, WOMAC function, points of 0 to 100."""

from __future__ import annotations

import numpy as np

from mscmeta import combine_arms, data
from mscmeta.exercises import Answer


def _doses(month, arms="as_published"):
    rows = data.contrasts("qu2021", "womac_function", month, arms=arms)
    return rows[rows.trial == "lamoespinosa2016"]


def _combined():
    two = _doses(6)
    both = combine_arms(two.mean_1, two.sd_1, two.n_1)
    return both.mean, both.sd


def _within():
    """Mean, and the SD within arms alone."""
    two = _doses(6)
    return _combined()[0], float((((two.n_1 - 1) * two.sd_1**2).sum() / (two.n_1.sum() - 2)) ** 0.5)


def _shared(two):
    return float(two.sd_2.iloc[0] ** 2 / two.n_2.iloc[0])


def _correlation(month=3):
    two = _doses(month)
    return _shared(two) / float(np.sqrt(two.v.prod()))


def _se(month=12, covariance=1.0):
    two = _doses(month)
    w = (1 / two.v / (1 / two.v).sum()).to_numpy()
    return float(((w**2 * two.v).sum() + covariance * 2 * w[0] * w[1] * _shared(two)) ** 0.5)


ANSWERS = {
    1: Answer(
        lambda: "split",
        wrong={
            "combine": "that puts the doses together",
            "as_published": "that counts the control again for every dose",
            "exclude": "that is a way with medians, not with arms",
        },
    ),
    2: Answer(
        _combined,
        tolerance=0.01,
        unit="points",
        wrong={
            _within: "the SD lacks the part between the two means",
            lambda: (_doses(6).mean_1.mean(), _doses(6).sd_1.mean()): "an average of SDs is not the SD of all patients",
            lambda: (_combined()[0], _combined()[1] ** 2): "that is the variance; take its root",
        },
    ),
    3: Answer(
        _correlation,
        tolerance=0.005,
        wrong={
            lambda: _shared(_doses(3)): "that is the covariance; divide it by both standard errors",
            0.5: "that would need equal SDs in all three arms",
            lambda: _correlation() ** 2: "that is its square; the standard errors go below, not the variances",
        },
    ),
    4: Answer(
        _se,
        tolerance=0.01,
        unit="points",
        wrong={
            lambda: _se(covariance=0): "that leaves the covariance out, as a program would",
            lambda: _se(month=6): "that is the visit at six months",
            lambda: _se(covariance=0.5): "the covariance counts twice in the variance of a sum",
            lambda: _se() ** 2: "that is the variance; take its root",
        },
    ),
}
