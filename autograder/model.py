"""The frozen values that pass from one stage of grading to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class AutograderError(Exception):
    """Something the person at the keyboard can mend; its text says what and how."""


def visible(text: str) -> str:
    """Return a text without what would act on a terminal or hide in a log.

    Parameters
    ----------
    text : str
        Anything: an escape character moves a cursor or asks for an answer, and others change the
        direction of what follows.

    Returns
    -------
    str
        The text with a replacement character for each that is not printable; lines stay lines.
    """
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


#: The most that is shown of each thing that an exception says, in characters.
MOST_TOLD = 500


def told(error: BaseException) -> str:
    """Return an exception as `repr` does, in a length that a table can show.

    Parameters
    ----------
    error : BaseException
        It may quote what a student sent, however much that is: texts are cut before they are
        formatted.

    Returns
    -------
    str
        Its name and arguments.
    """
    cut = [one[:MOST_TOLD] if isinstance(one, str | bytes) else one for one in error.args]
    return f"{type(error).__name__}({', '.join(map(repr, cut))})"[: 4 * MOST_TOLD]


class Verdict(StrEnum):
    """How a cell, or a whole submission, ended."""

    PASS = "pass"
    FAIL = "fail"  # a test said no
    ERROR = "error"  # an exception other than a failed assertion
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASH = "crash"
    INTERNAL = "internal"  # our fault: shown to the instructor, never a zero


class Protection(StrEnum):
    """What stands between a test cell and the student's code."""

    SEPARATE = "separate"  # a process of its own
    SHARED = "shared"  # nothing: it runs in the student's process, and a score can be forged


#: Worst last.
SEVERITY = (
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.TIMEOUT,
    Verdict.MEMORY,
    Verdict.CRASH,
    Verdict.INTERNAL,
)

#: What is said of a cell in which nothing was written.
UNANSWERED = ("Not answered yet.", "No answer was given.")

#: What a student reads when the exception's own words would not help.
SENTENCES = {
    Verdict.TIMEOUT: "This cell did not finish within {limit}. "
    "Look for a loop that never ends, or work that can be vectorised.",
    Verdict.MEMORY: "This cell needed more than the {limits.memory_mb} MB of memory that a "
    "submission may use. Look for an array that is larger than the task needs.",
    Verdict.CRASH: "This cell ended the Python process ({detail}). Notebook code must not call "
    "exit functions or kill its own process.",
    Verdict.INTERNAL: "The grader failed, not this notebook ({detail}). "
    "The submission stays ungraded until it is graded again.",
}


#: What is said of a test cell that takes no points.
UNPROVEN = (
    "This test failed, and it fails for the author's own solution too: nobody loses points here. "
    "It waits for your instructor."
)

#: nbgrader's own marks around hidden tests; a course may have others.
HIDDEN_TESTS = ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS")


@dataclass(frozen=True)
class Limits:
    """What one submission may use while it is graded."""

    cell_cpu_seconds: float = 30.0  # processor time of one cell: a busy machine changes nothing
    cell_seconds: float = 120.0  # wall time of one cell
    cpu_seconds: int = 300  # processor time of the whole submission
    seconds: float = 900.0  # wall time of the whole submission
    memory_mb: int = 2048  # beyond what the zygote shares with it
    processes: int = 64
    open_files: int = 256
    file_mb: int = 100  # the largest file it may write
    scratch_mb: int = 256  # everything it may write
    output_kb: int = 1024  # shown by one cell
    notebook_output_kb: int = 10240  # shown by all cells together


@dataclass(frozen=True)
class Standing:
    """What the author's own solution has shown of one test cell."""

    notebook: str
    cell: str
    protection: Protection
    proven: bool  # the solution earns everything there
    kind: str = ""  # the exception that it met in a process of its own, if it met one
    why: str = ""  # what the test said there, for the author
    blank: float = 0.0  # the points of the release as it is


