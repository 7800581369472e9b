"""The frame of the book: words, references, citation file, and links that a build alone would not check."""

import csv
import doctest
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml
from pybtex.database import parse_file

ROOT = Path(__file__).resolve().parent.parent
GLOSSARY = ROOT / "book" / "glossary.md"
BIBS = sorted((ROOT / "book").glob("*.bib"))
PAGES = sorted((ROOT / "book").glob("*.md"))
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
# A word or a key is used by a MyST role (braces doubled in templates of sentences) or by a call of mscmeta.report.
TERM = re.compile(r"\{\{?term\}?\}`(?:[^`<]*<)?([^`>]+)>?`|\bterm\(\s*[\"']([^\"']+)[\"']")
CITE = re.compile(r"\{\{?cite(?::\w+)?\}?\}`([^`]+)`|\bcite\(\s*[\"']([^\"']+)[\"']")


def texts() -> dict[str, str]:
    """Every page and notebook of the book as text."""
    found = {str(p.relative_to(ROOT)): p.read_text(encoding="utf-8") for p in PAGES}
    for path in NOTEBOOKS:
        if ".ipynb_checkpoints" not in path.parts:
            cells = nbformat.read(path, 4).cells
            found[str(path.relative_to(ROOT))] = "\n".join(cell.source for cell in cells)
    return found


def used(pattern: re.Pattern, text: str) -> set[str]:
    """Names that a text uses, of either kind; a citation may hold several."""
    return {name.strip() for pair in pattern.findall(text) for name in (pair[0] or pair[1]).split(",") if name.strip()}


def glossary_terms(text: str) -> list[str]:
    """Terms of all glossary directives: the lines that are not indented."""
    blocks = re.findall(r"^:::\{glossary\}\n(.*?)^:::$", text, re.M | re.S)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith((" ", ":"))]


def entries() -> dict:
    """All entries of all bibliography files."""
    return {key: entry for path in BIBS for key, entry in parse_file(path).entries.items()}


def cited() -> set[str]:
    """Keys that a page, a notebook or a table of the data uses."""
    keys = {key for text in texts().values() for key in used(CITE, text)}
    for path in sorted((ROOT / "data").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                named = " ".join(row[name] for name in row if "source" in name or name in ("citation", "note"))
                keys |= set(re.findall(r"[a-z][a-z0-9]+", named))
    return keys


def test_glossary_has_no_word_twice():
    terms = [term.lower() for term in glossary_terms(GLOSSARY.read_text(encoding="utf-8"))]
    assert len(terms) > 80
    assert sorted(terms) == sorted(set(terms))


def test_glossary_entries_are_short():
    """Two sentences at most: a reader looks a word up and goes on reading."""
    text = GLOSSARY.read_text(encoding="utf-8")
    definitions = re.findall(r"(?:^[^\s:#].*\n)((?:^  .*\n)+)", text, re.M)
    assert len(definitions) > 60
    for definition in definitions:
        plain = re.sub(r"\{[^}]*\}`[^`]*`", "", definition)
        assert len(re.findall(r"[.?!](?=\s|$)", plain)) <= 2, definition


def test_every_linked_word_is_in_the_glossary():
    terms = {term.lower() for term in glossary_terms(GLOSSARY.read_text(encoding="utf-8"))}
    linked = {page: used(TERM, text) for page, text in texts().items()}
    assert sum(map(len, linked.values())) > 10
    unknown = {page: sorted(t for t in found if t.lower() not in terms) for page, found in linked.items()}
    assert not {page: found for page, found in unknown.items() if found}


def test_every_citation_is_in_the_bibliography():
    known = set(entries())
    found = {page: used(CITE, text) for page, text in texts().items()}
    assert sum(map(len, found.values())) > 40
    assert not {page: sorted(keys - known) for page, keys in found.items() if keys - known}


def test_bibliography_files_share_no_key_and_are_in_the_configuration():
    keys = [key for path in BIBS for key in parse_file(path).entries]
    assert sorted(keys) == sorted(set(keys))
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert sorted(config["bibtex_bibfiles"]) == [f"book/{path.name}" for path in BIBS]
    listed = re.findall(r"\{bibliography\} (\S+)", (ROOT / "book" / "references.md").read_text(encoding="utf-8"))
    assert sorted(listed) == [path.name for path in BIBS]


def test_every_entry_is_used():
    unused = set(entries()) - cited()
    assert not unused, f"neither cited in the book nor named by a table: {sorted(unused)}"


def test_addresses_in_the_bibliography():
    """https only, and a DOI is a DOI: `javascript:` in a url field would become a live link."""
    with_doi = 0
    for key, entry in entries().items():
        url = entry.fields.get("url", "https://")
        assert url.startswith("https://"), f"{key}: {url}"
        doi = entry.fields.get("doi")
        assert doi is None or re.fullmatch(r"10\.\d{4,9}/[^\s<>\"'\\{}]+", doi), f"{key}: {doi}"
        with_doi += doi is not None
    assert with_doi > 40


def test_entries_have_what_a_reader_needs():
    for key, entry in entries().items():
        assert entry.fields.get("title") or entry.fields.get("booktitle"), key
        assert entry.persons.get("author"), f"{key} has no author"


def test_citation_file():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"] == "MIT"
    assert citation["title"] == yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["title"]
    assert citation["message"]
    assert all(author.get("name") or author.get("family-names") for author in citation["authors"])
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_files_that_are_named_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith("https://")]
    paths = re.findall(r"`([\w./-]+\.(?:md|csv|yml|cff|toml|txt|in|lock|json|bib))`", text)
    made = re.compile(r"_build/|claims\.csv$")
    missing = [p for p in {*links, *paths} if not made.match(p) and not (ROOT / p).exists()]
    assert not missing


