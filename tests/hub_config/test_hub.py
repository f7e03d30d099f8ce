"""A real hub over HTTP: who gets in, who sees what, whose submission it is, and what is left."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import textwrap
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from hub_config import defaults
from hub_config.laptop.free_port import RANGE
from hub_config.laptop.isolation import Isolation
from hub_config.laptop.paths import remembered
from tests.hub_config.courses import ROOT, Course, small_course
from tests.hub_config.running import Client, RunningHub, free_port

pytestmark = pytest.mark.slow
#: What some courses call their students.
MAIL = "ada.lovelace@students.university.example"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return small_course(tmp_path_factory.mktemp("hub") / "course")


@pytest.fixture(scope="module", params=["isolated", "not isolated"])
def hub(course: Course, request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[RunningHub]:
    without = [] if request.param == "isolated" else ["bwrap"]
    if not without:
        request.getfixturevalue("isolation")
    state = tmp_path_factory.mktemp("hub") / "state"
    hub = RunningHub(course.folder, state, *without, students=f"student1,student2,{MAIL}")
    try:
        yield hub.wait()
    finally:
        left = hub.stop()
    assert left == []


class Class:
    """Everybody's browser, with a server each but for the second student."""

    def __init__(self, hub: RunningHub):
        self.instructor, self.student, self.other = (Client(hub) for _ in range(3))
        for client, user in ((self.instructor, "instructor"), (self.student, "student1")):
            assert client.login(user).ok
            client.spawn(user)
        assert self.other.login("student2").ok

    def formgrader(self, action: str) -> None:
        path = f"/user/instructor/formgrader/api/assignment/ps1/{action}"
        answer = self.instructor.post(path)
        assert answer.json()["success"], answer.json()


@pytest.fixture(scope="module")
def people(hub: RunningHub) -> Class:
    return Class(hub)


def test_it_says_where_it_is_and_each_password_once(hub):
    assert f"The hub of small is at {hub.url}" in hub.lines
    assert set(hub.passwords) == {"instructor", "student1", "student2", MAIL}
    text = "\n".join(hub.lines)
    assert all(text.count(word) == 1 for word in hub.passwords.values())


def test_it_says_whether_it_isolates(hub, request):
    said = [line for line in hub.lines if "isolates nobody" in line]
    assert len(said) == (0 if "[isolated]" in request.node.name else 1)


def test_no_password_is_kept_anywhere(hub):
    for file in hub.state.rglob("*"):
        if file.is_file() and not file.is_symlink():
            content = file.read_bytes()
            assert not any(word.encode() in content for word in hub.passwords.values()), file


def test_a_wrong_password_is_refused(hub):
    assert Client(hub).login("student1", "wrong").status_code == 403
    assert Client(hub).login("student1", hub.passwords["student2"]).status_code == 403
    assert Client(hub).login("nobody", "").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/user/student1/lab",
        "/user/student1/api/contents",
        "/user/instructor/lab",
        "/user/instructor/formgrader",
        "/user/instructor/formgrader/api/status",
        "/hub/admin",
    ],
)
def test_a_student_is_refused_elsewhere(people, path):
    assert people.other.get(path).status_code == 403


def test_a_student_cannot_start_another_ones_server(people):
    assert people.other.get("/hub/spawn/student1").status_code == 404


def test_a_stranger_is_asked_to_log_in(hub, people):
    for path in ("/user/student1/lab", "/user/instructor/formgrader"):
        assert "/hub/login" in Client(hub).get(path).url


def test_a_student_has_no_formgrader(people):
    for path in ("formgrader", "formgrader/api/status", "formgraders"):
        assert people.student.get(f"/user/student1/{path}").status_code == 404


def test_the_instructor_has_it_and_may_frame_it(people):
    answer = people.instructor.get("/user/instructor/formgrader/api/status")
    assert answer.json() == {"status": True}
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    answer = people.student.get("/user/student1/api/status")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_every_page_tells_a_browser_what_not_to_do(hub, people):
    for path in ("/hub/home", "/user/student1/api/status", "/user/student1/lab"):
        told = people.student.get(path).headers
        assert defaults.HEADERS.items() <= told.items(), path
    told = people.instructor.get("/user/instructor/formgrader").headers
    assert defaults.HEADERS.items() <= told.items()


def test_a_service_stops_idle_servers(hub):
    (service,) = [line for line in hub.commands() if "jupyterhub_idle_culler" in line]
    assert f"--timeout={defaults.SERVER_IDLE_S}" in service


def test_the_list_of_courses_names_formgrader(hub, people):
    answer = people.instructor.get("/user/instructor/formgraders").json()
    assert answer["success"]
    url = f"{hub.url}/user/instructor/formgrader"
    assert answer["value"] == [{"course_id": "small", "url": url, "kind": "local"}]


