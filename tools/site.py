"""Build the site in a new folder, put it through the gates, publish it by one rename."""

import hashlib
import os
import re
import shutil
from pathlib import Path

from tools import gates
from tools.common import BUILD, HTML, LOGS, SITES, STAGE, BuildError, chapters, run_logged, shown

SUMS = "SHA256SUMS"
NEW = BUILD / "new"
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"


def sums(site: Path) -> str:
    """One line a file, as `sha256sum` writes and checks it."""
    listed = [p for p in sorted(site.rglob("*")) if p.is_file() and p.relative_to(site) != Path(SUMS)]
    return "".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(site).as_posix()}\n" for p in listed)


def intact(site: Path = HTML) -> bool:
    """Tell whether a published site is exactly what was published."""
    try:
        return (site / SUMS).read_text(encoding="utf-8") == sums(site)
    except OSError:
        return False


def sphinx() -> Path:
    """Run Jupyter Book on the stage; every warning is an error. Gives the folder of the new pages."""
    shutil.rmtree(NEW, ignore_errors=True)
    log = LOGS / "html.log"
    command = ["-c", JUPYTER_BOOK, "build", str(STAGE), "--path-output", str(NEW), "-W", "-n", "--keep-going"]
    done = run_logged(command, log)
    site = NEW / "_build" / "html"
    if done.returncode or not (site / "index.html").is_file():
        with log.open("a", encoding="utf-8") as more:
            more.write(done.stdout)
        raise BuildError(f"{complaints(log.read_text(encoding='utf-8'))} (log: {shown(log)})")
    for leftover in (".buildinfo", ".doctrees"):  # notes of Sphinx to itself: nothing for a reader
        path = site / leftover
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return site


def complaints(log: str) -> str:
    """Say how many warnings and errors Sphinx has, and the first."""
    log = re.sub(r"\x1b\[[0-9;]*m", "", log).replace(f"{STAGE}/", "")
    said = re.findall(r"^.*(?:WARNING|ERROR|Error)\b.*$", log, re.M) or log.strip().splitlines()[-1:]
    return f"Sphinx has {len(said)} complaint(s), the first: {said[0].strip() if said else 'it gave no reason'}"


def build() -> Path:
    """Make, check and publish the site; what was published before stays until the very last step."""
    site = sphinx()
    gates.check(site, chapters())
    return publish(site)


def publish(site: Path) -> Path:
    """Give the new pages a name made from their content, then turn the one link `_build/html` to them."""
    listed = sums(site)
    (site / SUMS).write_text(listed, encoding="utf-8")
    home = SITES / hashlib.sha256(listed.encode()).hexdigest()[:16]
    SITES.mkdir(parents=True, exist_ok=True)
    while home.exists() and not intact(
        home
    ):  # spoilt since it was published, and perhaps being read: leave it standing
        home = home.with_name(home.name + "x")
    if not home.exists():
        os.replace(site, home)
    before = HTML.resolve() if HTML.is_symlink() else None
    if HTML.is_dir() and not HTML.is_symlink():  # a folder from elsewhere in the place of our link
        os.replace(HTML, SITES / "found-in-the-way")
    turn = BUILD / "html.new"
    turn.unlink(missing_ok=True)
    turn.symlink_to(home.relative_to(BUILD), target_is_directory=True)
    os.replace(turn, HTML)
    for old in SITES.iterdir():  # the one before stays: a reader may have a page of it open
        if old not in (home, before):
            shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(NEW, ignore_errors=True)
    return home
