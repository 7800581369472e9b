"""Parameters of the book: what may be set, what was set on the command line, what a notebook is given."""

import ast
import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path

import nbformat

from tools.common import ROOT, BuildError, notebooks, read_yaml, shown

OF_MAKE = {"PYTHON", "NB"}  # variables of the Makefile itself
_NAME = re.compile(r"(?:^|(?<!\\)\s)([^\s=:+?!\\]+)\s*[:+?!]*=")


def table() -> dict[str, dict]:
    """Every parameter with its default, its allowed values and its meaning (book/parameters.yml)."""
    return read_yaml(ROOT / "book" / "parameters.yml")


def from_make(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables typed after `make`: their names from MAKEFLAGS, their exact values from the environment.

    The environment alone is not asked: CI=true, say, is set on many machines and means something else.
    """
    typed = (environ.get("MAKEFLAGS", "") + " ").partition("-- ")[2]
    return {name: environ.get(name, "") for name in _NAME.findall(typed) if name not in OF_MAKE}


def hint(name: str, known: list[str]) -> str:
    """Return 'did you mean ...' where one is close, else the whole list."""
    close = [k for k in known if k.upper() == name.upper()] or difflib.get_close_matches(name.upper(), known, 1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"


def value_of(name: str, given: str) -> str | float:
    """One value, checked against the table."""
    known = table()
    if name not in known:
        raise BuildError(f"unknown parameter '{name}'; {hint(name, list(known))}")
    allowed = known[name]
    if "values" in allowed:
        if given not in allowed["values"]:
            raise BuildError(f"{name}={given} is not possible; {name} can be {', '.join(allowed['values'])}")
        return given
    try:
        number = float(given)
    except ValueError:
        number = float("nan")
    if not allowed["above"] < number < allowed["below"]:
        raise BuildError(
            f"{name}={given} is not possible; {name} is a number between {allowed['above']} and {allowed['below']}"
        )
    return number


def declared(notebook: Path) -> dict[str, object]:
    """Names and defaults in the `parameters` cell of a notebook."""
    try:
        cells = [c for c in nbformat.read(notebook, 4).cells if "parameters" in c.metadata.get("tags", [])]
        assigned = [node for c in cells for node in ast.parse(c.source).body if isinstance(node, ast.Assign)]
        return {node.targets[0].id: ast.literal_eval(node.value) for node in assigned}
    except Exception as error:  # nbformat has many ways to say that a file is no notebook
        raise BuildError(f"{shown(notebook)}: its parameters cannot be read: {str(error).splitlines()[0]}") from None


def changed(overrides: Mapping[str, str]) -> dict[str, str | float]:
    """Settings that differ from the defaults, checked; one that no chapter knows is refused rather than ignored."""
    values = {name: value_of(name, given) for name, given in overrides.items()}
    used = {name for notebook in notebooks() for name in declared(notebook)}
    for name in values:
        if name not in used:
            raise BuildError(f"{name} would change nothing: no chapter declares it")
    known = table()
    return {name: value for name, value in values.items() if value != known[name]["default"]}


def passed_to(notebook: Path, settings: Mapping[str, str | float]) -> dict[str, str | float]:
    """Those of the settings that this notebook declares."""
    return {name: value for name, value in settings.items() if name in declared(notebook)}
