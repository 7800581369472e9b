"""Which sets of trials give a printed result: every subset pooled, matches counted, and decoys to judge them by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from mscmeta import _checks as check
from mscmeta._results import Interval, Pooled
from mscmeta.pool import pool, pool_masked

#: Sets of trials that are pooled at most; three choices for each of twelve trials are 531,441.
MOST_SETS = 1 << 20
#: Recipes that "random-effects" may mean, and the common effect.
METHODS = (
    ("DL", "Wald"),
    ("DL", "HK"),
    ("REML", "Wald"),
    ("REML", "HK"),
    ("REML", "HK-floor"),
    ("PM", "HK"),
    ("FE", "Wald"),
)


def without(y, v, flags: Mapping[str, object], *, labels=None, **settings) -> dict[str, Pooled | None]:
    """Pool without the trials that each flag marks, one flag at a time, and without all that any marks.

    Parameters
    ----------
    y, v : array_like of shape (k,)
        Effects and variances of the trials.
    flags : mapping of str to array_like of bool
        For each reason to leave trials out, which ones it marks.
    labels : sequence of str, optional
        Names of the trials, for messages.
    **settings
        As for `mscmeta.pool`.

    Returns
    -------
    dict of str to Pooled or None
        "nothing" (all trials), each reason, and "all of these" where there are several; None where no trial is left.

    Examples
    --------
    >>> runs = without([-0.9, -0.3, -1.2], [0.1, 0.05, 0.2], {"paired": [False, False, True]}, tau2="DL")
    >>> [(name, run.k, round(run.estimate, 2)) for name, run in runs.items()]
    [('nothing', 3, -0.71), ('paired', 2, -0.56)]
    """
    y, v, names = check.studies(y, v, labels, allow_absent=False)
    marks = {name: np.asarray(mark, bool) for name, mark in flags.items()}
    for name, mark in marks.items():
        if mark.shape != y.shape:
            raise ValueError(f"flags[{name!r}] has shape {mark.shape}; give one yes or no a trial, {len(y)} in all")
    out = {"nothing": np.zeros(len(y), bool), **marks}
    if len(marks) > 1:
        out["all of these"] = np.any(list(marks.values()), axis=0)
    return {name: _left(y, v, ~mark, names, settings) for name, mark in out.items()}


def _left(y, v, keep, names, settings) -> Pooled | None:
    if not keep.any():
        return None
    kept = None if names is None else [name for name, stays in zip(names, keep, strict=True) if stays]
    return pool(y[keep], v[keep], labels=kept, **settings)


def one_of_each(groups: Sequence[object]) -> np.ndarray:
    """Mask of every set that takes at most one row of each group; rows on axis 0, sets on axis 1.

    With one row a group these are all subsets; with the months of a trial as one group, every choice of trials and of
    a month for each. The empty set is left out.

    Raises
    ------
    ValueError
        When there are more than 2**20 sets.

    Examples
    --------
    >>> one_of_each(["a", "a", "b"]).astype(int).T.tolist()
    [[0, 0, 1], [1, 0, 0], [1, 0, 1], [0, 1, 0], [0, 1, 1]]
    """
    rows: dict[object, list[int]] = {}
    for row, group in enumerate(groups):
        rows.setdefault(group, []).append(row)
    sets = int(np.prod([float(len(members) + 1) for members in rows.values()]))
    if not rows or sets > MOST_SETS:
        raise ValueError(f"groups gives {sets - 1} sets; between 1 and {MOST_SETS} can be pooled")
    choices = list(product(*([-1, *members] for members in rows.values())))[1:]
    mask = np.zeros((len(groups), len(choices)), bool)
    for chosen in np.array(choices).T:
        taken = np.flatnonzero(chosen >= 0)
        mask[chosen[taken], taken] = True
    return mask


def pool_sets(y, v, groups=None, *, labels=None, **settings) -> Pooled:
    """Pool every set of trials, or of rows with at most one a group (see `one_of_each`).

    Returns
    -------
    Pooled
        One replicate a set, with its `mask`.

    Examples
    --------
    >>> pool_sets([-0.9, -0.8, -0.3], [0.1, 0.1, 0.05], ["a", "a", "b"], tau2="DL", ci="Wald").k.tolist()
    [1, 1, 2, 1, 2]
    """
    y = np.asarray(y, float)
    return pool_masked(y, v, one_of_each(range(len(y)) if groups is None else groups), labels=labels, **settings)


def distance(sets: Pooled, estimate: float, interval: Interval, *, ratio: bool = False) -> np.ndarray:
    """How far each set's result is from a printed one: the largest of its three differences, in the unit of the effect.

    A set without an interval (one trial under Hartung-Knapp) is infinitely far. With `ratio`, the sets hold logarithms
    and the printed numbers are ratios, as are the differences.

    Examples
    --------
    >>> sets = pool_sets([-0.9, -0.3], [0.1, 0.05], tau2="FE", ci="Wald")
    >>> distance(sets, -0.5, Interval(-0.86, -0.14)).round(3).tolist()
    [0.278, 0.66, 0.002]
    """
    estimate = check.number("estimate", estimate)
    with np.errstate(over="ignore"):
        ours = [np.exp(x) if ratio else x for x in (sets.estimate, sets.ci.low, sets.ci.high)]
    apart = [mine - printed for mine, printed in zip(ours, (estimate, interval.low, interval.high), strict=True)]
    largest = np.max(np.abs(apart), axis=0)
    return np.where(np.isnan(largest), np.inf, largest)


def matches(sets: Pooled, estimate: float, interval: Interval, *, within: float = 0.005, ratio=False) -> np.ndarray:
    """Which sets give a printed result: estimate and both limits within `within` (half the last printed digit).

    Examples
    --------
    >>> sets = pool_sets([-0.9, -0.3], [0.1, 0.05], tau2="FE", ci="Wald")
    >>> matches(sets, -0.5, Interval(-0.86, -0.14)).tolist()
    [False, False, True]
    """
    if not within > 0:
        raise ValueError(f"within is {within!r}; give a positive distance, such as half the last printed digit")
    return distance(sets, estimate, interval, ratio=ratio) <= within * (1 + 1e-9)


def decoy_matches(sets: Pooled, estimate: float, interval: Interval, *, within: float = 0.005, ratio: bool = False,
                  reach: float = 0.5, each_way: int = 50) -> np.ndarray:  # fmt: skip
    """How many sets match results that nobody printed: the printed one moved along the axis, its width kept.

    Parameters
    ----------
    sets : Pooled
        Result of `pool_sets` or `mscmeta.gosh`.
    estimate, interval
        The printed result.
    within, ratio
        As for `matches`; ratios are moved on the log scale.
    reach : float
        The decoys lie up to this share of the interval's width away, on either side.
    each_way : int
        Number of decoys on each side.

    Returns
    -------
    ndarray of shape (2 * each_way,)
        Matches of each decoy. Where decoys match as often as the printed result, a match is what chance gives.

    Examples
    --------
    >>> sets = pool_sets([-0.9, -0.3], [0.1, 0.05], tau2="FE", ci="Wald")
    >>> decoy_matches(sets, -0.5, Interval(-0.86, -0.14), within=0.03, reach=0.1, each_way=4).tolist()
    [0, 0, 0, 1, 1, 0, 0, 0]
    """
    printed = np.array([estimate, interval.low, interval.high], float)
    printed = np.log(printed) if ratio else printed
    steps = np.arange(1, each_way + 1) / each_way * reach * (printed[2] - printed[1])
    moved = printed + np.concatenate([-steps[::-1], steps])[:, None]
    moved = np.exp(moved) if ratio else moved
    return np.array([
        matches(sets, e, Interval(low, high), within=within, ratio=ratio).sum() for e, low, high in moved
    ])  # fmt: skip


def search(y, v, estimate: float, interval: Interval, *, groups=None, methods=METHODS, decimals: int = 2,
           ratio: bool = False, labels=None):  # fmt: skip
    """Look for sets of trials that give a printed result, under several methods.

    Parameters
    ----------
    y, v : array_like of shape (k,)
        Effects and variances of the rows.
    estimate, interval
        The printed result; ratios with `ratio`.
    groups : sequence, optional
        Rows of one group are never together, as the months of one trial (see `one_of_each`).
    methods : iterable of (tau2, ci)
    decimals : int
        Printed decimals: a match is closer than half of the last one; near is closer than three halves.
    labels : sequence of str, optional
        Names of the rows, for the nearest set.

    Returns
    -------
    DataFrame
        One row a method: `tau2`, `ci`, `sets`, `equal` and `near` (sets), `decoys` (near sets of a decoy, on average),
        `apart` (distance of the nearest set) and `nearest` (the labels of its rows).

    Examples
    --------
    >>> found = search([-0.9, -0.3], [0.1, 0.05], -0.5, Interval(-0.86, -0.14), methods=[("FE", "Wald")], labels="ab")
    >>> found[["sets", "equal", "nearest"]].values.tolist()
    [[3, 1, ('a', 'b')]]
    """
    import pandas as pd

    rows, half = [], 0.5 * 10.0**-decimals
    names = [str(i + 1) for i in range(len(y))] if labels is None else list(labels)
    for tau2, ci in methods:
        sets = pool_sets(y, v, groups, tau2=tau2, ci=ci)
        apart = distance(sets, estimate, interval, ratio=ratio)
        best = int(np.argmin(apart))
        rows.append({
            "tau2": tau2, "ci": ci, "sets": len(apart),
            "equal": int(matches(sets, estimate, interval, within=half, ratio=ratio).sum()),
            "near": int(matches(sets, estimate, interval, within=3 * half, ratio=ratio).sum()),
            "decoys": float(decoy_matches(sets, estimate, interval, within=3 * half, ratio=ratio).mean()),
            "apart": float(apart[best]),
            "nearest": tuple(name for name, inside in zip(names, sets.mask[:, best], strict=True) if inside),
        })  # fmt: skip
    return pd.DataFrame(rows)
