"""Small-study methods against metafor, meta and R's lm; enumeration; invariances; refusals."""

import json
import math
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from mscmeta import _rank_methods, small_study
from mscmeta.pool import pool
from mscmeta.small_study import begg, egger, funnel_zones, harbord, pet_peese, peters, trim_and_fill

ORACLES = Path(__file__).parent / "oracles"


def oracle(name):
    return json.loads((ORACLES / name).read_text(encoding="utf-8"))


METAFOR = [case for case in oracle("metafor_open.json")["cases"] if "egger_lm" in case["extra"]]
SMALL_STUDY = oracle("extra_open.json")["small_study"]
PET = [case for case in SMALL_STUDY if case["kind"] == "pet_peese"]
TESTS = [case for case in SMALL_STUDY if case["kind"] == "tests"]


def by_id(cases):
    assert cases
    return pytest.mark.parametrize("case", cases, ids=[case["id"] for case in cases])


def close(value, reference, rel=1e-11):
    assert value == pytest.approx(reference, rel=rel, abs=1e-13)


@by_id(METAFOR)
def test_egger_equals_metafor(case):
    found, reference = egger(case["yi"], case["vi"]), case["extra"]["egger_lm"]
    close(found.statistic, reference["statistic"])
    close(found.p_value, reference["p_value"])
    close(found.limit, reference["intercept_limit"])
    assert (found.df, found.k) == (case["k"] - 2, case["k"])


@by_id(METAFOR)
def test_begg_equals_metafor(case):
    found, reference = begg(case["yi"], case["vi"]), case["extra"]["begg"]
    close(found.statistic, reference["tau"])
    close(found.p_value, reference["p_value"])


@by_id(METAFOR)
def test_trim_and_fill_equals_metafor(case):
    found = trim_and_fill(case["yi"], case["vi"], tau2="DL", ci="Wald")
    reference = case["extra"]["trimfill_dl_L0"]
    assert (found.k_missing, found.side) == (reference["k0"], reference["side"])
    for name in ("estimate", "se", "tau2"):
        close(getattr(found.pooled, name), reference[name])
    assert len(found.y) == len(found.v) == found.pooled.k == case["k"] + found.k_missing


@by_id(PET)
def test_pet_peese_equals_r(case):
    found = pet_peese(case["y"], case["v"])
    for fit, reference in ((found.pet, case["pet"]), (found.peese, case["peese"])):
        close(fit.limit, reference["intercept"])
        close(fit.limit_se, reference["se_intercept"])
        close(fit.limit_p_value, reference["p_intercept"])
        close(fit.bias, reference["slope"])
        close(fit.bias_se, reference["se_slope"])
        close(fit.statistic, reference["t_slope"])
        close(fit.p_value, reference["p_slope"])
        close(list(fit.limit_ci), reference["ci_intercept"])
        assert fit.df == reference["df"]
    conditional = case["conditional"]
    assert found.chosen.lower() == conditional["model"]
    close(found.estimate, conditional["estimate"])
    close(found.se, conditional["se"])
    close(list(found.ci), conditional["ci"])


@by_id(TESTS)
@pytest.mark.parametrize(("test", "name"), [(peters, "peters_or"), (harbord, "harbord_or")])
def test_tests_for_events_equal_meta(test, name, case):
    found = test(*(case[key] for key in ("events_1", "n_1", "events_2", "n_2")))
    reference = case["tests"][name]
    close(found.statistic, reference["t"])
    close(found.p_value, reference["p_value"])
    close(found.bias, reference["bias"])
    close(found.bias_se, reference["se_bias"])
    close(found.limit, reference["intercept"])
    close(found.limit_se, reference["se_intercept"])
    assert found.df == reference["df"]


@by_id(TESTS)
@pytest.mark.parametrize("measure", ["or", "rr"])
def test_egger_of_log_ratios_equals_meta(measure, case):
    found = egger(case[f"log_{measure}"], np.square(case[f"se_log_{measure}"]))
    reference = case["tests"][f"egger_{measure}"]
    close(found.statistic, reference["t"])
    close(found.bias_se, reference["se_bias"])


def test_peters_of_risk_ratios_regresses_those():
    events = [4, 6, 3, 62], [123, 306, 231, 13598], [11, 29, 11, 248], [139, 303, 220, 12867]
    found, odds = peters(*events, measure="RR"), peters(*events)
    assert found.method.startswith("Peters: log RR")
    assert found.limit != odds.limit
    assert found.limit == pytest.approx(odds.limit, abs=0.1)  # rare events


