"""Finds in the text of a test cell what of a library it may replace."""

from __future__ import annotations

import ast
import contextlib
import importlib
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

#: Modules of which each process has its own, or which `autograder.domains.used_names` knows.
_APART = ("__main__", "builtins", "sys", "autograder", "unittest.mock")


def patchable(source: str, space: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """Return modules, the names in them that a cell may replace, and what they stand for now.

    Such are ``random.randint = ...``, ``patch("random.randint")``, ``patch.object(random,
    "randint")`` and ``monkeypatch.setattr(random, "randint", ...)``.

    Parameters
    ----------
    source
        The cell, as Python; what is none replaces nothing.
    space
        The namespace in which it runs.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    nodes = [*ast.walk(tree)]
    roots = {name: vars(one)["__name__"] for name, one in space.items() if _is_module(one)}
    for node in nodes:
        if isinstance(node, ast.Import):
            roots |= {one.asname: one.name for one in node.names if one.asname}
            roots |= {one.name.partition(".")[0]: one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            roots |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    found = {}
    for path in {path for node in nodes for path in _paths(node, roots)}:
        module, _, name = path.rpartition(".")
        if module in roots.values() and module not in sys.modules:
            with contextlib.suppress(Exception):  # the cell itself imports it, and will see why
                importlib.import_module(module)
        space_there = vars(sys.modules[module]) if _is_module(sys.modules.get(module)) else {}
        if name in space_there and not module.startswith(_APART):
            found[module, name] = space_there[name]
    return found


def _is_module(thing: Any) -> bool:
    return issubclass(type(thing), types.ModuleType)


def _paths(node: ast.AST, roots: Mapping[str, str]) -> Iterator[str]:
    """Yield the dotted names that a node may replace."""
    if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
        yield _dotted(node, roots)
    elif isinstance(node, ast.Call):
        for one, other in zip(node.args, [*node.args[1:], None], strict=False):
            if isinstance(one, ast.Constant) and isinstance(one.value, str):
                yield one.value
            elif isinstance(other, ast.Constant) and isinstance(other.value, str):
                yield f"{_dotted(one, roots)}.{other.value}"


def _dotted(node: ast.AST, roots: Mapping[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, roots)}.{node.attr}"
    return roots.get(node.id, "") if isinstance(node, ast.Name) else ""
