"""What every trial gives for every outcome and month, and how the numbers came to be."""

from mscmeta.data._added import inclusion_of
from mscmeta.data._contrasts import contrasts
from mscmeta.data._tables import table

#: How a number came to be, from its weakest part; a row without any of these caveats is as its source prints it.
STATE_OF_CAVEAT = {
    "imputed_sd": "imputed",
    "median_as_mean": "median",
    "read_off_figure": "figure",
    "sd_worked_out": "worked_out",
}


def evidence(review: str, cells, *, kind: str = "final"):
    """One row a trial of the review, candidates and context alike, with the state of each cell.

    Parameters
    ----------
    review : str
    cells : list of (str, int or None)
        Outcomes and months, as for `contrasts`.
    kind : {"final", "change"}
        Scores to prefer, as for `contrasts`; events have no kind.

    Returns
    -------
    DataFrame
        `trial`, `label`, `comparator_class`, `status` (of ``inclusion.csv``, or "added"), and a column a cell, named by
        its pair: "printed", "counted" (events), "worked_out", "figure", "median" or "imputed" by the weakest part of
        the number; "" where no source seen has one that can be pooled.

    Examples
    --------
    >>> frame = evidence("sadeghirad2024", [("pain", 6)]).set_index("trial")
    >>> frame[("pain", 6)][["sadri2023", "lee2019", "gupta2023"]].tolist()
    ['printed', 'imputed', '']
    """
    import pandas as pd

    mine = inclusion_of(review)
    known = table("trials").set_index("trial")
    frame = mine[["trial", "comparator_class", "status"]].assign(label=[known.label[t] for t in mine.trial])
    frame = frame.set_index("trial")
    for outcome, month in cells:
        prefer = {} if month is None else {"kind": kind}
        held = contrasts(review, outcome, month, trials=list(mine.trial), **prefer)
        states = pd.Series({row.trial: _state(row.caveats, held.attrs["measure"] == "RR") for row in held.itertuples()})
        frame[(outcome, month)] = states.reindex(frame.index).fillna("")
    return frame.reset_index()


def _state(caveats: str, binary: bool) -> str:
    found = [state for caveat, state in STATE_OF_CAVEAT.items() if caveat in caveats.split()]
    return found[0] if found else "counted" if binary else "printed"
