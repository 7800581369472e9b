"""Every way in which the trials at hand can enter a meta-analysis of pain or function, choices as masks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from . import data
from ._checks import one_of
from .data._tables import remembered

if TYPE_CHECKING:
    import pandas as pd

#: The outcome of the independent extraction, and the endpoint under which the trials' own reports have it.
OWN_ENDPOINT = {"pain": "vas_pain", "function": "womac_function"}
#: Classes of control that have no active rival of the cells.
INACTIVE = ("placebo", "usual care", "same co-intervention")
#: Rows with these words in `caveats` are left out by each option of the choice "weak".
WEAK = {
    "keep": (),
    "borrowed": ("imputed_sd", "read_off_figure"),
    "open": ("unblinded", "paired"),
    "clean": ("imputed_sd", "read_off_figure", "unblinded", "paired"),
}
#: One line of ten centimetres, or a number from 0 to 10: pain asked in a single question.
SINGLE_PAIN = ("vas_pain_10", "vas_pain_100", "nprs_10")
TRIALS = ("qu2021", "sadeghirad2024", "cochrane2025")
COMPARATORS = ("any", "inactive", "placebo")
NUMBERS = ("extraction", "own")


@dataclass(frozen=True, slots=True)
class Versions:
    """All rows that any choice can take, and which of them each choice takes.

    Attributes
    ----------
    outcome, month
        As for `versions`.
    rows : DataFrame
        Rows of `data.contrasts`, each once, on the common scale; its `attrs` are those of the extraction's contrasts.
    entered : dict
        Rows (bool, one a row) that are entered under each (numbers, kind, doses, medians).
    classes : dict of str to ndarray
        Class of comparator of each row, by the review ("qu2021" or "cochrane2025") that says so.
    members : dict of str to ndarray
        Whether each row's trial is in the set of trials named by the choice "trials".
    """

    outcome: str
    month: int
    rows: pd.DataFrame
    entered: dict[tuple[str, str, str, str], np.ndarray]
    classes: dict[str, np.ndarray]
    members: dict[str, np.ndarray]

    def mask(self, *, trials="cochrane2025", comparator="any", numbers="extraction", kind="final", doses="combine",
             medians="Luo-Wan", instrument="any", weak="keep") -> np.ndarray:  # fmt: skip
        """Rows that a combination of options takes (bool, one a row); options as in ``choices.csv``."""
        who = self.members[trials] & self.compared(trials, comparator)
        return self.entered[numbers, kind, doses, medians] & who & self.asked(instrument) & self.sound(weak)

    def compared(self, trials: str, comparator: str) -> np.ndarray:
        """Rows whose control is of the class asked for, as the review of the set of trials names classes."""
        wanted = {"any": None, "inactive": INACTIVE, "placebo": ("placebo",)}[comparator]
        found = self.classes["qu2021" if trials == "qu2021" else "cochrane2025"]
        return np.ones(len(found), bool) if wanted is None else np.isin(found, wanted)

    def asked(self, instrument: str) -> np.ndarray:
        """Rows in an instrument that the option admits."""
        if instrument == "any":
            return np.ones(len(self.rows), bool)
        if self.outcome == "pain":
            return self.rows.instrument.isin(SINGLE_PAIN).to_numpy()
        return ~self._caveat("total_score")

    def sound(self, weak: str) -> np.ndarray:
        """Rows without the weaknesses that the option excludes."""
        return ~self._caveat(*WEAK[weak])

    def _caveat(self, *words: str) -> np.ndarray:
        return np.array([any(word in row.split() for word in words) for row in self.rows.caveats], bool)


def versions(
    outcome: str,
    month: int,
    *,
    kinds=("final", "change"),
    doses=("combine", "split"),
    medians=("Luo-Wan", "QE", "exclude"),
) -> Versions:
    """Read the trials at hand in every way that the options ask for.

    Parameters
    ----------
    outcome : {"pain", "function"}
    month : int
        Month of the visit; for rows of the extraction the upper end of its time band.
    kinds, doses, medians : tuple of str
        Options, as `kind`, `arms` and `medians` of `data.contrasts`.

    Returns
    -------
    Versions

    Raises
    ------
    ValueError
        For another outcome, or a month without rows.

    Examples
    --------
    >>> found = versions("pain", 12)
    >>> int(found.mask().sum()), int(found.mask(comparator="placebo").sum()), int(found.mask(medians="exclude").sum())
    (17, 3, 16)
    """
    one_of("outcome", outcome, OWN_ENDPOINT)
    return _versions(outcome, month, tuple(kinds), tuple(doses), tuple(medians))


@remembered
def _versions(outcome: str, month: int, kinds: tuple, doses: tuple, medians: tuple) -> Versions:
    import pandas as pd

    theirs = data.contrasts("cochrane2025", outcome, month)
    median = theirs.caveats.str.split().map(lambda words: "median_as_mean" in words)
    read = _read_elsewhere(outcome, month)
    frames = {}
    for numbers, *how in product(NUMBERS, kinds, doses, medians):
        rows = theirs[~median] if how[2] == "exclude" else theirs
        mine = _own(outcome, month, read, *how) if numbers == "own" else None
        if mine is not None:
            rows = pd.concat([rows[~rows.trial.isin(mine.trial)], mine])
        frames[numbers, *how] = rows
    together = pd.concat(frames.values(), ignore_index=True)
    row_of = together.groupby(["label", "y", "v"], sort=False).ngroup().to_numpy()
    rows = together[~pd.Series(row_of).duplicated()].reset_index(drop=True)
    rows.attrs = dict(theirs.attrs)
    parts = np.split(row_of, np.cumsum([len(frame) for frame in frames.values()])[:-1])
    entered = {key: np.isin(np.arange(len(rows)), part) for key, part in zip(frames, parts, strict=True)}
    return Versions(outcome, month, rows, entered, *_who(rows.trial))


def _read_elsewhere(outcome: str, month: int) -> list[str]:
    """Trials of Qu and Sun with numbers from another source than the extraction; other trials were not read so."""
    nine, rows = data.table("inclusion").query("review == 'qu2021'").trial, data.table("outcomes")
    read = set(rows.trial[(rows.outcome == outcome) & (rows.month == month) & (rows.source != "cochrane2025")])
    return [trial for trial in nine if trial in read]


def _own(outcome: str, month: int, trials: list[str], kind: str, doses: str, medians: str):
    """What the trials' own reports and records have, or None."""
    how = {"kind": kind, "arms": doses, "medians": medians}
    try:
        found = data.contrasts("qu2021", OWN_ENDPOINT[outcome], month, trials=trials, **how) if trials else None
    except ValueError:  # the only trials there print medians, which were to be left out
        return None
    found = None if found is None else found[found.source != "cochrane2025"]
    return None if found is None or found.empty else found


def _who(trial) -> tuple[dict, dict]:
    """Classes of comparator by review, and membership in each set of trials, row by row."""
    inclusion = data.table("inclusion")
    known = {review: inclusion[inclusion.review == review].set_index("trial") for review in TRIALS}
    named = {review: frame.comparator_class.to_dict() for review, frame in known.items()}
    classes = {r: np.array([named[r].get(one, "") for one in trial], str) for r in ("qu2021", "cochrane2025")}
    members = {r: trial.isin(known[r].index[known[r].status != "context"]).to_numpy() for r in TRIALS}
    return classes, members
