"""What the chapters on Sadeghirad 2024 print: re-runs beside the printed numbers, by other arithmetic."""

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import nbformat
import numpy as np
import pytest
from scipy.stats import norm, t

from mscmeta import Interval, data, pool
from mscmeta.certainty import assess
from mscmeta.chances import chance_of_benefit
from mscmeta.report import compare, ends_if_empty
from mscmeta.sequential import diversity, path, required_for_means
from mscmeta.subsets import matches, pool_sets, search

CHAPTERS = Path(__file__).resolve().parents[1] / "notebooks" / "sadeghirad2024"
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


def typical_sd(frame):
    """The middle of all standard deviations of the arms, by sorting."""
    sds = sorted([*frame.sd_1, *frame.sd_2])
    half = len(sds) // 2
    return (sds[half - 1] + sds[half]) / 2


def test_patients_needed_to_change_the_conclusion():
    """Information size: one trial, and trials that disagree as these do, from the formula and plain sums."""
    frame = held("pain", 6)
    y, v = frame.y.to_numpy(), frame.v.to_numpy()
    z, sd = norm.ppf(0.975) + norm.ppf(0.90), typical_sd(frame)
    alone = 4 * z**2 * sd**2 / 1.5**2
    _, se, _ = dersimonian_laird(y, v)
    share = 1 - 1 / (1 / v).sum() / se**2
    assert (round(alone), round(alone / (1 - share))) == (121, 603)
    assert required_for_means(1.5, sd, beta=0.10) == pytest.approx(alone)
    assert required_for_means(1.5, sd, beta=0.10, diversity=diversity(y, v)) == pytest.approx(alone / (1 - share))
    assert int((frame.n_1 + frame.n_2).sum()) == 615


def test_looks_after_every_trial():
    frame = held("pain", 6)
    y, v, n = (frame[name].to_numpy(float) for name in ("y", "v", "n_1"))
    n = n + frame.n_2.to_numpy(float)
    looks = path(y, v, n, 603.458)
    by_hand = []
    for size in range(1, len(y) + 1):
        mean, se, _ = dersimonian_laird(y[:size], v[:size])
        by_hand.append(mean / se)
    np.testing.assert_allclose(looks.z, by_hand, rtol=1e-9)
    assert sum(abs(x) > 1.96 for x in by_hand) == 4
    assert int(looks.crossed.sum()) == 2
    np.testing.assert_allclose(looks.fraction, np.minimum(np.cumsum(n) / 603.458, 1))


@pytest.mark.parametrize(("effect", "size"), [(-6.0, 50), (-1.0, 250), (0.9, 250), (4.0, 1000)])
def test_one_more_trial(effect, size):
    """What the next trial does to the interval, where the chapter is run with DL and Wald."""
    frame = held("pain", 6)
    more = 4 * typical_sd(frame) ** 2 / size
    mean, se, _ = dersimonian_laird(np.append(frame.y, effect), np.append(frame.v, more))
    fit = pool([*frame.y, effect], [*frame.v, more], tau2="DL", ci="Wald")
    assert tuple(fit.ci) == pytest.approx((mean - 1.959964 * se, mean + 1.959964 * se), abs=1e-5)


def test_certainty_of_the_six_results():
    """The ratings of the chapter, from the printed intervals of its own tables and the rows of judgements.csv."""
    judged = data.table("judgements")
    cells = [
        ("pain", 6),
        ("function", 6),
        ("pain", 12),
        ("function", 12),
        ("adverse_any", None),
        ("adverse_local", None),
    ]
    for outcome, month in cells:
        for comparators in ("all", "placebo"):
            one = assess("sadeghirad2024", outcome, month, comparators=comparators)
            limit = {"pain": 1.5, "function": 10.0}.get(outcome)
            low, high = (-limit, limit) if limit else (np.log(0.75), np.log(1.25))
            crossed = sum(one.fit.ci.low < x < one.fit.ci.high for x in (low, high))
            down = {r.domain: r.down for r in one.ratings}
            assert down["imprecision"] == crossed
            assert crossed > 0
            rows = judged[(judged.outcome == outcome) & (judged.comparators == comparators)]
            rows = rows[rows.month.isna() if month is None else rows.month == month]
            total = int(rows.down.sum()) + down["inconsistency"] + crossed
            assert one.word == ("high", "moderate", "low", "very low")[min(total, 3)]


