"""The hub of one course on one computer, for the person at that computer; closed to the network."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from jupyterhub import orm
from jupyterhub.app import JupyterHub
from traitlets.config import Config

from hub_config import defaults, roles
from hub_config.laptop import isolation as laptop_isolation
from hub_config.laptop import processes, profile_choice, proxy
from hub_config.laptop.free_port import free_port
from hub_config.laptop.parent_death import ending_with_parent
from hub_config.laptop.passwords import PasswordFile, RosterAuthenticator
from hub_config.laptop.paths import Layout
from hub_config.laptop.preflight import HOST, HubError, check_port, only_hub_in, plan
from hub_config.laptop.spawner import ATTEMPT_SECONDS, ATTEMPTS, ViewSpawner
from hub_config.machines import profiles

__all__ = ["HubError", "configure", "serve"]
OWN_SETTINGS = (
    "# Settings of your own for this hub (c.JupyterHub...) go here; they win over ours.\n"
)
NOT_ISOLATED = (
    "No bubblewrap works here: the hub isolates nobody, so any user can read every other's files."
)
NOT_NESTED = (
    "No sandbox works inside a sandbox here: grade with `autograder grade`, not in formgrader."
)


class LaptopHub(JupyterHub):
    """JupyterHub that says when it is ready, and knows whose tokens are worth nothing any more."""

    when_ready: Callable[[], None]
    revoked: Collection[str] = ()

    async def init_users(self) -> None:
        """Load users and take from some what else than a password lets them in."""
        await super().init_users()
        for user in self.db.query(orm.User).filter(orm.User.name.in_(self.revoked)):
            for token in user.api_tokens:
                self.db.delete(token)
        self.db.commit()

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
    check_port(port)
    try:
        layout.make()
    except OSError as error:
        raise HubError(
            f"Found the state folder {layout.state_dir} not writable ({error}), expected a folder "
            "of yours; give another with --state."
        ) from error
    with only_hub_in(layout.state_dir):
        isolation = laptop_isolation.probe()
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
            if gone:
                say(
                    f"No longer on the list, and locked out: {', '.join(sorted(gone))}. Their "
                    "homes and passwords are kept: name them with --students to let them in again."
                )
            layout.remember()
            if isolation is None:
                say(NOT_ISOLATED)
            elif isolation.nesting is None:
                say(NOT_NESTED)
            say("Ctrl-C stops the hub.")

        config = configure(layout, isolation, port=port, blocked=gone)
        return _run(config, when_ready, revoked={*gone, *reset_passwords})


def configure(
    layout: Layout,
    isolation: laptop_isolation.Isolation | None,
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
    defaults.set_access(c, instructor=layout.instructor, students=layout.students)
    defaults.set_servers(c)
    defaults.set_headers(c)
    roster = roles.Roster({roles.INSTRUCTORS: [layout.instructor]})
    roles.set_groups(c, roster)
    roles.set_roles(c, roster)
    roles.set_culler(c, ending_with_parent(defaults.culler_command()))
    state = layout.state_dir
    c.JupyterHub.bind_url = f"http://{HOST}:{port}"
    c.JupyterHub.hub_bind_url = f"http://{HOST}:{free_port()}"
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
    c.ViewSpawner.roster = roster
    c.ViewSpawner.machine = profile_choice.this_machine()
    c.ViewSpawner.profiles = profiles.load()
    c.Spawner.start_timeout = ATTEMPTS * (ATTEMPT_SECONDS + 30)  # seconds; some, to end the first
    c.Spawner.http_timeout = ATTEMPT_SECONDS
    c.ConfigurableHTTPProxy.command = ending_with_parent(proxy.command())
    c.ConfigurableHTTPProxy.log_level = "error"
    c.ConfigurableHTTPProxy.api_url = f"http://{HOST}:{free_port()}"
    c.ConfigurableHTTPProxy.pid_file = str(state / "proxy.pid")
    return c


def _run(config: Config, when_ready: Callable[[], None], *, revoked: Collection[str]) -> int:
    own_settings = Path(config.JupyterHub.config_file)
    if not own_settings.exists():
        own_settings.write_text(OWN_SETTINGS)
    processes.adopt_orphans()
    # Until JupyterHub handles them itself, both signals must still unwind through `finally`.
    previous = {s: signal.signal(s, _interrupt) for s in (signal.SIGINT, signal.SIGTERM)}
    hub = LaptopHub.instance(config=config)
    hub.when_ready, hub.revoked = when_ready, revoked
    try:
        LaptopHub.launch_instance([])
    except KeyboardInterrupt:
        return 0
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    finally:
        processes.end_children()
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


def _logging(file: Path) -> dict[str, Any]:
    """Everything into the file, errors to the terminal too."""
    to_file = {"class": "logging.FileHandler", "filename": str(file)}
    to_file |= {"level": "INFO", "formatter": "file"}
    return {
        "formatters": {"file": {"format": "%(asctime)s %(levelname)s %(message)s"}},
        "handlers": {"console": {"level": "ERROR"}, "file": to_file},
        "loggers": {LaptopHub.__name__: {"handlers": ["console", "file"]}},
    }
