"""Every example in autograder/AUTHORING.md does what the page says."""

import asyncio
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autograder.execute.notebook_run import execute
from autograder.execute.zygote import Zygote
from autograder.record.score import score
from tests.autograder.building import asserts, ended, job, marked, notebook, solution

PAGE = (Path(__file__).parents[2] / "autograder" / "AUTHORING.md").read_text()
NUMPY = "import matplotlib\nimport numpy as np\n\nmatplotlib.use('agg')"
KERAS = "import keras\nimport numpy as np\nimport tensorflow as tf"


@dataclass
class Example:
    """The blocks under one heading."""

    title: str
    blocks: dict[str, str] = field(default_factory=dict)
    points: float = 0  # of the wrong answer

    @property
    def keras(self):
        return any(re.search(r"\b(keras|tf)\.", text) for text in self.blocks.values())

    def cells(self, answer="answer", test="test"):
        """Return the cells of a notebook with one of the answers and one of the tests."""
        cells = [marked(KERAS if self.keras else NUMPY, "imports", locked=True)]
        if test == "test" and "locked" in self.blocks:
            cells.append(marked(self.blocks["locked"], "locked", locked=True))
        return [*cells, solution(self.blocks[answer]), asserts(self.blocks[test])]


def examples():
    """Yield what stands under each heading that has code."""
    for section in re.split(r"^### (?!BEGIN|END)", PAGE, flags=re.MULTILINE)[1:]:
        one = Example(section.partition("\n")[0])
        for block in re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL):
            first, _, text = block.partition("\n")
            kind, _, more = first.removeprefix("# ").partition(",")
            assert kind in ("answer", "test", "wrong", "locked", "cannot"), first
            assert kind not in one.blocks, (one.title, kind)
            one.blocks[kind] = text
            if more:
                one.points = float(re.search(r"[\d.]+", more)[0])
        if one.blocks:
            yield one


EXAMPLES = list(examples())
CASES = [
    pytest.param(one, id=one.title, marks=[pytest.mark.sandbox, *[pytest.mark.slow] * one.keras])
    for one in EXAMPLES
]


@pytest.fixture(scope="module")
def zygotes():
    """One warm process for NumPy, and one for TensorFlow if it is asked for."""
    made = {}
    yield made
    for zygote in made.values():
        zygote.close()


@pytest.fixture
def points(zygotes):
    """Return a function that grades cells: points, and how all cells ended."""

    def points(example, answer="answer", test="test"):
        if example.keras not in zygotes:
            preload = ["numpy", "matplotlib.pyplot", *["tensorflow", "keras"] * example.keras]
            zygotes[example.keras] = Zygote(preload)
            zygotes[example.keras].wait_ready()
        cells = example.cells(answer, test)
        work = job(*cells, cell_seconds=60)
        execution = asyncio.run(execute(work, zygotes[example.keras]))
        (one,) = score(notebook(*cells), execution.cells)
        told = ended(execution)
        assert not told.failure
        return one.points, told.messages, execution.trouble

    return points


def test_every_example_has_an_answer_a_test_and_a_wrong_answer():
    assert len(EXAMPLES) >= 20
    for one in EXAMPLES:
        assert {"answer", "test", "wrong"} <= one.blocks.keys(), one.title
    assert sum("cannot" in one.blocks for one in EXAMPLES) >= 6


@pytest.mark.parametrize("example", CASES)
def test_the_right_answer_earns_all_and_the_wrong_one_what_the_page_says(points, example):
    assert points(example) == (1, [""] * len(example.cells()), ())
    assert points(example, "wrong")[0] == example.points


@pytest.mark.parametrize("example", [case for case in CASES if "cannot" in case.values[0].blocks])
def test_what_cannot_cross_tells_right_from_wrong_no_more(points, example):
    right, wrong = (points(example, answer, "cannot")[0] for answer in ("answer", "wrong"))
    assert (right, wrong) in [(0, 0), (1, 1)]
