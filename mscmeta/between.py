"""The way from Qu and Sun's answer to Sadeghirad's: every mixture of their choices pooled, and what nobody can see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from . import data
from ._checks import one_of
from ._results import Interval
from .pool import pool, pool_by_heterogeneity
from .rerun import own_units
from .steps import Contributions, contributions, walk
from .versions import OWN_ENDPOINT, Versions, versions

if TYPE_CHECKING:
    import pandas as pd

#: What the two reviews do differently: the first side's choice, the second side's.
STEPS = {
    "numbers": ("numbers from the trials' own reports first", "numbers from the independent extraction"),
    "units": ("each trial in the unit of its own report", "all trials on one scale"),
    "doses": ("the control counted again for every dose", "doses combined"),
    "trials": ("trials of Qu and Sun at the visits they list", "all trials of the extraction"),
    "comparator": ("any comparator", "no active comparator"),
    "kind": ("final scores or changes, as fits the first review", "final scores or changes, as fits the second"),
    "weak": ("all rows", "no open, paired or borrowed rows"),
    "model": ("common or random effects, as the test says", "random effects from the start"),
}
#: The same in two or three words, for bars and tables.
NAMES = {
    "numbers": "source of numbers", "units": "one scale", "doses": "controls counted once", "trials": "more trials",
    "comparator": "no active controls", "kind": "final or change", "weak": "risk of bias",
    "model": "estimator, interval",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """Two printed answers and every re-run between them; all as MSC minus control, where lower is better.

    Attributes
    ----------
    outcome, month, unit
        What is compared; `unit` is that of the common scale.
    first, last : float
        The printed estimates: Qu and Sun (in a unit that they do not name), and Sadeghirad on the common scale.
    first_ci, last_ci : Interval
    kinds : tuple of str
        Final scores or changes: the option under which each review's re-run lies nearest to what it printed.
    restricted : bool
        Whether Sadeghirad restricted the result to trials at low risk of bias.
    estimate, low, high : ndarray of shape (2,) * 8
        Re-run for every mixture of choices, an axis for each of `STEPS`; NaN where no trial is left.
    """

    outcome: str
    month: int
    unit: str
    first: float
    last: float
    first_ci: Interval
    last_ci: Interval
    kinds: tuple[str, str]
    restricted: bool
    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def gap(self) -> float:
        """Second printed answer minus first."""
        return self.last - self.first

    @property
    def hidden(self) -> tuple[float, float]:
        """What data that nobody outside can see add: first re-run minus print, second print minus re-run."""
        return float(self.estimate[(0,) * 8] - self.first), float(self.last - self.estimate[(1,) * 8])

    @property
    def seen(self) -> Contributions:
        """What each choice adds between the two re-runs, averaged over orders."""
        return contributions(self.estimate)

    def bars(self, order=None) -> pd.DataFrame:
        """Bars of a waterfall: `label`, `kind` ("printed", "hidden", "step"), `start`, `end`, `low`, `high`.

        `low` and `high` are the interval of the answer at the bar's end. `order` names the steps in another order.
        """
        import pandas as pd

        names = list(STEPS) if order is None else list(order)
        axes = [list(STEPS).index(one_of("order", name, STEPS)) for name in names]
        on_way, low, high = (walk_or_gap(x, axes) for x in (self.estimate, self.low, self.high))
        rows = [("Qu and Sun, as printed", "printed", 0.0, self.first, *_ends(self.first_ci))]
        rows += [("not public: their other trials", "hidden", self.first, on_way[0], low[0], high[0])]
        for i, name in enumerate(names):
            rows.append((NAMES[name], "step", on_way[i], on_way[i + 1], low[i + 1], high[i + 1]))
        rows += [("not public: their trials and judgements", "hidden", on_way[-1], self.last, *_ends(self.last_ci))]
        rows += [("Sadeghirad, as printed", "printed", 0.0, self.last, *_ends(self.last_ci))]
        return pd.DataFrame(rows, columns=["label", "kind", "start", "end", "low", "high"])

    def averaged(self) -> pd.DataFrame:
        """The same bars with each step's contribution averaged over all orders; no interval belongs to an average."""
        frame, steps = self.bars(), np.concatenate([[0], np.cumsum(self.seen.average)])
        middle = frame.kind == "step"
        begin = float(self.estimate[(0,) * 8])
        frame.loc[middle, "start"], frame.loc[middle, "end"] = begin + steps[:-1], begin + steps[1:]
        frame.loc[middle, ["low", "high"]] = np.nan
        return frame


def walk_or_gap(values: np.ndarray, order) -> np.ndarray:
    """`walk`, for values whose ends may be unknown (intervals of one trial)."""
    known = np.array(values, float)
    ends = known[(0,) * known.ndim], known[(1,) * known.ndim]
    known[(0,) * known.ndim], known[(1,) * known.ndim] = np.nan_to_num(ends)
    found = walk(known, order)
    found[0], found[-1] = ends
    return found


