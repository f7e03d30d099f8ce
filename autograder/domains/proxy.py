"""What the judge holds of a student's objects: values it may believe, handles it may only use.

A handle can be called, indexed, iterated and asked for attributes; each of these asks the student's
process, and gives a typed value or another handle. It refuses to be compared, converted to a number
or an array, or used as a truth value: an object that equals everything is worth nothing.

What its object cannot do, a handle cannot do either: of each set of special methods there is one
class of handles (`autograder.domains.special_methods`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, Protocol

from autograder.domains.item_counts import ItemCounts
from autograder.domains.special_methods import DELEGATED, PLACES, REFUSED, has
from autograder.wire import WireError
from autograder.wire.codec import bases

#: Modules of whose classes an object may not say that it is an instance.
BASIC = ("builtins", "numpy", "tensorflow.python.framework", "tensorflow.python.ops")
#: How many classes of handles there may be: more sets of methods are not to be found in a notebook.
CLASSES = 1_000


class HandleError(TypeError):
    """A test does with a student's object what only its own process can do."""


class Asking(Protocol):
    """What carries a handle's requests: `autograder.domains.rpc.Link`."""

    changes: int  # how many requests could have changed an object

    def ask(self, op: str, *arguments: Any) -> Any:
        """Let the student's process do something; return the value."""


def claimed(kinds: Any, class_named: Callable[[str], type | None]) -> type | None:
    """Return the first class that an object says it has which is known here.

    That is a class of a library in use, or of a locked cell, which ``class_named`` returns.

    Nothing is imported for it. What arrives by value, such as arrays, is never a matter of claims.
    """
    for module, name in named(kinds):
        found: Any = None
        if module == "__main__":
            found = class_named(name)
        elif module in sys.modules and not module.startswith(BASIC):
            found = sys.modules[module]
            for part in name.split("."):
                found = getattr(found, "__dict__", {}).get(part)
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


def named(kinds: Any) -> Iterator[tuple[str, str]]:
    """Return the pairs of module and name in what a student's process says of an object."""
    for one in kinds if isinstance(kinds, list) else ():
        if isinstance(one, list) and len(one) == 2 and all(isinstance(part, str) for part in one):
            yield one[0], one[1]


def link_of(handle: Handle) -> Asking:
    """Return what carries a handle's requests."""
    link: Asking = object.__getattribute__(handle, "_link")
    return link


def number_of(handle: Handle) -> int:
    """Return the number under which the student's process knows it."""
    number: int = object.__getattribute__(handle, "_number")
    return number


def module_of(handle: Any) -> str | None:
    """Return of which module the student's process says that this handle is, if of any."""
    name = object.__getattribute__(handle, "_module") if is_handle(handle) else None
    return name if isinstance(name, str) else None


def _hidden(name: str) -> bool:
    """Whether a name is one by which libraries ask an object for an interface to its insides."""
    allowed = ("__name__", "__qualname__", "__doc__", "__annotations__", "__defaults__")
    dunder = name.startswith("__") and name.endswith("__") and name not in allowed
    return dunder or name.startswith(("_repr_", "_ipython_", "_autograder_"))


