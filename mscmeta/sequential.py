"""Has enough been learnt? Required information, and boundaries for looking again after every trial.

Symmetric two-sided O'Brien-Fleming-type boundaries by alpha spending (Lan & DeMets 1983): at the information fraction t
each side has spent 2 - 2 Phi(z[1 - alpha/4] / sqrt t). The boundary of a look is found so that the chance of crossing
it, and none before, is what was spent since the last look (Armitage, McPherson & Rowe 1969).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from mscmeta import _checks
from mscmeta._results import Interval
from mscmeta.pool import Pooled, pool

#: Boundaries beyond this are spent less than 2e-33 on: no boundary.
FARTHEST = 12.0
#: Nodes for the density of the statistic between two boundaries.
NODES = 400
MEASURES = ("RR", "OR")


@dataclass(frozen=True, slots=True)
class Path:
    """A cumulative meta-analysis against sequential boundaries, one entry a look.

    Attributes
    ----------
    fraction : ndarray
        Information reached as a share of that required, cut at 1.
    estimate, se, z : ndarray
        Pooled effect, its standard error, and their quotient.
    bound : ndarray
        Boundary for the size of z; NaN where too little was known for any.
    crossed : ndarray of bool
    adjusted : Interval
        Interval of the last look with the boundary in place of the normal quantile; NaN without a boundary.
    required : float
        Participants required, both arms together.
    """

    fraction: np.ndarray
    estimate: np.ndarray
    se: np.ndarray
    z: np.ndarray
    bound: np.ndarray
    crossed: np.ndarray
    adjusted: Interval
    required: float


def spent(fraction, alpha: float = 0.05):
    """Two-sided alpha spent at an information fraction, O'Brien-Fleming type.

    Examples
    --------
    >>> print(round(float(spent(0.5)), 6), round(float(spent(1.0)), 6))
    0.003051 0.05
    """
    return 4 * ndtr(-ndtri(1 - alpha / 4) / np.sqrt(fraction))


def boundaries(fractions, alpha: float = 0.05) -> np.ndarray:
    """Boundaries for the size of z at each look.

    Parameters
    ----------
    fractions : array_like
        Information fractions of the looks, rising, above 0 and at most 1.
    alpha : float
        Two-sided error, above 0 and below 1.

    Returns
    -------
    ndarray
        NaN where the boundary lies beyond 12: nothing can be concluded at such a look.

    Raises
    ------
    ValueError
        For fractions that do not rise or lie outside 0 to 1, and for an impossible alpha.

    Examples
    --------
    >>> boundaries([0.5, 1.0]).round(4).tolist()
    [2.9626, 1.9686]
    """
    t = _fractions(fractions)
    alpha = _checks.number("alpha", alpha)
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha:g}; give an error rate above 0 and below 1")
    used = np.diff(spent(t, alpha), prepend=0.0)
    bounds, grid, density = [], None, None
    for i, (now, spend) in enumerate(zip(t, used, strict=True)):
        step = now - (t[i - 1] if i else 0.0)
        tail = _tail_of(grid, density, step)
        limit = FARTHEST * math.sqrt(now)
        if tail(limit) >= spend:
            bound = math.nan
        else:
            bound = brentq(lambda b, tail=tail, spend=spend: tail(b) - spend, 0.0, limit, xtol=1e-12)
            limit = bound
        bounds.append(bound / math.sqrt(now))
        grid, density = _next(grid, density, step, limit)
    return np.array(bounds)


def _fractions(fractions) -> np.ndarray:
    t = _checks.floats("fractions", fractions)
    if t.ndim != 1 or not len(t) or not (np.all(t > 0) and np.all(t <= 1) and np.all(np.diff(t) > 0)):
        raise ValueError("fractions must rise from look to look, above 0 and up to 1 at most")
    return t


def _tail_of(grid, density, step):
    """Chance that the score leaves [-b, b] at this look and was inside all before, as a function of b."""
    scale = math.sqrt(step)
    if grid is None:
        return lambda b: float(2 * ndtr(-b / scale))
    nodes, weights = grid
    mass = weights * density
    return lambda b: float(mass @ (ndtr((nodes - b) / scale) + ndtr((-b - nodes) / scale)))


def _next(grid, density, step, limit):
    """Density of the score inside the boundary at this look, on Gauss-Legendre nodes."""
    x, w = np.polynomial.legendre.leggauss(NODES)
    nodes, weights = limit * x, limit * w
    if grid is None:
        return (nodes, weights), _normal(nodes, step)
    before, mass = grid[0], grid[1] * density
    return (nodes, weights), _normal(nodes[:, None] - before[None, :], step) @ mass


def _normal(x, variance):
    return np.exp(-0.5 * x * x / variance) / math.sqrt(2 * math.pi * variance)


def required_for_means(difference: float, sd: float, *, alpha: float = 0.05, beta: float = 0.1,
                       diversity: float = 0.0) -> float:  # fmt: skip
    """Participants, both arms together, to find a difference of means.

    Parameters
    ----------
    difference : float
        The difference worth finding, such as the MID; not zero.
    sd : float
        Standard deviation between patients.
    alpha, beta : float
        Two-sided error of finding what is not there, error of missing what is.
    diversity : float
        Of the meta-analysis (see `diversity`), 0 to below 1: the total grows by 1 / (1 - diversity).

    Returns
    -------
    float
        Unrounded; 4 (z[1-alpha/2] + z[1-beta])**2 sd**2 / difference**2 / (1 - diversity) (Wetterslev 2009).

    Examples
    --------
    >>> round(required_for_means(4, 15, diversity=0.4), 2)
    985.07
    """
    difference, sd = _checks.number("difference", difference), _checks.number("sd", sd)
    if difference == 0 or not sd > 0:
        raise ValueError(
            f"difference is {difference:g} and sd {sd:g}; give a difference that is not 0 and a positive SD"
        )
    return _required(sd**2, difference, alpha, beta, diversity)


def required_for_risks(ratio: float, control_risk: float, *, measure: str = "RR", alpha: float = 0.05,
                       beta: float = 0.1, diversity: float = 0.0) -> float:  # fmt: skip
    """Participants, both arms together, to find a ratio of risks.

    Parameters
    ----------
    ratio : float
        The risk ratio or odds ratio worth finding; not 1.
    control_risk : float
        Risk without treatment, above 0 and below 1.
    measure : {"RR", "OR"}
    alpha, beta, diversity : float
        As for `required_for_means`.

    Returns
    -------
    float
        Unrounded; as for means, with the variance p (1 - p) at the mean of the two risks.

    Examples
    --------
    >>> round(required_for_risks(0.8, 0.12), 1)
    7029.5
    """
    _checks.one_of("measure", measure, MEASURES)
    ratio, risk = _checks.number("ratio", ratio), _checks.number("control_risk", control_risk)
    if not 0 < risk < 1:
        raise ValueError(f"control_risk is {risk:g}; give a risk above 0 and below 1")
    odds = ratio * risk / (1 - risk)
    treated = ratio * risk if measure == "RR" else odds / (1 + odds)
    if not 0 < treated < 1 or treated == risk:
        raise ValueError(f"ratio {ratio:g} makes the risk {treated:g}; it must lie above 0, below 1, and differ")
    mean = (risk + treated) / 2
    return _required(mean * (1 - mean), treated - risk, alpha, beta, diversity)


def _required(variance, difference, alpha, beta, share) -> float:
    for name, value in (("alpha", alpha), ("beta", beta)):
        if not 0 < _checks.number(name, value) < 1:
            raise ValueError(f"{name} is {value:g}; give an error rate above 0 and below 1")
    if not 0 <= _checks.number("diversity", share) < 1:
        raise ValueError(f"diversity is {share:g}; it lies between 0 and below 1")
    quantiles = float(ndtri(1 - alpha / 2) + ndtri(1 - beta))
    return 4 * quantiles**2 * variance / difference**2 / (1 - share)


def diversity(y, v, *, tau2="DL", labels=None) -> float:
    """Share of the variance of the pooled effect that random effects add, 0 to below 1 (D squared, Wetterslev 2009).

    Examples
    --------
    >>> round(diversity([-1.5854, -0.2175], [0.194581, 0.05121]), 4)
    0.9128
    """
    random = pool(y, v, tau2=tau2, ci="Wald", labels=labels).se ** 2
    common = pool(y, v, tau2="FE", ci="Wald", labels=labels).se ** 2
    return float(1 - common / random)


def path(y, v, n, required: float, *, tau2="DL", alpha: float = 0.05, labels=None) -> Path:
    """Trial sequential analysis: pool after every trial and compare with the boundaries.

    Parameters
    ----------
    y, v : array_like of shape (k,)
        Effects and variances in the order in which the trials came.
    n : array_like of shape (k,)
        Participants of each trial.
    required : float
        Participants required (`required_for_means`, `required_for_risks`).
    tau2 : str
        Estimator, as for `mscmeta.pool`; intervals are normal, as the boundaries are.
    alpha : float
        Two-sided error.
    labels : sequence of str, optional
        Names of the trials, for messages.

    Returns
    -------
    Path
        Looks end with the first that reaches the required information.

    Examples
    --------
    >>> looks = path([-0.9, -0.3, -1.2], [0.1, 0.05, 0.2], [40, 80, 20], 280)
    >>> looks.fraction.round(2).tolist(), looks.crossed.tolist()
    ([0.14, 0.43, 0.5], [False, False, False])
    """
    y, v, _ = _checks.studies(y, v, labels, allow_absent=False)
    n = _checks.floats("n", n)
    if n.shape != y.shape or not np.all(n > 0):
        raise ValueError(
            f"n has shape {n.shape}; give a positive number of participants for each of the {len(y)} trials"
        )
    if not _checks.number("required", required) > 0:
        raise ValueError(f"required is {required:g}; give a positive number of participants")
    fraction = np.minimum(np.cumsum(n) / required, 1.0)
    looks = int(np.argmax(fraction >= 1)) + 1 if fraction[-1] >= 1 else len(y)
    fraction = fraction[:looks]
    fits = [pool(y[: i + 1], v[: i + 1], tau2=tau2, ci="Wald") for i in range(looks)]
    estimate, se = (np.array([getattr(fit, name) for fit in fits]) for name in ("estimate", "se"))
    bound, z = boundaries(fraction, alpha), estimate / se
    half = bound[-1] * se[-1]
    return Path(fraction, estimate, se, z, bound, np.abs(z) > bound, Interval(estimate[-1] - half, estimate[-1] + half),
                float(required))  # fmt: skip


def one_more(y, v, effects, variance: float, **options) -> Pooled:
    """Pool again with one more trial, once for each effect that it might find.

    Parameters
    ----------
    y, v : array of shape (k,)
        Effects and sampling variances of the trials so far.
    effects : array of shape (m,)
        Effects of the new trial, on the scale of `y`.
    variance : float
        Its sampling variance; for means in two arms of n / 2 participants each it is 4 SD² / n.
    **options
        As in `mscmeta.pool`, but for `labels`: they would have to name a trial that does not exist.

    Returns
    -------
    Pooled
        One replicate an effect.

    Raises
    ------
    ValueError
        For `labels`, for effects that are no row of numbers, and for what `pool` refuses.

    Examples
    --------
    >>> found = one_more([-1.0, -1.2], [0.2, 0.3], [-2.0, 0.0], 0.25, tau2="FE", ci="Wald")
    >>> found.estimate.round(2).tolist(), found.k.tolist()
    ([-1.38, -0.73], [3, 3])
    """
    if "labels" in options:
        raise ValueError("labels does not apply: the new trial has no name; leave it out")
    effects = np.asarray(effects, float)
    if effects.ndim != 1 or not effects.size or not np.isfinite(effects).all():
        raise ValueError("effects must be a row of finite numbers, one for each result that the new trial may have")
    y, v = _checks.studies(y, v, None)[:2]
    if y.ndim != 1:
        raise ValueError(f"y has {y.ndim} axes; a trial is added to one meta-analysis at a time")
    held = [np.repeat(np.asarray(each, float)[:, None], effects.size, axis=1) for each in (y, v)]
    return pool(np.vstack([held[0], effects]), np.vstack([held[1], np.full(effects.size, variance)]), **options)
