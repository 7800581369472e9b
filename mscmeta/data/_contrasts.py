"""From arm rows to one contrast a trial (or a dose), on one scale, by named rules."""

import numpy as np

from mscmeta._checks import one_of
from mscmeta.convert import se_from_ci
from mscmeta.data import _select as select
from mscmeta.data._select import Ask, ExcludedError, LeftOutError, Member
from mscmeta.data._sides import Side, control_of_each, on_scale, side, together
from mscmeta.data._tables import table
from mscmeta.effects import mean_difference, risk_ratio

KINDS = ("final", "change")
ARMS = ("combine", "split", "as_published")
MEDIANS = ("Luo-Wan", "Wan", "Shi-log", "QE", "BC", "median-as-mean", "exclude")
#: From what a trial printed to what somebody assumed: a row is as good as its weakest number.
HOWS = ("reported", "registry", "secondary", "converted", "imputed")
WHO = ["trial", "label", "year", "arm", "dose_million", "comparator", "comparator_class", "rob"]
SCORES = ["n_1", "mean_1", "sd_1", "n_2", "mean_2", "sd_2"]
COUNTS = ["events_1", "n_1", "events_2", "n_2"]
EFFECT = ["y", "v", "kind", "instrument", "how", "caveats", "source", "where", "note"]


class NoTrialLeftError(ValueError):
    """No trial is left to pool; `left_out` holds trial, label and reason for each."""

    def __init__(self, message: str, left_out: list[dict]):
        super().__init__(message)
        self.left_out = left_out


def contrasts(
    review: str,
    outcome: str,
    month: int | None = None,
    *,
    kind: str = "final",
    arms: str = "combine",
    medians: str = "Luo-Wan",
    trials=None,
    comparators=None,
):
    """One effect a trial: MSC minus control on the scale of the endpoint, or the log risk ratio.

    Parameters
    ----------
    review, outcome : str
        A row of ``endpoints.csv``, such as ``"qu2021", "womac_function"``.
    month : int, optional
        Month of the visit (for rows read through cochrane2025 the upper end of its time band). Events have none; for
        scores, leaving it out gives the effects that span several visits, where a trial prints one.
    kind : {"final", "change"}
        Values to prefer. A trial that has only the other kind enters with that, and its ``kind`` says so: mean
        differences of both kinds estimate the same quantity, standardised ones do not (Cochrane Handbook 10.5.2).
    arms : {"combine", "split", "as_published"}
        Trials with several doses: combine the arms (Handbook 6.5.2.10), one row a dose against its share of the control
        (23.3.4), or against the whole control, which counts it again for every dose. Where only the arms put together
        are known, the row stays so and ``note`` says it. Several control arms are always combined.
    medians : {"Luo-Wan", "Wan", "Shi-log", "QE", "BC", "median-as-mean", "exclude"}
        Trials that print medians and quartiles: a method of `mscmeta.convert.mean_sd_from_quartiles`, the median taken
        for the mean with SD = IQR / 1.35, or leave the trial out.
    trials : list of str, optional
        Only these trials. Default: for qu2021 the trials its text names for the outcome, for cochrane2025 all, for
        sadeghirad2024 those inferred from its criteria.
    comparators : str or list of str, optional
        Only these classes of comparator; ``"all"`` or None for every one.

    Returns
    -------
    DataFrame
        One row a trial (or a dose), sorted by year, label and dose: who was compared (`trial`, `label`, `year`, `arm`,
        `dose_million`, `comparator`, `comparator_class`, `rob`), the arms on the common scale (`n_1`, `mean_1`,
        `sd_1`, `n_2`, `mean_2`, `sd_2`, or `events_1`, `n_1`, `events_2`, `n_2`), effect `y` and variance `v`, and how
        they came to be (`kind`, `instrument`, which for events is the event, `how`, `caveats`, `source`,
        `where`, `note`).
        ``attrs`` holds `review`, `outcome`, `month`, `outcome_label`, `measure`, `unit`, `low`, `high`, `higher_is`,
        `mid` and `left_out`: trial, label and reason for every trial of the review that gives no row.

    Raises
    ------
    ValueError
        For an unknown review, outcome, month, trial or option, for an option that does not apply, and when no trial is
        left (`NoTrialLeftError`); the message says why.
    TypeError
        If `trials` is not a list of keys.

    Examples
    --------
    >>> frame = contrasts("qu2021", "womac_total", 12)
    >>> frame[["label", "n_1", "n_2", "kind"]].values.tolist()
    [['Vega 2015', 15, 15, 'final'], ['Lamo-Espinosa 2016', 20, 10, 'final']]
    >>> [out["label"] for out in frame.attrs["left_out"]]
    ['Emadedin 2018']
    """
    one_of("kind", kind, KINDS)
    one_of("arms", arms, ARMS)
    one_of("medians", medians, MEDIANS)
    endpoint = select.endpoint_of(review, outcome)
    ask = Ask(endpoint, month, kind, arms, medians, select.effects_of(endpoint))
    _options_apply(ask)
    members, wanted = select.members(review, outcome, select.keys(trials)), select.classes(comparators)
    rows = select.rows_of(ask.endpoint)
    _month_known(ask, [row for row in rows if row.trial in {member.trial for member in members}])
    made, left_out = [], []
    for member in members:
        try:
            if wanted is not None and member.comparator_class not in wanted:
                raise LeftOutError(f"its comparator class, {member.comparator_class}, was not asked for")
            made += _of_trial(ask, member, [row for row in rows if row.trial == member.trial])
        except LeftOutError as reason:
            left_out.append({"trial": member.trial, "label": member.label, "reason": str(reason)})
    if not made:
        why = "; ".join(f"{out['label']}: {out['reason']}" for out in left_out)
        raise NoTrialLeftError(f"no trial of {review} is left for {outcome}{_at(month)}: {why}", left_out)
    return _frame(ask, made, left_out)


