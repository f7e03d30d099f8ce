"""Chooses ports that stay free until a process that is still starting listens on them.

A server listens some seconds after its port was chosen. Meanwhile the operating system may give a
port of its own range (Linux: ``net.ipv4.ip_local_port_range``) to any other program: a kernel, a
connection of a browser. Then the server ends, and its user reads that it could not be started.
"""

from __future__ import annotations

import random
import socket
from pathlib import Path

HOST = "127.0.0.1"
LOWEST = 20_000  # below are ports of well-known programs: 8888, 9000, 15672
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
ATTEMPTS = 100


def free_port() -> int:
    """Choose a port on which nothing listens, and which the system gives to no program by itself.

    Returns
    -------
    int
        Between 20 000 and the system's own range; any free port where that range is not known, or
        leaves no room.
    """
    below = _first_of_the_system()
    for _ in range(ATTEMPTS if below > LOWEST else 0):
        port = random.SystemRandom().randrange(LOWEST, below)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _first_of_the_system() -> int:
    try:
        return int(RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0
