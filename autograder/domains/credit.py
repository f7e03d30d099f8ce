"""Reads partial credit from what the last expression of a test cell gave; runs in the judge."""

from __future__ import annotations

import math
import sys
from typing import Any

from autograder.domains.proxy import is_proxy

#: The kinds of NumPy's elements that are numbers, as `numpy.dtype.kind` spells them. Lengths of
#: time, text and bytes could be converted as well, and are none.
KINDS = "iufOV"


def credit(value: Any) -> tuple[str | None, str]:
    """Return partial credit as text that reads back exactly, and else what was found instead.

    Neither is given where the cell earns all its points: it ended with no value, or with True.
    What holds one number, such as an array of one element, is that number. NaN is one too, and so
    is a masked element: the student's code can cause both.

    Parameters
    ----------
    value
        Of whatever type; None if there was no expression.
    """
    one = _element(value)
    if value is None or one is True:
        return None, ""
    number = None if one is None or one is False else _number(one)
    return (None, _described(value, one)) if number is None else (repr(number), "")


def _element(value: Any) -> Any:
    """Return the only element of an array or a tensor, None of another one, else the value."""
    numpy = sys.modules.get("numpy")
    if numpy is None or is_proxy(value) or not hasattr(type(value), "__array__"):
        return value
    try:
        array = numpy.asarray(value)
    except Exception:  # libraries have errors of their own
        return value
    if array.size != 1:
        return None
    if isinstance(value, numpy.ma.MaskedArray) and numpy.ma.getmaskarray(value).any():
        return math.nan
    one = array.reshape(-1)[0]
    if array.dtype.kind == "b":
        return bool(one)
    return one if array.dtype.kind in KINDS else None


def _number(one: Any) -> float | None:
    """Return a float if there is one for a value, judged by what it is, not by what it says."""
    if is_proxy(one) or not hasattr(type(one), "__float__") or _is_bytes(one):
        return None
    try:
        return float(float(one))  # of a subclass, whose text may be anything
    except OverflowError:
        return math.copysign(math.inf, 1 if one > 0 else -1)
    except ValueError:  # the NaN of `decimal` that signals
        return math.nan
    except Exception:  # it has the method and refuses, as a tensor of no known value does
        return None


def _is_bytes(one: Any) -> bool:
    """Tell whether it is one of NumPy's structures, of which Python would read bytes as digits."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(one, numpy.void | numpy.ndarray)


def _described(value: Any, one: Any) -> str:
    """Return what a value is, without its content: a student may read it."""
    if is_proxy(value):
        return "an object of the student's code"
    if one is False:
        return "False"
    kind = f"a value of type {type(value).__name__[:50]}"
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray):
        return f"{kind} and shape {value.shape}"
    return kind
