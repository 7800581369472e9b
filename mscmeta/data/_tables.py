"""A table as one typed frame, checked whenever its file or a file it refers to has changed."""

from pathlib import Path

from mscmeta.data._check import checked
from mscmeta.data._files import BrokenTableError, bibliography, find, note_read, schema

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
        If the table breaks its description; the message names file, line, column and reason.
    ValueError
        If there is no such table.

    Examples
    --------
    >>> trials = table("trials").set_index("trial")
    >>> list(trials.loc[["vega2015"], ["year", "comparator_class"]].astype(str).values[0])
    ['2015', 'hyaluronic acid']
    """
    folder = find()
    resources = schema(folder)["resources"]
    if name not in resources:
        raise ValueError(f"table is {name!r}; choose one of {', '.join(resources)}")
    read = _files_of(folder, resources, name)
    for path in read:
        note_read(path)
    stamp = (str(folder), *(_stamp(path) for path in read))
    if _kept.get(name, (None,))[0] != stamp:
        _kept[name] = stamp, _load(folder, name)
    return _kept[name][1].copy()


def _load(folder: Path, name: str):
    frame, problems = checked(folder, name)
    if problems:
        more = f" (and {len(problems) - 1} more: see mscmeta.data.problems())" if len(problems) > 1 else ""
        raise BrokenTableError(f"{problems[0]}{more}")
    return frame


def _files_of(folder: Path, resources: dict, name: str) -> list[Path]:
    """All files whose content decides whether this table is right."""
    others = [key["reference"]["resource"] for key in resources[name]["schema"].get("foreignKeys", [])]
    others += [f["listOf"] for f in resources[name]["schema"]["fields"] if "listOf" in f]
    others += resources[name].get("reads", [])
    unique = dict.fromkeys([name, *others])
    return [*(folder / f"{other}.csv" for other in unique), folder / "datapackage.json", bibliography(folder)]


def _stamp(path: Path) -> tuple:
    status = path.stat() if path.exists() else None
    return (str(path), status and (status.st_mtime_ns, status.st_size))
