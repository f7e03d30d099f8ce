import time

import pytest

from autograder import engine as engine_module
from autograder import execute as execute_module
from autograder.engine import TRIES, Engine, shared
from autograder.model import Execution, Verdict
from autograder.settings import Autograder
from autograder.zygote import ZygoteError
from tests.autograder.building import asserts, ended, job

pytestmark = pytest.mark.sandbox


def test_jobs_run_at_the_same_time(engine):
    jobs = [job("import time\ntime.sleep(1.5)", student=name) for name in ("a", "b")]
    began = time.monotonic()
    done = list(engine.run(jobs))
    assert time.monotonic() - began < 2.9
    assert {one.job.student for one in done} == {"a", "b"}


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
    done = {one.job.student: ended(one) for one in engine.run([*jobs, *honest])}
    assert not [one for one in done.values() if one.failure]
    for name in ("honest0", "honest1", "honest2"):
        assert done[name].verdicts == [Verdict.PASS, Verdict.PASS]
    assert done["dies"].verdicts == [Verdict.CRASH]
    assert done["loops"].verdicts == [Verdict.TIMEOUT]
    assert done["hoards"].verdicts == [Verdict.MEMORY]
    for name in ("floods", "forks", "spawns"):  # which limit is met first is a matter of speed
        assert done[name].verdicts[0] not in (Verdict.PASS, Verdict.INTERNAL)


@pytest.fixture
def failing(monkeypatch):
    """Let executions fail as ours a number of times, one way or the other."""
    tried = []

    def fail(times, *, by_exception=False):
        real = execute_module.execute

        async def execute(job, *rest):
            tried.append(job.student)
            if len(tried) > times:
                return await real(job, *rest)
            if by_exception:
                raise OSError("no descriptors left")
            return Execution(job, job.content, (), 0.0, failure="no namespace left")

        monkeypatch.setattr(execute_module, "execute", execute)
        return tried

    return fail


@pytest.mark.parametrize("by_exception", [False, True])
def test_a_failure_of_ours_is_tried_again(engine, failing, by_exception):
    tried = failing(1, by_exception=by_exception)
    (one,) = engine.run([job("1")])
    assert one.failure == ""
    assert ended(one).verdicts == [Verdict.PASS]
    assert len(tried) == 2


@pytest.mark.parametrize(
    ("by_exception", "said"),
    [(False, "no namespace left"), (True, "OSError('no descriptors left')")],
)
def test_a_failure_of_ours_that_stays_is_told_and_has_no_verdict(
    engine, failing, by_exception, said
):
    tried = failing(99, by_exception=by_exception)
    (one,) = engine.run([job("1")])
    assert one.failure == said
    assert one.cells == ()
    assert len(tried) == TRIES


def test_nothing_is_run_when_a_preloaded_module_is_missing():
    with (
        Engine(Autograder(preload=["no_such_module"])) as broken,
        pytest.raises(ZygoteError, match="no_such_module"),
    ):
        list(broken.run([job("1"), job("2")]))


def test_what_nobody_waits_for_is_not_run(engine):
    jobs = [job("import time\ntime.sleep(0.5)") for _ in range(40)]
    results = engine.run(jobs)
    next(results)
    results.close()
    began = time.monotonic()
    assert ended(next(engine.run([job("1")]))).verdicts == [Verdict.PASS]
    assert time.monotonic() - began < 8


def test_a_server_keeps_one_engine_until_the_settings_change_or_it_dies(monkeypatch):
    monkeypatch.setattr(engine_module, "_shared", None)
    first = shared(Autograder(preload=["numpy"]))
    try:
        assert shared(Autograder(preload=["numpy"], cell_seconds=5)) is first
        second = shared(Autograder(preload=[]))
        assert second is not first
        assert not first.zygote.alive
        first = second
        first.zygote._process.kill()
        first.zygote._process.wait()
        third = shared(Autograder(preload=[]))
        assert third is not first
        first = third
        assert ended(next(third.run([job("1")]))).verdicts == [Verdict.PASS]
    finally:
        first.close()
