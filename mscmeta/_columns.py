"""Arguments of one row or many: brought to one shape, and refused by name, row and way out."""

from collections.abc import Sequence

import numpy as np

from mscmeta import _checks


class Columns:
    """Named numbers of one shape, rows on axis 0, with the labels that messages use.

    Parameters
    ----------
    labels : sequence of str or None
        One name a row (a single name for single numbers).
    noun : str
        What a row is called: study, arm.
    **values : array_like
        Finite numbers; a single one stands for every row.
    """

    def __init__(self, labels: Sequence[object] | None = None, noun: str = "study", **values: object) -> None:
        arrays = {name: _checks.floats(name, value) for name, value in values.items()}
        different = {array.shape for array in arrays.values()} - {()}
        if len(different) > 1:  # no broadcasting: a list of one would silently be used for every row
            shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
            raise ValueError(f"the shapes do not fit together: {shapes}; give one value for each {noun}")
        shape = different.pop() if different else ()
        if 0 in shape:
            raise ValueError(f"{next(iter(arrays))} is empty; give at least one {noun}")
        self.labels = _checks.labels(labels, shape[0] if shape else 1)
        self.noun = noun
        self.values = {name: np.broadcast_to(array, shape) for name, array in arrays.items()}
        for name, array in self.values.items():
            self.demand(np.isfinite(array), name, array, "it must be a finite number")
            self.demand(
                np.abs(array) <= _checks.LARGEST_EFFECT, name, array, "too large to compute with; change the unit"
            )

    def __iter__(self):
        return iter(self.values.values())

    def demand(self, fine: np.ndarray, name: str, values: np.ndarray, why: str) -> None:
        """Refuse the first value that is not fine."""
        if not np.all(fine):
            where = np.argwhere(np.atleast_1d(~fine))[0]
            row = ""
            if np.ndim(values) or self.labels:
                row = " of " + _checks.place(self.labels, where).replace("study", self.noun, 1)
            raise ValueError(f"{name}{row} is {np.atleast_1d(values)[tuple(where)]:.15g}; {why}")

    def whole(self, name: str, smallest: int, why: str) -> None:
        """Refuse what is not a whole number, or too small a one."""
        values = self.values[name]
        self.demand((values == np.floor(values)) & (values >= smallest), name, values, why)


def plain(value: np.ndarray) -> float | bool | str | np.ndarray:
    """A Python scalar for a single value, else an array of its own."""
    value = np.array(value)
    return value.item() if value.ndim == 0 else value
