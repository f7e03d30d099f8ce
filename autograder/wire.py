"""Carries typed values between the student's process and the judge's; nothing is ever unpickled.

A message is a JSON object, the *head*, and a list of *blobs*, which are bytes. `encode` makes a
tree for the head, and blobs, of a value; `decode` makes plain data of them. Either end may be
forged: `decode` looks up each kind in a table of this module, checks sizes before it allocates,
and imports nothing. NumPy, TensorFlow and Keras serve only where they have been imported already.

In a tree, null, booleans, numbers and strings stand for themselves, an object is a handle, and all
else is an array whose first item names its kind.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import functools
import json
import keyword
import math
import pathlib
import re
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any

#: The most bytes of a message, the most values in it, and how deep they may be nested.
MAX_BYTES, MAX_NODES, MAX_DEPTH = 256 << 20, 1_000_000, 64

#: A head takes up to four times its size as Python strings, and more as containers.
MAX_HEAD, MAX_MARKS = MAX_BYTES // 4, 5 * MAX_NODES

#: The digits of the largest integer, or decimal number.
MAX_DIGITS = 10_000

_MAX_BITS = int(MAX_DIGITS * math.log2(10))
_MAX_TEXT = MAX_BYTES // 4  # as UTF-8: in memory it may be four times as much
_SHORT = 1024  # longer strings and bytes travel as blobs
_STEP = 1 << 16
_PREFIX = struct.Struct("!II")

Refer = Callable[[Any], dict[str, Any]]
Resolve = Callable[[dict[str, Any]], Any]


class WireError(Exception):
    """What was sent, or was to be sent, cannot cross; the text says why, in a student's terms."""


