"""Opens an nbgrader course directory: its configuration and what lies in it."""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.apps import NbGrader
from nbgrader.converters import Autograde

from autograder import plugin
from autograder.coursedir.assignment import Assignment, load, marks
from autograder.model import AutograderError
from autograder.settings import Autograder, check_directory, read, usable


@dataclass(frozen=True)
class Course:
    """An open course."""

    app: Any  # the nbgrader application that holds the configuration and the log
    settings: Autograder

    @property
    def directory(self) -> Any:
        """The course directory as nbgrader knows it."""
        return self.app.coursedir

    @property
    def root(self) -> Path:
        """The course directory."""
        return Path(self.directory.root)

    def converter(self) -> Autograde:
        """Return nbgrader's own ``autograde`` for this course, for its settings and habits."""
        return Autograde(coursedir=self.directory, parent=self.app)

    def gradebook(self) -> Gradebook:
        """Open the gradebook (a context manager)."""
        return Gradebook(self.directory.db_url, self.directory.course_id)

    def load(self, gradebook: Gradebook, assignment: str) -> Assignment:
        """Read an assignment.

        Raises
        ------
        AutograderError
            If it is for a kernel that is not to be had.
        """
        exclude = self.converter().exclude_overwriting.get(assignment, [])
        source = self.folder("source", assignment)
        found = load(
            gradebook,
            assignment,
            source,
            ignore=self.directory.ignore,
            exclude=exclude,
            marks=marks(self.app.config),
        )
        for book in found.notebooks:
            book.check_kernel(
                self.settings.protection_of(assignment), here=not self.settings.scheduler
            )
        return found

    def folder(self, step: str, assignment: str, student: str = ".") -> Path:
        """Return where the files of a step (``submitted``, ...) lie."""
        name = getattr(self.directory, f"{step}_directory")
        return Path(self.directory.format_path(name, student, assignment))

    def students(self, step: str, assignment: str) -> list[str]:
        """Return the students who have a folder for ``assignment`` in ``step``, sorted.

        Raises
        ------
        AutograderError
            If the course gives students no folders of their own.
        """
        pattern = self.folder(step, assignment, "*")
        # The student's name is the one part of the path that the pattern leaves open.
        position = next((i for i, part in enumerate(pattern.parts) if part == "*"), None)
        if position is None:
            raise AutograderError(
                "c.CourseDirectory.directory_structure must have {student_id} as a folder of its "
                f"own, and is {self.directory.directory_structure!r}."
            )
        anchor = Path(*pattern.parts[:position])
        found = anchor.glob(str(pattern.relative_to(anchor))) if anchor.is_dir() else []
        names = {path.parts[position] for path in found if path.is_dir()}
        names -= set(self.directory.student_id_exclude.split(","))
        return sorted(name for name in names if not name.startswith("."))  # hidden, as for nbgrader

    def check_assignment(self, name: str) -> None:
        """Raise `AutograderError` unless ``name`` has been generated in this course."""
        with self.gradebook() as gradebook:
            # Formgrader lists an assignment before there is anything in it.
            known = sorted(a.name for a in gradebook.assignments if a.notebooks)
        if name in known:
            return
        if not known:
            raise AutograderError(
                f"There is no assignment in the gradebook of {self.root}. "
                f"Generate it first: nbgrader generate_assignment {name}"
            )
        hint = did_you_mean(name, known)
        raise AutograderError(f"There is no assignment '{name}' in the gradebook{hint}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of an error message: a question, or the list of what is known."""
    known = list(known)
    near = [one for one in difflib.get_close_matches(word, known, cutoff=0.5) if _alike(word, one)]
    return f"; did you mean '{near[0]}'?" if near else f" (there are: {', '.join(known)})."


def _alike(word: str, name: str) -> bool:
    """Compare what follows "day2_" or "hw-", which makes the names of a group alike."""
    ours, theirs = (re.split("[_-]", one, maxsplit=1)[1:] for one in (word, name))
    return not (ours and theirs) or difflib.SequenceMatcher(None, ours[0], theirs[0]).ratio() >= 0.5


def open_course(root: Path, *, verbose: bool = False) -> Course:
    """Open the nbgrader course in ``root``.

    Raises
    ------
    AutograderError
        If there is no course directory there, or its configuration cannot be used.
    """
    root = root.absolute()
    check_directory(root)
    NbGrader.clear_instance()
    app = NbGrader.instance(log_level=logging.INFO if verbose else logging.CRITICAL)
    app.load_cwd_config = False  # the course's own file is read in any case, and only once
    app.raise_config_file_errors = True  # it would go on without the file
    with usable(root):
        app.initialize([], root=str(root))
        plugin.configure(app.config)
        return Course(app, read(app.config))
