"""Finds the names that a test looks up by their texts, as in ``globals()["f"]``; pure.

Only a text that stands where a name is looked up counts. Any other may be what a hidden test
expects, and the student's process is told each name that it is asked for.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass

#: Functions that give a cell its namespace, and the attribute of IPython's that is one.
_GIVING, _ATTRIBUTE = ("globals", "locals", "vars", "dir"), "user_ns"
#: What keeps all names of a namespace.
_COPYING = ("set", "list", "tuple", "sorted", "frozenset", "dict", "keys", "copy")
_COLLECTIONS = ast.Set | ast.List | ast.Tuple
_LOOPS = ast.For | ast.comprehension


@dataclass(frozen=True)
class Found:
    """What a test looks up in its namespace."""

    names: frozenset[str]
    understood: frozenset[ast.AST]  # the expressions of a namespace of which all names are found


def looked_up(test: str | ast.AST) -> Found:
    """Return the names that a test looks up by their texts.

    Parameters
    ----------
    test
        As Python, or as its tree.

    Returns
    -------
    Found
        Names that the test also sets in this way are left out: they are its own.

    Raises
    ------
    SyntaxError
        If it is no Python.
    """
    if isinstance(test, str) and not any(name in test for name in (*_GIVING, _ATTRIBUTE)):
        return Found(frozenset(), frozenset())  # at a glance, since each test is looked at
    nodes = [*ast.walk(ast.parse(test) if isinstance(test, str) else test)]
    if not any(_is_namespace(node) for node in nodes):
        return Found(frozenset(), frozenset())
    bound = _Bound(nodes)
    names: set[str] = set()
    own: set[str] = set()
    understood: set[ast.AST] = set()
    for node in nodes:
        for place, texts in _look_ups(node):
            root, found = bound.namespace(place), bound.texts(texts)
            if root is not None and found is not None:
                stores = isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)
                (own if stores else names).update(found)
                understood.add(root)
    public = {one for one in names - own if one.isidentifier() and not one.startswith("_")}
    return Found(frozenset(public), frozenset(understood))


class _Bound:
    """What the names of a test stand for that it binds once."""

    def __init__(self, nodes: list[ast.AST]) -> None:
        times = Counter(
            one.id
            for one in nodes
            if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)
        )
        self._values: dict[str, ast.expr] = {}
        for node in nodes:
            if isinstance(node, ast.Assign):
                target, value = node.targets[0], node.value
            elif isinstance(node, _LOOPS):
                target, value = node.target, node.iter
            else:
                continue
            if isinstance(target, ast.Name) and times[target.id] == 1:
                self._values[target.id] = value

    def _value(self, node: ast.expr) -> ast.expr:
        return self._values.get(node.id, node) if isinstance(node, ast.Name) else node

    def namespace(self, node: ast.expr) -> ast.AST | None:
        """Return the expression that gives the namespace, if this is one or a copy of it."""
        node = self._value(node)
        while isinstance(node, ast.Call) and not _is_namespace(node):
            called = node.func
            if isinstance(called, ast.Attribute) and called.attr in _COPYING and not node.args:
                node = self._value(called.value)
            elif isinstance(called, ast.Name) and called.id in _COPYING and len(node.args) == 1:
                node = self._value(node.args[0])
            else:
                return None
        return node if _is_namespace(node) else None

    def texts(self, node: ast.expr) -> set[str] | None:
        """Return the texts that an expression gives, alone, in a collection or in a loop."""
        for _ in range(2):  # a loop over a collection that has a name
            node = self._value(node)
        parts = node.elts if isinstance(node, _COLLECTIONS) else [node]
        texts = {one.value for one in parts if isinstance(one, ast.Constant)}
        if len(texts) < len({ast.dump(one) for one in parts}):
            return None
        return {one for one in texts if isinstance(one, str)}


def _is_namespace(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        called = node.func
        given = node.args or node.keywords
        return isinstance(called, ast.Name) and called.id in _GIVING and not given
    return isinstance(node, ast.Attribute) and node.attr == _ATTRIBUTE


def _look_ups(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """Return what an expression looks something up in, and what."""
    if isinstance(node, ast.Subscript):
        return [(node.value, node.slice)]
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = node.left, node.comparators[0]
        return [(right, left), (left, right)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        if node.func.attr == "get":
            return [(node.func.value, node.args[0])]
        if node.func.attr == "issubset":
            return [(node.args[0], node.func.value)]
    return []
