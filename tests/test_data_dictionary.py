"""The description of the tables in words says everything that datapackage.json says."""

import pytest

from mscmeta.data import dictionary, names, schema


def test_every_column_of_every_table_is_described():
    assert len(names()) > 10
    for name in names():
        described = dictionary(name)
        fields = schema()["resources"][name]["schema"]["fields"]
        assert list(described.Column) == [field["name"] for field in fields]
        assert described.Meaning.str.len().min() > 2
        assert described.Kind.str.len().min() > 3


def test_every_constraint_is_said():
    said = 0
    for name in names():
        allowed = dictionary(name).set_index("Column").Allowed
        for field in schema()["resources"][name]["schema"]["fields"]:
            limits, words = field.get("constraints", {}), allowed[field["name"]]
            wanted = [str(choice) for choice in limits.get("enum", [])]
            wanted += ["required"] if limits.get("required") else []
            wanted += [f"at least {limits['minimum']:g}"] if "minimum" in limits else []
            wanted += [f"at most {limits['maximum']:g}"] if "maximum" in limits else []
            wanted += ["references.bib"] if field.get("sourceKey") else []
            wanted += [f"{field['listOf']}.csv"] if "listOf" in field else []
            assert all(phrase in words for phrase in wanted), (name, field["name"], words)
            said += len(wanted)
    assert said > 50


def test_keys_and_units_are_said():
    arms = dictionary("arms").set_index("Column")
    assert "part of the key" in arms.Allowed["arm"]
    assert "a key of trials.csv" in arms.Allowed["trial"]
    assert "no value twice" in dictionary("trials").set_index("Column").Allowed["trial"]
    fields = [field for name in names() for field in schema()["resources"][name]["schema"]["fields"]]
    numbers = [field for field in fields if field["type"] in ("integer", "number")]
    assert len(numbers) > 60
    assert all(field.get("unit") for field in numbers)
    assert any("(participants)" in kind for kind in dictionary("reviews").Kind)


def test_an_unknown_table_is_refused():
    with pytest.raises(ValueError, match=r"^there is no table 'trial'; the tables are reviews, trials"):
        dictionary("trial")
