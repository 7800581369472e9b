"""A chapter's numbers as JSON, for tests and for the pages that sum up."""

import dataclasses
import json
import math
import os
import re
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

PACKAGES = ("matplotlib", "mscmeta", "numpy", "pandas", "scipy")


def record(name: str, results: dict, parameters: dict | None = None) -> None:
    """Write a chapter's results, with its parameters and the package versions, as JSON.

    The folder is named by the environment variable MSCMETA_RESULTS; where it is not set, as when a notebook is run by
    hand, nothing is written. The file appears whole or not at all.

    Parameters
    ----------
    name : str
        Of the chapter, such as "womac_function" or "qu2021/womac_function".
    results : dict
        Numbers, intervals, pooled results, arrays, data frames and dicts or lists of them. Written with all digits and
        sorted keys; NaN becomes null, infinities become the texts "inf" and "-inf".
    parameters : dict, optional
        The settings that gave them.

    Raises
    ------
    ValueError
        If `name` is no plain name.
    TypeError
        If a result is of a kind that has no exact JSON.
    """
    if not re.fullmatch(r"[a-z0-9_-]+(/[a-z0-9_-]+)?", name):
        raise ValueError(f"name is {name!r}; use lower-case letters, digits, _ and -, with at most one folder")
    content = {
        "name": name,
        "parameters": plain(parameters or {}),
        "results": plain(results),
        "versions": {package: version(package) for package in PACKAGES},
    }
    text = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    folder = os.environ.get("MSCMETA_RESULTS")
    if folder:
        _write(Path(folder) / f"{name}.json", text)


def plain(value: object) -> object:
    """Return a value in JSON's own kinds, without losing a digit."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float):
        return None if math.isnan(value) else value if math.isfinite(value) else ("inf" if value > 0 else "-inf")
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return [plain(row) for row in value.to_dict("records")]
    raise TypeError(
        f"a {type(value).__name__} cannot be recorded; give numbers, texts, results, frames, dicts or lists"
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
