"""Finds the arrays of a test that show the same memory, and keeps which elements have changed."""

from __future__ import annotations

import functools
import sys
import types
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

#: How many things are looked at: what a test holds is less, and each call waits for it.
MOST = 2_000


class Marks:
    """Which elements of the memory of an array have changed.

    Parameters
    ----------
    owner
        The array that the memory belongs to; its elements lie side by side.
    """

    def __init__(self, owner: Any) -> None:
        self._start, self._item = owner.__array_interface__["data"][0], owner.itemsize
        self._flat = sys.modules["numpy"].zeros(owner.size, bool)

    def of(self, view: Any) -> Any:
        """Return the marks of what a view shows, to read or set; None if its elements are others.

        Parameters
        ----------
        view
            An array that shows this memory.
        """
        first = view.__array_interface__["data"][0] - self._start
        if view.itemsize != self._item or any(n % self._item for n in (first, *view.strides)):
            return None
        steps = [n // self._item for n in view.strides]
        places = self._flat[first // self._item :]
        return sys.modules["numpy"].lib.stride_tricks.as_strided(places, view.shape, steps)


def reachable(kind: type) -> Iterator[Any]:
    """Yield the objects of a type that can be reached by the names of a test.

    Looked at are the notebook's names, those of the functions that are being run, and what is in
    containers, objects and functions of theirs.

    Parameters
    ----------
    kind
        The type; objects of derived ones count as well.
    """
    waiting = deque(_named())
    seen: set[int] = set()
    while waiting and len(seen) < MOST:
        thing = waiting.popleft()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if issubclass(type(thing), kind):
            yield thing
        else:
            waiting += _inside(thing)


def _named() -> Iterator[Any]:
    yield from [*vars(sys.modules["__main__"]).values()]
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name != "__main__" or frame.f_locals is not frame.f_globals:
            yield from () if name.startswith("autograder.") else [*frame.f_locals.values()]
        frame = frame.f_back


def _inside(thing: Any) -> Iterable[Any]:
    """Return what a thing holds, judged by its type: some refuse to be asked."""
    kind = type(thing)
    if kind in (list, tuple):
        return [*thing]
    if kind is dict:
        return [*thing.values()]
    if kind is functools.partial:
        return (*thing.args, *thing.keywords.values())
    if kind is types.FunctionType and thing.__module__ == "__main__":
        filled = [cell for cell in thing.__closure__ or () if cell != types.CellType()]
        cells = [cell.cell_contents for cell in filled]
        return (*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values(), *cells)
    if kind.__module__ == "__main__" and hasattr(kind, "__dict__"):
        return [*getattr(thing, "__dict__", {}).values()]
    return ()
