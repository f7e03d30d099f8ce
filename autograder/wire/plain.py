"""Carries numbers, strings, and containers."""

from __future__ import annotations

import collections
import math
import struct
from collections.abc import Iterable
from typing import Any

from autograder.wire.codec import GET, PUT, In, Out, Put, bases
from autograder.wire.limits import MAX_DIGITS, MAX_TEXT, SHORT, WireError, check_bytes

_MAX_BITS = int(MAX_DIGITS * math.log2(10))


# What is a method of a subclass is not called: `int.__pos__(value)` and its like give plain values.


def _put_itself(out: Out, value: Any, depth: int) -> Any:
    return value


def _put_int(out: Out, value: Any, depth: int) -> Any:
    number = int.__pos__(value)
    if -(2**63) <= number < 2**63:
        return number
    if number.bit_length() > _MAX_BITS:
        raise WireError(
            f"A whole number of more than {MAX_DIGITS:,} digits cannot be passed between your code "
            "and the tests."
        )
    return ["int", hex(number)]


def _get_int(inn: In, tree: list[Any], depth: int) -> int:
    _, text = tree
    if len(text) > _MAX_BITS // 4 + 4:
        raise ValueError("it has too many digits")
    return int(text, 16)


def _put_float(out: Out, value: Any, depth: int) -> Any:
    number = float.__pos__(value)
    return number if math.isfinite(number) else ["float", struct.pack("<d", number).hex()]


def _get_float(inn: In, tree: list[Any], depth: int) -> float:
    (number,) = _unpack("<d", tree)
    return number


def _unpack(form: str, tree: list[Any]) -> tuple[float, ...]:
    _, data = tree
    try:
        return struct.unpack(form, bytes.fromhex(data))
    except struct.error as error:
        raise ValueError(str(error)) from None


def _put_complex(out: Out, value: Any, depth: int) -> Any:
    number = complex.__pos__(value)
    return ["complex", struct.pack("<dd", number.real, number.imag).hex()]


def _get_complex(inn: In, tree: list[Any], depth: int) -> complex:
    return complex(*_unpack("<dd", tree))


def put_str(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a string."""
    text = str.__str__(value)
    if len(text) <= SHORT and (text.isascii() or not _has_surrogates(text)):
        return text
    data = text.encode("utf-8", "surrogatepass")  # JSON would join two lone surrogates
    check_bytes(len(data), MAX_TEXT)
    return out.again(value) or out.done(value, ["str", out.blob(data)])


def _has_surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _get_str(inn: In, tree: list[Any], depth: int) -> Any:
    _, number = tree
    data = inn.blob(number)
    check_bytes(len(data), MAX_TEXT)
    return inn.done(inn.begin(), data.decode("utf-8", "surrogatepass"))


def put_bytes(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a bytes object."""
    data = bytes.__getitem__(value, slice(None))
    if len(data) <= SHORT:
        return ["hex", data.hex()]
    return out.again(value) or out.done(value, ["bytes", out.blob(data)])


def _get_hex(inn: In, tree: list[Any], depth: int) -> bytes:
    _, data = tree
    return bytes.fromhex(data)


def _get_bytes(inn: In, tree: list[Any], depth: int) -> Any:
    _, number = tree
    return inn.done(inn.begin(), bytes(inn.blob(number)))


def put_bytearray(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a byte array."""
    if (again := out.again(value)) is not None:
        return again
    out.reserve(bytearray.__len__(value))
    return out.done(value, ["bytearray", out.blob(bytes(bytearray.copy(value)))])


def _get_bytearray(inn: In, tree: list[Any], depth: int) -> Any:
    _, number = tree
    return inn.done(inn.begin(), inn.blob(number))


def put_list(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a list."""
    return out.again(value) or out.done(value, out.items("list", list.copy(value), depth))


def _get_list(inn: In, tree: list[Any], depth: int) -> Any:
    return inn.done(inn.begin(), inn.items(tree, depth))


def put_dict(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a dictionary: each key before its value."""
    if (again := out.again(value)) is not None:
        return again
    return out.done(value, out.items("dict", flat(value), depth))


def flat(value: Any) -> list[Any]:
    """Return the keys and values of a dictionary, each key before its value."""
    return [part for pair in pairs(value) for part in pair]


def pairs(value: Any) -> Iterable[tuple[Any, Any]]:
    """Return the keys and values of a dictionary."""
    ordered = collections.OrderedDict in bases(type(value))  # it keeps an order of its own
    return collections.OrderedDict.items(value) if ordered else dict.items(value)


def _get_dict(inn: In, tree: list[Any], depth: int) -> Any:
    number = inn.begin()
    return inn.done(number, dict_of(inn.items(tree, depth)))


def dict_of(parts: list[Any]) -> dict[Any, Any]:
    """Return the dictionary of what `flat` gave.

    Raises
    ------
    ValueError
        If a key has no value, or two are equal.
    """
    rest = iter(parts)
    value = dict(zip(rest, rest, strict=True))
    if 2 * len(value) != len(parts):
        raise ValueError("two keys of a dictionary are equal")
    return value


def put_set(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a set."""
    return out.again(value) or out.done(value, out.items("set", [*set.__iter__(value)], depth))


def _get_set(inn: In, tree: list[Any], depth: int) -> Any:
    return inn.done(inn.begin(), set(inn.items(tree, depth)))


def put_frozenset(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a frozen set."""
    return out.items("frozenset", [*frozenset.__iter__(value)], depth)


def _put_parts(kind: str) -> Put:
    def put(out: Out, value: Any, depth: int) -> Any:
        return out.items(kind, [value.start, value.stop, value.step], depth)

    return put


def _get_range(inn: In, tree: list[Any], depth: int) -> range:
    parts = inn.items(tree, depth)
    if not all(type(part) is int for part in parts):
        raise TypeError("a range is of whole numbers")
    return range(*parts)


def _get_slice(inn: In, tree: list[Any], depth: int) -> Any:
    start, stop, step = inn.items(tree, depth)
    return slice(start, stop, step)


PUT.update(
    {
        type(None): _put_itself,
        bool: _put_itself,
        int: _put_int,
        float: _put_float,
        complex: _put_complex,
        str: put_str,
        bytes: put_bytes,
        bytearray: put_bytearray,
        list: put_list,
        dict: put_dict,
        set: put_set,
        frozenset: put_frozenset,
        range: _put_parts("range"),
        slice: _put_parts("slice"),
        type(...): lambda out, value, depth: ["ellipsis"],
        type(NotImplemented): lambda out, value, depth: ["not implemented"],
    }
)
GET.update(
    {
        "int": _get_int,
        "float": _get_float,
        "complex": _get_complex,
        "str": _get_str,
        "hex": _get_hex,
        "bytes": _get_bytes,
        "bytearray": _get_bytearray,
        "list": _get_list,
        "dict": _get_dict,
        "set": _get_set,
        "frozenset": lambda inn, tree, depth: frozenset(inn.items(tree, depth)),
        "range": _get_range,
        "slice": _get_slice,
        "ellipsis": lambda inn, tree, depth: ...,
        "not implemented": lambda inn, tree, depth: NotImplemented,
    }
)
