"""How well do networks learn a function from n points? Fits, errors, and a study over many fits.

The method is the one of the course's Genz exercise. A network sees n points drawn uniformly from
[0, 1]ᵈ and is judged by the mean and the maximum absolute error at 1,000 others.

Many networks are trained at once: every array has a first axis of K fits, and what a TensorFlow
operation costs before it calculates is paid once for all of them. They do not touch each other: the
loss is a sum over the fits, so each gets the gradient that it would get alone. The loop over the
steps is in the graph, and no size is fixed in it, so one compiled function serves every d, n, K
and width. Numbers are float32: the errors studied here are a thousand times its rounding.
"""

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from course import genz

Array = NDArray[Any]
Seeds = Iterable[int | Sequence[int]]

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": tf.tanh,
    "sigmoid": tf.sigmoid,
    "relu": tf.nn.relu,
    "softplus": tf.nn.softplus,
    "swish": lambda z: z * tf.sigmoid(z),
}
N_TEST = 1000  # fresh points at which a fit is judged, as the exercise says
_EPSILON = 1e-7  # Keras's: keeps the first divisions finite
_COEFFICIENTS, _TRAINING, _TEST, _WEIGHTS = range(4)  # what a stream of random numbers is for


@dataclass(frozen=True)
class Recipe:
    """What is trained, and how: everything about a fit but its data and its seed.

    Parameters
    ----------
    width, depth : int
        Units of each hidden layer, and the number of hidden layers (≥ 1 each).
    activation : str
        A key of `ACTIVATIONS`; the output is linear.
    optimiser : str
        A key of `OPTIMISERS`, with Keras's defaults.
    rate : float
        First learning rate; it falls to 0 along half a cosine (Loshchilov and Hutter, "SGDR", ICLR
        2017, equation 5). The unit is that of the standardised problem.
    steps : int
        Updates, each with the gradient of all n points.
    """

    width: int = 64
    depth: int = 2
    activation: str = "tanh"
    optimiser: str = "adam"
    rate: float = 5e-3
    steps: int = 2000

    def __post_init__(self) -> None:
        for name in ("width", "depth", "steps"):
            _require(getattr(self, name) >= 1, f"{name} is {getattr(self, name)}; expected ≥ 1")
        for name, known in (("activation", ACTIVATIONS), ("optimiser", OPTIMISERS)):
            given = getattr(self, name)
            _require(given in known, f"{name} is {given!r}; expected one of {', '.join(known)}")
        _require(0 < self.rate < math.inf, f"rate is {self.rate}; expected a number above 0")


# --- updates ----------------------------------------------------------------------------------
# Each maps (gradient, first memory, second memory, number of the update from 1 on, learning rate)
# to (what is subtracted from the weight, first memory, second memory), elementwise.


def _sgd(g: Any, first: Any, second: Any, t: Any, rate: Any) -> tuple[Any, Any, Any]:
    return rate * g, first, second


def _momentum(g: Any, first: Any, second: Any, t: Any, rate: Any) -> tuple[Any, Any, Any]:
    first = 0.9 * first + rate * g
    return first, first, second


def _rmsprop(g: Any, first: Any, second: Any, t: Any, rate: Any) -> tuple[Any, Any, Any]:
    second = 0.9 * second + 0.1 * g**2
    return rate * g / tf.sqrt(second + _EPSILON), first, second


def _adam(g: Any, first: Any, second: Any, t: Any, rate: Any) -> tuple[Any, Any, Any]:
    first = 0.9 * first + 0.1 * g
    second = 0.999 * second + 0.001 * g**2
    rate *= tf.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return rate * first / (tf.sqrt(second) + _EPSILON), first, second


OPTIMISERS = {"sgd": _sgd, "momentum": _momentum, "rmsprop": _rmsprop, "adam": _adam}


# --- networks ---------------------------------------------------------------------------------


def initial_weights(dimension: int, recipe: Recipe, seeds: Seeds) -> list[Array]:
    """Draw Glorot-uniform matrices and zero biases, one network for each seed.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010, equation 16.

    Parameters
    ----------
    dimension : int
        Number of inputs d.
    recipe : Recipe
        Gives width and depth.
    seeds : iterable of ints or sequences of ints
        One for each of the K networks.

    Returns
    -------
    list of ndarray
        [W₁, b₁, W₂, b₂, …] of shapes (K, inputs, units) and (K, 1, units), float32.
    """
    sizes = [dimension, *[recipe.width] * recipe.depth, 1]
    rngs = [np.random.default_rng(seed) for seed in seeds]
    weights = []
    for inputs, units in itertools.pairwise(sizes):
        limit = math.sqrt(6 / (inputs + units))
        matrices = [rng.uniform(-limit, limit, (inputs, units)) for rng in rngs]
        weights.append(np.array(matrices, dtype=np.float32))
        weights.append(np.zeros((len(rngs), 1, units), dtype=np.float32))
    return weights


