"""Runs a student's cells as a Jupyter kernel, and answers what the judge asks between them.

Nothing in this process is trusted: the judge believes no more of an answer than that it is a typed
value. What is done here with care is done for honest work: the same results as in one process.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

from autograder.domains import warning_filters
from autograder.domains.student_arguments import StudentArguments
from autograder.domains.student_names import StudentNames
from autograder.domains.student_requests import DO, KEEPING, Requests
from autograder.domains.turns import Turns
from autograder.wire import Channel, WireError, references, rng_state
from autograder.wire.codec import bases

#: How much of what is printed during one call goes along with its answer, in characters.
PRINTED = 10_000
#: How long the text of an exception may be that goes to the judge.
SAID = 2_000


def main(request: dict[str, Any], channels: list[int], log: int) -> None:
    """Be a Jupyter kernel until it is shut down."""
    sys.argv = ["kernel"]
    rng_state.seed_all(int(request["seed"], 16))

    import zmq
    from ipykernel.kernelapp import IPKernelApp
    from tornado.ioloop import IOLoop

    class App(IPKernelApp):
        def init_iopub(self, context: zmq.Context[Any]) -> None:
            # Else what is shown faster than it is read is dropped after 1000 messages, and with it
            # the one that says that the cell has ended. What waits lies in the student's memory.
            context.sndhwm = 0
            super().init_iopub(context)

    app = App.instance(log_level=40)
    app.initialize(["-f", request["connection_file"], "--HistoryManager.enabled=False"])
    os.close(log)
    if channels:
        service = Service(Channel(socket.socket(fileno=channels[0])), app.shell.user_ns)
        # On the main thread's loop: a question waits until the cell before it has ended, and is
        # answered where that cell ran.
        loop = IOLoop.current()

        def answer(*_: Any) -> None:
            try:
                service.answer()
            except EOFError:
                loop.remove_handler(channels[0])

        loop.add_handler(channels[0], answer, IOLoop.READ)
    app.start()


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let an interrupt end what runs here, and nothing else."""
    if threading.current_thread() is not threading.main_thread():  # there are none elsewhere
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler), builtins.input
    builtins.input = _no_input
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before[0])
        builtins.input = before[1]


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Put an interrupt off to the end of what runs here."""
    if threading.current_thread() is not threading.main_thread():  # there are none elsewhere
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def _no_input(*_: Any) -> str:
    raise EOFError("nobody answers input() while a notebook is graded")


class _Clipped(io.StringIO):
    """Text that ends somewhere."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, PRINTED - self.tell())])
        return len(text)


class Callback:
    """A function of the judge's, which can be called and nothing else."""

    of_the_judge = True

    def __init__(self, service: Service, number: int) -> None:
        self._service, self._number = service, number
        self.__name__ = self.__qualname__ = "function"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it over there."""
        return self._service.call_back(self._number, args, kwargs)


class _Iterator(Callback):
    """An iterator of the judge's."""

    def __iter__(self) -> _Iterator:
        return self

    def __next__(self) -> Any:
        return self()


