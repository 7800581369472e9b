"""mscmeta.power: the chance of finding a slope, against a formula and against one regression at a time."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from mscmeta import meta_regression
from mscmeta.power import regression_power

V = np.array([0.9, 0.55, 2.3, 1.1, 4.1, 0.4, 0.7, 0.4])
X = np.array([1.6, 1.8, 1.5, 1.6, 0.7, 2.0, 1.5, 2.0])


def test_with_known_variances_it_is_the_power_of_a_z_test():
    slopes, between = np.array([0.0, 1.0, 2.0, 4.0]), 0.6
    w = 1 / (V + between)
    se = 1 / np.sqrt(np.sum(w * (X - np.sum(w * X) / np.sum(w)) ** 2))
    cut = ndtri(0.975)
    expected = ndtr(slopes / se - cut) + ndtr(-slopes / se - cut)
    found = regression_power(V, X, slopes, between=between, tau2=between, ci="Wald", replicates=20000)
    assert found == pytest.approx(expected, abs=0.012)


@pytest.mark.parametrize(("tau2", "ci"), [("REML", "HK-floor"), ("DL", "Wald"), ("FE", "t")])
def test_one_batch_is_the_loop(tau2, ci):
    """Equal to fitting each simulated set with meta_regression, slope by slope."""
    found = regression_power(V, X, [0.0, 1.5], between=0.5, tau2=tau2, ci=ci, replicates=100, seed=7)
    drawn = np.random.default_rng(7).normal(size=(8, 100)) * np.sqrt(V + 0.5)[:, None]
    for slope, share in zip([0.0, 1.5], found, strict=True):
        fits = [meta_regression(one + slope * X, V, X, tau2=tau2, ci=ci) for one in drawn.T]
        assert share == np.mean([fit.p_values[1] < 0.05 for fit in fits])


def test_false_alarms_keep_the_level_and_power_grows():
    power = regression_power(V, X, [0.0, 1.0, 3.0, 9.0], between=0.5)
    assert power[0] < 0.07
    assert list(power) == sorted(power)
    assert power[3] > 0.9
    assert (regression_power(V, X, [0.0, 3.0], between=0.5, seed=2) != power[[0, 2]]).any()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"between": -1}, "between is -1; a variance cannot be negative"),
        ({"replicates": 50}, "replicates is 50; give a whole number of at least 100"),
        ({"x": np.column_stack([X, X**2])}, "x has 2 moderators"),
        ({"ci": "HK-hybrid"}, "ci is 'HK-hybrid'"),
        ({"v": -V}, "must be positive"),
    ],
)
def test_refusals(changed, said):
    given = {"v": V, "x": X, "slopes": [1.0], "between": 0.5} | changed
    with pytest.raises(ValueError, match=said):
        regression_power(given.pop("v"), given.pop("x"), given.pop("slopes"), **given)
