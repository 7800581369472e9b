"""Links from what a page prints to where it was read: names of trials in tables, sources, what is told of a table."""

import pandas as pd
import pytest

from mscmeta import data, report
from mscmeta.report._display import render_table


def cells(frame):
    """Cells of the rows of a rendered table."""
    rows = [line for line in render_table(frame, "Caption", "tab-x")[0].splitlines() if line.startswith("|")][2:]
    return [cell.strip() for row in rows for cell in row.strip("|").split("|")]


def test_the_name_of_a_trial_leads_to_its_sources():
    frame = pd.DataFrame({"Trial": ["Vega 2015", "Vega 2016", None], "n": [1, 2, 3]})
    assert cells(frame) == ["[Vega 2015](#trial-vega2015)", "1", "Vega 2016", "2", "–", "3"]
    assert "<td>Vega 2015</td>" in render_table(frame, "Caption", "tab-x")[1]


def test_several_names_in_one_cell_are_links_each_and_an_index_too():
    frame = pd.DataFrame({"Missing": ["Wong 2013, Garay-Mendoza 2018"]}, index=pd.Index(["Wong 2013"], name="Trial"))
    wong = "[Wong 2013](#trial-wong2013)"
    assert cells(frame) == [wong, f"{wong}, [Garay&#45;Mendoza 2018](#trial-garaymendoza2018)"]


def test_what_stands_beside_a_name_stays_text():
    link = "[Lamo&#45;Espinosa 2016](#trial-lamoespinosa2016)"
    assert cells(pd.DataFrame({"Arm": ["Lamo-Espinosa 2016, 10 <b>million"]})) == [f"{link}, 10 &#60;b&#62;million"]


@pytest.mark.parametrize("text", ["Vega 2015 and others", "vega 2015", " 2015", "Vega 2015,"])
def test_other_text_with_a_year_is_no_link(text):
    assert "](#" not in cells(pd.DataFrame({"Trial": [text]}))[0]


def test_a_table_without_years_does_not_read_the_trials(tmp_path, monkeypatch):
    monkeypatch.setenv("MSCMETA_READ_LOG", str(tmp_path / "log"))
    cells(pd.DataFrame({"Method": ["DL", "version 2026.1", "2026-11-22"], "n": [2015, 2016, 2017]}))
    assert not (tmp_path / "log").exists()


def test_away_from_the_tables_a_table_is_shown_without_links(tmp_path, monkeypatch):
    monkeypatch.setenv("MSCMETA_DATA", str(tmp_path))
    assert cells(pd.DataFrame({"Trial": ["Vega 2015"]})) == ["Vega 2015"]


def test_a_hostile_name_of_a_trial_stays_text_inside_its_link(monkeypatch):
    name = "](https://x.org)`<b>` 2015"
    known = pd.DataFrame({"label": [name], "trial": ["x2015"]})
    monkeypatch.setattr(data, "table", lambda _: known)
    link = cells(pd.DataFrame({"Trial": [name]}))[0]
    assert link == f"[{report.say('{x}', x=name)}](#trial-x2015)"
    assert link.count("]") == link.count("`") + 1 == 1


def test_every_label_of_a_trial_can_be_found_in_a_table():
    labels = data.table("trials").label
    assert all("](#trial-" in cell for cell in cells(pd.DataFrame({"Trial": labels})))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("qu2021", "{cite:t}`qu2021` ([DOI](https://doi.org/10.1186/s13018-020-02128-0))"),
        ("nct01586312", "{cite:t}`nct01586312` ([register](https://clinicaltrials.gov/study/NCT01586312))"),
        ("doi:10.1000/abc", "[doi:10.1000/abc](https://doi.org/10.1000/abc)"),
        ("stempeucelcharts", "{cite:t}`stempeucelcharts`"),
    ],
)
def test_a_source_is_cited_and_linked(key, text):
    assert report.source(key).text == text


def test_a_page_of_a_source_is_called_a_page():
    assert "([page](https://github.com/" in report.source("pairwise70").text


def test_a_link_to_a_source_carries_the_words_given():
    link = report.link("Qu 2021, table [1]", "qu2021")
    assert link.text == "[Qu 2021&#44; table &#91;1&#93;](https://doi.org/10.1186/s13018-020-02128-0)"
    assert report.link("no address", "ha2018").text == "no address"


def test_rows_read_name_table_place_and_source():
    frame = report.rows_read(data.readings().query("trial == 'gupta2016' and source == 'stempeucelcharts'"))
    row = frame.iloc[0]
    assert row.Numbers.text == "[outcomes.csv](#data-outcomes): pain&#44; month 0&#44; 1&#44; 3&#44; 6&#44; 12"
    assert row["Read in"] == report.source("stempeucelcharts")
    assert (row.Where, row.How) == ("chart data, VAS by cohort", "secondary")
    without = report.rows_read(data.readings().query("source == ''"))
    assert without["Read in"].isna().all()
    assert without.Numbers[0].text == "[arms.csv](#data-arms)"


def test_all_is_told_of_a_table(monkeypatch):
    shown = []
    monkeypatch.setattr("mscmeta.report._display._display", lambda bundle, *_: shown.append(bundle))
    report.about_table("events", "A (2026). B.")
    words, codebook = (bundle["text/markdown"] for bundle in shown)
    assert "{download}`events.csv <../../data/events.csv>`" in words
    assert f"`{data.checksum('events')}`" in words
    assert "*events.csv*, in A &#40;2026&#41;&#46; B&#46;" in words
    assert all(str(report.source(key)) in words for key in data.sources_of("events"))
    assert ":name: tab-data-events" in codebook
    assert all(f"| {column} |".replace("_", "&#95;") in codebook for column in data.table("events").columns)
    report.about_table("coverage", "A.", scripts=["benchmarks/coverage.py"])
    assert "<../../extra/downloads/benchmarks/coverage.py>`" in shown[2]["text/markdown"]


def test_a_table_without_sources_is_refused():
    with pytest.raises(ValueError, match=r"^no column of coverage\.csv names a source; give its sources or"):
        report.about_table("coverage", "A.")
