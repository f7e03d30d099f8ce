"""Reads ``custom:``, the settings that are ours among the chart's values.

The hub's pod reads them again, so this module and its own need nothing but the standard library.
"""

from __future__ import annotations

import difflib
import math
import re
import zoneinfo
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub_config.kubernetes import cron

#: Everybody who may log in is in this group, so it has no list.
STUDENTS = "students"
#: A box of the exchange has its owner's name, so a name is a folder's, and nobody's is the
#: instructors' own. Small letters, because two names must not differ by their case alone.
USERNAME = r"(?!instructor\Z)[a-z0-9][-_a-z0-9.@]{0,62}\Z"

_WORDS: dict[Any, str] = {str: "a text", int: "a whole number", float: "a number"}
#: The type of each setting; a list holds texts, and a mapping with the key "*" has any names.
_KNOWN: dict[str, Any] = {
    "release": str,
    "course": {"id": str},
    "images": {"cpu": str, "gpu": str, "grader": str},
    "groups": {"*": [str]},
    "provider_groups": {"*": str},
    "lti": {"context": str},
    "profiles": str,
    "volumes": {"shared_class": str, "shared_gib": int},
    "warm": {"schedule": str, "time_zone": str, "minutes": int, "seats": {"*": int}},
    "plan": {"days": int, "hours_per_day": float},
}
#: Helm's name of an installation; it stands before what a whole cluster shares.
RELEASE = "dlef"
_REQUIRED = ("course", "images", "volumes")


class CustomError(ValueError):
    """Our settings say something that cannot be; its arguments are the sentences."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


@dataclass(frozen=True)
class Warm:
    """Seats that are made ready before a class.

    Attributes
    ----------
    schedule : str
        When, as cron writes it: minute, hour, day, month, weekday.
    time_zone : str
        Such as ``Europe/Zurich``.
    minutes : int
        How long a seat waits for its student.
    seats : dict of str to int
        How many, by the name of a profile.
    """

    schedule: str
    time_zone: str
    minutes: int
    seats: dict[str, int]


@dataclass(frozen=True)
class Custom:
    """Our settings.

    Attributes
    ----------
    course : str
        nbgrader's name of the course.
    images : dict of str to str
        The full name of each image: cpu, gpu, grader.
    groups : dict of str to tuple of str
        Who is in which group of the hub.
    provider_groups : dict of str to str
        Which group of the hub comes from which group of whoever checks passwords.
    lti_context : str
        The one course of the learning platform that may enter; empty without LTI.
    profiles : str
        Path of a profiles.toml, from the target's file; empty for the one beside this package.
    shared_class : str
        Storage class of the shared volume; empty for the cluster's own choice.
    shared_gib : int
        Its size.
    warm : Warm or None
        Seats that are made ready before a class.
    plan : dict
        Days and hours, for what a class costs.
    release : str
        Helm's name of the installation.
    """

    course: str
    images: dict[str, str]
    groups: dict[str, tuple[str, ...]]
    provider_groups: dict[str, str]
    lti_context: str
    profiles: str
    shared_class: str
    shared_gib: int
    warm: Warm | None
    plan: dict[str, float] = field(default_factory=dict)
    release: str = RELEASE


def read(raw: Any, *, groups: Collection[str], profiles: Collection[str]) -> Custom:
    """Read the content of ``custom:``.

    Parameters
    ----------
    raw : mapping
        As the values have it.
    groups, profiles : collection of str
        The hub's groups and the names of its machines (`hub_config.machines.profiles`).

    Raises
    ------
    CustomError
        With a sentence for everything that cannot be.
    """
    if isinstance(raw, Mapping):  # null takes away, as Helm has it
        raw = {key: value for key, value in raw.items() if value is not None}
    problems = list(_misfits(raw, "custom", _KNOWN))
    if not problems:
        problems = [
            *(f"custom has no '{key}'; add it" for key in _REQUIRED if key not in raw),
            *_wrong_values(raw, groups, profiles),
        ]
    if problems:
        raise CustomError(*problems)
    return Custom(
        course=raw["course"]["id"],
        images=dict(raw["images"]),
        groups={name: tuple(people) for name, people in raw.get("groups", {}).items()},
        provider_groups=dict(raw.get("provider_groups", {})),
        lti_context=raw.get("lti", {}).get("context", ""),
        profiles=raw.get("profiles", ""),
        shared_class=raw["volumes"].get("shared_class", ""),
        shared_gib=raw["volumes"]["shared_gib"],
        warm=Warm(**raw["warm"]) if raw.get("warm") else None,
        plan=dict(raw.get("plan", {})),
        release=raw.get("release", RELEASE),
    )


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Name the known word that was probably meant, or all of them."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(sorted(known))}"


def _nearest(word: str, known: Collection[str]) -> str:
    """As `did_you_mean`, where there are too many to name."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean '{near[0]}'?" if near else "write one like 'Europe/Zurich'"


