"""Runs one prepared notebook in a student's and a judge's process; says how each cell ended."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import socket
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from queue import Empty
from typing import Any

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from autograder.client import DRAIN_SECONDS, GRACE_SECONDS, Client
from autograder.inmate import Inmate
from autograder.judging import JudgeGoneError, Judging
from autograder.kernel import ForkKernelManager
from autograder.limits import explained
from autograder.model import SENTENCES, CellOutcome, Execution, Job, Limits, Verdict
from autograder.zygote import Zygote, ZygoteError

#: How long a process has to become ready, in seconds.
START_SECONDS = 60
#: How many times a notebook whose process ended is carried on in a fresh one.
RESTARTS = 3
#: How often it is looked whether a test has gone on for too long, in seconds.
LOOK = 0.05


class _RefusedError(Exception):
    """A process could not be started or watched: our failure, never the student's."""


async def execute(
    job: Job, zygote: Zygote, turn: AbstractContextManager[object] | None = None
) -> Execution:
    """Run ``job`` to its end, whatever its code does.

    Cells run while ``turn`` is held; processes start before: most of their start is waiting.

    A cell that ends its process costs what depends on it: the rest of the notebook goes on in fresh
    processes, in which the cells before it are run again and it is not.
    """
    run = _Run(job, zygote, turn or contextlib.nullcontext())
    failure = ""
    try:
        for _ in range(1 + RESTARTS):
            if await run.session():
                break
        else:
            run.give_up(Verdict.CRASH, f"as it had ended its process {RESTARTS + 1} times")
    except (_RefusedError, ZygoteError, OSError) as error:
        failure = str(error) or repr(error)
    return Execution(
        job=job,
        content=nbformat.writes(run.notebook).encode(),
        cells=tuple(run.outcomes[index] for index in sorted(run.outcomes)),
        seconds=sum(outcome.seconds for outcome in run.outcomes.values()),
        failure=failure,
        cpu_seconds=round(run.used, 3),
        judge_cpu_seconds=round(run.judging, 3),
        trouble=tuple(run.trouble.values()),
    )


def _mark(cell: NotebookNode) -> Any:
    return cell.metadata.get("nbgrader", {})


def _is_test(cell: NotebookNode) -> bool:
    return bool(_mark(cell).get("grade") and not _mark(cell).get("solution"))


def _is_locked(cell: NotebookNode) -> bool:
    return bool(_mark(cell).get("locked") and not _mark(cell).get("solution"))


def _name(cell: NotebookNode, index: int) -> str:
    return str(_mark(cell).get("grade_id") or f"number {index + 1}")


class _Run:
    """One notebook on its way, through as many pairs of processes as it takes."""

    def __init__(self, job: Job, zygote: Zygote, turn: AbstractContextManager[object]) -> None:
        self.job, self.zygote, self.turn = job, zygote, turn
        self.notebook = nbformat.reads(job.content, as_version=4)
        self.outcomes: dict[int, CellOutcome] = {}
        self.began = time.monotonic()
        self.used = self.judging = 0.0  # processor time of both processes, and of judges
        self.trouble: dict[int, str] = {}  # instructor's cells that failed in the judge

    def _code(self) -> list[tuple[int, NotebookNode]]:
        return [
            (index, cell)
            for index, cell in enumerate(self.notebook.cells)
            if cell.cell_type == "code" and cell.source.strip()
        ]

    async def session(self) -> bool:
        """Run what has not run yet; return False if the processes did not live to the end."""
        # A fresh process gets no fresh share: what the ones before used is used.
        total = self.job.limits.cpu_seconds
        share = math.ceil(total - max(self.used - self.judging, self.judging))
        if share <= 0:
            self.give_up(Verdict.TIMEOUT, f"after {total} seconds of processor time in all")
            return True
        job = replace(self.job, limits=replace(self.job.limits, cpu_seconds=share))
        ours, theirs = socket.socketpair()
        manager = ForkKernelManager(self.zygote, job, ours)
        judging = Judging(self.zygote, job, theirs, manager.inmate)
        client = Client(self.notebook, manager, self.job)
        pair = _Pair(self.job, client, manager, judging)
        try:
            with ours, theirs:
                await pair.start()
            with self.turn:
                left = self.job.limits.seconds - (time.monotonic() - self.began)
                return await asyncio.wait_for(self._cells(pair), left)
        except (DeadKernelError, CellTimeoutError, JudgeGoneError):
            client.stop_listening()
            return False  # while repeating earlier cells: the next processes may fare better
        except TimeoutError:
            self.give_up(Verdict.TIMEOUT, f"after {self.job.limits.seconds:g} seconds in all")
            return True
        finally:
            student, judge = await pair.stop()
            self.used, self.judging = self.used + student + judge, self.judging + judge

    async def _cells(self, pair: _Pair) -> bool:
        for number, (index, cell) in enumerate(self._code(), 1):
            if index in self.outcomes:  # earlier processes' work, done again for what it defines
                await self._again(pair, index, cell)
                continue
            if _is_test(cell):
                cell.execution_count = number
                outcome = await pair.test(cell, index)
            else:
                # The judge comes first: what the cell writes, it shall not find written already.
                if _is_locked(cell) and (said := await pair.prepare(cell, index)):
                    self.trouble[index] = said
                outcome = await pair.cell(index)
            self.outcomes[index] = outcome
            if outcome.verdict not in _ORDINARY and not await pair.fit():
                return False
            if not pair.judge_lives:
                return False
        return True

    async def _again(self, pair: _Pair, index: int, cell: NotebookNode) -> None:
        """Repeat a cell for what it defines, unless its process did not live to the end of it.

        What an instructor's cell would have defined is not the student's to define in its stead.
        """
        lived = self.outcomes[index].verdict in _ORDINARY
        if _is_test(cell):
            if lived:
                await pair.test(NotebookNode(cell), index)
            else:
                pair.judging.pass_over(cell.source)
            return
        judged = lived and index not in self.trouble
        if lived:
            await pair.repeat(cell, index, judged=judged)
            self.notebook.cells[index] = cell  # with what it showed the first time
        if _is_locked(cell) and not judged:
            pair.judging.pass_over(cell.source)

    def give_up(self, verdict: Verdict, why: str) -> None:
        """Say of the cells that are left that they were not run."""
        message = f"Not run: the notebook was stopped before this cell, {why}."
        for index, cell in self._code():
            if index not in self.outcomes:
                self.outcomes[index] = CellOutcome(index, verdict, 0.0, message)
                _show(cell, "NotRun", message)


