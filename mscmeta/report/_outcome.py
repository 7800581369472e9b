"""The tables that every chapter about a pooled outcome shows: frames for `table`, made from a re-run."""

from .. import data, ledger
from ._compare import compare
from ._fields import say
from ._markup import Markup, badge, cite
from ._words import months

#: Parts of a claim's key that a table of an outcome shows even where nothing is wrong with them.
_ALWAYS = ("estimate", "statement", "studies")


def verdict_of(visit) -> str:
    """Return the verdict on a visit: that of `compare` if every trial is at hand, else "unverifiable".

    Examples
    --------
    >>> from mscmeta import rerun
    >>> {month: verdict_of(visit) for month, visit in rerun.visits("qu2021", "womac_total").items()}
    {3: 'unverifiable', 6: 'unverifiable', 12: 'differs'}
    """
    return compare(visit.printed[0], visit.theirs.estimate).verdict if visit.complete else "unverifiable"


def rows_printed(at):
    """Return the printed results: visit, difference, interval and P value."""
    import pandas as pd

    rows = [(months(m), v.estimate, v.ci.low, v.ci.high, v.printed[3]) for m, v in at.items()]
    return pd.DataFrame(rows, columns=["Visit", "Difference", "95% CI from", "to", "P"])


def rows_held(known):
    """Return what the review must have used and what is at hand, from `data.holdings`: one row a trial and visit."""
    import pandas as pd

    words = {True: "listed", False: "not listed"}
    rows = [
        (months(row.month), row.label, words[row.listed], _role(row), row.says)
        for row in known.itertuples()
        if row.listed or row.held
    ]
    return pd.DataFrame(rows, columns=["Visit", "Trial", "Table 1 of the review", "Here", "What we hold, or why not"])


def _role(row) -> str:
    if row.held:
        return "re-run" if row.listed else "re-run, though not listed"
    return "not rerunnable"


def rows_arms(at, decimals: int = 1):
    """Return the arms of every visit that has any, on the common scale."""
    import pandas as pd

    rows = []
    for m, visit in at.items():
        for row in () if visit.trials is None else visit.trials.itertuples():
            arms = [_mean_sd(mean, sd, decimals) for mean, sd in ((row.mean_1, row.sd_1), (row.mean_2, row.sd_2))]
            rows.append((months(m), row.label, f"{row.n_1:g}", arms[0], f"{row.n_2:g}", arms[1], row.kind))
    heads = ["Visit", "Trial", "n, MSC", "Mean (SD), MSC", "n, control", "Mean (SD), control", "Score"]
    return pd.DataFrame(rows, columns=heads)


def _mean_sd(mean: float, sd: float, decimals: int) -> Markup:
    return say(f"{{m:.{decimals}}} ({{s:.{decimals}}})", m=mean, s=sd)


def rows_sources(at):
    """Return where each number came from."""
    import pandas as pd

    rows = [
        (months(m), row.label, row.how, cite(row.source), row.where, row.note)
        for m, visit in at.items()
        for row in (() if visit.trials is None else visit.trials.itertuples())
    ]
    return pd.DataFrame(rows, columns=["Visit", "Trial", "How we have it", "Source", "Where", "Remark"])


def rows_checked(at, decimals: int = 2):
    """Return printed beside re-run for every visit: no cell is left empty without the reason."""
    import pandas as pd

    rows = []
    for m, visit in at.items():
        none = "nothing held"
        theirs, today = (none, none) if visit.k == 0 else (_result(r, decimals) for r in (visit.theirs, visit.today))
        shown = say("{e:.2} ({i:ci})", e=visit.estimate, i=visit.ci)
        rows.append((months(m), shown, theirs, today, badge(verdict_of(visit)), visit.why))
    heads = ["Visit", "Printed", "What we hold, the review's rule", "What we hold, this page", "Verdict", "Why"]
    return pd.DataFrame(rows, columns=heads)


def _result(pooled, decimals: int) -> Markup:
    count = "" if pooled.k == 1 else f", {pooled.tau2_method}"
    if pooled.k == 1 and pooled.ci.low != pooled.ci.low:
        return say(f"{{r:est.{decimals}}}; k = 1, no interval", r=pooled)
    return say(f"{{r:estci.{decimals}}}; k = {{r:k}}{count}", r=pooled)


def rows_ledger(outcome: str, review: str = "qu2021"):
    """Return the ledger's verdicts on the printed results of an outcome: main claims, and all that are not consistent.

    Examples
    --------
    >>> rows_ledger("womac_stiffness").Claim.tolist()[-2:]
    ['12 months, estimate', '12 months, statement']
    """
    import pandas as pd

    claims = data.table("claims")
    own = claims[claims.claim.str.startswith(f"{review}.{outcome}.") & (claims.rule != "")]
    judged = ledger.evaluate_claims(only=own.claim)
    shown = own.set_index("claim").printed
    rows = []
    for row in judged.itertuples():
        *_, visit, part = row.claim.split(".")
        if part not in _ALWAYS and row.verdict == "consistent":
            continue
        name = f"{months(int(visit))}, {part}" if visit.isdigit() else "number of trials"
        rows.append((name, shown[row.claim], badge(row.verdict), row.reason))
    return pd.DataFrame(rows, columns=["Claim", "Printed", "Verdict", "Why"])
