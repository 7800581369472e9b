"""How often do intervals hold the true mean when trials are few? Writes data/coverage.csv; about a minute.

    .venv/bin/python benchmarks/coverage.py

Every replicate is a made-up meta-analysis that looks like this book's: its k trials take their sampling variances, with
replacement, from the trials of pain at six months; true effects are normal around 0 with variance tau2; what a trial
observes is normal around its true effect. tau2 is set so that I² (from the typical variance of Higgins & Thompson 2002,
equation 9) is 0, 25, 50 or 75% on average over all those trials. Every method gets the same replicates. The variances
are taken as known, as all these methods do.
"""

import csv
import sys
import time
from pathlib import Path

import numpy as np

from mscmeta import pool
from mscmeta.data import contrasts

SEED = 20210415
REPLICATES = 100_000
K = range(3, 11)
I2 = (0.0, 0.25, 0.5, 0.75)
METHODS = {
    "FE + Wald": ("FE", "Wald"),
    "DL + Wald": ("DL", "Wald"),
    "REML + Wald": ("REML", "Wald"),
    "REML + HK": ("REML", "HK"),
    "REML + HK-floor": ("REML", "HK-floor"),
    "REML + HK-hybrid": ("REML", "HK-hybrid"),
}
COLUMNS = ["k", "i2", "tau2", "method", "coverage", "mc_error", "width", "replicates", "seed"]


def typical_variance(v: np.ndarray) -> float:
    """Higgins & Thompson 2002, equation 9."""
    w = 1 / v
    return float((len(v) - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum()))


def simulate(k: int, i2: float, variances: np.ndarray, replicates: int, rng: np.random.Generator) -> list[dict]:
    """One scenario: every method on the same replicates."""
    tau2 = i2 / (1 - i2) * typical_variance(variances)
    v = rng.choice(variances, (k, replicates))
    y = rng.normal(0.0, np.sqrt(v + tau2))
    rows = []
    for name, (estimator, interval) in METHODS.items():
        fit = pool(y, v, tau2=estimator, ci=interval)
        held = float(np.mean((fit.ci.low <= 0) & (fit.ci.high >= 0)))
        error = np.sqrt(held * (1 - held) / replicates)
        row = (k, i2, f"{tau2:.6f}", name, f"{held:.5f}", f"{error:.5f}", f"{np.mean(fit.ci.high - fit.ci.low):.4f}")
        rows.append(dict(zip(COLUMNS, (*row, replicates, SEED), strict=True)))
    return rows


def simulate_all(replicates: int = REPLICATES) -> list[dict]:
    """All scenarios, each from its own stream of random numbers, so that none depends on another."""
    variances = contrasts("cochrane2025", "pain", 6).v.to_numpy()
    scenarios = [(k, i2) for i2 in I2 for k in K]
    streams = np.random.SeedSequence(SEED).spawn(len(scenarios))
    rows = []
    for (k, i2), stream in zip(scenarios, streams, strict=True):
        rows += simulate(k, i2, variances, replicates, np.random.default_rng(stream))
    return rows


if __name__ == "__main__":
    start = time.process_time()
    path = Path(__file__).resolve().parents[1] / "data" / "coverage.csv"
    rows = simulate_all()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    sys.stdout.write(f"{path.name}: {len(rows)} rows, {time.process_time() - start:.0f} s\n")
