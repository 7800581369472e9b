"""One point a trial: L'Abbé for events, Baujat for heterogeneity and influence, the bubble plot of a moderator."""

import numpy as np

from ..pool import pool
from ._format import MEASURES, measured, shortest
from ._style import (
    BLACK,
    BLUE,
    PALE,
    axes,
    effect_axis_label,
    name_points,
    ratio_ticks,
    study_values,
    styled,
)


@styled
def labbe(contrasts, pooled=None, *, measure="RR", event="event", names=True, compact=False, ax=None):
    """Draw the L'Abbé plot: the risk in the MSC arm against the risk in the control arm.

    Parameters
    ----------
    contrasts : DataFrame
        One row a trial, with `label, events_1, n_1, events_2, n_2`; arm 1 is MSC.
    pooled : Pooled, optional
        Pooled `measure`; ratios on the log scale. Drawn as the line of equal effect.
    measure : {"RR", "OR", "RD"}
        What was pooled.
    event : str
        What was counted, for the axes.
    names : bool
        Write the trials' names.
    compact : bool
        Narrow, for a phone.
    ax : Axes, optional
        Axes to draw in.

    Returns
    -------
    Axes
    """
    if measure not in ("RR", "OR", "RD"):
        raise ValueError(f"measure is {measure!r}; choose RR, OR or RD")
    events_1, n_1, events_2, n_2 = study_values(contrasts, "events_1", "n_1", "events_2", "n_2")
    ax, control = axes(ax, *((3.9, 4.1) if compact else (4.8, 4.8))), np.linspace(0, 1, 201)
    risk_1, risk_2, n = events_1 / n_1, events_2 / n_2, n_1 + n_2
    ax.plot([0, 1], [0, 1], color=BLACK, lw=0.8, gid="null", label="no difference")
    if pooled is not None:
        effect = float(pooled.estimate)
        expected = {"RR": np.exp(effect) * control, "RD": control + effect}.get(measure)
        if measure == "OR":
            expected = np.exp(effect) * control / (1 - control + np.exp(effect) * control)
        shown = shortest(effect if measure == "RD" else np.exp(effect))
        label = f"pooled {MEASURES[measure].lower()} {shown}"
        ax.plot(control, expected, color=BLUE, lw=1.2, ls=(0, (4, 3)), gid="pooled", label=label)
    sizes = 300 * n / n.max()
    ax.scatter(risk_2, risk_1, s=sizes, color=BLUE, alpha=0.55, edgecolor=BLACK, lw=0.7, zorder=3)
    reach = min(1.0, 1.4 * max(risk_1.max(), risk_2.max(), 0.1))  # rare events would huddle in a corner
    ax.set(xlim=(-0.03 * reach, 1.03 * reach), ylim=(-0.03 * reach, 1.03 * reach), aspect="equal")
    gap = "\n" if compact else " "
    ax.set_xlabel(f"Risk of {event}, control{gap}(area of a circle: patients)")
    ax.set_ylabel(f"Risk of {event}, MSC")
    ax.legend(loc="upper left")
    if names:
        name_points(ax, risk_2, risk_1, contrasts["label"], sizes)
    return ax


@styled
def baujat(contrasts, pooled, *, names=True, ax=None):
    """Draw the Baujat plot: which trials make the heterogeneity, and which move the result.

    Right: the trial's share of Q, (y - mean)² / (v + tau²), as metafor has it. Up: how far the pooled effect moves
    without the trial, squared and divided by its variance then (Baujat et al. 2002).

    Parameters
    ----------
    contrasts : DataFrame
        One row a trial, with `label, y, v`; at least three.
    pooled : Pooled
        Their pooled result; each trial is left out under the same method.
    names : bool
        Write the trials' names.
    ax : Axes, optional
        Axes to draw in.

    Returns
    -------
    Axes
    """
    y, v = study_values(contrasts, "y", "v")
    if len(y) < 3:
        raise ValueError(f"contrasts has {len(y)} rows; a Baujat plot leaves one out and needs at least three")
    left_out = _without_each(y, v, pooled)
    share = (y - pooled.estimate) ** 2 / (v + pooled.tau2)
    moved = (left_out.estimate - pooled.estimate) ** 2 / left_out.se**2
    ax = axes(ax, 6.0, 4.2)
    ax.plot(share, moved, "o", color=BLUE, ms=6, mec=BLACK, mew=0.6, gid="trials")
    ax.set(xlim=(-0.03 * share.max(), 1.15 * share.max()), ylim=(-0.04 * moved.max(), 1.12 * moved.max()))
    ax.set_xlabel("Contribution to heterogeneity (share of Q)")
    ax.set_ylabel("Influence on the pooled effect\n(squared, in standard errors)")
    if names:
        name_points(ax, share, moved, contrasts["label"])
    return ax


def _without_each(y, v, pooled):
    """Refit without each trial in turn: one call, a replicate a trial."""
    k = len(y)
    ys, vs = np.tile(y[:, None], k), np.tile(v[:, None], k)
    np.fill_diagonal(ys, np.nan)
    np.fill_diagonal(vs, np.nan)
    tau2 = float(pooled.tau2) if pooled.tau2_method == "given" else pooled.tau2_method
    return pool(ys, vs, tau2=tau2, ci=pooled.ci_method, level=pooled.level)


@styled
def bubble(
    contrasts,
    moderator,
    *,
    weights=None,
    line=None,
    moderator_label=None,
    names=True,
    ratio=None,
    effect_label=None,
    compact=False,
    ax=None,
):
    """Draw effects against a moderator, with the line of a meta-regression.

    Parameters
    ----------
    contrasts : DataFrame
        One row a trial, with `label, y, v` and the moderator.
    moderator : str
        Its column, numeric.
    weights : array, optional
        Weights of the trials, for the area of the bubbles; 1 / v by default.
    line : dict of array, optional
        `x, estimate, low, high`: the fitted line and its interval.
    moderator_label : str, optional
        What the moderator is, with its unit; the column's name by default.
    names : bool
        Write the trials' names.
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
    """
    y, v, x = study_values(contrasts, "y", "v", moderator)
    if np.isnan(x).any():
        label = contrasts["label"].iloc[int(np.flatnonzero(np.isnan(x))[0])]
        raise ValueError(f"{moderator} of {label!r} is missing; leave the trial out before drawing")
    effect_label, ratio = measured(contrasts.attrs, effect_label, ratio)
    weights = 1 / v if weights is None else np.asarray(weights, float)
    ax = axes(ax, *((3.6, 4.2) if compact else (6.4, 4.4)))
    ax.margins(0.12)
    if line is not None:
        ax.fill_between(line["x"], line["low"], line["high"], color=PALE, lw=0, zorder=0)
        ax.plot(line["x"], line["estimate"], color=BLUE, lw=1.3, gid="line")
    ax.axhline(0, color=BLACK, lw=0.8, gid="null")
    sizes = 320 * weights / weights.max()
    ax.scatter(x, y, s=sizes, color=BLUE, alpha=0.55, edgecolor=BLACK, lw=0.7, zorder=3)
    ax.set_xlabel(moderator_label or moderator)
    ax.set_ylabel(effect_axis_label(contrasts.attrs, effect_label, ratio).replace(" (", "\n("))
    if ratio:
        ratio_ticks(ax.yaxis, ax.get_ylim())
    if names:
        name_points(ax, x, y, contrasts["label"], sizes)
    return ax
