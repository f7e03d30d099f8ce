"""A process that imports the heavy libraries once and forks kernels that share them.

`Zygote` is the worker's side; ``python -m autograder.execute.zygote`` is the process itself,
behind the outer wall of `autograder.sandbox.bubblewrap`. It never runs a line of anybody's
notebook: it reads requests from one socket, forks, and the fork becomes
`autograder.execute.supervisor`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autograder.execute import supervisor
from autograder.model import AutograderError, Limits
from autograder.sandbox import bubblewrap, tempdirs
from autograder.warm_kernels import preload as warm_kernels_preload

#: One thread for each library that likes to have them all: several submissions run at a time, and
#: a grade must not depend on the number of cores.
ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "",
    "KMP_BLOCKTIME": "0",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": os.defpath,
    "PYTHONHASHSEED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",  # else the first operation shows that there is no GPU
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
}
#: What student's and judge's processes would otherwise import in every fork.
KERNEL_PARTS = (
    *warm_kernels_preload.MODULES,
    "autograder.domains.judge",
    "autograder.domains.student",
    "comm",
    "debugpy",
    "ipykernel.ipkernel",
    "matplotlib_inline.backend_inline",
)


class ZygoteError(AutograderError):
    """The zygote could not start, or died."""


class PreloadError(ZygoteError):
    """A module to preload cannot be imported: another zygote would not fare better."""


class Zygote:
    """The worker's handle on one zygote process.

    Parameters
    ----------
    preload
        Modules to import before the first fork.
    read_only
        Further directories that notebooks may read.
    isolated
        False runs everything with the caller's own rights.
    """

    def __init__(
        self, preload: Sequence[str] = (), read_only: Sequence[Path] = (), *, isolated: bool = True
    ) -> None:
        self.preload, self.read_only, self.isolated = tuple(preload), tuple(read_only), isolated
        self.run, self._in_use = tempdirs.make()
        self._lock = threading.Lock()
        self._ready, self._failed, self._hopeless = False, "", False
        self._shown: list[str] = []  # the directories that the outer wall shows
        self._log = (self.run / "zygote.log").open("w+b")
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        ours.settimeout(300)
        argv = [
            sys.executable,
            "-m",
            "autograder.execute.zygote",
            str(theirs.fileno()),
            *self.preload,
        ]
        env = dict(ENVIRONMENT, PYTHONPATH=os.pathsep.join(p for p in sys.path if p))
        jobs = self.run / "jobs"
        jobs.mkdir()
        with theirs:
            if self.isolated:
                bubblewrap.require()
                paths = [*bubblewrap.python_paths(["autograder", *self.preload]), *self.read_only]
                self._shown = [str(path) for path in paths]
                argv = bubblewrap.command(argv, read_only=paths, writable=[jobs], env=env)
            self._process = subprocess.Popen(
                argv,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                env=env,
                start_new_session=True,  # a process group, for `close`
            )

    def wait_ready(self) -> None:
        """Wait until everything is imported.

        Raises
        ------
        ZygoteError
            If an import failed (`PreloadError`) or the process died; the text says which.
        """
        with self._lock:
            if not self._ready and not self._failed:
                try:
                    answer = json.loads(self._control.recv(65536) or b"{}")
                except TimeoutError:
                    answer = {"failed": "it was not ready within 300 seconds"}
                except OSError:  # it died
                    answer = {}
                self._ready = bool(answer.get("ready"))
                if not self._ready:
                    self._hopeless = "failed" in answer
                    self._failed = answer.get("failed") or self.log_tail() or "it said nothing"
                self._control.settimeout(None)
            if self._failed:
                kind = PreloadError if self._hopeless else ZygoteError
                raise kind(f"The warm process that runs notebooks did not start: {self._failed}")

    @property
    def pid(self) -> int:
        """The process started: the zygote, or bubblewrap in front of it."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process can serve, or may yet."""
        return not self._failed and self._process.poll() is None

    def fork(
        self,
        role: str,
        job: Path,
        channels: Sequence[int],
        *,
        seed: str,
        limits: Limits,
        env: dict[str, str],
        connection_file: Path | None = None,
        view: Path | None = None,
        fenced: bool = False,
        argv: Sequence[str] = (),
    ) -> socket.socket:
        """Fork a student's or a judge's process and return its control socket.

        Parameters
        ----------
        role
            ``student`` or ``judge``.
        job
            The directory shared with it; what lies in its ``files`` goes into the scratch.
        channels
            Descriptors for it, which the caller still has to close.
        seed, limits, env
            What it starts with, and what it may use.
        connection_file
            A student's.
        view
            Where a judge without isolation finds what the student's code writes.
        fenced
            Whether it waits until the caller has put it in a control group.
        argv
            The program of a kernel that is not ours.
        """
        self.wait_ready()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = {
            "role": role,
            "job": str(job),
            "connection_file": connection_file and str(connection_file),
            "view": view and str(view),
            "fenced": fenced,
            "isolated": self.isolated,
            "shown": self._shown,
            "seed": seed,
            "env": env,
            "argv": [*argv],
            "limits": asdict(limits),
        }
        descriptors = [theirs.fileno(), *channels]
        with theirs:
            try:
                socket.send_fds(self._control, [json.dumps(request).encode()], descriptors)
            except OSError as error:
                ours.close()
                raise ZygoteError(f"The zygote is gone: {self.log_tail() or error}") from error
        ours.setblocking(False)
        return ours

    def log_tail(self) -> str:
        """Return the last line that the process wrote."""
        if self._log.closed:
            return ""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def close(self) -> None:
        """End the process, its kernels with it, and remove its directory."""
        if getattr(self, "_control", None):
            self._control.close()
        process = getattr(self, "_process", None)
        if process:
            # Of bubblewrap's two processes the inner one waits for the outer one at first, and
            # would do so for ever: in that moment they are of one group.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._log.close()
        tempdirs.remove(self.run, self._in_use)

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _warm(preload: Sequence[str]) -> dict[str, Any]:
    for name in (*KERNEL_PARTS, *preload):
        try:
            importlib.import_module(name)
        except ImportError as error:
            if name not in KERNEL_PARTS:
                return {"failed": f"cannot import '{name}', named in c.Autograder.preload: {error}"}
        except Exception as error:
            return {"failed": f"importing '{name}' raised {error!r}"}
    # Loaded lazily otherwise, in every fork.
    if "numpy" in sys.modules:
        _ = sys.modules["numpy"].random
    if "keras" in sys.modules:
        _ = sys.modules["keras"].Sequential
    warm_kernels_preload.show_an_error()
    return {"ready": True}


