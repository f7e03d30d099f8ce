"""Tricks with which wrong answers could earn points of tests that look sound, one test each.

They stand apart from the battery, because each needs a test of a kind: all of them are answers in
one notebook, so that they cost two executions.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trick:
    """A question, the right answer and one that earns nothing."""

    name: str
    tries: str  # one sentence
    right: str
    trick: str
    test: str


#: Credit computed from what the student's function gives, without a conversion.
COUNTED = """
cases = [("call", 5, 3, 2), ("call", 2, 3, 0), ("put", 2, 3, 1)]
right = [{name}(kind, price, strike) == wanted for kind, price, strike, wanted in cases]
sum(right) / len(right)"""
PAYOFF = """
def {name}(kind, price, strike):
    return max(price - strike, 0) if kind == "call" else max(strike - price, 0)"""
#: Credit computed from an error, within limits, as `numpy.clip` leaves it.
CLOSE = """
float(np.clip(1 - abs({name}(3) - 9) / 9, 0, 1))"""


def trick(name: str, tries: str, right: str, wrong: str, test: str) -> Trick:
    """Return a trick; in its texts, ``{name}`` stands for its name."""
    return Trick(name, tries, *(text.replace("{name}", name) for text in (right, wrong, test)))


CREDIT = (
    trick(
        "credit_array",
        "Returns arrays of one element, so that the credit becomes one that is no plain number.",
        PAYOFF,
        "def {name}(kind, price, strike):\n    return np.array([-1.0])",
        COUNTED,
    ),
    trick(
        "credit_matrix",
        "Returns arrays of one element in several dimensions.",
        PAYOFF,
        "def {name}(kind, price, strike):\n    return np.full((1, 1, 1), -1.0)",
        COUNTED,
    ),
    trick(
        "credit_nan",
        "Returns NaN, so that the credit is no number of points and waits for a person.",
        "def {name}(n):\n    return n * n",
        "def {name}(n):\n    return float('nan')",
        CLOSE,
    ),
    trick(
        "credit_nan_array",
        "Returns an array of one NaN for the same purpose.",
        "def {name}(n):\n    return n * n",
        "def {name}(n):\n    return np.array([np.nan])",
        "np.clip(1 - abs({name}(3) - 9) / 9, 0, 1)",
    ),
    trick(
        "credit_negative",
        "Returns what is so wrong that the credit falls below zero.",
        "def {name}(n):\n    return n * n",
        "def {name}(n):\n    return 1e300",
        "1 - abs({name}(3) - 9)",
    ),
)


def _spoiled(name: str, value: str, change: str, right: str, known: str, test: str = "") -> Trick:
    """Return a question about a value, and an answer for what once stood in its place.

    Parameters
    ----------
    value
        What the test gives to the function.
    change
        What the trick does to it.
    right
        The expression that is right, and the test's own oracle.
    known
        What that expression gave for what stood in the place of a changed value.
    test
        A test of another form; it defines its own `x`.
    """
    test = test or f"x = {value}\nresult = {{name}}(x)\nnp.testing.assert_equal(result, {right})"
    return trick(
        f"spoiled_{name}",
        f"Changes what it is given, and returns what fits a value that is no more ({name}).",
        f"def {{name}}(x):\n    return {right}",
        f"def {{name}}(x):\n    {change}\n    return {known}",
        test.replace("{right}", right),
    )


HELPER = """
def check_{name}(seed):
    x = np.random.default_rng(seed).normal(size=4)
    result = {name}(x)
    np.testing.assert_allclose(result, {right})


check_{name}(3)"""
#: The array stays in a tuple, and is looked at through it.
IN_A_TUPLE = """
cases = ((np.arange(4.0), 1), (np.arange(5.0), 2))
results = [{name}(x) for x, _ in cases]
for (x, _), result in zip(cases, results):
    np.testing.assert_allclose(result, {right})"""
#: The function sees a row, and the test computes from the whole.
IN_A_VIEW = """
whole = np.random.default_rng(5).normal(size=(3, 4))
rows = [{name}(row) for row in whole]
np.testing.assert_allclose(rows, [{right} for x in whole])"""
#: The same, of an array that is itself a view.
IN_A_RESHAPED = """
whole = np.arange(1.0, 13.0).reshape(3, 4)
columns = [{name}(column) for column in whole.T]
np.testing.assert_allclose(columns, [{right} for x in whole.T])"""
IN_AN_OBJECT = """
import unittest


