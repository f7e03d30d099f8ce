"""The same submissions, graded by nbgrader and by us: the same points, but for what is listed.

nbgrader's own engine runs behind our outer wall, since some of these submissions are hostile.
"""

import random
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.coursedir.directory import open_course
from autograder.model import Verdict
from autograder.pipeline import Grading
from autograder.sandbox import bubblewrap
from course.authoring import submissions
from tests.autograder.building import (
    RIGHT,
    asserts,
    code,
    configure,
    copy,
    fill,
    generate,
    marked,
    released,
    scores,
    solution,
    submit,
    write_course,
)

pytestmark = [pytest.mark.slow, pytest.mark.sandbox]
ROOT = Path(__file__).parents[3]
SCRIPTS = Path(sys.executable).parent
STOCK = "c.Execute.timeout = 3\nc.Execute.startup_timeout = 300\n"
OURS = "from autograder import plugin\nplugin.configure(c)\nc.Autograder.cell_seconds = 3\n"


def stock(root, assignment="ps1", *, packages=()):
    """Grade with nbgrader's own command, contained; return its exit status and what it said."""
    with pytest.MonkeyPatch.context() as patch:
        # The course is all it may write to, and root's rights are not for submissions.
        patch.setattr(bubblewrap, "privileged", lambda: False)
        argv = bubblewrap.command(
            ["sh", "-c", f"cd '{root}' && exec {SCRIPTS}/nbgrader autograde {assignment}"],
            read_only=bubblewrap.python_paths(["autograder", *packages]),
            writable=[root],
            env={
                "HOME": "/tmp",
                "PATH": f"{SCRIPTS}:/usr/bin:/bin",
                "PYTHONPATH": str(ROOT),
                "TF_CPP_MIN_LOG_LEVEL": "3",
            },
        )
    done = subprocess.run(argv, capture_output=True, text=True, timeout=900)
    return done.returncode, done.stderr


def ours(root, assignment="ps1"):
    """Grade with our own engine; return the results by student."""
    grading = Grading(open_course(root), assignment)
    return {one.student: one for one in grading.run(grading.students())}


def points(root, students, assignment="ps1"):
    """Return the score of each cell of each student, None throughout where there is none."""
    return {student: scores(root, student, assignment) for student in students}


# --- equal --------------------------------------------------------------------------------------

HONEST = {
    "right": RIGHT,
    "blank": {},
    "hidden test missed": {**RIGHT, "double": "def double(x): return 2"},
    "visible test missed": {**RIGHT, "mean": "def mean(x): return 0"},
    "exception": {**RIGHT, "mean": "def mean(x): return x.no_such_thing"},
    "syntax error": {**RIGHT, "double": "def double(x) return 2 * x"},
    "deleted": {**RIGHT, "double": ""},
    "prints a lot": {**RIGHT, "double": "def double(x):\n    print('x' * 2000)\n    return 2 * x"},
    "slow": {**RIGHT, "mean": "import time\ndef mean(x):\n    time.sleep(60)"},
    "exits": {**RIGHT, "mean": "import sys\nsys.exit(1)"},
    "asks": {**RIGHT, "mean": "def mean(x):\n    return float(input())"},
    "no essay": {**RIGHT, "explain": ""},
    "raises in between": {**RIGHT, "double": "def double(x): return 2 * x\n1 / 0"},
}


@pytest.fixture(scope="module")
def honest(template, tmp_path_factory):
    """Grade honest work twice; return the two courses."""
    theirs = copy(template, tmp_path_factory.mktemp("stock") / "course")
    for name, answers in HONEST.items():
        submit(theirs, name, answers)
    submit(theirs, "corrupt", b"{ not a notebook")
    mine = copy(theirs, tmp_path_factory.mktemp("ours") / "course")
    configure(theirs, STOCK)
    configure(mine, OURS + "c.Autograder.preload = ['numpy']")
    stock(theirs)
    ours(mine)
    return theirs, mine


@pytest.mark.parametrize("name", HONEST)
def test_honest_work_gets_the_same_points(honest, name):
    theirs, mine = honest
    assert scores(mine, name) == scores(theirs, name)
    assert scores(mine, name)["test_double"] is not None