def test_a_forged_student_id_does_not_change_whose_submission_it_is(hub, people, course):
    people.formgrader("assign")
    people.formgrader("release")
    what = {"course_id": "small", "assignment_id": "ps1"}
    base = "/user/student1/"
    people.student.post(f"{base}assignments/fetch", json=what)
    forgery = 'c = get_config()\\nc.CourseDirectory.student_id = "student2"\\n'
    people.student.run(base, f"open('nbgrader_config.py', 'w').write('{forgery}')")
    answer = people.student.post(f"{base}assignments/submit", json=what).json()
    assert answer["success"], answer
    (folder,) = (hub.state / "exchange/student1/small/inbound").iterdir()
    assert folder.name.startswith("student2+ps1+")  # the forgery took effect there
    people.formgrader("collect")
    found = {path.name for path in (course.folder / "submitted").iterdir()}
    assert found == {"student1"}


def test_a_students_output_cannot_act_as_the_instructor(people, course):
    base, path = "/user/student1/", f"ps1/{course.notebook}"
    attack = "display({'text/html': '<script>evil()</script><b>bold</b>'}, raw=True)"
    code = f"""
    import nbformat
    notebook = nbformat.read({path!r}, 4)
    notebook.cells[1].source += {attack!r}
    notebook.cells.append(nbformat.v4.new_markdown_cell("*slanted* <script>evil()</script>"))
    nbformat.write(notebook, {path!r})
    """
    people.student.run(base, textwrap.dedent(code))
    what = {"course_id": "small", "assignment_id": "ps1"}
    assert people.student.post(f"{base}assignments/submit", json=what).json()["success"]
    people.formgrader("collect")
    grader = "/user/instructor/formgrader"
    answer = people.instructor.post(f"{grader}/api/submission/ps1/student1/autograde").json()
    assert answer["success"], answer
    name = course.notebook.removesuffix(".ipynb")
    (one,) = people.instructor.get(f"{grader}/api/submitted_notebooks/ps1/{name}").json()
    page = people.instructor.get(f"{grader}/submissions/{one['id']}").text
    assert "<b>bold</b>" in page
    assert "<em>slanted</em>" in page
    assert "<script>evil" not in page


def test_kernels_have_imported_tensorflow_before_the_first_cell(people):
    for client, user in ((people.student, "student1"), (people.instructor, "instructor")):
        base = f"/user/{user}/"
        specs = client.get(f"{base}api/kernelspecs").json()
        assert specs["default"] == "python3"
        assert set(specs["kernelspecs"]) == {"python3"}  # the wheel's own would be a second one
        assert "logo-svg" in specs["kernelspecs"]["python3"]["resources"]
        code = "import sys; loaded = 'tensorflow' in sys.modules\n"
        # The operation would say that there is no GPU; `run` returns errors' stream, too.
        code += "import tensorflow as tf; tf.ones(1); print(loaded, tf.__version__)"
        loaded, version = client.run(base, code).split()
        assert (loaded, version) == ("True", metadata.version("tensorflow"))


def test_validate_uses_such_a_kernel_too(people):
    code = """
    import nbformat, uuid
    from nbformat.v4 import new_code_cell, new_notebook
    locked = {"schema_version": 3, "grade": True, "solution": False, "task": False, "locked": True}
    test = "import sys; assert 'tensorflow' in sys.modules; assert %s, f'six times {42 // 6}'"
    for name, answer in (("right", "True"), ("wrong", "False")):
        mark = {"nbgrader": {**locked, "grade_id": "warm", "points": 1}}
        notebook = new_notebook(cells=[new_code_cell(test % answer, metadata=mark)])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, f"{name}.ipynb")
    """
    people.student.run("/user/student1/", textwrap.dedent(code))
    found = {
        name: people.student.post(
            "/user/student1/assignments/validate", json={"path": f"{name}.ipynb"}
        ).json()
        for name in ("right", "wrong")
    }
    assert found["right"] == {"success": True, "value": {}}
    assert found["wrong"]["success"]
    (failed,) = found["wrong"]["value"]["failed"]
    assert "six times 7" in failed["error"]  # the source says otherwise: it was run


