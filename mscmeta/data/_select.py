"""Which trials a contrast is made of, and which rows of each, best first."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from mscmeta._checks import one_of
from mscmeta.data._added import arms as all_arms
from mscmeta.data._added import inclusion_of
from mscmeta.data._files import records
from mscmeta.data._tables import remembered, table


class LeftOutError(Exception):
    """Why a trial gives no contrast; becomes an entry of ``left_out``."""


class ExcludedError(LeftOutError):
    """The reader asked for the trial to be left out: no other source may bring it back."""


@dataclass(frozen=True, slots=True)
class Member:
    """A trial of a review, with what that review says of it."""

    trial: str
    label: str
    year: int
    comparator: str
    comparator_class: str
    rob: str
    follow_up: str


def keys(trials) -> tuple[str, ...] | None:
    """Keys of trials as they were asked for; None for every trial of the review."""
    if trials is not None and (isinstance(trials, str) or not len(trials)):
        raise TypeError(f"trials is {trials!r}; give a list with at least one key of a trial")
    return trials if trials is None else tuple(trials)


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked for, and the row of endpoints.csv that says what it is made of."""

    endpoint: object
    month: int | None
    kind: str
    arms: str
    medians: str
    effects: list

    @property
    def binary(self) -> bool:
        """Participants with an event instead of scores."""
        return self.endpoint.measure == "RR"


@remembered
def endpoint_of(review: str, outcome: str):
    """The row of endpoints.csv."""
    endpoints = table("endpoints")
    one_of("review", review, dict.fromkeys(endpoints.review))
    mine = endpoints[endpoints.review == review]
    one_of("outcome", outcome, mine.outcome)
    return records(mine[mine.outcome == outcome])[0]


@remembered
def members(review: str, outcome: str, trials: tuple[str, ...] | None) -> list[Member]:
    """Trials of the review: those named, else those it pools (qu2021), holds (cochrane2025) or its criteria fit."""
    published, mine = table("published"), inclusion_of(review)
    if trials is not None:
        for trial in trials:
            one_of("trials", trial, mine.trial)
        mine = mine[mine.trial.isin(trials)]
    else:
        mine = mine[mine.status != "context"]
        named = published[(published.review == review) & (published.outcome == outcome) & (published.trials != "")]
        if review == "qu2021" and len(named):
            mine = mine[mine.trial.isin(named.trials.iloc[0].split())]
    known = table("trials").set_index("trial")
    bias = table("risk_of_bias")
    judged = bias[(bias.review == review) & (bias.domain == "overall")].set_index("trial").judgement
    return [
        Member(
            row.trial,
            known.label[row.trial],
            int(known.year[row.trial]),
            known.comparator[row.trial],
            row.comparator_class,
            judged.get(row.trial, ""),
            row.follow_up_printed,
        )
        for row in mine.itertuples()
    ]


def classes(comparators) -> set[str] | None:
    """Classes of comparator asked for; None for every one."""
    if comparators is None or comparators == "all":
        return None
    asked = [comparators] if isinstance(comparators, str) else list(comparators)
    if not asked:
        raise ValueError("comparators is empty; name at least one class, or leave it out for every one")
    for name in asked:
        one_of("comparators", name, ("all", *dict.fromkeys(table("inclusion").comparator_class)))
    return None if "all" in asked else set(asked)


@remembered
def rows_of(endpoint) -> list:
    """Rows of outcomes.csv or events.csv that belong to the endpoint, with arm, scale and order of preference."""
    if endpoint.measure == "RR":
        return _ranked(table("events"), endpoint, "event", endpoint.events)
    frame = table("outcomes").merge(table("instruments").drop(columns="note"), on="instrument")
    if endpoint.domain:
        frame = frame[frame.outcome == endpoint.domain]
    return _ranked(frame, endpoint, "family", endpoint.families)


def _ranked(frame, endpoint, column: str, words: str) -> list:
    order, sources = words.split(), endpoint.sources.split()
    if order:
        frame = frame[frame[column].isin(order)]
    frame = frame.assign(
        word_rank=[order.index(word) if order else 0 for word in frame[column]],
        source_rank=[
            min((i for i, word in enumerate(sources) if word in (how, source)), default=len(sources))
            for how, source in zip(frame.how, frame.source, strict=True)
        ],
    )
    arms = all_arms()[["trial", "arm", "role", "dose_million", "part_of"]]
    return records(frame[frame.source_rank < len(sources)].merge(arms, on=["trial", "arm"]))


@remembered
def sums_of_arms() -> set[tuple[str, str]]:
    """Arms (trial, arm) that are the sum of other arms."""
    arms = table("arms")
    return set(zip(arms.trial, arms.part_of, strict=True))


@remembered
def effects_of(endpoint) -> list:
    """Rows of contrasts.csv that belong to the endpoint, with their scale."""
    frame = table("contrasts").merge(table("instruments").drop(columns="note"), on="instrument")
    return records(frame[frame.family.isin(endpoint.families.split())])


def months_of(rows) -> list[int]:
    """Months after baseline, in order."""
    return sorted({row.month for row in rows if row.month})


def groups(ask: Ask, rows) -> Iterator[list]:
    """Sets of rows that may be compared with each other (one source, visit, kind and instrument), best first."""

    def rank(row) -> tuple:
        last = row.event if ask.binary else row.instrument
        wrong_kind = not ask.binary and row.kind != ask.kind
        return wrong_kind, row.source_rank, row.word_rank, row.source, row.visit, last

    here = rows if ask.binary else [row for row in rows if row.month == ask.month]
    for _, group in groupby(sorted(here, key=rank), rank):
        group = list(group)
        # an arm that is the sum of other arms of the group would count its participants twice
        parts_of = {row.part_of for row in group}
        yield [row for row in group if row.arm not in parts_of]
