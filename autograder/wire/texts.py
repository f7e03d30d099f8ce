"""Carries the strings of a column as one text."""

from __future__ import annotations

import sys
from typing import Any

from autograder.wire.codec import In, Out, imported
from autograder.wire.limits import MAX_NODES, MAX_TEXT, WireError, check_bytes

#: The most strings of a column. Each is an object of some fifty bytes.
MAX_TEXTS = 4 * MAX_NODES


def put_texts(out: Out, texts: list[str]) -> list[Any]:
    """Return the tree of strings: what stands between two of them, and all of them joined."""
    _check(len(texts))
    check_bytes(sum(map(len, texts)), MAX_TEXT)
    joined = "".join(texts)
    between = next(mark for mark in map(chr, range(sys.maxunicode)) if mark not in joined)
    data = between.join(texts).encode("utf-8", "surrogatepass")
    check_bytes(len(data), MAX_TEXT)
    return ["texts", ord(between), len(texts), out.blob(data)]


def get_texts(inn: In, tree: Any) -> Any:
    """Return the strings of a tree as an array of objects.

    Raises
    ------
    ValueError
        If there are not as many as is said.
    WireError
        If there are too many.
    """
    kind, between, count, number = tree
    if kind != "texts" or type(between) is not int or type(count) is not int:
        raise ValueError("strings were expected")
    _check(count)
    data = inn.blob(number)
    check_bytes(len(data), MAX_TEXT)
    mark = chr(between).encode("utf-8", "surrogatepass")
    if data.count(mark) != max(count - 1, 0) or (not count and data):
        raise ValueError("there are as many strings as is said")
    array = imported("numpy").empty(count, object)
    if count:
        array[:] = data.decode("utf-8", "surrogatepass").split(chr(between))
    return array


def _check(count: int) -> None:
    if count > MAX_TEXTS:
        raise WireError(
            f"More than {MAX_TEXTS:,} strings in a column cannot be passed between your code and "
            "the tests."
        )
