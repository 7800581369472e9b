"""From a number on a page to where it was read: links of trials, of sources, and what the data page says of a table."""

from .. import data
from ._display import sentence, table
from ._fields import say
from ._markup import Markup, cite, escape

_NAMES = {"https://doi.org/": "DOI", "https://clinicaltrials.gov/": "register"}


def source(key: str) -> Markup:
    """Cite a source, with a link that leads straight to it: its DOI, its register or its page.

    Examples
    --------
    >>> source("qu2021").text
    '{cite:t}`qu2021` ([DOI](https://doi.org/10.1186/s13018-020-02128-0))'
    >>> source("ha2018").text, source("NCT01586312").text
    ('{cite:t}`ha2018`', '[NCT01586312](https://clinicaltrials.gov/study/NCT01586312)')
    """
    cited, address = cite(key), data.link_of(key)
    if address is None or cited.text.startswith("["):
        return cited
    name = next((name for begins, name in _NAMES.items() if address.startswith(begins)), "page")
    return Markup(f"{cited} ({link(name, key)})")


def link(text: object, key: str) -> Markup:
    """Return a text that leads to a source; the text alone where no address of it is known.

    Examples
    --------
    >>> link("Wong 2013", "NCT01586312").text
    '[Wong 2013](https://clinicaltrials.gov/study/NCT01586312)'
    """
    address = data.link_of(key)
    return Markup(escape(text) if address is None else f"[{escape(text)}]({address})")


def rows_read(readings):
    """Return where numbers were read, from rows of `data.readings`, for `table`.

    Examples
    --------
    >>> frame = rows_read(data.readings().query("trial == 'wong2013' and table == 'contrasts'"))
    >>> frame.Numbers[0].text, frame.Where[0], frame.How[0]
    ('[contrasts.csv](#data-contrasts): knee score', 'abstract', 'reported')
    """
    import pandas as pd

    rows = [
        (_numbers(row), source(row.source) if row.source else None, row.where, row.how) for row in readings.itertuples()
    ]
    return pd.DataFrame(rows, columns=["Numbers", "Read in", "Where", "How"])


def _numbers(row) -> Markup:
    entry = Markup(f"[{row.table}.csv](#data-{row.table.replace('_', '-')})")
    month = f"month {row.months}" if row.months else ""
    told = ", ".join(part for part in (row.what, month) if part)
    return say("{entry}: {told}", entry=entry, told=told) if told else entry


def about_table(name: str, cited: str, *, sources=(), scripts=()) -> None:
    """Show what a reader of a table needs: download, checksum, citation, sources of its rows, meaning of its columns.

    For a page in ``notebooks/back``, whose downloads lie two folders up.

    Parameters
    ----------
    name : str
        Of the table.
    cited : str
        How to cite the collection.
    sources : sequence of str, optional
        Keys of the bibliographies, where no column of the table names its sources.
    scripts : sequence of str, optional
        Files of the repository that made it, such as "benchmarks/coverage.py".

    Raises
    ------
    ValueError
        If neither its rows nor these two name a source.
    """
    keys = [*data.sources_of(name), *sources]
    made = [Markup(f"{{download}}`{path} <../../extra/downloads/{path}>`") for path in scripts]
    if not keys and not made:
        raise ValueError(f"no column of {name}.csv names a source; give its sources or the scripts that made it")
    sentence(
        "Download: {file}, {n} rows; SHA-256 {sum}.\n\nCite: *{name}.csv*, in {cited}\n\nSources: {all}.",
        file=Markup(f"{{download}}`{name}.csv <../../data/{name}.csv>`"), n=len(data.table(name)),
        sum=Markup(f"`{data.checksum(name)}`"), name=name, cited=cited,
        all=Markup("; ".join(str(one) for one in [*map(source, keys), *made])),
    )  # fmt: skip
    label = f"tab-data-{name.replace('_', '-')}"
    table(data.dictionary(name), say("Columns of {name}.csv", name=name), label)
