"""mscmeta.audit: against published and brute-forced answers, and against the unrounded values behind a print."""

import json
import math
from dataclasses import replace
from itertools import combinations_with_replacement
from pathlib import Path
from statistics import stdev

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from mscmeta import audit
from mscmeta.audit import Box, Row, box

ORACLE = json.loads((Path(__file__).parent / "oracles" / "extra_open.json").read_text(encoding="utf-8"))["audit"]
CASES = {kind: [case for case in ORACLE if case["kind"] == kind] for kind in {case["kind"] for case in ORACLE}}


def ids(kind):
    return [case["id"] for case in CASES[kind]]


def printed(p, sign):
    return p if sign == "=" else f"{sign} {p}"


# --- against the oracle -----------------------------------------------------------------------------------------------


def test_the_oracle_holds_every_kind_of_case():
    assert {kind: len(cases) for kind, cases in CASES.items()} == {
        "statistic_p": 8,
        "estimate_ci_p": 7,
        "grim": 5,
        "percentage": 2,
        "sd_within_scale": 2,
    }


@pytest.mark.parametrize("case", CASES["statistic_p"], ids=ids("statistic_p"))
def test_statistic_and_p(case):
    found = audit.p_from_statistic(
        case["statistic"], case["value"], printed(case["p"], case["p_sign"]), df=tuple(case["df"])
    )
    assert (found.verdict == "consistent") == case["consistent"]
    assert [found.range.low, found.range.high] == pytest.approx(sorted(case["p_range_by_rounding"]), rel=1e-9)


@pytest.mark.parametrize("case", CASES["estimate_ci_p"], ids=ids("estimate_ci_p"))
def test_estimate_interval_and_p(case):
    numbers = case["estimate"], case["lower"], case["upper"]
    p = printed(case["p"], case["p_sign"])
    found = audit.p_from_interval(*numbers, p, scale=case["scale"], level=case["level"])
    assert (found.verdict == "consistent") == case["p_consistent"]
    assert [found.range.low, found.range.high] == pytest.approx(sorted(case["p_range_by_rounding"]), rel=1e-6)
    middle = audit.centred(*numbers, scale=case["scale"])
    assert (middle.verdict == "consistent") == case["centre_consistent"]
    assert [middle.range.low, middle.range.high] == pytest.approx(case["centre_range"], abs=1e-9)
    says = "significant" if case["p_says_significant"] else "not significant"
    null = 1.0 if case["scale"] == "ratio" else 0.0
    words = audit.significance(says, case["lower"], case["upper"], p=p, null=null)
    assert (words.verdict == "consistent") == case["decision_agrees"]


@pytest.mark.parametrize("case", CASES["grim"], ids=ids("grim"))
def test_grim(case):
    found = audit.grim(case["mean"], str(case["n"]), items=case["items"])
    assert (found.verdict != "contradicted") == case["consistent"]
    sums = case["sums"]
    assert found.range == (Box(float(min(sums)), float(max(sums))) if sums else None)


@pytest.mark.parametrize("case", CASES["percentage"], ids=ids("percentage"))
def test_percentage(case):
    found = audit.percentage(str(case["events"]), str(case["n"]), case["percent"])
    assert (found.verdict == "consistent") == case["consistent"]
    possible = audit.percentage_possible(str(case["n"]), case["percent"])
    assert (possible.verdict == "consistent") == bool(case["events_that_would_fit"])


@pytest.mark.parametrize("case", CASES["sd_within_scale"], ids=ids("sd_within_scale"))
def test_sd_within_scale(case):
    found = audit.sd_possible(case["sd"], str(case["n"]), *case["scale"], mean=case["mean"])
    assert (found.verdict == "consistent") == case["consistent"]
    assert found.range.high <= case["largest_sd"] * (1 + 1e-9)  # Bhatia and Davis, for any number of participants


# --- printed numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2.5", 2.45, 2.55),
        ("− 1.13", -1.135, -1.125),
        ("–7", -7.5, -6.5),
        (".06", 0.055, 0.065),
        ("0.20", 0.195, 0.205),
    ],
)
def test_a_box_is_half_a_unit_each_way(text, low, high):
    assert box(text) == Box(low, high)


