"""Supervised learning on a small scale: split, scale, fit, regularise, stop early.

Features X have shape (m, n), one row per example, and contain whatever column of ones a model
needs; targets y have shape (m,); weights w have shape (n,). All is float64 and no input is
modified. Losses are means over the m examples, so that a penalty means the same for ten examples
as for a thousand. Whatever is out of range, misshapen or not finite raises a ValueError.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

NEWTON_STEPS = 30  # a logit with a finite maximum needs some ten; more means that it has none


class Split(NamedTuple):
    """Row numbers of the three parts: no row in two of them, every row in one."""

    train: Array
    validation: Array
    test: Array


def split(
    n_samples: int, *, seed: int, shares: tuple[float, float, float] = (0.7, 0.2, 0.1)
) -> Split:
    """Shuffle the rows 0 … n_samples − 1 and cut them into training, validation and test rows.

    The cuts are at the multiples of `shares` rounded to whole rows, so the parts differ from their
    shares by less than one row. For rows that depend on each other (months of one firm, loans of
    one borrower) a random split leaks: cut by time or by firm instead. Source: Hastie, Tibshirani
    and Friedman, The Elements of Statistical Learning, 2nd ed. (2009), §7.2.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    seed : int
        The same seed gives the same parts.
    shares : three floats
        Of training, validation and test; positive, with sum 1.

    Returns
    -------
    Split
        In shuffled order.

    Raises
    ------
    ValueError
        If the shares are not positive numbers that sum to 1, or a part would have no row.
    """
    positive = all(share > 0 for share in shares)
    _require(positive and np.isclose(sum(shares), 1), f"shares are {shares}; expected a sum of 1")
    first, second = (round(n_samples * share) for share in np.cumsum(shares)[:2])
    _require(0 < first < second < n_samples, f"{n_samples} rows are too few for shares {shares}")
    rows = np.random.default_rng(seed).permutation(n_samples)
    return Split(rows[:first], rows[first:second], rows[second:])


@dataclass(frozen=True, eq=False)
class Scaler:
    """The map x → (x − mean)/scale, feature by feature; `mean` and `scale` have shape (n,)."""

    mean: Array
    scale: Array

    @classmethod
    def fit(cls, X: ArrayLike) -> "Scaler":
        """Learn mean and standard deviation (with 1/m) of each column of X: of training rows only.

        A feature that never varies gets the scale 1, so that it becomes zero and not NaN.

        Parameters
        ----------
        X : array_like, shape (m, n)
            Training rows.

        Returns
        -------
        Scaler
        """
        X = _array("X", X, ndim=2)
        deviation = X.std(axis=0)
        # The deviation of equal numbers may be 1e-17 and not 0, because their mean is rounded.
        varies = (np.ptp(X, axis=0) > 0) & (deviation > 0)
        return cls(X.mean(axis=0), np.where(varies, deviation, 1.0))

    def __call__(self, X: ArrayLike) -> Array:
        """Apply what was learnt to any rows, shape (any, n), these or later ones."""
        X = _array("X", X, ndim=2)
        wanted = len(self.mean)
        _require(X.shape[1] == wanted, f"X has {X.shape[1]} features; fitted on {wanted}")
        return (X - self.mean) / self.scale


def polynomial_features(x: ArrayLike, degree: int) -> Array:
    """Return the columns 1, x, x², …, x^degree, shape (m, degree + 1), for x of shape (m,).

    Bring x to about [−1, 1] first: the condition number grows exponentially with the degree, and
    much faster for numbers in the thousands.

    Parameters
    ----------
    x : array_like, shape (m,)
        One feature.
    degree : int
        Highest power, ≥ 0.

    Returns
    -------
    ndarray, shape (m, degree + 1)
    """
    _require(degree >= 0, f"degree is {degree}; expected an integer from 0")
    return np.vander(_array("x", x), degree + 1, increasing=True)


def least_squares(X: ArrayLike, y: ArrayLike) -> Array:
    """Return the w that minimises ‖Xw − y‖², of those the one of least norm, shape (n,).

    By the singular value decomposition, which does not square the condition number as XᵀX does:
    Golub and Van Loan, Matrix Computations, 4th ed. (2013), §5.3 and §5.5.

    Parameters
    ----------
    X, y : array_like, shapes (m, n), (m,)
        Features and targets.

    Returns
    -------
    ndarray, shape (n,)
    """
    X, y = _data(X, y)
    return np.linalg.lstsq(X, y)[0]


def ridge(X: ArrayLike, y: ArrayLike, *, penalty: float, free: int = 1) -> Array:
    """Return the w that minimises (1/m)·‖Xw − y‖² + penalty·Σ_{j ≥ free} wⱼ², shape (n,).

    Parameters
    ----------
    X, y : array_like, shapes (m, n), (m,)
        Data; the columns before `free` are not penalised.
    penalty : float
        ≥ 0, in squared units of y per squared unit of a weight. The convention ‖Xw − y‖² + α‖w‖²
        of Hastie et al. (2009), equation (3.41), has α = m·penalty.
    free : int
        How many leading weights go unpenalised: 1 for a column of ones, 0 without one.

    Returns
    -------
    ndarray, shape (n,)
    """
    X, y = _data(X, y)
    _require(penalty >= 0, f"penalty is {penalty}; expected a number from 0")
    # As m + n ordinary observations, the last n of which say "this weight is zero".
    m, n = X.shape
    beliefs = np.sqrt(m * penalty) * np.eye(n)[free:]
    return least_squares(np.vstack([X, beliefs]), np.concatenate([y, np.zeros(len(beliefs))]))


def mean_squared_error(w: ArrayLike, X: ArrayLike, y: ArrayLike) -> float:
    """Return (1/m)·‖Xw − y‖², in squared units of y.

    Parameters
    ----------
    w : array_like, shape (n,)
        Weights.
    X, y : array_like, shapes (m, n), (m,)
        Features and targets.

    Returns
    -------
    float
    """
    X, y = _data(X, y)
    return float(np.mean((X @ _array("w", w) - y) ** 2))


def logistic_regression(
    X: ArrayLike, y: ArrayLike, *, penalty: float = 0.0, free: int = 1, tolerance: float = 1e-9
) -> Array:
    """Return the w that minimises binary cross-entropy plus penalty·Σ_{j ≥ free} wⱼ², shape (n,).

    Newton's method with step halving ("iteratively reweighted least squares"): Hastie et al.
    (2009), §4.4.1. The cross-entropy is a mean, in nats, and has its minus sign.

    Parameters
    ----------
    X, y : array_like, shapes (m, n), (m,)
        Features, with a column of ones for the intercept, and labels 0 or 1.
    penalty, free : float, int
        As in `ridge`.
    tolerance : float
        Stop when no weight moves by more than this.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        Also if the loss has no minimum, because a line separates the labels or columns are
        collinear; a positive `penalty` gives it one.
    """
    X, y = _data(X, y)
    _require(np.isin(y, (0, 1)).all(), "y holds other values than the labels 0 and 1: recode them")
    _require(penalty >= 0, f"penalty is {penalty}; expected a number from 0")
    weight_penalty = penalty * (np.arange(X.shape[1]) >= free)

    def loss(w: Array) -> float:
        z = X @ w
        return float(np.mean(np.logaddexp(0, z) - y * z) + weight_penalty @ w**2)

    w = np.zeros(X.shape[1])
    for _ in range(NEWTON_STEPS):
        p = probability(X @ w)
        gradient = X.T @ (p - y) / len(y) + 2 * weight_penalty * w
        hessian = (X.T * (p * (1 - p))) @ X / len(y) + 2 * np.diag(weight_penalty)
        step = -np.linalg.lstsq(hessian, gradient)[0]
        while loss(w + step) > loss(w) and np.abs(step).max() > tolerance:
            step = step / 2
        w = w + step
        if np.abs(step).max() <= tolerance * (1 + np.abs(w).max()):
            return w
    raise ValueError(
        f"no minimum within {NEWTON_STEPS} Newton steps, weights up to {np.abs(w).max():.3g}: a "
        "line separates the labels, or nearly; pass a positive penalty"
    )


def probability(logits: ArrayLike) -> Array:
    """Return 1/(1 + exp(−z)) for logits z of any size, without overflow.

    Parameters
    ----------
    logits : array_like
        Of any shape.

    Returns
    -------
    ndarray, shape of `logits`
        From 0 to 1.
    """
    return np.exp(-np.logaddexp(0, -np.asarray(logits, dtype=np.float64)))


class Confusion(NamedTuple):
    """How many examples were called positive or negative, and were it or not."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int


