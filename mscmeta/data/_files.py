"""Where the data are, what describes them, and the text of a table: cells, lines and nothing guessed."""

import csv
import json
import os
import re
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HOME = "MSCMETA_DATA"
READ_LOG = "MSCMETA_READ_LOG"
PACKAGE = "datapackage.json"
BIBLIOGRAPHY = "references.bib"
#: Sources that need no entry there: they name themselves.
_ADDRESSES = {
    r"doi:(10\.\d{4,9}/[A-Za-z0-9._/-]+)": "https://doi.org/{}",
    r"(NCT\d{8})": "https://clinicaltrials.gov/study/{}",
}


class BrokenTableError(ValueError):
    """A file in data/ that breaks its description: the message names file, line, column and reason."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: in which file, on which line (counted from 1, the header is line 1), in which column."""

    file: str
    line: int | None
    column: str | None
    rule: str
    says: str
    key: str = ""

    def __str__(self) -> str:
        parts = [self.file]
        if self.line is not None:
            parts.append(f"line {self.line}" + (f" ({self.key})" if self.key else ""))
        if self.column is not None:
            parts.append(f"column {self.column}")
        return f"{', '.join(parts)}: {self.says} [{self.rule}]"


@dataclass(slots=True)
class Text:
    """Cells of a table as text, or the problem that kept it from being read."""

    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def reported(*values: object) -> bool:
    """Tell whether every value is there: None is what a source did not report."""
    return all(value is not None for value in values)


def records(frame) -> list:
    """Rows of a frame as named tuples with their Index; what is not reported is None. Quick to loop over."""
    row = namedtuple("Row", ["Index", *frame.columns])
    columns = [
        [None if absent else value for value, absent in zip(frame[name].tolist(), frame[name].isna(), strict=True)]
        for name in frame.columns
    ]
    return [row(*cells) for cells in zip(frame.index, *columns, strict=True)]


def find() -> Path:
    """Find the data folder: the one named in MSCMETA_DATA, else data/ here or above, else beside the package.

    Returns
    -------
    Path
        A folder that holds datapackage.json.

    Raises
    ------
    FileNotFoundError
        If MSCMETA_DATA names a folder without datapackage.json, or there is none to be found.

    Examples
    --------
    >>> (find() / "datapackage.json").is_file()
    True
    """
    named = os.environ.get(HOME)
    if named:
        folder = Path(named)
        if (folder / PACKAGE).is_file():
            return folder
        raise FileNotFoundError(
            f"{HOME} is {named!r}, but there is no {PACKAGE} in it; unset it or name the data folder"
        )
    here = Path.cwd()
    for parent in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (parent / "data" / PACKAGE).is_file():
            return parent / "data"
    raise FileNotFoundError(f"no data/{PACKAGE} in {here} or above it; set {HOME} to the data folder")


def note_read(path: Path) -> None:
    """Add a file to the list of what this process read, if MSCMETA_READ_LOG asks for one."""
    log = os.environ.get(READ_LOG)
    if log:
        with open(log, "a", encoding="utf-8") as lines:
            lines.write(f"{path.resolve()}\n")


def schema(folder: Path | None = None) -> dict:
    """Read datapackage.json: what every table, column and rule means.

    Returns
    -------
    dict
        The Frictionless data package, with `resources` as a dict by name of table.

    Examples
    --------
    >>> schema()["resources"]["outcomes"]["schema"]["primaryKey"][:2]
    ['trial', 'outcome']
    """
    path = (folder or find()) / PACKAGE
    note_read(path)
    try:
        package = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise BrokenTableError(f"{PACKAGE}: cannot be read ({error}); restore it from the repository") from None
    return package | {"resources": {resource["name"]: resource for resource in package["resources"]}}


def names(folder: Path | None = None) -> list[str]:
    """Names of the tables, in the order of datapackage.json.

    Examples
    --------
    >>> names()[:2]
    ['reviews', 'trials']
    """
    return list(schema(folder)["resources"])


