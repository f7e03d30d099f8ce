"""Reads the syllabus: six days, their lectures, and what each lecture asks for."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from course.errors import CourseError, choose_from

# What a lecture may ask for; hub_config says which machine each name stands for.
COMPUTE_PROFILES = ("cpu-small", "cpu-large", "gpu-shared", "gpu-slice", "gpu-whole")

_NAME = re.compile(r"day([1-9])_[a-z][a-z0-9_]*")
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
        """Every lecture, in teaching order."""
        return tuple(lecture for day in self.days for lecture in day.lectures)

    def assignments(self) -> tuple[Assignment, ...]:
        """Every assignment, in teaching order."""
        return tuple(lecture.assignment for lecture in self.lectures() if lecture.assignment)

    def lecture(self, name: str) -> Lecture:
        """Look up the lecture called `name`, or raise `SyllabusError` with the likeliest one."""
        found = {lecture.name: lecture for lecture in self.lectures()}
        if name not in found:
            raise SyllabusError(
                f"there is no lecture '{name}' in the syllabus; {choose_from(name, found)}"
            )
        return found[name]

    def assignment(self, name: str) -> Assignment:
        """Look up the assignment called `name`, or raise `SyllabusError` with the likeliest one."""
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
        If the file is not there, is not TOML, or says something that cannot be.
    """
    name = str(path) if path else "course/syllabus.toml"
    source = path or resources.files("course").joinpath("syllabus.toml")
    try:
        raw = tomllib.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SyllabusError(f"there is no syllabus at {name}; write one or name another") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SyllabusError(f"{name} is not valid TOML, so correct it: {error}") from None
    try:
        return _course(raw)
    except SyllabusError as error:
        raise SyllabusError(f"{name}: {error}") from None


def _course(raw: Mapping[str, Any]) -> Course:
    _check_keys(raw, "the syllabus", {"title": str, "days": list}, {})
    days = tuple(_day(day, number) for number, day in enumerate(raw["days"], start=1))
    course = Course(title=raw["title"], days=days)
    _check_unique((lecture.name for lecture in course.lectures()), "lecture")
    _check_unique((assignment.name for assignment in course.assignments()), "assignment")
    return course


def _day(raw: Any, number: int) -> Day:
    where = f"day {number}"
    _check_keys(raw, where, {"number": int, "title": str}, {"lectures": list})
    if raw["number"] != number:
        raise SyllabusError(
            f"{where} has number {raw['number']}; the days stand in order and count from 1, so "
            f"give it number {number}"
        )
    lectures = tuple(_lecture(lecture, number) for lecture in raw.get("lectures", []))
    return Day(number=number, title=raw["title"], lectures=lectures)


def _lecture(raw: Any, day: int) -> Lecture:
    where = _where("lecture", raw, day)
    required = {"name": str, "title": str, "modules": list, "compute": str}
    _check_keys(raw, where, required, {"assignment": dict})
    _check_name(raw["name"], where, day)
    for module in raw["modules"]:
        if not isinstance(module, str) or not _MODULE.fullmatch(module):
            raise SyllabusError(
                f"{where} has the module {module!r}; write the full name of a module in course/, "
                "such as 'course.gradient_descent'"
            )
    if raw["compute"] not in COMPUTE_PROFILES:
        raise SyllabusError(
            f"{where} asks for the compute profile '{raw['compute']}'; "
            f"{choose_from(raw['compute'], COMPUTE_PROFILES)}"
        )
    assignment = _assignment(raw["assignment"], day) if "assignment" in raw else None
    return Lecture(
        raw["name"], raw["title"], tuple(raw["modules"]), raw["compute"], assignment=assignment
    )


def _assignment(raw: Any, day: int) -> Assignment:
    where = _where("assignment", raw, day)
    _check_keys(raw, where, {"name": str, "points": (int, float)}, {})
    _check_name(raw["name"], where, day)
    if not 0 < raw["points"] < float("inf"):
        raise SyllabusError(
            f"{where} has {raw['points']} points; give the sum over its graded cells, above 0"
        )
    return Assignment(name=raw["name"], points=float(raw["points"]))


def _where(kind: str, raw: Any, day: int) -> str:
    name = raw.get("name") if isinstance(raw, Mapping) else None
    return f"{kind} '{name}'" if isinstance(name, str) else f"{kind} of day {day}"


def _check_keys(
    raw: Any,
    where: str,
    required: Mapping[str, type | tuple[type, ...]],
    optional: Mapping[str, type | tuple[type, ...]],
) -> None:
    """Refuse whatever is not a table with these keys and these types of values."""
    if not isinstance(raw, Mapping):
        raise SyllabusError(f"{where} is {raw!r}; write it as a table")
    known = {**required, **optional}
    for key in raw:
        if key not in known:
            raise SyllabusError(f"{where} has the unknown key '{key}'; {choose_from(key, known)}")
    for key in required:
        if key not in raw:
            raise SyllabusError(f"{where} has no '{key}'; add it")
    for key, value in raw.items():
        # In Python, though not in TOML, a truth value is an integer.
        if not isinstance(value, known[key]) or isinstance(value, bool):
            raise SyllabusError(f"{where} has '{key}' = {value!r}; write {_WANTED[known[key]]}")


_WANTED: Mapping[type | tuple[type, ...], str] = {
    str: "a string in quotes",
    int: "a whole number",
    (int, float): "a number",
    list: "a list",
    dict: "a table",
}


def _check_name(name: str, where: str, day: int) -> None:
    match = _NAME.fullmatch(name)
    if not match:
        raise SyllabusError(
            f"{where} is not named like 'day{day}_topic'; use small letters, digits and "
            "underscores after the day"
        )
    if int(match[1]) != day:
        raise SyllabusError(f"{where} stands under day {day}; move it to day {match[1]} or rename")


def _check_unique(names: Iterable[str], kind: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SyllabusError(f"the {kind} '{name}' is listed twice; keep one of them")
        seen.add(name)
