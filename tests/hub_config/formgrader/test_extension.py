"""The pod's formgrader, started here as the Deployment says, behind a real hub of either major."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub_config.kubernetes import manifests
from hub_config.kubernetes import target as targets
from tests.hub_config import second_hub
from tests.hub_config.courses import Course, small_course
from tests.hub_config.running import Client, RunningHub, free_port

pytestmark = pytest.mark.slow
PREFIX = "/services/formgrader"
TOKEN = "0123456789abcdef" * 4
TARGET = """
custom:
  course: {id: small}
  images: {cpu: "r/dlef-cpu:1.0.0", gpu: "r/dlef-gpu:1.0.0", grader: "r/dlef-grader:1.0.0"}
  groups: {instructors: [ada]}
"""


@dataclass
class Pod:
    """What Kubernetes would make of the Deployment, as one process of this machine."""

    command: list[str]
    environment: dict[str, str]
    folder: Path


def pod(folder: Path, course: Course, places: dict[str, str]) -> Pod:
    """Read the Deployment; its folders lie under ``folder``, and ``places`` replaces addresses."""
    folder.mkdir()
    (folder / "target.yaml").write_text(TARGET)
    found = {
        one["kind"]: one
        for one in manifests.formgrader(targets.load(str(folder / "target.yaml"), secrets=False))
    }
    spec = found["Deployment"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    here = {}
    for mount in container["volumeMounts"]:
        here[mount["mountPath"]] = str(folder / mount["name"] / mount.get("subPath", ""))
        Path(here[mount["mountPath"]]).mkdir(parents=True, exist_ok=True)
    texts = found["ConfigMap"]["data"]
    (settings,) = (volume for volume in spec["volumes"] if "configMap" in volume)

    def moved(text: str) -> str:
        for old, new in {**here, **places}.items():
            text = text.replace(old, new)
        return text

    for item in settings["configMap"]["items"]:
        file = folder / settings["name"] / item["path"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(moved(texts[item["key"]]))
    shutil.copytree(course.folder, here[manifests.COURSE], dirs_exist_ok=True)
    told = {one["name"]: one.get("value", TOKEN) for one in container["env"]}
    return Pod(
        container["command"],
        {name: moved(value) for name, value in told.items()},
        Path(moved(container["workingDir"])),
    )


@pytest.fixture(scope="module", params=["this hub", "second hub"])
def hub(request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[RunningHub]:
    folder, second = tmp_path_factory.mktemp("formgrader"), request.param == "second hub"
    course = small_course(folder / "course")
    at, api, grader = (f"127.0.0.1:{free_port()}" for _ in range(3))
    served = pod(folder / "pod", course, {"hub:8081": api, "0.0.0.0:8888": grader})
    (name, service), *_ = manifests.hub_services().items()
    service |= {"name": name, "url": f"http://{grader}", "api_token": TOKEN}
    settings = (
        f"c.JupyterHub.hub_bind_url = 'http://{api}'\n"
        f"c.JupyterHub.services.append({service!r})\n"
        "c.ViewSpawner.preload = []\n"
    )
    port = int(at.rpartition(":")[2])
    running = RunningHub(
        course.folder, folder / "state", settings=settings, port=port, second=second
    )
    formgrader = None
    try:
        running.wait()
        scripts = Path(running.python).parent
        kept = second_hub.environment() if second else dict(os.environ)
        with (folder / "formgrader.log").open("w") as log:
            formgrader = subprocess.Popen(
                [str(scripts / served.command[0]), *served.command[1:]],
                cwd=served.folder,
                env={"PATH": f"{scripts}{os.pathsep}{kept['PATH']}", **served.environment},
                stdout=log,
                stderr=log,
            )
        wait_for(grader, formgrader)
        running.course = served.folder
        yield running
    finally:
        if formgrader:
            formgrader.terminate()
            formgrader.wait(30)
        left = running.stop()
    assert left == []


def wait_for(address: str, process: subprocess.Popen) -> None:
    """Do what the pod's readiness probe does."""
    host, _, port = address.partition(":")
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.2)
    raise AssertionError(f"formgrader does not listen at {address}")


