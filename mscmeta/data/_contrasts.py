"""From arm rows to one contrast a trial (or a dose), on one scale, by named rules."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np

from mscmeta._checks import one_of
from mscmeta.convert import combine_arms, mean_sd_from_quartiles, sd_from_ci, se_from_ci, split_control
from mscmeta.data._tables import table
from mscmeta.effects import mean_difference, risk_ratio

KINDS = ("final", "change")
ARMS = ("combine", "split", "as_published")
MEDIANS = ("Luo-Wan", "Wan", "Shi-log", "QE", "BC", "median-as-mean", "exclude")
HOWS = ("reported", "registry", "secondary", "converted", "imputed")
#: SD = IQR / 1.35: the quartiles of normal data are 2 * 0.6745 SDs apart (Cochrane Handbook 6.5.2.5).
QUARTILES_APART = 1.35
COLUMNS = (
    "trial label year arm dose_million comparator comparator_class rob n_1 mean_1 sd_1 n_2 mean_2 sd_2 y v kind "
    "instrument how source where note"
).split()
EVENT_COLUMNS = (
    "trial label year arm dose_million comparator comparator_class rob events_1 n_1 events_2 n_2 y v kind instrument "
    "how source where note"
).split()


class Unusable(Exception):
    """Why a trial gives no contrast; becomes an entry of ``left_out``."""


@dataclass(frozen=True, slots=True)
class Side:
    """One arm (or arms put together) on the common scale; for events, `mean` holds their number and sd is NaN."""

    arm: str
    dose: float
    mean: float
    sd: float
    n: float
    hows: tuple[str, ...]
    steps: tuple[str, ...] = ()


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
        differences of both kinds estimate the same quantity (Cochrane Handbook 10.5.2), standardised ones do not.
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
        `dose_million`, `comparator`, `comparator_class`, `rob`), the arms on the common scale (`n_1`, `mean_1`, `sd_1`,
        `n_2`, `mean_2`, `sd_2`, or `events_1`, `n_1`, `events_2`, `n_2`), effect `y` and variance `v`, and how they came
        to be (`kind`, `instrument`, `how`, `source`, `where`, `note`). ``attrs`` holds `outcome_label`, `measure`,
        `unit`, `low`, `high`, `higher_is`, `mid` and `left_out`: a list of trial, label and reason for every trial of the
        review that gives no row.

    Raises
    ------
    ValueError
        For an unknown review, outcome, month, trial or option, for an option that does not apply, and when no trial is
        left; the message says why.

    Examples
    --------
    >>> frame = contrasts("qu2021", "womac_total", 12)
    >>> frame[["label", "n_1", "n_2", "kind"]].values.tolist()
    [['Vega 2015', 15.0, 15.0, 'final'], ['Lamo-Espinosa 2016', 20.0, 10.0, 'final']]
    >>> frame.attrs["left_out"][0]["label"]
    'Emadedin 2018'
    """
    one_of("kind", kind, KINDS)
    one_of("arms", arms, ARMS)
    one_of("medians", medians, MEDIANS)
    endpoint = _endpoint(review, outcome)
    binary = endpoint.measure == "RR"
    _options_apply(binary, outcome, month, kind, arms, medians)
    rows = _events(endpoint) if binary else _scores(endpoint)
    if not binary:
        _month_known(endpoint, rows, month)
    ask = SimpleNamespace(endpoint=endpoint, month=month, kind=kind, arms=arms, medians=medians, binary=binary)
    made, left_out = [], []
    for member in _members(review, outcome, trials):
        try:
            _wanted(member, comparators)
            made += _trial_rows(ask, member, rows[rows.trial == member.trial])
        except Unusable as reason:
            left_out.append({"trial": member.trial, "label": member.label, "reason": str(reason)})
    if not made:
        why = "; ".join(f"{out['label']}: {out['reason']}" for out in left_out)
        raise ValueError(f"no trial of {review} gives {outcome}{_at(month)}: {why}")
    return _frame(ask, made, left_out)


def _at(month: int | None) -> str:
    return "" if month is None else f" at month {month}"


# ---------------------------------------------------------------- what is asked for


def _endpoint(review: str, outcome: str):
    endpoints = table("endpoints")
    reviews = list(dict.fromkeys(endpoints.review))
    one_of("review", review, reviews)
    mine = endpoints[endpoints.review == review]
    one_of("outcome", outcome, mine.outcome)
    return next(mine[mine.outcome == outcome].itertuples())


def _options_apply(binary: bool, outcome: str, month, kind: str, arms: str, medians: str) -> None:
    if not binary:
        return
    given = {"month": month is not None, "kind": kind != "final", "medians": medians != "Luo-Wan"}
    for name, changed in given.items():
        if changed:
            raise ValueError(f"{name} does not apply to {outcome}, which counts participants; leave it out")
    if arms == "split":
        raise ValueError(f"arms='split' does not apply to {outcome}: events cannot be divided; use 'combine'")


