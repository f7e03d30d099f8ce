"""Real pods, from what `render` gives and nothing else; Kubernetes' own schema judges them."""

import sys
from importlib import metadata
from pathlib import Path

import kubernetes_validate
import pytest

from hub_config.kubernetes import helm_values, target
from hub_config.machines import profile_list, profiles
from tests.hub_config import second_hub
from tests.hub_config.kubernetes.pod import CHART, ROOT, filled, in_the_pod, over_the_chart

pytestmark = pytest.mark.slow
FOUND = profiles.load()
#: Of every kind, one: whoever may log in is a student or an instructor.
PEOPLE = {
    "ann": {"students"},
    "bob": {"students", "gpu-lab"},
    "ada": {"instructors"},
    "eve.l@econ.ch": {"instructors", "gpu-lab"},
}
GROUPS = {"instructors": ["ada", "eve.l@econ.ch"], "gpu-lab": ["bob", "eve.l@econ.ch"]}
#: What an operator's values may have set for all servers before a profile is chosen.
DEFAULTS = {
    "the chart's": {},
    "a whole GPU": {"extraResource": {"limits": {"nvidia.com/gpu": "1"}}},
    "a slice, asked for and limited": {
        "extraResource": {
            "limits": {"nvidia.com/mig-1g.10gb": "1"},
            "guarantees": {"nvidia.com/mig-1g.10gb": "1"},
        }
    },
    "what weakens or differs": {
        "memory": {"limit": "1G", "guarantee": "1G"},
        "cpu": {"limit": 1, "guarantee": 1},
        "nodeSelector": {"zone": "a"},
        "extraLabels": {"hub.jupyter.org/network-access-hub": None, "team": "econ"},
        "extraEnv": {"TEAM": "econ"},
        "allowPrivilegeEscalation": True,
        "serviceAccountName": "admin",
        "uid": 0,
        "fsGid": 0,
        "storage": {"extraVolumes": [{"name": "data", "emptyDir": {}}]},
        "initContainers": [{"name": "first", "image": "a:1", "command": ["true"]}],
    },
}


#: What else the chart's code reads for a pod, for a comparison with the chart itself.
ALL = {
    **DEFAULTS["what weakens or differs"],
    "podNameTemplate": "server-{username}",
    "image": {"pullPolicy": "Always", "pullSecrets": ["third"]},
    "extraAnnotations": {"team": "econ"},
    "extraTolerations": [{"key": "spot", "operator": "Exists"}],
    "extraNodeAffinity": {
        "required": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}],
        "preferred": [{"weight": 1, "preference": {"matchFields": []}}],
    },
    "extraPodAffinity": {"required": [{"topologyKey": "zone"}]},
    "lifecycleHooks": {"preStop": {"exec": {"command": ["true"]}}},
    "extraContainers": [{"name": "sync", "image": "b:1"}],
    "extraPodConfig": {"hostname": "server"},
    "extraFiles": {"a.md": {"mountPath": "/a.md", "stringData": "a", "mode": 0o444}},
    "storage": {
        "extraLabels": {"team": "econ"},
        "dynamic": {
            "storageClass": "fast",
            "pvcNameTemplate": "home-{username}",
            "subPath": "home",
        },
        "extraVolumes": {"data": {"name": "data", "emptyDir": {}}},
        "extraVolumeMounts": [{"name": "data", "mountPath": "/data"}],
    },
}


def configured(folder, more=None, **job):
    """Return what the hub's pod says of production with ``more`` for all servers."""
    for name in ("target", "pod"):
        (folder / name).mkdir(parents=True)
    path = filled(folder / "target", custom={"groups": GROUPS}, singleuser=more or {})
    values = over_the_chart(helm_values.values(target.load(str(path))))
    return in_the_pod(folder / "pod", values, **job)


@pytest.fixture(scope="session")
def pods(tmp_path_factory):
    """Answers of the hub's pod, each made once: of everybody, for every profile."""
    made = {}

    def answer(defaults):
        if defaults not in made:
            folder = tmp_path_factory.mktemp("pods")
            names = [profile.name for profile in FOUND.profiles]
            job = {"users": list(PEOPLE), "profiles": names}
            made[defaults] = configured(folder, DEFAULTS[defaults], **job)
        return made[defaults]

    return answer


