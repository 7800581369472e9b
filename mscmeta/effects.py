"""Arm data to effect and variance; Mantel-Haenszel and Peto. Arm 1 is the treatment, arm 2 the control.

The conventions are those of metafor's ``escalc`` (Viechtbauer 2010): ratios on the log scale, 1/2 added to the four
cells only of studies that have a zero cell. One departure: a risk difference needs no correction, so its point is
never shifted (its variance is, where a cell is zero, as it would be too small or zero).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import beta, ndtri

from . import _checks as check
from ._results import Interval, Pooled, _plain

Array = float | np.ndarray
Names = Sequence[object] | None


@dataclass(frozen=True, slots=True)
class Effect:
    """Effects `y` and sampling variances `v`, one a study; unpacks as ``y, v = effect``.

    `corrected` marks the studies to which 1/2 was added, `dropped` those left out (their y and v are NaN, so that
    labels cannot shift), and `note` says both in words.
    """

    y: Array
    v: Array
    corrected: bool | np.ndarray = field(default=False, repr=False)
    dropped: bool | np.ndarray = field(default=False, repr=False)
    note: str = ""

    def __iter__(self) -> Iterator[Array]:
        return iter((self.y, self.v))


def mean_difference(
    mean_1: Array, sd_1: Array, n_1: Array, mean_2: Array, sd_2: Array, n_2: Array, *, labels: Names = None
) -> Effect:
    """Mean difference, arm 1 minus arm 2, in the units of the outcome.

    Variance sd_1**2 / n_1 + sd_2**2 / n_2 (escalc "MD"; Cochrane Handbook 6.5.1.1).

    Parameters
    ----------
    mean_1, sd_1, n_1, mean_2, sd_2, n_2 : float or array
        Mean, standard deviation and number of participants of each arm, one entry a study. A number of
        participants may be fractional, as after splitting a shared control.
    labels : sequence of str, optional
        Names of the studies, for messages.

    Raises
    ------
    ValueError
        For entries that are not finite, negative standard deviations, fewer than 1 participant, or two standard
        deviations of 0.

    Examples
    --------
    >>> mean_difference(-20.0, 15.0, 25, -12.0, 20.0, 25)
    Effect(y=-8.0, v=25.0, note='')
    """
    _, (m1, s1, n1, m2, s2, n2) = _means(labels, mean_1, sd_1, n_1, mean_2, sd_2, n_2)
    return _effect(m1 - m2, s1 * s1 / n1 + s2 * s2 / n2)


def standardized_mean_difference(
    mean_1: Array, sd_1: Array, n_1: Array, mean_2: Array, sd_2: Array, n_2: Array, *, labels: Names = None
) -> Effect:
    """Standardised mean difference, Hedges' g, in standard deviations.

    g = J(m) (mean_1 - mean_2) / pooled SD with m = n_1 + n_2 - 2 and the exact J (Hedges 1981, eq. 6e); variance
    1/n_1 + 1/n_2 + g**2 / (2 (n_1 + n_2)) (escalc "SMD", vtype "LS").

    Parameters
    ----------
    mean_1, sd_1, n_1, mean_2, sd_2, n_2, labels
        As for `mean_difference`; at least four participants in all.

    Examples
    --------
    >>> y, v = standardized_mean_difference(-20.1, 15.0, 25, -12.4, 16.0, 25)
    >>> print(round(y, 6), round(v, 6))
    -0.48871 0.082388
    """
    names, (m1, s1, n1, m2, s2, n2) = _means(labels, mean_1, sd_1, n_1, mean_2, sd_2, n_2)
    m = n1 + n2 - 2
    check.refuse("n_1 + n_2", n1 + n2, m <= 1, "a standardised difference needs at least four participants", names)
    g = hedges_j(m) * (m1 - m2) / np.sqrt(((n1 - 1) * s1 * s1 + (n2 - 1) * s2 * s2) / m)
    return _effect(g, 1 / n1 + 1 / n2 + g * g / (2 * (n1 + n2)))


def hedges_j(m: Array) -> Array:
    """Hedges' exact small-sample factor Gamma(m/2) / (sqrt(m/2) Gamma((m-1)/2)), for m > 1 degrees of freedom."""
    m = np.asarray(m, float)
    a = (m - 1) / 2
    small = np.minimum(a, 100)
    exact = math.sqrt(math.pi) / (np.sqrt(small + 0.5) * beta(small, 0.5))
    # beta() loses digits for large arguments; there the series of Gamma(a + 1/2) / Gamma(a) is exact to the last one
    x = 1 / np.maximum(a, 100)
    series = 1 + x * (-1 / 8 + x * (1 / 128 + x * (5 / 1024 + x * (-21 / 32768 - x * 399 / 262144))))
    return np.where(a > 100, np.sqrt(a / (a + 0.5)) * series, exact)


