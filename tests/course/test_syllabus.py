import importlib.util
import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from course import syllabus
from course.syllabus import Assignment, Lecture, SyllabusError

ROOT = Path(__file__).parents[2]

GOOD = """
title = "A course"

[[days]]
number = 1
title = "First"

[[days.lectures]]
name = "day1_losses"
title = "Losses"
modules = ["course.losses"]
compute = "cpu-small"
assignment = { name = "day1_losses", points = 3 }

[[days.lectures]]
name = "day1_plots"
title = "Plots"
modules = []
compute = "cpu-small"

[[days]]
number = 2
title = "Second"
"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "syllabus.toml"
        path.write_text(text)
        return syllabus.load(path)

    return read


def test_days_lectures_and_assignments_come_in_teaching_order(read):
    course = read(GOOD)
    losses = Assignment("day1_losses", 3.0)
    assert course.title == "A course"
    assert [day.title for day in course.days] == ["First", "Second"]
    assert course.lectures() == (
        Lecture("day1_losses", "Losses", ("course.losses",), "cpu-small", losses),
        Lecture("day1_plots", "Plots", (), "cpu-small"),
    )
    assert course.assignments() == (losses,)
    assert course.lecture("day1_plots").title == "Plots"
    assert course.assignment("day1_losses") is course.lectures()[0].assignment


def test_what_was_read_cannot_be_changed(read):
    with pytest.raises(FrozenInstanceError):
        read(GOOD).days[0].title = "Other"


@pytest.mark.parametrize(
    ("look_up", "message"),
    [
        (lambda course: course.lecture("day1_loses"), "no lecture 'day1_loses' .*day1_losses'"),
        (lambda course: course.assignment("day1_lossess"), "mean 'day1_losses'"),
        (lambda course: course.assignment("zzz"), "no assignment 'zzz' .*known is 'day1_losses'"),
        (lambda course: course.lecture("zzz"), "known are 'day1_losses' and 'day1_plots'"),
    ],
)
def test_an_unknown_name_is_answered_with_the_likeliest_one(read, look_up, message):
    with pytest.raises(SyllabusError, match=message):
        look_up(read(GOOD))


@pytest.mark.parametrize("name", ["dayX_test", "day1_test", "day1_k"])
def test_an_unknown_name_that_shares_the_day_alone_is_like_no_other(read, name):
    with pytest.raises(SyllabusError, match="known are 'day1_losses' and 'day1_plots'"):
        read(GOOD).lecture(name)


def test_a_name_under_the_wrong_day_is_like_the_right_one(read):
    with pytest.raises(SyllabusError, match=r"did you mean 'day1_plots'\?"):
        read(GOOD).lecture("day2_plots")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "A course"', 'titel = "A course"', "unknown key 'titel'; did you mean 'title'"),
        ('title = "A course"', "", "the syllabus has no 'title'; add it"),
        ("points = 3", "point = 3", "unknown key 'point'; did you mean 'points'"),
        ("points = 3", "points = 0", "has 0 points"),
        ("points = 3", "points = nan", "has nan points"),
        ("points = 3", "points = true", "'points' = True; write a number"),
        ("points = 3", 'points = "3"', "'points' = '3'; write a number"),
        (", points = 3", "", "assignment 'day1_losses' has no 'points'"),
        ("number = 2", "number = 3", "day 2 has number 3"),
        ("number = 2", "number = 2.0", "write a whole number"),
        ('name = "day1_plots"', "", "lecture of day 1 has no 'name'"),
        ('name = "day1_plots"', 'name = "day1_losses"', "'day1_losses' is listed twice"),
        ('name = "day1_plots"', 'name = "plots"', "'plots' is not named like 'day1_topic'"),
        ('name = "day1_plots"', 'name = "day1_Plots"', "not named like"),
        ('name = "day1_plots"', 'name = "day2_plots"', "stands under day 1; move it to day 2"),
        ('["course.losses"]', '["losses"]', "module 'losses'"),
        ('["course.losses"]', "[3]", "module 3"),
        ('["course.losses"]', '"course.losses"', "write a list"),
        (
            '"cpu-small"\nassign',
            '"cpu-smal"\nassign',
            "profile 'cpu-smal'; did you mean 'cpu-small'",
        ),
        ('{ name = "day1_losses", points = 3 }', "3", "'assignment' = 3; write a table"),
        ("[[days]]", "days = 3", "not valid TOML"),
    ],
)
def test_a_fault_is_named_in_one_sentence(read, old, new, message):
    assert old in GOOD
    with pytest.raises(SyllabusError, match=re.escape(message)) as caught:
        read(GOOD.replace(old, new))
    assert "syllabus.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_faults_are_named_at_once(read):
    faults = {
        'title = "A course"': 'titel = "A course"',
        "number = 2": "number = 3",
        '"cpu-small"\n\n': '"cpu-smal"\n\n',
        "points = 3": "points = 0",
        '["course.losses"]': '["losses", 3]',
        'name = "day1_plots"': "",
    }
    text = GOOD
    for old, new in faults.items():
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(SyllabusError) as caught:
        read(text)
    lines = str(caught.value).splitlines()
    wanted = [
        "unknown key 'titel'; did you mean 'title'?",
        "module 'losses'",
        "module 3",
        "'day1_losses' has 0 points",
        "lecture of day 1 has no 'name'",
        "profile 'cpu-smal'; did you mean 'cpu-small'?",
        "day 2 has number 3",
    ]
    assert len(lines) == len(wanted)
    for one, line in zip(wanted, lines, strict=True):
        assert one in line
        assert "syllabus.toml: " in line


def test_two_lectures_cannot_share_an_assignment(read):
    twice = GOOD.replace(
        'title = "Plots"', 'title = "Plots"\nassignment = { name = "day1_losses", points = 1 }'
    )
    with pytest.raises(SyllabusError, match="the assignment 'day1_losses' is listed twice"):
        read(twice)


def test_days_that_are_no_tables_are_refused(read):
    with pytest.raises(SyllabusError, match="day 1 is 3; write it as a table"):
        read('title = "A course"\ndays = [3]')


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SyllabusError, match=r"no syllabus at .*nowhere\.toml"):
        syllabus.load(tmp_path / "nowhere.toml")


def test_the_course_has_six_days_with_titles():
    course = syllabus.load()
    assert course.title == "Deep Learning for Economics and Finance"
    assert [day.number for day in course.days] == [1, 2, 3, 4, 5, 6]
    assert all(day.title for day in course.days)


def test_every_entry_of_the_syllabus_is_on_disk():
    for lecture in syllabus.load().lectures():
        assert (ROOT / "course/lectures" / f"{lecture.name}.md").is_file()
        for module in lecture.modules:
            # Found by its path: importing it would import TensorFlow.
            assert importlib.util.find_spec(module) is not None, module
            assert ROOT.joinpath(*module.split(".")).with_suffix(".py").is_file()
    for assignment in syllabus.load().assignments():
        assert (ROOT / "assignments/authoring" / f"{assignment.name}.py").is_file()
        assert (ROOT / "tests/mutants" / assignment.name / "mutants.py").is_file()


def test_everything_on_disk_is_in_the_syllabus():
    course = syllabus.load()
    lectures = {path.stem for path in (ROOT / "course/lectures").glob("*.md")} - {"README"}
    assignments = {path.stem for path in (ROOT / "assignments/authoring").glob("*.py")}
    assert lectures == {lecture.name for lecture in course.lectures()}
    assert assignments == {assignment.name for assignment in course.assignments()}
