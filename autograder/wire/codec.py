"""Turns a value into JSON and bytes, and untrusted JSON and bytes into a value.

In a tree, null, booleans, numbers and strings stand for themselves, an object is a proxy, and all
else is an array whose first item names its kind. The kinds are in modules of their own, which enter
them in the tables here.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from autograder.wire.libraries import reader
from autograder.wire.limits import (
    MAX_NODES,
    WireError,
    check_bytes,
    check_depth,
    check_nodes,
)

Refer = Callable[[Any], dict[str, Any]]
Resolve = Callable[[dict[str, Any]], Any]
Put = Callable[["Out", Any, int], Any]
Get = Callable[["In", list[Any], int], Any]

#: Who encodes values of which type: first its own, else the first of its bases.
PUT: dict[type, Put] = {}

#: Who decodes which kind.
GET: dict[str, Get] = {}

#: Of what is changed as a whole, such as a table: how it takes the content of another.
CHANGE: dict[Put, Callable[[Any, Any], None]] = {}

#: What the types of a module add to `PUT` once somebody has imported it.
LATER: dict[str, Callable[[ModuleType], dict[type, Put]]] = {}

#: The classes of a class, whatever its metaclass says.
bases: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__

_NO_OBJECTS: Mapping[int, Any] = {}
_AS_IS = frozenset({type(None), bool, int, float, str})
_PENDING = object()


class Out:
    """What `encode` has made so far."""

    def __init__(self, refer: Refer, known: Mapping[int, Any]) -> None:
        self.refer = refer
        self.blobs: list[bytes | memoryview] = []
        self._known = {id(value): number for number, value in known.items()}
        self._size = 0
        self._nodes = 1
        # id: its number, whether it is complete, and the value, whose id is not given away thus
        self._seen: dict[int, list[Any]] = {}

    def put(self, value: Any, depth: int) -> Any:
        """Return the tree of a value."""
        return (PUT.get(type(value)) or putter(value))(self, value, depth)

    def items(self, kind: str, items: Sequence[Any], depth: int) -> Any:
        """Return the tree of a container."""
        self._nodes += len(items)
        check_nodes(self._nodes)
        put, depth = self.put, depth + 1
        check_depth(depth)
        return [kind, *[put(item, depth) for item in items]]

    def reserve(self, size: int) -> None:
        """Refuse a blob of so many bytes, before it is made, if there is no room for it."""
        check_bytes(self._size + size)

    def blob(self, data: bytes) -> int:
        """Return the number of a new blob."""
        self.reserve(len(data))
        self._size += len(data)
        self.blobs.append(data)
        return len(self.blobs) - 1

    def again(self, value: Any) -> Any:
        """Return a reference to what the other end has already; else expect `done`."""
        number = self._known.get(id(value))
        if number is not None:
            return ["known", number]
        seen = self._seen.get(id(value))
        if seen is None:
            self._seen[id(value)] = [len(self._seen), False, value]
            return None
        if not seen[1]:
            raise WireError(
                f"A {type(value).__name__} that contains itself cannot be passed between your code "
                "and the tests."
            )
        return ["same", seen[0]]

    def done(self, value: Any, tree: Any) -> Any:
        """Return `tree`, from which the other end has made all of `value`."""
        self._seen[id(value)][1] = True
        return tree


class In:
    """What `decode` has read so far."""

    def __init__(
        self, blobs: Sequence[bytearray], resolve: Resolve, known: Mapping[int, Any]
    ) -> None:
        self._blobs: list[bytearray | None] = [*blobs]
        self._resolve = resolve
        self._known = known
        self._nodes = 1
        self._seen: list[Any] = []

    def get(self, tree: Any, depth: int) -> Any:
        """Return the value of a tree."""
        kind = type(tree)
        if kind in _AS_IS:
            return tree
        if kind is dict:
            return self._resolve(tree)
        named = kind is list and tree and type(tree[0]) is str
        get = (GET.get(tree[0]) or reader(tree[0])) if named else None
        if get is None:
            raise ValueError("it is of no known kind")
        self._nodes += len(tree) - 1
        check_nodes(self._nodes, 2 * MAX_NODES)  # parts of some kinds count here only
        check_depth(depth)
        return get(self, tree, depth + 1)

    def items(self, tree: list[Any], depth: int) -> list[Any]:
        """Return what a container contains."""
        get = self.get
        return [get(item, depth) for item in tree[1:]]

    def blob(self, number: Any) -> bytearray:
        """Return a blob, once: it becomes the memory of one value, and takes no more than it is."""
        blob = self._blobs[_index(number)]
        if blob is None:
            raise ValueError("its bytes belong to another")
        self._blobs[number] = None
        return blob

    def begin(self) -> int:
        """Give a number to a value that may be referred to, in the order of `Out.again`."""
        self._seen.append(_PENDING)
        return len(self._seen) - 1

    def done(self, number: int, value: Any) -> Any:
        """Return `value`, which may be referred to from now on."""
        self._seen[number] = value
        return value

    def same(self, number: Any) -> Any:
        """Return a value that was decoded before."""
        value = self._seen[_index(number)]
        if value is _PENDING:
            raise ValueError("it contains itself")
        return value

    def known(self, number: Any) -> Any:
        """Return a value that both ends have."""
        return self._known[_index(number)]


def _index(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise ValueError("a number was expected")
    return number


def _get_same(inn: In, tree: list[Any], depth: int) -> Any:
    _, number = tree
    return inn.same(number)


def _get_known(inn: In, tree: list[Any], depth: int) -> Any:
    _, number = tree
    return inn.known(number)


GET.update({"same": _get_same, "known": _get_known})


def put_other(out: Out, value: Any, depth: int) -> Any:
    """Return a proxy of what is not plain data."""
    return out.refer(value)


def putter(value: Any) -> Put:
    """Return who encodes a value, judged by what it is and not by what it says it is."""
    kind = type(value)
    if (put := PUT.get(kind)) is not None:
        return put
    learn()
    family = bases(kind)
    if enum.Enum in family:
        return PUT.get(enum.Enum, put_other)
    return next((PUT[base] for base in family if base in PUT), put_other)


def learn() -> None:
    """Enter the types of modules that have been imported since."""
    for name in [name for name in LATER if name in sys.modules]:
        try:
            PUT.update(LATER[name](sys.modules[name]))
        except AttributeError:  # it is being imported just now
            continue
        del LATER[name]


def imported(name: str) -> ModuleType:
    """Return a module that this process has imported already.

    Raises
    ------
    WireError
        If it has not.
    """
    module = sys.modules.get(name)
    if module is None:
        raise WireError(f"A value could not be read: {name} has not been imported here.")
    return module


def encode(
    value: Any, refer: Refer, known: Mapping[int, Any] = _NO_OBJECTS
) -> tuple[Any, list[bytes | memoryview]]:
    """Return a tree of JSON, and blobs, from which `decode` makes a copy of `value`.

    Lists, dictionaries, arrays and the like that `value` contains twice are one in the copy. A
    value of a subclass arrives as one of its base class. What is not plain data is given to
    `refer`.

    Parameters
    ----------
    value
        What is to be sent.
    refer
        Returns a proxy, which is a JSON object, for what is not plain data, or raises.
    known
        Objects of which the other end has its own, by numbers, as `mutables` may give them: they
        are referred to, not copied.

    Raises
    ------
    WireError
        If the value is too large, too deep, or contains itself.
    """
    out = Out(refer, known)
    return out.put(value, 0), out.blobs


def decode(
    tree: Any,
    blobs: Sequence[bytearray],
    resolve: Resolve,
    known: Mapping[int, Any] = _NO_OBJECTS,
) -> Any:
    """Return the value of a tree and its blobs, whoever made them.

    Parameters
    ----------
    tree, blobs
        As `encode` returns, and `Channel` carries them. Arrays keep the blobs as their memory.
    resolve
        Returns what a proxy stands for, or raises.
    known
        This end's own of the objects that the other end may refer to.

    Raises
    ------
    WireError
        If there is no such value.
    """
    try:
        return In(blobs, resolve, known).get(tree, 0)
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
        raise WireError(f"A value could not be read: {error}") from None
