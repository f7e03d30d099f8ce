# ruff: noqa: E501 -- nbgrader's metadata is one line per cell
import pytest

from autograder.warm_kernels.client import processes

SYLLABUS = """
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
"""

LECTURE = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# Losses

The loss is $L(w)$.

```{code-cell}
:tags: [hide-input]

import numpy as np
```

Between two cells.

+++

A cell of its own.

```{code-cell}
%matplotlib inline
np.zeros(3)
```
"""

ASSIGNMENT = '''\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Losses
# Write the loss.

# %%
import numpy as np

# %% nbgrader={"grade": false, "grade_id": "loss", "locked": false, "points": 0, "schema_version": 3, "solution": true}
def loss(x):
    """Return the sum of squares."""
    ### BEGIN SOLUTION
    return np.sum(x**2)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false}
assert loss(np.array([2.0])) == 4
### BEGIN HIDDEN TESTS
assert loss(np.array([1.0, 2.0])) == 5
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test_zero", "locked": true, "points": 1, "schema_version": 3, "solution": false}
assert loss(np.zeros(3)) == 0
'''

MUTANTS = """\
# Mistakes about losses.

# %% mutant="mean_not_sum" cell="loss" loses=["test_loss"]
# Takes the mean where the sum is asked for.
def loss(x):
    return np.mean(x**2)


# %% mutant="off_by_one" cell="loss" loses=["test_loss", "test_zero"]
# Adds one.
def loss(x):
    return np.sum(x**2) + 1
"""

ALTERNATIVE = """\
# %% cell="loss"
def loss(x):
    return x @ x
"""


@pytest.fixture(scope="session")
def warm_kernels():
    """End the process from which the session's kernels are forked."""
    yield
    processes.close()


@pytest.fixture
def root(tmp_path):
    """Make a small checkout with one lecture and its assignment, as texts only."""
    for path, text in {
        "course/syllabus.toml": SYLLABUS,
        "course/lectures/day1_losses.md": LECTURE,
        "assignments/authoring/day1_losses.py": ASSIGNMENT,
        "tests/mutants/day1_losses/mutants.py": MUTANTS,
        "tests/mutants/day1_losses/alternative_product.py": ALTERNATIVE,
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


@pytest.fixture
def edit(root):
    """Return a function that replaces words in a file of the small checkout."""

    def edit(path, old, new):
        text = (root / path).read_text()
        assert old in text
        (root / path).write_text(text.replace(old, new))

    return edit
