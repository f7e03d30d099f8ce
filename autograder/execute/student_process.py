"""The student's process of one notebook: starts it, runs cells in it and names how each ended."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from abc import ABC, abstractmethod
from queue import Empty
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from autograder.execute.kernel_client import (
    DRAIN_SECONDS,
    GRACE_SECONDS,
    MOST_UNREADABLE,
    Client,
)
from autograder.execute.kernel_manager import ForkKernelManager
from autograder.execute.limit_messages import explained
from autograder.execute.process import Process
from autograder.model import SENTENCES, CellOutcome, Job, Limits, Verdict

#: How long a process has to become ready, in seconds.
START_SECONDS = 60
#: What a student reads whose cell sends more that is no message than anybody listens to.
FLOODED = (
    f"This cell sent more than {MOST_UNREADABLE:,} messages that are none to the kernel's own "
    "sockets. Notebook code must not write there."
)
#: What a student reads whose code broke off the connection to its kernel.
CUT_OFF = (
    "The connection over which cells are run was broken off. Notebook code must not write to the "
    "kernel's own sockets."
)
#: The endings after which a process can go on.
ORDINARY = (Verdict.PASS, Verdict.FAIL, Verdict.ERROR)


class RefusedError(Exception):
    """A process could not be started or watched: our failure, never the student's."""


def _mark(cell: NotebookNode) -> Any:
    return cell.metadata.get("nbgrader", {})


def is_test(cell: NotebookNode) -> bool:
    """Whether a cell's ending decides about points."""
    return bool(_mark(cell).get("grade") and not _mark(cell).get("solution"))


def is_locked(cell: NotebookNode) -> bool:
    """Whether a cell is the instructor's and runs in both processes."""
    return bool(_mark(cell).get("locked") and not _mark(cell).get("solution"))


def name(cell: NotebookNode, index: int) -> str:
    """Return what a cell is called: its grade id, or its place."""
    return str(_mark(cell).get("grade_id") or f"number {index + 1}")


