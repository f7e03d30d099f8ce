import ctypes
import errno
import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.model import Verdict
from autograder.sandbox import bubblewrap, seccomp
from tests.autograder.building import asserts, solution

ROOT = Path(__file__).parents[3]
#: Attempts that a submission could make, each a call of ours with the error that it must get.
ATTEMPTS = (
    ("clone", (0x10000000 | 17, 0, 0, 0, 0), errno.EPERM),  # a new user namespace
    ("clone", (0x00020000 | 17, 0, 0, 0, 0), errno.EPERM),  # a new mount namespace
    ("clone", (0x40000000 | 17, 0, 0, 0, 0), errno.EPERM),  # a new network namespace
    ("socket", (16, 3, 0), errno.EOPNOTSUPP),  # netlink
    ("socket", (17, 3, 0), errno.EOPNOTSUPP),  # packets
    ("socket", (38, 5, 0), errno.EOPNOTSUPP),  # the kernel's cryptography
    ("socket", (40, 1, 0), errno.EOPNOTSUPP),  # from a guest to its host
    ("socket", (10, 1, 0), errno.EOPNOTSUPP),  # IPv6
    ("socketpair", (30, 1, 0, 0), errno.EOPNOTSUPP),  # TIPC
    ("ioctl", (0, 0x5412, 0), errno.EPERM),  # typing into a terminal
    ("ioctl", (0, 0x541C, 0), errno.EPERM),  # the same on a console
    ("ioctl", (0, 0x1_0000_5412, 0), errno.EPERM),  # the kernel looks at 32 bits only
    ("personality", (0x0040000,), errno.EPERM),  # addresses that are not random
    ("sendto", (0, 0, 0, 0x4001, 0, 0), errno.EOPNOTSUPP),  # out of band
    ("sendmsg", (0, 0, 1), errno.EOPNOTSUPP),
    ("sendmmsg", (0, 0, 0, 1), errno.EOPNOTSUPP),
    *((name, (0, 0, 0, 0, 0, 0), error) for name, (error, *_) in seccomp.REFUSED.items()),
)
#: Calls that no submission may make, by name.
MATTER = """
    ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd unshare setns clone3 mount umount2
    pivot_root chroot open_tree move_mount fsopen fsmount fsconfig fspick mount_setattr bpf
    perf_event_open userfaultfd add_key request_key keyctl kexec_load kexec_file_load init_module
    finit_module delete_module reboot swapon swapoff acct quotactl settimeofday clock_settime
    adjtimex syslog iopl ioperm io_uring_setup io_uring_enter io_uring_register name_to_handle_at
    open_by_handle_at nfsservctl vhangup memfd_create memfd_secret shmget
"""


def number(name):
    """Return a call's number on this machine."""
    both = seccomp.LOOKED_AT.get(name) or seccomp.REFUSED[name][1:]
    return both[seccomp.MACHINES[platform.machine()][1]]


def attempts():
    """Return what of `ATTEMPTS` there is on this machine: a name, the call, the error."""
    return [
        (f"{name}{arguments}", [number(name), *arguments], error)
        for name, arguments, error in ATTEMPTS
        if number(name) is not None
    ]


def in_process(source):
    """Run Python under the filter in a process of its own."""
    head = (
        "import ctypes, json, os, sys\nfrom autograder.sandbox import bubblewrap, seccomp\n"
        "bubblewrap.prctl(bubblewrap.PR_SET_NO_NEW_PRIVS, 1)\nseccomp.install()\n"
    )
    argv = [sys.executable, "-c", head + source]
    return subprocess.run(argv, capture_output=True, text=True, cwd=ROOT)


TRY = """
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.argtypes = [ctypes.c_long] * 7
libc.syscall.restype = ctypes.c_long
def attempt(call):
    ctypes.set_errno(0)
    return [libc.syscall(*call, *[0] * (7 - len(call))), ctypes.get_errno()]
"""


@pytest.mark.sandbox
def test_what_a_submission_has_no_use_for_is_refused(run):
    calls = attempts()
    done = run(
        "import ctypes, json\n" + TRY.strip(),
        f"print(json.dumps([attempt(call) for call in {[call for _, call, _ in calls]}]))",
    )
    assert done.verdicts == [Verdict.PASS] * 2, done.messages
    found = json.loads(done.printed(1))
    wrong = {
        name: got for (name, _, error), got in zip(calls, found, strict=True) if got != [-1, error]
    }
    assert wrong == {}


def test_no_call_that_matters_was_forgotten():
    """By name, since the test above knows only what the filter knows."""
    assert seccomp.REFUSED.keys() >= set(MATTER.split())


