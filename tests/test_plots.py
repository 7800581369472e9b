"""Every other figure: labelled axes, all trials, the reference lines, and refusals."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import mscmeta.plots as plots
from mscmeta import gosh, influence, pool, trim_and_fill
from mscmeta.plots import _format, _style
from mscmeta.plots.flow import sums
from mscmeta.report._display import to_svg
from tests.plotcases import NAMES, boxes, made_up, made_up_events, marks, texts

RESULTS = [
    {"label": "As printed", "estimate": -0.74, "low": -1.16, "high": -0.33, "group": "Pain", "kind": "printed"},
    {"label": "Re-run", "estimate": -1.3, "low": -2.2, "high": -0.3, "group": "Pain"},
    {"label": "Re-run", "estimate": -0.2, "low": -9.0, "high": 8.6, "group": "Function", "kind": "computed"},
]
LEVELS = ["low", "some concerns", "unclear", "moderate", "high", "serious", "critical", "no information"]


def of(frame, **settings):
    return pool(frame.y, frame.v, **settings)


def all_subsets(frame):
    return gosh(frame.y, frame.v, tau2="DL", ci="Wald")


def with_outlier():
    frame = made_up()
    frame.loc[2, "y"] = 40.0
    return influence(frame.y, frame.v)


def judged():
    rows = {name: [LEVELS[i % 8], LEVELS[(i + 3) % 8], None] for i, name in enumerate([*NAMES, "Wong 2013"])}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["Randomisation", "Blinding", "Overall"])


def flow(**changed):
    rows = [
        ("found", "Records identified", "count", 726, ""),
        ("double", "Duplicates", "exclusion", 438, "found"),
        ("read", "Full texts assessed", "count", 288, "found"),
        ("out", "Excluded", "exclusion", 279, "read"),
        ("one_arm", "of these: one arm only", "reason", 200, "out"),
        ("no_data", "of these: no data", "reason", 79, "out"),
        ("kept", "Trials included", "count", 9, "read"),
        ("people", "Patients", "participants", 476, "kept"),
    ]
    frame = pd.DataFrame(rows, columns=["step", "label", "kind", "n", "from_step"])
    for step, n in changed.items():
        frame.loc[frame.step == step, "n"] = n
    return frame


def drawings():
    """Return every figure of the package once, by name."""
    frame, events = made_up(), made_up_events()
    line = {"x": [10, 100], "estimate": [-3, -8], "low": [-6, -12], "high": [0, -4]}
    dosed = frame.assign(dose=np.linspace(10, 100, len(frame)))
    dosed.attrs = frame.attrs
    return {
        "funnel": lambda: plots.funnel(frame, of(frame), filled=trim_and_fill(frame.y, frame.v), names=True),
        "funnel of ratios": lambda: plots.funnel(events, of(events)),
        "funnel alone": lambda: plots.funnel(frame),
        "radial": lambda: plots.radial(frame, of(frame)),
        "radial of ratios": lambda: plots.radial(events, of(events), names=False),
        "labbe RR": lambda: plots.labbe(events, of(events)),
        "labbe OR": lambda: plots.labbe(events, of(events), measure="OR", names=False),
        "labbe RD": lambda: plots.labbe(events, of(events), measure="RD"),
        "labbe alone": lambda: plots.labbe(events),
        "labbe for a phone": lambda: plots.labbe(events, names=False, compact=True),
        "baujat": lambda: plots.baujat(frame, of(frame)),
        "baujat without names": lambda: plots.baujat(frame, of(frame, tau2=10.0), names=False),
        "bubble": lambda: plots.bubble(dosed, "dose", line=line, moderator_label="Dose (million cells)"),
        "bubble for a phone": lambda: plots.bubble(dosed, "dose", names=False, compact=True),
        "bubble of ratios": lambda: plots.bubble(events.assign(dose=[1, 2, 3]), "dose", ratio=True, names=False),
        "drapery": lambda: plots.drapery(frame, of(frame)),
        "drapery, z": lambda: plots.drapery(events, of(events, ci="Wald")),
        "gosh": lambda: plots.gosh(all_subsets(frame), attrs=frame.attrs),
        "gosh of a trial": lambda: plots.gosh(
            all_subsets(events), trial=NAMES[0], labels=NAMES[:3], attrs=events.attrs
        ),
        "gosh for a phone": lambda: plots.gosh(all_subsets(frame), attrs=frame.attrs, compact=True),
        "influence": lambda: plots.influence_panel(with_outlier(), NAMES),
        "risk of bias": lambda: plots.risk_of_bias(judged()),
        "risk of bias summary": lambda: plots.risk_of_bias_summary(judged()),
        "risk of bias by weight": lambda: plots.risk_of_bias_summary(judged(), weights=range(1, 9)),
        "flow": lambda: plots.flow_diagram(flow()),
        "against mid": lambda: plots.results_against_mid(RESULTS, 1.5, unit="cm"),
        "against mid, compact": lambda: plots.results_against_mid(pd.DataFrame(RESULTS), 1.5, compact=True),
    }


@pytest.mark.parametrize("name", drawings())
def test_every_figure_labels_its_axes_and_repeats_byte_for_byte(name):
    draw = drawings()[name]
    first, second = draw(), draw()
    figure = first if isinstance(first, Figure) else first.figure
    shown = texts(figure)
    if not name.startswith(("flow", "risk of bias", "against", "influence")):
        bare = [ax for ax in figure.axes if not (ax.get_xlabel() or ax.get_ylabel())]
        assert not bare
        assert any("control" in text or "heterogeneity" in text for text in shown)
    assert to_svg(figure) == to_svg(second if isinstance(second, Figure) else second.figure)


@pytest.mark.parametrize("name", ["funnel", "radial", "labbe RR", "baujat", "bubble"])
def test_trials_are_named_once_and_names_do_not_cover_points(name):
    ax = drawings()[name]()
    names = NAMES[:3] if name.startswith("labbe") else NAMES
    assert [text for text in texts(ax) if text in names] == names
    placed = [box for text, box in boxes(ax) if text in names]
    shared = sum(a.overlaps(b) for i, a in enumerate(placed) for b in placed[i + 1 :])
    assert shared <= 1


@pytest.mark.parametrize("draw", [plots.funnel, plots.radial, plots.baujat, plots.drapery])
def test_given_axes_are_used(draw):
    frame = made_up()
    _, ax = plt.subplots()
    assert draw(frame, of(frame), ax=ax) is ax
    assert len(plt.get_fignums()) == 1


def test_funnel_zones_are_the_limits_of_p_around_no_effect():
    frame = made_up()
    ax = plots.funnel(frame, of(frame), levels=(0.95,))
    shown = texts(ax)
    assert {"P ≥ 0.05", "P < 0.05"} <= set(shown)
    zone = ax.patches[-1].get_xy()
    bottom = ax.get_ylim()[0]
    assert zone[0] == pytest.approx([-1.959964 * bottom, bottom])
    points = marks(ax, "trials")[0]
    assert points.get_xdata() == pytest.approx(frame.y.to_numpy())
    assert points.get_ydata() == pytest.approx(np.sqrt(frame.v.to_numpy()))
    assert all(abs(x) <= ax.get_xlim()[1] for x in frame.y)


def test_radial_slope_is_the_pooled_effect():
    frame = made_up()
    pooled = of(frame)
    line = marks(plots.radial(frame, pooled), "pooled")[0]
    assert line.get_ydata()[1] / line.get_xdata()[1] == pytest.approx(pooled.estimate)


@pytest.mark.parametrize(("measure", "at"), [("RR", 0.5 * 1.5), ("OR", 0.6), ("RD", 0.5 + np.log(1.5))])
def test_labbe_line_is_the_pooled_measure(measure, at):
    events = made_up_events()
    pooled = pool([np.log(1.5)], [1.0], tau2="FE", ci="Wald")
    line = marks(plots.labbe(events, pooled, measure=measure), "pooled")[0]
    assert np.interp(0.5, line.get_xdata(), line.get_ydata()) == pytest.approx(at)


def test_baujat_agrees_with_leaving_out_by_hand():
    frame = made_up()
    pooled = of(frame, tau2="DL", ci="Wald")
    points = marks(plots.baujat(frame, pooled), "trials")[0]
    kept = frame.drop(index=3)
    without = of(kept, tau2="DL", ci="Wald")
    assert points.get_ydata()[3] == pytest.approx(((without.estimate - pooled.estimate) / without.se) ** 2)
    share = (frame.y[3] - pooled.estimate) ** 2 / (frame.v[3] + pooled.tau2)
    assert points.get_xdata()[3] == pytest.approx(share)


@pytest.mark.parametrize("settings", [{"ci": "HK"}, {"ci": "Wald"}])
def test_drapery_crosses_five_per_cent_where_the_interval_ends(settings):
    frame = made_up()
    pooled = of(frame, **settings)
    curve = marks(plots.drapery(frame, pooled), "pooled")[0]
    right = curve.get_xdata() >= pooled.estimate
    crossing = np.interp(-0.05, -curve.get_ydata()[right], curve.get_xdata()[right])
    assert crossing == pytest.approx(pooled.ci.high, abs=0.1)


def test_drapery_shows_the_mid_unless_told_not_to():
    frame = made_up()
    assert "smaller than the MID" in texts(plots.drapery(frame, of(frame)))
    assert "smaller than the MID" not in texts(plots.drapery(frame, of(frame), mid=False))


def test_gosh_splits_the_subsets_by_a_trial():
    frame = made_up()
    shown = texts(plots.gosh(all_subsets(frame), trial="Lee 2019", labels=frame.label))
    assert {"with Lee 2019", "without Lee 2019"} <= set(shown)
    assert "all 127 subsets" in texts(plots.gosh(all_subsets(frame)))


@pytest.mark.parametrize("compact", [False, True])
def test_gosh_has_room_for_a_long_name(compact):
    """The name stands in the legend: one wider than the figure would leave no room for the panels (a warning)."""
    frame = made_up()
    names = ["<img src=x onerror=\"window.broken=1;alert('handler')\"> and more " + "of it " * 8, *frame.label[1:]]
    figure = plots.gosh(all_subsets(frame), trial=names[0], labels=names, compact=compact)
    assert min(panel.get_position().height for panel in figure.axes) > 0.1


def test_influence_marks_what_is_beyond_a_limit_and_nothing_else():
    measures = with_outlier()
    figure = plots.influence_panel(measures, NAMES)
    beyond = {ax.get_title(): line.get_ydata().tolist() for ax in figure.axes for line in ax.lines if line.get_gid()}
    assert beyond["Studentised residual"] == np.flatnonzero(measures.rstudent.abs() > 1.96).tolist() == [2]
    assert beyond["DFFITS"] == np.flatnonzero(measures.dffits.abs() > 3 / np.sqrt(6)).tolist()
    assert not beyond["Covariance ratio"]
    assert not beyond["Weight"]
    assert set(NAMES) <= set(texts(figure))


def test_no_label_is_cut_off():
    figure = plots.influence_panel(with_outlier(), [f"{name}, a long name" for name in NAMES])
    figure.draw_without_rendering()
    labels = [label for ax in figure.axes for label in ax.get_yticklabels() if label.get_visible()]
    assert min(label.get_window_extent().x0 for label in labels) >= 0


def test_funnel_shows_what_trim_and_fill_put_in():
    frame = made_up()
    frame["y"], frame["v"] = [-1.0, -2.0, -3.0, -5.0, -8.0, -12.0, -2.5], [1.0, 2.0, 4.0, 9.0, 16.0, 25.0, 3.0]
    filled = trim_and_fill(frame.y, frame.v)
    assert filled.k_missing
    points = marks(plots.funnel(frame, filled=filled), "filled")[0]
    assert points.get_xdata() == pytest.approx(filled.y[7:])
    with pytest.raises(ValueError, match="does not begin with these trials"):
        plots.funnel(made_up(), filled=filled)


def test_every_level_of_bias_and_every_domain_is_drawn():
    shown = texts(plots.risk_of_bias(judged()))
    assert {"Randomisation", "Blinding", "Overall", *judged().index} <= set(shown)
    count = pd.Series(shown).value_counts()
    assert count["+"] == 2
    assert count["?"] == 6
    assert count["−"] == 4
    assert count["!"] == count["i"] == 2
    legend = " ".join(shown).replace("\N{NO-BREAK SPACE}", " ")
    assert all(level in legend for level in [*LEVELS, "empty: not judged"])


def test_a_traffic_light_fits_given_axes():
    _, ax = plt.subplots()
    assert plots.risk_of_bias(judged(), ax=ax) is ax


def test_a_printed_result_beyond_the_axis_is_an_arrow():
    ax = plots.results_against_mid(RESULTS[:2], 1.5, xlim=(1, 5))
    assert not marks(ax, "point")
    assert not marks(ax, "interval")
    assert len(marks(ax, "arrow-left")) == 2


def test_shares_of_bias_sum_to_all_trials():
    ax = plots.risk_of_bias_summary(judged())
    ends = {}
    for bar in ax.patches:
        ends[bar.get_y()] = ends.get(bar.get_y(), 0) + bar.get_width()
    assert list(ends.values()) == pytest.approx([100] * 3)
    assert ax.get_xlabel() == "Share of trials (%)"
    assert plots.risk_of_bias_summary(judged(), weights=range(1, 9)).get_xlabel() == "Share of weight (%)"
    narrow, wide = plots.risk_of_bias_summary(judged(), compact=True), ax
    assert narrow.figure.get_figwidth() < 4 < wide.figure.get_figwidth()
    assert [bar.get_width() for bar in narrow.patches] == [bar.get_width() for bar in wide.patches]


@pytest.mark.parametrize("compact", [False, True])
def test_flow_shows_every_count_and_where_it_does_not_add_up(compact):
    ax = plots.flow_diagram(flow(), compact=compact)
    assert (ax.figure.get_figwidth() < 4) == compact
    shown = " ".join(texts(ax)).replace("\N{NO-BREAK SPACE}", " ")
    for row in flow().itertuples():
        assert f"(n = {row.n})" in shown, row
    assert not sums(flow())
    wrong = flow(double=430, no_data=70)
    assert sums(wrong) == [
        "Records identified 726 less duplicates 430 leaves 296; printed: full texts assessed 288.",
        "Excluded 279, but its reasons sum to 270.",
    ]
    assert "leaves 296" in " ".join(texts(plots.flow_diagram(wrong)))


def test_flow_links_only_steps_that_follow_from_each_other():
    from matplotlib.patches import FancyArrowPatch

    rows = pd.DataFrame(
        [("a", "Against placebo", "count", 8, ""), ("b", "Against others", "count", 17, "")],
        columns=["step", "label", "kind", "n", "from_step"],
    )
    _, ax = plt.subplots()
    assert plots.flow_diagram(rows, ax=ax) is ax
    assert not [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


@pytest.mark.parametrize("compact", [False, True])
def test_results_stand_against_the_mid_in_their_groups(compact):
    ax = plots.results_against_mid(RESULTS, 1.5, unit="cm", compact=compact)
    shown = texts(ax)
    assert shown.index("Pain") < shown.index("As printed") < shown.index("Function")
    assert shown.count("Re-run") == 2
    assert "−0.74 [−1.16, −0.33]" in shown
    assert any("MID 1.5 cm" in text for text in shown)
    assert "○ as printed by the review" in shown
    faces = [point.get_markerfacecolor() for point in marks(ax, "point")]
    assert faces.count("white") == 1
    assert len(faces) == 3
    assert len(marks(ax, "arrow-left")) == len(marks(ax, "arrow-right")) == 1
    band = marks(ax, "mid-band")[0].get_paths()[0].get_extents()
    assert (band.x0, band.x1) == (-1.5, 1.5)


def test_results_name_the_direction_of_benefit():
    assert "← favours control" in texts(plots.results_against_mid(RESULTS, 1.5, higher_is="better"))
    only = plots.results_against_mid(RESULTS[1:2], 1.5, xlim=(-3, 3))
    assert "← favours MSC" in texts(only)
    assert not any("printed" in text for text in texts(only))


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda f: plots.funnel(f.drop(columns="y")), "lacks the column 'y'"),
        (lambda f: plots.funnel(f.iloc[:0]), "no rows"),
        (lambda f: plots.funnel(f, levels=(0.99, 0.9)), "rising confidence levels"),
        (lambda f: plots.funnel(f, levels=()), "rising confidence levels"),
        (lambda f: plots.labbe(made_up_events(), measure="MD"), "choose RR, OR or RD"),
        (lambda f: plots.baujat(f.iloc[:2], of(f.iloc[:2])), "at least three"),
        (lambda f: plots.bubble(f.assign(dose=[np.nan, *range(6)]), "dose"), "dose of 'Vega 2015' is missing"),
        (lambda f: plots.gosh(of(f)), "result of mscmeta.gosh"),
        (lambda f: plots.gosh(all_subsets(f), trial="Lee 2019"), "none of the labels"),
        (lambda f: plots.influence_panel(with_outlier().drop(columns="hat"), NAMES), "lacks hat"),
        (lambda f: plots.influence_panel(with_outlier(), NAMES[:4]), "names 4 trials, but measures has 7"),
        (lambda f: plots.risk_of_bias(judged().replace("low", "lowish")), "'lowish'; known levels"),
        (lambda f: plots.risk_of_bias(judged().iloc[:0]), "is empty"),
        (lambda f: plots.risk_of_bias_summary(judged(), weights=[1.0]), "but there are 8 trials"),
        (lambda f: plots.flow_diagram(flow().assign(kind="box")), "use count, exclusion"),
        (lambda f: plots.flow_diagram(flow().query("kind == 'reason'")), "which is no step"),
        (lambda f: plots.flow_diagram(flow().iloc[:0]), "no row of kind 'count'"),
        (lambda f: plots.results_against_mid([], 1), "is empty"),
        (lambda f: plots.results_against_mid(RESULTS, 0), "positive number"),
        (lambda f: plots.results_against_mid(RESULTS, 1, higher_is="up"), "use 'worse' or 'better'"),
        (lambda f: plots.results_against_mid([{"label": "x"}], 1), "'x' lacks estimate, low, high"),
        (lambda f: plots.results_against_mid([{**RESULTS[0], "kind": "mine"}], 1), "use 'computed' or 'printed'"),
        (lambda f: plots.results_against_mid([{**RESULTS[0], "low": 0.0}], 1), "no number inside its interval"),
        (lambda f: plots.results_against_mid([{**RESULTS[0], "low": np.nan}], 1), "no number inside its interval"),
    ],
)
def test_refusals_are_one_clear_sentence(draw, message):
    with pytest.raises(ValueError, match=message):
        draw(made_up())


def test_no_name_but_those_listed():
    assert set(plots.__all__) <= set(dir(plots))
    assert all(callable(getattr(plots, name)) for name in plots.__all__)
    with pytest.raises(AttributeError, match="no attribute 'pie'"):
        _ = plots.pie


def test_matplotlib_waits_for_the_first_figure():
    heavy = ("matplotlib", "pandas", "IPython")
    code = f"import sys, mscmeta.plots, mscmeta.report; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_numbers_print_alike_everywhere():
    assert _format.number(float("inf")) == "∞"
    assert _format.number(float("-inf")) == "−∞"
    assert _format.number(-0.0004) == "0.00"
    assert _format.percent(float("nan")) == "–"
    assert _format.p_value(float("nan")) == "P not defined"
    assert _format.bracketed(float("nan"), 0, 0) == "not estimable"
    assert _format.shared_decimals([float("nan")]) == 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        _format.p_value(1.2)


def test_ratio_ticks_thin_out_to_decades():
    _, ax = plt.subplots()
    ax.set_xlim(np.log(0.001), np.log(1000))
    _style.ratio_ticks(ax.xaxis, ax.get_xlim())
    assert np.exp(ax.get_xticks()) == pytest.approx([0.001, 0.01, 0.1, 1, 10, 100, 1000])


def test_a_word_longer_than_the_line_keeps_its_own():
    assert _style.wrap("a Unbreakablelongword b", 0.3) == ["a", "Unbreakablelongword", "b"]
