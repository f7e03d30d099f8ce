"""Attacks that try to use up time, memory, processes, files or the grader's patience."""

from __future__ import annotations

from tests.hostile.attack import Attack, first, last, returning
from tests.hostile.target import WRONG

STOPPED = ("timeout", "memory", "crash")

#: Of the student's own process.
OWN = (
    Attack(
        "deaf_loop",
        "Loops without end and swallows every interrupt.",
        first("""
while True:
    try:
        while True:
            pass
    except BaseException:
        pass"""),
        verdicts=("timeout",),
    ),
    Attack(
        "blocked_signals",
        "Blocks and ignores all signals and sleeps without end.",
        first("""
import signal
import time

for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
time.sleep(1000)"""),
        verdicts=("timeout",),
    ),
    Attack(
        "regular_expression",
        "Matches a regular expression that takes for ever and cannot be interrupted.",
        first("import re\nre.match('(a+)+$', 'a' * 60 + 'b')"),
        verdicts=("timeout",),
    ),
    Attack(
        "fork_bomb",
        "Forks without end, in every child as well.",
        first("""
import os

while True:
    try:
        os.fork()
    except OSError:
        pass"""),
        verdicts=STOPPED,
    ),
    Attack(
        "threads",
        "Starts ten thousand threads that never end.",
        first("""
import threading
import time

for _ in range(10_000):
    threading.Thread(target=time.sleep, args=[1000]).start()"""),
    ),
    Attack(
        "endless_thread",
        "Leaves a thread behind that computes for ever, while later cells run.",
        first("""
import threading


def compute():
    while True:
        sum(range(10_000))


threading.Thread(target=compute).start()"""),
    ),
    Attack(
        "daemons",
        "Leaves processes behind that compute for ever, out of its session and its group.",
        first("""
import os

for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                pass
        os._exit(0)"""),
    ),
    Attack(
        "fifty_gigabytes",
        "Fills fifty gigabytes of memory.",
        first(
            "blocks = []\nfor _ in range(500):\n    blocks.append(bytearray(b'x') * 100_000_000)"
        ),
        verdicts=("memory", "timeout"),
    ),
    Attack(
        "shared_memory",
        "Fills memory that is shared, and so counted as nobody's own.",
        first("""
import mmap
import time

block = mmap.mmap(-1, 1_200_000_000)
for start in range(0, len(block), 1 << 20):
    block[start : start + (1 << 20)] = b"x" * min(1 << 20, len(block) - start)
time.sleep(1)"""),
        verdicts=("memory", "timeout"),
    ),
    Attack(
        "memory_files",
        "Fills files that exist in memory only and in no folder.",
        first("""
import os
import time

files = [os.memfd_create(f"file{number}") for number in range(100)]
for file in files:
    for _ in range(12):
        try:
            os.write(file, b"x" * (1 << 20))
        except OSError:
            break
time.sleep(1)"""),
    ),
    Attack(
        "gigabyte_of_output",
        "Prints a gigabyte.",
        first("for _ in range(1000):\n    print('x' * 1_000_000)"),
    ),
    Attack(
        "many_outputs",
        "Shows a hundred thousand small results and updates.",
        first("from IPython.display import display\nfor n in range(100_000):\n    display(n)"),
    ),
    Attack(
        "million_files",
        "Makes a million files, in folders within folders.",
        first("""
import os

for number in range(1_000_000):
    folder = f"/tmp/d{number // 1000}"
    os.makedirs(folder, exist_ok=True)
    open(f"{folder}/{number}", "w").close()"""),
    ),
    Attack(
        "full_disk",
        "Fills all that it can write to.",
        first("""
import os

for folder in (".", "/tmp", "/dev/shm", "/var/tmp"):
    for number in range(100):
        try:
            with open(f"{folder}/big{number}", "wb") as file:
                for _ in range(100):
                    file.write(b"x" * 1_000_000)
        except OSError:
            pass"""),
    ),
    Attack(
        "sparse_file",
        "Makes a file that claims to hold a thousand gigabytes.",
        first("""
import os

with open("sparse", "wb") as file:
    os.truncate("sparse", 10**12)"""),
    ),
    Attack(
        "deep_recursion",
        "Recurses until the stack is used up.",
        first("""
import sys

sys.setrecursionlimit(10**9)


class Deep:
    def __getattr__(self, name):
        return getattr(self, name + "x")
    def __repr__(self):
        return repr(self)


def dive(n):
    return [*map(dive, [n + 1])]


dive(0)"""),
    ),
    Attack(
        "open_files",
        "Opens files until no more can be had.",
        first("files = []\nwhile True:\n    files.append(open('/dev/null'))"),
    ),
    Attack(
        "closed_files",
        "Closes all file descriptors of its process.",
        first("import os\nos.closerange(0, 10_000)"),
        verdicts=STOPPED,
    ),
    Attack(
        "dies_between_cells",
        "Lets a timer end its process between two cells.",
        first("import os, threading\nthreading.Timer(0.3, os._exit, [0]).start()")
        | {"standardise": f"import time\ntime.sleep(0.5)\n{WRONG['standardise']}"},
        verdicts=STOPPED,
    ),
    Attack(
        "dies_again_and_again",
        "Ends its process in every cell.",
        dict.fromkeys(("square", "area", "fit", "count", "sketch"), "import os\nos._exit(0)"),
        verdicts=("crash",),
    ),
    Attack(
        "asks",
        "Waits for an answer at the keyboard, in its cell and in a test.",
        first("input('Are you there? ')") | returning("input()", names=("area",)),
    ),
    Attack(
        "stops_itself",
        "Stops its own process with a signal that cannot be ignored.",
        first("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
        verdicts=("timeout",),
    ),
    Attack(
        "raised_limits",
        "Raises its own limits, priority and share, as far as the system lets it.",
        first("""
import os
import resource

for name in dir(resource):
    if name.startswith("RLIMIT"):
        for most in (resource.RLIM_INFINITY, 1 << 40, 1 << 20):
            try:
                resource.setrlimit(getattr(resource, name), (most, most))
                print("RAISED" if resource.getrlimit(getattr(resource, name))[1] == most else "")
            except (OSError, ValueError) as error:
                print(error)
for act in (lambda: os.nice(-20), lambda: os.setpriority(os.PRIO_PGRP, 0, -20),
            lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))):
    try:
        act()
    except OSError as error:
        print(error)"""),
    ),
    Attack(
        "never_goes",
        "Refuses to end when it is told to: exit handlers and destructors that never return.",
        last("""
import atexit
import signal
import time

atexit.register(time.sleep, 1000)
signal.signal(signal.SIGTERM, lambda *given: time.sleep(1000))


class Stay:
    def __del__(self):
        while True:
            pass


stay = Stay()"""),
    ),
)
