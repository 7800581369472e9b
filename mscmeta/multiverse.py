"""Every defensible combination of the named choices, pooled: the distinct sets of rows in one masked call a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

from . import data
from ._checks import one_of
from .pool import pool_masked
from .versions import versions

if TYPE_CHECKING:
    import pandas as pd

#: Choices about the rows and about the model; the multiverse has one axis for each, in this order.
ROW_CHOICES = ("trials", "comparator", "numbers", "kind", "doses", "medians", "instrument", "weak")
MODEL_CHOICES = ("tau2", "ci")
#: The choices in words.
NAMES = {
    "trials": "set of trials",
    "comparator": "comparator",
    "numbers": "source of numbers",
    "kind": "final or change",
    "doses": "doses",
    "medians": "medians",
    "instrument": "instrument",
    "weak": "weak rows",
    "tau2": "estimator of τ²",
    "ci": "interval",
}


@dataclass(frozen=True, slots=True)
class Multiverse:
    """Results of all combinations of options for one outcome and month.

    Attributes
    ----------
    outcome, month
        What was pooled.
    unit, higher_is, mid
        Of the common scale; `mid` is positive.
    choices : dict of str to tuple of str
        The options of each choice, in the order of the axes of `analysis`.
    analysis : ndarray of int
        For each combination, the number of its distinct analysis; -1 where fewer than two trials are left.
    k, estimate, low, high : ndarray
        Of each distinct analysis: rows pooled, mean difference and interval, MSC minus control.
    """

    outcome: str
    month: int
    unit: str
    higher_is: str
    mid: float
    choices: dict[str, tuple[str, ...]]
    analysis: np.ndarray
    k: np.ndarray
    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def combinations(self) -> int:
        """Combinations of options, with those that leave too few trials."""
        return self.analysis.size

    @property
    def distinct(self) -> int:
        """Analyses that differ in their rows or their model."""
        return len(self.estimate)

    def of(self, **options: str) -> int:
        """Number of the analysis of one combination; each choice that is not named takes the book's default.

        Raises
        ------
        ValueError
            For an unknown choice or option, or when the combination leaves too few trials.
        """
        chosen = _defaults() | options
        for choice in options:
            one_of("choice", choice, self.choices)
        at = tuple(names.index(one_of(choice, chosen[choice], names)) for choice, names in self.choices.items())
        found = int(self.analysis[at])
        if found < 0:
            raise ValueError(f"this combination leaves fewer than two trials for {self.outcome} at month {self.month}")
        return found

    def share_of(self, choice: str, option: str) -> np.ndarray:
        """Share of the combinations behind each distinct analysis that take this option."""
        names = self.choices[one_of("choice", choice, self.choices)]
        taken = self.analysis.take(names.index(one_of("option", option, names)), list(self.choices).index(choice))
        some, all_ = (np.bincount(x[x >= 0].ravel(), minlength=self.distinct) for x in (taken, self.analysis))
        return some / all_


def options(defensible: bool = True) -> dict[str, tuple[str, ...]]:
    """Options of each choice as ``choices.csv`` has them.

    >>> options()["tau2"], options(defensible=False)["doses"]
    (('DL', 'PM', 'REML'), ('as_published',))
    """
    table = data.table("choices")
    table = table[table.defensible == defensible]
    return {choice: tuple(rows.option) for choice, rows in table.groupby("choice", sort=False)}


def _defaults() -> dict[str, str]:
    table = data.table("choices")
    return dict(zip(table.choice[table.default], table.option[table.default], strict=True))


def multiverse_of(
    outcome: str, month: int, *, choices: Mapping[str, Sequence[str]] | None = None, level: float = 0.95
) -> Multiverse:
    """Pool every combination of the choices.

    Parameters
    ----------
    outcome : {"pain", "function"}
    month : int
        Month of the visit (3, 6, 12 or 24).
    choices : mapping of str to sequence of str, optional
        Options for some of the choices; the others keep all that ``choices.csv`` calls defensible.
    level : float
        Level of the intervals.

    Returns
    -------
    Multiverse

    Raises
    ------
    ValueError
        For an unknown outcome, month, choice or option, and when no combination leaves two trials.

    Examples
    --------
    >>> found = multiverse_of("pain", 12, choices={"tau2": ["DL"], "ci": ["Wald"]})
    >>> at = found.of(trials="cochrane2025", tau2="DL", ci="Wald")
    >>> int(found.k[at]), round(float(found.estimate[at]), 3)
    (17, -1.503)
    """
    axes = _axes(choices)
    found = versions(outcome, month, kinds=axes["kind"], doses=axes["doses"], medians=axes["medians"])
    masks = row_masks(found, axes)
    sets, of_set = np.unique(masks.reshape(-1, masks.shape[-1]), axis=0, return_inverse=True)
    trials = found.rows.trial.to_numpy(str)
    of_trial = (trials[:, None] == np.unique(trials)).astype(int)
    enough = (sets @ of_trial > 0).sum(axis=1) > 1
    if not enough.any():
        raise ValueError(f"no combination of choices leaves two trials for {outcome} at month {month}")
    number = np.where(enough, np.cumsum(enough) - 1, -1)[of_set.reshape(-1)]
    models = list(product(axes["tau2"], axes["ci"]))
    fits = pool_models(found.rows.y, found.rows.v, sets[enough].T, models, level)
    analysis = np.where(number[:, None] < 0, -1, number[:, None] + enough.sum() * np.arange(len(models)))
    about = found.rows.attrs
    return Multiverse(
        outcome, month, about["unit"], about["higher_is"], _mid(outcome), axes,
        analysis.reshape([len(names) for names in axes.values()]), *fits,
    )  # fmt: skip


def pool_models(y, v, mask: np.ndarray, models, level: float = 0.95) -> tuple[np.ndarray, ...]:
    """Pool the sets of rows in the columns of `mask` by each (tau2, ci): k, estimate, low, high, model by model."""
    fits = [pool_masked(y, v, mask, tau2=tau2, ci=ci, level=level) for tau2, ci in models]
    parts = zip(*((fit.k, fit.estimate, fit.ci.low, fit.ci.high) for fit in fits), strict=True)
    return tuple(np.concatenate(part) for part in parts)


def _axes(choices) -> dict[str, tuple[str, ...]]:
    known, axes = options(), {}
    for choice in choices or ():
        one_of("choice", choice, known)
    for choice in (*ROW_CHOICES, *MODEL_CHOICES):
        names = known[choice] if choices is None else tuple(choices.get(choice, known[choice]))
        if not names:
            raise ValueError(f"choices gives no option for {choice!r}; name at least one, or leave the choice out")
        axes[choice] = tuple(one_of(choice, name, known[choice]) for name in names)
    return axes


def row_masks(found, axes) -> np.ndarray:
    """Rows of each combination of the choices about rows: one axis a choice, and the rows on the last."""
    whole = dict.fromkeys(ROW_CHOICES)
    shape = [len(axes[choice]) for choice in whole]
    read = np.array([found.entered[key] for key in product(*(axes[c] for c in ROW_CHOICES[2:6]))])
    who = np.array([[found.compared(t, c) & found.members[t] for c in axes["comparator"]] for t in axes["trials"]])
    asked = np.array([found.asked(name) for name in axes["instrument"]])
    sound = np.array([found.sound(name) for name in axes["weak"]])
    n = len(found.rows)
    return (
        who.reshape(*shape[:2], 1, 1, 1, 1, 1, 1, n)
        & read.reshape(1, 1, *shape[2:6], 1, 1, n)
        & asked.reshape(1, 1, 1, 1, 1, 1, -1, 1, n)
        & sound.reshape(1, 1, 1, 1, 1, 1, 1, -1, n)
    )


def _mid(outcome: str) -> float:
    ends = data.table("endpoints").set_index(["review", "outcome"])
    return float(ends.mid["sadeghirad2024", outcome])


def shares(found: Multiverse) -> dict[str, float]:
    """Share of the distinct analyses on either side of no difference and of the MID.

    Returns
    -------
    dict of str to float
        `better`, `worse`: the estimate favours cells, or control; `beyond`: it is a benefit of at least the MID;
        `proven`: the interval lies on the side of benefit; `harm`: on that of harm; `proven_beyond`: the interval lies
        beyond the MID; `excluded`: the interval excludes a benefit of the size of the MID; `undefined`: no interval.

    Examples
    --------
    >>> told = shares(multiverse_of("pain", 12))
    >>> round(told["better"] + told["worse"], 6)
    1.0
    """
    sign = -1 if found.higher_is == "worse" else 1
    gain = sign * found.estimate
    least, most = (found.low, found.high) if sign > 0 else (-found.high, -found.low)
    said = {
        "better": gain > 0, "worse": gain < 0, "beyond": gain >= found.mid, "proven": least > 0, "harm": most < 0,
        "proven_beyond": least >= found.mid, "excluded": most < found.mid, "undefined": np.isnan(found.low),
    }  # fmt: skip
    return {name: float(np.mean(which)) for name, which in said.items()}


def importance(found: Multiverse) -> pd.DataFrame:
    """How much each choice moves the answer, over all combinations that leave two trials.

    Returns
    -------
    DataFrame
        One row a choice, the most important first: `choice`; `variance`, the share of the variance of the estimates
        that lies between the means of its options; `change`, the mean absolute difference of the estimates of two
        combinations that differ in nothing else, in the unit of the scale; `verdict`, the share of such pairs of which
        one interval excludes no difference and the other does not.

    Examples
    --------
    >>> moved = importance(multiverse_of("pain", 12)).set_index("choice")
    >>> float(moved.change["ci"])  # intervals do not move estimates
    0.0
    """
    import pandas as pd

    known = found.analysis >= 0
    estimate = np.where(known, found.estimate[found.analysis], np.nan)
    clear = np.where(known, (found.low > 0)[found.analysis] | (found.high < 0)[found.analysis], np.nan)
    total, mean = np.nanvar(estimate), np.nanmean(estimate)
    rows = []
    for axis, choice in enumerate(found.choices):
        slices = np.moveaxis(estimate, axis, 0).reshape(len(found.choices[choice]), -1)
        verdicts = np.moveaxis(clear, axis, 0).reshape(slices.shape)
        count = (~np.isnan(slices)).sum(axis=1)
        means = np.array([np.nanmean(s) if c else mean for s, c in zip(slices, count, strict=True)])
        between = (count * (means - mean) ** 2).sum() / count.sum() / total if total > 0 else 0.0
        rows.append((choice, between, _apart(slices), _apart(verdicts)))
    frame = pd.DataFrame(rows, columns=["choice", "variance", "change", "verdict"])
    return frame.sort_values("change", ascending=False, ignore_index=True, kind="stable")


def _apart(slices: np.ndarray) -> float:
    """Mean absolute difference between the entries of any two slices, where both are known."""
    apart = [np.abs(a - b) for a, b in combinations(slices, 2)]
    known = [pair[~np.isnan(pair)] for pair in apart]
    together = np.concatenate(known) if known else np.zeros(0)
    return float(together.mean()) if len(together) else 0.0
