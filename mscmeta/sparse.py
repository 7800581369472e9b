"""How methods for rare events behave: made-up meta-analyses with known odds ratio, and arms as large as real ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from . import _checks as check
from .effects import mantel_haenszel, odds_ratio, peto
from .pool import pool

METHODS = (
    "inverse variance, half added",
    "inverse variance, double zeros dropped",
    "Mantel-Haenszel, half added",
    "Mantel-Haenszel, nothing added",
    "Peto",
)


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """What each method made of the same made-up meta-analyses.

    Attributes
    ----------
    log_odds_ratio : dict of str to ndarray
        Estimates by method, one a meta-analysis that has events in both arms.
    coverage : dict of str to float
        Share of the 95% intervals that held the true odds ratio.
    events : float
        Events of both arms in a meta-analysis, on average.
    undefined : float
        Share of the meta-analyses that had no event in an arm, and so were left out for every method.
    """

    log_odds_ratio: dict[str, np.ndarray]
    coverage: dict[str, float]
    events: float
    undefined: float


def simulate_sparse(
    n_1: object, n_2: object, *, risk: float, true_odds_ratio: float, replicates: int = 500, seed: int = 1
) -> Sparse:
    """Draw events of trials with a common odds ratio, and pool them by five common-effect methods.

    Parameters
    ----------
    n_1, n_2 : array_like of int
        Patients of each trial, treated and control.
    risk : float
        Risk under control, the same in all trials; above 0 and below 1.
    true_odds_ratio : float
        Positive.
    replicates, seed : int
        Made-up meta-analyses, and the seed that gives the same ones again.

    Returns
    -------
    Sparse

    Raises
    ------
    ValueError
        For a risk or an odds ratio that is none, and where hardly any event can be expected.

    Notes
    -----
    The design of Bradburn, Deeks, Berlin & Localio (2007), Statistics in Medicine 26:53, with the arms of real trials.

    Examples
    --------
    >>> found = simulate_sparse([50, 40], [50, 20], risk=0.1, true_odds_ratio=1.0, replicates=50)
    >>> bool(abs(np.median(found.log_odds_ratio["Peto"])) < 0.5)
    True
    """
    risk, ratio = check.number("risk", risk), check.number("true_odds_ratio", true_odds_ratio)
    if not 0 < risk < 1 or not ratio > 0:
        raise ValueError(
            f"risk is {risk:g} and true_odds_ratio is {ratio:g}; a risk lies between 0 and 1, a ratio above 0"
        )
    n_1, n_2 = (np.asarray(check.floats(name, n)).astype(int) for name, n in (("n_1", n_1), ("n_2", n_2)))
    rng, odds = np.random.default_rng(seed), ratio * risk / (1 - risk)
    a = rng.binomial(n_1, odds / (1 + odds), (int(replicates), len(n_1)))
    c = rng.binomial(n_2, risk, (int(replicates), len(n_2)))
    use = (a.sum(axis=1) > 0) & (c.sum(axis=1) > 0)
    if use.sum() < 20:
        raise ValueError(
            f"{int(use.sum())} of {replicates} replicates have events in both arms; raise risk or replicates"
        )
    found: dict[str, list] = {name: [] for name in METHODS}
    for events_1, events_2 in zip(a[use], c[use], strict=True):
        for name, fit in _fits(events_1, n_1, events_2, n_2):
            found[name].append((fit.estimate, fit.ci.low, fit.ci.high))
    rows = {name: np.array(values).T for name, values in found.items()}
    held = {
        name: float(np.mean((low <= np.log(ratio)) & (high >= np.log(ratio)))) for name, (_, low, high) in rows.items()
    }
    return Sparse(
        {name: x[0] for name, x in rows.items()}, held, float((a + c).sum(axis=1).mean()), float(1 - use.mean())
    )


def _fits(*counts: np.ndarray) -> Iterator[tuple]:
    """Each method's result on one meta-analysis."""
    y, v = odds_ratio(*counts)
    yield METHODS[0], pool(y, v, tau2="FE", ci="Wald")
    a, _, c, _ = counts
    some = a + c > 0
    yield METHODS[1], pool(y[some], v[some], tau2="FE", ci="Wald")
    yield METHODS[2], mantel_haenszel(*counts, measure="OR", zero_cells="half")
    yield METHODS[3], mantel_haenszel(*counts, measure="OR")
    yield METHODS[4], peto(*counts)
