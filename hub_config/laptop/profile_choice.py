"""The profiles that one computer can serve, how a user picks one, and what the choice sets.

A profile was written for a cloud, where it is a machine of its own. Here it is a share of the one
computer there is: processors, memory, and whether a GPU is seen. Where somebody has nothing to
choose from, nothing is asked and nothing is limited.
"""

from __future__ import annotations

import html
import math
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub_config.machines import profile_request
from hub_config.machines.profiles import Profile

GIB = 2**30
NVIDIA_SMI_TIMEOUT_S = 10  # the first call of a sleeping driver takes seconds


@dataclass(frozen=True)
class Machine:
    """What one computer has.

    Attributes
    ----------
    processors : tuple of int
        Numbers of the processors that this process may use.
    memory_gib : float
        Memory in GiB.
    gpus : tuple of str
        What ``CUDA_VISIBLE_DEVICES`` calls each GPU.
    """

    processors: tuple[int, ...]
    memory_gib: float
    gpus: tuple[str, ...]


@dataclass(frozen=True)
class Share:
    """What a server gets of the computer.

    Attributes
    ----------
    processors : tuple of int
        Numbers of the processors on which its processes run.
    memory : int
        Bytes that each single process may ask for. Neither their sum nor a GPU's is limited.
    gpus : tuple of str
        GPUs it sees.
    """

    processors: tuple[int, ...]
    memory: int
    gpus: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the server."""
        return {"CUDA_VISIBLE_DEVICES": ",".join(self.gpus)}

    def limit(self) -> Callable[[], None]:
        """Return what a new process calls, before it becomes the server, to keep to its share."""

        def keep() -> None:
            if sys.platform == "linux":  # elsewhere a process cannot be kept to processors
                os.sched_setaffinity(0, self.processors)
            resource.setrlimit(resource.RLIMIT_DATA, (self.memory, self.memory))

        return keep


def this_machine() -> Machine:
    """Look at the computer that the hub runs on."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "linux":
        processors = tuple(sorted(os.sched_getaffinity(0)))
    else:
        processors = tuple(range(os.cpu_count() or 1))
    return Machine(processors, memory / GIB, _gpus())


def served(machine: Machine, allowed: Sequence[Profile]) -> tuple[Profile, ...]:
    """Leave out the profiles that a computer is too small for.

    Parameters
    ----------
    machine : Machine
        The computer.
    allowed : sequence of Profile
        Those of a user's groups. A slice of a GPU (MIG) is left out too: a cluster makes slices.
    """
    return tuple(profile for profile in allowed if _serves(machine, profile))


def chosen(asked: Any, offered: Sequence[Profile]) -> Profile | None:
    """Return the profile that a server starts with, or None where there is nothing to choose.

    Parameters
    ----------
    asked : Any
        The spawner's ``user_options``: from a form, a query or the hub's API, so anything.
    offered : sequence of Profile
        What this user may choose from; the first, if nothing is said.

    Raises
    ------
    ChoiceError
        If it is none of these.
    """
    if len(offered) < 2:
        return None
    name = profile_request.chosen(asked, [profile.name for profile in offered])
    return next(profile for profile in offered if profile.name == name)


def form(offered: Sequence[Profile]) -> str:
    """Return what a user chooses from, as HTML; nothing where there is nothing to choose.

    Parameters
    ----------
    offered : sequence of Profile
        What this user may choose from. Prices are for clouds: one's own computer is paid for.
    """
    if len(offered) < 2:
        return ""
    entries = "".join(_entry(one, first=one is offered[0]) for one in offered)
    return f"<fieldset><legend>What is it for?</legend>{entries}</fieldset>"


def share(profile: Profile, machine: Machine, number: int) -> Share:
    """Return what a server with this profile gets of a computer that serves it.

    Parameters
    ----------
    profile : Profile
        One of those that are `served`.
    machine : Machine
        The computer.
    number : int
        Of the user, from 0: neighbours get different processors and GPUs, as far as there are some.
    """
    gpus = profile.accelerator.count if profile.accelerator else 0
    return Share(
        tuple(sorted(_around(machine.processors, math.ceil(profile.cpu), number))),
        int(profile.memory_gib * GIB),
        _around(machine.gpus, gpus, number),
    )


def size(profile: Profile) -> str:
    """Say what a profile has, as far as it is true of a share of a computer."""
    words = f"{profile.cpu:g} processors, {profile.memory_gib:g} GiB"
    return f"{words}, a GPU" if profile.accelerator else words


def _entry(profile: Profile, *, first: bool) -> str:
    name, title, purpose = map(html.escape, (profile.name, profile.title, profile.purpose))
    checked = " checked" if first else ""
    return (
        f'<div class="form-check"><label class="form-check-label"><input class="form-check-input" '
        f'type="radio" name="{profile_request.OPTION}" value="{name}"{checked}> '
        f"<strong>{title}</strong><br>"
        f"{purpose}. {size(profile)}.</label></div>"
    )


def _serves(machine: Machine, profile: Profile) -> bool:
    if profile.cpu > len(machine.processors) or profile.memory_gib > machine.memory_gib:
        return False
    wanted = profile.accelerator
    if wanted is None:
        return True
    return "/mig-" not in wanted.resource and wanted.count <= len(machine.gpus)


def _around(things: tuple[Any, ...], count: int, number: int) -> tuple[Any, ...]:
    """Take some things, going on where the user before this one stopped."""
    return tuple(things[(number * count + i) % len(things)] for i in range(count))


def _gpus() -> tuple[str, ...]:
    command = shutil.which("nvidia-smi")
    if command:
        words = [command, "--query-gpu=uuid", "--format=csv,noheader"]
        try:
            told = subprocess.run(
                words, capture_output=True, text=True, timeout=NVIDIA_SMI_TIMEOUT_S, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return ()  # a driver that does not answer its own program answers nobody
        return tuple(line for line in told.stdout.split() if line.startswith("GPU-"))
    devices = Path("/dev").glob("nvidia[0-9]*")
    return tuple(sorted(device.name.removeprefix("nvidia") for device in devices))
