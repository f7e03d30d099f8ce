"""Reads the syllabus: six days, their lectures, and what each lecture needs."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

from course.errors import CourseError, choose_from

# What a lecture may ask for; hub_config says which machine each name stands for.
COMPUTE_PROFILES = ("cpu-small", "cpu-large", "gpu-shared", "gpu-slice", "gpu-whole")

ASSIGNMENT_NAME = re.compile(r"day([1-9])_[a-z][a-z0-9_]*")
_MODULE = re.compile(r"course(\.[a-z][a-z0-9_]*)+")


class SyllabusError(CourseError):
    """The syllabus says something that cannot be, or was asked for something it does not list."""


@dataclass(frozen=True)
class Assignment:
    """What is asked: the assignment's name and the points a perfect submission earns."""

    name: str
    points: float


@dataclass(frozen=True)
class Lecture:
    """What is taught in one sitting."""

    name: str
    title: str
    modules: tuple[str, ...]
    compute: str
    assignment: Assignment | None = None


@dataclass(frozen=True)
class Day:
    """One day of the course, numbered from 1."""

    number: int
    title: str
    lectures: tuple[Lecture, ...] = ()


@dataclass(frozen=True)
class Course:
    """The whole syllabus, in the order in which it is taught."""

    title: str
    days: tuple[Day, ...]

    def lectures(self) -> tuple[Lecture, ...]:
        """Every lecture, in teaching order.

        Returns
        -------
        tuple of Lecture
        """
        return tuple(lecture for day in self.days for lecture in day.lectures)

    def assignments(self) -> tuple[Assignment, ...]:
        """Every assignment, in teaching order.

        Returns
        -------
        tuple of Assignment
            Lectures without one are left out.
        """
        return tuple(lecture.assignment for lecture in self.lectures() if lecture.assignment)

    def lecture(self, name: str) -> Lecture:
        """Look up the lecture called `name`, or raise `SyllabusError` with the likeliest one.

        Parameters
        ----------
        name : str
            Such as ``day1_backprop``.

        Returns
        -------
        Lecture

        Raises
        ------
        SyllabusError
            If no lecture has this name.
        """
        found = {lecture.name: lecture for lecture in self.lectures()}
        if name not in found:
            raise SyllabusError(
                f"there is no lecture '{name}' in the syllabus; {choose_from(name, found)}"
            )
        return found[name]

    def assignment(self, name: str) -> Assignment:
        """Look up the assignment called `name`, or raise `SyllabusError` with the likeliest one.

        Parameters
        ----------
        name : str
            Such as ``day1_gradient_descent``.

        Returns
        -------
        Assignment

        Raises
        ------
        SyllabusError
            If no assignment has this name.
        """
        found = {assignment.name: assignment for assignment in self.assignments()}
        if name not in found:
            raise SyllabusError(
                f"there is no assignment '{name}' in the syllabus; {choose_from(name, found)}"
            )
        return found[name]


def load(path: Path | None = None) -> Course:
    """Read a syllabus.

    Parameters
    ----------
    path : Path, optional
        The TOML file to read instead of the one installed with the course.

    Returns
    -------
    Course
        The days in order, each with its lectures in order.

    Raises
    ------
    SyllabusError
        If the file is not there, is not TOML, or says what cannot be: a line for each fault.
    """
    name = str(path) if path else "course/syllabus.toml"
    source = path or resources.files("course").joinpath("syllabus.toml")
    try:
        raw = tomllib.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SyllabusError(f"there is no syllabus at {name}; write one or name another") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SyllabusError(f"{name} is not valid TOML, so correct it: {error}") from None
    if faults := list(_faults(raw)):
        raise SyllabusError("\n".join(f"{name}: {fault}" for fault in faults))
    return Course(raw["title"], tuple(map(_day, raw["days"])))


def _day(raw: Mapping[str, Any]) -> Day:
    return Day(raw["number"], raw["title"], tuple(map(_lecture, raw.get("lectures", []))))


def _lecture(raw: Mapping[str, Any]) -> Lecture:
    asked = raw.get("assignment")
    assignment = Assignment(asked["name"], float(asked["points"])) if asked else None
    return Lecture(raw["name"], raw["title"], tuple(raw["modules"]), raw["compute"], assignment)


Types: TypeAlias = type | tuple[type, ...]


