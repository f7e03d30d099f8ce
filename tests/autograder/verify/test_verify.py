"""An author hears of every test that does not hold, before a student meets it."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.coursedir.directory import open_course
from autograder.model import AutograderError, CellScore, Verdict
from autograder.verify.lint_context import Advice
from autograder.verify.scratch_course import REFERENCE, UNTOUCHED, trial
from autograder.verify.tried import Tried, judged, points
from autograder.verify.verify import LOOP, Verification, verify
from tests.autograder.building import (
    PLUGIN,
    PROBLEM,
    alive,
    asserts,
    code,
    configure,
    copy,
    descendants,
    marked,
    notebook,
    wait_for,
)

#: A test that passes every other time, whatever is seeded.
ODD = """
import pathlib
seen = pathlib.Path('/dev/urandom').open('rb').read(8)
assert sum(seen) % 2, 'It is an even day.'
"""
CELLS = (
    *PROBLEM,
    asserts("assert double == 2, 'x'", "compares"),
    asserts(ODD, "odd"),
    asserts("assert np.pi > 3", "free"),
    asserts("assert nosuch(3) == 3", "unknown"),
    asserts("import sys\nassert double(2) == 4\nprint('note', file=sys.stderr)", "noisy"),
    asserts("assert double(len(open('data/two.txt').read())) == 4", "reads"),
    asserts("import time\ntime.sleep(1.5)\nassert double(2) == 4", "slow"),
    marked("half = 2", "setup", locked=True),
    marked("np.linalg.solve(np.zeros((2, 2)), np.ones(2))", "broken", locked=True),
    code("1 / 0"),
)


def source(root, *cells):
    """Write the source of an assignment that was never released."""
    folder = root / "source" / "ps1"
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook(*cells), folder / "p1.ipynb")
    return root


@pytest.fixture(scope="module")
def verified(engine, empty, tmp_path_factory):
    """Verify a poor assignment once: the course, and what was said."""
    root = source(copy(empty, tmp_path_factory.mktemp("poor")), *CELLS)
    (root / "source/ps1/data").mkdir()
    (root / "source/ps1/data/two.txt").write_text("ab")
    configure(root, PLUGIN + "c.Autograder.cell_seconds = 4\n")
    scratch = tmp_path_factory.mktemp("scratch")
    said = []
    found = verify(
        open_course(root),
        "ps1",
        scratch,
        runs=12,
        engine=lambda settings: contextlib.nullcontext(engine),
        watch=said.append,
    )
    return root, found, said


def told(found, about):
    """Return the findings that speak of a cell."""
    return [line for line in found.findings if about in line]


@pytest.mark.slow
@pytest.mark.sandbox
class TestVerified:
    def test_good_cells_are_not_spoken_of(self, verified):
        _, found, _ = verified
        good = {cell.name: cell for cell in found.cells}["test_double"]
        assert (good.full, good.untouched, good.stock, good.steady) == (12, 0, 2, True)
        assert (
            told(found, "test_double") == told(found, "test_mean") == told(found, "explain") == []
        )

    def test_nbgrader_s_own_grading_has_the_files_beside_the_notebook(self, verified):
        _, found, _ = verified
        (cell,) = (cell for cell in found.cells if cell.name == "reads")
        assert (cell.full, cell.stock) == (12, 1)

    def test_a_test_that_varies_is_found(self, verified):
        _, found, _ = verified
        assert any("odd is not steady: in 12 runs" in line for line in found.findings)
        assert "It is an even day." in told(found, "At odd")[0]

    def test_what_the_judge_cannot_do_is_said_with_its_line_and_a_hint(self, verified):
        _, found, _ = verified
        (line,) = told(found, "compares")
        assert "does not earn 1 point (0 of 12 runs; 'error')" in line
        assert "ProxyError" in line
        assert "(line 1)" in line
        assert "compare what it holds" in line
        assert [one.cell for _, one in found.advice] == ["compares"]

    def test_a_name_that_nobody_defines_is_explained(self, verified):
        _, found, _ = verified
        (line,) = told(found, "At unknown")
        assert "name 'nosuch' is not defined" in line
        assert "what locked cells and tests define" in line

    def test_points_for_nothing_are_found(self, verified):
        _, found, _ = verified
        (line,) = told(found, "free")
        assert "The untouched release earns 1 point at free" in line

    def test_points_that_nbgrader_gives_otherwise_are_found(self, verified):
        _, found, _ = verified
        (line,) = told(found, "at noisy")
        assert "nbgrader itself gives the reference 0 points at noisy" in line

    def test_a_cell_that_takes_a_third_of_its_limit_is_named(self, verified):
        _, found, _ = verified
        assert any(line.startswith("Cell slow took 1.") for line in told(found, "of the 4 s"))

    def test_cells_of_the_reference_that_fail_are_named(self, verified):
        _, found, _ = verified
        assert len(told(found, "Cell broken ends with 'error'")) == 1
        assert len(told(found, "ZeroDivisionError")) == 1

    def test_nothing_of_the_course_is_changed(self, verified):
        root, found, said = verified
        made = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        sources = {"source/ps1/p1.ipynb", "source/ps1/data/two.txt"}
        assert made == {"gradebook.db", "nbgrader_config.py"} | sources
        assert not found.fine
        assert said[-1] == "grading with nbgrader itself"


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_good_assignment_is_fine_under_load(engine, root, tmp_path, monkeypatch):
    loads = []
    before = descendants(os.getpid())

    class Watched(contextlib.nullcontext):
        def __enter__(self):
            started = descendants(os.getpid()) - before
            loads.extend(pid for pid in started if _loops(pid))
            return super().__enter__()

        def run(self, jobs):
            loads.extend(pid for pid in descendants(os.getpid()) - before if _loops(pid))
            return engine.run(jobs)

    (tmp_path / "scratch").mkdir()
    course = open_course(root)
    running = Watched()
    running.enter_result = running
    found = verify(
        course, "ps1", tmp_path / "scratch", runs=2, load=True, engine=lambda settings: running
    )
    assert found.findings == []
    assert found.fine
    assert len(set(loads)) == len(os.sched_getaffinity(0))
    assert not alive(loads)


def test_the_load_ends_with_who_is_killed_under_it():
    held = "import time\nfrom autograder.verify.verify import _busy\nwith _busy(): time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", held]) as killed:
        try:
            wait_for(lambda: any(map(_loops, descendants(killed.pid))), 60)
            loops = {pid for pid in descendants(killed.pid) if _loops(pid)}
        finally:
            killed.kill()
    wait_for(lambda: not alive(loops))


def _loops(pid):
    with contextlib.suppress(OSError):
        return LOOP.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def test_an_assignment_without_a_source_is_one_sentence(bare, tmp_path):
    with pytest.raises(AutograderError, match=r"There is no notebook in .*/source/ps9"):
        verify(open_course(bare), "ps9", tmp_path / "scratch")


def test_a_source_that_nbgrader_refuses_is_one_sentence(bare, tmp_path):
    source(bare, asserts("1", "twice"), asserts("2", "twice"))
    with pytest.raises(AutograderError, match=r"nbgrader makes no release of 'ps1': .*twice"):
        trial(open_course(bare), "ps1", tmp_path / "made")


@pytest.mark.slow
def test_a_trial_has_the_configuration_and_the_source_and_nothing_else_of_the_course(
    root, tmp_path
):
    configure(
        root,
        f"{PLUGIN}c.CourseDirectory.db_url = 'sqlite:///{root}/gradebook.db'\n"
        "c.CourseDirectory.source_directory = 'source'\nc.Autograder.memory_mb = 777\n",
    )
    before = (root / "gradebook.db").read_bytes()
    (root / "source" / "ps1" / "data.csv").write_text("1")
    made = trial(open_course(root), "ps1", tmp_path / "made")
    assert made.settings.memory_mb == 777
    assert made.root == tmp_path / "made"
    assert made.students("submitted", "ps1") == [REFERENCE, UNTOUCHED]
    assert (made.folder("submitted", "ps1", REFERENCE) / "data.csv").exists()
    with made.gradebook() as gradebook:
        assert [one.name for one in gradebook.assignments] == ["ps1"]
    assert (root / "gradebook.db").read_bytes() == before


def tried(*earned, most=2.0, **more):
    scores = tuple(CellScore("t", one, most, Verdict.PASS) for one in earned)
    given = {"seconds": 0.1, "untouched": 0.0, "stock": most, "test": True, **more}
    return Tried("p1", "t", most, scores, **given)


def test_a_cell_is_steady_if_all_runs_end_alike():
    assert tried(2.0, 2.0).steady
    assert not tried(2.0, 1.0).steady
    assert tried(2.0, 1.0, 2.0).full == 2


def test_what_a_person_grades_is_not_judged():
    assert list(judged(tried(None, test=False), [])) == []


def test_points_are_said_in_words():
    assert [points(p) for p in (None, 0.0, 1.0, 1.5)] == [
        *("no points yet", "0 points", "1 point", "1.5 points")
    ]


def test_advice_alone_is_something_to_mend():
    found = Verification("ps1", 1)
    assert found.fine
    found.advice.append(("p1", Advice("t", 1, "x", "Y")))
    assert not found.fine
