"""The ``autograder`` command, as it is typed."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import MissingEntry

from autograder.cli import main
from autograder.dispatch import local_cluster
from autograder.sandbox import bubblewrap
from tests.autograder.building import (
    RIGHT,
    configure,
    descendants,
    in_use,
    opened,
    scores,
    submit,
    wait_for,
)

COMMAND = Path(sys.executable).parent / "autograder"
WRONG = {**RIGHT, "double": "def double(x):\n    return 2 if x == 1 else 0"}


@pytest.fixture
def command(root, capsys, monkeypatch):
    """Return a function that types a command in the small course: status, output, complaints."""
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words):
        try:
            status = main([str(word) for word in words])
        except SystemExit as error:  # argparse
            status = error.code
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def one_line(said):
    (line,) = said.strip().splitlines()
    return line


# --- bad input ----------------------------------------------------------------------------------


def test_a_refusal_does_not_command_the_terminal(command, root):
    submit(root, "alice", files={"\x1b[31mred\x9b\u202e\x07.txt": "x"})
    path = root / "submitted/alice/ps1/\x1b[31mred\x9b\u202e\x07.txt"
    status, out, err = command("replay", path)
    assert (status, out) == (2, "")
    assert "[31mred" in one_line(err)
    assert not set(err) & set("\x1b\x9b\u202e\x07")


def test_a_missing_course_directory_is_one_line(command, tmp_path):
    status, out, err = command("grade", "ps1", "--course", tmp_path / "nowhere")
    assert (status, out) == (2, "")
    assert "nowhere does not exist" in one_line(err)


def test_a_directory_that_is_no_course_is_one_line(command, tmp_path):
    status, _, err = command("grade", "ps1", "--course", tmp_path)
    assert status == 2
    assert "is not an nbgrader course" in one_line(err)


@pytest.mark.sandbox
def test_an_unknown_assignment_is_one_line_with_a_suggestion(command):
    status, out, err = command("grade", "ps11")
    assert (status, out) == (2, "")
    assert one_line(err).endswith("did you mean 'ps1'?")


@pytest.mark.parametrize("words", [("grade", "ps1", "--no-sandbox"), ("report", "ps1")])
def test_a_gradebook_that_cannot_be_used_is_one_line(command, root, words):
    with contextlib.closing(sqlite3.connect(root / "gradebook.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        status, out, err = command(*words)
    assert (status, out) == (2, "")
    assert "The gradebook cannot be used: database is locked. Close what" in err.splitlines()[-1]
    (root / "gradebook.db").write_bytes(b"no database" * 1000)
    status, out, err = command(*words)
    assert (status, out) == (2, "")
    assert "The gradebook cannot be used: file is not a database." in err.splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.sandbox
def test_no_submissions_are_one_line(command):
    status, _, err = command("grade", "ps1")
    assert status == 2
    assert "There are no submissions of 'ps1'" in one_line(err)


@pytest.mark.sandbox
def test_an_unknown_student_is_one_line(command, root):
    submit(root, "alice")
    status, _, err = command("grade", "ps1", "--student", "alic")
    assert status == 2
    assert "did you mean 'alice'?" in one_line(err)


@pytest.mark.sandbox
def test_an_unreadable_notebook_is_named_with_the_reason(command, root):
    submit(root, "alice", b"not JSON")
    status, out, err = command("grade", "ps1")
    assert status == 2
    assert "its notebook is not a notebook file (not valid JSON)" in out
    assert one_line(err).startswith("autograder: None of these submissions can be graded")


@pytest.mark.slow
@pytest.mark.sandbox
def test_an_unreadable_notebook_among_others_stops_nobody(command, root):
    submit(root, "alice", b"not JSON")
    submit(root, "bob")
    status, out, _ = command("grade", "ps1")
    assert status == 0
    assert "not valid JSON" in out
    assert "5 / 6" in out


@pytest.mark.parametrize("number", ["0", "-1"])
def test_no_workers_are_one_line(command, number):
    status, _, err = command("grade", "ps1", "--workers", number)
    assert status == 2
    assert one_line(err) == f"autograder: --workers must be at least 1, not {number}."


@pytest.mark.parametrize("words", [["--workers", "2"], ["--dashboard"]])
def test_what_is_about_this_machine_and_another_cluster_at_once_is_one_line(command, words):
    status, _, err = command("grade", "ps1", "--scheduler", "tcp://10.0.0.1:8786", *words)
    assert status == 2
    assert "with --scheduler, leave them out" in one_line(err)


def test_a_scheduler_s_address_that_is_none_is_one_line(command):
    status, _, err = command("grade", "ps1", "--scheduler", "here")
    assert status == 2
    assert "'here' does not look like" in one_line(err)


@pytest.mark.skipif(find_spec("bokeh") is not None, reason="there is a dashboard")
def test_a_dashboard_without_what_draws_it_is_one_line(command):
    status, _, err = command("grade", "ps1", "--dashboard")
    assert status == 2
    assert "needs bokeh" in one_line(err)


@pytest.mark.parametrize(
    "words", [[], ["grade"], ["mark", "ps1"], ["grade", "a", "--workers", "x"]]
)
def test_a_command_that_is_none_shows_how_to_use_it(command, words):
    status, out, err = command(*words)
    assert (status, out) == (2, "")
    assert err.startswith("usage: autograder")


def test_no_sandbox_is_one_line_that_names_the_way_out(command, root, monkeypatch):
    bubblewrap.missing.cache_clear()
    monkeypatch.setattr(bubblewrap, "find_bwrap", lambda: None)
    submit(root, "alice")
    try:
        status, _, err = command("grade", "ps1")
    finally:
        bubblewrap.missing.cache_clear()
    assert status == 2
    assert "bubblewrap is not installed" in one_line(err)
    assert "--no-sandbox" in err
    assert not (root / "autograded").exists()


def test_a_broken_configuration_is_one_line(command, root):
    configure(root, "c.Autograder.memory_mb = 'much'")
    status, _, err = command("grade", "ps1")
    assert status == 2
    assert "memory_mb" in one_line(err)


@pytest.mark.sandbox
def test_a_module_that_cannot_be_preloaded_is_one_line(command, root, monkeypatch):
    started, start = [], local_cluster.Process._start
    monkeypatch.setattr(
        local_cluster.Process, "_start", lambda process: started.append(process) or start(process)
    )
    configure(root, "c.Autograder.preload = ['no_such_module']")
    submit(root, "alice")
    submit(root, "bob")
    status, _, err = command("grade", "ps1")
    assert status == 2
    assert "cannot import 'no_such_module'" in one_line(err)
    assert len(started) == len(set(started)) > 0  # to start one again would not help
    assert not (root / "autograded/alice/ps1").exists()  # nothing looks graded that is not


# --- good input ---------------------------------------------------------------------------------


@pytest.mark.sandbox
def test_grading_ends_with_a_table_of_points_and_reasons(command, root):
    submit(root, "alice")
    submit(root, "bob", WRONG)
    status, out, err = command("grade", "ps1")
    assert status == 0
    rows = {line.split("│")[1].strip(): line for line in out.splitlines() if "│" in line}
    assert "5 / 6" in rows["alice"]
    assert "pass" in rows["alice"]
    assert "3 / 6" in rows["bob"]
    assert "test_double (of 2): double fails for larger numbers" in rows["bob"]
    assert "waits for a person to grade it" in out
    status, out, err = command("grade", "ps1")
    assert "5 / 6" in out
    assert "2 unchanged; --force grades all again." in err
    assert "newer than what was generated" not in err
    path = root / "source/ps1/p1.ipynb"
    source = nbformat.read(path, as_version=4)
    (test,) = [
        cell
        for cell in source.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "test_mean"
    ]
    test.source = test.source.replace("the mean is wrong", "mean fails")
    test.metadata.nbgrader.points = 4
    nbformat.write(source, path)
    _, _, err = command("grade", "ps1")
    assert "2 unchanged" in err
    assert "newer than what was generated, at test_mean: these grades" in err
    assert "nbgrader generate_assignment ps1 --force" in err


@pytest.mark.sandbox
def test_points_by_hand_and_penalties_are_in_the_table_as_in_the_gradebook(command, root):
    submit(root, "alice")
    assert command("grade", "ps1")[0] == 0
    with opened(root) as course, course.gradebook() as gradebook:
        essay = gradebook.find_grade("explain", "p1", "ps1", "alice")
        essay.manual_score, essay.needs_manual_grade = 0.5, False
        gradebook.find_submission_notebook("p1", "ps1", "alice").late_submission_penalty = 2
        gradebook.db.commit()
        assert gradebook.find_submission("ps1", "alice").score == 5.5  # the penalty stands apart
    _, out, _ = command("grade", "ps1")
    assert "3.5 / 6" in out
    assert "late: −2" in out
    assert "waits for a person" not in out
    (one,) = json.loads(command("grade", "ps1", "--json")[1])
    assert one["points"] == 5.5  # before the penalty, as the cells' points


@pytest.mark.sandbox
def test_json_is_for_machines_and_alone_on_the_output(command, root):
    submit(root, "alice")
    submit(root, "bob", WRONG)
    status, out, _ = command("grade", "ps1", "--json", "--workers", "1")
    alice, bob = json.loads(out)
    assert status == 0
    assert (alice["student"], alice["points"], alice["max_points"]) == ("alice", 5, 6)
    assert (bob["verdict"], bob["points"]) == ("fail", 3)
    (lost,) = [cell for cell in bob["cells"] if cell["points"] == 0]
    assert lost["message"] == "double fails for larger numbers"
    assert lost["verdict"] == "fail"


def test_without_a_sandbox_it_grades_when_told_to_and_warns(command, root, monkeypatch):
    bubblewrap.missing.cache_clear()
    monkeypatch.setattr(bubblewrap, "find_bwrap", lambda: None)
    submit(root, "alice")
    submit(root, "bob", {**RIGHT, "mean": "import os\nos._exit(3)"})
    try:
        status, out, err = command("grade", "ps1", "--no-sandbox", "--json")
    finally:
        bubblewrap.missing.cache_clear()
    assert status == 0
    assert "No sandbox: submissions run with your rights" in err
    alice, bob = json.loads(out)
    assert (alice["points"], bob["points"], bob["verdict"]) == (5, 2, "crash")


@pytest.mark.slow
@pytest.mark.sandbox
def test_only_the_students_named_are_graded_and_force_grades_again(command, root):
    for name in ("alice", "bob", "carol"):
        submit(root, name)
    _, out, _ = command("grade", "ps1", "--student", "alice", "--student", "bob", "--json")
    assert [one["student"] for one in json.loads(out)] == ["alice", "bob"]
    submit(root, "alice", WRONG)
    _, out, err = command("grade", "ps1", "--student", "alice", "--student", "bob")
    assert "1 unchanged, 1 graded (resubmitted); --force grades all again." in err
    assert scores(root, "alice")["test_double"] == 0
    _, out, err = command("grade", "ps1", "--student", "alice", "--force")
    assert "0 unchanged, 1 graded (forced)" in err


def heed_interrupts():
    """A shell starts what it runs in the background deaf to Ctrl-C, tests too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
