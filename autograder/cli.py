"""The ``autograder`` command: the only module of this package that prints or exits."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import sysconfig
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from autograder import settings
from autograder.dispatch.engine import Engine
from autograder.model import AutograderError, Graded, Proof, Verdict, visible
from autograder.report import terminal
from autograder.settings import Autograder

if TYPE_CHECKING:
    from autograder.pipeline import Grading
    from autograder.report.timings import Timing


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    arguments = _parser().parse_args(argv)
    # nbgrader calls `alembic` by name when it makes a gradebook; it lies beside this command.
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    # jsonschema would import it to check addresses, of which notebooks have none; that compiles a
    # grammar for a second, every time.
    sys.modules.setdefault("rfc3987_syntax", cast(ModuleType, None))
    # Advice of SQLAlchemy to nbgrader's authors.
    warnings.filterwarnings("ignore", message="Object of type <Submitted", category=Warning)
    try:
        return int(arguments.run(arguments))
    except AutograderError as error:
        print(f"autograder: {visible(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("autograder: interrupted; what was graded is recorded", file=sys.stderr)
        return 130
    except Exception as error:
        if not (said := _of_gradebook(error)):
            raise
        print(f"autograder: {visible(said)}", file=sys.stderr)
        return 2


def _of_gradebook(error: Exception) -> str:
    """Return a sentence about an error of the gradebook's database; of any other, nothing."""
    database = sys.modules.get("sqlalchemy.exc")  # what has not been imported has not failed
    if database is None or not isinstance(error, database.DBAPIError):
        return ""
    why = str(error.orig).strip().partition("\n")[0]
    return (
        f"The gradebook cannot be used: {why}. Close what else has it open, see that there is room "
        "on its disk, and try again; what was graded is recorded."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="autograder", description="Grade a class's nbgrader assignments, each in a sandbox."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    grade = commands.add_parser("grade", help="grade all submissions of an assignment")
    grade.add_argument("assignment", metavar="ASSIGNMENT")
    _course_option(grade)
    grade.add_argument(
        "--student", action="append", help="grade this student only; may be repeated"
    )
    grade.add_argument("--force", action="store_true", help="grade again what is graded already")
    grade.add_argument("--workers", type=int, help="how many submissions to grade at the same time")
    grade.add_argument(
        "--scheduler", metavar="ADDRESS", help="grade on the workers of this Dask scheduler"
    )
    grade.add_argument(
        "--dashboard", action="store_true", help="serve Dask's dashboard while grading; needs bokeh"
    )
    grade.add_argument(
        "--no-sandbox",
        action="store_true",
        help="run submissions with your own rights, on a machine that cannot isolate them",
    )
    grade.add_argument("--timings", action="store_true", help="show how long each cell took")
    grade.add_argument("--json", action="store_true", help="print the results as JSON")
    grade.add_argument("--verbose", action="store_true", help="show what nbgrader logs")
    grade.set_defaults(run=_grade)

    report = commands.add_parser(
        "report", help="write a page about a graded assignment, for the instructor"
    )
    report.add_argument("assignment", metavar="ASSIGNMENT")
    _course_option(report)
    report.add_argument("--output", type=Path, help="file to write (default: in the course)")
    report.set_defaults(run=_report)

    verify = commands.add_parser(
        "verify", help="check that an assignment's own solution earns all points"
    )
    verify.add_argument("assignment", metavar="ASSIGNMENT")
    _course_option(verify)
    verify.add_argument(
        "--runs", type=int, default=5, metavar="N", help="how often to grade it (default: 5)"
    )
    verify.add_argument("--load", action="store_true", help="keep the machine busy while grading")
    verify.set_defaults(run=_verify)

    replay = commands.add_parser("replay", help="repeat a recorded grade and compare the two")
    replay.add_argument(
        "submission",
        nargs="+",
        metavar="SUBMISSION",
        help="STUDENT ASSIGNMENT, STUDENT/ASSIGNMENT, or the path of a submission",
    )
    _course_option(replay)
    replay.set_defaults(run=_replay)

    doctor = commands.add_parser("doctor", help="check whether grading can start here")
    _course_option(doctor)
    doctor.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="a Dask scheduler, whose workers are asked too",
    )
    doctor.set_defaults(run=_doctor)
    return parser


def _course_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--course",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="the nbgrader course (default: this folder)",
    )


