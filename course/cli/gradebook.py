"""The command for the end of the course: everyone's points."""

import argparse
import csv
import sys
from pathlib import Path

from course.cli.common import OK, OUR_ERROR, Commands, checkout


def add_grades(commands: Commands) -> None:
    """Add ``course grades``.

    Parameters
    ----------
    commands : argparse subparsers
        Where the command is added.
    """
    parser = commands.add_parser("grades", help="print everybody's points, one row per student")
    parser.add_argument(
        "--course", type=Path, metavar="DIR", help="nbgrader course (default: this one's)"
    )
    parser.add_argument(
        "--csv", action="store_true", help="print CSV, for a spreadsheet or learning platform"
    )
    parser.set_defaults(run=_grades)


def _grades(arguments: argparse.Namespace) -> int:
    from autograder.coursedir.directory import open_course
    from autograder.model import AutograderError, visible
    from autograder.report import grades

    try:
        found = grades.read(open_course(arguments.course or checkout() / "assignments"))
    except AutograderError as error:
        print(f"course: {visible(str(error))}", file=sys.stderr)
        return OUR_ERROR
    heads = ["student", "last_name", "first_name", "email", *found.assignments, "total"]
    rows = [
        [row.student, row.last_name, row.first_name, row.email]
        + ["" if one is None else _number(one) for one in (*row.points, row.total)]
        for row in found.rows
    ]
    if arguments.csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([heads, *rows])
        return OK
    from rich.console import Console
    from rich.table import Table

    table = Table()
    numbers = len(found.assignments) + 1
    for place, head in enumerate(heads):
        number = place >= len(heads) - numbers
        table.add_column(head, overflow="fold", justify="right" if number else "left")
    for row in rows:
        table.add_row(*(visible(one).replace("[", r"\[") for one in row))
    most = map(_number, (*found.most, sum(found.most)))
    table.add_section()
    table.add_row("of", "", "", "", *most)
    Console().print(table)
    return OK


def _number(points: float) -> str:
    return f"{round(points, 2):g}"