def ratio_of_means(
    mean_1: Array, sd_1: Array, n_1: Array, mean_2: Array, sd_2: Array, n_2: Array, *, labels: Names = None
) -> Effect:
    """Log ratio of means, log(mean_1 / mean_2).

    Variance sd_1**2 / (n_1 mean_1**2) + sd_2**2 / (n_2 mean_2**2) (Hedges, Gurevitch & Curtis 1999, eq. 1; escalc
    "ROM" without the small-sample correction that metafor adds from version 5).

    Parameters
    ----------
    mean_1, sd_1, n_1, mean_2, sd_2, n_2, labels
        As for `mean_difference`; both means of a study have the same sign and neither is 0.

    Examples
    --------
    >>> y, v = ratio_of_means(30.0, 10.0, 25, 40.0, 12.0, 25)
    >>> print(round(y, 6), round(v, 6))
    -0.287682 0.008044
    """
    names, (m1, s1, n1, m2, s2, n2) = _means(labels, mean_1, sd_1, n_1, mean_2, sd_2, n_2)
    rule = "a ratio needs two means of the same sign, neither of them 0; use a mean difference"
    check.refuse("mean_1 * mean_2", m1 * m2, m1 * m2 <= 0, rule, names)
    return _effect(np.log(m1 / m2), s1 * s1 / (n1 * m1 * m1) + s2 * s2 / (n2 * m2 * m2))


def mean_change(mean_1: Array, mean_2: Array, sd_1: Array, sd_2: Array, n: Array, r: Array, *,
                labels: Names = None) -> Effect:  # fmt: skip
    """Mean change within one group measured twice, or in matched pairs: first minus second.

    Variance (sd_1**2 + sd_2**2 - 2 r sd_1 sd_2) / n with the correlation `r` of the two measurements (escalc "MC").

    Examples
    --------
    >>> mean_change(40.0, 55.0, 15.0, 16.0, 20, 0.5)
    Effect(y=-15.0, v=12.05, note='')
    """
    _, (m1, m2, s1, s2, n, r) = _paired(labels, mean_1, mean_2, sd_1, sd_2, n, r)
    return _effect(m1 - m2, (s1 * s1 + s2 * s2 - 2 * r * s1 * s2) / n)


def standardized_mean_change(mean_1: Array, mean_2: Array, sd_1: Array, sd_2: Array, n: Array, r: Array, *,
                             by: str = "raw", labels: Names = None) -> Effect:  # fmt: skip
    """Standardised mean change within one group measured twice, or in matched pairs.

    Parameters
    ----------
    mean_1, mean_2, sd_1, sd_2, n, r
        Means and standard deviations of the two measurements, number of pairs, their correlation.
    by : {"raw", "change"}
        Divide by `sd_1` (escalc "SMCR"; variance 2 (1-r) / n + g**2 / 2n, Becker 1988) or by the standard deviation
        of the change ("SMCC"; 1/n + g**2 / 2n, Gibbons, Hedeker & Davis 1993).
    labels : sequence of str, optional
        Names of the studies, for messages.

    Examples
    --------
    >>> y, v = standardized_mean_change(40.0, 55.0, 15.0, 16.0, 20, 0.5)
    >>> print(round(y, 6), round(v, 6))
    -0.95991 0.073036
    """
    check.one_of("by", by, ("raw", "change"))
    names, (m1, m2, s1, s2, n, r) = _paired(labels, mean_1, mean_2, sd_1, sd_2, n, r)
    check.refuse("n", n, n <= 2, "a standardised change needs at least three pairs", names)
    sd = s1 if by == "raw" else np.sqrt(s1 * s1 + s2 * s2 - 2 * r * s1 * s2)
    check.refuse("standard deviation", sd, sd <= 0, "it divides the change and must be positive", names)
    g = hedges_j(n - 1) * (m1 - m2) / sd
    return _effect(g, (2 * (1 - r) if by == "raw" else 1) / n + g * g / (2 * n))


