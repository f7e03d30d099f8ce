"""Finds the names that a cell needs from elsewhere, and those that it defines; pure."""

from __future__ import annotations

import ast
import contextlib
import dis
import inspect
import types
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_LOADS = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS", "DELETE_NAME", "DELETE_GLOBAL"}
_STORES = {"STORE_NAME", "STORE_GLOBAL"}
#: What Python runs where it stands, although it is compiled as if it were a function.
_AT_ONCE = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
#: How IPython's own syntax looks to Python; the last argument may be code.
_MAGICS = {"run_line_magic", "run_cell_magic"}
#: Of how many cells it is kept what was found: each is asked for more than once.
_RECENT = 8


def needed(source: str) -> tuple[set[str], set[str]]:
    """Return the names that a cell looks up before it defines them, and those of its functions.

    The second are looked up whenever a function is called, perhaps by a later cell.

    Raises
    ------
    SyntaxError
        If it is no Python.
    """
    outer: set[str] = set()
    inner: set[str] = set()
    defined: set[str] = set()
    parts = _parts(source)
    for code in parts:
        _read(code, outer, inner, defined)
    # A function that calls itself, or one further down, is nobody else's: not even to be asked for.
    return outer, inner - {name for code in parts for name in _made(code)}


@lru_cache(_RECENT)
def stored(source: str) -> frozenset[str]:
    """Return the global names that a cell defines; none if it is no Python."""
    try:
        parts = _parts(source)
    except (SyntaxError, ValueError):
        return frozenset()
    return frozenset(
        argument
        for part in parts
        for code in (part, *filter(_sets_globals, _nested(part)))
        for operation, argument in _instructions(code)
        if operation == "STORE_GLOBAL" or (operation == "STORE_NAME" and code is part)
    )


def _sets_globals(code: types.CodeType) -> bool:
    """Tell at a glance, since to take a function to pieces takes long, and few have ``global``."""
    return dis.opmap["STORE_GLOBAL"] in code.co_code[::2]


def _read(code: types.CodeType, outer: set[str], inner: set[str], defined: set[str]) -> None:
    """Follow what runs at once from its first line to its last."""
    is_class = code.co_name != "<module>" and not code.co_flags & inspect.CO_OPTIMIZED
    own: set[str] = set()  # what a class defines in its body
    for operation, name in _instructions(code):
        if operation in _LOADS:
            if name not in defined and name not in own and not _is_private(name):
                outer.add(name)
        elif operation in _STORES:
            (own if is_class and operation == "STORE_NAME" else defined).add(name)
        elif name.co_name in _AT_ONCE or not name.co_flags & inspect.CO_OPTIMIZED:
            _read(name, outer, inner, defined)
        else:
            inner |= {
                found
                for nested in (name, *_nested(name))
                for loads, found in _instructions(nested)
                if loads in _LOADS and not _is_private(found)
            } - defined


def _made(code: types.CodeType) -> set[str]:
    """Return the names of the functions and classes that a cell itself defines."""
    made = {one.co_name for one in code.co_consts if isinstance(one, types.CodeType)}
    return made & {name for operation, name in _instructions(code) if operation in _STORES}


@lru_cache(_RECENT)
def _instructions(code: types.CodeType) -> tuple[tuple[str, Any], ...]:
    """Return what of a code matters here: what it loads and stores by name, and code within it."""
    return tuple(
        (one.opname, one.argval)
        for one in dis.get_instructions(code)
        if one.opname in _LOADS or one.opname in _STORES or isinstance(one.argval, types.CodeType)
    )


def _is_private(name: str) -> bool:
    """Tell whether a name is one that Python itself keeps in a namespace."""
    return name.startswith("__") and name.endswith("__")


@lru_cache(_RECENT)
def _parts(source: str) -> tuple[types.CodeType, ...]:
    """Return the code of a cell, and before it that which it hands to IPython's magics as text."""
    parts = []
    magical = any(name in source for name in _MAGICS)
    for node in ast.walk(ast.parse(source)) if magical else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            last = node.args[-1] if node.func.attr in _MAGICS and node.args else None
            if isinstance(last, ast.Constant) and isinstance(last.value, str):
                with contextlib.suppress(SyntaxError, ValueError):  # no code, but a file's name
                    parts.append(_compile(last.value))
    return (*parts, _compile(source))


def _compile(source: str) -> types.CodeType:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code: types.CodeType = compile(source, "<cell>", "exec", flags=flags, dont_inherit=True)
    return code


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _nested(constant)
