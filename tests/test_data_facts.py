"""Facts that must fit together although they came from different sources, and conflicts that must stay visible."""

import numpy as np
import pytest

from mscmeta.data import table


def outcomes(**wanted):
    frame = table("outcomes")
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return frame


def test_the_flow_of_qu_and_sun_adds_up():
    n = table("flow").query("review == 'qu2021'").set_index("step").n
    assert n["identified"] - n["duplicates"] == n["screened"] == 288
    assert n["screened"] - n["excluded_screening"] == n["full_text"] == 16
    assert n["full_text"] - n["excluded_full_text"] == n["included"] == 9
    assert n["excluded_single_arm"] + n["excluded_no_data"] + n["excluded_msc_both"] == n["excluded_full_text"]


def test_476_needs_75_patients_of_a_trial_that_randomised_60():
    printed = table("characteristics").query("source == 'qu2021'").groupby("trial").n.sum()
    assert len(printed) == 9
    assert printed.sum() == table("reviews").set_index("review").participants["qu2021"] == 476
    randomised = table("trials").set_index("trial").randomised["gupta2016"]
    assert (printed["gupta2016"], randomised) == (75, 60)
    assert printed.sum() - printed["gupta2016"] + randomised == 461


def test_reviews_hold_the_trials_they_should():
    inclusion = table("inclusion")
    count = inclusion.groupby(["review", "status"]).size().to_dict()
    assert count == {
        ("cochrane2025", "confirmed"): 24,
        ("qu2021", "confirmed"): 9,
        ("sadeghirad2024", "inferred"): 14,
        ("sadeghirad2024", "context"): 13,
    }
    inferred = set(inclusion.query("review == 'cochrane2025' and class_status == 'inferred'").comparison)
    assert inferred == {3, 5, 7}
    judged = table("risk_of_bias").query("review == 'qu2021'").judgement.value_counts().to_dict()
    assert judged == {"low": 4, "high": 3, "unclear": 2}


def test_twenty_and_six_results_are_published():
    published = table("published")
    assert published.review.value_counts().to_dict() == {"qu2021": 20, "sadeghirad2024": 6, "cochrane2025": 1}
    restricted = published[published.restricted_to != ""]
    assert set(zip(restricted.review, restricted.outcome, restricted.month, strict=True)) == {
        ("sadeghirad2024", "pain", 6),
        ("sadeghirad2024", "function", 6),
        ("sadeghirad2024", "pain", 12),
    }


@pytest.mark.parametrize(
    ("instrument", "factor", "baseline"), [("vas_pain_10", 10, (54.27, 64.00)), ("womac_total_100", 1, (41.02, 45.25))]
)
def test_final_values_less_changes_give_vega_one_baseline(instrument, factor, baseline):
    """Cochrane's final values and the registry's changes are of one data set: checked at all three visits."""
    final = outcomes(trial="vega2015", source="cochrane2025", instrument=instrument).set_index(["month", "arm"])["mean"]
    of_registry = {"vas_pain_10": "vas_pain_100", "womac_total_100": "womac_total_100"}[instrument]
    change = outcomes(trial="vega2015", source="nct01586312", instrument=of_registry).set_index(["month", "arm"])[
        "mean"
    ]
    found = (final * factor - change).unstack("arm")
    assert len(found) == 3
    assert np.allclose(found["msc"], baseline[0], atol=0.03)
    assert np.allclose(found["control"], baseline[1], atol=0.03)


def test_vega_total_is_entered_as_function_and_the_function_of_the_registry_is_there_too():
    function = outcomes(trial="vega2015", outcome="function")
    pairs = set(zip(function.source, function.instrument, function.kind, strict=True))
    assert pairs == {("cochrane2025", "womac_total_100", "final"), ("nct01586312", "womac_function_100", "change")}


def test_dose_means_of_gupta_make_the_combined_ones():
    doses = outcomes(trial="gupta2016", source="stempeucelcharts")
    for month, msc, control in ((3, 3.98, 4.42), (6, 3.76, 4.435), (12, 3.72, 4.01)):
        visit = doses[doses.month == month]
        treated = visit.arm.str.startswith("msc")
        assert visit[treated]["mean"].mean() / 10 == pytest.approx(msc, abs=0.011)
        assert visit[~treated]["mean"].mean() / 10 == pytest.approx(control, abs=0.011)


