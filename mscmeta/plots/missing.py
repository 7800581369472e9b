"""What missing trials must have said, against what the trials at hand say and what the scale allows."""

import numpy as np

from ._style import BLACK, BLUE, GREY, PALE, SMALL, VERMILION, axes, styled

_NAMES = {"FE": "one common effect", "DL": "DerSimonian-Laird"}
_LOOKS = {"FE": ("s", VERMILION), "DL": ("o", BLUE)}


@styled
def missing_region(gap, *, compact=False, ax=None):
    """Draw effect and standard error of the missing trials that would make a printed result true.

    Parameters
    ----------
    gap : mscmeta.rerun.Gap
        With its solutions by model, the trials at hand and the width of the scale.
    compact : bool
        Narrow layout for a phone.
    ax : Axes, optional
        Axes to draw in.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If neither a solution nor a trial at hand is there to be drawn.
    """
    solved = {model: found for model, found in gap.by_model.items() if found.possible}
    held = None if gap.held is None else gap.held
    if not solved and held is None:
        raise ValueError("gap has neither a solution nor a trial at hand; there is nothing to draw")
    ax = axes(ax, *((3.6, 4.4) if compact else (6.4, 4.2)))
    effects, errors = [0.0], [0.0]
    for model, found in solved.items():
        marker, colour = _LOOKS[model]
        x, y = found.points[:, 0], found.points[:, 1]
        label = f"missing, {_NAMES[model]}"
        ax.scatter(x, y, s=16, marker=marker, color=colour, lw=0, label=label, gid=f"missing-{model}", zorder=3)
        effects, errors = [*effects, *x], [*errors, *y]
    if held is not None:
        se = np.sqrt(held.v.to_numpy(float))
        ax.scatter(held.y, se, s=28, marker="x", color=BLACK, lw=1.2, label="trials at hand", gid="held", zorder=3)
        effects, errors = [*effects, *held.y], [*errors, *se]
    estimate = float(next(iter(gap.by_model.values())).printed[0])
    low, high = _limits([*effects, estimate], gap.width)
    ax.axvline(0, color=BLACK, lw=0.8, gid="null")
    ax.axvline(estimate, color=GREY, lw=1, ls=(0, (4, 3)), gid="printed", label="printed by the review")
    if gap.width is not None:
        _beyond(ax, gap.width, low, high)
    ax.set(xlim=(low, high), ylim=(0, 1.15 * max(errors)), ylabel="Standard error")
    better = {"worse": "below", "better": "above"}.get("" if held is None else held.attrs.get("higher_is"))
    ax.set_xlabel("Mean difference, MSC minus control" + (f"\n({better} zero favours MSC)" if better else ""))
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.18), "ncols": 1 if compact else 2}
    ax.legend(fontsize=SMALL, **place)
    return ax


def _limits(effects, width) -> tuple[float, float]:
    """All that is drawn, and the nearer end of the scale where it is not far off."""
    low, high = float(np.min(effects)), float(np.max(effects))
    pad = 0.08 * (high - low)
    low, high = low - pad, high + pad
    if width is not None and low > -width > 2 * low:
        low = -1.08 * width
    return low, high


def _beyond(ax, width, low, high) -> None:
    """Shade what no difference on the scale can be."""
    for a, b in ((low, -width), (width, high)):
        if a < b:
            ax.axvspan(a, b, color=PALE, lw=0, zorder=0, gid="beyond")
            ax.text((a + b) / 2, 0.5, "beyond the scale", transform=ax.get_xaxis_transform(), rotation=90, ha="center",
                    va="center", size=SMALL, color=GREY)  # fmt: skip