def main(argv: Sequence[str]) -> None:
    """Serve forks on the socket whose descriptor is ``argv[0]``, until it closes."""
    control = socket.socket(fileno=int(argv[0]))
    bubblewrap.prctl(bubblewrap.PR_SET_PDEATHSIG, bubblewrap.SIGKILL)
    answer = _warm(argv[1:])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors need no burial
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's business
    gc.collect()
    gc.freeze()  # so that no fork copies pages only to visit objects that never go away
    control.send(json.dumps(answer).encode())
    # Anywhere in the range: other zygotes of this machine count their forks as well, and what the
    # system allows to a user id is for one submission.
    privileged, turn = bubblewrap.privileged(), secrets.randbelow(bubblewrap.UIDS)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 65536, 4)
        if not message:
            return
        turn += 1
        request = json.loads(message)
        process_control, channels = socket.socket(fileno=descriptors[0]), descriptors[1:]
        if os.fork() == 0:
            try:
                control.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                own_id = privileged and request["isolated"]
                uid = bubblewrap.FIRST_UID + turn % bubblewrap.UIDS if own_id else None
                supervisor.watch(request, process_control, channels, uid)
            finally:
                os._exit(1)
        process_control.close()
        for descriptor in channels:
            os.close(descriptor)


if __name__ == "__main__":
    main(sys.argv[1:])
