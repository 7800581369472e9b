"""Printed numbers: what an unrounded value can have been, and what one check concludes.

**The box convention.** A number printed with d decimals stands for every value within half a unit of its last decimal,
*both ends included*: ``"2.5"`` for 2.45 to 2.55. So a paper may round half up, half down or half to even; truncation
is not allowed for. ``"< 0.001"`` stands for 0 to 0.001 and ``"> 0.05"`` for 0.05 to 1. Every check asks whether *any*
point of the boxes of its inputs agrees, so it can miss an error but not invent one.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

VERDICTS = ("consistent", "contradicted", "suspect", "not_applicable")
_NUMBER = re.compile(r"([<>=]?)([+-]?)(\d+\.?\d*|\.\d+)")
_MINUS = str.maketrans({"−": "-", "–": "-", "‐": "-", "‑": "-", "\u00a0": "", " ": ""})
_SLACK = 1e-9  # relative: binary arithmetic must not turn a touching pair of boxes into a contradiction


@dataclass(frozen=True, slots=True)
class Box:
    """All values from `low` to `high`, both included; an end may be infinite."""

    low: float
    high: float

    def meets(self, other: Box) -> bool:
        """Whether the two have a value in common."""
        return _at_most(self.low, other.high) and _at_most(other.low, self.high)

    def minus(self, other: Box) -> Box:
        """Every difference of a value here and a value there."""
        return Box(self.low - other.high, self.high - other.low)

    def log(self) -> Box:
        """The logarithms of the positive values here."""
        if self.high <= 0:
            raise ValueError(f"a ratio must be positive, not {self.high:g}: use scale='difference' for differences")
        return Box(math.log(self.low) if self.low > 0 else -math.inf, math.log(self.high))

    def size(self) -> Box:
        """Every absolute value of a value here."""
        nearest = 0.0 if self.low <= 0 <= self.high else min(abs(self.low), abs(self.high))
        return Box(nearest, max(abs(self.low), abs(self.high)))

    def __str__(self) -> str:
        return f"{self.low:.4g} to {self.high:.4g}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says.

    Attributes
    ----------
    check : str
        Name of the function.
    verdict : str
        ``consistent``; ``contradicted`` (no unrounded values agree); ``suspect`` (possible, but only by a chance that
        the check names: never used for a claim); ``not_applicable`` (the check cannot say anything here, and why).
    says : str
        One sentence: what cannot be true, never why.
    range : Box or None
        The recomputed quantity over the rounding boxes of the inputs.
    about : tuple of str
        Trial, outcome and month of the row that it is about, where it is about one.
    """

    check: str
    verdict: str
    says: str
    range: Box | None = None
    about: tuple[str, ...] = ()

    def at(self, *about: str) -> Finding:
        """The same, about a row."""
        return Finding(self.check, self.verdict, self.says, self.range, about)

    @property
    def flag(self) -> bool:
        """Whether a reader should look again."""
        return self.verdict in ("contradicted", "suspect")


def _at_most(a: float, b: float) -> bool:
    return a <= b or math.isclose(a, b, rel_tol=_SLACK, abs_tol=1e-12)


def _parts(printed: str, name: str) -> tuple[str, Decimal]:
    if not isinstance(printed, str):
        raise TypeError(
            f"{name} is {printed!r}: give the number as printed, a string such as '2.50', with its decimals"
        )
    found = _NUMBER.fullmatch(printed.translate(_MINUS))
    if not found:
        raise ValueError(f"{name} is {printed!r}: give one printed number such as '-2.50' or '< 0.001'")
    return found[1], Decimal(found[2] + found[3])


def decimals(printed: str) -> int:
    """Decimals of a printed number.

    >>> decimals("−7.04"), decimals("15")
    (2, 0)
    """
    return -int(_parts(printed, "printed")[1].as_tuple().exponent)


@lru_cache(maxsize=65536)  # a number is read by several checks
def box(printed: str, name: str = "value") -> Box:
    """The values that a printed number stands for (see the module's box convention).

    Parameters
    ----------
    printed : str
        As printed, with its decimals; a Unicode minus and spaces are accepted.
    name : str
        Named in refusals.

    Raises
    ------
    TypeError
        When given a number: its decimals are lost.
    ValueError
        When the text is not one number, or has a ``<`` or ``>``.

    Examples
    --------
    >>> box("− 1.13")
    Box(low=-1.135, high=-1.125)
    """
    sign, value = _parts(printed, name)
    if sign in ("<", ">"):
        raise ValueError(f"{name} is {printed!r}: only a P value may be printed as a bound")
    half = Decimal(1).scaleb(value.as_tuple().exponent) / 2
    return Box(float(value - half), float(value + half))


def p_box(printed: str, name: str = "p") -> Box:
    """The probabilities that a printed P value stands for.

    >>> p_box("< 0.001"), p_box("0.000")
    (Box(low=0.0, high=0.001), Box(low=0.0, high=0.0005))
    """
    sign, value = _parts(printed, name)
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {printed!r}: a P value lies between 0 and 1")
    if sign == "<":
        return Box(0.0, float(value))
    if sign == ">":
        return Box(float(value), 1.0)
    around = box(printed.translate(_MINUS).lstrip("="), name)
    return Box(max(around.low, 0.0), min(around.high, 1.0))


@lru_cache(maxsize=65536)
def count(printed: str, name: str = "n", *, at_least: int = 0) -> int:
    """A printed count, which is exact.

    >>> count("476")
    476
    """
    sign, value = _parts(printed, name)
    if sign or value != int(value) or value < at_least:
        raise ValueError(f"{name} is {printed!r}: give a whole number, {at_least} or more")
    return int(value)


def scaled(printed: str, name: str, scale: str) -> Box:
    """The box of an effect on the scale where its interval is symmetric."""
    if scale not in ("difference", "ratio"):
        raise ValueError(f"scale is {scale!r}: use 'difference' or 'ratio'")
    return box(printed, name) if scale == "difference" else box(printed, name).log()


def judged(
    check: str, agrees: bool, good: str, bad: str, found: Box | None = None, about: tuple[str, ...] = ()
) -> Finding:
    """The finding of a check that applies."""
    return Finding(check, "consistent" if agrees else "contradicted", good if agrees else bad, found, about)
