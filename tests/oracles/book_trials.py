"""The trials of this book that other programs are asked about: `python -m tests.oracles.book_trials` writes
book_trials.json, from which make_book.R makes book.json. Inputs only; nothing in it is an answer of mscmeta but the
effects and variances of the trials, which book.json holds a second time where R works them out from the counts."""

import json
from pathlib import Path

import numpy as np

from mscmeta import data

JSON = Path(__file__).parent / "book_trials.json"
INACTIVE = ("placebo", "same co-intervention")
COUNTS = ("events_1", "n_1", "events_2", "n_2")


def log_doses():
    """Mean log10 of the dose in millions of cells of each trial, over its patients."""
    arms = data.table("arms").query("role == 'msc'").dropna(subset=["dose_million"])
    n = arms.n.astype(float)
    return (np.log10(arms.dose_million.astype(float)) * n).groupby(arms.trial).sum() / n.groupby(arms.trial).sum()


def sets() -> dict[str, dict]:
    """Name of a set to its columns, one entry a trial."""
    pain, late = data.contrasts("cochrane2025", "pain", 6), data.contrasts("cochrane2025", "pain", 12)
    pain["inactive"] = pain.comparator_class.isin(INACTIVE).astype(int)
    pain["log_dose"] = pain.trial.map(log_doses())
    placebo = pain.comparator_class == "placebo"
    out = {
        "pain6": _columns(pain, "y", "v", "inactive"),
        "pain6_dose": _columns(pain[pain.log_dose.notna()], "y", "v", "log_dose", "inactive"),
        "pain6_placebo": _columns(pain[placebo], "y", "v"),
        "pain6_placebo_dose": _columns(pain[placebo & pain.log_dose.notna()], "y", "v", "log_dose"),
        "pain12_placebo": _columns(late[late.comparator_class == "placebo"], "y", "v"),
    }
    for event in ("adverse_any", "adverse_serious"):
        out[event] = _columns(data.contrasts("cochrane2025", event), *COUNTS)
    return out


def _columns(trials, *names: str) -> dict:
    return {"trial": trials.trial.tolist(), **{name: trials[name].tolist() for name in names}}


def text() -> str:
    """The file as it has to be."""
    return json.dumps(sets(), indent=1) + "\n"


if __name__ == "__main__":
    JSON.write_text(text(), encoding="utf-8")
