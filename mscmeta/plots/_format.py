"""Numbers as the reader sees them: figures, tables and sentences all print through these few functions."""

import math

MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EN DASH}"
MEASURES = {
    "MD": "Mean difference",
    "SMD": "Standardised mean difference",
    "ROM": "Ratio of means",
    "RR": "Risk ratio",
    "OR": "Odds ratio",
    "RD": "Risk difference",
}
RATIOS = ("ROM", "RR", "OR")


def number(x: float, decimals: int = 2) -> str:
    """Print `x` with a fixed number of decimals, a true minus sign and never a negative zero.

    Examples
    --------
    >>> number(-5.625), number(-0.001), number(float("nan")), number(12345, 0)
    ('−5.62', '0.00', '–', '12345')
    """
    if x is None or math.isnan(x):
        return MISSING
    if math.isinf(x):
        return "∞" if x > 0 else f"{MINUS}∞"
    text = f"{x:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def shortest(x: float, decimals: int = 2) -> str:
    """Print `x` with at most `decimals` decimals and no trailing zeros.

    Examples
    --------
    >>> shortest(8.0), shortest(-0.5), shortest(1.999)
    ('8', '−0.5', '2')
    """
    text = number(x, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(x: float, decimals: int = 1) -> str:
    """Print a proportion as a percentage.

    Examples
    --------
    >>> percent(0.432), percent(0.95, 0)
    ('43.2%', '95%')
    """
    text = number(x * 100, decimals)
    return text if text == MISSING else text + "%"


def p_value(p: float) -> str:
    """Print a P value to three decimals; what rounds to 0 or 1 is given as a bound.

    Examples
    --------
    >>> p_value(0.0316), p_value(0.00004), p_value(0.99999)
    ('P = 0.032', 'P < 0.001', 'P > 0.999')
    """
    if p is None or math.isnan(p):
        return "P not defined"
    if not 0 <= p <= 1:
        raise ValueError(f"p is {p!r}; a P value lies between 0 and 1")
    if p < 0.0005:
        return "P < 0.001"
    return "P > 0.999" if p > 0.9995 else f"P = {p:.3f}"


def bracketed(estimate: float, low: float, high: float, decimals: int = 2) -> str:
    """Print an estimate and its interval as a forest plot does.

    Examples
    --------
    >>> bracketed(-5.6, -9.86, -1.4)
    '−5.60 [−9.86, −1.40]'
    """
    if math.isnan(estimate):
        return "not estimable"
    if math.isnan(low) or math.isnan(high):
        return f"{number(estimate, decimals)} [no interval]"
    return f"{number(estimate, decimals)} [{number(low, decimals)}, {number(high, decimals)}]"


def shared_decimals(values: list[float], most: int = 2) -> int:
    """Fewest decimals (at most `most`) that print every one of `values` as it stands after rounding to `most`.

    Examples
    --------
    >>> shared_decimals([12.0, 3.5]), shared_decimals([4.0, 7.0]), shared_decimals([1 / 3])
    (1, 0, 2)
    """
    printed = [shortest(x, most) for x in values if not math.isnan(x)]
    return max((len(text.partition(".")[2]) for text in printed), default=0)


def measured(attrs, effect_label: str | None, ratio: bool | None) -> tuple[str, bool]:
    """Return what the effect is called and whether it is the logarithm of a ratio: as told, else from `attrs`.

    Examples
    --------
    >>> measured({"measure": "RR"}, None, None), measured({}, "Difference", None)
    (('Risk ratio', True), ('Difference', False))
    """
    measure = attrs.get("measure", "MD")
    if measure not in MEASURES:
        raise ValueError(f"attrs['measure'] is {measure!r}; known measures: {', '.join(MEASURES)}")
    return effect_label or MEASURES[measure], measure in RATIOS if ratio is None else ratio