def _misfits(raw: Any, where: str, known: Any) -> Iterator[str]:
    """Yield what is wrong with the keys of a mapping and the types of their values."""
    if isinstance(known, list):
        if not isinstance(raw, list) or not all(isinstance(one, str) for one in raw):
            yield f"{where} is {raw!r}; write a list of texts"
    elif not isinstance(known, dict):
        wanted = (int, float) if known is float else known
        if not isinstance(raw, wanted) or isinstance(raw, bool):
            yield f"{where} is {raw!r}; write {_WORDS[known]}"
    elif not isinstance(raw, Mapping):
        yield f"{where} is {raw!r}; write a mapping"
    else:
        for key, value in raw.items():
            if key in known or "*" in known:
                yield from _misfits(value, f"{where}.{key}", known.get(key, known.get("*")))
            else:
                yield f"{where} has the unknown key '{key}'; {did_you_mean(str(key), known)}"


def _wrong_values(
    raw: Mapping[str, Any], groups: Collection[str], profiles: Collection[str]
) -> Iterator[str]:
    for section, keys in (("course", ("id",)), ("images", _KNOWN["images"])):
        for key in keys:
            if section in raw and not raw[section].get(key):
                yield f"custom.{section} has no '{key}'; add it"
    course = raw.get("course", {}).get("id", "")
    if course and not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", course):
        yield (
            f"custom.course.id is '{course}'; write small letters, digits and hyphens, because "
            "Kubernetes and nbgrader both use it as a name"
        )
    release = raw.get("release", RELEASE)
    if not re.fullmatch(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?", release):
        yield (
            f"custom.release is '{release}'; write small letters, digits and hyphens, at most 40, "
            "and give helm the same name"
        )
    listed = set(groups) - {STUDENTS}
    named = [("custom.groups", name) for name in raw.get("groups", {})]
    named += [
        (f"custom.provider_groups.{theirs}", ours)
        for theirs, ours in raw.get("provider_groups", {}).items()
    ]
    for where, group in named:
        if group == STUDENTS:
            yield (
                f"{where} names the group '{STUDENTS}', in which everybody is who may log in; "
                "remove it, and list people who may log in under hub.config"
            )
        elif group not in listed:
            yield f"{where} names the unknown group '{group}'; {did_you_mean(group, listed)}"
    for group, names in raw.get("groups", {}).items():
        for name in names:
            if not re.match(USERNAME, name.lower()):
                yield (
                    f"custom.groups.{group} lists '{name}', which is no name on this hub: letters, "
                    "digits and . _ - @ after the first, and not 'instructor'"
                )
    if "volumes" in raw and "shared_gib" not in raw["volumes"]:
        yield "custom.volumes has no 'shared_gib'; add it"
    elif "volumes" in raw and raw["volumes"]["shared_gib"] < 1:
        yield f"custom.volumes.shared_gib is {raw['volumes']['shared_gib']}; give it 1 or more"
    for key, value in raw.get("plan", {}).items():
        if not 0 < value < math.inf:
            yield f"custom.plan.{key} is {value}; give it more than 0"
        elif key == "hours_per_day" and value > 24:
            yield f"custom.plan.{key} is {value}, more than a day has; give it 24 or less"
    if raw.get("warm"):
        yield from _wrong_warm(raw["warm"], profiles)


def _wrong_warm(warm: Mapping[str, Any], profiles: Collection[str]) -> Iterator[str]:
    missing = [key for key in _KNOWN["warm"] if key not in warm]
    yield from (f"custom.warm has no '{key}'; add it" for key in missing)
    if missing:
        return
    for what, part, do in cron.faults(warm["schedule"]):
        where = f", where Kubernetes refuses the {what} '{part}'" * (part != warm["schedule"])
        yield f"custom.warm.schedule is '{warm['schedule']}'{where}; {do}"
    zones = zoneinfo.available_timezones()  # empty where the system has no list of them
    if zones and warm["time_zone"] not in zones:
        yield (
            f"custom.warm.time_zone is '{warm['time_zone']}', which is none; "
            f"{_nearest(warm['time_zone'], zones)}"
        )
    if warm["minutes"] < 1:
        yield f"custom.warm.minutes is {warm['minutes']}; give it 1 or more"
    for name, count in warm["seats"].items():
        if name not in profiles:
            yield f"custom.warm.seats names no profile: '{name}'; {did_you_mean(name, profiles)}"
        elif count < 1:
            yield f"custom.warm.seats.{name} is {count}; give it 1 or more, or remove it"
