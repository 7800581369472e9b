"""The rules of datapackage.json, applied: to every cell by its field, to rows and tables by the rules it names."""

import re
from collections import Counter
from pathlib import Path

from mscmeta.data._files import PACKAGE, Problem, address_of, find, names, read_text, records, schema, sources
from mscmeta.data._rules import RULES

NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
INTEGER = re.compile(r"-?\d+")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def problems(folder: Path | None = None) -> list[Problem]:
    """All broken rules in all tables; empty when everything is right.

    Examples
    --------
    >>> problems()
    []
    """
    folder = folder or find()
    return [problem for name in names(folder) for problem in checked(folder, name)[1]]


def check(folder: Path | None = None):
    """Count what was checked: one row a table and rule, with how often the rule was applied and broken.

    Returns
    -------
    DataFrame
        Columns `table`, `rule`, `applied`, `broken`.

    Examples
    --------
    >>> counts = check()
    >>> int(counts.broken.sum()), bool((counts.applied > 0).all())
    (0, True)
    """
    import pandas as pd

    folder = folder or find()
    rows = []
    for name in names(folder):
        applied: Counter = Counter()
        broken = Counter(problem.rule for problem in checked(folder, name, applied)[1])
        rows += [(name, rule, applied[rule], broken[rule]) for rule in dict.fromkeys([*applied, *broken])]
    return pd.DataFrame(rows, columns=["table", "rule", "applied", "broken"])


def checked(folder: Path, name: str, applied: Counter | None = None):
    """Frame of a table (None when it could not be made) and its problems."""
    applied = Counter() if applied is None else applied
    package = schema(folder)
    resource = package["resources"][name]
    text = read_text(folder / resource["path"])
    found = text.problems or _header(resource, text.columns)
    if found:
        return None, found
    frame, found = _typed(resource, text, applied)
    if found:
        return None, found
    found = [*_keys(resource, frame, applied), *_references(folder, package, resource, frame, applied)]
    for rule in resource.get("rules", []):
        found += _rule(folder, resource, rule, frame, applied)
    return frame, found


def _header(resource: dict, columns: list[str]) -> list[Problem]:
    wanted = [field["name"] for field in resource["schema"]["fields"]]
    out = [
        _at(resource, 1, column, "column_missing", "the column is missing")
        for column in wanted
        if column not in columns
    ]
    for column in dict.fromkeys(columns):
        if column not in wanted:
            says = f"the column is not described in {PACKAGE}; describe it there or take it out"
            out.append(_at(resource, 1, column, "column_unknown", says))
        elif columns.count(column) > 1:
            out.append(_at(resource, 1, column, "column_twice", "the column is there twice"))
    if not out and columns != wanted:
        out.append(_at(resource, 1, None, "column_order", f"the columns are not in the order of {PACKAGE}"))
    return out


def _at(resource: dict, line: int | None, column: str | None, rule: str, says: str, key: str = "") -> Problem:
    return Problem(resource["path"], line, column, rule, says, key)


def _typed(resource: dict, text, applied: Counter):
    import pandas as pd

    fields = resource["schema"]["fields"]
    place = {name: i for i, name in enumerate(text.columns)}
    key = [place[name] for name in resource["schema"]["primaryKey"]]
    found: list[Problem] = []
    columns: dict = {field["name"]: [] for field in fields}
    for line, row in enumerate(text.rows, 2):
        label = " ".join(row[i] for i in key if row[i])
        for field in fields:
            cell = row[place[field["name"]]]
            for rule, says in _cell(field, cell, applied):
                found.append(_at(resource, line, field["name"], rule, says, label))
            columns[field["name"]].append(cell)
    if found:
        return None, found
    made = {field["name"]: _column(field, columns[field["name"]]) for field in fields}
    return pd.DataFrame(made), []


def _cell(field: dict, cell: str, applied: Counter):
    """Broken rules of one cell, as (rule, reason)."""
    limits, kind = field.get("constraints", {}), field["type"]
    applied["type"] += 1
    applied["required"] += bool(limits.get("required"))
    if not cell:
        if limits.get("required"):
            yield "required", "the cell is empty, but a value is required"
        return
    if CONTROL.search(cell):
        yield "type", f"{cell!r} holds a control character; write plain text"
    elif cell != cell.strip():
        yield "type", f"{cell!r} starts or ends with a blank; take it out"
    elif kind in ("integer", "number"):
        yield from _numeric(kind, limits, cell, applied)
    elif kind == "boolean" and cell not in ("yes", "no"):
        yield "type", f"{cell!r} is neither yes nor no"
    if "enum" in limits:
        applied["enum"] += 1
        if cell not in limits["enum"]:
            yield "enum", f"{cell!r} is not one of {', '.join(limits['enum'])}"
    if "pattern" in limits:
        applied["pattern"] += 1
        if not re.fullmatch(limits["pattern"], cell):
            yield "pattern", f"{cell!r} does not match {limits['pattern']}"


