"""Tricks with objects, classes and exceptions that answer what a test wants to hear."""

from __future__ import annotations

from tests.hostile.unearned import Trick, trick

SQUARE = "def {name}(n):\n    return n * n"
#: What a function returns that knows nothing, by what its object says.
LIAR = "class L_{name}:\n    BODY\ndef {name}(n):\n    return L_{name}()"


def _liar(name: str, says: str, body: str, test: str) -> Trick:
    """Return a question about the square of a number, and an object that makes it look right.

    Parameters
    ----------
    says
        What the object does, as the rest of a sentence.
    body
        Its methods.
    test
        What is asked.
    """
    wrong = LIAR.replace("BODY", body.strip().replace("\n", "\n    "))
    return trick(f"object_{name}", f"Returns an object that {says}.", SQUARE, wrong, test)


DIFFERENCES = (
    _liar(
        "minus",
        "gives zero when something is taken from it",
        "def __sub__(self, other): return 0.0",
        "assert abs({name}(3) - 9) < 1e-9",
    ),
    _liar(
        "taken",
        "gives zero when it is taken from something",
        "def __rsub__(self, other): return 0.0",
        "assert abs(9 - {name}(3)) < 1e-9",
    ),
    _liar(
        "itself",
        "is its own difference, of which the size is zero",
        "def __sub__(self, other): return self\ndef __abs__(self): return 0.0",
        "assert abs({name}(3) - 9) < 1e-9",
    ),
    _liar(
        "largest",
        "is its own difference, of which the largest element is zero",
        "def __sub__(self, other): return self\ndef max(self): return 0.0",
        "x = np.arange(4.0)\nassert ({name}(x) - x**2).max() < 1e-9",
    ),
    _liar(
        "loop",
        "is its own difference, which has nothing but zeros",
        "def __sub__(self, other): return self\ndef __iter__(self): return iter([0.0] * 4)",
        "x = np.arange(4.0)\nfound = [abs(d) for d in {name}(x) - x**2]\n"
        "assert len(found) == 4 and max(found) < 1e-9",
    ),
    _liar(
        "square",
        "is its own difference and its own square, of which the sum is zero",
        "def __sub__(self, other): return self\n__pow__ = __sub__\ndef sum(self): return 0.0",
        "x = np.arange(4.0)\nassert (({name}(x) - x**2) ** 2).sum() < 1e-9",
    ),
    _liar(
        "opposite",
        "gives zero when something is added to its opposite",
        "def __neg__(self): return self\ndef __add__(self, other): return 0.0",
        "assert abs(-{name}(3) + 9) < 1e-9",
    ),
    _liar(
        "in_place",
        "becomes zero when something is taken from it in place",
        "def __isub__(self, other): return self\ndef __abs__(self): return 0.0",
        "d = {name}(3)\nd -= 9\nassert abs(d) < 1e-9",
    ),
    _liar(
        "round",
        "is rounded to zero once something was taken from it",
        "def __sub__(self, other): return self\ndef __round__(self, n): return 0",
        "assert round({name}(3) - 9, 7) == 0",
    ),
    _liar(
        "quotient",
        "is one when it is divided by anything",
        "def __truediv__(self, other): return 1.0",
        "assert abs({name}(3) / 9 - 1) < 1e-9",
    ),
    _liar(
        "rest",
        "leaves no rest, and goes once",
        "def __mod__(self, other): return 0\ndef __floordiv__(self, other): return 1",
        "assert {name}(3) % 9 == 0 and {name}(3) // 9 == 1",
    ),
    _liar(
        "product",
        "multiplies an array to what is expected",
        "def __mul__(self, other): return other * other",
        "x = np.arange(1.0, 5.0)\nright = x**2\n"
        "assert abs(({name}(x) * right).sum() - (right * right).sum()) < 1e-9",
    ),
)
AGREEING = "def __eq__(self, other): return True\ndef __hash__(self): return 9"
EQUAL = (
    _liar("in_a_set", "hashes and compares as the answer", AGREEING, "assert {name}(3) in {9}"),
    _liar(
        "as_a_key",
        "hashes as the key that is looked up",
        AGREEING,
        "assert {9: 'yes'}.get({name}(3)) == 'yes'",
    ),
    _liar("set_of_it", "makes a set equal", AGREEING, "assert {{name}(3)} == {9}"),
    _liar(
        "approx",
        "equals what is nearly right",
        AGREEING,
        "import pytest\nassert {name}(3) == pytest.approx(9)",
    ),
    _liar(
        "almost",
        "is almost equal",
        AGREEING + "\ndef __sub__(self, other): return 0",
        "import unittest\nunittest.TestCase().assertAlmostEqual({name}(3), 9)",
    ),
    _liar(
        "text",
        "has a text that equals every text",
        "def __str__(self): return type('T', (str,), {'__eq__': lambda s, o: True})('no')",
        "assert str({name}(3)) == '9'",
    ),
    _liar(
        "number",
        "is converted to a number that equals every number",
        "def __float__(self): return type('F', (float,), {'__eq__': lambda s, o: True})(1)",
        "assert float({name}(3)) == 9",
    ),
    _liar(
        "largest_of_two",
        "says that it is smaller than the answer",
        "def __gt__(self, other): return False\n__lt__ = lambda self, other: True",
        "assert max({name}(3), 9) == 9 and min({name}(3), 9) == 9",
    ),
    _liar(
        "stops",
        "ends the loop that checks it",
        "def __add__(self, other): raise StopIteration",
        "assert all(map(lambda k: {name}(k) + 1 == k * k + 1, (2, 3)))",
    ),
    _liar(
        "class",
        "has the class of an integer",
        "__class__ = int\ndef __eq__(self, other): return True",
        "assert isinstance({name}(3), int)",
    ),
    _liar(
        "state",
        "has a dictionary of attributes that equals every other",
        "__dict__ = property(lambda self: type('D', (dict,), {'__eq__': lambda s, o: True})())",
        "assert {'n': {name}(3)} == {'n': 9} or vars({name}(3)) == {'n': 9}",
    ),
)
POINT = """
class P_{name}:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return self.x == other.x
    def __hash__(self): return hash(self.x)
class Q_{name}(P_{name}): pass
def {name}(x):
    return Q_{name}(x)"""
