"""Talks to a student's kernel and ignores whatever it sends that is not a message.

A notebook can write anything to its kernel's sockets and can sign it with the kernel's key. Only
well-formed messages go on to jupyter_client and nbclient, which expect those of a real kernel.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from queue import Empty
from typing import Any

import zmq
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.session import DELIM
from nbclient.exceptions import DeadKernelError
from traitlets import Type

#: Nested more deeply than this, a message is not read: what follows recurses at each level.
DEEPEST = 50
#: The length of a signature, a SHA-256 in hexadecimal. jupyter_client keeps each that it sees.
SIGNATURE = 64
#: The parts that every message has: signature, header, parent, metadata, content.
PARTS = 5
#: How long a message may take to be taken off our hands, in milliseconds.
SEND_MILLISECONDS = 2000


class UnreadableError(Exception):
    """What came is no message."""


class KernelChannel(AsyncZMQSocketChannel):
    """A channel to and from a kernel that may send anything."""

    #: Called for each message that was passed over.
    passed_over: Callable[[], None] = staticmethod(lambda: None)
    #: Called when nothing can be sent any more.
    cut_off: Callable[[], None] = staticmethod(lambda: None)

    def send(self, msg: dict[str, Any]) -> None:
        """Send a message.

        Raises
        ------
        DeadKernelError
            If there is no connection any more. ZeroMQ gives it up for good when something comes
            over it that is not of its protocol, and would then wait for another without end.
        """
        assert self.socket is not None
        self.socket.sndtimeo = SEND_MILLISECONDS
        try:
            super().send(msg)
        except zmq.Again:
            self.cut_off()
            raise DeadKernelError("the connection to the kernel was broken off") from None

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """Return the next message that can be read.

        Parameters
        ----------
        timeout : float or None
            How long to wait for it, in seconds; None: without end.

        Raises
        ------
        queue.Empty
            If none came in time.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if end is None else max(0.0, end - time.monotonic())
            try:
                return await super().get_msg(timeout=left)
            except (Empty, zmq.ZMQError):
                raise
            except Exception:  # the parsers in between raise many kinds
                self.passed_over()
                await asyncio.sleep(0)  # more may come as quickly as it is read

    async def _recv(self, **options: Any) -> dict[str, Any]:
        assert self.socket is not None
        parts: list[bytes] = await self.socket.recv_multipart(**options)
        message = parts[parts.index(DELIM) + 1 :]
        if len(message) < PARTS or len(message[0]) != SIGNATURE:
            raise UnreadableError
        found: dict[str, Any] = self.session.deserialize(message)
        found["size"] = len(message[4])  # of the content, as a notebook file would hold it
        for part in ("header", "parent_header", "metadata", "content"):
            if not isinstance(found[part], dict) or deep(found[part]):
                raise UnreadableError
        return found


class ForkKernelClient(AsyncKernelClient):
    """A kernel's client that reads only what is a message."""

    shell_channel_class = Type(KernelChannel)
    iopub_channel_class = Type(KernelChannel)


def deep(thing: Any) -> bool:
    """Whether what was JSON is nested more deeply than `DEEPEST`; goes level by level."""
    level = [thing]
    for _ in range(DEEPEST):
        level = [
            inside
            for outer in level
            for inside in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inside, dict | list)
        ]
        if not level:
            return False
    return True
