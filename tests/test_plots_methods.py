"""Pictures of methods: every value drawn, tops found, bad input refused."""

import numpy as np
import pytest

import mscmeta.plots as plots
from mscmeta import data, pool
from mscmeta.plots.methods import tops
from mscmeta.report._display import to_svg
from mscmeta.tau2 import likelihood_at
from tests.plotcases import marks, texts

Y, V = np.array([-1.425, -1.0, -4.12, -1.73]), np.array([0.157133, 0.446571, 0.8784, 0.061446])  # two tops
GRID = np.linspace(0, 1.3, 200) ** 2


def test_the_higher_top_is_the_estimate_and_the_lower_one_is_marked():
    curve, best = likelihood_at(Y, V, GRID), pool(Y, V, tau2="REML").tau2
    figure = plots.likelihood(GRID, curve, best, unit="cm").figure
    assert len(marks(figure, "lower-top")) == 1
    assert marks(figure, "lower-top")[0].get_xdata()[0] == 0
    assert marks(figure, "estimate")[0].get_xdata()[0] == pytest.approx(best**0.5)
    assert marks(figure, "likelihood")[0].get_ydata().max() == 0
    assert "tau (cm)" in texts(figure)
    assert to_svg(figure) == to_svg(figure)


def test_a_single_top_has_no_lower_one():
    y, v = [-0.9, -0.3, -1.2, -0.5], [0.10, 0.05, 0.20, 0.08]
    figure = plots.likelihood(GRID, likelihood_at(y, v, GRID), pool(y, v).tau2).figure
    assert marks(figure, "lower-top") == []


@pytest.mark.parametrize(("curve", "found"), [([1, 2, 3], []), ([3, 2, 1], [0]), ([2, 1, 4, 0, 5], [0, 2]), ([1], [])])
def test_tops(curve, found):
    assert tops(curve) == found


def test_likelihood_refuses_what_is_no_curve():
    for tau2, heights in [([0, 1], [1]), ([1, 0], [1, 2]), ([[0, 1]], [[1, 2]])]:
        with pytest.raises(ValueError, match="tau2 must increase"):
            plots.likelihood(tau2, heights, 0.5)


def test_every_scenario_and_method_is_drawn():
    results = data.table("coverage")
    figure = plots.coverage(results)
    shown = [ax for ax in figure.axes if ax.get_visible() and ax.lines]
    assert len(shown) == results.i2.nunique()
    for i, method in enumerate(dict.fromkeys(results.method)):
        drawn = [line.get_ydata() for line in marks(figure, f"line-{i}")]
        assert np.allclose(np.concatenate(drawn), 100 * results[results.method == method].coverage)
        assert method in texts(figure)


def test_coverage_of_a_single_scenario_and_refusals():
    results = data.table("coverage")
    assert len(plots.coverage(results[results.i2 == 0.5]).axes) == 1
    odd = plots.coverage(results[results.i2 > 0])
    assert not odd.axes[3].axison
    with pytest.raises(ValueError, match="lacks the column 'i2'"):
        plots.coverage(results.drop(columns="i2"))
    with pytest.raises(ValueError, match="no rows"):
        plots.coverage(results[:0])


def test_for_a_phone_panels_stand_below_each_other():
    results = data.table("coverage")
    figure = plots.coverage(results, compact=True)
    assert figure.get_figwidth() < 4
    assert len({round(ax.get_position().x0, 3) for ax in figure.axes}) == 1
    assert set(results.method) <= set(texts(figure))
    best = pool(Y, V).tau2
    assert plots.likelihood(GRID, likelihood_at(Y, V, GRID), best, compact=True).figure.get_figwidth() < 4
