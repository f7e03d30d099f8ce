"""The coordinator: takes an assignment's submissions through all stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from autograder import sandbox
from autograder.courses import Course, did_you_mean
from autograder.engine import Engine
from autograder.model import AutograderError, Execution, Graded, Verdict
from autograder.prepare import Prepare, discard
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
                raise AutograderError(f"'{name}' has not submitted '{self.assignment}'{hint}")
        return sorted(set(only)) if only else found

    def run(self, students: Sequence[str], engine: Engine | None = None) -> Iterator[Graded]:
        """Grade ``students``; yield each as it is recorded.

        ``engine`` may have been started before; it is closed in any case.
        """
        if engine is not None and not engine.serves(self.course.settings):
            engine.close()
            engine = None
        with engine or Engine(self.course.settings) as running:
            yield from self._run(students, running)

    def _run(self, students: Sequence[str], engine: Engine) -> Iterator[Graded]:
        prepare = Prepare(self.course, self.assignment, force=self.force)
        record = Record(self.course, self.assignment)
        waiting: dict[Future[Execution], str] = {}
        parts: dict[str, list[Execution]] = {}  # a submission may have several notebooks
        whole: dict[str, int] = {}

        def finished(timeout: float | None) -> Iterator[Graded]:
            ready, _ = wait(waiting, timeout, return_when=FIRST_COMPLETED)
            for future in ready:
                student = waiting.pop(future)
                parts[student].append(future.result())
                if len(parts[student]) == whole[student]:
                    yield record.record(student, parts.pop(student))

        try:
            for student in students:
                prepared = prepare.prepare(student)
                if prepared.refusal:
                    message = prepared.refusal
                    yield Graded(student, self.assignment, Verdict.ERROR, message=message)
                elif prepared.current:
                    self.kept.append(student)
                    yield recorded(self.course, self.assignment, student)
                else:
                    parts[student], whole[student] = [], len(prepared.jobs)
                    waiting.update({engine.submit(job): student for job in prepared.jobs})
                if waiting:
                    yield from finished(timeout=0)
            while waiting:
                yield from finished(timeout=None)
        finally:
            # Interrupted: what is not recorded must be prepared again by the next run.
            for future in waiting:
                future.cancel()
            for student in parts:
                discard(self.course, self.assignment, student)
