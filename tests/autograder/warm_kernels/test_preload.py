"""A first mistake is answered at once: all that shows it was there before the fork."""

import pytest

from autograder.warm_kernels.client import processes
from tests.autograder.warm_kernels.watching import Kernel, write_spec

REMEMBER = "import inspect, sys\nmodules, files = set(sys.modules), set(inspect._filesbymodname)"
MISTAKE = "import numpy as np\ndef share(whole):\n    return np.random.rand() * whole / 0\nshare(1)"
NEW = "print(sorted(set(sys.modules) - modules))\nprint(len(set(inspect._filesbymodname) - files))"
#: Of what is imported as a kernel starts, the file is looked for then; there are a thousand more.
FEW = 50


def check(said):
    modules, files = said.splitlines()
    assert modules == "[]"
    assert int(files) < FEW


@pytest.mark.sandbox
def test_a_submission_s_first_error_imports_nothing_and_looks_for_no_files(run):
    done = run(REMEMBER, MISTAKE, NEW)
    assert done.messages[1] == "ZeroDivisionError: float division by zero"
    check(done.printed(2))


def test_nor_does_that_of_a_person(tmp_path):
    write_spec(tmp_path, ["numpy", "numpy.random"])
    try:
        with Kernel(tmp_path, "warm") as kernel:
            kernel.run(REMEMBER)
            assert kernel.run(MISTAKE) == "ZeroDivisionError"
            check(kernel.run(NEW))
    finally:
        processes.close()
