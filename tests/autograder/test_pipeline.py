"""The whole path, from submissions to the gradebook."""

import contextlib
from concurrent.futures import Future

import nbformat
import pytest

from autograder import pipeline
from autograder.coursedir.directory import open_course
from autograder.coursedir.provenance import Cause
from autograder.model import AutograderError, Execution, Verdict
from autograder.pipeline import Grading
from autograder.sandbox import bubblewrap
from tests.autograder.building import (
    RIGHT,
    asserts,
    code,
    configure,
    copy,
    grades,
    released,
    scores,
    submit,
    write_course,
)

pytestmark = pytest.mark.sandbox
WRONG = {**RIGHT, "double": "def double(x):\n    return 2 if x == 1 else 0"}
FULL = {"test_double": 2.0, "test_mean": 3.0, "explain": None}


@pytest.fixture(scope="module")
def graded_class(template, tmp_path_factory, engine):
    """Grade a small class once, by the session's engine; return the course and its results."""
    root = copy(template, tmp_path_factory.mktemp("class") / "course")
    submit(root, "right")
    submit(root, "wrong", WRONG)
    submit(root, "blank", {})
    submit(root, "corrupt", b"{ not a notebook")
    submit(root, "loops", {**RIGHT, "mean": "while True: pass"})
    submit(root, "dies", {**RIGHT, "double": "import os\nos._exit(1)"})
    submit(root, "Zoë O'Hara", {**RIGHT, "explain": ""})
    configure(
        root,
        "from autograder import plugin\nplugin.configure(c)\n"
        "c.Autograder.preload = ['numpy']\nc.Autograder.cell_seconds = 1.5",
    )
    grading = Grading(open_course(root), "ps1")
    # The real engine of its own, from start to end.
    results = {one.student: one for one in grading.run(grading.students())}
    return root, results


def test_each_student_gets_what_the_cells_earn(graded_class):
    root, results = graded_class
    assert scores(root, "right") == FULL
    assert scores(root, "wrong") == {**FULL, "test_double": 0.0}
    assert scores(root, "loops") == {**FULL, "test_mean": 0.0}
    assert scores(root, "dies") == {**FULL, "test_double": 0.0}
    assert scores(root, "blank") == {"test_double": 0.0, "test_mean": 0.0, "explain": 0.0}
    assert results["right"].points == 5
    assert results["right"].max_points == 6


def test_each_submission_gets_its_verdict(graded_class):
    _, results = graded_class
    assert {name: one.verdict.value for name, one in results.items()} == {
        "right": "pass",
        "wrong": "fail",
        "blank": "error",
        "corrupt": "error",
        "loops": "timeout",
        "dies": "crash",
        "Zoë O'Hara": "pass",
    }


def test_work_that_was_not_begun_is_called_so(graded_class):
    _, results = graded_class
    assert {name for name, one in results.items() if one.outcome == "not answered"} == {"blank"}
    assert results["corrupt"].outcome == "error"


def test_every_lost_point_has_a_reason(graded_class):
    _, results = graded_class
    for one in results.values():
        for cell in one.cells:
            if cell.points is not None and cell.points < cell.max_points:
                assert cell.message, (one.student, cell)
    lost = {c.grade_id: c.message for c in results["wrong"].cells if c.message}
    assert lost["test_double"] == "double fails for larger numbers"
    assert "did not finish within 1.5 seconds" in results["loops"].message
    assert "ended the Python process" in results["dies"].message


def test_what_cannot_be_graded_is_ungraded_and_says_why(graded_class):
    root, results = graded_class
    assert results["corrupt"].cells == ()
    assert "not valid JSON" in results["corrupt"].message
    assert set(grades(root, "corrupt").values()) == {(None, True)}


def test_the_graded_notebook_shows_what_happened_and_keeps_the_verdicts(graded_class):
    root, _ = graded_class
    path = root / "autograded/wrong/ps1/p1.ipynb"
    book = nbformat.read(path, as_version=4)
    assert path.stat().st_mode & 0o777 == 0o444
    (error,) = [o for o in book.cells[2].outputs if o.output_type == "error"]
    assert error.evalue == "double fails for larger numbers"
    kept = book.metadata["autograder"]
    assert kept["verdict"] == "fail"
    assert kept["cells"][0]["message"] == "double fails for larger numbers"


