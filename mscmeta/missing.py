"""What trials that cannot be seen must have said, if a published result is true and the others are as we hold them.

A pooled estimate with its interval pins down two numbers: the mean and its standard error. Take away what the trials
at hand contribute, and the rest has to come from the ones that are missing, put together here as **one summary trial**
with an effect and a standard error. Under a common effect that loses nothing: the weights of missing trials add up.
Under DerSimonian and Laird several missing comparisons may also disagree among themselves, which moves tau2: they are
taken to have one standard error each, and any disagreement is allowed. If they do not, the answer is an approximation.

Printed numbers are rounded, so they stand for a small polygon of (mean, SE), and the answer is a region: its image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from . import _checks as check
from ._missing_dl import solutions
from ._results import Interval, t_quantile
from .audit import Finding
from .audit._printed import Box, box, judged
from .pool import pool

MODELS = ("FE", "DL")
_PER_EDGE = {"FE": 24, "DL": 1}  # points on each edge of the polygon of rounding
_SLACK = 1e-9  # relative width that binary arithmetic may add to a box


@dataclass(frozen=True, slots=True)
class Missing:
    """The effects and standard errors of missing trials that would make a published result true.

    Attributes
    ----------
    printed : tuple of str
        Estimate, lower and upper limit as printed.
    model : str
        "FE" (one common effect) or "DL" (DerSimonian-Laird).
    level : float
        Level of the printed interval.
    comparisons : int
        How many comparisons are missing.
    possible : bool
        Whether any trial could do it.
    reason : str
        In a sentence: what must hold, or why nothing can.
    effect, se : Interval or None
        Range over the region of the missing trials' mean effect and of its standard error (sampling error alone), in
        the unit of the trials; infinite where rounding leaves them without bound. None when nothing is possible.
    central : ndarray, shape (m, 4)
        Effect, SE, tau2 and spread (SD of the missing effects among themselves) for the middle of the rounding polygon.
        One row under FE; under DL one for each solution, or a curve of them when several comparisons are missing.
    points : ndarray, shape (n, 4)
        The same over the polygon: its boundary in order under FE, all solutions found under DL.
    """

    printed: tuple[str, str, str]
    model: str
    level: float
    comparisons: int
    possible: bool
    reason: str
    effect: Interval | None
    se: Interval | None
    central: np.ndarray = field(repr=False)
    points: np.ndarray = field(repr=False)
    _held: tuple[np.ndarray, np.ndarray] = field(repr=False)

    def holds(self, effect: float, se: float, spread: float = 0.0) -> bool:
        """Pool the trials at hand with these: does the published result come out, rounded as printed?"""
        m = self.comparisons
        if m < 2 and spread:
            raise ValueError("spread does not apply to one missing comparison, which has nothing to disagree with")
        new = np.full(m, float(effect))
        if m > 1:  # a pair apart, the others in the middle: the same mean and SD as any other arrangement
            new[:2] += np.array([1, -1]) * spread * math.sqrt((m - 1) / 2)
        y, v = np.append(self._held[0], new), np.append(self._held[1], np.full(m, m * se**2))
        fit = pool(y, v, tau2=self.model, ci="Wald", level=self.level)
        found = (fit.estimate, fit.ci.low, fit.ci.high)
        return all(_near(box(text), value) for text, value in zip(self.printed, found, strict=True))


def missing_trial(
    estimate: str,
    low: str,
    high: str,
    y: Sequence[float],
    v: Sequence[float],
    *,
    model: str = "FE",
    comparisons: int = 1,
    level: float = 0.95,
    labels: Sequence[str] | None = None,
) -> Missing:
    """Find every effect and standard error of a missing trial under which a published pooled result is true.

    Parameters
    ----------
    estimate, low, high : str
        The published result as printed, so that its decimals say how far it was rounded; differences, or ratios on the
        log scale. The interval is of Wald's type, symmetric about the estimate.
    y, v : array of shape (k,)
        Effects and sampling variances of the trials at hand, in the same unit; may be empty.
    model : {"FE", "DL"}
        One common effect, or random effects by DerSimonian and Laird.
    comparisons : int
        How many comparisons are missing: trials, or doses where each was entered by itself.
    level : float
        Level of the printed interval.
    labels : sequence of str, optional
        Names of the trials at hand, for messages.

    Returns
    -------
    Missing

    Raises
    ------
    TypeError, ValueError
        For numbers in place of printed texts, an interval without width, unusable trials or unknown options.

    Notes
    -----
    Let W be one over the squared printed SE and m the printed mean. Under FE the missing trial has the weight
    w = W - sum(1/v) and the effect (m W - sum(y/v)) / w: exactly one solution, and none if the trials at hand are
    already more precise than the published result. Under DL, each tau2 fixes weight and effect in the same way, with
    1/(v + tau2) for 1/v; a solution is a tau2 that the resulting set of trials returns (DerSimonian and Laird 1986,
    eq. 8), truncation at zero included. All roots on a fine scan of the possible tau2 are kept. Several missing
    comparisons can disagree as much as it takes, so there every tau2 is a solution that is not below the one returned
    when they agree.

    Examples
    --------
    Two trials were pooled to -2.00 (-2.98 to -1.02); one is at hand, with effect -1 and variance 0.5:

    >>> found = missing_trial("-2.00", "-2.98", "-1.02", [-1.0], [0.5])
    >>> print(found.central.round(2)[0, :2])
    [-3.    0.71]
    >>> found.holds(-3.0, 0.5**0.5), found.holds(-2.5, 0.5**0.5)
    (True, False)
    """
    check.one_of("model", model, MODELS)
    level = check.level(level)
    if isinstance(comparisons, bool) or not isinstance(comparisons, int) or comparisons < 1:
        raise ValueError(f"comparisons is {comparisons!r}; give how many are missing, 1 or more")
    y, v = _held(y, v, labels)
    z = float(t_quantile(level, math.inf))
    corners = _polygon(box(estimate, "estimate"), box(low, "low"), box(high, "high"))
    printed = {"printed": (estimate, low, high), "model": model, "level": level}
    settings = printed | {"comparisons": comparisons, "_held": (y, v)}
    if not len(corners):
        return _impossible(settings, f"{estimate} is not the middle of {low} to {high}, whatever was rounded.")
    if model == "DL" and len(y) + comparisons > 1:
        return _by_dl(settings, y, v, corners, z)
    return _by_common_effect(settings, y, v, corners, z)


def _held(y: object, v: object, labels: Sequence[str] | None) -> tuple[np.ndarray, np.ndarray]:
    y, v = check.floats("y", y), check.floats("v", v)
    if y.ndim != 1:
        raise ValueError(f"y has {y.ndim} axes; give one effect a trial")
    if not len(y) and not len(v):
        return y, v
    y, v, _ = check.studies(y, v, labels)
    return y, v


# --- the rounding of the printed numbers --------------------------------------------------------------------------


def _polygon(mean: Box, low: Box, high: Box) -> np.ndarray:
    """Corners of the (lower limit, upper limit) that round to the printed numbers, their middle to the printed mean."""
    if high.low <= low.high:
        raise ValueError(
            f"the interval {low} to {high} may have no width once rounded; give more decimals, lower limit first"
        )
    corners = np.array([(low.low, high.low), (low.high, high.low), (low.high, high.high), (low.low, high.high)])
    slack = _SLACK * max(abs(mean.low), abs(mean.high), high.high - low.low)
    corners = _clipped(corners, np.array([1.0, 1.0]), 2 * (mean.high + slack))
    return _clipped(corners, np.array([-1.0, -1.0]), -2 * (mean.low - slack))


def _clipped(corners: np.ndarray, normal: np.ndarray, limit: float) -> np.ndarray:
    """The part of a convex polygon where normal . point <= limit (Sutherland and Hodgman, CACM 1974;17:32)."""
    kept: list[np.ndarray] = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        a, b = normal @ start - limit, normal @ end - limit
        if a <= 0:
            kept.append(start)
        if (a < 0 < b) or (b < 0 < a):
            kept.append(start + (end - start) * a / (a - b))
    return np.array(kept).reshape(-1, 2)


def _boundary(corners: np.ndarray, model: str) -> np.ndarray:
    """Points along the edges, in order, closed."""
    share = np.linspace(0, 1, _PER_EDGE[model], endpoint=False)[:, None]
    edges = [a + share * (b - a) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    return np.vstack([*edges, corners[:1]])


def _mean_se(limits: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
    return limits.sum(axis=1) / 2, (limits[:, 1] - limits[:, 0]) / (2 * z)


# --- one common effect --------------------------------------------------------------------------------------------


def _by_common_effect(settings: dict, y: np.ndarray, v: np.ndarray, corners: np.ndarray, z: float) -> Missing:
    total, weighted = np.sum(1 / v), np.sum(y / v)
    widest = 1 / math.sqrt(total) if len(y) else math.inf  # the SE of the trials at hand by themselves
    middle = corners.mean(axis=0, keepdims=True)
    limit = 2 * z * widest * (1 - 1e-9)
    inside = _clipped(corners, np.array([-1.0, 1.0]), limit) if len(y) else corners
    if len(inside) < 3:
        return _impossible(
            settings,
            f"The printed interval is too wide: the trials at hand alone have a standard error of {widest:.3g}.",
        )
    points = _solved(*_mean_se(_boundary(inside, "FE"), z), total, weighted)
    central = _solved(*_mean_se(middle, z), total, weighted) if _mean_se(middle, z)[1][0] < widest else points[:0]
    effect, se = _hull(points)
    if len(inside) != len(corners) or not np.allclose(inside, corners, rtol=1e-12):
        mean = inside[np.abs(inside[:, 1] - inside[:, 0] - limit) < 1e-6 * limit].sum(axis=1) / 2
        apart = mean - weighted / total
        effect = Interval(-math.inf if apart.min() < 0 else effect.low, math.inf if apart.max() > 0 else effect.high)
        se = Interval(se.low, math.inf)
    return _possible(settings, effect, se, central, points)


def _solved(mean: np.ndarray, se: np.ndarray, total: float, weighted: float) -> np.ndarray:
    """Effect, SE and tau2 (none) of what is missing under one common effect."""
    weight = 1 / se**2 - total
    none = np.zeros_like(se)
    return np.column_stack([(mean / se**2 - weighted) / weight, 1 / np.sqrt(weight), none, none])


# --- DerSimonian and Laird ----------------------------------------------------------------------------------------


def _by_dl(settings: dict, y: np.ndarray, v: np.ndarray, corners: np.ndarray, z: float) -> Missing:
    m = settings["comparisons"]
    central = solutions(*_mean_se(corners.mean(axis=0, keepdims=True), z), y, v, m)
    points = np.vstack([central, solutions(*_mean_se(_boundary(corners, "DL"), z), y, v, m)])
    if not len(points):
        return _impossible(settings, "No variance between the trials is one that DerSimonian and Laird would return.")
    return _possible(settings, *_hull(points), central, points)


# --- the answer ---------------------------------------------------------------------------------------------------


def _hull(points: np.ndarray) -> tuple[Interval, Interval]:
    return tuple(Interval(float(x.min()), float(x.max())) for x in (points[:, 0], points[:, 1]))


def _possible(settings: dict, effect: Interval, se: Interval, central: np.ndarray, points: np.ndarray) -> Missing:
    error = f"at most {se.high:.3g}" if se.low < 0.01 * se.high else _range(se)
    says = f"What is missing must have an effect of {_range(effect)} with a standard error of {error}."
    return Missing(possible=True, reason=says, effect=effect, se=se, central=central, points=points, **settings)


def _impossible(settings: dict, reason: str) -> Missing:
    none = np.empty((0, 4))
    return Missing(possible=False, reason=reason, effect=None, se=None, central=none, points=none, **settings)


def _range(interval: Interval) -> str:
    low, high = (f"{x:.3g}" for x in interval)
    return low if low == high else f"{low} to {high}"


def _near(around: Box, value: float) -> bool:
    slack = 1e-9 * max(abs(around.low), abs(around.high), 1.0)
    return around.low - slack <= value <= around.high + slack


def implied_sd(se: float, n_1: Sequence[float], n_2: Sequence[float]) -> float:
    """SD of a score that several comparisons must share for their common-effect pool to have a standard error.

    With one SD in all arms a comparison has the variance SD² (1/n_1 + 1/n_2), and the weights of comparisons add up.

    Parameters
    ----------
    se : float
        Standard error of the pooled difference.
    n_1, n_2 : array of shape (m,)
        Participants of both arms of each comparison, as they were entered: a control used twice stands there twice.

    Returns
    -------
    float
        In the unit of `se`.

    Examples
    --------
    >>> print(round(implied_sd(2.0, [50], [50]), 3))
    10.0
    """
    se = check.number("se", se)
    n_1, n_2 = check.floats("n_1", n_1), check.floats("n_2", n_2)
    check.same_shape(n_1=n_1, n_2=n_2)
    if not se > 0 or not n_1.size or np.any(n_1 <= 0) or np.any(n_2 <= 0):
        raise ValueError("se and all numbers of participants must be positive; give at least one comparison")
    return float(se * np.sqrt(np.sum(1 / (1 / n_1 + 1 / n_2))))


def on_scale(missing: Missing, n_1: Sequence[float], n_2: Sequence[float], width: float) -> Finding:
    """Whether any trial that would make the printed result true fits on a scale, mean and spread.

    A difference of means is at most the width of the scale. With one SD in all arms, the standard error implies that SD
    (`implied_sd`); no SD of n scores exceeds half the width times the root of n/(n - 1) (Popoviciu).

    Parameters
    ----------
    missing : Missing
        From `missing_trial`.
    n_1, n_2 : array of shape (m,)
        Participants of the missing comparisons.
    width : float
        Upper minus lower limit of the scale.

    Returns
    -------
    Finding
        "contradicted" when nothing fits, else "consistent", with the range of the effects that fit.

    Examples
    --------
    >>> found = missing_trial("-13.83", "-21.16", "-6.51", [], [])
    >>> on_scale(found, [40], [20], 8).verdict, on_scale(found, [40], [20], 100).verdict
    ('contradicted', 'consistent')
    """
    if not missing.possible:
        return judged("missing_on_scale", False, "", missing.reason)
    effect, sd, largest = _spread(missing, n_1, n_2, width)
    if ranges := fitting(missing, n_1, n_2, width):
        spread = f"at most {ranges[1].high:.3g}" if ranges[1].low < 0.01 * ranges[1].high else _range(ranges[1])
        says = f"An effect of {_range(ranges[0])}, with an SD of the scores of {spread}, would do it."
        return judged("missing_on_scale", True, says, "", Box(*ranges[0]))
    found = Box(float(effect.min()), float(effect.max()))
    if (np.abs(effect) > width).all():
        says = f"An effect of {found} does not fit on a scale {width:g} wide."
    else:
        says = (
            f"An SD of {sd.min():.3g} or more does not fit on a scale {width:g} wide, where {largest:.3g} is the most."
        )
    return judged("missing_on_scale", False, "", says, found)


def fitting(
    missing: Missing, n_1: Sequence[float], n_2: Sequence[float], width: float
) -> tuple[Interval, Interval] | None:
    """Effects of the missing trials, and SDs of their scores, that fit on a scale (see `on_scale`); None if none does.

    Examples
    --------
    >>> effect, sd = fitting(missing_trial("-13.83", "-21.16", "-6.51", [], []), [40], [20], 100)
    >>> [round(x, 1) for x in (*effect, *sd)]
    [-13.8, -13.8, 13.6, 13.7]
    """
    if not missing.possible:
        return None
    effect, sd, largest = _spread(missing, n_1, n_2, width)
    fits = (np.abs(effect) <= width) & (sd <= largest)
    if not fits.any():
        return None
    return tuple(Interval(float(x[fits].min()), float(x[fits].max())) for x in (effect, sd))


def _spread(missing: Missing, n_1, n_2, width: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Effect and SD of each solution, and the largest SD that the scale allows."""
    n = min(*check.floats("n_1", n_1), *check.floats("n_2", n_2))
    sd = missing.points[:, 1] * implied_sd(1.0, n_1, n_2)
    return missing.points[:, 0], sd, width / 2 * math.sqrt(n / (n - 1))
