"""What a meta-regression or a test of the funnel could have found, and what it finds in noise: by simulation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from . import _checks as check
from ._results import standardise, t_quantile, two_sided
from .pool import pool
from .regression import _check_settings, _prepare, _regress


def regression_power(
    v: object, x: object, slopes: object, *, between: float, tau2: str | float = "REML", ci: str = "HK",
    level: float = 0.95, replicates: int = 2000, seed: int = 1,
) -> np.ndarray:  # fmt: skip
    """Chance that a meta-regression on one moderator tells a true slope from none.

    Parameters
    ----------
    v, x : array_like
        Sampling variances and the moderator, one a study, as for `mscmeta.meta_regression`.
    slopes : array_like
        True slopes, in the effect's unit per unit of the moderator. At 0 the answer is the rate of false alarms.
    between : float
        True variance between studies that the moderator does not explain.
    tau2, ci, level
        As for `mscmeta.meta_regression`: how each simulated set would be analysed.
    replicates, seed : int
        Simulated sets, and the seed that gives the same ones again.

    Returns
    -------
    ndarray
        Share of sets, one entry a slope, whose slope differs from 0 at `level`. Its own standard error is at most
        0.5 / sqrt(replicates).

    Raises
    ------
    ValueError
        For bad studies, more than one moderator, a negative `between`, or fewer than 100 replicates.

    Notes
    -----
    Effects are drawn from N(slope x, v + between). Adding a multiple of the moderator to all effects adds it to the
    estimated slope and leaves residuals, tau2 and standard error alone, so one batch serves every slope.

    Examples
    --------
    >>> power = regression_power([0.1] * 8, [1, 1, 1, 1, 2, 2, 2, 2], [0.0, 2.0], between=0.1)
    >>> bool(power[0] < 0.08 and power[1] > 0.95)
    True
    """
    _check_settings(tau2, ci)
    level, between, many = check.level(level), check.number("between", between), check.number("replicates", replicates)
    if between < 0:
        raise ValueError(f"between is {between:.15g}; a variance cannot be negative")
    if many < 100 or many != int(many):
        raise ValueError(f"replicates is {many:.15g}; give a whole number of at least 100")
    _, v, design, names, _ = _prepare(np.zeros(np.shape(v)), v, x, None, None)
    if len(names) != 1:
        raise ValueError(f"x has {len(names)} moderators; the power is that of one slope, so give one")
    spread = np.sqrt(v + between)[:, None]
    y = np.random.default_rng(seed).normal(size=(len(v), int(many))) * spread
    fit = _regress(y, np.repeat(v[:, None], int(many), axis=1), design, tau2, ci)
    slope, se = fit["b"][:, 1], np.sqrt(fit["covariance"][:, 1, 1])
    reach = t_quantile(level, math.inf if ci == "Wald" else len(v) - 2) * se
    return np.mean(np.abs(slope + np.atleast_1d(check.floats("slopes", slopes))[:, None]) > reach, axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """What regressions on a meaningless moderator found: R squared and the P value of the slope, one a regression."""

    r2: np.ndarray
    p_values: np.ndarray


def noise_regression(
    v: object, k: int, *, between: float, tau2: str = "REML", ci: str = "HK", replicates: int = 1000, seed: int = 1
) -> Noise:
    """Regress made-up effects of k trials on a moderator that has nothing to do with them.

    Parameters
    ----------
    v : array_like
        Sampling variances to draw from, with replacement.
    k : int
        Trials in each regression, at least 3.
    between : float
        True variance between studies.
    tau2, ci
        As for `mscmeta.meta_regression`.
    replicates, seed : int
        Regressions, and the seed that gives the same ones again.

    Returns
    -------
    Noise

    Raises
    ------
    ValueError
        For fewer than three trials or 100 replicates, and a negative `between`.

    Notes
    -----
    The moderator is evenly spread normal scores; effects and variances are dealt to it at random.

    Examples
    --------
    >>> found = noise_regression([0.1, 0.3, 0.5], 5, between=0.5, replicates=200)
    >>> bool(np.mean(found.r2 > 0.2) > 0.1)
    True
    """
    _check_settings(tau2, ci)
    v, between = check.floats("v", v), check.number("between", between)
    k, many = check.number("k", k), check.number("replicates", replicates)
    if between < 0:
        raise ValueError(f"between is {between:.15g}; a variance cannot be negative")
    if k < 3 or k != int(k) or many < 100 or many != int(many):
        raise ValueError(f"k is {k:g} and replicates is {many:g}; give whole numbers of at least 3 and 100")
    rng, k = np.random.default_rng(seed), int(k)
    some = rng.choice(v, (k, int(many)))
    y = rng.normal(size=some.shape) * np.sqrt(some + between)
    x = np.column_stack([np.ones(k), ndtri((np.arange(k) + 0.5) / k)])
    fit = _regress(y, some, x, tau2, ci)
    before = pool(y, some, tau2=tau2, ci="Wald").tau2
    left = np.divide(fit["tau2"], before, out=np.ones(len(before)), where=before > 0)
    slope = standardise(fit["b"][:, 1], np.sqrt(fit["covariance"][:, 1, 1]))
    return Noise(np.maximum(0.0, 1 - left), two_sided(slope, math.inf if ci == "Wald" else k - 2))


def egger_power(
    v: object, slopes: object, *, between: float, alpha: float = 0.10, replicates: int = 2000, seed: int = 1
) -> np.ndarray:
    """Chance that Egger's test calls a funnel lopsided, at these trials and a true slope on the standard error.

    Parameters
    ----------
    v : array_like of shape (k,)
        Sampling variances of at least 3 trials, not all equal.
    slopes : array_like
        True change of the effect for one more unit of standard error. At 0 the answer is the rate of false alarms.
    between : float
        True variance between studies.
    alpha : float
        P value below which the test is called positive; 0.10 is usual.
    replicates, seed : int
        Made-up sets, and the seed that gives the same ones again.

    Returns
    -------
    ndarray
        Share of sets, one entry a slope, with P below `alpha`.

    Raises
    ------
    ValueError
        For fewer than three trials, a negative `between`, or fewer than 100 replicates.

    Notes
    -----
    `mscmeta.egger` on effects from N(slope sqrt(v), v + between): one batch serves every slope, as in
    `regression_power`.

    Examples
    --------
    >>> power = egger_power([0.1, 0.2, 0.4, 0.8] * 5, [0.0, 3.0], between=0.0)
    >>> bool(power[0] < 0.15 and power[1] > 0.8)
    True
    """
    between, alpha, many = (
        check.number(n, x) for n, x in (("between", between), ("alpha", alpha), ("replicates", replicates))
    )
    if between < 0:
        raise ValueError(f"between is {between:.15g}; a variance cannot be negative")
    if many < 100 or many != int(many):
        raise ValueError(f"replicates is {many:.15g}; give a whole number of at least 100")
    _, v, design, _, _ = _prepare(np.zeros(np.shape(v)), v, np.sqrt(check.floats("v", v)), ["standard error"], None)
    y = np.random.default_rng(seed).normal(size=(len(v), int(many))) * np.sqrt(v + between)[:, None]
    fit = _regress(y, np.repeat(v[:, None], int(many), axis=1), design, "FE", "HK")
    slope, se = fit["b"][:, 1], np.sqrt(fit["covariance"][:, 1, 1])
    reach = t_quantile(1 - check.level(alpha), len(v) - 2) * se
    return np.mean(np.abs(slope + np.atleast_1d(check.floats("slopes", slopes))[:, None]) > reach, axis=1)