def visitor(hub: RunningHub, user: str) -> Client:
    client = Client(hub)
    assert client.login(user).ok
    return client


def test_an_instructor_opens_formgrader_and_sees_the_course(hub):
    client = visitor(hub, "instructor")
    assert client.get(f"{PREFIX}/").url == f"{hub.url}{PREFIX}/lab"
    page = client.get(f"{PREFIX}/formgrader")
    assert page.status_code == 200, page.text
    assert "formgrader" in page.text
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    (assignment,) = client.get(f"{PREFIX}/formgrader/api/assignments").json()
    assert assignment["name"] == "ps1"
    made = client.post(f"{PREFIX}/formgrader/api/assignment/ps1/assign")
    assert made.json()["success"], made.json()


def test_looking_runs_no_configuration(hub, tmp_path):
    """A picture in a submission makes a browser ask for any address."""
    client, ran = visitor(hub, "instructor"), tmp_path / "ran"
    (tmp_path / "nbgrader_config.py").write_text(f"open({str(ran)!r}, 'w')\n")
    answer = client.get(f"{PREFIX}/formgrader", params={"path": str(tmp_path)})
    assert answer.status_code == 400
    assert "formgrader shows the one course" in answer.text
    own = hub.course / "nbgrader_config.py"
    before = own.read_text()
    own.write_text(f"{before}open({str(ran)!r}, 'w')\n")
    try:
        assert client.get(f"{PREFIX}/formgrader").url.endswith("/manage_assignments")
        assert client.get(f"{PREFIX}/formgrader/api/assignments").ok
        assert not ran.exists()
        client.post(f"{PREFIX}/formgrader/api/assignment/ps1/unrelease")
        assert ran.exists()  # a person has pressed, and sees what the course says now
    finally:
        own.write_text(before)


def directives(answer) -> dict[str, str]:
    parts = (
        part.strip().partition(" ") for part in answer.headers["Content-Security-Policy"].split(";")
    )
    return {name: value for name, _, value in parts}


@pytest.mark.parametrize(
    "page", ["manage_assignments", "gradebook/ps1", "submissions/none", "none"]
)
def test_a_page_runs_scripts_that_carry_a_word_of_this_response_only(hub, page):
    client = visitor(hub, "instructor")
    first, second = (client.get(f"{PREFIX}/formgrader/{page}") for _ in range(2))
    rules = directives(first)
    word, *others = rules["script-src"].split()
    assert word.startswith("'nonce-")
    assert not {"'self'", "'unsafe-inline'", "'unsafe-eval'", "'strict-dynamic'"} & set(others)
    assert word not in directives(second)["script-src"]
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["frame-ancestors"] == "'self'"
    assert "'self'" not in rules["img-src"]
    if first.ok:  # the page of an error is Jupyter's, and its scripts do not run
        scripts = re.findall("<script[^>]*>", first.text)
        assert scripts
        assert all(f'nonce="{word[7:-1]}"' in script for script in scripts)


def test_what_is_no_page_belongs_to_no_site(hub):
    client = visitor(hub, "instructor")
    for path in ("submissions/none/page.html", "api/assignments"):
        rules = directives(client.get(f"{PREFIX}/formgrader/{path}"))
        assert (rules["sandbox"], rules["default-src"]) == ("", "'none'")


def test_a_student_may_not(hub):
    client = visitor(hub, "student1")
    for path in ("/", "/formgrader", "/formgrader/api/assignments", "/lab", "/api/contents"):
        assert client.get(f"{PREFIX}{path}").status_code == 403


def test_a_stranger_is_asked_to_log_in(hub):
    assert "/hub/login" in Client(hub).get(f"{PREFIX}/formgrader").url


def test_the_hubs_menu_names_it_to_instructors_only(hub):
    assert f'href="{PREFIX}/"' in visitor(hub, "instructor").get("/hub/home").text
    assert PREFIX not in visitor(hub, "student1").get("/hub/home").text
