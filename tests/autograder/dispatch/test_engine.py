import asyncio
import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import distributed
import pytest

from autograder.dispatch import engine as engine_module
from autograder.dispatch import local_cluster, remote_cluster
from autograder.dispatch.engine import AHEAD, DEATHS, Engine, shared
from autograder.dispatch.worker import Profile, Reply, chain
from autograder.model import AutograderError, Execution, Verdict
from autograder.settings import Autograder
from tests.autograder.building import alive, asserts, descendants, ended, in_use, job, wait_for

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]


def test_jobs_run_at_the_same_time(engine):
    clock = "import time\nprint(time.monotonic())"  # the same for all processes of a machine
    cells = clock, "time.sleep(3)", clock
    done = list(engine.run(job(*cells, student=name) for name in ("a", "b")))
    assert {one.job.student for one in done} == {"a", "b"}
    began, ended_at = ([float(ended(one).printed(cell)) for one in done] for cell in (0, 2))
    assert max(began) < min(ended_at)


def test_jobs_of_many_bytes_wait_for_each_other(engine, monkeypatch):
    monkeypatch.setattr(engine_module, "MOST_BYTES", 30_000)
    large = {"data.bin": bytes(20_000)}
    sleeps = "import time\ntime.sleep(1)"
    first = engine.submit(job(sleeps, files=large))
    small = engine.submit(job(sleeps))
    assert not first.done()
    second = engine.submit(job("1", files=large))
    assert first.done()
    huge = engine.submit(job("1", files={"data.bin": bytes(40_000)}))  # goes alone, but goes
    assert second.done()
    assert small.done()
    assert [ended(one.result()).failure for one in (first, small, second, huge)] == [""] * 4


def test_results_come_as_they_end_and_keep_their_job(engine):
    slow, fast = job("import time\ntime.sleep(0.8)", student="slow"), job("1", student="fast")
    assert [one.job for one in engine.run([slow, fast])] == [fast, slow]


@pytest.mark.slow
def test_a_hostile_neighbour_harms_nobody(engine):
    honest = [job("x = 1", asserts("assert x == 1"), student=f"honest{i}") for i in range(3)]
    hostile = {
        "dies": "import os\nos._exit(1)",
        "loops": "while True: pass",
        "hoards": "hoard = [bytearray(10**7) for _ in range(60)]\nwhile True: pass",
        "floods": "while True: print('x' * 10000)",
        "forks": "import os\nwhile True: os.fork()",
        "spawns": "import threading, time\n"
        "while True: threading.Thread(target=time.sleep, args=(9,)).start()",
    }
    limits = {"cell_seconds": 2, "memory_mb": 400, "output_kb": 10}
    jobs = [job(source, student=name, **limits) for name, source in hostile.items()]
    # While others fork, 600 MB can take two seconds of processor time.
    jobs[2] = job(hostile["hoards"], student="hoards", **limits | {"cell_seconds": 30})
    done = {one.job.student: ended(one) for one in engine.run([*jobs, *honest])}
    assert not [one for one in done.values() if one.failure]
    for name in ("honest0", "honest1", "honest2"):
        assert done[name].verdicts == [Verdict.PASS, Verdict.PASS]
    assert done["dies"].verdicts == [Verdict.CRASH]
    assert done["loops"].verdicts == [Verdict.TIMEOUT]
    assert done["hoards"].verdicts == [Verdict.MEMORY]
    for name in ("floods", "forks", "spawns"):  # which limit is met first is a matter of speed
        assert done[name].verdicts[0] not in (Verdict.PASS, Verdict.INTERNAL)


def test_a_failure_of_ours_that_stays_is_told_and_has_no_verdict(engine):
    # No such size: the private scratch cannot be mounted.
    (one,) = engine.run([job("1", scratch_mb="nonsense")])
    assert "mount" in one.failure
    assert one.cells == ()


def test_a_fault_of_ours_costs_only_its_own_submission(engine):
    jobs = [job("1", files={"../../escape": b"x"}, student="broken"), job("1", student="whole")]
    done = {one.job.student: one for one in engine.run(jobs)}
    assert "outside of the submission" in done["broken"].failure
    assert ended(done["whole"]).verdicts == [Verdict.PASS]


