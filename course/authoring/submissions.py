"""Turns authored solutions, alternatives and deliberate mistakes into submission notebooks."""

import copy
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from course.authoring.release_rules import without_marker_lines
from course.authoring.text import LAYOUT, Cell, read_cells
from course.errors import CourseError, choose_from


class SubmissionError(CourseError):
    """What a submission would be made of contradicts the assignment."""


@dataclass(frozen=True)
class Mutant:
    """One mistake a student makes.

    Attributes
    ----------
    name : str
        Unique within the assignment.
    cell : str
        The grade_id of the solution cell that it replaces.
    loses : tuple of str
        The grade_ids of the test cells that must notice it.
    description : str
        The mistake in one sentence, for people.
    source : str
        What stands in the cell instead of the reference.
    """

    name: str
    cell: str
    loses: tuple[str, ...]
    description: str
    source: str


@dataclass(frozen=True)
class Material:
    """Everything an assignment's submissions are made of.

    Attributes
    ----------
    reference : dict of str to str
        The source of every solution cell by its grade_id: earns every point.
    mutants : tuple of Mutant
        The mistakes, in the order of their file.
    alternatives : dict of str to dict
        By the name of their file, other correct solutions: complete, like the reference, which
        fills the cells they leave alone.
    """

    reference: dict[str, str]
    mutants: tuple[Mutant, ...]
    alternatives: dict[str, dict[str, str]]

    def mutated(self, mutant: Mutant) -> dict[str, str]:
        """Return the reference with this one mistake in it.

        Parameters
        ----------
        mutant : Mutant
            Replaces one solution cell.

        Returns
        -------
        dict of str to str
            Source of each solution cell.
        """
        return {**self.reference, mutant.cell: mutant.source}


def load(root: Path, name: str, *, draft: bool = False) -> Material:
    """Read the reference, the mutants and the alternatives of an assignment.

    Parameters
    ----------
    root : Path
        The checkout.
    name : str
        The assignment.
    draft : bool
        Whether the file of the mutants may be absent or empty.

    Returns
    -------
    Material
        What `fill` takes.

    Raises
    ------
    SubmissionError
        If a mutant or an alternative names a cell that the assignment does not have, or says too
        little, with the file and the line.
    AuthoringError
        If a file is missing or cannot be read.
    """
    authored = read_cells(*_named(root, root / "assignments" / "authoring" / f"{name}.py"))
    graders = {cell.grade_id: cell.node.metadata["nbgrader"] for cell in authored if cell.grade_id}
    reference = {
        cell.grade_id: without_marker_lines(cell.source)
        for cell in authored
        if cell.grade_id and graders[cell.grade_id].get("solution")
    }
    tests = [grade_id for grade_id, meta in graders.items() if meta.get("grade")]
    folder = root / "tests" / "mutants" / name
    path, label = _named(root, folder / "mutants.py")
    mutants = _mutants(path, label, reference, tests) if path.exists() or not draft else ()
    if not mutants and not draft:
        raise SubmissionError(f"{label} has no mutants; write the mistakes that students make")
    return Material(
        reference=reference,
        mutants=mutants,
        alternatives={
            path.stem: {**reference, **_alternative(*_named(root, path), reference)}
            for path in sorted(folder.glob("alternative_*.py"))
        },
    )


def fill(
    release_notebook: nbformat.NotebookNode, cells: Mapping[str, str]
) -> nbformat.NotebookNode:
    """Return a copy of a released notebook with its solution cells filled in.

    Parameters
    ----------
    release_notebook : NotebookNode
        As a student fetches it.
    cells : mapping of str to str
        The new source of each solution cell by its grade_id; the others stay blank.

    Returns
    -------
    NotebookNode
        As a student submits it.

    Raises
    ------
    SubmissionError
        If there is no solution cell with such a grade_id.
    """
    notebook = copy.deepcopy(release_notebook)
    found = {
        meta["grade_id"]: cell
        for cell in notebook.cells
        if (meta := _nbgrader(cell)) and meta.get("solution")
    }
    for grade_id, source in cells.items():
        if grade_id not in found:
            raise SubmissionError(
                f"the released notebook has no solution cell '{grade_id}'; "
                f"{choose_from(grade_id, found)}"
            )
        found[grade_id].source = source
    return notebook


