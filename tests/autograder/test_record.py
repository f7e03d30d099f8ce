"""What formgrader's users see and have entered by hand."""

import sqlite3
from datetime import datetime, timedelta

import nbformat
import pytest

from autograder.courses import open_course
from autograder.model import SENTENCES, Execution, Job, Limits, Verdict
from autograder.prepare import Prepare
from autograder.record import Record, recorded
from tests.autograder.building import RIGHT, api, configure, grades, scores, submit

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


def test_formgrader_counts_the_submission_as_graded(root, grade):
    submit(root, "alice")
    grade(root)
    (listed,) = api(root).get_submissions("ps1")
    assert listed["autograded"]
    assert (listed["score"], listed["max_score"]) == (5, 6)
    assert listed["needs_manual_grade"]


def test_a_submission_is_recorded_in_one_transaction(root, engine, monkeypatch):
    """Whatever fails in the middle, no cell of a notebook is recorded without the others."""
    submit(root, "alice")
    course = open_course(root)
    prepared = Prepare(course, "ps1", force=False).prepare("alice")
    (execution,) = engine.run(prepared.jobs)
    from nbgrader.api import Gradebook

    find, found = Gradebook.find_grade, []

    def interrupted(self, *address):
        found.append(address)
        if len(found) == 3:
            raise KeyboardInterrupt
        return find(self, *address)

    monkeypatch.setattr(Gradebook, "find_grade", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Record(course, "ps1").record("alice", [execution])
    monkeypatch.undo()
    assert set(scores(root, "alice").values()) == {None}
    with sqlite3.connect(root / "gradebook.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


@pytest.mark.slow
def test_a_failure_of_ours_records_nothing_and_is_prepared_again(root, grade):
    submit(root, "alice")
    grade(root)
    before = grades(root, "alice")
    course = open_course(root)
    (one,) = Prepare(course, "ps1", force=True).prepare("alice").jobs
    graded = Record(course, "ps1").record(
        "alice", [Execution(one, one.content, (), 0.0, failure="no namespace left")]
    )
    assert graded.verdict is Verdict.INTERNAL
    assert graded.message == SENTENCES[Verdict.INTERNAL].format(detail="no namespace left")
    assert graded.cells == ()
    assert grades(root, "alice") == before
    assert not (root / "autograded/alice/ps1").exists()
    assert grade(root)["alice"].verdict is Verdict.PASS


def test_what_nbgrader_graded_itself_is_said_to_have_no_reasons(root, grade):
    submit(root, "alice")
    grade(root)
    path = root / "autograded/alice/ps1/p1.ipynb"
    book = nbformat.read(path, as_version=4)
    del book.metadata["autograder"]
    path.chmod(0o644)
    nbformat.write(book, path)
    assert "regrade with --force" in recorded(open_course(root), "ps1", "alice").message


def test_what_was_never_graded_says_so(root):
    assert "Not graded yet" in recorded(open_course(root), "ps1", "nobody").message


def test_a_job_carries_its_limits():
    assert Job("a", "b", "c", b"").limits == Limits()
