"""Single-user servers under one operating-system user, each in its own view of the disk."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

from jupyterhub.spawner import LocalProcessSpawner
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from traitlets import Bool, Instance, List, Unicode, default

import hub_config
from hub_config import defaults, roles
from hub_config.exchange import lectures
from hub_config.laptop import profile_choice, server_settings
from hub_config.laptop.free_port import HOST, free_port
from hub_config.laptop.isolation import Isolation, Mount, View, package_folders, python_folders
from hub_config.laptop.parent_death import ending_with_parent
from hub_config.laptop.paths import Layout
from hub_config.machines import profile_request
from hub_config.machines.profiles import Profile, Profiles
from hub_config.not_started import NotStartedError

# A server starts in its user's folder: without -P a `random.py` there would be imported, and none
# would start any more.
SERVER = (sys.executable, "-P", "-m", "jupyterhub.singleuser")
#: How often a server is started, and for how long it may take each time, in seconds: a cold disk,
#: or a computer with other work, is slow.
ATTEMPTS, ATTEMPT_SECONDS = 2, 120
NOT_STARTED = (
    "Your server was started {attempts} times and did not answer. Ask whoever runs this hub: the "
    "reason stands at the end of logs/{user}.log in the hub's state folder."
)
RUNTIME_DIR = "/tmp/jupyter"  # short, because the path of a socket has at most 107 characters


class ViewSpawner(LocalProcessSpawner):
    """Starts a user's server in that user's view, or without isolation where there is none."""

    layout = Instance(Layout, help="Where everything lies.").tag(config=True)
    isolation = Instance(
        Isolation, allow_none=True, help="How to isolate servers; None: not at all."
    ).tag(config=True)
    preload = List(
        Unicode(),
        default_value=list(defaults.PRELOAD),
        help="Modules that kernels have imported before their first cell; none: ordinary kernels.",
    ).tag(config=True)
    warm_at_start = Bool(
        True, help="Import them when a server starts; False: when its first kernel is asked for."
    ).tag(config=True)
    roster = Instance(roles.Roster, help="Who is in which group.").tag(config=True)
    machine = Instance(profile_choice.Machine, help="What this computer has.").tag(config=True)
    profiles = Instance(
        Profiles,
        allow_none=True,
        help="What users choose from, if that is more than one; None: nothing, without limits.",
    ).tag(config=True)
    user_options = profile_request.Asked()
    share: profile_choice.Share | None = None
    api_token: str

    @default("options_form")
    def _ask_for_a_profile(self) -> Callable[[Any], str]:
        return lambda spawner: profile_choice.form(spawner.offered())

    @default("options_from_form")
    def _read_the_profile(self) -> Callable[[Any], dict[str, str]]:
        return lambda form: (
            profile_request.from_form(form, names) if (names := self.choices()) else {}
        )

    @default("apply_user_options")
    def _settle_the_profile(self) -> Callable[[Any, Any], None]:
        return lambda spawner, asked: profile_request.settle(spawner, asked, spawner.choices())

    def offered(self) -> tuple[Profile, ...]:
        """Return the profiles that this computer serves and the user's groups allow."""
        if self.profiles is None:
            return ()
        allowed = self.profiles.allowed(roles.refreshed(self.roster, self.user))
        return profile_choice.served(self.machine, allowed)

    def choices(self) -> list[str]:
        """Name the profiles that the user may choose from; none where there is no choice."""
        offered = self.offered()
        return [profile.name for profile in offered] if len(offered) > 1 else []

    async def start(self) -> tuple[str, int]:
        """Write the server's settings, start it, and wait for its first answer.

        One that does not start is started once more: a person would try again, too.

        Returns
        -------
        tuple of str and int
            Address and port.

        Raises
        ------
        ChoiceError
            If a profile is asked for that is not offered to this user, in whatever way.
        NotStartedError
            If the server ends before it answers, or takes too long, at each attempt.
        """
        user = self.user.name
        profile = profile_choice.chosen(self.user_options, self.offered())
        self.share = None
        if profile is not None:
            self.share = profile_choice.share(profile, self.machine, self.layout.users.index(user))
        server_settings.write(
            self.layout,
            user,
            isolated=self.isolation is not None,
            preload=self.preload,
            warm_at_start=self.warm_at_start,
        )
        lectures.place(self.layout.work(user))
        work = self.layout.work(user)
        self.notebook_dir = str(work)
        self.cmd = ending_with_parent(list(SERVER))
        if self.isolation is not None:  # bubblewrap has a parent-death signal of its own
            gpus = self.share is None or bool(self.share.gpus)
            view = view_of(self.layout, user, gpus=gpus)
            self.cmd = self.isolation.command(view, list(SERVER))
        token = self.api_token
        for _ in range(ATTEMPTS):
            self.port = free_port()
            self.api_token = token  # `stop` forgets it
            with self.layout.log(user).open("a") as log:
                self.popen_kwargs = {"cwd": work, "stdin": DEVNULL, "stdout": log, "stderr": log}
                address: tuple[str, int] = await super().start()
            if await self._answers():
                return address
            self.log.warning("The server of %s has not started; its log says why.", user)
            await self.stop()
        raise NotStartedError(NOT_STARTED.format(attempts=ATTEMPTS, user=user))

    async def _answers(self) -> bool:
        """Wait for the server's first answer; False if it ends, or takes too long.

        JupyterHub itself waits for all of ``http_timeout`` where the server has ended at once.
        """
        url = f"http://{HOST}:{self.port}{self.server.base_url}api"
        client, end = AsyncHTTPClient(), time.monotonic() + ATTEMPT_SECONDS
        while self.proc.poll() is None and time.monotonic() < end:
            with suppress(OSError, HTTPClientError):  # nothing listens yet
                answer = await client.fetch(url, request_timeout=5, raise_error=False)
                if "X-JupyterHub-Version" in answer.headers:  # and no other program's
                    return True
            await asyncio.sleep(0.1)
        return False

    def load_state(self, state: dict[str, Any]) -> None:
        """Recall what an earlier hub knew of the server, but not its process.

        It ended with that hub (`hub_config.laptop.parent_death`), and by now its number may be
        that of a process which is not ours: JupyterHub would end that one, because no server
        answers there.

        Parameters
        ----------
        state : dict
            As the hub's database has it.
        """
        super().load_state(state)
        if sys.platform == "linux":
            self.pid = 0

    def make_preexec_fn(self, name: str) -> Callable[[], None] | None:
        """Choose what a process does between fork and exec; the operating system's user stays.

        Parameters
        ----------
        name : str
            Not used.

        Returns
        -------
        callable or None
            Keeps it to its share, where a profile was chosen.
        """
        return self.share.limit() if self.share else None

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Set who and where the user is.

        Parameters
        ----------
        env : dict
            Environment so far.

        Returns
        -------
        dict
            The same, completed.
        """
        user = self.user.name
        scripts = Path(sys.executable).parent
        env |= {
            "USER": user,
            "LOGNAME": user,
            "HOME": str(self.layout.home(user)),
            "SHELL": "/bin/bash",
            "PATH": f"{scripts}{os.pathsep}{env.get('PATH', os.defpath)}",
            "JUPYTER_CONFIG_PATH": str(self.layout.settings(user)),
            "JUPYTER_PATH": str(self.layout.settings(user)),
        }
        if self.isolation is not None:
            env["JUPYTER_RUNTIME_DIR"] = RUNTIME_DIR
        return env | self.share.environment if self.share else env

    async def move_certs(self, paths: dict[str, Any]) -> dict[str, Any]:
        """Leave certificates where they are.

        Parameters
        ----------
        paths : dict
            Of a key and certificates.

        Returns
        -------
        dict
            The same.
        """
        return paths


def view_of(layout: Layout, user: str, *, gpus: bool = True) -> View:
    """Choose what one user's server sees.

    Parameters
    ----------
    layout : Layout
        Where everything lies.
    user : str
        The instructor or a student.
    gpus : bool
        Whether it sees the GPUs.

    Returns
    -------
    View
        A student has the course's packages, a home, and an exchange of their own; the instructor
        has a home, the course, and everybody's exchange. Neither sees the hub's state.
    """
    settings = layout.settings(user)
    mounts = [Mount.same(path) for path in python_folders()]
    mounts += [Mount(settings / name, Path("/etc") / name) for name in ("passwd", "group")]
    mounts += [Mount.same(settings), Mount.same(layout.home(user), writable=True)]
    if user == layout.instructor:
        mounts += [
            Mount.same(path) for path in package_folders("course", "autograder", "hub_config")
        ]
        mounts += [Mount.same(path, writable=True) for path in (layout.exchange, layout.course_dir)]
    else:
        mounts += [Mount.same(path) for path in package_folders("course", "autograder")]
        mounts += [Mount.same(path) for path in _extensions()]
        mounts += [
            Mount(layout.released, layout.outbound(user)),
            Mount.same(layout.inbound(user), writable=True),
            Mount.same(layout.feedback(user)),
        ]
    return View(tuple(mounts), layout.work(user), user == layout.instructor, gpus)


def _extensions() -> list[Path]:
    """Files of the server extensions; students see no others of this package."""
    folder = Path(hub_config.__file__).parent
    names = ("__init__", "activity", "ports")
    return [folder / f"{name}.py" for name in names] if package_folders("hub_config") else []
