"""Grades the idioms: by our engine in one warm process, and by nbgrader's own autograde."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import nbformat

from autograder.coursedir.assignment import imports
from autograder.coursedir.changed_data import changed_names
from autograder.execute.notebook_run import execute
from autograder.execute.zygote import Zygote
from autograder.model import CellScore, Job, Limits, Protection
from autograder.record.score import score
from autograder.verify import stock_nbgrader
from tests.autograder.building import configure, fill, generate, opened, released, submit
from tests.public.reading import HERE, REFERENCE, Idioms, read_all

#: What the idioms are about, imported once.
PRELOAD = ("numpy", "pandas", "scipy.stats", "sklearn.pipeline", "sympy", "matplotlib.pyplot")
#: What nbgrader's own autograde gave, and of which files.
STOCK = HERE / "stock.json"
#: What does not yet hold: a cell, or a cell and a submission, and why.
DEVIATIONS = HERE / "deviations.txt"
#: Which cells need the student's process, and why.
SHARED = HERE / "shared.txt"
#: How many notebooks run at a time.
AT_ONCE = 3

#: Points by assignment, submission and cell.
Points = Mapping[str, Mapping[str, Mapping[str, float | None]]]
Scores = dict[str, dict[str, dict[str, CellScore]]]


def ours(
    assignments: Iterable[Idioms],
    zygote: Zygote,
    wanted: Callable[[str, str], bool] = lambda name, who: True,
) -> Scores:
    """Grade all submissions by our engine, or those that are wanted of an assignment.

    As in `autograder grade`, the reference goes first: where it does not earn its point apart, all
    submissions are graded in one process with the student's code.
    """
    assignments = list(assignments)
    first = _ours(assignments, zygote, lambda _, who: who == REFERENCE, {})
    shared = {
        name: tuple(cell for cell, one in submissions[REFERENCE].items() if one.points != 1)
        for name, submissions in first.items()
    }
    rest = _ours(
        assignments,
        zygote,
        lambda name, who: wanted(name, who) and (who != REFERENCE or bool(shared[name])),
        shared,
    )
    return {name: first[name] | rest.get(name, {}) for name in first}


def _ours(
    assignments: Iterable[Idioms],
    zygote: Zygote,
    wanted: Callable[[str, str], bool],
    shared: Mapping[str, tuple[str, ...]],
) -> Scores:

    async def all_of_them() -> Scores:
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(idioms: Idioms, who: str) -> tuple[str, str, dict[str, CellScore]]:
            book = idioms.notebook(who)
            async with turns:
                done = await execute(_job(idioms, who, shared.get(idioms.name, ())), zygote)
            if done.failure:
                raise RuntimeError(f"{idioms.name}, {who}: {done.failure}")
            return idioms.name, who, {cell.grade_id: cell for cell in score(book, done.cells)}

        found: Scores = {}
        for name, who, scores in await asyncio.gather(
            *(
                one(idioms, who)
                for idioms in assignments
                for who in idioms.submissions
                if wanted(idioms.name, who)
            )
        ):
            found.setdefault(name, {})[who] = scores
        return found

    return asyncio.run(all_of_them())


def _job(idioms: Idioms, who: str, shared: tuple[str, ...]) -> Job:
    files = tuple((name, text.encode()) for name, text in sorted(idioms.files.items()))
    with tempfile.NamedTemporaryFile("w", suffix=".ipynb") as source:
        nbformat.write(idioms.source(), source.name)
        needed = imports(Path(source.name))
        changed = changed_names(Path(source.name))
    return Job(
        student=who,
        assignment=idioms.name,
        notebook=idioms.name,
        content=nbformat.writes(idioms.notebook(who)).encode(),
        files=files,
        instructor_files=files,
        imports=needed,
        changed=changed,
        seed="5eed",
        limits=Limits(cell_seconds=20),
        shared=shared,
    )


def course(root: Path, assignments: Iterable[Idioms]) -> None:
    """Make an nbgrader course of all assignments, with everything submitted."""
    root.mkdir(exist_ok=True)
    configure(root, f"c.Autograder.preload = {list(PRELOAD)}\n")
    for idioms in assignments:
        source = root / "source" / idioms.name
        source.mkdir(parents=True)
        nbformat.write(idioms.source(), source / f"{idioms.name}.ipynb")
        for name, text in idioms.files.items():
            (source / name).write_text(text)
        generate(root, idioms.name)
        for who in idioms.submissions:
            book = fill(released(root, idioms.name, idioms.name), idioms.answers(who))
            place = {"assignment": idioms.name, "name": idioms.name}
            submit(root, who, book, files=idioms.files, **place)


def stock(root: Path, assignments: Iterable[Idioms]) -> dict[str, dict[str, dict[str, float]]]:
    """Grade all submissions in a course by nbgrader's own autograde, behind the same walls."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    with (
        opened(root) as opened_course,
        Zygote(opened_course.settings.preload) as zygote,
        patch.object(stock_nbgrader, "Zygote", lambda *_, **__: nullcontext(zygote)),
    ):
        for idioms in assignments:
            graded = stock_nbgrader.grade(opened_course, idioms.name, idioms.submissions)
            found[idioms.name] = {
                who: {name: points[name] or 0.0 for name in idioms.tests} for who, points in graded
            }
    return found


