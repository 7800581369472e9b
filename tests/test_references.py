"""The bibliography of facts: https only, one key once, every source known and every entry used."""

import re
from pathlib import Path

import pytest
from pybtex.database import parse_file

import mscmeta.data as data

BOOK = Path(__file__).resolve().parents[1] / "book"
FACTS = parse_file(BOOK / "references.bib")
ALL = [
    (path.name, key, entry) for path in sorted(BOOK.glob("*.bib")) for key, entry in parse_file(path).entries.items()
]


def used() -> set[str]:
    """Every key that a table gives as a source."""
    keys: set[str] = set()
    for name, resource in data.schema()["resources"].items():
        frame = data.table(name)
        for field in resource["schema"]["fields"]:
            if field.get("sourceKey"):
                keys |= set(frame[field["name"]])
    return keys - {""}


@pytest.mark.parametrize(("file", "key", "entry"), ALL, ids=lambda value: value if isinstance(value, str) else "")
def test_every_address_is_https_and_every_doi_well_formed(file, key, entry):
    url, doi = entry.fields.get("url", ""), entry.fields.get("doi", "")
    assert not url or re.fullmatch(r"https://[\w.-]+/[^\s<>\"{}|\\^`]*", url), (file, key, url)
    assert not doi or re.fullmatch(r"10\.\d{4,9}/[\w.()/:;-]+", doi), (file, key, doi)
    everything = " ".join([*entry.fields.values(), *map(str, entry.persons.get("author", []))]).lower()
    assert "javascript:" not in everything
    assert "http://" not in everything
    assert "<script" not in everything


def test_there_are_entries_to_look_at():
    assert len(FACTS.entries) >= 45
    assert len(ALL) > len(FACTS.entries)


def test_a_key_is_there_once_in_all_files():
    keys = [key.lower() for _, key, _ in ALL]
    assert len(keys) == len(set(keys))


def test_our_reading_of_the_keys_is_that_of_the_parser():
    assert set(data.sources()) == set(FACTS.entries)


def test_every_entry_is_used_by_a_fact_or_a_note():
    remarks = " ".join(
        cell
        for name in data.names()
        for column in ("note", "where")
        if column in (frame := data.table(name))
        for cell in frame[column]
    )
    loose = {key for key in FACTS.entries if key not in used() and key not in remarks}
    assert loose == set()


def test_every_entry_has_an_author_a_title_and_what_its_kind_needs():
    for key, entry in FACTS.entries.items():
        assert entry.persons.get("author"), key
        assert entry.fields.get("title"), key
        assert entry.type != "article" or entry.fields.get("journal"), key
        assert entry.type in ("article", "misc"), key


def test_every_trial_and_review_cites_an_entry_and_trials_known_through_another_say_so():
    trials = data.table("trials")
    assert set(trials.citation) <= set(FACTS.entries)
    for trial in trials.citation:
        fields = FACTS.entries[trial].fields
        assert (
            {"doi", "url", "journal"} & set(fields)
            or "nown through" in fields["note"]
            or "no citation" in fields["note"]
        )
