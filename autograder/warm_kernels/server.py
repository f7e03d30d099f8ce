"""A process that imports modules once and forks ordinary Jupyter kernels that share them.

It is for people's own notebooks: what it forks has its owner's rights, environment and files, and
no limits. (Grading has a process of its own, `autograder.execute.zygote`.)
`autograder.warm_kernels.provisioner` starts it as ``python -m autograder.warm_kernels.server
CONTROL MODULE...``, where CONTROL is the descriptor of a sequenced-packet socket. On that it says
``{"ready": true}`` or ``{"failed": why}``, once; then it takes requests ``{"arguments": ...,
"cwd": ..., "env": ...}``, each with the descriptor of another such socket, the kernel's line. On
the line it says ``{"pid": ...}`` and, in the end, ``{"exit": ...}``. It and all its kernels end
when its owner does.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import importlib.util
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any

from autograder.sandbox import bubblewrap
from autograder.warm_kernels import preload

#: More than any environment holds.
LARGEST_REQUEST = 1 << 20
#: What a kernel sets for matplotlib, which reads it when it is imported.
INLINE = "module://matplotlib_inline.backend_inline"


class Kernels:
    """The kernels that were forked, and the sockets on which their owner hears of them."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._running: dict[int, tuple[int, socket.socket]] = {}  # by process descriptor
        self._ended: dict[int, tuple[int, socket.socket]] = {}  # by line
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def serve(self) -> dict[str, Any] | None:
        """Fork until the owner is gone.

        Returns
        -------
        dict or None
            In each fork the request, in the process itself None.
        """
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._running:
                    self._report(descriptor)
                elif descriptor in self._ended:
                    self._bury(descriptor)
                else:
                    message, lines, _, _ = socket.recv_fds(self._control, LARGEST_REQUEST, 1)
                    if not message:
                        return None
                    request = json.loads(message)
                    if self._fork(socket.socket(fileno=lines[0])):
                        return request

    def _fork(self, line: socket.socket) -> bool:
        """Fork; True in the fork."""
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            pid = os.fork()
        except OSError as error:
            say(line, {"failed": f"no process could be forked: {error.strerror}"})
            line.close()
            return False
        if pid == 0:
            line.close()
            self._forget()
            return True
        process = os.pidfd_open(pid)
        self._running[process] = pid, line
        self._poll.register(process, select.POLLIN)
        if not say(line, {"pid": pid}):  # nobody waits for it any more
            os.kill(pid, signal.SIGKILL)
        return False

    def _report(self, process: int) -> None:
        """Say how a kernel ended, and keep its number from being used again until that is read."""
        pid, line = self._running.pop(process)
        self._poll.unregister(process)
        os.close(process)
        end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert end is not None  # only WNOHANG gives None
        say(line, {"exit": end.si_status if end.si_code == os.CLD_EXITED else -end.si_status})
        self._ended[line.fileno()] = pid, line
        self._poll.register(line, select.POLLIN)

    def _bury(self, descriptor: int) -> None:
        pid, line = self._ended.pop(descriptor)
        self._poll.unregister(descriptor)
        line.close()
        os.waitpid(pid, 0)

    def _forget(self) -> None:
        """Close what is the parent's alone: a line that anyone holds open does not end."""
        self._control.close()
        for process, (_, line) in self._running.items():
            os.close(process)
            line.close()
        for _, line in self._ended.values():
            line.close()


def say(line: socket.socket, what: dict[str, Any]) -> bool:
    """Send a message; False where nobody listens."""
    try:
        line.send(json.dumps(what).encode())
    except OSError:
        return False
    return True


def warm(modules: Sequence[str]) -> dict[str, Any]:
    """Import ``modules``; return what to say to the owner."""
    for name in (*preload.MODULES, "sqlite3", *modules):  # sqlite3 for a kernel's history
        try:
            importlib.import_module(name)
        except Exception as error:
            return {"failed": f"'{name}' could not be imported ({type(error).__name__}: {error})"}
    preload.show_an_error()
    gc.collect()
    gc.freeze()  # so that no fork copies pages only to visit objects that never go away
    return {"ready": True}


def become_kernel(request: dict[str, Any], parent: int, set_by_imports: dict[str, str]) -> None:
    """Do what ``python -m ipykernel_launcher`` does."""
    from ipykernel import kernelapp

    os.setsid()  # as jupyter_client's launcher does, so that signals reach the kernel's children
    bubblewrap.prctl(bubblewrap.PR_SET_PDEATHSIG, bubblewrap.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    os.environ.clear()
    os.environ.update({**request["env"], **set_by_imports, "JPY_PARENT_PID": str(parent)})
    os.chdir(request["cwd"])
    if "numpy" in sys.modules:  # else all kernels would draw the same numbers; Python's own differ
        sys.modules["numpy"].random.seed()
    launcher = importlib.util.find_spec("ipykernel_launcher")
    assert launcher is not None  # it comes with ipykernel
    sys.argv = [str(launcher.origin), *request["arguments"]]
    kernelapp.launch_new_instance()


def main(argv: Sequence[str]) -> None:
    """Import, then serve the socket whose descriptor is ``argv[0]``."""
    control, me = socket.socket(fileno=int(argv[0])), os.getpid()
    del sys.path[0]  # the working directory, which `-m` put there; a kernel puts its own
    os.environ["JPY_PARENT_PID"] = str(me)  # ipykernel reads it when it is imported
    if not os.environ.get("MPLBACKEND"):
        os.environ["MPLBACKEND"] = INLINE
    # While imports run nobody reads the socket: its closing is a signal, which ends the process.
    fcntl.fcntl(control, fcntl.F_SETOWN, me)
    flags = fcntl.fcntl(control, fcntl.F_GETFL)
    fcntl.fcntl(control, fcntl.F_SETFL, flags | os.O_ASYNC)
    before = dict(os.environ)
    answer = warm(argv[1:])
    set_by_imports = {n: value for n, value in os.environ.items() if before.get(n) != value}
    fcntl.fcntl(control, fcntl.F_SETFL, flags)
    if say(control, answer) and "ready" in answer:
        request = Kernels(control).serve()
        if request is not None:
            become_kernel(request, me, set_by_imports)
            return
    # Python would wait for threads that imports have started, and they may never end.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
