"""Carries NumPy's arrays, scalars and types."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from autograder.wire.codec import CHANGE, GET, LATER, In, Out, Put, imported
from autograder.wire.limits import check_bytes
from autograder.wire.objects import put_objects
from autograder.wire.plain import put_bytes, put_str
from autograder.wire.records import code_of, dtype_of, parts
from autograder.wire.standard import TYPES

#: The types of numbers that NumPy, TensorFlow and Keras share.
NUMBERS = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)
#: Not the type of arrays: called, it gives memory as it was left.
_ABSTRACT = (
    *("generic", "number", "integer", "signedinteger", "unsignedinteger"),
    *("inexact", "floating", "complexfloating"),
)

_MAX_RANK = 32


def elements(code: Any, shape: Any, data: bytes | bytearray) -> Any:
    """Return an array in the memory of `data`, of which every byte is accounted for.

    Raises
    ------
    ValueError
        If there is no such array.
    WireError
        If it is too large.
    """
    np = imported("numpy")
    dtype = dtype_of(code, np.dtype)
    if type(shape) is not list or len(shape) > _MAX_RANK:
        raise ValueError("an array has a shape")
    size = extent = int(dtype.itemsize)
    for length in shape:
        if type(length) is not int or length < 0:
            raise ValueError("an array has whole numbers for a shape")
        size, extent = size * length, extent * max(length, 1)
        check_bytes(extent)  # of an empty array too: libraries multiply its sides
    if size != len(data):
        raise ValueError("an array has as many elements as its shape says")
    if not size:
        return np.empty(shape, dtype)
    array = np.frombuffer(data, dtype)
    for part in parts(array):
        _check(np.ascontiguousarray(part))
    return array.reshape(shape)


def _check(array: Any) -> None:
    """Refuse what nothing else could have made: a truth value of 2, a character that is none."""
    if array.dtype.kind == "b" and array.view("u1").max() > 1:
        raise ValueError("a truth value is 0 or 1")
    if array.dtype.kind == "U" and array.view(f"{array.dtype.str[0]}u4").max() > sys.maxunicode:
        raise ValueError("there is no such character")


def put_array(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of an array; whether it can be written to crosses with it."""
    base = sys.modules["numpy"].ndarray
    code = code_of(base.dtype.__get__(value))
    if code is None:
        kind = base.dtype.__get__(value).kind
        return put_objects(out, value, depth) if kind == "O" else out.refer(value)
    if (again := out.again(value)) is not None:
        return again
    out.reserve(base.nbytes.__get__(value))
    kind = "array" if base.flags.__get__(value).writeable else "frozen array"
    tree = [kind, code, [*base.shape.__get__(value)], out.blob(base.tobytes(value))]
    return out.done(value, tree)


def _get_array(inn: In, tree: list[Any], depth: int) -> Any:
    kind, code, shape, number = tree
    array = elements(code, shape, inn.blob(number))
    array.flags.writeable = kind == "array"
    return inn.done(inn.begin(), array)


def _put_scalar(out: Out, value: Any, depth: int) -> Any:
    np = sys.modules["numpy"]
    code = code_of(np.generic.dtype.__get__(value))
    kind = "record" if issubclass(type(value), np.record) else "scalar"
    return out.refer(value) if code is None else [kind, code, np.generic.tobytes(value).hex()]


def _get_scalar(inn: In, tree: list[Any], depth: int) -> Any:
    kind, code, data = tree
    array = elements(code, [], bytes.fromhex(data))
    if kind == "scalar":
        return array[()]
    if array.dtype.names is None:
        raise ValueError("a record has fields")
    return array.reshape(1).view(imported("numpy").recarray)[0]


def _put_kind(kind: str) -> Put:
    """Return what puts a matrix, or an array with fields as attributes."""

    def put(out: Out, value: Any, depth: int) -> Any:
        base = sys.modules["numpy"].ndarray
        if code_of(base.dtype.__get__(value)) is None:
            return out.refer(value)
        if (again := out.again(value)) is not None:
            return again
        return out.done(value, [kind, put_array(out, base.view(value, base), depth)])

    return put


put_matrix, put_recarray = _put_kind("matrix"), _put_kind("recarray")


def _get_kind(inn: In, tree: list[Any], depth: int) -> Any:
    np, number = imported("numpy"), inn.begin()
    kind, data = tree
    array = inn.get(data, depth)
    if type(array) is not np.ndarray:
        raise TypeError("an array was expected")
    if kind == "matrix" and array.ndim == 2:
        return inn.done(number, array.view(np.matrix))
    if kind == "recarray" and array.dtype.names is not None:
        return inn.done(number, array.view(np.recarray))
    raise ValueError("an array of another shape or type was expected")


def rewrite_array(original: Any, new: Any) -> None:
    """Give an array another's content in place.

    Raises
    ------
    ValueError
        If the other is of another class, shape or type.
    """
    base = sys.modules["numpy"].ndarray
    if not issubclass(type(original), type(new)) or new.shape != base.shape.__get__(original):
        raise ValueError("an array keeps its shape")
    mine, theirs = base.dtype.__get__(original), base.dtype.__get__(new)
    if code_of(mine) != code_of(theirs):
        raise ValueError("an array keeps the type of its elements")
    base.__setitem__(original, ..., new)


def _put_text(out: Out, value: Any, depth: int) -> Any:
    return ["numpy str", put_str(out, str.__str__(value), depth)]


def _get_text(inn: In, tree: list[Any], depth: int) -> Any:
    (text,) = inn.items(tree, depth)
    if type(text) is not str:
        raise TypeError("a string was expected")
    return imported("numpy").str_(text)


def _put_bytes(out: Out, value: Any, depth: int) -> Any:
    return ["numpy bytes", put_bytes(out, bytes.__getitem__(value, slice(None)), depth)]


def _get_bytes(inn: In, tree: list[Any], depth: int) -> Any:
    (data,) = inn.items(tree, depth)
    if type(data) is not bytes:
        raise TypeError("bytes were expected")
    return imported("numpy").bytes_(data)


def _put_dtype(out: Out, value: Any, depth: int) -> Any:
    code = code_of(value)
    return out.refer(value) if code is None else ["dtype", code]


def _get_dtype(inn: In, tree: list[Any], depth: int) -> Any:
    _, code = tree
    return dtype_of(code, imported("numpy").dtype)


def _numpy(np: ModuleType) -> dict[type, Put]:
    scalars = [getattr(np, name) for name in (*NUMBERS, "datetime64", "timedelta64")]
    named = [*NUMBERS, *_ABSTRACT, "str_", "bytes_", "datetime64", "timedelta64"]
    TYPES.update({f"numpy.{name}": getattr(np, name) for name in named})
    return {
        **dict.fromkeys(scalars, _put_scalar),
        np.generic: _put_scalar,
        np.str_: _put_text,
        np.bytes_: _put_bytes,
        np.ndarray: put_array,
        np.matrix: put_matrix,
        np.recarray: put_recarray,
        np.dtype: _put_dtype,
    }


CHANGE.update({put_matrix: rewrite_array, put_recarray: rewrite_array})
LATER["numpy"] = _numpy
GET.update(
    {
        "array": _get_array,
        "frozen array": _get_array,
        "matrix": _get_kind,
        "recarray": _get_kind,
        "scalar": _get_scalar,
        "record": _get_scalar,
        "numpy str": _get_text,
        "numpy bytes": _get_bytes,
        "dtype": _get_dtype,
    }
)
