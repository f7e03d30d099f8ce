"""The ``autograder`` command: the only module of its room that prints or exits."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import sysconfig
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from autograder import settings
from autograder.engine import Engine
from autograder.model import AutograderError, Graded, Verdict
from autograder.settings import Autograder

if TYPE_CHECKING:
    from autograder.grading import Grading

#: Colours of the table.
COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "yellow", Verdict.INTERNAL: "bold red"}


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
        print(f"autograder: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("autograder: interrupted; what was graded is recorded", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="autograder", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    grade = commands.add_parser("grade", help="grade all submissions of an assignment")
    grade.add_argument("assignment", metavar="ASSIGNMENT")
    _course_option(grade)
    grade.add_argument("--student", action="append", help="only this one; may be repeated")
    grade.add_argument("--force", action="store_true", help="grade again what has been graded")
    grade.add_argument("--workers", type=int, help="submissions graded at the same time, here")
    grade.add_argument(
        "--scheduler", metavar="ADDRESS", help="let the workers of this Dask scheduler grade"
    )
    grade.add_argument(
        "--dashboard", action="store_true", help="serve Dask's dashboard meanwhile; needs bokeh"
    )
    grade.add_argument(
        "--no-sandbox",
        action="store_true",
        help="run submissions with your own rights, on a machine that cannot isolate them",
    )
    grade.add_argument("--json", action="store_true", help="print the results as JSON")
    grade.add_argument("--verbose", action="store_true", help="show what nbgrader logs")
    grade.set_defaults(run=_grade)

    report = commands.add_parser("report", help="write a page about a graded assignment")
    report.add_argument("assignment", metavar="ASSIGNMENT")
    _course_option(report)
    report.add_argument("--output", type=Path, help="file to write (default: in the course)")
    report.set_defaults(run=_report)
    return parser


def _course_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--course", type=Path, default=Path(), metavar="DIR", help="the nbgrader course (here)"
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
        from autograder.courses import open_course
        from autograder.grading import Grading

        course = open_course(arguments.course, verbose=arguments.verbose)
        adjusted(course.settings)
        return _show(
            arguments, console, Grading(course, arguments.assignment, force=arguments.force), engine
        )


def _show(arguments: argparse.Namespace, console: Console, grading: Grading, engine: Engine) -> int:
    students = grading.students(arguments.student)
    if (engine.settings.scheduler or engine.settings.dashboard) and (link := engine.connect()):
        console.print(f"Dask's dashboard: {link}", soft_wrap=True)
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
            progress.update(task, advance=1, description=f"graded {graded.student}")
    results.sort(key=lambda one: one.student)
    if arguments.json:
        print(json.dumps([as_json(one) for one in results], indent=1))
    else:
        Console().print(table(results))
        if grading.kept or set(grading.causes.values()) - {"new"}:
            console.print(f"{_told(grading)}; --force grades all again.")
    if all(one.verdict is Verdict.ERROR and not one.cells for one in results):
        raise AutograderError("None of these submissions can be graded; the reasons are above.")
    return 1 if any(one.verdict is Verdict.INTERNAL for one in results) else 0


def _told(grading: Grading) -> str:
    """Say how many grades were left as they are, and why others were not."""
    counts = Counter(grading.causes.values())
    graded = [f"{number} graded ({cause})" for cause, number in sorted(counts.items())]
    return ", ".join([f"{len(grading.kept)} unchanged", *graded])


def _report(arguments: argparse.Namespace) -> int:
    from autograder.courses import open_course
    from autograder.report import write

    course = open_course(arguments.course)
    print(write(course, arguments.assignment, arguments.output))
    return 0


def as_json(graded: Graded) -> dict[str, object]:
    """Return a result as plain data."""
    plain = dataclasses.asdict(graded)
    return {**plain, "points": graded.points, "max_points": graded.max_points}


def table(results: Sequence[Graded]) -> Table:
    """Return the table of results, with the reason for every lost point."""
    title = escape(results[0].assignment) if results else "nothing to grade"
    shown = Table(title=title, title_justify="left", show_lines=False)
    shown.add_column("student", no_wrap=True)
    shown.add_column("points", justify="right", no_wrap=True)
    shown.add_column("verdict", no_wrap=True)
    shown.add_column("why points were lost", overflow="fold")
    shown.add_column("s", justify="right", no_wrap=True)
    for one in results:
        lost: dict[str, list[str]] = {}  # the same reason is told once
        for cell in one.cells:
            if cell.points is None or cell.points < cell.max_points:
                reason = _first_line(cell.message) or "waits for a person to grade it"
                lost.setdefault(reason, []).append(f"{cell.grade_id} (of {cell.max_points:g})")
        reasons = [f"{', '.join(cells)}: {reason}" for reason, cells in lost.items()]
        colour = COLOURS.get(one.verdict, "red")
        shown.add_row(
            escape(one.student),
            f"{one.points:g} / {one.max_points:g}" if one.cells else "–",
            f"[{colour}]{one.verdict}[/]",
            escape("\n".join([one.message] * bool(one.message) + reasons)),
            f"{one.seconds:.1f}",
        )
    return shown


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
