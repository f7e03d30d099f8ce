"""Carries masked arrays of which nothing is masked: what is masked would equal anything."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from autograder.wire.arrays import put_array, rewrite_array
from autograder.wire.codec import CHANGE, GET, LATER, In, Out, Put, imported
from autograder.wire.records import code_of


def put_masked(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a masked array; a proxy if something of it is masked."""
    np = sys.modules["numpy"]
    base, mask = np.ndarray, np.ma.getmaskarray(value)
    if mask.dtype != bool or mask.any() or code_of(base.dtype.__get__(value)) is None:
        return out.refer(value)
    if (again := out.again(value)) is not None:
        return again
    fill = value.fill_value
    tree = ["masked array", put_array(out, base.view(value, base), depth), out.put(fill, depth)]
    return out.done(value, tree)


def _get_masked(inn: In, tree: list[Any], depth: int) -> Any:
    np, number = imported("numpy"), inn.begin()
    _, data, fill = tree
    array, fill = inn.get(data, depth), inn.get(fill, depth)
    if type(array) is not np.ndarray or array.dtype.names is not None:
        raise TypeError("an array was expected")
    if not isinstance(fill, np.generic) or fill.dtype.kind != array.dtype.kind:
        raise TypeError("an array is filled with its own kind")
    return inn.done(number, np.ma.MaskedArray(array, fill_value=fill))


def _masked(ma: ModuleType) -> dict[type, Put]:
    return {ma.MaskedArray: put_masked}


CHANGE[put_masked] = rewrite_array
LATER["numpy.ma"] = _masked
GET["masked array"] = _get_masked