_dumps = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def _not_json(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


class Channel:
    """One end of a stream socket: whole messages out and in.

    An exception in the middle of a message (an interrupt, a timeout of the socket) leaves the two
    ends out of step; what is tried afterwards in that direction raises `EOFError`. One that comes
    while `receive` waits for a message does no harm.
    """

    def __init__(self, sock: socket.socket, *, most: int = MAX_BYTES) -> None:
        self._socket, self._most = sock, most
        self._sending = self._receiving = False  # true: cut in the middle of a message

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def send(self, head: dict[str, Any], blobs: Sequence[bytes | memoryview] = ()) -> None:
        """Send one message.

        Raises
        ------
        WireError
            If it is larger than a message may be; nothing has been sent then.
        EOFError
            If the other end is gone.
        """
        try:
            text = _dumps(head).encode("ascii")
        except (ValueError, TypeError, RecursionError) as error:
            raise WireError(f"This message cannot be sent: {error}") from None
        views = [memoryview(blob) for blob in blobs]
        sizes = [view.nbytes for view in views]
        self._check(len(text), len(sizes))
        _check_total(len(text) + 8 * len(sizes) + sum(sizes), self._most)
        _check_marks(text)
        if self._sending:
            raise EOFError("an earlier message was cut off while it was sent")
        self._sending = True
        data = bytearray(_PREFIX.pack(len(text), len(sizes)))
        data += struct.pack(f"!{len(sizes)}Q", *sizes) + text
        try:
            for view in views:
                if view.nbytes < _STEP:
                    data += view
                if len(data) + view.nbytes >= _STEP:
                    self._socket.sendall(data)
                    data = bytearray()
                if view.nbytes >= _STEP:
                    self._socket.sendall(view)
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise EOFError("the other end is gone") from None
        self._sending = False

    def receive(self) -> tuple[dict[str, Any], list[bytearray]]:
        """Wait for a message, and return its head and its blobs.

        Raises
        ------
        EOFError
            If the other end is gone.
        WireError
            If what came is no message, or too large; no other message can be received then.
        """
        if self._receiving:
            raise EOFError("an earlier message was cut off while it was received")
        try:
            if not self._socket.recv(1, socket.MSG_PEEK):  # waits here, before anything is taken
                raise EOFError("the other end is gone")
            self._receiving = True
            length, count = _PREFIX.unpack(self._read(_PREFIX.size))
            self._check(length, count)
            sizes = struct.unpack(f"!{count}Q", self._read(8 * count))
            _check_total(length + 8 * count + sum(sizes), self._most)
            text = self._read(length)
            _check_marks(text)
            try:
                head = json.loads(text.decode("ascii"), parse_constant=_not_json)
            except (ValueError, RecursionError) as error:
                raise WireError(f"A message could not be read: {error}") from None
            if type(head) is not dict:
                raise WireError("A message could not be read: its head is not an object")
            blobs = [self._read(size) for size in sizes]
        except ConnectionResetError:
            raise EOFError("the other end is gone") from None
        self._receiving = False
        return head, blobs

    def _check(self, length: int, count: int) -> None:
        _check_total(length + 8 * count, min(self._most, MAX_HEAD))
        if count > MAX_NODES:
            raise WireError(_TOO_MANY)

    def _read(self, size: int) -> bytearray:
        """Return the next `size` bytes; room is made as they come, and none for a lie."""
        data, have = bytearray(min(size, _STEP)), 0
        while have < size:
            if have == len(data):
                data.extend(bytes(min(size - have, have)))
            got = self._socket.recv_into(memoryview(data)[have:])
            if not got:
                raise EOFError("the other end went away in the middle of a message")
            have += got
        return data


_TOO_MANY = (
    f"More than {MAX_NODES:,} values in lists, dictionaries and the like cannot be passed "
    "between your code and the tests. A NumPy array can hold more."
)


def _check_total(size: int, most: int) -> None:
    if size > most:
        raise WireError(
            f"Values of {size / 2**20:,.1f} MB cannot be passed between your code and the tests at "
            f"once; {most / 2**20:,.1f} MB can."
        )


def _check_marks(text: bytes | bytearray) -> None:
    """Bound what the head will take as Python objects, before there are any."""
    if text.count(b",") + text.count(b"[") + text.count(b"{") > MAX_MARKS:
        raise WireError(_TOO_MANY)


# ---------------------------------------------------------------------------------------- encode


class _Out:
    """What `encode` has made so far."""

    def __init__(self, refer: Refer) -> None:
        self.refer = refer
        self.blobs: list[bytes | memoryview] = []
        self.size = 0
        self.nodes = 1
        self.seen: dict[int, list[Any]] = {}  # id: its number, whether it is complete, the value

    def put(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is bool or value is None:
            return value
        return (_PUT.get(kind) or _find(kind))(self, value, depth)

    def blob(self, data: bytes) -> int:
        self.size += len(data)
        _check_total(self.size, MAX_BYTES)
        self.blobs.append(data)
        return len(self.blobs) - 1

    def count(self, nodes: int, depth: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise WireError(_TOO_MANY)
        if depth >= MAX_DEPTH:
            raise WireError(
                f"Values nested more than {MAX_DEPTH} levels deep cannot be passed between your "
                "code and the tests."
            )

    def again(self, value: Any) -> Any:
        """Return a reference to `value` if it has been sent already, and else note that it is."""
        seen = self.seen.get(id(value))
        if seen is None:
            self.seen[id(value)] = [len(self.seen), False, value]
            return None
        if not seen[1]:
            raise WireError(
                f"A {type(value).__name__} that contains itself cannot be passed between your code "
                "and the tests."
            )
        return ["same", seen[0]]

    def done(self, value: Any, tree: list[Any]) -> list[Any]:
        self.seen[id(value)][1] = True
        return tree


_Put = Callable[[_Out, Any, int], Any]


def encode(value: Any, refer: Refer) -> tuple[Any, list[bytes | memoryview]]:
    """Return a tree of JSON, and blobs, from which `decode` makes a copy of `value`.

    Lists, dictionaries, arrays and the like that `value` contains twice are one in the copy. A
    value of a subclass arrives as one of its base class. What is not plain data is given to
    `refer`.

    Parameters
    ----------
    value
        What is to be sent.
    refer
        Returns a handle, which is a JSON object, for what is not plain data, or raises.

    Raises
    ------
    WireError
        If the value is too large, too deep, or contains itself.
    """
    out = _Out(refer)
    return out.put(value, 0), out.blobs


def _put_other(out: _Out, value: Any, depth: int) -> Any:
    return out.refer(value)


def _put_int(out: _Out, value: Any, depth: int) -> Any:
    number = int.__pos__(value)  # of a subclass too, the plain number
    if -(2**63) <= number < 2**63:
        return number
    if number.bit_length() > _MAX_BITS:
        raise WireError(
            f"A whole number of more than {MAX_DIGITS:,} digits cannot be passed between your code "
            "and the tests."
        )
    return ["int", hex(number)]


def _put_float(out: _Out, value: Any, depth: int) -> Any:
    number = float.__pos__(value)
    return number if math.isfinite(number) else ["float", struct.pack("<d", number).hex()]


def _put_complex(out: _Out, value: Any, depth: int) -> Any:
    number = complex.__pos__(value)
    return ["complex", struct.pack("<dd", number.real, number.imag).hex()]


def _put_str(out: _Out, value: Any, depth: int) -> Any:
    text = str.__str__(value)
    if len(text) <= _SHORT and text.isascii():
        return text
    try:
        data = text.encode()
    except UnicodeEncodeError:  # JSON would join two lone surrogates
        data = text.encode("utf-8", "surrogatepass")
    else:
        if len(data) <= _SHORT:
            return text
    _check_total(len(data), _MAX_TEXT)
    return out.again(value) or out.done(value, ["str", out.blob(data)])


def _put_bytes(out: _Out, value: Any, depth: int) -> Any:
    data = bytes.__getitem__(value, slice(None))
    if len(data) <= _SHORT:
        return ["hex", data.hex()]
    return out.again(value) or out.done(value, ["bytes", out.blob(data)])


def _put_bytearray(out: _Out, value: Any, depth: int) -> Any:
    return out.again(value) or out.done(
        value, ["bytearray", out.blob(bytes(bytearray.__getitem__(value, slice(None))))]
    )


def _put_items(out: _Out, value: Any, depth: int, kind: str, items: Sequence[Any]) -> Any:
    out.count(len(items), depth)
    put, depth = out.put, depth + 1
    return [kind, *[put(item, depth) for item in items]]


def _put_list(out: _Out, value: Any, depth: int) -> Any:
    return out.again(value) or out.done(
        value, _put_items(out, value, depth, "list", list.copy(value))
    )


def _put_dict(out: _Out, value: Any, depth: int) -> Any:
    if (known := out.again(value)) is not None:
        return known
    ordered = collections.OrderedDict in _MRO(type(value))  # keeps an order of its own
    items = (collections.OrderedDict if ordered else dict).items(value)
    return out.done(
        value, _put_items(out, value, depth, "dict", [each for item in items for each in item])
    )


def _put_set(out: _Out, value: Any, depth: int) -> Any:
    return out.again(value) or out.done(
        value, _put_items(out, value, depth, "set", [*set.__iter__(value)])
    )


def _put_frozenset(out: _Out, value: Any, depth: int) -> Any:
    return _put_items(out, value, depth, "frozenset", [*frozenset.__iter__(value)])


def _put_tuple(out: _Out, value: Any, depth: int) -> Any:
    items = [*tuple.__iter__(value)]
    fields = None if type(value) is tuple else _fields(type(value))
    if fields is None or len(fields) != len(items):
        return _put_items(out, value, depth, "tuple", items)
    shape = [type(value).__name__, *fields]
    return _put_items(out, value, depth, "namedtuple", [len(shape), *shape, *items])


def _fields(kind: type) -> tuple[str, ...] | None:
    """Return the fields of a namedtuple's class; none if it is not one."""
    for base in _MRO(kind):
        fields = type.__dict__["__dict__"].__get__(base).get("_fields")
        if type(fields) is tuple:
            return fields if _names(kind.__name__, *fields) else None
    return None


def _names(*names: Any) -> bool:
    """Tell whether these can be the name, and the fields, of a namedtuple."""
    return (
        all(
            type(n) is str and len(n) <= 100 and n.isidentifier() and not keyword.iskeyword(n)
            for n in names
        )
        and len({*names[1:]}) == len(names) - 1
        and not any(n.startswith("_") for n in names[1:])
    )


def _put_parts(kind: str, *names: str) -> _Put:
    """Return an encoder of values that have these attributes in slots or descriptors of C."""

    def put(out: _Out, value: Any, depth: int) -> Any:
        parts = [getattr(type(value), name).__get__(value) for name in names]
        return _put_items(out, value, depth, kind, parts)

    return put


def _put_fraction(out: _Out, value: Any, depth: int) -> Any:
    cls: Any = fractions.Fraction
    parts = [cls._numerator.__get__(value), cls._denominator.__get__(value)]
    return _put_items(out, value, depth, "fraction", parts)


def _put_decimal(out: _Out, value: Any, depth: int) -> Any:
    text = decimal.Decimal.__str__(value)
    if len(text) > MAX_DIGITS:
        raise WireError(
            f"A decimal number of more than {MAX_DIGITS:,} digits cannot be passed between your "
            "code and the tests."
        )
    return ["decimal", text]


def _put_date(out: _Out, value: Any, depth: int) -> Any:
    return ["date", datetime.date.isoformat(value)]


def _put_datetime(out: _Out, value: Any, depth: int) -> Any:
    cls = datetime.datetime
    return _put_clock(out, value, "datetime", cls)


def _put_time(out: _Out, value: Any, depth: int) -> Any:
    return _put_clock(out, value, "time", datetime.time)


def _put_clock(out: _Out, value: Any, kind: str, cls: Any) -> Any:
    if type(cls.tzinfo.__get__(value)) not in (type(None), datetime.timezone):
        return out.refer(value)  # rules of a place, not an offset
    return [kind, cls.isoformat(value), cls.fold.__get__(value)]


def _put_timedelta(out: _Out, value: Any, depth: int) -> Any:
    cls: Any = datetime.timedelta
    parts = [cls.days, cls.seconds, cls.microseconds]
    return ["timedelta", *[part.__get__(value) for part in parts]]


def _put_path(out: _Out, value: Any, depth: int) -> Any:
    kind = "path" if isinstance(value, pathlib.Path) else "purepath"
    return _put_items(out, value, depth, kind, [pathlib.PurePosixPath.__str__(value)])


def _put_type(out: _Out, value: Any, depth: int) -> Any:
    name = _type_names().get(id(value))
    return out.refer(value) if name is None else ["type", name]


def _put_array(out: _Out, value: Any, depth: int) -> Any:
    base = sys.modules["numpy"].ndarray
    code = _code(base.dtype.__get__(value))
    if code is None:
        return out.refer(value)
    if (known := out.again(value)) is not None:
        return known
    _check_total(out.size + base.nbytes.__get__(value), MAX_BYTES)
    flags, shape = base.flags.__get__(value), base.shape.__get__(value)
    kind = "array" if flags.writeable else "frozen array"
    return out.done(value, [kind, code, [*shape], out.blob(base.tobytes(value))])


def _put_scalar(out: _Out, value: Any, depth: int) -> Any:
    base = sys.modules["numpy"].generic
    code = _code(base.dtype.__get__(value))
    if code is None:
        return out.refer(value)
    return ["scalar", code, base.tobytes(value).hex()]


def _put_numpy_str(out: _Out, value: Any, depth: int) -> Any:
    return ["numpy str", _put_str(out, str.__str__(value), depth)]


def _put_numpy_bytes(out: _Out, value: Any, depth: int) -> Any:
    return ["numpy bytes", _put_bytes(out, bytes.__getitem__(value, slice(None)), depth)]


def _put_dtype(out: _Out, value: Any, depth: int) -> Any:
    code = _code(value)
    return out.refer(value) if code is None else ["dtype", code]


#: The NumPy types whose elements are carried, as `numpy.dtype.str` spells them.
_CODE = re.compile(
    r"[<>|](?:b1|[iu][1248]|f[248]|c8|c16|[SU][1-9][0-9]{0,8}"
    r"|[mM]8(?:\[(?:Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?)"
)


def _code(dtype: Any) -> str | None:
    """Return how a type of elements is named on the wire; none if such elements are not carried."""
    code = dtype.str
    return code if dtype.isbuiltin != 2 and _CODE.fullmatch(code) else None  # 2: an extension's


def _put_tensor(out: _Out, value: Any, depth: int) -> Any:
    if (known := out.again(value)) is not None:
        return known
    np = sys.modules["numpy"]
    array = np.asarray(value.numpy())
    if value.dtype.name == "string":
        items = [value.numpy()] if array.shape == () else array.ravel().tolist()
        tree = _put_items(out, value, depth, "strings", [len(array.shape), *array.shape, *items])
        return out.done(value, tree)
    code = _code(array.dtype)
    if code is None:
        del out.seen[id(value)]
        return out.refer(value)
    return out.done(value, ["tensor", code, [*array.shape], out.blob(array.tobytes())])


def _put_variable(out: _Out, value: Any, depth: int) -> Any:
    return _put_named(out, value, "variable")


def _put_keras_variable(out: _Out, value: Any, depth: int) -> Any:
    return _put_named(out, value, "keras variable")


def _put_named(out: _Out, value: Any, kind: str) -> Any:
    if not _is_plain_variable(value):
        return out.refer(value)
    if (known := out.again(value)) is not None:
        return known
    array = sys.modules["numpy"].asarray(value.numpy())
    name = str(value.name).partition(":")[0]
    tree = [kind, _code(array.dtype), [*array.shape], out.blob(array.tobytes())]
    return out.done(value, [*tree, name, bool(value.trainable)])


def _is_plain_variable(value: Any) -> bool:
    """Tell whether a variable has a value now, of a type that NumPy has too."""
    dtype = value.dtype
    if getattr(dtype, "name", dtype) not in _NUMBERS:
        return False
    try:
        value.numpy()
    except Exception:  # not yet initialised, or part of a graph that is being traced
        return False
    return True


def _put_tf_dtype(out: _Out, value: Any, depth: int) -> Any:
    return ["tf dtype", value.name] if value.name in _TF_DTYPES else out.refer(value)


def _put_tf_shape(out: _Out, value: Any, depth: int) -> Any:
    return ["tf shape", None if value.rank is None else value.as_list()]


_NUMBERS = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)
_TF_DTYPES = (*_NUMBERS, "bfloat16", "string")

#: Types that are carried by their names.
_TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset),
        *(range, slice, object, type, type(None)),
    )
}
_NUMPY_TYPES = (
    *_NUMBERS,
    *("str_", "bytes_", "datetime64", "timedelta64", "ndarray", "generic", "number", "integer"),
    *("signedinteger", "unsignedinteger", "inexact", "floating", "complexfloating"),
)