def test_what_is_not_one_printed_number_is_refused():
    with pytest.raises(TypeError, match="give the number as printed, a string"):
        box(2.5)
    for text in ("", "about 3", "1,000", "3 to 4", "2.5.1", "1e-3"):
        with pytest.raises(ValueError, match="give one printed number"):
            box(text)
    with pytest.raises(ValueError, match="only a P value may be printed as a bound"):
        box("< 3")
    with pytest.raises(ValueError, match="between 0 and 1"):
        audit.p_box("1.2")
    with pytest.raises(ValueError, match="whole number, 0 or more"):
        audit.count("2.5")
    with pytest.raises(ValueError, match="whole number, 1 or more"):
        audit.percentage("1", "0", "5")


def test_a_p_value_may_be_a_bound():
    assert audit.p_box("<0.001") == Box(0.0, 0.001)
    assert audit.p_box("> 0.05") == Box(0.05, 1.0)
    assert audit.p_box("= 0.000") == Box(0.0, 0.0005)
    assert audit.p_box("1.00") == Box(0.995, 1.0)


def test_boxes():
    assert Box(-1, 3).size() == Box(0.0, 3)
    assert Box(-3, -1).size() == Box(1, 3)
    assert Box(1, 2).minus(Box(0, 3)) == Box(-2, 2)
    assert Box(0, math.e).log() == Box(-math.inf, 1.0)
    with pytest.raises(ValueError, match="a ratio must be positive"):
        box("-1.0").log()
    assert Box(0.3, 0.4).meets(Box(0.1, 0.1 + 0.2))
    assert not Box(0.31, 0.4).meets(Box(0.1, 0.3))
    assert audit.decimals("-2.50") == 2


# --- no unrounded truth is ever contradicted --------------------------------------------------------------------------

values = st.floats(-50, 50).filter(lambda x: abs(x) > 1e-3)
spreads = st.floats(0.05, 20)
places = st.integers(1, 3)


def shown(value, decimals, up):
    """Rounded as a paper may: to nearest, ties either way."""
    scaled = value * 10**decimals
    rounded = math.floor(scaled + 0.5) if up else math.ceil(scaled - 0.5)
    return f"{rounded / 10**decimals:.{decimals}f}"


@given(values, spreads, places, st.booleans(), st.sampled_from([None, 3, 20]))
def test_true_results_are_never_contradicted(estimate, se, decimals, up, df):
    quantile = float(ndtri(0.975) if df is None else stdtrit(df, 0.975))
    low, high = (shown(estimate + sign * quantile * se, decimals, up) for sign in (-1, 1))
    p = 2 * float(ndtr(-abs(estimate) / se) if df is None else stdtr(df, -abs(estimate) / se))
    numbers, p_text = (shown(estimate, decimals, up), low, high), shown(p, 3, up)
    assume(float(low) < float(high))
    found = [audit.p_from_interval(*numbers, p_text, df=df), audit.centred(*numbers), audit.inside(*numbers)]
    if df is None:
        found.append(audit.interval_from_p(numbers[0], p_text, low, high))
    assert [f.says for f in found if f.flag] == []


@given(st.floats(0.05, 30), st.floats(0.05, 1.5), places, st.booleans())
def test_true_ratios_are_never_contradicted(ratio, se, decimals, up):
    low, high = (ratio * math.exp(sign * float(ndtri(0.975)) * se) for sign in (-1, 1))
    numbers = tuple(shown(x, decimals, up) for x in (ratio, low, high))
    assume(all(float(x) > 0 for x in numbers) and float(numbers[1]) < float(numbers[2]))
    p = shown(2 * float(ndtr(-abs(math.log(ratio)) / se)), 3, up)
    found = [audit.p_from_interval(*numbers, p, scale="ratio"), audit.centred(*numbers, scale="ratio")]
    assert [f.says for f in found if f.flag] == []


