"""Small-study methods on ranks: Begg's test, trim and fill. Public names are imported from `mscmeta.small_study`."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from mscmeta import _checks
from mscmeta._regressed import Regressed
from mscmeta._results import Pooled
from mscmeta._weighted_line import no_spread, studies, weighted_line
from mscmeta.pool import pool
from mscmeta.tau2 import ESTIMATORS, estimate

#: Up to here Begg's P counts permutations; beyond, the normal approximation is good to three figures.
EXACT_K = 200


@dataclass(frozen=True, slots=True)
class RankTest:
    """Begg and Mazumdar's rank correlation.

    Attributes
    ----------
    statistic : float
        Kendall's tau (tau-b where there are ties).
    p_value : float
        Two-sided.
    k : int
    method : str
        Says whether P is exact or normal.
    """

    statistic: float
    p_value: float
    k: int
    method: str


@dataclass(frozen=True, slots=True)
class TrimAndFill:
    """Trim and fill (Duval and Tweedie 2000).

    Attributes
    ----------
    k_missing : int
        Studies thought to be missing (estimator L0).
    side : str
        Where they were put: "left" or "right".
    pooled : Pooled
        The meta-analysis with them.
    y, v : ndarray
        All studies: those given, in their order, then those put in.
    method : str
    """

    k_missing: int
    side: str
    pooled: Pooled
    y: np.ndarray
    v: np.ndarray
    method: str


def begg(y, v, *, labels=None):
    """Begg and Mazumdar's test: Kendall's correlation of standardised effects with their variances.

    Parameters
    ----------
    y, v : array_like of shape (k,)
        Effects and variances of at least 2 studies (with 2 the P value is 1).
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    RankTest
        NaN where all effects, or all variances, are equal: there is nothing to rank.

    Notes
    -----
    Begg and Mazumdar (1994): (y - common effect) / sqrt(v - 1 / sum(1/v)) against v. P is exact without ties and up to
    200 studies, else normal with the tie correction and without a continuity correction, as R's ``cor.test`` under
    metafor's ``ranktest``.

    Examples
    --------
    >>> test = begg([-0.9, -1.6, -1.3, -1.4, -0.2], [0.33, 0.19, 0.42, 0.02, 0.05])
    >>> round(test.statistic, 4), round(test.p_value, 4)
    (0.2, 0.8167)
    """
    y, v = studies(y, v, labels, at_least=2)
    k, w = len(y), v.min() / v
    # y - mean and v - 1/sum(1/v), as sums over the other studies: no cancellation when one study dominates; fsum, whose
    # result does not depend on the order, keeps studies alike tied
    others = np.tile(w / w.sum(), (k, 1))
    np.fill_diagonal(others, 0.0)
    above = [math.fsum(row) for row in others * (y[:, None] - y)]
    deviate = np.array(above) / np.sqrt(v * [math.fsum(row) for row in others])
    pair = np.sign(deviate[:, None] - deviate) * np.sign(v[:, None] - v)
    score = pair.sum() / 2
    pairs = k * (k - 1) / 2
    ties = [np.unique(x, return_counts=True)[1] for x in (deviate, v)]
    tied = [(t * (t - 1)).sum() / 2 for t in ties]
    if pairs in tied:
        return RankTest(math.nan, math.nan, k, "Begg: undefined, all effects or all variances are equal")
    statistic = score / math.sqrt((pairs - tied[0]) * (pairs - tied[1]))
    if not any(tied) and k <= EXACT_K:
        return RankTest(float(statistic), _kendall_exact(score, k), k, "Begg: Kendall's tau, exact P")
    p = 2 * ndtr(-abs(score) / math.sqrt(_kendall_variance(k, *ties)))
    return RankTest(float(statistic), float(p), k, "Begg: Kendall's tau-b, normal P with tie correction")


def trim_and_fill(y, v, *, side=None, tau2="REML", ci="HK", level=0.95, labels=None):
    """Trim and fill with the L0 estimator: studies that would make the funnel symmetric, and what they change.

    Parameters
    ----------
    y, v : array_like of shape (k,)
        Effects and variances of at least 3 studies.
    side : {"left", "right"}, optional
        Where studies are thought to be missing. By default the side opposite to the small studies' lean: right if the
        slope of an Egger regression with tau2 by the same estimator is negative, else left.
    tau2, ci, level : optional
        As in `pool`; used for trimming too.
    labels : sequence of str, optional
        Names of the studies.

    Returns
    -------
    TrimAndFill

    Raises
    ------
    ValueError
        For bad studies, an unknown side, or if the iteration goes round in circles.

    Notes
    -----
    Duval and Tweedie (2000), Biometrics 56:455: studies are trimmed from the crowded side until the rank estimator
    L0 = (4 S - k (k + 1)) / (2 k - 1) is stable, then mirrored about the centre of the rest. The studies put in are
    not data: this is a sensitivity analysis, not a corrected result. The steps are those of metafor's ``trimfill``.

    Examples
    --------
    >>> filled = trim_and_fill([2.1, 2.6, 3.4, 4.4, 2.2], [0.05, 0.3, 0.9, 1.5, 0.1], tau2="DL", ci="Wald")
    >>> filled.k_missing, filled.side, round(filled.pooled.estimate, 3)
    (2, 'left', 2.228)
    """
    y, v = studies(y, v, labels)
    side = _lean(y, v, tau2) if side is None else _checks.one_of("side", side, ("left", "right"))
    names = _checks.labels(labels, len(y))
    sign = -1.0 if side == "right" else 1.0
    order = np.argsort(sign * y, kind="stable")
    missing, centre = _trim(sign * y[order], v[order], {"tau2": tau2, "ci": ci, "level": level})
    mirrored = order[len(y) - missing :]
    all_y = np.append(y, 2 * sign * centre - y[mirrored])
    all_v = np.append(v, v[mirrored])
    if names is not None:
        names = (*names, *(f"filled for {names[i]}" for i in mirrored))
    pooled = pool(all_y, all_v, tau2=tau2, ci=ci, level=level, labels=names)
    words = f"trim and fill, L0, {missing} put in on the {side}; {pooled.method}"
    return TrimAndFill(missing, side, pooled, all_y, all_v, words)


def _kendall_exact(score, k):
    """Two-sided P of Kendall's S: the share of permutations with as many inversions or fewer (or more)."""
    inversions = np.ones(1)
    for size in range(2, k + 1):
        inversions = np.convolve(inversions, np.full(size, 1 / size))
    concordant = round(k * (k - 1) / 4 + score / 2)
    return float(min(1.0, 2 * min(inversions[: concordant + 1].sum(), inversions[concordant:].sum())))


