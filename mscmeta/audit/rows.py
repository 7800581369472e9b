"""Checks of one trial row: two arms as extracted, against the trial's own report and its instrument."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri, stdtrit

from mscmeta.audit._printed import Box, Finding, box, count, judged, p_box
from mscmeta.audit.intervals import centred, inside, p_from_interval
from mscmeta.audit.numbers import sd_possible, within_limits

LARGE_SMD = 3.0  # Kadlec and others, Sports Med 2023: 60 % of SMDs above 3 took a standard error for an SD


@dataclass(frozen=True, slots=True)
class Row:
    """One contrast as printed: every number a string with its decimals, "" where nothing is printed.

    Attributes
    ----------
    trial, outcome, month, dose, kind : str
        Keys; `kind` is ``final`` or ``change``.
    n_1, mean_1, sd_1, n_2, mean_2, sd_2 : str
        The two arms as the review extracted them.
    low, high : float or None
        The instrument's limits.
    estimate, ci_low, ci_high, p : str
        The difference of means as the trial's own report prints it, unadjusted, 95 % interval.
    randomised_1, randomised_2 : str
        Participants allocated to each arm.
    measure : str
        What final scores and changes of one instrument have in common, whatever the scale they were printed on.
    """

    trial: str
    outcome: str
    month: str
    n_1: str
    mean_1: str
    sd_1: str
    n_2: str
    mean_2: str
    sd_2: str
    dose: str = ""
    kind: str = "final"
    low: float | None = None
    high: float | None = None
    estimate: str = ""
    ci_low: str = ""
    ci_high: str = ""
    p: str = ""
    randomised_1: str = ""
    randomised_2: str = ""
    measure: str = ""

    @property
    def name(self) -> str:
        """Trial, outcome, month and dose, for sentences."""
        return " ".join(filter(None, (self.trial, self.outcome, f"month {self.month}", self.dose)))

    @property
    def about(self) -> tuple[str, str, str]:
        """Trial, outcome and month."""
        return self.trial, self.outcome, self.month

    def arms(self) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
        """(n, mean, SD) of both arms."""
        return (self.n_1, self.mean_1, self.sd_1), (self.n_2, self.mean_2, self.sd_2)


def effect_from_arms(row: Row) -> list[Finding]:
    """The difference and its 95 % interval, recomputed from the arms, against those that the trial printed.

    The interval may be normal, pooled t or Welch's t: it is contradicted only when none of the three fits.

    Examples
    --------
    >>> report = dict(estimate="-1.0", ci_low="-2.3", ci_high="0.3")
    >>> row = Row("x", "pain", "6", "20", "4.0", "2.0", "20", "5.0", "2.2", **report)
    >>> [f.verdict for f in effect_from_arms(row)]
    ['consistent', 'consistent']
    """
    if not row.estimate:
        return []
    found = box(row.mean_1, "mean_1").minus(box(row.mean_2, "mean_2"))
    printed = box(row.estimate, "estimate")
    difference = judged(
        "difference_of_means",
        found.meets(printed),
        f"{row.name}: the arms differ by {row.estimate}.",
        f"{row.name}: the means {row.mean_1} and {row.mean_2} differ by {found}, not {row.estimate}.",
        found,
    )
    if not row.ci_low:
        return [difference]
    width = box(row.ci_high, "ci_high").minus(box(row.ci_low, "ci_low"))
    half = Box(width.low / 2, width.high / 2)
    widths = _half_widths(row)
    nearest = min(widths, key=lambda b: max(b.low - half.high, half.low - b.high))
    interval = judged(
        "interval_from_arms",
        any(w.meets(half) for w in widths),
        f"{row.name}: the interval is that of the arms.",
        f"{row.name}: the arms give an interval {nearest} wide on each side, "
        f"not that of {row.ci_low} to {row.ci_high}.",
        nearest,
    )
    return [difference, interval]


def _half_widths(row: Row) -> list[Box]:
    """Half-widths of the 95 % interval of a difference: normal, pooled t, Welch's t; each over the boxes of the SDs."""
    n_1, n_2 = count(row.n_1, "n_1", at_least=2), count(row.n_2, "n_2", at_least=2)
    sd_1, sd_2 = box(row.sd_1, "sd_1"), box(row.sd_2, "sd_2")
    ends = [(max(sd_1.low, 0.0), max(sd_2.low, 0.0)), (sd_1.high, sd_2.high)]
    apart = [math.sqrt(a * a / n_1 + b * b / n_2) for a, b in ends]
    df = n_1 + n_2 - 2
    together = [math.sqrt(((n_1 - 1) * a * a + (n_2 - 1) * b * b) / df * (1 / n_1 + 1 / n_2)) for a, b in ends]
    z, t = float(ndtri(0.975)), float(stdtrit(df, 0.975))
    freedom = [_welch_df(a, n_1, b, n_2) for a in (sd_1.low, sd_1.high) for b in (sd_2.low, sd_2.high)]
    return [
        Box(z * apart[0], z * apart[1]),
        Box(t * together[0], t * together[1]),
        Box(float(stdtrit(max(freedom), 0.975)) * apart[0], float(stdtrit(min(freedom), 0.975)) * apart[1]),
    ]


