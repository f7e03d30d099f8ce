"""The figures of a test: which is the current one, and what happens to one that it gives away.

Matplotlib keeps the current figure for each process. A test that asks for it after the student's
code has drawn means the student's: `pyplot.gca` and `pyplot.gcf` then return proxies. What a test
itself draws by pyplot goes into a figure of its own, so that nothing that it expects is drawn over
there.

Axes and figures in which nothing has been drawn can be given to the student's code. It gets a
figure like them, and from then on they are proxies of that.

The student's side is `autograder.domains.student_figures`.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

from autograder.domains.figure_layouts import layout_of
from autograder.domains.proxy import ProxyError, facts_of, is_proxy
from autograder.wire.codec import bases

#: Functions of pyplot that may read the student's figure; with arguments, most of them draw.
_READING = ("xlim", "ylim", "xticks", "yticks", "clf", "cla", "draw")
_PYPLOT = "matplotlib.pyplot"
#: The requests that fetch a name: what they tell of was drawn by an earlier cell.
_FETCHING = ("names", "bind", "give", "tell_figures")


class Figures:
    """The current figure.

    Parameters
    ----------
    link
        What asks the student's process: `autograder.domains.rpc.Link`.
    """

    def __init__(self, link: Any) -> None:
        self._link, self._cell = link, -1
        self._own: Any = None  # the test's own current figure when the student's was told
        self._count = 0
        self._is_told = False  # whether anything was told in this cell
        self._current: Any = None  # the student's
        self._is_left = False  # whether an earlier cell of the student's has drawn it
        self._pyplot: dict[str, Callable[..., Any]] = {}

    def begin(self) -> None:
        """Forget, in another cell, what was told in the one before."""
        if self._link.names.cell != self._cell:
            self._cell = self._link.names.cell
            self._forget()
            self._is_told = False
            self._watch()

    def _forget(self) -> None:
        self._current, self._count, self._own = None, 0, _active()
        self._is_told = True

    def _watch(self) -> None:
        """Let tests find the student's figure where pyplot gives the current one."""
        pyplot = sys.modules.get(_PYPLOT)
        if pyplot is None or self._pyplot:
            return
        mine = {"gcf": self._gcf, "gca": self._gca, "close": self._close}
        mine["get_fignums"] = self._get_fignums
        for name, function in mine.items():
            self._pyplot[name] = getattr(pyplot, name)
            setattr(pyplot, name, function)

    def before(self) -> None:
        """Tell the student's process if the test has begun a figure of its own."""
        self.begin()
        active = _active()
        if active is self._own:
            return
        self._own, self._current = active, None
        if active is not None:
            self._link.ask("set_figures_aside")

    def take(self, said: Any, op: str) -> None:
        """Take note of what the student's process says of its figures; it may say anything."""
        said = said.get("figures") if isinstance(said, dict) else None
        if not isinstance(said, dict) or op in ("close_figures", "set_figures_aside"):
            return
        self.begin()
        self._is_told = True
        current, count = said.get("current"), said.get("count")
        self._current = current if is_proxy(current) else None
        self._count = 0
        if self._current is not None and type(count) is int and 0 < count < 10_000:
            self._count = count
        self._is_left, self._own = op in _FETCHING, _active()

    def _found(self) -> Any:
        """Return the student's figure if that is the current one for who asks for it."""
        self.begin()
        if self._link.gone:
            return None
        asking = sys._getframe(2)
        if not self._is_told and _is_of_a_test(asking):
            self._link.ask("tell_figures")
            self._is_told = True
        if self._current is None or _active() is not self._own:
            return None
        if asking.f_globals.get("__name__") == _PYPLOT:
            reads = asking.f_code.co_name in _READING and not _has_arguments(asking)
            asking = asking.f_back if reads and asking.f_back is not None else asking
        if not _is_of_a_test(asking) or (self._is_left and asking.f_code.co_name != "<module>"):
            return None
        return self._current

    def _gcf(self) -> Any:
        found = self._found()
        return self._pyplot["gcf"]() if found is None else found

    def _gca(self) -> Any:
        found = self._found()
        return self._pyplot["gca"]() if found is None else found.gca()

    def _get_fignums(self) -> list[int]:
        numbers: list[int] = self._pyplot["get_fignums"]()
        if _is_of_a_test(sys._getframe(1)):
            first = max(numbers, default=0) + 1
            numbers += range(first, first + self._count)
        return numbers

    def _close(self, fig: Any = None) -> None:
        self._count = self._count if self._is_told or fig != "all" else 1
        found = self._found()
        if is_proxy(fig) or (fig is None and found is not None):
            self._link.ask("close_figures", fig)
        elif fig == "all":
            self._pyplot["close"]("all")
            if self._count and not self._link.gone:
                self._link.ask("close_figures", "all")
        else:
            self._pyplot["close"](fig)
            return
        self._forget()

    def give(self, thing: Any) -> bool:
        """Let a figure or axes in which nothing has been drawn be the student's to draw in.

        Parameters
        ----------
        thing
            Anything.

        Returns
        -------
        bool
            Whether it is now a proxy.
        """
        library = sys.modules.get("matplotlib.figure")
        if library is None or not bases(type(thing)):
            return False
        figure = thing
        if sys.modules["matplotlib.axes"].Axes in bases(type(thing)):
            figure = thing.figure
        if type(figure) is not library.Figure:
            return False
        own = [figure, *figure.axes]
        if not any(one is thing for one in own) or (layout := layout_of(figure)) is None:
            return False
        made = self._link.ask("make_figure", layout)
        told = made if type(made) is list and len(made) == 2 else [None, None]
        axes = told[1] if type(told[1]) is list else []
        theirs = [told[0], *axes]
        if len(theirs) != len(own) or not all(map(is_proxy, theirs)):
            raise ProxyError("Your process answered with no figure.")
        helpers = sys.modules["matplotlib._pylab_helpers"]
        for number, manager in [*helpers.Gcf.figs.items()]:
            if manager.canvas.figure is figure:
                del helpers.Gcf.figs[number]
        for mine, proxy in zip(own, theirs, strict=True):
            self._become(mine, proxy)
        self._own = _active()
        return True

    def _become(self, mine: Any, proxy: Any) -> None:
        """Let an object of the test's be a proxy from now on, and forget what it was."""
        try:
            object.__setattr__(mine, "__class__", type(proxy))
        except TypeError:
            raise ProxyError("Your process answered with no figure.") from None
        held = object.__getattribute__(mine, "__dict__")
        held.clear()
        held.update(_facts=facts_of(proxy), _proxy=proxy)
        self._link.keep(mine)


def _active() -> Any:
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    return None if helpers is None else next(reversed(helpers.Gcf.figs.values()), None)


def _is_of_a_test(frame: types.FrameType) -> bool:
    """Tell whether code of an instructor's asks, and no library: that would draw."""
    module = frame.f_globals.get("__name__", "")
    if module == "__main__":
        return True
    file = str(frame.f_globals.get("__file__", ""))
    return not (module.startswith("autograder.") or file.startswith((sys.prefix, sys.base_prefix)))


def _has_arguments(frame: types.FrameType) -> bool:
    names, more, others, values = inspect.getargvalues(frame)
    given = [values[name] for name in (*names, more, others) if name]
    return any(one is not None and one is not False and one not in ((), {}) for one in given)
