"""The small NumPy course that hostile submissions attack: questions, secrets, honest class."""

from __future__ import annotations

import math
from pathlib import Path

from nbformat import NotebookNode

from tests.autograder.building import (
    asserts,
    marked,
    solution,
    write_course,
)

#: What hidden tests hold and no student may ever see: their text and expected values. No honest
#: submission prints any of these.
RADIUS, AREA = 4.27300418, math.pi * 4.27300418**2
PEAK = 17.30508263
DEPOSIT, BALANCE = 23.4567891, 1123.4567891
RATES = (0.118730529, 0.227461058, 0.653808413)
SLOPE, INTERCEPT = 3.141926537, 2.718818285
ROOT = 1.4472857321
AMOUNT, DOUBLED = 31.40275199, 62.80550398
DIVIDEND, DIVISORS = 46189 * 30, (46189, 92378, 692835)
TEXT = "kumquat quince kumquat medlar"
CANARIES = (
    repr(AREA)[:10],
    str(PEAK),
    repr(9 * PEAK)[:9],
    str(BALANCE),
    *(str(rate)[:7] for rate in RATES),
    str(SLOPE),
    str(INTERCEPT),
    str(ROOT)[:9],
    str(DOUBLED),
    *map(str, DIVISORS),
    "canary_limit",
    "canary_comment",
    "canary_helper",
    "canary_integrand",
    "canary_docstring",
    "### BEGIN HIDDEN",
)
#: What hidden tests give to a student's code, which can remember it.
INPUTS = (str(RADIUS), str(DEPOSIT), str(AMOUNT), str(DIVIDEND), "kumquat", "medlar")
#: What lies on the grader's machine and is no submission's business.
FILE_SECRET, HOME_SECRET, ENV_SECRET, CLASS_SECRET = (
    f"secret-of-the-{place}-5d0c1" for place in ("course", "home", "environment", "neighbour")
)
#: What one hostile submission tries to hand to the next.
CARRIED = "carried-over-77e2"
SECRETS = (FILE_SECRET, HOME_SECRET, ENV_SECRET, CLASS_SECRET)

#: Limits that the exhausting family meets soon.
CONFIG = """
from autograder import plugin
plugin.configure(c)
c.Autograder.preload = ['numpy']
c.Autograder.workers = 2
c.Autograder.cell_seconds = 5
c.Autograder.cpu_seconds = 30
c.Autograder.memory_mb = 512
c.Autograder.scratch_mb = 32
c.Autograder.file_mb = 16
c.Autograder.processes = 40
c.Autograder.output_kb = 64
"""

SETUP = '''
import os

import numpy as np


def close(a, b):
    """Return whether two results agree to nine digits, and in their shape."""
    return np.shape(a) == np.shape(b) and bool(np.allclose(a, b, rtol=1e-9, atol=1e-12))


def submission_rng():
    """Return the random numbers of this submission."""
    return np.random.default_rng(int(os.environ.get("AUTOGRADER_SUBMISSION_SEED", "0"), 16))
'''.strip()


def _hidden(visible: str, hidden: str) -> str:
    return f"{visible}\n### BEGIN HIDDEN TESTS\n{hidden.strip()}\n### END HIDDEN TESTS".strip()


def _answer(text: str) -> str:
    return f"### BEGIN SOLUTION\n{text.strip()}\n### END SOLUTION"


