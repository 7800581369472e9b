"""From what a paper printed to mean and SD: quantiles, SE, intervals, P, t, change scores; arms combined or split.

Every conversion assumes something. Results that are objects carry it (``assumes``); for plain numbers the docstring
names it. Nothing is guessed: a value that contradicts the formula is refused with its row, which ``labels`` (one name a
row) names in the message.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from mscmeta import _checks
from mscmeta._columns import Columns, plain
from mscmeta._medians import MeanSD, SkewnessTest, mean_sd_from_quartiles, mean_sd_from_range, skewness_test

__all__ = [
    "Arm",
    "MeanSD",
    "SkewnessTest",
    "combine_arms",
    "correlation_from_change",
    "mean_sd_from_quartiles",
    "mean_sd_from_range",
    "sd_from_ci",
    "sd_from_se",
    "sd_from_t",
    "sd_of_change",
    "se_from_ci",
    "se_from_p",
    "skewness_test",
    "split_control",
]


WHOLE_N = "an arm holds a whole number of participants, at least 1"


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm: mean, SD and number of participants (fractional only when a shared control was split).

    Attributes
    ----------
    mean, sd, n : float or ndarray
    """

    mean: float | np.ndarray
    sd: float | np.ndarray
    n: float | np.ndarray


def combine_arms(mean, sd, n, *, labels=None):
    """Put arms together as if their participants had been one arm.

    Parameters
    ----------
    mean, sd, n : array_like of shape (arms, ...)
        Arms on axis 0; anything behind it (trials, months) is combined element by element.

    Returns
    -------
    Arm
        Mean, SD and n of all participants: exactly those of the pooled raw values.

    Raises
    ------
    ValueError
        If a value is not finite, an SD is negative, an n is not a whole number of at least 1.

    Notes
    -----
    Cochrane Handbook, section 6.5.2.10, for any number of arms at once: the sum of squares is the sum within arms plus
    that of the arm means about the common mean, which the pooled within-arm SD leaves out.

    Examples
    --------
    >>> both = combine_arms([26.5, 32.9], [4.5, 5.8], [50, 50])
    >>> round(both.mean, 4), round(both.sd, 4), both.n
    (29.7, 6.0841, 100.0)
    """
    columns = Columns(labels, "arm", mean=mean, sd=sd, n=n)
    mean, sd, n = columns
    if mean.ndim == 0:
        raise ValueError(
            "mean has no axis of arms; give the arms as a list, e.g. combine_arms([m1, m2], [s1, s2], [n1, n2])"
        )
    columns.demand(sd >= 0, "sd", sd, "an SD is never negative")
    columns.whole("n", 1, WHOLE_N)
    total = n.sum(axis=0)
    common = mean[0] + (n * (mean - mean[0])).sum(axis=0) / total
    squares = ((n - 1) * sd**2 + n * (mean - common) ** 2).sum(axis=0)
    if np.any(total < 2):
        raise ValueError("n of all arms together is 1; an SD needs at least 2 participants")
    return Arm(plain(common), plain(np.sqrt(squares / (total - 1))), plain(total))


def split_control(mean, sd, n, parts, *, labels=None):
    """Share one control arm between several comparisons: n is divided, mean and SD stay.

    Parameters
    ----------
    mean, sd, n : float or array_like
        The shared control arm(s).
    parts : int
        The number of comparisons that use it.

    Returns
    -------
    Arm
        The control arm of each comparison. The fraction of n is kept: rounding would change the weights.

    Raises
    ------
    ValueError
        If ``parts`` is not a whole number of at least 1 or leaves less than one participant a part.

    Notes
    -----
    Cochrane Handbook, section 23.3.4. It removes the double count but leaves the comparisons correlated: combining the
    arms (`combine_arms`) does not have that fault.

    Examples
    --------
    >>> split_control(5.1, 2.2, 60, 2)
    Arm(mean=5.1, sd=2.2, n=30.0)
    """
    columns = Columns(labels, mean=mean, sd=sd, n=n, parts=parts)
    mean, sd, n, parts = columns
    columns.demand(sd >= 0, "sd", sd, "an SD is never negative")
    columns.whole("n", 1, WHOLE_N)
    columns.whole("parts", 1, "give the whole number of comparisons, at least 1")
    each = n / parts
    columns.demand(each >= 1, "n", n, "fewer than one participant would be left in each part; combine the arms instead")
    return Arm(plain(mean), plain(sd), plain(each))


