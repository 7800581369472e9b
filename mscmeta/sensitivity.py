"""How much one study, one choice, or any subset matters: masked calls of the one engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from . import _checks as check
from ._results import Pooled
from .pool import pool, pool_masked

if TYPE_CHECKING:
    import pandas as pd

#: All subsets of 20 studies are 1,048,575 meta-analyses.
LARGEST_GOSH = 20


def leave_one_out(y: object, v: object, *, tau2: str | float = "REML", ci: str = "HK", level: float = 0.95,
                  i2: str = "tau2", labels: Sequence[object] | None = None) -> Pooled:  # fmt: skip
    """Pool all studies but one, for each study in turn.

    Parameters
    ----------
    y, v : array_like
        Effects and sampling variances, one a study; at least two studies.
    tau2, ci, level, i2, labels
        As for `pool`.

    Returns
    -------
    Pooled
        One replicate a study, in their order. With two studies each replicate holds one; see `pool` for k = 1.

    Examples
    --------
    >>> fit = leave_one_out([-0.9, -0.3, -1.2, -0.5], [0.10, 0.05, 0.20, 0.08], tau2="DL")
    >>> print(fit.estimate.round(4))
    [-0.5413 -0.7729 -0.5115 -0.7107]
    """
    k = _number_of_studies(y, least=2, what="leave-one-out")
    mask = ~np.eye(k, dtype=bool)
    return pool_masked(y, v, mask, tau2=tau2, ci=ci, level=level, i2=i2, labels=labels)


def cumulative(y: object, v: object, *, tau2: str | float = "REML", ci: str = "HK", level: float = 0.95,
               i2: str = "tau2", labels: Sequence[object] | None = None) -> Pooled:  # fmt: skip
    """Pool the first study, the first two, and so on, in the order given.

    Parameters
    ----------
    y, v : array_like
        Effects and sampling variances, one a study, in the order of entry.
    tau2, ci, level, i2, labels
        As for `pool`.

    Returns
    -------
    Pooled
        One replicate a study; the first holds a single study, where intervals with k-1 degrees of freedom are NaN.

    Examples
    --------
    >>> fit = cumulative([-0.9, -0.3, -1.2, -0.5], [0.10, 0.05, 0.20, 0.08], tau2="DL", ci="Wald")
    >>> print(fit.estimate.round(4), fit.k)
    [-0.9    -0.5583 -0.7107 -0.621 ] [1 2 3 4]
    """
    k = _number_of_studies(y, least=1, what="a cumulative meta-analysis")
    mask = np.triu(np.ones((k, k), dtype=bool))
    return pool_masked(y, v, mask, tau2=tau2, ci=ci, level=level, i2=i2, labels=labels)


def gosh(y: object, v: object, *, tau2: str | float = "REML", ci: str = "HK", level: float = 0.95,
         i2: str = "tau2", labels: Sequence[object] | None = None) -> Pooled:  # fmt: skip
    """Pool every non-empty subset of the studies (GOSH; Olkin, Dahabreh & Trikalinos 2012).

    Parameters
    ----------
    y, v : array_like
        Effects and sampling variances, one a study; at most 20 studies.
    tau2, ci, level, i2, labels
        As for `pool`.

    Returns
    -------
    Pooled
        One replicate a subset, 2**k - 1 of them; ``mask[i, s]`` tells whether study i is in subset s. The subset of
        study i alone is number 2**i - 1; all studies are the last.

    Examples
    --------
    >>> fit = gosh([-0.9, -0.3, -1.2], [0.10, 0.05, 0.20], tau2="DL")
    >>> print(fit.k, fit.estimate.round(2))
    [1 1 2 1 2 2 3] [-0.9  -0.3  -0.56 -1.2  -1.   -0.67 -0.71]
    """
    k = _number_of_studies(y, least=1, what="GOSH")
    if k > LARGEST_GOSH:
        raise ValueError(f"GOSH fits all 2**k - 1 subsets and takes at most {LARGEST_GOSH} studies, not {k}")
    subset = np.arange(1, 2**k)
    mask = np.array([(subset >> i & 1).astype(bool) for i in range(k)])
    return pool_masked(y, v, mask, tau2=tau2, ci=ci, level=level, i2=i2, labels=labels)


def influence(y: object, v: object, *, tau2: str | float = "REML", ci: str = "HK", level: float = 0.95,
              labels: Sequence[object] | None = None) -> pd.DataFrame:  # fmt: skip
    """What changes when each study is left out (Viechtbauer & Cheung 2010).

    Parameters
    ----------
    y, v : array_like
        Effects and sampling variances, one a study; at least two studies.
    tau2, ci, level, labels
        As for `pool`; the standard errors are those of the interval rule.

    Returns
    -------
    pandas.DataFrame
        One row a study: `rstudent`, the externally standardised residual; `dffits`, the shift of the pooled effect in
        standard errors; `cook_d`, its square over the full variance; `cov_ratio`, the variance of the pooled effect
        without the study over that with it; `tau2_deleted` and `q_deleted`, without it; `hat` and `weight`, its
        weight, 0 to 1. Entries that need an undefined standard error (Hartung-Knapp with one study left) are NaN.

    Examples
    --------
    >>> frame = influence([-0.9, -0.3, -1.2, -0.5], [0.10, 0.05, 0.20, 0.08], tau2="DL", ci="Wald", labels="abcd")
    Traceback (most recent call last):
    TypeError: labels is the text 'abcd'; give a list with one name a study
    >>> frame = influence([-0.9, -0.3, -1.2, -0.5], [0.10, 0.05, 0.20, 0.08], tau2="DL", ci="Wald", labels=list("abcd"))
    >>> print(frame.loc["c", "rstudent"].round(4))
    -1.395
    """
    import pandas as pd

    full = pool(y, v, tau2=tau2, ci=ci, level=level, labels=labels)
    without = leave_one_out(y, v, tau2=tau2, ci=ci, level=level, labels=labels)
    y, v = np.asarray(y, float), np.asarray(v, float)
    # 1 under a Wald rule, else the factor of Hartung-Knapp, which metafor applies to the study's own variance, too
    factor = without.se**2 * np.sum(without.mask / (v[:, None] + without.tau2), axis=0)
    shift = full.estimate - without.estimate
    columns = {
        "rstudent": (y - without.estimate) / np.sqrt(factor * (v + without.tau2) + without.se**2),
        "dffits": shift / np.sqrt(factor * full.weights * (v + without.tau2)),
        "cook_d": shift**2 / full.se**2,
        "cov_ratio": without.se**2 / full.se**2,
        "tau2_deleted": without.tau2,
        "q_deleted": without.q,
        "hat": full.weights,
        "weight": full.weights,
    }
    names = full.labels if full.labels is not None else range(1, len(y) + 1)
    return pd.DataFrame(columns, index=pd.Index(names, name="study"))


def multiverse(
    datasets: Mapping[str, tuple[object, object]],
    *,
    tau2: Iterable[str | float] = ("DL", "PM", "REML"),
    ci: Iterable[str] = ("Wald", "HK", "HK-floor"),
    level: float = 0.95,
) -> pd.DataFrame:
    """Pool several versions of the data by every combination of settings.

    Parameters
    ----------
    datasets : mapping of str to (y, v)
        The versions (final scores or changes, arms combined or split, ...), each named.
    tau2, ci : iterable
        Estimators and interval rules to combine, as for `pool`; "PL" is left out where tau2 is not "ML".
    level : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row an analysis: data, tau2_method, ci_method, k, estimate, low, high, p_value, tau2, i2.

    Examples
    --------
    >>> frame = multiverse({"all": ([-0.9, -0.3, -1.2], [0.1, 0.05, 0.2])}, tau2=["FE", "DL"], ci=["Wald"])
    >>> print(frame[["tau2_method", "estimate"]].round(3).to_string(index=False))
    tau2_method  estimate
             FE    -0.600
             DL    -0.711
    """
    import pandas as pd

    rows = []
    if not isinstance(datasets, Mapping) or not datasets:
        raise ValueError("datasets holds no named versions of the data; give a dict such as {'final scores': (y, v)}")
    for name, options in (("tau2", tau2), ("ci", ci)):
        if isinstance(options, str) or not isinstance(options, Iterable):
            raise TypeError(f"{name} is {options!r}; give a list, such as [{options!r}]")
    estimators, rules = list(tau2), list(ci)
    for name, (y, v) in datasets.items():
        for estimator in estimators:
            for rule in rules:
                if rule == "PL" and estimator != "ML":
                    continue
                fit = pool(y, v, tau2=estimator, ci=rule, level=level)
                rows.append({
                    "data": name, "tau2_method": fit.tau2_method, "ci_method": rule, "k": fit.k,
                    "estimate": fit.estimate, "low": fit.ci.low, "high": fit.ci.high, "p_value": fit.p_value,
                    "tau2": fit.tau2, "i2": fit.i2,
                })  # fmt: skip
    return pd.DataFrame(rows)


def _number_of_studies(y: object, least: int, what: str) -> int:
    """Number of studies of one meta-analysis."""
    y = check.floats("y", y)
    if y.ndim != 1:
        raise ValueError(f"y has {y.ndim} axes; {what} takes one meta-analysis, with one effect a study")
    if len(y) < least:
        raise ValueError(f"{what} needs at least {least} studies; there are {len(y)}")
    return len(y)
