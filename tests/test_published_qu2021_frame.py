"""What the chapters on trials, selection and meta-regression of Qu and Sun print, by arithmetic of its own."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.special import stdtr, stdtrit

from mscmeta import audit, data, ledger, meta_regression

DATA = Path(__file__).resolve().parent.parent / "data"


def rows(table: str, **equal: str) -> list[dict]:
    """Rows of a table, read without mscmeta."""
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if all(row[key] == value for key, value in equal.items())]


def test_patients_are_476_as_printed_and_461_as_randomised():
    table_1 = rows("characteristics", source="qu2021")
    sizes = {}
    for row in table_1:
        sizes[row["trial"]] = sizes.get(row["trial"], 0) + int(row["n"])
    randomised = {row["trial"]: row["randomised"] for row in rows("trials") if row["trial"] in sizes}
    counted = {trial: int(randomised[trial] or size) for trial, size in sizes.items()}
    assert len(sizes) == 9
    assert sum(sizes.values()) == 476
    assert sum(counted.values()) == 461
    assert {trial for trial in sizes if counted[trial] != sizes[trial]} == {"gupta2016"}


def test_flow_adds_up():
    n = {row["step"]: int(row["n"]) for row in rows("flow", review="qu2021")}
    assert n["identified"] - n["duplicates"] == n["screened"]
    assert n["screened"] - n["excluded_screening"] == n["full_text"]
    assert n["full_text"] - n["excluded_full_text"] == n["included"] == 9
    assert sum(size for step, size in n.items() if step.startswith("excluded_") and step not in (
        "excluded_screening", "excluded_full_text")) == n["excluded_full_text"]  # fmt: skip


def test_arms_of_ha_have_the_numbers_of_other_arms_elsewhere():
    facts = ("n", "male", "female", "age", "age_sd")
    arms = {
        (row["source"], row["regimen"]): [row[key] for key in facts] for row in rows("characteristics", trial="ha2018")
    }
    assert arms["qu2021", "5 million MSC"] == arms["bmjopen2022", "PRP"]
    assert arms["qu2021", "HA"] == arms["bmjopen2022", "MSC"]
    assert arms["qu2021", "HA"] != arms["bmjopen2022", "HA"]


def fits(printed: dict[str, str], df: int) -> bool:
    """Whether some t within the rounding of what is printed has both the printed P and the printed interval."""
    t = float(printed["t"]) + np.linspace(-0.005, 0.005, 401)
    p = 2 * stdtr(df, -t)
    half = (float(printed["high"]) - float(printed["low"])) / 2
    width = stdtrit(df, 0.975) * float(printed["coefficient"]) / t
    slack = 1.1e-4 / t + half * 1e-4
    return bool((np.abs(p - float(printed["p"])) <= 0.0005 + 1e-9).any() and (np.abs(width - half) <= slack).any())


@pytest.mark.parametrize("covariate", ["age", "gender", "grade", "duration", "dose"])
def test_degrees_of_freedom_of_table_2(covariate):
    parts = ("coefficient", "low", "high", "t", "p")
    printed = {part: rows("claims", claim=f"qu2021.table2.{covariate}.{part}")[0]["printed"] for part in parts}
    possible = [df for df in range(1, 61) if fits(printed, df)]
    found = audit.df_implied(printed["t"], printed["p"], estimate=printed["coefficient"], low=printed["low"],
                             high=printed["high"], at_most="8")  # fmt: skip
    assert (found.range.low, found.range.high) == (possible[0], possible[-1])
    assert found.verdict == "contradicted"
    assert min(possible) > 10 - 2  # ten doses in six trials, an intercept and a slope


def test_every_dose_at_every_visit_gives_26_rows():
    months = {row["trial"]: len(row["follow_up_printed"].split(",")) for row in rows("inclusion", review="qu2021")}
    vas = rows("published", review="qu2021", outcome="vas_pain")[0]["trials"].split()
    arms = [row["trial"] for row in rows("characteristics", source="qu2021") if row["arm"] != "control"]
    assert (len(vas), sum(t in vas for t in arms), sum(months[t] for t in arms if t in vas)) == (6, 10, 26)


def test_slope_on_dose_by_least_squares():
    """The slope of the chapter, with its tau2 taken as given, by the normal equations."""
    arms = [row for row in rows("arms", role="msc") if row["dose_million"]]
    trials = data.contrasts("cochrane2025", "pain", 6)
    dose = {}
    for trial in trials.trial:
        own = [(float(row["n"]), np.log10(float(row["dose_million"]))) for row in arms if row["trial"] == trial]
        if own:
            dose[trial] = np.average([x for _, x in own], weights=[n for n, _ in own])
    held = trials[trials.trial.isin(dose)]
    x = np.column_stack([np.ones(len(held)), held.trial.map(dose)])
    fit = meta_regression(held.y, held.v, x[:, 1], ci="HK-floor")
    w = np.diag(1 / (held.v.to_numpy() + fit.tau2))
    assert fit.coefficients == pytest.approx(np.linalg.solve(x.T @ w @ x, x.T @ w @ held.y.to_numpy()))
    assert len(held) == 8
    assert fit.p_values[1] > 0.05


def test_statements_that_the_chapter_on_trials_lists_are_contradicted():
    keys = ["table1.gupta2016.control.n", "abstract.patients", "table1.saw2013.country", "vas_pain.studies"]
    keys += ["table1.wong2013.msc.month_18", "table1.vega2015.msc.male", "discussion.lamo_name", "results.kl_low"]
    keys += ["discussion.most_low_bias"]
    found = ledger.evaluate_claims(only=[f"qu2021.{key}" for key in keys])
    assert set(found.verdict) == {"contradicted"}
