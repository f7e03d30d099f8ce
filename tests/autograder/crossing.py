"""What tests of the wire share: a crossing, an oracle, and values that lie."""

import collections
import decimal
import json
import struct

import numpy as np

from autograder import wire
from autograder.wire import WireError

Point = collections.namedtuple("Point", "x y")


def proxy(value):
    return {"proxy": type(value).__name__}


def refuse(value):
    raise WireError(f"{value!r} is no plain data")


def across(value, refer=refuse, resolve=refuse):
    """Return what arrives of a value: the tree as JSON proper, the blobs as memory of their own."""
    tree, blobs = wire.encode(value, refer)
    text = json.dumps(tree, allow_nan=False)
    return wire.decode(json.loads(text), [bytearray(blob) for blob in blobs], resolve)


def alike(a, b):
    """Compare type for type and bit for bit; knows nothing of the wire."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        return (a.dtype.str, a.shape, a.tobytes()) == (b.dtype.str, b.shape, b.tobytes())
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b)
    if isinstance(a, complex):
        return alike(a.real, b.real) and alike(a.imag, b.imag)
    if isinstance(a, dict):
        return alike([*a.items()], [*b.items()])
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, set | frozenset):
        return len(a) == len(b) and all(any(alike(x, y) for y in b) for x in a)
    if isinstance(a, decimal.Decimal):
        return a.as_tuple() == b.as_tuple()
    return a == b


def boom(*args, **kwargs):
    raise AssertionError("a method of the value's own class was called")


LIES = dict.fromkeys(
    (
        *(
            "__eq__",
            "__iter__",
            "__len__",
            "__getitem__",
            "__int__",
            "__index__",
            "__float__",
            "__complex__",
        ),
        *("__str__", "__repr__", "__bytes__", "__reduce_ex__", "__bool__", "__pos__", "__abs__"),
        *("__array__", "__array_ufunc__", "__array_function__", "tobytes", "encode", "items"),
        *("keys", "values", "copy", "hex", "isoformat", "dtype", "shape", "flags", "nbytes"),
        *("real", "imag", "days", "numerator", "denominator", "bit_length", "view", "tolist"),
    ),
    property(boom),
) | {"__hash__": object.__hash__, "__class__": property(lambda self: float)}


def lying(base, *args):
    return type("Liar", (base,), dict(LIES))(*args)


def lying_array(content):
    return np.arange(content).view(type("Liar", (np.ndarray,), dict(LIES)))


def nested(depth, kind=list):
    value = kind()
    for _ in range(depth - 1):
        value = kind([value])
    return value
