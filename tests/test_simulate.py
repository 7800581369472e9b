"""mscmeta.simulate: against what theory says of simple cases, and the same numbers whatever computes them."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import t as student

from mscmeta import simulate
from mscmeta.simulate import METHODS, Scenario, grid, run
from tests.fatal import Fatal

ROOT = Path(__file__).resolve().parent.parent
FEW = (("DL", "Wald"), ("REML", "HK"))


def one(scenario, method, replicates=8000, **options):
    """The row of one scenario and one method."""
    return run([scenario], methods=[method], replicates=replicates, seed=1, **options).iloc[0]


# ---------------------------------------------------------------- what theory says


@pytest.mark.parametrize("tau2", [0.0, 1.0])
def test_common_effect_covers_as_the_normal_distribution_says(tau2):
    """Equal known variances: the mean of k effects is normal with variance (v + tau2) / k; FE believes v / k."""
    row = one(Scenario(k=4, tau2=tau2, mean=-3.0, variances=(2.0,)), ("FE", "Wald"))
    z = ndtri(0.975)
    wanted = 2 * ndtr(z * np.sqrt(2 / (2 + tau2))) - 1
    assert row.coverage == pytest.approx(wanted, abs=4.5 * row.coverage_error)
    assert row.coverage_error == pytest.approx(np.sqrt(wanted * (1 - wanted) / 8000), rel=0.1)
    assert row.width == pytest.approx(2 * z * np.sqrt(2 / 4), rel=1e-12)
    assert abs(row.bias) < 4.5 * row.bias_error
    assert row.bias_error == pytest.approx(np.sqrt((2 + tau2) / 4 / 8000), rel=0.05)
    assert row.intervals == 1


def test_hartung_knapp_is_the_t_interval_of_equal_trials():
    """Its width is 2 t sd / sqrt(k), and a standard deviation of k normal values is chi distributed."""
    row = one(Scenario(k=3, tau2=0.5, variances=(1.0,)), ("DL", "HK"), level=0.9)
    assert row.coverage == pytest.approx(0.9, abs=4.5 * row.coverage_error)
    chi = np.sqrt(np.pi) / 2  # mean of a chi variable with 2 degrees of freedom over sqrt(2)
    assert row.width == pytest.approx(2 * student.ppf(0.95, 2) * chi * np.sqrt(1.5 / 3), rel=0.03)


def test_trials_of_patients_have_the_variance_that_they_estimate():
    scenario = Scenario(k=3, tau2=0.0, mean=0.4, n=30, size_ratio=9, arm_ratio=2)
    y, v = scenario.draw(np.random.default_rng(1), 40_000)
    n1, n2 = scenario.arms()
    assert (n1 + n2).tolist() == [10, 30, 90]
    assert np.allclose(n1 / n2, [7 / 3, 2, 2])
    assert np.allclose(v.mean(axis=1), 1 / n1 + 1 / n2, rtol=0.02)
    assert np.allclose(y.var(axis=1), 1 / n1 + 1 / n2, rtol=0.03)
    assert np.allclose(y.mean(axis=1), 0.4, atol=4.5 * np.sqrt((1 / n1 + 1 / n2) / 40_000))


def test_events_are_those_of_the_risk_and_the_odds_ratio():
    """With many patients nothing is rare: log odds ratios come out without bias, with Woolf's variance."""
    y, v = Scenario(k=2, tau2=0.0, mean=0.5, n=4000, risk=0.3).draw(np.random.default_rng(1), 4000)
    odds = 0.3 / 0.7 * np.exp(0.5)
    p = odds / (1 + odds)
    woolf = 1 / (2000 * p * (1 - p)) + 1 / (2000 * 0.3 * 0.7)
    assert np.allclose(v.mean(axis=1), woolf, rtol=0.01)
    assert np.allclose(y.var(axis=1), woolf, rtol=0.1)
    assert np.allclose(y.mean(axis=1), 0.5, atol=4.5 * np.sqrt(woolf / 4000))


def test_trials_without_events_drop_out_and_are_counted():
    """Both arms without events in both trials: no meta-analysis; in one of two: HK has no interval, Wald has."""
    scenario = Scenario(k=2, tau2=0.0, n=20, risk=0.02)
    table = run([scenario], methods=[("FE", "Wald"), ("FE", "HK")], replicates=20_000, seed=3).set_index("ci_method")
    empty = 0.98**20
    error = 4.5 * np.sqrt(0.25 / 20_000)
    assert table.intervals["Wald"] == pytest.approx(1 - empty**2, abs=error)
    assert table.intervals["HK"] == pytest.approx((1 - empty) ** 2, abs=error)


