"""From tables and trials to their sources: every source that a row names, and where each number was read."""

import csv
import hashlib
import json

import pytest

from mscmeta import data
from tests.tinybook import ROOT

PACKAGE = json.loads((ROOT / "data/datapackage.json").read_text(encoding="utf-8"))["resources"]


def rows(name):
    """Rows of a table as text, read without mscmeta."""
    with (ROOT / f"data/{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_source_that_a_row_names_is_counted():
    counted = 0
    for resource in PACKAGE:
        columns = [field["name"] for field in resource["schema"]["fields"] if field.get("sourceKey")]
        named = [row[column] for row in rows(resource["name"]) for column in columns if row[column]]
        if columns:
            assert data.sources_of(resource["name"]) == {key: named.count(key) for key in named}
            counted += len(named)
    assert counted > 900
    reviews = {row["review"]: row["citation"] for row in rows("reviews")}
    assert set(data.sources_of("claims")) == {reviews[row["review"]] for row in rows("claims")}


def test_the_most_used_source_comes_first():
    counts = list(data.sources_of("outcomes").values())
    assert counts == sorted(counts, reverse=True)


def test_every_row_on_a_trial_is_told_once():
    told, tables = data.readings(), ("arms", "inclusion", "characteristics", "outcomes", "contrasts", "events")
    for name in (*tables, "risk_of_bias", "trials"):
        mine = told[told.table == name]
        assert mine.rows.sum() == (len(rows(name)) if name != "trials" else 0)
    assert set(told.trial) == {row["trial"] for row in rows("trials")}
    expected = {(r["source"], r["where"]) for r in rows("events") if r["trial"] == "vega2015"}
    mine = told[(told.trial == "vega2015") & (told.table == "events")]
    assert set(zip(mine.source, mine["where"], strict=True)) == expected


def test_outcomes_and_months_of_a_reading_are_named():
    told = data.readings()
    row = told[(told.trial == "gupta2016") & (told.source == "stempeucelcharts") & (told.table == "outcomes")].iloc[0]
    assert (row.what, row.months) == ("pain", "0, 1, 3, 6, 12")


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("hartung2001", "https://doi.org/10.1002/sim.1009"),
        ("nct01586312", "https://clinicaltrials.gov/study/NCT01586312"),
        ("doi:10.1000/abc", "https://doi.org/10.1000/abc"),
        ("ha2018", None),
        ("nobody1900", None),
    ],
)
def test_the_address_of_a_source(key, address):
    found = data.link_of(key)
    assert found is None if address is None else found.startswith(address)


def test_addresses_are_https_and_hold_nothing_that_ends_a_link():
    found = [data.link_of(key) for key in data.sources()]
    links = [link for link in found if link]
    assert len(links) > 20
    assert all(link.startswith("https://") and not set(link) & set(" ()<>\"'`\\") for link in links)


def test_the_checksum_is_that_of_the_download(tmp_path):
    data.publish(tmp_path)
    for name in data.names():
        assert data.checksum(name) == hashlib.sha256((tmp_path / f"{name}.csv").read_bytes()).hexdigest()


@pytest.mark.parametrize("call", [data.checksum, data.sources_of])
def test_an_unknown_table_is_refused(call):
    with pytest.raises(ValueError, match=r"^there is no table 'trial'; the tables are reviews, trials"):
        call("trial")
