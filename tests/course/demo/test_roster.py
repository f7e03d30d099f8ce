import collections

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course.authoring.submissions import Material, Mutant
from course.demo import roster
from course.errors import CourseError


def cell(grade_id, source, **mark):
    flags = {"grade": False, "locked": False, "solution": False, "schema_version": 3}
    return new_code_cell(source, metadata={"nbgrader": {"grade_id": grade_id, **flags, **mark}})


RELEASED = new_notebook(
    cells=[
        cell("a", "raise NotImplementedError()", solution=True),
        cell("test_a", "assert a() == 1", grade=True, points=2),
        cell("b", "raise NotImplementedError()", solution=True),
        cell("test_b", "assert b() == 2", grade=True, points=3),
    ]
)
REFERENCE = {"a": "def a():\n    return 1", "b": "def b():\n    return 2"}
MATERIAL = Material(
    reference=REFERENCE,
    mutants=tuple(
        Mutant(f"{name}_{i}", name, (f"test_{name}",), "wrong", f"def {name}():\n    return -{i}")
        for name in "ab"
        for i in range(3)
    ),
    alternatives={"alternative_lambda": {"a": "a = lambda: 1", "b": "b = lambda: 2"}},
)


def earned(content):
    """Grade by plain execution: an oracle that knows nothing of stories."""
    names, points = {}, 0.0
    for one in nbformat.reads(content.decode(), as_version=4).cells:
        try:
            exec(one.source, names)
        except (AssertionError, NameError, NotImplementedError):
            continue
        points += one.metadata["nbgrader"].get("points", 0)
    return points


def test_names_are_different_and_belong_to_the_seed():
    names = roster.names(300, seed=1)
    assert len(set(names)) == 300
    assert names == roster.names(300, seed=1) != roster.names(300, seed=2)


@pytest.mark.parametrize("count", [0, -3, 10**6])
def test_a_class_that_cannot_be_made_up_is_refused(count):
    with pytest.raises(CourseError, match=f"a class of {count} cannot be made up; ask for 1 to"):
        roster.names(count, seed=1)


def test_twelve_students_show_everything_that_happens():
    students = roster.names(12, seed=3)
    members = roster.make_up(RELEASED, MATERIAL, students, seed=3)
    assert [member.student for member in members] == students
    verdicts = collections.Counter(member.verdict for member in members)
    assert verdicts["timeout"] == verdicts["crash"] == 1
    assert [m.points for m in members].count(None) == 1  # the corrupt file
    stories = [member.story for member in members]
    assert {"the reference solution", "untouched", "half a file"} <= set(stories)
    assert any("alternative" in story for story in stories)
    assert sum("mistake" in story for story in stories) >= 4


def test_points_promised_are_points_earned():
    members = roster.make_up(RELEASED, MATERIAL, roster.names(60, seed=4), seed=4)
    graded = [m for m in members if m.verdict not in ("timeout", "crash") and m.points is not None]
    assert len(graded) == 57
    for member in graded:
        assert earned(member.content) == member.points, member.story


def test_the_same_seed_gives_the_same_class():
    students = roster.names(20, seed=5)
    once = roster.make_up(RELEASED, MATERIAL, students, seed=5)
    assert once == roster.make_up(RELEASED, MATERIAL, students, seed=5)
    assert once != roster.make_up(RELEASED, MATERIAL, students, seed=6)


def test_half_a_file_is_not_a_notebook():
    members = roster.make_up(RELEASED, MATERIAL, roster.names(12, seed=7), seed=7)
    half = next(member for member in members if member.points is None)
    with pytest.raises(Exception, match="JSON"):
        nbformat.reads(half.content.decode(), as_version=4)
