"""Grades with nbgrader's own execution and scoring, in warm kernels: the comparison for authors.

Everything is nbgrader's except where the kernel's process comes from: a fork of our zygote instead
of a fresh interpreter, which would spend most of its time on importing. Submissions run behind the
same walls as in our own grading.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import Execute
from traitlets.config import Config

from autograder.coursedir.directory import Course
from autograder.coursedir.nbgrader_steps import addressed
from autograder.execute.kernel_manager import ForkKernelManager
from autograder.execute.zygote import Zygote
from autograder.model import AutograderError, Job


class _Said(logging.Handler):
    """Keeps the last line of the traceback that nbgrader logs, and does not raise."""

    reason = ""

    def emit(self, record: logging.LogRecord) -> None:
        lines = record.getMessage().strip().splitlines()
        if lines and lines[0].startswith("Traceback"):
            self.reason = lines[-1]


def grade(
    course: Course,
    assignment: str,
    students: Sequence[str],
    failed: Callable[[str, str], None] | None = None,
) -> Iterator[tuple[str, dict[str, float | None]]]:
    """Grade ``students`` one after another; yield each with the points of every graded cell.

    Parameters
    ----------
    course : Course
        One of its own: its gradebook and ``autograded`` folder are written to.
    assignment : str
        Whose submissions.
    students : sequence of str
        Who submitted.
    failed : callable, optional
        Takes a student whose submission nbgrader could not grade, and why; the others are graded.

    Raises
    ------
    AutograderError
        If nbgrader cannot grade a submission, and nobody takes that.
    """
    settings = course.settings
    isolated = settings.sandbox
    with Zygote(settings.preload, settings.directories, isolated=isolated) as zygote:
        # Its own converter, with nbgrader's own list of steps in place of ours.
        config = Config({k: v for k, v in course.app.config.items() if k != "Autograde"})
        converter = Autograde(coursedir=course.directory, config=config)
        converter.force = True
        # Not the application's, which may be told to keep quiet.
        converter.log, said = logging.Logger("nbgrader", logging.ERROR), _Said()
        converter.log.addHandler(said)
        own = converter.autograde_preprocessors
        converter.autograde_preprocessors = [
            _warm(zygote, step) if step is Execute else step for step in own
        ]
        for student in students:
            try:
                with addressed(course.directory, assignment, student):
                    converter.start()
            except NbGraderException as error:
                why = said.reason or str(error)
                if failed is None:
                    raise AutograderError(f"nbgrader could not grade {student}: {why}") from error
                failed(student, why)
            else:
                yield student, _points(course, assignment, student)


def _warm(zygote: Zygote, base: type[Execute]) -> type[Execute]:
    """Return nbgrader's ``Execute`` with kernels from ``zygote``."""
    beside: dict[str, bytes] = {}

    class Kernel(ForkKernelManager):
        def __init__(self, **_: Any) -> None:
            super().__init__(zygote, Job("", "", "", b"", files=tuple(beside.items())))

    class Warm(base):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, kernel_manager_class=Kernel, **kwargs)

        def preprocess(self, nb: Any, resources: Any, *args: Any) -> Any:
            # The kernel does not see the folder itself, in which nbgrader would start one.
            folder = Path(resources["metadata"]["path"])
            paths = [path for path in folder.rglob("*") if path.is_file()]
            beside.clear()
            beside.update({str(path.relative_to(folder)): path.read_bytes() for path in paths})
            return super().preprocess(nb, resources, *args)

    return Warm


def _points(course: Course, assignment: str, student: str) -> dict[str, float | None]:
    with course.gradebook() as gradebook:
        submission = gradebook.find_submission(assignment, student)
        return {
            grade.name: grade.auto_score
            for notebook in submission.notebooks
            for grade in notebook.grades
        }
