"""What missing trials must have said: planted trials come back, what cannot be is called so, rounding is honest."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscmeta import pool
from mscmeta.missing import Missing, implied_sd, missing_trial, on_scale

effect = st.floats(-20, 20)
error = st.floats(0.5, 5)
trials = st.lists(st.tuples(effect, error), min_size=1, max_size=4)


def printed(y, se, model, places=6, copies=1, spread=0.0):
    """What a review would print for these trials, its own arithmetic apart from `mscmeta.missing`."""
    fit = pool(y, np.square(se), tau2=model, ci="Wald")
    return [f"{x:.{places}f}" for x in (fit.estimate, fit.ci.low, fit.ci.high)]


@settings(deadline=None, max_examples=50)
@given(trials, effect, error)
def test_a_planted_trial_comes_back_under_a_common_effect(held, y, se):
    ys, ses = map(list, zip(*held, strict=True))
    found = missing_trial(*printed([*ys, y], [*ses, se], "FE"), ys, np.square(ses))
    assert found.possible
    assert found.central[0] == pytest.approx([y, se, 0, 0], rel=1e-2, abs=1e-2)
    assert found.effect.low - 1e-6 <= y <= found.effect.high + 1e-6
    assert found.se.low - 1e-6 <= se <= found.se.high + 1e-6
    assert found.holds(y, se)


@settings(deadline=None, max_examples=50)
@given(trials, effect, error)
def test_a_planted_trial_is_among_the_solutions_of_dl(held, y, se):
    ys, ses = map(list, zip(*held, strict=True))
    found = missing_trial(*printed([*ys, y], [*ses, se], "DL", places=8), ys, np.square(ses), model="DL")
    tau2 = pool([*ys, y], np.square([*ses, se]), tau2="DL").tau2
    assert found.possible
    nearest = np.abs(found.points[:, :3] - [y, se, tau2]).sum(axis=1).min()
    assert nearest < 0.05 * (1 + abs(y) + se + tau2)


@settings(deadline=None, max_examples=40)
@given(trials, effect, error, st.sampled_from(["FE", "DL"]), st.integers(1, 4))
def test_every_solution_gives_the_printed_result(held, y, se, model, comparisons):
    """Pool forwards with `pool`, which knows nothing of the way back."""
    ys, ses = map(list, zip(*held, strict=True))
    text = printed([*ys, y], [*ses, se], model, places=2)
    found = missing_trial(*text, ys, np.square(ses), model=model, comparisons=comparisons)
    for one in found.central[:: max(1, len(found.central) // 5)]:
        if one[1] > 1e-3:  # a trial without any error is a limit, which floating point does not reach
            assert found.holds(one[0], one[1], one[3])


def test_the_common_effect_is_solved_by_hand():
    """W = 4, held 2 with effect -1: what is left weighs 2 and must say (-2 * 4 + 1 * 2) / 2 = -3."""
    z = 1.959963984540054
    text = [f"{x:.6f}" for x in (-2, -2 - z / 2, -2 + z / 2)]
    found = missing_trial(*text, [-1.0], [0.5])
    assert found.central[0] == pytest.approx([-3, math.sqrt(0.5), 0, 0], abs=1e-4)


@pytest.mark.parametrize("model", ["FE", "DL"])
def test_without_trials_the_missing_one_is_the_result(model):
    found = missing_trial("-2.00", "-2.98", "-1.02", [], [], model=model)
    assert found.central[0, :2] == pytest.approx([-2, 0.5], abs=0.01)
    assert found.holds(-2.0, 0.5)


def test_a_wide_interval_is_out_of_reach_of_a_common_effect():
    found = missing_trial("0.0", "-9.8", "9.8", [0.0], [1.0])
    assert not found.possible
    assert "too wide" in found.reason
    assert found.effect is found.se is None
    assert len(found.points) == 0


def test_rounding_that_reaches_the_weight_at_hand_leaves_no_bound():
    """The printed SE can be that of the trial at hand, or a little less: the missing weight goes to zero."""
    found = missing_trial("-1.0", "-3.0", "1.0", [0.0], [1.0])
    assert found.possible
    assert found.se.high == math.inf
    assert found.effect.low == -math.inf
    assert math.isfinite(found.effect.high)
    both = missing_trial("0.0", "-2.0", "2.0", [0.0], [1.0]).effect
    assert (both.low, both.high) == (-math.inf, math.inf)


def test_middle_beyond_the_reach_has_no_central_solution():
    """-2.0 to 2.0 stands for widths of 3.9 to 4.1; the trial at hand alone has 3.92."""
    found = missing_trial("0.0", "-2.0", "2.0", [0.0], [1.0])
    assert found.possible
    assert len(found.central) == 0
    assert len(found.points)


def test_numbers_that_disagree_among_themselves():
    for model in ("FE", "DL"):
        found = missing_trial("-1.5", "-2.98", "-1.02", [0.1], [0.5], model=model)
        assert not found.possible
        assert "not the middle" in found.reason


def test_dl_with_one_comparison_can_be_impossible():
    found = missing_trial("-4.57", "-25.28", "16.13", [9.4], [28.8], model="DL")
    assert not found.possible
    assert "No variance" in found.reason


def test_dl_without_any_tau2_in_range():
    """One known trial, and an interval narrower than any tau2 allows: the other's weight alone decides."""
    found = missing_trial("0.0000", "-0.0020", "0.0020", [1.0], [1e6], model="DL")
    assert found.possible
    assert found.central[:, 0] == pytest.approx(0, abs=1e-3)