@pytest.mark.parametrize("user", PEOPLE)
@pytest.mark.parametrize("profile", FOUND.profiles, ids=lambda one: one.name)
@pytest.mark.parametrize("defaults", DEFAULTS)
def test_everybody_gets_the_machines_of_their_groups_and_no_other(pods, defaults, profile, user):
    answer = pods(defaults)["pods"][f"{user} {profile.name}"]
    assert set(answer["groups"]) == PEOPLE[user]
    offered = {one.title for one in FOUND.allowed(PEOPLE[user])}
    hidden = {one.title for one in FOUND.profiles} - offered
    assert all(title in answer["page"] for title in offered)
    assert not any(f"<strong>{title}" in answer["page"] for title in hidden)
    if PEOPLE[user].isdisjoint(profile.groups):
        assert answer["refused"].startswith(f"Found '{profile.name}' as the chosen profile")
        assert answer["refused again"].startswith(f"No such profile: {profile.name}.")
        assert "pod" not in answer
        return
    pod = answer["pod"]
    kubernetes_validate.validate(pod, "1.32", strict=True)
    kubernetes_validate.validate(answer["claim"], "1.32", strict=True)
    check_machine(pod, profile, DEFAULTS[defaults])
    check_walls(pod)
    check_mounts(pod, user)


