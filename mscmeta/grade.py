"""GRADE: what of a certainty rating can be computed, by rules that are named, and how the ratings add up.

GRADE asks for judgement, and says so. The functions here turn the parts that rest on numbers (imprecision,
inconsistency, signs of small-study effects) into ratings by fixed rules, so that the same numbers always get the same
rating; each docstring names its source and which part of the rule is ours. Risk of bias, indirectness and publication
bias stay judgements: they come in as ratings that somebody made.
"""

import math
from dataclasses import dataclass

from mscmeta import _checks
from mscmeta._results import RANDOM_EFFECTS, Interval
from mscmeta.sequential import required_for_means, required_for_risks
from mscmeta.small_study import egger, peters

DOMAINS = ("risk of bias", "inconsistency", "indirectness", "imprecision", "publication bias")
#: From the surest; a body of randomised trials starts at the first (Handbook 14.2.1).
WORDS = ("high", "moderate", "low", "very low")
#: Levels that one domain may take away: not serious, serious, very serious.
LEVELS = (0, 1, 2)
#: Rough guide to an appreciable relative effect (Guyatt 2011, GRADE guidelines 6).
APPRECIABLE = (0.75, 1.25)
#: Cochrane Handbook 10.10.2: below, inconsistency "might not be important"; from, it may be "considerable".
I2_SMALL, I2_CONSIDERABLE = 0.40, 0.75
#: Fewer studies than this do not tell chance from asymmetry (Handbook 13.3.5.4).
FEWEST_FOR_TEST = 10
ZONES = ("below", "between", "above")
VERBS = ("reduce", "increase", "improve", "worsen")


@dataclass(frozen=True, slots=True)
class Rating:
    """What one domain takes away from certainty.

    Attributes
    ----------
    domain : str
        One of `DOMAINS`.
    down : int or None
        Levels, 0 to 2; None where nobody judged it.
    says : str
        Why, in words.
    computed : bool
        Whether a rule gave it; else it is a judgement.
    """

    domain: str
    down: int | None
    says: str
    computed: bool

    def __post_init__(self):
        _checks.one_of("domain", self.domain, DOMAINS)
        if self.down is not None and (isinstance(self.down, bool) or self.down not in LEVELS):
            raise ValueError(f"down of {self.domain} is {self.down!r}; a domain takes away 0, 1 or 2 levels")


@dataclass(frozen=True, slots=True)
class SmallStudy:
    """Whether small studies differ from large ones: P value of the test, None where it was not done, and why."""

    k: int
    p_value: float | None
    says: str


def thresholds(mid: float | None = None) -> Interval:
    """Effects from which on a difference counts: plus and minus the MID, or log ratios of 0.75 and 1.25 without one.

    Parameters
    ----------
    mid : float, optional
        Minimal important difference, positive, in the unit of the effect.

    Notes
    -----
    Zeng (2022), GRADE guidance 34, asks for thresholds of interest; the MID is one. For ratios without a known one the
    rough guide of Guyatt (2011), GRADE guidelines 6.

    Examples
    --------
    >>> thresholds(1.5)
    Interval(low=-1.5, high=1.5)
    >>> print(round(thresholds().high, 3))
    0.223
    """
    if mid is None:
        return Interval(*(math.log(ratio) for ratio in APPRECIABLE))
    if not _checks.number("mid", mid) > 0:
        raise ValueError(f"mid is {mid:g}; give its size as a positive number")
    return Interval(-float(mid), float(mid))


def zones(interval: Interval, limits: Interval) -> tuple[str, ...]:
    """Zones that an interval reaches: below the lower threshold, between both, above the upper one; at it is in it.

    Examples
    --------
    >>> zones(Interval(-2.3, -0.2), Interval(-1.5, 1.5))
    ('below', 'between')
    """
    low, high = float(interval.low), float(interval.high)
    if math.isnan(low) or math.isnan(high):
        return ()
    if low > high:
        raise ValueError(f"interval runs from {low:g} to {high:g}; the lower limit must not lie above the upper one")
    reached = low <= limits.low, low < limits.high and high > limits.low, high >= limits.high
    return tuple(zone for zone, there in zip(ZONES, reached, strict=True) if there)


