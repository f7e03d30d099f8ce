"""No value goes to the student's process that a hidden line had to do with."""

import pytest

from autograder.domains.failure_messages import hidden_lines
from autograder.domains.given_names import Acquaintances, Given

BUILTINS = {"print", "len"}


def given(*cells, strangers=()):
    """Return what of the last cell may go; `#H` stands at the end of a hidden line."""
    known = Acquaintances()
    for source in cells:
        text = source.replace("#H", "# BEGIN HIDDEN TESTS END HIDDEN TESTS")
        found = known.given(text, hidden_lines(text), {*BUILTINS, *strangers})
    return found


def test_imports_functions_and_classes_go_as_text():
    found = given(
        "import a.b as c\n@c.d\ndef f(x):\n    return x\nclass K(f):\n    pass\nx, y = 1, 2"
    )
    assert found == Given(
        ("import a.b as c", "@c.d\ndef f(x):\n    return x", "class K(f):\n    pass"), ("x", "y")
    )


def test_all_that_a_visible_statement_stores_goes():
    cell = (
        "for i in [1]:\n    with o as w:\n        a: int = (b := 2)\n        c += 1\nx.y = z[0] = 3"
    )
    assert given(cell).names == ("a", "b", "c", "i", "w")


def test_what_is_no_python_gives_nothing():
    assert given("def f(:") == Given((), ())


@pytest.mark.parametrize(
    "cells",
    [
        ["secret = 4 #H\nseen = secret"],
        ["seen = secret\nsecret = 4 #H"],
        ["secret = 4 #H", "seen = secret"],
        ["seen = []\nseen.append(4) #H"],
        ["a = []", "b = a", "b.append(4) #H", "seen = a"],
        ["box = []", "part = box", "seen = len(part)\nbox.append(4) #H"],
        ["def check(x):\n    return x == secret", "secret = 4 #H", "seen = check(3)"],
        ["def check(x):\n    global secret\n    secret = x", "check(4) #H", "seen = secret"],
        ["class K:\n    pass", "K.secret = 4 #H", "seen = K.secret"],
        ["from m import a", "a = 4 #H", "seen = a"],
        ["if 1:\n    secret = 4 #H\n    seen = secret"],
        ["def f():\n    return 4 #H\nseen = f()"],
        ["with open('x') as seen:\n    a = seen #H\n"],
    ],
)
def test_a_value_that_a_hidden_line_had_to_do_with_stays(cells):
    found = given(*cells)
    assert "seen" not in found.names
    assert "#H" not in "".join(found.statements)
    assert "secret" not in found.names


def test_hidden_definitions_stay():
    found = given(
        "import a #H\ndef f(): #H\n    pass #H\nclass K:\n    x = 4 #H\nclass L:\n    pass"
    )
    assert found.statements == ("class L:\n    pass",)


def test_what_is_fetched_or_imported_tells_nothing():
    cell = "import math\nx = f(math.pi)\nassert f(4) == math.e #H"
    assert given(cell, strangers={"f"}).names == ("x",)
