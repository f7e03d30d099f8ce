"""No trick with values earns points of a test that looks sound, or leaves it ungraded."""

import asyncio

import pytest

from autograder.execute.notebook_run import execute
from autograder.execute.zygote import Zygote
from autograder.model import Verdict
from autograder.record.score import score
from tests.autograder.building import asserts, job, marked, notebook, solution
from tests.hostile import unearned, unearned_code, unearned_objects

pytestmark = pytest.mark.sandbox
TRICKS = unearned.TRICKS + unearned_code.TRICKS + unearned_objects.TRICKS


@pytest.fixture(scope="module")
def graded():
    """Grade one notebook of right answers and one of tricks: the score of each test, by name."""
    found = {}
    with Zygote(["numpy"]) as zygote:
        zygote.wait_ready()
        for which in ("right", "trick"):
            cells = [marked("import numpy as np", "imports", locked=True)]
            for one in TRICKS:
                cells.append(solution(getattr(one, which), f"answer_{one.name}"))
                cells.append(asserts(one.test, one.name))
            execution = asyncio.run(execute(job(*cells, cell_seconds=30), zygote))
            assert not execution.failure
            scores = score(notebook(*cells), execution.cells)
            found[which] = {one.grade_id: one for one in scores}
    return found


@pytest.mark.parametrize("name", [one.name for one in TRICKS])
def test_the_right_answer_earns_everything(graded, name):
    assert (graded["right"][name].points, graded["right"][name].message) == (1, "")


@pytest.mark.parametrize("name", [one.name for one in TRICKS])
def test_a_trick_earns_nothing_and_is_graded(graded, name):
    one = graded["trick"][name]
    assert one.points == 0, one
    assert one.verdict in (Verdict.FAIL, Verdict.ERROR)


@pytest.mark.parametrize("one", TRICKS, ids=lambda one: one.name)
def test_a_trick_says_in_one_sentence_what_it_tries(one):
    assert one.tries.endswith(".")
    assert ". " not in one.tries
