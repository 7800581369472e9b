"""House rules of the notebooks: every one keeps them, and every rule catches what it is for."""

import json

import nbformat
import pytest

from tests.tinybook import notebook
from tools import notebooks as rules
from tools.common import ROOT, chapters, shown

PATHS = rules.all_notebooks()
SETTINGS = ("settings", 'TAU2 = "REML"', ["parameters"])


def test_there_are_notebooks_and_all_are_chapters():
    listed = {f"{name}.ipynb" for name in chapters() if (ROOT / f"{name}.ipynb").is_file()}
    assert len(PATHS) >= 4
    assert {shown(path) for path in PATHS} == listed


@pytest.mark.parametrize("path", PATHS, ids=shown)
def test_notebook_keeps_the_rules(path):
    assert rules.faults(path) == []


def test_nothing_is_left_to_strip():
    assert rules.stripped(PATHS) == ""


def test_printed_ratios_enter_forest_plots_as_printed():
    """The plot takes their logarithm; a chapter that did so too drew 0.98 for a printed 2.67."""
    cells = [cell.source for path in PATHS for cell in nbformat.read(path, as_version=4).cells]
    drawn = [source for source in cells if "plots.forest(" in source and "published=" in source]
    assert len(drawn) >= 5
    assert not [source for source in drawn if "log(" in source]


def test_markup_is_made_in_one_place_only():
    elsewhere, modules = rules.markup_elsewhere()
    assert elsewhere == []
    assert modules >= 10


def faults(*cells, **changes) -> list[str]:
    """Faults of a notebook made of these cells."""
    whole = json.loads(notebook(("title", "# Title"), *cells)) | changes
    nb = nbformat.from_dict(whole)
    return [fault for check in rules.CHECKS for fault in check(nb)]


def test_a_plain_notebook_has_no_fault():
    assert faults(SETTINGS, ("text", "Words, $1.5$, `0.5` and 10 of 20."), ("code", "print(TAU2)", [])) == []


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (("Text", "x"), "cell id 'Text' is not a name"),
        (("3f2a91c0", "x"), "cell id '3f2a91c0' is not a name"),
        (("title", "x"), "cell id 'title' is used more than once"),
        (("again", "CI = 1", ["parameters"]), "2 cells are tagged 'parameters'"),
        (("text", "The difference was -0.74 points."), "the number -0.74 is typed"),
        (("text", "The difference was −0.74, no more."), "the number −0.74 is typed"),
        (("text", "In 12.5% of them"), "the number 12.5 is typed"),
        (("text", "It ended at 3.5."), "the number 3.5 is typed"),
        (("text", ":::{admonition} Box\n1.5 points\n:::"), "the number 1.5 is typed"),
        (("long", "\n".join(f"a{i} = 1" for i in range(13)), []), "cell 'long' has 13 lines"),
        (("code", "def f():\n    return 1", []), "defines something"),
        (("code", "f = lambda x: x", []), "defines something"),
        (("code", "class A:\n    pass", []), "defines something"),
        (("code", "%pip install x", []), "calls a shell, a magic or the network"),
        (("code", "!ls", []), "calls a shell, a magic or the network"),
        (("code", "x = 'https://example.org/a.csv'", []), "calls a shell, a magic or the network"),
        (("code", "import requests", []), "calls a shell, a magic or the network"),
        (("code", "from IPython.display import Markdown\nMarkdown('x')", []), "makes markup with 'Markdown('"),
        (("code", "frame.style.format('x')", []), "makes markup with '.style'"),
        (("code", "frame.to_html()", []), "makes markup with 'to_html('"),
        (("text", "# Second title"), "2 titles"),
        (("text", "<div>raw</div>"), "raw HTML in prose: <div>"),
        (("text", "<script>alert(1)</script>"), "raw HTML in prose: <script>"),
    ],
)
def test_a_fault_is_found(cell, said):
    found = faults(SETTINGS, cell)
    assert any(said in fault for fault in found), found


@pytest.mark.parametrize(
    "text",
    [
        "$\\tau^2 = 0.5$ and $$x = 1.5$$",
        "`0.5` and {math}`0.5`",
        "```\n0.5\n```",
        "```{code-block} python\nx = 0.5\n```",
        "Version 1.2 and section 3.4, see Table 2.1",
        "[a paper](https://doi.org/10.1000/1.5)",
        "doi 10.1136/bmj.331.7521",
        "Python 3.11.7",
        "# if x <br is no tag",
        "between 2 and 12 months, p < 5%",
        "CC BY 4.0",
    ],
)
def test_what_is_no_number_in_prose(text):
    assert [f for f in faults(SETTINGS, ("text", text.removeprefix("# "))) if "typed" in f] == []


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (("settings", 'TAU3 = "REML"', ["parameters"]), "parameter TAU3 is not in book/parameters.yml"),
        (("settings", 'TAU2 = "DL"', ["parameters"]), "TAU2 is 'DL' here and 'REML' in book/parameters.yml"),
        (("settings", "TAU2 = min('REML', 'X')", ["parameters"]), "holds more than plain values"),
        (("settings", "x = 1", []), "0 cells are tagged 'parameters'"),
    ],
)
def test_a_fault_in_the_settings_is_found(cell, said):
    assert any(said in fault for fault in faults(cell))


def test_outputs_and_a_foreign_kernel_are_found(tmp_path):
    whole = json.loads(notebook(("title", "# T"), SETTINGS))
    whole["cells"][1] |= {"execution_count": 3}
    whole["metadata"]["kernelspec"]["name"] = "my-env"
    whole["metadata"]["papermill"] = {}
    path = tmp_path / "bad.ipynb"
    path.write_text(json.dumps(whole))
    found = rules.faults(path)
    assert len(found) == 3, found
    assert "bad.ipynb" in rules.stripped([path])
    path.write_text("{")
    assert "cannot be read" in rules.faults(path)[0]
