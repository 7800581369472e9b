"""The look of every figure, and the two rules of text in them: taken literally, and never outside the font."""

import math
from collections.abc import Callable
from functools import cache, wraps

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator, FuncFormatter

from ._format import shortest

# Okabe and Ito's palette: told apart with every common colour vision, and by lightness in grey print.
BLACK, GREY, PALE = "#222222", "#6b6b6b", "#e9eef2"
BLUE, SKY, GREEN, YELLOW = "#0072B2", "#56B4E9", "#009E73", "#F0E442"
ORANGE, VERMILION, PURPLE = "#E69F00", "#D55E00", "#CC79A7"
SERIES = [BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY]
MARKERS = ["o", "s", "D", "^", "v", "P"]

SMALL, NORMAL = 7.5, 8.5
AROUND = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
RATIO_TICKS = (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000)

# Text becomes outlines, so that a phone without DejaVu shows the columns as set; the salt makes ids repeatable.
RC = {
    "font.family": "DejaVu Sans",
    "font.size": NORMAL,
    "axes.labelsize": NORMAL,
    "axes.titlesize": 9.5,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.edgecolor": BLACK,
    "axes.labelcolor": BLACK,
    "text.color": BLACK,
    "xtick.color": BLACK,
    "ytick.color": BLACK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.dpi": 100,
    "lines.linewidth": 1.2,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "path",
    "svg.hashsalt": "mscmeta",
    "text.usetex": False,
}


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap())


def printable(text: str) -> str:
    """Replace what the font cannot draw: line ends and tabs become spaces, unknown characters a visible mark.

    A missing glyph would only warn, and a control character would make the SVG unreadable.
    """
    flat = " ".join(str(text).split())
    return "".join(c if ord(c) in _glyphs() else "\N{REPLACEMENT CHARACTER}" for c in flat)


def literal(figure: Figure) -> None:
    """Draw every text as it is: a dollar sign in a trial's name starts no formula."""
    for artist in figure.findobj(Text):
        artist.set_parse_math(False)
        artist.set_text("\n".join(printable(line) for line in artist.get_text().split("\n")))


def settle(figure: Figure) -> None:
    """Find the layout once and keep it: every later drawing would move it a little, and the bytes with it."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.draw_without_rendering()  # the first finds the tick labels, the second makes room for them
        figure.set_layout_engine("none")


def styled(plot: Callable) -> Callable:
    """Draw under the book's style, whatever the session's own settings are, and take all text literally."""

    @wraps(plot)
    def draw(*args, **kwargs):
        with mpl.rc_context(RC):
            drawn = plot(*args, **kwargs)
            figure = drawn if isinstance(drawn, Figure) else drawn.figure
            literal(figure)
            if kwargs.get("ax") is None:
                settle(figure)
        return drawn

    return draw


def axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Return the Axes to draw in: the given one, or a new one of `width` x `height` inches."""
    return ax if ax is not None else plt.subplots(figsize=(width, height), layout="constrained")[1]


@cache
def text_width(text: str, size: float = NORMAL, weight: str = "normal") -> float:
    """Return the width in inches of `text` set at `size` points."""
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(printable(text), font, ismath=False)[0] / 72


def wrap(text: str, width: float, size: float = NORMAL) -> list[str]:
    """Break `text` at spaces into lines no wider than `width` inches (a longer word keeps its own line)."""
    lines: list[str] = []
    for word in text.split(" "):  # a no-break space holds
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def cloud(ax, x, y, fine: int) -> None:
    """Draw many points as cells, darker where there are more; one that lies alone is still grey, not white."""
    ax.hexbin(x, y, gridsize=fine, bins="log", vmin=0.3, mincnt=1, cmap="Greys", lw=0, zorder=1)


def study_values(contrasts, *columns: str) -> list[np.ndarray]:
    """Return columns of the contrasts as arrays, refusing a frame without them, without labels or without rows."""
    for column in ("label", *columns):
        if column not in contrasts:
            raise ValueError(f"contrasts lacks the column {column!r}; give the frame of mscmeta.data.contrasts")
    if not len(contrasts):
        raise ValueError("contrasts has no rows; the plot needs at least one trial")
    return [contrasts[column].to_numpy(float) for column in columns]


def effect_axis_label(attrs, effect_label: str, ratio: bool, unit: str | None = None) -> str:
    """Say what the effect axis measures, in which unit, between which limits, and which way is good."""
    if ratio:
        return f"{effect_label}, MSC over control (log scale)"
    unit = attrs.get("unit") if unit is None else unit
    about = [unit] if unit else []
    if attrs.get("low") is not None and attrs.get("high") is not None:
        about.append(f"scale {shortest(attrs['low'])} to {shortest(attrs['high'])}")
    if attrs.get("higher_is") in ("worse", "better"):
        about.append("lower is better" if attrs["higher_is"] == "worse" else "higher is better")
    return f"{effect_label}, MSC minus control" + (f" ({'; '.join(about)})" if about else "")


def ratio_ticks(axis, limits: tuple[float, float]) -> None:
    """Label a log axis with ratios, thinned to decades where there are many."""
    inside = [math.log(t) for t in RATIO_TICKS if limits[0] <= math.log(t) <= limits[1]]
    decades = [t for t in inside if abs(t / math.log(10) - round(t / math.log(10))) < 1e-9]
    axis.set_major_locator(FixedLocator(decades if len(inside) > 7 else inside))
    axis.set_major_formatter(FuncFormatter(lambda x, _: shortest(math.exp(x), 3)))


def name_points(ax, x, y, labels, sizes=30.0) -> None:
    """Write each label beside its point, where it covers neither another label nor a point; call it last.

    Of eight places around the point the first free one is taken, or the one that is covered least. `sizes` are the
    areas of the points in square points of print, as scatter takes them.
    """
    figure = ax.figure
    figure.draw_without_rendering()  # settles the layout, so that places can be measured
    dots = ax.transData.transform(np.column_stack([x, y])) * 72 / figure.dpi
    frame = ax.get_window_extent().extents * 72 / figure.dpi
    radii = np.broadcast_to(np.sqrt(sizes) / 2, len(dots))
    taken = [(px - r, py - r, px + r, py + r) for (px, py), r in zip(dots, radii, strict=True)]
    for i, label in enumerate(labels):
        boxes = _places(*dots[i], radii[i] + 3, 72 * text_width(label, SMALL))
        best = min(boxes, key=lambda box: sum(_overlap(box, other) for other in taken) + 5 * _outside(box, frame))
        taken.append(best)
        shift = (best[0] - dots[i][0], best[1] - dots[i][1])
        point = (np.asarray(x)[i], np.asarray(y)[i])
        ax.annotate(str(label), point, xytext=shift, textcoords="offset points", size=SMALL)


def _places(x, y, gap, width) -> list[tuple[float, float, float, float]]:
    """Return the boxes of a label of `width` to the right, left, above, below and at the corners of a point."""
    lefts = {1: x + gap, 0: x - width / 2, -1: x - gap - width}
    lows = {1: y + gap, 0: y - SMALL / 2, -1: y - gap - SMALL}
    return [(lefts[h], lows[v], lefts[h] + width, lows[v] + SMALL) for h, v in AROUND]


def _overlap(a, b) -> float:
    """Return the area that two boxes share."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _outside(box, frame) -> float:
    return (box[2] - box[0]) * (box[3] - box[1]) - _overlap(box, frame)