@pytest.mark.sandbox
def test_the_judge_is_filtered_too(run):
    done = run(
        asserts(
            "import os\n"
            "with open('/proc/self/status') as status:\n"
            "    mode = [line.split()[1] for line in status if line.startswith('Seccomp:')]\n"
            "assert mode == ['2']"
        )
    )
    assert done.verdicts == [Verdict.PASS], done.messages


def test_without_the_filter_the_same_call_is_made():
    """Else the test above would hold on any system on which root may nothing."""
    if not bubblewrap.privileged():
        pytest.skip("only root may make such calls")
    argv = [sys.executable, "-c", "import ctypes\nprint(ctypes.CDLL(None).unshare(0x04000000))"]
    assert subprocess.run(argv, capture_output=True, text=True).stdout == "0\n"


def test_a_call_in_another_machine_s_language_ends_the_process():
    if platform.machine() != "x86_64":
        pytest.skip("x32 is a matter of x86_64")
    getpid_x32 = seccomp.X32 | 39
    done = in_process(f"ctypes.CDLL(None).syscall({getpid_x32})")
    assert done.returncode == -31  # SIGSYS


def test_asking_for_the_personality_is_allowed():
    done = in_process("print(ctypes.CDLL(None).personality(0xffffffff))")
    assert done.stdout == "0\n", done.stderr


@pytest.mark.sandbox
def test_ordinary_work_is_not_disturbed(run):
    done = run(
        "import subprocess\nprint(subprocess.run(['echo', 'hello'], capture_output=True).stdout)",
        "import multiprocessing, os\n"
        "def double(x): return 2 * x\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    print(pool.map(double, [1, 2, 3]))",
        "from multiprocessing import shared_memory\n"
        "one = shared_memory.SharedMemory(create=True, size=4096)\n"
        "two = shared_memory.SharedMemory(one.name)\n"
        "one.buf[0] = 7\nprint(two.buf[0])\none.unlink()",
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as pool: print(sum(pool.map(abs, range(-3, 3))))",
        "import asyncio\n"
        "async def wait():\n    await asyncio.sleep(0.01)\n    return 'waited'\n"
        "print(await wait())",
        "import mmap\nm = mmap.mmap(-1, 4096)\nm[0] = 9\nprint(m[0])",
        "import numpy as np, matplotlib.pyplot as plt\nplt.plot(np.arange(3))\nplt.show()",
        "import socket\na, b = socket.socketpair()\na.send(b'x')\nprint(b.recv(1))",
        "import urllib.request\n"
        "try: urllib.request.urlopen('http://example.org')\n"
        "except OSError as error: print('no network')",
        "!echo shell",
        solution("def f(x):\n    return x + 1"),
        asserts("assert f(1) == 2"),
    )
    assert set(done.verdicts) == {Verdict.PASS}, done.messages
    printed = [done.printed(i).strip() for i in range(10)]
    assert printed[:6] == ["b'hello\\n'", "[2, 4, 6]", "7", "9", "waited", "9"]
    assert printed[7:] == ["b'x'", "no network", "shell"]


@pytest.mark.slow
@pytest.mark.sandbox
def test_training_a_network_is_not_disturbed(run):
    done = run(
        "import keras, numpy as np\nkeras.utils.set_random_seed(0)\n"
        "model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n"
        "model.compile(optimizer='sgd', loss='mse')\n"
        "history = model.fit(np.ones((64, 3)), np.ones(64), epochs=2, verbose=0)\n"
        "model.save('model.keras')\n"
        "print(keras.models.load_model('model.keras').count_params())",
        cell_seconds=300,
        cell_cpu_seconds=200,
    )
    assert done.verdicts == [Verdict.PASS], done.messages
    assert done.printed() == "4\n"


def test_both_machines_numbers_are_those_of_libseccomp():
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        pytest.skip("libseccomp is not installed")
    resolve = library.seccomp_syscall_resolve_name_arch
    resolve.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    new = {"open_tree_attr"}  # of Linux 6.15
    ours = {name: numbers for name, (_, *numbers) in seccomp.REFUSED.items() if name not in new}
    for machine, (architecture, column) in seccomp.MACHINES.items():
        for name, numbers in {**ours, **seccomp.LOOKED_AT}.items():
            number = resolve(architecture, name.encode())
            assert (number if number >= 0 else None) == numbers[column], (machine, name)


def test_an_unknown_machine_is_named():
    with pytest.raises(OSError, match="no system-call filter for riscv64, only for x86_64 and"):
        seccomp.assemble("riscv64")


def test_a_system_that_refuses_the_filter_says_so(monkeypatch):
    monkeypatch.setattr(seccomp, "assemble", lambda machine: b"\0" * 8)  # no program ends so
    with pytest.raises(OSError, match="system-call filter: "):
        seccomp.install()
