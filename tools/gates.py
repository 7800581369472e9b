"""Last checks before a site is published. Each says how much it looked at; having looked at nothing is a failure."""

import csv
import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.common import ROOT, BuildError, chapters, read_yaml

EXTRA_PAGES = {"index.html", "genindex.html", "search.html"}
OWN_SCRIPTS = re.compile(r"kernelName = |thebe|mathjax|MathJax")
LOCAL_PATH = re.compile(r"(?<![\w./:-])(?:file://|/(?:home|root|Users|tmp|private|var)/)[\w.-]+")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
LOADS = {"src", "srcset", "poster", "data", "background", "formaction"}


@dataclass
class Page:
    """What the gates look at in one page."""

    path: Path
    text: str
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    images: list[dict[str, str | None]] = field(default_factory=list)
    risky: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.page, self.article, self.script = page, 0, None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.page.ids.update(v for k, v in found.items() if k in ("id", "name") and v)
        self.page.loads += [v for k, v in found.items() if k in LOADS and v and tag not in ("a", "button", "meta")]
        if tag == "link" and found.get("rel") not in ("canonical", "next", "prev", "author", "search", "index"):
            self.page.loads.append(found.get("href") or "")
        if tag in ("a", "area") and found.get("href"):
            self.page.links.append(found["href"] or "")
        if tag == "img":
            self.page.images.append(found)
        self.article += tag == "article"
        if self.article:
            self.page.risky += [f"{k} on <{tag}>" for k in found if k.startswith("on")]
            self.script = "" if tag == "script" else self.script

    def handle_data(self, data: str) -> None:
        if self.script is not None:
            self.script += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self.script is not None:
            if not OWN_SCRIPTS.search(self.script):
                self.page.risky.append(f"<script> {self.script.strip()[:60]}")
            self.script = None
        self.article -= tag == "article"


def read(site: Path) -> dict[Path, Page]:
    """All pages of a site, by their path in it."""
    pages = {}
    for path in sorted(site.rglob("*.html")):
        if "_static" in path.relative_to(site).parts:
            continue
        page = Page(path.relative_to(site), path.read_text(encoding="utf-8"))
        _Reader(page).feed(page.text)
        pages[page.path] = page
    return pages


Finding = Iterator[str | int]  # a gate yields a sentence for each fault, and at the end how much it looked at


def gate_pages(site: Path, pages: dict[Path, Page], documents: list[str]) -> Finding:
    """One page for each chapter of _toc.yml, and no other."""
    there, wanted = {p.as_posix() for p in pages}, {f"{d}.html" for d in documents}
    yield from (f"{name} is missing" for name in sorted(wanted - there))
    yield from (f"{name} belongs to no chapter" for name in sorted(there - wanted - EXTRA_PAGES))
    yield len(wanted & there)


def off_site(url: str) -> bool:
    """Tell whether a URL leads away from the site: data that stands in the page itself does not."""
    return url.startswith("//") or urlsplit(url).scheme not in ("", "data")


def gate_loads(site: Path, pages: dict[Path, Page], documents: list[str]) -> Finding:
    """No page and no style sheet loads anything from another host."""
    count = 0
    for page in pages.values():
        urls = [
            u.split()[0]
            for value in page.loads
            for u in ([value] if "," not in value or ":" in value else value.split(","))
        ]
        count += len(urls)
        yield from (f"{page.path} loads {url[:80]}" for url in urls if off_site(url))
    for sheet in sorted(site.rglob("*.css")):
        urls = re.findall(
            r"(?:url\(\s*|@import\s+)['\"]?([^'\")\s;]+)", sheet.read_text(encoding="utf-8", errors="replace")
        )
        count += len(urls)
        yield from (f"{sheet.relative_to(site)} loads {url[:80]}" for url in urls if off_site(url))
    yield count


def gate_links(site: Path, pages: dict[Path, Page], documents: list[str]) -> Finding:
    """Every link inside the site leads to a file, and to a place in it; every other one is https."""
    count = 0
    for page in pages.values():
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme in ("https", "mailto", "data") or not link:
                continue
            count += 1
            if parts.scheme or parts.netloc:
                yield f"{page.path} links to {link[:80]}: only https links leave the site"
                continue
            target = Path(os.path.normpath(page.path.parent / unquote(parts.path))) if parts.path else page.path
            if not (site / target).exists():
                yield f"{page.path} links to {link}, which is not there"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
                yield f"{page.path} links to {link}, but there is no such place on that page"
    yield count


