from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.coursedir.directory import open_course
from autograder.report import grades
from course import cli

#: nbgrader's own queries
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


@pytest.fixture
def root(bare: Path) -> Path:
    """A course of two assignments: one graded, late, by hand or not at all, and one untouched."""
    with Gradebook(open_course(bare).directory.db_url) as gradebook:
        for name in ("ps1", "ps2"):
            gradebook.add_assignment(name)
            gradebook.add_notebook("nb", name)
            for cell in ("q", "essay"):
                gradebook.add_grade_cell(cell, "nb", name, max_score=2, cell_type="code")
        gradebook.add_assignment("announced")
        gradebook.add_student(
            "ada", last_name="Lovelace, Countess", first_name="Ada", email="a@b.ch"
        )
        for student in ("ben", "cyd", "dan"):
            gradebook.add_student(student)
        for student in ("ada", "ben", "cyd"):
            gradebook.add_submission("ps1", student)
        gradebook.find_grade("q", "nb", "ps1", "ada").auto_score = 2
        gradebook.find_grade("essay", "nb", "ps1", "ada").manual_score = 1.5
        gradebook.find_grade("q", "nb", "ps1", "ben").auto_score = 0
        gradebook.find_submission("ps1", "ada").notebooks[0].late_submission_penalty = 1
        gradebook.find_submission("ps1", "ben").notebooks[0].late_submission_penalty = 1
        gradebook.db.commit()
    return bare


def test_grades_are_a_row_per_student_and_what_is_not_graded_is_no_zero(root: Path) -> None:
    found = grades.read(open_course(root))
    assert (found.assignments, found.most) == (("ps1", "ps2"), (4.0, 4.0))
    assert {row.student: row.points for row in found.rows} == {
        "ada": (2.5, None),
        "ben": (0.0, None),  # zero less a penalty
        "cyd": (None, None),  # not graded
        "dan": (None, None),  # not submitted
    }


def test_grades_are_printed_for_a_spreadsheet_and_for_people(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert cli.main(["grades", "--csv", "--course", str(root)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["student"] for row in rows] == ["ada", "ben", "cyd", "dan"]
    assert rows[0] == {
        "student": "ada",
        "last_name": "Lovelace, Countess",
        "first_name": "Ada",
        "email": "a@b.ch",
        "ps1": "2.5",
        "ps2": "",
        "total": "2.5",
    }
    assert cli.main(["grades", "--course", str(root)]) == 0
    assert "Lovelace, Countess" in capsys.readouterr().out
    assert cli.main(["grades", "--course", str(root / "nowhere")]) == 2
    assert capsys.readouterr().err.startswith("course: ")


def test_an_empty_gradebook_has_no_rows(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(bare / "submitted", ignore_errors=True)
    assert cli.main(["grades", "--csv", "--course", str(bare)]) == 0
    assert capsys.readouterr().out == "student,last_name,first_name,email,total\n"
