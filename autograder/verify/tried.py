"""The reference solution's result at one graded cell, and what to tell its author."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from autograder.model import CellScore, Execution, Protection
from autograder.verify.scratch_course import REFERENCE

#: What to do about an error of the judge's, by its name.
HINTS = {
    "ChangedError": "The reference changes what a test gives to it and returns a value: let it "
    "return nothing, or work on a copy.",
    "EOFError": "Nobody types while a notebook is graded: make what is asked for an argument.",
    "FileNotFoundError": "A file that a test reads lies beside the source notebook, is written by "
    "a locked cell, or by the student's code.",
    "ProxyError": "The student's object is a proxy here: compare what it holds, not itself.",
    "ModuleNotFoundError": "Install the module where grading runs, or do without it.",
    "NameError": "A test finds what the student's cells define by its name, and what locked cells "
    "and tests define and import; nothing else.",
    "StudentGoneError": "The student's process ended while the test asked something of it.",
    "WireError": "Only plain data, arrays, functions, and Keras's models, layers, losses and "
    "optimizers go from a test to the student's code.",
}


@dataclass(frozen=True)
class Tried:
    """One graded cell, and how the reference fared at it."""

    notebook: str
    name: str
    most: float
    scores: tuple[CellScore, ...]  # one for each run
    seconds: float  # the longest
    untouched: float | None  # the points of the release as it is
    stock: float | None  # the points that nbgrader itself gives the reference
    test: bool  # not for a person to grade
    protection: Protection = Protection.SEPARATE

    @property
    def steady(self) -> bool:
        """Whether every run ended alike."""
        return len({(one.points, one.verdict) for one in self.scores}) == 1

    @property
    def full(self) -> int:
        """In how many runs the reference earned everything."""
        return sum(one.points == self.most for one in self.scores)


def judged(cell: Tried, done: Sequence[Execution]) -> Iterator[str]:
    """Yield what is wrong with one graded cell."""
    if not cell.test:
        return
    runs = len(cell.scores)
    if cell.full < runs:
        missed = next(one for one in cell.scores if one.points != cell.most)
        error, words = _error(cell, done)
        if cell.protection is Protection.SHARED:
            said = [
                f"At {cell.name} the reference solution earns its points only in one process with "
                "the student's code, so it is graded there, and a score can be forged."
            ]
        else:
            said = [
                f"At {cell.name} the reference solution does not earn {points(cell.most)} "
                f"({cell.full} of {runs} runs; '{missed.verdict}')."
            ]
        if words:
            said.append(f"The judge says: {words}.")
        if error in HINTS:
            said.append(HINTS[error])
        yield " ".join(said)
    if not cell.steady:
        seen = ", ".join(points(p) for p in dict.fromkeys(one.points for one in cell.scores))
        yield (
            f"{cell.name} is not steady: in {runs} runs the same solution got {seen}. Set a seed "
            "in the test, compare with a tolerance, or test something that does not vary."
        )
    if cell.untouched:
        yield (
            f"The untouched release earns {points(cell.untouched)} at {cell.name}: its test asks "
            "for nothing that the answer has to give."
        )
    if cell.full == runs and cell.stock != cell.most:
        yield (
            f"nbgrader itself gives the reference {points(cell.stock)} at {cell.name}, and this "
            f"engine {points(cell.most)}: what students see with Validate is not their grade."
        )


def points(number: float | None) -> str:
    """Return a number of points in words."""
    if number is None:
        return "no points yet"
    return f"{number:g} point{'' if number == 1 else 's'}"


def _error(cell: Tried, done: Sequence[Execution]) -> tuple[str, str]:
    """Return the kind of error that a test cell ended with, and its words with the line."""
    for execution in done:
        if execution.job.student != REFERENCE or execution.job.notebook != cell.notebook:
            continue
        for one in opened(execution).cells:
            if one.metadata.get("nbgrader", {}).get("grade_id") != cell.name:
                continue
            for output in one.get("outputs", []):
                if output.output_type == "error":
                    lines = [line.strip() for line in output.traceback]
                    place = [line for line in lines if line.startswith(f'File "<{cell.name}>"')]
                    at = place[-1].partition(", ")[2].partition(",")[0] if place else ""
                    said = f"{output.ename}: {output.evalue}".strip(": ").splitlines()[0]
                    return output.ename, f"{said} ({at})" if at else said
    return "", ""


def opened(execution: Execution) -> NotebookNode:
    """Return the executed notebook."""
    return nbformat.v4.reads(execution.content.decode())
