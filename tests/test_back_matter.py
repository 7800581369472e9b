"""What stands under each page (when, from which tables), and the pages on citing and on settings and versions."""

import hashlib
import importlib.util
import json
import re
import tomllib
from importlib.metadata import version
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from pybtex.database import parse_string

from mscmeta import data
from tests.tinybook import ROOT
from tools import common, stage


@pytest.fixture(scope="module")
def extension():
    """The book's own Sphinx extension."""
    spec = importlib.util.spec_from_file_location("mscbook", ROOT / "book/_ext/mscbook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BACK = {"notebooks/back/data", "notebooks/back/sources"}


def told(extension, folder, read, date="2026-11-22", page="notebooks/one", documents=BACK, own=""):
    """The body of a page after the extension has told what it was made from."""
    for name, text in {"data/arms.csv": "arm\nmsc\n", "book/parameters.yml": "TAU2: REML\n"}.items():
        (folder / "extra/downloads" / name).parent.mkdir(parents=True)
        (folder / "extra/downloads" / name).write_text(text)
    (folder / "made_from.json").write_text(json.dumps({"date": date, "read": {"notebooks/one": read}}))
    context = {
        "body": "<p>Text</p>",
        "pathto": lambda name, kind=0: f"../{name}" if kind else "#" if name == own else f"../{name}.html",
    }
    app = SimpleNamespace(confdir=str(folder), env=SimpleNamespace(found_docs=documents))
    extension.tell_sources(app, page, "page.html", context, None)
    return context["body"]


def test_a_page_leads_to_its_tables_with_their_sums_and_tells_the_day(extension, tmp_path):
    body = told(extension, tmp_path, ["book/references.bib", "data/arms.csv", "data/datapackage.json"])
    code = hashlib.sha256(b"arm\nmsc\n").hexdigest()[:12]
    assert body.startswith("<p>Text</p><section")
    assert "as the repository stood on 2026-11-22" in body
    entry = '<a href="../notebooks/back/data.html#data-arms">arms.csv</a>'
    copy = '<span class="copy"> (<a href="../downloads/data/arms.csv">download</a>)</span>'
    assert f"<li>{entry}{copy} <code>{code}</code></li>" in body
    assert '<a href="../notebooks/back/sources.html">trial by trial</a>' in body
    assert body.count("<li>") == 1


def test_a_page_offers_what_else_it_was_made_from(extension, tmp_path):
    body = told(extension, tmp_path, ["book/parameters.yml"])
    assert '<li><a href="../downloads/book/parameters.yml">parameters.yml</a> <code>' in body
    assert "A table leads to" not in body


def test_a_book_without_a_page_on_its_data_offers_the_tables_themselves(extension, tmp_path):
    body = told(extension, tmp_path, ["data/arms.csv"], documents=set())
    assert '<li><a href="../downloads/data/arms.csv">arms.csv</a> <code>' in body
    assert "notebooks/back" not in body


def test_the_page_on_the_data_leads_to_places_in_itself(extension, tmp_path):
    body = told(extension, tmp_path, ["data/arms.csv"], own="notebooks/back/data")
    assert '<a href="#data-arms">arms.csv</a>' in body


def test_a_day_that_nobody_knows_is_not_printed(extension, tmp_path):
    body = told(extension, tmp_path, ["data/arms.csv"], date=None)
    assert "from a copy without its history" in body
    assert "None" not in body


def test_a_page_made_from_nothing_tells_nothing(extension, tmp_path):
    assert told(extension, tmp_path, ["data/datapackage.json"]) == "<p>Text</p>"


def test_a_page_that_was_not_run_tells_nothing(extension, tmp_path):
    assert told(extension, tmp_path, ["data/arms.csv"], page="book/glossary") == "<p>Text</p>"


def test_the_day_is_that_of_the_commit_or_of_the_build_machine(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert common.commit_date() == "1970-01-02"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "no number")
    assert common.commit_time().isdigit()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", common.NO_GIT_EPOCH)
    assert common.commit_date() is None


def test_what_is_told_comes_from_the_account_of_the_run(monkeypatch):
    notebook = ROOT / "notebooks/back/data.ipynb"
    monkeypatch.setattr(stage, "notebooks", lambda: [notebook])
    monkeypatch.setattr(stage, "listed", lambda path, what: [ROOT / "data/arms.csv"] if what == "read" else None)
    assert json.loads(stage.made_from())["read"] == {"notebooks/back/data": ["data/arms.csv"]}


def test_a_file_beside_the_data_is_found_and_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("MSCMETA_READ_LOG", str(tmp_path / "log"))
    assert data.beside("book/parameters.yml") == ROOT / "book/parameters.yml"
    assert (tmp_path / "log").read_text() == f"{ROOT / 'book/parameters.yml'}\n"
    with pytest.raises(FileNotFoundError, match=r"no\.yml is not beside the data folder"):
        data.beside("no.yml")


def run(name: str, **settings: object) -> dict:
    """The names that the code of a page leaves; its parameters may be set otherwise."""
    space: dict = {}
    for cell in nbformat.read(ROOT / "notebooks/back" / f"{name}.ipynb", 4).cells:
        if cell.cell_type == "code":
            exec(cell.source, space)
            if "parameters" in cell.metadata.get("tags", []):
                space.update(settings)
    return space


def test_the_entry_for_reference_managers_says_what_the_citation_file_says(capsys):
    space = run("cite")
    printed = capsys.readouterr().out
    bibtex = re.search(r"^@software\{.*?^\}", printed, re.M | re.S).group()
    entry = parse_string(bibtex, "bibtex").entries["mscmeta"]
    about = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert entry.fields["title"].strip("{}") == about["title"]
    assert entry.fields["version"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.fullmatch(r"20\d\d", entry.fields["year"])
    assert str(entry.persons["author"][0]).strip("{}") == about["authors"][0]["name"]
    assert space["people"]
    reviews = parse_string(printed[printed.index("@article{qu2021") :].split("\n\n::")[0], "bibtex").entries
    assert {"qu2021", "sadeghirad2024"} <= set(reviews)


def test_all_settings_and_all_named_packages_are_listed(capsys):
    space = run("settings", TAU2="DL", LEVEL=0.9)
    known = yaml.safe_load((ROOT / "book/parameters.yml").read_text(encoding="utf-8"))
    assert list(space["here"]) == list(known)
    assert space["other"] == ["TAU2", "LEVEL"]
    named = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.in").read_text(encoding="utf-8"), re.M)
    listed = space["packages"].set_index("Program").Version
    assert list(listed.index) == ["Python", "mscmeta", *named]
    assert listed["numpy"] == version("numpy")
    assert listed["mscmeta"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
