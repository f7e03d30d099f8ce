"""``make`` notices a virtual environment that does not fit its folder, and leaves one that does."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: The forms in which pip writes the path of Python into a script: ordinary, and with a space in it.
SCRIPTS = ("#!{}\nimport sys\n", "#!/bin/sh\n'''exec' \"{}\" \"$0\" \"$@\"\n' '''\n")


@pytest.fixture(params=[("plain", SCRIPTS[0]), ("with a space", SCRIPTS[1])])
def checkout(tmp_path, request):
    """A checkout that was set up, as far as make looks at it."""
    name, script = request.param
    folder = tmp_path / name
    (folder / ".venv" / "bin").mkdir(parents=True)
    for file in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy2(ROOT / file, folder)
    (folder / ".venv/bin/course").write_text(script.format(folder / ".venv/bin/python"))
    (folder / ".venv/.installed").touch()
    return folder


def make(folder, *words):
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *words, "setup"], cwd=folder, env=env, capture_output=True, text=True, timeout=60
    )


def test_nothing_is_done_where_nothing_changed(checkout):
    assert make(checkout, "-q").returncode == 0


def test_a_moved_checkout_is_set_up_anew(checkout):
    moved = checkout.rename(checkout.with_name(f"{checkout.name}, moved"))
    assert make(moved, "-q").returncode == 1
    said = make(moved, "-n").stdout
    assert "-m venv --clear .venv" in said
    assert "this folder was moved" in said


def test_other_versions_are_installed_into_the_same_environment(checkout):
    newer = (checkout / ".venv/.installed").stat().st_mtime + 10
    os.utime(checkout / "constraints.txt", (newer, newer))
    said = make(checkout, "-n").stdout
    assert "-m venv  .venv" in said
    assert "--clear" not in said