class Handle:
    """An object of the student's, which stays in the student's process."""

    __slots__ = ("__weakref__", "_counts", "_defined", "_kind", "_link", "_module", "_number")

    def __init__(
        self, link: Asking, number: int, kind: type | None, module: Any, methods: int, defined: int
    ) -> None:
        object.__setattr__(self, "_link", link)
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_kind", kind)
        object.__setattr__(self, "_module", module)
        object.__setattr__(self, "_counts", ItemCounts())
        object.__setattr__(self, "_defined", (methods, defined))

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return object.__getattribute__(self, "_kind") or type(self)
        if name in PLACES and name not in vars(object):
            methods, defined = object.__getattribute__(self, "_defined")
            if not has(methods | defined, name):
                raise AttributeError(f"this object has no attribute {name!r}")
            if not has(methods, name):  # a class, whose objects have it
                return _refusing("asked for its methods").__get__(self)
        if _hidden(name):
            return object.__getattribute__(self, name)
        return link_of(self).ask("attribute", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        link_of(self).ask("set_attribute", self, name, value)

    def __delattr__(self, name: str) -> None:
        link_of(self).ask("delete_attribute", self, name)

    def __str__(self) -> str:
        return str(_plain(link_of(self).ask("text", self, ""), str))

    def __format__(self, form: str) -> str:
        return str(_plain(link_of(self).ask("text", self, ":" + form), str))

    def __repr__(self) -> str:
        return str(_plain(link_of(self).ask("representation", self), str))

    def __dir__(self) -> list[str]:
        return [str(name) for name in _plain(link_of(self).ask("directory", self), list)]

    def __eq__(self, other: Any) -> bool:
        if other is None or type(other).__name__ == "_NoValueType":  # NumPy's "not given"
            return False
        return _refuse(self, "compared")

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return id(self)

    def __reduce_ex__(self, _: Any) -> Any:
        return _refuse(self, "copied")

    def __copy__(self) -> Any:
        return _refuse(self, "copied")

    def __deepcopy__(self, _: Any) -> Any:
        return _refuse(self, "copied")

    def __bool__(self) -> bool:
        return _refuse(self, "used as true or false")

    def __bytes__(self) -> bytes:
        return _refuse(self, "converted to a number")

    def __array__(self, *_: Any, **__: Any) -> Any:
        return _refuse(self, "converted to an array")

    def __tf_tensor__(self, *_: Any, **__: Any) -> Any:
        return _refuse(self, "converted to an array")

    def __buffer__(self, _: int) -> memoryview:
        return _refuse(self, "converted to an array")

    __array_ufunc__ = None  # NumPy then leaves operators to the ones below


def _agree(wrong: str) -> None:
    """Raise what an object says amiss of the number of its items."""
    if wrong:
        raise HandleError(wrong)


def _is_frame(handle: Handle) -> bool:
    """Tell whether it is a DataFrame: its length is that of a column, and a loop gives columns."""
    kind, pandas = object.__getattribute__(handle, "_kind"), sys.modules.get("pandas")
    return kind is not None and pandas is not None and issubclass(kind, pandas.DataFrame)


def _plain(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise HandleError(f"The student's object answered with no {kind.__name__}.")
    return value


def _refuse(handle: Handle, what: str) -> NoReturn:
    kind = object.__getattribute__(handle, "_kind")
    of = f" of type {kind.__name__}" if kind else ""
    raise HandleError(
        f"An object{of} was found where the test expects a number, a text, a list or an array: "
        f"it cannot be {what}."
    )


def _refusing(what: str) -> Callable[..., Any]:
    def refused(self: Handle, *_: Any, **__: Any) -> Any:
        _refuse(self, what)

    return refused


class _Delegating(Handle):
    """The methods that are carried out in the student's process; no handle has this class."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it over there."""
        return link_of(self).ask("call", self, args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        try:
            return link_of(self).ask("item", self, key)
        except IndexError:
            # With it ends a loop over an object that has no `__iter__`.
            if type(key) is int and hasattr(type(self), "__len__") and 0 <= key < len(self):
                raise HandleError(
                    f"`len` of your object is {len(self)}, but it has no item {key}."
                ) from None
            raise

    def __setitem__(self, key: Any, value: Any) -> None:
        link_of(self).ask("set_item", self, key, value)

    def __delitem__(self, key: Any) -> None:
        link_of(self).ask("delete_item", self, key)

    def __contains__(self, thing: Any) -> bool:
        # Looked for here: over there nobody is to learn what is expected, or to say that it is in.
        return any(one is thing or one == thing for one in self)

    def __len__(self) -> int:
        link = link_of(self)
        length = int(_plain(link.ask("length", self), int))
        _agree(object.__getattribute__(self, "_counts").length(length, link.changes))
        return length

    def __iter__(self) -> Iterator[Any]:
        link, count = link_of(self), 0
        began = link.changes
        iterator = link.ask("iterate", self)
        while True:
            try:
                value = link.ask("next", iterator)
            except StopIteration:
                break
            count += 1
            yield value
        if iterator is not self and not (count and _is_frame(self)):

            def ask() -> Any:
                return _plain(link.ask("length", self), int)

            counts = object.__getattribute__(self, "_counts")
            _agree(counts.looped(count, began, link.changes, ask))

    def __next__(self) -> Any:
        return link_of(self).ask("next", self)

    def __enter__(self) -> Any:
        return link_of(self).ask("enter", self)

    def __exit__(self, *error: Any) -> None:
        link_of(self).ask("leave", self, None, None, None)

    def __instancecheck__(self, thing: Any) -> bool:
        return is_handle(thing) and bool(
            _plain(link_of(self).ask("is_instance", self, thing), bool)
        )

    def __subclasscheck__(self, kind: Any) -> bool:
        return is_handle(kind) and bool(_plain(link_of(self).ask("is_subclass", self, kind), bool))


#: By the number that says which special methods the objects have.
_classes: dict[int, type[Handle]] = {}
_known: set[int] = set()  # these classes, by identity


def is_handle(thing: Any) -> bool:
    """Tell whether it is a handle, whatever it says of its class."""
    return id(type(thing)) in _known


def class_with(methods: int) -> type[Handle]:
    """Return the class of handles that has these special methods.

    Parameters
    ----------
    methods
        A number of `autograder.domains.special_methods`.

    Raises
    ------
    WireError
        If there are too many classes already.
    """
    made = _classes.get(methods)
    if made is None:
        if len(_classes) >= CLASSES:
            raise WireError("too many kinds of objects")
        body: dict[str, Any] = {"__slots__": (), "__module__": __name__}
        body |= {name: vars(_Delegating)[name] for name in DELEGATED if has(methods, name)}
        body |= {name: _refusing(what) for name, what in REFUSED.items() if has(methods, name)}
        body["__hash__"] = Handle.__hash__ if has(methods, "__hash__") else None
        made = _classes[methods] = type("Handle", (Handle,), body)
        _known.add(id(made))
    return made
