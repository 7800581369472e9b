"""The audit's own error rate: what it finds of planted faults, and what it says of honest rows.

The limits of the checks were set on one half of the trials and one stream of simulated honest results; what is
reported comes from the other half and another stream.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, ndtr, ndtri

from mscmeta.audit._printed import Finding, box
from mscmeta.audit.faults import FAULTS, Rows, documents, plant, print_rows
from mscmeta.audit.rows import Row
from mscmeta.audit.trials import audit_rows

SEEDS = {"tuning": 1, "held out": 2, "honest": 3}  # of the faults in either half, and of honest results


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something happened, with its exact 95 % interval (Clopper and Pearson, Biometrika 1934;26:404).

    Attributes
    ----------
    name : str
        What was counted.
    hits, of : int
        How often, of how many tries.
    misses : tuple of str
        The others, described.
    moved : tuple of float
        By how many SDs each missed fault moves the difference between the arms.
    errors : tuple of float
        How many standard errors lie between the row as it was and as it is (`sampling_errors`).
    """

    name: str
    hits: int
    of: int
    misses: tuple[str, ...] = ()
    moved: tuple[float, ...] = ()
    errors: tuple[float, ...] = ()

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


def halves(truth: Sequence[Mapping]) -> dict[str, list[Mapping]]:
    """The trials on which the limits of the checks were set, and the others: every second one by name.

    >>> {half: [t["trial"] for t in rows] for half, rows in halves([{"trial": name} for name in "abc"]).items()}
    {'tuning': ['a', 'c'], 'held out': ['b']}
    """
    trials = sorted({t["trial"] for t in truth})
    return {
        half: [t for t in truth if t["trial"] in trials[first::2]] for first, half in enumerate(("tuning", "held out"))
    }


def _flags(rows: Rows) -> list[Finding]:
    return [f for f in audit_rows(rows) if f.flag]


