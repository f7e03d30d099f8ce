"""Submissions that are not what they should be: each gets a grade or one sentence; the run goes on.

All are graded in one run, in which honest work is graded as well. What the reader takes from each
kind of notebook is told in test_reading.
"""

import json
import os
import resource
import sqlite3
import unicodedata
from contextlib import closing

import nbformat
import pytest

from autograder.coursedir.directory import open_course
from autograder.model import AutograderError, Verdict
from autograder.pipeline import Grading
from tests.autograder.building import (
    RIGHT,
    asserts,
    code,
    copy,
    fill,
    grades,
    released,
    scores,
    submit,
    write_course,
)

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
FULL = {"test_double": 2.0, "test_mean": 3.0, "explain": None}

#: What is wrong with a submission that is graded like any other, by the student's name.
GRADED = {}
#: Of those that are not: what the refusal says.
REFUSED = {
    "not JSON": "its notebook is not a notebook file (not valid JSON)",
    "empty": "its notebook is an empty file",
    "format 5": "its notebook says that its format is 5, and those from 1 to 4 can be read",
    "no format": "its notebook says that its format is None",
    "cells no list": "its notebook has no list of cells",
    "cell no cell": "cell 2 of its notebook is not a cell",
    "only a list": "its notebook is JSON, but not a notebook",
    "nested": "its notebook is nested too deeply",
    "100 MB": "its notebook takes 100 MB, more than the 50 MB allowed",
    "items": "its notebook holds more than 5,000,000 items",
    "infinite": "its notebook holds a number or a letter that no file can",
    "folder": "its p1.ipynb is a folder",
    "no notebook": "p1.ipynb is missing from it (it contains no notebook)",
    "other case": "p1.ipynb is missing from it (it contains P1.ipynb)",
    "copy": "p1.ipynb is missing from it (it contains p1 (1).ipynb)",
    "link": "it contains a symbolic link, p1.ipynb",
    "link to a folder": "it contains a symbolic link, data",
    "link up": "it contains a symbolic link, data/up",
    "pipe": "it contains p1.ipynb, which is neither a file nor a folder",
    "date": "its timestamp.txt does not hold a date",
    "endless date": "its timestamp.txt does not hold a date",
}


def graded(name):
    """Note a function that spoils a plain notebook, as `json.loads` gives it."""

    def note(spoil):
        GRADED[name] = spoil
        return spoil

    return note


@graded("honest")
def _(plain):
    pass


@graded("old minor version")
def _(plain):
    plain["nbformat_minor"] = 0
    for cell in plain["cells"]:
        del cell["id"]


@graded("future minor version")
def _(plain):
    plain["nbformat_minor"] = 99
    plain["novelty"] = {"a": 1}


@graded("no kernelspec")
def _(plain):
    del plain["metadata"]["kernelspec"]


@graded("unknown kernelspec")
def _(plain):
    plain["metadata"]["kernelspec"] = {"name": "fortran77", "display_name": 5, "language": []}


@graded("kernelspec no object")
def _(plain):
    plain["metadata"]["kernelspec"] = 7


@graded("deleted tests")
def _(plain):
    plain["cells"] = [cell for cell in plain["cells"] if "assert" not in str(cell["source"])]


@graded("duplicated tests")
def _(plain):
    plain["cells"] += [dict(cell, id=f"twin{i}") for i, cell in enumerate(plain["cells"])]


@graded("reordered tests")
def _(plain):
    cells = plain["cells"]
    plain["cells"] = [cells[i] for i in (0, 1, 3, 4, 2, 5)]


@graded("changed points")
def _(plain):
    for cell in plain["cells"]:
        if "points" in cell["metadata"].get("nbgrader", {}):
            cell["metadata"]["nbgrader"]["points"] = 1e9


@graded("changed flags")
def _(plain):
    for cell in plain["cells"]:
        if "nbgrader" in cell["metadata"]:
            flags = cell["metadata"]["nbgrader"]
            flags |= {"grade": False, "solution": "yes", "locked": None, "task": True}


