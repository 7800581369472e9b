"""Meta-regression, subgroups, and permutation tests of both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations as all_orders
from itertools import product
from numbers import Integral

import numpy as np
from scipy.special import fdtrc

from . import _checks as check
from ._regressed import Regressed
from ._results import Interval, Pooled, chi2_tail, standardise, t_quantile, two_sided
from .pool import pool
from .tau2 import ESTIMATORS, estimate

INTERVALS = ("HK", "HK-floor", "Wald", "t")
Names = Sequence[object] | None


@dataclass(frozen=True, slots=True, eq=False)
class MetaRegression:
    """A fitted meta-regression; arrays have one entry a coefficient, the intercept first.

    `covariance` is that of the coefficients by the interval rule; `r2` the share of tau2 that the moderators explain
    (0 where there was none, NaN where it was not estimated); `qm` the test that all moderators are 0 (an F statistic
    where t is used, else chi-squared, with `qm_df`); `qe` the test of residual heterogeneity.
    """

    names: tuple[str, ...]
    coefficients: np.ndarray
    se: np.ndarray
    ci: Interval
    df: float
    tau2: float
    tau2_at_boundary: bool
    i2: float
    r2: float
    qm: float
    qm_df: tuple[int, float]
    qm_p_value: float
    qe: float
    qe_df: int
    qe_p_value: float
    k: int
    method: str
    covariance: np.ndarray
    level: float

    @property
    def statistic(self) -> np.ndarray:
        """Coefficients over their standard errors."""
        return standardise(self.coefficients, self.se)

    @property
    def p_values(self) -> np.ndarray:
        """Two-sided P values of the coefficients."""
        return two_sided(self.statistic, self.df)

    def predict(self, x: object) -> tuple[np.ndarray, Interval]:
        """Expected effect, and its interval, at new values of the moderators (rows of `x`)."""
        x = _matrix(x, len(self.names) - 1)
        fitted = x @ self.coefficients
        half = t_quantile(self.level, self.df) * np.sqrt(np.einsum("ij,jk,ik->i", x, self.covariance, x))
        return fitted, Interval(fitted - half, fitted + half)


@dataclass(frozen=True, slots=True)
class Subgroups:
    """Pooled effects by subgroup (`pooled`, by name) and the test that they are equal, chi-squared with `df`."""

    pooled: dict[str, Pooled]
    q_between: float
    df: int
    method: str

    @property
    def p_value(self) -> float:
        """P value of the test that all subgroups share one effect."""
        return chi2_tail(self.q_between, self.df)


@dataclass(frozen=True, slots=True, eq=False)
class PermutationTest:
    """P values by permutation, for each coefficient and (in a regression) for all moderators together."""

    names: tuple[str, ...]
    p_values: np.ndarray
    qm_p_value: float
    permutations: int
    exact: bool


def meta_regression(
    y: object, v: object, x: object, *, tau2: str | float = "REML", ci: str = "HK", level: float = 0.95,
    names: Names = None, labels: Names = None,
) -> MetaRegression:  # fmt: skip
    """Regress study effects on moderators; an intercept is added.

    Parameters
    ----------
    y, v : array_like
        Effects and sampling variances, one a study.
    x : array_like or DataFrame
        Moderators, one row a study: one column, or several.
    tau2 : str or float
        Estimator of the residual between-study variance, or its value, as for `pool`.
    ci : {"HK", "HK-floor", "Wald", "t"}
        Knapp & Hartung (2003), the same with a variance factor of at least 1, or Wald with the normal or t quantile;
        t and F have k - p degrees of freedom (p coefficients).
    level : float
        Level of the intervals.
    names : sequence of str, optional
        Names of the moderators; the columns of a DataFrame by default, else x1, x2, ...
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    MetaRegression

    Raises
    ------
    ValueError
        For fewer than p + 1 studies, missing moderators, or a moderator that the others determine.

    Notes
    -----
    R squared is the drop in tau2 against the model without moderators, never below 0 (Raudenbush 2009).

    Examples
    --------
    >>> fit = meta_regression([-0.9, -0.3, -1.2, -0.5], [0.10, 0.05, 0.20, 0.08], [50, 10, 100, 25], names=["dose"])
    >>> print(fit.names, fit.coefficients.round(4))
    ('intercept', 'dose') [-0.2274 -0.0109]
    """
    y, v, x, names, _ = _prepare(y, v, x, names, labels)
    level = check.level(level)
    _check_settings(tau2, ci)
    fit = _regress(y[:, None], v[:, None], x, tau2, ci)
    t2, b, cov, qm, fixed = fit["tau2"], fit["b"][0], fit["covariance"][0], float(fit["qm"][0]), fit["fixed"]
    k, p = x.shape
    se = np.sqrt(np.diag(cov))
    df = math.inf if ci == "Wald" else k - p
    half = t_quantile(level, df) * se
    qe, trace, t2 = float(fixed.q[0]), float(fixed.trace[0]), float(t2[0])
    name = tau2 if isinstance(tau2, str) else f"given as {tau2:.6g}"
    return MetaRegression(
        names=("intercept", *names), coefficients=b, se=se, ci=Interval(b - half, b + half), df=df, tau2=t2,
        tau2_at_boundary=isinstance(tau2, str) and tau2 != "FE" and t2 == 0,
        i2=1 - 1 / max(qe / (k - p), 1.0) if tau2 == "FE" else t2 * trace / (k - p + t2 * trace),
        r2=_explained(y, v, tau2, t2), qm=qm, qm_df=(p - 1, df),
        qm_p_value=chi2_tail(qm, p - 1) if ci == "Wald" else float(fdtrc(p - 1, k - p, qm)),
        qe=qe, qe_df=k - p, qe_p_value=chi2_tail(qe, k - p), k=k, covariance=cov, level=level,
        method=f"tau2: {name}; tests and intervals: {ci} ({'z' if ci == 'Wald' else f't, {k - p} df'})",
    )  # fmt: skip


def subgroups(
    y: object, v: object, groups: Sequence[object], *, tau2: str | float = "REML", ci: str = "HK",
    level: float = 0.95, common_tau2: bool = False, labels: Names = None,
) -> Subgroups:  # fmt: skip
    """Pool each subgroup, and test whether the subgroups share one effect.

    Parameters
    ----------
    y, v : array_like
        Effects and sampling variances, one a study.
    groups : sequence
        The subgroup of each study; at least two different ones.
    tau2, ci, level, labels
        As for `pool`.
    common_tau2 : bool
        One tau2 for all subgroups, estimated from the spread within them, instead of one for each. A subgroup of a
        single study has tau2 = 0 of its own.

    Returns
    -------
    Subgroups
        Subgroups in order of appearance. Q-between weighs the pooled effects by their Wald variances, whatever the
        interval rule (Borenstein et al. 2009, chapter 19), since a Hartung-Knapp variance does not exist for one study.

    Examples
    --------
    >>> result = subgroups([-0.9, -0.3, -1.2, -0.5], [0.1, 0.05, 0.2, 0.08], ["a", "b", "a", "b"], tau2="FE", ci="Wald")
    >>> print({name: round(fit.estimate, 3) for name, fit in result.pooled.items()}, round(result.p_value, 3))
    {'a': -1.0, 'b': -0.377} 0.046
    """
    y, v, names = check.studies(y, v, labels, allow_absent=False)
    if y.ndim != 1:
        raise ValueError(f"y has {y.ndim} axes; subgroups take one meta-analysis, with one effect a study")
    if not isinstance(common_tau2, bool | np.bool_):
        raise TypeError(f"common_tau2 is {common_tau2!r}; give True or False")
    if common_tau2 and ci == "PL":
        raise ValueError("ci 'PL' estimates tau2 in each subgroup; with common_tau2 choose another interval")
    groups = _group_names(groups, names, len(y))
    order = list(dict.fromkeys(groups))
    if len(order) < 2:
        raise ValueError(f"all studies are in subgroup {order[0]!r}; a comparison needs at least two subgroups")
    members = {group: np.array([g == group for g in groups]) for group in order}
    shared = _common_tau2(y, v, np.array(list(members.values())).T, tau2) if common_tau2 else tau2
    pooled = {}
    for group, use in members.items():
        own = None if names is None else [names[i] for i in np.flatnonzero(use)]
        fit = pool(y[use], v[use], tau2=shared, ci=ci, level=level, labels=own)
        pooled[group] = _rename(fit, tau2) if common_tau2 else fit
    centre = np.array([fit.estimate for fit in pooled.values()])
    weight = np.array([np.sum(1 / (v[use] + pooled[group].tau2)) for group, use in members.items()])
    q = float(np.sum(weight * (centre - np.sum(weight * centre) / weight.sum()) ** 2))
    kind = "one tau2 for all subgroups" if common_tau2 else "a tau2 for each subgroup"
    return Subgroups(pooled, q, len(order) - 1, f"{kind}; Q-between with Wald variances")


def _group_names(groups: object, names: tuple[str, ...] | None, k: int) -> list[str]:
    """The subgroup of each study as text; a study without one is refused."""
    groups = list(groups) if np.ndim(groups) == 1 else [groups]
    if len(groups) != k:
        raise ValueError(f"groups has {len(groups)} entries, but there are {k} studies; give one a study")
    for i, group in enumerate(groups):
        if group is None or str(group) in ("nan", "NaT", "<NA>"):
            raise ValueError(f"group of {check.study(names, i)} is {group}; name one, or leave the study out")
    return [str(group) for group in groups]


def permutation_test(
    y: object, v: object, x: object = None, *, tau2: str | float = "REML", ci: str = "HK", permutations: int = 5000,
    seed: int = 1, names: Names = None, labels: Names = None,
) -> PermutationTest:  # fmt: skip
    """Permutation test of a meta-regression, or (without `x`) of the pooled effect by flipping signs.

    Parameters
    ----------
    y, v, x : array_like
        As for `meta_regression`; without `x`, as for `pool`.
    tau2, ci
        As for `meta_regression`: they choose the statistic, a coefficient over its standard error.
    permutations : int
        All k! orders (or 2**k sign patterns) are used where there are no more than this many; else this many random
        ones, the observed one included.
    seed : int
        Seed of the random ones.
    names, labels
        As for `meta_regression`.

    Returns
    -------
    PermutationTest
        Two-sided P values: the share of permutations whose statistic is at least as large as the observed one
        (Follmann & Proschan 1999; Higgins & Thompson 2004). None is below 1 / permutations; NaN where the statistic is
        undefined (one study under Hartung-Knapp).

    Examples
    --------
    >>> result = permutation_test([-0.9, -0.3, -1.2, -0.5], [0.10, 0.05, 0.20, 0.08], [50, 10, 100, 25])
    >>> print(result.permutations, result.exact, result.p_values.round(3))
    24 True [0.208 0.042]
    """
    _check_settings(tau2, ci)
    most = check.number("permutations", permutations)
    if most < 20 or most != int(most):
        raise ValueError(f"permutations is {most:.15g}; give a whole number of at least 20")
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise ValueError(f"seed is {seed!r}; give a whole number, 0 or more")
    rng = np.random.default_rng(seed)
    if x is None:
        return _sign_flips(y, v, tau2, ci, int(most), rng, labels)
    y, v, x, names, _ = _prepare(y, v, x, names, labels)
    k = len(y)
    exact = k <= 12 and math.factorial(k) <= most
    if exact:
        orders = np.array(list(all_orders(range(k)))).T
    else:
        orders = np.tile(np.arange(k)[:, None], int(most))
        orders[:, 1:] = rng.permuted(orders[:, 1:], axis=0)
    # exchanging whole studies against fixed moderators is the same as exchanging the rows of x
    fit = _regress(y[orders], v[orders], x, tau2, ci)
    se = np.sqrt(np.diagonal(fit["covariance"], axis1=1, axis2=2))
    p_values = _share(np.abs(standardise(fit["b"], se)))
    return PermutationTest(("intercept", *names), p_values, float(_share(fit["qm"])), orders.shape[1], exact)


def _sign_flips(y: object, v: object, tau2: str | float, ci: str, most: int, rng: np.random.Generator,
                labels: Names) -> PermutationTest:  # fmt: skip
    y, v, _ = check.studies(y, v, labels, allow_absent=False)
    if y.ndim != 1:
        raise ValueError(f"y has {y.ndim} axes; a permutation test takes one meta-analysis, with one effect a study")
    k = len(y)
    exact = 2**k <= most
    signs = np.array(list(product((1.0, -1.0), repeat=k))).T if exact else rng.choice((1.0, -1.0), (k, most))
    signs[:, 0] = 1
    fit = pool(y[:, None] * signs, np.repeat(v[:, None], signs.shape[1], axis=1), tau2=tau2, ci=ci)
    p = _share(np.abs(fit.statistic))
    return PermutationTest(("mean",), np.array([p]), math.nan, signs.shape[1], exact)


def _share(statistic: np.ndarray) -> np.ndarray:
    """Share of permutations (axis 0) at least as extreme as the first, ties counted despite rounding; NaN for NaN."""
    observed = statistic[0]
    return np.where(np.isnan(observed), np.nan, np.mean(statistic >= observed * (1 - 1e-8), axis=0))


def _regress(y: np.ndarray, v: np.ndarray, x: np.ndarray, tau2: str | float, ci: str) -> dict:
    """Coefficients and their covariance for columns of studies; arrays over replicates come first."""
    k, p = x.shape
    reference = y[0]  # identical effects then have residuals of exactly 0
    data = Regressed(y - reference, v, x)
    fixed = data.moments(0.0)
    if tau2 == "FE":
        t2 = np.zeros(y.shape[1])
    elif isinstance(tau2, str):
        t2 = estimate(tau2, data, k, k - p, fixed)
    else:
        t2 = np.full(y.shape[1], float(tau2))
    _, z, triangle, onto = data.decompose(1 / (v + t2))
    r = np.array([[np.broadcast_to(e, t2.shape) for e in row] for row in triangle]).transpose(2, 0, 1)
    inverse = np.linalg.inv(r)
    factor = (z * z).sum(axis=0) / (k - p) if ci.startswith("HK") else np.ones(t2.shape)
    if ci == "HK-floor":
        factor = np.maximum(factor, 1.0)
    qm = sum(c * c for c in onto[1:])
    b = (inverse @ np.array(onto).T[:, :, None])[:, :, 0]
    b[:, 0] += reference
    return {
        "b": b,
        "covariance": inverse @ inverse.transpose(0, 2, 1) * factor[:, None, None],
        "qm": qm if ci == "Wald" else standardise(qm, factor) / (p - 1),
        "tau2": t2,
        "fixed": fixed,
    }


def _explained(y: np.ndarray, v: np.ndarray, tau2: str | float, left: float) -> float:
    """R squared: the share of tau2 that the moderators take away."""
    if tau2 == "FE" or not isinstance(tau2, str):
        return math.nan
    before = pool(y, v, tau2=tau2, ci="Wald").tau2
    return max(0.0, 1 - left / before) if before > 0 else 0.0


def _common_tau2(y: np.ndarray, v: np.ndarray, x: np.ndarray, tau2: str | float) -> str | float:
    """Estimate tau2 from the spread within subgroups, whose indicators are the columns of x."""
    if not isinstance(tau2, str) or tau2 == "FE":
        return tau2
    check.one_of("tau2", tau2, ESTIMATORS)
    k, p = x.shape
    if k == p:
        raise ValueError("every subgroup has a single study; a common tau2 needs one with two or more")
    data = Regressed(y[:, None], v[:, None], x.astype(float))
    return float(estimate(tau2, data, k, k - p, data.moments(0.0))[0])


def _rename(fit: Pooled, tau2: str | float) -> Pooled:
    """The same fit, saying where its tau2 came from."""
    if not isinstance(tau2, str) or tau2 == "FE":
        return fit
    _, rest = fit.method.split(";", 1)
    return replace(fit, method=f"tau2: {tau2}, common to all subgroups;{rest}", tau2_at_boundary=fit.tau2 == 0)


def _check_settings(tau2: object, ci: object) -> None:
    if isinstance(tau2, str):
        check.one_of("tau2", tau2, ESTIMATORS)
    elif check.number("tau2", tau2) < 0:
        raise ValueError(f"tau2 is {tau2:.15g}; a given tau2 cannot be negative")
    check.one_of("ci", ci, INTERVALS)


def _prepare(y: object, v: object, x: object, names: Names, labels: Names) -> tuple:
    """Checked data, the design with its intercept, and the names of moderators and studies."""
    y, v, labels = check.studies(y, v, labels, allow_absent=False)
    if y.ndim != 1:
        raise ValueError(f"y has {y.ndim} axes; a meta-regression takes one meta-analysis, with one effect a study")
    columns = [str(c) for c in x.columns] if hasattr(x, "columns") else None
    moderators = check.floats("x", x)
    moderators = moderators[:, None] if moderators.ndim == 1 else moderators
    if moderators.ndim != 2 or len(moderators) != len(y) or not moderators.shape[1]:
        raise ValueError(f"x has shape {moderators.shape}, but there are {len(y)} studies; give one row a study")
    if isinstance(names, str):
        raise TypeError(f"names is the text {names!r}; give a list with one name a moderator")
    names = list(map(str, names)) if names is not None else columns
    names = names or [f"x{j + 1}" for j in range(moderators.shape[1])]
    if len(names) != moderators.shape[1]:
        raise ValueError(f"names has {len(names)} entries, but x has {moderators.shape[1]} moderators")
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise ValueError(f"names holds {twice[0]!r} twice; give each moderator its own name")
    for name, column in zip(names, moderators.T, strict=True):
        check.refuse(f"moderator {name!r}", column, ~np.isfinite(column), "leave the study out", labels)
    design = np.column_stack([np.ones(len(y)), moderators])
    if len(y) <= design.shape[1]:
        raise ValueError(
            f"{len(y)} studies cannot carry {design.shape[1]} coefficients; a meta-regression needs at least one more"
        )
    _refuse_redundant(design, names)
    return y, v, design, names, labels


def _refuse_redundant(design: np.ndarray, names: list[str]) -> None:
    """Every moderator must add something to the ones before it."""
    basis: list[np.ndarray] = []
    for name, column in zip(["intercept", *names], design.T, strict=True):
        scale = np.abs(column).max() or 1.0
        rest = column / scale
        for _ in range(2):
            for unit in basis:
                rest = rest - unit * (unit @ rest)
        norm = np.linalg.norm(rest)
        if norm < 1e-10:
            raise ValueError(f"moderator {name!r} is constant or determined by the moderators before it; leave it out")
        basis.append(rest / norm)


def _matrix(x: object, moderators: int) -> np.ndarray:
    """New rows of moderators, with the intercept in front."""
    x = np.atleast_1d(check.floats("x", x))
    x = x[:, None] if x.ndim == 1 and moderators == 1 else np.atleast_2d(x)
    if x.ndim != 2 or x.shape[1] != moderators:
        raise ValueError(f"x has shape {x.shape}, but the regression has {moderators} moderators")
    if not np.isfinite(x).all():
        raise ValueError("x holds a value that is not finite; give every moderator a number")
    return np.column_stack([np.ones(len(x)), x])
