"""Puts results into tables and sentences for a terminal; prints nothing."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from autograder.model import SEVERITY, Graded, Proof, Protection, Verdict, visible

if TYPE_CHECKING:
    from autograder.doctor.machine import Fact
    from autograder.report.timings import Timing
    from autograder.verify.replay import Condition
    from autograder.verify.verify import Verification

#: Colours of verdicts.
COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "yellow", Verdict.INTERNAL: "bold red"}
#: How many names stand for all, and how many slow submissions are named.
NAMES, SLOWEST = 5, 3
#: A submission that takes that many times the median, and that many seconds more, is notable.
TIMES, SECONDS = 2, 1.0


def plain(text: str) -> str:
    """Return what somebody wrote without what would move a cursor, or be taken for our markup.

    Parameters
    ----------
    text : str
        May come from a student.

    Returns
    -------
    str
        Safe to print with rich.
    """
    return escape(visible(text))


def table(results: Sequence[Graded], late: Mapping[str, float] | None = None) -> Table:
    """Return the table of results, with the reason for every lost point.

    ``late`` has the points that students lose for being late.

    Parameters
    ----------
    results : sequence of Graded
        One per submission.
    late : mapping of str to float, optional
        Points lost for being late, by student.

    Returns
    -------
    rich.table.Table
    """
    shown = _table(
        plain(results[0].assignment) if results else "nothing to grade",
        ("student", "points>", "verdict", "why points were lost~", "s>"),
    )
    for one in results:
        lost: dict[str, list[str]] = {}  # the same reason is told once
        for cell in one.cells:
            if cell.points is None or cell.points < cell.max_points:
                reason = _first_line(cell.message) or "waits for a person to grade it"
                lost.setdefault(reason, []).append(f"{cell.grade_id} (of {cell.max_points:g})")
        reasons = [f"{', '.join(cells)}: {reason}" for reason, cells in lost.items()]
        penalty = (late or {}).get(one.student, 0.0)
        if one.cells and penalty:
            reasons.append(f"late: −{penalty:g}")
        colour = COLOURS.get(one.verdict, "red")
        shown.add_row(
            plain(one.student),
            f"{max(0.0, one.points - penalty):g} / {one.max_points:g}" if one.cells else "–",
            f"[{colour}]{one.outcome}[/]",
            plain("\n".join([one.message] * bool(one.message) + reasons)),
            f"{one.seconds:.1f}",
        )
    return shown


def proof(assignment: str, found: Proof) -> Iterator[str]:
    """Yield what an instructor should know of the tests before their verdicts count.

    Parameters
    ----------
    assignment : str
        Its name.
    found : Proof
        How the author's own solution and the release fared.

    Yields
    ------
    str
        One sentence or two.
    """
    if found.missing:
        yield plain(
            f"The author's own solution of {assignment} was not graded first, as {found.missing}: "
            "whether a test marks right answers down is not known."
        )
    for one in found.standings:
        if not one.proven:
            said = f" It says: {one.why}" if one.why else ""
            yield plain(
                f"{one.cell}: the author's own solution does not earn its points either, so who "
                f"fails there stays ungraded.{said}"
            )
        if one.blank:
            yield plain(f"{one.cell}: the release earns {one.blank:g} as it is, without an answer.")
    shared = [one.cell for one in found.standings if one.protection is Protection.SHARED]
    if shared:
        yield plain(
            f"{len(shared)} of {len(found.standings)} tests run in one process with the student's "
            f"code, where a score can be forged: {', '.join(shared)}. 'autograder verify "
            f"{assignment}' says why."
        )


def summary(results: Sequence[Graded]) -> Iterator[str]:
    """Yield who is affected by which verdict, and which submissions took notably long.

    Parameters
    ----------
    results : sequence of Graded
        One per submission.

    Yields
    ------
    str
        One sentence.
    """
    told = [
        f"{len(students)} {outcome}" + f" ({names(students)})" * (outcome != Verdict.PASS)
        for outcome, students in reversed(by_outcome(results))
    ]
    if len(results) > 1:
        yield plain(f"Verdicts: {', '.join(told)}.")
    usual = statistics.median(one.seconds for one in results) if results else 0.0
    slow = [one for one in results if one.seconds > max(TIMES * usual, usual + SECONDS)]
    slow = sorted(slow, key=lambda one: -one.seconds)[:SLOWEST]
    if slow and len(results) > 1:
        said = ", ".join(f"{one.student} {one.seconds:.1f} s" for one in slow)
        yield plain(f"Slowest: {said} (median {usual:.1f} s).")


def by_outcome(results: Sequence[Graded]) -> list[tuple[str, list[str]]]:
    """Return who is affected by each outcome that there is, the worst last.

    Parameters
    ----------
    results : sequence of Graded
        One per submission.

    Returns
    -------
    list of (str, list of str)
        Outcome and students.
    """
    found: dict[str, list[str]] = {}
    for one in sorted(results, key=lambda one: (SEVERITY.index(one.verdict), one.outcome)):
        found.setdefault(one.outcome, []).append(one.student)
    return list(found.items())


def names(students: Sequence[str]) -> str:
    """Return a list of names that is not too long.

    Parameters
    ----------
    students : sequence of str
        User names.

    Returns
    -------
    str
        Such as ``ada, ben``; after `NAMES` names, how many others there are.
    """
    more = len(students) - NAMES
    shown = ", ".join(students[: NAMES if more > 1 else NAMES + 1])
    return f"{shown} and {more} others" if more > 1 else shown


def timings(found: Sequence[Timing]) -> Table:
    """Return how long each cell took.

    Parameters
    ----------
    found : sequence of Timing
        One per cell.

    Returns
    -------
    rich.table.Table
    """
    shown = _table("Seconds by cell", ("cell~", "median>", "worst>", "whose~", "runs>"))
    for one in found:
        shown.add_row(
            plain(one.cell), f"{one.median:.2f}", f"{one.worst:.2f}", plain(one.who), str(one.runs)
        )
    return shown


def verified(found: Verification) -> Table:
    """Return how the reference solution fared.

    Parameters
    ----------
    found : Verification
        What `autograder verify` found.

    Returns
    -------
    rich.table.Table
    """
    shown = _table(
        f"{plain(found.assignment)}: the reference solution, graded {found.runs} times",
        ("cell~", "points>", "in full", "longest>", "untouched>", "nbgrader>", "protection"),
    )
    for one in found.cells:
        full = f"{one.full} of {len(one.scores)}" if one.test else "by a person"
        right = not one.test or (one.full == len(one.scores))
        shown.add_row(
            plain(one.name),
            f"{one.most:g}",
            full if right else f"[red]{full}[/]",
            f"{one.seconds:.2f} s",
            _number(one.untouched, red=bool(one.test and one.untouched)),
            _number(one.stock, red=one.test and one.stock != one.most),
            str(one.protection) if one.test else "",
        )
    return shown


def advice(found: Verification) -> Iterator[str]:
    """Yield what an author should do, a sentence or two each.

    Parameters
    ----------
    found : Verification
        What `autograder verify` found.

    Yields
    ------
    str
    """
    several = len({cell.notebook for cell in found.cells}) > 1
    for notebook, one in found.advice:
        yield plain(f"{notebook}, {one}" if several else str(one))
    yield from map(plain, found.findings)


def conditions(found: Sequence[Condition]) -> Table:
    """Return what a grade depends on, then and now.

    Parameters
    ----------
    found : sequence of Condition
        Each with its value then and now.

    Returns
    -------
    rich.table.Table
    """
    shown = _table("What the grade depends on", ("what", "then~", "now~"))
    for one in found:
        now = "the same" if one.same else f"[red]{plain(one.now)}[/]"
        shown.add_row(one.name, plain(one.then), now)
    return shown


def facts(found: Sequence[Fact]) -> Table:
    """Return what an examination found, and what to do.

    Parameters
    ----------
    found : sequence of Fact
        What `autograder doctor` found.

    Returns
    -------
    rich.table.Table
    """
    shown = _table("", ("what", "here", "meaning~"))
    for one in found:
        here = "[green]yes[/]" if one.available else "[red]no[/]" if one.needed else "[yellow]no[/]"
        remedy = f"\n[bold]{plain(one.remedy)}[/]" if one.remedy and not one.available else ""
        shown.add_row(plain(one.name), here, plain(one.meaning) + remedy)
    return shown


def _table(title: str, columns: Sequence[str]) -> Table:
    """Return an empty table; ``>`` marks a column of numbers, ``~`` one of sentences."""
    shown = Table(title=title or None, title_justify="left", show_lines=False)
    for column in columns:
        name = column.rstrip(">~")
        shown.add_column(
            name,
            justify="right" if column.endswith(">") else "left",
            no_wrap=not column.endswith("~"),
            overflow="fold" if column.endswith("~") else "ellipsis",
        )
    return shown


def _number(value: float | None, *, red: bool) -> str:
    shown = "–" if value is None else f"{value:g}"
    return f"[red]{shown}[/]" if red else shown


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
