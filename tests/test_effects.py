"""Effect sizes: equal to metafor's escalc, rma.mh and rma.peto; symmetric where due; refusing bad rows by name."""

import json
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mscmeta import effects

ORACLES = Path(__file__).parent / "oracles"
CASES = [c for c in json.loads((ORACLES / "metafor_open.json").read_text())["cases"] if c["raw"]]
BINARY = json.loads((ORACLES / "extra_open.json").read_text())["binary"]
ENGINE = json.loads((ORACLES / "engine.json").read_text())
FORMULA = {
    "MD": effects.mean_difference,
    "SMD": effects.standardized_mean_difference,
    "ROM": effects.ratio_of_means,
    "RR": effects.risk_ratio,
    "OR": effects.odds_ratio,
    "RD": effects.risk_difference,
}
RATIOS = [effects.risk_ratio, effects.odds_ratio]
EVENTS = [*RATIOS, effects.risk_difference]
MEANS = [effects.mean_difference, effects.standardized_mean_difference, effects.ratio_of_means]
MEAN_KEYS = ("mean_1", "sd_1", "n_1", "mean_2", "sd_2", "n_2")
EVENT_KEYS = ("events_1", "n_1", "events_2", "n_2")

positive = st.floats(0.1, 100)
size = st.integers(2, 200)


@st.composite
def tables(draw, zeros=True):
    n1, n2 = draw(size), draw(size)
    low = 0 if zeros else 1
    return draw(st.integers(low, n1 - 1)), n1, draw(st.integers(low, n2 - 1)), n2


def columns(case):
    raw = case["raw"]
    return [np.array(raw[key], float) for key in (EVENT_KEYS if "events_1" in raw else MEAN_KEYS)]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_equals_escalc(case):
    y, v = FORMULA[case["measure"]](*columns(case))
    expected = np.array(case["raw"]["escalc_yi"])
    if case["measure"] == "RD":  # metafor shifts the point of studies with a zero cell, this package does not
        a, n1, c, n2 = columns(case)
        zero = (a == 0) | (c == 0) | (a == n1) | (c == n2)
        expected = np.where(zero, a / n1 - c / n2, expected)
    np.testing.assert_allclose(y, expected, rtol=1e-12)
    np.testing.assert_allclose(v, case["raw"]["escalc_vi"], rtol=1e-12)


@pytest.mark.parametrize("case", [c for c in CASES if c["raw"].get("mh")], ids=lambda c: c["id"])
def test_mantel_haenszel_equals_rma_mh(case):
    fit, expected = effects.mantel_haenszel(*columns(case), case["measure"]), case["raw"]["mh"]
    got = [fit.estimate, fit.se, fit.ci.low, fit.ci.high, fit.q, fit.p_value]
    np.testing.assert_allclose(
        got, [expected[k] for k in ("estimate", "se", "ci_low", "ci_high", "q", "p_value")], rtol=1e-12
    )


@pytest.mark.parametrize("case", [c for c in CASES if c["raw"].get("peto")], ids=lambda c: c["id"])
def test_peto_equals_rma_peto(case):
    fit, expected = effects.peto(*columns(case)), case["raw"]["peto"]
    got = [fit.estimate, fit.se, fit.ci.low, fit.ci.high, fit.q, fit.p_value]
    np.testing.assert_allclose(
        got, [expected[k] for k in ("estimate", "se", "ci_low", "ci_high", "q", "p_value")], rtol=1e-12
    )


@pytest.mark.parametrize("case", BINARY, ids=lambda c: c["id"])
@pytest.mark.parametrize(("measure", "key"), [("RR", "mh_log_rr"), ("OR", "mh_log_or")])
@pytest.mark.parametrize(("rule", "name"), [("exact", "exact"), ("half", "half_added_to_studies_with_a_zero")])
def test_mantel_haenszel_zero_cell_rules(case, measure, key, rule, name):
    fit = effects.mantel_haenszel(*(case[k] for k in EVENT_KEYS), measure, zero_cells=rule)
    expected = case[key][name]
    np.testing.assert_allclose([fit.estimate, fit.se, fit.ci.low, fit.ci.high],
                               [expected[k] for k in ("estimate", "se", "lower", "upper")], rtol=1e-11)  # fmt: skip


