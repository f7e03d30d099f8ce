"""Finds what can be changed in place in a value, and tells whether, and makes it, change."""

from __future__ import annotations

import collections
import sys
from collections.abc import Callable, Iterable
from typing import Any

from autograder.wire.arrays import put_array, rewrite_array
from autograder.wire.channel import dumps
from autograder.wire.codec import CHANGE, Put, encode, putter
from autograder.wire.collected import put_counter, put_default, put_deque, put_ordered
from autograder.wire.limits import WireError, check_depth
from autograder.wire.plain import (
    pairs,
    put_bytearray,
    put_dict,
    put_frozenset,
    put_list,
    put_set,
)
from autograder.wire.records import code_of
from autograder.wire.results import put_result
from autograder.wire.tensors import put_keras_variable, put_tensor, put_variable, value_of
from autograder.wire.tuples import names_of, put_tuple

_DICTS = (put_dict, put_counter, put_ordered, put_default, put_result)
_VARIABLES = (put_variable, put_keras_variable)


def mutables(value: Any) -> list[Any]:
    """Return what can be changed in place in `value`, each once, itself included.

    These are the lists, dictionaries, sets, byte arrays, arrays, variables and tables that cross by
    value. A copy that has crossed gives as many, in the same order. Neither a set's items nor a
    dictionary's keys are looked into.

    Raises
    ------
    WireError
        If the value is nested too deep.
    """
    found: dict[int, Any] = {}
    _visit(value, found, 1)
    return [*found.values()]


def _visit(value: Any, found: dict[int, Any], depth: int) -> None:
    put = putter(value)
    if put is put_tuple:
        inner: Iterable[Any] = tuple.__iter__(value)
    elif id(value) in found or not _is_mutable(put, value):
        return
    else:
        found[id(value)] = value
        inner = ()
        if put is put_list:
            inner = list.copy(value)
        elif put is put_deque:
            inner = [*collections.deque.__iter__(value)]
        elif put in _DICTS:
            inner = [item for _, item in pairs(value)]
    check_depth(depth)
    for item in inner:
        _visit(item, found, depth + 1)


def _is_mutable(put: Put, value: Any) -> bool:
    if put is put_array:
        base = sys.modules["numpy"].ndarray
        return base.flags.__get__(value).writeable and bool(code_of(base.dtype.__get__(value)))
    if put in _VARIABLES:
        return value_of(value) is not None
    return put in _REWRITE or put in CHANGE


def is_variable(value: Any) -> bool:
    """Tell whether it is a variable: made to be changed, and without others that show it."""
    return putter(value) in _VARIABLES


def content(value: Any) -> Any:
    """Return what tells whether a value that is changed as a whole has changed; None of others."""
    return _print(value) if putter(value) in CHANGE else None


def rewrite(original: Any, new: Any) -> None:
    """Give `original`, one of `mutables`, the content of `new` in place.

    Raises
    ------
    WireError
        If `new` is of another kind, or an array of another shape or type.
    """
    put = putter(original)
    try:
        if put in _VARIABLES and putter(new) in (put_array, put_tensor, *_VARIABLES):
            original.assign(new)
        elif put is put_array:
            rewrite_array(original, new)
        elif (take := _REWRITE.get(put) or CHANGE.get(put)) and put is putter(new):
            take(original, new)
        else:
            raise TypeError(f"it became a {type(new).__name__}")
    except Exception as error:  # libraries have errors of their own
        raise WireError(
            f"A change of a {type(original).__name__} by your code cannot be passed on: {error}"
        ) from None


def _rewrite_dict(original: Any, new: Any) -> None:
    items = [*pairs(new)]
    base: Any = collections.OrderedDict if putter(original) is put_ordered else dict
    base.clear(original)
    for key, item in items:  # a Counter's own update adds up
        base.__setitem__(original, key, item)


def _rewrite_set(original: Any, new: Any) -> None:
    items = [*set.__iter__(new)]
    set.clear(original)
    set.update(original, items)


_REWRITE: dict[Put, Callable[[Any, Any], None]] = {
    put_list: lambda original, new: list.__setitem__(original, slice(None), list.copy(new)),
    put_bytearray: lambda original, new: bytearray.__setitem__(original, slice(None), new),
    **dict.fromkeys(_DICTS, _rewrite_dict),
    put_set: _rewrite_set,
}
_ITERATE: dict[Put, Callable[[Any], Iterable[Any]]] = {
    put_list: list.__iter__,
    put_tuple: tuple.__iter__,
    put_set: set.__iter__,
    put_frozenset: frozenset.__iter__,
}


def same(a: Any, b: Any) -> bool:
    """Tell whether two plain values are equal in type and structure, bit for bit.

    A NaN equals one of the same bits; 0.0 and -0.0 differ. Dictionaries may differ in order. What
    is not plain data is the same only as itself. No method of a value is called.

    Raises
    ------
    WireError
        If the values are nested too deep.
    """
    return _same(a, b, set(), 1)


def _same(a: Any, b: Any, seen: set[tuple[int, int]], depth: int) -> bool:
    if a is b or (id(a), id(b)) in seen:
        return True
    put = putter(a)
    if put is not putter(b):
        return False
    if type(a) is not type(b):  # but a namedtuple that has crossed has a class of its own
        names = names_of(type(a)) if put is put_tuple else ()
        if not names or names != names_of(type(b)):
            return False
    if type(a) in (int, bool, str, bytes):
        return bool(a == b)
    check_depth(depth)
    seen.add((id(a), id(b)))
    if put is put_list or put is put_tuple:
        first, second = [*_ITERATE[put](a)], [*_ITERATE[put](b)]
        return len(first) == len(second) and all(
            _same(x, y, seen, depth + 1) for x, y in zip(first, second, strict=True)
        )
    if put in _DICTS:
        left, right = ({_print(key): item for key, item in pairs(d)} for d in (a, b))
        return left.keys() == right.keys() and all(
            _same(left[key], right[key], seen, depth + 1) for key in left
        )
    if put is put_set or put is put_frozenset:
        return sorted(map(_print, _ITERATE[put](a))) == sorted(map(_print, _ITERATE[put](b)))
    return _print(a) == _print(b)


def _print(value: Any) -> tuple[str, tuple[bytes, ...]]:
    """Return what two leaves, keys or items have in common only if they are the same."""
    tree, blobs = encode(value, lambda other: {"id": id(other)})
    return dumps(tree), tuple(map(bytes, blobs))
