"""Grades an assignment's own solution several times to check that its tests are reliable."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader import utils

from autograder.coursedir.assignment import marks
from autograder.coursedir.directory import Course
from autograder.coursedir.gradebook import Ledger
from autograder.dispatch.engine import Engine
from autograder.model import AutograderError, CellScore, Execution, Job, Proof, Standing, Verdict
from autograder.prepare.submission import Prepare
from autograder.record import reference
from autograder.record.score import score
from autograder.verify import stock_nbgrader
from autograder.verify.lint import advise
from autograder.verify.lint_context import Advice
from autograder.verify.scratch_course import REFERENCE, UNTOUCHED, trial
from autograder.verify.tried import Tried, judged, opened

#: A cell that takes more than this share of what it may take is named.
SHARE = 1 / 3
#: What keeps a processor busy.
LOOP = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): pass"


@dataclass
class Verification:
    """What there is to tell an author."""

    assignment: str
    runs: int
    cells: list[Tried] = field(default_factory=list)
    advice: list[tuple[str, Advice]] = field(default_factory=list)  # with the notebook's name
    findings: list[str] = field(default_factory=list)  # from grading it

    @property
    def fine(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.advice and not self.findings


def verify(
    course: Course,
    assignment: str,
    scratch: Path,
    *,
    runs: int = 5,
    load: bool = False,
    engine: Callable[[Any], Engine] = Engine,
    watch: Callable[[str], None] = lambda _: None,
) -> Verification:
    """Read and grade the source of ``assignment``.

    Parameters
    ----------
    course, assignment
        What to verify. Nothing of it is written to.
    scratch
        An empty directory.
    runs
        How many times the reference is graded.
    load
        Keep every processor busy with other things meanwhile.
    engine
        What makes an engine of settings.
    watch
        Told what is being done.

    Raises
    ------
    AutograderError
        If nothing can be graded.
    """
    made = trial(course, assignment, scratch / "ours")
    found = Verification(assignment, runs)
    sources = {
        path.stem: nbformat.read(path, as_version=4)
        for path in sorted(course.folder("source", assignment).glob("*.ipynb"))
    }
    for name, notebook in sources.items():
        found.advice += [(name, one) for one in advise(notebook, marks(course.app.config))]
    jobs = {student: _jobs(made, assignment, student) for student in (REFERENCE, UNTOUCHED)}
    done: list[Execution] = []
    with engine(made.settings) as running, _busy() if load else nullcontext():
        watch("grading the reference for the first time")
        standings = _proof(made, assignment, running).standings
        work = [*jobs[REFERENCE] * runs, *jobs[UNTOUCHED]]
        for execution in running.run(work):
            done.append(execution)
            watch(f"graded {len(done)} of {len(work)}")
    watch("grading with nbgrader itself")
    theirs = dict(
        stock_nbgrader.grade(trial(course, assignment, scratch / "stock"), assignment, [REFERENCE])
    )
    for name in sources:
        ours = [one for one in done if one.job.notebook == name]
        found.cells += list(_cells(name, ours, theirs[REFERENCE]))
        limits = made.settings.limits_of(assignment)
        # Other work makes a cell wait, but takes none of its processor time.
        most = limits.cell_seconds if load else min(limits.cell_seconds, limits.cell_cpu_seconds)
        found.findings += _said(ours, most, limits.cpu_seconds)
    known = {(one.notebook, one.cell): one for one in standings}
    found.cells = [_protected(cell, known.get((cell.notebook, cell.name))) for cell in found.cells]
    for cell in found.cells:
        found.findings += judged(cell, done)
    return found


def _proof(course: Course, assignment: str, engine: Engine) -> Proof:
    directory = course.directory
    with Ledger(directory.db_url, directory.course_id) as ledger:
        loaded = course.load(ledger, assignment)
    return reference.proof(loaded, course.converter(), course.settings, engine.run)


def _protected(cell: Tried, standing: Standing | None) -> Tried:
    """Return a cell with what stands between its test and the student's code."""
    return cell if standing is None else replace(cell, protection=standing.protection)


