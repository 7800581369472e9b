"""House rules of notebooks: `python -m tools.notebooks` says what breaks them, and how much it looked at."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools import parameters
from tools.common import ROOT, BuildError, files, shown

LONGEST = 12  # lines of a code cell
ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
DECIMAL = re.compile(r"(?<![\w./-])[-−]?\d+\.\d+(?![\w.]*\w)(?!\.\d)")
NOT_PROSE = re.compile(
    r"\$\$.*?\$\$|\$[^$\n]*\$"  # formulas
    r"|^(```|~~~|:::)\{(?:math|code)[^\n]*\n.*?^\1|^```(?!\{).*?^```"  # blocks of formulas and code
    r"|`[^`\n]*`"  # code, roles
    r"|\]\([^)\n]*\)|<?https?://\S+"  # addresses
    r"|\b10\.\d{4,}/\S+"  # DOIs
    r"|\b(?:[Vv]ersion|[Cc]hapter|[Ss]ections?|§|[Tt]able|[Ff]igure|[Aa]nalysis|CC BY(?:-\w+)*) ?\d+(?:\.\d+)+",
    re.S | re.M,
)
MARKUP = re.compile(
    r"\b(?:Markdown|HTML|Latex|Javascript|SVG)\(|\bStyler\b|\.style\b|_repr_html_|to_html\(|to_markdown\("
)
NETWORK = re.compile(r"^\s*[!%]|https?://|\b(?:requests|urllib|socket|urlopen|subprocess)\b", re.M)
Faults = Iterator[str]


def all_notebooks() -> list[Path]:
    """Every notebook of the repository, in _toc.yml or not."""
    return files(ROOT / "notebooks", "*.ipynb")


def where(cell: NotebookNode) -> str:
    """Name a cell as the faults do."""
    return f"cell '{cell.get('id', '?')}'"


def code(nb: NotebookNode) -> list[NotebookNode]:
    """Give the code cells."""
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def check_ids(nb: NotebookNode) -> Faults:
    """Ids are given by hand and unique: 'fit-model', not '3f2a91c0'."""
    ids = [cell.get("id", "") for cell in nb.cells]
    for one in ids:
        if not ID.fullmatch(one) or re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4,12})*", one):
            yield f"cell id '{one}' is not a name in lower case with hyphens"
        if ids.count(one) > 1:
            yield f"cell id '{one}' is used more than once"


def check_clean(nb: NotebookNode) -> Faults:
    """Committed without outputs, counts and traces of a run."""
    for cell in code(nb):
        if cell.outputs or cell.execution_count is not None:
            yield f"{where(cell)} holds outputs"
    if set(nb.metadata) - {"kernelspec", "language_info"} or nb.metadata.get("language_info", {}).get("version"):
        yield "the notebook's metadata hold more than kernelspec and language"
    if nb.metadata.get("kernelspec", {}).get("name", "python3") != "python3":
        yield "the kernel is not python3"


def check_parameters(nb: NotebookNode) -> Faults:
    """One cell of literals, tagged `parameters`, that agrees with book/parameters.yml."""
    tagged = [cell for cell in code(nb) if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        yield f"{len(tagged)} cells are tagged 'parameters', not one"
        return
    known = parameters.table()
    for node in ast.parse(tagged[0].source).body:
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.UnaryOp)):
            yield f"{where(tagged[0])} holds more than plain values"
            return
        name, value = node.targets[0].id, ast.literal_eval(node.value)
        if name not in known:
            yield f"parameter {name} is not in book/parameters.yml"
        elif value != known[name]["default"]:
            yield f"{name} is {value!r} here and {known[name]['default']!r} in book/parameters.yml"


def check_prose(nb: NotebookNode) -> Faults:
    """No decimal number is typed into prose: a cell computes it."""
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            prose = NOT_PROSE.sub(" ", cell.source)
            yield from (f"{where(cell)}: the number {found} is typed, not computed" for found in DECIMAL.findall(prose))


def check_code(nb: NotebookNode) -> Faults:
    """Short cells that call mscmeta: nothing is defined, downloaded or turned into markup here."""
    for cell in code(nb):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        if len(lines) > LONGEST:
            yield f"{where(cell)} has {len(lines)} lines; {LONGEST} are allowed"
        if NETWORK.search(cell.source):
            yield f"{where(cell)} calls a shell, a magic or the network"
            continue
        if found := MARKUP.search(cell.source):
            yield f"{where(cell)} makes markup with {found.group()!r}; mscmeta.report does that"
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
                yield f"{where(cell)} defines something; that belongs into mscmeta"


def check_headings(nb: NotebookNode) -> Faults:
    """One title, first; no raw HTML in prose."""
    text = [cell for cell in nb.cells if cell.cell_type == "markdown"]
    prose = "\n\n".join(NOT_PROSE.sub(" ", cell.source) for cell in text)
    titles = len(re.findall(r"^# ", prose, re.M))
    if titles != 1:
        yield f"{titles} titles (lines that begin with '# '), not one"
    if found := re.search(r"<(?!https)/?[a-zA-Z][\w-]*[\s/>]", prose):
        yield f"raw HTML in prose: {found.group()}"


CHECKS: list[Callable[[NotebookNode], Faults]] = [
    check_ids,
    check_clean,
    check_parameters,
    check_prose,
    check_code,
    check_headings,
]


def faults(path: Path) -> list[str]:
    """Everything that breaks a rule in one notebook."""
    try:
        nb = nbformat.read(path, 4)
        return [fault for check in CHECKS for fault in check(nb)]
    except Exception as error:
        return [f"cannot be read: {error}"]


def stripped(paths: list[Path]) -> str:
    """What nbstripout would still change, keeping the ids."""
    keys = "metadata.language_info.version cell.metadata.execution cell.metadata.papermill"
    command = ["-m", "nbstripout", "--verify", "--keep-id", "--extra-keys", keys, *map(str, paths)]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip() or "nbstripout fails"


def markup_elsewhere() -> tuple[list[str], int]:
    """Python files that turn data into markup outside mscmeta/report, and how many were read."""
    homes = ("report.py", "report")
    read = [p for p in files(ROOT / "mscmeta", "*.py") if p.relative_to(ROOT / "mscmeta").parts[0] not in homes]
    pattern = re.compile(r"\b(?:Markdown|HTML)\(|\bStyler\b|\.to_html\(|\.to_markdown\(")
    return [shown(p) for p in read if pattern.search(p.read_text(encoding="utf-8"))], len(read)


def main() -> None:
    """Print every fault; exit with an error if there is one, or if there was nothing to look at."""
    paths = all_notebooks()
    found = [f"{shown(path)}: {fault}" for path in paths for fault in faults(path)]
    found += [dirty] if (dirty := stripped(paths)) else []
    elsewhere, modules = markup_elsewhere()
    found += [f"{name}: makes markup; only mscmeta.report does that" for name in elsewhere]
    cells = sum(len(nbformat.read(path, 4).cells) for path in paths)
    print(f"notebooks: {len(paths)} with {cells} cells, {modules} modules, {len(found)} faults")
    if found or not cells:
        raise BuildError("\n".join(found) or "no notebook was looked at")


if __name__ == "__main__":
    try:
        main()
    except BuildError as reason:
        sys.exit(str(reason))
