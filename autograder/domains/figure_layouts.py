"""Describes a Matplotlib figure in which nothing has been drawn yet, and makes one like it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

Layout = dict[str, Any]


def layout_of(figure: Any) -> Layout | None:
    """Return the layout of a figure as plain data; None if anything has been drawn in it.

    Parameters
    ----------
    figure
        A figure of this process's own.
    """
    axes = [*figure.axes]
    engine = type(figure.get_layout_engine()).__name__.removesuffix("LayoutEngine").lower()
    layout = {
        "size": [float(one) for one in figure.get_size_inches()],
        "dpi": float(figure.dpi),
        "engine": engine if engine in ("constrained", "tight") else None,
        "axes": [_axes_layout(axes, one) for one in axes],
    }
    fresh = sys.modules["matplotlib.figure"].Figure
    try:
        like, _ = build(layout, fresh)
    except Exception:  # of a kind that is not made by its name
        return None
    return layout if _state(figure) == _state(like) else None


def _axes_layout(axes: list[Any], one: Any) -> dict[str, Any]:
    spec = one.get_subplotspec()
    grid = None
    if spec is not None:
        rows, columns, start, stop = (int(number) for number in spec.get_geometry())
        inner = spec.get_gridspec()
        ratios = [[float(r) for r in part] for part in _ratios(inner)]
        grid = [rows, columns, start, stop, *ratios]
    return {
        "grid": grid,
        "place": [float(number) for number in one.get_position().bounds],
        "projection": str(one.name),
        "sharex": _first_sibling(axes, one, one.get_shared_x_axes()),
        "sharey": _first_sibling(axes, one, one.get_shared_y_axes()),
    }


def _ratios(grid: Any) -> tuple[Any, Any]:
    return grid.get_width_ratios(), grid.get_height_ratios()


def _first_sibling(axes: list[Any], one: Any, groups: Any) -> int | None:
    places = [axes.index(other) for other in groups.get_siblings(one) if other in axes]
    first = min(places, default=axes.index(one))
    return first if first < axes.index(one) else None


def build(layout: Layout, new: Callable[..., Any]) -> tuple[Any, list[Any]]:
    """Return a figure of a layout, and its axes.

    Parameters
    ----------
    layout
        As `layout_of` returns it.
    new
        Makes an empty figure: `matplotlib.pyplot.figure`, or the class.
    """
    figure = new(figsize=layout["size"], dpi=layout["dpi"], layout=layout["engine"])
    axes: list[Any] = []
    for one in layout["axes"]:
        options = {"projection": one["projection"]}
        options |= {name: axes[one[name]] for name in ("sharex", "sharey") if one[name] is not None}
        if one["grid"] is None:
            axes.append(figure.add_axes(one["place"], **options))
            continue
        rows, columns, start, stop, widths, heights = one["grid"]
        grid = figure.add_gridspec(rows, columns, width_ratios=widths, height_ratios=heights)
        row, column = divmod(start, columns)
        last_row, last_column = divmod(stop, columns)
        cell = grid[row : last_row + 1, column : last_column + 1]
        axes.append(figure.add_subplot(cell, **options))
    return figure, axes


def _state(figure: Any) -> list[Any]:
    """Return what drawing changes."""
    state = [len(figure.get_children()), figure.get_facecolor(), figure.get_suptitle()]
    for one in figure.axes:
        state += [len(one.get_children()), one.has_data(), one.get_facecolor(), one.axison]
        state += [one.get_title(loc=place) for place in ("left", "center", "right")]
        state += [one.get_xlabel(), one.get_ylabel(), str(one.get_aspect()), one.get_visible()]
        for axis in (one.xaxis, one.yaxis):
            state += [axis.get_scale(), tuple(axis.get_view_interval()), axis.get_inverted()]
            state += [type(axis.get_major_locator()), type(axis.get_major_formatter())]
    return state
