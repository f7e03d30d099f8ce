"""Answers in the judge what is asked about a student's functions and classes by introspection.

Python's own functions for that look into an object. Of a proxy they find what the student's
process says, as data: parameters, annotations, fields of a dataclass, the source. It is its word.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable
from typing import Any

from autograder.domains.proxy import INTROSPECTED, ProxyError, attribute, is_proxy, link_of, plain

#: What a function of the test's is called over there, as `functools.wraps` copies it.
PLACEHOLDERS = {
    "__name__": "function",
    "__qualname__": "function",
    "__module__": "autograder.domains.student",
    "__doc__": "A function of the judge's, which can be called and nothing else.",
}


def watch() -> None:
    """Let `inspect` find the source of a student's functions, too."""
    module: Any = sys.modules["inspect"]
    original = module.findsource

    def findsource(thing: Any) -> tuple[list[str], int]:
        if not is_proxy(thing):
            found: tuple[list[str], int] = original(thing)
            return found
        text = plain(link_of(thing).ask("source", thing), str)
        return text.splitlines(keepends=True), 0

    module.findsource = findsource


def _asked(proxy: Any, op: str, name: str) -> Any:
    try:
        return link_of(proxy).ask(op, proxy)
    except TypeError as error:
        if isinstance(error, ProxyError):
            raise
        raise AttributeError(f"this object has no attribute {name!r}") from None


def _signature(proxy: Any) -> inspect.Signature:
    said = _asked(proxy, "signature", "__signature__")
    if (
        type(said) is tuple and len(said) == 1 and callable(said[0])
    ):  # a decorated one of the test's
        return inspect.signature(said[0])
    try:
        *parts, (_, returned) = plain(said, list)
        empty = inspect.Parameter.empty
        parameters = [
            inspect.Parameter(
                plain(name, str),
                inspect._ParameterKind(kind),
                default=default if has_default else empty,
                annotation=annotation if has_annotation else empty,
            )
            for name, kind, has_default, default, has_annotation, annotation in parts
        ]
        return inspect.Signature(
            parameters, return_annotation=returned if said[-1][0] is True else empty
        )
    except (TypeError, ValueError) as error:
        raise ProxyError("Your function's signature could not be read.") from error


def _annotations(proxy: Any) -> dict[str, Any]:
    said = plain(_asked(proxy, "annotations", "__annotations__"), dict)
    # Python's own `get_type_hints` would run a text.
    return {name: one for name, one in said.items() if type(name) is str and type(one) is not str}


def _fields(proxy: Any) -> dict[str, Any]:
    said = plain(_asked(proxy, "fields", "__dataclass_fields__"), list)
    found: dict[str, Any] = {}
    try:
        for one in said:
            name, kind, has_default, default, has_factory, init, shown, hashed, compared, kw = one
            given: dict[str, Any] = {"default": default} if has_default else {}
            if has_factory:
                given = {"default_factory": list}
            made = dataclasses.field(
                init=init, repr=shown, hash=hashed, compare=compared, kw_only=kw, **given
            )
            made.name, made.type = plain(name, str), kind
            made._field_type = vars(sys.modules["dataclasses"])["_FIELD"]
            found[made.name] = made
    except (TypeError, ValueError) as error:
        raise ProxyError("The fields of your class could not be read.") from error
    return found


def _check_reader() -> None:
    """Refuse to show a docstring to what would run its examples here.

    Raises
    ------
    ProxyError
        If it is `doctest` that asks.
    """
    frame: Any = sys._getframe()
    for _ in range(5):
        frame = frame and frame.f_back
        if frame is not None and frame.f_globals.get("__name__") == "doctest":
            raise ProxyError(
                "A test cannot run the examples of a student's docstring in its own process: call "
                "the function, and compare what it returns."
            )


def _name(name: str) -> Callable[[Any], Any]:
    def answer(proxy: Any) -> Any:
        if name == "__doc__":
            _check_reader()
        value = attribute(proxy, name)
        if type(value) is str and value == PLACEHOLDERS[name]:
            try:
                wrapped = attribute(proxy, "__wrapped__")
            except AttributeError:
                return value
            if callable(wrapped) and not is_proxy(wrapped):
                return getattr(wrapped, name, value)
        return value

    return answer


INTROSPECTED.update(
    {
        "__signature__": _signature,
        "__annotations__": _annotations,
        "__dataclass_fields__": _fields,
        **{name: _name(name) for name in PLACEHOLDERS},
    }
)