def _welch_df(sd_1: float, n_1: int, sd_2: float, n_2: int) -> float:
    a, b = sd_1**2 / n_1, sd_2**2 / n_2
    return (a + b) ** 2 / (a * a / (n_1 - 1) + b * b / (n_2 - 1)) if a + b > 0 else float(n_1 + n_2 - 2)


def report_itself(row: Row) -> list[Finding]:
    """The trial's printed difference against its own interval and P value.

    The P value may come from the normal or from any t distribution between the smaller arm's n - 1 (Welch's least) and
    the normal; for a given interval P is monotone in the degrees of freedom, so the two ends bound it.
    """
    if not (row.estimate and row.ci_low):
        return []
    found = [inside(row.estimate, row.ci_low, row.ci_high), centred(row.estimate, row.ci_low, row.ci_high)]
    if row.p:
        smallest = min(count(row.n_1, "n_1", at_least=2), count(row.n_2, "n_2", at_least=2)) - 1
        ends = [p_from_interval(row.estimate, row.ci_low, row.ci_high, row.p, df=df).range for df in (None, smallest)]
        hull = Box(min(b.low for b in ends), max(b.high for b in ends))
        shown = f"{row.name}: {row.estimate} ({row.ci_low} to {row.ci_high}) gives a P value of {hull}"
        good, bad = f"{shown}, as printed.", f"{shown}; {row.p} cannot belong to it."
        found.append(judged("p_from_interval", hull.meets(p_box(row.p)), good, bad, hull))
    return found


def arms_on_scale(row: Row) -> list[Finding]:
    """Means and SDs against the instrument's limits; changes may reach its width either way.

    >>> row = Row("x", "pain", "6", "20", "12.0", "2.0", "20", "5.0", "2.2", low=0, high=10)
    >>> [f.says for f in arms_on_scale(row) if f.flag]
    ['12.0 cannot lie on a scale from 0 to 10.']
    """
    if row.low is None or row.high is None:
        return []
    width = row.high - row.low
    low, high = (row.low, row.high) if row.kind == "final" else (-width, width)
    found = []
    for n, mean, sd in row.arms():
        on_scale = within_limits(mean, low, high)
        found.append(on_scale)
        if not on_scale.flag:
            found.append(sd_possible(sd, n, low, high, mean=mean))
    return found


def negative_spread(row: Row) -> list[Finding]:
    """An SD is positive."""
    return [
        judged(
            "negative_spread",
            box(sd, "sd").high > 0,
            f"{row.name}: an SD of {sd} is possible.",
            f"{row.name}: an SD of {sd} cannot be.",
        )
        for _, _, sd in row.arms()
    ]


def analysed_randomised(row: Row) -> list[Finding]:
    """No arm can be analysed with more participants than it was given.

    >>> row = Row("x", "pain", "6", "24", "4.0", "2.0", "19", "5.0", "2.2", randomised_1="19", randomised_2="24")
    >>> [f.verdict for f in analysed_randomised(row)]
    ['contradicted', 'consistent']
    """
    pairs = ((row.n_1, row.randomised_1), (row.n_2, row.randomised_2))
    return [
        judged(
            "analysed_randomised",
            count(n) <= count(given),
            f"{row.name}: {n} analysed of {given} in the arm.",
            f"{row.name}: {n} cannot have been analysed in an arm of {given}.",
        )
        for n, given in pairs
        if given
    ]


def large_effect(row: Row) -> list[Finding]:
    """A standardised difference so large that a standard error is likely to have been taken for an SD.

    Source: Kadlec and others, Sports Med 2023;53:313. ``suspect`` when the difference exceeds three SDs even at the
    ends of the rounding boxes, and five of its own standard errors more: small trials stray.
    """
    (n_1, mean_1, sd_1), (n_2, mean_2, sd_2) = row.arms()
    gap = box(mean_1).minus(box(mean_2)).size().low
    size = math.sqrt((box(sd_1).high ** 2 + box(sd_2).high ** 2) / 2)
    smd = gap / size if size > 0 else math.inf
    per_arm = 1 / count(n_1) + 1 / count(n_2)
    limit = LARGE_SMD + 5 * math.sqrt(per_arm + LARGE_SMD**2 * per_arm / 4)
    if smd <= limit:
        return [Finding("large_effect", "consistent", f"{row.name}: the arms differ by {smd:.2g} SDs.", Box(smd, smd))]
    return [
        Finding(
            "large_effect",
            "suspect",
            f"{row.name}: the arms would differ by {smd:.3g} SDs, too many for SDs.",
            Box(smd, smd),
        )
    ]
