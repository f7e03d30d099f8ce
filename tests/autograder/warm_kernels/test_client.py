"""What happens to kernels when their warm process, or its owner, is not well."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autograder.warm_kernels.client import ForkedKernel, NotWarmError, WarmProcess, WarmProcesses
from tests.autograder.warm_kernels.watching import children, running, wait_until

PYTHON = [sys.executable]
OWNER = """
import asyncio, os, sys, time
from autograder.warm_kernels.client import WarmProcess
process = WarmProcess([sys.executable], sys.argv[1:], os.environ)
print("started", flush=True)
arguments = ["-f", os.path.join(os.environ["HOME"], "kernel.json")]
kernel = asyncio.run(process.fork(arguments, "/", os.environ, 60))
print(kernel.pid, flush=True)
time.sleep(1000)
"""


@pytest.fixture
def env(tmp_path):
    """An environment with modules that do what no module should when they are imported."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "long_import.py").write_text("import time; time.sleep(1000)")
    (tmp_path / "modules" / "deadly_import.py").write_text("import os; os._exit(7)")
    lingering = "import threading, time; threading.Thread(target=time.sleep, args=(1000,)).start()"
    (tmp_path / "modules" / "lingering_import.py").write_text(lingering)
    own = {"HOME": tmp_path, "PYTHONPATH": tmp_path / "modules", "TMPDIR": tmp_path / "tmp"}
    return dict(os.environ) | {name: str(path) for name, path in own.items()}


@pytest.fixture
def warm(env):
    """Return a function that starts a warm process, which ends with the test."""
    processes = WarmProcesses()

    def start(*preload: str) -> WarmProcess:
        return processes.get(PYTHON, preload, env)

    yield start
    processes.close()


@pytest.fixture
def fork(env):
    """Return a function that forks a kernel, which ends with the test."""
    kernels = []

    def fork(process: WarmProcess, patience: float = 60, **changed: str) -> ForkedKernel:
        arguments = ["-f", f"{env['HOME']}/kernel-{time.monotonic_ns()}.json"]
        forking = process.fork(arguments, "/", env | changed, patience)
        kernels.append(asyncio.run(forking))
        return kernels[-1]

    yield fork
    for kernel in kernels:
        kernel.kill()
        kernel.wait()


def test_one_process_serves_all_who_preload_the_same(warm):
    assert warm("json") is warm("json")
    assert warm("json") is not warm("csv")


def test_several_event_loops_that_ask_while_it_imports_all_get_a_kernel(warm, fork):
    process = warm("numpy")
    with ThreadPoolExecutor() as threads:
        kernels = list(threads.map(fork, [process] * 3))
    assert len({kernel.pid for kernel in kernels}) == 3
    assert [kernel.poll() for kernel in kernels] == [None] * 3


def test_a_signal_ends_a_kernel_and_its_status_says_which(warm, fork):
    for name, number in (("kill", signal.SIGKILL), ("terminate", signal.SIGTERM)):
        kernel = fork(warm())
        getattr(kernel, name)()
        assert kernel.wait() == -number
        kernel.kill()  # it is gone: nothing to do


def test_a_failed_import_is_named_each_time(warm, fork):
    for _ in range(2):
        with pytest.raises(NotWarmError, match=r"'no_such_module' could not be imported"):
            fork(warm("no_such_module"))


def test_a_failed_import_is_named_although_another_one_goes_on(warm, fork):
    with pytest.raises(NotWarmError, match="'no_such_module' could not be imported"):
        fork(warm("lingering_import", "no_such_module"))


def test_an_import_that_ends_the_process_is_told(warm, fork):
    with pytest.raises(NotWarmError, match=r"ended with status 7 while it imported"):
        fork(warm("deadly_import"))


def test_who_asks_waits_no_longer_than_wanted(warm, fork):
    with pytest.raises(NotWarmError, match=r"the imports were not ready within 0.2 seconds"):
        fork(warm("long_import"), patience=0.2)


def test_a_python_that_is_not_there_is_told(env):
    with pytest.raises(NotWarmError, match=r"no warm process could be started.*no-such-python"):
        WarmProcesses().get(["/no-such-python"], [], env)


def test_another_environment_needs_another_process(warm, fork):
    # An import may have read any variable. Values may be secrets: only names are told.
    with pytest.raises(
        NotWarmError, match=r"differs from that of the warm process: KERAS_BACKEND$"
    ):
        fork(warm(), KERAS_BACKEND="jax")


def test_what_differs_from_kernel_to_kernel_is_no_difference(warm, fork):
    kernel = fork(warm(), JPY_SESSION_NAME="ps1.ipynb", NBGRADER_VALIDATING="1")
    assert kernel.poll() is None


def test_a_kernel_is_over_when_its_warm_process_is_killed(warm, fork):
    process = warm()
    kernel = fork(process)
    (parent,) = [pid for pid in children(os.getpid()) if kernel.pid in children(pid)]
    os.kill(parent, signal.SIGKILL)
    assert kernel.wait() == -signal.SIGKILL
    assert wait_until(lambda: not running(kernel.pid))
    assert wait_until(lambda: process.gone)


def test_a_warm_process_that_was_killed_is_replaced(warm, fork):
    first = warm()
    kernel = fork(first)
    (parent,) = [pid for pid in children(os.getpid()) if kernel.pid in children(pid)]
    os.kill(parent, signal.SIGKILL)
    assert wait_until(lambda: first.gone)
    assert warm() is not first
    assert fork(warm()).poll() is None


def test_a_stopped_process_keeps_nobody_waiting(warm, fork, monkeypatch):
    monkeypatch.setattr("autograder.warm_kernels.client.FORK_SECONDS", 0.3)
    process = warm()
    kernel = fork(process)
    (parent,) = [pid for pid in children(os.getpid()) if kernel.pid in children(pid)]
    os.kill(parent, signal.SIGSTOP)
    with pytest.raises(NotWarmError, match="does not answer"):
        fork(process)
    # What it forks when it goes on has nobody to be used by, and is ended.
    os.kill(parent, signal.SIGCONT)
    time.sleep(0.5)
    assert wait_until(lambda: [pid for pid in children(parent) if running(pid)] == [kernel.pid])


@pytest.mark.parametrize("preload", ["json", "long_import", "lingering_import"])
def test_nothing_outlives_an_owner_that_is_killed(env, preload):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, preload], env=env, stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout.readline() == "started\n"
        if preload != "long_import":
            kernel = int(owner.stdout.readline())
        (process,) = wait_until(lambda: children(owner.pid)) and children(owner.pid)
        family = [process, *children(process)]
        assert preload == "long_import" or kernel in family
        time.sleep(0.5)
        owner.kill()
    assert wait_until(lambda: not any(map(running, family)))
    assert list(Path(env["TMPDIR"]).iterdir()) == []


def test_an_owner_that_ends_in_order_leaves_its_process_nothing_to_complain_of(env):
    code = """
    import asyncio, os, sys
    from autograder.warm_kernels.client import processes
    process = processes.get([sys.executable], ["json"], os.environ)
    kernel = asyncio.run(process.fork(["-f", os.environ["HOME"] + "/k.json"], "/", os.environ, 60))
    kernel.kill()
    kernel.wait()
    """
    owner = [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(code)]
    done = subprocess.run(owner, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "ResourceWarning" not in done.stderr
