"""Published beside re-run: one rule, used for every number of the book."""

import math
import re
from dataclasses import dataclass

from ..plots._format import MINUS


@dataclass(frozen=True, slots=True)
class Comparison:
    """A printed number, ours, the verdict and the rule that gave it."""

    published: float
    ours: float
    difference: float
    verdict: str
    rule: str


def compare(published: str | float, ours: float, *, decimals: int | None = None, sd: float | None = None) -> Comparison:
    """Compare a recomputed number with the printed one.

    Parameters
    ----------
    published : str or float
        As printed ("-0.70" keeps its zero), or a number together with `decimals`.
    ours : float
        Recomputed, unrounded.
    decimals : int, optional
        Printed decimals; only with a number.
    sd : float, optional
        Standard deviation of the outcome in the same unit (1 for standardised effects): differences up to 0.1 SD
        are then called so.

    Returns
    -------
    Comparison
        `verdict` is "reproduced" (equal when rounded as printed), "within 10%" (of the printed number), "within 0.1
        SD", or "differs": the cut-points of Nguyen et al. 2025 (BMJ Medicine) and Gøtzsche et al. 2007 (JAMA).

    Raises
    ------
    ValueError
        If `published` is not a number, or a bare number comes without its decimals.

    Examples
    --------
    >>> compare("-0.74", -0.7432).verdict, compare("-0.74", -0.79).verdict, compare("-0.74", -0.5).verdict
    ('reproduced', 'within 10%', 'differs')
    """
    value, places = _printed(published, decimals)
    if not math.isfinite(ours):
        raise ValueError(f"ours is {ours!r}; only a finite number can be compared")
    if sd is not None and not sd > 0:
        raise ValueError(f"sd is {sd!r}; a standard deviation is positive")
    difference = float(ours) - value
    size, last = abs(difference), 10.0**-places
    if size <= 0.5 * last * (1 + 1e-9):
        verdict, rule = "reproduced", f"equal when rounded to {places} decimals, as printed"
    elif size <= 0.1 * abs(value):
        verdict, rule = "within 10%", "not equal as printed, but within 10% of the printed number"
    elif sd is not None and size <= 0.1 * sd:
        verdict, rule = "within 0.1 SD", "more than 10% off, but by no more than 0.1 standard deviations"
    else:
        verdict, rule = "differs", "more than 10% off" + ("" if sd is None else " and by more than 0.1 SD")
    return Comparison(value, float(ours), difference, verdict, rule)


def _printed(published, decimals) -> tuple[float, int]:
    if isinstance(published, str):
        text = published.strip().replace(MINUS, "-").replace("\N{EN DASH}", "-")
        if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
            raise ValueError(f"published is {published!r}; give one number as printed, such as '-0.74'")
        if decimals is not None:
            raise ValueError("decimals does not apply to a printed text; its digits say how far it was rounded")
        return float(text), len(text.partition(".")[2])
    if decimals is None:
        raise ValueError(f"published is the bare number {published!r}; give its decimals, or the text as printed")
    return float(published), decimals