def _month_known(endpoint, rows, month) -> None:
    months = sorted({int(m) for m in rows.month.dropna() if m > 0})
    choices = ", ".join(map(str, months))
    if month is None:
        if not len(_spanning(endpoint)):
            raise ValueError(f"month is missing; {endpoint.outcome} has rows at months {choices}")
    elif isinstance(month, bool) or month not in months:
        single = _effects(endpoint).month.dropna()
        if isinstance(month, bool) or month not in set(single):
            also = "; leave it out for effects that span visits" if len(_spanning(endpoint)) else ""
            raise ValueError(f"month is {month!r}; {endpoint.outcome} has rows at months {choices or '(none)'}{also}")


def _members(review: str, outcome: str, trials) -> list:
    """Trials of the review, with what it says of them; the default choice unless trials are named."""
    mine = table("inclusion").query("review == @review")
    if trials is not None:
        if isinstance(trials, str):
            raise TypeError(f"trials is the text {trials!r}; give a list of keys")
        for trial in trials:
            one_of("trials", trial, mine.trial)
        mine = mine[mine.trial.isin(list(trials))]
    else:
        mine = mine[mine.status != "context"]
        named = table("published").query("review == @review and outcome == @outcome").trials
        if review == "qu2021" and len(named):
            mine = mine[mine.trial.isin(named.iloc[0].split())]
    known = table("trials").set_index("trial")
    judged = table("risk_of_bias").query("review == @review and domain == 'overall'").set_index("trial").judgement
    return [
        SimpleNamespace(
            trial=row.trial,
            label=known.label[row.trial],
            year=int(known.year[row.trial]),
            comparator=known.comparator[row.trial],
            comparator_class=row.comparator_class,
            rob=judged.get(row.trial, ""),
        )
        for row in mine.itertuples()
    ]


def _wanted(member, comparators) -> None:
    if comparators is None or comparators == "all":
        return
    classes = [comparators] if isinstance(comparators, str) else list(comparators)
    for name in classes:
        one_of("comparators", name, ("all", *dict.fromkeys(table("inclusion").comparator_class)))
    if "all" not in classes and member.comparator_class not in classes:
        raise Unusable(f"comparator class {member.comparator_class} was not asked for")


# ---------------------------------------------------------------- rows of an endpoint, best first


def _prefer(frame, endpoint):
    """Rows from the sources of the endpoint, with their place in its order of preference."""
    order = endpoint.sources.split()
    rank = [
        next((i for i, word in enumerate(order) if word in (how, source)), len(order))
        for how, source in zip(frame.how, frame.source, strict=True)
    ]
    frame = frame.assign(source_rank=rank)
    return frame[frame.source_rank < len(order)]


def _scores(endpoint):
    """Rows of outcomes.csv that belong to the endpoint, with their instrument and arm beside them."""
    frame = table("outcomes").merge(table("instruments").drop(columns="note"), on="instrument")
    if endpoint.domain:
        frame = frame[frame.outcome == endpoint.domain]
    return _ranked(frame, endpoint, "family", endpoint.families)


def _events(endpoint):
    return _ranked(table("events"), endpoint, "event", endpoint.events)


def _ranked(frame, endpoint, column: str, words: str):
    order = words.split()
    if order:
        frame = frame[frame[column].isin(order)]
    frame = frame.assign(word_rank=[order.index(word) if order else 0 for word in frame[column]])
    arms = table("arms")[["trial", "arm", "role", "dose_million", "part_of"]]
    return _prefer(frame.merge(arms, on=["trial", "arm"]), endpoint)


def _effects(endpoint):
    """Rows of contrasts.csv that belong to the endpoint."""
    frame = table("contrasts").merge(table("instruments").drop(columns="note"), on="instrument")
    return frame[frame.family.isin(endpoint.families.split())]


def _spanning(endpoint):
    effects = _effects(endpoint)
    return effects[effects.month.isna() & effects.poolable.astype(bool)]


# ---------------------------------------------------------------- one trial


def _trial_rows(ask, member, rows) -> list[dict]:
    here = rows if ask.binary else rows[(rows.month == ask.month).fillna(False).astype(bool)]
    groups = ["source_rank", "word_rank", "source", "visit"]
    if not ask.binary:
        here = here.assign(kind_rank=(here.kind != ask.kind).astype(int))
        groups = ["kind_rank", *groups, "instrument"]
    poor = []
    for _, group in here.groupby(groups, sort=True):
        try:
            return _compare(ask, member, _without_wholes(group))
        except Unusable as reason:
            if str(reason).startswith("excluded"):
                raise
            poor.append(str(reason))
    effect = [] if ask.binary else _single_effect(ask, member)
    if effect:
        return effect
    raise Unusable(_absence(ask, member, rows, poor))


