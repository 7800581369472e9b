"""Data sets not used while the engine was written: everything at once, against metafor (oracles/heldout.json)."""

import json
from pathlib import Path

import numpy as np
import pytest

from mscmeta import (
    begg,
    influence,
    mantel_haenszel,
    meta_regression,
    permutation_test,
    peto,
    pool,
    subgroups,
    tau2_interval,
    trim_and_fill,
)
from mscmeta.small_study import pet_peese

HELD_OUT = json.loads((Path(__file__).parent / "oracles" / "heldout.json").read_text(encoding="utf-8"))
ITERATED = ("ML", "REML", "EB", "PM")
RULES = {"z": "Wald", "knha": "HK"}


def each(block):
    return pytest.mark.parametrize("name", HELD_OUT[block])


def near(got, wanted, rel=1e-11, abs=0.0):
    np.testing.assert_allclose(got, wanted, rtol=rel, atol=abs)


@each("sets")
def test_every_estimator_and_interval(name):
    case = HELD_OUT["sets"][name]
    y, v = case["y"], case["v"]
    for method, want in case["fits"].items():
        rel = 1e-9 if method in ITERATED else 1e-11
        for rule in ("Wald", "HK"):
            fit = pool(y, v, tau2=method.replace("EE", "FE"), ci=rule)
            near(fit.tau2, want["tau2"], rel, abs=1e-9 * min(v))
            near([fit.estimate, *fit.ci], [want[rule]["estimate"], *want[rule]["ci"]], rel, abs=rel * fit.se)
            near([fit.se, fit.q, fit.p_value], [want[rule]["se"], want["q"], want[rule]["p_value"]], 10 * rel)
            near(fit.i2, want["i2"], rel, abs=1e-9)


@each("sets")
def test_intervals_of_tau2(name):
    case = HELD_OUT["sets"][name]
    y, v = case["y"], case["v"]
    near([*tau2_interval(y, v)], case["tau2_intervals"]["QP"], 1e-9, abs=1e-9 * min(v))
    for likelihood in ("ML", "REML"):
        found = tau2_interval(y, v, "PL", likelihood=likelihood)
        near([*found], case["tau2_intervals"][likelihood], 1e-9, abs=1e-9 * min(v))


@each("sets")
def test_trim_and_fill_on_either_side_and_the_side_it_takes(name):
    case = HELD_OUT["sets"][name]
    y, v = case["y"], case["v"]
    for method, want in case["fill"].items():
        settings = {"tau2": method.replace("EE", "FE"), "ci": "Wald"}
        assert trim_and_fill(y, v, **settings).side == want["side"]
        for side in {"left", "right"} & set(want):
            found = trim_and_fill(y, v, side=side, **settings)
            assert found.k_missing == want[side]["missing"]
            fit = found.pooled
            near([fit.estimate, fit.se], [want[side]["estimate"], want[side]["se"]], abs=1e-11 * fit.se)
            near(fit.tau2, want[side]["tau2"], abs=1e-11 * min(v))


def test_the_side_can_rest_on_the_estimator():
    sides = {m: f["side"] for m, f in HELD_OUT["sets"]["laopaiboon2015_OR"]["fill"].items()}
    assert (sides["DL"], sides["HE"]) == ("left", "right")


@each("sets")
def test_tests_of_small_studies_and_influence(name):
    case = HELD_OUT["sets"][name]
    y, v = case["y"], case["v"]
    rank, line = begg(y, v), pet_peese(y, v).peese
    near([rank.statistic, rank.p_value], case["begg"], 1e-10)
    near([line.statistic, line.p_value, line.limit], case["peese"], 1e-10, abs=1e-11)
    frame = influence(y, v, tau2="HE", ci="HK")
    for column, want in case["influence"].items():
        near(frame[column], want, 1e-9, abs=1e-11 * (min(v) if column == "tau2_deleted" else 1.0))


@each("regressions")
def test_regressions(name):
    case = HELD_OUT["regressions"][name]
    for method in ("EE", "DL", "HE", "SJ", "REML"):
        for test, rule in RULES.items():
            want = case[f"{method}_{test}"]
            fit = meta_regression(case["y"], case["v"], case["x"], tau2=method.replace("EE", "FE"), ci=rule)
            rel = 1e-8 if method == "REML" else 1e-10  # metafor inverts X'WX, which costs it digits of years
            near(fit.coefficients, want["b"], rel, abs=rel * fit.se.max())
            near(fit.se, want["se"], rel)
            near(fit.tau2, want["tau2"], rel, abs=1e-10)
            near([fit.qm, fit.qe], [want["qm"], want["qe"]], 10 * rel)
            near(fit.qm_p_value, want["qm_p"], 10 * rel)
            if method != "EE":
                near(fit.r2, want["r2"], rel, abs=1e-9)


def test_a_factor_with_one_tau2_is_the_same_as_subgroups():
    case = HELD_OUT["regressions"]["bangertdrowns2004"]
    grades = [str(row.index(1) + 2 if 1 in row else 1) for row in case["x"]]
    for method in ("DL", "HE", "SJ", "REML"):
        found = subgroups(case["y"], case["v"], grades, tau2=method, ci="Wald", common_tau2=True)
        near(found.q_between, case[f"{method}_z"]["qm"], 1e-9)
        near(found.pooled["1"].tau2, case[f"{method}_z"]["tau2"], 1e-9)


@each("tables")
def test_tables_with_sparse_events(name):
    case = HELD_OUT["tables"][name]
    table = [case[key] for key in ("events_1", "n_1", "events_2", "n_2")]
    for measure in ("OR", "RR", "RD"):
        for zero_cells, want in (("exact", case[measure]), ("half", case[f"{measure}_half"])):
            if want[0] is None:
                with pytest.raises(ValueError, match="not defined"):
                    mantel_haenszel(*table, measure=measure, zero_cells=zero_cells)
                continue
            fit = mantel_haenszel(*table, measure=measure, zero_cells=zero_cells)
            near([fit.estimate, fit.se, fit.q, fit.i2], want, abs=1e-13)
    fit = peto(*table)
    near([fit.estimate, fit.se, fit.q, fit.i2], case["Peto"], abs=1e-13)


def test_a_permutation_test_of_a_held_out_set():
    case = HELD_OUT["sets"]["berkey1998_PD"]
    fit = permutation_test(case["y"], case["v"], tau2="DL", ci="Wald")
    assert (fit.permutations, fit.exact, fit.p_values.tolist()) == (32, True, [2 / 32])  # all effects are positive