def _type_names() -> dict[int, str]:
    """Return the names of the types that are carried, by identity: a metaclass may lie."""
    names = {id(kind): name for name, kind in _TYPES.items()}
    if (np := sys.modules.get("numpy")) is not None:
        names |= {id(getattr(np, name)): f"numpy.{name}" for name in _NUMPY_TYPES}
    return names


_MRO: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__

#: Who encodes values of which type. `_find` adds those of modules that have come since.
_PUT: dict[type, _Put] = {
    int: _put_int,
    float: _put_float,
    complex: _put_complex,
    str: _put_str,
    bytes: _put_bytes,
    bytearray: _put_bytearray,
    list: _put_list,
    dict: _put_dict,
    tuple: _put_tuple,
    set: _put_set,
    frozenset: _put_frozenset,
    range: _put_parts("range", "start", "stop", "step"),
    slice: _put_parts("slice", "start", "stop", "step"),
    type(...): lambda out, value, depth: ["ellipsis"],
    type(NotImplemented): lambda out, value, depth: ["not implemented"],
    fractions.Fraction: _put_fraction,
    decimal.Decimal: _put_decimal,
    datetime.datetime: _put_datetime,
    datetime.date: _put_date,
    datetime.time: _put_time,
    datetime.timedelta: _put_timedelta,
    pathlib.PurePosixPath: _put_path,
    type: _put_type,
}


