"""Says how long the cells of an assignment took in all submissions."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.coursedir.directory import Course
from autograder.record import times


@dataclass(frozen=True)
class Timing:
    """One cell in all submissions."""

    cell: str  # where several notebooks were graded, after its notebook's name
    median: float  # in seconds
    worst: float
    who: str  # whose the worst is
    runs: int


def timings(course: Course, assignment: str, students: Iterable[str]) -> list[Timing]:
    """Return how long each marked cell took, the longest first.

    Parameters
    ----------
    course, assignment, students
        Whose graded notebooks to read; what is not graded, or was not by this grader, is left out.

    Returns
    -------
    list of Timing
    """
    seconds: dict[tuple[str, str], dict[str, float]] = {}
    for student in students:
        for path in sorted(course.folder("autograded", assignment, student).glob("*.ipynb")):
            for cell, took in _of(course, assignment, student, path).items():
                seconds.setdefault((path.stem, cell), {})[student] = took
    several = len({notebook for notebook, _ in seconds}) > 1
    found = [
        Timing(
            f"{notebook}, {cell}" if several else cell,
            statistics.median(by_student.values()),
            max(by_student.values()),
            max(by_student, key=lambda student: by_student[student]),
            len(by_student),
        )
        for (notebook, cell), by_student in seconds.items()
    ]
    return sorted(found, key=lambda one: -one.worst)


def _of(course: Course, assignment: str, student: str, path: Path) -> dict[str, float]:
    notebook: dict[str, Any] = json.loads(path.read_bytes())
    kept = notebook["metadata"].get("autograder", {})
    took = times.of_cells(course.root, assignment, student, path.stem, kept)
    named = {
        index: cell["metadata"].get("nbgrader", {}).get("grade_id")
        for index, cell in enumerate(notebook["cells"])
    }
    return {name: took[index] for index, name in named.items() if name and index in took}
