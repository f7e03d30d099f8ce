"""Turns a fresh fork of the zygote into an isolated, guarded process: a student's or a judge's.

Three processes, each the parent of the next:

- the *warden* (`watch`) stays outside the inner wall, watches memory and time, takes orders over
  the lifeline and says on it how the process ended;
- *init* is process 1 behind the wall: when it goes, the system kills all that is left there;
- the *inmate* runs cells without privileges: `autograder.student` or `autograder.judge`.

The lifeline is a sequenced-packet socket to the worker. Orders: ``interrupt``; ``seal``; ``view``,
which shows a judge the student's scratch, whose mount comes along; ``cell SECONDS``, when a cell
begins that may use so much processor time; ``kill``, which its closing means as well. Messages:
``{"scratch": true}`` with the mount of a student's scratch, ``{"over": "cell"}`` when a cell has
used up its processor time, and at last ``{"refused": why}`` or ``{"exit": ..., "cause": ...}``.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from autograder import sandbox
from autograder.model import Limits

#: How often use is looked at, in seconds: a process can touch about 1 GB in that time.
LOOK = 0.1
#: Where a judge sees the student's scratch.
VIEW = Path("/tmp/.student")
#: Where a notebook runs.
SCRATCH = Path("/tmp/work")


def watch(
    request: dict[str, Any], lifeline: socket.socket, channels: list[int], uid: int | None
) -> NoReturn:
    """Run in a fork of the zygote until its inmate has ended; never returns.

    Parameters
    ----------
    request
        ``role`` (``student`` or ``judge``), ``job`` (directory shared with the worker),
        ``isolated``, ``shown`` (directories that stay readable), ``seed``, ``env`` and ``limits``;
        for a student the kernel's ``connection_file``.
    lifeline
        The socket to the worker.
    channels
        The descriptors that are the inmate's.
    uid
        The user id for the inmate, or None for the zygote's own.
    """
    limits = Limits(**request["limits"])
    job = Path(request["job"])
    try:
        os.setsid()
        proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        if request["isolated"]:
            shown = [Path(name) for name in request["shown"]]
            sandbox.enter(job, shown=shown, scratch_mb=limits.scratch_mb, uid=uid)
            if request["role"] == "judge":
                VIEW.mkdir()
            else:
                _hand_over_scratch(lifeline)
        else:
            sandbox.prctl(sandbox.PR_SET_CHILD_SUBREAPER, 1)
        init = os.fork()
    except OSError as error:
        _say(lifeline, {"refused": str(error)})
        os._exit(1)
    if init == 0:
        lifeline.close()
        os.close(proc)  # through it, the whole disk outside of the inner wall could be reached
        _init(request, limits, job, uid, channels)
    for descriptor in channels:
        os.close(descriptor)  # so that the other end hears when the inmate has gone
    try:
        answer = _Guard(init, lifeline, proc, limits, job, isolated=request["isolated"]).stand()
    except Exception as error:  # whatever it was, the worker must hear of it
        answer = {"refused": f"the warden failed: {error!r}"}
    _kill_tree(init, proc)
    _say(lifeline, answer)
    os._exit(0)


def _hand_over_scratch(lifeline: socket.socket) -> None:
    """Send the worker a mount of the scratch, which it passes on to the judge's warden."""
    try:
        mount = sandbox.detached("/tmp")
    except OSError:
        return  # an old system: the judge will not see the student's files
    with contextlib.suppress(OSError):
        socket.send_fds(lifeline, [b'{"scratch": true}'], [mount])
    os.close(mount)


def _say(lifeline: socket.socket, answer: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        lifeline.send(json.dumps(answer).encode())


class _Guard:
    """Waits for the end of init, carrying out orders."""

    def __init__(
        self,
        init: int,
        lifeline: socket.socket,
        proc: int,
        limits: Limits,
        job: Path,
        *,
        isolated: bool,
    ) -> None:
        self.init, self.lifeline, self.proc, self.limits = init, lifeline, proc, limits
        self.job, self.isolated = job, isolated
        self.shared, self.peak, self.used = 0, 0, 0.0
        self.cause = ""
        self.due: float | None = None  # the processor time at which the cell's share is used up

    def stand(self) -> dict[str, Any]:
        """Return the last words for the worker."""
        ended = os.pidfd_open(self.init)
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.register(self.lifeline, select.POLLIN)
        looked = 0.0
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(LOOK * 1000)}
            if ended in ready:
                _, status = os.waitpid(self.init, 0)
                code = os.waitstatus_to_exitcode(status)
                return {
                    "exit": code,
                    "cause": self.cause,
                    "peak_mb": self.peak,
                    "cpu_seconds": round(self.used, 3),
                }
            if self.lifeline.fileno() in ready:
                self._obey()
            if time.monotonic() - looked >= LOOK:
                looked = time.monotonic()
                self._look()

    def _obey(self) -> None:
        order, mounts, _, _ = socket.recv_fds(self.lifeline, 64, 1)
        word, _, rest = order.decode(errors="replace").partition(" ")
        if word == "interrupt":
            os.kill(self.init, signal.SIGINT)
        elif word == "cell":
            self._look()
            self.due = self.used + float(rest)
        elif word == "seal":
            if self.isolated:
                sandbox.seal(self.job)
            self.shared = max(_use(pid, self.proc)[0] for pid in _tree(self.init, self.proc))
        elif word == "view" and mounts:
            if self.isolated:
                sandbox.show(mounts[0], VIEW)
            os.close(mounts[0])
        elif word != "view":  # kill, or the worker is gone
            self._look()  # for the last words
            self._kill("killed")

    def _kill(self, cause: str) -> None:
        if not self.cause:
            self.cause = cause
            os.kill(self.init, signal.SIGKILL)

    def _look(self) -> None:
        uses = [_use(pid, self.proc) for pid in _tree(self.init, self.proc)]
        memory = sum(max(0, memory - self.shared) for memory, _ in uses)
        self.peak, self.used = max(self.peak, memory), sum(seconds for _, seconds in uses)
        if memory > self.limits.memory_mb:
            self._kill("memory")
        if self.used > self.limits.cpu_seconds:
            self._kill("cpu")
        if self.due is not None and self.used > self.due:
            self.due = None
            _say(self.lifeline, {"over": "cell"})


