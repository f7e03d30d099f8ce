"""What is known of an assignment before any of its submissions is looked at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode


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
    try:
        notebook = nbformat.reads(source.read_bytes().decode(), as_version=4)
        cells = [cell.source for cell in notebook.cells if _plain(cell)]
    except Exception:  # whatever is wrong with it, nbgrader said so when it was released
        return ""
    lines = dict.fromkeys(line for cell in cells for line in _imports(cell))
    future = [line for line in lines if line.startswith("from __future__")]
    return "\n".join([*future, *(line for line in lines if line not in future)])


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