def _points_at(finding: Finding, row: Row) -> bool:
    return row.outcome in finding.about[1].split(" + ") and row.month in finding.about[2:]


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
        The same seed gives the same documents, and the first of a longer run are those of a shorter one.
    """
    found, flags, right, alarms, clean_documents = [], 0, 0, 0, 0
    for number, name in enumerate(FAULTS):
        rng, hits, missed = np.random.default_rng([seed, number]), 0, []
        for _ in range(per_class):
            clean, faulty, at = plant(name, truth, rng, report=report)
            before, after = _flags(clean), _flags(faulty)
            aimed = [f for f in after if _points_at(f, clean[at]) and f not in before]
            flags, right = flags + len(after) + len(before), right + len(aimed)
            alarms, clean_documents = alarms + bool(before), clean_documents + 1
            hits += bool(aimed)
            if not aimed:
                was, now = clean[at], faulty[at]
                missed.append((_difference(was, now), abs(_smd(now) - _smd(was)), sampling_errors(was, now)))
        found.append(Rate(name, hits, per_class, *(tuple(part) for part in zip(*missed, strict=True))))
    overall = Rate("all classes", sum(r.hits for r in found), sum(r.of for r in found))
    return ErrorRates(tuple(found), overall, Rate("flags right", right, max(flags, 1)),
                      Rate("clean documents flagged", alarms, clean_documents))  # fmt: skip


def sampling_errors(was: Row, now: Row) -> float:
    """How far a fault moves a row, in standard errors of the row's own means and SDs.

    The root of Σ n (Δ mean)²/SD² + 2 (n - 1) (Δ log SD)² over both arms, as in normal samples. Someone who knew the
    true means and SDs of the patients, and which fault to look for, could still not do better than `best_power`.

    >>> arms = dict(n_1="25", sd_1="2.0", n_2="25", mean_2="5.0", sd_2="2.0")
    >>> print(sampling_errors(Row("x", "pain", "6", mean_1="4.2", **arms), Row("x", "pain", "6", mean_1="2.4", **arms)))
    4.5
    """
    squares = 0.0
    for (n, mean, sd), (_, new_mean, new_sd) in zip(was.arms(), now.arms(), strict=True):
        spread, new_spread = (float(text) or box(text).high for text in (sd, new_sd))  # one printed as 0 is not 0
        squares += int(n) * ((float(new_mean) - float(mean)) / spread) ** 2
        squares += 2 * (int(n) - 1) * math.log(new_spread / spread) ** 2
    return round(math.sqrt(squares), 10)


def best_power(errors: float, *, false_alarms: float = 1e-4) -> float:
    """The most that any check of sizes can find of faults that move a row by so many standard errors.

    Neyman and Pearson's most powerful test of one known shift, Φ(errors - z), at a given rate of false alarms
    (Philos Trans R Soc A 1933;231:289). Digits that cannot be, or the same number printed twice, need no chance and
    are not bounded by it; other visits of the same patients raise the number of errors.

    >>> round(best_power(3.719), 3), round(best_power(1.0), 3)
    (0.5, 0.003)
    """
    return float(ndtr(errors - ndtri(1 - false_alarms)))


def _difference(was: Row, now: Row) -> str:
    cells = [c for c in ("n_1", "mean_1", "sd_1", "n_2", "mean_2", "sd_2") if getattr(was, c) != getattr(now, c)]
    return f"{was.name}: " + ", ".join(f"{c} {getattr(was, c)} → {getattr(now, c)}" for c in cells)


def _smd(row: Row) -> float:
    spread = math.sqrt((float(row.sd_1) ** 2 + float(row.sd_2) ** 2) / 2)
    return (float(row.mean_1) - float(row.mean_2)) / spread if spread > 0 else math.inf


SCALES = ((0, 10), (0, 100), (0, 20), (0, 68), (0, 96))


def honest_trial(rng: np.random.Generator, number: int) -> list[dict]:
    """One trial simulated by the book: bounded, often skewed scores, one to three visits and outcomes, drop-out.

    Scores are drawn participant by participant from beta distributions on the instrument, with a correlation of 0.5
    between baseline and visit, so means, SDs, changes and n belong together. The effect of treatment is up to one SD,
    it differs between visits, and both arms drift together. Final scores, changes, or both are printed.
    """
    sizes = [int(rng.integers(6, 130)) for _ in range(2)]
    months, rows = (3, 6, 12)[: int(rng.integers(1, 4))], []
    lost = {month: [int(rng.integers(0, 3)) for _ in sizes] for month in months}
    for outcome in ("pain", "function", "stiffness")[: int(rng.integers(1, 4))]:
        low, high = SCALES[int(rng.integers(len(SCALES)))]
        centre, weight, drift = rng.uniform(0.25, 0.65), rng.uniform(3, 12), 0.0
        kinds = [("final",), ("change",), ("final", "change")][int(rng.choice(3, p=[0.6, 0.25, 0.15]))]
        begin = [rng.standard_normal(size) for size in sizes]
        for month in months:
            drift += float(rng.normal(0, 0.04))
            key = {
                "trial": f"trial {number}",
                "outcome": outcome,
                "month": month,
                "low": low,
                "high": high,
                "better": "low",
            }
            both = {kind: key | {"kind": kind, "measure": outcome} for kind in kinds}
            for arm, shift in ((1, rng.uniform(-0.15, 0.05)), (2, 0.0)):
                n = max(4, sizes[arm - 1] - lost[month][arm - 1])
                here = begin[arm - 1][:n]
                now = _scores(0.5 * here + math.sqrt(0.75) * rng.standard_normal(n), centre + drift + shift, weight)
                for kind, row in both.items():
                    values = now - (_scores(here, centre + 0.1, weight) if kind == "change" else 0.0)
                    values = (high - low) * values + (low if kind == "final" else 0)
                    row |= {f"n_{arm}": n, f"mean_{arm}": float(values.mean()), f"sd_{arm}": float(values.std(ddof=1))}
                    row[f"randomised_{arm}"] = sizes[arm - 1]
            rows += both.values()
    return rows


def _scores(latent: np.ndarray, middle: float, weight: float) -> np.ndarray:
    """Beta scores from 0 to 1 with a given mean and concentration, by the quantile transformation of normal ones."""
    middle = min(max(middle, 0.1), 0.9)
    return betaincinv(middle * weight, (1 - middle) * weight, ndtr(latent))


def honest(results: int = 10_000, *, seed: int = SEEDS["honest"]) -> Rate:
    """Flags among simulated honest results, rounded as papers round: the rate should be zero.

    Returns
    -------
    Rate
        `hits` counts flagged results, `misses` quotes the flags.
    """
    rng, done, flagged, said = np.random.default_rng(seed), 0, 0, []
    while done < results:
        trial = honest_trial(rng, done)[: results - done]
        rows = [row for group in documents(trial)[trial[0]["trial"]] for row in print_rows(group, rng)]
        flags = _flags(rows)
        done, flagged = done + len(rows), flagged + len({f.about for f in flags})
        said += [f.says for f in flags]
    return Rate("honest results flagged", flagged, done, tuple(said))
