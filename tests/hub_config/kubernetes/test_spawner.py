"""Why a server did not start, from KubeSpawner and from a server that speaks as Kubernetes does."""

import asyncio
import json
import re

import pytest
from jupyterhub.objects import Hub
from kubernetes_asyncio.config import kube_config
from traitlets.config import Config

from hub_config.kubernetes import spawner as kubernetes_spawner
from hub_config.not_started import NotStartedError
from tests.hub_config.kubernetes.cluster import FULL, Cluster, event, kubeconfig


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([], r"within 15 minutes: nobody knows why\. Try again, .* happens again\.$"),
        ([event("Scheduled", "assigned", "Normal")], "nobody knows why"),
        ([event("FailedScheduling", FULL)], rf"no machine .* was free.*Kubernetes says: {FULL}$"),
        (
            [
                event("FailedScheduling", FULL),
                event("NotTriggerScaleUp", "1 max node group size reached", "Normal"),
            ],
            "no machine .* Choose another kind.*max node group size reached$",
        ),
        (
            [
                event("FailedScheduling", FULL),
                event("TriggeredScaleUp", "pool gpu 0->1", "Normal"),
                event("Scheduled", "assigned", "Normal"),
                event("Failed", "Failed to pull image r/dlef-gpu:9: not found"),
            ],
            "could not be loaded or started.*dlef-gpu:9: not found$",
        ),
        ([event("FailedMount", "timed out")], "files could not be attached.*not lost.*timed out$"),
    ],
)
def test_the_last_event_that_says_anything_counts(events, said):
    assert re.search(said, kubernetes_spawner.why(events, 900))


def test_seconds_are_said_where_minutes_would_be_none():
    assert "within 90 seconds" in kubernetes_spawner.why([], 90)


@pytest.mark.slow
def test_a_student_whose_machine_never_comes_reads_why(monkeypatch, tmp_path):
    told = []

    async def started(cluster):
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(kubeconfig(cluster.url)))
        monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(path))
        monkeypatch.setattr(kubernetes_spawner, "SILENCE_S", 1.5)
        c = Config()
        c.KubeSpawner.start_timeout = kubernetes_spawner.BEFORE + 4
        spawner = kubernetes_spawner.ExplainingSpawner(
            _mock=True, config=c, hub=Hub(public_host="")
        )
        try:
            starting = spawner.start()
            async for one in spawner.progress():
                told.append(one["message"])
            with pytest.raises(NotStartedError) as failed:
                await starting
            assert cluster.pods, "the pod was never asked for"
            await spawner.stop(now=True)
            assert not cluster.pods
            return failed.value.jupyterhub_message
        finally:
            await spawner._stop_all_reflectors()
            await spawner.api.api_client.close()

    with Cluster(full=lambda pod: True) as cluster:
        message = asyncio.run(started(cluster))
    assert message.startswith("The server did not start within 14 seconds: no machine of this kind")
    assert message.endswith(f"Kubernetes says: {FULL}")
    first, *later = told
    assert first.endswith(FULL)
    assert len(later) > 1  # when Kubernetes finds no machine, and when nothing more is said
    assert all("Waiting for a machine, " in one for one in later)
    assert all("choose another kind then" in one for one in later)
