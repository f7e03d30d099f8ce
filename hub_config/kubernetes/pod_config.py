"""Configures the hub in its pod: everything that must hold whatever a values file says.

The chart's own configuration runs first and then calls `configure`, so what is set here stays. Only
the standard library, traitlets, JupyterHub and KubeSpawner are there, and the modules of
`hub_config` that `hub_config.kubernetes.helm_values` puts into the pod.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from traitlets.config import Config

from hub_config import defaults, roles
from hub_config.kubernetes import groups, required, spawner
from hub_config.kubernetes import settings as kubernetes_settings
from hub_config.machines import profile_list, profiles

#: The volume that everybody mounts a part of, and the user to whom all files belong.
SHARED = "dlef-shared"
UID, GID = 1000, 100
#: Where nbgrader looks in a student's server.
EXCHANGE = "/srv/exchange"
SECTIONS = ("custom", "hub", "imagePullSecret", "ingress", "proxy", "singleuser")
#: Seconds in which the hub knows whether it refuses a start; JupyterHub's own default.
REFUSED_WITHIN_S = 10
#: Of every container of ours: what it never needs, it does not have.
SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": UID,
    "runAsGroup": GID,
    "seccompProfile": {"type": "RuntimeDefault"},
}


class HubRefusesError(Exception):
    """The hub must not start like this; its arguments are the sentences."""

    def __str__(self) -> str:
        return "\n".join(("the hub does not start:", *map(str, self.args)))


def configure(c: Config, get_config: Callable[..., Any]) -> None:
    """Complete the configuration that the chart has made.

    Parameters
    ----------
    c : Config
        The hub's configuration.
    get_config : callable
        Takes a key of the chart's values, with dots, and returns what is there or None.

    Raises
    ------
    HubRefusesError
        With a sentence for everything with which a hub must not start.
    """
    values = {section: get_config(section) or {} for section in SECTIONS}
    if found := required.problems(values):
        raise HubRefusesError(*found)
    machines = profiles.load()
    settings = kubernetes_settings.read(
        values["custom"],
        groups=machines.groups,
        profiles=[profile.name for profile in machines.profiles],
    )
    everybody = groups.People(settings)
    groups.set_people(c, everybody)
    set_rights(c, everybody)
    defaults.set_headers(c)
    set_pods(c)
    set_patience(c)
    set_exchange(c, settings.course)
    set_profiles(c, machines, settings, everybody)


def set_rights(c: Config, everybody: groups.People) -> None:
    """Say who may do what; the same as on a laptop (`hub_config.roles`)."""
    roles.set_roles(c, everybody.roster)
    if everybody.may_teach_unlisted:
        for role in c.JupyterHub.load_roles:
            if role["name"] == roles.INSTRUCTORS:
                role["groups"] = [roles.INSTRUCTORS]
    c.JupyterHub.allow_named_servers = False


def set_pods(c: Config) -> None:
    """Set what the pods of all servers have in common.

    Parameters
    ----------
    c : Config
        The hub's configuration.
    """
    defaults.set_servers(c)
    pods = c.KubeSpawner
    # The chart has set this trait, and the section of KubeSpawner wins over that of Spawner.
    pods.environment = {**c.Spawner.environment, **pods.get("environment", {})}
    pods.env_keep = []  # the hub's own PATH is of no use in a student's image
    pods.default_url = c.Spawner.default_url
    pods.uid, pods.gid, pods.fs_gid = UID, GID, GID
    pods.privileged = pods.allow_privilege_escalation = False
    pods.container_security_context = dict(SECURITY)
    pods.pod_security_context = {"fsGroupChangePolicy": "OnRootMismatch"}  # large homes start soon
    pods.service_account = None
    pods.automount_service_account_token = False
    # The chart's network policy lets servers with this label reach the hub.
    label = {"hub.jupyter.org/network-access-hub": "true"}
    pods.extra_labels = {**pods.get("extra_labels", {}), **label}
    # Names and addresses of every service in the namespace are nobody's business.
    pods.extra_pod_config = {**pods.get("extra_pod_config", {}), "enableServiceLinks": False}
    c.JupyterHub.spawner_class = f"{spawner.__name__}.{spawner.ExplainingSpawner.__name__}"
    # TensorFlow's data loaders and NCCL share memory here; a container's own has 64 MB.
    _volume(c, "shm", {"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}})
    _mount(c, "shm", {"mountPath": "/dev/shm"})


def set_patience(c: Config) -> None:
    """Answer a call of the API only when it is clear whether a server is starting.

    Parameters
    ----------
    c : Config
        The hub's configuration.
    """
    # The chart waits no moment: a profile that is then refused would be answered with "accepted".
    waits = {"slow_spawn_timeout": REFUSED_WITHIN_S}
    c.JupyterHub.tornado_settings = {**c.JupyterHub.get("tornado_settings", {}), **waits}


def set_exchange(c: Config, course: str) -> None:
    """Mount each student's own box, and of everybody's what the instructors released.

    A student writes to one folder only, the one for submissions: a link further up could lead the
    instructors' side to somebody else's work.

    Parameters
    ----------
    c : Config
        The hub's configuration.
    course : str
        nbgrader's name of the course.
    """
    _volume(c, SHARED, {"persistentVolumeClaim": {"claimName": SHARED}})
    # The images know no course: their nbgrader asks for it.
    c.KubeSpawner.environment = {**c.KubeSpawner.get("environment", {}), "DLEF_COURSE": course}
    # nbgrader wants to be able to write to the root of an exchange, and puts nothing there.
    _volume(c, "exchange", {"emptyDir": {"sizeLimit": "1Mi"}})
    _mount(c, "exchange", {"mountPath": EXCHANGE})
    for name, sub_path in box_folders(course).items():
        mount = {"mountPath": f"{EXCHANGE}/{course}/{name}", "subPath": sub_path}
        read_only = name != "inbound"
        _mount(c, f"exchange-{name}", {"name": SHARED, **mount, "readOnly": read_only})


def set_profiles(
    c: Config,
    machines: profiles.Profiles,
    settings: kubernetes_settings.Custom,
    everybody: groups.People,
) -> None:
    """Offer everybody the machines of their groups, and make their box before their server.

    Parameters
    ----------
    c : Config
        The hub's configuration, with what the chart has set for all servers.
    machines : Profiles
        All there are.
    settings : Custom
        Ours.
    everybody : People
        Who is in which group.
    """
    before = c.KubeSpawner.get("init_containers", [])
    if not isinstance(before, list):  # traitlets' record of what was appended to an unset trait
        before = before.get_value([])
    offered = profile_list.profile_list(
        machines,
        settings.images,
        groups_of=everybody.refreshed,
        tolerations=list(c.KubeSpawner.get("tolerations", [])),
    )

    async def with_box(spawner: Any) -> list[dict[str, Any]]:
        found = await offered(spawner)
        for one in found:
            override = one["kubespawner_override"]
            override["init_containers"] = [*before, make_box(settings.course, override["image"])]
        return found

    c.KubeSpawner.profile_list = with_box


def box_folders(course: str) -> dict[str, str]:
    """Return where on the shared volume the folders of a student's exchange are."""
    own = f"boxes/{{unescaped_username}}/{course}"
    return {
        "inbound": f"{own}/inbound",
        "feedback": f"{own}/feedback",
        "outbound": f"boxes/instructor/{course}/outbound",
    }


def make_box(course: str, image: str) -> dict[str, Any]:
    """Return the container that makes a student's folders; kubelet would make them as root.

    Parameters
    ----------
    course : str
        nbgrader's name of the course.
    image : str
        The server's own, so that no other is pulled.
    """
    folders = [f"/shared/{folder}" for folder in box_folders(course).values()]
    return {
        "name": "make-box",
        "image": image,
        "command": ["mkdir", "--parents", "--", *folders],
        "volumeMounts": [{"name": SHARED, "mountPath": "/shared"}],
        "securityContext": dict(SECURITY),
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "100m", "memory": "64Mi"},
        },
    }


def _volume(c: Config, name: str, source: dict[str, Any]) -> None:
    c.KubeSpawner.volumes = {**c.KubeSpawner.get("volumes", {}), name: {"name": name, **source}}


def _mount(c: Config, name: str, mount: dict[str, Any]) -> None:
    mounts = c.KubeSpawner.get("volume_mounts", {})
    c.KubeSpawner.volume_mounts = {**mounts, name: {"name": name, **mount}}
