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
    assert "Handle" not in message
    assert "proxy" not in message.lower()
