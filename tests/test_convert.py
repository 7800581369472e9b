"""Conversions against raw values, published examples and reference answers; refusals; invariances."""

import json
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mscmeta import convert
from mscmeta.convert import (
    combine_arms,
    correlation_from_change,
    mean_sd_from_quartiles,
    mean_sd_from_range,
    sd_from_ci,
    sd_from_se,
    sd_from_t,
    sd_of_change,
    se_from_ci,
    se_from_p,
    skewness_test,
    split_control,
)

ORACLE = json.loads((Path(__file__).parent / "oracles" / "extra_open.json").read_text(encoding="utf-8"))
QUANTILES = ORACLE["quartiles"] + ORACLE["range"]


def by_id(cases):
    return pytest.mark.parametrize("case", cases, ids=[case["id"] for case in cases])


def converted(case, method):
    if case["kind"] == "quartiles":
        return mean_sd_from_quartiles(case["q1"], case["median"], case["q3"], case["n"], method)
    quartiles = {"q1": case["q1"], "q3": case["q3"]} if case["kind"] == "five_number" else {}
    return mean_sd_from_range(case["min"], case["median"], case["max"], case["n"], method, **quartiles)


# --- medians ---------------------------------------------------------------------------------------------------------


@by_id(QUANTILES)
def test_luo_mean_with_wan_sd(case):
    result = converted(case, "Luo-Wan")
    assert result.mean == pytest.approx(case["luo_mean"]["value"], rel=1e-12)
    assert result.sd == pytest.approx(case["wan_sd"]["value"], rel=1e-12)
    assert (result.method, result.assumes) == ("Luo-Wan", "normal data")


@by_id(QUANTILES)
def test_wan_mean_with_wan_sd(case):
    result = converted(case, "Wan")
    assert result.mean == pytest.approx(case["wan_mean"]["value"], rel=1e-12)
    assert result.sd == pytest.approx(case["wan_sd"]["value"], rel=1e-12)


@by_id([case for case in QUANTILES if case["kind"] == "five_number"])
def test_shi_sd_of_five_numbers(case):
    result = converted(case, "Luo-Shi")
    assert result.mean == pytest.approx(case["luo_mean"]["value"], rel=1e-12)
    assert result.sd == pytest.approx(case["shi_sd"]["value"], rel=1e-12)


@by_id(QUANTILES)
def test_log_normal_conversion_equals_metafor(case):
    reference, result = case["metafor_conv_fivenum_lognormal"], converted(case, "Shi-log")
    assert result.mean == pytest.approx(reference["mean"], rel=1e-12)
    assert result.sd == pytest.approx(reference["sd"], rel=1e-12)
    assert result.assumes == "log-normal data"


@by_id(QUANTILES)
def test_quantile_estimation_finds_the_unbounded_optimum(case):
    reference, result = case["quantile_estimation"], converted(case, "QE")
    assert result.assumes.lower() == f"{reference['selected']} data"
    assert result.mean == pytest.approx(reference["mean"], rel=1e-7)
    assert result.sd == pytest.approx(reference["sd"], rel=1e-7)


@by_id(QUANTILES)
def test_box_cox(case):
    reference, result = case["box_cox"], converted(case, "BC")
    assert result.mean == pytest.approx(reference["mean"], rel=1e-6)
    assert result.sd == pytest.approx(reference["sd"], rel=1e-6)
    assert result.assumes == (
        "log-normal data" if reference["lambda"] == 0 else f"data normal after the power {reference['lambda']:.3g}"
    )


@by_id(QUANTILES)
def test_skewness_test(case):
    names = {"q1": "q1", "q3": "q3", "minimum": "min", "maximum": "max"}
    given_numbers = {name: case[key] for name, key in names.items() if case.get(key) is not None}
    result, reference = skewness_test(case["median"], case["n"], **given_numbers), case["skewness_test"]
    assert result.statistic == pytest.approx(reference["tval"], rel=1e-12)
    assert result.critical == pytest.approx(reference["crit"], rel=1e-12)
    assert result.skewed is reference["sig"]


