"""What a forest plot says, before anything is drawn: its rows, their texts and its footnotes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np
from scipy.special import ndtri

from .._results import RANDOM_EFFECTS
from ._format import bracketed, number, p_value, percent, shared_decimals

NAN = float("nan")
ARMS = ("MSC", "Control")
ROB_SYMBOLS = {
    "low": "+",
    "some concerns": "?",
    "unclear": "?",
    "moderate": "?",
    "high": "\N{MINUS SIGN}",
    "serious": "\N{MINUS SIGN}",
    "critical": "!",
    "no information": "i",
}
HOW = {
    "registry": "results posted in a trial registry",
    "secondary": "numbers as printed by another review",
    "converted": "mean or SD converted from what the trial printed",
    "imputed": "mean or SD imputed",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the plot. `kind` is study, subtotal, total, published, prediction, header, note or gap."""

    kind: str
    label: str = ""
    estimate: float = NAN
    low: float = NAN
    high: float = NAN
    weight: float = NAN
    cells: tuple[str, ...] = ()
    effect: str = ""
    rob: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """All rows from top to bottom, the headings of the raw columns and the footnotes."""

    rows: list[Row]
    heads: list[str]
    footnotes: list[str]


def table(contrasts, pooled, subgroups, pooled_by, *, prediction, published, raw, rob, ratio, decimals) -> Table:
    """Return what the plot says, after checking that every pooled result belongs to its rows."""
    _check_groups(contrasts, subgroups, pooled_by)
    columns, heads = raw_columns(contrasts) if raw else ([], [])
    places = {name: 0 if name.startswith("events") else shared_decimals(list(contrasts[name])) for name in columns}
    marks, footnotes = row_marks(contrasts)
    shown = {"ratio": ratio, "decimals": decimals}
    groups = pooled_by or {None: pooled}
    overall = None if pooled is None else _shares(pooled, contrasts, "pooled")
    rows = []
    for name, result in groups.items():
        part = contrasts if name is None else contrasts[contrasts[subgroups] == name]
        weights = _shares(result, part, f"pooled_by[{name!r}]") if overall is None else overall[part.index]
        rows += [] if name is None else [Row("header", str(name))]
        notes = [marks[i] for i in part.index]
        rows += study_rows(part, weights, places, notes, level=result.level, rob=rob, **shown)
        if name is not None:
            _shares(result, part, f"pooled_by[{name!r}]")
            rows += pooled_rows("subtotal", "Subtotal", result, part, columns, weight=weights.sum(), **shown)
            rows += [prediction_row(result, prediction, **shown)] if prediction and pooled is None else []
        rows.append(Row("gap"))
    if pooled is not None:
        diamond, *lines = pooled_rows("total", "Total", pooled, contrasts, columns, weight=1.0, **shown)
        rows += [diamond, *([prediction_row(pooled, prediction, **shown)] if prediction else [])]
        rows += [*published_rows(published, **shown), *lines]
    else:
        rows += published_rows(published, **shown)
    return Table([*rows, Row("gap")], heads, [*footnotes, *left_out(contrasts.attrs)])


def raw_columns(contrasts) -> tuple[list[str], list[str]]:
    """Return the raw-data columns that the frame holds and their headings, an arm at a time."""
    stems = [("events", "Events"), ("mean", "Mean"), ("sd", "SD"), ("n", "N")]
    held = [(f"{stem}_{arm}", head) for arm in (1, 2) for stem, head in stems if f"{stem}_{arm}" in contrasts]
    return [name for name, _ in held], [head for _, head in held]


def study_rows(contrasts, weights, places, marks, *, level, ratio, decimals, rob) -> list[Row]:
    """Return one row a contrast, with its own normal interval at `level`; `places` are the decimals of raw columns."""
    y, se = contrasts["y"].to_numpy(float), np.sqrt(contrasts["v"].to_numpy(float))
    reach = ndtri((1 + level) / 2) * se
    rows = []
    for i, row in enumerate(contrasts.to_dict("records")):
        cells = tuple("" if is_empty(row[name]) else number(float(row[name]), shown) for name, shown in places.items())
        interval = (y[i], y[i] - reach[i], y[i] + reach[i])
        rows.append(
            Row(
                "study",
                str(row["label"]) + marks[i],
                *interval,
                weight=weights[i],
                cells=cells,
                effect=bracketed(*scaled(interval, ratio), decimals),
                rob=_rob_level(row) if rob else "",
            )
        )
    return rows


