"""The between-study variance tau2: closed forms, a safe solver that finds the global maximum, and intervals.

Every estimator needs only a few weighted sums of the data at a trial value of tau2, with w = 1 / (v + tau2) and
r the residuals of the weighted fit: the `Moments`. They are computed for one meta-analysis in plain floats (`One`), for
many at once in arrays (`Many`), always adding the studies in the same order, so that both give the same last digit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

ESTIMATORS = ("FE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")

#: The likelihood is scanned at points whose v_min + tau2 grows by at most this factor. All its singularities in
#: tau2 are at or left of -v_min, so on the logarithmic scale it cannot wiggle faster than that.
GRID_FACTOR = 1.42
#: Iteration ends when the product of the last two relative errors is below this: the next step is then exact.
ENOUGH = 1e-17

Value = float | np.ndarray


class Moments(NamedTuple):
    """Weighted sums at one tau2, each a number or one entry a replicate."""

    total: Value  # sum w
    mean: Value  # of y, weighted (none in a regression)
    q: Value  # sum w r^2
    trace: Value | None  # trace of the residual-maker P = sum of w (1 - leverage)
    q2: Value | None  # sum w^2 r^2


class One:
    """One meta-analysis, in floats."""

    def __init__(self, y: list[float], v: list[float]) -> None:
        self.v = v
        self.v_min = min(v)
        self.reference = y[v.index(self.v_min)]
        # effects are taken from the most precise study's: keeps all digits when it dominates, or under a large shift
        self.y = [yi - self.reference for yi in y]

    def moments(self, tau2: float, *, trace: bool = False, q2: bool = False) -> Moments:
        """The weighted sums at tau2."""
        total = pairs = wy = q = second = 0.0
        weights = [1 / (vi + tau2) for vi in self.v]
        for w, y in zip(weights, self.y, strict=True):
            pairs += w * total
            total += w
            wy += w * y
        mean = wy / total
        for w, y in zip(weights, self.y, strict=True):
            r = y - mean
            e = w * r
            q += e * r
            second += e * e
        # the trace, sum(w) - sum(w^2) / sum(w), as 2 sum_{i<j} w_i w_j / sum(w): nothing cancels
        return Moments(total, mean, q, 2 * pairs / total, second)

    def spread(self) -> float:
        """Sum of squares about the unweighted mean."""
        total = squares = 0.0
        for y in self.y:
            total += y
        mean = total / len(self.y)
        for y in self.y:
            squares += (y - mean) * (y - mean)
        return squares

    def unweighted(self, k: int, df: int) -> float:
        """The moment estimate of tau2 with equal weights."""
        total = 0.0
        for v in self.v:
            total += v
        return (self.spread() - total * (1 - 1 / k)) / df

    def columns(self) -> Many:
        """The same data as an array; in two equal columns, since numpy adds up a single one in another order."""
        return Many(np.array([self.y, self.y]).T, np.array([self.v, self.v]).T)


class Many:
    """Many meta-analyses, studies on axis 0; an absent study has y = 0 and v = infinity, so weight 0."""

    def __init__(self, y: np.ndarray, v: np.ndarray, present: np.ndarray | None = None) -> None:
        self.v, self.present = v, present
        self.v_min, self.reference = v[0].copy(), y[0].copy()
        for yi, vi in zip(y[1:], v[1:], strict=True):
            better = vi < self.v_min
            np.copyto(self.v_min, vi, where=better)
            np.copyto(self.reference, yi, where=better)
        self.y = y - self.reference

    def moments(self, tau2: Value, *, trace: bool = False, q2: bool = False) -> Moments:
        """The weighted sums at tau2, with the trace and the sum w^2 r^2 where asked for."""
        w = 1 / (self.v + tau2)
        e = w * self.y
        if trace:
            total, pairs = w[0].copy(), np.zeros_like(w[0])
            for row in w[1:]:
                pairs += row * total
                total += row
        else:
            total = w.sum(axis=0)
        mean = e.sum(axis=0) / total
        r = self.y - mean
        np.multiply(w, r, out=e)
        np.multiply(e, r, out=r)
        q = r.sum(axis=0)
        second = np.multiply(e, e, out=e).sum(axis=0) if q2 else None
        return Moments(total, mean, q, 2 * pairs / total if trace else None, second)

    def spread(self) -> np.ndarray:
        """Sum of squares about the unweighted mean."""
        there = 1.0 if self.present is None else self.present
        count = len(self.y) if self.present is None else self.present.sum(axis=0)
        r = self.y - (self.y * there).sum(axis=0) / count
        return (r * r * there).sum(axis=0)

    def unweighted(self, k: Value, df: Value) -> np.ndarray:
        """The moment estimate of tau2 with equal weights."""
        v = self.v if self.present is None else np.where(self.present, self.v, 0.0)
        return (self.spread() - v.sum(axis=0) * (1 - 1 / k)) / df

    def select(self, columns: np.ndarray) -> Many:
        """The chosen replicates only."""
        present = None if self.present is None else np.take(self.present, columns, axis=1)
        return self._with(np.take(self.y, columns, axis=1), np.take(self.v, columns, axis=1), present,
                          self.v_min[columns])  # fmt: skip

    def stacked(self) -> Many:
        """With an axis for trial values of tau2 between studies and replicates."""
        return self._with(self.y[:, None], self.v[:, None], None, self.v_min)

    @classmethod
    def _with(cls, y: np.ndarray, v: np.ndarray, present: np.ndarray | None, v_min: np.ndarray) -> Many:
        made = cls.__new__(cls)
        made.y, made.v, made.present, made.v_min, made.reference = y, v, present, v_min, None
        return made


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
    if method in ("ML", "REML"):
        tau2 = _most_likely(method, data, k, df, fixed)
    elif method in ("PM", "EB"):
        tau2 = _q_equals(data, df, fixed.q)
    else:
        tau2 = _closed_form(method, data, k, df, fixed)
    return np.where(np.asarray(df) > 0, np.maximum(tau2, 0.0), 0.0)


def _closed_form(method: str, data: One | Many, k: Value, df: Value, fixed: Moments) -> Value:
    df = np.maximum(df, 1)
    if method == "DL":
        trace = np.where(fixed.trace > 0, fixed.trace, 1.0)  # 0 for a single study, whose q is 0 too
        return (fixed.q - df) / trace
    if method == "HS":
        return (fixed.q - k) / fixed.total
    if method == "SJ":
        start = data.spread() / k
        return start * data.moments(start).q / df
    return data.unweighted(k, df)


def _q_equals(data: One | Many, target: Value, q_at_0: Value) -> Value:
    """Value of tau2 where sum w r^2, which falls with tau2, equals the target; 0 where it starts lower."""
    if isinstance(data, One):
        if not q_at_0 > target > 0:
            return 0.0
        high = _q_limit(data.spread(), target, data.v_min)
        return _root_of_one(lambda t: target / data.moments(t).q - 1, 0.0, high, target / q_at_0 - 1,
                            target / data.moments(high).q - 1, data.v_min)  # fmt: skip
    target = np.broadcast_to(np.asarray(target, float), q_at_0.shape)
    tau2 = np.zeros(q_at_0.shape)
    todo = np.flatnonzero((q_at_0 > target) & (target > 0))
    if todo.size:
        part, target = data.select(todo), target[todo]
        high = _q_limit(part.spread(), target, part.v_min)
        tau2[todo] = _roots(lambda t, of, c: c / of.moments(t).q - 1, part, (target,), np.zeros(todo.size), high,
                            target / q_at_0[todo] - 1, target / part.moments(high).q - 1)  # fmt: skip
    return tau2


def _q_limit(spread: Value, target: Value, v_min: Value) -> Value:
    """No root of q(tau2) = target lies beyond: q <= spread / (tau2 + v_min)."""
    return 1.0001 * (spread / target) - v_min


def _most_likely(method: str, data: One | Many, k: Value, df: Value, fixed: Moments) -> Value:
    """Global maximum of the likelihood over tau2 >= 0."""
    if isinstance(data, One):
        found = _single_mode(method, data, k if method == "ML" else df)
        return found if found is not None else _most_likely(method, data.columns(), k, df, fixed)[0]
    count = np.broadcast_to(k if method == "ML" else df, data.v_min.shape)
    factor, cells = _grid(data, count)
    tau2 = np.zeros(data.v_min.shape)
    for m in np.unique(cells[cells > 0]):
        columns = np.flatnonzero(cells == m)
        chunk = max(2, 32768 // (int(m) + 1))
        for start in range(0, columns.size, chunk):
            some = columns[start : start + chunk]
            tau2[some] = _scan(method, data.select(some), factor[some], int(m))
    return tau2


def _furthest(spread: Value, count: Value, v_min: Value, v_max: Value) -> Value:
    """Upper limit of v_min + tau2 at any mode, a little enlarged.

    With all w between 1 / (v_max + tau2) and 1 / (v_min + tau2), the score sum w^2 r^2 - trace is below
    spread / (v_min + tau2)^2 - count / (v_max + tau2), which is negative beyond the root of a quadratic.
    """
    s2 = spread / count
    return 1.0001 * ((s2 + np.sqrt(s2 * s2 + 4 * s2 * (v_max - v_min))) / 2)


def _grid(data: Many, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Factor between grid points and number of cells (a power of 2, or 0 where tau2 can only be 0), per replicate."""
    finite = np.where(np.isfinite(data.v), data.v, 0.0)
    far = _furthest(data.spread(), np.maximum(count, 1), data.v_min, finite.max(axis=0))
    factor = far / data.v_min
    cells = np.where((factor > 1) & (count > 0), 1, 0)
    while (wide := (cells > 0) & (factor > GRID_FACTOR)).any():
        factor = np.where(wide, np.sqrt(factor), factor)
        cells = np.where(wide, 2 * cells, cells)
    return factor, cells