def test_a_corrupt_file_gets_no_points_and_no_zero_from_either(honest):
    theirs, mine = honest
    assert set(scores(theirs, "corrupt").values()) == {None}
    assert set(scores(mine, "corrupt").values()) == {None}


DAY1 = "day1_gradient_descent"


@pytest.fixture(scope="module")
def day1(tmp_path_factory, full):
    """Grade a class of the real first assignment twice; return the two courses and the students.

    nbgrader's command imports TensorFlow for each student. Before a release the class is small;
    `course check` compares with nbgrader's converter in a warm process, which takes all.
    """
    material = submissions.load(ROOT, DAY1)
    mutants = random.Random(1).sample(material.mutants, 8 if full else 1)
    alternatives = material.alternatives if full else {}
    students = {"reference": material.reference, "blank": {}, **alternatives}
    students |= {mutant.name: material.mutated(mutant) for mutant in mutants}
    theirs = tmp_path_factory.mktemp("day1") / "stock"
    source = theirs / "source" / DAY1
    shutil.copytree(ROOT / "assignments" / "source" / DAY1, source)
    configure(theirs, "")
    generate(theirs, DAY1)
    release = released(theirs, DAY1, DAY1)
    for name, cells in students.items():
        submit(theirs, name, submissions.fill(release, cells), assignment=DAY1, name=DAY1)
    mine = copy(theirs, theirs.parent / "ours")
    configure(theirs, "c.Execute.startup_timeout = 300\nc.Execute.timeout = 300")
    shutil.copy(ROOT / "assignments" / "nbgrader_config.py", mine)
    status, said = stock(theirs, DAY1, packages=["course"])
    assert status == 0, said
    ours(mine, DAY1)
    return theirs, mine, {m.name: m for m in mutants}, list(students), release


def test_a_real_assignment_gets_the_same_points_cell_by_cell(day1):
    theirs, mine, _, students, _ = day1
    assert points(mine, students, DAY1) == points(theirs, students, DAY1)


def test_a_real_assignment_s_points_are_what_its_author_says(day1):
    _, mine, mutants, students, release = day1
    full = submissions.points(release)
    for name in students:
        found = {k: v for k, v in scores(mine, name, DAY1).items() if v is not None}
        if name == "blank":
            assert sum(found.values()) == 0
        else:
            lost = mutants[name].loses if name in mutants else ()
            assert sum(found.values()) == submissions.expected(full, lost), name


# --- different, and why -------------------------------------------------------------------------

QUESTION = (
    code("import sys\nimport numpy as np"),
    solution(
        "### BEGIN SOLUTION\ndef credit(): return 2\n\n\ndef ok(): return True\n### END SOLUTION"
    ),
    asserts("credit()", "test_credit", 2),
    asserts("credit()\nassert ok(), 'not ok'", "test_ok", 1),
    asserts("assert True", "test_last", 1),
)
OK = "\n\n\ndef ok(): return True"
NOT_OK = "\n\n\ndef ok(): return False"
DIFFERENT = {
    "stderr": "def credit():\n    print('a warning', file=sys.stderr)" + OK,
    "warns": "def credit():\n    import warnings\n    warnings.warn('deprecated')" + OK,
    "result first": "get_ipython().ast_node_interactivity = 'all'\ndef credit(): return 1" + NOT_OK,
    "dies": "def credit():\n    import os\n    os._exit(1)" + OK,
    "deaf": "def credit():\n    import signal\n    signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    "    while True: pass" + OK,
    "nan": "def credit(): return float('nan')" + OK,
    "infinite": "def credit(): return float('inf')" + OK,
    "negative": "def credit(): return -1" + OK,
    "too much": "def credit(): return 3" + OK,
    "numpy": "def credit(): return np.float64(1.5)" + OK,
    "one element": "def credit(): return np.array([0.5])" + OK,
    "several": "def credit(): return np.array([0.5, 0.5])" + OK,
    "false": "def credit(): return False" + OK,
    "partial": "def credit(): return 1.5" + OK,
    "refuses": "def credit(): return 0" + NOT_OK + "\nget_ipython().kernel._aborting = True",
}