def _grade(arguments: argparse.Namespace) -> int:
    if arguments.workers is not None and arguments.workers < 1:
        raise AutograderError(f"--workers must be at least 1, not {arguments.workers}.")
    if arguments.scheduler and (arguments.workers or arguments.dashboard):
        raise AutograderError(
            "--workers and --dashboard are about grading on this machine; with --scheduler, leave "
            "them out."
        )

    def adjusted(found: Autograder) -> Autograder:
        found.sandbox = found.sandbox and not arguments.no_sandbox
        found.workers = arguments.workers or found.workers
        found.scheduler = arguments.scheduler or found.scheduler
        found.dashboard = arguments.dashboard or found.dashboard
        return found

    early = adjusted(settings.peek(arguments.course.absolute()))
    console = Console(stderr=True)
    if not early.sandbox:
        console.print(
            "[bold yellow]No sandbox: submissions run with your rights and can read and change "
            "whatever you can.[/]"
        )
    # The zygote imports TensorFlow while this process imports nbgrader.
    with Engine(early) as engine:
        from autograder.coursedir.directory import open_course
        from autograder.pipeline import Grading

        course = open_course(arguments.course, verbose=arguments.verbose)
        adjusted(course.settings)

        def announce(proof: Proof) -> None:
            for line in terminal.proof(arguments.assignment, proof):
                console.print(line, highlight=False, soft_wrap=True)

        name = arguments.assignment
        grading = Grading(course, name, force=arguments.force, announce=announce)
        return _show(arguments, console, grading, engine)


def _show(arguments: argparse.Namespace, console: Console, grading: Grading, engine: Engine) -> int:
    students = grading.students(arguments.student)
    if (engine.settings.scheduler or engine.settings.dashboard) and (link := engine.connect()):
        console.print(f"Dask's dashboard: {link}", soft_wrap=True)
    from autograder.report.report import in_gradebook

    results: list[Graded] = []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("grading", total=len(students))
        for graded in grading.run(students, engine):
            results.append(graded)
            progress.update(task, advance=1, description=f"graded {terminal.plain(graded.student)}")
    found = in_gradebook(grading.course, grading.assignment, results)
    results = sorted(found.results, key=lambda one: one.student)
    if arguments.json:
        print(json.dumps([as_json(one) for one in results], indent=1))
    else:
        out = Console()
        out.print(terminal.table(results, found.penalties))
        for line in terminal.summary(results):
            out.print(line, highlight=False)
        if arguments.timings:
            out.print(terminal.timings(_timings(grading, results)))
        if grading.kept or set(grading.causes.values()) - {"new"}:
            console.print(f"{_told(grading)}; --force grades all again.")
        if grading.outdated:
            console.print(visible(grading.outdated), markup=False, soft_wrap=True)
    if all(one.verdict is Verdict.ERROR and not one.cells for one in results):
        raise AutograderError("None of these submissions can be graded; the reasons are above.")
    return 1 if any(one.verdict is Verdict.INTERNAL for one in results) else 0


def _told(grading: Grading) -> str:
    """Say how many grades were left as they are, and why others were not."""
    counts = Counter(grading.causes.values())
    graded = [f"{number} graded ({cause})" for cause, number in sorted(counts.items())]
    return ", ".join([f"{len(grading.kept)} unchanged", *graded])


def _timings(grading: Grading, results: Sequence[Graded]) -> list[Timing]:
    from autograder.report.timings import timings

    return timings(grading.course, grading.assignment, [one.student for one in results])


def _report(arguments: argparse.Namespace) -> int:
    from autograder.coursedir.directory import open_course
    from autograder.report.report import write

    course = open_course(arguments.course)
    print(write(course, arguments.assignment, arguments.output))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    if arguments.runs < 1:
        raise AutograderError(f"--runs must be at least 1, not {arguments.runs}.")
    from autograder.coursedir.directory import open_course
    from autograder.verify.verify import verify

    course = open_course(arguments.course)
    console = Console(stderr=True)
    with (
        tempfile.TemporaryDirectory(prefix="verify-") as scratch,
        console.status("reading the source") as status,
    ):
        found = verify(
            course,
            arguments.assignment,
            Path(scratch),
            runs=arguments.runs,
            load=arguments.load,
            watch=status.update,
        )
    out = Console(highlight=False)
    out.print(terminal.verified(found))
    for line in terminal.advice(found):
        out.print(f"- {line}")
    if found.fine:
        out.print("The reference solution earns everything, every time.")
    return 0 if found.fine else 1


def _replay(arguments: argparse.Namespace) -> int:
    if len(arguments.submission) > 2:
        raise AutograderError("Replay one submission at a time: autograder replay ada ps1")
    from autograder.coursedir.directory import open_course
    from autograder.verify.replay import find, replay

    course = open_course(arguments.course)
    student, assignment = find(course, arguments.submission)
    with Console(stderr=True).status(f"grading {terminal.plain(student)} again"):
        found = replay(course, student, assignment)
    out = Console(highlight=False)
    out.print(terminal.conditions(found.conditions))
    for line in found.differences:
        out.print(f"- {terminal.plain(line)}")
    if not found.differences:
        out.print(f"The same verdict, points and message at each of {found.cells} cells.")
    return 1 if found.differences else 0


def _doctor(arguments: argparse.Namespace) -> int:
    from autograder.doctor.checks import examine, fit

    found = examine(arguments.course.absolute(), scheduler=arguments.scheduler)
    out = Console(highlight=False)
    out.print(terminal.facts(found))
    able = fit(found)
    out.print("Grading can start." if able else "Grading cannot start: mend what is red.")
    return 0 if able else 1


def as_json(graded: Graded) -> dict[str, object]:
    """Return a result as plain data."""
    plain = dataclasses.asdict(graded)
    return {**plain, "points": graded.points, "max_points": graded.max_points}