def _tree(root: int, proc: int) -> list[int]:
    """Return the processes below ``root`` and itself, as the zygote's process tree shows them."""
    children: dict[int, list[int]] = {}
    for name in os.listdir(proc):
        if name.isdecimal():
            with contextlib.suppress(OSError, ValueError):
                stat = _read(proc, f"{name}/stat")
                parent = int(stat[stat.rindex(b")") + 2 :].split()[1])
                children.setdefault(parent, []).append(int(name))
    found, front = [], [root]
    while front:
        pid = front.pop()
        found.append(pid)
        front += children.get(pid, [])
    return found


def _use(pid: int, proc: int) -> tuple[int, float]:
    """Return a process's memory in MB (files it mapped left out) and its processor seconds.

    The seconds include those of children that have ended; the memory includes what it shares
    with its parent since the fork.
    """
    try:
        resident, file_backed = _read(proc, f"{pid}/statm").split()[1:3]
        stat = _read(proc, f"{pid}/stat")
    except (OSError, ValueError):  # it has just ended
        return 0, 0.0
    ticks = sum(int(part) for part in stat[stat.rindex(b")") + 2 :].split()[11:15])
    pages = int(resident) - int(file_backed)
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20, ticks / os.sysconf("SC_CLK_TCK")


def _read(directory: int, name: str) -> bytes:
    descriptor = os.open(name, os.O_RDONLY, dir_fd=directory)
    try:
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)


def _kill_tree(init: int, proc: int) -> None:
    """Kill what outlived ``init``; behind a wall nothing can, without one everything may."""
    me = os.getpid()
    for _ in range(100):
        rest = [pid for pid in _tree(me, proc) if pid != me]
        if not rest:
            return
        for pid in rest:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.01)


def _init(
    request: dict[str, Any], limits: Limits, job: Path, uid: int | None, channels: list[int]
) -> NoReturn:
    """Be the first process behind the wall: start the inmate, bury orphans, end as it ends."""
    try:
        sandbox.prctl(sandbox.PR_SET_PDEATHSIG, sandbox.SIGKILL)
        if request["isolated"]:
            sandbox.mount_proc()
        inmate = os.fork()
        if inmate == 0:
            _inmate(request, limits, job, uid, channels)
        for descriptor in channels:
            os.close(descriptor)
        signal.signal(signal.SIGINT, lambda *_: os.kill(inmate, signal.SIGINT))
        while True:
            pid, status = os.wait()
            if pid == inmate:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
    except BaseException as error:
        sys.stderr.write(f"init: {error!r}\n")
        sys.stderr.flush()
        os._exit(125)


def _inmate(
    request: dict[str, Any], limits: Limits, job: Path, uid: int | None, channels: list[int]
) -> NoReturn:
    """Give up every privilege, then run cells."""
    # What the zygote writes to belongs to all: of that log, an inmate's code gets nothing.
    log = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        scratch = SCRATCH if request["isolated"] else job / "work"
        shutil.copytree(job / "files", scratch)
        if uid is not None:
            for path in (scratch, *scratch.rglob("*")):
                os.chown(path, uid, uid)
        sandbox.confine(limits, uid=uid, isolated=request["isolated"])
        with contextlib.suppress(OSError):  # should memory run out, let it be this process
            Path("/proc/self/oom_score_adj").write_text("1000")
        os.chdir(scratch)
        os.environ.update(request["env"], HOME=str(scratch), IPYTHONDIR=str(scratch / ".ipython"))
        os.environ["JUPYTER_RUNTIME_DIR"] = str(scratch / ".jupyter")
        # As in any kernel, modules beside the notebook can be imported; but by a judge only those
        # of the assignment: a student's files are shown in its working directory.
        judging = request["role"] == "judge"
        sys.path.insert(0, str(job / "files") if judging else "")
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if judging:
            from autograder import judge

            judge.main(request, channels, log)
        else:
            from autograder import student

            student.main(request, channels, log)
        os._exit(0)
    except SystemExit as error:
        os._exit(error.code if isinstance(error.code, int) else 1)
    except BaseException as error:
        with contextlib.suppress(OSError):  # closed: it had started, and the exit status says all
            os.write(log, f"{request['role']}: {error!r}\n".encode())
        os._exit(125)
