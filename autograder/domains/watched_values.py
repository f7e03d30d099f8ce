"""Notices in either process that a value which both of them have was changed in place."""

from __future__ import annotations

import copy
import operator
import sys
import types
import zlib
from collections.abc import Iterable
from typing import Any

from autograder.wire import WireError, content, encode, mutables, rewrite, same
from autograder.wire.channel import dumps
from autograder.wire.codec import put_other, putter

#: Numbers by which a message refers to what both processes have begin here; smaller ones are those
#: of what one request gives.
FIRST = 1 << 20
#: What nobody can change in place.
_FIXED = (
    *(type(None), bool, int, float, complex, str, bytes, range, slice, type),
    *(types.ModuleType, types.FunctionType, types.BuiltinFunctionType),
)


class Watched:
    """Values that both processes have, as they were when they were last the same.

    Parameters
    ----------
    values
        In the same order in both processes; what they contain is watched too.
    """

    def __init__(self, values: Iterable[Any] = ()) -> None:
        try:
            self._values = mutables([*values])[1:]  # the first is the list made here
        except WireError:  # they hold themselves, and were not sent either
            self._values = []
        self._before = [_state(value) for value in self._values]

    def __bool__(self) -> bool:
        return bool(self._values)

    @property
    def known(self) -> dict[int, Any]:
        """What a message may refer to, by numbers."""
        return dict(enumerate(self._values, FIRST))

    @property
    def identities(self) -> frozenset[int]:
        """The identities of these values."""
        return frozenset(map(id, self._values))

    def changes(self) -> list[tuple[int, Any]]:
        """Return the place and the present content of each value that has changed."""
        return [
            (place, value if _is_variable(value) else copy.copy(value))
            for place, value in enumerate(self._values)
            if not _is_still(self._before[place], value)
        ]

    def adopt(self, changes: Any) -> None:
        """Change the values as the other process says, which may say anything.

        Parameters
        ----------
        changes
            What `changes` returned there.
        """
        for one in changes if isinstance(changes, list) else ():
            whole = isinstance(one, tuple) and len(one) == 2 and type(one[0]) is int
            if whole and 0 <= one[0] < len(self._values):
                try:
                    rewrite(self._values[one[0]], one[1])
                except Exception:
                    continue  # no change that can be made in place


def content_print(value: Any) -> tuple[Any, ...] | None:
    """Return what tells a changed value that is not watched; None if it cannot change in place.

    Such are a deque, or a library's value: both processes know them, and none rewrites them.
    """
    if issubclass(type(value), _FIXED) or putter(value) is put_other or mutables(value):
        return None
    try:
        tree, blobs = encode(value, lambda thing: {"id": id(thing)})
    except Exception:  # a library raises what it likes
        return None
    return dumps(tree), tuple(zlib.crc32(blob) for blob in blobs)


def _is_variable(value: Any) -> bool:
    return hasattr(value, "numpy")


def _is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and issubclass(type(value), numpy.ndarray)


def _state(value: Any) -> Any:
    if _is_array(value) and not value.dtype.hasobject:  # a digest: a copy takes as much memory
        data = value if value.flags.c_contiguous else value.copy("C")
        # In one dimension, since not every one has bytes that Python can show.
        flat = data.reshape(-1).view("u1") if data.size else b""
        return value.shape, value.dtype.str, zlib.crc32(flat)
    if _is_variable(value):
        return value.numpy().copy()
    return content(value) or copy.copy(value)


def _is_still(before: Any, value: Any) -> bool:
    if _is_array(value) and not value.dtype.hasobject:
        return bool(before == _state(value))
    if (now := content(value)) is not None:
        return bool(before == now)
    if _is_variable(value):
        return same(before, value.numpy())
    if issubclass(type(value), list):
        return len(before) == len(value) and (
            all(map(operator.is_, before, value)) or all(map(_is, before, value))
        )
    if issubclass(type(value), dict):
        return [*before] == [*value] and all(map(_is, before.values(), value.values()))
    return same(before, value)


def _is(one: Any, other: Any) -> bool:
    if one is other:
        return True
    # What can change is watched by itself, and another one in its place is a change.
    return type(one) is type(other) and not mutables(one) and same(one, other)
