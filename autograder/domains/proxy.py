"""What the judge holds of a student's objects: values it may believe, proxies it may only use.

A proxy can be called, indexed, iterated, calculated with and asked for attributes; each of these
asks the student's process, and gives a typed value or another proxy. What it says of a value of the
test's is not believed: it refuses to be compared with one, or to be converted to an array. An
object that equals everything is worth nothing.

A proxy's class stands for its object's class, and has the special methods that this class has
(`autograder.domains.proxy_classes`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from autograder.domains.item_counts import ItemCounts
from autograder.domains.special_methods import SPECIAL
from autograder.wire.codec import bases

#: Special attributes that an object is asked for. Of all others, by which libraries ask for an
#: interface to an object's insides, a proxy has none.
ASKED = frozenset(
    f"__{name}__"
    for name in (
        *("name", "qualname", "module", "doc", "defaults", "kwdefaults", "wrapped", "code"),
        *("closure", "func", "self", "dict", "init", "new", "post_init", "slots", "match_args"),
        *("members", "abstractmethods", "isabstractmethod", "subclasses", "init_subclass"),
        *("get", "set", "delete", "set_name", "missing", "reversed", "length_hint", "del"),
        *("getattr", "objclass", "flags", "version", "dataclass_params", "args", "origin"),
    )
)


class ProxyError(TypeError):
    """A test does with a student's object what only its own process can do.

    Parameters
    ----------
    text
        What a student is told.
    in_general
        The same without names that his code gives, for a hidden test: they may hold its inputs.
    """

    def __init__(self, text: str = "", in_general: str = "") -> None:
        super().__init__(text)
        self.in_general = in_general or text


class Asking(Protocol):
    """What carries a proxy's requests: `autograder.domains.rpc.Link`."""

    changes: int  # how many requests could have changed an object

    def ask(self, op: str, *arguments: Any) -> Any:
        """Let the student's process do something; return the value."""

    def secret(self) -> bool:
        """Tell whether the values of a test are nothing that its student may see."""


@dataclass
class Facts:
    """What is known of one object: of an instance in its slots, of a class beside it."""

    link: Asking
    number: int
    counts: ItemCounts = field(default_factory=ItemCounts)
    module: str | None = None  # of which module it says that it is
    said: str = ""  # how a test came by it, as in "f(...)"
    bent: bool = False  # whether a value of the test's went into it
    negative: bool = False  # whether it is another one's opposite
    waited: Any = None  # what goes on with it, if it is a coroutine


#: Facts of classes, by identity; proxies of classes live as long as the link.
CLASS_FACTS: dict[int, Facts] = {}
#: The class that an object's `__class__` is, where it is not the proxy's own; by the same.
SHOWN: dict[int, type] = {}
#: All classes of proxies, by identity: a proxy of a class has its metaclass here.
KNOWN: set[int] = set()
#: What answers attributes that are put together here: `autograder.domains.introspection` fills it.
INTROSPECTED: dict[str, Callable[[Any], Any]] = {}


def is_proxy(thing: Any) -> bool:
    """Tell whether it is a proxy, whatever it says of its class."""
    return id(type(thing)) in KNOWN


def facts_of(proxy: Any) -> Facts:
    """Return what is known of a proxy's object."""
    found = CLASS_FACTS.get(id(proxy))
    if found is None:
        found = object.__getattribute__(proxy, "_facts")
    return found


def link_of(proxy: Any) -> Asking:
    """Return what carries a proxy's requests."""
    return facts_of(proxy).link


def number_of(proxy: Any) -> int:
    """Return the number under which the student's process knows it."""
    return facts_of(proxy).number


def module_of(proxy: Any) -> str | None:
    """Return of which module the student's process says that this proxy is, if of any."""
    return facts_of(proxy).module if is_proxy(proxy) else None


def hidden(name: str) -> bool:
    """Tell whether a name is one by which libraries ask for an interface to an object's insides."""
    dunder = name.startswith("__") and name.endswith("__") and name not in ASKED
    return dunder or name.startswith(("_repr_", "_ipython_", "_autograder_", "_render_traceback"))


def defined(kind: type, name: str) -> bool:
    """Tell whether a proxy's object has a special method, by the class of the proxy."""
    for base in bases(kind):
        if base is Proxy:
            return name in vars(object)
        body = type.__dict__["__dict__"].__get__(base)
        if name in body:
            return body[name] is not None
    return False


def attribute(proxy: Any, name: str) -> Any:
    """Return an attribute of a proxy's object, and keep how the test came by it."""
    facts = facts_of(proxy)
    if facts.bent and name in _names_of_numbers():
        refuse_bent(proxy)
    value = facts.link.ask("attribute", proxy, name)
    named(value, f"{facts.said}.{name}" if facts.said else "")
    return value


def named(value: Any, said: str) -> None:
    """Note how a test came by a value, if it is a proxy of which this is not known yet."""
    if said and is_proxy(value):
        facts = facts_of(value)
        facts.said = facts.said or said[:200]


