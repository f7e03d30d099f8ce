"""Configures KubeSpawner as the chart's own code does, which runs in the hub's pod before ours.

That code is ``files/hub/jupyterhub_config.py`` of the chart, and not ours to hand on; a test
compares the two where the chart is at hand. This module needs traitlets only: the hub's pod of a
test runs it, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from traitlets.config import Config

#: What the chart's own values say where a target says nothing, as far as a pod depends on it.
DEFAULTS: dict[str, Any] = {
    "hub": {"services": {}, "consecutiveFailureLimit": 5, "concurrentSpawnLimit": 64, "config": {}},
    "scheduling": {
        "podPriority": {"enabled": False},
        "userPods": {"nodeAffinity": {"matchNodePurpose": "prefer"}, "tolerations": []},
        "userScheduler": {"enabled": True},
    },
    "singleuser": {
        "cloudMetadata": {"blockWithIptables": True},
        "cmd": "jupyterhub-singleuser",
        "extraTolerations": [],
        "storage": {
            "type": "dynamic",
            "capacity": "10Gi",
            "homeMountPath": "/home/jovyan",
            "dynamic": {
                "pvcNameTemplate": None,
                "volumeNameTemplate": "volume-{user_server}",
                "storageAccessModes": ["ReadWriteOnce"],
            },
        },
    },
}
_S = "singleuser."
#: Traits of KubeSpawner that are copied from the values.
COPIED = {
    "pod_name_template": "podNameTemplate",
    "start_timeout": "startTimeout",
    "image_pull_policy": "image.pullPolicy",
    "events_enabled": "events",
    "extra_labels": "extraLabels",
    "extra_annotations": "extraAnnotations",
    "uid": "uid",
    "fs_gid": "fsGid",
    "service_account": "serviceAccountName",
    "storage_extra_labels": "storage.extraLabels",
    "node_selector": "nodeSelector",
    "node_affinity_required": "extraNodeAffinity.required",
    "node_affinity_preferred": "extraNodeAffinity.preferred",
    "pod_affinity_required": "extraPodAffinity.required",
    "pod_affinity_preferred": "extraPodAffinity.preferred",
    "pod_anti_affinity_required": "extraPodAntiAffinity.required",
    "pod_anti_affinity_preferred": "extraPodAntiAffinity.preferred",
    "lifecycle_hooks": "lifecycleHooks",
    "init_containers": "initContainers",
    "extra_containers": "extraContainers",
    "mem_limit": "memory.limit",
    "mem_guarantee": "memory.guarantee",
    "cpu_limit": "cpu.limit",
    "cpu_guarantee": "cpu.guarantee",
    "extra_resource_limits": "extraResource.limits",
    "extra_resource_guarantees": "extraResource.guarantees",
    "environment": "extraEnv",
    "profile_list": "profileList",
    "extra_pod_config": "extraPodConfig",
}
#: The same for homes that the cluster makes.
HOMES = {
    "pvc_name_template": "storage.dynamic.pvcNameTemplate",
    "storage_class": "storage.dynamic.storageClass",
    "storage_access_modes": "storage.dynamic.storageAccessModes",
    "storage_capacity": "storage.capacity",
}
Read = Callable[..., Any]


def set_spawner(c: Config, get_config: Read, names: Mapping[str, str]) -> None:
    """Set what KubeSpawner makes pods from.

    Parameters
    ----------
    c : Config
        The hub's configuration.
    get_config : callable
        Takes a key of the chart's values, with dots, and returns what is there or None.
    names : mapping
        What the release calls its ``user-scheduler`` and its ``priority``.
    """
    spawner = c.KubeSpawner
    _copy(c, COPIED, get_config)
    if name := get_config(f"{_S}image.name"):
        tag = get_config(f"{_S}image.tag")
        spawner.image = f"{name}:{tag}" if tag else name
    spawner.allow_privilege_escalation = get_config(f"{_S}allowPrivilegeEscalation")
    secrets = _pull_secrets(get_config)
    if secrets:
        spawner.image_pull_secrets = secrets
    spawner.namespace = "default"
    spawner.common_labels = _labels(get_config)
    if get_config("scheduling.userScheduler.enabled"):
        spawner.scheduler_name = names["user-scheduler"]
    if get_config("scheduling.podPriority.enabled"):
        spawner.priority_class_name = names["priority"]
    _set_purpose(c, get_config("scheduling.userPods.nodeAffinity.matchNodePurpose"))
    tolerated = [
        *(get_config("scheduling.userPods.tolerations") or []),
        *(get_config(f"{_S}extraTolerations") or []),
    ]
    if tolerated:
        spawner.tolerations = tolerated
    _set_volumes(c, get_config)
    if get_config(f"{_S}cmd") is not None:
        c.Spawner.cmd = get_config(f"{_S}cmd")


def set_sections(c: Config, get_config: Read) -> None:
    """Lay ``hub.config`` over everything; the chart does so last."""
    for section, settings in (get_config("hub.config") or {}).items():
        if isinstance(settings, Mapping):
            c[section].update(settings)


def _copy(c: Config, traits: Mapping[str, str], get_config: Read) -> None:
    for trait, key in traits.items():
        if (value := get_config(f"{_S}{key}")) is not None:
            c.KubeSpawner[trait] = value


def _pull_secrets(get_config: Read) -> list[Any]:
    made = get_config("imagePullSecret.create")
    return [
        *(["image-pull-secret"] if made else []),
        *(get_config("imagePullSecrets") or []),
        *(get_config(f"{_S}image.pullSecrets") or []),
    ]


def _labels(get_config: Read) -> dict[str, str]:
    name = get_config("nameOverride") or get_config("Chart.Name") or "jupyterhub"
    release = get_config("Release.Name")
    labels = {"app.kubernetes.io/name": name, "app": name}
    if release:
        labels |= {"app.kubernetes.io/instance": release, "release": release}
    if version := get_config("Chart.Version"):
        chart = f"{get_config('Chart.Name')}-{version}"
        labels |= {"helm.sh/chart": chart, "chart": chart}
    return {**labels, "app.kubernetes.io/managed-by": "kubespawner"}


def _set_purpose(c: Config, how: str | None) -> None:
    purpose = {"key": "hub.jupyter.org/node-purpose", "operator": "In", "values": ["user"]}
    term = {"matchExpressions": [purpose]}
    if how == "prefer":
        before = c.KubeSpawner.get("node_affinity_preferred", [])
        c.KubeSpawner.node_affinity_preferred = [*before, {"weight": 100, "preference": term}]
    elif how == "require":
        before = c.KubeSpawner.get("node_affinity_required", [])
        c.KubeSpawner.node_affinity_required = [*before, term]


def _set_volumes(c: Config, get_config: Read) -> None:
    volumes, mounts = _home(c, get_config)
    files = get_config(f"{_S}extraFiles") or {}
    if files:
        items = [
            {"key": name, "path": name, **({"mode": one["mode"]} if "mode" in one else {})}
            for name, one in files.items()
        ]
        volumes["files"] = {"name": "files", "secret": {"secretName": "singleuser", "items": items}}
        for number, (name, one) in enumerate(files.items()):
            mount = {"mountPath": one["mountPath"], "subPath": name, "name": "files"}
            mounts[f"{number}-files"] = mount
    more = get_config(f"{_S}storage.extraVolumes") or {}
    if isinstance(more, list):
        more = {volume["name"]: volume for volume in more}
    more_mounts = get_config(f"{_S}storage.extraVolumeMounts") or {}
    if isinstance(more_mounts, list):
        more_mounts = {f"{n}-{mount['name']}": mount for n, mount in enumerate(more_mounts)}
    c.KubeSpawner.volumes = {**volumes, **more}
    c.KubeSpawner.volume_mounts = {**mounts, **more_mounts}


def _home(c: Config, get_config: Read) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the volume of a student's home, and its mount."""
    kind = get_config(f"{_S}storage.type")
    if kind == "dynamic":
        _copy(c, HOMES, get_config)
        c.KubeSpawner.storage_pvc_ensure = True
        name, claim = get_config(f"{_S}storage.dynamic.volumeNameTemplate"), "{pvc_name}"
    elif kind == "static":
        name, claim = "home", get_config(f"{_S}storage.static.pvcName")
    else:
        return {}, {}
    mount = {
        "mountPath": get_config(f"{_S}storage.homeMountPath"),
        "name": name,
        "subPath": get_config(f"{_S}storage.{kind}.subPath"),
    }
    volume = {"name": name, "persistentVolumeClaim": {"claimName": claim}}
    return {name: volume}, {name: mount}
