"""Makes the pods of servers from a target's values, as the hub would, and starts none of them.

The chart's configuration, ours and KubeSpawner itself make them, so that what KubeSpawner refuses
only when a student starts a server is found before.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from kubernetes_asyncio.client import ApiClient
from kubespawner import KubeSpawner
from traitlets import TraitError
from traitlets.config import Config

from hub_config.check import api, chart_config
from hub_config.check.findings import Finding
from hub_config.kubernetes import pod_config, spawner
from hub_config.kubernetes.target import Target, merge
from hub_config.roles import STUDENTS

#: Of what is made; only its form counts.
STUDENT = "ada"
#: The rule of what keeps a pod from being made at all.
NO_POD = "no pod"
WITHIN = "a server of {profile}"
#: What KubeSpawner raises where it cannot make a pod of what it was given.
REFUSALS = (ArithmeticError, AttributeError, LookupError, TraitError, TypeError, ValueError)


#: Which setting a part of a pod comes from, by the beginning of its path.
SOURCES = {
    ("metadata", "labels"): "singleuser.extraLabels",
    ("metadata", "annotations"): "singleuser.extraAnnotations",
    ("spec", "activeDeadlineSeconds"): "max_hours in profiles.toml",
    ("spec", "nodeSelector"): "selector in profiles.toml, or singleuser.nodeSelector",
    ("spec", "tolerations"): "tolerations in profiles.toml, or singleuser.extraTolerations",
    ("spec", "containers", 0, "resources"): "profiles.toml, or singleuser.extraResource",
    ("spec", "containers", 0, "volumeMounts"): "singleuser.storage.extraVolumeMounts",
    ("spec", "containers", 0, "env"): "singleuser.extraEnv",
    ("spec", "containers", 0, "image"): "custom.images",
    ("spec", "volumes"): "singleuser.storage.extraVolumes",
}


class _Unstarted(spawner.ExplainingSpawner):
    """A spawner without a cluster."""

    def __init__(self, **settings: Any):
        super(KubeSpawner, self).__init__(**settings)  # KubeSpawner itself asks for a cluster
        self.clear_state()
        self.pvc_name = self._expand_user_properties(self.pvc_name_template)
        self.port = 8888

    def get_env(self) -> dict[str, str]:
        """Return the variables that the configuration has, without those of a running hub."""
        return {**self.environment, **self._expand_env(self.environment)}


class _Everybody:
    """Somebody whom all groups have."""

    def __init__(self, groups: tuple[str, ...]):
        self.groups = groups

    async def refreshed(self, user: Any) -> tuple[str, ...]:
        return self.groups


def problems(target: Target, chart: Mapping[str, Any] | None = None) -> list[Finding]:
    """Say what Kubernetes or KubeSpawner would refuse when a server starts.

    Parameters
    ----------
    target : Target
        Whose custom settings and profiles can be read.
    chart : mapping, optional
        The chart's own values; what a pod needs of them if left out.
    """
    values = merge(chart or chart_config.DEFAULTS, target.values)
    if not (values.get("singleuser", {}).get("image") or {}).get("name"):
        name, _, tag = target.custom.images["cpu"].rpartition(":")
        values = merge(values, {"singleuser": {"image": {"name": name, "tag": tag}}})
    return asyncio.run(_problems(target, values))


def reader(values: Mapping[str, Any]) -> Callable[..., Any]:
    """Return what the chart calls ``get_config``."""

    def get_config(key: str, default: Any = None) -> Any:
        found: Any = values
        for level in key.split("."):
            if not isinstance(found, Mapping) or found.get(level) is None:
                return default
            found = found[level]
        return copy.deepcopy(found)

    return get_config


async def _problems(target: Target, values: Mapping[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    try:
        c = _configured(target, reader(values))
    except REFUSALS as error:
        return [_refused("the servers' configuration", error)]
    user = SimpleNamespace(name=STUDENT, id=1, url="/user/ada/", settings={})
    client = ApiClient()
    try:
        for profile in target.profiles.profiles:
            within = WITHIN.format(profile=profile.name)
            try:
                pod, claim = await _made(c, user, profile.name)
            except REFUSALS as error:
                found.append(_refused(within, error))
                continue
            for kind, one in (("Pod", pod), ("PersistentVolumeClaim", claim)):
                if one is not None:
                    plain = client.sanitize_for_serialization(one)
                    faults = api.problems(plain, api.of(kind))
                    found += [replace(_sourced(each), within=within) for each in faults]
    finally:
        await client.close()
    return list(_once(found))


async def _made(c: Config, user: Any, profile: str) -> tuple[Any, Any]:
    """Return the pod and the claim of a server with a profile."""
    one = _Unstarted(config=c, user=user, hub=SimpleNamespace(public_host=""))
    one.user_options = {"profile": profile}  # type: ignore[assignment]
    await one.load_user_options()
    claim = one.get_pvc_manifest() if one.storage_pvc_ensure else None
    return await one.get_pod_manifest(), claim


def _configured(target: Target, get_config: Callable[..., Any]) -> Config:
    c = Config()
    release = target.custom.release
    names = {
        "user-scheduler": f"{release}-user-scheduler",
        "priority": f"{release}-default-priority",
    }
    chart_config.set_spawner(c, get_config, names)
    chart_config.set_sections(c, get_config)
    pod_config.set_pods(c)
    pod_config.set_exchange(c, target.custom.course)
    everybody = _Everybody((STUDENTS, *target.profiles.groups))
    pod_config.set_profiles(c, target.profiles, target.custom, everybody)  # type: ignore[arg-type]
    return c


def _sourced(one: Finding) -> Finding:
    """Return a finding that says which setting it comes from."""
    for path, source in SOURCES.items():
        if one.path[: len(path)] == path:
            return replace(one, do=f"{one.do} (it comes from {source})")
    return one


def _refused(within: str, error: Exception) -> Finding:
    words = f"{type(error).__name__}: {error}"
    do = "correct what these words of KubeSpawner are about, because no server would start"
    return Finding((), words, NO_POD, do, within)


def _once(found: list[Finding]) -> Iterator[Finding]:
    """Yield what several profiles have in common once."""
    seen = set()
    for one in found:
        key = (one.path, one.rule, repr(one.found))
        if key not in seen:
            seen.add(key)
            yield one
