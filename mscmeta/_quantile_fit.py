"""Mean and SD of a sample known by its quantiles alone: quantile estimation (QE) and Box-Cox (BC), sample by sample."""

import numpy as np
from scipy.special import gammaincinv, gammaln, ndtri

#: Box-Cox exponents searched, as in McGrath 2020; a negative optimum is read as the logarithm (exponent 0).
LAMBDA_RANGE = (-2.0, 3.0)
#: The spread of a family is searched between these multiples of the spread that the printed quantiles suggest.
SPREAD_MARGIN = (1e-2, 10.0)
#: Relative step of the numerical slope of a quantile.
SLOPE_STEP = 1e-5
FAMILIES = ("normal", "log-normal", "gamma", "Weibull")


def minimise(function, grid):
    """Global minimum of a one-dimensional function: the best point of a grid, then golden section around it.

    ``function`` takes an array and returns an array; ``grid`` is increasing. The first of equal minima wins.
    """
    best = int(np.argmin(function(grid)))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(80):
        inner = np.array([high - golden * (high - low), low + golden * (high - low)])
        left, right = function(inner)
        low, high = (low, inner[1]) if left <= right else (inner[0], high)
    return (low + high) / 2


def polish(slope, minimum):
    """The minimum to more digits than a search for the smallest value has (half of them), by the root of its slope."""
    x, step = minimum, 1e-6 * minimum
    low, high = slope(x - step), slope(x + step)
    if not low < 0 < high:
        return minimum  # at the edge of the grid, or flat
    a, b = x - step, x + step
    for _ in range(6):
        x = b - high * (b - a) / (high - low)
        if not a < x < b or (at := slope(x)) == 0:
            break
        a, low, b, high = (x, at, b, high) if at < 0 else (a, low, x, at)
    return x


def quantile_estimation(values, probabilities):
    """Least-squares fit of four families to quantiles; the family with the smallest sum of squares wins.

    Each family but the normal is ``scale x q(p; spread)``, and the best scale for a given spread is a closed form,
    so a search over one number finds the global optimum (McGrath 2020, section 2.2, without bounds on the parameters).

    Parameters
    ----------
    values, probabilities : ndarray of shape (m,)
        Increasing values and the probabilities they stand for. Values that are not all positive leave the normal only.

    Returns
    -------
    tuple of (mean, sd, family)
    """
    fits = [(*_fit_normal(values, probabilities), "normal")]
    if values[0] > 0:
        fits += [(*_fit_scale_family(values, probabilities, family), family) for family in FAMILIES[1:]]
    _, mean, sd, family = min(fits, key=lambda fit: fit[0])
    return mean, sd, family


def _fit_normal(values, probabilities):
    z = ndtri(probabilities)
    centred = z - z.mean()
    sd = centred @ values / (centred @ centred)
    mean = values.mean() - sd * z.mean()
    return np.sum((mean + sd * z - values) ** 2), mean, sd


def _fit_scale_family(values, probabilities, family):
    def unit_quantiles(spread):
        """Quantiles for each spread, scaled so that the largest is 1: no overflow whatever the spread."""
        log_q = _log_quantiles(spread[:, None], probabilities, family)
        return np.exp(log_q - log_q[:, -1:])

    def sum_of_squares(spread):
        q = unit_quantiles(spread)
        scale = (q @ values) / np.sum(q * q, axis=1)
        return np.sum((scale[:, None] * q - values) ** 2, axis=1)

    def slope(spread):
        """Half the derivative of the sum of squares, by the logarithm of the spread; the best scale needs no part."""
        near = spread * np.exp([0.0, -SLOPE_STEP, SLOPE_STEP])
        log_q = _log_quantiles(near[:, None], probabilities, family)
        q = np.exp(log_q[0] - log_q[0, -1])
        fitted = q * (q @ values) / (q @ q)
        return (fitted - values) / values[-1] @ (fitted * (log_q[2] - log_q[1]))

    smallest = SPREAD_MARGIN[0] * (values[-1] - values[0]) / values[-1]
    largest = SPREAD_MARGIN[1] * (1 + np.log(values[-1] / values[0]))
    spread = polish(slope, minimise(sum_of_squares, np.geomspace(smallest, largest, 400)))
    q = unit_quantiles(np.array([spread]))[0]
    log_scale = np.log(q @ values / (q @ q)) - _log_quantiles(spread, probabilities, family)[-1]
    return sum_of_squares(np.array([spread]))[0], *_moments(log_scale, spread, family)


