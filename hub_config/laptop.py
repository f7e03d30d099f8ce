"""The hub of one course on one computer, for whoever sits at it: nothing listens to the network."""

from __future__ import annotations

import fcntl
import re
import signal
import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from jupyterhub.app import JupyterHub
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from hub_config import base, family, proxy, view
from hub_config.authenticator import PasswordFile, RosterAuthenticator
from hub_config.layout import Layout
from hub_config.spawner import ViewSpawner

HOST = "127.0.0.1"
USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,29}")
OWN_SETTINGS = (
    "# Settings of your own for this hub (c.JupyterHub...) go here; they win over ours.\n"
)
NOT_ISOLATED = (
    "No bubblewrap works here: the hub isolates nobody, so any user can read every other's files."
)
NOT_NESTED = (
    "No sandbox works inside a sandbox here: grade with `autograder grade`, not in formgrader."
)


class HubError(Exception):
    """The hub cannot start; the message says what was found, what was expected and what to do."""


class LaptopHub(JupyterHub):
    """JupyterHub that says when it is ready."""

    when_ready: Callable[[], None]

    async def start(self) -> None:
        """Start, then say so."""
        await super().start()
        self.when_ready()


def serve(
    *,
    course_dir: Path,
    state_dir: Path,
    students: Sequence[str],
    instructor: str = "instructor",
    port: int = 8000,
    reset_passwords: Collection[str] = (),
    say: Callable[[str], None] = print,
) -> int:
    """Run the hub until it is interrupted (SIGINT or SIGTERM).

    Parameters
    ----------
    course_dir : Path
        nbgrader course directory, with its ``nbgrader_config.py``.
    state_dir : Path
        Folder for homes, passwords, exchange and logs; made where it does not exist.
    students : sequence of str
        Names of the students.
    instructor : str
        Name of the instructor.
    port : int
        Port on 127.0.0.1.
    reset_passwords : collection of str
        Users who get a new password.
    say : callable
        Takes each line that the person who started the hub should read.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    HubError
        Where something is wrong with what was asked for.
    """
    layout = plan(course_dir, state_dir, students, instructor)
    _check_port(port)
    try:
        layout.make()
    except OSError as error:
        raise HubError(
            f"Found the state folder {layout.state_dir} not writable ({error}), expected a folder "
            "of yours; give another with --state."
        ) from error
    with _only_hub_in(layout.state_dir):
        isolation = view.probe()
        passwords = PasswordFile(layout.state_dir / "passwords.json")
        gone = passwords.users() - set(layout.users)
        missing = [u for u in layout.users if u in reset_passwords or u not in passwords.users()]
        if reset_passwords:  # sessions end too
            (layout.state_dir / "cookie_secret").unlink(missing_ok=True)
        url = f"http://{HOST}:{port}"

        def when_ready() -> None:
            created = passwords.create(missing)  # now, because a failed start would not show them
            for line in _welcome(layout, url, created, passwords.path):
                say(line)
            if isolation is None:
                say(NOT_ISOLATED)
            elif isolation.nesting is None:
                say(NOT_NESTED)
            say("Ctrl-C stops the hub.")

        config = configure(layout, isolation, port=port, blocked=gone)
        return _run(config, when_ready)


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
                f"Found the user name {user!r}, expected 1 to 30 small letters, digits, dots, "
                "hyphens or underscores that start with a letter or digit; rename this user."
            )
        if users.count(user) > 1:
            raise HubError(f"Found the user name {user!r} twice, expected each once; rename one.")
    if state_dir.is_relative_to(course_dir):
        raise HubError(
            f"Found the hub's state {state_dir} inside the course {course_dir}, where the "
            "instructor's server would see it; choose a state folder outside the course."
        )
    return Layout(course_dir, _course_id(course_dir), state_dir, instructor, tuple(students))


