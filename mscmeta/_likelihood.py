"""The global maximum of the (restricted) likelihood over tau2 >= 0, and what is profiled from it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import chdtri

from ._moments import KnownMean, Many, Moments, One, Value
from ._results import Interval
from ._roots import root_of_one, roots

#: The likelihood is scanned at points whose v_min + tau2 grows by at most this factor. All its singularities in
#: tau2 are at or left of -v_min, so on the logarithmic scale it cannot wiggle faster than that.
GRID_FACTOR = 2.0


def most_likely(method: str, data: One | Many, count: Value) -> Value:
    """Global maximum of the likelihood over tau2 >= 0; `count` is the trace times tau2 for large tau2, or less."""
    if isinstance(data, One):
        found = _single_mode(method, data.centred(), count)
        return found if found is not None else float(most_likely(method, data.columns(), count)[0])
    data = data.centred()
    factor, cells = _grid(data, count)
    found, at_zero = [np.empty((5, 0))], cells == 0
    for m in np.unique(cells[cells > 0]):
        columns = np.flatnonzero(cells == m)
        chunk = 32768 // (int(m) + 1)
        for start in range(0, columns.size, chunk):
            some = columns[start : start + chunk]
            brackets, at_zero[some] = _brackets(method, data.select(some), factor[some], int(m))
            brackets[0] = some[brackets[0].astype(int)]
            found.append(brackets)
    column, *ends = np.concatenate(found, axis=1)
    column = column.astype(int)
    modes = roots(lambda t, of: _score_of(method, of, t), data.select(column), (), *ends)
    return _highest(method, data, column, modes, at_zero)


def _highest(method: str, data: Many, column: np.ndarray, modes: np.ndarray, at_zero: np.ndarray) -> np.ndarray:
    """The most likely of the modes of each column, 0 among them where `at_zero`."""
    best = np.zeros(at_zero.size)
    best[column] = modes  # right where there is one
    for j in np.flatnonzero(np.bincount(column, minlength=best.size) + at_zero > 1):
        options = np.append(modes[column == j], 0.0)
        heights = log_likelihood(method, data.select(np.full(options.size, j)), options)
        best[j] = options[np.argmax(heights)]
    return best


def _furthest(spread: Value, count: Value, v_min: Value, v_max: Value) -> Value:
    """Upper limit of v_min + tau2 at any mode, a little enlarged.

    With all w between 1 / (v_max + tau2) and 1 / (v_min + tau2), the score sum w^2 r^2 - trace is below
    spread / (v_min + tau2)^2 - count / (v_max + tau2), which is negative beyond the root of a quadratic.
    """
    s2 = spread / count
    return 1.0001 * ((s2 + np.sqrt(s2 * s2 + 4 * s2 * (v_max - v_min))) / 2)


def _grid(data: Many, count: Value) -> tuple[np.ndarray, np.ndarray]:
    """Factor between grid points and number of cells (a power of 2, or 0 where tau2 can only be 0), per replicate."""
    v_min, v = data.v_min, data.v if data.present is None else np.where(data.present, data.v, 0.0)
    factor = _furthest(data.spread(), count, v_min, v.max(axis=0)) / v_min
    cells = np.where(factor > 1, 1, 0)
    while (wide := (cells > 0) & (factor > GRID_FACTOR)).any():
        factor = np.where(wide, np.sqrt(factor), factor)
        cells = np.where(wide, 2 * cells, cells)
    return factor, cells


def _target(method: str, at: Moments) -> Value:
    """What sum w^2 r^2 exceeds where the likelihood still rises with tau2."""
    return at.total if method == "ML" else at.trace


def _single_mode(method: str, data: One, count: int) -> float | None:
    """The solution for one meta-analysis when the scan shows a single mode, else None."""
    factor = float(_furthest(data.spread(), count, data.v_min, max(data.v)) / data.v_min)
    cells = 1
    if not factor > 1:
        return 0.0
    while factor > GRID_FACTOR:
        factor, cells = math.sqrt(factor), 2 * cells
    tau2, edge, excess, modes = [0.0], data.v_min, [], []
    for i in range(cells + 1):
        at = data.moments(tau2[i])
        excess.append((at.q2, _target(method, at)))
        if i and excess[i - 1][0] > excess[i - 1][1] and (i == cells or excess[i][0] <= excess[i][1]):
            modes.append(i - 1)
        edge *= factor
        tau2.append(edge - data.v_min)
    rises = excess[0][0] > excess[0][1]
    if rises and len(modes) == 1:
        i = modes[0]
        ends = [target / q2 - 1 for q2, target in excess[i : i + 2]]
        return root_of_one(_relative_score(method, data), tau2[i], tau2[i + 1], *ends, data.v_min)
    if not rises and not modes and not _hidden_peak(np.array([[a / b - 1] for a, b in excess])).any():
        return 0.0
    return None


def _relative_score(method: str, data: One) -> Callable[[float], float]:
    def score(tau2: float) -> float:
        at = data.moments(tau2)
        return _target(method, at) / at.q2 - 1

    return score


def _brackets(
    method: str, data: Many, factor: np.ndarray, cells: int, fine: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Grid cells that hold a mode (rows: column, both ends, the score at both), and which columns have one at 0."""
    tau2, edge, v_min = np.empty((cells + 1, factor.size)), data.v_min, data.v_min
    for row in tau2:
        np.subtract(edge, v_min, out=row)
        edge = edge * factor
    at = data.stacked().moments(tau2, trace=True, q2=True)
    q2, target = at.q2, _target(method, at)
    rises = q2 > target
    rises[-1] = False  # by construction of the grid
    cell, column = np.nonzero(rises[:-1] & ~rises[1:])
    a, b = (cell, column), (cell + 1, column)
    found = np.array([column, tau2[a], tau2[b], target[a] / q2[a] - 1, target[b] / q2[b] - 1])
    if not fine:
        unsure = np.flatnonzero(~rises.any(axis=0))
        unsure = unsure[_hidden_peak(q2[:, unsure] / target[:, unsure] - 1)]
        if unsure.size:
            more, _ = _brackets(method, data.select(unsure), factor[unsure] ** 0.125, 8 * cells, fine=True)
            more[0] = unsure[more[0].astype(int)]
            found = np.concatenate([found, more], axis=1)
    return found, ~rises[0]


