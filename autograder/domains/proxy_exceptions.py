"""Makes exceptions in the judge of those that the student's code raises or hands over.

One of Python's own, or of a library's, is raised as what it is. A class of the student's gets a
class here that has the same name, and the same bases as far as they may end nothing but a cell:
`except` and `isinstance` look at these classes, and at nothing that an exception says.
"""

from __future__ import annotations

import builtins
import functools
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograder.domains.class_facts import Row, pairs_in
from autograder.domains.proxy import (
    KNOWN,
    Facts,
    Proxy,
    attribute,
    hidden,
    link_of,
)
from autograder.domains.proxy_methods import METHODS
from autograder.wire.codec import bases

if TYPE_CHECKING:
    from autograder.domains.proxy_classes import Classes

#: The libraries whose exceptions keep their class; for those of others, a base of theirs stands.
LIBRARIES = {"builtins", "numpy", "tensorflow", "keras", "pandas", "scipy", "sklearn", "sympy"}
LIBRARIES |= {"matplotlib"}
#: Parts of Python that run tests, or other code, and are told by exceptions what to do.
RUNNERS = {"unittest", "doctest", "test", "bdb", "pdb", "asyncio", "concurrent", "code"}
#: Exceptions by which a test, or what runs tests, is told that nothing has failed.
NO_FAILURES = {"KnownFailureException", "SkipTest", "Skipped", "StopTest"}
NO_FAILURES |= {"StdinNotImplementedError", "TryNext", "UnsatisfiedAssumption", "UsageError"}
NO_FAILURES |= {"_ShouldStop", "_UnexpectedSuccess"}
#: What a student's name for it would catch besides what his code raised: a test's own failure.
CATCHING = (BaseException, Exception, AssertionError)
#: By this key in its dictionary, an exception says that the student's code raised it.
MARK = "_autograder_student"
#: How many causes are told of one exception, and how long its text may be.
CAUSES, SAID = 5, 2_000


class _Marked(type):
    def __instancecheck__(cls, error: Any) -> bool:
        return isinstance(error, BaseException) and MARK in _body(error)


class StudentError(Exception, metaclass=_Marked):
    """What every exception is an instance of that the student's code raised, whatever its kind."""


def _body(error: BaseException) -> dict[str, Any]:
    slot: Any = BaseException.__dict__["__dict__"]
    body: dict[str, Any] = slot.__get__(error)
    return body


def exception_kind(
    kinds: Any, class_named: Callable[[str], type | None] = lambda name: None
) -> type[Exception]:
    """Return the nearest known class of an exception, given the names of its classes."""
    for module, name in pairs_in(kinds):
        found = _known(module, name, class_named)
        if found is not None:
            return _harmless(found)
    return RuntimeError  # SystemExit, KeyboardInterrupt: here they must not end anything


def _known(module: str, name: str, class_named: Callable[[str], type | None]) -> Any:
    """Return the class of exceptions that has a name here, if there is one that may be raised."""
    top = module.partition(".")[0]
    if module == "__main__":
        found = class_named(name)
    elif top in LIBRARIES or (top in sys.stdlib_module_names and top not in RUNNERS):
        found = vars(sys.modules.get(module, builtins)).get(name)
    else:
        return None
    if not (isinstance(found, type) and issubclass(found, Exception)):
        return None
    # What a library has under its name may be another's: numpy.testing.SkipTest.
    top = found.__module__.partition(".")[0]
    own = module == "__main__" or top in LIBRARIES or top in sys.stdlib_module_names
    return found if own or is_no_failure(found) else None


def _harmless(kind: type[Exception]) -> type[Exception]:
    refused = issubclass(kind, BaseExceptionGroup) or is_no_failure(kind)
    return RuntimeError if refused else kind


def is_no_failure(kind: type) -> bool:
    """Tell whether a unittest, pytest or IPython would pass over an exception of a class."""
    return any(base.__name__ in NO_FAILURES for base in bases(kind))


def student_exception(kind: type[Exception], text: str) -> Exception:
    """Return an exception of a class, or of one derived from it, with a text and nothing else.

    Parameters
    ----------
    kind
        The class; it is not called.
    text
        What the exception says.
    """

    def start(self: Exception) -> None:
        self.args = (text,)

    body = {"__init__": start, "__str__": lambda self: text, "__module__": kind.__module__}
    try:
        made = types.new_class(kind.__name__, (kind,), exec_body=lambda space: space.update(body))()
    except TypeError:  # a class that is not made without arguments
        return student_exception(RuntimeError, text)
    return _mark(made)


def _mark(error: Any) -> Any:
    _body(error)[MARK] = True
    return error


