"""Writes the page that an instructor reads about a graded assignment."""

from __future__ import annotations

import dataclasses
import os
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from nbgrader.api import Grade, SubmittedAssignment, SubmittedNotebook

from autograder.coursedir import provenance
from autograder.coursedir.directory import Course
from autograder.model import SEVERITY, AutograderError, CellScore, Graded, Verdict
from autograder.record.recorder import recorded
from autograder.report.item_analysis import (
    BY_HAND,
    EPSILON,
    Failure,
    attention,
    clean,
    common_failures,
    duration,
    histogram,
    named,
    questions,
    standing,
)
from autograder.report.terminal import by_outcome


def write(course: Course, assignment: str, output: Path | None = None) -> Path:
    """Write the report about ``assignment`` (by default into the course); return its path.

    Parameters
    ----------
    course : Course
        An opened course.
    assignment : str
        Its name.
    output : Path, optional
        Where to write the page, instead of ``report_ASSIGNMENT.html`` in the course.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    AutograderError
        If there is no such assignment, nothing of it is graded, or the page cannot be written.
    """
    course.check_assignment(assignment)
    found = collect(course, assignment)
    if not any(one.cells for one in found.results):
        raise AutograderError(
            f"Nothing of '{assignment}' is graded yet. "
            f"Grade it first: autograder grade {assignment}"
        )
    target = (output or course.root / f"report_{assignment}.html").absolute()
    links = {one.student: _feedback(course, one, target.parent) for one in found.results}
    page = render(
        found.results,
        title=assignment,
        links=links,
        penalties=found.penalties,
        notes=found.notes,
        lateness=found.lateness,
        absent=found.absent,
    )
    try:
        target.write_text(page, encoding="utf-8")
    except OSError as error:
        raise AutograderError(f"The report cannot be written: {error}.") from error
    return target


