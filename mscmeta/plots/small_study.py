"""Do small trials tell another story? The contour-enhanced funnel and the radial (Galbraith) plot."""

from itertools import pairwise

import numpy as np
from matplotlib.lines import Line2D
from scipy.special import ndtri

from ._format import measured, shortest
from ._style import BLACK, BLUE, MARKERS, SERIES, axes, effect_axis_label, name_points, ratio_ticks, styled
from ._style import study_values as values_of

SHADES = ("#f7f7f7", "#dfe3e6", "#c3cad0", "#a3adb5")


@styled
def funnel(
    contrasts,
    pooled=None,
    *,
    levels=(0.9, 0.95, 0.99),
    filled=None,
    groups=None,
    names=False,
    ratio=None,
    effect_label=None,
    compact=False,
    ax=None,
):
    """Draw the contour-enhanced funnel plot: effects against standard errors over zones of P.

    Parameters
    ----------
    contrasts : DataFrame
        One row a trial, with `label, y, v`.
    pooled : Pooled, optional
        Adds the pooled effect and the region where 95 % of the trials would lie if they shared it.
    levels : tuple of float
        Confidence levels whose zones around no effect are shaded (Peters et al. 2008).
    filled : TrimAndFill, optional
        Result of `mscmeta.trim_and_fill` for these trials; what it put in is drawn open.
    groups : str, optional
        Column whose values get a mark and a colour of their own; at most six.
    names : bool
        Write the trials' names.
    ratio : bool, optional
        Effects are logarithms of ratios; `attrs["measure"]` says so by default.
    effect_label : str, optional
        What the effect is called; from `attrs["measure"]` by default.
    compact : bool
        Narrow figure for a phone, with the legends below.
    ax : Axes, optional
        Axes to draw in.

    Returns
    -------
    Axes
    """
    y, v = values_of(contrasts, "y", "v")
    if not (levels and all(0 < level < 1 for level in levels) and list(levels) == sorted(levels)):
        raise ValueError(f"levels is {levels!r}; give rising confidence levels between 0 and 1, at most three")
    effect_label, ratio = measured(contrasts.attrs, effect_label, ratio)
    ax, se = axes(ax, *((3.9, 4.8) if compact else (6.4, 4.4))), np.sqrt(v)
    every_y, every_se = (y, se) if filled is None else (filled.y, np.sqrt(filled.v))
    if not np.array_equal(every_y[: len(y)], y):
        raise ValueError("filled does not begin with these trials; give the result of trim_and_fill for them")
    bottom = 1.08 * every_se.max()
    ends = [*every_y, *(() if pooled is None else pooled.estimate + 1.96 * bottom * np.array([-1, 1]))]
    reach = 1.08 * max(map(abs, ends))
    ax.set(xlim=(-reach, reach), ylim=(bottom, 0), ylabel="Standard error (small trials below)")
    _zones(ax, levels, reach, bottom)
    if pooled is not None:
        x, slope = float(pooled.estimate), ndtri(0.975)
        ax.plot([x - slope * bottom, x, x + slope * bottom], [bottom, 0, bottom], color=BLUE, lw=0.9, ls=(0, (4, 3)))
        ax.axvline(x, color=BLUE, lw=1, gid="pooled")
    ax.axvline(0, color=BLACK, lw=0.8, gid="null")
    members = _members(contrasts, groups)
    for i, (group, use) in enumerate(members.items()):
        style = {"marker": MARKERS[i], "color": SERIES[i] if group else BLACK, "label": group or None}
        ax.plot(y[use], se[use], ls="none", ms=5.5, mec="white", mew=0.5, zorder=4, gid="trials", **style)
    if len(every_y) > len(y):
        put_in = slice(len(y), None)
        style = {"color": "white", "mec": BLACK, "ms": 5.5, "zorder": 4, "gid": "filled", "label": "filled in"}
        ax.plot(every_y[put_in], every_se[put_in], "o", **style)
    label = effect_axis_label(contrasts.attrs, effect_label, ratio)
    ax.set_xlabel(label.replace(" (", "\n(", 1) if compact else label)
    if ratio:
        ratio_ticks(ax.xaxis, ax.get_xlim())
    _legend(ax, compact)
    if names:
        name_points(ax, y, se, contrasts["label"])
    return ax


