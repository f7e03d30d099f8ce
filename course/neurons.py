"""Neurons and networks of them: threshold units, activations, losses on logits, the perceptron.

A batch X has one row per example, shape (m, n). A layer is a pair (W, b) of shapes (n, k) and
(k,), and maps X to X @ W + b; a network is a list of layers with an activation between them and
none after the last. Activations and losses take and return nodes of `course.backprop`.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from course.backprop import Array, Node, Operand, gradients

Activation = Callable[[Node], Node]
Layer = tuple[Array, Array]
NodeLayer = tuple[Node, Node]


def threshold(z: ArrayLike) -> Array:
    """Return 1 where z ≥ 0 and 0 elsewhere: a neuron fires or does not.

    Source: McCulloch and Pitts, Bulletin of Mathematical Biophysics 5 (1943), 115–133.

    Parameters
    ----------
    z : array_like
        Of any shape.

    Returns
    -------
    ndarray, shape of `z`
    """
    return np.where(np.asarray(z) >= 0, 1.0, 0.0)


def exp(x: Node) -> Node:
    """Return eˣ, with derivative eˣ.

    Parameters
    ----------
    x : Node
        Of any shape; the function acts on each entry.

    Returns
    -------
    Node, shape of `x`
    """
    y = np.exp(x.value)
    return Node(y, (x, lambda g: g * y))


def log(x: Node) -> Node:
    """Return the natural logarithm, with derivative 1/x.

    Parameters
    ----------
    x : Node
        Positive numbers, of any shape; the function acts on each entry.

    Returns
    -------
    Node, shape of `x`
    """
    return Node(np.log(x.value), (x, lambda g: g / x.value))


def identity(x: Node) -> Node:
    """Return x: no activation.

    Parameters
    ----------
    x : Node
        Of any shape.

    Returns
    -------
    Node
        `x` itself.
    """
    return x


def sigmoid(x: Node) -> Node:
    """Return σ(x) = 1/(1 + e⁻ˣ), with derivative σ(x)(1 − σ(x)) ≤ ¼.

    Parameters
    ----------
    x : Node
        Of any shape; the function acts on each entry.

    Returns
    -------
    Node, shape of `x`
    """
    y = expit(x.value)
    return Node(y, (x, lambda g: g * (y * (1 - y))))


def tanh(x: Node) -> Node:
    """Return tanh x = 2σ(2x) − 1, with derivative 1 − tanh² x ≤ 1.

    Parameters
    ----------
    x : Node
        Of any shape; the function acts on each entry.

    Returns
    -------
    Node, shape of `x`
    """
    y = np.tanh(x.value)
    return Node(y, (x, lambda g: g * (1 - y * y)))


def relu(x: Node) -> Node:
    """Return max(x, 0), with derivative 1 where x > 0 and 0 elsewhere, the kink included.

    Parameters
    ----------
    x : Node
        Of any shape; the function acts on each entry.

    Returns
    -------
    Node, shape of `x`
    """
    return Node(np.maximum(x.value, 0), (x, lambda g: g * (x.value > 0)))


def softplus(x: Node) -> Node:
    """Return log(1 + eˣ), a smooth relu, with derivative σ(x).

    Parameters
    ----------
    x : Node
        Of any shape; the function acts on each entry.

    Returns
    -------
    Node, shape of `x`
    """
    return Node(np.logaddexp(0, x.value), (x, lambda g: g * expit(x.value)))


def swish(x: Node) -> Node:
    """Return x·σ(x), with derivative σ(x) + x·σ(x)(1 − σ(x)).

    Two edges lead back to x, so reverse mode adds two shares. Source: Ramachandran, Zoph and Le,
    "Searching for activation functions" (2017), with β = 1.

    Parameters
    ----------
    x : Node
        Of any shape; the function acts on each entry.

    Returns
    -------
    Node, shape of `x`
    """
    return x * sigmoid(x)


def log_sum_exp(x: Node) -> Node:
    """Return log Σⱼ exp(xᵢⱼ) as a column of shape (m, 1), with derivative softmax(xᵢ).

    Finite for every x: Goodfellow, Bengio and Courville, Deep Learning (2016), §4.1.

    Parameters
    ----------
    x : Node, shape (m, k)
        Logits, one row per example.

    Returns
    -------
    Node, shape (m, 1)
    """
    y = np.logaddexp.reduce(x.value, axis=1, keepdims=True)
    return Node(y, (x, lambda g: g * np.exp(x.value - y)))


def mean_squared_error(predictions: Node, y: Array) -> Node:
    """Return the mean of (prediction − y)² over all entries; both have shape (m, k).

    Parameters
    ----------
    predictions : Node, shape (m, k)
        What the network gives.
    y : ndarray, shape (m, k)
        Targets; another shape raises a ValueError.

    Returns
    -------
    Node
        Holds one number, in squared units of y.
    """
    _same_shape("predictions", predictions, y)
    return ((predictions - y) ** 2).mean()


def binary_cross_entropy(logits: Node, y: Array) -> Node:
    """Return the mean of log(1 + eᶻ) − y·z, in nats; logits z and labels y have shape (m, 1).

    That is −y log p − (1 − y) log(1 − p) with p = σ(z), without forming a p that rounds to 1;
    Goodfellow et al. (2016), §6.2.2.2.

    Parameters
    ----------
    logits : Node, shape (m, 1)
        What the network gives.
    y : ndarray, shape (m, 1)
        Labels 0 and 1; another shape raises a ValueError.

    Returns
    -------
    Node
        Holds one number.
    """
    _same_shape("logits", logits, y)
    return (softplus(logits) - logits * y).mean()


def cross_entropy(logits: Node, classes: Array) -> Node:
    """Return the mean of −log softmax(zᵢ) at the true class of example i, in nats.

    Logits have shape (m, k), classes are m integers from 0 to k − 1.

    Parameters
    ----------
    logits : Node, shape (m, k)
        What the network gives.
    classes : ndarray of int, shape (m,)
        The true class of each example.

    Returns
    -------
    Node
        Holds one number.

    Raises
    ------
    ValueError
        If classes do not have shape (m,): as a column they would pick m × m logits.
    """
    if np.shape(classes) != (len(logits.value),):
        raise ValueError(
            f"{len(logits.value)} examples need classes of shape ({len(logits.value)},), "
            f"these have {np.shape(classes)}"
        )
    rows = np.arange(len(classes))
    return (log_sum_exp(logits) - logits[rows, classes][:, None]).mean()


def forward(layers: Sequence[NodeLayer], X: Operand, activation: Activation = tanh) -> list[Node]:
    """Return what each layer gives, shapes (m, k₁) to (m, k_L); the last without activation.

    Parameters
    ----------
    layers : sequence of (W, b)
        Nodes, as from `as_nodes`.
    X : Node or ndarray, shape (m, n)
        One row per example.
    activation : Activation
        Applied after every layer but the last.

    Returns
    -------
    list of Node
        First layer first.
    """
    outputs = list[Node]()
    for number, (W, b) in enumerate(layers, start=1):
        affine = X @ W + b
        outputs.append(affine if number == len(layers) else activation(affine))
        X = outputs[-1]
    return outputs


def as_nodes(layers: Sequence[Layer]) -> list[NodeLayer]:
    """Return the layers with their weights and biases as nodes, to be differentiated by.

    Parameters
    ----------
    layers : sequence of (W, b)
        Arrays.

    Returns
    -------
    list of (W, b)
        New nodes that hold these arrays.
    """
    return [(Node(W), Node(b)) for W, b in layers]


def layer_gradients(loss: Node, layers: Sequence[NodeLayer]) -> list[Layer]:
    """Return ∂loss/∂W and ∂loss/∂b for each layer, as pairs of arrays.

    Parameters
    ----------
    loss : Node
        Must hold one number.
    layers : sequence of (W, b)
        The nodes from which `loss` was computed.

    Returns
    -------
    list of (dW, db)
        With the shapes of W and b; zeros where the loss does not depend on them.
    """
    found = gradients(loss, [node for layer in layers for node in layer])
    return list(zip(found[::2], found[1::2], strict=True))


def train(
    layers: Sequence[Layer],
    loss: Callable[[list[NodeLayer]], Node],
    *,
    step: float,
    n_steps: int,
) -> tuple[list[Layer], Array]:
    """Take `n_steps` steps of gradient descent, all layers at once; `layers` stay as they are.

    Parameters
    ----------
    layers : sequence of (W, b)
        First weights and biases.
    loss : callable
        Maps the layers as nodes to a node that holds one number.
    step : float
        Step size, the same for every weight and update.
    n_steps : int
        Number of updates.

    Returns
    -------
    layers : list of (W, b)
        After the last step.
    losses : ndarray, shape (n_steps,)
        The loss before each step.
    """
    current, losses = list(layers), np.empty(n_steps)
    for t in range(n_steps):
        nodes = as_nodes(current)
        value = loss(nodes)
        losses[t] = value.value.item()
        slopes = layer_gradients(value, nodes)
        current = [
            (W - step * dW, b - step * db) for (W, b), (dW, db) in zip(current, slopes, strict=True)
        ]
    return current, losses


def perceptron_rule(X: ArrayLike, y: ArrayLike, *, n_epochs: int) -> tuple[Array, Array]:
    """Train one threshold unit: after each mistake on (x, y) add (y − ŷ)·(1, x) to its weights.

    Starts from zero and takes the examples in their order. If some weights separate the classes,
    it makes finitely many mistakes; if none do, it never stops making them. Source: Rosenblatt,
    Psychological Review 65 (1958), 386–408; Novikoff (1962) for the proof.

    Parameters
    ----------
    X, y : array_like, shapes (m, n), (m,)
        Features, and labels 0 or 1.
    n_epochs : int
        How often to go through the data.

    Returns
    -------
    weights : ndarray, shape (n + 1,)
        The bias first.
    mistakes : ndarray, shape (n_epochs,)
        How many examples were misclassified, when it was their turn, in each epoch.
    """
    features, labels = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    rows = np.column_stack([np.ones(len(labels)), features])
    weights, mistakes = np.zeros(rows.shape[1]), np.zeros(n_epochs)
    for epoch in range(n_epochs):
        for row, label in zip(rows, labels, strict=True):
            surprise = label - threshold(row @ weights)
            weights = weights + surprise * row
            mistakes[epoch] += abs(surprise)
    return weights, mistakes


def _same_shape(name: str, node: Node, y: Array) -> None:
    if node.value.shape != np.shape(y):
        raise ValueError(
            f"{name} have shape {node.value.shape}, y has {np.shape(y)}; reshape y, or "
            "broadcasting compares every prediction with every other label"
        )
