import mmap
import os
import subprocess
import sys

import pytest

from autograder.sandbox import accounting
from autograder.sandbox.accounting import Meter
from tests.autograder.building import wait_for

MUCH = 1 << 20  # MB


@pytest.fixture
def proc():
    descriptor = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def child():
    """Return a function that starts a Python program, which then says when it is ready."""
    started = []

    def child(source):
        program = f"import os, time\n{source}\nprint(flush=True)\ntime.sleep(60)"
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, process_group=0
        )
        started.append(process)
        process.stdout.readline()
        return process.pid

    yield child
    for process in started:
        os.killpg(process.pid, 9)
        process.stdout.close()
        process.wait()


def looked(pid, proc, most_mb=MUCH):
    meter = Meter(pid, proc)
    meter.look(most_mb)
    return meter


def test_processor_time_and_memory_of_the_whole_tree_are_counted(proc, child):
    pid = child(
        "if os.fork() == 0:\n    time.sleep(60)\n"
        "if os.fork() == 0:\n"
        "    x = bytearray(80 << 20)\n"
        "    while time.process_time() < 0.5: pass\n"
        "    time.sleep(60)\n"
    )
    assert len(accounting.tree(pid, proc)) == 3
    assert pid in accounting.tree(os.getpid(), proc)
    wait_for(lambda: looked(pid, proc).seconds >= 0.3 and looked(pid, proc).memory_mb >= 80)


def test_a_process_that_has_gone_uses_nothing(proc):
    assert accounting.use(2**22 - 1, proc) == accounting._Use()


def test_what_there_was_before_is_not_counted(proc, child):
    pid = child("x = bytearray(200 << 20)")
    meter = Meter(pid, proc)
    meter.look(MUCH)
    assert meter.memory_mb >= 200
    meter.settle()
    meter.look(MUCH)
    assert meter.memory_mb == 0


def test_what_a_fork_shares_with_its_parent_is_counted_once_where_it_matters(proc, child):
    pid = child(
        "x = bytearray(100 << 20)\n"
        "for _ in range(3):\n    if os.fork() == 0:\n        time.sleep(60)"
    )
    wait_for(lambda: looked(pid, proc).memory_mb >= 400)
    assert 100 <= looked(pid, proc, most_mb=300).memory_mb < 300


def test_shared_mappings_are_counted_by_their_size(proc, child):
    """Their pages can be let go of and kept, and are then nobody's."""
    pid = child(
        "import mmap\nm = mmap.mmap(-1, 100 << 20)\nm[:] = bytes(len(m))\n"
        f"m.madvise({mmap.MADV_DONTNEED})\n"
        "if os.fork() == 0:\n    time.sleep(60)"
    )
    assert looked(pid, proc).memory_mb < 50
    assert 100 <= looked(pid, proc, most_mb=80).memory_mb < 190


def test_a_mapped_file_is_not_memory(proc, child, tmp_path):
    (tmp_path / "large").write_bytes(bytes(100 << 20))
    pid = child(
        f"import mmap\nf = open({str(tmp_path / 'large')!r}, 'r+b')\n"
        "m = mmap.mmap(f.fileno(), 0)\nsum(m[::4096])"
    )
    assert looked(pid, proc, most_mb=80).memory_mb < 50


def test_processor_time_of_a_process_that_has_ended_stays_counted(proc, child):
    pid = child(
        "import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n"
        "    while time.process_time() < 0.5: pass\n"
        "    time.sleep(0.5)\n    os._exit(0)"
    )
    meter = Meter(pid, proc)

    def alone():
        meter.look(MUCH)
        return len(accounting.tree(pid, proc)) == 1

    wait_for(alone)
    assert meter.seconds >= 0.4


def test_a_tick_of_the_clock_does_not_run_backwards(proc, child):
    meter = Meter(child("while time.process_time() < 0.3: pass"), proc)
    meter.look(MUCH)
    before = meter.seconds
    meter.root = 2**22 - 1
    meter.look(MUCH)
    assert meter.seconds >= before >= 0.2
