"""The tables that every chapter about a pooled outcome shows: frames for `table`, made from a re-run."""

import numpy as np

from .. import data, ledger
from ..missing import fitting
from ..plots._format import MINUS, percent
from ..sensitivity import leave_one_out
from ._compare import Comparison, compare
from ._fields import say
from ._markup import Markup, badge, cite
from ._words import months, plural, reading

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
    return _compared(visit).verdict if visit.complete else "unverifiable"


def _compared(visit) -> Comparison:
    """The printed estimate against the re-run by the review's rule, in SDs of the scores as well."""
    return compare(visit.printed[0], visit.theirs.estimate, sd=_sd(visit.trials))


def _sd(trials) -> float | None:
    """SD of the scores within arms, over all arms that have one."""
    sd, n = (np.concatenate([trials[f"{name}_{arm}"].to_numpy(float) for arm in (1, 2)]) for name in ("sd", "n"))
    known = np.isfinite(sd) & (n > 1)
    return float(np.sqrt(np.average(sd[known] ** 2, weights=n[known] - 1))) if known.any() else None


def finding(visit, decimals: int = 1) -> Markup:
    """Return what the trials at hand say at a visit, in a sentence or two; or that there are none, and why."""
    at = f"At {months(visit.month)}"
    if visit.k == 0:
        return say("{at} we hold no trial: {why}.", at=at, why=visit.why)
    attrs, result = visit.trials.attrs, visit.result
    count = visit.trials.trial.nunique()
    held = plural(count, "trial")
    are, who = ("is at hand", "That trial does") if count == 1 else ("can be pooled", "The trials do")
    told = reading(result, higher_is=attrs["higher_is"], mid=attrs["mid"], who=who)
    shown = say(f"{{r:estci.{decimals} {attrs['unit']}}}", r=result)
    return say("{at} {held} {are}: {shown}. {told}", at=at, held=held, are=are, shown=shown, told=told)


def rows_ways(ways, decimals: int = 1):
    """Return the result at each visit for several choices, from `rerun.ways`, and in the last row what was printed."""
    import pandas as pd

    rows = [[name, *(_brief(visit, decimals) for visit in at.values())] for name, at in ways.items()]
    visits = next(iter(ways.values()))
    shown = f"{{e:.{decimals}}} ({{i:ci.{decimals}}})"
    rows.append(["printed by the review", *(say(shown, e=v.estimate, i=v.ci) for v in visits.values())])
    heads = ["Choice", *(months(m) for m in visits)]
    return pd.DataFrame(rows, columns=heads)


def _brief(visit, decimals: int) -> Markup | str:
    if visit.k == 0:
        return "nothing held"
    return say(f"{{r:est.{decimals}}} ({{r:ci.{decimals}}})", r=visit.result)


def rows_left_out(at, decimals: int = 1, **model):
    """Return the result without each trial in turn, by `pool`'s options; no row where fewer than two are at hand."""
    import pandas as pd

    rows = []
    for m, visit in at.items():
        if visit.k < 2:
            continue
        left = leave_one_out(visit.trials.y, visit.trials.v, **model)
        for i, label in enumerate(visit.trials.label):
            rows.append((m, label, say(f"{{r:estci.{decimals}}}", r=left.replicate(i))))
    return pd.DataFrame(rows, columns=["Month", "Without", "Result"])


def rows_gaps(gaps):
    """Return what missing trials must have said, from the values of `rerun.gaps`, and whether that is possible."""
    import pandas as pd

    rows = []
    for gap in gaps:
        said = {model: _must(gap, found) for model, found in gap.by_model.items()}
        possible = any(yes for yes, _ in said.values())
        verdict = "possible" if possible else "impossible"
        rows.append((gap.outcome, gap.month, *(says for _, says in said.values()), verdict, ", ".join(gap.missing)))
    heads = ["Outcome", "Month", "One common effect", "DerSimonian-Laird", "Together", "Missing"]
    return pd.DataFrame(rows, columns=heads)