def test_a_cell_that_ended_its_process_has_no_number(graded_class):
    """Whether it arrives is chance, and the same submission gives the same file."""
    root, _ = graded_class
    book = nbformat.read(root / "autograded/dies/ps1/p1.ipynb", as_version=4)
    assert [cell.execution_count is None for cell in book.cells[:3]] == [False, True, False]


def test_a_second_run_leaves_what_is_graded_and_tells_the_same(graded_class, grade):
    root, results = graded_class
    again = Grading(open_course(root), "ps1")
    names = [name for name in results if name != "corrupt"]
    assert {one.student: one for one in again.run(names)} == {n: results[n] for n in names}
    assert again.kept == names


def test_only_those_asked_for_are_graded(root, grade):
    for name in ("alice", "bob"):
        submit(root, name)
    assert set(grade(root, ["bob"])) == {"bob"}
    assert not (root / "autograded/alice").exists()


def test_what_changed_is_graded_again_and_the_run_says_why(root, warm):
    for name in ("alice", "bob", "carol"):
        submit(root, name, WRONG)
    first = Grading(open_course(root), "ps1")
    list(first.run(first.students()))
    assert first.causes == dict.fromkeys(("alice", "bob", "carol"), Cause.NEW)
    submit(root, "alice")
    (root / "autograded/bob/ps1/p1.ipynb").unlink()
    kept = (root / "autograded/carol/ps1/p1.ipynb").stat().st_mtime_ns
    second = Grading(open_course(root), "ps1")
    results = {one.student: one.points for one in second.run(second.students())}
    assert results == {"alice": 5, "bob": 3, "carol": 3}
    assert second.causes == {"alice": Cause.RESUBMITTED, "bob": Cause.NEW}
    assert second.kept == ["carol"]
    assert (root / "autograded/carol/ps1/p1.ipynb").stat().st_mtime_ns == kept
    assert scores(root, "alice") == FULL


def test_force_grades_all_again(root, warm):
    submit(root, "alice")
    list(Grading(open_course(root), "ps1").run(["alice"]))
    forced = Grading(open_course(root), "ps1", force=True)
    list(forced.run(["alice"]))
    assert (forced.causes, forced.kept) == ({"alice": Cause.FORCED}, [])


def test_where_nothing_has_changed_no_engine_is_started(root, warm, monkeypatch):
    submit(root, "alice")
    (before,) = Grading(open_course(root), "ps1").run(["alice"])

    def engine(_):
        raise AssertionError("started")

    monkeypatch.setattr(pipeline, "Engine", engine)
    again = Grading(open_course(root), "ps1")
    assert list(again.run(["alice"])) == [before]
    assert again.kept == ["alice"]


def test_a_result_that_cannot_be_recorded_costs_no_other_student_anything(root, warm):
    for name in ("alice", "bob"):
        submit(root, name)
    (root / "autograded").mkdir()
    (root / "autograded/alice").write_text("a file where a folder should be")
    one = Grading(open_course(root), "ps1")
    results = {done.student: done for done in one.run(one.students())}
    assert results["alice"].verdict is Verdict.INTERNAL
    assert "its result was not recorded, NotADirectoryError" in results["alice"].message
    assert results["bob"].points == 5


def test_what_is_done_when_the_workers_go_is_recorded(root, monkeypatch):
    names = [f"s{number}" for number in range(6)]
    for name in names:
        submit(root, name)
    given = []

    class Lost(contextlib.nullcontext):
        def submit(self, job):
            given.append((job, Future()))
            if len(given) == len(names):
                for number, (one, future) in enumerate(given):
                    if number == 3:
                        future.set_exception(AutograderError("The scheduler is gone."))
                    else:
                        future.set_result(Execution(one, one.content, (), 0.0))
            return given[-1][1]

    lost = Lost()
    lost.enter_result = lost
    monkeypatch.setattr(pipeline, "Engine", lambda settings: lost)
    with pytest.raises(AutograderError, match="gone"):
        list(Grading(open_course(root), "ps1").run(names))
    done = open_course(root).students("autograded", "ps1")
    assert done == [name for name in names if name != "s3"]