def _names_of_numbers() -> frozenset[str]:
    """Return the attributes of numbers, arrays and tables: what a difference is asked for."""
    kinds: list[Any] = [float, complex]
    if numpy := sys.modules.get("numpy"):
        kinds.append(numpy.ndarray)
    if pandas := sys.modules.get("pandas"):
        kinds += [pandas.Series, pandas.DataFrame]
    return frozenset(name for kind in kinds for name in dir(kind)) - vars(object).keys()


class Proxy:
    """An object of the student's, which stays in the student's process."""

    # It has a dictionary, as the classes of libraries have that may follow it in an order: of one
    # that had none, Python would look for it at the place that theirs have.
    _facts: Facts

    def __init_subclass__(cls, **_: Any) -> None:
        """Do not tell a library that it has a new subclass."""

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return SHOWN.get(id(type(self)), type(self))
        if name in SPECIAL:
            if defined(type(self), name):
                return object.__getattribute__(self, name)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if name in INTROSPECTED:
            return INTROSPECTED[name](self)
        if hidden(name):
            return object.__getattribute__(self, name)
        return attribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        link_of(self).ask("set_attribute", self, name, value)

    def __delattr__(self, name: str) -> None:
        link_of(self).ask("delete_attribute", self, name)

    def __str__(self) -> str:
        return str(plain(link_of(self).ask("text", self, ""), str))

    def __format__(self, form: str) -> str:
        return str(plain(link_of(self).ask("text", self, ":" + form), str))

    def __repr__(self) -> str:
        return str(plain(link_of(self).ask("representation", self), str))

    def __dir__(self) -> list[str]:
        return [str(name) for name in plain(link_of(self).ask("directory", self), list)]

    def __eq__(self, other: Any) -> bool:
        if is_proxy(other):
            return self is other
        if other is None or type(other).__name__ == "_NoValueType":  # NumPy's "not given"
            return False
        return refuse(self, "compared with a value of the test's")

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        if facts_of(self).bent:
            refuse_bent(self)
        return len(self) > 0 if defined(type(self), "__len__") else True

    def __copy__(self) -> Any:
        return link_of(self).ask("operate", "copy", self)

    def __deepcopy__(self, _: Any) -> Any:
        return link_of(self).ask("operate", "deepcopy", self)

    def __reduce_ex__(self, _: Any) -> Any:
        return refuse(self, "pickled")

    def __bytes__(self) -> bytes:
        return refuse(self, "converted to bytes")

    def __array__(self, *_: Any, **__: Any) -> Any:
        return refuse(self, "converted to an array")

    def __tf_tensor__(self, *_: Any, **__: Any) -> Any:
        return refuse(self, "converted to an array")

    def __buffer__(self, _: int) -> memoryview:
        return refuse(self, "converted to an array")

    __array_ufunc__ = None  # NumPy then leaves operators to those of the proxy


def agree(wrong: str) -> None:
    """Raise what an object says amiss of the number of its items."""
    if wrong:
        raise ProxyError(wrong)


def plain(value: Any, kind: type) -> Any:
    """Return an answer that has to be of a type.

    Raises
    ------
    ProxyError
        If it is of another.
    """
    if type(value) is not kind:
        raise ProxyError(f"Your object answered with no {kind.__name__}.")
    return value


def refuse(proxy: Any, what: str) -> NoReturn:
    """Say that an object stands where a value is needed."""
    found = _found(facts_of(proxy).said, type(proxy).__name__)
    expected = "The test expects a number, a text, a list or an array"
    raise ProxyError(
        f"{expected}, but {found}: it cannot be {what}.",
        f"{expected}, but found an object of a class of yours: it cannot be {what}.",
    )


def refuse_bent(proxy: Any) -> NoReturn:
    """Say that what was calculated with a value of the test's is not believed to be a number."""
    found, rest = "The test expects a number or an array and found an object of", "return one."
    raise ProxyError(
        f"{found} your class `{type(proxy).__name__}`: let your code {rest}",
        f"{found} a class of yours: let your code {rest}",
    )


def _found(said: str, of: str) -> str:
    if not said:
        return f"an object of type `{of}` was found"
    verb = "returned" if said.endswith("(...)") else "is"
    said = said.removesuffix("(...)") if verb == "returned" else said
    return f"`{said}` {verb} a `{of}`"


def iterate(self: Any) -> Iterator[Any]:
    """Loop over a proxy's object, and hold what the loop gives against what it says."""
    facts, count = facts_of(self), 0
    link, began = facts.link, facts.link.changes
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
            return plain(link.ask("length", self), int)

        agree(facts.counts.looped(count, began, link.changes, ask))


def _is_frame(proxy: Any) -> bool:
    """Tell whether it is a DataFrame: its length is that of a column, and a loop gives columns."""
    kind, pandas = SHOWN.get(id(type(proxy))), sys.modules.get("pandas")
    return kind is not None and pandas is not None and issubclass(kind, pandas.DataFrame)
