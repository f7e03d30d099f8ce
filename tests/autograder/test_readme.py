"""What the pages of the autograder say is so, and every command in them runs."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.model import Verdict
from autograder.settings import Autograder
from tests.autograder.building import scores, submit

ROOT = Path(__file__).parents[2]
ROOM = ROOT / "autograder"
README = (ROOM / "README.md").read_text()
#: Its pages, by their names; AUTHORING.md has tests of its own.
PAGES = {
    "README.md": README,
    "hostile": (ROOT / "tests/hostile/README.md").read_text(),
    **{path.name: path.read_text() for path in sorted((ROOM / "docs").glob("*.md"))},
}
SCRIPTS = Path(sys.executable).parent
UNTESTED = "# not run by a test"
COMMANDS = [
    line.partition("  #")[0].strip()
    for page in PAGES.values()
    for block in re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL)
    for line in block.splitlines()
    if UNTESTED not in line
]


def rows(page, heading):
    """Yield the cells of each row of the table under a heading of a page."""
    section = f"\n{PAGES[page]}".partition(f"\n{heading}\n")[2].partition("\n#")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    for line in table[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_of_settings_is_that_of_the_code():
    settings = Autograder()
    assert list(rows("settings.md", "# Settings")) == [
        [f"`{name}`", f"`{getattr(settings, name)!r}`", trait.help]
        for name, trait in sorted(Autograder.class_own_traits(config=True).items())
    ]


def test_the_table_of_verdicts_is_complete():
    assert [name.strip("`") for name, *_ in rows("README.md", "### Verdicts")] == list(Verdict)


def test_every_deviation_has_its_test_and_every_such_test_is_listed():
    source = (ROOT / "tests/autograder/verify/test_stock_nbgrader.py").read_text()
    there = set(re.findall(r"def (test_\w+)", source.partition("# --- different")[2]))
    listed = {row[-1].strip("`") for row in rows("deviations.md", "## Points")}
    same = {
        "test_an_ordinary_number_is_partial_credit_for_both",
        "test_a_graded_cell_that_a_student_adds_is_worth_nothing",
        "test_the_notebooks_of_both_engines_are_notebooks",
    }
    assert listed == there - same


def test_every_test_that_is_named_exists():
    code = "".join(path.read_text() for path in Path(__file__).parent.rglob("test_*.py"))
    said = "".join(PAGES.values())
    for name in re.findall(r"`(test_\w+)`", said):
        assert f"def {name}(" in code, name
    for name in re.findall(r"\b(test_\w+\.py)", said):
        assert any((ROOT / "tests").rglob(name)), name


@pytest.mark.slow
@pytest.mark.sandbox
def test_every_command_runs_in_a_course_configured_as_it_says(root):
    (lines,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    (root / "nbgrader_config.py").write_text(lines)
    submit(root, "ada")
    submit(root, "ben", {})
    assert [line for line in COMMANDS if line.startswith("autograder grade")]
    for line in COMMANDS:
        done = subprocess.run(
            shlex.split(line),
            cwd=root,
            env={**os.environ, "PATH": f"{SCRIPTS}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert scores(root, "ada") == {"test_double": 2, "test_mean": 3, "explain": None}
    assert (root / "report_ps1.html").exists()
    assert (root / "feedback/ada/ps1/p1.html").exists()
