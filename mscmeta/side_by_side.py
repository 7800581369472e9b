"""Every answer of the reviews that can be put on one scale, beside one another, and why the others cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import data
from ._checks import one_of
from .pool import pool

if TYPE_CHECKING:
    import pandas as pd

#: What is pooled anew for each outcome: review, endpoint, classes of comparator, words. All on 0 to 10, or 0 to 100.
RERUNS = {
    "pain": (
        ("qu2021", "vas_pain", None, "Qu and Sun: VAS, trials at hand"),
        ("qu2021", "womac_pain", None, "Qu and Sun: WOMAC pain, trials at hand"),
        ("sadeghirad2024", "pain", None, "Sadeghirad: trials inferred"),
        ("cochrane2025", "pain", "placebo", "Extraction: placebo only"),
        ("cochrane2025", "pain", None, "Extraction: any comparator"),
    ),
    "function": (
        ("qu2021", "womac_function", None, "Qu and Sun: WOMAC function, trials at hand"),
        ("sadeghirad2024", "function", None, "Sadeghirad: trials inferred"),
        ("cochrane2025", "function", "placebo", "Extraction: placebo only"),
        ("cochrane2025", "function", None, "Extraction: any comparator"),
    ),
}
#: Printed results that are of the outcome and on a known scale, and how they are turned to "lower is better".
PRINTED = {
    ("sadeghirad2024", "pain"): ("pain", 1),
    ("sadeghirad2024", "function"): ("function", -1),
    ("cochrane2025", "pain"): ("pain", 1),
}
SHORT = {"qu2021": "Qu and Sun", "sadeghirad2024": "Sadeghirad", "cochrane2025": "Cochrane"}
#: Outcomes that are neither pain nor function.
OTHER = {
    "womac_stiffness": "stiffness is neither pain nor function",
    "womac_total": "a total of pain, stiffness and function",
    "ikdc": "one score for symptoms, function and sport together",
}
HIGH = {"pain": 10.0, "function": 100.0}
TIMES = {3: "Up to 3 months", 6: "Over 3 and up to 6 months", 12: "About 12 months"}


def answers(outcome: str, *, kind: str = "final", tau2="REML", ci="HK-floor", level: float = 0.95) -> pd.DataFrame:
    """All answers for pain (0 to 10 cm) or function (0 to 100), lower is better, MSC minus control.

    Parameters
    ----------
    outcome : {"pain", "function"}
    kind, tau2, ci, level
        Of the re-runs; as for `data.contrasts` and `pool`. One trial alone keeps its own interval.

    Returns
    -------
    DataFrame
        One row an answer, by time: `month`, `group` (time in words), `review`, `label`, `kind` ("printed" or
        "computed"), `k` (rows pooled; missing where not printed), `estimate`, `low`, `high`.

    Raises
    ------
    ValueError
        For another outcome, or options that `data.contrasts` or `pool` refuse.

    Examples
    --------
    >>> found = answers("function", tau2="DL", ci="Wald")
    >>> found[(found.kind == "printed")][["month", "estimate", "low", "high"]].values.tolist()
    [[6.0, -2.23, -5.43, 0.97], [12.0, -19.36, -38.9, 0.19]]
    """
    import pandas as pd

    one_of("outcome", outcome, RERUNS)
    rows = _printed_rows(outcome)
    values = data.table("outcomes")
    months = sorted({int(m) for m in values.month[(values.outcome == outcome) & (values.month > 1)]})
    for review, endpoint, comparators, label in RERUNS[outcome]:
        for month in months:
            trials = _trials(review, endpoint, month, kind, comparators)
            if trials is not None:
                fit = pool(trials.y, trials.v, tau2=tau2, ci=ci if len(trials) > 1 else "Wald", level=level)
                factor = HIGH[outcome] / trials.attrs["high"]
                numbers = (factor * float(x) for x in (fit.estimate, fit.ci.low, fit.ci.high))
                rows.append((month, review, f"{label} (k = {len(trials)})", "computed", len(trials), *numbers))
    heads = ["month", "review", "label", "kind", "k", "estimate", "low", "high"]
    frame = pd.DataFrame(rows, columns=heads).sort_values("month", kind="stable", ignore_index=True)
    frame.insert(1, "group", [TIMES.get(month, f"{month} months") for month in frame.month])
    return frame


def _trials(review: str, endpoint: str, month: int, kind: str, comparators):
    """Contrasts, or None where the review has no trial at the month."""
    try:
        return data.contrasts(review, endpoint, month, kind=kind, comparators=comparators)
    except ValueError:
        if kind not in ("final", "change"):
            raise
        return None


def _printed_rows(outcome: str) -> list[tuple]:
    rows = []
    for row in data.table("published").itertuples():
        place, turn = PRINTED.get((row.review, row.outcome), (None, 1))
        if place == outcome and not reason_out(row):
            low, high = sorted((turn * row.ci_low, turn * row.ci_high))
            rows.append(
                (
                    int(row.month),
                    row.review,
                    f"{SHORT[row.review]}: as printed",
                    "printed",
                    np.nan,
                    turn * row.estimate,
                    low,
                    high,
                )
            )
    return rows


def reason_out(row) -> str:
    """Why a row of ``published.csv`` cannot be put on a scale of pain or function; "" where it can."""
    if row.measure != "MD":
        return "counts patients, not points of a scale"
    if row.outcome in OTHER:
        return OTHER[row.outcome]
    if (row.review, row.outcome) not in PRINTED:
        beyond = row.outcome == "vas_pain" and abs(row.estimate) > HIGH["pain"]
        return "the unit is not printed" + ("; it cannot be cm of a 10-cm line" if beyond else "")
    return "" if row.ci_low == row.ci_low else "no interval in the copy seen"


def not_placed() -> pd.DataFrame:
    """Printed results that are on no figure of `answers`, each with the reason.

    Returns
    -------
    DataFrame
        `review`, `outcome`, `visit`, `estimate`, `low`, `high`, `reason`.

    Examples
    --------
    >>> out = not_placed()
    >>> len(out) + len(answers("pain").query("kind == 'printed'")) + len(answers("function").query("kind == 'printed'"))
    27
    """
    table = data.table("published")
    table = table.assign(reason=[reason_out(row) for row in table.itertuples()])
    out = table[table.reason != ""].rename(columns={"ci_low": "low", "ci_high": "high"})
    labels = data.table("endpoints").set_index(["review", "outcome"]).label
    names = [labels.get((row.review, row.outcome), row.outcome) for row in out.itertuples()]
    out = out.assign(review=out.review.map(SHORT), outcome=names)
    return out[["review", "outcome", "visit", "estimate", "low", "high", "reason"]].reset_index(drop=True)
