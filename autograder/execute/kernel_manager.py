"""A Jupyter kernel manager whose kernels are forked from a zygote and talk over IPC sockets."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Type

from autograder.execute.kernel_channel import ForkKernelClient
from autograder.execute.process import Process
from autograder.execute.zygote import Zygote
from autograder.model import Job


class ForkProvisioner(KernelProvisionerBase):
    """Starts, signals and awaits one kernel forked from a zygote."""

    def __init__(self, zygote: Zygote, job: Job, wire: socket.socket | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.process = Process(zygote, "student", job, job.files)
        self._wire = wire
        self._started = False

    @property
    def has_process(self) -> bool:
        """Whether a kernel was started and its end has not been taken note of."""
        return self._started

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Make the directory shared with the kernel and write its connection file there."""
        self.process.prepare()
        manager = self.parent
        manager.ip = str(self.process.directory / "k")
        manager.connection_file = str(self.process.directory / "kernel.json")
        manager.write_connection_file()
        # The kernel may run under a user id of its own; only it and we can reach the directory.
        Path(manager.connection_file).chmod(0o644)
        self.connection_info = manager.get_connection_info()
        return await super().pre_launch(cmd=[], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Ask the zygote for a fork."""
        channels = [] if self._wire is None else [self._wire.fileno()]
        await asyncio.to_thread(
            self.process.start,
            channels,
            connection_file=Path(self.parent.connection_file),
            argv=self.parent.format_kernel_cmd() if self.kernel_spec.argv else [],
            env=self.kernel_spec.env,
        )
        self._started = True
        return self.connection_info

    async def poll(self) -> int | None:
        """Return None while the kernel lives, else its exit status."""
        return self.process.poll() if self._started else 0

    async def wait(self) -> int | None:
        """Wait for the end of the kernel and return its exit status."""
        while (status := await self.poll()) is None:
            await asyncio.sleep(0.01)
        self._started = False
        return status

    async def send_signal(self, signum: int) -> None:
        """Interrupt the kernel, or kill it and all that it started."""
        self.process.order("interrupt" if signum == signal.SIGINT else "kill")

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel and all that it started."""
        self.process.order("kill")

    async def terminate(self, restart: bool = False) -> None:
        """Likewise: what a submission would do on SIGTERM is of no interest."""
        self.process.order("kill")

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the shared directory."""
        self._started = False
        self.process.clear()


class ForkKernelManager(AsyncKernelManager):
    """The manager of one forked kernel; also knows when to seal its directory."""

    client_factory = Type(ForkKernelClient)

    def __init__(self, zygote: Zygote, job: Job, wire: socket.socket | None = None) -> None:
        super().__init__(transport="ipc")
        # A specification in memory: the fork needs no file, and `KernelSpec` wants to be asked.
        self._kernel_spec = KernelSpec(argv=[], display_name="forked", language="python")
        if job.kernel:
            self._kernel_spec = KernelSpecManager().get_kernel_spec(job.kernel)
        self.provisioner = ForkProvisioner(
            zygote,
            job,
            wire,
            parent=self,
            kernel_spec=self._kernel_spec,
            kernel_id=secrets.token_hex(8),
        )

    @property
    def process(self) -> Process:
        """The process, as its supervisor speaks of it."""
        process: Process = self.provisioner.process
        return process

    def seal(self) -> None:
        """Make the directory with the sockets read-only for the kernel, once it has made them."""
        self.process.order("seal")
