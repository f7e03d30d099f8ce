"""Reads schedules as Kubernetes does, which differs from some versions of cron.

A field is a list of ``*``, a number, a range, or one of these with a step. Months and weekdays may
have English names of three letters. There is no ``L`` and no ``#``, Sunday is 0 and not 7, and a
range does not run backwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_PART = re.compile(r"(?P<first>[*?]|\w+)(-(?P<last>\w+))?(/(?P<step>\w+))?")


@dataclass(frozen=True)
class Field:
    """One field of a schedule: its name, its bounds, and words for numbers."""

    name: str
    least: int
    most: int
    words: Mapping[str, int] = field(default_factory=dict)


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day", 1, 31),
    Field("month", 1, 12, {word: number for number, word in enumerate(_MONTHS, 1)}),
    Field("weekday", 0, 6, {word: number for number, word in enumerate(_DAYS)}),
)


def faults(schedule: str) -> Iterator[tuple[str, str, str]]:
    """Say what Kubernetes refuses in a schedule.

    Parameters
    ----------
    schedule : str
        Five fields with blanks between them.

    Yields
    ------
    tuple of str, str and str
        The field's name, what stands there, and the end of a sentence that says what to write. One
        for all fields where there are not five.
    """
    words = schedule.split()
    if len(words) != len(FIELDS):
        what = "write minute, hour, day, month and weekday, such as '15 8 * * 1-6'"
        yield "schedule", schedule, what
        return
    for one, text in zip(FIELDS, words, strict=True):
        for part in filter(None, text.split(",")):
            if do := _fault(one, part):
                yield one.name, part, do


def _fault(one: Field, part: str) -> str:
    """Return what to write instead of a part of a field; nothing where it is right."""
    found = _PART.fullmatch(part)
    bounds = f"write {one.least} to {one.most}"
    if not found:
        return f"{bounds}, '*', a range or a list"
    if found["step"] is not None and (not _digits(found["step"]) or int(found["step"]) < 1):
        return "write a step of 1 or more"
    if found["first"] in "*?":
        return ""
    numbers = [_number(one, word) for word in (found["first"], found["last"]) if word is not None]
    if None in numbers:
        words = f", or {', '.join(one.words)}" if one.words else ""
        return bounds + words
    if not all(number is not None and one.least <= number <= one.most for number in numbers):
        return bounds
    if numbers != sorted(numbers, key=lambda number: number or 0):
        return "write the smaller one first, or a list of both ends"
    return ""


def _number(one: Field, word: str) -> int | None:
    return int(word) if _digits(word) else one.words.get(word.lower())


def _digits(word: str) -> bool:
    return word.isascii() and word.isdigit()