def test_several_missing_may_disagree():
    held, v = [-5.0, -9.0], [4.0, 6.0]
    text = printed([*held, -30.0, -10.0, -20.0], [2, math.sqrt(6), 3, 3, 3], "DL", places=6)
    one = missing_trial(*text, held, v, model="DL")
    three = missing_trial(*text, held, v, model="DL", comparisons=3)
    assert len(three.central) > len(one.central)
    planted = np.abs(three.central - [-20, math.sqrt(3), 0, 10])[:, [0, 1, 3]].sum(axis=1)
    assert planted.min() < 0.5
    assert three.holds(-20, math.sqrt(3), 10)
    assert not three.holds(-20, math.sqrt(3), 1)


def test_more_disagreement_is_less_than_the_mean_needs():
    """As tau2 grows the weights become equal, and the missing mean moves towards the printed one."""
    found = missing_trial("-18.23", "-35.72", "-0.75", [4.0, -10.0], [50.0, 52.0], model="DL", comparisons=4).central
    order = np.argsort(found[:, 2])
    assert (np.diff(found[order, 0]) > 0).all()
    assert (found[:, 0] < -18.23).all()


def test_spread_does_not_apply_to_one_comparison():
    found = missing_trial("-2.00", "-2.98", "-1.02", [], [])
    with pytest.raises(ValueError, match="spread does not apply"):
        found.holds(-2.0, 0.5, 1.0)


def test_other_levels():
    fit = pool([1.0, 3.0], [1.0, 2.0], tau2="FE", ci="Wald", level=0.9)
    text = [f"{x:.6f}" for x in (fit.estimate, fit.ci.low, fit.ci.high)]
    assert missing_trial(*text, [1.0], [1.0], level=0.9).central[0, :2] == pytest.approx([3, math.sqrt(2)], abs=1e-3)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"model": "REML"}, ValueError, "model is 'REML'"),
        ({"level": 1.5}, ValueError, "level is 1.5"),
        ({"comparisons": 0}, ValueError, "comparisons is 0"),
        ({"comparisons": True}, ValueError, "comparisons is True"),
        ({"comparisons": 1.5}, ValueError, "comparisons is 1.5"),
        ({"estimate": -2.0}, TypeError, "estimate"),
        ({"low": "-1.02", "high": "-2.98"}, ValueError, "may have no width"),
        ({"low": "-2", "high": "-2"}, ValueError, "may have no width"),
        ({"y": [[1.0]], "v": [[1.0]]}, ValueError, "y has 2 axes"),
        ({"y": [1.0], "v": [-1.0], "labels": ["Vega"]}, ValueError, "variance of study 'Vega' is -1"),
        ({"y": [1.0], "v": []}, ValueError, "shape"),
    ],
)
def test_refusals(change, error, says):
    given_ = {"estimate": "-2.00", "low": "-2.98", "high": "-1.02", "y": [1.0], "v": [1.0]} | change
    text = [given_.pop(name) for name in ("estimate", "low", "high", "y", "v")]
    with pytest.raises(error, match=says):
        missing_trial(*text, **given_)


def test_the_record_is_frozen():
    found = missing_trial("-2.00", "-2.98", "-1.02", [], [])
    assert isinstance(found, Missing)
    with pytest.raises(AttributeError):
        found.possible = False


# --- what the answer implies --------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(2, 200), st.integers(2, 200)), min_size=1, max_size=5), st.floats(0.1, 50))
@settings(deadline=None, max_examples=50)
def test_implied_sd_is_the_way_back_of_pooling(sizes, sd):
    n_1, n_2 = zip(*sizes, strict=True)
    v = [sd**2 * (1 / a + 1 / b) for a, b in sizes]
    assert implied_sd(pool([0.0] * len(v), v, tau2="FE", ci="Wald").se, n_1, n_2) == pytest.approx(sd)


@pytest.mark.parametrize(("se", "n_1", "n_2"), [(0, [5], [5]), (1.0, [], []), (1.0, [0], [5]), (1.0, [5], [-1])])
def test_implied_sd_refuses(se, n_1, n_2):
    with pytest.raises(ValueError, match="must be positive"):
        implied_sd(se, n_1, n_2)


def test_on_scale_judges_effect_and_spread():
    far = missing_trial("-24.98", "-35.01", "-14.96", [], [])
    assert (
        on_scale(far, [18, 18], [19, 19], 10).says == "An effect of -24.99 to -24.98 does not fit on a scale 10 wide."
    )
    assert on_scale(far, [18, 18], [19, 19], 100).verdict == "consistent"
    wide = missing_trial("0.0", "-9.8", "9.8", [], [])
    judged = on_scale(wide, [100], [100], 20)
    assert judged.verdict == "contradicted"
    assert "An SD of" in judged.says
    assert "10.1 is the most" in judged.says
    never = missing_trial("0.0", "-9.8", "9.8", [0.0], [1.0])
    assert on_scale(never, [100], [100], 20).says == never.reason


def test_on_scale_keeps_the_part_that_fits():
    """DL leaves a curve here, of which only the near end lies on the scale."""
    found = missing_trial("-7.04", "-13.63", "-0.45", [-1.8, -0.3], [1.02, 0.5], model="DL", comparisons=3)
    judged = on_scale(found, [18, 18, 44], [19, 19, 43], 30)
    assert judged.verdict == "consistent"
    assert judged.range.low >= -30 > found.effect.low
