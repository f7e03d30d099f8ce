"""The special methods of proxies: each is carried out in the student's process.

Between two of the student's own objects, an operator's answer is the student's word, as a call's
is. With a value of the test's on one side, an object could answer what fits that value: a
difference of zero, a quotient of one. What comes of such an operator is *bent*: it has to be an
object again, and is not believed to be a number or an array.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Generator, Iterator
from typing import Any

from autograder.domains.proxy import (
    INTROSPECTED,
    SHOWN,
    ProxyError,
    agree,
    attribute,
    facts_of,
    is_proxy,
    iterate,
    link_of,
    named,
    plain,
    refuse,
    refuse_bent,
)
from autograder.domains.special_methods import BINARY, COMPARISONS, CONVERSIONS, FREE, UNARY
from autograder.wire.codec import bases

Method = Callable[..., Any]


def _call(self: Any, *args: Any, **kwargs: Any) -> Any:
    facts = facts_of(self)
    value = facts.link.ask("call", self, args, kwargs)
    named(value, f"{facts.said}(...)" if facts.said else "")
    return value


def _getitem(self: Any, key: Any) -> Any:
    _check(self)
    try:
        value = link_of(self).ask("item", self, key)
    except IndexError:
        # With it ends a loop over an object that has no `__iter__`.
        if type(key) is int and hasattr(type(self), "__len__") and 0 <= key < len(self):
            raise ProxyError(
                f"`len` of your object is {len(self)}, but it has no item {key}."
            ) from None
        raise
    if said := facts_of(self).said:
        named(value, f"{said}[...]")
    return value


def _setitem(self: Any, key: Any, value: Any) -> None:
    link_of(self).ask("set_item", self, key, value)


def _delitem(self: Any, key: Any) -> None:
    link_of(self).ask("delete_item", self, key)


def _contains(self: Any, thing: Any) -> bool:
    if is_proxy(thing):  # both are the student's
        return bool(plain(link_of(self).ask("contains", self, thing), bool))
    # Looked for here: over there nobody is to learn what is expected, or to say that it is in.
    return any(one is thing or one == thing for one in self)


def _len(self: Any) -> int:
    _check(self)
    facts = facts_of(self)
    length = int(plain(facts.link.ask("length", self), int))
    agree(facts.counts.length(length, facts.link.changes))
    return length


def _iter(self: Any) -> Iterator[Any]:
    _check(self)
    return iterate(self)


def _next(self: Any) -> Any:
    return link_of(self).ask("next", self)


def _enter(self: Any) -> Any:
    return link_of(self).ask("enter", self)


def _exit(self: Any, *error: Any) -> None:
    # Whatever it answers, it swallows no exception: with one, it would end a test that fails.
    link_of(self).ask("leave", self, _told(error))


def _told(error: tuple[Any, ...]) -> Any:
    """Return what a context is told of the exception that ends it: the student's, or a name."""
    if len(error) < 2 or error[1] is None or is_proxy(error[1]):
        return error[1] if len(error) > 1 else None
    return next(one.__name__ for one in bases(type(error[1])) if one.__module__ == "builtins")


def _check(self: Any) -> None:
    if facts_of(self).bent:
        refuse_bent(self)


def _binary(name: str) -> Method:
    def method(self: Any, other: Any, *more: Any) -> Any:
        return _operate(name, self, self, other, *more)

    return method


def _reflected(name: str) -> Method:
    def method(self: Any, other: Any, *_: Any) -> Any:
        return _operate(name, self, other, self)

    return method


def _operate(name: str, asked: Any, *operands: Any) -> Any:
    facts = facts_of(asked)
    in_place = name not in BINARY
    base = name[1:] if in_place else name
    free = all(is_proxy(one) or _is_free(base, one, facts.negative) for one in operands)
    if not free and facts.link.secret():  # it could be what a hidden test expects
        refuse_bent(asked)
    value = facts.link.ask("operate_in_place" if in_place else "operate", name, *operands)
    if any(facts_of(one).bent for one in operands if is_proxy(one)):
        return _bend(value, asked)
    return value if free else _bend(value, asked)


