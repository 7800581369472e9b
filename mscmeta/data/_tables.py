"""A table as one typed frame, checked whenever its file or a file it refers to has changed."""

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path

from mscmeta.data._check import checked
from mscmeta.data._files import PACKAGE, READ_LOG, BrokenTableError, bibliography, find, note_read, schema

#: The last frame of each table, under the state of the files that decide whether it is right.
_kept: dict = {}


def table(name: str):
    """One table of data/, typed and checked.

    Parameters
    ----------
    name : str
        Name of the table, without ``.csv``.

    Returns
    -------
    DataFrame
        One column a field of datapackage.json, in its order. Text that is not reported is ``""``, a number that is not
        reported is missing (``NaN`` or ``<NA>``), a yes/no that is not reported is ``None``.

    Raises
    ------
    BrokenTableError
        If the table, or one that it refers to, breaks its description; the message names file, line, column and reason.
    ValueError
        If there is no such table.

    Examples
    --------
    >>> trials = table("trials").set_index("trial")
    >>> trials.comparator_class["vega2015"]
    'hyaluronic acid'
    """
    folder = find()
    resources = schema(folder)["resources"]
    if name not in resources:
        raise ValueError(f"table is {name!r}; choose one of {', '.join(resources)}")
    return _table(folder, resources, name).copy()


def _table(folder: Path, resources: dict, name: str):
    read = _referred(resources, name)
    for other in read:  # their mistakes first: they would show as mistakes of this table
        _table(folder, resources, other)
    files = [*(folder / resources[other]["path"] for other in (name, *read)), folder / PACKAGE, bibliography(folder)]
    for path in files:
        note_read(path)
    stamp = tuple(_state(path) for path in files)
    if _kept.get(name, (None,))[0] != stamp:
        frame, problems = checked(folder, name)
        if problems:
            more = f" (and {len(problems) - 1} more: see mscmeta.data.problems())" if len(problems) > 1 else ""
            raise BrokenTableError(f"{problems[0]}{more}")
        _kept[name] = stamp, frame
    return _kept[name][1]


def remembered(make: Callable) -> Callable:
    """Keep what a function made of the tables until a file of data/ changes; its answers are shared, not to be edited.

    What it read is noted once: under another list of files read, it is made again.
    """
    kept: dict = {}

    @wraps(make)
    def recall(*given):
        folder = find()
        files = sorted((entry.name, *_state(Path(entry))) for entry in os.scandir(folder))
        now = str(folder), os.environ.get(READ_LOG), _state(bibliography(folder)), *files
        if kept.get("now") != now:
            kept.clear()
            kept["now"] = now
        if given not in kept:
            kept[given] = make(*given)
        return kept[given]

    return recall


def _referred(resources: dict, name: str) -> list[str]:
    """Tables that decide whether this one is right."""
    described = resources[name]["schema"]
    others = [key["reference"]["resource"] for key in described.get("foreignKeys", [])]
    others += [field["listOf"] for field in described["fields"] if "listOf" in field]
    return list(dict.fromkeys([*others, *resources[name].get("reads", [])]))


def _state(path: Path) -> tuple:
    there = path.stat() if path.exists() else None
    return str(path), there and (there.st_mtime_ns, there.st_size)
