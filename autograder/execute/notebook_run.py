"""Runs one notebook in a student's and a judge's process and reports how each cell ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import socket
import time
from contextlib import AbstractContextManager
from dataclasses import replace

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from autograder.execute.judge_client import JudgeGoneError, Judging
from autograder.execute.kernel_client import Client
from autograder.execute.kernel_manager import ForkKernelManager
from autograder.execute.process_pair import Pair
from autograder.execute.shared_process import SharedProcess, WithoutTests, shared_part
from autograder.execute.student_process import (
    ORDINARY,
    RefusedError,
    StudentProcess,
    is_locked,
    is_test,
    name,
    show,
)
from autograder.execute.zygote import Zygote, ZygoteError
from autograder.model import UNPROVEN, CellOutcome, Execution, Job, Verdict

#: How many times a notebook whose process ended is carried on in a fresh one.
RESTARTS = 3


async def execute(
    job: Job, zygote: Zygote, turn: AbstractContextManager[object] | None = None
) -> Execution:
    """Run ``job`` to its end, whatever its code does.

    Cells run while ``turn`` is held; processes start before: most of their start is waiting.

    A cell that ends its process costs what depends on it: the rest of the notebook goes on in fresh
    processes, in which the cells before it are run again and it is not.
    """
    turn = turn or contextlib.nullcontext()
    run = (_OtherRun if job.kernel else _Run)(job, zygote, turn)
    failure = await _through(run)
    if job.shared and not failure:
        shared = _SharedRun(job, zygote, turn)
        failure = await _through(shared)
        run.take_over(shared)
    run.spare()
    return Execution(
        job=job,
        content=json.dumps(run.notebook, ensure_ascii=False).encode(),
        cells=tuple(run.outcomes[index] for index in sorted(run.outcomes)),
        seconds=sum(outcome.seconds for outcome in run.outcomes.values()),
        failure=failure,
        cpu_seconds=round(run.used, 3),
        judge_cpu_seconds=round(run.judging, 3),
        trouble=tuple(run.trouble.values()),
    )


async def _through(run: _Run) -> str:
    """Take a run to its end; return what of ours failed, if anything did."""
    try:
        for _ in range(1 + RESTARTS):
            if await run.session():
                return ""
        run.give_up(Verdict.CRASH, f"as it had ended its process {RESTARTS + 1} times")
    except NoSuchKernel as error:
        return f"the kernel '{error.name}' is not installed where it would run"
    except (RefusedError, ZygoteError, OSError) as error:
        return str(error) or repr(error)
    return ""


class _Run:
    """One notebook on its way, through as many pairs of processes as it takes."""

    def __init__(self, job: Job, zygote: Zygote, turn: AbstractContextManager[object]) -> None:
        self.job, self.zygote, self.turn = job, zygote, turn
        # Prepared, so of this version and valid: to look again would take longer than to read.
        self.notebook = nbformat.v4.reads(job.content.decode())
        self.outcomes: dict[int, CellOutcome] = {}
        self.left = job.limits.seconds  # of wall time; what others' cells take is not its own
        self.used = self.judging = 0.0  # processor time of both processes, and of judges
        self.shown: dict[int, int] = {}  # the bytes that each cell has shown
        self.trouble: dict[int, str] = {}  # instructor's cells that failed in the judge

    def _code(self) -> list[tuple[int, NotebookNode]]:
        return [
            (index, cell)
            for index, cell in enumerate(self.notebook.cells)
            if cell.cell_type == "code" and cell.source.strip()
        ]

    def _processes(
        self, client: Client, manager: ForkKernelManager, job: Job, wire: socket.socket
    ) -> StudentProcess:
        """Return what the cells run in, not started yet."""
        return Pair(self.job, client, manager, Judging(self.zygote, job, wire, manager.process))

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
        client = Client(self.notebook, manager, self.job, self.shown)
        pair = self._processes(client, manager, job, theirs)
        try:
            with ours, theirs:
                await pair.start()
            with self.turn:
                began = time.monotonic()
                try:
                    return await asyncio.wait_for(self._cells(pair), self.left)
                finally:
                    self.left -= time.monotonic() - began
        except (DeadKernelError, CellTimeoutError, JudgeGoneError):
            client.stop_listening()
            return False  # while repeating earlier cells: the next processes may fare better
        except TimeoutError:
            self.give_up(Verdict.TIMEOUT, f"after {self.job.limits.seconds:g} seconds in all")
            return True
        finally:
            student, judge = await pair.stop()
            self.used, self.judging = self.used + student + judge, self.judging + judge

    async def _cells(self, pair: StudentProcess) -> bool:
        for number, (index, cell) in enumerate(self._code(), 1):
            if index in self.outcomes:  # earlier processes' work, done again for what it defines
                await self._again(pair, index, cell)
                continue
            if is_test(cell):
                cell.execution_count = number
                outcome = await pair.test(cell, index)
            else:
                # The judge comes first: what the cell writes, it shall not find written already.
                if is_locked(cell) and (said := await pair.prepare(cell, index)):
                    self.trouble[index] = said
                outcome = await pair.cell(index)
            self.outcomes[index] = outcome
            if outcome.verdict not in ORDINARY and not await pair.fit():
                return False
            if not pair.judge_lives:
                return False
        return True

    async def _again(self, pair: StudentProcess, index: int, cell: NotebookNode) -> None:
        """Repeat a cell for what it defines, unless its process did not live to the end of it.

        What an instructor's cell would have defined is not the student's to define in its stead.
        """
        lived = self.outcomes[index].verdict in ORDINARY
        if is_test(cell):
            if lived:
                await pair.test(NotebookNode(cell), index)
            else:
                pair.pass_over(cell.source)
            return
        judged = lived and index not in self.trouble
        if lived:
            await pair.repeat(cell, index, judged=judged)
            self.notebook.cells[index] = cell  # with what it showed the first time
        if is_locked(cell) and not judged:
            pair.pass_over(cell.source)

    def take_over(self, shared: _Run) -> None:
        """Let the outcomes of shared cells be those of the process that they share."""
        self.used += shared.used
        for index, outcome in shared.outcomes.items():
            cell = self.notebook.cells[index]
            if is_test(cell) and name(cell, index) in self.job.shared:
                self.outcomes[index] = replace(outcome, shared=True)
                cell.outputs = []  # the judge's, which do not count
                if outcome.verdict is not Verdict.PASS:
                    show(cell, "SharedTest", outcome.message)

    def spare(self) -> None:
        """Let nobody lose points where the author's own solution does."""
        for index, outcome in self.outcomes.items():
            cell = self.notebook.cells[index]
            if not is_test(cell) or name(cell, index) not in self.job.unproven:
                continue
            most = float(cell.metadata["nbgrader"]["points"])
            if outcome.verdict is not Verdict.PASS or outcome.points not in (None, most):
                self.outcomes[index] = replace(
                    outcome, verdict=Verdict.INTERNAL, message=UNPROVEN, points=None
                )

    def give_up(self, verdict: Verdict, why: str) -> None:
        """Say of the cells that are left that they were not run."""
        message = f"Not run: the notebook was stopped before this cell, {why}."
        for index, cell in self._code():
            if index not in self.outcomes:
                self.outcomes[index] = CellOutcome(index, verdict, 0.0, message)
                show(cell, "NotRun", message)


class _OtherRun(_Run):
    """A notebook in another language, whose tests run in a process of their own only."""

    def _processes(
        self, client: Client, manager: ForkKernelManager, job: Job, wire: socket.socket
    ) -> StudentProcess:
        return WithoutTests(self.job, client, manager)


class _SharedRun(_Run):
    """The same notebook in a process of its own, for the tests that need the student's."""

    def __init__(self, job: Job, zygote: Zygote, turn: AbstractContextManager[object]) -> None:
        super().__init__(job, zygote, turn)
        shared_part(self.notebook, job)

    def _processes(
        self, client: Client, manager: ForkKernelManager, job: Job, wire: socket.socket
    ) -> StudentProcess:
        return SharedProcess(self.job, client, manager)
