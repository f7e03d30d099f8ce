"""What a hub does with servers that an earlier hub has started."""

import asyncio
import subprocess
import sys

import pytest

from hub_config.laptop.spawner import ViewSpawner


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere servers may outlive their hub")
def test_a_process_that_now_has_the_number_of_a_former_server_is_let_alone():
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            spawner = ViewSpawner(interrupt_timeout=1, term_timeout=1, kill_timeout=1)
            spawner.load_state({"pid": stranger.pid})
            assert asyncio.run(spawner.poll()) is not None  # no server of ours
            asyncio.run(spawner.stop())
            assert stranger.poll() is None
        finally:
            stranger.kill()
