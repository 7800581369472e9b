"""The arm-by-arm extraction in ``data/`` under audit: every pair of arms as one row of `mscmeta.audit`."""

from __future__ import annotations

from mscmeta import data
from mscmeta.audit import Finding, Row, audit_rows
from mscmeta.audit.error_rates import ErrorRates, Rate


def extracted_rows(*, imputed: bool = False) -> list[dict]:
    """Means and SDs of both arms by trial, outcome, instrument, kind and month, from ``outcomes.csv``.

    Parameters
    ----------
    imputed : bool
        Also rows of which a part was borrowed or assumed by their source.

    Returns
    -------
    list of dict
        `trial, outcome, month, kind, n_1, mean_1, sd_1, n_2, mean_2, sd_2, low, high, measure, randomised_1,
        randomised_2`:
        arm 1 has the cells (all doses together where the source has them so), arm 2 is the control; limits are None
        where the instrument's are not known. As `mscmeta.audit.error_rates.measure` takes them.

    Examples
    --------
    >>> rows = extracted_rows()
    >>> [row["mean_1"] for row in rows if (row["trial"], row["outcome"]) == ("gupta2016", "pain vas_pain_10")]
    [3.98, 3.76, 3.72]
    """
    table, limits = data.table("outcomes"), data.table("instruments").set_index("instrument")
    sizes = data.table("arms").set_index(["trial", "arm"]).n
    table = table[table["mean"].notna() & table.sd.notna() & (table.month > 0) & table.arm.isin(["msc", "control"])]
    table = table if imputed else table[table.how != "imputed"]
    found = []
    keys = ["trial", "outcome", "instrument", "kind", "month", "source"]
    for (trial, outcome, instrument, kind, month, _), pair in table.groupby(keys, sort=False):
        arms = {row.arm: row for row in pair.itertuples()}
        if len(pair) == len(arms) == 2:
            low, high = (_known(limits.at[instrument, end]) for end in ("low", "high"))
            one = {"trial": trial, "outcome": f"{outcome} {instrument}", "month": int(month), "kind": kind}
            one |= {"low": low, "high": high, "measure": limits.at[instrument, "family"]}
            for number, arm in ((1, "msc"), (2, "control")):
                row, given = arms[arm], _known(sizes.get((trial, arm)))
                one |= {f"n_{number}": int(row.n), f"mean_{number}": float(row.mean), f"sd_{number}": float(row.sd)}
                one[f"randomised_{number}"] = None if given is None else int(given)
            found.append(one)
    return found


def planting_ground() -> list[dict]:
    """Rows of `extracted_rows` on scales with known limits: the truth into which faults are planted."""
    return [row for row in extracted_rows() if row["low"] is not None]


def stored_rates(way: str, trials: str = "held out") -> ErrorRates:
    """The audit's measured error rates, from the tables that ``benchmarks/audit_errors.py`` writes.

    Parameters
    ----------
    way : {"report", "rows"}
        With the trial's own report beside the row, or from the review's rows alone.
    trials : {"held out", "tuning"}
        Which half; misses are listed for the one held out.

    Examples
    --------
    >>> stored_rates("rows").found[0].name
    'se_for_sd'
    """
    counts, missed = data.table("audit_errors"), data.table("audit_misses")
    counts = counts[(counts.way == way) & (counts.trials == trials)]
    if counts.empty:
        raise ValueError(f"way is {way!r} and trials {trials!r}: use 'report' or 'rows', 'held out' or 'tuning'")
    rates = []
    for row in counts.itertuples():
        mine = missed[(missed.way == way) & (missed.fault == row.fault) & (trials == "held out")]
        rates.append(Rate(row.fault, int(row.found), int(row.of), tuple(mine.note), tuple(mine.moved.astype(float)),
                          tuple(mine.errors.astype(float))))  # fmt: skip
    *found, right, alarms = rates
    overall = Rate("all classes", sum(r.hits for r in found), sum(r.of for r in found))
    return ErrorRates(tuple(found), overall, right, alarms)


def stored_honest() -> Rate:
    """How many simulated honest results were flagged, from the same tables.

    >>> stored_honest().of
    10000
    """
    row = data.table("audit_errors").set_index("fault").loc["honest results flagged"]
    return Rate("honest results flagged", int(row.found), int(row.of))


def _known(value) -> float | None:
    import pandas as pd

    return None if value is None or pd.isna(value) else float(value)


def audit_extraction() -> tuple[list[Finding], int]:
    """Audit every row of the extraction, the imputed ones too.

    The tables hold numbers, so trailing zeros are lost and every rounding box is at its widest.

    Returns
    -------
    findings : list of Finding
        Those that flag something.
    checked : int
        How many checks were made.

    Examples
    --------
    >>> findings, checked = audit_extraction()
    >>> [f.says for f in findings], checked > 1000
    (['An SD of 2.98 on a scale from 0 to 10 with a mean of 0.9 cannot be: it is at most 2.825.'], True)
    """
    found = audit_rows([_row(one) for one in extracted_rows(imputed=True)])
    return [f for f in found if f.flag], len(found)


def _row(one: dict) -> Row:
    texts = {key: f"{value:g}" for key, value in one.items() if key.startswith(("n_", "mean_", "sd_", "month"))}
    given = {f"randomised_{arm}": _count(one[f"randomised_{arm}"]) for arm in (1, 2)}
    keys = {key: one[key] for key in ("trial", "outcome", "kind", "low", "high", "measure")}
    return Row(**keys, **texts, **given)


def _count(value: int | None) -> str:
    return "" if value is None else str(value)
