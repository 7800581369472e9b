"""Trial sequential analysis: the evidence after every trial against the boundary for looking so often."""

import numpy as np

from ._style import BLACK, BLUE, GREY, SMALL, VERMILION, axes, styled

#: Boundaries higher than this are of no interest and would flatten the rest.
HIGHEST = 8.0


@styled
def sequential_path(looks, labels, *, compact=False, ax=None):
    """Draw z after every trial against the share of the information required, with the boundaries.

    Parameters
    ----------
    looks : Path
        Result of `mscmeta.sequential.path`.
    labels : sequence of str
        Names of the trials in order; one a look.
    compact : bool
        Narrow, for a phone.
    ax : Axes, optional
        Axes to draw in.

    Returns
    -------
    Axes
    """
    if len(labels) < len(looks.z):
        raise ValueError(f"labels names {len(labels)} trials, but there are {len(looks.z)} looks")
    ax, share = axes(ax, *((3.7, 4.6) if compact else (6.6, 4.2))), 100 * looks.fraction
    inside = np.where(looks.bound <= HIGHEST, looks.bound, np.nan)
    for side in (1, -1):
        ax.plot(share, side * inside, color=VERMILION, lw=1.4, marker="_", ms=7, gid="bound",
                label="boundary, O'Brien–Fleming type" if side > 0 else None)  # fmt: skip
        ax.axhline(side * 1.96, color=GREY, lw=0.8, ls=(0, (4, 3)), label="1.96: one look only" if side > 0 else None)
    ax.plot(share, looks.z, color=BLUE, marker="o", ms=4.5, lw=1.2, gid="path", label="after each trial")
    ax.axhline(0, color=BLACK, lw=0.8)
    ax.axvline(100, color=BLACK, lw=0.8, ls=":")
    top = min(HIGHEST, 1.15 * max(3.0, np.nanmax(np.abs(looks.z)), np.nanmax(inside, initial=0.0)))
    name = str(labels[len(looks.z) - 1])
    away, ha = ((-6, -12), "right") if compact else ((6, 4), "left")
    last = ax.annotate(name, (share[-1], looks.z[-1]), xytext=away, ha=ha, textcoords="offset points",
                       size=SMALL, color=GREY)  # fmt: skip
    last.set_gid("last")
    ax.set(xlim=(0, 105), ylim=(-top, top), xlabel="Information reached (% of that required)",
           ylabel="z of the pooled effect (below 0: MSC lower)")  # fmt: skip
    above, below = {"bbox_to_anchor": (0, 1.12), "ncols": 3}, {"bbox_to_anchor": (0, -0.14)}
    ax.legend(loc="upper left", **(below if compact else above), fontsize=SMALL)
    return ax
