"""Estimates what a target costs: nodes, accelerators and money, per hour and for the whole course.

Servers of one profile fill a node as far as processors guaranteed, memory and accelerators go; the
cloud bills whole nodes. What a class does comes from the syllabus: the hours of a day are shared
evenly by its lectures, each with the machine that it asks for.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

from course.syllabus import Course, Day
from course.syllabus import load as load_syllabus
from hub_config import defaults
from hub_config.check.values import at
from hub_config.cost.bill import Disks, Plan, Row
from hub_config.graders import kubernetes as grading
from hub_config.kubernetes import manifests
from hub_config.kubernetes import target as targets
from hub_config.machines import node_pools
from hub_config.machines.node_pools import CORE, Pools
from hub_config.machines.profiles import Profile, Profiles
from hub_config.machines.quantities import GIB, QuantityError, parse
from hub_config.roles import INSTRUCTORS, STUDENTS

DAYS, HOURS_PER_DAY = 6, 8.0
#: After the class, until the hub stops servers that nobody uses.
IDLE_HOURS = defaults.SERVER_IDLE_S / 3600
#: What the chart's pods ask for: where that stands, and how many of them there are.
_CORE_PODS = (
    ("hub.resources", 1),
    ("proxy.chp.resources", 1),
    ("proxy.traefik.resources", 1),
    ("proxy.secretSync.resources", 1),
    ("scheduling.userScheduler.resources", 2),
)


class PlanError(ValueError):
    """There is nothing to reckon with; the text says what to give."""


def plan(target: targets.Target, students: int, syllabus: Course | None = None) -> Plan:
    """Reckon what a target costs for so many students.

    Parameters
    ----------
    target : Target
        As `hub_config.kubernetes.target.load` has read it.
    students : int
        All at work at the same time.
    syllabus : Course, optional
        What is taught; the course's own if left out.

    Raises
    ------
    PlanError
        If there are no students, or no machine for them.
    ProfileError
        If the profiles' file does not say what nodes cost.
    """
    if students < 1:
        raise PlanError(f"found {students} students, expected 1 or more; write --students N")
    syllabus = syllabus or load_syllabus()
    found = node_pools.load(target.profiles, target.profiles_path)
    days = int(target.custom.plan.get("days", DAYS))
    hours = float(target.custom.plan.get("hours_per_day", HOURS_PER_DAY))
    instructors = len(target.custom.groups.get(INSTRUCTORS, ()))
    servers = students + instructors
    taught = [next((d for d in syllabus.days if d.number == n), None) for n in range(1, days + 1)]
    classes = [
        row
        for number, day in enumerate(taught, start=1)
        for row in _lessons(number, day, hours, servers, target.profiles, found)
    ]
    return Plan(
        name=target.name,
        students=students,
        instructors=instructors,
        days=days,
        currency=target.profiles.currency,
        classes=tuple(classes),
        always=tuple(_always(target, found, days)),
        grading=tuple(_graded(syllabus, students, target.profiles, found)),
        offered=tuple(_offered(target, found, servers)),
        disks=tuple(_disks(target, found, servers)),
        notes=(*_notes(taught, classes), *_too_few_seats(target, students)),
    )


def costs() -> tuple[dict[str, float], float]:
    """Return the measured processor seconds of one submission, by assignment; and of any other."""
    text = resources.files("hub_config.cost").joinpath("costs.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    return dict(raw["cpu_seconds"]), max(raw["cpu_seconds"].values())


def _lessons(
    number: int, day: Day | None, hours: float, servers: int, profiles: Profiles, found: Pools
) -> Iterator[Row]:
    """Yield a day's machines in the order of its lectures; the last runs until it is idle."""
    asked = [lecture.compute for lecture in day.lectures] if day else []
    asked = asked or [_default(profiles).name]
    names = list(dict.fromkeys(asked))
    for name in names:
        profile = profiles.profile(name)
        pool = found.of(profile)
        spent = hours * asked.count(name) / len(asked) + IDLE_HOURS * (name == names[-1])
        nodes = pool.nodes(profile, servers)
        yield Row(f"day {number}", profile, servers, pool, nodes, spent)


def _default(profiles: Profiles) -> Profile:
    allowed = profiles.allowed({STUDENTS})
    if not allowed:
        raise PlanError(f"no profile is for the group {STUDENTS}; add it to the groups of one")
    return allowed[0]  # what the start page suggests


