"""What a build may see, and what the wheel of it holds."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from docker.utils.build import exclude_paths

REPOSITORY = Path(__file__).parents[3]
ROOMS = {"course", "autograder", "hub_config"}
FILES = {".gitignore", "LICENSE", "README.md", "constraints.txt", "pyproject.toml"}
# Docker's own tool adds these two for the daemon, which keeps them out of `COPY`.
DAEMON = {".dockerignore", "hub_config/image/Dockerfile"}


def context(root: Path) -> set[str]:
    """The files below ``root`` that `docker build` sends."""
    lines = (root / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line.strip() and not line.startswith("#")]
    found = exclude_paths(str(root), patterns, dockerfile="hub_config/image/Dockerfile")
    return {name for name in found if not (root / name).is_dir()}


def copied(root: Path, target: Path) -> Path:
    for name in context(root):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, target / name)
    return target


def test_only_the_rooms_that_students_may_have_are_seen():
    seen = context(REPOSITORY) - DAEMON
    assert {name.partition("/")[0] for name in seen} == ROOMS | FILES
    assert {"course/lectures/day1_ml_basics.ipynb", "hub_config/profiles.toml"} <= seen


def test_no_notebook_that_is_seen_asks_or_answers_anything():
    notebooks = [name for name in context(REPOSITORY) if name.endswith(".ipynb")]
    assert notebooks
    for name in notebooks:
        cells = json.loads((REPOSITORY / name).read_text())["cells"]
        assert not [cell for cell in cells if "nbgrader" in cell["metadata"]], name


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".git/config",
        ".hub/passwords.json",
        "course/.git/config",
        "assignments/authoring/day1_backprop.py",
        "assignments/gradebook.db",
        "assignments/source/day1_backprop/day1_backprop.ipynb",
        "assignments/submitted/ada/day1_backprop/day1_backprop.ipynb",
        "autograder/__pycache__/judge.cpython-311.pyc",
        "course/lectures/.ipynb_checkpoints/day1_backprop-checkpoint.ipynb",
        "gradebook.db",
        "hub_config/kubernetes/production.secrets.yaml",
        "tests/mutants/day1_backprop/alternative_loops.py",
    ],
)
def test_what_is_secret_or_of_no_use_is_not_seen(tmp_path, name):
    shutil.copyfile(REPOSITORY / ".dockerignore", tmp_path / ".dockerignore")
    for file in (name, "course/seen.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    assert context(tmp_path) - DAEMON == {"course/seen.py"}


@pytest.mark.slow
def test_the_wheel_of_what_is_seen_holds_what_images_need(tmp_path):
    source = copied(REPOSITORY, tmp_path / "context")
    # Twice kept out: even where somebody builds without .dockerignore.
    (source / "hub_config/kubernetes/production.secrets.yaml").write_text("secret")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist"]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    rooms = {name.partition("/")[0] for name in held if ".dist-info/" not in name}
    assert {name for name in rooms if not name.endswith(".data")} == ROOMS
    data = {p.relative_to(REPOSITORY).as_posix() for p in REPOSITORY.glob("hub_config/**/*.yaml")}
    data -= {name for name in data if name.endswith(".secrets.yaml")}
    data |= {
        p.relative_to(REPOSITORY).as_posix() for p in REPOSITORY.glob("course/lectures/*.ipynb")
    }
    data |= {"course/syllabus.toml", "hub_config/profiles.toml", "hub_config/image/Dockerfile"}
    data |= {"hub_config/image/constraints-gpu.txt", "hub_config/image/constraints-image.txt"}
    assert data <= held
    assert not [name for name in held if "secrets" in name]
