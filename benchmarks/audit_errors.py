"""How often is the audit wrong? Writes data/audit_errors.csv and data/audit_misses.csv; some minutes.

    .venv/bin/python benchmarks/audit_errors.py

The twelve faults of mscmeta.audit.faults are planted one at a time into the independent extraction, once with the
trial's own report beside the row and once without, in the half of the trials on which the limits of the checks were
set and in the other half. Honest results are simulated and audited too.
"""

import csv
import sys
import time
from pathlib import Path

from mscmeta.audit.error_rates import SEEDS, halves, honest, measure
from mscmeta.extraction import planting_ground

PER_CLASS = 250
HONEST = 10_000
WAYS = {"report": True, "rows": False}
COLUMNS = ["trials", "way", "fault", "found", "of", "seed"]
MISSES = ["way", "fault", "number", "note", "moved", "errors"]


def count_all(per_class: int = PER_CLASS, results: int = HONEST) -> tuple[list[dict], list[dict]]:
    """Rows of both tables; misses are listed for the trials that set no limit."""
    counts, misses = [], []
    for half, truth in halves(planting_ground()).items():
        for way, report in WAYS.items():
            rates = measure(truth, per_class=per_class, report=report, seed=SEEDS[half])
            for r in (*rates.found, rates.right, rates.false_alarms):
                counts.append(dict(zip(COLUMNS, (half, way, r.name, r.hits, r.of, SEEDS[half]), strict=True)))
                if half == "held out":
                    for i, (note, *far) in enumerate(zip(r.misses, r.moved, r.errors, strict=True), 1):
                        far = (f"{x:.3f}" for x in far)
                        misses.append(dict(zip(MISSES, (way, r.name, i, note, *far), strict=True)))
    clean = honest(results, seed=SEEDS["honest"])
    counts.append(dict(zip(COLUMNS, ("simulated", "report", clean.name, clean.hits, clean.of, SEEDS["honest"]),
                           strict=True)))  # fmt: skip
    return counts, misses


def write(path: Path, columns: list[str], rows: list[dict]) -> None:
    """One CSV table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    start = time.process_time()
    data = Path(__file__).resolve().parents[1] / "data"
    counts, misses = count_all()
    write(data / "audit_errors.csv", COLUMNS, counts)
    write(data / "audit_misses.csv", MISSES, misses)
    sys.stdout.write(f"{len(counts)} counts, {len(misses)} misses, {time.process_time() - start:.0f} s\n")
