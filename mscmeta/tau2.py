"""The between-study variance tau2: its estimators and its intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import chdtri, gammaincinv

from . import _checks as check
from ._likelihood import log_likelihood, most_likely, outermost
from ._moments import Many, Moments, One, Value
from ._results import Interval
from ._roots import root_of_one, roots

INTERVAL_METHODS = ("QP", "PL", "BJ", "J")
ESTIMATORS = ("FE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")


def estimate(method: str, data: One | Many, k: Value, df: Value, fixed: Moments) -> Value:
    """Estimate tau2 by a named method, never negative; 0 where there are no degrees of freedom.

    Parameters
    ----------
    method : str
        One of `ESTIMATORS` but "FE".
    data : One or Many
        The studies, or any other object with their methods (a regression has).
    k, df : int or array
        Number of studies, and of studies less coefficients.
    fixed : Moments
        Moments at tau2 = 0 with their trace.

    Notes
    -----
    DL DerSimonian & Laird (1986); HE Hedges (1983), the unweighted moment estimator; HS Hunter & Schmidt (1990);
    SJ Sidik & Jonkman (2005) started from the variance of the effects; ML and REML the global maxima of the
    (restricted) likelihood over tau2 >= 0 (Viechtbauer 2005); EB Morris (1983), which has the same equation as PM,
    Paule & Mandel (1982): sum w r^2 = df.
    """
    if isinstance(data, One):
        return max(_unbounded(method, data, k, df, fixed), 0.0) if df > 0 else 0.0
    fixed = fixed._replace(trace=np.where(df > 0, fixed.trace, 1.0))  # 0 for a single study
    return np.where(df > 0, np.maximum(_unbounded(method, data, k, np.maximum(df, 1), fixed), 0.0), 0.0)


def _unbounded(method: str, data: One | Many, k: Value, df: Value, fixed: Moments) -> Value:
    """The estimate, which closed forms may put below 0."""
    if method in ("ML", "REML"):
        return most_likely(method, data, df)
    if method in ("PM", "EB"):
        return _q_equals(data, df, fixed.q)
    if method == "DL":
        return (fixed.q - df) / fixed.trace
    if method == "HS":
        return (fixed.q - k) / fixed.total
    if method == "SJ":
        start = data.variance()
        return start * data.moments(start).q / df
    return data.unweighted(k, df)


def _q_equals(data: One | Many, target: Value, q_at_0: Value) -> Value:
    """Value of tau2 where sum w r^2, which falls with tau2, equals the target; 0 where it starts lower."""
    if isinstance(data, One):
        if q_at_0 <= target:
            return 0.0
        high = _q_limit(data.spread(), target, data.v_min)
        return root_of_one(lambda t: target / data.moments(t).q - 1, 0.0, high, target / q_at_0 - 1,
                            target / data.moments(high).q - 1, data.v_min)  # fmt: skip
    target = np.broadcast_to(target, q_at_0.shape)
    tau2 = np.zeros(q_at_0.shape)
    todo = np.flatnonzero(q_at_0 > target)
    if todo.size:
        part, target = data.select(todo), target[todo]
        high = _q_limit(part.spread(), target, part.v_min)
        tau2[todo] = roots(lambda t, of, c: c / of.moments(t).q - 1, part, (target,), np.zeros(todo.size), high,
                            target / q_at_0[todo] - 1, target / part.moments(high).q - 1)  # fmt: skip
    return tau2


def _q_limit(spread: Value, target: Value, v_min: Value) -> Value:
    """No root of q(tau2) = target lies beyond: q <= spread / (tau2 + v_min)."""
    return 1.0001 * (spread / target) - v_min


def tau2_interval(
    y: object,
    v: object,
    method: str = "QP",
    *,
    level: float = 0.95,
    likelihood: str | None = None,
    labels: Sequence[object] | None = None,
) -> Interval:
    """Confidence interval for the between-study variance of one meta-analysis.

    Parameters
    ----------
    y, v : array_like
        Effects and sampling variances, one a study.
    method : {"QP", "PL", "BJ", "J"}
        Q-profile (Viechtbauer 2007); profile likelihood; Biggerstaff & Jackson (2008), the exact distribution of
        Cochran's Q; Jackson (2013), the same with weights 1 / sqrt(v).
    level : float
        Level of the interval.
    likelihood : {"REML", "ML"}, optional
        For "PL" only: which likelihood (default "REML").
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    Interval
        In squared units of the effect. When the studies agree more than chance allows, the three inverted tests reject
        every tau2: then `is_empty` is true and the limits are 0. With one study every tau2 is possible: 0 to infinity.
        Where the profile likelihood of a two-mode set cuts out a gap, the interval spans it.

    Examples
    --------
    >>> low, high = tau2_interval([-0.9, -0.3, -1.2, -0.5], [0.10, 0.05, 0.20, 0.08])
    >>> print(round(low, 6), round(high, 4))
    0.0 2.1344
    """
    check.one_of("method", method, INTERVAL_METHODS)
    if likelihood is not None and method != "PL":
        raise ValueError(f"likelihood applies to method 'PL' only, not to {method!r}; leave it out")
    likelihood = check.one_of("likelihood", likelihood or "REML", ("REML", "ML"))
    y, v, _ = check.studies(y, v, labels)
    if y.ndim != 1:
        raise ValueError(f"y has {y.ndim} axes; an interval for tau2 takes one meta-analysis at a time")
    alpha = 1 - check.level(level)
    if y.size == 1:
        return Interval(0.0, math.inf)
    data = One(y.tolist(), v.tolist())
    if method == "QP":
        return _q_profile(data, len(y) - 1, alpha)
    if method == "PL":
        return _profile_likelihood(data, likelihood, alpha)
    return _generalised_q(data, v, 1 / v if method == "BJ" else 1 / np.sqrt(v), alpha)


def _q_profile(data: One, df: int, alpha: float) -> Interval:
    """The tau2 at which Q lies between the quantiles of chi-squared."""
    q = data.moments(0.0).q
    upper, lower = float(chdtri(df, alpha / 2)), 2 * float(gammaincinv(df / 2, alpha / 2))
    if q < lower:
        return Interval(0.0, 0.0, is_empty=True)
    return Interval(_q_equals(data, upper, q), _q_equals(data, lower, q))


def _profile_likelihood(data: One, likelihood: str, alpha: float) -> Interval:
    """The tau2 whose log likelihood is within half a chi-squared quantile of the maximum."""
    best = most_likely(likelihood, data, len(data.y) - 1)
    many = data.columns()
    peak = log_likelihood(likelihood, many, np.array([best]))[0]
    allowed = float(chdtri(1, alpha)) / 2

    def excess(tau2: np.ndarray) -> np.ndarray:
        """Drop from the peak, beyond what is allowed; positive outside the interval."""
        return (peak - log_likelihood(likelihood, many, tau2)) / allowed - 1

    # beyond this the likelihood only falls
    far = 1.01 * data.spread() + max(data.v)
    scan = np.geomspace(data.v_min, far + data.v_min, 400) - data.v_min
    up = np.concatenate([[best], scan[scan > best]])
    down = np.concatenate([[best], scan[scan < best][::-1], [0.0]])
    return Interval(outermost(excess, down, data.v_min) or 0.0, outermost(excess, up, data.v_min, beyond=True))


def _generalised_q(data: One, v: np.ndarray, a: np.ndarray, alpha: float) -> Interval:
    """Invert the test by sum a (y - mean)^2, whose exact distribution is a sum of weighted chi-squared variables."""
    y = np.array(data.y)
    q = float(np.sum(a * (y - np.sum(a * y) / a.sum()) ** 2))
    form = np.diag(a) - np.outer(a, a) / a.sum()

    def below(tau2: float) -> float:
        root = np.sqrt(v + tau2)
        return weighted_chi2_cdf(q, np.linalg.eigvalsh(root[:, None] * form * root)[1:])

    if q == 0 or below(0.0) < alpha / 2:
        return Interval(0.0, 0.0, is_empty=True)
    low = _falls_to(lambda t: 1 - (1 - below(t)) / (alpha / 2), data) if below(0.0) > 1 - alpha / 2 else 0.0
    return Interval(low, _falls_to(lambda t: below(t) / (alpha / 2) - 1, data))


def _falls_to(f: Callable[[float], float], data: One) -> float:
    """Root of a function that is positive at 0 and falls."""
    a, fa = 0.0, f(0.0)
    b = max(data.v)
    while (fb := f(b)) > 0:
        a, fa, b = b, fb, 2 * b + data.spread()
    return root_of_one(f, a, b, fa, fb, data.v_min)


def weighted_chi2_cdf(x: float, weights: np.ndarray) -> float:
    """P(sum of weights times independent chi-squared(1) variables <= x), to about 1e-13.

    The Laplace transform of the distribution function, product (1 + 2 weight s)^(-1/2) / s, is inverted by the
    trapezoidal rule on Talbot's contour (Trefethen, Weideman & Schmelzer 2006, eq. 3.3); its singularities lie on the
    negative axis, which the contour encloses. More effective degrees of freedom need more points.

    Examples
    --------
    >>> print(round(weighted_chi2_cdf(3.841458820694124, np.array([1.0])), 12))
    0.95
    """
    weights = np.maximum(weights, 0.0)
    n = 2 * math.ceil(14 + 0.25 * weights.sum() ** 2 / np.sum(weights**2))
    angle = np.arange(1, n, 2) * (np.pi / n)
    z = n * (0.5017 * angle / np.tan(0.6407 * angle) - 0.6122 + 0.2645j * angle)
    slope = 0.5017 / np.tan(0.6407 * angle) - 0.5017 * 0.6407 * angle / np.sin(0.6407 * angle) ** 2 + 0.2645j
    transform = np.prod((1 + 2 * weights * z[:, None] / x) ** -0.5, axis=1)
    return float(2 * np.sum(np.imag(np.exp(z) * transform / z * slope)))


def likelihood_at(
    y: object, v: object, tau2: object, likelihood: str = "REML", *, labels: Sequence[object] | None = None
) -> np.ndarray:
    """Log likelihood of each given tau2, with the mean at its best, up to a constant: for a picture of it.

    Parameters
    ----------
    y, v : array_like
        Effects and sampling variances, one a study.
    tau2 : array_like
        Values of tau2, 0 or more.
    likelihood : {"REML", "ML"}
        Which likelihood (Viechtbauer 2005, equations 5 and 10).
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    ndarray
        One log likelihood a value of `tau2`.

    Raises
    ------
    ValueError
        For studies that `pool` refuses, several meta-analyses at once, a negative tau2 or an unknown likelihood.

    Examples
    --------
    >>> likelihood_at([-0.9, -0.3, -1.2, -0.5], [0.10, 0.05, 0.20, 0.08], [0.0, 0.046, 1.0]).round(3)
    array([ 0.49 ,  0.64 , -1.062])
    """
    check.one_of("likelihood", likelihood, ("REML", "ML"))
    y, v, _ = check.studies(y, v, labels)
    if y.ndim != 1:
        raise ValueError(f"y has {y.ndim} axes; the likelihood is computed for one meta-analysis at a time")
    tau2 = np.atleast_1d(check.floats("tau2", tau2))
    if not (np.isfinite(tau2) & (tau2 >= 0)).all():
        raise ValueError("tau2 holds a value that is negative or not finite; a variance is 0 or more")
    return log_likelihood(likelihood, One(y.tolist(), v.tolist()).columns(), tau2)
