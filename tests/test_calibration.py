"""Simulation-based calibration: uniform where the model is right, not where the prior is wrong; and what is refused."""

import numpy as np
import pytest
from scipy import stats

from mscmeta import data
from mscmeta.calibration import QUANTITIES, calibrate

V = [0.2, 0.4, 0.6]


def test_ranks_are_uniform_at_a_thousand_fits_on_the_trials_of_the_chapter():
    v = data.contrasts("cochrane2025", "pain", 12, comparators="placebo").v
    found = calibrate(v, scale=1.0, mu_sd=2.0, fits=1000, seed=20)
    assert tuple(found.ranks) == tuple(found.counts) == tuple(found.p_values) == QUANTITIES
    for name in QUANTITIES:
        assert found.ranks[name].shape == (1000,)
        assert found.counts[name].sum() == 1000
        assert len(found.counts[name]) == found.bins == 20
        assert found.p_values[name] > 0.001
        assert stats.kstest(found.ranks[name], "uniform").pvalue > 0.001  # another test of the same


def test_the_half_cauchy_prior_is_calibrated_too():
    found = calibrate(V, scale=0.5, tau_prior="half-cauchy", mu_mean=3.0, mu_sd=1.0, fits=300, bins=10, seed=2)
    assert min(found.p_values.values()) > 0.001


def test_a_prior_that_is_too_narrow_or_too_wide_is_found():
    for assumed, side in ((0.2, -1), (5.0, 0)):
        found = calibrate(V, scale=1.0, mu_sd=2.0, assumed_scale=assumed, fits=200, bins=10, seed=1)
        assert found.p_values["tau"] < 1e-6
        # too narrow: the true tau lies high in its posterior; too wide: low
        assert found.counts["tau"][side] > 2 * 200 / 10 or assumed > 1
        assert np.sign(np.mean(found.ranks["tau"]) - 0.5) == (1 if assumed < 1 else -1)


def test_the_chi_squared_p_is_that_of_scipy():
    found = calibrate(V, scale=1.0, mu_sd=1.0, fits=60, bins=6, seed=9)
    for name, counts in found.counts.items():
        assert found.p_values[name] == pytest.approx(stats.chisquare(counts).pvalue, rel=1e-10)
        assert counts.tolist() == np.histogram(found.ranks[name], 6, (0, 1))[0].tolist()


def test_the_seed_gives_the_same_fits_again():
    one, two = (calibrate(V, scale=1.0, mu_sd=1.0, fits=20, bins=4, seed=5) for _ in range(2))
    other = calibrate(V, scale=1.0, mu_sd=1.0, fits=20, bins=4, seed=6)
    assert one.ranks["tau"].tolist() == two.ranks["tau"].tolist() != other.ranks["tau"].tolist()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mu_sd": np.inf}, "mu_sd is inf"),
        ({"mu_sd": 0.0}, "mu_sd is 0"),
        ({"fits": 40, "bins": 20}, "at least 5 fits for each bin"),
        ({"fits": 100, "bins": 1}, "fits is 100 and bins is 1"),
        ({"fits": 100.5}, "whole numbers"),
        ({"tau_prior": "uniform"}, "tau_prior is 'uniform'"),
        ({"scale": -1.0}, "scale"),
    ],
)
def test_refusals(changed, said):
    with pytest.raises(ValueError, match=said):
        calibrate(V, **{"scale": 1.0, "mu_sd": 1.0, "fits": 100, **changed})
