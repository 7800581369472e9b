"""A published outcome, visit by visit: what was printed, what we hold, and the re-run of that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import data
from ._results import Interval, Pooled
from .missing import MODELS, Missing, missing_trial
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
        return f"not rerunnable, because we lack numbers of {', '.join(self.gaps)}"


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


@dataclass(frozen=True, slots=True)
class Gap:
    """A printed result, the listed trials at hand, and what the missing ones must have said.

    Attributes
    ----------
    outcome : str
        Label of the outcome.
    month : int
        Visit.
    missing : tuple of str
        Labels of the missing trials.
    n_1, n_2 : tuple of int
        Participants of each missing comparison, as the review's table prints them.
    held : DataFrame or None
        Rows of the listed trials that we hold, in the unit asked for.
    width : float or None
        Width of the common scale; None in the trials' own units.
    by_model : dict of str to Missing
        For "FE" and "DL".
    """

    outcome: str
    month: int
    missing: tuple[str, ...]
    n_1: tuple[int, ...]
    n_2: tuple[int, ...]
    held: pd.DataFrame | None
    width: float | None
    by_model: dict[str, Missing]


def gaps(
    review: str,
    outcome: str,
    *,
    unit: float | str = "own",
    kind: str = "final",
    arms: str = "as_published",
    medians: str = "Luo-Wan",
) -> dict[int, Gap]:
    """What the missing trials of an outcome must have said, at each visit that is not complete.

    Parameters
    ----------
    review, outcome : str
        As for `visits`. Trials enter at the months that the review's table lists for them.
    unit : float or "own"
        Width of the scale to which all trials are brought, or the unit of each trial's own report.
    kind, arms, medians
        As for `data.contrasts`; by default each dose against the whole control, as the review seems to have done.

    Returns
    -------
    dict of int to Gap

    Examples
    --------
    >>> gap = gaps("qu2021", "womac_total", unit=100)[6]
    >>> gap.missing, gap.by_model["FE"].possible
    (('Emadedin 2018',), False)
    """
    at = visits(review, outcome, kind=kind, arms=arms, medians=medians, listed_only=True)
    label = data.table("endpoints").set_index(["review", "outcome"]).label[review, outcome]
    found = {}
    for month, visit in at.items():
        if visit.gaps:
            held = None if visit.trials is None else _in_unit(visit.trials, unit)
            n_1, n_2 = _comparisons(review, visit.gaps, arms)
            y, v = ([], []) if held is None else (held.y, held.v)
            solved = {m: missing_trial(*visit.printed[:3], y, v, model=m, comparisons=len(n_1)) for m in MODELS}
            width = None if unit == "own" else float(unit)
            found[month] = Gap(label, month, visit.gaps, n_1, n_2, held, width, solved)
    return found


def _in_unit(trials: pd.DataFrame, unit: float | str) -> pd.DataFrame:
    if unit == "own":
        return own_units(trials)
    factor = float(unit) / (trials.attrs["high"] - trials.attrs["low"])
    return trials.assign(y=trials.y * factor, v=trials.v * factor**2)


def _comparisons(review: str, labels: tuple[str, ...], arms: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Participants of the missing comparisons: one a dose, or one a trial with its doses put together."""
    known, printed_n = data.table("trials").set_index("label").trial, data.table("characteristics")
    pairs = []
    for label in labels:
        rows = printed_n[(printed_n.trial == known[label]) & (printed_n.source == review)]
        control, doses = int(rows.n[rows.arm == "control"].item()), [int(n) for n in rows.n[rows.arm != "control"]]
        pairs += [(sum(doses), control)] if arms == "combine" else [(n, control) for n in doses]
    return tuple(n for n, _ in pairs), tuple(n for _, n in pairs)