def _kendall_variance(k, *ties):
    """Variance of Kendall's S with ties (Kendall 1970)."""
    x, y = ties
    variance = (k * (k - 1) * (2 * k + 5) - sum((t * (t - 1) * (2 * t + 5)).sum() for t in ties)) / 18
    variance += (x * (x - 1)).sum() * (y * (y - 1)).sum() / (2 * k * (k - 1))
    triples = (x * (x - 1) * (x - 2)).sum() * (y * (y - 1) * (y - 2)).sum()
    return variance + (triples / (9 * k * (k - 1) * (k - 2)) if triples else 0.0)


def _lean(y, v, tau2):
    """Side on which studies are missing, from the slope of a random-effects Egger regression."""
    x = np.sqrt(v)
    if no_spread(x):
        return "left"  # no slope; metafor's choice
    if isinstance(tau2, str):
        _checks.one_of("tau2", tau2, ESTIMATORS)
        line = Regressed((y - y[0])[:, None], v[:, None], np.column_stack([np.ones(len(y)), x]))
        found = 0.0 if tau2 == "FE" else estimate(tau2, line, len(y), len(y) - 2, line.moments(0.0))[0]
        tau2 = float(found)
    tau2 = _checks.number("tau2", tau2)
    return "right" if weighted_line(x, y, 1 / (v + tau2))[0] < 0 else "left"


def _trim(y, v, settings):
    """Number of studies missing on the left of rising effects, and the centre of those left after trimming."""
    k, missing, seen = len(y), 0, set()
    while missing not in seen:
        seen.add(missing)
        centre = pool(y[: k - missing], v[: k - missing], **settings).estimate
        distance = y - centre
        rank = np.empty(k)
        rank[np.argsort(np.abs(distance), kind="stable")] = np.arange(1, k + 1)
        before, score = missing, rank[distance > 0].sum()
        missing = max(0, round((4 * score - k * (k + 1)) / (2 * k - 1)))
        if missing == before:
            return missing, centre
    raise ValueError(f"trim and fill does not settle: it goes from {before} missing studies back to {missing}")
