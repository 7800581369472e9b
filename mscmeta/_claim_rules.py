"""The rules that judge claims: those of `mscmeta.audit`, and those that need the tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from mscmeta import audit, data
from mscmeta.audit import Finding
from mscmeta.pool import Pooled, pool, pool_by_heterogeneity


def rules() -> dict[str, Callable]:
    """Every function that a claim may name, by name.

    Examples
    --------
    >>> sorted(rules())[:3]
    ['adds_up', 'among', 'candidate_rerun']
    """
    here = (
        effect_on_instruments,
        fits_trials,
        rerun,
        candidate_rerun,
        reporting_trials,
        names_reference,
        percent_fall,
        sizes_span,
        sizes_exceed,
    )
    shared = (
        "adds_up among centred counted direction every exceeds inside interval_from_p method_fits most near_identical"
    )
    shared += " p_from_interval same same_words significance spans standard_error threshold_kept within_mid"
    return {name: getattr(audit, name) for name in shared.split()} | {rule.__name__: rule for rule in here}


@cache
def cells_of(name: str):
    """One table, read once an evaluation."""
    return data.table(name)


def as_text(value) -> str:
    """A cell as text; "" for what is not reported."""
    import pandas as pd

    if value is None or value is pd.NA or value != value:
        return ""
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def forget() -> None:
    """Read the tables anew at the next use."""
    cells_of.cache_clear()
    _refit.cache_clear()


def effect_on_instruments(estimate: str, instruments: list[str]) -> Finding:
    """Whether a difference can arise on one of the scales that its trials used.

    >>> effect_on_instruments("-13.83", ["womac_stiffness_8", "womac_stiffness_100"]).verdict
    'contradicted'
    """
    table = cells_of("instruments").set_index("instrument")
    return audit.effect_within_scale(estimate, *((table.low[key], table.high[key]) for key in instruments))


def fits_trials(
    value: str, p: str, estimate: str, low: str, high: str, comparisons: list[str], coefficients: int
) -> Finding:
    """Whether t and P need more degrees of freedom than a regression on its comparisons can have.

    Parameters
    ----------
    comparisons : list of str
        One entry for each comparison, so that their number counts.
    coefficients : int
        Coefficients fitted, the intercept among them.
    """
    most = str(len(comparisons) - coefficients)
    return audit.df_implied(value, p, estimate=estimate, low=low, high=high, at_most=most)


def reporting_trials(printed: str, refs: list[str], review: str, family: str) -> Finding:
    """Whether the number of trials said to report an outcome leaves out one whose own report has it.

    Parameters
    ----------
    refs : list of str
        Reference numbers that the review names.
    review, family : str
        Key of the review, and family of instruments (``instruments.csv``).
    """
    inclusion = cells_of("inclusion")
    inclusion = inclusion[(inclusion.review == review) & (inclusion.ref.map(as_text) != "")].set_index("trial")
    named = {trial for trial, ref in inclusion.ref.map(as_text).items() if ref in refs}
    outcomes = cells_of("outcomes")
    families = cells_of("instruments").set_index("instrument").family
    own = outcomes[(outcomes.how == "reported") & (outcomes.instrument.map(families) == family)]
    more = sorted(set(own.trial) & set(inclusion.index) - named)
    judged = audit.counted(printed, [*named, *more])
    if not more or not judged.flag:
        return judged
    labels = ", ".join(cells_of("trials").set_index("trial").label[more])
    return replace(judged, says=f"With {labels}, whose own report has it, there are {len(named) + len(more)}.")


def _sizes(review: str) -> list[str]:
    table = cells_of("characteristics")
    return [as_text(n) for n in table[table.source == review].groupby("trial", sort=False).n.sum()]


def sizes_span(low: str, high: str, review: str) -> Finding:
    """Whether the smallest and largest trial are those of the review's own table, arms summed."""
    return audit.spans(low, high, _sizes(review))


def sizes_exceed(limit: str, review: str) -> Finding:
    """Whether all trials of the review's own table, arms summed, are larger than a stated limit."""
    return audit.exceeds(limit, _sizes(review))


