"""Turns what a student submitted into jobs, with nbgrader's own sanitising."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import MissingEntry
from nbgrader.utils import find_all_files, parse_utc

from autograder.coursedir import provenance
from autograder.coursedir.assignment import Assignment
from autograder.coursedir.directory import Course
from autograder.coursedir.gradebook import Ledger
from autograder.coursedir.nbgrader_steps import ASSIGNMENT, Steps, resources, run_hook
from autograder.coursedir.provenance import Cause
from autograder.model import Job, Limits, Proof
from autograder.prepare.notebook_reader import LARGEST_MB, UnfitError, parse, too_large

#: Of an assignment whose own solution has not been graded.
NOTHING = Proof()
#: A submission of more files than this is refused.
MOST_FILES = 10_000
#: The longest path of a file in a submission, in bytes. Linux takes 4096, of which the folders that
#: it is copied to take their share.
LONGEST_PATH = 1024
#: The size of a timestamp in bytes, which is generous.
MOST_STAMP = 200


@dataclass(frozen=True)
class Prepared:
    """What is to be done for one student."""

    student: str
    jobs: tuple[Job, ...] = ()
    cause: Cause | None = None  # None: nothing has changed since it was graded
    refusal: str = ""  # not empty: the submission cannot be graded, and this is why
    kept: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # from the last grading
    timestamp: datetime | None = None
    stamp_file: tuple[tuple[str, bytes], ...] = ()  # that says so


class Prepare:
    """The first half of ``nbgrader autograde``, one student at a time.

    Restores locked cells and the hidden tests. It reads; nothing is written before a submission
    is graded.
    """

    def __init__(
        self,
        course: Course,
        ledger: Ledger,
        assignment: Assignment,
        proof: Proof = NOTHING,
        *,
        force: bool = False,
    ) -> None:
        self.course, self.ledger, self.assignment, self.force = course, ledger, assignment, force
        self.proof = proof
        self._limits = course.settings.limits_of(assignment.name)
        self._converter = course.converter()
        self._steps = Steps(self._converter, self._converter.sanitize_preprocessors)
        self._scores = ledger.scores(assignment.name)

    def prepare(self, student: str) -> Prepared:
        """Prepare the submission of ``student``; a bad one is refused, never an exception."""
        try:
            return self._prepare(student)
        except Exception as error:  # whatever a student managed to submit
            why = _reason(error).encode(errors="backslashreplace").decode()  # names of files
            return Prepared(student, refusal=f"The submission cannot be graded: {why}.")

    def _prepare(self, student: str) -> Prepared:
        source = self.course.folder("submitted", self.assignment.name, student)
        _check_files(source, self._limits)
        if not self._converter.create_student:
            self._check_known(student)
        names = [book.name for book in self.assignment.notebooks]
        there = [name for name in names if _is_notebook(source / f"{name}.ipynb")]
        if not there:
            found = ", ".join(sorted(p.name for p in source.glob("*.ipynb"))) or "no notebook"
            raise UnfitError(f"{names[0]}.ipynb is missing from it (it contains {found})")
        submission = provenance.submission_hash(source)
        kept = self._kept(student, there)
        cause = self._cause(student, kept, submission)
        if cause is None:
            return Prepared(student, kept=kept)
        paths = [source / f"{name}.ipynb" for name in there]
        named = [str(path) for path in paths]
        if run_hook(self.course, self._converter, "pre", self.assignment.name, student, named):
            submission = provenance.submission_hash(
                source
            )  # the course's own code may have changed it
        stamp_file, timestamp = _stamp(source / "timestamp.txt")
        files = self._files(source)
        jobs = tuple(self._job(student, path, files, submission) for path in paths)
        return Prepared(student, jobs, cause, timestamp=timestamp, stamp_file=stamp_file)

    def _check_known(self, student: str) -> None:
        try:
            self.ledger.find_student(student)
        except MissingEntry as error:
            raise UnfitError(
                "the gradebook has no such student, and Autograde.create_student is False"
            ) from error

    def _kept(self, student: str, names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Return what the graded notebooks say of their grading; empty unless all do."""
        folder = self.course.folder("autograded", self.assignment.name, student)
        try:
            return {
                name: json.loads((folder / f"{name}.ipynb").read_bytes())["metadata"]["autograder"]
                for name in names
            }
        except (OSError, ValueError, LookupError, TypeError):
            return {}

    def _cause(
        self, student: str, kept: Mapping[str, Mapping[str, Any]], submission: str
    ) -> Cause | None:
        """Return why this submission is to be graded, or None if its grade holds."""
        if not kept:
            return Cause.NEW
        if self.force:
            return Cause.FORCED
        now = {"submission": submission, "assignment": self.assignment.hash}
        for name, one in kept.items():
            cause = provenance.cause(
                one,
                limits=self._limits,
                shared=self.proof.shared(name),
                unproven=self.proof.unproven(name),
                **now,
            )
            if cause:
                return cause
        told = {(n, c["grade_id"]): c["points"] for n, one in kept.items() for c in one["cells"]}
        missing = {
            (book.name, cell.name): 0.0
            for book in self.assignment.notebooks
            if book.name not in kept
            for cell in book.grade_cells
        }
        scores = self._scores.get(student)
        if scores is None:
            return Cause.GRADEBOOK
        tasks = {(b.name, cell.name) for b in self.assignment.notebooks for cell in b.task_cells}
        scores = {cell: points for cell, points in scores.items() if cell not in tasks}  # by hand
        return Cause.GRADEBOOK if scores != {**told, **missing} else None

    def _files(self, source: Path) -> dict[str, bytes]:
        """Return what lies beside the notebooks; the course's own files win."""
        ignore = [*self.course.directory.ignore, "*.ipynb"]
        paths = (Path(path) for path in find_all_files(str(source), ignore))
        own = {str(path.relative_to(source)): path for path in paths}
        ours = dict(self.assignment.files)
        folders = {str(folder) for name in ours for folder in PurePath(name).parents}
        theirs = {
            name: path.read_bytes()
            for name, path in own.items()
            if name != "timestamp.txt"
            # A file is in the way of a folder of that name, and the other way round.
            and name not in folders
            and not any(str(folder) in ours for folder in PurePath(name).parents)
        }
        return theirs | ours

    def _job(self, student: str, path: Path, files: Mapping[str, bytes], submission: str) -> Job:
        known = resources(self.course, self.assignment.name, path.stem, student)
        known[ASSIGNMENT] = self.assignment
        return job(
            self._steps.apply(parse(path.read_bytes()), known),
            path.stem,
            student=student,
            assignment=self.assignment,
            files=files,
            submission_hash=submission,
            limits=self._limits,
            resources=self.course.settings.resources_of(self.assignment.name),
            proof=self.proof,
        )


