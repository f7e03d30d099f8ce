import pytest

from autograder.coursedir.directory import did_you_mean, open_course
from autograder.model import AutograderError
from tests.autograder.building import configure, submit


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(AutograderError, match=r"nowhere does not exist; give one with --course"):
        open_course(tmp_path / "nowhere")


def test_a_directory_that_is_no_course_is_named(tmp_path):
    with pytest.raises(AutograderError, match="is not an nbgrader course"):
        open_course(tmp_path)


def test_a_course_knows_its_folders_and_settings(root):
    configure(root, "c.Autograder.cell_seconds = 7")
    course = open_course(root)
    assert course.root == root
    assert course.settings.cell_seconds == 7
    assert course.folder("submitted", "ps1", "alice") == root / "submitted" / "alice" / "ps1"


def test_a_course_is_graded_by_us_whether_or_not_its_file_says_so(root):
    configure(root, "")
    config = open_course(root).app.config
    assert "autograder.record.preprocessors.Execute" in config.Autograde.autograde_preprocessors


@pytest.mark.parametrize("lines", ["1 / 0", "def", "c.Autograder.memory_mb = 'much'"])
def test_a_broken_configuration_is_not_passed_over(root, lines):
    configure(root, lines)
    with pytest.raises(AutograderError, match=r"nbgrader_config.py cannot be used: "):
        open_course(root)


def test_a_configuration_that_nbgrader_refuses_is_refused(root):
    configure(root, "c.CourseDirectory.course_id = 5")
    with pytest.raises(AutograderError, match="nbgrader does not accept it"):
        open_course(root)


def test_students_are_those_with_a_folder_for_the_assignment(root):
    assert open_course(root).students("submitted", "ps1") == []
    submit(root, "zoe")
    submit(root, "adam o'hara [1]")
    (root / "submitted" / "bob" / "another").mkdir(parents=True)
    (root / "submitted" / "a_file").touch()
    assert open_course(root).students("submitted", "ps1") == ["adam o'hara [1]", "zoe"]


def test_students_are_found_in_another_directory_structure(root):
    configure(
        root,
        "c.CourseDirectory.directory_structure = '{nbgrader_step}/{assignment_id}/{student_id}'",
    )
    (root / "submitted" / "ps1" / "alice").mkdir(parents=True)
    assert open_course(root).students("submitted", "ps1") == ["alice"]


def test_a_structure_without_a_folder_for_each_student_is_one_sentence(root):
    structure = "{nbgrader_step}/{assignment_id}_{student_id}"
    configure(root, f"c.CourseDirectory.directory_structure = {structure!r}")
    with pytest.raises(AutograderError, match=r"must have {student_id} as a folder of its own"):
        open_course(root).students("submitted", "ps1")


def test_hidden_folders_and_excluded_students_are_left_out(root):
    """As nbgrader does."""
    configure(root, "c.CourseDirectory.student_id_exclude = 'bob,carol'")
    for name in ("alice", "bob", "carol", ".alice.new"):
        submit(root, name)
    assert open_course(root).students("submitted", "ps1") == ["alice"]


def test_an_unknown_assignment_gets_a_suggestion(root):
    course = open_course(root)
    course.check_assignment("ps1")
    with pytest.raises(AutograderError, match=r"no assignment 'ps11' .*did you mean 'ps1'\?"):
        course.check_assignment("ps11")
    with pytest.raises(AutograderError, match=r"\(there are: ps1\)"):
        course.check_assignment("something else")


def test_a_course_with_nothing_generated_says_what_to_do(bare):
    with pytest.raises(AutograderError, match="nbgrader generate_assignment ps1"):
        open_course(bare).check_assignment("ps1")


def test_an_assignment_that_is_only_announced_cannot_be_graded(bare):
    course = open_course(bare)
    with course.gradebook() as gradebook:
        gradebook.add_assignment("ps1")  # as formgrader's 'Add new assignment' does
    with pytest.raises(AutograderError, match="nbgrader generate_assignment ps1"):
        course.check_assignment("ps1")


def test_suggestions_are_near_or_complete():
    assert did_you_mean("day2", ["day1", "exam"]) == "; did you mean 'day1'?"
    assert did_you_mean("day2_test", ["day2_keras"]) == " (there are: day2_keras)."
    assert did_you_mean("day2_kers", ["day2_keras"]) == "; did you mean 'day2_keras'?"
    assert did_you_mean("zzz", ["day1", "exam"]) == " (there are: day1, exam)."
