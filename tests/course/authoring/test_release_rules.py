import re

import pytest

from course.authoring.release_rules import check_assignment, without_marker_lines
from course.authoring.text import AuthoringError, read_cells

PATH = "assignments/authoring/day1_losses.py"


def check(root):
    check_assignment(read_cells(root / PATH), PATH, points=3)


def test_a_good_assignment_passes(root):
    check(root)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"test_zero"', '"loss"', "34: cell 'loss': the grade_id is taken by the cell on line 20"),
        ('"loss"', '"a loss"', "20: cell 'a loss': 'a loss' cannot be a grade_id"),
        ('"loss"', '""', "20: cell 3: '' cannot be a grade_id"),
        ('"loss"', '"cell-003"', "'cell-003' cannot be a grade_id"),
        ('"loss"', '"' + 65 * "x" + '"', "cannot be a grade_id"),
        ('"schema_version": 3', '"schema_version": 2', "20: cell 'loss': schema_version is 2"),
        ('"locked": false', '"lockd": false', "unknown key 'lockd'; did you mean 'locked'"),
        ('"locked": false, ', "", "20: cell 'loss': nbgrader metadata has no 'locked'"),
        ('"points": 2', '"points": "2"', "points = '2', which is of the wrong kind"),
        ('"points": 2', '"points": true', "points = True, which is of the wrong kind"),
        ('"points": 2', '"points": 0', "28: cell 'test_loss': it is graded and has 0 points"),
        ('"points": 2', '"points": 4', "carry 5 points and course/syllabus.toml says 3"),
        ('"points": 0', '"points": 1', "20: cell 'loss': it is not graded and has 1 points"),
        ('"locked": true, "points": 2', '"locked": false, "points": 2', "28: .*set locked to true"),
        ('"locked": false', '"locked": true', "20: .*set locked to false"),
        ('"solution": true', '"solution": false', "23: .*set solution to true"),
        ('"grade": false', '"grade": true', "would be graded by hand"),
        ("    ### BEGIN SOLUTION\n", "", "24: cell 'loss': END SOLUTION without its BEGIN"),
        ("    ### END SOLUTION\n", "", "23: cell 'loss': BEGIN SOLUTION without its END"),
        ("END SOLUTION", "END HIDDEN TESTS", "25: cell 'loss': END HIDDEN TESTS without its BEGIN"),
        ("END SOLUTION", "BEGIN SOLUTION", "BEGIN SOLUTION inside another region"),
        ("### BEGIN SOLUTION", "### BEGIN SOLUTON", "23: .*'### BEGIN SOLUTON' is not a marker"),
        (
            "### BEGIN HIDDEN TESTS",
            "# begin hidden tests",
            "30: .*is not a marker that nbgrader knows",
        ),
        (
            "### BEGIN HIDDEN TESTS",
            "### BEGIN HIDDEN TEST",
            "30: .*is not a marker that nbgrader knows",
        ),
        ("import numpy as np", "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS", "18: cell 2: .*not"),
        (
            "import numpy as np",
            "### BEGIN SOLUTION\n### END SOLUTION",
            "18: cell 2: a SOLUTION region in a cell that is no solution",
        ),
        (
            "    ### BEGIN SOLUTION\n    return np.sum(x**2)\n    ### END SOLUTION\n",
            "    return 3\n",
            "20: cell 'loss': a solution cell without a SOLUTION region",
        ),
        (
            '# %% nbgrader={"grade": true',
            '# %% [markdown] nbgrader={"grade": true',
            "only code can",
        ),
    ],
)
def test_a_broken_rule_is_named_with_file_line_and_cell(root, edit, old, new, message):
    edit(PATH, old, new)
    with pytest.raises(AuthoringError, match=message) as caught:
        check(root)
    assert str(caught.value).startswith(PATH)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "line", ["# The end of the year", "# begin with the sum", "## Beginning", "#### Endings"]
)
def test_prose_is_no_misspelt_marker(root, edit, line):
    edit(PATH, "import numpy as np", f"import numpy as np\n{line}")
    check(root)


def test_the_reference_loses_only_the_lines_that_mark_it():
    source = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"
    assert without_marker_lines(source) == "def f():\n    return 1"


def test_lines_are_counted_from_the_file_without_a_header_too(tmp_path):
    path = tmp_path / "text.py"
    path.write_text("\n# Before.\n\n# %%\n\nx = 1\n\n# %%\ny = 2\n")
    cells = read_cells(path)
    assert [(cell.line, cell.source_line) for cell in cells] == [(2, 2), (4, 6), (8, 9)]
    assert re.search("x = 1", cells[1].source)
