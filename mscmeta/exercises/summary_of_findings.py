"""Answers of notebooks/methods/summary_of_findings.ipynb."""

from __future__ import annotations

from mscmeta import data
from mscmeta.exercises import Answer
from mscmeta.scales import read_against_mid


def _printed(outcome):
    rows = data.table("published").query("review == 'sadeghirad2024' and outcome == @outcome")
    return rows.iloc[-1]


def _reading(higher_is):
    row = _printed("function")  # the later of the two visits
    return read_against_mid(row.estimate, row.ci_low, row.ci_high, row.mid, higher_is=higher_is).verdict


ANSWERS = {
    1: Answer(
        lambda: 120 * (1.5 - 1),
        tolerance=0.5,
        unit="patients of 1000",
        wrong={
            180: "that is how many have the event with treatment, not how many more",
            500: "multiply by the risk without treatment",
            1.5: "that is the ratio itself",
        },
    ),
    2: Answer(
        lambda: float(1000 * 0.10 * (_printed("adverse_any").estimate - 1)),
        tolerance=0.5,
        unit="patients of 1000",
        wrong={
            lambda: float(
                1000 * 0.10 * _printed("adverse_any").estimate
            ): "that is how many have the event, not how many more",
            lambda: float(100 * 0.10 * (_printed("adverse_any").estimate - 1)): "that is of 100 patients",
            lambda: float(1000 * (_printed("adverse_any").estimate - 1)): "multiply by the risk without cells",
        },
    ),
    3: Answer(
        lambda: _reading("better"),
        wrong={
            lambda: _reading("worse"): "on this scale more is better; higher_is says so",
            "beyond MID": "the lower limit of the interval is far from the MID",
            "within MID": "the upper limit lies beyond the MID",
        },
    ),
    4: Answer(
        lambda: 2 / 3,
        tolerance=0.005,
        wrong={
            1.0: "that reads the odds ratio as a risk ratio",
            2.0: "those are the odds; a risk is odds / (1 + odds)",
            0.5: "that is the risk without treatment",
        },
    ),
}
