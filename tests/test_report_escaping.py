"""Hostile text from data, put through every door of the report and read by the real MyST parser, stays text."""

import re
import string
from pathlib import Path

import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from docutils.core import publish_string
from hypothesis import given, settings
from hypothesis import strategies as st
from myst_parser.docutils_ import Parser

from mscmeta.report import Markup, badge, cite, ref, say, term
from mscmeta.report import _display as display
from mscmeta.report._markup import VERDICTS, escape, flat, to_html, to_plain

CONFIG = yaml.safe_load((Path(__file__).parents[1] / "_config.yml").read_text(encoding="utf-8"))
EXTENSIONS = CONFIG["parse"]["myst_enable_extensions"]

PAYLOADS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<!-- <b> --> <iframe src=javascript:alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "</td></tr></table><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](javascript:alert(1))",
    "[x]( java\tscript:alert(1) )",
    "<javascript:alert(1)>",
    "<https://evil.example>",
    "<data:text/html;base64,PHNjcmlwdD4=>",
    "[x][y]\n\n[y]: javascript:alert(1)",
    "[^1]\n\n[^1]: note",
    "{raw}`html <b>x</b>`",
    "{eval}`1`",
    "{cite:t}`vega2015`",
    "{download}`/etc/passwd`",
    "`code` ``more`` ```",
    "```{raw} html\n<script>alert(1)</script>\n```",
    ":::{raw} html\n<script>alert(1)</script>\n:::",
    "\n\n```{eval-rst}\n.. raw:: html\n\n   <script>alert(1)</script>\n```\n",
    "\n:::\n\n<script>alert(1)</script>\n\n:::{note}",
    ":::\n# Heading\n:::",
    "::::",
    "a | b | c",
    "| x |\n|---|\n| y |",
    "a\\|b\\",
    "$x^2$ and $$\\input{/etc/passwd}$$",
    "\\begin{align}x\\end{align}",
    "\\(x\\) \\[y\\]",
    "{{ 7 * 7 }} {% include '/etc/passwd' %}",
    "(label)=",
    "% comment",
    "+++ break",
    "# Heading",
    "1. list",
    "- list\n- more",
    "- [ ] task",
    "> quote",
    "Term\n: definition",
    "---",
    "***",
    "===\n---",
    "    indented code",
    "**bold** _it_ ~~no~~ *x*",
    "[x]{.verdict onclick=alert(1)}",
    "{.class #id onclick=x}",
    "&lt;script&gt; &amp; &#60; &copy; &nbsp;",
    "\"quoted\" 'single' & <",
    '" onmouseover=alert(1) x="',
    '=HYPERLINK("http://evil.example")',
    "zero\x00width\x1bescape\x07",
    "line\u2028separator\u2029paragraph\x0bvertical\x85next",
    "\u202eright to left\u202c",
    "名前 Ñandú Ελλάς 🧠",
    "{name} {0} {x!r} {x:>10}",
    "trailing space \\",
    string.punctuation,
]


def html_of(myst: str) -> BeautifulSoup:
    """Parse MyST as the book does and return its body; a warning of the parser is an error."""
    page = publish_string(
        myst,
        parser=Parser(),
        writer_name="html5",
        settings_overrides={
            "myst_enable_extensions": EXTENSIONS,
            "embed_stylesheet": False,
            "stylesheet_path": "",
            "output_encoding": "unicode",
            "report_level": 2,
            "halt_level": 2,
        },
    )
    return BeautifulSoup(page, "html.parser").find("main")


def assert_harmless(soup: BeautifulSoup, allowed: str) -> None:
    """Nothing but the expected elements, no handler, no link at all."""
    found = {element.name for element in soup.find_all(True)}
    assert found <= set(allowed.split()), found
    for element in soup.find_all(True):
        attributes = set(element.attrs)
        assert attributes <= {"class", "id", "style"}, element
        assert not re.search(r"expression|url\(|javascript", str(element.get("style", "")))


