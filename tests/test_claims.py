"""data/claims.csv: complete against lists of the texts' numbers, and every stored verdict recomputed."""

import re
from collections import Counter

import pandas as pd
import pytest

from mscmeta import audit, data, ledger

# The numbers of each section in order of appearance, words too, as facts; left out are numbers of references, figures,
# tables, pages and list items, exponents and names (10^6, I2, SF-36, M1), "95%CI" after its first appearance in a
# section, the same visits named twice in one sentence, and words that count nothing ("one of the", "double-blind").
PRINTED = {
    ("qu2021", "abstract"): "95 nine 476 12 24",
    ("qu2021", "background"): "9.6 18 60 1970s 1995 1 4 two one",
    ("qu2021", "methods"): "20 2020 20 two one one 95 0.1 50 10 0.05 12.0",
    (
        "qu2021",
        "results",
    ): """726 438 288 272 16 7 one three three 9 2010 2018 two two two three 30 87 3 6 12 18 24 2 4 9
        5 2 two 5 150 10 100 four 25 50 75 150 50 150 four nine two three
        six 3 -1.13 -2.46 0.20 0.097 6 -3.23 -5.56 -0.90 0.007 12 -7.04 -13.63 -0.45 0.036
        24 -24.98 -35.01 -14.96 0.001 four 3 -19.01 -32.29 -5.73 0.005 6 -14.97 -26.26 -3.68 0.009
        12 -18.23 -35.72 -0.75 0.041 three 3 -3.80 -14.78 7.17 0.497 6 -6.72 -13.88 0.44 0.066
        12 -13.83 -21.16 -6.51 0.001 three 3 -8.14 -15.34 -0.95 0.027 6 -7.61 -13.62 -1.61 0.013
        12 -8.32 -15.63 -1.01 0.026 three 3 3.35 0.01 6.69 0.049 6 -4.57 -25.28 16.13 0.665
        12 -1.56 -9.78 6.66 0.710 two two 6 2.22 -5.61 10.04 0.579 12 3.92 -6.49 14.33 0.461
        18 6.71 -7.74 21.15 0.363 24 5.24 -0.92 11.40 0.095""",
    ("qu2021", "table 1"): """40 19 12 7 51.7 9.2 3 6 2 13 4 24 15 9 54.7 5.3 3 6 1 20 3
        10 10 4 6 65.9 59.5 70.6 6 12 1 2 7 100 10 8 2 57.8 55.0 60.8 6 12 3 3 4 10 7 3 60.3 55.1 61.1 6 12 4 2 4
        25 15 40 70 3 6 12 50 15 40 70 3 6 12 75 15 40 70 3 6 12 150 15 40 70 3 6 12 15 40 70 3 6 12
        40 15 7 8 57 9 12 15 6 9 57 9 12 25 48.2 5.13 3 6 25 50.67 5.38 3 6
        25 10 15 38 7.33 6 12 18 25 8 17 42 5.91 6 12 18
        50 18 13 5 46 6 12 24 150 18 13 5 46 6 12 24 19 13 6 46 6 12 24
        28 15 13 53 36 54 6 12 18 24 28 14 14 49 24 54 6 12 18 24
        5 44 14 30 55.6 3.6 3 6 12 10 14 20 43 12 31 57 3.2 3 6 12 11 11 21""",
    ("qu2021", "table 2"): """0.4879 -0.3639 1.3398 1.19 0.248 0.4929 -0.3598 1.3457 1.20 0.244
        0.5032 -0.3489 1.3555 1.22 0.234 0.5177 -0.3416 1.3769 1.25 0.225 0.4893 -0.3635 1.3421 1.19 0.247""",
    ("qu2021", "discussion"): """9 18 2014 10 4 4 11 11 4 7 four 43 2 3 4 40 6 -21.8 95 -33.8 -9.9 seven
        -1.33 -3.08 0.41 0.13 two -0.49 -0.79 -0.19 0.001 2 60 25 50 75 150 1 3 6 12 25 12 25 50 75 150
        12 64 64.4 25 36 49.3 2 25 25 25 25 10 25 25 95.8 77.8 9 three""",
    ("qu2021", "conclusion"): "24",
    ("sadeghirad2024", "abstract"): """2023 16 807 3 6 -0.74 10 95 -1.16 -0.33 1.5 2.23 100 36 -0.97 5.43 10
        12 -0.73 10 -1.69 0.24 19.36 100 -0.19 38.9 2.67 1.19 5.99 1.58 1.04 2.38
        moderate moderate moderate low low low""",
}

