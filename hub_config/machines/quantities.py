"""Reads amounts as Kubernetes writes them: ``500m`` processors, ``10Gi`` of memory."""

from __future__ import annotations

import re
from typing import Any

GIB = 2.0**30
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|[MGTPE]|[KMGTPE]i)?")
_POWERS = "kMGTPE"


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
        If Kubernetes would refuse it.
    """
    found = None if isinstance(quantity, bool) else _QUANTITY.fullmatch(str(quantity))
    if not found:
        raise QuantityError("write a number and a unit of Kubernetes, such as 512Mi, 10Gi or 500m")
    number, unit = float(found[1]), found[2] or ""
    if unit == "m":
        return number / 1000
    if not unit:
        return number
    power = 1 + _POWERS.lower().index(unit[0].lower())
    return number * float((1024 if unit.endswith("i") else 1000) ** power)