_ORDINARY = (Verdict.PASS, Verdict.FAIL, Verdict.ERROR)


class _Pair:
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
        _RefusedError
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
                    raise _RefusedError(
                        f"the {inmate.role}'s process did not start: {why}"
                    ) from error
            said = self.student.zygote.log_tail()
            raise _RefusedError(f"the processes did not start: {error} ({said})") from error
        self.manager.seal()
        self.judging.begin()

    async def _start_student(self) -> None:
        await self.manager.start_kernel()
        client = self.client
        client.kc = self.manager.client()
        # No heartbeat: whether it lives, the warden says; and noise on that socket, which a
        # notebook can make, would keep the thread that listens to it from ever ending.
        client.kc.start_channels(hb=False)
        await client.kc.wait_for_ready(timeout=START_SECONDS)
        client.kc.allow_stdin = False

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
        if judged and _is_locked(cell):
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
            _show(cell, "CellTimeoutError", message)
        except DeadKernelError:
            verdict, message = await self._ending()
            _show(cell, "KernelDied", message)
        else:
            if self.student.over:
                verdict, message = _timeout(_cpu(self.job.limits))
                _show(cell, "CellTimeoutError", message)
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
                _show(cell, name, said)
            if name == "NotImplementedError" and not said:
                return Verdict.ERROR, "Not answered yet."  # nbgrader's placeholder was left
            message = f"{name}: {said}".strip(": ")
            return explained(Verdict.ERROR, message, name, said, self.job.limits)
        if reply.get("status") != "ok":  # the kernel was made to refuse it
            message = "This cell was not run."
            _show(cell, "NotRun", message)
            return Verdict.ERROR, message
        if not self.client.heard_all:
            message = "This cell printed more than could be read in time."
            _show(cell, "CellTimeoutError", message)
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
        points = None
        try:
            answer = await asked
        except JudgeGoneError:
            self.judge_lives = False
            verdict, message = await self._judge_ending(exceeded)
            _show(cell, "JudgeDied", message)
        else:
            _show_answer(cell, answer, limits)
            verdict, message = Verdict(answer["verdict"]), answer.get("message", "")
            if answer.get("points") is not None and verdict is Verdict.PASS:
                points = float(answer["points"])
            if verdict is Verdict.ERROR:
                name, said = answer["ename"], answer["evalue"]
                verdict, message = explained(verdict, message, name, said, limits)
            if answer["gone"]:
                verdict, message = await self._broken()
            if exceeded:
                verdict, message = _timeout(exceeded)
        return CellOutcome(index, verdict, time.monotonic() - began, message, points, judged=True)

    async def _await(self, asked: asyncio.Task[dict[str, Any]]) -> str:
        """Wait for the judge's answer; return the limit that was exceeded, if one was.

        Afterwards ``asked`` is done: what hangs is interrupted, and killed if that does not help.
        """
        began, limits, exceeded = time.monotonic(), self.job.limits, ""
        while not exceeded:
            await asyncio.wait({asked}, timeout=LOOK)
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
            raise _RefusedError(words.get("refused", "the kernel was lost"))
        code, cause = words["exit"], words["cause"]
        if self.student.over:
            return _timeout(_cpu(limits))
        if cause == "memory":
            return Verdict.MEMORY, SENTENCES[Verdict.MEMORY].format(limits=limits)
        if cause == "cpu":
            used = f"The submission used more than {limits.cpu_seconds} seconds of processor time."
            return Verdict.TIMEOUT, used
        if code == 128 + 9 and not cause:  # killed, and not by us: the system had no memory
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
        raise _RefusedError(f"the judge's process ended: {words}")


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


def _show(cell: NotebookNode, name: str, message: str) -> None:
    shown = f"{name}: {message}"
    cell.outputs = [
        *cell.get("outputs", []),
        nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[shown]),
    ]


def _show_answer(cell: NotebookNode, answer: dict[str, Any], limits: Limits) -> None:
    """Keep in a test's outputs what the judge says of it, for the instructor."""
    new = nbformat.v4.new_output
    most = limits.output_kb * 1024
    cell.outputs = [
        new("stream", name=stream, text=text[:most])
        for stream, text in (
            ("stdout", answer["printed"]),
            ("stdout", answer["stdout"]),
            ("stderr", answer["stderr"]),
        )
        if text
    ]
    if answer["verdict"] != "pass":
        error = {key: answer[key] for key in ("ename", "evalue", "traceback")}
        cell.outputs.append(new("error", **error))
    elif answer["result"]:
        data = {"text/plain": answer["result"]}
        count = cell.execution_count
        cell.outputs.append(new("execute_result", data=data, execution_count=count))