def test_inconsistency_of_pain_at_six_months():
    """I² and the prediction interval by hand (DL): a new trial may lie beyond a threshold, but I² is below 75 %."""
    frame = held("pain", 6)
    y, v = frame.y.to_numpy(), frame.v.to_numpy()
    mean, se, tau2 = dersimonian_laird(y, v)
    w = 1 / v
    q = w @ (y - w @ y / w.sum()) ** 2
    half = t.ppf(0.975, len(y) - 1) * np.sqrt(se**2 + tau2)
    assert (q - len(y) + 1) / q == pytest.approx(0.731, abs=0.0005)
    assert mean - half < -1.5 < mean + 1.959964 * se
    assert mean + 1.959964 * se < 0 < mean + half < 1.5
    one = assess("sadeghirad2024", "pain", 6, tau2="DL", ci="Wald")
    assert {r.domain: r.down for r in one.ratings}["inconsistency"] == 1
    assert {r.domain: r.down for r in assess("sadeghirad2024", "pain", 6).ratings}["inconsistency"] == 2  # REML: 76 %


EMPTY = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
def run(cell):
    result = shell.run_cell(cell)
    assert result.success, cell
run("COMPARATORS = 'steroid'")
run("from mscmeta import data, report\\nreport.setup()")
load = '''with report.ends_if_empty():
    trials = data.contrasts("sadeghirad2024", "pain", 6, comparators=COMPARATORS)'''
run(load)
run("1 / 0")                            # skipped
run("made = len(trials)")               # skipped
assert "made" not in shell.user_ns
run(load)                               # the same settings again: the same sentence
run("1 / 0")
run("COMPARATORS = 'placebo'  # a comment")
run("from mscmeta import data, report\\nreport.setup()")
run(load)
run("made = len(trials)")
assert shell.user_ns["made"] == 7
assert not shell.run_cell("1 / 0", silent=True).success
print("all as said")
"""


def test_a_chapter_without_trials_ends_with_a_sentence():
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", EMPTY], capture_output=True, text=True, timeout=120)
    assert "all as said" in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("No trial is left with these settings") == 2
    assert "placebo, was not asked for (8)" in done.stdout
    with pytest.raises(data.NoTrialLeftError, match="no trial of sadeghirad2024 is left"), ends_if_empty():
        data.contrasts("sadeghirad2024", "pain", 6, comparators="steroid")


CAN_BE_EMPTY = (
    "pain_3_to_6_months pain_12_months function_3_to_6_months function_12_months adverse_any what_would_change"
)


@pytest.mark.parametrize("name", [*CAN_BE_EMPTY.split(), "grade"])
def test_every_chapter_with_comparators_can_be_empty(name):
    """Nothing is computed before the cell that may end it, and no prose refers to a figure or table that may lack."""
    cells = nbformat.read(CHAPTERS / f"{name}.ipynb", 4).cells
    ids = [cell.id for cell in cells]
    assert "COMPARATORS" in cells[ids.index("parameters")].source
    before = "\n".join(cell.source for cell in cells[: ids.index("load")] if cell.cell_type == "code")
    assert "contrasts(" not in before
    assert "assess" not in before.replace("import assess_all", "")
    assert cells[ids.index("load")].source.startswith("with report.ends_if_empty():\n")
    assert not [cell.id for cell in cells if cell.cell_type == "markdown" and "{numref}" in cell.source]
