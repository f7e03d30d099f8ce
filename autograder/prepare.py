"""Turns what a student submitted into jobs, with nbgrader's own sanitising."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.writers import FilesWriter
from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.converters.base import BaseConverter
from nbgrader.utils import parse_utc

from autograder.assignment import imports
from autograder.courses import Course
from autograder.model import Job, Limits


@dataclass(frozen=True)
class Prepared:
    """What is to be done for one student."""

    student: str
    jobs: tuple[Job, ...] = ()
    refusal: str = ""  # not empty: the submission cannot be graded, and this is why
    current: bool = False  # it has been graded since it was submitted


class UnfitError(Exception):
    """A submission that cannot be graded; the text says why."""


class Prepare(Autograde):
    """The first half of ``nbgrader autograde``, one student at a time.

    Registers the submission in the gradebook, restores locked cells and the hidden tests, and
    writes the sanitised notebook under ``autograded/``.
    """

    def __init__(self, course: Course, assignment: str, *, force: bool) -> None:
        super().__init__(coursedir=course.directory, parent=course.app)
        self.course, self.assignment, self.force = course, assignment, force
        self.writer = FilesWriter(parent=self, config=self.config)
        self.exporter = self.exporter_class(parent=self, config=self.config)
        self._known_imports: dict[str, str] = {}

    def prepare(self, student: str) -> Prepared:
        """Prepare the submission of ``student``; a bad one is refused, never an exception."""
        with addressed(self.coursedir, self.assignment, student):
            try:
                return self._prepare(student)
            except Exception as error:  # whatever a student managed to submit
                return self._refuse(student, _reason(error))

    def _prepare(self, student: str) -> Prepared:
        source = self.course.folder("submitted", self.assignment, student)
        _check_files(source, self.course.settings.limits)
        _check_timestamp(source)
        names = [n.name for n in self._known_notebooks()]
        there = [name for name in names if (source / f"{name}.ipynb").exists()]
        self.notebooks = [str(source / f"{name}.ipynb") for name in names]
        if self._unfinished(student, there):
            discard(self.course, self.assignment, student)
        if not self.init_destination(self.assignment, student):
            return Prepared(student, current=True)
        if not there:
            found = ", ".join(sorted(p.name for p in source.glob("*.ipynb"))) or "no notebook"
            raise UnfitError(f"{names[0]}.ipynb is missing from it (it contains {found})")
        self.notebooks = [str(source / f"{name}.ipynb") for name in there]
        self.init_assignment(self.assignment, student)
        jobs = [self._notebook(student, Path(name)) for name in self.notebooks]
        self.set_permissions(self.assignment, student)
        return Prepared(student, tuple(jobs))

    def _unfinished(self, student: str, names: Iterable[str]) -> bool:
        """Whether an earlier run was killed between preparing this submission and recording it."""
        folder = self.course.folder("autograded", self.assignment, student)
        return folder.exists() and not all(_executed(folder / f"{name}.ipynb") for name in names)

    def _known_notebooks(self) -> list[Any]:
        with self.course.gradebook() as gradebook:
            return list(gradebook.find_assignment(self.assignment).notebooks)

    def _notebook(self, student: str, source: Path) -> Job:
        if not source.read_bytes().strip():
            raise UnfitError("its notebook is an empty file")
        self._sanitizing = True
        self._init_preprocessors()
        # Past Autograde's own method, which would go on to execute.
        BaseConverter.convert_single_notebook(self, str(source))
        folder = self.course.folder("autograded", self.assignment, student)
        return job(
            folder / source.name,
            student=student,
            assignment=self.assignment,
            limits=self.course.settings.limits,
            imports=self._imports(source.stem),
        )

    def _imports(self, notebook: str) -> str:
        if notebook not in self._known_imports:
            folder = self.course.folder("source", self.assignment)
            self._known_imports[notebook] = imports(folder / f"{notebook}.ipynb")
        return self._known_imports[notebook]

    def _refuse(self, student: str, reason: str) -> Prepared:
        discard(self.course, self.assignment, student)
        message = f"The submission cannot be graded: {reason}."
        with self.course.gradebook() as gradebook:
            gradebook.update_or_create_student(student)
            submission = gradebook.update_or_create_submission(self.assignment, student)
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    grade.auto_score, grade.needs_manual_grade = None, True
                for comment in notebook.comments:
                    comment.auto_comment = message
            gradebook.db.commit()
        return Prepared(student, refusal=message)


def discard(course: Course, assignment: str, student: str) -> None:
    """Remove what was prepared for a student, so that the next run prepares it again."""
    from nbgrader.utils import rmtree

    folder = course.folder("autograded", assignment, student)
    if folder.exists():
        rmtree(str(folder))


@contextmanager
def addressed(directory: Any, assignment: str, student: str) -> Iterator[None]:
    """Make nbgrader's course directory speak of one submission."""
    before = directory.assignment_id, directory.student_id
    directory.assignment_id, directory.student_id = assignment, student
    try:
        yield
    finally:
        directory.assignment_id, directory.student_id = before


