"""Tells of what kind a value of the instructor's is: whether it may become the student's."""

from __future__ import annotations

import types
from typing import Any

from autograder.domains.proxy import is_proxy
from autograder.wire import WireError, encode


def is_data(value: Any) -> bool:
    """Tell whether a value of a locked cell is data, and no function, class or module.

    Parameters
    ----------
    value
        Of the judge's own process.
    """
    return not isinstance(value, types.ModuleType) and not callable(value)


def is_plain(value: Any) -> bool:
    """Tell whether a value is data all through, or the student's own.

    Parameters
    ----------
    value
        Of the judge's own process.
    """
    if is_proxy(value):
        return True
    try:
        encode(value, _refuse)
    except Exception:  # whatever a library raises
        return False
    return True


def _refuse(thing: Any) -> dict[str, Any]:
    if is_proxy(thing):
        return {}
    raise WireError("no plain data")
