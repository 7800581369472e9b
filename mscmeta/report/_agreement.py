"""Our answers beside those of other programs on the same data, with the digits that agree."""

from .. import data
from ..accuracy import lre


def rows_agreement(case: str, ours):
    """Return our answers beside the reference answers of a case: one row each, and how many digits agree.

    Parameters
    ----------
    case : str
        Of the table `reference_answers`.
    ours : dict of str to dict of str to float
        Method to quantity to our answer, by the names of the table.

    Returns
    -------
    DataFrame
        Digits that agree are whole numbers, 15 at most.

    Raises
    ------
    ValueError
        If the table has no such case, or no such answer: nothing is compared with nothing.

    Examples
    --------
    >>> rows_agreement("pain6", {"Begg": {"statistic": 0.0}})["Digits that agree"].tolist()
    [0]
    """
    import pandas as pd

    table = data.table("reference_answers")
    known = table[(table.case == case) & (table.study == "all")].set_index(["method", "quantity"])
    if not len(known):
        raise ValueError(f"case is {case!r}, of which the table of reference answers holds no pooled answer")
    rows = []
    for method, answers in ours.items():
        for quantity, got in answers.items():
            if (method, quantity) not in known.index:
                raise ValueError(f"there is no reference answer {quantity!r} by {method!r} for {case!r}")
            other = known.loc[(method, quantity)]
            words = quantity.replace("_", " ")
            rows.append((method, words, other.made_with, float(other.value), float(got), int(lre(got, other.value))))
    heads = ["Method", "Quantity", "Reference", "Its answer", "mscmeta", "Digits that agree"]
    return pd.DataFrame(rows, columns=heads)
