"""A published outcome, visit by visit: what was printed, what we hold, and the re-run of that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import data
from ._results import Interval, Pooled
from .pool import pool, pool_by_heterogeneity

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Visit:
    """One pooled result of a review and its re-run.

    Attributes
    ----------
    month : int
        Months after treatment.
    printed : tuple of str
        Estimate, lower and upper limit, P value, as printed.
    estimate, ci : float, Interval
        The same as numbers.
    trials : DataFrame or None
        `data.contrasts` of the trials that we hold; None when there is none.
    theirs, today : Pooled or None
        Those trials pooled by the review's own rule, and by the settings asked for.
    gaps : tuple of str
        Trials for which the review's table lists the visit and that we cannot pool.
    extra : tuple of str
        Trials that we hold although that table does not list the visit.
    """

    month: int
    printed: tuple[str, str, str, str]
    estimate: float
    ci: Interval
    trials: pd.DataFrame | None
    theirs: Pooled | None
    today: Pooled | None
    gaps: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every trial that the review must have pooled is at hand."""
        return self.trials is not None and not self.gaps

    @property
    def k(self) -> int:
        """Rows that we hold."""
        return 0 if self.trials is None else len(self.trials)

    @property
    def result(self) -> Pooled | None:
        """`today`; with a single row its own interval, since one trial shows no scatter to learn from."""
        return self.theirs if self.k == 1 else self.today

    @property
    def why(self) -> str:
        """Why the printed number cannot be re-run, or that it can."""
        if self.complete:
            return "re-run with every trial"
        return f"not rerunnable, because nothing that can be pooled was found for {', '.join(self.gaps)}"


def visits(
    review: str,
    outcome: str,
    *,
    kind: str = "final",
    arms: str = "combine",
    medians: str = "Luo-Wan",
    tau2: str | float = "REML",
    ci: str = "HK-floor",
    level: float = 0.95,
    listed_only: bool = False,
) -> dict[int, Visit]:
    """Every published visit of an outcome beside its re-run on what we hold.

    Parameters
    ----------
    review, outcome : str
        As in ``published.csv``.
    kind, arms, medians
        As for `data.contrasts`.
    tau2, ci, level
        As for `pool`; they apply to `Visit.today`.
    listed_only : bool
        Leave out trials at months that the review's table of trials does not list for them.

    Returns
    -------
    dict of int to Visit
        By month.

    Raises
    ------
    ValueError
        If the review printed no pooled result of the outcome by month, and for unknown options.

    Examples
    --------
    >>> at = visits("qu2021", "womac_total")
    >>> {month: (visit.k, visit.why) for month, visit in at.items() if visit.complete}
    {12: (2, 're-run with every trial')}
    """
    published = data.table("published")
    rows = published[(published.review == review) & (published.outcome == outcome) & published.month.notna()]
    if rows.empty:
        raise ValueError(f"outcome is {outcome!r}; published.csv has no pooled result of {review} for it by month")
    months = [int(month) for month in rows.month]
    known = data.holdings(review, outcome, months, kind=kind, medians=medians)
    if listed_only:
        known = known[known.listed]
    found = {}
    for month, row in zip(months, rows.itertuples(), strict=True):
        here = known[known.month == month]
        how = {"kind": kind, "arms": arms, "medians": medians}
        use = list(here.trial[here.held])
        trials = data.contrasts(review, outcome, month, trials=use, **how) if use else None
        found[month] = Visit(
            month=month,
            printed=printed(review, outcome, month),
            estimate=float(row.estimate),
            ci=Interval(float(row.ci_low), float(row.ci_high)),
            trials=trials,
            theirs=None if trials is None else pool_by_heterogeneity(trials.y, trials.v, labels=trials.label),
            today=None
            if trials is None
            else pool(trials.y, trials.v, labels=trials.label, tau2=tau2, ci=ci, level=level),
            gaps=tuple(here.label[here.listed & ~here.held]),
            extra=tuple(here.label[~here.listed & here.held]),
        )
    return found


def ways(review: str, outcome: str, settings: dict, choices: dict[str, dict]) -> dict[str, dict[int, Visit]]:
    """`visits` under several choices, each a change of the settings; trials are read once for each way to read them.

    Parameters
    ----------
    review, outcome : str
        As for `visits`.
    settings : dict
        Options of `visits` that all choices start from.
    choices : dict of str to dict
        Name of a choice to the options that it changes.

    Returns
    -------
    dict of str to dict

    Examples
    --------
    >>> found = ways("qu2021", "womac_total", {}, {"one common effect": {"tau2": "FE", "ci": "Wald"}})
    >>> round(found["one common effect"][12].today.estimate, 1)
    -6.9
    """
    model, read, found = ("tau2", "ci", "level"), {}, {}
    for name, changed in choices.items():
        options = settings | changed
        fitted = {key: options[key] for key in model if key in options}
        rest = {key: value for key, value in options.items() if key not in model}
        key = tuple(sorted(rest.items()))
        if key not in read:
            read[key] = visits(review, outcome, **rest)
        found[name] = {month: _refitted(visit, fitted) for month, visit in read[key].items()}
    return found


def _refitted(visit: Visit, model: dict) -> Visit:
    if visit.trials is None:
        return visit
    model = {"tau2": "REML", "ci": "HK-floor"} | model
    return replace(visit, today=pool(visit.trials.y, visit.trials.v, labels=visit.trials.label, **model))


def printed(review: str, outcome: str, month: int) -> tuple[str, str, str, str]:
    """Estimate, limits and P value of a pooled result, as printed: with their decimals.

    >>> printed("qu2021", "womac_total", 3)
    ('3.35', '0.01', '6.69', '0.049')
    """
    claims = data.table("claims").set_index("claim").printed
    return tuple(claims[f"{review}.{outcome}.{month}.{name}"] for name in ("estimate", "low", "high", "p"))


def own_units(frame: pd.DataFrame) -> pd.DataFrame:
    """Contrasts put back into the unit in which each trial itself printed the outcome.

    Reviews that name no unit may have entered numbers so. A trial's own source (its paper or registry) decides; where
    only another review was seen, its reading of the scale does.

    Parameters
    ----------
    frame : DataFrame
        From `data.contrasts`, of an endpoint with limits.

    Returns
    -------
    DataFrame
        The same rows with `y` and `v` in the trial's unit, and that scale in the column `scale`.

    Examples
    --------
    >>> own_units(data.contrasts("qu2021", "vas_pain", 12))[["label", "scale"]].values.tolist()
    [['Vega 2015', '0 to 100'], ['Gupta 2016', '0 to 100']]
    """
    low, high = frame.attrs["low"], frame.attrs["high"]
    if low is None or high is None or low != low:
        raise ValueError(f"{frame.attrs['outcome']} has no limits, so its scale cannot be changed")
    scales = [_own_scale(trial, instrument) for trial, instrument in zip(frame.trial, frame.instrument, strict=True)]
    factor = [(b - a) / (high - low) for a, b in scales]
    named = [f"{a:g} to {b:g}" for a, b in scales]
    return frame.assign(y=frame.y * factor, v=[v * f**2 for v, f in zip(frame.v, factor, strict=True)], scale=named)


def _own_scale(trial: str, instrument: str) -> tuple[float, float]:
    instruments, outcomes = data.table("instruments").set_index("instrument"), data.table("outcomes")
    own = outcomes[(outcomes.trial == trial) & (outcomes.source != "cochrane2025")]
    same = own[own.instrument.map(instruments.family) == instruments.family[instrument]].instrument
    key = same.iloc[0] if len(same) else instrument
    return float(instruments.low[key]), float(instruments.high[key])