@pytest.mark.parametrize("unit", [1e-3, 1e3, 3e7])
@pytest.mark.parametrize(("q1", "median", "q3"), [(0.6, 1.1, 1.9), (0.4, 1.2, 2.1), (1.0, 1.1, 1.9), (2.0, 3.1, 4.0)])
def test_quantile_estimation_has_the_digits_of_the_data_in_any_unit(q1, median, q3, unit):
    here = mean_sd_from_quartiles(q1, median, q3, 40, method="QE")
    there = mean_sd_from_quartiles(q1 * unit, median * unit, q3 * unit, 40, method="QE")
    assert there.assumes == here.assumes
    assert there.mean == pytest.approx(here.mean * unit, rel=1e-11)
    assert there.sd == pytest.approx(here.sd * unit, rel=1e-11)


def test_quantile_estimation_finds_the_log_normal_optimum():
    """The same optimum with 30 digits: the root of the slope of the sum of squares."""
    mp.mp.dps = 30
    values = [mp.mpf(x) for x in ("1.0", "1.1", "1.9")]
    logs = [mp.sqrt(2) * mp.erfinv(2 * mp.mpf(p) / 100 - 1) for p in (25, 50, 75)]

    def scale(spread):
        q = [mp.exp(spread * z) for z in logs]
        return q, sum(a * b for a, b in zip(q, values, strict=True)) / sum(a * a for a in q)

    def slope(spread):
        q, k = scale(spread)
        return sum((k * a - b) * k * a * z for a, b, z in zip(q, values, logs, strict=True))

    spread = mp.findroot(slope, 0.5)
    mean = scale(spread)[1] * mp.exp(spread**2 / 2)
    found = mean_sd_from_quartiles(1.0, 1.1, 1.9, 40, method="QE")
    assert found.assumes == "log-normal data"
    assert found.mean == pytest.approx(float(mean), rel=1e-13)
    assert found.sd == pytest.approx(float(mean * mp.sqrt(mp.expm1(spread**2))), rel=1e-13)


@pytest.mark.parametrize("method", ["Luo-Wan", "Wan", "Shi-log", "QE", "BC"])
def test_arrays_give_what_single_rows_give(method):
    q1, median, q3, n = (
        np.array([22, 2.1, 40]),
        np.array([30, 3.4, 50]),
        np.array([41, 7.9, 60]),
        np.array([25, 48, 101]),
    )
    whole = mean_sd_from_quartiles(q1, median, q3, n, method)
    for i in range(3):
        row = mean_sd_from_quartiles(q1[i], median[i], q3[i], n[i], method)
        assert (whole.mean[i], whole.sd[i]) == (row.mean, row.sd)
        assert row.assumes == (whole.assumes if isinstance(whole.assumes, str) else whole.assumes[i])


def test_values_that_are_not_positive_leave_quantile_estimation_the_normal():
    assert mean_sd_from_quartiles(-4, 0, 6, 30, "QE").assumes == "normal data"


@given(
    st.lists(st.floats(0.1, 1e3), min_size=3, max_size=3, unique=True),
    st.integers(5, 500),
    st.floats(1e-3, 1e3),
    st.sampled_from(["Luo-Wan", "Wan", "Shi-log", "QE", "BC"]),
)
def test_mean_and_sd_follow_the_unit_of_the_data(values, n, unit, method):
    a, m, b = sorted(values)
    assume(m - a > 1e-3 * b and b - m > 1e-3 * b and b / a < 1e3)
    here = mean_sd_from_quartiles(a, m, b, n, method)
    there = mean_sd_from_quartiles(a * unit, m * unit, b * unit, n, method)
    tolerance = 1e-5 if method in ("QE", "BC") else 1e-9
    assert there.mean == pytest.approx(unit * here.mean, rel=tolerance)
    assert there.sd == pytest.approx(unit * here.sd, rel=tolerance)


@given(st.floats(-50, 50), st.floats(0.1, 20), st.floats(0.1, 20), st.integers(5, 300), st.floats(-100, 100))
def test_normal_methods_shift_and_mirror(median, below, above, n, shift):
    for method in ("Luo-Wan", "Wan"):
        here = mean_sd_from_quartiles(median - below, median, median + above, n, method)
        moved = mean_sd_from_quartiles(median - below + shift, median + shift, median + above + shift, n, method)
        mirrored = mean_sd_from_quartiles(-median - above, -median, -median + below, n, method)
        assert moved.mean == pytest.approx(here.mean + shift, abs=1e-9)
        assert moved.sd == pytest.approx(here.sd, rel=1e-9)
        assert mirrored.mean == pytest.approx(-here.mean, abs=1e-9)
        assert mirrored.sd == pytest.approx(here.sd, rel=1e-9)


