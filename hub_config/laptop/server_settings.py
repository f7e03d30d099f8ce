"""Writes the configuration files of one user's server."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from hub_config import defaults
from hub_config.laptop.paths import Layout


def write(
    layout: Layout,
    user: str,
    *,
    isolated: bool,
    preload: Sequence[str] = defaults.PRELOAD,
    warm_at_start: bool = True,
) -> None:
    """Write the configuration files of one user's server.

    Parameters
    ----------
    layout : Layout
        Where everything lies.
    user : str
        The instructor or a student.
    isolated : bool
        Whether the server has its own view of the disk.
    preload : sequence of str
        Modules that kernels have imported before their first cell.
    warm_at_start : bool
        Whether the server imports them when it starts.
    """
    box = str(layout.box(user))
    if user == layout.instructor:
        role: defaults.Role = "instructor"
        nbgrader = defaults.instructor_settings(exchange=box, boxes=str(layout.exchange))
    else:
        role = "student"
        nbgrader = defaults.student_settings(user, course_id=layout.course_id, exchange=box)
    server = defaults.server_settings(
        role, private_sockets=isolated, shared_loopback=True, warm_at_start=warm_at_start
    )
    if preload:  # the wheel's own kernelspec, for other servers, would be a second one that is warm
        server["KernelSpecManager"] = {"allowed_kernelspecs": ["python3"]}
    ids = (os.getuid(), os.getgid())
    files = {
        "nbgrader_config.json": json.dumps(nbgrader, indent=1),
        "jupyter_server_config.json": json.dumps(server, indent=1),
        "labconfig/page_config.json": json.dumps(defaults.lab_settings(role), indent=1),
        # In the view the operating system, too, calls the user by the hub's name.
        "passwd": f"{user}:x:{ids[0]}:{ids[1]}::{layout.home(user)}:/bin/bash\n",
        "group": f"{user}:x:{ids[1]}:\n",
    }
    kernel = layout.settings(user) / "kernels" / "python3"
    shutil.rmtree(kernel, ignore_errors=True)
    if preload:
        kernel.mkdir(parents=True)
        for logo in _logos():
            shutil.copyfile(logo, kernel / logo.name)
        kernel_json = defaults.kernel_settings(preload)
        files["kernels/python3/kernel.json"] = json.dumps(kernel_json, indent=1)
    for name, text in files.items():
        path = layout.settings(user) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _logos() -> list[Path]:
    package = importlib.util.find_spec("ipykernel")  # found, but not imported by the hub
    folder = Path(package.origin).parent / "resources" if package and package.origin else None
    return sorted(folder.glob("logo-*")) if folder else []