def _jobs(course: Course, assignment: str, student: str) -> tuple[Job, ...]:
    directory = course.directory
    with Ledger(directory.db_url, directory.course_id) as ledger:
        prepared = Prepare(course, ledger, course.load(ledger, assignment)).prepare(student)
    if prepared.refusal:
        raise AutograderError(prepared.refusal)
    return prepared.jobs


def _cells(
    notebook: str, done: Sequence[Execution], theirs: dict[str, float | None]
) -> Iterator[Tried]:
    """Yield what became of each graded cell of a notebook."""
    scores: dict[str, list[CellScore]] = {}
    seconds: dict[str, float] = {}
    blank: dict[str, float | None] = {}
    tests: set[str] = set()
    for execution in done:
        book = opened(execution)
        wall = {one.index: one.seconds for one in execution.cells}
        for index, cell in enumerate(book.cells):
            if utils.is_grade(cell) and not utils.is_solution(cell):
                name = cell.metadata.nbgrader["grade_id"]
                tests |= {name} if cell.cell_type == "code" else set()
                seconds[name] = max(seconds.get(name, 0.0), wall.get(index, 0.0))
        for one in score(book, execution.cells):
            if execution.job.student == UNTOUCHED:
                blank[one.grade_id] = one.points
            else:
                scores.setdefault(one.grade_id, []).append(one)
    for name, runs in scores.items():
        yield Tried(
            notebook,
            name,
            runs[0].max_points,
            tuple(runs),
            seconds.get(name, 0.0),
            blank.get(name),
            theirs.get(name),
            name in tests,
        )


def _said(done: Sequence[Execution], cell_seconds: float, cpu_seconds: int) -> list[str]:
    """Return what is to be said of a notebook's runs beside its points."""
    found: dict[str, None] = {}
    slow: dict[str, float] = {}
    for execution in done:
        if execution.failure:
            found[f"The grader failed: {execution.failure}."] = None
        if execution.job.student != REFERENCE:
            continue
        book = opened(execution)
        told = {one.message for one in execution.cells}
        for trouble in execution.trouble:
            if trouble not in told:  # there it fails, too
                found[f"A locked cell fails in the judge, where tests run: {trouble}."] = None
        for one in execution.cells:
            name = _name(book.cells[one.index], one.index)
            if one.seconds > SHARE * cell_seconds:
                slow[name] = max(slow.get(name, 0.0), one.seconds)
            if one.verdict is not Verdict.PASS and not utils.is_grade(book.cells[one.index]):
                found[f"Cell {name} ends with '{one.verdict}': {one.message}"] = None
    for name, seconds in slow.items():
        found[
            f"Cell {name} took {seconds:.1f} s of the {cell_seconds:g} s that a cell may take: "
            "slower work that is right may lose its points. Make it smaller, or raise "
            "c.Autograder.cell_seconds and cell_cpu_seconds."
        ] = None
    most = max((one.cpu_seconds for one in done), default=0.0)
    if most > SHARE * cpu_seconds:
        found[
            f"The notebook took {most:.1f} s of the {cpu_seconds} s of processor time that a "
            "submission may take. Make its work smaller, or raise c.Autograder.cpu_seconds."
        ] = None
    return list(found)


def _name(cell: NotebookNode, index: int) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or f"number {index + 1}")


@contextmanager
def _busy() -> Iterator[None]:
    """Keep every processor busy, while this process lives."""
    parent = str(os.getpid())  # one that is killed ends nothing itself
    loop = [sys.executable, "-c", LOOP, parent]
    others = [subprocess.Popen(loop) for _ in os.sched_getaffinity(0)]
    try:
        yield
    finally:
        for one in others:
            one.kill()
            one.wait()
