"""A chapter whose settings leave no trial says so and ends there, instead of failing in every cell below."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager

from .. import data
from ._display import answer
from ._fields import say
from ._markup import Markup


@contextmanager
def ends_if_empty() -> Iterator[None]:
    """Read trials in a notebook; where none is left, say why in the answer box and skip every cell below.

    Put nothing after it in its cell. A cell of settings, `setup` and this one run again when the reader comes back to
    them with other settings. Outside a notebook the error goes its way.

    Examples
    --------
    >>> with ends_if_empty():
    ...     trials = data.contrasts("sadeghirad2024", "pain", 6)
    """
    from IPython import get_ipython

    try:
        yield
    except data.NoTrialLeftError as reason:
        shell = get_ipython()
        if shell is None:
            raise
        answer(
            "**No trial is left with these settings**, so this page has its text but no result. {why}",
            "Choose other settings, such as `COMPARATORS=all`, and run the chapter again.",
            why=_why(reason.left_out),
            title="Nothing to pool",
        )
        resume()
        shell.input_transformers_post.append(_skipped)


def resume() -> None:
    """Run cells again after `ends_if_empty` has skipped some."""
    from IPython import get_ipython

    changes = getattr(get_ipython(), "input_transformers_post", [])
    if _skipped in changes:
        changes.remove(_skipped)


def _skipped(lines: list[str]) -> list[str]:
    source = "".join(lines)
    again = "report.setup()" in source or "ends_if_empty()" in source or _only_settings(source)
    return lines if again else []


def _only_settings(source: str) -> bool:
    """Whether a cell does nothing but give capital names plain values, as a cell of parameters does."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    return bool(body) and all(
        isinstance(line, ast.Assign)
        and isinstance(line.value, ast.Constant)
        and all(isinstance(name, ast.Name) and name.id.isupper() for name in line.targets)
        for line in body
    )


def _why(left_out: list[dict]) -> Markup:
    """Reasons with the number of trials that each left out."""
    counts: dict[str, int] = {}
    for out in left_out:
        counts[out["reason"]] = counts.get(out["reason"], 0) + 1
    reasons = "; ".join(f"{reason} ({count})" for reason, count in counts.items())
    return say("Why trials were left out, and how many: {reasons}.", reasons=reasons or "the review holds none")