@dataclass(frozen=True)
class Proof:
    """What the author's own solution has shown of all test cells of an assignment."""

    standings: tuple[Standing, ...] = ()
    missing: str = ""  # why nothing has been shown

    def shared(self, notebook: str) -> tuple[str, ...]:
        """Return which test cells of a notebook share a process with the student's code."""
        return tuple(
            one.cell
            for one in self.standings
            if one.notebook == notebook and one.protection is Protection.SHARED
        )

    def unproven(self, notebook: str) -> tuple[str, ...]:
        """Return at which test cells of a notebook nobody loses points."""
        return tuple(
            one.cell for one in self.standings if one.notebook == notebook and not one.proven
        )


@dataclass(frozen=True)
class Job:
    """One prepared notebook, ready to be executed anywhere: bytes in, bytes out."""

    student: str
    assignment: str
    notebook: str  # nbgrader's notebook id: the file name without .ipynb
    content: bytes  # the sanitised notebook, as JSON
    files: tuple[tuple[str, bytes], ...] = ()  # what lies beside it: relative path, content
    seed: str = "0"  # hexadecimal; from the submission's content
    limits: Limits = field(default_factory=Limits)
    marks: tuple[str, str] = HIDDEN_TESTS  # what stands before and after hidden tests
    instructor_files: tuple[tuple[str, bytes], ...] = ()  # what the assignment puts beside it
    imports: str = ""  # what the assignment's own plain cells import, for the judge to run first
    changed: tuple[str, ...] = ()  # data of locked cells that the author's own solution changes
    assignment_hash: str = ""  # of all that the assignment brings into the grade
    submission_hash: str = ""  # of all files that were handed in
    resources: tuple[tuple[str, float], ...] = ()  # what a worker must offer, in Dask's words
    shared: tuple[str, ...] = ()  # the test cells that run in one process with the student's code
    kernel: str = ""  # of another language than Python, by the name that Jupyter has for it
    unproven: tuple[str, ...] = ()  # those that take no points, as the author's solution fails too


@dataclass(frozen=True)
class CellOutcome:
    """How one code cell ended."""

    index: int  # position among the notebook's cells
    verdict: Verdict
    seconds: float
    message: str = ""  # for the student; empty when all went well
    points: float | None = None  # the number that a test cell's last expression gave
    judged: bool = False  # it ran in the judge: its verdict is the judge's
    found: str = ""  # what that expression gave in the place of a number, if it did
    shared: bool = False  # it ran in one process with the student's code


@dataclass(frozen=True)
class Execution:
    """What came back for a `Job`."""

    job: Job
    content: bytes  # the executed notebook, as JSON
    cells: tuple[CellOutcome, ...]
    seconds: float
    failure: str = ""  # not empty: the grader itself failed, and nothing may be recorded
    cpu_seconds: float = 0.0  # processor time of the student's and the judge's processes
    judge_cpu_seconds: float = 0.0  # of which the judge's
    trouble: tuple[str, ...] = ()  # for the author: instructor's cells that failed in the judge


@dataclass(frozen=True)
class CellScore:
    """The points of one graded cell."""

    grade_id: str
    points: float | None  # None: waits for a person
    max_points: float
    verdict: Verdict
    message: str = ""  # why points were lost, in the student's terms
    protection: str = ""  # of a test cell, a `Protection`; empty where an older grader graded


@dataclass(frozen=True)
class Graded:
    """One submission of one student, as the table, the JSON and the report show it."""

    student: str
    assignment: str
    verdict: Verdict
    cells: tuple[CellScore, ...] = ()
    seconds: float = 0.0
    message: str = ""  # about the submission as a whole

    @property
    def outcome(self) -> str:
        """The verdict as people read it: what was left blank is no error."""
        errors = [c.message for c in self.cells if c.verdict is Verdict.ERROR]
        if self.verdict is not Verdict.ERROR or not errors or set(errors) - set(UNANSWERED):
            return str(self.verdict)
        blank = all(c.message in UNANSWERED and not c.points for c in self.cells)
        return "not answered" if blank else "partly answered"

    @property
    def points(self) -> float:
        """The sum of what the grader could score."""
        return sum(c.points or 0.0 for c in self.cells)

    @property
    def max_points(self) -> float:
        """The sum of what could be had."""
        return sum(c.max_points for c in self.cells)
