"""What chapters print: numbers for readers, tables, figures with alternative texts, comparisons and records."""

import json
import math
from types import SimpleNamespace
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscmeta import Interval, pool, report
from mscmeta.plots import forest
from mscmeta.report import _display, _record
from tests.plotcases import made_up, made_up_events
from tests.test_report_escaping import html_of


@pytest.fixture
def shown(monkeypatch):
    """Collect what a cell would display."""
    bundles = []
    monkeypatch.setattr(_display, "_display", lambda bundle, metadata=None: bundles.append((bundle, metadata)))
    return bundles


@pytest.fixture
def pooled():
    return pool([-5.0, -7.0, 1.0], [4.0, 2.0, 3.0])


class TestSentences:
    def test_results_are_printed_for_readers(self, pooled):
        low, high = (f"{x:.2f}".replace("-", "−") for x in pooled.ci)
        text = report.say("{r:est}; {r:ci}; {r:estci.1}; {r:p}; {r:i2}; {r:k}; {r:level}", r=pooled).text
        estimate, interval, _, p, i2, k, level = text.split("; ")
        assert estimate == f"{pooled.estimate:.2f}".replace("-", "−")
        assert interval == f"{low} to {high}"
        assert p == f"P = {pooled.p_value:.3f}"
        assert i2 == f"{100 * pooled.i2:.1f}%"
        assert (k, level) == ("3", "95%")

    def test_prediction_interval_and_tau2(self, pooled):
        low, high = pooled.prediction_interval()
        assert report.say("{r:pi.1}", r=pooled).text == f"{low:.1f} to {high:.1f}".replace("-", "−")
        assert report.say("{r:tau2}", r=pooled).text == f"{pooled.tau2:.2f}"
        common = pool([1.0, 2.0], [1.0, 1.0], tau2="FE", ci="Wald")
        assert report.say("{r:pi}", r=common).text == "(none defined)"
        assert report.say("{r:pi}", r=pool([1.0], [1.0])).text == "(none defined)"

    def test_one_trial_has_no_spread(self):
        assert report.say("{r:i2}", r=pool([1.0], [1.0])).text == "not defined"

    @pytest.mark.parametrize(
        ("tau2", "ci", "text"),
        [
            ("FE", "Wald", "common effect, Wald interval"),
            ("DL", "HK", "random effects by DL, Hartung-Knapp interval"),
            (0.25, "t", "random effects with tau² given as 0.25, t interval"),
        ],
    )
    def test_the_method_is_named_as_in_a_paper(self, tau2, ci, text):
        assert report.say("{r:how}", r=pool([1.0, 2.0], [1.0, 1.0], tau2=tau2, ci=ci)).text == text

    def test_ratios_leave_the_log_scale(self, pooled):
        text = report.say("{r:est.3x} {r:ci.3x} {i:x} {y:x}", r=pooled, i=Interval(0.0, 1.0), y=0.0).text
        assert text.startswith(f"{math.exp(pooled.estimate):.3f} {math.exp(pooled.ci.low):.3f} to ")
        assert text.endswith("1.00 to 2.72 1.00")

    @pytest.mark.parametrize(
        ("spec", "value", "text"),
        [
            ("", 3, "3"),
            ("", np.int64(3), "3"),
            ("", 3.14159, "3.14"),
            (".0", 3.14159, "3"),
            ("%", 0.256, "25.6%"),
            ("%.0", 0.256, "26%"),
            ("p", 0.0312, "P = 0.031"),
            ("p", 1e-9, "P &lt; 0.001"),
            ("", -0.5, "−0.50"),
            ("ci.0", Interval(-1.0, 2.0), "−1 to 2"),
            ("", True, "True"),
            ("", float("nan"), "–"),
        ],
    )
    def test_formats(self, spec, value, text):
        assert report.say("{x:" + spec + "}", x=value).text == text

    def test_a_unit_goes_behind_the_estimate(self):
        pooled = pool([-5.0, -7.0], [1.0, 1.0], tau2="FE", ci="Wald")
        assert report.say("{r:estci.1 cm}.", r=pooled).text == "−6.0 cm (95% CI −7.4 to −4.6)."

    def test_braces_of_roles_are_doubled(self):
        assert report.say("see {{numref}}`fig-x`").text == "see {numref}`fig-x`"

    def test_a_number_at_the_start_opens_no_list(self):
        soup = html_of(report.say("{year}. was a year", year=2019).text)
        assert [element.name for element in soup.find_all(True)] == ["p"]

    @pytest.mark.parametrize(
        ("template", "value", "message"),
        [
            ("{cite:t}`x`", 1, "names 'cite'"),
            ("{}", 1, "names 0"),
            ("{x!r}", 1, "conversion !r"),
            ("{x:>10}", 1, "'>10' is not known"),
            ("{x:est}", 1, "'est' does not apply to a number"),
            ("{x:est cm}", pool([1.0], [1.0]), "goes with estci only"),
            ("{x:p}", Interval(0.0, 1.0), "'p' does not apply to an interval"),
            ("{x:%}", pool([1.0], [1.0]), "'%' does not apply to a pooled result"),
            ("{x:.2}", "text", "the value is str"),
            ("{x:.2}", report.Markup("a"), "the value is markup"),
        ],
    )
    def test_a_wrong_format_is_refused(self, template, value, message):
        with pytest.raises(ValueError, match=message):
            report.say(template, x=value)

    def test_displayed_as_markdown(self, shown, pooled):
        report.sentence("Pain: {r:est}, {c}", r=pooled, c=report.cite("vega2015"))
        bundle, _ = shown[0]
        assert bundle["text/markdown"].endswith("{cite:t}`vega2015`")
        assert bundle["text/plain"].endswith("vega2015")

    def test_answer_holds_its_paragraphs_and_the_verdict(self, shown, pooled):
        report.answer("One {r:est}.", "Two.", r=pooled, verdict="within 10%")
        soup = html_of(shown[0][0]["text/markdown"])
        box = soup.find("aside")
        assert {"admonition", "tip", "answer"} <= set(box["class"])
        assert [p.get_text() for p in box.find_all("p")][2:] == ["Two.", "≈ within 10%"]
        report.answer("Alone.")
        assert "verdict" not in shown[1][0]["text/markdown"]
        with pytest.raises(ValueError, match="at least one sentence"):
            report.answer()


