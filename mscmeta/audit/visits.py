"""Checks of a trial's visits and outcomes against one another: means that jump, exchanged counts, one baseline.

What is asked of a jump is more than a small chance: trials do improve between visits, so it must also be larger than
any seen in the half of the extraction on which the limits were set (`mscmeta.audit.error_rates.halves`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from statistics import median

from scipy.special import gammainc

from mscmeta.audit._printed import Box, Finding, box, count
from mscmeta.audit.rows import Row

FAR = 5.0  # standard errors by which a visit must stand out
ALONE, TOGETHER, BETWEEN = 1.7, 1.3, 1.7  # and SDs: the mean of one arm, of both the same way, the arms' difference
YARD = 0.2  # least SD, as a share of the scale, in which moves are counted
SMALLEST, RARE = 0.2, 1e-5  # an SD as a share of the largest possible one; the chance of less by luck

_WAYS = {"one": "the mean of an arm", "both": "the means of both arms", "gap": "the difference between the arms"}


def grouped(rows: list[Row], key: Callable[[Row], tuple]) -> list[list[Row]]:
    """Rows with the same key, in their order."""
    groups: dict[tuple, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return list(groups.values())


def variance(cells: list[tuple[str, str]]) -> tuple[float, float, int]:
    """Smallest and largest pooled variance over the boxes of some SDs, and its degrees of freedom."""
    least = most = df = 0
    for sd, n in cells:
        weight, around = count(n, "n", at_least=2) - 1, box(sd, "sd")
        least, most, df = least + weight * max(around.low, 0.0) ** 2, most + weight * around.high**2, df + weight
    return least / df, most / df, df


def jumps(rows: list[Row]) -> list[Finding]:
    """A visit whose means lie far from those of the same arms at the trial's other visits.

    ``suspect`` when it stands out by more than five standard errors (visits taken as independent, which overstates the
    error) and by more SDs than trials do: one arm or the arms' difference by 1.7, both arms the same way by 1.3.
    The farthest visit is asked first and then no longer counts. Of two visits nobody can say which is wrong: the
    finding is about both.

    Examples
    --------
    >>> arms = dict(n_1="40", sd_1="2.0", n_2="40", sd_2="2.2", mean_2="5.0")
    >>> rows = [Row("x", "pain", month, mean_1=mean, **arms) for month, mean in (("3", "4.1"), ("6", "0.4"))]
    >>> print(jumps(rows + [Row("x", "pain", "12", mean_1="4.3", **arms)])[0].says)
    x pain month 6: the mean of an arm lies 1.7 SDs from that of the other visits.
    """
    found = []
    for group in grouped(rows, lambda r: (r.trial, r.outcome, r.kind, r.dose)):
        left = list({row.month: row for row in group}.values())
        while len(left) > 1:
            excess, size, way, row = max((_farthest(row, left, yard(group)) for row in left), key=lambda one: one[0])
            months = [other.month for other in left] if len(left) == 2 else []
            verdict = "suspect" if excess > 1 else "consistent"
            says = f"{row.name}: {_WAYS[way]} lies {size:.2g} SDs from that of the other visits."
            about = (row.trial, row.outcome, row.month, *(m for m in months if m != row.month))
            found.append(Finding("jumps", verdict, says, Box(size, size), about))
            if excess <= 1 or len(left) == 2:
                break
            left.remove(row)
    return found


def yard(rows: list[Row]) -> float:
    """The trial's middle SD, but no less than a fifth of the scale: where patients are alike, little is many SDs."""
    row, spread = rows[0], median(box(sd).high for row in rows for _, _, sd in row.arms())
    return max(spread, YARD * (row.high - row.low) if row.low is not None and row.high is not None else 0.0, 1e-9)


def _farthest(row: Row, rows: list[Row], spread: float) -> tuple[float, float, str, Row]:
    """How far a visit stands out, as a multiple of what is let pass, in SDs, and by which measure."""
    moved, error = [], []
    others = [other for other in rows if other is not row]
    for arm in (0, 1):
        cells, (n, mean, _) = [other.arms()[arm] for other in others], row.arms()[arm]
        around = [box(other_mean) for _, other_mean, _ in cells]
        usual = Box(*(math.fsum(getattr(b, end) for b in around) / len(cells) for end in ("low", "high")))
        moved.append(box(mean).minus(usual))
        error.append(1 / count(n, "n", at_least=1) + len(cells) / sum(count(n, "n", at_least=1) for n, _, _ in cells))
    one, two = moved
    same_way = one.low * two.low > 0 and one.high * two.high > 0 and one.low * one.high > 0
    ways = [("one", b.size().low, e, ALONE) for b, e in zip(moved, error, strict=True)]
    ways.append(("gap", one.minus(two).size().low, sum(error), BETWEEN))
    ways += [("both", min(b.size().low for b in moved), sum(error) / 4, TOGETHER)] if same_way else []
    return max(
        (min(size / spread / limit, size / spread / math.sqrt(e) / FAR), size / spread, way, row)
        for way, size, e, limit in ways
    )  # fmt: skip


