"""Reads profiles.toml: the machines that the hub offers to each group, and what they cost."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

#: What hub_config/image builds for students.
IMAGES = ("cpu", "gpu")
OPERATORS, EFFECTS = ("Equal", "Exists"), ("NoExecute", "NoSchedule", "PreferNoSchedule")

#: The keys of a table in the file, and what each holds.
Keys: TypeAlias = Mapping[str, type | tuple[type, ...]]
NUMBER = (int, float)
_REQUIRED: Keys = {
    "name": str,
    "title": str,
    "purpose": str,
    "cpu": NUMBER,
    "memory_gib": NUMBER,
    "price_per_hour": NUMBER,
    "max_hours": NUMBER,
    "image": str,
    "groups": list,
}
_OPTIONAL: Keys = {"selector": dict, "tolerations": list, "accelerator": dict}
_ACCELERATOR: Keys = {"title": str, "resource": str, "count": int}
_WORDS: dict[Any, str] = {
    str: "a text in quotes",
    NUMBER: "a number",
    int: "a whole number",
    list: "a list",
    dict: "a table",
}


class ProfileError(ValueError):
    """The profiles say something that cannot be; its arguments are the sentences."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


@dataclass(frozen=True)
class Accelerator:
    """What a machine has besides processors, as people and Kubernetes call it, and how many."""

    title: str
    resource: str
    count: int


@dataclass(frozen=True)
class Profile:
    """One kind of machine.

    Attributes
    ----------
    name : str
        What the syllabus, the engine and the spawner call it.
    title, purpose : str
        What the start page says.
    cpu : float
        Processors.
    memory_gib : float
        Memory in GiB, as KubeSpawner writes "4G".
    price_per_hour : float
        In the currency of the file.
    max_hours : float
        After which a server ends, whatever runs in it.
    image : str
        One of `IMAGES`.
    groups : tuple of str
        The hub's groups that may use it.
    accelerator : Accelerator or None
        A GPU, or a part of one.
    selector : dict of str to str
        Labels of the nodes on which it runs.
    tolerations : tuple of dict
        Taints of those nodes, as Kubernetes writes tolerations.
    """

    name: str
    title: str
    purpose: str
    cpu: float
    memory_gib: float
    price_per_hour: float
    max_hours: float
    image: str
    groups: tuple[str, ...]
    accelerator: Accelerator | None
    selector: dict[str, str]
    tolerations: tuple[dict[str, str], ...]

    @property
    def cpu_guarantee(self) -> float:
        """Processors that a server always has: notebooks are idle most of the time."""
        return self.cpu / 2


@dataclass(frozen=True)
class Profiles:
    """All machines of a hub, in the order of the start page."""

    currency: str
    groups: tuple[str, ...]
    profiles: tuple[Profile, ...]

    def profile(self, name: str) -> Profile:
        """Return the profile called ``name``, or raise `ProfileError` with the likeliest one."""
        found = {profile.name: profile for profile in self.profiles}
        if name not in found:
            raise ProfileError(f"there is no profile '{name}'; {choose_from(name, found)}")
        return found[name]

    def allowed(self, groups: Collection[str]) -> tuple[Profile, ...]:
        """Return what somebody in these groups may use."""
        return tuple(one for one in self.profiles if not set(groups).isdisjoint(one.groups))

    @property
    def accelerators(self) -> tuple[str, ...]:
        """Every resource that some profile asks for, each once."""
        named = {one.accelerator.resource: None for one in self.profiles if one.accelerator}
        return tuple(named)


def load(path: Path | None = None) -> Profiles:
    """Read the profiles.

    Parameters
    ----------
    path : Path, optional
        The file to read instead of the one beside this module.

    Raises
    ------
    ProfileError
        If the file is not there or is not TOML, or with a sentence for everything in it that
        cannot be.
    """
    label, raw = contents(path)
    if problems := list(_problems(raw)):
        raise ProfileError(*(f"{label}: {problem}" for problem in problems))
    made = tuple(_profile(one) for one in raw["profiles"])
    return Profiles(raw["currency"], tuple(raw["groups"]), made)


def contents(path: Path | None = None) -> tuple[str, dict[str, Any]]:
    """Return the file's name and what stands in it, or raise `ProfileError` where it is no TOML."""
    label = path.name if path else "profiles.toml"
    source = path or resources.files("hub_config").joinpath("profiles.toml")
    try:
        return label, tomllib.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProfileError(f"there is no {path}; write one, or name another") from None
    except OSError as error:
        raise ProfileError(f"{path} cannot be read ({error.strerror}); name a file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{label} is not valid TOML, so correct it: {error}") from None


