"""From any number of the built book to its source in two clicks, and from any claim to take home to its chapter."""

import csv
import hashlib
import json
import os
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup, Tag

from mscmeta import data
from tests.tinybook import ROOT, TinyBook
from tools.common import notebooks, shown

pytestmark = pytest.mark.build
CHAPTERS = [shown(path.with_suffix("")) for path in notebooks()]
DATA, SOURCES, HOME = "notebooks/back/data", "notebooks/back/sources", "notebooks/comparison/take_home"
TABLE = re.compile(r'<table class="[^"]*\btable\b.*?</table>', re.S)  # a frame that code shows is of another class
CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.S)
HREF = re.compile(r'<a [^>]*href="([^"]+)"')
LABELS = dict(zip(data.table("trials").label, data.table("trials").trial, strict=True))
NAMES = data.names()


@pytest.fixture(scope="module")
def site() -> Path:
    """Give the published pages of this repository, brought up to date."""
    book = TinyBook(ROOT)
    done = book.make("book")
    assert done.returncode == 0, done.stdout + done.stderr
    return book.html


@pytest.fixture(scope="module")
def about(site) -> BeautifulSoup:
    """Give the page on the data."""
    return BeautifulSoup(article(site, DATA), "html.parser")


def article(site: Path, name: str) -> str:
    """The text of a page as HTML."""
    page = (site / f"{name}.html").read_text(encoding="utf-8")
    return page[page.index('<article class="bd-article"') : page.index("</article>")]


def leads(link: str, name: str) -> tuple[str, str]:
    """The file, from the root of the site, and the place in it to which a link of a page leads."""
    path, _, place = unescape(link).partition("#")
    here = f"{name}.html"
    return os.path.normpath(os.path.join(os.path.dirname(here), unquote(path))) if path else here, place


