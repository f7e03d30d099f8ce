"""Looks from the inside at the walls around a notebook, as whoever runs this.

``python -m tests.autograder.walls FACTS`` looks as an ordinary user, where root started it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from autograder.execute.notebook_run import execute
from autograder.execute.zygote import Zygote
from autograder.model import Verdict
from autograder.sandbox import bubblewrap
from tests.autograder.building import asserts, ended, job, solution

ROOT = Path(__file__).parents[2]
NOBODY = 65534
LIMITS = {"scratch_mb": 20, "file_mb": 5, "processes": 40, "open_files": 128}
#: Each prints one JSON value.
PROBES = {
    "status": """
    lines = open("/proc/self/status").read().splitlines()
    fields = dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
    say({k: fields[k].strip() for k in ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff",
         "CapBnd", "CapAmb", "NoNewPrivs")})
    """,
    "processes": """
    say(sorted(int(n) for n in os.listdir("/proc") if n.isdecimal()) + [os.getpid()])
    """,
    "signal": """
    results = []
    mine = {int(name) for name in os.listdir("/proc/self/task")}
    for pid in range(1, 400):
        if pid not in mine:
            try:
                os.kill(pid, signal.SIGKILL)
                results.append(pid)
            except OSError:
                pass
    say(results)
    """,
    "peek": """
    found = []
    for name in ("environ", "mem", "cwd", "root", "maps", "fd/0", "fd/1", "fd/2"):
        for look in (os.readlink, os.listdir, open):
            try:
                look("/proc/1/" + name).read(1)
                found.append(name)
            except AttributeError:  # a link or a list of names
                found.append(name)
            except OSError:
                pass
    say(found)
    """,
    "descriptors": """
    say(sorted({os.readlink("/proc/self/fd/" + n).partition("[")[0].partition(":")[0]
         for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n)
         or os.path.islink("/proc/self/fd/" + n)}))
    """,
    "disk": """
    say([sorted(os.listdir("/")), [str(p) for p in pathlib.Path("/tmp").glob("ag-*/jobs/*")],
         os.path.exists(SECRET), os.path.exists("/etc/passwd"), os.path.exists("/sys"),
         os.path.exists("/tmp/earlier"), os.path.exists("/dev/shm/earlier"),
         sorted(os.listdir("/dev")), os.getcwd()])
    """,
    "write": """
    results = []
    places = ["/", "/usr", "/etc", "/dev", "/proc/sys/kernel", sys.prefix,
              *map(str, pathlib.Path(sys.prefix).parents), *[p for p in sys.path if p],
              str(next(pathlib.Path("/tmp").glob("ag-*/jobs/*")))]
    for place in places:
        try:
            open(place + "/mark", "w").close()
            results.append(place)
        except OSError:
            pass
    say(results)
    """,
    "change": """
    libc, refused = ctypes.CDLL(None, use_errno=True), []
    job = str(next(pathlib.Path("/tmp").glob("ag-*/jobs/*")))
    refused.append(libc.mount(b"none", job.encode(), None, 32 | 4096, None))  # writable again
    refused.append(libc.umount2(b"/tmp", 2))
    refused.append(libc.umount2(b"/proc", 2))
    refused.append(libc.ptrace(16, 1, None, None))
    refused.append(libc.setuid(0))
    refused.append(libc.chroot(b"/tmp"))
    say(refused)
    """,
    "network": """
    results = [socket.socket().connect_ex(("127.0.0.1", PORT)) == 0]
    try:
        socket.socket(socket.AF_UNIX).connect("\\0" + ABSTRACT)
        results.append(True)
    except OSError:
        results.append(False)
    try:
        socket.getaddrinfo("example.org", 80)
        results.append(True)
    except OSError:
        results.append(False)
    interfaces = pathlib.Path("/proc/net/dev").read_text().splitlines()[2:]
    say(results + [[line.partition(":")[0].strip() for line in interfaces]])
    """,
    "environment": "say(dict(os.environ))",
    "limits": """
    say({n: resource.getrlimit(getattr(resource, n)) for n in
         ("RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_NPROC")})
    """,
    "raise limits": """
    try:
        resource.setrlimit(resource.RLIMIT_NPROC, (5000, 5000))
        say("raised")
    except (OSError, ValueError) as error:
        say("refused")
    """,
    "full": """
    written = 0
    try:
        for n in range(100):
            with open(str(n), "wb", buffering=0) as f:
                written += f.write(bytes(1 << 20))
    except OSError as error:
        say([error.strerror, written])
    for n in range(100):
        pathlib.Path(str(n)).unlink(missing_ok=True)
    """,
    "many": """
    try:
        for n in range(100_000):
            open(f"n{n}", "w").close()
    except OSError as error:
        say([error.strerror, n])
    for path in pathlib.Path().glob("n*"):
        path.unlink()
    """,
    "large": """
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with open("large", "wb", buffering=0) as f:
            for n in range(100):
                f.write(bytes(1 << 20))
    except OSError as error:
        say([error.strerror, n])
    os.unlink("large")
    """,
    "open": """
    held = []
    try:
        while True:
            held.append(open("/dev/null"))
    except OSError as error:
        del held[-5:]
        say([error.strerror, len(held)])
    del held
    """,
    "fork bomb": """
    children = []
    try:
        while len(children) < 5000:
            pid = os.fork()
            if pid == 0:
                time.sleep(30)
                os._exit(0)
            children.append(pid)
    except OSError as error:
        pass
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    say(len(children))
    """,
}
#: What a student's process can do to the judge while the judge waits for it, and the reverse.
NEIGHBOURS = (
    solution(
        """
