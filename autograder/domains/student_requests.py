"""What the judge may ask of the student's process, by name; carried out there."""

from __future__ import annotations

import asyncio
import builtins
import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

from autograder.domains.special_methods import OPERATE, own_names
from autograder.domains.student_figures import FIGURES
from autograder.domains.subclasses import inherited, make, method
from autograder.wire.codec import bases

#: How long other work of a coroutine goes on before the judge hears of it, in seconds.
SLICE = 0.05
#: How many items of an exception's own are told.
ITEMS = 100


class Requests:
    """Carries out requests; of a class of its own are those for which something has to be kept.

    Parameters
    ----------
    number_of
        Gives a number to an object that the judge gets to know, and holds the object.
    held
        The objects, by these numbers.
    """

    def __init__(self, number_of: Callable[[Any], int], held: dict[int, Any]) -> None:
        self._number_of, self._held = number_of, held
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[Any] = []

    def describe(self, number: int) -> list[dict[str, Any]]:
        """Return what there is to know of a class and its bases, in Python's own order."""
        return [self._row(kind) for kind in bases(self._held[number])]

    def _row(self, kind: type) -> dict[str, Any]:
        names, none = own_names(kind)
        family = bases(type(kind))
        meta = {n for one in family if one not in (type, object) for n in own_names(one)[0]}
        return {
            "number": self._number_of(kind),
            "module": str(type.__dict__["__module__"].__get__(kind)),
            "qualname": str(type.__dict__["__qualname__"].__get__(kind)),
            "bases": [self._number_of(one) for one in type.__dict__["__bases__"].__get__(kind)],
            "names": names,
            "none": none,
            "meta": sorted(meta),
            "kinds": [[one.__module__, one.__qualname__] for one in family[:-2]],
        }

    def begin(self, target: Any, op: str, arguments: tuple[Any, ...]) -> int:
        """Begin what a test waits for; return its number."""
        with _no_loop():
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
            self._tasks.append(self._loop.create_task(_WAIT[op](target, *arguments)))
        return len(self._tasks) - 1

    def turn(self, number: int) -> tuple[Any, ...]:
        """Let everything that was begun go on for a while; return a result if it is there."""
        task, loop = self._tasks[number], self._loop
        assert loop is not None
        with _no_loop():
            if not task.done():
                loop.run_until_complete(asyncio.wait({task}, timeout=SLICE))
        if not task.done():
            return ()
        self._tasks[number] = None
        return (task.result(),)


class _no_loop:  # noqa: N801 -- used as a function
    """Let another event loop run inside of one that is running: this process's own waits."""

    def __enter__(self) -> None:
        self._running = asyncio._get_running_loop()
        asyncio._set_running_loop(None)

    def __exit__(self, *_: object) -> None:
        asyncio._set_running_loop(self._running)


async def _awaited(target: Any) -> Any:
    return await target


async def _next(target: Any) -> Any:
    return await type(target).__anext__(target)


async def _enter(target: Any) -> Any:
    return await type(target).__aenter__(target)


async def _leave(target: Any, error: Any) -> Any:
    return await type(target).__aexit__(target, *_triple(error))


_WAIT: dict[str, Callable[..., Any]] = {
    "await": _awaited,
    "anext": _next,
    "aenter": _enter,
    "aexit": _leave,
}


def _triple(error: Any) -> tuple[Any, Any, Any]:
    """Return what a context is given at its end; an exception of the test's has but a name."""
    if type(error) is str:
        try:
            error = getattr(builtins, error)()
        except TypeError:  # one that is not made without arguments
            error = RuntimeError()
    return (None, None, None) if error is None else (type(error), error, error.__traceback__)


def _operate(name: str, *operands: Any) -> Any:
    return OPERATE[name](*operands)


def _class_item(target: Any, name: str) -> Any:
    return type.__dict__["__dict__"].__get__(target)[name]


