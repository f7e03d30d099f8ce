"""Stock nbgrader's wall time over ours, on the same 8 submissions, start-up included.

The submissions are of ``day1_gradient_descent``, which imports TensorFlow in its first cell: the
reference, two other correct solutions, the blank release and four mistakes. Both commands start
from the same collected course; both write their gradebooks, which must agree in every point.
"""

import os
import subprocess
import sysconfig
import tempfile
import time
from pathlib import Path

from course import checking

NAME = "day1_gradient_descent"
ROOT = Path(__file__).parents[2]
COUNT = 8
SCRIPTS = sysconfig.get_path("scripts")


def measure() -> dict[str, float]:
    """Grade with both; return the ratio and both times in seconds."""
    os.environ["PATH"] = os.pathsep.join([SCRIPTS, os.environ["PATH"]])
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        trial = checking.Trial(ROOT, NAME, Path(scratch))
        trial.cases = dict(list(trial.cases.items())[:COUNT])
        ours, stock = trial.directory("ours"), trial.directory("stock")
        (stock / "nbgrader_config.py").write_text(
            "c = get_config()\nc.CourseDirectory.course_id = 'dlef'\n"
        )
        ours_s = _time(["autograder", "grade", NAME], ours)
        stock_s = _time(["nbgrader", "autograde", NAME], stock)
        if (given := _points(ours)) != (wanted := _points(stock)):
            raise RuntimeError(f"the gradebooks differ: {given} and {wanted}")
    return {
        "grade_speedup_8": stock_s / ours_s,
        "grade_8_ours_s": ours_s,
        "grade_8_stock_s": stock_s,
    }


def _time(command: list[str], directory: Path) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return seconds


def _points(directory: Path) -> dict[tuple[str, str], float | None]:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{directory}/gradebook.db") as gradebook:
        return {
            (submission.student.id, grade.name): grade.auto_score
            for submission in gradebook.assignment_submissions(NAME)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }
