"""Checks of a trial's rows against one another: spreads, a shared control, a visit printed twice."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from statistics import median

from scipy.special import fdtr, fdtrc

from mscmeta.audit._printed import Box, Finding, box, count, judged
from mscmeta.audit.readings import READING_CHECKS
from mscmeta.audit.rows import (
    Row,
    analysed_randomised,
    arms_on_scale,
    effect_from_arms,
    large_effect,
    negative_spread,
    report_itself,
)
from mscmeta.audit.visits import VISIT_CHECKS, grouped, smallest_spread, variance

RARE = 1e-7  # chance under one common SD below which a spread is suspect, if it also ...
RARE_VISIT = 1e-6  # (of both arms of a visit: both were wrong in one way, and fewer are asked)
APART = 3.0  # ... differs by more than this factor: skewed scores near an end of the scale honestly differ by less
APART_VISIT = 2.0  # both arms of a visit do not differ by much together; a standard error does, by the root of n
APART_OUTCOMES = 3.0  # spreads on different instruments, as shares of their scales, differ more


def spread(
    those: list[tuple[str, str]], others: list[tuple[str, str]], *, rare: float = RARE, apart: float = APART
) -> Finding:
    """One arm's SD, or a visit's two, against the trial's others on the same instrument: is it a standard error?

    Under one common SD, the ratio of the pooled variances follows F with Σ(n - 1) degrees of freedom on either side; a
    tail below `rare` is ``suspect``, whichever way (an SD made of what was an SD already is too large), if the SDs also
    differ by more than a factor of 3. Each rounding box is used at its kindest end.

    Parameters
    ----------
    those, others : list of (sd, n)
        As printed: the ones asked about, and the trial's other arms and visits.

    Examples
    --------
    >>> spread([("0.40", "40")], [("2.5", "40"), ("2.4", "40")]).says
    'An SD of 0.40 is out of all proportion to the others of the trial, about 2.5.'
    >>> spread([("2.6", "40")], [("2.5", "40")]).verdict
    'consistent'
    """
    if not others:
        return Finding("spread", "not_applicable", "The trial prints no other spread on this instrument.")
    (least, most, df), (other_least, other_most, other_df) = variance(those), variance(others)
    if other_least <= 0:
        return Finding("spread", "not_applicable", "The trial's other spreads may round to zero.")
    small, large = most / other_least, least / other_most
    tail = min(fdtr(df, other_df, small), fdtrc(df, other_df, large))
    shown, usual = " and ".join(sd for sd, _ in those), f"{math.sqrt(other_most):.2g}"
    if tail >= rare or (small > apart**-2 and large < apart**2):
        return Finding("spread", "consistent", f"An SD of {shown} is like the others of the trial, about {usual}.")
    says = f"An SD of {shown} is out of all proportion to the others of the trial, about {usual}."
    return Finding("spread", "suspect", says)


def shared_control(rows: list[Row]) -> list[Finding]:
    """One control arm set whole against several arms of the same trial, so that its participants count several times.

    Rows of one trial, outcome, month and kind whose control has the same mean and SD share it; their control n must
    then add up to no more than the arm had: `randomised_2` where known, else the largest n printed for it.

    Examples
    --------
    >>> arms = dict(n_1="10", mean_1="4.0", sd_1="2.0", n_2="20", mean_2="5.0", sd_2="2.2")
    >>> rows = [Row("Gupta", "pain", "6", dose=dose, **arms) for dose in ("25", "50")]
    >>> print(shared_control(rows)[0].says)
    Gupta pain month 6: its 20 controls would have to be 40, since 2 rows use them whole.
    """
    found = []
    for group in grouped(rows, lambda r: (r.trial, r.outcome, r.month, r.kind, r.mean_2, r.sd_2)):
        if len(group) > 1:
            had = max(count(r.randomised_2 or r.n_2) for r in group)
            used = sum(count(r.n_2) for r in group)
            name = replace(group[0], dose="").name
            found.append(
                judged(
                    "shared_control",
                    used <= had,
                    f"{name}: the control is divided among {len(group)} rows.",
                    f"{name}: its {had} controls would have to be {used}, since {len(group)} rows use them whole.",
                    Box(used, used),
                    group[0].about,
                )
            )
    return found


def repeated_visit(rows: list[Row]) -> list[Finding]:
    """The same means and SDs in both arms at two months: ``suspect``, for one visit's numbers may stand at another."""
    found = []
    for group in grouped(rows, lambda r: (r.trial, r.outcome, r.kind, r.dose)):
        for a, b in combinations(group, 2):
            if a.month != b.month and a.arms() == b.arms() and "." in a.mean_1:
                says = f"{a.name}: all numbers are those of month {b.month}."
                found.append(Finding("repeated_visit", "suspect", says, about=(*a.about, b.month)))
    return found