@pytest.mark.parametrize("case", BINARY, ids=lambda c: c["id"])
@pytest.mark.parametrize(("rule", "name"), [("Sato", "sato"), ("Greenland-Robins", "greenland_robins")])
def test_mantel_haenszel_risk_difference_has_two_variances(case, rule, name):
    fit = effects.mantel_haenszel(*(case[k] for k in EVENT_KEYS), "RD", rd_variance=rule)
    expected = case["mh_rd"]
    got = [fit.estimate, fit.se, fit.ci.low, fit.ci.high]
    np.testing.assert_allclose(got, [expected["estimate"], expected[f"se_{name}"], *expected[f"ci_{name}"]], rtol=1e-11)


def test_a_common_effect_result_says_what_it_is():
    fit = effects.mantel_haenszel([9, 3, 0], [20, 40, 10], [4, 2, 0], [20, 41, 12], labels=["a", "b", "c"])
    assert (fit.k, fit.q_df, fit.tau2, fit.tau2_at_boundary, fit.df) == (3, 1, 0, False, math.inf)
    assert fit.labels == ("a", "b", "c")
    assert fit.method == "Mantel-Haenszel RR, zero cells: exact; interval: Wald (z); I2: from Q"
    assert fit.weights.sum() == pytest.approx(1)
    assert fit.weights[2] == 0
    assert fit.h2 == pytest.approx(fit.q)
    assert fit.i2 == max(0, 1 - 1 / fit.q)
    with pytest.raises(ValueError, match="a MH fit assumes one common effect and has no prediction interval"):
        fit.prediction_interval()


def test_a_single_study_has_no_heterogeneity():
    fit = effects.peto(9, 20, 4, 20)
    assert (fit.q_df, fit.h2, fit.q_p_value, fit.k) == (0, 1, 1, 1)
    assert (fit.q, fit.i2) == (0, 0)


@pytest.mark.parametrize("measure", ["RR", "OR", "RD", "Peto"])
@pytest.mark.parametrize(
    "table",
    [
        ([22], [85], [12], [120]),
        ([1], [136], [3], [170]),  # Q of its own effect about the pooled one is 1e-30, not 0
        ([1, 0], [79, 54], [0, 0], [39, 48]),  # the only study with an event has a corrected effect
    ],
)
def test_one_usable_study_has_no_heterogeneity(table, measure):
    for zero_cells in ("exact", "half"):
        if measure == "Peto":
            fit = effects.peto(*table)
        elif zero_cells == "exact" and measure != "RD" and 0 in table[2]:
            continue  # refused: no event in arm 2
        else:
            fit = effects.mantel_haenszel(*table, measure=measure, zero_cells=zero_cells)
        assert (fit.q, fit.q_df, fit.q_p_value, fit.i2, fit.h2) == (0, 0, 1, 0, 1)  # metafor 3.8-1


@pytest.mark.parametrize("level", [0.8, 0.99])
def test_the_level_widens_the_interval(level):
    wide = effects.peto([9, 3], [20, 40], [4, 2], [20, 41], level=level)
    z = float(mpmath.sqrt(2) * mpmath.erfinv(level))
    assert wide.ci.high - wide.estimate == pytest.approx(z * wide.se, rel=1e-12)
    assert wide.level == level


def test_hedges_factor_keeps_all_digits():
    with mpmath.workdps(50):
        for m in (1.5, 2, 3, 17, 198, 200, 201, 202.5, 204, 3000, 1e6):
            x = mpmath.mpf(m)
            exact = mpmath.exp(mpmath.loggamma(x / 2) - mpmath.loggamma((x - 1) / 2)) / mpmath.sqrt(x / 2)
            assert float(effects.hedges_j(m)) == pytest.approx(float(exact), rel=1e-15)


@given(positive, positive, size, positive, positive, size, st.sampled_from(MEANS))
def test_swapping_the_arms_of_means_changes_the_sign(m1, s1, n1, m2, s2, n2, measure):
    there, back = measure(m1, s1, n1 + 1, m2, s2, n2 + 1), measure(m2, s2, n2 + 1, m1, s1, n1 + 1)
    assert there.y == pytest.approx(-back.y, rel=1e-12, abs=1e-14)
    assert there.v == pytest.approx(back.v, rel=1e-12)


@given(tables(), st.sampled_from(EVENTS))
def test_swapping_the_arms_of_events_changes_the_sign(table, measure):
    a, n1, c, n2 = table
    there, back = measure(a, n1, c, n2), measure(c, n2, a, n1)
    assert there.y == pytest.approx(-back.y, rel=1e-10, abs=1e-12)
    assert there.v == pytest.approx(back.v, rel=1e-12)


@given(tables())
def test_odds_of_the_event_and_of_its_absence_are_inverse(table):
    a, n1, c, n2 = table
    there, back = effects.odds_ratio(a, n1, c, n2), effects.odds_ratio(n1 - a, n1, n2 - c, n2)
    assert there.y == pytest.approx(-back.y, rel=1e-10, abs=1e-12)
    assert there.v == pytest.approx(back.v, rel=1e-12)