PLAIN = "class P_{name}:\n    def __init__(self, x): self.x = x\n"


def _classes(name: str, tries: str, wrong: str, test: str) -> Trick:
    """Return a question about two classes, and another that says what is not so."""
    return trick(f"class_{name}", tries, POINT, PLAIN + wrong, test)


CLASSES = (
    _classes(
        "claimed",
        "Says in `__class__` that it is of the class that is asked for.",
        "class Q_{name}:\n    __class__ = P_{name}\ndef {name}(x):\n    return Q_{name}()",
        "assert isinstance({name}(3), P_{name})",
    ),
    _classes(
        "type",
        "Says in `__class__` that it is of the class by which its type is compared.",
        "class Q_{name}(P_{name}): pass\nclass O_{name}:\n"
        "    __class__ = property(lambda self: Q_{name})\ndef {name}(x):\n    return O_{name}()",
        "assert type({name}(3)) is Q_{name}",
    ),
    _classes(
        "order",
        "Has a metaclass whose `__mro__` and `__bases__` name a base that there is not.",
        "class M_{name}(type):\n    __mro__ = __bases__ = property(lambda c: (c, P_{name}))\n"
        "class Q_{name}(metaclass=M_{name}): pass",
        "assert issubclass(Q_{name}, P_{name}) or P_{name} in Q_{name}.__mro__",
    ),
    _classes(
        "instances",
        "Has a metaclass that takes a number of the test's for an instance.",
        "class M_{name}(type):\n    __instancecheck__ = lambda c, thing: True\n"
        "class Q_{name}(metaclass=M_{name}): pass\ndef {name}(x):\n    return x",
        "x = {name}(3)\nassert isinstance(x, Q_{name}) and not isinstance([1], Q_{name})",
    ),
    _classes(
        "hash",
        "Has a hash that is another each time.",
        "class Q_{name}:\n    n = 0\n    def __hash__(self):\n        Q_{name}.n += 1\n"
        "        return Q_{name}.n\ndef {name}(x):\n    return Q_{name}()",
        "p = {name}(3)\nassert hash(p) == hash(p) == hash(3)",
    ),
    _classes(
        "moods",
        "Has objects that are equal and unequal by turns.",
        "class Q_{name}:\n    n = 0\n    def __eq__(self, other):\n        Q_{name}.n += 1\n"
        "        return Q_{name}.n % 2 == 1\ndef {name}(x):\n    return Q_{name}()",
        "p = {name}(3)\nassert p == {name}(3) and p == {name}(3)",
    ),
    _classes(
        "any_attribute",
        "Gives an object that equals everything for every attribute.",
        "class A_{name}:\n    def __eq__(self, other): return True\n"
        "class Q_{name}:\n    def __getattr__(self, name): return A_{name}()\n"
        "def {name}(x):\n    return Q_{name}()",
        "assert {name}(3).x == 3",
    ),
)
RAISES = """
class E_{name}(Exception): pass
def {name}(n):
    if n < 0:
        raise E_{name}("negative")
    return n"""
CAUGHT = """
try:
    {name}(-1)
    raise AssertionError("nothing was raised")
except E_{name}:
    pass"""


def _raising(name: str, tries: str, wrong: str, test: str = CAUGHT) -> Trick:
    return trick(f"raised_{name}", tries, RAISES, wrong, test)


