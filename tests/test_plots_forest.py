"""The forest plot says everything it must, in the right place, and loses no interval."""

import io
import math
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscmeta import odds_ratio, pool, risk_ratio
from mscmeta.plots import forest
from mscmeta.plots._style import text_width
from mscmeta.report._display import to_svg
from tests.plotcases import boxes, made_up, made_up_events, marks, texts


def of(frame, **settings):
    return pool(frame.y, frame.v, **settings)


def by_class(frame):
    return {name: of(part) for name, part in frame.groupby("comparator_class")}


def panel(ax):
    return ax.child_axes[0]


@pytest.mark.parametrize("k", [1, 2, 3, 7, 24])
@pytest.mark.parametrize("compact", [False, True])
def test_every_trial_has_its_name_its_effect_and_its_line(k, compact):
    frame = made_up(k)
    ax = forest(frame, of(frame), compact=compact)
    shown = texts(ax)
    assert sum(any(text.startswith(label) for text in shown) for label in frame.label) == k
    assert sum(text.count("[") for text in shown if "CI" not in text) >= k + 1
    assert len(marks(ax, "interval")) >= k
    assert len(marks(ax, "square")) == k


def test_effect_text_is_the_estimate_with_its_normal_interval():
    frame = made_up(3)
    frame.loc[0, ["y", "v"]] = [-5.0, 4.0]
    assert "−5.00 [−8.92, −1.08]" in texts(forest(frame, of(frame)))


@pytest.mark.parametrize("compact", [False, True])
def test_model_and_heterogeneity_stand_under_the_diamond(compact):
    frame = made_up()
    pooled = of(frame, tau2="DL", ci="HK-floor", level=0.9)
    shown = " ".join(texts(forest(frame, pooled, compact=compact))).replace("\N{NO-BREAK SPACE}", " ")
    for part in ["τ² = ", "(DL", "Q = ", "df = 6", "I² = ", "HK-floor interval, 90%", "t = ", "[90% CI]"]:
        assert part in shown, part


def test_common_effect_model_is_named_and_has_no_prediction_interval():
    frame = made_up()
    shown = texts(forest(frame, of(frame, tau2="FE", ci="Wald")))
    assert any(text.startswith("Common-effect model (FE)") for text in shown)
    assert any("z = " in text for text in shown)
    assert "Prediction interval: none, the model assumes one common effect" in shown


def test_boundary_of_tau2_is_said():
    frame = made_up(3)
    frame["y"] = [-5.0, -5.1, -4.9]
    assert any("at its lower bound" in text for text in texts(forest(frame, of(frame))))


@pytest.mark.parametrize(("ci", "text"), [("Wald", "interval, 95%"), ("HK", "no interval and no test, HK needs")])
def test_one_trial_says_that_heterogeneity_does_not_apply(ci, text):
    frame = made_up(1)
    ax = forest(frame, of(frame, ci=ci))
    shown = texts(ax)
    assert "Heterogeneity: not applicable (one trial)" in shown
    assert any(text in line for line in shown)
    assert ("no interval" in " ".join(shown)) == (ci == "HK")
    assert "Prediction interval: not defined for one trial" in shown
    assert len(marks(ax, "diamond")) == 1


def test_prediction_rule_can_be_named_left_out_and_misspelt():
    frame = made_up()
    wide = forest(frame, of(frame), prediction="t(k-2)")
    low, high = of(frame).prediction_interval(rule="t(k-2)")
    assert f"[{low:.2f}, {high:.2f}]".replace("-", "−") in texts(wide)
    assert not any("Prediction" in text for text in texts(forest(frame, of(frame), prediction=False)))
    with pytest.raises(ValueError, match=r"t\(k-9\)"):
        forest(frame, of(frame), prediction="t(k-9)")


def test_raw_data_of_both_arms_and_the_sums_of_patients():
    frame = made_up()
    shown = texts(forest(frame, of(frame)))
    for heading in ["MSC", "Control", "Mean", "SD", "N", "Weight"]:
        assert heading in shown
    assert str(frame.n_1.sum()) in shown
    assert str(frame.n_2.sum()) in shown
    assert f"{frame.sd_1[0]:.1f}" in shown
    assert "Mean" not in texts(forest(frame, of(frame), raw=False))


def test_missing_raw_data_leave_a_blank_not_a_number():
    frame = made_up(3)
    frame.loc[1, ["mean_1", "sd_1"]] = np.nan
    shown = texts(forest(frame, of(frame)))
    assert "nan" not in " ".join(shown)


def test_weights_are_those_of_the_pooled_result_and_squares_follow_them_by_area():
    frame = made_up()
    pooled = of(frame)
    ax = forest(frame, pooled)
    for weight in pooled.weights:
        assert f"{100 * weight:.1f}%" in texts(ax)
    sides = np.array([square.get_markersize() for square in marks(ax, "square")])
    assert sides**2 / sides.max() ** 2 == pytest.approx(pooled.weights / pooled.weights.max())