def _numpy(np: ModuleType) -> dict[type, _Put]:
    scalars = dict.fromkeys((getattr(np, name) for name in _NUMPY_TYPES), _put_scalar)
    return scalars | {
        np.generic: _put_scalar,
        np.str_: _put_numpy_str,
        np.bytes_: _put_numpy_bytes,
        np.ndarray: _put_array,
        np.dtype: _put_dtype,
    }


def _tensorflow(tf: ModuleType) -> dict[type, _Put]:
    return {
        tf.__internal__.EagerTensor: _put_tensor,
        tf.Variable: _put_variable,
        tf.DType: _put_tf_dtype,
        tf.TensorShape: _put_tf_shape,
    }


_LATER: dict[str, Callable[[ModuleType], dict[type, _Put]]] = {
    "numpy": _numpy,
    "numpy.ma": lambda ma: {ma.MaskedArray: _put_other},
    "tensorflow": _tensorflow,
    "keras": lambda keras: {keras.Variable: _put_keras_variable},
}


def _find(kind: type) -> _Put:
    """Return who encodes values of `kind`, which is not in the table itself."""
    for name in [name for name in _LATER if name in sys.modules]:
        try:
            _PUT.update(_LATER[name](sys.modules[name]))
        except AttributeError:  # it is being imported just now
            continue
        del _LATER[name]
    bases = _MRO(kind)
    if enum.Enum in bases:
        return _put_other
    return next((_PUT[base] for base in bases if base in _PUT), _put_other)


