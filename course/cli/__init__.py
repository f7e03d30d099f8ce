"""The ``course`` command, for authors, teachers and operators."""

import argparse
import os
import sys
import sysconfig
import warnings
from collections.abc import Sequence

from course.cli import gradebook, proving, serving, writing
from course.cli.common import OUR_ERROR
from course.errors import CourseError

# Each command's imports stand in its function, so that one starts fast whatever others need.


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; our own errors are a line for each fault, and 2.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments after ``course``; without it, those of this process.

    Returns
    -------
    int
        0 if all is well, 1 if something is out of date or fails its check, 2 after one of our
        own errors.
    """
    parser = argparse.ArgumentParser(
        prog="course", description="Write, check and serve the course."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    writing.add_syllabus(commands)
    writing.add_new(commands)
    writing.add_build(commands)
    proving.add_check(commands)
    writing.add_site(commands)
    proving.add_demo(commands)
    gradebook.add_grades(commands)
    serving.add_hub(commands)
    arguments = parser.parse_args(argv)
    # nbgrader calls `alembic` by name when it makes a gradebook; it lies beside this command.
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    # Advice of SQLAlchemy to nbgrader's authors.
    warnings.filterwarnings("ignore", message="Object of type <Submitted", category=Warning)
    try:
        return int(arguments.run(arguments))
    except CourseError as error:
        for line in str(error).splitlines():  # one for each fault
            print(f"course: {line}", file=sys.stderr)
        return OUR_ERROR