class TestTables:
    FRAME = pd.DataFrame(
        {
            "Trial": ["Vega 2015", "Lee 2019"],
            "n": [30, 24],
            "Effect": [-1.234, np.nan],
            "P": [0.0312, 0.00001],
            "I²": [0.5, 0.254],
            "Extra": [3.0, np.nan],
            "Source": [report.cite("vega2015"), None],
        }
    )

    def cells(self, **arguments):
        myst, _ = _display.render_table(self.FRAME, "Caption", "tab-x", **arguments)
        rows = [line for line in myst.splitlines() if line.startswith("| ")]
        return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]

    def test_numbers_are_printed_by_column(self):
        first, second = self.cells()[1:]
        assert first == ["[Vega 2015](#trial-vega2015)", "30", "−1.23", "0.031", "50.0%", "3", "{cite:t}`vega2015`"]
        assert second == ["[Lee 2019](#trial-lee2019)", "24", "–", "&lt; 0.001", "25.4%", "–", "–"]

    def test_formats_can_be_given(self):
        assert self.cells(formats={"Effect": ".1", "I²": "%.0"})[1][2:5] == ["−1.2", "0.031", "50%"]

    def test_numbers_stand_right_and_text_left(self):
        myst, html = _display.render_table(self.FRAME, "Caption", "tab-x")
        assert "|:---|---:|---:|---:|---:|---:|:---|" in myst
        assert html.count('<td style="text-align:right">') == 10

    def test_caption_label_and_notes(self, shown):
        report.table(self.FRAME, report.Markup("Of {term}`MID`"), "tab-x", notes="One line")
        bundle, _ = shown[0]
        assert bundle["text/markdown"].startswith(":::{table} Of {term}`MID`\n:name: tab-x\n")
        assert "table-notes" in bundle["text/markdown"]
        assert "<caption>Of MID</caption>" in bundle["text/html"]
        assert bundle["text/plain"] == "Of MID (2 rows)"

    def test_a_named_index_is_a_column(self):
        frame = pd.DataFrame({"n": [1]}, index=pd.Index(["a"], name="Trial"))
        assert "| Trial | n |" in _display.render_table(frame, "C", "tab-x")[0]

    def test_an_empty_table_is_still_a_table(self):
        soup = html_of(_display.render_table(self.FRAME.iloc[:0], "C", "tab-x")[0])
        assert len(soup.find_all("th")) == 7

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"name": "Tab X"}, "a label holds"),
            ({"formats": {"Efect": ".1"}}, "'Efect', but no column"),
            ({"formats": {"n": ">1"}}, "'>1' is not known"),
        ],
    )
    def test_mistakes_are_refused(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            _display.render_table(**{"frame": self.FRAME, "caption": "C", "name": "tab-x", **arguments})

    @pytest.mark.parametrize("heads", [["a", ""], ["a", "a"], ["a", " a"]])
    def test_headings_are_filled_and_different(self, heads):
        frame = pd.DataFrame([[1, 2]], columns=heads)
        with pytest.raises(ValueError, match="filled and different"):
            _display.render_table(frame, "C", "tab-x")


class TestFigures:
    def test_shown_as_svg_with_its_alternative_text_and_closed(self, shown):
        frame = made_up()
        pooled = pool(frame.y, frame.v)
        alt = report.forest_alt(frame, pooled)
        report.show(forest(frame, pooled), alt, caption="A <b>", name="fig-x")
        bundle, metadata = shown[0]
        assert ElementTree.fromstring(bundle["image/svg+xml"]).tag.endswith("svg")
        assert bundle["text/plain"] == alt
        assert metadata == {"image/svg+xml": {"alt": alt, "caption": "A &#60;b&#62;", "name": "fig-x"}}
        assert not plt.get_fignums()

    def test_a_figure_needs_words(self):
        with pytest.raises(ValueError, match="say in a sentence"):
            report.show(plt.figure(), "a plot")
        with pytest.raises(ValueError, match="a label holds"):
            report.show(plt.figure(), "A figure with nothing in it", name="Fig 1")

    def test_a_bare_figure_can_be_shown(self, shown):
        report.show(plt.figure(), "A figure with\nnothing in it")
        assert shown[0][1] == {"image/svg+xml": {"alt": "A figure with nothing in it"}}

    def test_display_reaches_ipython(self, monkeypatch):
        seen = []
        monkeypatch.setattr("IPython.display.display", lambda *args, **kwargs: seen.append((args, kwargs)))
        report.sentence("Hello")
        bundle = {"text/markdown": "Hello", "text/plain": "Hello"}
        assert seen == [((bundle,), {"raw": True, "metadata": {}})]

    def test_setup_sets_the_look_and_the_format(self, monkeypatch):
        calls = []
        monkeypatch.setattr(
            "matplotlib_inline.backend_inline.set_matplotlib_formats", lambda *a, **k: calls.append((a, k))
        )
        with plt.rc_context():
            report.setup()
            assert plt.rcParams["svg.hashsalt"] == "mscmeta"
            assert not calls
            monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace())
            report.setup()
        assert calls == [(("svg",), {"metadata": {"Date": None}})]


