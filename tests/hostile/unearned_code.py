"""Tricks with which an answer would have the judge run or call what the student chose."""

from __future__ import annotations

from tests.hostile.unearned import Trick, trick

#: A file beside the answer; whatever runs it in the judge takes any answer for right.
BESIDE = """
with open("{name}.py", "w") as file:
    file.write("import numpy as np\\nnp.testing.assert_equal = print")


def {name}(n):
    return """


def _loaded(name: str, load: str) -> Trick:
    """Return a question whose test loads a file of the student's, and goes on without it."""
    load = load.strip().replace("\n", "\n    ")
    return trick(
        f"loaded_{name}",
        f"Takes the judge over from a file that the test loads ({name}).",
        BESIDE + "n * n",
        BESIDE + "-1",
        f"try:\n    {load}\nexcept OSError:\n    pass\nnp.testing.assert_equal({{name}}(3), 9)",
    )


SPEC = """
import importlib.util
spec = importlib.util.spec_from_file_location("{name}", "{name}.py")
spec.loader.exec_module(importlib.util.module_from_spec(spec))"""
LOADED = (
    _loaded("spec", SPEC),
    _loaded("run_path", "import runpy\nrunpy.run_path('{name}.py')"),
    _loaded("exec", "exec(open('{name}.py').read())"),
    _loaded("execfile", "get_ipython().safe_execfile('{name}.py', {}, raise_exceptions=True)"),
)
#: Each result is compared with what is computed then, whose memory is free afterwards.
RECOMPUTED = """
found = [np.allclose({name}(n), np.cumsum(np.arange(1.0, n + 1)) / 7) for n in (3, 4) * 10]
sum(found) / 20"""
TYPES = (
    trick(
        "type_of_arrays",
        "Answers with NumPy's own type of arrays, which gives memory as it was left.",
        "def {name}(n):\n    return np.cumsum(np.arange(1.0, n + 1)) / 7",
        "{name} = np.ndarray",
        RECOMPUTED,
    ),
)
IN_A_SUITE = """
import io
import unittest


class Test_{name}(unittest.TestCase):
    def test_two(self):
        self.assertEqual({name}(2), 8)

    def test_three(self):
        np.testing.assert_allclose({name}(np.array([3.0])), [27.0])


suite = unittest.defaultTestLoader.loadTestsFromTestCase(Test_{name})
result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
assert result.wasSuccessful(), 'a cube is wrong'"""


def _skipping(name: str, module: str) -> Trick:
    return trick(
        f"skip_{module.partition('.')[0]}_{name}",
        "Raises an exception that is named like one by which a test is skipped.",
        "def {name}(x):\n    return x**3",
        f"class {name}(Exception):\n    __module__ = {module!r}\n\n\n"
        f"def {{name}}(x):\n    raise {name}('later')",
        IN_A_SUITE,
    )


SKIPS = (
    _skipping("SkipTest", "numpy.testing"),
    _skipping("KnownFailureException", "numpy.testing"),
    _skipping("SkipTest", "unittest.case"),
)
TRICKS = LOADED + TYPES + SKIPS
