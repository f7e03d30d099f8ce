"""Initial weights of a network, and how signals and gradients grow or shrink in its layers.

With weights that are independent of each other and of their input, of mean 0 and variance s², a
layer with n inputs multiplies the mean square of the signal by n·s², and on the way back a layer
with k outputs multiplies that of the adjoints by k·s²; the activation then changes both. The two
rules below choose s² so that the product stays near 1 through many layers.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from course.backprop import Array, Node, adjoints
from course.neurons import Activation, Layer, as_nodes, forward

Initialiser = Callable[[int, int, np.random.Generator], Array]


def glorot_uniform(n_in: int, n_out: int, rng: np.random.Generator) -> Array:
    """Draw W, shape (n_in, n_out), uniformly on ±√(6/(n_in + n_out)): variance 2/(n_in + n_out).

    A compromise of 1/n_in, which keeps signals, and 1/n_out, which keeps gradients, where the
    activation has slope 1 at 0. Also called Xavier: Glorot and Bengio, AISTATS (2010), eq. (16).

    Parameters
    ----------
    n_in, n_out : int
        Numbers of inputs and outputs of the layer.
    rng : numpy.random.Generator
        Source of the draws; it advances by n_in·n_out numbers.

    Returns
    -------
    ndarray, shape (n_in, n_out)
    """
    limit = np.sqrt(6 / (n_in + n_out))
    return rng.uniform(-limit, limit, (n_in, n_out))


def he_normal(n_in: int, n_out: int, rng: np.random.Generator) -> Array:
    """Draw W, shape (n_in, n_out), from a normal distribution of variance 2/n_in.

    The 2 makes up for relu, which sets one half of a symmetric signal to zero. Source: He, Zhang,
    Ren and Sun, ICCV (2015), eq. (10).

    Parameters
    ----------
    n_in, n_out : int
        Numbers of inputs and outputs of the layer.
    rng : numpy.random.Generator
        Source of the draws; it advances by n_in·n_out numbers.

    Returns
    -------
    ndarray, shape (n_in, n_out)
    """
    return rng.normal(0, np.sqrt(2 / n_in), (n_in, n_out))


def normal(scale: float) -> Initialiser:
    """Return an initialiser of the standard deviation `scale`, whatever the layer's size.

    Parameters
    ----------
    scale : float
        Standard deviation of each weight, ≥ 0; the mean is 0.

    Returns
    -------
    Initialiser
        Maps (n_in, n_out, rng) to weights of shape (n_in, n_out).
    """
    return lambda n_in, n_out, rng: rng.normal(0, scale, (n_in, n_out))


def initial_layers(
    sizes: Sequence[int], initialiser: Initialiser, rng: np.random.Generator
) -> list[Layer]:
    """Return layers from sizes[0] inputs to sizes[-1] outputs, with biases of zero.

    Parameters
    ----------
    sizes : sequence of int
        Number of inputs, then the number of outputs of each layer; two or more, all ≥ 1.
    initialiser : Initialiser
        Draws the weights of each layer, such as `glorot_uniform`.
    rng : numpy.random.Generator
        Source of all draws.

    Returns
    -------
    list of (W, b)
        One pair per layer, of shapes (n_in, n_out) and (n_out,).

    Raises
    ------
    ValueError
        If there are fewer than two sizes, or one is below 1.
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes are {list(sizes)}; expected two or more positive integers")
    pairs = itertools.pairwise(sizes)
    return [(initialiser(n_in, n_out, rng), np.zeros(n_out)) for n_in, n_out in pairs]


def signal_sizes(layers: Sequence[Layer], X: Array, activation: Activation) -> Array:
    """Return the root mean square of every layer's output, shape (L,), for a batch X, (m, n).

    Parameters
    ----------
    layers : sequence of (W, b)
        The network; the last layer has no activation.
    X : ndarray, shape (m, n)
        One row per example.
    activation : Activation
        Applied after every layer but the last.

    Returns
    -------
    ndarray, shape (L,)
        First layer first.
    """
    return np.array([_size(node.value) for node in forward(as_nodes(layers), X, activation)])


def gradient_sizes(
    layers: Sequence[Layer], X: Array, activation: Activation, loss: Callable[[Node], Node]
) -> Array:
    """Return the root mean square of ∂loss/∂(layer's output), shape (L,), for a batch X, (m, n).

    `loss` maps the node of the last layer's output, shape (m, k), to a node with one number.

    Parameters
    ----------
    layers : sequence of (W, b)
        The network; the last layer has no activation.
    X : ndarray, shape (m, n)
        One row per example.
    activation : Activation
        Applied after every layer but the last.
    loss : callable
        As described above.

    Returns
    -------
    ndarray, shape (L,)
        First layer first.
    """
    outputs = forward(as_nodes(layers), X, activation)
    found = adjoints(loss(outputs[-1]))
    return np.array([_size(found[node]) for node in outputs])


def _size(a: Array) -> float:
    return float(np.sqrt(np.mean(a**2)))
