"""The hub of one course on one computer.

It listens on the loopback address only, and starts each user's server under one operating-system
user, in a part of the disk of its own.
"""

__all__ = [
    "hub",
    "isolation",
    "parent_death",
    "passwords",
    "paths",
    "preflight",
    "processes",
    "profile_choice",
    "proxy",
    "spawner",
]
