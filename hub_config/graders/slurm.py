"""Grades on a Slurm cluster: a Dask scheduler here, and workers of some profiles as Slurm's jobs.

``python -m hub_config.graders.slurm KEYS cpu-large=4 gpu-whole=1`` prints the address for
``autograder grade --scheduler`` and serves until it is interrupted; then its jobs are cancelled.
What a job asks for comes from the profile, what is particular to a site (partition, account, time,
modules to load) from dask-jobqueue's own configuration; `jobqueue.yaml` beside this is an example.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub_config.graders import certificates
from hub_config.graders.kubernetes import QUIET, slots
from hub_config.graders.resources import THREADS, offered
from hub_config.machines import profiles as machines
from hub_config.machines.profiles import Profile, Profiles

if TYPE_CHECKING:
    from dask_jobqueue.slurm import SLURMJob
    from distributed.security import Security

#: Where the site's configuration says what is particular to the jobs of a profile, by its name.
SITE = "jobqueue.grading"
#: How long a worker looks for its scheduler, in seconds.
PATIENCE = "300"


class SlurmError(ValueError):
    """The cluster cannot be started; the text says why, and what to do."""


def jobs(profiles: Profiles, wanted: Mapping[str, int], address: str, keys: Path) -> list[SLURMJob]:
    """Return one Slurm job for each worker, not yet submitted.

    Parameters
    ----------
    profiles : Profiles
        The machines.
    wanted : mapping of str to int
        How many workers, by the name of a profile.
    address : str
        Of the scheduler.
    keys : Path
        Directory that `certificates` has written, on a disk that all nodes see.

    Raises
    ------
    ProfileError
        If a profile is not there.
    SlurmError
        If dask-jobqueue is not installed.
    """
    return [
        _job(profiles.profile(name), f"{name}-{number}", address, security(keys))
        for name, count in wanted.items()
        for number in range(count)
    ]


def security(keys: Path) -> Security:
    """Return Dask's view of a directory of keys.

    Raises
    ------
    SlurmError
        If they are not there.
    """
    from distributed.security import Security

    names = (certificates.AUTHORITY, certificates.CERTIFICATE, certificates.KEY)
    authority, certificate, key = (str(keys.absolute() / name) for name in names)
    if absent := [name for name in (authority, certificate, key) if not Path(name).is_file()]:
        raise SlurmError(
            f"there is no {', no '.join(absent)}; make the keys of the cluster with "
            f"`python -m hub_config.graders.certificates {keys}`"
        )
    roles = {f"tls_{role}_cert": certificate for role in certificates.ROLES}
    roles |= {f"tls_{role}_key": key for role in certificates.ROLES}
    made: Security = Security(require_encryption=True, tls_ca_file=authority, **roles)
    return made


def _job(profile: Profile, name: str, address: str, keys: Security) -> SLURMJob:
    try:
        from dask_jobqueue.slurm import SLURMJob
    except ImportError:
        raise SlurmError("dask-jobqueue is not installed; pip install dask-jobqueue") from None
    import dask

    extra = ["--memory-limit", "0", *QUIET]  # the engine itself looks after memory
    if resources := offered(profile):
        extra += ["--resources", ",".join(f"{one}={most:g}" for one, most in resources.items())]
    ours: dict[str, Any] = {
        "cores": THREADS * slots(profile),  # Dask's threads; Slurm is asked for the next line
        "job_cpu": max(1, int(profile.cpu)),  # Slurm refuses 0, and has no half ones
        "memory": f"{profile.memory_gib:g}GiB",
        "processes": 1,
        "nanny": False,
        "worker_extra_args": extra,
        "death_timeout": PATIENCE,
        "job_name": f"grading-{profile.name}",
    }
    if profile.accelerator:
        ours["job_extra_directives"] = [f"--gres=gpu:{profile.accelerator.count}"]
    site = {
        str(key).replace("-", "_"): value
        for key, value in (dask.config.get(f"{SITE}.{profile.name}", None) or {}).items()
    }
    try:
        return SLURMJob(
            scheduler=address, name=name, protocol="tls", security=keys, **{**ours, **site}
        )
    except TypeError as error:
        raise SlurmError(
            f"{SITE}.{profile.name} has a key that dask-jobqueue refuses: {error}"
        ) from None


async def serve(wanted: Mapping[str, int], keys: Path, *, host: str | None, port: int) -> None:
    """Run the scheduler and its workers' jobs until this process is told to end.

    Parameters
    ----------
    wanted, keys
        As for `jobs`.
    host : str, optional
        The address at which the nodes reach this machine; Dask finds one otherwise.
    port : int
        Where it listens; 0 for any.
    """
    from distributed import Scheduler

    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    async with Scheduler(
        host=host,
        port=port,
        protocol="tls",
        security=security(keys),
        dashboard=False,
        dashboard_address="127.0.0.1:0",
    ) as scheduler:
        submitted: list[SLURMJob] = []
        try:
            for job in jobs(machines.load(), wanted, scheduler.address, keys):
                await job.start()
                submitted.append(job)
            sys.stdout.write(f"{scheduler.address}\n")
            sys.stdout.flush()
            await ending.wait()
        except FileNotFoundError as error:
            raise SlurmError(
                f"{error.filename} is not here; run this where jobs are submitted to Slurm"
            ) from None
        except RuntimeError as error:  # what sbatch has to say stands at the end
            said = str(error).strip().splitlines()[-1]
            raise SlurmError(f"Slurm does not take the job: {said}") from None
        finally:
            await asyncio.gather(*(job.close() for job in submitted))


def _count(word: str) -> tuple[str, int]:
    name, _, number = word.partition("=")
    if not number.isdecimal() or not int(number):
        raise argparse.ArgumentTypeError(
            f"'{word}' is not like cpu-large=4: a profile and a number"
        )
    return name, int(number)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m hub_config.graders.slurm", description=__doc__.splitlines()[0]
    )
    parser.add_argument("keys", type=Path, metavar="KEYS", help="what `certificates` has written")
    parser.add_argument(
        "workers", nargs="+", type=_count, metavar="PROFILE=N", help="how many of which machine"
    )
    parser.add_argument("--host", help="the address at which nodes reach this machine")
    parser.add_argument("--port", type=int, default=8786, help="where the scheduler listens (8786)")
    arguments = parser.parse_args(argv)
    wanted = dict(arguments.workers)
    try:
        asyncio.run(serve(wanted, arguments.keys, host=arguments.host, port=arguments.port))
    except (SlurmError, machines.ProfileError, OSError) as error:
        sys.stderr.write(f"slurm: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