# What the review cannot have right, by claim: each must come out of its rule.
CONTRADICTED = """abstract.patients abstract.womac_total_12 abstract.ikdc_24 background.earlier_reviews
    methods.fixed_effect methods.alpha methods.regression_outcome
    results.in_usa results.kl_low results.kl_high results.regression_outcome
    vas_pain.studies womac_stiffness.6.statement womac_stiffness.12.estimate womac_total.3.statement ikdc.18.visit
    table1.gupta2016.msc_25.n table1.gupta2016.control.n table1.vega2015.msc.male table1.vega2015.control.female
    table1.saw2013.country table1.wong2013.msc.month_18 table2.age.t table2.age.p table2.gender.p table2.grade.p
    table2.duration.p table2.duration.name table2.dose.t table2.dose.p discussion.most_low_bias discussion.lamo_name
    discussion.emadedin.name discussion.gupta_trend discussion.gupta_low_dose_statement conclusion.month"""


@pytest.fixture(scope="module")
def claims():
    return data.table("claims")


@pytest.fixture(scope="module")
def judged():
    return ledger.evaluate_claims().set_index("claim")


def test_every_stored_verdict_is_the_computed_one(claims, judged):
    assert len(claims) > 500
    stored = claims.set_index("claim").verdict
    assert stored[stored != judged.verdict].to_dict() == {}


@pytest.mark.parametrize(("review", "section"), PRINTED, ids=lambda part: part)
def test_every_printed_number_is_a_claim_and_nothing_else_is(claims, review, section):
    rows = claims[(claims.review == review) & (claims.section == section)]
    numbers = rows[rows.value.notna() | (rows.quantity == "certainty")]
    have = Counter(text.lower().lstrip("< ") for text in numbers.printed)
    assert have == Counter(PRINTED[review, section].split())


def test_every_section_is_listed(claims):
    assert set(zip(claims.review, claims.section, strict=True)) == set(PRINTED)


def test_every_number_is_the_value_of_what_was_printed(claims):
    words = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "nine": 9, "1970s": 1970}
    numbers = claims[claims.value.notna()]
    for row in numbers.itertuples():
        word = words.get(row.printed.lower())
        assert row.value == (word if word is not None else float(row.printed.lstrip("< "))), row.claim
    texts = claims[claims.value.isna()]
    assert set(texts.quantity) <= {"statement", "text", "certainty"}


def test_quotes_are_short_and_hold_the_number(claims):
    assert (claims.quote.str.split().str.len() <= 12).all()
    for row in claims[claims.value.notna()].itertuples():
        closed = re.sub(r"\s", "", row.quote)
        assert row.printed.replace(" ", "") in closed, row.claim


def test_what_is_unverifiable_names_what_would_settle_it(claims):
    assert (claims[claims.verdict == "unverifiable"].settle != "").all()
    assert (claims[claims.rule == ""].verdict == "unverifiable").all()
    assert (claims[claims.verdict == "unverifiable"].rule == "").all()


def test_all_twenty_and_six_pooled_results_have_their_own_rows(claims):
    published = data.table("published")
    rows = {row.claim: row for row in claims.itertuples()}
    checked = 0
    for result in published[published.review != "cochrane2025"].itertuples():
        month = "" if result.measure == "RR" else f".{result.month}"
        parts = {"estimate": result.estimate, "low": result.ci_low, "high": result.ci_high}
        if result.review == "qu2021":
            parts["p"] = result.p_value
        for quantity, value in parts.items():
            row = rows[f"{result.review}.{result.outcome}{month}.{quantity}"]
            assert row.value == value
            assert (row.outcome, row.quantity) == (result.outcome, quantity)
            checked += 1
    assert checked == 20 * 4 + 6 * 3


