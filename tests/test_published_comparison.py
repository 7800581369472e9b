"""What the chapters on the disagreement print, from the rows of the tables and by formulas written out here."""

import numpy as np
import pytest
from scipy.stats import chi2

from mscmeta import data
from mscmeta.between import STEPS, way
from mscmeta.multiverse import importance, multiverse_of, shares


def dersimonian_laird(y, v):
    w = 1 / v
    q = w @ (y - w @ y / w.sum()) ** 2
    tau2 = max(0.0, (q - len(y) + 1) / (w.sum() - w @ w / w.sum()))
    return 1 / (v + tau2) @ y / (1 / (v + tau2)).sum(), q


def arms(trial, month):
    """Difference in means and its variance, in the unit of the extraction."""
    rows = data.table("outcomes").query(
        "trial == @trial and month == @month and source == 'cochrane2025' and instrument == 'vas_pain_10'"
    )
    one, two = rows[rows.arm == "msc"].iloc[0], rows[rows.arm == "control"].iloc[0]
    return one["mean"] - two["mean"], one.sd**2 / one.n + two.sd**2 / two.n


def test_two_trials_in_millimetres_come_close_to_the_printed_pain_at_12_months():
    y, v = np.array([arms(trial, 12) for trial in ("vega2015", "gupta2016")]).T
    y, v = 10 * y, 100 * v
    random, q = dersimonian_laird(y, v)
    common = (y / v).sum() / (1 / v).sum()
    chosen = random if chi2.sf(q, 1) < 0.1 or (q - 1) / q > 0.5 else common
    found = way("pain", 12)
    assert found.estimate[(0,) * 8] == pytest.approx(chosen)
    assert found.hidden[0] == pytest.approx(chosen - -7.04)
    assert abs(found.hidden[0]) < 1 < abs(found.gap)


def test_the_common_scale_counts_seven_first_and_less_than_one_last():
    found = way("pain", 12, tau2="DL", ci="Wald")
    units = list(STEPS).index("units")
    assert found.seen.least[units] < 1 < 7 < found.seen.most[units]
    no_active = data.contrasts("sadeghirad2024", "pain", 12)
    sound = no_active[~no_active.caveats.str.contains("imputed_sd|read_off_figure|unblinded|paired")]
    last, _ = dersimonian_laird(sound.y.to_numpy(), sound.v.to_numpy())
    assert found.hidden[1] == pytest.approx(-0.73 - last)


def test_every_analysis_of_pain_at_6_months_favours_cells_and_none_shows_a_benefit_beyond_the_mid():
    told = shares(multiverse_of("pain", 6))
    assert (told["better"], told["proven_beyond"], told["harm"]) == (1, 0, 0)
    assert 0.2 < told["beyond"] < 0.5
    # the same by every subset of comparators, without the multiverse
    for classes in (None, "placebo", ["placebo", "usual care", "same co-intervention"]):
        trials = data.contrasts("cochrane2025", "pain", 6, comparators=classes)
        assert dersimonian_laird(trials.y.to_numpy(), trials.v.to_numpy())[0] < 0


@pytest.mark.parametrize(("cell", "first"), [(("pain", 6), "trials"), (("function", 12), "comparator")])
def test_the_choice_that_moves_the_answer_most(cell, first):
    assert importance(multiverse_of(*cell)).choice[0] == first
