"""One arm of a trial on the common scale, or several put together, and what was done to get there."""

from dataclasses import dataclass, replace

import numpy as np

from mscmeta.convert import combine_arms, mean_sd_from_quartiles, sd_from_ci, split_control
from mscmeta.data._files import reported
from mscmeta.data._select import Ask, ExcludedError, LeftOutError

#: SD = IQR / 1.35: the quartiles of normal data are 2 * 0.6745 SDs apart (Cochrane Handbook 6.5.2.5).
QUARTILES_APART = 1.35


@dataclass(frozen=True, slots=True)
class Side:
    """One arm, or arms put together. For events, `mean` is their number and `sd` is NaN."""

    arm: str
    dose: float
    mean: float
    sd: float
    n: float
    hows: tuple[str, ...]
    steps: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()


def side(ask: Ask, row) -> Side:
    """An arm as one row gives it, on the common scale."""
    dose = row.dose_million if reported(row.dose_million) else np.nan
    if ask.binary:
        return Side(row.arm, dose, row.events, np.nan, row.n, (row.how,), caveats=tuple(row.caveats.split()))
    mean, sd, converted = _mean_sd(ask, row)
    mean, sd, rescaled = on_scale(ask.endpoint, row, mean, sd)
    steps = tuple(step for step in (converted, rescaled) if step)
    caveats = tuple(row.caveats.split())
    return Side(row.arm, dose, mean, sd, row.n, (row.how, *(["converted"] if steps else [])), steps, caveats)


def _mean_sd(ask: Ask, row) -> tuple[float, float, str]:
    """Mean and SD in the instrument of the row, and the conversion made."""
    if not reported(row.n):
        raise LeftOutError("values by arm without the number of participants")
    if reported(row.mean, row.sd):
        return row.mean, row.sd, ""
    if reported(row.mean, row.ci_low, row.ci_high):
        return row.mean, float(sd_from_ci(row.ci_low, row.ci_high, row.n)), "SD from the 95% interval (t)"
    if not reported(row.median, row.q1, row.q3):
        raise LeftOutError("means or medians by arm without a spread")
    if ask.medians == "exclude":
        raise ExcludedError("prints medians, which were to be excluded")
    if ask.medians == "median-as-mean":
        return row.median, (row.q3 - row.q1) / QUARTILES_APART, "median taken for the mean, SD = IQR / 1.35"
    found = mean_sd_from_quartiles(row.q1, row.median, row.q3, row.n, ask.medians)
    return float(found.mean), float(found.sd), f"mean and SD from median and quartiles ({ask.medians})"


def on_scale(endpoint, row, mean: float, sd: float) -> tuple[float, float, str]:
    """Mean and SD on the common scale: linear by the limits, turned round where the instrument runs the other way."""
    if not reported(endpoint.low):
        return mean, sd, ""
    if not reported(row.low):
        raise LeftOutError(f"{row.instrument} has no known limits, so it cannot be rescaled")
    factor = (endpoint.high - endpoint.low) / (row.high - row.low)
    turned = row.higher_is != endpoint.higher_is
    slope = -factor if turned else factor
    # a change has no zero point to move
    start = 0.0 if row.kind == "change" else (endpoint.high if turned else endpoint.low) - slope * row.low
    said = [] if factor == 1 else [f"{row.low:g}-{row.high:g} rescaled to {endpoint.low:g}-{endpoint.high:g}"]
    return start + slope * mean, sd * factor, "; ".join([*said, *(["direction reversed"] if turned else [])])


def together(ask: Ask, sides: list[Side], what: str) -> Side:
    """Arms put together as if their participants had been one arm."""
    if len(sides) == 1:
        return sides[0]
    if ask.binary:
        mean, sd, n = sum(s.mean for s in sides), np.nan, sum(s.n for s in sides)
    else:
        arm = combine_arms([s.mean for s in sides], [s.sd for s in sides], [s.n for s in sides])
        mean, sd, n = float(arm.mean), float(arm.sd), int(arm.n)
    hows = (*(how for s in sides for how in s.hows), "converted")
    steps = (*dict.fromkeys(step for s in sides for step in s.steps), f"{what} combined")
    caveats = tuple(dict.fromkeys(word for s in sides for word in s.caveats))
    return Side(" + ".join(s.arm for s in sides), np.nan, mean, sd, n, hows, steps, caveats)


def control_of_each(ask: Ask, control: Side, doses: int) -> Side:
    """The control that each of several doses is compared with: its share (split), or all of it (as_published)."""
    if ask.arms == "split":
        n = split_control(control.mean, control.sd, control.n, doses).n
        return replace(control, n=n, steps=(*control.steps, f"control shared by {doses} doses"))
    return replace(control, steps=(*control.steps, f"whole control counted {doses} times"))
