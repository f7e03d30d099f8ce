"""Checks whether a cluster's workers offer the resources of a job, and says so if none does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograder.model import AutograderError, Job

#: What the scheduler says of each worker, by its address.
Workers = Mapping[str, Mapping[str, Any]]


def those(workers: Workers, job: Job) -> list[str]:
    """Return the addresses of the workers that offer all that ``job`` asks for."""
    return [
        address
        for address, worker in workers.items()
        if all(worker["resources"].get(name, 0) >= amount for name, amount in job.resources)
    ]


def lacking(workers: Workers, job: Job, cluster: str, seconds: float) -> AutograderError:
    """Return the error that says what was asked for in vain, of whom, and what can be done."""
    wanted, found = _listed(dict(job.resources)), _found(workers)
    start = f"dask worker ADDRESS{' --resources ' if wanted else ''}{wanted}"
    return AutograderError(
        f"No worker of {cluster} can grade '{job.assignment}'"
        f"{f', which asks for {wanted}' if wanted else ''} "
        f"(waited {seconds:g} s; {found}). "
        f"Start one with `{start}` and give its scheduler with --scheduler"
        f"{', or change c.Autograder.resources' if wanted else ''}."
    )


def awaited(workers: Workers, job: Job, cluster: str, seconds: float) -> str:
    """Return what to say while there is hope that a worker comes."""
    wanted = _listed(dict(job.resources))
    return (
        f"'{job.assignment}' waits for a worker of {cluster}"
        f"{f' that offers {wanted}' if wanted else ''}, {seconds:g} s at most ({_found(workers)})."
    )


def refused(worker: str, why: str, scheduler: str) -> AutograderError:
    """Return the error that says why a worker can grade nothing, and of a given cluster, which."""
    if not scheduler:
        return AutograderError(why)
    return AutograderError(
        f"{worker}, a worker of {scheduler}, cannot grade; `autograder doctor` there tells more. "
        f"{why}"
    )


def _found(workers: Workers) -> str:
    return (
        "; ".join(
            f"{address} offers {_listed(worker['resources']) or 'nothing'}"
            for address, worker in workers.items()
        )
        or "there are no workers"
    )


def _listed(resources: Mapping[str, float]) -> str:
    return " ".join(f"{name}={amount:g}" for name, amount in resources.items())
