"""Finds the names that a cell needs from elsewhere, and those that it defines; pure."""

from __future__ import annotations

import ast
import dis
import types
from collections.abc import Iterator

_LOADS = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS", "DELETE_NAME", "DELETE_GLOBAL"}
_STORES = {"STORE_NAME", "STORE_GLOBAL"}


def needed(source: str) -> tuple[set[str], set[str]]:
    """Return the names that a cell looks up before it defines them, and those of its functions.

    The second are looked up whenever a function is called, perhaps by a later cell.

    Raises
    ------
    SyntaxError
        If it is no Python.
    """
    code = _compile(source)
    first: dict[str, bool] = {}
    for instruction in dis.get_instructions(code):
        if instruction.opname in _LOADS:
            first.setdefault(instruction.argval, True)
        elif instruction.opname in _STORES:
            first.setdefault(instruction.argval, False)
    inner = {
        instruction.argval
        for nested in _nested(code)
        for instruction in dis.get_instructions(nested)
        if instruction.opname in _LOADS
    }
    defined = {name for name, loaded in first.items() if not loaded}
    return {name for name, loaded in first.items() if loaded}, inner - defined


def stored(source: str) -> set[str]:
    """Return the global names that a cell defines; none if it is no Python."""
    try:
        code = _compile(source)
    except (SyntaxError, ValueError):
        return set()
    return {
        instruction.argval
        for part in (code, *_nested(code))
        for instruction in dis.get_instructions(part)
        if instruction.opname == "STORE_GLOBAL"
        or (instruction.opname == "STORE_NAME" and part is code)
    }


def _compile(source: str) -> types.CodeType:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code: types.CodeType = compile(source, "<cell>", "exec", flags=flags, dont_inherit=True)
    return code


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _nested(constant)
