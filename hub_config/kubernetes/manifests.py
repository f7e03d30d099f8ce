"""What a hub on Kubernetes needs beside the chart: shared volume, formgrader, warm seats."""

from __future__ import annotations

import json
from typing import Any

from hub_config import base, offer, roles
from hub_config.kubernetes import hub
from hub_config.kubernetes.target import Target
from hub_config.profiles import Profile

Object = dict[str, Any]

FORMGRADER_PORT = 8888
BOXES, COURSE, SETTINGS, HOME = "/srv/boxes", "/srv/course", "/etc/dlef", "/home/jovyan"
#: Below every server and every image puller, and just high enough that a node is bought for it.
WARM_PRIORITY = -10
PAUSE = ["sleep", "infinity"]
DNS = {"ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]}
#: The internet, without what is private: nodes, the cluster, and where nodes ask for credentials.
INTERNET = {
    "ipBlock": {
        "cidr": "0.0.0.0/0",
        "except": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"],
    }
}


def manifests(target: Target) -> list[Object]:
    """Return every object that ``kubectl apply -f -`` should make.

    Parameters
    ----------
    target : Target
        As `hub_config.kubernetes.target.load` has read it.
    """
    found = [volume(target), prepare(target), *formgrader(target)]
    if target.custom.warm:
        found += warm_seats(target)
    return found


def hub_services() -> dict[str, Any]:
    """Return the chart's ``hub.services``: how the hub knows formgrader; the chart makes a token.

    Everybody who may open it logs in without being asked whether it may know who they are.
    """
    url = f"http://{roles.FORMGRADER}:{FORMGRADER_PORT}"
    return {roles.FORMGRADER: {"url": url, "oauth_no_confirm": True, "display": True}}


def volume(target: Target) -> Object:
    """Return the claim of the volume with the exchange and the instructors' course."""
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": f"{target.custom.shared_gib}Gi"}},
    }
    if target.custom.shared_class:
        spec["storageClassName"] = target.custom.shared_class
    return _object("v1", "PersistentVolumeClaim", hub.SHARED, spec=spec)


def prepare(target: Target) -> Object:
    """Return the job that gives the shared volume's folders to the user of all servers.

    A new volume belongs to root, and most classes with ReadWriteMany leave it so. This is the one
    pod that runs as root; it ends in a second, and knows no secret.
    """
    folders = ["/shared/boxes", "/shared/course"]
    owner = f"{hub.UID}:{hub.GID}"
    script = f"mkdir -p {' '.join(folders)} && chown {owner} {' '.join(folders)}"
    container = {
        "name": "prepare",
        "image": target.custom.images["grader"],
        "command": ["sh", "-ec", script],
        "resources": _resources("10m", "32Mi", "64Mi"),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"], "add": ["CHOWN", "DAC_OVERRIDE"]},
            "runAsUser": 0,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"name": "shared", "mountPath": "/shared"}],
    }
    pod = {
        **_pull_secrets(target),
        "automountServiceAccountToken": False,
        "containers": [container],
        "restartPolicy": "OnFailure",
        "volumes": [_shared()],
    }
    spec = {
        # Gone soon, because a job cannot be changed: the next `apply` makes it anew.
        "ttlSecondsAfterFinished": 60,
        "template": {"metadata": {"labels": _labels("prepare")}, "spec": pod},
    }
    return _object("batch/v1", "Job", "dlef-prepare", spec=spec)


