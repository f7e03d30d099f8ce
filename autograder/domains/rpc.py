"""The judge's end of the wire: asks the student's process, and serves its calls meanwhile."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any, NoReturn

from autograder.domains import warning_filters
from autograder.domains.discarded_values import is_thrown_away
from autograder.domains.figures import Figures
from autograder.domains.item_counts import CHANGING
from autograder.domains.judge_arguments import JudgeArguments
from autograder.domains.proxy import Facts, Proxy, is_proxy, link_of, named, number_of
from autograder.domains.proxy_classes import Classes
from autograder.domains.proxy_exceptions import (
    CATCHING,
    alias,
    exception_class,
    exception_kind,
    is_no_failure,
    issubclass_of,
    make_exception,
    student_exception,
)
from autograder.domains.surroundings import Surroundings
from autograder.domains.used_names import QUIET, UsedNames
from autograder.wire import Channel, WireError, references
from autograder.wire.rng_state import Reseeding

#: How deep calls may go to and fro.
DEPTH = 50
#: How many functions a notebook may hand to its student's code.
CALLBACKS = 100_000


#: What ends a loop, and by which requests it may.
_ALL_ENDS = (StopIteration, StopAsyncIteration)
_ENDS: dict[str, tuple[type[BaseException], ...]] = {
    "next": (StopIteration,),
    "turn_next": (StopAsyncIteration,),
}


class StudentGoneError(Exception):
    """The student's process ended, or said what no student's process says."""


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
        self._proxies: weakref.WeakValueDictionary[int, Proxy] = weakref.WeakValueDictionary()
        # How often each came, and how often those came whose proxy is gone: over there, one of
        # them may be on its way here again, and must not be let go of.
        self._received: dict[int, int] = {}
        self._freed: list[tuple[int, int]] = []
        self._callbacks: list[Callable[..., Any]] = []
        self._numbers: dict[int, int] = {}  # of these, by identity
        self._raised: list[BaseException] = []
        self._depth = self._causes = 0
        self._turn = threading.RLock()
        self.names = UsedNames(self.ask, {}, None)
        self.figures, self._around = Figures(self), Surroundings()
        self.gone = False
        self.changes = 0  # how many requests could have changed an object over there
        self.said: Callable[[str], object] = lambda text: None  # what the student's code prints
        self.changed = False  # whether the student's code changed what it was given
        self.answered: Callable[[], None] = lambda: None  # called after each answer
        # Tells whether there are hidden tests, whose values a student is not to see.
        self.secret: Callable[[], bool] = lambda: False
        # Returns the filters of warnings that a test has added, if it listens to any.
        self.listening: Callable[[], Any] = lambda: None
        # Returns the class of a locked cell that has a name, if there is one.
        self.class_named: Callable[[str], type | None] = lambda name: None
        self._classes = Classes(self, lambda name: self.class_named(name), exception_class)

    def ask(self, op: str, *arguments: Any) -> Any:
        """Let the student's process do something; return the value, or raise what it raised.

        Threads of a test ask one after the other.
        """
        with self._turn:
            if self.gone:
                raise StudentGoneError("The student's process has ended.")
            if self._depth >= DEPTH:
                raise RecursionError("Calls between the test and the student's code go too deep.")
            if op not in QUIET:
                self.names.push()
                self.figures.before()
            self.changes += op in CHANGING
            shared = self.names.watched
            given = JudgeArguments(arguments, called=op == "call", besides=shared.identities)

            def refer(thing: Any) -> references.Reference:
                made = self._refer(thing)
                given.note(thing, made)
                return made

            head, blobs = references.pack(arguments, refer, shared.known)
            head |= {"op": op, "cell": self.names.cell, "seeds": self._reseeding.take()}
            around = self._around.changes(self.names.cell)
            head |= {"warnings": self.listening(), "around": around}
            freed, self._freed = self._freed, []
            self._depth += 1
            try:
                self._send({**head, "free": freed}, blobs)
                value, changes = self._await(op, given)
            finally:
                self._depth -= 1
            if op == "names" and isinstance(value, dict):
                for name, one in value.items():
                    named(one, name if isinstance(name, str) else "")
            changed = isinstance(changes, dict) and changes.get("values")
            in_place = value is None or bool(changed and op == "call" and is_thrown_away())
            self.changed |= given.take_back(changes, in_place=in_place)
            self.answered()
            return value

    def _send(self, head: dict[str, Any], blobs: list[Any]) -> None:
        try:
            self._channel.send(head, blobs)
        except (EOFError, OSError) as error:
            self._lost(error)

    def _lost(self, error: BaseException) -> NoReturn:
        self.gone = True
        raise StudentGoneError("The student's process has ended.") from error

    def _await(self, op: str, given: JudgeArguments) -> tuple[Any, Any]:
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
                self.said(printed[:10_000])
            if head.get("warned"):
                warning_filters.show(head["warned"], self._classes.get)
            if "raised" in head and "value" not in head:
                raise self._exception(head["raised"], None, op)
            known = {**given.known, **self.names.watched.known}
            answer = references.unpack(head, blobs, self._resolve, known)
            if not isinstance(answer, tuple) or len(answer) != 2:
                raise WireError("an answer without a value")
            value, changes = answer
            told = changes.get("names") if isinstance(changes, dict) else None
            self.names.take(told)
            self.figures.take(told, op)
            if "raised" in head:
                raise self._exception(head["raised"], value, op)
            return value, changes

    def _call_back(self, head: dict[str, Any], blobs: list[bytearray]) -> None:
        reply: dict[str, Any]
        parts: list[Any] = []
        try:
            number = head["callback"]
            if not isinstance(number, int) or not 0 <= number < len(self._callbacks):
                raise WireError("a call of a function that was never given")
            call = references.unpack(head, blobs, self._resolve)
            if not isinstance(call, tuple) or len(call) != 2:
                raise WireError("a call without arguments")
            args, kwargs = call
            if not isinstance(args, tuple) or not isinstance(kwargs, dict):
                raise WireError("a call without arguments")
            if not all(isinstance(name, str) for name in kwargs):
                raise WireError("a call with arguments of no name")
            reply, parts = references.pack(self._callbacks[number](*args, **kwargs), self._refer)
        except (StudentGoneError, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._raised.append(error)
            kind = next(k.__name__ for k in type(error).__mro__ if k.__module__ == "builtins")
            reply, parts = {"raised": {"kind": kind, "token": len(self._raised) - 1}}, []
        self._send(reply, parts)

    def _exception(self, raised: Any, error: Any, op: str) -> BaseException:
        """Return the exception to raise for one that the student's code raised.

        That a loop has come to its end, only an iterator may say: raised by a function, it would
        end the test's own loop over it, and nobody would see that nothing was tested.
        """
        ends = _ENDS.get(op, ())
        raised = raised if isinstance(raised, dict) else {}
        token = raised.get("token")
        if isinstance(token, int) and 0 <= token < len(self._raised):
            kept = self._raised[token]
            ended = isinstance(kept, _ALL_ENDS) and not isinstance(kept, ends)
            if not ended and not is_no_failure(type(kept)):
                return kept
            return student_exception(RuntimeError, f"{type(kept).__name__} was raised")
        text = raised.get("text")
        text = text if isinstance(text, str) else ""
        if not issubclass_of(type(error), Exception):
            error = student_exception(exception_kind(raised.get("kinds"), self.class_named), text)
        if isinstance(error, _ALL_ENDS) and not isinstance(error, ends):
            return student_exception(RuntimeError, text)
        return error

    def _refer(self, thing: Any) -> references.Reference:
        """Return a reference by which the student's process may use ``thing``."""
        if is_proxy(thing):
            if link_of(thing) is not self:
                raise WireError("an object of a student's process that has ended")
            return {"proxy": number_of(thing)}
        if (name := self._shared(thing)) is not None:
            return {"main": name}
        if (made := references.known(thing)) is not None:
            return made
        if self.figures.give(thing):
            return {"proxy": number_of(thing)}
        if callable(thing):  # a mock is an iterator too
            return {"callback": self._given(thing)}
        if hasattr(thing, "__next__"):
            return {"iterator": self._given(thing.__next__)}
        raise WireError(
            f"An object of type {type(thing).__name__} cannot be given to the student's code. "
            "Give it plain data, arrays, tables, functions, or Keras objects."
        )

    def _given(self, function: Callable[..., Any]) -> int:
        """Return the number under which the student's process may call a function."""
        number = self._numbers.get(id(function))
        if number is None:
            if len(self._callbacks) >= CALLBACKS:
                raise WireError("too many functions were given to the student's code")
            number = self._numbers[id(function)] = len(self._callbacks)
            self._callbacks.append(function)
        return number

    def _resolve(self, reference: references.Reference) -> Any:
        """Return what a reference of the student's process stands for."""
        if "callback" in reference:
            number = reference["callback"]
            if isinstance(number, int) and 0 <= number < len(self._callbacks):
                return self._callbacks[number]
            raise WireError("a function that was never given")
        if "generator" in reference:
            return references.generator(reference)
        if "class" in reference:
            found = self._classes.get(reference["class"])
            return alias(found) if found in CATCHING else found
        number = reference.get("proxy")
        if type(number) is not int:
            raise WireError("an unknown reference")
        self._received[number] = self._received.get(number, 0) + 1
        proxy = self._proxies.get(number)
        if proxy is None:
            kind = self._classes.get(reference.get("of"))
            # Another answer may have brought it meanwhile.
            proxy = self._proxies.get(number) or self._new(number, kind, reference)
        return proxy

    def _new(self, number: int, kind: type, reference: references.Reference) -> Any:
        """Return a new proxy of an object; of an exception, an exception."""
        module = reference.get("of_module")
        facts = Facts(self, number, module=module if isinstance(module, str) else None)
        if issubclass_of(kind, BaseException):
            self._causes += 1
            try:
                made: Any = make_exception(kind, facts, self._causes - 1)
            finally:
                self._causes -= 1
        else:
            made = object.__new__(kind)
            object.__setattr__(made, "_facts", facts)
        if is_proxy(made):
            self._proxies[number] = made
            weakref.finalize(made, self._release, number).atexit = False
        else:
            self._release(number)
        return made

    def keep(self, proxy: Any) -> None:
        """Let a proxy be the one of its object from now on."""
        self._proxies[number_of(proxy)] = proxy

    def _release(self, number: int) -> None:
        """Take note that nobody holds a proxy any more."""
        self._freed.append((number, self._received.pop(number, 0)))
