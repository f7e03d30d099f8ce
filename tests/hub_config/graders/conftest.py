"""A course of two assignments, of which the syllabus gives one to a machine with a GPU."""

import contextlib
import os
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbgrader.api import MissingEntry

from hub_config.graders import certificates
from tests.autograder import building
from tests.autograder.clusters import SCRIPTS

SYLLABUS = """
title = "Two days"
[[days]]
number = 1
title = "On a processor"
[[days.lectures]]
name = "day1_plain"
title = "Plain"
modules = ["course.genz"]
compute = "cpu-small"
assignment = { name = "day1_plain", points = 6 }
[[days]]
number = 2
title = "On a GPU"
[[days.lectures]]
name = "day2_deep"
title = "Deep"
modules = ["course.genz"]
compute = "gpu-shared"
assignment = { name = "day2_deep", points = 6 }
"""
#: As in assignments/nbgrader_config.py, but for whose syllabus it is.
CONFIG = """
from pathlib import Path
from autograder import plugin
from course import syllabus
from hub_config.graders import resources
plugin.configure(c)
c.Autograder.preload = ["numpy"]
own = syllabus.load(Path(__file__).with_name("syllabus.toml"))
c.Autograder.resources = resources.resources(syllabus=own)
c.Autograder.resource_seconds = SECONDS
"""
PLAIN, DEEP = "day1_plain", "day2_deep"
STUDENTS = ("ada", "ben")


@dataclass(frozen=True)
class Graded:
    """A course directory, and the command that grades in it."""

    root: Path
    keys: Path

    def wait_at_most(self, seconds: float) -> None:
        """Set how long an assignment may wait for a worker."""
        building.configure(self.root, CONFIG.replace("SECONDS", str(seconds)))

    def start(self, assignment: str, address: str) -> subprocess.Popen[str]:
        """Type ``autograder grade`` as an instructor on whom the keys are bestowed."""
        return subprocess.Popen(
            [SCRIPTS / "autograder", "grade", assignment, "--scheduler", address],
            cwd=self.root,
            env={**os.environ, "COLUMNS": "500", "DASK_CONFIG": str(self.keys / "dask.yaml")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def grade(self, assignment: str, address: str) -> tuple[int, str, str]:
        """Do so and wait; return the status, what was printed and what was complained of."""
        process = self.start(assignment, address)
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    def points(self, assignment: str) -> dict[str, float]:
        """Return what the tests gave to each student of whom there is a grade."""
        found = {}
        for student in STUDENTS:
            with contextlib.suppress(MissingEntry):
                cells = building.scores(self.root, student, assignment)
                found[student] = sum(cells.get(name) or 0 for name in ("test_double", "test_mean"))
        return found


@pytest.fixture(scope="package")
def keys(tmp_path_factory):
    """Return the directory of a cluster's keys."""
    folder = tmp_path_factory.mktemp("cluster") / "keys"
    certificates.make(folder)
    return folder


@pytest.fixture(scope="package")
def submitted(tmp_path_factory):
    """Generate both assignments and submit work for them, once."""
    before = os.environ["PATH"]
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), before])
    root = tmp_path_factory.mktemp("submitted")
    (root / "syllabus.toml").write_text(SYLLABUS)
    for assignment in (PLAIN, DEEP):
        building.write_course(
            root, config=CONFIG.replace("SECONDS", "60"), assignment=assignment, name="p1"
        )
        for student in STUDENTS:
            building.submit(root, student, assignment=assignment)
    yield root
    os.environ["PATH"] = before


@pytest.fixture
def course(submitted, keys, tmp_path):
    """Return a course of one's own in which nothing is graded yet."""
    return Graded(building.copy(submitted, tmp_path / "course"), keys)
