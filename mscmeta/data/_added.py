"""What the tables mean by what they leave out: two of them, trials.csv and outcomes.csv, are enough to add a trial.

A trial without a row in arms.csv has one arm of each role, named ``msc`` and ``control``. A trial that inclusion.csv
does not name at all joins every review whose own trials are inferred from its criteria, if its comparator fits them.
"""

from mscmeta.data._tables import table

#: Arms that need no row in arms.csv, where the trial has none there: the name is the role.
PLAIN_ARMS = ("msc", "control")
ADDED = "added"


def inclusion_of(review: str):
    """Rows of inclusion.csv for a review, and one of status ``added`` for every trial that joins it by its criteria."""
    import pandas as pd

    inclusion = table("inclusion")
    mine = inclusion[inclusion.review == review]
    fitting = set(mine.comparator_class[mine.status == "inferred"])
    trials = table("trials")
    new = trials[~trials.trial.isin(inclusion.trial) & trials.comparator_class.isin(fitting)]
    if new.empty:
        return mine
    rows = [
        {"review": review, "trial": row.trial, "status": ADDED, "comparator_class": row.comparator_class,
         "class_status": "known", "source": row.citation, "where": row.where}
        for row in new.itertuples()
    ]  # fmt: skip
    return pd.concat([mine, _like(pd.DataFrame(rows), mine)], ignore_index=True)


def arms():
    """Rows of arms.csv, and those that trials without any there imply."""
    import pandas as pd

    known = table("arms")
    told = pd.concat([table(name)[["trial", "arm"]] for name in ("outcomes", "events")]).drop_duplicates()
    plain = told[~told.trial.isin(known.trial)]
    if plain.empty:
        return known
    return pd.concat([known, _like(plain.assign(role=plain.arm, label=plain.arm), known)], ignore_index=True)


def _like(frame, other):
    """Give a frame the columns and types of another; what it lacks is not reported."""
    frame = frame.reindex(columns=other.columns)
    text = other.select_dtypes("object").columns
    return frame.assign(**{name: frame[name].astype(object).fillna("") for name in text}).astype(other.dtypes)
