"""Computes what the scores of a class say about the questions; pure."""

from __future__ import annotations

import math
import re
import statistics
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from autograder.model import CellScore, Graded, Protection

#: Fewer submissions than this say nothing about how a question discriminates.
ENOUGH = 5
#: Sums of points may differ by less than this and still be equal.
EPSILON = 1e-9
NUMBER = re.compile(r"[-+−]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Failure:
    """One way in which a question went wrong, and for whom."""

    message: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """One graded cell, over all submissions."""

    name: str
    max_points: float
    full: int
    partial: int
    none: int
    waiting: int  # for a person to give points
    difficulty: float | None
    discrimination: float | None
    failures: tuple[Failure, ...]
    shared: bool = False  # its test runs in one process with the student's code

    @property
    def scored(self) -> int:
        """The number of submissions that have points for it."""
        return self.full + self.partial + self.none


@dataclass(frozen=True)
class Bin:
    """One bar of the histogram: totals from ``low`` to below ``high``."""

    low: float
    high: float
    count: int


def difficulty(own: Sequence[float], most: float) -> float | None:
    """Return the mean share of a question's points: 1 when everybody had them all.

    Parameters
    ----------
    own : sequence of float
        Points of each submission for the question.
    most : float
        Points that it is worth.

    Returns
    -------
    float or None
        None if there are no submissions, or the question is worth nothing.
    """
    return statistics.fmean(own) / most if own and most > 0 else None


def discrimination(own: Sequence[float], rest: Sequence[float]) -> float | None:
    """Return the correlation between a question's points and the score on all the others.

    Leaving the question itself out of the score is the correction: a question always agrees with
    itself. None where it would mean nothing: few submissions, or no variation.

    Parameters
    ----------
    own : sequence of float
        Points of each submission for the question.
    rest : sequence of float
        Score of each submission on the other questions, in the same order.

    Returns
    -------
    float or None
        From −1 to 1.
    """
    if len(own) < ENOUGH or any(max(v) - min(v) < EPSILON for v in (own, rest)):
        return None
    return statistics.correlation(own, rest)


def histogram(totals: Sequence[float], most: float) -> tuple[Bin, ...]:
    """Count totals point by point, or, of many points, in at most ten steps of a round width.

    Full marks are a bar of their own, the last.

    Parameters
    ----------
    totals : sequence of float
        Points of each submission.
    most : float
        Points that the assignment is worth.

    Returns
    -------
    tuple of Bin
        From the lowest on.
    """
    steps = (step * 10.0**power for power in range(-2, 9) for step in (1, 2, 5))
    width = 1.0 if 5 <= most <= 25 else next((s for s in steps if most <= 10 * s), most)
    if most <= 0:
        return (Bin(0.0, 0.0, len(totals)),)
    number = math.ceil(most / width - EPSILON)
    place = Counter(
        number
        if total >= most - EPSILON
        else min(number - 1, max(0, math.floor(total / width + EPSILON)))
        for total in totals
    )
    below = [Bin(i * width, min((i + 1) * width, most), place[i]) for i in range(number)]
    return (*below, Bin(most, most, place[number]))


def common_failures(said: Iterable[tuple[str, str]]) -> tuple[Failure, ...]:
    """Group (student, message) pairs, most frequent first.

    Messages that differ only in their numbers are one; where the numbers differ stands a "#".

    Parameters
    ----------
    said : iterable of (str, str)
        Student and message, a pair for each lost point.

    Returns
    -------
    tuple of Failure
        Ties are in alphabetical order of the messages.
    """
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for student, message in said:
        first = clean(message).strip().partition("\n")[0]
        groups[NUMBER.sub("\0", first)].append((student, first))
    found = []
    for pattern, members in groups.items():
        columns = zip(*(NUMBER.findall(text) for _, text in members), strict=True)
        numbers = [column[0] if len(set(column)) == 1 else "#" for column in columns]
        words = pattern.split("\0")
        text = words[0] + "".join(n + word for n, word in zip(numbers, words[1:], strict=True))
        found.append(
            Failure(
                text or "Points were taken off without a message.",
                tuple(student for student, _ in members),
            )
        )
    return tuple(sorted(found, key=lambda one: (-len(one.students), one.message)))


def named(cells: Iterable[CellScore]) -> dict[str, CellScore]:
    """Return a submission's cells by name; notebooks may use one twice.

    Parameters
    ----------
    cells : iterable of CellScore
        Of one submission.

    Returns
    -------
    dict of str to CellScore
        A name that comes again gets a number: ``loss (2)``.
    """
    seen: Counter[str] = Counter()
    result = {}
    for cell in cells:
        seen[cell.grade_id] += 1
        again = seen[cell.grade_id]
        result[cell.grade_id if again == 1 else f"{cell.grade_id} ({again})"] = cell
    return result


def questions(results: Sequence[Graded]) -> tuple[Question, ...]:
    """Return the item analysis of an assignment, in the notebook's order.

    Parameters
    ----------
    results : sequence of Graded
        One per submission.

    Returns
    -------
    tuple of Question
    """
    rows = [(one.student, named(one.cells)) for one in results]
    fullest_first = sorted(rows, key=lambda row: -len(row[1]))
    order = dict.fromkeys(name for _, row in fullest_first for name in row)
    return tuple(
        _question(name, [(student, row) for student, row in rows if name in row]) for name in order
    )


#: Says where points come from; it is no reason for which some are missing.
BY_HAND = "A person gave the points."


def _question(name: str, rows: Sequence[tuple[str, dict[str, CellScore]]]) -> Question:
    most = rows[0][1][name].max_points
    own, pairs, failures, full = [], [], [], 0
    for student, row in rows:
        cell = row[name]
        if cell.points is None:
            continue
        # Its points may have been changed since somebody else was graded.
        points = cell.points * (most / cell.max_points if cell.max_points > 0 else 1)
        own.append(points)
        full += standing(cell) == "full"
        others = [c for key, c in row.items() if key != name and c.points is not None]
        if possible := sum(c.max_points for c in others):
            pairs.append((points, sum(c.points or 0.0 for c in others) / possible))
        if standing(cell) != "full" and cell.message != BY_HAND:
            failures.append((student, cell.message))
    none = sum(points <= EPSILON for points in own) if most > 0 else 0
    return Question(
        name=name,
        max_points=most,
        full=full,
        partial=len(own) - full - none,
        none=none,
        waiting=len(rows) - len(own),
        difficulty=difficulty(own, most),
        discrimination=discrimination([a for a, _ in pairs], [b for _, b in pairs]),
        failures=common_failures(failures),
        shared=any(row[name].protection == Protection.SHARED for _, row in rows),
    )


def standing(cell: CellScore) -> str:
    """Return how a cell is coloured: ``full``, ``partial``, ``none`` or ``waiting``.

    Parameters
    ----------
    cell : CellScore
        One graded cell.

    Returns
    -------
    str
    """
    if cell.points is None:
        return "waiting"
    if cell.points >= cell.max_points - EPSILON:
        return "full"
    return "partial" if cell.points > EPSILON else "none"


def attention(results: Sequence[Graded], notes: Mapping[str, Sequence[str]]) -> tuple[Failure, ...]:
    """Return why somebody has to look at submissions, and whose; ``notes`` are further reasons.

    Parameters
    ----------
    results : sequence of Graded
        One per submission.
    notes : mapping of str to sequence of str
        Further reasons, by student.

    Returns
    -------
    tuple of Failure
        A reason, and the students whom it concerns.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for one in results:
        reasons = list(notes.get(one.student, ()))
        if not one.cells:
            reasons.append(one.message or "There is no result.")
        for name, cell in named(one.cells).items():
            if cell.points is None:
                reasons.append(f"{name}: {cell.message or 'waits for a person to give points.'}")
        for reason in dict.fromkeys(reasons):
            found[clean(reason)].append(one.student)
    return tuple(Failure(reason, tuple(who)) for reason, who in found.items())


def duration(span: timedelta) -> str:
    """Return a time as people say it, in its two largest units, and never as nothing.

    Parameters
    ----------
    span : timedelta
        How long; more than zero.

    Returns
    -------
    str
        Such as ``2 days 3 h``, ``1 h 5 min`` or ``1 min``.
    """
    minutes = max(1, -(-int(span.total_seconds()) // 60))  # a second late is late
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "day" if days == 1 else "days"), (hours, "h"), (minutes, "min")]
    first = next(place for place, (number, _) in enumerate(parts) if number)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number)


def clean(text: str) -> str:
    """Drop what could not be shown or would disturb its surroundings: control characters.

    Parameters
    ----------
    text : str
        May come from a student.

    Returns
    -------
    str
        Line breaks stay.
    """
    return "".join(
        c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs")
    )