import glob, json, os, pathlib, signal, socket

def reach():
    found = {"processes": sorted(int(n) for n in os.listdir("/proc") if n.isdecimal()),
             "itself": os.getpid(), "jobs": len(glob.glob("/tmp/ag-*/jobs/*")), "open": []}
    for name in ("/tmp/of_judge", os.path.abspath("of_judge"), "/dev/shm/of_judge", "/tmp/.student",
                 *(f"/proc/{pid}/{name}" for pid in found["processes"] if pid != os.getpid()
                   for name in ("mem", "environ", "maps", "fd/3", "root/tmp/of_judge"))):
        try:
            open(name).close()
            found["open"].append(name)
        except OSError:
            pass
    for number in range(3, 200):  # no name of the judge's is behind any descriptor
        try:
            found["open"] += [n for n in os.listdir(f"/proc/self/fd/{number}") if "judge" in n]
        except OSError:
            pass
    with socket.socket(socket.AF_UNIX) as one:
        found["socket"] = one.connect_ex("\\0of_judge") == 0
    os.symlink("/proc/self/environ", "link")
    return json.dumps(found)
""",
        "reach",
    ),
    asserts(
        """
import json, os, pathlib, socket
listening = socket.socket(socket.AF_UNIX)
listening.bind("\\0of_judge")
listening.listen()
for place in ("/tmp", "/tmp/work", "/dev/shm"):
    pathlib.Path(place, "of_judge").write_text("hidden")
found = json.loads(reach())
scratch = pathlib.Path("/tmp/.student/work")
found["read"] = sorted(path.name for path in scratch.iterdir() if not path.name.startswith("."))
for name, attempt in {
    "write": lambda: (scratch / "mark").write_text("x"),
    "follow": lambda: (scratch / "link").read_text(),
}.items():
    try:
        found[name] = bool(attempt())
    except OSError as error:
        found[name] = error.strerror
found["of judge"] = sorted(int(n) for n in os.listdir("/proc") if n.isdecimal()) + [os.getpid()]
print(json.dumps(found))
"""
    ),
)
PREAMBLE = (
    "import ctypes, json, os, pathlib, resource, signal, socket, sys, time\n"
    "say = lambda value: print(json.dumps(value))\n"
)


def look(facts: dict[str, Any]) -> dict[str, Any]:
    """Return what each probe found in a notebook that was graded while another one was."""
    earlier = "for p in ('/tmp', '/dev/shm'): open(p + '/earlier', 'w').write('x')"
    known = "\n".join(f"{name} = {value!r}" for name, value in facts.items())
    cells = [
        source if "\n" not in source else "\n".join(line[4:] for line in source.splitlines())
        for source in PROBES.values()
    ]
    with Zygote(["numpy"]) as zygote:

        def run(*cells: Any, **limits: int) -> Any:
            return ended(asyncio.run(execute(job(*cells, **limits), zygote)))

        first = run(earlier)
        assert first.verdicts == [Verdict.PASS], first.failure
        neighbour = threading.Thread(target=run, args=["import time\ntime.sleep(2)"])
        neighbour.start()
        done = run(PREAMBLE + known, *cells, **LIMITS)
        neighbour.join()
        both = run(*NEIGHBOURS)
    assert both.verdicts == [Verdict.PASS] * 2, (both.failure, both.messages)
    assert set(done.verdicts) == {Verdict.PASS}, (done.failure, done.messages)
    found = {name: json.loads(done.printed(i)) for i, name in enumerate(PROBES, start=1)}
    return {**found, "neighbours": json.loads(both.printed(1))}


def look_as_nobody(facts: dict[str, Any]) -> dict[str, Any]:
    """Likewise as an ordinary user, for whom the way to this Python may have to be opened."""
    closed = {
        parent
        for path in [ROOT, *bubblewrap.python_paths([])]
        for parent in path.parents
        if not parent.stat().st_mode & 0o001
    }
    argv = [str(bubblewrap.find_bwrap()), "--cap-add", "ALL", "--dev-bind", "/", "/"]
    for parent in sorted(closed):
        argv += ["--perms", "0755", "--tmpfs", str(parent)]
    for path in [ROOT, *bubblewrap.python_paths([])]:
        if any(path.is_relative_to(parent) for parent in closed):
            for parent in reversed(path.parents[:-1]):
                argv += ["--perms", "0755", "--dir", str(parent)]
            argv += ["--ro-bind", str(path), str(path)]
    argv += [sys.executable, "-m", "tests.autograder.walls", json.dumps(facts)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


if __name__ == "__main__":
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    print(json.dumps(look(json.loads(sys.argv[1]))))  # noqa: T201 -- a program's output
