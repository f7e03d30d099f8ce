"""The worker's side of one forked process: its directory, its control socket, how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import shutil
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.execute.zygote import Zygote
from autograder.model import Job
from autograder.sandbox.cgroups import Fence, fence

#: How the environment tells a test cell that it is being graded, as nbgrader does.
GRADING = {"NBGRADER_EXECUTION": "autograde"}


class Process:
    """A student's or a judge's process, not started yet.

    Parameters
    ----------
    zygote
        What it is forked from.
    role
        ``student`` or ``judge``.
    job
        Gives the seed and the limits.
    files
        What lies in its working directory: relative path, content.
    """

    def __init__(
        self, zygote: Zygote, role: str, job: Job, files: Iterable[tuple[str, bytes]]
    ) -> None:
        self.zygote, self.role, self._job, self._files = zygote, role, job, files
        self.directory = zygote.run / "jobs" / secrets.token_hex(4)
        self.control: socket.socket | None = None
        self.ending: dict[str, Any] = {}  # the supervisor's last words
        self.cell = 0  # the number of the cell that runs
        self.over = False  # whether it has used up its processor time
        self.scratch: int | None = None  # a descriptor of a mount of its scratch
        self._fence: Fence | None = None
        self._waits = False  # whether it waits to be put into the fence

    def prepare(self) -> None:
        """Make the shared directory.

        Raises
        ------
        ValueError
            If a file would lie outside of it.
        """
        files = self.directory / "files"
        files.mkdir(parents=True)
        for name, content in self._files:
            target = files / PurePosixPath(name)
            if not target.resolve().is_relative_to(files):
                raise ValueError(f"file outside of the submission: {name}")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def start(
        self,
        channels: Sequence[int],
        *,
        connection_file: Path | None = None,
        view: Path | None = None,
        argv: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Ask the zygote for a fork, and fence it in where the system lets us."""
        self._fence = fence(self._job.limits.memory_mb)
        self._waits = self._fence is not None
        self.control = self.zygote.fork(
            self.role,
            self.directory,
            channels,
            seed=self._job.seed,
            limits=self._job.limits,
            env=dict(env or {}, **GRADING, AUTOGRADER_SUBMISSION_SEED=self._job.seed),
            connection_file=connection_file,
            view=view,
            fenced=self._waits,
            argv=argv,
        )
        while self._waits:
            select.select([self.control], [], [], 1)
            if self.poll() is not None:
                break

    def begin(self, seconds: float) -> None:
        """Say that a cell begins, which may use so much processor time."""
        self.cell, self.over = self.cell + 1, False
        self.order(f"cell {self.cell} {seconds}")

    def order(self, order: str, mount: int | None = None) -> None:
        """Send an order to the supervisor."""
        if self.control is None:
            return
        try:
            socket.send_fds(self.control, [order.encode()], [] if mount is None else [mount])
        except OSError:
            return  # it has ended; `poll` will say how

    def poll(self) -> int | None:
        """Return None while the process lives, else its exit status."""
        while not self.ending:
            if self.control is None:
                return 0
            try:
                words, mounts, _, _ = socket.recv_fds(self.control, 65536, 1)
            except BlockingIOError:
                return None
            except ConnectionResetError:
                continue  # it ended with an order unread; what it said before can be heard now
            except OSError:
                words, mounts = b"", []
            said = json.loads(words or b'{"refused": "the supervisor vanished"}')
            if "over" in said:  # of the cell before, it comes too late to count
                self.over = self.over or said["over"] == self.cell
            elif "scratch" in said:
                self.scratch = mounts[0] if mounts else None
            elif "init" in said:
                self._let_go(mounts)
            else:
                self.ending = said
        return int(self.ending.get("exit", 1))

    def _let_go(self, descriptors: list[int]) -> None:
        """Put init, which waits for that, into the fence."""
        for descriptor in descriptors:
            # Its number there is another one; this is where a descriptor tells ours.
            about = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
            pid = int(about.partition("Pid:")[2].split()[0])
            os.close(descriptor)
            if self._fence is not None:
                with contextlib.suppress(OSError):  # it has ended already, or there is no room
                    self._fence.add(pid)
        self._waits = False
        self.order("go")

    def clear(self) -> None:
        """Let go of the process, which ends it, and remove the shared directory."""
        if self.control is not None:
            self.control.close()
            self.control = None
        if self.scratch is not None:
            os.close(self.scratch)
            self.scratch = None
        if self._fence is not None:
            self._fence.remove()
            self._fence = None
        shutil.rmtree(self.directory, ignore_errors=True)