def deleted(book):
    del book.cells[3]


def deleted_with_neighbour(book):
    del book.cells[2:4]


def flipped(book):
    book.cells[3].metadata.nbgrader["grade"] = False


def skipped(book):
    book.cells[3].metadata["tags"] = ["skip-execution"]


def bonus(book):
    book.cells.append(asserts("assert True", "bonus", 100))


TAMPERED = {f.__name__: f for f in (deleted, deleted_with_neighbour, flipped, skipped, bonus)}


@pytest.fixture(scope="module")
def different(tmp_path_factory):
    """Grade what the two engines see differently; return nbgrader's points and our results."""
    theirs = write_course(tmp_path_factory.mktemp("differ") / "stock", *QUESTION, config=STOCK)
    for name, source in DIFFERENT.items():
        submit(theirs, name, {"solution": source})
    for name, tamper in TAMPERED.items():
        book = fill(released(theirs), {"solution": "def credit(): return 2" + NOT_OK})
        tamper(book)
        submit(theirs, name, book)
    mine = copy(theirs, theirs.parent / "ours")
    configure(mine, OURS + "c.Autograder.preload = ['numpy']")
    _, said = stock(theirs)
    results = ours(mine)

    def both(name):
        graded = (theirs / "autograded" / name / "ps1" / "p1.ipynb").exists()
        return (
            scores(theirs, name) if graded else "ungraded",
            {cell.grade_id: cell.points for cell in results[name].cells},
            {cell.grade_id: cell.verdict for cell in results[name].cells},
            said,
        )

    return both


def cells(credit, ok, last=1):
    return {"test_credit": credit, "test_ok": ok, "test_last": last}


@pytest.mark.parametrize("name", ["stderr", "warns"])
def test_a_line_on_stderr_costs_nothing(different, name):
    theirs, mine, _, _ = different(name)
    assert theirs == cells(0, 0)
    assert mine == cells(2, 1)


def test_an_error_after_a_result_is_an_error(different):
    theirs, mine, verdicts, _ = different("result first")
    assert theirs == cells(1, 1)
    assert mine == cells(1, 0)
    assert verdicts["test_ok"] is Verdict.FAIL


def test_a_dead_kernel_costs_the_cells_that_killed_it_and_no_others(different):
    theirs, mine, verdicts, said = different("dies")
    assert theirs == "ungraded"
    assert "DeadKernelError" in said
    assert mine == cells(0, 0)
    assert verdicts["test_credit"] is Verdict.CRASH


def test_a_cell_that_cannot_be_interrupted_costs_only_itself(different):
    theirs, mine, verdicts, _ = different("deaf")
    assert theirs == "ungraded"
    assert mine == cells(0, 0)
    assert verdicts["test_credit"] is Verdict.TIMEOUT


@pytest.mark.parametrize("name", ["nan", "negative"])
def test_partial_credit_that_is_nan_or_negative_is_worth_nothing(different, name):
    theirs, mine, verdicts, _ = different(name)
    assert theirs == cells(2, 1)
    assert mine == cells(0, 1)
    assert verdicts["test_credit"] is Verdict.FAIL


@pytest.mark.parametrize("name", ["several", "false"])
def test_partial_credit_that_is_no_number_waits_for_its_author(different, name):
    theirs, mine, verdicts, _ = different(name)
    assert theirs == cells(2, 1)
    assert mine == cells(None, 1)
    assert verdicts["test_credit"] is Verdict.INTERNAL


def test_an_array_of_one_number_is_partial_credit(different):
    theirs, mine, _, _ = different("one element")
    assert theirs == cells(2, 1)
    assert mine == cells(0.5, 1)


@pytest.mark.parametrize("name", ["infinite", "too much"])
def test_partial_credit_above_the_points_costs_the_rest_nothing(different, name):
    theirs, mine, verdicts, said = different(name)
    assert theirs == "ungraded"
    assert "partial credit cannot be greater than maximum points" in said
    assert mine == cells(None, 1)
    assert verdicts["test_credit"] is Verdict.INTERNAL


