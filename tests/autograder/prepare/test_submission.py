import os
from datetime import UTC, datetime

import nbformat
import pytest
from nbgrader.utils import parse_utc

from autograder.coursedir import provenance
from autograder.coursedir.directory import open_course
from autograder.coursedir.provenance import Cause
from autograder.model import AutograderError, CellOutcome, Execution, Limits, Verdict
from autograder.prepare.submission import MOST_FILES, fingerprint
from autograder.report.report import _resubmitted
from tests.autograder.building import (
    PROBLEM,
    RIGHT,
    asserts,
    code,
    configure,
    fill,
    grades,
    marked,
    notebook,
    prepared,
    record,
    released,
    submit,
    write_course,
)


@pytest.fixture
def prepare(root):
    """Return a function that prepares one student's submission in the small course."""

    def prepare(student="alice", *, force=False):
        return prepared(root, student, force=force)

    return prepare


def cells_of(ready):
    return nbformat.reads(ready.jobs[0].content.decode(), as_version=4).cells


def marks_of(cells):
    return {c.metadata.nbgrader["grade_id"]: c for c in cells if "nbgrader" in c.metadata}


def test_a_submission_becomes_a_job_with_the_hidden_tests_back_in_place(root, prepare):
    submit(root, "alice")
    assert "fails for larger numbers" not in str(released(root))
    (one,) = prepare().jobs
    assert (one.student, one.assignment, one.notebook) == ("alice", "ps1", "p1")
    assert b"fails for larger numbers" in one.content
    assert b"return x + x" in one.content
    assert one.limits == Limits()


def test_a_job_has_the_limits_of_its_assignment(root, prepare):
    submit(root, "alice")
    configure(root, "c.Autograder.profiles = {'ps1': {'memory_mb': 77}, 'ps2': {'memory_mb': 1}}")
    (one,) = prepare().jobs
    assert one.limits == Limits(memory_mb=77)


def test_preparing_writes_nothing(root, prepare):
    submit(root, "alice")
    submit(root, "bob", b"no notebook")
    assert prepare("alice").jobs
    assert prepare("bob").refusal
    assert not (root / "autograded").exists()
    with open_course(root).gradebook() as gradebook:
        assert gradebook.students == []


def test_outputs_that_a_student_hands_in_are_removed(root, prepare):
    book = fill(released(root), {})
    book.cells[2].outputs = [nbformat.v4.new_output("stream", name="stdout", text="all passed")]
    submit(root, "alice", book)
    assert b"all passed" not in prepare().jobs[0].content


def test_the_seed_depends_on_what_the_cells_say_and_on_nothing_else(root, prepare):
    submit(root, "alice")
    submit(root, "bob")
    submit(root, "carol", {"double": "def double(x):\n    return 2.0 * x"})
    alice, bob, carol = (prepare(name).jobs[0].seed for name in ("alice", "bob", "carol"))
    assert alice == bob != carol
    int(alice, 16)


def test_running_a_notebook_does_not_change_its_fingerprint():
    before, after = notebook("1 + 1"), notebook("1 + 1")
    after.cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text="2")]
    after.metadata["autograder"] = {"verdict": "pass"}
    assert fingerprint(before) == fingerprint(after) != fingerprint(notebook("1 + 2"))


def test_files_beside_the_notebook_go_along(root, prepare):
    submit(
        root,
        "alice",
        files={"helper.py": "x = 1", "data/deep/table.csv": "1,2", "other.ipynb": "{}"},
        timestamp="2026-01-01 12:00:00 UTC",
    )
    assert dict(prepare().jobs[0].files) == {"helper.py": b"x = 1", "data/deep/table.csv": b"1,2"}


