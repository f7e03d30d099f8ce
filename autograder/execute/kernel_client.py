"""nbclient's cell runner with a limit on output and on the time of every cell."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode

from autograder.execute.kernel_manager import ForkKernelManager
from autograder.model import Job

#: How long an interrupted cell has to give up, in seconds.
GRACE_SECONDS = 3
#: How long the rest of a cell's output may take to arrive, in seconds, and the size in characters
#: of what is kept in any case: a small result, and the error.
DRAIN_SECONDS, SMALL = 30, 4096
#: How many messages are thrown away before it is looked again whether a limit was exceeded.
MANY = 1000
#: How many messages of a cell may be unreadable before its process is ended.
MOST_UNREADABLE = 1000
#: What is shown, as messages and in words, and what one takes in a notebook beside its content.
KINDS = {
    "stream": "a printed text",
    "display_data": "something displayed",
    "update_display_data": "a change of something displayed",
    "execute_result": "a result",
    "error": "an error",
}
OVERHEAD = 64
#: What the notebook format takes for the kind of a thing that is shown.
MIME = re.compile(r"[a-zA-Z0-9]+/[a-zA-Z0-9\-+.]+")


class Client(NotebookClient):
    """Runs cells in a student's kernel.

    Parameters
    ----------
    nb
        The notebook, filled in place.
    km
        The kernel.
    job
        Gives the limits.
    shown
        How many bytes each cell has shown so far; filled here. Another process's client goes on
        with it.
    """

    _others: int | None

    def __init__(
        self, nb: NotebookNode, km: ForkKernelManager, job: Job, shown: dict[int, int]
    ) -> None:
        self.job, self.shown, self.unreadable = job, shown, 0
        self.unreachable = False  # whether the notebook broke off the connection to its kernel
        self.cut, self.kept_anyway, self._others = False, set[str](), None
        self.reply: dict[str, Any] = {}
        self.listener: asyncio.Task[Any] | None = None
        super().__init__(
            nb,
            km=km,
            allow_errors=True,
            timeout_func=lambda _: job.limits.cell_seconds,  # `timeout` takes whole seconds only
            raise_on_iopub_timeout=False,  # the reply has come; `heard_all` says what did not
            iopub_timeout=DRAIN_SECONDS,
            skip_cells_with_tag=secrets.token_hex(),  # none: a tag must not save from a test
            record_timing=False,  # so that the same submission gives the same file
        )
        self.on_cell_start = self._reset
        self.on_cell_executed = self._keep

    def _reset(self, *, cell_index: int, **_: Any) -> None:
        self.reply, self.unreadable = {}, 0
        self.begin_output(cell_index)
        self.km.process.begin(self.job.limits.cell_cpu_seconds)

    def listen(self) -> None:
        """Take note of what comes from the kernel and is no message."""
        for channel in (self.kc.iopub_channel, self.kc.shell_channel):
            channel.passed_over = self._pass_over
            channel.cut_off = self._cut_off

    def _pass_over(self) -> None:
        self.unreadable += 1
        if self.floods:
            self.km.process.order("kill")

    def _cut_off(self) -> None:
        self.unreachable = True
        self.km.process.order("kill")

    @property
    def floods(self) -> bool:
        """Whether the cell that runs sends what cannot be read, without end."""
        return self.unreadable > MOST_UNREADABLE

    def _keep(self, *, cell: NotebookNode, execute_reply: dict[str, Any], **_: Any) -> None:
        content = execute_reply["content"]
        self.reply = {
            key: writable(str(content[key])[:SMALL])
            for key in ("status", "ename", "evalue")
            if key in content
        }
        if self.unreadable:
            note = f"[Left out: {self.unreadable} of this cell's messages, which cannot be read.]"
            cell.outputs.append(_printed(f"\n{note}\n"))

    async def _async_poll_for_reply(self, *arguments: Any, **named: Any) -> Any:
        reply = await super()._async_poll_for_reply(*arguments, **named)
        content = reply.get("content")
        if not isinstance(content, dict) or not isinstance(content.get("status"), str):
            reply["content"] = {"status": "made up"}  # by the notebook: nbclient looks no closer
        return reply

    async def _async_poll_output_msg(self, *arguments: Any) -> None:
        self.listener = asyncio.current_task()
        await super()._async_poll_output_msg(*arguments)

    async def _async_poll_kernel_alive(self) -> None:
        # nbclient's own looks once a second, which every crash would cost.
        interrupted = 0.0
        while await self.km.provisioner.poll() is None:
            if self.km.process.over and not interrupted:
                interrupted = time.monotonic()
                self.km.process.order("interrupt")
            elif interrupted and time.monotonic() - interrupted > GRACE_SECONDS:
                self.km.process.order("kill")
            await asyncio.sleep(0.05)
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    def stop_listening(self) -> None:
        """Forget a cell that ran out of time: nbclient would go on taking the next one's output."""
        if self.listener is not None:
            self.listener.cancel()

    async def disregard(self) -> None:
        """Throw away what has come from the kernel while nothing is asked of it.

        What nobody reads lies in this process's memory, a thousand messages of any size.
        """
        for channel in (self.kc.iopub_channel, self.kc.shell_channel):
            for _ in range(MANY):  # more may come as quickly as they are read
                if not await channel.socket.poll(0):
                    break
                await channel.socket.recv_multipart(copy=False)

    @property
    def heard_all(self) -> bool:
        """Whether all output of the last cell has arrived."""
        return self.listener is None or not self.listener.cancelled()

    def process_message(self, msg: Any, cell: NotebookNode, cell_index: int) -> Any:
        """Take note of a message unless it is of no use here, or more than a cell may print."""
        try:
            if not proper(msg):
                return None
            return self._process({**msg, "content": writable(msg["content"])}, cell, cell_index)
        except CellExecutionComplete:
            raise
        except Exception:  # made up by the notebook: nbclient expects a kernel's own
            return None

    def _process(self, msg: Any, cell: NotebookNode, cell_index: int) -> Any:
        kind, content = msg["msg_type"], msg["content"]
        if kind.startswith("comm"):  # widgets live in a browser
            return None
        if kind not in KINDS:
            return super().process_message(msg, cell, cell_index)
        size = (msg["size"] + OVERHEAD) * self._places(kind, content)
        room = self.room(cell_index)
        added = None
        if size <= room or self._needed(kind, size):
            added = super().process_message(msg, cell, cell_index)
        elif kind == "stream" and room > 0:
            content["text"] = fitting(content["text"], room)
            added = super().process_message(msg, cell, cell_index)
        self.shown[cell_index] = self.shown.get(cell_index, 0) + size
        if size > room and not self.cut:
            self.cut = True
            cell.outputs.append(_printed(f"\n[{self._rule(cell_index, KINDS[kind])}]\n"))
        return added

    def _places(self, kind: str, content: dict[str, Any]) -> int:
        """Return how often a notebook will hold what is shown: all displays of one name change."""
        name = (content.get("transient") or {}).get("display_id")
        others = self._display_id_map.get(name, {}).values() if name else ()
        return sum(map(len, others)) + (kind != "update_display_data")

    def _needed(self, kind: str, size: int) -> bool:
        """Whether this is the cell's first small result or error that comes after too much."""
        if size > SMALL or kind not in ("execute_result", "error") or kind in self.kept_anyway:
            return False
        self.kept_anyway.add(kind)
        return True

    def begin_output(self, cell_index: int) -> None:
        """Count from now on what this cell shows; what it has shown before is gone."""
        self.cut, self.kept_anyway, self._others = False, set(), None
        self.shown[cell_index] = 0

    def room(self, cell_index: int) -> int:
        """Return how many bytes a cell may still show, by both limits."""
        here, most = self.shown.get(cell_index, 0), self.job.limits.output_kb << 10
        if self._others is None:  # what they have shown does not change while this cell runs
            # Of a cell that showed too much, no more than it may was kept.
            sizes = (size for index, size in self.shown.items() if index != cell_index)
            self._others = sum(min(size, most) for size in sizes)
        return min(most, (self.job.limits.notebook_output_kb << 10) - self._others) - here

    def _rule(self, cell_index: int, what: str) -> str:
        limits, here = self.job.limits, self.shown.get(cell_index, 0)
        most = f"a cell may print {limits.output_kb} kB"
        if here <= limits.output_kb << 10:
            most = f"all cells together may show {limits.notebook_output_kb} kB"
        return f"The rest was cut, beginning with {what}: {most}."