# ---------------------------------------------------------------------------------------- decode


class _In:
    """What `decode` has read so far."""

    def __init__(self, blobs: Sequence[bytearray], resolve: Resolve) -> None:
        self.resolve = resolve
        self.blobs: list[bytearray | None] = [*blobs]
        self.nodes = 1
        self.seen: list[Any] = []

    def get(self, tree: Any, depth: int) -> Any:
        kind = type(tree)
        if kind is list and tree and type(tree[0]) is str:
            get = _GET.get(tree[0])
            self.nodes += len(tree) - 1
            if get is None or depth > MAX_DEPTH or self.nodes > 3 * MAX_NODES:
                raise WireError(f"A value could not be read: {tree[0][:50]!r} is no kind of value")
            return get(self, tree, depth + 1)
        if kind is dict:
            return self.resolve(tree)
        if kind in _AS_IS:
            return tree
        raise WireError("A value could not be read: it is of no known kind")

    def items(self, tree: list[Any], depth: int) -> list[Any]:
        get = self.get
        return [get(item, depth) for item in tree[1:]]

    def blob(self, index: Any) -> bytearray:
        """Return a blob, once: its bytes become a value's own, and are not sent twice."""
        if type(index) is int and 0 <= index < len(self.blobs):
            blob = self.blobs[index]
            if blob is not None:
                self.blobs[index] = None
                return blob
        raise WireError("A value could not be read: its bytes are not there")

    def begin(self) -> int:
        """Give a number to a value that may be referred to, in the order of `encode`."""
        self.seen.append(_PENDING)
        return len(self.seen) - 1

    def done(self, number: int, value: Any) -> Any:
        self.seen[number] = value
        return value


_AS_IS = frozenset({type(None), bool, int, float, str})
_PENDING = object()


def decode(tree: Any, blobs: Sequence[bytearray], resolve: Resolve) -> Any:
    """Return the value of a tree and its blobs, whoever made them.

    Parameters
    ----------
    tree, blobs
        As `encode` returns, and `Channel` carries them. Arrays keep the blobs as their memory.
    resolve
        Returns what a handle stands for, or raises.

    Raises
    ------
    WireError
        If there is no such value.
    """
    try:
        return _In(blobs, resolve).get(tree, 0)
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
        raise WireError(f"A value could not be read: {error}") from None


def _get_int(inn: _In, tree: list[Any], depth: int) -> int:
    _, text = tree
    if len(text) > _MAX_BITS // 4 + 4:
        raise ValueError("too many digits")
    return int(text, 16)


def _get_float(inn: _In, tree: list[Any], depth: int) -> float:
    _, data = tree
    return float(struct.unpack("<d", bytes.fromhex(data))[0])


def _get_complex(inn: _In, tree: list[Any], depth: int) -> complex:
    _, data = tree
    return complex(*struct.unpack("<dd", bytes.fromhex(data)))


def _get_str(inn: _In, tree: list[Any], depth: int) -> Any:
    _, index = tree
    blob = inn.blob(index)
    _check_total(len(blob), _MAX_TEXT)
    return inn.done(inn.begin(), blob.decode("utf-8", "surrogatepass"))


def _get_hex(inn: _In, tree: list[Any], depth: int) -> bytes:
    _, data = tree
    return bytes.fromhex(data)


def _get_bytes(inn: _In, tree: list[Any], depth: int) -> Any:
    _, index = tree
    return inn.done(inn.begin(), bytes(inn.blob(index)))


def _get_bytearray(inn: _In, tree: list[Any], depth: int) -> Any:
    _, index = tree
    return inn.done(inn.begin(), inn.blob(index))


def _get_same(inn: _In, tree: list[Any], depth: int) -> Any:
    _, number = tree
    if type(number) is not int or number < 0 or inn.seen[number] is _PENDING:
        raise ValueError("it refers to what is not there")
    return inn.seen[number]


def _get_list(inn: _In, tree: list[Any], depth: int) -> Any:
    return inn.done(inn.begin(), inn.items(tree, depth))