@given(tables(), st.sampled_from([effects.peto, effects.mantel_haenszel]))
def test_one_study_pooled_is_the_study(table, method):
    a, n1, c, n2 = (max(x, 1) for x in table)
    fit = method([a], [n1], [c], [n2])
    if method is effects.mantel_haenszel:
        assert fit.estimate == pytest.approx(math.log(a * n2 / (c * n1)), rel=1e-9, abs=1e-12)
    assert fit.q == pytest.approx(0, abs=1e-20) or method is effects.mantel_haenszel
    assert fit.weights.tolist() == [1]


@given(positive, positive, size, positive, positive, size, st.floats(0.01, 1000))
def test_units_of_the_outcome(m1, s1, n1, m2, s2, n2, c):
    args = (m1, s1, n1 + 1, m2, s2, n2 + 1)
    scaled = (c * m1, c * s1, n1 + 1, c * m2, c * s2, n2 + 1)
    plain, other = effects.mean_difference(*args), effects.mean_difference(*scaled)
    assert other.y == pytest.approx(c * plain.y, rel=1e-9, abs=1e-9 * c)
    assert other.v == pytest.approx(c * c * plain.v, rel=1e-12)
    for measure in (effects.standardized_mean_difference, effects.ratio_of_means):
        plain, other = measure(*args), measure(*scaled)
        assert other.y == pytest.approx(plain.y, rel=1e-9, abs=1e-9)
        assert other.v == pytest.approx(plain.v, rel=1e-9)


def test_paired_change():
    y, v = effects.mean_change([40, 30], [55, 28], [15, 10], [16, 10], [20, 12], [0.5, 0])
    np.testing.assert_allclose(y, [-15, 2])
    np.testing.assert_allclose(v, [(225 + 256 - 240) / 20, 200 / 12])


def test_paired_measures_equal_escalc():
    args = ([40, 30, 12], [55, 28, 14], [15, 10, 3], [16, 11, 4], [20, 12, 60], [0.5, 0.2, 0.8])
    by_change = effects.standardized_mean_change(*args, by="change")
    for measure, effect in {
        "MC": effects.mean_change(*args),
        "SMCR": effects.standardized_mean_change(*args),
        "SMCC": by_change,
    }.items():
        np.testing.assert_allclose(effect.y, ENGINE["paired"][measure]["yi"], rtol=1e-12)
        np.testing.assert_allclose(effect.v, ENGINE["paired"][measure]["vi"], rtol=1e-12)


def test_standardised_change_by_either_deviation():
    args = (40, 55, 15, 16, 20, 0.5)
    j = float(effects.hedges_j(19))
    raw, change = (effects.standardized_mean_change(*args, by=by) for by in ("raw", "change"))
    assert raw.y == pytest.approx(-j)
    assert raw.v == pytest.approx(1 / 20 + j * j / 40)
    g = -15 * j / math.sqrt(241)
    assert change.y == pytest.approx(g)
    assert change.v == pytest.approx(1 / 20 + g * g / 40)
    other = effects.standardized_mean_change(40, 55, 15, 16, 20, 0.2)
    assert other.v == pytest.approx(1.6 / 20 + j * j / 40)


def test_zero_cells_are_corrected_and_named():
    effect = effects.risk_ratio([0, 5, 0, 10], [10, 20, 12, 10], [2, 4, 0, 9], [10, 21, 12, 10], labels=list("abcd"))
    assert effect.corrected.tolist() == [True, False, True, True]
    assert effect.note == "1/2 added to: a, c, d"
    assert effect.y[0] == pytest.approx(math.log((0.5 / 11) / (2.5 / 11)))
    assert effect.v[0] == pytest.approx(1 / 0.5 - 1 / 11 + 1 / 2.5 - 1 / 11)
    assert effect.y[1] == pytest.approx(math.log((5 / 20) / (4 / 21)))
    assert effect.y[2] == 0


@pytest.mark.parametrize("measure", EVENTS)
def test_double_zero_studies_are_dropped_by_name_on_request(measure):
    effect = measure(
        [0, 5, 10], [10, 20, 10], [0, 4, 10], [10, 21, 10], double_zero="drop", labels=["none", "some", "all"]
    )
    assert np.isnan(effect.y).tolist() == np.isnan(effect.v).tolist() == effect.dropped.tolist() == [True, False, True]
    assert effect.corrected.tolist() == [False, False, False]
    assert effect.note == "dropped (the same in both arms): none, all"


