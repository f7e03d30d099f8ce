"""Reads in the judge what the student's process says of a class.

Which of the judge's own classes it may name is decided here.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from autograder.wire import WireError
from autograder.wire.codec import bases

#: Modules of whose classes an object may not say that it is an instance.
BASIC = ("builtins", "numpy", "tensorflow.python.framework", "tensorflow.python.ops")
#: Python's own types of which an object may say that it is one: none is a value.
_OWN: tuple[type, ...] = (
    *(types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.GeneratorType),
    *(types.CoroutineType, types.AsyncGeneratorType, types.CodeType, types.MappingProxyType),
    *(property, staticmethod, classmethod, types.MethodDescriptorType),
    *(types.WrapperDescriptorType, types.MethodWrapperType, types.GetSetDescriptorType),
    *(types.MemberDescriptorType, types.ClassMethodDescriptorType),
)
OWN = {one.__name__: one for one in _OWN}
#: How many classes there may be, and how many names one may have.
CLASSES, NAMES = 1_000, 10_000
ClassNamed = Callable[[str], "type | None"]


def claimed(kinds: Any, class_named: ClassNamed) -> type | None:
    """Return the first class that an object says it has which is known here.

    That is a class of a library in use, or of a locked cell, which ``class_named`` returns.

    Nothing is imported for it. What arrives by value, such as arrays, is never a matter of claims.
    """
    for module, name in pairs_in(kinds):
        found: Any = None
        if module == "__main__":
            found = class_named(name)
        elif module in sys.modules and not module.startswith(BASIC):
            found = sys.modules[module]
            for part in name.split("."):
                found = getattr(found, "__dict__", {}).get(part)
        elif module == "builtins" and name in OWN:
            return OWN[name]
        if isinstance(found, type) and (module == "__main__" or not _is_basic(found)):
            return found
    return None


def _is_basic(kind: type) -> bool:
    """Tell whether a class is one of `BASIC` under another name, or one of plain data."""
    if str(kind.__module__).startswith(BASIC):
        return True
    return any(
        str(base.__module__).startswith(BASIC[:2]) and not issubclass(base, type | BaseException)
        for base in bases(kind)[:-1]
    )


def pairs_in(kinds: Any) -> Iterator[tuple[str, str]]:
    """Return the pairs of module and name in what a student's process says of an object."""
    for one in kinds if isinstance(kinds, list) else ():
        if isinstance(one, list) and len(one) == 2 and all(isinstance(part, str) for part in one):
            yield one[0], one[1]


class Row:
    """What the student's process says of one class, checked to be of the right form.

    Parameters
    ----------
    said
        What `autograder.domains.student` gives.

    Raises
    ------
    WireError
        If it is of another form.
    """

    def __init__(self, said: Any) -> None:
        said = said if type(said) is dict else {}
        self.number: int = said.get("number")
        self.module, self.qualname = said.get("module"), said.get("qualname")
        self.bases: list[int] = said.get("bases")
        self.names, self.none, self.meta = (said.get(k) for k in ("names", "none", "meta"))
        self.kinds = said.get("kinds")
        lists = (self.names, self.none, self.meta)
        right = type(self.number) is int and type(self.bases) is list
        right &= type(self.module) is str and type(self.qualname) is str
        right = right and all(type(one) is int for one in self.bases)
        for one in lists:
            right = right and type(one) is list and len(one) <= NAMES
            right = right and all(type(name) is str for name in one)
        if not right:
            raise WireError("a class of which nothing is said")
        self.name = "".join(c for c in self.qualname.rpartition(".")[2][:100] if c.isprintable())
