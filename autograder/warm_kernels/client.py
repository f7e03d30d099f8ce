"""The client side of warm processes (`autograder.warm_kernels.server`) and their kernels."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

from autograder.model import AutograderError

#: Variables that may differ from kernel to kernel, because nothing reads them when it is imported:
#: Jupyter's, those of nbgrader's Validate, and pytest's, for those who test notebooks.
OF_ONE_KERNEL = ("JPY_", "KERNEL_", "NBGRADER_", "PYTEST_CURRENT_TEST")
#: A process answers within milliseconds; a machine without memory may never.
FORK_SECONDS = 10.0


class NotWarmError(AutograderError):
    """A kernel cannot come from a warm process; the text says why."""


class ForkedKernel:
    """A kernel's process: what `jupyter_client` uses of `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, line: socket.socket) -> None:
        self.pid, self._line = pid, line
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        if self.returncode is None:
            try:
                message = self._line.recv(4096)
            except BlockingIOError:
                return None
            # Without a word: the warm process was killed, and its kernels with it.
            self.returncode = json.loads(message)["exit"] if message else -signal.SIGKILL
            self._line.close()
        return self.returncode

    def wait(self) -> int:
        """Wait until it ends; return the exit status."""
        while (status := self.poll()) is None:
            select.select([self._line], [], [])
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class WarmProcess:
    """The owner's handle on one `autograder.warm_kernels.server`, for any number of event loops.

    Parameters
    ----------
    python
        Python and its options.
    preload
        Modules to import.
    env
        Environment of the kernels.
    """

    def __init__(self, python: Sequence[str], preload: Sequence[str], env: Mapping[str, str]):
        self.env = lasting(env)
        self.ready, self.failure = False, ""
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        module = [*python, "-m", "autograder.warm_kernels.server", str(theirs.fileno()), *preload]
        with theirs:
            try:
                self._process = subprocess.Popen(
                    module,
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    env=self.env,
                    cwd="/",  # where no file is taken for a module
                    start_new_session=True,  # Ctrl-C is the owner's business
                )
            except OSError:
                self._control.close()
                raise

    @property
    def gone(self) -> bool:
        """Whether it was ready, and has died since."""
        return self.ready and self._process.poll() is not None

    async def fork(
        self, arguments: Sequence[str], cwd: str, env: Mapping[str, str], patience: float
    ) -> ForkedKernel:
        """Fork a kernel, once everything is imported.

        Parameters
        ----------
        arguments
            Of the kernel's command.
        cwd
            Where it starts.
        env
            Its environment.
        patience
            How long to wait for the imports, in seconds.

        Raises
        ------
        NotWarmError
            If that cannot be done.
        """
        if changed := sorted(_differing(self.env, lasting(env))):
            raise NotWarmError(
                "the environment differs from that of the warm process: " + ", ".join(changed)
            )
        await self._imported(patience)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        request = {"arguments": arguments, "cwd": cwd, "env": dict(env)}
        try:
            with theirs:
                socket.send_fds(self._control, [json.dumps(request).encode()], [theirs.fileno()])
            loop = asyncio.get_running_loop()
            message = await asyncio.wait_for(loop.sock_recv(ours, 4096), FORK_SECONDS)
            answer = json.loads(message or b'{"failed": "the warm process died"}')
            if "failed" in answer:
                raise NotWarmError(answer["failed"])
        except OSError as error:  # a time-out is one
            ours.close()
            raise NotWarmError(f"the warm process does not answer ({error!r})") from error
        except BaseException:
            ours.close()
            raise
        return ForkedKernel(answer["pid"], ours)

    async def _imported(self, patience: float) -> None:
        deadline = time.monotonic() + patience
        while not self._look():
            if time.monotonic() > deadline:
                raise NotWarmError(f"the imports were not ready within {patience:g} seconds")
            await asyncio.sleep(0.02)
        if self.failure:
            raise NotWarmError(self.failure)

    def _look(self) -> bool:
        """Return whether it has said how the imports went."""
        with self._lock:
            if not self.ready and not self.failure:
                try:
                    message = self._control.recv(65536, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    return False
                answer = json.loads(message) if message else {}
                self.ready = answer.get("ready", False)
                if not self.ready:
                    status = self._process.wait()
                    died = f"the warm process ended with status {status} while it imported"
                    self.failure = answer.get("failed", died)
            return True

    def close(self) -> None:
        """End it, and its kernels with it."""
        self._control.close()
        self._process.kill()
        self._process.wait()


class WarmProcesses:
    """The warm processes of this process, by Python and modules."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started: dict[tuple[tuple[str, ...], ...], WarmProcess] = {}

    def get(
        self, python: Sequence[str], preload: Sequence[str], env: Mapping[str, str]
    ) -> WarmProcess:
        """Return the one that has ``preload``, started now if need be.

        Raises
        ------
        NotWarmError
            If it cannot be started.
        """
        key = tuple(python), tuple(preload)
        with self._lock:
            if key in self._started and self._started[key].gone:
                self._started.pop(key).close()
            if key not in self._started:
                try:
                    self._started[key] = WarmProcess(python, preload, env)
                except OSError as error:
                    raise NotWarmError(f"no warm process could be started: {error}") from error
            return self._started[key]

    def close(self) -> None:
        """End them all."""
        with self._lock:
            while self._started:
                self._started.popitem()[1].close()


def lasting(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what differs from kernel to kernel."""
    return {name: value for name, value in env.items() if not name.startswith(OF_ONE_KERNEL)}


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> set[str]:
    return {name for name in {*one, *other} if one.get(name) != other.get(name)}


processes = WarmProcesses()
atexit.register(processes.close)
