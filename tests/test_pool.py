"""The engine: equal to metafor and meta, the same to the last digit in one, many and masked; honest at k = 1 and 2."""

import dataclasses
import json
import math
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mscmeta import Interval, Pooled, Ratio, gosh, leave_one_out, pool
from mscmeta._likelihood import profile_of_mean

ORACLES = Path(__file__).parent / "oracles"
CASES = json.loads((ORACLES / "metafor_open.json").read_text())["cases"]
EXTRA = json.loads((ORACLES / "extra_open.json").read_text())
ITERATED = ("ML", "REML", "EB")  # PM is solved with a tighter rule in the reference
METHODS = ("FE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")
RULES = ("Wald", "t", "HK", "HK-floor", "HK-hybrid")
ORACLE_RULES = {"z": "Wald", "hk": "HK", "hk_adhoc": "HK-floor", "t": "t"}
FIELDS = ("estimate", "se", "df", "tau2", "tau2_at_boundary", "q", "q_df", "i2", "h2", "k", "statistic", "p_value",
          "q_p_value")  # fmt: skip
Y, V, NAMES = [-0.9, -0.3, -1.2, -0.5], [0.10, 0.05, 0.20, 0.08], ["vega2015", "lim2021", "lee2019", "gupta2016"]


@st.composite
def studies(draw, least=2, most=12):
    k = draw(st.integers(least, most))
    y = draw(st.lists(st.integers(-400, 400).map(lambda i: i / 100), min_size=k, max_size=k))
    v = draw(st.lists(st.integers(-20, 20).map(lambda i: 10 ** (i / 10)), min_size=k, max_size=k))
    return np.array(y), np.array(v)


def close(got, expected, rel, slack=0.0):
    np.testing.assert_allclose(got, expected, rtol=rel, atol=slack)


def same(one, many, index):
    """Every number of one meta-analysis equals, to the last bit, that of a replicate."""
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(one, field), np.asarray(getattr(many, field))[index], err_msg=field)
    for limit in ("low", "high"):
        np.testing.assert_array_equal(getattr(one.ci, limit), getattr(many.ci, limit)[index])


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
@pytest.mark.parametrize("method", METHODS)
def test_equals_metafor(case, method):
    for name, rule in ORACLE_RULES.items():
        expected = case["fits"]["EE" if method == "FE" else method][name]
        fit = pool(case["yi"], case["vi"], tau2=method, ci=rule)
        # the reference stops iterating at 1e-11 in tau2, which a small tau2 feels in the seventh digit
        rel = 1e-12
        if method in ITERATED:
            rel = 1e-9 + 1e-10 * max(1, np.var(case["yi"], ddof=1)) / (np.median(case["vi"]) + expected["tau2"])
        close(fit.estimate, expected["estimate"], rel)
        close([fit.se, fit.statistic, fit.p_value], [expected[k] for k in ("se", "statistic", "p_value")], 10 * rel)
        close([fit.ci.low, fit.ci.high], [expected["ci_low"], expected["ci_high"]], 10 * rel, rel * fit.se)
        close(fit.q, expected["q"], 1e-12)
        close(fit.q_p_value, expected["q_p"], 1e-11)  # a tail of 1e-52 magnifies the last digit of Q
        close([fit.i2, fit.h2], [expected["i2"], expected["h2"]], 10 * rel, 100 * rel if method in ITERATED else 1e-15)


@pytest.mark.parametrize("case", EXTRA["hk_hybrid"], ids=lambda c: c["id"])
@pytest.mark.parametrize(
    ("name", "rule"), [("classic", "Wald"), ("hk", "HK"), ("hk_se", "HK-floor"), ("hk_ci", "HK-hybrid")]
)
def test_hartung_knapp_and_its_variants_equal_meta(case, name, rule):
    expected = case["rules"][name]
    fit = pool(case["y"], case["v"], tau2=case["tau2_method"], ci=rule, level=case["level"])
    close(
        [fit.estimate, fit.se, fit.ci.low, fit.ci.high],
        [expected[k] for k in ("estimate", "se", "lower", "upper")],
        1e-8,
        1e-10,
    )
    close(fit.p_value, expected["p_value"], 1e-7)
    assert fit.df == (math.inf if expected["df"] is None else expected["df"])


PREDICTION = {
    "S": ("Wald", "z"), "V": ("Wald", "t(k-1)"), "HTS": ("Wald", "t(k-2)"), "HK": ("HK", "t(k-1)"),
    "HK_se": ("HK-floor", "t(k-1)"), "HK_PR": ("HK", "t(k-2)"),
}  # fmt: skip


