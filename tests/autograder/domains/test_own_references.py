"""What a test does to builtins and libraries reaches neither the wire nor the next cell."""

import asyncio
import dataclasses

import pytest

from autograder.execute.notebook_run import execute
from autograder.model import Verdict
from tests.autograder.building import asserts, ended, job, marked, solution

pytestmark = pytest.mark.sandbox
PASS, FAIL = Verdict.PASS, Verdict.FAIL
ANSWER = """
import numpy as np
class Box:
    def __init__(self, items): self.items = items
def double(items): return [2 * one for one in items]
def shifted(array): return array + 1
def boxed(items): return Box(items)
def written(text):
    with open(f"{text}.txt", "w") as file: file.write(text)
"""
#: Replaces each attribute of a module once, while a test calls the student's functions.
EACH = """
import {module}
import numpy as np

def broken(*args, **kwargs):
    raise RuntimeError("this is the test's own")

def use(number):
    assert_equal(double([1, 2]), [2, 4])
    assert_same(shifted(zeros), ones)
    assert_equal(boxed([1]).items, [1])
    written(names[number])

def assert_equal(found, wanted):
    if found != wanted:
        raise AssertionError

def assert_same(found, wanted):
    if found.tobytes() != wanted.tobytes():
        raise AssertionError

zeros, ones, failed, put = np.zeros(3), np.ones(3), [], setattr
error, numbers = BaseException, range(10_000).__iter__()
names = [str(n) for n in range(10_000)]
append = failed.append
for name in dir({module}):
    given, number = getattr({module}, name), next(numbers)
    put({module}, name, broken)
    try:
        use(number)
    except error as raised:
        append((name, raised))
    finally:
        put({module}, name, given)
assert not failed, failed
"""
#: Those of whose functions the grader calls some; `weakref` is not there: its classes look for each
#: other in it.
MODULES = (
    *("builtins", "collections", "contextlib", "functools", "io", "json", "math", "os", "random"),
    *("socket", "struct", "time", "types", "numpy", "numpy.random"),
)


@pytest.mark.parametrize("module", MODULES)
def test_a_replaced_function_does_not_reach_the_grader(run, module):
    done = run(
        solution(ANSWER),
        asserts(EACH.format(module=module), "each"),
        asserts("assert double([3]) == [6]", "after"),
    )
    assert done.messages[1:] == ["", ""]
    assert done.verdicts == [PASS] * 3


def test_what_a_test_forgets_to_undo_does_not_reach_the_next_cell(run):
    done = run(
        solution(ANSWER),
        asserts(
            "import builtins, json, unittest.mock as mock\n"
            "for name in ('min', 'len', 'isinstance', 'print', 'open', 'repr'):\n"
            "    setattr(builtins, name, None)\n"
            "del builtins.max\n"
            "mock.patch('json.loads').start()\n"
            "assert double([1]) == [2]",
            "forgets",
        ),
        asserts(
            "assert double([1]) == [2] and min(1, 2) == 1 and max(1, 2) == 2\n"
            "assert isinstance(len([1]), int) and repr(1) == '1' and json.loads('[1]') == [1]",
            "after",
        ),
    )
    assert done.messages[1:] == ["", ""]


def test_a_patch_works_for_the_code_of_the_test(zygote):
    made = job(
        solution("def least(a, b):\n    return a if a < b else b"),
        marked(
            "import builtins\ndef smallest(a, b):\n    return min(a, b)\nbuiltins.limit = 3",
            "locked",
            locked=True,
        ),
        asserts(
            "from unittest.mock import patch\nimport helper\n"
            "with patch('builtins.min', return_value=7) as fake:\n"
            "    assert least(1, 2) == 1\n"
            "    fake.assert_not_called()\n"
            "    assert smallest(1, 2) == min(1, 2) == helper.smallest(1, 2) == 7\n"
            "with patch('builtins.print') as fake:\n"
            "    print('x')\n"
            "fake.assert_called_once_with('x')\n"
            "with patch('builtins.sorted', new=lambda items: 'sorted'):\n"
            "    assert sorted([2, 1]) == 'sorted'\n"
            "assert smallest(1, 2) == 1 and limit == 3",
        ),
    )
    made = dataclasses.replace(
        made, instructor_files=(("helper.py", b"def smallest(a, b):\n    return min(a, b)\n"),)
    )
    done = ended(asyncio.run(execute(made, zygote)))
    assert done.messages[2] == ""


def test_what_a_locked_cell_does_to_builtins_stays(run):
    done = run(
        marked("import builtins\nbuiltins.sum = lambda items: 'mine'", "locked", locked=True),
        solution("x = 1"),
        asserts("assert sum([1]) == 'mine'\nbuiltins.sum = None", "one"),
        asserts("assert sum([1]) == 'mine'", "two"),
    )
    assert done.verdicts == [PASS] * 4