def test_the_course_s_own_files_win_over_a_student_s(bare):
    root = write_course(bare, files={"data.csv": "true", "lib/helper.py": "ours"})
    submit(root, "alice", files={"data.csv": "forged", "lib/helper.py": "theirs"})
    ready = prepared(root, "alice")
    assert dict(ready.jobs[0].files) == {"data.csv": b"true", "lib/helper.py": b"ours"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "its notebook is an empty file"),
        (b"  \n", "its notebook is an empty file"),
        (b"this is not JSON", "not valid JSON"),
        (b"\xff\xfe\x00broken", "not valid JSON"),
    ],
)
def test_an_unreadable_notebook_is_refused_with_the_reason(root, prepare, content, said):
    submit(root, "alice", content)
    refused = prepare()
    assert refused.refusal.startswith("The submission cannot be graded: ")
    assert said in refused.refusal
    assert "\n" not in refused.refusal
    assert refused.jobs == ()


def test_a_missing_notebook_is_refused_and_what_is_there_is_named(root, prepare):
    submit(root, "alice", name="p1").rename(root / "submitted/alice/ps1/p1 (copy).ipynb")
    assert "p1.ipynb is missing from it (it contains p1 (copy).ipynb)" in prepare().refusal
    (root / "submitted/bob/ps1").mkdir(parents=True)
    assert "it contains no notebook" in prepare("bob").refusal


def test_a_refusal_is_text_whatever_the_files_are_called(root, prepare):
    path = submit(root, "alice")
    path.rename(path.with_name(os.fsdecode(b"\xdcbung.ipynb")))
    assert "it contains \\udcdcbung.ipynb" in prepare().refusal


@pytest.mark.parametrize("place", ["p1.ipynb", "data/link"])
def test_a_symbolic_link_is_refused(root, prepare, tmp_path, place):
    submit(root, "alice")
    (tmp_path / "secret").write_text("x")
    link = root / "submitted/alice/ps1" / place
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(tmp_path / "secret")
    assert f"a symbolic link, {place}" in prepare().refusal


def test_a_pipe_is_refused_and_not_read(root, prepare):
    submit(root, "alice").unlink()
    os.mkfifo(root / "submitted/alice/ps1/p1.ipynb")
    assert "p1.ipynb, which is neither a file nor a folder" in prepare().refusal


def test_more_than_the_scratch_can_hold_is_refused(root, prepare):
    configure(root, "c.Autograder.scratch_mb = 1")
    submit(root, "alice", files={"large.bin": "x" * (2 << 20)})
    assert "it takes 2 MB, more than the 1 MB allowed" in prepare().refusal


@pytest.mark.parametrize("stamp", ["yesterday-ish", "9" * 40, "\0", "\ufeffsoon"])
def test_a_timestamp_that_is_no_date_is_refused(root, prepare, stamp):
    submit(root, "alice", timestamp=stamp)
    assert "timestamp.txt does not hold a date" in prepare().refusal


def test_an_empty_timestamp_is_none(root, prepare):
    submit(root, "alice", timestamp="\n")
    assert prepare().jobs


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_a_timestamp_may_be_written_as_windows_writes_text(root, prepare, encoding):
    folder = submit(root, "alice").parent
    date = datetime(2026, 1, 1, 12, tzinfo=UTC).replace(tzinfo=None)
    (folder / "timestamp.txt").write_bytes("2026-01-01 12:00:00 UTC\r\n".encode(encoding))
    ready = prepare()
    assert ready.timestamp == date
    record(root, ready, pretend(ready))
    kept = (root / "autograded/alice/ps1/timestamp.txt").read_text()
    assert parse_utc(kept.strip()) == date  # as nbgrader's own commands read it
    assert not _resubmitted(open_course(root), "ps1", "alice")
    (folder / "timestamp.txt").write_bytes("2026-01-02 12:00:00 UTC".encode(encoding))
    assert _resubmitted(open_course(root), "ps1", "alice")


def test_names_with_spaces_quotes_and_accents_are_names(root, prepare):
    for name in ("O'Hara", "Zoë Müller", 'a "b"', "x;y", "a%b", "[1]"):
        submit(root, name)
        assert len(prepare(name).jobs) == 1, name


