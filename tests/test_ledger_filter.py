"""book/_static/ledger.js in Chromium, on a small table from disk: filter by word and verdict, by keyboard alone."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.browser
SCRIPT = ROOT / "book" / "_static" / "ledger.js"
ROWS = [("gupta2016 15", "✗ contradicted"), ("gupta2016 12", "✓ consistent"), ("wong2013 18", "✗ contradicted"),
        ("&lt;b onclick=1&gt; 15", "? unverifiable")]  # fmt: skip
PAGE = """<!doctype html><meta charset="utf-8"><div class="pst-scrollable-table-container"><table id="tab-ledger">
<thead><tr><th>Claim</th><th>Verdict</th></tr></thead><tbody>{rows}</tbody></table></div>
<script src="{script}"></script>"""


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """Open the table with the script."""
    rows = "".join(f"<tr><td>{claim}</td><td>{verdict}</td></tr>" for claim, verdict in ROWS)
    place = tmp_path_factory.mktemp("ledger") / "page.html"
    place.write_text(PAGE.format(rows=rows, script=SCRIPT.as_uri()), encoding="utf-8")
    page = browser.new_context(offline=True).new_page()
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.goto(place.as_uri())
    return page


@pytest.fixture(autouse=True)
def everything_shown(page):
    """Begin each test with the whole table."""
    page.click("text=Show all")
    yield
    assert page.wrong == []


def shown(page) -> list[str]:
    """Claims of the rows that can be seen."""
    return page.locator("#tab-ledger tbody tr:visible td:first-child").all_inner_texts()


def test_whole_table_first(page):
    assert len(shown(page)) == len(ROWS)
    assert page.inner_text("[role=status]") == "4 of 4 rows shown"
    assert page.locator("#ledger-verdict option").all_inner_texts() == [
        "all (4)", "consistent (1)", "contradicted (2)", "unverifiable (1)"
    ]  # fmt: skip


def test_by_keyboard_alone(page):
    """Words, then a verdict, then everything again: Tab, letters and Enter."""
    page.focus("#ledger-words")
    page.keyboard.type("GUPTA 15")
    assert shown(page) == ["gupta2016 15"]
    page.keyboard.press("Control+A")
    page.keyboard.type("gupta")
    page.keyboard.press("Tab")
    page.keyboard.type("cons")
    assert shown(page) == ["gupta2016 12"]
    assert page.inner_text("[role=status]") == "1 of 4 rows shown"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert len(shown(page)) == 4
    assert page.evaluate("document.activeElement.id") == "ledger-words"


def test_nothing_found_is_said(page):
    page.fill("#ledger-words", "no such trial")
    assert shown(page) == []
    assert page.inner_text("[role=status]") == "0 of 4 rows shown"


def test_every_field_has_a_label_and_text_stays_text(page):
    assert page.locator("label").all_inner_texts() == ["Words in a row", "Verdict"]
    assert page.evaluate("[...document.querySelectorAll('label')].every(l => document.getElementById(l.htmlFor))")
    assert page.locator("[onclick]").count() == 0
    source = SCRIPT.read_text(encoding="utf-8")
    assert "innerHTML" not in source
    assert "http" not in source


def test_the_chapter_makes_the_table_that_the_script_looks_for():
    cells = json.loads((ROOT / "notebooks" / "qu2021" / "ledger.ipynb").read_text(encoding="utf-8"))["cells"]
    source = next("".join(cell["source"]) for cell in cells if cell["id"] == "tab-all")
    assert '"tab-ledger"' in source
    assert '"Verdict": [report.badge(v)' in source
    assert 'getElementById("tab-ledger")' in SCRIPT.read_text(encoding="utf-8")
