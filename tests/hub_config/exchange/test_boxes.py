import os
import re
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError, ExchangeFactory
from traitlets.config import Config

from hub_config import defaults
from hub_config.__main__ import main as hub_config_main
from hub_config.exchange.boxes import (
    CollectFromBoxes,
    ReleaseFeedbackToBoxes,
    SubmissionTooLargeError,
    copy_regular_files,
)
from hub_config.laptop.paths import Layout

# nbgrader reads a submission's time without closing the file.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


def instructors(layout: Layout, **course) -> dict:
    """Everything that nbgrader makes an exchange action from, with the instructor's settings."""
    boxes = str(layout.exchange)
    config = Config(
        defaults.instructor_settings(exchange=str(layout.box("instructor")), boxes=boxes)
    )
    config.CourseDirectory.update(
        {"course_id": "small", "assignment_id": "ps1", "root": str(layout.course_dir), **course}
    )
    coursedir = CourseDirectory(config=config)
    return {
        "coursedir": coursedir,
        "authenticator": Authenticator(config=config),
        "config": config,
    }


def collect(layout: Layout, *, update: bool = True, **course) -> None:
    given = instructors(layout, **course)
    action = ExchangeFactory(config=given["config"]).Collect(**given)
    assert type(action) is CollectFromBoxes
    action.update = update
    action.start()


def submit(
    layout: Layout, student: str, *, name: str | None = None, when: str | None = None, text="{}"
) -> Path:
    """Do what a student's nbgrader does, or what a forger makes of it."""
    moment = when or f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f UTC}"
    folder = layout.inbound(student) / f"{name or student}+ps1+{moment}+abcdefghijkl"
    folder.mkdir()
    (folder / "ps1.ipynb").write_text(text)
    (folder / "timestamp.txt").write_text(moment)
    (folder / "submission_secret.txt").write_text(student * 8)
    return folder


def submitted(layout: Layout) -> dict[str, str]:
    folder = layout.course_dir / "submitted"
    return {file.parts[-3]: file.read_text() for file in sorted(folder.glob("*/ps1/ps1.ipynb"))}


def test_every_students_submission_is_collected(layout):
    submit(layout, "student1", text="one")
    submit(layout, "student2", text="two")
    collect(layout)
    assert submitted(layout) == {"student1": "one", "student2": "two"}


def test_one_student_can_be_collected_alone(layout):
    submit(layout, "student1")
    submit(layout, "student2")
    collect(layout, student_id="student2")
    assert set(submitted(layout)) == {"student2"}


def test_the_box_says_who_submitted_not_the_name(layout):
    submit(layout, "student1", name="student2", text="forged")
    collect(layout)
    assert submitted(layout) == {"student1": "forged"}


def test_a_forged_name_does_not_command_the_terminal_or_forge_a_line(layout, caplog):
    submit(layout, "student1", name="\x1b[31mred\x07\x9b\u202e\nERROR all is lost")
    submit(layout, "student2")
    collect(layout)
    assert set(submitted(layout)) == {"student1", "student2"}
    said = [one.getMessage() for one in caplog.records if "counted for" in one.getMessage()]
    assert len(said) == 1
    assert "[31mred" in said[0]
    for one in caplog.records:
        assert not set(one.getMessage()) & set("\x1b\x07\x9b\u202e\n")


def test_a_forged_name_does_not_hide_from_collecting_one_student(layout):
    submit(layout, "student1", name="student2", text="forged")
    collect(layout, student_id="student1")
    assert submitted(layout) == {"student1": "forged"}


def test_the_last_submission_counts(layout):
    submit(layout, "student1", text="first")
    time.sleep(0.02)
    submit(layout, "student1", text="second")
    collect(layout)
    assert submitted(layout) == {"student1": "second"}


def test_a_newer_submission_replaces_a_collected_one_only_on_update(layout):
    submit(layout, "student1", text="first")
    collect(layout)
    time.sleep(0.02)
    submit(layout, "student1", text="second")
    collect(layout, update=False)
    assert submitted(layout) == {"student1": "first"}
    collect(layout)
    assert submitted(layout) == {"student1": "second"}


