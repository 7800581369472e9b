"""Sets of trials: every one pooled, matches found, decoys counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscmeta import Interval, gosh, pool
from mscmeta.subsets import (
    METHODS,
    MOST_SETS,
    decoy_matches,
    distance,
    matches,
    one_of_each,
    pool_sets,
    search,
    without,
)

Y, V = np.array([-0.9, -0.3, -1.2, -0.5]), np.array([0.10, 0.05, 0.20, 0.08])


def test_without_leaves_out_what_is_flagged():
    flags = {"first": [1, 0, 0, 0], "last": [0, 0, 0, 1]}
    runs = without(Y, V, flags, labels=list("abcd"), tau2="DL", ci="Wald")
    assert list(runs) == ["nothing", "first", "last", "all of these"]
    assert runs["first"].estimate == pool(Y[1:], V[1:], tau2="DL", ci="Wald").estimate
    assert runs["all of these"].labels == ("b", "c")
    assert without(Y, V, {"every": np.ones(4)})["every"] is None
    assert list(without(Y, V, {})) == ["nothing"]
    with pytest.raises(ValueError, match="one yes or no a trial, 4 in all"):
        without(Y, V, {"short": [True]})


def test_sets_without_groups_are_those_of_gosh():
    ours, theirs = pool_sets(Y, V, tau2="DL", ci="HK"), gosh(Y, V, tau2="DL", ci="HK")
    assert sorted(map(tuple, ours.mask.T)) == sorted(map(tuple, theirs.mask.T))
    np.testing.assert_allclose(np.sort(ours.estimate), np.sort(theirs.estimate))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=7))
def test_sets_hold_each_group_once_and_none_is_missing(groups):
    mask = one_of_each(groups)
    sizes = [groups.count(g) for g in set(groups)]
    assert mask.shape == (len(groups), np.prod([size + 1 for size in sizes]) - 1)
    assert len({tuple(column) for column in mask.T}) == mask.shape[1]
    for group in set(groups):
        assert mask[[g == group for g in groups]].sum(axis=0).max() == 1
    assert mask.any(axis=0).all()


def test_a_planted_result_is_found_and_only_that():
    target = pool(Y[[0, 2, 3]], V[[0, 2, 3]], tau2="DL", ci="Wald")
    printed = Interval(round(target.ci.low, 2), round(target.ci.high, 2))
    sets = pool_sets(Y, V, tau2="DL", ci="Wald")
    found = np.flatnonzero(matches(sets, round(target.estimate, 2), printed))
    assert sets.mask[:, found].T.tolist() == [[True, False, True, True]]
    assert distance(sets, target.estimate, target.ci).min() == pytest.approx(0, abs=1e-12)
    assert np.argmin(distance(sets, target.estimate, target.ci)) == found[0]


def test_a_set_without_an_interval_never_matches():
    sets = pool_sets(Y, V, tau2="DL", ci="HK")
    assert np.all(np.isinf(distance(sets, -0.9, Interval(-1, 0))[sets.k == 1]))


def test_decoys_keep_the_width_and_leave_the_printed_place_out():
    sets = pool_sets(Y, V, tau2="FE", ci="Wald")
    last = np.flatnonzero(sets.k == 4)[0]
    low, high = sets.ci.low[last], sets.ci.high[last]
    counts = decoy_matches(sets, sets.estimate[last], Interval(low, high), within=1e-6, reach=0.5, each_way=10)
    assert counts.shape == (20,)
    assert counts.sum() == 0
    moved = decoy_matches(sets, sets.estimate[last] + 0.1 * (high - low), Interval(low, high), within=1e9, each_way=1)
    assert moved.tolist() == [15, 15]


def test_refusals():
    with pytest.raises(ValueError, match="within is 0"):
        matches(pool_sets(Y, V), 0.0, Interval(-1, 1), within=0)
    with pytest.raises(ValueError, match=str(MOST_SETS)):
        one_of_each(range(21))
    with pytest.raises(ValueError, match="0 sets"):
        one_of_each([])


def test_search_finds_a_planted_set_under_its_own_method():
    target = pool(Y[[0, 2, 3]], V[[0, 2, 3]], tau2="REML", ci="HK")
    printed = Interval(round(target.ci.low, 2), round(target.ci.high, 2))
    found = search(Y, V, round(target.estimate, 2), printed, labels=list("abcd")).set_index(["tau2", "ci"])
    assert list(found.index) == list(METHODS)
    row = found.loc[("REML", "HK")]
    assert (row.sets, row.equal, row.nearest) == (15, 1, ("a", "c", "d"))
    assert row.near >= 1
    assert row.apart <= 0.005
    assert found.loc[("FE", "Wald")].equal == 0
    assert search(Y, V, -0.5, printed, groups=[1, 1, 2, 2], methods=[("DL", "Wald")]).sets[0] == 8


def test_ratios_are_compared_as_printed():
    target = pool(Y[1:], V[1:], tau2="DL", ci="Wald").exp()
    sets = pool_sets(Y, V, tau2="DL", ci="Wald")
    printed = Interval(round(target.ci.low, 2), round(target.ci.high, 2))
    hit = matches(sets, round(target.estimate, 2), printed, ratio=True)
    assert sets.mask[:, hit].T.tolist() == [[False, True, True, True]]
    assert decoy_matches(sets, target.estimate, target.ci, within=9.0, ratio=True, each_way=2).tolist() == [15] * 4
