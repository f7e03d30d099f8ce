"""The demo and the check as commands: the real ones, on the real course."""

import json
import random
import shlex
import shutil
import sqlite3
import subprocess
import sysconfig
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from autograder import pipeline
from autograder.coursedir import directory
from course import cli, syllabus
from course.authoring import submissions
from course.authoring import trial as authoring_trial
from course.demo.run import Demo
from course.errors import CourseError
from hub_config.laptop import hub, preflight

ROOT = Path(__file__).parents[3]
SCRIPTS = Path(sysconfig.get_path("scripts"))
NAME = "day1_gradient_descent"


def course(*arguments, cwd=None):
    command = [SCRIPTS / "course", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=cwd)


@pytest.fixture
def few_mutants(monkeypatch):
    """Leave as few mutants as a check needs, among them one for each test cell."""
    load = authoring_trial.submissions.load

    def some(root, name, *, draft=False):
        material = load(root, name, draft=draft)
        proven, needed, others = set(), [], []
        for mutant in random.Random(2026).sample(material.mutants, len(material.mutants)):
            (needed if set(mutant.loses) - proven else others).append(mutant)
            proven |= set(mutant.loses)
        kept = needed + others[: max(0, authoring_trial.FEWEST_MUTANTS - len(needed))]
        return replace(material, mutants=tuple(kept))

    monkeypatch.setattr(authoring_trial.submissions, "load", some)


