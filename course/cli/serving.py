"""What an operator asks: the hub of this computer, or of a cloud."""

import argparse
from pathlib import Path

from course.cli.common import Commands, checkout
from course.errors import CourseError, choose_from

INSTRUCTOR = "instructor"


def add_hub(commands: Commands) -> None:
    """Add ``course hub``."""
    parser = commands.add_parser("hub", help="serve the course to a class from this machine")
    parser.add_argument(
        "--course", type=Path, metavar="DIR", help="nbgrader course (default: this one's)"
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="where homes and passwords are kept (default: .hub)",
    )
    parser.add_argument(
        "--students",
        type=_names,
        default=["ada", "ben"],
        metavar="NAME,NAME",
        help="who may log in besides the instructor (default: ada,ben)",
    )
    parser.add_argument("--port", type=int, default=8000, help="(default: %(default)s)")
    parser.add_argument(
        "--reset-passwords",
        type=_names,
        nargs="?",
        const=[],
        metavar="NAME,NAME",
        help="make and print new ones for these users (default: everyone)",
    )
    parser.set_defaults(run=_hub)


def _hub(arguments: argparse.Namespace) -> int:
    from hub_config import laptop

    users = [INSTRUCTOR, *arguments.students]
    reset = () if arguments.reset_passwords is None else arguments.reset_passwords or users
    for name in reset:
        if name not in users:
            raise CourseError(f"there is no user '{name}' to reset; {choose_from(name, users)}")
    try:
        return laptop.serve(
            course_dir=(arguments.course or checkout() / "assignments").resolve(),
            state_dir=(arguments.state or checkout() / ".hub").resolve(),
            students=arguments.students,
            instructor=INSTRUCTOR,
            port=arguments.port,
            reset_passwords=reset,
        )
    except laptop.HubError as error:
        raise CourseError(str(error)) from error


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of names; write them like ada,ben")
    return names
