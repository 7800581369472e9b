"""mscmeta.audit.faults and error_rates: the audit's own error rate, on open and on simulated rows."""

from dataclasses import replace

import numpy as np
import pytest

from mscmeta.audit import error_rates, faults
from mscmeta.extraction import extracted_rows


@pytest.fixture(scope="module")
def open_rows():
    rows = [row for row in extracted_rows() if row["low"] is not None]
    assert len(rows) >= 100
    return rows


@pytest.fixture(scope="module")
def with_report(open_rows):
    return error_rates.measure(open_rows, per_class=200, report=True)


@pytest.fixture(scope="module")
def rows_alone(open_rows):
    return error_rates.measure(open_rows, per_class=200, report=False)


def test_twelve_classes_two_hundred_each(with_report):
    assert len(faults.FAULTS) == len(with_report.found) == 12
    assert all(rate.of == 200 for rate in with_report.found)
    assert with_report.overall.of == 2400


def test_beside_the_trials_own_report_nearly_every_fault_is_found(with_report):
    found = {rate.name: rate for rate in with_report.found}
    assert with_report.overall.share >= 0.9
    assert min(found[name].share for name in ("se_for_sd", "sd_for_se", "control_reused")) >= 0.99
    assert with_report.right.share >= 0.95
    assert with_report.false_alarms.hits == 0


def test_from_the_rows_alone_some_faults_cannot_be_seen(rows_alone):
    """What is claimed of the audit without the trial's report: neither more nor less."""
    found = {rate.name: rate.share for rate in rows_alone.found}
    assert min(found[name] for name in ("control_reused", "wrong_month", "impossible_mean")) >= 0.99
    assert min(found[name] for name in ("sd_for_se", "scale")) >= 0.95
    assert 0.8 <= found["se_for_sd"] < 0.99
    assert found["sign"] < 0.1
    assert 0.7 <= rows_alone.overall.share < 0.9
    assert found["digits_transposed"] < 0.5
    assert rows_alone.right.share >= 0.95
    assert rows_alone.false_alarms.hits == 0


def test_misses_are_described(rows_alone):
    for rate in rows_alone.found:
        assert len(rate.misses) == rate.of - rate.hits
        assert all("→" in miss for miss in rate.misses)


def test_ten_thousand_honest_results_are_not_flagged():
    rate = error_rates.honest(10_000)
    assert (rate.hits, rate.of, rate.misses) == (0, 10_000, ())
    assert rate.interval == (0.0, pytest.approx(3.69e-4, rel=0.01))


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


def test_rates_and_their_intervals():
    rate = error_rates.Rate("x", 9, 10)
    assert rate.share == 0.9
    assert rate.interval == (pytest.approx(0.5550, abs=1e-4), pytest.approx(0.9975, abs=1e-4))  # Clopper and Pearson
    assert error_rates.Rate("x", 10, 10).interval[1] == 1.0
