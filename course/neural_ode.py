"""Neural ordinary differential equations: y' = f(t, y; θ) with θ learnt from observed paths.

The gradient of a loss of the path can be had in two ways. *Through the solver*: let a tape record
`ode.solve` and go back along the record; exact for the numbers computed, memory proportional to the
number of steps. *By the adjoint*: `solve_adjoint` integrates a second differential equation
backward in time; memory independent of the number of steps, and a gradient that is exact only as
the step tends to zero. Source of the second: Pontryagin et al. (1962); for networks Chen,
Rubanova, Bettencourt and Duvenaud, "Neural ordinary differential equations", NeurIPS 2018, §2 and
appendix B, https://arxiv.org/abs/1806.07366.

States have shape (..., d) and are float64 unless given otherwise, as in `course.ode`.
"""

import gc
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from course import ode
from course.ode import Step, Tensor

Array = NDArray[np.float64]
ParametricField = Callable[..., Tensor]  # f(t, y, *parameters) → dy/dt, of the shape of y


def solve_adjoint(
    f: ParametricField,
    y0: Tensor,
    times: Tensor,
    parameters: Sequence[Tensor],
    *,
    step: Step = ode.rk4_step,
    substeps: Tensor = 1,
) -> Tensor:
    """Return what `ode.solve` returns, with a gradient that needs no stored path.

    Forward, only the states at `times` are kept. A tape that asks for the gradient of a loss L gets
    it from three equations, integrated from the last time to the first by the same method:

        dy/dt = f,    da/dt = −aᵀ ∂f/∂y,    dg/dt = −aᵀ ∂f/∂θ,

    where a = ∂L/∂y(t) is the adjoint. At each observed time a jumps by the partial derivative of L
    with respect to the state there, and y is set back to the state that was kept. At the first time
    a is dL/dy0, and g is dL/dθ.

    Parameters
    ----------
    f : callable
        f(t, y, *parameters) is the rate of change of y, shape (..., d). It must get all that is to
        be learnt through `parameters`: what it takes from elsewhere counts as a constant.
    y0, times, step, substeps
        As in `ode.solve`. The times count as constants.
    parameters : sequence of tensors or variables
        θ, of any shapes.

    Returns
    -------
    Tensor, shape (len(times), ..., d)
    """
    y0 = ode.as_state(y0)
    times = ode.as_times(times, y0.dtype)

    @tf.custom_gradient
    def path(y0: Tensor, *theta: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, ...]]]:
        # An eager tape would record the steps all the same; it does not look behind stop_gradient.
        y0, *theta = (tf.stop_gradient(tensor) for tensor in (y0, *theta))  # type: ignore[assignment]
        states = ode.solve(lambda t, y: f(t, y, *theta), y0, times, step=step, substeps=substeps)

        def gradient(upstream: Tensor) -> tuple[Tensor, ...]:
            return _backward(f, states, times, theta, upstream, step, substeps)

        return states, gradient

    return path(y0, *(tf.convert_to_tensor(p) for p in parameters))


def _backward(
    f: ParametricField,
    states: Tensor,
    times: Tensor,
    theta: Sequence[Tensor],
    upstream: Tensor,
    step: Step,
    substeps: Tensor,
) -> tuple[Tensor, ...]:
    """Return (dL/dy0, dL/dθ₁, …), `upstream` being ∂L/∂states with the states taken apart."""
    like = [states[0], states[0], *theta]

    def augmented(t: Tensor, z: Tensor) -> Tensor:
        y, a, *_ = _unpack(z, like)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([y, *theta])
            rate = f(t, y, *theta)
        products = tape.gradient(
            rate, [y, *theta], output_gradients=a, unconnected_gradients="zero"
        )
        return _pack([rate, *(-product for product in products)])

    def interval(i: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        _, a, *g = _unpack(z, like)
        z = _pack([states[i], a + upstream[i], *g])
        return i - 1, ode.integrate(
            augmented, z, times[i], times[i - 1], n_steps=substeps, step=step
        )

    last = (tf.size(times) - 1, _pack([tf.zeros_like(tensor) for tensor in like]))
    _, a, *g = _unpack(tf.while_loop(lambda i, _: i > 0, interval, last)[1], like)
    return (a + upstream[0], *g)


def _pack(tensors: Sequence[Tensor]) -> Tensor:
    return tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], axis=0)


