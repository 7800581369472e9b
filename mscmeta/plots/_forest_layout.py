"""Where everything in a forest plot stands. All lengths are inches, so that no column ever meets the next."""

import math
from dataclasses import replace
from typing import ClassVar

import numpy as np

from ._forest_rows import ARMS, ROB_SYMBOLS, Row
from ._format import percent
from ._style import BLACK, GREEN, GREY, NORMAL, ORANGE, SMALL, VERMILION, plt, text_width, wrap

ROB_COLOURS = {"+": GREEN, "?": ORANGE, "\N{MINUS SIGN}": VERMILION, "!": BLACK, "i": GREY}
BOLD = {"header", "subtotal", "total", "published"}
GAP, LINE, MARGIN, LONGEST = 0.125, 0.225, 0.1, 2.6


class Wide:
    """Columns left of the panel, in the order of Cochrane's plots: study, arms, weight, effect, panel, risk of bias."""

    panel_width, drop, head = 2.8, 0.0, 0.5
    heights: ClassVar = {"gap": 0.08, "note": 0.165, "name": 0.165}  # every other kind of row takes LINE
    default_height = LINE

    def __init__(self, rows, heads, footnotes, measure, first_head="Study"):
        self.heads, self.measure, self.first_head = heads, measure, first_head
        self.has_rob = any(row.rob for row in rows)
        self.has_weights = any(math.isfinite(row.weight) for row in rows)
        self._set_columns(rows)
        self.rows = [line for row in rows for line in self._wrapped(row)]
        self.footnotes = [line for note in footnotes for line in wrap(note, self.text_right, SMALL)]

    def _set_columns(self, rows) -> None:
        """Set the right edge of every text column from the widths of its texts."""
        labels = [text_width(row.label, NORMAL, _weight(row)) for row in rows if row.kind != "note"]
        self.label_width = min(max(labels), LONGEST)
        x, self.edges = max(self.label_width, text_width(self.first_head, NORMAL, "bold")), []
        for i, head in enumerate(self.heads):
            first_of_arm = i % (len(self.heads) // 2) == 0
            cells = [row.cells[i] for row in rows if row.cells]
            x += (2 * GAP if first_of_arm else GAP) + max(text_width(text, NORMAL, "bold") for text in [head, *cells])
            self.edges.append(x)
        self.weight_edge = x + (1.5 * GAP + text_width("Weight", NORMAL, "bold") if self.has_weights else 0)
        effects = [text_width(row.effect, NORMAL, _weight(row)) for row in rows]
        self.effect_width = max(*effects, 1.4)
        self.text_right = self.weight_edge + 1.5 * GAP + self.effect_width
        self.panel_left = self.text_right + 1.5 * GAP
        self.width = self.panel_left + self.panel_width + (0.55 if self.has_rob else 0.1)

    def _wrapped(self, row) -> list:
        """Break long texts: a note into several notes, a long name into lines above the row that keeps the last one."""
        if row.kind == "note":
            return [replace(row, label=line) for line in wrap(row.label, self.text_right, SMALL)]
        if text_width(row.label, NORMAL, _weight(row)) <= self._room(row):
            return [row]
        *above, last = wrap(row.label, 0.9 * self._room(row))
        return [*(Row("name", line) for line in above), replace(row, label=last)]

    def _room(self, row) -> float:
        return self.label_width

    def lay_out(self, ax):
        """Write every text and return the host axes, the panel in it and the height at which each row's mark stands."""
        steps = np.array([self.heights.get(row.kind, self.default_height) for row in self.rows])
        below = self._space_below()
        height = below + steps.sum() + self.head
        self.bottom, self.top = below, below + steps.sum()
        ax = self._host(ax, height)
        panel = ax.inset_axes(
            [self.panel_left, below, self.panel_width, steps.sum()], transform=ax.transData, zorder=0.5
        )
        panel.set(ylim=(self.bottom, self.top), yticks=[], facecolor="none")
        panel.spines["left"].set_visible(False)
        self._write_headings(ax)
        y = self.top - np.cumsum(steps) + steps / 2
        for row, at in zip(self.rows, y, strict=True):
            self._write_row(ax, row, at)
        for i, line in enumerate(self.footnotes):
            ax.text(0, self._footnote_top() - 0.155 * i, line, size=SMALL, color=GREY, va="center")
        return ax, panel, y - self.drop

    def lanes(self, y) -> list[tuple[float, float]]:
        """Return the heights between which reference lines may run: here nothing stands in their way."""
        return [(self.bottom, self.top)]

    def _host(self, ax, height):
        if ax is None:
            wide, high = self.width + 2 * MARGIN, height + MARGIN
            ax = plt.figure(figsize=(wide, high)).add_axes([MARGIN / wide, 0, self.width / wide, height / high])
        ax.set(xlim=(0, self.width), ylim=(0, height))
        ax.axis("off")
        return ax

    def _space_below(self) -> float:
        return max(0.9, 0.155 * len(self.footnotes) + 0.2)

    def _footnote_top(self) -> float:
        return self.bottom - 0.15

    def _write_headings(self, ax) -> None:
        base, group = self.top + 0.06, self.top + 0.34
        bold = {"weight": "bold", "va": "bottom", "linespacing": 1.15}
        ax.plot([0, self.width], [self.top] * 2, color=BLACK, lw=0.8)
        ax.text(0, base, self.first_head, **bold)
        for head, edge in zip(self.heads, self.edges, strict=True):
            ax.text(edge, base, head, ha="right", **bold)
        per_arm = len(self.heads) // 2
        for arm, name in enumerate(ARMS if per_arm else ()):
            right = self.edges[(arm + 1) * per_arm - 1]
            left = self.edges[arm * per_arm] - text_width(self.heads[0], NORMAL, "bold")
            ax.text((left + right) / 2, group, name, ha="center", weight="bold", va="center")
            ax.plot([left, right], [group - 0.1] * 2, color=GREY, lw=0.6)
        if self.has_weights:
            ax.text(self.weight_edge, base, "Weight", ha="right", **bold)
        lines = wrap(self.measure, 0.85 * self.effect_width)
        ax.text(self.text_right, base, "\n".join(lines), ha="right", **bold)
        if self.has_rob:
            ax.text(self.width - 0.24, base, "Risk\nof bias", ha="center", **bold)

    def _write_row(self, ax, row, y) -> None:
        if row.kind == "note":
            ax.text(0, y, row.label, size=SMALL, color=GREY, va="center")
            return
        style = {"va": "center_baseline", "weight": _weight(row)}
        ax.text(0, y, row.label, **style)
        for text, edge in zip(row.cells, self.edges, strict=False):
            ax.text(edge, y, text, ha="right", **style)
        if math.isfinite(row.weight):
            ax.text(self.weight_edge, y, percent(row.weight), ha="right", **style)
        ax.text(self.text_right, y, row.effect, ha="right", **style)
        if row.rob:
            rob_mark(ax, self.width - 0.24, y, row.rob)


class Compact(Wide):
    """One lane a trial: its name and its effect above, its interval below, all in the width of a phone."""

    width, drop, head, has_rob = 3.75, 0.09, 0.28, False
    heights: ClassVar = {"gap": 0.06, "note": 0.165, "name": 0.165, "header": LINE}
    default_height = 0.38

    def _set_columns(self, rows) -> None:
        self.has_rob, self.edges, self.heads = False, [], []
        self.panel_left, self.panel_width, self.text_right = 0.0, self.width, self.width

    def lanes(self, y) -> list[tuple[float, float]]:
        """Return the strip around each mark: the words between the strips stay free of lines."""
        drawn = [at for row, at in zip(self.rows, y, strict=True) if row.effect]
        return [(at - 0.09, at + 0.09) for at in drawn]

    def _room(self, row) -> float:
        return self.width - (text_width(row.effect, NORMAL, _weight(row)) + GAP if row.effect else 0)

    def _space_below(self) -> float:
        return 0.85 + 0.155 * len(self.footnotes)

    def _footnote_top(self) -> float:
        return self.bottom - 0.85

    def _write_headings(self, ax) -> None:
        bold = {"weight": "bold", "va": "bottom"}
        ax.plot([0, self.width], [self.top] * 2, color=BLACK, lw=0.8)
        ax.text(0, self.top + 0.06, self.first_head, **bold)
        ax.text(self.width, self.top + 0.06, self.measure, ha="right", **bold)

    def _write_row(self, ax, row, y) -> None:
        if row.kind == "note":
            ax.text(0, y, row.label, size=SMALL, color=GREY, va="center")
            return
        y += 0 if row.kind in ("header", "name") else self.drop
        for x, text, side in ((0, row.label, "left"), (self.width, row.effect, "right")):
            if text:
                ax.text(x, y, text, ha=side, va="center_baseline", weight=_weight(row))


def rob_mark(ax, x, y, level) -> None:
    """Draw one judgement: colour for those who see it, the symbol for everybody and for print."""
    symbol = ROB_SYMBOLS[level]
    ax.plot(x, y, "o", ms=11, color=ROB_COLOURS[symbol], mec=BLACK, mew=0.5, clip_on=False)
    ink = "white" if symbol in "!i" else BLACK
    ax.text(x, y, symbol, ha="center", va="center_baseline", weight="bold", color=ink)


def _weight(row) -> str:
    return "bold" if row.kind in BOLD else "normal"
