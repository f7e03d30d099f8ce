"""Names the special methods by which Python tells what can be done with an object.

Python looks for them in an object's type. So a proxy of an object is of a class that has those that
the object's type has; which these are, the student's process says with a number.
"""

from __future__ import annotations

_BINARY = (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow"),
    *("lshift", "rshift", "and", "or", "xor"),
)
#: What is done in the student's process.
DELEGATED = tuple(
    f"__{name}__"
    for name in (
        *("call", "getitem", "setitem", "delitem", "contains", "len", "iter", "next"),
        *("enter", "exit", "instancecheck", "subclasscheck"),
    )
)
#: What a proxy refuses if its object can do it, by the words for it.
REFUSED = {
    f"__{name}__": what
    for what, names in {
        "compared": ("lt", "le", "gt", "ge"),
        "converted to a number": (
            *("int", "float", "complex", "index", "round", "trunc", "floor", "ceil"),
        ),
        "calculated with": (
            *("neg", "pos", "abs", "invert"),
            *(side + name for name in _BINARY for side in ("", "r", "i")),
        ),
    }.items()
    for name in names
}
#: The places of all of them in the number; with those that every proxy has, or does without.
PLACES = {name: n for n, name in enumerate((*DELEGATED, *REFUSED, "__bool__", "__hash__"))}
#: The number of an object that has them all.
ALL = (1 << len(PLACES)) - 1


def special(kind: type) -> int:
    """Return the number that says which special methods a type has.

    Those that every object has do not count, but a type may do without `__hash__`.

    Parameters
    ----------
    kind
        The type.
    """
    found = 1 << PLACES["__hash__"]
    for base in type.__dict__["__mro__"].__get__(kind)[-2::-1]:
        body = type.__dict__["__dict__"].__get__(base)
        for name in PLACES.keys() & body.keys():
            place = 1 << PLACES[name]
            found = found & ~place if body[name] is None else found | place
    return found


def has(number: int, name: str) -> bool:
    """Tell whether a number says that there is a method."""
    return bool(number >> PLACES[name] & 1)


def number_from(said: object) -> int:
    """Return what a student's process said as such a number; none where it is none."""
    return said if type(said) is int and 0 <= said <= ALL else 0
