"""Runs one prepared notebook in a forked kernel and says how each of its cells ended."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import time
from contextlib import AbstractContextManager
from queue import Empty
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from autograder.kernel import ForkKernelManager
from autograder.model import SENTENCES, CellOutcome, Execution, Job, Verdict
from autograder.zygote import Zygote, ZygoteError

#: How long a kernel has to become ready, and an interrupted cell to give up, in seconds.
START_SECONDS, GRACE_SECONDS = 60, 3
#: How many times a notebook whose kernel ended is carried on in a fresh one.
RESTARTS = 3
#: How long the rest of a cell's output may take to arrive, in seconds, and the size in characters
#: of what is kept in any case: the result that may be partial credit, and the error.
DRAIN_SECONDS, SMALL = 30, 4096


class _RefusedError(Exception):
    """The kernel could not be started or watched: our failure, never the student's."""


class _Client(NotebookClient):
    """nbclient's cell runner, with output that ends somewhere and a reply that is kept."""

    def __init__(self, nb: NotebookNode, km: ForkKernelManager, job: Job) -> None:
        self.job, self.printed = job, 0
        self.reply: dict[str, Any] = {}
        self.listener: asyncio.Task[Any] | None = None
        super().__init__(
            nb,
            km=km,
            allow_errors=True,
            timeout_func=lambda _: job.limits.cell_seconds,  # `timeout` takes whole seconds only
            raise_on_iopub_timeout=False,  # the reply has come; `_cell` looks at what did not
            iopub_timeout=DRAIN_SECONDS,
            skip_cells_with_tag=secrets.token_hex(),  # none: a tag must not save from a test
            record_timing=False,  # so that the same submission gives the same file
        )
        self.on_cell_start = self._reset
        self.on_cell_executed = self._keep

    def _reset(self, **_: Any) -> None:
        self.reply, self.printed = {}, 0

    def _keep(self, *, execute_reply: dict[str, Any], **_: Any) -> None:
        self.reply = execute_reply["content"]

    async def _async_poll_output_msg(self, *arguments: Any) -> None:
        self.listener = asyncio.current_task()
        await super()._async_poll_output_msg(*arguments)

    async def _async_poll_kernel_alive(self) -> None:
        # nbclient's own looks once a second, which every crash would cost.
        while await self.km.provisioner.poll() is None:
            await asyncio.sleep(0.05)
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    def stop_listening(self) -> None:
        """Forget a cell that ran out of time: nbclient would go on taking the next one's output."""
        if self.listener is not None:
            self.listener.cancel()

    @property
    def heard_all(self) -> bool:
        """Whether all output of the last cell has arrived."""
        return self.listener is None or not self.listener.cancelled()

    def process_message(self, msg: Any, cell: NotebookNode, cell_index: int) -> Any:
        """Take note of a message unless it is of no use here, or more than a cell may print."""
        kind, content = msg["msg_type"], msg["content"]
        if kind.startswith("comm"):  # widgets live in a browser
            return None
        if kind not in ("stream", "display_data", "update_display_data", "execute_result", "error"):
            return super().process_message(msg, cell, cell_index)
        size = len(content["text"]) if kind == "stream" else len(str(content))
        room = self.job.limits.output_kb * 1024 - self.printed
        self.printed += size
        added = None
        if size <= room or (size <= SMALL and kind in ("execute_result", "error")):
            added = super().process_message(msg, cell, cell_index)
        elif room > 0 and kind == "stream":
            content["text"] = content["text"][:room]
            added = super().process_message(msg, cell, cell_index)
        if size > room >= 0:
            note = f"[The rest was cut: a cell may print {self.job.limits.output_kb} kB.]\n"
            cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=f"\n{note}"))
        return added


