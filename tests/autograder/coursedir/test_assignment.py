"""What is known of an assignment before any submission is looked at."""

import ast

import nbformat
import pytest

from autograder.coursedir.assignment import imports
from tests.autograder.building import asserts, marked, notebook, solution


@pytest.fixture
def source(tmp_path):
    """Return a function that writes a source notebook and returns its path."""

    def source(*cells):
        path = tmp_path / "p1.ipynb"
        nbformat.write(notebook(*cells), path)
        return path

    return source


def test_imports_are_those_of_the_plain_cells(source):
    path = source(
        "import numpy as np\nfrom scipy import stats, optimize as opt\nx = np.ones(3)",
        solution("import answer"),
        asserts("import tested"),
        marked("import locked", "locked", locked=True),
        marked("import unlocked", "unlocked"),
        "def f():\n    import inner\nimport numpy as np",
    )
    assert imports(path).splitlines() == [
        "import numpy as np",
        "from scipy import stats, optimize as opt",
        "import unlocked",
    ]


def test_imports_stand_among_magics_and_broken_cells(source):
    path = source(
        "%matplotlib inline\nimport numpy as np",
        "here = !ls\nimport os",
        "import never\nthis is no Python",
        "!pip install nothing\nfrom math import *",
        "%%time\nimport timed",
    )
    assert imports(path).splitlines() == ["import numpy as np", "import os", "from math import *"]


def test_imports_can_be_executed_as_one_text(source):
    path = source("import os", "from __future__ import annotations", "from . import sibling")
    text = imports(path)
    assert text.splitlines() == ["from __future__ import annotations", "import os"]
    ast.parse(text)


def test_without_a_source_notebook_nothing_is_known_to_be_imported(tmp_path):
    assert imports(tmp_path / "none.ipynb") == ""
    (tmp_path / "broken.ipynb").write_text('{"cells": [1]')
    assert imports(tmp_path / "broken.ipynb") == ""
    (tmp_path / "strange.ipynb").write_text('{"cells": [1], "nbformat": 4}')
    assert imports(tmp_path / "strange.ipynb") == ""
