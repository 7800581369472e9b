"""Tables of a chapter that re-runs one outcome of several: chances beyond the MID, what is left out, sets of trials."""

import math

from ..chances import chance_of_benefit
from ._fields import say
from ._markup import Markup
from ._words import against_mid


def _result(pooled, decimals: int, ratio: bool = False) -> Markup:
    """One pooled result as a cell; a single trial may have no interval."""
    kind = "est" if math.isnan(float(pooled.ci.low)) else "estci"
    return say(f"{{r:{kind}.{decimals}{'x' if ratio else ''}}}", r=pooled)


def rows_chances(runs, posteriors, *, mid: float, higher_is: str):
    """Return the chance of a benefit of at least the MID, for the mean and for a new trial, two ways each.

    Parameters
    ----------
    runs, posteriors : dict of str to Pooled, of str to Posterior
        The same names: which trials.
    mid : float
    higher_is : str
        "worse" or "better".

    Examples
    --------
    >>> from mscmeta import normal_normal, pool
    >>> y, v = [-0.9, -0.3, -1.2], [0.1, 0.05, 0.2]
    >>> rows_chances({"all": pool(y, v)}, {"all": normal_normal(y, v, scale=1)}, mid=1, higher_is="worse").shape
    (1, 6)
    """
    import pandas as pd

    rows = []
    for name, run in runs.items():
        told = chance_of_benefit(run, mid, higher_is=higher_is)
        held = chance_of_benefit(posteriors[name], mid, higher_is=higher_is)
        rows.append((name, int(run.k), *(chance_text(x) for x in (told.mean, held.mean, told.new, held.new))))
    heads = ["Trials", "k", "Mean: confidence", "Mean: probability", "New trial: confidence", "New trial: probability"]
    return pd.DataFrame(rows, columns=heads)


def chance_text(x: float) -> str:
    """Print a chance in whole per cent, never 0 or 100.

    Examples
    --------
    >>> chance_text(0.034), chance_text(0.9996)
    ('3%', 'over 99%')
    """
    if math.isnan(x):
        return "not defined"
    return "under 1%" if x < 0.01 else "over 99%" if x > 0.99 else f"{100 * x:.0f}%"


def rows_without(classical, today, *, decimals: int = 2, higher_is="worse", mid=None, ratio: bool = False):
    """Return what is left when trials with a weakness are taken out, under two settings.

    Parameters
    ----------
    classical, today : dict of str to Pooled or None
        Results of `mscmeta.subsets.without` under the two settings.
    decimals : int
    higher_is, mid
        For the column that says in two or three words how the second lies to the MID; without an MID there is none.
    ratio : bool
        Effects are logarithms of ratios.
    """
    import pandas as pd

    rows = []
    for name, run in today.items():
        if run is None:
            rows.append((name, 0, "no trial left", "no trial left", ""))
            continue
        read = "" if mid is None else against_mid(run, higher_is=higher_is, mid=mid)
        rows.append((name, int(run.k), _result(classical[name], decimals, ratio), _result(run, decimals, ratio), read))
    frame = pd.DataFrame(rows, columns=["Left out", "Trials", "DL, Wald", "Settings of this page", "Against the MID"])
    return frame if mid is not None else frame.drop(columns="Against the MID")


def rows_search(found):
    """Return how many sets of trials give a printed result, from `mscmeta.subsets.search`: one row a method."""
    shown = found.assign(method=[f"{row.tau2}, {row.ci}" for row in found.itertuples()])
    shown["nearest"] = [len(names) for names in shown.nearest]
    shown = shown[["method", "sets", "equal", "near", "decoys", "apart", "nearest"]]
    heads = ["Method", "Sets", "Equal as printed", "Near", "Near a decoy", "Nearest is off by", "Trials in it"]
    return shown.set_axis(heads, axis=1)


def number_needed_text(needed) -> str:
    """Say a number needed in words, through infinity where its interval is (Altman 1998).

    Examples
    --------
    >>> from mscmeta import Interval
    >>> from mscmeta.absolute import number_needed
    >>> number_needed_text(number_needed(0.10, Interval(-0.05, 0.25)))
    '10 (harm 4 to infinity, benefit 20 to infinity)'
    >>> number_needed_text(number_needed(0.10, Interval(0.05, 0.25)))
    '10 (harm 4 to 20)'
    """
    parts = [
        f"{kind} {_count(part.low)} to {_count(part.high)}"
        for kind, part in (("harm", needed.harm), ("benefit", needed.benefit))
        if part is not None
    ]
    direction = "" if needed.kind == "harm" else f" to {needed.kind}" if needed.kind == "benefit" else ""
    return f"{_count(needed.number)}{direction} ({', '.join(parts)})" if parts else _count(needed.number)


def _count(x: float) -> str:
    """Patients, rounded up: fewer would not be enough."""
    return "infinity" if math.isinf(x) else f"{math.ceil(x - 1e-9):,}"
