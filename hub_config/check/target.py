"""Lists everything that is wrong with a target before anything reaches a cluster.

Each part looks at one thing: `chart` at names and types, `traits` at settings of JupyterHub,
`kubernetes.required` at what no hub may start with, `values` at what a class would suffer from,
`machines` at profiles, nodes and the syllabus, and `cluster` at what Kubernetes and KubeSpawner
would refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from course.syllabus import Course
from course.syllabus import load as load_syllabus
from hub_config.check import chart as charts
from hub_config.check import machines, traits
from hub_config.check import values as check_values
from hub_config.check.findings import Finding
from hub_config.kubernetes import required, settings, target
from hub_config.laptop.preflight import HubError, check_port, plan
from hub_config.machines import profile_list, profiles

#: What nobody can see in a target, and everybody finds out when a volume is full.
LATER = (
    "custom.volumes.shared_gib and homes can grow later only where their storage class says "
    "allowVolumeExpansion: true (`kubectl get storageclass` shows it); they never shrink, and a "
    "class never changes"
)


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
    keys = list(charts.unknown_keys(values, known))
    settled = traits.problems(_settings(values))
    # What is of another type has been named, and is neither looked at nor missed.
    sound = _sound(values, known)
    unsound = [one.where for one in keys if one.rule == charts.BELOW]
    made = None if unsound else _target(path, values)
    faults = _in_a_cluster(values, made, chart, others=bool(keys or settled))
    if chart:
        named = {one.path for one in (*keys, *faults)}
        keys += [one for one in charts.wrong_values(values, chart) if one.path not in named]
    found = [*map(str, keys), *_ours(path, values.get("custom", {}), sound["custom"])]
    said, offered = machines.problems(
        sound["custom"], syllabus or load_syllabus(), _profiles_path(path, sound["custom"])
    )
    found += said
    found += settled
    found += required.problems(sound)
    found += check_values.problems(sound, offered)
    found += map(str, faults)
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


def knows_kubernetes() -> bool:
    """Whether KubeSpawner and Kubernetes' schema are installed; they come with ``make setup``."""
    return all(map(find_spec, ("kubernetes_validate", "kubespawner")))


def _in_a_cluster(
    values: Mapping[str, Any], made: target.Target | None, chart: Path | None, *, others: bool
) -> list[Finding]:
    """Ask Kubernetes' rules, as far as what knows them is installed."""
    if not knows_kubernetes():
        return []
    from hub_config.check import cluster

    return cluster.problems(values, made, chart, others=others)


def _target(path: Path, values: Mapping[str, Any]) -> target.Target | None:
    """Return the target, if nothing of ours keeps pods from being made."""
    raw = values.get("custom")
    own = _profiles_path(path, raw) if isinstance(raw, Mapping) else None
    try:
        offered = profiles.load(own)
        names = [one.name for one in offered.profiles]
        custom = settings.read(raw, groups=offered.groups, profiles=names)
    except (profiles.ProfileError, settings.CustomError):
        return None
    if not all(map(profile_list.pinned, custom.images.values())):
        return None
    if not all(machines.may_be_called(one.name) for one in offered.profiles):
        return None
    return target.Target(path.stem, path, (), dict(values), custom, offered, own)


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
