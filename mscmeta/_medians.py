"""Mean and SD from a median with quartiles, range or both, and the test whether the normal methods may be used.

Public names are imported from `mscmeta.convert`.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import ndtri

from mscmeta._checks import one_of
from mscmeta._columns import Columns, plain
from mscmeta._quantile_fit import box_cox, box_cox_exponent, box_cox_moments, quantile_estimation

#: Luo 2018, Wan 2014 and Shi 2020 derive their formulas for samples of 5 and more.
SMALLEST_N = 5
#: Each method and what it assumes; QE and BC say it for each row.
ASSUMES = {
    "Luo-Wan": "normal data",
    "Luo-Shi": "normal data",
    "Wan": "normal data",
    "Shi-log": "log-normal data",
    "QE": None,
    "BC": None,
}


@dataclass(frozen=True, slots=True)
class MeanSD:
    """Mean and SD worked out from something else, and what that assumed.

    Attributes
    ----------
    mean, sd : float or ndarray
    method : str
        The formula used.
    assumes : str or ndarray of str
        The assumption behind it, in words; for QE and BC the distribution chosen for each row.
    """

    mean: float | np.ndarray
    sd: float | np.ndarray
    method: str
    assumes: str | np.ndarray


def mean_sd_from_quartiles(q1, median, q3, n, method="Luo-Wan", *, labels=None):
    """Mean and SD from the median and the quartiles.

    Parameters
    ----------
    q1, median, q3, n : float or array_like
        As printed; one number or one a study; n at least 5 (the formulas are derived for that).
    method : {"Luo-Wan", "Wan", "Shi-log", "QE", "BC"}
        * ``Luo-Wan``: optimal weights for the mean (Luo 2018, equation 11), normal quantiles for the SD (Wan 2014,
          equation 16, at every n: not the rounded table). Assumes normal data.
        * ``Wan``: plain average of the three for the mean (Wan 2014), the same SD. Assumes normal data.
        * ``Shi-log``: the same on the log scale, carried back with the correction of Shi 2020 (log-normal). Assumes
          log-normal data.
        * ``QE``: the best of normal, log-normal, gamma and Weibull by least squares on the quantiles (McGrath 2020).
        * ``BC``: normal after the Box-Cox transform that makes the quantiles symmetric (McGrath 2020).
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    MeanSD

    Raises
    ------
    ValueError
        If the three are out of order or equal, n is below 5, the method is unknown or does not apply (``Luo-Shi`` needs
        the range too; ``Shi-log`` and ``BC`` need positive values).

    See Also
    --------
    skewness_test : whether the quartiles are too lopsided for the normal methods.

    Examples
    --------
    >>> arm = mean_sd_from_quartiles(22, 30, 41, n=25)
    >>> round(arm.mean, 4), round(arm.sd, 4), arm.assumes
    (31.0734, 14.9362, 'normal data')
    """
    if method == "Luo-Shi":
        raise ValueError("method 'Luo-Shi' weighs quartiles against the range; with quartiles alone use 'Luo-Wan'")
    return _from_quantiles({"q1": q1, "median": median, "q3": q3}, n, method, labels)


def mean_sd_from_range(minimum, median, maximum, n, method="Luo-Wan", *, q1=None, q3=None, labels=None):
    """Mean and SD from the median and the range, and the quartiles where they are printed too.

    Parameters
    ----------
    minimum, median, maximum, n : float or array_like
        As printed; n at least 5.
    method : {"Luo-Wan", "Luo-Shi", "Wan", "Shi-log", "QE", "BC"}
        As in `mean_sd_from_quartiles`; ``Luo-Shi`` (Shi 2020, equation 10: optimal weights of range and quartiles for
        the SD) needs the quartiles.
    q1, q3 : float or array_like, optional
        Give both (five-number summary) or neither.
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    MeanSD

    Notes
    -----
    Means: Luo 2018, equations 7 and 15; Wan 2014. SD: Wan 2014, equation 9 and (all five) the
    average of 9 and 16. ``QE`` reads the extremes as the
    quantiles 1/n and 1 - 1/n.

    Examples
    --------
    >>> arm = mean_sd_from_range(1, 4, 10, n=30)
    >>> round(arm.mean, 4), round(arm.sd, 4)
    (4.3567, 2.2056)
    >>> round(mean_sd_from_range(1, 5, 20, n=40, q1=3, q3=9, method="Luo-Shi").sd, 4)
    4.4868
    """
    _both_or_neither(q1=q1, q3=q3)
    if q1 is None and method == "Luo-Shi":
        raise ValueError("method 'Luo-Shi' needs the quartiles too; give q1 and q3, or use 'Luo-Wan'")
    values = {"minimum": minimum, "q1": q1, "median": median, "q3": q3, "maximum": maximum}
    return _from_quantiles(values, n, method, labels)


@dataclass(frozen=True, slots=True)
class SkewnessTest:
    """Test that a median with quartiles or range comes from symmetric data.

    Attributes
    ----------
    statistic, critical : float or ndarray
        Asymmetry of the printed numbers, and its 5 % critical value under normality.
    skewed : bool or ndarray
        Whether the statistic reaches it: the normal methods are then not to be used.
    """

    statistic: float | np.ndarray
    critical: float | np.ndarray
    skewed: bool | np.ndarray


def skewness_test(median, n, *, q1=None, q3=None, minimum=None, maximum=None, labels=None):
    """Test of skewness from quartiles, range or both (Shi 2023), at the 5 % level.

    Parameters
    ----------
    median, n : float or array_like
    q1, q3, minimum, maximum : float or array_like, optional
        Quartiles, or range, or all four.
    labels : sequence of str, optional
        Names of the studies, for messages.

    Returns
    -------
    SkewnessTest

    Examples
    --------
    >>> test = skewness_test(3.4, 48, q1=2.1, q3=7.9)
    >>> round(test.statistic, 4), round(test.critical, 4), test.skewed
    (0.5517, 0.3799, True)
    """
    _both_or_neither(q1=q1, q3=q3)
    _both_or_neither(minimum=minimum, maximum=maximum)
    values = {"minimum": minimum, "q1": q1, "median": median, "q3": q3, "maximum": maximum}
    columns = _checked_quantiles(values, n, labels)
    values, n = columns.quantiles, columns.values["n"]
    if len(values) == 1:
        raise ValueError("the median alone shows no skewness; give q1 and q3, or minimum and maximum, or all four")
    if "q1" in values:
        columns.demand(values["q1"] < values["q3"], "q1", values["q1"], "q1 equals q3: there is no spread")

    def lopsided(low, high):
        return np.abs(values[low] + values[high] - 2 * values["median"]) / (values[high] - values[low])

    if len(values) == 5:
        weight = 2.65 * np.log(0.6 * n) / np.sqrt(n)
        statistic = np.maximum(weight * lopsided("minimum", "maximum"), lopsided("q1", "q3"))
        critical = 3 / np.sqrt(n) - 40 / n**3
    elif "q1" in values:
        statistic, critical = lopsided("q1", "q3"), 2.65 / np.sqrt(n) - 6 / n**2
    else:
        statistic, critical = lopsided("minimum", "maximum"), 1 / np.log(n + 9) + 2.5 / (n + 1)
    skewed = statistic >= critical
    return SkewnessTest(plain(statistic), plain(critical), plain(skewed))


def _from_quantiles(values, n, method, labels):
    one_of("method", method, ASSUMES)
    columns = _checked_quantiles(values, n, labels)
    values, n = columns.quantiles, columns.values["n"]
    if method in ("Shi-log", "BC"):
        first = next(iter(values))
        columns.demand(values[first] > 0, first, values[first], f"method {method!r} needs positive values; use 'QE'")
    if method == "BC":
        for name in values:
            apart = (values[name] != values["median"]) | (name == "median")
            columns.demand(apart, name, values[name], "method 'BC' needs it apart from the median; use 'QE'")
    if ASSUMES[method] is None:
        return _row_by_row(columns, method)
    if method == "Shi-log":
        with np.errstate(over="ignore", invalid="ignore"):  # looked at just below
            mean, sd = _shi_log(values, n)
        _demand_finite(columns, mean, sd, method)
    else:
        mean, sd = (_wan_mean if method == "Wan" else _luo_mean)(values, n), _normal_sd(values, n, method == "Luo-Shi")
    return MeanSD(plain(mean), plain(sd), method, ASSUMES[method])


def _luo_mean(values, n):
    """Weighted mean of mid-range, mid-quartiles and median (Luo 2018, equations 7, 11 and 15)."""
    median = values["median"]
    off_quartiles = (values["q1"] - median + values["q3"] - median) / 2 if "q1" in values else 0.0
    off_range = (values["minimum"] - median + values["maximum"] - median) / 2 if "minimum" in values else 0.0
    if len(values) == 5:
        return median + 2.2 / (2.2 + n**0.75) * off_range + (0.7 - 0.72 / n**0.55) * off_quartiles
    return median + 4 / (4 + n**0.75) * off_range + (0.7 + 0.39 / n) * off_quartiles


def _wan_mean(values, n):
    """Plain averages of what is printed (Wan 2014)."""
    total = sum(values.values())
    if len(values) == 5:
        return (total + values["q1"] + values["median"] + values["q3"]) / 8
    if "q1" in values:
        return total / 3
    return (total + values["median"]) / 4 + (total - 3 * values["median"]) / (4 * n)


def _normal_sd(values, n, optimal):
    """Spread over what a normal sample of n would show (Wan 2014); ``optimal`` weighs both spreads by Shi 2020."""
    spreads = []
    if "minimum" in values:
        spreads.append((values["maximum"] - values["minimum"]) / (2 * ndtri((n - 0.375) / (n + 0.25))))
    if "q1" in values:
        spreads.append((values["q3"] - values["q1"]) / (2 * ndtri((0.75 * n - 0.125) / (n + 0.25))))
    if len(spreads) == 1:
        return spreads[0]
    weight = 1 / (1 + 0.07 * n**0.6) if optimal else 0.5
    return weight * spreads[0] + (1 - weight) * spreads[1]


def _shi_log(values, n):
    """Log-normal mean and SD (Shi 2020, Statistics and Its Interface 13:519): Luo-Shi on the logs, bias corrected.

    ``shrink2`` and ``shrink4`` correct the square and the fourth power of the log SD, ``a`` and ``b`` the moments.
    """
    logs = {name: np.log(value) for name, value in values.items()}
    location, raw = _luo_mean(logs, n), _normal_sd(logs, n, optimal=True)
    if len(values) == 5:
        shrink2, shrink4, a, b = 1 + 0.28 / np.log(n) ** 2, 1 + 3.93 / n, 0.405, 0.315
    elif "q1" in values:
        shrink2, shrink4, a, b = 1 + 1.58 / n, 1 + 19.2 / n**1.2, 0.57, 0.75
    else:
        shrink2, shrink4, a, b = 1.01 + 0.25 / np.log(n) ** 2, 1 + 2.23 / np.log(n) ** 2, 0.565, 0.37
    variance, fourth = raw**2 / shrink2, raw**4 / shrink4
    mean = np.exp(location + variance / 2) / (1 + (a * variance + b * fourth) / n)
    squares = np.exp(2 * location + 2 * variance) / (1 + (4 * a * variance + 16 * b * fourth) / n)
    square_of_mean = np.exp(2 * location + variance) / (1 + (4 * a * variance + 4 * b * fourth) / n)
    return mean, np.sqrt(squares - square_of_mean)


def _row_by_row(columns, method):
    """QE and BC: an optimisation for each row."""
    names = tuple(columns.quantiles)
    convert = _qe_row if method == "QE" else _bc_row
    shape = columns.values["n"].shape
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # looked at just below
        rows = [convert(names, np.array(row[:-1]), row[-1]) for row in zip(*(a.flat for a in columns), strict=True)]
    mean, sd, assumes = (np.array(column).reshape(shape) for column in zip(*rows, strict=True))
    _demand_finite(columns, mean, sd, method)
    return MeanSD(plain(mean), plain(sd), method, plain(assumes))


def _demand_finite(columns, mean, sd, method):
    fine = np.isfinite(mean) & np.isfinite(sd)
    columns.demand(fine, "median", columns.values["median"], f"method {method!r} finds no finite SD; use 'Luo-Wan'")


def _qe_row(names, values, n):
    probability = {"minimum": 1 / n, "q1": 0.25, "median": 0.5, "q3": 0.75, "maximum": 1 - 1 / n}
    mean, sd, family = quantile_estimation(values, np.array([probability[name] for name in names]))
    return mean, sd, f"{family} data"


def _bc_row(names, values, n):
    unit = values[len(values) // 2]  # the median: powers stay near 1 whatever the unit of the data
    exponent = box_cox_exponent(values)
    transformed = dict(zip(names, box_cox(values / unit, exponent), strict=True))
    mean, sd = box_cox_moments(_luo_mean(transformed, n), _normal_sd(transformed, n, optimal=False), exponent)
    return unit * mean, unit * sd, f"data normal after the power {exponent:.3g}" if exponent else "log-normal data"


class _Quantiles(Columns):
    @property
    def quantiles(self):
        """Everything but n, in increasing order."""
        return {name: value for name, value in self.values.items() if name != "n"}


def _both_or_neither(**pair):
    missing = [name for name, value in pair.items() if value is None]
    if len(missing) == 1:
        raise ValueError(f"{missing[0]} is missing; give both {' and '.join(pair)}, or neither")


def _checked_quantiles(values, n, labels):
    """All finite, in order, not all equal; n whole and large enough. What is None was not printed."""
    values = {name: value for name, value in values.items() if value is not None or name == "median"}
    columns = _Quantiles(labels, **values, n=n)
    quantiles = list(columns.quantiles.values())
    for (lower, low), (upper, high) in pairwise(columns.quantiles.items()):
        columns.demand(low <= high, lower, low, f"{lower} must not lie above {upper}")
    if len(quantiles) > 1:
        first, *_, last = columns.quantiles
        columns.demand(quantiles[0] < quantiles[-1], first, quantiles[0], f"{first} equals {last}: there is no spread")
    columns.whole("n", SMALLEST_N, f"the formulas hold for whole n from {SMALLEST_N}; use the values themselves")
    return columns
