"""Several results on one scale, against the smallest difference that patients notice: the figure of the front page."""

from collections.abc import Mapping

from . import _forest_marks as marks
from ._forest import write_mid
from ._forest_layout import Compact, Wide
from ._forest_rows import Row, is_empty
from ._format import bracketed, shortest
from ._style import styled

LEGEND = {
    "computed": "● computed here from trial data",
    "printed": "○ as printed by the review",
}


@styled
def results_against_mid(
    rows,
    mid,
    *,
    unit="",
    mid_label=None,
    higher_is="worse",
    null=0.0,
    favours=("favours MSC", "favours control"),
    effect_label="Mean difference",
    interval="95% CI",
    first_head="Result",
    decimals=2,
    xlim=None,
    compact=False,
    ax=None,
):
    """Draw results beside one another and against the minimal important difference (MID).

    Parameters
    ----------
    rows : DataFrame or list of dict
        One result a row: `label, estimate, low, high`, and optionally `group` (a heading; rows of one group stand
        together) and `kind`: "computed" (default) or "printed".
    mid : float or None
        Smallest difference that patients notice, positive, in `unit`.
    unit : str
        Unit of all numbers.
    mid_label : str, optional
        Words for the shaded band.
    higher_is : str
        "worse" or "better": what a higher score means; it decides on which side benefit stands.
    null : float
        No difference.
    favours : tuple of str
        Words for benefit and for harm.
    effect_label, interval, first_head : str
        Headings.
    decimals : int
        Decimals of the printed numbers.
    xlim : tuple of float, optional
        Limits of the axis; what leaves them ends in an arrow.
    compact : bool
        Narrow layout for a phone.
    ax : Axes, optional
        Axes to fill; a new figure of the right size otherwise.

    Returns
    -------
    Axes
        The whole drawing; the panel is `child_axes[0]`.

    Raises
    ------
    ValueError
        If a result lacks a number or lies outside its own interval, or the MID is not positive.
    """
    if mid is not None and not mid > 0:
        raise ValueError(f"mid is {mid!r}; give the smallest noticeable difference as a positive number, or None")
    if higher_is not in ("worse", "better"):
        raise ValueError(f"higher_is is {higher_is!r}; use 'worse' or 'better'")
    table = _rows(rows, decimals)
    label = f"{effect_label}, MSC minus control ({'; '.join(filter(None, [unit, _direction(higher_is)]))})"
    mid_text = None if mid is None else mid_label or _smaller(mid, unit)
    kinds = [kind for kind in LEGEND if any(row.kind == kind for row in table)]
    footnotes = [LEGEND[kind] for kind in kinds] if len(kinds) > 1 else []
    if compact:
        footnotes += [f"Shaded: {mid_text}."] if mid_text else []
    plan = (Compact if compact else Wide)(
        table, [], footnotes, f"{effect_label} [{interval}]".replace(" CI]", "\N{NO-BREAK SPACE}CI]"), first_head
    )
    host, panel, y = plan.lay_out(ax)
    panel.set_xlim(marks.limits(table, mid, null, xlim))
    marks.reference_lines(panel, table, mid, null, plan.lanes(y))
    for row, at in zip(plan.rows, y, strict=True):
        marks.draw(panel, row, at, heaviest=1.0)
    if mid_text and not compact:
        write_mid(host, panel, plan, mid_text, null)
    marks.label_axis(
        host,
        panel,
        left=plan.panel_left,
        bottom=plan.bottom,
        width=plan.panel_width,
        ratio=False,
        words=favours[::-1] if higher_is == "better" else favours,
        label=label,
    )
    return host


def _rows(results, decimals) -> list[Row]:
    """Return the rows, each group under its heading in order of first appearance."""
    results = results.to_dict("records") if hasattr(results, "to_dict") else list(results)
    if not results:
        raise ValueError("rows is empty; give at least one result")
    groups: dict[str, list[Row]] = {}
    for result in results:
        groups.setdefault("" if is_empty(result.get("group")) else str(result["group"]), []).append(
            _row(result, decimals)
        )
    rows = []
    for name, members in groups.items():
        rows += [Row("header", name)] if name else []
        rows += [*members, Row("gap")]
    return rows


def _row(result: Mapping, decimals: int) -> Row:
    missing = [key for key in ("label", "estimate", "low", "high") if key not in result]
    if missing:
        raise ValueError(f"result {result.get('label', '?')!r} lacks {', '.join(missing)}")
    kind = "computed" if is_empty(result.get("kind")) else result["kind"]
    if kind not in LEGEND:
        raise ValueError(f"kind of {result['label']!r} is {kind!r}; use 'computed' or 'printed'")
    estimate, low, high = (float(result[key]) for key in ("estimate", "low", "high"))
    if not low <= estimate <= high:
        raise ValueError(f"result {result['label']!r} is no number inside its interval: {estimate} [{low}, {high}]")
    text = bracketed(estimate, low, high, decimals)
    return Row(kind, str(result["label"]), estimate, low, high, effect=text)


def _smaller(mid: float, unit: str) -> str:
    return f"smaller than patients notice (MID {shortest(mid)}{' ' + unit if unit else ''})"


def _direction(higher_is: str) -> str:
    return "lower is better" if higher_is == "worse" else "higher is better"
