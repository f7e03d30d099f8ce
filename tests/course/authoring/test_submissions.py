import re
from pathlib import Path

import nbformat
import pytest

from course import cli, syllabus
from course.authoring.notebooks import build, twins
from course.authoring.submissions import Mutant, SubmissionError, expected, fill, load, points
from course.authoring.text import AuthoringError
from course.authoring.trial import Trial
from course.errors import CourseError

ROOT = Path(__file__).parents[3]
MUTANTS = "tests/mutants/day1_losses/mutants.py"
ALTERNATIVE = "tests/mutants/day1_losses/alternative_product.py"
REFERENCE = 'def loss(x):\n    """Return the sum of squares."""\n    return np.sum(x**2)'


@pytest.fixture
def notebook(root):
    build(root)
    (notebook,) = [twin.notebook for twin in twins(root) if "assignments" in twin.label]
    return nbformat.read(notebook, as_version=4)


def test_the_reference_is_the_solution_cells_without_their_markers(root):
    assert load(root, "day1_losses").reference == {"loss": REFERENCE}


def test_a_mutant_is_a_whole_cell_and_its_first_line_says_what_is_wrong(root):
    material = load(root, "day1_losses")
    first, second = material.mutants
    assert first == Mutant(
        name="mean_not_sum",
        cell="loss",
        loses=("test_loss",),
        description="Takes the mean where the sum is asked for.",
        source=(
            "# Takes the mean where the sum is asked for.\ndef loss(x):\n    return np.mean(x**2)"
        ),
    )
    assert second.loses == ("test_loss", "test_zero")
    assert material.mutated(first) == {"loss": first.source}


def test_an_alternative_is_complete(root, edit):
    edit("assignments/authoring/day1_losses.py", '"test_zero"', '"other"')
    edit(
        "assignments/authoring/day1_losses.py",
        '"other", "locked": true, "points": 1, "schema_version": 3, "solution": false}\n',
        '"other", "locked": false, "points": 0, "schema_version": 3, "solution": true}\n',
    )
    edit(MUTANTS, ', "test_zero"', "")
    alternatives = load(root, "day1_losses").alternatives
    assert alternatives == {
        "alternative_product": {
            "loss": "def loss(x):\n    return x @ x",
            "other": "assert loss(np.zeros(3)) == 0",
        }
    }


def test_filling_puts_sources_into_solution_cells_and_leaves_the_original_alone(notebook):
    filled = fill(notebook, {"loss": "loss = sum"})
    assert [cell.source for cell in filled.cells if cell.id == "loss"] == ["loss = sum"]
    assert [cell for cell in filled.cells if cell.id != "loss"] == [
        cell for cell in notebook.cells if cell.id != "loss"
    ]
    assert "loss = sum" not in nbformat.writes(notebook)


@pytest.mark.parametrize("cell", ["lose", "test_loss"])
def test_filling_what_is_no_solution_cell_is_refused(notebook, cell):
    with pytest.raises(SubmissionError, match=f"no solution cell '{cell}'; did you mean 'loss'"):
        fill(notebook, {cell: ""})


def test_points_are_those_of_the_graded_cells(notebook):
    worth = points(notebook)
    assert worth == {"test_loss": 2.0, "test_zero": 1.0}
    assert list(worth) == ["test_loss", "test_zero"]


def test_what_a_mistake_leaves(notebook):
    worth = points(notebook)
    assert expected(worth, ()) == 3
    assert expected(worth, ("test_loss",)) == 1
    assert expected(worth, ("test_loss", "test_zero")) == 0
    with pytest.raises(SubmissionError, match=r"no graded cell 'test_los' to lose; .*'test_loss'"):
        expected(worth, ("test_los",))


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        (
            MUTANTS,
            'cell="loss" loses=["test_loss"]',
            'cell="lss" loses=["test_loss"]',
            "mean 'loss'",
        ),
        (
            MUTANTS,
            'loses=["test_loss"]',
            'loses=["test_los"]',
            ":3: mutant 'mean_not_sum': no graded",
        ),
        (MUTANTS, 'loses=["test_loss"]', "loses=[]", "loses nothing"),
        (MUTANTS, 'loses=["test_loss"]', 'loses="test_loss"', "loses = 'test_loss'; write loses=["),
        (MUTANTS, 'loses=["test_loss"]', "", ":3: the cell has no 'loses=...'"),
        (
            MUTANTS,
            'loses=["test_loss"]',
            'looses=["test_loss"] loses=["test_loss"]',
            "'looses'; did",
        ),
        (
            MUTANTS,
            'mutant="off_by_one"',
            'mutant="mean_not_sum"',
            ":9: mutant 'mean_not_sum' exists already",
        ),
        (MUTANTS, 'mutant="off_by_one"', "mutant=3", "mutant = 3; write mutant="),
        (MUTANTS, "# Adds one.\n", "", ":9: the first line is not a comment"),
        (ALTERNATIVE, 'cell="loss"', 'cell="los"', f"{ALTERNATIVE}:1: no solution cell 'los'"),
        (ALTERNATIVE, 'cell="loss"', 'cel="loss"', "the cell has no 'cell=...'"),
        (
            ALTERNATIVE,
            "    return",
            '    pass\n\n# %% cell="loss"\n    return',
            ":5: cell 'loss' exists already",
        ),
    ],
)
def test_a_contradiction_is_named_with_file_and_line(root, edit, path, old, new, message):
    edit(path, old, new)
    with pytest.raises(SubmissionError, match=re.escape(message)) as caught:
        load(root, "day1_losses")
    assert str(caught.value).startswith(f"{path}:")
    assert "\n" not in str(caught.value)


