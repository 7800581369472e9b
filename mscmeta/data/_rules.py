"""The named rules of datapackage.json that look at more than one cell.

Each takes the rows of its table and a function that fetches the rows of another table, and yields one `Look` for every
row (or number) it looks at: what it found wrong, or nothing.
"""

from collections.abc import Callable, Iterator
from itertools import groupby
from math import sqrt
from statistics import median
from typing import NamedTuple

from mscmeta.data._files import reported


class Look(NamedTuple):
    """One row looked at: its place, the column to blame, and the reason (empty when all is right)."""

    row: object
    column: str
    says: str = ""


Looks = Iterator[Look]
RULES: dict[str, Callable[[list, Callable], Looks]] = {}


def rule(function: Callable) -> Callable:
    """Enter a rule under its own name, which datapackage.json uses and explains."""
    RULES[function.__name__] = function
    return function


# ---------------------------------------------------------------- arms and participants


@rule
def arm_parts(rows, fetch) -> Looks:
    roles = {(row.trial, row.arm): row.role for row in rows}
    for row in rows:
        if not row.part_of:
            continue
        whole = roles.get((row.trial, row.part_of))
        if whole is None or row.part_of == row.arm:
            yield Look(row, "part_of", f"{row.part_of!r} is not another arm of {row.trial}")
        else:
            same = whole == row.role
            says = "" if same else f"{row.part_of!r} is a {whole} arm, but this one is a {row.role} arm"
            yield Look(row, "part_of", says)


@rule
def arm_known(rows, fetch) -> Looks:
    """A trial that arms.csv does not name may have two arms, msc and control; any other arm has a row there."""
    arms = {(row.trial, row.arm) for row in fetch("arms")}
    named = {trial for trial, _ in arms}
    for row in rows:
        if row.trial in named:
            there, says = (row.trial, row.arm) in arms, f"{row.arm!r} is no arm of {row.trial} in arms.csv"
        else:
            there = row.arm in ("msc", "control")
            says = f"{row.arm!r} of {row.trial} is not in arms.csv; add it there, or name the arms msc and control"
        yield Look(row, "arm", "" if there else says)


@rule
def parts_within_n(rows, fetch) -> Looks:
    for row in rows:
        for column, parts in (("female", (row.male, row.female)), ("kl_4", (row.kl_2, row.kl_3, row.kl_4))):
            if reported(*parts):
                too_many = sum(parts) > row.n
                says = f"{' + '.join(map(str, parts))} is more than n = {row.n}" if too_many else ""
                yield Look(row, column, says)


@rule
def events_at_most_n(rows, fetch) -> Looks:
    for row in rows:
        more = row.events > row.n
        yield Look(row, "events", f"{row.events} of {row.n}: more events than participants" if more else "")


# ---------------------------------------------------------------- values on their scale


def _scales(rows, fetch) -> Iterator[tuple]:
    """Rows whose instrument has limits, with that instrument."""
    known = {scale.instrument: scale for scale in fetch("instruments")}
    for row in rows:
        scale = known.get(row.instrument)
        if scale and reported(scale.low, scale.high):
            yield row, scale


@rule
def has_a_value(rows, fetch) -> Looks:
    for row in rows:
        there = reported(row.mean) or reported(row.median)
        yield Look(row, "mean", "" if there else "the row holds neither a mean nor a median")


@rule
def within_limits(rows, fetch) -> Looks:
    for row, scale in _scales(rows, fetch):
        reach = scale.high - scale.low
        low, high = (scale.low, scale.high) if row.kind == "final" else (-reach, reach)
        # confidence limits of a mean may leave the scale; means, medians and quartiles cannot
        for column in ("mean", "median", "q1", "q3"):
            value = getattr(row, column)
            if reported(value):
                says = f"{value:g} is outside {low:g} to {high:g}, what {row.instrument} allows a {row.kind} value"
                yield Look(row, column, "" if low <= value <= high else says)


@rule
def sd_possible(rows, fetch) -> Looks:
    """Half of the participants at either end of the scale: no SD is larger (Popoviciu)."""
    for row, scale in _scales(rows, fetch):
        if reported(row.sd):
            reach = (scale.high - scale.low) * (2 if row.kind == "change" else 1)
            n = row.n if reported(row.n) and row.n > 1 else 2
            largest = reach / 2 * sqrt(n / (n - 1))
            broken = row.sd > largest and not _excused(row, "sd_possible")
            says = f"{row.sd:g} is impossible: no SD on {row.instrument} exceeds {largest:.4g}"
            yield Look(row, "sd", says if broken else "")


@rule
def sd_not_se(rows, fetch) -> Looks:
    """A standard error is smaller than the SD by sqrt(n), so it stands out among the SDs of its own trial."""
    for row, usual in _usual_sd(rows):
        broken = usual >= 0.8 * sqrt(row.n) * row.sd and not _excused(row, "sd_not_se")
        says = f"{row.sd:g} looks like a standard error: n = {row.n}, other SDs of this trial about {usual:.4g}"
        yield Look(row, "sd", says if broken else "")


