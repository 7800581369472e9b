"""mscmeta.extraction: the tables as rows under audit."""

import shutil

from mscmeta import data
from mscmeta.extraction import audit_extraction, extracted_rows


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


def test_the_extraction_passes_its_audit():
    findings, checked = audit_extraction()
    assert [f.says for f in findings] == []
    assert checked > 1000


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
    assert {f.about for f in findings} == {("gupta2016", "pain vas_pain_10", "6")}
