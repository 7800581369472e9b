"""Contrasts: against pools worked out apart from this code, against the arithmetic of the sources, and rule by rule."""

import math
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mscmeta import combine_arms, mean_sd_from_quartiles, pool, risk_ratio
from mscmeta.convert import sd_from_ci
from mscmeta.data import _select, contrasts, table
from mscmeta.data._contrasts import HOWS
from mscmeta.data._files import bibliography, find
from mscmeta.data._sides import on_scale, side

ENDPOINTS = table("endpoints")
CALLS = [
    (row.review, row.outcome, month)
    for row in ENDPOINTS.itertuples()
    for month in ([None] if row.measure == "RR" or row.outcome == "ikdc" else (3, 6, 12))
]
SCORE_CALLS = [call for call in CALLS if call[2] is not None]


def by_trial(frame):
    return frame.set_index("trial")


# ---------------------------------------------------------------- against numbers worked out elsewhere


@pytest.mark.parametrize(
    ("outcome", "month", "k", "printed", "digits", "i2"),
    [
        ("pain", 3, 7, (-1.07, -1.67, -0.48), 2, 33),
        ("pain", 6, 7, (-1.24, -2.49, 0.00), 2, 80),
        ("pain", 12, 3, (-1.71, -5.35, 1.92), 2, 93),
        ("function", 3, 7, (-8.9, -15.7, -2.2), 1, 66),
        ("function", 6, 7, (-14.2, -25.3, -3.1), 1, 82),
        ("function", 12, 3, (-24.5, -51.9, 2.8), 1, 83),
        ("adverse_any", None, 8, (1.43, 1.05, 1.94), 2, 43),
    ],
)
def test_placebo_pools_agree_with_those_worked_out_apart_from_this_code(outcome, month, k, printed, digits, i2):
    """DerSimonian-Laird with normal intervals, on the same export, before this package existed."""
    frame = contrasts("sadeghirad2024", outcome, month, comparators="placebo")
    pooled = pool(frame.y.to_numpy(), frame.v.to_numpy(), tau2="DL", ci="Wald")
    assert (len(frame), round(pooled.i2 * 100)) == (k, i2)
    found = [pooled.estimate, pooled.ci.low, pooled.ci.high]
    found = [math.exp(x) for x in found] if month is None else found
    assert [round(x, digits) + 0.0 for x in found] == list(printed)


@pytest.mark.parametrize(
    ("month", "final", "change"),
    [(3, (-15.9, -8.2), (-6.1, -4.0)), (6, (-18.5, -11.8), (-8.7, -7.6)), (12, (-17.9, -13.6), (-8.1, -9.4))],
)
def test_vega_tells_two_stories(month, final, change):
    """Final values against changes: VAS in mm and WOMAC total."""
    for kind, (vas, total) in (("final", final), ("change", change)):
        pain = by_trial(contrasts("qu2021", "vas_pain", month, kind=kind)).loc["vega2015"]
        whole = by_trial(contrasts("qu2021", "womac_total", month, kind=kind)).loc["vega2015"]
        assert (round(pain.y * 10, 1), round(whole.y, 1)) == (vas, total)
        assert pain.kind == whole.kind == kind


def test_vega_womac_pain_at_12_months_has_the_interval_worked_out_before():
    row = by_trial(contrasts("qu2021", "womac_pain", 12)).loc["vega2015"]
    half = 1.96 * math.sqrt(row.v)
    assert [round(x, 1) for x in (row.y, row.y - half, row.y + half)] == [-9.9, -24.1, 4.2]


def test_emadedin_on_the_scale_of_the_trial():
    row = by_trial(contrasts("qu2021", "womac_function", 3)).loc["emadedin2018"]
    assert round(row.y * 0.68, 1) == -9.2
    assert round(math.sqrt(row.v) * 0.68, 1) == 5.1
    assert row.kind == "change"


