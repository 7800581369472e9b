"""Risk of bias as it is read best: a table of marks, one a trial and domain, and the share of each level."""

import numpy as np

from ._forest_layout import ROB_COLOURS, rob_mark
from ._forest_rows import ROB_SYMBOLS
from ._hatch import Hatched
from ._style import BLACK, NORMAL, SMALL, axes, plt, printable, styled, text_width, wrap

HATCHES = {"?": [Hatched(90)], "\N{MINUS SIGN}": [Hatched(45)], "i": [Hatched(45, 135)]}


def _levels(judgements):
    """Return the levels in lower case, refusing what no tool knows: a wrong level must not become a blank."""
    if not len(judgements) or not len(judgements.columns):
        raise ValueError("judgements is empty; give a row a trial and a column a domain")
    levels = judgements.map(lambda level: "" if level is None or level != level else str(level).strip().lower())
    for trial, row in levels.iterrows():
        for domain, level in row.items():
            if level and level not in ROB_SYMBOLS:
                known = ", ".join(ROB_SYMBOLS)
                raise ValueError(f"judgement of {trial!r} for {domain!r} is {level!r}; known levels: {known}")
    return levels


@styled
def risk_of_bias(judgements, *, ax=None):
    """Draw the traffic-light table.

    Parameters
    ----------
    judgements : DataFrame
        Index: trials; columns: domains (and "overall"); cells: low, some concerns, unclear, moderate, high, serious,
        critical, no information, or empty where a review did not judge.
    ax : Axes, optional
        Axes to draw in.

    Returns
    -------
    Axes
    """
    levels = _levels(judgements)
    step, line = 0.62, 0.3
    left = max(text_width(trial) for trial in levels.index) + 0.2
    head = 0.25 + 0.72 * max(text_width(domain) for domain in levels.columns)
    slant = 0.7 * text_width(levels.columns[-1])
    width = max(left + step * len(levels.columns) + slant, 3.0)
    legend = wrap(_legend(levels), width, SMALL)
    height = head + line * len(levels) + 0.1 + 0.16 * len(legend)
    if ax is None:
        ax = plt.figure(figsize=(width + 0.2, height + 0.1)).add_axes([0.02, 0.01, 0.97, 0.98])
    ax.set(xlim=(0, width), ylim=(0, height))
    ax.axis("off")
    top = height - head
    for j, domain in enumerate(levels.columns):
        x = left + step * (j + 0.5)
        ax.text(x - 0.05, top + 0.06, str(domain), rotation=45, ha="left", va="bottom", rotation_mode="anchor")
    for i, (trial, row) in enumerate(levels.iterrows()):
        y = top - line * (i + 0.5)
        ax.plot([0, left + step * len(levels.columns)], [y + line / 2] * 2, color=BLACK, lw=0.3)
        ax.text(0, y, str(trial), va="center_baseline")
        for j, level in enumerate(row):
            if level:
                rob_mark(ax, left + step * (j + 0.5), y, level)
    for i, text in enumerate(legend):
        ax.text(0, 0.1 + 0.16 * (len(legend) - 1 - i), text, size=SMALL, va="center")
    return ax


def _legend(levels) -> str:
    seen = [level for level in ROB_SYMBOLS if (levels == level).any(axis=None)]
    blank = ["empty: not judged or not printed"] if (levels == "").any(axis=None) else []
    return " · ".join([*(f"{ROB_SYMBOLS[level]}\N{NO-BREAK SPACE}{level}" for level in seen), *blank])


@styled
def risk_of_bias_summary(judgements, *, weights=None, compact=False, ax=None):
    """Draw the share of trials (or of weight) at each level, a bar a domain.

    Parameters
    ----------
    judgements : DataFrame
        As for `risk_of_bias`.
    weights : sequence of float, optional
        Weights of the trials in a meta-analysis; all trials count the same by default.
    compact : bool
        Narrow, for a phone.
    ax : Axes, optional
        Axes to draw in.

    Returns
    -------
    Axes
    """
    levels = _levels(judgements)
    weights = np.ones(len(levels)) if weights is None else np.asarray(weights, float)
    if weights.shape != (len(levels),):
        raise ValueError(f"weights has shape {weights.shape}, but there are {len(levels)} trials")
    shares = 100 * weights / weights.sum()
    ax = axes(ax, 3.6 if compact else 6.6, 1.3 + 0.36 * len(levels.columns) + 0.4 * compact)
    rows, seen = np.arange(len(levels.columns)), [*ROB_SYMBOLS, ""]
    start = np.zeros(len(rows))
    for level in [level for level in seen if (levels == level).any(axis=None)]:
        widths = np.array([shares[(levels[domain] == level).to_numpy()].sum() for domain in levels.columns])
        symbol = ROB_SYMBOLS.get(level, "")
        color = ROB_COLOURS.get(symbol, "white")
        label = f"{symbol} {level}" if level else "not judged"
        look = {"color": color, "edgecolor": BLACK, "lw": 0.6, "path_effects": HATCHES.get(symbol)}
        ax.barh(rows, widths, left=start, label=label, **look)
        for row, width, x in zip(rows, widths, start, strict=True):
            if width >= 6 and symbol:
                ink = "white" if symbol in "!i" else BLACK
                box = {"facecolor": color, "edgecolor": "none", "pad": 1}
                ax.text(x + width / 2, row, symbol, ha="center", va="center", weight="bold", color=ink, bbox=box)
        start += widths
    ax.set_yticks(rows, labels=[printable(domain) for domain in levels.columns], size=NORMAL)
    ax.set(xlim=(0, 100), ylim=(len(rows) - 0.5, -0.5), xlabel="Share of trials (%)")
    if not np.allclose(weights, weights[0]):
        ax.set_xlabel("Share of weight (%)")
    place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "ncols": 3}
    ax.legend(**place if compact else {"loc": "upper left", "bbox_to_anchor": (1.01, 1)})
    return ax