def gate_images(site: Path, pages: dict[Path, Page], documents: list[str]) -> Finding:
    """Every picture has a text in its place, written for a reader."""
    count = 0
    for page in pages.values():
        for image in page.images:
            count += 1
            alt = (image.get("alt") or "").strip()
            if not alt or "_images/" in alt:
                yield f"{page.path}: the picture {image.get('src')} has no alternative text"
    yield count


def gate_local_paths(site: Path, pages: dict[Path, Page], documents: list[str]) -> Finding:
    """No file of the site names a folder of the machine that built it."""
    here = {str(ROOT), str(site), str(Path.home()), tempfile.gettempdir()} - {"/", "/root", "/tmp"}
    count = 0
    for path in sorted(
        p for p in site.rglob("*") if p.suffix in (".html", ".txt", ".ipynb", ".svg", ".json", ".md", ".js")
    ):
        text = path.read_text(encoding="utf-8", errors="replace")
        count += 1
        named = [h for h in here if h in text]
        if "_static" not in path.relative_to(site).parts:
            named += LOCAL_PATH.findall(text)
        yield from (f"{path.relative_to(site)} holds the local path {name}" for name in named[:1])
    yield count


def gate_markup(site: Path, pages: dict[Path, Page], documents: list[str]) -> Finding:
    """No script and no event handler inside the text of a page: text from data stays text."""
    for page in pages.values():
        yield from (f"{page.path} holds {what}" for what in page.risky)
        for wrong in ('class="traceback', "output traceback", "output stderr"):
            if wrong in page.text:
                yield f"{page.path} shows an error or a warning of its code"
    yield len(pages)


def gate_bibliography(site: Path, pages: dict[Path, Page], documents: list[str]) -> Finding:
    """Addresses in the bibliography are https."""
    config = read_yaml(ROOT / "_config.yml")
    entries = 0
    for name in config["bibtex_bibfiles"]:
        text = (ROOT / name).read_text(encoding="utf-8")
        entries += len(re.findall(r"^@\w+\{", text, re.M))
        for url in re.findall(r"\burl\s*=\s*[{\"]([^}\"]*)", text):
            if not url.strip().startswith("https://"):
                yield f"{name}: {url} is not https"
    yield entries


def gate_downloads(site: Path, pages: dict[Path, Page], documents: list[str]) -> Finding:
    """Every table and every notebook can be downloaded, whole; no cell of a table is a spreadsheet formula."""
    folder, count = site / "downloads", 0
    for source in [*(ROOT / "data").glob("*.csv"), *(ROOT / f"{d}.ipynb" for d in documents)]:
        place = folder / source.relative_to(ROOT)
        if source.is_file() and not place.is_file():
            yield f"downloads/{source.relative_to(ROOT)} is missing"
    for line in (folder / "data" / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        wanted, name = line.split(maxsplit=1)
        path = folder / "data" / name.lstrip("*")
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
            yield f"downloads/data/{name} is not what its SHA256SUMS says"
    for table in sorted(folder.rglob("*.csv")):
        with table.open(encoding="utf-8", newline="") as lines:
            for number, row in enumerate(csv.reader(lines), 1):
                count += len(row)
                yield from (
                    f"{table.name}, line {number}: a spreadsheet would run {cell[:40]!r}"
                    for cell in row
                    if formula(cell)
                )
    yield count


def formula(cell: str) -> bool:
    """Tell whether a spreadsheet would run this cell; a plain number is none, whatever its sign."""
    return cell.startswith(FORMULA) and not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", cell)


GATES = {
    "pages": gate_pages,
    "loads from this site only": gate_loads,
    "links": gate_links,
    "pictures with a text": gate_images,
    "files without local paths": gate_local_paths,
    "pages without markup from data": gate_markup,
    "bibliography entries": gate_bibliography,
    "cells to download": gate_downloads,
}


def check(site: Path, documents: Iterable[str]) -> dict[str, int]:
    """Put a site through all gates; refuse with the first fault of each. Gives how much each looked at."""
    pages, documents = read(site), list(documents)
    counts, faults = {}, []
    for name, gate in GATES.items():
        *found, counts[name] = gate(site, pages, documents)
        faults += (
            [f"gate '{name}': {found[0]}" + (f" (and {len(found) - 1} more)" if found[1:] else "")] if found else []
        )
        faults += [f"gate '{name}' had nothing to look at"] if not counts[name] else []
    print("gates: " + ", ".join(f"{count} {name}" for name, count in counts.items()), flush=True)
    if faults:
        raise BuildError("; ".join(faults))
    return counts


if __name__ == "__main__":
    try:
        check(Path(sys.argv[1] if sys.argv[1:] else ROOT / "_build" / "html").resolve(), chapters())
    except (BuildError, OSError) as fault:
        sys.exit(f"gates: {fault}")
