"""What formgrader's users see and have entered by hand."""

import contextlib
import dataclasses
import itertools
import platform
import sqlite3
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
import sqlalchemy.event

from autograder.coursedir.directory import open_course
from autograder.coursedir.gradebook import Ledger
from autograder.model import SENTENCES, CellOutcome, Execution, Job, Limits, Verdict
from autograder.pipeline import Grading
from autograder.prepare.submission import Prepare
from autograder.record.recorder import Record, recorded
from autograder.report.report import collect
from tests.autograder.building import (
    RIGHT,
    api,
    asserts,
    code,
    configure,
    grades,
    prepared,
    record,
    scores,
    solution,
    submit,
    write_course,
)

pytestmark = pytest.mark.sandbox


def gradebook(root):
    return open_course(root).gradebook()


def test_manual_grades_comments_and_extra_credit_survive_regrading(root, grade):
    submit(root, "alice")
    grade(root)
    with gradebook(root) as book:
        essay = book.find_grade("explain", "p1", "ps1", "alice")
        essay.manual_score, essay.needs_manual_grade = 0.5, False
        essay.extra_credit = 0.25
        book.find_grade("test_double", "p1", "ps1", "alice").manual_score = 1.0
        book.find_comment("explain", "p1", "ps1", "alice").manual_comment = "Well said."
        book.db.commit()
    grade(root, force=True)
    with gradebook(root) as book:
        essay = book.find_grade("explain", "p1", "ps1", "alice")
        assert (essay.manual_score, essay.extra_credit, essay.auto_score) == (0.5, 0.25, None)
        double = book.find_grade("test_double", "p1", "ps1", "alice")
        assert (double.manual_score, double.auto_score, double.score) == (1.0, 2.0, 1.0)
        # As with nbgrader, what a person has graded asks for a second look after regrading.
        assert essay.needs_manual_grade
        assert double.needs_manual_grade
        assert book.find_comment("explain", "p1", "ps1", "alice").manual_comment == "Well said."


def test_a_refused_resubmission_keeps_what_a_person_entered(root, grade):
    submit(root, "alice")
    grade(root)
    with gradebook(root) as book:
        book.find_grade("explain", "p1", "ps1", "alice").manual_score = 1.0
        book.db.commit()
    submit(root, "alice", b"corrupt")
    grade(root, force=True)
    with gradebook(root) as book:
        essay = book.find_grade("explain", "p1", "ps1", "alice")
        assert (essay.manual_score, essay.auto_score) == (1.0, None)


def test_an_untouched_answer_is_marked_as_no_response(root, grade):
    submit(root, "alice", {"double": RIGHT["double"]})
    grade(root)
    with gradebook(root) as book:
        assert book.find_comment("mean", "p1", "ps1", "alice").auto_comment == "No response."
        assert book.find_comment("explain", "p1", "ps1", "alice").auto_comment == "No response."
        assert book.find_comment("double", "p1", "ps1", "alice").auto_comment is None
    assert grades(root, "alice")["explain"] == (0.0, False)


def test_only_what_waits_for_a_person_needs_one(root, grade):
    submit(root, "alice")
    grade(root)
    needs = {name: manual for name, (_, manual) in grades(root, "alice").items()}
    assert needs == {"test_double": False, "test_mean": False, "explain": True}


def test_late_penalties_apply(root, grade):
    configure(
        root,
        "c.Autograder.preload = ['numpy']\nc.LateSubmissionPlugin.penalty_method = 'zero'",
    )
    due = datetime(2026, 1, 1, 12)
    with gradebook(root) as book:
        book.update_or_create_assignment("ps1", duedate=due)
    submit(root, "late", timestamp=f"{due + timedelta(hours=1)} UTC")
    submit(root, "punctual", timestamp=f"{due - timedelta(hours=1)} UTC")
    grade(root)
    with gradebook(root) as book:
        late, punctual = (book.find_submission("ps1", name) for name in ("late", "punctual"))
        assert (late.score, late.late_submission_penalty) == (5, 5)
        assert late.total_seconds_late == 3600
        assert (punctual.score, punctual.late_submission_penalty) == (5, 0)
        assert punctual.timestamp == due - timedelta(hours=1)


@pytest.fixture
def pair(bare):
    """Return a course whose assignment has two notebooks, with a test of the same name in each."""
    for name, points in (("a", 2), ("b", 5)):
        write_course(bare, code("1"), asserts("assert True", "q", points), name=name)
    return bare


