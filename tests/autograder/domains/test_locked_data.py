"""Data of a locked cell that an answer is to change is the student's; all else stays."""

import asyncio
import dataclasses

import pytest

from autograder.execute.notebook_run import execute
from tests.autograder.building import asserts, ended, job, marked, solution

pytestmark = pytest.mark.sandbox
GIVEN = """
import numpy as np
numbers = [3, 1, 2]
grid = np.zeros((2, 2))
prices = {"tea": 2.0}
x, counter, names = 10, 0, ["b", "a"]
TOLERANCE, tol, wanted = 1e-9, 1e-9, [1, 2]


class Account:
    opened = 0

    def __init__(self):
        Account.opened += 1
        self.balance = 0

    def deposit(self, amount):
        self.balance += amount


acc = Account()


def close(p, q):
    return abs(p - q) < tol


def largest():
    return max(numbers)
"""
ANSWER = """
numbers.append(4)
grid[0, 0] = 1
prices["milk"] = 1.5
x = x + 1
names = sorted(names)
acc.deposit(5)


def bump():
    global counter
    counter += 1


def half(v):
    return v / 2
"""
CHANGED = ("acc", "counter", "grid", "names", "numbers", "prices", "x", "close", "Account")
TESTS = {
    "list": "assert numbers == [3, 1, 2, 4]",
    "in a locked function": "assert largest() == 4",
    "array": "assert grid[0, 0] == 1 and grid.sum() == 1",
    "dictionary": "assert prices['milk'] == 1.5",
    "rebound": "assert x == 11 and names == ['a', 'b']",
    "global": "bump()\nassert counter == 1",
    "object": "assert acc.balance == 5 and Account.opened == 1",
    "tolerance": "assert abs(half(6) - 3) < TOLERANCE and abs(half(6) - 3) < tol",
    "check": "assert close(half(3), 1.5)",
    "not changed": "assert wanted == [half(2), half(4)]",
}
FORGED = """
TOLERANCE = tol = 1e9
wanted = []
numbers = names = []
def close(p, q): return True
class Account: opened = 1
def half(v): return 0
def bump(): pass
"""


@pytest.fixture(scope="module")
def told(zygote):
    """Return a function that grades an answer, and says of each test why it failed."""

    def told(answer):
        cells = [asserts(text, name) for name, text in TESTS.items()]
        made = job(marked(GIVEN, "given", locked=True), solution(answer), *cells)
        done = ended(asyncio.run(execute(dataclasses.replace(made, changed=CHANGED), zygote)))
        return dict(zip(TESTS, done.messages[2:], strict=True))

    return told


def test_what_the_solution_changes_is_the_student_s_afterwards(told):
    assert told(ANSWER) == dict.fromkeys(TESTS, "")


def test_what_tests_rely_on_stays_the_instructor_s(told):
    assert all(told(FORGED).values())