def fitting(text: str, room: int) -> str:
    """Return the beginning of a text, of so many bytes in a notebook file at most."""
    text = text[:room]
    while len(json.dumps(text, ensure_ascii=False).encode(errors="replace")) - 2 > room:
        text = text[: len(text) // 2]
    return text


def _printed(text: str) -> NotebookNode:
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def proper(msg: Any) -> bool:
    """Whether an output message can be kept in a notebook; its sender may send anything."""
    kind, content = msg.get("msg_type"), msg.get("content")
    if not isinstance(kind, str) or not isinstance(content, dict):
        return False
    count = content.get("execution_count")
    if count is not None and not (type(count) is int and count >= 0):
        return False
    if kind == "stream":
        return content.get("name") in ("stdout", "stderr") and isinstance(content.get("text"), str)
    if kind == "error":
        said, trace = (content.get("ename"), content.get("evalue")), content.get("traceback")
        return all(isinstance(one, str) for one in said) and _lines(trace)
    if kind in ("display_data", "update_display_data", "execute_result"):
        data, about = content.get("data"), content.get("metadata", {})
        if not isinstance(data, dict) or not isinstance(about, dict):
            return False
        return all(_shown(mime, value) for mime, value in data.items())
    return True


def writable(thing: Any) -> Any:
    """Return what came as JSON without halves of characters, which no file can hold."""
    if isinstance(thing, str):
        if thing.isascii():
            return thing
        return thing.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(thing, list):
        return [writable(part) for part in thing]
    if isinstance(thing, dict):
        return {writable(key): writable(value) for key, value in thing.items()}
    return thing


def _shown(kind: Any, value: Any) -> bool:
    known = isinstance(kind, str) and MIME.fullmatch(kind) is not None
    return known and (kind.endswith("json") or isinstance(value, str) or _lines(value))


def _lines(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(line, str) for line in value)