def test_studies_without_events_are_left_out_by_name():
    events = [0, 4, 3, 6, 5], [20, 40, 30, 60, 5], [0, 9, 5, 7, 9], [20, 41, 33, 61, 9]
    labels = ["none", "b", "c", "d", "all"]
    for test in (peters, harbord):
        found = test(*events, labels=labels)
        assert found.k == 3
        assert "left out, with events in nobody or everybody: study 'none', study 'all'" in found.method
        kept = test(*(np.array(column)[1:4] for column in events))
        assert (found.statistic, found.p_value) == (kept.statistic, kept.p_value)
        assert "left out" not in kept.method


def test_beggs_exact_p_counts_permutations():
    for k in (2, 3, 4, 6):
        possible = []
        for order in permutations(range(k)):
            possible.append(sum(np.sign(order[j] - order[i]) for i in range(k) for j in range(i + 1, k)))
        for score in set(possible):
            tail = min(np.mean(np.array(possible) <= score), np.mean(np.array(possible) >= score))
            assert _rank_methods._kendall_exact(score, k) == pytest.approx(min(1, 2 * tail), abs=1e-12)


def test_beggs_normal_p_is_near_the_exact_one(monkeypatch):
    rng = np.random.default_rng(5)
    v = rng.uniform(0.1, 2, 60)
    y = rng.normal(0.4 * np.sqrt(v), np.sqrt(v))
    exact = begg(y, v)
    monkeypatch.setattr(_rank_methods, "EXACT_K", 10)
    normal = begg(y, v)
    assert (exact.method, normal.method) != (normal.method, exact.method)
    assert normal.p_value == pytest.approx(exact.p_value, rel=0.03)
    assert normal.statistic == exact.statistic


def test_begg_with_nothing_to_rank_is_undefined():
    for y, v in (([1.1, 1.1, 1.1], [0.1, 0.2, 0.3]), ([1.0, 2.0, 3.0], [0.2, 0.2, 0.2])):
        found = begg(y, v)
        assert math.isnan(found.statistic)
        assert math.isnan(found.p_value)
        assert "undefined" in found.method


def test_begg_with_triple_ties_in_both():
    """Hand-counted: effects and variances each tied in triples; S = 9 of sqrt(9 x 9)."""
    found = begg([1, 1, 1, 2, 2, 2], [1, 1, 1, 4, 4, 4])
    assert found.statistic == 1.0
    # var S = (6*5*17 - 4*(3*2*11))/18 + (12*12)/(2*6*5) + (12*12)/(9*6*5*4)
    variance = (510 - 264) / 18 + 144 / 60 + 144 / 1080
    assert found.p_value == pytest.approx(math.erfc(9 / math.sqrt(2 * variance)), rel=1e-12)


def test_begg_with_a_study_that_dominates_all():
    found = begg([1.0, 2.0, 4.0], [1e-40, 1.0, 2.0])
    # deviates: the precise study's is (1 - 2)/1 + (1 - 4)/2 over the root of its rest of weight, the others' are y - 1
    assert found.statistic == pytest.approx(1.0)
    assert begg([1.0, 2.0, 1.5], [1e-40, 1.0, 2.0]).statistic == pytest.approx(1 / 3)


def test_two_studies_give_begg_a_p_of_one():
    assert begg([1.0, 2.0], [0.1, 0.4]).p_value == 1.0


def test_identical_effects_show_no_asymmetry():
    y, v = [0.3] * 4, [0.1, 0.2, 0.3, 0.4]
    found = egger(y, v)
    assert (found.bias, found.statistic, found.p_value) == (0.0, 0.0, 1.0)
    assert found.limit == 0.3
    assert trim_and_fill(y, v).k_missing == 0
    assert pet_peese(y, v).estimate == 0.3


def test_trim_and_fill_mirrors_the_outermost_studies():
    y, v = np.array([2.1, 2.6, 3.4, 4.4, 2.2]), np.array([0.05, 0.3, 0.9, 1.5, 0.1])
    found = trim_and_fill(y, v, tau2="DL", ci="Wald", labels=list("abcde"))
    assert found.pooled.labels == ("a", "b", "c", "d", "e", "filled for c", "filled for d")
    centre = pool(y[[0, 4, 1]], v[[0, 4, 1]], tau2="DL").estimate
    assert found.y[:5].tolist() == y.tolist()
    assert found.y[5:] == pytest.approx(2 * centre - y[[2, 3]], rel=1e-14)
    assert found.v[5:].tolist() == v[[2, 3]].tolist()
    assert found.pooled.estimate == pool(found.y, found.v, tau2="DL", ci="Wald").estimate
    assert found.method.startswith("trim and fill, L0, 2 put in on the left; tau2: DL")


