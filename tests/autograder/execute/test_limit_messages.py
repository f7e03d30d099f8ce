"""What becomes of a submission that uses too much, and of its neighbour."""

import asyncio
import subprocess
import sys

import pytest

from autograder.execute.limit_messages import explained
from autograder.execute.notebook_run import execute
from autograder.model import SENTENCES, Limits, Verdict
from tests.autograder.building import alive, asserts, descendants, ended, job, solution, wait_for

PASS, ERROR = Verdict.PASS, Verdict.ERROR
TIMEOUT, MEMORY, CRASH = Verdict.TIMEOUT, Verdict.MEMORY, Verdict.CRASH
SLOW = pytest.mark.slow
#: Processor time decides here, so that a busy machine changes nothing; where a submission waits,
#: wall time does.
TIGHT = {"cell_cpu_seconds": 1.5, "cell_seconds": 90, "memory_mb": 300, "scratch_mb": 50}
WAITS, ROOMY = {**TIGHT, "cell_seconds": 1.5}, {**TIGHT, "cell_cpu_seconds": 30}
NEIGHBOUR = (
    solution("import numpy as np, time\ndef f(x):\n    time.sleep(0.02)\n    return 2 * x"),
    asserts("for i in range(20): assert f(i) == 2 * i", "one"),
    asserts("x = np.ones(10**6)\nassert f(x).sum() == 2 * 10**6", "two"),
)

NEVER = "while True:\n    try:\n        while True: pass\n    except KeyboardInterrupt: pass"
SLEEPS = "import time\n" + NEVER.replace("pass\n", "time.sleep(0.01)\n", 1)
STOPS = "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"
BOMB = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
GREEDY = "import numpy as np\nhoard = [np.ones(2 * 10**6) for _ in range(3000)]"  # 50 GB
BROOD = (
    "import os, time, numpy as np\n"
    "for _ in range(10):\n    if os.fork() == 0:\n"
    "        hoard = np.ones(10**7)\n        time.sleep(60)\n        os._exit(0)\n"
    "time.sleep(60)"
)
SHARED = (
    "import mmap\nhoard = []\nwhile True:\n"
    "    hoard.append(mmap.mmap(-1, 20 << 20))\n    hoard[-1][:] = bytes(20 << 20)\n"
    "    hoard[-1].madvise(mmap.MADV_DONTNEED)"
)
FILES = "import time\nopen('/dev/shm/a', 'wb').write(bytes(45 << 20))\n"
PRINTS = "for _ in range(1000): print('x' * 10**6)"
WRITES = "import os\nfor _ in range(1000): os.write(1, b'x' * 10**6)"
MANY = "for i in range(10**6): open(f'f{i}', 'w').close()"
FULL = "with open('a', 'wb', buffering=0) as file:\n    while True: file.write(bytes(10**6))"
LARGE = "with open('a', 'wb', buffering=0) as file:\n    while True: file.write(bytes(10**6))"
OPENS = "held = []\nwhile True: held.append(open('/dev/null'))"
THREADS = (
    "import threading, time\n"
    "for _ in range(300): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
)
C_STACK = (
    "import sys\nsys.setrecursionlimit(10**9)\n"
    "class Deep:\n    def __getattr__(self, name): return getattr(self, name)\n"
    "Deep().x"
)


def indented(source):
    return "\n".join(f"    {line}" for line in source.splitlines())


def call(source):
    """Return a solution whose function does this, and a test that calls it."""
    return solution(f"def f():\n{indented(source)}"), asserts("f()", "calls")