@pytest.mark.sandbox
def test_the_command_works_from_elsewhere_and_an_interrupt_keeps_what_was_graded(root, tmp_path):
    configure(
        root,
        "from autograder import plugin\nplugin.configure(c)\nc.Autograder.preload = ['numpy']\n"
        "c.Autograder.workers = 2\nc.Autograder.cell_seconds = 60",
    )
    submit(root, "alice")
    submit(root, "bob", {**RIGHT, "double": "while True: pass"})
    words = [str(COMMAND), "grade", "ps1", "--course", str(root)]
    with subprocess.Popen(
        words, cwd=tmp_path, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts
    ) as grading:
        graded = root / "autograded/alice/ps1/p1.ipynb"
        wait_for(lambda: graded.exists() and graded.stat().st_mode & 0o777 == 0o444, 30)
        wait_for(lambda: scores(root, "alice")["test_mean"] == 3, 30)
        used = in_use({grading.pid, *descendants(grading.pid)})
        grading.send_signal(signal.SIGINT)
        _, err = grading.communicate(timeout=30)
    assert grading.returncode == 130
    assert "interrupted; what was graded is recorded" in err
    assert "Traceback" not in err
    with pytest.raises(MissingEntry):
        scores(root, "bob")
    assert not (root / "autograded/bob/ps1").exists()
    assert used
    wait_for(lambda: not any(path.exists() for path in used))