def test_subgroups_have_headings_diamonds_and_model_lines():
    frame = made_up()
    ax = forest(frame, of(frame), subgroups="comparator_class", pooled_by=by_class(frame))
    shown = texts(ax)
    assert shown.index("placebo") < shown.index("usual care")
    assert shown.count("Subtotal") == 2
    assert len(marks(ax, "diamond")) == 3
    assert sum("τ²" in text for text in shown) == 3
    assert "100.0%" in shown


def test_a_raw_column_has_the_same_decimals_in_all_subgroups():
    frame = made_up(4)
    frame["mean_1"] = [30.0, 31.25, 32.0, 33.5]
    shown = texts(forest(frame, of(frame), subgroups="comparator_class", pooled_by=by_class(frame)))
    assert {"30.00", "31.25", "32.00", "33.50"} <= set(shown)


def test_subgroup_of_one_trial_has_its_diamond():
    frame = made_up(3)
    frame["comparator_class"] = ["placebo", "placebo", "other"]
    ax = forest(frame, of(frame), subgroups="comparator_class", pooled_by=by_class(frame))
    assert len(marks(ax, "diamond")) == 3
    assert "Heterogeneity: not applicable (one trial)" in texts(ax)


def test_subgroups_may_stand_without_a_total():
    frame = made_up()
    ax = forest(frame, subgroups="comparator_class", pooled_by=by_class(frame))
    assert "Total" not in texts(ax)
    assert not marks(ax, "pooled")
    assert texts(ax).count("Prediction interval") == 2
    assert texts(ax).count("100.0%") == 2


def test_an_interval_that_leaves_the_axis_ends_in_an_arrow_on_that_side():
    frame = made_up()
    frame.loc[1, "v"] = 1e4
    ax = forest(frame, of(frame, tau2="FE", ci="Wald"))
    assert len(marks(ax, "arrow-left")) == len(marks(ax, "arrow-right")) == 1
    cut = forest(frame, of(frame, tau2="FE", ci="Wald"), xlim=(-2, 40))
    assert panel(cut).get_xlim() == (-2, 40)
    outside = [row for row in frame.itertuples() if row.y - 1.959964 * math.sqrt(row.v) < -2]
    assert len(marks(cut, "arrow-left")) >= len(outside)
    assert len(marks(cut, "square")) == (frame.y >= -2).sum()


@given(
    y=st.lists(st.floats(-60, 60), min_size=1, max_size=6),
    v=st.lists(st.floats(0.01, 4e4), min_size=6, max_size=6),
    mid=st.sampled_from([None, 1.0, 30.0]),
)
@settings(max_examples=15)
def test_no_interval_is_ever_lost(y, v, mid):
    """Whatever the data: inside the axis an end is drawn where it is, outside there is an arrow."""
    frame = made_up(len(y))
    frame["y"], frame["v"] = y, v[: len(y)]
    frame.attrs["mid"] = mid
    ax = forest(frame, of(frame, tau2="FE", ci="Wald"))
    low, high = panel(ax).get_xlim()
    half = 1.959964 * np.sqrt(frame.v)
    ends = of(frame, tau2="FE", ci="Wald").ci
    lows, highs = [*(frame.y - half), ends.low], [*(frame.y + half), ends.high]
    assert len(marks(ax, "arrow-left")) == sum(x < low for x in lows)
    assert len(marks(ax, "arrow-right")) == sum(x > high for x in highs)
    assert all(low <= x <= high for x in frame.y)
    plt.close("all")


def test_mid_is_shown_by_default_can_be_given_and_left_out():
    frame = made_up()
    assert "smaller than the MID (±8 points)" in texts(forest(frame, of(frame)))
    ax = forest(frame, of(frame), mid=5, unit="mm")
    assert "smaller than the MID (±5 mm)" in texts(ax)
    band = marks(ax, "mid-band")[0].get_paths()[0].get_extents()
    assert (band.x0, band.x1) == pytest.approx((-5, 5))
    assert not marks(forest(frame, of(frame), mid=False), "mid-band")
    assert "Shaded: smaller than the MID (±8 points)." in texts(forest(frame, of(frame), compact=True))


def test_axis_names_measure_unit_scale_and_direction():
    frame = made_up()
    shown = " ".join(texts(forest(frame, of(frame)))).replace("\n", " ")
    assert "Mean difference, MSC minus control (points; scale 0 to 100; lower is better)" in shown
    frame.attrs.clear()
    assert "Mean difference, MSC minus control" in texts(forest(frame, of(frame)))


