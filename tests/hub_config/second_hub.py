"""A second virtual environment with the older of the two JupyterHubs that we support.

Made once, in a folder that git ignores, and again when what it should hold changes. It has no
TensorFlow: nothing that runs in it computes.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv-hub5"
WANTED = Path(__file__).with_suffix(".txt")


class SecondHubError(Exception):
    """The environment could not be made; the message says what to do."""


def python() -> Path:
    """Return the Python of the second environment, which is made where it is not there.

    Raises
    ------
    SecondHubError
        If pip fails, for example because no package index answers.
    """
    executable, made_for = FOLDER / "bin" / "python", FOLDER / "made-for.txt"
    wanted = WANTED.read_text() + _others()
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs of the tests make it once
        if not made_for.exists() or made_for.read_text() != wanted:
            made_for.unlink(missing_ok=True)
            venv.create(FOLDER, with_pip=True, clear=False)
            others = FOLDER / "constraints.txt"
            others.write_text(_others())
            _pip(executable, "-r", str(WANTED), "-c", str(others))
            _pip(executable, "--no-deps", "--editable", str(ROOT))
            made_for.write_text(wanted)
    return executable


def environment() -> dict[str, str]:
    """Return variables for a process there: nothing of the environment that runs the tests."""
    drop = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    return {**kept, "PATH": f"{FOLDER / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def _others() -> str:
    """Every version this project is tested with but for those that `WANTED` names."""
    own = frozen()
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    kept = (line for line in lines if not line.startswith("#") and _name(line) not in own)
    return "\n".join(kept) + "\n"


def _name(line: str) -> str:
    """Return the name of a package as pip compares it."""
    return line.partition("==")[0].strip().lower().replace("_", "-")


def frozen() -> dict[str, str]:
    """Return the versions that `WANTED` names, by package."""
    lines = [line.partition(";")[0] for line in WANTED.read_text().splitlines()]
    return {_name(line): line.partition("==")[2] for line in lines if "==" in line}


def _pip(executable: Path, *words: str) -> None:
    command = [executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    if done.returncode:
        raise SecondHubError(
            f"Found no way to install {' '.join(words)} into {FOLDER} (pip said: "
            f"{done.stderr.strip()[-800:]}), expected a package index that answers; run "
            "`.venv/bin/python tests/hub_config/second_hub.py -V` once where there is one."
        )


if __name__ == "__main__":
    sys.exit(subprocess.run([python(), *sys.argv[1:]], env=environment()).returncode)