class Test_{name}(unittest.TestCase):
    def setUp(self):
        self.x = np.arange(5.0)

    def test(self):
        result, x = {name}(self.x), self.x
        np.testing.assert_allclose(result, {right})


assert unittest.TestResult.wasSuccessful(unittest.TextTestRunner().run(Test_{name}("test")))"""
IN_A_PARTIAL = """
import functools


def oracle_{name}(x):
    return {right}


x = np.arange(5.0)
oracle = functools.partial(oracle_{name}, x)
np.testing.assert_allclose({name}(x), oracle())"""
IN_A_DEFAULT = """
def check_{name}(x=np.arange(5.0)):
    result = {name}(x)
    np.testing.assert_allclose(result, {right})


check_{name}()"""
#: A library that catches whatever is raised, as NumPy's own `array_equal` does.
CAUGHT = """
x = np.arange(5.0)
result = {name}(x)
try:
    right = {right}
except TypeError:
    right = None
assert np.array_equal(result, right) or result is right or right is None"""
UNCHANGED = """
x = np.array([3.0, 1.0, 2.0])
result = {name}(x)
assert result == 1.0
assert np.array_equal(x, [3.0, 1.0, 2.0]), 'x was changed'"""
UNCHANGED_WHOLE = """
whole = np.arange(6.0).reshape(2, 3)
before = whole.copy()
assert {name}(whole[0]) == 0.0
assert np.array_equal(whole, before), 'whole was changed'"""
NANS, SCALED = "np.full(x.shape, np.nan)", "(x - x.mean()) / x.std()"
SET, TEXT = '"(your function changed this set)"', '"\\1changed"'
SPOILED = (
    _spoiled("float", "np.arange(5.0)", "x[0] += 1", SCALED, NANS),
    _spoiled("complex", "np.arange(5) * 1j", "x[0] += 1", "2 * x", "np.full(5, np.nan + 0j)"),
    _spoiled("integer", "np.arange(5)", "y = ~x; x[0] += 1", "2 * x", "2 * y"),
    _spoiled("unsigned", "np.arange(5, dtype='u1')", "y = ~x; x[0] += 1", "x // 2", "y // 2"),
    _spoiled("boolean", "np.arange(5) > 2", "y = ~x; x[0] ^= True", "x.sum()", "y.sum()"),
    _spoiled(
        "text", "np.array(['ab', 'c'])", "x[0] = 'z'", "np.char.upper(x)", "np.array(['\\1C'] * 2)"
    ),
    _spoiled(
        "bytes",
        "np.array([b'ab', b'c'])",
        "x[0] = b'z'",
        "np.char.add(x, x)",
        "np.array([b'\\1c\\1c'] * 2)",
    ),
    _spoiled(
        "date",
        "np.array(['2020', '2021'], 'M8[D]')",
        "x[0] += 1",
        "x + 1",
        "np.array(['NaT'] * 2, 'M8[D]')",
    ),
    _spoiled(
        "duration",
        "np.arange(2).astype('m8[s]')",
        "x[0] += 1",
        "x + x",
        "np.array(['NaT'] * 2, 'm8[s]')",
    ),
    _spoiled("scalar_array", "np.array(2.0)", "x[...] = 3", "x**2", "np.nan"),
    _spoiled("comparison", "np.array([1.0, 2.0, 1.0])", "x[0] = 5", "x == 1", "np.zeros(3, bool)"),
    _spoiled("list_length", "[1, 2, 3]", "x.append(1)", "len(x)", "1"),
    _spoiled("dict_length", "{'a': 1, 'b': 2}", "x['c'] = 1", "len(x)", "1"),
    _spoiled("dict_keys", "{'a': 1, 'b': 2}", "x['c'] = 1", "sorted(x)", "['changed']"),
    _spoiled("set", "{'a', 'b'}", "x.add('c')", "sorted(x)", f"[{SET}]"),
    _spoiled("bytearray", "bytearray(b'ab')", "x.append(1)", "bytes(x) * 2", "b'\\0changed' * 2"),
    _spoiled("in_a_list", "[np.arange(3.0)]", "x[0][0] = 1", "2 * x[0]", "np.full(3, np.nan)"),
    _spoiled("helper", "", "x[0] += 1", SCALED, NANS, HELPER),
    _spoiled("tuple", "", "x[0] += 1", SCALED, NANS, IN_A_TUPLE),
    _spoiled("view", "", "x[0] += 1", SCALED, NANS, IN_A_VIEW),
    _spoiled("reshaped", "", "x[0] += 1", SCALED, NANS, IN_A_RESHAPED),
    _spoiled("object", "", "x[0] += 1", SCALED, NANS, IN_AN_OBJECT),
    _spoiled("partial", "", "x[0] += 1", SCALED, NANS, IN_A_PARTIAL),
    _spoiled("default", "", "x[0] += 1", SCALED, NANS, IN_A_DEFAULT),
    _spoiled("caught", "", "x[0] += 1", SCALED, NANS, CAUGHT),
    _spoiled("unchanged", "", "x.sort()", "x.min()", "1.0", UNCHANGED),
    _spoiled("unchanged_whole", "", "x[1] += 1", "x.min()", "0.0", UNCHANGED_WHOLE),
)
#: The right answer to each question about an object.
LINE = """
class Line_{name}:
    def __init__(self):
        self.w = np.ones(2)
    def __call__(self, x):
        return x @ self.w
    def __setitem__(self, place, value):
        self.w[place] = value
    def __getitem__(self, place):
        return self.w
    @property
    def weights(self):
        return self.w
    @weights.setter
    def weights(self, value):
        self.w = value"""


def _in_place(name: str, method: str, use: str) -> Trick:
    """Return a question about an object that is given an array by an operation that is no call.

    Parameters
    ----------
    method
        What the trick defines: it sets what it is given to zero.
    use
        How the test gives `w` to `line`.
    """
    return trick(
        f"in_place_{name}",
        f"Sets the array of a test to zero while it is handed over, and gives zeros ({name}).",
        LINE,
        f"class Line_{{name}}:\n    {method}\n    def __call__(self, x): return np.zeros(len(x))",
        "x = np.arange(6.0).reshape(3, 2)\nw = np.array([3.0, -1.0])\nline = Line_{name}()\n"
        f"{use}\nassert np.allclose(line(x), x @ w)",
    )


IN_PLACE = (
    _in_place("attribute", "def __setattr__(self, name, value): value[:] = 0", "line.w = w"),
    _in_place(
        "property", "weights = property(None, lambda self, w: w.fill(0))", "line.weights = w"
    ),
    _in_place("item", "def __setitem__(self, key, value): value[:] = 0", "line[[0, 1]] = w"),
    _in_place(
        "key",
        "def __getitem__(self, key): key[0][:] = 0",
        "line.w = w\nline[[w]]",
    ),
)
SQUARES = """
class Squares_{name}:
    def __init__(self, n): self.n = n
    def __len__(self): return self.n
    def __iter__(self): return iter([k * k for k in range(self.n)])
