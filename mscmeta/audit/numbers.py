"""Checks of counts, percentages, means and spreads that need no statistics of the trial's groups."""

from __future__ import annotations

import math

from mscmeta.audit._printed import Box, Finding, _parts, box, count, decimals, judged


def same(printed: str, other: str) -> Finding:
    """Whether two prints of one quantity agree, each to its own decimals; counts must be equal.

    >>> same("15", "10").says
    '15 and 10 cannot be the same quantity.'
    """
    a, b = plain(printed, "printed"), plain(other, "other")
    return judged(
        "same", a.meets(b), f"{printed} and {other} agree.", f"{printed} and {other} cannot be the same quantity.", b
    )


def plain(printed: str, name: str) -> Box:
    """A box for a decimal number; whole numbers are taken as counts, which are exact."""
    around = box(printed, name)
    if decimals(printed):
        return around
    middle = (around.low + around.high) / 2
    return Box(middle, middle)


def adds_up(total: str, parts: list[str]) -> Finding:
    """Whether counts, or rounded amounts, add up to their total.

    >>> adds_up("288", ["726", "-438"]).verdict
    'consistent'
    >>> adds_up("476", ["43", "30", "60"]).says
    '43 + 30 + 60 is 133, not 476.'
    """
    if not parts:
        raise ValueError("parts is empty: give the numbers that should add up")
    boxes = [plain(part, "parts") for part in parts]
    found = Box(sum(b.low for b in boxes), sum(b.high for b in boxes))
    listed = " + ".join(parts).replace("+ -", "− ") if len(parts) <= 8 else f"The sum of {len(parts)} numbers"
    shown = f"{found.low:g}" if found.low == found.high else str(found)
    return judged(
        "adds_up",
        found.meets(plain(total, "total")),
        f"{listed} is {total}.",
        f"{listed} is not {total}." if len(parts) == 1 else f"{listed} is {shown}, not {total}.",
        found,
    )


def spans(low: str, high: str, values: list[str]) -> Finding:
    """Whether the printed smallest and largest of some values are their smallest and largest.

    >>> spans("30", "87", ["43", "30", "87", "75"]).verdict
    'consistent'
    """
    if not values:
        raise ValueError("values is empty: give the numbers whose range was printed")
    numbers = sorted(float(_parts(v, "values")[1]) for v in values)
    found = Box(numbers[0], numbers[-1])
    agrees = plain(low, "low").meets(Box(found.low, found.low)) and plain(high, "high").meets(
        Box(found.high, found.high)
    )
    return judged(
        "spans",
        agrees,
        f"The values run from {low} to {high}.",
        f"The values run from {found.low:g} to {found.high:g}, not {low} to {high}.",
        found,
    )


def percentage(events: str, n: str, percent: str) -> Finding:
    """Whether a printed percentage is `events` of `n`.

    >>> percentage("17", "54", "32").says
    '17 of 54 is 31.4815 %, not 32 %; no whole number of 54 is.'
    """
    total = count(n, "n", at_least=1)
    value = 100 * count(events, "events") / total
    around = box(percent.rstrip(" %"), "percent")
    fits = [k for k in range(total + 1) if around.meets(Box(100 * k / total, 100 * k / total))]
    others = f"{', '.join(map(str, fits))} would be" if fits else f"no whole number of {n} is"
    return judged(
        "percentage",
        around.meets(Box(value, value)),
        f"{events} of {n} is {percent} %.",
        f"{events} of {n} is {value:.4f} %, not {percent} %; {others}.",
        Box(value, value),
    )


def percentage_possible(n: str, percent: str) -> Finding:
    """Whether any whole number out of `n` gives the printed percentage: GRIM for shares.

    >>> percentage_possible("54", "32").verdict
    'contradicted'
    """
    total, around = count(n, "n", at_least=1), box(percent.rstrip(" %"), "percent")
    if total >= 10 ** (decimals(percent.rstrip(" %")) + 2):
        return Finding("percentage_possible", "not_applicable", f"With n = {n} every printed percentage is possible.")
    fits = [k for k in range(total + 1) if around.meets(Box(100 * k / total, 100 * k / total))]
    found = Box(float(fits[0]), float(fits[-1])) if fits else None
    return judged(
        "percentage_possible",
        bool(fits),
        f"{percent} % of {n} is possible.",
        f"No whole number of {n} is {percent} %.",
        found,
    )


