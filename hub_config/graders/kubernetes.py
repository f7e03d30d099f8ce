"""Makes the Kubernetes objects of a grading cluster: a Dask scheduler, and workers of each profile.

They are ordinary Deployments, at first without a worker: ``kubectl scale deployment/grading-NAME
--replicas=N`` before grading, 0 after it. Not the Dask operator's DaskCluster, which would be
shorter: its definition knows the pods of Kubernetes 1.21, so the API server takes ``hostUsers``,
which the sandbox needs, out of them without a word; and its autoscaler knows one kind of worker
only, so a job that waits for a GPU would buy processors.

A worker's own pod is a wall around the walls. What submissions run in is the sandbox inside, for
which the pod must allow: making user namespaces (seccomp and AppArmor of container runtimes refuse
that), and mounting a fresh /proc (``procMount: Unmasked``, which Kubernetes allows with
``hostUsers: false`` only). Root in such a pod is nobody on the node. All else is taken away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub_config.graders import certificates
from hub_config.graders.resources import THREADS, offered
from hub_config.machines.profiles import Profile, Profiles
from hub_config.machines.quantities import mebibytes

NAME = "grading"
#: What `certificates` has written, as ``kubectl create secret`` takes it.
SECRET, KEYS = "grading-tls", "/etc/grading-tls"
SCHEDULER_PORT, WORKER_PORT = 8786, 8789
#: For `autograder grade --scheduler`, from a pod in the same namespace.
ADDRESS = f"tls://{NAME}-scheduler:{SCHEDULER_PORT}"
COMPONENT = "app.kubernetes.io/component"
#: Tells workers of one Deployment from those of another; policies do not care.
PROFILE = "dlef/profile"
#: The pod from which an instructor grades.
FORMGRADER = {COMPONENT: "formgrader"}
#: What a worker and its zygote have imported, and what one submission may have, both in GiB.
BASE_GIB, SUBMISSION_GIB = 2.0, 2.0
USER, GROUP = 1000, 100
#: Dask's pages would be open to whoever reaches the pod.
QUIET = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")


def manifests(values: Mapping[str, Any], profiles: Profiles) -> list[dict[str, Any]]:
    """Return the objects for ``kubectl apply``.

    Parameters
    ----------
    values : mapping
        A target's values; of them ``custom.images.grader`` counts.
    profiles : Profiles
        The machines. There is a Deployment of workers for each, called ``grading-`` and its name.
    """
    image = values["custom"]["images"]["grader"]
    return [
        _service(),
        _scheduler_policy(),
        _worker_policy(),
        _scheduler(image),
        *(_workers(image, profile) for profile in profiles.profiles),
    ]


def client() -> dict[str, list[dict[str, Any]]]:
    """Return what a container needs to be the cluster's client: env, volumeMounts and volumes."""
    return _keys("client")


def slots(profile: Profile) -> int:
    """Return how many submissions a worker of this profile takes at a time."""
    return max(1, min(int(profile.cpu), int((profile.memory_gib - BASE_GIB) / SUBMISSION_GIB)))


def _labels(component: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": NAME, COMPONENT: f"{NAME}-{component}"}


def _meta(name: str, component: str) -> dict[str, Any]:
    return {"name": f"{NAME}-{name}", "labels": _labels(component)}


def _service() -> dict[str, Any]:
    port = {"name": "tls", "port": SCHEDULER_PORT, "targetPort": SCHEDULER_PORT}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _meta("scheduler", "scheduler"),
        "spec": {"selector": _labels("scheduler"), "ports": [port]},
    }


def _scheduler_policy() -> dict[str, Any]:
    """Let graders and the formgrader call the scheduler, and it the workers."""
    return _policy(
        "scheduler",
        ingress=[_allowed("from", [_labels("worker"), FORMGRADER], SCHEDULER_PORT)],
        egress=[_allowed("to", [_labels("worker")], WORKER_PORT)],
    )


def _worker_policy() -> dict[str, Any]:
    """Let a grader call the scheduler and look up its address, and nothing else."""
    names = {
        "to": [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}},
            {"ipBlock": {"cidr": "169.254.20.10/32"}},  # where nodes keep a copy of all names
            {"ipBlock": {"cidr": "169.254.169.254/32"}},  # Google's Cloud DNS; on port 53 only that
        ],
        "ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")],
    }
    return _policy(
        "worker",
        ingress=[_allowed("from", [_labels("scheduler")], WORKER_PORT)],
        egress=[_allowed("to", [_labels("scheduler")], SCHEDULER_PORT), names],
    )


