"""Writes executed notebooks and their scores where nbgrader and formgrader look for them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import MissingEntry
from nbgrader.converters import Autograde
from nbgrader.utils import rmtree

from autograder.coursedir.assignment import Assignment
from autograder.coursedir.directory import Course
from autograder.coursedir.gradebook import Ledger, entries
from autograder.coursedir.nbgrader_steps import (
    ASSIGNMENT,
    EXECUTION,
    LEDGER,
    Steps,
    resources,
    run_hook,
)
from autograder.model import SENTENCES, SEVERITY, CellScore, Execution, Graded, Verdict
from autograder.prepare.submission import Prepared
from autograder.record import times


class _Converter(Autograde):
    """nbgrader's converter, with one more place to write to."""

    destination = ""

    def _format_dest(self, *_: Any, **__: Any) -> str:
        return self.destination


class Record:
    """The second half of ``nbgrader autograde``: late penalties, clean-up, the gradebook.

    Only the coordinator has one, so that the gradebook has a single writer. A submission's files
    are written to a folder beside their place, then the gradebook's transaction is committed, then
    the folder is moved. So a graded notebook in its place is one whose scores are in the gradebook;
    killed in between, the next run finds none there, or one of another content, and grades again.
    """

    def __init__(self, course: Course, ledger: Ledger, assignment: Assignment) -> None:
        self.course, self.ledger, self.assignment = course, ledger, assignment
        self.converter = _Converter(coursedir=course.directory, parent=course.app)
        self._steps = Steps(self.converter, self.converter.autograde_preprocessors)
        for student in course.students("autograded", assignment.name):
            _tidy(course.folder("autograded", assignment.name, student))

    def record(self, prepared: Prepared, executions: Iterable[Execution]) -> Graded:
        """Record what came back for all notebooks of one submission; all of it or nothing."""
        student, name = prepared.student, self.assignment.name
        executions = sorted(executions, key=lambda done: done.job.notebook)
        failed = next((done.failure for done in executions if done.failure), "")
        if failed:
            return self.fail(student, failed)
        folder = self.course.folder("autograded", name, student)
        kept: dict[str, Mapping[str, Any]] = {}
        with _replacing(folder) as new:
            for place, content in (*executions[0].job.files, *prepared.stamp_file):
                (new / place).parent.mkdir(parents=True, exist_ok=True)
                (new / place).write_bytes(content)
            with self.ledger.transaction():
                self.ledger.register(name, student, prepared.timestamp)
                for done in executions:
                    kept[done.job.notebook] = self._notebook(done, new)
                self._zero(student, kept)
                self.converter.destination = str(new)
                self.converter.set_permissions(name, student)
        notebooks = [str(folder / f"{notebook}.ipynb") for notebook in kept]
        run_hook(self.course, self.converter, "post", name, student, notebooks)
        return self.graded(student, kept)

    def _notebook(self, done: Execution, new: Path) -> Mapping[str, Any]:
        """Record one notebook; return what it keeps about its grading."""
        job = done.job
        known = resources(self.course, job.assignment, job.notebook, job.student)
        known |= {ASSIGNMENT: self.assignment, LEDGER: self.ledger, EXECUTION: done}
        notebook = self._steps.apply(nbformat.v4.reads(done.content.decode()), known)
        text = nbformat.v4.writes(notebook)
        (new / f"{job.notebook}.ipynb").write_text(text, encoding="utf-8")
        kept: Mapping[str, Any] = notebook.metadata["autograder"]
        return kept

    def _zero(self, student: str, submitted: Iterable[str]) -> None:
        """Give zero for the notebooks that are missing from a submission, as nbgrader does."""
        for book in self.assignment.notebooks:
            if book.name not in submitted:
                address = book.name, self.assignment.name, student
                grades, comments = entries(self.ledger, *address)
                for grade in grades.values():
                    grade.auto_score, grade.needs_manual_grade = 0.0, False
                # An earlier submission may have had it, and have been late, or refused.
                for comment in comments.values():
                    comment.auto_comment = None
                self.ledger.find_submission_notebook(*address).late_submission_penalty = None

    def refuse(self, prepared: Prepared) -> Graded:
        """Note in the gradebook why a submission cannot be graded; it is ungraded, not zero."""
        student, name, message = prepared.student, self.assignment.name, prepared.refusal
        discard(self.course, name, student)
        with self.ledger.transaction():
            self.ledger.register(name, student, None)
            for book in self.assignment.notebooks:
                grades, comments = entries(self.ledger, book.name, name, student)
                for grade in grades.values():
                    grade.auto_score, grade.needs_manual_grade = None, True
                for comment in comments.values():
                    comment.auto_comment = message
        return Graded(student, name, Verdict.ERROR, message=message)

    def fail(self, student: str, reason: str) -> Graded:
        """Say that the grader failed; the gradebook stays as it is, and the next run grades."""
        try:
            discard(self.course, self.assignment.name, student)
        except OSError as error:  # the others are graded all the same
            reason += f"; what was graded before cannot be removed, {error}"
        message = SENTENCES[Verdict.INTERNAL].format(detail=reason)
        return Graded(student, self.assignment.name, Verdict.INTERNAL, message=message)

    def graded(self, student: str, kept: Mapping[str, Mapping[str, Any]]) -> Graded:
        """Return the result for a student of whose notebooks this was kept."""
        lost = {
            book.name: [
                _missing(book.name, cell.name, 0.0, cell.max_score or 0.0)
                for cell in book.graded_cells
            ]
            for book in self.assignment.notebooks
            if book.name not in kept
        }
        return _graded(self.course, student, self.assignment.name, kept, lost)


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Give an empty folder that afterwards takes the place of ``folder``, unless all fails."""
    new, old = _tidy(folder)
    new.mkdir(parents=True)
    try:
        yield new
    except BaseException:
        _remove(new)
        raise
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    _remove(old)


def _tidy(folder: Path) -> tuple[Path, Path]:
    """Return two places beside ``folder``, cleared of what a killed run may have left there."""
    new, old = (folder.with_name(f".{folder.name}.{which}") for which in ("new", "old"))
    for left in (new, old):
        _remove(left)
    return new, old


def _remove(folder: Path) -> None:
    if folder.exists():
        rmtree(str(folder))


def discard(course: Course, assignment: str, student: str) -> None:
    """Remove what was graded for a student, so that the next run grades again."""
    _remove(course.folder("autograded", assignment, student))


def nameless(student: str, assignment: str) -> Graded | None:
    """Return the refusal of a student whose name, as its folder has it, cannot be written."""
    shown = os.fsencode(student).decode(errors="backslashreplace")
    if shown == student:
        return None
    message = (
        "The submission cannot be graded: the student's name, as its folder has it, is no text."
    )
    return Graded(shown, assignment, Verdict.ERROR, message=message)


def recorded(course: Course, assignment: str, student: str) -> Graded:
    """Read back what was recorded for a submission."""
    if refused := nameless(student, assignment):
        return refused
    paths = sorted(course.folder("autograded", assignment, student).glob("*.ipynb"))
    if not paths:
        return Graded(
            student, assignment, Verdict.ERROR, message=_refusal(course, assignment, student)
        )
    try:
        kept = {path.stem: dict(json.loads(path.read_bytes())["metadata"]) for path in paths}
    except (OSError, ValueError, LookupError, TypeError):  # a machine may have stopped meanwhile
        message = f"Its graded notebook cannot be read: autograder grade {assignment}."
        return Graded(student, assignment, Verdict.PASS, message=message)
    if not all("autograder" in metadata for metadata in kept.values()):
        message = "Graded by nbgrader itself, which keeps no reasons; regrade with --force."
        return Graded(student, assignment, Verdict.PASS, message=message)
    try:
        lost = _not_submitted(course, assignment, student, kept)
    except MissingEntry:  # of a gradebook that was made anew
        message = f"The gradebook does not have its grade: autograder grade {assignment}."
        return Graded(student, assignment, Verdict.ERROR, message=message)
    ours = {name: metadata["autograder"] for name, metadata in kept.items()}
    return _graded(course, student, assignment, ours, lost)


def _graded(
    course: Course,
    student: str,
    assignment: str,
    kept: Mapping[str, Mapping[str, Any]],
    lost: Mapping[str, Sequence[CellScore]],
) -> Graded:
    told = [kept[name] for name in sorted(kept)]
    scores = {
        name: [CellScore(**{**one, "verdict": Verdict(one["verdict"])}) for one in each["cells"]]
        for name, each in kept.items()
    }
    verdicts = [Verdict(each["verdict"]) for each in told]
    verdicts += [one.verdict for cells in lost.values() for one in cells]
    return Graded(
        student,
        assignment,
        max(verdicts, key=SEVERITY.index),
        # In one order for all, by which cells of several notebooks with one name are told apart.
        tuple(one for _, cells in sorted({**scores, **lost}.items()) for one in cells),
        times.total(course.root, assignment, student, kept),
        message="\n".join(each["message"] for each in told if each["message"]),
    )


def _missing(notebook: str, cell: str, points: float | None, most: float) -> CellScore:
    said = f"{notebook}.ipynb is missing from the submission."
    return CellScore(cell, points, most, Verdict.ERROR, said)


def _not_submitted(
    course: Course, assignment: str, student: str, submitted: Iterable[str]
) -> dict[str, list[CellScore]]:
    """Return the scores of notebooks that are missing from a submission."""
    with course.gradebook() as gradebook:
        return {
            notebook.name: [
                _missing(notebook.name, grade.name, grade.auto_score, grade.max_score)
                for grade in notebook.grades
            ]
            for notebook in gradebook.find_submission(assignment, student).notebooks
            if notebook.name not in submitted
        }


def _refusal(course: Course, assignment: str, student: str) -> str:
    """Return why there is no graded notebook: what `Record` left in the gradebook."""
    with course.gradebook() as gradebook:
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            return f"Not graded yet: autograder grade {assignment}."
        comments = [c.auto_comment for n in submission.notebooks for c in n.comments]
        return next((c for c in comments if c), f"Not graded yet: autograder grade {assignment}.")
