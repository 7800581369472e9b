"""Rare events: the simulation is what it says, and shows what is known of these methods."""

import numpy as np
import pytest

from mscmeta import data, mantel_haenszel, odds_ratio, peto, pool
from mscmeta.sparse import METHODS, simulate_sparse


def arms():
    trials = data.contrasts("cochrane2025", "adverse_serious")
    return trials.n_1, trials.n_2


def test_methods_are_those_of_the_package_on_the_same_draws():
    n_1, n_2, risk, ratio, seed = np.array([60, 40, 30]), np.array([60, 20, 30]), 0.08, 2.0, 3
    found = simulate_sparse(n_1, n_2, risk=risk, true_odds_ratio=ratio, replicates=30, seed=seed)
    rng = np.random.default_rng(seed)
    risk_1 = ratio * risk / (1 - risk + ratio * risk)
    a, c = rng.binomial(n_1, risk_1, (30, 3)), rng.binomial(n_2, risk, (30, 3))
    use = [i for i in range(30) if a[i].sum() and c[i].sum()]
    assert found.undefined == pytest.approx(1 - len(use) / 30)
    assert found.events == pytest.approx((a.sum() + c.sum()) / 30)
    held = 0
    for place, i in enumerate(use):
        counts = (a[i], n_1, c[i], n_2)
        y, v = odds_ratio(*counts)
        drop = odds_ratio(*counts, double_zero="drop").y
        some = ~np.isnan(drop)
        want = [np.sum(y / v) / np.sum(1 / v), np.sum((y / v)[some]) / np.sum((1 / v)[some])]
        want += [mantel_haenszel(*counts, "OR", zero_cells=z).estimate for z in ("half", "exact")] + [
            peto(*counts).estimate
        ]
        got = [found.log_odds_ratio[name][place] for name in METHODS]
        assert got == pytest.approx(want, rel=1e-12, abs=1e-12)
        held += np.log(ratio) in pool(y, v, tau2="FE", ci="Wald").ci
    assert found.coverage[METHODS[0]] == pytest.approx(held / len(use))


def test_a_half_added_pulls_towards_no_harm_and_mantel_haenszel_does_not():
    found = simulate_sparse(*arms(), risk=0.01, true_odds_ratio=2.0, replicates=250, seed=8)
    middle = {name: float(np.exp(np.median(x))) for name, x in found.log_odds_ratio.items()}
    assert middle["inverse variance, half added"] < 1.4
    assert middle["Mantel-Haenszel, half added"] < 1.5
    assert 1.7 < middle["Mantel-Haenszel, nothing added"] < 2.4
    assert 1.7 < middle["Peto"] < 2.4
    assert found.coverage["Mantel-Haenszel, nothing added"] > 0.93 > found.coverage["inverse variance, half added"]


def test_peto_goes_astray_with_unequal_arms_and_a_large_effect():
    found = simulate_sparse(*arms(), risk=0.02, true_odds_ratio=5.0, replicates=120, seed=8)
    middle = {name: float(np.exp(np.median(x))) for name, x in found.log_odds_ratio.items()}
    assert middle["Peto"] < 4.4 < middle["Mantel-Haenszel, nothing added"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"risk": 0.0}, "risk is 0"),
        ({"risk": 1.0}, "risk is 1"),
        ({"true_odds_ratio": -2.0}, "true_odds_ratio is -2"),
        ({"risk": 1e-6}, "raise risk or replicates"),
        ({"replicates": 10}, "of 10 replicates have events"),
    ],
)
def test_refusals(changed, said):
    with pytest.raises(ValueError, match=said):
        simulate_sparse([50, 40], [50, 40], **{"risk": 0.05, "true_odds_ratio": 1.0, "replicates": 50, **changed})
