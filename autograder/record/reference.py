"""Grades the author's own solution first; nobody loses points that it does not earn."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.utils import find_all_files

from autograder.coursedir import provenance
from autograder.coursedir.assignment import Assignment
from autograder.coursedir.nbgrader_steps import ASSIGNMENT, Steps
from autograder.model import CellScore, Execution, Job, Proof, Protection, Standing
from autograder.prepare.submission import job
from autograder.record.score import score
from autograder.settings import Autograder

#: Whose submissions these would be, were they any.
REFERENCE, BLANK = "the author's solution", "the blank release"
#: Where it is kept what they earned, in the course directory.
FOLDER = Path(".autograder", "reference")
#: A change of what is kept there makes it another.
FORM = "1"
#: Proofs that this process knows: a server grades one submission per click.
_known: dict[str, Proof] = {}


def proof(
    assignment: Assignment,
    converter: Any,
    settings: Autograder,
    run: Callable[[Iterable[Job]], Iterator[Execution]],
) -> Proof:
    """Return what the author's solution shows of the tests of an assignment.

    It is graded where that is not known yet: once for each version of the assignment, the solution
    and the grader.

    Parameters
    ----------
    assignment : Assignment
        As it was released.
    converter : nbgrader.converters.Autograde
        Of the course; says where the source lies, and how a submission is prepared.
    settings : Autograder
        The course's limits, and whether tests may share a process with the student's code.
    run
        Executes jobs.
    """
    directory = converter.coursedir
    source = Path(directory.format_path(directory.source_directory, ".", assignment.name))
    books = {
        book.name: path.read_bytes()
        for book in assignment.notebooks
        if (path := source / f"{book.name}.ipynb").is_file()
    }
    if not books:
        return _assumed(assignment, settings, f"there is no notebook in {source}")
    key = _key(assignment, books, settings)
    kept = Path(directory.root) / FOLDER / f"{assignment.name}.json"
    if key not in _known and (found := _read(kept, key)):
        _known[key] = found
    if key not in _known:
        found = _Trial(assignment, converter, settings, source, run).proof(books)
        if found.missing:
            return _assumed(assignment, settings, found.missing)
        _known[key] = found
    _keep(kept, key, _known[key])
    return _known[key]


def _assumed(assignment: Assignment, settings: Autograder, why: str) -> Proof:
    """Return what is done where the author's solution shows nothing."""
    shared = settings.protection_of(assignment.name) == Protection.SHARED
    standings = tuple(
        Standing(
            book.name,
            cell.name,
            Protection.SHARED if shared or book.kernel else Protection.SEPARATE,
            proven=True,
        )
        for book in assignment.notebooks
        for cell in book.grade_cells
        if cell.cell_type == "code" and not cell.solution
    )
    return Proof(standings, why)


def _key(assignment: Assignment, books: Mapping[str, bytes], settings: Autograder) -> str:
    """Return a digest of all that a proof depends on."""
    conditions = [
        FORM,
        assignment.hash,
        provenance.engine_version(),
        dict(provenance.versions()),
        asdict(settings.limits_of(assignment.name)),
        settings.protection_of(assignment.name),
    ]
    named = [part for name in sorted(books) for part in (name.encode(), books[name])]
    return provenance.digest([json.dumps(conditions, sort_keys=True).encode(), *named])


def _read(path: Path, key: str) -> Proof | None:
    try:
        found = json.loads(path.read_bytes())
        if found["key"] != key:
            return None
        told = [
            Standing(**{**one, "protection": Protection(one["protection"])})
            for one in found["standings"]
        ]
    except (OSError, ValueError, LookupError, TypeError):  # none, or one of another version
        return None
    return Proof(tuple(told))


def _keep(path: Path, key: str, proof: Proof) -> None:
    if _read(path, key) is not None:
        return
    text = json.dumps({"key": key, "standings": [asdict(one) for one in proof.standings]}, indent=1)
    with contextlib.suppress(OSError):  # next time it is graded again
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(text + "\n", encoding="utf-8")
        new.replace(path)


