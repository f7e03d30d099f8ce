"""Carries pandas' scalars, arrays and types: moments, spans, intervals, and what is missing."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from autograder.wire.codec import LATER, In, Out, Put, imported
from autograder.wire.columns import CLOSED, carried, frequency, get_column, put_column
from autograder.wire.libraries import READ, library, made
from autograder.wire.standard import get_zone, has_zone

_INT64 = 2**63


def _put_timestamp(out: Out, value: Any, depth: int) -> Any:
    zone = value.tz
    if not has_zone(zone):
        return out.refer(value)
    bare = value if zone is None else value.tz_convert("UTC").tz_localize(None)
    return out.items("timestamp", [bare.to_datetime64(), zone], depth)


def _get_timestamp(inn: In, tree: list[Any], depth: int) -> Any:
    pd, np = library("pandas"), imported("numpy")
    _, moment, zone = tree
    moment, zone = inn.get(moment, depth), get_zone(inn, zone, depth)
    if type(moment) is not np.datetime64 or np.isnat(moment):
        raise TypeError("a moment was expected")
    found = made(lambda: pd.Timestamp(moment))
    return found if zone is None else made(lambda: found.tz_localize("UTC").tz_convert(zone))


def _put_timedelta(out: Out, value: Any, depth: int) -> Any:
    return out.items("pd timedelta", [value.to_timedelta64()], depth)


def _get_timedelta(inn: In, tree: list[Any], depth: int) -> Any:
    np = imported("numpy")
    (span,) = inn.items(tree, depth)
    if type(span) is not np.timedelta64 or np.isnat(span):
        raise TypeError("a span of time was expected")
    return made(lambda: library("pandas").Timedelta(span))


def _put_period(out: Out, value: Any, depth: int) -> Any:
    return ["period", int(value.ordinal), value.freqstr]


def _get_period(inn: In, tree: list[Any], depth: int) -> Any:
    _, ordinal, text = tree
    if type(ordinal) is not int or not -_INT64 < ordinal < _INT64:
        raise TypeError("a period has a number")
    return made(lambda: library("pandas").Period(ordinal=ordinal, freq=frequency(text)))


def _put_interval(out: Out, value: Any, depth: int) -> Any:
    return out.items("interval", [value.left, value.right, value.closed], depth)


def _get_interval(inn: In, tree: list[Any], depth: int) -> Any:
    pd, np = library("pandas"), imported("numpy")
    left, right, closed = inn.items(tree, depth)
    kinds = (int, float, np.integer, np.floating, pd.Timestamp, pd.Timedelta)
    if closed not in CLOSED or not isinstance(left, kinds) or not isinstance(right, kinds):
        raise TypeError("an interval has two ends")
    return made(lambda: pd.Interval(left, right, closed))


def _put_array(out: Out, value: Any, depth: int) -> Any:
    if not carried(value.dtype):
        return out.refer(value)
    return out.again(value) or out.done(value, ["pd array", put_column(out, value, depth + 1)])


def _get_array(inn: In, tree: list[Any], depth: int) -> Any:
    number = inn.begin()
    _, data = tree
    column = get_column(inn, data, depth)
    if isinstance(column, imported("numpy").ndarray):
        pd = library("pandas")
        if column.dtype.kind in "mM":
            index = pd.DatetimeIndex if column.dtype.kind == "M" else pd.TimedeltaIndex
            column = made(lambda: index(column).array)
        else:
            column = made(lambda: pd.arrays.NumpyExtensionArray(column))
    return inn.done(number, column)


def _put_dtype(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a type of columns: that of an empty column of it."""
    pd = library("pandas")
    if isinstance(value, pd.CategoricalDtype) and value.categories is None:
        return ["pd category", value.ordered if value.ordered is None else bool(value.ordered)]
    if not carried(value):
        return out.refer(value)
    empty = value.construct_array_type()._from_sequence([], dtype=value)
    return ["pd dtype", put_column(out, empty, depth + 1)]


def _get_dtype(inn: In, tree: list[Any], depth: int) -> Any:
    _, data = tree
    column = get_column(inn, data, depth)
    if len(column) or isinstance(column, imported("numpy").ndarray):
        raise ValueError("a type of columns was expected")
    return column.dtype


def _get_category(inn: In, tree: list[Any], depth: int) -> Any:
    _, ordered = tree
    if ordered is not None and type(ordered) is not bool:
        raise ValueError("categories are ordered or not")
    return library("pandas").CategoricalDtype(ordered=ordered)


def _pandas(pd: ModuleType) -> dict[type, Put]:
    library("pandas")
    dtypes = pd.api.extensions.ExtensionDtype
    return {
        pd.Timestamp: _put_timestamp,
        pd.Timedelta: _put_timedelta,
        pd.Period: _put_period,
        pd.Interval: _put_interval,
        pd.api.extensions.ExtensionArray: _put_array,
        dtypes: _put_dtype,
        type(pd.NA): lambda out, value, depth: ["pd NA"],
        type(pd.NaT): lambda out, value, depth: ["pd NaT"],
    }


LATER["pandas.api"] = lambda _: _pandas(imported("pandas"))
READ.update(
    {
        kind: ("pandas", get)
        for kind, get in (
            ("timestamp", _get_timestamp),
            ("pd timedelta", _get_timedelta),
            ("period", _get_period),
            ("interval", _get_interval),
            ("pd array", _get_array),
            ("pd dtype", _get_dtype),
            ("pd category", _get_category),
            ("pd NA", lambda inn, tree, depth: library("pandas").NA),
            ("pd NaT", lambda inn, tree, depth: library("pandas").NaT),
        )
    }
)
