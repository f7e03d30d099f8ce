"""The warden, asked directly."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from autograder import student
from autograder.kernel import ForkKernelManager
from tests.autograder.building import alive, descendants, job, wait_for

SLEEPERS = (
    "import os, subprocess, sys, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"  # as a daemon does
    "    if os.fork() == 0:\n        time.sleep(100)\n    os._exit(0)\n"
    "subprocess.Popen(['sleep', '100'])\n"
)


async def started(zygote, source="", **limits):
    """Start a kernel, run a cell in it, and return its manager."""
    manager = ForkKernelManager(zygote, job(**limits))
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=30)
    manager.seal()
    if source:
        await client.execute_interactive(source, timeout=30, store_history=False)
    client.stop_channels()
    return manager


async def stopped(manager):
    await manager.provisioner.cleanup()
    manager.context.destroy(linger=0)


@pytest.mark.sandbox
def test_a_killed_kernel_takes_all_that_it_started_with_it(zygote):
    async def scenario():
        before = descendants(zygote._process.pid)
        manager = await started(zygote, SLEEPERS)
        mine = descendants(zygote._process.pid) - before
        assert len(mine) >= 5  # warden, init, kernel, two sleepers
        await manager.provisioner.kill()
        assert await manager.provisioner.wait() == -signal.SIGKILL
        assert manager.provisioner.ending["cause"] == "killed"
        wait_for(lambda: not alive(mine))
        await stopped(manager)

    asyncio.run(scenario())


@pytest.mark.sandbox
def test_a_closed_lifeline_is_an_order_to_kill(zygote):
    async def scenario():
        before = descendants(zygote._process.pid)
        manager = await started(zygote, SLEEPERS)
        mine = descendants(zygote._process.pid) - before
        manager.provisioner.lifeline.close()
        wait_for(lambda: not alive(mine))
        await stopped(manager)

    asyncio.run(scenario())


@pytest.mark.sandbox
def test_the_warden_says_how_the_kernel_ended_and_what_it_needed(zygote):
    async def scenario():
        manager = await started(zygote, "import numpy as np\nx = np.ones(20_000_000)\ndel x")
        await asyncio.sleep(0.3)
        assert manager.provisioner.has_process
        assert await manager.provisioner.poll() is None
        client = manager.client()
        client.start_channels()
        client.execute("import os\nos._exit(7)")
        assert await manager.provisioner.wait() == 7
        assert not manager.provisioner.has_process
        ending = manager.provisioner.ending
        assert (ending["exit"], ending["cause"]) == (7, "")
        assert 0 <= ending["peak_mb"] < 1000
        client.stop_channels()
        await stopped(manager)

    asyncio.run(scenario())


@pytest.mark.sandbox
def test_an_interrupt_reaches_the_kernel_and_not_the_zygote(zygote):
    async def scenario():
        manager = await started(zygote)
        client = manager.client()
        client.start_channels()
        client.execute("import time\ntime.sleep(60)")
        await asyncio.sleep(0.3)
        await manager.provisioner.send_signal(signal.SIGINT)
        reply = await client.get_shell_msg(timeout=10)
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        await manager.provisioner.kill()
        await manager.provisioner.wait()
        client.stop_channels()
        await stopped(manager)

    asyncio.run(scenario())
    assert zygote.alive


@pytest.mark.sandbox
def test_orders_to_a_kernel_that_has_ended_are_of_no_consequence(zygote):
    async def scenario():
        manager = await started(zygote)
        await manager.provisioner.kill()
        await asyncio.sleep(0.3)
        await manager.provisioner.send_signal(signal.SIGINT)
        await manager.provisioner.terminate()
        await manager.provisioner.wait()
        await manager.provisioner.kill()
        assert await manager.provisioner.poll() == 0
        await stopped(manager)

    asyncio.run(scenario())


@pytest.fixture
def proc():
    descriptor = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def test_use_counts_processor_time_and_memory_of_the_whole_tree(proc):
    source = (
        "x = bytearray(80 << 20)\nimport time\nwhile time.process_time() < 0.3: pass\ntime.sleep(9)"
    )
    child = subprocess.Popen([sys.executable, "-c", source])
    try:
        wait_for(lambda: student._use(child.pid, proc)[1] >= 0.25)
        assert student._use(child.pid, proc)[0] >= 80
        assert child.pid in student._tree(os.getpid(), proc)
    finally:
        child.kill()
        child.wait()
    assert child.pid not in student._tree(os.getpid(), proc)


def test_a_process_that_has_gone_uses_nothing(proc):
    assert student._use(2**22 - 1, proc) == (0, 0.0)


def test_what_outlived_its_parent_is_killed(proc):
    """In a process of its own, since it kills all children."""
    source = (
        "import os, subprocess, time\nfrom autograder import student\n"
        "child = subprocess.Popen(['sleep', '100'])\n"
        "proc = os.open('/proc', os.O_RDONLY)\n"
        "student._kill_tree(child.pid, proc)\nprint(child.pid)\nos._exit(0)"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert not alive([int(done.stdout)]), done.stderr
    assert time.monotonic() - began < 10


def test_a_seed_settles_every_generator():
    kept = random.getstate(), np.random.get_state()
    try:
        student._seed(0xFFFF_FFFF_FFFF_FFFF)
        first = random.random(), np.random.rand()
        student._seed(0xFFFF_FFFF_FFFF_FFFF)
        assert (random.random(), np.random.rand()) == first
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])