def risk_ratio(events_1: Array, n_1: Array, events_2: Array, n_2: Array, *, double_zero: str = "keep",
               labels: Names = None) -> Effect:  # fmt: skip
    """Log risk ratio; variance 1/a - 1/n_1 + 1/c - 1/n_2 (escalc "RR").

    Parameters
    ----------
    events_1, n_1, events_2, n_2 : int or array
        Participants with the event, and all participants, in each arm; one entry a study.
    double_zero : {"keep", "drop"}
        A study with no event in either arm, or with nothing else, says little of a ratio: keep it, with 1/2 added
        (metafor's default), or drop it (RevMan, meta): its y and v are NaN.
    labels : sequence of str, optional
        Names of the studies, for messages and for the note.

    Returns
    -------
    Effect
        Its `corrected`, `dropped` and `note` say which studies were touched.

    Raises
    ------
    ValueError
        For counts that are negative, not whole, or larger than the arm.

    Examples
    --------
    >>> risk_ratio([9, 0], [20, 21], [4, 1], [20, 22], labels=["vega2015", "lim2021"])
    Effect(y=array([ 0.81093022, -1.05416053]), v=array([0.26111111, 2.57773386]), note='1/2 added to: lim2021')
    """
    a, b, c, d, info = _counts(labels, double_zero, events_1, n_1, events_2, n_2)
    return _effect(*_log_rr(a, b, c, d), info)


def odds_ratio(events_1: Array, n_1: Array, events_2: Array, n_2: Array, *, double_zero: str = "keep",
               labels: Names = None) -> Effect:  # fmt: skip
    """Log odds ratio; variance 1/a + 1/b + 1/c + 1/d (Woolf 1955; escalc "OR").

    Parameters and zero cells as for `risk_ratio`.

    Examples
    --------
    >>> y, v = odds_ratio(9, 20, 4, 20)
    >>> print(round(y, 6), round(v, 6))
    1.185624 0.51452
    """
    a, b, c, d, info = _counts(labels, double_zero, events_1, n_1, events_2, n_2)
    return _effect(*_log_or(a, b, c, d), info)


def risk_difference(events_1: Array, n_1: Array, events_2: Array, n_2: Array, *, double_zero: str = "keep",
                    labels: Names = None) -> Effect:  # fmt: skip
    """Risk difference; variance p_1 (1-p_1) / n_1 + p_2 (1-p_2) / n_2.

    The point is never shifted. Where a cell is zero, 1/2 is added to the four cells for the variance alone
    (escalc with ``addyi=FALSE``).

    Examples
    --------
    >>> risk_difference(0, 10, 1, 10).note
    '1/2 added for the variance only to: study 1'
    """
    a, b, c, d, info = _counts(labels, double_zero, events_1, n_1, events_2, n_2)
    corrected, dropped, note = info
    half = 0.5 * corrected
    y = (a - half) / (a + b - 2 * half) - (c - half) / (c + d - 2 * half)
    note = note.replace("1/2 added to:", "1/2 added for the variance only to:")
    return _effect(y, _risk_difference(a, b, c, d)[1], (corrected, dropped, note))