NOTHING = "\ndef {name}(n):\n    return n"
EXCEPTIONS = (
    _raising(
        "assertion",
        "Names the exception that a failing test raises like his own.",
        "E_{name} = AssertionError" + NOTHING,
    ),
    _raising(
        "everything",
        "Names the class of all exceptions like his own.",
        "E_{name} = Exception" + NOTHING,
    ),
    _raising(
        "base",
        "Names the base of all exceptions like his own.",
        "E_{name} = BaseException" + NOTHING,
    ),
    _raising(
        "metaclass",
        "Raises an exception whose metaclass says that it is of every class.",
        "class M_{name}(type):\n    __subclasscheck__ = __instancecheck__ = lambda c, k: True\n"
        "class E_{name}(Exception, metaclass=M_{name}): pass" + NOTHING,
    ),
    _raising(
        "builtin",
        "Raises an exception that says in `__class__` that it is a ValueError.",
        "class E_{name}(Exception):\n    __class__ = property(lambda self: ValueError)\n"
        "def {name}(n):\n    raise E_{name}",
        "import pytest\nwith pytest.raises(E_{name}):\n    {name}(-1)\nassert {name}(1) == 1",
    ),
    _raising(
        "end",
        "Raises an end of a loop of his own, in a call that a loop of the test's makes.",
        "class E_{name}(StopIteration): pass\ndef {name}(n):\n    raise E_{name}",
        "assert list(map({name}, (1, 2))) == [1, 2] or not E_{name}",
    ),
)
SWALLOWS = "    def __exit__(self, *error): return True\n"
CONTEXTS = (
    trick(
        "context_swallows",
        "Gives a context that swallows the failure of the test within it.",
        "class {name}:\n    def __enter__(self): return 9\n    def __exit__(self, *e): pass",
        "class {name}:\n    def __enter__(self): return 1\n" + SWALLOWS,
        "with {name}() as got:\n    assert got == 9",
    ),
    trick(
        "context_swallows_own",
        "Gives a context that swallows the exception by which his function avoids the test.",
        "class {name}:\n    def __enter__(self): return self\n    def __exit__(self, *e): pass\n"
        "    def square(self, n): return n * n",
        "class E_{name}(Exception): pass\nclass {name}:\n    def __enter__(self): return self\n"
        + SWALLOWS
        + "    def square(self, n): raise E_{name}",
        "with {name}() as got:\n    assert got.square(3) == 9",
    ),
    trick(
        "context_swallows_async",
        "Gives an asynchronous context that swallows the failure of the test within it.",
        "class {name}:\n    async def __aenter__(self): return 9\n"
        "    async def __aexit__(self, *e): return False",
        "class {name}:\n    async def __aenter__(self): return 1\n"
        "    async def __aexit__(self, *e): return True",
        "async with {name}() as got:\n    assert got == 9",
    ),
    trick(
        "coroutine_without_end",
        "Gives a coroutine that never ends.",
        "async def {name}(n):\n    return n * n",
        "import asyncio\nasync def {name}(n):\n    while True:\n        await asyncio.sleep(0.01)",
        "import asyncio\nassert await asyncio.wait_for({name}(3), 1) == 9",
    ),
)
TAKES_OVER = "__import__('numpy').testing.__dict__.update(assert_equal=print)"
TEXTS = (
    trick(
        "run_annotation",
        "Has an annotation whose text would be run where a test looks up its type.",
        SQUARE,
        f'def {{name}}(n: "{TAKES_OVER}"):\n    return -1',
        "import typing\ntyping.get_type_hints({name})\nnp.testing.assert_equal({name}(3), 9)",
    ),
    trick(
        "run_class_annotation",
        "Has the same in the body of a class.",
        "class {name}:\n    n: int\n    square = staticmethod(lambda n: n * n)",
        f'class {{name}}:\n    n: "{TAKES_OVER}"\n    square = staticmethod(lambda n: -1)',
        "import typing\ntyping.get_type_hints({name})\n"
        "np.testing.assert_equal({name}.square(3), 9)",
    ),
    trick(
        "run_signature",
        "Has a signature as a text, with a default that would be run.",
        SQUARE,
        f'class C_{{name}}:\n    __text_signature__ = "(n={TAKES_OVER})"\n'
        "    def __call__(self, n): return -1\n{name} = C_{name}()",
        "import inspect\ninspect.signature({name})\nnp.testing.assert_equal({name}(3), 9)",
    ),
    trick(
        "run_docstring",
        "Has examples in a docstring that would be run in the judge.",
        SQUARE,
        f'def {{name}}(n):\n    """\n    >>> {TAKES_OVER}\n    """\n    return -1',
        "import doctest\ntry:\n    doctest.run_docstring_examples({name}, {})\n"
        "except TypeError:\n    pass\nnp.testing.assert_equal({name}(3), 9)",
    ),
)
TRICKS = DIFFERENCES + EQUAL + CLASSES + EXCEPTIONS + CONTEXTS + TEXTS
