"""The marks of a forest plot: squares, lines, diamonds, and the arrow that says an interval goes on beyond the axis."""

import math

import numpy as np
from matplotlib.patches import Polygon
from matplotlib.ticker import MaxNLocator

from ._style import BLACK, BLUE, PALE, SKY, VERMILION, ratio_ticks, wrap

HALF_DIAMOND = 0.075


def limits(rows, mid, null, given) -> tuple[float, float]:
    """Return the axis limits: every estimate and the MID are inside; a very wide interval is cut, with an arrow."""
    if given is not None:
        if not given[0] < given[1]:
            raise ValueError(f"xlim is {tuple(map(float, given))}; the first limit must be the lower one")
        return float(given[0]), float(given[1])
    bounds = [x for row in rows for x in (row.low, row.high) if math.isfinite(x)]
    core = [null, *(row.estimate for row in rows if math.isfinite(row.estimate))]
    core += [] if mid is None else [null - mid, null + mid]
    half = np.median([(row.high - row.low) / 2 for row in rows if row.kind in ("study", "computed", "printed")])
    reach = 0.8 * max(max(core) - min(core), 1.5 * half)
    low = max(min(bounds + core), min(core) - reach)
    high = min(max(bounds + core), max(core) + reach)
    pad = 0.04 * (high - low)
    return low - pad, high + pad


def reference_lines(panel, rows, mid, null, lanes) -> None:
    """Draw no effect, the band of differences below the MID, and the pooled effect, all behind the data.

    `lanes` are the heights (bottom, top) that they cross: the whole panel, or only where no words stand.
    """
    bottoms, tops = zip(*lanes, strict=True)
    if mid is not None:
        for bottom, top in lanes:
            panel.fill_betweenx([bottom, top], null - mid, null + mid, color=PALE, lw=0, zorder=0, gid="mid-band")
        for x in (null - mid, null + mid):
            panel.vlines([x] * len(lanes), bottoms, tops, color=SKY, lw=0.9, ls=(0, (1, 1.5)), zorder=0.1, gid="mid")
    panel.vlines([null] * len(lanes), bottoms, tops, color=BLACK, lw=0.9, zorder=0.2, gid="null")
    for row in rows:
        if row.kind == "total":
            x = [row.estimate] * len(lanes)
            panel.vlines(x, bottoms, tops, color=BLUE, lw=0.9, ls=(0, (4, 3)), zorder=0.3, gid="pooled")


def draw(panel, row, y, heaviest) -> None:
    """Draw one row's mark at height `y`."""
    if row.kind == "study":
        _interval(panel, row, y, color=BLACK, lw=1.1)
        if _inside(panel, row.estimate):
            side = max(3.0, 10.5 * math.sqrt(row.weight / heaviest))  # area follows weight, down to a visible square
            panel.plot(row.estimate, y, "s", ms=side, color=BLUE, mec="white", mew=0.4, zorder=3, gid="square")
    elif row.kind in ("computed", "printed"):
        _interval(panel, row, y, color=BLACK, lw=1.6)
        if _inside(panel, row.estimate):
            face = BLUE if row.kind == "computed" else "white"
            panel.plot(row.estimate, y, "o", ms=7, color=face, mec=BLACK, mew=1.0, zorder=3, gid="point")
    elif row.kind == "prediction":
        _interval(panel, row, y, color=VERMILION, lw=3.2)
    elif row.kind in ("subtotal", "total", "published"):
        _diamond(panel, row, y)


def _inside(panel, x: float) -> bool:
    low, high = panel.get_xlim()
    return low <= x <= high


def _interval(panel, row, y, *, color, lw) -> None:
    low, high = panel.get_xlim()
    if row.high >= low and row.low <= high:
        ends = [max(row.low, low), min(row.high, high)]
        panel.plot(ends, [y, y], color=color, lw=lw, solid_capstyle="butt", zorder=2, gid="interval")
    _arrows(panel, row, y, color)


def _diamond(panel, row, y) -> None:
    if math.isnan(row.low):  # a point, as the rule of the interval gives no width
        panel.plot(row.estimate, y, "D", ms=5, color="white", mec=BLUE, mew=1.2, zorder=3, gid="diamond")
        return
    filled = row.kind != "published"
    panel.add_patch(
        Polygon(
            [(row.low, y), (row.estimate, y + HALF_DIAMOND), (row.high, y), (row.estimate, y - HALF_DIAMOND)],
            facecolor=BLUE if filled else "white",
            edgecolor=BLUE if filled else BLACK,
            lw=0.9,
            zorder=3,
            gid="diamond",
        )
    )
    _arrows(panel, row, y, BLUE if filled else BLACK)


def _arrows(panel, row, y, color) -> None:
    """Mark each end that the axis cuts off: no interval may look shorter than it is."""
    low, high = panel.get_xlim()
    style = {"ms": 5.5, "color": color, "clip_on": False, "zorder": 4}
    if row.low < low:
        panel.plot(low, y, "<", gid="arrow-left", **style)
    if row.high > high:
        panel.plot(high, y, ">", gid="arrow-right", **style)


def label_axis(host, panel, *, left, bottom, width, ratio, words, label) -> None:
    """Write ticks (ratios as ratios), the direction of benefit at both sides, and what is measured in which unit."""
    if ratio:
        ratio_ticks(panel.xaxis, panel.get_xlim())
    else:
        panel.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], min_n_ticks=4))
    panel.tick_params(axis="x", length=3)
    host.text(left, bottom - 0.34, f"← {words[0]}", ha="left", va="center", size=8)
    host.text(left + width, bottom - 0.34, f"{words[1]} →", ha="right", va="center", size=8)
    host.text(left + width / 2, bottom - 0.46, "\n".join(wrap(label, width)), ha="center", va="top", linespacing=1.15)
