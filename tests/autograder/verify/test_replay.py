"""A disputed grade is repeated to the bit, or it is said what has changed since."""

import contextlib
import hashlib
import json

import nbformat
import pytest

from autograder.coursedir.directory import open_course
from autograder.model import AutograderError
from autograder.verify.replay import find, replay
from tests.autograder.building import PLUGIN, RIGHT, configure, generate, opened, submit

pytestmark = pytest.mark.sandbox
WRONG = {**RIGHT, "double": "def double(x):\n    return 2 if x == 1 else 0"}


@pytest.fixture
def again(engine):
    """Return a function that repeats the grade of a student."""

    def again(root, student="bob"):
        return replay(
            open_course(root), student, "ps1", engine=lambda _: contextlib.nullcontext(engine)
        )

    return again


@pytest.fixture
def graded(root, grade):
    """Return a course in which a submission has lost points."""
    submit(root, "bob", WRONG, files={"data.csv": "1"})
    grade(root)
    return root


def kept(root):
    return root / "autograded" / "bob" / "ps1" / "p1.ipynb"


def change(root, **parts):
    """Change what the graded notebook says of its grading."""
    notebook = json.loads(kept(root).read_bytes())
    notebook["metadata"]["autograder"].update(parts)
    kept(root).chmod(0o644)
    kept(root).write_text(json.dumps(notebook))
    return notebook["metadata"]["autograder"]


def changed(made):
    return {one.name for one in made.conditions if not one.same}


def digests(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_grade_is_repeated_to_the_bit_and_nothing_is_written(graded, again):
    before = digests(graded)
    made = again(graded)
    assert made.differences == []
    assert changed(made) == set()
    assert {one.name for one in made.conditions} == {
        *("submission", "assignment", "grader", "versions", "limits", "seed")
    }
    assert made.cells == 3
    assert digests(graded) == before


def test_a_grade_that_was_made_up_is_noticed(graded, again):
    cells = json.loads(kept(graded).read_bytes())["metadata"]["autograder"]["cells"]
    cells[0].update(points=2.0, verdict="pass", message="")
    change(graded, cells=cells)
    said = again(graded).differences
    assert "test_double: verdict was 'pass', and is 'fail' now." in said
    assert "test_double: points was 2.0, and is 0.0 now." in said
    assert any(line.startswith("test_double: message was ''") for line in said)
    assert any("the graded notebook says 2.0, and the gradebook says 0.0" in line for line in said)


def test_a_gradebook_that_was_changed_is_noticed(graded, again):
    with opened(graded) as course, course.gradebook() as gradebook:
        gradebook.find_grade("test_double", "p1", "ps1", "bob").auto_score = 2
        gradebook.db.commit()
    (line,) = again(graded).differences
    assert "the graded notebook says 0.0, and the gradebook says 2.0" in line


def test_a_submission_that_was_changed_is_said_to_be_another(graded, again):
    submit(graded, "bob", RIGHT)
    made = again(graded)
    assert changed(made) >= {"submission", "seed"}
    assert any(line == "test_double: points was 0.0, and is 2.0 now." for line in made.differences)


def test_an_assignment_that_was_changed_is_said_to_be_another(graded, again):
    path = graded / "source" / "ps1" / "p1.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[2].source += "\n# more"
    nbformat.write(notebook, path)
    generate(graded)
    made = again(graded)
    assert changed(made) == {"assignment", "seed"}
    assert made.differences == []


def test_the_limits_of_the_record_hold_not_those_of_today(root, grade, again):
    submit(root, "bob", {**RIGHT, "double": "import time\ntime.sleep(2)\n" + RIGHT["double"]})
    grade(root)
    configure(root, PLUGIN + "c.Autograder.cell_seconds = 0.5\n")
    made = again(root)
    assert changed(made) == {"limits"}
    assert made.differences == []


def test_a_record_of_another_version_is_said_to_be_one(graded, again):
    change(graded, engine="0.0.1", versions={"python": "3.0"})
    made = again(graded)
    assert changed(made) == {"grader", "versions"}
    assert made.differences == []


@pytest.mark.parametrize(
    "words",
    [
        ["bob", "ps1"],
        ["bob/ps1"],
        ["submitted/bob/ps1"],
        ["autograded/bob/ps1"],
        ["autograded/bob/ps1/p1.ipynb"],
    ],
)
def test_a_submission_is_found_by_its_names_and_its_paths(root, monkeypatch, words):
    (root / "autograded" / "bob" / "ps1").mkdir(parents=True)
    monkeypatch.chdir(root)
    assert find(open_course(root), words) == ("bob", "ps1")


def test_an_unknown_submission_is_one_sentence_with_a_suggestion(root):
    with pytest.raises(AutograderError, match=r"Nothing has been graded in .*'bob/ps1' has not"):
        find(open_course(root), ["bob", "ps1"])
    (root / "autograded" / "bob" / "ps1").mkdir(parents=True)
    with pytest.raises(AutograderError, match=r"'bop/ps1'; did you mean 'bob/ps1'\?"):
        find(open_course(root), ["bop/ps1"])


def test_a_notebook_without_a_record_is_one_sentence(graded, again):
    notebook = json.loads(kept(graded).read_bytes())
    del notebook["metadata"]["autograder"]
    kept(graded).chmod(0o644)
    kept(graded).write_text(json.dumps(notebook))
    with pytest.raises(AutograderError, match=r"do not say how they were graded; .*--force"):
        again(graded)


def test_a_submission_that_cannot_be_graded_any_more_is_one_sentence(graded, again):
    submit(graded, "bob", b"not JSON")
    with pytest.raises(AutograderError, match="not valid JSON"):
        again(graded)
