"""What a submission costs beyond its own cells: processor time, memory, calls between processes.

`cpu_over_floor_s` is the processor time of a submission of day 1, of everything that the command
`autograder grade` starts: coordinator, worker, zygote, supervisors, student and judge. It is the
difference between 24 submissions and 4 of them, divided by 20, so that starting up drops out; the
system counts it (`processor.py`), also of processes that nobody waits for. Of that is taken what
the same cells take in a fork of a warm process that runs them with `exec` and does nothing else.

`judge_cpu_s` is what the second process adds: the time of student and judge as day 1 is graded,
its start included, less that of a student who runs the tests as cells of their own. (What the
judge's supervisor takes is in `cpu_over_floor_s` alone.)

`private_mb_in_flight` is all of the memory, with its page tables, that student, judge, their two
init processes and their two supervisors have and share with nobody, while a cell sleeps and before
any other has run. `wire_call_ms` is the median time of a test's call of a student's function with
three small arrays.
"""

import asyncio
import contextlib
import importlib
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat

from autograder.coursedir.directory import Course, open_course
from autograder.coursedir.gradebook import Ledger
from autograder.dispatch.worker import chain
from autograder.execute.notebook_run import execute
from autograder.execute.zygote import ENVIRONMENT, Zygote
from autograder.model import Job
from autograder.prepare.submission import Prepare
from tests.autograder import building
from tests.benchmarks import classes
from tests.benchmarks.processor import spent

MANY, FEW, PAIRS = 24, 4, 6
CALLS = 300
WIRE = (
    "import numpy as np",
    building.solution("def f(a, b, c):\n    return a + b + c"),
    building.asserts(
        "import statistics\nimport time\n"
        "a, b, c = np.ones(10), np.ones((3, 3)).mean(), np.arange(10.0)\n"
        "def once():\n"
        "    began = time.perf_counter()\n"
        "    f(a, b, c)\n"
        "    return time.perf_counter() - began\n"
        f"1000 * statistics.median(once() for _ in range({CALLS}))"
    ),
)


def measure() -> dict[str, float]:
    """Measure; seconds, MB and milliseconds."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        few = classes.day1(Path(scratch), "few", FEW)
        many = classes.day1(Path(scratch), "many", MANY)
        figures = _over_floor(few, many)
        course = open_course(many)
        with _started(course) as zygote:
            return figures | _judge(course, zygote) | _in_flight(zygote) | _wire(zygote)


def _over_floor(few: Path, many: Path) -> dict[str, float]:
    command = ["autograder", "grade", classes.NAME]
    costs = []
    for directory in (few, many):
        with spent() as cost:
            classes.grade(command, directory)
        costs.append(cost.seconds)
    counted = MANY - FEW
    each = (costs[1] - costs[0]) / counted
    course = open_course(many)
    graded = sorted(many.glob(f"autograded/*/{classes.NAME}/*.ipynb"))
    known = {path.parent.parent.name for path in few.glob(f"autograded/*/{classes.NAME}/*.ipynb")}
    books = [str(path) for path in graded if path.parent.parent.name not in known]
    assert len(books) == counted
    modules = json.dumps(course.settings.preload)
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.cost", modules, *books],
        cwd=classes.ROOT,
        env=dict(os.environ, **ENVIRONMENT),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the cells could not be run: {done.stderr}")
    floor = float(done.stdout) / counted
    return {"cpu_over_floor_s": each - floor, "cpu_s": each, "cpu_floor_s": floor}


def floor(modules: Sequence[str], books: Sequence[str]) -> float:
    """Return the processor time of notebooks' cells, each run in a fork of this process."""
    for name in modules:
        importlib.import_module(name)
    seconds = 0.0
    for book in books:
        cells = [c.source for c in nbformat.read(book, as_version=4).cells if c.cell_type == "code"]
        pid = os.fork()
        if pid == 0:
            resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
            with tempfile.TemporaryFile() as nowhere:
                os.dup2(nowhere.fileno(), 1)
                _bare(cells)
            os._exit(0)
        _, _, used = os.wait4(pid, 0)
        seconds += used.ru_utime + used.ru_stime
    return seconds


def _bare(cells: Sequence[str]) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells:
        with contextlib.suppress(Exception):
            exec(cell, names)


@contextlib.contextmanager
def _started(course: Course) -> Iterator[Zygote]:
    settings = course.settings
    with Zygote(settings.preload, settings.directories, isolated=settings.sandbox) as zygote:
        zygote.wait_ready()
        asyncio.run(execute(building.job("1"), zygote))  # what happens once has happened
        yield zygote


def _judge(course: Course, zygote: Zygote) -> dict[str, float]:
    with Ledger(course.directory.db_url, course.directory.course_id) as ledger:
        prepare = Prepare(course, ledger, course.load(ledger, classes.NAME), force=True)
        students = course.students("submitted", classes.NAME)[:PAIRS]
        jobs = [job for student in students for job in prepare.prepare(student).jobs]
    judged = alone = starts = 0.0
    for job in jobs:
        judged += sum(_run(job, zygote))
        student, judge = _run(_unmarked(job), zygote)
        alone, starts = alone + student, starts + judge
    return {"judge_cpu_s": (judged - alone) / len(jobs), "judge_start_cpu_s": starts / len(jobs)}


def _run(job: Job, zygote: Zygote) -> tuple[float, float]:
    """Return the processor time of the student's and of the judge's processes."""
    done = asyncio.run(execute(job, zygote))
    if done.failure:
        raise RuntimeError(done.failure)
    return done.cpu_seconds - done.judge_cpu_seconds, done.judge_cpu_seconds


def _unmarked(job: Job) -> Job:
    """Return a job whose tests run where the student's cells run."""
    notebook = nbformat.reads(job.content.decode(), as_version=4)
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("grade") and not mark.get("solution"):
            del cell.metadata["nbgrader"]
    return replace(job, content=nbformat.writes(notebook).encode())


class _Turn:
    """Says when cells begin."""

    def __init__(self) -> None:
        self.begun = threading.Event()

    def __enter__(self) -> None:
        self.begun.set()

    def __exit__(self, *_: object) -> None: ...


def _in_flight(zygote: Zygote) -> dict[str, float]:
    job = building.job("import time\ntime.sleep(6)", cell_seconds=60)
    turn = _Turn()
    running = threading.Thread(target=lambda: asyncio.run(execute(job, zygote, turn)))
    running.start()
    try:
        assert turn.begun.wait(60), "the submission did not start"
        time.sleep(2)
        processes = building.descendants(chain(zygote.pid)[-1])
        assert len(processes) == 6, f"a submission is expected to have 6 processes: {processes}"
        return {"private_mb_in_flight": sum(map(_private_mb, processes))}
    finally:
        running.join()


def _private_mb(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    status = Path(f"/proc/{pid}/status").read_text()
    sizes = re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+)", rollup, re.MULTILINE)
    sizes += re.findall(r"^VmPTE:\s+(\d+)", status, re.MULTILINE)
    return sum(map(int, sizes)) / 1024


def _wire(zygote: Zygote) -> dict[str, float]:
    done = asyncio.run(execute(building.job(*WIRE, cell_seconds=60), zygote))
    points = done.cells[-1].points
    if points is None:
        raise RuntimeError(done.failure or done.cells[-1].message)
    return {"wire_call_ms": points}


if __name__ == "__main__":
    sys.stdout.write(str(floor(json.loads(sys.argv[1]), sys.argv[2:])))