@dataclass(frozen=True, eq=False)
class Networks:
    """K trained networks: weights as in `initial_weights`, and scales of the targets, (K, 1)."""

    weights: list[Array]
    centre: Array
    scale: Array
    activation: str

    def __call__(self, x: ArrayLike) -> Array:
        """Return each network's values, shape (K, m), at x: (K, m, d), or (m, d) for all alike."""
        x = np.broadcast_to(x, (len(self.centre), *np.shape(x)[-2:]))
        output = _forward(self.weights, tf.constant(_inputs(x)), ACTIVATIONS[self.activation])
        return self.centre + self.scale * output.numpy()[:, :, 0]


def fit(x: ArrayLike, y: ArrayLike, *, seeds: Seeds, recipe: Recipe) -> Networks:
    """Train one network for each of K samples by full-batch descent on its mean squared error.

    Inputs are mapped from [0, 1] to [−1, 1]; targets are standardised, each sample by its own mean
    and standard deviation (a constant sample by 1), since a network that starts with outputs
    around 1 cannot see a function whose values are 10⁻⁴.

    Parameters
    ----------
    x : array_like, shape (K, n, d)
        Points in the unit cube.
    y : array_like, shape (K, n)
        Values of the function at the points.
    seeds : K ints or sequences of ints
        Determine the initial weights; there is no other randomness.

    Returns
    -------
    Networks
        K networks, in the order of the samples.
    """
    x, y, seeds = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), list(seeds)
    fits = x.ndim == 3 and y.shape == x.shape[:2] and len(seeds) == len(y) and x.size > 0
    found = f"x has shape {x.shape}, y {y.shape}, and there are {len(seeds)} seeds"
    _require(fits, f"{found}; expected (K, n, d), (K, n) and K")
    _require(np.isfinite(y).all(), "y has NaN or infinite entries; remove or repair them")
    centre, scale = y.mean(axis=1, keepdims=True), y.std(axis=1, keepdims=True)
    # Rounding gives equal numbers a deviation of some 1e-17 of their size, which is no scale.
    scale = np.where(scale > 1e-12 * np.abs(centre), scale, 1.0)
    target = ((y - centre) / scale)[:, :, None].astype(np.float32)
    train = _trainer(recipe.depth, recipe.activation, recipe.optimiser)
    weights = train(
        [tf.constant(w) for w in initial_weights(x.shape[2], recipe, seeds)],
        tf.constant(_inputs(x)),
        tf.constant(target),
        # Tensors: a Python number would make TensorFlow compile anew for each of its values.
        tf.constant(recipe.steps),
        tf.constant(recipe.rate, tf.float32),
    )
    return Networks([w.numpy() for w in weights], centre, scale, recipe.activation)


def _inputs(x: Array) -> Array:
    return np.asarray(2 * x - 1, dtype=np.float32)


def _forward(weights: Any, x: Any, activate: Callable[[Any], Any]) -> Any:
    for layer in range(0, len(weights) - 2, 2):
        x = activate(x @ weights[layer] + weights[layer + 1])
    return x @ weights[-2] + weights[-1]


@functools.cache
def _trainer(depth: int, activation: str, optimiser: str) -> Any:
    """Return the compiled training loop, traced once for all sizes."""
    activate, update = ACTIVATIONS[activation], OPTIMISERS[optimiser]
    array, count, number = tf.TensorSpec([None] * 3), tf.TensorSpec([], tf.int32), tf.TensorSpec([])

    @tf.function(input_signature=[[array] * (2 * depth + 2), array, array, count, number])
    def train(weights: Any, x: Any, y: Any, steps: Any, rate: Any) -> Any:
        firsts = [tf.zeros_like(w) for w in weights]
        seconds = [tf.zeros_like(w) for w in weights]
        for step in tf.range(steps):
            with tf.GradientTape() as tape:
                tape.watch(weights)
                squares = (_forward(weights, x, activate) - y) ** 2
                loss = tf.reduce_sum(tf.reduce_mean(squares, axis=[1, 2]))
            gradients = tape.gradient(loss, weights)
            done = tf.cast(step, tf.float32)
            now = rate * (1 + tf.cos(math.pi * done / tf.cast(steps, tf.float32))) / 2
            moves = [
                update(g, first, second, done + 1, now)
                for g, first, second in zip(gradients, firsts, seconds, strict=True)
            ]
            weights = [w - move for w, (move, _, _) in zip(weights, moves, strict=True)]
            firsts = [first for _, first, _ in moves]
            seconds = [second for _, _, second in moves]
        return weights

    return train.get_concrete_function()  # else TensorFlow warns when several of a name are traced


