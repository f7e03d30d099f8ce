"""Decides what of a test cell's names the next answer may have, as in a notebook; pure.

What stands between the marks of hidden tests never goes to the student's process, nor any value
that it could be seen in. So of what is visible there go: imports, functions and classes, as the
text that every student has; and values of names that no hidden line can have had to do with. Two
names have to do with each other if a statement mentions both, or each of them and a third one.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass

_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
#: Stands for all that is hidden; no name is empty.
_HIDDEN = ""


@dataclass(frozen=True)
class Given:
    """What of a cell may go."""

    statements: tuple[str, ...]  # to be run again
    names: tuple[str, ...]  # whose values may go


class Acquaintances:
    """Which names of the instructor's cells have to do with each other, and with what is hidden."""

    def __init__(self) -> None:
        self._groups: dict[str, set[str]] = {_HIDDEN: {_HIDDEN}}
        self._modules: set[str] = set()

    def given(self, source: str, hidden: Collection[int], strangers: Collection[str]) -> Given:
        """Return what of a cell the next answer may have.

        Parameters
        ----------
        source
            The cell, as Python; what is none gives nothing.
        hidden
            The numbers of its hidden lines.
        strangers
            Names that tell nothing: Python's own, and those that came from the student.
        """
        try:
            body = ast.parse(source).body
        except (SyntaxError, ValueError):
            return Given((), ())
        statements: list[str] = []
        stored: set[str] = set()
        for node in body:
            lines = range(_first_line(node), (node.end_lineno or node.lineno) + 1)
            is_hidden = not set(lines).isdisjoint(hidden)
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._modules |= _mentioned(node)
            else:
                self._modules -= _stored(node)
            mentioned = _mentioned(node) - self._modules - {*strangers}
            self._introduce(mentioned | {_HIDDEN} if is_hidden else mentioned)
            if is_hidden:
                continue
            if isinstance(node, _DEFINITIONS):
                statements.append(ast.unparse(node))
            else:
                stored |= _stored(node)
        names = (name for name in stored if not self._is_compromised(name))
        return Given(tuple(statements), tuple(sorted(names)))

    def _introduce(self, names: set[str]) -> None:
        together: set[str] = set()
        for name in names:
            together |= self._groups.get(name, {name})
        for name in together:
            self._groups[name] = together

    def _is_compromised(self, name: str) -> bool:
        return name in self._groups[_HIDDEN]


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])


def _mentioned(node: ast.stmt) -> set[str]:
    """Return the names that a statement mentions, also those within functions."""
    found = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            found.add(one.id)
        elif isinstance(one, ast.alias):
            found.add((one.asname or one.name).partition(".")[0])
        elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(one.name)
        elif isinstance(one, ast.Global | ast.Nonlocal):
            found |= {*one.names}
    return found


def _stored(node: ast.AST) -> set[str]:
    """Return the names that a statement stores in the notebook's namespace."""
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    if isinstance(node, (*_DEFINITIONS, ast.Lambda)):
        return set()
    return {name for child in ast.iter_child_nodes(node) for name in _stored(child)}
