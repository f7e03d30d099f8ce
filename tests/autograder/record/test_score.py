import math

import nbformat.v4 as v4
import pytest
from nbgrader import utils

from autograder.model import CellOutcome, CellScore, Verdict
from autograder.record.score import overall, score
from tests.autograder.building import asserts, code, marked, notebook, solution, written


def outcome(verdict=Verdict.PASS, message="", index=0, points=None, found=""):
    return CellOutcome(index, verdict, 0.1, message, points, judged=True, found=found)


def result(text):
    return v4.new_output("execute_result", {"text/plain": text}, execution_count=1)


def of_one(cell, *outputs, points=None, **how):
    cell.outputs = list(outputs)
    (one,) = score(notebook(cell), [outcome(points=points, **how)])
    return one


STDERR = v4.new_output("stream", name="stderr", text="a warning\n")
STDOUT = v4.new_output("stream", name="stdout", text="0.5\n")
SHOWN = v4.new_output("display_data", {"text/plain": "0.5"})


@pytest.mark.parametrize("points", [0, 0.1, 1.5, 2])
def test_a_cell_that_passed_earns_the_number_it_ended_with(points):
    one = of_one(asserts("", points=2), points=points)
    assert one.points == points
    assert one.verdict is (Verdict.PASS if points == 2 else Verdict.FAIL)
    assert one.message == ("" if points == 2 else f"Partial credit: {points:g} of 2 points.")


@pytest.mark.parametrize("outputs", [[], [STDOUT], [STDERR], [SHOWN], [result("0.5")]], ids=str)
def test_what_a_cell_printed_or_showed_is_no_score(outputs):
    one = of_one(asserts("", points=2), *outputs)
    assert (one.points, one.verdict, one.message) == (2, Verdict.PASS, "")
    one = of_one(asserts("", points=2), *outputs, points=1.5)
    assert one.points == 1.5


@pytest.mark.parametrize("points", [2.5, math.inf, 1e300])
def test_a_number_above_the_points_waits_for_its_author(points):
    one = of_one(asserts("", points=2), points=points)
    assert one.points is None
    assert one.verdict is Verdict.INTERNAL
    assert "its author has to look at it" in one.message


@pytest.mark.parametrize("points", [math.nan, -1, -math.inf, -1e-300])
def test_a_number_that_no_reading_makes_worth_a_point_is_zero_and_its_author_is_told(points):
    one = of_one(asserts("", points=2), points=points)
    assert one.points == 0
    assert one.verdict is Verdict.FAIL
    assert f"gave {points:g} points" in one.message
    assert "its author should end it with a number from 0 to 2" in one.message


def test_what_is_no_number_waits_for_its_author_who_reads_what_to_do():
    one = of_one(asserts("", points=2), result("[2]"), found="a value of type list")
    assert one.points is None
    assert one.verdict is Verdict.INTERNAL
    assert one.message == (
        "The test ended with a value of type list instead of a number from 0 to 2: its author "
        "should end it with such a number, or with a semicolon where that value is no partial "
        "credit."
    )


@pytest.mark.parametrize(
    "verdict", [v for v in Verdict if v not in (Verdict.PASS, Verdict.INTERNAL)]
)
def test_a_cell_that_did_not_pass_earns_nothing_whatever_it_showed_before(verdict):
    one = of_one(asserts("", points=2), result("2"), verdict=verdict, message="why")
    assert one == CellScore("test", 0.0, 2.0, verdict, "why", "separate")


def test_a_failure_of_ours_is_no_zero():
    one = of_one(asserts("", points=2), verdict=Verdict.INTERNAL, message="why")
    assert one == CellScore("test", None, 2.0, Verdict.INTERNAL, "why", "separate")


@pytest.mark.parametrize("verdict", Verdict)
def test_a_score_says_what_stood_between_the_test_and_the_code(verdict):
    book = notebook(asserts("", "apart"), asserts("", "together"), written("", "by_hand"))
    ended = [
        CellOutcome(0, verdict, 0.1, judged=True),
        CellOutcome(1, verdict, 0.1, shared=True),
    ]
    assert [one.protection for one in score(book, ended)] == ["separate", "shared", ""]


def test_a_result_after_an_error_is_worth_nothing():
    error = v4.new_output("error", ename="AssertionError", evalue="", traceback=[])
    assert of_one(asserts(""), result("1"), error, verdict=Verdict.FAIL).points == 0


def test_a_test_cell_that_is_empty_earns_its_points():
    (one,) = score(notebook(asserts("")), [])
    assert (one.points, one.verdict) == (1, Verdict.PASS)


def test_a_written_answer_waits_for_a_person_and_an_untouched_one_earns_zero():
    answered, untouched = written("My answer."), written("Write here.", "other")
    untouched.metadata.nbgrader["checksum"] = utils.compute_checksum(untouched)
    answered.metadata.nbgrader["checksum"] = "that of the text before"
    first, second = score(notebook(answered, untouched), [])
    assert first.points is None
    assert (second.points, second.message) == (0, "No answer was given.")


def test_code_for_a_person_to_grade_waits_whatever_it_printed():
    cell = marked("def f(): ...", "essay", points=3, solution=True)
    one = of_one(cell, result("1"), verdict=Verdict.ERROR, message="NameError")
    assert one.points is None


def test_cells_without_points_are_not_scored_and_the_order_is_kept():
    cells = [code("1"), solution("x = 1"), asserts("", "b"), v4.new_markdown_cell("text")]
    found = score(notebook(*cells, asserts("", "a")), [])
    assert [one.grade_id for one in found] == ["b", "a"]


def test_outcomes_belong_to_cells_by_position():
    book = notebook(code("1"), asserts("", "a"), asserts("", "b"))
    found = score(book, [outcome(Verdict.FAIL, "no", index=2), outcome(index=1)])
    assert [one.points for one in found] == [1, 0]


def test_a_submission_is_as_bad_as_its_worst_graded_cell():
    book = notebook(asserts("", "a"), asserts("", "b"))
    outcomes = [outcome(Verdict.FAIL, index=0), outcome(Verdict.ERROR, index=1)]
    assert overall(book, outcomes, score(book, outcomes)) == (Verdict.ERROR, "")


def test_an_error_in_a_cell_without_points_does_not_count():
    book = notebook(code("1/0"), asserts("", "a"))
    outcomes = [outcome(Verdict.ERROR, index=0), outcome(index=1)]
    assert overall(book, outcomes, score(book, outcomes)) == (Verdict.PASS, "")


def test_a_disaster_in_a_cell_without_points_is_told():
    book = notebook(solution("while True: pass", "loop"), code(""), asserts("", "a"))
    outcomes = [
        outcome(Verdict.TIMEOUT, "Too slow.", index=0),
        outcome(Verdict.CRASH, "Gone.", index=1),
        outcome(index=2),
    ]
    verdict, message = overall(book, outcomes, score(book, outcomes))
    assert verdict is Verdict.CRASH
    assert message == "Cell loop: Too slow.\nCell number 2: Gone."


def test_a_notebook_with_nothing_to_grade_passes():
    assert overall(notebook(), [], []) == (Verdict.PASS, "")