class TestWords:
    def test_forest_alt_says_trials_result_spread_and_direction(self):
        frame = made_up()
        pooled = pool(frame.y, frame.v)
        alt = report.forest_alt(frame, pooled)
        assert alt.startswith(
            "Forest plot of seven trials on WOMAC function. Pooled mean difference, MSC against control: "
        )
        assert report.estimate_ci(pooled, "points") in alt
        assert "REML with HK interval" in alt
        assert "Prediction interval" in alt
        assert f"I² {100 * pooled.i2:.1f}%" in alt
        assert alt.endswith("Values below zero favour MSC.")

    def test_forest_alt_of_ratios_and_of_one_trial(self):
        events = made_up_events()
        alt = report.forest_alt(events, pool(events.y, events.v, tau2="FE", ci="Wald"))
        assert "Pooled risk ratio" in alt
        assert "Prediction" not in alt
        assert alt.endswith("Values below one favour MSC.")
        frame = made_up(1)
        frame.attrs.clear()
        alone = report.forest_alt(frame, pool(frame.y, frame.v))
        assert "I²" not in alone
        assert "favour" not in alone

    @pytest.mark.parametrize(
        ("low", "high", "mid", "words"),
        [
            (-9.0, -1.0, None, "On average MSC did better than control."),
            (-9.0, -1.0, 4.0, "the benefit may be smaller or larger than patients notice (MID 4)"),
            (-9.0, -5.0, 4.0, "the whole interval is at least what patients notice"),
            (-3.0, -1.0, 4.0, "the whole interval is smaller than what patients notice"),
            (1.0, 9.0, 4.0, "On average MSC did worse than control; the harm may be smaller or larger"),
            (1.0, 2.0, None, "On average MSC did worse than control."),
            (-1.0, 2.0, None, "The trials do not tell MSC and control apart."),
            (-1.0, 2.0, 4.0, "ruled out either way"),
            (-5.0, 2.0, 4.0, "in favour of MSC remains possible"),
            (-1.0, 5.0, 4.0, "in favour of control remains possible"),
            (-5.0, 5.0, 4.0, "in favour of either remains possible"),
            (float("nan"), float("nan"), 4.0, "nothing can be said"),
        ],
    )
    def test_readings(self, low, high, mid, words):
        assert words in report.reading(Interval(low, high), higher_is="worse", mid=mid)
        mirrored = report.reading(Interval(-high, -low), higher_is="better", mid=mid)
        assert words in mirrored

    @given(low=st.floats(-20, 20), width=st.floats(0.1, 20), mid=st.floats(0.5, 10))
    @settings(max_examples=60)
    def test_readings_never_contradict_the_interval(self, low, width, mid):
        text = report.reading(Interval(low, low + width), higher_is="worse", mid=mid)
        assert ("do not tell" in text) == (low <= 0 <= low + width)
        assert ("did better" in text) == (low + width < 0)
        assert ("did worse" in text) == (low > 0)
        assert ("ruled out" in text) == (low <= 0 <= low + width and -low < mid and low + width < mid)

    def test_readings_refuse_an_unknown_direction_and_a_negative_mid(self):
        with pytest.raises(ValueError, match="'worse' or 'better'"):
            report.reading(Interval(0.0, 1.0), higher_is="lower")
        with pytest.raises(ValueError, match="positive number"):
            report.reading(Interval(0.0, 1.0), higher_is="worse", mid=-1)

    def test_a_result_without_interval_says_so(self):
        assert report.estimate_ci(pool([1.0], [1.0], ci="HK"), "cm") == "1.00 cm (no 95% CI)"

    def test_a_pooled_result_reads_like_its_interval(self):
        pooled = pool([-5.0, -7.0], [1.0, 1.0], tau2="FE", ci="Wald")
        assert report.reading(pooled, higher_is="worse") == report.reading(pooled.ci, higher_is="worse")


