"""The stochastic growth model, solved on a grid of capital in five ways.

A planner has capital k and productivity z, consumes c and leaves k' = y − c, where

    y = z k^α + (1 − δ) k,    u(c) = (c^(1 − γ) − 1)/(1 − γ), or ln c for γ = 1,

and z follows a Markov chain. Values and policies are tables of shape (n, m): a row for each of the
n points of the capital grid, a column for each of the m states of z. All numbers are float64.

`value_iteration` and `policy_iteration` choose k' among the points of the grid, and so does
`q_learning`, which sees only rewards and successors. `time_iteration_step` and
`endogenous_grid_step` solve the Euler equation for consumption at the points of the grid and
interpolate linearly between them. `Growth.closed_form` is Brock and Mirman's case γ = δ = 1.

Sources: W. Brock and L. Mirman, Journal of Economic Theory 4 (1972), 479-513; R. Howard, Dynamic
Programming and Markov Processes (1960), chapter 4; W. Coleman, Journal of Business & Economic
Statistics 8 (1990), 27-29; C. Carroll, Economics Letters 91 (2006), 312-320; C. Watkins and
P. Dayan, Machine Learning 8 (1992), 279-292.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Growth:
    """A growth model.

    Parameters
    ----------
    alpha : float
        Capital's share, between 0 and 1.
    beta : float
        Discount factor, between 0 and 1.
    delta : float
        Depreciation, above 0 and at most 1.
    gamma : float
        Relative risk aversion, above 0; 1 means log utility.
    z : array_like, shape (m,)
        Levels of productivity, above 0.
    transition : array_like, shape (m, m)
        Probability of z[j] after z[i], in row i and column j.

    Raises
    ------
    ValueError
        If a number is out of range, or the transition does not fit z or is no probability.
    """

    alpha: float
    beta: float
    delta: float = 1.0
    gamma: float = 1.0
    z: Array = field(default_factory=lambda: np.ones(1))
    transition: Array = field(default_factory=lambda: np.ones((1, 1)))

    def __post_init__(self) -> None:
        z, transition = (np.array(one, dtype=np.float64) for one in (self.z, self.transition))
        for name in ("alpha", "beta"):
            inside = 0 < getattr(self, name) < 1
            _require(inside, f"{name} is {getattr(self, name)}; expected a number between 0 and 1")
        _require(0 < self.delta <= 1, f"delta is {self.delta}; expected a number in (0, 1]")
        _require(self.gamma > 0, f"gamma is {self.gamma}; expected a number above 0")
        _require(z.ndim == 1 and bool(np.all(z > 0)), "z must be a vector of numbers above 0")
        _require(
            transition.shape == (z.size, z.size),
            f"transition has shape {transition.shape}; expected {(z.size, z.size)}, for each z",
        )
        proper = np.all(transition >= 0) and np.allclose(transition.sum(axis=1), 1)
        _require(bool(proper), "each row of transition must be probabilities that sum to 1")
        object.__setattr__(self, "z", z)
        object.__setattr__(self, "transition", transition)

    def resources(self, k: ArrayLike) -> Array:
        """Return output and what is left of the capital.

        Parameters
        ----------
        k : array_like, shape (n,)
            Capital.

        Returns
        -------
        ndarray, shape (n, m)
            y = z k^α + (1 − δ) k for each k and each level of productivity.
        """
        k = np.asarray(k, dtype=np.float64)[:, None]
        return self.z * k**self.alpha + (1 - self.delta) * k

    def gross_return(self, k: ArrayLike) -> Array:
        """Return what one more unit of capital gives next period.

        Parameters
        ----------
        k : array_like, shape (...)
            Capital.

        Returns
        -------
        ndarray, shape (..., m)
            ∂y/∂k = α z k^(α − 1) + 1 − δ.
        """
        k = np.asarray(k, dtype=np.float64)[..., None]
        return self.alpha * self.z * k ** (self.alpha - 1) + 1 - self.delta

    def utility(self, c: ArrayLike) -> Array:
        """Return the utility of consumption.

        Parameters
        ----------
        c : array_like
            Consumption, above 0.

        Returns
        -------
        ndarray
            u(c), of the shape of `c`.
        """
        c = np.asarray(c, dtype=np.float64)
        if self.gamma == 1:
            return np.log(c)
        return (c ** (1 - self.gamma) - 1) / (1 - self.gamma)

    def steady_state(self) -> float:
        """Return the capital that stays what it is if z = 1 for ever.

        Returns
        -------
        float
            The k at which 1 = β ∂y/∂k.
        """
        user_cost = 1 / self.beta - 1 + self.delta
        return float((self.alpha / user_cost) ** (1 / (1 - self.alpha)))

    def closed_form(self, k: ArrayLike) -> tuple[Array, Array]:
        """Return the solution of Brock and Mirman.

        Consumption is (1 − αβ) y, and V = a(z) + α/(1 − αβ) ln k.

        Parameters
        ----------
        k : array_like, shape (n,)
            Capital.

        Returns
        -------
        tuple of ndarray, each of shape (n, m)
            Values and consumption.

        Raises
        ------
        ValueError
            Unless γ = δ = 1.
        """
        brock_mirman = self.gamma == 1 and self.delta == 1
        _require(brock_mirman, "the closed form holds for gamma = delta = 1 only")
        saved = self.alpha * self.beta
        slope = self.alpha / (1 - saved)
        reward = np.log((1 - saved) * self.z) + self.beta * slope * np.log(saved * self.z)
        level = np.linalg.solve(np.eye(self.z.size) - self.beta * self.transition, reward)
        k = np.asarray(k, dtype=np.float64)
        return level + slope * np.log(k)[:, None], (1 - saved) * self.resources(k)


@dataclass(frozen=True, eq=False)
class Solution:
    """The last table of an iteration, its policy, and how far each step moved the table.

    `values` has shape (n, m). `policy` has it as well: on a grid, the index of the k' chosen.
    `distances[t]` is the largest change in step t + 1.
    """

    values: Array
    policy: Array
    distances: Array


def rewards(model: Growth, grid: Array) -> Array:
    """Return the utility of every choice in every state.

    Parameters
    ----------
    model : Growth
        Its parameters.
    grid : ndarray, shape (n,)
        Points of capital, increasing.

    Returns
    -------
    ndarray, shape (n, m, n)
        u(y − k') for each k, z and k' on the grid; −∞ where y ≤ k'.

    Raises
    ------
    ValueError
        If at some point of the grid no k' is affordable.
    """
    consumption = model.resources(grid)[:, :, None] - grid
    feasible = consumption > 0
    _require(bool(feasible.any(axis=2).all()), "at some point of the grid no k' is affordable")
    return np.where(feasible, model.utility(np.where(feasible, consumption, 1.0)), -np.inf)


def bellman(model: Growth, reward: Array, values: Array) -> tuple[Array, Array]:
    """Apply Bellman's operator.

    Parameters
    ----------
    model : Growth
        Its parameters.
    reward : ndarray, shape (n, m, n)
        As from `rewards`.
    values : ndarray, shape (n, m)
        V of the next period.

    Returns
    -------
    tuple of ndarray, each of shape (n, m)
        The maximum over k' of u + β E[V(k', z')], and the index of the best k'.
    """
    expected = model.transition @ values.T  # [i, l]: at z[i], for the k' with index l
    q = reward + model.beta * expected
    return q.max(axis=2), q.argmax(axis=2)


def evaluate(model: Growth, reward: Array, policy: Array) -> Array:
    """Return the value of a policy that is kept for ever.

    It solves V = u + β Q V, a linear system of n·m equations, where row (k, z) of Q has the
    probabilities of z' at the columns (k', z').

    Parameters
    ----------
    model : Growth
        Its parameters.
    reward : ndarray, shape (n, m, n)
        As from `rewards`.
    policy : ndarray, shape (n, m)
        For each state the index of the k' chosen.

    Returns
    -------
    ndarray, shape (n, m)
        V.
    """
    n, m = policy.shape
    states = np.arange(n * m).reshape(n, m)
    matrix = np.eye(n * m)
    for i in range(m):
        for j in range(m):
            matrix[states[:, i], states[policy[:, i], j]] -= model.beta * model.transition[i, j]
    earned = np.take_along_axis(reward, policy[:, :, None], axis=2)
    return np.linalg.solve(matrix, earned.ravel()).reshape(n, m)


def value_iteration(
    model: Growth, grid: Array, *, tolerance: float = 1e-8, most: int = 10_000
) -> Solution:
    """Apply Bellman's operator to V = 0 until V moves by at most `tolerance`.

    The table is then within β/(1 − β) times the last distance of the fixed point.

    Parameters
    ----------
    model : Growth
        Its parameters.
    grid : ndarray, shape (n,)
        Points of capital, increasing.
    tolerance : float
        Largest change of V in the last step.
    most : int
        Largest number of steps.

    Returns
    -------
    Solution
        V and the best policy for it.

    Raises
    ------
    RuntimeError
        If `most` steps do not suffice.
    """
    reward = rewards(model, grid)
    found = iterate(
        lambda values: bellman(model, reward, values)[0],
        np.zeros((len(grid), model.z.size)),
        tolerance=tolerance,
        most=most,
    )
    return Solution(found.values, bellman(model, reward, found.values)[1], found.distances)


def policy_iteration(model: Growth, grid: Array, *, most: int = 100) -> Solution:
    """Evaluate a policy exactly, improve it, and stop when it does not change (Howard).

    Parameters
    ----------
    model : Growth
        Its parameters.
    grid : ndarray, shape (n,)
        Points of capital, increasing.
    most : int
        Largest number of improvements.

    Returns
    -------
    Solution
        The policy that cannot be improved, and its value.

    Raises
    ------
    RuntimeError
        If `most` steps do not suffice.
    """
    reward = rewards(model, grid)
    policy = reward.argmax(axis=2)  # eat as much as the grid allows
    values = evaluate(model, reward, policy)
    distances = []
    for _ in range(most):
        target, better = bellman(model, reward, values)
        distances.append(np.abs(target - values).max())
        current = np.take_along_axis(
            reward + model.beta * (model.transition @ values.T), policy[:, :, None], axis=2
        )[:, :, 0]
        better = np.where(target > current + 1e-12 * np.abs(target), better, policy)  # keep ties
        if np.array_equal(better, policy):
            return Solution(values, policy, np.array(distances))
        policy = better
        values = evaluate(model, reward, policy)
    raise RuntimeError(f"the policy still changes after {most} steps; raise `most`")


def iterate(
    step: Callable[[Array], Array], start: Array, *, tolerance: float = 1e-8, most: int = 10_000
) -> Solution:
    """Apply `step` to `start` until the table moves by at most `tolerance`.

    Parameters
    ----------
    step : callable
        Takes a table and returns the next one, of the same shape.
    start : ndarray
        First table.
    tolerance : float
        Largest change in the last step.
    most : int
        Largest number of steps.

    Returns
    -------
    Solution
        Its values and its policy are both the last table.

    Raises
    ------
    RuntimeError
        If `most` steps do not suffice.
    """
    table = np.array(start, dtype=np.float64)
    distances: list[float] = []
    for _ in range(most):
        before, table = table, step(table)
        distances.append(float(np.abs(table - before).max()))
        if distances[-1] <= tolerance:
            return Solution(table, table, np.array(distances))
    raise RuntimeError(f"after {most} steps the last distance is {distances[-1]:.2g}; raise `most`")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