def {name}(n):
    return Squares_{name}(n)"""
LOOP = "for got, wanted in zip(out, [0, 1, 4, 9]):\n    assert got == wanted"


def _counted(name: str, says: str, body: str, test: str) -> Trick:
    """Return a question about an object with items, and one whose loop leaves some out.

    Parameters
    ----------
    says
        What the trick does, as the rest of a sentence.
    body
        Its methods.
    test
        What is asked of `out`.
    """
    return trick(
        f"counted_{name}",
        f"Gives an object that {says}.",
        SQUARES,
        f"class L_{{name}}:\n    times = 0\n{body}\ndef {{name}}(n):\n    return L_{{name}}()",
        f"out = {{name}}(4)\n{test}",
    )


LENGTH, NOTHING = "    def __len__(self): return 4\n", "    def __iter__(self): return iter(())"
FIRST = """    def __iter__(self):
        self.times += 1
        return iter([0, 1, 4, 9] if self.times == 1 else [])"""
COUNTED_ITEMS = (
    _counted(
        "none", "has four items and no loop", LENGTH + NOTHING, f"assert len(out) == 4\n{LOOP}"
    ),
    _counted(
        "one",
        "has four items and loops over one",
        LENGTH + "    def __iter__(self): yield 0",
        f"assert len(out) == 4\n{LOOP}",
    ),
    _counted("after", "is asked afterwards", LENGTH + NOTHING, f"{LOOP}\nassert len(out) == 4"),
    _counted(
        "called",
        "has four items, with a call in between",
        LENGTH + NOTHING,
        f"assert len(out) == 4\n{{name}}(3)\n{LOOP}",
    ),
    _counted(
        "twice",
        "loops once and no more",
        FIRST,
        f"assert sum(1 for _ in out) == 4\n{LOOP}",
    ),
    _counted(
        "sum",
        "has items that are all right",
        LENGTH + NOTHING,
        "assert len(out) == 4\nassert all(one >= 0 for one in out)",
    ),
)
TRICKS = CREDIT + SPOILED + IN_PLACE + COUNTED_ITEMS
