"""The steps of nbgrader's autograde that our engine takes over."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.preprocessors import OverwriteCells as StockOverwriteCells
from traitlets import Bool

from autograder import engine, settings
from autograder.assignment import imports
from autograder.model import AutograderError, CellScore, Execution
from autograder.prepare import job
from autograder.score import overall, score

#: Under which name the outcome of an execution travels from preprocessor to preprocessor.
EXECUTION = "autograder_execution"


class OverwriteCells(StockOverwriteCells):
    """Restores locked cells, deleted test cells too, and every mark that nbgrader put on a cell."""

    # A test cell that is gone must not leave a submission ungraded.
    add_missing_cells = Bool(True, help=StockOverwriteCells.add_missing_cells.help).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Believe nothing that a submission's cells say of themselves but their names."""
        mark = resources["nbgrader"]
        with Gradebook(mark["db_url"]) as gradebook:
            marks = _marks(gradebook.find_notebook(mark["notebook"], mark["assignment"]))
        for cell in reversed(nb.cells):  # of cells with one name the last counts, as for nbgrader
            claimed = cell.metadata.pop("nbgrader", None)
            name = claimed.get("grade_id") if isinstance(claimed, dict) else None
            if isinstance(name, str) and name in marks:
                cell.metadata["nbgrader"] = NotebookNode(marks.pop(name))
        return super().preprocess(nb, resources)

    def add_missing_grade_cells(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Restore deleted graded cells, each behind the nearest marked cell that is still there.

        nbgrader's own method fails where the cell before is gone as well, or is locked only.
        """
        book = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        most = {cell.name: cell.max_score for cell in book.grade_cells}
        solutions = {cell.name for cell in book.solution_cells}
        behind = 0
        for source in book.source_cells:
            names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in nb.cells]
            if source.name in names:
                behind = names.index(source.name) + 1
            elif source.name in most:
                restored = self.missing_cell_transform(
                    source, most[source.name], is_solution=source.name in solutions
                )
                nb.cells.insert(behind, restored)
                behind += 1
        return nb, resources


def _marks(book: Any) -> dict[str, dict[str, Any]]:
    """Return the metadata that nbgrader gave to each cell of a notebook, by the cell's name."""
    marks = {
        cell.name: {
            "grade": False,
            "grade_id": cell.name,
            "locked": cell.locked,
            "schema_version": 3,
            "solution": False,
            "task": False,
        }
        for cell in book.source_cells
    }
    for cell in book.grade_cells:
        marks[cell.name] |= {"grade": True, "points": cell.max_score}
    for cell in book.solution_cells:
        marks[cell.name] |= {"solution": True}
    for cell in book.task_cells:
        marks[cell.name] |= {"task": True, "points": cell.max_score}
    return marks


class Execute(NbGraderPreprocessor):
    """Runs the notebook in our engine, unless that has been done already."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Return the executed notebook; the execution goes along in ``resources``."""
        done = resources.get(EXECUTION) or self._now(nb, resources)
        if done.failure:
            raise AutograderError(
                f"The grader failed, the submission stays as it is: {done.failure}"
            )
        resources[EXECUTION] = done
        return nbformat.reads(done.content.decode(), as_version=4), resources

    def _now(self, nb: NotebookNode, resources: Any) -> Execution:
        ours = settings.read(self.config)
        mark = resources["nbgrader"]
        path = Path(resources["metadata"]["path"]) / f"{mark['notebook']}.ipynb"
        directory = self.parent.parent.coursedir  # of the converter, whose exporter this serves
        source = Path(directory.format_path(directory.source_directory, ".", mark["assignment"]))
        one = job(
            path,
            student=mark["student"],
            assignment=mark["assignment"],
            limits=ours.limits,
            imports=imports(source / path.name),
        )
        return next(engine.shared(ours).run([one]))


class SaveAutoGrades(NbGraderPreprocessor):
    """Writes our scores into the gradebook, all of a notebook's in one transaction."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Score the executed notebook and record it; its metadata keep verdicts and reasons."""
        done: Execution = resources[EXECUTION]
        scores = score(nb, done.cells)
        mark = resources["nbgrader"]
        address = mark["notebook"], mark["assignment"], mark["student"]
        with Gradebook(mark["db_url"]) as gradebook:
            for one in scores:
                grade = gradebook.find_grade(one.grade_id, *address)
                grade.auto_score = one.points
                # As nbgrader does: what a person has graded waits for that person's second look.
                grade.needs_manual_grade = one.points is None or grade.manual_score is not None
            for cell in nb.cells:
                if utils.is_solution(cell) or utils.is_task(cell):
                    comment = gradebook.find_comment(cell.metadata.nbgrader["grade_id"], *address)
                    comment.auto_comment = "No response." if _untouched(cell) else None
            gradebook.db.commit()
        nb.metadata["autograder"] = summary(nb, done, scores)
        return nb, resources


def _untouched(cell: NotebookNode) -> bool:
    same = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
    return same and not utils.is_task(cell)


def summary(nb: NotebookNode, done: Execution, scores: tuple[CellScore, ...]) -> dict[str, Any]:
    """Return what the executed notebook keeps about its grading, as plain data."""
    try:
        release = version("dlef")
    except PackageNotFoundError:  # used from a checkout that is not installed
        release = "unknown"
    verdict, message = overall(nb, done.cells, scores)
    return {
        "engine": release,
        "verdict": str(verdict),
        "message": message,
        "seconds": round(done.seconds, 3),
        "seed": done.job.seed,
        "cells": [{**asdict(one), "verdict": str(one.verdict)} for one in scores],
    }
