"""How many digits of a computed number are right."""

from __future__ import annotations

import numpy as np

from . import _checks as check
from ._results import _plain

#: A double holds 15 to 17 digits; more than this cannot be told apart from rounding.
MOST = 15.0


def lre(computed: object, reference: object) -> float | np.ndarray:
    """Log relative error: how many digits of a computed number agree with the reference, 0 to 15.

    Parameters
    ----------
    computed, reference : float or array_like
        Ours, and what it should be; of shapes that fit.

    Returns
    -------
    float or ndarray
        -log10 of the relative error; of the absolute error where the reference is 0. Not below 0 (no digit agrees), not
        above 15 (agreement as far as double precision can tell).

    Raises
    ------
    ValueError
        If a number is not finite: nothing that failed may pass as accurate, or as wrong by so many digits.

    Notes
    -----
    As in NIST's Statistical Reference Datasets; McCullough (1998), The American Statistician 52:358, section 2.

    Examples
    --------
    >>> lre(3.14159, 3.141592653589793) > 6, lre(1.0, 1.0), lre(2.0, 1.0), lre(1e-7, 0.0)
    (True, 15.0, 0.0, 7.0)
    """
    ours, theirs = check.floats("computed", computed), check.floats("reference", reference)
    for name, values in (("computed", ours), ("reference", theirs)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} holds a number that is not finite; digits can only be counted of finite numbers")
    error = np.abs(ours - theirs)
    size = np.abs(theirs)
    error = np.where(size > 0, error / np.where(size > 0, size, 1.0), error)
    return _plain(np.clip(-np.log10(np.maximum(error, 10.0**-MOST)), 0.0, MOST) + 0.0)