def choose_from(word: str, known: Collection[str]) -> str:
    """Name the known word that was probably meant, or all of them."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(sorted(known))}"


def _profile(raw: Mapping[str, Any]) -> Profile:
    plain = {key: raw[key] for key in _REQUIRED if key != "groups"}
    wanted = raw.get("accelerator")
    return Profile(
        **plain,
        groups=tuple(raw["groups"]),
        accelerator=Accelerator(**wanted) if wanted else None,
        selector=dict(raw.get("selector", {})),
        tolerations=tuple(raw.get("tolerations", [])),
    )


def _problems(raw: Mapping[str, Any]) -> Iterator[str]:
    top = {"currency": str, "groups": list, "profiles": list}
    # The hub does not read these two; `hub_config.machines.node_pools` does.
    found = list(misfits(raw, "the file", top, {"pools": list, "storage": dict}))
    yield from found
    if found:
        return  # what follows reads all three
    names: set[str] = set()
    groups = [str(group) for group in raw["groups"]]
    for number, profile in enumerate(raw["profiles"], start=1):
        named = profile.get("name") if isinstance(profile, Mapping) else None
        where = f"profile '{named}'" if isinstance(named, str) else f"profile {number}"
        found = list(misfits(profile, where, _REQUIRED, _OPTIONAL))
        yield from found
        if found:
            continue
        if profile["name"] in names:
            yield f"{where} is there twice; give one of them another name"
        names.add(profile["name"])
        yield from _wrong_numbers(profile, where)
        yield from _wrong_groups(profile, where, groups)
        yield from _wrong_place(profile, where)
    if not raw["profiles"]:
        yield "there is no profile; nobody could start a server"


def misfits(raw: Any, where: str, required: Keys, optional: Keys) -> Iterator[str]:
    """Yield what is wrong with the keys of a table and the types of their values."""
    if not isinstance(raw, Mapping):
        yield f"{where} is {raw!r}; write it as a table"
        return
    known = {**required, **optional}
    missing = [key for key in required if key not in raw]
    for key, value in raw.items():
        if key not in known:
            yield f"{where} has the unknown key '{key}'; {choose_from(key, known)}"
            missing = [one for one in missing if f"'{one}'?" not in choose_from(key, known)]
        elif not isinstance(value, known[key]) or isinstance(value, bool):
            yield f"{where} has {key} = {value!r}; write {_WORDS[known[key]]}"
    yield from (f"{where} has no '{key}'; add it" for key in missing)


def _wrong_numbers(profile: Mapping[str, Any], where: str) -> Iterator[str]:
    for key in ("cpu", "memory_gib", "max_hours"):
        if not 0 < profile[key] < math.inf:
            yield f"{where} has {key} = {profile[key]}; give it more than 0"
    if not 0 <= profile["price_per_hour"] < math.inf:
        yield f"{where} has price_per_hour = {profile['price_per_hour']}; give 0 or more"


def _wrong_groups(profile: Mapping[str, Any], where: str, groups: Collection[str]) -> Iterator[str]:
    if not profile["groups"]:
        yield f"{where} is for no group, so nobody may use it; name one in `groups`, or remove it"
    for group in profile["groups"]:
        if group not in groups:
            yield f"{where} is for the unknown group '{group}'; {choose_from(str(group), groups)}"


def _wrong_place(profile: Mapping[str, Any], where: str) -> Iterator[str]:
    """Yield what keeps a server of this profile from a node that can run it."""
    if profile["image"] not in IMAGES:
        yield (
            f"{where} has the unknown image '{profile['image']}'; "
            f"{choose_from(profile['image'], IMAGES)}"
        )
    for label, value in profile.get("selector", {}).items():
        if not isinstance(value, str):
            yield f"{where} selects nodes by {label} = {value!r}; labels are texts, so quote it"
    tolerations = profile.get("tolerations", [])
    for toleration in tolerations:
        yield from _wrong_toleration(toleration, where)
    if "accelerator" not in profile:
        if profile["image"] == "gpu":
            yield f"{where} has the image 'gpu' and no accelerator; add one, or take 'cpu'"
        return
    accelerator = profile["accelerator"]
    found = list(misfits(accelerator, f"{where}, accelerator,", _ACCELERATOR, {}))
    yield from found
    if found:
        return
    if "/" not in accelerator["resource"]:
        yield (
            f"{where} asks for '{accelerator['resource']}', which is no resource of Kubernetes; "
            "write it like 'nvidia.com/gpu'"
        )
    if accelerator["count"] < 1:
        yield f"{where} has an accelerator with count = {accelerator['count']}; give 1 or more"
    if profile["image"] != "gpu":
        yield f"{where} has an accelerator and the image '{profile['image']}'; take 'gpu'"
    if not tolerations:
        yield (
            f"{where} has an accelerator and no toleration: nodes with GPUs are tainted, so its "
            "servers would wait for ever; add the taint of your GPU nodes to `tolerations`"
        )
    if not profile.get("selector"):
        yield (
            f"{where} has an accelerator and no selector: which of several kinds of GPU it gets "
            "would be left to chance; add the label of its nodes to `selector`"
        )


def _wrong_toleration(toleration: Any, where: str) -> Iterator[str]:
    keys = {"key": str, "operator": str}
    found = list(misfits(toleration, f"{where}, toleration,", keys, {"effect": str, "value": str}))
    yield from found
    if found:
        return
    for key, known in (("operator", OPERATORS), ("effect", EFFECTS)):
        value = toleration.get(key)
        if value is not None and value not in known:
            yield f"{where} has a toleration with {key} '{value}'; {choose_from(value, known)}"
    if (toleration["operator"] == "Equal") != ("value" in toleration):
        yield (
            f"{where} has a toleration with operator '{toleration['operator']}'; 'Equal' needs a "
            "value, and 'Exists' has none"
        )