@given(st.floats(-50, 50), st.floats(0.1, 20), st.integers(5, 300))
def test_symmetric_quartiles_have_their_median_as_mean(median, half, n):
    for method in ("Luo-Wan", "Wan"):
        assert mean_sd_from_quartiles(median - half, median, median + half, n, method).mean == pytest.approx(
            median, abs=1e-9
        )
    assert not skewness_test(median, n, q1=median - half, q3=median + half).skewed


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_sd_from_quartiles(5, 4, 6, 20), "q1 is 5; q1 must not lie above median"),
        (
            lambda: mean_sd_from_quartiles([1, 5], [4, 7], [6, 6], 20),
            "median of study 2 is 7; median must not lie above q3",
        ),
        (lambda: mean_sd_from_quartiles(5, 5, 5, 20), "q1 equals q3"),
        (lambda: mean_sd_from_quartiles(1, 2, 3, 4), "n is 4; the formulas hold for whole n from 5"),
        (lambda: mean_sd_from_quartiles(1, 2, 3, 20.5), "n is 20.5"),
        (lambda: mean_sd_from_quartiles(1, float("nan"), 3, 20), "median is nan; it must be a finite number"),
        (lambda: mean_sd_from_quartiles(1, 2, 3, 20, "Cai"), "method is 'Cai'; choose one of Luo-Wan"),
        (lambda: mean_sd_from_quartiles(1, 2, 3, 20, "Luo-Shi"), "method 'Luo-Shi' weighs quartiles"),
        (lambda: mean_sd_from_range(1, 2, 3, 20, "Luo-Shi"), "method 'Luo-Shi' needs the quartiles too"),
        (lambda: mean_sd_from_range(1, 2, 3, 20, q1=1.5), "q3 is missing"),
        (lambda: mean_sd_from_range(1, 2, 3, 20, q3=1.5), "q1 is missing"),
        (lambda: mean_sd_from_quartiles(0, 2, 3, 20, "BC"), "q1 is 0; method 'BC' needs positive values"),
        (lambda: mean_sd_from_range(-1, 2, 3, 20, "Shi-log"), "minimum is -1; method 'Shi-log' needs positive"),
        (lambda: mean_sd_from_quartiles(2, 2, 3, 20, "BC"), "q1 is 2; method 'BC' needs"),
        (lambda: mean_sd_from_quartiles(1e-50, 1, 1e50, 20, "BC"), "no finite"),
        (lambda: mean_sd_from_quartiles(1, None, 3, 20), "median is nan"),
        (
            lambda: mean_sd_from_quartiles([1, 2], [2, 3], [3, 4], [9, 3], labels=["a", "vega2015"]),
            "n of study 'vega2015' is 3",
        ),
        (
            lambda: mean_sd_from_quartiles([1, 2], [2], [3, 4], 9),
            "do not fit together: q1 .2,., median .1,.",
        ),
        (lambda: mean_sd_from_quartiles([1, 2], [2, 3], [3, 4, 5], 9), "the shapes do not fit together: q1 .2,., "),
        (lambda: mean_sd_from_quartiles([], [], [], []), "q1 is empty; give at least one study"),
        (lambda: skewness_test(3, 20, q1=3, q3=3, minimum=1, maximum=9), "q1 equals q3"),
        (
            lambda: mean_sd_from_quartiles(1e-50, 1, 1e50, 20, "Shi-log"),
            "median is 1; method 'Shi-log' finds no finite SD",
        ),
        (lambda: skewness_test(3, 20), "the median alone shows no skewness"),
        (lambda: skewness_test(3, 20, q1=2), "q3 is missing"),
        (lambda: skewness_test(3, 20, q1=2, q3=4, maximum=9), "minimum is missing"),
    ],
)
def test_medians_that_cannot_be_converted_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- arms ------------------------------------------------------------------------------------------------------------


@by_id([case for case in ORACLE["combine"] if case["kind"] == "groups"])
def test_combined_arms_equal_the_raw_values_put_together(case):
    mean, sd, n = (np.array([group[key] for group in case["groups"]]) for key in ("mean", "sd", "n"))
    arm = combine_arms(mean, sd, n)
    assert arm.n == case["n"]
    assert arm.mean == pytest.approx(case["mean"], rel=1e-12, abs=1e-12)
    assert arm.sd == pytest.approx(case["sd"], rel=1e-12)


