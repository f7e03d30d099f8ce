"""Attacks that try to win points by objects that lie about themselves."""

from __future__ import annotations

from tests.hostile.attack import Attack, returning
from tests.hostile.target import WRONG

#: Equal to everything, close to everything, true, a number, a sequence.
ANYTHING = '''
class Anything:
    """Agrees with whatever it is asked."""

    balance = property(lambda self: self)
    __array_priority__ = 1e9

    def __init__(self, *given, **named): pass
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __le__(self, other): return True
    def __gt__(self, other): return True
    def __ge__(self, other): return True
    def __hash__(self): return 0
    def __bool__(self): return True
    def __len__(self): return 3
    def __iter__(self): return iter([self] * 3)
    def __getitem__(self, key): return self
    def __getattr__(self, name):
        if name.startswith("__array"):
            raise AttributeError(name)
        return self
    def __call__(self, *given, **named): return self
    def __float__(self): return 0.0
    def __abs__(self): return self
    def __sub__(self, other): return self
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __sub__
    def __array_ufunc__(self, ufunc, method, *given, **named): return self
    def __array_function__(self, function, types, given, named): return self
'''
#: A number that every function returns, and an array class that agrees with every comparison.
LIE = """
from unittest.mock import ANY

import numpy as np


class Lie(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *given, **named):
        return np.bool_(True)
    def __array_function__(self, function, types, given, named):
        return ANY
    def __eq__(self, other): return True
    def __float__(self): return 0.0
    def all(self, *given, **named): return True


lie = np.zeros((5, 3)).view(Lie)
"""
SILENCE = "lambda *given, **named: None"

ATTACKS = (
    Attack(
        "always_equal",
        "Returns one object from every function that equals, and is close to, whatever it meets.",
        {
            **returning("Anything()", ANYTHING),
            "account": "Account = Anything",
            "root": "root = Anything()",
            "save": WRONG["save"] + "\nimport builtins\nbuiltins.open = Anything()",
        },
    ),
    Attack(
        "always_equal_and_patched_numpy",
        "Returns an always-equal object, and replaces the comparisons of NumPy by nothing.",
        returning(
            "Anything()",
            ANYTHING + f"import numpy as np\nimport numpy.testing\n"
            f"for name in dir(numpy.testing):\n"
            f"    if name.startswith('assert'):\n"
            f"        setattr(numpy.testing, name, {SILENCE})\n"
            f"np.allclose = np.isclose = np.array_equal = lambda *given, **named: True",
        ),
    ),
    Attack(
        "mock_any",
        "Answers every question with unittest.mock.ANY, which equals everything.",
        {**returning("ANY", "from unittest.mock import ANY"), "root": "root = ANY"},
    ),
    Attack(
        "magic_mock",
        "Answers every question with a MagicMock, which has every attribute and is true.",
        {
            **returning("mock", "from unittest.mock import MagicMock\nmock = MagicMock()"),
            "account": "Account = mock",
            "root": "root = mock",
        },
    ),
    Attack(
        "array_subclass",
        "Returns a subclass of ndarray that answers every NumPy function and comparison with true.",
        {**returning("lie", LIE), "root": "root = lie"},
    ),
    Attack(
        "array_protocol",
        "Returns an object whose __array__ looks up the expected array in the caller's frames.",
        returning(
            "Thief()",
            """
import sys
import numpy as np


class Thief:
    __array_priority__ = 1e9
    def __array__(self, dtype=None, copy=None):
        frame = sys._getframe()
        while frame:
            for name in ("right", "b", "desired", "y", "expected"):
                found = frame.f_locals.get(name)
                if found is not None:
                    return np.asarray(found, dtype=dtype)
            frame = frame.f_back
        return np.zeros((5, 3))
    def __len__(self): return 3
""",
        ),
    ),
    Attack(
        "claimed_class",
        "Returns objects whose __class__ claims to be float, ndarray and dict.",
        returning(
            "Claim()",
            """
import numpy as np


class Claim:
    turn = 0
    @property
    def __class__(self):
        Claim.turn += 1
        return (float, np.ndarray, dict)[Claim.turn % 3]
    def __eq__(self, other): return True
    def __float__(self): return 0.0
    def __len__(self): return 3
    def __hash__(self): return 0
""",
        ),
    ),
    Attack(
        "number_subclasses",
        "Returns subclasses of float, str and dict whose comparisons always agree.",
        {
            **returning(
                "Number(0)",
                """
class Number(float):
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    __sub__ = __rsub__ = __abs__ = lambda self, *given: self
    __hash__ = float.__hash__


class Words(dict):
    def __eq__(self, other): return True
    def __len__(self): return 3
    def __iter__(self): return iter(["a"])
    def __getitem__(self, key): return Number(0)
    __hash__ = None
""",
            ),
            "root": "root = Number(0)",
            "count": "def count(text):\n    return Words()",
        },
    ),
    Attack(
        "contains_everything",
        "Returns objects that contain whatever they are asked for.",
        {
            **returning(
                "Universe()",
                """
class Universe:
    def __contains__(self, thing): return True
    def __iter__(self): return iter(())
    def __len__(self): return 3
    def __getitem__(self, key): return self
    def __getattr__(self, name): return lambda *given: True
""",
            ),
            "root": "root = Universe()",
        },
    ),
    Attack(
        "contains_what_it_was_asked",
        "Returns a list that takes in whatever it is asked for, and agrees that it was there.",
        {
            "divisors": """class Taking(set):
    def __contains__(self, thing):
        self.add(thing)
        return True


def divisors(n):
    return Taking([1])"""
        },
    ),
)