def record_passed(root, student="alice"):
    """Record a submission as if all its tests had passed."""
    ready = prepared(root, student)
    cells = (CellOutcome(0, Verdict.PASS, 0.0), CellOutcome(1, Verdict.PASS, 0.0))
    return record(root, ready, *(Execution(one, one.content, cells, 0.0) for one in ready.jobs))


def test_a_notebook_that_was_late_and_is_gone_costs_no_penalty(pair):
    configure(pair, "c.LateSubmissionPlugin.penalty_method = 'zero'")
    due = datetime(2026, 1, 1, 12)
    with gradebook(pair) as book:
        book.update_or_create_assignment("ps1", duedate=due)
    for name in ("a", "b"):
        submit(pair, "alice", {}, name=name, timestamp=f"{due + timedelta(hours=1)} UTC")
    record_passed(pair)
    submit(pair, "alice", {}, name="a", timestamp=f"{due - timedelta(hours=1)} UTC")
    (pair / "submitted/alice/ps1/b.ipynb").unlink()
    record_passed(pair)
    with gradebook(pair) as book:
        alice = book.find_submission("ps1", "alice")
        assert (alice.score, alice.late_submission_penalty) == (2, 0)


def test_a_notebook_that_was_refused_and_is_gone_has_no_comment_any_more(bare):
    for name in ("a", "b"):
        write_course(bare, solution("x = 1", "s"), asserts("assert True", "q"), name=name)
    course = open_course(bare)
    submit(bare, "alice", b"corrupt", name="a")
    submit(bare, "alice", {}, name="b")
    refused = prepared(bare, "alice")
    with Ledger(course.directory.db_url, course.directory.course_id) as ledger:
        Record(course, ledger, course.load(ledger, "ps1")).refuse(refused)
    (bare / "submitted/alice/ps1/a.ipynb").unlink()
    record_passed(bare)
    with gradebook(bare) as book:
        assert book.find_comment("s", "a", "ps1", "alice").auto_comment is None


def test_a_person_s_points_go_to_the_notebook_that_they_were_given_for(pair):
    submit(pair, "alice", {}, name="b")
    graded = record_passed(pair)
    assert [one.points for one in graded.cells] == [0, 5]
    assert recorded(open_course(pair), "ps1", "alice") == graded
    with gradebook(pair) as book:
        book.find_grade("q", "b", "ps1", "alice").manual_score = 3.0
        book.db.commit()
    (alice,) = collect(open_course(pair), "ps1").results
    assert [one.points for one in alice.cells] == [0, 3]


def test_formgrader_counts_the_submission_as_graded(root, grade):
    submit(root, "alice")
    grade(root)
    (listed,) = api(root).get_submissions("ps1")
    assert listed["autograded"]
    assert (listed["score"], listed["max_score"]) == (5, 6)
    assert listed["needs_manual_grade"]


class StoppedError(Exception):
    """What ends recording at a moment that a test chooses."""


def execute(engine, ready):
    return list(engine.run(ready.jobs))


def state(root, student="alice"):
    """Return all that is recorded of a student."""
    folder = root / "autograded" / student
    files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return grades(root, student), files


def is_sound(root):
    with contextlib.closing(sqlite3.connect(root / "gradebook.db")) as database:
        return database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("moment", ["before_cursor_execute", "commit"])
def test_a_submission_is_recorded_wholly_or_not_at_all(root, engine, moment):
    """Whichever of the gradebook's statements fails, and if the last step, the commit, does."""
    submit(root, "alice", {**RIGHT, "double": "def double(x):\n    return 2"})
    ready = prepared(root, "alice")
    record(root, ready, *execute(engine, ready))
    before = state(root)
    submit(root, "alice")
    ready = prepared(root, "alice")
    executions = execute(engine, ready)
    course = open_course(root)
    failures = 0
    for number in itertools.count(1):
        with Ledger(course.directory.db_url, course.directory.course_id) as ledger:
            recorder = Record(course, ledger, course.load(ledger, "ps1"))
            seen = itertools.count(1)

            def stop(*_, seen=seen, number=number):
                if next(seen) == number:
                    raise StoppedError

            sqlalchemy.event.listen(ledger.engine, moment, stop)
            try:
                recorder.record(ready, executions)
                break
            except StoppedError:
                failures += 1
        assert state(root) == before, number
        assert is_sound(root)
    assert failures == 1 if moment == "commit" else failures > 5
    assert scores(root, "alice") == {"test_double": 2.0, "test_mean": 3.0, "explain": None}
    assert prepared(root, "alice").cause is None


