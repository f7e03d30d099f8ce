"""What the judge has of the notebook's names, and what a test puts in their place while it runs.

The judge's side is `autograder.domains.used_names`.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any

from autograder.domains.student_figures import OwnFigures
from autograder.domains.surroundings import surrounded
from autograder.domains.watched_values import Watched, content_print

_MISSING = object()


class StudentNames:
    """The names of the notebook that one test cell has.

    Parameters
    ----------
    names
        The notebook's namespace.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names
        self.figures = OwnFigures()
        self._around: Any = None
        self.begin(0)

    def begin(self, cell: Any) -> None:
        """Begin another test cell: what the one before has put in place of names is gone."""
        self._cell = cell
        self._in_use: dict[str, Any] = {}
        self._prints: dict[str, Any] = {}
        self._instead: dict[tuple[str, str], Any] = {}
        self.watched = Watched()

    def hear(self, cell: Any, around: Any = None) -> None:
        """Take note of which test cell asks, and of the surroundings that it has set."""
        self._around = around
        if cell != self._cell:
            self.begin(cell)
            self.figures.begin()

    def find(self, names: list[str]) -> dict[str, Any]:
        """Return the values of those names that there are; none while no test cell runs."""
        found = {name: self._names[name] for name in names if name in self._names}
        self._in_use |= found if self._cell else {}
        return found

    def changes(self) -> dict[str, Any]:
        """Return what has happened to the names that a test uses, and to what they stand for."""
        rebound = {}
        for name, value in self._in_use.items():
            now = self._names.get(name, _MISSING)
            if now is _MISSING:
                continue
            if now is not value or content_print(now) != self._prints.get(name):
                rebound[name] = now
        gone = [name for name in self._in_use if name not in self._names]
        contents = self.watched.changes()
        figures = self.figures.changes()
        return {"rebound": rebound, "gone": gone, "values": contents, "figures": figures}

    def agree(self) -> None:
        """Take note that the judge has everything as it is here now."""
        self._in_use = {name: self._names[name] for name in self._in_use if name in self._names}
        self._prints = {name: content_print(value) for name, value in self._in_use.items()}
        self.watched = Watched(self._in_use[name] for name in sorted(self._in_use))

    def bind(self, instead: list[tuple[str, str, Any]], gone: Any, back: Any, changes: Any) -> None:
        """Put values in the place of what names stand for whenever the judge asks for something.

        Parameters
        ----------
        instead
            Modules, names in them, and values; the notebook's own module has no name.
        gone
            Modules, and names in them, that there are not to be.
        back
            Modules, and names in them, that are to be what they are.
        changes
            What the test has changed in place, for `Watched.adopt`.
        """
        for module, name in back:
            self._instead.pop((module, name), None)
        for module, name, value in instead:
            self._instead[module, name] = value
        for module, name in gone:
            self._instead[module, name] = _MISSING
        for module, name in self._instead:
            if not module:
                self._in_use.pop(name, None)
        self.watched.adopt(changes)
        self.agree()

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Have all that in place: what runs between two requests never meets it."""
        with surrounded(self._around), self._names_in_place():
            yield

    @contextlib.contextmanager
    def _names_in_place(self) -> Iterator[None]:
        if not self._instead:
            yield
            return
        kept = []
        for (module, name), value in [*self._instead.items()]:
            try:
                space = vars(importlib.import_module(module)) if module else self._names
            except ImportError:
                continue
            kept.append((space, module, name, space.get(name, _MISSING)))
            _put(space, name, value)
        try:
            yield
        finally:
            for space, module, name, before in kept:
                if (module, name) in self._instead:
                    self._instead[module, name] = space.get(name, _MISSING)
                _put(space, name, before)


def _put(space: dict[str, Any], name: str, value: Any) -> None:
    if value is _MISSING:
        space.pop(name, None)
    else:
        space[name] = value
