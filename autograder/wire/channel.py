"""Carries whole messages over a stream socket."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Sequence
from typing import Any

from autograder.wire.limits import (
    MAX_BYTES,
    MAX_NODES,
    MAX_TEXT,
    WireError,
    check_bytes,
    check_marks,
    check_nodes,
)

#: A message is the length of its head and the number of its blobs, the blobs' lengths, the head,
#: and the blobs.
_PREFIX = struct.Struct("!II")
_STEP = 1 << 16

dumps = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def _not_json(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


# Made once: `json.loads` looks for its parts in a module that a test may patch.
_parse = json.JSONDecoder(parse_constant=_not_json).decode


class Channel:
    """One end of a stream socket: whole messages out and in.

    An exception in the middle of a message (an interrupt, a timeout of the socket) leaves the two
    ends out of step; what is tried afterwards in that direction raises `EOFError`. One that comes
    while `receive` waits for a message does no harm.
    """

    def __init__(self, sock: socket.socket, *, most: int = MAX_BYTES) -> None:
        self._socket, self._most = sock, most
        self._sending = self._receiving = False  # true and at rest: cut in the middle of a message

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def send(self, head: dict[str, Any], blobs: Sequence[bytes | memoryview] = ()) -> None:
        """Send one message.

        Raises
        ------
        WireError
            If it is larger than a message may be; nothing has been sent then.
        EOFError
            If the other end is gone.
        """
        try:
            text = dumps(head).encode("ascii")
        except (ValueError, TypeError, RecursionError) as error:
            raise WireError(f"This message cannot be sent: {error}") from None
        sizes = [memoryview(blob).nbytes for blob in blobs]
        self._check(len(text), len(sizes), sum(sizes))
        check_marks(text)
        if self._sending:
            raise EOFError("an earlier message was cut off while it was sent")
        self._sending = True
        data = bytearray(_PREFIX.pack(len(text), len(sizes)))
        data += struct.pack(f"!{len(sizes)}Q", *sizes) + text
        try:
            for blob, size in zip(blobs, sizes, strict=True):
                if size < _STEP:  # many small ones go together
                    data += blob
                if len(data) + size >= _STEP:
                    self._socket.sendall(data)
                    data = bytearray()
                if size >= _STEP:
                    self._socket.sendall(blob)
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise EOFError("the other end is gone") from None
        self._sending = False

    def receive(self) -> tuple[dict[str, Any], list[bytearray]]:
        """Wait for a message, and return its head and its blobs.

        Raises
        ------
        EOFError
            If the other end is gone.
        WireError
            If what came is no message, or too large; no other message can be received then.
        """
        if self._receiving:
            raise EOFError("an earlier message was cut off while it was received")
        try:
            if not self._socket.recv(1, socket.MSG_PEEK):  # waits here, before anything is taken
                raise EOFError("the other end is gone")
            self._receiving = True
            length, count = _PREFIX.unpack(self._read(_PREFIX.size))
            self._check(length, count)
            sizes = struct.unpack(f"!{count}Q", self._read(8 * count))
            self._check(length, count, sum(sizes))
            head = _loads(self._read(length))
            blobs = [self._read(size) for size in sizes]
        except ConnectionResetError:
            raise EOFError("the other end is gone") from None
        self._receiving = False
        return head, blobs

    def _check(self, length: int, count: int, blobs: int = 0) -> None:
        check_bytes(length, MAX_TEXT)
        check_nodes(count, MAX_NODES)
        check_bytes(length + 8 * count + blobs, self._most)

    def _read(self, size: int) -> bytearray:
        """Return the next `size` bytes; room is made as they come, and none for a lie."""
        data, have = bytearray(min(size, _STEP)), 0
        while have < size:
            if have == len(data):
                data.extend(bytes(min(size - have, have)))
            got = self._socket.recv_into(memoryview(data)[have:])
            if not got:
                raise EOFError("the other end went away in the middle of a message")
            have += got
        return data


def _loads(text: bytearray) -> dict[str, Any]:
    check_marks(text)
    try:
        head = _parse(text.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise WireError(f"A message could not be read: {error}") from None
    if type(head) is not dict:
        raise WireError("A message could not be read: its head is no object.")
    return head
