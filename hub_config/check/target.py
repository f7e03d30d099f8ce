"""Says in words everything that is wrong with a target, before anything reaches a cluster.

Each part looks at one thing and yields sentences: `chart` at names and types, `kubernetes.traits`
at settings of JupyterHub, `kubernetes.refusals` at what no hub may start with, `check_values` at
what a class would suffer from, `check_machines` at profiles, nodes and the syllabus.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from course.syllabus import Course
from course.syllabus import load as load_syllabus
from hub_config.check import chart as charts
from hub_config.check import machines, traits
from hub_config.check import values as check_values
from hub_config.kubernetes import required, settings, target
from hub_config.laptop.preflight import HubError, check_port, plan
from hub_config.machines import profiles


def check(name: str, *, chart: Path | None = None, syllabus: Course | None = None) -> list[str]:
    """Say what is wrong with a target on Kubernetes.

    Parameters
    ----------
    name : str
        As for `hub_config.kubernetes.target.load`.
    chart : Path, optional
        The chart's folder, to compare types with its schema.
    syllabus : Course, optional
        What the machines are for; the course's own if left out.

    Returns
    -------
    list of str
        Sentences, each once; empty where nothing is wrong.

    Raises
    ------
    ChartError
        If there is no chart in ``chart``.
    """
    try:
        path, _, values = target.read(name)
        _, _, public = target.read(name, secrets=False)
    except target.TargetError as error:
        return list(map(str, error.args))
    found = judge(path, values, chart=chart, syllabus=syllabus)
    return [*found, *check_values.exposed(public, path.name)]


def judge(
    path: Path,
    values: Mapping[str, Any],
    *,
    chart: Path | None = None,
    syllabus: Course | None = None,
) -> list[str]:
    """Say what is wrong with the values of a target.

    Parameters
    ----------
    path : Path
        The target's own file.
    values : mapping
        All its files, merged.
    chart, syllabus, optional
        As for `check`.

    Returns
    -------
    list of str
        Sentences, each once.
    """
    known = charts.names(charts.schema(chart)) if chart else charts.known_names()
    found = list(charts.unknown_keys(values, known))
    found += charts.wrong_values(values, chart) if chart else []
    # What is of another type has been named, and is neither looked at nor missed.
    sound = _sound(values, known)
    unsound = [sentence.partition(" ")[0] for sentence in found if sentence.endswith(charts.BELOW)]
    found += _ours(path, values.get("custom", {}), sound["custom"])
    said, offered = machines.problems(
        sound["custom"], syllabus or load_syllabus(), _profiles_path(path, sound["custom"])
    )
    found += said
    found += traits.problems(_settings(values))
    found += required.problems(sound)
    found += check_values.problems(sound, offered)
    missed = tuple(f"{where}." for where in unsound)
    return [one for one in dict.fromkeys(found) if not one.startswith(missed)]


def laptop(
    course_dir: Path, state_dir: Path, students: Sequence[str], instructor: str, port: int
) -> list[str]:
    """Say what is wrong with the hub of one computer.

    Parameters
    ----------
    course_dir, state_dir, students, instructor, port
        As for `hub_config.laptop.hub.serve`.

    Returns
    -------
    list of str
        Sentences; empty where nothing is wrong.
    """
    found, _ = machines.problems(None, load_syllabus(), None)
    try:
        plan(course_dir, state_dir, students, instructor)
    except HubError as error:
        found.append(str(error))
    try:
        check_port(port)
    except HubError as error:
        found.append(str(error))
    return found


def _ours(path: Path, raw: Any, sound: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with ``custom:``, as far as the profiles can be read."""
    try:
        _, machines = profiles.contents(_profiles_path(path, sound))
        groups = [str(group) for group in machines["groups"]]
        names = [str(profile["name"]) for profile in machines["profiles"]]
    except (profiles.ProfileError, KeyError, TypeError):  # which `check_machines` says
        groups = [*sound["groups"], *map(str, sound.get("provider_groups", {}).values())]
        names = [str(name) for name in check_values.at(sound, "warm.seats") or ()]
    found = _read(raw, groups, names)
    if found and isinstance(raw, Mapping):
        # The reader stops at what is no setting; what else is wrong is in the rest.
        rest = {
            key: value
            for key, value in raw.items()
            if not any(one.startswith((f"custom.{key} ", f"custom.{key}.")) for one in found)
            and f"custom has the unknown key '{key}'" not in " ".join(found)
        }
        found += [one for one in _read(rest, groups, names) if "custom has no " not in one]
    return [f"{path.name}: {problem}" for problem in found]


def _read(raw: Any, groups: list[str], names: list[str]) -> list[str]:
    try:
        settings.read(raw, groups=groups, profiles=names)
    except settings.CustomError as error:
        return list(map(str, error.args))
    return []


def _profiles_path(path: Path, ours: Mapping[str, Any]) -> Path | None:
    named = ours.get("profiles")
    return path.parent / named if named and isinstance(named, str) else None


def _settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``hub.config`` without the name of the authenticator, of which others speak."""
    config = check_values.at(values, "hub.config")
    settings = dict(config) if isinstance(config, Mapping) else {}
    hub = settings.get("JupyterHub")
    if isinstance(hub, Mapping):
        settings["JupyterHub"] = {k: v for k, v in hub.items() if k != "authenticator_class"}
    return settings


def _sound(values: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in which a mapping stands wherever one belongs."""
    sound = _mappings(values, known)
    hub = sound.setdefault("hub", {})
    hub["config"] = {
        name: settings
        for name, settings in hub.get("config", {}).items()
        if isinstance(settings, Mapping)
    }
    ours = values.get("custom")
    sound["custom"] = {
        key: value
        for key, value in (ours.items() if isinstance(ours, Mapping) else ())
        if isinstance(value, Mapping) or (isinstance(value, str) and key == "profiles")
    }
    sound["custom"]["groups"] = {
        str(name): people if isinstance(people, list) else [people]
        for name, people in sound["custom"].get("groups", {}).items()
    }
    return sound


def _mappings(values: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    sound = {}
    for key, value in values.items():
        below = known.get(key, known.get(charts.ANY))
        if not isinstance(below, Mapping):
            sound[key] = value
        elif isinstance(value, Mapping):
            sound[key] = _mappings(value, below)
    return sound
