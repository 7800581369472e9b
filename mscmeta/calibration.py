"""Simulation-based calibration: does a posterior mean what it says? True values are drawn from the prior itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from . import _checks as check
from .bayes import TAU_PRIORS, normal_normal

QUANTITIES = ("mean effect", "tau", "effect in a new trial")


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Ranks of true values in their posteriors, and how they fall into bins.

    Attributes
    ----------
    ranks : dict of str to ndarray
        For each quantity, the share of the posterior below the true value, one a fit; uniform if all is right.
    counts : dict of str to ndarray
        How many ranks fall into each of the equal bins from 0 to 1.
    p_values : dict of str to float
        Chi-squared test that the bins are equally likely.
    fits, bins : int
    """

    ranks: dict[str, np.ndarray]
    counts: dict[str, np.ndarray]
    p_values: dict[str, float]
    fits: int
    bins: int


def calibrate(
    v: object, *, scale: float, tau_prior: str = "half-normal", mu_mean: float = 0.0, mu_sd: float,
    assumed_scale: float | None = None, fits: int = 1000, bins: int = 20, seed: int = 1,
) -> Calibration:  # fmt: skip
    """Draw true values from the prior and data from them, fit each, and rank the true values in their posteriors.

    Parameters
    ----------
    v : array_like of shape (k,)
        Sampling variances of the trials of every made-up meta-analysis.
    scale, tau_prior, mu_mean, mu_sd
        The prior, as for `mscmeta.normal_normal`; true values come from it, so `mu_sd` must be finite.
    assumed_scale : float, optional
        Scale that the analysis assumes instead of `scale`: to see what a wrong model looks like.
    fits, bins, seed : int
        Made-up meta-analyses (at least 5 a bin), bins of the ranks, and the seed that gives the same ones again.

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError
        For a flat prior on the mean, and for too few fits.

    Notes
    -----
    Talts, Betancourt, Simpson, Vehtari & Gelman (2018), arXiv:1804.06788, theorem 1, in the limit of many draws: the
    posterior is known as a formula here, so the rank is its distribution function at the true value.

    Examples
    --------
    >>> found = calibrate([0.2, 0.4, 0.6], scale=1.0, mu_sd=2.0, fits=100, bins=10, seed=3)
    >>> sorted(found.counts), int(found.counts["tau"].sum())
    (['effect in a new trial', 'mean effect', 'tau'], 100)
    """
    check.one_of("tau_prior", tau_prior, TAU_PRIORS)
    v = check.floats("v", v)
    scale, mu_mean = check.number("scale", scale), check.number("mu_mean", mu_mean)
    if not 0 < mu_sd < math.inf:
        raise ValueError(f"mu_sd is {mu_sd}; true values cannot be drawn from a flat prior, so give a positive number")
    if bins != int(bins) or fits != int(fits) or not 2 <= bins <= fits / 5:
        raise ValueError(f"fits is {fits} and bins is {bins}; give whole numbers, and at least 5 fits for each bin")
    rng = np.random.default_rng(seed)
    prior = {"tau_prior": tau_prior, "scale": scale if assumed_scale is None else assumed_scale}
    ranks = np.empty((len(QUANTITIES), int(fits)))
    for i in range(int(fits)):
        tau = scale * abs(rng.normal() if tau_prior == "half-normal" else rng.standard_cauchy())
        mu = rng.normal(mu_mean, mu_sd)
        new, y = rng.normal(mu, tau), rng.normal(mu, np.sqrt(v + tau**2))
        fit = normal_normal(y, v, mu_mean=mu_mean, mu_sd=mu_sd, **prior)
        ranks[:, i] = fit.probability_below(mu), fit.tau_probability_below(tau), fit.predictive_probability_below(new)
    counts = [np.histogram(r, bins=int(bins), range=(0, 1))[0] for r in ranks]
    p_values = [_uniform(c) for c in counts]
    named = [dict(zip(QUANTITIES, x, strict=True)) for x in (ranks, counts, p_values)]
    return Calibration(*named, int(fits), int(bins))


def _uniform(counts: np.ndarray) -> float:
    """P value of Pearson's chi-squared test that all bins are equally likely."""
    expected = counts.mean()
    return float(chdtrc(len(counts) - 1, ((counts - expected) ** 2).sum() / expected))