@graded("changed schema")
def _(plain):
    for cell in plain["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = 99


@graded("ids repeated")
def _(plain):
    for cell in plain["cells"]:
        cell["id"] = "same"


@graded("ids of wrong types")
def _(plain):
    for cell, wrong in zip(plain["cells"], (None, 5, [], "a b", "x" * 99, {}), strict=True):
        cell["id"] = wrong


@graded("10,000 cells")
def _(plain):
    more = [nbformat.v4.new_markdown_cell(f"Note {i}", id=f"n{i}") for i in range(10_000)]
    plain["cells"][3:3] = more


@graded("no source in a locked cell")
def _(plain):
    del plain["cells"][2]["source"]


@graded("source of wrong types")
def _(plain):
    plain["cells"][2]["source"] = {"a": 1}
    plain["cells"].append({"cell_type": "code", "source": 5, "metadata": {}, "outputs": []})


@graded("source as lines")
def _(plain):
    for cell in plain["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)


@graded("metadata of no cell")
def _(plain):
    for cell in plain["cells"]:
        cell["metadata"] = {}
        del cell["id"]


@graded("metadata of wrong types")
def _(plain):
    plain["metadata"] |= {"language_info": [], "title": 5, "widgets": "x", "autograder": 5}
    plain["cells"][0]["metadata"] = []
    plain["cells"][1]["metadata"] |= {"tags": 5, "collapsed": "no", "jupyter": [], "name": {}}


@graded("outputs of wrong types")
def _(plain):
    for cell in plain["cells"]:
        cell["outputs"] = {"a": [1]}
        cell["execution_count"] = "many"


@graded("unknown keys")
def _(plain):
    plain["extra"] = plain["cells"][0]["extra"] = {"deep": [[[1]]]}


@graded("NaN")
def _(plain):
    plain["metadata"]["mine"] = float("nan")


@graded("half a letter")
def _(plain):
    plain["cells"].append({"cell_type": "code", "source": "x = '\ud800'", "metadata": {}})


@graded("nested metadata")
def _(plain):
    deep = []
    for _ in range(300):
        deep = [deep]
    plain["metadata"]["mine"] = plain["cells"][0]["metadata"]["mine"] = deep


@graded("attachments")
def _(plain):
    plain["cells"][2]["cell_type"] = "markdown"
    plain["cells"][2]["attachments"] = {"a.png": {"image/png": "AAAA"}}


@graded("claims to be graded")
def _(plain):
    cells = [{"grade_id": "test_double", "points": 1000}]
    plain["metadata"]["autograder"] = {"verdict": "pass", "cells": cells}


#: Names of students, which are names of folders; what they submit is honest.
NAMES = [
    "O'Hara",
    'the "best"',
    "Zoë Müller",
    "李雷",
    "two  spaces",
    "a;rm -rf ~",
    "$(id)",
    "{student_id}",
    "%s%d",
    "[a-z]*?",
    "-rf",
    "a\nb",
    "x" * 120,
    "<script>",
    "\\",
]


def spoil(root, student, content):
    submit(root, student, content if isinstance(content, bytes) else json.dumps(content).encode())


def refused(root, tmp):
    """Submit what is to be refused."""
    folder = {name: root / "submitted" / name / "ps1" for name in REFUSED}
    honest = json.dumps(fill(released(root), RIGHT))

    def with_value(text):
        plain = json.loads(honest)
        plain["metadata"]["language_info"] = {"name": "python", "mine": "HERE"}
        return json.dumps(plain).replace('"HERE"', text).encode()

    spoil(root, "not JSON", b"print('hello')")
    spoil(root, "empty", b"")
    spoil(root, "format 5", {**json.loads(honest), "nbformat": 5})
    spoil(root, "no format", {"cells": []})
    spoil(root, "cells no list", {**json.loads(honest), "cells": {"0": 1}})
    spoil(root, "cell no cell", {**json.loads(honest), "cells": [{}, "x = 1"]})
    spoil(root, "only a list", [1, 2])
    spoil(root, "nested", b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    spoil(root, "100 MB", b'{"cells": []}' + b" " * (100 << 20))
    spoil(root, "items", b"[" + b"0," * 6_000_000 + b"0]")
    spoil(root, "infinite", with_value("1e999"))
    (folder["folder"] / "p1.ipynb").mkdir(parents=True)
    folder["no notebook"].mkdir(parents=True)
    submit(root, "other case").rename(folder["other case"] / "P1.ipynb")
    submit(root, "copy").rename(folder["copy"] / "p1 (1).ipynb")
    outside = tmp / "outside"
    outside.mkdir()
    (outside / "p1.ipynb").write_text(honest)
    submit(root, "link").unlink()
    (folder["link"] / "p1.ipynb").symlink_to(outside / "p1.ipynb")
    submit(root, "link to a folder")
    (folder["link to a folder"] / "data").symlink_to(outside)
    submit(root, "link up", files={"data/x": ""})
    (folder["link up"] / "data/up").symlink_to("..")
    submit(root, "pipe").unlink()
    os.mkfifo(folder["pipe"] / "p1.ipynb")
    submit(root, "date", timestamp="soon")
    submit(root, "endless date", timestamp="9" * 1_000_000)


@pytest.fixture(scope="module")
def run(template, tmp_path_factory):
    """Grade them all, by an engine of their own; return the course and the results."""
    tmp = tmp_path_factory.mktemp("malformed")
    root = copy(template, tmp / "course")
    for name, change in GRADED.items():
        plain = json.loads(json.dumps(fill(released(root), RIGHT)))
        change(plain)
        spoil(root, name, plain)
    old = nbformat.convert(fill(released(root), RIGHT), 3)
    spoil(root, "format 3", old)
    text = json.dumps(fill(released(root), RIGHT))
    spoil(root, "UTF-16", text.encode("utf-16"))
    spoil(root, "byte order mark", text.encode("utf-8-sig"))
    for name in NAMES:
        submit(root, name)
    submit(root, "shadows", files={"numpy.py": "raise SystemExit", "json.py": "1/0"})
    submit(root, "odd files", files={"a 'b' \"c\".txt": "", "é/ü.csv": "1", "p2.ipynb": "{}"})
    refused(root, tmp)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    grading = Grading(open_course(root), "ps1")
    results = {one.student: one for one in grading.run(grading.students())}
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return root, results, grown


def test_everybody_has_a_result(run):
    root, results, _ = run
    assert sorted(results) == sorted(path.name for path in (root / "submitted").iterdir())
    assert {one.verdict for one in results.values()} <= {Verdict.PASS, Verdict.ERROR}


@pytest.mark.parametrize("name", [*REFUSED])
def test_a_refusal_is_one_sentence_and_no_zero(run, name):
    root, results, _ = run
    said = results[name].message
    assert said.startswith(f"The submission cannot be graded: {REFUSED[name]}")
    assert said.endswith(".")
    assert "\n" not in said
    assert set(grades(root, name).values()) == {(None, True)}
    assert not (root / "autograded" / name / "ps1").exists()


@pytest.mark.parametrize(
    "name", [*GRADED, "format 3", "UTF-16", "byte order mark", *NAMES, "shadows", "odd files"]
)
def test_what_can_be_read_is_graded_like_any_other(run, name):
    root, results, _ = run
    assert not results[name].message, results[name].message
    assert scores(root, name) == FULL
    nbformat.validate(nbformat.read(root / "autograded" / name / "ps1/p1.ipynb", as_version=4))


def test_nothing_was_written_beside_the_students_folders(run):
    root, results, _ = run
    folders = {path.name for path in (root / "autograded").iterdir()}
    assert folders <= set(results)
    assert not [*root.glob("autograded/*/.*")]
    assert {path.name for path in root.parent.iterdir()} == {"course", "outside"}


def test_the_gradebook_is_sound(run):
    root, _, _ = run
    with closing(sqlite3.connect(root / "gradebook.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_coordinator_stays_small(run):
    """It reads neither what is too large, nor what would become so; the number is in kB."""
    _, _, grown = run
    assert grown < 500_000


def test_a_second_run_leaves_them_as_they_are(run):
    root, results, _ = run
    again = Grading(open_course(root), "ps1")
    second = {one.student: one for one in again.run(again.students())}
    assert again.causes == {}
    assert second == results


def test_ten_thousand_code_cells_are_graded(root, grade):
    book = fill(released(root), RIGHT)
    book.cells[3:3] = [code("") for _ in range(9_900)] + [code("x = 1") for _ in range(100)]
    submit(root, "alice", book)
    grade(root)
    assert scores(root, "alice") == FULL


def test_a_student_cannot_be_called_what_leads_elsewhere(root):
    submit(root, "alice")
    (root / "ps1").mkdir()
    one = Grading(open_course(root), "ps1")
    assert one.students() == ["alice"]
    with pytest.raises(AutograderError, match=r"'\.\.' has not submitted"):
        one.students([".."])


@pytest.mark.parametrize(
    "name",
    ["1234567", "007", "ada@uzh.ch", "a.b+c@x.org", "Zoë", "Zoe\u0308", "Ōe 大江", "-x", "e'f"],
)
def test_any_name_can_be_asked_for(root, name):
    for other in (name, "1234568", "ada@uzh.com"):
        submit(root, other)
    one = Grading(open_course(root), "ps1")
    assert one.students([name]) == [name]
    for form in ("NFC", "NFD"):  # macOS writes the one in folders, keyboards the other
        assert one.students([unicodedata.normalize(form, name)]) == [name]


def test_a_name_that_is_no_text_is_refused_and_nobody_else(root, grade):
    submit(root, "alice")
    (root / "submitted" / os.fsdecode(b"\xff\xfe") / "ps1").mkdir(parents=True)
    results = grade(root)
    assert results["alice"].points == 5
    (other,) = (one for name, one in results.items() if name != "alice")
    assert "is no text" in other.message
    other.student.encode()


@pytest.mark.parametrize("name", ["p 1", "p'1", "aufgabe_ä", 'p"1', "p%1"])
def test_an_assignment_s_notebook_may_be_called_anything(bare, grade, name):
    root = write_course(bare, asserts("assert True", "t", 1), name=name)
    submit(root, "alice", {}, name=name)
    assert grade(root)["alice"].points == 1
