"""Bayesian random-effects meta-analysis by quadrature: no sampling, the same digits on every run.

Model: y_i ~ N(theta_i, v_i), theta_i ~ N(mu, tau^2), a half-normal or half-Cauchy prior on tau (not on its square) and
a flat or normal prior on mu. Given tau everything is normal, so mu is integrated by formula and tau by Gauss-Legendre
panels; posteriors of mu and of a new study's effect are then mixtures of normals.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtr

from mscmeta import _checks
from mscmeta._results import Interval

TAU_PRIORS = ("half-normal", "half-cauchy")
#: Nodes where the density is below exp(-45) = 3e-20 of its peak are left out.
NEGLIGIBLE = 45.0
#: Scans of the density narrow down until so many of their points matter.
RESOLVED = 40
#: Above this the logarithm of the density has lost the digits that tell one tau from another.
LARGEST_MISFIT = 1e8
ROUNDING = 1e-15
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(16)


def normal_normal(y, v, *, tau_prior="half-normal", scale, mu_mean=0.0, mu_sd=math.inf, level=0.95, labels=None):
    """Posterior of the normal-normal random-effects model.

    Parameters
    ----------
    y, v : array_like of shape (k,)
        Effects and variances of the studies; k = 1 is allowed.
    tau_prior : {"half-normal", "half-cauchy"}
        Family of the prior on tau, the standard deviation between studies.
    scale : float
        Its scale, in the unit of ``y``: the prior median of tau is 0.674 scale (half-normal) or scale (half-Cauchy).
    mu_mean, mu_sd : float
        Normal prior on mu; an infinite ``mu_sd`` is the flat one, for which ``mu_mean`` does not apply.
    level : float
        Level of all intervals.
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    Posterior

    Raises
    ------
    ValueError
        For bad studies, an unknown prior, a scale or SD that is not positive, ``mu_mean`` together with a flat prior,
        and for data so far from the prior that double precision cannot tell one tau from another.

    Notes
    -----
    Röver (2020), Journal of Statistical Software 93(6), section 2: marginal likelihood of tau and conditional moments.
    tau = a sinh(t) with a the smaller of prior scale and smallest standard error keeps every singularity of the
    integrand at a distance of pi/2 from the real axis, so 16 nodes on panels of at most 1/4 reach rounding error.

    A moment that does not exist is NaN, whatever number a grid cut at some tau would give. The half-Cauchy prior has
    a tail of tau^-2 and the likelihood adds tau^-(k-1), or tau^-k with a normal prior on mu; so with a flat mu the
    p-th moment exists for p < k only: with k = 2 no SD, with k = 1 no mean either. Medians and intervals always exist.

    Examples
    --------
    >>> posterior = normal_normal([-0.889, -1.442, -1.621], [0.326, 0.020, 0.223], scale=0.5)
    >>> round(posterior.mean, 3), round(posterior.tau_median, 3)
    (-1.396, 0.227)
    >>> round(posterior.probability_below(-0.25), 4)
    0.9978
    """
    y, v, _ = _checks.studies(y, v, labels, allow_absent=False)
    if y.ndim > 1:
        raise ValueError(f"y has shape {y.shape}; give one meta-analysis at a time, one effect a study")
    _checks.one_of("tau_prior", tau_prior, TAU_PRIORS)
    scale = _positive("scale", scale)
    level = _checks.level(level)
    mu_mean = _checks.number("mu_mean", mu_mean)
    flat = mu_sd == math.inf
    if flat and mu_mean != 0:
        raise ValueError(
            f"mu_mean is {mu_mean:.15g}, but a flat prior has no mean; give mu_sd too, or leave mu_mean out"
        )
    mu_precision = 0.0 if flat else _positive("mu_sd", mu_sd) ** -2.0
    shift = float(np.median(y))  # distances, not effects, enter the likelihood: no cancellation far from zero
    model = _Model(y - shift, v, tau_prior, scale, mu_mean - shift, mu_precision)
    return Posterior._of(model, shift, level, f"{_prior_words(tau_prior, scale)}, {_mu_words(flat, mu_mean, mu_sd)}")


@dataclass(frozen=True, slots=True, repr=False)
class Posterior:
    """Posterior of a normal-normal random-effects model.

    Attributes
    ----------
    mean, sd : float
        Of mu, the mean of the distribution of true effects; NaN where the moment does not exist.
    tau_mean, tau_sd : float
        Of tau; NaN where the moment does not exist.
    predictive_sd : float
        Of the true effect of a new study, whose mean is that of mu; NaN where it does not exist.
    study_means : ndarray of shape (k,)
        Posterior means of the studies' own effects, shrunken towards mu.
    k : int
    level : float
        Level of the intervals.
    method : str
        The model and its priors, in words.
    """

    mean: float
    sd: float
    tau_mean: float
    tau_sd: float
    predictive_sd: float
    study_means: np.ndarray
    k: int
    level: float
    method: str
    _mu: "_Mixture" = field(compare=False)
    _new: "_Mixture" = field(compare=False)
    _tau: "_TauGrid" = field(compare=False)

    @classmethod
    def _of(cls, model, shift, level, priors):
        grid = _TauGrid(model)
        centre, variance = model.mu_given(grid.tau)
        mu = _Mixture(grid.mass, centre + shift, np.sqrt(variance))
        new = _Mixture(grid.mass, centre + shift, np.sqrt(variance + grid.tau**2))
        # moments p < tail exist; a normal prior on mu bounds mu, but not tau
        tail = model.moments_below
        mu_tail = math.inf if model.mu_precision else tail
        tau_mean = grid.mass @ grid.tau
        tau_sd = math.sqrt(grid.mass @ (grid.tau - tau_mean) ** 2)
        return cls(
            mean=mu.mean() if mu_tail > 1 else math.nan,
            sd=mu.sd() if mu_tail > 2 else math.nan,
            tau_mean=float(tau_mean) if tail > 1 else math.nan,
            tau_sd=tau_sd if tail > 2 else math.nan,
            predictive_sd=new.sd() if tail > 2 else math.nan,
            study_means=shift + model.study_means(grid.tau, grid.mass, centre),
            k=len(model.y),
            level=level,
            method=f"normal-normal model by quadrature, {priors}",
            _mu=mu,
            _new=new,
            _tau=grid,
        )

    @property
    def median(self) -> float:
        """Posterior median of mu."""
        return self._mu.quantile(0.5)

    @property
    def ci(self) -> Interval:
        """Equal-tailed interval of mu."""
        return self._central(self._mu)

    @property
    def tau_median(self) -> float:
        """Posterior median of tau."""
        return self._tau.quantile(0.5)

    @property
    def tau_ci(self) -> Interval:
        """Equal-tailed interval of tau. Its lower limit is never 0, even where tau = 0 fits best."""
        return self._central(self._tau)

    @property
    def predictive_median(self) -> float:
        """Median of the true effect of a new study."""
        return self._new.quantile(0.5)

    @property
    def predictive_ci(self) -> Interval:
        """Equal-tailed interval for the true effect of a new study."""
        return self._central(self._new)

    @property
    def shortest_ci(self) -> Interval:
        """Shortest interval of mu (bayesmeta's default)."""
        return _shortest(self._mu, self.level)

    @property
    def tau_shortest_ci(self) -> Interval:
        """Shortest interval of tau; it starts at 0 where the density falls from 0 on."""
        return _shortest(self._tau, self.level)

    def probability_below(self, x):
        """P(mu < x) given the data; ``x`` a number or an array."""
        return self._mu.below(x)

    def predictive_probability_below(self, x):
        """P(true effect of a new study < x) given the data."""
        return self._new.below(x)

    def tau_probability_below(self, x):
        """P(tau < x) given the data."""
        return self._tau.below(x)

    def density(self, x):
        """Posterior density of mu at ``x``."""
        return self._mu.density(x)

    def tau_density(self, x):
        """Posterior density of tau at ``x``."""
        return self._tau.density(x)

    def _central(self, distribution) -> Interval:
        tail = (1 - self.level) / 2
        return Interval(distribution.quantile(tail), distribution.quantile(1 - tail))

    def __repr__(self) -> str:
        low, high = self.ci
        tau_low, tau_high = self.tau_ci
        return (
            f"Posterior(mu {self.median:.4g} [{low:.4g}, {high:.4g}], tau {self.tau_median:.4g} "
            f"[{tau_low:.4g}, {tau_high:.4g}], medians with {self.level:.4g} intervals, k = {self.k}; {self.method})"
        )


@dataclass(frozen=True, slots=True)
class _Model:
    """Log posterior of tau up to a constant, and what is normal given tau; effects relative to a common origin."""

    y: np.ndarray
    v: np.ndarray
    tau_prior: str
    scale: float
    mu_mean: float
    mu_precision: float

    @property
    def moments_below(self) -> float:
        """Moments of tau of an order below this exist."""
        if self.tau_prior == "half-normal":
            return math.inf
        return len(self.y) + (1 if self.mu_precision else 0)

    @property
    def scales(self) -> tuple[float, float]:
        """Below the first nothing changes with tau; above the second the tail has begun."""
        se = np.sqrt(self.v)
        distance = np.ptp(self.y) + (abs(self.mu_mean) if self.mu_precision else 0.0)
        return min(self.scale, se.min()), max(self.scale, se.max(), distance)

    def mu_given(self, tau):
        """Mean and variance of mu for each tau."""
        weights = 1 / (self.v + tau[:, None] ** 2)
        precision = weights.sum(axis=1) + self.mu_precision
        return (weights @ self.y + self.mu_precision * self.mu_mean) / precision, 1 / precision

    def log_density(self, tau):
        """Log of prior times marginal likelihood of tau, in blocks so that memory stays small."""
        block = max(1, 2**18 // len(self.y))
        return np.concatenate([self._log_density(tau[i : i + block]) for i in range(0, len(tau), block)])

    def _log_density(self, tau):
        centre, variance = self.mu_given(tau)
        weights = 1 / (self.v + tau[:, None] ** 2)
        misfit = (weights * (self.y - centre[:, None]) ** 2).sum(axis=1)
        misfit += self.mu_precision * (self.mu_mean - centre) ** 2
        ratio = tau / self.scale
        prior = -0.5 * ratio**2 if self.tau_prior == "half-normal" else -np.log1p(ratio**2)
        return 0.5 * (np.log(weights).sum(axis=1) + np.log(variance) - misfit) + prior

    def study_means(self, tau, mass, centre):
        """Each study's effect, pulled towards mu by v / (v + tau^2)."""
        pull = self.v / (self.v + tau[:, None] ** 2)
        return self.y + mass @ (pull * (centre[:, None] - self.y))


class _TauGrid:
    """Posterior of tau as Gauss-Legendre panels in t, where tau = unit * sinh(t)."""

    def __init__(self, model):
        self.model = model
        self.unit, largest = map(float, model.scales)
        self.peak = 0.0
        low, high = self._support(math.asinh(1e22 * largest / self.unit))
        panels = max(32, math.ceil((high - low) / 0.25))
        self.edges = np.linspace(low, high, panels + 1)
        t, width = self._nodes(self.edges[:-1], self.edges[1:])
        mass = np.exp(self._log_mass(t.ravel())).reshape(t.shape) * NODE_WEIGHTS * width
        self.total = mass.sum()
        self.tau = self.unit * np.sinh(t.ravel())
        self.mass = mass.ravel() / self.total
        self.cumulative = np.concatenate([[0.0], np.cumsum(mass.sum(axis=1)) / self.total])

    def _support(self, high):
        """Where the density, and each existing moment up to the second, is not negligible; scanned until resolved."""
        low, points = 0.0, math.ceil(high / 0.1) + 1
        moment = min(2, self.model.moments_below - 1)
        kept = np.empty(0)
        while len(kept) < RESOLVED:
            t = np.linspace(low, high, points)
            log_mass = self._log_mass(t)
            best = np.argmax(log_mass)
            if log_mass[best] < -LARGEST_MISFIT:
                raise ValueError(
                    f"data and prior contradict each other too much (log density {log_mass[best]:.3g} at best); "
                    "check that y, v, scale, mu_mean and mu_sd are in one unit"
                )
            weighted = log_mass + moment * np.maximum(0.0, t - max(t[best], 1.0))
            kept = np.flatnonzero(weighted > log_mass[best] - NEGLIGIBLE)
            self.peak += log_mass[best]
            low, high, points = t[max(kept[0] - 1, 0)], t[min(kept[-1] + 1, points - 1)], 401
        return low, high

    def _log_mass(self, t):
        """Log density of t, with the peak seen so far at 0."""
        return self.model.log_density(self.unit * np.sinh(t)) + np.logaddexp(t, -t) - self.peak

    @staticmethod
    def _nodes(low, high):
        half = np.asarray((high - low) / 2)[..., None]
        return np.asarray(low)[..., None] + half * (NODES + 1), half

    def _below_t(self, t):
        """P(T < t): whole panels before t, then Gauss-Legendre on the rest of its panel."""
        t = min(max(t, self.edges[0]), self.edges[-1])
        panel = min(np.searchsorted(self.edges, t, side="right") - 1, len(self.edges) - 2)
        nodes, half = self._nodes(self.edges[panel], t)
        rest = np.exp(self._log_mass(nodes)) @ NODE_WEIGHTS * half[0]
        return float(self.cumulative[panel] + rest / self.total)

    def below(self, x):
        x = _points(x)
        values = [self._below_t(math.asinh(value / self.unit)) if value > 0 else 0.0 for value in x.ravel()]
        return values[0] if x.ndim == 0 else np.reshape(values, x.shape)

    def density(self, x):
        x = _points(x)
        inside = np.maximum(x.ravel(), 0.0)
        log_density = self.model.log_density(inside) - self.peak + math.log(2 / self.unit)
        values = np.where(x.ravel() >= 0, np.exp(log_density) / self.total, 0.0)
        return float(values[0]) if x.ndim == 0 else values.reshape(x.shape)

    def quantile(self, p):
        panel = min(np.searchsorted(self.cumulative, p, side="right") - 1, len(self.edges) - 2)
        low, high = float(self.edges[panel]), float(self.edges[panel + 1])
        return self.unit * math.sinh(_root(lambda t: self._below_t(t) - p, low, high))


def _points(x):
    """Where a distribution is asked for; infinity is fine."""
    x = _checks.floats("x", x)
    if np.isnan(x).any():
        raise ValueError("x holds NaN; a probability or density needs a number")
    return x


class _Mixture:
    """Mixture of normals."""

    def __init__(self, mass, centres, spreads):
        self.mass, self.centres, self.spreads = mass, centres, spreads

    def mean(self):
        middle = self.centres[np.argmax(self.mass)]
        return float(middle + self.mass @ (self.centres - middle))

    def sd(self):
        return math.sqrt(self.mass @ (self.spreads**2 + (self.centres - self.mean()) ** 2))

    def below(self, x):
        x = _points(x)
        values = [float(self.mass @ ndtr((value - self.centres) / self.spreads)) for value in x.ravel()]
        return values[0] if x.ndim == 0 else np.reshape(values, x.shape)

    def density(self, x):
        x = _points(x)
        scaled = self.mass / self.spreads / math.sqrt(2 * math.pi)
        values = [float(scaled @ np.exp(-0.5 * ((z - self.centres) / self.spreads) ** 2)) for z in x.ravel()]
        return values[0] if x.ndim == 0 else np.reshape(values, x.shape)

    def quantile(self, p):
        start = np.argmax(self.mass)
        low = high = float(self.centres[start])
        step = float(self.spreads[start])
        while self.below(low) > p:
            low, step = low - step, 2 * step
        while self.below(high) < p - ROUNDING:  # the masses may sum to a little less than 1
            high, step = high + step, 2 * step
        return _root(lambda x: self.below(x) - p, low, high)


def _root(function, low, high):
    from scipy.optimize import brentq

    f_low, f_high = function(low), function(high)
    if f_low >= 0:  # the quantile is an end, or rounding has put it there
        return low
    if f_high <= 0:
        return high
    return brentq(function, low, high, xtol=ROUNDING * (high - low), rtol=1e-14)


def _shortest(distribution, level):
    """Shortest interval that holds the level: a search over the probability left below it."""
    from scipy.optimize import minimize_scalar

    def width(tail):
        return distribution.quantile(tail + level) - distribution.quantile(tail)

    tails = np.linspace(0, 1 - level, 43)[1:-1]
    best = tails[np.argmin([width(tail) for tail in tails])]
    step = tails[1] - tails[0]
    bounds = max(best - step, 0.0), best + step
    tail = minimize_scalar(width, bounds=bounds, method="bounded", options={"xatol": 1e-9}).x
    return Interval(distribution.quantile(tail), distribution.quantile(tail + level))


def _positive(name, value):
    value = _checks.number(name, value)
    if not 0 < value <= _checks.LARGEST_EFFECT:
        raise ValueError(f"{name} is {value:.15g}; it must be positive, and not above {_checks.LARGEST_EFFECT:g}")
    return value


def _prior_words(tau_prior, scale):
    return f"{tau_prior} prior of scale {scale:g} on tau"


def _mu_words(flat, mu_mean, mu_sd):
    return "flat prior on mu" if flat else f"normal prior on mu (mean {mu_mean:g}, SD {mu_sd:g})"
