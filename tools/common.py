"""What every step of the build shares: places, the one-sentence refusal, content digests, the environment of a step."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
EXECUTED = BUILD / "executed"
STAGE = BUILD / "stage"
SITES = BUILD / "sites"
HTML = BUILD / "html"
LOGS = BUILD / "logs"
NO_GIT_EPOCH = "1767225600"  # 2026-01-01, for a copy without git; never 0, or Sphinx rewrites the copyright year

CHILDREN: set[subprocess.Popen] = set()  # steps that run now, each with a session of its own


class BuildError(Exception):
    """The build stops, and this one sentence says why."""


def digest(paths: Iterable[Path]) -> str:
    """SHA-256 over names (relative to the root) and bytes; a missing file counts as such."""
    whole = hashlib.sha256()
    for path in sorted({Path(p) for p in paths}):
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
        whole.update(f"{os.path.relpath(path, ROOT)} {content}\n".encode())
    return whole.hexdigest()


def files(folder: Path, *patterns: str) -> list[Path]:
    """All files below a folder, without caches and hidden files, in a fixed order."""
    found = {p for pattern in patterns or ("*",) for p in folder.rglob(pattern) if p.is_file()}
    return sorted(
        p for p in found if not any(x == "__pycache__" or x.startswith(".") for x in p.relative_to(folder).parts)
    )


def read_yaml(path: Path) -> dict:
    """Read a YAML file of the book; what is wrong with it is said with its line."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BuildError(f"{shown(path)}, line {line}: {error.problem}") from None


def chapters() -> list[str]:
    """Documents of _toc.yml, in reading order, the root first; each must exist."""
    toc = read_yaml(ROOT / "_toc.yml")

    def walk(node: object) -> Iterable[str]:
        if isinstance(node, dict):
            yield from ([node["root"]] if "root" in node else []) + ([node["file"]] if "file" in node else [])
            for key in ("parts", "chapters", "sections"):
                yield from walk(node.get(key, []))
        elif isinstance(node, list):
            for item in node:
                yield from walk(item)

    documents = list(walk(toc))
    for name in documents:
        if not any((ROOT / f"{name}{suffix}").is_file() for suffix in (".ipynb", ".md")):
            raise BuildError(f"_toc.yml names '{name}', but neither {name}.ipynb nor {name}.md exists")
        if documents.count(name) > 1:
            raise BuildError(f"_toc.yml names '{name}' more than once")
    return documents


def notebooks() -> list[Path]:
    """Notebooks of _toc.yml in reading order."""
    return [ROOT / f"{name}.ipynb" for name in chapters() if (ROOT / f"{name}.ipynb").is_file()]


def commit_time() -> str:
    """Time of the last commit in seconds, the date of everything that is built; SOURCE_DATE_EPOCH says otherwise."""
    if os.environ.get("SOURCE_DATE_EPOCH", "").isdigit():
        return os.environ["SOURCE_DATE_EPOCH"]
    git = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        answer = subprocess.run(git, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout.strip()
    except OSError:
        answer = ""
    return answer if answer.isdigit() and answer != "0" else NO_GIT_EPOCH


def commit_date() -> str | None:
    """Day of the last commit, or None in a copy without git: a page must not print a date that nobody knows."""
    seconds = commit_time()
    return None if seconds == NO_GIT_EPOCH else time.strftime("%Y-%m-%d", time.gmtime(int(seconds)))


def environment(**more: str) -> dict[str, str]:
    """The environment of a build step: little of the reader's own, so that it gives the same bytes everywhere."""
    cache = BUILD / "cache"
    kept = {k: os.environ[k] for k in ("PATH", "HOME", "USER", "TMPDIR", "LD_LIBRARY_PATH") if k in os.environ}
    return kept | {
        "PYTHONPATH": str(ROOT),  # the mscmeta beside this build, wherever the environment came from
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": str(cache / "matplotlib"),
        "IPYTHONDIR": str(cache / "ipython"),
        "JUPYTER_CONFIG_DIR": str(cache / "jupyter"),
        "JUPYTER_DATA_DIR": str(cache / "jupyter"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "MSCMETA_BUILD_PID": str(os.getpid()),
        "MSCMETA_DATA": str(ROOT / "data"),
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "SOURCE_DATE_EPOCH": commit_time(),
        **more,
    }


def start_logged(command: list[str], log: Path, stdin: int = subprocess.DEVNULL, **more: str) -> subprocess.Popen[str]:
    """Start a step with Python; what it says of itself goes to its log, what it prints can be read."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as sink:
        child = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment(**more),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
            start_new_session=True,
        )
    CHILDREN.add(child)
    return child


def run_logged(command: list[str], log: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a step with Python and wait for its end."""
    child = start_logged(command, log, **more)
    said = child.communicate()[0]
    CHILDREN.discard(child)
    return subprocess.CompletedProcess(child.args, child.returncode, said)


def shown(path: Path) -> str:
    """A path as the reader sees it: relative to where the command was typed."""
    return os.path.relpath(path, ROOT)
