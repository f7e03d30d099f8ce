"""What an image tells Jupyter: the server's settings, nbgrader's, and the kernels.

``python -m hub_config.image.settings KIND --etc DIR --share DIR`` writes it into an image.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from traitlets.config import Config

from hub_config import defaults
from hub_config.image.versions import OVERRIDES

KINDS = tuple(OVERRIDES)
CPU_TITLE, GPU_TITLE = "Python (TensorFlow)", "Python (TensorFlow, GPU)"

#: Where the hub mounts a student's box; the instructor's and the graders' pods have all boxes.
EXCHANGE, BOXES = "/srv/exchange", "/srv/boxes"

_STUDENT = '''"""A student's nbgrader: the hub says who that is, and mounts their box."""

import os

from traitlets.config import Config

from hub_config import defaults

c = get_config()
if "JUPYTERHUB_USER" in os.environ:  # else nobody started this from a hub, and there is no box
    name, course = os.environ["JUPYTERHUB_USER"], os.environ.get("DLEF_COURSE", "")
    c.merge(Config(defaults.student_settings(name, course_id=course, exchange={exchange!r})))
'''
_INSTRUCTOR = '''"""The instructor's nbgrader: the course's own nbgrader_config.py adds the rest."""

from traitlets.config import Config

from hub_config import defaults

c = get_config()
c.merge(Config(defaults.instructor_settings(exchange={exchange!r}, boxes={boxes!r})))
'''


def role(kind: str) -> defaults.Role:
    """Return whose settings an image has."""
    return "instructor" if kind == "grader" else "student"


def kernels(kind: str) -> dict[str, defaults.Settings]:
    """Return the content of each ``kernel.json``, by the kernel's name.

    Notebooks ask for ``python3``, here as on a laptop, so that they open everywhere. It is the best
    that the image has: who starts a GPU machine has chosen it and pays for it, and a notebook that
    quietly trained beside the GPU would be the dearer mistake. The GPU image has a second kernel,
    ``python3-cpu``, that cannot see the GPU: for assignments that need none, on a GPU that others
    share.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    """
    if kind != "gpu":
        return {"python3": _kernel(CPU_TITLE)}
    return {
        # Here an error of CUDA says why the GPU that somebody pays for is not used.
        "python3": _kernel(GPU_TITLE, TF_CPP_MIN_LOG_LEVEL="2"),
        "python3-cpu": _kernel(CPU_TITLE, CUDA_VISIBLE_DEVICES=""),
    }


def _kernel(title: str, **env: str) -> defaults.Settings:
    servers = Config()
    defaults.set_servers(servers)  # TensorFlow's variables, which the hub sets for the server too
    tensorflow = {k: v for k, v in servers.Spawner.environment.items() if k.startswith("TF_")}
    return defaults.kernel_settings(defaults.PRELOAD) | {
        "display_name": title,
        "env": tensorflow | env,
    }


def server(kind: str) -> defaults.Settings:
    """Return the content of ``jupyter_server_config.json``."""
    settings = defaults.server_settings(role(kind), private_sockets=True)
    # The wheel brings a kernelspec for other hubs, which would be a second "Python 3" here.
    settings["KernelSpecManager"] = {"allowed_kernelspecs": sorted(kernels(kind))}
    return settings


def nbgrader(kind: str) -> str:
    """Return the text of ``nbgrader_config.py``."""
    if role(kind) == "student":
        return _STUDENT.format(exchange=EXCHANGE)
    return _INSTRUCTOR.format(exchange=f"{BOXES}/instructor", boxes=BOXES)


def write(kind: str, *, etc: Path, share: Path) -> None:
    """Write everything.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    etc : Path
        Folder of configuration; Jupyter reads ``/etc/jupyter``.
    share : Path
        Folder of data; Jupyter reads ``share/jupyter`` of the environment.
    """
    files = {
        etc / "jupyter_server_config.json": _json(server(kind)),
        etc / "labconfig" / "page_config.json": _json(defaults.lab_settings(role(kind))),
        etc / "nbgrader_config.py": nbgrader(kind),
    }
    for name, content in kernels(kind).items():
        files[share / "kernels" / name / "kernel.json"] = _json(content)
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _json(content: defaults.Settings) -> str:
    return json.dumps(content, indent=1) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(prog="python -m hub_config.image.settings")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--etc", type=Path, required=True, help="such as /etc/jupyter")
    parser.add_argument("--share", type=Path, required=True, help="such as VENV/share/jupyter")
    given = parser.parse_args(argv)
    write(given.kind, etc=given.etc, share=given.share)


if __name__ == "__main__":
    main()
