"""Commands for authors: the syllabus, the notebooks made from the texts, the website."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from course import syllabus
from course.cli.common import OK, OUR_ERROR, STALE, Commands, checkout


def add_syllabus(commands: Commands) -> None:
    """Add ``course syllabus``.

    Parameters
    ----------
    commands : argparse subparsers
        Where the command is added.
    """
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


def add_new(commands: Commands) -> None:
    """Add ``course new``.

    Parameters
    ----------
    commands : argparse subparsers
        Where the command is added.
    """
    parser = commands.add_parser("new", help="write the first text of a new assignment")
    parser.add_argument("name", metavar="NAME", help="such as day2_topic")
    parser.set_defaults(run=_new)


def _new(arguments: argparse.Namespace) -> int:
    from course.authoring import skeleton

    for path in skeleton.write(checkout(), arguments.name):
        print(f"wrote {path}")
    print(
        "Now list it under its lecture in course/syllabus.toml:\n"
        f'  assignment = {{ name = "{arguments.name}", points = 2 }}\n'
        f"and run: course build, course check {arguments.name} --draft"
    )
    return OK


def add_build(commands: Commands) -> None:
    """Add ``course build``.

    Parameters
    ----------
    commands : argparse subparsers
        Where the command is added.
    """
    parser = commands.add_parser("build", help="make the notebooks from their texts")
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
    from course.authoring import notebooks

    root = checkout()
    if arguments.from_notebook:
        for text in notebooks.from_notebook(root, arguments.from_notebook):
            print(f"changed {text}")
    stale = notebooks.build(root, arguments.names, check=arguments.check)
    derived = [each for each in stale if each.derived]
    for each in derived:
        print(each if arguments.check else f"wrote {each.notebook}")
    for each in stale:
        if not each.derived:
            print(f"course: {each}", file=sys.stderr)
    if len(derived) < len(stale):
        return OUR_ERROR
    if arguments.check and stale:
        print(
            "course: run `course build` and commit the notebooks with their texts", file=sys.stderr
        )
        return STALE
    return OK


def add_site(commands: Commands) -> None:
    """Add ``course site``.

    Parameters
    ----------
    commands : argparse subparsers
        Where the command is added.
    """
    parser = commands.add_parser("site", help="make a website of the lectures")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to put it (default: .site)")
    parser.add_argument(
        "--no-execute", action="store_true", help="do not run the lectures: code without figures"
    )
    parser.set_defaults(run=_site)


def _site(arguments: argparse.Namespace) -> int:
    from course.authoring import website

    root = checkout()
    directory = (arguments.out or root / ".site").resolve()
    page = website.build(root, syllabus.load(), directory, execute=not arguments.no_execute)
    print(f"The website is in {page.parent}; open {page}")
    return OK