# --- errors and the study ---------------------------------------------------------------------


@dataclass(frozen=True)
class Errors:
    """Three views of the same errors e at the test points.

    `mean` and `maximum` are of |e|, in units of the function. `relative` is √mean(e²) per standard
    deviation of the function, without unit: 1 is what the best constant achieves, and so what a
    network that has learnt nothing may reach.
    """

    mean: float
    maximum: float
    relative: float


def errors(prediction: ArrayLike, truth: ArrayLike, *, deviation: float) -> Errors:
    """Compare predictions with the truth, both of shape (m,), for a function of that deviation.

    Parameters
    ----------
    prediction, truth : array_like, shape (m,)
        Values at the test points.
    deviation : float
        Standard deviation of the function, > 0, in its units.

    Returns
    -------
    Errors
    """
    prediction, truth = np.asarray(prediction), np.asarray(truth)
    fits = prediction.shape == truth.shape and truth.ndim == 1 and truth.size > 0
    _require(fits, f"prediction has shape {prediction.shape}, truth {truth.shape}; expected (m,)")
    _require(deviation > 0, f"deviation is {deviation}; expected a number above 0")
    e = np.abs(prediction - truth)
    return Errors(float(e.mean()), float(e.max()), float(np.sqrt(np.mean(e**2)) / deviation))


@dataclass(frozen=True)
class Outcome:
    """One fit of a study: which function and sample it was, and its errors at the test points."""

    family: str
    dimension: int
    size: int
    seed: int
    errors: Errors


def sample(family: str, dimension: int, seed: int, n: int) -> tuple[genz.Genz, Array, Array]:
    """Return the function, n training points (n, d) and 1,000 fresh test points of a seed.

    The function and the test points are the same for every n, and smaller training samples are the
    beginnings of larger ones: what changes from n to n is n alone.
    """
    here = [seed, genz.FAMILIES.index(family), dimension]
    function = genz.draw(family, dimension, np.random.default_rng([*here, _COEFFICIENTS]))
    train = np.random.default_rng([*here, _TRAINING]).random((n, dimension))
    return function, train, np.random.default_rng([*here, _TEST]).random((N_TEST, dimension))


def study(
    families: Sequence[str],
    *,
    dimensions: Iterable[int],
    sizes: Sequence[int],
    seeds: Iterable[int],
    recipe: Recipe | None = None,
) -> list[Outcome]:
    """Fit every family in every dimension with every sample size and seed, and measure the errors.

    A seed draws the function's coefficients, its points and the network's first weights, all anew.
    Families and seeds of one dimension and size are trained together.

    Parameters
    ----------
    families : sequence of str
        From `genz.FAMILIES`.
    dimensions, sizes, seeds : int, each several
        Numbers of variables, numbers of training points, and seeds.
    recipe : Recipe, optional
        Without it, `Recipe()`.

    Returns
    -------
    list of Outcome
        By dimension, then size, then seed, then family.
    """
    recipe = recipe or Recipe()
    cases = [(family, seed) for seed in seeds for family in families]
    outcomes = []
    for dimension in dimensions:
        for n in sizes:
            samples = [sample(family, dimension, seed, n) for family, seed in cases]
            functions, train, test = zip(*samples, strict=True)
            values = [f(x) for f, x in zip(functions, train, strict=True)]
            starts = [(seed, _WEIGHTS) for _, seed in cases]
            guesses = fit(train, values, seeds=starts, recipe=recipe)(test)
            for case, f, x, guess in zip(cases, functions, test, guesses, strict=True):
                found = errors(guess, f(x), deviation=f.deviation)
                outcomes.append(Outcome(case[0], dimension, n, case[1], found))
    return outcomes


def _require(condition: Any, message: str) -> None:
    if not condition:
        raise ValueError(message)
