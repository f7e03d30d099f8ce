"""How many submissions a minute are graded, with more and more workers.

``python -m tests.benchmarks.throughput`` prints bench.json's figures as a table, and what follows
from them for 10,000 submissions: a calculation, not a measurement.

Every figure is the time for 24 submissions of day 1 less the time for 4, over 20, so that starting
up drops out. `throughput_slots_*` is the command alone, with that many ``--workers``;
`throughput_processes_*` is the same with ``--scheduler``, where so many ``dask worker`` processes
of two threads, one slot, each are connected.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.autograder import building
from tests.benchmarks import classes

MANY, FEW = 24, 4
SLOTS, PROCESSES = (1, 2), (1, 2, 4)
CLASS = 10_000


def measure() -> dict[str, float]:
    """Measure; submissions per minute."""
    figures = {"throughput_cores": float(len(os.sched_getaffinity(0)))}
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        few = classes.day1(Path(scratch), "few", FEW)
        many = classes.day1(Path(scratch), "many", MANY)
        classes.grade(_command([]), many)  # until the disk is warm
        for slots in SLOTS:
            options = ["--workers", str(slots)]
            figures[f"throughput_slots_{slots}"] = _rate(few, many, options)
        for processes in PROCESSES:
            with _cluster(Path(scratch), processes) as address:
                options = ["--scheduler", address]
                classes.grade(_command(options), many)  # until every process is warm
                figures[f"throughput_processes_{processes}"] = _rate(few, many, options)
    return figures


def _command(options: list[str]) -> list[str]:
    return ["autograder", "grade", classes.NAME, "--force", *options]


def _rate(few: Path, many: Path, options: list[str]) -> float:
    """Return how many submissions are graded in a minute, once all is running."""
    least = classes.grade(_command(options), few)
    return 60 * (MANY - FEW) / (classes.grade(_command(options), many) - least)


@contextlib.contextmanager
def _cluster(scratch: Path, processes: int) -> Iterator[str]:
    """Start a scheduler and workers as anybody would; yield the scheduler's address."""
    found = scratch / f"scheduler-{processes}.json"
    to = ["--scheduler-file", str(found)]
    place = ["--local-directory", str(scratch)]
    with contextlib.ExitStack() as running:
        running.enter_context(
            _process(
                "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", *to
            )
        )
        building.wait_for(found.exists, 60)
        for _ in range(processes):
            command = ("dask", "worker", "--nthreads", "2", "--no-dashboard", "--no-nanny")
            running.enter_context(_process(*command, *to, *place))
        address: str = json.loads(found.read_text())["address"]
        _await_workers(address, processes)
        yield address


def _await_workers(address: str, processes: int) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(processes, timeout=120)


@contextlib.contextmanager
def _process(*command: str) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def table(measured: dict[str, float]) -> str:
    """Return the figures as Markdown, with what 10,000 submissions need by calculation."""
    lines = ["| workers | submissions per minute |", "| --- | ---: |"]
    for kind, numbers, said in (
        ("slots", SLOTS, "`--workers {}`"),
        ("processes", PROCESSES, "`--scheduler`, {} × `dask worker --nthreads 2`"),
    ):
        lines += [
            f"| {said.format(number)} | {measured[f'throughput_{kind}_{number}']:.0f} |"
            for number in numbers
        ]
    most = SLOTS[-1]
    rate = measured[f"throughput_slots_{most}"]
    cores = min(most, measured["throughput_cores"])
    each = measured["soak_coordinator_cpu_s"]
    hours = CLASS / rate * cores / 60
    least = CLASS * each / 60  # the coordinator's minutes, however many workers there are
    ends = ", ".join(f"{max(60 * hours / n, least):.0f} minutes on {n}" for n in (2, 16, 64))
    lines += [
        "",
        f"By calculation, {CLASS:,} submissions of this assignment take {hours:.1f} hours of one "
        f"core ({CLASS:,} / {rate:.0f} per minute × {cores:.0f} cores): {ends} cores. One "
        "coordinator prepares and records all of them, one after the other; it takes "
        f"{1000 * each:.0f} ms for each (measured by `soak_1000`), and so needs "
        f"{least:.0f} minutes in any case.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    from tests.benchmarks.__main__ import RESULT

    sys.stdout.write(table(json.loads(RESULT.read_text())) + "\n")
