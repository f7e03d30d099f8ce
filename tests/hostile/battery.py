"""Grades every attack beside the honest class, and says what each attack got."""

from __future__ import annotations

import ctypes
import hashlib
import html
import os
import socket
import sqlite3
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import MissingEntry
from nbgrader.utils import is_grade, is_solution

from autograder.coursedir.directory import open_course
from autograder.model import Graded
from autograder.pipeline import Grading
from autograder.sandbox import bubblewrap
from tests.autograder.building import alive, api, copy, descendants, grades, submit, wait_for
from tests.hostile import (
    disguise,
    disguise_files,
    exhaust,
    exhaust_judge,
    forge,
    forge_data,
    forge_errors,
    forge_score,
    forge_values,
    forge_wire,
    reach,
    reach_files,
    read,
    read_calls,
    read_inputs,
)
from tests.hostile.attack import Attack, Places, hand_in
from tests.hostile.target import (
    CANARIES,
    CARRIED,
    CLASS_SECRET,
    ENV_SECRET,
    FILE_SECRET,
    HOME_SECRET,
    INPUTS,
    NEIGHBOURS,
    SECRETS,
    write,
)

#: Every attack, by family.
FAMILIES: dict[str, tuple[Attack, ...]] = {
    "forge": (
        *forge.ATTACKS,
        *forge_values.ATTACKS,
        *forge_data.ATTACKS,
        *forge_errors.ATTACKS,
        *forge_score.ATTACKS,
        *forge_wire.ATTACKS,
    ),
    "reach": (*reach.ATTACKS, *reach_files.ATTACKS),
    "exhaust": (*exhaust.OWN, *exhaust_judge.JUDGED),
    "disguise": (*disguise.ATTACKS, *disguise_files.ATTACKS),
    "read": (*read.ATTACKS, *read_calls.ATTACKS, *read_inputs.ATTACKS),
}
ATTACKS = {
    f"{family}-{attack.name}": attack for family, attacks in FAMILIES.items() for attack in attacks
}
#: What the grader writes in a course, beside the gradebook.
OWN = ("autograded", "feedback", ".autograder")
IN_ACCESS, IN_MODIFY, IN_OPEN, IN_NONBLOCK = 1, 2, 32, 0o4000


@dataclass(frozen=True)
class Outcome:
    """What one hostile submission got."""

    undeserved: dict[str, float]  # points, by test cell
    leaked: set[str]  # hidden tests and their values that the student sees
    recalled: set[str]  # inputs of hidden tests that the student's own cells show
    told: set[str]  # such inputs that the grader itself shows
    reached: set[str]  # secrets of others that the student sees
    verdict: str
    message: str


@dataclass
class Battery:
    """One run: the course afterwards, what each submission got and what happened around it."""

    root: Path
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    neighbours: dict[str, Any] = field(default_factory=dict)
    undisturbed: dict[str, Any] = field(default_factory=dict)
    integrity: str = ""
    connections: int = 0
    touched: list[str] = field(default_factory=list)  # secret files that somebody opened
    left: set[int] = field(default_factory=set)  # processes that outlived the run
    mute: list[str] = field(default_factory=list)  # who was graded and got no feedback
    changed: list[str] = field(default_factory=list)  # files that none but their owners may change


def run(base: Path, attacks: dict[str, Attack], protection: str = "auto") -> Battery:
    """Grade ``attacks`` and the honest class with our own engine in a course under ``base``."""
    quiet, root, home = base / "quiet", base / "course", base / "home"
    quiet.mkdir()
    write(quiet)
    with (quiet / "nbgrader_config.py").open("a") as config:
        config.write(f"c.Autograder.protection = {protection!r}\n")
    for name, (cells, _) in NEIGHBOURS.items():
        submit(quiet, name, cells, files={"notes.txt": CLASS_SECRET})
    copy(quiet, root)
    secrets = plant(root, home)
    battery = Battery(root)
    _grade(quiet)
    battery.undisturbed = recorded(quiet)
    with listening() as (port, abstract, connections), surroundings(home):
        places = Places(root, home, port, abstract)
        for name, attack in attacks.items():
            hand_in(attack, root, places, name)
        before, files = descendants(os.getpid()), contents(root)
        with watched(secrets) as touched:
            graded = _grade(root)
            battery.touched = touched()
        battery.left = outliving(before)
        battery.connections = len(connections)
    battery.changed = sorted({path for path, _ in files ^ contents(root)})
    api(root).generate_feedback("ps1")
    battery.mute = sorted(
        folder.name
        for folder in (root / "autograded").iterdir()
        if not (root / "feedback" / folder.name / "ps1/p1.html").exists()
    )
    battery.neighbours = recorded(root)
    with sqlite3.connect(root / "gradebook.db") as gradebook:
        ((battery.integrity,),) = gradebook.execute("PRAGMA integrity_check").fetchall()
    for name, attack in attacks.items():
        battery.outcomes[name] = outcome(root, name, attack, graded[name])
    return battery


def contents(root: Path) -> set[tuple[str, str]]:
    """Return each file of a course that grading must leave alone, with a digest of its content."""
    found = set()
    for path in root.rglob("*"):
        name = path.relative_to(root)
        apart = name.parts[0] in ("autograded", "feedback", ".autograder") or name.name.startswith(
            "gradebook.db"
        )
        if path.is_file() and not path.is_symlink() and not apart:
            small = path.stat().st_size < 1 << 30
            content = path.read_bytes() if small else b""
            found.add((str(name), hashlib.sha256(content).hexdigest()))
    return found | {(str(path), "") for path in root.rglob("GOT_HERE")}


