import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from hub_config.laptop import profile_choice
from hub_config.laptop.hub import HubError, configure, serve
from hub_config.laptop.preflight import only_hub_in, plan
from hub_config.machines import profiles
from tests.hub_config.running import free_port


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    folder.mkdir()
    write(folder, 'c = get_config()\nc.CourseDirectory.course_id = "small"\n')
    return folder


def write(folder: Path, text: str) -> None:
    (folder / "nbgrader_config.py").write_text(text)


def refused(
    course: Path, *, state: Path | None = None, students=("ada",), port: int | None = None
) -> str:
    with pytest.raises(HubError) as caught:
        serve(
            course_dir=course,
            state_dir=state or course.parent / "hub",
            students=list(students),
            port=free_port() if port is None else port,
        )
    message = str(caught.value)
    assert "\n" not in message
    assert not (course.parent / "hub" / "passwords.json").exists()
    return message


def test_a_plan_knows_its_course_and_users(course, tmp_path):
    layout = plan(course, tmp_path / "hub", ["ada", "20-123-456"], "teacher")
    assert layout.course_id == "small"
    assert layout.users == ("teacher", "ada", "20-123-456")


def test_folders_are_for_their_owner_only(layout):
    assert stat.S_IMODE(layout.state_dir.stat().st_mode) == 0o700


def test_making_folders_again_changes_nothing(layout):
    (layout.home("student1") / "work.txt").write_text("mine")
    layout.make()
    assert (layout.home("student1") / "work.txt").read_text() == "mine"


def test_students_find_what_another_instructor_releases(layout):
    later = replace(layout, instructor="teacher")
    later.make()
    (later.released / "ps2").mkdir()
    assert (later.outbound("student1") / "ps2").is_dir()


def test_a_state_folder_can_be_moved(layout, tmp_path):
    layout.state_dir.rename(tmp_path / "moved")
    moved = replace(layout, state_dir=tmp_path / "moved")
    moved.make()
    assert moved.outbound("student1").resolve() == moved.released


def test_a_missing_course_is_named(tmp_path):
    message = refused(tmp_path / "nowhere")
    assert message.startswith(f"Found no folder {tmp_path / 'nowhere'}, expected an nbgrader")
    assert "--course" in message


def test_a_folder_that_is_no_course_is_named(tmp_path):
    assert f"Found no nbgrader_config.py in {tmp_path}," in refused(tmp_path)


def test_a_course_without_a_name_is_refused(course):
    write(course, "c = get_config()\n")
    assert "set c.CourseDirectory.course_id there" in refused(course)


def test_a_broken_course_configuration_is_named(course):
    write(course, "c = get_config(\n")
    assert refused(course).startswith("Found SyntaxError (")


def test_a_course_with_an_exchange_of_its_own_is_refused(course):
    write(
        course,
        'c = get_config()\nc.CourseDirectory.course_id = "x"\nc.Exchange.root = "/srv/exchange"\n',
    )
    assert "c.Exchange.root" in refused(course)


@pytest.mark.parametrize(
    "name", ["", "Ada", "a b", "../ada", "a+b", "*", "a" * 65, "@ada", "-ada", "."]
)
def test_a_bad_user_name_is_refused(course, name):
    message = refused(course, students=[name])
    assert message.startswith(f"Found the user name {name!r}, expected")


def test_a_name_cannot_be_given_twice(course):
    assert "'ada' twice" in refused(course, students=["ada", "ada"])
    assert "'instructor' twice" in refused(course, students=["instructor"])


def test_a_port_in_use_is_named(course):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        message = refused(course, port=port)
    assert message.startswith(f"Found port {port} of 127.0.0.1 not usable")
    assert "--port" in message


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_there_is_not_is_named(course, port):
    assert refused(course, port=port).startswith(f"Found port {port} of 127.0.0.1 not usable (")


def test_a_state_inside_the_course_is_refused(course):
    assert "inside the course" in refused(course, state=course / "hub")


def test_a_state_that_cannot_be_written_is_named(course):
    (course.parent / "file").touch()
    assert "not writable" in refused(course, state=course.parent / "file" / "hub")


def test_two_hubs_cannot_share_a_state(course, tmp_path):
    (tmp_path / "hub").mkdir()
    with only_hub_in(tmp_path / "hub"):
        assert "another hub running" in refused(course)


def test_everything_listens_on_loopback(layout):
    c = configure(layout, None, port=8000)
    urls = c.JupyterHub.bind_url, c.JupyterHub.hub_bind_url, c.ConfigurableHTTPProxy.api_url
    assert all(url.startswith("http://127.0.0.1:") for url in urls)
    assert len(set(urls)) == 3


def test_everything_is_kept_in_the_state_folder(layout):
    c = configure(layout, None, port=8000)
    for value in (
        c.JupyterHub.db_url,
        c.JupyterHub.cookie_secret_file,
        c.JupyterHub.config_file,
        c.RosterAuthenticator.password_file,
        c.ConfigurableHTTPProxy.pid_file,
    ):
        assert str(layout.state_dir) in value


def test_servers_are_offered_what_this_computer_and_the_profiles_have(layout):
    c = configure(layout, None, port=8000)
    assert c.ViewSpawner.profiles == profiles.load()
    assert c.ViewSpawner.machine == profile_choice.this_machine()


def test_former_users_are_blocked(layout):
    assert configure(layout, None, port=8000, blocked={"eve"}).Authenticator.blocked_users == {
        "eve"
    }
