"""Results in words: the phrases, readings and alternative texts that chapters share."""

import math

from .._results import RANDOM_EFFECTS
from ..plots._format import measured, number, p_value, percent
from ..scales import read_against_mid

__all__ = [
    "against_mid",
    "estimate_ci",
    "figure_alt",
    "forest_alt",
    "interval_text",
    "months",
    "number",
    "p_value",
    "part",
    "percent",
    "plural",
    "reading",
]

_INTERVALS = {
    "Wald": "Wald interval",
    "t": "t interval",
    "HK": "Hartung-Knapp interval",
    "HK-floor": "Hartung-Knapp interval with floor",
    "HK-hybrid": "Hartung-Knapp interval, or the Wald interval where that is wider",
}
_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Count things in words up to nine.

    Examples
    --------
    >>> plural(1, "trial"), plural(12, "trial"), plural(0, "study", "studies")
    ('one trial', '12 trials', 'no studies')
    """
    count = int(count)
    shown = _SMALL[count] if 0 <= count < 10 else str(count)
    return f"{shown} {noun if count == 1 else nouns or noun + 's'}"


def part(count: int, total: int, noun: str, nouns: str | None = None) -> str:
    """Say how many of so many, in words where all or none.

    Examples
    --------
    >>> part(0, 11, "trial"), part(3, 11, "trial"), part(11, 11, "trial")
    ('none of 11 trials', '3 of 11 trials', 'all 11 trials')
    >>> part(0, 2, "interval"), part(2, 2, "interval"), part(1, 1, "study", "studies")
    ('neither of two intervals', 'both intervals', '1 of 1 studies')
    """
    count, total = int(count), int(total)
    nouns = nouns or f"{noun}s"
    if count == 0:
        return f"{'neither' if total == 2 else 'none'} of {plural(total, noun, nouns)}"
    if count == total > 1:
        return f"both {nouns}" if total == 2 else f"all {plural(total, noun, nouns)}"
    return f"{count} of {total} {nouns}"


def method_text(pooled) -> str:
    """Name model and interval as a paper would.

    Examples
    --------
    >>> from mscmeta import pool
    >>> method_text(pool([-5.0, -7.0], [1.0, 1.0], ci="HK-floor"))
    'random effects by REML, Hartung-Knapp interval with floor'
    """
    given = f" with tau² given as {number(float(pooled.tau2))}"
    models = {"FE": "common effect", "given": f"random effects{given}"}
    model = models.get(pooled.tau2_method, f"random effects by {pooled.tau2_method}")
    return f"{model}, {_INTERVALS[pooled.ci_method]}"


def months(count: float) -> str:
    """Name a time of follow-up.

    Examples
    --------
    >>> months(1), months(12)
    ('1 month', '12 months')
    """
    return f"{count:g} month{'' if count == 1 else 's'}"


def interval_text(interval, decimals: int = 2, ratio: bool = False) -> str:
    """Print an interval in prose, "low to high"; `ratio` takes logs back to ratios."""
    low, high = (_shown(float(x), ratio) for x in (interval.low, interval.high))
    return f"{number(low, decimals)} to {number(high, decimals)}"


def prediction_text(pooled, decimals: int = 2, ratio: bool = False) -> str:
    """Print the prediction interval, "low to high", or nothing where the model or the number of trials gives none."""
    if pooled.tau2_method not in RANDOM_EFFECTS:
        return ""
    interval = pooled.prediction_interval()
    return "" if math.isnan(float(interval.low)) else interval_text(interval, decimals, ratio)


def estimate_ci(pooled, unit: str = "", *, decimals: int = 2, ratio: bool = False) -> str:
    """Print a pooled effect with its interval and level.

    Examples
    --------
    >>> from mscmeta import pool
    >>> estimate_ci(pool([-5.0, -7.0], [1.0, 1.0], tau2="FE", ci="Wald"), "points")
    '−6.00 points (95% CI −7.39 to −4.61)'
    """
    estimate = number(_shown(float(pooled.estimate), ratio), decimals)
    level = percent(pooled.level, 0)
    if math.isnan(float(pooled.ci.low)):
        return f"{estimate}{' ' + unit if unit else ''} (no {level} CI)"
    return f"{estimate}{' ' + unit if unit else ''} ({level} CI {interval_text(pooled.ci, decimals, ratio)})"


def reading(
    interval, *, higher_is: str, mid: float | None = None, treatment="MSC", control="control", who="The trials do"
) -> str:
    """Say in plain English what an interval for a difference does and does not show.

    Parameters
    ----------
    interval : Interval or Pooled
        Of the difference treatment minus control, or a pooled result that carries one.
    higher_is : str
        "worse" or "better": what a higher score means for the patient.
    mid : float, optional
        Smallest difference that patients notice, in the same unit, positive.
    who : str
        Who does "not tell apart": "That trial does" where there is one.

    Examples
    --------
    >>> from mscmeta import Interval
    >>> reading(Interval(-9.9, -1.4), higher_is="worse", mid=8)
    'On average MSC did better than control; the benefit may be smaller or larger than patients notice (MID 8).'
    >>> reading(Interval(-3.0, 2.0), higher_is="worse", mid=8)
    'The trials do not tell MSC and control apart; a difference that patients notice (MID 8) is ruled out either way.'
    """
    if higher_is not in ("worse", "better"):
        raise ValueError(f"higher_is is {higher_is!r}; use 'worse' or 'better'")
    if mid is not None and not mid > 0:
        raise ValueError(f"mid is {mid!r}; give the smallest noticeable difference as a positive number, or None")
    interval = getattr(interval, "ci", interval)
    low, high = float(interval.low), float(interval.high)
    if math.isnan(low) or math.isnan(high):
        return "The trials give no interval, so nothing can be said."
    gain = (-high, -low) if higher_is == "worse" else (low, high)  # benefit of the treatment, positive is good
    if gain[0] > 0:
        return f"On average {treatment} did better than {control}{_size(gain, 'benefit', mid)}."
    if gain[1] < 0:
        return f"On average {treatment} did worse than {control}{_size((-gain[1], -gain[0]), 'harm', mid)}."
    return f"{who} not tell {treatment} and {control} apart{_undecided(gain, treatment, control, mid)}."


def against_mid(interval, *, higher_is: str, mid: float) -> str:
    """Say in two or three words how an interval lies to the smallest noticeable difference, for a narrow column.

    Examples
    --------
    >>> from mscmeta import Interval
    >>> against_mid(Interval(-9.9, -1.4), higher_is="worse", mid=8)
    'may reach MID'
    """
    interval = getattr(interval, "ci", interval)
    low, high = float(interval.low), float(interval.high)
    if math.isnan(low) or math.isnan(high):
        return "no interval"
    return str(read_against_mid((low + high) / 2, low, high, mid, higher_is=higher_is).verdict)


def _size(size, noun, mid) -> str:
    if mid is None:
        return ""
    named = f"patients notice (MID {_short(mid)})"
    if size[0] >= mid:
        return f"; the whole interval is at least what {named}"
    if size[1] < mid:
        return f"; the whole interval is smaller than what {named}"
    return f"; the {noun} may be smaller or larger than {named}"


def _undecided(gain, treatment, control, mid) -> str:
    if mid is None:
        return ""
    better, worse = gain[1] >= mid, -gain[0] >= mid
    if not better and not worse:
        return f"; a difference that patients notice (MID {_short(mid)}) is ruled out either way"
    side = "either" if better and worse else treatment if better else control
    return f"; a difference that patients notice (MID {_short(mid)}) in favour of {side} remains possible"


def forest_alt(contrasts, pooled, *, ratio: bool | None = None, measure: str | None = None, decimals: int = 2) -> str:
    """Return what a forest plot shows, for those who do not see it: trials, result, spread and direction.

    Parameters
    ----------
    contrasts : DataFrame
        The rows of the plot; its `attrs` name measure, outcome, unit and direction.
    pooled : Pooled
        Their pooled result.
    ratio : bool, optional
        Effects are logarithms of ratios; `attrs["measure"]` says so by default.
    measure : str, optional
        What the effect is called; from `attrs["measure"]` by default.
    """
    attrs = contrasts.attrs
    measure, ratio = measured(attrs, measure, ratio)
    about = f" on {_inside(attrs['outcome_label'])}" if attrs.get("outcome_label") else ""
    unit = "" if ratio else attrs.get("unit") or ""
    better = {"worse": "below", "better": "above"}.get(attrs.get("higher_is"))
    sides = f" Values {better} {'one' if ratio else 'zero'} favour MSC." if better else ""
    spread = f" I² {percent(float(pooled.i2))}, τ² {number(float(pooled.tau2))}." if int(pooled.k) > 1 else ""
    result = estimate_ci(pooled, unit, decimals=decimals, ratio=ratio)
    trials = contrasts["trial"].nunique() if "trial" in contrasts else len(contrasts)
    return (
        f"Forest plot of {plural(trials, 'trial')}{about}. Pooled {measure.lower()}, MSC against control: {result}, "
        f"{pooled.tau2_method} with {pooled.ci_method} interval.{_future(pooled, unit, decimals, ratio)}{spread}{sides}"
    )


def figure_alt(kind: str, finding: str, *results: tuple[str, str]) -> str:
    """Compose an alternative text: the kind of figure, its finding in one sentence, then "label: value" pairs.

    Examples
    --------
    >>> figure_alt("Funnel plot of nine trials", "small trials show larger effects", ("Egger", "P = 0.041"))
    'Funnel plot of nine trials: small trials show larger effects. Egger: P = 0.041.'
    """
    pairs = "".join(f" {label}: {value}." for label, value in results)
    return f"{kind}: {finding.rstrip('.')}.{pairs}"


def _future(pooled, unit, decimals, ratio) -> str:
    text = prediction_text(pooled, decimals, ratio)
    return f" Prediction interval {text}{' ' + unit if unit else ''}." if text else ""


def _inside(label: str) -> str:
    """Return a label as it stands inside a sentence: "Pain" loses its capital, "WOMAC" does not."""
    return label[0].lower() + label[1:] if label[1:2].islower() else label


def _shown(x: float, ratio: bool) -> float:
    return math.exp(x) if ratio else x


def _short(x: float) -> str:
    return f"{x:g}"