def grim(mean: str, n: str, *, items: int = 1) -> Finding:
    """Whether a mean of whole-numbered answers is possible for its n (GRIM).

    Source: Brown and Heathers, Soc Psychol Personal Sci 2017;8:363. Applies only to scores in whole units, averaged
    over `items` questions, and can only fail while n × items is below 10 to the number of decimals.

    Returns
    -------
    Finding
        With the smallest and largest whole sum that fits.

    Examples
    --------
    >>> grim("5.19", "28").verdict, grim("5.18", "28").range, grim("3.47", "150").verdict
    ('contradicted', Box(low=145.0, high=145.0), 'not_applicable')
    """
    if items < 1:
        raise ValueError(f"items is {items}: give the number of whole-unit questions that the score averages")
    parts, around = count(n, "n", at_least=1) * items, box(mean, "mean")
    slack = 1e-9 * max(1.0, abs(around.high) * parts)
    first, last = math.ceil(around.low * parts - slack), math.floor(around.high * parts + slack)
    found = Box(float(first), float(last)) if first <= last else None
    if parts >= 10 ** decimals(mean):
        return Finding("grim", "not_applicable", f"With {parts} whole answers every printed mean is possible.", found)
    return judged(
        "grim",
        found is not None,
        f"A sum of {first} over {parts} gives {mean}.",
        f"No whole sum over {parts} gives a mean of {mean}.",
        found,
    )


def within_limits(value: str, low: float, high: float) -> Finding:
    """Whether a value, a mean or a limit can lie on an instrument that runs from `low` to `high`.

    >>> within_limits("-9.2", 0, 68).verdict
    'contradicted'
    """
    limits = _limits(low, high)
    return judged(
        "within_limits",
        limits.meets(box(value)),
        f"{value} lies on the scale {low:g} to {high:g}.",
        f"{value} cannot lie on a scale from {low:g} to {high:g}.",
        limits,
    )


def effect_within_scale(estimate: str, *scales: tuple[float, float]) -> Finding:
    """Whether a difference of means can be a difference on every one of the scales that were pooled.

    A pooled raw difference means something only on one scale that all its trials share, so it must fit in the
    narrowest of them.

    Examples
    --------
    >>> print(effect_within_scale("-13.83", (0, 8), (0, 100)).says)
    A difference of -13.83 cannot arise on a scale from 0 to 8.
    """
    if not scales:
        raise ValueError("scales is empty: give at least one (low, high)")
    low, high = min(scales, key=lambda limits: limits[1] - limits[0])
    span = _limits(low, high)
    found = Box(span.low - span.high, span.high - span.low)
    return judged(
        "effect_within_scale",
        found.meets(box(estimate, "estimate")),
        f"A difference of {estimate} is possible on a scale from {low:g} to {high:g}.",
        f"A difference of {estimate} cannot arise on a scale from {low:g} to {high:g}.",
        found,
    )


def _limits(low: float, high: float) -> Box:
    if not low < high:
        raise ValueError(f"the scale runs from {low:g} to {high:g}: its low end must be below its high end")
    return Box(float(low), float(high))


def sd_possible(sd: str, n: str, low: float, high: float, *, mean: str | None = None) -> Finding:
    """Whether a sample SD is possible on a scale, and for its mean.

    The SD is largest when as many as the mean allows stand at the top, one between and all others at the bottom, as
    in SPRITE (Heathers and others, PeerJ Preprints 2018;6:e26968v1). Largest over the box of the mean; never above
    SD² ≤ (mean − low)(high − mean) n/(n − 1) (Bhatia and Davis, Am Math Mon 2000;107:353), and far below it where a
    few patients make up the mean: SD ≤ mean √n on a scale from 0.

    Returns
    -------
    Finding
        With 0 to the largest possible SD.

    Examples
    --------
    >>> found = sd_possible("31.0", "30", 0, 100, mean="6.0")
    >>> found.verdict, round(found.range.high, 2)
    ('contradicted', 23.15)
    """
    limits, size = _limits(low, high), count(n, "n", at_least=2)
    middle = Box(limits.low, limits.high) if mean is None else box(mean, "mean")
    if not limits.meets(middle):
        return Finding(
            "sd_possible", "contradicted", f"A mean of {mean} cannot lie on a scale from {low:g} to {high:g}."
        )
    ends = [min(max((end - low) / (high - low), 0.0), 1.0) * size for end in (middle.low, middle.high)]
    largest = Box(0.0, (high - low) * math.sqrt(_most_squares(*ends, size) / (size - 1)))
    beside = "" if mean is None else f" with a mean of {mean}"
    where = f"on a scale from {low:g} to {high:g}{beside}"
    return judged(
        "sd_possible",
        largest.meets(box(sd, "sd")),
        f"An SD of {sd} is possible {where}.",
        f"An SD of {sd} {where} cannot be: it is at most {largest.high:.4g}.",
        largest,
    )


