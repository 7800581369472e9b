"""Frozen results shared by every estimator: an interval, a ratio, a pooled effect."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import escape

import numpy as np
from scipy.special import chdtrc, ndtri, stdtr, stdtrit

PREDICTION_RULES = ("z", "t(k-1)", "t(k-2)")


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval from `low` to `high`; arrays when there is one a replicate.

    `is_empty` is true where an inverted test rejects every value: the limits are then set to 0, as metafor does,
    and are no confidence interval at all.

    Examples
    --------
    >>> low, high = Interval(-1.2, 0.4)
    >>> 0 in Interval(-1.2, 0.4)
    True
    """

    low: float | np.ndarray
    high: float | np.ndarray
    is_empty: bool | np.ndarray = field(default=False, repr=False)

    def __iter__(self) -> Iterator[float | np.ndarray]:
        return iter((self.low, self.high))

    def __contains__(self, value: float) -> bool:
        return bool(not self.is_empty and self.low <= value <= self.high)

    def exp(self) -> Interval:
        """The interval of a ratio, from that of its logarithm."""
        return Interval(_plain(np.exp(self.low)), _plain(np.exp(self.high)), self.is_empty)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A pooled ratio (not its logarithm) with its confidence interval."""

    estimate: float | np.ndarray
    ci: Interval


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Pooled:
    """The result of a meta-analysis, or of many at once: then every field is an array over the replicates.

    Attributes
    ----------
    estimate, se : float or array
        Pooled effect and the standard error that the interval was built on.
    ci : Interval
        Confidence interval at `level`.
    df : float or array
        Degrees of freedom of the t distribution; infinite for the normal one.
    tau2 : float or array
        Between-study variance, in squared units of the effect.
    tau2_at_boundary : bool or array
        True where the estimate of tau2 was cut off at (or found at) zero.
    q, q_df : float or array
        Cochran's Q and its degrees of freedom.
    i2, h2 : float or array
        Share of variance between studies, 0 to 1, and H squared; `method` names the rule.
    k : int or array
        Number of studies.
    method : str
        Everything that was done, in words.
    tau2_method, ci_method, level, labels
        The settings, and the names of the studies.
    mask : bool array or None
        Which studies (axis 0) went into which replicate, for leave-one-out, cumulative and GOSH.
    """

    estimate: float | np.ndarray
    se: float | np.ndarray
    ci: Interval
    df: float | np.ndarray
    tau2: float | np.ndarray
    tau2_at_boundary: bool | np.ndarray
    q: float | np.ndarray
    q_df: int | np.ndarray
    i2: float | np.ndarray
    h2: float | np.ndarray
    k: int | np.ndarray
    method: str
    tau2_method: str
    ci_method: str
    level: float = 0.95
    labels: tuple[str, ...] | None = None
    mask: np.ndarray | None = None
    _variances: np.ndarray | None = None
    _weights: np.ndarray | None = None
    _statistic: float | np.ndarray | None = None

    @property
    def statistic(self) -> float | np.ndarray:
        """Test statistic of "no effect": estimate / se, or the signed likelihood root for a profile interval."""
        if self._statistic is not None:
            return self._statistic
        return _plain(standardise(self.estimate, self.se))

    @property
    def p_value(self) -> float | np.ndarray:
        """Two-sided P value of "no effect", by the rule of the interval."""
        return two_sided(self.statistic, self.df)

    @property
    def q_p_value(self) -> float | np.ndarray:
        """P value of Cochran's Q; 1 where there is a single study."""
        return chi2_tail(self.q, self.q_df)

    @property
    def weights(self) -> np.ndarray:
        """Weights of the studies (axis 0); they sum to 1, an absent study has weight 0.

        For many meta-analyses they are computed here, from the variances given to `pool`: leave those unchanged.
        """
        if self._weights is not None:
            return self._weights
        v = self._variances
        tau2 = np.asarray(self.tau2)
        v = v.reshape(v.shape + (1,) * (1 + tau2.ndim - v.ndim))
        present = ~np.isnan(v) if self.mask is None else self.mask
        w = np.where(present, 1 / (v + tau2), 0.0)
        return w / np.add.accumulate(w, axis=0)[-1]  # added one by one, so that one and many get the same digits

    def prediction_interval(self, rule: str = "t(k-1)") -> Interval:
        """Interval for the true effect of a new study.

        Estimate plus or minus quantile times sqrt(se**2 + tau2), with the standard error of the fit's own interval
        rule (Hartung-Knapp's after ``ci="HK"``).

        Parameters
        ----------
        rule : {"t(k-1)", "t(k-2)", "z"}
            Quantile: Student's t with k-1 degrees of freedom (metafor, meta's "V" and "HK"), with k-2 (Higgins,
            Thompson & Spiegelhalter 2009, eq. 12; "HTS", "HK-PR"), or the normal one.

        Returns
        -------
        Interval
            NaN where the rule leaves no degrees of freedom (k = 1; k = 2 with "t(k-2)").

        Raises
        ------
        ValueError
            For a common-effect fit, which says nothing about a new study, and for an unknown rule.
        """
        if rule not in PREDICTION_RULES:
            raise ValueError(f"rule is {rule!r}; choose one of {', '.join(PREDICTION_RULES)}")
        if self.tau2_method not in RANDOM_EFFECTS:
            raise ValueError(
                f"a {self.tau2_method} fit assumes one common effect and has no prediction interval; "
                "pool with a random-effects estimator of tau2"
            )
        df = {"z": math.inf, "t(k-1)": self.k - 1, "t(k-2)": self.k - 2}[rule]
        half = t_quantile(self.level, df) * np.sqrt(np.square(self.se) + self.tau2)
        return Interval(_plain(self.estimate - half), _plain(self.estimate + half))

    def replicate(self, index: int | tuple[int, ...]) -> Pooled:
        """One of the replicates, as the result of a single meta-analysis."""
        if not np.ndim(self.estimate):
            raise ValueError("this is a single meta-analysis; it has no replicates")
        rows = np.index_exp[...] + (index if isinstance(index, tuple) else (index,))
        picked = {
            name: np.asarray(getattr(self, name))[index].item()
            for name in ("estimate", "se", "df", "tau2", "tau2_at_boundary", "q", "q_df", "i2", "h2", "k")
        }
        ci = Interval(float(self.ci.low[index]), float(self.ci.high[index]))
        root = None if self._statistic is None else float(self._statistic[index])
        return replace(self, **picked, ci=ci, mask=None, _weights=self.weights[rows], _statistic=root)

    def exp(self) -> Ratio:
        """Pooled ratio and interval, when the effect is a log ratio."""
        return Ratio(_plain(np.exp(self.estimate)), self.ci.exp())

    def __repr__(self) -> str:
        if np.ndim(self.estimate):
            shape = " x ".join(map(str, np.shape(self.estimate)))
            return f"Pooled({shape} replicates; {self.tau2_method}, {self.ci_method}, level {self.level:.6g})"
        ci = f"{_short(self.estimate)} [{_short(self.ci.low)}, {_short(self.ci.high)}]"
        tau2 = f"tau2 = {_short(self.tau2)}, I2 = {100 * self.i2:.0f} %"
        settings = f"{self.tau2_method}, {self.ci_method}, level {self.level:.6g}"
        return f"Pooled({ci}, p = {self.p_value:.3g}, k = {self.k}, {tau2}; {settings})"

    def _repr_html_(self) -> str:
        if np.ndim(self.estimate):
            return f"<p>{escape(repr(self))}</p>"
        rows = [
            (f"Pooled effect [{100 * self.level:.6g}% CI]", f"{_short(self.estimate)} "
             f"[{_short(self.ci.low)}, {_short(self.ci.high)}]"),
            ("P value", f"{self.p_value:.3g}"),
            ("Studies", str(self.k)),
            ("tau²", _short(self.tau2) + (" (at the boundary)" if self.tau2_at_boundary else "")),
            ("Q (df), P", f"{_short(self.q)} ({self.q_df}), {self.q_p_value:.3g}"),
            ("I²", f"{100 * self.i2:.1f} %"),
            ("Method", self.method),
        ]  # fmt: skip
        if self.labels is not None:
            rows += [(f"Weight of {name}", f"{100 * w:.1f} %")
                     for name, w in zip(self.labels, self.weights, strict=True)]  # fmt: skip
        cells = "".join(f"<tr><th>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in rows)
        return f"<table>{cells}</table>"


RANDOM_EFFECTS = ("DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM", "given")


def t_quantile(level: float, df: float | np.ndarray) -> float | np.ndarray:
    """Two-sided quantile of Student's t; the normal one at infinite df, NaN where there are no df left."""
    p = 0.5 + level / 2
    if np.ndim(df) == 0:
        return float(ndtri(p)) if df == math.inf else float(stdtrit(df, p)) if df > 0 else math.nan
    if df.dtype.kind == "i":
        table = stdtrit(np.arange(1, int(df.max()) + 1), p)
        return np.append(math.nan, table)[df]
    values, where = np.unique(df, return_inverse=True)  # few distinct df, and the quantile is slow
    return np.array([t_quantile(level, float(d)) for d in values])[where].reshape(np.shape(df))


def two_sided(statistic: float | np.ndarray, df: float | np.ndarray) -> float | np.ndarray:
    """Two-sided P value of a t (df infinite: z) statistic; NaN where there are no df left."""
    t, df = np.asarray(statistic, float), np.asarray(df, float)
    return _plain(2 * stdtr(np.where(df > 0, df, np.nan), -np.abs(t)))


def chi2_tail(q: float | np.ndarray, df: float | np.ndarray) -> float | np.ndarray:
    """P value of a chi-squared statistic; 1 where there are no degrees of freedom."""
    df = np.asarray(df, float)
    return _plain(np.where(df > 0, chdtrc(np.maximum(df, 1), np.maximum(q, 0)), 1.0))


def standardise(estimate: float | np.ndarray, se: float | np.ndarray) -> float | np.ndarray:
    """Estimate / se: infinite when only se is 0 (identical studies under HK), 0 when both are."""
    estimate, se = np.asarray(estimate, float), np.asarray(se, float)
    exact = se == 0
    with np.errstate(invalid="ignore"):
        limit = np.where(estimate == 0, 0.0, np.copysign(np.inf, estimate))
    return np.where(exact, limit, estimate / np.where(exact, 1.0, se))


def _plain(value: np.ndarray) -> float | bool | np.ndarray:
    """A Python scalar for a 0-d array, else the array."""
    return value.item() if np.ndim(value) == 0 and isinstance(value, np.generic | np.ndarray) else value


def _short(value: float) -> str:
    return f"{value:.4g}"
