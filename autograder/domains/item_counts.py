"""Holds what a student's object says of the number of its items against what a loop finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: The requests after which an object may rightly hold more or less than before.
CHANGING = frozenset(
    ("call", "item", "set_item", "delete_item", "set_attribute", "delete_attribute")
) | {"enter", "leave", "names", "bind", "operate_in_place", "begin", "turn", "turn_next"}


class ItemCounts:
    """What one object has said of the number of its items, and when.

    Times are numbers of requests that may change an object. What a loop gives has to agree with
    what was said since the last of them: with the length, and with the loop before.
    """

    def __init__(self) -> None:
        self._length: tuple[int, int] | None = None
        self._looped: tuple[int, int] | None = None

    def length(self, length: int, now: int) -> str:
        """Take note of a length; return what is wrong with it, or an empty string."""
        self._length = length, now
        if self._looped is not None and self._looped[1] == now and self._looped[0] != length:
            return _differ(length, self._looped[0])
        return ""

    def looped(self, count: int, began: int, now: int, ask: Callable[[], Any]) -> str:
        """Take note of a loop that came to its end; return what is wrong with it.

        Parameters
        ----------
        count
            How many items it gave.
        began, now
            When it began, and when it ended.
        ask
            Returns the length that the object gives now.
        """
        before, self._looped = self._looped, (count, now)
        if self._length is not None:
            length, when = self._length
            if when not in (began, now):  # it may have changed since
                length = ask()
                self._length = length, now
            if count != length:
                return _differ(length, count)
        if before is not None and before[1] == began and before[0] != count:
            return (
                f"A loop over your object gave {before[0]} items, and the next loop {count}: each "
                "loop over it has to give all of them."
            )
        return ""


def _differ(length: int, count: int) -> str:
    return (
        f"`len` of your object is {length}, but a loop over it gives {count} items: let `__len__` "
        "and `__iter__` agree."
    )
