"""What each trial gives: trial by outcome and month, coloured and lettered by how the number came to be."""

from matplotlib.patches import Patch, Rectangle

from ._style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, SMALL, VERMILION, plt, printable, styled, text_width

#: From what a source printed to what somebody assumed: letter, words, colour, colour of the letter.
STATES = {
    "printed": ("P", "mean and SD as the source prints them", BLUE, "white"),
    "counted": ("C", "participants with an event, counted", GREEN, "white"),
    "worked_out": ("W", "SD worked out from an interval or quartiles", SKY, BLACK),
    "figure": ("F", "mean or interval read off a figure", ORANGE, BLACK),
    "median": ("M", "median taken for the mean", PURPLE, BLACK),
    "imputed": ("I", "SD borrowed or assumed", VERMILION, "white"),
}

#: Height of a row, inches.
LINE = 0.235


@styled
def evidence_map(rows, columns, *, compact=False, ax=None):
    """Draw a table of coloured cells: a trial a row, an outcome and time a column.

    Parameters
    ----------
    rows : list of dict
        One a trial, in order of the rows: `label`, `group` (a heading; rows of one group stand together) and `cells`,
        a dict of column to state (a key of `STATES`); a column that is missing there stays empty.
    columns : list of (str, str)
        Key and heading of each column; a heading "Pain 3" breaks at its space.
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
        If there is no row, or a cell has an unknown state or column.
    """
    keys = [key for key, _ in columns]
    _check(rows, keys)
    groups = list(dict.fromkeys(row["group"] for row in rows))
    lines = [item for group in groups for item in (group, *(row for row in rows if row["group"] == group))]
    names = max(text_width(row["label"], SMALL) for row in rows) + 0.25
    cell = 0.34 if compact else 0.62
    used = [s for s in STATES if any(s in row["cells"].values() for row in rows)]
    legend = 0.2 * (len(used) + 1 if compact else len(used) // 2 + 1) + 0.25
    height = LINE * (len(lines) + (4.2 if compact else 2.2)) + legend
    if ax is None:
        ax = plt.subplots(figsize=(names + cell * len(keys) + 0.2, height))[1]
        ax.figure.subplots_adjust(left=0.02, right=0.98, top=0.99, bottom=legend / height)
    for y, line in enumerate(lines):
        if isinstance(line, str):
            ax.text(-names / cell, y, printable(line), weight="bold", va="center", size=SMALL)
            continue
        ax.text(-names / cell + 0.1 / cell, y, printable(line["label"]), va="center", size=SMALL)
        for x, key in enumerate(keys):
            _cell(ax, x, y, line["cells"].get(key))
    for x, (_, head) in enumerate(columns):
        shown = printable(head) if compact else printable(head).replace(" ", "\n")
        turn = 90 if compact else 0
        ax.text(x + 0.5, -0.75, shown, ha="center", va="bottom", size=SMALL, rotation=turn)
    ax.set(xlim=(-names / cell, len(keys)), ylim=(len(lines) - 0.4, -4.6 if compact else -2.6))
    ax.axis("off")
    handles = [Patch(fc=STATES[s][2], ec=BLACK, lw=0.4, label=f"{STATES[s][0]} {STATES[s][1]}") for s in used]
    handles.append(Patch(fc="white", ec=GREY, lw=0.4, label="– nothing by arm in any source seen"))
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, 0), ncols=1 if compact else 2, fontsize=SMALL)
    return ax


def _cell(ax, x, y, state) -> None:
    letter, _, colour, ink = STATES[state] if state else ("–", "", "white", GREY)
    box = Rectangle((x + 0.04, y - 0.44), 0.92, 0.88, fc=colour, ec=GREY, lw=0.4, gid=state or "empty")
    ax.add_patch(box)
    ax.text(x + 0.5, y, letter, ha="center", va="center", size=SMALL, color=ink)


def _check(rows, keys) -> None:
    if not rows:
        raise ValueError("rows is empty; give at least one trial")
    for row in rows:
        for column, state in row["cells"].items():
            if column not in keys:
                raise ValueError(f"cells of {row['label']!r} name the column {column!r}, which is none of {keys}")
            if state not in STATES:
                raise ValueError(f"cell {column!r} of {row['label']!r} is {state!r}; use one of {', '.join(STATES)}")
