"""Stock nbgrader's wall time over ours for 40 submissions, and ours when nothing has changed.

`grade_speedup_40_import` grades day 1, which imports TensorFlow in its first cell;
`grade_speedup_40_keras` an assignment whose test trains a small network. nbgrader's time is
extrapolated from 1 and 8 submissions; of those 8 both gradebooks must agree in every point.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import classes

COUNT, FEW = 40, 8


def measure() -> dict[str, float]:
    """Grade both classes with both; return ratios and times in seconds."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        found = _one(Path(scratch), "import", classes.day1)
        return found | _one(Path(scratch), "keras", classes.keras)


def _one(scratch: Path, kind: str, make: Callable[[Path, str, int], Path]) -> dict[str, float]:
    ours = make(scratch, f"{kind}-ours", COUNT)
    few, one = make(scratch, f"{kind}-few", FEW), make(scratch, f"{kind}-one", 1)
    command = ["autograder", "grade", classes.NAME]
    ours_s = classes.grade(command, ours)
    again_s = classes.grade(command, ours)
    stock_s = classes.stock_seconds(few, one, COUNT)
    given, wanted = classes.points(ours), classes.points(few)
    if differing := {key for key, value in wanted.items() if given[key] != value}:
        raise RuntimeError(f"the gradebooks differ: {differing}")
    found = {
        f"grade_speedup_40_{kind}": stock_s / ours_s,
        f"grade_40_{kind}_ours_s": ours_s,
        f"grade_40_{kind}_stock_s": stock_s,
    }
    return found | ({"regrade_unchanged_s": again_s} if kind == "import" else {})