ACCOUNT = """class Account:
    def __init__(self, balance):
        self.balance = balance

    def deposit(self, amount):
"""
#: What is right, cell by cell.
RIGHT = {
    "square": "def square(x):\n    return x * x",
    "area": "def area(r):\n    return np.pi * r**2",
    "standardise": "def standardise(x):\n    return (x - x.mean(axis=0)) / x.std(axis=0)",
    "integrate": "def integrate(f, a, b):\n"
    "    return (b - a) / 6 * (f(a) + 4 * f((a + b) / 2) + f(b))",
    "account": ACCOUNT + "        self.balance += amount",
    "weights": f"def weights(n):\n    return np.array({list(RATES)})[:n]",
    "fit": "def fit(x, y):\n    return np.polyfit(x, y, 1)",
    "root": f"root = {ROOT}",
    "count": "def count(text):\n    words = text.split()\n"
    "    return {word: words.count(word) for word in words}",
    "save": "def save(path, amount):\n    with open(path, 'w') as file:\n"
    "        file.write(repr(2 * amount))",
    "divisors": "def divisors(n):\n    return {k for k in range(1, n + 1) if n % k == 0}",
    "sketch": "# a sketch that a person looks at",
}
#: What runs and is wrong everywhere, though visible tests that look at one value would like it.
WRONG = {
    "square": "def square(x):\n    return 0 * x",
    "area": "def area(r):\n    return 0.0 * r",
    "standardise": "def standardise(x):\n    return 0 * x",
    "integrate": "def integrate(f, a, b):\n    return 0.0",
    "account": ACCOUNT + "        pass",
    "weights": "def weights(n):\n    return np.zeros(n)",
    "fit": "def fit(x, y):\n    return (0.0, 0.0)",
    "root": "root = 0.0",
    "count": "def count(text):\n    return {}",
    "save": "def save(path, amount):\n    with open(path, 'w') as file:\n        file.write('0')",
    "divisors": "def divisors(n):\n    return {1, n}",
    "sketch": "# nothing",
}
#: The functions that a student writes.
FUNCTIONS = (
    *("square", "area", "standardise", "integrate", "weights", "fit", "count", "divisors"),
)
TESTS = {
    "square": (
        1,
        "assert all(map(lambda k: square(k) == k * k, (3, 4, 0.5))), 'a square is wrong'",
    ),
    "area": (
        2,
        _hidden(
            "assert area(0.0) == 0, 'a circle without a radius has no area'",
            f"# canary_comment: the area of the outer circle\n"
            f"assert close(area({RADIUS}), {AREA!r}), 'larger circles are wrong'",
        ),
    ),
    "standardise": (
        3,
        _hidden(
            "",
            """
def canary_helper(x):
    return (x - np.mean(x, axis=0)) / np.std(x, axis=0)


rng = submission_rng()
value = rng.normal(size=(5, 3))
result = standardise(value)
right = canary_helper(value)
assert np.shape(result) == (5, 3), 'the shape is wrong'
assert close(result, right), 'the columns are not standardised'
value = rng.uniform(size=(9, 2))
assert close(standardise(value), canary_helper(value)), 'other columns are not standardised'
""",
        ),
    ),
    "integrate": (
        2,
        _hidden(
            "assert close(integrate(lambda t: 0.0, 0.0, 2.0), 0.0), 'nothing has no integral'",
            f'''
def canary_integrand(t):
    """canary_docstring"""
    if not 0 <= t <= 3:
        raise ValueError(f'{{t}} is beyond canary_limit')
    return {PEAK} * t**2


assert close(integrate(canary_integrand, 0.0, 3.0), {9 * PEAK!r}), 'the integral is wrong'
''',
        ),
    ),
    "account": (
        2,
        _hidden(
            "account = Account(5.0)\nassert account.balance == 5.0, 'a new account is wrong'",
            f"""
account = Account(1100.0)
account.deposit({DEPOSIT})
assert isinstance(account, Account), f'not an account but a {{type(account).__name__}}'
assert close(account.balance, {BALANCE}), 'the balance is wrong after a deposit'
""",
        ),
    ),
    "weights": (
        2,
        _hidden(
            "assert len(weights(3)) == 3, 'there must be three weights'",
            f"np.testing.assert_allclose(weights(3), {list(RATES)}, rtol=1e-7, err_msg='wrong')",
        ),
    ),
    "fit": (
        2,
        _hidden(
            "",
            f"""
points = 0
x = np.linspace(0.5, 1.0, 7)
answer = fit(x, {SLOPE} * x + {INTERCEPT})
if close(answer[0], {SLOPE}):
    points += 1
if close(answer[1], {INTERCEPT}):
    points += 1
points
""",
        ),
    ),
    "root": (
        1,
        _hidden(
            "assert isinstance(root, float), 'the root must be a number'",
            f"assert abs(root - {ROOT}) < 1e-9, 'the root is wrong'",
        ),
    ),
    "count": (
        2,
        _hidden(
            "assert count('') == {}, 'no text has no words'",
            f"""
counts = count({TEXT!r})
assert len(counts) == 3, 'not all words were found'
assert sorted(counts) == ['kumquat', 'medlar', 'quince'], 'other words were found'
assert counts['kumquat'] == 2, 'the number of words is wrong'
""",
        ),
    ),
    "save": (
        2,
        _hidden(
            "save('one.txt', 1)",
            f"""
save('amount.txt', {AMOUNT})
with open('amount.txt') as file:
    assert abs(float(file.read()) - {DOUBLED}) < 1e-9, 'another number was saved'
""",
        ),
    ),
    "divisors": (
        1,
        _hidden(
            "assert 1 in divisors(12), 'every number can be divided by 1'",
            f"""
found = divisors({DIVIDEND})
for expected in {DIVISORS}:
    assert expected in found, 'a divisor is missing'
""",
        ),
    ),
}
#: Points of each test cell.
POINTS = {f"test_{name}": float(points) for name, (points, _) in TESTS.items()}


def problem() -> list[NotebookNode]:
    """Return the instructor's notebook: eleven questions, the last cell for a person to grade."""
    cells = [marked(SETUP, "setup", locked=True)]
    for name, (points, test) in TESTS.items():
        cells.append(solution(_answer(RIGHT[name]), name))
        cells.append(asserts(test, f"test_{name}", points))
    cells.append(marked(RIGHT["sketch"], "sketch", points=1, solution=True))
    return cells


def write(root: Path) -> Path:
    """Write the course into ``root`` and generate its release."""
    return write_course(root, *problem(), config=CONFIG)


#: The honest class, and what each deserves. The names spread them among the attacks.
NOISY = {**RIGHT, "square": "import warnings\nwarnings.warn('old')\n" + RIGHT["square"]}
NEIGHBOURS: dict[str, tuple[dict[str, str], dict[str, float]]] = {
    "aaa-right": (RIGHT, POINTS),
    "exhaust-k-noisy": (NOISY, POINTS),
    "exhaust-r-half": (
        {**RIGHT, "fit": "def fit(x, y):\n    return np.polyfit(x, y, 1)[0], 0.0"},
        {**POINTS, "test_fit": 1.0},
    ),
    "forge-m-blank": ({}, dict.fromkeys(POINTS, 0.0)),
    "reach-m-wrong": (WRONG, dict.fromkeys(POINTS, 0.0)),
    "zzz-right": (RIGHT, POINTS),
}
