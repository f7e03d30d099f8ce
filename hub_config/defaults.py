"""What all hubs of this course share, wherever they run: permissions, and what a server shows.

A function either sets traits on a ``Config`` or returns the content of a configuration file. None
of them reads anything, so a test needs no hub.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from traitlets.config import Config

Role = Literal["instructor", "student"]
Settings = dict[str, Any]  # content of one JSON configuration file

LAB_PLUGINS_OF_INSTRUCTORS = ("formgrader", "create-assignment", "course-list")
# What kernels have imported before their first cell; the same as in the kernelspec that the wheel
# installs, so that both come from one warm process.
PRELOAD = ("numpy", "matplotlib.pyplot", "tensorflow")

# Seconds after which what nobody uses ends. A kernel that computes is used, and so is its server,
# however long it prints nothing (`hub_config.activity`). A kernel goes although its page is still
# open: else a page that somebody forgot would keep a server, and on a cloud a GPU, for ever.
KERNEL_IDLE_S = SERVER_IDLE_S = 3600  # not during lunch
CULL_EVERY_S = 600

#: What a browser is told on every page, besides who may frame it.
HEADERS = {
    "X-Content-Type-Options": "nosniff",  # a student's file is what its type says, never a script
    "Referrer-Policy": "same-origin",  # no other site learns from a link who reads what here
}


def set_access(c: Config, *, instructor: str, students: Iterable[str]) -> None:
    """Let in these users and nobody else; nobody administers the hub from the browser.

    Parameters
    ----------
    c : Config
        The hub's configuration.
    instructor : str
        Name of the instructor.
    students : iterable of str
        Names of the students.
    """
    c.Authenticator.allow_all = False
    c.Authenticator.allow_existing_users = False  # else somebody taken off the list stays in
    c.Authenticator.allowed_users = {instructor, *students}
    c.Authenticator.admin_users = set()
    c.JupyterHub.allow_named_servers = False


def set_headers(c: Config) -> None:
    """Set what the hub's own pages tell a browser.

    Parameters
    ----------
    c : Config
        The hub's configuration.
    """
    settings = c.JupyterHub.get("tornado_settings", {})
    c.JupyterHub.tornado_settings = settings | {"headers": dict(HEADERS)}


def culler_command(*, idle_s: int = SERVER_IDLE_S, every_s: int = CULL_EVERY_S) -> list[str]:
    """Return what starts the service that stops idle servers (`roles.set_culler`).

    Parameters
    ----------
    idle_s : int
        Seconds after which a server that nobody uses is stopped.
    every_s : int
        Seconds between looking for such servers.
    """
    # Its warnings would be the first that a terminal shows: it would like pycurl for large classes.
    options = [f"--timeout={idle_s}", f"--cull-every={every_s}", "--IdleCuller.log_level=ERROR"]
    return [sys.executable, "-m", "jupyterhub_idle_culler", *options]


def set_servers(c: Config) -> None:
    """Set what all single-user servers have in common.

    Parameters
    ----------
    c : Config
        The hub's configuration.
    """
    c.Spawner.default_url = "/lab"
    # Else one user's starts that fail end the hub for everybody: the chart for Kubernetes says 5.
    # The section of a class wins over that of its parents.
    for name in [one for one in c if one.endswith("Spawner")]:
        c[name].consecutive_failure_limit = 0
    c.Spawner.env_keep = ["LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TZ"]
    c.Spawner.environment = {
        # Else the first operation shows an error of CUDA wherever there is no GPU. An error that
        # matters is an exception too, and what ends the process is shown at every level.
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # else the first kernel takes the whole GPU
    }


def server_settings(
    role: Role,
    *,
    private_sockets: bool,
    shared_loopback: bool = False,
    warm_at_start: bool = True,
) -> Settings:
    """Content of a server's ``jupyter_server_config.json``.

    Parameters
    ----------
    role : {"instructor", "student"}
        Students have neither formgrader nor the list of courses.
    private_sockets : bool
        Whether nobody else sees the server's files. Kernels then talk over sockets among those:
        on a loopback port anybody on the machine could listen to what a kernel prints.
    shared_loopback : bool
        Whether other users' programs listen on the same loopback address. An instructor's server
        then shows no port: a page that a student serves would act as the instructor.
    warm_at_start : bool
        Whether the server imports what kernels need as soon as it runs, not with the first kernel.

    Returns
    -------
    dict
        Sections of traits.
    """
    settings: Settings = {
        "ServerApp": {
            "jpserver_extensions": {"hub_config.activity": True},
            # Jupyter's own choice, a login shell, reads /etc/profile, which sets PATH anew: the
            # course's programs would not be found, or others of the same name.
            "terminado_settings": {"shell_command": ["bash"]},
            "tornado_settings": {"headers": dict(HEADERS)},
            "allow_root": True,  # whoever starts the hub has decided that, as in a container
        },
        "LabApp": {
            "news_url": None,
            "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
            "extension_manager": "readonly",
        },
        "MappingKernelManager": {
            "cull_idle_timeout": KERNEL_IDLE_S,
            "cull_interval": CULL_EVERY_S,
            "cull_connected": True,
            "cull_busy": False,
        },
    }
    server = settings["ServerApp"]
    server["jpserver_extensions"]["autograder.warm_kernels.provisioner"] = warm_at_start
    instructor = role == "instructor"
    for name in ("hub_config.ports", "jupyter_server_proxy"):
        server["jpserver_extensions"][name] = not (instructor and shared_loopback)
    # nbgrader's own formgrader is never loaded, because it runs files whose names an address gives.
    server["jpserver_extensions"]["nbgrader.server_extensions.formgrader"] = False
    server["jpserver_extensions"]["nbgrader.server_extensions.course_list"] = instructor
    if instructor:  # a student's view does not have the module
        server["jpserver_extensions"]["hub_config.formgrader.extension"] = True
    if instructor:  # JupyterLab shows formgrader in a frame; JupyterHub forbids frames
        server["tornado_settings"]["headers"]["Content-Security-Policy"] = "frame-ancestors 'self'"
    if private_sockets:
        settings["ServerKernelManager"] = {"transport": "ipc"}
    return settings


def kernel_settings(preload: Sequence[str]) -> Settings:
    """Content of the ``kernel.json`` that servers use for notebooks that ask for ``python3``.

    Parameters
    ----------
    preload : sequence of str
        Modules that kernels have imported before their first cell
        (`autograder.warm_kernels.provisioner`).

    Returns
    -------
    dict
        The ordinary kernelspec but for this, so that nothing in a saved notebook tells of it.
    """
    config = {"preload": list(preload)}
    return {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "metadata": {
            "debugger": True,
            "supported_encryption": ["curve"],
            "kernel_provisioner": {"provisioner_name": "autograder-warm", "config": config},
        },
        "kernel_protocol_version": "5.5",
    }


def lab_settings(role: Role) -> Settings:
    """Content of a server's ``labconfig/page_config.json``.

    Parameters
    ----------
    role : {"instructor", "student"}
        Students have no menu entries for what they cannot do.

    Returns
    -------
    dict
        What JupyterLab does not load.
    """
    hidden = {"@jupyterlab/apputils-extension:announcements": True}
    for name in LAB_PLUGINS_OF_INSTRUCTORS:
        hidden[f"@jupyter/nbgrader:{name}"] = role == "student"
    return {"disabledExtensions": hidden}


def student_settings(student: str, *, course_id: str, exchange: str) -> Settings:
    """Content of a student's ``nbgrader_config.json``.

    Parameters
    ----------
    student : str
        The hub's name for the student; nbgrader would take the operating system's.
    course_id : str
        nbgrader's name of the course.
    exchange : str
        Root of the exchange as this student sees it.

    Returns
    -------
    dict
        Sections of traits.
    """
    return {
        "CourseDirectory": {"course_id": course_id, "student_id": student},
        "Exchange": {"root": exchange},
    }


def instructor_settings(*, exchange: str, boxes: str) -> Settings:
    """Content of the instructor's ``nbgrader_config.json``; the course's own file adds the rest.

    Parameters
    ----------
    exchange : str
        Root of the exchange: what is released goes there.
    boxes : str
        Folder of the students' boxes (`hub_config.exchange.boxes`).

    Returns
    -------
    dict
        Sections of traits.
    """
    from autograder import plugin  # not in the pod of a cloud hub, which does not call this

    pages = Config()
    plugin.clean_pages(pages)
    return {
        "Exchange": {"root": exchange},
        "ExchangeFactory": {
            "collect": "hub_config.exchange.boxes.CollectFromBoxes",
            "release_feedback": "hub_config.exchange.boxes.ReleaseFeedbackToBoxes",
        },
        "CollectFromBoxes": {"boxes": boxes},
        "ReleaseFeedbackToBoxes": {"boxes": boxes},
        "HTMLExporter": dict(pages.HTMLExporter),
    }
