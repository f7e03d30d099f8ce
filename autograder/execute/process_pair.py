"""The two processes of one notebook: starts them, runs cells in them and names how each ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from queue import Empty
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from autograder.execute.judge_client import JudgeGoneError, Judging
from autograder.execute.kernel_client import (
    DRAIN_SECONDS,
    GRACE_SECONDS,
    MOST_UNREADABLE,
    Client,
    fitting,
)
from autograder.execute.kernel_manager import ForkKernelManager
from autograder.execute.limit_messages import explained
from autograder.execute.process import Inmate
from autograder.model import SENTENCES, CellOutcome, Job, Limits, Verdict

#: How long a process has to become ready, in seconds.
START_SECONDS = 60
#: How often it is looked whether a test has gone on for too long, in seconds.
LOOK = 0.05
#: What a student reads whose cell sends more that is no message than anybody listens to.
FLOODED = (
    f"This cell sent more than {MOST_UNREADABLE:,} messages that are none to the kernel's own "
    "sockets. Notebook code must not write there."
)
#: The endings after which both processes can go on.
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


def _name(cell: NotebookNode, index: int) -> str:
    return str(_mark(cell).get("grade_id") or f"number {index + 1}")


class Pair:
    """A student's and a judge's process, and the cells that they run."""

    def __init__(
        self, job: Job, client: Client, manager: ForkKernelManager, judging: Judging
    ) -> None:
        self.job, self.client, self.manager, self.judging = job, client, manager, judging
        self.judge_lives = True
        self.spent = False  # whether one of the two was killed

    @property
    def student(self) -> Inmate:
        """The student's process."""
        return self.manager.inmate

    async def start(self) -> None:
        """Start both.

        Raises
        ------
        RefusedError
            If one does not come to life.
        """
        try:
            started = await asyncio.gather(
                self._start_student(),
                asyncio.wait_for(self.judging.start(), START_SECONDS),
                return_exceptions=True,  # so that neither is still starting when both are stopped
            )
            for error in started:
                if error is not None:
                    raise error
        except (TimeoutError, RuntimeError, JudgeGoneError) as error:
            for inmate in (self.student, self.judging.inmate):
                inmate.poll()
                if why := inmate.ending.get("refused"):
                    raise RefusedError(
                        f"the {inmate.role}'s process did not start: {why}"
                    ) from error
            said = self.student.zygote.log_tail()
            raise RefusedError(f"the processes did not start: {error} ({said})") from error
        self.manager.seal()
        self.judging.begin()

    async def _start_student(self) -> None:
        await self.manager.start_kernel()
        client = self.client
        client.kc = self.manager.client()
        # No heartbeat: whether it lives, the warden says; and noise on that socket, which a
        # notebook can make, would keep the thread that listens to it from ever ending.
        # Nor what nobody would read: it fills, and a notebook can write to it.
        client.kc.start_channels(hb=False, stdin=False, control=False)
        await client.kc.wait_for_ready(timeout=START_SECONDS)
        client.listen()

    async def stop(self) -> tuple[float, float]:
        """End both; return the processor time that each of them used, in seconds."""
        provisioner = self.manager.provisioner
        if self.client.kc is not None:
            self.client.kc.stop_channels()
        if provisioner.has_process:
            await provisioner.kill()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(provisioner.wait(), GRACE_SECONDS)
        await provisioner.cleanup()
        self.manager.context.destroy(linger=0)
        await self.judging.stop()
        endings = (self.student.ending, self.judging.inmate.ending)
        student, judge = (float(words.get("cpu_seconds", 0)) for words in endings)
        return student, judge

    async def repeat(self, cell: NotebookNode, index: int, *, judged: bool) -> None:
        """Run a cell again for what it defines."""
        if judged and is_locked(cell):
            await self.prepare(cell, index)
        await self.client.async_execute_cell(NotebookNode(cell), index)

    async def prepare(self, cell: NotebookNode, index: int) -> str:
        """Run a locked cell in the judge as well; return what went wrong there."""
        limits = self.job.limits
        self.judging.inmate.begin(limits.cell_cpu_seconds)
        asked = asyncio.create_task(self.judging.run(_name(cell, index), cell.source, locked=True))
        exceeded = await self._await(asked)
        try:
            answer = await asked
        except JudgeGoneError:
            self.judge_lives = False
            return (exceeded and f"did not finish within {exceeded}") or "ended the judge's process"
        return "" if answer["verdict"] == "pass" else f"{answer['ename']}: {answer['evalue']}"

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
            verdict, message = _timeout(_wall(self.job.limits))
            show(cell, "CellTimeoutError", message)
        except DeadKernelError:
            verdict, message = await self._ending()
            show(cell, "KernelDied", message)
        else:
            if self.student.over:
                verdict, message = _timeout(_cpu(self.job.limits))
                show(cell, "CellTimeoutError", message)
            else:
                verdict, message = self._reply(cell)
        return CellOutcome(index, verdict, time.monotonic() - began, message)

    def _reply(self, cell: NotebookNode) -> tuple[Verdict, str]:
        """Name what the kernel replied."""
        reply = self.client.reply
        if reply.get("status") == "error":
            name, said = str(reply.get("ename", "Error")), str(reply.get("evalue", ""))
            if not any(out.output_type == "error" for out in cell.outputs):
                # The exception was raised where no traceback could be shown, or its display was
                # tampered with: the reply still knows.
                show(cell, name, said)
            if name == "NotImplementedError" and not said:
                return Verdict.ERROR, "Not answered yet."  # nbgrader's placeholder was left
            message = f"{name}: {said}".strip(": ")
            return explained(Verdict.ERROR, message, name, said, self.job.limits)
        if reply.get("status") != "ok":  # the kernel was made to refuse it
            message = "This cell was not run."
            show(cell, "NotRun", message)
            return Verdict.ERROR, message
        if not self.client.heard_all:
            message = "This cell printed more than could be read in time."
            show(cell, "CellTimeoutError", message)
            return Verdict.TIMEOUT, message
        return Verdict.PASS, ""

    async def test(self, cell: NotebookNode, index: int) -> CellOutcome:
        """Run a test in the judge and name its ending."""
        began = time.monotonic()
        limits = self.job.limits
        self.student.begin(limits.cell_cpu_seconds)
        self.judging.inmate.begin(limits.cell_cpu_seconds)
        asked = asyncio.create_task(self.judging.run(_name(cell, index), cell.source, locked=False))
        exceeded = await self._await(asked)
        points, found = None, ""
        try:
            answer = await asked
        except JudgeGoneError:
            self.judge_lives = False
            verdict, message = await self._judge_ending(exceeded)
            show(cell, "JudgeDied", message)
        else:
            self.client.begin_output(index)
            _show_answer(cell, answer, self.client.room(index))
            self.client.shown[index] = len(json.dumps(cell.outputs))
            verdict, message = Verdict(answer["verdict"]), answer.get("message", "")
            if verdict is Verdict.PASS:
                found = answer["found"]
                points = None if answer["points"] is None else float(answer["points"])
            if verdict is Verdict.ERROR:
                name, said = answer["ename"], answer["evalue"]
                verdict, message = explained(verdict, message, name, said, limits)
            if answer["gone"]:
                verdict, message = await self._broken()
            if exceeded:
                verdict, message = _timeout(exceeded)
        seconds = time.monotonic() - began
        return CellOutcome(index, verdict, seconds, message, points, judged=True, found=found)

    async def _await(self, asked: asyncio.Task[dict[str, Any]]) -> str:
        """Wait for the judge's answer; return the limit that was exceeded, if one was.

        Afterwards ``asked`` is done: what hangs is interrupted, and killed if that does not help.
        """
        began, limits, exceeded = time.monotonic(), self.job.limits, ""
        while not exceeded:
            await asyncio.wait({asked}, timeout=LOOK)
            await self.client.disregard()
            if asked.done():
                return ""
            for inmate in (self.student, self.judging.inmate):
                inmate.poll()
                exceeded = _cpu(limits) if inmate.over else exceeded
            if self.judging.inmate.over:
                self.spent = True
                self.judging.inmate.order("kill")
            if time.monotonic() - began > limits.cell_seconds:
                exceeded = _wall(limits)
        for inmate, order in (
            (self.student, "interrupt"),
            (self.student, "kill"),
            (self.judging.inmate, "kill"),
        ):
            self.spent |= order == "kill"
            inmate.order(order)
            await asyncio.wait({asked}, timeout=GRACE_SECONDS)
            if asked.done():
                break
        return exceeded

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

    async def _broken(self) -> tuple[Verdict, str]:
        """Name what broke the connection between the two processes."""
        self.judge_lives = False  # of no use without it
        if not await _last_words(self.student):
            self.student.order("kill")
            return Verdict.CRASH, "While it was tested, this code broke off its connection."
        return await self._ending()

    async def _ending(self) -> tuple[Verdict, str]:
        """Name the ending of the student's process."""
        words = await _last_words(self.student)
        limits = self.job.limits
        if "refused" in words or not words:
            raise RefusedError(words.get("refused", "the kernel was lost"))
        code, cause = words["exit"], words["cause"]
        if self.client.floods:
            return Verdict.CRASH, FLOODED
        if self.student.over:
            return _timeout(_cpu(limits))
        if cause == "memory":
            return Verdict.MEMORY, SENTENCES[Verdict.MEMORY].format(limits=limits)
        if cause == "cpu":
            used = f"The submission used more than {limits.cpu_seconds} seconds of processor time."
            return Verdict.TIMEOUT, used
        if code in (128 + 9, -9) and not cause:  # killed, not by us: the system had no memory
            return Verdict.MEMORY, SENTENCES[Verdict.MEMORY].format(limits=limits)
        detail = f"signal {code - 128}" if code > 128 else f"exit status {code}"
        return Verdict.CRASH, SENTENCES[Verdict.CRASH].format(detail=detail)

    async def _judge_ending(self, exceeded: str) -> tuple[Verdict, str]:
        """Name the ending of the judge's process: of what it was given it may have had too much."""
        words = await _last_words(self.judging.inmate)
        if exceeded or words.get("cause") == "cpu":
            return _timeout(exceeded or f"{self.job.limits.cpu_seconds} seconds of processor time")
        if words.get("cause") == "memory":
            return Verdict.MEMORY, SENTENCES[Verdict.MEMORY].format(limits=self.job.limits)
        raise RefusedError(f"the judge's process ended: {words}")


