"""mscmeta.extraction: the tables as rows under audit."""

import shutil
from statistics import stdev

from mscmeta import data
from mscmeta.extraction import audit_extraction, extracted_rows, planting_ground


def test_every_pair_of_arms_is_there_once():
    rows = extracted_rows()
    keys = [(row["trial"], row["outcome"], row["kind"], row["month"]) for row in rows]
    assert len(keys) == len(set(keys)) > 100
    assert all(row["sd_1"] > 0 and row["n_2"] >= 2 for row in rows)
    assert {row["trial"] for row in extracted_rows(imputed=True)} > {row["trial"] for row in rows}


def test_a_row_is_the_two_arms_of_its_table():
    row = next(
        r for r in extracted_rows() if (r["trial"], r["outcome"], r["month"]) == ("gupta2016", "pain vas_pain_10", 6)
    )
    assert (row["n_1"], row["mean_1"], row["sd_1"], row["randomised_1"]) == (40, 3.76, 3.019, 40)
    assert (row["n_2"], row["mean_2"], row["sd_2"], row["randomised_2"]) == (20, 4.435, 2.545, 20)
    assert (row["low"], row["high"], row["kind"]) == (0.0, 10.0, "final")


IMPOSSIBLE = ("shapiro2017", "pain vas_pain_10", "3")


def test_the_extraction_passes_its_audit_but_for_one_borrowed_sd():
    """The source took a median for the mean and another trial's SD: together they cannot be."""
    findings, checked = audit_extraction()
    assert [(f.check, f.about) for f in findings] == [("sd_possible", IMPOSSIBLE)]
    assert checked > 1000
    table = data.table("outcomes")
    row = table[(table.trial == "shapiro2017") & (table.month == 3) & (table["mean"] == 0.9)].iloc[0]
    assert (row.how, row.sd, row.n) == ("imputed", 2.98, 25)
    assert "imputed_sd" in row.caveats.split()
    widest = [10, 10, 2.5] + [0] * 22  # a mean of 0.9 in 25 patients can be no further spread
    assert stdev(widest) < row.sd


def test_no_fault_is_planted_in_a_row_that_is_flagged():
    assert (*IMPOSSIBLE[:2], 3) not in {(row["trial"], row["outcome"], row["month"]) for row in planting_ground()}


def test_a_standard_error_in_the_tables_is_found(tmp_path, monkeypatch):
    """The data contract lets an SD through that is a tenth too small for its trial; the audit compares visits."""
    folder = tmp_path / "data"
    shutil.copytree(data.find(), folder)
    path = folder / "outcomes.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith("gupta2016,pain,6,over 3 to 6 months,msc,final"))
    lines[at] = lines[at].replace(",3.76,3.019,", ",3.76,0.6,")
    path.write_text("".join(lines), encoding="utf-8")
    monkeypatch.setenv("MSCMETA_DATA", str(folder))
    findings, _ = audit_extraction()
    assert {f.about for f in findings} - {IMPOSSIBLE} == {("gupta2016", "pain vas_pain_10", "6")}
