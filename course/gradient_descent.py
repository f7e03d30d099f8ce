"""Gradient descent: losses with their gradients, step sizes, line search, mini-batches.

Every loss here is a *mean* over the m samples, without a factor ½, as on the course's slide "Mean
squared error". Texts that minimise ½·Σ(error)² have gradients m/2 times as large, and so need steps
2/m times as large to walk the same path. Binary cross-entropy carries the minus sign that its
slide drops: without it, descending means fitting the data as badly as possible.

Weights have shape (n,), features X shape (m, n) (append a column of ones for the intercept),
targets y shape (m,); all is float64 and no input is modified. A weight's unit is (unit of
y)/(unit of its feature); a step size's unit is (unit of the weight)²/(unit of the loss).
Whatever is out of range, misshapen or not finite raises a ValueError that says so.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Loss = Callable[[Array], float]
Gradient = Callable[[Array], Array]
Schedule = Callable[[int], float]

MAX_TRIALS = 40  # 2⁻⁴⁰ ≈ 1e-12: the effect of a shorter step drowns in the rounding of the loss


def mean_squared_error(w: ArrayLike, X: ArrayLike, y: ArrayLike) -> float:
    """Return (1/m)·Σᵢ(xᵢ·w − yᵢ)², in squared units of y; Goodfellow et al. (2016), §5.1.4.

    Parameters
    ----------
    w, X, y : array_like, shapes (n,), (m, n), (m,)
        Weights, features and targets.

    Returns
    -------
    float
    """
    w, X, y = _data(w, X, y)
    return float(np.mean((X @ w - y) ** 2))


def mean_squared_error_gradient(w: ArrayLike, X: ArrayLike, y: ArrayLike) -> Array:
    """Return (2/m)·Xᵀ(Xw − y), shape (n,).

    Parameters
    ----------
    w, X, y : array_like, shapes (n,), (m, n), (m,)
        Weights, features and targets.

    Returns
    -------
    ndarray, shape (n,)
    """
    w, X, y = _data(w, X, y)
    return 2 / len(y) * (X.T @ (X @ w - y))


def mean_squared_error_hessian(X: ArrayLike) -> Array:
    """Return (2/m)·XᵀX, shape (n, n): one matrix for every w, so this loss is a quadratic bowl.

    Parameters
    ----------
    X : array_like, shape (m, n)
        Features.

    Returns
    -------
    ndarray, shape (n, n)
    """
    X = _array("X", X, ndim=2)
    return 2 / len(X) * (X.T @ X)


def binary_cross_entropy(w: ArrayLike, X: ArrayLike, y: ArrayLike) -> float:
    """Return −(1/m)·Σᵢ[yᵢ log pᵢ + (1 − yᵢ) log(1 − pᵢ)] with pᵢ = 1/(1 + exp(−xᵢ·w)), in nats.

    The negative mean log-likelihood of a logit model with y = 0 or 1; Goodfellow et al., §6.2.2.2.

    Parameters
    ----------
    w, X, y : array_like, shapes (n,), (m, n), (m,)
        Weights, features and labels 0 or 1.

    Returns
    -------
    float
    """
    w, X, y = _data(w, X, y, labels=True)
    logits = X @ w
    # log(1 + eᶻ) − y·z is the same number, and stays finite where p rounds to 0 or to 1.
    return float(np.mean(np.logaddexp(0, logits) - y * logits))


def binary_cross_entropy_gradient(w: ArrayLike, X: ArrayLike, y: ArrayLike) -> Array:
    """Return (1/m)·Xᵀ(p − y), shape (n,).

    Parameters
    ----------
    w, X, y : array_like, shapes (n,), (m, n), (m,)
        Weights, features and labels 0 or 1.

    Returns
    -------
    ndarray, shape (n,)
    """
    w, X, y = _data(w, X, y, labels=True)
    probabilities = np.exp(-np.logaddexp(0, -(X @ w)))  # no overflow for any logit
    return X.T @ (probabilities - y) / len(y)


@dataclass(frozen=True, eq=False)
class Quadratic:
    """The bowl ½(w − w*)ᵀH(w − w*), on which every claim about step sizes is exact.

    `hessian` is H, shape (n, n), symmetric with positive eigenvalues; `minimiser` is w*, shape
    (n,). Source: Nocedal and Wright, Numerical Optimization, 2nd ed. (2006), §3.3.
    """

    hessian: Array
    minimiser: Array

    def __post_init__(self) -> None:
        H, centre = _array("hessian", self.hessian, ndim=2), _array("minimiser", self.minimiser)
        n = centre.size
        _require(H.shape == (n, n), f"hessian has shape {H.shape}; minimiser asks for {(n, n)}")
        _require(np.allclose(H, H.T), "hessian is not symmetric; pass (H + H.T)/2")
        least = float(np.linalg.eigvalsh(H)[0])
        advice = "expected > 0, else the minimum is not unique: drop collinear features"
        _require(least > 0, f"hessian has smallest eigenvalue {least:.3g}; {advice}")
        object.__setattr__(self, "hessian", H.copy())  # the caller may reuse its own arrays
        object.__setattr__(self, "minimiser", centre.copy())

    def value(self, w: Array) -> float:
        """Return ½(w − w*)ᵀH(w − w*).

        Parameters
        ----------
        w : ndarray, shape (n,)
            Weights.

        Returns
        -------
        float
        """
        return float((w - self.minimiser) @ self.gradient(w)) / 2

    def gradient(self, w: Array) -> Array:
        """Return H(w − w*), shape (n,).

        Parameters
        ----------
        w : ndarray, shape (n,)
            Weights.

        Returns
        -------
        ndarray, shape (n,)
        """
        return self.hessian @ (w - self.minimiser)

    @property
    def eigenvalues(self) -> Array:
        """Curvatures λ_min … λ_max along the axes of the bowl, ascending, shape (n,)."""
        return np.linalg.eigvalsh(self.hessian)

    @property
    def step_limit(self) -> float:
        """2/λ_max: shorter constant steps converge from any start, longer ones from almost none."""
        return float(2 / self.eigenvalues[-1])

    @property
    def condition_number(self) -> float:
        """κ = λ_max/λ_min; a level line is √κ times as long as it is wide."""
        return float(self.eigenvalues[-1] / self.eigenvalues[0])


def constant(step: float) -> Schedule:
    """Return η_t = step for t = 0, 1, …, the number of updates already made.

    Parameters
    ----------
    step : float
        η > 0.

    Returns
    -------
    Schedule
    """
    _positive("step", step)
    return lambda t: step


def inverse_time(step: float, *, decay: float, power: float = 1.0) -> Schedule:
    """Return η_t = step/(1 + decay·t)^power, the family of Robbins and Monro (1951).

    With ½ < power ≤ 1, Ση_t = ∞ (any distance can be walked) and Ση_t² < ∞ (the noise dies out):
    Bottou, Curtis and Nocedal, SIAM Review 60(2) (2018), §4.2.

    Parameters
    ----------
    step : float
        First step size η₀ > 0.
    decay : float
        > 0; per update.
    power : float
        > 0.

    Returns
    -------
    Schedule
    """
    for name, value in (("step", step), ("decay", decay), ("power", power)):
        _positive(name, value)
    return lambda t: step / (1 + decay * t) ** power


def exponential(step: float, *, rate: float) -> Schedule:
    """Return η_t = step·rateᵗ, 0 < rate < 1; all steps together come to only step/(1 − rate).

    Parameters
    ----------
    step : float
        First step size η₀ > 0.
    rate : float
        Factor from each step size to the next.

    Returns
    -------
    Schedule
    """
    _positive("step", step)
    _positive("rate", rate, below=1)
    return lambda t: step * rate**t


def cosine(step: float, *, n_steps: int, final: float = 0.0) -> Schedule:
    """Return half a cosine from `step` at t = 0 to `final` (≥ 0, below `step`) from t = n_steps on.

    Source: Loshchilov and Hutter, "SGDR" (ICLR 2017), equation (5), without restarts.

    Parameters
    ----------
    step : float
        First step size, > 0.
    n_steps : int
        Updates until the last step size is reached, ≥ 1.
    final : float
        Last step size.

    Returns
    -------
    Schedule
    """
    _positive("step", step)
    _count("n_steps", n_steps)
    _require(0 <= final < step, f"final is {final}; expected from 0 to below step = {step}")
    half, middle = (step - final) / 2, (step + final) / 2
    return lambda t: middle + half * math.cos(math.pi * min(t, n_steps) / n_steps)


@dataclass(frozen=True, eq=False)
class Path:
    """Where a descent has been: `weights`, shape (updates + 1, n), from the start to the end.

    `step_sizes`, shape (updates,), holds the η of each update.
    """

    weights: Array
    step_sizes: Array

    def losses(self, loss: Loss) -> Array:
        """Return `loss` at each point of the path, shape (updates + 1,).

        Parameters
        ----------
        loss : callable
            Maps weights, shape (n,), to a number.

        Returns
        -------
        ndarray, shape (updates + 1,)
        """
        return np.array([loss(w) for w in self.weights])


def gradient_descent(
    gradient: Gradient, start: ArrayLike, *, step: float | Schedule, n_steps: int
) -> Path:
    """Repeat w ← w − η_t·∇f(w); Deisenroth et al., Mathematics for Machine Learning (2020), §7.1.

    Parameters
    ----------
    gradient : callable
        Maps weights, shape (n,), to ∇f, shape (n,).
    start : array_like, shape (n,)
        First weights.
    step : float or Schedule
        η, or a function that gives η_t for t = 0, 1, …
    n_steps : int
        Number of updates, ≥ 1.

    Returns
    -------
    Path
        `n_steps` updates long.

    Raises
    ------
    FloatingPointError
        If the weights overflow: the step exceeds the limit 2/λ_max (see `Quadratic`).
    """
    weights = [_array("start", start)]
    schedule = step if callable(step) else constant(step)
    _count("n_steps", n_steps)
    steps = [schedule(t) for t in range(n_steps)]
    for step_size in steps:
        weights.append(_update(weights[-1], gradient, step_size))
    return Path(np.array(weights), np.array(steps))


def backtracking_step(
    loss: Loss, g: Array, w: Array, *, first: float = 1.0, shrink: float = 0.5, share: float = 1e-4
) -> float:
    """Return the first η of first·{1, shrink, shrink², …} that satisfies Armijo's condition.

    The condition, f(w − ηg) ≤ f(w) − share·η·‖g‖² with g = ∇f(w), asks for a given share of the
    decrease that the tangent promises: Nocedal and Wright (2006), §3.1, algorithm 3.1.

    Parameters
    ----------
    loss : callable
        Maps weights, shape (n,), to a number.
    g, w : ndarray, shape (n,)
        Gradient and weights at which to start.
    first : float
        First step size to try, > 0.
    shrink : float
        Factor from one trial to the next, between 0 and 1.
    share : float
        Demanded share of the promised decrease, between 0 and 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        Also if no step is short enough, which means that `g` is not the gradient of `loss` at `w`.
    """
    _positive("first", first)
    _positive("shrink", shrink, below=1)
    _positive("share", share, below=1)
    here, slope, step = loss(w), float(g @ g), first
    for _ in range(MAX_TRIALS):
        with np.errstate(over="ignore", invalid="ignore"):  # far too long a step is expected here
            # Written so that a NaN loss, from outside the domain, counts as too long a step.
            if loss(w - step * g) <= here - share * step * slope:
                return step
        step *= shrink
    raise ValueError(
        f"no step from {first:.1e} to {step:.0e} lowers the loss enough, ‖∇f‖ = {slope**0.5:.1e}; "
        "compare the gradient with finite differences (a wrong sign?) or raise `tolerance`"
    )


def line_search_descent(
    loss: Loss,
    gradient: Gradient,
    start: ArrayLike,
    *,
    tolerance: float,
    n_steps: int,
    **search: float,
) -> Path:
    """Gradient descent whose every update asks `backtracking_step`, so that the loss never rises.

    Ends when ‖∇f‖₂ ≤ tolerance (> 0, in the loss's unit per unit of weight) or after `n_steps`
    updates. `search` holds options of `backtracking_step`; raises what that raises.

    Parameters
    ----------
    loss, gradient : callable
        Map weights, shape (n,), to a number and to an array of shape (n,).
    start : array_like, shape (n,)
        First weights.
    tolerance : float
        Largest norm of the gradient that ends the descent.
    n_steps : int
        Largest number of updates, ≥ 1.
    **search : float
        `first`, `shrink`, `share`.

    Returns
    -------
    Path
    """
    _positive("tolerance", tolerance)
    _count("n_steps", n_steps)
    weights, steps = [_array("start", start)], list[float]()
    for _ in range(n_steps):
        w = weights[-1]
        g = gradient(w)
        if np.linalg.norm(g) <= tolerance:
            break
        steps.append(backtracking_step(loss, g, w, **search))
        weights.append(w - steps[-1] * g)
    return Path(np.array(weights), np.array(steps))


def epoch_batches(n_samples: int, *, batch_size: int, rng: np.random.Generator) -> Iterator[Array]:
    """Yield index arrays that together hold each of 0 … n_samples − 1 once, in random order.

    Each call draws a new order: call it once per epoch. Every batch has `batch_size` indices but
    the last, which keeps the remainder. Source: Goodfellow et al. (2016), §8.1.3.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    batch_size : int
        From 1 to `n_samples`.
    rng : numpy.random.Generator
        Source of the order; it is drawn by the call, before the first batch.

    Returns
    -------
    iterator of ndarray of int
        ⌈n_samples/batch_size⌉ arrays.
    """
    _count("batch_size", batch_size, at_most=n_samples)
    order = rng.permutation(n_samples)
    return (order[first : first + batch_size] for first in range(0, n_samples, batch_size))


def stochastic_gradient_descent(
    gradient: Callable[[Array, Array, Array], Array],
    start: ArrayLike,
    X: ArrayLike,
    y: ArrayLike,
    *,
    batch_size: int,
    n_epochs: int,
    step: float | Schedule,
    seed: int,
    replace: bool = False,
) -> Path:
    """Repeat w ← w − η_t·∇f_B(w), f_B being the mean loss over the t-th mini-batch B.

    An epoch is ⌈m/batch_size⌉ updates; batch_size = m is full-batch descent. Sources: Robbins and
    Monro (1951); Bottou, Curtis and Nocedal (2018), §4; Goodfellow et al. (2016), §8.3.1.

    Parameters
    ----------
    gradient : callable
        Maps (w, X[B], y[B]) to the gradient of the batch's mean loss, shape (n,).
    start, X, y : array_like, shapes (n,), (m, n), (m,)
        First weights and data.
    batch_size, n_epochs, seed : int
        1 ≤ batch_size ≤ m, n_epochs ≥ 1; the same seed gives the same path.
    step : float or Schedule
        η, or a function that gives η_t; t counts updates, not epochs.
    replace : bool
        False: reshuffle every epoch and use each sample once (what practice does). True: draw each
        batch independently with replacement (what most theory assumes).

    Returns
    -------
    Path
        n_epochs·⌈m/batch_size⌉ updates long.
    """
    start, X, y = _data(start, X, y)
    _count("n_epochs", n_epochs)
    rng = np.random.default_rng(seed)
    schedule = step if callable(step) else constant(step)
    weights, steps = [start], list[float]()
    for _ in range(n_epochs):
        for shuffled in epoch_batches(len(y), batch_size=batch_size, rng=rng):
            batch = rng.integers(len(y), size=len(shuffled)) if replace else shuffled
            steps.append(schedule(len(steps)))
            weights.append(_update(weights[-1], gradient, steps[-1], X[batch], y[batch]))
    return Path(np.array(weights), np.array(steps))


def _update(w: Array, gradient: Callable[..., Array], step: float, *data: Array) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):  # reported below, in plainer words
        g = gradient(w, *data)
        _require(np.shape(g) == w.shape, f"gradient has shape {np.shape(g)}; expected {w.shape}")
        moved = w - step * g
    if not np.isfinite(moved).all():
        raise FloatingPointError(
            f"diverged: the weights overflow at step size {step:.3g}; take a shorter one, below "
            "2/λ_max, or standardise the features, or ask whether the loss has a minimum at all"
        )
    return moved


def _require(condition: Any, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _array(name: str, value: ArrayLike, *, ndim: int = 1) -> Array:
    array = np.asarray(value, dtype=np.float64)
    fits = array.ndim == ndim and array.size > 0
    _require(fits, f"{name} has shape {array.shape}; expected {ndim} non-empty axes: reshape it")
    bad = int(array.size - np.isfinite(array).sum())
    _require(bad == 0, f"{name} has {bad} NaN or infinite entries; remove or repair them")
    return array


def _data(
    w: ArrayLike, X: ArrayLike, y: ArrayLike, *, labels: bool = False
) -> tuple[Array, Array, Array]:
    w, X, y = _array("w", w), _array("X", X, ndim=2), _array("y", y)
    wanted = (y.size, w.size)
    _require(X.shape == wanted, f"X has shape {X.shape}; expected (len(y), len(w)) = {wanted}")
    strange = y[(y != 0) & (y != 1)] if labels else y[:0]
    _require(strange.size == 0, f"y holds {strange[:1]}; expected labels 0 and 1: recode them")
    return w, X, y


def _positive(name: str, value: float, *, below: float = math.inf) -> None:
    _require(0 < value < below, f"{name} is {value}; expected a number between 0 and {below}")


def _count(name: str, value: int, *, at_most: float = math.inf) -> None:
    ok = 1 <= value <= at_most and value == int(value)
    _require(ok, f"{name} is {value}; expected an integer from 1 to {at_most}")
