"""The ledger of claims: every number that the two reviews print, judged by rule, never by hand.

A row of ``data/claims.csv`` names in `rule` one or more functions (of `mscmeta.audit`, or below in this module) and in
`rule_inputs` what each is given::

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
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cache

from mscmeta import audit, data
from mscmeta.audit import Finding
from mscmeta.pool import Pooled, pool

#: From the gravest: a claim takes the first that any of its rules gives.
ORDER = ("contradicted", "differs", "reproduced", "consistent", "unverifiable")
_CELL = re.compile(r"([a-z_]+)\.([a-z_0-9]+)\[(.+)\]")


def rules() -> dict[str, Callable]:
    """Every function that a claim may name, by name.

    Examples
    --------
    >>> sorted(rules())[:3]
    ['adds_up', 'among', 'centred']
    """
    here = (
        effect_on_instruments,
        fits_trials,
        rerun,
        reporting_trials,
        names_reference,
        percent_fall,
        sizes_span,
        sizes_exceed,
    )
    shared = (
        "adds_up among centred counted direction every exceeds inside interval_from_p method_fits most near_identical"
    )
    shared += " p_from_interval same same_words significance spans standard_error threshold_kept within_mid"
    return {name: getattr(audit, name) for name in shared.split()} | {rule.__name__: rule for rule in here}


def evaluate_claims(claims=None):
    """Judge every claim.

    Parameters
    ----------
    claims : DataFrame, optional
        Rows as in ``claims.csv``; the table itself without.

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
    >>> judged = evaluate_claims().set_index("claim")
    >>> judged.loc["qu2021.flow.screened", "verdict"]
    'consistent'
    """
    import pandas as pd

    for kept in (_frame, _refit):
        kept.cache_clear()  # the files may have changed since the last call
    claims = data.table("claims") if claims is None else claims
    known = {row.claim: row for row in claims.itertuples()}
    rows = []
    for row in known.values():
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


@cache
def _frame(name: str):
    return data.table(name)


def _cells(name: str, column: str, where: str) -> list[str]:
    frame = _frame(name)
    for pair in where.split(" & "):
        key, _, value = pair.partition("=")
        frame = frame[frame[key].map(_text) == value]
    if frame.empty:
        raise ValueError(f"table {name} has no row with {where}")
    return [_text(value) for value in frame[column]]


def _text(value) -> str:
    import pandas as pd

    if value is None or value is pd.NA or value != value:
        return ""
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


# --- rules that need the tables ------------------------------------------------------------


def effect_on_instruments(estimate: str, instruments: list[str]) -> Finding:
    """`audit.effect_within_scale` on instruments of ``instruments.csv``, by key.

    >>> effect_on_instruments("-13.83", ["womac_stiffness_8", "womac_stiffness_100"]).verdict
    'contradicted'
    """
    table = _frame("instruments").set_index("instrument")
    return audit.effect_within_scale(estimate, *((table.low[key], table.high[key]) for key in instruments))


def fits_trials(
    value: str, p: str, estimate: str, low: str, high: str, comparisons: list[str], coefficients: int
) -> Finding:
    """`audit.df_implied` against the comparisons that a regression can have had, less its coefficients.

    Parameters
    ----------
    comparisons : list of str
        One entry for each comparison, so that their number counts.
    coefficients : int
        Coefficients fitted, the intercept among them.
    """
    most = str(len(comparisons) - coefficients)
    return audit.df_implied(value, p, estimate=estimate, low=low, high=high, at_most=most)


def reporting_trials(printed: str, refs: list[str], review: str, family: str) -> Finding:
    """Whether the number of trials said to report an outcome leaves out one whose own report has it.

    Parameters
    ----------
    refs : list of str
        Reference numbers that the review names.
    review, family : str
        Key of the review, and family of instruments (``instruments.csv``).
    """
    inclusion = _frame("inclusion")
    inclusion = inclusion[(inclusion.review == review) & (inclusion.ref.map(_text) != "")].set_index("trial")
    named = {trial for trial, ref in inclusion.ref.map(_text).items() if ref in refs}
    outcomes = _frame("outcomes")
    families = _frame("instruments").set_index("instrument").family
    own = outcomes[(outcomes.how == "reported") & (outcomes.instrument.map(families) == family)]
    found = sorted(named | (set(own.trial) & set(inclusion.index)))
    return audit.counted(printed, found)


def _sizes(review: str) -> list[str]:
    table = _frame("characteristics")
    return [_text(n) for n in table[table.source == review].groupby("trial", sort=False).n.sum()]


def sizes_span(low: str, high: str, review: str) -> Finding:
    """`audit.spans` on the sizes of the trials, each the sum of its arms as the review's table prints them."""
    return audit.spans(low, high, _sizes(review))