def test_all_without_events_leaves_nothing_to_say():
    row = one(Scenario(k=2, tau2=0.0, n=4, risk=1e-12), ("FE", "Wald"), 50)
    assert row.intervals == 0
    assert row[["coverage", "coverage_error", "bias", "bias_error", "width"]].isna().all()


def test_rare_events_pull_the_odds_ratio_to_one():
    """1/2 added to rare events shrinks a large effect (Sweeting, Sutton & Lambert 2004)."""
    row = one(Scenario(k=5, tau2=0.0, mean=-1.5, n=60, risk=0.05), ("FE", "Wald"))
    assert row.bias > 10 * row.bias_error


# ---------------------------------------------------------------- the same numbers, whatever computes them


GRID = grid(k=[2, 3], tau2=[0.0, 0.2], n=40, risk=[None, 0.05])
REPLICATES = simulate.BLOCK + 100  # two blocks, the second short


@pytest.fixture(scope="module")
def alone() -> pd.DataFrame:
    """The table as one process makes it."""
    return run(GRID, methods=FEW, replicates=REPLICATES, seed=11)


def test_a_row_for_each_scenario_and_method(alone):
    assert len(alone) == len(GRID) * len(FEW) == 16
    assert list(zip(alone.tau2_method, alone.ci_method, strict=True)) == list(FEW) * 8
    assert alone.kind.tolist() == (["means"] * 2 + ["events"] * 2) * 4
    assert set(alone.replicates) == {REPLICATES}


def test_order_and_company_of_a_scenario_do_not_matter(alone):
    backwards = run(GRID[::-1], methods=FEW[::-1], replicates=REPLICATES, seed=11)
    pd.testing.assert_frame_equal(backwards[::-1].reset_index(drop=True), alone, check_exact=True)
    single = run(GRID[3:4], methods=FEW, replicates=REPLICATES, seed=11)
    pd.testing.assert_frame_equal(single, alone[6:8].reset_index(drop=True), check_exact=True, check_dtype=False)


def test_workers_do_not_matter(alone):
    together = run(GRID, methods=FEW, replicates=REPLICATES, seed=11, workers=2)
    pd.testing.assert_frame_equal(together, alone, check_exact=True)


def test_seed_and_scenario_do_matter(alone):
    other = run(GRID, methods=FEW, replicates=REPLICATES, seed=12)
    assert (other.bias != alone.bias).all()
    assert alone.bias.nunique() >= len(GRID)


def test_blocks_of_a_scenario_differ():
    first, second = (simulate._stream(GRID[0], 1, number).random(5) for number in (0, 1))
    assert not np.isclose(first, second).any()


def test_one_scenario_has_one_spelling():
    spellings = [Scenario(k=3, tau2=1, n=40), Scenario(k=np.int64(3), tau2=np.float64(1), n=40.0, mean=0)]
    assert spellings[0] == spellings[1]
    assert repr(spellings[0]) == repr(spellings[1])
    assert Scenario(k=3, tau2=1, variances=[1, 2]) == Scenario(k=3, tau2=1, variances=np.array([1.0, 2.0]))


@contextmanager
def cluster(folder: Path):
    """A Dask scheduler and two workers, processes of their own, all ended at the end."""
    address = folder / "scheduler.json"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with (folder / "log").open("w") as log:

        def start(what: str, *options: str) -> subprocess.Popen:
            place = ["--scheduler-file", str(address), "--host", "127.0.0.1", "--no-dashboard"]
            words = [sys.executable, "-m", f"distributed.cli.dask_{what}", *place, *options]
            return subprocess.Popen(words, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)

        started = [start("scheduler", "--port", "0")]
        try:
            own = ["--nthreads", "1", "--no-nanny", "--death-timeout", "60", "--local-directory", str(folder)]
            started += [start("worker", *own) for _ in range(2)]
            yield address, started[1:]
        finally:
            for process in started:
                process.kill()
                process.wait()


def address_of(file: Path) -> str:
    """The address that a scheduler writes down once it is there."""
    for _ in range(600):
        if file.exists() and file.read_text():
            return json.loads(file.read_text())["address"]
        time.sleep(0.1)
    raise AssertionError("the scheduler did not start within a minute")