def test_medians_of_lamo_espinosa_are_the_means_of_cochrane():
    own = outcomes(trial="lamoespinosa2016", source="lamoespinosa2016", instrument="womac_function_68")
    theirs = outcomes(trial="lamoespinosa2016", source="cochrane2025", instrument="womac_function_100", arm="msc")
    for month, mean in zip(theirs.month, theirs["mean"], strict=True):
        medians = own[(own.month == month) & own.arm.str.startswith("msc")]["median"]
        assert len(medians) == 2
        assert medians.mean() / 0.68 == pytest.approx(mean, abs=0.006)


def test_lamo_espinosa_2020_agrees_with_cochrane():
    own = outcomes(trial="lamoespinosa2020", source="lamoespinosa2020", instrument="womac_function_68")
    theirs = outcomes(trial="lamoespinosa2020", source="cochrane2025", instrument="womac_function_100")
    both = own.merge(theirs, on=["month", "arm"], suffixes=("", "_c"))
    assert len(both) == 6
    assert np.allclose(both["mean"] / 0.68, both.mean_c, atol=0.01)
    assert np.allclose(both.sd / 0.68, both.sd_c, atol=0.01)


def test_conflicting_counts_stay_side_by_side():
    events = table("events")
    chen = events[(events.trial == "chen2021") & (events.event == "adverse_any")]
    trial = chen[(chen.source == "chen2021") & (chen.visit == "weeks 0 to 24")]
    assert trial[trial.arm != "control"][["events", "n"]].sum().tolist() == [40, 49]
    export = chen[(chen.source == "cochrane2025") & (chen.arm == "msc")]
    assert export[["events", "n"]].values.tolist() == [[28, 49]]
    sadri = outcomes(trial="sadri2023", outcome="pain", month=6, arm="msc")
    assert sorted(sadri["mean"]) == [3.05, 3.15]
    emadedin = outcomes(trial="emadedin2018", outcome="pain").set_index(["month", "arm"]).n
    assert [emadedin[3, "msc"], emadedin[3, "control"]] == [18, 23]
    arms = table("arms").query("trial == 'emadedin2018'").set_index("arm").n
    assert (arms["msc"], arms["control"]) == (19, 24)


def test_placebo_denominators_of_the_export_fall_short_of_the_abstract():
    placebo = set(table("inclusion").query("review == 'cochrane2025' and comparator_class == 'placebo'").trial)
    events = table("events")
    mine = events[(events.source == "cochrane2025") & (events.event == "adverse_any") & events.trial.isin(placebo)]
    assert (len(mine), mine.n.sum()) == (16, 501)
    assert table("flow").set_index("step").n["patients_placebo"] == 544


def test_the_registry_and_the_export_agree_on_adverse_events():
    events = table("events").query("event == 'adverse_any'")
    for trial, registry in (("vega2015", "nct01586312"), ("garza2020", "nct02726945")):
        own = events[(events.trial == trial) & (events.source == registry)]
        export = events[(events.trial == trial) & (events.source == "cochrane2025")].set_index("arm")
        treated = own[own.arm != "control"][["events", "n"]].sum()
        assert treated.tolist() == export.loc["msc", ["events", "n"]].tolist()


def test_borrowed_spreads_are_called_imputed():
    imputed = outcomes(how="imputed")
    assert set(imputed.trial) == {"lee2019", "shapiro2017", "goncars2017"}
    assert len(outcomes(trial="lee2019", how="imputed")) == len(outcomes(trial="lee2019"))


def test_cohorts_and_doses_belong_to_the_arms_they_make_up():
    arms = table("arms").set_index(["trial", "arm"])
    for trial in ("gupta2016", "chen2021", "garza2020", "kuah2018", "lamoespinosa2016"):
        own = arms.loc[trial]
        parts = own[own.part_of == "msc"]
        assert parts.n.sum() == own.n["msc"]
        assert parts.dose_million.notna().all()
    assert arms.loc["gupta2016"].query("part_of == 'control'").n.sum() == 20
