import os
from dataclasses import fields
from pathlib import Path

import pytest
from traitlets import TraitError
from traitlets.config import Config

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