@pytest.fixture
def beside(zygote):
    """Return a function that runs cells while a neighbour is graded, who must not notice."""

    def beside(*cells, **limits):
        async def both():
            return await asyncio.gather(
                execute(job(*cells, **limits), zygote),
                execute(job(*NEIGHBOUR, student="bob", cell_seconds=90), zygote),
            )

        before = descendants(zygote._process.pid)
        one, other = map(ended, asyncio.run(both()))
        assert other.verdicts == [PASS] * 3, (other.failure, other.messages)
        wait_for(lambda: not alive(descendants(zygote._process.pid) - before), 20)
        assert not list((zygote.run / "jobs").iterdir())
        assert not one.failure
        return one

    return beside


TIME, SPACE = "1.5 seconds", "300 MB"
EXIT = "exit status"


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("source", "limits", "verdict", "said"),
    [
        pytest.param(NEVER, TIGHT, TIMEOUT, f"{TIME} of processor time", id="swallows", marks=SLOW),
        pytest.param(SLEEPS, WAITS, TIMEOUT, TIME, id="swallows asleep", marks=SLOW),
        pytest.param(STOPS, WAITS, TIMEOUT, TIME, id="stops itself", marks=SLOW),
        pytest.param(BOMB, TIGHT, TIMEOUT, f"{TIME} of processor time", id="fork bomb", marks=SLOW),
        pytest.param("x = bytearray(50 * 10**9)", ROOMY, MEMORY, SPACE, id="50 GB at once"),
        pytest.param(GREEDY, ROOMY, MEMORY, SPACE, id="50 GB little by little", marks=SLOW),
        pytest.param(BROOD, ROOMY, MEMORY, SPACE, id="memory of many", marks=SLOW),
        pytest.param(SHARED, ROOMY, MEMORY, SPACE, id="memory of nobody", marks=SLOW),
        pytest.param(MANY, ROOMY, ERROR, "write 50 MB in 20000 files", id="files", marks=SLOW),
        pytest.param(FULL, ROOMY, ERROR, "write 50 MB", id="full disk", marks=SLOW),
        pytest.param(
            LARGE, {**ROOMY, "file_mb": 5}, ERROR, "may have 5 MB.", id="large file", marks=SLOW
        ),
        pytest.param(OPENS, ROOMY, ERROR, "256 files open", id="open files", marks=SLOW),
        pytest.param(THREADS, ROOMY, ERROR, "64 threads", id="threads", marks=SLOW),
        pytest.param(
            "def g(): return g()\ng()", ROOMY, ERROR, "RecursionError", id="recursion", marks=SLOW
        ),
        pytest.param(C_STACK, ROOMY, CRASH, "signal 11", id="recursion in C", marks=SLOW),
        pytest.param("import os\nos._exit(0)", ROOMY, CRASH, EXIT, id="exit", marks=SLOW),
        pytest.param("input()", ROOMY, ERROR, "input", id="input", marks=SLOW),
        pytest.param(
            "import os\nos.closerange(0, 256)", ROOMY, CRASH, "", id="closes all", marks=SLOW
        ),
    ],
)
class TestALimit:
    def test_in_a_cell_costs_that_cell(self, beside, source, limits, verdict, said):
        done = beside("x = 1", solution(source), asserts("assert x == 1"), **limits)
        assert done.verdicts == [PASS, verdict, PASS], done.messages
        assert said in done.messages[1]

    @pytest.mark.slow
    def test_in_a_call_costs_the_test_that_called(self, beside, source, limits, verdict, said):
        done = beside("x = 1", *call(source), asserts("assert x == 1"), **limits)
        assert done.verdicts == [PASS, PASS, verdict, PASS], done.messages
        assert said in done.messages[2]


@pytest.mark.slow
@pytest.mark.sandbox
@pytest.mark.parametrize("source", [PRINTS, WRITES], ids=["printed", "written"])
def test_a_gigabyte_of_output_is_cut_and_costs_no_more_than_what_wrote_it(beside, source):
    limits = {**TIGHT, "cell_cpu_seconds": 30, "output_kb": 100}
    done = beside(solution(source), *call(source), asserts("assert True"), **limits)
    # Of a flood, not all need arrive in time, and what waits to be sent is the submission's memory.
    assert set(done.verdicts) <= {PASS, TIMEOUT, MEMORY}
    assert done.verdicts[3] is PASS
    assert all(len(str(cell.outputs)) < 200_000 for cell in done.cells)


