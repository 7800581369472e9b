"""Every table broken in every way that applies to it: each time the message names file, line, column and reason."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mscmeta.data as data
from mscmeta.data._check import _cell, checked
from mscmeta.data._files import records
from mscmeta.data._rules import RULES

HOME = Path(__file__).resolve().parents[1] / "data"
PACKAGE = data.schema(HOME)
TABLES = list(PACKAGE["resources"])


class Break(NamedTuple):
    """What is done to which line, and what has to be said about it (column None: the line is enough)."""

    table: str
    rule: str
    line: int | None
    column: str | None
    edit: object

    def __str__(self) -> str:
        return f"{self.table}-{self.rule}-{self.column}"


def cells(table: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO((HOME / f"{table}.csv").read_text(encoding="utf-8"))))


def text(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def setter(line: int, **values: str):
    """Put values into the columns of one line (the header is line 1)."""

    def edit(rows: list[list[str]]) -> bytes:
        rows = [list(row) for row in rows]
        for column, value in values.items():
            rows[line - 1][rows[0].index(column)] = value
        return text(rows)

    return edit


def line_of(table: str, wanted=lambda row: True, offset: int = 0) -> int:
    frame = checked(HOME, table)[0]
    return next(row.Index + 2 for row in records(frame) if wanted(row)) + offset


def generic_breaks(table: str):
    """The ways to break any table, as far as its columns allow them."""
    rows, resource = cells(table), PACKAGE["resources"][table]
    fields, key = resource["schema"]["fields"], resource["schema"]["primaryKey"]
    yield Break(table, "empty", None, None, lambda rows: b"\n")
    yield Break(table, "byte_order_mark", 1, None, lambda rows: b"\xef\xbb\xbf" + text(rows))
    yield Break(table, "line_ends", 1, None, lambda rows: text(rows).replace(b"\n", b"\r\n"))
    yield Break(
        table, "encoding", 2, None, lambda rows: text([rows[0], ["\udcff", *rows[1][1:]]]) if False else latin(rows)
    )
    yield Break(table, "cells", 2, None, lambda rows: text([rows[0], rows[1][:-1], *rows[2:]]))
    yield Break(table, "csv", 3, None, lambda rows: text(rows[:2]) + b'"open\n' + text(rows[2:]))
    yield Break(table, "column_missing", 1, rows[0][-1], lambda rows: text([row[:-1] for row in rows]))
    yield Break(
        table,
        "column_unknown",
        1,
        "extra",
        lambda rows: text([[*r, "extra" if not i else ""] for i, r in enumerate(rows)]),
    )
    yield Break(table, "column_twice", 1, rows[0][0], lambda rows: text([[*row, row[0]] for row in rows]))
    yield Break(table, "column_order", 1, None, lambda rows: text([[row[1], row[0], *row[2:]] for row in rows]))
    yield Break(table, "unique_key", len(rows) + 1, None, lambda rows: text([*rows, rows[1]]))
    yield Break(table, "required", 2, key[0], setter(2, **{key[0]: ""}))
    yield Break(table, "type", 2, rows[0][-1], setter(2, **{rows[0][-1]: "a\x07bell"}))
    yield Break(table, "type", 2, rows[0][-1], setter(2, **{rows[0][-1]: " blank"}))
    for field in fields:
        yield from field_breaks(table, field)
    for foreign in resource["schema"].get("foreignKeys", []):
        yield Break(table, "foreign_key", 2, foreign["fields"][-1], setter(2, **{foreign["fields"][-1]: "nobody1999"}))


def latin(rows: list[list[str]]) -> bytes:
    lines = text(rows).split(b"\n")
    return b"\n".join([lines[0], b"\xe9" + lines[1], *lines[2:]])


def field_breaks(table: str, field: dict):
    name, limits = field["name"], field.get("constraints", {})
    if field["type"] == "integer":
        yield Break(table, "type", 2, name, setter(2, **{name: "12.5"}))
    if field["type"] == "number":
        for wrong in ("1,5", "nan", "inf", "about 3", "12 (3)"):
            yield Break(table, "type", 2, name, setter(2, **{name: wrong}))
    if field["type"] == "boolean":
        yield Break(table, "type", 2, name, setter(2, **{name: "perhaps"}))
    if "enum" in limits:
        yield Break(table, "enum", 2, name, setter(2, **{name: "something else"}))
    if "pattern" in limits:
        yield Break(table, "pattern", 2, name, setter(2, **{name: "Vega 2015"}))
    if "minimum" in limits:
        yield Break(table, "minimum", 2, name, setter(2, **{name: str(limits["minimum"] - 1)}))
    if "maximum" in limits:
        yield Break(table, "maximum", 2, name, setter(2, **{name: str(limits["maximum"] + 1)}))
    if field.get("sourceKey"):
        yield Break(table, "known_source", 2, name, setter(2, **{name: "nobody1999"}))
    if "listOf" in field:
        yield Break(table, "foreign_key", 2, name, setter(2, **{name: "vega2015 nobody1999"}))


def rule_breaks():
    """At least one way to break every rule that datapackage.json names, on a line where it applies."""

    def at(table, rule, column, wanted, **values):
        line = line_of(table, wanted)
        return Break(table, rule, line, column, setter(line, **values))

    dose = lambda row: row.part_of != ""  # noqa: E731
    yield at("arms", "arm_parts", "part_of", dose, part_of="nowhere")
    yield at("arms", "arm_parts", "part_of", lambda r: r.part_of and r.role == "msc", part_of="control")
    yield at("characteristics", "parts_within_n", "female", lambda r: r.male, female="99")
    yield at("characteristics", "parts_within_n", "kl_4", lambda r: r.kl_2, kl_4="99")
    final = lambda r: r.kind == "final" and r.sd and r.instrument == "vas_pain_10" and r.n > 3  # noqa: E731
    change = lambda r: r.kind == "change" and r.sd and r.instrument == "vas_pain_10"  # noqa: E731
    yield at("outcomes", "has_a_value", "mean", final, mean="", sd="")
    yield at("outcomes", "within_limits", "mean", final, mean="10.1")
    yield at("outcomes", "within_limits", "mean", final, mean="-0.1")
    yield at("outcomes", "within_limits", "mean", change, mean="-10.1")
    quartiles = lambda r: r.q1 is not None and r.instrument == "womac_function_68"  # noqa: E731
    yield at("outcomes", "within_limits", "q3", quartiles, q3="69")
    yield at("outcomes", "within_limits", "median", quartiles, q3="68.5", median="68.2")
    yield at("outcomes", "sd_possible", "sd", final, sd="9.9")
    yield at("outcomes", "sd_possible", "sd", change, sd="20.9")
    yield at("outcomes", "minimum", "sd", final, sd="-1.5")
    yield at("outcomes", "minimum", "n", final, n="0")
    yield at("outcomes", "sd_not_se", "sd", lambda r: r.trial == "vega2015" and r.sd == 2.92, sd="0.754")
    yield at("outcomes", "sd_not_se", "sd", lambda r: r.excused, excused="")
    yield at("outcomes", "excuse_known", "excused", final, excused="sd_not_se: it looked fine to me")
    yield at("outcomes", "excuse_known", "excused", final, excused="because")
    yield at("outcomes", "quartiles_in_order", "q1", quartiles, q1="25", q3="20")
    yield at("outcomes", "quartiles_in_order", "q1", quartiles, median="67")
    yield at("outcomes", "quartiles_in_order", "q3", quartiles, q3="")
    yield at("outcomes", "quartiles_in_order", "q1", quartiles, q1="")
    interval = lambda r: r.ci_low is not None  # noqa: E731
    for table in ("outcomes", "contrasts", "published"):
        yield at(table, "limits_in_order", "ci_low", interval, ci_low="99", ci_high="-99")
        yield at(table, "limits_in_order", "ci_high", interval, ci_high="")
        yield at(table, "limits_in_order", "ci_low", interval, ci_low="")
    yield at("outcomes", "mean_within_limits", "mean", interval, ci_low="90", ci_high="91")
    yield at("contrasts", "estimate_within_limits", "estimate", interval, ci_low="90", ci_high="91")
    yield at("published", "estimate_within_limits", "estimate", interval, ci_low="90", ci_high="91")
    yield at("contrasts", "poolable_has_interval", "poolable", lambda r: not r.poolable and not r.n_1, poolable="yes")
    yield at("contrasts", "poolable_has_interval", "poolable", lambda r: r.poolable, population="some of them")
    yield at("events", "events_at_most_n", "events", lambda r: True, events="999")
    for table in ("outcomes", "events"):
        yield at(table, "arm_known", "arm", lambda r: True, arm="nowhere")
    yield at("flow", "from_step_known", "from_step", lambda r: r.from_step, from_step="nowhere")
    yield at(
        "instruments",
        "one_direction_a_family",
        "higher_is",
        lambda r: r.instrument == "womac_function_100",
        higher_is="better",
    )
    for table in ("instruments", "endpoints"):
        yield at(table, "low_below_high", "low", lambda r: r.low is not None, low="100", high="0")
        yield at(table, "low_below_high", "low", lambda r: r.low is not None, low="")
        yield at(table, "low_below_high", "high", lambda r: r.low is not None, high="")
        yield at(table, "mid_has_source", "mid_source", lambda r: r.mid, mid_source="")
    yield at("endpoints", "families_known", "families", lambda r: r.families, families="womac_luck")
    yield at("endpoints", "families_known", "events", lambda r: r.events, events="miracle")
    yield at("endpoints", "families_known", "events", lambda r: r.measure == "RR", events="")
    yield at("endpoints", "families_known", "families", lambda r: r.measure == "MD", families="", domain="")


BREAKS = [*(b for table in TABLES for b in generic_breaks(table)), *rule_breaks()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    copy = tmp_path_factory.mktemp("book") / "data"
    shutil.copytree(HOME, copy)
    return copy


@pytest.mark.parametrize("case", BREAKS, ids=str)
def test_a_broken_table_is_refused_by_file_line_column_and_reason(case, folder):
    path = folder / f"{case.table}.csv"
    sound = path.read_bytes()
    try:
        path.write_bytes(case.edit(cells(case.table)))
        found = checked(folder, case.table)[1]
    finally:
        path.write_bytes(sound)
    mine = [problem for problem in found if problem.rule == case.rule]
    assert mine, f"not found; found were {[str(problem) for problem in found]}"
    hits = [p for p in mine if p.line == case.line and case.column in (None, p.column)]
    assert hits, [str(problem) for problem in mine]
    said = str(hits[0])
    assert said.startswith(path.name)
    assert case.line is None or f"line {case.line}" in said
    assert case.column is None or f"column {case.column}" in said
    assert len(hits[0].says) > 10


def test_every_rule_was_broken_in_every_table_it_applies_to(capsys):
    broken = {(case.table, case.rule) for case in BREAKS}
    files = {"empty", "byte_order_mark", "line_ends", "encoding", "cells", "csv"}
    columns = {"column_missing", "column_unknown", "column_twice", "column_order", "unique_key", "required", "type"}
    for table in TABLES:
        wanted = {*files, *columns, *PACKAGE["resources"][table].get("rules", [])}
        assert not {rule for rule in wanted if (table, rule) not in broken}
    with capsys.disabled():
        print(f" [{len(BREAKS)} breakages of {len(TABLES)} tables, {len({r for _, r in broken})} rules]", end="")
    assert len(BREAKS) > 300


def test_the_named_rules_are_the_ones_in_the_code():
    named = {rule["name"] for rule in PACKAGE["rules"]}
    used = {rule for resource in PACKAGE["resources"].values() for rule in resource.get("rules", [])}
    assert named == used == set(RULES)
    assert all(len(rule["says"]) > 20 for rule in PACKAGE["rules"])


def test_the_data_break_no_rule_and_every_rule_looks_at_something():
    assert data.problems(HOME) == []
    counts = data.check(HOME)
    assert counts.broken.sum() == 0
    for table in TABLES:
        applied = set(counts[(counts.table == table) & (counts.applied > 0)].rule)
        assert applied >= set(PACKAGE["resources"][table].get("rules", []))
    assert counts.applied.sum() > 20_000


def test_every_column_is_described():
    for table, resource in PACKAGE["resources"].items():
        assert resource["title"]
        assert resource["description"]
        for field in resource["schema"]["fields"]:
            assert field["title"], (table, field)
            assert len(field["description"]) >= 2, (table, field)


def test_frictionless_finds_the_package_valid():
    ask = [sys.executable, "-m", "frictionless", "validate", "datapackage.json", "--json"]
    done = subprocess.run(ask, cwd=HOME, capture_output=True, text=True, timeout=120)
    report = json.loads(done.stdout)
    assert report["valid"], report
    assert [task["name"] for task in report["tasks"]] == TABLES
    assert sum(task["stats"]["rows"] for task in report["tasks"]) > 900


def test_frictionless_and_we_agree_on_a_broken_copy(folder):
    path = folder / "arms.csv"
    sound = path.read_bytes()
    line = line_of("arms", lambda r: r.n)
    try:
        path.write_bytes(setter(line, n="many")(cells("arms")))
        ask = [sys.executable, "-m", "frictionless", "validate", "datapackage.json", "--json"]
        done = subprocess.run(ask, cwd=folder, capture_output=True, text=True, timeout=120)
        ours = checked(folder, "arms")[1]
    finally:
        path.write_bytes(sound)
    errors = [e for task in json.loads(done.stdout)["tasks"] for e in task["errors"] if e["type"] == "type-error"]
    assert [(e["rowNumber"], e["fieldName"]) for e in errors] == [(ours[0].line, ours[0].column)] == [(line, "n")]


# ---------------------------------------------------------------- reading


def test_a_table_is_typed_and_a_copy():
    frame = data.table("outcomes")
    assert str(frame.n.dtype) == "Int64"
    assert str(frame["mean"].dtype) == "float64"
    assert frame.note.map(type).eq(str).all()
    frame.loc[:, "mean"] = 0.0
    assert data.table("outcomes")["mean"].abs().sum() > 0


def test_a_boolean_that_is_not_reported_is_none():
    expanded = data.table("trials").set_index("trial").expanded
    assert (expanded["kim2023"], expanded["saw2013"], expanded["vega2015"]) == (True, False, None)


def test_table_refuses_with_the_first_problem_and_counts_the_others(tmp_path, monkeypatch):
    shutil.copytree(HOME, tmp_path / "data")
    path = tmp_path / "data" / "events.csv"
    rows = cells("events")
    column = rows[0].index("n")
    for row in rows[4:7]:
        row[column] = "0"
    path.write_bytes(text(rows))
    monkeypatch.setenv("MSCMETA_DATA", str(tmp_path / "data"))
    with pytest.raises(data.BrokenTableError) as caught:
        data.table("events")
    assert str(caught.value).startswith("events.csv, line 5 (")
    assert "column n: 0 is below 1 [minimum] (and 2 more: see mscmeta.data.problems())" in str(caught.value)
    with pytest.raises(data.BrokenTableError, match=r"events.csv, line 5"):
        data.contrasts("cochrane2025", "adverse_any")


def test_a_change_of_the_file_is_seen(tmp_path, monkeypatch):
    shutil.copytree(HOME, tmp_path / "data")
    monkeypatch.setenv("MSCMETA_DATA", str(tmp_path / "data"))
    before = data.table("reviews").label[0]
    path = tmp_path / "data" / "reviews.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(before, "Somebody 2021"), encoding="utf-8")
    assert data.table("reviews").label[0] == "Somebody 2021"


def test_an_unknown_table_is_refused_by_name():
    with pytest.raises(ValueError, match=r"table is 'forests'; choose one of reviews, trials"):
        data.table("forests")


def test_a_missing_table_is_refused_and_so_is_what_refers_to_it(folder):
    path = folder / "instruments.csv"
    sound = path.read_bytes()
    try:
        path.unlink()
        assert str(checked(folder, "instruments")[1][0]) == "instruments.csv: the file is missing; restore it [file]"
        assert {p.rule for p in checked(folder, "outcomes")[1]} == {"foreign_key"}
    finally:
        path.write_bytes(sound)


def test_a_broken_referred_table_does_not_stop_the_check(folder):
    path = folder / "trials.csv"
    sound = path.read_bytes()
    try:
        path.write_bytes(text([["nothing"], *([row[0]] for row in cells("trials")[1:])]))
        assert {p.rule for p in checked(folder, "arms")[1]} == {"foreign_key"}
    finally:
        path.write_bytes(sound)


def test_a_spoilt_datapackage_is_refused(tmp_path, monkeypatch):
    (tmp_path / "datapackage.json").write_text("{", encoding="utf-8")
    monkeypatch.setenv("MSCMETA_DATA", str(tmp_path))
    with pytest.raises(data.BrokenTableError, match=r"datapackage.json: cannot be read"):
        data.names()


def test_check_counts_what_is_broken(folder):
    path = folder / "flow.csv"
    sound = path.read_bytes()
    try:
        path.write_bytes(setter(2, kind="guess")(cells("flow")))
        counts = data.check(folder)
    finally:
        path.write_bytes(sound)
    assert counts[counts.broken > 0][["table", "rule", "broken"]].values.tolist() == [["flow", "enum", 1]]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_itself(value):
    assert list(_cell({"type": "number"}, repr(value), Counter())) == []


@given(st.text())
def test_any_text_is_a_number_or_refused(cell):
    broken = list(_cell({"type": "number", "constraints": {"required": True}}, cell, Counter()))
    if not broken:
        assert float(cell) == float(cell)
        assert not cell.lower().strip("+-").startswith(("n", "i"))


# ---------------------------------------------------------------- where the data are


def test_find_takes_the_named_folder_then_the_nearest_one_above(tmp_path, monkeypatch):
    shutil.copytree(HOME, tmp_path / "data")
    inner = tmp_path / "notebooks" / "deep"
    inner.mkdir(parents=True)
    monkeypatch.delenv("MSCMETA_DATA", raising=False)
    monkeypatch.chdir(inner)
    assert data.find() == tmp_path / "data"
    monkeypatch.setenv("MSCMETA_DATA", str(HOME))
    assert data.find() == HOME
    monkeypatch.setenv("MSCMETA_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="MSCMETA_DATA is"):
        data.find()


def test_find_falls_back_on_the_checkout(tmp_path, monkeypatch):
    monkeypatch.delenv("MSCMETA_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    assert data.find() == HOME


def test_find_and_bibliography_say_what_is_missing(tmp_path, monkeypatch):
    import mscmeta.data._files as files

    monkeypatch.delenv("MSCMETA_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    with pytest.raises(FileNotFoundError, match=r"no data/datapackage.json in"):
        data.find()
    with pytest.raises(FileNotFoundError, match=r"references.bib is neither in"):
        files.bibliography(tmp_path)


def test_the_read_log_names_every_file_that_decides(tmp_path, monkeypatch):
    log = tmp_path / "reads"
    monkeypatch.setenv("MSCMETA_READ_LOG", str(log))
    data.table("arms")
    data.table("arms")  # from memory: still a dependency of whoever asks
    read = Counter(Path(line).name for line in log.read_text(encoding="utf-8").splitlines())
    assert set(read) == {"arms.csv", "trials.csv", "datapackage.json", "references.bib"}
    assert read["arms.csv"] >= 2
    assert all(os.path.isabs(line) for line in log.read_text(encoding="utf-8").splitlines())
    log.unlink()
    data.contrasts("qu2021", "womac_function", 3)
    read = {Path(line).name for line in log.read_text(encoding="utf-8").splitlines()}
    assert read >= {"endpoints.csv", "outcomes.csv", "instruments.csv", "arms.csv", "inclusion.csv", "published.csv"}


def test_importing_mscmeta_data_does_not_load_pandas():
    code = "import sys, mscmeta.data; sys.exit('pandas' in sys.modules or 'scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