def _unpack(vector: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    parts = tf.split(vector, [tf.size(tensor) for tensor in like], num=len(like))
    return [tf.reshape(part, tensor.shape) for part, tensor in zip(parts, like, strict=True)]


def tensor_bytes() -> int:
    """Return the bytes of all tensors that eager TensorFlow holds in this process at the moment.

    Counts what lives, whoever keeps it alive: a name, or a tape that needs it to go back. Unlike
    what the operating system reports it does not depend on when freed pages are returned.

    Returns
    -------
    int
        Bytes; symbolic tensors of graphs do not count.
    """
    gc.collect()
    return sum(
        math.prod(thing.shape) * thing.dtype.size
        for thing in gc.get_objects()
        # By its type: what else lives in the process may not like to be asked for its class.
        if issubclass(type(thing), tf.Tensor) and not tf.is_symbolic_tensor(thing)
    )


def network_parameters(widths: Sequence[int], *, seed: int, scale: float) -> list[Any]:
    """Return variables W₁, b₁, W₂, b₂, … for `network`: weights N(0, scale²), biases zero.

    `widths` are those of the input, of each hidden layer and of the output.

    Parameters
    ----------
    widths : sequence of int
        Two or more, all ≥ 1.
    seed : int
        The same seed gives the same weights.
    scale : float
        Standard deviation of the weights, > 0.

    Returns
    -------
    list of tf.Variable
        In float64.

    Raises
    ------
    ValueError
        If there are fewer than two widths, one is below 1, or `scale` is not positive.
    """
    if len(widths) < 2 or min(widths) < 1 or not scale > 0:
        raise ValueError(
            f"widths are {widths} and scale {scale}; expected two or more widths ≥ 1, and scale > 0"
        )
    rng = np.random.default_rng(seed)
    pairs = itertools.pairwise(widths)
    arrays = [a for n, m in pairs for a in (rng.normal(0, scale, (n, m)), np.zeros(m))]
    return [tf.Variable(array) for array in arrays]


def network(x: Tensor, *parameters: Tensor) -> Tensor:
    """Return a perceptron of x, shape (..., n): tanh inside, linear out, shape (..., m).

    Parameters
    ----------
    x : tensor, shape (..., n)
        Inputs.
    *parameters : tensor
        W₁, b₁, W₂, b₂, … as from `network_parameters`.

    Returns
    -------
    Tensor, shape (..., m)
    """
    *hidden, (W, b) = zip(parameters[::2], parameters[1::2], strict=True)
    for V, c in hidden:
        x = tf.tanh(tf.tensordot(x, V, 1) + c)
    return tf.tensordot(x, W, 1) + b


def train(
    loss: Callable[[Tensor], Tensor],
    parameters: Sequence[Any],
    *,
    n_updates: int,
    optimizer: keras.optimizers.Optimizer,
) -> Array:
    """Lower `loss` by `n_updates` updates in one compiled loop; return its values before each.

    `loss` takes the number of the update, a scalar integer tensor from 0 on (to draw a mini-batch
    with it), and returns a scalar. The `parameters` are variables and are changed; the result has
    shape (n_updates,).

    Parameters
    ----------
    loss : callable
        As described above.
    parameters : sequence of tf.Variable
        What to learn.
    n_updates : int
        Number of updates, ≥ 1.
    optimizer : keras.optimizers.Optimizer
        Belongs to these parameters from now on.

    Returns
    -------
    ndarray, shape (n_updates,)

    Raises
    ------
    FloatingPointError
        If a loss is not finite: the path left all bounds, or the learning rate is too large.
    """
    if n_updates < 1:
        raise ValueError(f"n_updates is {n_updates}; expected an integer from 1 on")
    optimizer.build(list(parameters))  # makes its variables, which a compiled function must not

    def run(count: Tensor) -> Tensor:
        def update(i: Tensor, history: Any) -> tuple[Tensor, Any]:
            with tf.GradientTape() as tape:
                value = loss(i)
            optimizer.apply(tape.gradient(value, parameters), parameters)
            return i + 1, history.write(i, value)

        history = tf.TensorArray(tf.float64, size=count, element_shape=[])
        return tf.while_loop(lambda i, _: i < count, update, (tf.constant(0), history))[1].stack()

    # A concrete function is not counted among the calls that TensorFlow suspects of retracing.
    count = tf.constant(n_updates)
    compiled = tf.function(run, autograph=False).get_concrete_function(count)
    losses: Array = compiled(count).numpy()
    if not np.isfinite(losses).all():
        first = int(np.flatnonzero(~np.isfinite(losses))[0])
        raise FloatingPointError(
            f"the loss is {losses[first]} at update {first}; take a smaller learning rate, or more "
            "substeps"
        )
    return losses


# The example of Chen et al. (2018): the file examples/ode_demo.py of their library, torchdiffeq.
SPIRAL_MATRIX = np.array([[-0.1, 2.0], [-2.0, -0.1]])
SPIRAL_START = np.array([2.0, 0.0])
SPIRAL_TIMES = np.linspace(0.0, 25.0, 1000)
SPIRAL_WINDOW = 10  # times in a piece of path that is learnt from
SPIRAL_PIECES = 20  # pieces in a mini-batch


def spiral(t: Tensor, y: Tensor) -> Tensor:
    """Return y³A, the rate of change of the spiral, for y of shape (..., 2) as rows.

    Parameters
    ----------
    t : scalar
        Not used: the rate does not depend on the time.
    y : tensor, shape (..., 2)
        State.

    Returns
    -------
    Tensor, shape (..., 2)
    """
    return tf.tensordot(y**3, tf.constant(SPIRAL_MATRIX, y.dtype), 1)


def spiral_network(t: Tensor, y: Tensor, *parameters: Tensor) -> Tensor:
    """Return the network's idea of the spiral's rate of change: it is given y³, shape (..., 2).

    Parameters
    ----------
    t : scalar
        Not used: the rate does not depend on the time.
    y : tensor, shape (..., 2)
        State.
    *parameters : tensor
        Of `network`, from 2 inputs to 2 outputs.

    Returns
    -------
    Tensor, shape (..., 2)
    """
    return network(y**3, *parameters)


def spiral_pieces(path: Tensor) -> Tensor:
    """Return all pieces of `SPIRAL_WINDOW` times, shape (window, pieces, 2), of a path (k, 2).

    Parameters
    ----------
    path : tensor, shape (k, 2)
        States at equidistant times, k ≥ `SPIRAL_WINDOW`.

    Returns
    -------
    Tensor, shape (SPIRAL_WINDOW, k − SPIRAL_WINDOW + 1, 2)
        The pieces overlap: each starts one time after the last.
    """
    starts = tf.range(path.shape[0] - SPIRAL_WINDOW + 1)
    return tf.gather(path, starts[None, :] + tf.range(SPIRAL_WINDOW)[:, None])


@dataclass(frozen=True, eq=False)
class SpiralFit:
    """A learnt spiral.

    `losses` are the mini-batch losses before each update; `short` is the mean absolute error over
    all pieces of the path, each started from its own true state, and `whole` that of one path of
    25 time units from the start; both are in units of y.
    """

    parameters: list[Any]
    losses: Array
    path: Array
    short: float
    whole: float


def fit_spiral(*, seed: int, n_updates: int = 2000, learning_rate: float = 1e-3) -> SpiralFit:
    """Learn the spiral from short pieces of its path, with the published settings.

    50 hidden units, weights N(0, 0.1²), 20 pieces of 10 times, mean absolute error, RMSprop; the
    gradient goes through the solver (RK4, one step between two of the 1,000 times).

    Parameters
    ----------
    seed : int
        Determines the initial weights and the mini-batches.
    n_updates : int
        Number of updates, ≥ 1.
    learning_rate : float
        Of RMSprop.

    Returns
    -------
    SpiralFit
    """
    times = tf.constant(SPIRAL_TIMES)
    truth = ode.solve_compiled(spiral, SPIRAL_START, times, substeps=4)
    pieces = spiral_pieces(truth)
    parameters = network_parameters([2, 50, 2], seed=seed, scale=0.1)

    def learnt(t: Tensor, y: Tensor) -> Tensor:
        return spiral_network(t, y, *parameters)

    def error(pieces: Tensor) -> Tensor:
        found = ode.solve(learnt, pieces[0], times[:SPIRAL_WINDOW])
        return tf.reduce_mean(abs(found - pieces))

    def loss(update: Tensor) -> Tensor:
        draw = tf.random.stateless_uniform(
            [SPIRAL_PIECES], [seed, update], maxval=pieces.shape[1], dtype=tf.int32
        )
        return error(tf.gather(pieces, draw, axis=1))

    optimizer = keras.optimizers.RMSprop(learning_rate, rho=0.99)
    losses = train(loss, parameters, n_updates=n_updates, optimizer=optimizer)
    path = ode.solve_compiled(learnt, SPIRAL_START, times)
    whole = float(tf.reduce_mean(abs(path - truth)))
    return SpiralFit(parameters, losses, path.numpy(), float(error(pieces)), whole)