def test_the_time_of_a_submission_cannot_be_set_back(layout):
    submit(layout, "student1", when="2001-01-01 00:00:00.000000 UTC")
    collect(layout)
    written = (layout.course_dir / "submitted/student1/ps1/timestamp.txt").read_text()
    found = datetime.strptime(written, "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC)
    assert datetime.now(UTC) - found < timedelta(minutes=1)


def collected_at(layout: Layout, student: str) -> datetime:
    written = (layout.course_dir / "submitted" / student / "ps1/timestamp.txt").read_text()
    return datetime.strptime(written, "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC)


@pytest.mark.parametrize("where", ["ps1.ipynb", "data/prices.csv"])
def test_what_is_written_into_a_submission_later_makes_it_later(layout, where):
    folder = submit(layout, "student1")
    (folder / "data").mkdir()
    (folder / "data/prices.csv").write_text("1")
    time.sleep(0.05)
    deadline = datetime.now(UTC)
    time.sleep(0.05)
    os.utime(folder / where, (0, 0))
    (folder / where).write_text("the solution")  # which leaves the folder's own time as it was
    os.utime(folder / where, (0, 0))
    collect(layout)
    assert collected_at(layout, "student1") > deadline


@pytest.fixture
def restored(layout, tmp_path):
    """Return a function that backs the boxes up as the README says, and brings them back later."""

    def restore(*, keep_times=True):
        if keep_times:
            assert hub_config_main(["keep-times", str(layout.exchange)]) == 0
        archive = tmp_path / "backup.tar.gz"
        subprocess.run(["tar", "czf", archive, "-C", layout.exchange, "."], check=True)
        time.sleep(0.05)
        deadline = datetime.now(UTC)
        time.sleep(0.05)
        shutil.rmtree(layout.exchange)
        layout.exchange.mkdir()
        subprocess.run(["tar", "xzpf", archive, "-C", layout.exchange], check=True)
        return deadline

    return restore


def test_what_is_restored_from_a_backup_keeps_its_time_until_it_is_changed(layout, restored):
    submit(layout, "student1", text="one")
    folder = submit(layout, "student2", text="two")
    (folder / "data").mkdir()
    (folder / "data/prices.csv").write_text("1")
    restored()  # twice: a backup of what was restored keeps the first time
    deadline = restored()
    (folder / "data/prices.csv").write_text("2")
    collect(layout)
    assert submitted(layout) == {"student1": "one", "student2": "two"}
    assert collected_at(layout, "student1") < deadline < collected_at(layout, "student2")


def test_a_submission_after_the_restore_is_the_last(layout, restored):
    submit(layout, "student1", text="first")
    deadline = restored()
    submit(layout, "student1", text="second")
    collect(layout)
    assert submitted(layout) == {"student1": "second"}
    assert collected_at(layout, "student1") > deadline


def test_what_changes_while_it_is_collected_does_not_keep_its_time(layout, restored, monkeypatch):
    folder = submit(layout, "student1", text="first")
    deadline = restored()

    def changed(source, *where, **how):
        (folder / "ps1.ipynb").write_text("the solution")
        copy_regular_files(source, *where, **how)

    with monkeypatch.context() as patched:
        patched.setattr("hub_config.exchange.boxes.copy_regular_files", changed)
        collect(layout)
    assert submitted(layout) == {}
    collect(layout)
    assert collected_at(layout, "student1") > deadline


def test_times_can_be_kept_of_no_other_folder(tmp_path, capsys):
    assert hub_config_main(["keep-times", str(tmp_path / "gone")]) == 2
    assert "Found no folder" in capsys.readouterr().err


def test_a_submission_that_goes_while_it_is_looked_at_costs_nobody_else_anything(
    layout, monkeypatch
):
    gone = submit(layout, "student1")
    submit(layout, "student2", text="two")

    def too_late(path: Path, *_, **__) -> os.stat_result:
        if path == gone:
            shutil.rmtree(path, ignore_errors=True)
        return os.lstat(path)

    monkeypatch.setattr(Path, "lstat", too_late)
    collect(layout)
    assert submitted(layout) == {"student2": "two"}


def test_a_time_that_nobody_can_read_spoils_nothing(layout):
    submit(layout, "student1", when="yesterday", text="one")
    submit(layout, "student2", text="two")
    collect(layout)
    assert submitted(layout) == {"student1": "one", "student2": "two"}


def test_links_to_what_the_instructor_sees_are_left_behind(layout):
    secret = layout.course_dir / "source.ipynb"
    secret.write_text("solution")
    folder = submit(layout, "student1")
    (folder / "stolen.ipynb").symlink_to(secret)
    (folder / "all").symlink_to(layout.course_dir)
    collect(layout)
    collected = layout.course_dir / "submitted/student1/ps1"
    assert {path.name for path in collected.rglob("*")} == {
        "ps1.ipynb",
        "timestamp.txt",
        "submission_secret.txt",
    }


def test_a_submission_that_is_itself_a_link_is_not_collected(layout):
    theirs = submit(layout, "student2", text="two")
    link = layout.inbound("student1") / theirs.name.replace("student2", "student1")
    link.symlink_to(theirs)
    collect(layout)
    assert submitted(layout) == {"student2": "two"}


def test_a_pipe_does_not_make_the_instructor_wait(layout):
    os.mkfifo(submit(layout, "student1", text="one") / "pipe.ipynb")
    collect(layout)
    assert submitted(layout) == {"student1": "one"}


def test_one_oversized_submission_costs_nobody_else_anything(layout):
    submit(layout, "student1", text="x" * 60_000)
    submit(layout, "student2", text="two")
    collect(layout, max_dir_size=50)
    assert submitted(layout) == {"student2": "two"}


def test_too_many_files_are_too_large(tmp_path):
    (tmp_path / "many").mkdir()
    for number in range(20):
        (tmp_path / "many" / str(number)).touch()
    with pytest.raises(SubmissionTooLargeError, match="larger than 15 kB"):
        copy_regular_files(tmp_path / "many", tmp_path / "copy", limit=15_000)


def test_folders_inside_a_submission_are_copied(tmp_path):
    (tmp_path / "from/data").mkdir(parents=True)
    (tmp_path / "from/data/prices.csv").write_text("1,2")
    copy_regular_files(tmp_path / "from", tmp_path / "to", limit=10_000)
    assert (tmp_path / "to/data/prices.csv").read_text() == "1,2"


def release_feedback(layout: Layout, **course) -> None:
    given = instructors(layout, **course)
    action = ExchangeFactory(config=given["config"]).ReleaseFeedback(**given)
    assert type(action) is ReleaseFeedbackToBoxes
    action.start()


def give_feedback(layout: Layout, student: str) -> None:
    folder = layout.course_dir / "feedback" / student / "ps1"
    folder.mkdir(parents=True)
    (folder / "ps1.html").write_text(f"well done {student}")
    (folder / "timestamp.txt").write_text("2026-01-01 00:00:00 UTC")
    (folder / "submission_secret.txt").write_text(student * 8)


def received(layout: Layout, student: str) -> list[str]:
    files = sorted(layout.feedback(student).iterdir())
    assert all(re.fullmatch(r"[0-9a-f]{32}\.html", file.name) for file in files)
    return [file.read_text() for file in files]


def test_feedback_goes_to_its_own_student_only(layout):
    give_feedback(layout, "student1")
    give_feedback(layout, "student2")
    release_feedback(layout)
    assert received(layout, "student1") == ["well done student1"]
    assert received(layout, "student2") == ["well done student2"]


def test_feedback_can_go_to_one_student(layout):
    give_feedback(layout, "student1")
    give_feedback(layout, "student2")
    release_feedback(layout, student_id="student2")
    assert received(layout, "student1") == []
    assert received(layout, "student2") == ["well done student2"]


def test_both_actions_need_a_course(layout):
    for action in (collect, release_feedback):
        with pytest.raises(ExchangeError, match="No course id"):
            action(layout, course_id="")