# --- what was done to the cells ---------------------------------------------------------------


def test_a_changed_test_cell_is_restored_with_its_points(root, prepare):
    book = released(root)
    book.cells[2].source = "pass"
    book.cells[2].metadata.nbgrader["points"] = 1000
    submit(root, "alice", book)
    cell = marks_of(cells_of(prepare()))["test_double"]
    assert cell.source == PROBLEM[2].source
    assert cell.metadata.nbgrader["points"] == 2


@pytest.mark.parametrize(
    "forged",
    [
        {"grade": False},
        {"solution": True},
        {"locked": False},
        {"points": "many"},
        {"points": None},
        {"grade": False, "locked": False, "solution": True, "task": True},
        {"schema_version": 1},
        {"checksum": "0"},
    ],
    ids=str,
)
def test_a_flag_that_was_flipped_is_flipped_back(root, prepare, forged):
    book = released(root)
    book.cells[2].metadata.nbgrader.update(forged)
    submit(root, "alice", book)
    ready = prepare()
    assert not ready.refusal
    cell = marks_of(cells_of(ready))["test_double"]
    mark = cell.metadata.nbgrader
    assert (mark["grade"], mark["solution"], mark["locked"], mark["points"]) == (
        True,
        False,
        True,
        2,
    )
    assert cell.source == PROBLEM[2].source


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_test_cell_that_was_made_text_is_made_code_again(root, prepare, kind):
    book = released(root)
    cell = book.cells[2]
    book.cells[2] = nbformat.NotebookNode(
        cell_type=kind, source=cell.source, metadata=cell.metadata, id=cell.id
    )
    submit(root, "alice", book)
    cell = marks_of(cells_of(prepare()))["test_double"]
    assert cell.cell_type == "code"
    assert cell.source == PROBLEM[2].source


@pytest.mark.parametrize(
    "deleted", [[2], [4], [2, 4], [1, 2], [0, 1, 2], [3, 4, 5], list(range(6))], ids=str
)
def test_deleted_test_cells_come_back_whatever_else_was_deleted(root, prepare, deleted):
    book = released(root)
    book.cells = [cell for index, cell in enumerate(book.cells) if index not in deleted]
    submit(root, "alice", book)
    ready = prepare()
    assert not ready.refusal
    there = marks_of(cells_of(ready))
    assert {"test_double", "test_mean", "explain"} <= set(there)
    for name, index in (("test_double", 2), ("test_mean", 4)):
        assert there[name].source.endswith(PROBLEM[index].source)
        assert ("was missing" in there[name].source) == (index in deleted)


def test_a_deleted_test_cell_comes_back_behind_the_answer_it_tests(root, prepare):
    book = released(root)
    book.cells = [cell for index, cell in enumerate(book.cells) if index not in (2, 4)]
    submit(root, "alice", book)
    order = [
        c.metadata.nbgrader["grade_id"] for c in cells_of(prepare()) if "nbgrader" in c.metadata
    ]
    assert order == ["double", "test_double", "mean", "test_mean", "explain"]


@pytest.mark.parametrize("kept", [(5,), (3, 5), (0, 5), (1, 5)], ids=str)
def test_a_test_whose_answer_is_not_known_stands_behind_all_answers(root, prepare, kept):
    book = released(root)
    own = [code(text) for text in ("from mine import *", "x = 1", "from mine import mean")]
    book.cells = [book.cells[place] for place in kept] + own
    submit(root, "alice", book)
    cells = cells_of(prepare())
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells]
    last = max(place for place, cell in enumerate(cells) if "mine" in cell.source)
    assert last < names.index("test_mean")
    assert (last < names.index("test_double")) == (1 not in kept)


def test_a_restored_cell_has_an_id_of_its_own_whatever_the_others_claim(root, prepare):
    with open_course(root).gradebook() as gradebook:
        checksum = gradebook.find_source_cell("test_mean", "p1", "ps1").checksum
    book = released(root)
    book.cells = [cell for index, cell in enumerate(book.cells) if index != 4]
    book.cells[0]["id"] = f"restored-{checksum}"
    submit(root, "alice", book)
    ids = [cell.id for cell in cells_of(prepare())]
    assert len(set(ids)) == len(ids)


