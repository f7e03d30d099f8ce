"""Commands that test the course: check the assignments, and take a made-up class through one."""

import argparse
import shlex
import shutil
import sysconfig
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from course import syllabus
from course.cli.common import OK, OUR_ERROR, STALE, Commands, checkout

#: The assignment that the demo shows: its mistakes do not meet, so that any two can be combined.
SHOWN = "day1_gradient_descent"


def add_check(commands: Commands) -> None:
    """Add ``course check``.

    Parameters
    ----------
    commands : argparse subparsers
        Where the command is added.
    """
    parser = commands.add_parser(
        "check", help="prove an assignment's tests with right, wrong and blank submissions"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="assignments (default: all)")
    parser.add_argument(
        "--only-ours", action="store_true", help="leave out the comparison with nbgrader's grading"
    )
    parser.add_argument(
        "--sample",
        type=_count,
        metavar="N",
        help="compare N of the mutants, drawn with a fixed seed",
    )
    parser.add_argument(
        "--draft",
        action="store_true",
        help="check an unfinished assignment, and name what is missing",
    )
    parser.set_defaults(run=_check)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of mutants; write 0, 1, 2, …")
    return int(text)


def _check(arguments: argparse.Namespace) -> int:
    import tempfile

    from rich.console import Console
    from rich.progress import track

    from autograder.coursedir.directory import open_course
    from autograder.pipeline import Grading
    from autograder.verify import stock_nbgrader
    from autograder.verify.lint import advise
    from course.authoring import trial as authoring_trial

    root, taught = checkout(), syllabus.load()
    console = Console(highlight=False)
    names = arguments.names or [assignment.name for assignment in taught.assignments()]
    for name in names:
        taught.assignment(name)
    failures = ungraded = 0
    for name in names:
        with tempfile.TemporaryDirectory(prefix="check-") as scratch:
            trial = authoring_trial.Trial(root, name, Path(scratch), draft=arguments.draft)
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
                failed = partial(trial.fail, "nbgrader")
                scored = stock_nbgrader.grade(opened, name, compared, failed)
                for student, scores in track(
                    scored, f"{name}, nbgrader", len(compared), transient=True
                ):
                    trial.add("nbgrader", student, scores)
        for failure in trial.failures:
            # What a failure quotes may hold brackets, which Rich would take for its own.
            console.print(f"{name}: {failure}", style="red", markup=False)
        failures += len(trial.failures)
        ungraded += trial.ungraded
        console.print(f"{name}: {trial.summary()}")
    if ungraded:
        return OUR_ERROR
    return STALE if failures else OK


def add_demo(commands: Commands) -> None:
    """Add ``course demo``.

    Parameters
    ----------
    commands : argparse subparsers
        Where the command is added.
    """
    parser = commands.add_parser(
        "demo", help="release, submit, grade and report a made-up class, in a fresh course"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"assignments (default: {SHOWN})")
    parser.add_argument("--students", type=int, default=12, metavar="N", help="(default: 12)")
    parser.add_argument("--seed", type=int, default=2026, metavar="S", help="draws the class")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="make the course there (default: .demo, made again each time)",
    )
    parser.set_defaults(run=_demo)


def _demo(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from autograder import cli as autograder
    from autograder.sandbox import bubblewrap
    from course.demo import roster
    from course.demo.run import Demo

    root, taught = checkout(), syllabus.load()
    assignments = [taught.assignment(name) for name in dict.fromkeys(arguments.names or [SHOWN])]
    students = roster.names(arguments.students, arguments.seed)
    directory = (arguments.keep or root / ".demo").resolve()
    if arguments.keep is None and directory.exists():
        shutil.rmtree(directory)
    console = Console(highlight=False)
    demo = Demo(directory, root)
    where = ["--course", str(demo.course)]
    missing = bubblewrap.missing()
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
    console.print("To see it in a browser, and to log in as any of its class:")
    print(f"  {_hub_command(demo.course, students)}")
    return STALE if unexpected else OK


def _hub_command(course: Path, students: Sequence[str]) -> str:
    """Return what serves a course of the demo; its hub is not that of the real class."""
    words = [Path(sysconfig.get_path("scripts")) / "course", "hub", "--course", course]
    words += ["--state", course.with_name("hub"), "--students", ",".join(students)]
    return shlex.join(map(str, words))


def _compare(console: Any, directory: Path, name: str, members: Sequence[Any]) -> int:
    """Say whether everybody got what the submission deserves; return how many did not."""
    from autograder.coursedir.directory import open_course
    from autograder.record.recorder import recorded

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
