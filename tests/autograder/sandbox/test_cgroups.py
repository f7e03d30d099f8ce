"""A control group holds what the supervisor would see too late."""

import subprocess
import sys

import pytest

from autograder.model import Verdict
from autograder.sandbox import cgroups
from tests.autograder.building import wait_for

HOARD = "input()\nheld = b'x' * ({} << 20)\nprint(len(held))"

needed = pytest.mark.skipif(
    cgroups.parent() is None, reason="this system lets us make no control group with a limit"
)


@pytest.fixture
def fence():
    fence = cgroups.Fence(cgroups.parent(), 40)
    yield fence
    fence.remove()
    wait_for(lambda: not fence._group.exists() or fence.remove())


def hoard(fence, megabytes):
    words = [sys.executable, "-c", HOARD.format(megabytes)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        fence.add(process.pid)
        out, _ = process.communicate("go\n", timeout=60)
    return process.returncode, out


@needed
def test_more_than_the_fence_holds_is_killed(fence):
    assert hoard(fence, 40 + cgroups.WIDER + 50) == (-9, "")


@needed
def test_what_the_fence_holds_is_let_be(fence):
    assert hoard(fence, 100) == (0, f"{100 << 20}\n")


@needed
def test_what_a_process_starts_is_fenced_in_with_it(fence):
    words = [sys.executable, "-c", HOARD.format(40 + cgroups.WIDER + 50)]
    parent = f"input()\nimport subprocess\nprint(subprocess.run({words}, input=b'go').returncode)"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        fence.add(process.pid)
        out, _ = process.communicate("go\n", timeout=60)
    assert out == "-9\n"


@needed
def test_a_fence_is_removed_when_its_processes_have_gone():
    place = cgroups.parent()
    fence = cgroups.Fence(place, 40)
    with subprocess.Popen(["sleep", "60"]) as process:
        fence.add(process.pid)
        fence.remove()
        assert fence._group.exists()  # not while it holds something
        process.kill()
    cgroups.Fence(place, 40).remove()
    assert not fence._group.exists()


def test_where_no_group_can_be_made_there_is_no_fence(monkeypatch):
    monkeypatch.setattr(cgroups, "parent", lambda: None)
    assert cgroups.fence(40) is None


def test_a_group_that_takes_no_limit_is_removed_again(tmp_path):
    with pytest.raises(OSError, match="no limit on memory"):
        cgroups.Fence(tmp_path, 40)
    assert not list(tmp_path.iterdir())


@needed
@pytest.mark.sandbox
def test_a_student_s_process_is_fenced_in_before_its_first_line(run):
    done = run("print(open('/proc/self/cgroup').read())")
    assert done.verdicts == [Verdict.PASS]
    assert cgroups.NAME in done.printed()
