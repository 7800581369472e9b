"""What a notebook cell shows: figures with alternative texts, numbered tables, computed sentences, the answer box."""

import io
import numbers
import re

from .. import data
from ..plots._format import MISSING
from ._fields import say, to_field
from ._markup import Markup, badge, escape, flat, to_html, to_myst, to_plain

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_BY_HEADING = {"p": "p", "p value": "p", "i²": "%", "i2": "%", "weight": "%"}


def setup() -> None:
    """Give figures the book's look: one style, SVG, the same bytes in every run."""
    import matplotlib as mpl
    from IPython import get_ipython

    from ..plots._style import RC
    from ._empty import resume

    resume()
    mpl.style.use("seaborn-v0_8-ticks")
    mpl.rcParams.update(RC)
    if get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", metadata={"Date": None})


def show(figure, alt: str, caption: str | Markup | None = None, name: str | None = None) -> None:
    """Display a figure as SVG with its alternative text, and close it.

    Parameters
    ----------
    figure : Figure or Axes
        What to show.
    alt : str
        What the figure says, for those who do not see it; compute it (`forest_alt`, `figure_alt`).
    caption, name : str, optional
        Caption and label of a numbered figure; the build passes them on.

    Raises
    ------
    ValueError
        If `alt` says nothing.
    """
    import matplotlib.pyplot as plt

    alt = flat(alt)
    if len(alt) < 20:
        raise ValueError(f"alt is {alt!r}; say in a sentence what the figure shows")
    figure = getattr(figure, "figure", figure)
    about = {"alt": alt}
    if caption is not None:
        about["caption"] = to_myst(caption)
    if name is not None:
        about["name"] = _checked_name(name)
    svg = to_svg(figure)
    plt.close(figure)
    _display({"image/svg+xml": svg, "text/plain": alt}, {"image/svg+xml": about})


def to_svg(figure) -> str:
    """Return a figure as SVG text: no date and repeatable ids, so the same figure gives the same bytes."""
    import matplotlib as mpl

    from ..plots._style import RC

    with mpl.rc_context(RC), io.StringIO() as file:
        figure.savefig(file, format="svg", metadata={"Date": None})
        return file.getvalue()


def table(frame, caption, name: str, formats: dict[str, str] | None = None, notes=None) -> None:
    """Display a data frame as a numbered, captioned table.

    Parameters
    ----------
    frame : DataFrame
        One column a column; a named index becomes the first. Cells are text, numbers or `Markup`.
    caption : str or Markup
        What the table shows, without a number.
    name : str
        Label for references, such as "tab-pain-data".
    formats : dict of str to str, optional
        Format of a column, as in `say`. Whole numbers are printed plainly, others with two decimals; columns headed
        "P", "I²" and "Weight" know theirs.
    notes : str, Markup or list of them, optional
        Lines under the table.

    Raises
    ------
    ValueError
        If a heading is empty or repeated, a format names no column, or `name` is no label.
    """
    myst, html = render_table(frame, caption, name, formats, notes)
    _display({"text/markdown": myst, "text/html": html, "text/plain": f"{to_plain(caption)} ({len(frame)} rows)"})


def render_table(frame, caption, name, formats=None, notes=None) -> tuple[str, str]:
    """Return a table's MyST and HTML (see `table`)."""
    frame = frame.reset_index() if any(frame.index.names) else frame
    heads = [head if isinstance(head, Markup) else flat(head) for head in frame.columns]
    _check_heads(heads, formats or {})
    values = [frame.iloc[:, i].tolist() for i in range(len(heads))]
    trials = _trials(values)
    values = [[_linked(value, trials) for value in column] for column in values]
    columns = [_cells(column, head, (formats or {}).get(str(head))) for column, head in zip(values, heads, strict=True)]
    rows = list(zip(*(cells for cells, _ in columns), strict=True))
    sides = [right for _, right in columns]
    lines = [notes] if isinstance(notes, str | Markup) else list(notes or [])
    return _myst_table(heads, rows, sides, caption, name, lines), _html_table(heads, rows, sides, caption, lines)


def sentence(template: str, **values) -> None:
    """Display an author's sentence filled with computed values (see `say`)."""
    text = say(template, **values)
    _display({"text/markdown": text.text, "text/plain": to_plain(text)})


