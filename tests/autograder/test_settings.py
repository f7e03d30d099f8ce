import os
from dataclasses import fields
from pathlib import Path

import pytest
from traitlets import TraitError
from traitlets.config import Config
from traitlets.config.loader import DeferredConfigString

from autograder.model import AutograderError, Limits
from autograder.settings import Autograder, check_directory, peek, read

OWN = set(Autograder.class_own_traits())


def test_every_limit_can_be_set_by_its_name():
    assert {field.name for field in fields(Limits)} <= OWN


def test_the_defaults_are_those_of_the_limits():
    assert Autograder().limits == Limits()


def test_a_course_sets_what_it_needs():
    config = Config()
    config.Autograder.preload = ["keras"]
    config.Autograder.cell_seconds = 10
    config.Autograder.memory_mb = 512
    settings = read(config)
    assert settings.preload == ["keras"]
    assert settings.limits == Limits(cell_seconds=10.0, memory_mb=512)


@pytest.mark.parametrize("section", ["Execute", "ExecutePreprocessor"])
def test_nbgrader_s_own_limit_of_a_cell_counts(section):
    config = Config({section: {"timeout": 600}})
    assert read(config).limits == Limits(
        cell_seconds=600.0, cell_cpu_seconds=600.0, cpu_seconds=6000, seconds=6000.0
    )
    for timeout in (2, DeferredConfigString("2")):  # in a file, on a command line
        assert read(Config({section: {"timeout": timeout}})).limits == Limits(cell_seconds=2.0)


def test_nbgrader_s_newer_name_of_a_limit_and_our_own_come_first():
    config = Config({"ExecutePreprocessor": {"timeout": 50}, "Execute": {"timeout": 40}})
    assert read(config).limits.cell_seconds == 40
    config.Autograder.cell_seconds = 30
    config.Autograder.cpu_seconds = 200
    assert read(config).limits == Limits(cell_seconds=30, cell_cpu_seconds=40, cpu_seconds=200)


@pytest.mark.parametrize("timeout", [-1, None, 0, "long"])
def test_where_nbgrader_has_no_limit_there_is_one_here(timeout):
    assert read(Config({"Execute": {"timeout": timeout}})).limits == Limits()


def test_an_assignment_has_limits_of_its_own_where_its_profile_sets_them():
    config = Config()
    config.Autograder.memory_mb = 512
    config.Autograder.profiles = {"ps3": {"memory_mb": 4096, "cell_cpu_seconds": 90}}
    settings = read(config)
    assert settings.limits_of("ps1") == settings.limits == Limits(memory_mb=512)
    assert settings.limits_of("ps3") == Limits(memory_mb=4096, cell_cpu_seconds=90)


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ({"memory": 4096}, r"\['ps3'\] sets 'memory', which is no limit.* 'memory_mb'"),
        ({"CPU_seconds": 1}, "'cpu_seconds', and all are: "),
        ({7: 1}, "sets 7, which is no limit"),
        ({"memory_mb": "4 GB"}, "to '4 GB'; it takes a whole number above zero"),
        ({"memory_mb": 0}, "to 0; it takes"),
        ({"processes": 1.5}, "a whole number"),
        ({"cell_seconds": True}, "a number above zero"),
        ({"cell_seconds": float("nan")}, "a number above zero"),
    ],
)
def test_a_profile_that_cannot_be_meant_is_refused_with_a_sentence(profile, said):
    with pytest.raises(AutograderError, match=said):
        Autograder(profiles={"ps3": profile}).limits_of("ps3")


@pytest.mark.parametrize(
    ("name", "value"), [("cell_seconds", 0), ("memory_mb", -1), ("seconds", float("inf"))]
)
def test_a_course_s_own_limit_that_is_none_is_refused_with_a_sentence(name, value):
    with pytest.raises(AutograderError, match=rf"c\.Autograder\.{name} is .* above zero"):
        Autograder(**{name: value}).limits_of("ps3")


def test_every_setting_explains_itself():
    for name, trait in Autograder.class_own_traits(config=True).items():
        assert trait.help.endswith("."), name


def test_as_many_slots_as_workers_or_processors():
    assert Autograder(workers=3).slots == 3
    assert Autograder().slots == len(os.sched_getaffinity(0))
    with pytest.raises(TraitError):
        Autograder(workers=-1)


def test_directories_are_absolute():
    (one, home) = Autograder(read_only=["data", "~/data"]).directories
    assert one == Path.cwd() / "data"
    assert home == Path.home() / "data"


def test_a_course_file_can_be_read_without_nbgrader(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text(
        "from autograder import plugin\nc = get_config()\nplugin.configure(c)\n"
        "c.Autograder.preload = ['scipy']\n"
    )
    assert peek(tmp_path).preload == ["scipy"]


def test_a_course_without_a_file_has_the_defaults(tmp_path):
    (tmp_path / "source").mkdir()
    assert peek(tmp_path).preload == Autograder().preload


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("c = get_config(\n", "nbgrader_config.py"),
        ("raise RuntimeError('half done')\n", "half done"),
        ("import no_such_module\n", "no_such_module"),
        ("c = get_config()\nc.Autograder.cell_seconds = 'long'\n", "cell_seconds"),
    ],
    ids=["syntax", "exception", "import", "type"],
)
def test_a_course_file_that_cannot_be_used_is_named_with_the_reason(tmp_path, lines, said):
    (tmp_path / "nbgrader_config.py").write_text(lines)
    with pytest.raises(AutograderError, match=said) as caught:
        peek(tmp_path)
    assert str(tmp_path / "nbgrader_config.py") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_directory_that_is_no_course_is_refused(tmp_path):
    with pytest.raises(AutograderError, match=r"neither nbgrader_config\.py nor source/"):
        check_directory(tmp_path)
    with pytest.raises(AutograderError, match="does not exist"):
        check_directory(tmp_path / "nowhere")
