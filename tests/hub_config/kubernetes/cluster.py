"""A server that speaks as the API of Kubernetes does, as far as a hub asks it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable
from typing import Any

from tornado import httpserver, iostream, netutil, web

PLACE = {"namespace": "default", "resourceVersion": "1"}
FULL = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."


def event(reason: str, message: str, kind: str = "Warning") -> dict[str, str]:
    """Return what Kubernetes reports of a pod."""
    return {"reason": reason, "message": message, "type": kind}


def kubeconfig(url: str) -> dict[str, Any]:
    """Return the file by which a client finds a cluster."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "none",
        "clusters": [{"name": "none", "cluster": {"server": url}}],
        "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
        "users": [{"name": "none", "user": {}}],
    }


class Cluster:
    """Takes every object. A pod runs at once, unless there is no node for it.

    No container runs: what a hub would ask a student's server, this server answers itself.
    """

    def __init__(self, full: Callable[[dict[str, Any]], bool]):
        self.full = full
        self.pods: dict[str, dict[str, Any]] = {}
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Cluster:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        objects = r"/api/v1/namespaces/[^/]+/(\w+)(?:/([^/]+))?"
        handlers = [(objects, Api, {"cluster": self}), (r"/user/.*", Server)]
        server = httpserver.HTTPServer(web.Application(handlers))
        (socket,) = netutil.bind_sockets(0, "127.0.0.1")
        server.add_sockets([socket])
        self.port = socket.getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.stop()
        await server.close_all_connections()

    def add(self, pod: dict[str, Any]) -> None:
        """Let a pod run, or wait for a node."""
        status: dict[str, Any] = {"phase": "Pending"}
        if not self.full(pod):
            ready = [{"name": one["name"], "ready": True} for one in pod["spec"]["containers"]]
            status = {"phase": "Running", "podIP": "127.0.0.1", "containerStatuses": ready}
        self.pods[pod["metadata"]["name"]] = pod | {"status": status}

    def listed(self, kind: str) -> list[dict[str, Any]]:
        """Return the pods, or what is reported of those that wait."""
        if kind == "pods":
            return list(self.pods.values())
        return [
            {
                **event("FailedScheduling", FULL),
                "metadata": {"uid": f"event-{name}", "name": name, **PLACE},
                "involvedObject": {"kind": "Pod", "name": name},
                "lastTimestamp": "2026-01-01T00:00:00Z",
            }
            for name, pod in list(self.pods.items())
            if pod["status"]["phase"] == "Pending"
        ]


class Api(web.RequestHandler):
    """Lists, watches, makes and deletes objects of one kind."""

    def initialize(self, cluster: Cluster) -> None:
        self.cluster = cluster

    async def get(self, kind, name):
        if self.get_argument("watch", ""):
            with contextlib.suppress(iostream.StreamClosedError):
                await self.watch(kind)
            return
        found = self.cluster.listed(kind)
        self.write({"kind": "List", "metadata": {"resourceVersion": "1"}, "items": found})

    async def watch(self, kind):
        """Tell what there is and what has gone, until the client has had enough."""
        there = {}
        while True:
            now = {item["metadata"]["name"]: item for item in self.cluster.listed(kind)}
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
            self.cluster.add(made)
        self.set_status(201)
        self.write(made)

    async def delete(self, kind, name):
        self.cluster.pods.pop(name, None)
        self.write({"kind": "Status", "status": "Success"})


class Server(web.RequestHandler):
    """A student's server, as far as a hub looks at it."""

    async def get(self):
        self.write({})