def sd_from_se(se, n, n_2=None, *, labels=None):
    """SD from a standard error: that of one arm's mean, or of the difference of two arms' means.

    Parameters
    ----------
    se, n : float or array_like
        Standard error; number of participants of the arm.
    n_2 : float or array_like, optional
        Number in the other arm: ``se`` is then that of the difference, and the result the SD common to both arms.

    Returns
    -------
    float or ndarray

    Notes
    -----
    Assumes independent participants, and one SD for both arms where ``n_2`` is given (Cochrane Handbook, sections
    6.5.2.2 and 6.5.2.3): se = sd / sqrt(n), or sd * sqrt(1/n + 1/n_2).

    Examples
    --------
    >>> round(sd_from_se(1.7, 36), 6)
    10.2
    """
    columns = Columns(labels, se=se, n=n, **_given(n_2=n_2))
    columns.demand(columns.values["se"] > 0, "se", columns.values["se"], "a standard error is positive")
    return plain(columns.values["se"] / _se_of_unit_sd(columns))


def sd_from_ci(low, high, n, n_2=None, *, level=0.95, quantile="t", labels=None):
    """SD from the confidence interval of an arm's mean, or of the difference of two arms' means.

    Parameters
    ----------
    low, high : float or array_like
        Limits as printed.
    n : float or array_like
        Number of participants of the arm.
    n_2 : float or array_like, optional
        Number in the other arm: the interval is then that of the difference, and the result the common SD.
    level : float
        Confidence level of the printed interval.
    quantile : {"t", "normal"}
        What the authors multiplied the standard error by: t with n - 1 (n + n_2 - 2) degrees of freedom, or normal.

    Returns
    -------
    float or ndarray

    Notes
    -----
    Assumes a symmetric interval made with that quantile, and equal SDs where ``n_2`` is given (Cochrane Handbook,
    sections 6.5.2.2 and 6.5.2.3). At n = 25 the wrong quantile changes the SD by 5 %.

    Examples
    --------
    >>> round(sd_from_ci(30.0, 34.2, 25), 6)
    5.087459
    >>> round(sd_from_ci(30.0, 34.2, 25, quantile="normal"), 6)
    5.357241
    """
    _checks.one_of("quantile", quantile, ("t", "normal"))
    columns = Columns(labels, low=low, high=high, n=n, **_given(n_2=n_2))
    low, high, *sizes = columns
    unit = _se_of_unit_sd(columns)
    df = sum(size - 1 for size in sizes)
    columns.demand(df >= 1, "n", sizes[0], "an SD needs at least one degree of freedom")
    se = se_from_ci(low, high, level=level, df=df if quantile == "t" else None, labels=labels)
    return plain(se / unit)


def se_from_ci(low, high, *, level=0.95, df=None, labels=None):
    """Standard error from a confidence interval: its length over twice the quantile.

    Parameters
    ----------
    low, high : float or array_like
        Limits, on the scale on which the interval is symmetric: take logs of a ratio's limits first.
    level : float
    df : float or array_like, optional
        Degrees of freedom of the t quantile; without it the quantile is normal.

    Returns
    -------
    float or ndarray

    Notes
    -----
    Assumes a symmetric interval made with that quantile.

    Examples
    --------
    >>> import math
    >>> round(se_from_ci(math.log(0.70), math.log(0.94)), 6)
    0.075205
    """
    columns = Columns(labels, low=low, high=high, **_given(df=df))
    low, high, *_ = columns
    columns.demand(high > low, "high", high, "the upper limit must lie above the lower one")
    return plain((high - low) / 2 / _two_sided(1 - _checks.level(level), columns))


def se_from_p(estimate, p, df=None, *, labels=None):
    """Standard error from an estimate and its two-sided P value against zero.

    Parameters
    ----------
    estimate : float or array_like
        On the scale of the test: the log of a ratio.
    p : float or array_like
        Exact P, above 0 and below 1. A P printed as ``< 0.001`` gives no more than a bound on the SE.
    df : float or array_like, optional
        Degrees of freedom of the t test; without it the test was normal (z).

    Returns
    -------
    float or ndarray

    Notes
    -----
    Assumes that P came from estimate / se compared with that distribution (Cochrane Handbook, section 6.5.2.3).

    Examples
    --------
    The Handbook's example, difference 3.8 with P = 0.008 and arms of 25 and 22, and the SD that follows:

    >>> se = se_from_p(3.8, 0.008, df=45)
    >>> round(se, 6), round(sd_from_se(se, 25, 22), 6)
    (1.3691, 4.683469)
    """
    columns = Columns(labels, estimate=estimate, p=p, **_given(df=df))
    estimate, p, *_ = columns
    columns.demand(
        (p > 0) & (p < 1), "p", p, "P must lie between 0 and 1; where only a bound is printed use the interval"
    )
    columns.demand(estimate != 0, "estimate", estimate, "an estimate of zero says nothing of its SE; use the interval")
    return plain(np.abs(estimate) / _two_sided(p, columns))


