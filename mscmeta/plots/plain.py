"""Plain pictures for teaching: labelled curves, ranks that should be level, lines within and between trials."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import bdtr

from ._style import BLACK, GREY, MARKERS, PALE, SERIES, SMALL, axes, styled

DASHES = ["-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (7, 2, 1.5, 2)), (0, (3, 1)), (0, (1, 3))]


@styled
def lines(x, curves, *, xlabel, ylabel, at=None, shaded=None, shaded_label=None, ylim=None, compact=False, ax=None):
    """Draw several curves over one axis, told apart by colour and by dash.

    Parameters
    ----------
    x : array_like
        Increasing values.
    curves : dict of str to array_like
        Name to height at each x.
    xlabel, ylabel : str
        With units.
    at : dict of str to float, optional
        Words to values of x at which to draw an upright line.
    shaded : tuple of float, optional
        Values of x between which the ground is shaded; `shaded_label` says what that is.
    shaded_label : str, optional
    ylim : tuple of float, optional
    compact : bool
        Narrow layout for a phone: the legend stands under the curves.
    ax : Axes, optional
        Axes to draw in.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If x does not increase, or a curve has another number of values.
    """
    x = np.asarray(x, float)
    if x.ndim != 1 or len(x) < 2 or not (np.diff(x) > 0).all():
        raise ValueError("x must increase, and hold at least two values")
    if not isinstance(curves, Mapping) or not 1 <= len(curves) <= len(SERIES):
        raise ValueError(f"curves must be a dict of one to {len(SERIES)} curves, by name")
    ax = axes(ax, *((3.6, 4.2) if compact else (6.8, 3.6)))
    if shaded is not None:
        low, high = (float(np.clip(end, x[0], x[-1])) for end in shaded)
        ax.axvspan(low, high, color=PALE, lw=0, zorder=0, label=shaded_label, gid="shaded")
    for i, (name, heights) in enumerate(curves.items()):
        heights = np.asarray(heights, float)
        if heights.shape != x.shape:
            raise ValueError(f"curve {name!r} has {heights.size} values, but x has {len(x)}")
        ax.plot(x, heights, color=SERIES[i], ls=DASHES[i], lw=1.8, label=name, gid=f"curve-{i}")
    for name, where in (at or {}).items():
        ax.axvline(where, color=BLACK, lw=0.9, gid="at")
        ax.annotate(name, (where, 1), (3, -3), xycoords=("data", "axes fraction"), textcoords="offset points",
                    va="top", size=SMALL)  # fmt: skip
    ax.set(xlim=(x[0], x[-1]), xlabel=xlabel, ylabel=ylabel)
    if ylim is not None:
        ax.set_ylim(*ylim)
    _legend(ax, compact)
    return ax


@styled
def rank_histogram(counts, *, compact=False):
    """Draw how ranks fall into equal bins, a panel each quantity, with the band that level ranks stay in.

    Parameters
    ----------
    counts : dict of str to array_like of int
        Quantity to counts, all of as many ranks and bins.
    compact : bool
        Panels below one another, for a phone.

    Returns
    -------
    Figure
        The band holds 99 % of binomial counts in each bin.

    Raises
    ------
    ValueError
        If there are no counts, or they are of different numbers of bins.
    """
    counts = {name: np.asarray(c, float) for name, c in counts.items()}
    if not counts or len({c.shape for c in counts.values()}) > 1:
        raise ValueError("counts must hold at least one quantity, each with the same number of bins")
    shape, size = ((len(counts), 1), (3.6, 1.9 * len(counts))) if compact else ((1, len(counts)), (7.2, 2.6))
    figure, panels = plt.subplots(*shape, figsize=size, sharey=True, squeeze=False, layout="constrained")
    for panel, (name, values) in zip(panels.flat, counts.items(), strict=True):
        bins, total = len(values), int(values.sum())
        low, high = binomial_band(total, 1 / bins)
        panel.axhspan(low, high, color=PALE, zorder=0, gid="band")
        panel.axhline(total / bins, color=GREY, lw=0.8, zorder=1)
        left = np.arange(bins) / bins
        panel.bar(left, values, 1 / bins, align="edge", color=SERIES[0], ec="white", lw=0.6, zorder=2, gid="bars")
        for edge in (low, high):  # above the bars, which hide the band's lower half
            panel.axhline(edge, color=BLACK, lw=0.8, ls=(0, (4, 2)), zorder=3, gid="edge")
        panel.set(xlim=(0, 1), xticks=[0, 0.5, 1], title=name)
    figure.supxlabel("Share of the posterior below the true value", size=8.5)
    figure.supylabel("Fits", size=8.5)
    return figure


def binomial_band(n: int, p: float, level: float = 0.99) -> tuple[int, int]:
    """Smallest and largest count that leave at most half of 1 - level beyond them.

    Examples
    --------
    >>> binomial_band(1000, 0.05)
    (33, 69)
    """
    below = bdtr(np.arange(n + 1), n, p)
    tail = (1 - level) / 2
    return int(np.searchsorted(below, tail)), int(np.searchsorted(below, 1 - tail))


@styled
def within_between(x, y, groups, *, xlabel, ylabel, compact=False, ax=None):
    """Draw patients of several trials, a line within each, and the line through the trials' means.

    Parameters
    ----------
    x, y : array_like
        One entry a patient.
    groups : sequence of str
        The trial of each patient; at least three trials.
    xlabel, ylabel : str
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
        If the three differ in length, or there are fewer than three trials.
    """
    x, y, groups = np.asarray(x, float), np.asarray(y, float), np.asarray(groups, str)
    names = list(dict.fromkeys(groups.tolist()))
    if not len(x) == len(y) == len(groups) or not 3 <= len(names) <= len(SERIES):
        raise ValueError(f"x, y and groups must be of one length, with three to {len(SERIES)} trials")
    ax = axes(ax, *((3.6, 4.2) if compact else (6.8, 3.8)))
    for i, name in enumerate(names):
        mine = groups == name
        ax.plot(x[mine], y[mine], MARKERS[i], ms=3, color=SERIES[i], alpha=0.55, label=name, gid="patients")
        _line(ax, x[mine], y[mine], color=SERIES[i], lw=2, gid="within")
    centres = np.array([(x[groups == name].mean(), y[groups == name].mean()) for name in names])
    _line(ax, *centres.T, color=BLACK, lw=2, ls=(0, (5, 2)), label="through the trials' means", gid="between")
    ax.plot(*centres.T, "D", ms=8, color=BLACK, mec="white", zorder=5, gid="means")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    _legend(ax, compact)
    return ax


def _legend(ax, compact: bool) -> None:
    """Name the curves beside the axes, on a phone below them."""
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2), "ncols": 1}
    ax.legend(**(below if compact else {"loc": "upper left", "bbox_to_anchor": (1.01, 1)}))


def _line(ax, x, y, **style) -> None:
    """Draw the least-squares line over the range of x."""
    slope, height = np.polyfit(x, y, 1)
    ends = np.array([x.min(), x.max()])
    ax.plot(ends, height + slope * ends, **style)
