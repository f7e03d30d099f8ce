"""Directories under /tmp that the next process removes when their owner was killed."""

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


def make() -> tuple[Path, BinaryIO]:
    """Return a new directory for its owner alone, and the lock that says it is in use.

    The directory is in use as long as the lock is open; whoever closes it removes the directory.
    """
    _sweep()
    # It gets its name once it is locked: nobody can take it for an abandoned one.
    hidden = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=ROOT))
    lock = (hidden / "lock").open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return hidden.rename(hidden.with_name(hidden.name[1:])), lock


def _sweep() -> None:
    """Remove what processes that were killed have left."""
    for path in (*ROOT.glob(f"{PREFIX}*"), *ROOT.glob(f".{PREFIX}*")):
        with contextlib.suppress(OSError):  # somebody else removes it, or it is in use
            about = path.lstat()
            if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
                continue
            if path.name.startswith(".") and time.time() - about.st_mtime < UNFINISHED:
                continue
            with (path / "lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