def test_lamo_espinosa_2016_by_hand():
    """Table 2, WOMAC function at 12 months: 17 (10, 20), 11 (9, 14) and 9.5 (5, 23), ten patients each, on 0-68."""
    arms = [mean_sd_from_quartiles(*quartiles, 10) for quartiles in ((10, 17, 20), (9, 11, 14))]
    msc = combine_arms([arm.mean for arm in arms], [arm.sd for arm in arms], [10, 10])
    control = mean_sd_from_quartiles(5, 9.5, 23, 10)
    row = by_trial(contrasts("qu2021", "womac_function", 12)).loc["lamoespinosa2016"]
    assert row.y == pytest.approx((msc.mean - control.mean) / 0.68, rel=1e-12)
    assert row.v == pytest.approx((msc.sd**2 / 20 + control.sd**2 / 10) / 0.68**2, rel=1e-12)
    assert (row.n_1, row.n_2, row.how, row.instrument) == (20, 10, "converted", "womac_function_68")
    assert "0-68 rescaled to 0-100" in row.note
    assert "doses combined" in row.note


def test_vega_local_events_give_the_ratios_worked_out_before():
    events = table("events").set_index(["trial", "event", "arm"]).loc["vega2015"]
    for event, printed in (("arthralgia", (0.86, 0.38, 1.95)), ("joint_effusion", (0.67, 0.13, 3.44))):
        msc, control = events.loc[(event, "msc")], events.loc[(event, "control")]
        y, v = risk_ratio(msc.events, msc.n, control.events, control.n)
        found = [math.exp(y + z * math.sqrt(v)) for z in (0, -1.96, 1.96)]
        assert tuple(round(x, 2) for x in found) == printed


# ---------------------------------------------------------------- what every call has to hold


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_nothing_is_dropped_silently_and_every_row_says_how_it_came_to_be(call):
    frame = contrasts(*call)
    members = {member.trial for member in _select.members(call[0], call[1], None)}
    out = {item["trial"] for item in frame.attrs["left_out"]}
    assert set(frame.trial) | out == members
    assert not set(frame.trial) & out
    assert all(len(item["reason"]) > 10 and item["label"] for item in frame.attrs["left_out"])
    assert frame.trial.is_unique
    assert frame.how.isin(HOWS).all()
    assert (frame[["source", "where", "instrument", "comparator", "comparator_class"]] != "").all(axis=None)
    assert np.isfinite(frame[["y", "v"]]).all(axis=None)
    assert (frame.v > 0).all()
    assert (frame[["n_1", "n_2"]] >= 1).all(axis=None)
    assert list(zip(frame.year, frame.label, strict=True)) == sorted(zip(frame.year, frame.label, strict=True))
    wanted = {
        "outcome_label",
        "unit",
        "low",
        "high",
        "higher_is",
        "mid",
        "left_out",
        "measure",
        "review",
        "outcome",
        "month",
    }
    assert set(frame.attrs) == wanted


@pytest.mark.parametrize("call", SCORE_CALLS, ids=str)
def test_effects_are_those_of_the_arms_beside_them(call):
    frame = contrasts(*call)
    assert np.allclose(frame.y, frame.mean_1 - frame.mean_2, atol=1e-12)
    assert np.allclose(frame.v, frame.sd_1**2 / frame.n_1 + frame.sd_2**2 / frame.n_2, rtol=1e-12)
    low, high = frame.attrs["low"], frame.attrs["high"]
    final = frame[frame.kind == "final"]
    assert final[["mean_1", "mean_2"]].stack().between(low, high).all()


def test_cochrane_rows_enter_as_cochrane_entered_them():
    for outcome, month in (("pain", 3), ("pain", 6), ("function", 12)):
        frame = contrasts("cochrane2025", outcome, month)
        rows = table("outcomes").query(
            "source == 'cochrane2025' and outcome == @outcome and month == @month and sd == sd"
        )
        means = rows[rows.arm == "msc"].set_index("trial")["mean"]
        assert (frame.source == "cochrane2025").all()
        assert frame.set_index("trial").mean_1.to_dict() == pytest.approx(means[frame.trial].to_dict())
        assert (frame.how != "converted").all()


