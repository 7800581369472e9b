"""From a ratio of risks to what patients ask: the difference at their own risk, and the number needed to harm."""

import math
from dataclasses import dataclass

from scipy.special import ndtri

from mscmeta import _checks
from mscmeta._results import Interval

MEASURES = ("RR", "OR")


@dataclass(frozen=True, slots=True)
class RiskChange:
    """Risks with and without treatment, and their difference (treated - control), 0 to 1."""

    control: float
    treated: float
    difference: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class NumberNeeded:
    """Patients treated for one more to have, or to be spared, the event.

    Attributes
    ----------
    number : float
        One over the size of the risk difference, unrounded; infinite at no difference.
    kind : {"harm", "benefit", "none"}
        Whether treatment brings more or fewer events.
    harm, benefit : Interval or None
        The numbers to harm and to benefit that the interval holds. An interval of the risk difference that includes
        zero gives both, each up to infinity: the number runs through infinity from one to the other (Altman 1998).
    """

    number: float
    kind: str
    harm: Interval | None
    benefit: Interval | None


def risk_change(log_ratio: float, interval: Interval, baseline: float, *, measure: str = "RR") -> RiskChange:
    """Absolute effect of a pooled ratio in patients with a given risk without treatment.

    Parameters
    ----------
    log_ratio : float
        Pooled log risk ratio, or log odds ratio.
    interval : Interval
        Its confidence limits, on the log scale.
    baseline : float
        Risk without treatment, above 0 and below 1; taken as known.
    measure : {"RR", "OR"}

    Returns
    -------
    RiskChange
        A risk ratio that would take the risk beyond 1 is cut there.

    Notes
    -----
    Cochrane Handbook 15.4.4: risk times RR, or odds times OR. It assumes that the ratio is the same at every risk.

    Examples
    --------
    >>> change = risk_change(math.log(1.5), Interval(math.log(0.9), math.log(2.5)), 0.20)
    >>> print(round(change.difference, 3), round(change.interval.low, 3), round(change.interval.high, 3))
    0.1 -0.02 0.3
    """
    _checks.one_of("measure", measure, MEASURES)
    baseline = _checks.number("baseline", baseline)
    if not 0 < baseline < 1:
        raise ValueError(f"baseline is {baseline:.6g}; give a risk above 0 and below 1")
    risks = [_risk(x, baseline, measure) for x in (log_ratio, interval.low, interval.high)]
    treated, low, high = risks
    return RiskChange(baseline, treated, treated - baseline, Interval(low - baseline, high - baseline))


def _risk(log_ratio: float, baseline: float, measure: str) -> float:
    log_ratio = _checks.number("log_ratio", log_ratio)
    if measure == "RR":
        return min(1.0, baseline * math.exp(min(log_ratio, 700.0)))
    odds = math.log(baseline / (1 - baseline)) + log_ratio
    return 1 / (1 + math.exp(-odds)) if odds > -700 else 0.0


def events_behind(
    ratio: float, interval: Interval, n_1: float, n_2: float, *, level: float = 0.95
) -> tuple[float, float]:
    """Events in each arm that give a printed risk ratio its interval, as if all patients were in one trial.

    Parameters
    ----------
    ratio : float
        Printed risk ratio.
    interval : Interval
        Its printed limits, ratios too.
    n_1, n_2 : float
        Participants, treated and control.
    level : float
        Level of the interval.

    Returns
    -------
    tuple of float
        Events in arm 1 and arm 2, not rounded. Under a common effect several trials with these totals and like risks
        give about the same interval; where trials disagree more events are behind it, as disagreement widens it.

    Raises
    ------
    ValueError
        If the ratio lies outside its interval, or no arm can be smaller than its events.

    Notes
    -----
    Solves 1/a - 1/n_1 + 1/c - 1/n_2 = SE**2 for a = ratio c n_1 / n_2, SE from the width on the log scale.

    Examples
    --------
    >>> a, c = events_behind(2.0, Interval(2.0 / 1.5, 2.0 * 1.5), 200, 200)
    >>> round(1 / a - 1 / 200 + 1 / c - 1 / 200, 6), round((math.log(1.5) / 1.959964) ** 2, 6)
    (0.042797, 0.042797)
    """
    for name, value in (("ratio", ratio), ("interval.low", interval.low), ("n_1", n_1), ("n_2", n_2)):
        if not _checks.number(name, value) > 0:
            raise ValueError(f"{name} is {value:.6g}; it must be positive")
    if not interval.low < ratio < interval.high:
        raise ValueError(f"ratio is {ratio:.6g}; it must lie inside its interval")
    se = math.log(interval.high / interval.low) / (2 * float(ndtri(0.5 + _checks.level(level) / 2)))
    risk = (1 / (ratio * n_1) + 1 / n_2) / (se**2 + 1 / n_1 + 1 / n_2)
    if risk * max(ratio, 1) > 1:
        raise ValueError(f"n_1 = {n_1:g} and n_2 = {n_2:g} are too few for an interval as narrow as this")
    return ratio * risk * n_1, risk * n_2


def number_needed(difference: float, interval: Interval) -> NumberNeeded:
    """Number needed to harm or to benefit, from a difference in the risk of an unwanted event.

    Parameters
    ----------
    difference : float
        Risk with treatment minus risk under control, -1 to 1.
    interval : Interval
        Its confidence limits.

    Returns
    -------
    NumberNeeded

    Raises
    ------
    ValueError
        If a value lies outside -1 to 1, or the difference outside its interval.

    Notes
    -----
    Altman (1998), BMJ 317:1309.

    Examples
    --------
    >>> needed = number_needed(0.10, Interval(-0.05, 0.25))
    >>> needed.number, needed.kind, needed.harm, needed.benefit
    (10.0, 'harm', Interval(low=4.0, high=inf), Interval(low=20.0, high=inf))
    """
    values = {"difference": difference, "interval.low": interval.low, "interval.high": interval.high}
    for name, value in values.items():
        if not -1 <= _checks.number(name, value) <= 1:
            raise ValueError(f"{name} is {value:.6g}; a difference of risks lies between -1 and 1")
    if not interval.low <= difference <= interval.high:
        raise ValueError(f"difference is {difference:.6g}; it must lie within its interval")
    kind = "harm" if difference > 0 else "benefit" if difference < 0 else "none"
    harm = Interval(_inverse(interval.high), _inverse(max(interval.low, 0.0))) if interval.high > 0 else None
    benefit = Interval(_inverse(-interval.low), _inverse(max(-interval.high, 0.0))) if interval.low < 0 else None
    return NumberNeeded(_inverse(abs(difference)), kind, harm, benefit)


def _inverse(x: float) -> float:
    return 1 / x if x > 0 else math.inf
