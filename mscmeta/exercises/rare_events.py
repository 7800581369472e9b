"""Answers of notebooks/methods/rare_events.ipynb: serious and any adverse events, all comparators."""

from __future__ import annotations

import numpy as np

from mscmeta import data, mantel_haenszel
from mscmeta.exercises import Answer


def _counts(event="adverse_serious"):
    trials = data.contrasts("cochrane2025", event)
    return [trials[name].to_numpy().astype(int) for name in ("events_1", "n_1", "events_2", "n_2")]


def _silent():
    a, n_1, c, n_2 = _counts()
    return int(((a + c == 0) | (a + c == n_1 + n_2)).sum())


def _with_zero():
    a, n_1, c, n_2 = _counts()
    return int(((a == 0) | (c == 0) | (a == n_1) | (c == n_2)).sum())


def _pooled(event="adverse_serious", **how):
    return mantel_haenszel(*_counts(event), **how).estimate


def _needed(risk):
    return 1 / (risk * (np.exp(_pooled("adverse_any")) - 1))


ANSWERS = {
    1: Answer(
        _silent,
        tolerance=0,
        wrong={
            _with_zero: "a trial with an event in one arm adds to one of the two sums",
            lambda: _with_zero() - _silent(): "those have an event in one arm, and so a say",
            lambda: len(_counts()[0]) - _silent(): "those are the ones with weight",
        },
    ),
    2: Answer(
        lambda: 1 - 0.05 ** (1 / 28),
        tolerance=0.0005,
        wrong={
            lambda: 3 / 28: "that is the rule of three, close but not exact",
            lambda: 1 / 28: "one over the number of patients is excluded far less surely",
            lambda: 0.05 ** (1 / 28): "that is the share without an event",
        },
    ),
    3: Answer(
        lambda: float(np.exp(_pooled(measure="OR"))),
        tolerance=0.001,
        wrong={
            lambda: _pooled(measure="OR"): "that is its logarithm",
            lambda: float(np.exp(-_pooled(measure="OR"))): "turn it round: events with cells stand above",
            lambda: float(np.exp(_pooled(measure="OR", zero_cells="half"))): "that has a half added",
            lambda: float(np.exp(_pooled(measure="RR"))): "that is the risk ratio",
        },
    ),
    4: Answer(
        lambda: float(_needed(0.10)),
        tolerance=0.05,
        unit="patients",
        wrong={
            lambda: float(_needed(0.20)): "that is for a risk of one in five",
            lambda: float(1 / (np.exp(_pooled("adverse_any")) - 1)): "multiply by the risk without cells first",
            lambda: float(1 / (0.10 * np.exp(_pooled("adverse_any")))): "that is one over the risk with cells",
        },
    ),
}
