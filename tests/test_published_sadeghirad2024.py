"""What the chapters on Sadeghirad 2024 print: re-runs beside the printed numbers, by other arithmetic."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import norm, t

from mscmeta import Interval, data, pool
from mscmeta.chances import chance_of_benefit
from mscmeta.report import compare
from mscmeta.subsets import matches, pool_sets, search

PRINTED = data.table("published").query("review == 'sadeghirad2024'")
#: Outcome, month of the trials, month as printed: pooled effect (DL, Wald) in the direction and unit of the review.
RERUNS = {
    ("pain", 3, 6): (-0.91, -1.49, -0.33, 11),
    ("pain", 6, 6): (-1.27, -2.12, -0.42, 11),
    ("pain", 12, 12): (-1.73, -3.21, -0.24, 7),
    ("function", 3, 6): (6.13, 0.58, 11.69, 11),
    ("function", 6, 6): (8.71, 0.25, 17.18, 11),
    ("function", 12, 12): (13.22, -2.10, 28.54, 7),
}


def held(outcome, month):
    frame = data.contrasts("sadeghirad2024", outcome, month)
    return data.on_instrument(frame, "sf36_pf_100") if outcome == "function" else frame


def printed(outcome, month):
    row = PRINTED[(PRINTED.outcome == outcome) & (PRINTED.month == month)].iloc[0]
    return row.estimate, Interval(row.ci_low, row.ci_high)


def dersimonian_laird(y, v):
    """Estimate, standard error and tau2, from the formulas of the 1986 paper."""
    w = 1 / v
    mean = w @ y / w.sum()
    q = w @ (y - mean) ** 2
    tau2 = max(0.0, (q - len(y) + 1) / (w.sum() - w @ w / w.sum())) if len(y) > 1 else 0.0
    w = 1 / (v + tau2)
    return w @ y / w.sum(), w.sum() ** -0.5, tau2


@pytest.mark.parametrize(("outcome", "month", "visit"), RERUNS)
def test_rerun_is_the_one_the_chapter_prints_and_differs(outcome, month, visit):
    frame = held(outcome, month)
    estimate, se, _ = dersimonian_laird(frame.y.to_numpy(), frame.v.to_numpy())
    told = RERUNS[outcome, month, visit]
    assert len(frame) == told[3]
    assert (estimate, estimate - 1.959964 * se, estimate + 1.959964 * se) == pytest.approx(told[:3], abs=0.005)
    theirs = pool(frame.y, frame.v, tau2="DL", ci="Wald")
    assert theirs.estimate == pytest.approx(estimate, rel=1e-10)
    assert compare(printed(outcome, visit)[0], estimate, decimals=2).verdict == "differs"


@pytest.mark.parametrize("month", [3, 6, 12])
def test_function_is_turned_round_and_not_stretched(month):
    raw = data.contrasts("sadeghirad2024", "function", month)
    assert (raw.attrs["higher_is"], held("function", month).attrs["higher_is"]) == ("worse", "better")
    np.testing.assert_allclose(held("function", month).y, -raw.y)


def test_chances_of_a_benefit_at_6_months():
    frame = held("pain", 6)
    fit = pool(frame.y, frame.v, tau2="DL", ci="Wald")
    estimate, se, tau2 = dersimonian_laird(frame.y.to_numpy(), frame.v.to_numpy())
    chance = chance_of_benefit(fit, frame.attrs["mid"], higher_is="worse")
    assert chance.mean == pytest.approx(norm.cdf((-1.5 - estimate) / se))
    assert chance.new == pytest.approx(t.cdf((-1.5 - estimate) / np.sqrt(se**2 + tau2), len(frame) - 1))


def test_no_set_of_one_band_gives_the_printed_pain_result():
    """Every subset by a plain loop, against the search that the chapter shows."""
    frame = held("pain", 12)
    y, v = frame.y.to_numpy(), frame.v.to_numpy()
    estimate, interval = printed("pain", 12)
    apart = []
    for size in range(1, len(y) + 1):
        for chosen in combinations(range(len(y)), size):
            m, se, _ = dersimonian_laird(y[list(chosen)], v[list(chosen)])
            low, high = m - 1.959963984540054 * se, m + 1.959963984540054 * se
            apart.append(max(abs(m - estimate), abs(low - interval.low), abs(high - interval.high)))
    found = search(y, v, estimate, interval, methods=[("DL", "Wald")]).iloc[0]
    assert found.sets == len(apart) == 127
    assert found.equal == sum(x <= 0.005 for x in apart) == 0
    assert found.apart == pytest.approx(min(apart))


@pytest.mark.parametrize("month", [3, 6])
def test_no_subset_at_3_to_6_months_under_classical_settings(month):
    frame = held("pain", month)
    sets = pool_sets(frame.y, frame.v, tau2="DL", ci="Wald")
    assert matches(sets, *printed("pain", 6), within=0.015).sum() == 0
    assert sets.k.size == 2047


def test_any_adverse_event():
    row = PRINTED[PRINTED.outcome == "adverse_any"].iloc[0]
    frame = data.contrasts("sadeghirad2024", "adverse_any")
    a, n1, c, n2 = (frame[name].to_numpy(float) for name in ("events_1", "n_1", "events_2", "n_2"))
    half = 0.5 * ((a == 0) | (c == 0) | (a == n1) | (c == n2))
    y = np.log((a + half) / (n1 + 2 * half) / ((c + half) / (n2 + 2 * half)))
    v = 1 / (a + half) - 1 / (n1 + 2 * half) + 1 / (c + half) - 1 / (n2 + 2 * half)
    estimate, se, _ = dersimonian_laird(y, v)
    ratio = np.exp([estimate, estimate - 1.959964 * se, estimate + 1.959964 * se])
    assert ratio == pytest.approx([1.44, 1.08, 1.91], abs=0.005)
    assert compare(row.estimate, ratio[0], decimals=2).verdict == "differs"
    r, s = np.sum(a * n2 / (n1 + n2)), np.sum(c * n1 / (n1 + n2))
    assert r / s == pytest.approx(1.52, abs=0.005)  # Mantel-Haenszel


def test_local_reactions_have_one_public_trial_with_one_event():
    frame = data.contrasts("sadeghirad2024", "adverse_local")
    assert frame.trial.tolist() == ["garza2020"]
    assert int(frame.events_1.sum() + frame.events_2.sum()) == 1
    assert len(frame.attrs["left_out"]) == 13