def _without_wholes(group):
    """Drop an arm that is the sum of other arms of the same group: nobody is counted twice."""
    return group[~group.arm.isin(set(group.part_of) - {""})]


def _absence(ask, member, rows, poor: list[str]) -> str:
    if poor:
        return poor[0]
    if not ask.binary:
        unfit = _effects(ask.endpoint).query("trial == @member.trial")
        if len(unfit):
            row = unfit.iloc[0]
            return f"only an effect ({row.visit}, {row.population}) that is not one of month {ask.month} for all randomised"
        months = sorted({int(m) for m in rows.month.dropna() if m > 0})
        if months:
            return f"no value at month {ask.month}; it has rows at {', '.join(map(str, months))}"
    return "no number by arm was seen in any source"


def _compare(ask, member, group) -> list[dict]:
    """The rows of one trial, from one source, visit and instrument."""
    treated = [_side(ask, row) for row in group.itertuples() if row.role == "msc"]
    control = [_side(ask, row) for row in group.itertuples() if row.role == "control"]
    if not treated or not control:
        raise Unusable("only one side of the comparison is known")
    one = group.iloc[0]
    control_arm = _together(ask, control, "control arms")
    if ask.arms == "combine" or len(treated) == 1:
        merged = _together(ask, treated, "doses")
        if ask.arms != "combine" and (table("arms").query("trial == @member.trial").part_of == merged.arm).any():
            merged = replace(merged, steps=(*merged.steps, "only the doses put together are known: they stay so"))
        return [_row(ask, member, one, merged, control_arm)]
    if ask.arms == "split":
        shared = split_control(control_arm.mean, control_arm.sd, control_arm.n, len(treated))
        steps = (*control_arm.steps, f"control shared by {len(treated)} doses")
        control_arm = replace(control_arm, n=shared.n, steps=steps)
    else:
        control_arm = replace(control_arm, steps=(*control_arm.steps, f"whole control counted {len(treated)} times"))
    return [_row(ask, member, one, side, control_arm, dose=True) for side in treated]


def _together(ask, sides: list[Side], what: str) -> Side:
    if len(sides) == 1:
        return sides[0]
    hows = tuple(how for side in sides for how in side.hows)
    steps = tuple(dict.fromkeys(step for side in sides for step in side.steps))
    if ask.binary:
        mean, sd, n = sum(s.mean for s in sides), np.nan, sum(s.n for s in sides)
    else:
        arm = combine_arms([s.mean for s in sides], [s.sd for s in sides], [s.n for s in sides])
        mean, sd, n = float(arm.mean), float(arm.sd), float(arm.n)
    return Side(
        " + ".join(s.arm for s in sides), np.nan, mean, sd, n, (*hows, "converted"), (*steps, f"{what} combined")
    )


def _side(ask, row) -> Side:
    if ask.binary:
        return Side(row.arm, row.dose_million, int(row.events), np.nan, int(row.n), (row.how,))
    mean, sd, step = _mean_sd(ask, row)
    mean, sd, rescaled = _on_scale(ask.endpoint, row, mean, sd)
    steps = tuple(word for word in (step, rescaled) if word)
    return Side(row.arm, row.dose_million, mean, sd, float(row.n), (row.how, *(["converted"] if steps else [])), steps)


def _mean_sd(ask, row) -> tuple[float, float, str]:
    """Mean and SD of an arm in its own instrument, and the conversion made."""
    if row.n is None or row.n != row.n or str(row.n) == "<NA>":
        raise Unusable("a mean without n")
    n = int(row.n)
    if row.mean == row.mean and row.sd == row.sd:
        return row.mean, row.sd, ""
    if row.mean == row.mean and row.ci_low == row.ci_low:
        return row.mean, float(sd_from_ci(row.ci_low, row.ci_high, n)), "SD from the 95% interval (t)"
    if row.median == row.median and row.q1 == row.q1:
        if ask.medians == "exclude":
            raise Unusable("excluded: it prints medians")
        if ask.medians == "median-as-mean":
            return row.median, (row.q3 - row.q1) / QUARTILES_APART, "median taken for the mean, SD = IQR / 1.35"
        moments = mean_sd_from_quartiles(row.q1, row.median, row.q3, n, ask.medians)
        return float(moments.mean), float(moments.sd), f"mean and SD from median and quartiles ({ask.medians})"
    raise Unusable("a mean or median by arm, but no spread")


