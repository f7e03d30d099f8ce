"""Runs the forging and reading attacks against stock nbgrader and otter-grader, contained.

Each attack meets each rival alone, in a copy of the course of its own, behind our outer wall: no
network, nothing to write but that copy, no rights, limits on processes, memory and time.
"""

from __future__ import annotations

import ast
import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import nbformat
from nbgrader.api import MissingEntry

from autograder.sandbox import bubblewrap
from tests.autograder.building import code, configure, copy, notebook, scores
from tests.hostile.attack import Attack, Places, hand_in
from tests.hostile.battery import own_outputs
from tests.hostile.target import CANARIES, INPUTS, POINTS, SETUP, TESTS, WRONG, write

SCRIPTS = Path(sys.executable).parent
#: How long one attack may keep a rival busy, in seconds.
PATIENCE = 60
ULIMITS = "ulimit -u 200 -f 200000 -n 512 -t 120 -v 8000000 -c 0"
STOCK = "c.Execute.timeout = 5\nc.Execute.startup_timeout = 120\n"


@dataclass(frozen=True)
class Loss:
    """What a rival lost to one attack."""

    points: float  # undeserved
    leaked: set[str]  # hidden tests and their values, in what the student's own cells show
    recalled: set[str]  # inputs of hidden tests, likewise
    said: str = ""  # the rival's last words


def contained(
    command: str, writable: Path, read_only: Sequence[Path], env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a shell command behind the outer wall; return its exit status and what it said."""
    # Root's rights are not for submissions.
    with patch.object(bubblewrap, "privileged", lambda: False):
        argv = bubblewrap.command(
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
    read_only = bubblewrap.python_paths(["autograder"])

    def one(name: str, attack: Attack) -> Loss:
        root = copy(template, base / name)
        hand_in(attack, root, Places(root, Path("/tmp"), 9, "none"), name)
        _, said = contained("nbgrader autograde ps1", root, read_only)
        shown = own_outputs(root, name)
        loss = Loss(
            _undeserved(root, name, attack),
            _seen(CANARIES, shown, attack),
            _seen(INPUTS, shown, attack),
            said,
        )
        shutil.rmtree(root)
        return loss

    return against(one, attacks)


#: What grades one notebook with otter-grader, and writes down points and own cells' outputs.
DRIVER = """
import glob
import json

from otter.execute import grade_notebook

tests = sorted(glob.glob("tests/*.py"))
results = grade_notebook("p1.ipynb", tests_glob=tests, cwd=".", test_dir="tests")
points = {name: results.get_score(name) for name in results.test_files}
shown = [
    str(cell.get("outputs"))
    for cell in results.notebook.cells
    if cell.cell_type == "code" and "grade_id" in cell.metadata.get("nbgrader", {})
]
with open("graded.json", "w") as file:
    json.dump({"points": points, "shown": shown}, file)
"""


def install_otter(folder: Path) -> Path:
    """Install otter-grader, the newest there is, into an environment of its own.

    Raises
    ------
    subprocess.CalledProcessError
        If that is not possible here.
    """
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
    install = [folder / "bin/python", "-m", "pip", "install", "-q", "otter-grader", "ipykernel"]
    subprocess.run(install, check=True, capture_output=True)
    return folder


def version_of(distribution: str, environment: Path) -> str:
    """Return which version of a distribution an environment has."""
    ask = f"from importlib.metadata import version; print(version({distribution!r}))"
    done = subprocess.run(
        [environment / "bin/python", "-c", ask], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def otter_grader(base: Path, attacks: Mapping[str, Attack], environment: Path) -> dict[str, Loss]:
    """Run ``attacks`` against otter-grader, its tests made of the notebook's own."""
    base.mkdir(parents=True)
    # It opens a server of its own on "localhost", a name that nothing else says behind the wall.
    read_only = [environment, Path("/etc/hosts"), *bubblewrap.python_paths(["autograder"])]

    def one(name: str, attack: Attack) -> Loss:
        root = base / name
        (root / "tests").mkdir(parents=True)
        (root / "driver.py").write_text(DRIVER)
        for question, (points, test) in TESTS.items():
            (root / "tests" / f"{question}.py").write_text(ok_test(question, points, test))
        places = Places(root, Path("/tmp"), 9, "none")
        cells = {**WRONG, **(attack.otter or attack.cells)}
        nbformat.write(_for_otter(cells, places), root / "p1.ipynb")
        for place, content in attack.files.items():
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            text = places.fill(content).encode() if isinstance(content, str) else content
            (root / place).write_bytes(text)
        python = environment / "bin/python"
        _, said = contained(f"{python} driver.py", root, read_only)
        points, shown = {}, ""
        with contextlib.suppress(OSError, ValueError):
            graded = json.loads((root / "graded.json").read_text())
            points, shown = graded["points"], "\n".join(graded["shown"])
        loss = Loss(
            sum(float(p or 0) for p in points.values()) - sum(attack.earns.values()),
            _seen(CANARIES, shown, attack),
            _seen(INPUTS, shown, attack),
            said,
        )
        shutil.rmtree(root)
        return loss

    return against(one, attacks)


def _for_otter(cells: Mapping[str, str], places: Places) -> nbformat.NotebookNode:
    made = [code(SETUP)]
    for name, source in cells.items():
        tests = {"otter": {"tests": [name]}} if name in TESTS else {}
        made.append(code(places.fill(source), nbgrader={"grade_id": name}, **tests))
    return notebook(*made)


def ok_test(name: str, points: float, source: str) -> str:
    """Return a test of a cell in otter's own (OK) format: an interactive session."""
    lines = source.splitlines()
    session = []
    for statement in ast.parse(source).body:
        first, *rest = lines[statement.lineno - 1 : statement.end_lineno]
        session += [f">>> {first}", *(f"... {line}" for line in rest)]
    if session[-1] == ">>> points":  # partial credit, of which this format knows none
        session[-1:] = [f">>> assert points == {points}"]
    cases = [{"code": "\n".join(session), "hidden": True, "locked": False}]
    suite = {"cases": cases, "scored": True, "setup": "", "teardown": "", "type": "doctest"}
    return (
        f"OK_FORMAT = True\n\ntest = {{'name': {name!r}, 'points': {points}, 'suites': [{suite}]}}"
    )


def _undeserved(root: Path, student: str, attack: Attack) -> float:
    with contextlib.suppress(MissingEntry):
        got = scores(root, student)
        return sum(max(0.0, (got[k] or 0.0) - attack.earns.get(k, 0.0)) for k in POINTS)
    return 0.0


def _seen(words: Sequence[str], shown: str, attack: Attack) -> set[str]:
    return {word for word in words if word in shown and word not in attack.text}
