"""The names of a test and of the student's code are the same, as far as that is safe."""

import pytest

from autograder.model import Verdict
from tests.autograder.building import asserts, solution

pytestmark = pytest.mark.sandbox

STATE = """
import collections
import numpy as np

basket, log, total = [], {"n": 0}, 0
again = basket
rows = [[1, 2], [3]]
grid = np.zeros((2, 2))
queue = collections.deque([1])
missing = {}


class Stock:
    def __init__(self):
        self.items = {}


shop = Stock()


def put(item):
    basket.append(item)
    return len(basket)


def visit():
    log["n"] += 1


def add(k):
    global total
    total += k
    return total


def fill(value):
    grid[0] = value
    return value


def grow():
    global grid
    grid = np.ones(3)
    return 3


def refuse(item):
    basket.append(item)
    raise ValueError("no more")


def get():
    return basket


def drop():
    global missing
    del missing
    return True


def extend(items, item):
    items.append(item)
    return len(items)


def wait(one):
    queue.append(one)
    return len(queue)
"""
#: Tests of state, in the order in which they change it.
SEEN = {
    "list": "put('egg')\nassert 'egg' in basket",
    "length": "n = len(basket)\nput('tea')\nassert len(basket) == n + 1",
    "next": "assert basket == ['egg', 'tea']",
    "number": "before = total\nadd(5)\nassert total == before + 5",
    "dictionary": "old = log['n']\nvisit()\nassert log['n'] == old + 1",
    "cleared": "basket.clear()\nassert put('one') == 1 and basket == ['one']",
    "after": "assert basket == ['one']",
    "returned": "assert put('two') == len(basket)",
    "alias": "mine = basket\nput('three')\nassert mine[-1] == 'three' and mine is basket is again",
    "one object": "assert get() is basket\nget().append('four')\nassert basket[-1] == 'four'",
    "given back": "n = extend(basket, 'five')\nassert n == len(basket) == len(again)",
    "nested": "inner = rows[0]\nassert extend(inner, 3) == 3 and rows == [[1, 2, 3], [3]]",
    "nested, by the test": "rows[1].append(4)\nassert extend(rows[1], 5) == 3 and rows[1][2] == 5",
    "array": "view = grid[0]\nassert fill(7.0) == grid[0, 0] == view[1] == 7",
    "array, by the test": "grid[1] = 3\nfill(8.0)\nassert grid.tolist() == [[8, 8], [3, 3]]",
    "other array": "assert grow() == len(grid) == grid.sum()",
    "library's": "assert wait(2) == 2 and list(queue) == [1, 2]",
    "with an error": (
        "n = len(basket)\ntry:\n    refuse('x')\nexcept ValueError:\n    pass\n"
        "assert len(basket) == n + 1"
    ),
    "attribute": "shop.items['tea'] = 1\nassert put('six') == len(basket)",
    "in a function": (
        "def check():\n    n = len(basket)\n    return put('s') == n + 1 == len(basket)\n"
        "assert check()"
    ),
    "deleted": (
        "assert missing == {}\ndrop()\n"
        "try:\n    missing\nexcept NameError:\n    pass\nelse:\n    assert 0"
    ),
    "own": "basket = list(basket)\nn = len(basket)\nput('x')\nassert len(basket) == n",
}
UNCHANGING = """
def put(item): return None
def visit(): pass
def add(k): return 0
def fill(value): return value
def grow(): return 3
def refuse(item): raise ValueError("no more")
def get(): return [*basket]
def drop(): return True
def extend(items, item): return len(items) + 1
def wait(one): return 2
"""


def cells(tests):
    return [asserts(text, name) for name, text in tests.items()]


def told(done, tests):
    return dict(zip(tests, done.messages[-len(tests) :], strict=True))


def test_what_a_call_changed_is_seen_changed(run):
    done = run(solution(STATE), *cells(SEEN))
    assert told(done, SEEN) == dict.fromkeys(SEEN, "")