@given(st.floats(0.05, 8), st.integers(1, 400), places, st.booleans())
def test_true_statistics_fit_their_degrees_of_freedom(t, df, decimals, up):
    p = shown(2 * float(stdtr(df, -t)), 3, up)
    value = shown(t, decimals, up)
    assert not audit.p_from_statistic("t", value, p, df=(df,)).flag
    assume(float(value) > 10**-decimals)
    estimate, half = 10 * t, 10 * float(stdtrit(df, 0.975))
    numbers = [shown(x, decimals, up) for x in (estimate, estimate - half, estimate + half)]
    found = audit.df_implied(value, p, estimate=numbers[0], low=numbers[1], high=numbers[2], at_most=str(df))
    assert not found.flag, found.says
    assert found.range.low <= df <= found.range.high


@given(st.lists(st.integers(0, 10), min_size=2, max_size=60), st.integers(1, 3), st.booleans())
def test_true_whole_scores_are_never_contradicted(scores, decimals, up):
    n = len(scores)
    mean = sum(scores) / n
    sd = math.sqrt(sum((x - mean) ** 2 for x in scores) / (n - 1))
    text = shown(mean, decimals, up)
    assert not audit.grim(text, str(n)).flag
    assert not audit.sd_possible(shown(sd, decimals, up), str(n), 0, 10, mean=text).flag
    assert not audit.sd_possible(shown(sd, decimals, up), str(n), 0, 10).flag
    assert not audit.within_limits(text, 0, 10).flag
    hits = sum(x > 5 for x in scores)
    assert not audit.percentage(str(hits), str(n), shown(100 * hits / n, decimals, up)).flag


@given(st.integers(2, 5), st.integers(0, 25))
def test_the_largest_sd_is_that_of_the_widest_scores(n, total):
    """Against all samples of scores 0, 1, …, 5: no one has a larger SD for its mean, and one reaches it."""
    total = min(total, 5 * n)
    samples = [scores for scores in combinations_with_replacement(range(6), n) if sum(scores) == total]
    largest = max(stdev(scores) for scores in samples)
    found = audit.sd_possible("1.0", str(n), 0, 5, mean=f"{total / n:.9f}")
    assert found.range.high == pytest.approx(largest, abs=2e-4)


@given(st.integers(1, 40), st.integers(1, 40), st.data(), st.integers(1, 3), st.booleans())
def test_true_risk_ratios_are_possible(n_1, n_2, draw, decimals, up):
    events_1, events_2 = draw.draw(st.integers(0, n_1)), draw.draw(st.integers(1, n_2))
    ratio = shown(events_1 / n_1 / (events_2 / n_2), decimals, up)
    found = audit.ratio_possible(ratio, str(n_1), str(n_2))
    assert not found.flag
    assert found.range.low <= events_1 <= found.range.high


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=12), places, st.booleans())
def test_true_sums_are_never_contradicted(parts, decimals, up):
    assert not audit.adds_up(shown(sum(parts), decimals, up), [shown(x, decimals, up) for x in parts]).flag


# --- what each check finds --------------------------------------------------------------------------------------------


def test_the_way_back_from_p_to_the_interval():
    assert audit.interval_from_p("-2.1", "0.08", "-4.0", "-0.2").verdict == "contradicted"
    assert audit.interval_from_p("-2.1", "< 0.001", "-2.9", "-1.3").verdict == "consistent"
    assert audit.interval_from_p("-2.1", "< 0.001", "-8.9", "4.7").verdict == "contradicted"


def test_an_interval_must_not_run_backwards():
    with pytest.raises(ValueError, match="runs backwards"):
        audit.p_from_interval("1.0", "2.0", "0.5", "0.04")
    with pytest.raises(ValueError, match="runs backwards"):
        audit.centred("1.0", "2.0", "0.5")
    assert audit.inside("1.0", "2.0", "0.5").verdict == "contradicted"