@pytest.mark.parametrize("case", EXTRA["prediction"], ids=lambda c: c["id"])
@pytest.mark.parametrize("name", PREDICTION)
def test_prediction_intervals_equal_meta(case, name):
    rule, quantile = PREDICTION[name]
    expected = case["rules"][name]
    interval = pool(case["y"], case["v"], tau2=case["tau2_method"], ci=rule).prediction_interval(quantile)
    if expected is None or expected["lower"] is None:
        assert math.isnan(interval.low)
        assert math.isnan(interval.high)
        assert len(case["y"]) == 2
    else:
        close([*interval], [expected["lower"], expected["upper"]], 1e-8, 1e-9)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_prediction_intervals_equal_metafor(case):
    wald, hk = (pool(case["yi"], case["vi"], tau2="DL", ci=rule) for rule in ("Wald", "HK"))
    close([*wald.prediction_interval("z")], case["extra"]["pi_dl_normal"], 1e-12, 1e-14)
    close([*hk.prediction_interval()], case["extra"]["pi_dl_hk_t_km1"], 1e-12, 1e-14)
    if case["k"] > 2:
        close([*wald.prediction_interval("t(k-2)")], case["extra"]["pi_dl_t_km2"], 1e-12, 1e-14)


@pytest.mark.parametrize("case", EXTRA["mu_profile"], ids=lambda c: c["id"])
def test_profile_likelihood_of_the_mean(case):
    fit = pool(case["y"], case["v"], tau2="ML", ci="PL", level=case["level"])
    close([fit.ci.low, fit.ci.high, fit.p_value], [case["lower"], case["upper"], case["p_value_mu_zero"]], 1e-9)
    assert fit.df == math.inf
    assert fit.se == pool(case["y"], case["v"], tau2="ML", ci="Wald").se
    around_zero = pool(np.array(case["y"]) - fit.estimate, case["v"], tau2="ML", ci="PL")
    assert around_zero.p_value == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("variance", "shift", "mode"), [(9.0, 5.0, "precise"), (9.0, 6.0, "others"), (16.0, 8.0, "precise")]
)
def test_the_profile_interval_reaches_the_mode_beside_a_precise_study(variance, shift, mode, sign):
    """One very precise study at 0, four others far away: a spike and a hill of the likelihood in one interval."""
    y = sign * np.array([0.0, shift, shift + 0.4, shift - 0.4, shift + 1.0])
    v = np.array([1e-4, *[variance] * 4])
    fit = pool(y, v, tau2="ML", ci="PL")
    assert (abs(fit.estimate) < 0.01) == (mode == "precise")
    means = np.concatenate([np.linspace(-20, 20, 2001), np.linspace(-0.1, 0.1, 401)])
    peak, low, high = profile_of_mean(y, v, np.array([fit.estimate, *fit.ci]))
    drop = stats.chi2.ppf(0.95, 1) / 2
    inside = means[profile_of_mean(y, v, means) >= peak - drop]
    close([*fit.ci], [inside.min(), inside.max()], 0.01, 0.001)
    close([peak - low, peak - high], [drop, drop], 1e-9)
    assert min(abs(fit.ci.low), abs(fit.ci.high)) < 0.1 < 4 < max(abs(fit.ci.low), abs(fit.ci.high))


@given(studies())
def test_the_profile_of_the_mean_drops_by_half_a_quantile(data):
    y, v = data
    fit = pool(y, v, tau2="ML", ci="PL", level=0.9)
    peak, low, high = profile_of_mean(y, v, np.array([fit.estimate, fit.ci.low, fit.ci.high]))
    drop = stats.chi2.ppf(0.9, 1) / 2
    close([peak - low, peak - high], [drop, drop], 1e-7)
    assert fit.ci.low < fit.estimate < fit.ci.high


def test_the_profile_of_the_mean_for_many():
    y, v = np.array([Y, Y[::-1]]).T, np.array([V, V]).T
    y[0, 1] = v[0, 1] = np.nan
    many = pool(y, v, tau2="ML", ci="PL")
    same(pool(Y, V, tau2="ML", ci="PL"), many, 0)
    same(pool(y[1:, 1], v[1:, 1], tau2="ML", ci="PL"), many, 1)
    assert many.replicate(1).p_value == many.p_value[1]
    same(pool(Y[:3], V[:3], tau2="ML", ci="PL"), leave_one_out(Y, V, tau2="ML", ci="PL"), 3)