async def execute(
    job: Job, zygote: Zygote, turn: AbstractContextManager[object] | None = None
) -> Execution:
    """Run ``job`` to its end, whatever its code does.

    Cells run while ``turn`` is held; a kernel starts before: most of its start is waiting.

    A cell that ends its kernel costs what depends on it: the rest of the notebook goes on in a
    fresh kernel, in which the cells before it are run again and it is not.
    """
    turn = turn or contextlib.nullcontext()
    notebook = nbformat.reads(job.content, as_version=4)
    outcomes: dict[int, CellOutcome] = {}
    failure = ""
    try:
        for _ in range(1 + RESTARTS):
            if await _session(job, zygote, notebook, outcomes, turn):
                break
        else:
            _give_up(job, notebook, outcomes)
    except (_RefusedError, ZygoteError, OSError) as error:
        failure = str(error) or repr(error)
    return Execution(
        job=job,
        content=nbformat.writes(notebook).encode(),
        cells=tuple(outcomes[index] for index in sorted(outcomes)),
        seconds=sum(outcome.seconds for outcome in outcomes.values()),
        failure=failure,
    )


def _runnable(cell: NotebookNode) -> bool:
    return bool(cell.cell_type == "code" and cell.source.strip())


def _only_tests(cell: NotebookNode) -> bool:
    mark = cell.metadata.get("nbgrader", {})
    return bool(mark.get("grade") and not mark.get("solution"))


async def _session(
    job: Job,
    zygote: Zygote,
    notebook: NotebookNode,
    outcomes: dict[int, CellOutcome],
    turn: AbstractContextManager[object],
) -> bool:
    """Run what has not run yet in one kernel; return False if the kernel did not live to the end.

    ``notebook`` and ``outcomes`` are filled in place.
    """
    manager = ForkKernelManager(zygote, job)
    client = _Client(notebook, manager, job)
    try:
        await _start(client, manager)
        with turn:
            return await _cells(job, client, manager, outcomes)
    except (DeadKernelError, CellTimeoutError):
        client.stop_listening()
        return False  # while repeating earlier cells: the next kernel may fare better
    finally:
        await _stop(client, manager)


async def _cells(
    job: Job, client: _Client, manager: ForkKernelManager, outcomes: dict[int, CellOutcome]
) -> bool:
    notebook = client.nb
    for index, cell in enumerate(notebook.cells):
        if not _runnable(cell):
            continue
        if index in outcomes:  # an earlier kernel's work, done again for what it defines
            lived = outcomes[index].verdict in (Verdict.PASS, Verdict.FAIL, Verdict.ERROR)
            if lived and not _only_tests(cell):
                await client.async_execute_cell(NotebookNode(cell), index)
                notebook.cells[index] = cell
            continue
        outcomes[index] = outcome = await _cell(job, client, manager, index)
        if outcome.verdict in (Verdict.CRASH, Verdict.MEMORY):
            return False
        if outcome.verdict is Verdict.TIMEOUT and not await _settle(client, manager):
            return False
    return True


async def _start(client: _Client, manager: ForkKernelManager) -> None:
    try:
        await manager.start_kernel()
        client.kc = manager.client()
        client.kc.start_channels()
        await client.kc.wait_for_ready(timeout=START_SECONDS)
    except RuntimeError as error:  # what wait_for_ready raises
        await manager.provisioner.poll()
        said = manager.provisioner.zygote.log_tail()
        why = manager.provisioner.ending.get("refused") or f"{error} ({said})"
        raise _RefusedError(f"the kernel did not start: {why}") from error
    client.kc.allow_stdin = False
    manager.seal()


async def _stop(client: _Client, manager: ForkKernelManager) -> None:
    provisioner = manager.provisioner
    if client.kc is not None:
        client.kc.stop_channels()
    if provisioner.has_process:
        await provisioner.kill()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(provisioner.wait(), GRACE_SECONDS)
    await provisioner.cleanup()
    manager.context.destroy(linger=0)


