"""The twelve faults that measure the audit: planted one at a time into honest rows, printed as papers print them.

Two amounts of evidence are kept apart, since they decide what can be seen at all: the review's rows alone (arms, scale,
participants randomised, the trial's other visits and outcomes), and the same beside the difference, interval and P
value that the trial itself printed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from mscmeta.audit.rows import Row

Rows = list[Row]
_RETRIES = 200


# --- printing ---------------------------------------------------------------------------------------------------------


def printed(value: float, places: int) -> str:
    """A number as papers print it, half rounded either way as binary fractions fall.

    >>> printed(-0.004, 2), printed(3.14159, 2)
    ('0.00', '3.14')
    """
    text = f"{value:.{places}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def printed_p(p: float) -> str:
    """A P value to three decimals, "< 0.001" below.

    >>> printed_p(0.0004), printed_p(0.0301)
    ('< 0.001', '0.030')
    """
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def print_rows(truth: Sequence[Mapping], rng: np.random.Generator, *, report: bool = True) -> Rows:
    """Rows of one trial and outcome as a paper would print them.

    Parameters
    ----------
    truth : sequence of mappings
        With `trial, outcome, month, kind, n_1, mean_1, sd_1, n_2, mean_2, sd_2, low, high` as numbers, and optionally
        `randomised_1, randomised_2` (else the most ever analysed) and `measure`.
    rng : numpy.random.Generator
        Draws the decimals and the form of the interval: normal, pooled t or Welch's t.
    report : bool
        Whether the trial's own difference, interval and P value stand beside the arms.
    """
    places, form = int(rng.integers(1, 3)), int(rng.integers(3))
    if truth[0]["low"] is not None and truth[0]["high"] - truth[0]["low"] <= 20:
        places = max(places, int(rng.integers(1, 4)))
    most = [max(int(t[f"n_{arm}"]) for t in truth) for arm in (1, 2)]
    rows = []
    for t in truth:
        extra = _report(t, places, form) if report else {}
        given = {f"randomised_{arm}": str(int(t.get(f"randomised_{arm}") or most[arm - 1])) for arm in (1, 2)}
        cells = {f"{part}_{arm}": printed(t[f"{part}_{arm}"], places) for part in ("mean", "sd") for arm in (1, 2)}
        counts = {f"n_{arm}": str(int(t[f"n_{arm}"])) for arm in (1, 2)}
        keys = {"trial": str(t["trial"]), "outcome": str(t["outcome"]), "month": f"{t['month']:g}", "kind": t["kind"]}
        keys["measure"] = t.get("measure", "")
        rows.append(Row(**keys, low=t["low"], high=t["high"], **cells, **counts, **given, **extra))
    return rows


def _report(t: Mapping, places: int, form: int) -> dict[str, str]:
    gap = t["mean_1"] - t["mean_2"]
    a, b, n_1, n_2 = t["sd_1"] ** 2 / t["n_1"], t["sd_2"] ** 2 / t["n_2"], t["n_1"], t["n_2"]
    df = n_1 + n_2 - 2
    se = math.sqrt(a + b)
    if form == 1:
        se = math.sqrt(((n_1 - 1) * t["sd_1"] ** 2 + (n_2 - 1) * t["sd_2"] ** 2) / df * (1 / n_1 + 1 / n_2))
    elif form == 2:
        df = (a + b) ** 2 / (a**2 / (n_1 - 1) + b**2 / (n_2 - 1))
    reach = se * float(stdtrit(df, 0.975) if form else ndtri(0.975))
    p = 2 * float(stdtr(df, -abs(gap) / se) if form else ndtr(-abs(gap) / se))
    limits = {"ci_low": printed(gap - reach, places), "ci_high": printed(gap + reach, places)}
    return {"estimate": printed(gap, places), **limits, "p": printed_p(p)}


# --- the twelve faults ------------------------------------------------------------------------------------------------
# Each takes the rows of one trial and outcome, the place of the victim and a generator, and returns the rows with the
# fault, or None where it cannot happen there. Only the review's own cells change, never the trial's report.

Fault = Callable[[Rows, int, np.random.Generator], Rows | None]


def _put(rows: Rows, at: int, **cells: str) -> Rows:
    return [*rows[:at], replace(rows[at], **cells), *rows[at + 1 :]]


def _places(text: str) -> int:
    return len(text.partition(".")[2])


def _times(text: str, factor: float) -> str:
    """A printed number multiplied, to as many decimals, or more where it would have no digit left."""
    value = float(text) * factor
    places = _places(text)
    while value and places < 4 and abs(value) < 10.0 ** (1 - places):
        places += 1
    return printed(value, places)


def _sds_by_root_n(rows: Rows, at: int, power: float) -> Rows:
    row = rows[at]
    return _put(rows, at, sd_1=_times(row.sd_1, int(row.n_1) ** power), sd_2=_times(row.sd_2, int(row.n_2) ** power))


def se_for_sd(rows: Rows, at: int, rng: np.random.Generator) -> Rows:
    """Standard errors stand where SDs belong, in both arms."""
    return _sds_by_root_n(rows, at, -0.5)


def sd_for_se(rows: Rows, at: int, rng: np.random.Generator) -> Rows:
    """SDs were taken for standard errors and multiplied by the root of n."""
    return _sds_by_root_n(rows, at, 0.5)


def sign(rows: Rows, at: int, rng: np.random.Generator) -> Rows:
    """The scale is read backwards: changes change sign, final scores are counted from the other end."""
    row = rows[at]
    if row.kind == "change" or row.high is None:
        return _put(rows, at, mean_1=_times(row.mean_1, -1), mean_2=_times(row.mean_2, -1))
    ends = row.low + row.high
    turned = {arm: printed(ends - float(getattr(row, arm)), _places(getattr(row, arm))) for arm in ("mean_1", "mean_2")}
    return _put(rows, at, **turned)


def scale(rows: Rows, at: int, rng: np.random.Generator) -> Rows:
    """0-10 and 0-100 are mixed up: means and SDs of the row are ten times too large or too small."""
    factor = 10.0 if rng.random() < 0.5 else 0.1
    return _put(rows, at, **{c: _times(getattr(rows[at], c), factor) for c in ("mean_1", "sd_1", "mean_2", "sd_2")})


def decimal_slip(rows: Rows, at: int, rng: np.random.Generator) -> Rows:
    """The point of one mean or SD is one place off."""
    cell = str(rng.choice(["mean_1", "sd_1", "mean_2", "sd_2"]))
    return _put(rows, at, **{cell: _times(getattr(rows[at], cell), 10.0 if rng.random() < 0.5 else 0.1)})


def n_swapped(rows: Rows, at: int, rng: np.random.Generator) -> Rows:
    """The numbers of participants stand in each other's arm."""
    return _put(rows, at, n_1=rows[at].n_2, n_2=rows[at].n_1)