def check_machine(pod, profile, more):
    """The size, the one GPU or none, the nodes."""
    (container,) = pod["spec"]["containers"]
    limits, requests = (container["resources"][side] for side in ("limits", "requests"))
    wanted = {profile.accelerator.resource: "1"} if profile.accelerator else {}
    for side in (limits, requests):
        assert {name: count for name, count in side.items() if "/" in name} == wanted
    for first in pod["spec"]["initContainers"]:
        assert not [name for name in first.get("resources", {}).get("limits", {}) if "/" in name]
    assert limits["cpu"] == profile.cpu
    assert limits["memory"] == requests["memory"] == round(profile.memory_gib * 1024**3)
    assert pod["spec"]["nodeSelector"] == {**more.get("nodeSelector", {}), **profile.selector}
    servers_only = {"key": "hub.jupyter.org/dedicated", "operator": "Equal", "value": "user"}
    tolerated = [{**servers_only, "effect": "NoSchedule"}, *profile.tolerations]
    assert pod["spec"]["tolerations"] == tolerated
    assert pod["spec"]["activeDeadlineSeconds"] == 3600 * profile.max_hours
    image = f"registry.econ.ch/dlef-{profile.image}:0.1.0"
    assert container["image"] == image
    assert pod["spec"]["initContainers"][-1]["image"] == image
    environment = {one["name"]: one.get("value") for one in container["env"]}
    assert environment.get("CUDA_VISIBLE_DEVICES") == (None if profile.accelerator else "")
    assert environment["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert environment["DLEF_COURSE"] == "dlef"
    assert environment.get("TEAM") == more.get("extraEnv", {}).get("TEAM")
    assert "PATH" not in environment  # the hub's, which means nothing in this image
    labels = pod["metadata"]["labels"]
    assert labels[profile_list.LABEL] == profile.name


def check_walls(pod):
    """What no values file takes down."""
    spec = pod["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in spec
    assert spec["enableServiceLinks"] is False
    assert spec["securityContext"]["fsGroup"] == 100
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    ours = [*spec["containers"], *(c for c in spec["initContainers"] if c["name"] == "make-box")]
    assert len(ours) == 2
    for container in ours:
        context = container["securityContext"]
        assert context["runAsNonRoot"] is True
        assert (context["runAsUser"], context["runAsGroup"]) == (1000, 100)
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not context.get("privileged")
    # By these labels the chart's network policy for servers takes hold of a pod.
    labels = pod["metadata"]["labels"]
    assert labels["app"] == "jupyterhub"
    assert labels["component"] == "singleuser-server"
    assert labels["release"] == "dlef"
    assert labels["hub.jupyter.org/network-access-hub"] == "true"
    assert "hub.jupyter.org/network-access-proxy-api" not in labels


def check_mounts(pod, user):
    """The student's own box and nobody else's; only submissions can be written."""
    (container,) = pod["spec"]["containers"]
    (box,) = (one for one in pod["spec"]["initContainers"] if one["name"] == "make-box")
    mounts = {one["mountPath"]: one for one in container["volumeMounts"]}
    exchange = {
        path.removeprefix("/srv/exchange/dlef/"): (one["subPath"], one["readOnly"])
        for path, one in mounts.items()
        if one["name"] == "dlef-shared"
    }
    assert exchange == {
        "inbound": (f"boxes/{user}/dlef/inbound", False),
        "feedback": (f"boxes/{user}/dlef/feedback", True),
        "outbound": ("boxes/instructor/dlef/outbound", True),
    }
    words, folders = box["command"][:3], box["command"][3:]
    assert words == ["mkdir", "--parents", "--"]
    assert sorted(folders) == sorted(f"/shared/{sub_path}" for sub_path, _ in exchange.values())
    volumes = {one["name"]: one for one in pod["spec"]["volumes"]}
    assert mounts["/srv/exchange"]["name"] == "exchange"
    assert "emptyDir" in volumes["exchange"]
    assert volumes[mounts["/dev/shm"]["name"]]["emptyDir"]["medium"] == "Memory"
    home = volumes[mounts["/home/jovyan"]["name"]]["persistentVolumeClaim"]["claimName"]
    assert home.startswith(f"claim-{user.partition('.')[0]}")
    claims = [one["persistentVolumeClaim"] for one in volumes.values() if "emptyDir" not in one]
    assert claims == [{"claimName": "dlef-shared"}, {"claimName": home}]


def test_the_pod_runs_what_was_put_into_it_and_nothing_of_this_checkout(pods):
    modules = pods("the chart's")["modules"]
    assert "hub_config.kubernetes.pod_config" in modules
    assert not [file for file in modules.values() if Path(file).is_relative_to(ROOT)]


def test_nothing_that_the_chart_sets_is_lost(pods):
    answer = pods("the chart's")
    before, after = answer["before"], answer["config"]
    assert after["JupyterHub"]["services"] == before["JupyterHub"]["services"]
    names = [role["name"] for role in after["JupyterHub"]["load_roles"]]
    assert names == ["jupyterhub-idle-culler", "server", "instructors"]
    settings = [one["JupyterHub"]["tornado_settings"].keys() for one in (before, after)]
    assert settings[0] < settings[1]
    volumes = after["KubeSpawner"]["volumes"]
    assert volumes.items() > before["KubeSpawner"]["volumes"].items()


def test_any_number_may_wait_for_a_machine(pods):
    assert pods("the chart's")["before"]["JupyterHub"]["concurrent_spawn_limit"] == 0


@pytest.fixture(params=["this hub", "second hub"])
def python(request):
    """Arguments that choose the hub: of this environment, or the one that the chart brings."""
    if request.param == "this hub":
        return {"python": sys.executable}
    executable = second_hub.python()
    (packages,) = (executable.parents[1] / "lib").glob("python*/site-packages")
    return {"python": str(executable), "site": [packages]}


def test_the_spawner_is_the_one_of_the_charts_hub():
    assert metadata.version("jupyterhub-kubespawner") == "7.0.0"  # frozen in its image


@pytest.mark.parametrize("login", ["oauth", "lti"])
def test_jupyterhub_takes_it_and_knows_the_roles(tmp_path, python, login):
    path = filled(tmp_path, login=login, custom={"groups": GROUPS})
    values = over_the_chart(helm_values.values(target.load(str(path))))
    answer = in_the_pod(tmp_path / "pod", values, **python, start=True)
    assert "error" not in answer, answer["error"]
    started = answer["started"]
    assert started["unknown"] == []
    assert started["version"].startswith("5.5." if python.get("site") else "6.")
    roles = started["roles"]
    assert roles["instructors"]["scopes"] == ["access:services!service=formgrader"]
    assert roles["instructors"]["users"] == GROUPS["instructors"]
    assert roles["instructors"]["groups"] == ["instructors"]  # a team, or a role in the course
    assert roles["server"]["scopes"] == ["access:servers!server", "users:activity!user"]
    assert roles["user"]["scopes"] == ["self"]
    assert roles["admin"]["users"] == roles["admin"]["groups"] == roles["admin"]["services"] == []
    assert set(started["admins"]) == set()


@pytest.mark.skipif(
    not (CHART / "files" / "hub" / "jupyterhub_config.py").exists(),
    reason=f"found no whole chart in {CHART}, only its values: name one in Z2JH_CHART",
)
def test_the_chart_itself_gives_the_same_pods(tmp_path):
    job = {"users": ["bob"], "profiles": [profile.name for profile in FOUND.profiles]}
    like, by = (
        configured(tmp_path / name, ALL, chart=chart, **job)
        for name, chart in (("like", None), ("by", CHART))
    )
    assert like["pods"].keys() == by["pods"].keys()
    for name, answer in like["pods"].items():
        assert without_ports(answer) == without_ports(by["pods"][name])
    after = by["config"]
    for section, traits in like["config"].items():
        for trait in traits:
            if (section, trait) != ("JupyterHub", "services"):
                assert after[section][trait] == traits[trait], (section, trait)


def without_ports(answer):
    """Leave out where the hub of a test would listen, which is another place each time."""
    if isinstance(answer, list):
        return [without_ports(one) for one in answer]
    if isinstance(answer, dict):
        if answer.get("name") in ("JUPYTERHUB_ACTIVITY_URL", "JUPYTERHUB_API_URL"):
            return answer["name"]
        return {key: without_ports(value) for key, value in answer.items()}
    return answer
