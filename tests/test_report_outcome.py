"""The tables of the outcome chapters, and the figure of what is missing."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mscmeta import plots, report, rerun
from mscmeta.report._outcome import _compared


@pytest.fixture(scope="module")
def total():
    return rerun.visits("qu2021", "womac_total")


@pytest.fixture(scope="module")
def stiffness():
    return {
        **rerun.visits("qu2021", "womac_stiffness"),
        3: rerun.visits("qu2021", "womac_stiffness", medians="exclude")[3],
    }


@pytest.fixture(scope="module")
def gaps():
    return {unit: rerun.gaps("qu2021", "womac_pain", unit=unit) for unit in (100, "own")}


def plain(cell):
    return getattr(cell, "text", cell)


def test_verdicts(total, stiffness):
    assert [report.verdict_of(visit) for visit in total.values()] == ["unverifiable", "unverifiable", "differs"]
    assert report.verdict_of(stiffness[3]) == "unverifiable"


def test_findings(total, stiffness):
    assert report.finding(total[12]).text.startswith("At 12 months two trials can be pooled: ")
    assert report.finding(stiffness[12]).text.startswith("At 12 months one trial is at hand: 0.0 points (95% CI ")
    assert report.finding(stiffness[3]).text.startswith("At 3 months we hold no trial: not rerunnable")


def test_checked_has_a_reason_in_every_row(total, stiffness):
    for at in (total, stiffness):
        frame = report.rows_checked(at)
        assert frame.Month.tolist() == [3, 6, 12]
        assert not frame.map(plain).isin(["", None]).any().any()
    rows = report.rows_checked(stiffness).map(plain)
    assert rows.iloc[0, 2] == "nothing held"
    assert rows.iloc[2, 2].endswith("; k = 1")
    assert rows.iloc[2, 3] == "0.00; k = 1, no interval"
    assert report.rows_checked(total).map(plain).iloc[2, 2].endswith("; k = 2, FE")


def test_held_rows_hide_only_what_nobody_needs():
    from mscmeta import data

    frame = report.rows_held(data.holdings("qu2021", "vas_pain", [24]))
    assert frame.Trial.tolist() == ["Vangsness 2014"]
    frame = report.rows_held(data.holdings("qu2021", "vas_pain", [3]))
    assert set(frame.Here) == {"re-run", "re-run, though not listed", "not rerunnable"}


def test_arms_sources_printed(total, stiffness):
    arms = report.rows_arms(total)
    assert len(arms) == len(report.rows_sources(total)) == 6
    assert plain(arms.iloc[0]["Mean (SD), MSC"]) == "32.5 (18.7)"
    assert len(report.rows_arms(stiffness)) == len(report.rows_sources(stiffness)) == 2
    printed = report.rows_printed(total)
    assert printed.iloc[0].tolist() == [3, 3.35, 0.01, 6.69, "0.049"]


def test_ways_end_with_what_was_printed(stiffness):
    frame = report.rows_ways({"here": stiffness}).map(plain)
    assert frame.iloc[0].tolist()[1] == "nothing held"
    assert frame.iloc[1, 0] == "printed by the review"
    assert frame.iloc[1, 3] == "−13.8 (−21.2 to −6.5)"


def test_left_out(total, stiffness):
    frame = report.rows_left_out(total, tau2="DL", ci="Wald")
    assert frame.Month.value_counts().to_dict() == {3: 2, 6: 2, 12: 2}
    assert plain(frame.Result[4]).startswith("−0.4 (95% CI ")
    assert report.rows_left_out(stiffness).empty


def test_ledger_rows_show_what_fails():
    frame = report.rows_ledger("womac_stiffness").set_index("Claim")
    assert "contradicted" in frame.Verdict["12 months, estimate"].text
    assert "0 to 8" in frame.Why["12 months, estimate"]
    assert "contradicted" in frame.Verdict["6 months, statement"].text
    assert "3 months, low" not in frame.index


def test_gaps_rows(gaps):
    one, own = report.rows_gaps(gaps[100].values()), report.rows_gaps(gaps["own"].values())
    assert one.Together.tolist() == ["possible"] * 3
    assert one["One common effect"].tolist()[1:] == ["none", "none"]
    assert one["DerSimonian-Laird"][2] == "−37.7 to −29; SD up to 49.9"
    assert own["One common effect"][0] == "−19; SE 6.77 to 6.78"
    total = report.rows_gaps(rerun.gaps("qu2021", "womac_total", unit=100).values())
    assert total.Together.tolist() == ["possible", "impossible"]
    narrow = report.rows_gaps(rerun.gaps("qu2021", "vas_pain", unit=10).values())
    assert narrow["DerSimonian-Laird"].tolist()[2:] == ["off the scale"] * 2


def test_a_visit_is_compared_in_sds_too(total, stiffness):
    found = _compared(total[12])
    trials = total[12].trials
    df = np.array([*trials.n_1, *trials.n_2]) - 1
    sd = np.sqrt(np.sum(df * np.array([*trials.sd_1, *trials.sd_2]) ** 2) / df.sum())
    assert found.verdict == "differs"
    assert abs(found.difference) > 0.1 * sd
    near = replace(total[12], printed=("-5.90", "-16.1", "4.3", "0.3"))
    assert _compared(near).verdict == "within 0.1 SD"
    bare = replace(near, trials=trials.assign(sd_1=np.nan, sd_2=np.nan))
    assert _compared(bare).verdict == "differs"


def test_missing_region_draws_its_numbers(gaps):
    gap = gaps[100][12]
    ax = plots.missing_region(gap)
    drawn = {c.get_gid(): np.asarray(c.get_offsets()) for c in ax.collections if c.get_gid()}
    assert drawn["held"][:, 0].tolist() == pytest.approx(gap.held.y.tolist())
    assert drawn["held"][:, 1].tolist() == pytest.approx(np.sqrt(gap.held.v).tolist())
    np.testing.assert_allclose(drawn["missing-DL"], gap.by_model["DL"].points[:, :2])
    assert "missing-FE" not in drawn
    lines = {line.get_gid(): line.get_xdata() for line in ax.lines}
    assert lines["printed"][0] == -18.23
    low, high = ax.get_xlim()
    assert low < drawn["missing-DL"][:, 0].min()
    assert high > drawn["held"][:, 0].max()
    plt.close(ax.figure)


def test_missing_region_shades_what_the_scale_forbids():
    beyond = plots.missing_region(rerun.gaps("qu2021", "vas_pain", unit=10)[12])
    assert [p.get_gid() for p in beyond.patches].count("beyond") == 1
    inside = plots.missing_region(rerun.gaps("qu2021", "vas_pain", unit=100)[3], compact=True)
    assert not [p for p in inside.patches if p.get_gid() == "beyond"]
    both = {c.get_gid() for c in inside.collections}
    assert {"missing-FE", "missing-DL", "held"} <= both
    plt.close("all")


def test_missing_region_without_trials_and_into_an_axes(gaps):
    _, ax = plt.subplots()
    assert plots.missing_region(gaps["own"][3], ax=ax) is ax
    plt.close("all")


def test_missing_region_with_nothing_to_draw():
    gap = rerun.gaps("qu2021", "womac_total", unit=100)[6]
    with pytest.raises(ValueError, match="nothing to draw"):
        plots.missing_region(replace(gap, held=None))
    plt.close(plots.missing_region(gap).figure)


def test_results_without_a_mid():
    rows = [{"label": "a", "estimate": 1.0, "low": 0.0, "high": 2.0}]
    for compact in (False, True):
        plt.close(plots.results_against_mid(rows, None, compact=compact).figure)