@pytest.mark.sandbox
@pytest.mark.parametrize("hub", ["isolated"], indirect=True)
def test_a_students_kernel_sees_nobody_elses(hub, people, course):
    hidden = [
        course.folder / "source",
        course.folder / "gradebook.db",
        hub.state / "passwords.json",
        hub.state / "jupyterhub.sqlite",
        hub.state / "homes" / "student2",
        hub.state / "exchange" / "student2",
        Path(__file__),
    ]
    assert all(path.exists() for path in hidden)
    code = f"""
    import json, os
    print(json.dumps({{
        "seen": [path for path in {[str(p) for p in hidden]} if os.path.exists(path)],
        "homes": os.listdir({str(hub.state / "homes")!r}),
        "secrets": [name for name in os.environ if "PROXY" in name],
        "processes": len([p for p in os.listdir("/proc") if p.isdigit()]),
        "transport": [json.load(open(f"/tmp/jupyter/{{f}}"))["transport"]
                      for f in os.listdir("/tmp/jupyter") if f.startswith("kernel-")
                      and f.endswith(".json")],
    }}))
    """
    found = json.loads(people.student.run("/user/student1/", textwrap.dedent(code)))
    assert found["seen"] == []
    assert found["homes"] == ["student1"]
    assert found["secrets"] == []
    assert found["processes"] < 10
    assert set(found["transport"]) == {"ipc"}


@pytest.mark.parametrize(
    ("number", "without"), [(signal.SIGINT, []), (signal.SIGTERM, []), (signal.SIGINT, ["bwrap"])]
)
def test_a_signal_leaves_no_process_behind(course, tmp_path, number, without):
    hub = RunningHub(course.folder, tmp_path / "hub", *without).wait()
    student = Client(hub)
    student.login("student1")
    base = student.spawn("student1")
    student.run(base, "import subprocess; subprocess.Popen(['setsid', 'sleep', '1000'])")
    assert len(hub.family()) >= 5  # hub, proxy, server, kernel, daemon
    assert hub.stop(number) == []
    assert hub.process.returncode == 0


def test_a_signal_during_the_start_leaves_no_process_behind(course, tmp_path):
    hub = RunningHub(course.folder, tmp_path / "hub")
    while hub.process.poll() is None and len(hub.family()) < 2:  # until the proxy starts
        pass
    assert hub.stop() == []


@pytest.mark.parametrize("without", [[], ["bwrap"]])
def test_a_killed_hub_leaves_no_process_and_starts_again(course, tmp_path, without):
    hub = RunningHub(course.folder, tmp_path / "hub", *without).wait()
    student = Client(hub)
    student.login("student1")
    student.spawn("student1")
    assert hub.stop(signal.SIGKILL) == []
    again = RunningHub(course.folder, tmp_path / "hub", port=hub.port).wait()
    assert again.stop() == []


#: Of the hub's own settings: servers get a port first on which another program listens.
TAKEN = """
import itertools, socket
from hub_config.laptop import spawner
other = socket.socket()
other.bind(("127.0.0.1", 0))
other.listen()
free_port, starts = spawner.free_port, itertools.count()
spawner.free_port = lambda: other.getsockname()[1] if next(starts) < {times} else free_port()
"""


def test_a_server_that_does_not_start_is_started_once_more(course, tmp_path):
    hub = RunningHub(course.folder, tmp_path / "hub", "bwrap", settings=TAKEN.format(times=3))
    try:
        student = Client(hub.wait())
        student.login("student1")
        student.get("/hub/spawn")
        refused = "logs/student1.log in the hub"
        deadline = time.monotonic() + 120
        while refused not in (shown := student.get("/hub/spawn-pending/student1").text):
            assert time.monotonic() < deadline, shown
            time.sleep(0.5)
        student.spawn("student1")  # the third attempt fails, and the fourth does not
        log = (hub.state / "logs/hub.log").read_text()
        assert log.count("The server of student1 has not started") == 3
    finally:
        assert hub.stop() == []


def test_a_later_start_keeps_passwords_and_removes_whoever_left(course, tmp_path):
    first = RunningHub(course.folder, tmp_path / "hub", students="ada,ben").wait()
    passwords = first.passwords
    tokens = {}
    for name in ("ada", "ben"):
        person = Client(first)
        person.login(name)
        tokens[name] = person.post(f"/hub/api/users/{name}/tokens").json()["token"]
    first.stop()
    second = RunningHub(course.folder, tmp_path / "hub", students="ada,eve").wait()
    try:
        assert set(second.passwords) == {"eve"}
        assert not any("locked out" in line for line in first.lines)
        assert any("--reset-passwords" in line for line in second.lines)
        (said,) = [line for line in second.lines if line.startswith("No longer on the list")]
        assert "locked out: ben." in said
        assert remembered(second.state) == ["ada", "eve"]
        assert Client(second).login("ada", passwords["ada"]).ok
        assert Client(second).login("ben", passwords["ben"]).status_code == 403
        for name, status in (("ada", 200), ("ben", 403)):
            bearer = {"Authorization": f"token {tokens[name]}"}
            assert Client(second).get("/hub/api/user", headers=bearer).status_code == status
    finally:
        second.stop()


