"""What a student is told, through the judge's own way of running cells."""

import sys
import unittest

import numpy as np
import pytest

from autograder.domains import failure_messages
from autograder.domains.proxy import ProxyError
from autograder.domains.proxy_exceptions import exception_kind, student_exception
from autograder.domains.rpc import StudentGoneError
from autograder.wire import WireError

MARKS = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS\n"


def student_raises(kind, text, module="builtins"):
    raise student_exception(exception_kind([[module, kind]]), text)


def told(source, **cells):
    """Return what is told of a cell that fails; ``cells`` ran before it in the same namespace."""
    names = {
        "__name__": "__main__",
        "np": np,
        "pytest": pytest,
        "case": unittest.TestCase(),
        "student_raises": student_raises,
        "ProxyError": ProxyError,
        "StudentGoneError": StudentGoneError,
        "WireError": WireError,
    }
    hidden = {}
    for name, text in {**cells, "test": source}.items():
        hidden[f"<{name}>"] = failure_messages.hidden_lines(text)
        code = compile(text, f"<{name}>", "exec")
        if name != "test":
            exec(code, names)
    try:
        exec(code, names)
    except BaseException as error:
        return failure_messages.tell(error, "<test>", hidden)
    return None


def message(source, **cells):
    return told(source, **cells)["message"]


def in_hidden(source):
    return message("x = 1\n" + MARKS.format(source) + "y = 2")


def test_the_lines_between_the_marks_are_hidden_and_the_others_are_not():
    source = "a\n### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\nc\n# BEGIN HIDDEN TESTS\nd"
    assert failure_messages.hidden_lines(source) == {2, 3, 4, 6, 7}
    assert failure_messages.hidden_lines("a\nb") == frozenset()


def test_a_region_that_was_never_closed_hides_the_rest():
    assert failure_messages.hidden_lines("a\n### BEGIN HIDDEN TESTS\nb\n\nc") == {2, 3, 4, 5}


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_lines_are_those_that_python_counts(mark):
    said = message(f"x = 'a{2 * mark}b'\n" + MARKS.format("raise ValueError('4.27')") + "y = 2")
    assert "4.27" not in said
    assert failure_messages.hidden_lines("a\r\n# BEGIN HIDDEN TESTS\rb\nc") == {2, 3, 4}


def test_an_author_s_words_are_told_as_they_are():
    assert in_hidden("assert False, 'look at the sign'") == "look at the sign"
    assert message("assert False, 'look at the sign'") == "look at the sign"
    assert in_hidden("assert False") == "A test failed."


SECRET = 7919  # must not be told


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (f"np.testing.assert_allclose(1.0, {SECRET}.0)", ""),
        (f"np.testing.assert_allclose(1.0, {SECRET}.0, err_msg='too small')", "too small"),
        (
            f"np.testing.assert_allclose(np.ones(2), {SECRET}, 1e-7, 0, True, 'by place')",
            "by place",
        ),
        (f"np.testing.assert_equal(1, {SECRET})", ""),
        (f"np.testing.assert_equal({{'a': 1}}, {{'a': {SECRET}}}, 'a dictionary')", "a dictionary"),
        (f"np.testing.assert_equal([1], [{SECRET}])", ""),
        (f"np.testing.assert_array_equal(np.ones(3), np.full(3, {SECRET}))", ""),
        (f"np.testing.assert_array_equal(np.ones(3), np.ones({SECRET}))", ""),
        (f"np.testing.assert_almost_equal(1, {SECRET}, err_msg='w')", "w"),
        (f"np.testing.assert_array_almost_equal([1.0], [{SECRET}.0])", ""),
        (f"np.testing.assert_approx_equal(1, {SECRET})", ""),
        (f"np.testing.assert_array_less({SECRET}, 1)", ""),
        (f"case.assertEqual(1, {SECRET})", ""),
        (f"case.assertEqual(1, {SECRET}, 'not equal')", "not equal"),
        (f"case.assertEqual([1], [{SECRET}])", ""),
        (f"case.assertEqual('a', 'b{SECRET}')", ""),
        (f"case.assertDictEqual({{}}, {{'k': {SECRET}}}, msg='keys')", "keys"),
        (f"case.assertAlmostEqual(1, {SECRET})", ""),
        (f"case.assertIn({SECRET}, [1], 'missing')", "missing"),
        (f"case.assertIn({SECRET}, [1])", ""),
        (f"case.assertTrue({SECRET} == 1)", ""),
        (f"case.assertLess({SECRET}, 1)", ""),
        (f"case.assertCountEqual([1], [{SECRET}])", ""),
        (f"case.assertRegex('x', '{SECRET}')", ""),
        ("case.fail('own words')", "own words"),
        ("case.fail()", ""),
        ("pytest.fail('own words')", "own words"),
        (f"pytest.raises(ValueError, int, '{SECRET}')", ""),
    ],
)
def test_what_a_library_says_in_a_hidden_test_is_not_told_but_the_author_s_words_are(call, words):
    said = in_hidden(call)
    assert str(SECRET) not in said
    assert said == (words or "A hidden test failed.")


def test_author_s_words_survive_where_a_library_changes_them_or_are_left_out():
    said = in_hidden(f"case.assertAlmostEqual(1, {SECRET}, msg='far off')")
    assert str(SECRET) not in said
    assert said in ("far off", "A hidden test failed.")