def test_nothing_is_run_when_a_preloaded_module_is_missing():
    with (
        Engine(Autograder(preload=["no_such_module"])) as broken,
        pytest.raises(AutograderError, match="no_such_module"),
    ):
        list(broken.run([job("1"), job("2")]))


def test_what_nobody_waits_for_is_not_run(engine):
    # A worker has more threads than slots; what is in one of them is not taken back.
    threads = engine._window // AHEAD
    running = [job("import time\ntime.sleep(10)", cell_seconds=60)] * threads
    # Should one of them be run, the test fails, and the engine is free for the tests that follow.
    queued = [job("import time\ntime.sleep(200)", cell_seconds=300)] * (threads - 1)
    assert len(queued) >= engine.settings.slots  # they would keep every slot from the job below

    def jobs():
        yield job("1")
        while engine._under_way:  # on a busy machine another one may get its slot first
            time.sleep(0.05)
        yield from [*running, *queued]

    results = engine.run(jobs())
    next(results)
    results.close()
    assert ended(engine.submit(job("1")).result(120)).verdicts == [Verdict.PASS]


def test_no_more_jobs_are_taken_than_are_soon_run(engine):
    """Not all notebooks of a large class may be in memory at once."""
    taken = []

    def jobs():
        for number in range(3 * engine._window):
            taken.append(number)
            yield job("import time\ntime.sleep(0.2)")

    most = 0
    for ended_ones, _ in enumerate(engine.run(jobs())):
        most = max(most, len(taken) - ended_ones)
    assert len(taken) == 3 * engine._window == ended_ones + 1


def test_a_job_waits_for_room(engine):
    futures = [engine.submit(job("import time\ntime.sleep(0.5)")) for _ in range(engine._window)]
    assert not any(future.done() for future in futures[-2:])
    engine.submit(job("1")).cancel()
    assert any(future.done() for future in futures)
    for future in futures:
        future.cancel()


def test_a_job_that_wants_what_this_machine_has_not_is_refused_in_words(engine):
    wants = replace(job("1"), resources=(("GPU", 1.0),))
    with pytest.raises(AutograderError) as caught:
        next(engine.run([wants]))
    said = str(caught.value)
    assert "No worker of this machine can grade 'ps1', which asks for GPU=1" in said
    assert "offers nothing" in said
    assert "dask worker ADDRESS --resources GPU=1" in said
    assert ended(next(engine.run([job("1")]))).verdicts == [Verdict.PASS]


def test_a_closed_engine_takes_nothing(monkeypatch):
    engine = Engine(Autograder(preload=[]))
    (process,) = engine.cluster.processes
    pid = process.pid
    engine.close()
    assert not alive([pid])
    with pytest.raises(AutograderError, match="closed"):
        engine.submit(job("1"))


def test_a_server_keeps_one_engine_until_the_settings_change_or_it_is_closed(monkeypatch):
    monkeypatch.setattr(engine_module, "_shared", None)
    first = shared(Autograder(preload=["numpy"]))
    try:
        assert shared(Autograder(preload=["numpy"], cell_seconds=5)) is first
        second = shared(Autograder(preload=[]))
        assert second is not first
        assert not alive([first.cluster.processes[0].pid])
        first = second
        first.close()
        third = shared(Autograder(preload=[]))
        assert third is not first
        first = third
        assert ended(next(third.run([job("1")]))).verdicts == [Verdict.PASS]
    finally:
        first.close()


# --- what is killed -------------------------------------------------------------------------------


def zygotes(pid):
    """Return the zygotes below a worker process: what bubblewrap has started."""
    return {last for below in descendants(pid) if (last := chain(below)[-1]) != below}


def kernels(pid):
    """Return what the zygotes below a worker process have forked."""
    return {fork for zygote in zygotes(pid) for fork in descendants(zygote)}


@pytest.fixture
def own():
    """Return an engine that a test may do harm to."""
    with Engine(Autograder(preload=[], workers=2)) as engine:
        yield engine


def sleepers(count):
    return [job("import time\ntime.sleep(0.3)", student=str(i)) for i in range(count)]


def all_pass(executions, count):
    done = list(executions)
    assert [one.failure for one in done] == [""] * count
    assert sorted(int(one.job.student) for one in done) == list(range(count))
    return all(ended(one).verdicts == [Verdict.PASS] for one in done)


