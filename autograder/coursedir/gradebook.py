"""Keeps the gradebook open for a run, with one transaction for each submission."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session, sessionmaker

#: Students' automatic scores by notebook and cell.
Scores = Mapping[str, Mapping[tuple[str, str], float | None]]


class _Whole(Session):
    """A session in which nbgrader's many commits wait for the one that counts."""

    def commit(self) -> None:
        self.flush()

    def settle(self) -> None:
        super().commit()


class Ledger(Gradebook):
    """nbgrader's gradebook, in one session.

    Its journal stays as it was: both kinds that SQLite has survive a kill, and the newer one does
    not work on the network file systems that courses lie on.
    """

    def __init__(self, db_url: str, course_id: str) -> None:
        super().__init__(db_url, course_id)
        self.db.remove()
        maker = sessionmaker(bind=self.engine, class_=_Whole, future=True)
        self.db: Any = scoped_session(maker)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all that is written in the block, or nothing."""
        try:
            yield
            self.db().settle()
        finally:
            self.db.rollback()
            self.db.expunge_all()  # it must not grow with the class, nor hide what others write

    def register(self, assignment: str, student: str, timestamp: datetime | None) -> None:
        """Note that ``student`` has submitted."""
        self.update_or_create_student(student)
        known = {} if timestamp is None else {"timestamp": timestamp}
        self.update_or_create_submission(assignment, student, **known)

    def scores(self, assignment: str) -> Scores:
        """Return the automatic scores of everybody who has any."""
        rows = self.db.execute(
            select(SubmittedAssignment.student_id, Notebook.name, BaseCell.name, Grade.auto_score)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .join(BaseCell, BaseCell.id == Grade.cell_id)
            .where(Assignment.name == assignment)
        )
        found: dict[str, dict[tuple[str, str], float | None]] = defaultdict(dict)
        for student, notebook, cell, points in rows:
            found[student][notebook, cell] = points
        return dict(found)


def entries(
    gradebook: Gradebook, notebook: str, assignment: str, student: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the grades and the comments of one submitted notebook, by the names of the cells.

    Raises
    ------
    nbgrader.api.MissingEntry
        If it has not been registered.
    """
    book = gradebook.find_submission_notebook(notebook, assignment, student)
    grades, comments = (
        {
            name: row
            for row, name in gradebook.db.query(kind, BaseCell.name)
            .join(BaseCell, BaseCell.id == kind.cell_id)
            .filter(kind.notebook_id == book.id)
        }
        for kind in (Grade, Comment)
    )
    return grades, comments
