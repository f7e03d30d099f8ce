import asyncio
import dataclasses

import pytest

from autograder.execute.notebook_run import execute
from autograder.execute.shared_process import told
from autograder.model import UNPROVEN, Verdict
from tests.autograder.building import asserts, ended, job, marked, solution

PASS, FAIL, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.ERROR
SQUARES = solution(
    "def squares(n):\n    return [i * i for i in range(n)]\n"
    "def total(n):\n    return sum(squares(n))"
)
#: An answer that looks for a text wherever a process may keep it, and says whether it is there.
SPY = solution(
    "import gc, linecache\n"
    "def finds(word):\n"
    "    word = ''.join(reversed(word))\n"
    "    places = [*In, *(''.join(entry[2]) for entry in linecache.cache.values()),\n"
    "              *(thing for thing in gc.get_objects() if isinstance(thing, str)),\n"
    "              *(value for thing in gc.get_objects() if isinstance(thing, dict)\n"
    "                for value in list(thing.values()) if isinstance(value, str))]\n"
    "    return any(word in place for place in places)",
    "spy",
)


@pytest.fixture
def shared(zygote):
    """Return a function that executes cells, those named in the student's process."""

    def run(names, *cells, **options):
        one = dataclasses.replace(job(*cells), shared=tuple(names), **options)
        return asyncio.run(execute(one, zygote))

    return run


@pytest.mark.sandbox
def test_a_shared_test_reaches_into_the_student_s_namespace(shared):
    tests = {
        "deletes": "kept = squares\ndel squares\n"
        "try:\n    total(3)\nexcept NameError:\n    pass\nelse:\n    assert False\nsquares = kept",
        "patches": "from unittest.mock import patch\n"
        "with patch('__main__.squares', return_value=[7]) as spy:\n"
        "    assert total(3) == 7 and spy.called",
        "expects": "assert total(3) == 6, 'three squares add up to 5'",
        "credits": "0.5",
        "credits_by_numpy": "import numpy as np\nnp.float64(0.25)",
        "ends_with_words": "'done'",
        "calls_what_is_not_there": "missing(1)",
    }
    done = shared(tests, SQUARES, *(asserts(text, name) for name, text in tests.items()))
    assert not done.failure
    ends = [(one.verdict, one.message, one.points) for one in done.cells[1:]]
    assert ends == [
        (PASS, "", None),
        (PASS, "", None),
        (FAIL, "three squares add up to 5", None),
        (PASS, "", 0.5),
        (PASS, "", 0.25),
        (PASS, "", None),
        (ERROR, "This test ended with a NameError.", None),
    ]
    assert all(one.shared and not one.judged for one in done.cells[1:])


@pytest.mark.sandbox
def test_what_a_test_imports_and_defines_is_there_for_the_next_answer(shared):
    cells = [
        asserts("import math\nhalf = get_ipython().user_ns.get('half', 0.5)", "first"),
        solution("def area(r):\n    return half * math.tau * r * r"),
        asserts(
            "names = get_ipython().user_ns\nassert abs(names['_area'[1:]](1) - 3.14159) < 1e-4",
            "second",
        ),
    ]
    apart, together = shared([], *cells), shared(["second"], *cells)
    assert [one.verdict for one in apart.cells] == [PASS, PASS, ERROR]
    assert [one.verdict for one in together.cells] == [PASS, PASS, PASS]
    assert [one.shared for one in together.cells] == [False, False, True]


@pytest.mark.sandbox
def test_no_hidden_line_of_another_test_is_in_the_process_that_is_shared(shared):
    hidden = "### BEGIN HIDDEN TESTS\nword = 'tamarind'\n### END HIDDEN TESTS\nopen_word = 'quince'"
    asks = "1.0 * finds('{}')"
    cells = [SPY, asserts(hidden, "apart")]
    cells += [asserts(asks.format(word[::-1]), word) for word in ("tamarind", "quince")]
    done = shared(["tamarind", "quince"], *cells)
    assert [one.points for one in done.cells[2:]] == [0.0, 1.0]