def test_a_killed_worker_process_is_replaced_and_its_jobs_run_again(own):
    results = own.run(sleepers(12))
    first = next(results)
    (process,) = own.cluster.processes
    pids = {process.pid, *descendants(process.pid)}
    assert len(pids) > 3
    os.kill(process.pid, signal.SIGKILL)
    assert all_pass([first, *results], 12)
    wait_for(lambda: not alive(pids))


def test_a_killed_zygote_is_replaced_and_its_jobs_run_again(own):
    results = own.run(sleepers(12))
    first = next(results)
    (process,) = own.cluster.processes
    (zygote,) = zygotes(process.pid)
    os.kill(zygote, signal.SIGKILL)
    assert all_pass([first, *results], 12)


@pytest.mark.slow
def test_a_job_under_which_workers_keep_ending_fails_and_no_other(own):
    """As if a submission could kill the process that looks after it."""
    victim = own.submit(job("import time\ntime.sleep(300)", student="victim", cell_seconds=300))
    others = [own.submit(one) for one in sleepers(6)]
    (process,) = own.cluster.processes

    def sleeps():
        """Return whether the victim is what runs: all others would have ended."""
        before = kernels(process.pid)
        time.sleep(3)
        return before & kernels(process.pid)

    for _ in range(DEATHS):
        wait_for(sleeps, 60)
        os.kill(process.pid, signal.SIGKILL)
        wait_for(lambda: not kernels(process.pid))
    assert victim.result().failure == "3 worker processes ended while they ran it"
    assert all_pass([one.result() for one in others], 6)


@pytest.mark.slow
def test_worker_processes_that_end_before_they_serve_are_given_up(monkeypatch, tmp_path):
    (tmp_path / "distributed").mkdir()
    (tmp_path / "distributed" / "__init__.py").write_text("raise ImportError('half installed')")
    monkeypatch.syspath_prepend(tmp_path)
    with (
        Engine(Autograder(preload=[])) as broken,
        pytest.raises(AutograderError, match=r"ended 3 times .*half installed"),
    ):
        next(broken.run([job("1")]))


def test_why_a_worker_process_cannot_serve_is_told(tmp_path):
    none = str(tmp_path / "none.pem")
    told = {"scheduler": "tls://127.0.0.1:1", "certificate": none, "key": none}
    process = local_cluster.Process(Profile(sandbox=False), 1)
    try:
        with pytest.raises(AutograderError, match=r"ended 3 times .*No such file"):
            asyncio.run(process.follow(told))
    finally:
        process.close()