def spreads(rows: list[Row]) -> list[Finding]:
    """`spread` of every visit, then of every single arm, against the rest of its trial, outcome and kind.

    One wrong SD makes its honest neighbours look odd too, so the farthest from the median is asked first, and what is
    flagged no longer counts among the others. Of two visits that disagree nobody can say which is wrong: the finding
    is about both.
    """
    found = []
    for group in grouped(rows, lambda r: (r.trial, r.outcome, r.kind)):
        left = {
            (r.month, arm, "" if arm else r.dose): (sd, n) for r in group for arm, (n, _, sd) in enumerate(r.arms())
        }
        visits = [[key for key in left if key[0] == month] for month in dict.fromkeys(month for month, *_ in left)]
        if len(visits) == 2:
            one = spread(*([left[key] for key in visit] for visit in visits), rare=RARE_VISIT, apart=APART_VISIT)
            found.append(_located(one, group[0], visits[0][0], visits[1][0][0]))
            left = {} if one.flag else left
        elif len(visits) > 2:
            found += _farthest_first(group[0], left, visits, RARE_VISIT, APART_VISIT)
        found += _farthest_first(group[0], left, [[key] for key in left])
    return found


def _farthest_first(row: Row, left: dict, sets: list[list], rare: float = RARE, apart: float = APART) -> list[Finding]:
    """`spread` of each set of arms against the rest of `left`; what is flagged is taken out of `left`."""
    size = {key: math.log(max(box(sd).high, 1e-12)) for key, (sd, _) in left.items()}
    middle = median(size.values()) if size else 0.0
    found = []
    for keys in sorted(sets, key=lambda keys: -max(abs(size[key] - middle) for key in keys)):
        one = spread([left[key] for key in keys], [cell for key, cell in left.items() if key not in keys],
                     rare=rare, apart=apart)  # fmt: skip
        found.append(_located(one, row, keys[0]))
        for key in keys if one.flag else ():
            del left[key]
    return found


def _located(one: Finding, row: Row, key: tuple[str, int, str], *months: str) -> Finding:
    where = " ".join(filter(None, (row.trial, row.outcome, f"month {key[0]}", key[2])))
    about = (row.trial, row.outcome, key[0], *months)
    return Finding(one.check, one.verdict, f"{where}: {one.says}", one.range, about)


def spreads_across(rows: list[Row]) -> list[Finding]:
    """Both SDs of a row against those of the trial's other outcomes, as shares of their scales.

    Instruments differ, so a factor of 3 is let pass. The row farthest from the middle is asked; of two rows nobody can
    say which is wrong, and the finding is about both.

    Examples
    --------
    >>> arms = dict(n_1="16", mean_1="4.0", n_2="16", mean_2="4.4", low=0)
    >>> rows = [Row("x", "pain", "12", sd_1="0.66", sd_2="0.55", high=10, **arms)]
    >>> rows += [Row("x", "function", "12", sd_1="27.5", sd_2="24.4", high=100, **arms)]
    >>> [(f.verdict, f.about) for f in spreads_across(rows)]
    [('suspect', ('x', 'pain + function', '12'))]
    """
    found = []
    known = [r for r in rows if r.low is not None and r.high is not None]
    for group in grouped(known, lambda r: (r.trial, r.kind, r.dose)):
        if len({row.outcome for row in group}) < 2:
            continue
        size = {i: math.log(max(_shares([row])[1], 1e-12)) for i, row in enumerate(group)}
        middle = median(size.values())
        row = group[max(size, key=lambda i: abs(size[i] - middle))]
        others = [other for other in group if other.outcome != row.outcome]
        (least, most, df), (other_least, other_most, other_df) = _shares([row]), _shares(others)
        small, large = most / max(other_least, 1e-12), least / other_most
        far = small < APART_OUTCOMES**-2 or large > APART_OUTCOMES**2
        odd = far and min(fdtr(df, other_df, small), fdtrc(df, other_df, large)) < RARE
        says = f"{row.name}: SDs of {row.sd_1} and {row.sd_2} are out of all proportion to the trial's other outcomes."
        outcomes = " + ".join(r.outcome for r in group) if len(group) == 2 else row.outcome
        about = (row.trial, outcomes, *dict.fromkeys(r.month for r in (group if len(group) == 2 else [row])))
        found.append(Finding("spreads_across", "suspect" if odd else "consistent", says, None, about))
    return found


def _shares(rows: list[Row]) -> tuple[float, float, int]:
    """`variance` of both arms of some rows, as shares of the squared width of their scales."""
    parts = [(variance([(sd, n) for n, _, sd in row.arms()]), (row.high - row.low) ** 2) for row in rows]
    df = sum(d for (_, _, d), _ in parts)
    return sum(v * d / w for (v, _, d), w in parts) / df, sum(v * d / w for (_, v, d), w in parts) / df, df


def audit_rows(rows: list[Row]) -> list[Finding]:
    """Every check of this module on a set of rows, the two that find most large errors first.

    Returns
    -------
    list of Finding
        All findings, the quiet ones too, so that what was checked can be counted; ``[f for f in … if f.flag]``.
    """
    found = spreads(rows) + spreads_across(rows) + shared_control(rows) + repeated_visit(rows)
    found += [one for check in VISIT_CHECKS + READING_CHECKS for one in check(rows)]
    for row in rows:
        for check in ROW_CHECKS:
            found += [f.at(*row.about) for f in check(row)]
    return found


ROW_CHECKS = (
    negative_spread,
    smallest_spread,
    large_effect,
    arms_on_scale,
    analysed_randomised,
    effect_from_arms,
    report_itself,
)
