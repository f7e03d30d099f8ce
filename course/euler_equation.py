"""The Euler equation of the growth model: two ways to solve it, and the error of a policy.

    u'(c) = β E[u'(c') (α z' k'^(α − 1) + 1 − δ)],    k' = y − c,    u'(c) = c^(−γ)

A policy is a table of consumption, shape (n, m), at n points of capital and the m states of the
productivity of a `Growth`. Between the points it is interpolated linearly. Beyond them it is
constant, so let the grid be wide enough that no k' leaves it.
"""

import numpy as np

from course.dynamic_programming import Array, Growth


def wanted_consumption(model: Growth, grid: Array, policy: Array, successor: Array) -> Array:
    """Return the consumption that the Euler equation asks for.

    Parameters
    ----------
    model : Growth
        Its parameters.
    grid : ndarray, shape (n,)
        Points of capital, increasing.
    policy : ndarray, shape (n, m)
        Tomorrow's consumption.
    successor : ndarray, shape (..., m)
        The k' chosen in each of today's states.

    Returns
    -------
    ndarray, shape (..., m)
        Today's c.
    """
    tomorrow = np.stack([np.interp(successor, grid, c) for c in policy.T], axis=-1)
    gain = tomorrow**-model.gamma * model.gross_return(
        successor
    )  # [.., i, j]: z' = z[j] after z[i]
    expected = np.einsum("...ij,ij->...i", gain, model.transition)
    return (model.beta * expected) ** (-1 / model.gamma)


def time_iteration_step(model: Growth, grid: Array, policy: Array) -> Array:
    """Return today's policy if tomorrow's is `policy`: a root for every point of the grid.

    The consumption that the Euler equation asks for falls as c rises, since k' falls. So bisection
    on 0 < c < y cannot miss.

    Parameters
    ----------
    model : Growth
        Its parameters.
    grid : ndarray, shape (n,)
        Points of capital, increasing.
    policy : ndarray, shape (n, m)
        Tomorrow's consumption.

    Returns
    -------
    ndarray, shape (n, m)
        Today's consumption.
    """
    resources = model.resources(grid)
    low, high = np.zeros_like(resources), resources.copy()
    for _ in range(52):  # the bits of a float64
        middle = (low + high) / 2
        wanted = wanted_consumption(model, grid, policy, np.maximum(resources - middle, 1e-300))
        low, high = np.where(wanted > middle, middle, low), np.where(wanted > middle, high, middle)
    return (low + high) / 2


def endogenous_grid_step(model: Growth, grid: Array, policy: Array) -> Array:
    """Return today's policy if tomorrow's is `policy`, without a search (Carroll, 2006).

    For each k' of the grid, the Euler equation gives c at once. The resources that lead there are
    y = c + k', and c(y) is then read off at the resources of the grid. Nobody eats without
    resources: (0, 0) is a point of c(y).

    Parameters
    ----------
    model : Growth
        Its parameters.
    grid : ndarray, shape (n,)
        Points of capital, increasing.
    policy : ndarray, shape (n, m)
        Tomorrow's consumption.

    Returns
    -------
    ndarray, shape (n, m)
        Today's consumption.
    """
    successor = np.repeat(grid[:, None], model.z.size, axis=1)
    consumption = wanted_consumption(model, grid, policy, successor)
    resources = model.resources(grid)
    columns = []
    for now, c in zip(resources.T, consumption.T, strict=True):
        columns.append(np.interp(now, np.append(0.0, c + grid), np.append(0.0, c)))
    return np.stack(columns, axis=1)


def euler_errors(model: Growth, grid: Array, policy: Array, k: Array) -> Array:
    """Return the error of a policy as a share of consumption (Judd, 1992).

    +0.01 means that of each 100 USD spent, 1 USD was too much.

    Parameters
    ----------
    model : Growth
        Its parameters.
    grid : ndarray, shape (n,)
        Points of capital, increasing.
    policy : ndarray, shape (n, m)
        Consumption.
    k : ndarray, shape (l,)
        Capital at which to look.

    Returns
    -------
    ndarray, shape (l, m)
        1 − wanted c/c.
    """
    consumption = np.stack([np.interp(k, grid, c) for c in policy.T], axis=-1)
    successor = model.resources(k) - consumption
    return 1 - wanted_consumption(model, grid, policy, successor) / consumption