def _log_quantiles(spread, probabilities, family):
    """Log quantiles at scale 1; spread: SD of the log (log-normal), 1/shape (Weibull), 1/sqrt(shape) (gamma)."""
    if family == "log-normal":
        return spread * ndtri(probabilities)
    if family == "Weibull":
        return spread * np.log(-np.log1p(-probabilities))
    with np.errstate(divide="ignore"):  # a gamma quantile may underflow to 0
        return np.log(gammaincinv(spread**-2.0, probabilities))


def _moments(log_scale, spread, family):
    if family == "log-normal":
        mean = np.exp(log_scale + spread**2 / 2)
        return mean, mean * np.sqrt(np.expm1(spread**2))
    if family == "Weibull":
        log_mean = log_scale + gammaln(1 + spread)
        return np.exp(log_mean), np.exp(log_mean) * np.sqrt(np.expm1(gammaln(1 + 2 * spread) - 2 * gammaln(1 + spread)))
    return np.exp(log_scale) / spread**2, np.exp(log_scale) / spread


def box_cox_exponent(values):
    """Exponent under which the printed quantiles lie most symmetrically about their median (McGrath 2020, section 2.3).

    Parameters
    ----------
    values : ndarray of shape (3,) or (5,)
        Positive, increasing, the median in the middle.

    Returns
    -------
    float
        In [0, 3]: a negative optimum is set to 0, the logarithm, as the method prescribes.
    """
    pairs = len(values) // 2
    log_ratio = np.log(values / values[pairs])

    def asymmetry(exponent):
        safe = np.where(exponent == 0, 1.0, exponent)[:, None]
        with np.errstate(over="ignore"):  # too far out to be the minimum
            distance = np.abs(np.where(exponent[:, None] == 0, log_ratio, np.expm1(safe * log_ratio) / safe))
            return np.sum((distance[:, :pairs:-1] / distance[:, :pairs] - 1) ** 2, axis=1)

    return max(0.0, minimise(asymmetry, np.linspace(*LAMBDA_RANGE, 501)))


def box_cox(values, exponent):
    """Box-Cox transform: (x^exponent - 1) / exponent, the logarithm at 0."""
    return np.log(values) if exponent == 0 else np.expm1(exponent * np.log(values)) / exponent


def box_cox_moments(location, scale, exponent):
    """Mean and SD on the original scale of a variable whose Box-Cox transform is normal (location, scale).

    The normal is cut, on both sides alike, where the inverse transform ceases to exist (McGrath 2020, section 2.3).
    """
    if exponent == 0:
        mean = np.exp(location + scale**2 / 2)
        return mean, mean * np.sqrt(np.expm1(scale**2))
    end = (location + 1 / exponent) / scale
    cut = min(end, 40.0)
    nodes, weights = np.polynomial.legendre.leggauss(16)
    edges = np.linspace(0, 1, 81)
    t = (edges[:-1, None] + (nodes + 1) / 2 * np.diff(edges)[:, None]).ravel()
    # z = cut (2 t^4 - 1): the fourth power smooths the root that the inverse transform has at the lower cut
    z = cut * (2 * t**4 - 1)
    density = np.tile(weights, 80) * t**3 * np.exp(-z * z / 2)
    density /= density.sum()
    with np.errstate(divide="ignore"):  # the inverse transform is 0 at the cut
        values = np.exp(np.log1p(z / end) / exponent)
    mean = density @ values
    unit = np.exp(np.log1p(exponent * location) / exponent)
    return unit * mean, unit * np.sqrt(density @ (values - mean) ** 2)
