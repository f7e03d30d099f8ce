"""A real hub in a process of its own, configured as in its pod, beside a cluster that is none."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import Any

from hub_config.kubernetes import helm_values, target
from hub_config.laptop import proxy
from hub_config.laptop.parent_death import ending_with_parent
from tests.hub_config.kubernetes.cluster import Cluster
from tests.hub_config.kubernetes.pod import environment, filled, over_the_chart, prepared
from tests.hub_config.running import free_port

PASSWORD = "correct horse battery staple"
READY = "JupyterHub is now running"


class HubInPod:
    """The hub of production for these users; what `running.Client` wants of a hub.

    Only what a cluster has around a hub differs: the proxy, the login, and addresses.
    """

    def __init__(
        self, folder: Path, cluster: Cluster, users: list[str], python: dict[str, Any], **more: Any
    ):
        for name in ("target", "pod"):
            (folder / name).mkdir(parents=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.passwords = dict.fromkeys(users, PASSWORD)
        path = filled(folder / "target", **more)
        values = over_the_chart(helm_values.values(target.load(str(path))))
        words, text = prepared(
            folder / "pod",
            values,
            cluster=cluster.url,
            serve=self._around(folder, cluster),
            **python,
        )
        self.lines: list[str] = []
        self._ready = threading.Event()
        self.process = subprocess.Popen(
            words,
            cwd=folder / "pod",
            env=environment(folder / "pod"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.process.stdin.write(text)
        self.process.stdin.close()

    def _around(self, folder: Path, cluster: Cluster) -> dict[str, dict[str, Any]]:
        services = [{"name": name} for name in ("jupyterhub-idle-culler", "formgrader")]
        return {
            "JupyterHub": {
                "authenticator_class": "dummy",
                "bind_url": self.url,
                "hub_bind_url": f"http://127.0.0.1:{free_port()}",
                "db_url": f"sqlite:///{folder / 'hub.sqlite'}",
                "services": services,
            },
            "DummyAuthenticator": {"password": PASSWORD, "allowed_users": list(self.passwords)},
            "ConfigurableHTTPProxy": {
                "should_start": True,
                "command": ending_with_parent(proxy.command()),
                "api_url": f"http://127.0.0.1:{free_port()}",
                "auth_token": "x",
                "pid_file": str(folder / "proxy.pid"),
            },
            "KubeSpawner": {"port": cluster.port, "start_timeout": 20},
        }

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if READY in line:
                self._ready.set()
        self._ready.set()

    def wait(self) -> HubInPod:
        """Return when it serves."""
        self._ready.wait(90)
        assert any(READY in line for line in self.lines), "\n".join(self.lines[-40:])
        return self

    def stop(self) -> None:
        """End the hub, and with it its proxy."""
        self.process.terminate()
        self.process.wait(60)
        self._reader.join(10)
        self.process.stdout.close()
