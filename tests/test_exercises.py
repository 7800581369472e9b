"""Exercises: every declared answer of every chapter, and every solution that a chapter shows."""

import ast
import json
import re
from dataclasses import replace
from functools import cache
from numbers import Real
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mscmeta.exercises as exercises
from mscmeta import data
from mscmeta._results import Interval
from mscmeta.exercises import Answer, check, verdict
from mscmeta.exercises._answer import RIGHT

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted(exercises.chapters())
DECLARED = [(name, number) for name in CHAPTERS for number in sorted(exercises.chapters()[name])]
MUTATES = {"append", "extend", "update", "add", "insert", "sort", "setdefault", "pop", "remove"}


@pytest.fixture(scope="module", autouse=True)
def _tables_are_read_once():
    """Answers ask for the same few sets of trials hundreds of times; nothing else is replaced."""
    made, table = data.contrasts, cache(data.table)
    kept = {}

    def contrasts(*args, **options):
        key = repr((args, sorted(options.items())))
        if key not in kept:
            kept[key] = made(*args, **options)
        return kept[key].copy()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "contrasts", contrasts)
        patch.setattr(data, "table", lambda name: table(name).copy())
        yield


# Every declared answer


@pytest.mark.parametrize(("chapter", "number"), DECLARED)
def test_the_right_answer_is_accepted_and_three_wrong_ones_are_refused_without_showing_it(chapter, number):
    declared = exercises.chapters()[chapter][number]
    right, mistakes = declared.value(), declared.mistakes()
    computed = {(lambda wrong=wrong: wrong): hint for wrong, hint in mistakes}
    answer = replace(declared, value=lambda: right, wrong=computed)  # some take a second to compute
    assert answer.verdict(right) == RIGHT
    lines = [RIGHT, *(answer.verdict(wrong) for wrong, _ in mistakes), answer.nearly()]
    assert len({repr(wrong) for wrong, _ in mistakes}) >= 3
    for (wrong, hint), line in zip(mistakes, lines[1:], strict=False):
        assert line.startswith("Not yet"), (wrong, line)
        assert hint.rstrip(".") in line
    for line in lines:
        assert "\n" not in line
        line = line.replace(f"within {answer.tolerance or 0:g}", "").replace("from 0 to 1", "")
        assert not shows(line, right, answer.tolerance), line


