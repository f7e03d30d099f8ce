"""Attacks that tamper with the notebook's cells and their metadata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbformat import NotebookNode

from tests.autograder.building import code, marked
from tests.hostile.attack import Attack, first
from tests.hostile.target import WRONG

Edit = Callable[[NotebookNode], None]


def mark(cell: NotebookNode) -> Any:
    """Return nbgrader's mark on a cell."""
    return cell.metadata.get("nbgrader", {})


def tests(book: NotebookNode) -> list[NotebookNode]:
    """Return the test cells of a notebook."""
    return [c for c in book.cells if mark(c).get("grade") and not mark(c).get("solution")]


def marking(**changes: Any) -> Edit:
    """Return what changes the mark of each test cell."""

    def edit(book: NotebookNode) -> None:
        for cell in tests(book):
            cell.metadata.nbgrader.update(changes)

    return edit


def tagging(**metadata: Any) -> Edit:
    """Return what gives each test cell further metadata."""

    def edit(book: NotebookNode) -> None:
        for cell in tests(book):
            cell.metadata.update(metadata)

    return edit


def rewriting(source: str) -> Edit:
    """Return what gives each test cell, and the locked one, another source."""

    def edit(book: NotebookNode) -> None:
        for cell in [*tests(book), book.cells[0]]:
            cell.source = source

    return edit


def adding(source: str, *, at: int | None = None, **metadata: Any) -> Edit:
    """Return what adds a cell."""

    def edit(book: NotebookNode) -> None:
        place = len(book.cells) if at is None else at
        book.cells.insert(place, code(source, **metadata))

    return edit


def without_tests(book: NotebookNode) -> None:
    """Leave the tests out."""
    book.cells = [cell for cell in book.cells if cell not in tests(book)]


def tests_first(book: NotebookNode) -> None:
    """Put the tests before the answers, and a cell that makes them agree before those."""
    asked = tests(book)
    agree = code("def close(a, b): return True\narea = lambda x: x")
    rest = [cell for cell in book.cells if cell not in asked]
    book.cells = [rest[0], agree, *asked, *rest[1:]]


def twice(book: NotebookNode) -> None:
    """Give each test a double of the same name that asks nothing, before and behind it."""
    cells = []
    for cell in book.cells:
        if mark(cell).get("grade"):
            points = mark(cell).get("points", 1)
            double = marked("pass", mark(cell)["grade_id"], points=points)
            cells += [double, cell, NotebookNode(double)]
        else:
            cells.append(cell)
    book.cells = cells


def as_text(book: NotebookNode) -> None:
    """Turn the tests into text."""
    for cell in tests(book):
        cell.cell_type = "markdown"
        for name in ("outputs", "execution_count"):
            cell.pop(name, None)


def taken_names(book: NotebookNode) -> None:
    """Give the tests' names to answers, and the answers' names to tests."""
    for cell in book.cells:
        name = mark(cell).get("grade_id", "")
        if name.startswith("test_"):
            cell.metadata.nbgrader.grade_id = name.removeprefix("test_")
        elif f"test_{name}" in {mark(c).get("grade_id") for c in tests(book)}:
            cell.metadata.nbgrader.grade_id = f"test_{name}"


def graded_before(book: NotebookNode) -> None:
    """Claim to have been graded, with all points and a result shown."""
    book.metadata["autograder"] = {
        "engine": "0.1.0",
        "verdict": "pass",
        "message": "",
        "seconds": 1.0,
        "seed": "0",
        "cells": [
            {
                "grade_id": mark(cell)["grade_id"],
                "points": mark(cell)["points"],
                "max_points": mark(cell)["points"],
                "verdict": "pass",
                "message": "",
            }
            for cell in tests(book)
        ],
    }
    for cell in tests(book):
        cell.execution_count = 1
        cell.outputs = [
            NotebookNode(
                output_type="execute_result",
                data={"text/plain": "2"},
                execution_count=1,
                metadata={},
            )
        ]


def other_kernel(book: NotebookNode) -> None:
    """Ask for a kernel of its own."""
    book.metadata["kernelspec"] = {
        "display_name": "Evil",
        "language": "bash",
        "name": "../../../evil",
        "argv": ["/bin/sh", "-c", "touch GOT_HERE"],
    }
    book.metadata["language_info"] = {"name": "bash"}


