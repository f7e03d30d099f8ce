"""What the judge is told of the figures that Matplotlib keeps for the student's code.

The judge's side is `autograder.domains.figures`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from autograder.domains.figure_layouts import Layout, build

_NOTHING = (None, ())


class OwnFigures:
    """The figures of this process, and which of them the judge was told of."""

    def __init__(self) -> None:
        self._told: Any = _NOTHING

    def begin(self) -> None:
        """Begin another test cell: after the one before, a notebook had closed its figures."""
        self._told = _NOTHING
        pyplot = sys.modules.get("matplotlib.pyplot")
        inline = sys.modules.get("matplotlib_inline.config")
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        if pyplot is None or inline is None or shell is None:
            return
        if "inline" in pyplot.get_backend() and inline.InlineBackend.instance().close_figures:
            pyplot.close("all")

    def changes(self) -> dict[str, Any] | None:
        """Return the current figure, and how many there are, if that has changed."""
        helpers = sys.modules.get("matplotlib._pylab_helpers")
        figures = helpers.Gcf.figs if helpers is not None else {}
        state = next(reversed(figures), None), tuple(figures)
        if state == self._told:
            return None
        self._told = state
        current = figures[state[0]].canvas.figure if figures else None
        return {"current": current, "count": len(figures)}


def _pyplot() -> Any:
    import matplotlib.pyplot

    return matplotlib.pyplot


def _make(layout: Layout) -> list[Any]:
    """Make a figure like one of a test's, in which nothing has been drawn."""
    figure, axes = build(layout, _pyplot().figure)
    return [figure, axes]


def _set_aside() -> None:
    """Let no figure be the current one: the test has begun one of its own."""
    if helpers := sys.modules.get("matplotlib._pylab_helpers"):
        helpers.Gcf.figs.clear()


def _close(figure: Any) -> None:
    """Close a figure, the current one, or all."""
    _pyplot().close(figure)


#: What the judge may ask for.
FIGURES: dict[str, Callable[..., Any]] = {
    "make_figure": _make,
    "set_figures_aside": _set_aside,
    "tell_figures": lambda: None,  # the answer to any request tells of them
    "close_figures": _close,
}