def names_reference(printed: str, review: str, ref: str) -> Finding:
    """Whether an author's name beside a reference number is that of the trial that the review lists under it.

    >>> names_reference("Lamo-Espinosa", "qu2021", "27").says
    'Reference 27 is Emadedin 2018, not Lamo-Espinosa.'
    """
    inclusion = cells_of("inclusion")
    row = inclusion[(inclusion.review == review) & (inclusion.ref.map(as_text) == ref)]
    if len(row) != 1:
        raise ValueError(f"ref is {ref!r}: {review} lists no trial under it")
    label = cells_of("trials").set_index("trial").label[row.trial.iloc[0]]
    agrees = label.casefold().startswith(printed.casefold())
    bad = f"Reference {ref} is {label}, not {printed}."
    return Finding("names_reference", "consistent" if agrees else "contradicted", f"It is {label}." if agrees else bad)


def percent_fall(percent: str, before: list[str], after: list[str]) -> Finding:
    """Whether a fall in percent is the one that means printed elsewhere give, rounding allowed for.

    The means (averaged when several, to the most decimals among them) come from another source, so a fall that is not
    the same ``differs``.

    >>> percent_fall("64", ["60.9"], ["20.6"]).says
    'From 60.9 to 20.6 is a fall of 66.17 %, not 64 %.'
    """
    half = 10.0 ** -max(audit.decimals(value) for value in (*before, *after)) / 2
    first, last = (sum(map(float, values)) / len(values) for values in (before, after))
    fall = 100 * (1 - last / first)
    least, most = 100 * (1 - (last + half) / (first - half)), 100 * (1 - (last - half) / (first + half))
    same = audit.Box(least, most).meets(audit.box(percent))
    says = f"From {first:g} to {last:g} is a fall of {fall:.4g} %" + ("." if same else f", not {percent} %.")
    return Finding("percent_fall", "reproduced" if same else "differs", says)


def rerun(quantity: str, printed: str, review: str, outcome: str, month: int) -> Finding:
    """A pooled result recomputed from trial data by the review's own rule, if every trial of that month is held.

    The rule of Qu and Sun: DerSimonian-Laird where P of Q is below 0.1 or I² above 50 %, else a fixed effect; normal
    interval; each dose against the whole control.

    Parameters
    ----------
    quantity : {'estimate', 'low', 'high', 'p'}
        Which of the four printed numbers.
    """
    fit = _refit(review, outcome, month)
    if isinstance(fit, str):
        return Finding("rerun", "not_applicable", f"Not rerun: {fit}.")
    value = float({"estimate": fit.estimate, "low": fit.ci.low, "high": fit.ci.high, "p": fit.p_value}[quantity])
    around = audit.p_box(printed) if quantity == "p" else audit.box(printed)
    same = around.low <= value <= around.high
    shown = f"Rerun from {fit.k} comparisons, {'fixed' if fit.tau2_method == 'FE' else 'random'} effects: {value:.3g}"
    return Finding("rerun", "reproduced" if same else "differs", f"{shown}, printed {printed}.")


def candidate_rerun(printed: str, review: str, outcome: str, month: int = 0, instrument: str = "") -> Finding:
    """What the trials that fit the criteria of a review give, where the review names none: told, but no verdict.

    Parameters
    ----------
    printed : str
        The printed estimate.
    review, outcome : str
    month : int
        0 for events, which have none.
    instrument : str
        Scale of the printed number, if it is not that of ``endpoints.csv``.
    """
    try:
        frame = data.contrasts(review, outcome, month or None)
    except data.NoTrialLeftError:
        return Finding("candidate_rerun", "not_applicable", "No trial that fits its criteria is at hand.")
    frame = data.on_instrument(frame, instrument) if instrument else frame
    fit = pool(frame.y, frame.v, tau2="DL", ci="Wald", labels=frame.label)
    shown = (float(x) for x in (fit.estimate, fit.ci.low, fit.ci.high))
    values = [math.exp(x) if frame.attrs["measure"] == "RR" else x for x in shown]
    says = "{} trials that fit its criteria give {:.3g} ({:.3g} to {:.3g}), printed {}; its own trials are not named."
    return Finding("candidate_rerun", "not_applicable", says.format(fit.k, *values, printed))


@cache
def _refit(review: str, outcome: str, month: int) -> Pooled | str:
    """The pooled result by the rule of Qu and Sun, or why there is none."""
    known = data.holdings(review, outcome, [month])
    if missing := [f"{row.label}: {row.says}" for row in known.itertuples() if row.listed and not row.held]:
        return "; ".join(missing)
    frame = data.contrasts(review, outcome, month, arms="as_published", trials=list(known.trial[known.listed]))
    return pool_by_heterogeneity(frame.y, frame.v)