@given(studies(), st.sampled_from(METHODS), st.sampled_from(RULES))
def test_one_many_and_masked_agree_to_the_last_digit(data, method, rule):
    y, v = data
    k = len(y)
    rng = np.random.default_rng(k)
    mask = rng.random((k, 5)) < 0.7
    mask[0] = True
    mask[:, 0] = True
    wide_y, wide_v = np.where(mask, y[:, None], np.nan), np.where(mask, v[:, None], np.nan)
    many = pool(wide_y, wide_v, tau2=method, ci=rule)
    alone = pool(wide_y[:, :1], wide_v[:, :1], tau2=method, ci=rule)
    stacked = pool(wide_y.reshape(k, 5, 1), wide_v.reshape(k, 5, 1), tau2=method, ci=rule)
    same(pool(y, v, tau2=method, ci=rule), alone, 0)
    for j in range(5):
        one = pool(y[mask[:, j]], v[mask[:, j]], tau2=method, ci=rule)
        same(one, many, j)
        same(one, stacked, (j, 0))
        np.testing.assert_array_equal(one.weights, many.weights[mask[:, j], j])


@pytest.mark.parametrize("method", METHODS)
def test_blocks_do_not_matter(method, monkeypatch):
    rng = np.random.default_rng(1)
    y, v = rng.normal(0, 2, (5, 23)), rng.uniform(0.1, 4, (5, 23))
    whole = pool(y, v, tau2=method)
    monkeypatch.setattr(sys.modules["mscmeta.pool"], "BLOCK", 4)
    parts = pool(y, v, tau2=method)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(whole, field), getattr(parts, field))


@pytest.mark.parametrize("method", METHODS)
def test_blocks_of_subsets_do_not_matter(method, monkeypatch):
    whole = gosh(Y, V, tau2=method, ci="HK-hybrid", i2="Q")
    monkeypatch.setattr(sys.modules["mscmeta.pool"], "BLOCK", 4)
    parts = gosh(Y, V, tau2=method, ci="HK-hybrid", i2="Q")
    for j, column in enumerate(whole.mask.T):
        one = pool(np.array(Y)[column], np.array(V)[column], tau2=method, ci="HK-hybrid", i2="Q")
        same(one, whole, j)
        same(one, parts, j)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("method", METHODS)
def test_many_of_one_study_each(method, rule):
    many = pool([[1.0, -2.0]], [[0.5, 3.0]], tau2=method, ci=rule)
    same(pool([1.0], [0.5], tau2=method, ci=rule), many, 0)
    same(pool([-2.0], [3.0], tau2=method, ci=rule), many, 1)


@pytest.mark.parametrize("method", METHODS)
def test_a_lone_replicate_adds_its_many_studies_in_the_same_order(method):
    """Numpy adds up a lone column in another order once it is long, and the last digit shows it."""
    rng = np.random.default_rng(3)
    y, v = rng.normal(0, 2, (60, 5)), rng.uniform(0.1, 4, (60, 5))
    y[7] = v[7] = np.nan  # without it the single column would not be worked on as an array
    use = np.arange(60) != 7
    for j in range(5):
        lone = pool(y[:, [j]], v[:, [j]], tau2=method, i2="Q")
        same(pool(y[use, j], v[use, j], tau2=method, i2="Q"), lone, 0)


def test_subsets_are_pooled_like_a_set_unless_told_otherwise():
    pool_masked = sys.modules["mscmeta.pool"].pool_masked
    mask = np.array([[1, 1, 1, 1], [1, 0, 1, 1]], bool).T
    many = pool_masked(Y, V, mask, labels=NAMES)
    same(pool(Y, V), many, 0)
    same(pool(Y[:1] + Y[2:], V[:1] + V[2:]), many, 1)
    whole = pool(Y, V, labels=NAMES)
    for field in ("method", "tau2_method", "ci_method", "level", "labels"):
        assert getattr(many, field) == getattr(whole, field), field
    np.testing.assert_array_equal(many.mask, mask)
    with pytest.raises(ValueError, match=r"^variance of study 'lim2021' is 0; variances must be positive$"):
        pool_masked(Y, [0.1, 0, 0.2, 0.1], mask, labels=NAMES)


