import os
from pathlib import Path

import pytest

from hub_config.laptop.isolation import Isolation, probe
from hub_config.laptop.paths import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Folders of a hub with two students, made on the disk."""
    course = tmp_path / "course"
    course.mkdir()
    (course / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.course_id = "small"\n'
    )
    layout = Layout(course, "small", tmp_path / "hub", "instructor", ("student1", "student2"))
    layout.make()
    return layout


@pytest.fixture(scope="session")
def isolation() -> Isolation:
    """Bubblewrap as it works here; in continuous integration it has to."""
    found = probe()
    if found is None:
        message = "bubblewrap does not work here: see `hub_config/README.md`"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    return found
