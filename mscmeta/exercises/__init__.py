"""Exercises that tell whether an answer is right without showing it.

A reader calls `check`. A developer of a chapter declares the answers in ``mscmeta/exercises/<chapter>.py``, named after
the notebook (``notebooks/methods/prediction.ipynb`` has ``prediction.py``), as ``ANSWERS``: number of the exercise to
`Answer`. Nothing is typed that can be computed: the right answer, and each typical wrong one, is a function without
arguments that asks mscmeta and the data. So answers follow the data. ::

    from mscmeta import data, pool
    from mscmeta.exercises import Answer


    def _effects():
        trials = data.contrasts("cochrane2025", "pain", 6)
        return trials.y, trials.v


    def _width(ci="HK-floor"):
        interval = pool(*_effects(), tau2="REML", ci=ci).ci
        return interval.high - interval.low


    ANSWERS = {
        1: Answer(
            _width,
            tolerance=0.01,
            unit="cm",
            wrong={
                lambda: _width("Wald"): "that is the Wald interval; the exercise asks for Hartung-Knapp with floor",
                lambda: _width() / 2: "that is half of it, from the estimate to one limit",
                lambda: -_width(): "a width is the upper limit minus the lower one",
            },
        ),
    }

Where a value takes more than a tenth of a second, put `functools.cache` before the function that computes it.

In the notebook the exercise's text names what is wanted, its unit, and the settings (REML, Hartung-Knapp with floor):
answers do not follow the parameters cell of a chapter, so solutions must not either. It ends with "Check with
`check("prediction", 1, width)`"; the solution's cell ends with that call. ``tests/test_exercises.py`` goes over every
declared answer (right one accepted, three wrong ones refused, no line shows the right number), runs every solution cell
that calls `check`, and wants text and solution to name the same exercise.
"""

from __future__ import annotations

from importlib import import_module
from numbers import Integral
from pkgutil import iter_modules

from mscmeta import _checks
from mscmeta.exercises._answer import Answer

__all__ = ["Answer", "chapters", "check", "verdict"]


def chapters() -> dict[str, dict[int, Answer]]:
    """Every chapter that declares answers, with its answers by number.

    >>> "prediction" in chapters()
    True
    """
    return {name: _answers(name) for name in _names()}


def check(chapter: str, number: int, answer: object) -> None:
    """Print in one line whether an answer is right, without showing the right one.

    Parameters
    ----------
    chapter : str
        Name of the chapter's notebook, such as "prediction".
    number : int
        Number of the exercise, from 1.
    answer : float, str, or several of them
        What the exercise asks for, in the unit that it names: a number, a word (capitals do not matter), an interval
        or a tuple, compared one by one, or a set of words in any order.

    Raises
    ------
    ValueError
        For an unknown chapter or number, and for too few or too many values.
    TypeError
        For an answer of the wrong kind, such as a word where a number is wanted.

    Examples
    --------
    >>> check("prediction", 1, 100.0)
    Not yet. An answer counts when it is within 0.01 cm of the right one.
    """
    print(verdict(chapter, number, answer))


def verdict(chapter: str, number: int, answer: object) -> str:
    """The line that `check` prints."""
    declared = _answers(_checks.one_of("chapter", chapter, _names()))
    if not isinstance(number, Integral):
        raise TypeError(f"number is {number!r}; give the exercise's number, such as 1")
    if isinstance(number, bool) or number not in declared:
        known = ", ".join(str(n) for n in sorted(declared))
        raise ValueError(f"number is {number!r}; the exercises of {chapter!r} that can be checked are {known}")
    return declared[number].verdict(answer)


def _names() -> list[str]:
    return sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))


def _answers(chapter: str) -> dict[int, Answer]:
    return import_module(f"{__name__}.{chapter}").ANSWERS
