"""Why a server did not start, from KubeSpawner and from a server that speaks as Kubernetes does."""

import asyncio
import contextlib
import json
import re
from typing import ClassVar

import pytest
from jupyterhub.objects import Hub
from kubernetes_asyncio.config import kube_config
from tornado import httpserver, iostream, netutil, web
from traitlets.config import Config

from hub_config.kubernetes import waiting

PLACE = {"namespace": "default", "resourceVersion": "1"}
FULL = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."


def event(reason, message, kind="Warning"):
    return {"reason": reason, "message": message, "type": kind}


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
    assert re.search(said, waiting.why(events, 900))


def test_seconds_are_said_where_minutes_would_be_none():
    assert "within 90 seconds" in waiting.why([], 90)


class Cluster(web.RequestHandler):
    """Takes every object and schedules nothing: what an API server without a free node does."""

    pods: ClassVar[dict] = {}

    def listed(self, kind):
        if kind == "pods":
            return list(self.pods.values())
        return [
            {
                **event("FailedScheduling", FULL),
                "metadata": {"uid": f"event-{name}", "name": name, **PLACE},
                "involvedObject": {"kind": "Pod", "name": name},
                "lastTimestamp": "2026-01-01T00:00:00Z",
            }
            for name in self.pods
        ]

    async def get(self, kind, name):
        if self.get_argument("watch", ""):
            with contextlib.suppress(iostream.StreamClosedError):
                await self.watch(kind)
            return
        self.write(
            {"kind": "List", "metadata": {"resourceVersion": "1"}, "items": self.listed(kind)}
        )

    async def watch(self, kind):
        """Tell what there is and what has gone, until the client has had enough."""
        there = {}
        while True:
            now = {item["metadata"]["name"]: item for item in self.listed(kind)}
            gone = [("DELETED", there[name]) for name in there.keys() - now.keys()]
            for change, item in [*gone, *(("MODIFIED", item) for item in now.values())]:
                self.write(json.dumps({"type": change, "object": item}) + "\n")
            await self.flush()
            there = now
            await asyncio.sleep(0.2)

    async def post(self, kind, name):
        made = json.loads(self.request.body)
        made["metadata"] |= {"uid": "1", **PLACE}
        if kind == "pods":
            self.pods[made["metadata"]["name"]] = made | {"status": {"phase": "Pending"}}
        self.set_status(201)
        self.write(made)

    async def delete(self, kind, name):
        self.pods.pop(name, None)
        self.write({"kind": "Status", "status": "Success"})


@pytest.mark.slow
def test_a_student_whose_machine_never_comes_reads_why(monkeypatch, tmp_path):
    async def started():
        pattern = r"/api/v1/namespaces/[^/]+/(\w+)(?:/([^/]+))?"
        server = httpserver.HTTPServer(web.Application([(pattern, Cluster)]))
        (socket,) = netutil.bind_sockets(0, "127.0.0.1")
        server.add_sockets([socket])
        path = tmp_path / "kubeconfig"
        address = f"http://127.0.0.1:{socket.getsockname()[1]}"
        path.write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: none\n"
            f"clusters: [{{name: none, cluster: {{server: '{address}'}}}}]\n"
            "contexts: [{name: none, context: {cluster: none, user: none}}]\n"
            "users: [{name: none, user: {}}]\n"
        )
        monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(path))
        c = Config()
        c.KubeSpawner.start_timeout = waiting.BEFORE + 4
        spawner = waiting.ExplainingSpawner(_mock=True, config=c, hub=Hub(public_host=""))
        try:
            with pytest.raises(waiting.NotStartedError) as failed:
                await spawner.start()
            assert Cluster.pods, "the pod was never asked for"
            await spawner.stop(now=True)
            assert not Cluster.pods
            return failed.value.jupyterhub_message
        finally:
            await spawner._stop_all_reflectors()
            await spawner.api.api_client.close()
            server.stop()
            await server.close_all_connections()

    message = asyncio.run(started())
    assert message.startswith("The server did not start within 14 seconds: no machine of this kind")
    assert message.endswith(f"Kubernetes says: {FULL}")
