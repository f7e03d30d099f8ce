"""What a user may choose on one computer, what a server then gets, and what no form can get."""

from __future__ import annotations

import html.parser
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_config.laptop import profile_choice
from hub_config.laptop.profile_choice import Machine, Share
from hub_config.machines import profile_request, profiles
from hub_config.machines.profile_request import ChoiceError
from tests.hub_config import forged
from tests.hub_config.courses import small_course
from tests.hub_config.running import Client, RunningHub

FOUND = profiles.load()
STUDENT, INSTRUCTOR = (FOUND.allowed([group]) for group in ("students", "instructors"))
SMALL = Machine((0, 1), 8.0, ())
LARGE = Machine(tuple(range(16)), 64.0, ())
GPU = Machine(tuple(range(16)), 64.0, ("GPU-a", "GPU-b"))


def names(found) -> list[str]:
    return [profile.name for profile in found]


@pytest.mark.parametrize(
    ("machine", "allowed", "expected"),
    [
        (SMALL, STUDENT, ["cpu-small"]),
        (Machine((0,), 8.0, ()), STUDENT, []),
        (Machine((0, 1), 3.9, ()), STUDENT, []),
        (LARGE, STUDENT, ["cpu-small", "cpu-large"]),
        (GPU, STUDENT, ["cpu-small", "cpu-large", "gpu-shared"]),
        # A slice (MIG) is made by a cluster, so it is not offered here.
        (GPU, INSTRUCTOR, ["cpu-small", "cpu-large", "gpu-shared", "gpu-whole"]),
        (Machine((0, 1), 64.0, ("GPU-a",)), INSTRUCTOR, ["cpu-small", "gpu-shared"]),
    ],
)
def test_a_computer_serves_what_it_is_large_enough_for(machine, allowed, expected):
    assert names(profile_choice.served(machine, allowed)) == expected


def test_who_has_nothing_to_choose_sees_no_form_and_has_no_limits():
    for offered in ([], STUDENT[:1]):
        assert profile_choice.form(offered) == ""
        assert profile_choice.chosen({"profile": "gpu-whole"}, offered) is None