def mantel_haenszel(events_1: Array, n_1: Array, events_2: Array, n_2: Array, measure: str = "RR", *,
                    zero_cells: str = "exact", rd_variance: str = "Sato", level: float = 0.95,
                    labels: Names = None) -> Pooled:  # fmt: skip
    """Mantel-Haenszel common effect: log risk ratio, log odds ratio or risk difference.

    Parameters
    ----------
    events_1, n_1, events_2, n_2 : array
        Participants with the event, and all participants, in each arm; one entry a study.
    measure : {"RR", "OR", "RD"}
        RR and its variance from Greenland & Robins (1985); OR with the variance of Robins, Breslow & Greenland (1986).
    zero_cells : {"exact", "half"}
        No correction of the pooled estimate (metafor, Cochrane), or 1/2 added to the four cells of studies with a
        zero cell (meta's default).
    rd_variance : {"Sato", "Greenland-Robins"}
        For "RD" only, its variance: Sato (1989), as metafor, or Greenland & Robins (1985), as RevMan and meta.
    level : float
        Level of the interval.
    labels : sequence of str, optional
        Names of the studies.

    Returns
    -------
    Pooled
        With ``tau2_method="MH"``. Cochran's Q is that of the studies' own effects (1/2 added where a cell is zero)
        around the pooled one, and leaves out studies without any event, or without any non-event, in both arms.

    Raises
    ------
    ValueError
        When no study has an event in one of the arms (RR), or an event in one and a non-event in the other (OR), or
        the variance would be 0 since every arm has the event in all or in none.

    Examples
    --------
    >>> fit = mantel_haenszel([9, 3], [20, 40], [4, 2], [20, 41], measure="RR")
    >>> print(round(fit.estimate, 6), round(fit.se, 6))
    0.700353 0.442807
    """
    check.one_of("measure", measure, ("RR", "OR", "RD"))
    check.one_of("zero_cells", zero_cells, ("exact", "half"))
    check.one_of("rd_variance", rd_variance, ("Sato", "Greenland-Robins"))
    if rd_variance != "Sato" and measure != "RD":
        raise ValueError(f"rd_variance applies to measure 'RD' only, not to {measure!r}; leave it out")
    names, (a, n1, c, n2) = _one_table(labels, events_1, n_1, events_2, n_2)
    *corrected, (_, dropped, _) = _counts(labels, "drop", a, n1, c, n2)
    cells = corrected if zero_cells == "half" else (a, n1 - a, c, n2 - c)
    estimate, variance, weights = _MANTEL_HAENSZEL[measure](*cells, rd_variance)
    note = f"Mantel-Haenszel {measure}, zero cells: {zero_cells}"
    note += f", variance: {rd_variance}" if measure == "RD" else ""
    use = ~dropped
    y, v = _FORMULA[measure](*corrected)
    q = float(np.sum((y - estimate)[use] ** 2 / v[use]))
    return _common("MH", note, estimate, variance, weights, q, int(use.sum()) - 1, level, names)


def peto(events_1: Array, n_1: Array, events_2: Array, n_2: Array, *, level: float = 0.95,
         labels: Names = None) -> Pooled:  # fmt: skip
    """Peto's one-step log odds ratio (Yusuf et al. 1985): sum(O - E) / sum(V), variance 1 / sum(V).

    O - E and V are the hypergeometric deviation and variance of the events in arm 1. Studies without events, or with
    nothing else, have V = 0 and so no weight.

    Examples
    --------
    >>> fit = peto([9, 3], [20, 40], [4, 2], [20, 41])
    >>> print(round(fit.estimate, 6), round(fit.se, 6))
    0.881752 0.539374
    """
    names, (a, n1, c, n2) = _one_table(labels, events_1, n_1, events_2, n_2)
    n, events = n1 + n2, a + c
    v = n1 * n2 * events * (n - events) / (n * n * (n - 1))
    if not v.sum() > 0:
        raise ValueError("no study has both events and non-events; Peto's odds ratio is not defined")
    excess = a - events * n1 / n
    estimate = float(excess.sum() / v.sum())
    use = v > 0
    q = float(np.sum(v[use] * (excess[use] / v[use] - estimate) ** 2))
    return _common("Peto", "Peto OR", estimate, 1 / v.sum(), v, q, int(use.sum()) - 1, level, names)


def _log_rr(a: Array, b: Array, c: Array, d: Array) -> tuple[Array, Array]:
    return np.log(a * (c + d) / ((a + b) * c)), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def _log_or(a: Array, b: Array, c: Array, d: Array) -> tuple[Array, Array]:
    return np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d


def _risk_difference(a: Array, b: Array, c: Array, d: Array) -> tuple[Array, Array]:
    return a / (a + b) - c / (c + d), a * b / (a + b) ** 3 + c * d / (c + d) ** 3


