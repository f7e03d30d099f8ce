"""Removes from students' feedback whatever they must not know about a test."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import ClearHiddenTests
from traitlets import List

#: What stands in the place of a hidden test, and of what it said where that is not known to be fit.
HIDDEN = "# (hidden tests ran here)"
UNTOLD = "A hidden test failed."


class HideHiddenTests(ClearHiddenTests):
    """Removes hidden tests, and of what happened while they ran all but the message.

    What that message may be is decided where the test fails
    (`autograder.domains.failure_messages`).
    """

    # nbconvert sets it for all that helps to make a page, and warns of whatever does not know it.
    display_data_priority = List().tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Clear a notebook for a student's eyes."""
        recorded = nb.metadata.pop("autograder", {})  # how it was graded is not for this page
        self._messages = {one["grade_id"]: one["message"] for one in recorded.get("cells", [])}
        return super().preprocess(nb, resources)

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, cell_index: int
    ) -> tuple[NotebookNode, Any]:
        """Clear one cell."""
        if not utils.is_grade(cell) or utils.is_solution(cell):
            return cell, resources  # a student may write anything, our markers too
        hides = self._remove_hidden_test_region(cell)
        if hides:
            cell.source = f"{cell.source.rstrip()}\n{HIDDEN}".lstrip()
            # What was printed or shown while the hidden tests ran may show what they do.
            cell.outputs = [o for o in cell.get("outputs", []) if o.output_type == "error"]
        known = self._messages.get(cell.metadata.nbgrader["grade_id"])
        for output in cell.get("outputs", []):
            if output.output_type == "error" and (hides or known):
                # A traceback quotes the lines around it, and names the grader's files.
                message = known or UNTOLD
                output.ename, output.evalue, output.traceback = "Test", message, [message]
        return cell, resources
