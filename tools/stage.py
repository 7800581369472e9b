"""Lay out what Sphinx reads: the tree as in the repository, with run notebooks and download copies of the tables."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import yaml

from tools import common
from tools.common import BUILD, ROOT, STAGE, BuildError, chapters, files, notebooks, read_yaml, run_logged, shown
from tools.execute import executed, listed

PUBLISH = "import sys, mscmeta.data as d; d.publish(sys.argv[1])"


def config(settings: Mapping[str, object]) -> str:
    """_config.yml; a book built with other settings than the defaults says so on every page."""
    text = (ROOT / "_config.yml").read_text(encoding="utf-8")
    if not settings:
        return text
    whole = read_yaml(ROOT / "_config.yml")
    said = ", ".join(f"{name} = {value}" for name, value in sorted(settings.items()))
    whole.setdefault("html", {})["announcement"] = f"Built with other settings than the published book: {said}"
    return yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)


def published_tables() -> Path:
    """Download copies of the data, guarded for spreadsheets by mscmeta."""
    folder = BUILD / "published-data"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log = BUILD / "logs" / "data.log"
    if run_logged(["-c", PUBLISH, str(folder)], log).returncode:
        last = (log.read_text(encoding="utf-8").strip().splitlines() or ["no reason given"])[-1]
        raise BuildError(f"the tables in data/ could not be published: {last} (log: {shown(log)})")
    return folder


def contents(settings: Mapping[str, object]) -> dict[Path, Path | str]:
    """Every file of the stage: its place and where it comes from (a path, or its text)."""
    wanted: dict[Path, Path | str] = {Path("_config.yml"): config(settings), Path("_toc.yml"): ROOT / "_toc.yml"}
    for source in files(ROOT / "book"):
        if source.suffix not in (".md", ".ipynb"):
            wanted[source.relative_to(ROOT)] = source
    for name in chapters():
        if (ROOT / f"{name}.md").is_file():
            wanted[Path(f"{name}.md")] = ROOT / f"{name}.md"
    for notebook in notebooks():
        place = notebook.relative_to(ROOT)
        wanted[place] = executed(notebook)
        wanted[Path("extra/downloads") / place] = notebook
    for script in [*files(ROOT / "benchmarks", "*.py"), *files(ROOT / "tests" / "oracles", "*.py", "*.R")]:
        wanted[Path("extra/downloads") / script.relative_to(ROOT)] = script
    for read in {path for notebook in notebooks() for path in listed(notebook, "read") or []}:
        if not read.is_relative_to(ROOT / "data"):
            wanted[Path("extra/downloads") / read.relative_to(ROOT)] = read
    tidy_results()
    wanted[Path("made_from.json")] = made_from()
    data = published_tables()
    for table in files(data):
        wanted[Path("data") / table.relative_to(data)] = table
        wanted[Path("extra/downloads/data") / table.relative_to(data)] = table
    return wanted


def made_from() -> str:
    """What book/_ext/mscbook.py tells under each page: the day of the repository, and the files that its run read."""
    read = {shown(notebook.with_suffix("")): [*map(shown, listed(notebook, "read") or [])] for notebook in notebooks()}
    return json.dumps({"date": common.commit_date(), "read": read}, indent=1) + "\n"


def tidy_results() -> None:
    """Two chapters may not record under one name, and results of chapters that are gone go too."""
    recorded = [path for notebook in notebooks() for path in listed(notebook, "recorded") or []]
    for path in recorded:
        if recorded.count(path) > 1:
            raise BuildError(f"two chapters record their results as {shown(path)}")
    for path in files(BUILD / "results"):
        if path not in recorded:
            path.unlink()


def mirror(settings: Mapping[str, object]) -> None:
    """Bring the stage up to date: copy what differs, delete what does not belong."""
    wanted = contents(settings)
    for place, source in wanted.items():
        content = source.encode() if isinstance(source, str) else source.read_bytes()
        target = STAGE / place
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    for stray in sorted((p for p in STAGE.rglob("*")), reverse=True):
        if stray.is_dir() and not stray.is_symlink():
            if not any(stray.iterdir()):
                stray.rmdir()
        elif stray.relative_to(STAGE) not in wanted:
            stray.unlink()
