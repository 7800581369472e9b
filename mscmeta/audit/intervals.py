"""Checks of an estimate against its own interval, P value, statistic and words."""

from __future__ import annotations

import math

from scipy.special import chdtrc, fdtrc, ndtr, ndtri, stdtr, stdtrit

from mscmeta.audit._printed import Box, Finding, box, count, judged, p_box, scaled

_LARGEST_DF = 1e9  # above this the t distribution is the normal in double precision


def _quantile(level: float, df: float | None = None) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level is {level}: use a confidence level between 0 and 1, such as 0.95")
    return float(ndtri((1 + level) / 2) if df is None else stdtrit(df, (1 + level) / 2))


def _two_sided(size: float, df: float | None = None) -> float:
    return 2 * float(ndtr(-size) if df is None else stdtr(df, -size))


def _half_width(low: str, high: str, scale: str) -> Box:
    width = scaled(high, "high", scale).minus(scaled(low, "low", scale))
    if width.high <= 0:
        raise ValueError(f"the interval {low} to {high} runs backwards: give its lower limit first")
    return Box(max(width.low, 0.0) / 2, width.high / 2)


def _ratio(top: Box, bottom: Box) -> Box:
    """Sizes divided: the largest over the smallest and the other way round."""
    largest = top.high / bottom.low if bottom.low > 0 else math.inf
    return Box(top.low / bottom.high if math.isfinite(bottom.high) else 0.0, largest)


def p_from_interval(
    estimate: str,
    low: str,
    high: str,
    p: str,
    *,
    scale: str = "difference",
    level: float = 0.95,
    df: float | None = None,
) -> Finding:
    """Whether an estimate, its interval and its P value can be true together.

    The standard error is the interval's width over twice the quantile, the statistic the estimate over that (Altman
    and Bland, BMJ 2011;343:d2304), each over all corners of the rounding boxes.

    Parameters
    ----------
    estimate, low, high, p : str
        As printed; `p` may be ``"< 0.001"``.
    scale : {'difference', 'ratio'}
        Ratios are taken on the log scale.
    level : float
        Confidence level of the interval.
    df : float, optional
        Degrees of freedom of a t interval; normal without.

    Returns
    -------
    Finding
        With the range of the recomputed P value.

    Examples
    --------
    >>> p_from_interval("-3.23", "-5.56", "-0.90", "0.007").verdict
    'consistent'
    >>> print(p_from_interval("-2.1", "-4.0", "-0.2", "0.08").says)
    The estimate -2.1 (-4.0 to -0.2) gives a P value of 0.02274 to 0.03935; 0.08 cannot belong to it.
    """
    z = _quantile(level, df)
    size = scaled(estimate, "estimate", scale).size()
    statistic = _ratio(size, _half_width(low, high, scale))
    found = Box(_two_sided(statistic.high * z, df), _two_sided(statistic.low * z, df))
    shown = f"The estimate {estimate} ({low} to {high}) gives a P value of {found}"
    agrees = found.meets(p_box(p))
    return judged("p_from_interval", agrees, f"{shown}, as printed.", f"{shown}; {p} cannot belong to it.", found)


def interval_from_p(
    estimate: str, p: str, low: str, high: str, *, scale: str = "difference", level: float = 0.95
) -> Finding:
    """The way back: the interval that an estimate and its P value imply (Altman and Bland, BMJ 2011;343:d2090).

    Examples
    --------
    >>> interval_from_p("17", "0.032", "1.4", "32.6").verdict
    'consistent'
    """
    size, chance, z = scaled(estimate, "estimate", scale).size(), p_box(p), _quantile(level)
    statistic = Box(
        abs(float(ndtri(chance.high / 2))), abs(float(ndtri(chance.low / 2))) if chance.low > 0 else math.inf
    )
    half = _ratio(Box(size.low * z, size.high * z), statistic)
    shown = f"The estimate {estimate} with P {p} gives an interval {half.low:.4g} to {half.high:.4g} wide on each side"
    return judged(
        "interval_from_p",
        half.meets(_half_width(low, high, scale)),
        f"{shown}, as printed.",
        f"{shown}; {low} to {high} cannot be it.",
        half,
    )