async def _cell(job: Job, client: _Client, manager: ForkKernelManager, index: int) -> CellOutcome:
    """Execute one cell and name its ending."""
    cell = client.nb.cells[index]
    began = time.monotonic()
    verdict, message = Verdict.PASS, ""
    try:
        await client.async_execute_cell(cell, index)
    except CellTimeoutError:
        client.stop_listening()
        verdict, message = Verdict.TIMEOUT, SENTENCES[Verdict.TIMEOUT].format(limits=job.limits)
        _show(cell, "CellTimeoutError", message)
    except DeadKernelError:
        verdict, message = _ending(job, await _last_words(manager))
        _show(cell, "KernelDied", message)
    else:
        if client.reply.get("status") == "error":
            name, said = client.reply["ename"], client.reply["evalue"]
            failed = name == "AssertionError"
            verdict = Verdict.FAIL if failed else Verdict.ERROR
            if failed:
                message = said or "A test failed."
            elif name == "NotImplementedError" and not said:
                message = "Not answered yet."  # nbgrader's own placeholder was left in the cell
            else:
                message = f"{name}: {said}".strip(": ")
            if not any(out.output_type == "error" for out in cell.outputs):
                # The exception was raised where no traceback could be shown, or its display was
                # tampered with: the reply still knows.
                _show(cell, name, said)
        elif client.reply.get("status") != "ok":  # the kernel was made to refuse it
            verdict, message = Verdict.ERROR, "This cell was not run."
            _show(cell, "NotRun", message)
        elif not client.heard_all:
            verdict, message = Verdict.TIMEOUT, "This cell printed more than could be read in time."
            _show(cell, "CellTimeoutError", message)
    return CellOutcome(index, verdict, time.monotonic() - began, message)


async def _last_words(manager: ForkKernelManager) -> dict[str, Any]:
    for _ in range(200):
        if await manager.provisioner.poll() is not None:
            break
        await asyncio.sleep(0.01)
    return dict(manager.provisioner.ending)


def _ending(job: Job, words: dict[str, Any]) -> tuple[Verdict, str]:
    """Name what the warden reported."""
    if "refused" in words or not words:
        raise _RefusedError(words.get("refused", "the kernel was lost"))
    code = words["exit"]
    if words["cause"] == "memory":
        return Verdict.MEMORY, SENTENCES[Verdict.MEMORY].format(limits=job.limits)
    if words["cause"] == "cpu":
        used = f"The submission used more than {job.limits.cpu_seconds} seconds of processor time."
        return Verdict.TIMEOUT, used
    if code == 128 + 9 and not words["cause"]:  # killed, and not by us: the system had no memory
        return Verdict.MEMORY, SENTENCES[Verdict.MEMORY].format(limits=job.limits)
    detail = f"signal {code - 128}" if code > 128 else f"exit status {code}"
    return Verdict.CRASH, SENTENCES[Verdict.CRASH].format(detail=detail)


def _show(cell: NotebookNode, name: str, message: str) -> None:
    shown = f"{name}: {message}"
    cell.outputs = [
        *cell.get("outputs", []),
        nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[shown]),
    ]


async def _settle(client: _Client, manager: ForkKernelManager) -> bool:
    """Interrupt a cell that ran out of time; return whether its kernel can go on."""
    if await manager.provisioner.poll() is not None:
        return False  # it was its processor time, and the warden has ended it
    await manager.provisioner.send_signal(signal.SIGINT)
    with contextlib.suppress(Empty):
        await client.kc.get_shell_msg(timeout=GRACE_SECONDS)
        return True
    return False


def _give_up(job: Job, notebook: NotebookNode, outcomes: dict[int, CellOutcome]) -> None:
    message = f"Not run: the notebook ended its process {RESTARTS + 1} times before this cell."
    for index, cell in enumerate(notebook.cells):
        if _runnable(cell) and index not in outcomes:
            outcomes[index] = CellOutcome(index, Verdict.CRASH, 0.0, message)
            _show(cell, "KernelDied", message)
