"""Chances beyond a threshold: dualities with intervals and P values, the posterior's own answers, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from mscmeta import normal_normal, pool
from mscmeta.chances import chance_of_benefit

Y, V = [-0.9, -0.3, -1.2, -0.5], [0.10, 0.05, 0.20, 0.08]


@pytest.mark.parametrize("ci", ["Wald", "HK", "HK-floor", "t"])
def test_limit_of_the_interval_is_exceeded_with_the_tail_chance(ci):
    fit = pool(Y, V, ci=ci, level=0.9)
    assert chance_of_benefit(fit, -fit.ci.high, higher_is="worse").mean == pytest.approx(0.95)
    new = fit.prediction_interval()
    if new.high < 0:
        assert chance_of_benefit(fit, -new.high, higher_is="worse").new == pytest.approx(0.95)
    assert chance_of_benefit(fit, -new.low, higher_is="worse").new == pytest.approx(0.05)


def test_any_benefit_is_one_minus_the_one_sided_p_value():
    fit = pool(Y, V, tau2="DL", ci="Wald")
    assert chance_of_benefit(fit, 0, higher_is="worse").mean == pytest.approx(1 - fit.p_value / 2)


def test_arithmetic_apart_from_the_package():
    fit = pool(Y, V, tau2="PM", ci="HK")
    chance = chance_of_benefit(fit, 0.5, higher_is="worse")
    assert chance.mean == pytest.approx(t.cdf((-0.5 - fit.estimate) / fit.se, 3))
    assert chance.new == pytest.approx(t.cdf((-0.5 - fit.estimate) / math.hypot(fit.se, math.sqrt(fit.tau2)), 3))
    wald = pool(Y, V, tau2="PM", ci="Wald")
    assert chance_of_benefit(wald, 0.5, higher_is="worse").mean == pytest.approx(
        norm.cdf((-0.5 - wald.estimate) / wald.se)
    )


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-3, 3), min_size=2, max_size=6), st.floats(0, 2))
def test_turning_the_scale_changes_nothing(y, mid):
    v = np.linspace(0.05, 0.4, len(y))
    one = chance_of_benefit(pool(y, v, ci="HK-floor"), mid, higher_is="worse")
    two = chance_of_benefit(pool(np.negative(y), v, ci="HK-floor"), mid, higher_is="better")
    assert (one.mean, one.new) == pytest.approx((two.mean, two.new), abs=1e-9)


def test_posterior_gives_its_own_probabilities():
    posterior = normal_normal(Y, V, scale=0.5)
    chance = chance_of_benefit(posterior, 0.5, higher_is="worse")
    assert chance.mean == posterior.probability_below(-0.5)
    assert chance.new == posterior.predictive_probability_below(-0.5)
    assert chance.new < chance.mean
    better = chance_of_benefit(normal_normal(np.negative(Y), V, scale=0.5), 0.5, higher_is="better")
    assert (better.mean, better.new) == pytest.approx((chance.mean, chance.new), abs=1e-9)


def test_what_says_nothing_gives_nothing():
    assert math.isnan(chance_of_benefit(pool(Y, V, tau2="FE", ci="Wald"), 0.5, higher_is="worse").new)
    one = chance_of_benefit(pool(Y[:1], V[:1], ci="HK"), 0.5, higher_is="worse")
    assert math.isnan(one.mean)
    assert math.isnan(one.new)
    same = pool([-0.5, -0.5], [0.1, 0.1], ci="HK")
    assert [chance_of_benefit(same, x, higher_is="worse").mean for x in (0.4, 0.5, 0.6)] == [1.0, 0.5, 0.0]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: chance_of_benefit(pool(Y, V), -1, higher_is="worse"), "threshold is -1"),
        (lambda: chance_of_benefit(pool(Y, V), 1, higher_is="lower"), "higher_is"),
        (lambda: chance_of_benefit(pool(np.array([Y, Y]).T, np.array([V, V]).T), 1, higher_is="worse"), "replicate"),
    ],
)
def test_refusals(call, says):
    with pytest.raises(ValueError, match=says):
        call()