class TestComparisons:
    @pytest.mark.parametrize(
        ("published", "ours", "sd", "verdict"),
        [
            ("-0.74", -0.7449, None, "reproduced"),
            ("-0.74", -0.7451, None, "within 10%"),
            ("−0.74", -0.735, None, "reproduced"),
            ("-0.70", -0.7401, None, "within 10%"),
            ("-0.7", -0.7401, None, "reproduced"),
            ("-0.74", 0.74, None, "differs"),
            ("10", 11.0, None, "within 10%"),
            ("10", 11.01, None, "differs"),
            ("0.00", 0.0049, None, "reproduced"),
            ("0.00", 0.09, 1.0, "within 0.1 SD"),
            ("0.00", 0.11, 1.0, "differs"),
            ("5.0", 6.9, 20.0, "within 0.1 SD"),
        ],
    )
    def test_cut_points(self, published, ours, sd, verdict):
        found = report.compare(published, ours, sd=sd)
        assert found.verdict == verdict
        assert found.rule
        assert found.difference == pytest.approx(ours - found.published)

    def test_a_number_needs_its_decimals(self):
        assert report.compare(-0.7, -0.7449, decimals=2).verdict == "within 10%"
        with pytest.raises(ValueError, match="give its decimals"):
            report.compare(-0.7, -0.7449)
        with pytest.raises(ValueError, match="does not apply"):
            report.compare("-0.7", -0.7449, decimals=2)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("0.7 to 0.8", 1.0), "one number as printed"),
            (("0.7", float("nan")), "only a finite number"),
        ],
    )
    def test_what_is_no_number_is_refused(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            report.compare(*arguments)
        with pytest.raises(ValueError, match="is positive"):
            report.compare("1", 1.0, sd=0)

    @given(x=st.floats(-1e3, 1e3), decimals=st.integers(0, 4))
    @settings(max_examples=60)
    def test_what_is_printed_from_a_number_is_reproduced_by_it(self, x, decimals):
        assert report.compare(f"{x:.{decimals}f}", x).verdict == "reproduced"

    def test_every_verdict_has_a_badge(self):
        for verdict in ["reproduced", "within 10%", "within 0.1 SD", "differs"]:
            report.badge(verdict)


class TestRecords:
    def test_written_whole_sorted_and_with_every_digit(self, tmp_path, monkeypatch, pooled):
        monkeypatch.setenv("MSCMETA_RESULTS", str(tmp_path / "new"))
        frame = pd.DataFrame({"label": ["a"], "y": [0.1]})
        results = {"z": pooled, "a": [1, np.float64(0.1), None], "frame": frame, "i": Interval(0.0, math.inf)}
        report.record("qu2021/pain", results, {"TAU2": "REML"})
        files = list((tmp_path / "new").rglob("*"))
        assert [file.name for file in files] == ["qu2021", "pain.json"]
        text = files[1].read_text(encoding="utf-8")
        content = json.loads(text)
        assert list(content["results"]) == ["a", "frame", "i", "z"]
        assert content["results"]["z"]["estimate"] == pooled.estimate
        assert content["results"]["z"]["ci"]["low"] == pooled.ci.low
        assert content["results"]["frame"] == [{"label": "a", "y": 0.1}]
        assert content["results"]["i"]["high"] == "inf"
        assert content["parameters"] == {"TAU2": "REML"}
        assert set(content["versions"]) == {"matplotlib", "mscmeta", "numpy", "pandas", "scipy"}
        report.record("qu2021/pain", results, {"TAU2": "REML"})
        assert files[1].read_text(encoding="utf-8") == text

    def test_nothing_is_written_by_hand(self, tmp_path, monkeypatch):
        monkeypatch.delenv("MSCMETA_RESULTS", raising=False)
        monkeypatch.chdir(tmp_path)
        report.record("pain", {"a": 1})
        assert not list(tmp_path.iterdir())

    def test_a_failed_write_leaves_the_old_file_and_no_other(self, tmp_path, monkeypatch):
        monkeypatch.setenv("MSCMETA_RESULTS", str(tmp_path))
        report.record("pain", {"a": 1})
        before = (tmp_path / "pain.json").read_text(encoding="utf-8")

        def fail(*_):
            raise OSError("disk full")

        monkeypatch.setattr(_record.os, "replace", fail)
        with pytest.raises(OSError, match="disk full"):
            report.record("pain", {"a": 2})
        assert [file.name for file in tmp_path.iterdir()] == ["pain.json"]
        assert (tmp_path / "pain.json").read_text(encoding="utf-8") == before

    @pytest.mark.parametrize("name", ["../x", "a/b/c", "Pain", "", "a b", "/x"])
    def test_a_name_is_no_path(self, name):
        with pytest.raises(ValueError, match="use lower-case letters"):
            report.record(name, {})

    def test_what_has_no_exact_json_is_refused(self):
        with pytest.raises(TypeError, match="a set cannot be recorded"):
            report.record("pain", {"a": {1}})

    def test_missing_numbers_and_infinities(self):
        assert _record.plain([math.nan, math.inf, -math.inf, np.nan, np.bool_(True)]) == [
            None,
            "inf",
            "-inf",
            None,
            True,
        ]
