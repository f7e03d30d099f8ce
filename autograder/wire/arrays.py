"""Carries NumPy's arrays, scalars and types."""

from __future__ import annotations

import re
import sys
from types import ModuleType
from typing import Any

from autograder.wire.codec import GET, LATER, In, Out, Put, imported, put_other
from autograder.wire.limits import check_bytes
from autograder.wire.plain import put_bytes, put_str
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

#: The elements that are carried, as `numpy.dtype.str` spells them. None holds a pointer.
_CODE = re.compile(
    r"[<>|](?:b1|[iu][1248]|f[248]|c8|c16|[SU][1-9][0-9]{0,8}"
    r"|[mM]8(?:\[(?:Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?)"
)
_MAX_RANK = 32


def code_of(dtype: Any) -> str | None:
    """Return how a type of elements is named on the wire; none if it is not carried."""
    code = dtype.str
    return code if _CODE.fullmatch(code) else None


def _dtype(code: Any) -> Any:
    if type(code) is not str or not _CODE.fullmatch(code):
        raise ValueError("it has elements of no known type")
    return imported("numpy").dtype(code)


def elements(code: Any, shape: Any, data: bytes | bytearray) -> Any:
    """Return an array in the memory of `data`, of which every byte is accounted for.

    Raises
    ------
    ValueError
        If there is no such array.
    WireError
        If it is too large.
    """
    dtype = _dtype(code)
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
    np = imported("numpy")
    if not size:
        return np.empty(shape, dtype)
    array = np.frombuffer(data, dtype)
    # What nothing else could have made: a truth value of 2, a character that there is not.
    if code[1] == "b" and array.view("u1").max() > 1:
        raise ValueError("a truth value is 0 or 1")
    if code[1] == "U" and array.view(f"{code[0]}u4").max() > sys.maxunicode:
        raise ValueError("there is no such character")
    return array.reshape(shape)


def put_array(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of an array; whether it can be written to crosses with it."""
    base = sys.modules["numpy"].ndarray
    code = code_of(base.dtype.__get__(value))
    if code is None:
        return out.refer(value)
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
    base = sys.modules["numpy"].generic
    code = code_of(base.dtype.__get__(value))
    return out.refer(value) if code is None else ["scalar", code, base.tobytes(value).hex()]


def _get_scalar(inn: In, tree: list[Any], depth: int) -> Any:
    _, code, data = tree
    return elements(code, [], bytes.fromhex(data))[()]


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
    return _dtype(code)


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
        np.dtype: _put_dtype,
    }


LATER["numpy"] = _numpy
LATER["numpy.ma"] = lambda ma: {ma.MaskedArray: put_other}
GET.update(
    {
        "array": _get_array,
        "frozen array": _get_array,
        "scalar": _get_scalar,
        "numpy str": _get_text,
        "numpy bytes": _get_bytes,
        "dtype": _get_dtype,
    }
)