def _is_free(name: str, value: Any, negative: bool) -> bool:
    """Tell whether nothing that could be expected goes in with a value of the test's."""
    if type(value) is int and value == 0:  # with which a sum begins
        return True
    if negative or name not in FREE:
        return False
    return name == "matmul" or not hasattr(type(value), "__array__") or not value.shape


def _bend(value: Any, asked: Any) -> Any:
    if not is_proxy(value):
        refuse_bent(asked)
    facts_of(value).bent = True
    return value


def _compare(name: str) -> Method:
    def method(self: Any, other: Any) -> Any:
        if is_proxy(other):
            return link_of(self).ask("operate", name, self, other)
        if name in ("eq", "ne") and (other is None or type(other).__name__ == "_NoValueType"):
            return name == "ne"
        return refuse(self, "compared with a value of the test's")

    return method


def _unary(name: str) -> Method:
    def method(self: Any, *more: Any) -> Any:
        facts = facts_of(self)
        if facts.bent and name not in ("neg", "pos", "invert"):
            refuse_bent(self)
        value = facts.link.ask("operate", name, self, *more)
        if facts.bent:
            return _bend(value, self)
        if name == "neg" and is_proxy(value):
            facts_of(value).negative = True
        return value

    return method


def _convert(name: str) -> Method:
    def method(self: Any) -> Any:
        if name != "hash":
            _check(self)
        return plain(link_of(self).ask("operate", name, self), CONVERSIONS[name])

    return method


class _Awaited:
    """What the student's code does while a test waits for it, with all else that it has begun."""

    def __init__(self, proxy: Any, op: str, *arguments: Any) -> None:
        self._asked = proxy, op, arguments

    def __await__(self) -> Generator[Any, Any, Any]:
        proxy, op, arguments = self._asked
        link = link_of(proxy)
        begun = link.ask("begin", proxy, op, arguments)
        while True:
            done = link.ask("turn_next" if op == "anext" else "turn", begun)
            if type(done) is not tuple or len(done) > 1:
                raise ProxyError("Your object answered with nothing that can be waited for.")
            if done:
                return done[0]
            yield


def _await(self: Any) -> Generator[Any, Any, Any]:
    return _Awaited(self, "await").__await__()


def _aiter(self: Any) -> Any:
    return link_of(self).ask("async_iterate", self)


def _anext(self: Any) -> Any:
    return _Awaited(self, "anext")


def _aenter(self: Any) -> Any:
    return _Awaited(self, "aenter")


async def _aexit(self: Any, *error: Any) -> None:
    await _Awaited(self, "aexit", _told(error))


def _coroutine(name: str) -> Method:
    """Return what drives a coroutine, as Python's own event loop does."""

    def get(self: Any) -> Any:
        if SHOWN.get(id(type(self))) is not types.CoroutineType:
            return attribute(self, name)

        def drive(*given: Any) -> Any:
            facts = facts_of(self)
            facts.waited = facts.waited or _await(self)
            return getattr(facts.waited, name)(*given)

        return drive

    return get


INTROSPECTED.update({name: _coroutine(name) for name in ("send", "throw", "close")})
METHODS: dict[str, Method] = {
    **{f"__{name}__": _binary(name) for name in BINARY},
    **{f"__r{name}__": _reflected(name) for name in BINARY},
    **{f"__i{name}__": _binary(f"i{name}") for name in BINARY},
    **{f"__{name}__": _compare(name) for name in COMPARISONS},
    **{f"__{name}__": _unary(name) for name in UNARY},
    **{f"__{name}__": _convert(name) for name in CONVERSIONS},
    **{"__call__": _call, "__getitem__": _getitem, "__setitem__": _setitem},
    **{"__delitem__": _delitem, "__contains__": _contains, "__len__": _len},
    **{"__iter__": _iter, "__next__": _next, "__enter__": _enter, "__exit__": _exit},
    **{"__await__": _await, "__aiter__": _aiter, "__anext__": _anext},
    **{"__aenter__": _aenter, "__aexit__": _aexit},
}