def _get_dict(inn: _In, tree: list[Any], depth: int) -> Any:
    number, items = inn.begin(), iter(inn.items(tree, depth))
    value = dict(zip(items, items, strict=True))
    if 2 * len(value) != len(tree) - 1:
        raise ValueError("two keys of a dictionary are equal")
    return inn.done(number, value)


def _get_set(inn: _In, tree: list[Any], depth: int) -> Any:
    return inn.done(inn.begin(), set(inn.items(tree, depth)))


def _get_namedtuple(inn: _In, tree: list[Any], depth: int) -> Any:
    _, count, *rest = tree
    if type(count) is not int or not 1 <= count <= len(rest) or not _names(*rest[:count]):
        raise ValueError("these are no names of a tuple's fields")
    return _namedtuple(*rest[:count])(*inn.items(rest[count - 1 :], depth))


@functools.lru_cache(maxsize=256)
def _namedtuple(name: str, *fields: str) -> Any:
    # The standard library compiles these names: they have been checked to be identifiers.
    try:
        return collections.namedtuple(name, fields, module=__name__)
    except SyntaxError as error:  # two identifiers that Python takes for the same
        raise ValueError(error.msg) from None


def _get_range(inn: _In, tree: list[Any], depth: int) -> range:
    return range(*inn.items(tree, depth))


def _get_slice(inn: _In, tree: list[Any], depth: int) -> Any:
    start, stop, step = inn.items(tree, depth)
    return slice(start, stop, step)


def _get_fraction(inn: _In, tree: list[Any], depth: int) -> fractions.Fraction:
    above, below = inn.items(tree, depth)
    if type(above) is not int or type(below) is not int:
        raise TypeError("a fraction is of whole numbers")
    return fractions.Fraction(above, below)


def _get_decimal(inn: _In, tree: list[Any], depth: int) -> decimal.Decimal:
    _, text = tree
    if type(text) is not str or len(text) > MAX_DIGITS:
        raise ValueError("a decimal number is written in digits")
    return decimal.Decimal(text)


def _get_date(inn: _In, tree: list[Any], depth: int) -> datetime.date:
    _, text = tree
    return datetime.date.fromisoformat(text)


def _get_clock(cls: Any) -> Callable[[_In, list[Any], int], Any]:
    def get(inn: _In, tree: list[Any], depth: int) -> Any:
        _, text, fold = tree
        return cls.fromisoformat(text).replace(fold=fold)

    return get


def _get_timedelta(inn: _In, tree: list[Any], depth: int) -> datetime.timedelta:
    _, days, seconds, microseconds = tree
    return datetime.timedelta(days, seconds, microseconds)


def _get_path(cls: Any) -> Callable[[_In, list[Any], int], Any]:
    def get(inn: _In, tree: list[Any], depth: int) -> Any:
        (text,) = inn.items(tree, depth)
        if type(text) is not str:
            raise TypeError("a path is a text")
        return cls(text)

    return get


def _get_type(inn: _In, tree: list[Any], depth: int) -> type:
    _, name = tree
    if name in _TYPES:
        return _TYPES[name]
    module, _, rest = name.partition(".")
    if module == "numpy" and rest in _NUMPY_TYPES:
        kind: type = getattr(_module("numpy"), rest)
        return kind
    raise ValueError("it is of no known type")


def _module(name: str) -> ModuleType:
    """Return a module that this process has imported already."""
    module = sys.modules.get(name)
    if module is None:
        raise WireError(f"A value could not be read: {name} has not been imported here")
    return module


def _elements(code: Any, shape: Any, data: bytes | bytearray) -> Any:
    """Return an array in the memory of `data`, of which every bit is accounted for."""
    np = _module("numpy")
    if type(code) is not str or not _CODE.fullmatch(code):
        raise ValueError("an array has elements of a known type")
    if type(shape) is not list or len(shape) > 32:
        raise ValueError("an array has a shape")
    dtype = np.dtype(code)
    size = extent = int(dtype.itemsize)
    for length in shape:
        if type(length) is not int or length < 0:
            raise ValueError("an array has whole numbers for a shape")
        size, extent = size * length, extent * max(length, 1)
        _check_total(extent, MAX_BYTES)  # of an empty array too: libraries multiply its sides
    if size != len(data):
        raise ValueError("an array has as many elements as its shape says")
    if not size:
        return np.empty(shape, dtype)
    array = np.frombuffer(data, dtype)
    # What could not be made otherwise: a truth value of 2, a character that there is not.
    if code[1] == "b" and array.view("u1").max() > 1:
        raise ValueError("a truth value is 0 or 1")
    if code[1] == "U" and array.view(f"{code[0]}u4").max() > sys.maxunicode:
        raise ValueError("there is no such character")
    return array.reshape(shape)


def _get_array(inn: _In, tree: list[Any], depth: int) -> Any:
    kind, code, shape, index = tree
    array = _elements(code, shape, inn.blob(index))
    array.flags.writeable = kind == "array"
    return inn.done(inn.begin(), array)


def _get_scalar(inn: _In, tree: list[Any], depth: int) -> Any:
    _, code, data = tree
    return _elements(code, [1], bytes.fromhex(data))[0]


def _get_numpy_str(inn: _In, tree: list[Any], depth: int) -> Any:
    (text,) = inn.items(tree, depth)
    if type(text) is not str:
        raise TypeError("a string is a text")
    return _module("numpy").str_(text)