@pytest.mark.parametrize(("higher_is", "left"), [("worse", "favours MSC"), ("better", "favours control")])
def test_benefit_stands_on_the_side_that_the_scale_gives_it(higher_is, left):
    frame = made_up()
    frame.attrs["higher_is"] = higher_is
    assert f"← {left}" in texts(forest(frame, of(frame)))


def test_ratios_are_printed_as_ratios_on_a_log_axis():
    frame = made_up_events()
    pooled = of(frame)
    printed = {"estimate": 1.2, "low": 0.7, "high": 2.1, "label": "As printed"}
    ax = forest(frame, pooled, published=printed, mid=1.25)
    shown = texts(ax)
    assert "1.20 [0.70, 2.10]" in shown
    assert f"{math.exp(pooled.estimate):.2f} [{math.exp(pooled.ci.low):.2f}, {math.exp(pooled.ci.high):.2f}]" in shown
    assert "Risk ratio, MSC over control (log scale)" in shown
    assert {"0.5", "1", "2"} <= set(shown)
    assert "Events" in shown
    null = marks(ax, "null")[0].get_segments()[0][0][0]
    assert null == 0
    band = marks(ax, "mid-band")[0].get_paths()[0].get_extents()
    assert (band.x0, band.x1) == pytest.approx((-math.log(1.25), math.log(1.25)))
    assert "smaller than the MID (a factor of 1.25)" in shown


def test_published_results_are_open_diamonds_with_their_names():
    frame = made_up()
    printed = [{"estimate": -7.1, "low": -10.2, "high": -4.0, "label": f"Review {i}"} for i in (1, 2)]
    ax = forest(frame, of(frame), published=printed)
    assert {"Review 1", "Review 2"} <= set(texts(ax))
    assert sum(diamond.get_facecolor()[:3] == (1, 1, 1) for diamond in marks(ax, "diamond")) == 2
    alone = forest(frame, subgroups="comparator_class", pooled_by=by_class(frame), published=printed[0])
    assert "Review 1" in texts(alone)


def test_risk_of_bias_is_a_symbol_and_explained():
    frame = made_up()
    shown = texts(forest(frame, of(frame)))
    assert shown.count("+") == 2
    assert shown.count("?") == 2
    assert shown.count("−") == 2
    assert any("+ low, ? unclear or some concerns, − high" in text for text in shown)
    assert not any("Risk" in text for text in texts(forest(frame, of(frame), rob=False)))
    frame["rob"] = ""
    assert not any("Risk" in text for text in texts(forest(frame, of(frame))))


def test_notes_mark_changes_and_conversions_by_letter():
    frame = made_up()
    shown = texts(forest(frame, of(frame)))
    assert "a: change from baseline" in shown
    assert "Emadedin 2018ᵃᶜ" in shown
    assert "c: mean or SD converted from what the trial printed" in shown
    assert "Vega 2015" in shown


def test_a_note_for_all_rows_is_said_once():
    frame = made_up()
    frame["kind"], frame["how"] = "change", "reported"
    shown = texts(forest(frame, of(frame)))
    assert "All rows: change from baseline." in shown
    assert "Vega 2015" in shown


@pytest.mark.parametrize("measure", ["RR", "OR"])
def test_a_zero_cell_and_its_correction_are_marked(measure):
    frame = made_up_events()
    frame.loc[0, ["events_1", "n_1", "events_2", "n_2"]] = [4, 10, 0, 10]
    frame.loc[1, ["events_1", "n_1", "events_2", "n_2"]] = [16, 16, 3, 4]
    effect = (risk_ratio if measure == "RR" else odds_ratio)(frame.events_1, frame.n_1, frame.events_2, frame.n_2)
    frame["y"], frame["v"] = effect.y, effect.v
    frame.attrs["measure"] = measure
    shown = texts(forest(frame, of(frame)))
    assert "a: 1/2 added to every count, as one of them is zero" in shown
    assert {"Vega 2015ᵃ", "Gupta 2016ᵃ", "Emadedin 2018"} <= set(shown)


def test_trials_left_out_are_named_with_the_reason():
    frame = made_up()
    reason = "no number by arm"
    frame.attrs["left_out"] = [{"trial": t, "label": t, "reason": reason} for t in ("Garza 2020", "Gupta 2023")]
    assert "Not shown: Garza 2020, Gupta 2023 (no number by arm)." in texts(forest(frame, of(frame)))