TABLE = "table caption thead tbody tr th td p div"


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_cell_a_heading_a_caption_and_a_note_stay_text(text):
    frame = pd.DataFrame({"Trial": [text, "another"], text + " x": ["a", text], "n": [1, 2]})
    myst, html = display.render_table(frame, text, "tab-x", notes=["A note", text])
    soup = html_of(myst)
    assert_harmless(soup, TABLE)
    shown = flat(text)
    cells = [cell.get_text() for cell in soup.find_all("td")]
    assert cells == [shown, "a", "1", "another", shown, "2"]
    assert [cell.get_text() for cell in soup.find_all("th")] == ["Trial", flat(text + " x"), "n"]
    assert soup.caption.get_text() == shown
    assert soup.find("div", class_="table-notes").get_text().split("\n")[1:3] == ["A note", shown]
    lab = BeautifulSoup(html, "html.parser")
    assert_harmless(lab, TABLE)
    assert [cell.get_text() for cell in lab.find_all("td")] == cells


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_sentence_and_an_answer_keep_it_as_text(text, monkeypatch):
    soup = html_of(say("{who} and {who}.", who=text).text)
    assert_harmless(soup, "p")
    assert soup.p.get_text() == f"{flat(text)} and {flat(text)}."
    shown = []
    monkeypatch.setattr(display, "_display", lambda bundle, metadata=None: shown.append(bundle))
    display.answer("**So**: {who}", title=text, who=text, verdict="differs")
    soup = html_of(shown[0]["text/markdown"])
    assert_harmless(soup, "aside p strong span")
    assert soup.find(class_="admonition-title").get_text() == flat(text)
    assert f"So: {flat(text)}" in soup.get_text()
    assert_harmless(BeautifulSoup(shown[0]["text/html"], "html.parser"), "div p strong")


@given(st.text(max_size=40))
@settings(max_examples=60)
def test_any_text_survives(text):
    soup = html_of(say("x {who} y", who=text).text)
    assert_harmless(soup, "p")
    assert soup.p.get_text() == " ".join(f"x {flat(text)} y".split(" "))


@given(st.text(alphabet="[](){}<>`$\\|*_:;=#&!~^%@\"'\n ab1.-+", min_size=1, max_size=30))
@settings(max_examples=60)
def test_any_punctuation_survives_in_a_table(text):
    frame = pd.DataFrame({"Trial": ["x" + text]})
    myst, _ = display.render_table(frame, "c" + text, "tab-x")
    soup = html_of(myst)
    assert_harmless(soup, TABLE)
    assert soup.td.get_text() == flat("x" + text)
    assert soup.caption.get_text() == flat("c" + text)


def test_an_escaped_text_holds_no_character_of_syntax():
    assert re.fullmatch(r"(&#\d+;)+", escape(string.punctuation))
    assert escape("Lee 2019") == "Lee 2019"
    assert to_html('<a b="c">') == "&lt;a b=&quot;c&quot;&gt;"


def test_markup_of_authors_passes():
    soup = html_of(say("**{n}** {mark}", n="x<y", mark=badge("reproduced")).text)
    assert soup.strong.get_text() == "x<y"
    assert soup.span["class"] == ["verdict", "verdict-reproduced"]
    assert soup.span.get_text() == "✓ reproduced"
    assert [str(cite("vega2015")), str(cite("a-b:c", "p"))] == ["{cite:t}`vega2015`", "{cite:p}`a-b:c`"]
    assert [str(ref("fig-x")), str(ref("x", "ref"))] == ["{numref}`fig-x`", "{ref}`x`"]
    assert str(term("I²")) == "{term}`I²`"
    assert to_plain(Markup("see {term}`MID` and **[x](https://e.org)** [✓]{.a} &lt;")) == "see MID and x ✓ <"


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_is_a_symbol_and_a_word(verdict):
    text = html_of(badge(verdict).text).get_text().strip()
    assert text.endswith(verdict)
    assert len(text) == len(verdict) + 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Markup("<b>x</b>"), "raw HTML"),
        (lambda: Markup("<!-- x -->"), "raw HTML"),
        (lambda: Markup("[x](javascript:alert(1))"), "not https"),
        (lambda: Markup("[x](http://e.org)"), "not https"),
        (lambda: Markup("{raw}`x`"), "the role 'raw'"),
        (lambda: cite("a`b"), "citation key 'a`b'"),
        (lambda: cite(""), "citation key ''"),
        (lambda: cite(None), "citation key None"),
        (lambda: cite("a", "x"), "use 't'"),
        (lambda: term("a`{x}"), "glossary term"),
        (lambda: ref("x y"), "label 'x y'"),
        (lambda: ref("x", "raw"), "use 'numref', 'ref' or 'eq'"),
        (lambda: badge("fine"), "known verdicts"),
    ],
)
def test_wrong_markup_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
