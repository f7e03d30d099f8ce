import difflib
import json
import re
from pathlib import Path

import nbformat
import pytest

from course.authoring import notebooks
from course.authoring.notebooks import build, from_notebook
from course.authoring.text import AuthoringError, read_cells
from course.syllabus import SyllabusError

ROOT = Path(__file__).parents[3]
LECTURE = "course/lectures/day1_losses.md"
LECTURE_NOTEBOOK = "course/lectures/day1_losses.ipynb"
ASSIGNMENT = "assignments/authoring/day1_losses.py"
ASSIGNMENT_NOTEBOOK = "assignments/source/day1_losses/day1_losses.ipynb"


def as_jupyter_saves(path, change=lambda cells: None):
    """Rewrite a notebook as JupyterLab does after someone ran and perhaps changed it."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.language_info.version = "3.12.1"
    for cell in notebook.cells:
        cell.metadata["editable"] = True
        if cell.cell_type == "code":
            cell.execution_count = 1
            cell.outputs = [nbformat.v4.new_output("stream", text="hello\n")]
    change(notebook.cells)
    nbformat.write(notebook, path)


def changed_lines(old, new):
    lines = difflib.ndiff(old.splitlines(), new.splitlines())
    return [line for line in lines if line[0] in "+-"]


def test_the_committed_notebooks_are_what_their_texts_give():
    assert build(ROOT, check=True) == []


def test_the_committed_notebooks_are_valid():
    found = notebooks.twins(ROOT)
    assert found
    for twin in found:
        nbformat.validate(json.loads(twin.notebook.read_text()))


def test_build_writes_what_is_missing_and_then_nothing(root):
    stale = build(root)
    assert [str(each.notebook) for each in stale] == [LECTURE_NOTEBOOK, ASSIGNMENT_NOTEBOOK]
    assert str(stale[0]) == f"{LECTURE_NOTEBOOK} is missing: it is derived from {LECTURE}"
    assert build(root) == []


def test_check_writes_nothing(root):
    assert len(build(root, check=True)) == 2
    assert not list(root.rglob("*.ipynb"))


def test_a_changed_text_makes_its_notebook_stale(root, edit):
    build(root)
    edit(LECTURE, "Between", "Amid")
    (stale,) = build(root, check=True)
    assert str(stale) == f"{LECTURE_NOTEBOOK} is not what follows from {LECTURE}"
    build(root)
    assert "Amid" in (root / LECTURE_NOTEBOOK).read_text()


def test_the_same_text_gives_the_same_bytes(root):
    build(root)
    before = {path: path.read_bytes() for path in root.rglob("*.ipynb")}
    for path in before:
        path.unlink()
    build(root)
    assert {path: path.read_bytes() for path in root.rglob("*.ipynb")} == before


def test_a_derived_notebook_holds_cells_with_stable_ids_and_nothing_of_a_run(root):
    build(root)
    for name in (LECTURE_NOTEBOOK, ASSIGNMENT_NOTEBOOK):
        raw = json.loads((root / name).read_text())
        nbformat.validate(raw)
        assert "jupytext" not in raw["metadata"]
        assert raw["metadata"]["kernelspec"]["name"] == "python3"
        code = [cell for cell in raw["cells"] if cell["cell_type"] == "code"]
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    ids = [cell["id"] for cell in raw["cells"]]
    assert ids == ["cell-001", "cell-002", "loss", "test_loss", "test_zero"]


def test_magic_commands_are_live_in_the_notebook(root):
    build(root)
    last = nbformat.read(root / LECTURE_NOTEBOOK, as_version=4).cells[-1]
    assert last.source.startswith("%matplotlib inline")


@pytest.mark.parametrize("text", [LECTURE, ASSIGNMENT])
def test_text_to_notebook_to_text_is_the_identity(root, text):
    build(root)
    before = (root / text).read_bytes()
    for name in (LECTURE_NOTEBOOK, ASSIGNMENT_NOTEBOOK):
        as_jupyter_saves(root / name)
    assert from_notebook(root, "day1_losses") == []
    assert (root / text).read_bytes() == before
    assert build(root, check=True) == []


def test_the_real_texts_survive_the_way_to_a_notebook_and_back(tmp_path):
    found = notebooks.twins(ROOT)
    for path in [ROOT / "course/syllabus.toml", *(twin.text for twin in found)]:
        (tmp_path / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path.relative_to(ROOT)).write_bytes(path.read_bytes())
    build(tmp_path)
    for twin in notebooks.twins(tmp_path):
        before = twin.text.read_text()
        as_jupyter_saves(
            twin.notebook, lambda cells: cells[0].update(source=f"{cells[0].source}\n\nAnd so.")
        )
        from_notebook(tmp_path, twin.name)
        changed = "".join(
            line[1:].strip("# ") for line in changed_lines(before, twin.text.read_text())
        )
        assert changed == "And so."


def test_an_edit_in_jupyter_changes_only_its_own_lines_of_the_text(root):
    build(root)
    before = (root / ASSIGNMENT).read_text()

    def change(cells):
        cells[2].source = cells[2].source.replace("np.sum(x**2)", "x @ x")

    as_jupyter_saves(root / ASSIGNMENT_NOTEBOOK, change)
    assert from_notebook(root, "day1_losses") == [Path(ASSIGNMENT)]
    assert changed_lines(before, (root / ASSIGNMENT).read_text()) == [
        "-     return np.sum(x**2)",
        "+     return x @ x",
    ]
    assert build(root, check=True) == []


def test_cells_added_moved_and_left_empty_in_jupyter_reach_the_text(root):
    build(root)

    def change(cells):
        cells.insert(1, nbformat.v4.new_markdown_cell("A new paragraph.  \n"))
        cells.append(nbformat.v4.new_code_cell(""))
        cells[0], cells[1] = cells[1], cells[0]

    as_jupyter_saves(root / LECTURE_NOTEBOOK, change)
    from_notebook(root, "day1_losses")
    sources = [cell.source for cell in nbformat.read(root / LECTURE_NOTEBOOK, as_version=4).cells]
    assert sources[0] == "A new paragraph."
    assert len(sources) == 6
    assert (root / LECTURE).read_text().startswith("---\njupytext:\n")
    assert build(root, check=True) == []


def test_a_notebook_made_in_jupyter_becomes_a_text(root):
    build(root)
    (root / ASSIGNMENT).unlink()
    with pytest.raises(AuthoringError, match=r"day1_losses.ipynb has no text; .*--from-notebook"):
        build(root)
    as_jupyter_saves(root / ASSIGNMENT_NOTEBOOK)
    from_notebook(root, "day1_losses")
    assert build(root, check=True) == []
    assert [cell.grade_id for cell in read_cells(root / ASSIGNMENT)][2:] == [
        "loss",
        "test_loss",
        "test_zero",
    ]


def test_an_assignment_made_in_jupyter_is_left_alone_until_it_is_given_a_text(root):
    build(root)
    there = root / "assignments/source/bonds"
    there.mkdir()
    nbformat.write(nbformat.read(root / ASSIGNMENT_NOTEBOOK, as_version=4), there / "bonds.ipynb")
    (there / "prices.csv").write_text("1\n")
    assert build(root, check=True) == []
    from_notebook(root, "bonds")
    (there / "prices.csv").unlink()
    (unlisted,) = build(root, check=True)
    assert "the syllabus has no assignment 'bonds'" in str(unlisted)


@pytest.mark.parametrize(
    ("place", "advice"),
    [
        ("assignments/source/ps1/bonds.ipynb", "call both 'bonds' or both 'ps1'"),
        ("course/lectures/bonds.ipynb", r"call it dayN_topic\.ipynb"),
    ],
)
def test_a_notebook_that_no_text_would_give_is_named_with_what_to_do(root, place, advice):
    build(root)
    (root / place).parent.mkdir(exist_ok=True)
    (root / place).write_bytes((root / LECTURE_NOTEBOOK).read_bytes())
    with pytest.raises(AuthoringError, match=advice):
        from_notebook(root, "bonds")
    assert not [path for path in root.rglob("bonds.*") if path != root / place]


def test_build_does_not_overwrite_what_was_done_in_jupyter(root, edit):
    build(root)
    as_jupyter_saves(root / LECTURE_NOTEBOOK)
    build(root)  # only run, not changed: nothing is lost
    as_jupyter_saves(
        root / LECTURE_NOTEBOOK, lambda cells: cells[0].update(source="# My new title")
    )
    with pytest.raises(AuthoringError, match=r"edited in Jupyter; .*--from-notebook day1_losses"):
        build(root)
    assert "My new title" in (root / LECTURE_NOTEBOOK).read_text()


def test_a_picture_pasted_in_jupyter_is_refused_and_nothing_is_lost(root):
    build(root)
    before = (root / LECTURE).read_bytes()

    def paste(cells):
        cells[0].attachments = {"plot.png": {"image/png": "aGVsbG8="}}

    as_jupyter_saves(root / LECTURE_NOTEBOOK, paste)
    with pytest.raises(AuthoringError, match="holds something that text cannot"):
        from_notebook(root, "day1_losses")
    assert (root / LECTURE).read_bytes() == before
    assert "plot.png" in (root / LECTURE_NOTEBOOK).read_text()


@pytest.mark.parametrize("contents", ["", "{}", "[]", '{"cells": [3], "metadata": {}}', "\0"])
def test_a_broken_notebook_is_named(root, contents):
    build(root)
    (root / LECTURE_NOTEBOOK).write_text(contents)
    with pytest.raises(AuthoringError, match=rf"{LECTURE_NOTEBOOK} is not a notebook"):
        from_notebook(root, "day1_losses")
    with pytest.raises(AuthoringError, match=rf"{LECTURE_NOTEBOOK} is not a notebook"):
        build(root)


def test_an_unknown_notebook_is_answered_with_the_likeliest(root):
    build(root)
    with pytest.raises(
        AuthoringError, match="no notebook 'day1_loses'; did you mean 'day1_losses'"
    ):
        from_notebook(root, "day1_loses")


@pytest.mark.parametrize(
    "name", ["day1_losses/day1_losses.py", "day1_losses/data.csv", "header.ipynb", "x/.secret"]
)
def test_nothing_else_may_lie_where_nbgrader_releases_from(root, name):
    foreign = root / "assignments/source" / name
    foreign.parent.mkdir(parents=True, exist_ok=True)
    foreign.write_text("solutions")
    with pytest.raises(AuthoringError, match=re.escape(f"assignments/source/{name} ")):
        build(root, check=True)


def test_what_jupyter_leaves_behind_is_no_foreign_file(root):
    left = root / "assignments/source/day1_losses/.ipynb_checkpoints/day1_losses-checkpoint.ipynb"
    left.parent.mkdir(parents=True)
    left.write_text("{}")
    build(root)


def test_one_broken_text_leaves_every_notebook_alone(root, edit):
    edit(ASSIGNMENT, '"points": 2', '"points": 0')
    with pytest.raises(AuthoringError):
        build(root)
    assert not list(root.rglob("*.ipynb"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [(LECTURE, "lecture"), (ASSIGNMENT, "assignment")],
    ids=["lecture", "assignment"],
)
def test_what_the_syllabus_does_not_list_and_what_is_not_there_are_named(root, text, kind):
    loses = text.replace("losses", "loses")
    (root / text).rename(root / loses)
    missing, *others = build(root)
    assert not missing.derived
    assert str(missing) == (
        f"{text}: the syllabus lists this {kind}, which does not exist; write it, or take it off "
        "the list in course/syllabus.toml"
    )
    (unlisted,) = (each for each in others if not each.derived)
    assert str(unlisted) == (
        f"{loses}: the syllabus has no {kind} 'day1_loses', did you mean 'day1_losses'; list it in "
        "course/syllabus.toml, or remove the text"
    )
    assert len(list(root.rglob("*.ipynb"))) == len(others) - 1 == 1  # the other kind's


def test_a_draft_of_an_assignment_has_no_points_yet(root):
    (root / ASSIGNMENT).rename(root / "assignments/authoring/day1_loses.py")
    with pytest.raises(SyllabusError, match="no assignment 'day1_loses'"):
        build(root, ["day1_loses"])


def test_a_draft_of_a_lecture_is_derived_if_it_is_asked_for(root):
    (root / LECTURE).rename(root / "course/lectures/day1_loses.md")
    (draft,) = build(root, ["day1_loses"])
    assert draft.derived
    assert (root / "course/lectures/day1_loses.ipynb").exists()


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (LECTURE, ":tags:", ":tag:", "cell 2 has the unknown metadata 'tag'; did you mean 'tags'"),
        (LECTURE, "jupytext:\n", "jupytext: [\n", f"{LECTURE} cannot be read as md:myst"),
        (ASSIGNMENT, "# %%\nimport", "# %% nbgrder={}\nimport", "did you mean 'nbgrader'"),
        (ASSIGNMENT, '"""Return', '"""\n# %%\nReturn', "5 cells; a line inside a string"),
    ],
)
def test_a_text_that_cannot_be_read_is_named(root, edit, text, old, new, message):
    edit(text, old, new)
    with pytest.raises(AuthoringError, match=re.escape(message)) as caught:
        build(root)
    assert "\n" not in str(caught.value)


def test_a_text_that_is_not_utf8_is_named(root):
    (root / LECTURE).write_bytes(b"\xff")
    with pytest.raises(AuthoringError, match=f"{LECTURE} is not UTF-8"):
        build(root)
