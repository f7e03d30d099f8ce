"""What public courses' idioms earn here: the share of cells that give the reference everything.

All of `tests/public`, held against what nbgrader's own autograde gave.
"""

from __future__ import annotations

from autograder.execute.zygote import Zygote
from autograder.model import Protection
from tests.public import grading
from tests.public.reading import REFERENCE, read_all


def measure() -> dict[str, float]:
    """Return shares of cells, and the points that nobody deserved."""
    assignments = read_all()
    _, stock = grading.kept()
    with Zygote(grading.PRELOAD) as zygote:
        zygote.wait_ready()
        found = grading.ours(assignments.values(), zygote)
    cells = [one for name in assignments for one in found[name][REFERENCE].values()]
    wrong = [
        (one.points or 0.0) - stock[name][who][cell]
        for name, submissions in found.items()
        for who, scores in submissions.items()
        if who != REFERENCE
        for cell, one in scores.items()
    ]
    return {
        "idioms_full": sum(one.points == 1 for one in cells) / len(cells),
        "idioms_separate": sum(one.protection == Protection.SEPARATE for one in cells) / len(cells),
        "idioms_undeserved_points": sum(max(0.0, more) for more in wrong),
        "idioms_cells": len(cells),
    }
