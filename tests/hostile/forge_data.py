"""Attacks that try to win points by data, and by functions that are not the student's own."""

from __future__ import annotations

from tests.hostile.attack import Attack, returning

ATTACKS = (
    Attack(
        "numpy_masked",
        "Returns arrays whose every element is masked, so that no comparison fails.",
        {
            **returning(
                "np.ma.masked_all(given[0].shape if hasattr(given[0], 'shape') else 3)",
                "import numpy as np",
            ),
            "root": "import numpy as np\nroot = np.ma.masked",
        },
    ),
    Attack(
        "empty_array",
        "Returns arrays with no element, of which all elements are close to anything.",
        {
            **returning("np.zeros((0, 5, 3))", "import numpy as np"),
            "area": "def area(r):\n    return np.zeros(0)",
            "fit": "def fit(x, y):\n    return (np.zeros(0), np.zeros(0))",
        },
    ),
    Attack(
        "not_a_number",
        "Returns NaN everywhere, for tests that only refuse what is too far away.",
        {**returning("float('nan')"), "root": "root = float('nan')"},
    ),
    Attack(
        "infinite",
        "Returns infinity everywhere, so that relative tolerances become infinite.",
        {**returning("np.full((5, 3), np.inf)"), "root": "root = float('inf')"},
    ),
    Attack(
        "huge_tolerance_type",
        "Returns arrays of types that compare in their own way: times, texts, records, objects.",
        {
            **returning("np.zeros((5, 3), dtype=object)", "import numpy as np"),
            "area": "def area(r):\n    return np.timedelta64('NaT')",
            "weights": "def weights(n):\n    return np.array(['0.1'] * n)",
            "fit": "def fit(x, y):\n    return np.zeros(2, dtype=[('a', float)])",
        },
    ),
    Attack(
        "two_looks",
        "Returns objects that change each time they are looked at, first innocent, then agreeing.",
        {
            **returning(
                "Turncoat()",
                """
class Turncoat:
    looks = 0
    def __float__(self):
        Turncoat.looks += 1
        return float(Turncoat.looks)
    def __getattribute__(self, name):
        Turncoat.looks += 1
        return Turncoat.looks
    def __len__(self):
        Turncoat.looks += 1
        return 2 + Turncoat.looks % 3
    def __iter__(self): return iter(range(Turncoat.looks))
    def __eq__(self, other): return Turncoat.looks % 2
    def __hash__(self): return Turncoat.looks
""",
            ),
            "account": "class Account:\n    def __init__(self, b):\n        self.log = [5.0]\n"
            "    def deposit(self, amount):\n        pass\n"
            "    balance = property(lambda self: self.log.pop() if self.log else ANY)\n"
            "class Any(float):\n    def __eq__(self, other): return True\n"
            "    __sub__ = __rsub__ = lambda self, other: 0.0\nANY = Any()",
        },
    ),
    Attack(
        "operator_functions",
        "Answers with functions of the standard library that a test could call itself.",
        {
            "square": "from operator import eq, truth\nfrom math import isclose\nsquare = truth",
            "area": "area = isclose",
            "standardise": "standardise = eq",
            "integrate": "from functools import partial\nintegrate = partial(print)",
            "account": "Account = eq",
            "weights": "weights = range",
            "fit": "fit = zip",
            "root": "root = isclose",
            "count": "count = eval",
        },
    ),
    Attack(
        "judge_runs_names",
        "Names functions of modules as its answers, that the judge would import and run itself.",
        {
            "square": "from helper import agree\nsquare = agree",
            "area": "area = agree",
            "standardise": "import os\nstandardise = os.system",
            "integrate": "integrate = eval",
            "account": "from helper import Agree as Account",
            "weights": "weights = agree",
            "fit": "def fit(x, y): pass\n"
            "fit.__module__, fit.__qualname__, fit.__name__ = 'helper', 'agree', 'agree'",
            "root": "root = agree",
            "count": "count = exec",
        },
        files={
            "helper.py": "import sys\n\n\nclass Agree(float):\n    balance = 5.0\n"
            "    def __eq__(self, other): return True\n"
            "    def deposit(self, amount): self.balance = Agree()\n\n\n"
            "def agree(*given):\n    frame = sys._getframe(1)\n"
            "    frame.f_globals['close'] = lambda *given: True\n    return Agree()\n"
        },
    ),
    Attack(
        "modules_as_answers",
        "Returns modules, classes and itself as results.",
        {**returning("[os, type, square, Ellipsis, ...][0]", "import os"), "root": "root = float"},
    ),
    Attack(
        "in_place",
        "Changes the test's inputs in place, so that the right answer becomes the one it gives.",
        {
            "standardise": "def standardise(x):\n    n = len(x)\n"
            "    x[:] = np.linspace(-1.0, 1.0, n)[:, None] / np.sqrt((n + 1) / (3 * (n - 1)))\n"
            "    return x.copy()",
            "fit": "def fit(x, y):\n    x[:] = 0.0\n    y[:] = 0.0\n    return x",
        },
    ),
    Attack(
        "result_changes_later",
        "Returns an array, and lets a thread write the expected values into it later.",
        returning(
            "late(given)",
            """
import sys
import threading
import time

import numpy as np


def late(given):
    result = np.zeros(getattr(given[0], "shape", 3))

    def chase():
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            for frame in sys._current_frames().values():
                while frame:
                    for name in ("right", "b", "desired", "y"):
                        found = frame.f_locals.get(name)
                        if isinstance(found, np.ndarray) and found.shape == result.shape:
                            result[...] = found
                    frame = frame.f_back

    threading.Thread(target=chase, daemon=True).start()
    return result
""",
        ),
    ),
    Attack(
        "reduced",
        "Returns objects that run code of their own when they are unpickled or copied.",
        returning(
            "Bomb()",
            """
class Bomb:
    def __reduce__(self):
        return eval, ("__import__('sys')._getframe(1).f_globals.update(close=lambda *a: True)",)
    __reduce_ex__ = lambda self, protocol: self.__reduce__()
    __copy__ = __deepcopy__ = lambda self, memo=None: eval(self.__reduce__()[1][0])
""",
        ),
    ),
)
