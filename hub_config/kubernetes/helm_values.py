"""Turns a target into the input of Helm and kubectl."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import resources
from typing import Any

import hub_config
from hub_config import defaults
from hub_config.kubernetes import manifests as kubernetes_objects
from hub_config.kubernetes import required
from hub_config.kubernetes.target import Target, TargetError, merge

#: Where our modules lie in the hub's pod.
MOUNT = "/usr/local/etc/jupyterhub/dlef"
ENTRY = "hub_config.kubernetes.pod_config"
#: The chart runs its own configuration first, then this.
CALL = f"""\
import sys
sys.path.insert(0, {MOUNT!r})
from hub_config.kubernetes import pod_config as dlef
dlef.configure(c, get_config)
"""


def values(target: Target) -> dict[str, Any]:
    """Return the complete values of a target, for ``helm upgrade --install ... -f -``.

    Parameters
    ----------
    target : Target
        As `target.load` has read it.

    Raises
    ------
    TargetError
        With a sentence for everything with which the hub would refuse to start.
    """
    _refuse(target)
    found = merge(_derived(target), target.values)
    # These are never an operator's: files and code that fit each other.
    hub = {
        "extraFiles": {**found["hub"].get("extraFiles", {}), **files(target)},
        "extraConfig": {**found["hub"].get("extraConfig", {}), "00-dlef": CALL},
    }
    return merge(found, {"hub": hub})


def manifests(target: Target) -> list[dict[str, Any]]:
    """Return what the chart does not make, for ``kubectl apply -f -``.

    Parameters
    ----------
    target : Target
        As `target.load` has read it.

    Raises
    ------
    TargetError
        With a sentence for everything with which the hub would refuse to start.
    """
    _refuse(target)
    return kubernetes_objects.manifests(target)


def files(target: Target) -> dict[str, dict[str, str]]:
    """Return the chart's ``hub.extraFiles`` that carry our modules and the profiles.

    Parameters
    ----------
    target : Target
        Its profiles go along.

    Returns
    -------
    dict of str to dict
        By the name of a file in a Secret, where slashes may not be.
    """
    texts = {path: _text(path) for path in sorted(modules(ENTRY))}
    own = target.profiles_path
    texts["hub_config/profiles.toml"] = (
        own.read_text("utf-8") if own else _text("hub_config/profiles.toml")
    )
    return {
        f"dlef.{path.replace('/', '.')}": {"mountPath": f"{MOUNT}/{path}", "stringData": text}
        for path, text in texts.items()
    }


def modules(entry: str) -> set[str]:
    """Find the files that a module of ours needs to be imported: its own imports, and theirs.

    Parameters
    ----------
    entry : str
        Name of a module of `hub_config`.

    Returns
    -------
    set of str
        Paths from the folder of the package.
    """
    found: set[str] = set()
    waiting = [entry]
    while waiting:
        path = _path(waiting.pop())
        if path is not None and path not in found:
            found.add(path)
            waiting += _imports(path)
    return found


def _derived(target: Target) -> dict[str, Any]:
    """Return what follows from our own settings and code; the target's files win over it."""
    name, tag = _split(target.custom.images["cpu"])
    image = {"name": name, "tag": tag}
    return {
        # A student's own image is pulled before it is needed; the GPU's only where a GPU is.
        "singleuser": {"image": image},
        "cull": {
            "enabled": True,
            "timeout": defaults.SERVER_IDLE_S,
            "every": defaults.CULL_EVERY_S,
        },
        "hub": {"services": kubernetes_objects.hub_services()},
    }


def _refuse(target: Target) -> None:
    if found := required.problems(target.values):
        raise TargetError(*(f"{target.path.name}: {problem}" for problem in found))


def _split(image: str) -> tuple[str, str]:
    """Split a name where the chart puts a colon between the two: at the tag, or in the digest."""
    name, _, tag = image.rpartition(":")
    return name, tag


def _text(path: str) -> str:
    return resources.files(hub_config).joinpath(path.removeprefix("hub_config/")).read_text("utf-8")


def _path(module: str) -> str | None:
    """Return the file of a module of ours; None for any other."""
    if module.partition(".")[0] != "hub_config":
        return None
    for path in (f"{module.replace('.', '/')}.py", f"{module.replace('.', '/')}/__init__.py"):
        if resources.files(hub_config).joinpath(path.removeprefix("hub_config/")).is_file():
            return path
    return None


def _imports(path: str) -> Iterator[str]:
    package = path.removesuffix(".py").removesuffix("/__init__").split("/")
    yield from (".".join(package[:end]) for end in range(1, len(package)))  # its parents
    for node in ast.walk(ast.parse(_text(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