def sizes_exceed(limit: str, review: str) -> Finding:
    """`audit.exceeds` on the sizes of the trials, each the sum of its arms as the review's table prints them."""
    return audit.exceeds(limit, _sizes(review))


def names_reference(printed: str, review: str, ref: str) -> Finding:
    """Whether an author's name beside a reference number is that of the trial that the review lists under it.

    >>> names_reference("Lamo-Espinosa", "qu2021", "27").says
    'Reference 27 is Emadedin 2018, not Lamo-Espinosa.'
    """
    inclusion = _frame("inclusion")
    row = inclusion[(inclusion.review == review) & (inclusion.ref.map(_text) == ref)]
    if len(row) != 1:
        raise ValueError(f"ref is {ref!r}: {review} lists no trial under it")
    label = _frame("trials").set_index("trial").label[row.trial.iloc[0]]
    agrees = label.casefold().startswith(printed.casefold())
    bad = f"Reference {ref} is {label}, not {printed}."
    return Finding("names_reference", "consistent" if agrees else "contradicted", f"It is {label}." if agrees else bad)


def percent_fall(percent: str, before: list[str], after: list[str]) -> Finding:
    """A fall in percent against the one that means printed elsewhere give, all over their rounding boxes.

    The means (averaged when several, to the most decimals among them) come from another source, so a fall that is not
    the same ``differs``.

    >>> percent_fall("64", ["60.9"], ["20.6"]).says
    'From 60.9 to 20.6 is a fall of 66.17 %, not 64 %.'
    """
    half = 10.0 ** -max(audit.decimals(value) for value in (*before, *after)) / 2
    first, last = (sum(map(float, values)) / len(values) for values in (before, after))
    fall = 100 * (1 - last / first)
    least, most = 100 * (1 - (last + half) / (first - half)), 100 * (1 - (last - half) / (first + half))
    same = audit.Box(least, most).meets(audit.box(percent))
    says = f"From {first:g} to {last:g} is a fall of {fall:.4g} %" + ("." if same else f", not {percent} %.")
    return Finding("percent_fall", "reproduced" if same else "differs", says)


def rerun(quantity: str, printed: str, review: str, outcome: str, month: int) -> Finding:
    """A pooled result recomputed from trial data by the review's own rule, if every trial of that month is held.

    The rule of Qu and Sun: DerSimonian-Laird where P of Q is below 0.1 or I² above 50 %, else a fixed effect; normal
    interval; each dose against the whole control.

    Parameters
    ----------
    quantity : {'estimate', 'low', 'high', 'p'}
        Which of the four printed numbers.
    """
    fit = _refit(review, outcome, month)
    if isinstance(fit, str):
        return Finding("rerun", "not_applicable", f"Not rerun: {fit}.")
    value = float({"estimate": fit.estimate, "low": fit.ci.low, "high": fit.ci.high, "p": fit.p_value}[quantity])
    around = audit.p_box(printed) if quantity == "p" else audit.box(printed)
    same = around.low <= value <= around.high
    shown = f"Rerun from {fit.k} comparisons, {'fixed' if fit.tau2 == 0 else 'random'} effects: {value:.3g}"
    return Finding("rerun", "reproduced" if same else "differs", f"{shown}, printed {printed}.")


@cache
def _refit(review: str, outcome: str, month: int) -> Pooled | str:
    """The pooled result by the rule of Qu and Sun, or why there is none."""
    try:
        frame = data.contrasts(review, outcome, month, arms="as_published")
    except ValueError as reason:
        return str(reason)
    missing = _not_held(frame.attrs["left_out"], review, month)
    if missing:
        return f"no data of {', '.join(missing)}"
    fixed = pool(frame.y, frame.v, tau2="FE", ci="Wald")
    mixed = float(fixed.q_p_value) < 0.1 or float(fixed.i2) > 0.5
    return pool(frame.y, frame.v, tau2="DL", ci="Wald") if mixed else fixed


def _not_held(left_out: list[dict], review: str, month: int) -> list[str]:
    """Labels of trials left out although the review lists that month for them."""
    table = _frame("inclusion")
    visits = table[table.review == review].set_index("trial").follow_up_printed
    return [out["label"] for out in left_out if str(month) in str(visits[out["trial"]]).split(",")]


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
