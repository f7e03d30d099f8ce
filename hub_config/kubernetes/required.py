"""Finds what must keep a hub on Kubernetes from starting: placeholders, open access, no encryption.

`course hub values` asks it before anything reaches the cluster, and the hub's pod asks it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hub_config.machines.profile_list import pinned

#: What our own files say where an operator has to write something.
MARK = "CHANGE_ME"
_PLACEHOLDER = re.compile(
    r"change[-_ ]?me|replace[-_ ]?me|to[-_ ]?be[-_ ]?(set|done|replaced)|^todo\b|^<.*>$|^x{3,}$",
    re.IGNORECASE,
)
#: Words that are no secret where a secret belongs.
_SECRET_KEY = re.compile(r"secret$|password$|token$|client_id$", re.IGNORECASE)
_WEAK = re.compile(
    r"^((my|your|some|the)?[-_ ]?(client)?[-_ ]?(secret|password|token|id|key))?$", re.IGNORECASE
)
_EXAMPLE_HOST = re.compile(r"(^|[/@.])example\.(com|net|org|edu)\b")
#: Sections of the values where texts are ours, or an operator's own code.
_NOT_READ = ("extraFiles", "extraConfig")
OPEN = ("", "dummy", "null")
LTI = "LTI13Authenticator"


def placeholders(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Find what still waits for somebody to fill it in.

    Parameters
    ----------
    values : mapping
        Of the chart.

    Returns
    -------
    list of tuple of str and str
        Where, with dots between keys, and what is written there.
    """
    return [
        (where, text)
        for where, text in _texts(values, "")
        if _PLACEHOLDER.search(text)
        or _EXAMPLE_HOST.search(text)
        or (_SECRET_KEY.search(where) and _WEAK.search(text))
    ]


def problems(values: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with the values of a hub that is about to start.

    Parameters
    ----------
    values : mapping
        Of the chart; sections that are not there are taken as empty.

    Returns
    -------
    list of str
        Sentences; empty where the hub may start.
    """
    waiting = [
        f"{where} is still the placeholder '{text}'; write your own value"
        for where, text in placeholders(values)
    ]
    renamed = [
        f"{key} is '{values[key]}', but our own objects use the chart's usual names; remove it"
        for key in ("fullnameOverride", "nameOverride")
        if values.get(key)
    ]
    base = _section(values, "hub").get("baseUrl")
    if base and base != "/":
        renamed.append(
            f"hub.baseUrl is '{base}', but formgrader looks for the hub at '/'; remove it, and "
            "give the hub a name of its own"
        )
    return [*waiting, *renamed, *_login(values), *_encryption(values), *_images(values)]


def _texts(values: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(values, str):
        yield where, values
    elif isinstance(values, Mapping):
        for key, value in values.items():
            if key not in _NOT_READ:
                yield from _texts(value, f"{where}.{key}" if where else str(key))
    elif isinstance(values, list | tuple):
        for number, value in enumerate(values):
            yield from _texts(value, f"{where}[{number}]")


def _login(values: Mapping[str, Any]) -> Iterator[str]:
    config = _section(values, "hub", "config")
    chosen = str(_section(config, "JupyterHub").get("authenticator_class") or "")
    if chosen in OPEN:
        yield (
            f"hub.config.JupyterHub.authenticator_class is '{chosen}', with which anybody or "
            "nobody logs in; copy oauth.example.yaml or lti.example.yaml to NAME.secrets.yaml "
            "beside the target's file, and fill it in"
        )
        return
    lti = chosen.lower().rpartition(".")[2] in ("lti13", LTI.lower())
    context = _section(values, "custom", "lti").get("context")
    if lti and not context:
        yield (
            "custom.lti has no 'context', so every course of the learning platform could enter; "
            "write the number of this course there"
        )
    sections = {name: _section(config, name) for name in config if name.endswith("Authenticator")}
    everybody = [name for name, one in sections.items() if one.get("allow_all")]
    if everybody and not lti:
        yield (
            f"hub.config.{everybody[0]}.allow_all lets in everybody who has an account with the "
            "provider; name who may log in, such as allowed_users or allowed_organizations"
        )
    allowed = [
        key
        for one in sections.values()
        for key, value in one.items()
        if value and (key.startswith("allowed_") or key == "allow_all")
    ]
    if not allowed:
        yield (
            "hub.config lets in nobody; name who may log in, such as allowed_users or "
            "allowed_organizations"
        )


def _encryption(values: Mapping[str, Any]) -> Iterator[str]:
    https = _section(values, "proxy", "https")
    if _section(values, "ingress").get("tls") or https.get("type") == "offload":
        return  # something in front of the hub does it
    if not https.get("enabled"):
        yield (
            "proxy.https.enabled is false, so passwords would cross the internet in the clear; set "
            "it to true"
        )
    elif https.get("type", "letsencrypt") == "letsencrypt":
        # The chart serves plain HTTP then, and does not say so.
        if not https.get("hosts"):
            yield "proxy.https.hosts is empty; write the name under which students reach the hub"
        if not _section(https, "letsencrypt").get("contactEmail"):
            yield "proxy.https.letsencrypt.contactEmail is empty; Let's Encrypt writes to it"


def _images(values: Mapping[str, Any]) -> Iterator[str]:
    for name, image in _section(values, "custom", "images").items():
        if not pinned(str(image)):
            yield (
                f"custom.images.{name} is '{image}', which is not pinned; give it a tag of one "
                "version, or a digest, so that a class does not change under its students"
            )


def _section(values: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        below = values.get(key)
        values = below if isinstance(below, Mapping) else {}
    return values
