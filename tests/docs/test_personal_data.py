"""Nothing that a class leaves in a checkout is offered to git."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PERSONAL = (
    "assignments/report_day1_ml_basics.html",
    "assignments/grades.csv",
    "assignments/roster.csv",
    "assignments/gradebook.db",
    "assignments/gradebook.db.2026-11-30-10-00-00.bak",
    "assignments/gradebook.db-journal",
    "assignments/submitted/ada/ps1/ps1.ipynb",
    "assignments/autograded/ada/ps1/ps1.ipynb",
    "assignments/feedback/ada/ps1/ps1.html",
    "assignments/.autograder/runs.json",
    "assignments/.nbgrader.log",
    "assignments/backup.tar.gz",
    "grades.csv",
    "report.html",
    "backup.tar.gz",
    "gradebook.db",
    ".nbgrader.log",
    ".hub/passwords.json",
    ".hub/exchange/ada/dlef/inbound/ada+ps1/ps1.ipynb",
    ".demo/course/gradebook.db",
)


def git(*words, said=""):
    done = subprocess.run(
        ["git", "-C", ROOT, *words], input=said, capture_output=True, text=True, timeout=60
    )
    return done.stdout.splitlines()


def test_git_ignores_what_a_class_leaves():
    ignored = git("check-ignore", "--no-index", "--stdin", said="\n".join(PERSONAL))
    assert set(PERSONAL) - set(ignored) == set()


def test_git_knows_what_authors_write():
    tracked = git("ls-files")
    assert len(tracked) > 400
    assert git("check-ignore", "--no-index", "--stdin", said="\n".join(tracked)) == []
