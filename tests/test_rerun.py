"""A published outcome visit by visit: nothing silently missing, and numbers worked out here by other arithmetic."""

import numpy as np
import pandas as pd
import pytest

from mscmeta import data, rerun

OUTCOMES = {
    "vas_pain": [3, 6, 12, 24],
    "womac_pain": [3, 6, 12],
    "womac_stiffness": [3, 6, 12],
    "womac_function": [3, 6, 12],
    "womac_total": [3, 6, 12],
    "ikdc": [6, 12, 18, 24],
}


@pytest.fixture(scope="module")
def everything():
    return {outcome: rerun.visits("qu2021", outcome) for outcome in OUTCOMES}


def test_every_printed_visit_is_there_as_printed(everything):
    published = data.table("published").query("review == 'qu2021'")
    assert {(o, m) for o, at in everything.items() for m in at} == set(
        zip(published.outcome, published.month.astype(int), strict=True)
    )
    for row in published.itertuples():
        visit = everything[row.outcome][int(row.month)]
        assert [float(text) for text in visit.printed[:3]] == [row.estimate, row.ci_low, row.ci_high]
        assert visit.estimate == row.estimate
        assert tuple(visit.ci) == (row.ci_low, row.ci_high)


def test_every_scheduled_trial_is_held_or_named_as_missing(everything):
    """Trials named for the outcome, visits of the review's Table 1: read here straight from the tables."""
    published = data.table("published").query("review == 'qu2021'").set_index(["outcome", "month"])
    visits = data.table("inclusion").query("review == 'qu2021'").set_index("trial").follow_up_printed
    label = data.table("trials").set_index("trial").label
    for outcome, at in everything.items():
        for month, visit in at.items():
            named = published.trials[outcome, month].split()
            scheduled = {label[t] for t in named if str(month) in visits[t].split(",")}
            held = set() if visit.trials is None else set(visit.trials.label)
            assert scheduled == (held | set(visit.gaps)) - set(visit.extra)
            assert not held & set(visit.gaps)
            assert visit.complete == (bool(held) and not visit.gaps)


def test_which_visits_can_be_rerun(everything):
    complete = {(o, m) for o, at in everything.items() for m, visit in at.items() if visit.complete}
    assert complete == {("womac_function", 3), ("womac_function", 6), ("womac_function", 12), ("womac_total", 12)}
    assert everything["vas_pain"][24].why == ("not rerunnable, because we lack numbers of Vangsness 2014")
    assert everything["womac_total"][12].why == "re-run with every trial"


def test_the_rerun_of_the_total_score_by_other_arithmetic(everything):
    """Vega as printed by Cochrane; Lamo-Espinosa from `contrasts`: weights, mean, Q and DL worked out here."""
    visit = everything["womac_total"][12]
    y = np.array([27.55 - 41.15, visit.trials.y[1]])
    v = np.array([17.5**2 / 15 + 22.9**2 / 15, visit.trials.v[1]])
    w = 1 / v
    mean = (w * y).sum() / w.sum()
    q = (w * (y - mean) ** 2).sum()
    assert visit.theirs.tau2_method == "FE"
    assert 1 - 1 / q < 0.5
    assert visit.theirs.estimate == pytest.approx(mean)
    assert visit.theirs.se == pytest.approx(w.sum() ** -0.5)


def test_one_trial_keeps_its_own_interval(everything):
    visit = everything["womac_stiffness"][12]
    assert visit.k == 1
    assert np.isnan(visit.today.ci.low)
    assert visit.result.ci.high == pytest.approx(1.959964 * visit.trials.v[0] ** 0.5, rel=1e-6)
    assert everything["womac_total"][12].result is everything["womac_total"][12].today


def test_nothing_held_is_not_an_error():
    at = rerun.visits("qu2021", "womac_stiffness", medians="exclude")
    assert {visit.k for visit in at.values()} == {0}
    assert all("Lamo-Espinosa 2016" in visit.gaps for month, visit in at.items() if month != 3)
    assert all(visit.trials is visit.today is visit.result is None for visit in at.values())


def test_only_listed_trials():
    at = rerun.visits("qu2021", "vas_pain", listed_only=True)
    assert "Vega 2015" not in set(at[3].trials.label)
    assert not at[3].extra
    assert "Vega 2015" in set(at[12].trials.label)


