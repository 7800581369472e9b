"""`pool`: the one engine. One meta-analysis, or any number of them at once, by the same arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from . import _checks as check
from ._likelihood import mean_interval
from ._moments import Many, One, Value
from ._results import Interval, Pooled, Ratio, t_quantile
from .tau2 import ESTIMATORS, estimate

__all__ = ["Interval", "Pooled", "Ratio", "pool"]

INTERVALS = ("Wald", "t", "HK", "HK-floor", "HK-hybrid", "PL")
I2_RULES = ("tau2", "Q")
#: Replicates worked on together: their arrays of about nine studies stay in the cache of a core.
BLOCK = 4096

_WORDS = {
    "Wald": "Wald (z)",
    "t": "Wald SE, t with k-1 df",
    "HK": "Hartung-Knapp (t, k-1 df)",
    "HK-floor": "Hartung-Knapp with variance factor at least 1 (t, k-1 df)",
    "PL": "profile likelihood",
    "HK-hybrid": "the wider of Hartung-Knapp (t, k-1 df) and Wald (z)",
}


def pool(
    y: object,
    v: object,
    *,
    tau2: str | float = "REML",
    ci: str = "HK",
    level: float = 0.95,
    i2: str = "tau2",
    labels: Sequence[object] | None = None,
) -> Pooled:
    """Pool study effects by inverse variance.

    Parameters
    ----------
    y, v : array_like
        Effects and their sampling variances (not standard errors), studies on axis 0. Axes behind it are replicate
        meta-analyses; there, NaN in both `y` and `v` means that the study is absent from that replicate.
    tau2 : {"REML", "DL", "PM", "ML", "EB", "HE", "HS", "SJ", "FE"} or float
        Estimator of the between-study variance; "FE" assumes none (common effect); a number is taken as given.
    ci : {"HK", "HK-floor", "HK-hybrid", "Wald", "t", "PL"}
        Interval and test of the mean: Wald with the normal or with the t quantile; Hartung & Knapp (2001); the same
        with its variance factor never below 1 (Rover, Knapp & Friede 2015); or Hartung-Knapp, but the Wald interval
        where that is wider (Jackson et al. 2017; meta's ``adhoc.hakn.ci="ci"``); profile likelihood (Hardy & Thompson
        1996), which needs ``tau2="ML"``, is tested by the likelihood ratio, and is computed one replicate at a time.
    level : float
        Level of the interval, between 0 and 1.
    i2 : {"tau2", "Q"}
        I squared from tau2 and a typical variance (Higgins & Thompson 2002, eq. 9; metafor, RevMan since 2024), or
        from Q (their eq. 10; meta). With ``tau2="FE"`` it is always from Q.
    labels : sequence of str, optional
        Names of the studies, used in messages and tables.

    Returns
    -------
    Pooled
        Numbers for one meta-analysis, arrays over the replicate axes for many.

    Raises
    ------
    ValueError, TypeError
        For NaN, variances that are not positive and finite, unequal shapes, unknown options; the message names the
        study by its label.

    Notes
    -----
    One study (k = 1): tau2, Q and I2 are 0, the estimate is the study's effect, "Wald" gives its own interval, and
    every rule with k-1 = 0 degrees of freedom gives NaN limits. Two studies (k = 2): everything is defined but the
    prediction interval with k-2 degrees of freedom; t with 1 df has a quantile of 12.7. Identical effects have a
    Hartung-Knapp interval of zero width; "HK-floor" and "HK-hybrid" avoid it.

    Examples
    --------
    >>> fit = pool([-0.9, -0.3, -1.2, -0.5], [0.10, 0.05, 0.20, 0.08])
    >>> fit
    Pooled(-0.6197 [-1.216, -0.02308], p = 0.0455, k = 4, tau2 = 0.04601, I2 = 34 %; REML, HK, level 0.95)
    >>> low, high = fit.prediction_interval()
    >>> print(round(low, 3), round(high, 3))
    -1.526 0.287
    """
    y, v, names, absent = check.replicates(y, v, labels)
    settings = _settings(tau2, ci, level, i2)
    columns = (y.reshape(len(y), -1), v.reshape(len(v), -1))
    mask = None if absent is None else ~absent.reshape(len(y), -1)
    fit = _fit(*columns, mask, *settings)
    kept = v.copy() if v.ndim == 1 else v
    return _result(fit, (*columns, mask), y.shape[1:], *settings, labels=names, _variances=kept)


def pool_masked(
    y: object, v: object, mask: np.ndarray, *, tau2: str | float = "REML", ci: str = "HK", level: float = 0.95,
    i2: str = "tau2", labels: Sequence[object] | None = None,
) -> Pooled:  # fmt: skip
    """Pool the subsets of one set of studies given by the columns of `mask` (studies on axis 0)."""
    y, v, names = check.studies(y, v, labels)
    settings = _settings(tau2, ci, level, i2)
    columns = (y[:, None], v[:, None], mask)
    fit = _fit(*columns, *settings)
    return _result(fit, columns, mask.shape[1:], *settings, labels=names, mask=mask, _variances=v)


def _settings(tau2: object, ci: object, level: object, i2: object) -> tuple[str | float, str, float, str]:
    """The options, checked; a given tau2 becomes a float."""
    if isinstance(tau2, str):
        check.one_of("tau2", tau2, ESTIMATORS)
    else:
        tau2 = check.number("tau2", tau2)
        if not 0 <= tau2 <= check.LARGEST_VARIANCE:
            raise ValueError(f"tau2 is {tau2:.15g}; a given tau2 lies between 0 and {check.LARGEST_VARIANCE:g}")
    check.one_of("ci", ci, INTERVALS)
    if ci == "PL" and tau2 != "ML":
        raise ValueError(f"ci 'PL' is the profile likelihood with tau2 'ML', not {tau2!r}; choose another interval")
    check.one_of("i2", i2, I2_RULES)
    return tau2, ci, check.level(level), i2


def _fit(
    y: np.ndarray, v: np.ndarray, mask: np.ndarray | None, tau2: str | float, ci: str, level: float, i2: str
) -> tuple:
    """Every statistic for columns of studies, block by block."""
    if y.shape[1] == 1 and mask is None:
        return _statistics(One(y[:, 0].tolist(), v[:, 0].tolist()), len(y), tau2, ci, level, i2)
    n = (y if mask is None else mask).shape[1]
    done: list = []
    for start in range(0, n, BLOCK):
        some = slice(start, start + BLOCK)
        part = _statistics(*_block(y, v, mask, some), tau2, ci, level, i2)
        done = done or [np.empty(n, x.dtype) if np.ndim(x) else x for x in part]
        for whole, x in zip(done, part, strict=True):
            if np.ndim(x):
                whole[some] = x
    return tuple(done)


def _block(y: np.ndarray, v: np.ndarray, mask: np.ndarray | None, some: slice) -> tuple[Many, Value]:
    """One block of columns as `Many`, with the number of studies."""
    y, v = (x if x.shape[1] == 1 else x[:, some] for x in (y, v))
    if mask is None:
        return Many(y, v), len(y)
    mask = mask[:, some]
    return Many(np.where(mask, y, 0.0), np.where(mask, v, np.inf), mask), mask.sum(axis=0)


def _statistics(data: One | Many, k: Value, tau2: str | float, ci: str, level: float, i2: str) -> tuple:
    """Estimate, SE, df, tau2, whether at the boundary, Q, I2, H2, k, and the limits of the interval."""
    df = k - 1
    fixed = data.moments(0.0, trace=True)
    t2, boundary, fit = tau2, False, fixed
    if tau2 == "FE":
        t2 = 0.0
    elif isinstance(tau2, str):
        t2 = estimate(tau2, data, k, df, fixed)
        boundary = t2 <= 0
        fit = data.moments(t2)
    else:
        fit = data.moments(tau2)
    positive = np.maximum(df, 1)
    if i2 == "Q" or tau2 == "FE":
        h2 = np.where(df > 0, fixed.q / positive, 1.0)
        share = 1 - 1 / np.maximum(h2, 1.0)
    else:
        ratio = t2 * fixed.trace / positive
        share, h2 = ratio / (1 + ratio), 1 + ratio
    se, t_df = _standard_error(ci, level, fit.total, fit.q, df)
    mean, half = fit.mean + data.reference, t_quantile(level, t_df) * se
    return mean, se, t_df, t2, boundary, fixed.q, share, h2, k, mean - half, mean + half


def _standard_error(ci: str, level: float, total: Value, q: Value, df: Value) -> tuple[Value, Value]:
    """Standard error and degrees of freedom by the rule of the interval."""
    wald = np.sqrt(1 / total)
    if ci in ("Wald", "PL"):
        return wald, math.inf
    if ci == "t":
        return wald, df
    factor = q / np.where(df > 0, df, np.nan)
    if ci == "HK-floor":
        factor = np.maximum(factor, 1.0)
    se = np.sqrt(factor / total)
    if ci == "HK-hybrid":
        narrower = t_quantile(level, df) * se < t_quantile(level, math.inf) * wald
        return np.where(narrower, wald, se), np.where(narrower, math.inf, df)
    return se, df


def _result(
    fit: tuple, columns: tuple, shape: tuple[int, ...], tau2: str | float, ci: str, level: float, i2: str,
    **rest: object,
) -> Pooled:  # fmt: skip
    """The frozen result, in the shape of the replicates."""
    *fit, low, high = fit
    root = None
    if ci == "PL":
        low, high, root = _profiled(columns, fit[0], fit[3], level)
    mean, se, df, t2, boundary, q, share, h2, k, low, high = (_shaped(x, shape) for x in (*fit, low, high))
    name = tau2 if isinstance(tau2, str) else "given"
    rule = "Q" if tau2 == "FE" else i2
    method = f"tau2: {name if name != 'given' else f'given as {tau2:.6g}'}; interval: {_WORDS[ci]}; I2: from {rule}"
    if name != "FE":
        method += "; prediction: t(k-1) on the same SE unless asked otherwise"
    return Pooled(
        estimate=mean, se=se, ci=Interval(low, high), df=df, tau2=t2, tau2_at_boundary=boundary, q=q,
        q_df=_shaped(fit[8] - 1, shape),
        i2=share, h2=h2, k=k, method=method, tau2_method=name, ci_method=ci, level=level,
        _statistic=None if root is None else _shaped(root, shape), **rest,
    )  # fmt: skip


def _profiled(columns: tuple, estimate: Value, tau2: Value, level: float) -> list[np.ndarray]:
    """Limits and signed likelihood root of each replicate."""
    y, v, mask = columns
    found = []
    for i, (mean, t2) in enumerate(zip(np.atleast_1d(estimate), np.atleast_1d(tau2), strict=True)):
        use = slice(None) if mask is None else mask[:, i]
        one = (x[use, i if x.shape[1] > 1 else 0] for x in (y, v))
        interval, root = mean_interval(*one, float(mean), float(t2), level)
        found.append((*interval, root))
    return [np.array(x) for x in zip(*found, strict=True)]


def _shaped(x: object, shape: tuple[int, ...]) -> object:
    """A Python scalar for one meta-analysis, else an array in the shape of the replicates."""
    if not shape:
        return x.item() if hasattr(x, "item") else x
    return x.reshape(shape) if np.ndim(x) else np.broadcast_to(np.asarray(x), shape)


def pool_by_heterogeneity(
    y: Sequence[float],
    v: Sequence[float],
    *,
    i2_above: float = 0.5,
    p_below: float = 0.1,
    level: float = 0.95,
    labels: Sequence[str] | None = None,
) -> Pooled:
    """Pool as many reviews do: random effects (DL) when Q or I² look large, else one common effect; Wald intervals.

    It is here to re-run such reviews, not to be copied: a test of heterogeneity on a handful of studies misses most
    of it, so the rule often ends in an interval that is too narrow.

    Parameters
    ----------
    y, v : array of shape (k,)
        Effects and their sampling variances.
    i2_above, p_below : float
        DL is chosen when the I² from Q exceeds the one (0 to 1) or the P value of Q falls below the other.
    level, labels
        As in `pool`.

    Returns
    -------
    Pooled
        `tau2_method` says which model was chosen ("DL" or "FE").

    References
    ----------
    Borenstein M, Hedges LV, Higgins JPT, Rothstein HR (2010). A basic introduction to fixed-effect and random-effects
    models for meta-analysis. Research Synthesis Methods 1:97-111 (on why the choice must not rest on the test).

    Examples
    --------
    >>> pool_by_heterogeneity([-1.0, -1.2, -0.9], [0.2, 0.3, 0.25]).tau2_method
    'FE'
    >>> pool_by_heterogeneity([-4.0, 1.2, -0.9], [0.2, 0.3, 0.25]).tau2_method
    'DL'
    """
    for name, value in (("i2_above", i2_above), ("p_below", p_below)):
        if not 0 <= check.number(name, value) <= 1:
            raise ValueError(f"{name} is {value:.15g}; it must lie between 0 and 1")
    common = pool(y, v, tau2="FE", ci="Wald", level=level, labels=labels)
    if common.i2 > i2_above or common.q_p_value < p_below:
        return pool(y, v, tau2="DL", ci="Wald", level=level, labels=labels)
    return common
