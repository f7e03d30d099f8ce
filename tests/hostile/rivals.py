"""Runs the forging and reading attacks against stock nbgrader and otter-grader, contained.

Each attack meets each rival alone, in a copy of the course of its own, behind our outer wall: no
network, nothing to write but that copy, no rights, limits on processes, memory and time.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from nbgrader.api import MissingEntry

from autograder import sandbox
from tests.autograder.building import configure, copy, scores
from tests.hostile.attack import Attack, Places, hand_in
from tests.hostile.target import CANARIES, POINTS, write

SCRIPTS = Path(sys.executable).parent
#: How long one attack may keep a rival busy, in seconds.
PATIENCE = 240
ULIMITS = "ulimit -u 200 -f 200000 -n 512 -t 120 -v 8000000 -c 0"
STOCK = "c.Execute.timeout = 5\nc.Execute.startup_timeout = 120\n"


@dataclass(frozen=True)
class Loss:
    """What a rival lost to one attack."""

    points: float  # undeserved
    leaked: set[str]  # hidden tests and their values, in what the student's own cells show
    said: str = ""  # the rival's last words


def contained(
    command: str, writable: Path, read_only: Sequence[Path], env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a shell command behind the outer wall; return its exit status and what it said."""
    # Root's rights are not for submissions.
    with patch.object(sandbox, "privileged", lambda: False):
        argv = sandbox.command(
            ["bash", "-c", f"{ULIMITS} && cd '{writable}' && {command}"],
            read_only=read_only,
            writable=[writable],
            env={"HOME": "/tmp", "PATH": f"{SCRIPTS}:/usr/bin:/bin", **(env or {})},
        )
    process = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        said, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
    return process.returncode, said[-2000:]


def against(
    one: Callable[[str, Attack], Loss], attacks: Mapping[str, Attack], workers: int = 2
) -> dict[str, Loss]:
    """Return what each attack won, trying ``workers`` of them at a time."""
    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(attacks, pool.map(one, attacks, attacks.values()), strict=True))


def stock_nbgrader(base: Path, attacks: Mapping[str, Attack]) -> dict[str, Loss]:
    """Run ``attacks`` against nbgrader's own ``autograde``."""
    template = base / "template"
    template.mkdir(parents=True)
    write(template)
    configure(template, STOCK)
    read_only = sandbox.python_paths(["autograder"])

    def one(name: str, attack: Attack) -> Loss:
        root = copy(template, base / name)
        hand_in(attack, root, Places(root, Path("/tmp"), 9, "none"), name)
        _, said = contained("nbgrader autograde ps1", root, read_only)
        loss = Loss(_undeserved(root, name, attack), _leaked(root, name), said)
        shutil.rmtree(root)
        return loss

    return against(one, attacks)


def _undeserved(root: Path, student: str, attack: Attack) -> float:
    with contextlib.suppress(MissingEntry):
        got = scores(root, student)
        return sum(max(0.0, (got[k] or 0.0) - attack.earns.get(k, 0.0)) for k in POINTS)
    return 0.0


def _leaked(root: Path, student: str) -> set[str]:
    from tests.hostile.battery import visible

    seen = visible(root, student)
    return {canary for canary in CANARIES if canary in seen}