def information_size_for_means(mid: float, sd: float, *, alpha: float = 0.05, beta: float = 0.2) -> float:
    """Optimal information size: participants of one adequately powered trial that looks for the MID.

    Parameters
    ----------
    mid, sd : float
        Minimal important difference and standard deviation between patients, in one unit.
    alpha, beta : float
        Two-sided error, and the error of missing the MID.

    Notes
    -----
    Guyatt (2011), GRADE guidelines 6: the sample size of a single trial, so without allowance for disagreement
    between trials (`mscmeta.sequential.required_for_means` has one).

    Examples
    --------
    >>> print(round(information_size_for_means(1.5, 3.0)))
    126
    """
    return required_for_means(mid, sd, alpha=alpha, beta=beta)


def information_size_for_risks(control_risk: float, ratio: float = APPRECIABLE[1], *, alpha: float = 0.05,
                               beta: float = 0.2) -> float:  # fmt: skip
    """Optimal information size for events: participants of one trial that looks for `ratio` at the control risk.

    Examples
    --------
    >>> print(round(information_size_for_risks(0.3)))
    1248
    """
    return required_for_risks(ratio, control_risk, alpha=alpha, beta=beta)


def imprecision(ci: Interval, limits: Interval, *, participants: float, needed: float | None) -> Rating:
    """Rate imprecision from the interval, the thresholds and the optimal information size.

    Parameters
    ----------
    ci : Interval
        Confidence interval of the pooled effect; NaN where there is none.
    limits : Interval
        From `thresholds`.
    participants : float
        Patients analysed.
    needed : float or None
        Optimal information size; None where it cannot be worked out.

    Returns
    -------
    Rating
        Two levels down for an interval that holds an important effect either way, or where there is none; one for an
        interval that crosses one threshold. An interval that crosses none: one level for fewer participants than
        needed, two for fewer than half.

    Notes
    -----
    Zeng (2022), GRADE guidance 34: the interval against thresholds first, the information size where none is crossed;
    more than one level where the interval "appreciably" crosses, or the sample is "far less" than the size. That two
    thresholds are two levels, and far less is less than half, is ours.

    Examples
    --------
    >>> rating = imprecision(Interval(-2.3, -0.2), thresholds(1.5), participants=600, needed=130)
    >>> rating.down, rating.says
    (1, 'the interval holds effects on both sides of a threshold')
    """
    if not _checks.number("participants", participants) > 0:
        raise ValueError(f"participants is {participants:g}; give a positive number")
    reached = zones(ci, limits)
    if not reached:
        return _computed("imprecision", 2, "there is no interval")
    if len(reached) == 3:
        return _computed("imprecision", 2, "the interval holds important effects in both directions")
    if len(reached) == 2:
        return _computed("imprecision", 1, "the interval holds effects on both sides of a threshold")
    if needed is None:
        return _computed("imprecision", 2, "the interval crosses no threshold, but what would be enough is unknown")
    if participants >= needed:
        return _computed("imprecision", 0, "the interval crosses no threshold, and there are enough participants")
    far = participants < needed / 2
    says = f"the interval crosses no threshold, but there are {'far ' if far else ''}fewer participants than needed"
    return _computed("imprecision", 2 if far else 1, says)


def inconsistency(pooled, limits: Interval) -> Rating:
    """Rate inconsistency from I² and from where the prediction interval lies to the thresholds.

    Parameters
    ----------
    pooled : Pooled
        One meta-analysis.
    limits : Interval
        From `thresholds`.

    Returns
    -------
    Rating
        None down where I² is below 40 %, or where the prediction interval crosses no threshold. Else
        one level; two where I² is at least 75 % and the prediction interval holds important effects both ways. Without
        a prediction interval (common effect, few trials) I² alone: one level from 40 %.

    Notes
    -----
    Handbook 10.10.2 for the reading of I²; Guyatt (2011), GRADE guidelines 7, and Guyatt (2023), GRADE guidance 36:
    what counts is on which side of the threshold results lie, not I² by itself. To read that off the prediction
    interval, and the two levels, are ours.

    Examples
    --------
    >>> from mscmeta import pool
    >>> inconsistency(pool([-3.8, -2.3, -0.2, 0.7, -1.0], [0.4, 0.4, 0.4, 0.6, 0.1]), thresholds(1.5)).down
    2
    """
    if pooled.k < 2:
        return _computed("inconsistency", 0, "one trial cannot disagree with itself")
    i2 = float(pooled.i2)
    if i2 < I2_SMALL:
        return _computed("inconsistency", 0, "trials disagree little more than by chance")
    future = zones(_prediction(pooled), limits)
    if not future:
        return _computed("inconsistency", 1, "trials disagree, and nothing can be said of a new one")
    if len(future) == 1:
        return _computed("inconsistency", 0, "trials disagree, but all on the same side of the thresholds")
    if len(future) == 3 and i2 >= I2_CONSIDERABLE:
        says = "trials disagree so much that a new one may show an important effect either way"
        return _computed("inconsistency", 2, says)
    return _computed("inconsistency", 1, "trials disagree, and a new one may lie on another side of a threshold")