def _must(gap, found) -> tuple[bool, str]:
    """Whether anything would do, and effect with SD of the scores, or SE in the trials' own units."""
    if not found.possible:
        return False, "none"
    if gap.width is None:
        return True, f"{_range(found.effect)}; SE {_range(found.se)}"
    ranges = fitting(found, gap.n_1, gap.n_2, gap.width)
    return (True, f"{_range(ranges[0])}; SD {_range(ranges[1])}") if ranges else (False, "off the scale")


def _range(interval) -> str:
    """Print a range to three digits; a lower end that is nothing beside the upper one is not told."""
    low, high = (f"{x:.3g}".replace("-", MINUS) for x in interval)
    if 0 <= interval.low < 0.01 * interval.high:
        return f"up to {high}"
    return low if low == high else f"{low} to {high}"


def rows_printed(at):
    """Return the printed results: visit, difference, interval and P value."""
    import pandas as pd

    rows = [(m, v.estimate, v.ci.low, v.ci.high, v.printed[3]) for m, v in at.items()]
    return pd.DataFrame(rows, columns=["Month", "Difference", "95% CI from", "to", "P"])


def rows_held(known):
    """Return what the review must have used and what is at hand, from `data.holdings`: one row a trial and visit."""
    import pandas as pd

    rows = [(row.month, row.label, _role(row), row.says) for row in known.itertuples() if row.listed or row.held]
    return pd.DataFrame(rows, columns=["Month", "Trial", "Here", "What we hold, or why not"])


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
            rows.append((m, row.label, f"{row.n_1:g}", arms[0], f"{row.n_2:g}", arms[1], row.kind))
    heads = ["Month", "Trial", "n, MSC", "Mean (SD), MSC", "n, control", "Mean (SD), control", "Score"]
    return pd.DataFrame(rows, columns=heads)


def _mean_sd(mean: float, sd: float, decimals: int) -> Markup:
    return say(f"{{m:.{decimals}}} ({{s:.{decimals}}})", m=mean, s=sd)


def rows_sources(at):
    """Return where each number came from."""
    import pandas as pd

    rows = [
        (m, row.label, row.how, cite(row.source), row.where, row.note)
        for m, visit in at.items()
        for row in (() if visit.trials is None else visit.trials.itertuples())
    ]
    return pd.DataFrame(rows, columns=["Month", "Trial", "How we have it", "Source", "Where", "Remark"])


def rows_checked(at, decimals: int = 2):
    """Return printed beside re-run for every visit: no cell is left empty without the reason."""
    import pandas as pd

    rows = []
    for m, visit in at.items():
        none = "nothing held"
        theirs, today = (none, none) if visit.k == 0 else (_result(r, decimals) for r in (visit.theirs, visit.today))
        shown = say("{e:.2} ({i:ci})", e=visit.estimate, i=visit.ci)
        rows.append((m, shown, theirs, today, badge(verdict_of(visit)), visit.why))
    level = next((percent(visit.today.level, 0) for visit in at.values() if visit.k), "95%")
    held = ["Held, the review's rule (95% CI)", f"Held, this page ({level} CI)"]
    return pd.DataFrame(rows, columns=["Month", "Printed (95% CI)", *held, "Verdict", "Why"])


def _result(pooled, decimals: int) -> Markup:
    count = "" if pooled.k == 1 else f", {pooled.tau2_method}"
    if pooled.k == 1 and pooled.ci.low != pooled.ci.low:
        return say(f"{{r:est.{decimals}}}; k = 1, no interval", r=pooled)
    return say(f"{{r:est.{decimals}}} ({{r:ci.{decimals}}}); k = {{r:k}}{count}", r=pooled)


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
    judged = ledger.evaluate_claims(only=own.claim.tolist())
    shown = own.set_index("claim").printed
    rows = []
    for row in judged.itertuples():
        *_, visit, part = row.claim.split(".")
        if part not in _ALWAYS and row.verdict == "consistent":
            continue
        name = f"{months(int(visit))}, {part}" if visit.isdigit() else "number of trials"
        rows.append((name, shown[row.claim], badge(row.verdict), row.reason))
    return pd.DataFrame(rows, columns=["Claim", "Printed", "Verdict", "Why"])