def test_a_numpy_number_is_partial_credit(different):
    theirs, mine, _, _ = different("numpy")
    assert theirs == cells(2, 1)
    assert mine == cells(1.5, 1)


def test_an_ordinary_number_is_partial_credit_for_both(different):
    theirs, mine, _, _ = different("partial")
    assert theirs == mine == cells(1.5, 1)


def test_a_kernel_that_refuses_cells_earns_nothing(different):
    theirs, mine, verdicts, _ = different("refuses")
    assert theirs["test_credit"] == 2
    assert mine == cells(0, 0)  # what the kernel refuses concerns no test
    assert verdicts["test_ok"] is Verdict.FAIL


def test_a_deleted_test_cell_is_restored_and_run(different):
    theirs, mine, verdicts, _ = different("deleted")
    assert theirs == cells(2, None)
    assert mine == cells(2, 0)
    assert verdicts["test_ok"] is Verdict.FAIL


def test_deleted_test_cells_are_restored_and_run(different):
    theirs, mine, _, _ = different("deleted_with_neighbour")
    assert theirs == cells(None, None)
    assert mine == cells(2, 0)


def test_a_flipped_flag_leaves_nothing_ungraded(different):
    theirs, mine, _, said = different("flipped")
    assert theirs == "ungraded"
    assert "Inconsistent checksums for cell test_ok" in said
    assert mine == cells(2, 0)


def test_a_tag_does_not_keep_a_test_from_being_run(different):
    theirs, mine, _, _ = different("skipped")
    assert theirs == cells(2, 1)
    assert mine == cells(2, 0)


def test_a_graded_cell_that_a_student_adds_is_worth_nothing(different):
    theirs, mine, _, _ = different("bonus")
    assert mine == cells(2, 0)
    assert theirs in ("ungraded", cells(2, 0))


# What comes of tests running in a process of their own.
SEPARATE = (
    code("import numpy as np"),
    marked("tolerance = 1e-6\n\n\ndef right(x): return x**2", "given", locked=True),
    solution(
        "### BEGIN SOLUTION\ndef square(x): return x * x\n\n\n"
        "def make(): return 3\n### END SOLUTION"
    ),
    asserts("assert abs(square(3) - right(3)) < tolerance", "test_square"),
    asserts("v = np.arange(3.0)\nassert np.allclose(square(v), right(v))", "test_array"),
    asserts("assert make() == make()\nassert make() == 3", "test_object"),
)
SQUARE = "def square(x): return x * x\n\n\n"
SEPARATED = {
    "redefines": "tolerance = 1e9\n\n\ndef square(x): return 0\n\n\ndef make(): return 3",
    "overwrites": "def square(x):\n    if np.ndim(x):\n        x[...] = 0\n    return 0 * x"
    "\n\n\ndef make(): return 3",
    "own class": SQUARE + "class Thing:\n    def __eq__(self, other): return True"
    "\n\n\ndef make(): return Thing()",
}


@pytest.fixture(scope="module")
def separate(tmp_path_factory):
    """Grade what depends on where tests run; return the points from both engines."""
    theirs = write_course(tmp_path_factory.mktemp("separate") / "stock", *SEPARATE, config=STOCK)
    for name, source in SEPARATED.items():
        submit(theirs, name, {"solution": source})
    mine = copy(theirs, theirs.parent / "ours")
    configure(mine, OURS + "c.Autograder.preload = ['numpy']")
    stock(theirs)
    ours(mine)
    return lambda name: [[*scores(root, name).values()] for root in (theirs, mine)]


def test_what_a_test_relies_on_cannot_be_redefined(separate):
    assert separate("redefines") == [[1, 0, 1], [0, 0, 1]]


def test_an_argument_that_was_changed_is_no_oracle(separate):
    assert separate("overwrites") == [[0, 1, 1], [0, 0, 1]]


def test_a_student_s_object_is_not_compared_with_the_test_s_value(separate):
    assert separate("own class") == [[1, 1, 1], [1, 1, 0]]


def test_the_notebooks_of_both_engines_are_notebooks(honest):
    for root in honest:
        for path in root.glob("autograded/*/ps1/*.ipynb"):
            nbformat.validate(nbformat.read(path, as_version=4))
