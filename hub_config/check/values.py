"""Finds values that would harm a class: open access, lost work, idle machines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

from hub_config.check import machines, syntax
from hub_config.kubernetes import required
from hub_config.kubernetes.prewarm import WARM_PRIORITY
from hub_config.machines.profile_list import pinned
from hub_config.machines.profiles import Profiles, choose_from

#: Where a value of the chart opens a door, and what lies behind it.
_NEVER: dict[str, tuple[Any, str]] = {
    "singleuser.networkPolicy.enabled": (
        False,
        "students' servers reach each other and everything else in the cluster; set it to true",
    ),
    "hub.networkPolicy.enabled": (
        False,
        "every pod of the cluster reaches the hub's own port; set it to true",
    ),
    "proxy.chp.networkPolicy.enabled": (
        False,
        "every pod of the cluster can change where the proxy sends people; set it to true",
    ),
    "singleuser.networkPolicy.egressAllowRules.cloudMetadataServer": (
        True,
        "students' code reads the node's credentials for the cloud there; set it to false",
    ),
    "singleuser.networkPolicy.egressAllowRules.privateIPs": (
        True,
        "students' code reaches other servers, the nodes and your network; set it to false",
    ),
    "singleuser.cloudMetadata.blockWithIptables": (
        True,
        "each server starts with a privileged container; set it to false, because the network "
        "policy keeps the same address away",
    ),
    "singleuser.allowPrivilegeEscalation": (
        True,
        "students can become root in their servers; remove it",
    ),
    "singleuser.uid": (0, "students are root in their servers; remove it"),
    "hub.config.KubeSpawner.privileged": (True, "students are root on the node; remove it"),
    "hub.config.KubeSpawner.automount_service_account_token": (
        True,
        "students' code gets a key to the cluster; remove it",
    ),
    "singleuser.extraPodConfig.automountServiceAccountToken": (
        True,
        "students' code gets a key to the cluster; remove it",
    ),
    "hub.config.JupyterHub.admin_access": (
        True,
        "an administrator opens any student's server without being seen; set it to false",
    ),
    "hub.allowNamedServers": (
        True,
        "a student could run several machines at once; remove it",
    ),
    "hub.db.type": (
        "sqlite-memory",
        "the hub forgets who is logged in whenever it restarts; write sqlite-pvc",
    ),
    "singleuser.storage.type": (
        "none",
        "students lose all their work when their server ends; write dynamic",
    ),
    "cull.enabled": (
        False,
        "a server that nobody uses runs, and costs, until its profile's max_hours; remove it",
    ),
}
#: What a profile decides, whatever the values say.
_OVERRULED = ("singleuser.cpu", "singleuser.memory")
#: Where the images' user is at home.
_HOME = "/home/jovyan"
#: Settings of an authenticator that are addresses of the web.
_ADDRESSES = (
    *("authorize_url", "token_url", "userdata_url", "userinfo_url", "oauth_callback_url"),
    *("jwks_endpoint", "github_url", "gitlab_url"),
)
#: What stands under names that end so is nobody's business; nor is a text with one of the marks. An
#: existing Secret of Kubernetes is named only.
_SECRETS = re.compile(r"(?<!existing)(secret|password|token)$", re.IGNORECASE)
_MARKS = ("PRIVATE KEY-----", "://[^/@]+:[^/@]+@")


def problems(values: Mapping[str, Any], offered: Profiles | None) -> list[str]:
    """Say what is wrong with the values of the chart.

    Parameters
    ----------
    values : mapping
        In which mappings stand where they belong, and ``hub.config`` is one.
    offered : Profiles or None
        The machines, if they can be read.

    Returns
    -------
    list of str
        Sentences.
    """
    return [
        *_doors(values),
        *_accounts(values),
        *machines.accelerators(values, offered),
        *_database(values),
        *_images(values),
        *_address(values),
        *_people(values),
        *_warm(values),
    ]


def exposed(values: Any, file: str, where: str = "") -> Iterator[str]:
    """Yield a sentence for every secret that does not stand in the file for secrets.

    Parameters
    ----------
    values : any
        Without that file.
    file : str
        The name of the target's own file.
    where : str
        What stands above.
    """
    for key, value in values.items() if isinstance(values, Mapping) else ():
        place = f"{where}.{key}" if where else str(key)
        if isinstance(value, Mapping):
            yield from exposed(value, file, place)
        elif isinstance(value, str) and _secret(str(key), value):
            hidden = f"{file.rpartition('.')[0]}.secrets.yaml"
            yield (
                f"{place} is a secret, and {file} is for everybody to read; move it to {hidden}, "
                "and make a new one if git has seen it"
            )


def _secret(key: str, text: str) -> bool:
    if not text or required.placeholders({"": text}):
        return False
    return bool(_SECRETS.search(key)) or any(re.search(mark, text) for mark in _MARKS)


def at(values: Mapping[str, Any], where: str) -> Any:
    """Return what stands at a place with dots, or None."""
    found: Any = values
    for key in where.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _doors(values: Mapping[str, Any]) -> Iterator[str]:
    for where, (never, why) in _NEVER.items():
        found = at(values, where)
        if found == never and type(found) is type(never):
            yield f"{where} is {_shown(found)}, so {why}"
    place = at(values, "singleuser.storage.homeMountPath")
    if isinstance(place, str) and place.rstrip("/") != _HOME:
        yield (
            f"singleuser.storage.homeMountPath is '{place}', and the images' home is {_HOME}, so "
            "students lose all their work when their server ends; remove it"
        )
    for where in _OVERRULED:
        if at(values, where):
            yield (
                f"{where} has no effect, because each profile says how much a server has; change "
                "profiles.toml, and remove it"
            )


def _accounts(values: Mapping[str, Any]) -> Iterator[str]:
    for where in ("singleuser.serviceAccountName", "hub.config.KubeSpawner.service_account"):
        if name := at(values, where):
            yield (
                f"{where} is '{name}', so students' code could do in the cluster what this account "
                "may; remove it"
            )
    for name, settings in values["hub"]["config"].items():
        if settings.get("admin_users"):
            yield (
                f"hub.config.{name}.admin_users has no effect, because nobody administers this hub "
                "in the browser; name who teaches in custom.groups.instructors, and remove it"
            )


def _database(values: Mapping[str, Any]) -> Iterator[str]:
    kind = at(values, "hub.db.type")
    if kind in ("mysql", "postgres") and not at(values, "hub.db.url"):
        yield f"hub.db.type is '{kind}' without hub.db.url; add it, or write sqlite-pvc"


def _images(values: Mapping[str, Any]) -> Iterator[str]:
    places = {"singleuser.image": at(values, "singleuser.image")}
    extra = at(values, "prePuller.extraImages")
    if isinstance(extra, Mapping):
        places |= {f"prePuller.extraImages.{name}": image for name, image in extra.items()}
    for where, image in places.items():
        given = isinstance(image, Mapping) and (image.get("name") or image.get("tag"))
        if given and not pinned(f"{image.get('name')}:{image.get('tag')}"):
            yield f"{where} has the tag '{image.get('tag')}', which is not pinned; name one version"


def _address(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what keeps people from reaching the hub by its name, or from coming back to it."""
    https = values.get("proxy", {}).get("https", {})
    listed = https.get("hosts")
    hosts = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    if https.get("type") == "manual" and not all(
        at(https, f"manual.{part}") for part in ("key", "cert")
    ):
        yield "proxy.https.type is 'manual' without manual.key and manual.cert; add both"
    if https.get("type") == "secret" and not at(https, "secret.name"):
        yield "proxy.https.type is 'secret' without secret.name; name the Secret with the key"
    contact = str(at(https, "letsencrypt.contactEmail") or "@")
    if "@" not in contact and not required.placeholders({"": contact}):
        yield f"proxy.https.letsencrypt.contactEmail is '{contact}'; write an address with an @"
    for name, settings in values["hub"]["config"].items():
        for key in _ADDRESSES:
            text = settings.get(key)
            if text and not syntax.fits("url", text) and not required.placeholders({"": text}):
                yield f"hub.config.{name}.{key} is '{text}'; {syntax.how('url')}"
        back = settings.get("oauth_callback_url")
        if not isinstance(back, str) or not hosts or required.placeholders({"": [back, hosts]}):
            continue
        wanted = [f"https://{host}/hub/oauth_callback" for host in hosts]
        if back not in wanted:
            yield (
                f"hub.config.{name}.oauth_callback_url is '{back}', so nobody comes back from "
                f"logging in; write {wanted[0]}"
            )


