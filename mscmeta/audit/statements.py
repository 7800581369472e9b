"""Checks of what the words say: counts, 'all', 'most', thresholds, names. Each statement is a field, not prose."""

from __future__ import annotations

from mscmeta.audit._printed import Box, Finding, box, count, judged
from mscmeta.audit.intervals import below
from mscmeta.audit.numbers import plain

EFFECTS_OF = {
    "Mantel-Haenszel": ("RR", "OR", "RD"),  # Mantel and Haenszel 1959: weights made of the cells of 2 x 2 tables
    "Peto": ("OR",),
    "DerSimonian-Laird": ("MD", "WMD", "SMD", "RR", "OR", "RD"),
    "inverse variance": ("MD", "WMD", "SMD", "RR", "OR", "RD"),
}


def counted(printed: str, items: list[str], *, equal: str | None = None) -> Finding:
    """Whether a printed count is the number of items listed, or of those of one kind.

    >>> counted("2", ["Spain", "Spain", "India"], equal="Spain").verdict
    'consistent'
    """
    found = sum(1 for item in items if equal is None or item == equal)
    are = "is" if found == 1 else "are"
    what = "listed" if equal is None else f"that {are} {equal}"
    return judged(
        "counted",
        found == count(printed, "printed"),
        f"There {are} {found} {what}.",
        f"There {are} {found} {what}, not {printed}.",
        Box(found, found),
    )


def every(items: list[str], among: list[str]) -> Finding:
    """Whether all items are of the kind that 'all' claims; what is not reported ('NR') can neither confirm nor deny.

    >>> every(["2", "1"], ["2", "3", "4"]).says, every(["2", "NR"], ["2", "3"]).verdict
    ('Said of all, but 1 of 2 values is another: 1.', 'not_applicable')
    """
    otherwise = [item for item in items if item not in ("", "NR") and item not in among]
    unknown = sum(1 for item in items if item in ("", "NR"))
    if unknown and not otherwise:
        return Finding("every", "not_applicable", f"Said of all; for {unknown} of {len(items)} it is not reported.")
    shown = f"Said of all, but {len(otherwise)} of {len(items)} values is another: {', '.join(otherwise)}."
    return judged("every", not otherwise, f"True of all {len(items)}.", shown)


def among(value: str, items: list[str]) -> Finding:
    """Whether a value, such as a month, is one of those that it was taken from.

    >>> among("18", ["6", "12", "24"]).says
    '18 is not among 6, 12, 24.'
    """
    listed = ", ".join(dict.fromkeys(items))
    return judged("among", value in items, f"{value} is among {listed}.", f"{value} is not among {listed}.")


def same_words(printed: str, other: str) -> Finding:
    """Whether two texts name the same thing; capitals do not count.

    >>> same_words("USA", "Malaysia").says
    '"USA" and "Malaysia" cannot both be true.'
    """
    agrees = printed.casefold() == other.casefold()
    return judged(
        "same_words", agrees, f'"{printed}" in both places.', f'"{printed}" and "{other}" cannot both be true.'
    )


def exceeds(limit: str, values: list[str], *, than: str = "more") -> Finding:
    """Whether all values are on the stated side of a limit ('more than 20', 'less than 10').

    >>> exceeds("20", ["30", "87"]).verdict, exceeds("10", ["9"], than="less").verdict
    ('consistent', 'consistent')
    """
    if than not in ("more", "less"):
        raise ValueError(f"than is {than!r}: use 'more' or 'less'")
    edge = box(limit, "limit").low + box(limit, "limit").high
    boxes = [plain(value, "values") for value in values]
    agrees = all(2 * b.high > edge if than == "more" else 2 * b.low < edge for b in boxes)
    shown = f"the values are {', '.join(values)}"
    good, bad = f"All are {than} than {limit}: {shown}.", f"Not all are {than} than {limit}: {shown}."
    return judged("exceeds", agrees, good, bad)


def most(part: str, whole: str) -> Finding:
    """Whether 'most' is more than half.

    >>> most("4", "9").says
    '4 of 9 is not more than half.'
    """
    agrees = 2 * count(part, "part") > count(whole, "whole")
    return judged("most", agrees, f"{part} of {whole} is more than half.", f"{part} of {whole} is not more than half.")


def method_fits(method: str, measure: str) -> Finding:
    """Whether a method of pooling is defined for a measure of effect.

    >>> method_fits("Mantel-Haenszel", "WMD").says
    'The Mantel-Haenszel method is defined for RR, OR, RD; it cannot pool a WMD.'
    """
    if method not in EFFECTS_OF:
        raise ValueError(f"method is {method!r}: use one of {', '.join(EFFECTS_OF)}")
    kinds = ", ".join(EFFECTS_OF[method])
    good = f"The {method} method is defined for a {measure}."
    bad = f"The {method} method is defined for {kinds}; it cannot pool a {measure}."
    return judged("method_fits", measure in EFFECTS_OF[method], good, bad)


def standard_error(value: str) -> Finding:
    """Whether a number can be a standard error, which is positive.

    >>> standard_error("-21.8").verdict
    'contradicted'
    """
    agrees = box(value).high > 0
    return judged("standard_error", agrees, f"{value} can be a standard error.", f"A standard error cannot be {value}.")


def within_mid(estimate: str, mid: str) -> Finding:
    """Whether an effect called 'little to no difference' is smaller than the minimal important difference.

    >>> within_mid("-0.73", "1.5").verdict
    'consistent'
    """
    agrees = box(estimate, "estimate").size().low < box(mid, "mid").high
    good, bad = f"{estimate} is smaller than {mid} in size.", f"{estimate} is not smaller than {mid} in size."
    return judged("within_mid", agrees, good, bad)


def threshold_kept(alpha: str, p: list[str], says: list[str]) -> Finding:
    """Whether a stated threshold of significance was kept in the statements that rest on it.

    Parameters
    ----------
    p, says : list of str
        P values as printed, and what was said of each: 'significant' or 'not significant'.

    Examples
    --------
    >>> threshold_kept("0.05", ["0.066", "0.041"], ["significant", "significant"]).says
    'Of 2 statements 1 breaks the threshold of 0.05: significant at P 0.066.'
    """
    if len(p) != len(says):
        raise ValueError(f"{len(p)} P values and {len(says)} statements: give one statement for each P value")
    broken = []
    for chance, word in zip(p, says, strict=True):
        verdict = below(chance, float(alpha))
        if verdict is not None and verdict != (word == "significant"):
            broken.append(f"{word} at P {chance}")
    verb = "breaks" if len(broken) == 1 else "break"
    bad = f"Of {len(p)} statements {len(broken)} {verb} the threshold of {alpha}: {'; '.join(broken)}."
    return judged("threshold_kept", not broken, f"All {len(p)} statements keep the threshold of {alpha}.", bad,
                  Box(len(broken), len(broken)))  # fmt: skip
