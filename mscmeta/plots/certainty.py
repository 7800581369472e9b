"""Certainty at a glance: a result a row, a domain of GRADE a column, and what each takes away."""

from matplotlib.patches import Patch, Rectangle

from ._style import BLACK, GREY, ORANGE, PALE, SMALL, VERMILION, plt, printable, styled, text_width

#: Levels a domain takes away: mark, colour, colour of the mark. None: nobody judged it.
MARKS = {
    0: ("0", PALE, BLACK),
    1: ("−1", ORANGE, BLACK),
    2: ("−2", VERMILION, "white"),
    None: ("?", "white", GREY),
}
#: Filled circles of a certainty, of four.
CIRCLES = {"high": 4, "moderate": 3, "low": 2, "very low": 1}
LINE = 0.27


@styled
def certainty_profile(rows, *, compact=False, ax=None):
    """Draw what every domain takes from the certainty of every result.

    Parameters
    ----------
    rows : list of dict
        One a result: `label`, `group` (a heading; rows of one group stand together), `ratings` (a sequence of
        `mscmeta.grade.Rating`) and `word` (its certainty, or None).
    compact : bool
        Narrow layout for a phone.
    ax : Axes, optional
        Axes to draw in.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there is no row, or the rows do not rate the same domains.
    """
    domains = _domains(rows)
    groups = list(dict.fromkeys(row["group"] for row in rows))
    lines = [item for group in groups for item in (group, *(row for row in rows if row["group"] == group))]
    names = max(text_width(row["label"], SMALL) for row in rows) + 0.2
    cell, words = (0.34, 0.75) if compact else (0.8, 1.35)
    head, foot = (1.15 if compact else 0.45), 0.45
    height = LINE * len(lines) + head + foot
    if ax is None:
        ax = plt.subplots(figsize=(names + cell * len(domains) + words, height))[1]
        ax.figure.subplots_adjust(left=0.01, right=0.99, top=0.99, bottom=foot / height)
    for y, line in enumerate(lines):
        if isinstance(line, str):
            ax.text(-names / cell, y, printable(line), weight="bold", va="center", size=SMALL)
            continue
        ax.text(-names / cell + 0.1 / cell, y, printable(line["label"]), va="center", size=SMALL)
        for x, rating in enumerate(line["ratings"]):
            _cell(ax, x, y, rating)
        ax.text(len(domains) + 0.15, y, _word(line["word"], compact), va="center", size=SMALL, gid="word")
    for x, domain in enumerate(domains):
        shown, turn = (domain, 90) if compact else (domain.replace(" ", "\n", 1), 0)
        ax.text(x + 0.5, -0.7, shown, ha="center", va="bottom", size=SMALL, rotation=turn)
    ax.set(xlim=(-names / cell, len(domains) + words / cell), ylim=(len(lines) - 0.4, -0.6 - head / LINE))
    ax.axis("off")
    handles = [Patch(fc=PALE, ec=GREY, lw=0.5, label="by rule"),
               Patch(fc=PALE, ec=BLACK, lw=1.4, ls=":", label="judged by us")]  # fmt: skip
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, 0), ncols=2, fontsize=SMALL)
    return ax


def _domains(rows) -> list[str]:
    if not rows:
        raise ValueError("rows is empty; give at least one result")
    domains = [rating.domain for rating in rows[0]["ratings"]]
    for row in rows:
        if [rating.domain for rating in row["ratings"]] != domains:
            raise ValueError(f"ratings of {row['label']!r} are not of {', '.join(domains)}; rate the same domains")
    return domains


def _cell(ax, x, y, rating) -> None:
    mark, colour, ink = MARKS[rating.down]
    edge = {"ec": GREY, "lw": 0.5} if rating.computed else {"ec": BLACK, "lw": 1.4, "ls": ":"}
    ax.add_patch(Rectangle((x + 0.06, y - 0.4), 0.88, 0.8, fc=colour, gid=f"down{rating.down}", **edge))
    ax.text(x + 0.5, y, mark, ha="center", va="center", size=SMALL, color=ink)


def _word(word: str | None, compact: bool) -> str:
    if word is None:
        return "not rated"
    circles = "●" * CIRCLES[word] + "○" * (4 - CIRCLES[word])
    return word if compact else f"{circles}  {word}"
