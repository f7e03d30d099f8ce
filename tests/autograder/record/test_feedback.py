"""What a student reads afterwards."""

import io
import logging
import re

import nbformat
import nbformat.v4 as v4
import pytest
from nbconvert.exporters import HTMLExporter
from traitlets.config import LoggingConfigurable

from autograder.record.feedback import HIDDEN, HideHiddenTests
from tests.autograder.building import (
    PROBLEM,
    RIGHT,
    api,
    asserts,
    generate,
    notebook,
    solution,
    submit,
)

HIDING = "assert x, 'visible'\n### BEGIN HIDDEN TESTS\nassert y == 42, 'why'\n### END HIDDEN TESTS"


def error(name="AssertionError", value="why"):
    traceback = ["Traceback", "----> 3 assert y == 42, 'why'", f"{name}: {value}"]
    return v4.new_output("error", ename=name, evalue=value, traceback=traceback)


def hidden(cell, *outputs, message=""):
    cell.outputs = list(outputs)
    book = notebook(cell)
    if message:
        book.metadata["autograder"] = {"cells": [{"grade_id": "test", "message": message}]}
    book, _ = HideHiddenTests().preprocess(book, {})
    assert "autograder" not in book.metadata
    return book.cells[0]


def test_nbconvert_s_settings_are_known_to_it():
    said = io.StringIO()
    log = logging.Logger("nbgrader")
    log.addHandler(logging.StreamHandler(said))
    HideHiddenTests(parent=LoggingConfigurable(log=log, config=HTMLExporter().default_config))
    assert said.getvalue() == ""


def test_of_a_hidden_test_only_its_message_is_left():
    printed = v4.new_output("stream", name="stdout", text="y was 41")
    shown = v4.new_output("display_data", {"text/plain": "42"})
    raised = error("KeyError", "42")
    cell = hidden(asserts(HIDING), printed, shown, raised, message="why")
    assert cell.source == f"assert x, 'visible'\n{HIDDEN}"
    (left,) = cell.outputs
    assert left.traceback == ["why"]
    assert "42" not in f"{cell.source}{cell.outputs}"  # the id is drawn


def test_without_a_record_nothing_is_told_of_a_hidden_test():
    cell = hidden(asserts(HIDING), error("AssertionError", "expected 42"))
    assert cell.outputs[0].traceback == ["A hidden test failed."]
    assert "42" not in f"{cell.source}{cell.outputs}"  # the id is drawn


def test_of_a_visible_test_that_was_judged_the_message_is_left_and_no_path():
    raised = error(value="x is 3")
    raised.traceback = ['File "/somewhere/autograder/domains/proxy.py", line 3', "x is 3"]
    cell = hidden(asserts("assert x == 4, 'x is 3'"), raised, message="x is 3")
    assert cell.outputs[0].traceback == ["x is 3"]


def test_a_cell_of_nothing_but_hidden_tests_says_that_they_were_there():
    cell = hidden(asserts("### BEGIN HIDDEN TESTS\nassert y == 42\n### END HIDDEN TESTS"))
    assert cell.source == HIDDEN


def test_a_visible_test_keeps_everything():
    cell = hidden(asserts("assert x"), error())
    assert cell.source == "assert x"
    assert cell.outputs == [error()]


@pytest.mark.parametrize(
    "source",
    ["### BEGIN HIDDEN TESTS", "### BEGIN HIDDEN TESTS\nx = 1\n### END HIDDEN TESTS", HIDING],
)
def test_a_student_may_write_the_markers_without_losing_the_feedback(source):
    printed = v4.new_output("stream", name="stdout", text="mine")
    cell = hidden(solution(source), printed)
    assert cell.source == source
    assert cell.outputs == [printed]


@pytest.mark.sandbox
def test_the_page_a_student_gets_shows_the_message_and_nothing_else_of_a_hidden_test(root, grade):
    submit(
        root,
        "alice",
        {**RIGHT, "double": "def double(x):\n    print('called with', x)\n    return 2"},
    )
    grade(root)
    done = api(root).generate_feedback("ps1", "alice")
    assert done["success"], done
    page = (root / "feedback/alice/ps1/p1.html").read_text()
    text = re.sub(r"<style.*?</style>|<script.*?</script>|<[^>]+>", "", page, flags=re.DOTALL)
    assert "double fails for larger numbers" in text
    assert "double(1) is wrong" in text  # the visible test
    for secret in ("double(21)", "42", "called with 21", "HIDDEN TESTS", "np.arange(5)"):
        assert secret not in text, secret
    assert "Score: 3.0 / 6.0" in text
    assert '<html lang="en">' in page
    assert "Test cell" not in text
    rows = {
        re.sub("<.*?>", "", first).strip(): re.sub(r"<.*?>|\s+", " ", rest).strip()
        for first, rest in re.findall(r"<tr>(<th scope=.row.*?</th>)(.*?)</tr>", page, re.DOTALL)
    }
    assert rows["test_double"].startswith("0.0 / 2.0 ")
    assert "double fails for larger numbers" in rows["test_double"]
    assert page.count("<body") == page.count("<main") == 1
    assert rows["test_mean"] == "3.0 / 3.0"
    assert list(rows) == ["test_double", "test_mean", "explain"]
    assert page.index("double fails for larger numbers") < page.index('id="notebook"')


@pytest.mark.sandbox
def test_marks_that_a_course_chose_itself_hide_as_well(root, grade):
    with (root / "nbgrader_config.py").open("a") as config:
        config.write("c.ClearHiddenTests.begin_test_delimeter = 'SECRET'\n")
        config.write("c.ClearHiddenTests.end_test_delimeter = 'TERCES'\n")
    hidden = "# SECRET\nassert np.array([42]).sum() == double(20), {}['Zanzibar']\n# TERCES"
    cells = [*PROBLEM[:2], asserts(f"assert double(1) == 2\n{hidden}", "test_double", 2)]
    nbformat.write(notebook(*cells), root / "source" / "ps1" / "p1.ipynb")
    generate(root)
    assert "Zanzibar" not in (root / "release/ps1/p1.ipynb").read_text()
    submit(root, "alice", {"double": "def double(x):\n    return 2 * x"})
    (lost,) = [cell for cell in grade(root)["alice"].cells if cell.points == 0]
    assert "Zanzibar" not in lost.message
    done = api(root).generate_feedback("ps1", "alice")
    assert done["success"], done
    assert "Zanzibar" not in (root / "feedback/alice/ps1/p1.html").read_text()
