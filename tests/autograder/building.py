"""Notebooks, jobs and courses for the grader's tests, in few words."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode, v4
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

from autograder.coursedir.directory import Course, open_course
from autograder.coursedir.gradebook import Ledger
from autograder.model import Execution, Graded, Job, Limits, Verdict
from autograder.prepare.submission import Prepare, Prepared
from autograder.record.recorder import Record

KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
PLUGIN = "from autograder import plugin\nplugin.configure(c)\nc.Autograder.preload = ['numpy']\n"


def code(source: str, **metadata: Any) -> NotebookNode:
    """Return a code cell that nbgrader knows nothing of."""
    return v4.new_code_cell(source, metadata=metadata)


def marked(
    source: str,
    grade_id: str,
    *,
    points: float | None = None,
    solution: bool = False,
    locked: bool = False,
    kind: str = "code",
    **metadata: Any,
) -> NotebookNode:
    """Return a cell with nbgrader's mark."""
    mark = {
        "grade": points is not None,
        "grade_id": grade_id,
        "locked": locked or (points is not None and not solution),
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if points is not None:
        mark["points"] = points
    make = v4.new_code_cell if kind == "code" else v4.new_markdown_cell
    return make(source, metadata={"nbgrader": mark, **metadata})


def solution(source: str, grade_id: str = "solution") -> NotebookNode:
    """Return a cell for the student's code."""
    return marked(source, grade_id, solution=True)


def asserts(
    source: str, grade_id: str = "test", points: float = 1, **metadata: Any
) -> NotebookNode:
    """Return a test cell."""
    return marked(source, grade_id, points=points, **metadata)


def written(source: str, grade_id: str = "written", points: float = 1) -> NotebookNode:
    """Return a cell that a person grades."""
    return marked(source, grade_id, points=points, solution=True, kind="markdown")


def notebook(*cells: NotebookNode | str) -> NotebookNode:
    """Return a notebook of these cells; plain strings are code."""
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    return v4.new_notebook(cells=made, metadata=KERNEL)


def job(
    *cells: NotebookNode | str,
    student: str = "alice",
    files: Mapping[str, bytes] | None = None,
    seed: str = "5eed",
    **limits: Any,
) -> Job:
    """Return a job that executes these cells."""
    return Job(
        student=student,
        assignment="ps1",
        notebook="p1",
        content=nbformat.writes(notebook(*cells)).encode(),
        files=tuple(sorted((files or {}).items())),
        seed=seed,
        limits=Limits(**{"cell_seconds": 10, **limits}),
    )


@dataclass(frozen=True)
class Ended:
    """An execution, easy to ask."""

    failure: str
    verdicts: list[Verdict]
    messages: list[str]
    cells: list[NotebookNode]
    seconds: float

    def printed(self, cell: int = 0) -> str:
        """Return what a cell wrote to its standard output."""
        outputs = self.cells[cell].outputs
        return "".join(o.text for o in outputs if o.get("name") == "stdout")

    def result(self, cell: int) -> str | None:
        """Return what the last expression of a cell gave."""
        for output in self.cells[cell].outputs:
            if output.output_type == "execute_result":
                return output.data["text/plain"]
        return None

    def errors(self, cell: int) -> list[str]:
        """Return the names of the errors that a cell shows."""
        return [o.ename for o in self.cells[cell].outputs if o.output_type == "error"]


def ended(execution: Any) -> Ended:
    """Open what came back for a job."""
    return Ended(
        failure=execution.failure,
        verdicts=[cell.verdict for cell in execution.cells],
        messages=[cell.message for cell in execution.cells],
        cells=nbformat.reads(execution.content.decode(), as_version=4).cells,
        seconds=execution.seconds,
    )


#: The assignment that the tests of the whole path use: two questions and a written answer.
PROBLEM = (
    code("import numpy as np"),
    solution(
        "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION", "double"
    ),
    asserts(
        "assert double(1) == 2, 'double(1) is wrong'\n"
        "### BEGIN HIDDEN TESTS\n"
        "assert double(21) == 42, 'double fails for larger numbers'\n"
        "### END HIDDEN TESTS",
        "test_double",
        2,
    ),
    solution(
        "def mean(x):\n    ### BEGIN SOLUTION\n    return np.sum(x) / len(x)\n    ### END SOLUTION",
        "mean",
    ),
    asserts(
        "assert mean(np.array([1.0, 3.0])) == 2, 'the mean of 1 and 3 is 2'\n"
        "### BEGIN HIDDEN TESTS\n"
        "assert mean(np.arange(5)) == 2, 'the mean is wrong'\n"
        "### END HIDDEN TESTS",
        "test_mean",
        3,
    ),
    written("Explain what a mean is.", "explain", 1),
)
#: What a student writes to earn all points that a machine can give.
RIGHT = {
    "double": "def double(x):\n    return x + x",
    "mean": "def mean(x):\n    return np.mean(x)",
    "explain": "A mean is a sum divided by a count.",
}


def write_course(
    root: Path,
    *cells: NotebookNode,
    config: str = PLUGIN,
    assignment: str = "ps1",
    name: str = "p1",
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write a course of one assignment with one notebook and generate its release."""
    source = root / "source" / assignment
    source.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook(*(cells or PROBLEM)), source / f"{name}.ipynb")
    for path, text in (files or {}).items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text)
    configure(root, config)
    generate(root, assignment)
    return root


def configure(root: Path, lines: str) -> None:
    """Write the course's nbgrader_config.py."""
    (root / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.course_id = 'tests'\n{lines}"
    )


def generate(root: Path, assignment: str = "ps1") -> None:
    """Generate an assignment's release, as the instructor does."""
    done = api(root).generate_assignment(assignment)
    assert done["success"], done


def api(root: Path) -> NbGraderAPI:
    """Return nbgrader's own API, configured as formgrader's server extension does it."""
    with opened(root) as course:
        settings = Config(course.app.config)
        settings.CourseDirectory.root = str(root)
        return NbGraderAPI(config=settings)


@contextlib.contextmanager
def opened(root: Path) -> Iterator[Course]:
    """Open a course and close what nbgrader leaves open."""
    yield open_course(root)


def released(root: Path, assignment: str = "ps1", name: str = "p1") -> NotebookNode:
    """Return a released notebook, as a student gets it."""
    return nbformat.read(root / "release" / assignment / f"{name}.ipynb", as_version=4)


def fill(release: NotebookNode, cells: Mapping[str, str]) -> NotebookNode:
    """Write a student's answers into a released notebook."""
    for cell in release.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in cells:
            cell.source = cells[name]
    return release


def submit(
    root: Path,
    student: str,
    answers: Mapping[str, str] | NotebookNode | bytes | None = None,
    *,
    assignment: str = "ps1",
    name: str = "p1",
    files: Mapping[str, str] | None = None,
    timestamp: str | None = None,
) -> Path:
    """Put a submission where ``nbgrader collect`` would: answers, a whole notebook, or bytes."""
    folder = root / "submitted" / student / assignment
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.ipynb"
    if isinstance(answers, bytes):
        path.write_bytes(answers)
    elif isinstance(answers, NotebookNode):
        nbformat.write(answers, path)
    else:
        filled = fill(released(root, assignment, name), RIGHT if answers is None else answers)
        nbformat.write(filled, path)
    for place, text in (files or {}).items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text)
    if timestamp:
        (folder / "timestamp.txt").write_text(timestamp)
    return path


def copy(template: Path, target: Path) -> Path:
    """Copy a course, its gradebook too."""
    shutil.copytree(template, target, dirs_exist_ok=True)
    return target


def prepared(root: Path, student: str, *, force: bool = False) -> Prepared:
    """Prepare one submission of ``ps1``."""
    course = open_course(root)
    with Ledger(course.directory.db_url, course.directory.course_id) as ledger:
        return Prepare(course, ledger, course.load(ledger, "ps1"), force=force).prepare(student)


def record(root: Path, ready: Prepared, *executions: Execution) -> Graded:
    """Record what came back for one submission of ``ps1``."""
    course = open_course(root)
    with Ledger(course.directory.db_url, course.directory.course_id) as ledger:
        return Record(course, ledger, course.load(ledger, "ps1")).record(ready, executions)


def grades(root: Path, student: str, assignment: str = "ps1") -> dict[str, tuple[Any, bool]]:
    """Return from the gradebook the automatic score of each cell, and if a person must look."""
    with opened(root) as course, course.gradebook() as gradebook:
        return {
            grade.name: (grade.auto_score, grade.needs_manual_grade)
            for book in gradebook.find_submission(assignment, student).notebooks
            for grade in book.grades
        }


def scores(root: Path, student: str, assignment: str = "ps1") -> dict[str, float | None]:
    """Return from the gradebook the automatic score of each cell."""
    return {name: points for name, (points, _) in grades(root, student, assignment).items()}


def descendants(pid: int) -> set[int]:
    """Return the processes that a process started, directly or not."""
    children: dict[int, set[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            words = stat.read_text().rpartition(")")[2].split()
            children.setdefault(int(words[1]), set()).add(int(stat.parent.name))
    found, front = set(), [pid]
    while front:
        below = children.get(front.pop(), set())
        found |= below
        front += below
    return found


def wait_for(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def alive(pids: Iterable[int]) -> set[int]:
    """Return which of these processes still run."""
    found = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.add(pid)
    return found


def in_use(pids: Iterable[int]) -> set[Path]:
    """Return the directories that these processes have locked."""
    found = set()
    for link in (link for pid in pids for link in Path(f"/proc/{pid}/fd").glob("*")):
        with contextlib.suppress(OSError):  # just closed
            found.add(str(link.readlink()))
    return {Path(name).parent for name in found if re.fullmatch(r"/tmp/ag-\w+/lock", name)}
