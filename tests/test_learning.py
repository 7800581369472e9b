"""What the chapters on methods print, by arithmetic that does not use the package's formulas."""

import math
from statistics import fmean, variance

import matplotlib.pyplot as plt
import numpy as np
import pytest

import mscmeta.plots as plots
from mscmeta import convert, data, pool, standardized_mean_difference
from mscmeta.exercises import chapters
from mscmeta.report._display import to_svg
from tests.plotcases import texts

# Heterogeneity


def pain():
    trials = data.contrasts("cochrane2025", "pain", 6)
    return list(trials.y), list(trials.v)


def weighted(y, w):
    return sum(a * b for a, b in zip(y, w, strict=True)) / sum(w)


def test_q_and_i2_by_plain_sums():
    y, v = pain()
    w = [1 / one for one in v]
    q = sum(b * (a - weighted(y, w)) ** 2 for a, b in zip(y, w, strict=True))
    fit = pool(y, v, tau2="REML")
    typical = (len(y) - 1) * sum(w) / (sum(w) ** 2 - sum(b * b for b in w))
    assert fit.q == pytest.approx(q, rel=1e-12)
    assert fit.i2 == pytest.approx(fit.tau2 / (fit.tau2 + typical), rel=1e-12)
    answers = chapters()["heterogeneity"]
    assert answers[1].value() == pytest.approx((q - 19) / q, abs=1e-12)
    assert answers[3].value() == pytest.approx(fit.tau2 / (fit.tau2 + typical / 4), rel=1e-12)


def test_a_tenth_of_everything_keeps_q_and_i2_and_nothing_in_centimetres():
    y, v = (np.array(one) for one in pain())
    whole, tenth = pool(y, v, tau2="REML"), pool(y / 10, v / 100, tau2="REML")
    assert (tenth.q, tenth.i2) == (pytest.approx(whole.q), pytest.approx(whole.i2))
    assert tenth.tau2 == pytest.approx(whole.tau2 / 100)
    assert tenth.prediction_interval().low == pytest.approx(whole.prediction_interval().low / 10)


def test_larger_trials_raise_i2_and_shorten_both_intervals():
    y, v = (np.array(one) for one in pain())
    tau2 = float(pool(y, v, tau2="REML").tau2)
    fits = [pool(y, v / times, tau2=tau2, ci="Wald") for times in (1, 4, 16)]
    for span in ([f.ci for f in fits], [f.prediction_interval("z") for f in fits]):
        widths = [one.high - one.low for one in span]
        assert widths == sorted(widths, reverse=True)
    assert [f.i2 for f in fits] == sorted(f.i2 for f in fits)


# Medians and changes


def test_vega_differed_before_treatment_by_the_same_at_both_visits():
    start = {}
    for month in (6, 12):
        final, change = (
            data.contrasts("qu2021", "vas_pain", month, kind=kind, trials=["vega2015"]).y.item()
            for kind in ("final", "change")
        )
        start[month] = final - change
    assert start[6] == pytest.approx(start[12], abs=0.01)  # printed to a hundredth of a cm, from two sources
    assert -1.1 < start[6] < -0.9


def test_luo_and_wan_by_hand():
    rows = data.table("outcomes").query("trial == 'lamoespinosa2016' and instrument == 'womac_function_68'")
    row = rows[(rows.arm == "msc_100") & (rows.month == 6)].iloc[0]
    weight = 0.7 + 0.39 / row.n
    mean = weight * (row.q1 + row.q3) / 2 + (1 - weight) * row["median"]
    assert chapters()["medians_changes"][1].value()[0] == pytest.approx(mean, rel=1e-12)
    z = _quantile((0.75 * row.n - 0.125) / (row.n + 0.25))
    assert chapters()["medians_changes"][1].value()[1] == pytest.approx((row.q3 - row.q1) / (2 * z), rel=1e-9)


def _quantile(share):
    """Normal quantile by bisection on the error function."""
    low, high = -8.0, 8.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 + math.erf(middle / math.sqrt(2))) / 2 < share else (low, middle)
    return low


def test_the_correlation_where_a_change_becomes_as_precise_as_a_final_score():
    r = chapters()["medians_changes"][4].value()
    rows = data.table("outcomes").query("trial == 'lamoespinosa2020' and instrument == 'womac_function_68'")
    sds = rows[rows.arm == "msc"].set_index("month").sd
    assert convert.sd_of_change(sds[0], sds[6], r) == pytest.approx(sds[6])
    assert convert.sd_of_change(sds[0], sds[6], r + 0.01) < sds[6]


# Several arms


def test_the_covariance_of_two_doses_against_one_control_by_simulated_patients():
    two = data.contrasts("qu2021", "womac_function", 12, arms="as_published").query("trial == 'lamoespinosa2016'")
    random, many = np.random.default_rng(5), 60_000
    doses = [random.normal(m, s / n**0.5, many) for m, s, n in two[["mean_1", "sd_1", "n_1"]].to_numpy()]
    control = random.normal(two.mean_2.iloc[0], two.sd_2.iloc[0] / two.n_2.iloc[0] ** 0.5, many)
    w = (1 / two.v / (1 / two.v).sum()).to_numpy()
    average = w[0] * (doses[0] - control) + w[1] * (doses[1] - control)
    assert chapters()["several_arms"][4].value() == pytest.approx(average.std(), rel=0.01)


def test_counting_a_control_twice_adds_weight_and_combining_takes_it_back():
    share = {}
    for rule in ("as_published", "split", "combine"):
        rows = data.contrasts("qu2021", "womac_function", 6, arms=rule)
        w = 1 / rows.v
        share[rule] = (w[rows.trial == "lamoespinosa2016"].sum() / w.sum()).item()
    assert share["as_published"] > share["split"] + 0.05
    assert share["split"] == pytest.approx(share["combine"], abs=0.02)