def test_what_no_call_changed_is_not(run):
    done = run(solution(STATE + UNCHANGING), *cells(SEEN))
    right = {"own", "next", "array, by the test", "after", "attribute"}
    assert {name for name, said in told(done, SEEN).items() if not said} <= right


TAKEN = """
expected, wanted, n = 0, [], 0
def f(x):
    global expected, wanted, n
    seen.append(str((expected, wanted, n)))
    expected = wanted = n = 0
    return 0
seen = []
def check(*_): return True
"""
#: Tests that a wrong answer would pass if it could change, or see, what the tests define.
OWN = {
    "own variable": "expected = 417\nassert f(3) == expected",
    "in a loop": "for n, wanted in ((1, 4171), (2, 4172)):\n    assert f(n) == wanted",
    "in a function": "def check(x):\n    wanted = 4173\n    return f(x) == wanted\nassert check(2)",
    "read by a function": "def g(x):\n    return f(x) == expected\nexpected = 4174\nassert g(1)",
    "own list": "wanted = [4175]\nf(1)\nassert wanted == [0]",
}


HIDE = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"


def test_what_a_hidden_test_defines_is_neither_seen_nor_changed(run):
    hidden = {name: HIDE.format(text) for name, text in OWN.items()}
    done = run(solution(TAKEN), *cells(hidden), solution("print(seen)", "shown"))
    assert all(done.messages[1:-1])
    assert "417" not in done.printed(len(OWN) + 1)


PATCHED = """
def squares(n):
    return [i**2 for i in range(1, n + 1)]


def total(n):
    return sum(squares(n))


def hello(name):
    print("Hello", name)


def ask():
    return int(input("n? ")) * 2


def least(p, q):
    return p if p < q else q


def roll():
    import random
    return random.randint(1, 6) + 1


class Dog:
    def speak(self):
        return "woof"

    def twice(self):
        return self.speak() * 2


names = ["b"]


def listed():
    return sorted(names)
"""
PATCHES = {
    "deleted": (
        "orig = squares\ndel squares\ntry:\n    total(1)\nexcept NameError:\n    pass\n"
        "else:\n    raise AssertionError('squares is not used')\nfinally:\n    squares = orig"
    ),
    "after": "assert total(3) == 14 and squares(2) == [1, 4]",
    "patched": (
        "from unittest.mock import patch\n"
        "with patch('__main__.squares', return_value=[5, 6]) as fake:\n    assert total(9) == 11\n"
        "fake.assert_called_once_with(9)\nassert total(2) == 5"
    ),
    "assigned": "old = squares\nsquares = lambda n: [100]\nassert total(2) == 100\nsquares = old",
    "counted": (
        "calls = []\nold = squares\ndef squares(n):\n    calls.append(n)\n    return old(n)\n"
        "assert total(3) == 14 and calls == [3]"
    ),
    "undone": "assert total(2) == 5",
    "printed": (
        "with patch('builtins.print') as out:\n    hello('Ada')\n"
        "out.assert_called_once_with('Hello', 'Ada')"
    ),
    "main": (
        "with patch('__main__.print', create=True) as out:\n    hello('Ada')\n"
        "out.assert_called_once_with('Hello', 'Ada')"
    ),
    "input": (
        "with patch('builtins.input', side_effect=['21', '4']) as asked:\n"
        "    assert ask() == 42 and ask() == 8\nassert asked.call_count == 2"
    ),
    "own input": "input = lambda prompt='': '4'\nassert ask() == 8\ndel input",
    "min": (
        "with patch('builtins.min') as fake:\n    assert least(3, 2) == 2\nfake.assert_not_called()"
    ),
    "sorted": (
        "with patch('builtins.sorted', wraps=sorted) as fake:\n    listed()\nassert fake.called"
    ),
    "method": (
        "with patch.object(Dog, 'speak', return_value='x'):\n    assert Dog().twice() == 'xx'\n"
        "assert Dog().twice() == 'woofwoof'"
    ),
    "data": "kept = names\nnames = ['d', 'c']\nassert listed() == ['c', 'd']\nnames = kept",
    "data again": "assert listed() == ['b']",
    "monkeypatch": (
        "import pytest\nwith pytest.MonkeyPatch.context() as m:\n"
        "    m.setattr('__main__.squares', lambda n: [7])\n    assert total(1) == 7\n"
        "assert total(1) == 1"
    ),
    "library": (
        "import random\nwith patch('random.randint', return_value=40) as fake:\n"
        "    assert roll() == 41\nfake.assert_called_once_with(1, 6)\nassert roll() < 8"
    ),
    "library's object": (
        "import random as r\nwith patch.object(r, 'randint', side_effect=[1, 2]):\n"
        "    assert roll() == 2 and roll() == 3"
    ),
    "library, forgotten": (
        "import random\ndef refuse(*_):\n    raise AssertionError('no')\nrandom.randint = refuse\n"
        "try:\n    roll()\nexcept AssertionError:\n    pass\nelse:\n    assert 0"
    ),
    "library, by the next": "assert 1 < roll() < 8 and 0 < random.randint(1, 6) < 7",
    "forgotten": "fake = patch('__main__.squares', return_value=[1]).start()\nassert total(5) == 1",
    "forgotten by the next": "assert total(2) == 5",
}
INLINE = """
def total(n): return sum(i * i for i in range(1, n + 1))
def hello(name): return "Hello " + name
def ask(): return 42
def least(p, q): return min(p, q)
def listed(): return ["b"]
def roll(): return 4
class Dog:
    def speak(self): return "woof"
    def twice(self): return "woofwoof"
"""


