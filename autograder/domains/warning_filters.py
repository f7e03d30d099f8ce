"""Lets a test see what the student's code warns of, and treat it as in one process.

While a test listens (`warnings.catch_warnings`, `pytest.warns`), its filters go along with each
request, and what passes them over there is shown to it here.
"""

from __future__ import annotations

import builtins
import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from autograder.domains.proxy import is_proxy, number_of
from autograder.domains.proxy_exceptions import instance, issubclass_of

#: How many warnings of one request are told, and how long the text of one may be.
MOST, SAID = 100, 2_000
ACTIONS = ("default", "error", "ignore", "always", "module", "once")


class Listening:
    """Knows whether a test listens to warnings: whether something is not as it was."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Take what is set up now for what nobody has asked for."""
        module: Any = sys.modules["warnings"]
        self._filters = [*module.filters]
        self._shown = module._showwarnmsg_impl, module.showwarning

    def filters(self) -> list[Any] | None:
        """Return the filters that a test has added, as plain data; None if it does not listen."""
        module: Any = sys.modules["warnings"]
        known = set(map(id, self._filters))
        added = [_told(one) for one in module.filters if id(one) not in known]
        heard = (module._showwarnmsg_impl, module.showwarning) != self._shown
        return added if added or heard else None


def _told(one: tuple[Any, ...]) -> list[Any]:
    action, message, kind, module, line = one
    named = {"class": number_of(kind)} if is_proxy(kind) else [kind.__module__, kind.__qualname__]
    return [action, message and message.pattern, named, module and module.pattern, line]


def show(said: Any, class_of: Callable[[Any], type]) -> None:
    """Show a test what the student's code has warned of.

    Parameters
    ----------
    said
        Pairs of a class's number and a text.
    class_of
        Returns the class here that has such a number.
    """
    module: Any = sys.modules["warnings"]
    for one in said[:MOST] if type(said) is list else ():
        if type(one) is not list or len(one) != 2 or type(one[1]) is not str:
            continue
        kind = class_of(one[0])
        if issubclass_of(kind, Warning):
            message = instance(kind, (one[1][:SAID],), one[1][:SAID])
            module._showwarnmsg(module.WarningMessage(message, kind, "<your code>", 1))


@contextlib.contextmanager
def heeded(filters: Any, held: Callable[[Any], Any]) -> Iterator[list[Any]]:
    """Keep, in the student's process, what passes a test's filters.

    Parameters
    ----------
    filters
        As `Listening.filters` gives them.
    held
        Returns the class that has a number.
    """
    if filters is None:
        yield []
        return
    module: Any = sys.modules["warnings"]
    with module.catch_warnings(record=True) as log:
        for action, message, named, place, line in reversed(filters):
            kind = _kind(named, held)
            if action in ACTIONS and kind is not None:
                module.filterwarnings(action, message or "", kind, place or "", line)
        yield log


def _kind(named: Any, held: Callable[[Any], Any]) -> Any:
    if isinstance(named, dict):
        return held(named["class"])
    module, name = named
    return vars(sys.modules.get(module, builtins)).get(name)
