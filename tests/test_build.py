"""What `make book` promises, on a book of two small notebooks: only what changed is run, and the site is old or new."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.tinybook import TOC, TinyBook, chapter, clean_environment, front, lend_environment, make_tiny_book

pytestmark = pytest.mark.build


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> TinyBook:
    """Build a tiny book once; tests work on copies."""
    book = make_tiny_book(tmp_path_factory.mktemp("tiny") / "book")
    done = book.make("book")
    assert done.returncode == 0, done.stdout + done.stderr
    (book.root / "first-build.txt").write_text(done.stdout)
    return book


@pytest.fixture
def book(built, tmp_path) -> TinyBook:
    """Give a built tiny book of its own to a test."""
    root = tmp_path / "book"
    shutil.copytree(built.root, root, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    lend_environment(root)
    return TinyBook(root)


def ran(done: subprocess.CompletedProcess) -> list[str]:
    """Notebooks that a build says it ran."""
    return sorted(re.findall(r"^\[\d/\d\] (\S+)", done.stdout, re.M))


def refused(done: subprocess.CompletedProcess, *said: str) -> None:
    """Check a refusal: not zero, one line, no traceback, and the words that matter."""
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() + done.stdout.splitlines() if line.startswith("make book: ")]
    assert len(lines) == 1, done.stdout + done.stderr
    for words in said:
        assert words in lines[0]


BOTH = ["notebooks/front.ipynb", "notebooks/part/one.ipynb"]


class TestWhatIsBuilt:
    def test_first_build_runs_all_and_says_so(self, built):
        said = (built.root / "first-build.txt").read_text()
        assert sorted(re.findall(r"^\[(\d)/2\] \S+  \d+\.\d s$", said, re.M)) == ["1", "2"]
        assert said.rstrip().endswith(str(built.html / "index.html"))
        assert re.search(r"gates: 3 pages, \d+ loads .* 1 pictures", said)
        assert built.whole()

    def test_pages_hold_outputs_alternative_text_caption_and_number(self, built):
        page = built.page("notebooks/part/one.html")
        assert "REML vega,3" in page
        assert 'alt="A bar 2.0 wide"' in page
        assert "Figure 1.1" in page
        assert "notebooks/front.html" in built.page("index.html")

    def test_what_is_printed_slowly_is_one_output(self, built):
        ran = json.loads((built.root / "_build/executed/notebooks/part/one.ipynb").read_text())
        (slow,) = [cell for cell in ran["cells"] if cell["id"] == "slow"]
        assert [out["text"] for out in slow["outputs"]] == [["0\n", "1\n", "2\n"]]

    def test_results_and_downloads_are_kept(self, built):
        assert (built.root / "_build/results/one.json").read_text() == '{"tau2": "REML"}'
        assert (built.html / "downloads/data/trials.csv").read_bytes() == (built.root / "data/trials.csv").read_bytes()
        clean = (built.root / "notebooks/part/one.ipynb").read_bytes()
        assert (built.html / "downloads/notebooks/part/one.ipynb").read_bytes() == clean
        assert 'href="../../downloads/notebooks/part/one.ipynb"' in built.page("notebooks/part/one.html")

    def test_nothing_of_thebe_or_a_foreign_host(self, built):
        assert "thebe" not in built.page("notebooks/front.html").lower()
        assert (built.html / "_static/mathjax/tex-chtml.js").is_file()


class TestOnlyWhatChanged:
    def test_nothing_changed(self, book):
        started = time.monotonic()
        done = book.make("book")
        assert done.returncode == 0
        assert ran(done) == []
        assert "published" not in done.stdout
        assert time.monotonic() - started < 5

    def test_touching_is_no_change(self, book):
        for name in (*BOTH, "data/trials.csv"):
            os.utime(book.root / name)
        assert ran(book.make("book")) == []

    def test_one_notebook_edited(self, book):
        book.write("notebooks/front.ipynb", front(("more", "print('edited')", [])))
        done = book.make("book")
        assert ran(done) == ["notebooks/front.ipynb"]
        assert "edited" in book.page("notebooks/front.html")

    def test_one_row_changed_runs_its_readers(self, book):
        book.replace("data/events.csv", "vega,3", "vega,4")
        done = book.make("book")
        assert ran(done) == ["notebooks/part/one.ipynb"]
        assert "REML vega,4" in book.page("notebooks/part/one.html")
        assert "vega,4" in (book.html / "downloads/data/events.csv").read_text()

    def test_package_changed_runs_all(self, book):
        book.write("mscmeta/__init__.py", "X = 1\n")
        assert ran(book.make("book")) == BOTH

    def test_same_size_and_time_stamp_is_still_seen(self, book):
        path = book.root / "data/events.csv"
        before = path.stat()
        book.replace("data/events.csv", "vega,3", "vega,5")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert ran(book.make("book")) == ["notebooks/part/one.ipynb"]

    def test_prose_page_changed_runs_no_notebook(self, book):
        book.replace("book/page.md", "# Page", "# Another page")
        done = book.make("book")
        assert done.returncode == 0
        assert ran(done) == []
        assert "Another page" in book.page("book/page.html")

    @pytest.mark.parametrize(
        ("name", "runs"),
        [
            ("_build/executed/notebooks/front.ipynb", ["notebooks/front.ipynb"]),
            ("_build/results/one.json", ["notebooks/part/one.ipynb"]),
            ("_build/stage/book/page.md", []),
            ("_build/html/notebooks/front.html", []),
        ],
    )
    def test_tampered_result_is_made_again(self, book, name, runs):
        path, sums = book.root / name, book.sums()
        before = path.stat()
        path.write_text(path.read_text() + " ")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        done = book.make("book")
        assert done.returncode == 0
        assert ran(done) == runs
        assert book.sums() == sums
        assert book.whole()

    def test_stray_file_in_the_site_goes(self, book):
        (book.html / "stray.html").write_text("x")
        assert book.make("book").returncode == 0
        assert not (book.html / "stray.html").exists()

    @pytest.mark.parametrize("text", ["", "{", "[]", "\x00\x01", '{"execute": 3}'])
    def test_corrupt_state_file(self, book, text):
        (book.root / "_build/doit.json").write_text(text)
        done = book.make("book")
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert ran(done) == BOTH

    def test_removed_chapter_is_gone(self, book):
        book.write("_toc.yml", re.sub(r"  - caption: Chapters.*?one\n", "", TOC, flags=re.S))
        book.write("notebooks/front.ipynb", front().replace("{numref}`fig-bar`", "x"))
        book.write("book/page.md", "# Page\n\n{cite:p}`a2020`\n\n```{bibliography}\n```\n")
        book.write("book/_static/note.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
        book.replace("book/page.md", "# Page\n", "# Page\n\n![A note in a picture](_static/note.svg)\n")
        done = book.make("book")
        assert done.returncode == 0, done.stdout + done.stderr
        assert not list(book.html.rglob("one.html"))
        assert not (book.root / "_build/results/one.json").exists()
        assert "REML vega" not in "".join(p.read_text() for p in book.html.rglob("*.html"))


class TestSettings:
    def test_setting_reaches_those_that_declare_it(self, book):
        done = book.make("book", "TAU2=DL")
        assert ran(done) == ["notebooks/part/one.ipynb"]
        assert "DL vega,3" in book.page("notebooks/part/one.html")
        assert (book.root / "_build/results/one.json").read_text() == '{"tau2": "DL"}'
        assert "other settings than the published book: TAU2 = DL" in book.page("notebooks/front.html")
        back = book.make("book")
        assert ran(back) == ["notebooks/part/one.ipynb"]
        assert "REML vega,3" in book.page("notebooks/part/one.html")
        assert "other settings" not in book.page("notebooks/front.html")

    def test_two_settings_one_of_them_the_default(self, book):
        done = book.make("book", "TAU2=REML", "CI=HK-hybrid")
        assert ran(done) == ["notebooks/front.ipynb"]
        assert "HK-hybrid vega,-1.5" in book.page("notebooks/front.html")

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("TUA2=DL", "unknown parameter 'TUA2'; did you mean TAU2?"),
            ("tau2=DL", "unknown parameter 'tau2'; did you mean TAU2?"),
            ("WHATEVER=1", "unknown parameter 'WHATEVER'; known are TAU2, CI"),
            ("TAU2=DX", "TAU2=DX is not possible; TAU2 can be FE, DL, HE"),
            ("TAU2=", "TAU2= is not possible"),
            ("CI=it's a $$(test) \\ X=1", "CI=it's a $(test) \\ X=1 is not possible"),
            ("LEVEL=95", "LEVEL=95 is not possible; LEVEL is a number between 0 and 1"),
            ("LEVEL=nan", "LEVEL=nan is not possible"),
            ("LEVEL=high", "LEVEL=high is not possible"),
            ("KIND=change", "KIND would change nothing: no chapter declares it"),
        ],
    )
    def test_refused_before_anything_runs(self, book, typed, said):
        sums = book.sums()
        done = book.make("book", typed)
        refused(done, said)
        assert ran(done) == []
        assert book.sums() == sums

    def test_one_chapter_beside_the_book(self, book):
        sums = book.sums()
        done = book.make("chapter", "NB=notebooks/part/one", "TAU2=PM")
        assert done.returncode == 0, done.stderr
        rerun = book.root / "_build/reruns/notebooks/part/one.ipynb"
        assert "PM vega,3" in rerun.read_text()
        assert str(rerun) in done.stdout
        assert book.sums() == sums
        assert ran(book.make("book")) == []
        assert "there is no notebook" in book.make("chapter", "NB=notebooks/nowhere").stderr
        assert "say which chapter" in book.make("chapter").stderr


class TestRefusals:
    """Whatever is wrong: one sentence, an exit code, the published site untouched, no cleaning needed."""

    def broken(self, book: TinyBook, *said: str) -> None:
        sums = book.sums()
        refused(book.make("book"), *said)
        assert book.sums() == sums
        assert book.whole()

    def test_cell_fails(self, book):
        book.write("notebooks/part/one.ipynb", chapter(("fails", "x = 1\nraise ValueError('variance is -1')", [])))
        self.broken(book, "one.ipynb, cell 'fails': ValueError: variance is -1", "_build/logs/notebooks/part/one.log")
        assert "Traceback" in (book.root / "_build/logs/notebooks/part/one.log").read_text()
        book.write("notebooks/part/one.ipynb", chapter())
        assert book.make("book").returncode == 0

    @pytest.mark.parametrize(
        "words", ["import warnings; warnings.warn('odd')", "import sys; print('odd', file=sys.stderr)"]
    )
    def test_cell_warns(self, book, words):
        book.write("notebooks/front.ipynb", front(("warns", words, [])))
        self.broken(book, "front.ipynb, cell 'warns' wrote to stderr", "odd")

    def test_kernel_dies(self, book):
        book.write("notebooks/front.ipynb", front(("dies", "import os; os._exit(3)", [])))
        self.broken(book, "front.ipynb", "DeadKernelError")

    def test_notebook_is_no_json(self, book):
        book.write("notebooks/front.ipynb", "{")
        self.broken(book, "notebooks/front.ipynb")

    def test_notebook_is_missing(self, book):
        (book.root / "notebooks/front.ipynb").unlink()
        self.broken(book, "_toc.yml names 'notebooks/front', but neither notebooks/front.ipynb nor notebooks/front.md")

    def test_toc_is_broken(self, book):
        book.write("_toc.yml", "root: [")
        self.broken(book, "_toc.yml")

    def test_reference_to_nowhere(self, book):
        book.replace("book/page.md", "# Page", "# Page\n\n{ref}`nowhere`")
        self.broken(book, "Sphinx has 1 complaint(s), the first: book/page.md:3: WARNING: undefined label: 'nowhere'")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("![](_static/dot.svg)", "pictures with a text"),
            ('<img src="https://example.org/a.png" alt="A picture">', "loads from this site only"),
            ("[plain](http://example.org)", "only https links leave the site"),
            ('<a href="javascript:alert(1)">x</a>', "only https links leave the site"),
            ('<a href="nowhere.html">x</a>', "which is not there"),
            ('<a href="#nowhere">x</a>', "there is no such place on that page"),
            ("<script>alert(1)</script>", "pages without markup from data"),
            ('<b onclick="alert(1)">x</b>', "pages without markup from data"),
            ("Built in /home/somebody/book", "files without local paths"),
        ],
    )
    def test_gate_closes(self, book, text, said):
        book.write("book/_static/dot.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
        book.replace("book/page.md", "# Page", f"# Page\n\n{text}\n")
        self.broken(book, said)

    def test_address_in_the_bibliography(self, book):
        book.replace("book/one.bib", "year = {2020}", "year = {2020}, url = {javascript:alert(1)}")
        self.broken(book, "bibliography entries")

    def test_formula_in_a_table(self, book):
        book.write("data/extra.csv", 'trial,note\nvega,"=HYPERLINK(""https://example.org"")"\n')
        self.broken(book, "a spreadsheet would run", "extra.csv, line 2")

    def test_tables_cannot_be_published(self, book):
        book.replace(
            "mscmeta/data.py", "def publish(folder):", "def publish(folder):\n    raise ValueError('row 3 is odd')\n"
        )
        self.broken(book, "row 3 is odd")

    def test_two_chapters_record_under_one_name(self, book):
        book.write("notebooks/front.ipynb", front(("record", chapter_record(), [])))
        self.broken(book, "two chapters record their results as _build/results/one.json")

    def test_disk_full(self, book):
        """A limit on the size of files stands for a full disk: both fail in the middle of writing."""
        sums = book.sums()
        book.write("notebooks/front.ipynb", front(("more", "print('x' * 100_000)", [])))
        done = book.make("book", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000)))
        assert done.returncode != 0
        assert "Traceback" not in done.stdout + done.stderr
        assert "make book: " in done.stdout + done.stderr
        assert book.sums() == sums
        assert book.make("book").returncode == 0

    @pytest.mark.parametrize(
        "name", ["_build/logs", "_build/executed/notebooks/part", "_build/stage", "_build/published-data"]
    )
    def test_output_folder_cannot_be_written(self, book, name):
        book.write("data/events.csv", "trial,events\nvega,5\n")
        shutil.rmtree(book.root / name)
        (book.root / name).write_text("in the way")
        self.broken(book, Path(name).name)
        (book.root / name).unlink()
        assert book.make("book").returncode == 0

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_output_is_read_only(self, book):
        book.write("data/trials.csv", "trial,effect\nvega,-2.5\n")
        (book.root / "_build").chmod(0o500)
        try:
            self.broken(book, "Permission denied")
        finally:
            (book.root / "_build").chmod(0o700)


def chapter_record() -> str:
    """Give the recording cell of the chapter."""
    from tests.tinybook import RECORD

    return RECORD.replace("TAU2}", "CI}")


class TestKilled:
    """kill -9 at any moment leaves the site wholly old or wholly new, and the next build needs no cleaning."""

    def start_edited(self, book: TinyBook) -> subprocess.Popen:
        book.write("notebooks/front.ipynb", front(("more", "print('edited')", [])))
        book.write("notebooks/part/one.ipynb", chapter(("more", "print('edited')", [])))
        return book.start("book")

    def kill(self, running: subprocess.Popen) -> None:
        with suppress(ProcessLookupError):  # the build may have ended in this very moment
            os.killpg(running.pid, signal.SIGKILL)
        running.communicate()

    def check(self, book: TinyBook, old: str) -> None:
        assert book.whole()
        pages = [book.page(f"notebooks/{name}.html") for name in ("front", "part/one")]
        assert ["edited" in page for page in pages] in ([True, True], [False, False])
        assert (book.sums() == old) is ("edited" not in pages[0])
        done = book.make("book")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "edited" in book.page("notebooks/part/one.html")
        assert book.whole()
        assert not list((book.root / "_build").rglob("*.partial.ipynb"))

    @pytest.mark.parametrize("seconds", [0.2, 0.8, 1.6, 2.6, 3.4, 4.2])
    def test_after_some_time(self, book, seconds):
        old, running = book.sums(), self.start_edited(book)
        time.sleep(seconds)
        self.kill(running)
        self.check(book, old)

    @pytest.mark.parametrize(
        "moment",
        [
            "_build/new/_build/html/_static",
            "_build/new/_build/html/notebooks/front.html",
            "_build/new/_build/html/SHA256SUMS",
        ],
    )
    def test_when_pages_are_written(self, book, moment):
        old, running = book.sums(), self.start_edited(book)
        while running.poll() is None and not (book.root / moment).exists():
            time.sleep(0.001)
        self.kill(running)
        self.check(book, old)

    @pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
    def test_asked_to_stop(self, book, sign):
        old, running = book.sums(), self.start_edited(book)
        while running.poll() is None and not list((book.root / "_build/executed").rglob("*.partial*")):
            time.sleep(0.01)
        os.killpg(running.pid, sign)
        said = running.communicate()[0]
        assert running.returncode != 0
        assert "stopped; the published site is as it was" in said
        assert "Traceback" not in said
        self.check(book, old)


class TestTwoAtOnce:
    def test_second_waits(self, book):
        book.write("notebooks/front.ipynb", front(("more", "print('edited')", [])))
        running = [book.start("book") for _ in range(2)]
        said = [one.communicate()[0] for one in running]
        assert [one.returncode for one in running] == [0, 0]
        assert sum("Another build of this book is running" in text for text in said) == 1
        assert sum("[1/2] notebooks/front.ipynb" in text for text in said) == 1
        assert book.whole()
        assert "edited" in book.page("notebooks/front.html")


class TestSameBytes:
    def test_elsewhere_at_another_time_and_place(self, built, tmp_path):
        other = make_tiny_book(tmp_path / "another place" / "with spaces")
        env = clean_environment(TZ="Asia/Kathmandu", LANG="de_DE.UTF-8", LC_ALL="C", COLUMNS="40", HOME=str(tmp_path))
        done = other.make("book", env=env, umask=0o077)
        assert done.returncode == 0, done.stdout + done.stderr
        assert other.sums() == built.sums()
        assert len(other.sums().splitlines()) > 50


class TestSetUp:
    """Before anything is installed: one clear line for what is missing."""

    def test_python_is_missing(self, book):
        done = book.make("book", "PYTHON=python3.99")
        assert done.returncode != 0
        assert "python3.99 is not installed: install Python 3.11 or newer" in done.stderr

    def test_python_is_too_old(self, book):
        old = book.root / "old-python"
        old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1 && exit 0\nexit 1\n')
        old.chmod(0o755)
        done = book.make("book", "PYTHON=./old-python")
        assert done.returncode != 0
        assert "Python 3.11 or newer is needed and ./old-python is Python 3.9.1" in done.stderr

    def test_set_up_that_cannot_finish_says_so_and_is_tried_again(self, book):
        book.write("requirements.lock", "nothing==1.0 --hash=sha256:00\n")
        for _ in range(2):
            done = book.make("book", env=clean_environment(PIP_NO_INDEX="1"))
            assert done.returncode != 0
            assert "Setting up .venv" in done.stdout
            assert "set-up failed: ERROR: " in done.stderr
            assert "Traceback" not in done.stderr
            assert not (book.root / ".venv/set-up-finished").exists()

    def test_finished_set_up_is_left_alone(self, book):
        before = (book.root / ".venv/set-up-finished").stat().st_mtime_ns
        assert book.make("setup").returncode == 0
        assert (book.root / ".venv/set-up-finished").stat().st_mtime_ns == before

    def test_clean(self, book):
        assert book.make("clean").returncode == 0
        assert not (book.root / "_build").exists()
