import ast
import json
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

import course
from course import cli, syllabus
from course.syllabus import load as read_syllabus
from hub_config.check import target as check_target
from hub_config.kubernetes import helm_values, target
from hub_config.laptop.paths import Layout
from tests.hub_config import targets

ROOT = Path(__file__).parents[2]


@pytest.fixture
def here(root, monkeypatch):
    """Make the command believe that it runs from the small checkout."""
    monkeypatch.setattr(course, "__file__", str(root / "course" / "__init__.py"))
    return root


@pytest.fixture
def laptop(monkeypatch):
    """Stand in for the hub: what it was asked for is in `calls`."""
    module = ModuleType("hub_config.laptop.hub")

    class HubError(Exception):
        pass

    module.HubError = HubError
    module.calls = []
    module.serve = lambda **how: module.calls.append(how) or 0
    from hub_config import laptop

    monkeypatch.setitem(sys.modules, "hub_config.laptop.hub", module)
    monkeypatch.setattr(laptop, "hub", module, raising=False)
    return module


def test_syllabus_prints_the_days_lectures_assignments_and_points(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert cli.main(["syllabus"]) == 0
    printed = capsys.readouterr().out
    taught = syllabus.load()
    for day in taught.days:
        assert day.title in printed
    for lecture in taught.lectures():
        assert lecture.title in printed
    for assignment in taught.assignments():
        assert assignment.name in printed
        assert f"{assignment.points:g}" in printed


def test_syllabus_for_machines(capsys):
    assert cli.main(["syllabus", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert len(printed["days"]) == 6
    lectures = [lecture for day in printed["days"] for lecture in day["lectures"]]
    assert [one["name"] for one in lectures] == [one.name for one in syllabus.load().lectures()]
    points = [one["assignment"]["points"] for one in lectures if one["assignment"]]
    assert points == [one.points for one in syllabus.load().assignments()]


def test_build_says_what_it_wrote(here, capsys):
    assert cli.main(["build"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "wrote course/lectures/day1_losses.ipynb",
        "wrote assignments/source/day1_losses/day1_losses.ipynb",
    ]
    assert cli.main(["build"]) == 0
    assert capsys.readouterr().out == ""


def test_check_exits_1_and_lists_what_is_stale(here, edit, capsys):
    cli.main(["build"])
    assert cli.main(["build", "--check"]) == 0
    edit("course/lectures/day1_losses.md", "Between", "Amid")
    capsys.readouterr()
    assert cli.main(["build", "--check"]) == 1
    printed = capsys.readouterr()
    assert (
        "day1_losses.ipynb is not what follows from course/lectures/day1_losses.md" in printed.out
    )
    assert "run `course build`" in printed.err


def test_from_notebook_brings_an_edit_back(here, edit, capsys):
    cli.main(["build"])
    edit("course/lectures/day1_losses.ipynb", "Between", "Amid")
    capsys.readouterr()
    assert cli.main(["build", "--from-notebook", "day1_losses"]) == 0
    assert capsys.readouterr().out == "changed course/lectures/day1_losses.md\n"
    assert "Amid two cells." in (here / "course/lectures/day1_losses.md").read_text()


def test_an_error_of_the_author_is_one_line_and_exit_code_2(here, edit, capsys):
    edit("assignments/authoring/day1_losses.py", '"points": 2', '"points": 0')
    assert cli.main(["build"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("course: assignments/authoring/day1_losses.py:28: ")
    assert printed.err.count("\n") == 1


def test_each_fault_of_a_syllabus_has_a_line_of_its_own(here, edit, capsys):
    edit("course/syllabus.toml", "points = 3", "points = 0")
    edit("course/syllabus.toml", '"cpu-small"', '"cpu"')
    assert cli.main(["build"]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("course: ")
    assert "asks for the compute profile 'cpu'" in first
    assert second.startswith("course: ")
    assert "has 0 points" in second


def test_an_assignment_that_the_syllabus_does_not_list_is_named_and_the_others_are_built(
    here, capsys
):
    text = here / "assignments/authoring/day1_losses.py"
    text.with_name("day1_draft.py").write_text(text.read_text())
    assert cli.main(["build"]) == 2
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "wrote course/lectures/day1_losses.ipynb",
        "wrote assignments/source/day1_losses/day1_losses.ipynb",
    ]
    assert printed.err == (
        "course: assignments/authoring/day1_draft.py: the syllabus has no assignment 'day1_draft', "
        "known is 'day1_losses'; list it in course/syllabus.toml, or remove the text\n"
    )
    assert cli.main(["build", "--check"]) == 2
    assert not (here / "assignments/source/day1_draft").exists()
    assert cli.main(["build", "day1_losses"]) == 0


def test_an_unknown_notebook_is_answered_with_the_likeliest(here, capsys):
    cli.main(["build"])
    assert cli.main(["build", "--from-notebook", "day1_loses"]) == 2
    assert "did you mean 'day1_losses'?" in capsys.readouterr().err


def test_outside_a_checkout_build_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(course, "__file__", str(tmp_path / "course" / "__init__.py"))
    assert cli.main(["build"]) == 2
    printed = capsys.readouterr().err
    assert "needs the course's repository" in printed
    assert str(tmp_path) in printed


def test_hub_serves_this_checkout_by_default(here, laptop):
    assert cli.main(["hub"]) == 0
    (how,) = laptop.calls
    assert how["course_dir"] == here / "assignments"
    assert how["state_dir"] == here / ".hub"
    assert how["instructor"] == "instructor"
    assert how["port"] == 8000
    assert how["students"]
    assert how["reset_passwords"] == ()


def test_hub_takes_a_course_a_state_students_and_a_port(laptop, tmp_path):
    arguments = ["--course", tmp_path, "--state", tmp_path / "state", "--students", "eva, li"]
    arguments += ["--port", 9000, "--reset-passwords", "li"]
    assert cli.main(["hub", *map(str, arguments)]) == 0
    assert laptop.calls == [
        {
            "course_dir": tmp_path,
            "state_dir": tmp_path / "state",
            "students": ["eva", "li"],
            "instructor": "instructor",
            "port": 9000,
            "reset_passwords": ["li"],
        }
    ]


def test_hub_serves_those_whom_it_served_the_last_time(here, laptop):
    def serve(**how):
        laptop.calls.append(how)
        state = how["state_dir"]
        state.mkdir(exist_ok=True)
        Layout(how["course_dir"], "dlef", state, "instructor", tuple(how["students"])).remember()
        return 0

    laptop.serve = serve
    for words in ([], ["--students", "ada,ben,carla"], [], ["--students", "carla"], []):
        assert cli.main(["hub", *words]) == 0
    assert [how["students"] for how in laptop.calls] == [
        ["ada", "ben"],
        ["ada", "ben", "carla"],
        ["ada", "ben", "carla"],
        ["carla"],
        ["carla"],
    ]


def test_hub_resets_every_password_unless_it_is_told_whose(here, laptop):
    assert cli.main(["hub", "--students", "eva", "--reset-passwords"]) == 0
    assert laptop.calls[0]["reset_passwords"] == ["instructor", "eva"]


def test_hub_does_not_reset_the_password_of_nobody(here, laptop, capsys):
    assert cli.main(["hub", "--students", "eva,li", "--reset-passwords", "eve"]) == 2
    assert "no user 'eve' to reset; did you mean 'eva'?" in capsys.readouterr().err
    assert laptop.calls == []


def test_the_hub_accepts_what_it_is_asked_for(here, laptop):
    cli.main(["hub"])
    source = (ROOT / "hub_config/laptop/hub.py").read_text()
    (serve,) = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == "serve"
    ]
    assert set(laptop.calls[0]) <= {argument.arg for argument in serve.args.kwonlyargs}


def test_an_error_of_the_hub_is_one_line_and_exit_code_2(here, laptop, capsys, monkeypatch):
    def serve(**how):
        raise laptop.HubError("port 8000 is in use; choose another with --port")

    monkeypatch.setattr(laptop, "serve", serve)
    assert cli.main(["hub"]) == 2
    assert capsys.readouterr().err == "course: port 8000 is in use; choose another with --port\n"


@pytest.mark.parametrize("arguments", [[], ["serve"], ["hub", "--students", "a,,b"]])
def test_a_wrong_command_line_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "course" in capsys.readouterr().err


def test_the_command_starts_without_the_heavy_libraries():
    heavy = "{'tensorflow', 'jupytext', 'nbformat', 'nbgrader', 'jupyterhub', 'dask', 'rich'}"
    script = f"import sys, course.cli; print({heavy} & set(sys.modules) or '')"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("students", ["0", "-4", "many", "3.5", "ada,ben", "1e3", "²", ""])
def test_a_plan_takes_a_number_of_students(students, capsys):
    if students:
        assert cli.main(["hub", "plan", "production", f"--students={students}"]) == 2
        found = f"--students is '{students}'"
    else:
        assert cli.main(["hub", "plan", "production"]) == 2
        found = "--students is missing"
    assert capsys.readouterr().err == (
        f"course: a plan needs the number of students, and {found}; write --students 30\n"
    )


def test_the_laptop_s_hub_takes_no_number_of_students(here, laptop, capsys):
    assert cli.main(["hub", "--students", "30"]) == 2
    assert "--students 30 is a number, which goes with `course hub plan`" in capsys.readouterr().err
    assert laptop.calls == []


@pytest.mark.parametrize("names", ["1234567", "20241234", "1234567,30", "007,ada"])
def test_a_student_may_be_called_by_a_number(names, here, laptop):
    assert cli.main(["hub", "--students", names]) == 0
    assert list(laptop.calls[0]["students"]) == names.split(",")


def test_a_plan_is_printed_with_what_it_rests_on(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert cli.main(["hub", "plan", "production", "--students", "30"]) == 0
    printed = capsys.readouterr().out
    assert "production: 30 students and 1 instructor, 6 days" in printed
    assert "All prices are the examples in profiles.toml" in printed
    assert "Not included: " in printed


def test_a_target_that_waits_to_be_filled_in_is_not_right_and_makes_no_values(capsys, monkeypatch):
    read = target.read
    monkeypatch.setattr(target, "read", lambda name, **_: read(name, secrets=False))
    for action in ("check", "values", "manifests"):
        assert cli.main(["hub", action, "staging"]) == 1
        said = capsys.readouterr()
        assert "proxy.https.hosts[0] is still the placeholder" in said.out + said.err
        assert bool(said.out) is (action == "check")


def test_a_target_that_is_right_is_one_line_and_makes_values_and_manifests(tmp_path, capsys):
    path = str(targets.write(tmp_path))
    assert cli.main(["hub", "check", path]) == 0
    printed = capsys.readouterr()
    assert printed.out == (
        f"{path} is as it should be (types not compared with the chart: --chart DIR)\n"
    )
    assert "only where their storage class says allowVolumeExpansion: true" in printed.err
    assert cli.main(["hub", "values", path]) == 0
    values = yaml.safe_load(capsys.readouterr().out)
    assert values == helm_values.values(target.load(path))
    assert cli.main(["hub", "manifests", path]) == 0
    objects = list(yaml.safe_load_all(capsys.readouterr().out))
    assert objects == helm_values.manifests(target.load(path))
    assert {"PersistentVolumeClaim", "Deployment"} <= {one["kind"] for one in objects}


#: What an action needs besides the target.
N = {"plan": ["--students", "3"], "values": [], "manifests": []}


@pytest.mark.parametrize("action", N)
def test_a_target_that_there_is_not_is_answered_with_the_likeliest(action, capsys):
    assert cli.main(["hub", action, "prodction", *N[action]]) == 1
    assert "did you mean 'production'?" in capsys.readouterr().err


@pytest.mark.parametrize("action", N)
def test_a_laptop_has_no_nodes_and_no_values(action, capsys):
    assert cli.main(["hub", action, "laptop", *N[action]]) == 2
    assert "has neither values nor nodes" in capsys.readouterr().err


def test_the_laptop_is_a_target_that_can_be_checked(capsys, tmp_path):
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        port = str(used.getsockname()[1])
        state = ["--state", str(tmp_path), "--students", "ada,Ben"]
        assert cli.main(["hub", "check", "laptop", "--port", port, *state]) == 1
    name, taken = capsys.readouterr().out.splitlines()
    assert name.startswith("Found the user name 'Ben', expected 1 to 64 small letters")
    assert taken.startswith(f"Found port {port} of 127.0.0.1 not usable")
    assert cli.main(["hub", "check", "laptop", "--port", port, "--state", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "laptop is as it should be\n"


def test_a_folder_that_is_no_chart_is_our_error(tmp_path, capsys):
    assert cli.main(["hub", "check", "staging", "--chart", str(tmp_path)]) == 2
    assert "there is no values.schema.json" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["check", "plan", "values", "manifests"])
def test_the_options_of_earlier_versions_are_answered_with_the_actions(action, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["hub", f"--{action}", "production", "--students", "30"])
    assert ended.value.code == 2
    assert f"write: course hub {action} production" in capsys.readouterr().err


def test_options_hold_on_either_side_of_the_action(here, laptop):
    assert cli.main(["hub", "--students", "eva", "--port", "8001", "serve"]) == 0
    assert cli.main(["hub", "serve", "--students", "eva", "--port", "8001"]) == 0
    assert cli.main(["hub", "--students", "eva", "serve", "--port", "8001"]) == 0
    assert laptop.calls[0] == laptop.calls[1] == laptop.calls[2]
    assert laptop.calls[0]["students"] == ["eva"]
    assert laptop.calls[0]["port"] == 8001


def test_a_hub_on_this_machine_has_the_port_that_help_names(here, laptop, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(check_target, "laptop", lambda *given: asked.append(given[-1]) or [])
    for words in (["hub"], ["hub", "serve"], ["hub", "check", "laptop"]):
        assert cli.main([*words, "--state", str(tmp_path)]) == 0
    assert [*asked, *(call["port"] for call in laptop.calls)] == [8000, 8000, 8000]


@pytest.mark.slow
def test_site_says_where_the_website_is(here, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(syllabus, "load", lambda: read_syllabus(here / "course/syllabus.toml"))
    assert cli.main(["site", "--no-execute", "--out", str(tmp_path / "site")]) == 0
    page = tmp_path / "site/html/index.html"
    assert f"open {page}" in capsys.readouterr().out
    assert "Losses" in page.read_text()


def test_build_of_one_name_leaves_the_others_alone(here, edit, capsys):
    edit(
        "course/syllabus.toml",
        '[[days.lectures]]\nname = "day1_losses"',
        '[[days.lectures]]\nname = "day1_other"',
    )
    (here / "course/lectures/day1_other.md").write_text("no header, and so no lecture")
    assert cli.main(["build", "day1_losses"]) == 0
    assert "wrote assignments/source/day1_losses/day1_losses.ipynb" in capsys.readouterr().out
    assert not (here / "course/lectures/day1_other.ipynb").exists()
    assert cli.main(["build", "day1_loses"]) == 2
    assert "did you mean 'day1_losses'?" in capsys.readouterr().err
