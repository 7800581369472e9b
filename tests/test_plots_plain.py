"""Curves, ranks, lines within and between trials: everything given is drawn, bad input refused."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

import mscmeta.plots as plots
from mscmeta.plots.plain import binomial_band
from mscmeta.report._display import to_svg
from tests.plotcases import marks, texts

X = np.linspace(0, 4, 9)


def test_every_curve_is_drawn_and_named():
    curves = {"5 trials": X, "10 $trials": X**2}
    ax = plots.lines(
        X,
        curves,
        xlabel="true slope",
        ylabel="found (%)",
        at={"MID": 1.5},
        shaded=(-9, 1),
        shaded_label="small",
        ylim=(0, 20),
    )
    for i, heights in enumerate(curves.values()):
        (line,) = marks(ax.figure, f"curve-{i}")
        assert line.get_ydata().tolist() == heights.tolist()
    assert marks(ax.figure, "curve-0")[0].get_linestyle() != marks(ax.figure, "curve-1")[0].get_linestyle()
    assert {"5 trials", "10 $trials", "true slope", "found (%)", "MID", "small"} <= set(texts(ax.figure))
    assert marks(ax.figure, "at")[0].get_xdata()[0] == 1.5
    assert marks(ax.figure, "shaded")[0].get_extents().width > 0
    assert ax.get_xlim() == (0, 4)
    assert ax.get_ylim() == (0, 20)
    assert to_svg(ax.figure) == to_svg(ax.figure)


def test_compact_lines_fit_a_phone():
    wide, narrow = (plots.lines(X, {"a": X}, xlabel="x", ylabel="y", compact=c).figure for c in (False, True))
    assert narrow.get_size_inches()[0] < 4 < wide.get_size_inches()[0]
    own = plt.subplots()[1]
    assert plots.lines(X, {"a": X}, xlabel="x", ylabel="y", ax=own) is own


@pytest.mark.parametrize(
    ("x", "curves", "said"),
    [
        ([1, 1], {"a": [1, 2]}, "x must increase"),
        ([1], {"a": [1]}, "x must increase"),
        ([1, 2], {}, "one to 6 curves"),
        ([1, 2], [1, 2], "one to 6 curves"),
        ([1, 2], {str(i): [1, 2] for i in range(7)}, "one to 6 curves"),
        ([1, 2], {"a": [1, 2, 3]}, "curve 'a' has 3 values, but x has 2"),
    ],
)
def test_lines_refuse(x, curves, said):
    with pytest.raises(ValueError, match=said):
        plots.lines(x, curves, xlabel="x", ylabel="y")


def test_ranks_are_drawn_with_the_band_of_the_binomial():
    counts = {"mean": [12, 8, 11, 9], "tau": [10, 10, 5, 15]}
    for compact in (False, True):
        figure = plots.rank_histogram(counts, compact=compact)
        assert {"mean", "tau", "Fits"} <= set(texts(figure))
        bars = [bar.get_height() for panel in figure.axes for bar in panel.patches if bar.get_gid() == "bars"]
        assert sorted(bars) == sorted([*counts["mean"], *counts["tau"]])
        assert len(marks(figure, "band")) == 2
        assert [edge.get_ydata()[0] for edge in marks(figure, "edge")] == 2 * list(binomial_band(40, 0.25))
    with pytest.raises(ValueError, match="same number of bins"):
        plots.rank_histogram({"a": [1, 2], "b": [1, 2, 3]})
    with pytest.raises(ValueError, match="at least one quantity"):
        plots.rank_histogram({})


@pytest.mark.parametrize(("n", "p"), [(1000, 0.05), (300, 0.1), (20, 0.5)])
def test_the_band_leaves_half_a_per_cent_on_either_side(n, p):
    low, high = binomial_band(n, p)
    law = stats.binom(n, p)
    assert law.cdf(low - 1) < 0.005 <= law.cdf(low)
    assert law.cdf(high - 1) < 0.995 <= law.cdf(high)


def test_within_and_between_have_their_own_lines():
    rng = np.random.default_rng(1)
    groups = np.repeat(["a", "b", "c"], 30)
    x = np.repeat([50.0, 60.0, 70.0], 30) + rng.normal(0, 3, 90)
    y = np.repeat([1.0, 2.0, 3.0], 30) - 0.2 * (x - np.repeat([50.0, 60.0, 70.0], 30))
    for compact in (False, True):
        figure = plots.within_between(x, y, groups, xlabel="age", ylabel="benefit", compact=compact).figure
        for line in marks(figure, "within"):
            assert np.polyfit(line.get_xdata(), line.get_ydata(), 1)[0] == pytest.approx(-0.2)
        centres = [(x[groups == g].mean(), y[groups == g].mean()) for g in "abc"]
        (between,) = marks(figure, "between")
        slope = np.polyfit(*np.transpose(centres), 1)[0]
        assert np.polyfit(between.get_xdata(), between.get_ydata(), 1)[0] == pytest.approx(slope)
        assert slope > 0
        assert len(marks(figure, "patients")) == len(marks(figure, "within")) == 3
    with pytest.raises(ValueError, match="three to 6 trials"):
        plots.within_between(x[:60], y[:60], groups[:60], xlabel="x", ylabel="y")
    with pytest.raises(ValueError, match="one length"):
        plots.within_between(x, y[1:], groups, xlabel="x", ylabel="y")
