"""A thousand submissions in one run, some of them hostile, that leaves nothing behind.

`soak_1000_ok` is 1 if all submissions get the grades that they deserve, the coordinator's memory
stays below 1 GB, and no process, mount, socket or file is left; otherwise it says what is wrong and
gives 0. `soak_coordinator_cpu_s` is the coordinator's processor time for one submission. Of fifty
submissions one each ends its process, loops, prints 4 MB, starts a process that goes on. `SOAK` in
the environment is another number of submissions.
"""

import contextlib
import fcntl
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from autograder.sandbox import bubblewrap
from autograder.sandbox.tempdirs import PREFIX, ROOT
from tests.autograder import building

COUNT, MOST_MB = 1000, 1000
CONFIG = building.PLUGIN + "c.Autograder.cell_cpu_seconds = 1\nc.Autograder.cell_seconds = 30\n"
#: What some of the submissions do when they are tested, by their number modulo 50.
HOSTILE = {
    7: "import os\n    os._exit(3)",
    17: "while True:\n        pass",
    27: "print('spam ' * 800_000)\n    return x + x",
    37: "import os, time\n    os.fork() or time.sleep(1e6)\n    return x + x",
}
#: The points of each kind; all others earn all that a machine can give.
POINTS, ALL = {7: 3.0, 17: 3.0}, 5.0


def measure() -> dict[str, float]:
    """Grade them all; return whether all went well, and what it took, in seconds and MB."""
    count = int(os.environ.get("SOAK", COUNT))
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        course, temporary = Path(scratch) / "course", Path(scratch) / "tmp"
        course.mkdir()
        temporary.mkdir()
        wanted = _submit(course, count)
        before = _files(course), _mounts(), set(_abandoned())
        with _adopting():
            began = time.perf_counter()
            status, results, used = _grade(course, temporary)
            seconds = time.perf_counter() - began
            wrong = [*_misgraded(results, wanted), *_processes()]
        if status:
            wrong.append(f"the command ended with status {status}")
        if used.peak_mb > MOST_MB:
            wrong.append(f"the coordinator took {used.peak_mb:.0f} MB")
        wrong += [f"a mount was left: {mount}" for mount in _mounts() - before[1]]
        wrong += [f"left in the course: {name}" for name in _files(course) - before[0]]
        wrong += [f"left: {path}" for path in {*temporary.iterdir(), *_abandoned()} - before[2]]
    for line in wrong[:20]:
        sys.stderr.write(f"soak_1000: {line}\n")
    return {
        "soak_1000_ok": float(not wrong),
        "soak_1000_s": seconds,
        "soak_coordinator_mb": used.peak_mb,
        "soak_coordinator_cpu_s": used.seconds / count,
    }


class _Used:
    """What a process itself, without its children, has used."""

    peak_mb = seconds = 0.0

    def look(self, pid: int) -> None:
        """Read it while the process lives."""
        with contextlib.suppress(OSError, LookupError):
            status = Path(f"/proc/{pid}/status").read_text()
            self.peak_mb = int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024
            times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
            self.seconds = sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def _submit(root: Path, count: int) -> dict[str, float]:
    """Write a course and its submissions; return everybody's points."""
    building.write_course(root, config=CONFIG)
    release = building.released(root)
    wanted = {}
    for number in range(count):
        kind = number % 50
        double = f"def double(x):\n    {HOSTILE.get(kind, 'return x + x')}\n# {number}"
        filled = building.fill(release, building.RIGHT | {"double": double})
        folder = root / "submitted" / f"student{number:04}" / "ps1"
        folder.mkdir(parents=True)
        nbformat.write(filled, folder / "p1.ipynb")
        wanted[f"student{number:04}"] = POINTS.get(kind, ALL)
    return wanted


def _grade(course: Path, temporary: Path) -> tuple[int, list[dict[str, Any]], _Used]:
    """Return the command's exit status, its results and what its own process used."""
    process = subprocess.Popen(
        ["autograder", "grade", "ps1", "--json"],
        cwd=course,
        env=dict(os.environ, TMPDIR=str(temporary)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    used, ended = _Used(), threading.Event()

    def look() -> None:
        while not ended.wait(0.2):
            used.look(process.pid)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        said, _ = process.communicate()
    finally:
        ended.set()
        looking.join()
    return process.returncode, json.loads(said or "[]"), used


def _misgraded(results: list[dict[str, Any]], wanted: dict[str, float]) -> Iterator[str]:
    given = {one["student"]: one for one in results}
    for student, points in wanted.items():
        if student not in given:
            yield f"{student} has no grade"
        elif given[student]["points"] != points:
            found = Counter(cell["verdict"] for cell in given[student]["cells"])
            yield f"{student} got {given[student]['points']}, not {points}: {dict(found)}"


@contextlib.contextmanager
def _adopting() -> Iterator[None]:
    """Become the parent of every process below that loses its own, so that none can be missed."""
    bubblewrap.prctl(bubblewrap.PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        bubblewrap.prctl(bubblewrap.PR_SET_CHILD_SUBREAPER, 0)


def _processes() -> Iterator[str]:
    """Yield what still runs below this process."""
    for _ in range(50):  # what has been killed takes a moment to end
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue
        if not (left := building.alive(building.descendants(os.getpid()))):
            return
        time.sleep(0.1)
    for pid in left:
        yield f"a process was left: {Path(f'/proc/{pid}/cmdline').read_bytes()!r}"


def _mounts() -> set[str]:
    return set(Path("/proc/self/mounts").read_text().splitlines())


def _files(course: Path) -> set[str]:
    """Return what lies in a course, the grades left out, and what is no file in them put in."""
    grades = {"gradebook.db", "autograded"}
    found = {path.name for path in course.iterdir()} - grades
    return found | {
        str(path) for path in course.rglob("*") if not (path.is_file() or path.is_dir())
    }


def _abandoned() -> Iterator[Path]:
    """Yield the engine's directories that no living process holds: those of this run, if any."""
    for path in itertools.chain(ROOT.glob(f"{PREFIX}*"), ROOT.glob("dask-*")):
        with contextlib.suppress(OSError):
            lock = path / "lock"
            if not lock.exists():
                yield path
                continue
            with lock.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield path
