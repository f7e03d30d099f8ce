"""Runs jobs in parallel on a Dask cluster and hands back each execution as it ends."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import itertools
import logging
import secrets
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import Future, as_completed
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from autograder.dispatch import resources
from autograder.dispatch.local_cluster import Local
from autograder.dispatch.remote_cluster import Given
from autograder.dispatch.worker import Profile, Reply, by_value, opened, pack, slots_of
from autograder.model import AutograderError, Execution, Job
from autograder.settings import Autograder

if TYPE_CHECKING:
    import distributed

log = logging.getLogger(__name__)
#: How often a job is tried when the failure is ours, and how many workers may end under it.
TRIES, DEATHS = 2, 3
#: How often the cluster is looked at, and how long its end may take, in seconds.
LOOK, END = 1.0, 15
#: The settings that an engine cannot change once it has started.
OWN = ("preload", "read_only", "sandbox", "slots", "scheduler", "dashboard", "resource_seconds")
#: How many jobs Dask is given beyond what its workers have threads for.
AHEAD = 2
#: How many bytes of jobs are under way at a time, or one job that has more: each is copied several
#: times on its way to a worker.
MOST_BYTES = 512 << 20


class Engine:
    """Jobs in, executions out; a cluster of this machine's own unless the settings name another.

    All that concerns Dask happens in one event loop in a thread of its own, in which each job is a
    coroutine. Worker processes begin to import at once, Dask is imported for the first job.
    """

    def __init__(self, settings: Autograder) -> None:
        self.settings = settings
        self.profile = Profile.of(settings)
        self.cluster: Local | Given = (
            Given(settings.scheduler)
            if settings.scheduler
            else Local(self.profile, settings.slots, dashboard=settings.dashboard)
        )
        self._order = itertools.count()
        self._connecting, self._thread = threading.Lock(), None
        self._connected: Future[str] = Future()
        self._room = threading.Condition()
        self._under_way, self._bytes, self._closed = 0, 0, False
        # What follows belongs to the event loop.
        self._workers: dict[str, dict[str, Any]] = {}
        self._asked = 0
        self._awaited: set[tuple[tuple[str, float], ...]] = set()
        self._alone: asyncio.Lock
        self._ending: asyncio.Event
        self._loop: asyncio.AbstractEventLoop
        self._client: distributed.Client

    _thread: threading.Thread | None

    def serves(self, settings: Autograder) -> bool:
        """Whether this engine was started with what ``settings`` say, and is alive."""
        same = all(getattr(self.settings, name) == getattr(settings, name) for name in OWN)
        return same and not self._closed and self.cluster.failure is None

    def connect(self) -> str:
        """Start or find the scheduler; return the address of its dashboard, or nothing.

        Raises
        ------
        AutograderError
            If the scheduler that the settings name does not answer.
        """
        with self._connecting:
            if self._thread is None:
                # Here rather than in the thread, which would import beside whoever called.
                import distributed  # noqa: F401

                self._thread = threading.Thread(
                    target=lambda: asyncio.run(self._serve()), name="engine", daemon=True
                )
                self._thread.start()
        return self._connected.result()

    def submit(self, job: Job) -> Future[Execution]:
        """Queue ``job``; whatever its code does, the future has a result.

        Waits while there is a queue already, of jobs or of their bytes, so that not all notebooks
        and files are in memory at once.
        The future's only exception is `AutograderError`: nothing can be executed at all, as when
        a module to preload cannot be imported.
        """
        self.connect()
        size = _size(job)
        with self._room:
            self._room.wait_for(lambda: self._closed or self._has_room(size))
            if self._closed:
                raise AutograderError("The engine was closed.")
            self._under_way += 1
            self._bytes += size
        task = self._see_through(next(self._order), job)
        try:
            future = asyncio.run_coroutine_threadsafe(task, self._loop)
        except RuntimeError as error:  # the event loop has ended
            task.close()
            self._leave(size)
            raise self.cluster.failure or AutograderError("The engine was closed.") from error
        future.add_done_callback(lambda _: self._leave(size))
        return future

    def _has_room(self, size: int) -> bool:
        """Whether a job of so many bytes may join those under way."""
        fits = self._bytes + size <= MOST_BYTES or not self._under_way
        return fits and self._under_way < self._window

    def _leave(self, size: int) -> None:
        with self._room:
            self._under_way -= 1
            self._bytes -= size
            self._room.notify_all()

    @property
    def slots(self) -> list[int]:
        """How many submissions each of the workers that are connected now runs at a time."""
        return [slots_of(one["nthreads"]) for one in self._workers.values()]

    @property
    def _window(self) -> int:
        threads = sum(worker["nthreads"] for worker in self._workers.values())
        return AHEAD * max(threads, 2 * self.settings.slots)

    def run(self, jobs: Iterable[Job]) -> Iterator[Execution]:
        """Execute ``jobs``; yield in the order in which they end."""
        waiting: list[Future[Execution]] = []
        try:
            waiting += map(self.submit, jobs)
            for done in as_completed(waiting):
                yield done.result()
        finally:
            for rest in waiting:
                rest.cancel()

    async def _serve(self) -> None:
        """Be connected to the cluster until the engine is closed."""
        self._loop = asyncio.get_running_loop()
        self._alone, self._ending = asyncio.Lock(), asyncio.Event()
        try:
            self._client = await self.cluster.start()
            await self._look()
            link = self._client.dashboard_link
            self._connected.set_result(link if self._shows_dashboard else "")
            while not self._ending.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), LOOK)
                await self._look()
        except Exception as error:
            # Whoever keeps an engine makes another one next time: the cause may be gone by then.
            self.cluster.failure = error if isinstance(error, AutograderError) else self._gone()
            if not self._connected.done():
                self._connected.set_exception(error)
        finally:
            await self.cluster.stop()

    @property
    def _shows_dashboard(self) -> bool:
        return bool(self.settings.scheduler or self.settings.dashboard)

    async def _look(self) -> None:
        """Take note of which workers there are."""
        scheduler: Any = self._client.scheduler
        if scheduler is None:  # Dask's client has tried long enough to reach it again
            raise self._gone()
        with contextlib.suppress(OSError, RuntimeError):  # it does not answer just now
            self._workers = (await scheduler.identity(n_workers=-1))["workers"]

    async def _see_through(self, order: int, job: Job) -> Execution:
        """Have ``job`` executed; if the failure is ours, again, and elsewhere if possible."""
        from distributed import KilledWorker

        failures, deaths = 0, 0
        failed: set[str] = set()  # on these it may do better; those that refused it cannot do it
        refused: set[str] = set()
        while True:
            others = self._others(job, failed | refused) or self._others(job, refused)
            try:
                reply = await self._ask(order, job, others, alone=deaths == DEATHS - 1)
            except KilledWorker:
                deaths += 1
                if deaths == DEATHS:
                    why = f"{DEATHS} worker processes ended while they ran it"
                    return Execution(job, job.content, (), 0.0, failure=why)
                continue
            if reply is None:
                continue
            if reply.execution is None:
                refused.add(reply.worker)
                if not self._others(job, refused):  # one that has just joined is not known yet
                    await asyncio.sleep(2 * LOOK)
                if not self._others(job, refused):
                    raise resources.refused(reply.worker, reply.refusal, self.settings.scheduler)
                continue
            failed.add(reply.worker)
            failures += bool(reply.execution.failure)
            if not reply.execution.failure or failures == TRIES:
                return replace(reply.execution, job=job)

    def _others(self, job: Job, avoid: set[str]) -> list[str]:
        """Return the workers that can be asked when those in ``avoid`` could not do it."""
        return sorted(set(resources.those(self._workers, job)) - avoid) if avoid else []

    async def _ask(self, order: int, job: Job, only: list[str], *, alone: bool) -> Reply | None:
        """Give ``job`` to Dask, for the workers in ``only`` if there are any.

        Returns what the worker answers, or None if those workers went away before one did.
        """
        if self.cluster.failure is not None:
            raise self.cluster.failure
        async with self._admitted(alone=alone):
            future = self._client.submit(
                by_value(),
                pack(job, self.profile),
                key=f"grade-{secrets.token_hex(8)}",
                pure=False,
                priority=-order,
                resources=dict(job.resources) or None,
                # With allow_other_workers an idle one would steal what it has just refused.
                workers=only or None,
            )
            try:
                return await self._answer(future, job, only)
            finally:
                future.release()

    @contextlib.asynccontextmanager
    async def _admitted(self, *, alone: bool) -> AsyncIterator[None]:
        """Let a job run at the same time as others, unless workers keep ending under it.

        Of several jobs that were on a worker when it ended one only may be to blame.
        """
        async with self._alone:
            while alone and self._asked:
                await asyncio.sleep(0.05)
            if alone:
                yield
                return
            self._asked += 1
        try:
            yield
        finally:
            self._asked -= 1

    async def _answer(
        self, future: distributed.Future[bytes], job: Job, only: list[str]
    ) -> Reply | None:
        from distributed.client import FutureCancelledError

        result: Any = future.result()
        waiting: asyncio.Task[bytes] = asyncio.ensure_future(result)
        patience = self.settings.resource_seconds if self.settings.scheduler else 0
        ours = not self.settings.scheduler and not job.resources  # a worker is there or starts
        missed: float | None = None
        try:
            while not (await asyncio.wait({waiting}, timeout=LOOK))[0]:
                if self.cluster.failure is not None:
                    raise self.cluster.failure
                if only and not set(only) & set(self._workers):
                    return None
                if ours or resources.those(self._workers, job):
                    missed = None
                    self._awaited.discard(job.resources)
                    continue
                missed = missed or time.monotonic()
                if patience and job.resources not in self._awaited:  # once for all such jobs
                    self._awaited.add(job.resources)
                    log.warning(resources.awaited(self._workers, job, self.cluster.name, patience))
                if time.monotonic() - missed >= patience:
                    raise resources.lacking(self._workers, job, self.cluster.name, patience)
            return opened(waiting.result())
        except FutureCancelledError as error:
            self.cluster.failure = self._gone()
            raise self.cluster.failure from error
        finally:
            waiting.cancel()

    def _gone(self) -> AutograderError:
        return AutograderError(
            f"The Dask scheduler at {self.cluster.name} is gone. What was graded is recorded; "
            "when it is back, grade again for the rest."
        )

    def close(self) -> None:
        """End the cluster, if it is ours, and every kernel."""
        with self._room:
            self._closed = True
            self._room.notify_all()
        with self._connecting:
            if self._thread is not None and self._thread.is_alive():
                with contextlib.suppress(RuntimeError):  # it has just ended by itself
                    self._loop.call_soon_threadsafe(self._ending.set)
                self._thread.join(END)
        self.cluster.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _size(job: Job) -> int:
    """Return the bytes that a job carries."""
    files = (*job.files, *job.instructor_files)
    return len(job.content) + sum(len(content) for _, content in files)


_shared: Engine | None = None
_sharing = threading.Lock()


def shared(settings: Autograder) -> Engine:
    """Return this process's own engine, started at the first call and kept warm.

    A server (formgrader's) grades one submission per click: it should warm up once.
    """
    global _shared
    with _sharing:
        if _shared is None or not _shared.serves(settings):
            if _shared is not None:
                _shared.close()
            _shared = Engine(settings)
            atexit.register(_shared.close)
        return _shared