def test_the_python_proxy_serves_where_the_node_one_is_missing(course, tmp_path):
    hub = RunningHub(course.folder, tmp_path / "hub", "node").wait()
    try:
        student = Client(hub)
        student.login("student1")
        assert student.run(student.spawn("student1"), "print(6 * 7)") == "42\n"
    finally:
        assert hub.stop() == []


def test_an_operator_without_memory_to_spare_has_ordinary_kernels(course, tmp_path):
    state = tmp_path / "hub"
    state.mkdir(mode=0o700)
    (state / "jupyterhub_config.py").write_text("c.ViewSpawner.preload = []\n")
    hub = RunningHub(course.folder, state).wait()
    try:
        student = Client(hub)
        student.login("student1")
        base = student.spawn("student1")
        assert student.run(base, "import sys; print('numpy' in sys.modules)") == "False\n"
        assert not [line for line in hub.commands() if "autograder.warm_kernels.server" in line]
    finally:
        assert hub.stop() == []


def test_isolation_is_required_in_continuous_integration(isolation: Isolation):
    assert isolation.nesting is not None or not os.environ.get("CI")


def test_a_terminal_has_the_programs_of_the_course(people):
    scripts = Path(sys.executable).parent
    for client, user in ((people.student, "student1"), (people.instructor, "instructor")):
        names = "python jupyter nbgrader autograder course tensorboard"
        shown = client.terminal(
            f"/user/{user}/", f"command -v {names}; nbgrader --version; echo en''d $USER", "end "
        )
        lines = shown.splitlines()
        assert [f"{scripts / name}" for name in names.split()] == [
            line for line in lines if line.startswith("/")
        ], shown
        assert "nbgrader version" in shown
        assert f"end {user}" in shown


def test_a_student_sees_tensorboard_through_her_server_and_nobody_else_does(hub, people):
    port = free_port()
    path = f"/user/student1/proxy/{port}/"
    before = people.student.get(path)
    assert before.status_code == 502
    assert f"Nothing listens on port {port} here" in before.text
    # What the lecture says to type; only that no other test may have taken its port.
    lecture = (ROOT / "course" / "lectures" / "day2_tensorboard.md").read_text()
    command = re.search(r"^tensorboard --logdir .*6006$", lecture, re.MULTILINE)[0]
    command = command.replace("6006", str(port))
    # The first start writes nothing for a long time: TensorBoard imports TensorFlow.
    people.student.terminal("/user/student1/", command, rf"http://localhost:{port}/")
    shown = people.student.get(path)
    assert shown.status_code == 200
    assert "TensorBoard" in shown.text
    assert people.student.get(f"{path}data/environment").json()["data_location"]
    assert people.student.get(f"/user/student1/proxy/localhost:{port}/").status_code == 200
    assert people.other.get(path).status_code == 403
    # A page that a student serves would act as the instructor, who opens it by one click.
    assert people.instructor.get(f"/user/instructor/proxy/{port}/").status_code == 404
    assert people.instructor.get(f"/user/instructor/proxy/localhost:{port}/").status_code == 404
    stranger = Client(hub).get(path)
    assert "/hub/login" in stranger.url


def test_an_address_is_a_name(hub, people):
    for action in ("assign", "release"):  # refused where a test before has done it
        people.instructor.post(f"/user/instructor/formgrader/api/assignment/ps1/{action}")
    student = Client(hub)
    assert student.login(MAIL).ok
    code = "import getpass, subprocess\nprint(getpass.getuser())\nfor action in ('list', "
    code += "'fetch_assignment ps1', 'submit ps1', 'list --inbound'):\n    print(subprocess.run("
    code += "f'nbgrader {action}', shell=True, capture_output=True, text=True).stderr)"
    shown = student.run(student.spawn(MAIL), code)
    assert shown.startswith(f"{MAIL}\n")
    assert re.search(rf"Submitted assignments:\n.* small {re.escape(MAIL)} ps1 ", shown), shown
    assert student.ask("DELETE", f"users/{MAIL}/server").ok


@pytest.mark.skipif(not RANGE.exists(), reason="only Linux says which ports it gives away")
def test_no_program_is_given_the_port_of_a_server_that_is_starting(hub, people):
    log = (hub.state / "logs" / "hub.log").read_text()
    ports = re.findall(r"to proxy /user/\S+ => http://127\.0\.0\.1:(\d+)", log)
    ports += re.findall(r"Hub API listening on http://127\.0\.0\.1:(\d+)", log)
    assert len(ports) >= 3
    assert max(map(int, ports)) < int(RANGE.read_text().split()[0])
