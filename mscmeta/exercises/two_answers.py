"""Answers of notebooks/comparison/two_answers.ipynb: printed results on other rulers, re-runs against the MID."""

from __future__ import annotations

from mscmeta import data
from mscmeta.exercises import Answer
from mscmeta.side_by_side import answers


def _printed(review, outcome, month):
    table = data.table("published")
    return table[(table.review == review) & (table.outcome == outcome) & (table.month == month)].iloc[0]


def _rulers(first=100, second=20):
    estimate = _printed("qu2021", "womac_pain", 6).estimate
    return estimate * 10 / first, estimate * 10 / second


def _turned(sign_low=-1, sign_high=-1, swapped=True):
    row = _printed("sadeghirad2024", "function", 12)
    low, high = sign_low * row.ci_low, sign_high * row.ci_high
    return (high, low) if swapped else (low, high)


def _reruns():
    found = answers("pain")
    return found[(found.month == 6) & (found.kind == "computed")]


def _reaching(column="low"):
    mid = data.contrasts("cochrane2025", "pain", 6).attrs["mid"]
    return int((_reruns()[column] <= -mid).sum())


ANSWERS = {
    1: Answer(
        _rulers,
        tolerance=0.01,
        unit="cm",
        wrong={
            lambda: _rulers(20, 100): "that is the right pair in the other order",
            lambda: _rulers(10, 10): "a difference of that size stands unchanged only on a scale of 0 to 10",
            lambda: tuple(-x for x in _rulers()): "no scale was turned round: the sign stays",
        },
    ),
    2: Answer(
        _turned,
        tolerance=0.005,
        unit="points",
        wrong={
            lambda: _turned(swapped=False): "the limits must change places, too",
            lambda: _turned(1, 1, swapped=False): "that is as printed, where higher is better",
            lambda: _turned(1, 1): "the signs must change, too",
        },
    ),
    3: Answer(
        _reaching,
        tolerance=0,
        wrong={
            lambda: _reaching("estimate"): "that counts estimates; an interval can reach further",
            lambda: int((_reruns().high < 0).sum()): "that counts intervals that exclude no difference",
            lambda: len(answers("pain").query("month == 6")): "that counts the printed result, too",
        },
    ),
}
