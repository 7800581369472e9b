"""From one answer to another, bar by bar; and how far each bar depends on the order."""

import math

import numpy as np

from ._format import number
from ._hatch import Hatched
from ._style import BLACK, BLUE, GREY, ORANGE, PALE, SKY, SMALL, VERMILION, axes, styled, wrap

_LOOKS = {
    "printed": {"color": GREY, "lw": 0},
    "hidden": {"facecolor": "white", "edgecolor": VERMILION, "path_effects": [Hatched(45)], "lw": 1},
}
_NAMES = {
    "printed": "as printed by a review",
    "hidden": "data that nobody outside can see",
    "down": "a choice, moving the answer towards cells",
    "up": "a choice, moving it towards control",
}


@styled
def waterfall(bars, *, unit="", mid=None, effect_label="Mean difference", compact=False, ax=None):
    """Draw the way from one printed answer to another: one bar for each choice, hatched where data are not public.

    Parameters
    ----------
    bars : DataFrame
        One row a bar, top to bottom: `label`; `kind` ("printed", "hidden" or "step"); `start` and `end`; `low` and
        `high`, the interval of the answer at `end` (NaN draws none). Lower is better.
    unit : str
        Unit of the numbers.
    mid : float, optional
        Smallest difference that patients notice, positive.
    effect_label : str
        What the numbers are.
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
        If a column is missing, a kind is unknown, or a bar has no start or end.
    """
    rows = _checked(bars, mid)
    ax = axes(ax, *((3.7, 0.55 * len(rows) + 1.6) if compact else (7.2, 0.36 * len(rows) + 1.4)))
    ends = [x for row in rows for x in (row.start, row.end)]
    pad = 0.16 * (max(ends) - min(ends))
    ax.set_xlim(min(ends) - pad, max(ends) + pad)
    _reference(ax, mid)
    for y, row in enumerate(rows):
        look = _LOOKS.get(row.kind) or {"color": BLUE if row.end <= row.start else ORANGE, "lw": 0}
        ax.barh(y, row.end - row.start, left=row.start, height=0.56, zorder=2, gid=f"bar-{row.kind}", **look)
        if row.end == row.start:
            ax.plot([row.start] * 2, [y - 0.28, y + 0.28], color=BLACK, lw=1.4, zorder=3, gid="bar-none")
        _whisker(ax, row, y)
        _amount(ax, row, y)
        if y + 1 < len(rows) and rows[y + 1].kind != "printed":
            ax.plot([row.end] * 2, [y + 0.28, y + 0.72], color=GREY, lw=0.8, zorder=1, gid="connector")
    _frame(ax, rows, effect_label, unit, compact)
    return ax


def _checked(bars, mid) -> list:
    for column in ("label", "kind", "start", "end", "low", "high"):
        if column not in bars:
            raise ValueError(f"bars lacks the column {column!r}; give the frame of mscmeta.between.Way.bars")
    if mid is not None and not mid > 0:
        raise ValueError(f"mid is {mid!r}; give the smallest noticeable difference as a positive number, or None")
    rows = list(bars.itertuples())
    for row in rows:
        if row.kind not in ("printed", "hidden", "step"):
            raise ValueError(f"kind of bar {row.label!r} is {row.kind!r}; use 'printed', 'hidden' or 'step'")
        if not (math.isfinite(row.start) and math.isfinite(row.end)):
            raise ValueError(f"bar {row.label!r} runs from {row.start} to {row.end}; both ends must be numbers")
    return rows


def _reference(ax, mid) -> None:
    ax.axvline(0, color=BLACK, lw=0.9, zorder=0.2, gid="null")
    if mid is not None:
        ax.axvspan(-mid, mid, color=PALE, lw=0, zorder=0, gid="mid-band")
        for x in (-mid, mid):
            ax.axvline(x, color=SKY, lw=0.9, ls=(0, (1, 1.5)), zorder=0.1, gid="mid")


def _whisker(ax, row, y) -> None:
    """Interval of the answer at the bar's end, with an arrow where it leaves the axis."""
    if math.isnan(row.low) or math.isnan(row.high):
        return
    left, right = ax.get_xlim()
    at = y + 0.36
    ax.plot(np.clip([row.low, row.high], left, right), [at, at], color=BLACK, lw=0.9, zorder=4, gid="interval")
    for beyond, x, mark in ((row.low < left, left, "<"), (row.high > right, right, ">")):
        if beyond:
            ax.plot(x, at, mark, color=BLACK, ms=4, clip_on=False, zorder=4, gid="arrow")


def _amount(ax, row, y) -> None:
    """What the bar adds, or the printed answer, beside its end."""
    change = row.end - row.start
    text = number(row.end) if row.kind == "printed" else ("+" if round(change, 2) > 0 else "") + number(change)
    rightmost = max(row.start, row.end)
    ax.annotate(text, (rightmost, y), xytext=(4, 0), textcoords="offset points", va="center", size=SMALL, zorder=5,
                bbox={"facecolor": "white", "alpha": 0.7, "lw": 0, "pad": 0.5})  # fmt: skip


def _frame(ax, rows, effect_label, unit, compact) -> None:
    from matplotlib.patches import Patch

    room = 1.25 if compact else 2.6
    ax.set_yticks(range(len(rows)), ["\n".join(wrap(str(row.label), room, 8)) for row in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    gap = "\n" if compact else " "
    ax.set_xlabel(f"{effect_label}{gap}({f'{unit};{gap}' if unit else ''}lower is better)")
    kinds = {row.kind if row.kind != "step" else ("down" if row.end <= row.start else "up") for row in rows}
    looks = {**_LOOKS, "down": {"color": BLUE, "lw": 0}, "up": {"color": ORANGE, "lw": 0}}
    handles = [Patch(label=_NAMES[kind], **looks[kind]) for kind in _NAMES if kind in kinds]
    ax.figure.legend(handles=handles, loc="outside lower center", ncols=1 if compact else 2)


@styled
def contribution_ranges(names, found, in_order=None, *, unit="", compact=False, ax=None):
    """Draw what each choice adds: averaged over all orders, in one order, and from least to most.

    Parameters
    ----------
    names : sequence of str
        The choices.
    found : mscmeta.steps.Contributions
        Their contributions.
    in_order : array_like, optional
        What each adds in the order of the waterfall.
    unit : str
        Unit of the contributions.
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
        If names and contributions differ in number.
    """
    given = {"names": len(names), "in_order": len(names if in_order is None else in_order)}
    for what, count in given.items():
        if count != len(found.average):
            raise ValueError(f"{what} has {count} entries and there are {len(found.average)} contributions")
    ax = axes(ax, *((3.7, 0.42 * len(names) + 1.5) if compact else (6.4, 0.32 * len(names) + 1.3)))
    y = np.arange(len(names))
    ax.axvline(0, color=BLACK, lw=0.9, gid="null")
    ax.hlines(y, found.least, found.most, color=SKY, lw=5, label="least to most, over all orders", gid="range")
    if in_order is not None:
        ax.plot(in_order, y, "o", ms=6, mfc="white", mec=BLACK, label="in the order of the waterfall", gid="in-order")
    ax.plot(found.average, y, "D", ms=5, color=BLUE, label="averaged over all orders", gid="average")
    ax.set_yticks(y, ["\n".join(wrap(str(name), 1.25 if compact else 2.4, 8)) for name in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    gap = "\n" if compact else " "
    ax.set_xlabel(f"Contribution{f' ({unit})' if unit else ''};{gap}below zero: towards cells")
    ax.figure.legend(loc="outside lower center", ncols=1 if compact else 3)
    return ax
