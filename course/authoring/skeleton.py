"""Writes the first texts of a new assignment, with one question that shows the form."""

import json
from pathlib import Path

from course.authoring.text import AuthoringError
from course.syllabus import ASSIGNMENT_NAME

_HEADER = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---
"""


def _mark(grade_id: str, *, points: float = 0, solution: bool = False, locked: bool = True) -> str:
    """Return the header of a cell; nbgrader reads all of these keys."""
    mark = {
        "grade": points > 0,
        "grade_id": grade_id,
        "locked": locked,
        "points": points,
        "schema_version": 3,
        "solution": solution,
    }
    return f"nbgrader={json.dumps(mark)}"


_ASSIGNMENT = f'''\
{_HEADER}
# %% [markdown] {_mark("intro")}
# # TITLE
#
# What it is about, and the rules that hold for every function.

# %% {_mark("imports")}
import numpy as np

from course.exercise import submission_rng

# %% [markdown] {_mark("ask_square_sum")}
# ## Question 1: a sum of squares (2 points)
#
# Write `square_sum(x)`, which returns the sum of the squares of an array.

# %% {_mark("square_sum", solution=True, locked=False)}
def square_sum(x):
    """Return the sum of the squares of `x`."""
    ### BEGIN SOLUTION
    return float(np.sum(x**2))
    ### END SOLUTION


# %% {_mark("test_square_sum", points=2)}
assert np.isclose(square_sum(np.array([3.0, 4.0])), 25), "of 3 and 4 it is 25"
### BEGIN HIDDEN TESTS
x = submission_rng("square_sum").normal(size=7)
assert np.isclose(square_sum(x), x @ x), "it is wrong for other numbers"
### END HIDDEN TESTS
'''
_MUTANTS = f"""\
{_HEADER}
# %% [markdown]
# One student's mistake per cell: at least twelve. `cell` names the solution cell whose source it
# replaces; `loses` lists the graded cells that then lose their points.

# %% mutant="mean" cell="square_sum" loses=["test_square_sum"]
# Takes the mean where the sum is asked for.
def square_sum(x):
    return float(np.mean(x**2))
"""
_ALTERNATIVE = f"""\
{_HEADER}
# %% cell="square_sum"
def square_sum(x):
    return sum(float(one) ** 2 for one in x)
"""


def write(root: Path, name: str) -> list[Path]:
    """Write the texts of a new assignment.

    Parameters
    ----------
    root : Path
        The checkout.
    name : str
        Such as ``day2_topic``.

    Returns
    -------
    list of Path
        What was written, below `root`.

    Raises
    ------
    AuthoringError
        If the name is not one, or one of the files is there.
    """
    if not ASSIGNMENT_NAME.fullmatch(name):
        raise AuthoringError(
            f"'{name}' is not named like 'day2_topic'; use small letters, digits and underscores "
            "after the day"
        )
    proofs = Path("tests/mutants") / name
    texts = {
        Path(f"assignments/authoring/{name}.py"): _ASSIGNMENT.replace("TITLE", name),
        proofs / "mutants.py": _MUTANTS,
        proofs / "alternative_loop.py": _ALTERNATIVE,
    }
    for path in texts:
        if (root / path).exists():
            raise AuthoringError(f"{path} exists already; choose another name, or edit that")
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return list(texts)
