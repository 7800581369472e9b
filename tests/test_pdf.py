"""`make pdf`: how pages become one, and the PDF of the whole book."""

import re
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from tests.tinybook import ROOT, TinyBook, make_tiny_book
from tools import pdf
from tools.common import BuildError, chapters

DOCUMENTS = ["notebooks/front", "notebooks/part/one", "book/page"]
PAGE = """<html><head>
<link rel="stylesheet" href="../../_static/a.css"/><link rel="next" href="two.html"/>
<script src="../../_static/other.js"></script><script defer src="../../_static/mathjax/tex.js"></script>
</head><body><article class="bd-article"><h1 id="title">One<a class="headerlink" href="#title">#</a></h1>
<p class="book-pdf">On paper</p><div class="cell tag_narrow docutils"><img src="../../_images/narrow.svg"></div>
<details class="admonition hide above-input"><summary>Show code</summary><pre>x = 1</pre></details>
<details class="sd-dropdown"><summary>Solution</summary><p>Four</p></details>
<a href="#title">up</a> <a href="../../book/page.html#term-x">word</a> <a href="../front.html">front</a>
<a href="../../_downloads/a/t.csv">table</a> <a href="https://doi.org/10.1/x">paper</a>
<a href="../../genindex.html">i</a>
<table><tr><th id="h">H</th><td headers="h">1</td></tr></table><label for="title">l</label><h5>Deep</h5><h6>Deeper</h6>
<img src="../../_images/x.svg" alt="A bar"><button>Copy</button><script>alert(1)</script></article></body></html>"""


@pytest.fixture
def text():
    """The article of PAGE as it stands in the joined page."""
    return pdf.article(BeautifulSoup(PAGE, "html.parser"), "notebooks/part/one", DOCUMENTS)


def test_every_fold_is_open_and_nothing_is_left_to_click(text):
    assert not text.find_all(["details", "button", "script"])
    assert "x = 1" in text.get_text()
    assert "Solution" in text.get_text()
    assert "Show code" not in text.get_text()
    assert not text.select(".headerlink, .book-pdf, .tag_narrow")


def test_links_lead_to_places_in_the_same_file_or_to_the_web(text):
    links = {a.get_text(): a.get("href") for a in text.find_all("a")}
    assert links == {
        "up": "#notebooks-part-one--title",
        "word": "#book-page--term-x",
        "front": "#notebooks-front",
        "table": None,
        "paper": "https://doi.org/10.1/x",
        "i": None,
    }


def test_names_of_places_are_those_of_their_page(text):
    assert text["id"] == "notebooks-part-one"
    assert text.td["headers"] == "notebooks-part-one--h"
    assert text.th["id"] == "notebooks-part-one--h"
    assert text.label["for"] == "notebooks-part-one--title"
    assert text.find("h2")["id"] == "notebooks-part-one--title"
    assert [h.get_text() for h in text.find_all("h6")] == ["Deep", "Deeper"]
    assert text.img["src"] == "_images/x.svg"


def test_only_styles_and_formulas_are_loaded():
    found = pdf.head(BeautifulSoup(PAGE, "html.parser"), "notebooks/part/one")
    assert len(found) == 2
    assert 'href="_static/a.css"' in found[0]
    assert 'src="_static/mathjax/tex.js"' in found[1]