def _policy(component: str, **rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _meta(component, component),
        "spec": {
            "podSelector": {"matchLabels": _labels(component)},
            "policyTypes": ["Ingress", "Egress"],
            **rules,
        },
    }


def _allowed(side: str, pods: list[dict[str, str]], port: int) -> dict[str, Any]:
    return {
        side: [{"podSelector": {"matchLabels": labels}} for labels in pods],
        "ports": [{"port": port, "protocol": "TCP"}],
    }


def _scheduler(image: str) -> dict[str, Any]:
    listening = ["--protocol", "tls", "--port", str(SCHEDULER_PORT)]
    words = ["dask", "scheduler", *listening, *QUIET]
    size = {"cpu": "500m", "memory": "1Gi"}
    container = _container(image, words, "scheduler", size)
    container["ports"] = [{"name": "tls", "containerPort": SCHEDULER_PORT}]
    container["readinessProbe"] = {"tcpSocket": {"port": SCHEDULER_PORT}, "periodSeconds": 10}
    container["securityContext"]["seccompProfile"] = {"type": "RuntimeDefault"}
    return _deployment("scheduler", "scheduler", 1, _pod(container, "scheduler"))


def _workers(image: str, profile: Profile) -> dict[str, Any]:
    threads = THREADS * slots(profile)
    words = ["dask", "worker", ADDRESS, "--name", "$(POD)", "--nthreads", str(threads)]
    # One process, so that one port is enough; the engine itself looks after memory.
    words += ["--no-nanny", "--worker-port", str(WORKER_PORT), "--memory-limit", "0"]
    words += [*QUIET, "--local-directory", "/tmp"]
    if resources := offered(profile):
        words += ["--resources", " ".join(f"{name}={most:g}" for name, most in resources.items())]
    size = {"cpu": f"{profile.cpu:g}", "memory": f"{mebibytes(profile.memory_gib)}Mi"}
    if profile.accelerator:
        size[profile.accelerator.resource] = str(profile.accelerator.count)
    container = _container(image, words, "worker", size)
    container["env"].append(
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    )
    container["ports"] = [{"name": "tls", "containerPort": WORKER_PORT}]
    container["securityContext"] |= {
        "procMount": "Unmasked",
        "seccompProfile": {"type": "Unconfined"},
        "appArmorProfile": {"type": "Unconfined"},
    }
    pod = _pod(container, "worker")
    pod["spec"]["hostUsers"] = False
    if profile.selector:
        pod["spec"]["nodeSelector"] = dict(profile.selector)
    if profile.tolerations:
        pod["spec"]["tolerations"] = [dict(one) for one in profile.tolerations]
    pod["metadata"]["labels"][PROFILE] = profile.name
    return _deployment(profile.name, "worker", 0, pod)


def _container(image: str, words: list[str], role: str, size: dict[str, str]) -> dict[str, Any]:
    keys = _keys(role)
    return {
        "name": role,
        "image": image,
        "command": words,
        "env": [*keys["env"], {"name": "HOME", "value": "/tmp"}],
        "volumeMounts": [*keys["volumeMounts"], {"name": "scratch", "mountPath": "/tmp"}],
        "resources": {"requests": dict(size), "limits": dict(size)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }


def _pod(container: dict[str, Any], component: str) -> dict[str, Any]:
    return {
        "metadata": {"labels": _labels(component)},
        "spec": {
            "containers": [container],
            "volumes": [*_keys(component)["volumes"], {"name": "scratch", "emptyDir": {}}],
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,  # tells a pod where everything else is
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": GROUP,
                "fsGroup": GROUP,
            },
        },
    }


def _deployment(name: str, component: str, replicas: int, pod: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(name, component),
        "spec": {
            "replicas": replicas,
            # Two schedulers would each have half of the workers.
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": dict(pod["metadata"]["labels"])},
            "template": pod,
        },
    }


def _keys(role: str) -> dict[str, list[dict[str, Any]]]:
    variables = certificates.environment(KEYS, role)
    return {
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "volumeMounts": [{"name": "keys", "mountPath": KEYS, "readOnly": True}],
        # Readable by the group that the pod's volumes belong to, and by nobody else.
        "volumes": [{"name": "keys", "secret": {"secretName": SECRET, "defaultMode": 0o440}}],
    }
