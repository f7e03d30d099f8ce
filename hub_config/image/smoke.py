"""The part of the self-check that tries things out: a real kernel and a real server."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import start_new_kernel

_CELL = """
import json, os
import tensorflow as tf
gpus = [gpu.name for gpu in tf.config.list_physical_devices("GPU")]
with tf.device("/GPU:0" if gpus else "/CPU:0"):
    product = tf.linalg.matmul(tf.ones((256, 256)), tf.ones((256, 256)))
print(json.dumps({
    "answer": 1 + 1, "gpus": len(gpus), "product": float(product[0, 0]),
    "device": product.device.rpartition("device:")[2],
    "visible": os.environ.get("CUDA_VISIBLE_DEVICES"),
}))
"""
PATIENCE = 300  # seconds: TensorFlow from a cold disk, and CUDA's first kernel


class ProbeError(Exception):
    """A kernel or a server did not do what it should; the text says what happened."""


@dataclass(frozen=True)
class Computed:
    """What a kernel said: 1 + 1, its GPUs, where a product was made and what came out."""

    answer: int
    gpus: int
    device: str
    product: float
    visible: str | None  # the kernel's CUDA_VISIBLE_DEVICES


@dataclass(frozen=True)
class Served:
    """What a server offers."""

    kernels: tuple[str, ...]
    titles: tuple[str, ...]
    lab: bool
    assignments: bool
    formgrader: bool
    proxy: bool


def kernel(name: str) -> Computed:
    """Start a kernel and let it compute.

    Raises
    ------
    ProbeError
        If there is no such kernel, or it does not start, or its cell fails.
    """
    try:
        manager, client = start_new_kernel(kernel_name=name, startup_timeout=PATIENCE)
    except NoSuchKernel:
        raise ProbeError(f"there is no kernel called {name}") from None
    except RuntimeError as error:
        raise ProbeError(f"the kernel {name} does not start: {error}") from error
    printed: list[str] = []

    def keep(message: Mapping[str, Any]) -> None:
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            printed.append(message["content"]["text"])

    try:
        reply = client.execute_interactive(
            _CELL, timeout=PATIENCE, output_hook=keep, allow_stdin=False
        )
    except TimeoutError:
        raise ProbeError(f"the kernel {name} did not answer in {PATIENCE} seconds") from None
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    content = reply["content"]
    if content["status"] != "ok":
        raise ProbeError(f"the kernel {name} says {content['ename']}: {content['evalue']}")
    return Computed(**json.loads("".join(printed).splitlines()[-1]))


def server(env: Mapping[str, str] | None = None) -> Served:
    """Start JupyterLab with this environment's settings, ask it, and end it.

    Parameters
    ----------
    env : mapping of str to str, optional
        Variables that it gets besides those of this process.

    Raises
    ------
    ProbeError
        If it does not answer.
    """
    with tempfile.TemporaryDirectory(prefix="selfcheck-") as folder:
        runtime, log = Path(folder, "run"), Path(folder, "log")
        port, token = _free_port(), secrets.token_hex(16)
        variables = {**os.environ, **(env or {})}
        variables |= {"JUPYTER_RUNTIME_DIR": str(runtime), "JUPYTER_TOKEN": token}
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
        with log.open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            ask = _Asker(f"http://127.0.0.1:{port}/", token)
            _wait(process, ask, log)
            return _served(ask, port)
        finally:
            _end(process)


class _Asker:
    """Asks one server, as its owner would."""

    def __init__(self, url: str, token: str):
        self.url, self.token = url, token

    def status(self, path: str) -> int:
        return self._get(path)[0]

    def content(self, path: str) -> Any:
        return json.loads(self._get(path)[1])

    def _get(self, path: str) -> tuple[int, bytes]:
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, b"{}"


def _served(ask: _Asker, port: int) -> Served:
    specs = ask.content("api/kernelspecs")["kernelspecs"]
    return Served(
        kernels=tuple(sorted(specs)),
        titles=tuple(sorted(one["spec"]["display_name"] for one in specs.values())),
        lab=ask.status("lab") == 200,
        assignments=ask.status("nbgrader_version?version=0.9.6") == 200,
        formgrader=ask.status("formgrader") != 404,
        # To itself: what TensorBoard's page goes through.
        proxy=ask.status(f"proxy/{port}/api") == 200,
    )


def _wait(process: subprocess.Popen[bytes], ask: _Asker, log: Path) -> None:
    last = time.monotonic() + PATIENCE
    while time.monotonic() < last:
        if process.poll() is not None:
            said = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
            raise ProbeError(f"JupyterLab ended at once: {said[-1]}")
        try:
            ask.status("api")
        except (OSError, TimeoutError):
            time.sleep(0.2)
        else:
            return
    raise ProbeError(f"JupyterLab did not answer in {PATIENCE} seconds")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server with everything that it started."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=20)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