def _score_of(method: str, data: Many, tau2: np.ndarray) -> np.ndarray:
    at = data.moments(tau2, trace=True, q2=True)
    return _target(method, at) / at.q2 - 1


def _hidden_peak(score: np.ndarray) -> np.ndarray:
    """Whether a score that is negative at every grid point may be positive in between: a parabola nearly reaches 0."""
    if len(score) < 3:
        return (score > -0.5).any(axis=0)
    left, middle, right = score[:-2], score[1:-1], score[2:]
    bend = left - 2 * middle + right
    near = np.abs(right - left) <= -3 * bend  # its top lies within one and a half cells, and bend < 0
    high = 8 * bend * (middle + 0.05) < (right - left) ** 2  # and reaches -0.05
    return (near & high).any(axis=0)


def log_likelihood(method: str, data: Many, tau2: np.ndarray) -> np.ndarray:
    """Log (restricted) likelihood at tau2, up to a constant, with the mean at its best."""
    v = np.where(np.isfinite(data.v), data.v + tau2, 1.0)
    restricted = 0.0 if method == "ML" else data.log_information(tau2)
    return -0.5 * (np.log(v).sum(axis=0) + data.moments(tau2).q + restricted)


def outermost(
    excess: Callable[[np.ndarray], np.ndarray], points: np.ndarray, shift: float, *, beyond: bool = False
) -> float | None:
    """Where `excess` last turns positive along `points`, which lead away from the peak.

    None when it never does and there is nothing beyond; else the search goes on, doubling, in the same direction.
    """
    values = excess(points)
    last = np.flatnonzero(values <= 0)[-1]  # the peak at least

    def at(point: float) -> float:
        return float(excess(np.array([point]))[0])

    a, fa = float(points[last]), float(values[last])
    if last + 1 < len(points):
        b, fb = float(points[last + 1]), float(values[last + 1])
    elif not beyond:
        return None
    else:
        step = float(points[-1] - points[0])
        b = a + step
        while (fb := at(b)) <= 0:
            step *= 2
            a, fa, b = b, fb, b + step
    return root_of_one(at, a, b, fa, fb, shift)


def profile_of_mean(y: np.ndarray, v: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Log likelihood (ML) at each trial mean, maximised over tau2 >= 0, up to a constant."""
    data = KnownMean(y[:, None] - mean, np.broadcast_to(v[:, None], (len(v), len(mean))))
    return log_likelihood("ML", data, most_likely("ML", data, len(y)))


def mean_interval(y: np.ndarray, v: np.ndarray, estimate: float, tau2: float, level: float) -> tuple[Interval, float]:
    """Profile-likelihood interval of the mean (Hardy & Thompson 1996), and the signed root of the test of mean 0."""
    peak = float(profile_of_mean(y, v, np.array([estimate]))[0])
    allowed = float(chdtri(1, 1 - level)) / 2

    def excess(mean: np.ndarray) -> np.ndarray:
        return (peak - profile_of_mean(y, v, mean)) / allowed - 1

    # outside the range of the effects the likelihood only falls; inside, a mode may hide near any study
    sd = np.sqrt(v + tau2)
    near = np.concatenate([y, y - np.sqrt(v), y + np.sqrt(v), np.linspace(y.min(), y.max(), 101)])
    low, high = (
        outermost(excess, np.concatenate([[estimate], side]), math.inf, beyond=True)
        for side in (
            -np.sort(-np.append(near[near < estimate], y.min() - sd.min())),
            np.sort(np.append(near[near > estimate], y.max() + sd.min())),
        )
    )
    at_zero = max(peak - float(profile_of_mean(y, v, np.zeros(1))[0]), 0.0)
    return Interval(low, high), math.copysign(math.sqrt(2 * at_zero), estimate)
