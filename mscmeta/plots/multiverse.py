"""All defensible analyses at once: their estimates in order, the choices behind them, and how they spread over time."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from ._style import BLACK, BLUE, GREY, ORANGE, PALE, SKY, SMALL, VERMILION, styled

#: Columns of the panel of choices; more would not be told apart on paper.
BINS = 36


@styled
def specification_curve(found, labels, *, published=(), default=None, effect_label="Mean difference", compact=False):
    """Draw every distinct analysis in order of its estimate, and which choices it was made by.

    Parameters
    ----------
    found : mscmeta.multiverse.Multiverse
        Results.
    labels : mapping of tuple to str
        Words for each (choice, option).
    published : sequence of (str, float)
        Printed estimates to mark, with their names.
    default : int, optional
        Number of the analysis to mark as this book's own.
    effect_label : str
        What the estimates are.
    compact : bool
        Narrow layout for a phone.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If an option has no label.
    """
    named = [(choice, option) for choice, names in found.choices.items() if len(names) > 1 for option in names]
    for pair in named:
        if pair not in labels:
            raise ValueError(f"labels lacks {pair}; give words for every option")
    size = (3.9, 1.9 + 0.24 * len(named) + 2.2) if compact else (7.2, 3.4 + 0.19 * len(named))
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=size, sharex=True, layout="constrained", height_ratios=[3, 0.19 * len(named)]
    )
    figure.get_layout_engine().set(w_pad=0.14)  # the longest words reach the edge
    order = np.argsort(found.estimate, kind="stable")
    _curve(top, found, order, published, default)
    top.set_ylabel(f"{effect_label}\n({found.unit}; {'lower' if found.higher_is == 'worse' else 'higher'} is better)")
    _panel(bottom, found, order, named, [str(labels[pair]) for pair in named])
    figure.legend(
        *top.get_legend_handles_labels(), loc="outside upper center", ncols=1 if compact else 3, fontsize=SMALL
    )
    return figure


def _curve(ax, found, order, published, default) -> None:
    x, estimate, low, high = np.arange(len(order)), found.estimate[order], found.low[order], found.high[order]
    clear = (low > 0) | (high < 0)
    spread = np.ptp(estimate) or 1.0
    floor, ceiling = estimate.min() - 0.9 * spread, max(estimate.max() + 0.9 * spread, 0.25 * spread)
    ends = (np.clip(limit, floor, ceiling) for limit in (low, high))
    ax.fill_between(x, *ends, step="mid", color=PALE, lw=0, zorder=0.5, label="their intervals", gid="intervals")
    for which, colour, name in ((clear, BLUE, "interval excludes no difference"), (~clear, ORANGE, "includes it")):
        ax.plot(x[which], estimate[which], ".", ms=3, color=colour, label=name, gid="estimates", zorder=2)
    ax.axhline(0, color=BLACK, lw=0.9, zorder=1, gid="null")
    side = -1 if found.higher_is == "worse" else 1
    ax.axhline(side * found.mid, color=SKY, lw=1.4, ls=(0, (1, 1.5)), zorder=1, label="MID", gid="mid")
    for (name, value), dash in zip(published, ((4, 3), (6, 2, 1, 2), (2, 2)), strict=False):
        ax.axhline(value, color=VERMILION, lw=1.1, ls=(0, dash), zorder=1.5, label=name, gid="published")
    if default is not None:
        at = int(np.flatnonzero(order == default)[0])
        ax.plot(at, found.estimate[default], "D", ms=6, mfc="white", mec=BLACK, zorder=3, label="this book's settings",
                gid="default")  # fmt: skip
    ax.set_ylim(floor, ceiling)


def _panel(ax, found, order, named, words) -> None:
    """How much of each stretch of the curve comes from each option: the options of a choice share it."""
    bins = min(BINS, len(order))
    edges = np.linspace(0, len(order), bins + 1)
    of_bin = np.minimum((np.arange(len(order)) * bins) // len(order), bins - 1)
    count = np.bincount(of_bin, minlength=bins)
    share = np.array([np.bincount(of_bin, found.share_of(*pair)[order], minlength=bins) / count for pair in named])
    shades = LinearSegmentedColormap.from_list("shades", ["white", BLUE])
    shown = np.ma.masked_less(share, 0.02)  # white is left out of the file
    ax.pcolormesh(edges, np.arange(len(named) + 1), shown, cmap=shades, vmin=0, vmax=1, ec="face", lw=0.2,
                  gid="choices")  # fmt: skip
    ax.set_yticks(np.arange(len(named)) + 0.5, words, size=SMALL)
    for i in range(1, len(named)):
        if named[i][0] != named[i - 1][0]:
            ax.axhline(i, color=GREY, lw=0.7, gid="between-choices")
    ax.set_ylim(len(named), 0)
    ax.set_xlim(0, len(order))
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("Analyses, by estimate")


@styled
def multiverse_spread(found, *, published=None, defaults=None, effect_label="Mean difference", compact=False):
    """Draw how the estimates of all analyses spread, one bar a multiverse, against no difference and the MID.

    Parameters
    ----------
    found : mapping of str to Multiverse
        By the words that name each; all on one scale.
    published : mapping of str to float, optional
        Printed estimate by the same names.
    defaults : mapping of str to float, optional
        Estimate of this book's own settings by the same names.
    effect_label : str
        What the estimates are.
    compact : bool
        Narrow layout for a phone.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there is nothing to draw, or the multiverses are not on one scale.
    """
    if not found:
        raise ValueError("found is empty; there is no multiverse to draw")
    first = next(iter(found.values()))
    if any((one.unit, one.mid, one.higher_is) != (first.unit, first.mid, first.higher_is) for one in found.values()):
        raise ValueError("found holds multiverses on different scales; draw one figure for each scale")
    size = (3.7, 0.5 * len(found) + 1.9) if compact else (6.6, 0.42 * len(found) + 1.5)
    figure, ax = plt.subplots(figsize=size, layout="constrained")
    ax.axvspan(-first.mid, first.mid, color=PALE, lw=0, zorder=0, label="smaller than patients notice", gid="mid-band")
    ax.axvline(0, color=BLACK, lw=0.9, zorder=1, gid="null")
    for y, (name, one) in enumerate(found.items()):
        bands = np.quantile(one.estimate, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1])
        for a, b, width, colour, label in ((0, 6, 1.2, GREY, "all analyses"), (1, 5, 5, SKY, "middle 90%"),
                                           (2, 4, 9, BLUE, "middle half")):  # fmt: skip
            ax.hlines(
                y, bands[a], bands[b], color=colour, lw=width, label=None if y else label, gid=f"band-{a}", zorder=2
            )
        ax.plot(bands[3], y, "|", ms=13, mew=2, color=BLACK, zorder=2.5, label="median", gid="median")
        for values, mark, face, label in ((published, "D", VERMILION, "printed by Sadeghirad"),
                                          (defaults, "o", "white", "this book's settings")):  # fmt: skip
            if values and name in values:
                ax.plot(values[name], y, mark, ms=7, mfc=face, mec=BLACK, zorder=3, label=label, gid=f"mark-{mark}")
    handles, names = ax.get_legend_handles_labels()
    once = dict(zip(names, handles, strict=True))
    figure.legend(once.values(), once.keys(), loc="outside lower center", ncols=2 if compact else 3, fontsize=SMALL)
    ax.set_yticks(range(len(found)), list(found))
    ax.set_ylim(len(found) - 0.4, -0.6)
    direction = "lower is better" if first.higher_is == "worse" else "higher is better"
    ax.set_xlabel(f"{effect_label}{chr(10) if compact else ' '}({first.unit}; {direction})")
    return ax