def test_between_the_gradebook_and_the_files_there_is_nothing_that_looks_graded(
    root, engine, monkeypatch
):
    submit(root, "alice", {**RIGHT, "double": "def double(x):\n    return 2"})
    ready = prepared(root, "alice")
    record(root, ready, *execute(engine, ready))
    submit(root, "alice")
    ready = prepared(root, "alice")
    executions = execute(engine, ready)

    def stop(*_):
        raise StoppedError

    for step in (1, 2):
        rename = Path.rename
        seen = itertools.count(1)
        monkeypatch.setattr(
            Path, "rename", lambda *a, n=step, s=seen, r=rename: stop() if next(s) == n else r(*a)
        )
        with pytest.raises(StoppedError):
            record(root, ready, *executions)
        monkeypatch.undo()
        assert prepared(root, "alice").cause is not None
    record(root, ready, *executions)
    assert prepared(root, "alice").cause is None
    assert [path.name for path in (root / "autograded/alice").iterdir()] == ["ps1"]


def test_a_failure_of_ours_records_nothing_and_is_graded_by_the_next_run(root, grade):
    submit(root, "alice")
    grade(root)
    before = grades(root, "alice")
    ready = prepared(root, "alice", force=True)
    (one,) = ready.jobs
    failed = Execution(one, one.content, (), 0.0, failure="no namespace left")
    graded = record(root, ready, failed)
    assert graded.verdict is Verdict.INTERNAL
    assert graded.message == SENTENCES[Verdict.INTERNAL].format(detail="no namespace left")
    assert graded.cells == ()
    assert grades(root, "alice") == before
    (listed,) = api(root).get_submissions("ps1")
    assert not listed["autograded"]
    assert grade(root)["alice"].verdict is Verdict.PASS


def test_what_cannot_be_removed_of_one_student_keeps_no_other_from_being_graded(root):
    submit(root, "alice", b"corrupt")
    submit(root, "bob", b"corrupt")
    (root / "autograded/alice").mkdir(parents=True)
    (root / "autograded/alice/ps1").touch()  # no folder
    grading = Grading(open_course(root), "ps1")
    alice, bob = grading.run(["alice", "bob"])
    assert (alice.verdict, bob.verdict) == (Verdict.INTERNAL, Verdict.ERROR)
    assert "cannot be removed" in alice.message


def test_a_first_submission_that_we_failed_on_is_ungraded_and_not_zero(root):
    submit(root, "alice")
    ready = prepared(root, "alice")
    (one,) = ready.jobs
    record(root, ready, Execution(one, one.content, (), 0.0, failure="no namespace left"))
    (listed,) = api(root).get_submissions("ps1")
    assert (listed["student"], listed["autograded"]) == ("alice", False)
    with gradebook(root) as book:
        assert book.assignment_submissions("ps1") == []


def test_a_grade_says_what_it_was_made_of(root, grade):
    submit(root, "alice")
    grade(root)
    kept = nbformat.read(root / "autograded/alice/ps1/p1.ipynb", as_version=4).metadata.autograder
    (one,) = prepared(root, "alice", force=True).jobs
    assert kept["assignment_hash"] == one.assignment_hash
    assert kept["submission_hash"] == one.submission_hash
    assert kept["limits"] == dataclasses.asdict(one.limits)
    assert kept["seed"] == one.seed
    assert kept["versions"]["python"] == platform.python_version()
    assert kept["versions"]["numpy"] == metadata.version("numpy")
    assert kept["engine"] == metadata.version("dlef")
    assert [outcome["verdict"] for outcome in kept["outcomes"]] == ["pass"] * 5


def test_manual_work_survives_a_resubmission(root, grade):
    submit(root, "alice")
    grade(root)
    with gradebook(root) as book:
        essay = book.find_grade("explain", "p1", "ps1", "alice")
        essay.manual_score, essay.extra_credit, essay.needs_manual_grade = 0.5, 0.25, False
        book.find_comment("double", "p1", "ps1", "alice").manual_comment = "Neat."
        book.db.commit()
    submit(root, "alice", {**RIGHT, "double": "def double(x):\n    return 0"})
    grade(root)
    with gradebook(root) as book:
        essay = book.find_grade("explain", "p1", "ps1", "alice")
        assert (essay.manual_score, essay.extra_credit) == (0.5, 0.25)
        assert essay.needs_manual_grade
        assert book.find_comment("double", "p1", "ps1", "alice").manual_comment == "Neat."
        assert book.find_grade("test_double", "p1", "ps1", "alice").auto_score == 0


