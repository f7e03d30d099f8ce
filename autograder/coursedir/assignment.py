"""What is known about an assignment before any of its submissions is opened."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import ClearHiddenTests

from autograder.coursedir.changed_data import changed_names
from autograder.coursedir.provenance import digest
from autograder.model import HIDDEN_TESTS, AutograderError, Protection


@dataclass(frozen=True)
class Cell:
    """A cell that the instructor marked, with what nbgrader's steps ask of their own."""

    name: str
    cell_type: str
    source: str
    locked: bool
    checksum: str
    grade: bool = False
    solution: bool = False
    task: bool = False
    max_score: float | None = None  # of cells that have points

    @property
    def mark(self) -> dict[str, Any]:
        """The metadata that nbgrader gave to this cell."""
        mark = {
            "grade": self.grade,
            "grade_id": self.name,
            "locked": self.locked,
            "schema_version": 3,
            "solution": self.solution,
            "task": self.task,
        }
        return mark if self.max_score is None else {**mark, "points": self.max_score}


@dataclass(frozen=True)
class Original:
    """A notebook as the instructor released it, with what nbgrader's steps ask of their own."""

    name: str
    kernelspec: Mapping[str, Any]
    source_cells: tuple[Cell, ...]
    imports: str = ""  # see `imports`
    plain_cells: tuple[str, ...] = ()  # what its unmarked cells say, where the source is there
    ids: Mapping[str, str] = field(default_factory=dict)  # of the format, with nbgrader's names
    changed: tuple[str, ...] = ()  # see `autograder.coursedir.changed_data.changed_names`

    @cached_property
    def by_name(self) -> Mapping[str, Cell]:
        """The cells by their names."""
        return {cell.name: cell for cell in self.source_cells}

    @property
    def kernel(self) -> str:
        """The name of its kernel, if that is of another language than Python; else nothing."""
        language = str(self.kernelspec.get("language") or "python")
        if language.lower().startswith(("python", "ipython")):
            return ""
        return str(self.kernelspec.get("name") or language)

    def check_kernel(self, protection: str, *, here: bool) -> None:
        """Raise `AutograderError` if the notebook is for a kernel that cannot be had.

        Parameters
        ----------
        protection
            What the course asks for.
        here
            Whether this machine runs the kernels.
        """
        if not self.kernel:
            return
        if protection == Protection.SEPARATE:
            raise AutograderError(
                f"The notebook {self.name}.ipynb is for the kernel '{self.kernel}', whose tests "
                "share a process with the student's code, and c.Autograder.protection is "
                "'separate'; leave it at 'auto' for this assignment, or change the kernel."
            )
        if here and self.kernel not in (known := KernelSpecManager().find_kernel_specs()):
            raise AutograderError(
                f"The notebook {self.name}.ipynb is for the kernel '{self.kernel}', which is not "
                f"installed here (there are: {', '.join(sorted(known))}). Install it, or change "
                "the notebook's kernel in the source and generate it again."
            )

    @property
    def grade_cells(self) -> list[Cell]:
        """The cells with points, but for tasks."""
        return [cell for cell in self.source_cells if cell.grade]

    @property
    def solution_cells(self) -> list[Cell]:
        """The cells with answers."""
        return [cell for cell in self.source_cells if cell.solution]

    @property
    def graded_cells(self) -> list[Cell]:
        """The cells with points, tasks too."""
        return [cell for cell in self.source_cells if cell.max_score is not None]

    @property
    def task_cells(self) -> list[Cell]:
        """The tasks."""
        return [cell for cell in self.source_cells if cell.task]


@dataclass(frozen=True)
class Assignment:
    """All of an assignment; it answers the questions that nbgrader's steps have for a gradebook."""

    name: str
    notebooks: tuple[Original, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)  # beside them, by relative path
    marks: tuple[str, str] = HIDDEN_TESTS  # what stands before and after hidden tests

    @cached_property
    def hash(self) -> str:
        """A digest of everything that comes from the assignment into a grade."""
        said = [
            [
                [book.name, dict(book.kernelspec), book.imports, *book.changed],
                [
                    [cell.cell_type, cell.source, cell.mark]
                    for cell in sorted(book.source_cells, key=lambda cell: cell.name)
                ],
            ]
            for book in self.notebooks
        ]
        named = [(os.fsencode(name), self.files[name]) for name in sorted(self.files)]
        files = [part for pair in named for part in pair]
        marks = [mark.encode() for mark in self.marks]
        return digest([json.dumps(said, sort_keys=True).encode(), *marks, *files])

    def find_notebook(self, name: str, assignment: str) -> Original:
        """Return a notebook; raises nbgrader's ``MissingEntry`` if there is none."""
        for book in self.notebooks:
            if (book.name, self.name) == (name, assignment):
                return book
        raise MissingEntry(f"No such notebook: {assignment}/{name}")

    def find_source_cell(self, name: str, notebook: str, assignment: str) -> Cell:
        """Return a cell; raises nbgrader's ``MissingEntry`` if there is none."""
        try:
            return self.find_notebook(notebook, assignment).by_name[name]
        except KeyError:
            raise MissingEntry(f"No such cell: {assignment}/{notebook}/{name}") from None

    find_graded_cell = find_source_cell