def _get_numpy_bytes(inn: _In, tree: list[Any], depth: int) -> Any:
    (data,) = inn.items(tree, depth)
    if type(data) is not bytes:
        raise TypeError("these are no bytes")
    return _module("numpy").bytes_(data)


def _get_dtype(inn: _In, tree: list[Any], depth: int) -> Any:
    _, code = tree
    if type(code) is not str or not _CODE.fullmatch(code):
        raise ValueError("it is of no known type")
    return _module("numpy").dtype(code)


def _get_tensor(inn: _In, tree: list[Any], depth: int) -> Any:
    _, code, shape, index = tree
    array = _elements(code, shape, inn.blob(index))
    if code[1] not in "biufc":
        raise ValueError("a tensor has numbers for elements")
    return inn.done(inn.begin(), _in_tensorflow(array, lambda tf: tf.constant(array)))


def _get_strings(inn: _In, tree: list[Any], depth: int) -> Any:
    number = inn.begin()
    rank, *rest = inn.items(tree, depth)
    if type(rank) is not int or not 0 <= rank <= 32:
        raise ValueError("a tensor has a shape")
    shape, items = rest[:rank], rest[rank:]
    if not all(type(length) is int and 0 <= length <= MAX_NODES for length in shape):
        raise ValueError("a tensor has whole numbers for a shape")
    if math.prod(shape) != len(items) or not all(type(item) is bytes for item in items):
        raise ValueError("a tensor of strings has as many bytes objects as its shape says")
    array = _module("numpy").empty(len(items), object)
    array[:] = items
    array = array.reshape(shape)
    return inn.done(number, _in_tensorflow(array, lambda tf: tf.constant(array, tf.string)))


def _get_variable(inn: _In, tree: list[Any], depth: int) -> Any:
    kind, code, shape, index, name, trainable = tree
    array = _elements(code, shape, inn.blob(index))
    if code[1] not in "biufc" or type(trainable) is not bool or type(name) is not str:
        raise ValueError("a variable has a value and a name")
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", name[:100]).lstrip("_.-") or "variable"
    if kind == "keras variable" and (keras := sys.modules.get("keras")) is not None:
        value = _made(lambda: keras.Variable(array, trainable, array.dtype.name, name=name))
    else:
        value = _in_tensorflow(array, lambda tf: tf.Variable(array, trainable, name=name), True)
    return inn.done(inn.begin(), value)


def _in_tensorflow(array: Any, make: Callable[[ModuleType], Any], writeable: bool = False) -> Any:
    """Return what `make` makes; where there is no TensorFlow, the array."""
    if (tf := sys.modules.get("tensorflow")) is not None:
        return _made(lambda: make(tf))
    array.flags.writeable = writeable
    return array