def outliving(before: set[int]) -> set[int]:
    """Return which processes that were not there before are still there after a while."""
    started = descendants(os.getpid()) - before
    with suppress(AssertionError):
        wait_for(lambda: not alive(started), 5)
    return alive(started)


def _grade(root: Path) -> dict[str, Graded]:
    grading = Grading(open_course(root), "ps1")
    return {one.student: one for one in grading.run(grading.students())}


def recorded(root: Path) -> dict[str, Any]:
    """Return all that the gradebook and the graded notebooks say of the honest class."""
    found = {}
    for name in NEIGHBOURS:
        book = nbformat.read(root / f"autograded/{name}/ps1/p1.ipynb", as_version=4)
        cells = book.metadata["autograder"]["cells"]
        found[name] = grades(root, name), [dict(cell) for cell in cells]
    return found


def outcome(root: Path, name: str, attack: Attack, graded: Graded) -> Outcome:
    """Compare what a submission got with what it deserves."""
    points = {}
    with suppress(MissingEntry):  # the grader failed, and recorded nothing
        points = {cell: score or 0.0 for cell, (score, _) in grades(root, name).items()}
    seen, shown, own = visible(root, name), own_outputs(root, name), attack.text
    return Outcome(
        undeserved={
            cell: points[cell] - attack.earns.get(cell, 0.0)
            for cell in points
            if points[cell] > attack.earns.get(cell, 0.0)
        },
        leaked={word for word in CANARIES if word in seen and word not in own},
        recalled={word for word in INPUTS if word in shown},
        told={word for word in INPUTS if word in seen and word not in shown},
        reached={word for word in (*SECRETS, CARRIED) if word in seen and word not in own},
        verdict=str(graded.verdict),
        message=graded.message,
    )


def visible(root: Path, name: str) -> str:
    """Return all that a student can see of a graded submission, or finds beside it."""
    seen = [own_outputs(root, name)]
    for path in (root / "feedback" / name).rglob("*.html"):
        seen.append(html.unescape(path.read_text(errors="replace")))
    for path in (root / "autograded" / name).rglob("*"):
        if path.suffix != ".ipynb" and path.is_file() and not path.is_symlink():
            seen.append(path.read_text(errors="replace"))
    return "\n".join(seen)


def own_outputs(root: Path, name: str) -> str:
    """Return what a student's own cells printed and showed in the graded notebook."""
    path = root / "autograded" / name / "ps1" / "p1.ipynb"
    if not path.is_file():
        return ""
    book = nbformat.read(path, as_version=4)
    cells = [c for c in book.cells if c.cell_type == "code" and (is_solution(c) or not is_grade(c))]
    return "\n".join(str(cell.get("outputs")) for cell in cells)


def plant(root: Path, home: Path) -> list[Path]:
    """Lay secrets where a grader has them; return those files that no grader has to open."""
    places = [root / "answers.txt", root / "source" / "answers.txt", home / ".netrc"]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(HOME_SECRET if place.is_relative_to(home) else FILE_SECRET)
        place.chmod(0o644)  # nothing but the walls is in the way
    return places


@contextmanager
def surroundings(home: Path) -> Iterator[None]:
    """Give the coordinator a home and an environment with secrets in them."""
    before = dict(os.environ)
    os.environ.update(HOME=str(home), GRADER_TOKEN=ENV_SECRET)
    bubblewrap.prctl(bubblewrap.PR_SET_CHILD_SUBREAPER, 1)  # who is orphaned is seen
    try:
        yield
    finally:
        bubblewrap.prctl(bubblewrap.PR_SET_CHILD_SUBREAPER, 0)
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def listening() -> Iterator[tuple[int, str, list[object]]]:
    """Listen on the host: a TCP port, and a socket with a name that is no file."""
    abstract = f"hostile-{os.getpid()}"
    connections: list[object] = []
    servers = [socket.create_server(("0.0.0.0", 0)), socket.socket(socket.AF_UNIX)]
    servers[1].bind(f"\0{abstract}")
    servers[1].listen()

    def accept(server: socket.socket) -> None:
        while True:
            try:
                connection, address = server.accept()
            except OSError:
                return
            connections.append(address)
            connection.close()

    threads = [threading.Thread(target=accept, args=[server]) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield servers[0].getsockname()[1], abstract, connections
    finally:
        for server in servers:
            server.shutdown(socket.SHUT_RDWR)
            server.close()
        for thread in threads:
            thread.join()


@contextmanager
def watched(paths: Iterable[Path]) -> Iterator[Any]:
    """Notice whoever opens one of ``paths``, from whatever namespace; yields who asks for them."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(IN_NONBLOCK)
    names = {
        libc.inotify_add_watch(
            descriptor, str(path).encode(), IN_OPEN | IN_ACCESS | IN_MODIFY
        ): str(path)
        for path in paths
    }

    def touched() -> list[str]:
        try:
            events = os.read(descriptor, 65536)
        except BlockingIOError:
            return []
        found = set()
        while events:  # each: the watch, 8 bytes that do not matter, how long a name follows
            watch, _, length = struct.unpack_from("=iQI", events)
            found.add(names[watch])
            events = events[16 + length :]
        return sorted(found)

    try:
        yield touched
    finally:
        os.close(descriptor)


def table(battery: Battery, attacks: dict[str, Attack]) -> str:
    """Return one line for each attack that won something."""
    lines = []
    for name in attacks:
        got = battery.outcomes[name]
        if got.undeserved or got.leaked or got.reached or got.recalled or got.told:
            lines.append(
                f"{name}: {sum(got.undeserved.values()):g} points, "
                f"leaked {sorted(got.leaked)}, reached {sorted(got.reached)}, "
                f"recalled {sorted(got.recalled)}, told {sorted(got.told)}, {got.verdict}"
            )
    return "\n".join(lines)