def load(
    gradebook: Gradebook,
    name: str,
    source: Path,
    *,
    ignore: Sequence[str] = (),
    exclude: Sequence[str] = (),
    marks: tuple[str, str] = HIDDEN_TESTS,
) -> Assignment:
    """Read an assignment from the gradebook and its ``source`` folder.

    Parameters
    ----------
    ignore, exclude
        Patterns of files that are no part of it, and files that students may change.
    marks
        What the course has before and after hidden tests.

    Raises
    ------
    nbgrader.api.MissingEntry
        If the gradebook does not have it.
    """
    books = [
        _original(book, source / f"{book.name}.ipynb")
        for book in gradebook.find_assignment(name).notebooks
    ]
    paths = (Path(path) for path in utils.find_all_files(str(source), [*ignore, "*.ipynb"]))
    files = {str(path.relative_to(source)): path for path in paths}
    return Assignment(
        name,
        tuple(books),
        {place: path.read_bytes() for place, path in files.items() if place not in exclude},
        marks,
    )


def marks(config: Any) -> tuple[str, str]:
    """Return what a course has before and after hidden tests, from its configuration."""
    step = ClearHiddenTests(config=config)
    return step.begin_test_delimeter, step.end_test_delimeter


def _original(book: Any, source: Path) -> Original:
    cells = _read(source)
    named = [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("grade_id")]
    ids = {cell.id: str(cell.metadata.nbgrader.grade_id) for cell in named if "id" in cell}
    order = {str(cell.metadata.nbgrader.grade_id): place for place, cell in enumerate(named)}
    # The gradebook has a cell that was added later behind the others.
    known = sorted(_cells(book), key=lambda cell: order.get(cell.name, len(order)))
    return Original(
        book.name,
        json.loads(book.kernelspec or "null") or {},
        tuple(known),
        imports(source),
        tuple(cell.source for cell in cells if not cell.metadata.get("nbgrader")),
        ids,
        changed_names(source),
    )


def _read(source: Path) -> list[NotebookNode]:
    """Return the cells of a source notebook; none where it cannot be read."""
    try:
        notebook = nbformat.reads(source.read_bytes().decode(), as_version=4)
        cells: list[NotebookNode] = [cell for cell in notebook.cells if cell.metadata is not None]
        return cells
    except Exception:  # whatever is wrong with it, nbgrader said so when it was released
        return []


def _cells(book: Any) -> tuple[Cell, ...]:
    most = {cell.name: float(cell.max_score) for cell in (*book.grade_cells, *book.task_cells)}
    grades, solutions, tasks = (
        {cell.name for cell in cells}
        for cells in (book.grade_cells, book.solution_cells, book.task_cells)
    )
    return tuple(
        Cell(
            cell.name,
            cell.cell_type,
            cell.source,
            cell.locked,
            cell.checksum,
            grade=cell.name in grades,
            solution=cell.name in solutions,
            task=cell.name in tasks,
            max_score=most.get(cell.name),
        )
        for cell in book.source_cells
    )


def imports(source: Path) -> str:
    """Return the top-level imports of the instructor's own cells in a source notebook.

    The tests run where the student's code does not, and an author may rely on a module that a plain
    cell of the assignment imports. Cells with an answer or a test, and locked cells, are left out:
    the former may hold what students shall find, the latter are run with the tests anyway.

    Parameters
    ----------
    source : Path
        The notebook under ``source/``; where there is none, or no readable one, nothing is known
        to be imported.
    """
    cells = [cell.source for cell in _read(source) if _plain(cell)]
    lines = dict.fromkeys(line for cell in cells for line in _imports(cell))
    future = [line for line in lines if line.startswith("from __future__")]
    return "\n".join([*future, *(line for line in lines if line not in future)])


def stale(assignment: Assignment, source: Path) -> list[str]:
    """Return the test cells and locked cells that their author changed since they were generated.

    Grading uses what the gradebook has, and what students fetched was made at the same time.

    Parameters
    ----------
    assignment : Assignment
        As the gradebook has it.
    source : Path
        Its folder under ``source/``.

    Returns
    -------
    list of str
        Names of cells, in the order of the notebooks; nothing of a notebook that cannot be read.
    """
    changed = []
    for book in assignment.notebooks:
        try:
            notebook = nbformat.reads(
                (source / f"{book.name}.ipynb").read_bytes().decode(), as_version=4
            )
        except Exception:  # there is none, or whatever is wrong with it: nbgrader says so
            continue
        for cell in notebook.cells:
            mark = cell.metadata.get("nbgrader", {})
            if mark.get("solution") or not (mark.get("grade") or mark.get("locked")):
                continue
            known = book.by_name.get(mark.get("grade_id"))
            scored = mark.get("grade") or mark.get("task")
            points = float(mark.get("points", 0)) if scored else None
            if known is None or (known.source, known.max_score) != (cell.source, points):
                changed.append(str(mark.get("grade_id")))
    return changed


def _plain(cell: NotebookNode) -> bool:
    mark = cell.metadata.get("nbgrader", {})
    special = any(mark.get(name) for name in ("grade", "solution", "locked", "task"))
    return cell.cell_type == "code" and not special


def _imports(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        # IPython's own syntax, perhaps; imported here because few notebooks need it.
        from IPython.core.inputtransformer2 import TransformerManager

        try:
            tree = ast.parse(TransformerManager().transform_cell(source))
        except (SyntaxError, ValueError):
            return
    for statement in tree.body:
        relative = isinstance(statement, ast.ImportFrom) and statement.level
        if isinstance(statement, ast.Import | ast.ImportFrom) and not relative:
            yield ast.unparse(statement)
