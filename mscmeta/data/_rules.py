"""The named rules of datapackage.json that look at more than one cell.

Each takes the frame of its table and a function that fetches another table (None if that one is broken), and returns
how many rows it looked at and the broken ones as (row, column, reason).
"""

from collections.abc import Callable

Broken = list[tuple[int, str, str]]
RULES: dict[str, Callable] = {}


def rule(function: Callable) -> Callable:
    """Enter a rule under its own name, which datapackage.json uses and explains."""
    RULES[function.__name__] = function
    return function


def _has(*values: object) -> bool:
    """True when every value is reported; NaN and <NA> are not."""
    import pandas as pd

    return not any(pd.isna(value) for value in values)


def _instruments(fetch) -> dict:
    instruments = fetch("instruments")
    return {} if instruments is None else instruments.set_index("instrument").to_dict("index")


@rule
def arm_parts(frame, fetch) -> tuple[int, Broken]:
    roles = {(row.trial, row.arm): row.role for row in frame.itertuples()}
    broken: Broken = []
    rows = [row for row in frame.itertuples() if row.part_of]
    for row in rows:
        whole = roles.get((row.trial, row.part_of))
        if whole is None or row.part_of == row.arm:
            broken.append((row.Index, "part_of", f"{row.part_of!r} is not another arm of {row.trial}"))
        elif whole != row.role:
            broken.append((row.Index, "part_of", f"{row.part_of!r} is a {whole} arm, but this one is a {row.role} arm"))
    return len(rows), broken


@rule
def parts_within_n(frame, fetch) -> tuple[int, Broken]:
    looked, broken = 0, []
    for row in frame.itertuples():
        for column, parts in (("female", (row.male, row.female)), ("kl_4", (row.kl_2, row.kl_3, row.kl_4))):
            if _has(*parts):
                looked += 1
                if sum(parts) > row.n:
                    broken.append((row.Index, column, f"{' + '.join(map(str, parts))} is more than n = {row.n}"))
    return looked, broken


@rule
def has_a_value(frame, fetch) -> tuple[int, Broken]:
    bad = [r.Index for r in frame.itertuples() if not _has(r.mean) and not _has(r.median)]
    return len(frame), [(i, "mean", "the row holds neither a mean nor a median") for i in bad]


@rule
def within_limits(frame, fetch) -> tuple[int, Broken]:
    looked, broken, known = 0, [], _instruments(fetch)
    for row in frame.itertuples():
        scale = known.get(row.instrument, {"low": None, "high": None})
        if not _has(scale["low"], scale["high"]):
            continue
        reach = scale["high"] - scale["low"]
        low, high = (scale["low"], scale["high"]) if row.kind == "final" else (-reach, reach)
        # confidence limits of a mean may leave the scale; means, medians and quartiles cannot
        for column in ("mean", "median", "q1", "q3"):
            value = getattr(row, column)
            if _has(value):
                looked += 1
                if not low <= value <= high:
                    says = f"{value:g} is outside {low:g} to {high:g}, what {row.instrument} allows a {row.kind} value"
                    broken.append((row.Index, column, says))
    return looked, broken


@rule
def sd_possible(frame, fetch) -> tuple[int, Broken]:
    looked, broken, known = 0, [], _instruments(fetch)
    for row in frame.itertuples():
        scale = known.get(row.instrument, {"low": None, "high": None})
        if not _has(row.sd, scale["low"], scale["high"]):
            continue
        looked += 1
        reach = (scale["high"] - scale["low"]) * (2 if row.kind == "change" else 1)
        n = row.n if _has(row.n) and row.n > 1 else 2
        largest = reach / 2 * (n / (n - 1)) ** 0.5
        if row.sd > largest:
            broken.append(
                (row.Index, "sd", f"{row.sd:g} is impossible: no SD on {row.instrument} exceeds {largest:.4g}")
            )
    return looked, _excused(frame, "sd_possible", broken)


@rule
def sd_not_se(frame, fetch) -> tuple[int, Broken]:
    looked, suspects = _suspected_se(frame)
    return looked, _excused(frame, "sd_not_se", suspects)


def _suspected_se(frame) -> tuple[int, Broken]:
    looked, broken = 0, []
    spread = frame[frame.sd.notna() & frame.n.notna()]
    for _, group in spread.groupby(["trial", "instrument"]):
        if len(group) < 3:  # two arms alone cannot say which of them is the odd one out
            continue
        for row in group.itertuples():
            looked += 1
            usual = group.sd.drop(row.Index).median()
            if row.n >= 3 and usual >= 0.8 * float(row.n) ** 0.5 * row.sd:
                says = f"{row.sd:g} looks like a standard error: n = {row.n}, other SDs of this trial about {usual:.4g}"
                broken.append((row.Index, "sd", says))
    return looked, broken


def _excused(frame, name: str, broken: Broken) -> Broken:
    return [item for item in broken if not frame.at[item[0], "excused"].startswith(f"{name}: ")]


@rule
def excuse_known(frame, fetch) -> tuple[int, Broken]:
    """An excuse that excuses nothing would hide the next mistake in its row."""
    bare = frame.assign(excused="")
    guilty = {name: {row for row, *_ in RULES[name](bare, fetch)[1]} for name in ("sd_possible", "sd_not_se")}
    rows = [row for row in frame.itertuples() if row.excused]
    broken: Broken = []
    for row in rows:
        name, colon, reason = row.excused.partition(": ")
        if name not in guilty or not colon or not reason:
            broken.append((row.Index, "excused", f"write one of {', '.join(guilty)}, a colon and the reason"))
        elif row.Index not in guilty[name]:
            broken.append((row.Index, "excused", f"the row does not break {name}; take the excuse out"))
    return len(rows), broken


