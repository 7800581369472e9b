"""The chance that an effect lies beyond a threshold: of the mean effect, and of the true effect in a new trial."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtr

from mscmeta import _checks
from mscmeta._results import RANDOM_EFFECTS

DIRECTIONS = ("better", "worse")


@dataclass(frozen=True, slots=True)
class Chances:
    """Chances of a benefit beyond a threshold, 0 to 1.

    Attributes
    ----------
    mean : float
        That the mean effect is a benefit of at least the threshold; NaN where the fit has no interval.
    new : float
        That the true effect in a new trial is one; NaN where the fit says nothing about a new trial.
    method : str
    """

    mean: float
    new: float
    method: str


def chance_of_benefit(result, threshold: float, *, higher_is: str) -> Chances:
    """Chance of a benefit of at least `threshold`, for the mean and for a new trial.

    Parameters
    ----------
    result : Pooled or Posterior
        One meta-analysis: of `mscmeta.pool` or of `mscmeta.normal_normal`.
    threshold : float
        Size of the benefit in the unit of the effect, 0 for any benefit.
    higher_is : {"better", "worse"}
        What a higher score means; with "worse" a negative effect is a benefit.

    Returns
    -------
    Chances

    Raises
    ------
    ValueError
        For a negative threshold, an unknown direction, or more than one meta-analysis.

    Notes
    -----
    For a posterior these are probabilities given data and prior. For a pooled result they are read off the confidence
    distribution, whose quantiles are the limits of the confidence intervals of every level (Schweder & Hjort 2002,
    Scandinavian Journal of Statistics 29:309): mean + se t(df), and for a new trial mean + sqrt(se^2 + tau^2) t(k - 1),
    the rule of `Pooled.prediction_interval`. Then 1 - chance is the one-sided P value against the threshold, not the
    probability of anything.

    Examples
    --------
    >>> from mscmeta import pool
    >>> fit = pool([-0.9, -0.3, -1.2, -0.5], [0.10, 0.05, 0.20, 0.08], tau2="DL", ci="Wald")
    >>> chance = chance_of_benefit(fit, 0.5, higher_is="worse")
    >>> print(round(chance.mean, 3), round(chance.new, 3))
    0.742 0.649
    """
    _checks.one_of("higher_is", higher_is, DIRECTIONS)
    threshold = _checks.number("threshold", threshold)
    if threshold < 0:
        raise ValueError(f"threshold is {threshold:g}; give its size, and the direction by higher_is")
    limit = -threshold if higher_is == "worse" else threshold
    if hasattr(result, "predictive_probability_below"):
        below = float(result.probability_below(limit)), float(result.predictive_probability_below(limit))
        return Chances(*_benefit(below, higher_is), result.method)
    if np.ndim(result.estimate):
        raise ValueError("result holds many meta-analyses; take one with .replicate(i)")
    shift = limit - result.estimate
    mean = _below(shift, result.se, result.df)
    random = result.tau2_method in RANDOM_EFFECTS
    # as in Pooled.prediction_interval with its default rule, t(k-1)
    new = _below(shift, math.hypot(result.se, math.sqrt(result.tau2)), result.k - 1) if random else math.nan
    return Chances(*_benefit((mean, new), higher_is), f"confidence distribution; {result.method}")


def _below(shift: float, se: float, df: float) -> float:
    """P(effect < limit), `shift` being the limit minus the estimate."""
    if math.isnan(se) or df <= 0:
        return math.nan
    if se == 0:
        return 0.5 if shift == 0 else float(shift > 0)
    return float(ndtr(shift / se) if math.isinf(df) else stdtr(df, shift / se))


def _benefit(below: tuple[float, float], higher_is: str) -> tuple[float, float]:
    return below if higher_is == "worse" else (1 - below[0], 1 - below[1])
