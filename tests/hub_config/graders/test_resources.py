"""From the syllabus and the profiles to what a worker must offer."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import settings
from course import syllabus
from hub_config.graders import resources
from hub_config.machines import profiles
from hub_config.machines.profiles import ProfileError

ROOT = Path(__file__).parents[3]


def asking(compute):
    """Return the course's syllabus in which one assignment asks for another machine."""
    text = (ROOT / "course" / "syllabus.toml").read_text()
    before, name, after = text.partition('name = "day1_backprop"\n')
    assert name
    return before + name + after.replace('compute = "cpu-small"', f'compute = "{compute}"', 1)


@pytest.fixture
def machines():
    return profiles.load()


@pytest.mark.parametrize(
    ("compute", "wanted"),
    [
        ("cpu-small", {}),
        ("cpu-large", {}),
        ("gpu-shared", {"day1_backprop": {"GPU": 1.0}}),
        ("gpu-slice", {"day1_backprop": {"GPU": 1.0}}),
        ("gpu-whole", {"day1_backprop": {"GPU": 1.0}}),
    ],
)
def test_an_assignment_asks_for_the_accelerator_of_its_lecture_s_machine(
    tmp_path, machines, compute, wanted
):
    path = tmp_path / "syllabus.toml"
    path.write_text(asking(compute))
    assert resources.resources(machines, syllabus.load(path)) == wanted


def test_as_many_as_the_profile_has(tmp_path, machines):
    path = tmp_path / "syllabus.toml"
    path.write_text(asking("gpu-whole"))
    more = tuple(
        replace(one, accelerator=replace(one.accelerator, count=2)) if one.accelerator else one
        for one in machines.profiles
    )
    found = resources.resources(replace(machines, profiles=more), syllabus.load(path))
    assert found == {"day1_backprop": {"GPU": 2.0}}


def test_a_machine_that_there_is_not_is_named(tmp_path, machines):
    path = tmp_path / "syllabus.toml"
    path.write_text(asking("gpu-whole"))
    fewer = tuple(one for one in machines.profiles if one.name != "gpu-whole")
    with pytest.raises(ProfileError, match="there is no profile 'gpu-whole'"):
        resources.resources(replace(machines, profiles=fewer), syllabus.load(path))


def test_the_course_s_own_configuration_asks_for_what_its_syllabus_says():
    found = settings.peek(ROOT / "assignments")
    assert found.resources == resources.resources(profiles.load(), syllabus.load())


def test_a_course_s_configuration_needs_nothing_of_a_hub():
    """It is read on every machine that grades by itself: an instructor's laptop has no cluster."""
    code = (
        "import sys\n"
        "for name in ('jupyterhub', 'kubespawner', 'dask_jobqueue', 'yaml'):\n"
        "    sys.modules[name] = None\n"
        "from pathlib import Path\n"
        "from autograder import settings\n"
        f"settings.peek(Path({str(ROOT / 'assignments')!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