def bibliography(folder: Path | None = None) -> Path:
    """Find references.bib: in the data folder, beside it in book/, or in this checkout."""
    folder = folder or find()
    for home in (folder, folder.resolve().parent / "book", Path(__file__).resolve().parents[2] / "book"):
        if (home / BIBLIOGRAPHY).is_file():
            return home / BIBLIOGRAPHY
    raise FileNotFoundError(f"{BIBLIOGRAPHY} is neither in {folder} nor in book/ beside it; copy it there")


def beside(name: str) -> Path:
    """Find a file of the repository that the data folder belongs to, and note that it was read.

    Parameters
    ----------
    name : str
        Its path in the repository, such as "book/parameters.yml".

    Raises
    ------
    FileNotFoundError
        If there is no such file beside the data folder.

    Examples
    --------
    >>> beside("CITATION.cff").name
    'CITATION.cff'
    """
    path = find().resolve().parent / name
    if not path.is_file():
        raise FileNotFoundError(f"{name} is not beside the data folder {find()}; use the tables of a whole repository")
    note_read(path)
    return path


def sources(folder: Path | None = None) -> dict[str, str]:
    """Keys of references.bib, the only names a `source` may have, with the line each entry is on.

    Examples
    --------
    >>> "qu2021" in sources()
    True
    """
    path = bibliography(folder)
    note_read(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    found = ((re.match(r"@\w+\{([^,\s]+),", line), number) for number, line in enumerate(lines, 1))
    return {match[1]: f"line {number}" for match, number in found if match}


def address_of(source: str) -> str | None:
    """Address of a source that names itself by DOI or registry number; None for a key of references.bib.

    Examples
    --------
    >>> address_of("doi:10.1000/abc"), address_of("NCT01586312"), address_of("vega2015")
    ('https://doi.org/10.1000/abc', 'https://clinicaltrials.gov/study/NCT01586312', None)
    """
    for pattern, address in _ADDRESSES.items():
        if match := re.fullmatch(pattern, source):
            return address.format(match[1])
    return None


def read_text(path: Path) -> Text:
    """Cells of a CSV file; whatever would have to be guessed is a problem instead."""
    note_read(path)
    if not path.is_file():
        return Text(problems=[Problem(path.name, None, None, "file", "the file is missing; restore it")])
    text = _decoded(path)
    return text if isinstance(text, Text) else _cells(path.name, text)


def _decoded(path: Path) -> str | Text:
    raw = path.read_bytes()

    def refuse(line: int | None, rule: str, says: str) -> Text:
        return Text(problems=[Problem(path.name, line, None, rule, says)])

    if not raw.strip():
        return refuse(None, "empty", "the file is empty; it needs a header line")
    if raw.startswith(b"\xef\xbb\xbf"):
        return refuse(1, "byte_order_mark", "the file starts with a byte order mark; save it as UTF-8 without one")
    if b"\r" in raw:
        line = raw[: raw.index(b"\r")].count(b"\n") + 1
        return refuse(line, "line_ends", "the line ends with a carriage return; save with Unix line ends")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return refuse(line, "encoding", f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8")


def _cells(name: str, text: str) -> Text:
    out = Text()
    for line, cells in _records(text):
        if line is None:
            out.problems.append(
                Problem(name, cells, None, "csv", "a quoted cell runs over the end of the line; close it")
            )
            return Text(problems=out.problems)
        if not out.columns:
            out.columns = cells
        elif len(cells) != len(out.columns):
            says = f"{len(cells)} cells where the header has {len(out.columns)}; quote cells that hold a comma"
            out.problems.append(Problem(name, line, None, "cells", says))
        else:
            out.rows.append(cells)
    return out if not out.problems else Text(columns=out.columns, problems=out.problems)


def _records(text: str) -> Iterator[tuple[int | None, list[str] | int]]:
    """One record a line: with cells that hold line ends, no message could name a line."""
    for line, raw in enumerate(text.rstrip("\n").split("\n"), 1):
        try:
            record = next(csv.reader([raw], strict=True), [])
        except csv.Error:
            yield None, line
        else:
            yield line, record
