"""A frame of contrasts carried to another instrument: by its limits, direction made explicit."""

from mscmeta._checks import one_of
from mscmeta.data._tables import table
from mscmeta.scales import Instrument, rescale_effect


def on_instrument(frame, instrument: str):
    """Carry contrasts to another instrument, linearly by the limits of the two.

    Parameters
    ----------
    frame : DataFrame
        Of `contrasts`, for scores.
    instrument : str
        Key of ``instruments.csv``, one with limits.

    Returns
    -------
    DataFrame
        The same rows: means, SDs, `y` and `v` in units of the instrument; differences change sign where it runs the
        other way. ``attrs`` hold its limits, direction, unit and MID, and the frame's own ``left_out``.

    Raises
    ------
    ValueError
        If the outcome counts participants, or the instrument is unknown or has no limits.

    Notes
    -----
    Linear rescaling (Thorlund 2011, Research Synthesis Methods 2:188) assumes that both instruments use their ranges
    alike, which the numbers cannot show.

    Examples
    --------
    >>> from mscmeta.data import contrasts
    >>> worse = contrasts("sadeghirad2024", "function", 12)
    >>> better = on_instrument(worse, "sf36_pf_100")
    >>> better.attrs["higher_is"], bool((better.y == -worse.y).all())
    ('better', True)
    """
    known = table("instruments").set_index("instrument")
    one_of("instrument", instrument, known.index)
    row = known.loc[instrument]
    if frame.attrs["measure"] != "MD" or frame.attrs["low"] is None:
        raise ValueError(
            f"{frame.attrs['outcome']} has no scale of scores; only scores can be carried to an instrument"
        )
    if row.low != row.low:
        raise ValueError(f"instrument {instrument!r} has no known limits; choose one that has")
    source = Instrument(*(frame.attrs[name] for name in ("low", "high", "higher_is")))
    target = Instrument(row.low, row.high, row.higher_is)
    effect = rescale_effect(frame.y.to_numpy(), frame.v.to_numpy(), source, target, labels=list(frame.label))
    factor = (target.high - target.low) / (source.high - source.low) * source.better * target.better
    turned = frame.copy()
    start = target.low if factor > 0 else target.high
    final = frame.kind == "final"
    for arm in ("1", "2"):
        mean = frame[f"mean_{arm}"]
        # a change has no zero point to move
        turned[f"mean_{arm}"] = (factor * mean).where(~final, start + factor * (mean - source.low))
        turned[f"sd_{arm}"] = abs(factor) * frame[f"sd_{arm}"]
    turned["y"], turned["v"] = effect.y, effect.v
    turned.attrs = frame.attrs | {
        "low": target.low, "high": target.high, "higher_is": target.higher_is, "unit": row.unit,
        "mid": None if row.mid != row.mid else float(row.mid),
    }  # fmt: skip
    return turned
