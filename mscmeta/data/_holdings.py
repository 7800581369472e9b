"""Which trials a review must have pooled at each visit, and which of them we hold: no cell silently missing."""

from mscmeta._checks import one_of
from mscmeta.data import _contrasts as made
from mscmeta.data import _select as select
from mscmeta.data._select import Ask, LeftOutError


def holdings(review: str, outcome: str, months, *, kind: str = "final", medians: str = "Luo-Wan"):
    """One row a trial and visit: did the review's table of trials list it, do we hold it, and if not, why not.

    Parameters
    ----------
    review, outcome : str
        A row of ``endpoints.csv``; its trials are those that the review names for the outcome.
    months : list of int
        Visits.
    kind, medians : str
        As for `contrasts`.

    Returns
    -------
    DataFrame
        `month`, `trial`, `label`; `listed`: the review's table of trials has a visit at that month; `held`: numbers
        that can be pooled are at hand; `says`: what they are, or why there are none.

    Raises
    ------
    ValueError
        For an unknown review, outcome or option.

    Examples
    --------
    >>> frame = holdings("qu2021", "womac_total", [3])
    >>> frame[["label", "listed", "held"]].values.tolist()
    [['Vega 2015', False, True], ['Lamo-Espinosa 2016', False, True], ['Emadedin 2018', True, False]]
    """
    import pandas as pd

    one_of("kind", kind, made.KINDS)
    one_of("medians", medians, made.MEDIANS)
    endpoint = select.endpoint_of(review, outcome)
    members, rows = select.members(review, outcome, None), select.rows_of(endpoint)
    effects = select.effects_of(endpoint)
    found = []
    for month in months:
        ask = Ask(endpoint, month, kind, "combine", medians, effects)
        for member in sorted(members, key=lambda member: member.year):
            held, says = _held(ask, member, [row for row in rows if row.trial == member.trial])
            listed = str(month) in member.follow_up.split(",")
            found.append((month, member.trial, member.label, listed, held, says))
    return pd.DataFrame(found, columns=["month", "trial", "label", "listed", "held", "says"])


def _held(ask: Ask, member, rows) -> tuple[bool, str]:
    try:
        row = made._of_trial(ask, member, rows)[0]
    except LeftOutError as reason:
        return False, str(reason)
    how = "medians and quartiles" if "from median" in row["note"] or "median taken" in row["note"] else "means and SDs"
    return True, f"{how} of {row['kind']} scores, {row['n_1']:g} v {row['n_2']:g} patients"
