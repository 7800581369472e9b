"""What stands beside what on one scale, and what cannot: every printed result is in one of the two lists."""

import numpy as np
import pytest

from mscmeta import data, pool
from mscmeta.side_by_side import answers, not_placed


@pytest.fixture(scope="module")
def found():
    return {outcome: answers(outcome, tau2="DL", ci="Wald") for outcome in ("pain", "function")}


def test_every_printed_result_is_placed_or_listed_with_a_reason(found):
    placed = sum((frame.kind == "printed").sum() for frame in found.values())
    out = not_placed()
    assert placed + len(out) == len(data.table("published"))
    assert (out.reason.str.len() > 10).all()
    assert out[out.review == "Qu and Sun"].shape[0] == 20
    assert out.reason.str.contains("cannot be cm").sum() == 1  # -24.98 on a line of 10 cm


def test_reruns_are_pooled_contrasts_on_the_scale(found):
    pain = found["pain"].set_index(["month", "review", "label"])
    trials = data.contrasts("qu2021", "womac_pain", 12)
    fit = pool(trials.y / 10, trials.v / 100, tau2="DL", ci="Wald")
    row = pain.loc[12, "qu2021", "Qu and Sun: WOMAC pain, trials at hand (k = 2)"]
    assert [row.estimate, row.low, row.high] == pytest.approx([fit.estimate, fit.ci.low, fit.ci.high])
    placebo = data.contrasts("cochrane2025", "function", 6, comparators="placebo")
    fit = pool(placebo.y, placebo.v, tau2="DL", ci="Wald")
    rows = found["function"].query("month == 6 and label.str.startswith('Extraction: placebo')")
    assert rows.estimate.tolist() == pytest.approx([fit.estimate])


def test_direction_is_turned_and_limits_change_places(found):
    row = found["function"].query("kind == 'printed' and month == 12").iloc[0]
    assert (row.estimate, row.low, row.high) == (-19.36, -38.9, 0.19)
    assert (found["pain"].query("kind == 'printed'").estimate < 0).all()


def test_by_time_and_inside_their_intervals(found):
    for frame in found.values():
        assert frame.month.is_monotonic_increasing
        assert frame.group.notna().all()
        assert ((frame.low <= frame.estimate) & (frame.estimate <= frame.high)).all()


def test_one_trial_keeps_its_own_interval():
    row = answers("function", ci="HK").query("month == 24").iloc[0]
    trial = data.contrasts("cochrane2025", "function", 24).iloc[0]
    assert row.high - row.low == pytest.approx(2 * 1.959963984540054 * np.sqrt(trial.v))


def test_options_are_passed_on_and_refused():
    with pytest.raises(ValueError, match="outcome is 'stiffness'"):
        answers("stiffness")
    with pytest.raises(ValueError, match="kind is 'both'"):
        answers("pain", kind="both")
    changed = answers("pain", kind="change").query("label.str.contains('VAS') and month == 12").iloc[0]
    final = answers("pain").query("label.str.contains('VAS') and month == 12").iloc[0]
    assert changed.estimate != final.estimate
