"""Real pods: KubeSpawner makes the manifest, and Kubernetes' own schema judges it."""

import asyncio
import itertools
from pathlib import Path
from types import SimpleNamespace

import kubernetes_validate
import pytest
from jupyterhub.objects import Hub
from kubernetes_asyncio.config import kube_config
from kubespawner import KubeSpawner
from traitlets.config import Config

from hub_config import offer, profiles
from hub_config.profiles import ProfileError

README = Path(__file__).parents[2] / "hub_config" / "README.md"
IMAGES = {"cpu": "dlef-cpu:1.2.0", "gpu": "dlef-gpu:1.2.0"}
FOUND = profiles.load()
GROUPS = [
    groups
    for count in range(1, len(FOUND.groups) + 1)
    for groups in itertools.combinations(FOUND.groups, count)
]
#: What the values of the chart may have set for all servers before a profile is chosen.
DEFAULTS = {
    "nothing": {},
    "a whole GPU": {"extra_resource_limits": {"nvidia.com/gpu": "1"}},
    "a slice, asked for and limited": {
        "extra_resource_limits": {"nvidia.com/mig-1g.10gb": "1"},
        "extra_resource_guarantees": {"nvidia.com/mig-1g.10gb": "1"},
    },
    "memory, processors, a selector": {
        "mem_limit": "1G",
        "cpu_limit": 1.0,
        "node_selector": {"zone": "a"},
        "extra_labels": {"team": "econ"},
    },
}


@pytest.fixture
def cluster(monkeypatch, tmp_path):
    """Name a cluster that does not exist: nothing here asks it."""
    path = tmp_path / "kubeconfig"
    path.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: none\n"
        "clusters: [{name: none, cluster: {server: 'https://127.0.0.1:1'}}]\n"
        "contexts: [{name: none, context: {cluster: none, user: none}}]\n"
        "users: [{name: none, user: {}}]\n"
    )
    # The client has read the environment when it was imported.
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(path))


def start(chosen, groups, defaults=None):
    """Return the manifest of the pod that a user in ``groups`` gets who chooses a profile."""

    async def started():
        c = Config()
        for name, value in (defaults or {}).items():
            c.KubeSpawner[name] = value
        c.KubeSpawner.profile_list = offer.profile_list(FOUND, IMAGES)
        spawner = KubeSpawner(_mock=True, config=c, hub=Hub(public_host=""))
        spawner.user.groups = [SimpleNamespace(name=group) for group in groups]
        spawner.user_options = {"profile": chosen}
        try:
            await spawner.load_user_options()
            pod = await spawner.get_pod_manifest()
            return spawner.api.api_client.sanitize_for_serialization(pod)
        finally:
            await spawner.api.api_client.close()

    return asyncio.run(started())


@pytest.mark.slow
@pytest.mark.parametrize("defaults", DEFAULTS)
@pytest.mark.parametrize("groups", GROUPS, ids="+".join)
@pytest.mark.parametrize("profile", FOUND.profiles, ids=lambda one: one.name)
def test_a_group_gets_its_machines_and_no_other(cluster, profile, groups, defaults):
    if set(groups).isdisjoint(profile.groups):
        with pytest.raises(ValueError, match=profile.name):
            start(profile.name, groups, DEFAULTS[defaults])
        return
    pod = start(profile.name, groups, DEFAULTS[defaults])
    kubernetes_validate.validate(pod, "1.32", strict=True)
    (container,) = pod["spec"]["containers"]
    limits, requests = (container["resources"][side] for side in ("limits", "requests"))
    wanted = {profile.accelerator.resource: "1"} if profile.accelerator else {}
    assert {name: n for name, n in limits.items() if "/" in name} == wanted
    assert {name: n for name, n in requests.items() if "/" in name} == wanted
    assert limits["cpu"] == profile.cpu
    assert limits["memory"] == requests["memory"] == round(profile.memory_gib * 1024**3)
    assert pod["spec"]["nodeSelector"].items() >= profile.selector.items()
    assert pod["spec"].get("tolerations", []) == list(profile.tolerations)
    assert pod["spec"]["activeDeadlineSeconds"] == 3600 * profile.max_hours
    assert pod["metadata"]["labels"][offer.LABEL] == profile.name
    assert container["image"] == IMAGES[profile.image]
    environment = {one["name"]: one.get("value") for one in container["env"]}
    assert environment.get("CUDA_VISIBLE_DEVICES") == (None if profile.accelerator else "")


def test_who_is_in_no_group_is_told_so(cluster):
    with pytest.raises(PermissionError, match="in no group that may start a server"):
        start("cpu-small", [])


def test_the_start_page_says_what_a_machine_is_for_and_what_it_costs():
    (one,) = offer.offers(FOUND, {"gpu-lab"}, IMAGES)
    assert one["default"]
    assert one["description"] == (
        "Training with memory of its own: a seventh of a large GPU, which nobody shares. "
        "4 processors, 16 GiB, 1 × NVIDIA A100, MIG 1g.10gb; 0.60 CHF per hour, at most 4 hours."
    )


@pytest.mark.parametrize(
    ("image", "fixed"),
    [
        ("a:1.2", True),
        ("r/a:2026-11", True),
        (f"a@sha256:{64 * '0'}", True),
        ("a", False),
        ("a:latest", False),
        ("h:5000/a", False),
        ("h:5000/a:1", True),
        ("a@md5:1", False),
    ],
)
def test_an_image_has_a_version(image, fixed):
    assert offer.pinned(image) is fixed
    if not fixed:
        with pytest.raises(ProfileError, match="is not pinned"):
            offer.profile_list(FOUND, {**IMAGES, "cpu": image})


def test_an_image_without_a_name_is_refused():
    with pytest.raises(ProfileError, match="no name is given for the image 'gpu'"):
        offer.profile_list(FOUND, {"cpu": "a:1"})


def test_the_table_in_the_readme_is_that_of_the_file():
    def row(one):
        gpu = one.accelerator.title if one.accelerator else "–"
        cells = (f"`{one.name}`", f"{one.cpu:g}", f"{one.memory_gib:g}", gpu)
        price = f"{one.price_per_hour:.2f}"
        return f"| {' | '.join((*cells, price, f'{one.max_hours:g}', ', '.join(one.groups)))} |"

    head = f"| profile | processors | GiB | GPU | {FOUND.currency} per hour | hours at most | for |"
    table = "\n".join(
        [head, "| --- | ---: | ---: | --- | ---: | ---: | --- |", *map(row, FOUND.profiles)]
    )
    assert table in README.read_text(), f"put this into hub_config/README.md:\n{table}"
