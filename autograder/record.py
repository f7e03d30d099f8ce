"""Writes executed notebooks and their scores where nbgrader and formgrader look for them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.writers import FilesWriter
from nbgrader.api import MissingEntry
from nbgrader.converters import Autograde
from nbgrader.converters.base import BaseConverter

from autograder.courses import Course
from autograder.model import SENTENCES, SEVERITY, CellScore, Execution, Graded, Verdict
from autograder.prepare import addressed, discard
from autograder.preprocessors import EXECUTION


class Record(Autograde):
    """The second half of ``nbgrader autograde``: late penalties, clean-up, the gradebook.

    Only the coordinator has one, so that the gradebook has a single writer.
    """

    def __init__(self, course: Course, assignment: str) -> None:
        super().__init__(coursedir=course.directory, parent=course.app)
        self.course, self.assignment = course, assignment
        self.writer = FilesWriter(parent=self, config=self.config)
        self.exporter = self.exporter_class(parent=self, config=self.config)
        self._sanitizing = False
        self._init_preprocessors()

    def init_single_notebook_resources(self, notebook_filename: str) -> dict[str, Any]:
        """Let the finished execution travel with the notebook."""
        resources: dict[str, Any] = super().init_single_notebook_resources(notebook_filename)
        resources[EXECUTION] = self._execution
        return resources

    def record(self, student: str, executions: Iterable[Execution]) -> Graded:
        """Record what came back for all notebooks of one submission."""
        executions = sorted(executions, key=lambda done: done.job.notebook)
        failed = next((done.failure for done in executions if done.failure), "")
        if failed:
            discard(self.course, self.assignment, student)
            message = SENTENCES[Verdict.INTERNAL].format(detail=failed)
            return Graded(student, self.assignment, Verdict.INTERNAL, message=message)
        folder = self.course.folder("autograded", self.assignment, student)
        with addressed(self.coursedir, self.assignment, student):
            for self._execution in executions:
                path = folder / f"{self._execution.job.notebook}.ipynb"
                path.chmod(0o644)  # nbgrader makes it read-only, and its owner may not be root
                BaseConverter.convert_single_notebook(self, str(path))
            self.set_permissions(self.assignment, student)
        return recorded(self.course, self.assignment, student)


def recorded(course: Course, assignment: str, student: str) -> Graded:
    """Read back what was recorded for a submission."""
    paths = sorted(course.folder("autograded", assignment, student).glob("*.ipynb"))
    if not paths:
        return Graded(
            student, assignment, Verdict.ERROR, message=_refusal(course, assignment, student)
        )
    scores: list[CellScore] = []
    verdicts, messages, seconds = [Verdict.PASS], [], 0.0
    for path in paths:
        kept = nbformat.read(Path(path), as_version=4).metadata.get("autograder")
        if kept is None:
            message = "Graded by nbgrader itself, which keeps no reasons; regrade with --force."
            return Graded(student, assignment, Verdict.PASS, message=message)
        verdicts.append(Verdict(kept["verdict"]))
        messages += [kept["message"]] * bool(kept.get("message"))
        seconds += kept["seconds"]
        scores += [
            CellScore(**{**one, "verdict": Verdict(one["verdict"])}) for one in kept["cells"]
        ]
    lost = _not_submitted(course, assignment, student, {path.stem for path in paths})
    verdicts += [one.verdict for one in lost]
    return Graded(
        student,
        assignment,
        max(verdicts, key=SEVERITY.index),
        (*scores, *lost),
        seconds,
        message="\n".join(messages),
    )


def _not_submitted(
    course: Course, assignment: str, student: str, submitted: set[str]
) -> list[CellScore]:
    """Return the scores of notebooks that are missing from a submission: nbgrader gives zero."""
    with course.gradebook() as gradebook:
        return [
            CellScore(
                grade.name,
                grade.auto_score,
                grade.max_score,
                Verdict.ERROR,
                f"{notebook.name}.ipynb is missing from the submission.",
            )
            for notebook in gradebook.find_submission(assignment, student).notebooks
            if notebook.name not in submitted
            for grade in notebook.grades
        ]


def _refusal(course: Course, assignment: str, student: str) -> str:
    """Return why there is no graded notebook: what `Prepare` left in the gradebook."""
    with course.gradebook() as gradebook:
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            return f"Not graded yet: autograder grade {assignment}."
        comments = [c.auto_comment for n in submission.notebooks for c in n.comments]
        return next((c for c in comments if c), f"Not graded yet: autograder grade {assignment}.")
