"""The kernelspec by its name, as Jupyter's own tools use it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
import urllib.request
from importlib.metadata import entry_points
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

from autograder.warm_kernels import provisioner
from autograder.warm_kernels.client import NotWarmError, processes
from tests.autograder.warm_kernels.watching import (
    SHIPPED,
    Kernel,
    children,
    running,
    wait_until,
    write_spec,
)

LOADED = "import sys; print('numpy' in sys.modules)"


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    root = tmp_path_factory.mktemp("jupyter")
    write_spec(root, ["numpy"])
    yield root
    processes.close()


def test_the_wheel_ships_the_kernelspec_and_registers_its_provisioner():
    build = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    shared = build["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert shared == {"autograder/kernels": "share/jupyter/kernels"}
    installed = Path(KernelSpecManager().get_kernel_spec("python3-warm").resource_dir)
    assert json.loads((installed / "kernel.json").read_text()) == json.loads(SHIPPED.read_text())
    (entry,) = entry_points(group="jupyter_client.kernel_provisioners", name=provisioner.NAME)
    assert entry.load() is provisioner.WarmProvisioner


def test_what_is_preloaded_changes_nothing_else_of_the_ordinary_kernelspec():
    warm, ordinary = (
        KernelSpecManager().get_kernel_spec(name).to_dict() for name in ("python3-warm", "python3")
    )
    del warm["metadata"]["kernel_provisioner"], warm["display_name"], ordinary["display_name"]
    assert warm == ordinary


def test_a_restarted_kernel_is_fresh_and_warm(specs):
    with Kernel(specs, "warm") as kernel:
        kernel.run("x = 1")
        before = kernel.pid
        kernel.manager.restart_kernel(now=True)
        kernel.client.wait_for_ready(60)
        assert kernel.pid != before
        assert kernel.run(LOADED) == "True\n"
        assert kernel.run("x") == "NameError"
        assert wait_until(lambda: not running(before))


@pytest.mark.parametrize("now", [False, True])
def test_a_kernel_that_is_shut_down_is_gone(specs, now):
    with Kernel(specs, "warm") as kernel:
        assert running(kernel.pid)
        pid = kernel.pid
        kernel.manager.shutdown_kernel(now=now)
        assert not running(pid)
        assert not kernel.manager.has_kernel


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_messages_go_where_the_manager_wants_them(specs, transport):
    with Kernel(specs, "warm", transport=transport) as kernel:
        assert kernel.run(LOADED) == "True\n"
        connection = json.loads(Path(kernel.manager.connection_file).read_text())
        assert connection["transport"] == transport


def test_a_module_that_cannot_be_imported_costs_nobody_the_kernel(specs, caplog):
    write_spec(specs, ["no_such_module"], "broken")
    with Kernel(specs, "broken") as kernel:
        assert kernel.run("print(6 * 7)") == "42\n"
    assert "starts without the preloaded modules: 'no_such_module' could not" in caplog.text


def test_imports_that_take_too_long_cost_nobody_the_kernel(specs, caplog):
    write_spec(specs, ["tensorflow"], "impatient", patience=0.0)
    with Kernel(specs, "impatient") as kernel:
        assert kernel.run(LOADED) == "False\n"
    assert "the imports were not ready within 0 seconds" in caplog.text


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (
            lambda: {"stdout": subprocess.DEVNULL},
            "only an ordinary start can do what was asked for: stdout",
        ),
        (
            # Now and not when tests are collected: what others import changes the environment.
            lambda: {"env": dict(os.environ, OMP_NUM_THREADS="3")},
            "differs from that .*: OMP_NUM_THREADS",
        ),
    ],
    ids=["stdout", "environment"],
)
def test_what_a_fork_cannot_do_an_ordinary_kernel_does(specs, caplog, asked, why):
    options = asked()
    with Kernel(specs, "warm"), Kernel(specs, "warm", **options) as kernel:
        assert kernel.run(LOADED) == "False\n"
    (said,) = [record.getMessage() for record in caplog.records if "starts without" in record.msg]
    assert re.search(why, said)


def test_a_directory_that_is_not_there_is_refused_as_by_an_ordinary_kernel(specs, tmp_path):
    with pytest.raises(FileNotFoundError):
        Kernel(specs, "warm", cwd=str(tmp_path / "nowhere"))


def test_a_command_is_split_where_the_kernel_begins():
    command = ["/bin/python", "-X", "frozen_modules=off", "-m", "ipykernel_launcher", "-f", "x"]
    assert provisioner.split(command) == (command[:3], ["-f", "x"])
    with pytest.raises(NotWarmError, match=r"is not `python -m ipykernel_launcher`"):
        provisioner.split(["R", "--slave", "-e", "IRkernel::main()"])


def test_a_tool_that_runs_notebooks_uses_it_by_name(specs, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", str(specs))
    processes.close()  # what it was started with has changed
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(LOADED)])
    done = NotebookClient(notebook, kernel_name="warm").execute()
    assert done.cells[0].outputs[0].text == "True\n"
    processes.close()


@pytest.mark.slow
def test_tensorflow_computes_in_each_of_two_kernels():
    code = "import tensorflow as tf; print(float(tf.reduce_sum(tf.random.normal([3]) * 0 + 2)))"
    draw = "print(tf.random.normal([2]).numpy(), tf.keras.random.normal([2]).numpy())"
    loaded = "import sys; print('tensorflow' in sys.modules)"
    try:
        with Kernel(None, "python3-warm") as one, Kernel(None, "python3-warm") as other:
            assert one.run(loaded) == other.run(loaded) == "True\n"
            assert one.run(code) == other.run(code) == "6.0\n"
            assert one.run(draw) != other.run(draw)
    finally:
        processes.close()


class Server:
    """A real Jupyter server, whose default kernelspec is ours."""

    def __init__(self, root: Path) -> None:
        write_spec(root, ["numpy"], "python3")
        self.log = (root / "log").open("w+")
        own = {"HOME": root, "JUPYTER_PATH": root, "JUPYTER_RUNTIME_DIR": root / "run"}
        env = dict(os.environ) | {name: str(path) for name, path in own.items()}
        options = ["--ip=127.0.0.1", "--port=0", "--no-browser", "--allow-root"]
        options += ["--IdentityProvider.token=secret", f"--ServerApp.root_dir={root}"]
        extension = "--ServerApp.jpserver_extensions=autograder.warm_kernels.provisioner=True"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *options, extension],
            env=env,
            stdout=self.log,
            stderr=self.log,
        )
        assert wait_until(lambda: bool(list(root.glob("run/jpserver-*.json")))), self.said()
        (file,) = root.glob("run/jpserver-*.json")
        self.url = json.loads(file.read_text())["url"]
        assert wait_until(self.answers), self.said()

    def said(self) -> str:
        self.log.flush()
        return Path(self.log.name).read_text()

    def answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}api", timeout=60).close()
        except OSError:
            return False
        return True

    def post(self, path: str, **body: str) -> dict:
        headers = {"Authorization": "token secret"}
        request = urllib.request.Request(
            f"{self.url}{path}", json.dumps(body).encode(), headers, method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"{}")

    def warm(self) -> list[int]:
        """Return the numbers of its warm processes."""
        return [
            pid
            for pid in children(self.process.pid)
            if b"autograder.warm_kernels.server" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    yield server
    server.close()


@pytest.mark.slow
def test_a_server_imports_before_the_first_kernel_is_asked_for(server):
    assert wait_until(lambda: bool(server.warm())), server.said()
    (warm,) = server.warm()
    server.post("api/kernels", name="python3")
    assert len(children(warm)) == 1
    assert "without the preloaded modules" not in server.said()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_server(server, number):
    for _ in range(2):
        server.post("api/kernels", name="python3")
    (warm,) = server.warm()
    family = [warm, *children(warm)]
    assert len(family) == 3
    server.process.send_signal(number)
    server.process.wait(30)
    assert wait_until(lambda: not any(map(running, family)))
