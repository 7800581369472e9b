"""Our answers beside those of others: nothing is compared with nothing."""

import pytest

from mscmeta import data, report


def answer(case, method, quantity):
    table = data.table("reference_answers")
    return float(table[(table.case == case) & (table.method == method) & (table.quantity == quantity)].value.iloc[0])


def test_rows_hold_both_answers_and_the_digits_that_agree():
    right = answer("pain6", "Egger", "statistic")
    rows = report.rows_agreement("pain6", {"Egger": {"statistic": right * (1 + 3e-7), "p": 0.0}})
    assert rows.columns.tolist() == ["Method", "Quantity", "Reference", "Its answer", "mscmeta", "Digits that agree"]
    assert rows["Digits that agree"].tolist() == [6, 0]
    assert rows["Its answer"].tolist() == [right, answer("pain6", "Egger", "p")]
    assert rows["Reference"].str.startswith("metafor 3.8-1").all()
    assert report.rows_agreement("pain6", {"trim and fill": {"k_missing": 0}}).Quantity.tolist() == ["k missing"]


@pytest.mark.parametrize(
    ("case", "ours", "said"),
    [
        ("pain7", {"Egger": {"p": 1.0}}, "case is 'pain7'"),
        ("pain6", {"Eggert": {"p": 1.0}}, "no reference answer 'p' by 'Eggert' for 'pain6'"),
        ("pain6", {"Egger": {"q": 1.0}}, "no reference answer 'q' by 'Egger'"),
        ("pain6", {"Egger": {"p": float("nan")}}, "not finite"),
    ],
)
def test_refusals(case, ours, said):
    with pytest.raises(ValueError, match=said):
        report.rows_agreement(case, ours)
