"""Bounds what one message may hold."""

from collections.abc import Iterable
from typing import Any

#: The most bytes of a message, the most values in it, and how deep they may be nested.
MAX_BYTES, MAX_NODES, MAX_DEPTH = 256 << 20, 1_000_000, 64

#: The most bytes of a head, or of a text: as Python strings they may take four times as much.
MAX_TEXT = MAX_BYTES // 4

#: The most commas and opening brackets of a head. Each may become a Python object.
MAX_MARKS = 5 * MAX_NODES

#: The most digits of a whole number, or of a decimal one.
MAX_DIGITS = 10_000

#: Strings and bytes that are longer travel as blobs.
SHORT = 1024


class WireError(Exception):
    """What was sent, or was to be sent, cannot cross; the text says why, in a student's terms."""


def check_bytes(size: int, most: int = MAX_BYTES) -> None:
    """Refuse more bytes than may be.

    Raises
    ------
    WireError
        If `size` is larger than `most`.
    """
    if size > most:
        raise WireError(
            f"Values of {size / 2**20:,.1f} MB cannot be passed between your code and the tests at "
            f"once; {most / 2**20:,.1f} MB can."
        )


def check_nodes(nodes: int, most: int = MAX_NODES) -> None:
    """Refuse more values than may be.

    Raises
    ------
    WireError
        If `nodes` is larger than `most`.
    """
    if nodes > most:
        raise WireError(
            f"More than {MAX_NODES:,} values in lists, dictionaries and the like cannot be passed "
            "between your code and the tests. A NumPy array can hold more."
        )


def check_depth(depth: int) -> None:
    """Refuse values that are nested too deep.

    Raises
    ------
    WireError
        If `depth` is larger than may be.
    """
    if depth > MAX_DEPTH:
        raise WireError(
            f"Values nested more than {MAX_DEPTH} levels deep cannot be passed between your code "
            "and the tests."
        )


def check_names(names: Iterable[Any]) -> None:
    """Refuse names that an object would answer to as if it were of another kind.

    NumPy asks objects, and pandas its labels, for `__array_interface__`: an address in memory.

    Raises
    ------
    WireError
        If one begins with two underscores.
    """
    for name in names:
        if isinstance(name, str) and name.startswith("__"):
            raise WireError(
                f"A value with an attribute or label {name[:50]!r} cannot be passed between your "
                "code and the tests: use a name that does not begin with two underscores."
            )


def check_marks(text: bytes | bytearray) -> None:
    """Refuse a head that would take much memory as Python objects, before there are any.

    Raises
    ------
    WireError
        If it holds too many values.
    """
    check_nodes(text.count(b",") + text.count(b"[") + text.count(b"{"), MAX_MARKS)