arm_values = st.lists(st.integers(-1000, 1000), min_size=2, max_size=8)


@given(st.lists(arm_values, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_combining_is_exact_and_indifferent_to_the_order_of_arms(arms, random):
    def combined(arms):
        arrays = [np.array(arm, dtype=float) for arm in arms]
        return combine_arms([a.mean() for a in arrays], [a.std(ddof=1) for a in arrays], [len(a) for a in arrays])

    raw = np.concatenate([np.array(arm, dtype=float) for arm in arms])
    whole = combined(arms)
    assert whole.mean == pytest.approx(raw.mean(), abs=1e-9)
    assert whole.sd == pytest.approx(raw.std(ddof=1), rel=1e-9, abs=1e-9)
    shuffled = random.sample(arms, len(arms))
    assert combined(shuffled).sd == pytest.approx(whole.sd, rel=1e-9, abs=1e-9)


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0.5, 20), st.integers(2, 60)), min_size=3, max_size=5))
def test_combining_in_steps_equals_combining_at_once(arms):
    mean, sd, n = np.array(arms).T
    first = combine_arms(mean[:2], sd[:2], n[:2])
    steps = combine_arms([first.mean, *mean[2:]], [first.sd, *sd[2:]], [first.n, *n[2:]])
    once = combine_arms(mean, sd, n)
    assert steps.mean == pytest.approx(once.mean, abs=1e-9)
    assert steps.sd == pytest.approx(once.sd, rel=1e-9)
    assert steps.n == once.n


@given(st.floats(-50, 50), st.floats(0.5, 20), st.floats(-1e3, 1e3), st.floats(-50, 50).filter(lambda c: abs(c) > 1e-3))
def test_combining_follows_shift_and_scale(mean, sd, shift, factor):
    here = combine_arms([mean, 3.0, -4.0], [sd, 2.0, 1.0], [12, 20, 31])
    there = combine_arms(
        np.array([mean, 3.0, -4.0]) * factor + shift, np.array([sd, 2.0, 1.0]) * abs(factor), [12, 20, 31]
    )
    assert there.mean == pytest.approx(here.mean * factor + shift, rel=1e-9, abs=1e-9)
    assert there.sd == pytest.approx(here.sd * abs(factor), rel=1e-9)


def test_combining_works_on_everything_behind_the_axis_of_arms():
    rng = np.random.default_rng(1)
    mean, sd, n = rng.normal(0, 5, (3, 4, 2)), rng.uniform(1, 9, (3, 4, 2)), rng.integers(2, 40, (3, 4, 2))
    whole = combine_arms(mean, sd, n)
    assert whole.mean.shape == (4, 2)
    for i, j in np.ndindex(4, 2):
        one = combine_arms(mean[:, i, j], sd[:, i, j], n[:, i, j])
        assert (whole.mean[i, j], whole.sd[i, j], whole.n[i, j]) == pytest.approx((one.mean, one.sd, one.n), rel=1e-14)


def test_one_participant_an_arm_needs_no_sd_beyond_zero():
    arm = combine_arms([4.0, 6.0], [0.0, 0.0], [1, 1])
    assert (arm.mean, arm.sd, arm.n) == (5.0, pytest.approx(np.sqrt(2)), 2.0)


@by_id([case for case in ORACLE["combine"] if case["kind"] == "split_shared_control"])
def test_splitting_divides_n_alone(case):
    part = split_control(case["mean"], case["sd"], case["n"], case["into"])
    assert (part.mean, part.sd, part.n) == (case["mean_each"], case["sd_each"], case["n_each"])


@given(st.floats(-50, 50), st.floats(0.5, 20), st.integers(2, 30), st.integers(1, 5))
def test_split_parts_put_together_again_have_the_same_n_and_mean(mean, sd, n, parts):
    part = split_control(mean, sd, n * parts, parts)
    whole = combine_arms([part.mean] * parts, [part.sd] * parts, [part.n] * parts)
    assert whole.n == n * parts
    assert whole.mean == pytest.approx(mean, abs=1e-12)
    # each part gives up one degree of freedom, so the SD shrinks by just that much
    assert whole.sd == pytest.approx(sd * np.sqrt((n - 1) * parts / (n * parts - 1)), rel=1e-12)