def _people(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield who authenticates, where that cannot be, and members of groups who may not log in."""
    config = values["hub"]["config"]
    chosen = config.get("JupyterHub", {}).get("authenticator_class")
    known = {entry.name.lower() for entry in entry_points(group="jupyterhub.authenticators")}
    if isinstance(chosen, str) and "." not in chosen and chosen.lower() not in known | {""}:
        yield (
            f"hub.config.JupyterHub.authenticator_class is '{chosen}'; {choose_from(chosen, known)}"
        )
    ways = {
        f"hub.config.{name}.{key}": value
        for name, settings in config.items()
        for key, value in settings.items()
        if value and (key.startswith("allowed_") or key == "allow_all")
    }
    if not ways or not all(where.endswith(".allowed_users") for where in ways):
        return  # who may log in is for others to say
    allowed = {str(user).lower() for users in ways.values() for user in users}
    for group, people in values["custom"].get("groups", {}).items():
        for name in people:
            if str(name).lower() not in allowed and not required.placeholders({"": name}):
                yield (
                    f"custom.groups.{group} names '{name}', who may not log in; add the name to "
                    f"{next(iter(ways))}, or remove it"
                )


def _warm(values: Mapping[str, Any]) -> Iterator[str]:
    placeholder = values.get("scheduling", {}).get("userPlaceholder", {})
    if placeholder.get("enabled") and placeholder.get("replicas"):
        yield (
            "scheduling.userPlaceholder.replicas keeps seats of no profile's size ready; write "
            "custom.warm instead, and remove it"
        )
    if values["custom"].get("warm") and at(values, "scheduling.podPriority.enabled") is False:
        yield (
            "scheduling.podPriority.enabled is false, so nobody could take the seats of "
            "custom.warm; set it to true"
        )

    least = at(values, "scheduling.podPriority.defaultPriority")
    if values["custom"].get("warm") and isinstance(least, int) and least <= WARM_PRIORITY:
        yield (
            f"scheduling.podPriority.defaultPriority is {least}, so servers would not take the "
            f"seats of custom.warm, which have {WARM_PRIORITY}; write more than that"
        )


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
