"""Runs test cells in the same process as the student's code, if they need what cannot cross.

A score can be forged there. So it is done only for cells whose author asks for it, and for those
where the author's own solution has shown that nothing else works. The process returns only how each
of these cells ended; its output and its files are thrown away.
"""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import replace

from nbformat import NotebookNode

from autograder.domains.failure_messages import hidden_lines
from autograder.execute.student_process import ORDINARY, StudentProcess, is_test, name
from autograder.model import CellOutcome, Job, Verdict

#: How NumPy writes one of its numbers.
NUMPY = re.compile(r"np\.(?:float|int)\d+\((.*)\)")


class SharedProcess(StudentProcess):
    """A kernel that runs a whole notebook, as nbgrader does, for the sake of some of its tests."""

    async def test(self, cell: NotebookNode, index: int) -> CellOutcome:
        """Run a test in the student's process and name its ending."""
        outcome = await self.cell(index)
        verdict = outcome.verdict
        if name(cell, index) not in self.job.shared:
            # It ran for what it defines, without its hidden lines; what counts is the judge's word.
            return replace(outcome, verdict=Verdict.PASS) if verdict in ORDINARY else outcome
        message = outcome.message
        if verdict is Verdict.ERROR:
            kind, said = (str(self.client.reply.get(key, "")) for key in ("ename", "evalue"))
            message = "This test failed." if self.job.kernel else told(cell.source, kind, said)
            verdict = Verdict.FAIL if kind == "AssertionError" else verdict
        points = _points(cell) if verdict is Verdict.PASS else None
        return replace(outcome, verdict=verdict, message=message, points=points, shared=True)


class WithoutTests(StudentProcess):
    """A kernel that runs a whole notebook but for its tests: they run elsewhere."""

    async def test(self, cell: NotebookNode, index: int) -> CellOutcome:
        """Leave a test to the process that shares it: what is shown here, students may see."""
        return CellOutcome(index, Verdict.PASS, 0.0)


def _points(cell: NotebookNode) -> float | None:
    """Return the partial credit that a test's last expression gave, as nbgrader reads it."""
    results = [out.data for out in cell.outputs if out.output_type == "execute_result"]
    text = str(results[0].get("text/plain", "")) if results else ""
    try:
        return float(NUMPY.sub(r"\1", text))
    except ValueError:
        return None


def shared_part(notebook: NotebookNode, job: Job) -> NotebookNode:
    """Leave in a notebook only the hidden tests of the cells that share a process.

    Parameters
    ----------
    notebook
        Changed in place.
    job
        Says which cells these are, and what stands around hidden tests.
    """
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and is_test(cell) and name(cell, index) not in job.shared:
            hidden = hidden_lines(cell.source, job.marks)
            lines = enumerate(cell.source.split("\n"), 1)
            cell.source = "\n".join(line for number, line in lines if number not in hidden)
    return notebook


def told(source: str, kind: str, said: str) -> str:
    """Return what a student reads of a shared test that failed.

    An exception may have been raised by the student's code, with the test's own text in it: nothing
    is shown but what the author wrote for a failed assertion, word by word, or the name of one of
    Python's exceptions.

    Parameters
    ----------
    source
        The test.
    kind, said
        The exception's name and text.
    """
    if kind == "AssertionError":
        return said if said in _messages(source) else "A test failed."
    if kind == "NotImplementedError" and not said:
        return "Not answered yet."
    known = getattr(builtins, kind, None)
    if isinstance(known, type) and issubclass(known, BaseException):
        return f"This test ended with {'an' if kind[0] in 'AEIOU' else 'a'} {kind}."
    return "This test ended with an exception."


def _messages(source: str) -> set[str]:
    """Return the texts that a test gives to its assertions as they stand there."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # IPython's own syntax
        return set()
    return {
        node.msg.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
        and isinstance(node.msg, ast.Constant)
        and isinstance(node.msg.value, str)
    }