def _most_squares(least: float, most: float, size: int) -> float:
    """Largest sum of squared deviations of `size` values from 0 to 1 that add up to something from `least` to `most`.

    For a sum of k + r, with k whole and 0 <= r < 1: k ones, one r, and zeros. That is convex in r, so only the ends
    and the whole number nearest the middle can be best.
    """
    whole = min(max(size // 2, math.ceil(least - 1e-9)), math.floor(most + 1e-9))
    sums = [least, most, whole] if whole >= least - 1e-9 else [least, most]
    return max(math.floor(t + 1e-9) + max(t - math.floor(t + 1e-9), 0.0) ** 2 - t * t / size for t in sums)


def ratio_possible(ratio: str, n_1: str, n_2: str) -> Finding:
    """Whether whole numbers of participants with the event can give a printed risk ratio.

    Returns
    -------
    Finding
        With the smallest and largest events of the first arm that fit.

    Examples
    --------
    >>> ratio_possible("0.86", "15", "15").verdict, ratio_possible("0.97", "8", "8").verdict
    ('consistent', 'contradicted')
    """
    size_1, size_2, around = count(n_1, "n_1", at_least=1), count(n_2, "n_2", at_least=1), box(ratio, "ratio")
    fits = []
    for events_2 in range(1, size_2 + 1):
        unit = events_2 * size_1 / size_2
        first, last = math.ceil(around.low * unit - 1e-9), min(math.floor(around.high * unit + 1e-9), size_1)
        fits += [first, last] if max(first, 0) <= last else []
    found = Box(float(min(fits)), float(max(fits))) if fits else None
    return judged(
        "ratio_possible",
        bool(fits),
        f"A risk ratio of {ratio} is possible with {n_1} and {n_2} participants.",
        f"No numbers of events among {n_1} and {n_2} participants give a risk ratio of {ratio}.",
        found,
    )


def near_identical(coefficients: list[str], units: list[str], *, within: float = 0.1) -> Finding:
    """Coefficients per different units that come out (nearly) the same.

    A change per year and a change per million cells have no common unit, so nothing makes them equal: not impossible,
    hence ``suspect``.

    Parameters
    ----------
    coefficients, units : list of str
        As printed, one unit each.
    within : float
        Largest spread, as a share of the middle coefficient, that counts as nearly identical.

    Examples
    --------
    >>> near_identical(["0.4879", "0.5032"], ["per year", "per grade"]).verdict
    'suspect'
    """
    if len(coefficients) != len(units) or len(units) < 2:
        raise ValueError("give two or more coefficients and as many units")
    if len(set(units)) == 1:
        return Finding("near_identical", "not_applicable", f"All coefficients are {units[0]}: they may well agree.")
    boxes = sorted((box(c, "coefficients") for c in coefficients), key=lambda b: b.low)
    widest, middle = boxes[-1].high - boxes[0].low, abs(boxes[len(boxes) // 2].low)
    share = Box(0.0, widest / middle if middle else math.inf)
    if len({b.low > 0 for b in boxes}) == 2 or share.high > within:
        return Finding(
            "near_identical", "consistent", f"The {len(units)} coefficients differ, as their units do.", share
        )
    kinds, percent = len(set(units)), 100 * share.high
    says = f"{len(units)} coefficients in {kinds} different units lie within {percent:.0f} % of one another."
    return Finding("near_identical", "suspect", says, share)