def words(html: str) -> str:
    """The words of some HTML."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def at(page: BeautifulSoup, place: str) -> Tag:
    """What stands at a place: the table of that name, or the section that it begins."""
    found = page.find(id=place)
    assert found is not None, place
    return found if found.name == "table" else found.find_parent("section")


def out(part: Tag) -> set[str]:
    """Addresses of other sites to which a part of a page leads."""
    return {link["href"] for link in part.find_all("a", href=True) if link["href"].startswith("https://")}


# ---------------------------------------------------------------- a page, its tables, their sources


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_page_leads_to_what_it_was_computed_from(site, name):
    text = article(site, name)
    foot = text[text.rindex('<section class="made-from"') :] if 'class="made-from"' in text else ""
    read = json.loads((site.parent / "stage/made_from.json").read_text(encoding="utf-8"))["read"][name]
    links = {leads(link, name) for link in HREF.findall(foot)}
    for file in read:
        if file.startswith("data/") and file.endswith(".csv"):
            assert (f"{DATA}.html", f"data-{Path(file).stem.replace('_', '-')}") in links
        if not file.endswith(("datapackage.json", ".bib")):
            assert (f"downloads/{file}", "") in links
            assert (site / "downloads" / file).is_file()
    if any(file.endswith(".csv") for file in read) and name != SOURCES:
        assert (f"{SOURCES}.html", "") in links


@pytest.mark.parametrize("table", NAMES)
def test_every_table_has_download_checksum_citation_sources_and_codebook(site, about, table):
    part = at(about, f"data-{table.replace('_', '-')}")
    said, hrefs = " ".join(part.get_text().split()), [link["href"] for link in part.find_all("a", href=True)]
    file = next(site / leads(link, DATA)[0] for link in hrefs if link.endswith(f"/{table}.csv"))
    content = file.read_bytes()
    assert hashlib.sha256(content).hexdigest() in said
    assert f"Cite: {table}.csv, in " in said
    assert "(version " in said
    codebook = part.find("table", id=f"tab-data-{table.replace('_', '-')}")
    described = [row.find_all("td") for row in codebook.tbody.find_all("tr")]
    header = next(csv.reader([content.decode().splitlines()[0]]))
    assert [row[0].get_text().strip() for row in described] == header
    assert all(row[1].get_text().strip() and row[2].get_text().strip() for row in described)
    scripts = [link for link in hrefs if link.endswith((".py", ".R"))]
    assert out(part) or scripts
    assert all((site / leads(link, DATA)[0]).is_file() for link in scripts)


@pytest.mark.parametrize("table", [name for name in NAMES if data.sources_of(name)])
def test_every_source_of_a_row_is_linked_from_its_table(about, table):
    """A source without an address leads to its entry in the references, which says what it is."""
    part = at(about, f"data-{table.replace('_', '-')}")
    addresses = {key: data.link_of(key) for key in data.sources_of(table)}
    assert {link for link in addresses.values() if link} <= out(part)
    entries = [a for a in part.find_all("a", href=True) if leads(a["href"], DATA)[0] == "book/references.html"]
    assert len(entries) >= len(addresses)


# ---------------------------------------------------------------- a trial


def test_the_name_of_a_trial_in_a_table_leads_to_where_it_was_read(site):
    linked = 0
    for name in CHAPTERS:
        for table in TABLE.findall(article(site, name)):
            for cell in CELL.findall(table):
                if words(cell) in LABELS:
                    wanted = (f"{SOURCES}.html", f"trial-{LABELS[words(cell)].replace('_', '-')}")
                    assert [leads(link, name) for link in HREF.findall(cell)] == [wanted], f"{name}: {words(cell)}"
                    linked += 1
    assert linked > 400


def test_every_trial_names_and_links_the_place_of_each_number(site):
    page = BeautifulSoup(article(site, SOURCES), "html.parser")
    read = data.readings()
    for trial, mine in read.groupby("trial"):
        part = at(page, f"trial-{trial.replace('_', '-')}")
        rows = part.tbody.find_all("tr")
        assert len(rows) == len(mine)
        for row, told in zip(rows, mine.itertuples(), strict=True):
            assert told.where in " ".join(row.get_text(" ").split())
            address = data.link_of(told.source)
            assert {address} <= out(row) if address else not out(row)
    assert (read.source.map(data.link_of).notna()).mean() > 0.9


def test_every_number_of_the_ledger_leads_to_its_paper_and_names_the_section(site):
    text = article(site, "notebooks/qu2021/ledger")
    table = text[text.index('id="tab-ledger"') :]
    rows = [CELL.findall(row) for row in re.findall(r"<tr.*?</tr>", table[: table.index("</table>")], re.S)[1:]]
    claims = data.table("claims")
    assert len(rows) == len(claims)
    for (printed_in, *_), claim in zip(rows, claims.itertuples(), strict=True):
        assert HREF.findall(printed_in) == [data.link_of(claim.review)]
        assert words(printed_in).endswith(f", {claim.section}")


# ---------------------------------------------------------------- to take home


def test_every_line_to_take_home_leads_to_a_page_that_computes(site):
    page = BeautifulSoup(article(site, HOME), "html.parser")
    parts = [at(page, f"take-home-{reader}") for reader in ("patient", "clinician", "author")]
    lines = [line for part in parts for line in part.find_all("li")]
    lines += page.select(".answer > p:not(.admonition-title)")
    assert len(lines) > 40
    for line in lines:
        files = {leads(link["href"], HOME)[0].removesuffix(".html") for link in line.find_all("a", href=True)}
        assert files & set(CHAPTERS) - {HOME}, line.get_text()


def numbers(found: object) -> set[float]:
    """All numbers in what a chapter recorded, without their signs."""
    if isinstance(found, dict | list):
        return {x for value in (found.values() if isinstance(found, dict) else found) for x in numbers(value)}
    return {abs(float(found))} if isinstance(found, int | float) and not isinstance(found, bool) else set()


def test_every_number_to_take_home_was_computed_in_a_chapter_that_the_page_leads_to(site):
    folder = site.parent / "results"
    results = {path.relative_to(folder).with_suffix("").as_posix(): path for path in folder.rglob("*.json")}
    results = {name: json.loads(path.read_text(encoding="utf-8"))["results"] for name, path in results.items()}
    files = {leads(link, HOME)[0] for link in HREF.findall(article(site, HOME))}
    linked = {file.removeprefix("notebooks/").removesuffix(".html") for file in files}
    home = results.pop("comparison/take_home")
    there = sorted(x for name in linked & set(results) for x in numbers(results[name]))
    wanted = {(key, inner): value for key, told in home.items() for inner, value in named(told).items()}
    assert len(wanted) > 10
    for name, value in wanted.items():
        assert any(abs(x - abs(value)) <= 1e-9 * max(1, x) for x in there), name


def named(told: object) -> dict[str, float]:
    """The numbers in one entry of what the page recorded; of a pooled result its estimate."""
    if isinstance(told, dict) and "estimate" not in told:
        return {f"{key} {inner}": x for key, value in told.items() for inner, x in named(value).items()}
    return {"": told["estimate"] if isinstance(told, dict) else told}
