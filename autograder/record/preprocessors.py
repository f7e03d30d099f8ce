"""The steps of nbgrader's autograde that our engine takes over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.nbgraderformat import MetadataValidator, ValidationError
from nbgrader.preprocessors import AssignLatePenalties as StockAssignLatePenalties
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.preprocessors import OverwriteCells as StockOverwriteCells
from traitlets import Bool

from autograder import settings
from autograder.coursedir import provenance
from autograder.coursedir.assignment import Assignment, load, marks
from autograder.coursedir.gradebook import entries
from autograder.coursedir.nbgrader_steps import ASSIGNMENT, EXECUTION, LEDGER
from autograder.dispatch import engine
from autograder.model import AutograderError, CellScore, Execution, Verdict
from autograder.prepare.cell_matching import find_marks
from autograder.prepare.submission import job
from autograder.record import reference, times
from autograder.record.score import overall, score

#: How a cell may end that takes its kernel along.
DISASTERS = (Verdict.TIMEOUT, Verdict.MEMORY, Verdict.CRASH)


@contextmanager
def _gradebook(resources: Any) -> Iterator[Gradebook]:
    """Give the gradebook that is open already, or open it for a moment."""
    if LEDGER in resources:
        yield resources[LEDGER]
    else:
        with Gradebook(resources["nbgrader"]["db_url"]) as gradebook:
            yield gradebook


def _converter(step: Any) -> Any:
    """Return nbgrader's converter; in nbgrader's own commands an exporter is in between."""
    return step.parent if hasattr(step.parent, "coursedir") else step.parent.parent


def _assignment(step: Any, resources: Any) -> Assignment:
    """Return what is known of the assignment; in nbgrader's own commands it is read each time."""
    if ASSIGNMENT not in resources:
        converter = _converter(step)
        directory, name = converter.coursedir, resources["nbgrader"]["assignment"]
        with _gradebook(resources) as gradebook:
            resources[ASSIGNMENT] = load(
                gradebook,
                name,
                Path(directory.format_path(directory.source_directory, ".", name)),
                ignore=directory.ignore,
                exclude=converter.exclude_overwriting.get(name, []),
                marks=marks(converter.config),
            )
    known: Assignment = resources[ASSIGNMENT]
    return known


class OverwriteKernelspec(NbGraderPreprocessor):
    """Gives a submission the kernel of its assignment, if that names one."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Do so."""
        mark = resources["nbgrader"]
        known = _assignment(self, resources).find_notebook(mark["notebook"], mark["assignment"])
        if known.kernelspec:
            nb.metadata["kernelspec"] = nbformat.from_dict(dict(known.kernelspec))
        return nb, resources


