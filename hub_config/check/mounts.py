"""Says which mounts in the chart's own pods are of volumes that these pods do not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub_config.check.findings import Finding, Step

#: By the section of the values: the volumes that the chart gives the pod (its templates).
OF_THE_CHART = {
    ("hub",): ("config", "secret", "existing-secret", "files", "pvc"),
    ("proxy", "traefik"): ("certificates", "traefik-config"),
}
_CONTAINERS = ("initContainers", "extraInitContainers", "extraContainers")


def problems(values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield mounts without their volume, and volumes whose name is taken.

    Parameters
    ----------
    values : mapping
        All of a target's files.
    """
    for section, given in OF_THE_CHART.items():
        part: Any = values
        for key in section:
            part = part.get(key) if isinstance(part, Mapping) else None
        if not isinstance(part, Mapping):
            continue
        named = [(number, one.get("name")) for number, one in _items(part, "extraVolumes")]
        for number, name in named:
            if name in given:
                path: tuple[Step, ...] = (*section, "extraVolumes", number, "name")
                yield Finding(path, name, "volume", "give it another name: the chart has that one")
        there = {*given, *(str(name) for _, name in named)}
        for below, name in _mounted(part):
            if isinstance(name, str) and name not in there:
                own = ", ".join(sorted(str(name) for _, name in named)) or "none"
                do = f"add it to extraVolumes, where there is: {own}"
                yield Finding((*section, *below), name, "mount", do)


def _mounted(part: Mapping[str, Any]) -> Iterator[tuple[tuple[Step, ...], Any]]:
    for number, mount in _items(part, "extraVolumeMounts"):
        yield ("extraVolumeMounts", number, "name"), mount.get("name")
    for key in _CONTAINERS:
        for number, container in _items(part, key):
            for place, mount in _items(container, "volumeMounts"):
                yield (key, number, "volumeMounts", place, "name"), mount.get("name")


def _items(part: Mapping[str, Any], key: str) -> list[tuple[int, Mapping[str, Any]]]:
    listed = part.get(key)
    items = listed if isinstance(listed, list) else []
    return [(number, one) for number, one in enumerate(items) if isinstance(one, Mapping)]