@pytest.mark.parametrize(
    ("options", "method"),
    [
        ({}, "tau2: REML; interval: Hartung-Knapp (t, k-1 df); I2: from tau2"),
        ({"tau2": "DL", "ci": "Wald", "i2": "Q"}, "tau2: DL; interval: Wald (z); I2: from Q"),
        ({"tau2": 0.25, "ci": "t"}, "tau2: given as 0.25; interval: Wald SE, t with k-1 df; I2: from tau2"),
        ({"tau2": "ML", "ci": "PL"}, "tau2: ML; interval: profile likelihood; I2: from tau2"),
    ],
)
def test_the_result_says_in_words_what_was_done(options, method):
    assert pool(Y, V, **options).method == f"{method}; prediction: t(k-1) on the same SE unless asked otherwise"
    assert pool(Y, V, tau2="FE", ci="HK-floor").method == (
        "tau2: FE; interval: Hartung-Knapp with variance factor at least 1 (t, k-1 df); I2: from Q"
    )


@given(studies(least=1), studies(least=1, most=1), st.sampled_from(METHODS), st.sampled_from(RULES))
def test_leaving_out_an_added_study_returns_the_original(data, added, method, rule):
    (y, v), (new_y, new_v) = data, added
    without = leave_one_out(np.append(y, new_y), np.append(v, new_v), tau2=method, ci=rule)
    same(pool(y, v, tau2=method, ci=rule), without, len(y))


@given(studies(), st.sampled_from(METHODS), st.sampled_from(RULES))
def test_results_are_possible(data, method, rule):
    y, v = data
    fit = pool(y, v, tau2=method, ci=rule)
    assert fit.weights.sum() == pytest.approx(1, rel=1e-14)
    assert (fit.weights > 0).all()
    assert y.min() - 1e-12 <= fit.estimate <= y.max() + 1e-12
    assert fit.ci.low <= fit.estimate <= fit.ci.high
    assert 0 <= fit.i2 < 1
    assert 0 <= fit.p_value <= 1
    assert 0 <= fit.q_p_value <= 1
    assert fit.h2 >= 1 or method == "FE"
    assert fit.tau2_at_boundary == (fit.tau2 == 0 and method != "FE")
    if method != "FE":
        interval = fit.prediction_interval("t(k-1)")
        assert interval.low <= fit.ci.low + 1e-12 or rule in ("Wald", "HK-hybrid")
        z = fit.prediction_interval("z")
        assert interval.low <= z.low <= z.high <= interval.high


@given(studies(), st.sampled_from(METHODS), st.sampled_from(RULES), st.integers(-50, 50))
def test_order_shift_and_sign(data, method, rule, c):
    y, v = data
    fit = pool(y, v, tau2=method, ci=rule)
    slack = 1e-9 * (1 + fit.se)
    for other, sign, move in (
        (pool(y[::-1], v[::-1], tau2=method, ci=rule), 1, 0),
        (pool(y + c, v, tau2=method, ci=rule), 1, c),
        (pool(-y, v, tau2=method, ci=rule), -1, 0),
    ):
        close(other.estimate, sign * fit.estimate + move, 1e-9, slack)
        low, high = sorted((sign * fit.ci.low + move, sign * fit.ci.high + move))
        close([other.ci.low, other.ci.high], [low, high], 1e-7, 1e-7 * (1 + fit.se))
        close(other.q, fit.q, 1e-9, 1e-9)


@given(studies(), st.sampled_from(METHODS), st.sampled_from(RULES), st.sampled_from([1e-3, 1e3]))
def test_units(data, method, rule, c):
    y, v = data
    fit, other = pool(y, v, tau2=method, ci=rule), pool(c * y, c * c * v, tau2=method, ci=rule)
    close(other.estimate, c * fit.estimate, 1e-9, 1e-12 * c)
    close([other.q, other.h2], [fit.q, fit.h2], 1e-9, 1e-12)
    close(other.i2, fit.i2, 1e-9, 1e-9)
    close(other.se, c * fit.se, 1e-7, 1e-10 * c)


@given(studies())
def test_the_floor_is_never_narrower_than_t_and_the_hybrid_never_than_wald(data):
    y, v = data
    widths = {rule: pool(y, v, ci=rule).ci.high - pool(y, v, ci=rule).ci.low for rule in RULES}
    assert widths["HK-floor"] >= widths["t"] * (1 - 1e-12)
    assert widths["HK-floor"] >= widths["HK"] * (1 - 1e-12)
    assert widths["HK-hybrid"] == pytest.approx(max(widths["HK"], widths["Wald"]), rel=1e-12)


@given(studies())
def test_halves_of_a_study_weigh_as_much_as_the_study(data):
    y, v = data
    whole, halves = pool(y, v, tau2="FE", ci="Wald"), pool(np.tile(y, 2), np.tile(2 * v, 2), tau2="FE", ci="Wald")
    close([halves.estimate, halves.se], [whole.estimate, whole.se], 1e-12, 1e-14)


