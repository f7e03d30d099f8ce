"""nbgrader's own commands, with our engine in them."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.converters import Autograde, GenerateFeedback
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from autograder import plugin
from autograder.dispatch import engine as engine_module
from autograder.model import Execution
from tests.autograder.building import RIGHT, api, grades, prepared, scores, submit

FULL = {"test_double": 2.0, "test_mean": 3.0, "explain": None}


def configured(steps):
    """Return the names of the steps, and of those that are ours."""
    names = [import_item(step).__name__ for step in steps]
    ours = [step.rpartition(".")[2] for step in steps if step.startswith("autograder.")]
    return names, ours


def own(trait):
    return [step.__name__ for step in trait.default_args[0]]


def test_our_steps_stand_where_nbgrader_s_stood():
    config = Config()
    plugin.configure(config)
    names, ours = configured(config.Autograde.autograde_preprocessors)
    assert names == [n for n in own(Autograde.autograde_preprocessors) if n != "IgnorePattern"]
    assert ours == ["Execute", "SaveAutoGrades", "AssignLatePenalties", "CheckCellMetadata"]
    names, ours = configured(config.Autograde.sanitize_preprocessors)
    assert names == [n for n in own(Autograde.sanitize_preprocessors) if n != "DeduplicateIds"]
    assert ours == ["OverwriteKernelspec", "OverwriteCells", "CheckCellMetadata"]


def test_feedback_hides_first_and_then_does_what_nbgrader_does():
    config = Config()
    plugin.configure(config)
    (first, *rest), ours = configured(config.GenerateFeedback.preprocessors)
    assert ours == [first] == ["HideHiddenTests"]
    assert rest == own(GenerateFeedback.preprocessors)


def test_configuring_imports_nothing_of_nbgrader():
    source = (
        "import sys\nfrom autograder import plugin, settings\nfrom traitlets.config import Config\n"
        "plugin.configure(Config())\nassert not [m for m in sys.modules if 'nbgrader' in m]"
    )
    subprocess.run([sys.executable, "-c", source], check=True)


@pytest.mark.sandbox
def test_formgrader_s_button_runs_our_engine(root, warm):
    submit(root, "alice")
    submit(root, "bob", {**RIGHT, "double": "import os\nos._exit(1)"})
    for student in ("alice", "bob"):
        done = api(root).autograde("ps1", student)
        assert done["success"], done
    assert scores(root, "alice") == FULL
    assert scores(root, "bob") == {**FULL, "test_double": 0.0}
    book = nbformat.read(root / "autograded/bob/ps1/p1.ipynb", as_version=4)
    assert book.metadata["autograder"]["verdict"] == "crash"


@pytest.mark.sandbox
def test_a_failure_of_ours_leaves_the_old_state_and_never_a_zero(root, warm, monkeypatch, engine):
    submit(root, "alice")
    assert api(root).autograde("ps1", "alice")["success"]
    before = grades(root, "alice")

    def run(jobs):
        for one in jobs:
            yield Execution(one, one.content, (), 0.0, failure="no namespace left")

    monkeypatch.setattr(engine, "run", run)
    done = api(root).autograde("ps1", "alice")
    assert not done["success"]
    assert "The grader failed, the submission stays as it is: no namespace left" in done["log"]
    assert grades(root, "alice") == before
    submit(root, "bob")
    assert not api(root).autograde("ps1", "bob")["success"]
    assert {points for points, _ in grades(root, "bob").values()} == {None}


@pytest.mark.sandbox
def test_without_a_sandbox_the_button_grades_nothing(root, monkeypatch):
    from autograder.sandbox import bubblewrap

    submit(root, "alice")
    monkeypatch.setattr(engine_module, "_shared", None)
    monkeypatch.setattr(bubblewrap, "missing", lambda: "none here")
    done = api(root).autograde("ps1", "alice")
    assert not done["success"]
    assert "No sandbox: none here" in done["log"]


@pytest.mark.slow
@pytest.mark.sandbox
def test_the_button_and_the_command_record_the_same(root, warm, grade):
    answers = {**RIGHT, "mean": "def mean(x): return x[0]"}
    submit(root, "alice", answers)
    submit(root, "bob", answers)
    api(root).autograde("ps1", "alice")
    grade(root, ["bob"])
    assert grades(root, "alice") == grades(root, "bob")
    alice, bob = (
        nbformat.read(root / "autograded" / name / "ps1/p1.ipynb", as_version=4)
        for name in ("alice", "bob")
    )
    assert alice == bob
    assert prepared(root, "alice").cause is None  # what the button graded is graded


@pytest.mark.slow
@pytest.mark.sandbox
def test_the_nbgrader_command_runs_our_engine(root):
    submit(root, "alice")
    done = subprocess.run(
        [Path(sys.executable).parent / "nbgrader", "autograde", "ps1"],
        cwd=root,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert scores(root, "alice") == FULL
    book = nbformat.read(root / "autograded/alice/ps1/p1.ipynb", as_version=4)
    assert book.metadata["autograder"]["verdict"] == "pass"


@pytest.mark.sandbox
def test_outputs_that_come_with_a_submission_are_never_believed(root, warm):
    submit(root, "alice")
    course_api = api(root)
    course_api.config.Execute.enabled = False
    done = course_api.autograde("ps1", "alice")
    assert not done["success"]
    assert "grade it without --no-execute" in done["log"]
    assert set(scores(root, "alice").values()) == {None}
