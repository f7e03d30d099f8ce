"""The worker's side of a judge: starts the judge and has it run cells."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

from autograder.execute.kernel_client import writable
from autograder.execute.process import Process
from autograder.execute.zygote import Zygote
from autograder.model import Job
from autograder.wire import Channel, WireError


class JudgeGoneError(Exception):
    """The judge's process has ended."""


class Judging:
    """One judge beside one student's process.

    Parameters
    ----------
    zygote
        What it is forked from.
    job
        What is graded: its instructor's files, imports, seed and limits are the judge's too.
    wire
        The judge's end of the socket to the student's process.
    student
        That process.
    """

    def __init__(self, zygote: Zygote, job: Job, wire: socket.socket, student: Process) -> None:
        # Without isolation it sees the student's directory where it is.
        self._view = None if zygote.isolated else student.directory / "work"
        self.process = Process(zygote, "judge", job, job.instructor_files)
        self._job, self._wire, self._student = job, wire, student
        self._channel: Channel | None = None

    async def start(self) -> None:
        """Fork it and wait until it is ready.

        Raises
        ------
        JudgeGoneError
            If it does not come to life.
        """
        self.process.prepare()
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours)
        with theirs:
            await asyncio.to_thread(
                self.process.start, [theirs.fileno(), self._wire.fileno()], view=self._view
            )
        await self._hear()
        self.process.order("seal")

    def begin(self) -> None:
        """Show it what the student's code writes, and let it import what tests need."""
        assert self._channel is not None
        self._student.poll()
        if self._student.scratch is not None:
            self.process.order("view", self._student.scratch)
        job = self._job
        self._channel.send({"imports": job.imports, "marks": job.marks, "changed": job.changed})

    def pass_over(self, source: str) -> None:
        """Tell it of an instructor's cell that it does not run."""
        assert self._channel is not None
        self._channel.send({"passed over": source})

    async def run(self, cell: str, source: str, *, locked: bool) -> dict[str, Any]:
        """Let it run a cell; return its answer.

        Raises
        ------
        JudgeGoneError
            If it ended meanwhile.
        """
        assert self._channel is not None
        try:
            self._channel.send({"cell": cell, "source": source, "locked": locked})
        except (EOFError, OSError) as error:
            raise JudgeGoneError("the judge has ended") from error
        answer: dict[str, Any] = writable(await self._hear())
        return answer

    async def _hear(self) -> dict[str, Any]:
        assert self._channel is not None
        try:
            head, _ = await asyncio.to_thread(self._channel.receive)
        except (EOFError, OSError, WireError) as error:
            raise JudgeGoneError("the judge has ended") from error
        return head

    async def stop(self) -> None:
        """End it."""
        self.process.order("kill")
        if self._channel is not None:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._ended(), 3)
            self._channel.close()
        self.process.clear()

    async def _ended(self) -> None:
        while self.process.poll() is None:
            await asyncio.sleep(0.01)
