"""Reads the gradebook as one row per student."""

from __future__ import annotations

from dataclasses import dataclass

from nbgrader.api import Grade, SubmittedAssignment, SubmittedNotebook

from autograder.coursedir.directory import Course


@dataclass(frozen=True)
class Grades:
    """What every student has, of every assignment that has points."""

    assignments: tuple[str, ...]
    most: tuple[float, ...]  # points of each assignment
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Row:
    """One student."""

    student: str
    last_name: str
    first_name: str
    email: str
    points: tuple[float | None, ...]  # None: not submitted, or not graded

    @property
    def total(self) -> float:
        """The sum; what is not there counts for nothing."""
        return sum(one or 0.0 for one in self.points)


def read(course: Course) -> Grades:
    """Return the gradebook's points, less what was taken for being late.

    Parameters
    ----------
    course : Course
        An opened course.

    Returns
    -------
    Grades
        Students by their names for the hub; assignments as the gradebook has them.
    """
    with course.gradebook() as gradebook:
        assignments = [one for one in gradebook.assignments if one.max_score]
        graded = {
            found
            for (found,) in gradebook.db.query(SubmittedAssignment.id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .filter(Grade.auto_score.is_not(None) | Grade.manual_score.is_not(None))
        }
        points = {
            (one.student_id, assignment.name): max(0.0, one.score - one.late_submission_penalty)
            for assignment in assignments
            for one in gradebook.assignment_submissions(assignment.name)
            if one.id in graded
        }
        names = tuple(one.name for one in assignments)
        rows = [
            Row(
                student.id,
                student.last_name or "",
                student.first_name or "",
                student.email or "",
                tuple(points.get((student.id, name)) for name in names),
            )
            for student in gradebook.students
        ]
        most = tuple(float(one.max_score) for one in assignments)
    return Grades(names, most, tuple(sorted(rows, key=lambda row: row.student)))
