"""Instruments, index conversions, shares beyond the MID, and the reading of an interval against it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mscmeta.scales import (
    VERDICTS,
    Instrument,
    in_mid_units,
    read_against_mid,
    rescale,
    rescale_effect,
    responders,
    share_beyond_mid,
    smd_to_index,
)

VAS, WOMAC, KOOS = Instrument(0, 10, "worse"), Instrument(0, 20, "worse"), Instrument(0, 100, "better")
LIKERT = Instrument(1, 5, "better")

limits = st.floats(-100, 100)
directions = st.sampled_from(["better", "worse"])
instruments = st.builds(
    lambda low, width, direction: Instrument(low, low + width, direction), limits, st.floats(0.5, 200), directions
)


def test_limits_go_to_limits_best_to_best():
    assert rescale([0, 20], [0, 1], WOMAC, KOOS).mean.tolist() == [100.0, 0.0]
    assert rescale([0, 10], [0, 1], VAS, WOMAC).mean.tolist() == [0.0, 20.0]
    assert rescale([1, 5], [0, 1], LIKERT, VAS).mean.tolist() == [10.0, 0.0]
    found = rescale(6.0, 3.0, WOMAC, KOOS)
    assert (found.mean, found.sd, found.factor) == (70.0, 15.0, -5.0)
    assert found.assumes == "linear from 0-20 to 0-100, direction turned round"
    assert rescale(6.0, 3.0, WOMAC, VAS).assumes == "linear from 0-20 to 0-10"


@given(instruments, instruments, st.floats(0, 1), st.floats(0, 50))
def test_there_and_back_is_where_one_was(source, target, share, sd):
    mean = source.low + share * (source.high - source.low)
    mean = min(max(mean, source.low), source.high)
    there = rescale(mean, sd, source, target)
    inside = min(max(there.mean, target.low), target.high)
    assert inside == pytest.approx(there.mean, abs=1e-9)
    back = rescale(inside, there.sd, target, source)
    assert back.mean == pytest.approx(mean, abs=1e-7)
    assert back.sd == pytest.approx(sd, rel=1e-9, abs=1e-9)
    assert there.factor * back.factor == pytest.approx(1.0, rel=1e-12)


@given(instruments, instruments, st.floats(0, 1), st.floats(0, 1))
def test_a_difference_of_rescaled_scores_is_the_rescaled_difference(source, target, one, other):
    width = source.high - source.low
    a, b = (min(source.low + share * width, source.high) for share in (one, other))
    difference = rescale(a, 1.0, source, target).mean - rescale(b, 1.0, source, target).mean
    effect = rescale_effect(a - b, 0.5, source, target)
    assert effect.y == pytest.approx(difference, abs=1e-8)
    assert effect.v == pytest.approx(0.5 * rescale(a, 1.0, source, target).factor ** 2, rel=1e-12)
    # an improvement stays one
    assert source.better * (a - b) * target.better * effect.y >= 0


def test_effects_carry_a_note():
    effect = rescale_effect([-2.0, 1.0], [0.25, 0.16], WOMAC, KOOS)
    assert effect.y.tolist() == [10.0, -5.0]
    assert effect.v.tolist() == [6.25, 4.0]
    assert effect.note == "linear from 0-20 to 0-100, direction turned round"


def test_smd_times_the_sd_of_the_index():
    same = smd_to_index(-0.5, 0.04, 2.0, higher_is="worse", index=VAS)
    turned = smd_to_index(-0.5, 0.04, 20.0, higher_is="worse", index=KOOS)
    assert (same.y, same.v) == (-1.0, 0.16)
    assert (turned.y, turned.v) == (10.0, 16.0)
    assert "Thorlund" in same.note


def test_mid_units():
    units = in_mid_units([-3.0, -15.0], [0.36, 9.0], [1.5, 10.0])
    assert units.y.tolist() == [-2.0, -1.5]
    assert units.v == pytest.approx([0.16, 0.09], rel=1e-14)
    assert "Johnston" in units.note


def test_share_beyond_the_mid_is_a_normal_tail():
    assert share_beyond_mid(-10.0, 20.0, 10.0, higher_is="worse") == 0.5
    assert share_beyond_mid(10.0, 20.0, 10.0, higher_is="better") == 0.5
    found = share_beyond_mid([-18.0, 0.0], 20.0, 10.0, higher_is="worse")
    assert found == pytest.approx(
        [0.5 * math.erfc(-0.4 / math.sqrt(2)), 0.5 * math.erfc(0.5 / math.sqrt(2))], rel=1e-14
    )


@given(st.floats(-30, 30), st.floats(1, 40), st.floats(0.5, 30), st.floats(-30, 30), directions)
def test_responders_are_the_shares_of_both_arms(difference, sd, mid, change, higher_is):
    found = responders(difference, sd, mid, higher_is=higher_is, control_change=change)
    assert found.control == pytest.approx(share_beyond_mid(change, sd, mid, higher_is=higher_is), abs=1e-15)
    treated = share_beyond_mid(change + difference, sd, mid, higher_is=higher_is)
    assert found.treated == pytest.approx(treated, abs=1e-12)
    assert found.difference == pytest.approx(treated - found.control, abs=1e-12)
    if 1e-6 < found.control < 1 - 1e-6:
        again = responders(difference, sd, higher_is=higher_is, control_share=found.control)
        assert again.treated == pytest.approx(found.treated, abs=1e-9)
    mirrored = responders(
        -difference, sd, mid, control_change=-change, higher_is="better worse".replace(higher_is, "").strip()
    )
    assert mirrored.treated == pytest.approx(found.treated, abs=1e-15)


def test_no_difference_means_no_more_responders():
    found = responders([0.0, -4.0, 4.0], 12.0, higher_is="worse", control_share=0.3)
    assert found.control.tolist() == pytest.approx([0.3] * 3, rel=1e-14)
    assert found.difference[0] == pytest.approx(0.0, abs=1e-15)
    assert found.difference[1] > 0 > found.difference[2]


READINGS = [
    (-2.0, -2.5, -1.5, "beyond MID", True),
    (-1.0, -2.0, -0.2, "may reach MID", True),
    (-0.5, -1.5, 0.5, "may reach MID", False),
    (-0.5, -1.0, -0.1, "within MID", True),
    (0.1, -1.4, 1.4, "within MID", False),
    (0.0, -1.5, 1.5, "spans benefit and harm", False),
    (1.0, -0.5, 2.0, "harm may reach MID", False),
    (1.0, 0.5, 1.5, "harm may reach MID", True),
    (2.0, 1.5, 3.0, "harm beyond MID", True),
]


@pytest.mark.parametrize(("estimate", "low", "high", "verdict", "excludes_zero"), READINGS)
def test_reading_of_an_interval(estimate, low, high, verdict, excludes_zero):
    """MID 1.5, higher is worse; limits on the MID reach it."""
    found = read_against_mid(estimate, low, high, 1.5, higher_is="worse")
    assert (found.verdict, found.excludes_zero) == (verdict, excludes_zero)
    assert (found.benefit, found.low, found.high) == (-estimate, -high, -low)
    assert not str(found.benefit).startswith("-0.0")
    turned = read_against_mid(-estimate, -high, -low, 1.5, higher_is="better")
    assert turned == found


def test_every_verdict_is_covered_and_arrays_work():
    estimate, low, high, verdicts, _ = zip(*READINGS, strict=True)
    found = read_against_mid(estimate, low, high, 1.5, higher_is="worse")
    assert found.verdict.tolist() == list(verdicts)
    assert set(verdicts) == set(VERDICTS)


@given(st.lists(st.floats(-9, 9), min_size=3, max_size=3), st.floats(0.1, 5), directions)
def test_the_unit_of_the_scale_changes_no_verdict(values, mid, higher_is):
    low, estimate, high = sorted(values)
    here = read_against_mid(estimate, low, high, mid, higher_is=higher_is)
    there = read_against_mid(estimate * 8, low * 8, high * 8, mid * 8, higher_is=higher_is)
    assert there.verdict == here.verdict
    harm = here.verdict.startswith("harm")
    assert harm <= (here.high < mid)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Instrument(10, 0, "worse"), "low is 10 and high is 0"),
        (lambda: Instrument(0, 0, "worse"), "low is 0 and high is 0"),
        (lambda: Instrument(0, 10, "higher"), "higher_is is 'higher'; choose one of better, worse"),
        (lambda: Instrument(0, math.inf, "worse"), "high is inf"),
        (
            lambda: rescale([5, 12], 1, VAS, KOOS, labels=["a", "b"]),
            "mean of study 'b' is 12; the scale runs from 0 to 10",
        ),
        (lambda: rescale(-1, 1, VAS, KOOS), "mean is -1"),
        (lambda: rescale(5, -1, VAS, KOOS), "sd is -1"),
        (lambda: rescale_effect(11, 1, VAS, KOOS), "y is 11; the scale is only 10 wide"),
        (lambda: rescale_effect(1, -1, VAS, KOOS), "v is -1"),
        (lambda: smd_to_index(1, 1, 6, higher_is="worse", index=VAS), "sd is 6; no SD exceeds half the range"),
        (lambda: smd_to_index(1, 1, 0, higher_is="worse", index=VAS), "sd is 0"),
        (lambda: smd_to_index(1, -1, 2, higher_is="worse", index=VAS), "v is -1"),
        (lambda: smd_to_index(1, 1, 2, higher_is="down", index=VAS), "higher_is is 'down'"),
        (lambda: in_mid_units(1, 1, 0), "mid is 0"),
        (lambda: in_mid_units(1, -1, 1), "v is -1"),
        (lambda: share_beyond_mid(1, 0, 1, higher_is="worse"), "sd is 0"),
        (lambda: share_beyond_mid(1, 1, -1, higher_is="worse"), "mid is -1"),
        (lambda: responders(1, 1, 1, higher_is="worse"), "give either control_change"),
        (lambda: responders(1, 1, 1, higher_is="worse", control_change=1, control_share=0.5), "give either"),
        (lambda: responders(1, 1, 1, higher_is="worse", control_share=0.5), "mid does not apply"),
        (lambda: responders(1, 1, higher_is="worse", control_change=0.5), "mid is missing"),
        (lambda: responders(1, 0, 1, higher_is="worse", control_change=0.5), "sd is 0"),
        (lambda: responders(1, 1, 0, higher_is="worse", control_change=0.5), "mid is 0"),
        (lambda: responders(1, 1, higher_is="worse", control_share=1), "control_share is 1"),
        (lambda: responders(1, 1, higher_is="worse", control_share=0), "control_share is 0"),
        (lambda: read_against_mid(1, 0, 2, -1, higher_is="worse"), "mid is -1; give the MID as a positive size"),
        (lambda: read_against_mid(1, 2, 0, 1, higher_is="worse"), "low is 2"),
        (lambda: read_against_mid(3, 0, 2, 1, higher_is="worse"), "estimate is 3; it must lie within its interval"),
        (lambda: read_against_mid(-1, 0, 2, 1, higher_is="worse"), "estimate is -1"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
