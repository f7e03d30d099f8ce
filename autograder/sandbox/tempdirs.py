"""Directories under /tmp that the next process removes if their owner was killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

#: Short, because the paths of sockets must be.
ROOT, PREFIX = Path("/tmp"), "ag-"
#: How old a directory must be, in seconds, to have been left by a process killed while making it.
UNFINISHED = 60
#: The file in each that its owner keeps locked.
LOCK = "lock"
#: How often the removal of a directory is tried.
TRIES = 100


def make() -> tuple[Path, BinaryIO]:
    """Return a new directory for its owner alone, and the lock that says it is in use.

    The directory is in use as long as the lock is open; who has done with it calls `remove`.

    Returns
    -------
    path : Path
        The directory.
    lock : binary file
        Open, with an exclusive lock.
    """
    sweep()
    # It gets its name once it is locked: nobody can take it for an abandoned one.
    hidden = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=ROOT))
    lock = (hidden / LOCK).open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return hidden.rename(hidden.with_name(hidden.name[1:])), lock


def remove(path: Path, lock: BinaryIO) -> None:
    """Remove a directory that `make` made; processes being killed may be writing there still.

    Once removed, it is no longer its owner's: a second call does nothing.

    Parameters
    ----------
    path : Path
        The directory.
    lock : binary file
        What `make` returned with it; it is closed.
    """
    if lock.closed:
        return
    with lock:
        for _ in range(TRIES):
            if _gone(path):
                return
            time.sleep(0.02)


def sweep() -> None:
    """Remove what processes that were killed have left."""
    for path in (*ROOT.glob(f"{PREFIX}*"), *ROOT.glob(f".{PREFIX}*")):
        with contextlib.suppress(OSError):  # somebody else removes it, or it is in use
            about = path.lstat()
            if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
                continue
            if path.name.startswith(".") and time.time() - about.st_mtime < UNFINISHED:
                continue
            with (path / LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _gone(path)


def _gone(path: Path) -> bool:
    """Try to remove ``path``, its lock last: while that lies there, the next sweep tries again."""
    with contextlib.suppress(OSError):
        for inner in path.iterdir():
            if inner.is_dir() and not inner.is_symlink():
                shutil.rmtree(inner, ignore_errors=True)
            elif inner.name != LOCK:
                inner.unlink(missing_ok=True)
        if [inner.name for inner in path.iterdir()] == [LOCK]:
            (path / LOCK).unlink()
        path.rmdir()
    return not path.exists()