def exception_class(rows: list[Row], classes: Classes) -> type | None:
    """Return the class here for a class of exceptions; None for one of any other kind.

    Parameters
    ----------
    rows
        What is said of it and of its bases, in their order.
    classes
        Those that have been made.
    """
    row = rows[0]
    if not any((one.module, one.qualname) == ("builtins", "BaseException") for one in rows):
        return None
    if (row.module, row.qualname) == ("builtins", "BaseException"):
        return BaseException
    known = _known(row.module, row.qualname, classes.class_named)
    if known is not None:
        return _harmless(known)
    if row.module == "builtins":  # one that ends more than a cell
        return RuntimeError
    found = [classes.made(number) for number in row.bases]
    direct = [one for one in found if one is not None and issubclass_of(one, BaseException)]
    direct = [Exception if one is BaseException else one for one in direct]
    body: dict[str, Any] = {name: METHODS[name] for name in row.names if name in METHODS}
    body |= {"__module__": row.module[:200], "__getattribute__": _get, "__setattr__": _set}
    body |= {"__str__": lambda self: str(_body(self).get("_text", ""))}
    body["_autograder_order"] = None
    kind = classes.metaclass(row)
    name = row.name or "Exception"
    try:
        made = type.__new__(kind, name, tuple(dict.fromkeys(direct)) or (Exception,), body)
    except TypeError:  # two that lie in memory in different ways
        made = type.__new__(kind, name, (direct[0],), body)
    classes.enter(made, row)
    return made


def issubclass_of(kind: type, base: type) -> bool:
    """Tell whether a class has a base, whatever its metaclass says."""
    return any(one is base for one in bases(kind))


@functools.cache
def alias(kind: type) -> type:
    """Return what stands for one of `CATCHING` in the student's code, under any name.

    ``except`` with it catches what that code raised of just this class, and nothing of the test's.
    """
    body = {"__module__": kind.__module__}
    return type(kind.__name__, (Exception if kind is BaseException else kind,), body)


def _get(self: Any, name: str) -> Any:
    dunder = name.startswith("__") and name.endswith("__")
    if dunder or hidden(name) or name in vars(BaseException) or name in ("_facts", "_text"):
        return object.__getattribute__(self, name)
    return attribute(self, name)


def _set(self: Any, name: str, value: Any) -> None:
    if (name.startswith("__") and name.endswith("__")) or name == "args":
        object.__setattr__(self, name, value)
    else:
        link_of(self).ask("set_attribute", self, name, value)


def make_exception(kind: Any, facts: Facts, depth: int) -> BaseException:
    """Return an exception that stands for one of the student's process.

    Parameters
    ----------
    kind
        Its class here.
    facts
        Where it is over there.
    depth
        Of how many others it is the cause.
    """
    probe = object.__new__(Proxy)
    object.__setattr__(probe, "_facts", facts)
    whole = depth < CAUSES
    said = facts.link.ask("error_facts", probe, whole)
    said = said if type(said) is dict else {}
    text, args, own = said.get("text"), said.get("args"), said.get("own")
    text = text[:SAID] if type(text) is str else ""
    args = args if type(args) is tuple else (text,)
    if id(kind) in KNOWN:
        error = instance(kind, args, text)
        _body(error)["_facts"] = facts
        _mark(error)
    else:
        error = _plain_exception(alias(kind) if kind in CATCHING else kind, args, text)
        pairs = own.items() if type(own) is dict else ()
        _body(error).update({key: one for key, one in pairs if _is_name(key)})
    notes = own.get("__notes__") if type(own) is dict else None
    if type(notes) is list and all(type(one) is str for one in notes):
        _body(error)["__notes__"] = [one[:SAID] for one in notes[:CAUSES]]
    for name in ("cause", "context"):
        if isinstance(said.get(name), BaseException):
            BaseException.__dict__[f"__{name}__"].__set__(error, said[name])
    error.__suppress_context__ = said.get("suppress") is True
    return error


def instance(kind: Any, args: tuple[Any, ...], text: str) -> Any:
    """Return an exception of a class; a class of the student's is not called for it.

    Parameters
    ----------
    kind
        The class.
    args, text
        What the exception has for arguments, and what it says.
    """
    if id(kind) not in KNOWN:
        return kind(*args)
    origin: Any = next(one for one in bases(kind) if one.__module__ == "builtins")
    error = origin.__new__(kind)
    BaseException.__dict__["args"].__set__(error, args)
    _body(error)["_text"] = text
    return error


def _is_name(key: Any) -> bool:
    return type(key) is str and not key.startswith("_")


def _plain_exception(kind: Any, args: tuple[Any, ...], text: str) -> Any:
    """Return one of a class of Python's or a library's, which is called only if it runs no code."""
    start = getattr(kind, "__init__", None)
    if issubclass(kind, Exception) and type(start) is types.WrapperDescriptorType:
        try:
            error = kind(*args)
            if type(error) is kind and str(error)[:SAID] == text:
                return _mark(error)
        except Exception:
            return student_exception(kind, text)
    return student_exception(kind if issubclass(kind, Exception) else RuntimeError, text)


KNOWN.add(id(Proxy))  # as which an exception is asked for before it is there
