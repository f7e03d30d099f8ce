"""Turns the outcomes of a notebook's cells into points; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from nbformat import NotebookNode
from nbgrader import utils

from autograder.model import SEVERITY, CellOutcome, CellScore, Protection, Verdict


def score(notebook: NotebookNode, outcomes: Iterable[CellOutcome]) -> tuple[CellScore, ...]:
    """Return the score of each graded cell of an executed notebook.

    A test cell earns all its points unless it failed; a number in its last expression, from zero
    to its points, is partial credit. NaN and what is below zero are worth nothing; what is above
    the points, or no number, waits for the test's author. Cells for a person to grade get None, or
    zero when untouched. `docs/deviations.md` lists the differences from nbgrader's own rule.
    """
    ended = {outcome.index: outcome for outcome in outcomes}
    return tuple(
        replace(_cell(cell, ended.get(index)), protection=_protection(ended.get(index)))
        for index, cell in enumerate(notebook.cells)
        if utils.is_grade(cell)
    )


def overall(
    notebook: NotebookNode, outcomes: Iterable[CellOutcome], scores: Iterable[CellScore]
) -> tuple[Verdict, str]:
    """Return the verdict on a submission, and what to say beside the reasons for lost points.

    The verdict is the worst of the graded cells and of the disasters elsewhere, which are told:
    they explain why a later test does not find a name. An ordinary error in a cell that is not
    graded, a student's own experiment, does not count.
    """
    ordinary = (Verdict.PASS, Verdict.FAIL, Verdict.ERROR)
    disasters = [one for one in outcomes if one.verdict not in ordinary]
    verdicts = [one.verdict for one in scores] + [one.verdict for one in disasters]
    told = []
    for one in disasters:
        cell = notebook.cells[one.index]
        if not utils.is_grade(cell):
            name = cell.metadata.get("nbgrader", {}).get("grade_id") or f"number {one.index + 1}"
            told.append(f"Cell {name}: {one.message}")
    return max(verdicts, key=SEVERITY.index, default=Verdict.PASS), "\n".join(told)


def _protection(outcome: CellOutcome | None) -> str:
    """Return what stood between a test cell and the student's code, if it was one."""
    if outcome is None or not (outcome.judged or outcome.shared):
        return ""
    return str(Protection.SHARED if outcome.shared else Protection.SEPARATE)


def _cell(cell: NotebookNode, outcome: CellOutcome | None) -> CellScore:
    mark = cell.metadata["nbgrader"]
    name, most = mark["grade_id"], float(mark["points"])
    verdict = outcome.verdict if outcome else Verdict.PASS
    if utils.is_solution(cell):
        untouched = mark.get("checksum") == utils.compute_checksum(cell)
        said = "No answer was given." if untouched else ""
        return CellScore(name, 0.0 if untouched else None, most, verdict, said)
    if cell.cell_type != "code":
        return CellScore(name, None, most, verdict)
    if outcome and verdict is Verdict.INTERNAL:
        return CellScore(name, None, most, verdict, outcome.message)
    if outcome and verdict is not Verdict.PASS:
        return CellScore(name, 0.0, most, verdict, outcome.message)
    if outcome is None or (outcome.points is None and not outcome.found):
        return CellScore(name, most, most, verdict)
    return _partial(name, most, outcome)


def _partial(name: str, most: float, outcome: CellOutcome) -> CellScore:
    """Return the score of a test that ended with a value."""
    expected = f"a number from 0 to {most:g}"
    value = outcome.points
    if value is None:
        said = (
            f"The test ended with {outcome.found} instead of {expected}: its author should end it "
            "with such a number, or with a semicolon where that value is no partial credit."
        )
        return CellScore(name, None, most, Verdict.INTERNAL, said)
    if value > most:
        said = (
            f"The test gave {value:g} points instead of {expected}: its author has to look at it, "
            "and should limit its partial credit."
        )
        return CellScore(name, None, most, Verdict.INTERNAL, said)
    if math.isnan(value) or value < 0:
        # Either comes of what the answer gave, and no reading of it is worth a point: a student
        # must not be able to stay ungraded by it.
        said = (
            f"The test gave {value:g} points, which counts as 0 of {most:g}; where that is unjust, "
            f"its author should end it with {expected}."
        )
        return CellScore(name, 0.0, most, Verdict.FAIL, said)
    partial = "" if value == most else f"Partial credit: {value:g} of {most:g} points."
    verdict = Verdict.FAIL if partial else outcome.verdict
    return CellScore(name, value, most, verdict, partial)
