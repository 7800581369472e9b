"""mscmeta.audit.readings: what is odd as printed and usual when read another way, and what is only odd."""

import pytest

from mscmeta.audit import Row, audit_rows
from mscmeta.audit.readings import other_end, se_for_sd, slipped_point

ARMS = {"n_1": "16", "mean_1": "41.5", "n_2": "16", "mean_2": "46.5", "low": 0, "high": 100}


def visits(*spreads, **cells):
    """One outcome at months 1, 2, …, with these SDs in both arms."""
    return [Row("x", "function", str(i), sd_1=a, sd_2=b, **ARMS | cells) for i, (a, b) in enumerate(spreads, 1)]


def flagged(found):
    return [f.about for f in found if f.flag]


def test_se_for_sd_among_sds():
    rows = visits(("24.0", "22.0"), ("5.9", "5.6"), ("23.0", "25.0"))
    assert flagged(se_for_sd(rows)) == [("x", "function", "2")]
    assert "as standard errors they would fit" in next(f.says for f in se_for_sd(rows) if f.flag)
    assert ("x", "function", "2") in flagged(audit_rows(rows))


def test_of_two_visits_nobody_can_say_which_is_wrong():
    assert flagged(se_for_sd(visits(("24.0", "22.0"), ("5.9", "5.6")))) == [("x", "function", "2", "1")]


@pytest.mark.parametrize(
    "odd",
    [
        ("2.4", "2.2"),  # far too small even for standard errors
        ("13.0", "12.5"),  # half as large: SDs do that
        ("24.0", "5.6"),  # one arm alone is the business of `spread`
    ],
)
def test_small_sds_that_are_no_se_for_sd(odd):
    assert flagged(se_for_sd(visits(("24.0", "22.0"), odd, ("23.0", "25.0")))) == []


def test_chance_can_do_it_in_few_patients():
    """Four in an arm: the standard error is half of the SD, and an SD of half the size is nothing much."""
    assert flagged(se_for_sd(visits(("24.0", "22.0"), ("10.5", "11.0"), n_1="4", n_2="4"))) == []


def test_one_sd_too_large_does_not_make_its_neighbours_se_for_sd():
    rows = visits(("24.0", "22.0"), ("96.0", "88.0"), ("23.0", "25.0"))
    assert flagged(se_for_sd(rows)) == []


def test_what_cannot_be_asked_is_left():
    assert se_for_sd(visits(("5.9", "5.6"))) == []
    assert flagged(se_for_sd(visits(("0", "0"), ("5.9", "5.6")))) == []


def test_a_point_one_place_off_in_one_arm():
    rows = visits(("24.0", "22.0"), ("23.0", "2.5"), n_2="6")
    assert flagged(slipped_point(rows)) == [("x", "function", "2")]
    assert flagged(slipped_point(visits(("24.0", "22.0"), ("23.0", "4.9"), n_2="6"))) == []
    assert flagged(slipped_point(visits(("24.0", "22.0"), ("23.0", "2.5"), n_2="2"))) == []
    assert flagged(slipped_point(visits(("2.4", "2.2"), ("2.3", "25.0")))) == []


# --- scores from the other end of the scale ---------------------------------------------------------------------------


def scores(*pairs, **cells):
    arms = {"n_1": "24", "sd_1": "2.2", "n_2": "26", "sd_2": "2.0", "low": 0, "high": 10} | cells
    return [Row("x", "pain", str(i), mean_1=a, mean_2=b, **arms) for i, (a, b) in enumerate(pairs, 1)]


def test_scores_from_the_other_end():
    rows = scores(("3.5", "3.8"), ("6.7", "6.5"), ("3.5", "4.5"))
    assert flagged(other_end(rows)) == [("x", "pain", "2")]
    two = scores(("2.5", "2.8"), ("7.7", "7.5"))
    assert flagged(other_end(two)) == [("x", "pain", "1", "2"), ("x", "pain", "2", "1")]
    assert ("x", "pain", "2") in flagged(audit_rows(rows))


@pytest.mark.parametrize(
    "visit",
    [
        ("4.6", "3.8"),  # nearer than its mirror image
        ("5.2", "5.1"),  # in the middle, where both ends are the same
        ("9.5", "9.4"),  # far from the other visits either way round
        ("6.5", "3.8"),  # one arm that got worse
    ],
)
def test_scores_that_are_not_from_the_other_end(visit):
    assert flagged(other_end(scores(("3.5", "3.8"), visit, ("3.5", "4.5")))) == []


def test_few_patients_may_move_to_the_other_half_of_the_scale():
    assert flagged(other_end(scores(("4.0", "3.8"), ("6.2", "6.0"), ("3.9", "4.1"), n_1="4", n_2="4"))) == []


def test_without_a_scale_or_another_visit_there_is_no_other_end():
    assert other_end(scores(("6.7", "6.5"))) == []
    assert other_end(scores(("3.5", "3.8"), ("6.7", "6.5"), high=None)) == []
    assert other_end(scores(("3.5", "3.8"), ("6.7", "6.5"), kind="change")) == []