def _faults(raw: Any) -> Iterator[str]:
    """Say all that is wrong: an author who mends one fault at a time runs this once for each."""
    yield from _key_faults(raw, "the syllabus", {"title": str, "days": list}, {})
    days = _part(raw, "days", list)
    for number, day in enumerate(days, start=1):
        yield from _day_faults(day, number)
    lectures = [lecture for day in days for lecture in _part(day, "lectures", list)]
    yield from _twice((_part(one, "name", str) for one in lectures), "lecture")
    asked = (_part(one, "assignment", dict) for one in lectures)
    yield from _twice((_part(one, "name", str) for one in asked), "assignment")


def _day_faults(raw: Any, number: int) -> Iterator[str]:
    where = f"day {number}"
    yield from _key_faults(raw, where, {"number": int, "title": str}, {"lectures": list})
    said = _part(raw, "number", int)
    if said is not None and said != number:
        yield (
            f"{where} has number {said}; the days stand in order and count from 1, so "
            f"give it number {number}"
        )
    for lecture in _part(raw, "lectures", list):
        yield from _lecture_faults(lecture, number)


def _lecture_faults(raw: Any, day: int) -> Iterator[str]:
    where = _where("lecture", raw, day)
    required = {"name": str, "title": str, "modules": list, "compute": str}
    yield from _key_faults(raw, where, required, {"assignment": dict})
    yield from _name_faults(_part(raw, "name", str), where, day)
    for module in _part(raw, "modules", list):
        if not isinstance(module, str) or not _MODULE.fullmatch(module):
            yield (
                f"{where} has the module {module!r}; write the full name of a module in course/, "
                "such as 'course.gradient_descent'"
            )
    compute = _part(raw, "compute", str)
    if compute is not None and compute not in COMPUTE_PROFILES:
        yield (
            f"{where} asks for the compute profile '{compute}'; "
            f"{choose_from(compute, COMPUTE_PROFILES)}"
        )
    asked = _part(raw, "assignment", dict)
    if asked is not None:
        yield from _assignment_faults(asked, day)


def _assignment_faults(raw: Any, day: int) -> Iterator[str]:
    where = _where("assignment", raw, day)
    yield from _key_faults(raw, where, {"name": str, "points": (int, float)}, {})
    yield from _name_faults(_part(raw, "name", str), where, day)
    points = _part(raw, "points", (int, float))
    if points is not None and not 0 < points < float("inf"):
        yield f"{where} has {points} points; give the sum over its graded cells, above 0"


def _where(kind: str, raw: Any, day: int) -> str:
    name = _part(raw, "name", str)
    return f"{kind} of day {day}" if name is None else f"{kind} '{name}'"


def _part(raw: Any, key: str, types: Types) -> Any:
    """Return a value of the right type; where there is none, an empty list, or None."""
    value = raw.get(key) if isinstance(raw, Mapping) else None
    # In Python, though not in TOML, a truth value is an integer.
    if isinstance(value, types) and not isinstance(value, bool):
        return value
    return [] if types is list else None


def _key_faults(
    raw: Any, where: str, required: Mapping[str, Types], optional: Mapping[str, Types]
) -> Iterator[str]:
    """Say how something is no table with these keys and these types of values."""
    if not isinstance(raw, Mapping):
        yield f"{where} is {raw!r}; write it as a table"
        return
    known = {**required, **optional}
    missing = [key for key in required if key not in raw]
    for key, value in raw.items():
        if key not in known:
            advice = choose_from(key, known)
            yield f"{where} has the unknown key '{key}'; {advice}"
            # Whoever misspelt a key has not left it out.
            missing = [one for one in missing if advice != f"did you mean '{one}'?"]
        elif not isinstance(value, known[key]) or isinstance(value, bool):
            yield f"{where} has '{key}' = {value!r}; write {_WANTED[known[key]]}"
    for key in missing:
        yield f"{where} has no '{key}'; add it"


_WANTED: Mapping[Types, str] = {
    str: "a string in quotes",
    int: "a whole number",
    (int, float): "a number",
    list: "a list",
    dict: "a table",
}


def _name_faults(name: str | None, where: str, day: int) -> Iterator[str]:
    match = ASSIGNMENT_NAME.fullmatch(name or "")
    if name is not None and not match:
        yield (
            f"{where} is not named like 'day{day}_topic'; use small letters, digits and "
            "underscores after the day"
        )
    if match and int(match[1]) != day:
        yield f"{where} stands under day {day}; move it to day {match[1]} or rename"


def _twice(names: Iterable[str | None], kind: str) -> Iterator[str]:
    for name, times in Counter(names).items():
        if name is not None and times > 1:
            often = "twice" if times == 2 else f"{times} times"
            yield f"the {kind} '{name}' is listed {often}; keep one of them"