def _at(month: int | None) -> str:
    return "" if month is None else f" at month {month}"


def _options_apply(ask: Ask) -> None:
    if not ask.binary:
        return
    given = {"month": ask.month is not None, "kind": ask.kind != "final", "medians": ask.medians != "Luo-Wan"}
    for name, changed in given.items():
        if changed:
            raise ValueError(
                f"{name} does not apply to {ask.endpoint.outcome}, which counts participants; leave it out"
            )
    if ask.arms == "split":
        raise ValueError(
            f"arms='split' does not apply to {ask.endpoint.outcome}: events cannot be divided; use 'combine'"
        )


def _month_known(ask: Ask, rows) -> None:
    if ask.binary:
        return
    spanning = any(row.poolable and row.month is None for row in ask.effects)
    months, month = select.months_of(rows), ask.month
    choices = f"has rows at months {', '.join(map(str, months))}" if months else "has no row with a month"
    if month is None and not spanning:
        raise ValueError(f"month is missing; {ask.endpoint.outcome} {choices}")
    if month is not None and (isinstance(month, bool) or month not in months):
        also = "; leave it out for the effects that span visits" if spanning else ""
        raise ValueError(f"month is {month!r}; {ask.endpoint.outcome} {choices}{also}")


def _of_trial(ask: Ask, member: Member, rows) -> list[dict]:
    """The contrast(s) of one trial from the best rows it has."""
    reasons = []
    if ask.month is not None or ask.binary:
        for group in select.groups(ask, rows):
            try:
                return _compare(ask, member, group)
            except ExcludedError:
                raise
            except LeftOutError as reason:
                reasons.append(str(reason))
    effect = [] if ask.binary else _printed_effect(ask, member)
    if effect:
        return effect
    raise LeftOutError(_absence(ask, member, rows, reasons))


def _absence(ask: Ask, member: Member, rows, reasons: list[str]) -> str:
    if reasons:
        return reasons[0]
    if not ask.binary:
        printed = [row for row in ask.effects if row.trial == member.trial]
        if printed:
            return f"only a difference between arms is known ({printed[0].visit}, {printed[0].population})"
        if months := select.months_of(rows):
            *early, last = map(str, months)
            at = f"{', '.join(early)} and {last}" if early else last
            return f"no value at {ask.month} months; it has values at {at}"
    seen = "any source seen"
    if ask.endpoint.sources == "cochrane2025":
        seen = f"the data of {table('reviews').set_index('review').label['cochrane2025']}"
    return f"no number by arm in {seen}"


def _compare(ask: Ask, member: Member, group) -> list[dict]:
    """The rows of one trial from one source, visit and instrument."""
    treated = [side(ask, row) for row in group if row.role == "msc"]
    controls = [side(ask, row) for row in group if row.role == "control"]
    if not treated or not controls:
        raise LeftOutError("only one side of the comparison is known")
    first, control = group[0], together(ask, controls, "control arms")
    if ask.arms == "combine" or len(treated) == 1:
        return [_row(ask, member, first, together(ask, treated, "doses"), control)]
    each = control_of_each(ask, control, len(treated))
    return [_row(ask, member, first, dose, each, is_dose=True) for dose in treated]