def test_of_a_duplicated_test_cell_one_counts(root, prepare):
    book = released(root)
    twin = nbformat.from_dict({**book.cells[2], "id": "another"})
    twin.metadata = nbformat.from_dict(dict(twin.metadata))
    twin.metadata.nbgrader = nbformat.from_dict({**twin.metadata.nbgrader, "grade": False})
    book.cells.append(twin)
    submit(root, "alice", book)
    ready = prepare()
    assert not ready.refusal
    names = [c.metadata.get("nbgrader", {}).get("grade_id") for c in cells_of(ready)]
    assert names.count("test_double") == 1


@pytest.mark.parametrize(
    "mark",
    [{"grade": True, "grade_id": "bonus", "points": 100}, {"grade_id": 5}, {}, [], 7],
    ids=str,
)
def test_marks_that_a_student_made_up_are_removed(root, prepare, mark):
    book = released(root)
    book.cells.append(asserts("assert True", "bonus"))
    book.cells[-1].metadata["nbgrader"] = mark
    submit(root, "alice", book)
    ready = prepare()
    assert not ready.refusal
    assert "nbgrader" not in cells_of(ready)[-1].metadata


def test_another_kernel_and_a_missing_one_are_replaced(root, prepare):
    book = released(root)
    book.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    submit(root, "alice", book)
    del book.metadata["kernelspec"]
    submit(root, "bob", book)
    for student in ("alice", "bob"):
        assert prepare(student).jobs
    spec = nbformat.reads(prepare("bob", force=True).jobs[0].content.decode(), 4).metadata
    assert spec["kernelspec"]["name"] == "python3"


def test_an_old_notebook_format_is_brought_up_to_date(root, prepare):
    book = nbformat.convert(fill(released(root), RIGHT), 3)
    submit(root, "alice", nbformat.v3.writes_json(book).encode())
    ready = prepare()
    assert not ready.refusal
    assert {"test_double", "test_mean"} <= set(marks_of(cells_of(ready)))


# --- what has been graded before ----------------------------------------------------------------


def pretend(ready):
    """Return an execution in which all tests pass."""
    (one,) = ready.jobs
    return passed(one)


def passed(one):
    """Return the execution of a job in which all tests pass."""
    cells = nbformat.reads(one.content.decode(), as_version=4).cells
    well = [CellOutcome(i, Verdict.PASS, 0.0) for i, c in enumerate(cells) if c.source]
    return Execution(one, one.content, tuple(well), 0.0)


@pytest.fixture
def graded(root):
    """Submit for alice and record it as if it had been executed; return the course."""
    submit(root, "alice", timestamp="2026-01-01 12:00:00 UTC")
    ready = prepared(root, "alice")
    record(root, ready, pretend(ready))
    return root


def test_what_was_graded_holds_until_something_changes(graded, prepare):
    again = prepare()
    assert (again.cause, again.jobs, again.refusal) == (None, (), "")
    assert again.kept["p1"]["cells"][0]["points"] == 2


def test_another_file_is_a_resubmission_whatever_its_date(graded, prepare):
    submit(graded, "alice", timestamp="2026-01-02 12:00:00 UTC")
    assert prepare().cause is Cause.RESUBMITTED  # it may be late now
    submit(graded, "alice", timestamp="2026-01-01 12:00:00 UTC")
    assert prepare().cause is None
    os.utime(graded / "submitted/alice/ps1/p1.ipynb", (0, 0))
    assert prepare().cause is None
    submit(graded, "alice", files={"more.txt": ""})
    assert prepare().cause is Cause.RESUBMITTED