def digest(idioms: Idioms) -> str:
    """Return a digest of a file, to see that what is kept of it is about it."""
    said = (HERE / "idioms" / f"{idioms.name}.py").read_bytes()
    return hashlib.sha256(said).hexdigest()[:16]


def kept() -> tuple[dict[str, str], Points]:
    """Return what `stock.json` holds: of which files, and their points."""
    plain = json.loads(STOCK.read_text())
    return plain["files"], {
        name: {
            who: {cell: float(cell in full) for cell in read_all()[name].tests}
            for who, full in submissions.items()
        }
        for name, submissions in plain["full"].items()
        if name in read_all()
    }


def keep(found: Points) -> None:
    """Write `stock.json`: for each submission, the cells with full points."""
    assignments = read_all()
    plain = {
        "files": {name: digest(assignments[name]) for name in found},
        "full": {
            name: {
                who: [cell for cell, points in cells.items() if points == 1]
                for who, cells in submissions.items()
            }
            for name, submissions in found.items()
        },
    }
    STOCK.write_text(json.dumps(plain, indent=1, sort_keys=True) + "\n")


def deviations(found: Scores, theirs: Points) -> dict[str, str]:
    """Return where our engine gives other points than it should, and what it said.

    The reference is to earn everything; every other submission what nbgrader gives it. Of a cell
    that takes points from the reference, only what it gives away to others is told beside.
    """
    wrong: dict[str, str] = {}
    for name, submissions in found.items():
        short = set()
        for who in (REFERENCE, *(one for one in submissions if one != REFERENCE)):
            for cell, one in submissions[who].items():
                here = f"{name}/{cell}" + ("" if who == REFERENCE else f"@{who}")
                points, other = one.points or 0.0, theirs[name][who][cell] or 0.0
                if who == REFERENCE and points < 1:
                    short.add(cell)
                    wrong[here] = f"[{one.verdict}] {one.message}"
                elif who != REFERENCE and points > other:
                    wrong[here] = "earns a point that nobody deserved"
                elif who != REFERENCE and points < other and cell not in short:
                    wrong[here] = f"loses a point: [{one.verdict}] {one.message}"
    return wrong


def listed(path: Path = DEVIATIONS) -> dict[str, str]:
    """Return what `deviations.txt` lists, or another file of that form, with the reasons."""
    lines = [line for line in path.read_text().splitlines() if line and line[0] != "#"]
    return dict(line.split(": ", 1) for line in lines)


def together(found: Scores) -> list[str]:
    """Return the cells that are graded in one process with the student's code."""
    return [
        f"{name}/{cell}"
        for name, submissions in found.items()
        for cell, one in submissions[REFERENCE].items()
        if one.protection == Protection.SHARED
    ]
