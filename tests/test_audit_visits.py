"""mscmeta.audit.visits and the checks across outcomes: what stands out among a trial's own rows, and what does not."""

from dataclasses import replace

import pytest

from mscmeta.audit import Row, audit_rows
from mscmeta.audit.trials import spreads_across
from mscmeta.audit.visits import counts_exchanged, jumps, one_baseline, smallest_spread

ARMS = {"n_1": "40", "mean_1": "4.0", "sd_1": "2.0", "n_2": "42", "mean_2": "5.0", "sd_2": "2.2"}


def row(month="6", outcome="pain", **cells):
    return Row(**{"trial": "x", "outcome": outcome, "month": month, "low": 0, "high": 10} | ARMS | cells)


def flagged(findings):
    return [(f.check, f.about) for f in findings if f.flag]


def test_one_arm_that_jumps_is_named_and_its_neighbours_are_not():
    visits = [row("3"), row("6", mean_1="9.0"), row("12", mean_1="4.2")]
    assert flagged(jumps(visits)) == [("jumps", ("x", "pain", "6"))]


def test_of_two_visits_nobody_can_say_which():
    assert flagged(jumps([row("3"), row("6", mean_1="9.0")])) in (
        [("jumps", ("x", "pain", "3", "6"))],
        [("jumps", ("x", "pain", "6", "3"))],
    )


def test_both_arms_that_jump_the_same_way_need_not_jump_as_far():
    both = [row("3"), row("6", mean_1="6.9", mean_2="7.9"), row("12")]
    assert flagged(jumps(both)) == [("jumps", ("x", "pain", "6"))]
    assert "both arms" in next(f.says for f in jumps(both) if f.flag)
    assert flagged(jumps([row("3"), row("6", mean_1="6.9"), row("12")])) == []


def test_the_difference_that_turns_is_named_even_if_no_arm_goes_far():
    turned = [row("3", mean_1="3.0"), row("6", mean_1="5.9", mean_2="3.5"), row("12", mean_1="3.0")]
    assert "difference" in next(f.says for f in jumps(turned) if f.flag)


def test_small_trials_may_stray_and_kinds_and_doses_are_not_compared():
    few = {"n_1": "5", "n_2": "5"}
    assert flagged(jumps([row("3", **few), row("6", mean_1="8.0", **few), row("12", **few)])) == []
    assert jumps([row("3"), row("6", mean_1="9.0", kind="change")]) == []
    assert jumps([row("3"), row("3", mean_1="9.0", dose="high")]) == []


def test_without_limits_the_trials_own_spread_is_the_yard():
    visits = [replace(r, low=None, high=None) for r in (row("3"), row("6", mean_1="9.0"), row("12"))]
    assert flagged(jumps(visits)) == [("jumps", ("x", "pain", "6"))]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (["30 28", "28 30", "28 30"], [("x", "a", "6")]),
        (["30 28", "28 30"], [("x", "a + b", "6")]),
        (["30 28", "28 30", "27 30"], []),  # the others disagree
        (["30 29", "29 30", "29 30"], []),  # one participant
        (["30 28", "30 28", "30 28"], []),
    ],
)
def test_numbers_the_other_way_round_at_one_visit(rows, wanted):
    sizes = [dict(zip(("n_1", "n_2"), sizes.split(), strict=True)) for sizes in rows]
    found = counts_exchanged([row(outcome=name, **size) for name, size in zip("abc", sizes, strict=False)])
    assert [f.about for f in found] == wanted


def test_numbers_the_other_way_round_at_one_of_three_visits():
    visits = [row("3", n_1="30", n_2="28"), row("6", n_1="28", n_2="30"), row("12", n_1="30", n_2="28")]
    assert [f.about for f in counts_exchanged(visits)] == [("x", "pain", "6")]
    assert counts_exchanged(visits[:2]) == []


def test_spreads_too_small_for_any_score():
    small = row(n_1="25", n_2="25", sd_1="0.57", sd_2="0.49")
    assert flagged(smallest_spread(small)) == [("smallest_spread", ())]
    assert flagged(smallest_spread(replace(small, n_1="8", n_2="8"))) == []  # so few may lie that close by luck
    assert smallest_spread(replace(small, low=None, high=None)) == []


def test_spreads_against_the_other_outcomes():
    wide = {"low": 0, "high": 100, "sd_1": "20", "sd_2": "24"}
    others = [row("3", "function", **wide), row("6", "function", **wide)]
    assert flagged(spreads_across([row(sd_1="0.4", sd_2="0.4"), *others])) == [("spreads_across", ("x", "pain", "6"))]
    assert flagged(spreads_across([row(), *others])) == []
    assert flagged(spreads_across([row(sd_1="0.9", sd_2="0.9"), *others])) == []  # within a factor of three
    assert spreads_across([row("3"), row("6")]) == []


def baselines(*changes, **cells):
    """Final scores of 4.0 and 5.0 at three visits, and changes."""
    months = ("3", "6", "12")
    finals = [row(m, measure="vas", **cells) for m in months]
    fallen = [
        row(m, "change", kind="change", measure="vas", mean_1=c, mean_2="-0.5")
        for m, c in zip(months, changes, strict=True)
    ]
    return finals + fallen


def test_final_scores_less_changes_are_one_baseline():
    assert flagged(one_baseline(baselines("-1.5", "-1.5", "-1.6"))) == []
    assert flagged(one_baseline(baselines("-1.5", "-1.5", "-1.9"))) == [("one_baseline", ("x", "pain + change", "12"))]


def test_a_baseline_is_asked_only_of_the_same_participants():
    """Those who leave take their baseline with them."""
    rows = baselines("-1.5", "-1.5", "-1.9")
    fewer = [replace(r, n_1="38") if r.month == "12" else r for r in rows]
    assert flagged(one_baseline(fewer)) == []
    assert flagged(one_baseline([replace(r, measure="") for r in rows])) == []


def test_a_final_score_on_another_scale_gives_the_same_baseline():
    rows = baselines("-1.5", "-1.5", "-1.5")
    tenfold = [replace(r, low=0, high=100, mean_1="40.0", mean_2="50.0") if r.kind == "final" else r for r in rows]
    assert flagged(one_baseline(tenfold)) == []


def test_all_of_them_are_part_of_the_audit():
    checks = {f.check for f in audit_rows(baselines("-1.5", "-1.5", "-1.9"))}
    assert {"jumps", "one_baseline", "smallest_spread"} <= checks
    assert {"spread", "spreads_across"} <= {f.check for f in audit_rows([row("3"), row("6"), row("6", "function")])}