@pytest.mark.sandbox
def test_files_in_the_scratch_count_as_the_memory_that_they_are(beside):
    done = beside(FILES + "time.sleep(60)", scratch_mb=50, memory_mb=40, cell_seconds=90)
    assert done.verdicts == [MEMORY]


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_thread_that_never_ends_holds_nothing_up(beside):
    spin = "import threading\ndef spin():\n    while True: pass\n"
    done = beside(spin + "threading.Thread(target=spin).start()", asserts("assert True"), **TIGHT)
    assert done.verdicts == [PASS, PASS]


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_kernel_that_dies_between_cells_costs_no_more_than_one(beside):
    # In the fresh process the cell runs again: the last test must be faster than the timer.
    dies = "import os, threading\nthreading.Timer(0.6, os._exit, [5]).start()"
    waits = asserts("import time\ntime.sleep(1.5)\nassert x == 1", "waits")
    done = beside("x = 1", solution(dies), waits, asserts("assert x == 1"), **TIGHT)
    assert done.verdicts.count(PASS) >= 3, done.messages
    assert set(done.verdicts) <= {PASS, CRASH}


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_fresh_process_gets_no_fresh_processor_time(run):
    spin = "import os, time\nwhile time.process_time() < 1.5: pass\nos._exit(1)"
    done = run(solution(spin), spin, spin, "1", cpu_seconds=3, cell_seconds=90)
    assert done.verdicts[0] is CRASH
    assert TIMEOUT in done.verdicts
    assert done.verdicts[-1] is TIMEOUT
    assert "3 seconds of processor time" in done.messages[-1]


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_busy_machine_changes_no_verdict(run):
    """With the processors taken by others, what is counted is the time that was had."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(6)]
    try:
        done = run(
            "import time\nwhile time.process_time() < 0.8: pass",
            solution(
                "def f():\n    end = time.process_time() + 0.8\n"
                "    while time.process_time() < end: pass"
            ),
            asserts("f()"),
            "while True: pass",
            cell_cpu_seconds=1.5,
            cell_seconds=90,
        )
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert done.verdicts == [PASS, PASS, PASS, TIMEOUT], done.messages
    assert "1.5 seconds of processor time" in done.messages[3]


@pytest.mark.parametrize(
    ("ename", "evalue", "said"),
    [
        ("OSError", "[Errno 28] No space left on device: 'a'", "256 MB in 20000 files."),
        ("OSError", "[Errno 24] Too many open files", "A process may have 256 files open."),
        ("OSError", "[Errno 27] File too large", "A file may have 100 MB."),
        ("BlockingIOError", "[Errno 11] Resource temporarily unavailable", "64 processes."),
        ("RuntimeError", "can't start new thread", "64 threads."),
    ],
)
def test_the_limit_behind_an_exception_is_named(ename, evalue, said):
    verdict, message = explained(ERROR, f"{ename}: {evalue}", ename, evalue, Limits())
    assert verdict is ERROR
    assert message.startswith(f"{ename}: {evalue}. ")
    assert message.endswith(said)


def test_memory_that_was_refused_is_a_verdict_of_its_own():
    found = explained(ERROR, "MemoryError", "MemoryError", "", Limits(memory_mb=77))
    assert found == (MEMORY, SENTENCES[MEMORY].format(limits=Limits(memory_mb=77)))
    assert "77 MB" in found[1]


def test_other_exceptions_are_left_alone():
    for ename, evalue in (("OSError", "[Errno 2] No such file"), ("RuntimeError", "no")):
        message = f"{ename}: {evalue}"
        assert explained(ERROR, message, ename, evalue, Limits()) == (ERROR, message)