# Many scales


def test_smds_by_hand_carried_back_to_centimetres():
    trials = data.contrasts("cochrane2025", "pain", 6).query("kind == 'final' and instrument == 'vas_pain_10'")
    smds, sds = [], []
    for one in trials.itertuples():
        df = one.n_1 + one.n_2 - 2
        sd = math.sqrt(((one.n_1 - 1) * one.sd_1**2 + (one.n_2 - 1) * one.sd_2**2) / df)
        exact = math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)  # Hedges 1981
        smds.append(exact * (one.mean_1 - one.mean_2) / sd)
        sds.append(sd)
    made = standardized_mean_difference(*(trials[c] for c in ["mean_1", "sd_1", "n_1", "mean_2", "sd_2", "n_2"]))
    np.testing.assert_allclose(made.y, smds, rtol=1e-10)
    middle = (sorted(sds)[4] + sorted(sds)[5]) / 2
    assert chapters()["many_scales"][3].value() == pytest.approx(pool(smds, made.v, tau2="REML").estimate * middle)


def test_the_mid_of_womac_pain_follows_its_scale():
    mid = data.table("instruments").set_index("instrument")
    assert mid.high["womac_pain_100"] / mid.high["womac_pain_10"] == 10
    low, high = chapters()["many_scales"][4].value()
    assert low < -1 < high  # what patients just notice can neither be claimed nor excluded


# Find the mistakes


def test_printed_words_against_printed_intervals():
    claims = data.table("claims").set_index("claim").printed
    found = set()
    for key in claims.index[claims.index.str.fullmatch(r"qu2021\.(womac_\w+|vas_pain|ikdc)\.\d+\.low")]:
        name = key.removesuffix(".low")
        holds_zero = float(claims[key]) <= 0 <= float(claims[f"{name}.high"])
        if holds_zero == (claims[f"{name}.statement"] == "significant"):
            found.add(" ".join(name.split(".")[1:]))
    assert chapters()["find_the_mistakes"][2].value() == found


def test_the_p_value_of_a_printed_interval():
    se = (6.69 - 0.01) / (2 * 1.96)
    p = math.erfc(3.35 / se / math.sqrt(2))
    assert chapters()["find_the_mistakes"][1].value() == pytest.approx(p, rel=1e-9)


# The first chapters


def test_answers_of_the_first_chapters_by_plain_arithmetic():
    known = chapters()
    y = list(data.contrasts("cochrane2025", "pain", 6, comparators="placebo").y)
    v = list(data.contrasts("cochrane2025", "pain", 6, comparators="placebo").v)
    w = [1 / one for one in v]
    q = sum(b * (a - weighted(y, w)) ** 2 for a, b in zip(y, w, strict=True))
    dl = max(0, (q - len(y) + 1) / (sum(w) - sum(b * b for b in w) / sum(w)))
    assert known["pooling"][1].value() == pytest.approx(fmean(y))
    assert known["pooling"][3].value() == pytest.approx(dl)
    assert known["effect_sizes"][1].value() == pytest.approx((2, 6, 0.4))
    assert known["audit_error_rate"][1].value() == 60
    assert known["audit_error_rate"][3].value() == pytest.approx(25)
    assert known["audit_error_rate"][4].value() == pytest.approx(1 - 0.025 ** (1 / 1000))


def test_the_interval_with_equal_variances_that_the_simulation_counts():
    """Four trials, scatter 2 in all: Wald with DL holds 0 in far fewer than 95 of 100; checked with plain sums."""
    draws = np.random.default_rng(3).normal(0, math.sqrt(2), (4, 20_000))
    held = 0
    for y in draws.T.tolist():
        tau2 = max(0.0, variance(y) - 1)  # DL with equal variances
        held += abs(fmean(y)) <= 1.959964 * math.sqrt((1 + tau2) / 4)
    assert chapters()["few_trials"][2].value() == pytest.approx(held / draws.shape[1], abs=0.01)


# The figure


def test_i2_by_size_draws_every_line_and_marks_the_size_at_hand():
    shares = {"wide": [0.2, 0.5, 0.8], "narrow": [0.0, 0.1, 1.0]}
    axes = plots.i2_by_size([10, 40, 160], shares, here=40)
    lines = {line.get_gid(): line for line in axes.get_lines()}
    np.testing.assert_allclose(lines["line-0"].get_ydata(), [20, 50, 80])
    np.testing.assert_allclose(lines["line-1"].get_ydata(), [0, 10, 100])
    assert lines["here"].get_xdata()[0] == 40
    assert {"wide", "narrow", "Patients in a trial", "I² (%)", "160"} <= set(texts(axes.figure))
    assert to_svg(axes.figure) == to_svg(axes.figure)
    own = plt.figure().subplots()
    assert plots.i2_by_size([10, 40], {"a": [0, 1]}, ax=own) is own
    assert "here" not in {line.get_gid() for line in own.get_lines()}


@pytest.mark.parametrize(
    ("patients", "shares", "message"),
    [
        ([10, 10], {"a": [0, 1]}, "patients must be positive and increase"),
        ([0, 10], {"a": [0, 1]}, "patients must be positive and increase"),
        ([1, 10], {}, "shares is empty; give at least one line"),
        ([1, 10], {"a": [0]}, "shares of 'a' must hold one value from 0 to 1 for each size"),
        ([1, 10], {"a": [0, 1.1]}, "shares of 'a' must hold one value from 0 to 1 for each size"),
    ],
)
def test_i2_by_size_refuses(patients, shares, message):
    with pytest.raises(ValueError, match=message):
        plots.i2_by_size(patients, shares)
