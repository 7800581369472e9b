"""DerSimonian and Laird, backwards: the missing comparisons that give a known mean and standard error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def solutions(mean: np.ndarray, se: np.ndarray, y: np.ndarray, v: np.ndarray, m: int) -> np.ndarray:
    """All (effect, SE, tau2, spread) for each exact (mean, SE)."""
    return np.vstack([np.empty((0, 4)), *(_dl_exact(a, b, y, v, m) for a, b in zip(mean, se, strict=True))])


def _dl_exact(mean: float, se: float, y: np.ndarray, v: np.ndarray, m: int) -> np.ndarray:
    bottom, top = _tau2_range(se, v, m)
    ends = np.geomspace(1e-10, 0.5, 200)
    t = bottom + (top - bottom) * np.concatenate([ends, 1 - ends[-2::-1]])
    gap = _returned(t, mean, se, y, v, m)[2] - t
    found = _roots(t, gap, lambda half: _returned(half, mean, se, y, v, m)[2] - half)
    if bottom == 0 and _returned(np.zeros(1), mean, se, y, v, m)[2][0] <= 0:
        found = np.append(0.0, found[found > 1e-9 * top])  # truncated: the common effect
    if m > 1:
        found = np.sort(np.append(found, t[gap <= 0]))
    effect, variance, returned, c = _returned(found, mean, se, y, v, m)
    excess = np.where(found > 0, np.maximum(found - returned, 0), 0) * c * variance  # what disagreement must add to Q
    return np.column_stack([effect, np.sqrt(variance / m), found, np.sqrt(excess / max(m - 1, 1)) * (m > 1)])


def _roots(t: np.ndarray, gap: np.ndarray, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Where a function changes sign between neighbours on the scan, by bisection."""
    at = np.flatnonzero((gap[:-1] > 0) != (gap[1:] > 0))
    low, high, rising = t[at], t[at + 1], gap[at + 1] > 0
    for _ in range(60 if at.size else 0):
        half = (low + high) / 2
        above = (function(half) > 0) == rising
        low, high = np.where(above, low, half), np.where(above, half, high)
    return (low + high) / 2


def _tau2_range(se: float, v: np.ndarray, m: int) -> tuple[float, float]:
    """The tau2 for which the missing weight is positive and the missing variance too; both ends by bisection."""
    aim, largest = 1 / se**2, (len(v) + m) * se**2
    bottom = 0.0 if np.sum(1 / v) < aim else _falling(lambda t: np.sum(1 / (v + t)) - aim, largest)
    return bottom, _falling(lambda t: np.sum(1 / (v + t)) + m / t - aim, largest)


def _falling(function: Callable[[float], float], high: float) -> float:
    low = 0.0
    for _ in range(100):
        half = (low + high) / 2
        low, high = (half, high) if function(half) > 0 else (low, half)
    return (low + high) / 2


def _returned(t: np.ndarray, mean: float, se: float, y: np.ndarray, v: np.ndarray, m: int) -> tuple[np.ndarray, ...]:
    """If tau2 is t: mean effect of the m missing, variance of each, untruncated tau2 if they agree, its denominator."""
    random = 1 / (v[:, None] + t)
    left = 1 / se**2 - random.sum(axis=0)
    effect = (mean / se**2 - (y[:, None] * random).sum(axis=0)) / left
    variance = np.maximum(m / left - t, 1e-300)
    w = np.vstack([np.broadcast_to(1 / v[:, None], random.shape), *([1 / variance] * m)])
    all_y = np.vstack([np.broadcast_to(y[:, None], random.shape), *([effect] * m)])
    total = w.sum(axis=0)
    q = (w * (all_y - (w * all_y).sum(axis=0) / total) ** 2).sum(axis=0)
    c = (w * (total - w)).sum(axis=0) / total  # not total - sum of squares / total, which cancels
    return effect, variance, (q - len(w) + 1) / c, c
