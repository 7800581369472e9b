"""Leave-one-out, cumulative, influence, GOSH and multiverse: equal to metafor and to one fit at a time."""

import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mscmeta import cumulative, gosh, influence, leave_one_out, multiverse, pool

CASES = json.loads((Path(__file__).parent / "oracles" / "metafor_open.json").read_text())["cases"]
ENGINE = json.loads((Path(__file__).parent / "oracles" / "engine.json").read_text())
CASES = [case for case in CASES if "leave1out_dl" in case["extra"]]
WALD = {"tau2": "DL", "ci": "Wald"}
Y, V, NAMES = [-0.9, -0.3, -1.2, -0.5], [0.10, 0.05, 0.20, 0.08], ["vega2015", "lim2021", "lee2019", "gupta2016"]
ALL = [leave_one_out, cumulative, gosh, influence]


@st.composite
def studies(draw, least=2, most=7):
    k = draw(st.integers(least, most))
    y = draw(st.lists(st.integers(-400, 400).map(lambda i: i / 100), min_size=k, max_size=k))
    v = draw(st.lists(st.integers(-20, 20).map(lambda i: 10 ** (i / 10)), min_size=k, max_size=k))
    return np.array(y), np.array(v)


def close(got, expected, rtol=1e-9, atol=1e-12):
    np.testing.assert_allclose(got, np.array(expected, float), rtol=rtol, atol=atol)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_leave_one_out_equals_metafor(case):
    fit, expected = leave_one_out(case["yi"], case["vi"], **WALD), case["extra"]["leave1out_dl"]
    for name in ("estimate", "se", "tau2", "i2", "q"):
        close(getattr(fit, name), expected[name], 1e-11)
    close(fit.ci.low, expected["ci_low"], 1e-11)
    close(fit.ci.high, expected["ci_high"], 1e-11)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_cumulative_equals_metafor(case):
    fit, expected = cumulative(case["yi"], case["vi"], **WALD), case["extra"]["cumulative_dl"]
    for name in ("estimate", "se", "tau2"):
        close(getattr(fit, name), expected[name], 1e-11)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_influence_equals_metafor(case):
    frame, expected = influence(case["yi"], case["vi"], **WALD), case["extra"]["influence_dl"]
    names = {"cov_ratio": "cov_r", "tau2_deleted": "tau2_del", "q_deleted": "q_del"}
    for column in ("rstudent", "dffits", "cook_d", "cov_ratio", "tau2_deleted", "q_deleted", "hat"):
        close(frame[column], expected[names.get(column, column)], 1e-9)
    close(100 * frame["weight"], expected["weight_pct"], 1e-11)
    assert frame.index.tolist() == list(range(1, case["k"] + 1))


@pytest.mark.parametrize("expected", ENGINE["influences"], ids=lambda e: "-".join((e["id"], e["method"], e["test"])))
def test_influence_equals_metafor_under_either_rule(expected):
    data = ENGINE["sets"][expected["id"]]
    frame = influence(data["yi"], data["vi"], tau2=expected["method"], ci={"z": "Wald", "knha": "HK"}[expected["test"]])
    rtol = 1e-7 if expected["method"] == "REML" else 1e-9  # the reference does not iterate REML to the end
    for column in ("rstudent", "dffits", "cook_d", "cov_ratio", "tau2_deleted", "q_deleted", "hat"):
        close(frame[column], expected[column], rtol, 1e-8 if rtol > 1e-8 else 1e-12)