def test_table_1_and_the_flow_agree_with_their_own_tables(claims):
    rows = {row.claim: row.value for row in claims.itertuples()}
    table = data.table("characteristics")
    checked = 0
    for arm in table[table.source == "qu2021"].itertuples():
        key = f"qu2021.table1.{arm.trial}.{arm.arm}"
        for column in ("n", "male", "female", "age", "age_sd", "kl_2", "kl_3", "kl_4"):
            value = getattr(arm, column)
            if not pd.isna(value):
                assert rows[f"{key}.{column}"] == value
                checked += 1
        for month in arm.follow_up_printed.split(","):
            assert rows[f"{key}.month_{month}"] == float(month)
    assert checked > 90
    printed = Counter(value for claim, value in rows.items() if claim.startswith("qu2021.flow."))
    flow = data.table("flow")
    assert printed == Counter(flow[(flow.review == "qu2021") & (flow.step != "patients")].n.astype(float))


def test_known_contradictions_come_out_of_their_rules(judged):
    for claim in CONTRADICTED.split():
        row = judged.loc[f"qu2021.{claim}"]
        assert row.verdict == "contradicted", claim
        assert row.reason


def test_nothing_of_the_second_review_is_contradicted(claims, judged):
    """Its abstract agrees with itself; only what it leaves out is open."""
    second = claims[claims.review == "sadeghirad2024"]
    assert set(judged.verdict[second.claim]) == {"consistent", "unverifiable"}


@pytest.mark.parametrize(
    ("claim", "printed", "verdict"),
    [
        ("qu2021.vas_pain.3.p", "0.297", "contradicted"),
        ("qu2021.vas_pain.3.estimate", "-1.23", "contradicted"),
        ("qu2021.flow.duplicates", "437", "contradicted"),
        ("qu2021.table1.ha2018.msc.male", "15", "contradicted"),
        ("qu2021.table1.gupta2016.msc_25.n", "10", "contradicted"),
        ("qu2021.womac_stiffness.6.statement", "not significant", "consistent"),
        ("sadeghirad2024.adverse_any.high", "6.99", "contradicted"),
        ("qu2021.discussion.gupta_vas_fall_msc", "66", "reproduced"),
    ],
)
def test_another_number_gets_another_verdict(claims, claim, printed, verdict):
    changed = claims.copy()
    changed.loc[changed.claim == claim, "printed"] = printed
    assert ledger.evaluate_claims(changed, only=[claim]).verdict.tolist() == [verdict]


def test_the_visits_of_wong_are_those_of_the_table_of_contrasts(claims):
    contrasts = data.table("contrasts")
    visit = contrasts[contrasts.trial == "wong2013"].visit.iloc[0]
    inputs = claims.set_index("claim").rule_inputs["qu2021.ikdc.18.visit"]
    assert re.findall(r"\d+", visit) == re.findall(r"\d+", inputs.partition("items=")[2])


def test_the_age_of_one_arm_is_impossible_in_whole_years(claims):
    row = claims.set_index("claim").loc["qu2021.table1.varma2010.control.age"]
    assert audit.grim(row.printed, "25").verdict == "contradicted"
    assert "whole years" in row.settle


def test_what_was_not_rerun_says_which_trial_lacks_what():
    """In words for a reader, not in those of an error."""
    judged = ledger.evaluate_claims(only=["qu2021.vas_pain.24.estimate", "qu2021.ikdc.18.low"]).set_index("claim")
    vas, ikdc = judged.reason["qu2021.vas_pain.24.estimate"], judged.reason["qu2021.ikdc.18.low"]
    assert vas.endswith("Not rerun: Vangsness 2014: only a difference between arms is known (12 months, patients with"
                        " osteoarthritis at surgery).")  # fmt: skip
    assert "Not rerun: Saw 2013: no number by arm in any source seen; Wong 2013: only a difference" in ikdc
    every = ledger.evaluate_claims().reason
    for word in ("leave it out", "month is", "cochrane2025"):
        assert not every.str.contains(word, regex=False).any()