def test_in_a_visible_test_a_library_says_all():
    assert "7919" in message(f"np.testing.assert_allclose(1.0, {SECRET}.0)")
    assert "7919" in message("x = 1\n" + MARKS.format("pass") + f"case.assertEqual(1, {SECRET})")


def test_each_of_several_regions_is_hidden():
    call = f"np.testing.assert_equal(1, {SECRET})"
    both = MARKS.format("pass") + "x = 1\n" + MARKS.format(call)
    assert message(both) == "A hidden test failed."
    assert "7919" in message(MARKS.format("pass") + call + "\n" + MARKS.format("pass"))


def test_a_function_defined_in_a_hidden_region_stays_hidden_where_it_is_called():
    check = MARKS.format(f"def check(x):\n    np.testing.assert_equal(x, {SECRET})")
    assert message(check + "check(1)") == "A hidden test failed."
    assert message("check(1)", earlier=check) == "A hidden test failed."
    visible = f"def check(x):\n    np.testing.assert_equal(x, {SECRET})"
    assert "7919" in message("check(1)", earlier=visible)


def test_of_a_student_s_exception_in_a_hidden_test_only_the_kind_is_told():
    call = f"student_raises('ValueError', 'got {SECRET}')"
    assert in_hidden(call) == "Your code raised ValueError when a hidden test called it."
    assert message(call) == "ValueError: got 7919"
    assert in_hidden(f"student_raises('AssertionError', 'got {SECRET}')") == (
        "Your code raised AssertionError when a hidden test called it."
    )


def test_a_student_s_placeholder_is_an_answer_not_given():
    assert message("student_raises('NotImplementedError', '')") == "Not answered yet."
    assert in_hidden("student_raises('NotImplementedError', '')") == "Not answered yet."


@pytest.mark.parametrize(
    "source",
    [
        f"{{}}[{SECRET}]",
        f"np.ones(2)[{SECRET}]",
        f"raise ValueError('the answer is {SECRET}')",
        f"[].index({SECRET})",
        f"np.ones(2) + np.ones({SECRET})",
    ],
)
def test_of_any_other_exception_in_a_hidden_test_only_the_kind_is_told(source):
    said = in_hidden(source)
    assert str(SECRET) not in said
    assert said.startswith("A hidden test could not go on with what your code gave it (")


def test_a_name_that_is_missing_is_told_even_by_a_hidden_test():
    assert in_hidden("model_2") == "NameError: name 'model_2' is not defined"


@pytest.mark.parametrize("kind", ["ProxyError", "StudentGoneError", "WireError"])
def test_what_the_grader_says_of_the_student_s_objects_is_told(kind):
    assert in_hidden(f"raise {kind}('It cannot be compared.')") == "It cannot be compared."


def test_no_path_of_the_grader_is_told():
    said = message("from numpy import no_such_thing")
    assert said.startswith("ImportError: cannot import name 'no_such_thing' from 'numpy'")
    assert sys.prefix not in said
    for place in failure_messages.PLACES:
        assert place not in message(f"raise ValueError({place!r} + '/autograder/domains/judge.py')")


def test_the_verdict_is_fail_for_an_assertion_and_error_for_all_else():
    verdicts = {
        "assert False": "fail",
        "np.testing.assert_equal(1, 2)": "fail",
        "pytest.fail('x')": "fail",
        "1 / 0": "error",
        "raise KeyboardInterrupt": "error",
        "raise SystemExit(0)": "error",
    }
    assert {source: told(source)["verdict"] for source in verdicts} == verdicts


def test_the_instructor_sees_everything_from_the_cell_on():
    answer = told(MARKS.format(f"np.testing.assert_equal(1, {SECRET})"))
    shown = "\n".join(answer["traceback"])
    assert answer["hidden"] is True
    assert "7919" in shown
    assert "7919" in answer["evalue"]
    assert 'File "<test>", line 2' in shown
    assert "test_telling" not in shown
    assert told("assert False")["hidden"] is False


def test_an_exception_that_cannot_be_shown_is_shown_by_its_kind():
    source = (
        "class Odd(Exception):\n    def __str__(self):\n        raise RuntimeError\nraise Odd()\n"
    )
    answer = told(source)
    assert answer["ename"] == answer["message"] == "Odd"
    assert answer["traceback"]


def test_long_texts_are_cut():
    answer = told("assert False, 'x' * 1_000_000")
    assert len(answer["message"]) == failure_messages.LONG
    assert len(answer["evalue"]) == failure_messages.VERY_LONG
    assert len("".join(answer["traceback"])) <= failure_messages.VERY_LONG


def test_a_syntax_error_is_told():
    with pytest.raises(SyntaxError) as caught:
        compile("def f(:", "<test>", "exec")
    answer = failure_messages.tell(caught.value, "<test>", {})
    assert answer["verdict"] == "error"
    assert answer["message"].startswith("SyntaxError: ")


def test_a_course_may_have_marks_of_its_own():
    source = "a\n# SECRET\nb\n# TERCES\nc\n# BEGIN HIDDEN TESTS\nd"
    assert failure_messages.hidden_lines(source, ("SECRET", "TERCES")) == {2, 3, 4}


def test_what_came_in_a_hidden_test_is_not_quoted():
    came = "raise WireError(\"A value could not be read: invalid literal: 'I was given 4.27'\")"
    assert in_hidden(came) == "A value could not be read."
    assert "4.27" in message(came)
