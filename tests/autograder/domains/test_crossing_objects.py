"""A student's classes, exceptions and coroutines in tests as courses write them."""

import asyncio

import pytest

from autograder.execute.notebook_run import execute
from autograder.model import Verdict
from tests.autograder import building
from tests.autograder.building import asserts, marked, solution
from tests.autograder.domains.objects import ANSWER, EMPTY, IMPORTS, TESTS

pytestmark = pytest.mark.sandbox


def ended(zygote, answer):
    """Return how each test of `TESTS` ended, by its name."""
    cells = [asserts(source, name) for name, source in TESTS.items()]
    job = building.job(
        marked(IMPORTS, "imports", locked=True), solution(answer), *cells, cell_seconds=30
    )
    done = building.ended(asyncio.run(execute(job, zygote)))
    assert not done.failure
    found = zip(done.verdicts[2:], done.messages[2:], strict=True)
    return dict(zip(TESTS, found, strict=True))


@pytest.fixture(scope="module")
def right(zygote):
    return ended(zygote, ANSWER)


@pytest.fixture(scope="module")
def empty(zygote):
    return ended(zygote, EMPTY)


@pytest.mark.parametrize("name", TESTS)
def test_a_right_answer_earns_its_point(right, name):
    assert right[name] == (Verdict.PASS, "")


@pytest.mark.parametrize("name", TESTS)
def test_an_empty_answer_earns_none(empty, name):
    verdict, message = empty[name]
    assert verdict in (Verdict.FAIL, Verdict.ERROR)
    assert "Proxy" not in message
    assert "proxy" not in message.lower()


ROBOT = """
class Robot: pass
class Tired(Exception): pass
def f(x):
    return type(f"Robot{x}", (Robot,), {"__sub__": lambda self, other: self})()
def tired(x):
    raise type(f"Tired{x}", (Tired,), {"__module__": "numpy.linalg"})("so tired")
class Lamp:
    bulb = Robot()
lamp = Lamp()
"""
HIDDEN = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"
TOLD = {
    "assert f(3) == 9": "but `f` returned a `Robot3`: it cannot be compared",
    "assert lamp.bulb == 9": "but `lamp.bulb` is a `Robot`: it cannot be compared",
    "assert lamp < 9": "TypeError: '<' not supported between instances of 'Lamp' and 'int'",
    "assert not f(3) - 9": "found an object of your class `Robot3`: let your code return one",
    "import numpy as np\nnp.testing.assert_allclose(f(3), 9)": "`f` returned a `Robot3`",
    "tired(3)": "Tired3: so tired",
}


def test_a_student_reads_what_he_returned_and_of_a_hidden_test_no_input(run):
    seen = [asserts(source, f"seen{n}") for n, source in enumerate(TOLD)]
    secret = [asserts(HIDDEN.format(source), f"hidden{n}") for n, source in enumerate(TOLD)]
    done = run(solution(ROBOT), *seen, *secret)
    for message, told in zip(done.messages[1:], TOLD.values(), strict=False):
        assert told in message
    for message in done.messages[1 + len(TOLD) :]:
        assert message
        assert "3" not in message
    assert done.messages[-1] == "Your code raised Exception when a hidden test called it."