@given(studies())
def test_a_duplicated_set_narrows_the_interval(data):
    y, v = data
    once, twice = pool(y, v, tau2="FE", ci="Wald"), pool(np.tile(y, 2), np.tile(v, 2), tau2="FE", ci="Wald")
    close(twice.se, once.se / math.sqrt(2), 1e-12)
    close(twice.q, 2 * once.q, 1e-9, 1e-12)


@given(studies(least=1, most=1), st.sampled_from(METHODS), st.sampled_from(RULES))
def test_one_study_is_returned_as_it_is(data, method, rule):
    (y,), (v,) = data
    fit = pool([y], [v], tau2=method, ci=rule)
    assert (fit.estimate, fit.tau2, fit.i2, fit.h2, fit.q, fit.q_df, fit.q_p_value, fit.k) == (y, 0, 0, 1, 0, 0, 1, 1)
    if rule == "Wald":
        close([fit.ci.low, fit.ci.high], [y - 1.959963984540054 * v**0.5, y + 1.959963984540054 * v**0.5], 1e-12, 1e-14)
    else:
        assert math.isnan(fit.ci.low)
        assert math.isnan(fit.ci.high)
        assert math.isnan(fit.p_value)
    if method != "FE":
        assert math.isnan(fit.prediction_interval().low)


def test_a_review_s_own_rule_chooses_the_model():
    calm, q_large, p_small = [-1.0, -1.2, -0.9], [-4.0, 1.2, -0.9], [0.0, 1.6] * 4
    by_rule = sys.modules["mscmeta.pool"].pool_by_heterogeneity
    assert by_rule(calm, [0.2, 0.3, 0.25]).tau2_method == "FE"
    assert by_rule(q_large, [0.2, 0.3, 0.25]).tau2_method == "DL"
    fit = pool(p_small, [0.394] * 8, tau2="DL", ci="Wald", i2="Q")
    assert fit.i2 < 0.5
    assert fit.q_p_value < 0.1
    assert by_rule(p_small, [0.394] * 8).ci == fit.ci
    assert by_rule(p_small, [0.394] * 8, p_below=0.01).tau2_method == "FE"
    assert by_rule(p_small, [0.394] * 8, p_below=0.01, i2_above=0.3).tau2_method == "DL"
    assert by_rule(calm, [0.2, 0.3, 0.25], level=0.9).level == 0.9
    assert by_rule(calm, [0.2, 0.3, 0.25]).ci == pool(calm, [0.2, 0.3, 0.25], tau2="FE", ci="Wald").ci
    random = pool(q_large, [0.2, 0.3, 0.25], tau2="DL", ci="Wald", level=0.9)
    assert by_rule(q_large, [0.2, 0.3, 0.25], level=0.9).ci == random.ci


def test_model_chosen_by_heterogeneity_at_its_limits():
    """Above one limit or below the other, not at it; I² alone is enough."""
    by_rule = sys.modules["mscmeta.pool"].pool_by_heterogeneity
    half = pool([1.0, 3.0], [1.0, 1.0], tau2="FE", ci="Wald")  # Q = 2 on one degree of freedom
    assert (half.i2, half.q_p_value > 0.1) == (0.5, True)
    assert by_rule([1.0, 3.0], [1.0, 1.0]).tau2_method == "FE"
    assert by_rule([1.0, 3.1], [1.0, 1.0]).tau2_method == "DL"
    assert by_rule([1.0, 3.0], [1.0, 1.0], p_below=half.q_p_value).tau2_method == "FE"
    with pytest.raises(ValueError, match="variance of study 'vega' is 0"):
        by_rule([1.0, 3.0], [1.0, 0.0], labels=["saw", "vega"])
    assert by_rule([1.0, 9.0], [1.0, 1.0], i2_above=1, p_below=0).tau2_method == "FE"
    assert by_rule([1.0, 1.1], [1.0, 1.0], i2_above=0, p_below=1).tau2_method == "DL"
    with pytest.raises(ValueError, match=r"^p_below is 1\.5; it must lie between 0 and 1"):
        by_rule([1.0, 3.0], [1.0, 1.0], p_below=1.5)
    assert by_rule([1.0, 3.0], [1.0, 1.0], labels=["saw", "vega"]).labels == ("saw", "vega")
    assert by_rule([1.0, 9.0], [1.0, 1.0], labels=["saw", "vega"]).labels == ("saw", "vega")


