"""Meta-regression, subgroups and permutation tests: equal to metafor, to exact algebra, and to each other."""

import itertools
import json
import math
from pathlib import Path

import mpmath
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mscmeta import meta_regression, permutation_test, pool, subgroups
from mscmeta._likelihood import log_likelihood
from mscmeta.regression import Regressed

ORACLES = Path(__file__).parent / "oracles"
REGRESSIONS = json.loads((ORACLES / "metafor_open.json").read_text())["regressions"]
FITS = [(case, key) for case in REGRESSIONS for key in case["fits"]]
ENGINE = json.loads((ORACLES / "engine.json").read_text())
METHODS = ("FE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")
RULES = ("Wald", "t", "HK", "HK-floor")
Y, V, X = [-0.9, -0.3, -1.2, -0.5, 0.4], [0.10, 0.05, 0.20, 0.08, 0.3], [50, 10, 100, 25, 12]
NAMES = ["vega2015", "lim2021", "lee2019", "gupta2016", "lu2019"]


@st.composite
def studies(draw, least=5, most=9, moderators=1):
    k = draw(st.integers(least, most))
    y = draw(st.lists(st.integers(-400, 400).map(lambda i: i / 100), min_size=k, max_size=k))
    v = draw(st.lists(st.integers(-20, 20).map(lambda i: 10 ** (i / 10)), min_size=k, max_size=k))
    x = draw(st.lists(st.permutations(range(k)), min_size=moderators, max_size=moderators))
    return np.array(y), np.array(v), np.array(x, float).T


def close(got, expected, rtol=1e-9, atol=0.0):
    np.testing.assert_allclose(got, np.array(expected, float), rtol=rtol, atol=atol)


@pytest.mark.parametrize(("case", "key"), FITS, ids=lambda x: x["id"] if isinstance(x, dict) else x)
def test_equals_metafor(case, key):
    method, rule = key.split("_")
    expected = case["fits"][key]
    fit = meta_regression(case["yi"], case["vi"], case["x"], tau2="FE" if method == "EE" else method,
                          ci={"z": "Wald", "hk": "HK"}[rule])  # fmt: skip
    # the reference stops iterating at 1e-11 in tau2, and its Q (which DL uses) loses digits with years as moderators
    rtol = 3e-8 if method in ("ML", "REML") else 1e-9
    close(fit.coefficients, expected["b"], rtol)
    close(fit.se, expected["se"], rtol)
    close(fit.p_values, expected["p_value"], rtol)
    close([fit.ci.low, fit.ci.high], [expected["ci_low"], expected["ci_high"]], rtol)
    close([fit.tau2, fit.i2], [expected["tau2"], expected["i2"]], rtol, 1e-12)
    close([fit.qm, fit.qm_p_value, fit.qe, fit.qe_p_value], [expected[k] for k in ("qm", "qm_p", "qe", "qe_p")], rtol)


@pytest.mark.parametrize("expected", ENGINE["regressions"], ids=lambda e: "-".join((e["id"], e["method"], e["test"])))
def test_equals_metafor_by_every_estimator_and_test(expected):
    data, method = ENGINE["sets"][expected["id"]], "FE" if expected["method"] == "EE" else expected["method"]
    rule = {"z": "Wald", "t": "t", "knha": "HK", "adhoc": "HK-floor"}[expected["test"]]
    fit = meta_regression(data["yi"], data["vi"], data["x"], tau2=method, ci=rule)
    # the reference stops iterating at 1e-13, and loses digits where its estimator is a difference
    rtol, slack = (1e-8, 1e-11) if method in ("ML", "REML", "EB") else (1e-9, 1e-12)
    close(fit.tau2, expected["tau2"], rtol, slack)
    close(fit.coefficients, expected["b"], rtol, slack)
    close(fit.se, expected["se"], rtol)
    close(fit.p_values, expected["p_value"], 100 * rtol)
    close([fit.ci.low, fit.ci.high], [expected["ci_low"], expected["ci_high"]], rtol, 10 * slack)
    close([fit.qm, fit.qe], [expected["qm"], expected["qe"]], rtol)
    close([fit.qm_p_value, fit.qe_p_value], [expected["qm_p"], expected["qe_p"]], 100 * rtol)
    close(fit.i2, expected["i2"], rtol, slack)
    if expected["r2"] is not None and method != "FE":
        close(fit.r2, expected["r2"], rtol, 10 * slack)