class Service:
    """Holds what the judge has a proxy on, and carries out its requests.

    Parameters
    ----------
    channel
        The wire.
    names
        The notebook's namespace.
    """

    def __init__(self, channel: Channel, names: dict[str, Any]) -> None:
        self.channel, self.names = channel, names
        self.used_names = StudentNames(names)
        self.held: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}  # by identity; what is held stays alive
        self._sent: dict[int, int] = {}  # how often each went to the judge
        self._callbacks: dict[int, Callback] = {}
        self._requests = Requests(self._number_of, self.held)
        self._turns = Turns()

    def answer(self) -> None:
        """Wait for a request and answer it.

        Raises
        ------
        EOFError
            When the judge has gone.
        """
        self._answer(*self.channel.receive())

    def _answer(self, head: dict[str, Any], blobs: list[bytearray]) -> None:
        printed = _Clipped()
        log: list[Any] = []
        reply: dict[str, Any] = {}
        parts: list[Any] = []
        place = self._turns.begin()
        try:
            for number, times in head.get("free", ()):
                self._let_go(number, times)
            rng_state.adopt(head.get("seeds", {}))
            self.used_names.hear(head.get("cell"), head.get("around"))
            shared = self.used_names.watched
            given = StudentArguments(self.resolve)
            arguments = references.unpack(head, blobs, given.resolve, shared.known)
            given.remember(arguments, besides=shared.identities)
            with (
                _interruptible(),
                contextlib.redirect_stdout(printed),
                contextlib.redirect_stderr(printed),
                warning_filters.heeded(head.get("warnings"), self.held.get) as log,
                self.used_names.in_place() if head["op"] not in _OWN else contextlib.nullcontext(),
            ):
                value = self._do(head["op"], *arguments)
                self._turns.wait(place)  # other threads may still be calling the judge
            changes, known = given.changes(value)
            reply, parts = self._reply(value, changes, known, fresh=head["op"] in _FRESH)
        except BaseException as error:  # of whatever kind, it is the judge's to hear of
            reply, parts = self._raised(error)
        self._turns.end(place)
        if log:
            reply["warned"] = [
                [self._number_of(one.category), str(one.message)[: warning_filters.SAID]]
                for one in log[: warning_filters.MOST]
            ]
        self.channel.send({**reply, "printed": printed.getvalue()}, parts)

    def _reply(
        self, value: Any, changes: dict[str, Any], known: dict[int, Any], *, fresh: bool = False
    ) -> tuple[dict[str, Any], list[Any]]:
        """Return an answer, and in it what has happened to the names that a test uses.

        Not of those that this answer tells of (``fresh``): they are in it.
        """
        used = self.used_names
        names = {"figures": used.figures.changes()} if fresh else used.changes()
        if any(names.values()):
            changes = {**changes, "names": names}
        known = {**known, **self.used_names.watched.known}
        made = references.pack((value, changes), self.refer, known)
        if fresh or "names" in changes:
            self.used_names.agree()
        return made

    def _raised(self, error: BaseException) -> tuple[dict[str, Any], list[Any]]:
        if (token := getattr(error, "_autograder_token", None)) is not None:
            head, parts = self._reply(None, {}, {})
            return {**head, "raised": {"token": token}}, parts
        if isinstance(error, WireError):
            error = TypeError(str(error))
        kinds = [[kind.__module__, kind.__qualname__] for kind in bases(type(error))[:-1]]
        try:
            text = str(error)[:SAID]
        except Exception:
            text = ""
        said = {"raised": {"kinds": kinds, "text": text}}
        for thing in (error, None):
            with contextlib.suppress(Exception):  # it has no attribute to set, or cannot be told of
                error.__traceback__ = None  # the judge may keep it for long
                head, parts = self._reply(thing, {}, {})
                return {**head, **said}, parts
        return said, []

    def call_back(self, number: int, args: Any, kwargs: Any) -> Any:
        """Let the judge call its function; meanwhile, answer what it asks."""
        # An answer that nobody waits for any more would be taken for the judge's next request.
        with _undisturbed(), self._turns.calling():
            head, blobs = references.pack((args, kwargs), self.refer)
            self.channel.send({**head, "callback": number}, blobs)
            while True:
                head, blobs = self.channel.receive()
                if "op" not in head:
                    break
                self._answer(head, blobs)
        if "raised" in head:
            raise _foreign(head["raised"])
        return references.unpack(head, blobs, self.resolve)

    def refer(self, thing: Any) -> references.Reference:
        """Return a reference to what cannot go by value: a proxy."""
        if isinstance(thing, Callback):
            return {"callback": thing._number}
        if (made := references.of_generator(thing)) is not None:
            return made
        if issubclass(type(thing), type):
            return {"class": self._number_of(thing)}
        number = self._number_of(thing)
        self._sent[number] = self._sent.get(number, 0) + 1
        made = {"proxy": number, "of": self._number_of(type(thing))}
        if type(thing) is type(sys):
            made["of_module"] = thing.__name__
        return made

    def _number_of(self, thing: Any) -> int:
        """Return the number of an object that is held from now on; a class is held for good."""
        number = self._numbers.get(id(thing))
        if number is None or self.held.get(number) is not thing:
            number = len(self.held) + 1
            while number in self.held:
                number += 1
            self.held[number], self._numbers[id(thing)] = thing, number
        return number

    def resolve(self, reference: references.Reference) -> Any:
        """Return what a reference of the judge's stands for."""
        if "proxy" in reference:
            return self.held[reference["proxy"]]
        if "callback" in reference:
            number = reference["callback"]
            return self._callbacks.setdefault(number, Callback(self, number))
        if "iterator" in reference:
            return _Iterator(self, reference["iterator"])
        if "main" in reference:
            return self.names[reference["main"]]
        return references.make(reference, self.names)

    def _let_go(self, number: int, times: int) -> None:
        """Forget an object, unless the judge is about to hear of it again."""
        self._sent[number] -= times
        if self._sent[number] <= 0:
            del self._sent[number], self._numbers[id(self.held.pop(number))]

    def _find(self, names: list[str]) -> dict[str, Any]:
        return self.used_names.find(names)

    def _bind(self, instead: Any, gone: Any, back: Any, changes: Any) -> None:
        self.used_names.bind(instead, gone, back, changes)

    def _give(self, statements: tuple[str, ...], values: dict[str, Any]) -> None:
        """Define what a test has defined where everybody can read it."""
        for statement in statements:
            with contextlib.suppress(Exception):  # it needs what only the judge has
                exec(compile(statement, "<test>", "exec"), self.names)
        self.names.update(values)

    def _do(self, op: str, *arguments: Any) -> Any:
        if op in _OWN:
            return getattr(self, _OWN[op])(*arguments)
        if op in KEEPING:
            return KEEPING[op](self._requests, *arguments)
        return DO[op](*arguments)


def _foreign(raised: dict[str, Any]) -> BaseException:
    """Return an exception that stands for one of the judge's, and says nothing of it but its kind.

    The kind is what honest code may wait for, as in a search that leaves a function's domain.
    """
    kind = getattr(builtins, str(raised.get("kind")), RuntimeError)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = RuntimeError
    error = type(kind.__name__, (kind,), {"__init__": lambda self: None})()
    error._autograder_token = raised.get("token")
    return error


#: What runs no code of the notebook's.
_OWN = {"names": "_find", "bind": "_bind", "give": "_give"}
#: After what the judge and this process have the same names as a matter of course.
_FRESH = ("names", "give")
