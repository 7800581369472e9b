"""The quadrature against brute force, a second computation, exact special cases, and simulation-based calibration."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import chdtrc, erfinv, ndtri

from mscmeta import _checks
from mscmeta.bayes import normal_normal

ORACLE = json.loads((Path(__file__).parent / "oracles" / "extra_open.json").read_text(encoding="utf-8"))["bayes"]
Y, V = [-0.889, -1.442, -1.621], [0.326, 0.020, 0.223]


def fit(case):
    prior, mu = case["prior"]["tau"], case["prior"]["mu"]
    on_mu = {} if mu["family"] == "flat" else {"mu_mean": mu["mean"], "mu_sd": mu["sd"]}
    family = prior["family"].replace("_", "-")
    return normal_normal(case["y"], case["v"], tau_prior=family, scale=prior["scale"], level=case["level"], **on_mu)


@pytest.mark.parametrize("case", ORACLE, ids=[case["id"] for case in ORACLE])
def test_posterior_equals_brute_force(case):
    """To 1e-10 of a posterior SD, where the reference promises 1e-5."""
    found, truth = fit(case), case["posterior"]
    low, high = truth["mu"]["ci_central"]
    unit = (high - low) / 4

    def same(value, reference, tolerance=1e-10 * unit):
        if reference is None:
            assert math.isnan(value)
        else:
            assert value == pytest.approx(reference, rel=1e-10, abs=tolerance)

    for prefix, block in (("", "mu"), ("tau_", "tau"), ("predictive_", "predictive")):
        reference = truth[block]
        if block != "predictive":
            same(getattr(found, f"{prefix}mean"), reference["mean"])
        same(getattr(found, f"{prefix}sd"), reference["sd"])
        same(getattr(found, f"{prefix}median"), reference["median"])
        for limit, expected in zip(getattr(found, f"{prefix}ci"), reference["ci_central"], strict=True):
            same(limit, expected)
    for block, interval in (("mu", found.shortest_ci), ("tau", found.tau_shortest_ci)):
        for limit, expected in zip(interval, truth[block]["ci_shortest"], strict=True):
            same(limit, expected, tolerance=1e-5 * unit)
    for point in truth["p_mu_below"]:
        same(found.probability_below(point["c"]), point["p"], 1e-12)
    for point in truth["p_predictive_below"]:
        same(found.predictive_probability_below(point["c"]), point["p"], 1e-12)
    assert found.study_means == pytest.approx(np.array(truth["study_means"]), abs=1e-10 * unit)


def second_computation(y, v, tau_prior, scale, mu_mean=0.0, mu_sd=math.inf, points=200_001):
    """Posterior moments by the trapezoid rule on a fine grid of log tau; nothing shared with the package."""
    y, v = np.asarray(y, float), np.asarray(v, float)
    low = 1e-11 * min(scale, math.sqrt(v.min()))
    high = 1e14 * max(scale, math.sqrt(v.max()), np.ptp(y))
    log_tau = np.linspace(math.log(low), math.log(high), points)
    tau2 = np.exp(2 * log_tau)
    precision, total = np.full(points, mu_sd**-2.0), np.full(points, mu_mean * mu_sd**-2.0)
    log_p = log_tau - (tau2 / scale**2 / 2 if tau_prior == "half-normal" else np.log1p(tau2 / scale**2))
    for effect, variance in zip(y, v, strict=True):
        w = 1 / (variance + tau2)
        precision += w
        total += w * effect
        log_p += np.log(w) / 2
    centre = total / precision
    log_p -= np.log(precision) / 2 + (mu_mean - centre) ** 2 * mu_sd**-2.0 / 2
    for effect, variance in zip(y, v, strict=True):
        log_p -= (effect - centre) ** 2 / (variance + tau2) / 2
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    mean, tau_mean = p @ centre, p @ np.sqrt(tau2)
    return {
        "mean": mean,
        "sd": math.sqrt(p @ (1 / precision + (centre - mean) ** 2)),
        "tau_mean": tau_mean,
        "tau_sd": math.sqrt(p @ (np.sqrt(tau2) - tau_mean) ** 2),
    }


HARD = {
    "prior against data": ([0, 1000.0], [1, 1], 0.01),
    "prior against data, four": ([0, 1000.0, 3, 4], [1, 1, 2, 3], 0.001),
    "one exact study": ([1, 2, 3.0], [1e-30, 1, 1], 0.5),
    "one study": ([1.0], [0.3], 0.5),
    "wide prior": ([1, 2, 3.0], [1e-4, 1e-4, 1e-4], 1e4),
    "tight prior": ([1, 2, 3.0], [1, 1, 4], 1e-6),
    "equal effects": ([2.0, 2.0, 2.0, 2.0], [0.5, 1, 2, 4], 1.0),
}


@pytest.mark.parametrize("tau_prior", ["half-normal", "half-cauchy"])
@pytest.mark.parametrize("on_mu", [{}, {"mu_mean": 1.0, "mu_sd": 2.0}], ids=["flat", "normal"])
@pytest.mark.parametrize("name", HARD)
def test_hard_posteriors_equal_a_second_computation(name, on_mu, tau_prior):
    y, v, scale = HARD[name]
    found = normal_normal(y, v, tau_prior=tau_prior, scale=scale, **on_mu)
    for moment, reference in second_computation(y, v, tau_prior, scale, **on_mu).items():
        value = getattr(found, moment)
        if not math.isnan(value):
            assert value == pytest.approx(reference, rel=1e-8, abs=1e-8), moment


@pytest.mark.parametrize(
    ("k", "on_mu", "exists"),
    [
        (1, {}, ""),
        (2, {}, "mean tau_mean"),
        (3, {}, "mean sd tau_mean tau_sd predictive_sd"),
        (1, {"mu_sd": 2.0}, "mean sd tau_mean"),
        (2, {"mu_sd": 2.0}, "mean sd tau_mean tau_sd predictive_sd"),
    ],
)
def test_half_cauchy_moments_that_do_not_exist_are_nan(k, on_mu, exists):
    moments = ("mean", "sd", "tau_mean", "tau_sd", "predictive_sd")
    found = normal_normal(Y[:k], V[:k], tau_prior="half-cauchy", scale=0.5, **on_mu)
    assert [name for name in moments if not math.isnan(getattr(found, name))] == exists.split()
    assert found.ci.low < found.median < found.ci.high
    normal = normal_normal(Y[:k], V[:k], scale=0.5, **on_mu)
    assert not any(math.isnan(getattr(normal, name)) for name in moments)


def test_one_study_and_a_flat_prior_leave_tau_its_prior():
    normal = normal_normal([0.4], [0.2], scale=0.7, level=0.9)
    assert normal.tau_median == pytest.approx(0.7 * math.sqrt(2) * erfinv(0.5), rel=1e-12)
    assert normal.tau_ci.high == pytest.approx(0.7 * math.sqrt(2) * erfinv(0.95), rel=1e-12)
    assert normal.mean == pytest.approx(0.4, abs=1e-14)
    assert normal.sd == pytest.approx(math.sqrt(0.2 + 0.7**2), rel=1e-12)
    assert normal.tau_mean == pytest.approx(0.7 * math.sqrt(2 / math.pi), rel=1e-12)
    cauchy = normal_normal([0.4], [0.2], tau_prior="half-cauchy", scale=0.7)
    assert cauchy.tau_median == pytest.approx(0.7, rel=1e-10)
    assert cauchy.tau_ci.high == pytest.approx(0.7 * math.tan(math.pi / 2 * 0.975), rel=1e-10)
    assert cauchy.median == pytest.approx(0.4, abs=1e-12)


def test_a_prior_of_no_heterogeneity_gives_the_fixed_effect_answer():
    found = normal_normal(Y, V, scale=1e-9)
    weights = 1 / np.array(V)
    assert found.mean == pytest.approx(np.average(Y, weights=weights), rel=1e-12)
    assert found.sd == pytest.approx(weights.sum() ** -0.5, rel=1e-12)
    assert found.ci.high == pytest.approx(found.mean + ndtri(0.975) * found.sd, rel=1e-12)
    assert found.predictive_ci.high == pytest.approx(found.ci.high, rel=1e-9)


def test_equal_variances_make_the_centre_the_plain_mean():
    found = normal_normal([1.0, 2.0, 6.0], [2.0, 2.0, 2.0], tau_prior="half-cauchy", scale=1.0)
    assert (found.mean, found.median) == pytest.approx((3.0, 3.0), rel=1e-13)
    assert found.probability_below(3.0) == pytest.approx(0.5, abs=1e-14)


def test_densities_are_the_slopes_of_the_probabilities():
    found, x, h = normal_normal(Y, V, scale=0.5), np.array([-2.0, -1.4, -0.5]), 1e-5
    slope = (found.probability_below(x + h) - found.probability_below(x - h)) / (2 * h)
    assert found.density(x) == pytest.approx(slope, rel=1e-6)
    tau = np.array([0.05, 0.3, 1.0])
    slope = (found.tau_probability_below(tau + h) - found.tau_probability_below(tau - h)) / (2 * h)
    assert found.tau_density(tau) == pytest.approx(slope, rel=1e-6)
    assert found.tau_density(-0.1) == 0.0
    assert found.density(-1.4) == pytest.approx(found.density(x)[1], rel=1e-14)


def test_tau_lies_above_zero_and_below_infinity():
    found = normal_normal(Y, V, scale=0.5)
    assert found.tau_probability_below([-1.0, 0.0, 1e9]) == pytest.approx(np.array([0.0, 0.0, 1.0]), abs=1e-14)
    assert found.tau_shortest_ci.low == pytest.approx(0.0, abs=1e-6)
    assert found.tau_ci.low > 0


def test_shortest_intervals_hold_the_level_and_are_not_longer():
    found = normal_normal([-20, -2, -55, -71, -4.0], [40.5, 2.1, 15.7, 150.2, 17.3], scale=10.0)
    for shortest, central, below in (
        (found.shortest_ci, found.ci, found.probability_below),
        (found.tau_shortest_ci, found.tau_ci, found.tau_probability_below),
    ):
        assert below(shortest.high) - below(shortest.low) == pytest.approx(0.95, abs=1e-9)
        assert shortest.high - shortest.low < central.high - central.low


effects = st.lists(st.floats(-5, 5), min_size=1, max_size=6)
variances = st.lists(st.floats(0.01, 4), min_size=6, max_size=6)
families = st.sampled_from(["half-normal", "half-cauchy"])


@given(effects, variances, families, st.floats(-1e6, 1e6), st.sampled_from([1e-3, -1.0, 7.5, 1e3]))
@settings(max_examples=40)
def test_posterior_follows_shift_scale_and_sign(y, v, tau_prior, shift, factor):
    y, v = np.array(y), np.array(v[: len(y)])
    here = normal_normal(y, v, tau_prior=tau_prior, scale=0.8)
    there = normal_normal(y * factor + shift, v * factor**2, tau_prior=tau_prior, scale=0.8 * abs(factor))
    rounding = 1e-9 * abs(factor) + 1e-14 * abs(shift)
    ends = sorted(limit * factor + shift for limit in here.ci)
    assert there.median == pytest.approx(here.median * factor + shift, abs=rounding)
    assert list(there.ci) == pytest.approx(ends, abs=10 * rounding)
    # a shifted effect is stored to fewer digits, and equal effects then differ by that rounding
    slack = 1e-9 + 1e-10 * abs(shift / factor)
    assert there.tau_median == pytest.approx(here.tau_median * abs(factor), rel=slack)


@given(effects, variances, families, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_order_of_studies_does_not_matter(y, v, tau_prior, random):
    order = random.sample(range(len(y)), len(y))
    here = normal_normal(y, v[: len(y)], tau_prior=tau_prior, scale=0.8)
    there = normal_normal([y[i] for i in order], [v[i] for i in order], tau_prior=tau_prior, scale=0.8)
    assert there.median == pytest.approx(here.median, abs=1e-10)
    assert there.tau_ci.high == pytest.approx(here.tau_ci.high, rel=1e-10)
    assert there.study_means == pytest.approx(here.study_means[order], abs=1e-10)


@given(effects, variances, families)
@settings(max_examples=40)
def test_parts_of_a_posterior_are_in_order(y, v, tau_prior):
    found = normal_normal(y, v[: len(y)], tau_prior=tau_prior, scale=0.8, mu_sd=3.0)
    assert found.ci.low < found.median < found.ci.high
    assert found.predictive_ci.low < found.ci.low
    assert found.ci.high < found.predictive_ci.high
    assert 0 < found.tau_ci.low < found.tau_median < found.tau_ci.high
    assert found.probability_below(found.ci.low) == pytest.approx(0.025, abs=1e-12)
    assert found.predictive_probability_below(found.predictive_ci.high) == pytest.approx(0.975, abs=1e-12)
    pulled = (found.study_means - found.mean) / np.where(np.array(y) == found.mean, 1, np.array(y) - found.mean)
    assert found.study_means.min() >= min(*y, 0, found.mean) - 1e-9
    assert np.isfinite(pulled).all()


def test_simulation_based_calibration():
    """Drawn from the prior, true values fall uniformly over their posteriors (Talts 2018): 1,000 fits, 20 bins."""
    rng = np.random.default_rng(20240611)
    ranks = {"mu": [], "tau": [], "new": []}
    for i in range(1000):
        k = 2 + i % 6
        v = rng.uniform(0.05, 1.0, k)
        tau = abs(rng.normal(0, 0.5))
        mu, new = (centre := rng.normal(0.3, 2.0)), rng.normal(centre, tau)
        y = rng.normal(mu, np.sqrt(v + tau**2))
        posterior = normal_normal(y, v, scale=0.5, mu_mean=0.3, mu_sd=2.0)
        ranks["mu"].append(posterior.probability_below(mu))
        ranks["tau"].append(posterior.tau_probability_below(tau))
        ranks["new"].append(posterior.predictive_probability_below(new))
    for name, values in ranks.items():
        counts = np.histogram(values, bins=20, range=(0, 1))[0]
        p = chdtrc(19, ((counts - 50) ** 2 / 50).sum())
        assert p > 0.001, name


def test_calibration_would_notice_a_wrong_prior():
    rng = np.random.default_rng(7)
    ranks = []
    for _ in range(300):
        tau = abs(rng.normal(0, 0.5))
        y = rng.normal(rng.normal(0, 2.0), np.sqrt(0.1 + tau**2), 5)
        ranks.append(normal_normal(y, [0.1] * 5, scale=0.1, mu_sd=2.0).tau_probability_below(tau))
    counts = np.histogram(ranks, bins=20, range=(0, 1))[0]
    assert chdtrc(19, ((counts - 15) ** 2 / 15).sum()) < 1e-6


def test_result_names_its_model():
    found = normal_normal(Y, V, scale=0.5)
    assert found.method == "normal-normal model by quadrature, half-normal prior of scale 0.5 on tau, flat prior on mu"
    assert "normal prior on mu (mean 1, SD 2)" in normal_normal(Y, V, scale=0.5, mu_mean=1, mu_sd=2).method
    assert repr(found).startswith("Posterior(mu -1.405 [-1.949, -0.7851], tau 0.227 [0.01024, 0.8706], medians")
    assert (found.k, found.level) == (3, 0.95)


def test_a_level_near_one_ends():
    found = normal_normal(Y, V, scale=0.5, level=1 - 1e-15)
    assert found.ci.low < -3
    assert found.ci.high > 1


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"scale": 0}, "scale is 0; it must be positive"),
        ({"scale": 1e60}, "scale is 1e.60; it must be positive, and not above 1e.50"),
        ({"scale": 0.5, "tau_prior": "uniform"}, "tau_prior is 'uniform'; choose one of half-normal, half-cauchy"),
        ({"scale": 0.5, "mu_mean": 1.0}, "mu_mean is 1, but a flat prior has no mean"),
        ({"scale": 0.5, "mu_sd": -1.0}, "mu_sd is -1; it must be positive"),
        ({"scale": 0.5, "level": 1}, "level is 1"),
    ],
)
def test_settings_that_make_no_prior_are_refused(settings_, message):
    with pytest.raises(ValueError, match=message):
        normal_normal(Y, V, **settings_)


def test_bad_studies_are_refused_by_label():
    with pytest.raises(ValueError, match="variance of study 'vega2015' is -1"):
        normal_normal([1, 2], [1, -1], scale=0.5, labels=["gupta2016", "vega2015"])
    with pytest.raises(ValueError, match="one meta-analysis at a time"):
        normal_normal(np.ones((2, 3)), np.ones((2, 3)), scale=0.5)
    with pytest.raises(TypeError, match="scale"):
        normal_normal([1, 2], [1, 1], scale="0.5")


def test_a_probability_is_asked_for_at_a_number():
    fit = normal_normal([1, 2], [1, 1], scale=0.5)
    for ask in (fit.probability_below, fit.predictive_probability_below, fit.tau_probability_below, fit.density):
        with pytest.raises(ValueError, match="x holds NaN; a probability or density needs a number"):
            ask([0.0, np.nan])
        with pytest.raises(TypeError, match="x must hold numbers, but holds 'a'"):
            ask("a")
    assert fit.probability_below(np.inf) == pytest.approx(1)


def test_data_and_prior_in_different_units_are_refused():
    with pytest.raises(ValueError, match="data and prior contradict each other too much"):
        normal_normal([0.0, 1e6], [1.0, 1.0], scale=1e-12)


def test_a_very_sharp_posterior_is_resolved():
    """Data 10^5 prior SDs apart: tau settles at sqrt(scale x spread), to within a part in 10^5."""
    found = normal_normal([0.0, 1e4], [1e-6, 1e-6], scale=0.01)
    reference = second_computation([0.0, 1e4], [1e-6, 1e-6], "half-normal", 0.01, points=4_000_001)
    assert found.tau_mean == pytest.approx(reference["tau_mean"], rel=1e-9)
    assert found.tau_sd == pytest.approx(reference["tau_sd"], rel=1e-4)
    assert found.tau_sd / found.tau_mean < 1e-3


def test_many_studies_are_worked_in_blocks(monkeypatch):
    rng = np.random.default_rng(3)
    v = rng.uniform(0.1, 2, 900)
    y = rng.normal(0, np.sqrt(v + 0.5))
    found = normal_normal(y, v, scale=1.0)
    reference = second_computation(y, v, "half-normal", 1.0, points=20_001)
    assert (found.mean, found.tau_mean) == pytest.approx((reference["mean"], reference["tau_mean"]), rel=1e-9)
    assert _checks.LARGEST_EFFECT == 1e50