def _usual_sd(rows) -> Iterator[tuple]:
    """Rows with an SD, and the median SD of the other rows of the same trial and instrument."""

    def kin(row) -> tuple[str, str]:
        return row.trial, row.instrument

    with_sd = sorted((row for row in rows if reported(row.sd, row.n)), key=kin)
    for _, group in groupby(with_sd, kin):
        group = list(group)
        if len(group) >= 3:  # two arms alone cannot say which of them is the odd one out
            for i, row in enumerate(group):
                if row.n >= 3:
                    yield row, median(other.sd for j, other in enumerate(group) if j != i)


def _excused(row, name: str) -> bool:
    return row.excused.startswith(f"{name}: ")


@rule
def excuse_known(rows, fetch) -> Looks:
    """An excuse that excuses nothing would hide the next mistake in its row."""
    bare = [row._replace(excused="") for row in rows]
    names = ("sd_possible", "sd_not_se")
    guilty = {name: {look.row.Index for look in RULES[name](bare, fetch) if look.says} for name in names}
    for row in rows:
        if not row.excused:
            continue
        name, colon, reason = row.excused.partition(": ")
        if name not in guilty or not colon or not reason:
            yield Look(row, "excused", f"write one of {', '.join(guilty)}, a colon, a blank and the reason")
        else:
            needed = row.Index in guilty[name]
            yield Look(row, "excused", "" if needed else f"the row does not break {name}; take the excuse out")


@rule
def quartiles_in_order(rows, fetch) -> Looks:
    for row in rows:
        if reported(row.q1) != reported(row.q3):
            yield Look(row, "q1" if reported(row.q3) else "q3", "one quartile is there without the other")
        elif reported(row.q1):
            middle = row.median if reported(row.median) else row.q1
            says = f"quartiles out of order: {row.q1:g}, median {middle:g}, {row.q3:g}"
            yield Look(row, "q1", "" if row.q1 <= middle <= row.q3 else says)


# ---------------------------------------------------------------- intervals and effects


@rule
def limits_in_order(rows, fetch) -> Looks:
    for row in rows:
        if reported(row.ci_low) != reported(row.ci_high):
            column = "ci_low" if reported(row.ci_high) else "ci_high"
            yield Look(row, column, "one confidence limit is there without the other")
        elif reported(row.ci_low):
            says = f"limits out of order: {row.ci_low:g} to {row.ci_high:g}"
            yield Look(row, "ci_low", "" if row.ci_low < row.ci_high else says)


def _inside(rows, column: str) -> Looks:
    for row in rows:
        value = getattr(row, column)
        if reported(value, row.ci_low, row.ci_high):
            says = f"{value:g} is outside its own interval {row.ci_low:g} to {row.ci_high:g}"
            yield Look(row, column, "" if row.ci_low <= value <= row.ci_high else says)


@rule
def mean_within_limits(rows, fetch) -> Looks:
    yield from _inside(rows, "mean")


@rule
def estimate_within_limits(rows, fetch) -> Looks:
    yield from _inside(rows, "estimate")


@rule
def poolable_has_interval(rows, fetch) -> Looks:
    for row in rows:
        if row.poolable:
            complete = reported(row.ci_low, row.ci_high, row.n_1, row.n_2)
            says = "" if complete else "an effect that may be pooled needs its interval and both n"
            if row.population != "all randomised":
                says = f"an effect of {row.population!r} is not one of all randomised, so it may not be pooled"
            yield Look(row, "poolable", says)


# ---------------------------------------------------------------- flow, instruments, endpoints


@rule
def from_step_known(rows, fetch) -> Looks:
    steps = {(row.review, row.step) for row in rows}
    for row in rows:
        if row.from_step:
            known = (row.review, row.from_step) in steps and row.from_step != row.step
            yield Look(row, "from_step", "" if known else f"{row.from_step!r} is not another step of {row.review}")


@rule
def one_direction_a_family(rows, fetch) -> Looks:
    first: dict = {}
    for row in rows:
        before = first.setdefault(row.family, row)
        says = f"mixed direction: in family {row.family}, higher is {before.higher_is} on line {before.Index + 2}"
        yield Look(row, "higher_is", "" if row.higher_is == before.higher_is else says)


@rule
def low_below_high(rows, fetch) -> Looks:
    for row in rows:
        if reported(row.low) != reported(row.high):
            yield Look(row, "low" if reported(row.high) else "high", "one limit is there without the other")
        elif reported(row.low):
            says = f"limits out of order: {row.low:g} to {row.high:g}"
            yield Look(row, "low", "" if row.low < row.high else says)


@rule
def mid_has_source(rows, fetch) -> Looks:
    for row in rows:
        if reported(row.mid):
            yield Look(row, "mid_source", "" if row.mid_source else "a MID needs the source it was read in")


@rule
def families_known(rows, fetch) -> Looks:
    known = {
        "families": {scale.family for scale in fetch("instruments")},
        "events": {row.event for row in fetch("events")},
    }
    for row in rows:
        for column, allowed in known.items():
            for word in getattr(row, column).split():
                yield Look(row, column, "" if word in allowed else f"no row of data/ has {word!r}")
        if row.measure == "RR":
            yield Look(row, "events", "" if row.events else "a risk ratio needs the events it counts")
        else:
            there = row.families or row.domain
            yield Look(row, "families", "" if there else "a mean difference needs families of instruments or a domain")