def test_studies_that_are_alike_stay_tied_in_begg():
    rng = np.random.default_rng(7)
    for k in (5, 12, 30, 42):
        y, v = rng.normal(size=k).round(2), rng.uniform(0.05, 1, k).round(3)
        v[-1], y[-1] = v[0], y[0]
        deviate = (y - np.average(y, weights=1 / v)) / np.sqrt(v - 1 / np.sum(1 / v))
        assert deviate[0] == deviate[-1]
        exact = kendalltau(deviate, v)  # tau-b
        assert begg(y, v).statistic == pytest.approx(exact.statistic, rel=1e-12)
        assert "tie correction" in begg(y, v).method


def test_side_can_be_given_and_defaults_by_the_slope():
    y, v = [2.1, 2.6, 3.4, 4.4, 2.2], [0.05, 0.3, 0.9, 1.5, 0.1]
    assert trim_and_fill(y, v, side="right").side == "right"
    assert trim_and_fill(y, v, side="right").k_missing == 0
    assert trim_and_fill(np.negative(y), v).side == "right"
    for tau2 in ("FE", 0.3, "PM"):
        assert trim_and_fill(y, v, tau2=tau2).side == "left"
    assert trim_and_fill(y, [0.2] * 5).side == "left"  # no slope


def matrix_slope(y, v, tau2):
    """Slope on the standard error by matrices; tau2 None: DerSimonian-Laird."""
    x = np.column_stack([np.ones(len(y)), np.sqrt(v)])
    if tau2 is None:
        w = np.diag(1 / v)
        p = w - w @ x @ np.linalg.solve(x.T @ w @ x, x.T @ w)
        tau2 = max(0.0, (y @ p @ y - (len(y) - 2)) / np.trace(p))
    w = np.diag(1 / (v + tau2))
    return np.linalg.solve(x.T @ w @ x, x.T @ w @ y)[1]


def test_side_follows_the_slope_of_a_regression_with_that_much_heterogeneity():
    y, v = np.array([-2.1, -0.4, 0.7, -1.7, 0.0]), np.array([0.3, 0.1, 0.01, 0.02, 2.0])
    for tau2, given_tau2, side in (("FE", 0.0, "right"), ("DL", None, "left"), (2.0, 2.0, "right")):
        assert matrix_slope(y, v, given_tau2) * (1 if side == "left" else -1) > 0
        assert trim_and_fill(y, v, tau2=tau2).side == side


def test_trim_and_fill_that_goes_in_circles_is_refused(monkeypatch):
    class Swings:
        turn = 0

        def __call__(self, y, v, **settings):
            Swings.turn += 1
            return pool(np.array(y) + (-3.0 if Swings.turn % 2 else 3.0), v, **settings)

    monkeypatch.setattr(_rank_methods, "pool", Swings())
    with pytest.raises(ValueError, match="trim and fill does not settle: it goes from"):
        trim_and_fill([1.0, 2.0, 3.0, 4.0, 5.0], [0.1, 0.2, 0.3, 0.4, 0.5])


def test_conditional_rule_follows_its_threshold():
    y, v = [0.21, 0.25, 0.18, 0.4], [0.04, 0.09, 0.06, 0.12]
    p = pet_peese(y, v).pet.limit_p_value
    above, below = pet_peese(y, v, threshold=p * 1.01), pet_peese(y, v, threshold=p * 0.99)
    assert (above.chosen, above.estimate) == ("PEESE", above.peese.limit)
    assert (below.chosen, below.estimate) == ("PET", below.pet.limit)
    assert above.method.startswith("PEESE, as the P of the PET limit is below")
    assert below.method.startswith("PET, as the P of the PET limit is not below")


def test_funnel_zones():
    zones = funnel_zones([1.0, -1.7, 2.0, 9.0], [1, 1, 1, 1])
    assert zones.zone.tolist() == [0, 1, 2, 3]
    assert zones.slopes == pytest.approx([1.6448536269514722, 1.959963984540054, 2.5758293035489004], rel=1e-14)
    assert zones.p_values[2] == pytest.approx(0.04550026389635842, rel=1e-12)
    assert funnel_zones([5.0], [4.0], reference=5.0).p_values.tolist() == [1.0]


effects = st.lists(st.floats(-3, 3), min_size=4, max_size=9)
distinct_effects = st.lists(st.integers(-3000, 3000), min_size=4, max_size=9, unique_by=abs)
variances = st.lists(st.floats(0.05, 4), min_size=9, max_size=9, unique=True)


@given(effects, variances, st.floats(-50, 50), st.sampled_from([0.01, -1.0, 30.0]))
def test_tests_do_not_depend_on_origin_unit_and_sign(y, v, shift, factor):
    y, v = np.array(y), np.array(v[: len(y)])
    assume(np.ptp(y) > 0.1)
    assume(np.ptp(v) > 0.1)
    here, there = egger(y, v), egger(y * factor + shift, v * factor**2)
    assert there.statistic == pytest.approx(here.statistic * np.sign(factor), rel=1e-6, abs=1e-6)
    assert there.limit == pytest.approx(here.limit * factor + shift, rel=1e-6, abs=1e-6 * abs(factor))
    assert there.bias_se == pytest.approx(here.bias_se, rel=1e-6)
    pet = pet_peese(y * factor, v * factor**2)
    assert pet.peese.statistic == pytest.approx(pet_peese(y, v).peese.statistic * np.sign(factor), rel=1e-6, abs=1e-6)


