"""The coordinator: takes an assignment's submissions through all stages."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from functools import cache
from typing import Any

from autograder.coursedir import assignment as known
from autograder.coursedir.directory import Course, did_you_mean
from autograder.coursedir.gradebook import Ledger
from autograder.coursedir.provenance import Cause
from autograder.dispatch.engine import Engine
from autograder.model import AutograderError, Execution, Graded, Proof, told
from autograder.prepare.submission import Prepare, Prepared
from autograder.record import reference
from autograder.record.recorder import Record, nameless
from autograder.sandbox import bubblewrap


class Grading:
    """One run over one assignment.

    Parameters
    ----------
    course, assignment
        What to grade.
    force
        Grade again what has not changed since it was graded.
    announce
        Told what the author's own solution has shown, before any submission is graded.

    Raises
    ------
    AutograderError
        If there is no such assignment, or no sandbox and the course does not do without.
    """

    def __init__(
        self,
        course: Course,
        assignment: str,
        *,
        force: bool = False,
        announce: Callable[[Proof], None] = lambda _: None,
    ) -> None:
        course.check_assignment(assignment)
        if course.settings.sandbox and not course.settings.scheduler:
            bubblewrap.require()
        self.course, self.assignment, self.force = course, assignment, force
        self.announce = announce
        self.kept: list[str] = []  # graded before, and left alone
        self.stale: list[str] = []  # cells that were changed since the assignment was generated
        self.causes: dict[str, Cause] = {}  # of the others, why they are graded

    @property
    def outdated(self) -> str:
        """What to say where the tests are older than their source, once it has run."""
        if not self.stale:
            return ""
        name = self.assignment
        return (
            f"The source of {name} is newer than what was generated, at {', '.join(self.stale)}: "
            f"these grades rest on the older tests. Generate it again (nbgrader "
            f"generate_assignment {name} --force, or formgrader's Generate), then: autograder "
            f"grade {name}"
        )

    def students(self, only: Sequence[str] | None = None) -> list[str]:
        """Return whose submissions there are, or check that those asked for are among them."""
        found = self.course.students("submitted", self.assignment)
        if not found:
            raise AutograderError(
                f"There are no submissions of '{self.assignment}' under "
                f"{self.course.folder('submitted', self.assignment, '*')}. "
                "Collect them first: nbgrader collect " + self.assignment
            )
        # An é is one letter or two, as whoever made the folder wrote it.
        written = {unicodedata.normalize("NFC", name): name for name in found}
        asked = set()
        for name in only or []:
            own = name if name in found else written.get(unicodedata.normalize("NFC", name))
            if own is None:
                hint = did_you_mean(name, found)
                raise AutograderError(f"'{name}' has not submitted '{self.assignment}'{hint}")
            asked.add(own)
        return sorted(asked) if only else found

    def run(self, students: Sequence[str], engine: Engine | None = None) -> Iterator[Graded]:
        """Grade ``students``; yield each as it is recorded.

        ``engine`` may have been started before; it is closed in any case. Without one, an engine
        is started when it turns out that there is something to execute.
        """
        with ExitStack() as opened:
            if engine is not None and not engine.serves(self.course.settings):
                engine.close()
                engine = None
            early = opened.enter_context(engine) if engine is not None else None

            @cache
            def started() -> Engine:
                return early or opened.enter_context(Engine(self.course.settings))

            directory = self.course.directory
            ledger = opened.enter_context(Ledger(directory.db_url, directory.course_id))
            yield from self._run(students, ledger, started)

    def _run(
        self, students: Sequence[str], ledger: Ledger, started: Callable[[], Engine]
    ) -> Iterator[Graded]:
        assignment = self.course.load(ledger, self.assignment)
        self.stale = known.stale(assignment, self.course.folder("source", self.assignment))
        proof = reference.proof(
            assignment,
            self.course.converter(),
            self.course.settings,
            lambda jobs: started().run(jobs),
        )
        self.announce(proof)
        prepare = Prepare(self.course, ledger, assignment, proof, force=self.force)
        record = Record(self.course, ledger, assignment)
        waiting: dict[Future[Execution], Prepared] = {}
        parts: dict[str, list[Execution]] = {}  # a submission may have several notebooks

        def finished(timeout: float | None) -> Iterator[Graded]:
            ready, _ = wait(waiting, timeout, return_when=FIRST_COMPLETED)
            # What has been executed is recorded before an error ends the run.
            for future in sorted(ready, key=lambda one: one.exception() is not None):
                prepared = waiting.pop(future)
                done = parts.setdefault(prepared.student, [])
                done.append(future.result())
                if len(done) == len(prepared.jobs):
                    yield _safely(record, record.record, prepared, parts.pop(prepared.student))

        try:
            for student in students:
                if refused := nameless(student, self.assignment):
                    yield refused
                    continue
                prepared = prepare.prepare(student)
                if prepared.refusal:
                    yield _safely(record, record.refuse, prepared)
                elif prepared.cause is None:
                    self.kept.append(student)
                    yield record.graded(student, prepared.kept)
                else:
                    self.causes[student] = prepared.cause
                    waiting.update({started().submit(job): prepared for job in prepared.jobs})
                if waiting:
                    yield from finished(timeout=0)
            while waiting:
                yield from finished(timeout=None)
        finally:
            for future in waiting:
                future.cancel()


def _safely(
    record: Record, act: Callable[..., Graded], prepared: Prepared, *arguments: Any
) -> Graded:
    """Record a result; if that fails, as on a full disk, the others are graded all the same."""
    try:
        return act(prepared, *arguments)
    except Exception as error:
        return record.fail(prepared.student, f"its result was not recorded, {told(error)}")
