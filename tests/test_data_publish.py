"""Download copies: nothing in them runs in a spreadsheet, numbers stay numbers, checksums hold."""

import csv
import hashlib
import shutil
from pathlib import Path

import pandas as pd
import pytest

import mscmeta.data as data
from mscmeta.data._publish import FORMULA_STARTS, NUMBER

HOME = Path(__file__).resolve().parents[1] / "data"
HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "<script>alert(1)</script>",
    "javascript:alert(1)",
    'a, "b"',
]


def copied(folder: Path) -> Path:
    shutil.copytree(HOME, folder / "data")
    shutil.copytree(HOME.parent / "book", folder / "book", ignore=shutil.ignore_patterns("_*", "*.md"))
    return folder / "data"


@pytest.fixture
def copy(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("MSCMETA_DATA", str(copied(tmp_path)))
    return tmp_path / "data"


def rows(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_everything_is_published_with_its_checksum(tmp_path, copy):
    written = data.publish(tmp_path / "out")
    assert {path.name for path in written} == {
        *(f"{name}.csv" for name in data.names()), "datapackage.json", "README.md", "references.bib", "SHA256SUMS"
    }  # fmt: skip
    sums = (tmp_path / "out" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert len(sums) == len(written) - 1
    for line in sums:
        digest, name = line.split("  ")
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == digest


def test_data_are_published_as_they_are_but_for_the_guards(tmp_path, copy):
    data.publish(tmp_path / "out")
    for name in data.names():
        for before, after in zip(rows(HOME / f"{name}.csv"), rows(tmp_path / "out" / f"{name}.csv"), strict=True):
            for column, cell in after.items():
                risky = before[column].startswith(FORMULA_STARTS) and not NUMBER.fullmatch(before[column])
                assert cell == f"'{before[column]}" if risky else cell == before[column]


def test_publishing_twice_gives_the_same_bytes(tmp_path, copy):
    one = {path.name: path.read_bytes() for path in data.publish(tmp_path / "out")}
    two = {path.name: path.read_bytes() for path in data.publish(tmp_path / "out")}
    assert one == two


def free_texts(name: str) -> list[str]:
    fields = data.schema()["resources"][name]["schema"]["fields"]
    texts = [f for f in fields if f["type"] == "string"]
    free = [f["name"] for f in texts if f["name"] in ("note", "where", "label", "reason", "made_with")]
    if not free:  # then no text can be hostile: the schema lists what is allowed
        assert texts
        assert all({"enum", "pattern"} & set(f["constraints"]) for f in texts)
    return free


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    """Publish a copy with a hostile text in every free text column of every table."""
    folder = tmp_path_factory.mktemp("hostile")
    copied(folder)
    for name in data.names():
        table, free = rows(HOME / f"{name}.csv"), free_texts(name)
        for row, text in zip(table, HOSTILE * 3, strict=False):
            row.update(dict.fromkeys([column for column in free if column != "label"], text))
        with (folder / "data" / f"{name}.csv").open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, list(table[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MSCMETA_DATA", str(folder / "data"))
        data.publish(folder / "out")
    return folder


@pytest.mark.parametrize("name", data.names())
def test_no_cell_of_a_download_is_a_formula_and_numbers_stay_numbers(name, hostile):
    if not free_texts(name):
        return
    fields = data.schema()["resources"][name]["schema"]["fields"]
    table, out = rows(hostile / "data" / f"{name}.csv"), rows(hostile / "out" / f"{name}.csv")
    numeric = {f["name"] for f in fields if f["type"] in ("integer", "number")}
    guarded = 0
    for before, after in zip(table, out, strict=True):
        for column, cell in after.items():
            if column in numeric:
                assert cell == before[column]
            else:
                assert not cell.startswith(FORMULA_STARTS) or NUMBER.fullmatch(cell)
                guarded += cell != before[column]
                assert cell.removeprefix("'") == before[column].removeprefix("'")
    assert guarded >= 3
    read = pd.read_csv(hostile / "out" / f"{name}.csv")
    assert all(read[column].dtype.kind in "if" for column in numeric)


def test_negative_numbers_are_not_turned_into_text(tmp_path, copy):
    data.publish(tmp_path / "out")
    read = pd.read_csv(tmp_path / "out" / "outcomes.csv")
    assert (read["mean"] < 0).sum() > 50
    assert pd.read_csv(tmp_path / "out" / "published.csv").estimate.min() == -24.98


def test_the_data_folder_itself_is_no_place_to_publish_to(copy):
    with pytest.raises(ValueError, match="the data folder itself; name another one"):
        data.publish(copy)


def test_broken_data_are_not_published(tmp_path, copy):
    path = copy / "flow.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("726", "-726"), encoding="utf-8")
    with pytest.raises(
        data.BrokenTableError, match=r"flow.csv, line 2 \(qu2021 identified\), column n: -726 is below 0"
    ):
        data.publish(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_readme_does_not_stop_it(tmp_path, copy):
    (copy / "README.md").unlink()
    assert "README.md" not in {path.name for path in data.publish(tmp_path / "out")}
