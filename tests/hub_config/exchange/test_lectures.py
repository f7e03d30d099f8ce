import resource

import nbformat
import pytest

from course import syllabus
from hub_config.exchange import lectures


def test_every_lecture_of_the_syllabus_is_in_the_home(tmp_path):
    lectures.place(tmp_path)
    placed = sorted(path.name for path in (tmp_path / "lectures").iterdir())
    assert placed == sorted(f"{lecture.name}.ipynb" for lecture in syllabus.load().lectures())
    for name in placed:
        assert nbformat.read(tmp_path / "lectures" / name, as_version=4).cells


def test_what_the_user_wrote_stays(tmp_path):
    lectures.place(tmp_path)
    mine = next((tmp_path / "lectures").iterdir())
    mine.write_text("my notes")
    lectures.place(tmp_path)
    assert mine.read_text() == "my notes"


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path, exists):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    if exists:
        elsewhere.mkdir()
    (home / "lectures").symlink_to(elsewhere)
    lectures.place(home)
    assert not elsewhere.exists() or not list(elsewhere.iterdir())


def test_a_link_in_the_place_of_a_lecture_is_not_followed(tmp_path):
    home, victim = tmp_path / "home", tmp_path / "victim"
    (home / "lectures").mkdir(parents=True)
    name = syllabus.load().lectures()[0].name
    (home / "lectures" / f"{name}.ipynb").symlink_to(victim)
    lectures.place(home)
    assert not victim.exists()


def test_a_file_of_that_name_is_left_alone(tmp_path):
    (tmp_path / "lectures").write_text("mine")
    lectures.place(tmp_path)
    assert (tmp_path / "lectures").read_text() == "mine"


def test_on_a_full_disk_no_half_lecture_stays_and_a_server_starts(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        lectures.place(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "lectures").iterdir()) == []
    lectures.place(tmp_path)
    for placed in (tmp_path / "lectures").iterdir():
        assert nbformat.read(placed, as_version=4).cells
