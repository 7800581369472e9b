"""The drapery plot: every confidence level at once, so that no single cut-off decides."""

import numpy as np
from scipy.special import ndtr, stdtr

from ._format import measured
from ._style import (
    BLACK,
    BLUE,
    GREY,
    PALE,
    SMALL,
    VERMILION,
    axes,
    effect_axis_label,
    ratio_ticks,
    study_values,
    styled,
)


@styled
def drapery(contrasts, pooled, *, mid=None, ratio=None, effect_label=None, ax=None):
    """Draw the P value of every possible true effect, for each trial and for the pooled result.

    The curve of the pooled result uses the same distribution (t or normal) as its interval; where a curve crosses 0.05
    its 95 % interval ends (Rücker & Schwarzer 2021).

    Parameters
    ----------
    contrasts : DataFrame
        One row a trial, with `label, y, v`.
    pooled : Pooled
        Their pooled result.
    mid : float or False, optional
        Smallest difference that patients notice; `attrs["mid"]` by default.
    ratio : bool, optional
        Effects are logarithms of ratios; `attrs["measure"]` says so by default.
    effect_label : str, optional
        What the effect is called; from `attrs["measure"]` by default.
    ax : Axes, optional
        Axes to draw in.

    Returns
    -------
    Axes
    """
    y, v = study_values(contrasts, "y", "v")
    effect_label, ratio = measured(contrasts.attrs, effect_label, ratio)
    ax, se = axes(ax, 6.4, 4.2), np.sqrt(v)
    centre, half = float(pooled.estimate), 3.2 * max(float(np.median(se)), float(pooled.se))
    low, high = min(centre - half, y.min(), 0), max(centre + half, y.max(), 0)
    theta = np.linspace(low, high, 401)
    mid = contrasts.attrs.get("mid") if mid is None else mid or None
    if mid is not None and not ratio:
        ax.axvspan(-mid, mid, color=PALE, lw=0, zorder=0, label="smaller than the MID")
    for effect, error in zip(y, se, strict=True):
        ax.plot(theta, 2 * ndtr(-np.abs(theta - effect) / error), color=GREY, lw=0.7, alpha=0.7, gid="trial")
    statistic = np.abs(theta - centre) / float(pooled.se)
    curve = 2 * (stdtr(float(pooled.df), -statistic) if np.isfinite(pooled.df) else ndtr(-statistic))
    ax.plot(theta, curve, color=BLUE, lw=2.2, gid="pooled", label="pooled")
    ax.plot([], [], color=GREY, lw=0.7, label="single trials")
    ax.axvline(0, color=BLACK, lw=0.8, gid="null")
    ax.axhline(0.05, color=VERMILION, lw=0.9, ls=(0, (4, 3)))
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1}
    ax.text(
        high, 0.06, "0.05: ends of the 95% interval", ha="right", va="bottom", size=SMALL, color=VERMILION, bbox=box
    )
    ax.set(xlim=(low, high), ylim=(0, 1.02), ylabel="P value of this true effect")
    ax.set_xlabel(effect_axis_label(contrasts.attrs, effect_label, ratio))
    if ratio:
        ratio_ticks(ax.xaxis, (low, high))
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    return ax
