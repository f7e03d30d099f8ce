"""Makes a separate course with a single assignment, copied from another course."""

from __future__ import annotations

import logging
import re
import shutil
from pathlib import Path
from typing import Any

from nbgrader.apps import NbGrader, NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.coursedir.directory import Course
from autograder.model import AutograderError
from autograder.settings import read

#: How the last line of a traceback begins.
ERROR = re.compile(r"[\w.]*(Error|Exception): ")
#: What is submitted: the author's own notebook, and the students' version as it is released.
REFERENCE, UNTOUCHED = "reference", "untouched"


def trial(course: Course, assignment: str, directory: Path) -> Course:
    """Release ``assignment`` in ``directory``, and submit there the reference and the release.

    It is configured as ``course`` is. Nothing of ``course`` itself is written to, its gradebook and
    its exchange included.

    Parameters
    ----------
    course, assignment
        What to take; the notebook is the one under ``source/`` as it is now.
    directory
        An empty directory.

    Raises
    ------
    AutograderError
        If there is no source notebook, or nbgrader does not make a release of it.
    """
    source = course.folder("source", assignment)
    if not sorted(source.glob("*.ipynb")):
        raise AutograderError(
            f"There is no notebook in {source}: give the name of an assignment whose source, with "
            "solutions in place, lies there."
        )
    made = _configured(course, directory)
    for path in source.parent.iterdir():  # headers, for example, lie beside assignments
        if path.is_file():
            (directory / "source").mkdir(exist_ok=True)
            shutil.copy(path, directory / "source")
    shutil.copytree(source, made.folder("source", assignment))
    _generate(made, assignment)
    shutil.copytree(source, made.folder("submitted", assignment, REFERENCE))
    release = made.folder("release", assignment)
    shutil.copytree(release, made.folder("submitted", assignment, UNTOUCHED))
    return made


def _configured(course: Course, directory: Path) -> Course:
    """Return a course in ``directory`` that has the configuration of another."""
    config = Config(dict(course.app.config.items()))
    # Where things lie is no part of it: a gradebook may be anywhere.
    config.CourseDirectory = Config(
        {
            **{
                name: value
                for name, value in course.app.config.get("CourseDirectory", {}).items()
                if not name.endswith(("_directory", "_structure", "db_url", "root", "_id"))
            },
            "course_id": "trial",
            "db_url": f"sqlite:///{directory / 'gradebook.db'}",
            "root": str(directory),
        }
    )
    config.Exchange = Config({"root": str(directory / "exchange")})
    (directory / "exchange").mkdir(parents=True)
    NbGrader.clear_instance()
    app: Any = NbGrader.instance(config=config, log_level=logging.CRITICAL)
    app.coursedir = CourseDirectory(parent=app)
    return Course(app, read(config))


def _generate(course: Course, assignment: str) -> None:
    """Have nbgrader make the students' version."""
    done = NbGraderAPI(coursedir=course.directory, config=course.app.config).generate_assignment(
        assignment
    )
    if not done["success"]:
        said = f"{done.get('log') or ''}\n{done.get('error') or ''}"
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        errors = [line for line in lines if ERROR.match(line)]
        why = [*errors, *lines[-1:], "it does not say why"][0]
        raise AutograderError(f"nbgrader makes no release of '{assignment}': {why}")
