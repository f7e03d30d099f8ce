"""Idle servers end; one whose kernel computes does not, however long it prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.hub_config.courses import small_course
from tests.hub_config.running import Client, RunningHub

pytestmark = pytest.mark.slow

#: The hub's own, with smaller numbers; idle is twice `hub_config.activity.EVERY_S`.
SETTINGS = """
from hub_config import roles
from hub_config import defaults
from hub_config.laptop.parent_death import ending_with_parent
culler = ending_with_parent(defaults.culler_command(idle_s=40, every_s=3))
c.JupyterHub.services = [{"name": roles.CULLER, "command": culler}]
c.JupyterHub.last_activity_interval = 2
c.Spawner.environment = {"JUPYTERHUB_ACTIVITY_INTERVAL": "2"}
c.ViewSpawner.preload = []
"""


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not true():
        assert time.monotonic() < deadline
        time.sleep(1)


def runs(client: Client, user: str) -> bool:
    """Ask the hub, which is no activity of the server."""
    return bool(client.get(f"/hub/api/users/{user}").json()["servers"])


def test_an_idle_server_ends_before_one_that_computed_silently_for_longer(tmp_path):
    course = small_course(tmp_path / "course")
    hub = RunningHub(course.folder, tmp_path / "hub", settings=SETTINGS)
    try:
        hub.wait()
        computes, idles = Client(hub), Client(hub)
        computes.login("instructor")
        base = computes.spawn("instructor")
        channel, _ = computes.begin(base, "import time\nwhile True: time.sleep(0.1)")
        channel.close()  # an open page would be activity too
        idles.login("student1")
        idles.spawn("student1")
        until(lambda: not runs(idles, "student1"))
        assert runs(computes, "instructor")
        (kernel,) = computes.get(f"{base}api/kernels").json()
        assert kernel["execution_state"] == "busy"
        computes.post(f"{base}api/kernels/{kernel['id']}/interrupt")
        until(lambda: not runs(computes, "instructor"))
    finally:
        assert hub.stop() == []
