"""The Dask cluster of one run: a scheduler in this process, worker processes beside it.

``python -m autograder.dispatch.local_cluster`` is such a worker process. It holds one end of a
socket, its control socket. The first message says what its zygote should import; the second, sent
when there is a scheduler, says where that is. When the socket closes, for whatever reason, the
process ends with everything that it started.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from autograder.dispatch import worker
from autograder.dispatch.worker import Profile
from autograder.model import AutograderError
from autograder.sandbox import bubblewrap, tempdirs

if TYPE_CHECKING:
    from distributed import Client, Scheduler
    from distributed.security import Security

#: Slots of one worker process: Python runs in one of its threads at a time.
SLOTS = 8
#: How often a worker process may end before it was of any use.
STARTS = 3
#: Only this machine.
HOST = "127.0.0.1"
#: What Dask does for computations of another kind, and would cost start-up or running time.
QUIET = {
    "distributed.admin.system-monitor.interval": "10 s",
    "distributed.admin.tick.interval": "1 s",
    "distributed.admin.tick.limit": "1 hour",
    "distributed.comm.timeouts.connect": "60 s",  # a machine may be busy
    "distributed.diagnostics.nvml": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.allowed-failures": 0,  # the engine counts for itself
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
}


def quiet() -> None:
    """Configure Dask for a cluster of ours."""
    import dask
    import distributed  # noqa: F401 (brings its own defaults, to be changed after that)

    dask.config.set(QUIET)
    hush()


def hush() -> None:
    """Keep Dask's log from users: what it means to them the engine says."""
    for name in ("distributed", "distributed.client"):  # Dask gives the latter a level of its own
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class Process:
    """The coordinator's handle on one worker process."""

    def __init__(self, profile: Profile, slots: int) -> None:
        self.profile, self.slots, self.ended_early = profile, slots, 0
        self._start()

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (`close` does)
        path = os.pathsep.join(os.path.abspath(p) for p in sys.path if p)  # noqa: PTH100 (a string)
        with theirs:
            self._process = subprocess.Popen(
                # -P: a module in the course's directory must not shadow one of ours.
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "autograder.dispatch.local_cluster",
                    str(theirs.fileno()),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                env=dict(os.environ, PYTHONPATH=path),
                start_new_session=True,  # Ctrl-C is the coordinator's business
            )
        self._say({"profile": asdict(self.profile), "slots": self.slots})

    @property
    def pid(self) -> int:
        """The process that serves now."""
        return self._process.pid

    def _say(self, message: dict[str, Any]) -> None:
        try:
            self._control.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            return  # it has ended; `follow` sees to that

    async def follow(self, told: dict[str, str]) -> None:
        """Tell the process where its scheduler is; if it ends, start another.

        Raises
        ------
        AutograderError
            If it ends again and again before it was of any use.
        """
        while True:
            self._say(told)
            await _ended(self._process)
            self._control.setblocking(False)
            self.ended_early = 0 if self._joined() else self.ended_early + 1
            if self.ended_early == STARTS:
                raise AutograderError(
                    f"The process that grades ended {STARTS} times while it was starting "
                    f"({self._last_words()})."
                )
            self.close()
            self._start()

    def _joined(self) -> bool:
        try:
            return bool(self._control.recv(16))
        except OSError:
            return False

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit status {self._process.returncode}"

    def hang_up(self) -> None:
        """Let the process end."""
        self._control.close()

    def close(self) -> None:
        """Let the process end, and wait for that."""
        self.hang_up()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