def _error_facts(error: BaseException, whole: bool) -> dict[str, Any]:
    """Return what there is to know of an exception besides its class; if not whole, its text."""
    try:
        text = str(error)
    except Exception:
        text = ""
    if not whole:
        return {"text": text}
    slots: Any = BaseException.__dict__
    own = {key: one for key, one in slots["__dict__"].__get__(error).items() if type(key) is str}
    return {
        "text": text,
        "args": (*slots["args"].__get__(error), *_file(error)),
        "cause": slots["__cause__"].__get__(error),
        "context": slots["__context__"].__get__(error),
        "suppress": slots["__suppress_context__"].__get__(error),
        "own": dict([*own.items()][:ITEMS]),
    }


def _file(error: BaseException) -> tuple[Any, ...]:
    """Return what an error of the system keeps apart from its arguments."""
    name = OSError.__dict__["filename"].__get__(error) if isinstance(error, OSError) else None
    return () if name is None else (name,)


def _signature(target: Any) -> list[tuple[Any, ...]] | tuple[Any]:
    """Return the parameters of what can be called, and last what it returns.

    Of a function of the test's that was decorated here, return that function.
    """
    inner = inspect.unwrap(target)
    if getattr(type(inner), "of_the_judge", False) is True:
        return (inner,)
    found = inspect.signature(target)
    empty = inspect.Parameter.empty
    parts = [
        (one.name, int(one.kind), *_given(one.default, empty), *_given(one.annotation, empty))
        for one in found.parameters.values()
    ]
    return [*parts, _given(found.return_annotation, empty)]


def _given(thing: Any, empty: Any) -> tuple[bool, Any]:
    return (False, None) if thing is empty else (True, thing)


def _annotations(target: Any) -> dict[str, Any]:
    """Return annotations as what they stand for: nobody else is to look up their text."""
    own = dict(inspect.get_annotations(target))
    try:
        names = inspect.get_annotations(target, eval_str=True)
    except Exception:  # a name that is not there
        names = own
    return {name: one for name, one in names.items() if not isinstance(one, str)}


def _fields(target: Any) -> list[tuple[Any, ...]]:
    """Return the fields of a dataclass."""
    missing = dataclasses.MISSING
    return [
        (
            *(one.name, one.type, *_given(one.default, missing)),
            *(one.default_factory is not missing, one.init, one.repr, one.hash, one.compare),
            one.kw_only is True,
        )
        for one in dataclasses.fields(target)
    ]


def _set_attribute(target: Any, name: str, value: Any) -> None:
    if issubclass(type(target), type) and getattr(type(value), "of_the_judge", False) is True:
        value = method(value, name)
    setattr(target, name, value)


def _set_item(target: Any, key: Any, value: Any) -> None:
    target[key] = value


def _delete_item(target: Any, key: Any) -> None:
    del target[key]


#: What is done without anything being kept.
DO: dict[str, Callable[..., Any]] = {
    "call": lambda target, args, kwargs: target(*args, **kwargs),
    "attribute": lambda target, name: getattr(target, name),
    "set_attribute": _set_attribute,
    "delete_attribute": lambda target, name: delattr(target, name),
    "item": lambda target, key: target[key],
    "set_item": _set_item,
    "delete_item": _delete_item,
    "contains": lambda target, thing: thing in target,
    "length": lambda target: len(target),
    "iterate": lambda target: iter(target),
    "async_iterate": lambda target: type(target).__aiter__(target),
    "next": lambda target: next(target),
    "text": lambda target, form: format(target, form[1:]) if form else str(target),
    "representation": lambda target: repr(target),
    "directory": lambda target: dir(target),
    "is_instance": lambda target, thing: isinstance(thing, target),
    "is_subclass": lambda target, kind: issubclass(kind, target),
    "enter": lambda target: target.__enter__(),
    "leave": lambda target, error: target.__exit__(*_triple(error)),
    "operate": _operate,
    "operate_in_place": _operate,
    "class_names": lambda target: own_names(target)[0],
    "class_item": _class_item,
    "error_facts": _error_facts,
    "signature": _signature,
    "annotations": _annotations,
    "fields": _fields,
    "make_class": make,
    "inherited": inherited,
    "source": lambda target: inspect.getsource(target),
    **FIGURES,
}
#: What is done with what is kept.
KEEPING: dict[str, Callable[..., Any]] = {
    "describe": Requests.describe,
    "begin": Requests.begin,
    "turn": Requests.turn,
    "turn_next": Requests.turn,
}