@pytest.fixture
def refused(capsys):
    """Return a function that types a command that is refused, and returns what is said of it."""

    def refused(*arguments):
        try:
            status = cli.main([str(word) for word in arguments])
        except SystemExit as error:  # argparse
            status = error.code
        assert status == 2
        return capsys.readouterr().err

    return refused


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """One run of the demo: what it printed, and where."""
    where = tmp_path_factory.mktemp("demo") / "kept here"
    # From another directory and without the virtual environment's bin on the PATH.
    done = course("demo", "--keep", where, cwd=where.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, where / "course"


@pytest.mark.slow
@pytest.mark.sandbox
def test_everybody_in_the_demo_gets_what_the_submission_deserves(demo):
    printed, _ = demo
    assert "12 of 12 got exactly what they deserve" in printed


@pytest.mark.slow
@pytest.mark.sandbox
def test_each_disaster_has_its_own_verdict_and_costs_no_one_else_anything(demo):
    _, directory = demo
    listed = subprocess.run(
        [SCRIPTS / "autograder", "grade", NAME, "--course", directory, "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    results = json.loads(listed.stdout)
    assert len(results) == 12
    verdicts = [result["verdict"] for result in results]
    assert verdicts.count("timeout") == verdicts.count("crash") == 1
    told = {result["verdict"]: result["message"] for result in results if result["message"]}
    assert "did not finish within 10 seconds" in told["timeout"]
    assert "ended the Python process (exit status 1)" in told["crash"]
    assert "not a notebook file" in told["error"]
    assert max(result["points"] for result in results) == 20
    for result in results:  # whoever lost points is told why
        for cell in result["cells"]:
            assert bool(cell["message"]) == (cell["points"] < cell["max_points"])


@pytest.mark.slow
@pytest.mark.sandbox
def test_the_gradebook_of_the_demo_is_nbgraders_own(demo):
    _, directory = demo
    with sqlite3.connect(directory / "gradebook.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM submitted_assignment").fetchone() == (12,)


@pytest.mark.slow
@pytest.mark.sandbox
def test_the_demo_writes_a_report_and_feedback_without_hidden_tests(demo):
    printed, directory = demo
    report = directory / f"report_{NAME}.html"
    assert str(report) in printed
    assert report.read_text().count("<svg") >= 2
    pages = sorted((directory / "feedback").glob("*/*/*.html"))
    assert len(pages) == 11  # all but the corrupt file's
    for page in pages:
        text = page.read_text()
        assert "submission_rng(&quot;" not in text, page
        assert "BEGIN HIDDEN TESTS" not in text, page
        assert "hidden tests ran here" in text, page


@pytest.mark.slow
@pytest.mark.sandbox
def test_the_command_that_is_printed_serves_the_demo_to_its_class(demo, monkeypatch):
    printed, directory = demo
    program, *words = shlex.split(printed.splitlines()[-1])  # a path with a space is one word
    assert Path(program) == SCRIPTS / "course"
    served = []
    monkeypatch.setattr(hub, "serve", lambda **how: served.append(how) or 0)
    assert cli.main(words) == 0
    (how,) = served
    assert how["course_dir"] == directory
    assert set(how["students"]) == {path.name for path in (directory / "submitted").iterdir()}
    layout = preflight.plan(directory, how["state_dir"], how["students"], how["instructor"])
    assert layout.course_id == "dlef"
    assert layout.state_dir != ROOT / ".hub"  # the real class keeps its own


def test_a_directory_in_use_is_left_alone(refused, tmp_path):
    (tmp_path / "mine").write_text("keep")
    said = refused("demo", "--keep", tmp_path)
    assert said == f"course: {tmp_path} is not empty; give --keep a directory that is new\n"
    assert (tmp_path / "mine").read_text() == "keep"


def test_a_file_is_no_directory_to_keep_the_demo_in(refused, tmp_path):
    file = tmp_path / "mine"
    file.write_text("keep")
    said = refused("demo", "--keep", file)
    assert said == f"course: {file} is a file; give --keep a directory that is new\n"


def test_a_class_of_nobody_is_refused(refused):
    said = refused("demo", "--students", "0")
    assert said.startswith("course: a class of 0 cannot be made up; ask for 1 to ")


def test_checking_an_unknown_assignment_asks_what_was_meant(refused):
    said = refused("check", "day1_gradient_decent")
    assert "did you mean 'day1_gradient_descent'?" in said


def test_a_sample_is_a_number_of_mutants(refused):
    # Before anything is graded: else the comparison would end in a traceback, after minutes.
    said = refused("check", NAME, "--sample", "-1")
    assert "'-1' is not a number of mutants; write 0, 1, 2" in said


def test_a_failure_is_told_with_the_brackets_that_it_quotes(monkeypatch, capsys):
    failure = "nbgrader could not grade mutant 'last' (takes w[i]): [/tmp/x] is gone"

    class Failed(authoring_trial.Trial):
        def __init__(self, *where, **how):
            super().__init__(*where, **how)
            self.failures.append(failure)

        def directory(self, label):
            return None

    class Idle:
        def __init__(self, *where):
            pass

        def run(self, students):
            return iter(())

    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(authoring_trial, "Trial", Failed)
    monkeypatch.setattr(pipeline, "Grading", Idle)
    monkeypatch.setattr(directory, "open_course", lambda directory: directory)
    assert cli.main(["check", NAME, "--only-ours"]) == 1
    assert f"{NAME}: {failure}" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.sandbox
@pytest.mark.parametrize("name", [one.name for one in syllabus.load().assignments()])
def test_every_case_of_an_assignment_is_graded_alike_by_both_graders(
    name, warm_course, full, request, capsys
):
    sample = []
    if not full:
        request.getfixturevalue("few_mutants")
        sample = ["--sample", "2"]
    status = cli.main(["check", name, *sample])
    said = capsys.readouterr().out
    assert status == 0, said
    assert "all as it should be" in " ".join(said.split())


def test_a_wrong_score_in_a_check_is_told_in_words(tmp_path):
    trial = authoring_trial.Trial(ROOT, NAME, tmp_path)
    trial.add("our engine", "reference", {**trial.points, "test_loss": 0.0})
    trial.add("nbgrader", "blank", {**dict.fromkeys(trial.points, 0.0), "test_sgd": None})
    assert trial.failures == [
        "our engine gave the reference 0 points at test_loss, and should give 2",
        "nbgrader gave the untouched release no points at all at test_sgd, and should give 0",
    ]
    assert trial.summary().endswith("2 failures")


def test_a_graded_cell_that_no_mutant_loses_is_not_proven(tmp_path, monkeypatch):
    load = authoring_trial.submissions.load

    def without(root, name, **how):
        material = load(root, name, **how)
        kept = tuple(m for m in material.mutants if "test_sgd" not in m.loses)
        return type(material)(material.reference, kept, material.alternatives)

    monkeypatch.setattr(authoring_trial.submissions, "load", without)
    with pytest.raises(CourseError, match="no mutant of day1_gradient_descent loses at test_sgd"):
        authoring_trial.Trial(ROOT, NAME, tmp_path)


def test_the_demo_says_what_nbgrader_said_when_it_fails(tmp_path):
    demo = Demo(tmp_path / "new", ROOT)
    with pytest.raises(CourseError, match="nbgrader failed while generating nothing_there"):
        demo.release("nothing_there")


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_check_names_what_cannot_be_graded_and_what_a_test_cannot_do_and_grades_the_rest(
    tmp_path, warm_course, few_mutants, monkeypatch, capsys
):
    for part in ("assignments", f"tests/mutants/{NAME}"):
        shutil.copytree(ROOT / part, tmp_path / part)
    reference = submissions.load(ROOT, NAME).reference
    ends = f'# %% cell="{next(iter(reference))}"\nimport os\n\nos._exit(3)\n'
    (tmp_path / f"tests/mutants/{NAME}/alternative_ends.py").write_text(ends)
    path = tmp_path / "assignments" / "source" / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    (cell,) = [c for c in notebook.cells if c.metadata.nbgrader["grade_id"] == "test_loss"]
    cell.source = f"import math\nassert globals()\n{cell.source}"
    nbformat.write(notebook, path)
    monkeypatch.setattr("course.__file__", str(tmp_path / "course" / "__init__.py"))
    assert cli.main(["check", NAME, "--sample", "0"]) == 2
    said = " ".join(capsys.readouterr().out.split())
    assert f"{NAME}: test_loss, line 2: `globals()` gives the judge's names" in said
    assert "nbgrader could not grade alternative_ends, which is correct: " in said
    assert "DeadKernelError" in said
    # Reference, blank and the other alternatives.
    others = len(list((ROOT / "tests/mutants" / NAME).glob("alternative_*.py"))) + 2
    assert f"nbgrader ({others} of" in said
    assert "gave the" not in said  # reference and blank
    assert "mutant '" not in said


@pytest.mark.parametrize(
    ("counts", "said"),
    [((1, 1), "1 alternative, 1 mutant,"), ((12, 2), "2 alternatives, 12 mutants,")],
)
def test_a_check_counts_as_people_do(counts, said):
    trial = authoring_trial.Trial(ROOT, NAME, Path())
    trial._counts = counts
    assert said in trial.summary()
