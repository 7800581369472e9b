"""Answers of notebooks/methods/find_the_mistakes.ipynb: nothing but printed statements of Qu and Sun 2021."""

from __future__ import annotations

from scipy.special import ndtr

from mscmeta import audit, data
from mscmeta.exercises import Answer
from mscmeta.ledger import evaluate_claims

FIELDS = ["estimate", "low", "high", "p", "statement"]
QUIZ = [
    "abstract.ikdc_24",
    "vas_pain.12.estimate",
    "womac_stiffness.12.estimate",
    "results.bias_low",
    "discussion.most_low_bias",
    "discussion.lamo_name",
    "womac_pain.12.p",
    "table2.age.t",
]


def _claims():
    return data.table("claims").query("review == 'qu2021'")


def _results():
    claims = _claims()
    rows = claims[(claims.section == "results") & claims.month.notna() & claims.quantity.isin(FIELDS)]
    return rows.pivot(index=["outcome", "month"], columns="quantity", values="printed").dropna()


def _p(sides=2, width=2.0):
    one = _results().loc[("womac_total", 3)]
    se = (float(one.high) - float(one.low)) / (width * 1.96)
    return sides * float(ndtr(-abs(float(one.estimate)) / se))


def _includes_zero(one):
    return audit.significance("significant", one.low, one.high).verdict == "contradicted"


def _words(wanted=None):
    """Results whose word their interval contradicts, of all or of one statement."""
    found = set()
    for (outcome, month), one in _results().iterrows():
        said = audit.significance(one.statement, one.low, one.high, p=one.p)
        if said.verdict == "contradicted" and wanted in (None, one.statement):
            found.add(f"{outcome} {month:.0f}")
    return frozenset(found)


def _abstract():
    claims, results = _claims(), _results()
    said = claims[(claims.section == "abstract") & (claims.quantity == "statement")]
    said = said[said.printed.str.startswith("significant")]
    return [_includes_zero(results.loc[(one.outcome, one.month)]) for one in said.itertuples()]


def _df(name="grade", end="low", interval=True):
    rows = _claims()
    row = rows[rows.claim.str.startswith(f"qu2021.table2.{name}.")].set_index("quantity").printed
    around = {"estimate": row["coefficient"], "low": row["low"], "high": row["high"]} if interval else {}
    return getattr(audit.df_implied(row["t"], row["p"], **around).range, end)


def _cannot(*flipped):
    judged = evaluate_claims(only=[f"qu2021.{key}" for key in QUIZ]).set_index("claim").verdict
    letters = {
        letter for letter, key in zip("ABCDEFGH", QUIZ, strict=True) if judged[f"qu2021.{key}"] == "contradicted"
    }
    return frozenset(letters ^ set(flipped))


ANSWERS = {
    1: Answer(
        _p,
        tolerance=0.0005,
        wrong={
            lambda: _p(sides=1): "that is one-sided; P values of differences are two-sided",
            lambda: _p(width=1): "the interval reaches to both sides: halve its width",
            lambda: 1 - _p(): "that is one minus P",
        },
    ),
    2: Answer(
        _words,
        wrong={
            lambda: _words("significant"): "those said to be significant and are not; look at the other kind, too",
            lambda: _words("not significant"): "those said not to be significant and are; look at the other kind, too",
            lambda: _words() | {"womac_stiffness 12"}: "one of them has an interval that agrees with its word",
        },
    ),
    3: Answer(
        lambda: sum(_abstract()),
        tolerance=0,
        wrong={
            lambda: len(_abstract()): "that is how many statements there are",
            lambda: len(_abstract()) - sum(_abstract()): "those agree with their intervals; count the others",
            lambda: sum(_abstract()) - 1: "one is missing; look at every outcome that the sentence covers",
        },
    ),
    4: Answer(
        _df,
        tolerance=0,
        wrong={
            lambda: _df(end="high"): "that is the largest number that they allow",
            lambda: _df(interval=False): "that is from t and P alone; the interval narrows it",
            lambda: _df("age"): "that is the row of age",
        },
    ),
    5: Answer(
        _cannot,
        wrong={
            lambda: _cannot("D"): "four of nine is printed in two places, and agrees",
            lambda: _cannot("A"): "compare the abstract with the interval in the results",
            lambda: _cannot("E"): "is four of nine most of them?",
            lambda: _cannot("H"): "count the comparisons that the regression can have had",
        },
    ),
}
