"""`make pdf`: the published pages as one tagged PDF with an outline, every fold open, figures as vectors.

The pages are joined into one and printed by Chromium. The PDF is `_build/book.pdf`; the site gets a copy of it and a
link on its front page. The next `make book` that changes a page publishes without the two: no PDF of older pages is
offered.
"""

import os
import posixpath
import re
import shutil
import sys
import time
from collections.abc import Iterator
from html import escape
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag
from pypdf import PdfReader

from tools import gates, site
from tools.build import alone
from tools.common import BUILD, HTML, ROOT, BuildError, chapters, commit_date, commit_time, read_yaml

PDF = BUILD / "book.pdf"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SCALE = 0.8
MARGIN = 16  # millimetres
WIDTH = round((210 - 2 * MARGIN) / 25.4 * 96 / SCALE)  # of the text on an A4 page, in CSS pixels
GONE = ".headerlink, .cell.tag_narrow, .book-pdf, .made-from .copy, script, noscript, button, details.hide > summary"
POINTERS = ("for", "headers", "aria-labelledby", "aria-describedby", "aria-controls")
STYLE = """
html, body { background: #fff; }
main { display: block; max-width: none; padding: 0; }
h1, h2 { break-before: page; margin-top: 0; }
h1 + .part-of + article h2:first-of-type { break-before: auto; }
h1 { font-size: 2.2em; } h2 { font-size: 1.7em; } h3 { font-size: 1.4em; } h4, h5, h6 { font-size: 1.15em; }
h1, h2, h3, h4, h5, h6, caption { break-after: avoid; }
h1, h2, h3, h4, h5, h6 { white-space: pre-wrap; }  /* or the outline loses the spaces at which a heading is broken */
/* Chromium prints what is blurred as a picture of dots */
#book *, #book *::before, #book *::after {
  box-shadow: none !important; text-shadow: none !important; filter: none !important;
}
pre { white-space: pre-wrap !important; overflow-wrap: anywhere; }
tr { break-inside: avoid; }
.bd-article table { break-inside: auto !important; }
"""
FITTED = """() => {  // paper does not scroll: what is wider than its place is made smaller
  for (const wide of document.querySelectorAll("table, mjx-container[display=true]")) {
    const place = wide.closest("section, li, td, .admonition").clientWidth;
    if (wide.scrollWidth > place) wide.style.zoom = place / wide.scrollWidth;
  }
}"""
FOOTER = (
    '<div style="width: 100%; text-align: center; font-size: 8px; color: #444">'
    '<span class="title"></span> · <span class="pageNumber"></span></div>'
)


def parts() -> Iterator[tuple[str, list[str]]]:
    """Captions of _toc.yml with their chapters, the front page first under the title of the book."""
    toc = read_yaml(ROOT / "_toc.yml")
    yield read_yaml(ROOT / "_config.yml")["title"], [toc["root"]]
    for part in toc.get("parts", []):
        yield part["caption"], [chapter["file"] for chapter in part["chapters"]]


def slug(document: str) -> str:
    """What the names of a document's places begin with in the joined page."""
    return document.replace("/", "-")


