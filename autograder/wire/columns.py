"""Carries pandas' columns: an array of each of its types, without the index and the name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from autograder.wire.arrays import NUMBERS, elements
from autograder.wire.codec import In, Out, imported
from autograder.wire.libraries import library, made
from autograder.wire.limits import check_depth
from autograder.wire.records import code_of
from autograder.wire.standard import get_zone, has_zone
from autograder.wire.texts import get_texts, put_texts

CLOSED = ("left", "right", "both", "neither")
_FREQUENCY = re.compile(r"[A-Za-z0-9:+.-]{1,30}")
_STORAGES = ("python", "pyarrow")


def frequency(text: Any) -> str:
    """Return a text if it looks like a frequency of pandas.

    Raises
    ------
    ValueError
        If it does not.
    """
    if type(text) is not str or not _FREQUENCY.fullmatch(text):
        raise ValueError("a frequency was expected")
    return text


def carried(dtype: Any) -> bool:
    """Tell whether a column of a type crosses by value."""
    pd, np, dtype = library("pandas"), imported("numpy"), _plain(dtype)
    if isinstance(dtype, np.dtype):
        return dtype.kind == "O" or (dtype.kind not in "SUV" and code_of(dtype) is not None)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return has_zone(dtype.tz)
    if isinstance(dtype, pd.CategoricalDtype):
        return dtype.categories is not None and carried(dtype.categories.dtype)
    if isinstance(dtype, pd.IntervalDtype):
        return bool(dtype.closed) and dtype.subtype is not None and carried(dtype.subtype)
    return isinstance(dtype, (pd.PeriodDtype, pd.StringDtype)) or _masked(dtype) is not None


def _plain(dtype: Any) -> Any:
    """Return NumPy's type for a type that only wraps it."""
    return dtype.numpy_dtype if type(dtype).__name__ == "NumpyEADtype" else dtype


def _masked(dtype: Any) -> Any:
    """Return the class of arrays that have a mask beside numbers of a type; None if none has."""
    pd = library("pandas")
    name = getattr(dtype, "name", "")
    if name == "boolean":
        return pd.arrays.BooleanArray
    if type(dtype) is getattr(pd, f"{name}Dtype", None) and name.lower() in NUMBERS:
        return pd.arrays.FloatingArray if name.startswith("F") else pd.arrays.IntegerArray
    return None


def put_column(out: Out, column: Any, depth: int) -> list[Any]:
    """Return the tree of an array of NumPy or pandas, of a type that is `carried`."""
    check_depth(depth)
    pd, np, dtype = library("pandas"), imported("numpy"), _plain(column.dtype)
    if isinstance(dtype, np.dtype):
        array = column if isinstance(column, np.ndarray) else column.to_numpy()
        return _put_objects(out, array, depth) if dtype.kind == "O" else _put_numbers(out, array)
    if isinstance(dtype, pd.DatetimeTZDtype):
        array = column.tz_convert("UTC").tz_localize(None).to_numpy()
        return ["moments", _put_numbers(out, array), out.put(dtype.tz, depth)]
    if isinstance(dtype, pd.CategoricalDtype):
        numbers = _put_numbers(out, column.codes)
        return ["categories", numbers, out.put(dtype.categories, depth), bool(dtype.ordered)]
    if isinstance(dtype, pd.IntervalDtype):
        sides = [out.put(pd.Index(side), depth) for side in (column.left, column.right)]
        return ["intervals", *sides, dtype.closed]
    if isinstance(dtype, pd.PeriodDtype):
        return ["periods", _put_numbers(out, column.asi8), dtype._freqstr]
    missing = column.isna()
    if isinstance(dtype, pd.StringDtype):
        texts, said = column.to_numpy(object, na_value=""), dtype.na_value is pd.NA
        parts = [put_texts(out, texts.tolist()), _put_numbers(out, missing)]
        return ["strings", *parts, dtype.storage, "NA" if said else "nan"]
    plain = np.dtype(bool) if dtype.name == "boolean" else dtype.numpy_dtype
    filled = column.to_numpy(plain, na_value=plain.type(0))
    return ["masked", _put_numbers(out, filled), _put_numbers(out, missing), dtype.name]


def _put_numbers(out: Out, array: Any) -> list[Any]:
    out.reserve(array.nbytes)
    return ["numbers", code_of(array.dtype), out.blob(array.tobytes())]


def _put_objects(out: Out, array: Any, depth: int) -> list[Any]:
    items = array.tolist()
    if {*map(type, items)} == {str}:
        return ["words", put_texts(out, items)]
    found: list[Any] = out.items("objects", items, depth)
    return found


