"""From a table or a trial to the papers, registers and pages that its numbers were read in."""

import hashlib
import re
from urllib.parse import quote

from mscmeta.data._files import address_of, bibliography, find, note_read, schema
from mscmeta.data._publish import guarded
from mscmeta.data._tables import remembered, table

_SAFE = "/:.;-_~?&=%#+@,"


def checksum(name: str) -> str:
    """SHA-256 of the download copy of a table, as SHA256SUMS has it.

    Examples
    --------
    >>> len(checksum("reviews"))
    64
    """
    resource = _resource(name)
    return hashlib.sha256(guarded(find(), resource).encode()).hexdigest()


def link_of(source: str) -> str | None:
    """Address of a source: by its DOI, else its page; None where the bibliographies know neither.

    Examples
    --------
    >>> link_of("qu2021"), link_of("NCT01586312"), link_of("ha2018")
    ('https://doi.org/10.1186/s13018-020-02128-0', 'https://clinicaltrials.gov/study/NCT01586312', None)
    """
    return address_of(source) or _links().get(source)


@remembered
def _links() -> dict[str, str]:
    references = bibliography()
    found = {}
    for path in (references.with_name("methods.bib"), references):
        if not path.is_file():
            continue
        note_read(path)
        for key, entry in re.findall(r"^@\w+\{([^,\s]+),(.*?)(?=^@|\Z)", path.read_text("utf-8"), re.M | re.S):
            fields = dict(re.findall(r"\b(doi|url)\s*=\s*\{([^}]*)\}", entry))
            address = f"https://doi.org/{fields['doi']}" if "doi" in fields else fields.get("url", "")
            if address.startswith("https://"):
                found[key] = quote(address, safe=_SAFE)
    return found


def sources_of(name: str) -> dict[str, int]:
    """Sources that the rows of a table name, each with the number of its rows; the most used first.

    A table of statements on the reviews names these by `review`; a table of simulations names none.

    Examples
    --------
    >>> sources_of("risk_of_bias"), list(sources_of("claims")), sources_of("coverage")
    ({'qu2021': 9}, ['qu2021', 'sadeghirad2024'], {})
    """
    fields = _resource(name)["schema"]["fields"]
    columns = [field["name"] for field in fields if field.get("sourceKey")]
    frame = table(name)
    named = [key for column in columns for key in frame[column]]
    if name == "claims":
        named = list(frame.review.map(table("reviews").set_index("review").citation))
    counts = {key: named.count(key) for key in dict.fromkeys(named) if key}
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


def readings():
    """Where the numbers of each trial were read.

    Returns
    -------
    DataFrame
        One row a trial, table, source, place in it and way it came here: `trial`, `table`, `what` (outcomes or events),
        `months`, `source`, `where`, `how`, and `rows`, how many rows of the table these are.

    Examples
    --------
    >>> frame = readings()
    >>> frame[(frame.trial == "chen2021") & (frame.table == "events")].source.unique().tolist()
    ['cochrane2025', 'chen2021']
    """
    import pandas as pd

    rows = []
    for name, about in schema()["resources"].items():
        if {"trial", "source", "where"} <= {field["name"] for field in about["schema"]["fields"]}:
            frame = table(name)
            frame = frame if "how" in frame else frame.assign(how="")
            for (trial, *place), group in frame.groupby(["trial", "source", "where", "how"], sort=False):
                rows.append((trial, name, _things(group), _months(group), *place, len(group)))
    return pd.DataFrame(rows, columns=["trial", "table", "what", "months", "source", "where", "how", "rows"])


def _things(group) -> str:
    columns = [column for column in ("outcome", "event") if column in group]
    return ", ".join(dict.fromkeys(thing.replace("_", " ") for column in columns for thing in group[column]))


def _months(group) -> str:
    return ", ".join(f"{month:g}" for month in sorted(set(group.month.dropna()))) if "month" in group else ""


def _resource(name: str) -> dict:
    resources = schema()["resources"]
    if name not in resources:
        raise ValueError(f"there is no table {name!r}; the tables are {', '.join(resources)}")
    return resources[name]
