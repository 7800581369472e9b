"""A forest plot that the reader can change: its data and first state for book/_static/forest.js, as text in a page."""

import html
import json
import math
from collections.abc import Mapping, Sequence

from .. import data
from .._checks import level as checked_level
from .._checks import one_of
from ..plots._forest_rows import ROB_SYMBOLS
from ..plots._format import MEASURES
from ._display import _checked_name, _display
from ._markup import flat
from ._words import _inside
from ._words import months as visit_words

ESTIMATORS = {
    "REML": "REML",
    "PM": "PM (Paule-Mandel)",
    "DL": "DL (DerSimonian-Laird)",
    "FE": "FE (one common effect)",
}
INTERVALS = {
    "HK-floor": "HK-floor (never below Wald's SE)",
    "HK": "HK (Hartung-Knapp)",
    "Wald": "Wald (normal)",
}
KINDS = {"final": "final scores", "change": "changes from the start"}
ARMS = {
    "combine": "combined",
    "split": "apart, control split",
    "as_published": "apart, control counted again",
}
#: Where the settings of the page are none of the choices here.
INSTEAD = {"tau2": "REML", "ci": "HK-floor"}
ROB_WORDS = "RoB: risk of bias, overall, as the review judged it: + low, ? unclear or some concerns, − high."
WITHOUT_SCRIPT = "With JavaScript a forest plot of these trials that you can change stands here."


def changeable_forest(
    review: str,
    outcome: str,
    months: int | Sequence[int | None] | Mapping[int | None, str] | None,
    *,
    name: str,
    kind: str = "final",
    arms: str = "combine",
    medians: str = "Luo-Wan",
    comparators: str | Sequence[str] = "all",
    instrument: str | None = None,
    tau2: str = "REML",
    ci: str = "HK-floor",
    level: float = 0.95,
    decimals: int = 2,
) -> None:
    """Display the place where the page's script builds a forest plot that the reader can change.

    Without the script nothing but one line stands there: put it after the static figure. The numbers are computed in
    the page by the arithmetic of `pool`; the data are text in an attribute, never markup.

    Parameters
    ----------
    review, outcome : str
        As for `data.contrasts`; mean differences only.
    months : int, None, list of them, or dict to words
        Visits to choose from, as for `data.contrasts`; None is the effect that spans all. It starts with the visit
        that has the most trials, the first such.
    name : str
        The view's name in the address of the page, such as "womac-function"; one a page.
    kind, arms, medians, comparators
        As for `data.contrasts`: what it starts with; medians and comparators stay so.
    instrument : str, optional
        Carry the effects to this instrument (`data.on_instrument`).
    tau2, ci, level
        As for `pool`: what it starts with, and the level, which stays. Settings that are no choice of the figure
        become REML or HK-floor, and a line says so.
    decimals : int
        Decimals of the effects.

    Raises
    ------
    ValueError
        For an unknown review, outcome or option, for an outcome that counts participants, and a name that is no label.
    """
    about = describe(
        review,
        outcome,
        months,
        name=name,
        kind=kind,
        arms=arms,
        medians=medians,
        comparators=comparators,
        instrument=instrument,
        tau2=tau2,
        ci=ci,
        level=level,
        decimals=decimals,
    )
    _display({"text/html": container(about), "text/plain": f"Forest plot to be changed: {about['title']}"})


def container(about: dict) -> str:
    """Return the HTML that the script looks for: everything from data stands escaped in one attribute.

    Examples
    --------
    >>> container({"k": 3}).partition(">")[0]
    '<div class="msc-forest" data-forest="{&quot;k&quot;: 3}"'
    """
    text = json.dumps(about, allow_nan=False)
    for sign in "<>&":  # so that it may stand in a script, too
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f'<div class="msc-forest" data-forest="{html.escape(text)}"><p>{html.escape(WITHOUT_SCRIPT)}</p></div>'