def _target(method: str, at: Moments) -> Value:
    """What sum w^2 r^2 exceeds where the likelihood still rises with tau2."""
    return at.total if method == "ML" else at.trace


def _single_mode(method: str, data: One, count: int) -> float | None:
    """The solution for one meta-analysis when the scan shows a single mode, else None."""
    if count < 1:
        return 0.0
    factor = _furthest(data.spread(), count, data.v_min, max(data.v)) / data.v_min
    cells = 1
    if not factor > 1:
        return 0.0
    while factor > GRID_FACTOR:
        factor, cells = math.sqrt(factor), 2 * cells
    tau2, edge, excess, modes = [0.0], data.v_min, [], []
    for i in range(cells + 1):
        at = data.moments(tau2[i], trace=True, q2=True)
        excess.append((at.q2, _target(method, at)))
        if i and excess[i - 1][0] > excess[i - 1][1] and (i == cells or excess[i][0] <= excess[i][1]):
            modes.append(i - 1)
        edge *= factor
        tau2.append(edge - data.v_min)
    rises = excess[0][0] > excess[0][1]
    if rises and len(modes) == 1:
        i = modes[0]
        ends = [target / q2 - 1 for q2, target in excess[i : i + 2]]
        return _root_of_one(_relative_score(method, data), tau2[i], tau2[i + 1], *ends, data.v_min)
    if not rises and not modes and not _hidden_peak(np.array([[a / b - 1] for a, b in excess])).any():
        return 0.0
    return None


