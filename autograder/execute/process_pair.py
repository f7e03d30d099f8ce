"""The two processes of one notebook, the student's and the judge's, and how cells end in them."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.execute.judge_client import JudgeGoneError, Judging
from autograder.execute.kernel_client import GRACE_SECONDS, Client, fitting
from autograder.execute.kernel_manager import ForkKernelManager
from autograder.execute.limit_messages import explained
from autograder.execute.student_process import (
    START_SECONDS,
    RefusedError,
    StudentProcess,
    cpu,
    is_locked,
    last_words,
    name,
    show,
    timeout,
    wall,
)
from autograder.model import SENTENCES, CellOutcome, Job, Verdict

#: How often it is looked whether a test has gone on for too long, in seconds.
LOOK = 0.05


class Pair(StudentProcess):
    """A student's and a judge's process, and the cells that they run."""

    def __init__(
        self, job: Job, client: Client, manager: ForkKernelManager, judging: Judging
    ) -> None:
        super().__init__(job, client, manager)
        self.judging = judging

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
            raise self._refused(error, self.student, self.judging.process) from error
        self.manager.seal()
        self.judging.begin()

    async def stop(self) -> tuple[float, float]:
        """End both; return the processor time that each of them used, in seconds."""
        student, _ = await super().stop()
        await self.judging.stop()
        return student, float(self.judging.process.ending.get("cpu_seconds", 0))

    async def repeat(self, cell: NotebookNode, index: int, *, judged: bool) -> None:
        """Run a cell again for what it defines."""
        if judged and is_locked(cell):
            await self.prepare(cell, index)
        await super().repeat(cell, index, judged=judged)

    def pass_over(self, source: str) -> None:
        """Tell the judge of an instructor's cell that it does not run."""
        self.judging.pass_over(source)

    async def prepare(self, cell: NotebookNode, index: int) -> str:
        """Run a locked cell in the judge as well; return what went wrong there."""
        limits = self.job.limits
        self.judging.process.begin(limits.cell_cpu_seconds)
        asked = asyncio.create_task(self.judging.run(name(cell, index), cell.source, locked=True))
        exceeded = await self._await(asked)
        try:
            answer = await asked
        except JudgeGoneError:
            self.judge_lives = False
            return (exceeded and f"did not finish within {exceeded}") or "ended the judge's process"
        return "" if answer["verdict"] == "pass" else f"{answer['ename']}: {answer['evalue']}"

    async def test(self, cell: NotebookNode, index: int) -> CellOutcome:
        """Run a test in the judge and name its ending."""
        began = time.monotonic()
        limits = self.job.limits
        self.student.begin(limits.cell_cpu_seconds)
        self.judging.process.begin(limits.cell_cpu_seconds)
        asked = asyncio.create_task(self.judging.run(name(cell, index), cell.source, locked=False))
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
                kind, said = answer["ename"], answer["evalue"]
                verdict, message = explained(verdict, message, kind, said, limits)
            if answer["gone"]:
                verdict, message = await self._broken()
            if exceeded:
                verdict, message = timeout(exceeded)
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
            for process in (self.student, self.judging.process):
                process.poll()
                exceeded = cpu(limits) if process.over else exceeded
            if self.judging.process.over:
                self.spent = True
                self.judging.process.order("kill")
            if time.monotonic() - began > limits.cell_seconds:
                exceeded = wall(limits)
        for process, order in (
            (self.student, "interrupt"),
            (self.student, "kill"),
            (self.judging.process, "kill"),
        ):
            self.spent |= order == "kill"
            process.order(order)
            await asyncio.wait({asked}, timeout=GRACE_SECONDS)
            if asked.done():
                break
        return exceeded

    async def _broken(self) -> tuple[Verdict, str]:
        """Name what broke the connection between the two processes."""
        self.judge_lives = False  # of no use without it
        if not await last_words(self.student):
            self.student.order("kill")
            return Verdict.CRASH, "While it was tested, this code broke off its connection."
        return await self.ending()

    async def _judge_ending(self, exceeded: str) -> tuple[Verdict, str]:
        """Name the ending of the judge's process: of what it was given it may have had too much."""
        words = await last_words(self.judging.process)
        if exceeded or words.get("cause") == "cpu":
            return timeout(exceeded or f"{self.job.limits.cpu_seconds} seconds of processor time")
        if words.get("cause") == "memory":
            return Verdict.MEMORY, SENTENCES[Verdict.MEMORY].format(limits=self.job.limits)
        raise RefusedError(f"the judge's process ended: {words}")


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