def test_classes_of_the_comparisons_follow_the_extraction():
    frame = contrasts("cochrane2025", "adverse_any")
    assert frame.comparator_class.value_counts().to_dict() == {
        "placebo": 8,
        "hyaluronic acid": 5,
        "same co-intervention": 3,
        "PRP": 2,
        "usual care": 1,
        "steroid": 1,
        "other": 1,
    }
    only = contrasts("cochrane2025", "adverse_any", comparators=["PRP", "steroid"])
    assert set(only.trial) == {"anz2020", "baria2022", "bastos2020"}
    assert contrasts("cochrane2025", "adverse_any", comparators="all").equals(frame)


def test_risk_of_bias_is_that_of_the_review():
    frame = by_trial(contrasts("qu2021", "womac_function", 3))
    assert frame.rob.to_dict() == {"gupta2016": "low", "lamoespinosa2016": "high", "emadedin2018": "low"}
    assert set(contrasts("cochrane2025", "pain", 3).rob) == {""}


# ---------------------------------------------------------------- doses


@pytest.mark.parametrize("outcome", ["womac_function", "womac_pain", "womac_stiffness", "womac_total"])
@pytest.mark.parametrize("month", [6, 12])
def test_split_shares_the_control_and_as_published_counts_it_twice(outcome, month):
    whole = by_trial(contrasts("qu2021", outcome, month)).loc["lamoespinosa2016"]
    split = by_trial(contrasts("qu2021", outcome, month, arms="split")).loc["lamoespinosa2016"]
    twice = by_trial(contrasts("qu2021", outcome, month, arms="as_published")).loc["lamoespinosa2016"]
    assert list(split.dose_million) == list(twice.dose_million) == [10, 100]
    assert list(split.label) == ["Lamo-Espinosa 2016, 10 million", "Lamo-Espinosa 2016, 100 million"]
    assert split.n_2.sum() == whole.n_2 == 10
    assert list(twice.n_2) == [10, 10]
    assert list(split.y) == list(twice.y)
    assert (split.v > twice.v).all()
    assert split.n_1.sum() == whole.n_1
    assert (split.mean_1 * split.n_1).sum() / split.n_1.sum() == pytest.approx(whole.mean_1, rel=1e-12)
    assert split.note.str.contains("control shared by 2 doses").all()
    assert twice.note.str.contains("whole control counted 2 times").all()


@pytest.mark.parametrize("arms", ["split", "as_published"])
def test_doses_known_only_together_stay_together_and_say_so(arms):
    row = by_trial(contrasts("qu2021", "womac_function", 6, arms=arms)).loc["gupta2016"]
    assert (row.n_1, row.n_2) == (40, 20)
    assert "only the doses put together are known" in row.note
    assert "only the doses" not in by_trial(contrasts("qu2021", "womac_function", 6)).note["gupta2016"]


def test_doses_of_events_are_added_up_or_kept_apart():
    one = contrasts("sadeghirad2024", "adverse_local")
    assert one[["events_1", "n_1", "events_2", "n_2"]].values.tolist() == [[1, 26, 0, 13]]
    assert one.instrument[0] == "knee_swelling"
    each = contrasts("sadeghirad2024", "adverse_local", arms="as_published")
    assert each[["label", "events_1", "n_1", "n_2"]].values.tolist() == [
        ["Garza 2020, 15 million", 0, 13, 13],
        ["Garza 2020, 30 million", 1, 13, 13],
    ]


# ---------------------------------------------------------------- medians, kinds, single effects


def test_medians_as_means_follow_the_handbook():
    row = by_trial(contrasts("qu2021", "womac_function", 3, medians="median-as-mean", arms="split")).loc[
        "lamoespinosa2016"
    ]
    assert list(row.mean_1 * 0.68) == pytest.approx([17.5, 10])
    assert list(row.sd_1 * 0.68) == pytest.approx([18 / 1.35, 11 / 1.35])
    assert row.sd_2.iloc[0] == pytest.approx(4.36, abs=0.005)  # Cochrane's own SD for that arm


