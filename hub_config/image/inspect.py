"""What the self-check inspects: user, home, modules, versions, shared memory, sandbox."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from hub_config.image import versions

MODULES = ("course", "autograder", "nbgrader", "jupyterlab", "jupyterhub.singleuser", "distributed")
#: Docker's default of 64 MiB is what TensorFlow's data pipelines and NCCL run out of.
SHARED_MIB = 256


@dataclass(frozen=True)
class Fact:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        What.
    right : bool
        Whether it is as this image needs it.
    said : str
        What was found; where it is not right, what was expected and what to do.
    """

    name: str
    right: bool
    said: str


def user(kind: str | None) -> Fact:
    """Say who runs this; images are not for root."""
    found = os.getuid()
    if kind is None or found != 0:
        return Fact("user", True, f"User id {found}, group id {os.getgid()}.")
    return Fact(
        "user",
        False,
        "Found user id 0, expected any other, because a container's root is near the node's; "
        "take out runAsUser: 0, or --user, where this was started.",
    )


def home(folder: Path) -> Fact:
    """Say whether a user can keep files."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Fact(
            "home",
            False,
            f"Found {folder} not writable ({error.strerror}), expected a home of user id "
            f"{os.getuid()}; see that the volume is mounted there and that the pod's fsGroup is "
            f"{os.getgid()}.",
        )
    return Fact("home", True, f"{folder} is writable.")


def modules(names: Collection[str] = MODULES) -> Iterator[Fact]:
    """Say whether each can be imported."""
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever a broken package raises
            said = (
                f"Found no working module {name} ({type(error).__name__}: {error}), expected it "
                "installed; build the image anew, or run `make setup` on a laptop."
            )
            yield Fact(f"import {name}", False, said)
        else:
            yield Fact(f"import {name}", True, "Imported.")


def pinned(kind: str | None, file: Path) -> Iterator[Fact]:
    """Say whether all that is installed has the version that ``file`` says.

    Parameters
    ----------
    kind : str or None
        Of the image, in which everything must be pinned; None on a laptop.
    file : Path
        The image's constraints file, or the laptop's.
    """
    try:
        expected = versions.read(file)
    except OSError as error:
        said = (
            f"Found no constraints file {file} ({error.strerror}), expected the versions that this "
            "was installed from; name another with --constraints."
        )
        yield Fact("versions", False, said)
        return
    except versions.PinError as error:
        yield Fact("versions", False, str(error))
        return
    found = versions.installed()
    wrong = versions.differences(expected, found, file)
    if kind is not None:
        wrong += versions.unpinned(expected, found, file)
    yield from (Fact("versions", False, sentence) for sentence in wrong)
    if not wrong:
        same = len(expected.keys() & found.keys())
        yield Fact("versions", True, f"{same} packages have the versions of {file}.")


def complete() -> Fact:
    """Say whether every package has what it needs, as pip sees it."""
    done = _run("-m", "pip", "check")
    if done.returncode == 0:
        return Fact("packages", True, "Every package has what it needs.")
    found = "; ".join((done.stdout or done.stderr).strip().splitlines())
    return Fact(
        "packages",
        False,
        f"Found that {found}; expected packages that fit; install what is missing with the same "
        "constraints, or build the image anew.",
    )


def shared_memory(kind: str | None, folder: Path = Path("/dev/shm")) -> Fact:
    """Say how much memory processes can share."""
    try:
        status = os.statvfs(folder)
    except OSError:
        mib = 0
    else:
        mib = status.f_blocks * status.f_frsize // 2**20
    if kind is None or mib >= SHARED_MIB:
        return Fact("shared memory", True, f"{folder} has {mib} MiB.")
    return Fact(
        "shared memory",
        False,
        f"Found {mib} MiB in {folder}, expected {SHARED_MIB} or more for TensorFlow; mount an "
        "emptyDir with `medium: Memory` there, or start docker with --shm-size=1g.",
    )


def sandbox(kind: str | None) -> Fact:
    """Say whether submissions can be isolated, which only the grader needs."""
    # A process of its own: nothing of hub_config knows the autograder from inside.
    done = _run("-c", "from autograder.sandbox.bubblewrap import missing; print(missing())")
    lacking = done.stdout.strip() if done.returncode == 0 else done.stderr.strip()
    if not lacking:
        return Fact("sandbox", True, "Bubblewrap isolates submissions here.")
    if kind != "grader":
        return Fact("sandbox", True, f"No sandbox, and none needed: {lacking}.")
    return Fact(
        "sandbox",
        False,
        f"Found no sandbox ({lacking}), expected one, because submissions are other people's code; "
        "the pod must allow user namespaces and show all of /proc (hostUsers: false, procMount: "
        "Unmasked); `autograder doctor` says more.",
    )


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
