"""How long the engine needs for a thousand specifications of the multiverse: CPU time, one thread.

Usage: python -m benchmarks.multiverse

A specification is a set of rows with an estimator and an interval. The sets are those of pain at 3 to 6 months as the
choices give them, with their repetitions; nothing is gained by knowing that many are alike.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from itertools import product

import numpy as np

from benchmarks.bench import seconds
from mscmeta.multiverse import ROW_CHOICES, multiverse_of, options, pool_models, row_masks
from mscmeta.versions import versions

SPECIFICATIONS = 1000


def main():
    axes = options()
    rows = versions("pain", 6)
    masks = row_masks(rows, axes).reshape(-1, len(rows.rows))
    masks = masks[masks.any(axis=1)]
    models = list(product(axes["tau2"], axes["ci"]))
    each = SPECIFICATIONS // len(models)  # sets of rows a model; what is left over goes to the last
    some = masks[np.linspace(0, len(masks) - 1, SPECIFICATIONS).astype(int)].T
    print(f"{len(rows.rows)} rows, {len(masks)} combinations of {len(ROW_CHOICES)} choices about rows\n")
    print(f"{'work':<58}{'time':>10}   should be")
    mixed = seconds(lambda: [pool_models(rows.rows.y, rows.rows.v, part, [model]) for model, part in
                             zip(models, parts(some, each, len(models)), strict=True)])  # fmt: skip
    print(
        f"{f'{SPECIFICATIONS} specifications, {len(models)} models in turn':<58}{1e3 * mixed:>7.1f} ms   under 100 ms"
    )
    for model in models:
        taken = seconds(lambda model=model: pool_models(rows.rows.y, rows.rows.v, some, [model]))
        print(
            f"{f'{SPECIFICATIONS} specifications, all {model[0]}, {model[1]}':<58}{1e3 * taken:>7.1f} ms   under 100 ms"
        )
    whole = seconds(lambda: multiverse_of("pain", 6), 3)
    print(f"{'multiverse_of: reading, masks, distinct analyses, engine':<58}{1e3 * whole:>7.1f} ms")


def parts(masks, each, count):
    """The columns divided among the models."""
    return [masks[:, i * each : (i + 1) * each if i + 1 < count else None] for i in range(count)]


if __name__ == "__main__":
    main()