def test_permutation_equals_metafor():
    case = ENGINE["permutation"]
    slope = permutation_test(case["yi"], case["vi"], case["x"], tau2="DL", ci="Wald")
    close(slope.p_values, case["slope"], 1e-12)
    close(permutation_test(case["yi"], case["vi"], tau2="DL", ci="Wald").p_values, case["mean"], 1e-12)


def exact(case, tau2):
    """Coefficients, Q and trace of P with 40 digits."""
    with mpmath.workdps(40):
        design = np.column_stack([np.ones(len(case["yi"])), case["x"]])
        x, y = mpmath.matrix(design.tolist()), mpmath.matrix([float(v) for v in case["yi"]])
        w = mpmath.diag([1 / (mpmath.mpf(float(v)) + mpmath.mpf(tau2)) for v in case["vi"]])
        p = w - w * x * mpmath.inverse(x.T * w * x) * x.T * w
        b = mpmath.inverse(x.T * w * x) * (x.T * w * y)
        trace = mpmath.fsum(p[i, i] for i in range(p.rows))
        second = (y.T * p * p * y)[0]
        return [float(e) for e in b], float((y.T * p * y)[0]), float(trace), float(second)


@pytest.mark.parametrize("case", REGRESSIONS, ids=lambda c: c["id"])
def test_equals_forty_digit_algebra(case):
    k, p = len(case["yi"]), np.ndim(case["x"]) and np.shape(case["x"])[1] + 1
    args = case["yi"], case["vi"], case["x"]
    b, q, trace, _ = exact(case, 0)
    fixed = meta_regression(*args, tau2="FE")
    close(fixed.qe, q, 1e-12)
    close(fixed.coefficients, b, 1e-9)  # the intercept of a regression on years is far from them
    close(meta_regression(*args, tau2="DL").tau2, max(0, (q - (k - p)) / trace), 1e-11)
    tau2 = meta_regression(*args, tau2="REML").tau2
    _, _, trace, second = exact(case, tau2)
    close(second, trace, 1e-10)  # the score is zero
    tau2 = meta_regression(*args, tau2="PM").tau2
    close(exact(case, tau2)[1], k - p, 1e-11)


@given(studies(), st.sampled_from(METHODS))
def test_without_moderators_it_is_the_pooled_estimate(data, method):
    y, v, _ = data
    alone = Regressed(y[:, None], v[:, None], np.ones((len(y), 1)))
    from mscmeta.tau2 import estimate

    tau2 = 0.0
    if method != "FE":
        tau2 = float(estimate(method, alone, len(y), len(y) - 1, alone.moments(0.0))[0])
    close(tau2, pool(y, v, tau2=method).tau2, 1e-9, 1e-10 * v.min())


@given(studies(moderators=2), st.sampled_from(["DL", "PM", "REML"]), st.sampled_from(RULES), st.floats(0.1, 50))
def test_units_of_a_moderator(data, method, rule, c):
    y, v, x = data
    if np.linalg.matrix_rank(np.column_stack([np.ones(len(y)), x])) < 3:
        with pytest.raises(ValueError, match="moderator 'x2' is constant or determined by the moderators before it"):
            meta_regression(y, v, x, tau2=method, ci=rule)
        return
    fit = meta_regression(y, v, x, tau2=method, ci=rule)
    other = meta_regression(y, v, x * [c, 1] + [3, 0], tau2=method, ci=rule)
    close(other.tau2, fit.tau2, 1e-7, 1e-9 * v.min())
    close(other.coefficients[1:] * [c, 1], fit.coefficients[1:], 1e-6, 1e-7)
    close([other.qm, other.qe], [fit.qm, fit.qe], 1e-6, 1e-8)