def centred(estimate: str, low: str, high: str, *, scale: str = "difference") -> Finding:
    """Whether the estimate is the middle of its interval: the arithmetic middle, or the geometric one for ratios.

    Holds for intervals of normal or t type, not for exact, profile or Bayesian ones.

    Examples
    --------
    >>> centred("2.67", "1.19", "5.99", scale="ratio").verdict, centred("2.67", "1.19", "5.99").verdict
    ('consistent', 'contradicted')
    """
    bottom, top = scaled(low, "low", scale), scaled(high, "high", scale)
    _half_width(low, high, scale)
    middle = Box((bottom.low + top.low) / 2, (bottom.high + top.high) / 2)
    agrees = middle.meets(scaled(estimate, "estimate", scale))
    found = middle if scale == "difference" else Box(math.exp(middle.low), math.exp(middle.high))
    return judged(
        "centred",
        agrees,
        f"{estimate} is the middle of {low} to {high}.",
        f"{estimate} is not the middle of {low} to {high}, which is {found}.",
        found,
    )


def inside(estimate: str, low: str, high: str) -> Finding:
    """Whether an estimate lies in its own interval.

    >>> inside("-3.13", "-3.96", "-3.29").verdict
    'contradicted'
    """
    limits = Box(box(low, "low").low, box(high, "high").high)
    agrees = limits.low <= limits.high and limits.meets(box(estimate, "estimate"))
    return judged(
        "inside",
        agrees,
        f"{estimate} lies within {low} to {high}.",
        f"{estimate} cannot lie within {low} to {high}.",
        limits,
    )


def p_from_statistic(statistic: str, value: str, p: str, *, df: tuple[float, ...] = ()) -> Finding:
    """Whether a test statistic and its two-sided P value can be true together, as statcheck asks.

    Source: Nuijten and others, Behav Res Methods 2016;48:1205.

    Parameters
    ----------
    statistic : {'z', 't', 'r', 'F', 'chi2'}
        `F` and `chi2` use the upper tail.
    value, p : str
        As printed.
    df : tuple of float
        Degrees of freedom: none for z, one for t, r and chi2, two for F.

    Examples
    --------
    >>> p_from_statistic("t", "2.20", ".06", df=(28,)).says
    't(28) = 2.20 gives a P value of 0.03584 to 0.03662; .06 cannot belong to it.'
    """
    needed = {"z": 0, "t": 1, "r": 1, "chi2": 1, "F": 2}
    if statistic not in needed:
        raise ValueError(f"statistic is {statistic!r}: use one of {', '.join(needed)}")
    if len(df) != needed[statistic] or any(d <= 0 for d in df):
        raise ValueError(f"df is {df}: {statistic} needs {needed[statistic]} positive degrees of freedom")
    size = box(value, "value").size()
    found = Box(_tail(statistic, size.high, df), _tail(statistic, size.low, df))
    shown = f"{statistic}({', '.join(f'{d:g}' for d in df)}) = {value} gives a P value of {found}"
    agrees = found.meets(p_box(p))
    return judged("p_from_statistic", agrees, f"{shown}, as printed.", f"{shown}; {p} cannot belong to it.", found)


def _tail(statistic: str, x: float, df: tuple[float, ...]) -> float:
    if statistic == "F":
        return float(fdtrc(*df, x))
    if statistic == "chi2":
        return float(chdtrc(*df, x))
    if statistic == "r":
        x = min(x, 1.0)
        x = math.inf if x == 1 else x * math.sqrt(df[0] / (1 - x * x))
    return _two_sided(x, *df)


def df_implied(
    value: str,
    p: str,
    *,
    estimate: str | None = None,
    low: str | None = None,
    high: str | None = None,
    level: float = 0.95,
    at_most: str | None = None,
) -> Finding:
    """The degrees of freedom that a printed t and its P value allow; with the interval, those that it allows as well.

    For a given t the P value falls as the degrees of freedom rise, so each end is one root. The interval gives a second
    range: its half-width is the t quantile times estimate / t.

    Parameters
    ----------
    value, p : str
        The t statistic and its two-sided P value, as printed.
    estimate, low, high : str, optional
        The coefficient and its interval, all three or none.
    at_most : str, optional
        The most that the data can offer: trials minus coefficients.

    Returns
    -------
    Finding
        With the range of whole degrees of freedom; contradicted when there is none, or none up to `at_most`.

    Examples
    --------
    >>> found = df_implied("1.22", "0.234", estimate="0.5032", low="-0.3489", high="1.3555", at_most="4")
    >>> found.verdict, found.range
    ('contradicted', Box(low=22.0, high=25.0))
    """
    t, chance = box(value, "value").size(), p_box(p)
    if t.low == 0:
        return Finding("df_implied", "not_applicable", f"t = {value} can be zero, which fits any degrees of freedom.")
    found = _df_between(
        lambda df: _two_sided(t.high, df) <= chance.high, lambda df: _two_sided(t.low, df) >= chance.low
    )
    if estimate is not None:
        half, size = _half_width(low, high, "difference"), box(estimate, "estimate").size()
        most, least = half.high * t.high / max(size.low, 1e-300), half.low * t.low / size.high
        other = _df_between(lambda df: _quantile(level, df) <= most, lambda df: _quantile(level, df) >= least)
        found = Box(max(found.low, other.low), min(found.high, other.high))
    if found.low > found.high:
        return Finding("df_implied", "contradicted", f"No degrees of freedom give P {p} to t = {value}.", found)
    span = f"{found.low:.0f} to {found.high:.0f}" if found.high < math.inf else f"{found.low:.0f} or more"
    shown = f"t = {value} with P {p} needs {span} degrees of freedom"
    if at_most is None:
        return Finding("df_implied", "consistent", f"{shown}.", found)
    agrees = found.low <= count(at_most, "at_most")
    return judged("df_implied", agrees, f"{shown}.", f"{shown}; there can be at most {at_most}.", found)


