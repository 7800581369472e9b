"""Figures of the comparison: what is drawn is what was computed, and bad input is refused."""

import numpy as np
import pytest

from mscmeta import data, plots
from mscmeta.between import STEPS, way
from mscmeta.multiverse import multiverse_of
from mscmeta.steps import contributions
from tests.plotcases import marks, texts


@pytest.fixture(scope="module")
def pain():
    return way("pain", 12)


@pytest.fixture(scope="module")
def universe():
    return multiverse_of("pain", 12, choices={"tau2": ["DL"], "weak": ["keep", "clean"]})


@pytest.fixture(scope="module")
def labels():
    return {(row.choice, row.option): row.label for row in data.table("choices").itertuples()}


@pytest.mark.parametrize("compact", [False, True])
def test_waterfall_draws_every_bar_where_it_belongs(pain, compact):
    bars = pain.bars()
    ax = plots.waterfall(bars, unit="cm", mid=1.5, compact=compact)
    drawn = sorted(
        (p.get_y() + 0.28, p.get_x(), p.get_x() + p.get_width()) for p in ax.patches if p.get_gid() != "mid-band"
    )
    for (y, a, b), row in zip(drawn, bars.itertuples(), strict=True):
        assert (round(y), sorted((a, b))) == (row.Index, pytest.approx(sorted((row.start, row.end))))
    assert len(marks(ax, "bar-hidden")) == 2
    assert len(marks(ax, "bar-none")) == (bars.start == bars.end).sum()
    assert len(marks(ax, "interval")) == bars.low.notna().sum()
    assert len(marks(ax, "arrow")) > 0
    words = texts(ax)
    assert "−7.04" in words
    assert any("nobody outside" in word for word in words)


def test_waterfall_of_averages_has_no_inner_intervals_and_takes_text_literally(pain):
    bars = pain.averaged()
    bars.loc[3, "label"] = "$x$ <b>"
    ax = plots.waterfall(bars)
    assert len(marks(ax, "interval")) == 4
    assert any("$x$" in word for word in texts(ax))


def test_waterfall_refuses(pain):
    bars = pain.bars()
    with pytest.raises(ValueError, match="lacks the column 'start'"):
        plots.waterfall(bars.drop(columns="start"))
    with pytest.raises(ValueError, match="mid is -1"):
        plots.waterfall(bars, mid=-1)
    with pytest.raises(ValueError, match="kind of bar 'one scale' is 'luck'"):
        plots.waterfall(bars.assign(kind=bars.kind.where(bars.label != "one scale", "luck")))
    with pytest.raises(ValueError, match="bar 'one scale' runs from"):
        plots.waterfall(bars.assign(end=bars.end.where(bars.label != "one scale")))


@pytest.mark.parametrize("compact", [False, True])
def test_contribution_ranges_draws_average_and_order(pain, compact):
    found, bars = pain.seen, pain.bars()
    order = (bars.end - bars.start)[bars.kind == "step"]
    ax = plots.contribution_ranges(list(STEPS), found, order, unit="cm", compact=compact)
    (average,) = marks(ax, "average")
    np.testing.assert_allclose(average.get_xdata(), found.average)
    (walked,) = marks(ax, "in-order")
    np.testing.assert_allclose(walked.get_xdata(), order)
    (ranges,) = marks(ax, "range")
    np.testing.assert_allclose([s[:, 0] for s in ranges.get_segments()], np.column_stack([found.least, found.most]))
    assert not marks(plots.contribution_ranges(["a", "b"], contributions([[0, 1], [2, 4]])), "in-order")
    with pytest.raises(ValueError, match="names has 1 entries and there are 2"):
        plots.contribution_ranges(["a"], contributions([[0, 1], [2, 4]]))
    with pytest.raises(ValueError, match="in_order has 1 entries"):
        plots.contribution_ranges(["a", "b"], contributions([[0, 1], [2, 4]]), [1])


@pytest.mark.parametrize("compact", [False, True])
def test_specification_curve_draws_every_analysis_once(universe, labels, compact):
    figure = plots.specification_curve(universe, labels, published=[("printed", -0.73)], default=universe.of(tau2="DL"),
                                       compact=compact)  # fmt: skip
    drawn = np.concatenate([line.get_ydata() for line in marks(figure, "estimates")])
    np.testing.assert_allclose(np.sort(drawn), np.sort(universe.estimate))
    clear, _ = marks(figure, "estimates")
    assert len(clear.get_ydata()) == (universe.high < 0).sum()
    assert marks(figure, "published")[0].get_ydata() == [-0.73, -0.73]
    assert marks(figure, "mid")[0].get_ydata() == [-1.5, -1.5]
    assert marks(figure, "default")[0].get_ydata() == [universe.estimate[universe.of(tau2="DL")]]
    (mesh,) = marks(figure, "choices")
    shares = np.ma.filled(mesh.get_array(), 0)
    assert shares.shape[0] == sum(len(names) for names in universe.choices.values() if len(names) > 1)
    assert "placebo only" in texts(figure)


def test_specification_curve_of_few_analyses_and_refusal(labels):
    few = multiverse_of("pain", 24)
    assert marks(plots.specification_curve(few, labels), "estimates")
    with pytest.raises(ValueError, match="labels lacks"):
        plots.specification_curve(few, {})


@pytest.mark.parametrize("compact", [False, True])
def test_multiverse_spread_draws_quantiles(universe, compact):
    few = multiverse_of("pain", 24)
    ax = plots.multiverse_spread(
        {"a": universe, "b": few}, published={"a": -0.73}, defaults={"b": -2.9}, compact=compact
    )
    whole = [s.get_segments()[0][:, 0] for s in marks(ax, "band-0")]
    np.testing.assert_allclose(whole[0], [universe.estimate.min(), universe.estimate.max()])
    assert [line.get_xdata()[0] for line in marks(ax, "median")] == pytest.approx(
        [np.median(universe.estimate), np.median(few.estimate)]
    )
    assert marks(ax, "mark-D")[0].get_xdata() == [-0.73]
    assert marks(ax, "mark-o")[0].get_ydata() == [1]


def test_multiverse_spread_refuses(universe):
    with pytest.raises(ValueError, match="found is empty"):
        plots.multiverse_spread({})
    with pytest.raises(ValueError, match="different scales"):
        plots.multiverse_spread({"a": universe, "b": multiverse_of("function", 3, choices={"tau2": ["DL"]})})
