"""Digits that agree: the measure itself, and what mscmeta reaches on every stored answer."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import accuracy
from mscmeta import data
from mscmeta.accuracy import lre
from tests.oracles import book_trials, make_iterated

ORACLES = Path(__file__).parent / "oracles"
FOUND = accuracy.rows()


@pytest.mark.parametrize(
    ("ours", "theirs", "digits"),
    [
        (3.0, 3.0, 15), (0.0, 0.0, 15), (1 + 1e-6, 1.0, 6), (-2 * (1 - 1e-9), -2.0, 9), (1e-4, 0.0, 4), (-1e-4, 0.0, 4),
        (2.0, 1.0, 0), (50.0, 1.0, 0), (1e-300 * (1 + 1e-5), 1e-300, 5),
    ],
)  # fmt: skip
def test_digits_that_agree(ours, theirs, digits):
    assert lre(ours, theirs) == pytest.approx(digits, abs=1e-3)
    assert isinstance(lre(ours, theirs), float)


def test_digits_of_many_are_those_of_each():
    ours, theirs = np.array([[1.0, 2.0], [3.001, 0.1]]), np.array([[1.0, 2.2], [3.0, 0.0]])
    assert lre(ours, theirs).tolist() == [
        [lre(a, b) for a, b in zip(*pair, strict=True)] for pair in zip(ours, theirs, strict=True)
    ]


@given(st.floats(1e-3, 1e3), st.floats(0, 0.5), st.floats(-1e6, 1e6).filter(lambda c: abs(c) > 1e-6))
@settings(max_examples=50)
def test_digits_do_not_depend_on_the_unit(x, off, factor):
    assert lre(factor * x * (1 + off), factor * x) == pytest.approx(lre(x * (1 + off), x), abs=0.1)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused(bad):
    with pytest.raises(ValueError, match="computed holds a number that is not finite"):
        lre([1.0, bad], [1.0, 1.0])
    with pytest.raises(ValueError, match="reference holds a number that is not finite"):
        lre(1.0, bad)


@pytest.mark.parametrize("row", FOUND, ids=lambda row: row["kind"])
def test_every_answer_has_the_digits_asked_for(row):
    assert float(row["least"]) >= row["required"]
    assert float(row["least"]) <= float(row["median"]) <= 15
    assert row["required"] >= (12 if "closed form" in row["kind"] and "limits" not in row["kind"] else 9)
    if row["kind"] == "tau², iterated":
        assert row["required"] == 10


def test_the_committed_table_is_what_is_found():
    table = data.table("accuracy")
    assert table.kind.tolist() == [row["kind"] for row in FOUND] == list(accuracy.REQUIRED)
    for stored, row in zip(table.itertuples(), FOUND, strict=True):
        assert (stored.sets, stored.answers, stored.required) == (row["sets"], row["answers"], row["required"])
        assert stored.reference == row["reference"]
        assert stored.least == pytest.approx(float(row["least"]), abs=1.5)  # rounding differs between machines


def test_nothing_is_left_out_of_the_table():
    cases = json.loads((ORACLES / "metafor_open.json").read_text(encoding="utf-8"))["cases"]
    by_kind = {row["kind"]: row for row in FOUND}
    assert by_kind["tau², closed form"]["answers"] == len(cases) * 5 * 4
    assert by_kind["tau², iterated"]["sets"] == len(cases) + 6
    assert by_kind["tau², iterated"]["answers"] == (len(cases) + 6) * 4


@pytest.mark.parametrize("case", json.loads((ORACLES / "metafor_open.json").read_text(encoding="utf-8"))["cases"],
                         ids=lambda case: case["id"])  # fmt: skip
def test_forty_digits_agree_with_metafor_as_far_as_metafor_goes(case):
    exact = json.loads((ORACLES / "iterated.json").read_text(encoding="utf-8"))["sets"][case["id"]]
    slack = 2e-10 * max(1.0, np.var(case["yi"], ddof=1))  # its steps end at 1e-11 times that
    for method in make_iterated.METHODS:
        fit = case["fits"][method]["hk"]
        assert exact[method]["tau2"] == pytest.approx(fit["tau2"], rel=1e-9, abs=slack)
        assert exact[method]["estimate"] == pytest.approx(fit["estimate"], rel=1e-6, abs=1e-6)
        assert exact[method]["HK"] == pytest.approx([fit["ci_low"], fit["ci_high"]], rel=1e-5, abs=1e-6)


def test_quantiles_of_t_with_forty_digits():
    # 12.706204736432095 = tan(0.475 pi); df = 2 has (2p - 1) / sqrt(2 p (1 - p))
    assert float(make_iterated.t_quantile(1)) == pytest.approx(math.tan(0.475 * math.pi), rel=1e-14)
    assert float(make_iterated.t_quantile(2)) == pytest.approx(0.95 / math.sqrt(2 * 0.975 * 0.025), rel=1e-14)


def test_the_trials_that_r_was_given_are_those_of_the_book():
    """If this fails, trials changed: `python -m tests.oracles.book_trials`, Rscript make_book.R, reference_answers."""
    assert book_trials.JSON.read_text(encoding="utf-8") == book_trials.text()
