"""Real Dask schedulers and workers, each a process of its own as an operator starts it."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

SCRIPTS = Path(sys.executable).parent
DASK = SCRIPTS / "dask"


class Lines:
    """What a process writes: all of it so far, and a way to wait for some of it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.text = process, ""
        self._new = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self.process.stderr:
            with self._new:
                self.text += line
                self._new.notify_all()
        with self._new:
            self._ended = True
            self._new.notify_all()

    def wait_for(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """Return the first match of what is written, or fail with all that was."""
        with self._new:
            self._new.wait_for(lambda: self._ended or re.search(pattern, self.text), seconds)
            found = re.search(pattern, self.text)
        assert found, self.text
        return found

    def close(self) -> None:
        """End the process and read the rest."""
        self.process.terminate()
        self.process.wait()
        self._thread.join()
        self.process.stderr.close()


@contextlib.contextmanager
def dask(*words: str, env: Mapping[str, str] | None = None) -> Iterator[Lines]:
    """Run ``dask WORDS`` with these variables beside our own; give what it writes."""
    process = subprocess.Popen(
        [DASK, *words], stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})}
    )
    lines = Lines(process)
    try:
        yield lines
    finally:
        lines.close()


@contextlib.contextmanager
def scheduler(*more: str, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a scheduler on this machine; give its address."""
    words = ("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    with dask(*words, "--dashboard-address", "127.0.0.1:0", *more, env=env) as lines:
        yield lines.wait_for(r"Scheduler at: +(\S+)")[1]


@contextlib.contextmanager
def worker(
    address: str, place: Path, *more: str, env: Mapping[str, str] | None = None
) -> Iterator[Lines]:
    """Run a worker of two threads that has joined; ``place`` is for its files."""
    words = ("worker", address, "--no-nanny", "--nthreads", "2", "--host", "127.0.0.1")
    words += ("--no-dashboard", "--local-directory", str(place), *more)
    with dask(*words, env=env) as lines:
        lines.wait_for("Registered to")
        yield lines
