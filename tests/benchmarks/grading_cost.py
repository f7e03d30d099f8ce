"""What grading one submission of each assignment costs, in processor seconds: the reference.

As in `cost.py` it is the processor time of everything that `autograder grade` starts, for `MANY`
submissions less that for `FEW`, divided by the difference, so that starting up drops out.
`hub_config/cost/costs.toml` holds what this measured; `course hub plan` reads it.
"""

import tempfile
from pathlib import Path

from course import syllabus
from course.authoring import trial as authoring_trial
from tests.benchmarks import classes
from tests.benchmarks.processor import spent

FEW, MANY = 1, 7


def measure() -> dict[str, float]:
    """Measure every assignment; seconds."""
    names = [assignment.name for assignment in syllabus.load().assignments()]
    return {f"grading_cpu_s_{name}": _seconds(name) for name in names}


def _seconds(name: str) -> float:
    costs = []
    for count in (FEW, MANY):
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            trial = authoring_trial.Trial(classes.ROOT, name, Path(scratch))
            reference = trial.cases["reference"]
            trial.cases = {f"student{number}": reference for number in range(count)}
            directory = trial.directory("class")
            with spent() as cost:
                classes.grade(["autograder", "grade", name], directory)
            costs.append(cost.seconds)
    return (costs[1] - costs[0]) / (MANY - FEW)