@given(distinct_effects, variances, st.randoms(use_true_random=False))
def test_order_of_studies_does_not_matter(y, v, random):
    y, v = np.array(y) / 1000, np.array(v[: len(y)])
    order = np.array(random.sample(range(len(y)), len(y)))
    assert egger(y[order], v[order]).statistic == pytest.approx(egger(y, v).statistic, rel=1e-9, abs=1e-9)
    here, there = trim_and_fill(y, v, tau2="DL"), trim_and_fill(y[order], v[order], tau2="DL")
    assert (there.k_missing, there.side) == (here.k_missing, here.side)
    assert there.pooled.estimate == pytest.approx(here.pooled.estimate, rel=1e-9, abs=1e-9)
    assert begg(y[order], v[order]).p_value == pytest.approx(begg(y, v).p_value, rel=1e-9)


@given(distinct_effects, variances)
def test_mirrored_effects_mirror_every_answer(y, v):
    y, v = np.array(y) / 1000, np.array(v[: len(y)])
    assert begg(-y, v).statistic == pytest.approx(-begg(y, v).statistic, abs=1e-12)
    here, there = trim_and_fill(y, v, tau2="DL"), trim_and_fill(-y, v, tau2="DL")
    assume(here.side != there.side)  # the random-effects slope may be zero to rounding
    assert there.k_missing == here.k_missing
    assert there.pooled.estimate == pytest.approx(-here.pooled.estimate, rel=1e-9, abs=1e-9)


@given(effects, variances)
def test_bounds(y, v):
    v = v[: len(y)]
    test, ranks = egger(y, v), begg(y, v)
    assert 0 <= test.p_value <= 1
    assert test.limit_ci.low <= test.limit <= test.limit_ci.high
    if not math.isnan(ranks.p_value):
        assert 0 < ranks.p_value <= 1
        assert -1 <= ranks.statistic <= 1
    assert trim_and_fill(y, v, tau2="DL").k_missing < len(y)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: egger([1, 2], [1, 2]), "there are 2 usable studies; at least 3 are needed"),
        (lambda: begg([1], [1]), "there are 1 usable studies; at least 2"),
        (lambda: egger([1, 2, 3], [1, 1, 1]), "all studies are equally precise"),
        (lambda: egger([1, 2, 3], [1, 2, -1], labels=["a", "b", "vega2015"]), "variance of study 'vega2015' is -1"),
        (lambda: egger(np.ones((3, 2)), np.ones((3, 2))), "one meta-analysis at a time"),
        (lambda: egger([1, 2, np.nan], [1, 2, 3]), "y of study 3 is nan"),
        (lambda: egger([1, 2, 3], [1, 2, 3], level=95), "level is 95"),
        (
            lambda: peters([1, 2, 3], [9, 9, 9], [0, 0, 0], [9, 9, 9], measure="RD"),
            "measure is 'RD'; choose one of OR, RR",
        ),
        (lambda: peters([1, 2, 0], [9, 9, 9], [0, 0, 0], [9, 9, 9]), "there are 2 usable studies"),
        (lambda: peters(*np.ones((4, 3, 2))), "events_1 has 2 axes; give one meta-analysis at a time"),
        (lambda: harbord(np.ones((3, 2)), np.full((3, 2), 9), np.ones((3, 2)), np.full((3, 2), 9)), "has 2 axes"),
        (lambda: trim_and_fill([1, 2, 3], [1, 2, 3], tau2="X", side="left"), "tau2 is 'X'"),
        (lambda: harbord([1, 20, 0], [9, 9, 9], [0, 0, 0], [9, 9, 9]), "20"),
        (lambda: trim_and_fill([1, 2, 3], [1, 2, 3], side="up"), "side is 'up'; choose one of left, right"),
        (lambda: trim_and_fill([1, 2, 3], [1, 2, 3], tau2="X"), "tau2 is 'X'"),
        (lambda: pet_peese([1, 2, 3], [1, 2, 3], threshold=5), "threshold is 5"),
        (lambda: funnel_zones([1], [1], levels=(0.99, 0.9)), "levels is .0.99, 0.9.; give rising"),
        (lambda: funnel_zones([1], [1], levels=()), "give rising"),
    ],
)
def test_what_cannot_be_tested_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_every_public_name_is_there():
    assert all(hasattr(small_study, name) for name in small_study.__all__)
