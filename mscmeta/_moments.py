"""The few weighted sums of the data at a trial value of tau2 from which every estimator is made.

With w = 1 / (v + tau2) and r the residuals of the weighted fit. They are computed for one meta-analysis in plain floats
(`One`), for many at once in arrays (`Many`), always adding the studies in the same order, so that both give the same
last digit.
"""

from __future__ import annotations

from copy import copy
from typing import NamedTuple

import numpy as np

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
        self.v, self.v_min = v, min(v)
        # effects are taken from one of them: identical ones then have residuals of 0, and a large shift costs no digits
        self.reference = y[0]
        self.y = [yi - self.reference for yi in y]

    def centred(self) -> One:
        """With the most precise study's effect at 0, which keeps all digits of the score when it dominates."""
        made = One(self.y, self.v)
        most_precise = self.y[self.v.index(self.v_min)]
        made.y = [yi - most_precise for yi in self.y]
        return made

    def moments(self, tau2: float, **_: bool) -> Moments:
        """The weighted sums at tau2, all of them: here they cost nothing."""
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

    def variance(self) -> float:
        """Variance of the effects, divided by their number."""
        return self.spread() / len(self.y)

    def unweighted(self, k: int, df: int) -> float:
        """The moment estimate of tau2 with equal weights."""
        total = 0.0
        for v in self.v:
            total += v
        return (self.spread() - total * (1 - 1 / k)) / df

    def columns(self) -> Many:
        """The same data as an array of one column."""
        return Many(np.array(self.y)[:, None], np.array(self.v)[:, None])


def _sum(x: np.ndarray) -> np.ndarray:
    """Sum over studies, one after the other; numpy adds up a lone column pairwise, which rounds differently."""
    return x.sum(axis=0) if x[0].size > 1 else np.add.accumulate(x)[-1]


class Many:
    """Many meta-analyses, studies on axis 0; an absent study has y = 0 and v = infinity, so weight 0."""

    def __init__(self, y: np.ndarray, v: np.ndarray, present: np.ndarray | None = None) -> None:
        self.v, self.present = v, present
        self.reference = y[0] if present is None else y[present.argmax(axis=0), np.arange(v.shape[1])]
        self.y = y - self.reference

    @property
    def v_min(self) -> np.ndarray:
        """The smallest variance of each replicate."""
        return self.v.min(axis=0)

    def centred(self) -> Many:
        """With the most precise study's effect at 0, which keeps all digits of the score when it dominates."""
        most_precise = np.take_along_axis(self.y, self.v.argmin(axis=0)[None], axis=0)
        return self._with(self.y - most_precise, self.v, self.present)

    def moments(self, tau2: Value, *, trace: bool = False, q2: bool = False) -> Moments:
        """The weighted sums at tau2, with the trace and the sum w^2 r^2 where asked for."""
        w = self.v + tau2
        np.divide(1.0, w, out=w)
        e = w * self.y
        if trace:
            total, pairs, product = w[0].copy(), np.zeros_like(w[0]), np.empty_like(w[0])
            for row in w[1:]:
                np.multiply(row, total, out=product)
                pairs += product
                total += row
        else:
            total = _sum(w)
        mean = _sum(e) / total
        r = np.subtract(self.y, mean, out=e)
        np.multiply(w, r, out=w)
        np.multiply(w, r, out=r)
        q = _sum(r)
        second = _sum(np.multiply(w, w, out=w)) if q2 else None
        return Moments(total, mean, q, 2 * pairs / total if trace else None, second)

    def spread(self) -> np.ndarray:
        """Sum of squares about the unweighted mean."""
        there, count = (1.0, len(self.y)) if self.present is None else (self.present, self.present.sum(axis=0))
        r = self.y - _sum(self.y * there) / count
        return _sum(r * r * there)

    def variance(self) -> np.ndarray:
        """Variance of the effects, divided by their number."""
        return Many.spread(self) / (len(self.y) if self.present is None else self.present.sum(axis=0))

    def unweighted(self, k: Value, df: Value) -> np.ndarray:
        """The moment estimate of tau2 with equal weights."""
        v = self.v if self.present is None else np.where(self.present, self.v, 0.0)
        return (self.spread() - _sum(v) * (1 - 1 / k)) / df

    def select(self, columns: np.ndarray) -> Many:
        """The chosen replicates only."""
        present = None if self.present is None else np.take(self.present, columns, axis=1)
        return self._with(np.take(self.y, columns, axis=1), np.take(self.v, columns, axis=1), present)

    def stacked(self) -> Many:
        """With an axis for trial values of tau2 between studies and replicates."""
        return self._with(self.y[:, None], self.v[:, None], None)

    def log_information(self, tau2: Value) -> np.ndarray:
        """Log determinant of the information about the mean: what the restricted likelihood adds."""
        return np.log(self.moments(tau2).total)

    def _with(self, y: np.ndarray, v: np.ndarray, present: np.ndarray | None) -> Many:
        made = copy(self)
        made.y, made.v, made.present, made.reference = y, v, present, None
        return made


class KnownMean(Many):
    """Many meta-analyses whose mean is known to be 0: for profiles of the likelihood."""

    def __init__(self, y: np.ndarray, v: np.ndarray) -> None:
        self.y, self.v, self.present, self.reference = y, v, None, None

    def moments(self, tau2: Value, **_: bool) -> Moments:
        """The weighted sums at tau2 about 0."""
        w = 1 / (self.v + tau2)
        e = w * self.y
        return Moments(_sum(w), 0.0, _sum(e * self.y), None, _sum(e * e))

    def centred(self) -> KnownMean:
        """As it is: the known mean is the centre."""
        return self

    def spread(self) -> np.ndarray:
        """Sum of squares about 0."""
        return _sum(self.y * self.y)
