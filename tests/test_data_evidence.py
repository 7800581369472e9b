"""Which number each trial gives and how it came to be; contrasts carried to another instrument."""

import numpy as np
import pytest

from mscmeta.data import contrasts, evidence, on_instrument, table

CELLS = [("pain", 6), ("function", 12), ("adverse_any", None)]


def test_every_trial_of_the_review_has_a_row_and_every_contrast_a_state():
    frame = evidence("sadeghirad2024", CELLS).set_index("trial")
    inclusion = table("inclusion")
    assert set(frame.index) == set(inclusion[inclusion.review == "sadeghirad2024"].trial)
    for cell in CELLS:
        candidates = contrasts("sadeghirad2024", *cell)
        filled = frame.index[frame[cell] != ""]
        assert set(candidates.trial) == set(filled) & set(frame.index[frame.status == "inferred"])
    assert set(frame[("adverse_any", None)]) == {"", "counted"}


def test_states_follow_the_caveats():
    frame = evidence("sadeghirad2024", [("pain", 6)]).set_index("trial")[("pain", 6)]
    assert frame["shapiro2017"] == "imputed"
    assert frame["lamoespinosa2016"] == "median"
    assert frame["freitag2019"] == "figure"
    assert frame["kuah2018"] == "worked_out"
    assert frame["garza2020"] == ""


@pytest.mark.parametrize("outcome", ["outcomes", "events"])
def test_notes_and_caveats_say_the_same(outcome):
    frame = table(outcome)
    note = frame.note.str.lower()
    assert (note.str.contains("one knee in each arm") == frame.caveats.str.contains("paired")).all()
    if outcome == "outcomes":
        assert (note.str.contains("sd worked out") == frame.caveats.str.contains("sd_worked_out")).all()
        assert (note.str.contains("figure") <= frame.caveats.str.contains("read_off_figure")).all()
        imputed = frame.how == "imputed"
        assert frame[imputed].caveats.str.contains("imputed_sd").all()


def test_contrasts_carry_the_caveats_of_both_arms():
    frame = contrasts("sadeghirad2024", "pain", 6).set_index("trial")
    assert frame.caveats["shapiro2017"].split() == ["paired", "imputed_sd", "median_as_mean"]
    assert frame.caveats["kim2023"] == ""
    events = contrasts("sadeghirad2024", "adverse_any").set_index("trial")
    assert events.caveats["shapiro2017"] == "paired"


@pytest.mark.parametrize("month", [3, 6, 12])
def test_turning_to_the_index_instrument(month):
    worse = contrasts("sadeghirad2024", "function", month)
    better = on_instrument(worse, "sf36_pf_100")
    np.testing.assert_allclose(better.y, -worse.y)
    np.testing.assert_allclose(better.v, worse.v)
    np.testing.assert_allclose(better.mean_1 - better.mean_2, better.y)
    final = worse.kind == "final"
    np.testing.assert_allclose(better.mean_1[final], 100 - worse.mean_1[final])
    np.testing.assert_allclose(better.mean_2[~final], -worse.mean_2[~final])
    np.testing.assert_allclose(better.sd_1, worse.sd_1)
    assert (better.attrs["higher_is"], better.attrs["mid"], worse.attrs["higher_is"]) == ("better", 10.0, "worse")
    assert better.attrs["left_out"] == worse.attrs["left_out"]


def test_stretching_keeps_the_size_in_standard_errors():
    pain = contrasts("sadeghirad2024", "pain", 6)
    stretched = on_instrument(pain, "vas_pain_100")
    np.testing.assert_allclose(stretched.y, 10 * pain.y)
    np.testing.assert_allclose(stretched.v, 100 * pain.v)
    assert stretched.attrs["mid"] is None


@pytest.mark.parametrize(
    ("outcome", "month", "instrument", "says"),
    [
        ("adverse_any", None, "sf36_pf_100", "no scale of scores"),
        ("function", 6, "ikdc", "no known limits"),
        ("function", 6, "sf36", "instrument"),
    ],
)
def test_refusals(outcome, month, instrument, says):
    with pytest.raises(ValueError, match=says):
        on_instrument(contrasts("sadeghirad2024", outcome, month), instrument)
