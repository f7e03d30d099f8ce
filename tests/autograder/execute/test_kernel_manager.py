import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from autograder.execute.kernel_manager import ForkKernelManager
from autograder.execute.notebook_run import execute
from tests.autograder.building import job, wait_for


@pytest.fixture
def manage(zygote):
    """Return a function that runs a scenario with a manager of one kernel."""

    def manage(scenario, **options):
        async def whole():
            manager = ForkKernelManager(zygote, job(**options))
            try:
                return await scenario(manager, manager.provisioner)
            finally:
                if manager.provisioner.has_process:
                    await manager.provisioner.kill()
                    await manager.provisioner.wait()
                await manager.provisioner.cleanup()
                manager.context.destroy(linger=0)

        return asyncio.run(whole())

    return manage


async def ready(manager):
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=30)
    return client


@pytest.mark.sandbox
def test_a_kernel_talks_over_sockets_in_a_directory_of_its_own(manage):
    async def scenario(manager, provisioner):
        client = await ready(manager)
        connection = json.loads((provisioner.process.directory / "kernel.json").read_text())
        sockets = [
            p for p in provisioner.process.directory.iterdir() if stat.S_ISSOCK(p.stat().st_mode)
        ]
        client.stop_channels()
        return connection, len(sockets)

    connection, sockets = manage(scenario)
    assert connection["transport"] == "ipc"
    assert len(connection["key"]) >= 32
    assert sockets == 5


@pytest.mark.sandbox
def test_once_it_is_sealed_a_kernel_cannot_change_its_directory(manage):
    async def scenario(manager, provisioner):
        client = await ready(manager)
        manager.seal()
        await asyncio.sleep(0.2)
        attempt = f"open({str(provisioner.process.directory / 'mark')!r}, 'w')"
        reply = await client.execute_interactive(attempt, timeout=10, output_hook=lambda _: None)
        client.stop_channels()
        return reply["content"]

    said = manage(scenario)
    assert said["ename"] == "OSError"
    assert "Read-only" in said["evalue"]


@pytest.mark.sandbox
def test_cleaning_up_removes_the_directory(manage):
    async def scenario(manager, provisioner):
        client = await ready(manager)
        client.stop_channels()
        return provisioner.process.directory

    directory = manage(scenario, files={"data/x.csv": b"1"})
    wait_for(lambda: not directory.exists())


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a/../../outside"])
def test_a_file_cannot_be_written_outside_of_the_job(manage, name):
    async def scenario(manager, provisioner):
        with pytest.raises(ValueError, match="outside of the submission"):
            await manager.start_kernel()

    manage(scenario, files={name: b"x"})
    assert not Path("/etc/outside").exists()


def test_a_manager_without_a_kernel_has_ended(manage):
    async def scenario(manager, provisioner):
        assert not provisioner.has_process
        assert await provisioner.poll() == 0
        await provisioner.send_signal(2)

    manage(scenario)


@pytest.mark.slow
@pytest.mark.sandbox
def test_kernels_that_have_ended_leave_no_descriptor_open(zygote):
    def held():
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 -- links, not files

    for _ in range(2):
        asyncio.run(execute(job("1"), zygote))
    before = held()
    for _ in range(5):
        asyncio.run(execute(job("1"), zygote))
    assert held() <= before + 2
