"""k-means: Lloyd's algorithm, seeded by k-means++, started several times.

Points X have shape (m, n), centres (k, n). The cost of centres is the *sum* over the points of the
squared Euclidean distance to the nearest centre (sklearn's "inertia"), in squared units of X: bring
all features to one unit first, because a distance adds them up. No input is modified.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Clusters:
    """What Lloyd's algorithm found, and its way there.

    `labels`, shape (m,), name each point's nearest centre. `path`, shape (steps + 1, k, n), holds
    the centres from the first to the last, and `costs`, shape (steps + 1,), the cost of each.
    """

    labels: Array
    path: Array
    costs: Array

    @property
    def centres(self) -> Array:
        """The last centres, shape (k, n)."""
        return self.path[-1]

    @property
    def cost(self) -> float:
        """The cost of the last centres."""
        return float(self.costs[-1])


def lloyd(X: ArrayLike, centres: ArrayLike, *, max_steps: int = 300) -> Clusters:
    """Repeat "assign each point to its nearest centre, move each centre to the mean of its points".

    Neither half can raise the cost, and there are finitely many assignments, so it ends: Lloyd,
    IEEE Transactions on Information Theory 28(2) (1982); Bishop, Pattern Recognition and
    Machine Learning (2006), §9.1. Where it ends depends on where it starts.

    Parameters
    ----------
    X : array_like, shape (m, n)
        Points.
    centres : array_like, shape (k, n)
        First centres, 1 ≤ k ≤ m. A tie goes to the centre with the lower number. A centre that
        loses all its points moves to the point that is farthest from its own centre.
    max_steps : int
        Largest number of moves; reached only if it is too small.

    Returns
    -------
    Clusters
        Labels, and the centres and costs of every step.

    Raises
    ------
    ValueError
        If the shapes do not fit, or numbers are not finite.
    """
    X, now = _points("X", X), _points("centres", centres)
    fits = X.shape[1] == now.shape[1] and len(now) <= len(X)
    if not fits:
        raise ValueError(f"centres of shape {now.shape} do not fit points of shape {X.shape}")
    squares = _squared_distances(X, now)
    path, costs = [now], [float(squares.min(axis=1).sum())]
    labels = squares.argmin(axis=1)
    for _ in range(max_steps):
        now = _means(X, labels, squares)
        squares = _squared_distances(X, now)
        path.append(now)
        costs.append(float(squares.min(axis=1).sum()))
        before, labels = labels, squares.argmin(axis=1)
        if np.array_equal(labels, before):
            break
    return Clusters(labels, np.array(path), np.array(costs))


def spread_centres(X: ArrayLike, k: int, *, rng: np.random.Generator) -> Array:
    """Draw k points of X as first centres, far from each other: k-means++, shape (k, n).

    Each next one is drawn with a probability proportional to its squared distance to the nearest
    one so far: Arthur and Vassilvitskii, SODA 2007, §2.2. Then the expected cost is within a
    factor 8(ln k + 2) of the best possible (their theorem 1.1).

    Parameters
    ----------
    X : array_like, shape (m, n)
        Points.
    k : int
        Number of centres, at most the number of different points.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ndarray, shape (k, n)
        k different points of X.

    Raises
    ------
    ValueError
        If `k` is out of range, or X is misshapen or not finite.
    """
    X = _points("X", X)
    if not 1 <= k <= len(np.unique(X, axis=0)):
        raise ValueError(f"k is {k}; expected from 1 to the number of different points")
    chosen = [int(rng.integers(len(X)))]
    while len(chosen) < k:
        nearest = _squared_distances(X, X[chosen]).min(axis=1)
        chosen.append(int(rng.choice(len(X), p=nearest / nearest.sum())))
    return X[chosen]


def k_means(X: ArrayLike, k: int, *, seed: int, n_starts: int = 10) -> Clusters:
    """Run `lloyd` from `n_starts` draws of `spread_centres`, and return the run of least cost.

    Parameters
    ----------
    X : array_like, shape (m, n)
        Points.
    k : int
        Number of clusters, at most the number of different points.
    seed : int
        The same seed gives the same clusters.
    n_starts : int
        Number of runs, ≥ 1.

    Returns
    -------
    Clusters
        The run whose last cost is lowest.

    Raises
    ------
    ValueError
        If `n_starts` or `k` is out of range, or X is misshapen or not finite.
    """
    if n_starts < 1:
        raise ValueError(f"n_starts is {n_starts}; expected an integer from 1")
    rng = np.random.default_rng(seed)
    runs = [lloyd(X, spread_centres(X, k, rng=rng)) for _ in range(n_starts)]
    return min(runs, key=lambda run: run.cost)


def _squared_distances(X: Array, centres: Array) -> Array:
    """Return the squared distance of each point to each centre, shape (m, k)."""
    return ((X[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)


def _means(X: Array, labels: Array, squares: Array) -> Array:
    """Return each cluster's mean; empty ones take the points that are worst served, in order."""
    k = squares.shape[1]
    counts = np.bincount(labels, minlength=k)
    sums = np.zeros((k, X.shape[1]))
    np.add.at(sums, labels, X)
    moved = sums / np.maximum(counts, 1)[:, None]
    empty = np.flatnonzero(counts == 0)
    worst = np.argsort(-squares.min(axis=1), kind="stable")
    moved[empty] = X[worst[: len(empty)]]
    return moved


def _points(name: str, value: ArrayLike) -> Array:
    array = np.asarray(value, dtype=np.float64)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; expected 2 non-empty axes: reshape it")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has NaN or infinite entries; remove or repair them")
    return array
