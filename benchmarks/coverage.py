"""How good are the methods when trials are few? Writes data/coverage.csv and data/simulations.csv by mscmeta.simulate.

    .venv/bin/python benchmarks/coverage.py                           # some minutes, on one core
    .venv/bin/python benchmarks/coverage.py --workers 8               # the same tables, sooner
    .venv/bin/python benchmarks/coverage.py --scheduler tcp://...     # the same tables, on a Dask cluster

coverage.csv: made-up meta-analyses that look like this book's. Their k trials take their sampling variances, with
replacement, from the trials of pain at six months; tau2 is set so that I² (from the typical variance of Higgins &
Thompson 2002, equation 9) is 0, 25, 50 or 75% on average over all those trials. simulations.csv: every estimator with
every interval where variances are estimated, trials differ in size, or events are rare.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from mscmeta.data import contrasts
from mscmeta.simulate import METHODS as ALL
from mscmeta.simulate import Scenario, grid, run

DATA = Path(__file__).resolve().parents[1] / "data"
SEED = 20210415
REPLICATES = {"coverage": 100_000, "simulations": 20_000}
K = range(3, 11)
I2 = (0.0, 0.25, 0.5, 0.75)
METHODS = [
    ("FE", "Wald"), ("DL", "Wald"), ("REML", "Wald"), ("REML", "HK"), ("REML", "HK-floor"), ("REML", "HK-hybrid"),
]  # fmt: skip
#: Digits that are written of each column.
DIGITS = {"tau2": 6, "mc_error": 5, "coverage": 5, "coverage_error": 5, "bias": 4, "bias_error": 4, "width": 4}


def typical_variance(v: np.ndarray) -> float:
    """Higgins & Thompson 2002, equation 9."""
    w = 1 / v
    return float((len(v) - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum()))


def like_this_book() -> list[Scenario]:
    """Meta-analyses of trials as imprecise as those of pain at six months, by I² and k."""
    v = contrasts("cochrane2025", "pain", 6).v.to_numpy()
    return [
        Scenario(k=k, tau2=round(i2 / (1 - i2) * typical_variance(v), 6), variances=tuple(v)) for i2 in I2 for k in K
    ]


def small_grid() -> list[Scenario]:
    """Trials of 50 patients, of equal and unequal sizes; trials of 100 that count rare events, in arms 1:1 and 3:1."""
    few = [3, 5, 10]
    means = grid(k=few, tau2=[0.0, 0.08], n=50, size_ratio=[1, 10])  # 0.08 is the variance of such a trial: I² of 50%
    return means + grid(k=few, tau2=[0.0, 0.2], n=100, risk=[0.02, 0.1], arm_ratio=[1, 3])


def coverage(replicates: int = REPLICATES["coverage"], **how: object) -> pd.DataFrame:
    """The table `coverage`."""
    found = run(like_this_book(), methods=METHODS, replicates=replicates, seed=SEED, **how)
    found["i2"] = np.repeat(I2, len(K) * len(METHODS))
    found["method"] = found.tau2_method + " + " + found.ci_method
    found = found.assign(mc_error=found.coverage_error, seed=SEED)
    return found[["k", "i2", "tau2", "method", "coverage", "mc_error", "width", "replicates", "seed"]]


def simulations(replicates: int = REPLICATES["simulations"], **how: object) -> pd.DataFrame:
    """The table `simulations`."""
    found = run(small_grid(), replicates=replicates, seed=SEED, **how).assign(seed=SEED)
    found.insert(0, "scenario", 1 + np.arange(len(found)) // len(ALL))
    return found.drop(columns="mean")


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a table with the digits that mean something."""
    for name in DIGITS.keys() & set(table):
        table[name] = [f"{value + 0.0:.{DIGITS[name]}f}" if pd.notna(value) else "" for value in table[name].round(10)]
    table.to_csv(path, index=False, lineterminator="\n")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--scheduler")
    how = vars(options.parse_args())
    for make in (coverage, simulations):
        start = time.monotonic()
        table = make(**how)
        write(table, DATA / f"{make.__name__}.csv")
        sys.stdout.write(f"{make.__name__}.csv: {len(table)} rows, {time.monotonic() - start:.0f} s\n")
