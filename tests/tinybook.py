"""A book of two small notebooks, built by this repository's own tools: tests of the build, not of the content."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NOT_NEEDED = ("gpu", "quic", "background-networking", "component-update", "sync")  # some would ask hosts of Google
QUIET = ["--no-sandbox", "--no-first-run", *(f"--disable-{what}" for what in NOT_NEEDED)]
MSCMETA_DATA = """
import hashlib, os, shutil
from pathlib import Path

def table(name):
    path = Path(os.environ["MSCMETA_DATA"]) / f"{name}.csv"
    with open(os.environ["MSCMETA_READ_LOG"], "a") as log:
        log.write(f"{path}\\n")
    return path.read_text().splitlines()[1:]

def publish(folder):
    for path in Path(os.environ["MSCMETA_DATA"]).iterdir():
        shutil.copy(path, folder)
    lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}" for p in sorted(Path(folder).glob("*.csv"))]
    Path(folder, "SHA256SUMS").write_text("\\n".join(lines) + "\\n")
"""
PICTURE = """from IPython.display import display
svg = '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="60"><rect width="900" height="60"/></svg>'
about = {"alt": f"A bar {2:.1f} wide", "caption": "A bar", "name": "fig-bar"}
display({"image/svg+xml": svg, "text/plain": "bar"}, raw=True, metadata={"image/svg+xml": about})"""
RECORD = """import json, os, pathlib
folder = pathlib.Path(os.environ["MSCMETA_RESULTS"])
folder.mkdir(parents=True)
_ = (folder / "one.json").write_text(json.dumps({"tau2": TAU2}))"""
TOC = """format: jb-book
root: notebooks/front
parts:
  - caption: Chapters
    numbered: true
    chapters:
      - file: notebooks/part/one
  - caption: Back
    chapters:
      - file: book/page
"""


def notebook(*cells: tuple) -> str:
    """Give the text of a notebook: cells are (id, source) for prose, (id, source, tags) for code."""
    made = []
    for name, source, *tags in cells:
        cell = {"cell_type": "code" if tags else "markdown", "id": name, "metadata": {}, "source": source}
        if tags:
            cell |= {"metadata": {"tags": tags[0]}, "outputs": [], "execution_count": None}
        made.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": made, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}}}
    return json.dumps(whole | {"nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def front(*more: tuple) -> str:
    """Give the front page: reads trials.csv, takes CI."""
    return notebook(
        ("title", "# Front\n\nA formula, $x^2$, and {numref}`fig-bar`."),
        ("settings", 'CI = "HK-floor"', ["parameters"]),
        ("trials", 'from mscmeta.data import table\nprint(CI, *table("trials"))', []),
        *more,
    )


def chapter(*more: tuple) -> str:
    """Give the chapter: reads events.csv, takes TAU2, shows a picture and records a result."""
    return notebook(
        ("title", "# One\n\n[The table](../../data/events.csv), {cite:p}`a2020`."),
        ("settings", 'TAU2 = "REML"', ["parameters"]),
        ("events", 'from mscmeta.data import table\nprint(TAU2, *table("events"))', []),
        ("slow", "import time\nfor i in range(3):\n    print(i, flush=True)\n    time.sleep(0.3)", []),
        ("picture", PICTURE, []),
        ("record", RECORD, []),
        *more,
    )


class TinyBook:
    """A tiny book in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.html = root / "_build" / "html"

    def write(self, name: str, text: str) -> None:
        """Write a file of the book."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a file of the book."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def make(self, *words: str, **kwargs) -> subprocess.CompletedProcess:
        """Run make as a reader does, with nothing of the caller's own make or Python in the environment."""
        return subprocess.run(
            ["make", *words],
            cwd=self.root,
            env=kwargs.pop("env", clean_environment()),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=900,
            **kwargs,
        )

    def start(self, *words: str) -> subprocess.Popen:
        """Start make in a process group of its own."""
        return subprocess.Popen(
            ["make", *words],
            cwd=self.root,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def page(self, name: str) -> str:
        """Give the text of a published page."""
        return (self.html / name).read_text(encoding="utf-8")

    def whole(self) -> bool:
        """Tell whether the published site is exactly what its list of sums says, no file more or less."""
        listed = dict(line.split("  ")[::-1] for line in (self.html / "SHA256SUMS").read_text().splitlines())
        there = {p.relative_to(self.html).as_posix() for p in self.html.rglob("*") if p.is_file()} - {"SHA256SUMS"}
        done = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=self.html, capture_output=True)
        return there == set(listed) and done.returncode == 0

    def sums(self) -> str:
        """Give the sums of the published site."""
        return (self.html / "SHA256SUMS").read_text()


def clean_environment(**more: str) -> dict[str, str]:
    """Give the environment without what make, pytest and coverage leave in it."""
    dropped = ("MAKE", "PYTHON", "COV_", "COVERAGE", "PYTEST", "MSCMETA", "MFLAGS")
    settings = ("TAU2", "CI", "LEVEL", "KIND", "ARMS", "MEDIANS", "COMPARATORS", "NB")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped) and k not in settings}
    return kept | {"CI": "true"} | more  # as on many build machines: not a setting of the book


def lend_environment(root: Path) -> None:
    """Give a copy of the repository this test's own Python environment, as a finished set-up."""
    (root / ".venv").mkdir()
    for part in Path(sys.prefix).iterdir():
        if part.name != "set-up-finished":
            (root / ".venv" / part.name).symlink_to(part, target_is_directory=part.is_dir())
    stamp = "import sys; sys.path.insert(0, 'tools'); import setup_env as s; s.STAMP.write_text(s.wanted())"
    subprocess.run([shutil.which("python3"), "-c", stamp], cwd=root, check=True, env=clean_environment())


def copy_repository(root: Path) -> TinyBook:
    """Copy the repository as it stands (what git knows or would take), to be changed and built by a test."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    lend_environment(root)
    return TinyBook(root)


def make_tiny_book(root: Path) -> TinyBook:
    """Write a tiny book; nothing is built yet."""
    book = TinyBook(root)
    for name in ("tools", "book/_ext", "book/_static"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "dodo.py", "requirements.lock", "book/parameters.yml"):
        shutil.copy(ROOT / name, root / name)
    config = (ROOT / "_config.yml").read_text(encoding="utf-8").splitlines()
    lines = ["bibtex_bibfiles: [book/one.bib]" if x.startswith("bibtex_bibfiles") else x for x in config]
    book.write("_config.yml", "\n".join(lines) + "\n")
    book.write("_toc.yml", TOC)
    book.write("notebooks/front.ipynb", front())
    book.write("notebooks/part/one.ipynb", chapter())
    book.write("book/page.md", "# Page\n\n```{bibliography}\n```\n")
    book.write("book/one.bib", "@article{a2020,\n author = {A, B}, title = {T}, journal = {J}, year = {2020}\n}\n")
    book.write("mscmeta/__init__.py", "")
    book.write("mscmeta/data.py", MSCMETA_DATA)
    book.write("data/trials.csv", "trial,effect\nvega,-1.5\n")
    book.write("data/events.csv", "trial,events\nvega,3\n")
    lend_environment(root)
    return book


if __name__ == "__main__":
    copy_repository(Path(sys.argv[1]))
