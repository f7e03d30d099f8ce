"""Runs jobs in parallel and hands back each execution as it ends."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from autograder import execute as execution
from autograder.model import Execution, Job
from autograder.settings import Autograder
from autograder.zygote import Zygote

#: How often a job is tried when the failure is ours.
TRIES = 2


class Engine:
    """One zygote and as many slots as there are processors.

    The slots are threads: all that is heavy happens in the kernels' own processes.
    """

    def __init__(self, settings: Autograder) -> None:
        self.settings = settings
        self.zygote = Zygote(settings.preload, settings.directories, isolated=settings.sandbox)
        self._pool = ThreadPoolExecutor(settings.slots, thread_name_prefix="grader")

    def run(self, jobs: Iterable[Job]) -> Iterator[Execution]:
        """Execute ``jobs``; yield in the order in which they end.

        Raises
        ------
        ZygoteError
            If nothing can be executed at all (a preloaded module that cannot be imported).
        """
        self.zygote.wait_ready()
        waiting: list[Future[Execution]] = [self._pool.submit(self._one, job) for job in jobs]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            for rest in waiting:
                rest.cancel()

    def _one(self, job: Job) -> Execution:
        result = None
        for _ in range(TRIES):
            try:
                result = asyncio.run(execution.execute(job, self.zygote))
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
        if _shared is None or _shared.zygote.preload != tuple(settings.preload):
            if _shared is not None:
                _shared.close()
            _shared = Engine(settings)
            atexit.register(_shared.close)
        return _shared