def test_ways_are_visits(everything):
    choices = {"as it is": {}, "change": {"kind": "change"}, "fixed": {"tau2": "FE", "ci": "Wald", "level": 0.9}}
    found = rerun.ways("qu2021", "vas_pain", {"tau2": "DL", "ci": "Wald"}, choices)
    assert found["change"][12].today.estimate == pytest.approx(
        rerun.visits("qu2021", "vas_pain", kind="change", tau2="DL", ci="Wald")[12].today.estimate
    )
    assert found["fixed"][12].today.tau2_method == "FE"
    assert found["fixed"][12].today.level == 0.9
    assert found["as it is"][24].today is None


def test_own_units():
    one = data.contrasts("qu2021", "vas_pain", 3)
    own = rerun.own_units(one).set_index("trial")
    assert own.scale.to_dict() == {"vega2015": "0 to 100", "gupta2016": "0 to 100", "emadedin2018": "0 to 10"}
    y, v = one.set_index("trial").y, one.set_index("trial").v
    assert own.y["gupta2016"] == pytest.approx(10 * y["gupta2016"])
    assert own.v["gupta2016"] == pytest.approx(100 * v["gupta2016"])
    assert own.y["emadedin2018"] == y["emadedin2018"]
    likert = rerun.own_units(data.contrasts("qu2021", "womac_pain", 12, trials=["lamoespinosa2016"]))
    assert likert.scale.item() == "0 to 20"


def test_a_scale_without_limits_cannot_be_changed():
    with pytest.raises(ValueError, match="ikdc has no limits"):
        rerun.own_units(data.contrasts("qu2021", "ikdc"))


def test_gaps_leave_out_complete_visits_and_count_doses():
    gaps = rerun.gaps("qu2021", "womac_total", unit=100)
    assert list(gaps) == [3, 6]
    assert gaps[3].held is None
    assert (gaps[6].n_1, gaps[6].n_2) == ((19,), (24,))
    doses = rerun.gaps("qu2021", "womac_pain", unit=100)[12]
    assert doses.n_1 == (15, 15, 15, 15)
    assert doses.n_2 == (15, 15, 15, 15)
    assert doses.by_model["DL"].comparisons == 4
    once = rerun.gaps("qu2021", "womac_pain", unit=100, arms="combine")[12]
    assert (once.n_1, once.n_2) == ((60,), (15,))


def test_gaps_change_the_unit_of_the_trials_at_hand():
    cm, mm, own = (rerun.gaps("qu2021", "vas_pain", unit=unit)[12] for unit in (10, 100, "own"))
    assert mm.held.y.tolist() == pytest.approx((10 * cm.held.y).tolist())
    assert mm.held.v.tolist() == pytest.approx((100 * cm.held.v).tolist())
    assert own.held.y.tolist() == pytest.approx(mm.held.y.tolist())
    assert own.width is None
    assert cm.width == 10


def test_a_planted_missing_trial_is_found_in_the_review_s_own_setting(everything):
    """Take Emadedin out of WOMAC function at 6 months and find it again from the pool of all three."""
    from mscmeta import pool
    from mscmeta.missing import missing_trial

    t = everything["womac_function"][6].trials
    fit = pool(t.y, t.v, tau2="FE", ci="Wald")
    held = t[t.trial != "emadedin2018"]
    text = [f"{x:.4f}" for x in (fit.estimate, fit.ci.low, fit.ci.high)]
    found = missing_trial(*text, held.y, held.v).central[0]
    out = t[t.trial == "emadedin2018"]
    assert found[:2] == pytest.approx([out.y.item(), out.v.item() ** 0.5], rel=1e-2)


def test_refusals():
    with pytest.raises(ValueError, match=r"published\.csv has no pooled result of qu2021"):
        rerun.visits("qu2021", "womac_knee")
    with pytest.raises(ValueError, match="kind is"):
        rerun.visits("qu2021", "vas_pain", kind="both")
    with pytest.raises(ValueError, match="medians is"):
        data.holdings("qu2021", "vas_pain", [3], medians="none")


def test_holdings_say_what_is_there():
    frame = data.holdings("qu2021", "womac_total", [3, 12]).set_index(["month", "trial"])
    assert frame.says[12, "lamoespinosa2016"] == "medians and quartiles of final scores, 20 v 10 patients"
    assert frame.says[12, "vega2015"] == "means and SDs of final scores, 15 v 15 patients"
    assert not frame.held[3, "emadedin2018"]
    assert isinstance(frame, pd.DataFrame)
    taken = data.holdings("qu2021", "womac_total", [12], medians="median-as-mean").set_index("trial")
    assert taken.says["lamoespinosa2016"].startswith("medians and quartiles")
