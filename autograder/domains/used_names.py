"""What a test cell has of the student's names: fetched when it begins, and kept as they are.

A name that a test needs and no instructor's cell defines is fetched from the student's process.
What a call changes over there, the test sees changed, and the other way round. Where the test puts
something in the place of such a name, or deletes it, the student's code finds that until the cell
ends.

The student's side is `autograder.domains.student_names`.
"""

from __future__ import annotations

import builtins
import importlib
import operator
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

from autograder.domains.free_names import needed, stored
from autograder.domains.given_names import Acquaintances
from autograder.domains.kinds_of_names import is_data, is_plain
from autograder.domains.names_in_texts import looked_up
from autograder.domains.patched_names import patchable
from autograder.domains.proxy import is_proxy, module_of
from autograder.domains.watched_values import Watched
from autograder.wire import LIBRARIES

#: Names that mean a module wherever they are used without having been defined by the instructor:
#: what a student's process has under them is not asked.
MODULES = {
    "keras": "keras",
    "math": "math",
    "matplotlib": "matplotlib",
    "mpl": "matplotlib",
    "np": "numpy",
    "npt": "numpy.testing",
    "numpy": "numpy",
    "pd": "pandas",
    "plt": "matplotlib.pyplot",
    "pytest": "pytest",
    "scipy": "scipy",
    "tensorflow": "tensorflow",
    "tf": "tensorflow",
}
#: Requests that change nothing by themselves.
QUIET = ("names", "bind", "give")
_MISSING = object()
_BUILTINS = frozenset(vars(builtins))


