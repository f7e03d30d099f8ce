"""A student's process and the judge's end of the wire to it, without walls and kernels.

For honest code only: the process is a fork of the one that tests.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from autograder.domains.rpc import Link
from autograder.domains.student import Service
from autograder.wire import Channel
from autograder.wire.rng_state import Reseeding


class Quiet(Reseeding):
    """Notices no seeds: this process is the tests', whose modules are not to be changed."""

    def _watch(self, kind: str, module: Any, *names: str) -> None:
        pass


@contextlib.contextmanager
def student(source: str, locked: Mapping[str, Any] | None = None) -> Iterator[Student]:
    """Run a student's code in a process of its own and answer for it.

    Parameters
    ----------
    source
        The code.
    locked
        What a locked cell defined, in both processes.
    """
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            ours.close()
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a kernel that has nothing to do
            names = {"__name__": "__main__", **(locked or {})}
            exec(textwrap.dedent(source), names)
            service = Service(Channel(theirs), names)
            while True:
                service.answer()
        os._exit(0)
    theirs.close()
    shared = {id(thing): name for name, thing in (locked or {}).items()}
    link = Link(Channel(ours), lambda thing: shared.get(id(thing)), Quiet())
    try:
        yield Student(link, pid)
    finally:
        # A judge's process has one student; this one goes on, and pyplot is others' too.
        for name, function in link.figures._pyplot.items():
            setattr(sys.modules["matplotlib.pyplot"], name, function)
        ours.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


class Student:
    """What the judge has of a student's namespace: each name is asked for anew."""

    def __init__(self, link: Link, pid: int) -> None:
        self.link, self.pid = link, pid

    def __getattr__(self, name: str) -> Any:
        return self.link.ask("names", [name])[name]