def formgrader(target: Target) -> list[Object]:
    """Return formgrader: settings, one server for all instructors, its address, its walls."""
    name, labels = roles.FORMGRADER, _labels(roles.FORMGRADER)
    files = _formgrader_files()
    access = {"hub.jupyter.org/network-access-hub": "true"}
    template = {
        "metadata": {"labels": {**labels, **access}},
        "spec": _formgrader_pod(target, sorted(files)),
    }
    deployment = {
        "replicas": 1,
        "strategy": {"type": "Recreate"},  # two would both write to the gradebook
        "selector": {"matchLabels": labels},
        "template": template,
    }
    port = {"name": "http", "port": FORMGRADER_PORT, "targetPort": FORMGRADER_PORT}
    in_the_way = [{"podSelector": {"matchLabels": _chart(one)}} for one in ("proxy", "hub")]
    policy = {
        "podSelector": {"matchLabels": labels},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": in_the_way, "ports": [{"port": FORMGRADER_PORT, "protocol": "TCP"}]}],
        "egress": [
            DNS,
            {
                "to": [{"podSelector": {"matchLabels": _chart("hub")}}],
                "ports": [{"port": 8081, "protocol": "TCP"}],
            },
            {"to": [INTERNET], "ports": [{"port": 443, "protocol": "TCP"}]},
        ],
    }
    return [
        _object("v1", "ConfigMap", name, data={_key(path): text for path, text in files.items()}),
        _object("apps/v1", "Deployment", name, spec=deployment),
        _object("v1", "Service", name, spec={"selector": labels, "ports": [port]}),
        _object("networking.k8s.io/v1", "NetworkPolicy", name, spec=policy),
    ]


def warm_seats(target: Target) -> list[Object]:
    """Return what keeps seats ready before a class: a priority, and a job per profile and day.

    A seat is a pod of the profile's size and image that sleeps. A node is bought for it and the
    image pulled to it; the first student who needs its place takes it, and no other seat comes
    instead. What nobody takes ends after its minutes.
    """
    priority = _object(
        "scheduling.k8s.io/v1",
        "PriorityClass",
        "dlef-warm",
        value=WARM_PRIORITY,
        preemptionPolicy="Never",
        description="Seats that are kept warm for servers, and leave when one needs the place",
    )
    seats = target.custom.warm.seats if target.custom.warm else {}
    return [
        priority,
        *(_warm_job(target, target.profiles.profile(name), n) for name, n in seats.items()),
    ]


def _warm_job(target: Target, profile: Profile, seats: int) -> Object:
    warm = target.custom.warm
    assert warm is not None
    tolerated = target.values.get("scheduling", {}).get("userPods", {}).get("tolerations", [])
    wanted = offer.override(profile, target.profiles.accelerators, target.custom.images, tolerated)
    devices = {k: n for k, n in wanted["extra_resource_limits"].items() if n is not None}
    memory = f"{profile.memory_gib:g}Gi"
    container = {
        "name": "seat",
        "image": wanted["image"],
        "command": PAUSE,
        "resources": {
            "requests": {"cpu": str(wanted["cpu_guarantee"]), "memory": memory, **devices},
            "limits": {"cpu": str(wanted["cpu_limit"]), "memory": memory, **devices},
        },
        "securityContext": dict(hub.SECURITY),
    }
    pod = {
        **_pull_secrets(target),
        "automountServiceAccountToken": False,
        "containers": [container],
        "enableServiceLinks": False,
        "nodeSelector": dict(profile.selector),
        "priorityClassName": "dlef-warm",
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,  # the student waits
        "tolerations": wanted["tolerations"],
    }
    job = {
        "activeDeadlineSeconds": 60 * warm.minutes,
        "completionMode": "Indexed",
        "completions": seats,
        "parallelism": seats,
        # A seat that a student took is not made again: that would buy a second node for her.
        "backoffLimitPerIndex": 0,
        "ttlSecondsAfterFinished": 3600,
        "template": {"metadata": {"labels": _labels("seat")}, "spec": pod},
    }
    spec = {
        "schedule": warm.schedule,
        "timeZone": warm.time_zone,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 600,
        "jobTemplate": {"spec": job},
    }
    return _object("batch/v1", "CronJob", f"dlef-warm-{profile.name}", spec=spec)


