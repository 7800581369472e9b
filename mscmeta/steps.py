"""From one answer to another: what each of several two-way choices adds, in one order and averaged over all orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np

#: Twelve choices are 4,096 answers and 479 million orders, all counted, none listed.
MOST_CHOICES = 12


@dataclass(frozen=True, slots=True)
class Contributions:
    """What each choice adds to the way from the first answer to the last.

    Attributes
    ----------
    average : ndarray of shape (n,)
        Contribution of each choice, averaged over all orders that can be walked (the Shapley value); they add up to
        `gap`.
    least, most : ndarray of shape (n,)
        Smallest and largest contribution of each choice in any of these orders.
    gap : float
        Last answer minus first.
    orders, possible : int
        Orders in which every answer on the way exists, and all orders.
    """

    average: np.ndarray
    least: np.ndarray
    most: np.ndarray
    gap: float
    orders: int
    possible: int


def contributions(values: object) -> Contributions:
    """Divide the distance between two answers among the choices that they differ in.

    Parameters
    ----------
    values : array_like of shape (2,) * n
        The answer for every mixture of choices: index 0 on an axis is the first side's choice, 1 the second side's.
        NaN where a mixture gives no answer, such as when no trial is left.

    Returns
    -------
    Contributions

    Raises
    ------
    ValueError
        If the shape is not (2, ..., 2), one of the two ends is missing, or no order leads from one to the other.

    Notes
    -----
    The average over orders is Shapley's value; Shorrocks (2013, J Econ Inequal 11:99) decomposes differences by it.
    With gaps among the answers, the average is over the orders without a gap; the contributions still add up.

    Examples
    --------
    The second choice adds 3 when it is made first, and 1 when it is made last:

    >>> found = contributions([[0, 3], [2, 3]])
    >>> found.average.tolist(), found.least.tolist(), found.most.tolist(), found.gap
    ([1.0, 2.0], [0.0, 1.0], [2.0, 3.0], 3.0)
    """
    flat, n = _flat(values)
    up, down = _ways(flat, n)
    if not up[-1]:
        raise ValueError("values leave no order of the choices in which every answer on the way exists")
    average, least, most = np.zeros(n), np.full(n, np.inf), np.full(n, -np.inf)
    for i in range(n):
        for state in range(len(flat)):
            after = state | 1 << i
            ways = 0 if after == state else up[state] * down[after]
            if ways:
                step = flat[after] - flat[state]
                average[i] += ways / up[-1] * step
                least[i], most[i] = min(least[i], step), max(most[i], step)
    return Contributions(average, least, most, float(flat[-1] - flat[0]), up[-1], factorial(n))


def walk(values: object, order: Sequence[int] | None = None) -> np.ndarray:
    """Answers on the way from the first side to the second, one choice changed at a time.

    Parameters
    ----------
    values : array_like of shape (2,) * n
        As for `contributions`.
    order : sequence of int, optional
        The axes in the order in which they change; as they come by default.

    Returns
    -------
    ndarray of shape (n + 1,)

    Raises
    ------
    ValueError
        If `order` is not one of all axes.

    Examples
    --------
    >>> walk([[0, 3], [2, 3]]).tolist(), walk([[0, 3], [2, 3]], [1, 0]).tolist()
    ([0.0, 2.0, 3.0], [0.0, 3.0, 3.0])
    """
    flat, n = _flat(values)
    order = list(range(n)) if order is None else list(order)
    if sorted(order) != list(range(n)):
        raise ValueError(f"order is {order}; name each of the axes 0 to {n - 1} once")
    states = np.cumsum([0, *(1 << i for i in order)])
    return flat[states]


def _flat(values: object) -> tuple[np.ndarray, int]:
    """Answers by state, a number whose bit i is the choice on axis i."""
    values = np.asarray(values, float)
    n = values.ndim
    if not 1 <= n <= MOST_CHOICES or values.shape != (2,) * n:
        raise ValueError(f"values have shape {values.shape}; give two entries on each of 1 to {MOST_CHOICES} axes")
    flat = values.transpose(range(n)[::-1]).ravel()
    for end, name in ((0, "first"), (-1, "last")):
        if not np.isfinite(flat[end]):
            raise ValueError(f"the {name} of the values is {flat[end]}; both ends of the way must be known")
    return flat, n


def _ways(flat: np.ndarray, n: int) -> tuple[list[int], list[int]]:
    """In how many orders each state is reached from the first one, and the last one from it, over known answers."""
    known, last = np.isfinite(flat), len(flat) - 1
    up, down = [0] * len(flat), [0] * len(flat)
    up[0] = down[last] = 1
    for state in range(1, last + 1):
        if known[state]:
            up[state] = sum(up[state ^ 1 << i] for i in range(n) if state >> i & 1)
    for state in range(last - 1, -1, -1):
        if known[state]:
            down[state] = sum(down[state | 1 << i] for i in range(n) if not state >> i & 1)
    return up, down
