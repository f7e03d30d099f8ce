"""The ``course`` command: what an author, a teacher or an operator asks of the course."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

import course
from course import syllabus
from course.errors import CourseError, choose_from

# Each command's imports stand in its function, so that one starts fast whatever others need.

INSTRUCTOR = "instructor"
OK, STALE, OUR_ERROR = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; our own errors are one line and 2."""
    parser = argparse.ArgumentParser(
        prog="course", description="Write, check and serve the course."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_syllabus(commands)
    _add_build(commands)
    _add_hub(commands)
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except CourseError as error:
        print(f"course: {error}", file=sys.stderr)
        return OUR_ERROR


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add_syllabus(commands: Commands) -> None:
    parser = commands.add_parser("syllabus", help="print the days, their lectures and assignments")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=_syllabus)


def _syllabus(arguments: argparse.Namespace) -> int:
    taught = syllabus.load()
    if arguments.json:
        print(json.dumps(asdict(taught), indent=2, ensure_ascii=False))
        return OK
    from rich.console import Console
    from rich.table import Table

    table = Table(title=taught.title, title_justify="left")
    for heading in ("Day", "Lecture", "Assignment"):
        table.add_column(heading, overflow="fold")
    table.add_column("Points", justify="right")
    for day in taught.days:
        table.add_section()
        table.add_row(str(day.number), f"[bold]{day.title}[/]", "", "")
        for lecture in day.lectures:
            asked = lecture.assignment
            row = (asked.name, f"{asked.points:g}") if asked else ("–", "")
            table.add_row("", f"{lecture.title} ({lecture.name})", *row)
    Console().print(table)
    return OK


def _add_build(commands: Commands) -> None:
    parser = commands.add_parser("build", help="derive the notebooks from their texts")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a notebook is out of date"
    )
    how.add_argument(
        "--from-notebook", metavar="NAME", help="first bring an edited notebook back into its text"
    )
    parser.set_defaults(run=_build)


def _build(arguments: argparse.Namespace) -> int:
    from course import authoring

    root = checkout()
    if arguments.from_notebook:
        for text in authoring.from_notebook(root, arguments.from_notebook):
            print(f"changed {text}")
    stale = authoring.build(root, check=arguments.check)
    for each in stale:
        print(each if arguments.check else f"wrote {each.notebook}")
    if arguments.check and stale:
        print(
            "course: run `course build` and commit the notebooks with their texts", file=sys.stderr
        )
        return STALE
    return OK


def _add_hub(commands: Commands) -> None:
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


def checkout() -> Path:
    """Return the root of the checkout this package runs from, or raise `CourseError`."""
    root = Path(course.__file__).parent.parent
    if not (root / "assignments" / "authoring").is_dir():
        raise CourseError(
            f"this needs the course's repository, and the course is installed in {root}; "
            "run it in a clone, after `make setup`"
        )
    return root