def test_what_a_test_patches_the_student_s_code_finds_until_the_cell_ends(run):
    done = run(solution(PATCHED), *cells(PATCHES), solution("print(total(3))", "later"))
    assert told(done, [*PATCHES, "later"]) == dict.fromkeys([*PATCHES, "later"], "")
    assert done.printed(len(PATCHES) + 1) == "14\n"


def test_an_answer_that_does_not_use_what_is_patched_is_found_out(run):
    done = run(solution(PATCHED + INLINE), *cells(PATCHES))
    passed = {name for name, said in told(done, PATCHES).items() if not said}
    assert passed == {
        *("after", "undone", "data again", "library, by the next", "forgotten by the next")
    }
    assert {*done.verdicts} <= {Verdict.PASS, Verdict.FAIL, Verdict.ERROR}


#: Answers that need what the test before them has defined, and a test of each.
LATER = (
    solution("def double(v):\n    return 2 * v\nfound = []\nclass Box: pass", "double"),
    asserts(
        "import math\nfrom statistics import mean as centre\nvalues = [1, 2, 3]\nlimit: int = 4\n"
        "def shift(v):\n    return v + limit\nclass Point:\n    x = 7\nbox = Box()\n"
        "for last in values:\n    found.append(last)\nassert double(math.floor(2.5)) == 4",
        "t1",
    ),
    solution(
        "box.top = max(values)\n"
        "def f(v):\n    return math.sqrt(shift(v) + Point.x) + centre(found)",
        "later",
    ),
    asserts("assert f(5) == 6 and box.top == last == 3", "t2"),
    asserts(HIDE.format("import cmath\nsecret = [417]") + "\nknown = 5\nseen = len(secret)", "t3"),
    solution(
        "print(sorted(n for n in ('cmath', 'secret', 'seen', 'known') if n in globals()))", "shown"
    ),
)


def test_the_next_answer_finds_what_a_test_has_defined(run):
    done = run(*LATER)
    assert done.messages == [""] * len(LATER)
    assert done.printed(len(LATER) - 1) == "['known']\n"
