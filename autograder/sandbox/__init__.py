"""Isolates a process and limits it; knows nothing about notebooks.

Mounts and namespaces come from bubblewrap; system calls are filtered by seccomp; memory is limited
by control groups, where the machine lets us make them, and measured everywhere.
"""

__all__ = [
    "accounting",
    "bubblewrap",
    "cgroups",
    "paths",
    "pod",
    "seccomp",
    "tempdirs",
]
