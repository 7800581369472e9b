"""Sentences whose numbers are computed: an author's template, filled with escaped and formatted values."""

import html
import math
import numbers
import re
import string

from ..plots._format import number, p_value, percent
from ._markup import Markup, escape
from ._words import estimate_ci, interval_text, method_text, prediction_text

_SPEC = re.compile(r"(?P<kind>[a-z0-9%]*?)(?:\.(?P<decimals>[0-9]))?(?P<ratio>x)?(?: (?P<unit>[a-z]+))?")
_OF_RESULT = ("est", "ci", "estci", "p", "i2", "tau2", "k", "pi", "level", "how")


def say(template: str, **values) -> Markup:
    """Fill an author's MyST template with values; text from data is escaped, numbers are printed for readers.

    Parameters
    ----------
    template : str
        MyST with fields. Braces of roles are doubled: ``{{numref}}`` before the backtick.
    **values
        Text, numbers, `Markup`, intervals or pooled results.

    Notes
    -----
    A field's format; minus signs are true ones. Numbers: ``{x:.2}`` (decimals; two by default, none for whole numbers),
    ``{x:%}`` or ``{x:%.0}`` (a proportion as percentage), ``{x:p}`` ("P = 0.032"). Intervals: ``{i:ci}``. Pooled
    results: ``{r:est} {r:ci} {r:estci} {r:p} {r:i2} {r:tau2} {r:k} {r:pi} {r:level}``, with decimals as in
    ``{r:estci.1}``, and ``{r:how}``: model and interval in words. A final ``x`` takes logs back to
    ratios (``{r:estci.2x}``), and a unit goes behind the estimate (``{r:estci.1 cm}``).

    Examples
    --------
    >>> say("Pain fell by {d:.1} points in {who}.", d=7.25, who="<b>all</b>").text
    'Pain fell by 7.2 points in &#60;b&#62;all&#60;&#47;b&#62;.'
    """
    filled = _Fields().vformat(template, (), values)
    if template.startswith("{") and re.match(r"\d+[.)]\s", filled):  # "2019. The trials ..." would open a list
        filled = f"&#{ord(filled[0])};{filled[1:]}"
    return Markup(filled)


class _Fields(string.Formatter):
    def get_value(self, key, args, kwargs):
        if key not in kwargs:
            raise ValueError(f"the sentence names {key!r} but was given no such value; double the braces of a role")
        return kwargs[key]

    def convert_field(self, value, conversion):
        if conversion is not None:
            raise ValueError(f"conversion !{conversion} is not for readers; use a format")
        return value

    def format_field(self, value, format_spec):
        return to_field(value, format_spec).text


def to_field(value: object, spec: str = "") -> Markup:
    """Print one value as `spec` asks (see `say`): numbers readable in the source too, all other text escaped."""
    if isinstance(value, Markup):
        if spec:
            raise ValueError(f"format {spec!r} is for numbers and results, but the value is markup")
        return value
    text, is_number = _shown(value, spec)
    return Markup(html.escape(text) if is_number else escape(text))


def _shown(value, spec) -> tuple[str, bool]:
    """Return the printed value and whether it is made of nothing but our own numbers and words."""
    parts = _SPEC.fullmatch(spec)
    if parts is None:
        raise ValueError(f"format {spec!r} is not known; see mscmeta.report.say")
    kind, ratio, unit = parts["kind"], bool(parts["ratio"]), parts["unit"] or ""
    if unit and kind != "estci":
        raise ValueError(f"format {spec!r} names a unit, which goes with estci only; write it behind the field")
    decimals = None if parts["decimals"] is None else int(parts["decimals"])
    if hasattr(value, "estimate") and hasattr(value, "ci"):
        return _shown_result(value, kind, decimals, ratio, unit), True
    if hasattr(value, "low") and hasattr(value, "high"):
        _only(kind, ("", "ci"), "an interval")
        return interval_text(value, 2 if decimals is None else decimals, ratio), True
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return _shown_number(value, kind, decimals, ratio), True
    if spec:
        raise ValueError(f"format {spec!r} is for numbers and results, but the value is {type(value).__name__}")
    return str(value), False


def _shown_number(value, kind, decimals, ratio) -> str:
    _only(kind, ("", "%", "p"), "a number")
    value = math.exp(value) if ratio else value
    if kind == "p":
        return p_value(float(value))
    if kind == "%":
        return percent(float(value), 1 if decimals is None else decimals)
    if decimals is None:
        decimals = 0 if isinstance(value, numbers.Integral) else 2
    return number(float(value), decimals)


def _shown_result(result, kind, decimals, ratio, unit="") -> str:
    _only(kind, _OF_RESULT, "a pooled result")
    places = 2 if decimals is None else decimals
    if kind == "est":
        return number(math.exp(result.estimate) if ratio else float(result.estimate), places)
    if kind == "ci":
        return interval_text(result.ci, places, ratio)
    if kind == "pi":
        return prediction_text(result, places, ratio) or "(none defined)"
    if kind == "estci":
        return estimate_ci(result, unit, decimals=places, ratio=ratio)
    plain = {
        "p": lambda: p_value(float(result.p_value)),
        "i2": lambda: percent(float(result.i2), 1 if decimals is None else decimals) if result.k > 1 else "not defined",
        "tau2": lambda: number(float(result.tau2), places),
        "k": lambda: str(int(result.k)),
        "level": lambda: percent(result.level, 0),
        "how": lambda: method_text(result),
    }
    return plain[kind]()


def _only(kind, allowed, what) -> None:
    if kind not in allowed:
        raise ValueError(f"format {kind!r} does not apply to {what}; use one of {', '.join(repr(a) for a in allowed)}")
