"""Reads where machines come from: the nodes and disks that a cloud bills, from profiles.toml."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub_config.machines import profiles as machines
from hub_config.machines.profiles import (
    NUMBER,
    Keys,
    Profile,
    ProfileError,
    Profiles,
    choose_from,
    misfits,
)

#: By this label a profile selects its nodes.
LABEL = "dlef/pool"
#: The pool on which the hub itself runs.
CORE = "core"
_REQUIRED: Keys = {
    "name": str,
    "machine": str,
    "cpu": NUMBER,
    "memory_gib": NUMBER,
    "price_per_hour": NUMBER,
}
_STORAGE: Keys = {"disk_per_gib_month": NUMBER, "shared_per_gib_month": NUMBER}


@dataclass(frozen=True)
class Pool:
    """One kind of node.

    Attributes
    ----------
    name : str
        The value of its label `LABEL`.
    machine : str
        What it is, for people.
    cpu, memory_gib : float
        Processors, and memory in GiB, that pods may ask for.
    price_per_hour : float
        Of one node.
    accelerators : dict of str to int
        How many of each resource of Kubernetes a node offers.
    """

    name: str
    machine: str
    cpu: float
    memory_gib: float
    price_per_hour: float
    accelerators: dict[str, int] = field(default_factory=dict)

    def room(self, profile: Profile) -> int:
        """Return how many servers of a profile one node has room for."""
        return min(self._counts(profile).values())

    def nodes(self, profile: Profile, servers: int) -> int:
        """Return how many nodes a number of servers takes; each server fits on one."""
        return -(-servers // self.room(profile)) if servers else 0

    def lacks(self, profile: Profile) -> list[str]:
        """Name what even an empty node has too little of for one server."""
        return [what for what, count in self._counts(profile).items() if not count]

    def _counts(self, profile: Profile) -> dict[str, int]:
        counts = {
            "processors": _times(self.cpu, profile.cpu_guarantee),
            "memory": _times(self.memory_gib, profile.memory_gib),
        }
        if wanted := profile.accelerator:
            counts[wanted.resource] = self.accelerators.get(wanted.resource, 0) // wanted.count
        return counts


@dataclass(frozen=True)
class Pools:
    """Everything that a cloud bills by the hour or by the month.

    Attributes
    ----------
    pools : dict of str to Pool
        By name.
    disk_per_gib_month, shared_per_gib_month : float
        Prices of a disk of one server, and of a volume that all share.
    """

    pools: dict[str, Pool]
    disk_per_gib_month: float
    shared_per_gib_month: float

    def of(self, profile: Profile) -> Pool:
        """Return the nodes on which servers of a profile run."""
        return self.pools[profile.selector[LABEL]]


def load(profiles: Profiles, path: Path | None = None) -> Pools:
    """Read the pools of the file from which the profiles came.

    Parameters
    ----------
    profiles : Profiles
        The machines that must find room.
    path : Path, optional
        The file; the one beside this module if left out.

    Raises
    ------
    ProfileError
        With a sentence for everything that cannot be.
    """
    label, raw = machines.contents(path)
    problems = list(_problems(raw))
    if not problems:
        found = {one["name"]: Pool(**one) for one in raw["pools"]}
        problems = list(_homeless(profiles, found))
    if problems:
        raise ProfileError(*(f"{label}: {problem}" for problem in problems))
    return Pools(found, **raw["storage"])


def _times(available: float, wanted: float) -> int:
    return math.floor(round(available / wanted, 9))  # 0.3 / 0.1 is less than 3


def _problems(raw: Mapping[str, Any]) -> Iterator[str]:
    wanted: Keys = {"pools": list, "storage": dict}
    only = {key: value for key, value in raw.items() if key in wanted}
    found = list(misfits(only, "the file", wanted, {}))
    yield from found
    if found:
        return
    names: list[str] = []
    for number, pool in enumerate(raw["pools"], start=1):
        named = pool.get("name") if isinstance(pool, Mapping) else None
        where = f"pool '{named}'" if isinstance(named, str) else f"pool {number}"
        found = list(misfits(pool, where, _REQUIRED, {"accelerators": dict}))
        yield from found
        if found:
            names += [named] if isinstance(named, str) else []
            continue
        if pool["name"] in names:
            yield f"{where} is there twice; give one of them another name"
        names.append(pool["name"])
        yield from _wrong_numbers(pool, where)
    if CORE not in names:
        yield f"there is no pool '{CORE}', on which the hub itself runs; add one"
    found = list(misfits(raw["storage"], "storage", _STORAGE, {}))
    yield from found
    if not found:
        for key, value in raw["storage"].items():
            if not 0 <= value < math.inf:
                yield f"storage has {key} = {value}; give 0 or more"


def _wrong_numbers(pool: Mapping[str, Any], where: str) -> Iterator[str]:
    for key in ("cpu", "memory_gib"):
        if not 0 < pool[key] < math.inf:
            yield f"{where} has {key} = {pool[key]}; give it more than 0"
    if not 0 <= pool["price_per_hour"] < math.inf:
        yield f"{where} has price_per_hour = {pool['price_per_hour']}; give 0 or more"
    for resource, count in pool.get("accelerators", {}).items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            yield f"{where} has {count!r} of {resource}; write a whole number, 1 or more"


def _homeless(profiles: Profiles, pools: Mapping[str, Pool]) -> Iterator[str]:
    """Yield which profiles no node has room for."""
    for profile in profiles.profiles:
        where, name = f"profile '{profile.name}'", profile.selector.get(LABEL)
        if name is None:
            yield (
                f"{where} selects no pool, so nobody knows what its nodes cost; add "
                f'"{LABEL}" = "NAME" to its selector, and the label to the nodes'
            )
        elif name not in pools:
            yield f"{where} selects the unknown pool '{name}'; {choose_from(name, pools)}"
        elif lacking := pools[name].lacks(profile):
            yield (
                f"{where} fits on no node of its pool '{name}', so its servers would wait for "
                f"ever: a node has too little of {' and '.join(lacking)}; give the pool larger "
                "nodes, or the profile less"
            )
        elif profile.cpu > pools[name].cpu:
            yield (
                f"{where} promises {profile.cpu:g} processors, and a node of its pool '{name}' has "
                f"{pools[name].cpu:g}; give the pool larger nodes, or the profile less"
            )