def pooled_rows(kind, label, pooled, contrasts, columns, *, weight, ratio, decimals) -> list[Row]:
    """Return the diamond's row, with the patients of both arms, and the two lines on its model under it."""
    shown = (float(pooled.estimate), float(pooled.ci.low), float(pooled.ci.high))
    summed = [name for name in columns if name[:2] == "n_" or name.startswith("events")]
    cells = tuple(number(float(contrasts[name].sum()), 0) if name in summed else "" for name in columns)
    text = bracketed(*scaled(shown, ratio), decimals)
    diamond = Row(kind, label, *shown, weight=weight, cells=cells, effect=text)
    return [diamond, *(Row("note", _unbroken(line)) for line in model_lines(pooled))]


def model_lines(pooled) -> list[str]:
    """Return what was fitted and how heterogeneous the trials are, in two lines that no plot may lack.

    A diamond without the name of its model cannot be checked.
    """
    if int(pooled.k) == 1:
        return ["Heterogeneity: not applicable (one trial)", _overall(pooled)]
    model = f"Common-effect model ({pooled.tau2_method})"
    if pooled.tau2_method in RANDOM_EFFECTS:
        edge = ", at its lower bound" if pooled.tau2_at_boundary else ""
        model = f"Heterogeneity: τ² = {_three_digits(float(pooled.tau2))} ({pooled.tau2_method}{edge})"
    spread = f"Q = {number(float(pooled.q))}, df = {int(pooled.q_df)} ({p_value(float(pooled.q_p_value))})"
    return [f"{model}; {spread}, I² = {percent(float(pooled.i2))}", _overall(pooled)]


def prediction_row(pooled, rule, *, ratio, decimals) -> Row:
    """Return the row of the prediction interval, or a note that says why there is none."""
    if pooled.tau2_method not in RANDOM_EFFECTS:
        return Row("note", "Prediction interval: none, the model assumes one common effect")
    interval = pooled.prediction_interval() if rule is True else pooled.prediction_interval(rule=rule)
    low, high = float(interval.low), float(interval.high)
    if math.isnan(low):
        return Row("note", f"Prediction interval: not defined for {_trials(int(pooled.k))}")
    low_text, high_text = (number(x, decimals) for x in scaled((low, high), ratio))
    return Row("prediction", "Prediction interval", NAN, low, high, effect=f"[{low_text}, {high_text}]")


def published_rows(published, *, ratio, decimals) -> list[Row]:
    """Return a row for each result that a review printed; ratios are given as printed and put on the log scale here."""
    if published is None:
        return []
    rows = []
    for result in [published] if isinstance(published, Mapping) else published:
        missing = {"estimate", "low", "high", "label"} - set(result)
        if missing:
            raise ValueError(f"published lacks {', '.join(sorted(missing))}; give estimate, low, high and label")
        printed = tuple(float(result[key]) for key in ("estimate", "low", "high"))
        if not printed[1] <= printed[0] <= printed[2]:
            raise ValueError(f"published result {result['label']!r} lies outside its own interval: {printed}")
        shown = tuple(np.log(printed)) if ratio else printed
        rows.append(Row("published", str(result["label"]), *shown, effect=bracketed(*printed, decimals)))
    return rows


def row_marks(contrasts) -> tuple[list[str], list[str]]:
    """Return a mark for each row and the lines that explain the marks.

    A property that all rows share is said once, without letters.
    """
    marks, lines, letters = [""] * len(contrasts), [], (chr(c) for c in count(ord("a")))
    for values in _properties(contrasts):
        for text in dict.fromkeys(value for value in values if value):
            if all(value == text for value in values):
                lines.append(f"All rows: {text}.")
                continue
            letter = next(letters)
            lines.append(f"{letter}: {text}")
            marks = [mark + (_raised(letter) if v == text else "") for mark, v in zip(marks, values, strict=True)]
    return marks, lines


def _properties(contrasts):
    """Yield what the reader must know of the rows, one list a property: kind of score, origin, correction."""
    for column, words in (("kind", {"change": "change from baseline", "final": ""}), ("how", {**HOW, "reported": ""})):
        if column in contrasts:
            yield ["" if is_empty(v) else words.get(str(v), str(v)) for v in contrasts[column]]
    if {"events_1", "n_1", "events_2", "n_2"} <= set(contrasts) and contrasts.attrs.get("measure") in ("RR", "OR"):
        a, n_1, c, n_2 = (contrasts[name].to_numpy(float) for name in ("events_1", "n_1", "events_2", "n_2"))
        zero = (a == 0) | (c == 0) | (a == n_1) | (c == n_2)
        halved = _log_ratio(a + 0.5, n_1 + 1, c + 0.5, n_2 + 1, contrasts.attrs["measure"])
        corrected = zero & np.isclose(halved, contrasts["y"].to_numpy(float))
        yield ["1/2 added to every count, as one of them is zero" if row else "" for row in corrected]