def confusion(y: ArrayLike, p: ArrayLike, *, threshold: float = 0.5) -> Confusion:
    """Count the four outcomes when "positive" is said for every p ≥ threshold; y holds 0 and 1.

    Parameters
    ----------
    y, p : array_like, shape (m,)
        Labels and predicted probabilities.
    threshold : float
        The lowest p that counts as positive.

    Returns
    -------
    Confusion
    """
    truth, said = _array("y", y) == 1, _array("p", p) >= threshold
    _require(truth.shape == said.shape, f"y and p have lengths {truth.size} and {said.size}")
    pairs = [(truth, said), (~truth, said), (truth, ~said), (~truth, ~said)]
    return Confusion(*(int(np.sum(a & b)) for a, b in pairs))


def dropout(values: ArrayLike, *, drop: float, rng: np.random.Generator) -> Array:
    """Set each value to 0 with probability `drop`, and divide the others by 1 − drop.

    The division ("inverted dropout") keeps the mean, so that nothing is to be changed when the
    trained model is used: Srivastava et al., JMLR 15 (2014), §4 and §10.

    Parameters
    ----------
    values : array_like
        Of any shape.
    drop : float
        Probability, 0 ≤ drop < 1.
    rng : numpy.random.Generator
        Source of one draw for each value.

    Returns
    -------
    ndarray, shape of `values`
    """
    _require(0 <= drop < 1, f"drop is {drop}; expected a number from 0 to below 1")
    values = np.asarray(values, dtype=np.float64)
    return np.where(rng.random(values.shape) < drop, 0.0, values / (1 - drop))