def _df_between(rises_to_true, falls_to_false) -> Box:
    """The whole df for which both hold: the first from some df on, the second up to some df (bisection on integers)."""
    last = _first(lambda df: not falls_to_false(df)) - 1
    return Box(float(_first(rises_to_true)), float(last) if last < _LARGEST_DF - 1 else math.inf)


def _first(holds) -> int:
    low, high = 0, int(_LARGEST_DF)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def significance(
    says: str, low: str, high: str, *, p: str | None = None, alpha: str = "0.05", null: float = 0.0
) -> Finding:
    """A statement of significance against the result's own interval and P value.

    The statement is a field that a person read from the prose, not prose.

    Parameters
    ----------
    says : {'significant', 'not significant', 'trend', 'no difference'}
        The last three all claim that the interval holds the null value.
    low, high : str
        The interval as printed.
    p : str, optional
        The P value as printed.
    alpha : str
        The threshold of the source, below which P is significant.
    null : float
        0 for differences, 1 for ratios.

    Examples
    --------
    >>> significance("significant", "-13.88", "0.44", p="0.066").says
    'Said to be significant; the interval -13.88 to 0.44 includes 0 and P is 0.066.'
    """
    if says not in ("significant", "not significant", "trend", "no difference"):
        raise ValueError(f"says is {says!r}: use 'significant', 'not significant', 'trend' or 'no difference'")
    claimed, limit = says == "significant", float(alpha)
    bottom, top = box(low, "low"), box(high, "high")
    excludes = _certain(bottom.low > null or top.high < null, bottom.high < null < top.low)
    small = None if p is None else below(p, limit)
    against = excludes is (not claimed) or small is (not claimed)
    tail = "" if p is None else f" and P is {p}"
    words = {True: "excludes", False: "includes", None: "touches"}[excludes]
    shown = f"Said to be {says}; the interval {low} to {high} {words} {null:g}{tail}."
    return judged("significance", not against, shown, shown)


def below(p: str, limit: float) -> bool | None:
    """Whether a printed P value is below a limit; None where rounding leaves it open."""
    chance = p_box(p)
    return _certain(chance.high < limit or (p.startswith("<") and chance.high == limit), chance.low > limit)


def _certain(yes: bool, no: bool) -> bool | None:
    return True if yes else False if no else None


def direction(estimate: str, favours: str, *, higher_is: str, null: float = 0.0) -> Finding:
    """Which arm the sign of an effect (first arm minus second) favours, against what the words say.

    Parameters
    ----------
    favours : {'first', 'second'}
        The arm that the text says did better.
    higher_is : {'better', 'worse'}
        What a higher score means on the instrument.

    Examples
    --------
    >>> direction("3.35", "first", higher_is="worse").verdict
    'contradicted'
    """
    if favours not in ("first", "second") or higher_is not in ("better", "worse"):
        raise ValueError("favours must be 'first' or 'second', and higher_is 'better' or 'worse'")
    around = box(estimate, "estimate")
    wanted_up = (favours == "first") == (higher_is == "better")
    agrees = around.high >= null if wanted_up else around.low <= null
    side = "second" if favours == "first" else "first"
    return judged(
        "direction",
        agrees,
        f"{estimate} is on the side of the {favours} arm.",
        f"Said to favour the {favours} arm; {estimate} with higher scores {higher_is} favours the {side}.",
        around,
    )