def _on_scale(endpoint, row, mean: float, sd: float) -> tuple[float, float, str]:
    """Carry mean and SD to the common scale: linear by the limits of the instrument, turned round where it runs the other way."""
    if endpoint.low != endpoint.low:
        return mean, sd, ""
    if row.low != row.low:
        raise Unusable(f"{row.instrument} has no known limits, so it cannot be rescaled")
    factor = (endpoint.high - endpoint.low) / (row.high - row.low)
    turned = row.higher_is != endpoint.higher_is
    sign = -1 if turned else 1
    if row.kind == "change":
        mean = sign * mean * factor
    else:
        start = endpoint.high if turned else endpoint.low
        mean = start + sign * (mean - row.low) * factor
    said = "" if factor == 1 else f"{row.low:g}-{row.high:g} rescaled to {endpoint.low:g}-{endpoint.high:g}"
    return mean, sd * factor, "; ".join(filter(None, (said, "direction reversed" if turned else "")))


def _row(ask, member, one, treated: Side, control: Side, *, dose: bool = False) -> dict:
    steps = dict.fromkeys((*treated.steps, *control.steps))
    remark = [one.visit] if ask.month is not None and one.visit in ("1 month",) else []
    note = "; ".join([*remark, *steps, *([one.note] if one.note else [])])
    label = f"{member.label}, {treated.dose:g} million" if dose else member.label
    shared = dict(
        trial=member.trial, label=label, year=member.year, arm=treated.arm, dose_million=treated.dose,
        comparator=member.comparator, comparator_class=member.comparator_class, rob=member.rob, n_1=treated.n, n_2=control.n,
        kind="" if ask.binary else one.kind, instrument="" if ask.binary else one.instrument,
        how=max((*treated.hows, *control.hows), key=HOWS.index), source=one.source, where=one.where, note=note,
    )  # fmt: skip
    if ask.binary:
        effect = risk_ratio([treated.mean], [treated.n], [control.mean], [control.n], labels=[member.label])
        if effect.note:
            shared["note"] = "; ".join(filter(None, (note, "1/2 added to each cell")))
        return shared | dict(events_1=treated.mean, events_2=control.mean, y=float(effect.y[0]), v=float(effect.v[0]))
    effect = mean_difference(treated.mean, treated.sd, treated.n, control.mean, control.sd, control.n)
    arms = dict(mean_1=treated.mean, sd_1=treated.sd, mean_2=control.mean, sd_2=control.sd)
    return shared | arms | dict(y=float(effect.y), v=float(effect.v))


def _single_effect(ask, member) -> list[dict]:
    """A trial that prints only the difference: SE from its 95 % interval (normal)."""
    effects = _effects(ask.endpoint).query("trial == @member.trial and poolable == True")
    at = effects.month.isna() if ask.month is None else (effects.month == ask.month).fillna(False).astype(bool)
    for row in effects[at].itertuples():
        _, _, said = _on_scale(ask.endpoint, row, 0.0, 1.0)
        factor = _on_scale(ask.endpoint, row, 0.0, 1.0)[1]
        sign = 1 if row.higher_is == ask.endpoint.higher_is else -1
        se = float(se_from_ci(row.ci_low, row.ci_high)) * factor
        note = "; ".join(filter(None, (row.visit, "SE from the 95% interval", said, row.note)))
        return [
            dict(
                trial=member.trial, label=member.label, year=member.year, arm="msc", dose_million=np.nan,
                comparator=member.comparator, comparator_class=member.comparator_class, rob=member.rob,
                n_1=float(row.n_1), n_2=float(row.n_2), y=sign * row.estimate * factor, v=se**2, kind=row.kind,
                instrument=row.instrument, how="converted", source=row.source, where=row.where, note=note,
            )
        ]  # fmt: skip
    return []


# ---------------------------------------------------------------- the frame


def _frame(ask, made: list[dict], left_out: list[dict]):
    import pandas as pd

    end = ask.endpoint
    columns = EVENT_COLUMNS if ask.binary else COLUMNS
    frame = pd.DataFrame(made).reindex(columns=columns)
    # by trial first, so that doses stay in order of size and not of spelling
    frame["_"] = [label.split(",")[0] for label in frame.label]
    frame = frame.sort_values(["year", "_", "dose_million"], kind="stable", ignore_index=True).drop(columns="_")
    present = lambda value: None if value != value else float(value)  # noqa: E731
    frame.attrs |= {
        "review": end.review,
        "outcome": end.outcome,
        "month": ask.month,
        "outcome_label": end.label,
        "measure": end.measure,
        "unit": end.unit,
        "low": present(end.low),
        "high": present(end.high),
        "higher_is": end.higher_is,
        "mid": present(end.mid),
        "left_out": left_out,
    }
    return frame
