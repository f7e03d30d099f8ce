"""Every command in the README is run as it stands there, the long ones by `make release-test`."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from course.authoring.submissions import fill, load

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
NAME = "day1_gradient_descent"


def commands():
    """Yield each line of each shell block, and each command in running text, without comments."""
    for block in re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL):
        yield from (line.partition("  #")[0].strip() for line in block.splitlines())
    prose = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    for quoted in re.findall(r"`([^`]+)`", prose):
        if quoted.startswith(("make ", "course ", "autograder ", ".venv/")):
            yield quoted


COMMANDS = sorted(set(commands()) - {""})
SERVING = [command for command in COMMANDS if command.startswith("make hub")]
#: Run here as they stand; each ends by itself.
ENDING = [
    ".venv/bin/course build",
    ".venv/bin/course hub check laptop",
    ".venv/bin/course hub plan production --students 60",
    ".venv/bin/course syllabus",
    "make demo",
]
#: Long ones: `make test` runs every part of them elsewhere, and their targets with `make -n`.
LONG = [
    f".venv/bin/course check {NAME}",
    "make bench",
    "make check",
    "make demo",
    "make mutation",
    "make release-test",
    "make site",
    *(command for command in SERVING if command != "make hub"),
]
#: Run here with fewer tests or measurements: the whole is run by other tests, or is what runs now.
SHORTENED = {
    f".venv/bin/course check {NAME}": f".venv/bin/course check {NAME} --only-ours",
    # tests/autograder/report/test_grades.py types them in a course that has grades
    ".venv/bin/course grades": ".venv/bin/course grades --help",
    ".venv/bin/course grades --csv > grades.csv": ".venv/bin/course grades --csv --help",
    "make check": 'make check ARGS="tests/course/test_syllabus.py"',
    "make bench": "make bench ONLY=grade_speedup_8",
    "make mutation": f'make mutation ONLY="{NAME} --sample 3"',
    "make release-test": 'make release-test ARGS="tests/course/test_syllabus.py"',
    "make results": 'make results ONLY="--help"',
    "make site": 'make site ARGS="--no-execute"',
    "make test": 'make test ARGS="tests/course/test_syllabus.py"',
}
#: What shows that these did something.
SAID = {
    ".venv/bin/course grades": r"usage: course grades .*--csv",
    ".venv/bin/course grades --csv > grades.csv": r"usage: course grades .*--csv",
    "make mutation": r"3 of \d+ killed|[0-2] of \d+ killed, \d equivalent, 0 unexplained",
    "make results": r"measurement|usage: python -m tests\.results",
    "make site": r"The website is in .*/index\.html",
}
GRADING = [command for command in COMMANDS if "autograder" in command and "/bin/" in command]
#: Named in prose, and among the others in full.
ORDER = ["doctor", "grade", "report", "replay", "verify"]
NAMED = ["autograder grade", "autograder verify", "course build", "course check"]


def run(command, cwd=ROOT, timeout=900, **more):
    return subprocess.run(
        command, shell=True, cwd=cwd, capture_output=True, text=True, timeout=timeout, **more
    )


def later(names):
    """Return parameters of which `make test` leaves out the long ones."""
    return [
        pytest.param(name, marks=[pytest.mark.release] * (name in LONG)) for name in sorted(names)
    ]


@pytest.fixture(scope="module")
def checkout(full, tmp_path_factory):
    """Return this checkout; before a release a fresh clone, set up by the first command typed."""
    if not full:
        return ROOT
    clone = tmp_path_factory.mktemp("fresh") / "clone"
    cloned = run(f"git clone -q {shlex.quote(str(ROOT))} {shlex.quote(str(clone))}")
    assert cloned.returncode == 0, cloned.stderr
    first = run("make demo", clone, 3600)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Setting up" in first.stdout
    assert "12 of 12 got exactly what they deserve" in first.stdout
    return clone


def test_every_command_of_the_readme_is_run_below():
    assert set(COMMANDS) == {*SERVING, *ENDING, *SHORTENED, *GRADING, *NAMED}


@pytest.mark.slow
@pytest.mark.sandbox
@pytest.mark.parametrize("command", later(ENDING))
def test_command_succeeds(command, checkout):
    done = run(command, checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Setting up" not in done.stdout  # a second run does not set up again


@pytest.mark.slow
@pytest.mark.parametrize("command", later(SHORTENED))
def test_shortened_command_does_what_it_says(command, checkout):
    done = run(SHORTENED[command], checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    if command == "make bench":  # that both gradebooks agree is checked by the measurement itself
        measured = json.loads((checkout / "bench.json").read_text())
        assert measured["grade_speedup_8"] > 0
        assert "grade_speedup_8" in done.stdout
    else:
        assert re.search(SAID.get(command, r"\d+ passed|all as it should be"), done.stdout)


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.startswith("make ")])
def test_a_target_starts_programs_that_are_there(command):
    done = run(command.replace("make", "make -n", 1))  # tells, and runs nothing
    assert done.returncode == 0, done.stderr
    programs = set(re.findall(r"\.venv/bin/(\S+)", done.stdout))
    assert programs
    assert [name for name in programs if not (ROOT / ".venv" / "bin" / name).exists()] == []


def test_an_unknown_benchmark_is_named():
    done = run("make bench ONLY=grade_speedup")
    assert done.returncode != 0
    assert "no benchmark 'grade_speedup'; did you mean 'grade_speedup_8'?" in done.stderr


@pytest.mark.slow
@pytest.mark.sandbox
@pytest.mark.release  # test_cli types them in a small course, and the demo grades this assignment
def test_grading_and_reporting_as_the_readme_says(tmp_path):
    # In a copy: the checkout's own course must stay as it is.
    import nbformat

    for name in ("nbgrader_config.py", "source"):
        place = ROOT / "assignments" / name
        copy = shutil.copytree if place.is_dir() else shutil.copy
        (tmp_path / "assignments").mkdir(exist_ok=True)
        copy(place, tmp_path / "assignments" / name)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    path = {"PATH": f"{ROOT}/.venv/bin:{os.environ['PATH']}"}
    generated = run(
        f"nbgrader generate_assignment {NAME}", tmp_path / "assignments", env={**os.environ, **path}
    )
    assert generated.returncode == 0, generated.stderr
    released = tmp_path / "assignments" / "release" / NAME / f"{NAME}.ipynb"
    notebook = fill(nbformat.read(released, as_version=4), load(ROOT, NAME).reference)
    folder = tmp_path / "assignments" / "submitted" / "ada" / NAME
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{NAME}.ipynb")
    outputs = {}
    for command in sorted(GRADING, key=lambda line: ORDER.index(line.split()[1])):
        done = run(command, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        outputs[command.split()[1]] = done.stdout
    assert "Grading can start." in outputs["doctor"]
    assert "20 / 20" in outputs["grade"]
    report = Path(outputs["report"].strip().replace("\n", ""))
    assert report.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.slow
@pytest.mark.sandbox
@pytest.mark.parametrize("command", later(SERVING))
def test_the_hub_serves_until_it_is_interrupted(command, tmp_path):
    """As it stands there, but with a state directory and a port that are free."""
    words = shlex.split(command)
    given = next((word.removeprefix("ARGS=") for word in words if word.startswith("ARGS=")), "")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    given = re.sub(r"--port \d+", "", given)
    if "--reset-passwords" in given:
        given += " --students ada,ben"
    arguments = f"{given} --state {tmp_path / 'state'} --port {port}"
    log = tmp_path / "log"
    with log.open("w") as output:
        hub = subprocess.Popen(
            ["make", "hub", f"ARGS={arguments}"],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 90
        while "Ctrl-C" not in log.read_text():
            assert hub.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/hub/login") as page:
            assert "username" in page.read().decode()
    finally:
        os.killpg(hub.pid, signal.SIGINT)
        hub.wait(60)
    assert re.search(r"instructor +\S{12,}", log.read_text())


def test_every_file_that_the_readme_links_to_exists():
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert targets
    for target in targets:
        assert (ROOT / target).exists(), target