def test_an_assignment_that_was_mended_is_graded_again(graded, prepare):
    cells = [nbformat.from_dict(cell) for cell in PROBLEM]
    cells[2].source = cells[2].source.replace("double fails", "your double fails")
    write_course(graded, *cells)
    ready = prepare()
    assert ready.cause is Cause.ASSIGNMENT
    assert b"your double fails" in ready.jobs[0].content


def test_other_points_and_another_data_file_are_another_assignment(graded, prepare):
    (graded / "source/ps1/data.csv").write_text("1,2")
    assert prepare().cause is Cause.ASSIGNMENT
    (graded / "source/ps1/data.csv").unlink()
    assert prepare().cause is None
    cells = [nbformat.from_dict(cell) for cell in PROBLEM]
    cells[2].metadata.nbgrader["points"] = 4
    write_course(graded, *cells)
    assert prepare().cause is Cause.ASSIGNMENT


def test_other_limits_are_a_cause(graded, prepare):
    configure(graded, "c.Autograder.memory_mb = 1000")
    assert prepare().cause is Cause.LIMITS
    configure(graded, "c.Autograder.profiles = {'ps1': {'memory_mb': 1000}}")
    assert prepare().cause is Cause.LIMITS


def test_a_profile_that_cannot_be_meant_is_no_fault_of_a_submission(root, prepare):
    configure(root, "c.Autograder.profiles = {'ps1': {'memory': 77}}")
    with pytest.raises(AutograderError, match="'memory_mb'"):
        prepare()


def test_another_version_of_the_grader_is_a_cause(graded, prepare, monkeypatch):
    monkeypatch.setattr(provenance, "engine_version", lambda: "1000.0")
    assert prepare().cause is Cause.ENGINE


def test_a_gradebook_that_does_not_have_the_grades_is_a_cause(graded, prepare):
    with open_course(graded).gradebook() as gradebook:
        gradebook.find_grade("test_double", "p1", "ps1", "alice").auto_score = 0.5
        gradebook.db.commit()
    assert prepare().cause is Cause.GRADEBOOK
    with open_course(graded).gradebook() as gradebook:
        gradebook.remove_submission("ps1", "alice")
    assert prepare().cause is Cause.GRADEBOOK


def task():
    """Return a task: a person gives points for what students write in cells of their own."""
    cell = marked("Draw what you found.", "draw", locked=True, kind="markdown")
    cell.metadata.nbgrader |= {"task": True, "points": 2}
    return cell


def test_a_task_that_waits_for_a_person_is_no_cause(bare):
    root = write_course(bare, *PROBLEM, task())
    submit(root, "alice")
    ready = prepared(root, "alice")
    record(root, ready, pretend(ready))
    assert grades(root, "alice")["draw"] == (None, True)
    assert prepared(root, "alice").cause is None


def test_a_task_whose_notebook_was_missing_waits_for_a_person_when_it_is_there(bare):
    write_course(bare, code("1"), asserts("assert True", "t"), name="a")
    root = write_course(bare, code("1"), task(), name="b")
    for name, points in (("a", (0.0, False)), ("b", (None, True))):
        submit(root, "alice", {}, name=name)
        ready = prepared(root, "alice")
        record(root, ready, *map(passed, ready.jobs))
        assert grades(root, "alice")["draw"] == points
        assert prepared(root, "alice").cause is None


def test_force_is_a_cause(graded, prepare):
    assert prepare(force=True).cause is Cause.FORCED


def test_a_graded_notebook_that_cannot_be_read_is_as_good_as_none(graded, prepare):
    path = graded / "autograded/alice/ps1/p1.ipynb"
    path.chmod(0o644)
    for content in ('{ "half a no', "[]", '{"metadata": {}}', '{"metadata": 7}'):
        path.write_text(content)
        assert prepare().cause is Cause.NEW
    path.unlink()
    assert prepare().cause is Cause.NEW


