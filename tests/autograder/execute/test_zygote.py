import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from autograder.execute.notebook_run import execute
from autograder.execute.zygote import ENVIRONMENT, Zygote, ZygoteError
from autograder.model import Verdict
from autograder.sandbox import bubblewrap, tempdirs
from tests.autograder.building import alive, descendants, ended, job, wait_for

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).parents[3]


def test_a_module_that_does_not_exist_is_named_again_and_again_and_at_once(monkeypatch):
    said = r"cannot import 'no_such_module', named in c.Autograder.preload"
    with Zygote(["no_such_module"]) as zygote:
        with pytest.raises(ZygoteError, match=said):
            zygote.wait_ready()
        with monkeypatch.context() as patch:
            patch.setattr(zygote, "_control", None)  # nobody is waited for a second time
            with pytest.raises(ZygoteError, match=said):
                zygote.wait_ready()
        assert not zygote.alive


def test_a_module_that_fails_is_named_with_its_reason(tmp_path, monkeypatch):
    (tmp_path / "fails_to_import.py").write_text("raise RuntimeError('no data here')")
    monkeypatch.syspath_prepend(tmp_path)
    with (
        Zygote(["fails_to_import"]) as zygote,
        pytest.raises(ZygoteError, match=r"'fails_to_import' raised RuntimeError\('no data here'"),
    ):
        zygote.wait_ready()


def test_a_directory_that_does_not_exist_is_named(tmp_path):
    with (
        Zygote([], [tmp_path / "nowhere"]) as zygote,
        pytest.raises(ZygoteError, match="nowhere"),
    ):
        zygote.wait_ready()


def test_without_a_sandbox_nothing_starts_and_nothing_stays(monkeypatch, tmp_path):
    monkeypatch.setattr(bubblewrap, "missing", lambda: "none here")
    monkeypatch.setattr(tempdirs, "ROOT", tmp_path)  # below /tmp others come and go
    with pytest.raises(bubblewrap.SandboxUnavailableError, match="none here"):
        Zygote()
    assert not list(tmp_path.iterdir())


def test_what_is_preloaded_is_there_and_data_can_be_read_even_below_tmp(tmp_path):
    tmp_path.chmod(0o755)  # a notebook runs as nobody in particular
    (tmp_path / "table.csv").write_text("1,2")
    with Zygote(["numpy"], [tmp_path]) as zygote:
        source = (
            "import sys\nprint('numpy' in sys.modules, "
            f"open({str(tmp_path / 'table.csv')!r}).read())\nopen({str(tmp_path / 'x')!r}, 'w')"
        )
        done = ended(asyncio.run(execute(job(source), zygote)))
    assert done.printed() == "True 1,2\n"
    assert done.messages[0].startswith("OSError: [Errno 30] Read-only file system")


@pytest.mark.slow
def test_closing_leaves_no_process_no_mount_no_file_and_no_descriptor():
    mounts = Path("/proc/self/mountinfo").read_text()
    open_files = len(list(Path("/proc/self/fd").iterdir()))
    zygote = Zygote(["numpy"])
    zygote.wait_ready()
    running = threading.Thread(
        target=lambda: asyncio.run(execute(job("while True: pass"), zygote)), daemon=True
    )
    running.start()
    wait_for(lambda: list(zygote.run.glob("jobs/*/k-*")))
    pids = {zygote._process.pid, *descendants(zygote._process.pid)}
    assert len(pids) >= 4  # bubblewrap twice, the zygote, a supervisor, ...
    zygote.close()
    running.join(10)
    wait_for(lambda: not alive(pids))
    assert not zygote.run.exists()
    assert Path("/proc/self/mountinfo").read_text() == mounts
    wait_for(lambda: len(list(Path("/proc/self/fd").iterdir())) <= open_files)


def test_closing_at_once_leaves_no_process_either(tmp_path):
    for pause in (0, 0.001, 0.002, 0.003, 0.005, 0.008, 0.02, 0.05):
        with Zygote(["numpy"], [tmp_path]):
            time.sleep(pause)
    mark = str(tmp_path).encode()

    def left():
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                found += [path.parent.name] * (mark in path.read_bytes())
        return found

    wait_for(lambda: not left(), 5)


@pytest.mark.slow
def test_when_the_worker_is_killed_all_that_it_started_dies():
    mark = secrets.token_hex(8)
    program = (
        "import asyncio, sys\n"
        "from autograder.execute.zygote import Zygote\n"
        "from autograder.execute.notebook_run import execute\n"
        "from tests.autograder.building import job\n"
        "zygote = Zygote(['numpy'])\n"
        "print(zygote.run, flush=True)\n"
        "asyncio.run(execute(job('while True: pass', cell_seconds=100), zygote))\n"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", program, mark], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with worker, worker.stdout:
        run = Path(worker.stdout.readline().strip())
        wait_for(lambda: list(run.glob("jobs/*/k-*")))
        pids = descendants(worker.pid)
        worker.send_signal(signal.SIGKILL)
    wait_for(lambda: not alive(pids))
    # A killed process cannot clean up after itself; nothing of its directory is in use any more.
    subprocess.run(["rm", "-r", str(run)], check=True)


@pytest.mark.slow
def test_a_zygote_that_died_says_so():
    with Zygote(["numpy"]) as zygote:
        zygote.wait_ready()
        assert zygote.alive
        pids = descendants(zygote._process.pid)
        zygote._process.kill()
        zygote._process.wait()
        assert not zygote.alive
        wait_for(lambda: not alive(pids))
        done = ended(asyncio.run(execute(job("1"), zygote)))
    assert "The zygote is gone" in done.failure


def test_the_log_keeps_what_the_process_wrote_last(zygote):
    zygote._log.seek(0, os.SEEK_END)
    zygote._log.write(b"first\nlast word\n")
    zygote._log.flush()
    assert zygote.log_tail() == "last word"
    zygote._log.truncate(0)
    assert zygote.log_tail() == ""


def test_one_thread_for_every_library_and_no_accelerator():
    assert {ENVIRONMENT[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS")} == {"1"}
    assert ENVIRONMENT["CUDA_VISIBLE_DEVICES"] == ""


@pytest.mark.slow
def test_without_isolation_notebooks_run_with_our_rights():
    with Zygote(["numpy"], isolated=False) as zygote:
        done = ended(asyncio.run(execute(job("import os\nprint(os.getuid())", "1 / 0"), zygote)))
        crashed = ended(asyncio.run(execute(job("import os\nos._exit(1)", "1"), zygote)))
        pids = descendants(zygote._process.pid)
    assert done.printed() == f"{os.getuid()}\n"
    assert done.verdicts == [Verdict.PASS, Verdict.ERROR]
    assert crashed.verdicts == [Verdict.CRASH, Verdict.PASS]
    wait_for(lambda: not alive(pids))
