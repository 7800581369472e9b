"""The description of a table for people: one row a column, in words."""

from mscmeta.data._files import schema

_KINDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "yes or no"}


def dictionary(name: str):
    """Describe the columns of a table as datapackage.json does, in words.

    Parameters
    ----------
    name : str
        Of a table, such as ``"outcomes"``.

    Returns
    -------
    DataFrame
        One row a column: `Column`, `Meaning`, `Kind` (with the unit) and `Allowed`.

    Raises
    ------
    ValueError
        If there is no such table.

    Examples
    --------
    >>> dictionary("events").set_index("Column").Allowed["trial"]
    'required; part of the key; a key of trials.csv'
    """
    import pandas as pd

    resources = schema()["resources"]
    if name not in resources:
        raise ValueError(f"there is no table {name!r}; the tables are {', '.join(resources)}")
    described = resources[name]["schema"]
    rows = [
        (field["name"], field["description"], _kind(field), "; ".join(_allowed(field, described)))
        for field in described["fields"]
    ]
    return pd.DataFrame(rows, columns=["Column", "Meaning", "Kind", "Allowed"])


def _kind(field: dict) -> str:
    unit = f" ({field['unit']})" if field.get("unit") else ""
    return f"{_KINDS[field['type']]}{unit}"


def _allowed(field: dict, described: dict):
    """Everything a cell of this column has to be, phrase by phrase."""
    limits = field.get("constraints", {})
    if limits.get("required"):
        yield "required"
    if limits.get("unique") or described["primaryKey"] == [field["name"]]:
        yield "no value twice"
    elif field["name"] in described["primaryKey"]:
        yield "part of the key"
    if "enum" in limits:
        yield f"one of {', '.join(limits['enum'])}"
    if "minimum" in limits or "maximum" in limits:
        yield " ".join(f"at {end} {limits[key]:g}" for end, key in _ENDS if key in limits)
    if field.get("sourceKey"):
        yield "a key of references.bib"
    if "listOf" in field:
        yield f"keys of {field['listOf']}.csv, a blank between two"
    for key in described.get("foreignKeys", []):
        if field["name"] in key["fields"]:
            others = [other for other in key["fields"] if other != field["name"]]
            together = f"with {' and '.join(others)} a row" if others else "a key"
            yield f"{together} of {key['reference']['resource']}.csv"


_ENDS = (("least", "minimum"), ("most", "maximum"))
