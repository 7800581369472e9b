"""Roots inside brackets: never slower than bisection, usually a few steps, for one equation or for many at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

#: Iteration ends when the product of the last two relative errors is below this: the next step is then exact.
ENOUGH = 1e-17


class Columns(Protocol):
    """What `roots` needs of its data: the smallest variances, and a choice of columns."""

    v_min: np.ndarray

    def select(self, columns: np.ndarray) -> Columns:
        """The chosen columns only."""


def roots(f: Callable, data: Columns, extra: tuple, a: np.ndarray, b: np.ndarray, fa: np.ndarray,
           fb: np.ndarray) -> np.ndarray:  # fmt: skip
    """Roots of f(tau2, data, *extra), one a column, each inside its bracket a, b where f changes sign.

    Anderson & Bjorck's (1973) bracketing secant; a bisection in between where it is slow. f is a relative error.
    """
    root, left, finished = np.empty(a.size), np.arange(a.size), np.zeros(a.size, bool)
    for step in range(400):
        if finished.all():
            return root
        if finished.mean() > 0.3:  # dropping columns costs time, too
            keep = np.flatnonzero(~finished)
            left, finished, data = left[keep], finished[keep], data.select(keep)
            a, b, fa, fb, *extra = (z[keep] for z in (a, b, fa, fb, *extra))
        with np.errstate(all="ignore"):  # columns that are finished go on for a while and may divide by 0
            low, high = np.minimum(a, b), np.maximum(a, b)
            x = b - fb * (b - a) / (fb - fa)
            if step > 6 and step % 2:
                x = np.sqrt((low + data.v_min) * (high + data.v_min)) - data.v_min
            x = np.where((x > low) & (x < high), x, 0.5 * (low + high))
            fx = f(x, data, *extra)
            done = ((np.abs(fx * fb) <= ENOUGH) | (x == low) | (x == high)) & ~finished
            if done.any():
                last = np.where(fx == fb, x, x - fx * (x - b) / (fx - fb))
                last = np.where((last >= low) & (last <= high), last, x)
                root[left[done]] = last[done]
                finished |= done
            crossed = (fx < 0) != (fb < 0)
            shrink = 1 - fx / fb
            fa = np.where(crossed, fb, fa * np.where(shrink > 0, shrink, 0.5))
            a = np.where(crossed, b, a)
            b, fb = x, fx
    raise AssertionError("the bracket of tau2 did not close")


def root_of_one(f: Callable[[float], float], a: float, b: float, fa: float, fb: float, v_min: float) -> float:
    """`roots` for a single float: the same steps, so the same last digit."""
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