def sd_from_t(difference, t, n_1, n_2, *, labels=None):
    """Common SD of two arms from their difference in means and its t statistic.

    Parameters
    ----------
    difference, t : float or array_like
        Difference of means; its t statistic (the sign is not used).
    n_1, n_2 : float or array_like

    Returns
    -------
    float or ndarray

    Notes
    -----
    Assumes a t test for independent groups with one common SD (Cochrane Handbook, section 6.5.2.3).

    Examples
    --------
    >>> round(sd_from_t(-4.2, -2.31, 40, 38), 6)
    8.026234
    """
    columns = Columns(labels, difference=difference, t=t, n_1=n_1, n_2=n_2)
    difference, t, *_ = columns
    columns.demand(t != 0, "t", t, "t of zero says nothing of the SD")
    columns.demand(difference != 0, "difference", difference, "a difference of zero says nothing of the SD")
    return plain(np.abs(difference / t) / _se_of_unit_sd(columns))


def sd_of_change(sd_0, sd_1, r, *, labels=None):
    """SD of the change from the SDs before and after and their correlation.

    Parameters
    ----------
    sd_0, sd_1 : float or array_like
        SD at baseline and at follow-up of the same participants.
    r : float or array_like
        Correlation of the two, from -1 to 1. It is an assumption unless the trial reports it.

    Returns
    -------
    float or ndarray

    Notes
    -----
    Cochrane Handbook, section 6.5.2.8: sqrt(sd_0^2 + sd_1^2 - 2 r sd_0 sd_1), computed without cancellation.

    Examples
    --------
    >>> round(sd_of_change(20.1, 22.4, 0.7), 6)
    16.596204
    """
    columns = Columns(labels, sd_0=sd_0, sd_1=sd_1, r=r)
    sd_0, sd_1, r = columns
    columns.demand(sd_0 > 0, "sd_0", sd_0, "an SD is positive")
    columns.demand(sd_1 > 0, "sd_1", sd_1, "an SD is positive")
    columns.demand(np.abs(r) <= 1, "r", r, "a correlation lies between -1 and 1")
    return plain(np.sqrt((sd_0 - sd_1) ** 2 + 2 * (1 - r) * sd_0 * sd_1))


def correlation_from_change(sd_0, sd_1, sd_change, *, labels=None):
    """Correlation between baseline and follow-up from the SDs of both and of the change.

    Parameters
    ----------
    sd_0, sd_1, sd_change : float or array_like

    Returns
    -------
    float or ndarray

    Raises
    ------
    ValueError
        If no correlation from -1 to 1 gives that SD of change: one of the three is not what it is said to be.

    Notes
    -----
    Cochrane Handbook, section 6.5.2.8, the inverse of `sd_of_change`. Assumes the same participants in all three SDs.

    Examples
    --------
    >>> round(correlation_from_change(6.4, 7.1, 4.5), 6)
    0.78257
    """
    columns = Columns(labels, sd_0=sd_0, sd_1=sd_1, sd_change=sd_change)
    for name, value in columns.values.items():
        columns.demand(value > 0, name, value, "an SD is positive")
    sd_0, sd_1, sd_change = columns
    r = (sd_0**2 + sd_1**2 - sd_change**2) / (2 * sd_0 * sd_1)
    columns.demand(
        np.abs(r) <= 1, "sd_change", sd_change, "no correlation gives it with these SDs; check whether it is an SE"
    )
    return plain(r)


def _given(**optional):
    return {name: value for name, value in optional.items() if value is not None}


def _se_of_unit_sd(columns):
    """Standard error of a mean, or of a difference of two, when the SD is 1."""
    sizes = {name: values for name, values in columns.values.items() if name in ("n", "n_1", "n_2")}
    for name, size in sizes.items():
        columns.demand(size >= 1, name, size, "an arm holds at least 1 participant")
    return np.sqrt(sum(1 / size for size in sizes.values()))


def _two_sided(p, columns):
    """Quantile that a statistic with two-sided P reaches: normal, or t where ``df`` was given."""
    if "df" not in columns.values:
        return -ndtri(p / 2)
    df = columns.values["df"]
    columns.demand(df > 0, "df", df, "degrees of freedom are positive")
    return -stdtrit(df, p / 2)
