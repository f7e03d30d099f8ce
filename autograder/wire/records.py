"""Carries NumPy's structured types, and says of array classes which they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from autograder.wire.limits import check_names

#: The elements that are carried, as `numpy.dtype.str` spells them. None holds a pointer.
CODE = re.compile(
    r"[<>|](?:b1|[iu][1248]|f[248]|c8|c16|[SU][1-9][0-9]{0,8}"
    r"|[mM]8(?:\[(?:Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?)"
)
_MAX_FIELDS, _MAX_DEPTH, _MAX_RANK, _MAX_SIZE = 256, 4, 8, 1 << 20


def code_of(dtype: Any, depth: int = 0) -> Any:
    """Return how a type of elements is named on the wire; none if it is not carried.

    A structured one has a list: its size, and for each field its name, place, type and shape.
    """
    code = dtype.str
    if CODE.fullmatch(code):
        return code
    if dtype.names is None or dtype.subdtype is not None or depth >= _MAX_DEPTH:
        return None
    fields: list[Any] = []
    for name in dtype.names:
        kind, place, *title = dtype.fields[name]
        base, shape = kind.subdtype or (kind, ())
        inner = code_of(base, depth + 1)
        if inner is None or title or name.startswith("__"):
            return None
        fields.append([name, int(place), inner, [*map(int, shape)]])
    size = int(dtype.itemsize)
    return [size, *fields] if 0 < len(fields) <= _MAX_FIELDS and size <= _MAX_SIZE else None


def dtype_of(code: Any, make: Callable[[Any], Any], depth: int = 0) -> Any:
    """Return the type of elements that a code names.

    Parameters
    ----------
    code
        As `code_of` gives it, or a forgery.
    make
        NumPy's own `dtype`.
    depth
        How many structured types are around it.

    Raises
    ------
    ValueError
        If there is none.
    """
    if type(code) is str and CODE.fullmatch(code):
        return make(code)
    if type(code) is not list or not 1 < len(code) <= _MAX_FIELDS + 1 or depth >= _MAX_DEPTH:
        raise ValueError("it has elements of no known type")
    size, *fields = code
    names, formats, offsets, ends = [], [], [], []
    for name, place, inner, shape in fields:
        kind = dtype_of(inner, make, depth + 1)
        if type(name) is not str or type(place) is not int or type(shape) is not list:
            raise ValueError("a field has a name, a place and a shape")
        if len(shape) > _MAX_RANK or not all(type(n) is int and 0 < n <= _MAX_SIZE for n in shape):
            raise ValueError("a field has a shape")
        length = kind.itemsize
        for side in shape:
            length *= side
        names.append(name)
        offsets.append(place)
        formats.append((kind, tuple(shape)) if shape else kind)
        ends.append((place, place + length))
    check_names(names)
    _check_places(size, ends)
    if len({*names}) < len(names):
        raise ValueError("two fields have one name")
    parts = {"names": names, "formats": formats, "offsets": offsets, "itemsize": size}
    return make(parts)


def _check_places(size: Any, ends: list[tuple[int, int]]) -> None:
    if type(size) is not int or not 0 < size <= _MAX_SIZE:
        raise ValueError("elements have a size")
    before = 0
    for start, end in sorted(ends):
        if start < before or end > size:
            raise ValueError("fields lie beside each other")
        before = end


def parts(array: Any) -> Iterable[Any]:
    """Return the arrays of an array's fields, down to those of no structure."""
    if array.dtype.names is None:
        yield array
        return
    for name in array.dtype.names:
        yield from parts(array[name])
