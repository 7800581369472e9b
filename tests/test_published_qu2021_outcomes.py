"""What the chapters on the outcomes of Qu and Sun say, worked out here with numpy from the printed numbers alone."""

import numpy as np
import pytest

from mscmeta import data, report, rerun

Z = 1.959963984540054


def dl(y, v):
    """DerSimonian and Laird 1986, eq. 8: mean, SE and tau2; trials on the last axis."""
    w = 1 / v
    mean = (w * y).sum(-1) / w.sum(-1)
    q = (w * (y - mean[..., None]) ** 2).sum(-1)
    tau2 = np.maximum((q - y.shape[-1] + 1) / (w.sum(-1) - (w**2).sum(-1) / w.sum(-1)), 0)
    w = 1 / (v + tau2[..., None])
    return (w * y).sum(-1) / w.sum(-1), w.sum(-1) ** -0.5, tau2


def test_vas_in_the_units_of_the_reports():
    """12 months: Vega and Gupta, both in millimetres, from the means and SDs that Cochrane prints in centimetres."""
    y = 10 * np.array([3.307 - 5.093, 3.72 - 4.01])
    v = 100 * np.array([2.51**2 / 15 + 3.01**2 / 15, 2.843**2 / 40 + 2.437**2 / 20])
    w = 1 / v
    assert 1 - 1 / (w * (y - (w * y).sum() / w.sum()) ** 2).sum() < 0.5  # I² below 50 %: a common effect
    raw = rerun.own_units(rerun.visits("qu2021", "vas_pain", listed_only=True)[12].trials)
    assert (w * y).sum() / w.sum() == pytest.approx(np.average(raw.y, weights=1 / raw.v), abs=1e-6)
    assert (w * y).sum() / w.sum() == pytest.approx(-7.80, abs=0.01)


def test_vas_at_24_months_with_each_control_counted_once():
    """Two doses of 18, one control of 19: the SD under double counting, and the interval without it."""
    low, high = -35.01, -14.96
    se = (high - low) / (2 * Z)
    sd = se * (2 / (1 / 18 + 1 / 19)) ** 0.5
    honest = sd * (1 / 36 + 1 / 19) ** 0.5
    assert sd == pytest.approx(22.0, abs=0.05)
    assert (-24.98 - Z * honest, -24.98 + Z * honest) == pytest.approx((-37.21, -12.76), abs=0.02)


def test_vega_starts_uneven():
    final, change = (
        data.contrasts("qu2021", "vas_pain", 12, kind=k, trials=["vega2015"]).y.item() for k in ("final", "change")
    )
    assert final == pytest.approx(3.307 - 5.093)
    assert change == pytest.approx((-21.20 + 13.07) / 10)
    assert (final - change) / final > 0.5


def test_total_at_6_months_is_out_of_reach_of_any_one_trial():
    """Forwards over a fine grid of missing trials: mean and SE never come near the printed ones together."""
    held = rerun.gaps("qu2021", "womac_total", unit=100)[6].held
    effect, error = np.meshgrid(np.linspace(-100, 100, 801), np.geomspace(0.05, 60, 400), indexing="ij")
    y = np.stack([np.full_like(effect, x) for x in held.y] + [effect], axis=-1)
    v = np.stack([np.full_like(effect, x) for x in held.v] + [error**2], axis=-1)
    mean, se, _ = dl(y, v)
    printed_se = (16.13 + 25.28) / (2 * Z)
    off = np.maximum(np.abs(mean + 4.57), np.abs(se - printed_se))
    assert off.min() > 0.5
    assert (1 / held.v).sum() ** -0.5 < printed_se  # and one common effect cannot have so wide an interval at all


def test_pain_at_12_months_needs_far_larger_effects_than_printed():
    """Four doses that agree, over a grid of effect and SE: those that give the printed result lie where it is said."""
    gap = rerun.gaps("qu2021", "womac_pain", unit=100)[12]
    found = gap.by_model["DL"]
    for mean_effect, se, tau2, spread in found.central[::40]:
        each = se * 2
        new = mean_effect + spread * np.array([1, -1, 0, 0]) * 1.5**0.5
        mean, error, again = dl(np.append(gap.held.y, new), np.append(gap.held.v, np.full(4, each**2)))
        assert mean == pytest.approx(-18.23, abs=0.02)
        assert error == pytest.approx((35.72 - 0.75) / (2 * Z), abs=0.02)
        assert again == pytest.approx(tau2, rel=1e-3, abs=1e-3)
    assert found.effect.high < -25


@pytest.mark.parametrize(
    ("outcome", "verdicts"),
    [
        ("vas_pain", ["unverifiable"] * 4),
        ("womac_pain", ["unverifiable"] * 3),
        ("womac_stiffness", ["unverifiable"] * 3),
        ("womac_total", ["unverifiable", "unverifiable", "differs"]),
        ("ikdc", ["unverifiable"] * 4),
    ],
)
def test_verdicts_of_the_reruns(outcome, verdicts):
    assert [report.verdict_of(visit) for visit in rerun.visits("qu2021", outcome).values()] == verdicts


def test_function_at_3_months_comes_near_on_the_trials_that_table_1_lists():
    """Emadedin's changes and Gupta's final scores, from the means and SDs that Cochrane prints on 0 to 100."""
    rows = data.table("outcomes").query("source == 'cochrane2025' and outcome == 'function' and month == 3")
    y, v = [], []
    for trial in ("emadedin2018", "gupta2016"):
        arms = rows[rows.trial == trial]
        cells, control = (arms[arms.arm.str.startswith(name)].iloc[0] for name in ("msc", "control"))
        y.append(cells["mean"] - control["mean"])
        v.append(cells.sd**2 / cells.n + control.sd**2 / control.n)
    y, v = np.array(y), np.array(v)
    estimate, se = (y / v).sum() / (1 / v).sum(), (1 / v).sum() ** -0.5
    assert ((y - estimate) ** 2 / v).sum() < 2  # Q with one degree of freedom: I² below 50 %, a common effect
    assert estimate == pytest.approx(-8.14, rel=0.1)
    assert estimate + Z * se > 0  # the printed interval ends below zero
    visit = rerun.visits("qu2021", "womac_function", listed_only=True)[3]
    assert (visit.theirs.estimate, visit.theirs.ci.high) == pytest.approx((estimate, estimate + Z * se), abs=1e-6)
    assert report.verdict_of(visit) == "within 10%"
    assert report.verdict_of(rerun.visits("qu2021", "womac_function")[3]) == "differs"
