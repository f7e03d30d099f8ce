"""Carries Python's less common containers, enumerations and identifiers."""

from __future__ import annotations

import collections
import enum
import time
import types
import uuid
from typing import Any

from autograder.wire.classes import class_at, is_a, place_of
from autograder.wire.codec import CHANGE, GET, PUT, In, Out
from autograder.wire.limits import WireError, check_names
from autograder.wire.plain import dict_of, flat
from autograder.wire.standard import TYPES

_UUID_BITS, _STRUCT_TIME = 128, 9


def put_counter(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a Counter."""
    return out.again(value) or out.done(value, out.items("counter", flat(value), depth))


def put_ordered(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of an OrderedDict."""
    return out.again(value) or out.done(value, out.items("ordered", flat(value), depth))


def _get_dict(kind: Any) -> Any:
    def get(inn: In, tree: list[Any], depth: int) -> Any:
        number, made = inn.begin(), kind()
        dict.update(made, dict_of(inn.items(tree, depth)))
        return inn.done(number, made)

    return get


def _get_ordered(inn: In, tree: list[Any], depth: int) -> Any:
    number = inn.begin()
    return inn.done(number, collections.OrderedDict(dict_of(inn.items(tree, depth))))


def put_default(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a defaultdict; a function that makes what it lacks goes as a proxy."""
    if (again := out.again(value)) is not None:
        return again
    cls: Any = collections.defaultdict
    parts = [cls.default_factory.__get__(value), *flat(value)]
    return out.done(value, out.items("default", parts, depth))


def _get_default(inn: In, tree: list[Any], depth: int) -> Any:
    number = inn.begin()
    factory, *rest = inn.items(tree, depth)
    if factory is not None and not callable(factory):
        raise TypeError("what a dictionary lacks is made by a function")
    made: Any = collections.defaultdict(factory)
    dict.update(made, dict_of(rest))
    return inn.done(number, made)


def put_deque(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a deque."""
    if (again := out.again(value)) is not None:
        return again
    cls: Any = collections.deque
    parts = [cls.maxlen.__get__(value), *cls.__iter__(value)]
    return out.done(value, out.items("deque", parts, depth))


def _get_deque(inn: In, tree: list[Any], depth: int) -> Any:
    number = inn.begin()
    most, *rest = inn.items(tree, depth)
    if most is not None and (type(most) is not int or not len(rest) <= most < 2**63):
        raise ValueError("a deque holds no more than is said")
    return inn.done(number, collections.deque(rest, most))


def put_namespace(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a SimpleNamespace."""
    return out.again(value) or out.done(value, out.items("namespace", flat(vars(value)), depth))


def _get_namespace(inn: In, tree: list[Any], depth: int) -> Any:
    number = inn.begin()
    found = dict_of(inn.items(tree, depth))
    if not all(type(name) is str for name in found):
        raise TypeError("a namespace has names")
    check_names(found)
    return inn.done(number, types.SimpleNamespace(**found))


def _change_deque(original: Any, new: Any) -> None:
    collections.deque.clear(original)
    collections.deque.extend(original, new)


def _change_namespace(original: Any, new: Any) -> None:
    vars(original).clear()
    vars(original).update(vars(new))


def put_member(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of an enumeration's member; a proxy if its class is not a library's."""
    kind = type(value)
    if (place := place_of(kind)) is None or (enum.Flag not in kind.__mro__ and not value.name):
        return out.refer(value)
    try:
        proxy = out.refer(value)  # for a process that has not imported the library
    except WireError:
        proxy = None
    said = value.value if enum.Flag in kind.__mro__ else value.name
    return ["member", *place, said, proxy]


def _get_member(inn: In, tree: list[Any], depth: int) -> Any:
    _, module, name, said, proxy = tree
    kind: Any = class_at(module, name)
    if kind is None and type(proxy) is dict:
        return inn.get(proxy, depth)
    if not is_a(kind, enum.Enum):
        raise ValueError("a member of an enumeration was expected")
    if type(said) is str:
        return enum.EnumType.__members__.fget(kind)[said]  # type: ignore[attr-defined]
    if type(said) is not int or not is_a(kind, enum.Flag):
        raise TypeError("a member has a name")
    return kind(said)


def _put_uuid(out: Out, value: Any, depth: int) -> Any:
    cls: Any = uuid.UUID
    return ["uuid", f"{cls.int.__get__(value):x}"]


def _get_uuid(inn: In, tree: list[Any], depth: int) -> Any:
    _, digits = tree
    if type(digits) is not str or len(digits) > _UUID_BITS // 4:
        raise ValueError("an identifier has 128 bits")
    return uuid.UUID(int=int(digits, 16))


def _put_struct_time(out: Out, value: Any, depth: int) -> Any:
    return out.items("struct time", [*tuple.__iter__(value)], depth)


def _get_struct_time(inn: In, tree: list[Any], depth: int) -> Any:
    parts = inn.items(tree, depth)
    if len(parts) != _STRUCT_TIME or not all(type(part) is int for part in parts):
        raise TypeError("a time has nine numbers")
    return time.struct_time(parts)


TYPES.update(
    {
        kind.__name__: kind
        for kind in (collections.Counter, collections.OrderedDict, collections.deque)
    }
)
CHANGE.update({put_deque: _change_deque, put_namespace: _change_namespace})
PUT.update(
    {
        collections.Counter: put_counter,
        collections.OrderedDict: put_ordered,
        collections.defaultdict: put_default,
        collections.deque: put_deque,
        types.SimpleNamespace: put_namespace,
        enum.Enum: put_member,
        uuid.UUID: _put_uuid,
        time.struct_time: _put_struct_time,
    }
)
GET.update(
    {
        "counter": _get_dict(collections.Counter),
        "ordered": _get_ordered,
        "default": _get_default,
        "deque": _get_deque,
        "namespace": _get_namespace,
        "member": _get_member,
        "uuid": _get_uuid,
        "struct time": _get_struct_time,
    }
)
