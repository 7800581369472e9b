"""The evidence map, the cloud of all sets, and the sequential path: everything drawn, nothing made up."""

import numpy as np
import pytest

import mscmeta.plots as plots
from mscmeta import Interval, gosh, pool
from mscmeta.plots.evidence import STATES
from mscmeta.report._display import to_svg
from mscmeta.sequential import path
from mscmeta.subsets import matches, pool_sets
from tests.plotcases import marks, texts

Y, V = np.array([-0.9, -0.3, -1.2, -0.5, 0.4]), np.array([0.10, 0.05, 0.20, 0.08, 0.1])
ROWS = [
    {"label": "Kim 2023", "group": "placebo", "cells": dict(zip("abcdef", STATES, strict=True))},
    {"label": "A$B 2019", "group": "usual care", "cells": {"a": "imputed"}},
]
COLUMNS = [(key, f"Pain {i}") for i, key in enumerate("abcdefg")]


@pytest.mark.parametrize("compact", [False, True])
def test_every_cell_has_its_letter_and_empty_ones_a_dash(compact):
    ax = plots.evidence_map(ROWS, COLUMNS, compact=compact)
    words = texts(ax.figure)
    for letter, meaning, *_ in STATES.values():
        assert letter in words
        assert f"{letter} {meaning}" in words
    assert words.count("–") == 14 - 7
    assert {"Kim 2023", "A$B 2019", "placebo", "usual care", "Pain 0" if compact else "Pain\n0"} <= set(words)
    assert to_svg(ax.figure) == to_svg(ax.figure)


def test_letters_do_not_repeat_and_legend_names_only_what_is_there():
    assert len({letter for letter, *_ in STATES.values()}) == len(STATES)
    words = texts(plots.evidence_map(ROWS[1:], COLUMNS).figure)
    assert sum(meaning in word for _, meaning, *_ in STATES.values() for word in words) == 1


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "rows is empty"),
        ([{"label": "A", "group": "", "cells": {"z": "printed"}}], "'z'"),
        ([{"label": "A", "group": "", "cells": {"a": "guessed"}}], "'guessed'"),
    ],
)
def test_map_refuses(rows, says):
    with pytest.raises(ValueError, match=says):
        plots.evidence_map(rows, COLUMNS)


def test_printed_result_and_the_sets_near_it_are_marked():
    sets = pool_sets(Y, V, tau2="DL", ci="Wald")
    target = pool(Y[:3], V[:3], tau2="DL", ci="Wald")
    ax = plots.sets_against_printed(sets, target.estimate, target.ci, within=0.05)
    (printed,) = marks(ax, "printed")
    assert (printed.get_xdata()[0], printed.get_ydata()[0]) == pytest.approx(
        (target.estimate, target.ci.high - target.ci.low)
    )
    (near,) = marks(ax, "near")
    assert len(near.get_xdata()) == matches(sets, target.estimate, target.ci, within=0.05).sum()


def test_ratios_stand_on_the_log_axis():
    sets = pool_sets(Y, V, tau2="DL", ci="Wald")
    ax = plots.sets_against_printed(sets, 0.5, Interval(0.3, 0.9), attrs={"measure": "RR"})
    (printed,) = marks(ax, "printed")
    assert printed.get_xdata()[0] == pytest.approx(np.log(0.5))
    assert "log scale" in ax.get_ylabel()


def test_one_trial_without_an_interval_is_drawn_too():
    sets = pool_sets(Y[:1], V[:1], ci="HK")
    assert plots.sets_against_printed(sets, -0.7, Interval(-1.1, -0.3)).get_ylim()[0] == 0


def test_sets_refuses_a_single_result():
    with pytest.raises(ValueError, match="one replicate a set"):
        plots.sets_against_printed(pool(Y, V), -0.7, Interval(-1.1, -0.3))


def test_path_shows_every_look_and_the_last_name():
    looks = path(Y, V, [60, 80, 40, 70, 50], 400)
    ax = plots.sequential_path(looks, list("abcde"))
    (line,) = marks(ax, "path")
    np.testing.assert_allclose(line.get_ydata(), looks.z)
    np.testing.assert_allclose(line.get_xdata(), 100 * looks.fraction)
    assert len(marks(ax, "bound")) == 2
    assert "e" in texts(ax.figure)
    with pytest.raises(ValueError, match="labels names 2"):
        plots.sequential_path(looks, ["a", "b"])


def test_for_a_phone_the_cloud_and_the_path_are_narrow_and_say_the_same():
    sets = pool_sets(Y, V)
    looks = path(Y, V, np.full(len(Y), 40), 300.0)
    for draw in (
        lambda **how: plots.sets_against_printed(sets, -0.5, Interval(-1.0, 0.0), **how),
        lambda **how: plots.sequential_path(looks, list("abcde"), **how),
    ):
        narrow, wide = draw(compact=True).figure, draw().figure
        assert narrow.get_figwidth() < 4 < wide.get_figwidth()
        assert set(texts(wide)) - set(texts(narrow)) <= {
            w for w in texts(wide) if w.lstrip("−").replace(".", "").isdigit()
        }


def test_a_set_that_lies_alone_is_seen():
    """On the log scale of the greys a single one was white on white."""
    clouds = plots.sets_against_printed(pool_sets(Y, V), -0.5, Interval(-1.0, 0.0)), plots.gosh(gosh(Y, V)).axes[1]
    for ax in clouds:
        cells = ax.collections[0]
        assert (cells.get_array() == 1).any()
        assert max(cells.to_rgba(1.0)[:3]) < 0.9