def test_what_an_older_grader_kept_is_graded_again(graded, prepare):
    path = graded / "autograded/alice/ps1/p1.ipynb"
    book = nbformat.read(path, as_version=4)
    del book.metadata["autograder"]["submission_hash"]
    path.chmod(0o644)
    nbformat.write(book, path)
    assert prepare().cause is Cause.ENGINE


def test_of_several_notebooks_those_there_are_prepared(bare):
    for name in ("b", "a"):
        root = write_course(bare, code("1"), asserts("assert True", f"t_{name}"), name=name)
    submit(root, "alice", {}, name="b")
    assert [one.notebook for one in prepared(root, "alice").jobs] == ["b"]
    submit(root, "bob", {}, name="a")
    submit(root, "bob", {}, name="b")
    assert sorted(one.notebook for one in prepared(root, "bob").jobs) == ["a", "b"]


# --- what the course says -----------------------------------------------------------------------


def test_files_that_students_may_change_are_theirs(bare):
    root = write_course(bare, files={"data.csv": "ours", "model.py": "ours"})
    configure(root, "c.Autograde.exclude_overwriting = {'ps1': ['model.py']}")
    submit(root, "alice", files={"data.csv": "theirs", "model.py": "theirs"})
    (one,) = prepared(root, "alice").jobs
    assert dict(one.files) == {"data.csv": b"ours", "model.py": b"theirs"}
    assert dict(one.instructor_files) == {"data.csv": b"ours"}


def test_where_one_has_a_file_and_the_other_a_folder_the_course_s_own_wins(bare):
    root = write_course(bare, files={"data/x.csv": "ours", "model": "ours"})
    submit(root, "alice", files={"data": "theirs", "model/deep/y": "theirs", "z": "theirs"})
    ready = prepared(root, "alice")
    assert [name for name, _ in ready.jobs[0].files] == ["data/x.csv", "model", "z"]
    record(root, ready, pretend(ready))
    assert (root / "autograded/alice/ps1/data/x.csv").read_text() == "ours"


def test_a_path_that_is_too_long_to_be_copied_is_refused(root, prepare):
    folder = submit(root, "alice").parent
    there = os.open(folder, os.O_RDONLY)
    for _ in range(20):  # step by step: Linux opens no path that is as long as this one becomes
        os.mkdir("d" * 250, dir_fd=there)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=there)
        os.close(there)
        there = below
    os.close(there)
    said = prepare().refusal
    assert "more than the 1,024 allowed" in said
    assert "shorter names" in said
    assert len(said) < 300


def test_a_file_of_the_course_may_have_a_name_that_is_no_text(root, prepare):
    name = os.fsdecode(b"donn\xe9es.csv")
    (root / "source/ps1" / name).write_text("1")
    submit(root, "alice")
    ready = prepare()
    assert dict(ready.jobs[0].files) == {name: b"1"}
    record(root, ready, pretend(ready))
    assert prepare().cause is None


def test_an_unknown_student_is_refused_where_the_course_wants_that(root, prepare):
    configure(root, "c.Autograde.create_student = False")
    submit(root, "alice")
    assert "the gradebook has no such student" in prepare().refusal
    with open_course(root).gradebook() as gradebook:
        gradebook.add_student("alice")
    assert prepare().jobs


def test_the_course_s_hook_runs_before_a_submission_is_read(root, prepare):
    configure(
        root,
        "from pathlib import Path\n"
        "def hook(assignment, student, notebooks):\n"
        "    Path(f'submitted/{student}/{assignment}/added.txt').write_text(notebooks[0])\n"
        "c.Autograde.pre_convert_hook = hook",
    )
    path = submit(root, "alice")
    (one,) = prepare().jobs
    assert dict(one.files) == {"added.txt": str(path).encode()}
    assert one.submission_hash == provenance.submission_hash(path.parent)


def test_more_files_than_anybody_needs_are_refused(root, prepare):
    folder = submit(root, "alice").parent / "many"
    folder.mkdir()
    for number in range(MOST_FILES):
        (folder / str(number)).touch()
    assert "it contains more than 10,000 files" in prepare().refusal
