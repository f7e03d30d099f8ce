"""Names the special methods by which Python tells what can be done with an object.

Python looks for them in an object's class. So a proxy's class has those that its object's class
has; the student's process says which these are, class by class.
"""

from __future__ import annotations

import copy
import math
import operator
from collections.abc import Callable
from typing import Any

BINARY = (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow"),
    *("lshift", "rshift", "and", "or", "xor"),
)
#: Operators whose result says little of the test's value that went in: a sum, a multiple, a power.
#: Of all others the result could be made to fit that value, as a difference of zero does.
FREE = ("add", "mul", "matmul", "pow")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
UNARY = ("neg", "pos", "invert", "abs", "round", "trunc", "floor", "ceil")
#: Conversions, and the type that each has to give.
CONVERSIONS: dict[str, type] = {
    "bool": bool,
    "int": int,
    "float": float,
    "complex": complex,
    "index": int,
    "bytes": bytes,
    "hash": int,
}
#: What else is done in the student's process.
DELEGATED = tuple(
    f"__{name}__"
    for name in (
        *("call", "getitem", "setitem", "delitem", "contains", "len", "iter", "next"),
        *("enter", "exit", "await", "aiter", "anext", "aenter", "aexit"),
    )
)
#: All special methods that are looked for in a class.
SPECIAL = frozenset(
    {
        *DELEGATED,
        *(f"__{side}{name}__" for name in BINARY for side in ("", "r", "i")),
        *(f"__{name}__" for name in (*COMPARISONS, *UNARY, *CONVERSIONS)),
    }
)
#: How each is carried out, by its name without underscores.
OPERATE: dict[str, Callable[..., Any]] = {
    **{
        side + name: getattr(operator, side + name)
        for name in BINARY
        for side in ("", "i")
        if hasattr(operator, side + name)
    },
    **{name: getattr(operator, name) for name in COMPARISONS},
    **{"and": operator.and_, "or": operator.or_, "divmod": divmod, "pow": pow},
    **{"neg": operator.neg, "pos": operator.pos, "invert": operator.invert, "abs": abs},
    **{"round": round, "trunc": math.trunc, "floor": math.floor, "ceil": math.ceil},
    **CONVERSIONS,
    **{"index": operator.index, "hash": hash, "copy": copy.copy, "deepcopy": copy.deepcopy},
}


def own_names(kind: type) -> tuple[list[str], list[str]]:
    """Return the names in a class's own body, and those of special methods that it does without.

    Parameters
    ----------
    kind
        The class; what its metaclass says of it does not count.
    """
    body = type.__dict__["__dict__"].__get__(kind)
    names = [name for name in body if type(name) is str]
    return names, [name for name in names if name in SPECIAL and body[name] is None]
