"""The forest plot: columns as Cochrane's readers know them, with the prediction interval and the MID beside them."""

import numpy as np

from . import _forest_marks as marks
from . import _forest_rows as rows_of
from ._forest_layout import Compact, Wide
from ._format import measured, percent, shortest
from ._style import GREY, SMALL, effect_axis_label, styled, text_width, wrap

ROB_LEGEND = "Risk of bias (overall, as the review judged it): + low, ? unclear or some concerns, − high."


@styled
def forest(
    contrasts,
    pooled=None,
    *,
    subgroups=None,
    pooled_by=None,
    prediction=True,
    mid=None,
    null=None,
    favours=("favours MSC", "favours control"),
    effect_label=None,
    unit=None,
    raw=True,
    published=None,
    rob=True,
    ratio=None,
    decimals=2,
    xlim=None,
    compact=False,
    ax=None,
):
    """Draw the forest plot of a set of contrasts and their pooled result.

    Parameters
    ----------
    contrasts : DataFrame
        One row a trial with `label, y, v`, and what there is of `mean_1, sd_1, n_1, mean_2, sd_2, n_2` (or `events_1,
        n_1, events_2, n_2`), `rob`, `kind` and `how`. `attrs` gives `unit`, `low`, `high`, `higher_is` and `mid`.
    pooled : Pooled, optional
        The result of exactly these rows, in this order. May be left out when there are subgroups.
    subgroups : str, optional
        Column that splits the rows.
    pooled_by : dict of str to Pooled, optional
        The result of each subgroup, in the order in which they are drawn.
    prediction : bool or str
        Draw the prediction interval; a string names its rule.
    mid : float or False, optional
        Smallest difference that patients notice, as printed on the axis (a factor for ratios). `attrs["mid"]` by
        default.
    null : float, optional
        No effect, as printed on the axis: 0, or 1 for ratios.
    favours : tuple of str
        Words for benefit and for harm; `attrs["higher_is"]` decides which stands left.
    effect_label, unit : str, optional
        What the effect is called and its unit; from `attrs["measure"]` and `attrs["unit"]` by default.
    raw : bool
        Show each arm's data.
    published : dict or list of dict, optional
        Results as a review printed them: `estimate, low, high, label` (ratios as ratios). Drawn as open diamonds.
    rob : bool
        Show overall risk of bias, where the frame holds it.
    ratio : bool, optional
        Effects are logarithms of ratios; `attrs["measure"]` says so by default.
    decimals : int
        Decimals of the effects.
    xlim : tuple of float, optional
        Limits of the axis, as printed. An interval that leaves them ends in an arrow; none is dropped.
    compact : bool
        Narrow layout for a phone: each trial's text stands above its line, without raw data and risk of bias.
    ax : Axes, optional
        Axes to fill; a new figure of the right size otherwise.

    Returns
    -------
    Axes
        The whole drawing; the panel with the intervals is `child_axes[0]`, the figure is `figure`.

    Raises
    ------
    ValueError
        If a pooled result does not belong to the rows, a subgroup lacks its result, or a level of risk of bias is
        unknown.
    """
    if pooled is None and not pooled_by:
        raise ValueError("forest needs a pooled result, or a subgroup column with pooled_by")
    contrasts = contrasts.reset_index(drop=True)
    effect_label, ratio = measured(contrasts.attrs, effect_label, ratio)
    table = rows_of.table(
        contrasts,
        pooled,
        subgroups,
        pooled_by,
        prediction=prediction,
        published=published,
        raw=raw and not compact,
        rob=rob and not compact,
        ratio=ratio,
        decimals=decimals,
    )
    scale = np.log if ratio else float
    zero = scale((1.0 if ratio else 0.0) if null is None else null)
    band = contrasts.attrs.get("mid") if mid is None else mid or None
    band = None if band is None else abs(scale(band))
    span = None if xlim is None else tuple(scale(x) for x in xlim)

    footnotes = [*table.footnotes, *([ROB_LEGEND] if any(row.rob for row in table.rows) else [])]
    mid_text = None if band is None else _mid_text(contrasts.attrs if unit is None else {"unit": unit}, band, ratio)
    if compact and mid_text:
        footnotes.append(f"Shaded: {mid_text}.")
    level = percent((pooled or next(iter(pooled_by.values()))).level, 0)
    plan = (Compact if compact else Wide)(
        table.rows, table.heads, footnotes, f"{effect_label} [{level}\N{NO-BREAK SPACE}CI]"
    )
    host, panel, y = plan.lay_out(ax)

    panel.set_xlim(marks.limits(table.rows, band, zero, span))
    marks.reference_lines(panel, table.rows, band, zero, plan.lanes(y))
    heaviest = max(row.weight for row in table.rows if row.kind == "study")
    for row, at in zip(plan.rows, y, strict=True):
        marks.draw(panel, row, at, heaviest)
    if mid_text and not compact:
        write_mid(host, panel, plan, mid_text, zero)
    marks.label_axis(
        host,
        panel,
        left=plan.panel_left,
        bottom=plan.bottom,
        width=plan.panel_width,
        ratio=ratio,
        words=favours[::-1] if contrasts.attrs.get("higher_is") == "better" else favours,
        label=effect_axis_label(contrasts.attrs, effect_label, ratio, unit),
    )
    return host


def _mid_text(attrs, mid, ratio) -> str:
    if ratio:
        return f"smaller than the MID (a factor of {shortest(np.exp(mid))})"
    unit = f" {attrs['unit']}" if attrs.get("unit") else ""
    return f"smaller than the MID (±{shortest(mid)}{unit})"


def write_mid(host, panel, plan, text, null) -> None:
    """Name the band above it, as near its middle as the panel allows."""
    low, high = panel.get_xlim()
    lines = wrap(text, plan.panel_width, SMALL)
    half_text = max(text_width(line, SMALL) for line in lines) / 2
    middle = plan.panel_left + plan.panel_width * (null - low) / (high - low)
    first, last = plan.panel_left + half_text, plan.panel_left + plan.panel_width - half_text
    x = min(max(middle, first), last)
    host.text(x, plan.top + 0.06, "\n".join(lines), size=SMALL, color=GREY, ha="center", va="bottom")