@given(studies(), st.sampled_from(["ML", "REML"]))
def test_no_point_of_a_grid_is_more_likely(data, method):
    y, v, x = data
    tau2 = meta_regression(y, v, x, tau2=method).tau2
    regression = Regressed(y[:, None], v[:, None], np.column_stack([np.ones(len(y)), x]))
    grid = np.append(0.0, np.geomspace(1e-4 * v.min(), v.max() + np.ptp(y) ** 2, 500))
    heights = [log_likelihood(method, regression, np.array([t]))[0] for t in grid]
    assert log_likelihood(method, regression, np.array([tau2]))[0] >= max(heights) - 1e-9


@given(studies(), st.sampled_from(METHODS))
def test_results_are_possible(data, method):
    y, v, x = data
    fit = meta_regression(y, v, x, tau2=method)
    assert fit.tau2 >= 0
    assert fit.tau2_at_boundary == (fit.tau2 == 0 and method != "FE")
    assert 0 <= fit.i2 < 1
    assert math.isnan(fit.r2) or 0 <= fit.r2 <= 1
    assert 0 <= fit.qm_p_value <= 1
    # one moderator: the F test is the square of the t test
    close(fit.qm, fit.statistic[1] ** 2, 1e-8, 1e-12)
    close(fit.qm_p_value, fit.p_values[1], 1e-7, 1e-12)
    floor, hk = (meta_regression(y, v, x, tau2=method, ci=rule).se for rule in ("HK-floor", "HK"))
    wald = meta_regression(y, v, x, tau2=method, ci="Wald").se
    close(floor, np.maximum(hk, wald), 1e-12)


def test_the_parts_of_a_fit():
    fit = meta_regression(Y, V, X, names=["dose"], level=0.9)
    assert fit.names == ("intercept", "dose")
    assert (fit.k, fit.df, fit.qe_df, fit.qm_df) == (5, 3, 3, (1, 3))
    close(fit.se, np.sqrt(np.diag(fit.covariance)), 1e-15)
    close(fit.ci.high - fit.coefficients, stats.t.ppf(0.95, 3) * fit.se, 1e-12)
    close(fit.p_values, 2 * stats.t.sf(np.abs(fit.statistic), 3), 1e-12)
    assert fit.method == "tau2: REML; tests and intervals: HK (t, 3 df)"
    wald = meta_regression(Y, V, X, ci="Wald")
    assert wald.names == ("intercept", "x1")
    assert wald.df == math.inf
    close(wald.qm_p_value, stats.chi2.sf(wald.qm, 1), 1e-12)
    close(wald.ci.low, wald.coefficients - stats.norm.ppf(0.975) * wald.se, 1e-12)
    assert wald.method == "tau2: REML; tests and intervals: Wald (z)"
    t = meta_regression(Y, V, X, ci="t")
    close(t.se, wald.se, 1e-15)
    close(t.qm, wald.qm, 1e-12)
    close(t.qm_p_value, stats.f.sf(t.qm, 1, 3), 1e-12)


def test_r2_is_the_share_of_tau2_taken_away():
    fit = meta_regression(Y, V, X, tau2="DL")
    assert fit.r2 == max(0, 1 - fit.tau2 / pool(Y, V, tau2="DL").tau2)
    assert math.isnan(meta_regression(Y, V, X, tau2="FE").r2)
    assert math.isnan(meta_regression(Y, V, X, tau2=0.1).r2)
    assert meta_regression([1, 1, 1, 1.0], [1, 2, 3, 4], [1, 2, 3, 5]).r2 == 0