class StudentProcess(ABC):
    """A kernel that runs the cells of one notebook.

    Parameters
    ----------
    job
        Gives the limits.
    client
        Runs cells in the kernel.
    manager
        Starts it.
    """

    def __init__(self, job: Job, client: Client, manager: ForkKernelManager) -> None:
        self.job, self.client, self.manager = job, client, manager
        self.judge_lives = True
        self.spent = False  # whether a process was killed

    @property
    def student(self) -> Process:
        """The student's process."""
        return self.manager.process

    async def start(self) -> None:
        """Start it.

        Raises
        ------
        RefusedError
            If it does not come to life.
        """
        try:
            await self._start_student()
        except (TimeoutError, RuntimeError) as error:
            raise self._refused(error, self.student) from error
        self.manager.seal()

    def _refused(self, error: Exception, *processes: Process) -> RefusedError:
        """Return why processes did not start."""
        for one in processes:
            one.poll()
            if why := one.ending.get("refused"):
                return RefusedError(f"the {one.role}'s process did not start: {why}")
        said = self.student.zygote.log_tail()
        return RefusedError(f"the processes did not start: {error} ({said})")

    async def _start_student(self) -> None:
        await self.manager.start_kernel()
        client = self.client
        client.kc = self.manager.client()
        # No heartbeat: whether it lives, the supervisor says; and noise on that socket, which a
        # notebook can make, would keep the thread that listens to it from ever ending.
        # Nor what nobody would read: it fills, and a notebook can write to it.
        client.kc.start_channels(hb=False, stdin=False, control=False)
        await client.kc.wait_for_ready(timeout=START_SECONDS)
        client.listen()

    async def stop(self) -> tuple[float, float]:
        """End it; return the processor time that it and its judge used, in seconds."""
        provisioner = self.manager.provisioner
        if self.client.kc is not None:
            self.client.kc.stop_channels()
        if provisioner.has_process:
            await provisioner.kill()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(provisioner.wait(), GRACE_SECONDS)
        await provisioner.cleanup()
        self.manager.context.destroy(linger=0)
        return float(self.student.ending.get("cpu_seconds", 0)), 0.0

    async def repeat(self, cell: NotebookNode, index: int, *, judged: bool) -> None:
        """Run a cell again for what it defines."""
        await self.client.async_execute_cell(NotebookNode(cell), index)

    async def prepare(self, cell: NotebookNode, index: int) -> str:
        """Run a locked cell wherever else it belongs; return what went wrong there."""
        return ""

    @abstractmethod
    async def test(self, cell: NotebookNode, index: int) -> CellOutcome:
        """Run a test where it belongs and name its ending."""

    def pass_over(self, source: str) -> None:  # noqa: B027
        """Take note of an instructor's cell that is not run: without a judge, do nothing."""

    async def cell(self, index: int) -> CellOutcome:
        """Run a cell in the student's process and name its ending."""
        cell = self.client.nb.cells[index]
        began = time.monotonic()
        verdict, message = Verdict.PASS, ""
        try:
            # What a notebook may do to its own sockets, nbclient waits for without end.
            most = self.job.limits.cell_seconds + 2 * DRAIN_SECONDS
            await asyncio.wait_for(self.client.async_execute_cell(cell, index), most)
        except TimeoutError:  # nbclient's own is one too
            self.client.stop_listening()
            verdict, message = timeout(wall(self.job.limits))
            show(cell, "CellTimeoutError", message)
        except DeadKernelError:
            verdict, message = await self.ending()
            show(cell, "KernelDied", message)
        else:
            if self.student.over:
                verdict, message = timeout(cpu(self.job.limits))
                show(cell, "CellTimeoutError", message)
            else:
                verdict, message = self._reply(cell)
        return CellOutcome(index, verdict, time.monotonic() - began, message)

    def _reply(self, cell: NotebookNode) -> tuple[Verdict, str]:
        """Name what the kernel replied."""
        reply = self.client.reply
        if reply.get("status") == "error":
            kind, said = str(reply.get("ename", "Error")), str(reply.get("evalue", ""))
            if not any(out.output_type == "error" for out in cell.outputs):
                # The exception was raised where no traceback could be shown, or its display was
                # tampered with: the reply still knows.
                show(cell, kind, said)
            if kind == "NotImplementedError" and not said:
                return Verdict.ERROR, "Not answered yet."  # nbgrader's placeholder was left
            message = f"{kind}: {said}".strip(": ")
            return explained(Verdict.ERROR, message, kind, said, self.job.limits)
        if reply.get("status") != "ok":  # the kernel was made to refuse it
            message = "This cell was not run."
            show(cell, "NotRun", message)
            return Verdict.ERROR, message
        if not self.client.heard_all:
            message = "This cell printed more than could be read in time."
            show(cell, "CellTimeoutError", message)
            return Verdict.TIMEOUT, message
        return Verdict.PASS, ""

    async def fit(self) -> bool:
        """Return whether the student's process can go on after a cell that was cut short."""
        if self.spent or not self.judge_lives or self.student.poll() is not None:
            return False
        if self.client.reply:  # the kernel has given up already
            return True
        await self.manager.provisioner.send_signal(signal.SIGINT)
        with contextlib.suppress(Empty):
            await self.client.kc.get_shell_msg(timeout=GRACE_SECONDS)
            return True
        return False

    async def ending(self) -> tuple[Verdict, str]:
        """Name the ending of the student's process."""
        words = await last_words(self.student)
        limits = self.job.limits
        if "refused" in words or not words:
            raise RefusedError(words.get("refused", "the kernel was lost"))
        code, cause = words["exit"], words["cause"]
        if self.client.floods:
            return Verdict.CRASH, FLOODED
        if self.client.unreachable:
            return Verdict.CRASH, CUT_OFF
        if self.student.over:
            return timeout(cpu(limits))
        if cause == "memory":
            return Verdict.MEMORY, SENTENCES[Verdict.MEMORY].format(limits=limits)
        if cause == "cpu":
            used = f"The submission used more than {limits.cpu_seconds} seconds of processor time."
            return Verdict.TIMEOUT, used
        if code in (128 + 9, -9) and not cause:  # killed, not by us: the system had no memory
            return Verdict.MEMORY, SENTENCES[Verdict.MEMORY].format(limits=limits)
        detail = f"signal {code - 128}" if code > 128 else f"exit status {code}"
        return Verdict.CRASH, SENTENCES[Verdict.CRASH].format(detail=detail)


def cpu(limits: Limits) -> str:
    """Return the limit of a cell's processor time in words."""
    return f"{limits.cell_cpu_seconds:g} seconds of processor time"


def wall(limits: Limits) -> str:
    """Return the limit of a cell's wall time in words."""
    return f"{limits.cell_seconds:g} seconds"


def timeout(limit: str) -> tuple[Verdict, str]:
    """Return the verdict on a cell that exceeded a limit, and the sentence for it."""
    return Verdict.TIMEOUT, SENTENCES[Verdict.TIMEOUT].format(limit=limit)


async def last_words(process: Process) -> dict[str, Any]:
    """Return how a process ended, once it has; nothing if it does not."""
    for _ in range(100):
        if process.poll() is not None:
            break
        await asyncio.sleep(0.01)
    return dict(process.ending)


def show(cell: NotebookNode, name: str, message: str) -> None:
    """Add an error of our own to a cell's outputs."""
    shown = f"{name}: {message}"
    cell.outputs = [
        *cell.get("outputs", []),
        nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[shown]),
    ]
