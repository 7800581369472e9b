"""Sequential boundaries and required information: reference answers, dualities, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest

from mscmeta import pool, sequential
from mscmeta.sequential import boundaries, diversity, one_more, path, required_for_means, required_for_risks, spent

ORACLE = json.loads((Path(__file__).parent / "oracles" / "extra_open.json").read_text(encoding="utf-8"))
BOUNDS = [case for case in ORACLE["sequential"] if case["kind"] == "boundaries"]
PATHS = [case for case in ORACLE["sequential"] if case["kind"] == "path"]
REQUIRED = [case for case in ORACLE["information_size"] if case["kind"] == "required"]
DIVERSITY = [case for case in ORACLE["information_size"] if case["kind"] == "diversity"]


def named(case):
    return case["id"]


def test_there_are_answers_of_every_kind():
    assert min(len(BOUNDS), len(REQUIRED), len(DIVERSITY)) >= 4
    assert PATHS


@pytest.mark.parametrize("case", BOUNDS, ids=named)
def test_boundaries_agree_with_the_reference(case):
    ours = boundaries(case["information_fractions"], case["alpha_two_sided"])
    theirs = np.array(case["bounds"])
    near = theirs < 6
    np.testing.assert_allclose(ours[near], theirs[near], atol=case["tolerance"])
    assert np.all(ours[~near] > 6)
    np.testing.assert_allclose(
        spent(np.array(case["information_fractions"]), case["alpha_two_sided"]),
        case["alpha_spent_two_sided"],
        rtol=1e-9,
    )


@pytest.mark.parametrize("case", REQUIRED, ids=named)
def test_required_information_agrees_with_the_reference(case):
    errors = {"alpha": case["alpha"], "beta": case["beta"]}
    for share, key in ((0.0, "fixed_total_unrounded"), (case["diversity"], "adjusted_total_unrounded")):
        if share is None:
            continue
        if case["measure"] == "MD":
            ours = required_for_means(case["minimal_effect"], case["sd"], diversity=share, **errors)
        else:
            ours = required_for_risks(
                case["minimal_effect"], case["control_risk"], measure=case["measure"], diversity=share, **errors
            )
        assert ours == pytest.approx(case[key], rel=1e-9)


@pytest.mark.parametrize("case", DIVERSITY, ids=named)
def test_diversity_agrees_with_the_reference(case):
    assert diversity(case["y"], case["v"]) == pytest.approx(case["diversity"], abs=1e-9)
    assert diversity(case["y"], case["v"]) >= case["i2"] - 1e-9  # Wetterslev 2009: never below I2


@pytest.mark.parametrize("case", PATHS, ids=named)
def test_path_agrees_with_the_reference(case):
    from mscmeta import risk_ratio

    y, v = risk_ratio(case["events_1"], case["n_1"], case["events_2"], case["n_2"])
    d2 = diversity(y, v)
    assert d2 == pytest.approx(case["diversity"], abs=1e-9)
    required = required_for_risks(
        case["rr_worth_finding"], case["control_risk"], alpha=case["alpha"], beta=case["beta"], diversity=d2
    )
    assert required == pytest.approx(case["information_required"], rel=1e-9)
    looks = path(y, v, np.add(case["n_1"], case["n_2"]), required, alpha=case["alpha"])
    assert len(looks.z) == len(case["looks"])
    for i, look in enumerate(case["looks"]):
        assert looks.fraction[i] == pytest.approx(look["fraction"], rel=1e-9)
        assert looks.estimate[i] == pytest.approx(look["estimate"], rel=1e-8)
        assert looks.z[i] == pytest.approx(look["z"], rel=1e-8)
        assert looks.crossed[i] == look["crossed"]
        if look["bound"] is None or look["bound"] > 6:
            assert not looks.bound[i] <= 6
        else:
            assert looks.bound[i] == pytest.approx(look["bound"], abs=case["tolerance"])
    np.testing.assert_allclose(list(looks.adjusted), case["adjusted_interval_last_look"], atol=case["tolerance"])


def test_one_look_at_the_end_is_the_ordinary_test():
    assert boundaries([1.0])[0] == pytest.approx(1.959963984540054, abs=1e-9)


def test_crossing_chance_by_simulation():
    """Random walks under no effect leave the boundaries as often as alpha says."""
    t = np.array([0.4, 0.7, 1.0])
    steps = np.random.default_rng(1).normal(size=(200_000, 3)) * np.sqrt(np.diff(t, prepend=0))
    z = np.cumsum(steps, axis=1) / np.sqrt(t)
    share = np.mean(np.any(np.abs(z) > boundaries(t, 0.2), axis=1))
    assert share == pytest.approx(0.2, abs=4 * np.sqrt(0.2 * 0.8 / 200_000))


def test_too_little_information_has_no_boundary_and_does_not_disturb_later_ones():
    early = boundaries([0.01, 0.5, 1.0])
    assert np.isnan(early[0])
    np.testing.assert_allclose(early[1:], boundaries([0.5, 1.0]), atol=1e-6)


def test_looks_end_when_enough_is_known():
    looks = path([-0.9, -0.3, -1.2], [0.1, 0.05, 0.2], [40, 80, 20], 100)
    assert looks.fraction.tolist() == [0.4, 1.0]
    assert looks.required == 100


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: boundaries([0.5, 0.4]), "fractions must rise"),
        (lambda: boundaries([]), "fractions must rise"),
        (lambda: boundaries([0.5, 1.2]), "fractions must rise"),
        (lambda: boundaries([1.0], alpha=0), "alpha is 0"),
        (lambda: required_for_means(0, 1), "difference is 0"),
        (lambda: required_for_means(1, 0), "sd 0"),
        (lambda: required_for_means(1, 1, beta=1), "beta is 1"),
        (lambda: required_for_means(1, 1, diversity=1), "diversity is 1"),
        (lambda: required_for_risks(1, 0.2), "ratio 1 makes"),
        (lambda: required_for_risks(6, 0.2), "ratio 6 makes"),
        (lambda: required_for_risks(2, 1), "control_risk is 1"),
        (lambda: required_for_risks(2, 0.2, measure="RD"), "measure"),
        (lambda: path([1.0], [1.0], [0], 10), "n has shape"),
        (lambda: path([1.0], [1.0], [10], 0), "required is 0"),
    ],
)
def test_refusals(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_module_says_where_it_stops():
    assert sequential.FARTHEST > 6


def test_one_more_trial_is_a_meta_analysis_of_one_more():
    y, v, effects = [-1.3, -0.2, -2.0], [0.4, 0.2, 0.5], [-3.0, 0.0, 1.5]
    found = one_more(y, v, effects, 0.3, tau2="REML", ci="HK-floor", level=0.9)
    for i, effect in enumerate(effects):
        one = pool([*y, effect], [*v, 0.3], tau2="REML", ci="HK-floor", level=0.9)
        assert (found.estimate[i], found.ci.low[i], found.ci.high[i]) == (one.estimate, *one.ci)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"effects": []}, "effects must be a row of finite numbers"),
        ({"effects": [np.nan]}, "effects must be a row of finite numbers"),
        ({"effects": 1.0}, "effects must be a row of finite numbers"),
        ({"variance": -1.0}, "variances must be positive"),
        ({"labels": ["a", "b"]}, "labels does not apply"),
        ({"y": np.ones((2, 2)), "v": np.ones((2, 2))}, "one meta-analysis at a time"),
    ],
)
def test_one_more_trial_refuses(changed, message):
    with pytest.raises(ValueError, match=message):
        one_more(**{"y": [1.0, 2.0], "v": [1.0, 1.0], "effects": [0.0], "variance": 1.0} | changed)
