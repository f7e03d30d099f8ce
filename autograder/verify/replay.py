"""Repeats a recorded grade from what the graded notebook keeps, and compares; records nothing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import MissingEntry

from autograder.coursedir import provenance
from autograder.coursedir.directory import Course, did_you_mean
from autograder.coursedir.gradebook import Ledger, entries
from autograder.dispatch.engine import Engine
from autograder.model import AutograderError, Execution, Job, Limits
from autograder.prepare.submission import Prepare
from autograder.record.score import overall, score

#: What a grade is made of, and how it is told.
PARTS = {
    "submission_hash": "submission",
    "assignment_hash": "assignment",
    "engine": "grader",
    "versions": "versions",
    "limits": "limits",
    "seed": "seed",
}


@dataclass(frozen=True)
class Condition:
    """One thing that a grade depends on, then and now."""

    name: str
    then: str
    now: str

    @property
    def same(self) -> bool:
        """Whether it has not changed."""
        return self.then == self.now


@dataclass
class Replay:
    """A grade and its repetition."""

    student: str
    assignment: str
    conditions: list[Condition] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    cells: int = 0  # compared


def find(course: Course, words: Sequence[str]) -> tuple[str, str]:
    """Return the student and the assignment that a command line speaks of.

    Parameters
    ----------
    course
        Where to look.
    words
        A student and an assignment; or one word, which is ``STUDENT/ASSIGNMENT``, or the path of a
        submitted or graded folder or notebook.

    Raises
    ------
    AutograderError
        If there is no such submission.
    """
    with course.gradebook() as gradebook:
        assignments = sorted(one.name for one in gradebook.assignments)
    there = {
        (student, assignment)
        for assignment in assignments
        for student in course.students("autograded", assignment)
    }
    if len(words) == 2 and tuple(words) in there:
        return words[0], words[1]
    if len(words) == 1:
        path = Path(words[0]).absolute()
        for student, assignment in sorted(there):
            folders = [
                course.folder(step, assignment, student).absolute()
                for step in ("autograded", "submitted")
            ]
            named = words[0] == f"{student}/{assignment}"
            if named or path in folders or path.parent in folders:
                return student, assignment
    said = "/".join(words)
    known = [f"{student}/{assignment}" for student, assignment in sorted(there)]
    if not known:
        raise AutograderError(f"Nothing has been graded in {course.root}, so '{said}' has not.")
    raise AutograderError(
        f"There is no graded submission '{said}'{did_you_mean(said, known[:20])} Give a student "
        "and an assignment, or the path of a submission."
    )


def replay(
    course: Course,
    student: str,
    assignment: str,
    *,
    engine: Callable[[Any], Any] = Engine,
) -> Replay:
    """Grade a submission again, with the limits and the seed it was graded with, and compare.

    Parameters
    ----------
    course, student, assignment
        Whose grade to repeat. Nothing is written.
    engine
        What makes an engine of settings.

    Raises
    ------
    AutograderError
        If there is no record of a grade, or the submission cannot be graded now.
    """
    kept = _kept(course, student, assignment)
    directory = course.directory
    with Ledger(directory.db_url, directory.course_id) as ledger:
        loaded = course.load(ledger, assignment)
        prepared = Prepare(course, ledger, loaded, force=True).prepare(student)
        recorded = _recorded(ledger, assignment, student, kept)
    if prepared.refusal:
        raise AutograderError(prepared.refusal)
    made = Replay(student, assignment)
    jobs = [job for job in prepared.jobs if job.notebook in kept]
    for name in sorted(kept.keys() - {job.notebook for job in jobs}):
        made.differences.append(f"{name}.ipynb was graded and is not in the submission any more.")
    with engine(course.settings) as running:
        executions = list(running.run([_as_then(job, kept[job.notebook]) for job in jobs]))
    now = {job.notebook: provenance.record(job) for job in jobs}
    for done in sorted(executions, key=lambda one: one.job.notebook):
        before = kept[done.job.notebook]
        for condition in _conditions(before, now[done.job.notebook]):
            if condition not in made.conditions:
                made.conditions.append(condition)
        made.cells += len(before["cells"])
        made.differences += _differences(before, done)
        made.differences += _in_gradebook(before, recorded[done.job.notebook])
    return made


def _kept(course: Course, student: str, assignment: str) -> dict[str, Mapping[str, Any]]:
    """Return what the graded notebooks say of their grading."""
    folder = course.folder("autograded", assignment, student)
    kept: dict[str, Mapping[str, Any]] = {}
    for path in sorted(folder.glob("*.ipynb")):
        try:
            kept[path.stem] = json.loads(path.read_bytes())["metadata"]["autograder"]
        except (ValueError, LookupError, TypeError):
            continue
    if not kept or not all(PARTS.keys() <= one.keys() for one in kept.values()):
        raise AutograderError(
            f"The notebooks in {folder} do not say how they were graded; "
            f"grade them: autograder grade {assignment} --student {student} --force"
        )
    return kept


def _recorded(
    ledger: Ledger, assignment: str, student: str, notebooks: Mapping[str, Any]
) -> dict[str, dict[str, float | None]]:
    """Return the automatic points in the gradebook."""
    found: dict[str, dict[str, float | None]] = {}
    for name in notebooks:
        try:
            grades, _ = entries(ledger, name, assignment, student)
        except MissingEntry:
            grades = {}
        found[name] = {cell: grade.auto_score for cell, grade in grades.items()}
    return found


def _as_then(job: Job, kept: Mapping[str, Any]) -> Job:
    """Return a job with the limits, the seed and the protection of the record.

    Where this grader has other limits than the one then, its own.
    """
    known = kept["limits"].keys() == asdict(job.limits).keys()
    limits = Limits(**kept["limits"]) if known else job.limits
    return dataclasses.replace(
        job,
        limits=limits,
        seed=str(kept["seed"]),
        shared=tuple(kept.get("shared", ())),
        unproven=tuple(kept.get("unproven", ())),
    )


def _conditions(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Condition]:
    return [Condition(PARTS[part], _shown(then[part]), _shown(now[part])) for part in PARTS]


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {value[name]}" for name in sorted(value))
    return str(value)


def _differences(before: Mapping[str, Any], done: Execution) -> list[str]:
    """Say in words what came out otherwise than it is recorded."""
    if done.failure:
        return [f"The grader failed on {done.job.notebook}.ipynb: {done.failure}."]
    notebook = nbformat.v4.reads(done.content.decode())
    scores = score(notebook, done.cells)
    verdict, message = overall(notebook, done.cells, scores)
    found = []
    after = {one.grade_id: {**asdict(one), "verdict": str(one.verdict)} for one in scores}
    told = {one["grade_id"]: one for one in before["cells"]}
    for name in [*told, *(name for name in after if name not in told)]:
        if name not in after:
            found.append(f"{name} was graded, and there is no such cell now.")
        elif name not in told:
            found.append(f"{name} is graded now, and was not.")
        else:
            found += [
                f"{name}: {part} was {told[name][part]!r}, and is {after[name][part]!r} now."
                for part in ("verdict", "points", "max_points", "message")
                if told[name][part] != after[name][part]
            ]
    for part, value in (("verdict", str(verdict)), ("message", message)):
        if before[part] != value:
            found.append(f"The notebook's {part} was {before[part]!r}, and is {value!r} now.")
    return found


def _in_gradebook(before: Mapping[str, Any], recorded: Mapping[str, float | None]) -> list[str]:
    return [
        f"{one['grade_id']}: the graded notebook says {one['points']}, and the gradebook says "
        f"{recorded.get(one['grade_id'])}."
        for one in before["cells"]
        if recorded.get(one["grade_id"]) != one["points"]
    ]
