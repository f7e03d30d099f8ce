import importlib.resources
import resource
import shutil

import nbformat
import pytest

from course import syllabus
from hub_config.exchange import lectures


def test_every_lecture_of_the_syllabus_is_in_the_home(tmp_path):
    lectures.place(tmp_path)
    placed = sorted(path.name for path in (tmp_path / "lectures").glob("*.ipynb"))
    assert placed == sorted(f"{lecture.name}.ipynb" for lecture in syllabus.load().lectures())
    for name in placed:
        assert nbformat.read(tmp_path / "lectures" / name, as_version=4).cells


def test_what_the_user_wrote_stays(tmp_path):
    lectures.place(tmp_path)
    mine = next((tmp_path / "lectures").glob("*.ipynb"))
    mine.write_text("my notes")
    lectures.place(tmp_path)
    assert mine.read_text() == "my notes"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Return a folder of lectures that the hub takes for the course's."""
    package = tmp_path / "course"
    installed = importlib.resources.files("course")
    shutil.copytree(installed / "lectures", package / "lectures")
    shutil.copy(installed / "syllabus.toml", package)
    monkeypatch.setattr(lectures.importlib.resources, "files", lambda name: package)
    return package / "lectures"


def say(path, word):
    """Put a word before the first cell of a notebook."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = f"{word} {notebook.cells[0].source}"
    nbformat.write(notebook, path)


def said(path):
    return nbformat.read(path, as_version=4).cells[0].source.split()[0]


def test_a_corrected_lecture_replaces_what_was_only_run_and_stands_beside_what_was_changed(
    tmp_path, course
):
    run, changed, *_ = sorted(path.name for path in course.glob("*.ipynb"))
    beside = changed.replace(".ipynb", "_corrected.ipynb")
    lectures.place(tmp_path)
    home = tmp_path / "lectures"
    notebook = nbformat.read(home / run, as_version=4)
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell.outputs, cell.execution_count = [nbformat.v4.new_output("stream", text="1\n")], 1
    nbformat.write(notebook, home / run)
    say(home / changed, "mine")
    lectures.place(tmp_path)
    assert not (home / beside).exists()  # nothing was corrected
    for word in ("first", "second"):
        say(course / run, word)
        say(course / changed, word)
        lectures.place(tmp_path)
        assert [said(home / name) for name in (run, changed, beside)] == [word, "mine", word]
    say(home / beside, "also")
    say(course / changed, "third")
    lectures.place(tmp_path)
    assert [said(home / name) for name in (changed, beside)] == ["mine", "also"]
    assert {path.suffix for path in home.iterdir()} == {".ipynb", ".json"}


def test_a_home_from_before_gets_the_correction_beside_its_own(tmp_path, course):
    lectures.place(tmp_path)
    (tmp_path / "lectures" / lectures.RECORD).unlink()
    name = sorted(path.name for path in course.glob("*.ipynb"))[0]
    say(course / name, "new")
    lectures.place(tmp_path)
    copies = (name, name.replace(".ipynb", "_corrected.ipynb"))
    first, second = (said(tmp_path / "lectures" / copy) for copy in copies)
    assert (first == "new", second) == (False, "new")


@pytest.mark.parametrize("record", ["nonsense", "[]", '{"a": 1}', "[" * 100_000, None])
def test_a_record_that_says_nothing_changes_nothing(tmp_path, course, record):
    lectures.place(tmp_path)
    there = tmp_path / "lectures" / lectures.RECORD
    there.unlink()
    if record is None:
        there.symlink_to(tmp_path / "victim")
    else:
        there.write_text(record)
    before = {path.name: path.read_bytes() for path in there.parent.glob("*.ipynb")}
    lectures.place(tmp_path)
    assert {path.name: path.read_bytes() for path in there.parent.glob("*.ipynb")} == before
    assert not (tmp_path / "victim").exists()


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
    for placed in (tmp_path / "lectures").glob("*.ipynb"):
        assert nbformat.read(placed, as_version=4).cells
