"""Says what is wrong with the machines of a target: profiles, their nodes, and who needs which."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from course.syllabus import Course
from hub_config.machines import node_pools, profiles
from hub_config.machines.profiles import Profile, ProfileError, Profiles, choose_from
from hub_config.roles import INSTRUCTORS, STUDENTS

SHOWN = 3  # names in a sentence; the rest is counted


def problems(
    custom: Mapping[str, Any] | None, syllabus: Course, path: Path | None
) -> tuple[list[str], Profiles | None]:
    """Say what is wrong with the machines.

    Parameters
    ----------
    custom : mapping or None
        Our settings; None for a laptop, where groups and nodes play no part.
    syllabus : Course
        Which machine each lecture asks for.
    path : Path or None
        The profiles' file; None for our own.

    Returns
    -------
    found : list of str
        Sentences.
    offered : Profiles or None
        The machines, if they can be read.
    """
    found: list[str] = []
    offered = None
    try:
        offered = profiles.load(path)
    except ProfileError as error:
        found += map(str, error.args)
    if custom is not None:
        try:
            node_pools.load(offered or Profiles("", (), ()), path)
        except ProfileError as error:
            found += (line for line in map(str, error.args) if line not in found)
    if offered:
        found += _asked_for(offered, syllabus)
        if custom is not None:
            found += _members(offered, custom)
            found += _seats(offered, custom)
    return found, offered


def may_be_called(name: str) -> bool:
    """Whether Kubernetes takes the names of objects that are made of a profile's name."""
    return bool(re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?", name))


def accelerators(values: Mapping[str, Any], offered: Profiles | None) -> Iterator[str]:
    """Yield where the values give accelerators to servers beside their profiles.

    KubeSpawner lays a profile over such values, and a pod with two kinds of accelerators, or a
    CPU server with one, is what comes out.

    Parameters
    ----------
    values : mapping
        Of the chart, sound.
    offered : Profiles or None
        The machines.
    """
    single = values.get("singleuser", {})
    spawner = values.get("hub", {}).get("config", {}).get("KubeSpawner", {})
    places = {
        f"singleuser.extraResource.{side}": single.get("extraResource", {}).get(side)
        for side in ("limits", "guarantees")
    } | {
        f"hub.config.KubeSpawner.extra_resource_{side}": spawner.get(f"extra_resource_{side}")
        for side in ("limits", "guarantees")
    }
    with_gpu = [one.name for one in offered.profiles if one.accelerator] if offered else []
    for where, resources in places.items():
        for name in resources if isinstance(resources, Mapping) else ():
            if "/" in str(name):
                second = f" (a second one with {_listed(with_gpu)})" if with_gpu else ""
                yield (
                    f"{where} gives {name} to every server{second}; remove it, and say in "
                    "profiles.toml which profile has an accelerator"
                )
    for where, listed in (
        ("singleuser.profileList", single.get("profileList")),
        ("hub.config.KubeSpawner.profile_list", spawner.get("profile_list")),
    ):
        if listed:
            yield (
                f"{where} lists machines that the hub does not offer, because profiles.toml says "
                "which there are; move them there"
            )


def _asked_for(offered: Profiles, syllabus: Course) -> Iterator[str]:
    """Yield which lectures and assignments ask for what there is not, or not for students."""
    names = {profile.name: profile for profile in offered.profiles}
    asked: dict[str, list[str]] = {}
    for lecture in syllabus.lectures():
        asked.setdefault(lecture.compute, []).append(lecture.name)
    for name, lectures in asked.items():
        who = f"course/syllabus.toml: {_listed(lectures)} ask{'s' * (len(lectures) == 1)} for "
        if name not in names:
            yield f"{who}the profile '{name}', which does not exist; {choose_from(name, names)}"
        elif STUDENTS not in names[name].groups:
            yield (
                f"{who}the profile '{name}', which is not for {STUDENTS}; add them to its groups, "
                "or let the lecture ask for another"
            )


def _members(offered: Profiles, custom: Mapping[str, Any]) -> Iterator[str]:
    """Yield which profiles nobody may use, or Kubernetes could not name."""
    listed = custom.get("groups", {})
    filled = {STUDENTS, *map(str, custom.get("provider_groups", {}).values())}
    filled |= {group for group, people in listed.items() if people}
    if custom.get("lti"):
        filled.add(INSTRUCTORS)  # the platform says who
    for profile in offered.profiles:
        if not may_be_called(profile.name):
            yield (
                f"the profile '{profile.name}' cannot be called so, because Kubernetes names "
                "objects after it; write small letters, digits and hyphens"
            )
        if filled.isdisjoint(profile.groups):
            yield (
                f"nobody may use the profile '{profile.name}': it is for "
                f"{_listed(profile.groups)}, with no member in custom.groups; name members, or "
                "remove the profile"
            )


def _seats(offered: Profiles, custom: Mapping[str, Any]) -> Iterator[str]:
    names: dict[str, Profile] = {profile.name: profile for profile in offered.profiles}
    seats = custom.get("warm", {}).get("seats")
    for name in seats if isinstance(seats, Mapping) else ():
        if name in names and STUDENTS not in names[name].groups:
            yield (
                f"custom.warm.seats keeps seats of '{name}' ready, which is not for {STUDENTS}; "
                "remove them"
            )


def _listed(names: Collection[str]) -> str:
    shown = list(names)[:SHOWN]
    rest = len(names) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