def test_what_a_person_enters_during_a_run_is_kept(root, engine):
    """A course may be graded by hand in formgrader while the rest is still being executed."""
    submit(root, "alice")
    submit(root, "bob")
    course = open_course(root)
    with Ledger(course.directory.db_url, course.directory.course_id) as ledger:
        assignment = course.load(ledger, "ps1")
        recorder = Record(course, ledger, assignment)
        prepare = Prepare(course, ledger, assignment)
        alice = prepare.prepare("alice")
        recorder.record(alice, execute(engine, alice))
        with gradebook(root) as book:
            book.find_grade("explain", "p1", "ps1", "alice").manual_score = 1.0
            book.db.commit()
        bob = prepare.prepare("bob")
        recorder.record(bob, execute(engine, bob))
        recorder.record(alice, execute(engine, alice))
    with gradebook(root) as book:
        essay = book.find_grade("explain", "p1", "ps1", "alice")
        assert (essay.manual_score, essay.needs_manual_grade) == (1.0, True)


def test_the_files_have_the_rights_that_the_course_wants(root, grade):
    submit(root, "alice", files={"data/a.csv": "1"})
    grade(root)
    folder = root / "autograded/alice/ps1"
    assert {p.stat().st_mode & 0o777 for p in folder.rglob("*") if p.is_file()} == {0o444}
    configure(root, "c.Autograder.preload = ['numpy']\nc.CourseDirectory.groupshared = True")
    grade(root, force=True)
    assert {p.stat().st_mode & 0o777 for p in folder.rglob("*") if p.is_file()} == {0o664}
    assert folder.stat().st_mode & 0o2770 == 0o2770
    assert (folder / "data").stat().st_mode & 0o2770 == 0o2770


def test_the_course_s_hook_runs_when_a_submission_is_recorded(root, grade):
    configure(
        root,
        "c.Autograder.preload = ['numpy']\n"
        "from pathlib import Path\n"
        "def hook(assignment, student, notebooks):\n"
        "    Path('hooked.txt').write_text(f'{student} {notebooks[0]}')\n"
        "c.Autograde.post_convert_hook = hook",
    )
    submit(root, "alice")
    grade(root)
    path = root / "autograded/alice/ps1/p1.ipynb"
    assert (root / "hooked.txt").read_text() == f"alice {path}"


def test_what_nbgrader_graded_itself_is_said_to_have_no_reasons(root, grade):
    submit(root, "alice")
    grade(root)
    path = root / "autograded/alice/ps1/p1.ipynb"
    book = nbformat.read(path, as_version=4)
    del book.metadata["autograder"]
    path.chmod(0o644)
    nbformat.write(book, path)
    assert "regrade with --force" in recorded(open_course(root), "ps1", "alice").message


@pytest.mark.parametrize("content", ["", "[]", '{"metadata": 7}'])
def test_a_graded_notebook_that_cannot_be_read_says_so(pair, content):
    submit(pair, "alice", {}, name="a")
    record_passed(pair)
    path = pair / "autograded/alice/ps1/a.ipynb"
    path.chmod(0o644)
    path.write_text(content)
    said = "cannot be read: autograder grade ps1"
    assert said in recorded(open_course(pair), "ps1", "alice").message
    found = collect(open_course(pair), "ps1")
    assert found.results[0].points == 2  # as the gradebook has it
    assert said in found.notes["alice"][0]


def test_a_gradebook_that_was_made_anew_has_no_grade(pair):
    submit(pair, "alice", {}, name="a")
    record_passed(pair)
    with gradebook(pair) as book:
        book.remove_submission("ps1", "alice")
    (alice,) = collect(open_course(pair), "ps1").results
    assert alice.cells == ()
    assert "does not have its grade: autograder grade ps1" in alice.message


def test_what_was_never_graded_says_so(root):
    assert "Not graded yet" in recorded(open_course(root), "ps1", "nobody").message


def test_a_job_carries_its_limits():
    assert Job("a", "b", "c", b"").limits == Limits()
