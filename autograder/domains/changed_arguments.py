"""Makes a value unusable in place, under every name and in every container that holds it.

Its type becomes one of which every operation raises. Its content stays as it is. A view of an array
that was made before still shows that content, and a test may compute from it what it expects: no
value is made up that a student could know. This relies on how CPython lays out objects.
"""

from __future__ import annotations

import ctypes
import sys
import types
import weakref
from collections.abc import Callable
from typing import Any, NoReturn

from autograder.domains.overlapping_arrays import Marks, reachable
from autograder.domains.proxy import ProxyError
from autograder.wire.codec import PUT


class ChangedError(ProxyError):
    """A test looks at what the student's code has changed beside returning a value."""


#: The first that was raised in this cell. A test fails by it even if somebody caught it: NumPy's
#: `array_equal`, for one, answers any exception with False.
raised: list[ChangedError] = []

#: What a value is called in the message, by the type that it had or was derived from.
_NAMES = {list: "a list", dict: "a dictionary", set: "a set", bytearray: "a bytearray"}
#: In CPython, what comes last in the head that all objects share is the reference to the type.
_TYPE_AT = object.__basicsize__ - ctypes.sizeof(ctypes.c_void_p)
#: `Py_TPFLAGS_HEAPTYPE` and `Py_TPFLAGS_HAVE_GC`, numbers of slots, and what describes a member.
_HEAP_TYPE, _COLLECTED, _DEALLOC, _MEMBERS, _LENGTH, _READ_ONLY = 1 << 9, 1 << 14, 52, 72, 19, 1
_ARITHMETIC = (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow"),
    *("lshift", "rshift", "and", "or", "xor"),
)
#: All that Python, NumPy and others look for in a type; the rest goes through `__getattribute__`.
_METHODS = tuple(
    f"__{name}__"
    for name in (
        *(side + name for name in _ARITHMETIC for side in ("", "r", "i")),
        *("lt", "le", "eq", "ne", "gt", "ge", "hash", "bool", "neg", "pos", "abs", "invert"),
        *("int", "float", "complex", "index", "round", "trunc", "floor", "ceil", "bytes", "fspath"),
        *("len", "length_hint", "iter", "next", "reversed", "contains"),
        *("getitem", "setitem", "delitem", "missing", "call", "enter", "exit"),
        *("repr", "str", "format", "sizeof", "dir", "getattribute", "setattr", "delattr"),
        *("copy", "deepcopy", "reduce", "reduce_ex", "getstate", "buffer"),
        *("array", "array_ufunc", "array_function", "array_interface", "array_struct"),
    )
)
#: What can be known of an array of which a part was changed: no call changes it.
_SIZES = ("shape", "ndim", "size", "dtype")
_kinds: dict[type, type] = {}
#: By the identity of the array that owns the memory, and of one of which a part was changed.
_marks: dict[int, Marks] = {}
_changed: dict[int, Any] = {}
_owners: dict[int, Any] = {}  # of the latter


def make_unusable(value: Any) -> None:
    """Let every further use of a value raise a `ChangedError`.

    Of other arrays that show the same memory, those that can be found are no more to be used where
    they show what this one does.

    Parameters
    ----------
    value
        A list, dictionary, set, bytearray, array or table, or of a class derived from one of these.
    """
    numpy = sys.modules.get("numpy")
    try:
        if numpy is not None and issubclass(type(value), numpy.ndarray):
            _overlapping(value, numpy)
    finally:  # whatever became of the others
        _retype(value)


def _overlapping(value: Any, numpy: Any) -> None:
    """Do what is to be done to the arrays that show the memory of one."""
    array = numpy.ndarray
    owner, shown = _owner(value, array), value.view(array)
    marks = _marks.get(id(owner))
    if marks is None and type(owner) is array and owner.flags.forc:
        marks = _marks[id(owner)] = Marks(owner)
        _forget(owner, _marks)
    mine = None if marks is None else marks.of(shown)
    if mine is not None:
        mine[...] = True
    for other in (owner, *reachable(array)):
        kind = type(other)
        if other is value or not issubclass(kind, array) or _owner(other, array) is not owner:
            continue
        theirs = marks.of(other) if marks and mine is not None and kind is array else None
        if theirs is None:
            if numpy.may_share_memory(other, shown):
                _retype(other)
        elif theirs.all():
            _retype(other)
        elif theirs.any():
            _changed[id(other)] = theirs
            _forget(other, _changed)
            if other is not owner:
                _owners[id(other)] = owner
                _forget(other, _owners)
            _retype(other, _kinds.get(Marks) or _partly(array))


def _owner(value: Any, array: type) -> Any:
    """Return the array that the memory of another one belongs to."""
    while issubclass(type(value), array):
        base = array.base.__get__(value)  # type: ignore[attr-defined]
        if not (issubclass(type(base), array) or id(base) in _owners or id(base) in _marks):
            break
        value = base
    return _owners.get(id(value), value)


def _forget(thing: Any, table: dict[int, Any]) -> None:
    """Take a thing's entry out of a table when it is no more."""
    weakref.finalize(thing, table.pop, id(thing), None).atexit = False


