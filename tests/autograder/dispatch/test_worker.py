import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from distributed import Client

from autograder.dispatch import worker
from autograder.dispatch.worker import Machine, Profile
from autograder.execute.zygote import PreloadError, ZygoteError
from autograder.model import Verdict
from tests.autograder import clusters
from tests.autograder.building import alive, ended, job, wait_for

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
BARE = Profile()


@pytest.fixture
def machine():
    machine = Machine(slots=2)
    yield machine
    machine.close()


def python(zygote):
    """Return the id of the zygote itself: not of bubblewrap, which stands before it."""
    return worker.chain(zygote.pid)[-1]


def passes(execution):
    return not execution.failure and ended(execution).verdicts == [Verdict.PASS]


def test_all_jobs_of_a_profile_share_one_zygote(machine):
    with machine.zygote(BARE) as one, machine.zygote(BARE) as other:
        assert one is other
    assert passes(machine.execute(job("1"), BARE))
    assert machine.start(BARE).zygote is one


def test_another_profile_gets_another_zygote_and_the_idle_one_goes(machine):
    with machine.zygote(BARE) as first:
        pass
    with machine.zygote(Profile(preload=("colorsys",))) as second:
        assert not first.alive
        assert passes(machine.execute(job("1"), BARE))  # a zygote in use stays
        assert second.alive


def test_a_zygote_that_has_grown_is_replaced_once_its_jobs_are_done(machine, monkeypatch):
    with machine.zygote(BARE) as before:
        monkeypatch.setattr(worker, "GROWTH_MB", -1)
        with machine.zygote(BARE) as after:
            assert after is not before
            assert before.alive
    assert not before.alive
    assert not before.run.exists()


def test_a_zygote_s_memory_is_seen_through_bubblewrap(tmp_path, monkeypatch):
    (tmp_path / "heavy.py").write_text("weight = bytearray(b'x') * 90_000_000")
    monkeypatch.syspath_prepend(tmp_path)
    with worker.Zygote() as light, worker.Zygote(["heavy"]) as heavy:
        light.wait_ready()
        heavy.wait_ready()
        assert 80 < worker.memory_mb(heavy.pid) - worker.memory_mb(light.pid) < 100
    assert worker.memory_mb(heavy.pid) == 0


def test_a_job_whose_zygote_is_killed_is_run_again_on_another(machine):
    with ThreadPoolExecutor(1) as pool, machine.zygote(BARE) as victim:
        under_way = pool.submit(machine.execute, job("import time\ntime.sleep(1)"), BARE)
        wait_for(lambda: list((victim.run / "jobs").iterdir()))
        os.kill(python(victim), signal.SIGKILL)
        assert passes(under_way.result())
    assert not victim.alive
    assert not victim.run.exists()


def test_a_zygote_that_is_killed_while_it_starts_is_replaced(machine):
    kept = machine.start(Profile(preload=("numpy",)))
    os.killpg(kept.zygote.pid, signal.SIGKILL)
    assert passes(machine.execute(job("1"), Profile(preload=("numpy",))))


def test_a_module_that_cannot_be_imported_is_not_tried_again(machine, monkeypatch):
    started = []
    real = worker.Zygote
    monkeypatch.setattr(worker, "Zygote", lambda *a, **k: started.append(1) or real(*a, **k))
    with pytest.raises(PreloadError, match="no_such_module"):
        machine.execute(job("1"), Profile(preload=("no_such_module",)))
    assert len(started) == 1


def test_zygotes_that_die_whenever_they_start_are_given_up(machine, tmp_path, monkeypatch):
    (tmp_path / "deadly.py").write_text("import os\nos._exit(3)")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ZygoteError, match="did not start"):
        machine.execute(job("1"), Profile(preload=("deadly",)))


def test_closing_leaves_nothing(machine):
    with machine.zygote(BARE) as zygote:
        pids = worker.chain(zygote.pid)
        machine.close()
        with pytest.raises(ZygoteError, match="about to end"):
            machine.execute(job("1"), BARE)
    assert not zygote.run.exists()
    wait_for(lambda: not alive(pids))


@pytest.mark.parametrize(("threads", "slots"), [(1, 1), (2, 1), (3, 1), (5, 2), (40, 20)])
def test_two_threads_of_a_dask_worker_are_one_slot(tmp_path, threads, slots):
    """In one of them cells run, in the other the next submission's processes start."""

    def turns():
        return worker.machine()._turn._value

    with (
        clusters.scheduler() as address,
        clusters.worker(address, tmp_path, "--nthreads", str(threads)),
        Client(address, set_as_default=False) as client,
    ):
        assert client.submit(turns).result(60) == slots