COORDINATOR = """
import sys
sys.path.insert(0, {root!r})
from autograder.dispatch.engine import Engine
from autograder.settings import Autograder
from tests.autograder.building import job
with Engine(Autograder(preload=[], workers=2)) as engine:
    for done in engine.run([job("import time\\ntime.sleep(1)") for _ in range(20)]):
        print(done.failure or "done", flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_coordinator_that_is_ended_leaves_nothing_behind(how):
    code = COORDINATOR.format(root=str(Path(__file__).parents[3]))
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout.readline() == b"done\n"
        pids = descendants(process.pid)
        directories = in_use(pids)
        assert len(directories) == 2  # the zygote's and the worker process's
        process.send_signal(how)
        process.communicate(timeout=20)
    wait_for(lambda: not alive(pids))
    wait_for(lambda: not [path for path in directories if path.exists()])


def test_a_run_leaves_no_temporary_file(tmp_path):
    code = COORDINATOR.format(root=str(Path(__file__).parents[3])).replace("range(20)", "range(1)")
    env = dict(os.environ, TMPDIR=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env)
    assert done.stdout == b"done\n"
    assert not list(tmp_path.iterdir())


def test_many_slots_are_shared_out_to_several_processes(monkeypatch):
    monkeypatch.setattr(local_cluster, "SLOTS", 1)
    with Engine(Autograder(preload=[], workers=2)) as engine:
        assert [one.slots for one in engine.cluster.processes] == [1, 1]
        assert all_pass(engine.run(sleepers(4)), 4)


def test_only_who_has_the_key_reaches_the_scheduler(engine):
    """A student with an account on this machine could run anything as the instructor otherwise."""
    engine.connect()
    address = engine._client.scheduler.address
    assert address.startswith("tls://127.0.0.1:")
    for forged in (address, address.replace("tls", "tcp")):
        with pytest.raises((OSError, TypeError)):
            asyncio.run(distributed.comm.connect(forged, timeout=5))


# --- somebody else's cluster ----------------------------------------------------------------------

#: A scheduler on whose machine this package is not installed.
ABSENT = "import sys; sys.modules['autograder'] = None; "
SCHEDULER = ABSENT + "from distributed.cli.dask_scheduler import main; main()"
WORKER = "from distributed.cli.dask_worker import main; main()"


@contextlib.contextmanager
def dask(code, *arguments, path=()):
    here = dict(os.environ, PYTHONPATH=os.pathsep.join([*path, *(p for p in sys.path if p)]))
    with subprocess.Popen(
        [sys.executable, "-P", "-c", code, *arguments, "--no-dashboard"],
        stderr=subprocess.PIPE,
        env=here,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate()


@contextlib.contextmanager
def scheduler_process():
    with dask(SCHEDULER, "--host", "127.0.0.1", "--port", "0") as process:
        for line in process.stderr:
            if found := re.search(r"tcp://[\d.:]+", line):
                break
        yield found.group(), process


@contextlib.contextmanager
def worker_process(address, name, *more, path=(), code=WORKER):
    options = ("--name", name, "--nthreads", "2", "--host", "127.0.0.1", "--no-nanny", *more)
    with dask(code, address, *options, path=path) as process:
        for line in process.stderr:
            if "Registered to" in line:
                break
        yield process


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Return the address of a scheduler with two workers, of which one has what is asked for."""
    space = ("--local-directory", str(tmp_path_factory.mktemp("dask")))
    modules = tmp_path_factory.mktemp("modules")
    (modules / "only_there.py").touch()
    with (
        scheduler_process() as (address, _),
        worker_process(address, "plain", *space) as plain,
        worker_process(
            address, "rich", *space, "--resources", "GPU=1", path=[str(modules)]
        ) as rich,
    ):
        yield address, plain.pid, rich.pid


@pytest.fixture
def remote(cluster):
    with Engine(Autograder(preload=[], scheduler=cluster[0], resource_seconds=2)) as engine:
        yield engine


def test_the_workers_of_a_given_scheduler_run_jobs(remote, cluster):
    assert all_pass(remote.run(sleepers(8)), 8)
    assert zygotes(cluster[1])
    assert zygotes(cluster[2])
    assert remote.serves(remote.settings)


def test_a_job_that_one_worker_cannot_run_is_run_by_another(cluster):
    # More than it has threads for, so that the other one is idle and would steal them back.
    with Engine(Autograder(preload=["only_there"], scheduler=cluster[0])) as engine:
        assert all_pass(engine.run(sleepers(24)), 24)


def test_what_waits_for_a_worker_that_goes_away_is_asked_of_the_rest(cluster, tmp_path):
    (tmp_path / "only_for_now.py").touch()
    space = ("--local-directory", str(tmp_path))
    with (
        Engine(Autograder(preload=["only_for_now"], scheduler=cluster[0])) as engine,
        worker_process(cluster[0], "brief", *space, path=[str(tmp_path)]) as brief,
    ):
        engine.connect()
        wait_for(lambda: len(engine.slots) == 3)
        waiting = [engine.submit(one) for one in sleepers(8)]
        assert ended(waiting[0].result()).verdicts == [Verdict.PASS]
        brief.kill()
        with pytest.raises(AutograderError, match=r"(?s)cannot grade.*only_for_now"):
            waiting[-1].result()


def test_a_job_that_wants_a_resource_goes_where_it_is(remote, cluster):
    waiting = [remote.submit(replace(one, resources=(("GPU", 1.0),))) for one in sleepers(4)]
    where = set()
    while not all(one.done() for one in waiting):
        where |= {pid for pid in cluster[1:] if kernels(pid)}
    assert all_pass([one.result() for one in waiting], 4)
    assert where == {cluster[2]}


def test_a_resource_that_nobody_offers_is_waited_for_and_then_named(remote):
    wants = replace(job("1"), resources=(("GPU", 2.0),))
    with pytest.raises(AutograderError) as caught:
        next(remote.run([wants]))
    said = str(caught.value)
    assert "which asks for GPU=2 (waited 2 s;" in said
    assert "offers GPU=1" in said
    assert "offers nothing" in said