def place(link: str, document: str, documents: list[str]) -> str | None:
    """Where a link of a document leads in the joined page; None for a file, which a PDF does not hold."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return link
    target = document
    if parts.path:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(document), unquote(parts.path)))
        target = path.removesuffix(".html")
    if target not in documents:
        return None
    return f"#{slug(target)}" + (f"--{parts.fragment}" if parts.fragment else "")


def from_root(link: str, document: str) -> str:
    """The address of a file that a document loads, seen from the root of the site."""
    return link if urlsplit(link).scheme else posixpath.normpath(posixpath.join(posixpath.dirname(document), link))


def article(page: BeautifulSoup, document: str, documents: list[str]) -> Tag:
    """The text of one page, its folds open, its places renamed so that no two pages share one."""
    text = page.find("article", class_="bd-article")
    for gone in text.select(GONE):
        gone.decompose()
    for fold in text.find_all("details"):
        fold.name = "div"
    for tag in text.find_all(True):
        if "id" in tag.attrs:
            tag["id"] = f"{slug(document)}--{tag['id']}"
        for pointer in set(POINTERS) & tag.attrs.keys():
            named = tag.get_attribute_list(pointer)
            tag[pointer] = " ".join(f"{slug(document)}--{name}" for one in named for name in one.split())
        if tag.name == "a" and "href" in tag.attrs:
            tag["href"] = place(tag["href"], document, documents)
            if tag["href"] is None:
                del tag["href"]
        elif "src" in tag.attrs:
            tag["src"] = from_root(tag["src"], document)
        if re.fullmatch("h[1-5]", tag.name):  # below the heading of the part
            tag.name = f"h{int(tag.name[1]) + 1}"
    text["id"] = slug(document)
    return text


def head(page: BeautifulSoup, document: str) -> list[str]:
    """Style sheets and MathJax of one page."""
    found = []
    for tag in page.head.find_all(["link", "script"]):
        if tag.name == "link" and tag.get("rel") == ["stylesheet"]:
            tag["href"] = from_root(tag["href"], document)
            found.append(str(tag))
        elif "mathjax" in str(tag).lower():
            if "src" in tag.attrs:
                tag["src"] = from_root(tag["src"], document)
            found.append(str(tag))
    return found


def joined(folder: Path) -> str:
    """All pages of a site as one."""
    documents, heads, body = chapters(), {}, []
    for caption, listed in parts():
        body.append(f'<h1>{escape(caption)}</h1><p class="part-of">{escape(told()) if not body else ""}</p>')
        for document in listed:
            page = BeautifulSoup((folder / f"{document}.html").read_text(encoding="utf-8"), "html.parser")
            heads |= dict.fromkeys(head(page, document))
            body.append(str(article(page, document, documents)))
    title = escape(next(parts())[0])
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{title}</title>'
        f"{''.join(heads)}<style>{STYLE}</style></head><body><main id=book>{''.join(body)}</main></body></html>"
    )


def told() -> str:
    """When the book was made, if git knows."""
    date = commit_date()
    return f"From the repository as of {date}." if date else ""


def printed(page: Path) -> bytes:
    """Print one page from disk, without a network."""
    from playwright.sync_api import Error, sync_playwright

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise BuildError("make pdf needs Chromium, and it is not installed: install it (Debian: apt install chromium)")
    quiet = ["--no-first-run", "--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    margins = {"top": "18mm", "bottom": "18mm", "left": f"{MARGIN}mm", "right": f"{MARGIN}mm"}
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=browser, args=quiet)
            context = chromium.new_context(offline=True, viewport={"width": WIDTH, "height": 1200})
            sheet = context.new_page()
            sheet.set_default_timeout(300_000)
            sheet.goto(page.resolve().as_uri())
            sheet.evaluate("window.MathJax?.startup?.promise.then(() => true)")
            sheet.emulate_media(media="print")
            sheet.evaluate(FITTED)
            paper = {"format": "A4", "scale": SCALE, "margin": margins, "print_background": True}
            content = sheet.pdf(
                **paper, tagged=True, outline=True, display_header_footer=True, header_template="<span></span>",
                footer_template=FOOTER,
            )  # fmt: skip
            chromium.close()
    except Error as error:
        raise BuildError(f"Chromium could not print the book: {error.message.splitlines()[0]}") from None
    return dated(content)


def dated(content: bytes) -> bytes:
    """Give a PDF the date of the last commit instead of the clock's, so that the same pages give the same bytes."""
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(int(commit_time()))).encode()
    return re.sub(rb"(/(?:Creation|Mod)Date \(D:)\d{14}", rb"\g<1>" + stamp, content)


def offer(page: Path, address: str, pages: int, size: int) -> None:
    """Put a link to the PDF under the title of a page."""
    text = re.sub(r'<p class="book-pdf">.*?</p>', "", page.read_text(encoding="utf-8"))
    frame, begins, text = text.partition('<article class="bd-article">')
    title, ends, rest = text.partition("</h1>")
    if not ends:
        raise BuildError(f"{page.name} has no title under which the link to the PDF could stand")
    link = f'<a href="{escape(address)}">the whole book as one PDF</a> ({pages} pages, {size / 1e6:.1f} MB)'
    offered = f'{frame}{begins}{title}{ends}<p class="book-pdf">On paper: {link}.</p>{rest}'
    page.write_text(offered, encoding="utf-8")


def build() -> Path:
    """Print the published site, publish it anew with the PDF, and put the PDF beside it; each by one rename."""
    if not site.intact():
        raise BuildError("there is no whole book in _build/html to print; run make book")
    shutil.rmtree(site.NEW, ignore_errors=True)
    shutil.copytree(HTML.resolve(), site.NEW)
    page = site.NEW / "print.html"
    page.write_text(joined(site.NEW), encoding="utf-8")
    content = printed(page)
    page.unlink()
    (site.NEW / PDF.name).write_bytes(content)
    front = site.NEW / f"{chapters()[0]}.html"
    pages = len(PdfReader(BytesIO(content)).pages)
    offer(front, os.path.relpath(site.NEW / PDF.name, front.parent), pages, len(content))
    gates.check(site.NEW, chapters())
    partial = PDF.with_suffix(".partial")
    partial.write_bytes(content)
    os.replace(partial, PDF)
    site.publish(site.NEW)
    return PDF


def main() -> int:
    """Print the path of the PDF, or refuse in one sentence."""
    start = time.monotonic()
    try:
        with alone():
            print("printing ...", flush=True)
            made = build()
        print(f"The PDF is ready after {time.monotonic() - start:.0f} s: {made}")
    except BuildError as reason:
        print(f"make pdf: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