def describe(
    review, outcome, months, *, name, kind, arms, medians, comparators, instrument, tau2, ci, level, decimals
) -> dict:
    """Return what the script needs to know (see `changeable_forest`)."""
    one_of("kind", kind, tuple(KINDS))
    one_of("arms", arms, tuple(ARMS))
    level = checked_level(level)
    visits = _visits(months)
    endpoint = _endpoint(review, outcome)
    ways = [way for way in ARMS if way in (arms, "combine", "split")]
    frames = _frames(review, outcome, visits, ways, medians, comparators, instrument)
    told = _attrs(frames, endpoint, instrument)
    start = {"visit": _first(frames, kind, arms), "kind": kind, "arms": arms, "tau2": tau2, "ci": ci}
    started = start | {k: v for k, v in INSTEAD.items() if start[k] not in (ESTIMATORS if k == "tau2" else INTERVALS)}
    return {
        "name": _checked_name(name),
        "title": flat(told["outcome_label"]),
        "effect": f"{MEASURES[told['measure']]} in {_inside(flat(told['outcome_label']))}",
        "unit": flat(told["unit"]),
        "better": -1 if told["higher_is"] == "worse" else 1,
        "mid": None if math.isnan(told["mid"]) else told["mid"],
        "level": level,
        "decimals": decimals,
        "review": review,
        "outcome": outcome,
        "medians": medians,
        "instrument": instrument,
        "legend": ROB_WORDS,
        "note": _note(start, started),
        "choices": {
            "visit": {_key(month): words for month, words in visits.items()},
            "kind": KINDS,
            "arms": {way: ARMS[way] for way in ways},
            "tau2": ESTIMATORS,
            "ci": INTERVALS,
        },
        "start": started,
        "trials": _trials(frames),
        "sets": {"|".join((_key(m), *how)): _rows(frame) for (m, *how), frame in frames.items()},
    }


def _visits(months) -> dict[int | None, str]:
    if isinstance(months, Mapping):
        found = dict(months)
    else:
        listed = [months] if months is None or isinstance(months, int) else list(months)
        found = {month: "all visits together" if month is None else visit_words(month) for month in listed}
    if not found:
        raise ValueError("months is empty; name at least one visit")
    return found


def _key(month: int | None) -> str:
    return "all" if month is None else str(int(month))


def _frames(review, outcome, visits, ways, medians, comparators, instrument) -> dict:
    """Contrasts by visit, kind and way with several doses; None where no trial can be pooled."""
    found = {}
    for kind in KINDS:
        known = data.holdings(review, outcome, list(visits), kind=kind, medians=medians)
        for month in visits:
            here = known[known.month.isna() if month is None else known.month == month]
            use = list(here.trial[here.held])
            how = {"kind": kind, "medians": medians, "comparators": comparators, "trials": use}
            for way in ways:
                frame = data.contrasts(review, outcome, month, arms=way, **how) if use else None
                turned = frame if frame is None or instrument is None else data.on_instrument(frame, instrument)
                found[month, kind, way] = turned
    return found


def _endpoint(review: str, outcome: str) -> dict:
    endpoints = data.table("endpoints")
    one_of("review", review, dict.fromkeys(endpoints.review))
    mine = endpoints[endpoints.review == review]
    one_of("outcome", outcome, mine.outcome)
    endpoint = mine[mine.outcome == outcome].iloc[0].to_dict()
    if endpoint["measure"] != "MD":
        measure = MEASURES[endpoint["measure"]].lower()
        raise ValueError(f"{outcome} gives a {measure}; a changeable forest plot takes mean differences")
    return endpoint | {"outcome_label": endpoint["label"]}


def _attrs(frames, endpoint: dict, instrument: str | None) -> dict:
    """What the effect is called and how it is read: as the frames say, or the endpoint where there is none."""
    held = [frame for frame in frames.values() if frame is not None]
    if not held and instrument is not None:
        raise ValueError(f"no trial of {endpoint['review']} has {endpoint['outcome']} at these visits; choose others")
    told = held[0].attrs if held else endpoint
    return told | {"mid": math.nan if told["mid"] is None else float(told["mid"])}


def _first(frames, kind: str, arms: str) -> str:
    counts = {
        month: 0 if frame is None else len(frame) for (month, *how), frame in frames.items() if how == [kind, arms]
    }
    return _key(max(counts, key=counts.get))


def _note(asked: dict, started: dict) -> str:
    lost = [asked[key] for key in INSTEAD if asked[key] != started[key]]
    if not lost:
        return ""
    begins = f"it starts with {started['tau2']} and {started['ci']}"
    return f"The settings of this page ({', '.join(lost)}) are no choice here: {begins}."


def _trials(frames) -> dict[str, str]:
    """Keys and labels of all trials, in the order of the rows; doses are ticked together."""
    rows = [row for frame in frames.values() if frame is not None for row in frame.itertuples()]
    known = data.table("trials").set_index("trial").label
    return {row.trial: flat(known[row.trial]) for row in sorted(rows, key=lambda row: row.year)}


def _rows(frame) -> list[dict]:
    return [] if frame is None else [_row(row) for row in frame.to_dict("records")]


def _row(row: dict) -> dict:
    rob = str(row["rob"]).strip().lower()
    if rob:
        one_of(f"risk of bias of {row['label']!r}", rob, tuple(ROB_SYMBOLS))
    return {
        "trial": row["trial"],
        "label": flat(row["label"]),
        "y": float(row["y"]),
        "v": float(row["v"]),
        "n": f"{row['n_1']:g} v {row['n_2']:g}",
        "kind": flat(row["kind"]),
        "rob": rob,
        "mark": ROB_SYMBOLS.get(rob, ""),
    }
