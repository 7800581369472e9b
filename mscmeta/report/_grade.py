"""Tables of certainty: the five domains of GRADE, and a summary of findings in its layout."""

from ._fields import say
from ._markup import Markup
from ._words import plural

_LEVELS = {None: "not judged", 0: "none", 1: "one level", 2: "two levels"}
NOT_RATED = "not rated"
#: Names of outcomes inside a sentence.
_INSIDE = {
    "pain": "pain",
    "function": "function",
    "adverse_any": "the risk of any adverse event",
    "adverse_local": "the risk of pain or swelling of the knee",
}


def rows_domains(found):
    """Return what each domain takes away, and why: one row a domain.

    Parameters
    ----------
    found : Assessment
        From `mscmeta.certainty.assess`.

    Examples
    --------
    >>> from mscmeta.certainty import assess
    >>> rows_domains(assess("sadeghirad2024", "pain", 6, tau2="DL", ci="Wald"))["By"].tolist()
    ['us', 'rule', 'us', 'rule', 'us']
    """
    import pandas as pd

    rows = [(r.domain.capitalize(), _LEVELS[r.down], "rule" if r.computed else "us", r.says) for r in found.ratings]
    return pd.DataFrame(rows, columns=["Domain", "Down", "By", "Why"])


def certainty_word(found) -> str:
    """Return the certainty of a result, or that it is not rated."""
    return found.word or NOT_RATED


def plain_statement(found) -> str:
    """Return a result in plain words, after GRADE guidelines 26, or that there is none without a rating.

    Examples
    --------
    >>> from mscmeta.certainty import assess
    >>> plain_statement(assess("sadeghirad2024", "pain", 6, tau2="DL", ci="Wald"))
    'The evidence is very uncertain about the effect of cells on pain.'
    """
    from ..grade import statement

    if found.word is None:
        return "Not rated: a domain has not been judged for these trials."
    outcome = found.trials.attrs["outcome"]
    return statement(found.word, found.verb, _INSIDE.get(outcome, outcome))


def rows_findings(found):
    """Return a summary of findings in the layout of GRADE: one row a result.

    Parameters
    ----------
    found : dict of str to Assessment or None
        By outcome in words; None where no trial is left.
    """
    import pandas as pd

    rows = [(name, *(_row(one) if one else ("none", "", "", NOT_RATED, ""))) for name, one in found.items()]
    heads = ["Outcome", "Patients (trials)", "Without cells", "Difference with cells", "Certainty", "In plain words"]
    return pd.DataFrame(rows, columns=heads)


def _row(one) -> tuple:
    size = f"{one.participants} ({plural(one.fit.k, 'trial')})"
    return size, _without_cells(one), effect_text(one), certainty_word(one), plain_statement(one)


def _without_cells(one) -> str | Markup:
    if one.is_ratio:
        return say("{n:.0} of 100 have the event", n=100 * one.control_risk)
    if one.control_mean is None:
        return "changes only"
    return say("on average {m:.1} {unit}", m=one.control_mean, unit=one.trials.attrs["unit"])


def effect_text(one) -> Markup:
    """Return a pooled effect with its interval: a difference in its unit, or a ratio and its meaning for 100 patients.

    Examples
    --------
    >>> from mscmeta.certainty import assess
    >>> effect_text(assess("sadeghirad2024", "pain", 6, tau2="DL", ci="Wald")).text
    '−1.3 cm (95% CI −2.1 to −0.4)'
    """
    if not one.is_ratio:
        decimals = 1 if one.limits.high < 5 else 0
        shown = f"{{e:.{decimals}}} {{unit}} ({{level:%.0}} CI {{i:ci.{decimals}}})"
        return say(shown, e=float(one.fit.estimate), i=one.fit.ci, level=one.fit.level, unit=one.trials.attrs["unit"])
    ratio = say("RR {r:estci.2x}", r=one.fit)
    if one.risk is None:
        return ratio
    change = one.risk.difference, one.risk.interval.low, one.risk.interval.high
    best, low, high = (f"{abs(100 * x):.0f} {'more' if x >= 0 else 'fewer'}" for x in change)
    return say("{ratio}; of 100 patients {best} (from {low} to {high})", ratio=ratio, best=best, low=low, high=high)