def _cpu(limits: Limits) -> str:
    return f"{limits.cell_cpu_seconds:g} seconds of processor time"


def _wall(limits: Limits) -> str:
    return f"{limits.cell_seconds:g} seconds"


def _timeout(limit: str) -> tuple[Verdict, str]:
    return Verdict.TIMEOUT, SENTENCES[Verdict.TIMEOUT].format(limit=limit)


async def _last_words(inmate: Inmate) -> dict[str, Any]:
    for _ in range(100):
        if inmate.poll() is not None:
            break
        await asyncio.sleep(0.01)
    return dict(inmate.ending)


def show(cell: NotebookNode, name: str, message: str) -> None:
    """Add an error of our own to a cell's outputs."""
    shown = f"{name}: {message}"
    cell.outputs = [
        *cell.get("outputs", []),
        nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[shown]),
    ]


def _show_answer(cell: NotebookNode, answer: dict[str, Any], room: int) -> None:
    """Keep in a test's outputs what the judge says of it, for the instructor.

    Of each of its texts, no more than ``room`` bytes.
    """
    new = nbformat.v4.new_output
    cell.outputs = [
        new("stream", name=stream, text=fitting(text, max(room, 0)))
        for stream, text in (
            ("stdout", answer["printed"]),
            ("stdout", answer["stdout"]),
            ("stderr", answer["stderr"]),
        )
        if text and room > 0
    ]
    if answer["verdict"] != "pass":
        error = {key: answer[key] for key in ("ename", "evalue", "traceback")}
        cell.outputs.append(new("error", **error))
    elif answer["result"]:
        data = {"text/plain": answer["result"]}
        count = cell.execution_count
        cell.outputs.append(new("execute_result", data=data, execution_count=count))