def test_methods_for_medians_give_different_numbers_of_the_same_trial():
    found = set()
    for medians in ("Luo-Wan", "Wan", "QE", "BC", "Shi-log", "median-as-mean"):
        row = by_trial(contrasts("qu2021", "womac_function", 12, medians=medians)).loc["lamoespinosa2016"]
        assert f"({medians})" in row.note or medians == "median-as-mean"
        found.add(round(row.y, 6))
    assert len(found) == 6


def test_excluding_medians_leaves_the_trial_out_even_where_another_source_has_means():
    frame = contrasts("qu2021", "womac_function", 12, medians="exclude")
    assert list(frame.trial) == ["gupta2016"]
    reasons = {out["trial"]: out["reason"] for out in frame.attrs["left_out"]}
    assert reasons["lamoespinosa2016"] == "prints medians, which were to be excluded"
    assert reasons["emadedin2018"] == "no value at 12 months; it has values at 3 and 6"


def test_a_trial_with_one_kind_only_enters_with_it_and_says_so():
    final = by_trial(contrasts("qu2021", "womac_total", 12))
    change = by_trial(contrasts("qu2021", "womac_total", 12, kind="change"))
    assert final.kind.to_dict() == {"vega2015": "final", "lamoespinosa2016": "final"}
    assert change.kind.to_dict() == {"vega2015": "change", "lamoespinosa2016": "final"}
    assert change.source["vega2015"] == "nct01586312"
    assert final.source["vega2015"] == "cochrane2025"


def test_an_effect_over_several_visits_is_there_when_no_month_is_asked_for():
    frame = contrasts("qu2021", "ikdc")
    assert frame[["trial", "y", "how", "n_1", "n_2"]].values.tolist() == [["wong2013", 7.65, "converted", 28, 28]]
    half = 1.959964 * math.sqrt(frame.v[0])
    assert (round(7.65 - half, 2), round(7.65 + half, 2)) == (3.04, 12.26)
    assert frame.attrs["low"] is None
    assert frame.attrs["mid"] is None


def test_a_changed_table_is_read_again(monkeypatch, tmp_path):
    """What was made of the tables is kept only as long as the files are as they were."""
    copy = tmp_path / "data"
    shutil.copytree(find(), copy)
    shutil.copy(bibliography(), copy)
    monkeypatch.setenv("MSCMETA_DATA", str(copy))
    vega = by_trial(contrasts("qu2021", "womac_total", 12)).loc["vega2015"]
    assert by_trial(contrasts("qu2021", "womac_total", 12)).loc["vega2015"].equals(vega)
    path = copy / "outcomes.csv"
    before = f"womac_total_100,15,{vega.mean_1},"
    assert path.read_text().count(before) == 1
    path.write_text(path.read_text().replace(before, "womac_total_100,15,28.55,"))
    assert by_trial(contrasts("qu2021", "womac_total", 12)).loc["vega2015"].mean_1 == 28.55


def test_effects_that_may_not_be_pooled_are_named_as_the_reason():
    reasons = {out["trial"]: out["reason"] for out in contrasts("qu2021", "vas_pain", 12).attrs["left_out"]}
    assert reasons["vangsness2014"].startswith("only a difference between arms is known (12 months, patients with")
    assert reasons["ha2018"] == "no number by arm in any source seen"


