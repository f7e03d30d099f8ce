import contextlib
import json
import shutil
import sys

import nbformat
import pytest

from autograder import pipeline
from autograder.coursedir.directory import open_course
from autograder.coursedir.gradebook import Ledger
from autograder.dispatch.engine import Engine
from autograder.model import UNPROVEN, AutograderError, Protection, Verdict
from autograder.pipeline import Grading
from autograder.record import reference
from autograder.verify.replay import replay
from tests.autograder import building
from tests.autograder.building import asserts, marked, scores, solution, submit, write_course

pytestmark = pytest.mark.sandbox


def answer(text, name="answer"):
    return solution(f"### BEGIN SOLUTION\n{text}\n### END SOLUTION", name)


#: An answer, and a test that looks for it where the process of the judge has nothing.
REPLACES = (
    answer("def helper():\n    return 1\ndef f():\n    return helper()"),
    asserts("assert f() == 1", "plain"),
    asserts("names = get_ipython().user_ns\nnames['helper'] = lambda: 2\n"
            "assert names.get('_f'[1:], int)() == 2, 'f does not use helper'", "replaces"),
)  # fmt: skip
RIGHT = {"answer": "def helper():\n    return 1\ndef f():\n    return helper()"}
WRONG = {"answer": "def helper():\n    return 1\ndef f():\n    return 1"}


@pytest.fixture
def course(bare, warm):
    """Return a function that makes a course of some cells, and grades what was submitted."""

    def make(*cells, **settings):
        lines = [f"c.Autograder.{name} = {value!r}\n" for name, value in settings.items()]
        write_course(bare, *cells, config=building.PLUGIN + "".join(lines))
        return bare

    return make


def grade(root):
    told = []
    one = Grading(open_course(root), "ps1", announce=told.append)
    results = {done.student: done for done in one.run(one.students())}
    return results, told[0]


def standings(proof):
    return {one.cell: (one.protection, one.proven) for one in proof.standings}


def prove(root, run):
    course = open_course(root)
    with Ledger(course.directory.db_url, course.directory.course_id) as ledger:
        assignment = course.load(ledger, "ps1")
    return reference.proof(assignment, course.converter(), course.settings, run)


def test_a_test_that_cannot_be_apart_is_shared_and_all_is_said(course):
    root = course(*REPLACES)
    submit(root, "ada", RIGHT)
    submit(root, "ben", WRONG)
    results, proof = grade(root)
    separate, shared = (Protection.SEPARATE, True), (Protection.SHARED, True)
    assert standings(proof) == {"plain": separate, "replaces": shared}
    assert proof.standings[1].kind == "AssertionError"
    assert proof.standings[1].why == "AssertionError: f does not use helper"
    assert scores(root, "ada") == {"plain": 1, "replaces": 1}
    assert scores(root, "ben") == {"plain": 1, "replaces": 0}
    assert [one.protection for one in results["ben"].cells] == ["separate", "shared"]
    assert results["ben"].cells[1].message == "f does not use helper"
    again = replay(open_course(root), "ben", "ps1", engine=pipeline.Engine)
    assert again.differences == []


def test_it_is_graded_once_for_each_version(course, engine, monkeypatch):
    root = course(*REPLACES)
    monkeypatch.setattr(reference, "_known", {})
    done = []

    def run(jobs):
        jobs = list(jobs)
        done.extend((one.student, one.shared) for one in jobs)
        return engine.run(jobs)

    first = prove(root, run)
    once = [(reference.REFERENCE, ()), (reference.BLANK, ())]
    again = [(who, ("replaces",)) for who, _ in once]
    assert done == [*once, *again]
    assert prove(root, run) == first
    monkeypatch.setattr(reference, "_known", {})  # another process
    assert prove(root, run) == first
    assert len(done) == 4
    kept = root / ".autograder" / "reference" / "ps1.json"
    for text in ("nonsense", "{}", json.dumps({**json.loads(kept.read_text()), "standings": [1]})):
        kept.write_text(text)
        monkeypatch.setattr(reference, "_known", {})
        assert prove(root, run) == first
    assert len(done) == 16
    path = root / "source" / "ps1" / "p1.ipynb"
    book = nbformat.read(path, 4)
    book.cells[0].source = book.cells[0].source.replace("return helper()", "return  helper()")
    nbformat.write(book, path)
    assert prove(root, run) == first
    assert len(done) == 20


def test_a_test_that_fails_on_the_solution_takes_points_from_nobody(course):
    root = course(
        answer("x = 1"),
        asserts("assert x == 1", "right"),
        asserts("assert x == 2, 'x is 2'", "wrong"),
    )
    submit(root, "ada", {"answer": "x = 1"})
    submit(root, "ben", {"answer": "x = 2"})
    results, proof = grade(root)
    assert standings(proof)["wrong"] == (Protection.SEPARATE, False)
    assert proof.standings[1].why == "AssertionError: x is 2"
    assert scores(root, "ada") == {"right": 1, "wrong": None}
    assert scores(root, "ben") == {"right": 0, "wrong": 1}
    assert results["ada"].verdict is Verdict.INTERNAL
    assert results["ada"].cells[1].message == UNPROVEN