def _formgrader_files() -> dict[str, str]:
    settings = base.server_settings("instructor", private_sockets=True)
    nbgrader = base.instructor_settings(exchange=f"{BOXES}/instructor", boxes=BOXES)
    return {
        "jupyter_server_config.json": json.dumps(settings, indent=1),
        "nbgrader_config.json": json.dumps(nbgrader, indent=1),
        "labconfig/page_config.json": json.dumps(base.lab_settings("instructor"), indent=1),
    }


def _formgrader_pod(target: Target, files: list[str]) -> Object:
    name = roles.FORMGRADER
    prefix = f"/services/{name}/"
    environment = {
        "HOME": HOME,
        "JUPYTER_CONFIG_PATH": SETTINGS,
        "JUPYTERHUB_API_URL": "http://hub:8081/hub/api",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_CLIENT_ID": f"service-{name}",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps([f"access:services!service={name}"]),
        "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{prefix}oauth_callback",
        "JUPYTERHUB_SERVICE_NAME": name,
        "JUPYTERHUB_SERVICE_PREFIX": prefix,
        "JUPYTERHUB_SERVICE_URL": f"http://0.0.0.0:{FORMGRADER_PORT}{prefix}",
        "JUPYTERHUB_USER": name,  # nbgrader asks for it
    }
    token = {"name": "hub", "key": f"hub.services.{name}.apiToken"}
    container = {
        "name": name,
        "image": target.custom.images["grader"],
        "command": ["jupyterhub-singleuser"],
        "workingDir": COURSE,
        "env": [
            *({"name": key, "value": value} for key, value in sorted(environment.items())),
            {"name": "JUPYTERHUB_API_TOKEN", "valueFrom": {"secretKeyRef": token}},
        ],
        "ports": [{"name": "http", "containerPort": FORMGRADER_PORT}],
        "readinessProbe": {"tcpSocket": {"port": "http"}},
        "resources": _resources("500m", "1Gi", "4Gi"),
        "securityContext": dict(hub.SECURITY),
        "volumeMounts": [
            {"name": "shared", "mountPath": BOXES, "subPath": "boxes"},
            {"name": "shared", "mountPath": COURSE, "subPath": "course"},
            {"name": "settings", "mountPath": SETTINGS, "readOnly": True},
            {"name": "home", "mountPath": HOME},
        ],
    }
    items = [{"key": _key(path), "path": path} for path in files]
    return {
        **_pull_secrets(target),
        "automountServiceAccountToken": False,
        "containers": [container],
        "enableServiceLinks": False,
        "securityContext": {"fsGroup": hub.GID, "fsGroupChangePolicy": "OnRootMismatch"},
        "volumes": [
            _shared(),
            {"name": "settings", "configMap": {"name": name, "items": items}},
            {"name": "home", "emptyDir": {"sizeLimit": "5Gi"}},
        ],
    }


def _object(version: str, kind: str, name: str, **content: Any) -> Object:
    metadata = {"name": name, "labels": _labels(name)}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


def _labels(component: str) -> dict[str, str]:
    return {"app.kubernetes.io/part-of": "dlef", "app.kubernetes.io/component": component}


def _chart(component: str) -> dict[str, str]:
    """Return the labels by which the chart's own policies know its pods."""
    return {"app": "jupyterhub", "component": component}


def _shared() -> Object:
    return {"name": "shared", "persistentVolumeClaim": {"claimName": hub.SHARED}}


def _pull_secrets(target: Target) -> Object:
    """Return what lets a pod pull images where the registry asks who it is, as the chart does."""
    names = [
        one["name"] if isinstance(one, dict) else one
        for one in target.values.get("imagePullSecrets", [])
    ]
    if target.values.get("imagePullSecret", {}).get("create"):
        names.append("image-pull-secret")
    return {"imagePullSecrets": [{"name": name} for name in names]} if names else {}


def _resources(cpu: str, memory: str, at_most: str) -> Object:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": at_most}}


def _key(path: str) -> str:
    return path.replace("/", ".")