def test_a_given_tau2():
    fit = meta_regression(Y, V, X, tau2=0.25)
    free = meta_regression(Y, V, X, tau2="FE", ci="Wald")
    assert (fit.tau2, fit.tau2_at_boundary) == (0.25, False)
    assert fit.method.startswith("tau2: given as 0.25;")
    shifted = meta_regression(Y, np.add(V, 0.25), X, tau2="FE", ci="HK")
    close(fit.coefficients, shifted.coefficients, 1e-12)
    close(fit.se, shifted.se, 1e-12)
    close(meta_regression(Y, V, X, tau2=0, ci="Wald").se, free.se, 1e-15)


def test_predictions():
    fit = meta_regression(Y, V, X)
    fitted, interval = fit.predict([10, 100])
    close(fitted, fit.coefficients[0] + fit.coefficients[1] * np.array([10, 100]), 1e-12)
    row = np.array([1, 100])
    close(interval.high[1] - fitted[1], stats.t.ppf(0.975, 3) * np.sqrt(row @ fit.covariance @ row), 1e-12)
    close(fit.predict(0)[0], fit.coefficients[0], 1e-15)
    close([fit.predict(0)[1].low[0], fit.predict(0)[1].high[0]], [fit.ci.low[0], fit.ci.high[0]], 1e-12)
    two = meta_regression(Y, V, np.array([X, [1, 0, 1, 1, 0]]).T)
    close(two.predict([10, 1])[0], two.coefficients @ [1, 10, 1], 1e-12)
    close(two.predict([[10, 1], [20, 0]])[0][1], two.coefficients @ [1, 20, 0], 1e-12)
    with pytest.raises(ValueError, match="x has shape \\(1, 3\\), but the regression has 2 moderators"):
        two.predict([1, 2, 3])


def test_a_data_frame_names_its_moderators():
    fit = meta_regression(Y, V, pd.DataFrame({"dose": X, "year": [1, 2, 3, 5, 9]}))
    assert fit.names == ("intercept", "dose", "year")
    close(fit.coefficients, meta_regression(Y, V, np.array([X, [1, 2, 3, 5, 9]]).T).coefficients, 1e-15)