def _members(contrasts, groups) -> dict[str, np.ndarray]:
    """Which trials each group has, in order of appearance; one nameless group without a column."""
    if groups is None:
        return {"": np.ones(len(contrasts), dtype=bool)}
    if groups not in contrasts:
        raise ValueError(f"groups is {groups!r}; name a column of contrasts")
    names = contrasts[groups].astype(str)
    order = list(dict.fromkeys(names))
    if len(order) > len(MARKERS):
        raise ValueError(f"groups gives {len(order)} groups; no more than {len(MARKERS)} can be told apart")
    return {name: (names == name).to_numpy() for name in order}


def _legend(ax, compact) -> None:
    named = sorted(zip(*ax.get_legend_handles_labels(), strict=True), key=lambda pair: isinstance(pair[0], Line2D))
    place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1)}
    if compact:
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "ncols": 2}
    ax.legend(*zip(*named, strict=True), title="Shades: P of a trial", **place)


def _zones(ax, levels, reach, bottom) -> None:
    """Shade from the outside in: each zone covers the middle of the one before it."""
    shades = SHADES[: len(levels) + 1]
    tails = [shortest(1 - level, 3) for level in levels]
    labels = [f"P ≥ {tails[0]}", *(f"{low} ≤ P < {high}" for high, low in pairwise(tails))]
    ax.axvspan(-reach, reach, color=shades[-1], lw=0, zorder=0, label=f"P < {tails[-1]}")
    for level, shade, label in zip(levels[::-1], shades[-2::-1], labels[::-1], strict=True):
        edge = ndtri((1 + level) / 2) * bottom
        ax.fill([-edge, 0, edge], [bottom, 0, bottom], color=shade, lw=0, zorder=0.1, label=label)


@styled
def radial(contrasts, pooled, *, names=True, ratio=None, effect_label=None, ax=None):
    """Draw the radial (Galbraith) plot: precise trials lie far right, and the slope of a line from 0 is an effect.

    Standard errors include tau squared of a random-effects fit, as in metafor.

    Parameters
    ----------
    contrasts : DataFrame
        One row a trial, with `label, y, v`.
    pooled : Pooled
        Their pooled result: the slope, and its band of ± 2.
    names : bool
        Write the trials' names.
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
    y, v = values_of(contrasts, "y", "v")
    effect_label, ratio = measured(contrasts.attrs, effect_label, ratio)
    ax, se = axes(ax, 6.4, 4.4), np.sqrt(v + float(pooled.tau2))
    right, slope = 1.12 / se.min(), float(pooled.estimate)
    ends = np.array([0, right])
    ax.set(xlim=(0, right), xlabel="Precision, 1 / standard error (τ² included)")
    ax.set_ylabel("Effect / standard error")
    ax.fill_between(ends, slope * ends - 2, slope * ends + 2, color=SHADES[1], lw=0, zorder=0)
    ax.plot(ends, slope * ends, color=BLUE, lw=1.2, gid="pooled")
    ax.axhline(0, color=BLACK, lw=0.8, gid="null")
    ax.plot(1 / se, y / se, "o", color=BLACK, ms=5.5, mec="white", mew=0.5, zorder=4, gid="trials")
    high = 1.15 * max(np.abs(y / se).max(), abs(slope) * right + 2)
    ax.set_ylim(-high, high)
    scale = ax.secondary_yaxis("right", functions=(lambda z: z / right, lambda effect: effect * right))
    scale.set_ylabel(effect_axis_label(contrasts.attrs, effect_label, ratio).replace(" (", "\n("))
    if ratio:
        ratio_ticks(scale.yaxis, (-high / right, high / right))
    if names:
        name_points(ax, 1 / se, y / se, contrasts["label"])
    return ax