def _numeric(kind: str, limits: dict, cell: str, applied: Counter):
    if not (INTEGER if kind == "integer" else NUMBER).fullmatch(cell):
        yield "type", f"{cell!r} is not {'a whole number' if kind == 'integer' else 'a number with a decimal point'}"
        return
    for rule, word in (("minimum", "below"), ("maximum", "above")):
        if rule in limits:
            applied[rule] += 1
            value = float(cell)
            if value < limits[rule] if rule == "minimum" else value > limits[rule]:
                yield rule, f"{cell} is {word} {limits[rule]}"


def _column(field: dict, cells: list[str]):
    import pandas as pd

    kind = field["type"]
    if kind == "integer":
        return pd.array([int(cell) if cell else pd.NA for cell in cells], dtype="Int64")
    if kind == "number":
        return pd.array([float(cell) if cell else float("nan") for cell in cells], dtype="float64")
    if kind == "boolean":
        return pd.Series([{"yes": True, "no": False}.get(cell) for cell in cells], dtype="object")
    return pd.Series(cells, dtype="object")


def _keys(resource: dict, frame, applied: Counter) -> list[Problem]:
    """Rows that repeat a key, with the line they repeat."""
    unique = [[f["name"]] for f in resource["schema"]["fields"] if f.get("constraints", {}).get("unique")]
    out = []
    for columns in dict.fromkeys(tuple(c) for c in [resource["schema"]["primaryKey"], *unique]):
        seen: dict = {}
        for row, key in enumerate(zip(*(frame[column] for column in columns), strict=True)):
            applied["unique_key"] += 1
            if key in seen:
                says = f"the key is already on line {seen[key]}; correct it or merge the rows"
                out.append(_at(resource, row + 2, columns[-1], "unique_key", says, _label(key)))
            seen.setdefault(key, row + 2)
    return out


def _label(key) -> str:
    return " ".join(str(part) for part in key if str(part))


def _references(folder: Path, package: dict, resource: dict, frame, applied: Counter) -> list[Problem]:
    """Trials, arms, instruments, reviews and sources that do not exist."""
    out = []
    for key in resource["schema"].get("foreignKeys", []):
        other = package["resources"][key["reference"]["resource"]]
        known = _known(folder, other, key["reference"]["fields"])
        out += _unknown(resource, frame, key["fields"], known, "foreign_key", other["path"], applied)
    for field in resource["schema"]["fields"]:
        if field.get("sourceKey"):
            known = {(name,) for name in [*sources(folder), *filter(address_of, frame[field["name"]])]}
            out += _unknown(resource, frame, [field["name"]], known, "known_source", "references.bib", applied)
        if "listOf" in field:
            other = package["resources"][field["listOf"]]
            known = _known(folder, other, other["schema"]["primaryKey"])
            out += _unknown(resource, frame, [field["name"]], known, "foreign_key", other["path"], applied, split=True)
    return out


def _known(folder: Path, other: dict, columns: list[str]) -> set[tuple[str, ...]]:
    text = read_text(folder / other["path"])
    if not set(columns) <= set(text.columns):
        return set()
    places = [text.columns.index(column) for column in columns]
    return {tuple(row[place] for place in places) for row in text.rows}


def _unknown(resource, frame, columns, known, rule, file, applied: Counter, split=False) -> list[Problem]:
    out = []
    for row, key in enumerate(zip(*(frame[column] for column in columns), strict=True)):
        for part in [(word,) for word in key[0].split()] if split else [key]:
            if not any(part):
                continue
            applied[rule] += 1
            if part not in known:
                says = f"{' '.join(part)!r} is not in {file}; add it there or correct the key"
                out.append(_at(resource, row + 2, columns[-1], rule, says, _primary(resource, frame, row)))
    return out


def _rule(folder: Path, resource: dict, name: str, frame, applied: Counter) -> list[Problem]:
    def fetch(other: str) -> list:
        found = checked(folder, other)[0]
        return [] if found is None else records(found)

    looks = list(RULES[name](records(frame), fetch))
    applied[name] += len(looks)
    broken = (look for look in looks if look.says)
    key = resource["schema"]["primaryKey"]
    return [
        _at(resource, look.row.Index + 2, look.column, name, look.says, _label(getattr(look.row, part) for part in key))
        for look in broken
    ]


def _primary(resource: dict, frame, row: int) -> str:
    return _label(frame.at[row, column] for column in resource["schema"]["primaryKey"])
