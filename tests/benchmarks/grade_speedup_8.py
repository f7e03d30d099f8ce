"""Stock nbgrader's wall time over ours, on the same 8 submissions, start-up included.

The submissions are of ``day1_gradient_descent``, which imports TensorFlow in its first cell: the
reference, two other correct solutions, the blank release and four mistakes. Both commands start
from the same collected course; both write their gradebooks, which must agree in every point.
"""

import os
import tempfile
from pathlib import Path

from tests.benchmarks import classes

COUNT = 8


def measure() -> dict[str, float]:
    """Grade with both; return the ratio and both times in seconds."""
    os.environ["PATH"] = os.pathsep.join([classes.SCRIPTS, os.environ["PATH"]])
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        ours = classes.day1(Path(scratch), "ours", COUNT)
        stock = classes.plain(classes.day1(Path(scratch), "stock", COUNT))
        ours_s = classes.grade(["autograder", "grade", classes.NAME], ours)
        stock_s = classes.grade(["nbgrader", "autograde", classes.NAME], stock)
        if (given := classes.points(ours)) != (wanted := classes.points(stock)):
            raise RuntimeError(f"the gradebooks differ: {given} and {wanted}")
    return {
        "grade_speedup_8": stock_s / ours_s,
        "grade_8_ours_s": ours_s,
        "grade_8_stock_s": stock_s,
    }