def _relative_score(method: str, data: One) -> Callable[[float], float]:
    def score(tau2: float) -> float:
        at = data.moments(tau2, trace=True, q2=True)
        return _target(method, at) / at.q2 - 1

    return score


def _scan(method: str, data: Many, factor: np.ndarray, cells: int, fine: bool = False) -> np.ndarray:
    """Find all modes on a grid of v_min + tau2, refine them, and return the highest."""
    edges = np.multiply.accumulate(np.vstack([data.v_min] + [factor] * cells), axis=0)
    tau2 = edges - data.v_min
    at = data.stacked().moments(tau2, trace=True, q2=True)
    q2, target = at.q2, _target(method, at)
    rises = q2 > target
    rises[-1] = False  # by construction of the grid
    cell, column = np.nonzero(rises[:-1] & ~rises[1:])
    a, b = (cell, column), (cell + 1, column)
    here = data.select(column)
    modes = _roots(lambda t, of: _score_of(method, of, t), here, (), tau2[a], tau2[b],
                   target[a] / q2[a] - 1, target[b] / q2[b] - 1)  # fmt: skip
    best = np.zeros(data.v_min.size)
    candidates = np.bincount(column, minlength=best.size) + ~rises[0]
    single = candidates[column] == 1
    best[column[single]] = modes[single]
    for j in np.flatnonzero(candidates > 1):
        options = np.append(modes[column == j], [] if rises[0, j] else [0.0])
        heights = log_likelihood(method, data.select(np.full(options.size, j)), options)
        best[j] = options[np.argmax(heights)]
    if not fine:
        unsure = np.flatnonzero(~rises.any(axis=0))
        unsure = unsure[_hidden_peak(q2[:, unsure] / target[:, unsure] - 1)]
        if unsure.size:
            best[unsure] = _scan(method, data.select(unsure), factor[unsure] ** 0.125, 8 * cells, fine=True)
    return best


