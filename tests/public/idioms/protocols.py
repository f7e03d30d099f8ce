# %% plain
import collections
import operator
from collections.abc import (
    Callable,
    Container,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Sized,
)
from contextlib import AbstractContextManager


# %% answer shelf
class Shelf:
    def __init__(self, *books):
        self.books = list(books)
        self.open = False

    def __len__(self):
        return len(self.books)

    def __iter__(self):
        return iter(self.books)

    def __getitem__(self, place):
        return self.books[place]

    def __setitem__(self, place, book):
        self.books[place] = book

    def __delitem__(self, place):
        del self.books[place]

    def __contains__(self, book):
        return book in self.books

    def __reversed__(self):
        return reversed(self.books)

    def __call__(self, start):
        return [b for b in self.books if b.startswith(start)]

    def __enter__(self):
        self.open = True
        return self

    def __exit__(self, *error):
        self.open = False
        return error[0] is KeyError

    def __iadd__(self, book):
        self.books.append(book)
        return self

    def __or__(self, other):
        return Shelf(*self.books, *other.books)

    def __eq__(self, other):
        return isinstance(other, Shelf) and self.books == other.books

    __hash__ = None


class Down:
    def __init__(self, start):
        self.n = start

    def __iter__(self):
        return self

    def __next__(self):
        if self.n <= 0:
            raise StopIteration
        self.n -= 1
        return self.n + 1


class Table(Mapping):
    def __init__(self, **rows):
        self._rows = rows

    def __getitem__(self, key):
        return self._rows[key]

    def __iter__(self):
        return iter(self._rows)

    def __len__(self):
        return len(self._rows)


class Scale:
    def __init__(self, factor):
        self.factor = factor

    def __matmul__(self, other):
        return Scale(self.factor * other.factor)

    def __call__(self, x):
        return self.factor * x

    def __index__(self):
        return self.factor

    def __divmod__(self, by):
        return divmod(self.factor, by)

    def __pow__(self, n):
        return Scale(self.factor**n)

    def __getattr__(self, name):
        if name.startswith("times_"):
            return self.factor * int(name[6:])
        raise AttributeError(name)


# %% test length
assert len(Shelf("a", "b")) == 2
# %% test loops
assert [b for b in Shelf("a", "b")] == ["a", "b"] and list(Shelf()) == []
# %% test items
s = Shelf("a", "b", "c")
assert s[0] == "a" and s[-1] == "c" and s[1:] == ["b", "c"]
# %% test item_set
s = Shelf("a", "b")
s[1] = "z"
del s[0]
assert list(s) == ["z"]
# %% test contains
assert "a" in Shelf("a") and "x" not in Shelf("a")
# %% test reversed_order
assert list(reversed(Shelf("a", "b"))) == ["b", "a"]
# %% test called
assert Shelf("ant", "bee", "ape")("a") == ["ant", "ape"]
# %% test context
with Shelf("a") as s:
    assert s.open
assert not s.open
# %% test context_swallows
with Shelf("a") as s:
    raise KeyError("swallowed")
assert not s.open
# %% test context_passes_on
try:
    with Shelf("a"):
        raise ValueError("kept")
except ValueError as error:
    assert str(error) == "kept"
else:
    raise AssertionError("it was swallowed")
# %% test in_place
s = Shelf("a")
s += "b"
assert isinstance(s, Shelf) and list(s) == ["a", "b"]
# %% test union
assert (Shelf("a") | Shelf("b")) == Shelf("a", "b")
# %% test unhashable
assert not isinstance(Shelf(), Hashable)
try:
    hash(Shelf())
except TypeError:
    pass
else:
    raise AssertionError("a Shelf can change, and has a hash")
# %% test is_sized
assert (
    isinstance(Shelf(), Sized) and isinstance(Shelf(), Iterable) and isinstance(Shelf(), Container)
)
# %% test is_callable
assert callable(Shelf()) and isinstance(Shelf(), Callable) and not callable(Down(1))
# %% test has_context
assert hasattr(Shelf, "__enter__") and isinstance(Shelf(), AbstractContextManager)
# %% test is_iterator
assert isinstance(Down(3), Iterator) and not isinstance(Shelf(), Iterator)
# %% test exhausted
d = Down(2)
assert next(d) == 2 and next(d) == 1 and next(d, "end") == "end" and list(d) == []
# %% test star
a, *rest = Down(3)
assert a == 3 and rest == [2, 1] and max(Down(4)) == 4 and sum(Down(3)) == 6
# %% test zipped
assert list(zip(Shelf("x", "y"), Down(2), strict=True)) == [("x", 2), ("y", 1)]
# %% test mapping
t = Table(a=1, b=2)
assert (
    t["a"] == 1
    and t.get("z", 0) == 0
    and list(t.items()) == [("a", 1), ("b", 2)]
    and isinstance(t, Mapping)
)
# %% test mapping_merged
assert dict(Table(a=1)) == {"a": 1} and {**Table(b=2)} == {"b": 2}
# %% test matmul
assert (Scale(2) @ Scale(5))(1) == 10 and (Scale(2) ** 3).factor == 8
# %% test index
assert [10, 20, 30][Scale(2)] == 30 and operator.index(Scale(4)) == 4
# %% test dynamic
assert Scale(3).times_4 == 12 and divmod(Scale(7), 2) == (3, 1)


# %% wrong none shelf
class Shelf:
    def __init__(self, *books):
        self.books = books


class Down:
    def __init__(self, start):
        self.n = start


class Table(Shelf):
    def __init__(self, **rows):
        pass


class Scale(Down):
    pass


# %% wrong lists shelf
class Shelf(list):
    open = False

    def __init__(self, *books):
        super().__init__(books)


class Down(list):
    def __init__(self, start):
        super().__init__(range(start, 0, -1))


Table = dict
Scale = int
