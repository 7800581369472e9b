"""Instruments that measure one thing on different scales, and what a difference means to patients.

Direction is never guessed: an `Instrument` says whether higher is better or worse, and a "benefit" is a change in the
better direction whatever the sign of the number.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from mscmeta import _checks
from mscmeta._columns import Columns, plain
from mscmeta.effects import Effect

DIRECTIONS = ("better", "worse")
VERDICTS = (
    "beyond MID",
    "may reach MID",
    "within MID",
    "spans benefit and harm",
    "harm may reach MID",
    "harm beyond MID",
)


@dataclass(frozen=True, slots=True)
class Instrument:
    """An outcome scale.

    Attributes
    ----------
    low, high : float
        Lowest and highest possible score.
    higher_is : {"better", "worse"}
        What a higher score means to the patient.

    Examples
    --------
    >>> Instrument(0, 20, "worse").better
    -1
    """

    low: float
    high: float
    higher_is: str

    def __post_init__(self):
        low, high = _checks.number("low", self.low), _checks.number("high", self.high)
        _checks.one_of("higher_is", self.higher_is, DIRECTIONS)
        if not low < high:
            raise ValueError(f"low is {low:.15g} and high is {high:.15g}; the lowest score must lie below the highest")

    @property
    def better(self) -> int:
        """Sign of an improvement: 1 where higher is better, -1 where it is worse."""
        return 1 if self.higher_is == "better" else -1


@dataclass(frozen=True, slots=True)
class Rescaled:
    """Mean and SD carried to another instrument.

    Attributes
    ----------
    mean, sd : float or ndarray
    factor : float
        What differences were multiplied by; negative where the direction was turned round.
    assumes : str
    """

    mean: float | np.ndarray
    sd: float | np.ndarray
    factor: float
    assumes: str


@dataclass(frozen=True, slots=True)
class Responders:
    """Shares of patients whose own change reaches the MID.

    Attributes
    ----------
    control, treated : float or ndarray
        Share in each arm, 0 to 1.
    difference : float or ndarray
        treated - control.
    assumes : str
    """

    control: float | np.ndarray
    treated: float | np.ndarray
    difference: float | np.ndarray
    assumes: str


@dataclass(frozen=True, slots=True)
class Reading:
    """An estimate and its interval read against the minimal important difference (MID).

    Attributes
    ----------
    verdict : str or ndarray of str
        One of `VERDICTS`, from the interval alone.
    benefit, low, high : float or ndarray
        Estimate and limits in the direction of benefit: positive is better, ``low`` the worst limit.
    excludes_zero : bool or ndarray
        Whether the interval lies wholly on one side of no difference.
    """

    verdict: str | np.ndarray
    benefit: float | np.ndarray
    low: float | np.ndarray
    high: float | np.ndarray
    excludes_zero: bool | np.ndarray


def rescale(mean, sd, source, target, *, labels=None):
    """Carry scores, mean and SD, from one instrument to another by their limits.

    Parameters
    ----------
    mean, sd : float or array_like
        Of scores (not of changes), within the limits of ``source``.
    source, target : Instrument
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    Rescaled

    Raises
    ------
    ValueError
        If a mean lies outside the limits of ``source`` or an SD is negative.

    Notes
    -----
    Linear: worst score to worst, best to best. Assumes that the two instruments use their ranges alike.

    Examples
    --------
    A WOMAC pain of 6 (0 to 20, higher is worse) as a KOOS pain (0 to 100, higher is better):

    >>> rescale(6.0, 3.0, Instrument(0, 20, "worse"), Instrument(0, 100, "better")).mean
    70.0
    """
    columns = Columns(labels, mean=mean, sd=sd)
    mean, sd = columns
    limits = (
        f"the scale runs from {source.low:g} to {source.high:g}; check the scale, or use rescale_effect for a change"
    )
    columns.demand((mean >= source.low) & (mean <= source.high), "mean", mean, limits)
    columns.demand(sd >= 0, "sd", sd, "an SD is never negative")
    factor = _factor(source, target)
    start = target.low if factor > 0 else target.high
    return Rescaled(
        plain(start + factor * (mean - source.low)), plain(abs(factor) * sd), factor, _linear(source, target)
    )


def rescale_effect(y, v, source, target, *, labels=None):
    """Carry a difference or a change, with its variance, from one instrument to another by their limits.

    Parameters
    ----------
    y, v : float or array_like
        Difference of means, or mean change, and its variance, in units of ``source``.
    source, target : Instrument
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    Effect
        In units of ``target``; the sign turns where the directions differ.

    Raises
    ------
    ValueError
        If a difference is larger than the range of ``source``, or a variance is negative.

    Notes
    -----
    Index-instrument method, linear: Thorlund (2011), Research Synthesis Methods 2:188. Assumes that the two
    instruments use their ranges alike.

    Examples
    --------
    >>> rescale_effect(-2.0, 0.25, Instrument(0, 20, "worse"), Instrument(0, 100, "better")).y
    10.0
    """
    columns = Columns(labels, y=y, v=v)
    y, v = columns
    width = source.high - source.low
    columns.demand(np.abs(y) <= width, "y", y, f"the scale is only {width:g} wide; check the scale")
    columns.demand(v >= 0, "v", v, "a variance is never negative")
    factor = _factor(source, target)
    return Effect(plain(y * factor), plain(v * factor**2), note=_linear(source, target))


def smd_to_index(smd, v, sd, *, higher_is, index, labels=None):
    """Carry a standardised mean difference to the units of an index instrument: times its SD.

    Parameters
    ----------
    smd, v : float or array_like
        Standardised mean difference and its variance.
    sd : float or array_like
        SD of the index instrument in patients like these.
    higher_is : {"better", "worse"}
        What a positive SMD means.
    index : Instrument
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    Effect
        In units of ``index``; the sign turns where the directions differ.

    Notes
    -----
    Thorlund (2011), Research Synthesis Methods 2:188. Assumes that one SD of every instrument stands for the same
    difference between patients, and that ``sd`` is known without error: the interval is too narrow by that much.

    Examples
    --------
    >>> smd_to_index(-0.5, 0.04, 22.0, higher_is="worse", index=Instrument(0, 100, "worse")).y
    -11.0
    """
    _checks.one_of("higher_is", higher_is, DIRECTIONS)
    columns = Columns(labels, smd=smd, v=v, sd=sd)
    smd, v, sd = columns
    columns.demand(v >= 0, "v", v, "a variance is never negative")
    columns.demand(sd > 0, "sd", sd, "the SD of the index instrument is positive")
    columns.demand(
        sd <= (index.high - index.low) / 2, "sd", sd, "no SD exceeds half the range; check the index instrument"
    )
    sign = 1 if higher_is == index.higher_is else -1
    return Effect(
        plain(sign * smd * sd), plain(v * sd**2), note="SMD times the SD of the index instrument (Thorlund 2011)"
    )


def in_mid_units(y, v, mid, *, labels=None):
    """Differences in multiples of each instrument's own MID.

    Parameters
    ----------
    y, v : float or array_like
        Difference of means and its variance, each in units of its own instrument.
    mid : float or array_like
        MID of that instrument, positive.
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    Effect
        In MID units; times the MID of an index instrument it is in units of that one.

    Notes
    -----
    Johnston (2010), Health and Quality of Life Outcomes 8:116. Assumes that one MID is the same importance on every
    instrument, and that directions have been made equal before.

    Examples
    --------
    >>> in_mid_units([-3.0, -15.0], [0.36, 9.0], [1.5, 10.0]).y.tolist()
    [-2.0, -1.5]
    """
    columns = Columns(labels, y=y, v=v, mid=mid)
    y, v, mid = columns
    columns.demand(v >= 0, "v", v, "a variance is never negative")
    columns.demand(mid > 0, "mid", mid, "give the MID as a positive size")
    return Effect(plain(y / mid), plain(v / mid**2), note="in MID units (Johnston 2010)")


def share_beyond_mid(mean, sd, mid, *, higher_is, labels=None):
    """Share of a group whose change is a benefit of at least the MID.

    Parameters
    ----------
    mean, sd : float or array_like
        Mean change of the group and the SD of the change between patients (not the SE).
    mid : float
        Positive size of the MID.
    higher_is : {"better", "worse"}
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    float or ndarray
        Between 0 and 1.

    Notes
    -----
    Normal model: changes of patients are normal about the mean. Scales with floors and ceilings are not.

    Examples
    --------
    >>> round(share_beyond_mid(-18.0, 20.0, 10.0, higher_is="worse"), 4)
    0.6554
    """
    better = _sign(higher_is)
    columns = Columns(labels, mean=mean, sd=sd, mid=mid)
    mean, sd, mid = columns
    columns.demand(sd > 0, "sd", sd, "an SD is positive")
    columns.demand(mid > 0, "mid", mid, "give the MID as a positive size")
    return plain(ndtr((better * mean - mid) / sd))


def responders(difference, sd, mid=None, *, higher_is, control_change=None, control_share=None, labels=None):
    """Shares of patients beyond the MID in both arms, from a difference of means.

    Parameters
    ----------
    difference : float or array_like
        Treatment minus control; limits of an interval may be put in too.
    sd : float or array_like
        SD of the change between patients, the same in both arms.
    mid : float, optional
        Positive size of the MID; only with ``control_change``.
    higher_is : {"better", "worse"}
    control_change : float or array_like, optional
        Mean change of the control arm.
    control_share : float or array_like, optional
        Share of control patients beyond the MID, if that is known instead; above 0 and below 1.
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    Responders

    Raises
    ------
    ValueError
        Unless exactly one of ``control_change`` (then with ``mid``) and ``control_share`` (then without) is given.

    Notes
    -----
    Normal model with one SD for both arms: the control share fixes the threshold, the difference shifts the arm past
    it (Thorlund 2011, Research Synthesis Methods 2:188; Furukawa 2005). The share at a mean difference of one MID
    is not 100 %, and at none it is not 0.

    Examples
    --------
    >>> result = responders(-8.0, 20.0, 10.0, higher_is="worse", control_change=-10.0)
    >>> round(result.control, 4), round(result.treated, 4), round(result.difference, 4)
    (0.5, 0.6554, 0.1554)
    """
    better = _sign(higher_is)
    if (control_change is None) == (control_share is None):
        raise ValueError("give either control_change with mid, or control_share: one of them places the control arm")
    if control_share is not None:
        if mid is not None:
            raise ValueError(
                "mid does not apply with control_share, which says already how many reach it; leave it out"
            )
        columns = Columns(labels, difference=difference, sd=sd, control_share=control_share)
        difference, sd, control = columns
        columns.demand((control > 0) & (control < 1), "control_share", control, "give a share above 0 and below 1")
        threshold = ndtri(control)
    else:
        if mid is None:
            raise ValueError("mid is missing; with control_change the MID places the threshold")
        columns = Columns(labels, difference=difference, sd=sd, control_change=control_change, mid=mid)
        difference, sd, change, mid = columns
        columns.demand(mid > 0, "mid", mid, "give the MID as a positive size")
        threshold = (better * change - mid) / np.where(sd > 0, sd, 1.0)
    columns.demand(sd > 0, "sd", sd, "an SD is positive")
    control, treated = ndtr(threshold), ndtr(threshold + better * difference / sd)
    return Responders(plain(control), plain(treated), plain(treated - control), "normal changes, one SD for both arms")


def read_against_mid(estimate, low, high, mid, *, higher_is, labels=None):
    """Read an estimate with its interval against the minimal important difference.

    Parameters
    ----------
    estimate, low, high : float or array_like
        Difference of means, treatment minus control, and its confidence limits.
    mid : float
        Positive size of the MID, in the same unit.
    higher_is : {"better", "worse"}
        Of the scale: with "worse", negative differences are benefits.
    labels : sequence of str, optional
        Names of the results, for messages.

    Returns
    -------
    Reading
        Its verdict comes from the limits alone; a limit that equals the MID reaches it.

        ===========================  =============================================================
        ``beyond MID``               every value in the interval is a benefit of at least the MID
        ``may reach MID``            some values are, none is a harm of that size
        ``within MID``               no value is a benefit or a harm of that size
        ``spans benefit and harm``   some are a benefit, some a harm of that size: too imprecise
        ``harm may reach MID``       some values are a harm of that size, none a benefit
        ``harm beyond MID``          every value is a harm of at least the MID
        ===========================  =============================================================

    Examples
    --------
    >>> reading = read_against_mid(-0.98, -1.75, -0.21, 1.5, higher_is="worse")
    >>> reading.verdict, reading.excludes_zero
    ('may reach MID', True)
    """
    better = _sign(higher_is)
    columns = Columns(labels, estimate=estimate, low=low, high=high, mid=mid)
    estimate, low, high, mid = columns
    columns.demand(mid > 0, "mid", mid, "give the MID as a positive size; higher_is says which way is better")
    columns.demand(low <= high, "low", low, "the lower limit must not lie above the upper one")
    columns.demand((low <= estimate) & (estimate <= high), "estimate", estimate, "it must lie within its interval")
    benefit = better * estimate + 0.0  # adding 0 keeps "-0" out of sentences
    worst, best = (low, high) if better > 0 else (0.0 - high, 0.0 - low)
    verdict = np.select(
        [worst >= mid, best <= -mid, (worst <= -mid) & (best >= mid), best >= mid, worst <= -mid],
        ["beyond MID", "harm beyond MID", "spans benefit and harm", "may reach MID", "harm may reach MID"],
        "within MID",
    )
    excludes_zero = (worst > 0) | (best < 0)
    return Reading(plain(verdict), plain(benefit), plain(worst), plain(best), plain(excludes_zero))


def _sign(higher_is):
    return 1 if _checks.one_of("higher_is", higher_is, DIRECTIONS) == "better" else -1


def _factor(source, target):
    return (target.high - target.low) / (source.high - source.low) * source.better * target.better


def _linear(source, target):
    turned = "" if source.better == target.better else ", direction turned round"
    return f"linear from {source.low:g}-{source.high:g} to {target.low:g}-{target.high:g}{turned}"