@pytest.mark.parametrize("setting", ["protection", "profiles"])
def test_an_author_can_forbid_to_share_and_ask_for_it(course, setting):
    def asked(what):
        return {setting: what if setting == "protection" else {"ps1": {"protection": what}}}

    root = course(*REPLACES, **asked("separate"))
    submit(root, "ada", RIGHT)
    results, proof = grade(root)
    assert standings(proof)["replaces"] == (Protection.SEPARATE, False)
    assert scores(root, "ada") == {"plain": 1, "replaces": None}
    building.configure(
        root, building.PLUGIN + f"c.Autograder.{setting} = {asked('shared')[setting]!r}\n"
    )
    results, proof = grade(root)
    assert set(standings(proof).values()) == {(Protection.SHARED, True)}
    assert scores(root, "ada") == {"plain": 1, "replaces": 1}
    assert [one.protection for one in results["ada"].cells] == ["shared", "shared"]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ((solution("# YOUR CODE HERE\nraise NotImplementedError()"),), "has no solution"),
        ((answer("x = 3"),), "passes none of its tests"),
    ],
)
def test_where_nothing_is_shown_tests_count_and_that_is_said(course, cells, why):
    root = course(*cells, asserts("assert x == 1", "test"))
    submit(root, "ada", {cells[0].metadata.nbgrader.grade_id: "x = 2"})
    _, proof = grade(root)
    assert why in proof.missing
    assert scores(root, "ada") == {"test": 0}
    shutil.rmtree(root / "source")
    submit(root, "ben", {cells[0].metadata.nbgrader.grade_id: "x = 1"})
    _, proof = grade(root)
    assert "there is no notebook in" in proof.missing
    assert scores(root, "ben") == {"test": 1}


def test_a_test_that_a_blank_release_passes_is_named(course):
    root = course(answer("x = 1"), asserts("assert True", "empty"), asserts("x", "asks"))
    submit(root, "ada", {"answer": "x = 1"})
    _, proof = grade(root)
    assert [one.blank for one in proof.standings] == [1, 0]


def test_nbgrader_s_own_command_grades_the_solution_first_too(course, engine):
    root = course(*REPLACES)
    submit(root, "ada", RIGHT)
    with building.opened(root) as opened:
        converter = opened.converter()
        opened.directory.assignment_id = "ps1"
        converter.start()
    assert scores(root, "ada") == {"plain": 1, "replaces": 1}


def test_a_grade_holds_no_longer_when_a_test_comes_to_be_shared(course):
    root = course(*REPLACES, protection="separate")
    submit(root, "ada", RIGHT)
    grade(root)
    building.configure(root, building.PLUGIN)
    one = Grading(open_course(root), "ps1")
    list(one.run(one.students()))
    assert one.causes == {"ada": "protection changed"}
    one = Grading(open_course(root), "ps1")
    list(one.run(one.students()))
    assert one.kept == ["ada"]


def test_what_lies_beside_the_source_is_the_solution_s_too(course):
    cells = answer("x = open('data.txt').read()"), asserts("assert x == 'seven'", "reads")
    root = course(*cells, marked("y = open('data.txt').read()", "given", locked=True))
    (root / "source" / "ps1" / "data.txt").write_text("seven")
    submit(root, "ada", {"answer": "x = open('data.txt').read()"})
    _, proof = grade(root)
    assert standings(proof) == {"reads": (Protection.SEPARATE, True)}


@pytest.fixture
def bash(monkeypatch, tmp_path):
    """Install a kernel that is not Python, for this test."""
    pytest.importorskip("bash_kernel")
    folder = tmp_path / "jupyter" / "kernels" / "bash"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Bash", "language": "bash"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))


def in_bash(root, **settings):
    """Make a course in another language; generate_assignment wants to know its stubs."""
    hidden = "### BEGIN HIDDEN TESTS\ntest $(double 21) = 42\n### END HIDDEN TESTS"
    cells = [answer("double() { echo $((2 * $1)); }"), "echo shown"]
    cells += [asserts(f"test $(double 2) = 4\n{hidden}", "test")]
    book = building.notebook(*cells)
    book.metadata.kernelspec = {"display_name": "Bash", "language": "bash", "name": "bash"}
    folder = root / "source" / "ps1"
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, folder / "p1.ipynb")
    lines = [f"c.Autograder.{name} = {value!r}\n" for name, value in settings.items()]
    stubs = "c.ClearSolutions.code_stub = {'bash': '# YOUR CODE HERE'}\n"
    building.configure(root, building.PLUGIN + stubs + "".join(lines))
    building.generate(root)


def test_a_kernel_of_another_language_is_graded_as_nbgrader_does(bash, bare, engine, monkeypatch):
    with Engine(engine.settings) as fresh:  # its worker has to know where kernels are
        monkeypatch.setattr(pipeline, "Engine", lambda _: contextlib.nullcontext(fresh))
        in_bash(bare)
        submit(bare, "ada", {"answer": "double() { echo $(($1 + $1)); }"})
        submit(bare, "ben", {"answer": "double() { echo 4; }; seen() { fc -l; }"})
        results, proof = grade(bare)
    assert proof.missing == ""
    assert standings(proof) == {"test": (Protection.SHARED, True)}
    assert scores(bare, "ada") == {"test": 1}
    assert scores(bare, "ben") == {"test": 0}
    assert results["ben"].cells[0].message == "This test failed."


def test_a_kernel_that_is_not_there_is_one_sentence(bash, bare, warm, monkeypatch):
    in_bash(bare, protection="separate")
    submit(bare, "ada")
    with pytest.raises(AutograderError, match="'separate'; leave it at 'auto'"):
        grade(bare)
    monkeypatch.delenv("JUPYTER_PATH")
    in_bash(bare)
    with pytest.raises(
        AutograderError, match=r"kernel 'bash', which is not installed here \(there"
    ):
        grade(bare)
