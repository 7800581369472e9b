"""Run one notebook with papermill and keep the result only if it is whole.

`run` is the task of the build. The work is done in a process of its own (see `tools.warm`), which writes beside the
result; the build renames. So a build that was killed leaves nothing that looks finished.
"""

import json
import os
import re
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

import nbformat

from tools import warm
from tools.common import BUILD, EXECUTED, LOGS, ROOT, BuildError, digest, files, shown

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def executed(notebook: Path) -> Path:
    """Where the run of a notebook is kept."""
    return EXECUTED / notebook.relative_to(ROOT)


def account(notebook: Path) -> Path:
    """Where it is kept which data files a run read and which results it recorded."""
    return executed(notebook).with_suffix(".account.json")


def inputs(notebook: Path) -> list[Path]:
    """Everything a run depends on besides its parameters and the tables it reads."""
    tools = [ROOT / "tools" / name for name in ("execute.py", "warm.py")]
    return [notebook, ROOT / "requirements.lock", *tools, *files(ROOT / "mscmeta", "*.py")]


def listed(notebook: Path, what: str) -> list[Path] | None:
    """Files that the last run `read` or `recorded`; None as long as it has not run."""
    try:
        return [ROOT / name for name in json.loads(account(notebook).read_text(encoding="utf-8"))[what]]
    except (OSError, ValueError, LookupError):
        return None


def tables(notebook: Path) -> list[Path]:
    """Data files that the last run read; all of them as long as it has not run."""
    read = listed(notebook, "read")
    return files(ROOT / "data") if read is None else read


def made(notebook: Path) -> list[Path]:
    """Everything a run leaves: the notebook with outputs, its account, the results it recorded."""
    return [executed(notebook), account(notebook), *(listed(notebook, "recorded") or [])]


