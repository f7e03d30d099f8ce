"""Reverse-mode differentiation of NumPy code, in under 150 lines.

A `Node` is a value with edges to what it was computed from; the rule on an edge turns the adjoint
of the result, ∂output/∂result, into its share of the adjoint of the operand. `adjoints` crosses
every edge once, backwards, and adds up the shares (Griewank and Walther, Evaluating Derivatives,
2nd ed. 2008, chapter 3). It writes nothing into the graph: a second call gives the same answer.

Use +, −, *, /, **, @, [], T, sum, mean as with arrays; `course.neurons` has tanh and its like.
Numbers and arrays among the operands are constants. All is float64 and broadcasts as in NumPy.
"""

from collections.abc import Callable, Sequence
from typing import Any, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Rule = Callable[[Array], Array]
Operand = Union["Node", Array, float]


class Node:
    """A `value`, and `edges`: a pair (operand, rule) for each operand that is a Node."""

    __slots__ = ("edges", "value")
    __array_ufunc__ = None  # array + node asks Node.__radd__, not NumPy's loop over the entries

    def __init__(self, value: ArrayLike, *edges: tuple[Operand, Rule]) -> None:
        self.value: Array = np.asarray(value, dtype=np.float64)
        self.edges = tuple((node, rule) for node, rule in edges if isinstance(node, Node))

    def __add__(self, other: Operand) -> "Node":
        return Node(self.value + _value(other), (self, lambda g: g), (other, lambda g: g))

    def __mul__(self, other: Operand) -> "Node":
        a, b = self.value, _value(other)
        return Node(a * b, (self, lambda g: g * b), (other, lambda g: g * a))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> "Node":
        return Node(-self.value, (self, lambda g: -g))

    def __sub__(self, other: Operand) -> "Node":
        return Node(self.value - _value(other), (self, lambda g: g), (other, lambda g: -g))

    def __rsub__(self, other: Operand) -> "Node":
        return -self + other

    def __pow__(self, power: float) -> "Node":
        a = self.value
        return Node(a**power, (self, lambda g: g * power * a ** (power - 1)))

    def __truediv__(self, other: Operand) -> "Node":
        return self * (other**-1.0 if isinstance(other, Node) else 1 / _value(other))

    def __rtruediv__(self, other: Operand) -> "Node":
        return self**-1.0 * other

    def __matmul__(self, other: Operand) -> "Node":
        return _matmul(self, other)

    def __rmatmul__(self, other: Operand) -> "Node":
        return _matmul(other, self)

    def __getitem__(self, index: Any) -> "Node":
        def scatter(g: Array) -> Array:
            whole = np.zeros_like(self.value)
            np.add.at(whole, index, g)  # an entry that was taken twice gets both shares
            return whole

        return Node(self.value[index], (self, scatter))

    @property
    def T(self) -> "Node":  # noqa: N802 - as NumPy calls it
        """The transpose."""
        return Node(self.value.T, (self, lambda g: g.T))

    def sum(self, axis: int | None = None) -> "Node":
        """Sum over one axis, or over all of them."""
        a = self.value
        kept = np.sum(a, axis=axis, keepdims=True).shape
        return Node(a.sum(axis=axis), (self, lambda g: np.broadcast_to(g.reshape(kept), a.shape)))

    def mean(self, axis: int | None = None) -> "Node":
        """Average over one axis, or over all of them."""
        total = self.sum(axis)
        return total * (total.value.size / self.value.size)


def topological_order(output: Node) -> list[Node]:
    """Return the nodes that `output` was computed from, itself last, each after its operands."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack = [(output, False)]  # a list instead of recursion: graphs may be a million nodes deep
    while stack:
        node, operands_are_done = stack.pop()
        if operands_are_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((operand, False) for operand, _ in node.edges)
    return order


def adjoints(output: Node) -> dict[Node, Array]:
    """Return ∂output/∂node, shaped like the node's value, for every node `output` depends on."""
    if output.value.size != 1:
        raise ValueError(f"output has shape {output.value.shape}; reduce it to one number first")
    adjoint = {output: np.ones_like(output.value)}
    for node in reversed(topological_order(output)):
        for operand, rule in node.edges:
            share = _sum_to(operand.value.shape, rule(adjoint[node]))
            adjoint[operand] = adjoint[operand] + share if operand in adjoint else share
    return adjoint


def gradients(output: Node, inputs: Sequence[Node]) -> list[Array]:
    """Return ∂output/∂input for each input, with its shape: zeros if `output` does not use it."""
    found = adjoints(output)
    return [found[node] if node in found else np.zeros_like(node.value) for node in inputs]


def _value(operand: Operand) -> Array:
    return operand.value if isinstance(operand, Node) else np.asarray(operand, dtype=np.float64)


def _matmul(a: Operand, b: Operand) -> Node:
    A, B = _value(a), _value(b)
    if A.ndim != 2 or B.ndim != 2:
        raise ValueError(f"@ takes two matrices, not shapes {A.shape} and {B.shape}; use [:, None]")
    return Node(A @ B, (a, lambda g: g @ B.T), (b, lambda g: A.T @ g))


def _sum_to(shape: tuple[int, ...], g: Array) -> Array:
    """Undo broadcasting: what was used many times gets the sum of all its shares."""
    if g.shape == shape:
        return g
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return g.sum(axis=stretched, keepdims=True)
