"""Answers of notebooks/methods/medians_changes.ipynb: what papers print, on the scales as printed."""

from __future__ import annotations

from mscmeta import convert, data
from mscmeta.exercises import Answer


def _row(trial, arm, month):
    rows = data.table("outcomes").query("trial == @trial and instrument == 'womac_function_68'")
    return rows[(rows.arm == arm) & (rows.month == month)].iloc[0]


def _from_quartiles(method="Luo-Wan", arm="msc_100"):
    row = _row("lamoespinosa2016", arm, 6)
    turned = convert.mean_sd_from_quartiles(row.q1, row["median"], row.q3, row.n, method=method)
    return turned.mean, turned.sd


def _median_as_mean():
    row = _row("lamoespinosa2016", "msc_100", 6)
    return row["median"], (row.q3 - row.q1) / 1.35


def _sds(arm):
    return tuple(float(_row("lamoespinosa2020", arm, month).sd) for month in (0, 6))


def _of_change(r):
    return convert.sd_of_change(*_sds("control"), r)


def _vega(month, kind):
    return data.contrasts("qu2021", "vas_pain", month, kind=kind, trials=["vega2015"]).iloc[0]


def _start():
    return _vega(12, "final").y - _vega(12, "change").y


def _implied(arm):
    end, change = _vega(6, "final")[f"sd_{arm}"], _vega(6, "change")[f"sd_{arm}"]
    return convert.correlation_from_change(end, end, change)


ANSWERS = {
    1: Answer(
        _from_quartiles,
        tolerance=0.01,
        unit="points",
        wrong={
            _median_as_mean: "that takes the median for the mean and a large-sample SD",
            lambda: _from_quartiles("Wan"): "that is the plain average of the three numbers; Luo weighs them",
            lambda: _from_quartiles(arm="control"): "that is the control arm",
            lambda: _from_quartiles("QE"): "that is the quantile estimation of McGrath; take Luo and Wan",
        },
    ),
    2: Answer(
        lambda: _of_change(0.5),
        tolerance=0.01,
        unit="points",
        wrong={
            lambda: _of_change(0): "that is for no correlation at all; the term with r is missing",
            lambda: _of_change(-0.5): "the term with r is subtracted, not added",
            lambda: _of_change(0.5) ** 2: "that is the variance; take its root",
            lambda: sum(_sds("control")) / 2: "an average of the two SDs is not the SD of their difference",
        },
    ),
    3: Answer(
        _start,
        tolerance=0.01,
        unit="cm",
        wrong={
            lambda: -_start(): "the sign is turned round: final minus change, cells minus control",
            lambda: _vega(12, "change").y: "that is the difference of the changes; the start is what they leave out",
            lambda: _vega(12, "final").y + _vega(12, "change").y: "subtract the change from the final score",
            lambda: 10 * _start(): "that is in millimetres",
        },
    ),
    4: Answer(
        lambda: _sds("msc")[0] / (2 * _sds("msc")[1]),
        tolerance=0.001,
        wrong={
            0.5: "that holds only if the SD is the same before and after",
            lambda: _sds("msc")[1] / (2 * _sds("msc")[0]): "turn it round: the SD before over twice the one after",
            lambda: _sds("control")[0] / (2 * _sds("control")[1]): "that is the control arm",
        },
    ),
    5: Answer(
        lambda: _implied(2),
        tolerance=0.005,
        wrong={
            lambda: _implied(1): "that is the arm with cells",
            lambda: 2 * _implied(2) - 1: "the change has twice the variance times one minus r; mind the two",
            lambda: 1 - _implied(2): "that is one minus the correlation",
        },
    ),
}
