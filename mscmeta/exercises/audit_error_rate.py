"""Answers of notebooks/methods/audit_error_rate.ipynb: a scale turned round, an SE for an SD, nothing found."""

from __future__ import annotations

from mscmeta.audit.error_rates import Rate
from mscmeta.convert import sd_from_se
from mscmeta.exercises import Answer
from mscmeta.scales import Instrument, rescale


def _turned(score=40.0):
    return rescale(score, 0.0, Instrument(0, 100, "worse"), Instrument(0, 100, "better")).mean


def _factor(n=25):
    """Variance with the true SD over the one with the SE in its place."""
    return sd_from_se(1.0, n) ** 2


def _end(hits=0, of=1000):
    return Rate("", hits, of).interval[1]


ANSWERS = {
    1: Answer(
        _turned,
        tolerance=0,
        wrong={
            40: "that is the score as it was read",
            -40: "a final score is turned about the middle of its scale; only changes change their sign",
            140: "a score lies between the ends of its scale",
        },
    ),
    3: Answer(
        _factor,
        tolerance=0.01,
        wrong={
            lambda: _factor() ** 0.5: "that is by how much the SD is too small; the weight goes with its square",
            lambda: 1 / _factor(): "that is how much smaller the variance becomes; the weight is one over it",
            lambda: _factor() ** 2: "one of the squares is too many",
        },
    ),
    4: Answer(
        _end,
        tolerance=0.00002,
        wrong={
            0: "none in a thousand is not none in a million",
            lambda: 1 - 0.05 ** (1 / 1000): "that is one-sided; a two-sided interval leaves half as much on each side",
            0.001: "that is one in a thousand, which would often give none at all",
        },
    ),
}
