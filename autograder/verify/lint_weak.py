"""Finds hidden tests that a wrong answer passes, or may pass by luck; pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder.verify.lint_context import Advice

#: What makes a generator of random numbers, or seeds one.
SEEDING = {"default_rng", "RandomState", "seed", "set_random_seed"}
#: A divisor below this is the width of a difference.
WIDTH = 0.01


def weaknesses(name: str, tree: ast.Module, hidden: frozenset[int]) -> Iterator[Advice]:
    """Yield what is to be changed in the hidden lines of one test cell.

    Parameters
    ----------
    name
        Of the cell.
    tree
        What it says.
    hidden
        The lines, from 1, of its hidden tests.
    """
    nodes = (node for node in ast.walk(tree) if getattr(node, "lineno", 0) in hidden)
    for node in sorted(nodes, key=lambda node: getattr(node, "lineno", 0)):
        line = getattr(node, "lineno", 1)
        if isinstance(node, ast.Call) and _seeds(node):
            yield Advice(
                name,
                line,
                "The hidden inputs are drawn from a constant seed, and are the same for everybody",
                "Draw them from a seed of the submission, such as course.exercise.submission_rng",
            )
        if isinstance(node, ast.BinOp) and _is_difference(node):
            yield Advice(
                name,
                line,
                "A derivative is compared with a finite difference, so that a finite difference "
                "passes as well",
                "Compare with a formula, or with a step along the imaginary axis, to eleven digits",
            )


def _seeds(node: ast.Call) -> bool:
    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
    return called in SEEDING and len(node.args) == 1 and isinstance(node.args[0], ast.Constant)


def _is_difference(node: ast.BinOp) -> bool:
    """Tell whether it is (a - b) / small."""
    if not isinstance(node.op, ast.Div) or not isinstance(node.right, ast.Constant):
        return False
    width = node.right.value
    subtracts = isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Sub)
    return subtracts and isinstance(width, float) and 0 < width < WIDTH