def counts_exchanged(rows: list[Row]) -> list[Finding]:
    """Numbers of participants that stand the other way round in every other row of the visit, or of the outcome.

    ``suspect`` when they differ by two or more, and two others agree; of two rows of a visit, nobody can say which.

    >>> arms = dict(mean_1="4.0", sd_1="2.0", mean_2="5.0", sd_2="2.2")
    >>> names = [("pain", "30", "28"), ("function", "28", "30"), ("stiffness", "28", "30")]
    >>> rows = [Row("x", name, "6", n_1=n_1, n_2=n_2, **arms) for name, n_1, n_2 in names]
    >>> [f.says for f in counts_exchanged(rows)]
    ['x pain month 6: 30 and 28 participants stand the other way round in the rows beside it.']
    """
    found = []
    by_visit = grouped(rows, lambda r: (r.trial, r.month, r.dose))
    by_outcome = grouped(rows, lambda r: (r.trial, r.outcome, r.kind, r.dose))
    for group, enough in [(g, 1) for g in by_visit] + [(g, 2) for g in by_outcome]:
        for row in group:
            others = {(o.n_1, o.n_2) for o in group if o is not row}
            if len(group) <= enough or others != {(row.n_2, row.n_1)} or abs(count(row.n_1) - count(row.n_2)) < 2:
                continue
            outcomes = " + ".join(dict.fromkeys(o.outcome for o in group)) if len(group) == 2 else row.outcome
            says = f"{row.name}: {row.n_1} and {row.n_2} participants stand the other way round in the rows beside it."
            found.append(Finding("counts_exchanged", "suspect", says, about=(row.trial, outcomes, row.month)))
    return list({f.about: f for f in found}.values())


def smallest_spread(row: Row) -> list[Finding]:
    """Both SDs together against the scale: scores of patients never lie as close together as a standard error does.

    ``suspect`` when even a true SD of a fifth of the largest that a mean allows, √((mean - low)(high - mean)), would
    give less only once in 100,000 samples. That is 10 % of the scale in its middle, and for changes, and less near
    its ends, where patients who are all well are alike.

    >>> row = Row("x", "pain", "6", "25", "4.0", "0.4", "25", "5.0", "0.4", low=0, high=10)
    >>> [f.says for f in smallest_spread(row)]
    ['x pain month 6: SDs of 0.4 and 0.4 are too small for scores on a scale from 0 to 10.']
    """
    if row.low is None or row.high is None:
        return []
    df = squares = 0.0
    for n, mean, sd in row.arms():
        room = (row.high - row.low) ** 2 / 4
        if row.kind == "final":
            room = min((end - row.low) * (row.high - end) for end in (box(mean).low, box(mean).high))
        weight = count(n, "n", at_least=2) - 1
        df, squares = df + weight, squares + (weight * box(sd, "sd").high ** 2 / room if room > 0 else math.inf)
    share = math.sqrt(squares / df)
    if math.isinf(share) or float(gammainc(df / 2, df * (share / SMALLEST) ** 2 / 2)) >= RARE:
        return [Finding("smallest_spread", "consistent", f"{row.name}: the SDs are no smaller than those of patients.")]
    scale = f"a scale from {row.low:g} to {row.high:g}"
    says = f"{row.name}: SDs of {row.sd_1} and {row.sd_2} are too small for scores on {scale}."
    return [Finding("smallest_spread", "suspect", says, Box(share, share))]


def one_baseline(rows: list[Row]) -> list[Finding]:
    """Where a trial prints final scores and changes of one measure, their differences are one baseline at all visits.

    Asked of rows with the same `measure` and the same participants, each on its scale from 0 to 1. A visit that
    implies another baseline than the others is ``suspect``, in its final scores or in its changes.

    Examples
    --------
    >>> arms = dict(n_1="15", sd_1="2.0", n_2="15", sd_2="2.2", measure="vas", low=0, high=10)
    >>> final = {"3": "4.1", "6": "3.4", "12": "3.3"}
    >>> change = {"3": "-1.4", "6": "-2.1", "12": "-1.2"}
    >>> rows = [Row("x", "pain", m, mean_1=v, mean_2="5.0", **arms) for m, v in final.items()]
    >>> rows += [Row("x", "pain", m, mean_1=v, mean_2="-1.0", kind="change", **arms) for m, v in change.items()]
    >>> [f.about for f in one_baseline(rows) if f.flag]
    [('x', 'pain', '12')]
    """
    found = []
    for group in grouped([r for r in rows if r.measure and r.high is not None], lambda r: (r.trial, r.measure, r.dose)):
        pairs = list(_pairs(group))
        for arm in (1, 2):
            implied = [(_implied(final, change, arm), final, change) for final, change in pairs]
            for around, final, change in implied:
                others = [
                    b for b, f, _ in implied if f.month != final.month and (f.n_1, f.n_2) == (final.n_1, final.n_2)
                ]
                if len(others) < 2 or any(around.meets(b) for b in others):
                    continue
                outcomes = " + ".join(dict.fromkeys((final.outcome, change.outcome)))
                says = f"{final.name}: final score less change gives another baseline than the other visits do."
                about = (final.trial, outcomes, final.month)
                found.append(Finding("one_baseline", "suspect", says, around, about))
    return list({f.about: f for f in found}.values())


def _pairs(group: list[Row]) -> Iterator[tuple[Row, Row]]:
    """Final scores and changes of one measure at one visit, in as many participants."""
    for final in group:
        for change in group:
            same = (final.month, final.n_1, final.n_2) == (change.month, change.n_1, change.n_2)
            if same and (final.kind, change.kind) == ("final", "change"):
                yield final, change


def _implied(final: Row, change: Row, arm: int) -> Box:
    """The baseline, from 0 to 1, that a final score and a change imply."""
    parts = []
    for row, floor in ((final, final.low), (change, 0.0)):
        around = box(getattr(row, f"mean_{arm}"))
        parts.append(Box((around.low - floor) / (row.high - row.low), (around.high - floor) / (row.high - row.low)))
    return parts[0].minus(parts[1])


VISIT_CHECKS = (jumps, counts_exchanged, one_baseline)
