"""Would a row fit its trial if it were misread in a known way? A standard error for an SD, a scale read backwards.

A row that is odd may be true. A row that is odd as printed and usual under a named misreading is ``suspect`` at milder
limits, since both must hold by chance. The limits were set as elsewhere (`mscmeta.audit.error_rates`): on one half of
the trials, and on simulated honest results of other seeds than those reported.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import median, median_low

from scipy.special import fdtr

from mscmeta.audit._printed import Box, Finding, box, count
from mscmeta.audit.rows import Row
from mscmeta.audit.visits import grouped, variance, yard

RARE_READING = 1e-3  # chance under one common SD below which an SD is odd, if it also is ...
APART, NEAR = 2.0, 1.5  # ... smaller than the others by this factor, and as a standard error within this one of them
ENDS = ("low", "high")  # of a rounding box
ODDS, DRIFT = 7.0, 0.3  # least log odds of a scale read from its other end; SDs by which visits differ
MISFIT = 3.0  # standard errors by which turned scores may still miss the other visits


def se_for_sd(rows: list[Row]) -> list[Finding]:
    """SDs far too small beside those of the outcome's other visits, and just right if they are standard errors.

    Both arms together, under one common SD as in `mscmeta.audit.spread`. The other visits are spoken for by their
    (lower) median, which one wrong row among them cannot make too large. Of two visits nobody can say which is wrong,
    and the finding is about both. Of effects too large to be true, most have a standard error for an SD (Kadlec and
    others, Sports Med 2023;53:313).

    Examples
    --------
    >>> arms = dict(n_1="10", mean_1="41.5", n_2="10", mean_2="46.5", low=0, high=100)
    >>> rows = [Row("x", "function", "3", sd_1="25.8", sd_2="19.8", **arms)]
    >>> rows += [Row("x", "function", "6", sd_1="9.3", sd_2="7.8", **arms)]
    >>> rows += [Row("x", "function", "12", sd_1="24.1", sd_2="22.0", **arms)]
    >>> print([f.says for f in se_for_sd(rows) if f.flag][0])
    x function month 6: SDs of 9.3 and 7.8 are too small beside the other visits; as standard errors they would fit.
    """
    found = []
    for group in grouped(rows, lambda r: (r.trial, r.outcome, r.kind, r.dose)):
        for row in group:
            others = [other for other in group if other is not row]
            both = {r.month: r for r in ((row, *others) if len(others) == 1 else (row,))}
            about = (row.trial, row.outcome, *both)
            if others and _fits_if_read(_cells(row), [_cells(other) for other in others], math.sqrt):
                says = f"{row.name}: SDs of {row.sd_1} and {row.sd_2} are too small beside the other visits;"
                says += " as standard errors they would fit."
                found.append(Finding("se_for_sd", "suspect", says, about=about))
            elif others:
                says = f"{row.name}: as standard errors, the SDs would not be those of the other visits."
                found.append(Finding("se_for_sd", "consistent", says, about=about))
    return found


def slipped_point(rows: list[Row]) -> list[Finding]:
    """One SD far too small beside the others of its outcome, and just right with the point one place on.

    Examples
    --------
    >>> arms = dict(n_1="20", mean_1="17.5", n_2="6", mean_2="41.9")
    >>> rows = [Row("x", "total", "6", sd_1="20.1", sd_2="25.0", **arms)]
    >>> rows += [Row("x", "total", "12", sd_1="20.4", sd_2="2.6", **arms)]
    >>> print([f.says for f in slipped_point(rows) if f.flag][0])
    x total month 12: an SD of 2.6 is too small beside the others; with the point one place on it would fit.
    """
    found = []
    for group in grouped(rows, lambda r: (r.trial, r.outcome, r.kind, r.dose)):
        cells = [(row, (sd, n)) for row in group for n, _, sd in row.arms()]
        for i, (row, cell) in enumerate(cells):
            others = [[other] for j, (_, other) in enumerate(cells) if j != i]
            least = min((box(sd).low for [(sd, _)] in others), default=0.0)  # two wrong ones do not make it odd
            odd = APART * box(cell[0]).high < least and _fits_if_read([cell], others, lambda n: 10.0)
            verdict, says = "consistent", f"{row.name}: no place of the point but its own makes an SD of {cell[0]} fit."
            if odd:
                says = f"{row.name}: an SD of {cell[0]} is too small beside the others; with the point one place on it"
                verdict, says = "suspect", f"{says} would fit."
            found.append(Finding("slipped_point", verdict, says, about=row.about))
    return found


def _fits_if_read(cells: list, others: list[list], factor: Callable[[int], float]) -> bool:
    """Whether SDs, given as (SD, n), are too small beside the sets of others, and would not be if so much larger."""
    (_, most, df), rest = variance(cells), [variance(other) for other in others]
    usual = median_low(low for low, _, _ in rest)
    if usual <= 0 or most >= usual / APART**2:
        return False
    low, high = (
        sum((count(n) - 1) * (factor(count(n)) * getattr(box(sd), end)) ** 2 for sd, n in cells) / df for end in ENDS
    )
    rare = float(fdtr(df, sum(d for _, _, d in rest), most / usual)) < RARE_READING
    return rare and low <= usual * NEAR**2 and high >= usual / NEAR**2


def _cells(row: Row) -> list[tuple[str, str]]:
    return [(sd, n) for n, _, sd in row.arms()]


def other_end(rows: list[Row]) -> list[Finding]:
    """Final scores that are far from the other visits', and near them if counted from the other end of the scale.

    For each arm, with m the median of its means at k other visits, s² = DRIFT² (1 + 1/k) + 1/n + 1/Σn and everything
    in the trial's SDs, a mean x has the log odds ((x - m)² - (low + high - x - m)²)/(2 s²). More than 7 in both arms
    together is ``suspect``, if the turned scores lie within 3 s of m, and no other visit alone speaks against it: one
    wrong visit does not turn its neighbours. Of two visits nobody can say which is wrong.

    Examples
    --------
    >>> arms = dict(n_1="24", sd_1="2.2", n_2="26", sd_2="2.0", low=0, high=10)
    >>> means = [("3", "3.5", "3.8"), ("6", "6.7", "6.5"), ("12", "3.5", "4.5")]
    >>> rows = [Row("x", "pain", m, mean_1=a, mean_2=b, **arms) for m, a, b in means]
    >>> print(next(f.says for f in other_end(rows) if f.flag))
    x pain month 6: 6.7 and 6.5 are far from the other visits; 3.3 and 3.5, from the other end, would be near.
    """
    found = []
    known = [row for row in rows if row.kind == "final" and row.low is not None and row.high is not None]
    for group in grouped(known, lambda r: (r.trial, r.outcome, r.dose)):
        for row in group:
            others = [other for other in group if other is not row]
            if not others:
                continue
            odds, *alone = (_odds_of_other_end(row, part, yard(group)) for part in (others, *([o] for o in others)))
            about = (*row.about, *(other.month for other in others if len(others) == 1))
            verdict, says = "consistent", f"{row.name}: the scores are not nearer the other visits from the other end."
            if odds > ODDS and min(alone) > 0:
                turned = " and ".join(f"{row.low + row.high - float(mean):g}" for _, mean, _ in row.arms())
                says = f"{row.name}: {row.mean_1} and {row.mean_2} are far from the other visits; {turned}, from the"
                verdict, says = "suspect", f"{says} other end, would be near."
            found.append(Finding("other_end", verdict, says, Box(odds, odds), about))
    return found


def _odds_of_other_end(row: Row, others: list[Row], spread: float) -> float:
    """Log odds of both arms, at the kindest ends of the rounding boxes; none where the turned scores do not fit."""
    odds, ends = 0.0, row.low + row.high
    for arm, (n, mean, _) in enumerate(row.arms()):
        cells = [other.arms()[arm] for other in others]
        usual = median(float(text) for _, text, _ in cells)
        total = sum(count(size, "n", at_least=1) for size, _, _ in cells)
        squared = spread**2 * (DRIFT**2 * (1 + 1 / len(others)) + 1 / count(n, "n", at_least=1) + 1 / total)
        here = box(mean).minus(Box(usual, usual)).size().low
        there = Box(ends - usual, ends - usual).minus(box(mean)).size().high
        if there**2 > MISFIT**2 * squared:
            return -math.inf
        odds += (here**2 - there**2) / 2 / squared
    return odds


READING_CHECKS = (se_for_sd, slipped_point, other_end)
