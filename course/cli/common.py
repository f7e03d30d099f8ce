"""What all commands share: exit codes, and where the checkout is."""

import argparse
from pathlib import Path
from typing import TypeAlias

import course
from course.errors import CourseError

OK, STALE, OUR_ERROR = 0, 1, 2
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def checkout() -> Path:
    """Return the root of the checkout this package runs from, or raise `CourseError`.

    Returns
    -------
    Path
        The folder that holds ``course`` and ``assignments``.

    Raises
    ------
    CourseError
        If the package is installed without the repository around it.
    """
    root = Path(course.__file__).parent.parent
    if not (root / "assignments" / "authoring").is_dir():
        raise CourseError(
            f"this needs the course's repository, and the course is installed in {root}; "
            "run it in a clone, after `make setup`"
        )
    return root