@rule
def quartiles_in_order(frame, fetch) -> tuple[int, Broken]:
    looked, broken = 0, []
    for row in frame.itertuples():
        if _has(row.q1) != _has(row.q3):
            broken.append((row.Index, "q1" if _has(row.q3) else "q3", "one quartile is there without the other"))
        elif _has(row.q1):
            looked += 1
            middle = row.median if _has(row.median) else row.q1
            if not row.q1 <= middle <= row.q3:
                says = f"quartiles out of order: {row.q1:g}, median {row.median:g}, {row.q3:g}"
                broken.append((row.Index, "q1", says))
    return looked, broken


@rule
def limits_in_order(frame, fetch) -> tuple[int, Broken]:
    looked, broken = 0, []
    for row in frame.itertuples():
        if _has(row.ci_low) != _has(row.ci_high):
            column = "ci_low" if _has(row.ci_high) else "ci_high"
            broken.append((row.Index, column, "one confidence limit is there without the other"))
        elif _has(row.ci_low):
            looked += 1
            mean = getattr(row, "mean", None)
            if not row.ci_low < row.ci_high:
                broken.append((row.Index, "ci_low", f"limits out of order: {row.ci_low:g} to {row.ci_high:g}"))
            elif _has(mean) and not row.ci_low <= mean <= row.ci_high:
                says = f"{mean:g} is outside its own interval {row.ci_low:g} to {row.ci_high:g}"
                broken.append((row.Index, "mean", says))
    return looked, broken


@rule
def estimate_within_limits(frame, fetch) -> tuple[int, Broken]:
    rows = [row for row in frame.itertuples() if _has(row.estimate, row.ci_low, row.ci_high)]
    says = "{:g} is outside its own interval {:g} to {:g}"
    bad = [row for row in rows if not row.ci_low <= row.estimate <= row.ci_high]
    return len(rows), [(r.Index, "estimate", says.format(r.estimate, r.ci_low, r.ci_high)) for r in bad]


@rule
def poolable_has_interval(frame, fetch) -> tuple[int, Broken]:
    broken: Broken = []
    for row in frame.itertuples():
        if row.poolable and not _has(row.ci_low, row.ci_high, row.n_1, row.n_2):
            broken.append((row.Index, "poolable", "an effect that may be pooled needs its interval and both n"))
        elif row.poolable and row.population != "all randomised":
            broken.append((row.Index, "poolable", f"an effect of {row.population!r} is not one of all randomised"))
    return len(frame), broken


@rule
def events_at_most_n(frame, fetch) -> tuple[int, Broken]:
    bad = frame[frame.events > frame.n]
    return len(frame), [
        (r.Index, "events", f"{r.events} of {r.n}: more events than participants") for r in bad.itertuples()
    ]


@rule
def from_step_known(frame, fetch) -> tuple[int, Broken]:
    steps = {(row.review, row.step) for row in frame.itertuples()}
    rows = [row for row in frame.itertuples() if row.from_step]
    bad = [r for r in rows if (r.review, r.from_step) not in steps or r.from_step == r.step]
    return len(rows), [(r.Index, "from_step", f"{r.from_step!r} is not another step of {r.review}") for r in bad]


@rule
def one_direction_a_family(frame, fetch) -> tuple[int, Broken]:
    first, broken = {}, []
    for row in frame.itertuples():
        direction, line = first.setdefault(row.family, (row.higher_is, row.Index + 2))
        if direction != row.higher_is:
            says = f"mixed direction: in family {row.family}, higher is {direction} on line {line}"
            broken.append((row.Index, "higher_is", says))
    return len(frame), broken


@rule
def limits_in_order_low_high(frame, fetch) -> tuple[int, Broken]:
    broken: Broken = []
    for row in frame.itertuples():
        if _has(row.low) != _has(row.high):
            broken.append((row.Index, "low" if _has(row.high) else "high", "one limit is there without the other"))
        elif _has(row.low) and not row.low < row.high:
            broken.append((row.Index, "low", f"limits out of order: {row.low:g} to {row.high:g}"))
    return len(frame), broken


@rule
def mid_has_source(frame, fetch) -> tuple[int, Broken]:
    rows = [row for row in frame.itertuples() if _has(row.mid)]
    return len(rows), [
        (r.Index, "mid_source", "a MID needs the source it was read in") for r in rows if not r.mid_source
    ]


@rule
def families_known(frame, fetch) -> tuple[int, Broken]:
    families = {scale["family"] for scale in _instruments(fetch).values()}
    events = fetch("events")
    known = {"families": families, "events": set() if events is None else set(events.event)}
    broken: Broken = []
    for row in frame.itertuples():
        for column, allowed in known.items():
            for word in getattr(row, column).split():
                if word not in allowed:
                    broken.append((row.Index, column, f"no row of data/ has {word!r}"))
        if row.measure == "RR" and not row.events:
            broken.append((row.Index, "events", "a risk ratio needs the events it counts"))
        if row.measure == "MD" and not row.families and not row.domain:
            broken.append((row.Index, "families", "a mean difference needs families of instruments or a domain"))
    return len(frame), broken