@pytest.mark.parametrize(
    "case", ["plain", "subgroups", "compact", "many", "events", "long names", "long names, compact", "one"]
)
def test_no_text_covers_another_and_none_leaves_the_figure(case):
    frame = made_up_events() if case == "events" else made_up({"many": 24, "one": 1}.get(case, 7))
    if case.startswith("long names"):
        frame["label"] = [
            f"{label} (bone marrow, expanded, 100 million, knee {i})" for i, label in enumerate(frame.label)
        ]
    groups = {"subgroups": "comparator_class", "pooled_by": by_class(frame)} if case == "subgroups" else {}
    ax = forest(frame, of(frame), compact=case.endswith("compact"), **groups)
    width, height = ax.figure.get_size_inches() * ax.figure.dpi
    placed = boxes(ax)
    for text, box in placed:
        assert box.x0 >= -1, text
        assert box.x1 <= width + 1, text
        assert box.y0 >= -1, text
        assert box.y1 <= height + 1, text
    assert width <= 12 * ax.figure.dpi
    for i, (text, box) in enumerate(placed):
        for other, second in placed[i + 1 :]:
            across = min(box.x1, second.x1) - max(box.x0, second.x0)
            along = min(box.y1, second.y1) - max(box.y0, second.y0)
            assert across < 1 or along < 3, (text, other)


def test_numbers_of_a_column_end_at_one_edge():
    frame = made_up()
    ax = forest(frame, of(frame))
    wanted = {f"{x:.1f}" for x in frame.sd_1}
    edges = {round(box.x1) for text, box in boxes(ax) if text in wanted and box.x1 < 400}
    assert len(edges) == 1


def test_compact_fits_a_phone():
    frame = made_up()
    ax = forest(frame, of(frame), compact=True)
    assert ax.figure.get_size_inches()[0] * 96 <= 390
    assert min(text.get_fontsize() for text in ax.texts) >= 7


def test_given_axes_are_filled_and_returned():
    frame = made_up()
    ax = plt.figure(figsize=(11, 5)).add_axes([0, 0, 1, 1])
    assert forest(frame, of(frame), ax=ax) is ax
    assert len(plt.get_fignums()) == 1


def test_text_is_never_a_formula_and_never_breaks_the_svg():
    frame = made_up(3)
    hostile = ["$\\frac{1}{0}$ & <script>alert(1)</script>", "--> ]]> \x00\x1b", "名前 \U0001f9e0 two\nlines"]
    frame["label"] = hostile
    ax = forest(frame, of(frame))
    assert any(text.startswith("$\\frac{1}{0}$ & <script>alert(1)</script>") for text in texts(ax))
    svg = to_svg(ax.figure)
    assert "<script" not in svg
    assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_the_same_figure_gives_the_same_bytes():
    frame = made_up()
    first = to_svg(forest(frame, of(frame)).figure)
    plt.close("all")
    with plt.rc_context({"font.size": 20, "svg.fonttype": "none", "axes.facecolor": "red"}):
        second = to_svg(forest(frame, of(frame)).figure)
    assert first == second
    assert "<dc:date>" not in first


def test_drawing_shows_nothing_and_leaves_the_settings_alone():
    before = dict(plt.rcParams)
    frame = made_up()
    out = io.BytesIO()
    forest(frame, of(frame)).figure.savefig(out, format="png")
    assert dict(plt.rcParams) == before
    assert out.tell() > 10_000


def test_columns_are_as_wide_as_their_words():
    assert text_width("Lamo-Espinosa 2016") > text_width("Lee 2019") > 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f, a: a.update(contrasts=f.drop(columns="v")), "lacks the column 'v'"),
        (lambda f, a: a.update(contrasts=f.iloc[:0]), "no rows"),
        (lambda f, a: a.update(pooled=None), "needs a pooled result"),
        (lambda f, a: a.update(pooled=of(f.iloc[:3])), "from 3 studies but its plot has 7 rows"),
        (lambda f, a: a.update(pooled=pool(np.c_[f.y, f.y], np.c_[f.v, f.v])), "2 replicates"),
        (lambda f, a: a.update(pooled=of(f, labels=f.label[::-1])), "other studies, or in another order"),
        (lambda f, a: a.update(subgroups="comparator_class"), "belong together"),
        (lambda f, a: a.update(subgroups="dose", pooled_by=by_class(f)), "no column 'dose'"),
        (lambda f, a: a.update(subgroups="comparator_class", pooled_by={"placebo": of(f.iloc[::2])}), "'Gupta 2016'"),
        (lambda f, a: a.update(published={"estimate": 1, "low": 0, "high": 2}), "published lacks label"),
        (
            lambda f, a: a.update(published={"estimate": 3, "low": 0, "high": 2, "label": "x"}),
            "outside its own interval",
        ),
        (lambda f, a: a.update(xlim=(5, -5)), "first limit must be the lower"),
        (lambda f, a: a.update(contrasts=f.assign(rob="lowish")), "'lowish'; known levels"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_sentence(change, message):
    frame = made_up()
    arguments = {"contrasts": frame, "pooled": of(frame)}
    change(frame, arguments)
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        forest(**arguments)


def test_an_unknown_measure_is_refused():
    frame = made_up()
    frame.attrs["measure"] = "HR"
    with pytest.raises(ValueError, match="'HR'; known measures"):
        forest(frame, of(frame))
