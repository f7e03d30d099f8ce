"""Cells that lost nbgrader's marks are known by what they say, or laid before a person."""

import nbformat
import pytest

from tests.autograder.building import (
    RIGHT,
    asserts,
    code,
    copy,
    fill,
    marked,
    prepared,
    released,
    solution,
    submit,
    write_course,
    written,
)

#: Two written answers, two tests that say the same, and set-up that students cannot change.
CELLS = (
    nbformat.v4.new_markdown_cell("# Prices"),
    marked("import math\nRATE = 0.05", "setup", locked=True),
    nbformat.v4.new_markdown_cell("## Question 1"),
    solution(
        "def grow(x):\n    ### BEGIN SOLUTION\n    return x * 1.05\n    ### END SOLUTION", "a"
    ),
    asserts(
        "assert abs(grow(1) - 1.05) < 1e-9, 'grow(1) is 1.05'\n"
        "### BEGIN HIDDEN TESTS\nassert grow(0) == 0, 'grow(0) is 0'\n### END HIDDEN TESTS",
        "test_a",
    ),
    nbformat.v4.new_markdown_cell("Why does money grow?"),
    written("YOUR ANSWER HERE", "why"),
    solution("### BEGIN SOLUTION\nlevel = 3\n### END SOLUTION", "b"),
    asserts("assert level == 3", "test_b"),
    solution("### BEGIN SOLUTION\nlevel = level\n### END SOLUTION", "c"),
    asserts("assert level == 3", "test_c"),
    nbformat.v4.new_markdown_cell("And for how long?"),
    written("YOUR ANSWER HERE", "long"),
)
ANSWERS = {
    "a": "def grow(x):\n    return x + x * RATE",
    "why": "Because of interest.",
    "b": "level = 3",
    "c": "level = 1 + 2",
    "long": "For ever.",
}
NAMES = ["setup", "a", "test_a", "why", "b", "test_b", "c", "test_c", "long"]


@pytest.fixture(scope="module")
def made(empty, tmp_path_factory):
    return write_course(copy(empty, tmp_path_factory.mktemp("matching")), *CELLS)


@pytest.fixture
def course(made, tmp_path):
    return copy(made, tmp_path / "matching")


def strip(book, keep=(), ids=False):
    """Remove what nbstripout and converters remove."""
    for number, cell in enumerate(book.cells):
        if cell.metadata.get("nbgrader", {}).get("grade_id") not in keep:
            cell.metadata = nbformat.NotebookNode()
        if not ids:
            cell["id"] = str(number)
    return book


def answered(root):
    return fill(released(root), ANSWERS)


def names_of(ready):
    """Return for each name what its cell says, in the order of the notebook."""
    assert not ready.refusal, ready.refusal
    cells = nbformat.reads(ready.jobs[0].content.decode(), as_version=4).cells
    return {
        cell.metadata.nbgrader["grade_id"]: cell.source
        for cell in cells
        if "nbgrader" in cell.metadata
    }


def told(root, book):
    submit(root, "alice", book)
    return names_of(prepared(root, "alice"))


def refusal(root, book):
    submit(root, "alice", book)
    said = prepared(root, "alice").refusal
    assert said.count(". ") == 0
    return said


@pytest.mark.parametrize(
    "keep", [(), ("setup",), ("a", "why"), ("test_b",), ("test_c", "long"), NAMES[1:]], ids=str
)
@pytest.mark.parametrize("ids", [True, False], ids=["ids", "no ids"])
def test_a_submission_without_marks_is_as_one_with_them(course, keep, ids):
    found = told(course, strip(answered(course), keep, ids))
    assert list(found) == NAMES
    assert {name: found[name] for name in ANSWERS} == ANSWERS
    assert "grow(0) is 0" in found["test_a"]
    assert not any("was missing" in text for text in found.values())


def jupytext(book):
    """Give back what a script in the percent format keeps of a notebook."""
    import jupytext

    return jupytext.reads(jupytext.writes(book, fmt="py:percent"), fmt="py:percent")


def colab(book):
    for number, cell in enumerate(book.cells):
        cell["id"] = f"{number:012x}"
        cell.metadata = nbformat.NotebookNode(id=cell["id"], colab={"base_uri": "x"})
    return book


def formatter(book):
    for cell in strip(book).cells:
        if cell.source.startswith("assert"):
            cell.source = cell.source.replace("'", '"').replace(", ", ",\n    ") + "\n"
    return book


def windows(book):
    for cell in strip(book).cells:
        cell.source = "\n" + cell.source.replace("\n", "   \r\n") + "\r\n\r\n"
    return book


def format_3(book):
    return nbformat.convert(nbformat.convert(book, 3), 4)


@pytest.mark.parametrize("tool", [jupytext, colab, formatter, windows, format_3])
def test_what_a_tool_made_of_a_submission_is_known(course, tool):
    book = tool(strip(answered(course)))
    submit(course, "alice", nbformat.writes(book, version=4).encode())
    found = names_of(prepared(course, "alice"))
    assert list(found) == NAMES
    assert {name: "".join(found[name].split()) for name in ANSWERS} == {
        name: "".join(text.split()) for name, text in ANSWERS.items()
    }
    assert "grow(0) is 0" in found["test_a"]
    assert not any("was missing" in text for text in found.values())