def test_means_without_spread_are_not_used_but_are_the_reason(monkeypatch):
    gupta = table("outcomes").query("trial == 'gupta2016' and source == 'stempeucelcharts'")
    assert gupta.sd.isna().all()
    row = by_trial(contrasts("qu2021", "vas_pain", 3)).loc["gupta2016"]
    assert (row.source, row.y) == ("cochrane2025", pytest.approx(-0.44))
    endpoint = _select.endpoint_of("qu2021", "vas_pain")

    def endpoint_from(sources: str) -> None:
        monkeypatch.setattr(_select, "endpoint_of", lambda *_: endpoint._replace(sources=sources))

    endpoint_from("stempeucelcharts cochrane2025")
    frame = contrasts("qu2021", "vas_pain", 3, trials=["gupta2016"])
    assert frame.source[0] == "cochrane2025"
    endpoint_from("stempeucelcharts")
    with pytest.raises(ValueError, match="Gupta 2016: means or medians by arm without a spread"):
        contrasts("qu2021", "vas_pain", 3, trials=["gupta2016"])


def test_intervals_of_arms_give_their_sd():
    """Ruane posts means with 95% intervals: KOOS pain runs the other way and is turned round."""
    rows = [
        row for row in _rows("ruane2021") if row.month == 12 and row.arm == "msc" and row.instrument == "koos_pain_100"
    ]
    ask = _select.Ask(
        _select.records(ENDPOINTS[ENDPOINTS.outcome == "pain"])[0], 12, "change", "combine", "Luo-Wan", []
    )
    found = side(ask, rows[0])
    assert found.mean == pytest.approx(-2.348)
    assert found.sd == pytest.approx(sd_from_ci(14.85, 32.12, 13) / 10)
    assert found.steps == ("SD from the 95% interval (t)", "0-100 rescaled to 0-10; direction reversed")


def _rows(trial: str) -> list:
    frame = table("outcomes").merge(table("instruments").drop(columns="note"), on="instrument")
    frame = frame.merge(table("arms")[["trial", "arm", "dose_million"]], on=["trial", "arm"])
    return _select.records(frame[frame.trial == trial])


# ---------------------------------------------------------------- scale


class Scale:
    """The limits of an instrument or endpoint, and what kind of value it is."""

    def __init__(self, low, high, higher_is="worse", kind="final"):
        self.low, self.high, self.higher_is, self.kind, self.instrument = low, high, higher_is, kind, "scale"


