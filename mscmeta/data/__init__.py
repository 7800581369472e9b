"""The tables in data/: found, read, checked against datapackage.json, and turned into one contrast a trial.

Nothing else in the project knows the files. A table that breaks its description is refused by file, line, column and
reason; a number that could not be used is listed with its reason, never dropped silently.
"""

from mscmeta.data._check import check, problems
from mscmeta.data._contrasts import NoTrialLeftError, contrasts
from mscmeta.data._dictionary import dictionary
from mscmeta.data._evidence import evidence
from mscmeta.data._files import BrokenTableError, address_of, beside, find, names, schema, sources
from mscmeta.data._holdings import holdings
from mscmeta.data._publish import publish
from mscmeta.data._sources import checksum, link_of, readings, sources_of
from mscmeta.data._tables import table
from mscmeta.data._turned import on_instrument

__all__ = [
    "BrokenTableError",
    "NoTrialLeftError",
    "address_of",
    "beside",
    "check",
    "checksum",
    "contrasts",
    "dictionary",
    "evidence",
    "find",
    "holdings",
    "link_of",
    "names",
    "on_instrument",
    "problems",
    "publish",
    "readings",
    "schema",
    "sources",
    "sources_of",
    "table",
]
