"""Opinions about a mean effect, held before the trials are seen, as normal distributions."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from mscmeta import _checks
from mscmeta.chances import DIRECTIONS


@dataclass(frozen=True, slots=True)
class NormalPrior:
    """A normal prior on the mean effect mu; with an infinite `sd` the flat one.

    Attributes
    ----------
    mean, sd : float
        In the unit and direction of the effect, as `mscmeta.normal_normal` takes them (``mu_mean``, ``mu_sd``).
    """

    mean: float
    sd: float

    def probability_below(self, x: float) -> float:
        """P(mu < x) before the trials; NaN for the flat prior, which gives no probabilities."""
        return math.nan if math.isinf(self.sd) else float(ndtr((x - self.mean) / self.sd))

    def density(self, x):
        """Density of mu at ``x``; 0 everywhere for the flat prior, which has no area."""
        x = np.asarray(x, float)
        if math.isinf(self.sd):
            return np.zeros_like(x)
        return np.exp(-0.5 * ((x - self.mean) / self.sd) ** 2) / (self.sd * math.sqrt(2 * math.pi))


def normal_prior(centre: float, point: float, chance: float, *, higher_is: str) -> NormalPrior:
    """Turn an opinion about a benefit into a normal prior on the effect.

    Parameters
    ----------
    centre : float
        The benefit held to be most likely, in the unit of the effect; positive is good for the patient.
    point : float
        Another benefit, larger or smaller.
    chance : float
        Chance that the benefit lies beyond `point`, seen from `centre`; above 0 and below 0.5.
    higher_is : {"worse", "better"}
        What a higher score means; with "worse" a benefit is a negative effect.

    Returns
    -------
    NormalPrior
        Flat if `centre`, `point` and `chance` are all NaN.

    Raises
    ------
    ValueError
        If only some of the numbers are given, `point` is `centre`, or the chance leaves its limits.

    Notes
    -----
    The sceptical prior of Spiegelhalter, Freedman and Parmar (1994) has the centre 0 and gives a small chance to the
    effect hoped for; their enthusiastic prior is centred on that effect and gives the small chance to none. The SD is
    the distance from centre to point over the standard normal quantile of 1 - chance.

    Examples
    --------
    >>> sceptical = normal_prior(0, 1.5, 0.05, higher_is="worse")
    >>> print(sceptical.mean, round(sceptical.sd, 3), round(sceptical.probability_below(-1.5), 3))
    0.0 0.912 0.05
    """
    _checks.one_of("higher_is", higher_is, DIRECTIONS)
    given = [value == value for value in (centre, point, chance)]
    if not any(given):
        return NormalPrior(0.0, math.inf)
    if not all(given):
        raise ValueError("centre, point and chance belong together; give all three, or none for a flat prior")
    centre, point, chance = (_checks.number(n, x) for n, x in zip(("centre", "point", "chance"),
                                                                  (centre, point, chance), strict=True))  # fmt: skip
    if not 0 < chance < 0.5:
        raise ValueError(f"chance is {chance:g}; it must lie between 0 and 0.5, as it is the smaller part")
    if point == centre:
        raise ValueError(f"point and centre are both {centre:g}; the point says how far effects may be from the centre")
    mean = -centre if higher_is == "worse" else centre
    return NormalPrior(mean + 0.0, abs(point - centre) / float(ndtri(1 - chance)))