class OverwriteCells(StockOverwriteCells):
    """Restores locked cells, deleted test cells too, and every mark that nbgrader put on a cell."""

    # A test cell that is gone must not leave a submission ungraded.
    add_missing_cells = Bool(True, help=StockOverwriteCells.add_missing_cells.help).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Believe nothing that a submission's cells say of themselves but their names."""
        mark = resources["nbgrader"]
        self.notebook_id, self.assignment_id = mark["notebook"], mark["assignment"]
        self.gradebook = _assignment(self, resources)  # answers what this step asks
        known = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        find_marks(nb, known, self.gradebook.marks)
        marks = {cell.name: cell.mark for cell in known.source_cells}
        for cell in reversed(nb.cells):  # of cells with one name the last counts, as for nbgrader
            claimed = cell.metadata.pop("nbgrader", None)
            name = claimed.get("grade_id") if isinstance(claimed, dict) else None
            if isinstance(name, str) and name in marks:
                cell.metadata["nbgrader"] = NotebookNode(marks.pop(name))
        nb.metadata.pop("autograder", None)  # only `SaveAutoGrades` says so
        # Past nbgrader's own method, which would open a gradebook.
        nb, resources = NbGraderPreprocessor.preprocess(self, nb, resources)
        if self.add_missing_cells:
            nb, resources = self.add_missing_grade_cells(nb, resources)
            nb, resources = self.add_missing_task_cells(nb, resources)
        if nb.nbformat_minor >= 5:  # since then cells have ids, the restored ones none yet
            taken = {cell.get("id") for cell in nb.cells}
            for cell in nb.cells:
                if "id" not in cell:
                    own = f"restored-{cell.metadata.nbgrader['checksum']}"
                    others = (f"{own}-{number}" for number in range(len(taken)))
                    cell["id"] = next(one for one in (own, *others) if one not in taken)
        return nb, resources

    def update_cell_type(self, cell: NotebookNode, cell_type: str) -> None:
        """Turn a cell into what it was; a code cell has no pictures pasted into it."""
        cell.pop("attachments", None)
        super().update_cell_type(cell, cell_type)

    def add_missing_grade_cells(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Restore deleted graded cells, each behind the nearest marked cell that is still there.

        A test whose answer has no mark stands at the end, as the answer may be anywhere, and so
        does a cell with no marked one before it. nbgrader's own method fails in such cases.
        """
        known = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        behind, lost, late = 0, False, []
        for cell in known.source_cells:
            names = [one.metadata.get("nbgrader", {}).get("grade_id") for one in nb.cells]
            if cell.name in names:
                behind = names.index(cell.name) + 1
                lost = lost and not (cell.grade and not cell.solution)
            elif cell.grade:
                restored = self.missing_cell_transform(
                    cell, cell.max_score, is_solution=cell.solution
                )
                if behind and not lost:
                    nb.cells.insert(behind, restored)
                    behind += 1
                else:
                    late.append(restored)
            else:
                lost = lost or cell.solution
        nb.cells += late
        return nb, resources

    def missing_cell_transform(self, *args: Any, **kwargs: Any) -> NotebookNode:
        """Return a cell to be put back, of the same make as the others."""
        return nbformat.from_dict(super().missing_cell_transform(*args, **kwargs))


class CheckCellMetadata(NbGraderPreprocessor):
    """Checks the marks of all cells with nbgrader's own validator, the same mark once only."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._validator = MetadataValidator()
        self._valid: set[str] = set()

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Raise nbgrader's ``ValidationError`` unless the marks are sound and none comes twice."""
        names: set[str] = set()
        for cell in nb.cells:
            mark = cell.metadata.get("nbgrader")
            if mark is None:
                continue
            looks = json.dumps([cell.cell_type, mark], sort_keys=True)
            if looks not in self._valid:
                self._validator.validate_cell(cell)
                self._valid.add(looks)
            if mark["grade"] or mark["solution"] or mark["locked"]:
                if mark["grade_id"] in names:
                    raise ValidationError(f"Duplicate grade id: {mark['grade_id']}")
                names.add(mark["grade_id"])
        return nb, resources


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
        executed = nbformat.v4.reads(done.content.decode())
        for one in done.cells:
            if one.verdict in DISASTERS:  # whether such a cell's number still arrives is chance
                executed.cells[one.index].execution_count = None
        return executed, resources

    def _now(self, nb: NotebookNode, resources: Any) -> Execution:
        ours = settings.read(self.config)
        mark = resources["nbgrader"]
        folder = Path(resources["metadata"]["path"])
        directory = self.parent.parent.coursedir
        submitted = directory.format_path(
            directory.submitted_directory, mark["student"], mark["assignment"]
        )
        running = engine.shared(ours)
        assignment = _assignment(self, resources)
        one = job(
            nb,
            mark["notebook"],
            student=mark["student"],
            assignment=assignment,
            files={
                str(path.relative_to(folder)): path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if path.is_file() and path.suffix != ".ipynb" and path.name != "timestamp.txt"
            },
            submission_hash=provenance.submission_hash(Path(submitted)),
            limits=ours.limits_of(mark["assignment"]),
            resources=ours.resources_of(mark["assignment"]),
            proof=reference.proof(assignment, _converter(self), ours, running.run),
        )
        return next(running.run([one]))


class SaveAutoGrades(NbGraderPreprocessor):
    """Writes our scores into the gradebook, all of a notebook's in one transaction."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Score the executed notebook and record it; its metadata keep verdicts and reasons."""
        if EXECUTION not in resources:
            raise AutograderError(
                "The outputs that come with a submission are not believed; "
                "grade it without --no-execute."
            )
        done: Execution = resources[EXECUTION]
        scores = score(nb, done.cells)
        mark = resources["nbgrader"]
        with _gradebook(resources) as gradebook:
            grades, comments = entries(
                gradebook, mark["notebook"], mark["assignment"], mark["student"]
            )
            for one in scores:
                grade = grades[one.grade_id]
                grade.auto_score = one.points
                # As nbgrader does: what a person has graded waits for that person's second look.
                grade.needs_manual_grade = one.points is None or grade.manual_score is not None
            for cell in nb.cells:
                if utils.is_solution(cell) or utils.is_task(cell):
                    name = cell.metadata.nbgrader["grade_id"]
                    comments[name].auto_comment = "No response." if _untouched(cell) else None
                if utils.is_task(cell) and grades[name].auto_score is not None:
                    # It had zero while its notebook was missing, and now it is there.
                    grades[name].auto_score, grades[name].needs_manual_grade = None, True
            gradebook.db.commit()
        nb.metadata["autograder"] = summary(nb, done, scores)
        times.keep(Path(_converter(self).coursedir.root), done)
        return nb, resources


class AssignLatePenalties(StockAssignLatePenalties):
    """Assigns the course's penalty for a late submission, in the gradebook that is open."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Do as nbgrader does, plug-in and all."""
        if LEDGER not in resources:
            return super().preprocess(nb, resources)
        mark, ledger = resources["nbgrader"], resources[LEDGER]
        address = mark["assignment"], mark["student"]
        submission = ledger.find_submission(*address)
        late = submission.total_seconds_late
        book = ledger.find_submission_notebook(mark["notebook"], *address)
        book.late_submission_penalty = None
        if late > 0:
            ledger.db.flush()
            ledger.db.refresh(book)  # its score is a sum over what has just been written
            self.init_plugin()
            penalty = self.plugin_inst.late_submission_penalty(mark["student"], book.score, late)
            if penalty is not None:
                book.late_submission_penalty = self._check_late_penalty(book, penalty)
        ledger.db.flush()
        return nb, resources


def _untouched(cell: NotebookNode) -> bool:
    same = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
    return same and not utils.is_task(cell)


def summary(nb: NotebookNode, done: Execution, scores: tuple[CellScore, ...]) -> dict[str, Any]:
    """Return what the executed notebook keeps about its grading, as plain data."""
    verdict, message = overall(nb, done.cells, scores)
    return {
        **provenance.record(done.job),
        "verdict": str(verdict),
        "message": message,
        "cells": [{**asdict(one), "verdict": str(one.verdict)} for one in scores],
        "outcomes": [{"cell": one.index, "verdict": str(one.verdict)} for one in done.cells],
    }
