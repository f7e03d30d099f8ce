"""Lets a test derive a class from one of the student's: the new class is made over there.

Its methods stay functions of the test's, which the student's process can only call.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

#: How a thing in the body of a class is told: what it is, and the parts that cross.
Told = tuple[str, tuple[Any, ...]]
#: What Python itself puts into the body of a class, and what is the judge's own business.
_LEFT_OUT = (
    "__classcell__",
    "__doc__",
    "__dict__",
    "__weakref__",
    "__firstlineno__",
    "__static_attributes__",
)


def told(body: dict[str, Any]) -> dict[str, Told]:
    """Return the body of a class as what crosses.

    Parameters
    ----------
    body
        As a class statement has filled it.
    """
    return {name: _told(one) for name, one in body.items() if name not in _LEFT_OUT}


def _told(thing: Any) -> Told:
    kind = type(thing)
    if kind is types.FunctionType:
        abstract = bool(getattr(thing, "__isabstractmethod__", False))
        return "function", (thing, thing.__name__, abstract)
    if kind in (staticmethod, classmethod):
        return kind.__name__, (_told(thing.__func__),)
    if kind is property:
        return "property", tuple(one and _told(one) for one in (thing.fget, thing.fset, thing.fdel))
    return "value", (thing,)


def make(name: str, parents: tuple[type, ...], body: dict[str, Told], options: Any) -> type:
    """Return a new class in the student's process.

    Parameters
    ----------
    name, parents, body, options
        As of a class statement; the body as `told` gives it.
    """
    made = {key: _make(one) for key, one in body.items()}
    return types.new_class(name, parents, options, lambda space: space.update(made))


def _make(one: Told) -> Any:
    what, parts = one
    if what == "function":
        function, name, abstract = parts
        made = method(function, name)
        if abstract:
            made.__isabstractmethod__ = True
        return made
    if what == "property":
        return property(*[part and _make(part) for part in parts])
    if what in ("staticmethod", "classmethod"):
        return {"staticmethod": staticmethod, "classmethod": classmethod}[what](_make(parts[0]))
    return parts[0]


def method(function: Callable[..., Any], name: str) -> Any:
    """Return a function that Python binds to an object, which what can only be called is not.

    Parameters
    ----------
    function
        What can be called.
    name
        Under which it is to be found.
    """

    def called(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    called.__name__ = called.__qualname__ = name
    return called


def inherited(kind: type, thing: Any, name: str) -> Any:
    """Return what a class gives an object under a name, whatever classes derived from it have.

    Parameters
    ----------
    kind
        The class whose body has it.
    thing
        The object.
    name
        The name.
    """
    found = type.__dict__["__dict__"].__get__(kind)[name]
    get = getattr(type(found), "__get__", None)
    return found if get is None else get(found, thing, type(thing))