def test_the_fraction_of_a_split_n_is_kept():
    assert split_control([1.0, 2.0], 3.0, [25, 61], 2).n.tolist() == [12.5, 30.5]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: combine_arms(1.0, 2.0, 3), "mean has no axis of arms"),
        (lambda: combine_arms([1, 2], [1, -2], [5, 5]), "sd of arm 2 is -2; an SD is never negative"),
        (lambda: combine_arms([1, 2], [1, 2], [5, 0]), "n of arm 2 is 0"),
        (lambda: combine_arms([1, 2], [1, 2], [5, 2.5]), "n of arm 2 is 2.5"),
        (lambda: combine_arms([1, np.inf], [1, 2], [5, 5]), "mean of arm 2 is inf"),
        (
            lambda: combine_arms([1, 2], [1, -2], [5, 5], labels=["low dose", "high dose"]),
            "sd of arm 'high dose' is -2",
        ),
        (lambda: combine_arms([[1], [2]], [[1], [-2]], [[5], [5]]), "sd of arm 2 in replicate 0 is -2"),
        (lambda: combine_arms([1e300, 2], [1, 2], [5, 5]), "mean of arm 1 is 1e.300; too large"),
        (lambda: combine_arms([1], [0], [1]), "n of all arms together is 1"),
        (lambda: split_control(1, -1, 10, 2), "sd is -1"),
        (lambda: split_control(1, 1, 10.5, 2), "n is 10.5"),
        (lambda: split_control(1, 1, 10, 1.5), "parts is 1.5"),
        (lambda: split_control(1, 1, 10, 0), "parts is 0"),
        (lambda: split_control(1, 1, 3, 4), "fewer than one participant"),
    ],
)
def test_arms_that_cannot_be_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_words_for_numbers_are_refused():
    with pytest.raises(TypeError, match="mean must hold numbers, but holds 'a'"):
        combine_arms(["a", "b"], [1, 2], [5, 5])


# --- SE, intervals, P, t, change --------------------------------------------------------------------------------------

QUANTILE = {"t": "t", "z": "normal"}


def answers(case):
    """Every output of a reference case that mscmeta offers: name -> value."""
    i = case["inputs"]
    kind = case["kind"]
    if kind == "sd_from_p_of_a_mean_difference":
        se = se_from_p(i["difference"], i["p"], df=i["n_1"] + i["n_2"] - 2)
        return {"se": se, "sd": sd_from_se(se, i["n_1"], i["n_2"]), "statistic": i["difference"] / se}
    if kind == "sd_from_ci_of_a_mean":
        sd = sd_from_ci(i["lower"], i["upper"], i["n"], level=i["level"], quantile=QUANTILE[i["quantile"]])
        return {"sd": sd, "se": sd / np.sqrt(i["n"])}
    if kind == "sd_from_ci_of_a_mean_difference":
        numbers = i["n_1"], i["n_2"]
        se = se_from_ci(i["lower"], i["upper"], level=i["level"], df=sum(numbers) - 2)
        return {"se": se, "sd": sd_from_ci(i["lower"], i["upper"], *numbers, quantile=QUANTILE[i["quantile"]])}
    if kind == "correlation_from_three_sds":
        return {"correlation": correlation_from_change(i["sd_baseline"], i["sd_final"], i["sd_change"])}
    if kind == "sd_of_change_from_correlation":
        return {"sd_change": sd_of_change(i["sd_baseline"], i["sd_final"], i["correlation"])}
    if kind == "ci_from_p":
        return {"se": se_from_p(i["estimate"], i["p"])}
    if kind == "sd_from_se":
        return {"sd": sd_from_se(i["se"], i["n"])}
    if kind == "log_ratio_from_ci":
        return {"se": se_from_ci(np.log(i["lower"]), np.log(i["upper"]), level=i["level"])}
    if kind == "sd_from_t":
        return {"sd": sd_from_t(i["difference"], i["t"], i["n_1"], i["n_2"])}
    return {}


NOT_OFFERED = {"cluster_effective_size", "se_of_paired_difference"}


@by_id([case for case in ORACLE["conversions"] if case["kind"] not in NOT_OFFERED])
def test_conversions_equal_the_reference(case):
    found = answers(case)
    assert found
    for name, value in found.items():
        assert value == pytest.approx(case["outputs"][name], rel=1e-12), name


