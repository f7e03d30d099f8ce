"""Finds the data of locked cells that the author's own solution changes.

A locked cell may define data that an answer should change: ``numbers.append(4)``. Tests must then
see the student's version. It may also define what tests rely on: a tolerance, the right prices. A
submission cannot decide which of the two it is, because a student would change the tolerance. So
the author's solution decides.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

#: Methods of data that change it, also where their value is used.
MUTATING = frozenset(
    (
        *("append", "appendleft", "extend", "extendleft", "insert", "pop", "popleft", "popitem"),
        *("remove", "discard", "clear", "sort", "reverse", "rotate", "update", "setdefault", "add"),
        *("difference_update", "intersection_update", "symmetric_difference_update", "subtract"),
        *("fill", "put", "resize", "partition", "itemset", "setflags", "move_to_end"),
    )
)
#: Functions of libraries that change what they are given.
CHANGING = frozenset(
    (
        *("shuffle", "heapify", "heappush", "heappop", "heapreplace", "heappushpop"),
        *("insort", "insort_left", "insort_right", "fill_diagonal", "copyto", "put", "place"),
    )
)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def changed_names(source: Path) -> tuple[str, ...]:
    """Return the names of locked cells that the solution rebinds or changes in place.

    Parameters
    ----------
    source
        The notebook under ``source/``; where there is none, or no readable one, nothing is known
        to be changed.
    """
    try:
        notebook = nbformat.reads(source.read_bytes().decode(), as_version=4)
        setups = [one.source for one in notebook.cells if _is(one, locked=True, solution=False)]
        answers = [one.source for one in notebook.cells if _is(one, solution=True)]
    except Exception:  # whatever is wrong with it, nbgrader said so when it was released
        return ()
    trees = [tree for tree in map(_parsed, answers) if tree is not None]
    setup = [tree for tree in map(_parsed, setups) if tree is not None]
    defined = {
        kind: {
            node.name for tree in (*trees, *setup) for node in tree.body if isinstance(node, kind)
        }
        for kind in (ast.FunctionDef, ast.ClassDef)
    }
    found: set[str] = set()
    for tree in trees:
        visit = _Changes()
        visit.visit(tree)
        found |= visit.found | _called_for_effect(tree, defined[ast.FunctionDef])
    given = {name for tree in setup for name in _stored(tree)}
    objects = {name for tree in setup for name in _objects(tree, defined[ast.ClassDef])}
    found |= objects & {name for tree in trees for name in _asked(tree)}
    return tuple(sorted(given & found))


def _is(cell: NotebookNode, *, solution: bool, locked: bool | None = None) -> bool:
    mark = cell.metadata.get("nbgrader", {})
    if cell.cell_type != "code" or bool(mark.get("solution")) is not solution:
        return False
    return locked is None or (bool(mark.get("locked")) is locked and not mark.get("grade"))


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        # IPython's own syntax, perhaps; imported here because few notebooks need it.
        from IPython.core.inputtransformer2 import TransformerManager

        try:
            return ast.parse(TransformerManager().transform_cell(text))
        except (SyntaxError, ValueError):
            return None


class _Changes(ast.NodeVisitor):
    """Finds the names of the notebook that a cell, or a function in it, rebinds or changes."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self._local: set[str] = set()  # names of the function that is being looked at
        self._inside = False

    def _add(self, names: Iterable[str]) -> None:
        self.found |= {*names} - self._local

    def visit_Global(self, node: ast.Global) -> None:
        self.found |= {*node.names}

    def visit_Name(self, node: ast.Name) -> None:
        if not self._inside and not isinstance(node.ctx, ast.Load):
            self._add([node.id])

    def visit_Subscript(self, node: ast.Subscript | ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._add(_root(node))
        self.generic_visit(node)

    visit_Attribute = visit_Subscript  # noqa: N815

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and (
            node.func.attr in MUTATING or any(one.arg == "inplace" for one in node.keywords)
        ):
            self._add(_root(node.func))
        if _name(node.func) in CHANGING:
            self._add(arg.id for arg in node.args if isinstance(arg, ast.Name))
        self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        """Look into everything, but for what makes a value of another."""
        if not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp)):
            super().generic_visit(node)

    def visit_FunctionDef(self, node: Any) -> None:
        """Look into a function: it is there to be called. Its own names are not the notebook's."""
        before = self._local, self._inside
        own = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
        shared: set[str] = set()
        for one in ast.walk(node):
            if isinstance(one, ast.Global):
                shared |= {*one.names}
            elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                own.add(one.id)
        self._local, self._inside = self._local | (own - shared), True
        self.generic_visit(node)
        self._local, self._inside = before

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815


def _stored(tree: ast.Module) -> set[str]:
    """Return the names that a cell assigns."""
    visit = _Changes()
    visit.visit(tree)
    return {
        one.id
        for one in ast.walk(tree)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store) and one.id in visit.found
    }


def _called_for_effect(tree: ast.Module, functions: set[str]) -> set[str]:
    """Return the names that the notebook's own functions are given only for what they do to it."""
    return {
        arg.id
        for node in tree.body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        if _name(node.value.func) in functions
        for arg in node.value.args
        if isinstance(arg, ast.Name)
    }


def _objects(tree: ast.Module, classes: set[str]) -> Iterator[str]:
    """Yield the names of objects of the notebook's own classes."""
    for node in tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        if _name(node.value.func) in classes:
            yield from (one.id for one in node.targets if isinstance(one, ast.Name))


def _asked(tree: ast.Module) -> Iterator[str]:
    """Yield the names of whose objects a cell calls a method."""
    for node in tree.body:
        for one in ast.walk(node) if not isinstance(node, _DEFINITIONS) else ():
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute):
                yield from _root(one.func)


def _root(node: ast.AST) -> Iterator[str]:
    """Yield the name at the beginning of ``a.b[c].d``."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