def configure(
    layout: Layout,
    isolation: view.Isolation | None,
    *,
    port: int,
    blocked: Collection[str] = (),
) -> Config:
    """Build the hub's configuration.

    Parameters
    ----------
    layout : Layout
        Where everything lies.
    isolation : Isolation or None
        How to isolate servers.
    port : int
        Port on 127.0.0.1.
    blocked : collection of str
        Former users, whose sessions end.

    Returns
    -------
    Config
        Complete.
    """
    c = Config()
    base.set_access(c, instructor=layout.instructor, students=layout.students)
    base.set_servers(c)
    state = layout.state_dir
    c.JupyterHub.bind_url = f"http://{HOST}:{port}"
    c.JupyterHub.hub_bind_url = f"http://{HOST}:{_free_port()}"
    c.JupyterHub.db_url = f"sqlite:///{state / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")
    c.JupyterHub.config_file = str(state / "jupyterhub_config.py")
    c.JupyterHub.logging_config = _logging(layout.log("hub"))
    c.JupyterHub.authenticator_class = RosterAuthenticator
    c.JupyterHub.spawner_class = ViewSpawner
    c.Authenticator.blocked_users = set(blocked)
    c.RosterAuthenticator.password_file = str(state / "passwords.json")
    c.ViewSpawner.layout = layout
    c.ViewSpawner.isolation = isolation
    c.Spawner.start_timeout = c.Spawner.http_timeout = 120  # seconds; a cold disk is slow
    c.ConfigurableHTTPProxy.command = proxy.command()
    c.ConfigurableHTTPProxy.log_level = "error"
    c.ConfigurableHTTPProxy.api_url = f"http://{HOST}:{_free_port()}"
    c.ConfigurableHTTPProxy.pid_file = str(state / "proxy.pid")
    return c


def _run(config: Config, when_ready: Callable[[], None]) -> int:
    own_settings = Path(config.JupyterHub.config_file)
    if not own_settings.exists():
        own_settings.write_text(OWN_SETTINGS)
    family.adopt_orphans()
    # Until JupyterHub handles them itself, both signals must still unwind through `finally`.
    previous = {s: signal.signal(s, _interrupt) for s in (signal.SIGINT, signal.SIGTERM)}
    hub = LaptopHub.instance(config=config)
    hub.when_ready = when_ready
    try:
        LaptopHub.launch_instance([])
    except KeyboardInterrupt:
        return 0
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    finally:
        family.end_children()
        for number, handler in previous.items():
            signal.signal(number, handler)
        LaptopHub.clear_instance()
    return 0


def _interrupt(number: int, frame: Any) -> NoReturn:
    raise KeyboardInterrupt


def _welcome(layout: Layout, url: str, created: dict[str, str], file: Path) -> Iterator[str]:
    yield f"The hub of {layout.course_id} is at {url}"
    if created:
        width = max(map(len, created), default=0)
        yield "New passwords, shown this once:"
        yield from (f"    {user:<{width}}   {word}" for user, word in created.items())
    if len(created) < len(layout.users):
        yield (
            f"{'The other' if created else 'All'} passwords were shown when they were made; "
            f"{file} holds their hashes. For new ones start with --reset-passwords NAME,NAME."
        )


def _course_id(course_dir: Path) -> str:
    file = course_dir / "nbgrader_config.py"
    if not file.is_file():
        found = "no nbgrader_config.py in it" if course_dir.is_dir() else "no such folder"
        raise HubError(
            f"Found {found}: {course_dir}; expected an nbgrader course directory; give one with "
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


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise HubError(
                f"Found port {port} of {HOST} not usable ({error}), expected a free one; stop what "
                "runs there or give another with --port."
            ) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def _only_hub_in(state_dir: Path) -> Iterator[None]:
    with (state_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise HubError(
                f"Found another hub running with the state in {state_dir}, expected none; stop it "
                "or give another folder with --state."
            ) from error
        yield


def _logging(file: Path) -> dict[str, Any]:
    """Everything into the file, errors to the terminal too."""
    to_file = {"class": "logging.FileHandler", "filename": str(file)}
    to_file |= {"level": "INFO", "formatter": "file"}
    return {
        "formatters": {"file": {"format": "%(asctime)s %(levelname)s %(message)s"}},
        "handlers": {"console": {"level": "ERROR"}, "file": to_file},
        "loggers": {LaptopHub.__name__: {"handlers": ["console", "file"]}},
    }