@given(studies(least=6), st.sampled_from(METHODS), st.booleans())
def test_subgroups(data, method, common):
    y, v, _ = data
    groups = ["b", "a"] * (len(y) // 2) + ["b"] * (len(y) % 2)
    result = subgroups(y, v, groups, tau2=method, ci="Wald", common_tau2=common)
    assert list(result.pooled) == ["b", "a"]
    b, a = result.pooled.values()
    assert (b.k + a.k, result.df) == (len(y), 1)
    z = (b.estimate - a.estimate) / math.hypot(b.se, a.se)
    close(result.q_between, z * z, 1e-8, 1e-12)
    close(result.p_value, stats.chi2.sf(result.q_between, 1), 1e-10)
    if common:  # the same as a regression on the subgroup
        fit = meta_regression(y, v, [g == "a" for g in groups] * np.ones(len(y)), tau2=method, ci="Wald")
        close(fit.tau2, a.tau2, 1e-9, 1e-10 * v.min())
        assert a.tau2 == b.tau2
        close(fit.qm, result.q_between, 1e-7, 1e-9)
    else:
        use = np.array(groups) == "a"
        assert a.ci == pool(y[use], v[use], tau2=method, ci="Wald").ci


def test_subgroups_say_what_they_are():
    result = subgroups(Y, V, [1, 1, 1, 2, 1], ci="HK", labels=NAMES)
    assert list(result.pooled) == ["1", "2"]
    assert result.pooled["2"].labels == ("gupta2016",)
    assert result.pooled["2"].tau2 == 0
    assert result.method == "a tau2 for each subgroup; Q-between with Wald variances"
    assert 0 < result.p_value < 1
    shared = subgroups(Y, V, [1, 1, 1, 2, 2], common_tau2=True)
    assert shared.method.startswith("one tau2 for all subgroups")
    assert all("tau2: REML, common to all subgroups; interval: Hartung" in f.method for f in shared.pooled.values())
    assert all(f.tau2_at_boundary == (f.tau2 == 0) for f in shared.pooled.values())
    given_one = subgroups(Y, V, [1, 1, 1, 2, 2], tau2=0.3, common_tau2=True)
    assert {f.tau2 for f in given_one.pooled.values()} == {0.3}
    assert all("given as 0.3" in f.method for f in given_one.pooled.values())


def test_an_exact_permutation_test_counts_every_order():
    result = permutation_test(Y, V, X, tau2="DL", names=["dose"])
    assert (result.permutations, result.exact, result.names) == (120, True, ("intercept", "dose"))
    observed = meta_regression(Y, V, X, tau2="DL")
    fits = [meta_regression(Y, V, np.array(X)[list(o)], tau2="DL") for o in itertools.permutations(range(5))]
    for j in range(2):
        extreme = [abs(f.statistic[j]) >= abs(observed.statistic[j]) * (1 - 1e-8) for f in fits]
        assert result.p_values[j] == pytest.approx(np.mean(extreme), abs=1e-15)
    assert result.qm_p_value == pytest.approx(np.mean([f.qm >= observed.qm * (1 - 1e-8) for f in fits]), abs=1e-15)


@pytest.mark.parametrize("rule", RULES)
def test_a_permutation_test_of_the_mean_flips_signs(rule):
    result = permutation_test(Y, V, tau2="DL", ci=rule)
    assert (result.permutations, result.exact, result.names) == (32, True, ("mean",))
    assert math.isnan(result.qm_p_value)
    observed = abs(pool(Y, V, tau2="DL", ci=rule).statistic)
    flips = [
        abs(pool(np.multiply(Y, s), V, tau2="DL", ci=rule).statistic) for s in itertools.product([1, -1], repeat=5)
    ]
    assert result.p_values.tolist() == [np.mean(np.array(flips) >= observed * (1 - 1e-8))]
    assert result.p_values[0] >= 2 / 32


@pytest.mark.parametrize("rule", ["HK", "HK-floor", "Wald", "t"])
def test_identical_effects_are_as_extreme_as_their_mirror_image_only(rule):
    assert permutation_test([1, 1, 1], [0.1, 0.2, 0.3], ci=rule).p_values.tolist() == [0.25]  # both of 8 patterns


def test_sign_flips_of_one_study_need_its_standard_error():
    assert permutation_test([0.7], [0.2], ci="Wald").p_values.tolist() == [1.0]
    assert np.isnan(permutation_test([0.7], [0.2], ci="HK").p_values).all()  # k - 1 = 0 degrees of freedom


def test_random_permutations_are_seeded_and_near_the_exact_answer():
    exact_p = permutation_test(Y, V, X, tau2="FE", ci="Wald")
    first, again, other = (permutation_test(Y, V, X, tau2="FE", ci="Wald", permutations=119, seed=s) for s in (1, 1, 2))
    assert (first.permutations, first.exact) == (119, False)
    assert first.p_values.tolist() == again.p_values.tolist()
    assert first.p_values.tolist() != other.p_values.tolist()
    assert (first.p_values >= 1 / 119).all()
    assert np.abs(first.p_values - exact_p.p_values).max() < 0.15
    mean = permutation_test(np.tile(Y, 3), np.tile(V, 3), permutations=200, tau2="FE")
    assert (mean.exact, mean.permutations) == (False, 200)
    assert 1 / 200 <= mean.p_values[0] < 0.05


@pytest.mark.parametrize("call", [meta_regression, permutation_test])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [1, 2, 3]}, "x has shape \\(3, 1\\), but there are 5 studies; give one row a study"),
        ({"x": np.ones((5, 2, 2))}, "x has shape \\(5, 2, 2\\)"),
        ({"x": np.ones((5, 0))}, "x has shape \\(5, 0\\)"),
        ({"x": [1, 2, np.nan, 4, 5]}, "moderator 'x1' of study 'lee2019' is nan; leave the study out"),
        ({"x": [3, 3, 3, 3, 3]}, "moderator 'x1' is constant or determined by the moderators before it"),
        ({"x": [0, 0, 0, 0, 0]}, "moderator 'x1' is constant"),
        ({"x": np.array([X, np.multiply(X, 2) + 1]).T, "names": ["a", "b"]}, "moderator 'b' is constant or determined"),
        ({"x": np.arange(20).reshape(5, 4) ** 2}, "5 studies cannot carry 5 coefficients"),
        ({"names": ["a", "b"]}, "names has 2 entries, but x has 1 moderators"),
        ({"v": [0.1, -1, 0.2, 0.1, 0.3]}, "variance of study 'lim2021' is -1; variances must be positive"),
        ({"v": [0.1, np.nan, 0.2, 0.1, 0.3]}, "variance of study 'lim2021' is nan; leave the study out"),
        ({"y": np.ones((5, 2)), "v": np.ones((5, 2))}, "y has 2 axes; a meta-regression takes one"),
        ({"tau2": "banana"}, "tau2 is 'banana'; choose one of"),
        ({"tau2": -1}, "tau2 is -1; a given tau2 cannot be negative"),
        ({"ci": "HK-hybrid"}, "ci is 'HK-hybrid'; choose one of HK, HK-floor, Wald, t"),
    ],
)
def test_regressions_refuse(call, change, message):
    arguments = {"y": Y, "v": V, "x": X, "labels": NAMES, **change}
    with pytest.raises(ValueError, match=message):
        call(**arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: subgroups(Y, V, ["a", "b"]), "groups has 2 entries, but there are 5 studies; give one a study"),
        (lambda: subgroups(Y, V, ["a"] * 5), "all studies are in subgroup 'a'; a comparison needs at least two"),
        (lambda: subgroups(Y, V, list("abcde"), common_tau2=True), "every subgroup has a single study"),
        (lambda: subgroups(np.ones((2, 2)), np.ones((2, 2)), ["a", "b"]), "y has 2 axes; subgroups take one"),
        (lambda: subgroups(Y, V, list("aabbb"), tau2="x", common_tau2=True), "tau2 is 'x'; choose one of"),
        (lambda: permutation_test(Y, V, X, permutations=5), "permutations is 5; give a whole number of at least 20"),
        (lambda: permutation_test(Y, V, X, permutations=99.5), "permutations is 99.5; give a whole number"),
        (lambda: permutation_test(np.ones((2, 2)), np.ones((2, 2))), "y has 2 axes; a permutation test takes one"),
        (lambda: permutation_test(Y, V, X, seed=-1), "seed is -1; give a whole number, 0 or more"),
        (lambda: permutation_test(Y, V, X, seed="a"), "seed is 'a'; give a whole number, 0 or more"),
        (
            lambda: subgroups(Y, V, ["a", None, "b", "b", "a"], labels=NAMES),
            "group of study 'lim2021' is None",
        ),
        (lambda: subgroups(Y, V, ["a", "b", math.nan, "b", "a"]), "group of study 3 is nan; name one, or leave"),
        (lambda: subgroups(Y, V, "aabbb"), "groups has 1 entries, but there are 5 studies"),
        (
            lambda: subgroups(Y, V, list("aabbb"), tau2="ML", ci="PL", common_tau2=True),
            "ci 'PL' estimates tau2 in",
        ),
        (lambda: meta_regression(Y, V, np.eye(5)[:, :2], names=["a", "a"]), "names holds 'a' twice; give each"),
        (lambda: meta_regression(Y, V, X).predict([math.nan]), "x holds a value that is not finite; give every"),
        (lambda: meta_regression(Y, V, X, level=2), "level is 2; it must lie strictly between 0 and 1"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_text_is_neither_a_list_of_names_nor_a_yes():
    with pytest.raises(TypeError, match="names is the text 'x'; give a list with one name a moderator"):
        meta_regression(Y, V, X, names="x")
    with pytest.raises(TypeError, match="common_tau2 is 'no'; give True or False"):
        subgroups(Y, V, list("aabbb"), common_tau2="no")
