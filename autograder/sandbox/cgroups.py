"""Limits the memory of a process tree with a control group, if the system lets us make one.

The supervisor measures memory at most a hundred times a second; the control group also holds in
between. Its limit is a little higher, so that as a rule the supervisor names what was exceeded.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
from pathlib import Path

#: By how much the fence is wider than the limit that the supervisor watches, in MB.
WIDER = 256
NAME = "autograder-"
_numbers = itertools.count()
_full: list[Path] = []  # groups whose processes had not all gone when they were to be removed


@functools.cache
def parent() -> Path | None:
    """Return the group of this process in which it may make others with a limit on memory.

    In version 2 that needs one that was delegated and has the controller enabled for its children,
    as in ``systemd-run --scope -p Delegate=yes``; in version 1, the right to write there.

    Returns
    -------
    Path or None
        None if the system lets us make no such groups.
    """
    try:
        groups = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
        mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    except OSError:
        return None
    for mount in mounts:
        kind, options = mount[mount.index("-") + 1], mount[-1].split(",")
        for number, controllers, path in groups:
            first = kind == "cgroup" and "memory" in options and "memory" in controllers.split(",")
            if first or (kind == "cgroup2" and number == "0"):
                place = Path(mount[4]) / os.path.relpath(path, mount[3])
                if _usable(place):
                    _sweep(place)
                    return place
    return None


def _usable(place: Path) -> bool:
    probe = place / f"{NAME}{os.getpid()}-probe"
    try:
        probe.mkdir()
    except OSError:
        return False
    try:
        return _limit(probe) is not None
    finally:
        with contextlib.suppress(OSError):
            probe.rmdir()


def _limit(group: Path) -> Path | None:
    names = ("memory.max", "memory.limit_in_bytes")
    return next((group / name for name in names if (group / name).exists()), None)


def _sweep(place: Path) -> None:
    """Remove the groups of processes that were killed."""
    for group in place.glob(f"{NAME}*"):
        owner = group.name.removeprefix(NAME).partition("-")[0]
        if not Path(f"/proc/{owner}").exists():
            with contextlib.suppress(OSError):
                group.rmdir()


class Fence:
    """A control group for one process and all that it starts.

    Parameters
    ----------
    place
        What `parent` returned.
    memory_mb
        How much memory they may have together.

    Raises
    ------
    OSError
        If the system does not let us make one after all.
    """

    def __init__(self, place: Path, memory_mb: int) -> None:
        self._group = place / f"{NAME}{os.getpid()}-{next(_numbers)}"
        self._group.mkdir()
        try:
            self._narrow(memory_mb)
        except OSError:
            self.remove()
            raise

    def _narrow(self, memory_mb: int) -> None:
        most = str((memory_mb + WIDER) << 20)
        limit = _limit(self._group)
        if limit is None:
            raise OSError(f"{self._group} has no limit on memory")
        limit.write_text(most)
        for name, value in (
            ("memory.memsw.limit_in_bytes", most),
            ("memory.swap.max", "0"),
            ("memory.oom.group", "1"),
        ):
            with contextlib.suppress(OSError):  # not every system counts swap
                if (self._group / name).exists():
                    (self._group / name).write_text(value)

    def add(self, pid: int) -> None:
        """Put a process in; what it starts from now on is in as well.

        Parameters
        ----------
        pid : int
            Process id in this process's tree.
        """
        (self._group / "cgroup.procs").write_text(str(pid))

    def remove(self) -> None:
        """Remove the group, at the latest when the next one is removed."""
        _full.append(self._group)
        for group in list(_full):
            with contextlib.suppress(OSError):  # its processes are still ending
                group.rmdir()
                _full.remove(group)


def fence(memory_mb: int) -> Fence | None:
    """Return a new fence, or None where there cannot be one.

    Parameters
    ----------
    memory_mb : int
        Memory that the supervisor allows, in MB.

    Returns
    -------
    Fence or None
    """
    place = parent()
    if place is None:
        return None
    try:
        return Fence(place, memory_mb)
    except OSError:
        return None
