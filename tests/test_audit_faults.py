"""mscmeta.audit.faults and error_rates: the audit's own error rate, on open and on simulated rows."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from benchmarks import audit_errors
from mscmeta import data
from mscmeta.audit import Row, error_rates, faults
from mscmeta.extraction import planting_ground, stored_honest, stored_rates


@pytest.fixture(scope="module")
def open_rows():
    rows = planting_ground()
    assert len(rows) >= 100
    return rows


@pytest.fixture(scope="module")
def beside():
    return stored_rates("report")


@pytest.fixture(scope="module")
def alone():
    return stored_rates("rows")


def test_the_stored_rates_are_those_of_the_seeded_simulation(open_rows):
    """The first faults of every class again, from the same seeds: each is found, or is a stored miss."""
    held_out = error_rates.halves(open_rows)["held out"]
    for way, report in audit_errors.WAYS.items():
        stored = {rate.name: rate for rate in stored_rates(way).found}
        for rate in error_rates.measure(held_out, per_class=3, report=report, seed=error_rates.SEEDS["held out"]).found:
            assert rate.misses == stored[rate.name].misses[: len(rate.misses)]
            for measure in ("moved", "errors"):
                again = getattr(rate, measure)
                assert again == pytest.approx(getattr(stored[rate.name], measure)[: len(again)], abs=6e-4)


def test_the_script_writes_the_columns_of_the_tables(monkeypatch):
    monkeypatch.setattr(audit_errors, "WAYS", {"rows": False})
    counts, misses = audit_errors.count_all(per_class=1, results=20)
    assert [row["found"] for row in counts if row["fault"] == "honest results flagged"] == [0]
    for name, rows in (("audit_errors", counts), ("audit_misses", misses)):
        assert all(list(row) == list(data.table(name).columns) for row in rows)
    assert len(counts) == 2 * (12 + 2) + 1


def test_the_halves_share_no_trial(open_rows):
    trials = [{row["trial"] for row in rows} for rows in error_rates.halves(open_rows).values()]
    assert not trials[0] & trials[1]
    assert len(trials[0] | trials[1]) == len({row["trial"] for row in open_rows})
    assert abs(len(trials[0]) - len(trials[1])) <= 1


def test_twelve_classes_two_hundred_or_more_each(beside, alone):
    for rates in (beside, alone):
        assert [rate.name for rate in rates.found] == list(faults.FAULTS)
        assert len(rates.found) == 12
        assert all(rate.of >= 200 for rate in rates.found)
        assert rates.overall.of == sum(rate.of for rate in rates.found)
        assert rates.false_alarms.of == rates.overall.of


def test_beside_the_trials_own_report_every_aim_is_met(beside):
    found = {rate.name: rate.share for rate in beside.found}
    assert beside.overall.share >= 0.9
    assert min(found[name] for name in ("se_for_sd", "sd_for_se", "control_reused")) >= 0.99
    assert beside.right.share >= 0.95
    assert beside.false_alarms.hits == 0


def test_from_the_rows_alone_some_faults_cannot_be_seen(alone):
    """What is claimed of the audit without the trial's report: neither more nor less."""
    found = {rate.name: rate.share for rate in alone.found}
    whole = ("se_for_sd", "sd_for_se", "control_reused", "wrong_month", "impossible_mean", "scale", "n_swapped")
    assert min(found[name] for name in whole) >= 0.99
    assert min(found[name] for name in ("decimal_slip", "change_for_final")) >= 0.9
    assert max(found[name] for name in ("sign", "arms_swapped", "digits_transposed")) < 0.9
    assert 0.8 <= alone.overall.share < 0.9
    assert alone.right.share >= 0.95
    assert alone.false_alarms.hits == 0


def test_the_aim_from_the_rows_alone_lies_near_what_any_check_could_do(alone):
    """Nine in ten: missed, and little above it the ceiling of a check that knows the patients' true means and SDs."""
    ceiling = sum(rate.hits + sum(map(error_rates.best_power, rate.errors)) for rate in alone.found) / alone.overall.of
    assert alone.overall.share < 0.9 < ceiling < 0.93
    hidden = np.concatenate([rate.errors for rate in alone.found])
    assert np.mean(hidden < NormalDist().inv_cdf(1 - 1e-4)) > 0.5  # less than half of each of these could be found


def test_the_limits_were_not_made_to_measure():
    """The half on which they were set does no better than the other, within the error of either."""
    for way in ("report", "rows"):
        tuned, held_out = stored_rates(way, "tuning").overall, stored_rates(way).overall
        assert tuned.share <= held_out.share + 0.02
        assert stored_rates(way, "tuning").false_alarms.hits == 0


def test_misses_are_described(alone):
    for rate in alone.found:
        assert len(rate.misses) == len(rate.moved) == len(rate.errors) == rate.of - rate.hits
        assert all("→" in miss for miss in rate.misses)


