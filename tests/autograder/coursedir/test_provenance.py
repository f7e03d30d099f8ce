"""When a grade still holds."""

import os
from dataclasses import replace

import pytest

from autograder.coursedir import provenance
from autograder.coursedir.provenance import Cause, cause, digest, record, submission_hash
from autograder.model import Job, Limits

JOB = Job("ada", "ps1", "p1", b"{}", submission_hash="s", assignment_hash="a")


def why(kept, **changed):
    now = {"submission": "s", "assignment": "a", "limits": Limits()}
    return cause(kept, **{**now, **changed})


def test_a_grade_holds_while_what_it_was_made_of_is_the_same():
    assert why(record(JOB)) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"submission": "x"}, Cause.RESUBMITTED),
        ({"assignment": "x"}, Cause.ASSIGNMENT),
        ({"limits": replace(Limits(), memory_mb=1)}, Cause.LIMITS),
        ({"submission": "x", "assignment": "x"}, Cause.RESUBMITTED),
    ],
    ids=str,
)
def test_each_change_has_its_name(changed, said):
    assert why(record(JOB), **changed) is said


def test_another_version_of_the_grader_is_a_change(monkeypatch):
    kept = record(JOB)
    monkeypatch.setattr(provenance, "engine_version", lambda: "another")
    assert why(kept) is Cause.ENGINE
    assert why({}) is Cause.ENGINE


def test_where_one_part_ends_matters():
    assert len({digest([b"ab", b"c"]), digest([b"a", b"bc"]), digest([b"abc"])}) == 3


def test_a_submission_is_its_files_names_and_bytes(tmp_path):
    (tmp_path / "p1.ipynb").write_text("{}")
    seen = {submission_hash(tmp_path)}
    (tmp_path / "p1.ipynb").write_text("[]")
    seen.add(submission_hash(tmp_path))
    (tmp_path / "p1.ipynb").rename(tmp_path / "p2.ipynb")
    seen.add(submission_hash(tmp_path))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "empty").touch()
    seen.add(submission_hash(tmp_path))
    assert len(seen) == 4
    os.utime(tmp_path / "p2.ipynb", (0, 0))
    assert submission_hash(tmp_path) in seen


def test_what_is_no_file_is_not_read(tmp_path):
    before = submission_hash(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert submission_hash(tmp_path) == before
