"""What an opinion was before the trials and what it is after them: one panel an opinion."""

import matplotlib.pyplot as plt
import numpy as np

from ._format import shortest
from ._style import BLACK, BLUE, GREY, PALE, SKY, SMALL, styled


@styled
def opinions(rows, mid, *, unit="", higher_is="worse", effect_label="Mean difference", compact=False):
    """Draw prior and posterior of the mean effect, one panel an opinion, over the band of the MID.

    Parameters
    ----------
    rows : list of dict
        One opinion a row: `label`; `prior` and `posterior`, objects with a method `density` (`NormalPrior`,
        `Posterior`); optionally `note`, words for the right-hand side.
    mid : float
        Smallest difference that patients notice, positive, in `unit`.
    unit : str
        Unit of the effect.
    higher_is : {"worse", "better"}
        What a higher score means; it decides on which side the posterior is filled in a strong colour: a benefit of at
        least the MID.
    effect_label : str
        What the effect is called.
    compact : bool
        Narrow figure for a phone.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there are no rows, the MID is not positive, or the direction is unknown.
    """
    if not rows:
        raise ValueError("rows is empty; give at least one opinion")
    if not mid > 0:
        raise ValueError(f"mid is {mid!r}; give the smallest noticeable difference as a positive number")
    if higher_is not in ("worse", "better"):
        raise ValueError(f"higher_is is {higher_is!r}; use 'worse' or 'better'")
    width, height = (3.9, 1.25) if compact else (6.8, 1.0)
    size = (width, 0.8 + height * len(rows))
    figure, panels = plt.subplots(len(rows), 1, figsize=size, sharex=True, sharey=True, squeeze=False,
                                  layout="constrained")  # fmt: skip
    x = _span(rows, mid)
    for ax, row in zip(panels[:, 0], rows, strict=True):
        _panel(ax, row, x, mid, higher_is)
        _title(ax, str(row["label"]), str(row.get("note") or ""), compact)
    last = panels[-1, 0]
    last.set_xlim(x[0], x[-1])
    better = "lower" if higher_is == "worse" else "higher"
    last.set_xlabel(f"{effect_label}, MSC minus control\n({unit + '; ' if unit else ''}{better} is better)")
    handles, labels = _named(panels[:, 0])
    figure.legend(handles, labels, loc="outside upper center", ncols=1 if compact else 2)
    return figure


def _span(rows, mid) -> np.ndarray:
    """Effects that the panels show: where some posterior is not negligible, and the band with a margin."""
    wide = np.linspace(-20 * mid, 20 * mid, 2001)
    seen = np.zeros_like(wide, dtype=bool)
    for row in rows:
        heights = row["posterior"].density(wide)
        seen |= heights > 0.004 * heights.max()
    ends = wide[seen]
    return np.linspace(min(ends[0], -1.6 * mid), max(ends[-1], 1.6 * mid), 401)


def _panel(ax, row, x, mid, higher_is) -> None:
    before, after = row["prior"].density(x), row["posterior"].density(x)
    noticed = x <= -mid if higher_is == "worse" else x >= mid
    ax.axvspan(-mid, mid, color=PALE, lw=0, zorder=0, label=f"smaller than patients notice (MID {shortest(mid)})")
    ax.axvline(0, color=BLACK, lw=0.8, gid="null")
    ax.fill_between(x, after, color=SKY, alpha=0.35, lw=0, zorder=2)
    ax.fill_between(x, after, where=noticed, color=BLUE, alpha=0.75, lw=0, zorder=2.1, gid="noticed",
                    label="after: a benefit that patients notice")  # fmt: skip
    ax.plot(x, after, color=BLUE, lw=1.5, zorder=3, gid="posterior", label="after the trials")
    if before.any():
        ax.plot(x, before, color=GREY, lw=1.3, ls=(0, (4, 2)), zorder=3, gid="prior", label="before the trials")
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)


def _title(ax, label, note, compact) -> None:
    """Write the opinion above its panel, and the note beside it or, where that has no room, below it."""
    style = {"size": SMALL, "color": BLACK, "pad": 3}
    if not compact:
        ax.set_title(note, loc="right", **style)
        ax.set_title(label, loc="left", weight="bold", **style | {"size": SMALL + 1})
    else:
        ax.set_title("\n".join(filter(None, (label, note))), loc="left", **style)


def _named(panels):
    """Every labelled mark of the panels once: a flat prior has no curve, so no single panel has them all."""
    found = {}
    for ax in panels:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)
