"""Turns a fresh fork of the zygote into an isolated, guarded process: a student's or a judge's.

Three processes, each the parent of the next:

- the *supervisor* (`watch`) stays outside the inner wall, watches memory and time, takes orders
  over its control socket and says on it how the process ended;
- *init* is process 1 behind the wall: when it goes, the system kills all that is left there;
- the *confined process* runs cells without privileges: `autograder.domains.student` or
  `autograder.domains.judge`.

The control socket is a sequenced-packet socket to the worker. Orders: ``interrupt``; ``seal``;
``view``, which shows a judge the student's scratch, whose mount comes along; ``cell NUMBER
SECONDS``, when a cell begins that may use so much processor time; ``go``, once init is in its
control group; ``kill``, which its closing means as well. Messages: ``{"scratch": true}`` with the
mount of a student's scratch, ``{"init": true}`` with a descriptor of init for who puts it in a
group, ``{"over": NUMBER}`` when a cell has used up its processor time, and at last ``{"refused":
why}`` or ``{"exit": ..., "cause": ...}``.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from autograder.model import Limits
from autograder.sandbox import bubblewrap
from autograder.sandbox.accounting import Meter, tree
from autograder.sandbox.paths import SCRATCH, VIEW

#: How often use is looked at, in seconds; more often the less is left: a process can touch so many
#: MB in a second.
LOOK, SOONEST, SPEED = 0.1, 0.01, 10_000
#: What a process may need beyond its limit while it starts, in MB.
STARTING = 256


def watch(
    request: dict[str, Any], control: socket.socket, channels: list[int], uid: int | None
) -> NoReturn:
    """Run in a fork of the zygote until the confined process has ended; never returns.

    Parameters
    ----------
    request
        ``role`` (``student`` or ``judge``), ``job`` (directory shared with the worker),
        ``isolated``, ``shown`` (directories that stay readable), ``seed``, ``env`` and ``limits``;
        for a student the kernel's ``connection_file``.
    control
        The socket to the worker.
    channels
        The descriptors that are the confined process's.
    uid
        The user id for the confined process, or None for the zygote's own.
    """
    limits = Limits(**request["limits"])
    job = Path(request["job"])
    try:
        os.setsid()
        proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        if request["isolated"]:
            shown = [Path(name) for name in request["shown"]]
            bubblewrap.enter(job, shown=shown, scratch_mb=limits.scratch_mb, uid=uid)
            if request["role"] == "judge":
                VIEW.mkdir()
            else:
                _hand_over_scratch(control)
        else:
            bubblewrap.prctl(bubblewrap.PR_SET_CHILD_SUBREAPER, 1)
        gate = os.pipe()
        init = os.fork()
    except OSError as error:
        _say(control, {"refused": str(error)})
        os._exit(1)
    if init == 0:
        control.close()
        os.close(proc)  # through it, the whole disk outside of the inner wall could be reached
        os.close(gate[1])
        if request["fenced"]:
            os.read(gate[0], 1)  # until it is in its control group, in which its children will be
        os.close(gate[0])
        _init(request, limits, job, uid, channels)
    os.close(gate[0])
    for descriptor in channels:
        os.close(descriptor)  # so that the other end hears when the confined process has gone
    try:
        if request["fenced"]:
            _hand_over(control, "init", os.pidfd_open(init))
        isolated = request["isolated"]
        guard = _Guard(init, control, proc, limits, job, gate[1], isolated=isolated)
        answer = guard.stand()
    except Exception as error:  # whatever it was, the worker must hear of it
        answer = {"refused": f"the supervisor failed: {error!r}"}
    _kill_tree(init, proc)
    _say(control, answer)
    os._exit(0)


def _hand_over_scratch(control: socket.socket) -> None:
    """Send the worker a mount of the scratch, which it passes on to the judge's supervisor."""
    try:
        mount = bubblewrap.detached("/tmp")
    except OSError:
        return  # an old system: the judge will not see the student's files
    _hand_over(control, "scratch", mount)


def _hand_over(control: socket.socket, what: str, descriptor: int) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        socket.send_fds(control, [json.dumps({what: True}).encode()], [descriptor])
    os.close(descriptor)


