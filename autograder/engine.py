"""Runs jobs in parallel and hands back each execution as it ends."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from autograder.model import Execution, Job
from autograder.settings import Autograder
from autograder.zygote import Zygote

#: How often a job is tried when the failure is ours.
TRIES = 2


class Engine:
    """One zygote and as many slots as there are processors.

    The slots are threads: all that is heavy happens in the kernels' own processes. There are twice
    as many threads, so that while cells run the kernels for the next submissions start.
    """

    def __init__(self, settings: Autograder) -> None:
        self.settings = settings
        self.zygote = Zygote(settings.preload, settings.directories, isolated=settings.sandbox)
        self._pool = ThreadPoolExecutor(2 * settings.slots, thread_name_prefix="grader")
        self._turn = threading.Semaphore(settings.slots)

    def serves(self, settings: Autograder) -> bool:
        """Whether this engine was started with what ``settings`` say, and is alive."""
        mine = self.settings
        return self.zygote.alive and (mine.preload, mine.read_only, mine.sandbox, mine.slots) == (
            settings.preload,
            settings.read_only,
            settings.sandbox,
            settings.slots,
        )

    def submit(self, job: Job) -> Future[Execution]:
        """Queue ``job``; whatever its code does, the future has a result.

        Its only exception is `ZygoteError`: nothing can be executed at all, as when a module to
        preload cannot be imported.
        """
        return self._pool.submit(self._one, job)

    def run(self, jobs: Iterable[Job]) -> Iterator[Execution]:
        """Execute ``jobs``; yield in the order in which they end."""
        waiting = [self.submit(job) for job in jobs]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            for rest in waiting:
                rest.cancel()

    def _one(self, job: Job) -> Execution:
        # Imported here, while the zygote is warming up: it takes half a second.
        from autograder.execute import execute

        self.zygote.wait_ready()
        result = None
        for _ in range(TRIES):
            try:
                result = asyncio.run(execute(job, self.zygote, self._turn))
            except Exception as error:  # a fault of ours must not cost the other submissions
                result = Execution(job, job.content, (), 0.0, failure=repr(error))
            if not result.failure:
                break
        assert result is not None
        return result

    def close(self) -> None:
        """End the zygote and every kernel."""
        self.zygote.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