def test_two_studies():
    fit = pool([1.0, 3.0], [1.0, 1.0], tau2="DL")
    assert (fit.estimate, fit.tau2, fit.q, fit.se, fit.df) == (2, 1, 2, 1, 1)
    close(fit.ci.high, 2 + stats.t.ppf(0.975, 1), 1e-12)
    assert math.isnan(fit.prediction_interval("t(k-2)").low)
    close(fit.prediction_interval("t(k-1)").high, 2 + stats.t.ppf(0.975, 1) * math.sqrt(2), 1e-12)


def test_identical_effects_have_no_width_under_hartung_knapp():
    zero = pool([0.0, 0.0, 0.0], [1.0, 2.0, 3.0])
    assert (zero.ci.low, zero.ci.high, zero.statistic, zero.p_value) == (0, 0, 0, 1)
    one = pool([-1.5, -1.5, -1.5], [1.0, 2.0, 3.0])
    assert (one.ci.low, one.ci.high, one.statistic, one.p_value) == (-1.5, -1.5, -math.inf, 0)
    assert pool([-1.5, -1.5, -1.5], [1.0, 2.0, 3.0], ci="HK-floor").se == pytest.approx(math.sqrt(6 / 11))


def test_a_given_tau2_is_used_as_it_is():
    fit = pool([1.0, 3.0, 2.0], [1.0, 3.0, 7.0], tau2=1, ci="Wald")
    w = np.array([1 / 2, 1 / 4, 1 / 8])
    close(fit.weights, w / w.sum(), 1e-15)
    close(fit.se, w.sum() ** -0.5, 1e-15)
    assert (fit.tau2, fit.tau2_at_boundary, fit.tau2_method) == (1, False, "given")
    assert "given as 1;" in fit.method
    zero, fe = pool([1.0, 3.0], [1.0, 3.0], tau2=0.0), pool([1.0, 3.0], [1.0, 3.0], tau2="FE")
    assert (zero.estimate, zero.se) == (fe.estimate, fe.se)
    reml = pool(Y, V)
    assert pool(Y, V, tau2=reml.tau2).ci == reml.ci
    assert pool(Y, V, tau2=1e100).tau2 == 1e100


def test_i2_by_either_rule():
    fit, other = pool(Y, V, tau2="PM"), pool(Y, V, tau2="PM", i2="Q")
    assert other.i2 == pytest.approx(max(0, 1 - 3 / fit.q))
    assert other.h2 == pytest.approx(fit.q / 3)
    assert fit.i2 == pytest.approx(1 - 1 / fit.h2)
    assert fit.i2 != pytest.approx(other.i2)
    assert "I2: from tau2" in fit.method
    assert "I2: from Q" in other.method
    assert "I2: from Q" in pool(Y, V, tau2="FE").method
    assert pool([1.0, 1.1], [1.0, 1.0], i2="Q").i2 == 0
    many = pool(np.array([Y[::-1], Y]).T, np.array([V[::-1], V]).T, tau2="PM", i2="Q")
    same(other, many, 1)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.999])
def test_levels(level):
    fit = pool(Y, V, level=level)
    close(fit.ci.high - fit.estimate, stats.t.ppf(0.5 + level / 2, 3) * fit.se, 1e-12)
    many = pool(np.array([Y, Y]).T, np.array([V, V]).T, level=level, ci="HK-hybrid")
    same(pool(Y, V, level=level, ci="HK-hybrid"), many, 1)


def test_scalars_are_python_numbers_and_batches_have_their_shape():
    fit = pool(Y, V, labels=NAMES)
    for field in FIELDS:
        assert type(getattr(fit, field)) in (float, int, bool), field
    assert type(fit.ci.low) is float
    assert fit.labels == tuple(NAMES)
    many = pool(np.ones((4, 2, 3)), np.ones((4, 2, 3)))
    for field in FIELDS:
        assert np.shape(getattr(many, field)) == (2, 3), field
    assert many.ci.low.shape == (2, 3)
    subsets = gosh(Y, V)
    assert subsets.tau2_at_boundary.dtype == bool
    assert subsets.k.dtype == subsets.q_df.dtype == int
    assert many.weights.shape == (4, 2, 3)
    assert repr(many) == "Pooled(2 x 3 replicates; REML, HK, level 0.95)"
    assert "2 x 3 replicates" in many._repr_html_()


def test_results_are_frozen_and_do_not_follow_the_input():
    v = np.array(V)
    fit = pool(Y, v)
    weights = fit.weights
    v[0] = 99
    np.testing.assert_array_equal(fit.weights, weights)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.estimate = 0
    assert pickle.loads(pickle.dumps(fit)).ci == fit.ci
    assert isinstance(fit, Pooled)


