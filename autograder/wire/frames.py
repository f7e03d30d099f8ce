"""Carries pandas' frames, series and indexes; each is rebuilt from checked parts."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from autograder.wire.codec import CHANGE, LATER, In, Out, Put
from autograder.wire.columns import carried, frequency, get_column, put_column
from autograder.wire.libraries import READ, library, made
from autograder.wire.limits import MAX_BYTES, WireError, check_bytes, check_names

_INT64 = 2**63
#: The most columns of a frame, and the most levels of an index.
MAX_COLUMNS, MAX_LEVELS = 10_000, 64


def put_frame(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a DataFrame."""
    pd = library("pandas")
    frame = pd.DataFrame(value)  # of pandas' own class, with the same content
    types = pd.DataFrame.dtypes.fget(frame)
    if not (_carried(frame.index) and _carried(frame.columns) and all(map(carried, types))):
        return out.refer(value)
    if (again := out.again(value)) is not None:
        return again
    _check_columns(frame.shape[1])
    columns = [frame.iloc[:, place].array for place in range(frame.shape[1])]
    tree = out.items("frame", [frame.index, frame.columns, *_notes(value)], depth)
    return out.done(value, [*tree, *[put_column(out, one, depth + 1) for one in columns]])


def put_series(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a Series."""
    pd = library("pandas")
    series = pd.Series(value)
    if not (_carried(series.index) and carried(series.dtype)):
        return out.refer(value)
    if (again := out.again(value)) is not None:
        return again
    tree = out.items("series", [series.index, series.name, *_notes(value)], depth)
    return out.done(value, [*tree, put_column(out, series.array, depth + 1)])


def _notes(value: Any) -> list[Any]:
    labels = library("pandas").DataFrame.flags.fget(value).allows_duplicate_labels
    return [dict(value.attrs), bool(labels)]


def _noted(made_of: Any, attrs: Any, labels: Any) -> Any:
    """Return a frame or series with what was noted beside its data."""
    if type(attrs) is not dict or type(labels) is not bool:
        raise TypeError("notes were expected")
    made_of.attrs = attrs
    return made_of if labels else made(lambda: made_of.set_flags(allows_duplicate_labels=False))


def _get_frame(inn: In, tree: list[Any], depth: int) -> Any:
    pd, number = library("pandas"), inn.begin()
    _, index, columns, attrs, labels, *rest = tree
    _check_columns(len(rest))
    index, columns, attrs = (inn.get(part, depth) for part in (index, columns, attrs))
    _check_index(index, columns)
    if len(columns) != len(rest):
        raise ValueError("a frame has as many columns as names")
    data = {}
    for place, one in enumerate(rest):
        column = get_column(inn, one, depth)
        if len(column) != len(index):
            raise ValueError("a frame has columns of one length")
        data[place] = _as_series(column, index)
    frame = made(lambda: pd.DataFrame(data, index=index))
    frame.columns = columns
    return inn.done(number, _noted(frame, attrs, labels))


def _check_columns(count: int) -> None:
    if count > MAX_COLUMNS:
        raise WireError(
            f"A DataFrame of more than {MAX_COLUMNS:,} columns cannot be passed between your code "
            "and the tests."
        )


def _as_series(column: Any, index: Any) -> Any:
    # Of objects: pandas would look whether they are strings.
    kind = {"dtype": object} if column.dtype == object else {}
    return made(lambda: library("pandas").Series(column, index=index, copy=False, **kind))


def _get_series(inn: In, tree: list[Any], depth: int) -> Any:
    number = inn.begin()
    _, index, name, attrs, labels, data = tree
    index, name, attrs = (inn.get(part, depth) for part in (index, name, attrs))
    _check_index(index)
    column = get_column(inn, data, depth)
    if len(column) != len(index):
        raise ValueError("a series has as many values as labels")
    series = _as_series(column, index)
    made(lambda: setattr(series, "name", name))
    return inn.done(number, _noted(series, attrs, labels))


def _check_index(*found: Any) -> None:
    if not all(isinstance(one, library("pandas").Index) for one in found):
        raise TypeError("an index was expected")


def _carried(index: Any) -> bool:
    """Tell whether an index crosses by value."""
    pd = library("pandas")
    if isinstance(index, pd.MultiIndex):
        return all(_carried(level) for level in index.levels)
    return carried(index.dtype)


def put_index(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of an index."""
    pd = library("pandas")
    if not _carried(value):
        return out.refer(value)
    if (again := out.again(value)) is not None:
        return again
    if isinstance(value, pd.RangeIndex):
        parts = [value.start, value.stop, value.step, value.name]
        return out.done(value, out.items("range index", parts, depth))
    if isinstance(value, pd.MultiIndex):
        count = len(value.levels)
        tree = out.items("multi index", [count, *value.names, *value.levels], depth)
        codes = [put_column(out, _numbers(part), depth + 1) for part in value.codes]
        return out.done(value, [*tree, *codes])
    tree = out.items("index", [value.name, _frequency(value)], depth)
    return out.done(value, [*tree, put_column(out, value.array, depth + 1)])


def _numbers(codes: Any) -> Any:
    return library("numpy").asarray(codes)


def _frequency(index: Any) -> str | None:
    """Return the name of an index's frequency, if pandas makes the same of it again."""
    text = index.freqstr if isinstance(getattr(index, "freqstr", None), str) else None
    pd = library("pandas")
    if isinstance(index, pd.PeriodIndex) or text is None:
        return None
    try:
        same = pd.tseries.frequencies.to_offset(text) == index.freq
        return frequency(text) if same else None
    except ValueError:
        return None


def _get_index(inn: In, tree: list[Any], depth: int) -> Any:
    pd, number = library("pandas"), inn.begin()
    _, name, text, data = tree
    name, column = inn.get(name, depth), get_column(inn, data, depth)
    if text is not None:
        frequency(text)
    kind = {"dtype": object} if column.dtype == object else {}
    if text is not None and column.dtype.kind not in "mM":
        raise ValueError("only dates and times have a frequency")
    index = made(lambda: pd.Index(column, name=name, copy=False, **kind))
    if index.dtype.kind == "O":  # of strings, categories and intervals, too
        check_names(index.tolist())
    if text is not None:
        index = made(lambda: type(index)(index, freq=text))
    return inn.done(number, index)


def _get_range_index(inn: In, tree: list[Any], depth: int) -> Any:
    pd, number = library("pandas"), inn.begin()
    start, stop, step, name = inn.items(tree, depth)
    if not all(type(part) is int and -_INT64 < part < _INT64 for part in (start, stop, step)):
        raise TypeError("a range is of whole numbers")
    check_bytes(8 * len(range(start, stop, step)), MAX_BYTES)
    return inn.done(number, made(lambda: pd.RangeIndex(start, stop, step, name=name)))


def _get_multi_index(inn: In, tree: list[Any], depth: int) -> Any:
    pd, number = library("pandas"), inn.begin()
    _, count, *rest = tree
    if type(count) is not int or len(rest) != 3 * count or not 0 < count <= MAX_LEVELS:
        raise ValueError("an index of several levels has names, levels and codes")
    parts = [inn.get(part, depth) for part in rest[: 2 * count]]
    names, levels = parts[:count], parts[count:]
    _check_index(*levels)
    codes = [get_column(inn, part, depth) for part in rest[2 * count :]]
    if any(code.dtype.kind != "i" or len(code) != len(codes[0]) for code in codes):
        raise ValueError("an index has codes of one length")
    return inn.done(number, made(lambda: pd.MultiIndex(levels, codes, names=names)))


def _change(original: Any, new: Any) -> None:
    """Give a frame or a series another's content, as pandas' own methods do with `inplace`."""
    pd = library("pandas")
    pd.DataFrame._update_inplace(original, new)
    original.attrs = new.attrs
    if isinstance(original, pd.Series):
        original.name = new.name


def _pandas(pd: ModuleType) -> dict[type, Put]:
    library("pandas")
    return {pd.DataFrame: put_frame, pd.Series: put_series, pd.Index: put_index}


CHANGE.update({put_frame: _change, put_series: _change})
LATER["pandas"] = _pandas
READ.update(
    {
        kind: ("pandas", get)
        for kind, get in (
            ("frame", _get_frame),
            ("series", _get_series),
            ("index", _get_index),
            ("range index", _get_range_index),
            ("multi index", _get_multi_index),
        )
    }
)
