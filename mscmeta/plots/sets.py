"""All sets of trials against a printed result: where in the cloud of possible results does it lie?"""

import numpy as np

from mscmeta.subsets import matches

from ._format import measured
from ._style import BLACK, BLUE, VERMILION, axes, cloud, effect_axis_label, ratio_ticks, styled


@styled
def sets_against_printed(
    sets, estimate, interval, *, within=0.015, attrs=None, ratio=None, effect_label=None, compact=False, ax=None
):
    """Draw the result of every set of trials: pooled effect against width of its interval, the printed one marked.

    Parameters
    ----------
    sets : Pooled
        Result of `mscmeta.subsets.pool_sets` or `mscmeta.gosh`.
    estimate : float
        The printed estimate; a ratio where `ratio`.
    interval : Interval
        The printed limits.
    within : float
        Sets closer than this in estimate and both limits are drawn apart.
    attrs : dict, optional
        `attrs` of the contrasts, for the axis.
    ratio : bool, optional
        Effects are logarithms of ratios; `attrs["measure"]` says so by default.
    effect_label : str, optional
        What the effect is called; from `attrs["measure"]` by default.
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
        If `sets` is no set of results.
    """
    if sets.mask is None or not np.ndim(sets.estimate):
        raise ValueError("sets must hold one replicate a set of trials; give the result of pool_sets or gosh")
    effect_label, ratio = measured(attrs or {}, effect_label, ratio)
    near = matches(sets, estimate, interval, within=within, ratio=ratio)
    printed = [np.log(x) if ratio else x for x in (estimate, interval.low, interval.high)]
    width = np.asarray(sets.ci.high, float) - np.asarray(sets.ci.low, float)
    known = ~np.isnan(width)
    shown = known & (width <= np.quantile(width[known], 0.98)) if known.any() else known
    ax, fine = (axes(ax, 3.7, 4.2), 30) if compact else (axes(ax, 6.4, 4.2), 48)
    if shown.any():
        cloud(ax, sets.estimate[shown], width[shown], fine)
    if near.any():
        label = f"{int(near.sum())} near the printed result"
        ax.plot(
            sets.estimate[near], width[near], "o", ms=4, mfc="none", mec=VERMILION, zorder=5, label=label, gid="near"
        )
    ax.plot(printed[0], printed[2] - printed[1], "D", ms=10, mfc="none", mec=BLUE, mew=2, zorder=4, label="as printed",
            gid="printed")  # fmt: skip
    ax.axvline(0, color=BLACK, lw=0.8, gid="null")
    words = effect_axis_label(attrs or {}, effect_label, ratio)
    ax.set_xlabel(words.replace(" (", "\n(", 1) if compact else words)
    ax.set_ylabel("Width of the interval" + (" (log scale)" if ratio else ""))
    ax.set_ylim(bottom=0)
    if ratio:
        ratio_ticks(ax.xaxis, ax.get_xlim())
    ax.legend(loc="upper left", bbox_to_anchor=(0, 1.12), ncols=2)
    return ax
