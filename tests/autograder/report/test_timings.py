"""How long cells took."""

import json
import types

import pytest

from autograder.coursedir.directory import open_course
from autograder.model import CellOutcome, Verdict
from autograder.record import times
from autograder.report.timings import timings
from tests.autograder.building import submit


def keep(root, student, seconds, name="p1"):
    """Write a graded notebook whose cells took so long."""
    folder = root / "autograded" / student / "ps1"
    folder.mkdir(parents=True, exist_ok=True)
    marks = [{"nbgrader": {"grade_id": name}} for name in ("answer", "test")]
    outcomes = [CellOutcome(number, Verdict.PASS, took) for number, took in enumerate(seconds)]
    job = types.SimpleNamespace(assignment="ps1", student=student, notebook=name)
    times.keep(root, types.SimpleNamespace(job=job, cells=outcomes, seconds=sum(seconds)))
    notebook = {"cells": [{"metadata": mark} for mark in [*marks, {}]], "metadata": {}}
    (folder / f"{name}.ipynb").write_text(json.dumps(notebook))


def test_the_longest_comes_first_with_the_median_and_whose_it_is(root):
    keep(root, "ada", [1, 10, 99])
    keep(root, "ben", [2, 30])
    keep(root, "cem", [6, 20])
    test, answer = timings(open_course(root), "ps1", ["ada", "ben", "cem", "not graded"])
    assert (test.cell, test.median, test.worst, test.who, test.runs) == ("test", 20, 30, "ben", 3)
    assert (answer.cell, answer.median, answer.worst, answer.who) == ("answer", 2, 6, "cem")


def test_cells_of_one_name_in_two_notebooks_are_two(root):
    keep(root, "ada", [1, 10])
    keep(root, "ada", [2, 3], "p2")
    found = timings(open_course(root), "ps1", ["ada"])
    assert [(one.cell, one.worst) for one in found] == [
        ("p1, test", 10),
        ("p2, test", 3),
        ("p2, answer", 2),
        ("p1, answer", 1),
    ]


@pytest.mark.sandbox
def test_what_was_really_graded_has_timings(root, grade):
    submit(root, "alice")
    grade(root)
    found = timings(open_course(root), "ps1", ["alice"])
    assert {one.cell for one in found} == {"double", "test_double", "mean", "test_mean"}
    assert all(one.worst > 0 for one in found)


def test_what_version_0_1_0_has_graded_is_read_too(root):
    keep(root, "ada", [1, 10])
    path = root / "autograded/ada/ps1/p1.ipynb"
    book = json.loads(path.read_bytes())
    outcomes = [{"cell": 0, "seconds": 3}, {"cell": 1, "seconds": 7}]
    book["metadata"] = {"autograder": {"seconds": 10, "outcomes": outcomes}}
    path.write_text(json.dumps(book))
    found = timings(open_course(root), "ps1", ["ada"])
    assert [(one.cell, one.worst) for one in found] == [("test", 7), ("answer", 3)]


@pytest.mark.parametrize("content", [None, "", "no JSON"])
def test_where_nobody_knows_nothing_is_said(root, content):
    keep(root, "ada", [1, 10])
    path = root / times.FOLDER / "ps1/ada/p1.json"
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    assert timings(open_course(root), "ps1", ["ada"]) == []