class _Trial:
    """The author's solution and the blank release of one assignment, graded."""

    def __init__(
        self,
        assignment: Assignment,
        converter: Any,
        settings: Autograder,
        source: Path,
        run: Callable[[Iterable[Job]], Iterator[Execution]],
    ) -> None:
        self.assignment, self.settings, self.source, self.run = assignment, settings, source, run
        self.directory = converter.coursedir
        self.steps = Steps(converter, converter.sanitize_preprocessors)

    def proof(self, books: Mapping[str, bytes]) -> Proof:
        """Grade both; tests at which the solution does not earn all, a second time, shared."""
        try:
            solved = {name: nbformat.reads(book.decode(), 4) for name, book in books.items()}
        except Exception as error:  # nbgrader said so when it was released
            return Proof(missing=f"its source cannot be read ({type(error).__name__})")
        blank = {name: self._blank(name, book) for name, book in solved.items()}
        if blank == solved:
            return Proof(missing="its source has no solution")
        asked = self.settings.protection_of(self.assignment.name)
        jobs = [self._job(REFERENCE, *one) for one in solved.items()]
        jobs += [self._job(BLANK, *one) for one in blank.items()]
        jobs = [_shared(one) if asked == "shared" or one.kernel else one for one in jobs]
        first = list(self.run(jobs))
        standings = _standings(first)
        lost = {(one.notebook, one.cell) for one in standings if not one.proven}
        if lost and asked == "auto":
            again = [_shared(one, lost) for one in jobs if not one.shared]
            second = list(self.run([one for one in again if one.shared]))
            found = {(one.notebook, one.cell): one for one in _standings(second)}
            standings = [_settled(one, found) for one in standings]
            first += second
        if failed := next((done.failure for done in first if done.failure), ""):
            return Proof(missing=f"the grader failed on it ({failed})")
        if standings and not any(one.proven for one in standings):
            return Proof(missing="the solution in its source passes none of its tests")
        return Proof(tuple(standings))

    def _blank(self, name: str, book: NotebookNode) -> NotebookNode:
        """Return a notebook as it was released: with nothing in the place of the solutions."""
        released = self.assignment.find_notebook(name, self.assignment.name).by_name
        made = nbformat.from_dict(json.loads(json.dumps(book)))
        for cell in made.cells:
            known = released.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
            if known is not None and known.solution and cell.cell_type == "code":
                cell.source = known.source
        return made

    def _job(self, student: str, name: str, book: NotebookNode) -> Job:
        known = {
            "metadata": {"name": name, "path": str(self.source)},
            "nbgrader": {
                "assignment": self.assignment.name,
                "db_url": self.directory.db_url,
                "notebook": name,
                "student": student,
            },
            "unique_key": name,
            ASSIGNMENT: self.assignment,
        }
        paths = map(Path, find_all_files(str(self.source), [*self.directory.ignore, "*.ipynb"]))
        return job(
            self.steps.apply(book, known),
            name,
            student=student,
            assignment=self.assignment,
            files={str(path.relative_to(self.source)): path.read_bytes() for path in paths},
            submission_hash="",
            limits=self.settings.limits_of(self.assignment.name),
            resources=self.settings.resources_of(self.assignment.name),
        )


def _shared(job: Job, cells: set[tuple[str, str]] | None = None) -> Job:
    """Return a job whose tests, or those of these cells, share the student's process."""
    tests = [name for name, _ in _tests(nbformat.v4.reads(job.content.decode()))]
    named = [name for name in tests if cells is None or (job.notebook, name) in cells]
    return replace(job, shared=tuple(named))


def _tests(book: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """Yield the test cells of a notebook, with their names."""
    for cell in book.cells:
        if cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell):
            yield cell.metadata.nbgrader["grade_id"], cell


def _standings(done: Iterable[Execution]) -> list[Standing]:
    """Return how the solution fared at each test cell, in the order of the notebooks."""
    ours: list[tuple[str, NotebookNode, CellScore]] = []
    blank: dict[tuple[str, str], float] = {}
    for one in sorted(done, key=lambda one: one.job.notebook):
        book = nbformat.v4.reads(one.content.decode())
        scores = {each.grade_id: each for each in score(book, one.cells)}
        for name, cell in _tests(book):
            if one.job.student == BLANK:
                blank[one.job.notebook, name] = scores[name].points or 0.0
            else:
                ours.append((one.job.notebook, cell, scores[name]))
    return [
        Standing(
            notebook,
            each.grade_id,
            Protection(each.protection or Protection.SEPARATE),
            proven=each.points == each.max_points,
            blank=blank.get((notebook, each.grade_id), 0.0),
            **_said(cell, each),
        )
        for notebook, cell, each in ours
    ]


def _said(cell: NotebookNode, score: CellScore) -> dict[str, str]:
    """Return what a test said to the author's solution: the exception, and its first line."""
    for output in cell.outputs:
        if output.output_type == "error":
            words = f"{output.ename}: {output.evalue}".strip(": ").splitlines()
            return {"kind": output.ename, "why": words[0] if words else ""}
    return {"kind": "", "why": "" if score.points == score.max_points else score.message}


def _settled(apart: Standing, together: Mapping[tuple[str, str], Standing]) -> Standing:
    """Return how a test cell is graded, of how the solution fared apart and in one process."""
    shared = together.get((apart.notebook, apart.cell))
    if apart.proven or shared is None or not shared.proven:
        return apart
    return replace(apart, protection=Protection.SHARED, proven=True, blank=shared.blank)
