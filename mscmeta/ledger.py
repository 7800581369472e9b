"""The ledger of claims: every number that the two reviews print, judged by rule, never by hand.

A row of ``data/claims.csv`` names in `rule` one or more functions, of `mscmeta.audit` or of
`mscmeta._claim_rules`, and in `rule_inputs` what each is given::

    rule:        centred + effect_on_instruments
    rule_inputs: estimate=@.estimate; low=@.low; high=@.high | estimate=@.estimate; instruments=womac_stiffness_8

Functions are joined by " + ", the inputs of each by " | " (inputs without " | " are shared). An input is text; or
``@key``, the printed number of another claim (``@.low``: of this claim's neighbour, ``@qu2021.table1.*.n``: of all that
match, ``-@key``: with its sign turned); or ``table.column[column=value & …]``, a cell of another table. Lists are
separated by commas. ``python -m mscmeta.ledger`` writes the verdicts into the file.
"""

from __future__ import annotations

import csv
import inspect
import re
import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase

from mscmeta import data
from mscmeta._claim_rules import as_text, cells_of, forget, rules
from mscmeta.audit import Finding

#: From the gravest: a claim takes the first that any of its rules gives.
ORDER = ("contradicted", "differs", "reproduced", "consistent", "unverifiable")
_CELL = re.compile(r"([a-z_]+)\.([a-z_0-9]+)\[(.+)\]")


def evaluate_claims(claims=None, *, only: Iterable[str] | None = None):
    """Judge every claim.

    Parameters
    ----------
    claims : DataFrame, optional
        Rows as in ``claims.csv``; the table itself without.
    only : iterable of str, optional
        Keys of the claims to judge, such as those of one chapter; all without. The others are still looked up.

    Returns
    -------
    DataFrame
        Columns `claim`, `verdict` and `reason` (what each rule says), one row a claim, in order.

    Raises
    ------
    ValueError
        When a rule or an input cannot be understood; the message names the claim.

    Examples
    --------
    >>> print(evaluate_claims(only=["qu2021.discussion.lamo_name"]).iloc[0].tolist()[1:])
    ['contradicted', 'Reference 27 is Emadedin 2018, not Lamo-Espinosa.']
    """
    import pandas as pd

    forget()  # the files may have changed since the last call
    claims = data.table("claims") if claims is None else claims
    known = {row.claim: row for row in claims.itertuples()}
    unknown = set(only or ()) - set(known)
    if unknown:
        raise ValueError(f"only names {', '.join(sorted(unknown))}, but there is no such claim")
    wanted = known if only is None else set(only)
    rows = []
    for row in (row for name, row in known.items() if name in wanted):
        try:
            rows.append((row.claim, *_judge(row, known)))
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"claim '{row.claim}': {error}") from error
    return pd.DataFrame(rows, columns=["claim", "verdict", "reason"])


def _judge(row, known: dict) -> tuple[str, str]:
    found = [_applied(name, inputs, row, known) for name, inputs in _calls(row)]
    given = [f.verdict for f in found if f.verdict in ORDER]
    verdict = min(given, key=ORDER.index) if given else "unverifiable"
    return verdict, " ".join(f.says for f in found)


def _calls(row) -> list[tuple[str, dict[str, str]]]:
    names = row.rule.split(" + ") if row.rule else []
    parts = row.rule_inputs.split(" | ") if row.rule_inputs else []
    if names and len(parts) not in (1, len(names)):
        raise ValueError(
            f"rule names {len(names)} functions and rule_inputs {len(parts)} sets: give one, or one for each"
        )
    sets = [dict(pair.split("=", 1) for pair in part.split("; ")) for part in parts]
    shared = len(sets) == 1 < len(names)
    calls = [(name, sets[0] if shared else sets[i]) for i, name in enumerate(names)]
    if shared:
        wanted = {p for name in names for p in _parameters(name)}
        _refuse_unused(set(sets[0]) - wanted, " + ".join(names))
        calls = [(name, {k: v for k, v in inputs.items() if k in _parameters(name)}) for name, inputs in calls]
    return calls


def _parameters(name: str) -> dict[str, inspect.Parameter]:
    known = rules()
    if name not in known:
        raise ValueError(f"rule {name!r} is not known; use one of {', '.join(known)}")
    return dict(inspect.signature(known[name]).parameters)


def _refuse_unused(unused: set[str], rule: str) -> None:
    if unused:
        raise ValueError(f"input {', '.join(sorted(unused))} does not apply to {rule}; take it out")


def _applied(name: str, inputs: dict[str, str], row, known: dict) -> Finding:
    parameters = _parameters(name)
    _refuse_unused(set(inputs) - set(parameters), name)
    ready = {}
    for key, text in inputs.items():
        values = [value for part in text.split(", ") for value in _resolved(part, row, known)]
        kind = parameters[key].annotation
        if kind == "list[str]":
            ready[key] = values
        elif len(values) != 1:
            raise ValueError(f"{key} of {name} is {len(values)} values ({text}): it takes one")
        else:
            ready[key] = {"float": float, "int": int}.get(kind, str)(values[0])
    return rules()[name](**ready)


def _resolved(text: str, row, known: dict) -> list[str]:
    """The texts that one part of an input stands for."""
    turned = text.startswith("-@")
    if text.startswith("@") or turned:
        key = text.lstrip("-@")
        key = row.claim.rpartition(".")[0] + key if key.startswith(".") else key
        found = [_number(claim) for name, claim in known.items() if fnmatchcase(name, key)]
        if not found:
            raise ValueError(f"no claim is named {key}")
        return [f"-{value}" if turned else value for value in found]
    cell = _CELL.fullmatch(text)
    return _cells(*cell.groups()) if cell else [text]


def _number(claim) -> str:
    """What a claim printed; a number word as the number."""
    if re.fullmatch(r"[A-Za-z]+", claim.printed) and claim.value == claim.value:
        return f"{claim.value:g}"
    return claim.printed


def _cells(name: str, column: str, where: str) -> list[str]:
    frame = cells_of(name)
    for pair in where.split(" & "):
        key, _, value = pair.partition("=")
        frame = frame[frame[key].map(as_text) == value]
    if frame.empty:
        raise ValueError(f"table {name} has no row with {where}")
    return [as_text(value) for value in frame[column]]


# --- the command ------------------------------------------------------------


def main() -> int:
    """Write the verdicts into ``claims.csv`` and say which changed."""
    path = data.find() / "claims.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        columns = reader.fieldnames
    verdicts = evaluate_claims().verdict
    changed = 0
    for row, verdict in zip(rows, verdicts, strict=True):
        if row["verdict"] != verdict:
            print(f"{row['claim']}: {row['verdict'] or 'none'} -> {verdict}")
            changed += 1
        row["verdict"] = verdict
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} claims, {changed} verdicts changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
