"""Keeps how long a graded notebook and its cells took, apart from the notebook itself.

So the same submission, graded twice, gives the same file twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from autograder.model import Execution

#: Where they are kept, in the course directory.
FOLDER = Path(".autograder", "times")


def keep(root: Path, done: Execution) -> None:
    """Write how long a notebook took.

    Parameters
    ----------
    root
        The course directory.
    done
        The notebook, as it was executed.
    """
    path = _file(root, done.job.assignment, done.job.student, done.job.notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [{"cell": one.index, "seconds": round(one.seconds, 3)} for one in done.cells]
    path.write_text(json.dumps({"seconds": round(done.seconds, 3), "cells": cells}))


def total(
    root: Path, assignment: str, student: str, kept: Mapping[str, Mapping[str, Any]]
) -> float:
    """Return how long all notebooks of a submission took, in seconds.

    Parameters
    ----------
    root
        The course directory.
    assignment, student
        Whose.
    kept
        For each notebook what it keeps about its grading.
    """
    each = (_read(root, assignment, student, name, one) for name, one in kept.items())
    return sum(one["seconds"] for one in each)


def of_cells(
    root: Path, assignment: str, student: str, notebook: str, kept: Mapping[str, Any]
) -> dict[int, float]:
    """Return how long the cells of a notebook took, in seconds, by their numbers from 0.

    Parameters
    ----------
    root
        The course directory.
    assignment, student, notebook
        Whose.
    kept
        What the notebook keeps about its grading.
    """
    cells: Iterable[Any] = _read(root, assignment, student, notebook, kept)["cells"]
    return {one["cell"]: one["seconds"] for one in cells}


def _file(root: Path, assignment: str, student: str, notebook: str) -> Path:
    return root / FOLDER / assignment / student / f"{notebook}.json"


def _read(
    root: Path, assignment: str, student: str, notebook: str, kept: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what is known: notebooks of version 0.1.0 have it in themselves."""
    if "seconds" in kept:
        return {"seconds": kept["seconds"], "cells": kept.get("outcomes", [])}
    try:
        found: dict[str, Any] = json.loads(_file(root, assignment, student, notebook).read_text())
        return found
    except (OSError, ValueError):  # removed, or copied without it: only a table lacks it
        return {"seconds": 0.0, "cells": []}
