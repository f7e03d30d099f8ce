"""Carries tuples, named ones with their names."""

from __future__ import annotations

import collections
import functools
import keyword
from typing import Any

from autograder.wire.classes import class_at, is_a, place_of
from autograder.wire.codec import GET, PUT, In, Out, bases

_MAX_FIELDS = 256


def put_tuple(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a tuple, or of a named one."""
    items = [*tuple.__iter__(value)]
    names = names_of(type(value))
    if len(names) != len(items) + 1:
        return out.items("tuple", items, depth)
    tree = out.items("namedtuple", [len(names), *names, *items], depth)
    place = place_of(type(value), standard=True)
    return tree if place is None else ["library tuple", *place, tree]


def names_of(kind: type) -> tuple[str, ...]:
    """Return the name and the fields of a namedtuple's class; nothing if it is not one."""
    if kind is tuple:
        return ()
    for base in bases(kind):
        fields = type.__dict__["__dict__"].__get__(base).get("_fields")
        if type(fields) is tuple:
            names = (kind.__name__, *fields)
            return names if _are_names(names) else ()
    return ()


def _are_names(names: tuple[Any, ...]) -> bool:
    """Tell whether a namedtuple may have this name and these fields."""
    return (
        0 < len(names) <= _MAX_FIELDS
        and all(type(n) is str and len(n) <= 100 and n.isidentifier() for n in names)
        and not any(keyword.iskeyword(n) for n in names)
        and not any(n.startswith("_") for n in names[1:])
        and len({*names[1:]}) == len(names) - 1
    )


def _get_namedtuple(inn: In, tree: list[Any], depth: int) -> Any:
    _, count, *rest = tree
    names = tuple(rest[:count])
    if len(names) != count or not _are_names(names):
        raise ValueError("a namedtuple has a name, and names of its fields")
    return _class(names)(*inn.items(rest[count - 1 :], depth))


def _get_library_tuple(inn: In, tree: list[Any], depth: int) -> Any:
    _, module, name, plain = tree
    value, kind = inn.get(plain, depth), class_at(module, name, standard=True)
    if not isinstance(value, tuple):
        raise TypeError("a namedtuple was expected")
    known = is_a(kind, tuple) and kind is not None and names_of(kind) == names_of(type(value))
    return tuple.__new__(kind, value) if known and kind is not None else value


@functools.lru_cache(maxsize=256)
def _class(names: tuple[str, ...]) -> Any:
    # The standard library compiles these names: they have been checked to be identifiers.
    try:
        return collections.namedtuple(names[0], names[1:], module=__name__)
    except SyntaxError as error:  # two that are spelled differently, and are one to Python
        raise ValueError(error.msg) from None


PUT[tuple] = put_tuple
GET.update(
    {
        "tuple": lambda inn, tree, depth: tuple(inn.items(tree, depth)),
        "namedtuple": _get_namedtuple,
        "library tuple": _get_library_tuple,
    }
)
