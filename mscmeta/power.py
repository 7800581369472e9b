"""What a meta-regression could have found: its power at the trials at hand, by simulation in one batch."""

from __future__ import annotations

import math

import numpy as np

from . import _checks as check
from ._results import t_quantile
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
