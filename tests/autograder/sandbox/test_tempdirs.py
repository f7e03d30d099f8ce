import contextlib
import itertools
import os
import subprocess
import sys
import threading

import pytest

from autograder.sandbox import tempdirs

OWNER = """
from autograder.sandbox import tempdirs
path, lock = tempdirs.make()
print(path, flush=True)
input()
"""


@pytest.fixture
def owner():
    """Return a process that has made a directory, and the directory."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process, tempdirs.Path(process.stdout.readline().strip())
        process.kill()


@pytest.fixture
def ours(monkeypatch, tmp_path):
    monkeypatch.setattr(tempdirs, "ROOT", tmp_path)
    return tmp_path


def test_what_a_killed_process_left_is_removed_by_the_next(owner):
    process, left = owner
    (left / "socket").touch()
    process.kill()
    process.wait()
    assert left.exists()
    path, lock = tempdirs.make()
    assert not left.exists()
    tempdirs.remove(path, lock)


def test_what_a_living_process_uses_stays(owner):
    _, used = owner
    path, lock = tempdirs.make()
    assert used.exists()
    tempdirs.remove(path, lock)


def test_only_its_owner_can_look_into_it(ours):
    path, lock = tempdirs.make()
    assert path.stat().st_mode & 0o777 == 0o700
    lock.close()


def test_what_is_nobody_s_of_ours_stays(ours):
    (ours / "ag-file").touch()
    (ours / "ag-without-lock").mkdir()
    (ours / "target").mkdir()
    (ours / "target" / "lock").touch()
    (ours / "ag-link").symlink_to(ours / "target")
    tempdirs.make()[1].close()
    assert {"ag-file", "ag-without-lock", "ag-link", "target"} <= {p.name for p in ours.iterdir()}
    assert (ours / "target" / "lock").exists()


def test_what_was_left_unfinished_is_removed_when_it_is_old(ours):
    for name, age in {".ag-new": 0, ".ag-old": 2 * tempdirs.UNFINISHED}.items():
        (ours / name).mkdir()
        (ours / name / "lock").touch()
        then = tempdirs.time.time() - age
        os.utime(ours / name, (then, then))
    tempdirs.make()[1].close()
    names = {path.name for path in ours.iterdir()}
    assert ".ag-new" in names
    assert ".ag-old" not in names


def test_a_directory_in_which_somebody_still_writes_is_removed(ours, monkeypatch):
    monkeypatch.setattr(tempdirs, "TRIES", 10_000)  # on a busy machine the writer ends late
    path, lock = tempdirs.make()
    stop = threading.Event()

    def write():
        for number in itertools.count():
            if stop.is_set() or not path.exists():
                return
            with contextlib.suppress(OSError):
                (path / "jobs").mkdir(exist_ok=True)  # not `parents`, which would make `path` anew
                (path / "jobs" / str(number)).mkdir()

    writer = threading.Thread(target=write)
    writer.start()
    threading.Timer(0.3, stop.set).start()
    tempdirs.remove(path, lock)
    writer.join()
    assert lock.closed
    assert not path.exists()


def test_of_what_was_half_removed_the_next_sweep_removes_the_rest(ours, monkeypatch):
    path, lock = tempdirs.make()
    (path / "jobs").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(tempdirs.shutil, "rmtree", lambda *_, **__: None)
        patch.setattr(tempdirs, "TRIES", 1)
        tempdirs.remove(path, lock)
    assert (path / "jobs").exists()
    tempdirs.sweep()
    assert not path.exists()


def test_what_is_removed_already_may_be_removed_again(ours):
    path, lock = tempdirs.make()
    tempdirs.remove(path, lock)
    path.mkdir()  # another's by now
    tempdirs.remove(path, lock)
    assert path.exists()