def _score_of(method: str, data: Many, tau2: np.ndarray) -> np.ndarray:
    at = data.moments(tau2, trace=True, q2=True)
    return _target(method, at) / at.q2 - 1


def _hidden_peak(score: np.ndarray) -> np.ndarray:
    """Whether a score that is negative at every grid point may be positive in between: a parabola nearly reaches 0."""
    if len(score) < 3:
        return (score > -0.5).any(axis=0)
    left, middle, right = score[:-2], score[1:-1], score[2:]
    bend = left - 2 * middle + right
    with np.errstate(divide="ignore", invalid="ignore"):
        offset = (left - right) / (2 * bend)
        height = middle - (right - left) ** 2 / (8 * bend)
    return ((bend < 0) & (np.abs(offset) <= 1.5) & (height > -0.05)).any(axis=0)


def log_likelihood(method: str, data: Many, tau2: np.ndarray) -> np.ndarray:
    """Log (restricted) likelihood at tau2, up to a constant, with the mean at its best."""
    v = np.where(np.isfinite(data.v), data.v + tau2, 1.0)
    at = data.moments(tau2)
    restricted = np.log(at.total) if method == "REML" else 0.0
    return -0.5 * (np.log(v).sum(axis=0) + at.q + restricted)


def _roots(f: Callable, data: Many, extra: tuple, a: np.ndarray, b: np.ndarray, fa: np.ndarray,
           fb: np.ndarray) -> np.ndarray:  # fmt: skip
    """Roots of f(tau2, data, *extra), one a column, each inside its bracket a, b where f changes sign.

    Anderson & Bjorck's (1973) bracketing secant; a bisection in between where it is slow. f is a relative error.
    """
    root = np.empty(a.size)
    left = np.arange(a.size)
    for step in range(400):
        if not left.size:
            return root
        low, high = np.minimum(a, b), np.maximum(a, b)
        x = b - fb * (b - a) / (fb - fa)
        if step > 6 and step % 2:
            x = np.sqrt((low + data.v_min) * (high + data.v_min)) - data.v_min
        x = np.where((x > low) & (x < high), x, 0.5 * (low + high))
        fx = f(x, data, *extra)
        done = (np.abs(fx * fb) <= ENOUGH) | (x == low) | (x == high)
        if done.any():
            slope = np.where(fx == fb, np.inf, fx - fb)
            last = x - fx * (x - b) / slope
            last = np.where((last >= low) & (last <= high), last, x)
            root[left[done]] = last[done]
            keep = np.flatnonzero(~done)
            left, data, extra = left[keep], data.select(keep), tuple(e[keep] for e in extra)
            a, b, fa, fb, x, fx = (z[keep] for z in (a, b, fa, fb, x, fx))
        crossed = (fx < 0) != (fb < 0)
        shrink = 1 - fx / fb
        fa = np.where(crossed, fb, fa * np.where(shrink > 0, shrink, 0.5))
        a = np.where(crossed, b, a)
        b, fb = x, fx
    raise AssertionError("the bracket of tau2 did not close")


def _root_of_one(f: Callable[[float], float], a: float, b: float, fa: float, fb: float, v_min: float) -> float:
    """`_roots` for a single float: the same steps, so the same last digit."""
    for step in range(400):
        low, high = min(a, b), max(a, b)
        x = b - fb * (b - a) / (fb - fa)
        if step > 6 and step % 2:
            x = math.sqrt((low + v_min) * (high + v_min)) - v_min
        if not low < x < high:
            x = 0.5 * (low + high)
        fx = f(x)
        if abs(fx * fb) <= ENOUGH or x in (low, high):
            last = x if fx == fb else x - fx * (x - b) / (fx - fb)
            return last if low <= last <= high else x
        if (fx < 0) != (fb < 0):
            a, fa = b, fb
        else:
            shrink = 1 - fx / fb
            fa *= shrink if shrink > 0 else 0.5
        b, fb = x, fx
    raise AssertionError("the bracket of tau2 did not close")
