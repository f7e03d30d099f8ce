"""Differential machine learning: a network that learns values together with their derivatives.

A *twin network* computes a value ŷ(x) and, by the backward pass written out as ordinary layers, its
gradient dŷ/dx; training compares both with labels: Huge and Savine, "Differential machine learning"
(2020), on twin networks and the loss, and its online appendix 2, on preparing the data.

Inputs x have shape (m, n), values y (m,), derivatives dy/dx (m, n). Data come and go in their own
units as float64; inside, everything is normalised and in float32: the labels carry a noise of some
ten per cent, the rounding is one in ten million, and float32 halves memory traffic. The whole
training runs inside one TensorFlow graph. What is misshapen or out of range raises a ValueError.
"""

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from course.option_data import Sample

Array = NDArray[Any]
#: Weights (inputs, outputs) and biases (outputs,) of each layer, from the input to the output.
Layers = Sequence[tuple[Any, Any]]

HIDDEN = (20, 20, 20, 20)
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # of Adam: Kingma and Ba (2015), algorithm 1
#: The learning rate as a share of its peak, at shares of the training.
CYCLE = ((0.0, 1e-7), (0.2, 1.0), (0.6, 0.1), (0.9, 1e-5), (1.0, 1e-7))


@dataclass(frozen=True, eq=False)
class Scaling:
    """Units in which x and y have mean 0 and deviation 1, and what that makes of dy/dx.

    `x_mean` and `x_std` have shape (n,), `y_mean` and `y_std` are numbers. `lambdas`, shape (n,),
    are 1/√(mean of (dy/dx_j)²) of the normalised derivatives: times these, all have size 1. Where
    all derivatives are zero, λ_j is 1.
    """

    x_mean: Array
    x_std: Array
    y_mean: float
    y_std: float
    lambdas: Array

    @classmethod
    def fit(cls, sample: Sample) -> "Scaling":
        """Take means and deviations of a training set, and of nothing else.

        Parameters
        ----------
        sample : Sample
            Training set; no column of x, nor y, may be constant.

        Returns
        -------
        Scaling
        """
        x_std, y_std = sample.x.std(axis=0), float(sample.y.std())
        # Rounding may leave equal numbers a deviation of 1e-16.
        varies = (x_std > 1e-12 * np.abs(sample.x).max(axis=0)).all()
        varies = varies and y_std > 1e-12 * np.abs(sample.y).max()
        _require(varies, "x or y has a column that never varies; drop it, nothing depends on it")
        sizes = np.sqrt(np.mean((sample.dydx * x_std / y_std) ** 2, axis=0))
        lambdas = 1 / np.where(sizes > 0, sizes, 1)
        return cls(sample.x.mean(axis=0), x_std, float(sample.y.mean()), y_std, lambdas)

    def scale(self, sample: Sample) -> Sample:
        """Return the sample in normalised units; by the chain rule dy/dx is times x_std/y_std.

        Parameters
        ----------
        sample : Sample
            In the units of the data.

        Returns
        -------
        Sample
        """
        return Sample(
            self.scale_x(sample.x),
            (sample.y - self.y_mean) / self.y_std,
            sample.dydx * self.x_std / self.y_std,
        )

    def scale_x(self, x: ArrayLike) -> Array:
        """Return inputs in normalised units, shape (m, n).

        Parameters
        ----------
        x : array_like, shape (m, n)
            In the units of the data.

        Returns
        -------
        ndarray, shape (m, n)
        """
        return np.asarray((np.asarray(x) - self.x_mean) / self.x_std)

    def unscale(self, x: ArrayLike, y: ArrayLike, dydx: ArrayLike) -> Sample:
        """Return inputs as they are, with values and derivatives back in the units of the data.

        Parameters
        ----------
        x : array_like, shape (m, n)
            In the units of the data.
        y, dydx : array_like, shapes (m,), (m, n)
            In normalised units.

        Returns
        -------
        Sample
        """
        return Sample(
            np.asarray(x),
            self.y_mean + self.y_std * np.asarray(y, dtype=np.float64),
            self.y_std * np.asarray(dydx, dtype=np.float64) / self.x_std,
        )


@dataclass(frozen=True, eq=False)
class TwinNetwork:
    """A trained network: call it with x, shape (m, n).

    `layers` are NumPy arrays, `losses` the loss of the batch before each update.
    """

    scaling: Scaling
    layers: Layers
    losses: Array

    def __call__(self, x: ArrayLike) -> Sample:
        """Return x with the network's values and derivatives, in the units of the data."""
        n = len(self.scaling.x_std)
        _require(
            np.ndim(x) == 2 and np.shape(x)[1] == n, f"x has shape {np.shape(x)}, not (m, {n})"
        )
        inputs = tf.constant(self.scaling.scale_x(x), tf.float32)
        y, dydx = twin(self.layers, inputs)
        return self.scaling.unscale(x, y.numpy(), dydx.numpy())


