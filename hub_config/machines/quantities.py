"""Reads and writes amounts as Kubernetes writes them: ``500m`` processors, ``10Gi`` of memory."""

from __future__ import annotations

import re
from typing import Any

GIB = 2.0**30
#: A number, then an exponent of ten or a unit; "1E" is a unit and "1E3" an exponent.
_QUANTITY = re.compile(
    r"\+?([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([-+]?[0-9]+)|([num]|k|[MGTPE]|[KMGTPE]i))?"
)
_SMALL = {"n": 1e-9, "u": 1e-6, "m": 1e-3}
_POWERS = "kMGTPE"
#: Kubernetes takes a larger amount for this one.
_LARGEST = 2.0**63 - 1


class QuantityError(ValueError):
    """Kubernetes would not take the amount; the text says how to write one."""


def parse(quantity: Any) -> float:
    """Return an amount as a number: of processors, or of bytes.

    Parameters
    ----------
    quantity : str, int or float
        As in a pod's resources.

    Raises
    ------
    QuantityError
        If Kubernetes would refuse it. It refuses a negative amount only where it is used.
    """
    found = None if isinstance(quantity, bool) else _QUANTITY.fullmatch(str(quantity))
    if not found:
        raise QuantityError("write a number and a unit of Kubernetes, such as 512Mi, 10Gi or 500m")
    number, exponent, unit = float(found[1]), found[2], found[3]
    if exponent:
        amount = float(f"{found[1]}e{exponent}")
    elif not unit:
        amount = number
    elif unit in _SMALL:
        amount = number * _SMALL[unit]
    else:
        power = 1 + _POWERS.lower().index(unit[0].lower())
        amount = number * float((1024 if unit.endswith("i") else 1000) ** power)
    return min(amount, _LARGEST)


def mebibytes(gib: float) -> int:
    """Return whole MiB: Kubernetes has no parts of a byte, which 7.3 GiB would be."""
    return int(gib * 1024)
