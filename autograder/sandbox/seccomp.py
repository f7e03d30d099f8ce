"""Permanently takes from a process the system calls that notebooks do not need.

A deny list: what remains is all that NumPy, TensorFlow, Jupyter and their libraries call. Refused
are the calls that make new namespaces, mounts and devices, look into other processes, change the
machine, or open parts of the kernel whose faults have been ways out of containers; uncommon kinds
of sockets; and memory that the supervisor could not see.

The filter is assembled here, in the kernel's own small instruction set: libseccomp has no wheel.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator, Mapping
from types import MappingProxyType

# from <linux/prctl.h>, <linux/seccomp.h>, <linux/filter.h> and <linux/audit.h>
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
RET_ALLOW, RET_ERRNO, RET_KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
#: The bit that marks calls of the x32 ABI, whose numbers are others.
X32 = 0x40000000
#: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET.
NAMESPACES = 0x7E020000
AF_UNIX, AF_INET = 1, 2
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
MSG_OOB = 1

#: How each machine names itself in a call, and where its list of numbers stands in the tables.
MACHINES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
)

_EPERM, _ENOSYS = errno.EPERM, errno.ENOSYS
#: Calls that are refused whatever their arguments: error, number on x86_64, number on aarch64
#: (None: it does not exist there). ENOSYS where libraries try a call and have another way.
REFUSED: Mapping[str, tuple[int, int | None, int | None]] = MappingProxyType(
    {
        # other processes
        "ptrace": (_EPERM, 101, 117),
        "process_vm_readv": (_EPERM, 310, 270),
        "process_vm_writev": (_EPERM, 311, 271),
        "process_madvise": (_EPERM, 440, 440),
        "kcmp": (_EPERM, 312, 272),
        "pidfd_getfd": (_EPERM, 438, 438),
        "migrate_pages": (_EPERM, 256, 238),
        "move_pages": (_EPERM, 279, 239),
        # namespaces and mounts; clone itself is below, and clone3's flags lie where no filter looks
        "unshare": (_EPERM, 272, 97),
        "setns": (_EPERM, 308, 268),
        "clone3": (_ENOSYS, 435, 435),
        "mount": (_EPERM, 165, 40),
        "umount2": (_EPERM, 166, 39),
        "pivot_root": (_EPERM, 155, 41),
        "chroot": (_EPERM, 161, 51),
        "open_tree": (_EPERM, 428, 428),
        "move_mount": (_EPERM, 429, 429),
        "fsopen": (_EPERM, 430, 430),
        "fsconfig": (_EPERM, 431, 431),
        "fsmount": (_EPERM, 432, 432),
        "fspick": (_EPERM, 433, 433),
        "mount_setattr": (_EPERM, 442, 442),
        "open_tree_attr": (_EPERM, 467, 467),
        "name_to_handle_at": (_EPERM, 303, 264),
        "open_by_handle_at": (_EPERM, 304, 265),
        "fanotify_init": (_EPERM, 300, 262),
        "quotactl": (_EPERM, 179, 60),
        "quotactl_fd": (_EPERM, 443, 443),
        # large parts of the kernel with a history
        "bpf": (_EPERM, 321, 280),
        "perf_event_open": (_EPERM, 298, 241),
        "userfaultfd": (_EPERM, 323, 282),
        "io_uring_setup": (_ENOSYS, 425, 425),
        "io_uring_enter": (_ENOSYS, 426, 426),
        "io_uring_register": (_ENOSYS, 427, 427),
        "add_key": (_EPERM, 248, 217),
        "request_key": (_EPERM, 249, 218),
        "keyctl": (_EPERM, 250, 219),
        "modify_ldt": (_EPERM, 154, None),
        "uselib": (_EPERM, 134, None),
        "nfsservctl": (_EPERM, 180, 42),
        "lookup_dcookie": (_EPERM, 212, 18),
        "vhangup": (_EPERM, 153, 58),
        # memory that belongs to no process, or to none that maps it
        "memfd_create": (_ENOSYS, 319, 279),
        "memfd_secret": (_ENOSYS, 447, 447),
        "shmget": (_EPERM, 29, 194),
        "msgget": (_EPERM, 68, 186),
        "semget": (_EPERM, 64, 190),
        # the machine
        "init_module": (_EPERM, 175, 105),
        "finit_module": (_EPERM, 313, 273),
        "delete_module": (_EPERM, 176, 106),
        "kexec_load": (_EPERM, 246, 104),
        "kexec_file_load": (_EPERM, 320, 294),
        "reboot": (_EPERM, 169, 142),
        "swapon": (_EPERM, 167, 224),
        "swapoff": (_EPERM, 168, 225),
        "acct": (_EPERM, 163, 89),
        "syslog": (_EPERM, 103, 116),
        "sethostname": (_EPERM, 170, 161),
        "setdomainname": (_EPERM, 171, 162),
        "settimeofday": (_EPERM, 164, 170),
        "clock_settime": (_EPERM, 227, 112),
        "adjtimex": (_EPERM, 159, 171),
        "clock_adjtime": (_EPERM, 305, 266),
        "iopl": (_EPERM, 172, None),
        "ioperm": (_EPERM, 173, None),
    }
)
#: Calls of which some are refused, see `_conditions`: number on x86_64, number on aarch64.
LOOKED_AT: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "clone": (56, 220),
        "socket": (41, 198),
        "socketpair": (53, 199),
        "ioctl": (16, 29),
        "personality": (135, 92),
        "sendto": (44, 206),
        "sendmsg": (46, 211),
        "sendmmsg": (307, 269),
    }
)
#: Where the flags stand among the arguments of a call that sends.
FLAGS: Mapping[str, int] = MappingProxyType({"sendto": 3, "sendmsg": 2, "sendmmsg": 3})


def _conditions(name: str) -> list[tuple[int, int, int, int]]:
    """Return the instructions for a call of which the arguments matter, after its number matched.

    Each is code, jump if true, jump if false, operand; the last one returns.
    """
    if name == "clone":
        return [
            (LOAD, 0, 0, ARGUMENT),
            (ANY_BIT, 0, 1, NAMESPACES),
            (RETURN, 0, 0, RET_ERRNO | errno.EPERM),
            (RETURN, 0, 0, RET_ALLOW),
        ]
    if name in ("socket", "socketpair"):
        # Local ones, and those of an Internet that is not there: ipykernel binds one. A guest's
        # way to its host (vsock) is none of a namespace's business. ZeroMQ aborts on any other
        # error than this one when it asks (by netlink) for the network's interfaces.
        return [
            (LOAD, 0, 0, ARGUMENT),
            (EQUAL, 2, 0, AF_UNIX),
            (EQUAL, 1, 0, AF_INET),
            (RETURN, 0, 0, RET_ERRNO | errno.EOPNOTSUPP),
            (RETURN, 0, 0, RET_ALLOW),
        ]
    if name == "ioctl":  # typing into a terminal for others
        return [
            (LOAD, 0, 0, ARGUMENT + 8),
            (EQUAL, 1, 0, TIOCSTI),
            (EQUAL, 0, 1, TIOCLINUX),
            (RETURN, 0, 0, RET_ERRNO | errno.EPERM),
            (RETURN, 0, 0, RET_ALLOW),
        ]
    if name in FLAGS:  # out of band: on a local socket, nothing but a fault (CVE-2025-38236)
        return [
            (LOAD, 0, 0, ARGUMENT + 8 * FLAGS[name]),
            (ANY_BIT, 0, 1, MSG_OOB),
            (RETURN, 0, 0, RET_ERRNO | errno.EOPNOTSUPP),
            (RETURN, 0, 0, RET_ALLOW),
        ]
    assert name == "personality"  # asking for it, or for the ordinary one
    return [
        (LOAD, 0, 0, ARGUMENT),
        (EQUAL, 2, 0, 0),
        (EQUAL, 1, 0, 0xFFFFFFFF),
        (RETURN, 0, 0, RET_ERRNO | errno.EPERM),
        (RETURN, 0, 0, RET_ALLOW),
    ]


def _instructions(machine: str) -> Iterator[tuple[int, int, int, int]]:
    architecture, column = MACHINES[machine]
    yield LOAD, 0, 0, ARCHITECTURE
    yield EQUAL, 1, 0, architecture
    yield RETURN, 0, 0, RET_KILL_PROCESS  # 32-bit calls have numbers of their own
    yield LOAD, 0, 0, NUMBER
    if machine == "x86_64":
        yield AT_LEAST, 0, 1, X32
        yield RETURN, 0, 0, RET_KILL_PROCESS
    for error, *numbers in REFUSED.values():
        number = numbers[column]
        if number is not None:
            yield EQUAL, 0, 1, number
            yield RETURN, 0, 0, RET_ERRNO | error
    for name, both in LOOKED_AT.items():
        conditions = _conditions(name)
        yield EQUAL, 0, len(conditions), both[column]
        yield from conditions
    yield RETURN, 0, 0, RET_ALLOW


def assemble(machine: str) -> bytes:
    """Return the filter for a kind of machine, as the kernel reads it.

    Parameters
    ----------
    machine : str
        As `platform.machine` names it.

    Returns
    -------
    bytes
        Eight for each instruction.

    Raises
    ------
    OSError
        If the numbers of its system calls are not known here.
    """
    if machine not in MACHINES:
        raise OSError(
            errno.ENOSYS, f"no system-call filter for {machine}, only for {' and '.join(MACHINES)}"
        )
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in _instructions(machine))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install() -> None:
    """Filter the calls of this process and of all that it will start.

    It must have given up the right to gain privileges, or be root.

    Raises
    ------
    OSError
        If the system refuses, or knows no such filters.
    """
    code = assemble(platform.machine())
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
        error = ctypes.get_errno()
        raise OSError(error, f"system-call filter: {os.strerror(error)}")
