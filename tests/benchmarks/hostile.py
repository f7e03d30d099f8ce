"""What hostile submissions won from this engine, stock nbgrader and otter-grader.

All of `tests/hostile` against ours; those that forge and those that read against all three, and
against ours with every test in one process with the student's code (``protection = "shared"``).
``python -m tests.benchmarks.hostile`` writes the table for tests/hostile/README.md to
standard output.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests.hostile import battery, rivals
from tests.hostile.rivals import Loss
from tests.hostile.target import POINTS

#: The families that are run against the rivals as well.
COMPARED = ("forge", "read")
#: What our engine is called where its tests share the student's process.
SHARED = "this engine, tests shared"


@dataclass(frozen=True)
class Comparison:
    """What each attack won from each grader; a rival that is not to be had has no losses."""

    cases: int
    undeserved: float
    leaks: int
    graders: dict[str, dict[str, Loss]]  # by grader, by attack


@functools.cache
def compare() -> Comparison:
    """Run everything; it takes a quarter of an hour."""
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    compared = {n: a for n, a in battery.ATTACKS.items() if n.partition("-")[0] in COMPARED}
    with tempfile.TemporaryDirectory(prefix="hostile-") as scratch:
        base = Path(scratch)
        (base / "ours").mkdir()
        run = battery.run(base / "ours", battery.ATTACKS)
        ours = _losses(run)
        (base / "shared").mkdir()
        together = battery.run(base / "shared", compared, protection="shared")
        graders = {
            "this engine": {name: ours[name] for name in compared},
            SHARED: _losses(together),
            f"nbgrader {version('nbgrader')}": rivals.stock_nbgrader(base / "stock", compared),
        }
        try:
            environment = rivals.install_otter(base / "environment")
        except subprocess.CalledProcessError:
            graders["otter-grader (could not be installed)"] = {}
        else:
            name = f"otter-grader {rivals.version_of('otter-grader', environment)}"
            graders[name] = rivals.otter_grader(base / "otter", compared, environment)
    return Comparison(
        cases=len(battery.ATTACKS),
        undeserved=sum(loss.points for loss in ours.values()),
        leaks=sum(bool(loss.leaked) for loss in ours.values()),
        graders=graders,
    )


def _losses(run: battery.Battery) -> dict[str, Loss]:
    return {
        name: Loss(sum(got.undeserved.values()), got.leaked | got.reached, got.recalled)
        for name, got in run.outcomes.items()
    }


def measure() -> dict[str, float]:
    """Return points undeserved, attacks that saw something, and how many attacks there are."""
    found = compare()
    measured: dict[str, float] = {
        "undeserved_points": found.undeserved,
        "leaks": found.leaks,
        "hostile_cases": found.cases,
    }
    for grader, losses in found.graders.items():
        name = "shared" if grader == SHARED else grader.partition(" ")[0].partition("-")[0]
        if name != "this" and losses:
            measured[f"hostile_{name}_won"] = sum(loss.points > 0 for loss in losses.values())
            measured[f"hostile_{name}_leaked"] = sum(bool(loss.leaked) for loss in losses.values())
    return measured


def table() -> str:
    """Return the comparison in Markdown: the sums, and each attack that won anything anywhere."""
    found = compare()
    columns = list(found.graders.values())
    lines = [f"| | {' | '.join(found.graders)} |", "| --- |" + " ---: |" * len(columns)]

    def row(what: str, cells: list[str]) -> None:
        lines.append(f"| {what} | {' | '.join(cells)} |")

    for family, verb in zip(COMPARED, ("forge a score", "read hidden tests"), strict=True):
        mine = [[v for k, v in c.items() if k.startswith(family)] for c in columns]
        row(
            f"attacks that {verb}: won points",
            [f"{sum(x.points > 0 for x in c)} of {len(c)}" if c else "not run" for c in mine],
        )
        row(
            f"attacks that {verb}: saw hidden tests or their values",
            [f"{sum(bool(x.leaked) for x in c)} of {len(c)}" if c else "not run" for c in mine],
        )
    row(
        "attacks whose own later cells showed inputs of hidden tests",
        [str(sum(bool(x.recalled) for x in c.values())) if c else "not run" for c in columns],
    )
    lines += ["", f"Each attack that won: undeserved points of {sum(POINTS.values()):g}, and what "]
    lines[-1] += "was seen."
    lines += ["", f"| attack | what it tries | {' | '.join(found.graders)} |"]
    lines.append("| --- | --- |" + " ---: |" * len(columns))
    for name in next(iter(found.graders.values())):
        cells = [_cell(column.get(name)) for column in columns]
        if any(cell not in ("0", "not run") for cell in cells):
            row(f"{name} | {battery.ATTACKS[name].tries}", cells)
    return "\n".join(lines)


def _cell(loss: Loss | None) -> str:
    if loss is None:
        return "not run"
    return f"{loss.points:g}" + (", seen" if loss.leaked else "")


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