def test_inputs_are_not_changed():
    y, v = np.array([Y, Y]).T, np.array([V, V]).T
    y[0, 0] = v[0, 0] = np.nan
    copies = y.copy(), v.copy()
    pool(y, v)
    np.testing.assert_array_equal(y, copies[0])
    np.testing.assert_array_equal(v, copies[1])


def test_the_ratio_of_a_log_effect():
    fit = pool(Y, V)
    ratio = fit.exp()
    assert isinstance(ratio, Ratio)
    close([ratio.estimate, ratio.ci.low, ratio.ci.high], np.exp([fit.estimate, fit.ci.low, fit.ci.high]), 1e-15)
    assert [*fit.prediction_interval().exp()] == pytest.approx(np.exp([*fit.prediction_interval()]))
    assert type(ratio.estimate) is float
    assert pool(np.array([Y, Y]).T, np.array([V, V]).T).exp().ci.low.shape == (2,)


def test_a_replicate_is_a_result_of_its_own():
    y, v = np.array([Y, Y[::-1]]).T, np.array([V, V]).T
    many = pool(y, v, labels=NAMES)
    one, alone = many.replicate(1), pool(y[:, 1], v[:, 1], labels=NAMES)
    for field in (*FIELDS, "ci", "method", "labels"):
        assert getattr(one, field) == getattr(alone, field), field
    np.testing.assert_array_equal(one.weights, alone.weights)
    assert one.prediction_interval() == alone.prediction_interval()
    nested = pool(y.reshape(4, 1, 2), v.reshape(4, 1, 2)).replicate((0, 1))
    assert nested.estimate == alone.estimate
    np.testing.assert_array_equal(nested.weights, alone.weights)
    with pytest.raises(ValueError, match="this is a single meta-analysis; it has no replicates"):
        alone.replicate(0)


def test_what_is_printed():
    fit = pool(Y, V, labels=["<script>alert(1)</script>", "b", "c", "d"])
    assert (
        repr(fit)
        == "Pooled(-0.6197 [-1.216, -0.02308], p = 0.0455, k = 4, tau2 = 0.04601, I2 = 34 %; REML, HK, level 0.95)"
    )
    html = fit._repr_html_()
    assert "Pooled effect [95% CI]" in html
    assert "[90% CI]" in pool([1.0, 1.1], [1.0, 1.0], level=0.9)._repr_html_()
    assert "<script>" not in html
    assert "Weight of &lt;script&gt;alert(1)&lt;/script&gt;</th><td>23.4 %" in html
    assert "(at the boundary)" not in html
    assert "Hartung-Knapp" in html
    calm = pool([1.0, 1.1], [1.0, 1.0])._repr_html_()
    assert "0 (at the boundary)" in calm
    assert "Weight" not in calm


def test_intervals_are_small_values():
    interval = Interval(-1.0, 2.0)
    assert [*interval] == [-1, 2]
    assert 0 in interval
    assert 3 not in interval
    assert repr(interval) == "Interval(low=-1.0, high=2.0)"


@pytest.mark.parametrize(
    ("y", "v", "error", "message"),
    [
        (Y, [0.1, -1.2, 0.2, 0.1], ValueError, "variance of study 'lim2021' is -1.2; variances must be positive"),
        (Y, [0.1, 0, 0.2, 0.1], ValueError, "variance of study 'lim2021' is 0; variances must be positive"),
        (Y, [0.1, 0.1, np.nan, 0.1], ValueError, "variance of study 'lee2019' is nan; leave the study out"),
        (Y, [0.1, 0.1, np.inf, 0.1], ValueError, "variance of study 'lee2019' is inf; variances must be finite"),
        ([1, np.nan, 2, 3], V, ValueError, "y of study 'lim2021' is nan; leave the study out"),
        ([1, None, 2, 3], V, ValueError, "y of study 'lim2021' is nan; leave the study out"),
        ([1, -np.inf, 2, 3], V, ValueError, "y of study 'lim2021' is -inf; effects must be finite"),
        (
            [1, 1e300, 2, 3],
            V,
            ValueError,
            "y of study 'lim2021' is 1e\\+300; effects beyond 1e\\+50 cannot be computed",
        ),
        ([1, -2e50, 2, 3], V, ValueError, "y of study 'lim2021' is -2e\\+50; effects beyond"),
        (
            Y,
            [0.1, 1e-300, 2, 3],
            ValueError,
            "variance of study 'lim2021' is 1e-300; variances outside 1e-100 to 1e\\+100",
        ),
        (Y, [0.1, 1e300, 2, 3], ValueError, "variance of study 'lim2021' is 1e\\+300; variances outside"),
        (Y, V[:3], ValueError, "v has shape \\(3,\\), but y has shape \\(4,\\); every study needs both"),
        (["a", 1, 2, 3], V, TypeError, "y must hold numbers, but holds 'a'"),
        ([1j, 1, 2, 3], V, TypeError, "y must hold numbers, but holds 1j"),
        ([True, False, True, True], V, TypeError, "y must hold numbers, but holds True"),
        (3.0, 1.0, ValueError, "y is a single number; give one effect a study"),
    ],
)
def test_bad_studies_are_refused_by_name(y, v, error, message):
    with pytest.raises(error, match=message):
        pool(y, v, labels=NAMES)


