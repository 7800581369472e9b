"""mscmeta.power: the chance of finding a slope, and what noise shows: against formulas and loops of single fits."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from mscmeta import egger, meta_regression
from mscmeta.power import egger_power, noise_regression, regression_power

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


# ---------------------------------------------------------------- noise


@pytest.mark.parametrize(("tau2", "ci"), [("REML", "HK"), ("DL", "Wald"), ("REML", "HK-floor")])
def test_noise_is_the_loop(tau2, ci):
    found = noise_regression(V, 6, between=0.5, tau2=tau2, ci=ci, replicates=100, seed=4)
    rng = np.random.default_rng(4)
    v = rng.choice(V, (6, 100))
    y = rng.normal(size=(6, 100)) * np.sqrt(v + 0.5)
    x = ndtri((np.arange(6) + 0.5) / 6)
    fits = [meta_regression(y[:, i], v[:, i], x, tau2=tau2, ci=ci) for i in range(100)]
    np.testing.assert_allclose(found.r2, [fit.r2 for fit in fits], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.p_values, [fit.p_values[1] for fit in fits], rtol=1e-8)


def test_r2_of_noise_shrinks_with_the_number_of_trials_and_the_level_is_kept():
    shares = []
    for k in (5, 10, 40):
        found = noise_regression(V, k, between=1.0, replicates=1000)
        shares.append(np.mean(found.r2 > 0.25))
        assert ((found.r2 >= 0) & (found.r2 <= 1)).all()
        assert np.mean(found.p_values < 0.05) == pytest.approx(0.05, abs=0.03)
    assert shares[0] > shares[1] > shares[2]
    assert shares[0] > 0.15
    assert shares[2] < 0.05


def test_without_heterogeneity_to_explain_r2_is_nothing():
    assert noise_regression(V, 8, between=0.0, tau2="FE", ci="Wald", replicates=100).r2.max() == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"k": 2}, "k is 2"),
        ({"k": 5.5}, "k is 5.5"),
        ({"replicates": 10}, "replicates is 10"),
        ({"between": -0.1}, "between is -0.1"),
        ({"tau2": "XX"}, "tau2 is 'XX'"),
    ],
)
def test_noise_refuses(changed, said):
    with pytest.raises(ValueError, match=said):
        noise_regression(V, **{"k": 5, "between": 0.5, **changed})


# ---------------------------------------------------------------- Egger


def test_egger_power_is_the_loop():
    slopes = [0.0, 1.0, 3.0]
    found = egger_power(V, slopes, between=0.4, alpha=0.1, replicates=100, seed=11)
    drawn = np.random.default_rng(11).normal(size=(8, 100)) * np.sqrt(V + 0.4)[:, None]
    for slope, share in zip(slopes, found, strict=True):
        tests = [egger(one + slope * np.sqrt(V), V) for one in drawn.T]
        assert share == np.mean([test.p_value < 0.1 for test in tests])


def test_egger_keeps_its_level_without_heterogeneity_and_gains_with_trials():
    few, many = egger_power(V, [0.0, 3.0], between=0.0), egger_power(np.tile(V, 5), [0.0, 3.0], between=0.0)
    assert few[0] == pytest.approx(0.10, abs=0.02)
    assert many[0] == pytest.approx(0.10, abs=0.02)
    assert few[1] < many[1]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"between": -1}, "between is -1"),
        ({"replicates": 99}, "replicates is 99"),
        ({"alpha": 1.5}, "level is"),
        ({"v": [0.5] * 6}, "standard error' is constant"),
        ({"v": [0.5, 0.6]}, "2 studies cannot carry"),
    ],
)
def test_egger_power_refuses(changed, said):
    given = {"v": V, "slopes": [1.0], "between": 0.5} | changed
    with pytest.raises(ValueError, match=said):
        egger_power(given.pop("v"), given.pop("slopes"), **given)