def _made(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except Exception as error:  # libraries have errors of their own
        raise WireError(f"A value could not be read: {error}") from None


def _get_tf_dtype(inn: _In, tree: list[Any], depth: int) -> Any:
    _, name = tree
    if name not in _TF_DTYPES:
        raise ValueError("it is of no known type")
    return getattr(_module("tensorflow"), name)


def _get_tf_shape(inn: _In, tree: list[Any], depth: int) -> Any:
    _, sides = tree
    if sides is not None and (
        len(sides) > 32 or not all(s is None or (type(s) is int and 0 <= s < 2**31) for s in sides)
    ):
        raise ValueError("a shape has whole numbers")
    return _module("tensorflow").TensorShape(sides)


#: Who decodes which kind.
_GET: dict[str, Callable[[_In, list[Any], int], Any]] = {
    "int": _get_int,
    "float": _get_float,
    "complex": _get_complex,
    "str": _get_str,
    "hex": _get_hex,
    "bytes": _get_bytes,
    "bytearray": _get_bytearray,
    "same": _get_same,
    "list": _get_list,
    "tuple": lambda inn, tree, depth: tuple(inn.items(tree, depth)),
    "namedtuple": _get_namedtuple,
    "dict": _get_dict,
    "set": _get_set,
    "frozenset": lambda inn, tree, depth: frozenset(inn.items(tree, depth)),
    "range": _get_range,
    "slice": _get_slice,
    "ellipsis": lambda inn, tree, depth: ...,
    "not implemented": lambda inn, tree, depth: NotImplemented,
    "fraction": _get_fraction,
    "decimal": _get_decimal,
    "date": _get_date,
    "datetime": _get_clock(datetime.datetime),
    "time": _get_clock(datetime.time),
    "timedelta": _get_timedelta,
    "path": _get_path(pathlib.PosixPath),
    "purepath": _get_path(pathlib.PurePosixPath),
    "type": _get_type,
    "array": _get_array,
    "frozen array": _get_array,
    "scalar": _get_scalar,
    "numpy str": _get_numpy_str,
    "numpy bytes": _get_numpy_bytes,
    "dtype": _get_dtype,
    "tensor": _get_tensor,
    "strings": _get_strings,
    "variable": _get_variable,
    "keras variable": _get_variable,
    "tf dtype": _get_tf_dtype,
    "tf shape": _get_tf_shape,
}


# -------------------------------------------------------------------------------- write back


def _putter(value: Any) -> _Put:
    return _PUT.get(type(value)) or _find(type(value))


def mutables(value: Any) -> list[Any]:
    """Return what can be changed in place in `value`, each once, itself included.

    These are the lists, dictionaries, sets, byte arrays, arrays and variables that cross by value.
    A copy that has crossed gives as many, in the same order. Neither a set's items nor a
    dictionary's keys are looked into.

    Raises
    ------
    WireError
        If the value is nested too deep.
    """
    found: dict[int, Any] = {}
    _visit(value, found, 0)
    return [*found.values()]


def _visit(value: Any, found: dict[int, Any], depth: int) -> None:
    put = _putter(value)
    if put is _put_tuple:
        inner: Iterable[Any] = tuple.__iter__(value)
    elif id(value) in found or not _is_mutable(put, value):
        return
    else:
        found[id(value)] = value
        inner = ()
        if put is _put_list:
            inner = list.copy(value)
        elif put is _put_dict:
            inner = [item for _, item in _pairs(value)]
    if depth > MAX_DEPTH:
        raise WireError(f"Values are nested more than {MAX_DEPTH} levels deep.")
    for item in inner:
        _visit(item, found, depth + 1)


def _is_mutable(put: _Put, value: Any) -> bool:
    if put is _put_array:
        base = sys.modules["numpy"].ndarray
        return base.flags.__get__(value).writeable and bool(_code(base.dtype.__get__(value)))
    if put in (_put_variable, _put_keras_variable):
        return _is_plain_variable(value)
    return put in (_put_list, _put_dict, _put_set, _put_bytearray)


def _pairs(value: Any) -> Any:
    ordered = collections.OrderedDict in _MRO(type(value))  # keeps an order of its own
    return (collections.OrderedDict if ordered else dict).items(value)


def rewrite(original: Any, new: Any) -> None:
    """Give `original`, one of `mutables`, the content of `new` in place.

    Raises
    ------
    WireError
        If `new` is of another kind, or an array of another shape or type.
    """
    put = _putter(original)
    try:
        if put is _put_array:
            _copy_elements(original, new)
        elif put in (_put_variable, _put_keras_variable):
            original.assign(new)
        elif put is not _putter(new):
            raise TypeError("it is of another kind now")
        elif put is _put_list:
            list.__setitem__(original, slice(None), new)
        elif put is _put_bytearray:
            bytearray.__setitem__(original, slice(None), new)
        elif put is _put_set:
            set.clear(original)
            set.update(original, new)
        elif put is _put_dict:
            dict.clear(original)
            dict.update(original, new)
        else:
            raise TypeError("it cannot be changed")
    except Exception as error:  # libraries have errors of their own
        raise WireError(
            f"A change of a {type(original).__name__} by your code cannot be passed on: {error}"
        ) from None


def _copy_elements(original: Any, new: Any) -> None:
    np = sys.modules["numpy"]
    base = np.ndarray
    if type(new) is not base or new.shape != base.shape.__get__(original):
        raise ValueError("an array keeps its shape")
    if new.dtype.str != base.dtype.__get__(original).str:
        raise ValueError("an array keeps the type of its elements")
    base.__setitem__(original, ..., new)


def same(a: Any, b: Any) -> bool:
    """Tell whether two plain values are equal in type and structure, bit for bit.

    A NaN equals one of the same bits; 0.0 and -0.0 differ. Dictionaries may differ in order. What
    is not plain data is the same only as itself. No method of a value is called.
    """
    return _same(a, b, set(), 0)


def _same(a: Any, b: Any, seen: set[tuple[int, int]], depth: int) -> bool:
    if a is b or (id(a), id(b)) in seen:
        return True
    seen.add((id(a), id(b)))
    put = _putter(a)
    if put is not _putter(b) or depth > MAX_DEPTH:
        return False
    if put is _put_tuple and (names := _fields(type(a))) is not None and names == _fields(type(b)):
        pass  # a namedtuple that has crossed has a class of its own
    elif type(a) is not type(b):
        return False
    if put is _put_list or put is _put_tuple:
        first, second = [*_ITER[put](a)], [*_ITER[put](b)]
        return len(first) == len(second) and all(
            _same(x, y, seen, depth + 1) for x, y in zip(first, second, strict=True)
        )
    if put is _put_dict:
        left, right = ({_print(key): value for key, value in _pairs(d)} for d in (a, b))
        return left.keys() == right.keys() and all(
            _same(left[key], right[key], seen, depth + 1) for key in left
        )
    if put is _put_set or put is _put_frozenset:
        return sorted(map(_print, _ITER[put](a))) == sorted(map(_print, _ITER[put](b)))
    return _print(a) == _print(b)


_ITER: dict[_Put, Callable[[Any], Iterable[Any]]] = {
    _put_list: list.__iter__,
    _put_tuple: tuple.__iter__,
    _put_set: set.__iter__,
    _put_frozenset: frozenset.__iter__,
}


def _print(value: Any) -> tuple[str, tuple[bytes, ...]]:
    """Return what two values have in common only if they are the same."""
    tree, blobs = encode(value, lambda other: {"id": id(other)})
    return _dumps(tree), tuple(map(bytes, blobs))
