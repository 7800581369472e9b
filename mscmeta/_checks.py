"""Refusals: every bad input gets one sentence that names the argument, the study and the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from numbers import Real

import numpy as np

#: Beyond these sizes products of effects and weights leave double precision; nobody's units are that large or small.
LARGEST_EFFECT = 1e50
SMALLEST_VARIANCE, LARGEST_VARIANCE = 1e-100, 1e100


def floats(name: str, values: object) -> np.ndarray:
    """Array of floats; text, booleans, complex numbers and masked arrays are refused.

    Examples
    --------
    >>> floats("y", ["1", "2"])
    Traceback (most recent call last):
    TypeError: y must hold numbers, but holds '1'
    """
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array; drop the masked studies first")
    if isinstance(values, list | tuple) and any(isinstance(value, bool | np.bool_) for value in values):
        raise TypeError(f"{name} must hold numbers, but holds True or False")  # numpy would make them 1 or 0
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} has rows of unequal lengths; every study needs the same replicates") from None
    if array.dtype.kind in "fiu":
        return array.astype(float, copy=False)
    for value in array.ravel().tolist():
        if isinstance(value, bool | complex) or not (value is None or isinstance(value, Real)):
            raise TypeError(f"{name} must hold numbers, but holds {value!r}")
    return array.astype(float)


def number(name: str, value: object) -> float:
    """One finite number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be one number, but is {value!r}")
    if not np.isfinite(value):
        raise ValueError(f"{name} is {value}; it must be a finite number")
    return float(value)


def level(value: object) -> float:
    """A confidence level strictly between 0 and 1."""
    value = number("level", value)
    if not 0 < value < 1:
        raise ValueError(f"level is {value:.15g}; it must lie strictly between 0 and 1, such as 0.95")
    return value


def one_of(name: str, value: object, options: Iterable[str]) -> str:
    """One of the named options, spelled exactly."""
    options = tuple(options)
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} is {value!r}; choose one of {', '.join(options)}")
    return value


def labels(names: Sequence[object] | None, k: int) -> tuple[str, ...] | None:
    """Names of the k studies as text, or None."""
    if names is None:
        return None
    if isinstance(names, str):
        raise TypeError(f"labels is the text {names!r}; give a list with one name a study")
    if not isinstance(names, Iterable):
        raise TypeError(f"labels is {names!r}; give a list with one name a study")
    names = tuple(str(name) for name in names)
    if len(names) != k:
        raise ValueError(f"labels has {len(names)} names, but there are {k} studies; give one name a study")
    return names


def study(names: Sequence[str] | None, index: int) -> str:
    """How a message calls a study: by its label, else by its place, counted from 1."""
    return f"study {index + 1}" if names is None else f"study {names[index]!r}"


def place(names: Sequence[str] | None, index: Sequence[int]) -> str:
    """The study, and the replicate too when there are several (counted from 0, as numpy does)."""
    first, *rest = (int(i) for i in index)
    if not rest:
        return study(names, first)
    return f"{study(names, first)} in replicate {rest[0] if len(rest) == 1 else tuple(rest)}"


def refuse(name: str, array: np.ndarray, bad: np.ndarray, rule: str, names: Sequence[str] | None = None) -> None:
    """Raise for the first bad entry: '<name> of study 'x' is <value>; <rule>'."""
    if np.any(bad):
        where = np.argwhere(np.atleast_1d(bad))[0]
        value = np.atleast_1d(array)[tuple(where)]
        raise ValueError(f"{name} of {place(names, where)} is {value:.15g}; {rule}")


def same_shape(**arrays: np.ndarray) -> None:
    """All arrays have the shape of the first."""
    (first, reference), *others = arrays.items()
    for name, array in others:
        if array.shape != reference.shape:
            raise ValueError(
                f"{name} has shape {array.shape}, but {first} has shape {reference.shape}; every study needs both"
            )


def table(names: Sequence[object] | None, **columns: object) -> tuple[tuple[str, ...] | None, list[np.ndarray]]:
    """Arm data, one entry a study: equally long, finite numbers (scalars for a single study are fine)."""
    arrays = {name: floats(name, values) for name, values in columns.items()}
    same_shape(**arrays)
    shape = next(iter(arrays.values())).shape
    if shape == (0,):
        raise ValueError(f"{next(iter(arrays))} is empty; give at least one study")
    names = labels(names, shape[0] if shape else 1)
    for name, array in arrays.items():
        refuse(name, array, ~np.isfinite(array), "it must be finite; leave the study out or supply the value", names)
    return names, list(arrays.values())


def studies(
    y: object, v: object, names: Sequence[object] | None = None, *, allow_absent: bool = True
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...] | None]:
    """Effects and variances, studies on axis 0, and the names of the studies; see `replicates`."""
    return replicates(y, v, names, allow_absent=allow_absent)[:3]


def replicates(
    y: object, v: object, names: Sequence[object] | None = None, *, allow_absent: bool = True
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...] | None, np.ndarray | None]:
    """Effects and variances, studies on axis 0, the names of the studies, and which are absent (None: none is).

    With replicates behind axis 0, NaN in both `y` and `v` marks a study as absent from that replicate; in a single
    meta-analysis NaN is refused.
    """
    y, v = floats("y", y), floats("v", v)
    if y.ndim == 0:
        raise ValueError("y is a single number; give one effect a study, such as [0.3, 0.1]")
    same_shape(y=y, v=v)
    if y.size == 0:
        raise ValueError("y is empty; a meta-analysis needs at least one study")
    names = labels(names, y.shape[0])
    usual = v.min() >= SMALLEST_VARIANCE and v.max() <= LARGEST_VARIANCE  # false for NaN as well
    if usual and y.max() <= LARGEST_EFFECT and y.min() >= -LARGEST_EFFECT:
        return y, v, names, None
    return y, v, names, _absent(y, v, names, allow_absent and y.ndim > 1)


def _absent(y: np.ndarray, v: np.ndarray, names: tuple[str, ...] | None, allow_absent: bool) -> np.ndarray:
    """Which studies are absent, after finding what is wrong with y or v, if anything, and saying it."""
    absent = np.isnan(y) & np.isnan(v) if allow_absent else np.zeros(y.shape, bool)
    missing = "NaN marks an absent study only when y and v are both NaN" if allow_absent else "leave the study out"
    tell: Callable[..., None] = refuse
    tell("y", y, np.isnan(y) & ~absent, missing, names)
    tell("variance", v, np.isnan(v) & ~absent, missing, names)
    tell("y", y, np.isinf(y), "effects must be finite", names)
    tell("variance", v, np.isinf(v), "variances must be finite; leave the study out", names)
    tell("variance", v, v <= 0, "variances must be positive", names)
    limit = f"effects beyond {LARGEST_EFFECT:g} cannot be computed; change the unit"
    tell("y", y, np.abs(y) > LARGEST_EFFECT, limit, names)
    limits = f"variances outside {SMALLEST_VARIANCE:g} to {LARGEST_VARIANCE:g} cannot be computed; change the unit"
    tell("variance", v, (v < SMALLEST_VARIANCE) | (v > LARGEST_VARIANCE), limits, names)
    empty = absent.all(axis=0)
    if empty.any():
        where = tuple(int(i) for i in np.argwhere(np.atleast_1d(empty))[0])
        raise ValueError(f"replicate {where[0] if len(where) == 1 else where} has no study; give it at least one")
    return absent