def shows(line, right, tolerance):
    """Whether a line holds the right answer, or any part of it that is a number."""
    if isinstance(right, str):
        return re.search(rf"\b{re.escape(right.casefold())}\b", line.casefold()) is not None
    if isinstance(right, Real):
        numbers = [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", line)]
        return any(abs(number - right) <= max(tolerance, 1e-9) for number in numbers)
    if isinstance(right, set | frozenset):
        return all(shows(line, part, tolerance) for part in right)
    return any(shows(line, part, tolerance) for part in right)


def test_what_shows_an_answer():
    assert shows("it is -1.234 cm", -1.23, 0.01)
    assert not shows("it is 1.234 cm", -1.23, 0.01)
    assert shows("it is Split.", "split", None)
    assert not shows("splitting", "split", None)
    assert shows("0 to 2.5", (1, 2.5), 0)
    assert not shows("a word", {"a", "b"}, None)


# Every solution in a chapter


def notebook_of(chapter):
    """The cells of the notebook that checks a chapter's answers."""
    for path in sorted(ROOT.glob(f"notebooks/*/{chapter}.ipynb")):
        cells = json.loads(path.read_text())["cells"]
        if any(f'check("{chapter}"' in "".join(cell["source"]) for cell in cells):
            return [("".join(cell["source"]), cell["cell_type"]) for cell in cells]
    raise AssertionError(f"no notebook checks the answers of {chapter}")


def checked_in(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "check"]


def reads(node):
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def writes(node):
    """Names that a statement makes or changes."""
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    for one in ast.walk(node):
        if isinstance(one, ast.alias):
            found.add((one.asname or one.name).split(".")[0])
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in MUTATES:
            found |= reads(one.func.value)
        if isinstance(one, ast.Subscript | ast.Attribute) and isinstance(one.ctx, ast.Store):
            found |= reads(one.value)
    return found


def needed(solution, before):
    """The statements before a solution that it rests on, in order: no figure is drawn to check a number."""
    names, kept = reads(solution), []
    for statement in reversed(before):
        if writes(statement) & names:
            names |= reads(statement)
            kept.append(statement)
    return kept[::-1]


def test_a_solution_rests_on_what_made_its_names():
    before = ast.parse("import a\nx = a.f()\ny = 2\nz = [x]\nz.append(y)\nprint(z)\nw = 3").body
    kept = needed(ast.parse("check('c', 1, z[0])"), before)
    assert [ast.unparse(one) for one in kept] == ["import a", "x = a.f()", "y = 2", "z = [x]", "z.append(y)"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_has_a_solution_that_is_executed_and_accepted(chapter, monkeypatch):
    said = {}
    monkeypatch.setattr(exercises, "check", lambda *given: said.setdefault(given[:2], verdict(*given)))
    before, called, run, text = [], [], set(), ""
    space = {"__name__": "chapter"}
    for source, kind in notebook_of(chapter):
        if kind == "markdown":
            text += "\n\n" + source
            continue
        cell = ast.parse(source)
        if calls := checked_in(cell):
            called += [tuple(ast.literal_eval(part) for part in call.args[:2]) for call in calls]
            ready = [one for one in needed(cell, before) if id(one) not in run]
            run |= {id(one) for one in ready}
            exec(compile(ast.Module([*ready, *cell.body], []), f"{chapter}.ipynb", "exec"), space)
            run |= {id(one) for one in cell.body}
        before += cell.body
    assert sorted(called) == [(chapter, number) for number in sorted(exercises.chapters()[chapter])]
    assert said == dict.fromkeys(called, RIGHT)
    asked = re.findall(rf'check\("{chapter}", (\d+), ', text)
    assert not asked or [int(number) for number in asked] == [number for _, number in called]
    assert len(re.findall(r"^`+\{exercise(?:-start)?\}", text, re.M)) >= len(called)
    assert text.count("{solution-start}") >= len(called)


def numbered(chapter):
    """Labels of a chapter's exercises in the order of the page, and each check with the label it stands under."""
    text = "\n".join(source for source, _ in notebook_of(chapter))
    marks = r"^`+\{exercise(?:-start)?\}.*\n:label: ([\w-]+)|\{solution-start\} ([\w-]+)|\bcheck\(\"\w+\", (\d+),"
    labels, checks, under = [], [], None
    for asked, solved, number in re.findall(marks, text, re.M):
        labels += [asked] if asked else []
        under = asked or solved or under
        checks += [(under, int(number))] if number else []
    return labels, checks


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_number_in_a_check_is_the_one_that_the_page_shows(chapter):
    """Sphinx numbers the exercises of a page in their order."""
    labels, checks = numbered(chapter)
    assert checks
    assert [number for _, number in checks] == [labels.index(label) + 1 for label, _ in checks]


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/methods/*.ipynb")), ids=lambda path: path.stem)
def test_every_chapter_of_methods_has_three_exercises_that_can_be_checked(path):
    assert len(exercises.chapters().get(path.stem, {})) >= 3


# The interface


def number(value=2.0, tolerance=0.01, unit="cm"):
    return Answer(lambda: value, tolerance, unit, {1.0: "half of it", lambda: -value: "the sign", 4.0: "twice it."})


def test_a_number_counts_within_its_tolerance_and_a_known_mistake_gets_its_hint():
    assert number().verdict(2.01) == RIGHT
    assert number().verdict(np.float64(1.99)) == RIGHT
    assert number().verdict(np.array(2.0)) == RIGHT
    assert number().verdict(2) == RIGHT
    assert number().verdict(1.0) == "Not yet: half of it."
    assert number().verdict(-2.0) == "Not yet: the sign."
    assert number().verdict(4) == "Not yet: twice it."
    assert number().verdict(7) == "Not yet. An answer counts when it is within 0.01 cm of the right one."
    assert number(unit="").verdict(7) == "Not yet. An answer counts when it is within 0.01 of the right one."


def test_a_count_is_exact():
    count = number(3, 0)
    assert count.verdict(3.0) == RIGHT
    assert count.verdict(3.1) == "Not yet. The answer is exact: give it in full, without rounding."


@settings(max_examples=50)
@given(right=st.floats(-1e3, 1e3), off=st.floats(-5, 5))
def test_only_the_distance_decides(right, off):
    answer = Answer(lambda: right, 1.0, "", dict.fromkeys("abc", "a word"))
    assert (answer.verdict(right + off) == RIGHT) == (abs((right + off) - right) <= 1.0 + 1e-9)


def test_words_do_without_capitals_and_outer_spaces():
    word = Answer(lambda: "Vega 2015", wrong={"Kim 2023": "too large", "": "name one", "all": "one only"})
    assert word.verdict("  vega  2015 ") == RIGHT
    assert word.verdict("KIM 2023") == "Not yet: too large."
    assert word.verdict("Ha 2018").startswith("Not yet. Every word must be there")


def test_intervals_and_tuples_count_one_by_one_and_sets_in_any_order():
    pair = Answer(lambda: Interval(-1.0, 2.0), 0.1, "cm", {(2.0, -1.0): "turn round", (0, 1): "no", (1, 1): "no"})
    assert pair.verdict((-1.05, 2.0)) == pair.verdict(np.array([-1, 2])) == pair.verdict(Interval(-1, 2)) == RIGHT
    assert pair.verdict([2, -1]) == "Not yet: turn round."
    assert pair.verdict((-1, 3)).startswith("Not yet. An answer counts")
    mixed = Answer(lambda: ("Vega", 2), 0, "", {("Vega", 3): "count", ("Kim", 2): "who", ("Kim", 3): "both"})
    assert mixed.verdict(("vega", 2)) == RIGHT
    some = Answer(
        lambda: {"a", "b"}, wrong={frozenset("a"): "one more", frozenset("abc"): "too many", frozenset("c"): "x"}
    )
    assert some.verdict(["B", "A"]) == some.verdict({"a", "b"}) == RIGHT
    assert some.verdict({"a"}) == "Not yet: one more."
    assert some.verdict({"a", "d"}).startswith("Not yet. Every word")


@pytest.mark.parametrize(
    ("chapter", "asked", "given", "kind", "message"),
    [
        ("nothing", 1, 1.0, ValueError, "chapter is 'nothing'; choose one of "),
        ("prediction", 9, 1.0, ValueError, "number is 9; the exercises of 'prediction' that can be"),
        ("prediction", True, 1.0, ValueError, "number is True; "),
        ("prediction", [1], 1.0, TypeError, "number is [1]; give the exercise's number, such as 1"),
        ("prediction", 1, "wide", TypeError, "answer is 'wide'; this exercise asks for one number in cm"),
        ("prediction", 1, True, TypeError, "answer is True; this exercise asks for one number in cm"),
        ("prediction", 1, np.True_, TypeError, "this exercise asks for one number in cm"),
        ("prediction", 1, [1.0, 2.0], TypeError, "answer is [1.0, 2.0]; this exercise asks for one number in cm"),
        ("prediction", 1, float("nan"), ValueError, "answer is nan; this exercise asks for one number in cm, which"),
        ("prediction", 3, None, TypeError, "answer is None; this exercise asks for one number"),
        ("prediction", 2, 1.0, TypeError, "answer is 1.0; this exercise asks for several values, such as (a, b)"),
        ("prediction", 2, "ab", TypeError, "answer is 'ab'; this exercise asks for several values"),
        ("prediction", 2, (1, 2, 3), ValueError, "answer holds 3 values; this exercise asks for 2, as (a, b, ...)"),
        ("prediction", 2, (1, "x"), TypeError, "answer is 'x'; this exercise asks for one number in cm"),
        ("several_arms", 1, 2, TypeError, "answer is 2; this exercise asks for a word, in quotes"),
        ("heterogeneity", 2, "Q", TypeError, "answer is 'Q'; this exercise asks for several values"),
        ("heterogeneity", 2, {"Q", 2}, TypeError, "answer is 2; this exercise asks for a word, in quotes"),
    ],
)  # fmt: skip
def test_refusals_are_one_sentence(chapter, asked, given, kind, message):
    with pytest.raises(kind) as refused:
        check(chapter, asked, given)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_declaration_needs_three_wrong_answers_and_a_tolerance_that_is_none_or_not_negative():
    with pytest.raises(ValueError, match="wrong holds 1 answers; give at least three"):
        Answer(lambda: 1, 0, "", {2: "no"})
    with pytest.raises(ValueError, match="tolerance is -1; it must be 0 or more"):
        number(tolerance=-1)
    with pytest.raises(TypeError, match="this answer is a number; declare its tolerance"):
        number(tolerance=None).verdict(2.0)


def test_check_prints_one_line(capsys):
    check("several_arms", 1, "combine")
    assert capsys.readouterr().out == "Not yet: that puts the doses together.\n"