def test_the_date_of_a_pdf_is_that_of_the_commit(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    made = b"/CreationDate (D:20261122080428+00'00')\n/ModDate (D:20261122080428+00'00')"
    assert pdf.dated(made) == made.replace(b"20261122080428", b"19700102000000")


def test_without_chromium_it_is_refused_in_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(pdf, "BROWSERS", ("no-such-browser",))
    with pytest.raises(BuildError, match="make pdf needs Chromium, and it is not installed: install it"):
        pdf.printed(tmp_path / "print.html")


def test_without_a_book_there_is_nothing_to_print(monkeypatch):
    monkeypatch.setattr(pdf.site, "intact", lambda: False)
    with pytest.raises(BuildError, match="there is no whole book in _build/html to print; run make book"):
        pdf.build()


def test_the_link_is_put_once(tmp_path):
    page = tmp_path / "front.html"
    frame = '<h1>Also in the frame</h1><article class="bd-article">'
    page.write_text(f"{frame}<h1>Front</h1><p>Text</p></article>")
    for _ in range(2):
        pdf.offer(page, "../book.pdf", 12, 3_400_000)
    assert page.read_text().count('<a href="../book.pdf">') == 1
    assert page.read_text().startswith(f'{frame}<h1>Front</h1><p class="book-pdf">On paper: ')
    assert "(12 pages, 3.4 MB)" in page.read_text()
    page.write_text(f"{frame}<p>no title</p>")
    with pytest.raises(BuildError, match=r"front\.html has no title"):
        pdf.offer(page, "../book.pdf", 12, 1)


# ---------------------------------------------------------------- the whole of it


@pytest.fixture(scope="module")
def book(chromium, tmp_path_factory):
    """A book of two chapters, with its PDF."""
    book = make_tiny_book(tmp_path_factory.mktemp("pdf") / "book")
    assert book.make("book").returncode == 0
    book.plain = book.sums()
    done = book.make("pdf")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The PDF is ready after" in done.stdout
    return book


@pytest.mark.build
@pytest.mark.browser
class TestTinyBook:
    """`make pdf` as a reader runs it, on a book of two chapters."""

    def test_the_pdf_is_there_and_linked(self, book):
        made = (book.root / "_build/book.pdf").read_bytes()
        assert made == (book.html / "book.pdf").read_bytes()
        assert '<a href="../book.pdf">the whole book as one PDF</a>' in book.page("notebooks/front.html")
        assert not (book.html / "print.html").exists()
        assert book.whole()

    def test_a_build_without_changes_leaves_it_and_a_second_pdf_is_the_same(self, book):
        sums = book.sums()
        assert book.make("book").returncode == 0
        assert book.sums() == sums
        assert book.make("pdf").returncode == 0
        assert book.sums() == sums

    def test_a_changed_page_is_published_without_a_pdf_of_the_old_one(self, book):
        book.replace("book/page.md", "# Page", "# A page")
        assert book.make("book").returncode == 0
        assert "book-pdf" not in book.page("notebooks/front.html")
        assert not (book.html / "book.pdf").exists()
        book.replace("book/page.md", "# A page", "# Page")
        assert book.make("book").returncode == 0
        assert book.sums() == book.plain, "the site depends on a PDF made before"


def objects(reader: PdfReader, found: object, seen: set) -> Iterator[tuple[str, dict]]:
    """Every picture among the resources of a page, or of a form or a fill pattern in it."""
    things = [*(found.get("/XObject") or {}).items(), *(found.get("/Pattern") or {}).items()]
    for name, thing in things:
        thing = thing.get_object()
        if thing.get("/Subtype") == "/Image":
            yield name, thing
        elif name not in seen and "/Resources" in thing:
            seen.add(name)
            yield from objects(reader, thing["/Resources"].get_object(), seen)


def titles(outline: list) -> Iterator[str]:
    """All entries of an outline."""
    for entry in outline:
        yield from titles(entry) if isinstance(entry, list) else [entry.title]


@pytest.fixture(scope="module")
def made(chromium, tmp_path_factory) -> tuple[bytes, PdfReader]:
    """The bytes of the PDF, and what pypdf reads in them."""
    book = TinyBook(ROOT)
    done = book.make("book")
    assert done.returncode == 0, done.stdout + done.stderr
    copy = tmp_path_factory.mktemp("print") / "html"
    copy.mkdir()
    for part in book.html.resolve().iterdir():
        (copy / part.name).symlink_to(part)
    (copy / "print.html").write_text(pdf.joined(copy), encoding="utf-8")
    content = pdf.printed(copy / "print.html")
    (copy / "book.pdf").write_bytes(content)
    return content, PdfReader(copy / "book.pdf")


@pytest.mark.build
@pytest.mark.browser
class TestWholeBook:
    """The book of this repository as one PDF; printed beside the site, which stays as it is."""

    def test_every_chapter_is_in_the_outline(self, made):
        _, reader = made
        listed = [re.sub(r"\W", "", title) for title in titles(reader.outline)]
        headings = []
        for name in chapters():
            page = BeautifulSoup(TinyBook(ROOT).page(f"{name}.html"), "html.parser")
            heading = page.find("article", class_="bd-article").h1
            heading.select_one(".headerlink").decompose()
            headings.append(re.sub(r"\W", "", heading.get_text()))
        assert [title for title in listed if title in headings] == headings
        assert len(listed) > 3 * len(headings)
        assert len(reader.pages) > 50

    def test_it_is_tagged_and_says_its_language_and_title(self, made):
        _, reader = made
        root = reader.trailer["/Root"]
        assert root["/MarkInfo"]["/Marked"]
        assert root["/StructTreeRoot"]["/K"]
        assert root["/Lang"] == "en"
        assert reader.metadata.title == next(pdf.parts())[0]

    def test_figures_are_vectors(self, made):
        """Hatching too, which as a fill pattern Chromium would print as a picture of dots."""
        _, reader = made
        pictures = [p for page in reader.pages for p in objects(reader, page["/Resources"].get_object(), set())]
        assert pictures == []

    def test_no_link_leads_to_a_file_of_this_machine(self, made):
        content, reader = made
        assert b"file://" not in content
        links = [a.get_object() for page in reader.pages for a in page.get("/Annots") or []]
        web = [a["/A"]["/URI"] for a in links if "/A" in a and "/URI" in a["/A"]]
        assert len(links) > 300
        assert len(web) > 50
        assert all(address.startswith("https://") for address in web)

    def test_known_sentences_can_be_read_in_it(self, made):
        _, reader = made
        text = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages))
        assert "Used again and again on new data, it should hold the true value 95 times in a hundred." in text
        assert "Everything this book computes comes from" in text
        assert "Show code cell" not in text