def _always(target: targets.Target, found: Pools, days: int) -> Iterator[Row]:
    core = found.pools[CORE]
    cpu, memory = _core(target)
    nodes = max(1, -int(-cpu // core.cpu), -int(-memory // core.memory_gib))
    yield Row("the hub, day and night", None, 1, core, nodes, 24.0 * days)
    warm = target.custom.warm
    for name, seats in warm.seats.items() if warm else ():
        profile = target.profiles.profile(name)
        pool = found.of(profile)
        hours = days * warm.minutes / 60 if warm else 0.0
        yield Row("warm seats", profile, seats, pool, pool.nodes(profile, seats), hours)


def _core(target: targets.Target) -> tuple[float, float]:
    """Return the processors, and GiB, that the hub's own pods ask for."""
    asked = [(at(target.values, f"{where}.requests"), n, where) for where, n in _CORE_PODS]
    objects = [
        *manifests.manifests(target),
        *grading.manifests(target.values, target.profiles),
    ]
    for one in objects:
        if one["kind"] == "Deployment":
            pod = one["spec"]["template"]["spec"]
            name, count = one["metadata"]["name"], one["spec"]["replicas"]
            for container in pod["containers"]:
                asked.append((container["resources"]["requests"], count, name))
    cpu, memory = (
        sum(
            n * _amount(f"{where}.requests.{what}", wanted.get(what, 0))
            for wanted, n, where in asked
            if wanted
        )
        for what in ("cpu", "memory")
    )
    return cpu, memory / GIB


def _amount(where: str, quantity: Any) -> float:
    """Return an amount as a number, or say where the one is that is none."""
    try:
        return parse(quantity)
    except QuantityError as error:
        raise PlanError(f"{where} is {quantity!r}; {error}") from None


def _graded(syllabus: Course, students: int, profiles: Profiles, found: Pools) -> Iterator[Row]:
    """Yield what grading every student's submissions once takes: a worker on a node of its own."""
    measured, other = costs()
    seconds: dict[str, float] = {}
    counted: dict[str, int] = {}
    for lecture in syllabus.lectures():
        if lecture.assignment:
            each = measured.get(lecture.assignment.name, other)
            seconds[lecture.compute] = seconds.get(lecture.compute, 0.0) + each * students
            counted[lecture.compute] = counted.get(lecture.compute, 0) + students
    for name, spent in seconds.items():
        profile = profiles.profile(name)
        hours = spent / grading.slots(profile) / 3600
        what = f"{counted[name]} submissions"
        yield Row(what, profile, 1, found.of(profile), 1, hours)


def _offered(target: targets.Target, found: Pools, servers: int) -> Iterator[Row]:
    """Yield what one hour of each machine costs, if all who may use it take it at once."""
    listed = target.custom.groups
    for profile in target.profiles.profiles:
        members = {name for group in profile.groups for name in listed.get(group, ())}
        count = servers if STUDENTS in profile.groups else len(members)
        pool = found.of(profile)
        yield Row(profile.title, profile, count, pool, pool.nodes(profile, count), 1.0)


def _disks(target: targets.Target, found: Pools, servers: int) -> Iterator[Disks]:
    values: Mapping[str, Any] = target.values
    home, hub = (
        _amount(where, at(values, where) or usual) / GIB
        for where, usual in (("singleuser.storage.capacity", "10Gi"), ("hub.db.pvc.storage", "1Gi"))
    )
    yield Disks(f"{servers} homes of {home:g} GiB", servers * home, found.disk_per_gib_month)
    yield Disks("the hub's database", hub, found.disk_per_gib_month)
    shared = target.custom.shared_gib
    yield Disks("the shared volume", float(shared), found.shared_per_gib_month)


def _notes(taught: list[Day | None], classes: list[Row]) -> Iterator[str]:
    empty = [str(n) for n, day in enumerate(taught, start=1) if not day or not day.lectures]
    if empty:
        yield (
            f"The syllabus lists no lecture for day {', '.join(empty)}: the machine that the start "
            "page suggests is counted."
        )
    long = [row.profile for row in classes if row.profile and row.hours > row.profile.max_hours]
    for profile in {one.name: one for one in long}.values():
        yield (
            f"A server '{profile.title}' ends after {profile.max_hours:g} hours, so students start "
            "a second one in a longer lesson."
        )


def _too_few_seats(target: targets.Target, students: int) -> Iterator[str]:
    warm = target.custom.warm
    for name, seats in warm.seats.items() if warm else ():
        if seats < students:
            yield (
                f"{seats} of {students} students find a warm seat '{name}'; the others may wait "
                "for a node, five to fifteen minutes: custom.warm.seats says how many there are."
            )
