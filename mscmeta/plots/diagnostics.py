"""How much the result hangs on single trials: all subsets (GOSH), and the influence panel."""

import math

import numpy as np
from scipy.special import chdtri

from ._format import measured
from ._style import (
    BLACK,
    BLUE,
    GREY,
    SMALL,
    VERMILION,
    cloud,
    effect_axis_label,
    plt,
    printable,
    ratio_ticks,
    styled,
    wrap,
)

PANELS = {
    "rstudent": "Studentised residual",
    "dffits": "DFFITS",
    "cook_d": "Cook's distance",
    "cov_ratio": "Covariance ratio",
    "tau2_deleted": "τ² without the trial",
    "q_deleted": "Q without the trial",
    "hat": "Hat value",
    "weight": "Weight",
}


@styled
def gosh(subsets, *, trial=None, labels=None, ratio=None, effect_label=None, attrs=None, compact=False):
    """Draw the results of all subsets of trials: pooled effect against I² (Olkin, Dahabreh & Trikalinos 2012).

    Two clouds mean two kinds of trials; `trial` shows whether one of them makes the difference.

    Parameters
    ----------
    subsets : Pooled
        Result of `mscmeta.gosh`: one replicate a subset, with its `mask`.
    trial : str, optional
        Show the subsets with and without this trial apart; needs `labels`.
    labels : sequence of str, optional
        Names of the trials, in the order of the mask.
    ratio : bool, optional
        Effects are logarithms of ratios; `attrs["measure"]` says so by default.
    effect_label : str, optional
        What the effect is called; from `attrs["measure"]` by default.
    attrs : dict, optional
        `attrs` of the contrasts, for the axis.
    compact : bool
        Narrow, for a phone.

    Returns
    -------
    Figure
        Above the distribution of the pooled effects, below effect and I².
    """
    effects, i2 = np.asarray(subsets.estimate, float), 100 * np.asarray(subsets.i2, float)
    mixed = np.asarray(subsets.k) > 1
    effect_label, ratio = measured(attrs or {}, effect_label, ratio)
    groups = _groups(subsets, trial, labels)
    size = (3.9, 4.8) if compact else (6.4, 5.2)
    figure, (top, main) = plt.subplots(2, 1, figsize=size, sharex=True, height_ratios=(1, 3), layout="constrained")
    cloud(main, effects[mixed], i2[mixed], 30 if compact else 45)
    bins = np.linspace(effects.min(), effects.max() + 1e-12, 61)
    for (name, members), color, style in zip(groups.items(), (BLUE, VERMILION), ("-", (0, (4, 2))), strict=False):
        label = "\n".join(wrap(name, 2.6))  # room is left for the panels, however long a trial's name
        top.hist(effects[members], bins=bins, histtype="step", color=color, ls=style, lw=1.4, label=label)
        if trial is not None:
            centre = effects[members & mixed].mean(), i2[members & mixed].mean()
            main.plot(*centre, "o" if color == BLUE else "s", ms=9, color=color, mec="white", zorder=3)
    for panel in (top, main):
        panel.axvline(0, color=BLACK, lw=0.8)
    top.set_ylabel("Subsets")
    top.legend(loc="lower right", bbox_to_anchor=(1, 1))
    main.set(ylim=(-3, 103), ylabel="I² (%)")
    words = effect_axis_label(attrs or {}, effect_label, ratio)
    main.set_xlabel("\n".join(wrap(words, 2.8)) if compact else words)
    if ratio:
        ratio_ticks(main.xaxis, main.get_xlim())
    return figure


def _groups(subsets, trial, labels) -> dict:
    if subsets.mask is None or not np.ndim(subsets.estimate):
        raise ValueError("subsets must be the result of mscmeta.gosh: one replicate a subset, with its mask")
    if trial is None:
        return {f"all {len(subsets.estimate):,} subsets": np.ones(len(subsets.estimate), bool)}
    if labels is None or trial not in list(labels):
        raise ValueError(f"trial is {trial!r}, which is none of the labels; give the labels in the order of the mask")
    inside = np.asarray(subsets.mask)[list(labels).index(trial)].astype(bool)
    return {f"with {trial}": inside, f"without {trial}": ~inside}


@styled
def influence_panel(measures, labels):
    """Draw the eight influence diagnostics, a panel each, with metafor's limits where it has them.

    Parameters
    ----------
    measures : DataFrame
        Result of `mscmeta.influence`: columns `rstudent, dffits, cook_d, cov_ratio, tau2_deleted, q_deleted, hat,
        weight`, one row a trial.
    labels : sequence of str
        Names of the trials.

    Returns
    -------
    Figure
        Points beyond a limit are red squares.
    """
    missing = set(PANELS) - set(measures)
    if missing:
        raise ValueError(f"measures lacks {', '.join(sorted(missing))}; give the result of mscmeta.influence")
    k, labels = len(measures), [printable(label) for label in labels]
    if len(labels) != k:
        raise ValueError(f"labels names {len(labels)} trials, but measures has {k} rows")
    figure, panels = plt.subplots(2, 4, figsize=(9.6, 1.2 + 2 * (0.6 + 0.19 * k)), sharey=True, layout="constrained")
    rows = np.arange(k)
    for panel, (name, title) in zip(panels.flat, PANELS.items(), strict=True):
        values, limits = measures[name].to_numpy(float), _limits(name, k)
        beyond = np.zeros(k, bool)
        for limit, side in limits:
            panel.axvline(limit, color=VERMILION, lw=0.9, ls=(0, (4, 3)))
            beyond |= side * (values - limit) > 0
        panel.plot(values, rows, color=GREY, lw=0.7)
        panel.plot(values[~beyond], rows[~beyond], "o", color=BLUE, ms=4.5)
        panel.plot(values[beyond], rows[beyond], "s", color=VERMILION, mec=BLACK, mew=0.5, ms=6, gid="beyond")
        panel.set_title(title)
        panel.set(yticks=rows, ylim=(k - 0.5, -0.5))
        panel.set_yticks(rows, labels=labels)
        panel.grid(axis="y", color=GREY, alpha=0.25, lw=0.5)
        panel.tick_params(axis="x", labelsize=SMALL)
    return figure


def _limits(name: str, k: int) -> list[tuple[float, int]]:
    """Return metafor's limits for one coefficient, each with the side on which a point counts as influential.

    A covariance ratio of 1 is a line to read against, not a limit.
    """
    spread = 3 * math.sqrt(1 / (k - 1)) if k > 1 else math.inf
    return {
        "rstudent": [(-1.96, -1), (1.96, 1)],
        "dffits": [(-spread, -1), (spread, 1)],
        "cook_d": [(float(chdtri(1, 0.5)), 1)],
        "cov_ratio": [(1.0, 0)],
        "hat": [(3 / k, 1)],
    }.get(name, [])