def _log_ratio(a, n_1, c, n_2, measure: str) -> np.ndarray:
    if measure == "OR":
        return np.log(a / (n_1 - a)) - np.log(c / (n_2 - c))
    return np.log(a / n_1) - np.log(c / n_2)


def left_out(attrs) -> list[str]:
    """Return a line for each reason why trials of the review are not among the rows."""
    reasons: dict[str, list[str]] = {}
    for trial in attrs.get("left_out", []):
        reasons.setdefault(trial["reason"], []).append(trial["label"])
    return [f"Not shown: {', '.join(labels)} ({reason})." for reason, labels in reasons.items()]


def scaled(values: tuple[float, ...], ratio: bool) -> tuple[float, ...]:
    """Return values as printed: ratios leave the log scale."""
    return tuple(float(np.exp(x)) for x in values) if ratio else values


def _check_groups(contrasts, subgroups, pooled_by) -> None:
    for column in ("label", "y", "v"):
        if column not in contrasts:
            raise ValueError(f"contrasts lacks the column {column!r}; give the frame of mscmeta.data.contrasts")
    if not len(contrasts):
        raise ValueError("contrasts has no rows; a forest plot needs at least one trial")
    if (subgroups is None) != (pooled_by is None):
        raise ValueError("subgroups and pooled_by belong together: name the column and give a result for each value")
    if subgroups is None:
        return
    if subgroups not in contrasts:
        raise ValueError(f"contrasts has no column {subgroups!r} to split by")
    left = contrasts[~contrasts[subgroups].isin(list(pooled_by))]
    if len(left):
        value, label = left[subgroups].iloc[0], left["label"].iloc[0]
        raise ValueError(f"pooled_by has no result for {subgroups} {value!r} (row {label!r}); every subgroup needs one")


def _shares(pooled, part, name: str) -> np.ndarray:
    """Return the weights as shares of one, refusing a result that was not pooled from these rows."""
    if np.ndim(pooled.estimate):
        raise ValueError(f"{name} holds {np.size(pooled.estimate)} replicates; a forest plot shows one result")
    if len(pooled.weights) != len(part):
        raise ValueError(f"{name} was pooled from {len(pooled.weights)} studies but its plot has {len(part)} rows")
    if pooled.labels is not None and list(pooled.labels) != [str(label) for label in part["label"]]:
        raise ValueError(f"{name} was pooled from other studies, or in another order, than its rows show")
    return np.asarray(pooled.weights, float)


def _unbroken(line: str) -> str:
    """Keep "df = 2" on one line."""
    for sign in "=<>":
        line = line.replace(f" {sign} ", f"\N{NO-BREAK SPACE}{sign}\N{NO-BREAK SPACE}")
    return line


def _overall(pooled) -> str:
    if math.isnan(float(pooled.ci.low)):
        return f"Overall effect: no interval and no test, {pooled.ci_method} needs at least two trials"
    df, statistic = float(pooled.df), number(float(pooled.statistic))
    test = f"t = {statistic}, df = {number(df, 0)}" if math.isfinite(df) else f"z = {statistic}"
    level = percent(pooled.level, 0)
    return f"Overall effect: {test} ({p_value(float(pooled.p_value))}); {pooled.ci_method} interval, {level}"


def _three_digits(x: float) -> str:
    """Print tau² so that a small scale does not show it as zero.

    Examples
    --------
    >>> _three_digits(0.0), _three_digits(0.00123), _three_digits(123.456)
    ('0', '0.00123', '123')
    """
    return "0" if x == 0 else number(x, max(0, 2 - math.floor(math.log10(x))))


def _trials(k: int) -> str:
    return "one trial" if k == 1 else f"{k} trials"


def is_empty(value) -> bool:
    """Tell whether a cell of a frame holds nothing, in any of the ways that pandas has for it."""
    return value is None or value == "" or value != value or str(value) == "<NA>"


def _rob_level(row: dict) -> str:
    level = "" if is_empty(row.get("rob")) else str(row["rob"]).strip().lower()
    if level and level not in ROB_SYMBOLS:
        raise ValueError(f"risk of bias of {row['label']!r} is {level!r}; known levels: {', '.join(ROB_SYMBOLS)}")
    return level


def _raised(letter: str) -> str:
    return dict(zip("abcdefghi", "ᵃᵇᶜᵈᵉᶠᵍʰⁱ", strict=True)).get(letter, f"({letter})")
