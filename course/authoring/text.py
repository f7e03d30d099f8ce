"""Reads the text of a lecture or assignment as notebook cells with their line numbers."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course.errors import CourseError, choose_from

MYST, PERCENT = "md:myst", "py:percent"

# The metadata of a cell that its author decides; everything else is a trace of some editor.
CELL_METADATA = ("nbgrader", "tags", "title", "mystnb")

# What jupytext notes about the shape of the text, not about the cell.
LAYOUT = ("lines_to_next_cell", "lines_to_end_of_cell_marker", "cell_marker")

# What nbformat accepts as the id of a cell.
CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")

_MARKER = re.compile(r"# %%(\s|$)")


class AuthoringError(CourseError):
    """A text and its notebook cannot be made to agree, or the text breaks a rule."""


@dataclass(frozen=True)
class Cell:
    """A cell of a text, with the lines on which its marker and its source stand."""

    line: int
    source_line: int
    node: nbformat.NotebookNode

    @property
    def source(self) -> str:
        """The cell's own lines."""
        return str(self.node.source)

    @property
    def grade_id(self) -> str | None:
        """The name nbgrader knows the cell by, if it has one."""
        return self.node.metadata.get("nbgrader", {}).get("grade_id")


def contents(path: Path, label: str) -> str:
    """Return what a text file says; `label` names it in errors.

    Parameters
    ----------
    path : Path
        The file.
    label : str
        Its name in errors.

    Returns
    -------
    str

    Raises
    ------
    AuthoringError
        If there is no such file, or it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise AuthoringError(f"there is no {label}; write it first") from None
    except UnicodeDecodeError:
        raise AuthoringError(f"{label} is not UTF-8 text; save it as UTF-8") from None


def read(text: str, fmt: str, label: str) -> nbformat.NotebookNode:
    """Read a text as a notebook; `label` names the file in errors.

    Parameters
    ----------
    text : str
        What the file says.
    fmt : str
        `MYST` or `PERCENT`.
    label : str
        The file's name in errors.

    Returns
    -------
    NotebookNode

    Raises
    ------
    AuthoringError
        If jupytext cannot read the text.
    """
    import jupytext  # takes a second and a half: only commands that convert pay for it

    try:
        return jupytext.reads(text, fmt=fmt)
    except Exception as error:  # YAML, JSON and MyST each have errors of their own
        reason = " ".join(str(error).split())
        raise AuthoringError(f"{label} cannot be read as {fmt}, so correct it: {reason}") from None


def read_cells(path: Path, label: str | None = None) -> list[Cell]:
    """Read a py:percent file as cells with the line of each.

    Parameters
    ----------
    path : Path
        The file to read.
    label : str, optional
        How errors name the file; its path if left out.

    Returns
    -------
    list of Cell
        In the order of the file. Whatever stands before the first marker is a cell as well.

    Raises
    ------
    AuthoringError
        If the file cannot be read, or a string contains a cell marker.
    """
    label = label or str(path)
    text = contents(path, label)
    nodes = read(text, PERCENT, label).cells
    lines = _cell_lines(text)
    if len(nodes) != len(lines):
        raise AuthoringError(
            f"{label} has {len(lines)} cell markers and {len(nodes)} cells; a line inside a string "
            "starts with '# %%', so indent that line"
        )
    return [Cell(*where, node) for where, node in zip(lines, nodes, strict=True)]


def read_lecture(path: Path, label: str) -> list[Cell]:
    """Read a lecture as cells with the line of each; `label` names the file in errors.

    Parameters
    ----------
    path : Path
        A MyST file.
    label : str
        Its name in errors.

    Returns
    -------
    list of Cell
        In the order of the file.
    """
    from jupytext.myst import myst_to_notebook

    text = contents(path, label)
    nodes = read(text, MYST, label).cells
    lines = text.splitlines()
    starts = myst_to_notebook(text, add_source_map=True).metadata["source_map"]
    sources = [next(n for n in range(start, len(lines)) if lines[n].strip()) for start in starts]
    return [Cell(n + 1, n + 1, node) for n, node in zip(sources, nodes, strict=True)]


def check_metadata(notebook: nbformat.NotebookNode, label: str) -> None:
    """Refuse metadata in a text that its notebook would drop, most likely a typing error.

    Parameters
    ----------
    notebook : NotebookNode
        What was read from a text.
    label : str
        The text's name in errors.

    Raises
    ------
    AuthoringError
        If a cell has metadata that is neither in `CELL_METADATA` nor in `LAYOUT`.
    """
    for position, cell in enumerate(notebook.cells, start=1):
        for key in cell.metadata:
            if key not in CELL_METADATA + LAYOUT:
                raise AuthoringError(
                    f"{label}: cell {position} has the unknown metadata '{key}'; "
                    f"{choose_from(key, CELL_METADATA)}"
                )


def _cell_lines(text: str) -> list[tuple[int, int]]:
    """Return the lines, counted from 1, of the marker and of the source of each cell."""
    lines = text.splitlines()
    start = 0
    if lines and lines[0].strip() == "# ---":  # the header, up to its second rule
        start = next((n + 1 for n, line in enumerate(lines) if n and line.strip() == "# ---"), 0)
    filled = [n for n in range(start, len(lines)) if lines[n].strip()]
    # What stands before the first marker is a cell without a marker.
    starts = [n for n in filled if n == filled[0] or _MARKER.match(lines[n])]
    sources = [
        next((m for m in filled if m > n), n) if _MARKER.match(lines[n]) else n for n in starts
    ]
    return [(n + 1, m + 1) for n, m in zip(starts, sources, strict=True)]