def test_notebooks_of_a_kernel_that_is_not_there_are_refused_before_anything_runs(bare):
    root = write_course(bare, asserts("assert True", "t", 1))
    with open_course(root).gradebook() as gradebook:
        gradebook.find_notebook("p1", "ps1").kernelspec = '{"language": "R", "name": "ir"}'
        gradebook.db.commit()
    submit(root, "alice", {})
    with pytest.raises(AutograderError, match="kernel 'ir', which is not installed here"):
        list(Grading(open_course(root), "ps1").run(["alice"]))


def test_a_run_that_is_stopped_half_way_goes_on_where_it_was(root, warm):
    for name in ("alice", "bob", "carol"):
        submit(root, name)
    first = Grading(open_course(root), "ps1")
    results = first.run(first.students())
    done = next(results).student
    results.close()
    second = Grading(open_course(root), "ps1")
    assert {one.student: one.points for one in second.run(second.students())} == {
        "alice": 5,
        "bob": 5,
        "carol": 5,
    }
    assert done in second.kept


def test_a_notebook_that_was_not_handed_in_costs_its_points(bare, grade):
    for name in ("p1", "p2"):
        root = write_course(
            bare, code("x = 1"), asserts("assert x == 1", f"t_{name}", 2), name=name
        )
    submit(root, "alice", {}, name="p2")
    one = grade(root)["alice"]
    assert (one.points, one.max_points, one.verdict) == (2, 4, Verdict.ERROR)
    assert [cell.message for cell in one.cells] == ["p1.ipynb is missing from the submission.", ""]
    assert scores(root, "alice") == {"t_p1": 0.0, "t_p2": 2.0}
    assert grade(root)["alice"] == one


@pytest.mark.slow
def test_several_notebooks_are_one_submission(bare, grade):
    for name in ("p1", "p2"):
        root = write_course(bare, asserts("assert True", f"t_{name}", 2), name=name)
    for name in ("p1", "p2"):
        submit(root, "alice", {}, name=name)
    one = grade(root)["alice"]
    assert (one.points, len(one.cells)) == (4, 2)


def test_a_restored_test_cell_is_graded_like_any_other(root, grade):
    book = released(root)
    book.cells = [cell for index, cell in enumerate(book.cells) if index not in (2, 4)]
    for cell in book.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = WRONG.get(name, cell.source)
    submit(root, "alice", book)
    grade(root)
    assert scores(root, "alice") == {**FULL, "test_double": 0.0}


def test_a_helper_module_that_was_handed_in_can_be_imported(root, grade):
    answers = {**RIGHT, "double": "from helper import double"}
    submit(root, "alice", answers, files={"helper.py": "def double(x): return x * 2"})
    grade(root)
    assert scores(root, "alice") == FULL


def test_a_module_that_shadows_a_preloaded_one_is_not_imported(root, grade):
    submit(root, "alice", files={"numpy.py": "raise SystemExit", "random.py": "1/0"})
    grade(root)
    assert scores(root, "alice") == FULL


def test_an_assignment_without_submissions_says_what_to_do(root):
    with pytest.raises(AutograderError, match="Collect them first: nbgrader collect ps1"):
        Grading(open_course(root), "ps1").students()


def test_an_unknown_student_gets_a_suggestion(root):
    submit(root, "alice")
    with pytest.raises(AutograderError, match=r"'alise' has not submitted 'ps1'; did you mean 'al"):
        Grading(open_course(root), "ps1").students(["alise"])


def test_an_unknown_assignment_is_refused_before_anything_starts(root):
    with pytest.raises(AutograderError, match=r"did you mean 'ps1'\?"):
        Grading(open_course(root), "ps2")


def test_without_a_sandbox_nothing_is_graded(root, monkeypatch):
    monkeypatch.setattr(bubblewrap, "missing", lambda: "none here")
    with pytest.raises(bubblewrap.SandboxUnavailableError, match="No sandbox: none here"):
        Grading(open_course(root), "ps1")


def test_a_student_s_own_extra_cells_do_no_harm(root, grade):
    book = released(root)
    for cell in book.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = RIGHT.get(name, cell.source)
    book.cells.insert(1, code("1 / 0"))
    book.cells.append(code("print('my notes')"))
    submit(root, "alice", book)
    one = grade(root)["alice"]
    assert (one.points, one.verdict) == (5, Verdict.PASS)
