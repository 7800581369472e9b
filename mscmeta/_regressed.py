"""The weighted sums of a regression on moderators, for the estimators of tau2 that `_moments` serves without any."""

from __future__ import annotations

import numpy as np

from ._moments import Many, Moments, Value


class Regressed(Many):
    """Many weighted regressions of effects on the same moderators `x` (studies by coefficients), intercept first.

    The weighted columns are made orthonormal one after the other (modified Gram-Schmidt), which needs no inverse.
    """

    def __init__(self, y: np.ndarray, v: np.ndarray, x: np.ndarray) -> None:
        self.y, self.v, self.x = y, v, x
        self.present = self.reference = None

    def decompose(self, w: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, list[list], list]:
        """Orthonormal columns, root-weighted residuals, the triangle R with X = Q R, and Q'y."""
        root = np.sqrt(w)
        rest = [root * column.reshape(-1, *(1,) * (w.ndim - 1)) for column in self.x.T]
        z, q, triangle, onto = root * self.y, [], [], []
        for j in range(len(rest)):
            norm = np.sqrt((rest[j] ** 2).sum(axis=0))
            unit = rest[j] / norm
            row = [0.0] * j + [norm]
            for i in range(j + 1, len(rest)):
                row.append((unit * rest[i]).sum(axis=0))
                rest[i] = rest[i] - unit * row[-1]
            onto.append((unit * z).sum(axis=0))
            z = z - unit * onto[-1]
            q.append(unit)
            triangle.append(row)
        return q, z, triangle, onto

    def moments(self, tau2: Value, *, trace: bool = False, q2: bool = False) -> Moments:
        """The weighted sums at tau2."""
        w = 1 / (self.v + tau2)
        q, z, _, _ = self.decompose(w)
        free = w * (1 - sum(unit**2 for unit in q))
        return Moments(w.sum(axis=0), None, (z * z).sum(axis=0), free.sum(axis=0), (w * z * z).sum(axis=0))

    def centred(self) -> Regressed:
        """As it is: residuals come from orthonormal columns."""
        return self

    def spread(self) -> np.ndarray:
        """Residual sum of squares of the unweighted regression."""
        return (self.decompose(np.ones(self.y.shape))[1] ** 2).sum(axis=0)

    def unweighted(self, k: Value, df: Value) -> np.ndarray:
        """The moment estimate of tau2 with equal weights."""
        q, z, _, _ = self.decompose(np.ones(self.y.shape))
        expected = (self.v * (1 - sum(unit**2 for unit in q))).sum(axis=0)
        return ((z * z).sum(axis=0) - expected) / df

    def log_information(self, tau2: Value) -> np.ndarray:
        """Log determinant of X'WX."""
        triangle = self.decompose(1 / (self.v + tau2))[2]
        return 2 * sum(np.log(row[j]) for j, row in enumerate(triangle))
