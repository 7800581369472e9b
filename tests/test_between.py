"""The way between the two reviews: its ends by other code, its parts by arithmetic."""

import numpy as np
import pytest

from mscmeta import Interval, data, pool
from mscmeta.between import NAMES, STEPS, way
from mscmeta.pool import pool_by_heterogeneity
from mscmeta.rerun import own_units, visits

PAIRS = [("pain", 6), ("pain", 12), ("function", 6), ("function", 12)]
OWN = {"pain": "vas_pain", "function": "womac_function"}
FIRST, LAST = (0,) * 8, (1,) * 8


@pytest.fixture(scope="module")
def ways():
    return {pair: way(*pair, tau2="DL", ci="Wald") for pair in PAIRS}


@pytest.mark.parametrize("pair", PAIRS)
def test_the_first_end_is_the_rule_of_qu_and_sun_on_the_visits_they_list(ways, pair):
    visit = visits("qu2021", OWN[pair[0]], arms="as_published", kind=ways[pair].kinds[0], listed_only=True)[pair[1]]
    trials = own_units(visit.trials)
    fit = pool_by_heterogeneity(trials.y, trials.v)
    found = [array[FIRST] for array in (ways[pair].estimate, ways[pair].low, ways[pair].high)]
    assert found == pytest.approx([fit.estimate, fit.ci.low, fit.ci.high])
    assert ways[pair].first == visit.estimate


@pytest.mark.parametrize("pair", PAIRS)
def test_the_last_end_is_the_rerun_of_the_inferred_trials(ways, pair):
    trials = data.contrasts("sadeghirad2024", *pair)
    if ways[pair].restricted:
        trials = trials[~trials.caveats.str.contains("imputed_sd|read_off_figure|unblinded|paired")]
    fit = pool(trials.y, trials.v, tau2="DL", ci="Wald")
    assert [ways[pair].estimate[LAST], ways[pair].low[LAST]] == pytest.approx([fit.estimate, fit.ci.low])


def test_the_printed_ends_and_their_direction(ways):
    assert [ways[pair].first for pair in PAIRS] == [-3.23, -7.04, -7.61, -8.32]
    assert [ways[pair].last for pair in PAIRS] == [-0.74, -0.73, -2.23, -19.36]
    assert ways["function", 12].last_ci == Interval(-38.9, 0.19)
    assert [ways[pair].restricted for pair in PAIRS] == [True, True, True, False]


@pytest.mark.parametrize("pair", PAIRS)
def test_parts_add_up_to_the_gap(ways, pair):
    found = ways[pair]
    assert sum(found.hidden) + found.seen.average.sum() == pytest.approx(found.gap)
    for bars in (found.bars(), found.bars([*reversed(STEPS)]), found.averaged()):
        inner = bars[bars.kind != "printed"]
        assert (inner.end - inner.start).sum() == pytest.approx(found.gap)
        assert np.allclose(inner.start[1:], inner.end[:-1])
    assert list(found.bars().label[2:-2]) == list(NAMES.values())


def test_millimetres_explain_the_size_of_the_printed_answer_at_12_months(ways):
    found = ways["pain", 12]
    one_scale = list(FIRST)
    one_scale[list(STEPS).index("units")] = 1
    assert found.estimate[tuple(one_scale)] == pytest.approx(found.estimate[FIRST] / 10, rel=0.02)
    last = np.array(LAST)
    last[list(STEPS).index("units")] = 0
    assert abs(found.estimate[LAST] - found.estimate[tuple(last)]) < 1  # made last, the same step is small


def test_scores_are_taken_as_fits_each_review(ways):
    for pair, found in ways.items():
        for end, kind in zip(("first", "last"), found.kinds, strict=True):
            trials = {k: data.contrasts("cochrane2025", *pair, kind=k).y.tolist() for k in ("final", "change")}
            assert kind in ("final", "change"), end
            assert trials["final"] == trials["change"]  # so the second end is the same with either


def test_a_bar_of_its_own_interval_or_none(ways):
    bars, averaged = ways["pain", 6].bars(), ways["pain", 6].averaged()
    assert bars[["low", "high"]].notna().all(axis=None)
    assert averaged[averaged.kind == "step"].low.isna().all()
    strict = way("pain", 6, tau2="REML", ci="HK").bars(["weak", *[s for s in STEPS if s != "weak"]])
    assert strict.end.notna().all()


def test_refusals():
    with pytest.raises(ValueError, match="outcome is 'stiffness'"):
        way("stiffness", 12)
    with pytest.raises(ValueError, match="sadeghirad2024 printed no result for pain at that month"):
        way("pain", 24)
    with pytest.raises(ValueError, match="order is 'luck'"):
        way("pain", 6).bars(["luck", *list(STEPS)[1:]])