def _prediction(pooled) -> Interval:
    if pooled.tau2_method not in RANDOM_EFFECTS:
        return Interval(math.nan, math.nan)
    return pooled.prediction_interval()


def _computed(domain: str, down: int, says: str) -> Rating:
    return Rating(domain, down, says, computed=True)


def small_study(y, v, counts=None, *, labels=None) -> SmallStudy:
    """Egger's test where there are enough studies for it, Peters' for risk ratios, else the reason why not.

    Parameters
    ----------
    y, v : array_like of shape (k,)
        Effects and variances.
    counts : tuple of four array_like, optional
        Events and participants of both arms: a ratio is tied to its standard error, so the test takes these instead.
    labels : sequence of str, optional
        Names of the studies, for messages.

    Notes
    -----
    Cochrane Handbook 13.3.5.4: not with fewer than ten studies, nor with studies of one size.

    Examples
    --------
    >>> small_study([-0.9, -0.3, -1.2], [0.1, 0.05, 0.2])
    SmallStudy(k=3, p_value=None, says='three of the ten studies that a test needs')
    """
    k = len(y)
    if k < FEWEST_FOR_TEST:
        count = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")[k]
        return SmallStudy(k, None, f"{count} of the ten studies that a test needs")
    test = peters(*counts, measure="RR", labels=labels) if counts else egger(y, v, labels=labels)
    p = float(test.p_value)
    return SmallStudy(k, p, "small studies differ from large ones" if p < 0.1 else "no sign that small studies differ")


def certainty(ratings) -> str | None:
    """Certainty of a body of randomised trials: from high, one word down for each level taken away.

    Parameters
    ----------
    ratings : sequence of Rating
        One a domain, all five.

    Returns
    -------
    str or None
        One of `WORDS`; None while a domain has not been judged.

    Raises
    ------
    ValueError
        If a domain is missing or there twice.

    Notes
    -----
    Cochrane Handbook 14.2.1 and 14.2.2.

    Examples
    --------
    >>> certainty([Rating(domain, int(domain == "imprecision"), "", True) for domain in DOMAINS])
    'moderate'
    """
    named = [rating.domain for rating in ratings]
    if sorted(named) != sorted(DOMAINS):
        raise ValueError(f"ratings are of {', '.join(named) or 'nothing'}; give one for each of {', '.join(DOMAINS)}")
    if any(rating.down is None for rating in ratings):
        return None
    return WORDS[min(sum(rating.down for rating in ratings), len(WORDS) - 1)]


def statement(word: str, verb: str | None, what: str) -> str:
    """Say an effect in plain words, by its certainty and size.

    Parameters
    ----------
    word : str
        One of `WORDS`.
    verb : {"reduce", "increase", "improve", "worsen"} or None
        What the point estimate says that cells do; None where it reaches no threshold.
    what : str
        The outcome, inside a sentence: "pain".

    Notes
    -----
    Santesso (2020), GRADE guidelines 26: "probably" for moderate and "may" for low certainty, "the evidence is very
    uncertain" for very low; the words go with the size of the point estimate, not with significance.

    Examples
    --------
    >>> statement("low", "reduce", "pain")
    'Cells may reduce pain.'
    >>> statement("moderate", None, "pain")
    'Cells probably make little to no difference to pain.'
    """
    _checks.one_of("word", word, WORDS)
    if verb is not None:
        _checks.one_of("verb", verb, VERBS)
    if word == "very low":
        return f"The evidence is very uncertain about the effect of cells on {what}."
    sure = {"high": "", "moderate": " probably", "low": " may"}[word]
    return f"Cells{sure} {verb or 'make'} {'' if verb else 'little to no difference to '}{what}."
