"""Keeps hidden tests out of the feedback that students get."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import ClearHiddenTests

#: What stands in the place of a hidden test.
HIDDEN = "# (hidden tests ran here)"


class HideHiddenTests(ClearHiddenTests):
    """Removes hidden tests, and of what they raised all but the message."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, cell_index: int
    ) -> tuple[NotebookNode, Any]:
        """Clear one cell for a student's eyes."""
        if not utils.is_grade(cell) or utils.is_solution(cell):
            return cell, resources  # a student may write anything, our markers too
        if not self._remove_hidden_test_region(cell):
            return cell, resources
        cell.source = f"{cell.source.rstrip()}\n{HIDDEN}".lstrip()
        for output in cell.get("outputs", []):
            if output.output_type == "error":  # a traceback quotes the lines around it
                output.traceback = [f"{output.ename}: {output.evalue}"]
        # What was printed or shown while the hidden tests ran may show what they do.
        cell.outputs = [o for o in cell.get("outputs", []) if o.output_type == "error"]
        return cell, resources
