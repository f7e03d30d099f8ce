"""A clock of the processor time that a process spends, with all that it starts."""

import contextlib
import ctypes
import os
import platform
import struct
from collections.abc import Iterator

#: The number of the system call perf_event_open, which libc has no name for.
CALL = {"x86_64": 298, "aarch64": 241}
#: A software event: nanoseconds on a processor. Counted in whatever is forked, too.
SOFTWARE, TASK_CLOCK, INHERIT, SIZE = 1, 1, 1 << 1, 128


class Spent:
    """How much processor time a block took, in seconds."""

    seconds = 0.0


@contextlib.contextmanager
def spent() -> Iterator[Spent]:
    """Measure a block of this thread, and every process that is started in it.

    The kernel keeps the count: unlike the times that ``wait`` reports, it has the processes that
    nobody waited for, and those in other namespaces.

    Raises
    ------
    RuntimeError
        If this machine does not let users count.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    event = bytearray(SIZE)
    struct.pack_into("<IIQQQQQ", event, 0, SOFTWARE, SIZE, TASK_CLOCK, 0, 0, 0, INHERIT)
    wanted = (ctypes.c_char * SIZE).from_buffer(event)
    close_on_exec = 8
    counter = libc.syscall(CALL[platform.machine()], wanted, 0, -1, -1, close_on_exec)
    if counter < 0:
        why = os.strerror(ctypes.get_errno())
        raise RuntimeError(f"processor time cannot be counted: perf_event_open says {why}")
    found = Spent()
    try:
        yield found
    finally:
        found.seconds = struct.unpack("<Q", os.read(counter, 8))[0] / 1e9
        os.close(counter)
