"""Makes classes in the judge that stand for the classes of the student's objects.

Each class over there has one class here, which is its proxy: `isinstance`, `issubclass` and
``type(x) is`` are decided by these classes and by nothing that an object says. Of what class an
object is, and which bases a class has, the student's process tells once. A class of a library in
use, or of a locked cell, is a base as itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograder.domains.class_bodies import ClassNames, Inherited
from autograder.domains.class_facts import CLASSES, ClassNamed, Row, claimed
from autograder.domains.proxy import (
    CLASS_FACTS,
    INTROSPECTED,
    KNOWN,
    SHOWN,
    Facts,
    Proxy,
    attribute,
    hidden,
    is_proxy,
    link_of,
    plain,
)
from autograder.domains.proxy_methods import METHODS
from autograder.domains.special_methods import SPECIAL
from autograder.domains.subclasses import told
from autograder.wire import WireError
from autograder.wire.codec import PUT, bases, put_other

#: Attributes of every class that are what they are here.
_LOCAL = {"__name__", "__qualname__", "__module__"}
#: `Py_TPFLAGS_HEAPTYPE`.
_HEAP_TYPE = 1 << 9
#: What of a metaclass is Python's own here, too.
_KEPT = {f"__{name}__" for name in ("call", "eq", "ne", "hash", "or", "ror", "bool")}


class ClassProxy(type):
    """What the classes are instances of that stand for the student's."""

    def mro(cls) -> list[type]:
        """Return the classes among which Python looks for methods."""
        body = type.__dict__["__dict__"].__get__(cls)
        order = body.get("_autograder_order")
        return type.mro(cls) if order is None else [cls, *order]

    def __new__(
        cls, name: str, parents: tuple[type, ...], body: dict[str, Any], **options: Any
    ) -> Any:
        """Let a test derive a class."""
        link = next(link_of(one) for one in parents if is_proxy(one))
        made = link.ask("make_class", name, parents, told(body), options)
        if (cell := body.get("__classcell__")) is not None:
            cell.cell_contents = made  # for `super()` in its methods
        return made

    def __getattribute__(cls, name: str) -> Any:
        facts = CLASS_FACTS.get(id(cls))
        if facts is None or name in _LOCAL:
            return type.__getattribute__(cls, name)
        if name in _SHOW:
            return _SHOW[name](cls)
        if name in INTROSPECTED:
            return INTROSPECTED[name](cls)
        asked = name in SPECIAL or name in ("__str__", "__repr__", "__format__", "__subclasses__")
        if not asked and hidden(name):
            return type.__getattribute__(cls, name)
        return attribute(cls, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        if CLASS_FACTS.get(id(cls)) is None or name == "__abstractmethods__":
            type.__setattr__(cls, name, value)
            return
        link_of(cls).ask("set_attribute", cls, name, value)
        if name in METHODS:  # from now on its objects have it
            type.__setattr__(cls, name, METHODS[name])

    def __delattr__(cls, name: str) -> None:
        link_of(cls).ask("delete_attribute", cls, name)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an object over there."""
        return METHODS["__call__"](cls, *args, **kwargs)

    def __instancecheck__(cls, thing: Any) -> bool:
        if not is_proxy(thing):
            return False
        if any(base is cls for base in bases(type(thing))):
            return True
        return (_checks(cls) or isinstance(thing, type)) and bool(
            plain(link_of(cls).ask("is_instance", cls, thing), bool)
        )

    def __subclasscheck__(cls, kind: Any) -> bool:
        if not is_proxy(kind):
            return False
        if any(base is cls for base in bases(kind)):
            return True
        return _checks(cls) and bool(plain(link_of(cls).ask("is_subclass", cls, kind), bool))

    def __eq__(cls, other: Any) -> bool:
        return other is cls or (other is not None and SHOWN.get(id(cls)) is other)

    def __hash__(cls) -> int:
        shown = SHOWN.get(id(cls))
        return type.__hash__(cls) if shown is None else hash(shown)

    def __repr__(cls) -> str:
        return str(plain(link_of(cls).ask("representation", cls), str))

    def __dir__(cls) -> list[str]:
        return [str(name) for name in plain(link_of(cls).ask("directory", cls), list)]


def _checks(cls: type) -> bool:
    """Tell whether a class decides itself what its instances are, as an abstract one does."""
    return bool(_ROWS[id(cls)].meta and "__instancecheck__" in _ROWS[id(cls)].meta)


_ROWS: dict[int, Row] = {}
#: What a class says of its order and its bases, by identity.
_ORDER: dict[int, tuple[type, ...]] = {}
_BASES: dict[int, tuple[type, ...]] = {}
_SHOW: dict[str, Callable[[Any], Any]] = {
    "__class__": lambda cls: SHOWN.get(id(type(cls)), type),
    "__mro__": lambda cls: _ORDER[id(cls)],
    "mro": lambda cls: lambda: [*_ORDER[id(cls)]],
    "__bases__": lambda cls: _BASES[id(cls)],
    "__base__": lambda cls: _BASES[id(cls)][0],
    "__dict__": ClassNames,
}


class Classes:
    """The classes of one student's process.

    Parameters
    ----------
    link
        What asks that process.
    class_named
        Returns the class of a locked cell that has a name, if there is one.
    exceptional
        Makes the class for one of exceptions; None for a class of any other kind.
    """

    def __init__(
        self,
        link: Any,
        class_named: ClassNamed,
        exceptional: Callable[[list[Row], Classes], type | None],
    ) -> None:
        self.link, self.class_named, self._exceptional = link, class_named, exceptional
        self._made: dict[int, type] = {}

    def get(self, number: Any) -> type:
        """Return the class here for one over there; it is asked for when it is new.

        Parameters
        ----------
        number
            The number under which the student's process knows it.

        Raises
        ------
        WireError
            If it says what cannot be, or has too many classes.
        """
        if type(number) is not int:
            raise WireError("an unknown reference")
        if number not in self._made:
            said = self.link.ask("describe", number)
            if type(said) is not list or not 0 < len(said) <= CLASSES:
                raise WireError("a class of which nothing is said")
            rows = [Row(one) for one in said]
            if rows[0].number != number:
                raise WireError("a class of which nothing is said")
            for place in reversed(range(len(rows))):
                self._make(rows[place:])
        return self._made[number]

    def _make(self, rows: list[Row]) -> None:
        """Make the first class of an order in which the others are there already."""
        row = rows[0]
        if row.number in self._made:
            return
        if len(self._made) >= CLASSES:
            raise WireError("too many kinds of objects")
        if row.module == "builtins" and row.qualname == "object":
            self._made[row.number] = object
            return
        made = self._exceptional(rows, self) or self._ordinary(rows)
        self._made[row.number] = made
        if id(made) in KNOWN:
            shown = [self._shown(one) for one in rows]
            _ORDER[id(made)] = tuple(shown)
            direct = [self.made(n) for n in row.bases]
            _BASES[id(made)] = tuple(SHOWN.get(id(one), one) for one in direct if one) or (object,)

    def made(self, number: int) -> type | None:
        """Return a class that is there already."""
        return self._made.get(number)

    def _shown(self, row: Row) -> type:
        made = self._made.get(row.number, object)
        return SHOWN.get(id(made), made)

    def _ordinary(self, rows: list[Row]) -> type:
        row = rows[0]
        body: dict[str, Any] = {"__slots__": (), "__module__": row.module[:200]}
        body |= {
            name: Inherited(name) for name in row.names if name == "__init__" or name[:2] != "__"
        }
        body |= {name: METHODS[name] for name in row.names if name in METHODS}
        body |= dict.fromkeys(name for name in row.none if name in SPECIAL)
        if "__eq__" in body:
            body.setdefault("__hash__", Proxy.__hash__)
        proxies = [self._made[one.number] for one in rows[1:] if one.number in self._made]
        proxies = [one for one in proxies if id(one) in KNOWN and Proxy in bases(one)]
        real = [self._real(one) for one in rows]
        libraries = [one for one in real if one is not None and _is_written_in_python(one)]
        order = [*proxies, *bases(Proxy)[:-1]]
        body["_autograder_order"] = [*order, *_whole(libraries), object]
        if libraries:  # nothing of theirs is run for a proxy
            body |= {"__del__": _do_nothing, "__getattr__": _no_attribute}
        kind = self._metaclass(row)
        try:
            made = type.__new__(kind, row.name or "object", (Proxy,), body)
        except TypeError:  # a library's class that lies in memory otherwise
            body["_autograder_order"] = [*order, object]
            made = type.__new__(kind, row.name or "object", (Proxy,), body)
            if libraries and real[0] is None:
                SHOWN[id(made)] = libraries[0]
        if real[0] is not None:
            SHOWN[id(made)] = real[0]
        self.enter(made, row)
        return made

    def enter(self, made: type, row: Row) -> None:
        """Let a class be the proxy of one over there."""
        type.__setattr__(made, "__qualname__", row.qualname[:200] or "object")
        CLASS_FACTS[id(made)] = Facts(self.link, row.number, said=row.name)
        _ROWS[id(made)] = row
        PUT[made] = put_other  # whatever library a base of it is from
        KNOWN.update((id(made), id(type(made))))

    def _real(self, row: Row) -> type | None:
        return claimed([[row.module, row.qualname]], self.class_named)

    def _metaclass(self, row: Row) -> type[ClassProxy]:
        """Return a metaclass with the special methods that the class itself has."""
        names = {name for name in row.meta if name in METHODS} - _KEPT
        shown = claimed(row.kinds, lambda _: None)
        if not names and shown is None:
            return ClassProxy
        body: dict[str, Any] = {name: METHODS[name] for name in names}
        made = type("ClassProxy", (ClassProxy,), body)
        if shown is not None and issubclass(shown, type):
            SHOWN[id(made)] = shown
        _METACLASSES.append(made)  # their identities are kept
        return made

    def metaclass(self, row: Row) -> type[ClassProxy]:
        """Return the metaclass for a class of exceptions."""
        return self._metaclass(row)


_METACLASSES: list[type] = []


def _whole(kinds: list[type]) -> list[type]:
    """Return classes with all their bases, each once, in an order that Python accepts."""
    found: list[type] = []
    for kind in kinds:
        found += [one for one in bases(kind)[:-1] if one not in found]
    return found


def _is_written_in_python(kind: type) -> bool:
    """Tell whether a class was made by a class statement, and all its bases but `object`."""
    return all(type.__dict__["__flags__"].__get__(one) & _HEAP_TYPE for one in bases(kind)[:-1])


def _do_nothing(*_: Any) -> None:
    return None


def _no_attribute(self: Any, name: str) -> Any:
    raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
