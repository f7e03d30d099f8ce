"""The coordinator: takes an assignment's submissions through all stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograder import sandbox
from autograder.courses import Course, did_you_mean
from autograder.engine import Engine
from autograder.model import AutograderError, Execution, Graded, Job, Verdict
from autograder.prepare import Prepare
from autograder.record import Record, recorded


class Grading:
    """One run over one assignment.

    Parameters
    ----------
    course, assignment
        What to grade.
    force
        Grade again what has been graded since it was submitted.

    Raises
    ------
    AutograderError
        If there is no such assignment, or no sandbox and the course does not do without.
    """

    def __init__(self, course: Course, assignment: str, *, force: bool = False) -> None:
        course.check_assignment(assignment)
        if course.settings.sandbox:
            sandbox.require()
        self.course, self.assignment, self.force = course, assignment, force
        self.kept: list[str] = []  # graded before, and left alone

    def students(self, only: Sequence[str] | None = None) -> list[str]:
        """Return whose submissions there are, or check that those asked for are among them."""
        found = self.course.students("submitted", self.assignment)
        if not found:
            raise AutograderError(
                f"There are no submissions of '{self.assignment}' under "
                f"{self.course.folder('submitted', self.assignment, '*')}. "
                "Collect them first: nbgrader collect " + self.assignment
            )
        for name in only or []:
            if name not in found:
                hint = did_you_mean(name, found)
                raise AutograderError(f"'{name}' has not submitted '{self.assignment}'{hint}.")
        return sorted(set(only)) if only else found

    def run(self, students: Sequence[str]) -> Iterator[Graded]:
        """Grade ``students``; yield each as it is recorded."""
        prepare = Prepare(self.course, self.assignment, force=self.force)
        record = Record(self.course, self.assignment)
        # The zygote imports while the submissions are being prepared.
        with Engine(self.course.settings) as engine:
            jobs: list[Job] = []
            missing: dict[str, int] = {}  # notebooks still under way
            for student in students:
                prepared = prepare.prepare(student)
                if prepared.refusal:
                    yield Graded(student, self.assignment, Verdict.ERROR, message=prepared.refusal)
                elif prepared.current:
                    self.kept.append(student)
                    yield recorded(self.course, self.assignment, student)
                else:
                    jobs += prepared.jobs
                    missing[student] = len(prepared.jobs)
            done: dict[str, list[Execution]] = {student: [] for student in missing}
            for execution in engine.run(jobs):
                student = execution.job.student
                done[student].append(execution)
                if len(done[student]) == missing[student]:
                    yield record.record(student, done.pop(student))
