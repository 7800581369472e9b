"""GRADE by rule: every branch by hand, published formulas, and properties that hold for any interval."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from mscmeta import Interval, egger, grade, peters, pool
from mscmeta.grade import Rating

MID = grade.thresholds(1.5)
LIMIT = st.floats(-5, 5)


@pytest.mark.parametrize(
    ("low", "high", "zones"),
    [
        (-3, -2, ("below",)),
        (-3, -1.5, ("below",)),
        (-1.5, -1.5, ("below",)),
        (-2, -1, ("below", "between")),
        (-1, 1, ("between",)),
        (-1, 1.5, ("between", "above")),
        (-2, 2, ("below", "between", "above")),
        (math.nan, math.nan, ()),
    ],
)
def test_zones(low, high, zones):
    assert grade.zones(Interval(low, high), MID) == zones


@pytest.mark.parametrize(
    ("low", "high", "participants", "needed", "down"),
    [
        (-1, 1, 200, 100, 0),
        (-1, 1, 100, 100, 0),
        (-1, 1, 99, 100, 1),
        (-1, 1, 50, 100, 1),
        (-1, 1, 49, 100, 2),
        (-1, 1, 49, None, 2),
        (-2, 1, 9999, 100, 1),
        (-2, 2, 9999, 100, 2),
        (math.nan, math.nan, 9999, 100, 2),
    ],
)
def test_imprecision(low, high, participants, needed, down):
    assert grade.imprecision(Interval(low, high), MID, participants=participants, needed=needed).down == down


@settings(max_examples=50)
@given(st.tuples(LIMIT, LIMIT).map(sorted), st.floats(0, 3), st.floats(1, 2000))
def test_a_wider_interval_is_never_more_precise(limits, more, participants):
    """As long as there are enough participants, so that the interval alone decides."""
    low, high = limits
    narrow = grade.imprecision(Interval(low, high), MID, participants=participants, needed=1)
    wide = grade.imprecision(Interval(low - more, high + more), MID, participants=participants, needed=1)
    assert wide.down >= narrow.down


@settings(max_examples=50)
@given(st.tuples(LIMIT, LIMIT).map(sorted), st.integers(1, 500))
def test_direction_does_not_matter(limits, participants):
    low, high = limits
    both = [grade.imprecision(i, MID, participants=participants, needed=200)
            for i in (Interval(low, high), Interval(-high, -low))]  # fmt: skip
    assert both[0] == both[1]


def test_inconsistency_by_hand():
    agree = pool([-1.0, -1.1, -0.9, -1.0], [0.1] * 4)
    assert grade.inconsistency(agree, MID).down == 0
    apart = pool([-4.0, -0.2, -3.6, 0.5, -2.0], [0.05] * 5)
    future = apart.prediction_interval()
    assert (future.low < -1.5, future.high > 1.5, apart.i2 > 0.75) == (True, True, True)
    assert grade.inconsistency(apart, MID).down == 2
    one_side = pool([-9.0, -8.0, -9.6, -8.2], [0.05] * 4)
    assert one_side.i2 > 0.75
    assert grade.inconsistency(one_side, MID).down == 0
    middling = pool([-3.0, -1.2, -2.9, -1.6, -2.4, -2.6, -2.9, -3.1], [0.15] * 8)
    assert middling.ci.high < -1.5 < middling.prediction_interval().high
    assert middling.i2 > 0.4
    assert grade.inconsistency(middling, MID).down == 1
    assert grade.inconsistency(pool([-4.0, -0.2], [0.05, 0.05], tau2="FE", ci="Wald"), MID).down == 1
    assert grade.inconsistency(pool([-4.0], [0.05], ci="Wald"), MID).down == 0


def test_information_size_is_that_of_one_trial():
    z = norm.ppf(0.975) + norm.ppf(0.8)
    assert grade.information_size_for_means(1.5, 2.5) == pytest.approx(2 * 2 * z**2 * 2.5**2 / 1.5**2)
    p1, p2 = 0.3 * 1.25, 0.3
    mean = (p1 + p2) / 2
    assert grade.information_size_for_risks(0.3) == pytest.approx(4 * z**2 * mean * (1 - mean) / (p1 - p2) ** 2)


def test_small_study_needs_ten():
    y, v = [-0.9, -0.3, -1.2, -0.5, -2.0, -0.1, -0.7, -0.2, -1.5, -0.4], [0.1 * i for i in range(1, 11)]
    assert grade.small_study(y[:9], v[:9]).p_value is None
    found = grade.small_study(y, v)
    assert found.p_value == pytest.approx(egger(y, v).p_value)
    assert ("no sign" in found.says) == (found.p_value >= 0.1)
    counts = ([5, 6, 7, 8, 9, 4, 3, 6, 7, 8], range(20, 30), [3, 4, 2, 5, 6, 3, 2, 3, 4, 4], range(30, 40))
    assert grade.small_study(y, v, counts).p_value == pytest.approx(peters(*counts, measure="RR").p_value)
    tied = [-1 - x**0.5 for x in v]
    tied[0] += 0.01
    assert grade.small_study(tied, v).says == "small studies differ from large ones"


def ratings(*down):
    return [Rating(domain, levels, "", True) for domain, levels in zip(grade.DOMAINS, down, strict=True)]


@pytest.mark.parametrize(
    ("down", "word"),
    [
        ((0, 0, 0, 0, 0), "high"),
        ((0, 1, 0, 0, 0), "moderate"),
        ((1, 0, 0, 1, 0), "low"),
        ((0, 2, 0, 1, 0), "very low"),
        ((2, 2, 2, 2, 2), "very low"),
        ((2, 2, None, 2, 2), None),
    ],
)
def test_certainty_adds_up(down, word):
    assert grade.certainty(ratings(*down)) == word


@pytest.mark.parametrize(
    ("word", "verb", "says"),
    [
        ("high", "reduce", "Cells reduce pain."),
        ("high", None, "Cells make little to no difference to pain."),
        ("moderate", "reduce", "Cells probably reduce pain."),
        ("low", "worsen", "Cells may worsen pain."),
        ("very low", "reduce", "The evidence is very uncertain about the effect of cells on pain."),
    ],
)
def test_statements(word, verb, says):
    assert grade.statement(word, verb, "pain") == says


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: grade.thresholds(0), "mid is 0"),
        (lambda: grade.zones(Interval(2, 1), MID), "interval runs from 2 to 1"),
        (lambda: grade.imprecision(Interval(0, 1), MID, participants=0, needed=1), "participants is 0"),
        (lambda: Rating("luck", 0, "", True), "domain is 'luck'"),
        (lambda: Rating("imprecision", 3, "", True), "down of imprecision is 3"),
        (lambda: Rating("imprecision", True, "", True), "down of imprecision is True"),
        (lambda: grade.certainty(ratings(0, 0, 0, 0, 0)[:4]), "give one for each"),
        (lambda: grade.statement("sure", None, "pain"), "word is 'sure'"),
        (lambda: grade.statement("low", "cure", "pain"), "verb is 'cure'"),
    ],
)
def test_refusals(call, says):
    with pytest.raises(ValueError, match=says):
        call()