def test_cells_of_one_s_own_stay_as_they_are(course):
    book = strip(answered(course))
    book.cells[3:3] = [code("x = 5"), code("print(math.pi)")]
    found = told(course, book)
    assert list(found) == NAMES
    assert found["a"] == ANSWERS["a"]


def test_of_two_copies_of_a_whole_notebook_the_last_tests_count(course):
    book = strip(answered(course))
    book.cells += [nbformat.from_dict({**cell, "id": f"x{cell.id}"}) for cell in book.cells]
    submit(course, "alice", book)
    ready = prepared(course, "alice")
    if not ready.refusal:
        assert {"test_a", "test_b", "test_c"} <= set(names_of(ready))
    else:
        assert "which a person grades" in ready.refusal


def test_cells_in_another_order_are_known_or_laid_before_a_person(course):
    def other_order(ids):
        book = strip(answered(course), ids=ids)
        book.cells = book.cells[:2] + book.cells[7:11] + book.cells[2:7] + book.cells[11:]
        return book

    found = told(course, other_order(ids=True))
    assert {name: found[name] for name in ANSWERS} == ANSWERS
    assert "the answer 'why'" in refusal(course, other_order(ids=False))
    book = other_order(ids=False)
    book.cells = [cell for cell in book.cells if cell.source not in (ANSWERS["why"], "For ever.")]
    found = told(course, book)
    assert found["a"] == ANSWERS["a"]
    assert not any("was missing" in found[name] for name in ("test_a", "test_b", "test_c"))


def test_deleted_tests_are_restored_behind_their_answers(course):
    book = strip(answered(course))
    book.cells = [cell for cell in book.cells if not cell.source.startswith("assert")]
    found = told(course, book)
    assert set(found) >= {"setup", "test_a", "test_b", "test_c", "why", "long"}
    order = list(found)
    assert order.index("test_a") < order.index("test_b") < order.index("test_c")


def test_a_test_with_an_answer_written_into_it_keeps_the_answer(course):
    book = strip(answered(course))
    (test,) = (cell for cell in book.cells if cell.source.startswith("assert abs(grow"))
    test.source = "rate = 7\n" + test.source
    submit(course, "alice", book)
    ready = prepared(course, "alice")
    assert "rate = 7" in ready.jobs[0].content.decode()
    assert "was missing" in names_of(ready)["test_a"]


@pytest.mark.parametrize("extra", ["My notes.", "# Question 1, once more"])
def test_a_written_answer_that_could_be_two_cells_is_laid_before_a_person(course, extra):
    book = strip(answered(course))
    book.cells.insert(7, nbformat.v4.new_markdown_cell(extra))
    assert "which of 2 cells is the answer 'why', which a person grades" in refusal(course, book)


def test_its_id_tells_a_written_answer(course):
    book = strip(answered(course), ids=True)
    book.cells.insert(7, nbformat.v4.new_markdown_cell("My notes."))
    assert told(course, book)["why"] == ANSWERS["why"]


def test_a_notebook_in_which_nothing_is_known_is_laid_before_a_person(root):
    said = "none of them is known by its text; copy the answers into the released notebook"
    own = nbformat.v4.new_notebook(cells=[code("\n".join(RIGHT.values()))])
    assert said in refusal(root, own)
    submit(root, "bob", nbformat.v4.new_notebook(cells=[code(""), code("import numpy as np")]))
    assert prepared(root, "bob").jobs  # nothing was handed in


def test_marks_in_a_notebook_of_which_nothing_is_graded_are_another_assignment_s(bare):
    root = write_course(bare, nbformat.v4.new_markdown_cell("Read this first."))
    own = nbformat.v4.new_notebook(cells=[code("x = 1")])
    submit(root, "bob", own)
    assert prepared(root, "bob").jobs
    own.cells[0].metadata["nbgrader"] = {"grade_id": "other", "grade": True, "points": 1}
    assert "the cell 'other' of its p1.ipynb has the marks of another" in refusal(root, own)


def test_answers_alone_are_told_by_their_number(bare):
    question = nbformat.v4.new_markdown_cell("Why?")
    root = write_course(bare, question, written("YOUR ANSWER HERE", "why"))
    found = told(root, strip(fill(released(root), {"why": "Therefore."})))
    assert found == {"why": "Therefore."}
    submit(root, "bob", nbformat.v4.new_notebook(cells=[code("x = 1")]))
    assert "none of them is known by its text" in prepared(root, "bob").refusal


def test_without_the_source_the_gradebook_is_enough(root):
    for path in (root / "source/ps1").iterdir():
        path.unlink()
    found = told(root, strip(fill(released(root), RIGHT)))
    assert {name: found[name] for name in RIGHT} == RIGHT


def test_a_mark_that_is_there_is_not_moved(root):
    book = fill(released(root), RIGHT)
    book.cells.append(code(book.cells[2].source))  # a copy of a test
    del book.cells[1].metadata["nbgrader"]
    found = told(root, book)
    assert list(found) == ["double", "test_double", "mean", "test_mean", "explain"]
    assert found["double"] == RIGHT["double"]


def test_a_cell_that_was_added_to_an_assignment_later_stands_where_its_source_says(bare):
    root = write_course(bare, *CELLS[:1], *CELLS[3:5])
    write_course(root, *CELLS[:5])
    found = told(root, strip(fill(released(root), ANSWERS)))
    assert list(found) == ["setup", "a", "test_a"]
