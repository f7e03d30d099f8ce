"""What a server sees, found out by running commands in its view; no hub is needed for that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub_config.laptop import server_settings
from hub_config.laptop.isolation import Isolation, Mount, View, package_folders, python_folders
from hub_config.laptop.paths import Layout
from hub_config.laptop.spawner import SERVER, view_of

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).parents[3]

LOOK = """
import json, os, sys
paths = json.loads(sys.argv[1])
def writable(path):
    try:
        name = os.path.join(path, ".probe")
        open(name, "w").close()
        os.unlink(name)
    except OSError:
        return False
    return True
print(json.dumps({path: [os.path.exists(path), writable(path)] for path in paths}))
"""


def run(isolation: Isolation, view: View, *argv: str) -> str:
    done = subprocess.run(
        isolation.command(view, list(argv)), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Eyes:
    """One user's view, to be asked what is there and what can be written."""

    def __init__(self, isolation: Isolation, layout: Layout, user: str):
        server_settings.write(layout, user, isolated=True)
        self.isolation, self.view = isolation, view_of(layout, user)

    def look(self, *paths: Path) -> dict[Path, tuple[bool, bool]]:
        names = json.dumps([str(path) for path in paths])
        found = json.loads(run(self.isolation, self.view, sys.executable, "-c", LOOK, names))
        return {path: tuple(found[str(path)]) for path in paths}

    def sees(self, *paths: Path) -> set[Path]:
        return {path for path, (there, _) in self.look(*paths).items() if there}

    def writes(self, *paths: Path) -> set[Path]:
        return {path for path, (_, writable) in self.look(*paths).items() if writable}


@pytest.fixture
def student(isolation: Isolation, layout: Layout) -> Eyes:
    return Eyes(isolation, layout, "student1")


@pytest.fixture
def instructor(isolation: Isolation, layout: Layout) -> Eyes:
    return Eyes(isolation, layout, "instructor")


def furnish(layout: Layout) -> None:
    (layout.course_dir / "source").mkdir()
    (layout.course_dir / "gradebook.db").touch()
    (layout.released / "ps1").mkdir()
    for name in ("jupyterhub.sqlite", "cookie_secret", "passwords.json"):
        (layout.state_dir / name).touch()


def test_a_student_does_not_see_course_gradebook_or_hub(student, layout):
    furnish(layout)
    hidden = [layout.course_dir, layout.course_dir / "source", layout.course_dir / "gradebook.db"]
    hidden += [layout.state_dir / name for name in ("jupyterhub.sqlite", "cookie_secret")]
    hidden += [layout.state_dir / "passwords.json", layout.state_dir / "logs"]
    assert student.sees(*hidden) == set()


def test_a_student_does_not_see_other_people(student, layout):
    others = [of("student2") for of in (layout.home, layout.box, layout.settings, layout.inbound)]
    others += [layout.home("instructor"), layout.box("instructor")]
    assert student.sees(*others) == set()


def test_a_student_does_not_see_the_checkout(student):
    secrets = [ROOT / name for name in ("assignments", "tests", ".git", "pyproject.toml")]
    assert student.sees(*secrets) == set()


def test_a_student_sees_of_the_hubs_code_only_what_runs_in_her_server(student):
    seen = {path.name for path in student.sees(*(ROOT / "hub_config").iterdir())}
    assert seen - {"__pycache__"} == {"__init__.py", "activity.py", "ports.py"}


def test_a_student_does_not_see_the_machines_users(student):
    home = Path.home() / ".ssh"
    assert student.sees(home, Path("/etc/shadow"), Path("/var/log")) == set()


def test_a_student_writes_at_home_and_into_the_own_inbound_only(student, layout):
    furnish(layout)
    own = layout.home("student1"), layout.inbound("student1")
    others = (
        *(layout.feedback("student1"), layout.outbound("student1"), layout.settings("student1")),
        *(Path("/usr"), Path("/etc/ssl"), *python_folders(), *package_folders("course")),
    )
    assert student.writes(*own, *others) == set(own)


def test_a_student_sees_what_was_released_under_the_usual_name(student, layout):
    furnish(layout)
    assert student.sees(layout.outbound("student1") / "ps1")


def test_without_a_view_the_same_names_lead_to_the_same_folders(layout):
    furnish(layout)
    assert (layout.outbound("student1") / "ps1").is_dir()
    assert layout.outbound("student1").resolve() == layout.released


def test_a_student_can_import_what_the_course_needs(student):
    code = "import course, numpy, nbgrader, jupyterlab, autograder"
    run(student.isolation, student.view, sys.executable, "-c", code)


def test_a_student_sees_no_foreign_process(student):
    code = "import os; print([p for p in os.listdir('/proc') if p.isdigit()])"
    pids = run(student.isolation, student.view, sys.executable, "-c", code)
    assert len(json.loads(pids.replace("'", '"'))) <= 2


def test_a_student_has_no_rights_over_the_machine(student):
    status = run(student.isolation, student.view, "cat", "/proc/self/status")
    rights = {line.split()[1] for line in status.splitlines() if line.startswith("Cap")}
    assert rights == {"0000000000000000"}


def test_the_operating_system_calls_a_student_by_the_hubs_name(student):
    assert run(student.isolation, student.view, "id", "-un").strip() == "student1"


def test_the_instructor_sees_course_and_exchange_but_neither_homes_nor_hub(instructor, layout):
    furnish(layout)
    own = {layout.course_dir / "source", layout.exchange, layout.home("instructor")}
    hidden = {layout.home("student1"), layout.state_dir / "passwords.json", ROOT / ".git"}
    assert instructor.sees(*own, *hidden) == own
    assert instructor.writes(*own) == own


def test_the_grading_engines_sandbox_works_in_the_instructors_view(instructor):
    if instructor.isolation.nesting is None and not os.environ.get("CI"):
        pytest.skip("no sandbox works inside a sandbox here")
    words = ["--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
    run(instructor.isolation, instructor.view, str(instructor.isolation.bwrap), *words)
    code = "from autograder.sandbox import bubblewrap; bubblewrap.require()"
    run(instructor.isolation, instructor.view, sys.executable, "-c", code)


def test_nothing_outlives_the_server(isolation, layout):
    server_settings.write(layout, "instructor", isolated=True)
    view = view_of(layout, "instructor")
    marker = f"1234567.{os.getpid()}"
    code = f"(setsid sleep {marker} &) ; echo started; sleep 1000"
    server = subprocess.Popen(
        isolation.command(view, ["/bin/sh", "-c", code]), stdout=subprocess.PIPE, text=True
    )
    assert server.stdout.readline() == "started\n"
    server.terminate()
    server.wait(10)
    server.stdout.close()
    assert marker not in subprocess.run(["ps", "axww"], capture_output=True, text=True).stdout


def test_a_students_file_called_like_a_module_does_not_keep_the_server_from_starting(
    student, layout
):
    (layout.home("student1") / "random.py").write_text("numbers = [4]")
    assert run(student.isolation, student.view, *SERVER, "--version").strip()


def test_later_mounts_hide_earlier_ones(isolation, tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "secret").touch()
    (tmp_path / "empty").mkdir()
    mounts = (Mount.same(tmp_path), Mount(tmp_path / "empty", tmp_path / "inner"))
    assert run(isolation, View(mounts, Path("/tmp")), "ls", str(tmp_path / "inner")) == ""
