"""Do small studies show larger effects? Egger, Peters, Harbord and Begg tests, trim and fill, PET-PEESE, funnel zones.

None of them tells why a funnel is lopsided, and with fewer than ten studies all of them have little power.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from mscmeta import _checks
from mscmeta._rank_methods import RankTest, TrimAndFill, begg, trim_and_fill
from mscmeta._results import Interval, standardise, t_quantile, two_sided
from mscmeta._weighted_line import enough, no_spread, studies, weighted_line
from mscmeta.effects import odds_ratio, risk_ratio

__all__ = [
    "FunnelZones",
    "PetPeese",
    "RankTest",
    "RegressionTest",
    "TrimAndFill",
    "begg",
    "egger",
    "funnel_zones",
    "harbord",
    "pet_peese",
    "peters",
    "trim_and_fill",
]


@dataclass(frozen=True, slots=True)
class RegressionTest:
    """A weighted regression on a measure of precision, and the test that its slope is zero.

    Attributes
    ----------
    bias, bias_se : float
        Slope and its standard error.
    statistic, df, p_value : float
        t test of the slope.
    limit, limit_se : float
        Intercept: the effect expected of an infinitely large study, and its standard error.
    limit_ci : Interval
        Its interval (t).
    limit_p_value : float
        t test of "no effect" for that limit.
    k : int
        Studies used.
    method : str
        What was regressed on what; names the studies that had to be left out.
    """

    bias: float
    bias_se: float
    statistic: float
    df: int
    p_value: float
    limit: float
    limit_se: float
    limit_ci: Interval
    limit_p_value: float
    k: int
    method: str


@dataclass(frozen=True, slots=True)
class PetPeese:
    """Both regressions, and the one that the conditional rule takes.

    Attributes
    ----------
    pet, peese : RegressionTest
    chosen : str
        "PET" or "PEESE".
    estimate, se : float
        Limit of the chosen regression.
    ci : Interval
    method : str
    """

    pet: RegressionTest
    peese: RegressionTest
    chosen: str
    estimate: float
    se: float
    ci: Interval
    method: str


@dataclass(frozen=True, slots=True)
class FunnelZones:
    """What a contour-enhanced funnel plot shows.

    Attributes
    ----------
    se, p_values : ndarray of shape (k,)
        Standard error of each study, and its two-sided P (normal) against the reference.
    zone : ndarray of int, shape (k,)
        How many of the levels the study reaches: 0 is the innermost zone.
    levels : tuple of float
    slopes : ndarray
        Boundaries are the lines ``reference +- slope * se``, one slope a level.
    reference : float
    """

    se: np.ndarray
    p_values: np.ndarray
    zone: np.ndarray
    levels: tuple[float, ...]
    slopes: np.ndarray
    reference: float


def egger(y, v, *, level=0.95, labels=None):
    """Egger's test: weighted regression of the effect on its standard error, t test of the slope.

    Parameters
    ----------
    y, v : array_like of shape (k,)
        Effects and variances of at least 3 studies whose standard errors are not all equal.
    level : float
        Level of the limit's interval.
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    RegressionTest

    Raises
    ------
    ValueError
        For bad studies, fewer than three, or equal standard errors.

    Notes
    -----
    Egger (1997) in the weighted form of Sterne and Egger (2005): weights 1/v, multiplicative dispersion, k - 2 degrees
    of freedom; metafor's ``regtest(model="lm")``. The classical form, y/se on 1/se, has this slope as its intercept.
    For log odds ratios effect and standard error are tied by construction: use `peters` or `harbord`.

    Examples
    --------
    >>> test = egger([-0.9, -1.6, -1.3, -1.4, -0.2], [0.33, 0.19, 0.42, 0.02, 0.05])
    >>> round(test.statistic, 4), round(test.p_value, 4)
    (0.2187, 0.8409)
    """
    y, v = studies(y, v, labels)
    return _regression(y, np.sqrt(v), 1 / v, level, "Egger: effect on standard error, weights 1/v")


def peters(events_1, n_1, events_2, n_2, *, measure="OR", level=0.95, labels=None):
    """Peters' test: weighted regression of a log ratio on 1/n, for events.

    Parameters
    ----------
    events_1, n_1, events_2, n_2 : array_like of shape (k,)
        Participants with the event and all participants, in both arms.
    measure : {"OR", "RR"}
        Ratio that is regressed (1/2 added to studies with a zero cell).
    level, labels
        As in `egger`.

    Returns
    -------
    RegressionTest

    Notes
    -----
    Peters (2006), JAMA 295:676: predictor 1/(n_1 + n_2), weights 1/(1/events + 1/non-events), totals over both arms.
    A study with events in nobody, or in everybody, has no weight and is left out; ``method`` names it.

    Examples
    --------
    >>> test = peters([4, 6, 3, 62], [123, 306, 231, 13598], [11, 29, 11, 248], [139, 303, 220, 12867])
    >>> round(test.statistic, 4), round(test.p_value, 4)
    (0.7207, 0.5459)
    """
    _checks.one_of("measure", measure, ("OR", "RR"))
    ratio = odds_ratio if measure == "OR" else risk_ratio
    y = np.atleast_1d(ratio(events_1, n_1, events_2, n_2, double_zero="drop", labels=labels).y)
    _, n, events, use, note = _totals(events_1, n_1, events_2, n_2, labels)
    weights = events * (n - events) / n
    words = f"Peters: log {measure} on 1/n, weights 1/(1/events + 1/non-events){note}"
    return _regression(y[use], 1 / n[use], weights[use], level, words)


def harbord(events_1, n_1, events_2, n_2, *, level=0.95, labels=None):
    """Harbord's test: regression of the score of the log odds ratio on its standard error.

    Parameters
    ----------
    events_1, n_1, events_2, n_2 : array_like of shape (k,)
        Participants with the event and all participants, in both arms.
    level, labels
        As in `egger`.

    Returns
    -------
    RegressionTest

    Notes
    -----
    Harbord (2006), Statistics in Medicine 25:3443: Z / V on 1 / sqrt(V) with weights V, where Z is the observed less
    the expected number of events in arm 1 and V its hypergeometric variance. No cell needs a correction. A study with
    events in nobody, or in everybody, has V = 0 and is left out; ``method`` names it.

    Examples
    --------
    >>> test = harbord([4, 6, 3, 62], [123, 306, 231, 13598], [11, 29, 11, 248], [139, 303, 220, 12867])
    >>> round(test.statistic, 4), round(test.p_value, 4)
    (0.5742, 0.6238)
    """
    odds_ratio(events_1, n_1, events_2, n_2, labels=labels)  # for its refusals
    (first, n_first), n, events, use, note = _totals(events_1, n_1, events_2, n_2, labels)
    score = (first - events * n_first / n)[use]
    variance = (n_first * (n - n_first) * events * (n - events) / (n**2 * (n - 1)))[use]
    words = f"Harbord: efficient score of the log OR on its standard error, weights V{note}"
    return _regression(score / variance, 1 / np.sqrt(variance), variance, level, words)


def pet_peese(y, v, *, threshold=0.10, level=0.95, labels=None):
    """PET-PEESE: the effect expected of an infinitely precise study.

    Parameters
    ----------
    y, v : array_like of shape (k,)
        Effects and variances of at least 3 studies.
    threshold : float
        PEESE is taken when the two-sided P of the PET limit is below it, else PET.
    level : float
        Level of the intervals.
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    PetPeese

    Notes
    -----
    Stanley and Doucouliagos (2014), Research Synthesis Methods 5:60. PET is the regression of `egger` on the standard
    error, PEESE that on the variance; both with weights 1/v, multiplicative dispersion and k - 2 degrees of freedom.
    Under heterogeneity, and with few studies, both are poor estimators.

    Examples
    --------
    >>> result = pet_peese([0.21, 0.25, 0.18, 0.4], [0.04, 0.09, 0.06, 0.12])
    >>> result.chosen, round(result.estimate, 4)
    ('PET', -0.0283)
    """
    threshold = _checks.number("threshold", threshold)
    if not 0 < threshold < 1:
        raise ValueError(f"threshold is {threshold:.15g}; a P value lies between 0 and 1")
    y, v = studies(y, v, labels)
    pet = _regression(y, np.sqrt(v), 1 / v, level, "PET: effect on standard error, weights 1/v")
    peese = _regression(y, v, 1 / v, level, "PEESE: effect on variance, weights 1/v")
    chosen, fit = ("PEESE", peese) if pet.limit_p_value < threshold else ("PET", pet)
    words = f"{chosen}, as the P of the PET limit is {'below' if fit is peese else 'not below'} {threshold:g}"
    return PetPeese(pet, peese, chosen, fit.limit, fit.limit_se, fit.limit_ci, words)


def funnel_zones(y, v, *, reference=0.0, levels=(0.90, 0.95, 0.99), labels=None):
    """Zones of significance of a contour-enhanced funnel, and the zone of each study.

    Parameters
    ----------
    y, v : array_like of shape (k,)
    reference : float
        Value that the zones surround: no effect, not the pooled one.
    levels : tuple of float
        Rising confidence levels.
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    FunnelZones

    Notes
    -----
    Peters (2008), Journal of Clinical Epidemiology 61:991.

    Examples
    --------
    >>> zones = funnel_zones([-0.9, -1.6, 0.1], [0.33, 0.19, 0.42])
    >>> zones.zone.tolist(), zones.p_values.round(4).tolist()
    ([0, 3, 0], [0.1172, 0.0002, 0.8774])
    """
    y, v = studies(y, v, labels, at_least=1)
    reference = _checks.number("reference", reference)
    levels = tuple(_checks.level(one) for one in np.atleast_1d(_checks.floats("levels", levels)).tolist())
    if not levels or list(levels) != sorted(set(levels)):
        raise ValueError(f"levels is {levels}; give rising confidence levels, such as (0.90, 0.95, 0.99)")
    se = np.sqrt(v)
    slopes = ndtri(0.5 + np.array(levels) / 2)
    z = np.abs(y - reference) / se
    return FunnelZones(se, 2 * ndtr(-z), np.searchsorted(slopes, z, side="right"), levels, slopes, reference)


def _totals(events_1, n_1, events_2, n_2, labels):
    """Arm 1, totals over both arms, which studies carry information, and a note on those that do not."""
    a, n_a, c, n_c = (np.atleast_1d(np.asarray(x, float)) for x in (events_1, n_1, events_2, n_2))
    if a.ndim > 1:
        raise ValueError(f"events_1 has {a.ndim} axes; give one meta-analysis at a time, one count a study")
    n, events = n_a + n_c, a + c
    use = (events > 0) & (events < n)
    enough(int(use.sum()), 3)
    names = _checks.labels(labels, len(a))
    lost = ", ".join(_checks.study(names, i) for i in np.flatnonzero(~use))
    return (a, n_a), n, events, use, f"; left out, with events in nobody or everybody: {lost}" if lost else ""


def _regression(y, x, w, level, method):
    level = _checks.level(level)
    if no_spread(x):
        raise ValueError(f"all studies are equally precise; nothing can be regressed on precision ({method})")
    slope, intercept, total, x_mean, spread, residual, w = weighted_line(x, y, w)
    df = len(y) - 2
    dispersion = (w @ residual**2) / df
    slope_se = math.sqrt(dispersion / spread)
    limit_se = math.sqrt(dispersion * (1 / total + x_mean**2 / spread))
    statistic = standardise(slope, slope_se)
    half = t_quantile(level, df) * limit_se
    return RegressionTest(
        bias=float(slope),
        bias_se=slope_se,
        statistic=float(statistic),
        df=df,
        p_value=two_sided(statistic, df),
        limit=float(intercept),
        limit_se=limit_se,
        limit_ci=Interval(float(intercept - half), float(intercept + half)),
        limit_p_value=two_sided(standardise(intercept, limit_se), df),
        k=len(y),
        method=f"{method}, t with {df} df",
    )