def get_column(inn: In, tree: Any, depth: int) -> Any:
    """Return the array of a tree, whose length agrees with that of its bytes.

    Raises
    ------
    ValueError
        If there is no such array.
    WireError
        If it is too large or too deep.
    """
    check_depth(depth)
    get = _GET.get(tree[0]) if type(tree) is list and tree and type(tree[0]) is str else None
    if get is None:
        raise ValueError("a column is of no known kind")
    return get(inn, tree, depth + 1)


def _get_numbers(inn: In, tree: list[Any], depth: int) -> Any:
    kind, code, number = tree
    if kind != "numbers" or type(code) is not str or code[1:2] in ("S", "U"):
        raise ValueError("numbers were expected")
    data = inn.blob(number)
    size = len(data) // max(elements(code, [0], b"").dtype.itemsize, 1)
    return elements(code, [size], data)


def _get_objects(inn: In, tree: list[Any], depth: int) -> Any:
    items = inn.items(tree, depth)
    array = imported("numpy").empty(len(items), object)
    for place, item in enumerate(items):  # a slice would look into items that are lists
        array[place] = item
    return array


def _get_words(inn: In, tree: list[Any], depth: int) -> Any:
    _, texts = tree
    return get_texts(inn, texts)


def _get_moments(inn: In, tree: list[Any], depth: int) -> Any:
    _, numbers, zone = tree
    array, zone = _get_numbers(inn, numbers, depth), get_zone(inn, zone, depth)
    if array.dtype.kind != "M" or zone is None:
        raise ValueError("moments were expected")
    index = library("pandas").DatetimeIndex
    return made(lambda: index(array).tz_localize("UTC").tz_convert(zone).array)


def _get_categories(inn: In, tree: list[Any], depth: int) -> Any:
    _, numbers, categories, ordered = tree
    pd = library("pandas")
    codes, categories = _get_numbers(inn, numbers, depth), inn.get(categories, depth)
    if codes.dtype.kind != "i" or type(ordered) is not bool:
        raise ValueError("categories have numbers")
    if not isinstance(categories, pd.Index) or isinstance(categories, pd.MultiIndex):
        raise ValueError("categories were expected")
    return made(lambda: pd.Categorical.from_codes(codes, categories, ordered=ordered))


def _get_intervals(inn: In, tree: list[Any], depth: int) -> Any:
    _, left, right, closed = tree
    pd = library("pandas")
    left, right = inn.get(left, depth), inn.get(right, depth)
    if closed not in CLOSED or not isinstance(left, pd.Index) or not isinstance(right, pd.Index):
        raise ValueError("intervals have sides")
    return made(lambda: pd.arrays.IntervalArray.from_arrays(left, right, closed))


def _get_periods(inn: In, tree: list[Any], depth: int) -> Any:
    _, numbers, text = tree
    pd, array = library("pandas"), _get_numbers(inn, numbers, depth)
    if array.dtype.str[1:] != "i8":
        raise ValueError("periods are numbered")
    return made(lambda: pd.arrays.PeriodArray(array, dtype=pd.PeriodDtype(frequency(text))))


def _get_strings(inn: In, tree: list[Any], depth: int) -> Any:
    _, texts, mask, storage, said = tree
    if storage not in _STORAGES or said not in ("NA", "nan"):
        raise ValueError("strings are of no known type")
    pd = library("pandas")
    array, mask = get_texts(inn, texts), _get_numbers(inn, mask, depth)
    value = pd.NA if said == "NA" else float("nan")
    if mask.dtype.kind != "b" or len(mask) != len(array):
        raise ValueError("strings are missing or not")
    array[mask] = value
    return made(lambda: pd.array(array, dtype=pd.StringDtype(storage, na_value=value)))


def _get_masked(inn: In, tree: list[Any], depth: int) -> Any:
    _, numbers, mask, name = tree
    array, mask = _get_numbers(inn, numbers, depth), _get_numbers(inn, mask, depth)
    pd = library("pandas")
    kind = type(name) is str and _NAME.fullmatch(name) and getattr(pd, _dtype(name), None)
    if not kind or mask.dtype.kind != "b":
        raise ValueError("a column with a mask of no known type")
    plain = "bool" if name == "boolean" else name.lower()
    if len(mask) != len(array) or array.dtype.name != plain:
        raise ValueError("numbers of another type than is said")
    return made(lambda: _masked(kind())(array, mask))


_NAME = re.compile(r"boolean|U?Int(?:8|16|32|64)|Float(?:32|64)")


def _dtype(name: str) -> str:
    return f"{name[0].upper()}{name[1:]}Dtype"


_GET: dict[str, Callable[[In, list[Any], int], Any]] = {
    "numbers": _get_numbers,
    "objects": _get_objects,
    "words": _get_words,
    "moments": _get_moments,
    "categories": _get_categories,
    "intervals": _get_intervals,
    "periods": _get_periods,
    "strings": _get_strings,
    "masked": _get_masked,
}
