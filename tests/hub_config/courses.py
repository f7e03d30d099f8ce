"""The course that the browser tests use, and what a student types into its notebook."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[2]
SOLUTION = re.compile(r"^\s*### (BEGIN|END) SOLUTION\n?", re.MULTILINE)


@dataclass(frozen=True)
class Course:
    """A course directory with one assignment of one notebook."""

    folder: Path
    assignment: str
    notebook: str
    solutions: tuple[str, ...]  # full text of each cell to fill in, in order
    points: float

    @property
    def feedback(self) -> str:
        """File name of the notebook's feedback."""
        return self.notebook.replace(".ipynb", ".html")


def copy_course(folder: Path, assignment: str) -> Course:
    """Copy the real course, so that nothing is written into the checkout."""
    shutil.copytree(ROOT / "assignments" / "source" / assignment, folder / "source" / assignment)
    shutil.copy(ROOT / "assignments" / "nbgrader_config.py", folder)
    return _describe(folder, assignment)


def small_course(folder: Path) -> Course:
    """Write a course of one question, which needs only NumPy."""
    cells = [
        new_markdown_cell("# Means\n\nWrite a function that returns the mean of an array."),
        new_code_cell(
            "import numpy as np\n\n\ndef mean(x):\n    ### BEGIN SOLUTION\n"
            "    return np.sum(x) / np.size(x)\n    ### END SOLUTION\n",
            metadata={"nbgrader": _cell("mean", solution=True)},
        ),
        new_code_cell(
            "assert mean(np.array([1.0, 3.0])) == 2.0\n"
            "### BEGIN HIDDEN TESTS\nassert mean(np.arange(5)) == 2.0\n### END HIDDEN TESTS\n",
            metadata={"nbgrader": _cell("mean_test", grade=True, points=3)},
        ),
    ]
    notebook = new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    source = folder / "source" / "ps1"
    source.mkdir(parents=True)
    nbformat.write(notebook, source / "means.ipynb")
    (folder / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.course_id = "small"\n'
    )
    return _describe(folder, "ps1")


KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def _cell(grade_id: str, **settings: object) -> dict[str, object]:
    fixed = {"schema_version": 3, "grade": False, "solution": False, "task": False}
    locked = not settings.get("solution")
    return {**fixed, "locked": locked, "grade_id": grade_id, **settings}


def _describe(folder: Path, assignment: str) -> Course:
    (path,) = (folder / "source" / assignment).glob("*.ipynb")
    settings = [(cell, cell.metadata.get("nbgrader", {})) for cell in nbformat.read(path, 4).cells]
    return Course(
        folder,
        assignment,
        path.name,
        tuple(SOLUTION.sub("", cell.source) for cell, own in settings if own.get("solution")),
        float(sum(own["points"] for _, own in settings if own.get("grade"))),
    )
