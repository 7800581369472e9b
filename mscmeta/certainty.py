"""How sure a pooled result is: the numbers of a re-run put through the rules of GRADE, with the judgements of data/.

Inconsistency and imprecision are computed (`mscmeta.grade`); risk of bias, indirectness and publication bias are rows
of ``judgements.csv``, which are this book's own and nobody's facts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mscmeta import data, grade
from mscmeta._results import Interval
from mscmeta.absolute import RiskChange, risk_change
from mscmeta.grade import Rating, SmallStudy
from mscmeta.pool import Pooled, pool

if TYPE_CHECKING:
    import pandas as pd

JUDGED = ("risk of bias", "indirectness", "publication bias")


@dataclass(frozen=True, slots=True)
class Assessment:
    """One outcome with its certainty.

    Attributes
    ----------
    trials : DataFrame
        From `data.contrasts`.
    fit : Pooled
        Of all trials; a single trial with its own normal interval.
    comparators : str
        Which trials were asked for.
    participants : int
        Patients analysed, both arms.
    needed : float or None
        Optimal information size; None where it cannot be worked out.
    limits : Interval
        Effects from which on a difference counts.
    ratings : tuple of Rating
        One a domain, in the order of `grade.DOMAINS`.
    small_study : SmallStudy
    """

    trials: pd.DataFrame
    fit: Pooled
    comparators: str
    participants: int
    needed: float | None
    limits: Interval
    ratings: tuple[Rating, ...]
    small_study: SmallStudy

    @property
    def word(self) -> str | None:
        """Certainty; None where a domain has no judgement."""
        return grade.certainty(self.ratings)

    @property
    def most(self) -> str:
        """Certainty if every judgement took nothing away: what the computed domains leave at most."""
        return grade.certainty([r if r.computed else Rating(r.domain, 0, r.says, False) for r in self.ratings])

    @property
    def once(self) -> str | None:
        """Certainty if disagreement, which also widens the interval, counts once: by the graver computed domain."""
        computed = [rating for rating in self.ratings if rating.computed]
        spared = min(computed, key=lambda rating: rating.down)
        return grade.certainty([Rating(r.domain, 0, r.says, True) if r is spared else r for r in self.ratings])

    @property
    def is_ratio(self) -> bool:
        """Whether the effect is the log of a ratio."""
        return self.trials.attrs["measure"] == "RR"

    @property
    def control_risk(self) -> float | None:
        """Share of control patients with the event; None for scores."""
        return float(self.trials.events_2.sum() / self.trials.n_2.sum()) if self.is_ratio else None

    @property
    def risk(self) -> RiskChange | None:
        """The ratio at the control risk; None for scores, and where no control patient, or every one, had the event."""
        if not self.is_ratio or not 0 < self.control_risk < 1 or math.isnan(self.fit.ci.low):
            return None
        return risk_change(float(self.fit.estimate), self.fit.ci, self.control_risk)

    @property
    def control_mean(self) -> float | None:
        """Mean final score of control patients, weighted by their number; None for events or if all are changes."""
        if self.is_ratio:
            return None
        final = self.trials[self.trials.kind == "final"]
        return float((final.mean_2 * final.n_2).sum() / final.n_2.sum()) if len(final) else None

    @property
    def verb(self) -> str | None:
        """What the point estimate says that cells do; None where it reaches no threshold."""
        zone = grade.zones(Interval(float(self.fit.estimate), float(self.fit.estimate)), self.limits)[0]
        lower, higher = ("reduce", "increase") if self.is_ratio or _is_pain(self) else ("improve", "worsen")
        if zone == "between":
            return None
        fewer = zone == "below"
        return lower if fewer == (self.trials.attrs["higher_is"] == "worse") else higher


def _is_pain(found: Assessment) -> bool:
    return found.trials.attrs["outcome"] == "pain"


def assess(review: str, outcome: str, month: int | None = None, *, comparators: str = "all", kind: str = "final",
           tau2: str | float = "REML", ci: str = "HK-floor", level: float = 0.95) -> Assessment:  # fmt: skip
    """Pool an outcome and rate how sure the result is.

    Parameters
    ----------
    review, outcome, month, comparators, kind
        As for `data.contrasts`; `kind` is for scores only.
    tau2, ci, level
        As for `pool`.

    Returns
    -------
    Assessment

    Raises
    ------
    ValueError
        If no trial is left, and for unknown options.

    Examples
    --------
    >>> found = assess("sadeghirad2024", "pain", 6, tau2="DL", ci="Wald")
    >>> [rating.domain for rating in found.ratings if rating.computed]
    ['inconsistency', 'imprecision']
    >>> found.word
    'very low'
    """
    prefer = {} if month is None else {"kind": kind}
    trials = data.contrasts(review, outcome, month, comparators=comparators, **prefer)
    fit = pool(trials.y, trials.v, labels=trials.label, tau2=tau2, ci=ci if len(trials) > 1 else "Wald", level=level)
    mid = trials.attrs["mid"]
    limits = grade.thresholds(None if mid is None or mid != mid else mid)
    participants, needed = int((trials.n_1 + trials.n_2).sum()), _needed(trials, limits)
    computed = {
        "inconsistency": grade.inconsistency(fit, limits),
        "imprecision": grade.imprecision(fit.ci, limits, participants=participants, needed=needed),
    }
    ratings = computed | _judged(review, outcome, month, comparators)
    in_order = tuple(ratings[domain] for domain in grade.DOMAINS)
    counts = (
        tuple(trials[c] for c in ("events_1", "n_1", "events_2", "n_2")) if trials.attrs["measure"] == "RR" else None
    )
    return Assessment(trials, fit, comparators, participants, needed, limits, in_order,
                      grade.small_study(trials.y, trials.v, counts, labels=trials.label))  # fmt: skip


def _needed(trials, limits: Interval) -> float | None:
    if trials.attrs["measure"] == "RR":
        risk = float(trials.events_2.sum() / trials.n_2.sum())
        most = risk * math.exp(limits.high)
        return grade.information_size_for_risks(risk, math.exp(limits.high)) if risk > 0 and most < 1 else None
    return grade.information_size_for_means(limits.high, float(trials[["sd_1", "sd_2"]].stack().median()))


def _judged(review: str, outcome: str, month: int | None, comparators: str) -> dict[str, Rating]:
    rows = data.table("judgements")
    here = rows[(rows.review == review) & (rows.outcome == outcome) & (rows.comparators == comparators)]
    here = here[here.month.isna() if month is None else here.month == month].set_index("domain")
    nobody = "not judged for these trials; judgements.csv has no row"
    return {
        domain: Rating(domain, int(here.down[domain]), here.reason[domain], False)
        if domain in here.index
        else Rating(domain, None, nobody, False)
        for domain in JUDGED
    }


def assess_all(review: str, cells, comparators: str = "all", *, kind: str = "final", **model) -> dict:
    """Assess several outcomes.

    Parameters
    ----------
    review : str
    cells : iterable of (str, int or None)
        Outcomes and months.
    comparators, kind
        As for `assess`.
    **model
        `tau2`, `ci` and `level`, as for `assess`.

    Returns
    -------
    dict
        By cell; None where no trial is left.

    Raises
    ------
    NoTrialLeftError
        If none is left for any of them.

    Examples
    --------
    >>> found = assess_all("sadeghirad2024", [("pain", 6), ("adverse_local", None)], "usual care")
    >>> {outcome: one and one.fit.k for (outcome, _), one in found.items()}
    {'pain': 1, 'adverse_local': None}
    """
    found, reason = {}, None
    for outcome, month in cells:
        try:
            found[outcome, month] = assess(review, outcome, month, comparators=comparators, kind=kind, **model)
        except data.NoTrialLeftError as error:
            found[outcome, month], reason = None, reason or error
    if reason and not any(found.values()):
        raise reason
    return found
