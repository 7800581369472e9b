"""One declared answer: what is right, what is typically wrong, and how the two are told apart."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from numbers import Real

import numpy as np

RIGHT = "Right."


@dataclass(frozen=True, slots=True)
class Answer:
    """The right answer of an exercise and its typical wrong ones.

    Attributes
    ----------
    value : callable
        Computes the right answer: a number, a word, a tuple of either (an interval is a tuple of two), or a set of
        words, whose order does not matter.
    tolerance : float or None
        Largest difference of a number that still counts as right, in `unit`; 0 for a count. None for words.
    unit : str
        Unit of the numbers, "" where they have none.
    wrong : mapping
        At least three typical wrong answers, or functions that compute them, each with the hint to print. A hint
        names the error, never the right answer.

    Raises
    ------
    ValueError
        If fewer than three wrong answers are given, or a negative tolerance.

    Examples
    --------
    >>> third = Answer(lambda: 1 / 3, 0.001, "", {3: "turn it round", 0: "divide", 1: "by three, not by one"})
    >>> third.verdict(0.3331)
    'Right.'
    >>> third.verdict(3)
    'Not yet: turn it round.'
    >>> third.verdict(0.35)
    'Not yet. An answer counts when it is within 0.001 of the right one.'
    """

    value: Callable[[], object]
    tolerance: float | None = None
    unit: str = ""
    wrong: Mapping[Hashable, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.wrong) < 3:
            raise ValueError(f"wrong holds {len(self.wrong)} answers; give at least three, each with its hint")
        if self.tolerance is not None and not self.tolerance >= 0:
            raise ValueError(f"tolerance is {self.tolerance}; it must be 0 or more, or None for words")

    def verdict(self, answer: object) -> str:
        """One line on an answer; see `check`."""
        right = self.value()
        given = _like(right, answer, self.unit)
        if self.same(right, given):
            return RIGHT
        for value, hint in self.mistakes():
            if self.same(value, given):
                return f"Not yet: {hint.rstrip('.')}."
        return self.nearly()

    def mistakes(self) -> list[tuple[object, str]]:
        """The typical wrong answers, computed, each with its hint."""
        return [(value() if callable(value) else value, hint) for value, hint in self.wrong.items()]

    def same(self, one: object, other: object) -> bool:
        """Whether two answers are the same: numbers within the tolerance, words but for capitals and outer spaces."""
        if _is_set(one):
            return {_word(x) for x in one} == {_word(x) for x in other}
        if isinstance(one, str):
            return isinstance(other, str) and _word(one) == _word(other)
        if isinstance(one, Real):
            if self.tolerance is None:
                raise TypeError("this answer is a number; declare its tolerance (0 for a count)")
            near = self.tolerance * (1 + 1e-9)  # 0.3 is within 0.1 of 0.2, whatever binary digits say
            return isinstance(other, Real) and bool(abs(one - other) <= near)
        one, other = list(one), list(other)
        return len(one) == len(other) and all(self.same(a, b) for a, b in zip(one, other, strict=True))

    def nearly(self) -> str:
        """What is said of an unknown wrong answer: what counts as right, not what is right."""
        if self.tolerance is None:
            return "Not yet. Every word must be there, spelled as in the exercise; capitals do not matter."
        if self.tolerance == 0:
            return "Not yet. The answer is exact: give it in full, without rounding."
        unit = f" {self.unit}" if self.unit else ""
        return f"Not yet. An answer counts when it is within {self.tolerance:g}{unit} of the right one."


def _word(text: str) -> str:
    return " ".join(text.split()).casefold()


def _is_set(value: object) -> bool:
    return isinstance(value, set | frozenset)


def _like(right: object, answer: object, unit: str) -> object:
    """The answer as plain numbers, words, lists or sets, after refusing one of another kind than the right one."""
    if isinstance(right, str):
        if not isinstance(answer, str):
            raise TypeError(f"answer is {answer!r}; this exercise asks for a word, in quotes")
        return answer
    if isinstance(right, Real):
        return _number(answer, unit)
    many = _several(answer)
    if _is_set(right):
        return {_like("", one, unit) for one in many}
    right = list(right)
    if len(many) != len(right):
        raise ValueError(f"answer holds {len(many)} values; this exercise asks for {len(right)}, as (a, b, ...)")
    return [_like(a, b, unit) for a, b in zip(right, many, strict=True)]


def _several(answer: object) -> list:
    try:
        if isinstance(answer, str | Mapping):
            raise TypeError
        return list(answer)
    except TypeError:
        raise TypeError(f"answer is {answer!r}; this exercise asks for several values, such as (a, b)") from None


def _number(answer: object, unit: str) -> float:
    named = f"one number in {unit}" if unit else "one number"
    if isinstance(answer, np.ndarray) and answer.ndim == 0:
        answer = answer[()]
    if isinstance(answer, bool | np.bool_) or not isinstance(answer, Real):
        raise TypeError(f"answer is {answer!r}; this exercise asks for {named}")
    if not np.isfinite(answer):
        raise ValueError(f"answer is {answer}; this exercise asks for {named}, which is finite")
    return float(answer)