def _ends(interval: Interval) -> tuple[float, float]:
    return float(interval.low), float(interval.high)


def way(outcome: str, month: int, *, tau2: str | float = "REML", ci: str = "HK-floor", level: float = 0.95) -> Way:
    """Re-run every mixture of the two reviews' choices for an outcome that both printed.

    Parameters
    ----------
    outcome : {"pain", "function"}
    month : {6, 12}
        6 is 3 to 6 months for Sadeghirad.
    tau2, ci, level
        Random effects of the second review, which names neither estimator nor interval; as for `pool`.

    Returns
    -------
    Way

    Raises
    ------
    ValueError
        If not both reviews printed a result.

    Examples
    --------
    >>> found = way("pain", 12, tau2="DL", ci="Wald")
    >>> round(found.first, 2), round(found.last, 2), [round(x, 2) for x in found.hidden]
    (-7.04, -0.73, [-0.76, 1.11])
    """
    one_of("outcome", outcome, OWN_ENDPOINT)
    first, last = _printed("qu2021", OWN_ENDPOINT[outcome], month), _printed("sadeghirad2024", outcome, month)
    turn = -1 if last.instrument == "sf36_pf_100" else 1  # there 100 is best
    last_ci = sorted((turn * last.ci_low, turn * last.ci_high))
    rows = versions(outcome, month, doses=("as_published", "combine"), medians=("Luo-Wan",))
    restricted = bool(last.restricted_to)
    masks = _masks(rows, _listed(outcome, month, rows), restricted)
    effects = [(frame.y.to_numpy(float), frame.v.to_numpy(float)) for frame in (own_units(rows.rows), rows.rows)]
    ends = {"first": float(first.estimate), "last": turn * float(last.estimate)}

    @cache
    def fit(taken: bytes, units: int, model: int) -> tuple[float, float, float]:
        mask = np.frombuffer(taken, bool)
        y, v = (x[mask] for x in effects[units])
        return _fit(y, v, model, tau2, ci, level)

    def rerun(state: dict, kinds: tuple[str, str]) -> tuple[float, float, float]:
        return fit(_mask(rows, masks, state, kinds).tobytes(), state["units"], state["model"])

    sides = {"first": dict.fromkeys(STEPS, 0), "last": dict.fromkeys(STEPS, 1)}
    kinds = tuple(
        min(("final", "change"), key=lambda kind: abs(rerun(sides[end], (kind, kind))[0] - ends[end])) for end in ends
    )
    fits = [rerun(dict(zip(STEPS, state, strict=True)), kinds) for state in product((0, 1), repeat=len(STEPS))]
    arrays = np.array(fits).T.reshape(3, *(2,) * len(STEPS))
    first_ci = Interval(float(first.ci_low), float(first.ci_high))
    about = (outcome, month, rows.rows.attrs["unit"], *ends.values(), first_ci, Interval(*map(float, last_ci)))
    return Way(*about, kinds, restricted, *arrays)


def _printed(review: str, outcome: str, month: int):
    table = data.table("published")
    found = table[(table.review == review) & (table.outcome == outcome) & (table.month == month)]
    if found.empty:
        raise ValueError(f"month is {month!r}; {review} printed no result for {outcome} at that month")
    return found.iloc[0]


def _listed(outcome: str, month: int, rows: Versions) -> np.ndarray:
    """Rows of trials that Qu and Sun name for the outcome and follow to the month, by their table of trials."""
    known = data.holdings("qu2021", OWN_ENDPOINT[outcome], [month])
    return rows.rows.trial.isin(known.trial[known.listed]).to_numpy()


def _masks(rows: Versions, listed: np.ndarray, restricted: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Rows that either side's choice of trials, comparator and soundness takes."""
    return {
        "trials": (listed, rows.members["cochrane2025"]),
        "comparator": tuple(rows.compared("cochrane2025", option) for option in ("any", "inactive")),
        "weak": tuple(rows.sound(option) for option in ("keep", "clean" if restricted else "keep")),
    }


def _mask(rows: Versions, masks: dict, state: dict, kinds: tuple[str, str]) -> np.ndarray:
    """Rows of one mixture of choices."""
    numbers, doses = ("own", "extraction")[state["numbers"]], ("as_published", "combine")[state["doses"]]
    mask = rows.entered[numbers, kinds[state["kind"]], doses, "Luo-Wan"]
    for choice, sides in masks.items():
        mask = mask & sides[state[choice]]
    return mask


def _fit(y: np.ndarray, v: np.ndarray, random: int, tau2, ci: str, level: float) -> tuple[float, float, float]:
    """Estimate and limits: by the rule of Qu and Sun, or by random effects; NaN without trials."""
    if not len(y):
        return (np.nan,) * 3
    found = pool(y, v, tau2=tau2, ci=ci, level=level) if random else pool_by_heterogeneity(y, v)
    return float(found.estimate), float(found.ci.low), float(found.ci.high)