def test_readme_lists_the_settings():
    """The table in README is the table of parameters.yml: same names, same defaults."""
    rows = re.findall(r"^\| `([A-Z0-9]+)` \|.*\| `([^`]+)` \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    settings = yaml.safe_load((ROOT / "book" / "parameters.yml").read_text(encoding="utf-8"))
    assert dict(rows) == {name: str(about["default"]) for name, about in settings.items()}


def test_example_in_readme():
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted >= 4
    assert result.failed == 0


@pytest.fixture
def copied_data(tmp_path, monkeypatch):
    """A copy of the tables that a test may change."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    (tmp_path / "book").mkdir()
    shutil.copy(ROOT / "book" / "references.bib", tmp_path / "book")
    monkeypatch.setenv("MSCMETA_DATA", str(tmp_path / "data"))
    return tmp_path


def example_rows() -> dict[str, list[str]]:
    """The lines that README.md adds, by the table that the text above them names."""
    steps = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Add a trial")[2].partition("\n## ")[0]
    found, table = {}, None
    for line in steps.splitlines():
        table = next(iter(re.findall(r"`(data/\w+\.csv)`:$", line)), table)
        if line.startswith("    "):
            found.setdefault(table, []).append(line.strip())
    return found


def front_page(data: Path, results: Path) -> dict:
    """Run the code of the front page on a folder of data, and give what it records."""
    cells = nbformat.read(ROOT / "notebooks" / "front_page.ipynb", 4).cells
    code = "\n\n".join(cell.source for cell in cells if cell.cell_type == "code")
    settings = {"MSCMETA_DATA": str(data), "MSCMETA_RESULTS": str(results), "MPLBACKEND": "agg"}
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=os.environ | settings, cwd=ROOT)
    return json.loads((results / "front_page.json").read_text(encoding="utf-8"))["results"]


def test_adding_a_trial_as_the_readme_says(copied_data):
    """The rows of README.md, in a copy: two tables, no rule broken, and what is computed from them changes."""
    from mscmeta import data, ledger, pool

    tables, claim = copied_data / "data", "sadeghirad2024.pain.6.estimate"
    rows = example_rows()
    assert {name: len(lines) for name, lines in rows.items()} == {"data/trials.csv": 1, "data/outcomes.csv": 2}
    shown = front_page(tables, copied_data / "before")
    trials, said = data.contrasts("sadeghirad2024", "pain", 6), ledger.evaluate_claims(only=[claim]).reason[0]
    for name, lines in rows.items():
        with (copied_data / name).open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
    assert data.problems() == []

    more = data.contrasts("sadeghirad2024", "pain", 6)
    assert set(more.trial) - set(trials.trial) == {"doe2026"}
    assert len(more) == len(trials) + 1
    new = more.set_index("trial").loc["doe2026"]
    assert (new.y, new.v, new.comparator_class) == (pytest.approx(3.1 - 4.2), pytest.approx(2 * 2.0**2 / 30), "placebo")
    evidence = data.evidence("sadeghirad2024", [("pain", 6)]).set_index("trial").loc["doe2026"]
    assert (evidence.status, evidence["pain", 6]) == ("added", "printed")
    assert "doe2026" not in set(data.contrasts("qu2021", "vas_pain", 6).trial)

    then, now = shown["runs"], front_page(tables, copied_data / "after")["runs"]
    for key in ("pain/6/placebo", "pain/6/all"):
        assert now[key]["k"] == then[key]["k"] + 1
        assert now[key]["estimate"] != then[key]["estimate"]
    assert now["pain/6/all"]["estimate"] == pytest.approx(pool(more.y, more.v, tau2="REML", ci="HK-floor").estimate)
    assert now["pain/12/all"] == then["pain/12/all"]
    says = ledger.evaluate_claims(only=[claim]).reason[0]
    assert f"{len(trials)} trials" in said
    assert f"{len(more)} trials" in says
    assert says != said


@pytest.mark.parametrize(
    ("table", "old", "new", "says"),
    [
        ("outcomes", "msc,final", "cells,final", "'cells' of doe2026 is not in arms.csv"),
        ("outcomes", "doi:10.1000/doe2026", "doe2026", "'doe2026' is not in references.bib"),
        ("outcomes", "doe2026,pain", "roe2026,pain", "'roe2026' is not in trials.csv"),
        ("trials", "doi:10.1000/doe2026", "https://example.org", "'https://example.org' is not in references.bib"),
    ],
)
def test_a_mistake_in_an_added_trial_is_named(copied_data, table, old, new, says):
    from mscmeta import data

    for name, lines in example_rows().items():
        with (copied_data / name).open("a", encoding="utf-8") as file:
            change = name.endswith(f"/{table}.csv")
            file.writelines(f"{line.replace(old, new) if change else line}\n" for line in lines)
    assert any(says in str(problem) for problem in data.problems())


def test_an_added_trial_joins_only_reviews_whose_criteria_fit(copied_data):
    """Against hyaluronic acid the same trial is none of the second review's."""
    from mscmeta import data

    for name, lines in example_rows().items():
        with (copied_data / name).open("a", encoding="utf-8") as file:
            file.writelines(f"{line.replace(',saline,placebo,', ',acid,hyaluronic acid,')}\n" for line in lines)
    assert data.problems() == []
    assert "doe2026" not in set(data.contrasts("sadeghirad2024", "pain", 6).trial)


def test_data_are_found_from_the_folder_of_a_notebook(monkeypatch):
    """JupyterLab started in notebooks/ runs a chapter in the chapter's own folder."""
    from mscmeta import data

    monkeypatch.delenv("MSCMETA_DATA", raising=False)
    for folder in ("notebooks", "notebooks/sadeghirad2024", "."):
        monkeypatch.chdir(ROOT / folder)
        assert data.find() == ROOT / "data"


def test_data_page_offers_every_table_and_every_notebook():
    page = ROOT / "notebooks" / "back" / "data.ipynb"
    text = "\n".join(cell.source for cell in nbformat.read(page, 4).cells)
    links = {target.rsplit("/", 1)[-1] for target in re.findall(r"\{download\}`[^`<]*<([^`>]+)>`", text)}
    package = json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))
    names = [resource["name"] for resource in package["resources"]]
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    notebooks = {path.name for path in NOTEBOOKS if str(path.relative_to(ROOT).with_suffix("")) in toc}
    assert sorted(re.findall(r'report\.about_table\("(\w+)"', text)) == sorted(names)
    assert sorted(re.findall(r"^\(data-([\w-]+)\)=$", text, re.M)) == sorted(n.replace("_", "-") for n in names)
    assert notebooks
    assert not (notebooks | {"datapackage.json", "SHA256SUMS"}) - links
