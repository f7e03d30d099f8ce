"""What a hub on Kubernetes needs beside the chart: shared volume, formgrader, seats, graders."""

from __future__ import annotations

import json
from typing import Any

from hub_config import defaults, roles
from hub_config.graders import kubernetes as grading
from hub_config.kubernetes import pod_config, prewarm
from hub_config.kubernetes.objects import CORE, Object, labels, make, pull_secrets, resources
from hub_config.kubernetes.target import Target

FORMGRADER_PORT = 8888
BOXES, COURSE, SETTINGS, HOME = "/srv/boxes", "/srv/course", "/etc/dlef", "/home/jovyan"
DNS = {"ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]}
SCHEDULER = {grading.COMPONENT: f"{grading.NAME}-scheduler"}
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
        found += prewarm.seats(target, target.custom.warm)
    graders = grading.manifests(target.values, target.profiles)
    for one in graders:
        if one["kind"] == "Deployment":
            pod = one["spec"]["template"]["spec"]
            pod |= {"nodeSelector": dict(CORE), **pod, **pull_secrets(target)}
    return [*found, *graders]


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
    return make("v1", "PersistentVolumeClaim", pod_config.SHARED, spec=spec)


def prepare(target: Target) -> Object:
    """Return the job that gives the shared volume's folders to the user of all servers.

    A new volume belongs to root, and most classes with ReadWriteMany leave it so. This is the one
    pod that runs as root; it ends in a second, and knows no secret.
    """
    box = f"/shared/boxes/instructor/{target.custom.course}"
    folders = [
        "/shared/course",
        "/shared/boxes",
        "/shared/boxes/instructor",
        box,
        f"{box}/outbound",
    ]
    owner = f"{pod_config.UID}:{pod_config.GID}"
    script = f"mkdir -p {' '.join(folders)} && chown {owner} {' '.join(folders)}"
    container = {
        "name": "prepare",
        "image": target.custom.images["grader"],
        "command": ["sh", "-ec", script],
        "resources": resources("10m", "32Mi", "64Mi"),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"], "add": ["CHOWN", "DAC_OVERRIDE"]},
            "runAsUser": 0,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"name": "shared", "mountPath": "/shared"}],
    }
    pod = {
        **pull_secrets(target),
        "automountServiceAccountToken": False,
        "containers": [container],
        "nodeSelector": dict(CORE),
        "restartPolicy": "OnFailure",
        "volumes": [_shared()],
    }
    spec = {
        # Gone soon, because a job cannot be changed: the next `apply` makes it anew.
        "ttlSecondsAfterFinished": 60,
        "template": {"metadata": {"labels": labels("prepare")}, "spec": pod},
    }
    return make("batch/v1", "Job", "dlef-prepare", spec=spec)


def formgrader(target: Target) -> list[Object]:
    """Return formgrader: settings, one server for all instructors, its address, its walls."""
    name, ours = roles.FORMGRADER, labels(roles.FORMGRADER)
    files = _formgrader_files()
    access = {"hub.jupyter.org/network-access-hub": "true"}
    template = {
        "metadata": {"labels": {**ours, **access}},
        "spec": _formgrader_pod(target, sorted(files)),
    }
    deployment = {
        "replicas": 1,
        "strategy": {"type": "Recreate"},  # two would both write to the gradebook
        "selector": {"matchLabels": ours},
        "template": template,
    }
    port = {"name": "http", "port": FORMGRADER_PORT, "targetPort": FORMGRADER_PORT}
    in_the_way = [{"podSelector": {"matchLabels": _chart(one)}} for one in ("proxy", "hub")]
    policy = {
        "podSelector": {"matchLabels": ours},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": in_the_way, "ports": [{"port": FORMGRADER_PORT, "protocol": "TCP"}]}],
        "egress": [
            DNS,
            {
                "to": [{"podSelector": {"matchLabels": _chart("hub")}}],
                "ports": [{"port": 8081, "protocol": "TCP"}],
            },
            {
                "to": [{"podSelector": {"matchLabels": SCHEDULER}}],
                "ports": [{"port": grading.SCHEDULER_PORT, "protocol": "TCP"}],
            },
            {"to": [INTERNET], "ports": [{"port": 443, "protocol": "TCP"}]},
        ],
    }
    return [
        make("v1", "ConfigMap", name, data={_key(path): text for path, text in files.items()}),
        make("apps/v1", "Deployment", name, spec=deployment),
        make("v1", "Service", name, spec={"selector": ours, "ports": [port]}),
        make("networking.k8s.io/v1", "NetworkPolicy", name, spec=policy),
    ]


def _formgrader_files() -> dict[str, str]:
    settings = defaults.server_settings("instructor", private_sockets=True)
    nbgrader = defaults.instructor_settings(exchange=f"{BOXES}/instructor", boxes=BOXES)
    return {
        "jupyter_server_config.json": json.dumps(settings, indent=1),
        "nbgrader_config.json": json.dumps(nbgrader, indent=1),
        "labconfig/page_config.json": json.dumps(defaults.lab_settings("instructor"), indent=1),
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
    keys = grading.client()
    for one in keys["volumes"]:  # formgrader works, and grades by itself, before there are keys
        one["secret"]["optional"] = True
    token = {"name": "hub", "key": f"hub.services.{name}.apiToken"}
    container = {
        "name": name,
        "image": target.custom.images["grader"],
        "command": ["jupyterhub-singleuser"],
        "workingDir": COURSE,
        "env": [
            *({"name": key, "value": value} for key, value in sorted(environment.items())),
            {"name": "JUPYTERHUB_API_TOKEN", "valueFrom": {"secretKeyRef": token}},
            *keys["env"],
        ],
        "ports": [{"name": "http", "containerPort": FORMGRADER_PORT}],
        "readinessProbe": {"tcpSocket": {"port": "http"}},
        "resources": resources("500m", "1Gi", "4Gi"),
        "securityContext": dict(pod_config.SECURITY),
        "volumeMounts": [
            {"name": "shared", "mountPath": BOXES, "subPath": "boxes"},
            {"name": "shared", "mountPath": COURSE, "subPath": "course"},
            {"name": "settings", "mountPath": SETTINGS, "readOnly": True},
            {"name": "home", "mountPath": HOME},
            *keys["volumeMounts"],
        ],
    }
    items = [{"key": _key(path), "path": path} for path in files]
    return {
        **pull_secrets(target),
        "automountServiceAccountToken": False,
        "containers": [container],
        "enableServiceLinks": False,
        "nodeSelector": dict(CORE),
        "securityContext": {"fsGroup": pod_config.GID, "fsGroupChangePolicy": "OnRootMismatch"},
        "volumes": [
            _shared(),
            {"name": "settings", "configMap": {"name": name, "items": items}},
            {"name": "home", "emptyDir": {"sizeLimit": "5Gi"}},
            *keys["volumes"],
        ],
    }


def _chart(component: str) -> dict[str, str]:
    """Return the labels by which the chart's own policies know its pods."""
    return {"app": "jupyterhub", "component": component}


def _shared() -> Object:
    return {"name": "shared", "persistentVolumeClaim": {"claimName": pod_config.SHARED}}


def _key(path: str) -> str:
    return path.replace("/", ".")