def test_a_study_both_corrected_and_dropped_studies_are_noted():
    effect = effects.odds_ratio([0, 0], [10, 20], [0, 4], [10, 21], double_zero="drop")
    assert effect.note == "1/2 added to: study 2; dropped (the same in both arms): study 1"
    assert effect.corrected.tolist() == [False, True]


def test_a_risk_difference_is_never_shifted():
    effect = effects.risk_difference([0, 0, 3], [10, 8, 10], [2, 0, 4], [10, 8, 10])
    np.testing.assert_allclose(effect.y, [-0.2, 0, -0.1], atol=1e-15)
    assert effect.v[0] == pytest.approx(0.5 * 10.5 / 11**3 + 2.5 * 8.5 / 11**3)
    assert effect.v[2] == pytest.approx(0.3 * 0.7 / 10 + 0.4 * 0.6 / 10)
    assert (effect.v > 0).all()
    assert effect.note == "1/2 added for the variance only to: study 1, study 2"


def test_effects_unpack_and_scalars_stay_numbers():
    y, v = effects.odds_ratio(3, 10, 0, 10)
    assert isinstance(y, float)
    assert isinstance(v, float)
    assert effects.odds_ratio(3, 10, 0, 10).corrected is True


GOOD_MEANS = {
    "mean_1": [1.0, 2.0],
    "sd_1": [1.0, 2.0],
    "n_1": [10, 12],
    "mean_2": [1.5, 1.0],
    "sd_2": [1.0, 1.0],
    "n_2": [9, 11],
}
GOOD_EVENTS = {"events_1": [1, 2], "n_1": [10, 12], "events_2": [0, 3], "n_2": [9, 11]}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("sd_1", -1.2, "sd_1 of study 'b' is -1.2; a standard deviation cannot be negative"),
        ("sd_2", -3, "sd_2 of study 'b' is -3; a standard deviation cannot be negative"),
        ("n_1", 0, "n_1 of study 'b' is 0; an arm needs at least one participant"),
        ("n_2", 0.5, "n_2 of study 'b' is 0.5; an arm needs at least one participant"),
        ("mean_1", math.nan, "mean_1 of study 'b' is nan; it must be finite; leave the study out or supply the value"),
        ("mean_2", math.inf, "mean_2 of study 'b' is inf; it must be finite"),
    ],
)
@pytest.mark.parametrize("measure", MEANS)
def test_bad_means_are_refused_by_name(measure, key, value, message):
    arms = {**GOOD_MEANS, key: [GOOD_MEANS[key][0], value]}
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        measure(**arms, labels=["a", "b"])


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("events_1", 13, "events_1 of study 'b' is 13; an arm cannot have more events than participants"),
        ("events_2", 12, "events_2 of study 'b' is 12; an arm cannot have more events than participants"),
        ("events_2", -1, "events_2 of study 'b' is -1; it must be at least 0"),
        ("events_1", 1.5, "events_1 of study 'b' is 1.5; counts are whole numbers"),
        ("n_1", 0, "n_1 of study 'b' is 0; it must be at least 1"),
        ("n_2", 10.5, "n_2 of study 'b' is 10.5; counts are whole numbers"),
        ("n_1", math.nan, "n_1 of study 'b' is nan; it must be finite"),
    ],
)
@pytest.mark.parametrize("measure", [*EVENTS, effects.mantel_haenszel, effects.peto])
def test_bad_counts_are_refused_by_name(measure, key, value, message):
    arms = {**GOOD_EVENTS, key: [GOOD_EVENTS[key][0], value]}
    with pytest.raises(ValueError, match=message):
        measure(**arms, labels=["a", "b"])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: effects.mean_difference(1, 0, 5, 1, 0, 5), ValueError, "sd_1 \\+ sd_2 of study 1 is 0"),
        (lambda: effects.standardized_mean_difference(1, 1, 1, 1, 1, 2), ValueError, "at least four participants"),
        (lambda: effects.ratio_of_means(1, 1, 5, -1, 1, 5), ValueError, "two means of the same sign"),
        (lambda: effects.ratio_of_means(0, 1, 5, 1, 1, 5), ValueError, "two means of the same sign"),
        (lambda: effects.mean_change(1, 2, 1, 1, 0, 0.5), ValueError, "n of study 1 is 0; a group needs at least one"),
        (lambda: effects.mean_change(1, 2, -1, 1, 5, 0.5), ValueError, "sd_1 of study 1 is -1; a standard deviation"),
        (lambda: effects.mean_change(1, 2, 1, -1, 5, 0.5), ValueError, "sd_2 of study 1 is -1; a standard deviation"),
        (lambda: effects.mean_change(1, 2, 1, 1, 5, 1.5), ValueError, "r of study 1 is 1.5; a correlation lies"),
        (lambda: effects.mean_change(1, 2, 1, 1, 5, 1), ValueError, "a change without any spread has variance 0"),
        (lambda: effects.standardized_mean_change(1, 2, 1, 1, 2, 0), ValueError, "needs at least three pairs"),
        (lambda: effects.standardized_mean_change(1, 2, 0, 1, 5, 0), ValueError, "it divides the change"),
        (lambda: effects.standardized_mean_change(1, 2, 1, 1, 5, 0, by="sd"), ValueError, "by is 'sd'; choose"),
        (lambda: effects.risk_ratio(1, 5, 1, 5, double_zero="ignore"), ValueError, "double_zero is 'ignore'"),
        (lambda: effects.mantel_haenszel([1], [5], [1], [5], "SMD"), ValueError, "measure is 'SMD'"),
        (lambda: effects.mantel_haenszel([1], [5], [1], [5], zero_cells="x"), ValueError, "zero_cells is 'x'"),
        (lambda: effects.mantel_haenszel([1], [5], [1], [5], rd_variance="x"), ValueError, "rd_variance is 'x'"),
        (lambda: effects.mantel_haenszel([0], [5], [1], [5]), ValueError, "no study has an event in arm 1"),
        (lambda: effects.mantel_haenszel([1], [5], [0], [5]), ValueError, "no study has an event in arm 2"),
        (lambda: effects.mantel_haenszel([0], [5], [1], [5], "OR"), ValueError, "the odds ratio is not defined"),
        (lambda: effects.mantel_haenszel([1], [5], [0], [5], "OR"), ValueError, "the odds ratio is not defined"),
        (lambda: effects.peto([0], [5], [0], [5]), ValueError, "no study has both events and non-events"),
        (lambda: effects.peto([1], [5], [0], [5], level=1), ValueError, "level is 1; it must lie strictly"),
        (lambda: effects.risk_ratio([1, 2], [5, 5], [1], [5]), ValueError, "events_2 has shape \\(1,\\)"),
        (lambda: effects.risk_ratio([], [], [], []), ValueError, "events_1 is empty; give at least one study"),
        (lambda: effects.risk_ratio(["1"], [5], [1], [5]), TypeError, "events_1 must hold numbers, but holds '1'"),
        (lambda: effects.risk_ratio([True], [5], [1], [5]), TypeError, "events_1 must hold numbers, but holds True"),
        (lambda: effects.risk_ratio(np.ma.array([1]), [5], [1], [5]), TypeError, "events_1 is a masked array"),
        (lambda: effects.risk_ratio([1], [5], [1], [5], labels=["a", "b"]), ValueError, "labels has 2 names"),
        (lambda: effects.risk_ratio([1], [5], [1], [5], labels="a"), TypeError, "labels is the text 'a'"),
        (lambda: effects.risk_ratio([1, True], [5, 5], [1, 1], [5, 5]), TypeError, "events_1 .* holds True or False"),
        (lambda: effects.risk_ratio([1], [5], [1], [5], labels=5), TypeError, "labels is 5; give a list"),
        (lambda: effects.mantel_haenszel(*np.ones((4, 2, 2))), ValueError, "events_1 has 2 axes; give one"),
        (lambda: effects.peto(*np.ones((4, 2, 2))), ValueError, "events_1 has 2 axes; give one"),
        (lambda: effects.mantel_haenszel([1], [5], [1], [5], rd_variance="Greenland-Robins"), ValueError,
         "rd_variance applies to measure 'RD' only, not to 'RR'; leave it out"),
        (lambda: effects.mantel_haenszel([0, 0], [5, 6], [0, 0], [5, 6], "RD"), ValueError, "effect is 0 .Mantel-Haen"),
        (lambda: effects.mantel_haenszel([5], [5], [0], [6], "RD"), ValueError, "every arm has the event in all part"),
        (lambda: effects.mantel_haenszel([5], [5], [6], [6]), ValueError, "report the counts instead"),
        (lambda: effects.risk_ratio([[1], [2, 3]], [5], [1], [5]), ValueError, "events_1 has rows of unequal lengths"),
    ],
)  # fmt: skip
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_missing_values_given_as_none_are_named():
    with pytest.raises(ValueError, match="mean_2 of study 'b' is nan"):
        effects.mean_difference([1, 2], [1, 1], [5, 5], [1, None], [1, 1], [5, 5], labels=["a", "b"])
