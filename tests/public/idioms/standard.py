# %% plain
import array
import datetime as dt
import decimal
import fractions
import re
import uuid
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType, SimpleNamespace

# %% answer values
letters = Counter("abracadabra")
groups = defaultdict(list, {"a": [1]})
line = deque([1, 2, 3], maxlen=3)
ordered = OrderedDict([("one", 1), ("two", 2)])
Point = namedtuple("Point", "x y")
origin = Point(0, 0)
price = Decimal("19.90")
third = Fraction(1, 3)
day = dt.date(2024, 2, 29)
noon = dt.datetime(2024, 2, 29, 12, 0, tzinfo=dt.timezone.utc)
gap = dt.timedelta(hours=36)
clock = dt.time(7, 30)
steps = range(0, 20, 5)
part = slice(1, 4, 2)
huge = 2**200
turn = 3 + 4j
raw = b"\x00\xff"
buffer = bytearray(b"abc")
frozen = frozenset({1, 2})
both = ChainMap({"a": 1}, {"a": 2, "b": 3})
pattern = re.compile(r"(\w+)@(\w+)\.ch")
space = SimpleNamespace(a=1, b="x")
fixed = MappingProxyType({"a": 1})
ident = uuid.UUID(int=5)
ints = array.array("i", [1, 2, 3])
nothing = None
dots = ...
infinite = float("inf")
# %% test counter
assert letters["a"] == 5 and letters["z"] == 0 and letters.most_common(1) == [("a", 5)]
# %% test counter_type
assert (
    isinstance(letters, Counter)
    and letters == Counter("abracadabra")
    and letters + Counter("a") == Counter("abracadabraa")
)
# %% test default
assert groups["new"] == [] and isinstance(groups, defaultdict) and groups.default_factory is list
# %% test queue
line.append(4)
assert list(line) == [2, 3, 4] and line.maxlen == 3
# %% test ordered_dict
assert list(ordered) == ["one", "two"] and isinstance(ordered, OrderedDict)
ordered.move_to_end("one")
assert list(ordered) == ["two", "one"]
# %% test named_tuple
assert origin == (0, 0) and origin.x == 0 and Point(1, y=2).y == 2 and Point._fields == ("x", "y")
# %% test decimal
assert price == Decimal("19.9") and price * 2 == Decimal("39.80") and isinstance(price, Decimal)
# %% test fraction
assert third == Fraction(2, 6) and third + third == Fraction(2, 3) and third.denominator == 3
# %% test date
assert day == dt.date(2024, 2, 29) and day.weekday() == 3 and (day + dt.timedelta(1)).month == 3
# %% test aware
assert noon.tzinfo is dt.timezone.utc and noon.isoformat() == "2024-02-29T12:00:00+00:00"
# %% test delta
assert gap == dt.timedelta(days=1.5) and gap.total_seconds() == 129600
# %% test clock
assert clock < dt.time(8) and f"{clock:%H:%M}" == "07:30"
# %% test range
assert steps == range(0, 20, 5) and list(steps) == [0, 5, 10, 15] and isinstance(steps, range)
# %% test slice
assert "abcdef"[part] == "bd" and part.step == 2
# %% test huge
assert huge == 1 << 200 and huge.bit_length() == 201
# %% test complex
assert turn == complex(3, 4) and abs(turn) == 5 and turn.conjugate().imag == -4
# %% test bytes
assert (
    raw == bytes([0, 255])
    and isinstance(raw, bytes)
    and buffer == b"abc"
    and isinstance(buffer, bytearray)
)
# %% test frozen_set
assert frozen == {1, 2} and isinstance(frozen, frozenset) and frozen | {3} == {1, 2, 3}
# %% test chain
assert both["a"] == 1 and both["b"] == 3 and isinstance(both, ChainMap)
# %% test pattern
assert pattern.match("ada@bank.ch").groups() == ("ada", "bank") and isinstance(pattern, re.Pattern)
# %% test namespace
assert space.a == 1 and space == SimpleNamespace(a=1, b="x")
# %% test read_only
assert fixed["a"] == 1
try:
    fixed["a"] = 2
except TypeError:
    pass
else:
    raise AssertionError("it can be changed")
# %% test singletons
assert nothing is None and dots is Ellipsis and infinite == float("inf")
# %% test array
assert list(ints) == [1, 2, 3] and isinstance(ints, array.array) and ident == uuid.UUID(int=5)


# %% answer functions
def later(day, n):
    return day + dt.timedelta(days=n)


def share(a, b):
    return Fraction(a, b)


def tally(words):
    return Counter(words)


def group(pairs):
    found = defaultdict(set)
    for key, value in pairs:
        found[key].add(value)
    return found


def norm(z):
    return abs(z) ** 2


def cost(prices):
    return sum(prices, Decimal(0))


def swap(point):
    return point._replace(x=point.y, y=point.x)


def emails(text):
    return [m["name"] for m in re.finditer(r"(?P<name>\w+)@", text)]


# %% test date_given
assert later(dt.date(2023, 12, 31), 1) == dt.date(2024, 1, 1)
# %% test fraction_made
assert share(2, 4) == Fraction(1, 2)
# %% test tallied
assert tally(["x", "y", "x"]).most_common() == [("x", 2), ("y", 1)]
# %% test grouped
assert group([("a", 1), ("a", 2), ("b", 3)]) == {"a": {1, 2}, "b": {3}}
# %% test complex_given
assert norm(1 + 1j) - 2 < 1e-12
# %% test decimals_given
assert cost([Decimal("0.10")] * 3) == Decimal("0.30")
# %% test named_given
assert swap(Point(1, 2)) == Point(2, 1)
# %% test found
assert emails("ada@x bob@y") == ["ada", "bob"]
# %% wrong plain values
letters, groups, line, ordered = {"a": 5}, {"a": [1]}, [1, 2, 3], {"one": 1, "two": 2}


def Point(x, y):
    return [x, y]


origin = Point(0, 0)
price, third, day, noon, gap, clock = 19.9, 0.333, "2024-02-29", "12:00", 36, "07:30"
steps, part, huge, turn, raw, buffer, frozen = (
    [0, 5, 10, 15],
    "bd",
    2.0**200,
    5,
    "\x00",
    b"abc",
    {1, 2},
)
both, pattern, space, fixed, ident, ints = {"a": 1, "b": 3}, "ada", {"a": 1}, {"a": 1}, 5, [1, 2, 3]
nothing, dots, infinite = 0, "...", 1e300


# %% wrong plain functions
def later(day, n):
    return day


def share(a, b):
    return a // b


def tally(words):
    return dict.fromkeys(words, 1)


def group(pairs):
    return dict(pairs)


def norm(z):
    return 9.0


def cost(prices):
    return 0.3


def swap(point):
    return point


def emails(text):
    return text.split()