def control_reused(rows: Rows, at: int, rng: np.random.Generator) -> Rows | None:
    """The first arm is entered as two to four doses, each against the whole control."""
    row, parts = rows[at], int(rng.integers(2, 5))
    size = int(row.n_1) // parts
    if size < 2:
        return None
    first = replace(row, estimate="", ci_low="", ci_high="", p="", n_1=str(size), randomised_1="")
    doses = []
    for dose in range(parts):
        shift = float(rng.normal(0, float(row.sd_1) / math.sqrt(size)))
        doses.append(replace(first, dose=f"dose {dose + 1}", mean_1=_nudged(row, shift)))
    return [*rows[:at], *doses, *rows[at + 1 :]]


def _nudged(row: Row, shift: float) -> str:
    value = float(row.mean_1) + shift
    if row.low is not None and row.kind == "final":
        value = min(max(value, row.low), row.high)
    return printed(value, _places(row.mean_1))


def change_for_final(rows: Rows, at: int, rng: np.random.Generator) -> Rows:
    """The other kind of score: changes where finals belong, finals where changes belong.

    The other kind is seldom printed, so it is drawn: a baseline on the scale, arms apart by chance as randomisation
    leaves them, and a correlation of 0.3 to 0.7 between visits.
    """
    row, r = rows[at], rng.uniform(0.3, 0.7)
    span = 100.0 if row.high is None else row.high - row.low
    common, cells = (row.low or 0.0) + span * rng.uniform(0.4, 0.7), {}
    for arm in (1, 2):
        mean, sd, n = (
            float(getattr(row, f"mean_{arm}")),
            float(getattr(row, f"sd_{arm}")),
            int(getattr(row, f"n_{arm}")),
        )
        before = common + rng.normal(0, sd / math.sqrt(n))
        other = mean - before if row.kind == "final" else before + mean
        factor = math.sqrt(2 * (1 - r)) if row.kind == "final" else 1 / math.sqrt(2 * (1 - r))
        cells |= {f"mean_{arm}": printed(other, _places(getattr(row, f"mean_{arm}")))}
        cells |= {f"sd_{arm}": _times(getattr(row, f"sd_{arm}"), factor)}
    return _put(rows, at, **cells)