class UsedNames:
    """The names of a test that are the student's.

    Parameters
    ----------
    ask
        Lets the student's process do something: `autograder.domains.rpc.Link.ask`.
    space
        The namespace of tests.
    built_in
        The module that tests have in the place of `builtins`.
    """

    def __init__(
        self, ask: Callable[..., Any], space: dict[str, Any], built_in: types.ModuleType | None
    ) -> None:
        self._ask, self._space = ask, space
        self._built_in = vars(built_in) if built_in is not None else {}
        self._inner: set[str] = set()  # what functions of instructor's cells look up
        self._known = Acquaintances()
        self.own: set[str] = set()  # what instructor's cells define, wherever they got to
        self.handed_over: frozenset[str] = frozenset()  # whose data an answer is to change
        self._locked: set[str] = set()  # what locked cells define, and no test since
        self.cell = 0  # which cell runs; none before the first
        self.watched = Watched()
        self._clear()

    def _clear(self) -> None:
        self._first: dict[str, Any] = {}  # what the cell got
        self._in_use: dict[str, Any] = {}  # of these, what is still kept as it is over there
        self._meant: set[str] = set()  # what the cell may change over there
        self._bound: dict[str, Any] = {}  # what it has changed there
        self._elsewhere: dict[tuple[str, str], Any] = {}  # what it may replace in libraries
        self._replaced: dict[tuple[str, str], Any] = {}  # what it has replaced there
        self._given = dict(self._built_in)
        self._before: dict[str, Any] = {}  # what names stood for when the cell began
        self._stored: frozenset[str] = frozenset()
        self._owned: frozenset[str] = frozenset()

    def begin(self, text: str, *, locked: bool = False) -> None:
        """Fetch what a cell needs and no instructor's cell defines.

        Parameters
        ----------
        text
            The cell, as Python.
        locked
            Whether it is a locked cell, which the student's process runs too.
        """
        for name, value in self._first.items():
            if self._space.get(name) is value:
                del self._space[name]
        for name in self.handed_over & self._locked & self._space.keys():
            if is_data(self._space[name]):
                del self._space[name]
                self.own.discard(name)
                self._inner.add(name)  # functions of its cell may look it up
        self.cell += 1
        self.watched = Watched()
        self._clear()
        self._elsewhere = {} if locked else patchable(text, self._space)
        outer, inner = needed(text)
        self._inner |= inner
        wanted = (outer | self._inner) - self.own - _BUILTINS - self._space.keys()
        self._stored = stored(text)
        self._owned = self._stored - self.own
        self._locked = self._locked | self._stored if locked else self._locked - self._stored
        self.own |= self._stored
        for name in wanted & MODULES.keys():
            if module := sys.modules.get(MODULES[name]):
                self._space[name] = module
        by_text = looked_up(text).names - self.own - _BUILTINS
        for name in (by_text & MODULES.keys() & self._space.keys()) - outer - self._inner:
            del self._space[name]  # whether it was imported, the student's process says
        if asked := sorted((wanted | by_text) - self._space.keys()):
            self._fetch(asked)
        self._meant = (outer & self._in_use.keys()) | (self._stored & _BUILTINS)
        self._before = dict(self._space)

    def _fetch(self, names: Iterable[str]) -> None:
        asked = [*names]
        found = self._ask("names", asked)
        for name in asked:
            if isinstance(found, dict) and name in found:
                self._in_use[name] = self._space[name] = _own_module(name, found[name])
        self._first |= {name: self._in_use[name] for name in asked if name in self._in_use}
        self._agree()

    def _agree(self) -> None:
        self.watched = Watched(self._in_use[name] for name in sorted(self._in_use))

    def fetch(self, name: str) -> bool:
        """Fetch one more name while the cell runs; return whether there is such a one."""
        if name in self.own or name in self._first or name in _BUILTINS:
            return False
        self.push()
        self._fetch([name])
        return name in self._in_use

    def mean(self, name: str) -> None:
        """Take note that a test sets or deletes an attribute of the notebook's own module."""
        self._meant.add(name)

    def push(self) -> None:
        """Let the student's process have what the cell has changed since it was last asked."""
        instead, gone, back = [], [], []
        for name, value in self._differing():
            self._in_use.pop(name, None)
            self._bound[name] = value
            if value is self._original(name):
                back.append(("", name))
            elif value is _MISSING:
                gone.append(("", name))
            else:
                instead.append(("", name, value))
        for (module, name), original in self._elsewhere.items():
            value = vars(sys.modules[module]).get(name, _MISSING)
            if value is not self._replaced.get((module, name), original):
                self._replaced[module, name] = value
                if value is original:
                    back.append((module, name))
                elif value is _MISSING:
                    gone.append((module, name))
                else:
                    instead.append((module, name, value))
        contents = self.watched.changes()
        if instead or gone or back or contents:
            self._ask("bind", instead, gone, back, contents)
            self._agree()

    def _original(self, name: str) -> Any:
        """Return what a name stands for in a notebook that the test leaves alone."""
        for place in (self._first, self._before, self._given):
            if name in place:
                return place[name]
        return _MISSING

    def _differing(self) -> list[tuple[str, Any]]:
        """Return the names that do not stand for what the student's process was told, and what."""
        replaced: set[str] = set()
        # At a glance, since each call is preceded by this.
        if len(self._built_in) != len(self._given) or any(
            map(operator.is_not, self._built_in.values(), self._given.values())
        ):
            replaced = {
                name
                for name, value in self._built_in.items()
                if value is not self._given.get(name) and name not in self._space
            }
        found = []
        for name in self._meant | replaced | self._bound.keys():
            value = self._space.get(name, self._built_in.get(name, _MISSING))
            original = self._original(name)
            # Of Python's and the instructor's names only functions: what else a test calls `sum` is
            # no patch, and may be what it expects.
            guarded = name in _BUILTINS or (name in self.own and name not in self._owned)
            if guarded and value is not original and not callable(value):
                continue
            if value is not self._bound.get(name, original):
                found.append((name, value))
        return found

    def take(self, changes: Any) -> None:
        """Change names, and what they stand for, as the student's process says.

        It may say anything: only what came from the student's process is changed.
        """
        if not isinstance(changes, dict) or not changes:
            return
        self.watched.adopt(changes.get("values"))
        rebound, gone = changes.get("rebound"), changes.get("gone")
        for name, value in rebound.items() if isinstance(rebound, dict) else ():
            if name in self._in_use:
                self._rebind(name, _own_module(name, value))
        for name in gone if isinstance(gone, list) else ():
            if isinstance(name, str) and name in self._in_use:
                self._rebind(name, _MISSING)
        self._agree()

    def _rebind(self, name: str, value: Any) -> None:
        """Let a name stand for something else, unless the test has put its own there."""
        before = self._in_use.pop(name)
        untouched = self._space.get(name, _MISSING) is before
        if value is not _MISSING:
            self._in_use[name] = value
        if not untouched:
            return
        self._first[name] = value
        if value is _MISSING:
            self._space.pop(name)
        else:
            self._space[name] = value

    def learn(self, text: str, hidden: frozenset[int] = frozenset()) -> None:
        """Take note of the names in a cell that the student's process runs itself."""
        self._known.given(text, hidden, _BUILTINS)

    def give(self, text: str, hidden: frozenset[int]) -> None:
        """Let the next answer have what the cell has defined, as far as that gives nothing away.

        Parameters
        ----------
        text
            The cell, as Python.
        hidden
            The numbers of its hidden lines.
        """
        given = self._known.given(text, hidden, (self._first.keys() - self._stored) | _BUILTINS)
        values = {}
        for name in given.names:
            value = self._space.get(name, _MISSING)
            if value is not _MISSING and value is not self._first.get(name) and is_plain(value):
                values[name] = value
        if given.statements or values:
            self._ask("give", given.statements, values)

    def end(self, *, failed: bool) -> None:
        """Find out whose the names are that the cell has defined.

        One that it has only used is the student's, also if it was away for a while.

        Parameters
        ----------
        failed
            Whether the cell came to its end by an exception.
        """
        for (module, name), original in self._elsewhere.items():
            if callable(original):  # not a setting of a helper's
                setattr(sys.modules[module], name, original)
        for name, value in [*self._first.items()]:
            now = self._space.get(name, _MISSING)
            same = now is value and is_proxy(value) and (not failed or name in self._bound)
            returned = now is _MISSING or same
            if returned and name in self._owned:
                self.own.discard(name)
            elif not failed and name in self._stored:
                # What it defined is its own, even where it is the same as what it got.
                del self._first[name]


def _own_module(name: str, found: Any) -> Any:
    """Return this process's own module of the same name instead of a proxy on the student's."""
    module = module_of(found)
    if name == module and name in sys.stdlib_module_names:
        return importlib.import_module(name)
    known = module is not None and name in (module, module.rpartition(".")[2])
    if module in LIBRARIES and (known or MODULES.get(name) == module):
        return importlib.import_module(module)
    if known and module in sys.modules:
        return sys.modules[module]
    return found