async def _ended(process: subprocess.Popen[bytes]) -> None:
    ended = asyncio.Event()
    watch = os.pidfd_open(process.pid)
    loop = asyncio.get_running_loop()
    loop.add_reader(watch, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(watch)
        os.close(watch)
    process.wait()


class Local:
    """A scheduler for one run, and worker processes that import while it is not there yet."""

    #: What messages call it.
    name = "this machine"

    def __init__(self, profile: Profile, slots: int, *, dashboard: bool) -> None:
        if dashboard and importlib.util.find_spec("bokeh") is None:
            raise AutograderError(
                "Dask's dashboard needs bokeh: python -m pip install bokeh, or do without."
            )
        self.dashboard = dashboard
        parts = -(-slots // SLOTS)
        shares = [slots // parts + (part < slots % parts) for part in range(parts)]
        self.processes = [Process(profile, share) for share in shares]
        self.failure: AutograderError | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()

    async def start(self) -> Client:
        """Start the scheduler; return a client of it.

        Raises
        ------
        AutograderError
            If there is no sandbox here.
        """
        if self.processes[0].profile.sandbox:
            bubblewrap.require()
        quiet()
        import dask
        from distributed import Client, Scheduler
        from distributed.security import Security

        # Whoever reaches a Dask scheduler can run anything: only those who have this key do.
        security = Security.temporary()
        place = self._stack.enter_context(_scratch())
        with dask.config.set({"temporary-directory": str(place)}):
            server = Scheduler(
                host=HOST,
                protocol="tls",
                security=security,
                dashboard=self.dashboard,
                dashboard_address=f"{HOST}:0",
                http_prefix="",
            )
        scheduler: Scheduler = await self._stack.enter_async_context(server)
        told = {
            "scheduler": scheduler.address,
            "certificate": str(security.tls_ca_file),
            "key": str(security.tls_worker_key),
        }
        self._tasks = [asyncio.create_task(self._follow(one, told)) for one in self.processes]
        return await self._stack.enter_async_context(
            Client(scheduler.address, security=security, asynchronous=True, set_as_default=False)
        )

    async def _follow(self, process: Process, told: dict[str, str]) -> None:
        try:
            await process.follow(told)
        except (AutograderError, OSError) as error:
            self.failure = AutograderError(str(error))

    async def stop(self) -> None:
        """End the scheduler and the client; the processes are `close`'s business."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    def close(self) -> None:
        """End the worker processes."""
        for process in self.processes:
            process.hang_up()
        for process in self.processes:
            process.close()
        tempdirs.sweep()  # if one had to be killed


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """Give a directory that goes away: a scheduler makes one for itself, and leaves it."""
    place, in_use = tempdirs.make()
    try:
        yield place
    finally:
        tempdirs.remove(place, in_use)


async def _serve(control: socket.socket, slots: int, told: dict[str, str], place: str) -> None:
    from distributed import Worker
    from distributed.security import Security

    security: Security = Security(
        require_encryption=True,
        tls_ca_file=told["certificate"],
        tls_worker_cert=told["certificate"],
        tls_worker_key=told["key"],
    )
    async with Worker(
        told["scheduler"],
        host=HOST,
        nthreads=worker.THREADS * slots,
        memory_limit=0,
        local_directory=place,
        security=security,
        dashboard_address=f"{HOST}:0",
    ) as member:
        control.sendall(b"joined")
        await member.finished()


def main(descriptor: int) -> None:
    """Be a worker process until its control socket, an inherited one, closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=descriptor)
    lines = control.makefile("rb")
    first = json.loads(lines.readline())
    preload, read_only = (tuple(first["profile"][name]) for name in ("preload", "read_only"))
    machine = worker.machine(first["slots"])
    with contextlib.suppress(AutograderError):  # the first job will say why
        machine.start(Profile(preload, read_only, first["profile"]["sandbox"]))
    place, in_use = tempdirs.make()
    leaving = threading.Lock()

    def leave() -> None:
        leaving.acquire()  # for good: whoever comes second must not end what the first still does
        try:
            machine.close()
            tempdirs.remove(place, in_use)
        finally:
            os._exit(0)

    # As in the command: a second of processor time for a grammar of addresses.
    sys.modules.setdefault("rfc3987_syntax", cast(ModuleType, None))
    quiet()
    import autograder.execute.notebook_run  # noqa: F401 (while the zygote is importing, too)

    second = lines.readline()
    if not second:
        leave()

    def watch() -> None:
        lines.read()
        leave()

    threading.Thread(target=watch, daemon=True).start()
    try:
        asyncio.run(_serve(control, first["slots"], json.loads(second), str(place)))
    except Exception:
        traceback.print_exc()  # its last line is what the coordinator tells of it
    finally:
        leave()


if __name__ == "__main__":
    main(int(sys.argv[1]))
