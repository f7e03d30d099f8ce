"""The ``course`` command: what an author, a teacher or an operator asks of the course."""

import argparse
import json
import os
import shutil
import sys
import sysconfig
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import course
from course import syllabus
from course.errors import CourseError, choose_from

# Each command's imports stand in its function, so that one starts fast whatever others need.

INSTRUCTOR = "instructor"
#: The assignment that the demo shows: its mistakes do not meet, so that any two can be combined.
SHOWN = "day1_gradient_descent"
OK, STALE, OUR_ERROR = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; our own errors are one line and 2."""
    parser = argparse.ArgumentParser(
        prog="course", description="Write, check and serve the course."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_syllabus(commands)
    _add_build(commands)
    _add_check(commands)
    _add_site(commands)
    _add_demo(commands)
    _add_hub(commands)
    arguments = parser.parse_args(argv)
    # nbgrader calls `alembic` by name when it makes a gradebook; it lies beside this command.
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    # Advice of SQLAlchemy to nbgrader's authors.
    warnings.filterwarnings("ignore", message="Object of type <Submitted", category=Warning)
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
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="lectures and assignments (default: all)"
    )
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
    stale = authoring.build(root, arguments.names, check=arguments.check)
    for each in stale:
        print(each if arguments.check else f"wrote {each.notebook}")
    if arguments.check and stale:
        print(
            "course: run `course build` and commit the notebooks with their texts", file=sys.stderr
        )
        return STALE
    return OK


def _add_site(commands: Commands) -> None:
    parser = commands.add_parser("site", help="make a website of the lectures")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to make it (default: .site)")
    parser.add_argument(
        "--no-execute", action="store_true", help="do not run the lectures: code without figures"
    )
    parser.set_defaults(run=_site)


def _site(arguments: argparse.Namespace) -> int:
    from course import website

    root = checkout()
    directory = (arguments.out or root / ".site").resolve()
    page = website.build(root, syllabus.load(), directory, execute=not arguments.no_execute)
    print(f"The website is in {page.parent}; open {page}")
    return OK


def _add_demo(commands: Commands) -> None:
    parser = commands.add_parser(
        "demo", help="release, submit, grade and report a made-up class, in a fresh course"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"assignments (default: {SHOWN})")
    parser.add_argument("--students", type=int, default=12, metavar="N", help="(default: 12)")
    parser.add_argument("--seed", type=int, default=2026, metavar="S", help="of the class")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="make it there (default: .demo, made anew)"
    )
    parser.set_defaults(run=_demo)


def _demo(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from autograder import cli as autograder
    from autograder import sandbox
    from course import classroom
    from course.demo import Demo

    root, taught = checkout(), syllabus.load()
    assignments = [taught.assignment(name) for name in arguments.names or [SHOWN]]
    students = classroom.names(arguments.students, arguments.seed)
    directory = (arguments.keep or root / ".demo").resolve()
    if arguments.keep is None and directory.exists():
        shutil.rmtree(directory)
    console = Console(highlight=False)
    demo = Demo(directory, root)
    where = ["--course", str(demo.course)]
    missing = sandbox.missing()
    if missing:
        # Everything the made-up class submits is ours, so the demo may do what grading refuses.
        console.print(f"[yellow]No sandbox: {missing}. The demo grades without one.[/]")
    unexpected = 0
    for assignment in assignments:
        name = assignment.name
        console.print(f"\n[bold]{name}[/]: {assignment.points:g} points")
        console.print("  release  nbgrader generate_assignment, release_assignment")
        demo.release(name)
        console.print(f"  submit   nbgrader submit, by {len(students)} students")
        members = demo.make_up(name, students, arguments.seed)
        demo.submit(name, members)
        console.print("  collect  nbgrader collect")
        demo.collect(name)
        console.print(f"  grade    autograder grade {name}\n")
        autograder.main(["grade", name, *where, *(["--no-sandbox"] if missing else [])])
        console.print("\n  feedback nbgrader generate_feedback, release_feedback")
        demo.feedback(name)
        console.print(f"  report   autograder report {name}")
        console.print("           ", end="")
        autograder.main(["report", name, *where])
        unexpected += _compare(console, demo.course, name, members)
    console.print(f"\nThe course is in {demo.course}", soft_wrap=True)
    console.print("To see it in a browser:")
    console.print(f'  make hub ARGS="--course {demo.course}"', soft_wrap=True)
    return STALE if unexpected else OK


def _compare(console: Any, directory: Path, name: str, members: Sequence[Any]) -> int:
    """Say whether everybody got what the submission deserves; return how many did not."""
    from autograder.courses import open_course
    from autograder.record import recorded

    graded = open_course(directory)
    wrong = 0
    for member in members:
        result = recorded(graded, name, member.student)
        points = result.points if result.cells else None
        verdict = str(result.verdict) if result.cells else "error"
        if points != member.points or member.verdict not in (None, verdict):
            wrong += 1
            console.print(
                f"[red]{member.student} ({member.story}) got {points} points and '{verdict}', "
                f"and should have {member.points} and '{member.verdict or 'any'}'[/]"
            )
    console.print(
        f"  compare  {len(members) - wrong} of {len(members)} got exactly what they deserve"
    )
    return wrong


def _add_check(commands: Commands) -> None:
    parser = commands.add_parser(
        "check", help="prove an assignment's tests with right, wrong and blank submissions"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="assignments (default: all)")
    parser.add_argument(
        "--only-ours", action="store_true", help="leave out the comparison with nbgrader's grading"
    )
    parser.add_argument(
        "--sample", type=int, metavar="N", help="compare N of the mutants, drawn with a fixed seed"
    )
    parser.set_defaults(run=_check)


def _check(arguments: argparse.Namespace) -> int:
    import tempfile

    from rich.console import Console
    from rich.progress import track

    from autograder import stock
    from autograder.advice import advise
    from autograder.courses import open_course
    from autograder.grading import Grading
    from course import checking

    root, taught = checkout(), syllabus.load()
    console = Console(highlight=False)
    names = arguments.names or [assignment.name for assignment in taught.assignments()]
    for name in names:
        taught.assignment(name)
    failures = 0
    for name in names:
        with tempfile.TemporaryDirectory(prefix="check-") as scratch:
            trial = checking.Trial(root, name, Path(scratch))
            trial.failures += map(str, advise(trial.source))
            students = sorted(trial.cases)
            console.print(f"{name}: {len(students)} submissions")  # a long wait begins
            opened = open_course(trial.directory("ours"))
            grading = Grading(opened, name).run(students)
            for graded in track(grading, f"{name}, our engine", len(students), transient=True):
                points = {cell.grade_id: cell.points for cell in graded.cells}
                trial.add("our engine", graded.student, points)
            if not arguments.only_ours:
                opened = open_course(trial.directory("stock"))
                compared = trial.some(arguments.sample)
                scored = stock.grade(opened, name, compared)
                for student, scores in track(
                    scored, f"{name}, nbgrader", len(compared), transient=True
                ):
                    trial.add("nbgrader", student, scores)
        for failure in trial.failures:
            console.print(f"[red]{name}: {failure}[/]")
        failures += len(trial.failures)
        console.print(f"{name}: {trial.summary()}")
    return STALE if failures else OK


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
