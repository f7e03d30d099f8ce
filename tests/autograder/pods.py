"""Runs a program as a pod would: as an ordinary user, behind what container runtimes put around."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.sandbox import bubblewrap, seccomp

ROOT = Path(__file__).parents[2]
NOBODY = 65534
#: What container runtimes cover of /proc, in two of their ways.
MASKS = ("--ro-bind", "/proc/sys", "/proc/sys", "--ro-bind", "/dev/null", "/proc/timer_list")
VARIABLES = {"HOME": "/tmp", "KUBERNETES_SERVICE_HOST": "10.0.0.1", "PYTHONPATH": str(ROOT)}
#: Ends the privileges that made the pod, if any, and becomes the program.
ENTER = (
    "import os, sys\n"
    f"if os.getuid() == 0: os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def default_filter() -> bytes:
    """Return a filter that refuses what RuntimeDefault refuses of what the walls call."""
    architecture, column = seccomp.MACHINES[platform.machine()]
    refused = [seccomp.REFUSED[name][1 + column] for name in ("unshare", "mount", "setns")]
    clone = seccomp.LOOKED_AT["clone"][column]
    program = [
        (seccomp.LOAD, 0, 0, seccomp.ARCHITECTURE),
        (seccomp.EQUAL, 1, 0, architecture),
        (seccomp.RETURN, 0, 0, seccomp.RET_ALLOW),
        (seccomp.LOAD, 0, 0, seccomp.NUMBER),
    ]
    for number in refused:
        program += [
            (seccomp.EQUAL, 0, 1, number),
            (seccomp.RETURN, 0, 0, seccomp.RET_ERRNO | errno.EPERM),
        ]
    program += [
        (seccomp.EQUAL, 0, 3, clone),
        (seccomp.LOAD, 0, 0, seccomp.ARGUMENT),
        (seccomp.ANY_BIT, 0, 1, seccomp.NAMESPACES),
        (seccomp.RETURN, 0, 0, seccomp.RET_ERRNO | errno.EPERM),
        (seccomp.RETURN, 0, 0, seccomp.RET_ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


@contextlib.contextmanager
def started(
    words: Sequence[str],
    *,
    masked: bool = False,
    filtered: bool = False,
    exhausted: bool = False,
    network: bool = False,
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run Python with these words in a pod, which refuses what it is told to."""
    bwrap = str(bubblewrap.find_bwrap())
    root = bubblewrap.privileged()
    argv = [bwrap, *(("--cap-add", "ALL") if root else ("--unshare-user",)), "--die-with-parent"]
    # /proc as it is, so that nothing covers it but what is told to.
    argv += ["--dev-bind", "/", "/", "--unshare-ipc"]
    argv += ["--perms", "1777", "--tmpfs", "/tmp"]
    argv += [] if network else ["--unshare-net"]
    argv += _opened() + (list(MASKS) if masked else [])
    for name, value in {**VARIABLES, **(env or {})}.items():
        argv += ["--setenv", name, value]
    passed = []
    if filtered:
        end, start = os.pipe()
        os.write(start, default_filter())
        os.close(start)
        argv += ["--seccomp", str(end)]
        passed = [end]
    argv += ["--chdir", "/tmp", sys.executable, "-c", ENTER]
    if exhausted:
        argv += [bwrap, "--unshare-user", "--disable-userns", "--dev-bind", "/", "/"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    argv += [sys.executable, *words]
    # A change of user ends the bond by which bubblewrap's child would end with it.
    process = subprocess.Popen(argv, **pipes, text=True, pass_fds=passed, start_new_session=True)
    for descriptor in passed:
        os.close(descriptor)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def run(words: Sequence[str], **options: Any) -> tuple[int, str, str]:
    """Do so and wait; return the status, the output and the complaints."""
    with started(words, **options) as process:
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


def _opened() -> list[str]:
    """Return the options that open an ordinary user's way to this Python and to this checkout."""
    shown = [ROOT, *bubblewrap.python_paths([])]
    closed = {p for path in shown for p in path.parents if not p.stat().st_mode & 0o001}
    options = []
    for parent in sorted(closed):
        options += ["--perms", "0755", "--tmpfs", str(parent)]
    for path in shown:
        if any(path.is_relative_to(parent) for parent in closed) or path.is_relative_to("/tmp"):
            for parent in reversed(path.parents[:-1]):
                options += ["--perms", "0755", "--dir", str(parent)]
            options += ["--ro-bind", str(path), str(path)]
    return options