def test_a_resource_that_comes_in_time_is_used(remote, cluster, tmp_path):
    remote.settings.resource_seconds = 60
    waiting = remote.submit(replace(job("1"), resources=(("TPU", 1.0),)))
    space = ("--local-directory", str(tmp_path))
    with worker_process(cluster[0], "late", *space, "--resources", "TPU=1"):
        assert ended(waiting.result()).verdicts == [Verdict.PASS]


def test_a_scheduler_without_workers_is_named():
    with (
        scheduler_process() as (address, _),
        Engine(Autograder(preload=[], scheduler=address, resource_seconds=1)) as engine,
        pytest.raises(AutograderError, match="there are no workers"),
    ):
        next(engine.run([job("1")]))


def test_a_scheduler_that_goes_away_is_named():
    with contextlib.ExitStack() as running:
        address, process = running.enter_context(scheduler_process())
        engine = running.enter_context(Engine(Autograder(preload=[], scheduler=address)))
        waiting = engine.submit(job("1"))
        process.kill()
        with pytest.raises(AutograderError, match=f"The Dask scheduler at {address} is gone"):
            waiting.result()
        with pytest.raises(AutograderError, match="is gone"):
            next(engine.run([job("1")]))
        assert not engine.serves(engine.settings)


def test_a_scheduler_that_goes_away_while_nothing_runs_is_named(monkeypatch):
    monkeypatch.setattr(remote_cluster, "ANSWER", 1)
    with contextlib.ExitStack() as running:
        address, process = running.enter_context(scheduler_process())
        engine = running.enter_context(Engine(Autograder(preload=[], scheduler=address)))
        engine.connect()
        process.kill()
        wait_for(lambda: not engine.serves(engine.settings), 30)
        for _ in range(2):
            with pytest.raises(AutograderError, match="is gone"):
                next(engine.run([job("1")]))
        engine._thread.join()
        with pytest.raises(AutograderError, match="is gone"):
            engine.submit(job("1"))
        assert engine._under_way == 0
        assert not logging.getLogger("distributed.client").isEnabledFor(logging.ERROR)


def test_a_server_asks_again_for_a_scheduler_that_did_not_answer(monkeypatch):
    monkeypatch.setattr(engine_module, "_shared", None)
    monkeypatch.setattr(remote_cluster, "ANSWER", 1)
    settings = Autograder(scheduler="tcp://127.0.0.1:1")
    first = shared(settings)
    with pytest.raises(AutograderError, match="No Dask scheduler answers"):
        first.connect()
    second = shared(settings)
    assert second is not first
    second.close()


def test_a_worker_without_this_package_is_named_and_another_one_asked(tmp_path):
    space = ("--local-directory", str(tmp_path))
    with (
        scheduler_process() as (address, _),
        Engine(Autograder(preload=[], scheduler=address)) as engine,
        worker_process(address, "bare", *space, code=ABSENT + WORKER),
    ):
        with pytest.raises(
            AutograderError, match=r"worker of .* cannot grade;.* ModuleNotFoundError: .*autograder"
        ):
            next(engine.run([job("1")]))
        with worker_process(address, "whole", *space):
            wait_for(lambda: len(engine.slots) == 2)
            assert ended(next(engine.run([job("1")]))).verdicts == [Verdict.PASS]


def test_where_a_job_failed_it_is_tried_again_if_all_others_refuse_it(monkeypatch):
    engine, one = Engine(Autograder(scheduler="tcp://127.0.0.1:1")), job("1")
    engine._workers = {name: {"resources": {}} for name in ("fails", "refuses")}
    asked = []

    async def ask(order, job, only, *, alone):
        asked.append(only)
        if only == ["refuses"]:
            return Reply("refuses", refusal="It has no NumPy.")
        failure = "killed" if len(asked) == 1 else ""
        return Reply("fails", execution=Execution(one, b"", (), 0.0, failure=failure))

    monkeypatch.setattr(engine, "_ask", ask)
    assert asyncio.run(engine._see_through(0, one)).failure == ""
    assert asked == [[], ["refuses"], ["fails"]]
