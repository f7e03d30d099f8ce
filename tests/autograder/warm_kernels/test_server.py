"""What a forked kernel is: an ordinary kernel, but for what it has imported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest

from autograder.warm_kernels import server
from autograder.warm_kernels.client import processes
from tests.autograder.warm_kernels.watching import Kernel, running, wait_until, write_spec

PRELOAD = ["numpy", "matplotlib.pyplot"]


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    root = tmp_path_factory.mktemp("jupyter")
    write_spec(root, PRELOAD)
    yield root
    processes.close()


@pytest.fixture(scope="module")
def kernel(specs):
    with Kernel(specs, "warm") as kernel:
        yield kernel


@pytest.fixture(scope="module")
def other(specs):
    with Kernel(specs, "warm") as kernel:
        yield kernel


@pytest.fixture(scope="module")
def ordinary():
    with Kernel(None, "python3") as kernel:
        yield kernel


LOADED = "import sys; print('numpy' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
EVERYTHING = """
import asyncio, json, locale, os, resource, signal, sys, threading, warnings
names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
environ = dict(os.environ)
environ.pop("JPY_PARENT_PID")
print(json.dumps({
    "argv": sys.argv[:2], "path": sys.path, "flags": str(sys.flags), "prefix": sys.prefix,
    "environ": environ, "cwd": os.getcwd(), "umask": [os.umask(0o22), os.umask(0o22)][1],
    "ids": [os.getresuid(), os.getresgid(), os.getgroups()],
    "limits": {name: resource.getrlimit(getattr(resource, name)) for name in names},
    "signals": {int(number): str(signal.getsignal(number)) for number in (1, 2, 13, 15, 17, 29)},
    "blocked": [int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
    "session": os.getsid(0) == os.getpgid(0) == os.getpid(), "stdin": sys.stdin.__class__.__name__,
    "stdout": [sys.stdout.__class__.__name__, sys.__stdout__.fileno(), sys.__stdout__.encoding],
    "locale": locale.getlocale(), "nice": os.getpriority(os.PRIO_PROCESS, 0),
    "affinity": sorted(os.sched_getaffinity(0)), "oom": open("/proc/self/oom_score_adj").read(),
    "loop": asyncio.get_running_loop().__class__.__name__, "main": sys.modules["__main__"].__name__,
    "shell": get_ipython().__class__.__name__, "history": get_ipython().history_manager.enabled,
    "directory": get_ipython().ipython_dir, "names": sorted(globals()),
}))
"""


def test_a_kernel_has_the_modules_before_its_first_cell(kernel, ordinary):
    assert kernel.run(LOADED) == "True True\n"
    assert ordinary.run(LOADED) == "False False\n"


def test_a_kernel_differs_from_an_ordinary_one_in_nothing_else(specs, tmp_path):
    found = []
    for root, name in ((specs, "warm"), (None, "python3")):
        with Kernel(root, name, cwd=str(tmp_path)) as fresh:
            found.append(json.loads(fresh.run(EVERYTHING)))
    warm, ordinary = found
    assert warm["cwd"] == str(tmp_path)
    assert warm == ordinary


def test_kernels_share_no_state(kernel, other):
    kernel.run("import numpy; numpy.added, x = 1, 2")
    assert kernel.run("print(numpy.added, x)") == "1 2\n"
    assert other.run("import numpy; print(hasattr(numpy, 'added'), 'x' in globals())") == (
        "False False\n"
    )


@pytest.mark.parametrize(
    "draw", ["numpy.random.rand()", "random.random()", "uuid.uuid4()", "tempfile.mktemp()"]
)
def test_kernels_draw_different_numbers(kernel, other, draw):
    code = f"import numpy, random, tempfile, uuid; print({draw})"
    assert kernel.run(code) != other.run(code)


def test_a_figure_is_shown_below_its_cell(kernel):
    shown = kernel.messages("import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert [message["msg_type"] for message in shown] == ["display_data"]
    assert "image/png" in shown[0]["content"]["data"]


def test_what_a_cells_children_print_is_shown_too(specs):
    env = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    with Kernel(specs, "warm", env=env) as kernel:  # with it, ipykernel does not look
        # A thread of ipykernel's passes it on, perhaps when the cell has ended.
        kernel.client.execute("import os; _ = os.system('echo from a child')")
        while (message := kernel.client.get_iopub_msg(timeout=30))["msg_type"] != "stream":
            pass
        assert message["content"]["text"] == "from a child\n"


def test_a_cell_can_ask_for_input(kernel):
    def answer(message):
        assert message["content"]["prompt"] == "name? "
        kernel.client.input("Ada")

    asked = kernel.run("print(input('name? '))", allow_stdin=True, stdin_hook=answer)
    assert asked == "Ada\n"


def test_history_is_kept(kernel):
    kernel.run("remembered = 1", store_history=True)
    reply = kernel.client.history(hist_access_type="tail", n=1, reply=True, timeout=30)
    assert reply["content"]["history"][0][2] == "remembered = 1"


def test_the_debugger_stops_at_a_breakpoint(specs):
    with Kernel(specs, "warm") as kernel:
        client, number = kernel.client, 0

        def debug(command, **arguments):
            nonlocal number
            number += 1
            content = {"type": "request", "seq": number, "command": command}
            message = client.session.msg("debug_request", content | {"arguments": arguments})
            client.control_channel.send(message)
            while True:
                reply = client.get_control_msg(timeout=30)
                if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
                    return reply["content"]

        assert debug("initialize", clientID="test", adapterID="")["success"]
        assert debug("attach")["success"]
        code = "y = 1\nz = y + 1\n"
        source = {"path": debug("dumpCell", code=code)["body"]["sourcePath"]}
        assert debug("setBreakpoints", source=source, breakpoints=[{"line": 2}])["success"]
        assert debug("configurationDone")["success"]
        client.execute(code)
        events = []
        while "stopped" not in events:
            message = client.get_iopub_msg(timeout=30)
            if message["msg_type"] == "debug_event":
                events.append(message["content"]["event"])
        assert debug("disconnect", restart=False, terminateDebuggee=True)["success"]


def test_an_endless_cell_can_be_interrupted(kernel):
    request = kernel.client.execute("import time\nprint('here')\nwhile True: time.sleep(0.01)")
    while kernel.client.get_iopub_msg(timeout=30)["msg_type"] != "stream":
        pass
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=30)
    assert reply["parent_header"]["msg_id"] == request
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.run("print('goes on')") == "goes on\n"


def test_an_interrupt_reaches_a_cells_children(kernel):
    request = kernel.client.execute("import os\nprint('here')\nos.system('sleep 1000')")
    while kernel.client.get_iopub_msg(timeout=30)["msg_type"] != "stream":
        pass
    time.sleep(0.2)
    kernel.manager.interrupt_kernel()
    # Python itself ignores the signal while it waits there.
    assert kernel.client.get_shell_msg(timeout=30)["parent_header"]["msg_id"] == request


@pytest.mark.parametrize(
    ("code", "status"),
    [("os._exit(3)", 3), ("os.kill(os.getpid(), 9)", -signal.SIGKILL), ("exit()", 0)],
)
def test_how_a_kernel_ended_is_known(specs, code, status):
    with Kernel(specs, "warm") as kernel:
        process = kernel.manager.provisioner.process
        kernel.client.execute(f"import os; {code}")
        assert process.wait() == status
        assert not running(kernel.pid)
        assert not kernel.manager.is_alive()


def test_functions_that_wait_for_the_end_are_called(specs, tmp_path):
    with Kernel(specs, "warm", cwd=str(tmp_path)) as kernel:
        kernel.run("import atexit, pathlib; atexit.register(pathlib.Path('ended').touch)")
        kernel.manager.shutdown_kernel()
    assert (tmp_path / "ended").exists()


def test_no_kernel_is_left_unburied(specs):
    with Kernel(specs, "warm") as kernel:
        parent, pid = int(kernel.run("import os; print(os.getppid())")), kernel.pid
    # After its manager has heard of its end, not even its number is in use.
    assert wait_until(lambda: not os.path.exists(f"/proc/{pid}"))  # noqa: PTH110
    assert running(parent)


def test_a_module_that_cannot_be_imported_is_named():
    failed = server.warm(["no_such_module"])["failed"]
    assert failed.startswith("'no_such_module' could not be imported (ModuleNotFoundError: ")


def test_nothing_is_imported_from_the_working_directory(specs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numpy.py").write_text("raise SystemExit('a student wrote this')")
    write_spec(specs, ["numpy"], "another")
    with Kernel(specs, "another") as kernel:
        assert kernel.run("import numpy; print(numpy.mean([1, 3]))") == "2.0\n"
        (tmp_path / "own.py").write_text("x = 5")
        assert kernel.run("import own; print(own.x)") == "5\n"


def test_no_thread_runs_where_it_forks(specs, kernel):
    # numpy's OpenBLAS has threads, but ends them before a fork; other threads would be lost in it.
    parent = kernel.run("import os; print(os.getppid())").strip()
    seen = subprocess.run(["ps", "-o", "nlwp=", parent], capture_output=True, text=True).stdout
    assert int(seen) == 1
