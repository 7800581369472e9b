"""The finished site: built as a reader builds it, opened from disk in Chromium, wide and narrow, light and dark."""

import json
import re
from pathlib import Path

import pytest

from tests.tinybook import ROOT, TinyBook, copy_repository
from tools import gates
from tools.common import chapters, notebooks, shown

pytestmark = pytest.mark.build
WIDTHS, MODES = (390, 1280), ("light", "dark")
PAGES = [f"{name}.html" for name in chapters()]
FORMULAS_SET = "async () => { await window.MathJax?.startup?.promise }"
SETTLED = f"""async () => {{
  await ({FORMULAS_SET})();
  await new Promise(done => setTimeout(done, 400));  // the theme makes wide boxes reachable only now
}}"""


@pytest.fixture(scope="session")
def book() -> TinyBook:
    """Give the book of this repository, brought up to date."""
    book = TinyBook(ROOT)
    done = book.make("book")
    assert done.returncode == 0, done.stdout + done.stderr
    return book


@pytest.fixture
def view(browser):
    """Give a function that opens a page of a site from disk and collects what goes wrong."""
    contexts = []

    def open_page(site: Path, name: str, width: int = 1280, mode: str = "light"):
        size = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, offline=True, reduced_motion="reduce")
        contexts.append(context)
        context.add_init_script(f"localStorage.setItem('mode', '{mode}'); localStorage.setItem('theme', '{mode}')")
        page = context.new_page()
        page.wrong = []
        page.on("request", lambda r: page.wrong.append(r.url) if not r.url.startswith(("file:", "data:")) else None)
        page.on("requestfailed", lambda r: page.wrong.append(f"failed: {r.url}"))
        page.on("console", lambda m: page.wrong.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("dialog", lambda dialog: (page.wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto((site.resolve() / name).as_uri())
        page.evaluate(SETTLED)
        return page

    yield open_page
    for context in contexts:
        context.close()


class TestFiles:
    def test_all_gates_have_something_to_look_at(self, book, capsys):
        counts = gates.check(book.html.resolve(), chapters())
        assert counts["pages"] == len(PAGES) >= 8
        assert min(counts.values()) > 0
        assert counts["pictures with a text"] >= 4
        assert counts["bibliography entries"] >= 20

    def test_site_is_what_its_sums_say(self, book):
        assert book.whole()

    def test_index_leads_to_the_front_page(self, book):
        assert 'url=notebooks/front_page.html"' in book.page("index.html")

    def test_every_table_and_notebook_is_offered(self, book):
        tables = sorted(p.name for p in (ROOT / "data").glob("*.csv"))
        assert tables == sorted(p.name for p in (book.html / "downloads/data").glob("*.csv"))
        assert len(tables) >= 10
        for notebook in notebooks():
            assert (book.html / "downloads" / shown(notebook)).read_bytes() == notebook.read_bytes()

    def test_page_about_the_data_links_every_table(self, book):
        linked = set(re.findall(r'href="\.\./\.\./_downloads/\w+/(\w+\.csv)"', book.page("notebooks/back/data.html")))
        assert linked == {p.name for p in (ROOT / "data").glob("*.csv")}

    def test_no_chapter_was_built_with_other_settings(self, book):
        assert "other settings than the published book" not in book.page("notebooks/front_page.html")


def violations(page, mode: str) -> list:
    """What axe finds to be serious; in the dark only the colours are other ones."""
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate(f"document.documentElement.dataset.theme = '{mode}'")
    page.evaluate("document.getAnimations().forEach(each => each.finish())")  # colours settled; waiting may never end
    # preload would fetch style sheets again, which a page opened from disk may not
    asked = {"preload": False, "resultTypes": ["violations"]}
    found = Axe().run(page, options=asked | ({"runOnly": ["color-contrast"]} if mode == "dark" else {})).response
    assert len(found["passes"]) > (10 if mode == "light" else 0)
    serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    return [(mode, each["id"], [node["html"][:120] for node in each["nodes"]][:3]) for each in serious]


def figures(page) -> list:
    """Of every figure that is shown: its scale, whether it scrolls in its box, whether the keyboard reaches that."""
    return page.evaluate(
        """[...document.querySelectorAll('.cell_output img')].filter(i => i.offsetParent).map(i => {
            const box = i.closest('.wide-figure');
            return [i.clientWidth / i.naturalWidth, box.scrollWidth > box.clientWidth + 1, box.tabIndex]})"""
    )


def opens_for_print(page) -> int:
    """Count what is folded, having seen that all of it opens for print and closes again."""
    folded = page.locator("details:not([open])").count()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.emulate_media(media="print")
    hidden = "[...document.querySelectorAll('.bd-article .toggle > *')].filter(e => !e.checkVisibility()).length"
    assert page.evaluate(hidden) == 0
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() == folded
    return folded


def looks_right(page, width: int) -> None:
    """Check a page at the width that its window has now."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].filter(i => !i.naturalWidth).map(i => i.src)") == []
    formulas = page.locator(".bd-article .math").count()
    assert page.locator(".bd-article mjx-container").count() >= formulas
    assert page.locator("mjx-merror").count() == 0
    for scale, scrolls, tab in figures(page):
        assert scale > 0.6
        assert tab == (0 if scrolls else -1)
    assert [each for mode in MODES for each in violations(page, mode)] == []
    opens_for_print(page)


@pytest.mark.browser
class TestInTheBrowser:
    @pytest.mark.parametrize("name", [*PAGES, "genindex.html", "search.html"])
    def test_page(self, book, view, name):
        """No request leaves the disk, nothing fails, nothing scrolls sideways, formulas are set, axe finds nothing.

        A figure keeps a legible size: what is wider than the screen scrolls in a box that the keyboard reaches. All of
        it at both widths: opened on a phone, then the window is made wide, and for every other page the reverse.
        """
        turn = -1 if sum(name.encode()) % 2 else 1
        page = view(book.html, name, WIDTHS[::turn][0])
        for width in WIDTHS[::turn]:
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(SETTLED)
            assert page.evaluate("innerWidth") == width
            looks_right(page, width)
        assert page.wrong == []

    def test_there_is_something_to_check(self, book, view):
        page = view(book.html, "notebooks/qu2021/womac_function.html", 390)
        assert page.locator("mjx-container").count() >= 5
        assert len(figures(page)) >= 3
        assert opens_for_print(page) >= 4

    def test_dark_and_light_as_the_reader_chose(self, book, view):
        for mode in MODES:
            page = view(book.html, PAGES[0], mode=mode)
            assert page.evaluate("document.documentElement.dataset.theme") == mode

    @pytest.mark.parametrize(
        ("asked", "leads_to"), [("Vega", "qu2021/trials.html"), ("interquartile range", "glossary.html#term-")]
    )
    def test_search_finds_a_trial_and_a_term_from_disk(self, book, view, asked, leads_to):
        page = view(book.html, "search.html")
        page.goto((book.html.resolve() / "search.html").as_uri() + f"?q={asked}")
        page.wait_for_selector("#search-results li a", timeout=10_000)
        page.wait_for_selector(f"#search-results li a[href*='{leads_to}']", timeout=10_000)

    def test_glossary_terms_lead_to_their_explanation(self, book, view):
        page = view(book.html, "notebooks/qu2021/womac_function.html")
        page.locator(".bd-article a:has(.std-term)").first.click()
        page.wait_for_url("**/book/glossary.html#term-*")
        assert page.locator("dt:target").count() == 1


PAYLOADS = [
    "<script>window.broken=1;alert('script')</script>",
    "<img src=x onerror=\"window.broken=1;alert('handler')\">",
    "[click](javascript:alert('link'))",
    '=HYPERLINK("https://example.org","x")',
    "{raw}`html <b onclick=alert(1)>x</b>`",
    "a | b `c` $d$ **e** {{ f }} {cite:p}`g`",
]
# no rule of the data reads these
FREE_TEXT = ("note", "label", "where", "country", "reason", "regimen", "cells", "made_with")


def closed(resource: dict) -> bool:
    """Tell whether the schema lists all that a table's text may be: nothing hostile can get in there."""
    texts = [field for field in resource["schema"]["fields"] if field["type"] == "string"]
    return all({"enum", "pattern"} & set(field.get("constraints", {})) for field in texts)


def make_hostile(root: Path) -> dict[str, int]:
    """Put hostile text into every free-text cell of every table; count the cells by table."""
    import csv

    package = json.loads((root / "data/datapackage.json").read_text(encoding="utf-8"))
    changed = {}
    for resource in package["resources"]:
        free = [field["name"] for field in resource["schema"]["fields"] if field["name"] in FREE_TEXT]
        path = root / "data" / resource["path"]
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for number, row in enumerate(rows):
            for shift, name in enumerate(free):
                row[name] = f"{PAYLOADS[(number + shift) % len(PAYLOADS)]} {number}"  # labels are unique
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        changed[resource["name"]] = len(rows) * len(free)
    return changed


@pytest.fixture(scope="module")
def hostile(book, tmp_path_factory) -> TinyBook:
    """Build the whole book in a copy, of hostile text (numbers as they are) and with other settings."""
    copy = copy_repository(tmp_path_factory.mktemp("hostile") / "book")
    changed = make_hostile(copy.root)
    assert len(changed) == len(list((copy.root / "data").glob("*.csv")))
    package = json.loads((copy.root / "data/datapackage.json").read_text(encoding="utf-8"))
    open_tables = [resource["name"] for resource in package["resources"] if not closed(resource)]
    assert len(open_tables) >= 14
    assert min(changed[name] for name in open_tables) > 0, changed
    done = copy.make("book", "TAU2=DL", "CI=Wald")
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


@pytest.mark.browser
class TestCopyOfHostileData:
    """Text from data is text: hostile cells in every table, the whole book built of them with other settings.

    One class, so that one process builds the copy and runs all tests on it.
    """

    def test_payloads_arrive_as_text(self, hostile):
        text = "".join((hostile.html / name).read_text() for name in PAGES)
        assert "alert" in text
        assert "<script>window.broken" not in text
        assert "<img src=x" not in text
        assert 'href="javascript:' not in text

    def test_nothing_runs(self, hostile, view):
        page = view(hostile.html, PAGES[0])
        for name in PAGES:
            page.goto((hostile.html.resolve() / name).as_uri())
            page.evaluate(FORMULAS_SET)
            assert page.wrong == []
            assert page.evaluate("window.broken") is None
            handlers = "e => [...e.attributes].some(a => a.name.startsWith('on'))"
            assert page.evaluate(f"[...document.querySelectorAll('article *')].filter({handlers}).length") == 0
            assert page.locator("a[href^='javascript:' i]").count() == 0

    def test_downloads_hold_no_formula_and_numbers_stay_numbers(self, hostile):
        import pandas as pd

        package = json.loads((hostile.root / "data/datapackage.json").read_text(encoding="utf-8"))
        guarded = 0
        for resource in package["resources"]:
            path = hostile.html / "downloads/data" / resource["path"]
            assert not any(map(gates.formula, path.read_text().replace("\n", ",").split(",")))
            guarded += path.read_text().count("'=HYPERLINK")
            frame = pd.read_csv(path)
            for field in resource["schema"]["fields"]:
                if field["type"] in ("number", "integer"):
                    assert pd.api.types.is_numeric_dtype(frame[field["name"]]), (path.name, field["name"])
        assert guarded > 10

    def test_settings_give_other_numbers_throughout(self, book, hostile):
        names = sorted(
            p.relative_to(book.root / "_build/results") for p in (book.root / "_build/results").rglob("*.json")
        )
        told = 0
        for name in names:
            ours, theirs = (json.loads((b.root / "_build/results" / name).read_text()) for b in (book, hostile))
            assert ours["results"].keys() == theirs["results"].keys()
            for setting, value in {"TAU2": "DL", "CI": "Wald"}.items():
                assert theirs["parameters"].get(setting, value) == value, name
            if {"TAU2", "CI"} & ours["parameters"].keys():
                told += 1
                assert ours["results"] != theirs["results"], name
        assert told >= 2

    def test_settings_are_told_on_every_page(self, hostile):
        for name in PAGES:
            assert "other settings than the published book: CI = Wald, TAU2 = DL" in hostile.page(name)

    def test_a_changed_row_runs_those_that_read_it(self, hostile):
        read = {}
        for notebook in notebooks():
            account = hostile.root / "_build/executed" / Path(shown(notebook)).with_suffix(".account.json")
            read[shown(notebook)] = json.loads(account.read_text())["read"]
        readers = {name for name, tables in read.items() if "data/flow.csv" in tables}
        assert 0 < len(readers) < len(read)
        path = hostile.root / "data/flow.csv"
        path.write_text(path.read_text().replace("alert('link')", "alert('changed')", 1))
        done = hostile.make("book", "TAU2=DL", "CI=Wald")
        assert done.returncode == 0, done.stdout + done.stderr
        ran = set(re.findall(r"^\[\d+/\d+\] (\S+)", done.stdout, re.M))
        assert ran == readers
        assert "alert('changed')" in (hostile.html / "downloads/data/flow.csv").read_text()
