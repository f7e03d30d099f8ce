"""Measures the processor time and the memory that a tree of processes uses.

There are four ways to memory, and each is counted: a process's own pages; mappings shared between
processes, by their size, since their pages can be let go of and kept; files in the scratch, which
lies in memory; and the copies that a fork shares with its parent, once. What the first process had
when `Meter.settle` was called, the zygote's libraries above all, is not counted.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

#: Up to how many processes it is found out what they share with each other.
FEW = 8
_TICK, _MEGA = os.sysconf("SC_CLK_TCK"), 1 << 20
_SIZES = re.compile(rb"^(VmSize|VmData|VmSwap|RssAnon):\s+(\d+) kB$", re.MULTILINE)
_SHARES = re.compile(rb"^(?:Pss_Anon|SwapPss):\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True)
class _Use:
    """What one process uses, in bytes and seconds."""

    own: int = 0  # pages of no file, in memory or swapped out
    other: int = 0  # addresses that are not its own memory: mapped files, and what it shares
    seconds: float = 0.0
    children: float = 0.0  # seconds of its children that it has waited for
    started: int = 0  # tells two processes of the same number apart


class Meter:
    """Measures one tree of processes, again and again.

    Parameters
    ----------
    root
        The first process of the tree.
    proc
        A descriptor of a ``/proc`` that shows the tree.
    scratch
        Directories whose whole file systems are the tree's, and in memory.
    """

    def __init__(self, root: int, proc: int, scratch: Sequence[str] = ()) -> None:
        self.root, self.proc, self.scratch = root, proc, scratch
        self.memory_mb, self.seconds = 0, 0.0
        self._before = _Use()
        self._written = 0
        self._last: dict[tuple[int, int], float] = {}
        self._gone = 0.0  # seconds of processes that have ended, as last seen

    def settle(self) -> None:
        """Take what is used now for what is to be had for nothing."""
        uses = [use(pid, self.proc) for pid in tree(self.root, self.proc)]
        own, other = max(one.own for one in uses), max(one.other for one in uses)
        self._before, self._written = _Use(own, other), self._files()

    def look(self, most_mb: int) -> None:
        """Measure; with more care once more than ``most_mb`` seem to be used.

        Parameters
        ----------
        most_mb : int
            The limit on memory, in MB.
        """
        uses = {pid: use(pid, self.proc) for pid in tree(self.root, self.proc)}
        self._count_time(uses)
        files = self._files() - self._written
        own = sum(max(0, one.own - self._before.own) for one in uses.values())
        other = sum(max(0, one.other - self._before.other) for one in uses.values())
        most = most_mb * _MEGA
        heavy = [pid for pid, one in uses.items() if one.own > self._before.own]
        if own + files > most and 1 < len(heavy) <= FEW:
            # A fork shares what it has not changed.
            own = min(own, max(0, sum(_share(pid, self.proc) for pid in heavy) - self._before.own))
        if own + other + files > most:
            mapped: dict[str, int] = {}
            for pid in uses:
                for inode, size in _mappings(pid, self.proc).items():
                    mapped[inode] = max(size, mapped.get(inode, 0))
            own += sum(mapped.values())
        self.memory_mb = (own + files) // _MEGA

    def _count_time(self, uses: dict[int, _Use]) -> None:
        # A parent that waits for none of its children is told nothing of their time, and neither
        # are we but by having seen them; of those that came and went between two looks it is.
        now = {(pid, one.started): one.seconds for pid, one in uses.items() if one.started}
        self._gone += sum(seconds for key, seconds in self._last.items() if key not in now)
        self._last = now
        seen = sum(now.values()) + self._gone
        told = sum(one.seconds + one.children for one in uses.values())
        self.seconds = max(self.seconds, seen, told)

    def _files(self) -> int:
        used = 0
        for place in self.scratch:
            facts = os.statvfs(place)
            used += (facts.f_blocks - facts.f_bfree) * facts.f_frsize
        return used


def tree(root: int, proc: int) -> list[int]:
    """Return the processes below ``root`` and itself, as the zygote's process tree shows them.

    Parameters
    ----------
    root : int
        Process id, as the directory `proc` shows it.
    proc : int
        Descriptor of the process tree's ``/proc``.

    Returns
    -------
    list of int
        `root` first.
    """
    children: dict[int, list[int]] = {}
    for name in os.listdir(proc):
        if name.isdecimal():
            with contextlib.suppress(OSError, ValueError):
                children.setdefault(int(_stat(int(name), proc)[1]), []).append(int(name))
    found, front = [], [root]
    while front:
        pid = front.pop()
        found.append(pid)
        front += children.get(pid, [])
    return found


def use(pid: int, proc: int) -> _Use:
    """Return what a process uses; nothing if it has just ended.

    Parameters
    ----------
    pid : int
        Process id, as the directory `proc` shows it.
    proc : int
        Descriptor of the process tree's ``/proc``.

    Returns
    -------
    _Use
        Memory in bytes, times in seconds.
    """
    try:
        status = _read(proc, f"{pid}/status")
        stat = _stat(pid, proc)
    except (OSError, ValueError):
        return _Use()
    kilo = {name: int(size) << 10 for name, size in _SIZES.findall(status)}
    times = [int(part) / _TICK for part in stat[11:15]]
    return _Use(
        own=kilo.get(b"RssAnon", 0) + kilo.get(b"VmSwap", 0),
        other=kilo.get(b"VmSize", 0) - kilo.get(b"VmData", 0),
        seconds=times[0] + times[1],
        children=times[2] + times[3],
        started=int(stat[19]),
    )


def _stat(pid: int, proc: int) -> list[bytes]:
    """Return the fields that follow a process's name, which may hold any character."""
    stat = _read(proc, f"{pid}/stat")
    return stat[stat.rindex(b")") + 2 :].split()


def _share(pid: int, proc: int) -> int:
    """Return a process's own pages, those that it shares divided by the number of sharers."""
    try:
        told = _read(proc, f"{pid}/smaps_rollup")
    except OSError:
        return 0
    return sum(int(size) << 10 for size in _SHARES.findall(told))


def _mappings(pid: int, proc: int) -> dict[str, int]:
    """Return the sizes of a process's shared mappings of no file, by what identifies them."""
    found: dict[str, int] = {}
    with contextlib.suppress(OSError):
        for line in _read(proc, f"{pid}/maps").decode(errors="replace").splitlines():
            if line.endswith("/dev/zero (deleted)"):
                addresses, _, _, _, inode, *_ = line.split()
                begin, end = (int(address, 16) for address in addresses.split("-"))
                found[inode] = found.get(inode, 0) + end - begin
    return found


def _read(directory: int, name: str) -> bytes:
    with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=directory), "rb", buffering=0) as file:
        return file.read()
