"""Runs that are killed with ``kill -9``: the next one ends where an undisturbed one would have."""

import contextlib
import itertools
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
import sqlalchemy.event

from autograder.coursedir.directory import open_course
from autograder.coursedir.gradebook import Ledger
from autograder.model import CellOutcome, Execution, Verdict
from autograder.prepare.submission import Prepare
from autograder.record.recorder import Record
from tests.autograder.building import (
    RIGHT,
    alive,
    configure,
    copy,
    descendants,
    submit,
    wait_for,
)

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
COMMAND = Path(sys.executable).parent / "autograder"
MOMENTS = 20
#: How many of them `make test` tries: two for each kind of process.
OFTEN = 6
#: What is killed, by what the command lines of these processes contain.
VICTIMS = {
    "coordinator": "grade",
    "worker": "autograder.dispatch.local_cluster",
    "zygote": "autograder.execute.zygote",
}
#: All kinds of endings, and two submissions that cannot be graded.
ANSWERS = [
    RIGHT,
    {**RIGHT, "double": "def double(x):\n    return 2 if x == 1 else 0"},
    {**RIGHT, "mean": "1 / 0"},
    {**RIGHT, "double": "import os\nos._exit(3)"},
    {},
    b"no notebook",
]


@pytest.fixture(scope="module")
def submitted(template, tmp_path_factory):
    """Return a small class that has not been graded."""
    root = copy(template, tmp_path_factory.mktemp("kill") / "course")
    configure(
        root,
        "from autograder import plugin\nplugin.configure(c)\n"
        "c.Autograder.preload = ['numpy']\nc.Autograder.workers = 2",
    )
    for number in range(12):
        stamp = f"2026-01-{number + 1:02} 12:00:00 UTC"
        submit(root, f"s{number:02}", ANSWERS[number % len(ANSWERS)], timestamp=stamp)
    return root


def grade(root):
    """Start grading as a process of its own."""
    return subprocess.Popen(
        [COMMAND, "grade", "ps1", "--course", root],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def rows(root):
    """Return all that the gradebook has about submissions, by names: its ids are random."""
    query = """
        select s.student_id, s.timestamp, b.name, c.name, g.auto_score, g.manual_score,
               g.needs_manual_grade, n.late_submission_penalty, k.auto_comment
        from submitted_assignment s
        join submitted_notebook n on n.assignment_id = s.id
        join notebook b on b.id = n.notebook_id
        join base_cell c on c.notebook_id = b.id
        left join grade g on g.notebook_id = n.id and g.cell_id = c.id
        left join comment k on k.notebook_id = n.id and k.cell_id = c.id
        order by 1, 3, 4
    """
    with contextlib.closing(sqlite3.connect(root / "gradebook.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return database.execute(query).fetchall()


def files(root):
    """Return all that lies in ``autograded``."""
    found = {}
    for path in sorted((root / "autograded").rglob("*")):
        name = str(path.relative_to(root))
        if path.is_file():
            found[name] = path.read_bytes()
        elif not any(path.iterdir()):
            found[name] = "an empty folder"
    return found


@pytest.fixture(scope="module")
def undisturbed(submitted, tmp_path_factory):
    """Return what a run leaves that nobody kills, and how long it takes."""
    root = copy(submitted, tmp_path_factory.mktemp("undisturbed") / "course")
    began = time.monotonic()
    assert grade(root).wait() == 0
    return rows(root), files(root), time.monotonic() - began


def processes(coordinator, victim):
    """Return the processes of a kind, the oldest first: a fork looks like what it came from."""
    found = []
    for pid in sorted({coordinator, *descendants(coordinator)}):
        with contextlib.suppress(OSError):
            if VICTIMS[victim] in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
                found.append(pid)
    return found


@pytest.mark.parametrize(
    "moment",
    [pytest.param(n, marks=[pytest.mark.release] * (n >= OFTEN)) for n in range(MOMENTS)],
)
def test_after_a_kill_at_any_moment_the_next_run_gives_what_an_undisturbed_one_does(
    submitted, undisturbed, tmp_path, moment
):
    chance = random.Random(moment)
    gradebook, autograded, seconds = undisturbed
    root = copy(submitted, tmp_path / "course")
    victim = [*VICTIMS][moment % len(VICTIMS)]
    run = grade(root)
    time.sleep(chance.uniform(0, seconds))
    started = descendants(run.pid)
    for pid in processes(run.pid, victim)[:1]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    status = run.wait(timeout=120)
    wait_for(lambda: not alive(started), 20)
    if victim != "coordinator":
        assert status in (0, 1)
    assert grade(root).wait(timeout=120) == 0
    assert rows(root) == gradebook
    assert files(root) == autograded


def coordinate(root, step=0):
    """Grade without executing anything; kill this process at its ``step``-th change to anything.

    Returns the number of steps: statements, commits, and what changes files.
    """
    seen = itertools.count(1)
    last = 0

    def act(*_):
        nonlocal last
        last = next(seen)
        if last == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event, arguments):
        mode = arguments[1] if event == "open" else None
        changes = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod")
        if event in changes or (isinstance(mode, str) and "w" in mode):
            act()

    course = open_course(root)
    with Ledger(course.directory.db_url, course.directory.course_id) as ledger:
        assignment = course.load(ledger, "ps1")
        prepare = Prepare(course, ledger, assignment)
        record = Record(course, ledger, assignment)
        sqlalchemy.event.listen(ledger.engine, "before_cursor_execute", act)
        sqlalchemy.event.listen(ledger.engine, "commit", act)
        if step:
            sys.addaudithook(hook)  # for good: only in a process of its own
        for student in ("s00", "s01", "s05"):
            prepared = prepare.prepare(student)
            if prepared.refusal:
                record.refuse(prepared)
            for job in prepared.jobs:
                cells = enumerate(nbformat.v4.reads(job.content.decode()).cells)
                ended = [CellOutcome(i, Verdict.PASS, 0) for i, c in cells if c.cell_type == "code"]
                record.record(prepared, [Execution(job, job.content, tuple(ended), 0.0)])
    return last


def in_a_process_of_its_own(root, step):
    """Return what `coordinate` does, or how its process ended."""
    source = "import sys; from tests.autograder.test_kill import *; from pathlib import Path\n"
    source += "print(coordinate(Path(sys.argv[1]), int(sys.argv[2])))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", source, root, str(step)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    return int(done.stdout) if done.returncode == 0 else done.returncode


@pytest.mark.parametrize("before", ["ungraded", "graded"])
def test_killed_at_any_step_of_recording_the_next_run_repairs_it(submitted, tmp_path, before):
    """Between any two statements and file operations, not only where time happens to fall."""
    start, wanted = copy(submitted, tmp_path / "start"), copy(submitted, tmp_path / "wanted")
    if before == "graded":  # and one of them submitted anew
        coordinate(start)
    for root in (start, wanted):
        submit(root, "s00", ANSWERS[4])
    coordinate(wanted)
    never = 10**6
    steps = in_a_process_of_its_own(copy(start, tmp_path / "whole"), never)
    assert steps > 20
    for number in random.Random(7).sample(range(1, steps + 1), MOMENTS // 2):
        root = copy(start, tmp_path / str(number))
        assert in_a_process_of_its_own(root, number) == -signal.SIGKILL
        coordinate(root)
        assert rows(root) == rows(wanted), number
        assert files(root) == files(wanted), number
