"""Checks whether grading can start on this machine, in this course, with this engine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from autograder.coursedir import provenance
from autograder.coursedir.directory import Course, open_course
from autograder.dispatch.engine import Engine
from autograder.dispatch.remote_cluster import KeysError
from autograder.doctor import machine
from autograder.doctor.machine import Fact
from autograder.model import AutograderError
from autograder.settings import Autograder, check_directory


def examine(root: Path, *, scheduler: str = "") -> list[Fact]:
    """Return what was found, most important first.

    Parameters
    ----------
    root
        Where a course may be; if there is none, the machine alone is looked at.
    scheduler
        The address of a Dask scheduler that is to grade, if not the one that the course names.

    Returns
    -------
    list of Fact
        The machine first, then the engine, the versions and the course.
    """
    try:
        check_directory(root)
        course = open_course(root)
    except AutograderError as error:
        there = (root / "nbgrader_config.py").exists() or (root / "source").is_dir()
        remedy = "Mend it, or run this in a course directory or with --course DIR."
        settings = Autograder(scheduler=scheduler)
        none = Fact("course", False, str(error), remedy, needed=there)
        return [*_machine(settings), *_engine(settings), _versions(), none]
    settings = course.settings
    settings.scheduler = scheduler or settings.scheduler
    return [*_machine(settings), *_engine(settings), _versions(), *_course(course)]


def fit(facts: Sequence[Fact]) -> bool:
    """Return whether grading can start.

    Parameters
    ----------
    facts : sequence of Fact
        What `examine` found.

    Returns
    -------
    bool
        Whether everything that is needed is available.
    """
    return all(fact.available for fact in facts if fact.needed)


def _machine(settings: Autograder) -> list[Fact]:
    """Return what this machine offers; where others grade, or without walls, nothing is needed."""
    found = machine.facts(settings)
    if settings.scheduler or not settings.sandbox:
        return [replace(fact, needed=False) for fact in found]
    return found


def _versions() -> Fact:
    said = ", ".join(f"{name} {number}" for name, number in provenance.versions().items())
    return Fact("versions", True, f"{said}.", needed=False)


def _engine(settings: Autograder) -> Iterator[Fact]:
    """Yield whether the engine that the settings name can be had."""
    if not settings.scheduler:
        meaning = f"This machine grades, {settings.slots} submissions at a time."
        yield Fact("engine", True, meaning)
    else:
        yield _scheduler(settings)
    if settings.dashboard or settings.scheduler:
        bokeh = find_spec("bokeh") is not None
        meaning = "Dask's dashboard shows what the workers do."
        remedy = "" if bokeh else "pip install bokeh, where the scheduler runs."
        yield Fact("dashboard", bokeh, meaning, remedy, needed=False)


def _scheduler(settings: Autograder) -> Fact:
    try:
        with closing(Engine(settings)) as engine:
            engine.connect()
            slots = engine.slots
    except AutograderError as error:
        remedy = "Start one: `dask scheduler`, and `dask worker ADDRESS` on each machine."
        if isinstance(error, KeysError):
            remedy = "Give Dask the keys of that cluster; whoever runs it has them."
        return Fact("engine", False, str(error), remedy)
    answers = f"The Dask scheduler at {settings.scheduler} answers"
    if not slots:
        remedy = f"Start one on each machine: `dask worker {settings.scheduler}`; grading waits."
        return Fact("engine", False, f"{answers}, and has no worker.", remedy, needed=False)
    workers = "its worker grades" if len(slots) == 1 else f"its {len(slots)} workers grade"
    most = f"{sum(slots)} submission{'s' * (sum(slots) > 1)} at a time"
    return Fact("engine", True, f"{answers}; {workers} {most}.")


def _course(course: Course) -> Iterator[Fact]:
    """Yield what a course's own configuration and files are good for."""
    yield Fact("course", True, f"The configuration of {course.root} is accepted.", needed=False)
    absent = [str(path) for path in course.settings.directories if not path.is_dir()]
    if absent:
        meaning = f"c.Autograder.read_only names what is no directory: {', '.join(absent)}."
        yield Fact("data sets", False, meaning, "Make it, or take it from the list.")
    file = _file(course)
    if file is not None and not file.exists():  # to open it would be to make it
        yield _empty(f"There is no gradebook yet at {file}.")
        return
    try:
        with course.gradebook() as gradebook:
            assignments = sorted(one.name for one in gradebook.assignments if one.notebooks)
    except Exception as error:  # whatever SQLAlchemy, or a driver, has to say
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        meaning = f"The gradebook {course.directory.db_url} cannot be opened: {reason}."
        remedy = "See that the file is readable, or mend c.CourseDirectory.db_url."
        yield Fact("gradebook", False, meaning, remedy)
        return
    yield _gradebook(course, assignments)
    unknown = sorted(set(course.settings.resources) - set(assignments))
    if unknown:
        meaning = f"c.Autograder.resources speaks of no assignment here: {', '.join(unknown)}."
        yield Fact("resources", False, meaning, "See how the name is written.", needed=False)
    for name in assignments:
        yield from _assignment(course, name)


def _gradebook(course: Course, assignments: Sequence[str]) -> Fact:
    file = _file(course)
    if file is not None and not os.access(file, os.W_OK):
        return Fact("gradebook", False, f"{file} cannot be written to.", "Make it writable.")
    if not assignments:
        return _empty("There is no assignment in the gradebook yet.")
    return Fact("gradebook", True, f"It holds {', '.join(assignments)}.")


def _empty(meaning: str) -> Fact:
    return Fact("gradebook", False, meaning, "nbgrader generate_assignment NAME", needed=False)


def _file(course: Course) -> Path | None:
    """Return the gradebook's file, if it is one."""
    url = str(course.directory.db_url)
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def _assignment(course: Course, name: str) -> Iterator[Fact]:
    """Yield what would keep an assignment from being graded, or graded well."""
    found: Any
    with course.gradebook() as gradebook:
        try:
            found = course.load(gradebook, name)
        except AutograderError as error:
            yield Fact(name, False, str(error), "Mend the source and generate it again.")
            return
    source = course.folder("source", name)
    absent = [f"{book.name}.ipynb" for book in found.notebooks if not _there(source, book.name)]
    if absent:
        meaning = (
            f"{', '.join(absent)} is not in {source}: tests do not find what unmarked cells import."
        )
        remedy = "Put the source there, or see that locked cells import all that tests need."
        yield Fact(name, False, meaning, remedy, needed=False)


def _there(source: Path, name: str) -> bool:
    return (source / f"{name}.ipynb").is_file()