@given(st.floats(0.1, 50), st.integers(2, 200), st.integers(2, 200), st.floats(0.5, 0.999), st.floats(-30, 30))
def test_sd_survives_the_way_through_se_and_interval(sd, n_1, n_2, level, centre):
    se = sd * np.sqrt(1 / n_1 + 1 / n_2)
    assert sd_from_se(se, n_1, n_2) == pytest.approx(sd, rel=1e-12)
    from scipy.special import ndtri

    half = ndtri((1 + level) / 2) * sd / np.sqrt(n_1)
    back = sd_from_ci(centre - half, centre + half, n_1, level=level, quantile="normal")
    assert back == pytest.approx(sd, rel=1e-9)
    assert sd_from_ci(centre - half, centre + half, n_1, level=level) < back


@given(st.floats(0.1, 50), st.floats(0.1, 50), st.floats(-0.999, 0.999))
def test_correlation_and_sd_of_change_undo_each_other(sd_0, sd_1, r):
    assume(0.05 < sd_0 / sd_1 < 20)
    assert correlation_from_change(sd_0, sd_1, sd_of_change(sd_0, sd_1, r)) == pytest.approx(r, abs=1e-9)
    assert sd_of_change(sd_0, sd_1, r) == pytest.approx(sd_of_change(sd_1, sd_0, r), rel=1e-12)


@given(st.floats(-30, 30).filter(lambda y: abs(y) > 1e-3), st.floats(1e-6, 0.999), st.integers(1, 100))
def test_a_smaller_p_means_a_smaller_se(estimate, p, df):
    assert se_from_p(estimate, p / 2) < se_from_p(estimate, p)
    assert se_from_p(estimate, p) == se_from_p(-estimate, p)
    assert se_from_p(estimate, p, df=df) < se_from_p(estimate, p)  # t has the heavier tail


def test_uncorrelated_and_perfectly_correlated_change():
    assert sd_of_change(3.0, 4.0, 0.0) == 5.0
    assert sd_of_change([3.0, 3.0], 4.0, [1.0, -1.0]).tolist() == [1.0, 7.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sd_from_se(0, 10), "se is 0; a standard error is positive"),
        (lambda: sd_from_se(1, 0), "n is 0"),
        (lambda: sd_from_se(1, 0, labels=["gupta2016"]), "n of study 'gupta2016' is 0"),
        (lambda: sd_from_se(1, 5, [4, 0]), "n_2 of study 2 is 0"),
        (lambda: sd_from_ci(3, 3, 10), "high is 3"),
        (lambda: sd_from_ci(1, 3, 1), "n is 1; an SD needs at least one degree of freedom"),
        (lambda: sd_from_ci(1, 3, 10, level=95), "level is 95"),
        (lambda: sd_from_ci(1, 3, 10, quantile="z"), "quantile is 'z'; choose one of t, normal"),
        (lambda: se_from_ci(1, 3, df=0), "df is 0"),
        (lambda: se_from_p(2, 0), "p is 0"),
        (lambda: se_from_p(2, 1), "p is 1"),
        (lambda: se_from_p(0, 0.5), "estimate is 0"),
        (lambda: sd_from_t(2, 0, 9, 9), "t is 0"),
        (lambda: sd_from_t(2, 2, 9, [9, 0], labels=["a", "b"]), "n_2 of study 'b' is 0"),
        (lambda: sd_from_ci(1, 3, [10, 1], labels=["a", "b"]), "n of study 'b' is 1"),
        (lambda: sd_from_t(0, 2, 9, 9), "difference is 0"),
        (lambda: sd_of_change(0, 2, 0.5), "sd_0 is 0"),
        (lambda: sd_of_change(2, -2, 0.5), "sd_1 is -2"),
        (lambda: sd_of_change(2, 2, 1.5), "r is 1.5"),
        (lambda: correlation_from_change(6.4, 7.1, [4.5, 0.4]), "sd_change of study 2 is 0.4; no correlation"),
        (lambda: correlation_from_change(0, 7.1, 4.5), "sd_0 is 0"),
    ],
)
def test_numbers_that_cannot_be_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_results_are_their_own_arrays():
    mean = np.array([1.0, 2.0])
    part = split_control(mean, 1.0, 20, 2)
    mean[0] = 99.0
    assert part.mean.tolist() == [1.0, 2.0]
    assert part.sd.tolist() == [1.0, 1.0]


def test_every_public_name_is_there():
    assert all(hasattr(convert, name) for name in convert.__all__)
