"""Tests of a student's classes as courses write them, with a right answer and wrong ones."""

ANSWER = '''
import asyncio, dataclasses, enum, functools, inspect, warnings
from abc import ABC, abstractmethod


class Vec:
    """A point of the plane."""
    count = 0
    def __init__(self, x: float, y: float = 0.0):
        self.x, self.y = x, y
        Vec.count += 1
    def __add__(self, other): return Vec(self.x + other.x, self.y + other.y)
    def __mul__(self, k): return Vec(self.x * k, self.y * k)
    __rmul__ = __mul__
    def __truediv__(self, k): return Vec(self.x / k, self.y / k)
    def __eq__(self, other): return isinstance(other, Vec) and [*self] == [*other]
    def __hash__(self): return hash((self.x, self.y))
    def __lt__(self, other): return abs(self) < abs(other)
    def __abs__(self): return (self.x**2 + self.y**2) ** 0.5
    def __neg__(self): return Vec(-self.x, -self.y)
    def __bool__(self): return bool(self.x or self.y)
    def __float__(self): return float(abs(self))
    def __round__(self, n=0): return Vec(round(self.x, n), round(self.y, n))
    def __len__(self): return 2
    def __iter__(self): return iter((self.x, self.y))
    def __getitem__(self, place): return (self.x, self.y)[place]
    def __repr__(self): return f"Vec({self.x}, {self.y})"
    def __format__(self, form): return f"<{self.x:{form or 'g'}}>"
    @property
    def norm(self): return abs(self)
    @classmethod
    def unit(cls): return cls(1.0, 0.0)


class Node:
    def __init__(self, value, after=None): self.value, self.after = value, after


class Shape(ABC):
    def __init__(self, name): self.name = name
    @abstractmethod
    def area(self): ...
    def tell(self): return f"{self.name}: {self.area()}"


class Square(Shape):
    def __init__(self, side):
        super().__init__("square")
        self.side = side
    def area(self): return self.side**2


@dataclasses.dataclass(order=True)
class Item:
    name: str
    price: float = 1.0
    tags: list = dataclasses.field(default_factory=list)


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class BankError(Exception): pass


class Overdraft(BankError, ValueError):
    def __init__(self, missing):
        super().__init__(f"missing {missing}")
        self.missing = missing


def pay(balance, amount):
    if amount > balance:
        raise Overdraft(amount - balance)
    return balance - amount


def wrapped():
    try:
        {}["k"]
    except KeyError as error:
        raise RuntimeError("wrapped") from error


def checked(x):
    if x < 0:
        raise ValueError("negative", x)
    return x


def line(x, a, b): return a * x + b


def scale(values: list, factor: int = 2) -> list:
    """Multiply all values."""
    return [factor * v for v in values]


async def fetch(x):
    await asyncio.sleep(0)
    return x + 1


async def fails(): raise Overdraft(3)


async def ticks(n):
    for k in range(n):
        await asyncio.sleep(0)
        yield k


class Door:
    async def __aenter__(self):
        self.open = True
        return self
    async def __aexit__(self, *error): self.open = False


def counted(f):
    @functools.wraps(f)
    def inner(*given, **named):
        inner.calls += 1
        return f(*given, **named)
    inner.calls = 0
    return inner


def numbers():
    yield 1
'''
IMPORTS = (
    "import asyncio, copy, dataclasses, enum, inspect, typing, unittest\nimport numpy as np\n"
    "import pytest\nfrom abc import ABC\nfrom collections.abc import Hashable, Iterable, Sized"
)
#: Cells, each after a line with its name.
CELLS = """
# %% add_equal
assert Vec(1, 2) + Vec(3, 4) == Vec(4, 6)
assert Vec(1, 2) != Vec(1, 3)

# %% times
v = 2 * Vec(1, 2)
assert (v.x, v.y) == (2, 4)
assert (v / 2).x == 1

# %% unary
assert abs(Vec(3, 4)) == 5
assert (-Vec(1, 2)).x == -1
assert round(Vec(1.26, 2), 1).x == 1.3
assert float(Vec(3, 4)) == 5.0

# %% truth
assert not Vec(0, 0)
assert Vec(1, 0)
assert Node(1)

# %% sorted
assert [v.x for v in sorted([Vec(3), Vec(1)])] == [1, 3]
assert max([Vec(3), Vec(1)]).x == 3
assert sorted(Color, key=lambda c: c.value)[0].name == 'RED'

# %% sets
assert len({Vec(1, 2), Vec(1, 2)}) == 1
assert Vec(1, 2) in [Vec(0), Vec(1, 2)]
assert {Vec(1): 3}[Vec(1)] == 3

# %% sum
assert sum([Vec(1, 1), Vec(2, 2)], Vec(0, 0)).x == 3

# %% chain
node, seen = Node(1, Node(2)), []
while node:
    seen.append(node.value)
    node = node.after
assert seen == [1, 2]

# %% format
assert f'{Vec(1.5):.2f}' == '<1.50>' and repr(Vec(1, 2)) == 'Vec(1, 2)'

# %% no_operator
with pytest.raises(TypeError):
    Vec(1) - 'a'
with pytest.raises(AttributeError):
    Vec(1) + 'a'

# %% type_is
assert type(Vec(1)) is Vec and Vec(1).__class__ is Vec
assert type(Vec(1)).__name__ == 'Vec' and type(Vec.unit()) == Vec
assert type(Vec(1)) is not Node

# %% isinstance
assert isinstance(Square(1), Shape) and not isinstance(Vec(1), Shape)
assert not isinstance(3, Vec) and isinstance(Vec, type)

# %% subclass
assert issubclass(Square, Shape) and issubclass(Shape, ABC)
assert not issubclass(Vec, Shape) and issubclass(Color, enum.Enum)

# %% order
assert [k.__name__ for k in Square.__mro__] == ['Square', 'Shape', 'ABC', 'object']
assert Square.__bases__ == (Shape,) and Square.__base__ is Shape and Shape.mro()[-1] is object

# %% body
assert '__len__' in Vec.__dict__ and 'norm' in vars(Vec)
assert isinstance(Vec.__dict__['norm'], property) and isinstance(Vec.norm, property)
assert isinstance(Vec.__dict__['unit'], classmethod) and '__lt__' in dir(Vec)

# %% state
assert vars(Square(3)) == {'name': 'square', 'side': 3}
assert Vec(1).__dict__['x'] == 1

# %% abc
assert isinstance(Vec(1), Iterable) and isinstance(Vec(1), Sized)
assert isinstance(Vec(1), Hashable) and not isinstance(Node(1), Iterable)

# %% methods
assert hasattr(Vec, '__add__') and hasattr(Vec(1), '__len__')
assert not hasattr(Node, '__add__') and Vec.__add__(Vec(1), Vec(2)).x == 3
assert Vec(1).__repr__() == 'Vec(1, 0.0)'

# %% abstract
with pytest.raises(TypeError):
    Shape('x')
assert inspect.isabstract(Shape) and 'area' in Shape.__abstractmethods__

# %% derived
class Circle(Shape):
    def __init__(self, r):
        super().__init__('circle')
        self.r = r
    def area(self):
        return 3 * self.r**2
    @property
    def double(self):
        return 2 * self.r
c = Circle(2)
assert c.area() == 12 and c.tell() == 'circle: 12' and c.double == 4
assert isinstance(c, Shape) and type(c) is Circle and issubclass(Circle, Shape)
class Flat(Shape): pass
with pytest.raises(TypeError):
    Flat('x')

# %% dataclass
assert dataclasses.is_dataclass(Item) and Item('a') == Item('a', 1.0)
assert [f.name for f in dataclasses.fields(Item)] == ['name', 'price', 'tags']
assert dataclasses.fields(Item)[1].default == 1.0 and Item('a') < Item('b')
assert dataclasses.asdict(Item('a')) == {'name': 'a', 'price': 1.0, 'tags': []}
assert dataclasses.astuple(Item('b', 2.0))[1] == 2.0
assert dataclasses.replace(Item('a'), price=3.0).price == 3.0

# %% enum
assert Color(1) == Color.RED and Color.RED is Color['RED'] and len(Color) == 2
assert [c.name for c in Color] == ['RED', 'BLUE'] and Color.RED in Color
assert isinstance(Color.RED, Color) and isinstance(Color, enum.EnumMeta)
assert Color.RED != Color.BLUE and {Color.RED: 1}[Color(1)] == 1

# %% copies
v = Vec(1, 2)
assert copy.copy(v) is not v and copy.copy(v) == v
assert copy.deepcopy([v])[0].x == 1

# %% raises_own
with pytest.raises(Overdraft, match='missing 4') as caught:
    pay(1, 5)
assert caught.value.missing == 4 and type(caught.value) is Overdraft
assert caught.value.args == ('missing 4',) and caught.type.__name__ == 'Overdraft'

# %% except_base
try:
    pay(1, 5)
except BankError as error:
    found = error
assert isinstance(found, Overdraft) and isinstance(found, ValueError)
with pytest.raises(ValueError):
    pay(1, 2)

# %% exception_classes
assert issubclass(Overdraft, (BankError,)) and issubclass(BankError, Exception)
assert issubclass(Overdraft, ValueError) and not issubclass(BankError, ValueError)
case = unittest.TestCase()
case.assertRaises(Overdraft, pay, 1, 2)
with case.assertRaisesRegex(BankError, 'missing'):
    pay(1, 2)
assert Overdraft(7).missing == 7

# %% cause
try:
    wrapped()
except RuntimeError as error:
    found = error
assert isinstance(found.__cause__, KeyError) and found.__cause__.args == ('k',)

# %% builtin_exception
with pytest.raises(ValueError) as caught:
    checked(-1)
assert type(caught.value) is ValueError and caught.value.args == ('negative', -1)
np.testing.assert_raises(ValueError, checked, -1)
with pytest.raises(dataclasses.FrozenInstanceError):
    freeze()

# %% signature
found = inspect.signature(scale)
assert str(found) == '(values: list, factor: int = 2) -> list'
assert list(inspect.signature(Vec).parameters) == ['x', 'y']
assert list(inspect.signature(Vec.__add__).parameters) == ['self', 'other']
assert list(inspect.signature(Square(1).area).parameters) == []
assert inspect.signature(scale).parameters['factor'].default == 2

# %% kinds
assert inspect.isfunction(scale) and inspect.isclass(Vec)
assert inspect.iscoroutinefunction(fetch) and not inspect.iscoroutinefunction(scale)
assert inspect.isgeneratorfunction(numbers) and inspect.isgenerator(numbers())
assert inspect.ismethod(Square(1).area) and inspect.isasyncgenfunction(ticks)

# %% source
assert 'factor * v' in inspect.getsource(scale)
lines, _ = inspect.getsourcelines(Square(1).__init__)
assert any('super' in one for one in lines)
assert scale.__code__.co_argcount == 2

# %% hints
assert typing.get_type_hints(scale) == {'values': list, 'factor': int, 'return': list}
assert typing.get_type_hints(Item)['price'] is float and scale.__doc__ == 'Multiply all values.'
assert scale.__annotations__['return'] is list and scale.__defaults__ == (2,)

# %% fit
from scipy.optimize import curve_fit
x = np.arange(5.0)
found, _ = curve_fit(line, x, 3 * x + 1)
assert np.allclose(found, [3, 1])

# %% await
assert await fetch(1) == 2
assert await asyncio.gather(fetch(1), fetch(2)) == [2, 3]
assert await asyncio.wait_for(fetch(5), 5) == 6

# %% await_fails
with pytest.raises(Overdraft):
    await fails()

# %% async_run
loop = asyncio.new_event_loop()
assert loop.run_until_complete(fetch(4)) == 5

# %% async_for
assert [k async for k in ticks(3)] == [0, 1, 2]
async with Door() as door:
    assert door.open
assert not door.open

# %% wraps
@counted
def add(p, q):
    'adds'
    return p + q
assert add(1, 2) == 3 and add.calls == 1 and add.__name__ == 'add' and add.__doc__ == 'adds'
assert list(inspect.signature(add).parameters) == ['p', 'q'] and add.__wrapped__(2, 2) == 4

# %% warned
import warnings
with warnings.catch_warnings(record=True) as w:
    warnings.simplefilter("always")
    assert old(3) == 3
assert len(w) == 1 and issubclass(w[0].category, DeprecationWarning)
assert str(w[0].message) == "it is old"

# %% pytest_warns
with pytest.warns(DeprecationWarning, match="old"):
    old(1)
with pytest.warns(OwnWarning):
    own_warning()
with np.testing.assert_warns(UserWarning):
    own_warning()
case = unittest.TestCase()
with case.assertWarns(OwnWarning) as caught:
    own_warning()
assert type(caught.warning) is OwnWarning

# %% warnings_as_errors
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("error")
    with pytest.raises(DeprecationWarning):
        old(1)
    warnings.simplefilter("ignore")
    assert old(2) == 2
with warnings.catch_warnings(record=True) as w:
    warnings.simplefilter("error", OwnWarning)
    with pytest.raises(OwnWarning):
        own_warning()

# %% no_warning
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("error")
    assert scale([1]) == [2]

# %% rolled_back
undo = Undo()
with pytest.raises(KeyError), undo:
    {}["k"]
assert undo.seen == "KeyError"
with pytest.raises(Overdraft), undo:
    pay(1, 2)
assert undo.seen == "Overdraft"
with undo:
    pass
assert undo.seen is None

# %% keys
assert by_color() == {Color.RED: 1, Color.BLUE: 2} and by_color()[Color.RED] == 1
assert points() == {Vec(1), Vec(2)} and len(points()) == 2

# %% patched_class
Node.kind = 'toy'
assert Node(1).kind == 'toy'
Node.twice = lambda self, k=2: k * self.value
assert Node(4).twice() == 8
"""
TESTS = {
    name: source.strip()
    for name, source in (one.split("\n", 1) for one in CELLS.split("# %% ")[1:])
}
ANSWER += """

class OwnWarning(UserWarning): pass


def old(x):
    warnings.warn("it is old", DeprecationWarning)
    return x


def own_warning(): warnings.warn(OwnWarning("mine"))


class Undo:
    seen = None
    def __enter__(self): return self
    def __exit__(self, kind, *more): self.seen = kind and kind.__name__


def by_color(): return {Color.RED: 1, Color.BLUE: 2}
def points(): return {Vec(1), Vec(2), Vec(1)}


def freeze():
    dataclasses.make_dataclass("Fixed", ["a"], frozen=True)(1).a = 2
"""
EMPTY = """
class Vec:
    def __init__(self, x, y=0): self.x, self.y = x, y
class Node:
    def __init__(self, value, after=None): pass
class Shape: pass
class Square:
    def __init__(self, side): pass
class Item:
    def __init__(self, name, price=1.0): pass
class Color: pass
class BankError(Exception): pass
class Overdraft(Exception): pass
class Door: pass
class Undo: pass
def by_color(): return {}
def points(): return set()
def pay(balance, amount): return balance - amount
def wrapped(): raise RuntimeError("wrapped")
def checked(x): return x
def line(x, a): return x
def scale(values): return values
def fetch(x): return x + 1
def fails(): return 1
def ticks(n): return range(n)
def numbers(): return [1]
class OwnWarning(UserWarning): pass
def old(x): return x
def own_warning(): return OwnWarning
def counted(f):
    def inner(*given): return f(*given)
    inner.calls = 1
    return inner
"""
