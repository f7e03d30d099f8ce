"""The supervisor, asked directly."""

import asyncio
import signal
import socket
import subprocess
import sys

import pytest

from autograder.execute.kernel_manager import ForkKernelManager
from autograder.execute.process import Process
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
        assert len(mine) >= 5  # supervisor, init, kernel, two sleepers
        await manager.provisioner.kill()
        assert await manager.provisioner.wait() == -signal.SIGKILL
        assert manager.process.ending["cause"] == "killed"
        wait_for(lambda: not alive(mine))
        await stopped(manager)

    asyncio.run(scenario())


@pytest.mark.sandbox
def test_a_closed_control_socket_is_an_order_to_kill(zygote):
    async def scenario():
        before = descendants(zygote._process.pid)
        manager = await started(zygote, SLEEPERS)
        mine = descendants(zygote._process.pid) - before
        manager.process.control.close()
        wait_for(lambda: not alive(mine))
        await stopped(manager)

    asyncio.run(scenario())


@pytest.mark.sandbox
def test_the_supervisor_says_how_the_kernel_ended_and_what_it_needed(zygote):
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
        ending = manager.process.ending
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
        await client.wait_for_ready(timeout=30)
        client.execute("import time\nprint('it runs')\ntime.sleep(60)")
        while (await client.get_iopub_msg(timeout=30))["msg_type"] != "stream":
            pass
        await manager.provisioner.send_signal(signal.SIGINT)
        reply = await client.get_shell_msg(timeout=30)
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


def test_what_outlived_its_parent_is_killed():
    """In a process of its own, since it kills all children."""
    source = (
        "import os, subprocess\nfrom autograder.execute import supervisor\n"
        "child = subprocess.Popen(['sleep', '100'])\n"
        "proc = os.open('/proc', os.O_RDONLY)\n"
        "supervisor._kill_tree(child.pid, proc)\nprint(child.pid)\nos._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert not alive([int(done.stdout)]), done.stderr


@pytest.mark.sandbox
def test_a_cell_that_used_up_its_processor_time_is_told_of_by_its_number(zygote):
    async def scenario():
        manager = await started(zygote)
        manager.process.begin(0.2)
        client = manager.client()
        client.start_channels()
        client.execute("while True: pass")
        while not manager.process.over:
            assert await manager.provisioner.poll() is None
            await asyncio.sleep(0.02)
        manager.process.begin(100)
        assert await manager.provisioner.poll() is None
        assert not manager.process.over
        await manager.provisioner.kill()
        await manager.provisioner.wait()
        client.stop_channels()
        await stopped(manager)

    asyncio.run(scenario())


def test_word_of_a_cell_that_has_ended_says_nothing_of_the_next(zygote):
    process = Process(zygote, "student", job(), ())
    process.control, supervisor = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process.control.setblocking(False)
    with supervisor:
        process.begin(1)
        process.begin(1)
        supervisor.send(b'{"over": 1}')
        assert process.poll() is None
        assert not process.over
        supervisor.send(b'{"over": 2}')
        assert process.poll() is None
        assert process.over
        process.clear()


def test_the_last_words_of_a_supervisor_that_left_an_order_unread_are_heard(zygote):
    process = Process(zygote, "student", job(), ())
    process.control, supervisor = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process.control.setblocking(False)
    with supervisor:
        process.order("kill")
        supervisor.send(b'{"exit": 7, "cause": ""}')
    assert process.poll() == 7
    assert process.ending == {"exit": 7, "cause": ""}
    process.clear()


@pytest.mark.sandbox
def test_processor_time_of_children_that_nobody_waits_for_counts(zygote):
    """The system tells a parent that ignores its children's end nothing of their time."""
    source = (
        "import os, signal, time\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        while time.process_time() < 0.7: pass\n"
        "        os._exit(0)\n"
        "    try: os.wait()\n"
        "    except ChildProcessError: pass\n"
    )

    async def scenario():
        manager = await started(zygote, source)
        await manager.provisioner.kill()
        await manager.provisioner.wait()
        assert manager.process.ending["cpu_seconds"] > 1.5
        await stopped(manager)

    asyncio.run(scenario())