def answer(*templates: str, verdict: str | None = None, title: str = "Answer", **values) -> None:
    """Display the box at the top of a chapter: one paragraph a template, and the verdict on the published number.

    Parameters
    ----------
    *templates : str
        Author's sentences with fields (see `say`).
    verdict : str, optional
        "reproduced", "differs" and so on: decided by a function, never typed.
    title : str
        Heading of the box.
    """
    if not templates:
        raise ValueError("answer needs at least one sentence")
    parts = [say(template, **values) for template in templates]
    if verdict is not None:
        parts.append(badge(verdict))
    body = "\n\n".join(part.text for part in parts)
    inner = "".join(f"<p>{to_html(part)}</p>" for part in parts)
    _display(
        {
            "text/markdown": f"::::{{admonition}} {to_myst(title)}\n:class: tip answer\n\n{body}\n::::",
            "text/html": f'<div class="answer"><p><strong>{to_html(title)}</strong></p>{inner}</div>',
            "text/plain": "\n".join(to_plain(part) for part in parts),
        }
    )


def _display(bundle: dict, metadata: dict | None = None) -> None:
    from IPython.display import display

    display(bundle, raw=True, metadata=metadata or {})


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"name is {name!r}; a label holds lower-case letters, digits and hyphens, as 'tab-pain-data'")
    return name


def _check_heads(heads, formats) -> None:
    words = [to_plain(head) for head in heads]
    if not all(words) or len(set(words)) < len(words):
        raise ValueError(f"headings {words} must be filled and different: a reader finds a column by its heading")
    unknown = set(formats) - {str(head) for head in heads}
    if unknown:
        raise ValueError(f"formats names {', '.join(sorted(map(repr, unknown)))}, but no column is headed so")


def _cells(column, head, spec) -> tuple[list, bool]:
    """Return a column's printed cells and whether they are numbers, set to the right."""
    spec = _BY_HEADING.get(to_plain(head).lower(), "") if spec is None else spec
    values = [None if _missing(value) else value for value in column]
    given = [value for value in values if value is not None]
    numeric = bool(given) and all(isinstance(v, numbers.Real) and not isinstance(v, bool) for v in given)
    if numeric and not spec and all(float(v).is_integer() for v in given):
        spec = ".0"  # counts stay counts where a missing one has made the column float
    return [_cell(value, spec if not isinstance(value, str | Markup) else "") for value in values], numeric


def _cell(value, spec):
    if value is None:
        return MISSING
    text = to_field(value, spec)
    return text if value is text else Markup(text.text.removeprefix("P = ").removeprefix("P "))


def _linked(value, trials):
    """A trial's name, alone or among others with commas, as a link to where its numbers were read."""
    parts = value.split(", ") if isinstance(value, str) else []
    if not any(part in trials for part in parts):
        return value
    keys = [trials.get(part, "").replace("_", "-") for part in parts]
    words = [f"[{escape(part)}](#trial-{key})" if key else escape(part) for part, key in zip(parts, keys, strict=True)]
    return Markup(", ".join(words))


def _trials(columns) -> dict[str, str]:
    """Keys of the trials by their names; the table is not read for a frame that can name none."""
    cells = (value for column in columns for value in column if isinstance(value, str))
    if not any(re.search(r"\S (19|20)\d\d[a-z]?(,|$)", cell) for cell in cells):
        return {}
    try:
        known = data.table("trials")
    except FileNotFoundError:  # the package is used away from the tables
        return {}
    return dict(zip(known.label, known.trial, strict=True))


def _missing(value) -> bool:
    return value is None or (isinstance(value, numbers.Real) and value != value) or str(value) in ("", "<NA>", "NaT")


def _myst_table(heads, rows, sides, caption, name, notes) -> str:
    def line(cells):
        return "| " + " | ".join(to_myst(cell) for cell in cells) + " |"

    rule = "|" + "|".join("---:" if right else ":---" for right in sides) + "|"
    body = "\n".join([line(heads), rule, *(line(row) for row in rows)])
    text = f":::{{table}} {to_myst(caption)}\n:name: {_checked_name(name)}\n\n{body}\n:::\n"
    if notes:
        text += "\n:::{container} table-notes\n" + "\n\n".join(to_myst(note) for note in notes) + "\n:::\n"
    return text


def _html_table(heads, rows, sides, caption, notes) -> str:
    right_side = ' style="text-align:right"'

    def cells(tag, row):
        return "".join(
            f"<{tag}{right_side if right else ''}>{to_html(cell)}</{tag}>"
            for cell, right in zip(row, sides, strict=True)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    head = f"<caption>{to_html(caption)}</caption><thead><tr>{cells('th', heads)}</tr></thead>"
    under = "".join(f"<p>{to_html(note)}</p>" for note in notes)
    return f"<table>{head}<tbody>{body}</tbody></table>{under}"