def wrong_month(rows: Rows, at: int, rng: np.random.Generator) -> Rows | None:
    """Another visit's numbers stand at this one."""
    if len(rows) < 2:
        return None
    other = rows[int(rng.choice([i for i in range(len(rows)) if i != at]))]
    return _put(rows, at, n_1=other.n_1, mean_1=other.mean_1, sd_1=other.sd_1, n_2=other.n_2, mean_2=other.mean_2,
                sd_2=other.sd_2)  # fmt: skip


def arms_swapped(rows: Rows, at: int, rng: np.random.Generator) -> Rows:
    """Each arm has the other's numbers."""
    row = rows[at]
    return _put(rows, at, n_1=row.n_2, mean_1=row.mean_2, sd_1=row.sd_2, n_2=row.n_1, mean_2=row.mean_1, sd_2=row.sd_1)


def digits_transposed(rows: Rows, at: int, rng: np.random.Generator) -> Rows | None:
    """Two neighbouring digits of one mean or SD change places."""
    cell = str(rng.choice(["mean_1", "sd_1", "mean_2", "sd_2"]))
    text = getattr(rows[at], cell)
    digits = [i for i, c in enumerate(text) if c.isdigit()]
    pairs = [(i, j) for i, j in pairwise(digits) if text[i] != text[j]]
    if not pairs:
        return None
    i, j = pairs[int(rng.integers(len(pairs)))]
    letters = list(text)
    letters[i], letters[j] = letters[j], letters[i]
    return _put(rows, at, **{cell: "".join(letters)})


def impossible_mean(rows: Rows, at: int, rng: np.random.Generator) -> Rows | None:
    """One mean lies off the scale, by up to a fifth of its width."""
    row = rows[at]
    if row.low is None:
        return None
    cell, width = str(rng.choice(["mean_1", "mean_2"])), row.high - row.low
    places = _places(getattr(row, cell))
    beyond = width * rng.uniform(0, 0.2) + 2 * 10.0**-places
    low, high = (row.low, row.high) if row.kind == "final" else (-width, width)
    return _put(rows, at, **{cell: printed(high + beyond if rng.random() < 0.5 else low - beyond, places)})


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        se_for_sd,
        sd_for_se,
        sign,
        scale,
        decimal_slip,
        n_swapped,
        control_reused,
        change_for_final,
        wrong_month,
        arms_swapped,
        digits_transposed,
        impossible_mean,
    )
}


# --- planting ---------------------------------------------------------------------------------------------------------


def documents(truth: Sequence[Mapping]) -> dict[str, list[list[Mapping]]]:
    """Rows as one would read them together: by trial, and there by outcome and kind, months in order."""
    groups: dict[str, dict[tuple, list[Mapping]]] = {}
    for t in truth:
        groups.setdefault(str(t["trial"]), {}).setdefault((t["outcome"], t["kind"]), []).append(t)
    return {
        trial: [sorted(group, key=lambda t: t["month"]) for group in outcomes.values()]
        for trial, outcomes in groups.items()
    }


def plant(
    name: str, truth: Sequence[Mapping], rng: np.random.Generator, *, report: bool = True
) -> tuple[Rows, Rows, int]:
    """One fault of class `name` in an outcome drawn from `truth`, with the trial's other outcomes beside it.

    Returns
    -------
    clean, faulty : list of Row
        The same document without and with the fault.
    at : int
        The place of the victim in `clean`.

    Raises
    ------
    ValueError
        When no document can hold the fault.
    """
    by_trial = documents(truth)
    places = [(trial, i) for trial, outcomes in by_trial.items() for i in range(len(outcomes))]
    for _ in range(_RETRIES):
        trial, chosen = places[int(rng.integers(len(places)))]
        victim = print_rows(by_trial[trial][chosen], rng, report=report)
        at = int(rng.integers(len(victim)))
        hurt = FAULTS[name](victim, at, rng)
        if hurt is not None and hurt != victim:
            beside = [group for i, group in enumerate(by_trial[trial]) if i != chosen]
            rest = [row for group in beside for row in print_rows(group, rng, report=report)]
            return [*victim, *rest], [*hurt, *rest], at
    raise ValueError(f"truth holds no row in which the fault '{name}' can be planted")