def test_an_assignment_without_mutants_is_refused(root):
    (root / MUTANTS).write_text("# Nothing yet.\n")
    with pytest.raises(SubmissionError, match="has no mutants; write the mistakes"):
        load(root, "day1_losses")


def test_a_draft_is_tried_with_what_there_is_and_what_is_missing_is_a_failure(root, tmp_path, edit):
    build(root, ["day1_losses"])
    edit(MUTANTS, 'loses=["test_loss", "test_zero"]', 'loses=["test_loss"]')
    with pytest.raises(CourseError, match=r"write at least 12 and 2 .*--draft") as caught:
        Trial(root, "day1_losses", tmp_path)
    missing = str(caught.value).splitlines()
    assert "no mutant of day1_losses loses at test_zero" in missing[1]
    trial = Trial(root, "day1_losses", tmp_path, draft=True)
    assert trial.failures == missing
    assert sorted(trial.cases) == [
        "alternative_product",
        "blank",
        "mutant_mean_not_sum",
        "mutant_off_by_one",
        "reference",
    ]
    for left in (root / MUTANTS).parent.iterdir():
        left.unlink()
    bare = Trial(root, "day1_losses", tmp_path, draft=True)
    assert sorted(bare.cases) == ["blank", "reference"]
    assert "0 mutants and 0 alternatives" in bare.failures[0]


def test_a_new_assignment_can_be_built_and_tried(root, tmp_path, edit, monkeypatch, capsys):
    monkeypatch.setattr("course.__file__", str(root / "course" / "__init__.py"))
    assert cli.main(["new", "day1_bonds"]) == 0
    (asked,) = [line for line in capsys.readouterr().out.splitlines() if "points = 2" in line]
    lecture = 'name = "day1_bonds"\ntitle = "Bonds"\nmodules = []\ncompute = "cpu-small"'
    syllabus_text = root / "course/syllabus.toml"
    syllabus_text.write_text(
        f"{syllabus_text.read_text()}\n[[days.lectures]]\n{lecture}\n{asked}\n"
    )
    (built,) = build(root, ["day1_bonds"])
    assert built.derived
    trial = Trial(root, "day1_bonds", tmp_path, draft=True)
    assert sorted(trial.cases) == ["alternative_loop", "blank", "mutant_mean", "reference"]
    assert trial.points == {"test_square_sum": 2.0}
    (missing,) = trial.failures
    assert "1 mutant and 1 alternative" in missing
    assert cli.main(["new", "day1_bonds"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert cli.main(["new", "bonds"]) == 2
    assert "not named like 'day2_topic'" in capsys.readouterr().err


def test_missing_files_are_named(root):
    (root / MUTANTS).unlink()
    with pytest.raises(AuthoringError, match=f"no {MUTANTS}; write it"):
        load(root, "day1_losses")
    with pytest.raises(AuthoringError, match=r"no assignments/authoring/day1_x\.py"):
        load(root, "day1_x")


def test_a_file_may_start_by_saying_what_it_is_and_contain_prose(root, edit):
    edit(MUTANTS, "# Mistakes about losses.\n", '"""Mistakes."""\n\n# %% [markdown]\n# Prose.\n')
    assert len(load(root, "day1_losses").mutants) == 2


@pytest.mark.parametrize("assignment", syllabus.load().assignments(), ids=lambda each: each.name)
def test_every_assignment_of_the_course_has_what_proves_its_tests(assignment):
    material = load(ROOT, assignment.name)
    assert len(material.mutants) >= 12
    assert len(material.alternatives) >= 2
    path = ROOT / "assignments/source" / assignment.name / f"{assignment.name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    worth = points(notebook)
    assert sum(worth.values()) == assignment.points
    assert {test for mutant in material.mutants for test in mutant.loses} == set(worth)
    for mutant in material.mutants:
        assert mutant.source != material.reference[mutant.cell]
        assert expected(worth, mutant.loses) < assignment.points
        fill(notebook, material.mutated(mutant))