def job(
    notebook: NotebookNode,
    name: str,
    *,
    student: str,
    assignment: Assignment,
    files: Mapping[str, bytes],
    submission_hash: str,
    limits: Limits,
    resources: tuple[tuple[str, float], ...] = (),
    proof: Proof = NOTHING,
) -> Job:
    """Return the job for a sanitised notebook and the files beside it.

    Raises
    ------
    UnfitError
        If it cannot be written as a notebook file.
    """
    try:
        content = json.dumps(notebook, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        raise UnfitError("its notebook holds a number or a letter that no file can") from error
    known = assignment.find_notebook(name, assignment.name)
    return Job(
        student=student,
        assignment=assignment.name,
        notebook=name,
        content=content,
        files=tuple(sorted(files.items())),
        marks=assignment.marks,
        instructor_files=tuple(sorted(assignment.files.items())),
        seed=fingerprint(notebook)[:16],
        limits=limits,
        imports=known.imports,
        kernel=known.kernel,
        changed=known.changed,
        assignment_hash=assignment.hash,
        submission_hash=submission_hash,
        resources=resources,
        shared=proof.shared(name),
        unproven=proof.unproven(name),
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
    for number, entry in enumerate(_walk(source), 1):
        name = os.path.relpath(entry.path, source)
        if number > MOST_FILES:
            raise UnfitError(f"it contains more than {MOST_FILES:,} files")
        if (length := len(os.fsencode(name))) > LONGEST_PATH:
            raise UnfitError(
                f"the path of a file in it has {length:,} bytes, more than the {LONGEST_PATH:,} "
                f"allowed ({name[:40]}...); give its folders shorter names"
            )
        if entry.is_symlink():
            raise UnfitError(f"it contains a symbolic link, {name}")
        if entry.is_file():
            size += entry.stat().st_size
        elif not entry.is_dir():
            raise UnfitError(f"it contains {name}, which is neither a file nor a folder")
    if size > limits.scratch_mb << 20:
        raise UnfitError(f"it takes {size >> 20} MB, more than the {limits.scratch_mb} MB allowed")


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield what lies under a folder one by one: there may be millions."""
    folders = [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)


def _is_notebook(path: Path) -> bool:
    """Whether there is a notebook file; refuses what is none, or cannot be one."""
    if path.is_dir():
        raise UnfitError(f"its {path.name} is a folder")
    if path.exists() and (size := path.stat().st_size) > LARGEST_MB << 20:
        raise too_large(size)
    return path.exists()


def _stamp(path: Path) -> tuple[tuple[tuple[str, bytes], ...], datetime | None]:
    """Return the file that says when a submission was handed in, and what it says."""
    if not path.is_file():
        return (), None
    refusal = UnfitError("its timestamp.txt does not hold a date")
    if path.stat().st_size > MOST_STAMP:
        raise refusal
    content = path.read_bytes()
    try:
        text = provenance.stamp_text(content)
        date = parse_utc(text) if text else None
    except (ValueError, OverflowError) as error:
        raise refusal from error
    if text != content.decode(errors="replace").strip():
        content = text.encode()  # as nbgrader's other commands can read it
    return ((path.name, content),), date


def _reason(error: Exception) -> str:
    """Say in a few words why a submission cannot be graded."""
    if isinstance(error, UnfitError):
        return str(error)
    if isinstance(error, RecursionError):
        return "its notebook is nested too deeply"
    words = str(error).strip().splitlines() or [repr(error)]
    return f"{type(error).__name__}: {words[0]}"[:300].rstrip(".")