_FORMULA = {"RR": _log_rr, "OR": _log_or, "RD": _risk_difference}


def _mh_rr(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, _: str) -> tuple[float, float, np.ndarray]:
    n1, n2, n = a + b, c + d, a + b + c + d
    r, s = np.sum(a * n2 / n), np.sum(c * n1 / n)
    if r == 0 or s == 0:
        raise ValueError(f"no study has an event in arm {1 if r == 0 else 2}; the pooled risk ratio is not defined")
    p = np.sum((n1 * n2 * (a + c) - a * c * n) / (n * n))
    return math.log(r / s), p / (r * s), c * n1 / n


def _mh_or(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, _: str) -> tuple[float, float, np.ndarray]:
    n = a + b + c + d
    p, q, r, s = (a + d) / n, (b + c) / n, a * d / n, b * c / n
    sum_r, sum_s = r.sum(), s.sum()
    if sum_r == 0 or sum_s == 0:
        raise ValueError("no study has an event in one arm and a non-event in the other; the odds ratio is not defined")
    mixed = np.sum(p * s + q * r) / (sum_r * sum_s)
    variance = (np.sum(p * r) / sum_r**2 + mixed + np.sum(q * s) / sum_s**2) / 2
    return math.log(sum_r / sum_s), variance, s


def _mh_rd(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, rule: str) -> tuple[float, float, np.ndarray]:
    n1, n2, n = a + b, c + d, a + b + c + d
    w = n1 * n2 / n
    estimate = float(np.sum((a * n2 - c * n1) / n) / w.sum())
    if rule == "Sato":
        p = np.sum(c * (n1 / n) ** 2 - a * (n2 / n) ** 2 + n1 * n2 * (n2 - n1) / (2 * n * n))
        discordant = np.sum(a * d / n + c * b / n) / 2
        top = estimate * p + discordant
        top = top if top > 1e-12 * discordant else 0.0  # all in one arm and none in the other: 0 but for rounding
    else:
        top = np.sum((a * b * n2**3 + c * d * n1**3) / (n1 * n2 * n * n))
    return estimate, top / w.sum() ** 2, w


_MANTEL_HAENSZEL = {"RR": _mh_rr, "OR": _mh_or, "RD": _mh_rd}


def _common(kind: str, note: str, estimate: float, variance: float, weights: np.ndarray, q: float, df: int,
            level: float, names: tuple[str, ...] | None) -> Pooled:  # fmt: skip
    """The result of a common-effect method, with a normal interval."""
    level, df = check.level(level), max(df, 0)
    if not variance > 0:
        rule = "every arm has the event in all participants or in none; report the counts instead"
        raise ValueError(f"the variance of the pooled effect is 0 ({note}): {rule}")
    se = math.sqrt(variance)
    q = q if df else 0.0  # one usable study differs from nothing, but its corrected effect may from the pooled one
    half = float(ndtri(0.5 + level / 2)) * se
    return Pooled(
        estimate=estimate, se=se, ci=Interval(estimate - half, estimate + half), df=math.inf, tau2=0.0,
        tau2_at_boundary=False, q=q, q_df=df, i2=max(0.0, 1 - df / q) if q > 0 else 0.0, h2=q / df if df else 1.0,
        k=len(weights), method=f"{note}; interval: Wald (z); I2: from Q", tau2_method=kind, ci_method="Wald",
        level=level, labels=names, _weights=weights / weights.sum(),
    )  # fmt: skip


def _effect(y: np.ndarray, v: np.ndarray, info: tuple = (False, False, "")) -> Effect:
    corrected, dropped, note = info
    if np.any(dropped):
        y, v = np.where(dropped, np.nan, y), np.where(dropped, np.nan, v)
    return Effect(_plain(y), _plain(v), _plain(corrected), _plain(dropped), note)