def _remarks(ask: Ask, member: Member, treated: Side) -> list[str]:
    """What the reader of a row should know besides the conversions."""
    whole = ask.arms != "combine" and (member.trial, treated.arm) in select.sums_of_arms()
    said = ["only the doses put together are known"] if whole else []
    if member.follow_up and ask.month is not None and str(ask.month) not in member.follow_up.split(","):
        said.append(f"the review's table of trials lists no visit at month {ask.month}")
    return said


def _row(ask: Ask, member: Member, first, treated: Side, control: Side, *, is_dose: bool = False) -> dict:
    steps = [*dict.fromkeys((*treated.steps, *control.steps)), *_remarks(ask, member, treated)]
    row = _who(member) | {
        "arm": treated.arm,
        "dose_million": treated.dose,
        "n_1": treated.n,
        "n_2": control.n,
        "how": max((*treated.hows, *control.hows), key=HOWS.index),
        "caveats": " ".join(dict.fromkeys((*treated.caveats, *control.caveats))),
        "source": first.source,
        "where": first.where,
    }
    if is_dose:
        row["label"] = f"{member.label}, {treated.dose:g} million"
    if ask.binary:
        effect = risk_ratio([treated.mean], [treated.n], [control.mean], [control.n], labels=[member.label])
        row |= {"events_1": treated.mean, "events_2": control.mean, "kind": "", "instrument": first.event}
        steps += ["1/2 added to each cell"] if effect.note else []
    else:
        arms = {name: [value] for name, value in zip(SCORES, _numbers(treated, control), strict=True)}
        effect = mean_difference(
            arms["mean_1"], arms["sd_1"], arms["n_1"], arms["mean_2"], arms["sd_2"], arms["n_2"], labels=[member.label]
        )
        row |= {name: value for name, (value,) in arms.items()} | {"kind": first.kind, "instrument": first.instrument}
    note = "; ".join([*steps, *([first.note] if first.note else [])])
    return row | {"y": float(effect.y[0]), "v": float(effect.v[0]), "note": note}


def _numbers(treated: Side, control: Side) -> tuple:
    return treated.n, treated.mean, treated.sd, control.n, control.mean, control.sd


def _who(member: Member) -> dict:
    return {name: getattr(member, name) for name in ("trial", "label", "year", "comparator", "comparator_class", "rob")}


def _printed_effect(ask: Ask, member: Member) -> list[dict]:
    """A trial that prints only the difference: SE from its 95% interval (normal)."""
    made = []
    for row in ask.effects:
        if row.trial != member.trial or row.month != ask.month or not row.poolable:
            continue
        # a difference carries over like a change: no zero point to move
        estimate, factor, rescaled = on_scale(ask.endpoint, row._replace(kind="change"), row.estimate, 1.0)
        se = float(se_from_ci(row.ci_low, row.ci_high)) * factor
        note = "; ".join(filter(None, (row.visit, "SE from the 95% interval", rescaled, row.note)))
        numbers = {"n_1": row.n_1, "n_2": row.n_2, "y": estimate, "v": se**2, "kind": row.kind}
        origin = {
            "instrument": row.instrument,
            "how": "converted",
            "caveats": "",
            "source": row.source,
            "where": row.where,
        }
        made.append(_who(member) | numbers | origin | {"arm": "msc", "dose_million": np.nan, "note": note})
    return made


def _place(row: dict) -> tuple:
    """Trials by year and label, doses by size, not by spelling."""
    dose = row["dose_million"]
    return row["year"], row["label"].partition(",")[0], np.inf if np.isnan(dose) else dose


def _frame(ask: Ask, made: list[dict], left_out: list[dict]):
    import pandas as pd

    end = ask.endpoint
    made = sorted(made, key=_place)
    frame = pd.DataFrame(made).reindex(columns=[*WHO, *(COUNTS if ask.binary else SCORES), *EFFECT])
    told = ("review", "outcome", "measure", "unit", "low", "high", "higher_is", "mid")
    frame.attrs |= {name: getattr(end, name) for name in told}
    frame.attrs |= {"outcome_label": end.label, "month": ask.month, "left_out": left_out}
    return frame