@pytest.mark.sandbox
def test_of_the_shared_process_nothing_comes_back_but_the_ending(shared):
    tells = solution(
        "import os\n"
        "class Told(Exception): pass\n"
        "def f(x):\n"
        "    seen = In[-1]\n"
        "    print(seen); open('seen', 'w').write(seen)\n"
        "    if x: raise (AssertionError if x == 1 else Told)(seen)\n"
        "def g():\n"
        "    word = 'curr' + 'ant'\n"
        "    print(word in open('seen').read(), any(word in text for text in In))"
    )
    cells = [
        tells,
        asserts("### BEGIN HIDDEN TESTS\nf(0)  # currant\n### END HIDDEN TESTS", "prints"),
        asserts("### BEGIN HIDDEN TESTS\nf(1)  # currant\n### END HIDDEN TESTS", "asserts"),
        asserts("### BEGIN HIDDEN TESTS\nf(2)  # currant\n### END HIDDEN TESTS", "raises"),
        "g()",
    ]
    done = shared(["prints", "asserts", "raises"], *cells)
    assert [one.message for one in done.cells[1:4]] == [
        "",
        "A test failed.",
        "This test ended with an exception.",
    ]
    book = ended(done)
    assert book.printed(4) == "False False\n"
    shown = [cell.outputs for cell in book.cells[1:4]]
    assert "currant" not in str(shown)
    assert shown[0] == []


@pytest.mark.sandbox
def test_a_shared_test_that_ends_its_process_costs_the_others_nothing(shared):
    cells = [
        SQUARES,
        solution("import os\ndef leave():\n    os._exit(3)", "leaves"),
        asserts("leave()", "ends"),
        asserts("assert total(3) == 5", "after"),
        asserts("assert total(4) == 14", "apart"),
    ]
    done = shared(["ends", "after"], *cells)
    assert not done.failure
    assert [one.verdict for one in done.cells[2:]] == [Verdict.CRASH, PASS, PASS]


@pytest.mark.sandbox
def test_a_locked_cell_s_effects_happen_once_where_everything_is_shared(shared):
    cells = [
        marked("class Account:\n    opened = 0\n    def __init__(self): Account.opened += 1", "a"),
        marked("mine = Account()", "given", locked=True),
        asserts("assert Account.opened == 1", "once"),
    ]
    assert shared(["once"], *cells).cells[-1].verdict is PASS


@pytest.mark.sandbox
def test_nobody_loses_points_where_the_author_s_solution_does(shared):
    cells = [SQUARES, asserts("assert total(3) == 6", "wrong"), asserts("0.5", "half")]
    cells += [asserts("assert total(3) == 5", "right")]
    done = shared([], *cells, unproven=("wrong", "half", "right"))
    assert [one.verdict for one in done.cells[1:]] == [Verdict.INTERNAL, Verdict.INTERNAL, PASS]
    assert [one.message for one in done.cells[1:]] == [UNPROVEN, UNPROVEN, ""]


@pytest.mark.parametrize(
    ("source", "kind", "said", "message"),
    [
        ("assert x, 'too small'", "AssertionError", "too small", "too small"),
        ("assert x, 'too small'", "AssertionError", "secret", "A test failed."),
        ("assert x, f'{y}'", "AssertionError", "secret", "A test failed."),
        ("'secret'; assert x", "AssertionError", "secret", "A test failed."),
        ("%time assert x", "AssertionError", "secret", "A test failed."),
        ("x", "IndexError", "secret", "This test ended with an IndexError."),
        ("x", "KeyError", "secret", "This test ended with a KeyError."),
        ("x", "print", "secret", "This test ended with an exception."),
        ("x", "Secret", "secret", "This test ended with an exception."),
        ("x", "NotImplementedError", "", "Not answered yet."),
    ],
)
def test_a_student_reads_the_author_s_words_and_python_s_names(source, kind, said, message):
    assert told(source, kind, said) == message