def run(notebook: Path, given: Mapping[str, object], output: Path | None = None) -> float:
    """Execute a notebook, give the seconds it took; refuse with the cell and its first error."""
    output = output or executed(notebook)
    log = LOGS / notebook.relative_to(ROOT).with_suffix(".log")
    for folder in (output.parent, log.parent):
        folder.mkdir(parents=True, exist_ok=True)
    for left in output.parent.glob(f"{output.stem}.*.partial*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    partial = output.with_suffix(f".{os.getpid()}.partial.ipynb")
    read_log, results, trouble = (partial.with_suffix(suffix) for suffix in (".reads", ".results", ".trouble"))
    depends = [*inputs(notebook), *files(ROOT / "data")]
    start, before = time.monotonic(), digest(depends)
    job = {"notebook": str(notebook), "partial": str(partial), "given": dict(given), "trouble": str(trouble)}
    if warm.run(job | {"env": {"MSCMETA_READ_LOG": str(read_log), "MSCMETA_RESULTS": str(results)}}, log):
        said = trouble.read_text(encoding="utf-8") if trouble.exists() else "its process ended early"
        raise BuildError(f"{shown(notebook)}, {said} (log: {shown(log)})")
    if digest(depends) != before:
        raise BuildError(f"{shown(notebook)}: it, its data or mscmeta changed while it ran; run make again")
    keep(partial, read_log, results, output)
    return time.monotonic() - start


def keep(partial: Path, read_log: Path, results: Path, output: Path) -> None:
    """Move what a good run made to where it belongs, each file by one rename, the account of it last."""
    home = BUILD / "results" if output.is_relative_to(EXECUTED) else output.with_suffix(".results")
    recorded = []
    for path in files(results) if results.exists() else []:
        recorded.append(home / path.relative_to(results))
        recorded[-1].parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, recorded[-1])
    read = {Path(line) for line in read_log.read_text(encoding="utf-8").splitlines()} if read_log.exists() else set()
    names = {"read": sorted(map(shown, read)), "recorded": sorted(map(shown, recorded))}
    beside = read_log.with_suffix(".account")
    beside.write_text(json.dumps(names, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, output)
    os.replace(beside, output.with_suffix(".account.json"))
    shutil.rmtree(results, ignore_errors=True)
    read_log.unlink(missing_ok=True)


def complaint(nb: nbformat.NotebookNode) -> str | None:
    """Return the first error or word on stderr of a run, with its cell: either one fails the book."""
    for cell in nb.cells:
        for out in cell.get("outputs", []):
            if out.output_type == "error":
                text = ANSI.sub("", f"{out.ename}: {out.evalue}")
                return f"cell '{cell.id}': {(text.splitlines() or [out.ename])[0]}"
            if out.output_type == "stream" and out.name == "stderr":
                said = ANSI.sub("", out.text).strip().splitlines()
                return f"cell '{cell.id}' wrote to stderr: {said[0] if said else ''}"
    return None


def normalise(nb: nbformat.NotebookNode, notebook: Path) -> None:
    """Drop what differs from run to run; carry computed alternative texts to where myst-nb looks for them."""
    ran = nb.metadata.get("papermill", {})
    nb.metadata["papermill"] = {"parameters": ran.get("parameters", {}), "input_path": shown(notebook)}
    nb.metadata.get("language_info", {}).pop("version", None)
    for cell in nb.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = "injected-parameters"
            cell.metadata["tags"] = ["injected-parameters", "hide-input"]
        if "outputs" in cell:
            cell.outputs = merged(cell.outputs)
        for out in cell.get("outputs", []):
            for mime, about in out.get("metadata", {}).items():
                if mime.startswith("image/") and isinstance(about, dict):
                    describe(cell, about)


def merged(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Join what was printed in a row: in how many pieces it comes is a matter of milliseconds."""
    joined: list[nbformat.NotebookNode] = []
    for out in outputs:
        last = joined[-1] if joined else {}
        if out.output_type == "stream" and (out.output_type, out.name) == (last.get("output_type"), last.get("name")):
            last.text += out.text
        else:
            joined.append(out)
    return joined


def describe(cell: nbformat.NotebookNode, about: Mapping[str, str]) -> None:
    """Give a cell the alternative text, caption and label of the figure that it displayed."""
    myst = cell.metadata.setdefault("mystnb", {})
    if about.get("alt"):
        myst.setdefault("image", {}).setdefault("alt", about["alt"])
    for key in ("caption", "name"):
        if about.get(key):
            myst.setdefault("figure", {}).setdefault(key, about[key])


def work(notebook: Path, partial: Path, given: Mapping[str, object]) -> str | None:
    """Run papermill, normalise, write; return the complaint if there is one."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    try:
        with tempfile.TemporaryDirectory(prefix="book-", dir="/tmp" if Path("/tmp").is_dir() else None) as sockets:
            kernel = warm.Kernel()  # forked before papermill has threads and sockets
            papermill.execute_notebook(
                notebook,
                partial,
                parameters=dict(given),
                kernel_name="python3",
                kernel_manager_class=warm.kernels(kernel, sockets),
                cwd=notebook.parent,
                progress_bar=False,
                request_save_on_cell_execute=False,
                start_timeout=120,
                execution_timeout=600,
            )
    except PapermillExecutionError as error:
        print(ANSI.sub("", str(error)), file=sys.stderr)
        return complaint(nbformat.read(partial, 4)) or f"{error.ename}: {error.evalue}"
    nb = nbformat.read(partial, 4)
    normalise(nb, notebook)
    nbformat.write(nb, partial)
    return complaint(nb)


def attempt(job: Mapping[str, object]) -> int:
    """Do a job of the build in a process forked for it; what is wrong is written beside the result."""
    os.environ.update(job["env"])
    try:
        trouble = work(Path(job["notebook"]), Path(job["partial"]), job["given"])
    except Exception as error:
        traceback.print_exc()
        trouble = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
    if trouble:
        Path(job["trouble"]).write_text(trouble, encoding="utf-8")
    return 1 if trouble else 0


if __name__ == "__main__":
    warm.serve(attempt)