def initial_layers(
    n_inputs: int, *, seed: int, hidden: Sequence[int] = HIDDEN, gain: float = 1.0
) -> list[tuple[Array, Array]]:
    """Draw weights of variance gain/(inputs of the layer), and biases of zero, in float32.

    The law is a normal truncated at two deviations, as in TensorFlow's "variance scaling"; LeCun,
    Bottou, Orr and Müller, "Efficient BackProp" (1998), §4.6, is the source of the variance.

    Parameters
    ----------
    n_inputs : int
        n, ≥ 1.
    seed : int
        The same seed gives the same weights.
    hidden : sequence of int
        Units of each hidden layer, ≥ 1.
    gain : float
        Factor of the variance.

    Returns
    -------
    list of (W, b)
        From the inputs to the one output, of shapes (inputs, outputs) and (outputs,).
    """
    _require(n_inputs >= 1 and min(hidden) >= 1, "a layer has no unit; expected at least one each")
    rng = np.random.default_rng(seed)
    sizes = (n_inputs, *hidden, 1)
    layers = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        draws = ndtri(rng.uniform(ndtr(-2), ndtr(2), (fan_in, fan_out)))
        draws *= math.sqrt(gain / fan_in) / 0.8796256610342398  # the truncated law's deviation
        layers.append((draws.astype(np.float32), np.zeros(fan_out, np.float32)))
    return layers


def one_cycle(n_updates: int, peak: float = 0.01) -> Array:
    """Return the learning rate of each update: a steep rise, a fall, a long crawl; shape (n,).

    Between the points of `CYCLE` the rate is linear. Source of the idea: Smith, "A disciplined
    approach to neural network hyper-parameters" (2018), §4; of the shape: Huge and Savine's online
    notebook, whose peak is 0.1.

    Parameters
    ----------
    n_updates : int
        Number of updates n.
    peak : float
        Largest learning rate, > 0.

    Returns
    -------
    ndarray, shape (n_updates,)
    """
    _require(0 < peak < math.inf, f"peak is {peak}; expected a learning rate > 0")
    places, shares = np.transpose(CYCLE)
    return peak * np.interp(np.arange(n_updates) / n_updates, places, shares)


def twin(layers: Layers, x: Any) -> tuple[Any, Any]:
    """Return the network's value and its gradient with respect to x, in its own units.

    Forward: a₀ = x, s_l = a_{l−1}W_l + b_l, a_l = softplus(s_l), and y = a_L·w + b at the end.
    Backward, the twin: g_L = w, g_{l−1} = (g_l ∘ sigmoid(s_l))W_l', and dy/dx = g₀. The tape that
    differentiates the loss sees ordinary layers only, and no second tape is needed.

    Parameters
    ----------
    layers : Layers
    x : tensor, shape (m, n)

    Returns
    -------
    y : tensor, shape (m,)
    dydx : tensor, shape (m, n)
    """
    *inner, (last, last_bias) = layers
    a, before = x, []
    for W, b in inner:
        before.append(a @ W + b)
        a = tf.nn.softplus(before[-1])
    y = a @ last + last_bias
    g = tf.transpose(last)
    for (W, _), s in zip(reversed(inner), reversed(before), strict=True):
        g = tf.matmul(g * tf.sigmoid(s), W, transpose_b=True)
    return y[:, 0], g


