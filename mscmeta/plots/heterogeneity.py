"""What I squared depends on: the size of the trials, besides how far their true effects lie apart."""

import numpy as np

from ._style import GREY, MARKERS, SERIES, axes, styled


@styled
def i2_by_size(patients, shares, *, here=None, compact=False, ax=None):
    """Draw I squared against the size of the trials, a line for each spread of true effects.

    Parameters
    ----------
    patients : array_like
        Patients of a trial, positive and increasing; drawn on a log scale.
    shares : mapping of str to array_like
        Name of a line to I squared, 0 to 1, at each size.
    here : float, optional
        Size of the trials at hand, marked.
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
        If the sizes do not increase, there is no line, or one has another length or leaves 0 to 1.
    """
    patients = np.asarray(patients, float)
    if patients.ndim != 1 or not (np.diff(patients) > 0).all() or not patients[0] > 0:
        raise ValueError("patients must be positive and increase")
    if not shares:
        raise ValueError("shares is empty; give at least one line")
    ax = axes(ax, *((3.7, 4.2) if compact else (6.4, 3.6)))
    for i, (name, share) in enumerate(shares.items()):
        share = np.asarray(share, float)
        if share.shape != patients.shape or not ((share >= 0) & (share <= 1)).all():
            raise ValueError(f"shares of {name!r} must hold one value from 0 to 1 for each size")
        style = {"color": SERIES[i % len(SERIES)], "marker": MARKERS[i % len(MARKERS)], "ms": 4.5}
        ax.plot(patients, 100 * share, label=name, gid=f"line-{i}", **style)
    if here is not None:
        ax.axvline(here, color=GREY, lw=0.8, ls="--", label="size of these trials", gid="here", zorder=1)
    ax.set_xscale("log")
    ax.set_xticks(patients, [f"{size:.0f}" for size in patients])
    ax.minorticks_off()
    ax.set_ylim(0, 100)
    ax.set_xlabel("Patients in a trial")
    ax.set_ylabel("I² (%)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14 if compact else 1.2), ncols=1 if compact else 2)
    return ax