def pathological_names(book: NotebookNode) -> None:
    """Give cells names that are paths, statements, markup and numbers."""
    names: list[Any] = ["../../x", "'; drop table grade; --", "<script>alert(1)</script>", 7, None]
    for name in [*names, {"a": 1}, ["test_fit"], "x" * 100_000]:
        cell = code("pass", nbgrader={"grade_id": name, "grade": True, "points": 99})
        cell.metadata.nbgrader.update(locked=False, solution=False, schema_version=3)
        book.cells.append(cell)


ATTACKS = (
    Attack("points", "Says that each test gives a thousand points.", edit=marking(points=1000)),
    Attack("no_tests", "Hands in a notebook without the tests.", edit=without_tests),
    Attack(
        "tests_first", "Puts the tests before its answers, behind agreeing ones.", edit=tests_first
    ),
    Attack("twice", "Gives each test doubles of the same name that ask nothing.", edit=twice),
    Attack("as_text", "Turns the tests into text that nobody runs.", edit=as_text),
    Attack("rewritten", "Empties the tests and the locked cell.", edit=rewriting("pass")),
    Attack(
        "flags",
        "Says that the tests are neither graded nor locked, but answers of its own.",
        edit=marking(grade=False, locked=False, solution=True),
    ),
    Attack(
        "schema",
        "Says that its marks are of an old version, whose reading would mend them.",
        edit=marking(schema_version=0, checksum="0" * 32, points=-1, cell_type="markdown"),
    ),
    Attack("taken_names", "Swaps the names of tests and answers.", edit=taken_names),
    Attack("pathological_names", "Names cells with paths, SQL, markup.", edit=pathological_names),
    Attack(
        "tags",
        "Tags the tests so that runners skip them, expect errors or hide what they show.",
        edit=tagging(
            tags=["skip-execution", "raises-exception", "remove_output", "remove_cell", "hide"],
            jupyter={"source_hidden": True, "outputs_hidden": True},
            deletable=False,
            trusted=True,
            execution={"timeout": 0},
        ),
    ),
    Attack("graded_before", "Claims in its metadata to have all points.", edit=graded_before),
    Attack("other_kernel", "Asks for a kernel of its own making.", edit=other_kernel),
    Attack(
        "bonus",
        "Adds a graded cell of its own worth a hundred points.",
        edit=adding(
            "100",
            nbgrader={
                "grade": True,
                "grade_id": "test_bonus",
                "locked": True,
                "points": 100,
                "schema_version": 3,
                "solution": False,
                "task": False,
            },
        ),
    ),
    Attack(
        "as_locked",
        "Adds a cell that claims to be an instructor's locked one, to run where the tests run.",
        edit=adding(
            "def close(a, b): return True\nprint('locked')",
            at=1,
            nbgrader={
                "grade": False,
                "grade_id": "setup_more",
                "locked": True,
                "schema_version": 3,
                "solution": False,
                "task": False,
            },
        ),
    ),
    Attack(
        "in_setup_s_name",
        "Puts a cell with the locked cell's name behind it, with agreeing helpers.",
        edit=adding(
            "def close(a, b): return True",
            at=2,
            nbgrader={
                "grade": False,
                "grade_id": "setup",
                "locked": True,
                "schema_version": 3,
                "solution": False,
                "task": False,
            },
        ),
    ),
    Attack(
        "markers",
        "Writes the marks of hidden tests and solutions into its answers, unbalanced.",
        {
            "square": f"### END HIDDEN TESTS\n{WRONG['square']}\n### BEGIN HIDDEN TESTS",
            "area": f"### BEGIN SOLUTION\n{WRONG['area']}\n### BEGIN HIDDEN TESTS",
            "fit": f"{WRONG['fit']}\n'''\n### END SOLUTION",
        },
    ),
    Attack(
        "magics",
        "Uses magics to write, load and run files and shells, and to time cells without end.",
        first("""
from IPython import get_ipython

for name, line in (("writefile", "GOT_HERE"), ("sx", "touch ../GOT_HERE"), ("reset", "-f"),
                   ("pylab", ""), ("load_ext", "evil"), ("autocall", "2"), ("xmode", "Verbose"),
                   ("pdb", "on"), ("config", "InteractiveShell.ast_node_interactivity='all'")):
    try:
        get_ipython().run_line_magic(name, line)
    except BaseException as error:
        print(error)"""),
    ),
)
