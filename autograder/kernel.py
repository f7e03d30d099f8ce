"""A Jupyter kernel manager whose kernels are forked from a zygote and talk over IPC sockets."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import signal
import socket
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase

from autograder.model import Job
from autograder.zygote import Zygote

#: How the kernel's environment tells a test cell that it is being graded, as nbgrader does.
GRADING = {"NBGRADER_EXECUTION": "autograde"}


class ForkProvisioner(KernelProvisionerBase):
    """Starts, signals and awaits one kernel forked from a zygote."""

    def __init__(self, zygote: Zygote, job: Job, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.zygote, self.job = zygote, job
        self.directory = zygote.run / "jobs" / secrets.token_hex(4)
        self.lifeline: socket.socket | None = None
        self.ending: dict[str, Any] = {}  # the warden's last words

    @property
    def has_process(self) -> bool:
        """Whether a kernel was started and its end has not been taken note of."""
        return self.lifeline is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Make the directory shared with the kernel and write its connection file there."""
        files = self.directory / "files"
        files.mkdir(parents=True)
        for name, content in self.job.files:
            target = files / PurePosixPath(name)
            if not target.resolve().is_relative_to(files):
                raise ValueError(f"file outside of the submission: {name}")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        manager = self.parent
        manager.ip = str(self.directory / "k")
        manager.connection_file = str(self.directory / "kernel.json")
        manager.write_connection_file()
        # The kernel may run under a user id of its own; only it and we can reach the directory.
        Path(manager.connection_file).chmod(0o644)
        self.connection_info = manager.get_connection_info()
        return await super().pre_launch(cmd=[], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Ask the zygote for a fork."""
        self.lifeline = await asyncio.to_thread(
            self.zygote.fork,
            self.directory,
            Path(self.parent.connection_file),
            seed=self.job.seed,
            limits=self.job.limits,
            env=dict(GRADING, AUTOGRADER_SUBMISSION_SEED=self.job.seed),
        )
        return self.connection_info

    async def poll(self) -> int | None:
        """Return None while the kernel lives, else its exit status."""
        if self.lifeline is None:
            return 0
        if not self.ending:
            try:
                words = self.lifeline.recv(65536)
            except BlockingIOError:
                return None
            except OSError:
                words = b""
            self.ending = json.loads(words or b'{"refused": "the warden vanished"}')
        return int(self.ending.get("exit", 1))

    async def wait(self) -> int | None:
        """Wait for the end of the kernel and return its exit status."""
        while (status := await self.poll()) is None:
            await asyncio.sleep(0.01)
        if self.lifeline is not None:
            self.lifeline.close()
            self.lifeline = None
        return status

    async def send_signal(self, signum: int) -> None:
        """Interrupt the kernel, or kill it and all that it started."""
        self.order(b"interrupt" if signum == signal.SIGINT else b"kill")

    def order(self, order: bytes) -> None:
        """Send an order to the warden."""
        if self.lifeline is not None:
            try:
                self.lifeline.send(order)
            except OSError:
                return  # it has ended; `poll` will say how

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel and all that it started."""
        self.order(b"kill")

    async def terminate(self, restart: bool = False) -> None:
        """Likewise: what a submission would do on SIGTERM is of no interest."""
        self.order(b"kill")

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the shared directory."""
        if self.lifeline is not None:
            self.lifeline.close()
            self.lifeline = None
        shutil.rmtree(self.directory, ignore_errors=True)


class ForkKernelManager(AsyncKernelManager):
    """The manager of one forked kernel; also knows when to seal its directory."""

    def __init__(self, zygote: Zygote, job: Job) -> None:
        super().__init__(transport="ipc")
        # A specification in memory: the fork needs no file, and `KernelSpec` wants to be asked.
        self._kernel_spec = KernelSpec(argv=[], display_name="forked", language="python")
        self.provisioner = ForkProvisioner(
            zygote, job, parent=self, kernel_spec=self._kernel_spec, kernel_id=secrets.token_hex(8)
        )

    def seal(self) -> None:
        """Make the directory with the sockets read-only for the kernel, once it has made them."""
        self.provisioner.order(b"seal")
