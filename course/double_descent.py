"""Models with more weights than examples: random features, and the exact risk of least squares."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ReluFeatures:
    """The map x → max(0, Vx + b)/√p: a network with one hidden layer whose first layer is frozen.

    `directions` is V, shape (p, n), with rows of length 1; `offsets` is b, shape (p,). Only the
    last layer is left to learn, and that is linear regression on p features. Source: Rahimi and
    Recht, "Weighted sums of random kitchen sinks", NIPS 2008, algorithm 1.
    """

    directions: Array
    offsets: Array

    @classmethod
    def draw(cls, n_inputs: int, n_features: int, *, seed: int) -> "ReluFeatures":
        """Draw p = n_features directions uniformly on the sphere, and offsets from N(0, 1).

        The kinks then lie where standardised inputs are. Fewer features of a seed are the first of
        more: models of one seed are nested.

        Parameters
        ----------
        n_inputs, n_features : int
            n and p, both ≥ 1.
        seed : int
            The same seed gives the same directions and offsets.

        Returns
        -------
        ReluFeatures

        Raises
        ------
        ValueError
            If `n_inputs` or `n_features` is below 1.
        """
        if n_inputs < 1 or n_features < 1:
            raise ValueError(f"{n_inputs} inputs and {n_features} features; expected 1 or more")
        draws = np.random.default_rng(seed).normal(size=(n_features, n_inputs + 1))
        lengths = np.linalg.norm(draws[:, 1:], axis=1, keepdims=True)
        return cls(draws[:, 1:] / lengths, draws[:, 0])

    def __call__(self, X: ArrayLike) -> Array:
        """Return the features of the rows of X, shape (m, p), for X of shape (m, n)."""
        X = np.asarray(X, dtype=np.float64)
        wanted = self.directions.shape[1]
        if X.ndim != 2 or X.shape[1] != wanted:
            raise ValueError(f"X has shape {X.shape}; expected (rows, {wanted})")
        raw = np.maximum(0.0, X @ self.directions.T + self.offsets)
        return raw / math.sqrt(len(self.offsets))


def minimum_norm_risk(
    n_samples: int, n_features: int, *, signal: float, unexplained: float
) -> float:
    """Return the expected squared error of least squares of minimal norm on fresh data.

    For y = xᵀβ + noise with independent standard normal features x, of which the model sees
    p = n_features: Belkin, Hsu and Xu, "Two models of double descent for weak features", SIAM
    Journal on Mathematics of Data Science 2(4) (2020), for the Gaussian model. With n examples,

    - p ≤ n − 2: unexplained·(1 + p/(n − p − 1)),
    - n − 1 ≤ p ≤ n + 1: infinite,
    - p ≥ n + 2: signal·(1 − n/p) + unexplained·(1 + n/(p − n − 1)).

    Parameters
    ----------
    n_samples, n_features : int
        n ≥ 1 and p ≥ 0.
    signal : float
        ‖β‖² over the p features seen: the variance that the model could explain.
    unexplained : float
        Variance of the noise plus ‖β‖² over the features not seen.

    Returns
    -------
    float
        In squared units of y; it includes the variance of the noise.

    Raises
    ------
    ValueError
        If n < 1, p < 0 or a variance is negative.
    """
    n, p = n_samples, n_features
    if n < 1 or p < 0 or min(signal, unexplained) < 0:
        raise ValueError(
            f"n = {n}, p = {p}, variances {signal} and {unexplained}: one is too small"
        )
    if p <= n - 2:
        return unexplained * (1 + p / (n - p - 1))
    if p >= n + 2:
        return signal * (1 - n / p) + unexplained * (1 + n / (p - n - 1))
    return math.inf
