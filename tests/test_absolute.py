"""Absolute effects: reference answers (meta's nnt), the interval through infinity, refusals."""

import json
import math
from pathlib import Path

import pytest

from mscmeta import Interval, mantel_haenszel, risk_ratio
from mscmeta.absolute import events_behind, number_needed, risk_change

ORACLE = json.loads((Path(__file__).parent / "oracles" / "extra_open.json").read_text(encoding="utf-8"))["binary"]
KEY = "number_needed_events_unwanted"


def limit(value):
    return math.inf if value == "infinity" else value


@pytest.mark.parametrize("case", ORACLE, ids=lambda case: case["id"])
def test_number_from_a_risk_difference(case):
    told = case[KEY]["from_mh_rd_greenland_robins"]
    needed = number_needed(told["risk_difference"], Interval(*told["ci"]))
    assert needed.number == pytest.approx(told["number"], rel=1e-9)
    assert needed.kind == told["kind"]
    parts = {"benefit": needed.benefit, "harm": needed.harm}
    if told["ci_crosses_zero"]:
        for kind, part in parts.items():
            assert part.low == pytest.approx(limit(told["interval"][f"{kind}_from"]), rel=1e-9)
            assert part.high == limit(told["interval"][f"{kind}_to"])
    else:
        other = "harm" if told["kind"] == "benefit" else "benefit"
        assert parts[other] is None
        reference = sorted(abs(1 / x) for x in told["ci"])
        assert list(parts[told["kind"]]) == pytest.approx(reference, rel=1e-9)


@pytest.mark.parametrize("case", ORACLE, ids=lambda case: case["id"])
@pytest.mark.parametrize("measure", ["RR", "OR"])
def test_change_at_a_baseline_risk(case, measure):
    data = (case["events_1"], case["n_1"], case["events_2"], case["n_2"])
    fit = mantel_haenszel(*data, measure=measure)
    for told in case[KEY][f"from_mh_{measure.lower()}"]:
        change = risk_change(fit.estimate, fit.ci, told["baseline_risk"], measure=measure)
        assert change.difference == pytest.approx(told["absolute_risk_difference"], rel=1e-6)
        assert list(change.interval) == pytest.approx(told["ci_difference"], rel=1e-6)
        needed = number_needed(change.difference, change.interval)
        assert needed.number == pytest.approx(told["number"], rel=1e-6)
        assert needed.kind == told["kind"]


def test_risks_stay_risks():
    change = risk_change(math.log(3), Interval(0.0, 900.0), 0.5)
    assert change.treated == 1
    assert change.interval == Interval(0.0, 0.5)
    assert risk_change(-900.0, Interval(-900.0, 0.0), 0.5, measure="OR").treated == 0


def test_no_difference_needs_infinitely_many():
    none = number_needed(0.0, Interval(0.0, 0.0))
    assert (none.number, none.kind, none.harm, none.benefit) == (math.inf, "none", None, None)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: risk_change(0.1, Interval(0, 1), 0.0), "baseline is 0"),
        (lambda: risk_change(0.1, Interval(0, 1), 0.2, measure="RD"), "measure"),
        (lambda: number_needed(1.2, Interval(0, 1.3)), "difference is 1.2"),
        (lambda: number_needed(0.1, Interval(0, 1.3)), "interval.high is 1.3"),
        (lambda: number_needed(0.5, Interval(0, 0.3)), "within its interval"),
        (lambda: events_behind(0, Interval(1, 2), 9, 9), "ratio is 0"),
        (lambda: events_behind(3, Interval(1, 2), 9, 9), "inside its interval"),
        (lambda: events_behind(9.0, Interval(8.9, 9.1), 9, 9), "too few"),
    ],
)
def test_refusals(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_events_behind_an_interval_are_found_again(level):
    effect = risk_ratio(30, 200, 18, 150)
    half = {0.9: 1.6448536269514722, 0.95: 1.959963984540054}[level] * math.sqrt(effect.v)
    interval = Interval(math.exp(effect.y - half), math.exp(effect.y + half))
    assert events_behind(math.exp(effect.y), interval, 200, 150, level=level) == pytest.approx((30, 18))
