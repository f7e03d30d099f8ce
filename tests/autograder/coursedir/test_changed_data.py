"""A name of a locked cell is the student's afterwards only if the author's solution changes it."""

import nbformat
import pytest

from autograder.coursedir.changed_data import changed_names
from tests.autograder.building import asserts, marked, notebook, solution

GIVEN = """
import numpy as np, random
class Account: opened = 0
a = b = [3, 1]
tol, (first, *rest) = 1e-9, [1, 2, 3]
acc = Account()
other = Account()
def check(x): inner = 1
for step in range(3): pass
with open("x") as file: pass
"""


@pytest.fixture
def changed(tmp_path):
    """Return a function that says what a solution changes."""

    def changed(*answers):
        cells = [solution(text, f"s{n}") for n, text in enumerate(answers)]
        book = notebook(marked(GIVEN, "given", locked=True), *cells, asserts("tol = 1; b.pop()"))
        nbformat.write(book, tmp_path / "p1.ipynb")
        return changed_names(tmp_path / "p1.ipynb")

    return changed


CHANGES = {
    "a = sorted(a)": {"a"},
    "a += [1]": {"a"},
    "a.append(4)": {"a"},
    "x = a.pop()": {"a"},
    "a[0] = 1": {"a"},
    "a[0][1].x = 1": {"a"},
    "del a[0]": {"a"},
    "del a, b": {"a", "b"},
    "random.shuffle(a)": {"a"},
    "a.drop(columns='x', inplace=True)": {"a"},
    "def bump():\n    global first, rest\n    first += 1": {"first", "rest"},
    "def put(x):\n    a.append(x)": {"a"},
    "def put(x):\n    def inner():\n        a[0] = x\n    return inner": {"a"},
    "class K:\n    def put(self):\n        a.append(self)": {"a"},
    "def swap(v): v[0], v[1] = v[1], v[0]\nswap(a)": {"a"},
    "%matplotlib inline\na.sort()": {"a"},
    "acc.deposit(3)": {"acc"},
    "for step in a: pass": {"step"},
    "if (tol := 3): pass": {"tol"},
    # And what changes nothing.
    "x = sorted(a)\ny = [step for step in a]\nprint(a, tol)\na.index(3)\na": set(),
    "def f(a, tol=1):\n    a.append(tol)\n    first = 3\n    return a": set(),
    "def f(n):\n    for step in range(n):\n        a = []\n        a.append(step)": set(),
    "f = lambda tol: tol\nnp.add(a, b)\nnp.sort(a)\nx = check(a)": set(),
    "def check(x): return True\nclass Account: pass\nimport numpy as np": set(),
    "this is no Python": set(),
}


@pytest.mark.parametrize("answer", CHANGES)
def test_what_the_solution_changes(changed, answer):
    assert {*changed(answer)} == CHANGES[answer]


def test_all_answers_count_and_nothing_else(changed):
    assert changed("a = 1", "def g(v): v.clear()", "g(b)") == ("a", "b")
    assert changed() == ()


def test_without_a_source_nothing_is_changed(tmp_path):
    assert changed_names(tmp_path / "none.ipynb") == ()
    (tmp_path / "broken.ipynb").write_text('{"cells": [1]')
    assert changed_names(tmp_path / "broken.ipynb") == ()