def _partly(array: type) -> type:
    """Return the type of an array of which a part has been changed: the rest can be had."""
    new = _kinds[Marks] = _twin(array)
    PUT[new] = refuse = _refusing(array)

    def whole(self: Any, name: str, *given: Any) -> Any:
        place = ctypes.c_void_p.from_address(id(self) + _TYPE_AT)
        place.value = id(array)
        try:
            return getattr(array, name)(self, *given)
        finally:
            place.value = id(new)

    def get(self: Any, key: Any) -> Any:
        return refuse() if _changed[id(self)][key].any() else whole(self, "__getitem__", key)

    def put(self: Any, key: Any, value: Any) -> None:
        whole(self, "__setitem__", key, value)
        _changed[id(self)][key] = False

    def attribute(self: Any, name: str) -> Any:
        return whole(self, "__getattribute__", name) if name in _SIZES else refuse()

    new.__getitem__, new.__setitem__, new.__getattribute__ = get, put, attribute  # type: ignore
    new.__len__ = lambda self: whole(self, "__len__")  # type: ignore
    new.__iter__ = lambda self: (self[place] for place in range(len(self)))  # type: ignore
    return new


def _retype(value: Any, new: type | None = None) -> None:
    """Give an object another type: of its own type's making, unless it is given."""
    old = type(value)
    if old in _kinds.values():
        return
    new = new or _kinds.get(old)
    if new is None:
        new = _kinds[old] = _twin(old) if not old.__flags__ & _COLLECTED else _derived(old)
        PUT[new] = _refusing(old)
    try:
        object.__dict__["__class__"].__set__(value, new)
    except TypeError:  # of a type of Python's or NumPy's own
        ctypes.c_void_p.from_address(id(value) + _TYPE_AT).value = id(new)
        if new.__flags__ & _COLLECTED:  # then each object holds its type, and lets go of it
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(new))
            if old.__flags__ & _HEAP_TYPE:
                ctypes.pythonapi.Py_DecRef(ctypes.py_object(old))


def _derived(old: type) -> type:
    """Return a type derived from another, whose objects lie in memory as the other's do."""
    family = type.__dict__["__mro__"].__get__(old)
    meta = type(old)
    if list not in family and dict not in family:
        # Not a subclass: libraries read the memory of those without asking. A list or a dictionary
        # they know by a flag, and then only a subclass is asked first.
        meta = type("Apart", (type(old),), {"mro": lambda cls: [cls, object]})
    body = {"__slots__": (), "__init_subclass__": classmethod(lambda cls, **_: None)}
    body |= dict.fromkeys(_METHODS, _refusing(old))
    return types.new_class("Changed", (old,), {"metaclass": meta}, lambda space: space.update(body))


class _Slot(ctypes.Structure):
    _fields_ = (("which", ctypes.c_int), ("what", ctypes.c_void_p))


class _Spec(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("size", ctypes.c_int),
        ("item_size", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("slots", ctypes.POINTER(_Slot)),
    )


class _Member(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("kind", ctypes.c_int),
        ("offset", ctypes.c_ssize_t),
        ("flags", ctypes.c_int),
        ("text", ctypes.c_char_p),
    )


def _twin(old: type) -> type:
    """Return a type whose objects lie in memory, and are freed, as those of one without collection.

    A class statement makes only types of collected objects, which have one more head in memory.
    """
    get, make = ctypes.pythonapi.PyType_GetSlot, ctypes.pythonapi.PyType_FromSpec
    get.restype, get.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_int)
    make.restype, make.argtypes = ctypes.py_object, (ctypes.POINTER(_Spec),)
    weak = _Member(b"__weaklistoffset__", _LENGTH, old.__weakrefoffset__, _READ_ONLY, None)
    members = (_Member * 2)(weak)
    slots = (_Slot * 3)(
        _Slot(_DEALLOC, get(old, _DEALLOC)),
        _Slot(_MEMBERS, ctypes.cast(members, ctypes.c_void_p)),
    )
    new: type = make(
        _Spec(b"autograder.domains.changed_arguments.Changed", old.__basicsize__, 0, 0, slots)
    )
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(new))  # its objects do not hold it: never freed
    refuse = _refusing(old)
    for name in _METHODS:
        setattr(new, name, refuse)
    return new


def _refusing(old: type) -> Callable[..., Any]:
    """Return what stands for every method."""
    family = type.__dict__["__mro__"].__get__(old)
    numpy = sys.modules.get("numpy")
    array = numpy is not None and numpy.ndarray in family
    kind = f"{'an' if old.__name__[0] in 'AEIOU' else 'a'} {old.__name__}"
    kind = "an array" if array else kind
    what = next((said for base, said in _NAMES.items() if base in family), kind)

    def refused(*_: Any, **__: Any) -> NoReturn:
        error = ChangedError(
            f"Your function changed {what} that it was given, and the test uses it again: let your "
            "function work on a copy."
        )
        if not raised:
            raised.append(error)
        raise error

    return refused
