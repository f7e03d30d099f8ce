"""What our Kubernetes objects have in common."""

from __future__ import annotations

from typing import Any

from hub_config.kubernetes.target import Target
from hub_config.machines import node_pools

Object = dict[str, Any]

#: Nodes of what is always there; servers and graders are elsewhere.
CORE = {node_pools.LABEL: node_pools.CORE}


def make(version: str, kind: str, name: str, **content: Any) -> Object:
    """Return an object with its name, and labels that say whose it is."""
    metadata = {"name": name, "labels": labels(name)}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


def labels(component: str) -> dict[str, str]:
    """Return the labels by which our services and policies know a pod."""
    return {"app.kubernetes.io/part-of": "dlef", "app.kubernetes.io/component": component}


def pull_secrets(target: Target) -> Object:
    """Return what lets a pod pull images where the registry asks who it is, as the chart does."""
    names = [
        one["name"] if isinstance(one, dict) else one
        for one in target.values.get("imagePullSecrets", [])
    ]
    if target.values.get("imagePullSecret", {}).get("create"):
        names.append("image-pull-secret")
    return {"imagePullSecrets": [{"name": name} for name in names]} if names else {}


def resources(cpu: str, memory: str, at_most: str) -> Object:
    """Return what a container is sure of, and how much memory it may have at most."""
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": at_most}}
