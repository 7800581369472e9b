"""Download copies of the tables that a spreadsheet cannot be tricked by."""

import csv
import hashlib
import io
import shutil
from pathlib import Path

from mscmeta.data._check import NUMBER
from mscmeta.data._files import bibliography, find, note_read, read_text, schema
from mscmeta.data._tables import table

#: A cell that starts so is run as a formula by spreadsheets (CWE-1236).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def publish(folder: str | Path) -> list[Path]:
    """Write a copy of every table for downloading, with datapackage.json, README.md, references.bib and SHA256SUMS.

    Text cells that a spreadsheet would run as a formula get a leading apostrophe; numbers, negative ones too, stay
    numbers, in columns of numbers and of text.

    Parameters
    ----------
    folder : path
        Where to; made if it is not there. It must not be the data folder itself.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ValueError
        If `folder` is the data folder.
    BrokenTableError
        If a table breaks its description: nothing broken is published.
    """
    home, target = find(), Path(folder)
    if target.resolve() == home.resolve():
        raise ValueError(f"folder is {str(target)!r}, the data folder itself; name another one")
    package = schema(home)
    copies = {resource["path"]: guarded(home, resource) for resource in package["resources"].values()}
    target.mkdir(parents=True, exist_ok=True)
    for name, text in copies.items():
        (target / name).write_text(text, encoding="utf-8", newline="\n")
    for original in (home / "datapackage.json", home / "README.md", bibliography(home)):
        if original.is_file():
            note_read(original)
            shutil.copyfile(original, target / original.name)
    written = sorted(path for path in target.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in written)
    (target / "SHA256SUMS").write_text(sums, encoding="utf-8", newline="\n")
    return [*written, target / "SHA256SUMS"]


def guarded(home: Path, resource: dict) -> str:
    """Text of the download copy of a table."""
    table(resource["name"])
    text = read_text(home / resource["path"])
    # the table was checked a line ago, so its text can be read
    numeric = [field["type"] in ("integer", "number") for field in resource["schema"]["fields"]]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(text.columns)
    for row in text.rows:
        writer.writerow([cell if number else _guard(cell) for cell, number in zip(row, numeric, strict=True)])
    return out.getvalue()


def _guard(cell: str) -> str:
    harmless = not cell.startswith(FORMULA_STARTS) or NUMBER.fullmatch(cell)
    return cell if harmless else f"'{cell}"
