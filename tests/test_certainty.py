"""mscmeta.certainty: re-runs put through the rules, with the judgements of the table."""

import math

import pytest

from mscmeta import certainty, data, grade, report
from mscmeta.certainty import assess

OUTCOMES = [
    ("pain", 6),
    ("function", 6),
    ("pain", 12),
    ("function", 12),
    ("adverse_any", None),
    ("adverse_local", None),
]
REVIEW = "sadeghirad2024"


@pytest.fixture(scope="module")
def found():
    return {(o, m, c): assess(REVIEW, o, m, comparators=c) for o, m in OUTCOMES for c in ("all", "placebo")}


def test_every_outcome_is_rated_and_the_sum_is_right(found):
    judged = data.table("judgements")
    for (outcome, month, comparators), one in found.items():
        rows = judged[(judged.outcome == outcome) & (judged.comparators == comparators)]
        rows = rows[rows.month.isna() if month is None else rows.month == month]
        assert set(rows.domain) == set(certainty.JUDGED)
        computed = {r.domain: r.down for r in one.ratings if r.computed}
        assert set(computed) == {"inconsistency", "imprecision"}
        levels = int(rows.down.sum()) + sum(computed.values())
        assert one.word == grade.WORDS[min(levels, 3)]
        assert one.most == grade.WORDS[min(sum(computed.values()), 3)]
        assert one.once == grade.WORDS[min(int(rows.down.sum()) + max(computed.values()), 3)]


def test_pain_at_six_months_by_hand(found):
    one = found["pain", 6, "all"]
    frame = data.contrasts(REVIEW, "pain", 6)
    assert one.participants == int(frame.n_1.sum() + frame.n_2.sum())
    sds = sorted([*frame.sd_1, *frame.sd_2])
    middle = (sds[10] + sds[11]) / 2
    assert one.needed == pytest.approx(4 * (1.959964 + 0.841621) ** 2 * middle**2 / 1.5**2, rel=1e-5)
    final = frame[frame.kind == "final"]
    assert one.control_mean == pytest.approx(sum(final.mean_2 * final.n_2) / sum(final.n_2))
    assert one.fit.ci.low < -1.5 < one.fit.ci.high < 0
    assert {r.domain: r.down for r in one.ratings}["imprecision"] == 1


def test_events_have_a_risk_per_hundred(found):
    one = found["adverse_any", None, "all"]
    frame = one.trials
    risk = frame.events_2.sum() / frame.n_2.sum()
    assert one.control_risk == pytest.approx(risk)
    assert one.risk.difference == pytest.approx(risk * (math.exp(one.fit.estimate) - 1))
    assert (one.limits.low, one.limits.high) == (math.log(0.75), math.log(1.25))
    alone = found["adverse_local", None, "all"]
    assert (alone.fit.k, alone.risk, alone.needed, alone.control_mean) == (1, None, None, None)
    assert {r.domain: r.down for r in alone.ratings}["imprecision"] == 2


@pytest.mark.parametrize(
    ("outcome", "y", "verb"),
    [
        ("pain", -2.0, "reduce"),
        ("pain", 2.0, "increase"),
        ("pain", -1.0, None),
        ("function", -20.0, "improve"),
        ("function", 20.0, "worsen"),
        ("adverse_any", 0.5, "increase"),
        ("adverse_any", -0.5, "reduce"),
    ],
)
def test_verbs_follow_the_direction_of_the_scale(found, outcome, y, verb):
    from dataclasses import replace

    one = found[outcome, None if outcome == "adverse_any" else 6, "all"]
    assert replace(one, fit=replace(one.fit, estimate=y)).verb == verb


def test_without_judgements_there_is_no_word():
    one = assess(REVIEW, "pain", 6, comparators="usual care")
    assert (one.word, one.fit.k) == (None, 1)
    assert report.certainty_word(one) == "not rated"
    assert report.plain_statement(one).startswith("Not rated")
    assert report.rows_domains(one).Down.tolist().count("not judged") == 3


def test_summary_of_findings_has_a_row_for_each_even_without_trials(found):
    shown = report.rows_findings(
        {"Pain": found["pain", 6, "all"], "Local": found["adverse_local", None, "all"], "None": None}
    )
    assert shown["Patients (trials)"].tolist() == [
        f"{found['pain', 6, 'all'].participants} (11 trials)",
        "39 (one trial)",
        "none",
    ]
    assert shown.Certainty.tolist()[-1] == "not rated"
    assert "RR" in str(shown["Difference with cells"][1])
    with pytest.raises(data.NoTrialLeftError) as caught:
        assess(REVIEW, "pain", 6, comparators="steroid")
    assert len(caught.value.left_out) == 14


def test_profile_shows_every_rating_and_refuses_what_it_cannot_show(found):
    from mscmeta import plots

    rows = [
        {"label": f"{o} {m}", "group": c, "ratings": one.ratings, "word": one.word} for (o, m, c), one in found.items()
    ]
    for compact in (False, True):
        ax = plots.certainty_profile(rows, compact=compact)
        shown = [text.get_text() for text in ax.texts]
        assert [patch.get_gid() for patch in ax.patches] == [
            f"down{r.down}" for c in ("all", "placebo") for row in rows if row["group"] == c for r in row["ratings"]
        ]
        assert sum(text.endswith("very low") for text in shown) == sum(row["word"] == "very low" for row in rows)
    unrated = assess(REVIEW, "pain", 6, comparators="usual care")
    ax = plots.certainty_profile([{"label": "<b>", "group": "", "ratings": unrated.ratings, "word": unrated.word}])
    assert "not rated" in [text.get_text() for text in ax.texts]
    with pytest.raises(ValueError, match="rows is empty"):
        plots.certainty_profile([])
    with pytest.raises(ValueError, match="rate the same domains"):
        plots.certainty_profile([*rows, {**rows[0], "ratings": rows[0]["ratings"][:2]}])


def test_changes_alone_have_no_mean_without_cells(found):
    from dataclasses import replace

    one = found["pain", 6, "all"]
    changes = replace(one, trials=one.trials.assign(kind="change"))
    changes.trials.attrs.update(one.trials.attrs)
    assert changes.control_mean is None
    assert report.rows_findings({"Pain": changes})["Without cells"].tolist() == ["changes only"]


def test_narrow_reading_and_links_of_plain_sources():
    from mscmeta import Interval

    assert report.against_mid(Interval(math.nan, math.nan), higher_is="worse", mid=1) == "no interval"
    assert report.against_mid(Interval(-3, -2), higher_is="worse", mid=1) == "beyond MID"
    assert report.against_mid(Interval(-3, -2), higher_is="better", mid=1) == "harm beyond MID"
    assert report.cite("NCT01586312", "p").text == "([NCT01586312](https://clinicaltrials.gov/study/NCT01586312))"
    assert data.address_of("doi:10.1000/a) [b](javascript:x") is None