@pytest.mark.sandbox
def test_grading_says_who_is_affected_by_which_verdict_and_how_long_each_cell_took(command, root):
    submit(root, "alice")
    submit(root, "bob", WRONG)
    _, out, _ = command("grade", "ps1", "--timings")
    assert "Verdicts: 1 fail (bob), 1 pass." in out
    (row,) = [line for line in out.splitlines() if "test_mean" in line and "(of" not in line]
    assert row.strip("│ ").endswith("2")
    _, out, _ = command("grade", "ps1")
    assert "median" not in out


# --- the other commands -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.sandbox
def test_verify_ends_with_0_for_a_good_assignment_and_with_1_and_reasons_for_a_poor_one(
    command, root
):
    status, out, _ = command("verify", "ps1", "--runs", "2")
    assert status == 0
    assert "2 of 2" in out
    assert "The reference solution earns everything, every time." in out
    path = root / "source" / "ps1" / "p1.ipynb"
    path.write_text(path.read_text().replace("return 2 * x", "return 3 * x"))
    status, out, _ = command("verify", "ps1", "--runs", "1")
    assert status == 1
    assert "- At test_double the reference solution does not earn 2 points (0 of 1 runs" in out
    assert not list(Path(root).glob("submitted/*"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["verify", "ps1", "--runs", "0"], "--runs must be at least 1, not 0."),
        (["verify", "ps9"], "There is no notebook in"),
        (["replay", "ada", "ps1"], "Nothing has been graded in"),
        (["replay", "a", "b", "c"], "Replay one submission at a time: autograder replay ada ps1"),
    ],
)
def test_what_cannot_be_done_is_one_line(command, words, said):
    status, out, err = command(*words)
    assert (status, out) == (2, "")
    assert said in one_line(err)


@pytest.mark.sandbox
def test_replay_ends_with_0_while_a_grade_can_be_repeated_and_else_with_1(command, root):
    submit(root, "bob", WRONG)
    command("grade", "ps1")
    status, out, _ = command("replay", "bob", "ps1")
    assert status == 0
    assert "The same verdict, points and message at each of 3 cells." in out
    submit(root, "bob")
    status, out, _ = command("replay", "bob/ps1")
    assert status == 1
    assert "- test_double: points was 0.0, and is 2.0 now." in out
    assert scores(root, "bob")["test_double"] == 0


def test_doctor_says_what_to_mend(command, root):
    _, out, _ = command("doctor")
    assert "It holds ps1." in out
    configure(root, "c.Autograder.read_only = ['/no/such/data']")
    status, out, _ = command("doctor")
    assert status == 1
    assert "/no/such/data" in out
    assert "Grading cannot start: mend what is red." in out
