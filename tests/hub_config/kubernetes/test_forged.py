"""A student who forges, and six who wait in vain, do not end the hub for the others."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub_config.machines import profile_list
from tests.hub_config import forged, second_hub
from tests.hub_config.kubernetes.cluster import Cluster
from tests.hub_config.kubernetes.running import HubInPod
from tests.hub_config.running import Client

pytestmark = pytest.mark.slow
WAITING = [f"waits{number}" for number in range(forged.TIMES)]


def full(pod) -> bool:
    """No GPU is free; processors are."""
    return pod["metadata"]["labels"][profile_list.LABEL].startswith("gpu")


@pytest.fixture(scope="module", params=["this hub", "second hub"])
def hub(request: pytest.FixtureRequest, tmp_path_factory, python_of) -> Iterator[HubInPod]:
    # What an operator writes must not bring the limit back, by whatever name.
    limits = {name: {"consecutive_failure_limit": 5} for name in ("KubeSpawner", "Spawner")}
    limits["ExplainingSpawner"] = dict(limits["Spawner"])
    more = {"hub": {"config": limits, "consecutiveFailureLimit": 5}}
    folder = tmp_path_factory.mktemp("forged")
    users = ["ann", "ben", *WAITING]
    with Cluster(full) as cluster:
        running = HubInPod(folder, cluster, users, python_of(request.param), **more)
        try:
            running.wait().cluster = cluster
            yield running
        finally:
            running.stop()


@pytest.fixture(scope="module")
def python_of():
    """Return arguments that choose the hub: of this environment, or the one the chart brings."""

    def python(name):
        if name == "this hub":
            return {"python": sys.executable}
        executable = second_hub.python()
        (packages,) = (executable.parents[1] / "lib").glob("python*/site-packages")
        return {"python": str(executable), "site": [packages]}

    return python


def entered(hub: HubInPod, user: str) -> Client:
    client = Client(hub)
    assert client.login(user).ok
    return client


def test_forged_choices_are_refused_before_anything_starts(hub):
    ann = entered(hub, "ann")
    forged.send_by_pages(ann, "gpu-whole")
    forged.send_by_the_api(ann, "ann", "gpu-whole", "cpu-small")
    assert hub.cluster.pods == {}
    forged.assert_nothing_runs_and_the_form_is_there(ann, "ann")


def test_seven_who_wait_in_vain_do_not_end_the_hub(hub):
    def start(user, profile="gpu-shared"):
        client = entered(hub, user)
        client.choose(profile)
        return client.get(f"/hub/api/users/{user}/server/progress").text  # ends when all is said

    with ThreadPoolExecutor(len(WAITING)) as pool:
        said = list(pool.map(start, WAITING))
    assert all("no machine of this kind was free" in one for one in said), said
    assert all("Waiting for a machine, " in one for one in said), said
    aborted = [line for line in hub.lines if "consecutive spawn" in line]
    assert aborted == []
    assert Client(hub).get("/hub/health").status_code == 200
    assert '"ready": true' in start("ben", "cpu-small")
    assert list(hub.cluster.pods) == ["jupyter-ben"]