@given(studies(), st.sampled_from(["REML", "PM", "FE"]), st.sampled_from(["Wald", "HK", "HK-hybrid"]))
def test_each_replicate_is_one_fit(data, method, rule):
    y, v = data
    k = len(y)
    everything = {
        leave_one_out: [np.arange(k) != i for i in range(k)],
        cumulative: [np.arange(k) <= i for i in range(k)],
        gosh: [[s >> i & 1 == 1 for i in range(k)] for s in range(1, 2**k)],
    }
    for analysis, subsets in everything.items():
        many = analysis(y, v, tau2=method, ci=rule)
        np.testing.assert_array_equal(many.mask, np.array(subsets).T)
        for j, use in list(enumerate(subsets))[:: max(1, len(subsets) // 9)]:
            one, again = pool(y[use], v[use], tau2=method, ci=rule), many.replicate(j)
            for field in ("estimate", "se", "tau2", "q", "i2", "k", "df"):
                np.testing.assert_array_equal(getattr(again, field), getattr(one, field))
            np.testing.assert_array_equal(again.weights[use], one.weights)
            assert again.mask is None


def test_gosh_holds_every_subset_once():
    many = gosh(Y, V, tau2="DL")
    found = {tuple(np.flatnonzero(column)) for column in many.mask.T}
    assert found == {c for r in range(1, 5) for c in combinations(range(4), r)}
    assert many.k.tolist() == many.mask.sum(axis=0).tolist()
    assert many.estimate[-1] == pool(Y, V, tau2="DL").estimate


@given(studies(least=3))
def test_influence_by_its_definitions(data):
    y, v = data
    frame, full = influence(y, v, ci="HK-floor"), pool(y, v, ci="HK-floor")
    for i in range(len(y)):
        use = np.arange(len(y)) != i
        less = pool(y[use], v[use], ci="HK-floor")
        row = frame.iloc[i]
        assert row["tau2_deleted"] == less.tau2
        assert row["q_deleted"] == less.q
        assert row["hat"] == row["weight"] == full.weights[i]
        factor = less.se**2 * np.sum(1 / (v[use] + less.tau2))
        own = factor * (v[i] + less.tau2)
        close(row["rstudent"], (y[i] - less.estimate) / math.sqrt(own + less.se**2))
        close(row["cook_d"], ((full.estimate - less.estimate) / full.se) ** 2)
        close(row["cov_ratio"], (less.se / full.se) ** 2)
        close(row["dffits"], (full.estimate - less.estimate) / math.sqrt(full.weights[i] * own))


def test_influence_is_named_and_undefined_where_one_study_is_left():
    frame = influence(Y[:2], V[:2], labels=NAMES[:2])
    assert frame.index.tolist() == NAMES[:2]
    assert frame.index.name == "study"
    assert frame["rstudent"].isna().all()
    assert frame["tau2_deleted"].tolist() == [0, 0]
    assert influence(Y[:2], V[:2], ci="Wald")["rstudent"].notna().all()


def test_multiverse_pools_every_combination():
    versions = {"combined": (Y, V), "split": (Y[:3], V[:3])}
    frame = multiverse(versions, tau2=["ML", "DL", 0.5], ci=["Wald", "PL"], level=0.9)
    assert frame["data"].tolist() == ["combined"] * 4 + ["split"] * 4
    assert frame["tau2_method"].tolist() == ["ML", "ML", "DL", "given"] * 2
    assert frame["ci_method"].tolist() == ["Wald", "PL", "Wald", "Wald"] * 2
    for _, row in frame.iterrows():
        y, v = versions[row["data"]]
        fit = pool(
            y, v, tau2=0.5 if row["tau2_method"] == "given" else row["tau2_method"], ci=row["ci_method"], level=0.9
        )
        got = [fit.k, fit.estimate, fit.ci.low, fit.ci.high, fit.p_value, fit.tau2, fit.i2]
        assert row[["k", "estimate", "low", "high", "p_value", "tau2", "i2"]].tolist() == got
    assert len(multiverse({"one": (Y, V)})) == 9


def test_multiverse_refuses_what_it_cannot_name():
    for datasets in ({}, [(Y, V)]):
        with pytest.raises(ValueError, match="datasets holds no named versions of the data; give a dict"):
            multiverse(datasets)
    with pytest.raises(TypeError, match=r"tau2 is 'DL'; give a list, such as \['DL'\]"):
        multiverse({"all": (Y, V)}, tau2="DL")
    with pytest.raises(TypeError, match="ci is 3; give a list"):
        multiverse({"all": (Y, V)}, ci=3)


@pytest.mark.parametrize("analysis", ALL)
def test_bad_studies_are_refused_by_name(analysis):
    with pytest.raises(ValueError, match=r"variance of study 'lim2021' is -1; variances must be positive"):
        analysis(Y, [0.1, -1, 0.2, 0.1], labels=NAMES)
    with pytest.raises(ValueError, match="y of study 'vega2015' is nan; leave the study out"):
        analysis([np.nan, 1, 2, 3], V, labels=NAMES)
    with pytest.raises(ValueError, match="v has shape"):
        analysis(Y, V[:2])
    with pytest.raises(ValueError, match="choose one of"):
        analysis(Y, V, tau2="banana")


@pytest.mark.parametrize("analysis", [leave_one_out, cumulative, gosh])
def test_one_meta_analysis_at_a_time(analysis):
    with pytest.raises(ValueError, match=r"y has 2 axes; .* takes one meta-analysis, with one effect a study"):
        analysis(np.ones((3, 2)), np.ones((3, 2)))


def test_too_few_and_too_many_studies():
    with pytest.raises(ValueError, match="leave-one-out needs at least 2 studies; there are 1"):
        leave_one_out([1.0], [1.0])
    with pytest.raises(ValueError, match="a cumulative meta-analysis needs at least 1 studies; there are 0"):
        cumulative([], [])
    with pytest.raises(ValueError, match="takes at most 20 studies, not 21"):
        gosh(np.zeros(21), np.ones(21))
    assert gosh([1.0], [1.0]).k.tolist() == [1]