def test_options_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="use 'difference' or 'ratio'"):
        audit.centred("1.0", "0.5", "1.5", scale="log")
    with pytest.raises(ValueError, match="level is 95"):
        audit.p_from_interval("1.0", "0.5", "1.5", "0.01", level=95)
    with pytest.raises(ValueError, match="statistic is 'w'"):
        audit.p_from_statistic("w", "1.0", "0.01")
    with pytest.raises(ValueError, match="F needs 2 positive"):
        audit.p_from_statistic("F", "1.0", "0.01", df=(3,))
    with pytest.raises(ValueError, match="says is 'better'"):
        audit.significance("better", "1", "2")
    with pytest.raises(ValueError, match="favours must be"):
        audit.direction("1.0", "msc", higher_is="worse")
    with pytest.raises(ValueError, match="items is 0"):
        audit.grim("1.0", "5", items=0)
    with pytest.raises(ValueError, match="low end must be below"):
        audit.within_limits("5", 10, 0)
    for call in (
        lambda: audit.adds_up("1", []),
        lambda: audit.spans("1", "2", []),
        lambda: audit.effect_within_scale("1"),
    ):
        with pytest.raises(ValueError, match="is empty"):
            call()
    with pytest.raises(ValueError, match="two or more coefficients"):
        audit.near_identical(["1.0"], ["a"])
    with pytest.raises(ValueError, match="use 'more' or 'less'"):
        audit.exceeds("1", ["2"], than="at least")
    with pytest.raises(ValueError, match="method is 'magic'"):
        audit.method_fits("magic", "MD")
    with pytest.raises(ValueError, match="one statement for each"):
        audit.threshold_kept("0.05", ["0.01"], [])


def test_a_correlation_of_one_has_p_zero():
    assert audit.p_from_statistic("r", "1.00", "< 0.001", df=(8,)).verdict == "consistent"


def test_degrees_of_freedom_beyond_the_trials():
    table = ("1.22", "0.234"), {"estimate": "0.5032", "low": "-0.3489", "high": "1.3555"}
    alone = audit.df_implied(*table[0])
    narrower = audit.df_implied(*table[0], **table[1])
    assert alone.range.low <= narrower.range.low <= narrower.range.high <= alone.range.high
    assert narrower.verdict == "consistent"
    for df in range(1, 60):  # every df by hand: which t in its box gives a P in its box
        possible = 2 * stdtr(df, -1.225) <= 0.2345 and 2 * stdtr(df, -1.215) >= 0.2335
        assert possible == (alone.range.low <= df <= alone.range.high)
    assert audit.df_implied("0.0", "0.99").verdict == "not_applicable"
    assert audit.df_implied("5.00", "0.9").verdict == "contradicted"
    assert audit.df_implied("1.96", "0.050").says.endswith("or more degrees of freedom.")


def test_words_against_the_interval():
    assert audit.significance("significant", "-13.88", "0.44", p="0.066").verdict == "contradicted"
    assert audit.significance("not significant", "0.01", "6.69", p="0.049").verdict == "contradicted"
    assert audit.significance("trend", "-1.0", "0.2").verdict == "consistent"
    assert audit.significance("no difference", "-3.0", "-0.2").verdict == "contradicted"
    assert audit.significance("significant", "0.00", "6.69").verdict == "consistent"  # may be 0.004
    assert "touches 0" in audit.significance("significant", "0.00", "6.69").says
    assert audit.significance("significant", "1.04", "2.38", null=1.0).verdict == "consistent"
    assert audit.significance("significant", "0.1", "2.0", p="< 0.10", alpha="0.10").verdict == "consistent"
    assert audit.significance("not significant", "-1.0", "2.0", p="0.05").verdict == "consistent"


def test_directions():
    assert audit.direction("-2.0", "first", higher_is="worse").verdict == "consistent"
    assert audit.direction("-2.0", "first", higher_is="better").verdict == "contradicted"
    assert audit.direction("-2.0", "second", higher_is="better").verdict == "consistent"
    assert audit.direction("0.0", "first", higher_is="worse").verdict == "consistent"  # may be -0.04


