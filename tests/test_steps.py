"""Contributions against a plain walk through every order."""

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mscmeta.steps import contributions, walk


def by_every_order(values):
    """Contribution of each axis in each order whose answers all exist."""
    n, found = values.ndim, []
    for order in permutations(range(n)):
        state, before, adds = [0] * n, values[(0,) * n], np.zeros(n)
        for axis in order:
            state[axis] = 1
            after = values[tuple(state)]
            adds[axis], before = after - before, after
        if np.isfinite(adds).all():
            found.append(adds)
    return np.array(found)


shapes = st.integers(1, 4).map(lambda n: (2,) * n)
answers = arrays(float, shapes, elements=st.floats(-100, 100))


@given(answers)
def test_average_and_range_are_those_of_all_orders(values):
    orders, found = by_every_order(values), contributions(values)
    np.testing.assert_allclose(found.average, orders.mean(axis=0), atol=1e-10)
    np.testing.assert_allclose([found.least, found.most], [orders.min(axis=0), orders.max(axis=0)], atol=1e-10)
    assert (found.orders, found.possible) == (len(orders), factorial(values.ndim))
    assert found.average.sum() == pytest.approx(found.gap, abs=1e-9)


@given(arrays(float, (2, 2, 2), elements=st.floats(-9, 9)), st.sets(st.integers(1, 6), max_size=3))
def test_orders_through_a_missing_answer_are_left_out(values, missing):
    values.ravel()[list(missing)] = np.nan
    orders = by_every_order(values)
    if not len(orders):
        with pytest.raises(ValueError, match="no order"):
            contributions(values)
        return
    found = contributions(values)
    np.testing.assert_allclose(found.average, orders.mean(axis=0), atol=1e-10)
    assert found.orders == len(orders)
    assert found.average.sum() == pytest.approx(found.gap, abs=1e-9)


def test_a_choice_that_changes_nothing_gets_nothing():
    values = np.arange(4.0).reshape(2, 1, 2).repeat(2, axis=1)
    assert contributions(values).average[1] == 0


@given(answers, st.randoms(use_true_random=False))
def test_a_walk_ends_at_both_ends_whatever_the_order(values, random):
    order = list(range(values.ndim))
    random.shuffle(order)
    path = walk(values, order)
    assert (path[0], path[-1], len(path)) == (values.ravel()[0], values.ravel()[-1], values.ndim + 1)
    first = [0] * values.ndim
    first[order[0]] = 1
    assert path[1] == values[tuple(first)]


@pytest.mark.parametrize("shape", [(), (3, 2), (2, 1), (2,) * 13])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="two entries on each"):
        contributions(np.zeros(shape))


def test_unknown_ends_and_orders_are_refused():
    with pytest.raises(ValueError, match="the first of the values is nan"):
        contributions([np.nan, 1])
    with pytest.raises(ValueError, match="the last of the values is inf"):
        walk([[0, 1], [2, np.inf]])
    with pytest.raises(ValueError, match="name each of the axes 0 to 1 once"):
        walk([[0, 1], [2, 3]], [0, 0])
