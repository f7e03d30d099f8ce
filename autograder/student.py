"""Turns a fresh fork of the zygote into the isolated kernel that runs one student's notebook.

Three processes, each the parent of the next:

- the *warden* (`watch`) stays outside the inner wall, watches memory and time, takes orders over
  the lifeline and says on it how the kernel ended;
- *init* is process 1 behind the wall: when it goes, the system kills all that is left there;
- the *kernel* is an ordinary IPython kernel without privileges, talking over IPC sockets.

The lifeline is a sequenced-packet socket to the worker. Orders: ``interrupt``, ``seal``, ``kill``;
its closing means kill. Answers, one of: ``{"refused": why}``, ``{"exit": ..., "cause": ...}``.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
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


def watch(request: dict[str, Any], lifeline: socket.socket, uid: int | None) -> NoReturn:
    """Run in a fork of the zygote until its kernel has ended; never returns.

    Parameters
    ----------
    request
        ``job`` (directory shared with the worker), ``connection_file``, ``isolated``, ``shown``
        (directories that stay readable), ``seed``, ``env`` and ``limits``.
    lifeline
        The socket to the worker.
    uid
        The user id for the kernel, or None for the zygote's own.
    """
    limits = Limits(**request["limits"])
    job = Path(request["job"])
    try:
        os.setsid()
        proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        if request["isolated"]:
            shown = [Path(name) for name in request["shown"]]
            sandbox.enter(job, shown=shown, scratch_mb=limits.scratch_mb, uid=uid)
        else:
            sandbox.prctl(sandbox.PR_SET_CHILD_SUBREAPER, 1)
        init = os.fork()
    except OSError as error:
        _say(lifeline, {"refused": str(error)})
        os._exit(1)
    if init == 0:
        lifeline.close()
        os.close(proc)  # through it, the whole disk outside of the inner wall could be reached
        _init(request, limits, job, uid)
    try:
        answer = _guard(init, lifeline, proc, limits, job, sealing=request["isolated"])
    except Exception as error:  # whatever it was, the worker must hear of it
        answer = {"refused": f"the warden failed: {error!r}"}
    _kill_tree(init, proc)
    _say(lifeline, answer)
    os._exit(0)


def _say(lifeline: socket.socket, answer: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        lifeline.send(json.dumps(answer).encode())


def _guard(
    init: int, lifeline: socket.socket, proc: int, limits: Limits, job: Path, *, sealing: bool
) -> dict[str, Any]:
    """Wait for the end of ``init``, carrying out orders; return the answer for the worker."""
    ended = os.pidfd_open(init)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(lifeline, select.POLLIN)
    shared, cause, peak, looked = 0, "", 0, 0.0
    while True:
        ready = {descriptor for descriptor, _ in poll.poll(LOOK * 1000)}
        if ended in ready:
            _, status = os.waitpid(init, 0)
            return {"exit": os.waitstatus_to_exitcode(status), "cause": cause, "peak_mb": peak}
        if lifeline.fileno() in ready:
            order = lifeline.recv(64)
            if order == b"interrupt":
                os.kill(init, signal.SIGINT)
            elif order == b"seal":
                if sealing:
                    sandbox.seal(job)
                shared = max(_use(pid, proc)[0] for pid in _tree(init, proc))
            else:  # kill, or the worker is gone
                os.kill(init, signal.SIGKILL)
                cause = cause or "killed"
        if time.monotonic() - looked >= LOOK:
            looked = time.monotonic()
            uses = [_use(pid, proc) for pid in _tree(init, proc)]
            used = sum(max(0, memory - shared) for memory, _ in uses)
            peak = max(peak, used)
            over = "memory" if used > limits.memory_mb else ""
            if sum(seconds for _, seconds in uses) > limits.cpu_seconds:
                over = "cpu"
            if over and not cause:
                cause = over
                os.kill(init, signal.SIGKILL)


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


def _init(request: dict[str, Any], limits: Limits, job: Path, uid: int | None) -> NoReturn:
    """Be the first process behind the wall: start the kernel, bury orphans, end as it ends."""
    try:
        sandbox.prctl(sandbox.PR_SET_PDEATHSIG, sandbox.SIGKILL)
        if request["isolated"]:
            sandbox.mount_proc()
        kernel = os.fork()
        if kernel == 0:
            _kernel(request, limits, job, uid)
        signal.signal(signal.SIGINT, lambda *_: os.kill(kernel, signal.SIGINT))
        while True:
            pid, status = os.wait()
            if pid == kernel:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
    except BaseException as error:
        sys.stderr.write(f"init: {error!r}\n")
        sys.stderr.flush()
        os._exit(125)


def _kernel(request: dict[str, Any], limits: Limits, job: Path, uid: int | None) -> NoReturn:
    """Give up every privilege, then be a Jupyter kernel."""
    # What the zygote writes to belongs to all: of that log, a student's code gets nothing.
    log = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        scratch = Path("/tmp/work") if request["isolated"] else job / "work"
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
        sys.path.insert(0, "")  # as in any kernel: modules beside the notebook can be imported
        sys.argv = ["kernel"]
        _seed(int(request["seed"], 16))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)

        from ipykernel.kernelapp import IPKernelApp

        app = IPKernelApp.instance(log_level=40)
        app.initialize(["-f", request["connection_file"], "--HistoryManager.enabled=False"])
        os.close(log)
        app.start()
        os._exit(0)
    except SystemExit as error:
        os._exit(error.code if isinstance(error.code, int) else 1)
    except BaseException as error:
        with contextlib.suppress(OSError):  # closed: it had started, and the exit status says all
            os.write(log, f"kernel: {error!r}\n".encode())
        os._exit(125)


def _seed(seed: int) -> None:
    """Seed every generator that a student may have forgotten to seed."""
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed % 2**32)
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(seed % 2**31)
