"""Initial value problems y' = f(t, y) with one-step methods: Euler, midpoint, Runge–Kutta.

A *vector field* f takes the time t, a scalar, and the state y, shape (..., d), and returns the rate
of change dy/dt, shape (..., d), in units of y per unit of t; leading axes of y are independent
copies (a batch). Times may run backward, and h is then negative. All is TensorFlow, so that paths
can be differentiated and compiled, and float64 unless the state is given as a float32 tensor.
Whatever is out of range or misshapen raises a ValueError that says so.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

Tensor = Any  # tf.Tensor, or what TensorFlow turns into one
Field = Callable[[Tensor, Tensor], Tensor]
Step = Callable[[Field, Tensor, Tensor, Tensor], Tensor]


def euler_step(f: Field, t: Tensor, y: Tensor, h: Tensor) -> Tensor:
    """Return y(t + h) to order 1: follow the tangent. One evaluation of f.

    Source: Hairer, Nørsett and Wanner, Solving Ordinary Differential Equations I, 2nd ed. (1993),
    §I.7.

    Parameters
    ----------
    f : callable
        The vector field.
    t, h : scalar
        Time and step; h may be negative.
    y : tensor, shape (..., d)
        State at t.

    Returns
    -------
    tensor, shape (..., d)
    """
    return y + h * f(t, y)


def midpoint_step(f: Field, t: Tensor, y: Tensor, h: Tensor) -> Tensor:
    """Return y(t + h) to order 2: follow the slope half way. Two evaluations of f.

    Source: Runge (1895), in Hairer, Nørsett and Wanner (1993), §II.1, equation (1.4).

    Parameters
    ----------
    f : callable
        The vector field.
    t, h : scalar
        Time and step; h may be negative.
    y : tensor, shape (..., d)
        State at t.

    Returns
    -------
    tensor, shape (..., d)
    """
    return y + h * f(t + h / 2, y + h / 2 * f(t, y))


def rk4_step(f: Field, t: Tensor, y: Tensor, h: Tensor) -> Tensor:
    """Return y(t + h) to order 4: the classical method of Kutta (1901). Four evaluations of f.

    Source: Hairer, Nørsett and Wanner (1993), §II.1, table 1.2, left. (On the right stands the
    3/8 rule, which some libraries call rk4.)

    Parameters
    ----------
    f : callable
        The vector field.
    t, h : scalar
        Time and step; h may be negative.
    y : tensor, shape (..., d)
        State at t.

    Returns
    -------
    tensor, shape (..., d)
    """
    k1 = f(t, y)
    k2 = f(t + h / 2, y + h / 2 * k1)
    k3 = f(t + h / 2, y + h / 2 * k2)
    k4 = f(t + h, y + h * k3)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def integrate(
    f: Field, y0: Tensor, start: Tensor, end: Tensor, *, n_steps: Tensor, step: Step = rk4_step
) -> Tensor:
    """Return the state at `end`, having been at y0 at `start`, after `n_steps` equal steps.

    Parameters
    ----------
    f : callable
        The vector field.
    y0 : array_like, shape (..., d)
        State at `start`.
    start, end : float or scalar tensor
        Times; `end` may lie before `start`.
    n_steps : int or scalar integer tensor
        Number of steps, ≥ 1. A tensor where a compiled function takes it as an argument.
    step : Step
        One of the `*_step` functions of this module, or your own with the same arguments.

    Returns
    -------
    Tensor, shape (..., d)
        Only the last state: no other is kept, except by a tape that records.
    """
    y0 = as_state(y0)
    start, end = tf.cast(start, y0.dtype), tf.cast(end, y0.dtype)
    count = as_count(n_steps)
    h = (end - start) / tf.cast(count, y0.dtype)
    field = _checked(f)

    def advance(i: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return i + 1, step(field, start + tf.cast(i, h.dtype) * h, y, h)

    # A loop of the graph: its size does not depend on the number of steps, nor does tracing it.
    return tf.while_loop(lambda i, _: i < count, advance, (tf.constant(0), y0))[1]


def solve(
    f: Field, y0: Tensor, times: Tensor, *, step: Step = rk4_step, substeps: Tensor = 1
) -> Tensor:
    """Return the states at `times`, shape (len(times), ..., d), the first of them being y0.

    `times`, shape (k,), k ≥ 2, may be spaced unequally, and may fall as well as rise. Each interval
    is crossed in `substeps` ≥ 1 equal steps. The other parameters are those of `integrate`.

    Parameters
    ----------
    f, y0, step
        As in `integrate`.
    times : array_like, shape (k,)
        When the states are wanted; y0 is the state at the first.
    substeps : int or scalar integer tensor
        Steps between two times.

    Returns
    -------
    Tensor, shape (k, ..., d)
    """
    y0 = as_state(y0)
    times = as_times(times, y0.dtype)
    states = tf.TensorArray(y0.dtype, size=tf.size(times), element_shape=y0.shape)

    def advance(i: Tensor, y: Tensor, states: Any) -> tuple[Tensor, Tensor, Any]:
        y = integrate(f, y, times[i - 1], times[i], n_steps=substeps, step=step)
        return i + 1, y, states.write(i, y)

    first = (tf.constant(1), y0, states.write(0, y0))
    return tf.while_loop(lambda i, *_: i < tf.size(times), advance, first)[2].stack()


def solve_compiled(
    f: Field, y0: Tensor, times: Tensor, *, step: Step = rk4_step, substeps: Tensor = 1
) -> Tensor:
    """Return what `solve` returns, from one compiled loop: worth it from some hundred steps on.

    The loop is compiled anew by each call, and no tape sees what happens in it.

    Parameters
    ----------
    f, y0, times, step, substeps
        As in `solve`.

    Returns
    -------
    Tensor, shape (k, ..., d)
    """
    y0 = as_state(y0)
    arguments = (y0, as_times(times, y0.dtype), as_count(substeps))

    def run(y0: Tensor, times: Tensor, count: Tensor) -> Tensor:
        return solve(f, y0, times, step=step, substeps=count)

    # A concrete function is not counted among the calls that TensorFlow suspects of retracing.
    return tf.function(run, autograph=False).get_concrete_function(*arguments)(*arguments)


def observed_orders(n_steps: Sequence[int], errors: ArrayLike) -> NDArray[np.float64]:
    """Return −log(e₂/e₁)/log(n₂/n₁) of each two neighbours, shape (len(n_steps) − 1,).

    A method of order p has errors e ≈ C·n^(−p), so these numbers tend to p as n grows, until
    rounding takes over. The errors must be positive.

    Parameters
    ----------
    n_steps : sequence of int
        Numbers of steps, two or more.
    errors : array_like, of the same length
        Error of the method with each number of steps.

    Returns
    -------
    ndarray, shape (len(n_steps) − 1,)

    Raises
    ------
    ValueError
        If the lengths differ or are below 2, or an error is not positive.
    """
    n, e = np.asarray(n_steps, dtype=float), np.asarray(errors, dtype=float)
    if n.shape != e.shape or n.ndim != 1 or n.size < 2:
        raise ValueError(
            f"n_steps and errors have shapes {n.shape} and {e.shape}; expected one length ≥ 2"
        )
    if not (e > 0).all():
        raise ValueError(f"an error is {e.min()}; expected positive errors: take fewer steps")
    return -np.diff(np.log(e)) / np.diff(np.log(n))


def as_state(y: Tensor) -> Tensor:
    """Return y as a floating-point tensor: float64, unless it is of another float type already.

    Parameters
    ----------
    y : array_like or tensor
        Of any shape and number type.

    Returns
    -------
    Tensor, shape of `y`
    """
    y = tf.convert_to_tensor(y, dtype_hint=tf.float64)
    return y if y.dtype.is_floating else tf.cast(y, tf.float64)


def as_times(times: Tensor, dtype: Any) -> Tensor:
    """Return `times` as a tensor, shape (k,), having checked what is known of them already.

    Parameters
    ----------
    times : array_like or tensor, shape (k,)
        Two or more times. Values that only a running graph knows are not checked.
    dtype : tf.DType
        Type of the result.

    Returns
    -------
    Tensor, shape (k,)

    Raises
    ------
    ValueError
        If there are not two or more times along one axis, or they neither rise nor fall throughout.
    """
    times = tf.cast(tf.convert_to_tensor(times, dtype_hint=tf.float64), dtype)
    if times.shape.rank != 1 or (times.shape[0] is not None and times.shape[0] < 2):
        raise ValueError(f"times has shape {times.shape}; expected one axis with at least 2 times")
    known = tf.get_static_value(times)
    if known is not None:
        gaps = np.diff(known)
        if not ((gaps > 0).all() or (gaps < 0).all()):
            raise ValueError(f"times are {known}; expected them to rise, or to fall, all the way")
    return times


def as_count(n_steps: Tensor) -> Tensor:
    """Return a number of steps as an int32 tensor, having checked what is known of it already.

    Parameters
    ----------
    n_steps : int or scalar integer tensor
        A value that only a running graph knows is not checked.

    Returns
    -------
    Tensor, scalar int32

    Raises
    ------
    ValueError
        If it is not an integer, or is below 1.
    """
    count = tf.convert_to_tensor(n_steps)
    known = tf.get_static_value(count)
    if not count.dtype.is_integer or (known is not None and known < 1):
        raise ValueError(f"the number of steps is {n_steps}; expected an integer from 1 on")
    return tf.cast(count, tf.int32)


def stability_limit(step: Step) -> float:
    """Return the largest z = h·λ for which `step` does not blow up y' = −λy.

    Found by bisection on z in (0, 10), where every method of this module is unstable at the upper
    end: |R(z)| ≤ 1 with R(z) the factor by which one step multiplies y. Source: Hairer and Wanner,
    Solving Ordinary Differential Equations II, 2nd ed. (1996), §IV.2.

    Parameters
    ----------
    step : Step
        One of the `*_step` functions of this module, or your own with the same arguments.

    Returns
    -------
    float
        Without a unit; found to about 1e-12.
    """

    def factor(z: float) -> float:
        return abs(float(step(lambda t, y: -y, 0.0, 1.0, z)))

    low, high = 1e-3, 10.0
    for _ in range(math.ceil(math.log2(high / 1e-12))):
        middle = (low + high) / 2
        low, high = (middle, high) if factor(middle) <= 1 else (low, middle)
    return low


def _checked(f: Field) -> Field:
    """Return f with a check that it keeps the shape: (n,) for (n, 1) would broadcast silently."""

    def field(t: Tensor, y: Tensor) -> Tensor:
        rate = tf.convert_to_tensor(f(t, y), dtype=y.dtype)
        if not rate.shape.is_compatible_with(y.shape):
            raise ValueError(
                f"f returned shape {rate.shape} for a state of shape {y.shape}; expected the same"
            )
        return rate

    return field
