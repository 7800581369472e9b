"""The audit's own error rate: what it finds of planted faults, and what it says of honest rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from mscmeta.audit._printed import Finding
from mscmeta.audit.faults import FAULTS, Rows, plant, print_rows
from mscmeta.audit.trials import audit_rows


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something happened, with its exact 95 % interval (Clopper and Pearson, Biometrika 1934;26:404)."""

    name: str
    hits: int
    of: int
    misses: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Hits over tries."""
        return self.hits / self.of

    @property
    def interval(self) -> tuple[float, float]:
        """The exact 95 % interval of the share."""
        low = 0.0 if self.hits == 0 else float(betaincinv(self.hits, self.of - self.hits + 1, 0.025))
        high = 1.0 if self.hits == self.of else float(betaincinv(self.hits + 1, self.of - self.hits, 0.975))
        return low, high


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """What `measure` found.

    Attributes
    ----------
    found : tuple of Rate
        One a class of fault: documents in which a flag points at the faulty row, with the misses described.
    overall : Rate
        The same over all classes.
    right : Rate
        Of all flags raised, in faulty and in clean documents, those that point at the faulty row.
    false_alarms : Rate
        Clean documents with a flag.
    """

    found: tuple[Rate, ...]
    overall: Rate
    right: Rate
    false_alarms: Rate


def _flags(rows: Rows) -> list[Finding]:
    return [f for f in audit_rows(rows) if f.flag]


def measure(truth: Sequence[Mapping], *, per_class: int = 200, report: bool = True, seed: int = 1) -> ErrorRates:
    """Plant each of the twelve faults `per_class` times, audit the document with and without it, and count.

    Parameters
    ----------
    truth : sequence of mappings
        As for `print_rows`, rows of any number of trials and outcomes, believed right.
    per_class : int
        Faults planted a class.
    report : bool
        Whether the trial's own difference stands beside the arms.
    seed : int
        The same seed gives the same documents.
    """
    found, flags, right, alarms, clean_documents = [], 0, 0, 0, 0
    for number, name in enumerate(FAULTS):
        rng, hits, misses = np.random.default_rng([seed, number]), 0, []
        for _ in range(per_class):
            clean, faulty, at = plant(name, truth, rng, report=report)
            before, after = _flags(clean), _flags(faulty)
            aimed = [f for f in after if clean[at].month in f.about[2:] and f not in before]
            flags, right = flags + len(after) + len(before), right + len(aimed)
            alarms, clean_documents = alarms + bool(before), clean_documents + 1
            hits += bool(aimed)
            if not aimed:
                misses.append(_difference(clean, faulty, at))
        found.append(Rate(name, hits, per_class, tuple(misses)))
    overall = Rate("all classes", sum(r.hits for r in found), sum(r.of for r in found))
    return ErrorRates(tuple(found), overall, Rate("flags right", right, max(flags, 1)),
                      Rate("clean documents flagged", alarms, clean_documents))  # fmt: skip


def _difference(clean: Rows, faulty: Rows, at: int) -> str:
    was, now = clean[at], faulty[at]
    cells = [c for c in ("n_1", "mean_1", "sd_1", "n_2", "mean_2", "sd_2") if getattr(was, c) != getattr(now, c)]
    return f"{was.name}: " + ", ".join(f"{c} {getattr(was, c)} → {getattr(now, c)}" for c in cells)


def honest_trial(rng: np.random.Generator, number: int) -> list[dict]:
    """One trial simulated by the book: a bounded, often skewed score, one to three visits, some drop-out.

    Scores are drawn participant by participant from beta distributions on the instrument, so means, SDs and n belong
    together; the effect of treatment is up to one SD.
    """
    low, high = [(0, 10), (0, 100), (0, 20), (0, 68), (0, 96)][int(rng.integers(5))]
    sizes = [int(rng.integers(6, 130)), int(rng.integers(6, 130))]
    centre, weight = rng.uniform(0.25, 0.65), rng.uniform(3, 12)
    rows = []
    for month in (3, 6, 12)[: int(rng.integers(1, 4))]:
        row = {"trial": f"trial {number}", "outcome": "pain", "month": month, "kind": "final", "low": low, "high": high}
        for arm, shift in ((1, rng.uniform(-0.15, 0.05)), (2, 0.0)):
            n = max(4, sizes[arm - 1] - int(rng.integers(0, 3)))
            middle = min(max(centre + shift, 0.1), 0.9)
            scores = low + (high - low) * rng.beta(middle * weight, (1 - middle) * weight, n)
            row |= {f"n_{arm}": n, f"mean_{arm}": float(scores.mean()), f"sd_{arm}": float(scores.std(ddof=1))}
            row[f"randomised_{arm}"] = sizes[arm - 1] if n <= sizes[arm - 1] else n
        rows.append(row)
    return rows


def honest(results: int = 10_000, *, seed: int = 2) -> Rate:
    """Flags among simulated honest results, rounded as papers round: the rate should be zero.

    Returns
    -------
    Rate
        `hits` counts flagged results, `misses` quotes the flags.
    """
    rng, done, flagged, said = np.random.default_rng(seed), 0, 0, []
    while done < results:
        rows = print_rows(honest_trial(rng, done)[: results - done], rng)
        flags = _flags(rows)
        done, flagged = done + len(rows), flagged + len({f.about for f in flags})
        said += [f.says for f in flags]
    return Rate("honest results flagged", flagged, done, tuple(said))
