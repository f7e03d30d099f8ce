"""What the judge holds of a student's objects: values it may believe, handles it may only use.

A handle can be called, indexed, iterated and asked for attributes; each of these asks the student's
process, and gives a typed value or another handle. It refuses to be compared, converted to a number
or an array, or used as a truth value: an object that equals everything is worth nothing.
"""

from __future__ import annotations

import builtins
import sys
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from autograder import parcels
from autograder.seeds import Reseeding
from autograder.wire import Channel, WireError, mutables, rewrite

#: How deep calls may go to and fro.
DEPTH = 50
#: How many functions a notebook may hand to its student's code.
CALLBACKS = 100_000
#: Modules of whose classes an object may say that it is an instance.
BASIC = ("builtins", "numpy", "tensorflow.python.framework", "tensorflow.python.ops")


class StudentGoneError(Exception):
    """The student's process ended, or said what no student's process says."""


class HandleError(TypeError):
    """A test does with a student's object what only its own process can do."""


class StudentError(Exception):
    """Marks an exception that the student's code raised, whatever its kind."""


class Link:
    """The judge's end of the wire.

    Parameters
    ----------
    channel
        The wire.
    shared
        Returns the name by which both processes know a function of a locked cell, or None.
    reseeding
        What tells of seeds that a test sets.
    """

    def __init__(
        self, channel: Channel, shared: Callable[[Any], str | None], reseeding: Reseeding
    ) -> None:
        self._channel, self._shared, self._reseeding = channel, shared, reseeding
        self._handles: weakref.WeakValueDictionary[int, Handle] = weakref.WeakValueDictionary()
        self._freed: list[int] = []
        self._callbacks: list[Callable[..., Any]] = []
        self._raised: list[BaseException] = []
        self._depth = 0
        self.gone = False
        self.printed: list[str] = []  # what the student's code printed while it was asked
        self.answered: Callable[[], None] = lambda: None  # called after each answer

    def ask(self, op: str, *arguments: Any) -> Any:
        """Let the student's process do something; return the value, or raise what it raised."""
        if self.gone:
            raise StudentGoneError("The student's process has ended.")
        if self._depth >= DEPTH:
            raise RecursionError("Calls between the test and the student's code go too deep.")
        lent: list[Any] = []

        def refer(thing: Any) -> parcels.Reference:
            made = self._refer(thing)
            if "keras" in made and hasattr(thing, "set_weights"):
                lent.append(thing)
            return made

        head, blobs = parcels.pack(arguments, refer)
        freed, self._freed = self._freed, []
        self._depth += 1
        try:
            self._send({**head, "op": op, "free": freed, "seeds": self._reseeding.take()}, blobs)
            value, changes = self._await(op)
        finally:
            self._depth -= 1
        self._write_back(mutables(arguments), lent, changes)
        self.answered()
        return value

    def _send(self, head: dict[str, Any], blobs: list[Any]) -> None:
        try:
            self._channel.send(head, blobs)
        except OSError as error:
            self._lost(error)

    def _lost(self, error: BaseException) -> NoReturn:
        self.gone = True
        raise StudentGoneError("The student's process has ended.") from error

    def _await(self, op: str) -> tuple[Any, Any]:
        """Wait for the answer; meanwhile, let the student call what it was given."""
        while True:
            try:
                head, blobs = self._channel.receive()
            except (EOFError, OSError, WireError) as error:
                # After a malformed message nobody knows where the next one begins.
                self._lost(error)
            if "callback" in head:
                self._call_back(head, blobs)
                continue
            if isinstance(printed := head.get("printed"), str) and printed:
                self.printed.append(printed[:10_000])
            if "raised" in head:
                raise self._exception(head["raised"], ends=op == "next")
            answer = parcels.unpack(head, blobs, self._resolve)
            if not isinstance(answer, tuple) or len(answer) != 2:
                raise WireError("an answer without a value")
            return answer

    def _call_back(self, head: dict[str, Any], blobs: list[bytearray]) -> None:
        reply: dict[str, Any]
        parts: list[Any] = []
        try:
            number = head["callback"]
            if not isinstance(number, int) or not 0 <= number < len(self._callbacks):
                raise WireError("a call of a function that was never given")
            call = parcels.unpack(head, blobs, self._resolve)
            if not isinstance(call, tuple) or len(call) != 2:
                raise WireError("a call without arguments")
            args, kwargs = call
            if not isinstance(args, tuple) or not isinstance(kwargs, dict):
                raise WireError("a call without arguments")
            if not all(isinstance(name, str) for name in kwargs):
                raise WireError("a call with arguments of no name")
            reply, parts = parcels.pack(self._callbacks[number](*args, **kwargs), self._refer)
        except (StudentGoneError, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._raised.append(error)
            kind = next(k.__name__ for k in type(error).__mro__ if k.__module__ == "builtins")
            reply, parts = {"raised": {"kind": kind, "token": len(self._raised) - 1}}, []
        self._send(reply, parts)

    def _exception(self, raised: Any, *, ends: bool) -> BaseException:
        """Return the exception to raise for one that the student's code raised.

        That a loop has come to its end, only an iterator may say (``ends``): raised by a function,
        it would end the test's own loop over it, and nobody would see that nothing was tested.
        """
        raised = raised if isinstance(raised, dict) else {}
        token = raised.get("token")
        if isinstance(token, int) and 0 <= token < len(self._raised):
            return self._raised[token]
        text = raised.get("text")
        kind = _exception_kind(raised.get("kinds"))
        if issubclass(kind, StopIteration | StopAsyncIteration) and not ends:
            kind = RuntimeError
        return _student_exception(kind, text if isinstance(text, str) else "")

    def _write_back(self, values: list[Any], models: list[Any], changes: Any) -> None:
        """Change what was lent as the student's code changed its copy of it.

        In one process it would have; and some tests are there to notice.
        """
        if not isinstance(changes, dict):
            return
        for originals, change in ((values, "values"), (models, "weights")):
            changed = changes.get(change)
            for one in changed if isinstance(changed, list) else ():
                if not (isinstance(one, tuple) and len(one) == 2 and type(one[0]) is int):
                    continue
                place, new = one
                if not 0 <= place < len(originals):
                    continue
                try:
                    if change == "weights":
                        originals[place].set_weights(new)
                    else:
                        rewrite(originals[place], new)
                except Exception:
                    continue  # no change that code could make

    def _refer(self, thing: Any) -> parcels.Reference:
        """Return a reference by which the student's process may use ``thing``."""
        if type(thing) is Handle:
            if _link(thing) is not self:
                raise WireError("an object of a student's process that has ended")
            return {"handle": _number(thing)}
        if (name := self._shared(thing)) is not None:
            return {"main": name}
        if (made := parcels.known(thing)) is not None:
            return made
        if callable(thing):
            if len(self._callbacks) >= CALLBACKS:
                raise WireError("too many functions were given to the student's code")
            self._callbacks.append(thing)
            return {"callback": len(self._callbacks) - 1}
        raise WireError(
            f"An object of type {type(thing).__name__} cannot be given to the student's code. "
            "Give it plain data, arrays, functions, or Keras objects."
        )

    def _resolve(self, reference: parcels.Reference) -> Any:
        """Return what a reference of the student's process stands for."""
        if "callback" in reference:
            number = reference["callback"]
            if isinstance(number, int) and 0 <= number < len(self._callbacks):
                return self._callbacks[number]
            raise WireError("a function that was never given")
        if "generator" in reference:
            return parcels.generator(reference)
        number = reference.get("handle")
        if type(number) is not int:
            raise WireError("an unknown reference")
        handle = self._handles.get(number)
        if handle is None:
            module = reference.get("of_module")
            handle = Handle(self, number, _claimed(reference.get("kind")), module)
            self._handles[number] = handle
            weakref.finalize(handle, self._freed.append, number).atexit = False
        return handle


def _claimed(kind: Any) -> type | None:
    """Return the class that an object says it has, if that is one of a library in use here.

    Nothing is imported for it. What arrives by value, such as arrays, is never a matter of claims.
    """
    if not (isinstance(kind, list) and len(kind) == 2 and all(isinstance(k, str) for k in kind)):
        return None
    module, name = kind
    if module == "__main__" or module.startswith(BASIC) or module not in sys.modules:
        return None
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return found if isinstance(found, type) else None


def _exception_kind(kinds: Any) -> type[Exception]:
    """Return the nearest known class of an exception, given the names of its classes."""
    for one in kinds if isinstance(kinds, list) else ():
        if not (isinstance(one, list) and len(one) == 2 and all(isinstance(n, str) for n in one)):
            continue
        module, name = one
        if module.partition(".")[0] not in ("builtins", "numpy", "tensorflow"):
            continue
        found = vars(sys.modules.get(module, builtins)).get(name)
        if isinstance(found, type) and issubclass(found, Exception):
            return RuntimeError if issubclass(found, BaseExceptionGroup) else found
    return RuntimeError  # SystemExit, KeyboardInterrupt: here they must not end anything


def _student_exception(kind: type[Exception], text: str) -> Exception:
    def start(self: Exception) -> None:
        self.args = (text,)

    body = {"__init__": start, "__str__": lambda self: text, "__module__": kind.__module__}
    return types.new_class(
        kind.__name__, (kind, StudentError), exec_body=lambda space: space.update(body)
    )()


def _link(handle: Handle) -> Link:
    link: Link = object.__getattribute__(handle, "_link")
    return link


def _number(handle: Handle) -> int:
    number: int = object.__getattribute__(handle, "_number")
    return number


def module_of(handle: Any) -> str | None:
    """Return of which module the student's process says that this handle is, if of any."""
    name = object.__getattribute__(handle, "_module") if type(handle) is Handle else None
    return name if isinstance(name, str) else None


def _hidden(name: str) -> bool:
    """Whether a name is one by which libraries ask an object for an interface to its insides."""
    allowed = ("__name__", "__qualname__", "__doc__", "__annotations__", "__defaults__")
    dunder = name.startswith("__") and name.endswith("__") and name not in allowed
    return dunder or name.startswith(("_repr_", "_ipython_", "_autograder_"))


class Handle:
    """An object of the student's, which stays in the student's process."""

    __slots__ = ("__weakref__", "_kind", "_link", "_module", "_number")

    def __init__(self, link: Link, number: int, kind: type | None, module: Any) -> None:
        object.__setattr__(self, "_link", link)
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_kind", kind)
        object.__setattr__(self, "_module", module)

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return object.__getattribute__(self, "_kind") or Handle
        if _hidden(name):
            return object.__getattribute__(self, name)
        return _link(self).ask("attribute", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _link(self).ask("set_attribute", self, name, value)

    def __delattr__(self, name: str) -> None:
        _link(self).ask("delete_attribute", self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it over there."""
        return _link(self).ask("call", self, args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        return _link(self).ask("item", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        _link(self).ask("set_item", self, key, value)

    def __delitem__(self, key: Any) -> None:
        _link(self).ask("delete_item", self, key)

    def __contains__(self, thing: Any) -> bool:
        return bool(_plain(_link(self).ask("contains", self, thing), bool))

    def __len__(self) -> int:
        return int(_plain(_link(self).ask("length", self), int))

    def __iter__(self) -> Iterator[Any]:
        iterator = _link(self).ask("iterate", self)
        while True:
            try:
                value = _link(self).ask("next", iterator)
            except StopIteration:
                return
            yield value

    def __next__(self) -> Any:
        return _link(self).ask("next", self)

    def __str__(self) -> str:
        return str(_plain(_link(self).ask("text", self, ""), str))

    def __format__(self, form: str) -> str:
        return str(_plain(_link(self).ask("text", self, ":" + form), str))

    def __repr__(self) -> str:
        return str(_plain(_link(self).ask("representation", self), str))

    def __dir__(self) -> list[str]:
        return [str(name) for name in _plain(_link(self).ask("directory", self), list)]

    def __enter__(self) -> Any:
        return _link(self).ask("enter", self)

    def __exit__(self, *error: Any) -> None:
        _link(self).ask("leave", self, None, None, None)

    def __hash__(self) -> int:
        return id(self)

    __array_ufunc__ = None  # NumPy then leaves operators to the ones below


def _plain(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise HandleError(f"The student's object answered with no {kind.__name__}.")
    return value


def _refusing(what: str) -> Callable[..., Any]:
    def refused(self: Handle, *_: Any, **__: Any) -> Any:
        kind = object.__getattribute__(self, "_kind")
        of = f" of type {kind.__name__}" if kind else ""
        raise HandleError(
            f"An object{of} was found where the test expects a number, a text, a list or an array: "
            f"it cannot be {what}."
        )

    return refused


_BINARY = [
    "add",
    "sub",
    "mul",
    "matmul",
    "truediv",
    "floordiv",
    "mod",
    "divmod",
    "pow",
    "lshift",
    "rshift",
    "and",
    "or",
    "xor",
]
for _names, _what in (
    (["eq", "ne", "lt", "le", "gt", "ge"], "compared"),
    (["bool"], "used as true or false"),
    (
        ["int", "float", "complex", "index", "round", "trunc", "floor", "ceil", "bytes"],
        "converted to a number",
    ),
    (["array", "tf_tensor", "buffer"], "converted to an array"),
    (["neg", "pos", "abs", "invert"], "calculated with"),
    ([side + name for name in _BINARY for side in ("", "r", "i")], "calculated with"),
):
    for _name in _names:
        setattr(Handle, f"__{_name}__", _refusing(_what))
