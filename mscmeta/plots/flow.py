"""The PRISMA flow diagram from its counts, which are added up on the way."""

from dataclasses import dataclass, field

from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from ._style import BLACK, GREY, PALE, SMALL, VERMILION, plt, styled, wrap

BOX, SIDE, SPACE, LINE = 2.6, 3.0, 0.32, 0.165
NARROW = 1.55, 1.6  # widths of the boxes on a phone


@dataclass(slots=True)
class _Box:
    step: str
    from_step: str
    lines: list[str]
    exclusions: list["_Box"] = field(default_factory=list)

    @property
    def height(self) -> float:
        return LINE * len(self.lines) + 0.16


@styled
def flow_diagram(flow, *, compact=False, ax=None):
    """Draw a review's flow of records, and say where its printed counts do not add up.

    Parameters
    ----------
    flow : DataFrame
        Rows of one review with `step, label, kind, n, from_step`. `kind`: "count" (a box of the main line, from top to
        bottom), "exclusion" (a box beside the step it leaves), "reason" (a line in the exclusion it belongs to) or
        "participants" (a line in the box of its step).
    compact : bool
        Narrow, for a phone.
    ax : Axes, optional
        Axes to fill; a new figure of the right size otherwise.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there is no count, a kind is unknown, or a row refers to a step that is not there.
    """
    main, beside = NARROW if compact else (BOX, SIDE)
    boxes = _boxes(flow, main, beside)
    notes = [line for note in sums(flow) for line in wrap(note, main + beside + SPACE, SMALL)]
    heights = [max(box.height, sum(side.height + 0.1 for side in box.exclusions)) for box in boxes]
    has_sides = any(box.exclusions for box in boxes)
    width = main + (SPACE + beside if has_sides else 0)
    below = LINE * len(notes) + 0.1
    height = sum(heights) + SPACE * (len(boxes) - 1) + below + 0.05
    if ax is None:
        ax = plt.figure(figsize=(width + 0.3, height + 0.1)).add_axes([0.02, 0, 0.96, 1])
    ax.set(xlim=(-0.03, width + 0.03), ylim=(0, height))
    ax.axis("off")
    top = height - 0.05
    for i, (box, room) in enumerate(zip(boxes, heights, strict=True)):
        _draw_box(ax, 0, top, main, box, PALE)
        at = top
        for side in box.exclusions:
            _draw_box(ax, main + SPACE, at, beside, side, "white")
            middle = at - min(side.height, box.height) / 2
            _arrow(ax, (main, middle), (main + SPACE, middle))
            at -= side.height + 0.1
        if i + 1 < len(boxes) and boxes[i + 1].from_step == box.step:
            _arrow(ax, (main / 2, top - box.height), (main / 2, top - room - SPACE))
        top -= room + SPACE
    for i, note in enumerate(notes):
        ax.text(0, below - 0.12 - LINE * i, note, size=SMALL, color=VERMILION, va="center")
    return ax


def sums(flow) -> list[str]:
    """Return a sentence for each place where printed counts do not add up.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("found", "Found", "count", 10, ""), ("out", "Excluded", "exclusion", 3, "found"),
    ...         ("kept", "Kept", "count", 8, "found")]
    >>> sums(pd.DataFrame(rows, columns=["step", "label", "kind", "n", "from_step"]))
    ['Found 10 less excluded 3 leaves 7; printed: kept 8.']
    """
    rows = flow.to_dict("records")
    found = []
    for before in (row for row in rows if row["kind"] == "count"):
        left = [row for row in rows if row["kind"] == "exclusion" and row["from_step"] == before["step"]]
        after = [row for row in rows if row["kind"] == "count" and row["from_step"] == before["step"]]
        remains = int(before["n"]) - sum(int(row["n"]) for row in left)
        if left and len(after) == 1 and remains != int(after[0]["n"]):
            less = " and ".join(f"{_small(row['label'])} {int(row['n'])}" for row in left)
            printed = f"printed: {_small(after[0]['label'])} {int(after[0]['n'])}"
            found.append(f"{before['label']} {int(before['n'])} less {less} leaves {remains}; {printed}.")
    for whole in (row for row in rows if row["kind"] == "exclusion"):
        reasons = [int(row["n"]) for row in rows if row["kind"] == "reason" and row["from_step"] == whole["step"]]
        if reasons and sum(reasons) != int(whole["n"]):
            found.append(f"{whole['label']} {int(whole['n'])}, but its reasons sum to {sum(reasons)}.")
    return found


def _boxes(flow, main, beside) -> list[_Box]:
    boxes: dict[str, _Box] = {}
    rows = flow.to_dict("records")
    for row in rows:
        if row["kind"] not in ("count", "exclusion", "reason", "participants"):
            raise ValueError(
                f"kind of step {row['step']!r} is {row['kind']!r}; use count, exclusion, reason, participants"
            )
        if row["kind"] in ("count", "exclusion"):
            width = main if row["kind"] == "count" else beside
            boxes[row["step"]] = _Box(row["step"], row["from_step"], wrap(_counted(row), width - 0.2))
    for row in rows:
        if row["kind"] == "count":
            continue
        if row["from_step"] not in boxes:
            raise ValueError(f"step {row['step']!r} comes from {row['from_step']!r}, which is no step of this flow")
        home = boxes[row["from_step"]]
        if row["kind"] == "exclusion":
            home.exclusions.append(boxes[row["step"]])
        else:
            home.lines += wrap(_counted(row), (main if row["kind"] == "participants" else beside) - 0.2, SMALL)
    line = [boxes[row["step"]] for row in rows if row["kind"] == "count"]
    if not line:
        raise ValueError("flow has no row of kind 'count'; give one review's rows of the table flow")
    return line


def _counted(row) -> str:
    return f"{row['label']} (n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{int(row['n']):,})"


def _small(label: str) -> str:
    return label[:1].lower() + label[1:]


def _draw_box(ax, x, top, width, box, fill) -> None:
    shape = FancyBboxPatch((x, top - box.height), width, box.height, boxstyle="round,pad=0,rounding_size=0.05")
    shape.set(facecolor=fill, edgecolor=BLACK, lw=0.8)
    ax.add_patch(shape)
    for i, line in enumerate(box.lines):
        ax.text(x + 0.1, top - 0.08 - LINE * (i + 0.5), line, va="center", size=8, color=BLACK)


def _arrow(ax, start, end) -> None:
    ax.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=9, color=GREY, lw=1, shrinkA=0, shrinkB=0)
    )