def test_counts_and_names():
    assert audit.same("50.0", "50.04").verdict == "consistent"
    assert audit.same("50", "51").verdict == "contradicted"
    assert audit.adds_up("133", [str(n) for n in (9, 4, 20, 20, 20, 20, 20, 10, 10)]).verdict == "consistent"
    assert audit.adds_up("1", ["1"] * 9).says == "The sum of 9 numbers is 9, not 1."
    assert audit.spans("30", "60", ["30", "87"]).verdict == "contradicted"
    assert audit.counted("3", ["a", "b"]).says == "There are 2 listed, not 3."
    assert audit.counted("2", ["a"]).says == "There is 1 listed, not 2."
    assert audit.adds_up("20", ["15"]).says == "15 is not 20."
    assert audit.every(["2", "3"], ["2", "3"]).verdict == "consistent"
    assert audit.among("3", ["3"]).verdict == "consistent"
    assert audit.exceeds("30", ["30", "31"]).verdict == "contradicted"
    assert audit.most("5", "9").verdict == "consistent"
    assert audit.method_fits("DerSimonian-Laird", "WMD").verdict == "consistent"
    assert audit.standard_error("2.1").verdict == "consistent"
    assert audit.within_mid("-1.6", "1.5").verdict == "contradicted"
    assert audit.threshold_kept("0.05", ["0.05", "0.01"], ["significant", "significant"]).verdict == "consistent"
    assert audit.same_words("usa", "USA").verdict == "consistent"


def test_possible_shares_means_and_spreads():
    assert audit.percentage_possible("150", "31").verdict == "not_applicable"
    assert audit.percentage("17", "54", "33.3").says == "17 of 54 is 31.4815 %, not 33.3 %; 18 would be."
    assert audit.grim("50.67", "25").verdict == "contradicted"  # the age of Varma's control arm, if in whole years
    assert audit.sd_possible("5", "10", 0, 10, mean="12").says == "A mean of 12 cannot lie on a scale from 0 to 10."
    assert audit.sd_possible("5.28", "10", 0, 10).verdict == "contradicted"
    assert audit.effect_within_scale("7.9", (0, 8), (0, 100)).verdict == "consistent"


def test_coefficients_per_different_units():
    units = ["per year", "per grade"]
    assert audit.near_identical(["0.4879", "0.9"], units).verdict == "consistent"
    assert audit.near_identical(["0.4", "-0.4"], units).verdict == "consistent"
    assert audit.near_identical(["0.0", "0.0"], units).verdict == "consistent"
    assert audit.near_identical(["0.48", "0.49"], ["per year"] * 2).verdict == "not_applicable"


# --- trial rows -------------------------------------------------------------------------------------------------------

HONEST = Row("x", "pain", "6", "20", "4.00", "2.00", "20", "5.00", "2.20", low=0, high=10)


def but(**cells):
    return replace(HONEST, **cells)


def flags(*rows):
    return {f.check for f in audit.audit_rows(list(rows)) if f.flag}


def test_an_honest_row_is_quiet_and_says_what_was_checked():
    found = audit.audit_rows([but(estimate="-1.00", ci_low="-2.30", ci_high="0.30", p="0.13", randomised_1="21")])
    assert {f.verdict for f in found} == {"consistent"}
    assert {f.check for f in found} >= {"spread", "interval_from_arms", "p_from_interval", "analysed_randomised"}
    assert all(f.about == ("x", "pain", "6") for f in found)


def test_what_is_not_printed_is_not_checked():
    bare = but(low=None, high=None)
    assert audit.effect_from_arms(bare) == audit.report_itself(bare) == audit.arms_on_scale(bare) == []
    assert [f.check for f in audit.effect_from_arms(but(estimate="-1.00"))] == ["difference_of_means"]