@dataclass(frozen=True, eq=False)
class Stopped:
    """Where early stopping ended.

    `weights`, shape (n,), are those of update `best`, at which `losses`, shape (updates + 1,), the
    validation losses from the start on, is least.
    """

    weights: Array
    best: int
    losses: Array


def early_stopping(
    gradient: Callable[[Array], Array],
    validation_loss: Callable[[Array], float],
    start: ArrayLike,
    *,
    step: float,
    patience: int,
    max_steps: int,
) -> Stopped:
    """Descend the training loss until the validation loss has not improved for a while.

    Parameters
    ----------
    gradient : callable
        Maps weights to the gradient of the training loss, both of shape (n,).
    validation_loss : callable
        Maps weights to a number; it is never differentiated.
    start : array_like, shape (n,)
        First weights.
    step : float
        Step size of gradient descent, > 0.
    patience : int
        Stop after so many updates in a row without a new lowest validation loss, ≥ 1.
    max_steps : int
        Stop after so many updates in any case, ≥ 1.

    Returns
    -------
    Stopped
        With the best weights, not the last: Goodfellow, Bengio and Courville, Deep Learning
        (2016), §7.8, algorithm 7.1.
    """
    for name, count in (("patience", patience), ("max_steps", max_steps)):
        _require(count >= 1, f"{name} is {count}; expected an integer from 1")
    _require(step > 0, f"step is {step}; expected a positive number")
    w = best_weights = _array("start", start)
    losses, best = [float(validation_loss(w))], 0
    while len(losses) <= max_steps and len(losses) - 1 - best < patience:
        w = w - step * gradient(w)
        losses.append(float(validation_loss(w)))
        if losses[-1] < losses[best]:
            best, best_weights = len(losses) - 1, w
    return Stopped(best_weights, best, np.array(losses))


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


def _data(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    X, y = _array("X", X, ndim=2), _array("y", y)
    _require(len(X) == len(y), f"X has {len(X)} rows and y has {len(y)} entries; expected as many")
    return X, y
