"""The two tables of the methods chapters are what their makers make, and mscmeta gives the reference answers."""

from itertools import product

import numpy as np
import pytest

import mscmeta
from benchmarks import coverage
from mscmeta import data, pool
from mscmeta.simulate import run
from tests.oracles import reference_answers

ANSWERS = data.table("reference_answers")


def test_the_table_is_made_from_the_oracles():
    assert reference_answers.CSV.read_text(encoding="utf-8") == reference_answers.text()


def inputs(case):
    rows = ANSWERS[(ANSWERS.case == case) & (ANSWERS.method == "data")]
    order = list(dict.fromkeys(rows.study))
    return rows.pivot(index="study", columns="quantity", values="value").loc[order]


@pytest.mark.parametrize("case", ["normand1999", "bcg_logrr_k3", "hom_k3"])
def test_pool_gives_the_pooled_answers(case):
    studies, seen = inputs(case), 0
    pooled = ANSWERS[(ANSWERS.case == case) & (ANSWERS.study == "all")]
    for method, rows in pooled.groupby("method"):
        estimator, interval, *rule = method.split(", ")
        fit = pool(studies.y, studies.v, tau2=estimator, ci=interval)
        got = {"estimate": fit.estimate, "ci_low": fit.ci.low, "ci_high": fit.ci.high, "tau2": fit.tau2}
        if rule:
            got |= dict(zip(("pi_low", "pi_high"), fit.prediction_interval(rule[0]), strict=True))
        for row in rows.itertuples():
            assert got[row.quantity] == pytest.approx(row.value, rel=1e-6, abs=1e-12)
            seen += 1
    assert seen >= 8


@pytest.mark.parametrize(
    ("case", "measure", "function"),
    [
        ("normand1999_arms", "MD", mscmeta.mean_difference),
        ("normand1999_arms", "SMD", mscmeta.standardized_mean_difference),
        ("normand1999_arms", "ROM", mscmeta.ratio_of_means),
        ("li2007_arms", "RR", mscmeta.risk_ratio),
        ("li2007_arms", "OR", mscmeta.odds_ratio),
    ],
)
def test_effects_of_single_studies(case, measure, function):
    arms = inputs(case)
    columns = [c for c in ("mean_1", "sd_1", "events_1", "n_1", "mean_2", "sd_2", "events_2", "n_2") if c in arms]
    effect = function(*(arms[c] for c in columns))
    wanted = ANSWERS[(ANSWERS.case == case) & (ANSWERS.method == measure)].pivot(
        index="study", columns="quantity", values="value").loc[arms.index]  # fmt: skip
    assert np.allclose(effect.y, wanted.y, rtol=1e-11, atol=1e-13)
    assert np.allclose(effect.v, wanted.v, rtol=1e-11)


def test_conversions_of_quartiles():
    cases = [case for case in ANSWERS.case.unique() if case.startswith("quartiles_")]
    assert len(cases) == 5
    for case in cases:
        one = inputs(case).iloc[0]
        for method, tolerance in [("Luo-Wan", 1e-10), ("QE", 1e-3), ("BC", 2e-3)]:
            got = mscmeta.mean_sd_from_quartiles(one.q1, one["median"], one.q3, one.n, method=method)
            rows = ANSWERS[(ANSWERS.case == case) & (ANSWERS.method == method)].set_index("quantity").value
            assert got.mean == pytest.approx(rows["mean"], rel=tolerance)
            assert got.sd == pytest.approx(rows["sd"], rel=tolerance)


# ---------------------------------------------------------------- the simulation


def test_the_committed_simulation_is_complete_and_of_this_script():
    table = data.table("coverage")
    assert len(table) == len(coverage.K) * len(coverage.I2) * len(coverage.METHODS)
    assert set(table.seed) == {coverage.SEED}
    assert set(table.replicates) == {coverage.REPLICATES["coverage"]}
    error = np.sqrt(table.coverage * (1 - table.coverage) / table.replicates)
    assert np.allclose(table.mc_error, error, atol=1e-5)


def test_a_short_run_agrees_with_the_table_within_chance():
    table = data.table("coverage").set_index(["k", "i2", "method"])
    some = [s for s in coverage.like_this_book() if s.k == 4]
    found = run(some, methods=coverage.METHODS, replicates=4000, seed=1)
    for place, row in zip(product(coverage.I2, coverage.METHODS), found.itertuples(), strict=True):
        i2, (estimator, interval) = place
        wanted = table.loc[(4, i2, f"{estimator} + {interval}")]
        error = max(np.sqrt(wanted.coverage * (1 - wanted.coverage) / 4000), 1e-3)
        assert abs(row.coverage - wanted.coverage) < 4.5 * error
        assert row.tau2 == pytest.approx(wanted.tau2, abs=1e-9)
        assert row.width == pytest.approx(wanted.width, rel=0.06)


def test_the_committed_rows_are_what_the_seed_gives():
    """One scenario of each table, computed again in full: the numbers are the same to the digits written."""
    first = coverage.like_this_book()[:1]
    again = run(first, methods=coverage.METHODS[:2], replicates=coverage.REPLICATES["coverage"], seed=coverage.SEED)
    rows = data.table("coverage").iloc[:2]
    assert np.allclose(again.coverage, rows.coverage, rtol=0, atol=6e-6)
    assert np.allclose(again.width, rows.width, rtol=0, atol=6e-5)
    table, last = data.table("simulations"), coverage.small_grid()[-1:]
    again = run(last, replicates=coverage.REPLICATES["simulations"], seed=coverage.SEED, methods=[("DL", "HK-floor")])
    rows = table[(table.scenario == 36) & (table.tau2_method == "DL") & (table.ci_method == "HK-floor")]
    assert np.allclose(again[["coverage", "bias", "width"]], rows[["coverage", "bias", "width"]], rtol=0, atol=6e-5)


def test_the_table_of_all_methods_is_complete_and_of_this_script():
    table = data.table("simulations")
    short = coverage.simulations(replicates=10)
    assert list(short) == list(table)
    about = [
        "scenario",
        "kind",
        "k",
        "tau2",
        "n",
        "size_ratio",
        "arm_ratio",
        "risk",
        "tau2_method",
        "ci_method",
        "seed",
    ]
    assert (short[about].fillna(-1) == table[about].fillna(-1)).all(axis=None)
    assert set(table.replicates) == {coverage.REPLICATES["simulations"]}
    error = np.sqrt(table.coverage * (1 - table.coverage) / (table.replicates * table.intervals))
    assert np.allclose(table.coverage_error, error, atol=1e-5)


def test_tables_are_written_with_the_digits_that_mean_something(tmp_path):
    coverage.write(coverage.simulations(replicates=10)[:2], tmp_path / "t.csv")
    wanted = (coverage.DATA / "simulations.csv").read_text().splitlines()
    header, row, _ = (tmp_path / "t.csv").read_text().splitlines()
    assert header == wanted[0]
    digits = [[len(cell.partition(".")[2]) for cell in line.split(",")] for line in (row, wanted[1])]
    assert digits[0] == digits[1]


def test_wald_intervals_fall_short_and_the_floor_holds_where_trials_differ_and_are_few():
    table = data.table("coverage").set_index(["k", "i2", "method"]).coverage
    for k in range(3, 6):
        assert table[k, 0.5, "DL + Wald"] < 0.91
        assert table[k, 0.5, "REML + HK-floor"] > 0.95
