"""Lets the threads of the student's process use the wire one after the other.

The judge's requests and the student's calls of the judge's functions are answered in the order of a
stack: whoever was asked last answers first. Several threads of the student's code may call at once;
each waits until the judge is waiting for this process and for nothing else.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Who is to speak on the wire: a stack of the judge's requests and of the calls back."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._stack: list[bool] = []  # whether each is a request, which this process answers
        self._process = os.getpid()

    def begin(self) -> int:
        """Take note that the judge asks for something; return the place of its request."""
        with self._changed:
            self._stack.append(True)
            self._changed.notify_all()
            return len(self._stack)

    def wait(self, place: int) -> None:
        """Wait until all that came after a request has been answered."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._stack) <= place)

    def end(self, place: int) -> None:
        """Wait likewise, and let nobody speak any more but who answers this request."""
        with self._changed:
            self.wait(place)
            self._stack.pop()
            self._changed.notify_all()

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Let the judge call a function of its own, once it waits for this process.

        Raises
        ------
        RuntimeError
            If this is another process than the one that was given the function, or if it is the
            main thread and no test is waiting: none would, before the main thread has gone on.
        """
        if os.getpid() != self._process:
            raise RuntimeError("A test's function cannot be called from another process.")
        with self._changed:
            main = threading.current_thread() is threading.main_thread()
            if main and not self._stack:
                raise RuntimeError("A test's function can only be called while the test runs.")
            self._changed.wait_for(lambda: bool(self._stack) and self._stack[-1])
            self._stack.append(False)
            place = len(self._stack)
        try:
            yield
        finally:
            self.end(place)