def test_a_way_that_is_not_stored_is_refused():
    with pytest.raises(ValueError, match="way is 'paper' and trials 'held out': use 'report' or 'rows'"):
        stored_rates("paper")


def test_ten_thousand_honest_results_were_not_flagged():
    rate = stored_honest()
    assert (rate.hits, rate.of) == (0, 10_000)
    assert rate.interval == (0.0, pytest.approx(3.69e-4, rel=0.01))


def test_honest_results_are_not_flagged():
    """Some of them again, and some of another stream."""
    for seed in (error_rates.SEEDS["honest"], 97):
        rate = error_rates.honest(300, seed=seed)
        assert (rate.hits, rate.of, rate.misses) == (0, 300, ())


def test_honest_trials_are_what_they_say():
    rng = np.random.default_rng(4)
    rows = [row for number in range(40) for row in error_rates.honest_trial(rng, number)]
    assert {row["kind"] for row in rows} == {"final", "change"}
    assert {len({r["outcome"] for r in rows if r["trial"] == f"trial {i}"}) for i in range(40)} == {1, 2, 3}
    for row in rows:
        low, high = (row["low"], row["high"]) if row["kind"] == "final" else (-row["high"], row["high"])
        assert low < row["mean_1"] < high
        assert 0 < row["sd_2"] < row["high"]
        assert row["n_1"] >= 4


def test_the_same_seed_gives_the_same_documents(open_rows):
    few = [error_rates.measure(open_rows, per_class=3, seed=5) for _ in range(2)]
    assert few[0] == few[1]
    assert few[0] != error_rates.measure(open_rows, per_class=3, seed=6)


def test_every_fault_changes_the_row_and_nothing_else(open_rows):
    rng = np.random.default_rng(3)
    for name in faults.FAULTS:
        clean, faulty, at = faults.plant(name, open_rows, rng)
        assert faulty != clean
        assert [row for row in clean if row != clean[at]] == [row for row in faulty if row in clean]
        if name != "control_reused":
            report = (
                "estimate",
                "ci_low",
                "ci_high",
                "p",
                "randomised_1",
                "randomised_2",
                "low",
                "high",
                "trial",
                "month",
            )
            assert all(getattr(faulty[at], cell) == getattr(clean[at], cell) for cell in report)


def test_a_fault_that_nowhere_fits_is_refused(open_rows):
    equal = [row | {"n_1": 10, "n_2": 10} for row in open_rows]
    with pytest.raises(ValueError, match="no row in which the fault 'n_swapped' can be planted"):
        faults.plant("n_swapped", equal, np.random.default_rng(1))


def test_faults_that_do_not_fit_a_row_say_so():
    rng = np.random.default_rng(1)
    one = {"trial": "a", "outcome": "pain", "kind": "final", "month": 3, "low": None, "high": None}
    one |= {"n_1": 2, "mean_1": 3.0, "sd_1": 1.0, "n_2": 2, "mean_2": 3.0, "sd_2": 1.0}
    rows = faults.print_rows([one], rng, report=False)
    assert faults.wrong_month(rows, 0, rng) is None
    assert faults.control_reused(rows, 0, rng) is None
    assert faults.impossible_mean(rows, 0, rng) is None
    assert faults.digits_transposed([replace(rows[0], mean_1="1", sd_1="1", mean_2="1", sd_2="1")], 0, rng) is None
    assert float(faults.sign(rows, 0, rng)[0].mean_1) == -3
    assert faults.change_for_final(rows, 0, rng)[0] != rows[0]


def test_how_far_a_fault_moves_a_row_and_who_could_see_it():
    was = Row("x", "pain", "6", "25", "4.0", "2.0", "16", "5.0", "2.5")
    assert error_rates.sampling_errors(was, was) == 0
    one = replace(was, mean_1="5.2")
    assert error_rates.sampling_errors(was, one) == pytest.approx(1.2 / (2.0 / 5))
    both = replace(one, sd_2="1.25")
    assert error_rates.sampling_errors(was, both) == pytest.approx((9 + 30 * np.log(2) ** 2) ** 0.5)
    assert 0 < error_rates.sampling_errors(was, replace(was, sd_1="0.0")) < 50  # printed as nought, which it is not
    draws = np.random.default_rng(1).standard_normal(100_000)
    for shift, alarms in ((1.0, 0.05), (3.0, 0.01)):
        seen = np.mean(draws + shift > np.quantile(draws, 1 - alarms))
        assert error_rates.best_power(shift, false_alarms=alarms) == pytest.approx(seen, abs=0.01)


def test_rates_and_their_intervals():
    rate = error_rates.Rate("x", 9, 10)
    assert rate.share == 0.9
    assert rate.interval == (pytest.approx(0.5550, abs=1e-4), pytest.approx(0.9975, abs=1e-4))  # Clopper and Pearson
    assert error_rates.Rate("x", 10, 10).interval[1] == 1.0
