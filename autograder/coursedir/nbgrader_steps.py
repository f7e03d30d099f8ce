"""Takes a notebook through nbgrader's steps and gives them what they would look up themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import chdir, contextmanager
from typing import Any, Literal

from nbformat import NotebookNode
from nbgrader.converters import Autograde
from traitlets.utils.importstring import import_item

from autograder.coursedir.directory import Course

#: Under which names our steps find the `Assignment`, the open `Ledger` and the `Execution` among
#: the resources; in nbgrader's own commands the first two are not there, and are opened.
ASSIGNMENT, LEDGER, EXECUTION = "autograder_assignment", "autograder_ledger", "autograder_execution"


class Steps:
    """The steps of one half of ``nbgrader autograde``, made once for a run.

    nbgrader makes them again for each notebook, and validates the notebook after each of them.

    Parameters
    ----------
    converter : Autograde
        Its configuration is theirs.
    steps
        Classes or their names.
    """

    def __init__(self, converter: Autograde, steps: Iterable[Any]) -> None:
        classes = [import_item(step) if isinstance(step, str) else step for step in steps]
        self._steps = [step(parent=converter) for step in classes]

    def apply(self, notebook: NotebookNode, resources: dict[str, Any]) -> NotebookNode:
        """Return the notebook after all steps; it is changed in place."""
        for step in self._steps:
            notebook, resources = step(notebook, resources)
        return notebook


def resources(course: Course, assignment: str, notebook: str, student: str) -> dict[str, Any]:
    """Return what nbgrader's steps want to know of the notebook that they work on."""
    folder = course.folder("autograded", assignment, student)
    return {
        "metadata": {"name": notebook, "path": str(folder)},
        "nbgrader": {
            "assignment": assignment,
            "db_url": course.directory.db_url,
            "notebook": notebook,
            "student": student,
        },
        "output_files_dir": f"{notebook}_files",
        "unique_key": notebook,
    }


def run_hook(
    course: Course,
    converter: Autograde,
    which: Literal["pre", "post"],
    assignment: str,
    student: str,
    notebooks: Sequence[str],
) -> bool:
    """Run the course's own hook around a submission, as nbgrader does; return if there is one."""
    if getattr(converter, f"{which}_convert_hook") is None:
        return False
    converter.notebooks = list(notebooks)
    with addressed(course.directory, assignment, student), chdir(course.root):
        getattr(converter, f"run_{which}_convert_hook")()
    return True


@contextmanager
def addressed(directory: Any, assignment: str, student: str) -> Iterator[None]:
    """Make nbgrader's course directory speak of one submission."""
    before = directory.assignment_id, directory.student_id
    directory.assignment_id, directory.student_id = assignment, student
    try:
        yield
    finally:
        directory.assignment_id, directory.student_id = before
