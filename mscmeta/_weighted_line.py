"""What the small-study methods share: enough studies of one meta-analysis, and a weighted straight line."""

import numpy as np

from mscmeta import _checks


def studies(y, v, labels, at_least=3):
    """Effects and variances of one meta-analysis, and enough of them."""
    y, v, _ = _checks.studies(y, v, labels, allow_absent=False)
    if y.ndim > 1:
        raise ValueError(f"y has shape {y.shape}; give one meta-analysis at a time, one effect a study")
    enough(len(y), at_least)
    return y, v


def enough(k, at_least):
    """Refuse too few studies."""
    if k < at_least:
        raise ValueError(
            f"there are {k} usable studies; at least {at_least} are needed, and a trustworthy test needs ten"
        )


def weighted_line(x, y, w):
    """Weighted least squares: slope, intercept, and the sums that their variances need."""
    w = w / w.max()
    total, x_mean = w.sum(), w @ x / w.sum()
    y_mean = y[0] + w @ (y - y[0]) / total
    spread = w @ (x - x_mean) ** 2
    slope = w @ ((x - x_mean) * (y - y_mean)) / spread
    return slope, y_mean - slope * x_mean, total, x_mean, spread, (y - y_mean) - slope * (x - x_mean), w


def no_spread(x):
    """Whether all values are equal, up to rounding: then no line has a slope."""
    return np.ptp(x) <= 1e-12 * np.abs(x).max()