def test_a_cluster_gives_the_same_numbers_even_if_a_worker_is_killed(alone, tmp_path):
    fatal = Fatal(k=4, tau2=0.1, n=40, flag=str(tmp_path / "killed"))
    with cluster(tmp_path) as (file, workers):
        found = run([*GRID, fatal], methods=FEW, replicates=REPLICATES, seed=11, scheduler=address_of(file))
        died = [worker.wait(10) for worker in workers if worker.poll() is not None]
    assert died == [-signal.SIGKILL], (tmp_path / "log").read_text()
    assert (tmp_path / "killed").exists()
    pd.testing.assert_frame_equal(found[: len(alone)][list(alone)], alone, check_exact=True)
    again = run([fatal], methods=FEW, replicates=REPLICATES, seed=11)
    last = found[len(alone) :][list(again)].reset_index(drop=True)
    pd.testing.assert_frame_equal(last, again, check_exact=True, check_dtype=False)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"k": 1, "tau2": 0, "n": 50}, "k is 1; it must be a whole number of at least 2"),
        ({"k": 2.5, "tau2": 0, "n": 50}, "k is 2.5; it must be a whole number"),
        ({"k": 3, "tau2": -1, "n": 50}, "tau2 is -1; a variance is never negative"),
        ({"k": 3, "tau2": 0}, "either variances or n"),
        ({"k": 3, "tau2": 0, "n": 50, "variances": [1]}, "either variances or n"),
        ({"k": 3, "tau2": 0, "variances": [1, -2]}, "variance of study 2 is -2"),
        ({"k": 3, "tau2": 0, "variances": []}, "empty"),
        ({"k": 3, "tau2": 0, "variances": [1], "risk": 0.1}, "risk does not apply"),
        ({"k": 3, "tau2": 0, "variances": [1], "arm_ratio": 2}, "arm_ratio does not apply"),
        ({"k": 3, "tau2": 0, "n": 50, "risk": 1}, "risk is 1; it must lie strictly between 0 and 1"),
        ({"k": 3, "tau2": 0, "n": 50, "size_ratio": 0.5}, "size_ratio is 0.5; the largest trial"),
        ({"k": 3, "tau2": 0, "n": 50, "arm_ratio": 0}, "arm_ratio is 0; it must be positive"),
        ({"k": 3, "tau2": 0, "n": 10, "size_ratio": 100}, "fewer than 2 patients; make n larger"),
    ],
)
def test_a_scenario_is_refused_in_one_sentence(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        Scenario(**given)


@pytest.mark.parametrize(
    ("change", "kind", "sentence"),
    [
        ({"scenarios": []}, ValueError, "scenarios is empty"),
        ({"methods": []}, ValueError, "methods is empty"),
        ({"scenarios": [GRID[0], GRID[0]]}, ValueError, "twice; give each once"),
        ({"scenarios": [3]}, TypeError, "scenarios holds 3; make them by Scenario or grid"),
        ({"methods": [("DL", "wald")]}, ValueError, "ci is 'wald'; choose one of"),
        ({"methods": [("DL", "PL")]}, ValueError, "ci 'PL' is the profile likelihood"),
        ({"replicates": 0}, ValueError, "replicates is 0"),
        ({"seed": -1}, ValueError, "seed is -1"),
        ({"level": 95}, ValueError, "level is 95"),
        ({"workers": 0}, ValueError, "workers is 0"),
        ({"workers": 2, "scheduler": "tcp://x:1"}, ValueError, "workers does not apply with a scheduler"),
        ({"scheduler": 8786}, TypeError, "scheduler must be an address"),
    ],
)
def test_a_run_is_refused_in_one_sentence(change, kind, sentence):
    given = {"scenarios": GRID[:1], "methods": FEW, "replicates": 10, "seed": 1} | change
    with pytest.raises(kind, match=sentence):
        run(given.pop("scenarios"), **given)


def test_without_dask_a_scheduler_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"scheduler needs Dask.*pip install 'mscmeta\[dask\]'"):
        run(GRID[:1], methods=FEW, replicates=10, seed=1, scheduler="tcp://127.0.0.1:9")


def test_nobody_at_the_address(monkeypatch):
    monkeypatch.setattr(simulate, "PATIENCE", 0.5)
    with pytest.raises(ConnectionError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        run(GRID[:1], methods=FEW, replicates=10, seed=1, scheduler="tcp://127.0.0.1:9")


def test_dask_and_pandas_are_not_imported_before_they_are_needed():
    code = "import sys, mscmeta.simulate; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "mscmeta.simulate" in loaded
    assert not {"dask", "distributed", "pandas"} & set(loaded)


def test_all_methods_are_all_estimators_with_all_intervals():
    assert len(METHODS) == 9 * 5
    assert all(np.isfinite(run(GRID[:1], replicates=50, seed=1).coverage))
