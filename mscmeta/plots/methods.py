"""Pictures of how methods behave: the likelihood of tau2, and how often intervals hold the truth."""

import matplotlib.pyplot as plt
import numpy as np

from ._style import BLACK, GREY, MARKERS, PALE, SERIES, VERMILION, axes, styled


@styled
def likelihood(tau2, heights, found, *, unit="", compact=False, ax=None):
    """Draw the log likelihood of tau2, the estimate that is its highest point, and every lower top.

    Parameters
    ----------
    tau2, heights : array_like
        Increasing values of tau2 from 0, and the log likelihood at each (`mscmeta.tau2.likelihood_at`).
    found : float
        The estimate, marked.
    unit : str
        Unit of the effect.
    compact : bool
        Narrow, for a phone.
    ax : Axes, optional
        Axes to draw in.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the two differ in length or `tau2` does not increase.
    """
    tau2, heights = np.asarray(tau2, float), np.asarray(heights, float)
    if tau2.shape != heights.shape or tau2.ndim != 1 or not (np.diff(tau2) > 0).all():
        raise ValueError("tau2 must increase and have one height a value")
    heights = heights - heights.max()
    ax = axes(ax, 3.7 if compact else 6.4, 3.4)
    tau = np.sqrt(tau2)
    ax.plot(tau, heights, color=SERIES[0], gid="likelihood")
    for i in tops(heights):
        if abs(tau2[i] - found) > 0.02 * tau2[-1]:
            ax.plot(tau[i], heights[i], "o", mfc="white", mec=VERMILION, ms=7, label="a lower top", gid="lower-top")
    ax.plot(np.sqrt(found), 0, "D", color=BLACK, ms=7, label="the estimate", gid="estimate")
    ax.set_xlabel(f"tau{f' ({unit})' if unit else ''}")
    ax.set_ylabel("Log likelihood below the top")
    ax.legend(loc="lower left")
    return ax


def tops(heights) -> list[int]:
    """Places of the local maxima of a curve: its left end may be one, its right end not, as it may go on rising.

    Examples
    --------
    >>> tops([3, 2, 5, 1])
    [0, 2]
    """
    heights = np.asarray(heights, float)
    padded = np.concatenate([[-np.inf], heights, [np.inf]])
    return [int(i) for i in np.flatnonzero((heights > padded[:-2]) & (heights >= padded[2:]))]


@styled
def coverage(results, *, level=0.95, compact=False):
    """Draw how often the intervals of each method held the true mean, by number of trials; a panel each I squared.

    Parameters
    ----------
    results : DataFrame
        Columns `k, i2, method, coverage`, as in the table ``coverage``.
    level : float
        What the intervals promise.
    compact : bool
        Narrow, for a phone: the panels below each other.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing or there are no rows.
    """
    for column in ("k", "i2", "method", "coverage"):
        if column not in results:
            raise ValueError(f"results lacks the column {column!r}; give the table 'coverage'")
    if not len(results):
        raise ValueError("results has no rows; nothing can be drawn")
    panels, methods = sorted(results.i2.unique()), list(dict.fromkeys(results.method))
    columns = 1 if compact else min(2, len(panels))
    rows = -(-len(panels) // columns)
    size = (3.7, 1 + 1.9 * rows) if compact else (6.8, 0.7 + 2.5 * rows)
    figure, grid = plt.subplots(
        rows, columns, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for ax, i2 in zip(grid.flat, panels, strict=False):
        ax.axhspan(100 * level - 1, 100 * level + 1, color=PALE, zorder=0)
        ax.axhline(100 * level, color=GREY, lw=0.8, zorder=1)
        for i, method in enumerate(methods):
            some = results[(results.i2 == i2) & (results.method == method)]
            style = {"color": SERIES[i % len(SERIES)], "marker": MARKERS[i % len(MARKERS)], "ms": 4.5}
            ax.plot(some.k, 100 * some.coverage, label=method, gid=f"line-{i}", **style)
        ax.set_title(f"I² about {100 * i2:.0f}%", loc="left")
    for ax in grid.flat[len(panels) :]:
        ax.set_axis_off()
    figure.supxlabel("Number of trials", size=8.5)
    figure.supylabel("Intervals that hold the true mean (%)", size=8.5)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2 if compact else 3)
    return figure
