"""Checks that run before a hub starts; each failure is one sentence."""

from __future__ import annotations

import fcntl
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from traitlets.config.loader import PyFileConfigLoader

from hub_config.laptop.paths import Layout

HOST = "127.0.0.1"
USER_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


class HubError(Exception):
    """The hub cannot start; the message says what was found, what was expected and what to do."""


def plan(course_dir: Path, state_dir: Path, students: Sequence[str], instructor: str) -> Layout:
    """Check what was asked for, before anything is written.

    Parameters
    ----------
    course_dir, state_dir, students, instructor
        As for `serve`.

    Returns
    -------
    Layout
        With absolute paths.

    Raises
    ------
    HubError
        Where a name or a folder cannot be used.
    """
    course_dir, state_dir = course_dir.expanduser().resolve(), state_dir.expanduser().resolve()
    users = [instructor, *students]
    for user in users:
        if not USER_NAME.fullmatch(user):
            raise HubError(
                f"Found the user name {user!r}, expected 1 to 64 small letters, digits, dots, "
                "hyphens, underscores or @, of which the first is a letter or a digit; rename this "
                "user."
            )
        if users.count(user) > 1:
            raise HubError(f"Found the user name {user!r} twice, expected each once; rename one.")
    if state_dir.is_relative_to(course_dir):
        raise HubError(
            f"Found the hub's state {state_dir} inside the course {course_dir}, where the "
            "instructor's server would see it; choose a state folder outside the course."
        )
    return Layout(course_dir, _course_id(course_dir), state_dir, instructor, tuple(students))


def check_port(port: int) -> None:
    """Raise `HubError` unless a server can listen there.

    Parameters
    ----------
    port : int
        Port on 127.0.0.1.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            if not port:
                raise OverflowError("0 stands for any")  # of which the proxy makes nothing
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise HubError(
                f"Found port {port} of {HOST} not usable ({error}), expected a free one; stop what "
                "runs there or give another with --port."
            ) from error


@contextmanager
def only_hub_in(state_dir: Path) -> Iterator[None]:
    """Keep another hub from using the same state at the same time.

    Parameters
    ----------
    state_dir : Path
        Existing folder.

    Raises
    ------
    HubError
        Where one does already.
    """
    with (state_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise HubError(
                f"Found another hub running with the state in {state_dir}, expected none; stop it "
                "or give another folder with --state."
            ) from error
        yield


def _course_id(course_dir: Path) -> str:
    file = course_dir / "nbgrader_config.py"
    if not file.is_file():
        found = "no nbgrader_config.py in" if course_dir.is_dir() else "no folder"
        raise HubError(
            f"Found {found} {course_dir}, expected an nbgrader course directory; give one with "
            "--course."
        )
    try:
        settings = PyFileConfigLoader(file.name, path=str(course_dir)).load_config()
    except Exception as error:
        raise HubError(
            f"Found {type(error).__name__} ({error}) in {file}, expected a configuration that "
            "runs; mend it there."
        ) from error
    course_id = str(settings.CourseDirectory.get("course_id", ""))
    if not re.fullmatch(r"[\w.-]+", course_id):
        raise HubError(
            f"Found the course_id {course_id!r} in {file}, expected letters, digits, dots, hyphens "
            "or underscores; set c.CourseDirectory.course_id there."
        )
    for section, trait in (("Exchange", "root"), ("ExchangeFactory", "collect")):
        if trait in settings.get(section, {}):
            raise HubError(
                f"Found c.{section}.{trait} in {file}, expected none because the hub has an "
                "exchange of its own; remove it there."
            )
    return course_id
