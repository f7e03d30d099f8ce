"""Shows in the judge what stands in the body of a student's class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autograder.domains.proxy import INTROSPECTED, attribute, link_of, named, plain


class ClassNames(Mapping[str, Any]):
    """The names in the body of a student's class, and what they stand for."""

    def __init__(self, cls: type) -> None:
        self._cls = cls
        self._found = plain(link_of(cls).ask("class_names", cls), list)

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            raise KeyError(name)
        if name == "__annotations__":
            return INTROSPECTED[name](self._cls)
        value = link_of(self._cls).ask("class_item", self._cls, name)
        named(value, f"{self._cls.__name__}.{name}")
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class Inherited:
    """What ``super()`` in a test's method finds in the body of a student's class."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner

    def __get__(self, thing: Any, kind: Any = None) -> Any:
        if thing is None:
            return attribute(self._owner, self._name)
        return link_of(self._owner).ask("inherited", self._owner, thing, self._name)