def test_an_empty_set_is_refused():
    with pytest.raises(ValueError, match="y is empty; a meta-analysis needs at least one study"):
        pool([], [])


def test_bad_replicates_are_refused_by_place():
    y, v = np.ones((2, 3)), np.ones((2, 3))
    bad = y.copy()
    bad[1, 2] = np.nan
    marks = "NaN marks an absent study only when y and v are both NaN"
    with pytest.raises(ValueError, match=f"y of study 2 in replicate 2 is nan; {marks}"):
        pool(bad, v)
    with pytest.raises(ValueError, match=f"variance of study 'b' in replicate 2 is nan; {marks}"):
        pool(y, bad, labels=["a", "b"])
    with pytest.raises(
        ValueError, match="variance of study 2 in replicate \\(0, 2\\) is 0; variances must be positive"
    ):
        pool(y[:, None], np.where(np.isnan(bad), 0, 1)[:, None])
    bad[0, 2] = np.nan
    with pytest.raises(ValueError, match="replicate 2 has no study; give it at least one"):
        pool(bad, bad)
    with pytest.raises(ValueError, match="replicate \\(2, 0\\) has no study; give it at least one"):
        pool(bad[:, :, None], bad[:, :, None])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tau2": "banana"}, ValueError, "tau2 is 'banana'; choose one of FE, DL, HE, HS, SJ, ML, REML, EB, PM"),
        ({"tau2": -1}, ValueError, "tau2 is -1; a given tau2 lies between 0"),
        ({"tau2": 1e200}, ValueError, "a given tau2 lies between 0 and 1e\\+100"),
        ({"tau2": math.nan}, ValueError, "tau2 is nan; it must be a finite number"),
        ({"tau2": True}, TypeError, "tau2 must be one number, but is True"),
        ({"tau2": None}, TypeError, "tau2 must be one number, but is None"),
        ({"ci": "hk"}, ValueError, "ci is 'hk'; choose one of Wald, t, HK, HK-floor, HK-hybrid, PL"),
        ({"ci": 3}, ValueError, "ci is 3; choose one of"),
        ({"ci": "PL"}, ValueError, "ci 'PL' is the profile likelihood with tau2 'ML', not 'REML'"),
        ({"i2": "H"}, ValueError, "i2 is 'H'; choose one of tau2, Q"),
        ({"level": 0}, ValueError, "level is 0; it must lie strictly between 0 and 1"),
        ({"level": "95%"}, TypeError, "level must be one number, but is '95%'"),
        ({"labels": ["a"]}, ValueError, "labels has 1 names, but there are 4 studies; give one name a study"),
    ],
)
def test_bad_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        pool(Y, V, **options)


def test_prediction_needs_a_known_rule_and_a_random_effects_fit():
    with pytest.raises(ValueError, match="rule is 't'; choose one of z, t\\(k-1\\), t\\(k-2\\)"):
        pool(Y, V).prediction_interval("t")
    with pytest.raises(ValueError, match="a FE fit assumes one common effect and has no prediction interval"):
        pool(Y, V, tau2="FE").prediction_interval()


@pytest.mark.parametrize("name", ["i2_above", "p_below"])
def test_rules_of_the_choice_of_model_are_shares(name):
    by_rule = sys.modules["mscmeta.pool"].pool_by_heterogeneity
    with pytest.raises(ValueError, match=f"{name} is 50; it must lie between 0 and 1"):
        by_rule(Y, V, **{name: 50})
    with pytest.raises(TypeError, match=f"{name} must be one number, but is '50%'"):
        by_rule(Y, V, **{name: "50%"})