def points(notebook: nbformat.NotebookNode) -> dict[str, float]:
    """Return the points of every graded cell by its grade_id, in order.

    Parameters
    ----------
    notebook : NotebookNode
        A source or a released notebook.

    Returns
    -------
    dict of str to float
    """
    return {
        meta["grade_id"]: float(meta["points"])
        for cell in notebook.cells
        if (meta := _nbgrader(cell)) and meta.get("grade")
    }


def expected(points: Mapping[str, float], loses: Collection[str]) -> float:
    """Return what remains of all `points` where the test cells in `loses` give none.

    Parameters
    ----------
    points : mapping of str to float
        Points of each graded cell.
    loses : collection of str
        Graded cells that give nothing.

    Returns
    -------
    float

    Raises
    ------
    SubmissionError
        If `loses` names a cell that is not graded.
    """
    for grade_id in loses:
        if grade_id not in points:
            raise SubmissionError(
                f"there is no graded cell '{grade_id}' to lose; {choose_from(grade_id, points)}"
            )
    return sum(value for grade_id, value in points.items() if grade_id not in loses)


def _nbgrader(cell: nbformat.NotebookNode) -> dict[str, Any]:
    return cell.metadata.get("nbgrader", {})


def _named(root: Path, path: Path) -> tuple[Path, str]:
    return path, path.relative_to(root).as_posix()


def _mutants(
    path: Path, label: str, reference: Mapping[str, str], tests: Collection[str]
) -> tuple[Mutant, ...]:
    mutants: dict[str, Mutant] = {}
    for cell in _sources(path, label):
        where = f"{label}:{cell.line}"
        _check_keys(cell, ("mutant", "cell", "loses"), where)
        meta = cell.node.metadata
        mutant = Mutant(
            name=meta["mutant"],
            cell=meta["cell"],
            loses=tuple(meta["loses"]),
            description=_description(cell, where),
            source=cell.source,
        )
        where = f"{where}: mutant '{mutant.name}'"
        if mutant.name in mutants:
            raise SubmissionError(f"{where} exists already; give it another name")
        _check_known(mutant.cell, reference, f"{where}: no solution cell")
        for test in mutant.loses:
            _check_known(test, tests, f"{where}: no graded cell")
        if not mutant.loses:
            raise SubmissionError(f"{where} loses nothing; name the test cells that must notice it")
        mutants[mutant.name] = mutant
    return tuple(mutants.values())


def _alternative(path: Path, label: str, reference: Mapping[str, str]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for cell in _sources(path, label):
        where = f"{label}:{cell.line}"
        _check_keys(cell, ("cell",), where)
        name = cell.node.metadata["cell"]
        _check_known(name, reference, f"{where}: no solution cell")
        if name in cells:
            raise SubmissionError(f"{where}: cell '{name}' exists already; keep one of them")
        cells[name] = cell.source
    return cells


def _sources(path: Path, label: str) -> Iterable[Cell]:
    """Yield the code cells of a file after whatever it says about itself at its top."""
    for number, cell in enumerate(read_cells(path, label)):
        titled = number == 0 and not cell.node.metadata.keys() - LAYOUT
        if cell.node.cell_type == "code" and not titled:
            yield cell


def _check_keys(cell: Cell, keys: tuple[str, ...], where: str) -> None:
    meta = cell.node.metadata
    for key in keys:
        if key not in meta:
            raise SubmissionError(f"{where}: the cell has no '{key}=...'; add it after '# %%'")
        kind = list if key == "loses" else str
        if not isinstance(meta[key], kind):
            wanted = '["test_a", "test_b"]' if kind is list else '"name"'
            raise SubmissionError(f"{where}: {key} = {meta[key]!r}; write {key}={wanted}")
    for key in meta:
        if key not in (*keys, *LAYOUT):
            raise SubmissionError(f"{where}: the cell has '{key}'; {choose_from(key, keys)}")


def _check_known(name: str, known: Collection[str], what: str) -> None:
    if name not in known:
        raise SubmissionError(f"{what} '{name}' in the assignment; {choose_from(name, known)}")


def _description(cell: Cell, where: str) -> str:
    first = cell.source.split("\n", 1)[0]
    if not first.startswith("#") or not first.strip("# "):
        raise SubmissionError(
            f"{where}: the first line is not a comment; describe the mistake there"
        )
    return first.lstrip("#").strip()
