"""Executes jobs in a worker process, with one warm zygote for all its slots."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.execute.zygote import PreloadError, Zygote, ZygoteError
from autograder.model import AutograderError, Execution, Job, told
from autograder.sandbox import pod
from autograder.sandbox.bubblewrap import SandboxUnavailableError
from autograder.settings import Autograder

#: How often a job is tried here when its zygote died under it.
TRIES = 3
#: How many of a worker's threads a slot takes: in one of them cells run, and in the other the next
#: submission's processes start, most of which is waiting.
THREADS = 2
#: By how much a zygote's own memory may grow, in MB, before another one takes its place.
GROWTH_MB = 200


@dataclass(frozen=True)
class Profile:
    """What a zygote is started with."""

    preload: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    sandbox: bool = True

    @classmethod
    def of(cls, settings: Autograder) -> Profile:
        """Return the profile that ``settings`` ask for."""
        directories = tuple(str(path) for path in settings.directories)
        return cls(tuple(settings.preload), directories, settings.sandbox)


@dataclass(frozen=True)
class Reply:
    """What a worker answers: an execution, or why it can execute nothing at all."""

    worker: str
    execution: Execution | None = None
    refusal: str = ""


def chain(pid: int) -> list[int]:
    """Return ``pid`` and, if bubblewrap stands before a process, those behind it."""
    pids = [pid]
    with contextlib.suppress(OSError, ValueError, IndexError):
        while Path(f"/proc/{pids[-1]}/comm").read_text().startswith(("bwrap", "bubblewrap")):
            children = Path(f"/proc/{pids[-1]}/task/{pids[-1]}/children").read_text()
            pids.append(int(children.split()[0]))
    return pids


def memory_mb(pid: int) -> int:
    """Return the memory of its own that the process has which was started as ``pid``."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{chain(pid)[-1]}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) >> 10
    return 0


def _dies(zygote: Zygote) -> bool:
    """Whether a zygote on which a job failed has gone or is about to."""
    for _ in range(50):
        if not zygote.alive:
            return True
        time.sleep(0.01)
    return False


class _Kept:
    """A zygote, how many jobs are on it, and its memory when it was new."""

    def __init__(self, zygote: Zygote) -> None:
        self.zygote, self.users, self.new_mb = zygote, 0, 0

    @property
    def spent(self) -> bool:
        """Whether another one should take its place."""
        grown = memory_mb(self.zygote.pid) - self.new_mb if self.new_mb else 0
        return not self.zygote.alive or grown > GROWTH_MB


class Machine:
    """All that a worker process holds: a zygote for each profile in use, and turns to run cells."""

    def __init__(self, slots: int) -> None:
        self._kept: dict[Profile, _Kept] = {}
        self._lock, self._closed = threading.Lock(), False
        # A zygote ends with the thread that started it: this one stays.
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="keeper")
        # More jobs than this may be under way: while cells run, kernels for the next ones start.
        self._turn = threading.Semaphore(slots)
        atexit.register(self.close)

    def start(self, profile: Profile) -> _Kept:
        """Return what is kept for ``profile``, which may be importing still."""
        with self._lock:
            return self._start(profile)

    def _start(self, profile: Profile) -> _Kept:
        if self._closed:
            raise ZygoteError("This worker process is about to end.")
        for key, kept in list(self._kept.items()):
            if kept.spent if key == profile else not kept.users:
                del self._kept[key]
                if not kept.users:  # else the last job on it closes it
                    kept.zygote.close()
        if profile not in self._kept:
            paths = [Path(name) for name in profile.read_only]
            starting = self._keeper.submit(Zygote, profile.preload, paths, isolated=profile.sandbox)
            self._kept[profile] = _Kept(starting.result())
        return self._kept[profile]

    @contextlib.contextmanager
    def zygote(self, profile: Profile) -> Iterator[Zygote]:
        """Lend a zygote that is ready: not one that died or has grown.

        Raises
        ------
        AutograderError
            If it cannot start.
        """
        with self._lock:
            kept = self._start(profile)
            kept.users += 1
        try:
            kept.zygote.wait_ready()
            kept.new_mb = kept.new_mb or memory_mb(kept.zygote.pid)
            yield kept.zygote
        finally:
            with self._lock:
                kept.users -= 1
                if not kept.users and self._kept.get(profile) is not kept:
                    kept.zygote.close()

    def execute(self, job: Job, profile: Profile) -> Execution:
        """Execute ``job``; whatever its code does, there is an execution.

        Raises
        ------
        AutograderError
            If nothing can be executed here.
        """
        # Imported here, while the zygote is warming up: it takes half a second.
        from autograder.execute.notebook_run import execute

        for left in reversed(range(TRIES)):
            try:
                with self.zygote(profile) as zygote:
                    done = asyncio.run(execute(job, zygote, self._turn))
                    if not (done.failure and left and _dies(zygote)):
                        return done
            except PreloadError:
                raise
            except ZygoteError:  # it died while it was starting
                if not left:
                    raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        """End every zygote and every kernel, for good."""
        with self._lock:
            self._closed = True
            for kept in self._kept.values():
                kept.zygote.close()
            self._kept.clear()


_machine: Machine | None = None
_making = threading.Lock()


def machine(slots: int = 0) -> Machine:
    """Return this process's machine; its number of slots is what the first caller says.

    Where nobody says, there is one for every `THREADS` threads of the worker, and at least one.
    """
    global _machine
    with _making:
        if _machine is None:
            _machine = Machine(slots or slots_of(_threads()))
        return _machine


def slots_of(threads: int) -> int:
    """Return how many submissions a worker of so many threads runs at a time."""
    return max(1, threads // THREADS)


def _threads() -> int:
    from distributed import get_worker

    return int(get_worker().state.nthreads)


def pack(job: Job, profile: Profile) -> bytes:
    """Return what `run` takes: bytes, so that nothing on the way looks into them."""
    return pickle.dumps((job, profile))


def run(task: bytes) -> bytes:
    """Execute what `pack` packed, in a thread of a Dask worker; return a pickled `Reply`."""
    from distributed import get_worker

    job, profile = pickle.loads(task)
    here = get_worker().address
    try:
        done = machine().execute(job, profile)
        reply = Reply(here, execution=done)
    except AutograderError as error:
        missing = (
            pod.lacking() if isinstance(error, SandboxUnavailableError) and pod.inside() else []
        )
        reply = Reply(here, refusal=" ".join([str(error), *missing]))
    except Exception as error:  # a fault of ours must not cost the other submissions
        reply = Reply(here, execution=Execution(job, job.content, (), 0.0, failure=told(error)))
    if reply.execution is not None:  # who asked has the job
        hollow = replace(job, content=b"", files=(), instructor_files=())
        reply = replace(reply, execution=replace(reply.execution, job=hollow))
    return pickle.dumps(reply)


def by_value() -> Callable[[bytes], bytes]:
    """Return `run` as Dask is given it.

    It goes there by its code rather than by its name: the scheduler looks at what it passes on, and
    need not have this package.
    """

    def grade(task: bytes) -> bytes:
        try:
            from autograder.dispatch import worker

            return worker.run(task)
        except Exception as error:  # no such package there, or one of another version
            import pickle

            from distributed import get_worker

            return pickle.dumps((get_worker().address, f"{type(error).__name__}: {error}"))

    return grade


def opened(answer: bytes) -> Reply:
    """Return what came back from where `by_value`'s function ran."""
    said: Reply | tuple[str, str] = pickle.loads(answer)
    return said if isinstance(said, Reply) else Reply(said[0], refusal=f"It said {said[1]}.")