def render(
    results: Sequence[Graded],
    *,
    title: str,
    links: Mapping[str, Mapping[str, str]] | None = None,
    penalties: Mapping[str, float] | None = None,
    notes: Mapping[str, Sequence[str]] | None = None,
    lateness: Mapping[str, timedelta] | None = None,
    absent: Sequence[str] = (),
    now: datetime | None = None,
) -> str:
    """Return the report as one HTML page that needs nothing else.

    Parameters
    ----------
    results
        One per submission; one without cells could not be graded.
    title
        The assignment.
    links
        For each student, addresses of feedback by the name of its notebook.
    penalties
        Points taken from a student's total for being late.
    notes
        For each student, what somebody has to look at.
    lateness
        How long after the due date a student submitted, of those who were late.
    absent
        Students of the course who have submitted nothing.
    now
        The time to print.

    Returns
    -------
    str
    """
    late = penalties or {}
    graded = [one for one in results if one.cells]
    most = max((one.max_points for one in graded), default=0.0)
    totals = {one.student: max(0.0, one.points - late.get(one.student, 0.0)) for one in graded}
    ungraded = [one.student for one in results if not one.cells]
    environment = Environment(
        loader=PackageLoader("autograder.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "points": _points,
        "duration": duration,
        "clean": clean,
        "standing": standing,
    }
    return environment.get_template("report.html.j2").render(
        title=title,
        now=now or datetime.now().astimezone(),
        results=results,
        graded=graded,
        most=most,
        totals=totals,
        late=late,
        lateness=lateness or {},
        absent=absent,
        links=links or {},
        mean=statistics.fmean(totals.values()) if totals else None,
        median=statistics.median(totals.values()) if totals else None,
        full=sum(one.points >= one.max_points - EPSILON for one in graded),
        attention=attention(results, notes or {}),
        bins=histogram(list(totals.values()), most),
        questions=questions(graded),
        verdicts=by_outcome(graded),
        ungraded=ungraded,
        slowest=sorted(graded, key=lambda one: -one.seconds)[:5],
        typical=statistics.median(one.seconds for one in graded) if graded else 0.0,
        seconds=sum(one.seconds for one in graded),
        named=named,
        lost=_lost,
        rows={one.student: f"student-{index}" for index, one in enumerate(results)},
    )


def _lost(one: Graded) -> list[Failure]:
    """Return why a submission lost points, in the notebook's order."""
    cells = named(one.cells)
    order = {name: place for place, name in enumerate(cells)}
    lost = {name: c.message for name, c in cells.items() if standing(c) in ("partial", "none")}
    # A failure's "students" are questions here.
    return sorted(common_failures(lost.items()), key=lambda failure: order[failure.students[0]])


def _points(value: float) -> str:
    return f"{round(value, 2):g}".replace("-", "−")


@dataclass(frozen=True)
class Mark:
    """What the gradebook says about one graded cell of one submission."""

    notebook: str
    name: str
    max_points: float
    points: float | None
    by_hand: bool = False  # a person gave points, or extra credit
    stale: bool = False  # graded again since a person gave points


@dataclass(frozen=True)
class Collected:
    """What a course knows about an assignment."""

    results: tuple[Graded, ...]
    penalties: Mapping[str, float]
    notes: Mapping[str, Sequence[str]]
    lateness: Mapping[str, timedelta] = field(default_factory=dict)
    absent: tuple[str, ...] = ()


def collect(course: Course, assignment: str) -> Collected:
    """Return all submissions, with the points that persons gave.

    Parameters
    ----------
    course : Course
        An opened course.
    assignment : str
        Its name.

    Returns
    -------
    Collected
        Results in alphabetical order of the students; one without cells could not be graded.
    """
    done = set(course.students("autograded", assignment))
    marks: dict[str, list[Mark]] = defaultdict(list)
    with course.gradebook() as gradebook:
        submissions = gradebook.assignment_submissions(assignment)
        late = {one.student_id: float(one.late_submission_penalty) for one in submissions}
        lateness = {
            one.student_id: timedelta(seconds=one.total_seconds_late)
            for one in submissions
            if one.total_seconds_late > 0
        }
        known = {student.id for student in gradebook.students}
        query = (
            gradebook.db.query(Grade, SubmittedNotebook, SubmittedAssignment)
            .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
            .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .filter(SubmittedAssignment.assignment_id == gradebook.find_assignment(assignment).id)
        )
        for grade, notebook, submission in query:
            marks[submission.student_id].append(_mark(grade, notebook.name))
    results = []
    notes: dict[str, list[str]] = defaultdict(list)
    for student in sorted(done.union(course.students("submitted", assignment))):
        kept = one = recorded(course, assignment, student)
        if student in done:
            one = with_marks(kept, marks[student])
        student = one.student  # as it can be written
        if one.cells and not kept.cells:
            notes[student].append(one.message)
        if one.cells and any(mark.stale for mark in marks[student]):
            notes[student].append("Graded again after a person gave points: look in formgrader.")
        if one.cells and _resubmitted(course, assignment, student):
            notes[student].append(f"Submitted again since; run autograder grade {assignment}.")
        results.append(one)
    absent = tuple(sorted(known.difference(one.student for one in results)))
    return Collected(tuple(results), late, notes, lateness, absent)


def in_gradebook(course: Course, assignment: str, graded: Sequence[Graded]) -> Collected:
    """Return what has just been graded with the points that the gradebook has.

    Persons may have given some of them, of which the engine knows nothing.

    Parameters
    ----------
    course : Course
        An opened course.
    assignment : str
        Its name.
    graded : sequence of Graded
        Results of a run.

    Returns
    -------
    Collected
        With these results only, in their order.
    """
    known = collect(course, assignment)
    marked = {one.student: one for one in known.results if one.cells}
    results = (marked.get(one.student, one) if one.cells else one for one in graded)
    return dataclasses.replace(known, results=tuple(results))


def _resubmitted(course: Course, assignment: str, student: str) -> bool:
    old, new = (
        course.folder(step, assignment, student) / "timestamp.txt"
        for step in ("autograded", "submitted")
    )
    if not (old.exists() and new.exists()):
        return False
    try:
        return provenance.stamp_text(old.read_bytes()) != provenance.stamp_text(new.read_bytes())
    except ValueError:  # no text: that is not what was graded
        return True


def _mark(grade: Any, notebook: str) -> Mark:
    manual = grade.manual_score is not None
    points = None if not manual and grade.auto_score is None else float(grade.score)
    by_hand, stale = manual or bool(grade.extra_credit), manual and grade.needs_manual_grade
    return Mark(notebook, grade.name, float(grade.max_score), points, by_hand, stale)


def with_marks(graded: Graded, marks: Iterable[Mark]) -> Graded:
    """Return a submission with what the gradebook knows and the engine does not.

    Parameters
    ----------
    graded : Graded
        One submission.
    marks : iterable of Mark
        What the gradebook holds for that submission.

    Returns
    -------
    Graded
        A copy; its verdict is the worst of the cells' and its own.
    """
    left: dict[str, list[Mark]] = defaultdict(list)
    for mark in sorted(marks, key=lambda mark: (mark.notebook, mark.name)):
        left[mark.name].append(mark)
    cells = [
        _by_hand(cell, left[cell.grade_id].pop(0)) if left[cell.grade_id] else cell
        for cell in graded.cells
    ]
    # Not among the engine's cells: a task, or the notebook is absent, or nbgrader itself graded it.
    rest = [mark for waiting in left.values() for mark in waiting]
    if not cells and all(mark.points is None for mark in rest):
        return graded
    for mark in rest:
        said = ""  # a task, which waits for a person
        if mark.by_hand:
            said = BY_HAND
        elif graded.cells and mark.points is not None:
            said = f"{mark.notebook}.ipynb was not submitted."
        bare = CellScore(mark.name, mark.points, mark.max_points, Verdict.FAIL, said)
        cells.append(dataclasses.replace(bare, verdict=_verdict(bare)))
    worst = max([graded.verdict, *(cell.verdict for cell in cells)], key=SEVERITY.index)
    return dataclasses.replace(graded, cells=tuple(cells), verdict=worst)


def _by_hand(cell: CellScore, mark: Mark) -> CellScore:
    if not mark.by_hand:
        return cell
    given = dataclasses.replace(cell, points=mark.points, message=cell.message or BY_HAND)
    return dataclasses.replace(given, verdict=_verdict(given))


def _verdict(cell: CellScore) -> Verdict:
    if standing(cell) in ("full", "waiting"):
        return Verdict.PASS
    return Verdict.FAIL if cell.verdict is Verdict.INTERNAL else cell.verdict


def _feedback(course: Course, one: Graded, place: Path) -> dict[str, str]:
    """Return relative addresses of the feedback on a submission, by notebook."""
    folder = course.folder("feedback", one.assignment, one.student)
    graded = course.folder("autograded", one.assignment, one.student)
    # A page that the student handed in beside the notebook is not feedback.
    pages = [folder / f"{path.stem}.html" for path in sorted(graded.glob("*.ipynb"))]
    return {
        page.stem: quote(Path(os.path.relpath(page, place)).as_posix())
        for page in pages
        if page.is_file()
    }