class Form(html.parser.HTMLParser):
    """The inputs of a form, and its text."""

    def __init__(self, text: str):
        super().__init__()
        self.inputs: list[dict[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "input":
            self.inputs.append(dict(attrs))

    def handle_data(self, data):
        self.text += data


def test_the_form_says_what_each_is_for_and_has_but_no_price():
    form = Form(profile_choice.form(profile_choice.served(GPU, STUDENT)))
    assert [one["value"] for one in form.inputs] == ["cpu-small", "cpu-large", "gpu-shared"]
    assert [one["value"] for one in form.inputs if "checked" in one] == ["cpu-small"]
    assert {(one["type"], one["name"]) for one in form.inputs} == {("radio", "profile")}
    for profile in STUDENT:
        assert profile.title in form.text
        assert profile.purpose in form.text
    assert "8 processors, 32 GiB." in form.text
    assert "2 processors, 8 GiB, a GPU." in form.text
    assert FOUND.currency not in form.text


def test_what_an_operator_wrote_cannot_become_a_part_of_the_page(tmp_path):
    text = (Path(profiles.__file__).parents[1] / "profiles.toml").read_text()
    file = tmp_path / "profiles.toml"
    file.write_text(text.replace("Lectures and", "<script>evil()</script>"))
    form = profile_choice.form(profiles.load(file).allowed(["students"]))
    assert "<script>" not in form
    assert "&lt;script&gt;" in form


def test_the_first_is_taken_where_nothing_is_said():
    assert profile_choice.chosen({}, STUDENT).name == "cpu-small"
    assert profile_choice.chosen({"user_options": None}, STUDENT).name == "cpu-small"
    assert profile_request.from_form({}, names(STUDENT)) == {"profile": "cpu-small"}


def test_a_form_or_a_query_chooses():
    for form in ({"profile": ["cpu-large"], "more": ["x"]}, {"opt-profile": ["cpu-large"]}):
        assert profile_request.from_form(form, names(STUDENT)) == {"profile": "cpu-large"}
    with pytest.raises(ChoiceError):
        profile_request.from_form({"profile": ["gpu-whole"]}, names(STUDENT))


def test_the_api_of_either_hub_chooses():
    for asked in ({"profile": "cpu-large"}, {"user_options": {"profile": "cpu-large"}}):
        assert profile_choice.chosen(asked, STUDENT).name == "cpu-large"


@pytest.mark.parametrize("body", forged.bodies("gpu-whole", "cpu-small"), ids=lambda _: "")
def test_a_forged_choice_is_refused_in_words(body):
    with pytest.raises(ChoiceError, match="expected one of cpu-small, cpu-large") as caught:
        profile_choice.chosen(body, profile_choice.served(LARGE, STUDENT))
    assert caught.value.jupyterhub_message == str(caught.value)
    assert len(str(caught.value)) < 300


def test_neighbours_get_different_processors_and_gpus():
    whole = FOUND.profile("gpu-shared")
    shares = [profile_choice.share(whole, GPU, number) for number in range(8)]
    assert len({share.processors for share in shares}) == 8
    assert {share.gpus for share in shares} == {("GPU-a",), ("GPU-b",)}
    assert {len(share.processors) for share in shares} == {2}


def test_a_share_goes_round_where_the_processors_end():
    machine = Machine((2, 3, 5), 8.0, ())
    small = FOUND.profile("cpu-small")
    found = [profile_choice.share(small, machine, number).processors for number in range(3)]
    assert found == [(2, 3), (2, 5), (3, 5)]


def test_a_share_without_a_gpu_sees_none():
    share = profile_choice.share(FOUND.profile("cpu-small"), GPU, 0)
    assert share.environment == {"CUDA_VISIBLE_DEVICES": ""}
    assert share.memory == 4 * 2**30


def test_a_process_keeps_to_its_share():
    one = min(os.sched_getaffinity(0))
    code = """
import os
try:
    bytearray(2**30)
except MemoryError:
    print(sorted(os.sched_getaffinity(0)), "refused")
"""
    share = Share((one,), 2**29, ())
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, preexec_fn=share.limit(), capture_output=True, text=True)
    assert done.stdout == f"[{one}] refused\n", done.stderr


def test_this_machine_has_what_the_operating_system_says():
    found = profile_choice.this_machine()
    assert set(found.processors) == os.sched_getaffinity(0)
    (total,) = re.findall(r"MemTotal: +(\d+) kB", Path("/proc/meminfo").read_text())
    assert found.memory_gib == pytest.approx(int(total) / 2**20)


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A folder that comes first on the path."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


@pytest.mark.parametrize(
    ("told", "code", "expected"),
    [
        ("GPU-1f\nGPU-2e\n", 0, ("GPU-1f", "GPU-2e")),
        ("No devices were found\n", 0, ()),
        ("GPU-1f\n", 9, ()),  # the program is there, and no driver
    ],
)
def test_gpus_are_those_that_their_driver_names(tools, told, code, expected):
    program = tools / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nprintf '{told}'\nexit {code}\n")
    program.chmod(0o755)
    assert profile_choice.this_machine().gpus == expected


#: A hub on a computer as if it had more: two profiles fit everywhere, a GPU's is for instructors.
SETTINGS = """
from hub_config.laptop import profile_choice
from hub_config.machines import profiles
from pathlib import Path
import os
c.ViewSpawner.profiles = profiles.load(Path({file!r}))
processors = tuple(sorted(os.sched_getaffinity(0)))[:1]
c.ViewSpawner.machine = profile_choice.Machine(processors, 64.0, ("0",))
c.ViewSpawner.preload = []
"""
PROFILES = 'currency = "CHF"\ngroups = ["students", "instructors"]\n'
PROFILE = """
[[profiles]]
name = "{name}"
title = "{name}"
purpose = "Tests"
cpu = 1
memory_gib = {memory}
price_per_hour = 0.1
max_hours = 1
image = "{image}"
groups = {groups}
{more}
"""
ON_A_GPU = """
selector = { a = "b" }
tolerations = [{ key = "nvidia.com/gpu", operator = "Exists" }]
accelerator = { title = "GPU", resource = "nvidia.com/gpu", count = 1 }
"""


@pytest.fixture(scope="module", params=["this hub", "second hub"])
def hub(request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[RunningHub]:
    folder = tmp_path_factory.mktemp("choice")
    everybody, few = '["students", "instructors"]', '["instructors"]'
    text = PROFILES
    for name, memory, image, groups, more in (
        ("one", 2, "cpu", everybody, ""),
        ("two", 3, "cpu", everybody, ""),
        ("gpu", 4, "gpu", few, ON_A_GPU),
    ):
        text += PROFILE.format(name=name, memory=memory, image=image, groups=groups, more=more)
    (folder / "profiles.toml").write_text(text)
    settings = SETTINGS.format(file=str(folder / "profiles.toml"))
    course = small_course(folder / "course")
    running = RunningHub(
        course.folder, folder / "state", settings=settings, second=request.param == "second hub"
    )
    try:
        yield running.wait()
    finally:
        left = running.stop()
    assert left == []


LOOK = """
import json, os, resource
print(json.dumps({
    "processors": len(os.sched_getaffinity(0)),
    "memory": resource.getrlimit(resource.RLIMIT_DATA),
    "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
}))
"""


@pytest.mark.slow
def test_a_student_chooses_and_gets_what_was_chosen(hub):
    client = Client(hub)
    client.login("student1")
    page = Form(client.get("/hub/spawn").text)
    offered = [one["value"] for one in page.inputs if one.get("name") == "profile"]
    assert offered == ["one", "two"]
    assert client.choose("two").ok
    found = json.loads(client.run(client.arrive("student1"), LOOK))
    assert found == {"processors": 1, "memory": [3 * 2**30] * 2, "gpus": ""}
    assert client.ask("DELETE", "users/student1/server").status_code == 204


@pytest.mark.slow
def test_a_student_who_forges_gets_nothing_and_keeps_nobody_from_starting(hub):
    client = Client(hub)
    client.login("student1")
    forged.send_by_pages(client, "gpu")
    forged.send_by_the_api(client, "student1", "gpu", "one")
    forged.assert_nothing_runs_and_the_form_is_there(client, "student1")
    assert client.get("/hub/health").status_code == 200
    instructor = Client(hub)
    instructor.login("instructor")
    instructor.get("/hub/spawn?opt-profile=gpu")
    found = json.loads(instructor.run(instructor.arrive("instructor"), LOOK))
    assert found == {"processors": 1, "memory": [4 * 2**30] * 2, "gpus": "0"}
    assert instructor.ask("DELETE", "users/instructor/server").status_code == 204