limits = st.tuples(st.floats(-50, 50), st.floats(1, 200)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(limits, limits, st.floats(0, 1), st.floats(0.01, 30), st.sampled_from(["final", "change"]))
def test_rescaling_there_and_back_changes_nothing(here, there, share, sd, kind):
    mean = here[0] + share * (here[1] - here[0]) if kind == "final" else share * (here[1] - here[0])
    small, big = Scale(*here, "worse", kind), Scale(*there, "better", kind)
    away = on_scale(big, small, mean, sd)
    back = on_scale(small, big, *away[:2])
    assert back[:2] == pytest.approx((mean, sd), rel=1e-9, abs=1e-9)
    if kind == "final":
        assert there[0] - 1e-9 <= away[0] <= there[1] + 1e-9


@given(limits, st.floats(0, 1), st.floats(0, 1))
def test_turning_a_scale_round_turns_the_difference_round(here, one, two):
    reach = here[1] - here[0]
    values = [here[0] + share * reach for share in (one, two)]
    turned = [on_scale(Scale(*here, "better"), Scale(*here, "worse"), value, 1.0)[0] for value in values]
    assert turned[0] - turned[1] == pytest.approx(values[1] - values[0], abs=1e-9)


def test_an_instrument_without_limits_cannot_be_rescaled():
    with pytest.raises(_select.LeftOutError, match="scale has no known limits"):
        on_scale(Scale(0, 100), Scale(None, None), 1.0, 1.0)
    assert on_scale(Scale(None, None), Scale(None, None), 1.0, 2.0) == (1.0, 2.0, "")


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("call", "options", "error", "says"),
    [
        (
            ("qu2020", "pain", 3),
            {},
            ValueError,
            "review is 'qu2020'; choose one of qu2021, cochrane2025, sadeghirad2024",
        ),
        (("qu2021", "pain", 3), {}, ValueError, "outcome is 'pain'; choose one of vas_pain, womac_pain"),
        (("qu2021", "vas_pain", 9), {}, ValueError, "month is 9; vas_pain has rows at months 3, 6, 12"),
        (("qu2021", "vas_pain", True), {}, ValueError, "month is True; vas_pain has rows"),
        (("qu2021", "vas_pain"), {}, ValueError, "month is missing; vas_pain has rows at months 3, 6, 12"),
        (
            ("qu2021", "ikdc", 12),
            {},
            ValueError,
            "ikdc has no row with a month; leave it out for the effects that span",
        ),
        (("qu2021", "vas_pain", 3), {"kind": "both"}, ValueError, "kind is 'both'; choose one of final, change"),
        (
            ("qu2021", "vas_pain", 3),
            {"arms": "all"},
            ValueError,
            "arms is 'all'; choose one of combine, split, as_published",
        ),
        (("qu2021", "vas_pain", 3), {"medians": "drop"}, ValueError, "medians is 'drop'; choose one of Luo-Wan"),
        (
            ("qu2021", "vas_pain", 3),
            {"trials": ["lu2019"]},
            ValueError,
            "trials is 'lu2019'; choose one of emadedin2018",
        ),
        (("qu2021", "vas_pain", 3), {"trials": "vega2015"}, TypeError, "give a list with at least one key"),
        (("qu2021", "vas_pain", 3), {"trials": []}, TypeError, "give a list with at least one key"),
        (("qu2021", "vas_pain", 3), {"comparators": []}, ValueError, "comparators is empty"),
        (
            ("qu2021", "vas_pain", 3),
            {"comparators": "water"},
            ValueError,
            "comparators is 'water'; choose one of all, placebo",
        ),
        (("cochrane2025", "adverse_any", 3), {}, ValueError, "month does not apply to adverse_any, which counts"),
        (("cochrane2025", "adverse_any"), {"kind": "change"}, ValueError, "kind does not apply to adverse_any"),
        (("cochrane2025", "adverse_any"), {"medians": "exclude"}, ValueError, "medians does not apply to adverse_any"),
        (("cochrane2025", "adverse_any"), {"arms": "split"}, ValueError, "events cannot be divided; use 'combine'"),
        (
            ("qu2021", "womac_pain", 3),
            {"comparators": "placebo"},
            ValueError,
            "no trial of qu2021 is left for womac_pain at month 3: Emad",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(call, options, error, says):
    with pytest.raises(error) as caught:
        contrasts(*call, **options)
    assert says in str(caught.value)


def test_trials_named_by_the_reader_may_be_outside_the_default():
    frame = contrasts("sadeghirad2024", "pain", 6, trials=["vega2015", "kim2023"])
    assert list(frame.trial) == ["vega2015", "kim2023"]
    assert frame.attrs["left_out"] == []


def test_one_side_alone_is_no_comparison(monkeypatch):
    rows = [row for row in _select.rows_of(_select.endpoint_of("cochrane2025", "pain")) if row.role == "msc"]
    monkeypatch.setattr(_select, "rows_of", lambda endpoint: rows)
    with pytest.raises(ValueError, match="Kim 2023: only one side of the comparison is known"):
        contrasts("cochrane2025", "pain", 3)


def test_a_mean_without_n_is_left_out(monkeypatch):
    rows = [row._replace(n=None) for row in _select.rows_of(_select.endpoint_of("cochrane2025", "pain"))]
    monkeypatch.setattr(_select, "rows_of", lambda endpoint: rows)
    with pytest.raises(ValueError, match="Kim 2023: values by arm without the number of participants"):
        contrasts("cochrane2025", "pain", 3)


def test_a_source_that_has_no_number_is_named_as_readers_know_it():
    reasons = [out["reason"] for out in contrasts("cochrane2025", "pain", 6).attrs["left_out"]]
    assert "no number by arm in the data of Cochrane CD013342" in reasons
    assert not any("cochrane2025" in reason for reason in reasons)