def _say(control: socket.socket, answer: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        control.send(json.dumps(answer).encode())


class _Guard:
    """Waits for the end of init, carrying out orders."""

    def __init__(
        self,
        init: int,
        control: socket.socket,
        proc: int,
        limits: Limits,
        job: Path,
        gate: int,
        *,
        isolated: bool,
    ) -> None:
        self.init, self.control, self.limits = init, control, limits
        self.job, self.isolated = job, isolated
        self.meter = Meter(init, proc, ("/tmp", "/dev/shm") if isolated else ())
        self.peak, self.cause, self.gate = 0, "", gate
        self.settled = False  # whether it is known what a process has that has done nothing yet
        self.cell, self.due = 0, math.inf  # the processor time at which its share is used up

    def stand(self) -> dict[str, Any]:
        """Return the last words for the worker."""
        ended = os.pidfd_open(self.init)
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.register(self.control, select.POLLIN)
        looked, wait = 0.0, LOOK
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(wait * 1000)}
            if ended in ready:
                _, status, used = os.wait4(self.init, 0)
                return {
                    "exit": os.waitstatus_to_exitcode(status),
                    "cause": self.cause,
                    "peak_mb": self.peak,
                    "cpu_seconds": round(max(self.meter.seconds, used.ru_utime + used.ru_stime), 3),
                }
            if self.control.fileno() in ready:
                self._obey()
            if time.monotonic() - looked >= wait:
                looked = time.monotonic()
                self._look()
                left = self.limits.memory_mb - self.meter.memory_mb
                wait = min(LOOK, max(SOONEST, left / SPEED))

    def _obey(self) -> None:
        order, mounts, _, _ = socket.recv_fds(self.control, 64, 1)
        word, *rest = order.decode(errors="replace").split() or ["kill"]
        if word == "interrupt":
            os.kill(self.init, signal.SIGINT)
        elif word == "cell":
            # From the last look, which is a tenth of a second old at most.
            self.cell, self.due = int(rest[0]), self.meter.seconds + float(rest[1])
        elif word == "go":
            os.write(self.gate, b"!")
        elif word == "seal":
            if self.isolated:
                bubblewrap.seal(self.job)
            self.meter.settle()
            self.settled = True
        elif word == "view" and mounts:
            if self.isolated:
                with contextlib.suppress(OSError):  # an old system: tests see no files
                    bubblewrap.show(mounts[0], VIEW)
            os.close(mounts[0])
        elif word != "view":  # kill, or the worker is gone
            self._look()  # for the last words
            self._kill("killed")

    def _kill(self, cause: str) -> None:
        if not self.cause:
            self.cause = cause
            os.kill(self.init, signal.SIGKILL)

    def _look(self) -> None:
        self.meter.look(self.limits.memory_mb)
        self.peak = max(self.peak, self.meter.memory_mb)
        if self.meter.memory_mb > self.limits.memory_mb + (0 if self.settled else STARTING):
            self._kill("memory")
        if self.meter.seconds > self.limits.cpu_seconds:
            self._kill("cpu")
        if self.meter.seconds > self.due:
            self.due = math.inf
            _say(self.control, {"over": self.cell})


def _kill_tree(init: int, proc: int) -> None:
    """Kill what outlived ``init``; behind a wall nothing can, without one everything may."""
    me = os.getpid()
    for _ in range(100):
        rest = [pid for pid in tree(me, proc) if pid != me]
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
    """Be the first process behind the wall: start the confined one, reap orphans, end likewise."""
    try:
        bubblewrap.prctl(bubblewrap.PR_SET_PDEATHSIG, bubblewrap.SIGKILL)
        if request["isolated"]:
            bubblewrap.mount_proc()
        child = os.fork()
        if child == 0:
            _run_code(request, limits, job, uid, channels)
        for descriptor in channels:
            os.close(descriptor)
        signal.signal(signal.SIGINT, lambda *_: os.kill(child, signal.SIGINT))
        while True:
            pid, status = os.wait()
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
    except BaseException as error:
        sys.stderr.write(f"init: {error!r}\n")
        sys.stderr.flush()
        os._exit(125)


def _run_code(
    request: dict[str, Any], limits: Limits, job: Path, uid: int | None, channels: list[int]
) -> NoReturn:
    """Give up every privilege, then run cells."""
    # What the zygote writes to belongs to all: of that log, confined code gets nothing.
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
        bubblewrap.confine(limits, uid=uid, isolated=request["isolated"])
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
        if request["argv"]:
            os.close(log)
            os.execvp(request["argv"][0], request["argv"])
        if judging:
            from autograder.domains import judge

            judge.main(request, channels, log)
        else:
            from autograder.domains import student

            student.main(request, channels, log)
        os._exit(0)
    except SystemExit as error:
        os._exit(error.code if isinstance(error.code, int) else 1)
    except BaseException as error:
        with contextlib.suppress(OSError):  # closed: it had started, and the exit status says all
            os.write(log, f"{request['role']}: {error!r}\n".encode())
        os._exit(125)
