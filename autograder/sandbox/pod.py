"""Finds the settings of a Kubernetes pod that prevent the sandbox from working in it.

Container runtimes take from a pod what the walls are made with: system calls by a filter (seccomp),
mounts by an AppArmor profile, and a fresh /proc by covering parts of the old one. Each is one line
of the pod's manifest. `lacking` makes each step of the inner wall in a process of its own, and
looks at what the runtime has put around this one.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

from autograder.sandbox import bubblewrap

#: What the walls call and default filters refuse.
CALLS = "clone, unshare, mount, umount2, pivot_root, open_tree, move_mount and setns"
SECCOMP = (
    "The pod's system-call filter refuses new namespaces. Write `seccompProfile: {type: "
    "Unconfined}` into the container's securityContext, or a Localhost profile that allows "
    f"{CALLS}"
)
APPARMOR = (
    "The pod's AppArmor profile ({}) refuses mounts. Write `appArmorProfile: {{type: Unconfined}}` "
    "into the container's securityContext"
)
PROC = (
    "Parts of the pod's /proc are covered, so no fresh one can be mounted. Write `procMount: "
    "Unmasked` into the container's securityContext, and `hostUsers: false` into the pod's spec, "
    "without which Kubernetes refuses it"
)
NODE = (
    "The node allows no more user namespaces. No setting of a pod changes that: on the node, as "
    "root, sysctl user.max_user_namespaces=10000"
)
UNKNOWN = (
    "The step '{}' of the sandbox is refused ({}), and no setting of a pod is known for it; see "
    "what the node's security modules log"
)


def inside() -> bool:
    """Whether this is a Kubernetes pod.

    Returns
    -------
    bool
    """
    return "KUBERNETES_SERVICE_HOST" in os.environ


def lacking() -> list[str]:
    """Return what to change in this pod so that a sandbox can be made, each as one sentence.

    Returns
    -------
    list of str
        Empty if every step works, or nothing could be tried.
    """
    program = "from autograder.sandbox import pod; pod.try_steps()"
    root = str(Path(__file__).parents[2])
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            env={"PATH": os.defpath, "PYTHONPATH": root},
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []  # it would only explain what is told in any case
    if not done.stdout.strip():  # every step was made
        return []
    step, number = json.loads(done.stdout)
    confined = _apparmor()
    found = []
    if step == "user namespace" and number in (errno.ENOSPC, errno.EUSERS):
        found.append(NODE)
    elif number == errno.EPERM and step != "proc" and _filtered():
        found.append(SECCOMP)
    # What would be refused next: to be mended at the same time.
    if confined and step != "proc":
        found.append(APPARMOR.format(confined))
    if step == "proc" or _covered():
        found.append(PROC)
    return [f"{one}." for one in found or [UNKNOWN.format(step, os.strerror(number))]]


def try_steps() -> None:
    """Make what the inner wall is made of; print the step that is refused, and with what error."""
    libc, user, group = bubblewrap._libc(), os.getuid(), os.getgid()
    others = bubblewrap.CLONE_NEWNS | bubblewrap.CLONE_NEWPID | bubblewrap.CLONE_NEWIPC
    others |= bubblewrap.CLONE_NEWUTS | bubblewrap.CLONE_NEWNET
    step = "user namespace"
    try:
        bubblewrap._check(libc.unshare(bubblewrap.CLONE_NEWUSER), step)
        step = "user ids"
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        step = "namespaces"
        bubblewrap._check(libc.unshare(others), step)
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            return
        step = "mount"
        bubblewrap.mount("none", "/", None, bubblewrap.MS_REC | bubblewrap.MS_PRIVATE)
        bubblewrap.mount("tmpfs", "/tmp", "tmpfs", 0)
        step = "proc"
        bubblewrap.mount_proc()
    except OSError as error:
        os.write(1, json.dumps([step, error.errno]).encode())
    os._exit(0)


def _filtered() -> bool:
    """Whether a system-call filter is around this process."""
    return "\nSeccomp:\t2\n" in Path("/proc/self/status").read_text()


def _apparmor() -> str:
    """Return the AppArmor profile around this process; nothing where it confines nothing."""
    for file in ("/proc/self/attr/apparmor/current", "/proc/self/attr/current"):
        try:
            name = Path(file).read_text().strip("\0\n ")
        except OSError:
            continue
        if name.endswith("(enforce)"):
            return name.removesuffix("(enforce)").strip()
    return ""


def _covered() -> bool:
    """Whether something is mounted over parts of /proc."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    places = [line.split()[4] for line in lines]
    return any(
        place.startswith("/proc/") and not place.endswith("/binfmt_misc") for place in places
    )