def _means(labels: Names, *columns: Array) -> tuple[tuple[str, ...] | None, list[np.ndarray]]:
    """Check the means, standard deviations and sizes of two arms."""
    keys = ("mean_1", "sd_1", "n_1", "mean_2", "sd_2", "n_2")
    names, arrays = check.table(labels, **dict(zip(keys, columns, strict=True)))
    for key, array in zip(keys, arrays, strict=True):
        if key.startswith("sd"):
            check.refuse(key, array, array < 0, "a standard deviation cannot be negative", names)
        if key.startswith("n"):
            check.refuse(key, array, array < 1, "an arm needs at least one participant", names)
    _, s1, _, _, s2, _ = arrays
    rule = "with no spread in either arm the effect would have variance 0 and cannot be pooled"
    check.refuse("sd_1 + sd_2", s1 + s2, s1 + s2 == 0, rule, names)
    return names, arrays


def _paired(labels: Names, *columns: Array) -> tuple[tuple[str, ...] | None, list[np.ndarray]]:
    """Check the data of a paired comparison."""
    keys = ("mean_1", "mean_2", "sd_1", "sd_2", "n", "r")
    names, arrays = check.table(labels, **dict(zip(keys, columns, strict=True)))
    _, _, s1, s2, n, r = arrays
    check.refuse("sd_1", s1, s1 < 0, "a standard deviation cannot be negative", names)
    check.refuse("sd_2", s2, s2 < 0, "a standard deviation cannot be negative", names)
    check.refuse("n", n, n < 1, "a group needs at least one participant", names)
    check.refuse("r", r, np.abs(r) > 1, "a correlation lies between -1 and 1", names)
    rule = "a change without any spread has variance 0 and cannot be pooled"
    spread = s1 * s1 + s2 * s2 - 2 * r * s1 * s2
    check.refuse("variance of the change", spread, spread <= 0, rule, names)
    return names, arrays


def _tables(labels: Names, *columns: Array) -> tuple[tuple[str, ...] | None, list[np.ndarray]]:
    """Check the counts of two arms; one-dimensional."""
    keys = ("events_1", "n_1", "events_2", "n_2")
    names, arrays = check.table(labels, **dict(zip(keys, columns, strict=True)))
    for key, array in zip(keys, arrays, strict=True):
        check.refuse(key, array, array != np.round(array), "counts are whole numbers", names)
        least = 1 if key.startswith("n") else 0
        check.refuse(key, array, array < least, f"it must be at least {least}", names)
    for key, events, n in (("events_1", *arrays[:2]), ("events_2", *arrays[2:])):
        check.refuse(key, events, events > n, "an arm cannot have more events than participants", names)
    return names, [np.atleast_1d(array) for array in arrays] if arrays[0].ndim == 0 else arrays


def _one_table(labels: Names, *columns: Array) -> tuple[tuple[str, ...] | None, list[np.ndarray]]:
    """Counts of one meta-analysis."""
    names, arrays = _tables(labels, *columns)
    if arrays[0].ndim > 1:
        raise ValueError(f"events_1 has {arrays[0].ndim} axes; give one meta-analysis at a time, one count a study")
    return names, arrays


def _counts(labels: Names, double_zero: str, *columns: Array) -> tuple:
    """Cells a, b, c, d with 1/2 added where a cell is zero, and which studies were corrected or dropped."""
    check.one_of("double_zero", double_zero, ("keep", "drop"))
    names, (a, n1, c, n2) = _tables(labels, *columns)
    b, d = n1 - a, n2 - c
    zero = (a == 0) | (b == 0) | (c == 0) | (d == 0)
    dropped = (((a == 0) & (c == 0)) | ((b == 0) & (d == 0))) & (double_zero == "drop")
    half = np.where(zero, 0.5, 0.0)
    note = _name(zero & ~dropped, "1/2 added to", names) + _name(dropped, "dropped (the same in both arms)", names)
    scalar = np.ndim(columns[0]) == 0
    cells = [x + half for x in (a, b, c, d)] + [zero & ~dropped, dropped]
    a, b, c, d, corrected, dropped = (x[0] for x in cells) if scalar else cells
    return a, b, c, d, (corrected, dropped, note.strip("; "))


def _name(rows: np.ndarray, what: str, names: tuple[str, ...] | None) -> str:
    """'; <what>: a, b' for the marked studies of a one-dimensional table, or nothing."""
    if not rows.any() or rows.ndim > 1:
        return ""
    return f"; {what}: " + ", ".join(f"study {i + 1}" if names is None else names[i] for i in np.flatnonzero(rows))