def test_what_trial_rows_show():
    report = {"estimate": "-1.00", "ci_low": "-2.30", "ci_high": "0.30"}
    assert flags(but(mean_1="12.0")) == {"within_limits"}
    assert flags(but(mean_1="-1.00", mean_2="-1.50", kind="change")) == set()
    assert flags(but(sd_1="-2.00")) >= {"negative_spread"}
    assert flags(but(mean_1="9.80", mean_2="9.70", sd_1="2.00", sd_2="0.90")) == {"sd_possible"}
    assert flags(but(sd_1="0.30", sd_2="0.31", mean_1="2.00")) == {"large_effect", "smallest_spread"}
    assert flags(but(sd_1="0.00", sd_2="0.00", mean_1="2.00")) == {"large_effect", "smallest_spread"}
    assert flags(but(n_1="24", randomised_1="20")) == {"analysed_randomised"}
    assert flags(but(mean_1="4.20", **report)) == {"difference_of_means"}
    assert flags(but(sd_1="0.45", sd_2="0.49", **report)) == {"interval_from_arms", "smallest_spread"}
    assert flags(but(**report | {"ci_low": "-1.30"})) >= {"centred"}
    assert flags(but(**report, p="0.010")) == {"p_from_interval"}
    assert flags(but(sd_1="0.20"), but(month="12")) == {"spread", "slipped_point"}


def test_any_common_interval_fits_the_arms():
    """Normal, pooled t and Welch's t, for arms of unequal size and spread."""
    row = but(n_1="8", sd_1="3.00", n_2="24", sd_2="1.00", low=None)
    a, b = 9 / 8, 1 / 24
    welch = (a + b) ** 2 / (a**2 / 7 + b**2 / 23)
    pooled = math.sqrt((7 * 9 + 23) / 30 * (1 / 8 + 1 / 24))
    for half in (1.959964 * math.sqrt(a + b), stdtrit(30, 0.975) * pooled, stdtrit(welch, 0.975) * math.sqrt(a + b)):
        limits = {"ci_low": f"{-1 - half:.2f}", "ci_high": f"{-1 + half:.2f}"}
        assert not any(f.flag for f in audit.effect_from_arms(but(**vars_of(row), estimate="-1.00", **limits)))
    zero = but(sd_1="0.00", sd_2="0.00", estimate="-1.00", ci_low="-1.00", ci_high="-1.00")
    assert not any(f.flag for f in audit.effect_from_arms(zero))


def vars_of(row):
    return {name: getattr(row, name) for name in ("n_1", "sd_1", "n_2", "sd_2", "low")}


def test_one_control_counted_for_every_dose():
    doses = [but(dose=dose, mean_1=mean) for dose, mean in (("25", "4.00"), ("50", "4.50"), ("75", "4.20"))]
    found = [f for f in audit.shared_control(doses) if f.flag]
    assert [f.says for f in found] == [
        "x pain month 6: its 20 controls would have to be 60, since 3 rows use them whole."
    ]
    shared = [but(dose=row.dose, mean_1=row.mean_1, n_2="6", randomised_2="20") for row in doses]
    assert not any(f.flag for f in audit.shared_control(shared))
    assert audit.shared_control([HONEST, but(month="12")]) == []


def test_spreads_out_of_proportion():
    assert audit.spread([("2.0", "20")], []).verdict == "not_applicable"
    assert audit.spread([("2.0", "20")], [("0.0", "20")]).verdict == "not_applicable"
    assert audit.spread([("22.0", "30")], [("4.0", "30")]).verdict == "suspect"
    assert audit.spread([("3.9", "200")], [("2.0", "200")]).verdict == "consistent"  # within a factor of two


def test_the_wrong_visit_is_named_and_its_neighbours_are_not():
    rows = [but(month=month) for month in ("3", "6", "12")]
    rows[1] = but(month="6", sd_1="0.45", sd_2="0.49")
    suspects = {f.about for f in audit.audit_rows(rows) if f.check == "spread" and f.flag}
    assert suspects == {("x", "pain", "6")}
    two = {f.about for f in audit.audit_rows(rows[:2]) if f.check == "spread" and f.flag}
    assert two == {("x", "pain", "3", "6")}


def test_one_visit_printed_twice():
    rows = [HONEST, but(month="12")]
    assert [f.about for f in audit.repeated_visit(rows)] == [("x", "pain", "6", "12")]
    assert audit.repeated_visit([but(mean_1="4"), but(mean_1="4", month="12")]) == []  # whole numbers do repeat