def job(path: Path, *, student: str, assignment: str, limits: Limits, imports: str = "") -> Job:
    """Return the job for the sanitised notebook at ``path`` and the files beside it."""
    content = path.read_bytes()
    files = [
        (str(Path(folder, name).relative_to(path.parent)), Path(folder, name).read_bytes())
        for folder, _, names in os.walk(path.parent)
        for name in sorted(names)
        if not name.endswith(".ipynb") and name != "timestamp.txt"
    ]
    notebook = nbformat.reads(content.decode(), as_version=4)
    return Job(
        student=student,
        assignment=assignment,
        notebook=path.stem,
        content=content,
        files=tuple(sorted(files)),
        seed=fingerprint(notebook)[:16],
        limits=limits,
        imports=imports,
    )


def fingerprint(notebook: NotebookNode) -> str:
    """Return a digest of what the notebook's cells say, in hexadecimal.

    Outputs and metadata are left out: running a notebook again must not change its seed.
    """
    said = json.dumps([[cell.cell_type, cell.source] for cell in notebook.cells])
    return hashlib.sha256(said.encode()).hexdigest()


def _check_files(source: Path, limits: Limits) -> None:
    """Refuse what is neither a file nor a folder, and more than a notebook's scratch can hold."""
    size = 0
    for path in source.rglob("*"):
        name = path.relative_to(source)
        if path.is_symlink():
            raise UnfitError(f"it contains a symbolic link, {name}")
        if path.is_file():
            size += path.stat().st_size
        elif not path.is_dir():
            raise UnfitError(f"it contains {name}, which is neither a file nor a folder")
    if size > limits.scratch_mb << 20:
        raise UnfitError(f"it takes {size >> 20} MB, more than the {limits.scratch_mb} MB allowed")


def _check_timestamp(source: Path) -> None:
    stamp = source / "timestamp.txt"
    if stamp.exists():
        try:
            parse_utc(stamp.read_text().strip() or "1970-01-01")
        except (ValueError, OverflowError) as error:
            raise UnfitError("its timestamp.txt does not hold a date") from error


def _executed(notebook: Path) -> bool:
    """Whether a notebook was executed, by us or by nbgrader, after it was prepared."""
    try:
        content = json.loads(notebook.read_bytes())
    except (OSError, ValueError):
        return False
    counts = [c.get("execution_count") for c in content["cells"] if c["cell_type"] == "code"]
    return "autograder" in content["metadata"] or not counts or any(counts)


def _reason(error: Exception) -> str:
    """Say in a few words why a submission cannot be graded."""
    if isinstance(error, UnfitError):
        return str(error)
    if isinstance(error, (json.JSONDecodeError, nbformat.reader.NotJSONError, UnicodeDecodeError)):
        return "its notebook is not a notebook file (not valid JSON)"
    words = str(error).strip().splitlines() or [repr(error)]
    return f"{type(error).__name__}: {words[0]}"[:300].rstrip(".")