def train(
    sample: Sample,
    *,
    seed: int = 0,
    differential: bool = True,
    n_epochs: int = 100,
    schedule: Callable[[int], Array] = one_cycle,
    balance: float = 1.0,
    initial: Layers | None = None,
    scaling: Scaling | None = None,
) -> TwinNetwork:
    """Fit a network to values, and to derivatives as well, by Adam on mini-batches.

    The loss is α·mean (ŷ − y)² + β·mean (λ_j(∂ŷ/∂x_j − ∂y/∂x_j))², means over the batch and over j,
    with α = 1/(1 + balance·n) and β = 1 − α: one value counts as much as each of n derivatives.
    A batch has max(256, m/16) rows, in the order of the data, which must not be sorted.

    Parameters
    ----------
    sample : Sample
        Training set of m rows.
    seed : int
        Of the initial weights, unless `initial` gives them.
    differential : bool
        False: standard training, which sees no derivative (α = 1, β = 0).
    n_epochs : int
        How often each row is used.
    schedule : callable
        Maps the number of updates to their learning rates, shape (number,).
    balance : float
        ≥ 0; 0 is standard training.
    initial : Layers, optional
        First weights, in normalised units.
    scaling : Scaling, optional
        Other units than `Scaling.fit(sample)`.

    Returns
    -------
    TwinNetwork
        Works in the units of `sample`.

    Raises
    ------
    FloatingPointError
        If the loss becomes infinite or NaN: the learning rate is too high.
    """
    m, n = _check(sample)
    _require(n_epochs >= 1, f"n_epochs is {n_epochs}; expected at least 1")
    _require(balance >= 0, f"balance is {balance}; expected a number ≥ 0")
    scaling = scaling or Scaling.fit(sample)
    layers = initial or initial_layers(n, seed=seed)
    scaled = scaling.scale(sample)
    batch = max(256, m // 16)
    rates = np.asarray(schedule(n_epochs * math.ceil(m / batch)))
    updates = np.arange(1, len(rates) + 1)
    # Adam's corrections for its start at zero depend on the clock alone.
    rates = rates * np.sqrt(1 - BETA_2**updates) / (1 - BETA_1**updates)
    alpha = 1 / (1 + balance * n)

    shapes = tuple(np.shape(W) for W, _ in layers)
    theta = np.concatenate([np.ravel(part) for layer in layers for part in layer])
    data = (theta, scaled.x, scaled.y, scaled.dydx, scaling.lambdas, [alpha, 1 - alpha], rates)
    tensors = [tf.constant(part, tf.float32) for part in data]
    theta, losses = _descent(shapes, differential)(*tensors, tf.constant(batch))
    if not np.isfinite(losses).all():
        raise FloatingPointError("the loss is no longer finite; take a lower learning rate")
    trained = [(W.numpy(), b.numpy()) for W, b in _unpack(theta, shapes)]
    return TwinNetwork(scaling, trained, losses.numpy())


def root_mean_squared_error(found: ArrayLike, wanted: ArrayLike) -> float:
    """Return √(mean (found − wanted)²), for arrays of one shape: nothing is broadcast.

    Parameters
    ----------
    found, wanted : array_like
        Of the same shape.

    Returns
    -------
    float
        In their units.
    """
    shapes = np.shape(found), np.shape(wanted)
    _require(shapes[0] == shapes[1], f"the shapes {shapes[0]} and {shapes[1]} differ; reshape one")
    return float(np.sqrt(np.mean((np.asarray(found) - np.asarray(wanted)) ** 2)))


@functools.cache
def _descent(shapes: tuple[tuple[int, ...], ...], differential: bool) -> Any:
    """Return the training of one architecture as a graph, traced once for data of any size."""
    vector, matrix = (tf.TensorSpec(shape, tf.float32) for shape in ([None], [None, shapes[0][0]]))
    signature = [
        vector,
        matrix,
        vector,
        matrix,
        vector,
        vector,
        vector,
        tf.TensorSpec([], tf.int32),
    ]

    @tf.function(input_signature=signature)
    def descend(
        theta: Any, x: Any, y: Any, dydx: Any, lambdas: Any, share: Any, rates: Any, batch: Any
    ) -> tuple[Any, Any]:
        n_batches = -(-tf.size(y) // batch)
        mean, square = tf.zeros_like(theta), tf.zeros_like(theta)
        losses = tf.TensorArray(tf.float32, tf.size(rates))
        for step in tf.range(tf.size(rates)):
            first = step % n_batches * batch
            rows = slice(first, first + batch)  # the last batch has what is left
            with tf.GradientTape() as tape:
                tape.watch(theta)
                value, slopes = twin(_unpack(theta, shapes), x[rows])
                loss = tf.reduce_mean(tf.square(value - y[rows]))
                if differential:
                    wrong = tf.reduce_mean(tf.square(lambdas * (slopes - dydx[rows])))
                    loss = share[0] * loss + share[1] * wrong
            gradient = tape.gradient(loss, theta)
            mean = BETA_1 * mean + (1 - BETA_1) * gradient
            square = BETA_2 * square + (1 - BETA_2) * tf.square(gradient)
            theta -= rates[step] * mean / (tf.sqrt(square) + EPSILON)
            losses = losses.write(step, loss)
        return theta, losses.stack()

    return descend


def _unpack(theta: Any, shapes: Sequence[tuple[int, ...]]) -> Layers:
    """Cut the vector of all parameters into layers: one vector keeps Adam's update one formula."""
    sizes = [size for inputs, outputs in shapes for size in (inputs * outputs, outputs)]
    parts = tf.split(theta, sizes)
    weights = [tf.reshape(part, shape) for part, shape in zip(parts[::2], shapes, strict=True)]
    return list(zip(weights, parts[1::2], strict=True))


def _check(sample: Sample) -> tuple[int, int]:
    shape = np.shape(sample.x)
    _require(len(shape) == 2 and min(shape) > 0, f"x has shape {shape}; expected (m, n)")
    _require(np.shape(sample.y) == shape[:1], f"y has shape {np.shape(sample.y)}, not {shape[:1]}")
    found = np.shape(sample.dydx)
    _require(found == shape, f"dydx has shape {found}; expected that of x, {shape}")
    return shape


def _require(condition: Any, message: str) -> None:
    if not condition:
        raise ValueError(message)
